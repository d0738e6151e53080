"""Images and borders as a browser takes them: a sheet of all slices for each phase, and points in whole numbers."""

from __future__ import annotations

import base64
import io
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.export.montage import Window, find_window, grey_levels

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.contours import Border, Contours
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

QUALITY = 82  # of WebP: 3 to 4 kB for a heart of 110 × 110 pixels
EFFORT = 2  # of 6: half the time of the default, at the same size
PIXEL_PARTS = 32  # a border's points are whole numbers of these
POINT_MM = 1.7  # between the points of a border as they are sent; the page draws smooth curves through them


@dataclass(frozen=True)
class Crop:
    """A part of every image, in whole pixels."""

    row: int
    column: int
    rows: int
    columns: int


def whole_image(stack: CineStack) -> Crop:
    """All of every image."""
    return Crop(0, 0, *stack.voxels.shape[2:])


def crop_to_heart(stack: CineStack, window: Window) -> Crop:
    """The part of every image that holds the window around the heart."""
    spans = []
    for first, pixel_mm, size in zip((window.row, window.column), stack.pixel_mm, stack.voxels.shape[2:], strict=True):
        start, end = math.floor(first + 0.5), math.ceil(first + 0.5 + window.side_mm / pixel_mm)
        spans.append((max(start, 0), min(end, size)))
    (top, bottom), (left, right) = spans
    return Crop(top, left, max(bottom - top, 1), max(right - left, 1))


def describe_images(stack: CineStack, segmentation: Segmentation, *, whole: bool) -> tuple[Crop, dict[str, Any]]:
    """The part of the images that the page shows, the heart unless ``whole``, and those as the page takes them."""
    window = find_window(stack, segmentation)
    heart = crop_to_heart(stack, window)
    crop = whole_image(stack) if whole else heart
    per_row = math.ceil(math.sqrt(stack.slices))
    limits = grey_levels(stack, window)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # encoding leaves Python to others
        sheets = list(
            pool.map(lambda phase: data_uri(encode_sheet(stack, phase, crop, per_row, limits)), range(stack.phases))
        )
    return crop, {
        "rows": crop.rows,
        "columns": crop.columns,
        "columnsOfSheet": per_row,
        "spacing": list(stack.pixel_mm),
        "origin": [crop.row, crop.column],
        "heart": {
            "x": heart.column - crop.column,
            "y": heart.row - crop.row,
            "columns": heart.columns,
            "rows": heart.rows,
        },
        "sheets": sheets,
    }


def encode_sheet(stack: CineStack, phase: int, crop: Crop, per_row: int, limits: tuple[float, float]) -> bytes:
    """All slices of a phase on one sheet."""
    shown = stack.voxels[phase, :, crop.row : crop.row + crop.rows, crop.column : crop.column + crop.columns]
    return encode_images(shown, per_row, limits)


def encode_images(images: npt.NDArray[Any], per_row: int, limits: tuple[float, float]) -> bytes:
    """Images side by side, row after row, as WebP; ``limits`` are the darkest and brightest grey."""
    from PIL import Image

    count, rows, columns = images.shape
    darkest, brightest = limits
    grey = np.clip((images.astype(np.float32) - darkest) / (brightest - darkest), 0.0, 1.0)
    sheet = np.zeros((math.ceil(count / per_row) * rows, per_row * columns), np.uint8)
    for number, image in enumerate(np.rint(grey * 255).astype(np.uint8)):
        row, column = divmod(number, per_row)
        sheet[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns] = image
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "WEBP", quality=QUALITY, method=EFFORT)
    return file.getvalue()


def describe_contours(contours: Contours, crop: Crop) -> dict[str, Any]:
    """Each border as column and row of its first point and the steps to the others, in parts of a pixel of the crop.

    Places are those of the picture: the middle of its first pixel is half a pixel from its corner.
    """
    return {border.value: {"points": _steps(contours, border, crop)} for border in contours.borders}


def _steps(contours: Contours, border: Border, crop: Crop) -> list[int]:
    curve = contours.borders[border]
    length = float(np.hypot(*np.diff(curve, axis=0, append=curve[:1]).T).sum())
    count = max(min(len(curve), round(length / POINT_MM)), 8)
    chosen = np.unique(np.linspace(0, len(curve), count, endpoint=False).astype(int))
    places = contours.in_pixels(border)[chosen] - (crop.row, crop.column) + 0.5
    parts = np.rint(places[:, ::-1] * PIXEL_PARTS).astype(int)
    return [int(number) for number in np.diff(parts, axis=0, prepend=[[0, 0]]).ravel()]


def data_uri(webp: bytes) -> str:
    """An image that lies in the page."""
    return f"data:image/webp;base64,{base64.b64encode(webp).decode('ascii')}"
