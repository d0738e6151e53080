"""``cardiacseg info``: the cine stacks of a study, in words or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cli.arguments import STUDY_HELP, add_choices, named_path
from CardiacSegmentationLib.errors import StudyError

if TYPE_CHECKING:
    import argparse

    from CardiacSegmentationLib.cine import Candidate, Excluded, FoundStudy
    from CardiacSegmentationLib.findings import Finding

_MARKS = {"info": "·", "warning": "!", "error": "✗"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``cardiacseg info``."""
    parser.add_argument("study", type=named_path, metavar="STUDY", help=STUDY_HELP)
    parser.add_argument("--json", action="store_true", help="everything as JSON on standard output")
    add_choices(parser, ["reacquired"])


def run(options: argparse.Namespace) -> int:
    """Print what a study holds; exit code 1 where nothing in it can be segmented."""
    from CardiacSegmentationLib.cine import describe_study, find_stacks
    from CardiacSegmentationLib.cine.read import why_none_chosen

    study = find_stacks(options.study, reacquired=options.reacquired or "last")
    if options.json:
        print(json.dumps(describe_study(study), indent=2))
    else:
        print("\n".join(_lines(study)))
    if study.chosen is None:
        raise StudyError(why_none_chosen(study))
    return 0


def _lines(study: FoundStudy) -> list[str]:
    lines = [str(study.path), "", *_table(study)]
    if study.chosen is not None:
        lines += ["", f"Stack {study.chosen} would be segmented: {study.reason}."]
    for index, one in enumerate(study.stacks):
        if one.findings:
            lines += ["", f"Stack {index}, {one.description}:", *_sentences(one.findings)]
    if study.findings:
        lines += ["", "The study:", *_sentences(study.findings)]
    if study.left_out:
        lines += ["", "Left out:", *(_left_out(group) for group in study.left_out)]
    return lines


def _table(study: FoundStudy) -> list[str]:
    head = ("", "stack", "series", "slices", "phases", "pixels", "spacing mm", "R-R ms", "view", "complete")
    rows = [head, *(_row(index, one, index == study.chosen) for index, one in enumerate(study.stacks))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(index: int, one: Candidate, chosen: bool) -> tuple[str, ...]:
    view = "short axis" if one.is_short_axis else "other"
    return (
        "→" if chosen else " ",
        str(index),
        one.description[:32],
        str(one.slices),
        str(one.phases),
        f"{one.columns} × {one.rows}",
        " × ".join(f"{value:.2f}" for value in one.spacing_mm),
        "?" if one.rr_ms is None else f"{one.rr_ms:.0f}",
        view if one.kind == "cine" else f"{view}, {one.kind}",
        "yes" if one.complete else "no",
    )


def _sentences(findings: tuple[Finding, ...]) -> list[str]:
    return [f"  {_MARKS[finding.severity.value]} {finding.message}" for finding in findings]


def _left_out(group: Excluded) -> str:
    what = "folder" if group.files and group.files[0].is_dir() else "file"
    count = f"{len(group.files)} {what if len(group.files) == 1 else f'{what}s'}"
    example = group.files[0].name if group.files else ""
    series = f" of {group.description}" if group.description else ""
    return f"  {count}{series} ({example}{', …' if len(group.files) > 1 else ''}): {group.why()}"
