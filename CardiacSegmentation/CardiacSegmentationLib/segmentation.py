"""The second value: labels on a stack's grid, where each image's come from, and the network's evidence for them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.findings import Finding

Labels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]  # as networks reckon
Place = tuple[int, int]  # phase, slice


class Label(IntEnum):
    """The codes of every label map in this program (those of the ACDC challenge)."""

    BACKGROUND = 0
    RV = 1
    MYO = 2
    LV = 3


STRUCTURES = (Label.RV, Label.MYO, Label.LV)
VENTRICLES = (Label.LV, Label.RV)  # the order of the network's presence output
STRUCTURES_OF = {Label.LV: (Label.LV, Label.MYO), Label.RV: (Label.RV,)}  # what belongs to a ventricle


class Origin(IntEnum):
    """Where the labels of one image come from."""

    FILE = 0  # made elsewhere, by a person or another program
    NETWORK = 1
    READER = 2
    PROPAGATED = 3  # from what a reader did on another image


class Border(str, Enum):
    """The borders a reader draws: inner and outer border of the LV's myocardium, inner border of the RV."""

    ENDO = "endo"
    EPI = "epi"
    RV = "rv"


class Papillary(str, Enum):
    """Whether papillary muscles count as blood (in the volume) or as muscle (in the mass)."""

    VOLUME = "volume"
    MASS = "mass"


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the network said beside its labels, so that doubts can be computed anew at any time.

    ``presence[side, phase, slice]`` is the probability that LV or RV (as in ``VENTRICLES``) is in the slice at all;
    ``confidence[label - 1, phase, slice]`` the Dice that the network's own probabilities promise; both are NaN where a
    phase was not looked at. ``remarks`` tell what was done to its labels (repairs) and where images are unlike those it
    was trained on; a remark with a place holds as long as the labels of that image are the network's.
    """

    presence: npt.NDArray[np.float32]
    confidence: npt.NDArray[np.float32]
    remarks: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class PackedLabels:
    """Label images of all phases, compressed: a few kilobytes a phase, so that what was before can be kept."""

    shape: tuple[int, int, int]  # slices, rows, columns
    phases: tuple[bytes, ...]
    labelled: tuple[bool, ...]  # by phase, as in ``Segmentation``

    @classmethod
    def pack(cls, labels: Labels, labelled: npt.NDArray[np.bool_]) -> PackedLabels:
        """Compress ``labels[phase, slice, row, column]``."""
        slices, rows, columns = labels.shape[1:]
        packed = tuple(zlib.compress(np.ascontiguousarray(phase), 1) for phase in labels)
        return cls((slices, rows, columns), packed, tuple(map(bool, labelled)))

    def phase(self, phase: int) -> Labels:
        """The labels ``[slice, row, column]`` of one phase."""
        return np.frombuffer(zlib.decompress(self.phases[phase]), np.uint8).reshape(self.shape)

    def unpack(self) -> Labels:
        """All labels ``[phase, slice, row, column]``."""
        return np.stack([self.phase(phase) for phase in range(len(self.phases))])


FEWEST_POINTS = 8  # of a border


@dataclass(frozen=True, eq=False)
class Contours:
    """Smooth closed borders of one image, all running the same way round.

    Points lie in the image plane, in millimetres: ``(row * row_mm, column * column_mm)``, the centre of pixel
    ``[0, 0]`` at the origin. Whoever shows them divides by the spacing and has (row, column) of pixels again.

    Where the epicardium lies on the endocardium the myocardium is open (at the outflow tract, say). Each structure has
    one border: smaller parts of a label, and holes in it, have none and stay what they are in the pixels.
    """

    spacing_mm: tuple[float, float]  # (row, column)
    borders: Mapping[Border, FloatArray] = field(default_factory=dict)  # [point, (row, column)] in mm

    def __post_init__(self) -> None:
        for border, curve in self.borders.items():
            if curve.ndim != 2 or curve.shape[1] != 2 or len(curve) < FEWEST_POINTS:
                msg = f"A border is [point, (row, column)] with at least {FEWEST_POINTS} points ({border.value})."
                raise ValueError(msg)
        object.__setattr__(self, "borders", {each: same_way_round(curve) for each, curve in self.borders.items()})

    def with_borders(self, borders: Mapping[Border, FloatArray]) -> Contours:
        """The contours with these borders in place of their own, or beside them."""
        return replace(self, borders={**self.borders, **borders})

    def without(self, *borders: Border) -> Contours:
        """The contours without these borders."""
        return replace(self, borders={each: curve for each, curve in self.borders.items() if each not in borders})

    def in_pixels(self, border: Border) -> FloatArray:
        """A border in (row, column) of pixels."""
        return np.asarray(self.borders[border] / self.spacing_mm)

    @property
    def areas_mm2(self) -> dict[Label, float]:
        """Area of each structure as it is drawn; myocardium is what lies between its borders."""
        inside = {border: abs(signed_area_mm2(curve)) for border, curve in self.borders.items()}
        areas = {}
        if Border.RV in inside:
            areas[Label.RV] = inside[Border.RV]
        if Border.EPI in inside:
            areas[Label.MYO] = max(inside[Border.EPI] - inside.get(Border.ENDO, 0.0), 0.0)
        if Border.ENDO in inside:
            areas[Label.LV] = inside[Border.ENDO]
        return areas


def signed_area_mm2(curve: FloatArray) -> float:
    """Area by the shoelace formula; the sign tells which way round the curve runs."""
    row, column = (curve - curve[0]).T
    return 0.5 * float(row[:-1] @ column[1:] - row[1:] @ column[:-1])


def same_way_round(curve: FloatArray) -> FloatArray:
    """The curve so that its area counts positive."""
    return curve if signed_area_mm2(curve) >= 0 else curve[::-1].copy()


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Labels on a stack's grid. What counts and what is doubtful is decided elsewhere: see ``Reading``, ``Assessment``.

    ``labelled[phase]`` is false where a phase has no labels at all (many data sets label ED and ES only).
    ``origin[phase, slice]`` says where the labels of each image come from. ``automatic`` holds the labels as they
    were made, from the first correction on; before, ``labels`` are those. ``contours`` keeps the curves of images
    drawn by hand, by ``(phase, slice)``: such an image is measured as it was drawn, not as its pixels are.
    """

    labels: Labels
    labelled: npt.NDArray[np.bool_]
    origin: npt.NDArray[np.uint8]
    evidence: Evidence | None = None
    model: str | None = None  # name, version and checksum of the network; None for labels made by hand or elsewhere
    automatic: PackedLabels | None = None
    contours: Mapping[Place, Contours] = field(default_factory=dict)

    def __post_init__(self) -> None:
        phases, slices = self.labels.shape[:2]
        if self.labels.ndim != 4 or self.labelled.shape != (phases,):
            msg = "Labels are [phase, slice, row, column], with one flag per phase."
            raise ValueError(msg)
        if self.origin.shape != (phases, slices):
            msg = "The origins are [phase, slice]."
            raise ValueError(msg)
        if any(not (0 <= phase < phases and 0 <= slice_ < slices) for phase, slice_ in self.contours):
            msg = "Contours are of an image that is not there."
            raise ValueError(msg)

    @classmethod
    def of(cls, labels: Labels, **facts: Any) -> Segmentation:
        """A segmentation whose phases with a label are labelled, made by the network where ``model`` names one."""
        made_by = Origin.FILE if facts.get("model") is None else Origin.NETWORK
        facts.setdefault("labelled", labels.any(axis=(1, 2, 3)))
        facts.setdefault("origin", np.full(labels.shape[:2], made_by, np.uint8))
        return cls(labels=labels, **facts)

    @property
    def corrected(self) -> npt.NDArray[np.bool_]:
        """Which images ``[phase, slice]`` a person changed, by hand or by propagation."""
        return np.asarray((self.origin == Origin.READER) | (self.origin == Origin.PROPAGATED))

    @property
    def corrected_images(self) -> tuple[Place, ...]:
        """``(phase, slice)`` of every image that a person changed."""
        return tuple((int(phase), int(slice_)) for phase, slice_ in np.argwhere(self.corrected))


def checksums_of(labels: Labels) -> list[list[int]]:
    """One number for each image, ``[phase][slice]``, to tell later whether other hands changed it."""
    return [[zlib.crc32(np.ascontiguousarray(image)) for image in phase] for phase in labels]


def changed_images(labels: Labels, noted: list[list[int]]) -> list[Place]:
    """The images that are not those whose checksums were noted."""
    changed = np.array(checksums_of(labels)) != np.array(noted)
    return [(int(phase), int(slice_)) for phase, slice_ in np.argwhere(changed)]


def changed_by_hand(segmentation: Segmentation, images: list[Place]) -> Segmentation:
    """The segmentation in which a person changed the labels of these images with another program."""
    origin = segmentation.origin.copy()
    for place in images:
        origin[place] = Origin.READER
    drawn = {place: contours for place, contours in segmentation.contours.items() if place not in images}
    labelled = segmentation.labelled | segmentation.labels.any(axis=(1, 2, 3))
    return replace(segmentation, labelled=labelled, origin=origin, contours=drawn)
