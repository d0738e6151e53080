"""The one verdict: stack, segmentation and reading in, every number and every finding out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.analysis.basal import check_basal_rule
from CardiacSegmentationLib.analysis.base_plane import check_base_planes, check_lines, share_slices
from CardiacSegmentationLib.analysis.body import FORMULAS
from CardiacSegmentationLib.analysis.checks import (
    check_anatomy,
    check_labels,
    check_slice_order,
    check_steps,
    check_stroke_volumes,
    check_time,
)
from CardiacSegmentationLib.analysis.facts import Facts
from CardiacSegmentationLib.analysis.image_doubts import check_images
from CardiacSegmentationLib.analysis.images import measure_images
from CardiacSegmentationLib.analysis.label_doubts import check_curve, check_evidence, check_shape
from CardiacSegmentationLib.analysis.measures import evaluate
from CardiacSegmentationLib.analysis.papillary import check_papillaries
from CardiacSegmentationLib.analysis.phases import check_key_phases, choose_key_phases, require_phases
from CardiacSegmentationLib.analysis.ranking import rank_findings
from CardiacSegmentationLib.analysis.reference import explain_missing, find_reference
from CardiacSegmentationLib.analysis.rules import apply_rules
from CardiacSegmentationLib.analysis.volumes import sum_slices
from CardiacSegmentationLib.analysis.wall import measure_wall
from CardiacSegmentationLib.assessment import Assessment, Measurement
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.reading import Reading
from CardiacSegmentationLib.segmentation import Origin, Papillary, Segmentation

if TYPE_CHECKING:
    from collections.abc import Collection

    from CardiacSegmentationLib.analysis.wall import Outlines
    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.segmentation import Place
    from CardiacSegmentationLib.stack import CineStack, Patient


def assess(
    stack: CineStack,
    segmentation: Segmentation,
    reading: Reading | None = None,
    before: Assessment | None = None,
    changed: Collection[Place] | None = None,
) -> Assessment:
    """Every number and every finding for a segmentation and a reading.

    ``before`` is an earlier assessment of the same stack, and ``changed`` the images ``(phase, slice)`` whose labels
    differ since: only those are measured again. The result is the same as without.
    """
    reading = reading or Reading()
    _check_input(stack, segmentation, reading)
    conventions = reading.conventions
    images = measure_images(stack, segmentation, conventions, before.images if before else None, changed)
    by_rules = reading.by_rules or apply_rules(stack, segmentation, conventions, images)
    shares = share_slices(stack, segmentation, images, reading, by_rules.counted, before=before, changed=changed)
    volumes_ml = sum_slices(images.areas_mm2, shares, stack.spacing_mm[0])
    key_phases = choose_key_phases(reading.key_phases, by_rules.key_phases, volumes_ml)
    outlines = _outlines_of_unchanged(before, changed)
    wall, of_wall = measure_wall(stack, segmentation, images, shares > 0, key_phases=key_phases, outlines=outlines)
    patient = reading.patient_of(stack.patient)
    times = (stack.times_ms, stack.rr_ms, stack.is_whole_beat)
    parts = evaluate(Facts(volumes_ml, key_phases, *times, patient, conventions, wall))
    assessment = Assessment(
        lv=_with_references("lv", parts["lv"], patient, conventions.papillary),
        # The convention is about the papillary muscles of the LV; those of the RV stay in its volume either way.
        rv=_with_references("rv", parts["rv"], patient, Papillary.VOLUME),
        heart=parts["heart"],
        volumes_ml=volumes_ml,
        shares=shares,
        times_ms=stack.times_ms,
        slice_spacing_mm=stack.spacing_mm[0],
        key_phases=key_phases,
        patient=patient,
        reading=reading,
        by_rules=by_rules,
        images=images,
        segments=wall.segments if wall else (),
        provenance=_describe_origin(stack, segmentation),
        outlines=outlines,
        automatic=_assess_automatic(stack, segmentation, reading, before),
    )
    findings = (
        *stack.findings,
        *_find_doubts(stack, segmentation, assessment),
        *of_wall,
        *explain_missing(patient, conventions.papillary),
    )
    return replace(assessment, findings=rank_findings(assessment, list(dict.fromkeys(findings))))


def _outlines_of_unchanged(before: Assessment | None, changed: Collection[Place] | None) -> Outlines:
    """The walls traced before in images whose labels are the same."""
    if before is None or changed is None:
        return {}
    return {place: outline for place, outline in before.outlines.items() if place not in changed}


def _find_doubts(stack: CineStack, segmentation: Segmentation, assessment: Assessment) -> list[Finding]:
    """What speaks against the labels, the images and the numbers of an assessment that has no findings yet."""
    images, reading, key_phases = assessment.images, assessment.reading, assessment.key_phases
    volumes_ml, labelled = assessment.volumes_ml, segmentation.labelled
    row_mm, column_mm = stack.pixel_mm
    return [
        *check_evidence(segmentation, images, row_mm * column_mm),
        *check_shape(images, labelled),
        *check_images(stack, segmentation, images),
        *check_labels(volumes_ml, segmentation),
        *check_key_phases(volumes_ml, key_phases, reading.key_phases),
        *check_base_planes(stack, segmentation, assessment),
        *check_basal_rule(assessment, labelled),
        *check_papillaries(stack, segmentation, key_phases, reading.conventions.papillary),
        *check_stroke_volumes(assessment.heart),
        *check_time(stack),
        *check_curve(volumes_ml, stack),
        *check_anatomy(assessment.lv),
        *check_steps(assessment),
        *check_slice_order(images),
    ]


def _assess_automatic(
    stack: CineStack, segmentation: Segmentation, reading: Reading, before: Assessment | None
) -> Assessment | None:
    """The network's own labels without any decision, but with the reader's conventions and facts about the patient."""
    is_corrected = bool(segmentation.corrected.any())
    if not is_corrected and not reading.has_decisions:
        return None
    if is_corrected and segmentation.automatic is None:  # changed by hand before this program kept what was there
        return None
    undecided = Reading(conventions=reading.conventions, patient=reading.patient, unknown_facts=reading.unknown_facts)
    known = None if before is None else before.automatic or (before if _is_undecided(before.reading) else None)
    if known is not None and _measures_alike(known.reading, undecided):
        return replace(known, reading=undecided)
    return assess(stack, automatic_segmentation(segmentation), undecided)


def _measures_alike(one: Reading, other: Reading) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("conventions", "patient", "unknown_facts"))


def _is_undecided(reading: Reading) -> bool:
    return reading.by_rules is None and not reading.has_decisions


def automatic_segmentation(segmentation: Segmentation) -> Segmentation:
    """The segmentation as the network made it, before any correction."""
    if segmentation.automatic is None:
        return segmentation
    labelled = np.array(segmentation.automatic.labelled)
    made_by = np.where(labelled & (segmentation.model is not None), np.uint8(Origin.NETWORK), np.uint8(Origin.FILE))
    return Segmentation(
        labels=segmentation.automatic.unpack(),
        labelled=labelled,
        origin=np.where(segmentation.corrected, made_by[:, None], segmentation.origin),
        evidence=segmentation.evidence,
        model=segmentation.model,
    )


def _with_references(
    part: str, measurements: dict[str, Measurement], patient: Patient, papillary: Papillary
) -> dict[str, Measurement]:
    return {
        key: replace(item, reference=find_reference(f"{part}.{key}", patient, papillary))
        for key, item in measurements.items()
    }


def _check_input(stack: CineStack, segmentation: Segmentation, reading: Reading) -> None:
    if segmentation.labels.shape != stack.voxels.shape:
        labels, images = (" × ".join(map(str, array.shape)) for array in (segmentation.labels, stack.voxels))
        raise LabelError.of("labels-grid", labels=labels, images=images)
    check_reading(stack, reading)


def check_reading(stack: CineStack, reading: Reading) -> None:
    """Refuse a reading that was made on another stack, or that this program cannot follow."""
    if reading.conventions.bsa_formula not in FORMULAS:
        raise LabelError.of("no-bsa-formula", formula=reading.conventions.bsa_formula, known=tuple(FORMULAS))
    if not 0 < reading.conventions.papillary_percent < 100:
        raise LabelError.of("no-papillary-threshold", percent=reading.conventions.papillary_percent)
    require_phases(reading.key_phases, stack.phases)
    cells_fit = all(
        0 <= phase < stack.phases and 0 <= slice_ < stack.slices for (_, phase, slice_), _ in reading.counts
    )
    held_fit = reading.by_rules is None or reading.by_rules.counted.shape[1:] == (stack.phases, stack.slices)
    if not cells_fit or not held_fit:
        raise LabelError.of("reading-of-other-images", phases_there=stack.phases, slices_there=stack.slices)
    check_lines(stack, reading)


def _describe_origin(stack: CineStack, segmentation: Segmentation) -> dict[str, str]:
    """How the numbers came about; no path, for folders are named after patients."""
    made_by = segmentation.model or "made by hand or by another program"
    images = len(segmentation.corrected_images)
    corrected = f"; corrected by hand on {images} images" if images else ""
    return {
        "program": f"CardiacSegmentation {__version__}",
        "labels": made_by + corrected,
        "images": stack.source.format if stack.source else "not read from a file",
    }
