"""What each image shows by itself; after a correction only the images that changed are looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis.areas import structure_areas
from CardiacSegmentationLib.analysis.basal import surrounded_fraction
from CardiacSegmentationLib.analysis.papillary import find_papillaries
from CardiacSegmentationLib.assessment import ImageMeasures
from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Papillary

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from CardiacSegmentationLib.box import Box
    from CardiacSegmentationLib.reading import Conventions
    from CardiacSegmentationLib.segmentation import FloatArray, Labels, Place, Segmentation
    from CardiacSegmentationLib.stack import CineStack

EDGE_MM = 4.0  # what lies as close to the edge of the image may go on beyond it
FEWEST_PIXELS = 20  # of cavity and myocardium together, to speak of a centre


def measure_images(
    stack: CineStack,
    segmentation: Segmentation,
    conventions: Conventions,
    before: ImageMeasures | None = None,
    changed: Iterable[Place] | None = None,
) -> ImageMeasures:
    """Measure every image, or only the ``changed`` ones, ``(phase, slice)``, where the others are in ``before``."""
    if before is None or changed is None or not _is_by(before, conventions):
        measures = _empty(stack, conventions)
        places = {phase: list(range(stack.slices)) for phase in range(stack.phases)}
    else:
        measures = _copy(before)
        places = {}
        for phase, slice_ in sorted(set(changed)):
            places.setdefault(phase, []).append(slice_)
        if conventions.papillary is Papillary.MASS:  # a slice with too little muscle takes its phase's brightness
            places = {phase: list(range(stack.slices)) for phase in places}
        was_labelled = np.isfinite(before.areas_mm2[0, :, 0])
        for phase in places.keys() & np.flatnonzero(was_labelled != segmentation.labelled).tolist():
            places[phase] = list(range(stack.slices))
    for phase, slices in places.items():
        _measure_phase(measures, stack, segmentation, phase, slices)
    return measures


def _is_by(measures: ImageMeasures, conventions: Conventions) -> bool:
    made_by = (measures.papillary, measures.papillary_percent)
    return made_by == (conventions.papillary, conventions.papillary_percent)


def _measure_phase(
    measures: ImageMeasures, stack: CineStack, segmentation: Segmentation, phase: int, slices: list[int]
) -> None:
    labels = segmentation.labels[phase, slices]
    row_mm, column_mm = stack.pixel_mm
    rows, columns = find_box(labels)
    heart = labels[:, rows, columns]
    measures.pixels[:, phase, slices] = [np.count_nonzero(heart == label, axis=(1, 2)) for label in STRUCTURES]
    measures.surrounded[phase, slices] = surrounded_fraction(labels, row_mm, column_mm)
    measures.centre_mm[phase, slices] = _centres_mm(heart, (rows, columns), (row_mm, column_mm))
    measures.edge_pixels[phase, slices] = _count_at_edge(labels, row_mm, column_mm)
    areas = structure_areas(labels, row_mm * column_mm)
    for index, slice_ in enumerate(slices):  # a slice drawn by hand is measured as it was drawn
        if (phase, slice_) in segmentation.contours:
            for label, area in segmentation.contours[phase, slice_].areas_mm2.items():
                areas[label - 1, index] = area
    if measures.papillary is Papillary.MASS:
        pixel_mm2, percent = row_mm * column_mm, measures.papillary_percent
        found = find_papillaries(stack.voxels[phase], segmentation.labels[phase], pixel_mm2, percent)
        muscle_mm2 = np.minimum(found.areas_mm2(pixel_mm2)[slices], areas[Label.LV - 1])
        areas[Label.LV - 1] -= muscle_mm2
        areas[Label.MYO - 1] += muscle_mm2
    measures.areas_mm2[:, phase, slices] = areas if segmentation.labelled[phase] else np.nan


def _centres_mm(labels: Labels, box: Box, pixel_mm: tuple[float, float]) -> FloatArray:
    """Centre ``(row, column)`` of cavity and myocardium in each image; NaN where there is too little of them.

    ``labels`` are those in the box. Whole numbers are summed, so that the result does not depend on the box.
    """
    left = labels >= Label.MYO
    total = left.sum(axis=(1, 2), dtype=np.float64)
    known = np.where(total >= FEWEST_PIXELS, total, np.nan)
    rows = (left.sum(axis=2) @ np.arange(box[0].start, box[0].stop)) / known
    columns = (left.sum(axis=1) @ np.arange(box[1].start, box[1].stop)) / known
    return np.stack([rows * pixel_mm[0], columns * pixel_mm[1]], axis=-1)


def _count_at_edge(labels: Labels, row_mm: float, column_mm: float) -> npt.NDArray[np.int64]:
    # Rounded, for a file gives 2 mm back as 1.9999999: a doubt must not come or go by saving.
    rows, columns = (int(np.ceil(round(EDGE_MM / pixel_mm, 6))) for pixel_mm in (row_mm, column_mm))
    inside = np.count_nonzero(labels[:, rows:-rows, columns:-columns], axis=(1, 2))
    return np.asarray(np.count_nonzero(labels, axis=(1, 2)) - inside)


def _empty(stack: CineStack, conventions: Conventions) -> ImageMeasures:
    shape = (stack.phases, stack.slices)
    return ImageMeasures(
        areas_mm2=np.full((len(STRUCTURES), *shape), np.nan),
        pixels=np.zeros((len(STRUCTURES), *shape), np.int64),
        surrounded=np.full(shape, np.nan),
        centre_mm=np.full((*shape, 2), np.nan),
        edge_pixels=np.zeros(shape, np.int64),
        papillary=conventions.papillary,
        papillary_percent=conventions.papillary_percent,
    )


def _copy(measures: ImageMeasures) -> ImageMeasures:
    return ImageMeasures(
        areas_mm2=measures.areas_mm2.copy(),
        pixels=measures.pixels.copy(),
        surrounded=measures.surrounded.copy(),
        centre_mm=measures.centre_mm.copy(),
        edge_pixels=measures.edge_pixels.copy(),
        papillary=measures.papillary,
        papillary_percent=measures.papillary_percent,
    )
