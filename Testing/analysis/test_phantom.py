"""The phantom's numbers, which are asked for and therefore known, come out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.cine import read_labels, read_study
from CardiacSegmentationLib.phantom import LAYOUTS, PhantomSpec, make_stack, write_study
from CardiacSegmentationLib.reading import Conventions, Reading
from CardiacSegmentationLib.segmentation import Label, Papillary, Segmentation

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.stack import CineStack

SPECS = {
    "as it comes": PhantomSpec(),
    "a failing heart": PhantomSpec(
        lv_edv_ml=260, lv_ef_percent=20, rv_edv_ml=190, rv_ef_percent=25, slices=14, phases=10
    ),
    "a child": PhantomSpec(
        lv_edv_ml=60, rv_edv_ml=65, lv_ef_percent=65, thickness_mm=6, gap_mm=0, pixel_mm=1.1, slices=14, phases=10
    ),
    "coarse pixels": PhantomSpec(pixel_mm=2.0, phases=20),
    "thick slices with a wide gap": PhantomSpec(thickness_mm=8, gap_mm=4, slices=11, phases=12),
    "a strong wall": PhantomSpec(lv_edv_ml=110, lv_ef_percent=72, lv_mass_g=230, phases=30, heart_rate_bpm=85),
    "a large RV": PhantomSpec(rv_edv_ml=280, rv_ef_percent=35, phases=12),
}


def assert_asked_numbers(assessment: Assessment, spec: PhantomSpec) -> None:
    for part, edv, ef in (
        (assessment.lv, spec.lv_edv_ml, spec.lv_ef_percent),
        (assessment.rv, spec.rv_edv_ml, spec.rv_ef_percent),
    ):
        assert part["edv_ml"].value == pytest.approx(edv, rel=0.01)
        assert part["esv_ml"].value == pytest.approx(edv * (1 - ef / 100), rel=0.01)
        assert part["ef_percent"].value == pytest.approx(ef, abs=0.5)
    assert assessment.lv["mass_g"].value == pytest.approx(spec.mass_g, rel=0.01)
    assert assessment.heart["heart_rate_bpm"].value == pytest.approx(spec.heart_rate_bpm, rel=0.01)


@pytest.mark.parametrize("name", SPECS)
def test_volumes_ef_and_mass_of_many_hearts(name: str) -> None:
    spec = SPECS[name]
    assert_asked_numbers(assess(*make_stack(spec)), spec)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_volumes_ef_and_mass_survive_every_vendors_layout(layout: str, tmp_path: Path) -> None:
    spec = PhantomSpec(layout=layout, phases=8, pixel_mm=2.0, lv_ef_percent=52)
    write_study(tmp_path / "study", spec)
    stack = read_study(tmp_path / "study")
    assessment = assess(stack, Segmentation.of(read_labels(tmp_path / "study" / "labels.nii.gz", stack).labels))
    assert_asked_numbers(assessment, spec)
    assert assessment.slice_spacing_mm == pytest.approx(10.0, abs=0.01)


def test_papillary_muscles_are_found_in_the_images() -> None:
    spec = PhantomSpec(phases=12)
    stack, segmentation = make_stack(spec)
    volume = assess(stack, segmentation)
    mass = assess(stack, segmentation, Reading(conventions=Conventions(papillary=Papillary.MASS)))
    truth_ml = 0.06 * spec.mass_g / 1.05  # the phantom's papillary muscles are 6 % of its mass
    for key in ("edv_ml", "esv_ml"):
        assert volume.lv[key].value - mass.lv[key].value == pytest.approx(truth_ml, rel=0.2)
    assert mass.lv["mass_g"].value == pytest.approx(1.06 * spec.mass_g, rel=0.02)


def test_wall_thickness_is_that_of_the_phantom_segment_by_segment() -> None:
    from CardiacSegmentationLib.phantom.heart import beating_heart

    spec = PhantomSpec(phases=12)
    stack, segmentation = make_stack(spec)
    assessment, heart = assess(stack, segmentation), beating_heart(spec)
    depths = np.broadcast_to(heart.slice_depths_mm, (spec.phases, heart.slices))
    cavity, epicardium = heart.cavity.area_mm2(depths), heart.epicardium.area_mm2(depths)
    wall = (np.sqrt(epicardium) - np.sqrt(cavity)) / np.sqrt(np.pi)
    for phase, measured in ((0, "thickness_ed_mm"), (heart.es_phase, "thickness_es_mm")):
        thirds = np.array_split(wall[phase][cavity[phase] > 0], 3)
        found = [getattr(segment, measured) for segment in assessment.segments[:16]]
        levels = (found[:6], found[6:12], found[12:])
        for third, level in zip(thirds, levels, strict=True):
            assert np.mean(level) == pytest.approx(third.mean(), abs=0.9)
            assert max(level) - min(level) < 1.6  # the phantom's wall is even


# LPS: the front is -y, the head +z, the patient's right -x. The septum faces right and front, the lateral wall away.
WALLS = [((0, -1, 1), "anter"), ((0, 1, -1), "infer"), ((-1, -1, 0), "sept"), ((1, 1, 0), "lateral")]


@pytest.mark.parametrize(("direction", "name"), WALLS)
def test_a_wall_thickened_towards_one_side_of_the_patient_is_the_segment_of_that_side(
    direction: tuple[int, int, int], name: str
) -> None:
    stack, segmentation = make_stack(PhantomSpec(phases=2))
    before = assess(stack, segmentation).segments
    after = assess(stack, Segmentation.of(_thicken(stack, segmentation, np.array(direction, float)))).segments
    growth = {
        new.name: new.thickness_ed_mm - old.thickness_ed_mm for new, old in zip(after[6:12], before[6:12], strict=True)
    }
    assert name in max(growth, key=lambda key: growth[key])


def _thicken(stack: CineStack, segmentation: Segmentation, direction: np.ndarray) -> np.ndarray:
    """The wall grows both ways within 25° of a direction, seen from the cavity's middle."""
    labels = segmentation.labels.copy()
    in_plane = (stack.affine[:3, :2] / np.linalg.norm(stack.affine[:3, :2], axis=0)).T
    across, down = in_plane @ direction
    y0, x0 = np.mgrid[: labels.shape[2], : labels.shape[3]]
    for ring in labels[0]:
        rows, columns = np.nonzero(ring == Label.LV)
        if not rows.size:
            continue
        y, x = y0 - rows.mean(), x0 - columns.mean()
        angle = np.arccos((x * across + y * down) / np.hypot(across, down) / np.maximum(np.hypot(x, y), 1e-6))
        reach = np.sqrt((ring >= Label.MYO).sum() / np.pi) + 3
        inward = (ring == Label.LV) & (np.hypot(x, y) > np.sqrt(rows.size / np.pi) - 3)
        outward = (ring == Label.BACKGROUND) & (np.hypot(x, y) < reach)
        ring[(angle < np.radians(25)) & (inward | outward)] = Label.MYO
    return labels
