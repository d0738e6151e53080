"""The parts of a phantom's DICOM objects that all layouts share: who, when, where, how it was scanned."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage
from pydicom.valuerep import format_number_as_ds

from CardiacSegmentationLib import __version__

if TYPE_CHECKING:
    from CardiacSegmentationLib.phantom.geometry import ImagePlane
    from CardiacSegmentationLib.phantom.spec import PhantomSpec
    from CardiacSegmentationLib.stack import Array

STUDY_YEAR, STUDY_DATE = 2024, "20240515"
SCAN_START_S = 9 * 3600  # the study begins at nine o'clock
BREATH_HOLD_S = 20
REPETITION_MS, ECHO_MS, FLIP_DEGREES, FIELD_T = 3.0, 1.5, 50, 1.5
IMPLEMENTATION_UID = "2.25.305823490218459132477121890021936651"


def make_uid(spec: PhantomSpec, *role: object) -> str:
    """A UID that is the same whenever the same phantom is written, and differs for everything else."""
    words = f"{sorted(asdict(spec).items())}{role}".encode()
    return f"2.25.{int.from_bytes(hashlib.sha256(words).digest()[:16], 'big') or 1}"


def decimal(value: float) -> str:
    """A number as DICOM's decimal string, at most 16 characters."""
    return format_number_as_ds(round(float(value), 9))


def study_header(spec: PhantomSpec) -> Dataset:
    """Patient, study and frame of reference: the same in every object of the study."""
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 100"
    header.PatientName = "Phantom^Beating Heart"
    header.PatientID = f"PHANTOM-{spec.seed}"
    header.PatientBirthDate = f"{STUDY_YEAR - spec.age_years}0101"
    header.PatientSex = spec.sex
    header.PatientAge = f"{spec.age_years:03d}Y"
    header.PatientSize = decimal(spec.height_cm / 100)
    header.PatientWeight = decimal(spec.weight_kg)
    header.StudyInstanceUID = make_uid(spec, "study")
    header.StudyDate, header.StudyTime = STUDY_DATE, clock(0)
    header.StudyID = "1"
    header.StudyDescription = "Cardiac MR phantom"
    header.AccessionNumber = ""
    header.ReferringPhysicianName = ""
    header.Modality = "MR"
    header.PatientPosition = "HFS"
    header.BodyPartExamined = "HEART"
    header.FrameOfReferenceUID = make_uid(spec, "frame of reference")
    header.PositionReferenceIndicator = ""
    header.InstitutionName = "CardiacSegmentation phantom"
    header.SoftwareVersions = __version__
    header.DeviceSerialNumber = "0"
    header.MagneticFieldStrength = decimal(FIELD_T)
    return header


def clock(seconds: float) -> str:
    """Time of day so many seconds after the study began."""
    now = SCAN_START_S + seconds
    return f"{int(now // 3600):02d}{int(now // 60 % 60):02d}{now % 60:09.6f}"


def begin_series(header: Dataset, spec: PhantomSpec, number: int, description: str) -> Dataset:
    """The header of a new series."""
    series = copy_of(header)
    series.SeriesInstanceUID = make_uid(spec, "series", number)
    series.SeriesNumber = number
    series.SeriesDescription = description
    series.ProtocolName = description
    series.SeriesDate, series.SeriesTime = STUDY_DATE, clock(BREATH_HOLD_S * number)
    return series


def copy_of(dataset: Dataset) -> Dataset:
    """A dataset with the same elements, to which others are added; cheap, the elements are shared."""
    copied = Dataset()
    copied.update(dataset)
    return copied


def put_classic_scan(series: Dataset, spec: PhantomSpec, *, cine: bool) -> None:
    """How a classic MR image was acquired, as far as a whole series has it in common."""
    series.SOPClassUID = MRImageStorage
    series.ScanningSequence = "GR"
    series.SequenceVariant = "SS"
    series.ScanOptions = "CG" if cine else ""
    series.MRAcquisitionType = "2D"
    series.RepetitionTime, series.EchoTime = decimal(REPETITION_MS), decimal(ECHO_MS)
    series.FlipAngle = decimal(FLIP_DEGREES)
    series.EchoTrainLength = 1
    series.NumberOfAverages = "1"
    series.ImagedNucleus = "1H"
    series.ImagingFrequency = "63.87"
    if cine:
        series.NominalInterval = round(spec.rr_ms)
        series.HeartRate = round(spec.heart_rate_bpm)
        series.CardiacNumberOfImages = spec.phases


def put_plane(image: Dataset, view: ImagePlane) -> None:
    """Where a classic image lies."""
    image.ImagePositionPatient = [decimal(v) for v in view.corner_mm]
    image.ImageOrientationPatient = [decimal(v) for v in (*view.along_row, *view.along_column)]
    image.SliceLocation = decimal(round(float(view.corner_mm @ view.normal), 4))
    image.SliceThickness = decimal(view.thickness_mm)
    image.PixelSpacing = [decimal(view.pixel_mm)] * 2


def put_pixel_format(image: Dataset, pixels: Array) -> None:
    """How pixels [..., row, column] are stored: twelve bits, unsigned."""
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.Rows, image.Columns = pixels.shape[-2:]
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0


def put_pixels(image: Dataset, pixels: Array) -> None:
    """The pixels of one image [row, column] or of many [frame, row, column]."""
    if pixels.ndim == 3:
        image.NumberOfFrames = len(pixels)
    image.add_new("PixelData", "OW", pixels.astype("<u2").tobytes())


def seal(image: Dataset, uid: str, syntax: UID = ExplicitVRLittleEndian) -> Dataset:
    """Give an object its identity and file header; compressed syntaxes compress the pixels here."""
    image.SOPInstanceUID = UID(uid)
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = image.SOPClassUID
    meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = "CARDIACSEG"
    meta.TransferSyntaxUID = syntax if not syntax.is_compressed else ExplicitVRLittleEndian
    image.file_meta = meta
    if syntax.is_compressed:
        image.compress(syntax, generate_instance_uid=False)
    return image


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """One coded concept."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def dataset(**elements: Any) -> Dataset:
    """A dataset from keywords, for the items of sequences."""
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item
