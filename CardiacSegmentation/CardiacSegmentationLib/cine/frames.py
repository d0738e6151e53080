"""A DICOM header → frames: one small value per image plane."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pydicom

from CardiacSegmentationLib.cine.elements import Elements, flatten
from CardiacSegmentationLib.cine.excluded import NoFrameError, Reason
from CardiacSegmentationLib.cine.kinds import kind_of, protocol_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from CardiacSegmentationLib.cine.excluded import Why
    from CardiacSegmentationLib.cine.parse import Header

Vector = npt.NDArray[np.float64]

MEASURES = ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "SliceThickness", "SpacingBetweenSlices",
            "RescaleSlope", "RescaleIntercept")  # fmt: skip


@dataclass(frozen=True, eq=False)
class ImageFile:
    """What all frames of one file share."""

    path: Path
    syntax: str
    patient_id: str
    study_uid: str
    series_uid: str
    instance_uid: str
    series_number: int
    description: str
    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    inverted: bool  # MONOCHROME1: the smallest value is white
    pixel_offset: int | None  # None where the pixels are compressed
    overlaid: bool  # the bits above the stored ones may hold overlays
    study_date: str  # as in the file
    frame_of_reference: str  # positions of images with the same one can be compared; often empty after anonymising


@dataclass(frozen=True)
class Timing:
    """What a frame says about when in the heart cycle it was taken; milliseconds after the R wave."""

    trigger_ms: float | None = None
    delay_ms: float | None = None
    temporal_position: float | None = None
    instance: int = 0
    acquisition: int = 0
    acquired_s: float | None = None
    rr_ms: float | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """One image plane of one heart phase; directions are unit vectors in patient space (LPS)."""

    file: ImageFile
    number: int  # within the file, from 0
    position: tuple[float, float, float]
    orientation: tuple[float, ...]  # of the rows, then of the columns
    pixel_spacing_mm: tuple[float, float]  # (row, column)
    thickness_mm: float | None
    spacing_between_mm: float | None
    slope: float
    intercept: float
    kind: str  # "cine", or what else it is: see kinds.py
    technique: tuple[str, ...]  # ORIGINAL or DERIVED, and the kind of sequence
    echo_ms: float | None
    flip_deg: float | None
    inversion_ms: float | None
    timing: Timing

    @cached_property
    def centre(self) -> Vector:
        """The middle of the image, where the heart is: of one tilted by a degree, the corner lies millimetres off."""
        row, column = np.array(self.orientation).reshape(2, 3)
        down, across = self.pixel_spacing_mm
        to_centre = row * across * (self.file.columns - 1) / 2 + column * down * (self.file.rows - 1) / 2
        return np.asarray(self.position + to_centre)


def frames_of(path: Path, header: Header) -> tuple[list[Frame], list[Why]]:
    """The frames of a file, and why some are left out, each reason once."""
    elements = header.elements
    _require_mr_image(header)
    count = max(elements.integer("NumberOfFrames") or 1, 1)
    image = _image_file(path, header)
    _require_honest_size(image, header, count)
    whole = _count_whole_frames(image, header, count)
    if whole == 0:
        raise NoFrameError(Reason.PIXELS_CUT_OFF)
    if count == 1 and "ImagePositionPatient" in elements:
        return [_frame(image, 0, elements)], []
    frames = []
    reasons: dict[Why, None] = {}
    if whole < count:
        reasons[Reason.FRAMES_CUT_OFF, f"{whole} / {count}"] = None
    for number, facts in enumerate(_facts_per_frame(path, elements, count, whole)):
        try:
            frames.append(_frame(image, number, facts))
        except NoFrameError as error:  # noqa: PERF203 - one bad frame must not fail the others
            reasons[error.why] = None
    return frames, list(reasons)


def _require_mr_image(header: Header) -> None:
    elements = header.elements
    modality = elements.text("Modality")
    if modality not in ("MR", ""):
        raise NoFrameError(Reason.NOT_MR, modality[:16])
    if header.pixels is None:
        raise NoFrameError(Reason.FLOAT_PIXELS if header.floats else Reason.NO_PIXELS)
    if (elements.integer("SamplesPerPixel") or 1) != 1:
        raise NoFrameError(Reason.COLOUR)
    if elements.text("SOPClassUID").startswith("1.2.840.10008.5.1.4.1.1.7"):
        raise NoFrameError(Reason.SCREENSHOT)


def _image_file(path: Path, header: Header) -> ImageFile:
    elements, pixels = header.elements, header.pixels
    rows, columns = elements.integer("Rows") or 0, elements.integer("Columns") or 0
    bits = elements.integer("BitsAllocated") or 0
    if not (2 <= rows <= 4096 and 2 <= columns <= 4096 and bits in (8, 16, 32)):
        raise NoFrameError(Reason.ODD_SIZE, f"{columns} × {rows}, {bits} bit")
    stored = elements.integer("BitsStored") or bits
    plain = pixels is not None and pixels.fragments is None and not pixels.deflated
    return ImageFile(
        path=path,
        syntax=header.syntax,
        patient_id=elements.text("PatientID") or elements.text("PatientName"),
        study_uid=elements.text("StudyInstanceUID"),
        series_uid=elements.text("SeriesInstanceUID"),
        instance_uid=elements.text("SOPInstanceUID"),
        series_number=elements.integer("SeriesNumber") or 0,
        description=description_of(elements),
        rows=rows,
        columns=columns,
        bits_allocated=bits,
        bits_stored=stored if 0 < stored <= bits else bits,
        signed=elements.integer("PixelRepresentation") == 1,
        inverted=elements.text("PhotometricInterpretation") == "MONOCHROME1",
        pixel_offset=pixels.offset if pixels and plain else None,
        overlaid=(elements.integer("OverlayBitPosition") or 0) > 0,
        study_date=elements.text("StudyDate"),
        frame_of_reference=elements.text("FrameOfReferenceUID"),
    )


def description_of(elements: Elements) -> str:
    """What the series is called."""
    return elements.text("SeriesDescription") or protocol_of(elements)


def _require_honest_size(image: ImageFile, header: Header, count: int) -> None:
    """Refuse a file that holds more than its header claims: the claims tell of another image."""
    pixels = header.pixels
    if pixels is None:
        return
    if pixels.length is not None:
        row = image.columns * image.bits_allocated // 8  # padding is shorter
        if pixels.length - count * image.rows * row >= row:
            raise NoFrameError(Reason.CLAIMS_LESS)
    elif pixels.begun > count:
        raise NoFrameError(Reason.CLAIMS_LESS)


def _count_whole_frames(image: ImageFile, header: Header, count: int) -> int:
    pixels = header.pixels
    if pixels is None:
        return 0
    if pixels.fragments is None:
        frame_bytes = image.rows * image.columns * image.bits_allocated // 8
        return min(count, pixels.available // frame_bytes)
    # Encoders may split a frame into several fragments; only one fragment per frame tells how many frames are whole.
    return min(count, pixels.fragments) if count > 1 or pixels.fragments == 0 else 1


def _facts_per_frame(path: Path, header: Elements, count: int, whole: int) -> list[Elements]:
    """What the header says of each of the frames that are there: its own functional groups over the shared ones."""
    dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
    little = header.little_endian
    shared = Elements({}, little)
    for item in dataset.get("SharedFunctionalGroupsSequence", None) or []:
        shared = flatten(item, little_endian=little).over(shared)
    groups = dataset.get("PerFrameFunctionalGroupsSequence", None) or []
    if len(groups) > count:
        raise NoFrameError(Reason.CLAIMS_LESS)
    if groups:
        if len(groups) < count:
            raise NoFrameError(Reason.GROUPS_MISSING, f"{len(groups)} / {count}")
        own = [flatten(item, little_endian=little) for item in groups[:whole]]
        _require_agreement(own, shared)
        common = _count_on(shared.over(header))
        return [facts.over(common) for facts in own]
    common = shared.over(header)
    return [common] if count == 1 else [_at_frame_time(common, number) for number in range(whole)]


def _require_agreement(own: Sequence[Elements], shared: Elements) -> None:
    """A measure stands in the shared groups or in each frame's own, or is the same in both."""
    for keyword in MEASURES:
        stated = shared.numbers(keyword)
        if stated and any(keyword in facts and facts.numbers(keyword) != stated for facts in own):
            raise NoFrameError(Reason.GROUPS_CONTRADICT, keyword)


def _count_on(facts: Elements) -> Elements:
    """The frames of a concatenation's second file are numbered after those of its first."""
    offset = facts.integer("ConcatenationFrameOffsetNumber")
    if not offset:
        return facts
    number = str((facts.integer("InstanceNumber") or 0) + offset).encode()
    return replace(facts, raw={**facts.raw, "InstanceNumber": number})


def _at_frame_time(facts: Elements, number: int) -> Elements:
    """A frame of a file without functional groups: its place in time comes from the frame's number."""
    steps = facts.numbers("FrameTimeVector")
    step = facts.number("FrameTime")
    known = {"InstanceNumber": str(number + 1).encode()}
    if len(steps) > number:
        known["TriggerTime"] = str(sum(steps[: number + 1])).encode()
    elif step:
        known["TriggerTime"] = str(number * step).encode()
    else:
        facts = Elements({k: v for k, v in facts.raw.items() if k != "TriggerTime"}, facts.little_endian)
    return Elements(known).over(facts) if facts.little_endian else replace(facts, raw={**facts.raw, **known})


def _frame(image: ImageFile, number: int, facts: Elements) -> Frame:
    position = facts.numbers("ImagePositionPatient")
    orientation = _orthonormal(facts.numbers("ImageOrientationPatient"))
    spacing = facts.numbers("PixelSpacing")
    if len(position) != 3:
        raise NoFrameError(Reason.NO_POSITION)
    if orientation is None:
        raise NoFrameError(Reason.NO_ORIENTATION)
    if len(spacing) != 2 or not all(0.05 < value < 20 for value in spacing):
        raise NoFrameError(Reason.NO_PIXEL_SIZE)
    slope, intercept = facts.number("RescaleSlope") or 1.0, facts.number("RescaleIntercept") or 0.0
    if not (1e-6 < abs(slope) < 1e6 and abs(intercept) < 1e9):
        raise NoFrameError(Reason.ODD_RESCALE)
    return Frame(
        file=image,
        number=number,
        position=(position[0], position[1], position[2]),
        orientation=orientation,
        pixel_spacing_mm=(spacing[0], spacing[1]),
        thickness_mm=_positive(facts.number("SliceThickness")),
        spacing_between_mm=_positive(facts.number("SpacingBetweenSlices")),
        slope=slope,
        intercept=intercept,
        kind=kind_of(facts),
        technique=facts.texts("ImageType")[:1] + facts.texts("ScanningSequence") + facts.texts("SequenceVariant"),
        echo_ms=_positive(facts.number("EchoTime") or facts.number("EffectiveEchoTime")),
        flip_deg=_positive(facts.number("FlipAngle")),
        inversion_ms=_positive(facts.number("InversionTime")),
        timing=_timing(facts, number),
    )


@lru_cache(maxsize=1024)
def _orthonormal(values: tuple[float, ...]) -> tuple[float, ...] | None:
    """Row and column direction as exact unit vectors at right angles; ``None`` where they are far from that."""
    if len(values) != 6:
        return None
    row, column = np.array(values[:3]), np.array(values[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not all(0.9 < length < 1.1 for length in lengths) or abs(row @ column) > 0.02:
        return None
    row /= lengths[0]
    column -= (column @ row) * row
    column /= np.linalg.norm(column)
    return (*row.tolist(), *column.tolist())


def _timing(facts: Elements, number: int) -> Timing:
    position = facts.number("TemporalPositionIdentifier")
    return Timing(
        trigger_ms=facts.number("TriggerTime"),
        delay_ms=facts.number("NominalCardiacTriggerDelayTime"),
        temporal_position=facts.number("TemporalPositionIndex") if position is None else position,
        instance=(facts.integer("InstanceNumber") or 0) + number,
        acquisition=facts.integer("AcquisitionNumber") or 0,
        acquired_s=_acquired_s(facts, number),
        rr_ms=_rr_interval(facts),
    )


def _acquired_s(facts: Elements, number: int) -> float | None:
    """When a frame was taken; AcquisitionTime of a file with several frames tells when the first one was."""
    if "FrameAcquisitionDateTime" in facts:
        return facts.seconds("FrameAcquisitionDateTime")
    return facts.seconds("AcquisitionTime") if number == 0 else None


def _rr_interval(facts: Elements) -> float | None:
    """R-R as the scanner states it; the bounds are 20 and 240 beats a minute."""
    rate = facts.number("HeartRate")
    stated = (facts.number("RRIntervalTimeNominal"), facts.number("NominalInterval"), 60_000 / rate if rate else None)
    return next((value for value in stated if value is not None and 250 <= value <= 3000), None)


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None
