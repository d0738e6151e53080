"""``contours.json``: the borders in patient coordinates, for software that works with curves, not pixels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.contours import find_contours
from CardiacSegmentationLib.export.files import atomic_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Border, FloatArray, Place, Segmentation
    from CardiacSegmentationLib.stack import CineStack

SCHEMA, VERSION = "cardiacseg-contours", 1
DECIMALS = 3  # of a millimetre


def write_contours_json(stack: CineStack, segmentation: Segmentation, phases: Iterable[int], path: Path) -> None:
    """The borders of every labelled image of some phases, and of every image that a person drew, wherever it is."""
    wanted = {(phase, place) for phase in phases for place in range(stack.slices)} | set(segmentation.contours)
    images = [_describe(stack, segmentation, image) for image in sorted(wanted) if segmentation.labels[image].any()]
    content = {
        "schema": SCHEMA,
        "version": VERSION,
        "space": "LPS",  # DICOM's patient coordinates
        "unit": "mm",
        "images": images,
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")


def borders_in_pixels(stack: CineStack, segmentation: Segmentation, image: Place) -> dict[Border, FloatArray]:
    """The borders of an image, drawn or from its labels: ``[point, (row, column)]``."""
    drawn = segmentation.contours.get(image)
    contours = find_contours(segmentation.labels[image], stack.pixel_mm) if drawn is None else drawn
    return {border: contours.in_pixels(border) for border in contours.borders}


def _describe(stack: CineStack, segmentation: Segmentation, image: tuple[int, int]) -> dict[str, Any]:
    """One image, counted from 1: whether a person drew it, and its closed borders."""
    phase, place = image
    borders = borders_in_pixels(stack, segmentation, image)
    return {
        "phase": phase + 1,
        "slice": place + 1,
        "drawn": image in segmentation.contours,
        "borders": {
            border.value: _in_patient(stack, curve, place).round(DECIMALS).tolist() for border, curve in borders.items()
        },
    }


def _in_patient(stack: CineStack, pixels: FloatArray, place: int) -> FloatArray:
    """Points ``(row, column)`` of a slice in the patient's millimetres."""
    rows, columns = pixels.T
    indices = np.stack([columns, rows, np.full_like(rows, place), np.ones_like(rows)])
    return np.asarray((stack.affine @ indices)[:3].T)
