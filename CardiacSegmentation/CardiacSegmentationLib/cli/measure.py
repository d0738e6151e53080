"""``cardiacseg measure``: from images and a label map made anywhere to the numbers."""

from __future__ import annotations

import argparse
import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.choices import CONVENTIONS, PATIENT_FACTS
from CardiacSegmentationLib.cli.arguments import (
    STUDY_HELP,
    add_choices,
    add_reading_argument,
    add_stack_argument,
    chosen,
    named_path,
    positive,
)
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.findings import Finding
from CardiacSegmentationLib.locks import locked
from CardiacSegmentationLib.reading import KeyPhases, Reading
from CardiacSegmentationLib.segmentation import Label, Segmentation

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.stack import CineStack

ADVICE = "Add --force to replace them, or name another folder."
CHOSEN = (*CONVENTIONS, *PATIENT_FACTS)
RR_DOUBTS = ("rr-assumed", "rr-differs")  # about an R-R interval that the user's takes the place of
INVENTED_TIMES = ("times-assumed", "times-unknown")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``cardiacseg measure``."""
    parser.add_argument("images", type=named_path, metavar="IMAGES", help=STUDY_HELP)
    parser.add_argument(
        "labels",
        type=named_path,
        nargs="+",
        metavar="LABELS",
        help="label map (NIfTI or NRRD) on the grid of the images",
    )
    add_stack_argument(parser)
    add_choices(parser, ["reacquired"])
    add_reading_argument(parser)
    parser.add_argument("--out", type=named_path, metavar="DIR", help="write measurements.json and the CSV tables here")
    parser.add_argument("--force", action="store_true", help="replace results that are there")
    parser.add_argument("--json", action="store_true", help="print measurements.json instead of the table")
    parser.add_argument(
        "--codes", type=parse_codes, default=None, metavar="rv=1,myo=2,lv=3",
        help="what the numbers in the label map mean (default: rv=1,myo=2,lv=3, as in ACDC)",
    )  # fmt: skip
    parser.add_argument(
        "--phase", type=_from_one, nargs="+", default=[], metavar="N",
        help="phase each 3D label map belongs to, where the images have several",
    )  # fmt: skip
    add_choices(parser, CHOSEN)
    parser.add_argument("--ed", type=_from_one, metavar="N", help="phase of end-diastole, counted from 1")
    parser.add_argument("--es", type=_from_one, metavar="N", help="phase of end-systole")
    parser.add_argument("--rv-ed", type=_from_one, metavar="N", help="the RV's end-diastole, where it is another phase")
    parser.add_argument("--rv-es", type=_from_one, metavar="N", help="the RV's end-systole, where it is another phase")
    parser.add_argument("--heart-rate", type=positive, metavar="BPM", help="instead of that of the images")


def run(options: argparse.Namespace) -> int:
    """Measure, print, and write where asked."""
    with contextlib.nullcontext() if options.out is None else locked(options.out):
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    from CardiacSegmentationLib.analysis import assess
    from CardiacSegmentationLib.cine import read_study
    from CardiacSegmentationLib.export.summary import format_summary
    from CardiacSegmentationLib.export.tables import FILES, measurements_as_dict, write_tables
    from CardiacSegmentationLib.pipeline.existing import remove_run, require_room
    from CardiacSegmentationLib.pipeline.options import Existing
    from CardiacSegmentationLib.pipeline.record import reading_file

    if options.out is not None:
        require_room(options.out, list(FILES), Existing.REPLACE if options.force else Existing.STOP, ADVICE)
    reading = _read_reading(options)
    stack = read_study(options.images, stack=options.stack, reacquired=options.reacquired or "last")
    if options.heart_rate:
        stack = _at_heart_rate(stack, options.heart_rate)
    labels, labelled = _read_labels(stack, options)
    assessment = assess(stack, Segmentation.of(labels, labelled=labelled), reading)
    if options.out is not None:
        given = options.labels if options.reading is None else [*options.labels, reading_file(options.reading)]
        remove_run(options.out, but=given)  # its other files would tell other numbers
        write_tables(assessment, options.out)
    if options.json:
        print(json.dumps(measurements_as_dict(assessment), indent=2, ensure_ascii=False))
    else:
        print(_headline(stack, assessment), format_summary(assessment), sep="\n\n")
    return 0


def parse_codes(text: str) -> dict[int, Label]:
    """``rv=1,myo=2,lv=3`` → what each number means; a structure may have several numbers: ``lv=3,lv=4``."""
    codes: dict[int, Label] = {0: Label.BACKGROUND}
    for part in text.split(","):
        name, equals, number = part.strip().partition("=")
        if not equals or name.upper() not in Label.__members__ or not number.strip().isdigit():
            msg = f"{part!r} is no code; write for example rv=1,myo=2,lv=3"
            raise argparse.ArgumentTypeError(msg)
        if int(number) in codes and int(number) != 0:
            msg = f"{number} is given two meanings"
            raise argparse.ArgumentTypeError(msg)
        codes[int(number)] = Label[name.upper()]
    return codes


def _at_heart_rate(stack: CineStack, beats_per_min: float) -> CineStack:
    """The same phases at a heart rate the user knows; times the importer had to invent are spread over the beat."""
    from CardiacSegmentationLib.cine.phases import check_interval

    rr_ms = 60_000.0 / beats_per_min
    times_ms = stack.times_ms
    findings = [_with_rr(one, rr_ms) for one in stack.findings if one.code not in (*RR_DOUBTS, *INVENTED_TIMES)]
    if any(finding.code in INVENTED_TIMES for finding in stack.findings):
        times_ms = tuple(np.arange(stack.phases) * rr_ms / stack.phases)
        findings.append(Finding("times-assumed", parameters={"rr_ms": rr_ms}))
    findings += check_interval(times_ms, rr_ms)
    return replace(stack, rr_ms=rr_ms, times_ms=times_ms, findings=tuple(findings))


def _with_rr(finding: Finding, rr_ms: float) -> Finding:
    """A finding about R-R intervals that says which one is used."""
    return (
        replace(finding, parameters={**finding.parameters, "rr_ms": rr_ms}) if finding.code == "rr-varies" else finding
    )


def _read_reading(options: argparse.Namespace) -> Reading:
    """What a person decided before, and what is said on the command line."""
    from CardiacSegmentationLib.pipeline.options import Options
    from CardiacSegmentationLib.pipeline.record import read_reading

    reading = Reading() if options.reading is None else read_reading(options.reading)
    said = KeyPhases(
        lv_ed=options.ed,
        lv_es=options.es,
        rv_ed=options.ed if options.rv_ed is None else options.rv_ed,
        rv_es=options.es if options.rv_es is None else options.rv_es,
    )
    reading = replace(reading, key_phases=said.or_else(reading.key_phases))
    return Options.choose(**chosen(options, CHOSEN)).complete(reading)


def _read_labels(stack: CineStack, options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """One map of the whole study, or several of one phase each."""
    from CardiacSegmentationLib.cine import read_labels

    if len(options.labels) != max(len(options.phase), 1):
        msg = f"{len(options.labels)} label maps and {len(options.phase)} phases: give --phase one number for each map."
        raise LabelError(msg)
    codes = {} if options.codes is None else {"codes": options.codes}
    labels = np.zeros(stack.voxels.shape, np.uint8)
    labelled = np.zeros(stack.phases, bool)
    for path, phase in zip(options.labels, options.phase or [None], strict=True):
        one = read_labels(path, stack, phase=phase, **codes)
        labels[one.labelled] = one.labels[one.labelled]
        labelled |= one.labelled
    return labels, labelled


def _headline(stack: CineStack, assessment: Assessment) -> str:
    title = f"{stack.title}: " if stack.title else ""
    labelled = int(np.isfinite(assessment.volumes_ml).any(axis=0).sum())
    return f"{title}{stack.slices} slices × {stack.phases} phases, {labelled} labelled"


def _from_one(text: str) -> int:
    """A phase as the user counts it, from 1, to the program's, from 0."""
    if not text.isdigit() or int(text) < 1:
        msg = f"{text} is no phase; phases are counted from 1"
        raise argparse.ArgumentTypeError(msg)
    return int(text) - 1
