"""Draws docs/images/phantom.png and phantom_curve.png, and prints the tables of docs/phantom.md.

Run it with ``.venv/bin/python Testing/phantom/figure.py`` after a change to the phantom.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib as mpl
import numpy as np
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack, write_study
from CardiacSegmentationLib.phantom.geometry import short_axis_views
from CardiacSegmentationLib.phantom.heart import LV_BULGE, Solid, beating_heart
from CardiacSegmentationLib.phantom.rendering import render_study
from CardiacSegmentationLib.phantom.truth import find_truth
from CardiacSegmentationLib.segmentation import Label

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
HEARTS = {
    "default": {},
    "child, 40 ml": {"lv_edv_ml": 40, "rv_edv_ml": 42},
    "dilated, 350 ml, EF 20 %": {
        "lv_edv_ml": 350,
        "lv_ef_percent": 20,
        "rv_edv_ml": 220,
        "rv_ef_percent": 30,
        "slices": 14,
    },
    "no gap": {"gap_mm": 0, "slices": 14},
    "gap 8 mm": {"gap_mm": 8, "slices": 8},
    "6 slices": {"slices": 6},
    "5 phases": {"phases": 5},
}


def main() -> None:
    mpl.use("Agg")
    IMAGES.mkdir(parents=True, exist_ok=True)
    draw_montage()
    draw_curve()
    print_accuracy()
    print_ends()
    if "--time" in sys.argv:
        print_time()


def draw_montage() -> None:
    import matplotlib.pyplot as plt

    spec = PhantomSpec(phases=8)
    heart = beating_heart(spec)
    study = {series.name: series for series in render_study(spec, heart)}
    figure = plt.figure(figsize=(15, 12.5), facecolor="black")
    grid = figure.add_gridspec(5, 6, wspace=0.02, hspace=0.02, left=0, right=1, top=1, bottom=0)
    planes = range(heart.slices)
    for row, (phase, name) in enumerate([(0, "ED"), (heart.es_phase, "ES")]):
        for plane in planes:
            cell = grid[2 * row + plane // 6, plane % 6]
            _show(figure.add_subplot(cell), study["sax"].pixels[phase, plane], f"{name} {plane + 1}")
    for column, (phase, name) in enumerate([(0, "ED"), (heart.es_phase, "ES")]):
        for view, title in (("2ch", "2 chambers"), ("3ch", "3 chambers"), ("4ch", "4 chambers")):
            cell = grid[4, 3 * column + ("2ch", "3ch", "4ch").index(view)]
            _show(figure.add_subplot(cell), study[view].pixels[phase, 0], f"{name}, {title}")
    figure.savefig(IMAGES / "phantom.png", dpi=72, facecolor="black", metadata={"Software": None})
    plt.close(figure)


def _show(axes, pixels, title: str) -> None:
    axes.imshow(pixels[24:-24, 24:-24], cmap="gray", vmin=0, vmax=1250, interpolation="bilinear")
    axes.text(4, 12, title, color="white", fontsize=11, va="center")
    axes.axis("off")


def draw_curve() -> None:
    import matplotlib.pyplot as plt

    spec = PhantomSpec(phases=50)
    heart = beating_heart(spec)
    truth = find_truth(spec, heart, short_axis_views(spec, heart))
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for name, title, colour in (("lv", "LV", "tab:red"), ("rv", "RV", "tab:blue"), ("myocardium", "LV muscle", "0.5")):
        axes.plot(truth.times_ms, truth.volumes_ml[name], color=colour, label=title)
        axes.plot(truth.times_ms, truth.simpson_ml[name], ".", color=colour, markersize=4)
    axes.set(xlabel="Time after the R wave (ms)", ylabel="Volume (ml)", ylim=(0, None))
    axes.legend(title="lines: true; dots: Simpson", loc="lower right")
    figure.savefig(IMAGES / "phantom_curve.png", dpi=90, metadata={"Software": None})
    plt.close(figure)


def print_accuracy() -> None:
    print("| Phantom | slices × spacing | LV EDV | LV ESV | LV EF | RV EDV | RV ESV | RV EF | mass |")
    print("|---|---|---|---|---|---|---|---|---|")
    for title, choices in HEARTS.items():
        spec = PhantomSpec(**{"phases": 8, **choices})
        stack, segmentation = make_stack(spec)
        heart = beating_heart(spec)
        voxel_ml = float(np.prod(stack.spacing_mm)) / 1000
        cells = []
        key = [0, heart.es_phase]
        for label, solid in ((Label.LV, heart.cavity), (Label.RV, heart.rv)):
            counted = (segmentation.labels == label).sum(axis=(1, 2, 3))[key] * voxel_ml
            true = solid.volume_mm3[key] / 1000
            cells += [f"{error:+.2f} %" for error in 100 * (counted / true - 1)]
            cells.append(f"{100 * (1 - counted[1] / counted[0]) - 100 * (1 - true[1] / true[0]):+.2f}")
        mass = (segmentation.labels[0] == Label.MYO).sum() * voxel_ml * 1.05
        cells.append(f"{100 * (mass / spec.mass_g - 1):+.2f} %")
        print(f"| {title} | {spec.slices} × {heart.spacing_mm:g} mm | {' | '.join(cells)} |")


def print_ends() -> None:
    """What the sum of true areas misses when the slices are not laid to the heart: from lowest to highest."""
    print("\n| Spacing | EDV | ESV | EDV, the apex alone | one basal slice more at ES: ESV | EF (points) |")
    print("|---|---|---|---|---|---|")
    for spacing in (5, 6, 8, 10, 12, 16):
        heart = beating_heart(PhantomSpec(thickness_mm=spacing, gap_mm=0, slices=24, phases=8))
        key = [0, heart.es_phase]
        true = heart.cavity.volume_mm3[key] / 1000
        sums = np.array([_simpson(heart.cavity, heart.slice_depths_mm + shift)[key] for shift in _shifts(spacing)])
        laid = 100 * (sums / true - 1)
        lengths = heart.cavity.length_mm[0] + _shifts(spacing)
        bodies = Solid(LV_BULGE, 0 * lengths, lengths, 0 * lengths + heart.cavity.volume_mm3[0])
        apex = 100 * (_simpson(bodies, (np.arange(40) + 0.5) * spacing) / true[0] - 1)
        basal = heart.cavity.area_mm2(heart.cavity.base_mm[:, None] + 1e-6)[heart.es_phase, 0] * spacing / 1000
        ranges = " | ".join(f"{errors.min():+.1f} … {errors.max():+.1f} %" for errors in (*laid.T, apex))
        print(f"| {spacing} mm | {ranges} | +{basal:.0f} ml | {-100 * basal / true[0]:.0f} |")


def _shifts(spacing_mm: float) -> np.ndarray:
    return np.linspace(0, spacing_mm, 401)


def _simpson(solid: Solid, depths_mm: np.ndarray) -> np.ndarray:
    depths = np.broadcast_to(depths_mm, (len(solid.base_mm), len(depths_mm)))
    return solid.area_mm2(depths).sum(axis=1) * (depths_mm[1] - depths_mm[0]) / 1000


def print_time() -> None:
    print()
    for layout in ("siemens", "ge", "philips", "enhanced", "rle", "jpeg2000", "jpegls"):
        with TemporaryDirectory() as folder:
            start, cpu = time.perf_counter(), time.process_time()
            write_study(Path(folder) / "out", PhantomSpec(layout=layout))
            print(f"{layout}: {time.perf_counter() - start:.1f} s, {time.process_time() - cpu:.1f} s of CPU")


if __name__ == "__main__":
    main()
