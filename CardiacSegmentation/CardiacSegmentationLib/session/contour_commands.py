"""Commands on contours: each changes the images it names, as one step of undo, and their labels follow."""

from __future__ import annotations

import zlib
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from CardiacSegmentationLib.contours import draw_labels, find_contours, redraw_labels
from CardiacSegmentationLib.contours.anatomy import keep_within
from CardiacSegmentationLib.contours.rest import outline_rest
from CardiacSegmentationLib.contours.snap import snap
from CardiacSegmentationLib.contours.transform import copy, grow, scale, smooth
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.segmentation import STRUCTURES, Border, Contours, Label, Origin
from CardiacSegmentationLib.segmentation_json import round_contours

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from CardiacSegmentationLib.segmentation import FloatArray, Labels, PackedLabels, Place, Segmentation
    from CardiacSegmentationLib.session.study_session import StudySession

BORDER_OF = {Label.LV: Border.ENDO, Label.MYO: Border.EPI, Label.RV: Border.RV}
SAME_PIXELS, SAME_SHARE = 3, 0.01  # so many pixels of a structure may differ from its curve by rounding
# What was found once for a session: contours of its automatic labels, and which labels those were.
_AUTOMATIC: WeakKeyDictionary[StudySession, tuple[PackedLabels, dict[Place, Contours | None]]] = WeakKeyDictionary()
# Contours of images that nobody drew, with the checksum of their labels; what contours do not show.
_FOUND: WeakKeyDictionary[StudySession, dict[Place, tuple[int, Contours]]] = WeakKeyDictionary()
_REST: WeakKeyDictionary[Contours, Sequence[tuple[Label, FloatArray]]] = WeakKeyDictionary()


# What there is


def contours_of(segmentation: Segmentation, spacing_mm: tuple[float, float], place: Place) -> Contours:
    """The contours of an image: as they were drawn, else those of its labels."""
    drawn = segmentation.contours.get(place)
    return drawn if drawn is not None else find_contours(segmentation.labels[place], spacing_mm)


def contours_at(session: StudySession, place: Place) -> Contours:
    """The contours of one of a session's images."""
    known = known_contours(session, place)
    if known is None:
        known = contours_of(session.segmentation, session.stack.pixel_mm, place)
        _FOUND.setdefault(session, {})[place] = (_checksum(session, place), known)
    return known


def known_contours(session: StudySession, place: Place) -> Contours | None:
    """The contours of an image where they need not be found first: they were drawn, or found for the same labels."""
    drawn = session.segmentation.contours.get(place)
    checksum, found = _FOUND.get(session, {}).get(place, (None, None))
    return drawn or (found if checksum == _checksum(session, place) else None)


def rest_at(session: StudySession, place: Place) -> Sequence[tuple[Label, FloatArray]]:
    """Outlines of what the contours of an image do not show, see ``outline_rest``."""
    contours = contours_at(session, place)
    if contours not in _REST:
        _REST[contours] = outline_rest(session.segmentation.labels[place], contours)
    return _REST[contours]


def automatic_contours(session: StudySession, place: Place) -> Contours | None:
    """The contours before anybody corrected them; ``None`` where there are none."""
    phase, slice_ = place
    packed = session.segmentation.automatic
    if packed is None:  # nothing was corrected yet, or nobody kept what there was
        labels = session.segmentation.labels[place]
        known = not session.segmentation.corrected[place] and bool(labels.any())
        return find_contours(labels, session.stack.pixel_mm) if known else None
    if session not in _AUTOMATIC or _AUTOMATIC[session][0] is not packed:
        _AUTOMATIC[session] = (packed, {})
    found = _AUTOMATIC[session][1]
    if place not in found:
        labels = packed.phase(phase)[slice_]
        found[place] = find_contours(labels, session.stack.pixel_mm) if labels.any() else None
    return found[place]


def _automatic_labels(session: StudySession, place: Place, contours: Contours) -> Labels | None:
    """The labels before anybody corrected them, where these very contours are those that were found in them."""
    packed, found = _AUTOMATIC.get(session, (None, {}))
    return packed.phase(place[0])[place[1]] if packed is not None and found.get(place) is contours else None


# Edits


def edit_contours(
    session: StudySession,
    edits: Mapping[Place, Contours],
    tool: str,
    action: str = "edit",
    origin: Origin = Origin.READER,
    *,
    holes: Collection[Place] = (),
) -> bool:
    """Put contours in place of those of some images; false where they are the same.

    Labels change where the borders moved, and nowhere else. The curves are kept, and measured, where the labels are
    what the curves enclose; a second part of the RV, say, that has no curve is measured by its pixels. A cavity that
    goes leaves muscle, or a hole in the images among ``holes``.
    """
    images, drawn = {}, {}
    for place, contours in edits.items():
        before = contours_at(session, place)
        if contours is before:
            continue
        labels, made = session.segmentation.labels[place], _automatic_labels(session, place, contours)
        if made is not None:  # taken back: nobody's drawing any more
            images[place] = made
            continue
        after = round_contours(keep_within(contours, (labels.shape[0], labels.shape[1])))
        images[place] = redraw_labels(labels, before, after, leaves_hole=place in holes)
        if after.borders and encloses(after, images[place]):
            drawn[place] = after
    return session.put(images, tool, action, origin, drawn)


def change_here(session: StudySession, place: Place, change: Callable[[Contours], Contours], tool: str) -> bool:
    """Change the contours of one image."""
    before = contours_at(session, place)
    if not before.borders:
        raise ContourError.of("no-contour")
    return require_change(edit_contours(session, {place: change(before)}, tool))


def require_change(changed: bool) -> bool:
    """Say so where an edit of contours changed nothing."""
    if not changed:
        raise ContourError.of("changes-nothing")
    return changed


def grow_here(session: StudySession, place: Place, structures: Iterable[Label], by_mm: float) -> bool:
    """Move borders outwards, or inwards where ``by_mm`` is negative."""
    tool = "Grow" if by_mm > 0 else "Shrink"
    return change_here(session, place, partial(grow, borders=borders_of(structures), by_mm=by_mm), tool)


def scale_here(session: StudySession, place: Place, structures: Iterable[Label], factor: float) -> bool:
    """Scale borders about their centre."""
    return change_here(session, place, partial(scale, borders=borders_of(structures), factor=factor), "Scale")


def smooth_here(session: StudySession, place: Place, structures: Iterable[Label]) -> bool:
    """Take short waves out of borders."""
    return change_here(session, place, partial(smooth, borders=borders_of(structures)), "Smooth")


def snap_here(session: StudySession, place: Place, structures: Iterable[Label]) -> bool:
    """Move borders to the image's edges near them."""
    image = session.stack.voxels[place]
    return change_here(session, place, lambda contours: snap(contours, image, borders_of(structures)), "Snap")


def delete_here(session: StudySession, place: Place, structures: Iterable[Label]) -> bool:
    """Delete structures in one image, all their pixels; what else was drawn there keeps its curves."""
    return _delete(session, [place], structures)


def delete_phases(session: StudySession, slice_: int, structures: Iterable[Label]) -> bool:
    """Delete structures in all phases of a slice, also in those that the reader corrected: she named them all."""
    return _delete(session, [(phase, slice_) for phase in range(session.stack.phases)], structures)


def copy_here(
    session: StudySession, place: Place, step: tuple[int, int], structures: Iterable[Label] = STRUCTURES
) -> bool:
    """Take structures over from another phase or slice: ``step`` leads there, ``(phases, slices)``.

    After the last phase comes the first; beyond the outermost slices there is nothing.
    """
    source = ((place[0] + step[0]) % session.stack.phases, place[1] + step[1])
    if not 0 <= source[1] < session.stack.slices:
        raise ContourError.of("no-slice-beyond")
    before, other = contours_at(session, place), contours_at(session, source)
    return require_change(edit_contours(session, {place: copy(before, other, borders_of(structures))}, "copy", "copy"))


def borders_of(structures: Iterable[Label]) -> tuple[Border, ...]:
    """The borders that enclose structures: endocardium for LV, epicardium for myocardium."""
    return tuple(BORDER_OF[label] for label in structures)


def encloses(contours: Contours, labels: Labels) -> bool:
    """Whether every structure's pixels are those inside its curve, but for what drawing rounds."""
    drawn = draw_labels(contours, (labels.shape[0], labels.shape[1]))
    for label in STRUCTURES:
        is_label = labels == label
        differing = np.count_nonzero(is_label != (drawn == label))
        if differing > max(SAME_PIXELS, SAME_SHARE * np.count_nonzero(is_label)):
            return False
    return True


def _delete(session: StudySession, places: Iterable[Place], structures: Iterable[Label]) -> bool:
    chosen, images, curves = list(structures), {}, {}
    for place in places:
        image = session.segmentation.labels[place]
        after = np.where(np.isin(image, [int(label) for label in chosen]), np.uint8(0), image)
        if (after == image).all():
            continue
        images[place] = after
        drawn = session.segmentation.contours.get(place)
        kept = drawn.without(*borders_of(chosen)) if drawn is not None else None
        if kept is not None and kept.borders and encloses(kept, after):
            curves[place] = kept
    return session.put(images, "delete", contours=curves)


def _checksum(session: StudySession, place: Place) -> int:
    return zlib.crc32(np.ascontiguousarray(session.segmentation.labels[place]))
