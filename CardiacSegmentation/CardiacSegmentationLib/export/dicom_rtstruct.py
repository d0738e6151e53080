"""DICOM RT Structure Set: the smooth borders for other software; one object per phase, as of the segmentation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.export.contour_file import DECIMALS, borders_in_pixels
from CardiacSegmentationLib.export.dicom_objects import (
    RTSTRUCT_SERIES,
    NewSeries,
    make_object,
    person_name,
    without_warnings,
)
from CardiacSegmentationLib.export.dicom_seg import describe_algorithm, describe_origin, find_algorithm_type, flatten
from CardiacSegmentationLib.journal import moment_of
from CardiacSegmentationLib.segmentation import Border, Label
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydicom import Dataset

    from CardiacSegmentationLib.export.dicom_source import DicomSource, SourceImage
    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.segmentation import FloatArray, Segmentation
    from CardiacSegmentationLib.stack import CineStack

DESCRIPTION = "Ventricles (contours)"
# A border is named as readers name it and has the colour of the structure that it bounds.
ROIS = {
    Border.ENDO: ("LV endocardium", BY_LABEL[Label.LV].color_rgb),
    Border.EPI: ("LV epicardium", BY_LABEL[Label.MYO].color_rgb),
    Border.RV: ("RV endocardium", BY_LABEL[Label.RV].color_rgb),
}
STUDY_CLASS = (
    "1.2.840.10008.3.1.2.3.1"  # retired; the standard wants a class for a study, and everybody writes this one
)
LONGEST_DESCRIPTION = 1024  # DICOM's short text


@without_warnings()
def make_structure_sets(
    stack: CineStack,
    segmentation: Segmentation,
    source: DicomSource,
    phases: Mapping[int, str],
    *,
    reading: Reading,
) -> dict[int, Dataset]:
    """An RT Structure Set for each of ``phases`` (phase → its name, "ED") that has contours, in one new series."""
    series = NewSeries(RTSTRUCT_SERIES, DESCRIPTION)
    objects = {}
    for phase, name in phases.items():
        drawn = [
            (image, _put_on_image(image, borders_in_pixels(stack, segmentation, (phase, place))))
            for place, image in enumerate(source.images[phase])
            if image is not None and segmentation.labels[phase, place].any()
        ]
        if not any(borders for _, borders in drawn):
            continue  # a pixel or two that the network labelled in a bad image bound no curve
        made = make_object(source, "RTStructureSetStorage", "RTSTRUCT", series, instance_number=phase + 1)
        made.OperatorsName = person_name(reading.reader)
        made.StructureSetLabel = name
        made.StructureSetName = f"{name}: phase {phase + 1} of {stack.phases}, {stack.times_ms[phase]:.0f} ms"
        made.StructureSetDescription = describe_origin(segmentation, phase)[:LONGEST_DESCRIPTION]
        _put_date(made, "StructureSet", datetime.now().astimezone())
        _describe_approval(made, reading)
        _put_structures(made, segmentation, source, phase, drawn)
        objects[phase] = made
    return objects


def _put_on_image(image: SourceImage, borders: dict[Border, FloatArray]) -> dict[Border, FloatArray]:
    """Borders ``[point, (row, column)]`` as ``[point, (x, y, z)]`` in the patient's millimetres.

    The image itself says where it lies: slices need not lie evenly, nor straight behind each other, as in a stack.
    """
    header = flatten(image)
    across, down = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    row_mm, column_mm = map(float, header.PixelSpacing)
    steps = np.stack([down * row_mm, across * column_mm])
    return {border: np.array(header.ImagePositionPatient, float) + curve @ steps for border, curve in borders.items()}


def _put_structures(
    made: Dataset,
    segmentation: Segmentation,
    source: DicomSource,
    phase: int,
    drawn: list[tuple[SourceImage, dict[Border, FloatArray]]],
) -> None:
    """The three sequences that describe a border, hold its curves and say what it is, and what images they are on."""
    frame = source.first.FrameOfReferenceUID
    made.FrameOfReferenceUID, made.PositionReferenceIndicator = frame, ""
    made.ReferencedFrameOfReferenceSequence = [
        _dataset(FrameOfReferenceUID=frame, RTReferencedStudySequence=[_list_study(source, source.of_phase(phase))])
    ]
    made.StructureSetROISequence, made.ROIContourSequence, made.RTROIObservationsSequence = [], [], []
    found = {border for _, borders in drawn for border in borders}
    for number, (border, (name, colour)) in enumerate(ROIS.items(), 1):
        if border not in found:
            continue
        roi = _dataset(ROINumber=number, ReferencedFrameOfReferenceUID=frame, ROIName=name)
        roi.ROIGenerationAlgorithm = find_algorithm_type(segmentation, phase)
        if roi.ROIGenerationAlgorithm != "MANUAL":
            roi.ROIDerivationAlgorithmIdentificationSequence = describe_algorithm(segmentation)
        curves = [(image, borders[border]) for image, borders in drawn if border in borders]
        contour = _dataset(ROIDisplayColor=list(colour), ReferencedROINumber=number)
        contour.ContourSequence = [_describe_curve(at, image, curve) for at, (image, curve) in enumerate(curves, 1)]
        observation = _dataset(ObservationNumber=number, ReferencedROINumber=number)
        observation.RTROIInterpretedType, observation.ROIInterpreter = "ORGAN", made.OperatorsName
        made.StructureSetROISequence.append(roi)
        made.ROIContourSequence.append(contour)
        made.RTROIObservationsSequence.append(observation)


def _describe_curve(number: int, image: SourceImage, curve: FloatArray) -> Dataset:
    """One closed curve, on its own image."""
    return _dataset(
        ContourNumber=number,
        ContourImageSequence=[_refer_to(image)],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(curve),
        ContourData=curve.round(DECIMALS).ravel().tolist(),
    )


def _list_study(source: DicomSource, images: Iterable[SourceImage]) -> Dataset:
    series: dict[str, list[Dataset]] = {}
    for image in images:
        series.setdefault(str(image.header.SeriesInstanceUID), []).append(_refer_to(image))
    return _dataset(
        ReferencedSOPClassUID=STUDY_CLASS,
        ReferencedSOPInstanceUID=source.first.StudyInstanceUID,
        RTReferencedSeriesSequence=[
            _dataset(SeriesInstanceUID=uid, ContourImageSequence=items) for uid, items in series.items()
        ],
    )


def _refer_to(image: SourceImage) -> Dataset:
    reference = _dataset(
        ReferencedSOPClassUID=image.header.SOPClassUID, ReferencedSOPInstanceUID=image.header.SOPInstanceUID
    )
    if image.frame is not None:
        reference.ReferencedFrameNumber = image.frame
    return reference


def _describe_approval(made: Dataset, reading: Reading) -> None:
    """A signed reading approves its contours."""
    signature = reading.signature
    made.ApprovalStatus = "APPROVED" if signature is not None else "UNAPPROVED"
    if signature is not None:
        _put_date(made, "Review", moment_of(signature.when).astimezone())
        made.ReviewerName = person_name(signature.reader)


def _put_date(made: Dataset, what: str, moment: datetime) -> None:
    """DICOM's dates and times are those of the clock on the wall."""
    setattr(made, f"{what}Date", moment.strftime("%Y%m%d"))
    setattr(made, f"{what}Time", moment.strftime("%H%M%S"))


def _dataset(**elements: Any) -> Dataset:
    from pydicom import Dataset as NewDataset

    made = NewDataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made
