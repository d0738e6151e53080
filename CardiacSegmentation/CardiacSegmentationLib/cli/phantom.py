"""``cardiacseg phantom``: write a beating heart with known volumes as a DICOM study."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cli.arguments import named_path
from CardiacSegmentationLib.errors import PhantomError, UsageError
from CardiacSegmentationLib.phantom import LAYOUTS, PhantomSpec, Truth, write_study
from CardiacSegmentationLib.phantom.layouts import find_layout
from CardiacSegmentationLib.phantom.spec import USUAL_GAP_MM
from CardiacSegmentationLib.phantom.truth import LABELS_FILE, TRUTH_FILE

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT = PhantomSpec()

# Option, its field in the spec, its unit, and what it is.
NUMBERS: tuple[tuple[str, str, str, str], ...] = (
    ("--lv-edv", "lv_edv_ml", "ML", "LV end-diastolic volume"),
    ("--lv-ef", "lv_ef_percent", "%", "LV ejection fraction"),
    ("--rv-edv", "rv_edv_ml", "ML", "RV end-diastolic volume"),
    ("--rv-ef", "rv_ef_percent", "%", "RV ejection fraction"),
    ("--lv-mass", "lv_mass_g", "G", "LV mass"),
    ("--hr", "heart_rate_bpm", "BPM", "heart rate"),
    ("--slices", "slices", "N", "short-axis slices"),
    ("--phases", "phases", "N", "heart phases"),
    ("--thickness", "thickness_mm", "MM", "slice thickness"),
    ("--gap", "gap_mm", "MM", "gap between slices"),
    ("--pixel", "pixel_mm", "MM", "pixel size"),
    ("--noise", "noise_percent", "%", "noise, in percent of the blood's signal"),
    ("--seed", "seed", "N", "seed of the noise and of all UIDs"),
    ("--age", "age_years", "YEARS", "age"),
    ("--height", "height_cm", "CM", "height"),
    ("--weight", "weight_kg", "KG", "weight"),
)
DEFAULTS_IN_WORDS = {
    "lv_mass_g": "that of a healthy heart of this size",
    "pixel_mm": "1.4, finer for a small patient",
    "gap_mm": f"{USUAL_GAP_MM:g}, wider where the slices would not cover the heart",
}
COUNTS = {field.name for field in fields(PhantomSpec) if field.type == "int"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``cardiacseg phantom``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    layouts = "\n".join(f"  {name:<10} {entry.title}" for name, entry in LAYOUTS.items())
    parser.epilog = f"layouts:\n{layouts}\n\nThe truth is written beside the images: {TRUTH_FILE} and {LABELS_FILE}."
    parser.add_argument("folder", type=named_path, metavar="OUT", help="folder to write; it must be new or empty")
    parser.add_argument("--layout", default=DEFAULT.layout, metavar="NAME", help=f"see below ({DEFAULT.layout})")
    for option, name, unit, meaning in NUMBERS:
        usual = DEFAULTS_IN_WORDS.get(name) or f"{getattr(DEFAULT, name):g}"
        parser.add_argument(
            option,
            dest=name,
            type=int if name in COUNTS else float,
            default=getattr(DEFAULT, name),
            metavar=unit.replace("%", "PERCENT"),
            help=f"{meaning} ({usual.replace('%', '%%')})",
        )
    parser.add_argument("--sex", choices=("M", "F", "O"), default=DEFAULT.sex, help=f"sex ({DEFAULT.sex})")
    parser.add_argument("--force", action="store_true", help="replace the phantom that is in the folder")


def run(options: argparse.Namespace) -> int:
    """Write the study, and print what is true of it."""
    try:
        spec = PhantomSpec(**{field.name: getattr(options, field.name) for field in fields(PhantomSpec)})
        find_layout(spec.layout)
    except PhantomError as error:
        raise UsageError(str(error)) from error
    truth = write_study(options.folder, spec, force=options.force)
    print(describe(options.folder, truth))
    return 0


def describe(folder: Path, truth: Truth) -> str:
    """What was written, and its truth as a small table."""
    spec = truth.spec
    gap_mm = truth.spacing_mm - spec.thickness_mm
    rows = [
        ("", "LV", "RV", ""),
        ("EDV", f"{truth.lv.edv_ml:.1f}", f"{truth.rv.edv_ml:.1f}", "ml"),
        ("ESV", f"{truth.lv.esv_ml:.1f}", f"{truth.rv.esv_ml:.1f}", "ml"),
        ("SV", f"{truth.lv.sv_ml:.1f}", f"{truth.rv.sv_ml:.1f}", "ml"),
        ("EF", f"{truth.lv.ef_percent:.1f}", f"{truth.rv.ef_percent:.1f}", "%"),
        ("CO", f"{truth.lv.co_l_min:.2f}", f"{truth.rv.co_l_min:.2f}", "l/min"),
        ("Mass", f"{truth.mass_g:.1f}", "", "g"),
    ]
    table = "\n".join(f"  {name:<5}{lv:>8}{rv:>8}  {unit}".rstrip() for name, lv, rv, unit in rows)
    return (
        f"Wrote {folder} ({spec.layout}: {LAYOUTS[spec.layout].title})\n"
        f"  {spec.slices} slices of {spec.thickness_mm:g} mm with gaps of {gap_mm:g} mm, {spec.phases} phases, "
        f"R-R {spec.rr_ms:.0f} ms, ED phase {truth.ed_phase + 1}, ES phase {truth.es_phase + 1}\n"
        f"{table}\n"
        f"Truth: {folder / TRUTH_FILE}, {folder / LABELS_FILE}"
    )
