"""The report as an Encapsulated PDF object, for archives that show PDF beside the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CardiacSegmentationLib.export.dicom_objects import PDF_SERIES, NewSeries, new_uid, without_warnings

if TYPE_CHECKING:
    from pydicom import Dataset

    from CardiacSegmentationLib.export.dicom_source import DicomSource

TITLE = "Ventricular function"
DOCUMENT_TITLE = ("LN", "18748-4", "Diagnostic imaging study")


@without_warnings()
def make_encapsulated_pdf(pdf: bytes, source: DicomSource, *, is_signed: bool = False) -> Dataset:
    """The PDF in the study of the source, in a new series."""
    from highdicom.base import SOPClass
    from highdicom.sr import CodedConcept
    from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

    first = source.first
    series = NewSeries(PDF_SERIES, f"{TITLE} (report)").arguments
    document: Dataset = SOPClass(
        study_instance_uid=first.StudyInstanceUID,
        sop_instance_uid=new_uid(),
        sop_class_uid=EncapsulatedPDFStorage,
        instance_number=1,
        modality="DOC",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        patient_id=first.PatientID,
        patient_name=first.PatientName,
        patient_birth_date=first.PatientBirthDate,
        patient_sex=first.PatientSex,
        accession_number=first.AccessionNumber,
        study_id=first.StudyID,
        study_date=first.StudyDate,
        study_time=first.StudyTime,
        referring_physician_name=first.ReferringPhysicianName,
        specific_character_set="ISO_IR 192",
        **series,
    )
    document.copy_patient_and_study_information(first)
    document.ConversionType = "WSD"  # made on a workstation
    document.BurnedInAnnotation = "YES"  # the pages name the patient
    document.AcquisitionDateTime = ""
    document.DocumentTitle = TITLE
    document.VerificationFlag = "VERIFIED" if is_signed else "UNVERIFIED"
    scheme, value, meaning = DOCUMENT_TITLE
    document.ConceptNameCodeSequence = [CodedConcept(value, scheme, meaning)]
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    document.EncapsulatedDocumentLength = len(pdf)
    return document
