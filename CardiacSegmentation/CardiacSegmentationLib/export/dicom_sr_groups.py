"""How the measurements are grouped in the report: by segment and phase, by ventricle, by wall segment, by phase."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.export import tables
from CardiacSegmentationLib.export.corrections import entry_line, find_corrections, list_corrections
from CardiacSegmentationLib.export.dicom_codes import (
    AHA_SEGMENTS,
    BASAL_RULE,
    BSA_FORMULA,
    CORRECTIONS,
    DISCLAIMER,
    END_DIASTOLE,
    END_SYSTOLE,
    FINDING,
    HEART,
    IMPRESSION,
    JOURNAL,
    KEY_PHASES,
    NOT_KNOWN,
    PAPILLARY_CONVENTION,
    PAPILLARY_VALUES,
    VOLUME,
    WALL_THICKENING,
    WALL_THICKNESS,
)
from CardiacSegmentationLib.export.dicom_objects import PROGRAM, concept, describe_labels, new_uid
from CardiacSegmentationLib.export.dicom_sr_items import make_measurement, make_number, make_text
from CardiacSegmentationLib.export.wording import describe_conventions
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydicom import Dataset

    from CardiacSegmentationLib.assessment import Assessment, Code, Measurement, WallSegment
    from CardiacSegmentationLib.export.dicom_source import DicomSource
    from CardiacSegmentationLib.reading import KeyPhases
    from CardiacSegmentationLib.segmentation import Segmentation

# Which measurements are those of one segment in one phase: its structure and which of the key phases.
OF_SEGMENT = {
    ("lv", "edv_ml"): (Label.LV, "lv_ed"),
    ("lv", "esv_ml"): (Label.LV, "lv_es"),
    ("lv", "mass_g"): (Label.MYO, "lv_ed"),
    ("lv", "mass_es_g"): (Label.MYO, "lv_es"),
    ("rv", "edv_ml"): (Label.RV, "rv_ed"),
    ("rv", "esv_ml"): (Label.RV, "rv_es"),
}
PARTS = {"lv": BY_LABEL[Label.LV].code, "rv": BY_LABEL[Label.RV].code, "heart": HEART}


@dataclass(frozen=True, eq=False)
class EvidenceObjects:
    """What the numbers were measured on: source images, and segments by phase."""

    source: DicomSource
    segments: Mapping[int, Dataset]

    def images(self, phases: KeyPhases) -> list[Dataset]:
        """The source objects of the key phases, each once."""
        images = [image for phase in _known(phases) for image in self.source.of_phase(phase)]
        return list({str(image.header.SOPInstanceUID): image.header for image in images}.values())

    def references(self, phases: Iterable[int], kind: type[Any]) -> list[Any]:
        """Content items of ``kind`` that point to the source images of these phases."""
        frames: dict[str, list[int]] = {}
        headers: dict[str, Dataset] = {}
        for phase in phases:
            for image in self.source.of_phase(phase):
                uid = str(image.header.SOPInstanceUID)
                headers[uid] = image.header
                frames.setdefault(uid, []).extend([image.frame] if image.frame else [])
        return [kind(header.SOPClassUID, uid, sorted(frames[uid]) or None) for uid, header in headers.items()]


def make_groups(assessment: Assessment, segmentation: Segmentation, evidence: EvidenceObjects) -> list[Any]:
    """Every measurement once, in the groups of TID 1500."""
    from highdicom.sr import MeasurementsAndQualitativeEvaluations, SourceImageForMeasurementGroup

    algorithm = _algorithm(segmentation)
    groups = [_conventions(assessment), *_reader(assessment, segmentation)]
    for part, site in PARTS.items():
        rest = dict(getattr(assessment, part))
        for key in list(rest):
            group = _of_segment(part, rest[key], assessment, evidence, algorithm)
            if group is not None:
                groups.append(group)
                del rest[key]
        group = MeasurementsAndQualitativeEvaluations(
            tracking_identifier=_track(site.meaning),
            finding_sites=[_site(site)],
            algorithm_id=algorithm,
            measurements=[
                make_measurement(part, item, item.value, assessment.conventions)
                for item in rest.values()
                if item.value is not None
            ],
            source_images=evidence.references(_known(assessment.key_phases), SourceImageForMeasurementGroup),
        )
        # A number without a value would be valid, but highdicom and others fail to read it.
        group[0].ContentSequence.extend(
            make_text(NOT_KNOWN, f"{item.title}: {item.note or 'not known'}")
            for item in rest.values()
            if item.value is None
        )
        groups.append(group)
    groups += [_of_wall(segment) for segment in assessment.segments if segment.thickness_ed_mm is not None]
    measured = np.flatnonzero(np.isfinite(assessment.volumes_ml).any(axis=0))
    return groups + [_of_phase(assessment, int(phase), algorithm) for phase in measured]


def _conventions(assessment: Assessment) -> Any:
    """How the numbers came about, coded where there is a choice of codes and in words where not."""
    from highdicom.sr import MeasurementsAndQualitativeEvaluations, QualitativeEvaluation

    conventions = assessment.conventions
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_track("conventions"),
        qualitative_evaluations=[
            QualitativeEvaluation(concept(PAPILLARY_CONVENTION), concept(PAPILLARY_VALUES[conventions.papillary]))
        ],
    )
    phases = {role.upper().replace("_", " "): phase for role, phase in asdict(assessment.key_phases).items()}
    sentences = describe_conventions(conventions)
    texts = [
        (DISCLAIMER, tables.DISCLAIMER),
        (PAPILLARY_CONVENTION, sentences["papillary"]),
        (BSA_FORMULA, conventions.bsa_formula),
        (BASAL_RULE, sentences["basal_rule"]),
        (KEY_PHASES, ", ".join(f"{role}: {phase + 1}" for role, phase in phases.items() if phase is not None)),
        *((FINDING, finding.message) for finding in assessment.open_findings),
    ]
    group[0].ContentSequence.extend([make_text(code, text) for code, text in texts if text])
    return group


def _reader(assessment: Assessment, segmentation: Segmentation) -> list[Any]:
    """What the reader says, what the reader changed, and the journal: the audit trail as text, one item an entry."""
    from highdicom.sr import MeasurementsAndQualitativeEvaluations

    reading = assessment.reading
    texts = [(IMPRESSION, reading.impression.strip())]
    texts += [
        (CORRECTIONS, line) for line in list_corrections(find_corrections(segmentation, assessment), segmentation)
    ]
    key_phases = asdict(assessment.key_phases)
    texts += [(JOURNAL, entry_line(entry, key_phases)) for entry in reading.journal]
    items = [make_text(code, text) for code, text in texts if text]
    if not items:
        return []
    group = MeasurementsAndQualitativeEvaluations(tracking_identifier=_track("reader"))
    group[0].ContentSequence.extend(items)
    return [group]


def _of_segment(
    part: str, item: Measurement, assessment: Assessment, evidence: EvidenceObjects, algorithm: Any
) -> Any | None:
    """A measurement of one segment in one phase, with the segment; ``None`` where it is of more, or has no SEG."""
    from highdicom.sr import (
        ReferencedSegment,
        SourceImageForSegmentation,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )

    label, role = OF_SEGMENT.get((part, item.key), (None, ""))
    phase = getattr(assessment.key_phases, role) if label else None
    if label is None or phase is None or phase not in evidence.segments or item.value is None:
        return None
    seg, structure = evidence.segments[phase], BY_LABEL[label]
    name = f"{structure.segment_id}, {'end-diastole' if role.endswith('ed') else 'end-systole'}"
    return VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_track(name),
        referenced_segment=ReferencedSegment(
            sop_class_uid=seg.SOPClassUID,
            sop_instance_uid=seg.SOPInstanceUID,
            segment_number=int(label),
            source_images=evidence.references([phase], SourceImageForSegmentation),
        ),
        time_point_context=_time_point(assessment, phase, END_DIASTOLE if role.endswith("ed") else END_SYSTOLE),
        finding_type=concept(structure.code),
        finding_sites=[_site(structure.code)],
        algorithm_id=algorithm,
        measurements=[make_measurement(part, item, item.value, assessment.conventions)],
    )


def _of_wall(segment: WallSegment) -> Any:
    from highdicom.sr import MeasurementsAndQualitativeEvaluations

    numbers = [
        (WALL_THICKNESS, segment.thickness_ed_mm, "mm", "thickness_ed_mm", END_DIASTOLE),
        (WALL_THICKNESS, segment.thickness_es_mm, "mm", "thickness_es_mm", END_SYSTOLE),
        (WALL_THICKENING, segment.thickening_percent, "%", "thickening_percent", None),
    ]
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_track(f"AHA segment {segment.number}"),
        finding_sites=[_site(AHA_SEGMENTS[segment.number])],
        measurements=[
            make_number(code, value, unit, f"segment_{segment.number}.{key}", phase, decimals=0 if unit == "%" else 1)
            for code, value, unit, key, phase in numbers
            if value is not None
        ],
    )


def _of_phase(assessment: Assessment, phase: int, algorithm: Any) -> Any:
    """The volumes of one phase: a point of the volume–time curve."""
    from highdicom.sr import MeasurementsAndQualitativeEvaluations

    measurements = []
    for label, structure in BY_LABEL.items():
        volume = float(assessment.volumes_ml[label - 1, phase])
        if np.isfinite(volume):
            key = f"phase_{phase + 1}.{structure.segment_id.lower()}_ml"
            measurements.append(make_number(VOLUME, volume, "mL", key, site=structure.code))
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_track(f"Phase {phase + 1}"),
        time_point_context=_time_point(assessment, phase),
        algorithm_id=algorithm,
        measurements=measurements,
    )


def _known(phases: KeyPhases) -> list[int]:
    return sorted({phase for phase in asdict(phases).values() if phase is not None})


def _track(name: str) -> Any:
    from highdicom.sr import TrackingIdentifier

    return TrackingIdentifier(uid=new_uid(), identifier=name)


def _site(code: Code) -> Any:
    from highdicom.sr import FindingSite

    return FindingSite(anatomic_location=concept(code))


def _time_point(assessment: Assessment, phase: int, kind: Code | None = None) -> Any:
    from highdicom.sr import TimePointContext

    return TimePointContext(
        time_point=f"phase {phase + 1} of {len(assessment.times_ms)}, {assessment.times_ms[phase]:.0f} ms",
        time_point_type=concept(kind) if kind else None,
    )


def _algorithm(segmentation: Segmentation) -> Any:
    from highdicom.sr import AlgorithmIdentification

    return AlgorithmIdentification(name=PROGRAM, version=__version__, parameters=[describe_labels(segmentation)])
