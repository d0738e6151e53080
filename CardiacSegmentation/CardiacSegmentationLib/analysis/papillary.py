"""Papillary muscles and trabeculae in the LV cavity, told from blood by their brightness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from CardiacSegmentationLib.box import Box, find_box
from CardiacSegmentationLib.findings import Finding
from CardiacSegmentationLib.segmentation import Label, Papillary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.reading import KeyPhases
    from CardiacSegmentationLib.segmentation import FloatArray, Labels, Mask, Segmentation
    from CardiacSegmentationLib.stack import Array, CineStack

FEWEST_PIXELS = 20  # a median of fewer is chance
LOWEST_CONTRAST = 3.0  # blood less muscle, in standard deviations of either; below, too much blood is taken for muscle
SMALLEST_MM2 = 10.0  # smaller dark spots are noise or chordae; a papillary muscle covers 20 to 150 mm²
RIM_PIXELS = 2  # one for the partial volume, one for the hand that drew the outline
_IN_PLANE = np.zeros((3, 3, 3), bool)
_IN_PLANE[1] = ndimage.generate_binary_structure(2, 1)


@dataclass(frozen=True, eq=False)
class Papillaries:
    """Muscle inside the LV cavity of one phase, and the slices whose images could not show it."""

    mask: Mask  # [slice, row, column] of the part of the images that holds labels
    box: Box  # where that part lies: rows and columns
    unclear_slices: tuple[int, ...]

    def areas_mm2(self, pixel_mm2: float) -> FloatArray:
        """Area per slice."""
        return self.mask.sum(axis=(1, 2), dtype=np.float64) * pixel_mm2


def find_papillaries(voxels: Array, labels: Labels, pixel_mm2: float, percent: float = 50.0) -> Papillaries:
    """Muscle among the LV pixels of ``labels[slice, row, column]``.

    A pixel darker than ``percent`` of the way from myocardium to blood is muscle. The rim of the cavity is half wall by
    nature, and outlines are drawn a little wide: its dark pixels count only where they join muscle further in.
    """
    rows, columns = find_box(labels, margin=1)
    voxels, labels = voxels[:, rows, columns], labels[:, rows, columns]
    cavity = labels == Label.LV
    inner = ndimage.binary_erosion(cavity, _IN_PLANE, iterations=RIM_PIXELS)
    muscle = labels == Label.MYO
    limits = [_limit(*sample, percent) for sample in _samples(voxels, inner, muscle)]
    unclear = tuple(index for index, limit in enumerate(limits) if limit is None and cavity[index].any())
    thresholds = np.array([-np.inf if limit is None else limit for limit in limits])
    dark = cavity & (voxels < thresholds[:, None, None])
    core = dark & inner
    papillary = core | (ndimage.binary_dilation(core, _IN_PLANE, iterations=RIM_PIXELS, mask=dark))
    return Papillaries(_without_specks(papillary, pixel_mm2), (rows, columns), unclear)


def check_papillaries(
    stack: CineStack, segmentation: Segmentation, key_phases: KeyPhases, papillary: Papillary
) -> list[Finding]:
    """Slices at ED and ES in which muscle and blood look alike, where the convention asks for the difference."""
    if papillary is Papillary.VOLUME:
        return []
    findings = []
    for moment, phase in (("ED", key_phases.lv_ed), ("ES", key_phases.lv_es)):
        if phase is None:
            continue
        unclear = find_papillaries(stack.voxels[phase], segmentation.labels[phase], 1.0).unclear_slices
        if unclear:
            findings.append(
                Finding(
                    "papillary-contrast",
                    phase=phase,
                    parameters={"moment": moment, "slices": unclear, "count": len(unclear)},
                )
            )
    return findings


def _samples(voxels: Array, inner: Mask, muscle: Mask) -> Iterator[tuple[Array, Array]]:
    """Brightness in the cavity and in the myocardium of each slice; of the whole phase where a slice has too little."""
    for image, cavity, wall in zip(voxels, inner, muscle, strict=True):
        if min(cavity.sum(), wall.sum()) < FEWEST_PIXELS:
            yield voxels[inner], voxels[muscle]
        else:
            yield image[cavity], image[wall]


def _limit(cavity: Array, myocardium: Array, percent: float) -> float | None:
    """The brightness so far between blood and muscle; ``None`` where they cannot be told apart."""
    if min(cavity.size, myocardium.size) < FEWEST_PIXELS:
        return None
    muscle, noise_muscle = _median_and_deviation(myocardium)
    # The cavity holds muscle too: what is brighter than half-way to its brightest quarter is blood for certain.
    blood_pixels = cavity[cavity > (muscle + float(np.percentile(cavity, 75))) / 2.0]
    if blood_pixels.size < FEWEST_PIXELS:
        return None
    blood, noise_blood = _median_and_deviation(blood_pixels)
    if blood - muscle < LOWEST_CONTRAST * max(noise_muscle, noise_blood):
        return None
    return muscle + (blood - muscle) * percent / 100.0


def _median_and_deviation(values: Array) -> tuple[float, float]:
    """Median, and the standard deviation a normal distribution of the same spread would have."""
    median = float(np.median(values))
    return median, 1.4826 * float(np.median(np.abs(values - median)))


def _without_specks(mask: Mask, pixel_mm2: float) -> Mask:
    parts, _ = ndimage.label(mask, _IN_PLANE)
    is_large = np.bincount(parts.ravel()) * pixel_mm2 >= SMALLEST_MM2
    is_large[0] = False
    return np.asarray(is_large[parts])
