"""From geometry to voxels: what a scanner would show of the heart in a plane, and the labels that are true there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.phantom.anatomy import paint_chest
from CardiacSegmentationLib.phantom.chambers import outlines, paint_heart
from CardiacSegmentationLib.phantom.geometry import chest_scale, in_heart
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.phantom.geometry import View
    from CardiacSegmentationLib.phantom.heart import Heart
    from CardiacSegmentationLib.phantom.spec import PhantomSpec

Image = npt.NDArray[np.float32]

BLOOD_SIGNAL = 900.0  # of 4095, where the coil hears it as well as in the middle of the heart
SAMPLES_THROUGH_SLICE = 3
REACH_MM = 100.0  # nothing that moves is farther from the LV's axis than this, in a heart of ordinary size


def label_plane(view: View, spec: PhantomSpec, heart: Heart) -> npt.NDArray[np.uint8]:
    """The true labels of a plane, by the centres of its pixels: [phase, row, column]."""
    right, down, depth = in_heart(view.points_mm(), spec)[:, None]
    near = _window(right[0], down[0], depth[0], spec)
    right, down, depth = (a[(slice(None), *near)].astype(np.float64) for a in (right, down, depth))
    angle = np.arctan2(down, right)
    squared = right**2 + down**2
    cavity, epicardium, rv = outlines(heart, angle, depth)
    labels = np.zeros((len(heart.cavity.base_mm), view.rows, view.columns), np.uint8)
    inner = labels[(slice(None), *near)]
    inner[squared < rv] = Label.RV
    inner[squared < epicardium] = Label.MYO
    inner[squared < cavity] = Label.LV
    return labels


def paint_plane(view: View, spec: PhantomSpec, heart: Heart) -> Image:
    """The signal in a plane without noise, averaged through the slice: [phase, row, column]; blood is 1."""
    points = view.points_mm()
    scale = chest_scale(spec)
    chest = paint_chest(points / np.float32(scale), view.pixel_mm / scale)
    count = len(heart.cavity.base_mm)
    image = np.repeat(chest[None], count, axis=0)
    near = (slice(None), *_window(*in_heart(points, spec), spec))
    chest_near = image[near].copy()
    total = np.zeros_like(chest_near)
    for sample in range(SAMPLES_THROUGH_SLICE):
        off = ((sample + 0.5) / SAMPLES_THROUGH_SLICE - 0.5) * view.thickness_mm
        layer = chest_near.copy()
        right, down, depth = in_heart(view.points_mm(off), spec)[(slice(None), *near[1:])]
        paint_heart(layer, right, down, depth, heart, view.pixel_mm)
        total += layer
    image[near] = total / SAMPLES_THROUGH_SLICE
    return image * _coil(points, scale)


def scan(signal: Image, noise_percent: float, generator: np.random.Generator) -> npt.NDArray[np.uint16]:
    """Stored values of a signal: the magnitude of a complex image with noise in both parts (Rician), 12 bits."""
    sigma = np.float32(noise_percent / 100)
    real = signal + sigma * generator.standard_normal(signal.shape, np.float32)
    imaginary = sigma * generator.standard_normal(signal.shape, np.float32)
    return np.clip(np.hypot(real, imaginary) * BLOOD_SIGNAL + 0.5, 0, 4095).astype(np.uint16)


def _window(right: Image, down: Image, depth: Image, spec: PhantomSpec) -> tuple[slice, slice]:
    """The part of the plane in which anything moves."""
    reach = REACH_MM * chest_scale(spec)
    close = (abs(right) < reach) & (abs(down) < reach) & (abs(depth) < 1.4 * reach)
    rows, columns = (np.flatnonzero(close.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _coil(points_mm: Image, scale: float) -> Image:
    """Sensitivity of a coil on the chest and one in the table: near them the image is brighter."""
    x, y, z = points_mm / np.float32(scale)
    front = np.exp(-((x - 25) ** 2 + (y + 120) ** 2 + z**2) / np.float32(2 * 110**2))
    back = np.exp(-(x**2 + (y - 125) ** 2 + z**2) / np.float32(2 * 130**2))
    return np.asarray(0.45 + 0.75 * front + 0.45 * back, np.float32)
