"""The report as a DICOM object: valid, in the patient's study, and the same PDF inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydicom
import pytest
from CardiacSegmentationLib.export.dicom_objects import save_dicom
from CardiacSegmentationLib.export.dicom_pdf import make_encapsulated_pdf
from CardiacSegmentationLib.export.dicom_source import read_source

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("pdf", [b"%PDF-1.4 even", b"%PDF-1.4 uneven"])
def test_the_pdf_comes_out_as_it_went_in(pdf: bytes, dicom_case: Any, valid_dicom: Any, tmp_path: Path) -> None:
    source = read_source(dicom_case("ge").stack)
    path = tmp_path / "report.dcm"
    save_dicom(make_encapsulated_pdf(pdf, source), path)
    valid_dicom(path)

    document = pydicom.dcmread(path)
    assert bytes(document.EncapsulatedDocument)[: document.EncapsulatedDocumentLength] == pdf
    assert document.MIMETypeOfEncapsulatedDocument == "application/pdf"
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate"):
        assert document[keyword].value == source.first[keyword].value
    assert document.SeriesInstanceUID not in {header.SeriesInstanceUID for header in source.headers}
