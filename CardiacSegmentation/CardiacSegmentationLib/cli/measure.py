"""``cardiacseg measure``: from images and a label map made anywhere to the numbers."""

from __future__ import annotations

import argparse
import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.cli.facts import (
    add_papillary_argument,
    add_patient_arguments,
    add_reacquired_argument,
    add_stack_argument,
    positive,
)
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.locks import locked
from CardiacSegmentationLib.segmentation import Conventions, KeyPhases, Label, Papillary, Segmentation

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import CineStack
    from CardiacSegmentationLib.ventricular import VentricularFunction

AS_DRAWN = "every labelled slice counts, as drawn"
ADVICE = "Add --force to replace them, or name another folder."
BSA_FORMULAS = ("Mosteller", "DuBois", "Haycock")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``cardiacseg measure``."""
    parser.add_argument("image", type=Path, help="DICOM folder or archive, NIfTI or NRRD file")
    parser.add_argument("labels", type=Path, nargs="+", help="label map (NIfTI or NRRD) on the grid of the images")
    add_stack_argument(parser)
    add_reacquired_argument(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="write measurements.json and the CSV tables here")
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
    add_papillary_argument(parser)
    parser.add_argument("--basal-rule", action="store_true", help="leave out slices less than half in myocardium")
    parser.add_argument("--bsa", choices=BSA_FORMULAS, default="Mosteller", help="formula for body surface area")
    parser.add_argument("--ed", type=_from_one, metavar="N", help="phase of end-diastole, counted from 1")
    parser.add_argument("--es", type=_from_one, metavar="N", help="phase of end-systole")
    parser.add_argument("--rv-ed", type=_from_one, metavar="N", help="the RV's end-diastole, where it is another phase")
    parser.add_argument("--rv-es", type=_from_one, metavar="N", help="the RV's end-systole, where it is another phase")
    parser.add_argument("--heart-rate", type=positive, metavar="BPM", help="instead of that of the images")
    add_patient_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Measure, print, and write where asked."""
    with contextlib.nullcontext() if options.out is None else locked(options.out):
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    from CardiacSegmentationLib.cine import read_study
    from CardiacSegmentationLib.export.summary import format_summary
    from CardiacSegmentationLib.export.tables import FILES, measurements_as_dict, write_tables
    from CardiacSegmentationLib.function import measure
    from CardiacSegmentationLib.pipeline.existing import remove_run, require_room
    from CardiacSegmentationLib.pipeline.options import Existing

    if options.out is not None:
        require_room(options.out, list(FILES), Existing.REPLACE if options.force else Existing.STOP, ADVICE)
    stack = read_study(options.image, stack=options.stack, reacquired=options.reacquired)
    stack = _with_facts(stack, options)
    function = measure(stack, _read_segmentation(stack, options))
    if options.out is not None:
        remove_run(options.out, but=options.labels)  # its other files would tell other numbers
        write_tables(function, options.out)
    if options.json:
        print(json.dumps(measurements_as_dict(function), indent=2, ensure_ascii=False))
    else:
        print(_headline(stack, function), format_summary(function), sep="\n\n")
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


def _with_facts(stack: CineStack, options: argparse.Namespace) -> CineStack:
    """What the user says about patient and heart rate, in place of what the images say."""
    said = {
        "sex": options.sex,
        "age_years": options.age,
        "height_cm": options.height,
        "weight_kg": options.weight,
    }
    patient = replace(stack.patient, **{name: value for name, value in said.items() if value is not None})
    stack = replace(stack, patient=patient)
    return _at_heart_rate(stack, options.heart_rate) if options.heart_rate else stack


def _at_heart_rate(stack: CineStack, beats_per_min: float) -> CineStack:
    """The same phases at a heart rate the user knows; times the importer had to invent are spread over the beat."""
    rr_ms = 60_000.0 / beats_per_min
    has_times = all(finding.code != "times-unknown" for finding in stack.findings)
    return replace(
        stack,
        rr_ms=rr_ms,
        times_ms=stack.times_ms if has_times else tuple(np.arange(stack.phases) * rr_ms / stack.phases),
        findings=tuple(finding for finding in stack.findings if finding.code != "rr-assumed"),
    )


def _read_segmentation(stack: CineStack, options: argparse.Namespace) -> Segmentation:
    from CardiacSegmentationLib.function import propose_included

    labels, labelled = _read_labels(stack, options)
    conventions = Conventions(Papillary(options.papillary), options.bsa)
    fixed = KeyPhases(
        lv_ed=options.ed,
        lv_es=options.es,
        rv_ed=options.ed if options.rv_ed is None else options.rv_ed,
        rv_es=options.es if options.rv_es is None else options.rv_es,
    )
    segmentation = Segmentation.of(labels, labelled=labelled, key_phases=fixed, conventions=conventions)
    if not options.basal_rule:
        return replace(segmentation, conventions=replace(conventions, basal_rule=AS_DRAWN))
    included, findings = propose_included(segmentation, *stack.spacing_mm[1:])
    return replace(segmentation, included=included, findings=findings)


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


def _headline(stack: CineStack, function: VentricularFunction) -> str:
    title = f"{stack.title}: " if stack.title else ""
    labelled = int(np.isfinite(function.volumes_ml).any(axis=0).sum())
    return f"{title}{stack.slices} slices × {stack.phases} phases, {labelled} labelled"


def _from_one(text: str) -> int:
    """A phase as the user counts it, from 1, to the program's, from 0."""
    if not text.isdigit() or int(text) < 1:
        msg = f"{text} is no phase; phases are counted from 1"
        raise argparse.ArgumentTypeError(msg)
    return int(text) - 1
