"""Labels in, numbers out: the steps in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.function.areas import structure_areas
from CardiacSegmentationLib.function.facts import Facts
from CardiacSegmentationLib.function.measures import evaluate
from CardiacSegmentationLib.function.phases import find_key_phases
from CardiacSegmentationLib.function.reference import find_reference, why_no_reference
from CardiacSegmentationLib.function.volumes import sum_slices
from CardiacSegmentationLib.segmentation import STRUCTURES, Papillary, Segmentation
from CardiacSegmentationLib.ventricular import FloatArray, Measurement, VentricularFunction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from CardiacSegmentationLib.stack import CineStack


def measure(stack: CineStack, segmentation: Segmentation) -> VentricularFunction:
    """Everything that can be measured on one study."""
    _check_fit(stack, segmentation)
    phases = np.flatnonzero(segmentation.labelled)
    areas = np.full((len(STRUCTURES), stack.phases, stack.slices), np.nan)
    return _summarise(stack, segmentation, _fill(areas, stack, segmentation, phases))


def remeasure(
    before: VentricularFunction, stack: CineStack, segmentation: Segmentation, changed_phases: Iterable[int]
) -> VentricularFunction:
    """The same as ``measure``, at the price of the changed phases; for edits of labels, not of conventions."""
    _check_fit(stack, segmentation)
    return _summarise(stack, segmentation, _fill(before.areas_mm2.copy(), stack, segmentation, changed_phases))


def phase_areas(stack: CineStack, segmentation: Segmentation, phase: int) -> FloatArray:
    """Areas in mm² ``[structure, slice]`` of one phase."""
    _, row_mm, column_mm = stack.spacing_mm
    return structure_areas(segmentation.labels[phase], row_mm * column_mm)


def _fill(areas: FloatArray, stack: CineStack, segmentation: Segmentation, phases: Iterable[int]) -> FloatArray:
    for phase in phases:
        areas[:, phase] = phase_areas(stack, segmentation, phase) if segmentation.labelled[phase] else np.nan
    return areas


def _summarise(stack: CineStack, segmentation: Segmentation, areas: FloatArray) -> VentricularFunction:
    """Everything that follows from the areas."""
    volumes = sum_slices(areas, segmentation.included, stack.spacing_mm[0])
    key_phases, findings = find_key_phases(volumes, segmentation.key_phases)
    facts = Facts(volumes, key_phases, stack.times_ms, stack.rr_ms, stack.patient, segmentation.conventions)
    parts = evaluate(facts)
    no_reference = why_no_reference(stack.patient)
    findings += [no_reference] if no_reference else []
    return VentricularFunction(
        lv=_with_references("lv", parts["lv"], stack, segmentation),
        rv=_with_references("rv", parts["rv"], stack, segmentation),
        heart=parts["heart"],
        volumes_ml=volumes,
        areas_mm2=areas,
        included=segmentation.included,
        times_ms=stack.times_ms,
        slice_spacing_mm=stack.spacing_mm[0],
        key_phases=key_phases,
        conventions=segmentation.conventions,
        patient=stack.patient,
        findings=(*stack.findings, *segmentation.findings, *findings),
        provenance=_provenance(stack, segmentation),
    )


def _with_references(
    part: str, measurements: dict[str, Measurement], stack: CineStack, segmentation: Segmentation
) -> dict[str, Measurement]:
    # The convention is about the papillary muscles of the LV; those of the RV stay in its volume either way.
    papillary = segmentation.conventions.papillary if part == "lv" else Papillary.VOLUME
    return {
        key: replace(measurement, reference=find_reference(f"{part}.{key}", stack.patient, papillary))
        for key, measurement in measurements.items()
    }


def _check_fit(stack: CineStack, segmentation: Segmentation) -> None:
    if segmentation.labels.shape != stack.voxels.shape:
        msg = f"The labels {segmentation.labels.shape} do not lie on the grid of the images {stack.voxels.shape}."
        raise LabelError(msg)


def _provenance(stack: CineStack, segmentation: Segmentation) -> dict[str, str]:
    """How the numbers came about; no path, for folders are named after patients."""
    return {
        "program": f"CardiacSegmentation {__version__}",
        "labels": segmentation.model or "made by hand or by another program",
        "images": stack.source.format if stack.source else "not read from a file",
    }
