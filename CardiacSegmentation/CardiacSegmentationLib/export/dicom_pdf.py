"""The report as an Encapsulated PDF object, for archives that show PDF beside the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CardiacSegmentationLib.export.dicom_objects import PDF_SERIES, NewSeries, make_object, without_warnings

if TYPE_CHECKING:
    from pydicom import Dataset

    from CardiacSegmentationLib.export.dicom_source import DicomSource

TITLE = "Ventricular function"
DOCUMENT_TITLE = ("LN", "18748-4", "Diagnostic imaging study")


@without_warnings()
def make_encapsulated_pdf(pdf: bytes, source: DicomSource, *, is_signed: bool = False) -> Dataset:
    """The PDF in the study of the source, in a new series."""
    from highdicom.sr import CodedConcept

    series = NewSeries(PDF_SERIES, f"{TITLE} (report)")
    document = make_object(source, "EncapsulatedPDFStorage", "DOC", series)
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
