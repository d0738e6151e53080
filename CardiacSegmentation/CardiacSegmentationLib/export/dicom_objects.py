"""What all DICOM objects we write share: who made them, where they stand in the study, how they are saved."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.errors import ExportError, reason_of
from CardiacSegmentationLib.export.files import atomic_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from highdicom.sr import CodedConcept
    from pydicom import Dataset

    from CardiacSegmentationLib.assessment import Code
    from CardiacSegmentationLib.export.dicom_source import DicomSource
    from CardiacSegmentationLib.segmentation import Segmentation

PROGRAM = "CardiacSegmentation"
PRIVATE_SCHEME = "99CARDIACSEG"  # for concepts no public scheme has
SEG_SERIES, SR_SERIES, PDF_SERIES, RTSTRUCT_SERIES = 9001, 9002, 9003, 9004  # scanners number from 1


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """Keep pydicom and highdicom from telling the user about every odd value that a scanner wrote.

    pydicom also logs, which Slicer prints: so it is told not to look at what is read. What is written it looks at.
    """
    from pydicom.config import IGNORE, settings

    before = settings.reading_validation_mode
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        settings.reading_validation_mode = IGNORE
        try:
            yield
        finally:
            settings.reading_validation_mode = before


def new_uid() -> str:
    """A UID nobody has."""
    from pydicom.uid import generate_uid

    return str(generate_uid(prefix=None))


@dataclass(frozen=True)
class NewSeries:
    """A new series of the source's study; what it is called says what it is not, for archives show little else."""

    number: int
    description: str
    uid: str = field(default_factory=new_uid)

    @property
    def arguments(self) -> dict[str, Any]:
        """As highdicom's constructors want them."""
        return {
            "series_instance_uid": self.uid,
            "series_number": self.number,
            "series_description": f"{self.description}; not a medical device",  # 64 characters at most
            "manufacturer": PROGRAM,
            "manufacturer_model_name": "cardiacseg",
            "software_versions": __version__,
            "device_serial_number": __version__,
        }


def make_object(
    source: DicomSource, kind: str, modality: str, series: NewSeries, *, instance_number: int = 1
) -> Dataset:
    """An object of the class pydicom calls ``kind`` in the study of the source, without content yet."""
    import pydicom.uid
    from highdicom.base import SOPClass

    first = source.first
    made: Dataset = SOPClass(
        study_instance_uid=first.StudyInstanceUID,
        sop_instance_uid=new_uid(),
        sop_class_uid=getattr(pydicom.uid, kind),
        instance_number=instance_number,
        modality=modality,
        transfer_syntax_uid=pydicom.uid.ExplicitVRLittleEndian,
        patient_id=first.PatientID,
        patient_name=first.PatientName,
        patient_birth_date=first.PatientBirthDate,
        patient_sex=first.PatientSex,
        accession_number=first.AccessionNumber,
        study_id=first.StudyID,
        study_date=first.StudyDate,
        study_time=first.StudyTime,
        referring_physician_name=first.ReferringPhysicianName,
        **series.arguments,
    )
    made.copy_patient_and_study_information(first)
    return made


def concept(code: Code) -> CodedConcept:
    """One of our codes as highdicom's."""
    from highdicom.sr import CodedConcept

    return CodedConcept(value=code.value, scheme_designator=code.scheme, meaning=code.meaning)


def person_name(name: str) -> str:
    """A name as DICOM wants it, family name first; written without ``^``, all of it is taken for the family name."""
    name = one_value(name)
    return name if not name or "^" in name else f"{name}^"


def one_value(text: str) -> str:
    """Text as a single value, in one line: at a backslash DICOM would part it into several."""
    return " ".join(text.replace("\\", " ").split())


def describe_labels(segmentation: Segmentation) -> str:
    """Who drew the labels: the network, with its checksum, or somebody else."""
    return segmentation.model or "labels made by hand or by another program"


@without_warnings()
def save_dicom(dataset: Dataset, path: Path) -> None:
    """Write an object as a DICOM file, its texts in UTF-8."""
    dataset.SpecificCharacterSet = (
        "ISO_IR 192"  # highdicom 0.27, which Slicer ships, cannot be told in its constructors
    )
    try:
        with atomic_path(path) as temporary:
            dataset.save_as(temporary, enforce_file_format=True)
    except OSError as error:
        raise ExportError.of("unwritable", path=path, reason=reason_of(error)) from error
