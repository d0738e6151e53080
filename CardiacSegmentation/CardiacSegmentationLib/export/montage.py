"""Every slice of one phase with the contours that were measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.export.fonts import text_width_mm
from CardiacSegmentationLib.export.wording import phrase
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from CardiacSegmentationLib.export.report_content import Content
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import Array, CineStack

AROUND_HEART_MM = 14.0
LONGEST_SIDE_MM = 300.0
CAPTION_SIZE = 6.0
DOTS_PER_INCH = 180
SPLINE_REACH = 8  # pixels around a tile that its smooth interpolation depends on
TILE = 0.985  # of its place in the grid; the rest is the gap


@dataclass(frozen=True)
class Window:
    """The square part of each image that is shown, the same in all phases: its top left corner (as an index, where a
    pixel's middle is a whole number) and its side."""

    row: float
    column: float
    side_mm: float


def find_window(stack: CineStack, segmentation: Segmentation) -> Window:
    """A square around everything labelled; the middle of the image where nothing is."""
    row_mm, column_mm = stack.pixel_mm
    labels = segmentation.labels
    rows, columns = find_box(labels) if labels.any() else map(slice, (0, 0), labels.shape[2:])
    height, width = (rows.stop - rows.start) * row_mm, (columns.stop - columns.start) * column_mm
    side = min(max(height, width) + 2 * AROUND_HEART_MM, LONGEST_SIDE_MM)
    middle_row, middle_column = (rows.start + rows.stop - 1) / 2, (columns.start + columns.stop - 1) / 2
    return Window(middle_row - side / row_mm / 2, middle_column - side / column_mm / 2, side)


def best_columns(slices: int, width: float, height: float) -> int:
    """How many tiles stand side by side so that they are as large as the space allows."""
    return max(range(1, slices + 1), key=lambda columns: min(width / columns, height / math.ceil(slices / columns)))


def draw_montage(axes: Axes, content: Content, phase: int, columns: int, tile_mm: float) -> None:
    """Draw all slices of a phase, base first; contours of slices that do not count are dashed."""
    stack = content.stack
    montage = _Montage(axes, content, phase, tile_mm, find_window(stack, content.segmentation))
    darkest, brightest = grey_levels(stack, montage.window)
    axes.imshow(
        _mosaic(montage, columns),
        cmap="gray",
        vmin=darkest,
        vmax=brightest,
        extent=(0, columns, math.ceil(stack.slices / columns), 0),
        interpolation="none",
    )
    for slice_ in range(stack.slices):
        row, column = divmod(slice_, columns)
        _draw_contours(montage, slice_, (column, row))
        _caption(montage, slice_, (column, row))
    axes.set(xlim=(0, columns), ylim=(math.ceil(stack.slices / columns), 0), aspect="equal")
    axes.set_axis_off()


@dataclass(frozen=True)
class _Montage:
    axes: Axes
    content: Content
    phase: int
    tile_mm: float  # how large a tile is on paper
    window: Window


def contours(mask: npt.NDArray[np.bool_]) -> list[Array]:
    """The outlines of a mask as (column, row) polygons half-way between pixels in and out: those the areas are of."""
    from contourpy import contour_generator

    if not mask.any():
        return []
    rows, columns = find_box(mask)
    lines = contour_generator(z=np.pad(mask[rows, columns], 1).astype(np.float64)).lines(0.5)
    corner = np.array([columns.start, rows.start]) - 1.0
    return [np.asarray(line) + corner for line in lines]


def _draw_contours(montage: _Montage, slice_: int, corner: tuple[int, int]) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    window, content = montage.window, montage.content
    row_mm, column_mm = content.stack.pixel_mm
    labels = content.segmentation.labels[montage.phase, slice_]
    frame = Rectangle(corner, TILE, TILE, transform=montage.axes.transData)
    for label, structure in BY_LABEL.items():
        if not (labels == label).any():
            continue
        # The myocardium is measured as the outer border less the cavity; the cavity has its own contour.
        mask = labels >= label if label is Label.MYO else labels == label
        lines = [
            (outline - [window.column, window.row]) * [column_mm, row_mm] / window.side_mm * TILE + corner
            for outline in contours(mask)
        ]
        counts = content.assessment.counted[label - 1, montage.phase, slice_]
        style = "solid" if counts else (0, (2.0, 1.5))
        color = np.array(structure.color_rgb) / 255
        collection = LineCollection(lines, colors=[color], linewidths=0.9, linestyles=style)
        montage.axes.add_collection(collection, autolim=False)
        collection.set_clip_path(frame)


def _caption(montage: _Montage, slice_: int, corner: tuple[int, int]) -> None:
    from matplotlib.patheffects import withStroke

    content, phase, last = montage.content, montage.phase, montage.content.stack.slices - 1
    language, labels = content.language, content.segmentation.labels[phase, slice_]
    end = {0: "base", last: "apex"}.get(slice_) if last else None
    number = f"{slice_ + 1}{f' {phrase(end, language)}' if end else ''}"
    texts = [(0.03, 0.04, number, "left", "top")]
    if content.segmentation.corrected[phase, slice_]:
        word = phrase("corrected", language)
        fits = text_width_mm(f"{number}  {word}", CAPTION_SIZE) < 0.92 * montage.tile_mm
        texts.append(
            (0.95, 0.04, word, "right", "top") if fits else (0.03, 0.04 + 2.6 / montage.tile_mm, word, "left", "top")
        )
    left_out = ", ".join(
        structure.segment_id
        for label, structure in BY_LABEL.items()
        if not content.assessment.counted[label - 1, phase, slice_] and (labels == label).any()
    )
    if left_out:
        text = phrase("not-counted", language, names=left_out)
        fits = text_width_mm(text, CAPTION_SIZE) < 0.92 * montage.tile_mm
        texts.append((0.03, 0.95, text if fits else f"({left_out})", "left", "bottom"))
    for x, y, text, ha, va in texts:
        written = montage.axes.text(
            corner[0] + x, corner[1] + y, text, color="#ffe680", fontsize=CAPTION_SIZE, ha=ha, va=va
        )
        written.set_path_effects([withStroke(linewidth=1.2, foreground="black")])


def _mosaic(montage: _Montage, columns: int) -> Array:
    """All tiles in one picture, white between them: drawn once, it is embedded once."""
    stack, phase = montage.content.stack, montage.phase
    pixels = round(montage.tile_mm / 25.4 * DOTS_PER_INCH)
    drawn = round(pixels * TILE)
    rows = math.ceil(stack.slices / columns)
    mosaic = np.full((rows * pixels, columns * pixels), np.inf, np.float32)
    for slice_ in range(stack.slices):
        row, column = divmod(slice_, columns)
        place = np.s_[row * pixels : row * pixels + drawn, column * pixels : column * pixels + drawn]
        mosaic[place] = picture_of(stack, stack.voxels[phase, slice_], montage.window, drawn)
    return mosaic


def picture_of(stack: CineStack, image: Array, window: Window, size: int) -> Array:
    """The window of one image as ``size`` × ``size`` pixels, smoothly interpolated, black outside the image."""
    from scipy.ndimage import affine_transform

    row_mm, column_mm = stack.pixel_mm
    pixel_mm = window.side_mm / size
    scale = np.array([pixel_mm / row_mm, pixel_mm / column_mm])
    corner = np.array([window.row, window.column])
    start = np.maximum(np.floor(corner).astype(int) - SPLINE_REACH, 0)  # a spline through all of it costs much more
    stop = np.ceil(corner + size * scale).astype(int) + SPLINE_REACH
    near = image[start[0] : stop[0], start[1] : stop[1]].astype(np.float32)
    first = corner + scale / 2 - start
    tile: Array = affine_transform(near, np.diag(scale), first, (size, size), order=3, cval=0.0)
    return tile


def grey_levels(stack: CineStack, window: Window) -> tuple[float, float]:
    """Window of the display from what is shown, so that bright fat at the rim does not darken the heart."""
    row_mm, column_mm = stack.pixel_mm
    top, left = max(int(window.row), 0), max(int(window.column), 0)
    rows, columns = int(window.side_mm / row_mm), int(window.side_mm / column_mm)
    shown = stack.voxels[:: max(stack.phases // 4, 1), :, top : top + rows : 2, left : left + columns : 2]
    darkest, brightest = np.percentile(shown, (1.0, 99.0))
    return float(darkest), float(max(brightest, darkest + 1e-6))
