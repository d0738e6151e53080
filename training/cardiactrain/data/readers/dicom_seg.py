"""Reader of our own studies: each folder holds a cine study and DICOM SEG objects that point to its images.

So a study that a reader corrected becomes training data: what the product writes, training reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from CardiacSegmentationLib.cine.find import find_stacks
from CardiacSegmentationLib.cine.read import read_stack
from CardiacSegmentationLib.segmentation import STRUCTURES, Label
from CardiacSegmentationLib.structures import BY_LABEL

from cardiactrain.data.sources import describe
from cardiactrain.data.subject import LabelledStack, Subject
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack
    from pydicom import Dataset

SEG_CLASS = "1.2.840.10008.5.1.4.1.1.66.4"
CODES = {structure.code.value: label for label, structure in BY_LABEL.items()}


def read(folder: Path) -> Iterator[Subject]:
    """One subject per folder directly below ``folder`` that holds SEG objects, or ``folder`` itself."""
    places = [place for place in sorted(folder.iterdir()) if place.is_dir()]
    found = [(place, _find_segmentations(place)) for place in places]
    chosen = [(place, objects) for place, objects in found if objects] or [(folder, _find_segmentations(folder))]
    for place, objects in chosen:
        if objects:
            yield _subject(place, objects)


def _find_segmentations(folder: Path) -> list[Dataset]:
    import pydicom
    from pydicom.errors import InvalidDicomError

    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            header = pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True)
        except (InvalidDicomError, OSError):
            continue
        if header.get("SOPClassUID") == SEG_CLASS:
            found.append(pydicom.dcmread(path))
    return found


def _subject(folder: Path, objects: list[Dataset]) -> Subject:
    stack = read_stack(find_stacks(folder))
    if not stack.instance_uids:
        msg = f"{folder} has segmentations, but the images beside them are not DICOM."
        raise DataError(msg)
    places = _places(stack)
    labels = np.zeros(stack.voxels.shape, np.uint8)
    known: dict[int, set[Label]] = {}
    for item in objects:
        _paint(item, places, labels, known)
    if not known:
        msg = f"No segmentation in {folder} points to an image of its short-axis stack."
        raise DataError(msg)
    volumes = {phase: int((labels[phase] == Label.LV).sum()) for phase in known}
    order = sorted(known, key=lambda phase: -volumes[phase])
    names = ["ED", *[f"P{n}" for n in range(1, len(order) - 1)], "ES"][: len(order)] if len(order) > 1 else ["ED"]
    stacks = [_stack(name, stack, labels, phase, known[phase]) for name, phase in zip(names, order, strict=True)]
    facts = describe("own", folder.name, vendor=_vendor(folder), group="unknown")
    return Subject(facts, stack.spacing_mm, tuple(stacks))


def _stack(name: str, stack: CineStack, labels: Any, phase: int, structures: set[Label]) -> LabelledStack:
    known = np.zeros((stack.slices, len(STRUCTURES)), bool)
    known[:, [int(label) - 1 for label in structures]] = True
    return LabelledStack(name, stack.voxels[phase], labels[phase], known, np.ones(stack.slices, bool))


def _places(stack: CineStack) -> dict[tuple[str, int], tuple[int, int]]:
    """(Instance, frame) → (phase, slice); single-frame images have frame 1."""
    frames = getattr(stack, "frame_numbers", ()) or ()
    return {
        (uid, int(frames[phase][k]) if frames else 1): (phase, k)
        for phase, row in enumerate(stack.instance_uids)
        for k, uid in enumerate(row)
    }


def _paint(item: Dataset, places: Any, labels: Any, known: dict[int, set[Label]]) -> None:
    """Write a SEG's frames into ``labels``; LV lies over MYO, MYO over RV, should they overlap."""
    segments = {int(s.SegmentNumber): _label(s) for s in item.SegmentSequence}
    pixels = item.pixel_array.reshape(-1, item.Rows, item.Columns)
    phases = set()
    for frame, groups in zip(pixels, item.PerFrameFunctionalGroupsSequence, strict=True):
        label = segments.get(int(groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber))
        place = places.get(_source(groups))
        if label is None or place is None:
            continue
        target = labels[place]
        if target.shape != frame.shape:
            msg = f"A segmentation of {frame.shape} pixels points to an image of {target.shape}."
            raise DataError(msg)
        target[(frame > 0) & (target < int(label))] = int(label)
        phases.add(place[0])
    for phase in phases:  # a structure without a frame was looked for and not there
        known.setdefault(phase, set()).update(label for label in segments.values() if label is not None)


def _label(segment: Dataset) -> Label | None:
    return CODES.get(str(segment.SegmentedPropertyTypeCodeSequence[0].CodeValue))


def _source(groups: Dataset) -> tuple[str, int] | None:
    derivation = groups.get("DerivationImageSequence")
    if not derivation or not derivation[0].get("SourceImageSequence"):
        return None
    source = derivation[0].SourceImageSequence[0]
    number = source.get("ReferencedFrameNumber", 1)
    return str(source.ReferencedSOPInstanceUID), int(number[0] if not isinstance(number, int | str) else number)


def _vendor(folder: Path) -> str:
    """The maker of the scanner, from the first MR image."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            header = pydicom.dcmread(path, specific_tags=["Manufacturer", "Modality"], stop_before_pixels=True)
        except (InvalidDicomError, OSError):
            continue
        if header.get("Modality") == "MR" and header.get("Manufacturer"):
            return str(header.Manufacturer)
    return "unknown"
