"""Pictures of single images for the overview: the heart, its contours, and how the reader stands to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.export.montage import find_window, grey_levels, picture_of
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.segmentation import STRUCTURES
from CardiacSegmentationLib.session.contour_commands import BORDER_OF, contours_at
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.segmentation import FloatArray, Label, Place
    from CardiacSegmentationLib.session import StudySession

Colour = tuple[int, int, int]
Picture = npt.NDArray[np.uint8]  # [row, column, (red, green, blue)]

DIMMED = 0.4  # of its brightness is left to an image that does not count
FRAME = 3  # pixels
FRAME_COLOURS: dict[Severity, Colour] = {Severity.ERROR: (255, 60, 60), Severity.WARNING: (255, 170, 0)}
STEP = 0.4  # pixels between the dots of a line: close enough to be one
DASH, GAP = 5.0, 4.0  # pixels, where a structure does not count


class TilePainter:
    """Paints the images of a session at one size; what was painted once is kept until ``forget``."""

    def __init__(self, session: StudySession, side: int) -> None:
        self._session, self._side = session, side
        self._window = find_window(session.stack, session.segmentation)
        self._darkest, self._brightest = grey_levels(session.stack, self._window)
        self._painted: dict[Place, tuple[tuple[bool, ...], Picture]] = {}

    def forget(self, places: Iterable[Place]) -> None:
        """These images have other contours now."""
        for place in places:
            self._painted.pop(place, None)

    def paint(self, place: Place) -> Picture:
        """An image with its contours, dashed where the structure does not count, and its frame."""
        assessment = self._session.assessment
        counted = tuple(bool(assessment.counted[(label - 1, *place)]) for label in STRUCTURES)
        if place not in self._painted or self._painted[place][0] != counted:
            self._painted[place] = (counted, self._draw(place, dict(zip(STRUCTURES, counted, strict=True))))
        picture = self._painted[place][1]
        doubt = gravest_doubt(assessment, place)
        return picture if doubt is None else _framed(picture, FRAME_COLOURS[doubt.severity])

    def _draw(self, place: Place, counted: dict[Label, bool]) -> Picture:
        stack = self._session.stack
        grey = picture_of(stack, stack.voxels[place], self._window, self._side)
        shown = np.clip((grey - self._darkest) / (self._brightest - self._darkest), 0.0, 1.0) * 255.0
        picture = np.repeat(shown[..., None], 3, axis=2)
        contours = contours_at(self._session, place)
        for label, border in BORDER_OF.items():
            if border in contours.borders:
                line = self._in_picture(contours.in_pixels(border))
                cover = line_cover(line, self._side, dashed=not counted[label])[..., None]
                picture = picture * (1.0 - cover) + cover * np.array(BY_LABEL[label].color_rgb)
        if is_left_out(self._session.assessment, place):
            picture *= DIMMED
        return np.rint(picture).astype(np.uint8)

    def _in_picture(self, pixels: FloatArray) -> FloatArray:
        """From (row, column) of the image's pixels to those of the picture, in which a pixel's middle is whole, too."""
        spacing_mm = np.array(self._session.stack.spacing_mm[1:])
        corner = np.array([self._window.row, self._window.column])
        return np.asarray((pixels - corner) * spacing_mm * (self._side / self._window.side_mm) - 0.5)


def gravest_doubt(assessment: Assessment, place: Place) -> Finding | None:
    """The finding that an image deserves a look for: at its slice, in its phase or in all of them."""
    phase, slice_ = place
    here = (
        finding
        for finding in assessment.open_findings
        if finding.slice == slice_ and finding.phase in (None, phase) and finding.severity in FRAME_COLOURS
    )
    return min(here, key=lambda finding: finding.severity is not Severity.ERROR, default=None)


def is_left_out(assessment: Assessment, place: Place) -> bool:
    """Whether something is drawn in an image, and nothing of it counts."""
    drawn = assessment.areas_mm2[(slice(None), *place)] > 0
    return bool(drawn.any() and not (drawn & assessment.counted[(slice(None), *place)]).any())


def line_cover(line: FloatArray, side: int, *, dashed: bool = False) -> npt.NDArray[np.float64]:
    """How much a thin closed line ``[point, (row, column)]`` covers each pixel of a square picture, 0 to 1."""
    ring = np.concatenate([line, line[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    at = np.arange(0.0, along[-1], STEP)
    if dashed:
        at = at[at % (DASH + GAP) < DASH]
    dots = np.stack([np.interp(at, along, axis) for axis in ring.T], axis=1)
    first = np.floor(dots).astype(int)
    part = dots - first
    cover = np.zeros((side, side))
    for row in (0, 1):
        for column in (0, 1):
            weight = np.abs(1 - row - part[:, 0]) * np.abs(1 - column - part[:, 1])
            place = first + np.array((row, column))
            inside = ((place >= 0) & (place < side)).all(axis=1)
            np.maximum.at(cover, tuple(place[inside].T), weight[inside])
    return np.minimum(1.6 * cover, 1.0)  # a line between two pixels covers both by half: as bright as on one


def _framed(picture: Picture, colour: Colour) -> Picture:
    framed = picture.copy()
    for edge in (np.s_[:FRAME], np.s_[-FRAME:], np.s_[:, :FRAME], np.s_[:, -FRAME:]):
        framed[edge] = colour
    return framed
