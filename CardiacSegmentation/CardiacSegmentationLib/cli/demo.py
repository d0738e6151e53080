"""``cardiacseg demo``: the whole way, on a phantom whose numbers are known, or on a study of your own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cli.arguments import named_path
from CardiacSegmentationLib.cli.progress import cancelled_by_signals, choose_report
from CardiacSegmentationLib.cli.run_arguments import add_run_arguments, options_of, with_helper
from CardiacSegmentationLib.pipeline import Existing, Results, segment_study

if TYPE_CHECKING:
    import argparse

    from CardiacSegmentationLib.phantom import Truth
    from CardiacSegmentationLib.pipeline import Options

DEFAULT_OUT = Path("out", "demo")
STUDY, RESULTS = "study", "results"
SHOWN = (
    ("LV EF", "lv_ef_percent", "lv", "ef_percent", "%"),
    ("LV EDV", "lv_edv_ml", "lv", "edv_ml", "ml"),
    ("LV ESV", "lv_esv_ml", "lv", "esv_ml", "ml"),
    ("RV EF", "rv_ef_percent", "rv", "ef_percent", "%"),
    ("RV EDV", "rv_edv_ml", "rv", "edv_ml", "ml"),
    ("RV ESV", "rv_esv_ml", "rv", "esv_ml", "ml"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``cardiacseg demo``."""
    parser.add_argument(
        "study", type=named_path, nargs="?", metavar="STUDY", help="a study of your own; without it a phantom is made"
    )
    parser.add_argument("--out", type=named_path, metavar="DIR", help=f"folder for study and results ({DEFAULT_OUT})")
    add_run_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Segment the phantom, or the user's study, and say where everything is."""
    from CardiacSegmentationLib.network.bundle import load_bundle

    options = with_helper(options_of(arguments))
    load_bundle(options.model)  # without a network there is nothing to demonstrate: say so before anything is written
    if arguments.study is not None:
        out = arguments.out or DEFAULT_OUT.parent / _name_of(arguments.study)
        results = _segment(arguments.study, out, options)
        _print_numbers(results)
    else:
        out = (arguments.out or DEFAULT_OUT) / RESULTS
        truth = _write_phantom(out.parent / STUDY)
        results = _segment(out.parent / STUDY, out, replace(options, existing=Existing.REPLACE))
        _print_against_truth(results, truth)
    _print_files(results, out)
    return 0


def _write_phantom(folder: Path) -> Truth:
    from CardiacSegmentationLib.phantom import PhantomSpec, write_study

    print(f"Writing a phantom study, a beating heart with known volumes, to {folder}", flush=True)
    return write_study(folder, PhantomSpec(), force=True)


def _segment(study: Path, out: Path, options: Options) -> Results:
    print(f"Segmenting {study}", flush=True)
    with cancelled_by_signals() as is_cancelled:
        return segment_study(
            study,
            out,
            options,
            report=choose_report(as_json=False),
            is_cancelled=is_cancelled,
        )


def _print_against_truth(results: Results, truth: Truth) -> None:
    print(f"\n{'':8}{'found':>9}{'truth':>9}{'':>6}{'difference':>12}")
    for title, key, side, name, unit in SHOWN:
        found, true = results.summary[key], getattr(getattr(truth, side), name)
        if found is None:
            print(f"{title:8}{'–':>9}{true:9.1f}  {unit:4}")
        else:
            print(f"{title:8}{found:9.1f}{true:9.1f}  {unit:4}{found - true:+12.1f}")
    print()


def _print_numbers(results: Results) -> None:
    from CardiacSegmentationLib.export.summary import format_summary

    if results.assessment is not None:
        print(f"\n{format_summary(results.assessment)}\n")


def _print_files(results: Results, out: Path) -> None:
    by_name = {path.name: path for path in results.files}
    print(f"Results: {out}")
    print(f"Report:  {by_name.get('report.pdf', 'not written')}")
    print(f"Scene:   {by_name.get('scene.mrb', 'not written: it needs the package slicer-core')}")
    print("Not a medical device. For research; not for diagnosis or treatment.")


def _name_of(study: Path) -> str:
    from CardiacSegmentationLib.pipeline.plan import stem_of

    return stem_of(study.absolute()) or "study"
