"""Which slices count by the base planes that the reader set on long axes, and the slice a plane cuts by its part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis.basal import is_apex_first
from CardiacSegmentationLib.analysis.volumes import MM3_PER_ML
from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.segmentation import STRUCTURES_OF, Label

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from CardiacSegmentationLib.assessment import Assessment, ImageMeasures
    from CardiacSegmentationLib.findings import Parameter
    from CardiacSegmentationLib.reading import BaseLine, Counted, Reading
    from CardiacSegmentationLib.segmentation import FloatArray, Labels, Mask, Place, Segmentation
    from CardiacSegmentationLib.stack import CineStack

MOST_TILTED_DEG = 60.0  # between a base plane and the slices; a line along the heart is no base of it
OF_ONE_VIEW = 0.05  # how much a view's own plane (at right angles to its image) weighs beside the line of another view
MOST_BEYOND = 0.05  # of the RV's volume: more beyond its plane may be the outflow tract
LEAST_GAP = 0.1  # of the slice spacing, between the plane and the first contour: less is not worth a remark
DECIMALS = 4  # of a share: a plane between two slices takes nothing of either, whatever arithmetic leaves over


@dataclass(frozen=True, eq=False)
class BasePlane:
    """A plane in patient space (LPS): a point of it, and the unit normal that leads to the apex."""

    point_mm: FloatArray
    normal: FloatArray

    def below_mm(self, points_mm: FloatArray, axis: FloatArray) -> FloatArray:
        """How far points ``[..., 3]`` lie below the plane, toward the apex, measured along ``axis``."""
        below: FloatArray = (points_mm - self.point_mm) @ self.normal / (self.normal @ axis)
        return below


def share_slices(
    stack: CineStack,
    segmentation: Segmentation,
    images: ImageMeasures,
    reading: Reading,
    by_rule: Counted,
    *,
    before: Assessment | None = None,
    changed: Collection[Place] | None = None,
) -> FloatArray:
    """By how much each cell ``[label - 1, phase, slice]`` counts, 0 to 1.

    Where the reader set a base plane a slice counts by its part that lies below, else ``by_rule``; cells that the
    reader decided on count as decided. A slice stands for one slice spacing, thickness and gap. Where the plane lies
    aslant in it, the part is the mean over the pixels of the structure. Of ``before``, an assessment of the same stack,
    is kept what the ``changed`` images do not touch.
    """
    shares = by_rule.astype(np.float64)
    phases = _phases_to_share(stack, images, reading, before, changed)
    for label in map(Label, reading.base_planes):
        rows = [structure - 1 for structure in STRUCTURES_OF[label]]
        if before is not None:
            shares[rows] = before.shares[rows]
        for phase, plane in planes_of(stack, images, reading.lines_of(label), phases).items():
            shares[rows, phase] = _share_phase(stack, segmentation.labels[phase], STRUCTURES_OF[label], plane)
    for (label_, phase, slice_), counts in reading.counts:
        shares[label_ - 1, phase, slice_] = counts
    return shares


def planes_of(
    stack: CineStack, images: ImageMeasures, lines: Sequence[BaseLine], phases: Iterable[int] | None = None
) -> dict[int, BasePlane]:
    """A ventricle's base plane in these phases or in all: between the phases with lines it moves evenly in time.

    Each long axis is followed by itself; then the lines of all make one plane.
    """
    to_apex = _axis(stack) * (-1.0 if is_apex_first(images) else 1.0)
    views = {line.view: [other for other in lines if other.view == line.view] for line in lines}
    points = np.stack([lines_at(stack, of_view) for of_view in views.values()], axis=1)
    across = np.array([of_view[0].across for of_view in views.values()])
    wanted = range(stack.phases) if phases is None else phases
    return {phase: _fit_plane(points[phase], across, to_apex) for phase in wanted}


def lines_at(stack: CineStack, lines: Sequence[BaseLine]) -> FloatArray:
    """Both points of one long axis's line in every phase: ``[phase, point, 3]``."""
    known = sorted(lines, key=lambda line: line.phase)
    points = np.array([line.points_mm for line in known]).reshape(len(known), 6)
    times = np.asarray(stack.times_ms)
    at = times[[line.phase for line in known]]
    if stack.is_whole_beat and stack.rr_ms:  # from the last one on, back to the first of the next beat
        at = np.concatenate([at - stack.rr_ms, at, at + stack.rr_ms])
        points = np.tile(points, (3, 1))
    return np.stack([np.interp(times, at, column) for column in points.T], axis=1).reshape(-1, 2, 3)


def check_lines(stack: CineStack, reading: Reading) -> None:
    """Refuse base planes that were set on another stack, or along it instead of across."""
    for line in reading.base_lines:
        if not 0 <= line.phase < stack.phases:
            raise LabelError.of("base-phase", phase=line.phase, count=stack.phases)
        if not runs_across(stack, line):
            raise LabelError.of("base-along", structure=Label(line.label).name, view=line.view)


def runs_across(stack: CineStack, line: BaseLine) -> bool:
    """Whether a line runs across the heart, as a base does, and not along it."""
    direction = np.subtract(line.points_mm[1], line.points_mm[0])
    normal = np.cross(direction / np.linalg.norm(direction), line.across)
    return bool(abs(normal @ _axis(stack)) >= np.cos(np.radians(MOST_TILTED_DEG)))


def check_base_planes(stack: CineStack, segmentation: Segmentation, assessment: Assessment) -> list[Finding]:
    """Which base planes hold; where at ED or ES a contour is missing below one, or much of the RV lies beyond."""
    images, reading = assessment.images, assessment.reading
    findings = []
    for label in map(Label, reading.base_planes):
        lines = reading.lines_of(label)
        set_in = tuple(sorted({line.phase for line in lines if not line.is_followed}))
        findings.append(Finding("base-plane", Severity.INFO, parameters={"structure": label.name, "phases": set_in}))
        for moment in ("ed", "es"):
            phase = assessment.key_phases.of(label, moment)
            if phase is not None:
                plane = planes_of(stack, images, lines, [phase])[phase]
                findings += _find_undrawn(stack, segmentation, images, plane, (label, moment, phase))
                if label is Label.RV:
                    findings += _find_outflow(assessment, moment, phase)
    return findings


def _find_undrawn(
    stack: CineStack,
    segmentation: Segmentation,
    images: ImageMeasures,
    plane: BasePlane,
    at: tuple[Label, str, int],
) -> list[Finding]:
    """A stretch between a ventricle's base plane and its first contour: its volume is missing."""
    label, moment, phase = at
    drawn = np.flatnonzero(images.pixels[label - 1, phase])
    if not drawn.size:
        return []
    step = 1 if is_apex_first(images) else -1  # to the base
    first = int(drawn[-1] if step > 0 else drawn[0])
    mask = segmentation.labels[phase, first] == label
    middle = plane.below_mm(_points_mm(stack, mask, first), -step * _axis(stack)).mean()
    spacing_mm = stack.spacing_mm[0]
    gap_mm = float(middle) - spacing_mm / 2
    if gap_mm < LEAST_GAP * spacing_mm:
        return []
    beyond = not 0 <= first + step < stack.slices
    parameters: dict[str, Parameter] = {
        "structure": label.name,
        "moment": moment.upper(),
        "gap_mm": gap_mm,
        "difference_ml": gap_mm * float(images.areas_mm2[label - 1, phase, first]) / MM3_PER_ML,
    }
    code = "base-beyond-stack" if beyond else "base-not-drawn"
    return [Finding(code, slice=first if beyond else first + step, phase=phase, parameters=parameters)]


def _find_outflow(assessment: Assessment, moment: str, phase: int) -> list[Finding]:
    """RV beyond the tricuspid valve: atrium that should not count, or the outflow tract that should."""
    areas_mm2, shares = (values[Label.RV - 1, phase] for values in (assessment.areas_mm2, assessment.shares))
    slices_ml = np.nan_to_num(areas_mm2) * assessment.slice_spacing_mm / MM3_PER_ML
    beyond_ml = float(slices_ml @ (1.0 - shares))
    if beyond_ml <= MOST_BEYOND * slices_ml.sum():
        return []
    parameters: dict[str, Parameter] = {"structure": "RV", "moment": moment.upper(), "difference_ml": beyond_ml}
    return [Finding("base-plane-outflow", phase=phase, parameters=parameters)]


def _phases_to_share(
    stack: CineStack,
    images: ImageMeasures,
    reading: Reading,
    before: Assessment | None,
    changed: Collection[Place] | None,
) -> list[int]:
    """The phases whose shares must be found anew."""
    if (
        before is None
        or changed is None
        or (before.reading.base_lines, before.reading.counts) != (reading.base_lines, reading.counts)
        or is_apex_first(before.images) != is_apex_first(images)
    ):
        return list(range(stack.phases))
    return sorted({phase for phase, _ in changed})


def _share_phase(stack: CineStack, labels: Labels, structures: Sequence[Label], plane: BasePlane) -> FloatArray:
    """The share below a plane ``[structure, slice]``, over each structure's pixels in ``labels[slice, row, column]``.

    Where a slice does not show the structure, it is that at the middle of the plane.
    """
    axis, spacing_mm = _axis(stack), stack.spacing_mm[0]
    step = 1.0 if plane.normal @ axis > 0 else -1.0
    rows, columns = find_box(labels)
    everywhere = np.zeros(labels.shape[1:], bool)
    everywhere[rows, columns] = True
    in_box = plane.below_mm(_points_mm(stack, everywhere, 0), step * axis).reshape(labels[0, rows, columns].shape)
    at_middle = float((stack.affine[:3, 3] - plane.point_mm) @ (step * axis))
    shares = np.empty((len(structures), stack.slices))
    for slice_ in range(stack.slices):  # every pixel lies one spacing lower than in the slice before
        below = 0.5 + in_box / spacing_mm + step * slice_
        for index, structure in enumerate(structures):
            if below.min() >= 1 or below.max() <= 0:
                shares[index, slice_] = below.flat[0] > 0
                continue
            inside = labels[slice_, rows, columns] == structure
            parts = below[inside] if inside.any() else np.array([0.5 + at_middle / spacing_mm + step * slice_])
            shares[index, slice_] = round(float(np.clip(parts, 0.0, 1.0).mean()), DECIMALS)
    return shares


def _points_mm(stack: CineStack, mask: Mask, slice_: int) -> FloatArray:
    """Where the pixels of a slice's mask lie, ``[pixel, 3]``."""
    rows, columns = np.nonzero(mask)
    in_plane = np.stack([columns, rows], axis=1) @ stack.affine[:3, :2].T
    return np.asarray(in_plane + stack.affine[:3, 3] + slice_ * stack.affine[:3, 2])


def _fit_plane(points_mm: FloatArray, across: FloatArray, to_apex: FloatArray) -> BasePlane:
    """The plane through lines ``[view, point, 3]``; a single one fixes it across its image, ``across[view]``."""
    directions = points_mm[:, 1] - points_mm[:, 0]
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    own = np.cross(directions, across)
    own *= np.where(own @ to_apex < 0, -1.0, 1.0)[:, None]
    middle = own.mean(axis=0) / np.linalg.norm(own.mean(axis=0))
    # At right angles to all lines, and as near to the views' own planes as these leave open.
    spread = directions.T @ directions + OF_ONE_VIEW * (np.eye(3) - np.outer(middle, middle))
    normal = np.linalg.eigh(spread)[1][:, 0]
    return BasePlane(points_mm.mean(axis=(0, 1)), normal if normal @ to_apex > 0 else -normal)


def _axis(stack: CineStack) -> FloatArray:
    """Unit vector from one slice to the next."""
    return np.asarray(stack.affine[:3, 2] / np.linalg.norm(stack.affine[:3, 2]))
