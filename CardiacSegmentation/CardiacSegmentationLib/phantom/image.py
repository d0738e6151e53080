"""From geometry to voxels: what a scanner would show of the heart in a plane, and the labels that are true there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.phantom.anatomy import paint_chest
from CardiacSegmentationLib.phantom.chambers import Points, outlines, paint_heart, reach_mm, window
from CardiacSegmentationLib.phantom.geometry import chest_scale, in_heart
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.box import Box
    from CardiacSegmentationLib.phantom.geometry import ImagePlane
    from CardiacSegmentationLib.phantom.heart import Heart
    from CardiacSegmentationLib.phantom.spec import PhantomSpec
    from CardiacSegmentationLib.stack import Array


BLOOD_SIGNAL = 900.0  # of 4095, where the coil hears it as well as in the middle of the heart
SAMPLES_ACROSS_AXIS, SAMPLES_ALONG_AXIS = 5, 3  # through a slice; the heart changes most along its axis


def label_plane(view: ImagePlane, spec: PhantomSpec, heart: Heart) -> Array:
    """The true labels of a plane, by the centres of its pixels: [phase, row, column]."""
    coordinates = in_heart(view.points_mm(), spec)
    near = _window(coordinates, heart, view.thickness_mm)
    right, down, depth = coordinates[(slice(None), None, *near)].astype(np.float64)
    angle = np.arctan2(down, right)
    squared = right**2 + down**2
    cavity, epicardium, rv = outlines(heart, angle, depth)
    labels = np.zeros((len(heart.cavity.base_mm), view.rows, view.columns), np.uint8)
    inner = labels[(slice(None), *near)]
    inner[squared < rv] = Label.RV
    inner[squared < epicardium] = Label.MYO
    inner[squared < cavity] = Label.LV
    return labels


def paint_plane(view: ImagePlane, spec: PhantomSpec, heart: Heart) -> Array:
    """The signal in a plane without noise, averaged through the slice: [phase, row, column]; blood is 1."""
    points = view.points_mm()
    scale = chest_scale(spec)
    chest = paint_chest(points / np.float32(scale), view.pixel_mm / scale)
    count = len(heart.cavity.base_mm)
    image = np.repeat(chest[None], count, axis=0)
    rows, columns = _window(in_heart(points, spec), heart, view.thickness_mm)
    near = (slice(None), rows, columns)
    if not image[near].size:
        return image * _coil(points, scale)
    chest_near = image[near].copy()
    total = np.zeros_like(chest_near)
    samples = SAMPLES_ACROSS_AXIS if view.crosses_axis else SAMPLES_ALONG_AXIS
    for sample in range(samples):
        off = ((sample + 0.5) / samples - 0.5) * view.thickness_mm
        layer = chest_near.copy()
        paint_heart(layer, _points(view, spec, off, (rows, columns)), heart)
        total += layer
    image[near] = total / samples
    return image * _coil(points, scale)


def scan(signal: Array, noise_percent: float, generator: np.random.Generator) -> Array:
    """Stored values of a signal: the magnitude of a complex image with noise in both parts (Rician), 12 bits."""
    sigma = np.float32(noise_percent / 100)
    real, imaginary = (generator.standard_normal(signal.shape, np.float32) * sigma for _ in range(2))
    real += signal
    magnitude = np.sqrt(real * real + imaginary * imaginary)
    stored: Array = np.minimum(magnitude * np.float32(BLOOD_SIGNAL) + np.float32(0.5), 4095).astype(np.uint16)
    return stored


def _points(view: ImagePlane, spec: PhantomSpec, off_mm: float, near: Box) -> Points:
    right, down, depth = in_heart(view.points_mm(off_mm), spec)[(slice(None), None, *near)]
    if view.crosses_axis:  # one depth for all its pixels
        depth = depth[:, :1, :1]
    return Points(right, down, depth, view.pixel_mm)


def _window(coordinates: Array, heart: Heart, thickness_mm: float) -> Box:
    """The rows and columns of a plane in which anything moves."""
    right, down, depth = coordinates
    left_mm, right_mm, across_mm = reach_mm(heart, float(depth.min()) - thickness_mm / 2)
    close = (right > -left_mm) & (right < right_mm) & (abs(down) < across_mm)
    close &= (depth > -1.2 * across_mm) & (depth < heart.epicardium.apex_mm.max() + thickness_mm)
    return window(close)


def _coil(points_mm: Array, scale: float) -> Array:
    """Sensitivity of a coil on the chest and one in the table: near them the image is brighter."""
    x, y, z = points_mm / np.float32(scale)
    front = np.exp(-((x - 25) ** 2 + (y + 120) ** 2 + z**2) / np.float32(2 * 110**2))
    back = np.exp(-(x**2 + (y - 125) ** 2 + z**2) / np.float32(2 * 130**2))
    return np.asarray(0.45 + 0.75 * front + 0.45 * back, np.float32)
