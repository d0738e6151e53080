"""DICOM Segmentation: one object per phase, for a cine repeats its positions."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.contour_file import DECIMALS
from CardiacSegmentationLib.export.corrections import name_ranges
from CardiacSegmentationLib.export.dicom_objects import (
    PROGRAM,
    SEG_SERIES,
    NewSeries,
    concept,
    describe_labels,
    new_uid,
    person_name,
    without_warnings,
)
from CardiacSegmentationLib.segmentation import Origin
from CardiacSegmentationLib.structures import ANATOMICAL_STRUCTURE, BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentDescription
    from pydicom import Dataset

    from CardiacSegmentationLib.export.dicom_source import DicomSource, SourceImage
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

DESCRIPTION = "Ventricles (LV, MYO, RV)"
# What a frame of a multi-frame object says in its functional groups and a single image says directly.
PLANE_ELEMENTS = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing",),
}


@without_warnings()
def make_segmentations(
    stack: CineStack,
    segmentation: Segmentation,
    source: DicomSource,
    phases: Mapping[int, str],
    *,
    reader: str = "",
) -> dict[int, Dataset]:
    """A SEG object for each of ``phases`` (phase → its name, "ED"); all stand in one new series."""
    series = NewSeries(SEG_SERIES, DESCRIPTION)
    tracking = {label: new_uid() for label in BY_LABEL}
    objects = {}
    for phase, name in phases.items():
        if not segmentation.labels[phase].any():
            raise ExportError.of("no-labels-in-phase", phase=phase)
        seg = _make_one(stack, segmentation, source, phase, series=series, tracking=tracking)
        seg.ContentLabel = f"PHASE_{phase + 1:03d}"
        seg.ContentDescription = f"{name}: phase {phase + 1} of {stack.phases}, {stack.times_ms[phase]:.0f} ms"
        seg.ContentCreatorName = person_name(reader)
        objects[phase] = seg
    return objects


def _make_one(
    stack: CineStack,
    segmentation: Segmentation,
    source: DicomSource,
    phase: int,
    *,
    series: NewSeries,
    tracking: Mapping[Any, str],
) -> Dataset:
    from highdicom.seg import Segmentation as SegObject
    from highdicom.seg import SegmentationTypeValues

    images = [(slice_, image) for slice_, image in enumerate(source.images[phase]) if image]
    single = {new_uid(): image for _, image in images}
    slices = [slice_ for slice_, _ in images]
    seg: Dataset = SegObject(
        source_images=[_as_single_image(image, uid, source.first, stack) for uid, image in single.items()],
        pixel_array=np.ascontiguousarray(segmentation.labels[phase][slices]),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=_describe_segments(segmentation, phase, tracking),
        sop_instance_uid=new_uid(),
        instance_number=phase + 1,
        **series.arguments,
    )
    _point_to_source(seg, single)
    return seg


def _describe_segments(segmentation: Segmentation, phase: int, tracking: Mapping[Any, str]) -> list[SegmentDescription]:
    """One segment per structure; its number is the label's value."""
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription

    algorithm_type = find_algorithm_type(segmentation, phase)
    algorithm = describe_algorithm(segmentation)
    descriptions = [
        SegmentDescription(
            segment_number=int(label),
            segment_label=structure.name,
            segmented_property_category=concept(ANATOMICAL_STRUCTURE),
            segmented_property_type=concept(structure.code),
            algorithm_type=algorithm_type,
            algorithm_identification=None if algorithm_type == "MANUAL" else algorithm,
            tracking_uid=tracking[label],
            tracking_id=structure.segment_id,
            display_color=CIELabColor.from_rgb(*structure.color_rgb),
        )
        for label, structure in sorted(BY_LABEL.items())
    ]
    for description in descriptions:
        description.SegmentDescription = describe_origin(segmentation, phase)
    return descriptions


def describe_algorithm(segmentation: Segmentation) -> AlgorithmIdentificationSequence:
    """The program and the network that made the labels."""
    from highdicom import AlgorithmIdentificationSequence
    from pydicom.sr.codedict import codes

    return AlgorithmIdentificationSequence(
        name=PROGRAM,
        family=codes.DCM.ArtificialIntelligence,
        version=__version__,
        source=PROGRAM,
        parameters={"model": describe_labels(segmentation)},
    )


def find_algorithm_type(segmentation: Segmentation, phase: int) -> str:
    """Whether the labels of a phase are the network's, the network's with corrections, or not the network's."""
    if segmentation.model is None:
        return "MANUAL"
    return "SEMIAUTOMATIC" if segmentation.corrected[phase].any() else "AUTOMATIC"


def describe_origin(segmentation: Segmentation, phase: int) -> str:
    """Who made the labels of a phase, slice by slice: "network …; slices 3, 4 by the reader"."""
    parts = [describe_labels(segmentation)]
    for origin, words in ((Origin.READER, "by the reader"), (Origin.PROPAGATED, "propagated from the reader's")):
        places = np.flatnonzero(segmentation.origin[phase] == origin).tolist()
        if places:
            parts.append(f"{'slice' if len(places) == 1 else 'slices'} {name_ranges(places)} {words}")
    return "; ".join(parts)


def _as_single_image(image: SourceImage, uid: str, first: Dataset, stack: CineStack) -> Dataset:
    """The image as a header of its own under a provisional UID.

    highdicom takes the single images of one series or one multi-frame object, and in the latter it refers to whatever
    frame lies at a position first: the first phase. Scanners also write a series per slice, and anonymisers a frame of
    reference per image. So every frame is presented as a single image of one series; references are put right after.
    A header may be wrong about the distance of the slices, and silent about their thickness: the stack tells both.
    """
    from pydicom.uid import MRImageStorage

    header = flatten(image)
    header.SOPInstanceUID = uid
    header.SOPClassUID = MRImageStorage
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        header[keyword] = copy(first[keyword])
    header.SpacingBetweenSlices = round(stack.spacing_mm[0], DECIMALS)
    header.SliceThickness = stack.slice_thickness_mm or header.SpacingBetweenSlices
    return header


def flatten(image: SourceImage) -> Dataset:
    """What holds for one image, said directly; the header itself where there are no functional groups."""
    from pydicom import Dataset as NewDataset

    header, frame = image.header, image.frame or 1
    groups = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
    flat = NewDataset()
    for element in header:
        if element.keyword not in (*groups, "NumberOfFrames"):
            flat.add(copy(element))
    shared, of_frames = (header.get(group) or [] for group in groups)
    for group in (*shared, *of_frames[frame - 1 : frame]):
        for sequence, keywords in PLANE_ELEMENTS.items():
            for keyword in keywords:
                if sequence in group and keyword in group[sequence].value[0]:
                    flat.add(copy(group[sequence].value[0][keyword]))
    return flat


def _point_to_source(seg: Dataset, provisional: Mapping[str, SourceImage]) -> None:
    """Replace provisional UIDs by the true objects and frames, wherever they stand."""
    seg.ReferencedSeriesSequence = _list_series(provisional.values())
    for group in seg.PerFrameFunctionalGroupsSequence:
        for derivation in group.get("DerivationImageSequence", []):
            for item in derivation.SourceImageSequence:
                image = provisional.get(str(item.ReferencedSOPInstanceUID))
                if image is None:
                    continue  # segments at one position share an item, which has its true reference by now
                item.ReferencedSOPClassUID = image.header.SOPClassUID
                item.ReferencedSOPInstanceUID = image.header.SOPInstanceUID
                if image.frame is not None:
                    item.ReferencedFrameNumber = image.frame


def _list_series(images: Iterable[SourceImage]) -> list[Dataset]:
    """The true series and objects the images belong to, each once."""
    from pydicom import Dataset as NewDataset

    series: dict[str, dict[str, Dataset]] = {}
    for image in images:
        item = NewDataset()
        item.ReferencedSOPClassUID = image.header.SOPClassUID
        item.ReferencedSOPInstanceUID = image.header.SOPInstanceUID
        series.setdefault(str(image.header.SeriesInstanceUID), {})[str(item.ReferencedSOPInstanceUID)] = item
    listed = []
    for uid, objects in series.items():
        entry = NewDataset()
        entry.SeriesInstanceUID = uid
        entry.ReferencedInstanceSequence = list(objects.values())
        listed.append(entry)
    return listed
