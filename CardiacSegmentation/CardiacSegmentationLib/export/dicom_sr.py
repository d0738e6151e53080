"""DICOM Structured Report (TID 1500): every measurement, coded, with the images and segments it was made on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.export.dicom_objects import (
    PRIVATE_SCHEME,
    PROGRAM,
    SR_SERIES,
    NewSeries,
    new_uid,
    one_value,
    person_name,
    without_warnings,
)
from CardiacSegmentationLib.export.dicom_source import text_in
from CardiacSegmentationLib.export.dicom_sr_groups import EvidenceObjects, make_groups
from CardiacSegmentationLib.journal import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from pydicom import Dataset

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.export.dicom_source import DicomSource
    from CardiacSegmentationLib.reading import Signature
    from CardiacSegmentationLib.segmentation import Segmentation

UNKNOWN_ORGANIZATION = "not known"  # DICOM wants one
DESCRIPTION = "Ventricular function (measurements)"


@without_warnings()
def make_measurement_report(
    segmentation: Segmentation,
    assessment: Assessment,
    source: DicomSource,
    segments: Mapping[int, Dataset],
) -> Dataset:
    """A Comprehensive SR with every measurement; ``segments`` are the SEG objects by phase, where there are any."""
    from highdicom.sr import ComprehensiveSR, MeasurementReport
    from pydicom.sr.codedict import codes

    evidence = EvidenceObjects(source, segments)
    content = MeasurementReport(
        observation_context=_observers(assessment.reading.reader),
        procedure_reported=codes.SCT.MagneticResonanceImagingOfHeart,
        imaging_measurements=make_groups(assessment, segmentation, evidence),
    )[0]
    objects = [*evidence.images(assessment.key_phases), *segments.values()] or [source.first]  # DICOM wants one
    # highdicom copies and searches the whole tree several times, for a second or more: it gets an empty one.
    tree, content.ContentSequence = content.ContentSequence, []
    report: Dataset = ComprehensiveSR(
        evidence=objects,
        content=content,
        record_evidence=False,
        sop_instance_uid=new_uid(),
        instance_number=1,
        is_complete=True,
        **_verification(assessment.reading.signature, source),
        coding_schemes=[_private_scheme()],
        **NewSeries(SR_SERIES, DESCRIPTION).arguments,
    )
    report.ContentSequence = tree
    studies = _list_evidence(objects)
    report.CurrentRequestedProcedureEvidenceSequence = [studies.pop(str(report.StudyInstanceUID))]
    if studies:
        report.PertinentOtherEvidenceSequence = list(studies.values())
    if assessment.reading.signature is not None:
        report.VerifyingObserverSequence[0].VerificationDateTime = _date_time(
            moment_of(assessment.reading.signature.when)
        )
    return report


def _list_evidence(objects: Iterable[Dataset]) -> dict[str, Dataset]:
    """What the report points to: an item for each study, with its series and their objects."""
    from pydicom import Dataset as NewDataset

    studies: dict[str, Dataset] = {}
    series: dict[tuple[str, str], Dataset] = {}
    for item in objects:
        study, uid = str(item.StudyInstanceUID), str(item.SeriesInstanceUID)
        if study not in studies:
            studies[study] = NewDataset()
            studies[study].StudyInstanceUID = study
            studies[study].ReferencedSeriesSequence = []
        if (study, uid) not in series:
            series[study, uid] = NewDataset()
            series[study, uid].SeriesInstanceUID = uid
            series[study, uid].ReferencedSOPSequence = []
            studies[study].ReferencedSeriesSequence.append(series[study, uid])
        reference = NewDataset()
        reference.ReferencedSOPClassUID = item.SOPClassUID
        reference.ReferencedSOPInstanceUID = item.SOPInstanceUID
        series[study, uid].ReferencedSOPSequence.append(reference)
    return studies


def _verification(signature: Signature | None, source: DicomSource) -> dict[str, Any]:
    """Who answers for the report; a report that nobody signed stays unverified."""
    if signature is None:
        return {}
    return {
        "is_verified": True,
        "verifying_observer_name": person_name(signature.reader),
        "verifying_organization": one_value(text_in(source.first, "InstitutionName")) or UNKNOWN_ORGANIZATION,
    }


def _date_time(moment: datetime) -> str:
    """A moment as DICOM writes it."""
    return moment.strftime("%Y%m%d%H%M%S%z")


def _observers(reader: str) -> Any:
    """The program, and the person who answers for the labels where there is one."""
    from highdicom import UID
    from highdicom.sr import (
        DeviceObserverIdentifyingAttributes,
        ObservationContext,
        ObserverContext,
        PersonObserverIdentifyingAttributes,
    )
    from pydicom.sr.codedict import codes

    device = DeviceObserverIdentifyingAttributes(
        uid=UID.from_uuid("0d6f5a0e-8f0f-4d3f-9a57-1b4d7b8c2e11"),  # of this program, on whatever machine
        name=PROGRAM,
        manufacturer_name=PROGRAM,
        model_name="cardiacseg",
        serial_number=__version__,
    )
    context: dict[str, Any] = {"observer_device_context": ObserverContext(codes.DCM.Device, device)}
    if reader:
        person = PersonObserverIdentifyingAttributes(name=person_name(reader))
        context["observer_person_context"] = ObserverContext(codes.DCM.Person, person)
    return ObservationContext(**context)


def _private_scheme() -> Any:
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    return CodingSchemeIdentificationItem(
        designator=PRIVATE_SCHEME, name="Concepts of CardiacSegmentation", responsible_organization=PROGRAM
    )
