"""Reader of our own studies: each folder holds a cine study and DICOM SEG objects that point to its images.

So a study that a reader corrected becomes training data: what the product writes, training reads. Where several
objects speak of one phase, the newest counts alone: it says what the reader added, and what she took away.
"""

from __future__ import annotations

import hashlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from CardiacSegmentationLib.cine.find import find_stacks
from CardiacSegmentationLib.cine.read import read_stack
from CardiacSegmentationLib.export.dicom_source import read_source as read_dicom_source
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

    from cardiactrain.data.readers.reading import Found

    Places = dict[tuple[str, int] | None, tuple[int, int]]

LOG = logging.getLogger(__name__)
SEG_CLASS = "1.2.840.10008.5.1.4.1.1.66.4"
CODES = {structure.code.value: label for label, structure in BY_LABEL.items()}


def find(folder: Path) -> Iterator[Found]:
    """One subject per folder directly below ``folder`` that holds SEG objects, or ``folder`` itself."""
    places = [place for place in sorted(folder.iterdir()) if place.is_dir()]
    found = [(place, _find_segmentations(place)) for place in places]
    chosen = [(place, paths) for place, paths in found if paths] or [(folder, _find_segmentations(folder))]
    for place, paths in chosen:
        if paths:
            yield place, partial(_subject, place, paths)


def _find_segmentations(folder: Path) -> list[Path]:
    import pydicom
    from pydicom.errors import InvalidDicomError

    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            header = pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True)
        except (InvalidDicomError, OSError):
            continue
        if header.get("SOPClassUID") == SEG_CLASS:
            found.append(path)
    return found


def _subject(folder: Path, paths: list[Path]) -> Subject:
    stack = read_stack(find_stacks(folder))
    if not stack.instance_uids:
        msg = f"{folder} has segmentations, but the images beside them are not DICOM."
        raise DataError(msg)
    places = _places(stack)
    labels = np.zeros(stack.voxels.shape, np.uint8)
    known: dict[int, set[Label]] = {}
    for phase, item in _choose(paths, places).items():
        known[phase] = _paint(item, phase, places, labels)
    if not known:
        msg = f"No segmentation in {folder} points to an image of its short-axis stack."
        raise DataError(msg)
    volumes = {phase: int((labels[phase] == Label.LV).sum()) for phase in known}
    order = sorted(known, key=lambda phase: -volumes[phase])
    names = ["ED", *[f"P{n}" for n in range(1, len(order) - 1)], "ES"][: len(order)] if len(order) > 1 else ["ED"]
    stacks = [_stack(name, stack, labels, phase, known[phase]) for name, phase in zip(names, order, strict=True)]
    header = read_dicom_source(stack).first
    vendor = str(header.get("Manufacturer") or "unknown")
    facts = describe("own", folder.name, vendor=vendor, group="unknown", patient=_patient(header))
    return Subject(facts, stack.spacing_mm, tuple(stacks))


def _stack(name: str, stack: CineStack, labels: Any, phase: int, structures: set[Label]) -> LabelledStack:
    known = np.zeros((stack.slices, len(STRUCTURES)), bool)
    known[:, [int(label) - 1 for label in structures]] = True
    return LabelledStack(name, stack.voxels[phase], labels[phase], known, np.ones(stack.slices, bool))


def _places(stack: CineStack) -> Places:
    """(Instance, frame) → (phase, slice); single-frame images have frame 1."""
    frames = getattr(stack, "frame_numbers", ()) or ()
    return {
        (uid, int(frames[phase][k]) if frames else 1): (phase, k)
        for phase, row in enumerate(stack.instance_uids)
        for k, uid in enumerate(row)
    }


def _choose(paths: list[Path], places: Places) -> dict[int, Dataset]:
    """The newest object of every phase."""
    import pydicom

    found: dict[int, dict[str, tuple[str, Path, Dataset]]] = {}
    for path in paths:
        item = pydicom.dcmread(path)
        time = f"{item.get('ContentDate', '')} {item.get('ContentTime', '')}"
        for phase in {phase for _, _, (phase, _) in _frames(item, places)}:
            found.setdefault(phase, {})[str(item.SOPInstanceUID)] = time, path, item  # copies of a file are one object
    chosen = {}
    for phase, objects in found.items():
        *older, newest = sorted(objects.values(), key=lambda entry: entry[0])
        if older and older[-1][0] == newest[0]:
            pair = f"{older[-1][1]} and {newest[1]}"
            msg = f"{pair} segment the same images, and neither is newer by its content date and time. Keep one."
            raise DataError(msg)
        chosen[phase] = newest
    if left_out := set(paths) - {path for _, path, _ in chosen.values()}:
        names = ", ".join(sorted(path.name for path in left_out))
        LOG.warning("%s: left out as older, or as not of this stack's ventricles: %s.", paths[0].parent, names)
    return {phase: item for phase, (_, _, item) in chosen.items()}


def _paint(item: Dataset, phase: int, places: Places, labels: Any) -> set[Label]:
    """Write a phase's frames into ``labels``; LV lies over MYO, MYO over RV, should they overlap.

    Returns the structures it speaks of: one without a frame was looked for and not there.
    """
    pixels = item.pixel_array.reshape(-1, item.Rows, item.Columns)
    for number, label, place in _frames(item, places):
        frame, target = pixels[number], labels[place]
        if place[0] != phase:
            continue
        if target.shape != frame.shape:
            msg = f"A segmentation of {frame.shape} pixels points to an image of {target.shape}."
            raise DataError(msg)
        target[(frame > 0) & (target < int(label))] = int(label)
    labelled = {_label(segment) for segment in item.SegmentSequence}
    return {label for label in labelled if label is not None}


def _frames(item: Dataset, places: Places) -> list[tuple[int, Label, tuple[int, int]]]:
    """Number, structure and (phase, slice) of each frame that is a ventricle's on an image of the stack."""
    segments = {int(s.SegmentNumber): _label(s) for s in item.SegmentSequence}
    found = []
    for number, groups in enumerate(item.PerFrameFunctionalGroupsSequence):
        label = segments.get(int(groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber))
        place = places.get(_source(groups))
        if label is not None and place is not None:
            found.append((number, label, place))
    return found


def _label(segment: Dataset) -> Label | None:
    return CODES.get(str(segment.SegmentedPropertyTypeCodeSequence[0].CodeValue))


def _source(groups: Dataset) -> tuple[str, int] | None:
    derivation = groups.get("DerivationImageSequence")
    if not derivation or not derivation[0].get("SourceImageSequence"):
        return None
    source = derivation[0].SourceImageSequence[0]
    number = source.get("ReferencedFrameNumber", 1)
    return str(source.ReferencedSOPInstanceUID), int(number[0] if not isinstance(number, int | str) else number)


def _patient(header: Dataset) -> str:
    """Tells one patient from another without naming her; empty where the header names nobody."""
    said = str(header.get("PatientID", "")).strip()
    return hashlib.sha256(said.encode()).hexdigest()[:12] if said else ""
