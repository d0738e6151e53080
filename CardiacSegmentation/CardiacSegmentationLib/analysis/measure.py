"""Labels in, numbers out: the steps in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.analysis.areas import structure_areas
from CardiacSegmentationLib.analysis.body import FORMULAS
from CardiacSegmentationLib.analysis.checks import (
    check_labels,
    check_slice_order,
    check_steps,
    check_stroke_volumes,
    check_time,
    is_apex_first,
)
from CardiacSegmentationLib.analysis.facts import Facts
from CardiacSegmentationLib.analysis.measures import evaluate
from CardiacSegmentationLib.analysis.papillary import check_papillaries, find_papillaries
from CardiacSegmentationLib.analysis.phases import find_key_phases
from CardiacSegmentationLib.analysis.reference import explain_missing, find_reference
from CardiacSegmentationLib.analysis.slices import check_basal_rule
from CardiacSegmentationLib.analysis.volumes import sum_slices
from CardiacSegmentationLib.analysis.wall import measure_wall
from CardiacSegmentationLib.assessment import Assessment, FloatArray, Measurement
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Papillary, Segmentation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from CardiacSegmentationLib.stack import CineStack


def measure(stack: CineStack, segmentation: Segmentation) -> Assessment:
    """Everything that can be measured on one study."""
    _check_input(stack, segmentation)
    areas = np.stack([phase_areas(stack, segmentation, phase) for phase in range(stack.phases)], axis=1)
    return _summarise(stack, segmentation, areas)


def reassess(
    before: Assessment, stack: CineStack, segmentation: Segmentation, changed_phases: Iterable[int]
) -> Assessment:
    """The same as ``measure`` at the price of the changed phases, after an edit of labels or of included slices."""
    _check_input(stack, segmentation)
    if segmentation.conventions.papillary is not before.conventions.papillary:
        return measure(stack, segmentation)
    areas = before.areas_mm2.copy()
    for phase in changed_phases:
        areas[:, phase] = phase_areas(stack, segmentation, phase)
    return _summarise(stack, segmentation, areas)


def phase_areas(stack: CineStack, segmentation: Segmentation, phase: int) -> FloatArray:
    """Areas in mm² ``[structure, slice]`` of one phase, after the papillary convention."""
    _, row_mm, column_mm = stack.spacing_mm
    labels, pixel_mm2 = segmentation.labels[phase], row_mm * column_mm
    if not segmentation.labelled[phase]:
        return np.full((len(STRUCTURES), stack.slices), np.nan)
    areas = structure_areas(labels, pixel_mm2)
    if segmentation.conventions.papillary is Papillary.MASS:
        found = find_papillaries(stack.voxels[phase], labels, pixel_mm2)
        muscle_mm2 = np.minimum(found.areas_mm2(pixel_mm2), areas[Label.LV - 1])
        areas[Label.LV - 1] -= muscle_mm2
        areas[Label.MYO - 1] += muscle_mm2
    return areas


def _summarise(stack: CineStack, segmentation: Segmentation, areas: FloatArray) -> Assessment:
    """Everything that follows from the areas."""
    slice_mm, row_mm, column_mm = stack.spacing_mm
    volumes = sum_slices(areas, segmentation.included, slice_mm)
    key_phases, of_phases = find_key_phases(volumes, segmentation.key_phases)
    wall, of_wall = measure_wall(stack, segmentation, key_phases, is_apex_first(areas, key_phases.lv_ed))
    facts = Facts(volumes, key_phases, stack.times_ms, stack.rr_ms, stack.patient, segmentation.conventions, wall)
    parts = evaluate(facts)
    findings = (
        *check_labels(volumes, segmentation.labelled),
        *of_phases,
        *check_basal_rule(segmentation, key_phases, row_mm, column_mm),
        *check_papillaries(stack, segmentation, key_phases),
        *check_stroke_volumes(parts["heart"]),
        *check_time(stack),
        *check_steps(parts["lv"], areas, segmentation.included, slice_mm),
        *check_slice_order(areas, key_phases.lv_ed),
        *of_wall,
        *explain_missing(stack.patient, segmentation.conventions.papillary),
    )
    return Assessment(
        lv=_with_references("lv", parts["lv"], stack, segmentation),
        rv=_with_references("rv", parts["rv"], stack, segmentation),
        heart=parts["heart"],
        volumes_ml=volumes,
        areas_mm2=areas,
        included=segmentation.included,
        times_ms=stack.times_ms,
        slice_spacing_mm=slice_mm,
        key_phases=key_phases,
        conventions=segmentation.conventions,
        patient=stack.patient,
        segments=wall.segments if wall else (),
        findings=tuple(dict.fromkeys((*stack.findings, *segmentation.findings, *findings))),
        provenance=_provenance(stack, segmentation),
    )


def _with_references(
    part: str, measurements: dict[str, Measurement], stack: CineStack, segmentation: Segmentation
) -> dict[str, Measurement]:
    # The convention is about the papillary muscles of the LV; those of the RV stay in its volume either way.
    papillaries = segmentation.conventions.papillary if part == "lv" else Papillary.VOLUME
    return {
        key: replace(item, reference=find_reference(f"{part}.{key}", stack.patient, papillaries))
        for key, item in measurements.items()
    }


def _check_input(stack: CineStack, segmentation: Segmentation) -> None:
    if segmentation.labels.shape != stack.voxels.shape:
        labels, images = (" × ".join(map(str, array.shape)) for array in (segmentation.labels, stack.voxels))
        msg = f"The labels ({labels}: phases, slices, rows, columns) do not lie on the grid of the images ({images})."
        raise LabelError(msg)
    if segmentation.conventions.bsa_formula not in FORMULAS:
        msg = f"{segmentation.conventions.bsa_formula} is no formula for body surface; use {', '.join(FORMULAS)}."
        raise LabelError(msg)


def _provenance(stack: CineStack, segmentation: Segmentation) -> dict[str, str]:
    """How the numbers came about; no path, for folders are named after patients."""
    made_by = segmentation.model or "made by hand or by another program"
    corrected = f"; corrected by hand on {len(segmentation.edited)} images" if segmentation.edited else ""
    return {
        "program": f"CardiacSegmentation {__version__}",
        "labels": made_by + corrected,
        "images": stack.source.format if stack.source else "not read from a file",
    }
