"""What the importer may make of a spoiled input: refuse it, tell of it, or be none the worse."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.cine import describe_study, find_stacks, read_stack
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Severity

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import CineStack
    from hostile.mutations import Case

ORIGIN_MM = 2.0  # frames of one slice may lie so far apart
REFUSED, TOLD, SAME, PIXELS, SILENT, CRASH = "refused", "told", "same", "pixels differ", "silent", "crash"


@dataclass(frozen=True)
class Verdict:
    """What came out of a case; ``wrong`` is why that must not be."""

    outcome: str
    wrong: str = ""


def judge(case: Case) -> Verdict:
    """Read what a case names and hold it against the truth."""
    try:
        study = find_stacks(case.path)
        describe_study(study)
        if study.chosen is None:
            return Verdict(REFUSED)
        stack = read_stack(study)
    except StudyError:
        return Verdict(REFUSED)
    except BaseException:
        return Verdict(CRASH, traceback.format_exc())
    return _hold_against(stack, case)


def _hold_against(stack: CineStack, case: Case) -> Verdict:
    if unsound := _unsound(stack):
        return Verdict(CRASH, unsound)
    if any(finding.severity is not Severity.INFO for finding in stack.findings):
        return Verdict(TOLD)
    if difference := _difference(stack, case.truth):
        return Verdict(SILENT, f"{difference} without a word" if case.lie or "study" in case.kind else "")
    if np.array_equal(stack.voxels, case.truth.voxels):
        return Verdict(SAME)
    return Verdict(PIXELS, "other pixels without a word" if case.lie else "")


def _unsound(stack: CineStack) -> str:
    if stack.voxels.shape[:2] != (stack.phases, stack.slices):
        return "the shape does not fit"
    if not (
        np.isfinite(stack.affine).all() and np.isfinite(stack.times_ms).all() and (np.diff(stack.times_ms) > 0).all()
    ):
        return "numbers that are none, or times that run back"
    return ""


def _difference(stack: CineStack, truth: CineStack) -> str:
    """In what a stack differs that numbers depend on."""
    if stack.voxels.shape != truth.voxels.shape:
        return f"{stack.voxels.shape} voxels instead of {truth.voxels.shape}"
    if not np.allclose(stack.spacing_mm, truth.spacing_mm, rtol=0.01):
        return f"a spacing of {stack.spacing_mm} mm instead of {truth.spacing_mm}"
    if np.abs(stack.affine[:3, 3] - truth.affine[:3, 3]).max() > ORIGIN_MM:
        return "another place"
    if not np.allclose(
        stack.affine[:3, :3] / stack.spacing_mm[::-1], truth.affine[:3, :3] / truth.spacing_mm[::-1], atol=0.04
    ):
        return "another orientation"
    if (stack.rr_ms or 0) and abs((stack.rr_ms or 0) - (truth.rr_ms or 0)) > 0.05 * (truth.rr_ms or 1):
        return f"an R-R of {stack.rr_ms} ms instead of {truth.rr_ms}"
    return ""
