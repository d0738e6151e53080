"""A scripted reader who corrects contours, and painters of pixels beside her: what each needs until an image is good.

An action is one press-to-release of the mouse or one key, for all alike. The reader tries what she could do and sees
what it would make of the image, as a hand that drags does; she does what brings all three regions nearest to being
good, and goes on until they are. She draws with an unsteady hand. The painter with that same hand fills patches of
wrong pixels up to the borders as she would have drawn them; the ideal painter's borders are the true ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.contours import Border, Contours, draw_labels, find_contours, redraw_labels
from CardiacSegmentationLib.contours.curves import arc_mm, find_nearest, resample, smooth_ring
from CardiacSegmentationLib.contours.pull import Pull
from CardiacSegmentationLib.contours.redraw import draw_border, redraw
from CardiacSegmentationLib.contours.transform import copy, grow
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.segmentation import STRUCTURES, Label
from CardiacSegmentationLib.session.contour_commands import contours_at, delete_here, edit_contours
from scipy.ndimage import label as label_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.segmentation import FloatArray, Labels, Place
    from CardiacSegmentationLib.session import StudySession

    Try = tuple[str, Contours]

GOOD_DICE = 0.95
MOST_ACTIONS = 9  # in one image
LEAST_GAIN = 0.003  # of the regions' Dice in sum: she sees no less
HAND_MM, EVERY_MM = 0.7, 4.0  # how far off a hand draws, and how often it turns
STRETCHES = 2  # of a border, the largest that lie wrong
REACHES = (0.6, 1.0, 1.6)  # of the length of what lies wrong
LEAST_REACH_MM, MOST_REACH_MM = 5.0, 45.0
WRONG_PX = 0.5
STEP_MM = 1.0  # of the keys that grow and shrink
SMALLEST_PATCH = 2  # pixels that no painter sees
REGIONS = {Border.ENDO: (Label.LV,), Border.EPI: (Label.LV, Label.MYO), Border.RV: (Label.RV,)}


@dataclass
class Actions:
    """How often the reader did what, and what painting the same images would take."""

    images: int = 0  # that needed correcting
    pulls: int = 0
    drawings: int = 0
    keys: int = 0  # grow, shrink, delete, copy
    not_good: int = 0  # images that she left with a region that is not good
    strokes: int = 0  # of the painter with the same hand
    painted_not_good: int = 0
    ideal_strokes: int = 0

    @property
    def total(self) -> int:
        """Of the reader."""
        return self.pulls + self.drawings + self.keys


def correct_image(session: StudySession, place: Place, truth: Labels, actions: Actions) -> None:
    """Correct an image that is not good, until it is; and count what painting it would take."""
    wanted = find_contours(truth, session.stack.pixel_mm)
    hand = np.random.default_rng(place)
    drawn = {border: draw_by_hand(curve, hand) for border, curve in wanted.borders.items()}
    before = session.segmentation.labels[place].copy()
    actions.images += 1
    actions.ideal_strokes += paint(before, truth, truth)[0]
    aim = draw_labels(Contours(wanted.spacing_mm, drawn), before.shape)
    strokes, painted_good = paint(before, truth, aim)
    actions.strokes += strokes
    actions.painted_not_good += not painted_good
    _delete_extra(session, place, truth, actions)
    for _ in range(MOST_ACTIONS):
        labels = session.segmentation.labels[place]
        if is_good(labels, truth):
            return
        contours = contours_at(session, place)
        tries = list(_tries(session, place, contours, wanted, drawn))
        scores = [_score(redraw_labels(labels, contours, after), truth) for _, after in tries]
        if not scores or max(scores) < _score(labels, truth) + LEAST_GAIN:
            break
        kind, after = tries[int(np.argmax(scores))]
        edit_contours(session, {place: after}, kind)
        name = {"Pull": "pulls", "Redraw": "drawings"}.get(kind, "keys")
        setattr(actions, name, getattr(actions, name) + 1)
    actions.not_good += not is_good(session.segmentation.labels[place], truth)


def paint(labels: Labels, truth: Labels, aim: Labels) -> tuple[int, bool]:
    """How many strokes it takes to paint an image like ``aim``, and whether it is good then.

    Each patch of pixels that lack one label is one stroke, the largest first, until the image is good.
    """
    labels, patches = labels.copy(), []
    for label in (Label.BACKGROUND, *STRUCTURES):
        parts, count = label_parts((aim == label) & (labels != label))
        patches += [(int((parts == number).sum()), int(label), parts == number) for number in range(1, count + 1)]
    strokes = 0
    for size, label, patch in sorted(patches, key=lambda each: -each[0]):
        if is_good(labels, truth) or size <= SMALLEST_PATCH:
            break
        labels[patch] = label
        strokes += 1
    return strokes, is_good(labels, truth)


def is_good(labels: Labels, truth: Labels) -> bool:
    """Whether cavity, cavity with muscle, and RV agree with the truth."""
    return all(region_dice(labels, truth, border) > GOOD_DICE for border in Border)


def region_dice(labels: Labels, truth: Labels, border: Border) -> float:
    """Overlap of what a border encloses; 1 where there is none in either."""
    one, other = np.isin(labels, REGIONS[border]), np.isin(truth, REGIONS[border])
    total = int(one.sum() + other.sum())
    return 2.0 * int((one & other).sum()) / total if total else 1.0


def draw_by_hand(curve: FloatArray, hand: np.random.Generator) -> FloatArray:
    """A border as an unsteady hand draws it."""
    line = resample(curve, 1.0)
    off = smooth_ring(hand.normal(size=line.shape), EVERY_MM / 2.0)
    return line + off * (HAND_MM / np.sqrt(2.0) / max(float(off.std()), 1e-9))


def _delete_extra(session: StudySession, place: Place, truth: Labels, actions: Actions) -> None:
    """One key takes the RV away, one the LV with its muscle."""
    labels = session.segmentation.labels[place]
    extra = [label for label in STRUCTURES if (labels == label).any() and not (truth == label).any()]
    if extra:
        actions.keys += (Label.RV in extra) + bool({Label.LV, Label.MYO} & set(extra))
        delete_here(session, place, extra)


def _tries(
    session: StudySession, place: Place, contours: Contours, wanted: Contours, drawn: dict[Border, FloatArray]
) -> Iterator[Try]:
    """What the reader could do next, and what it would make of the contours."""
    for border, curve in wanted.borders.items():
        if border not in contours.borders:
            yield from _additions(session, place, contours, border, drawn[border])
            continue
        off = -find_nearest(curve, contours.borders[border]).outside_mm
        for stretch in _wrong_stretches(off, WRONG_PX * min(contours.spacing_mm)):
            yield from _pulls(contours, border, curve[stretch], abs(off[stretch]))
            yield from _attempt(
                "Redraw", lambda b=border, s=stretch: redraw(contours, _along(drawn[b], wanted, b, s), b)
            )
        if abs(off).max() > WRONG_PX * min(contours.spacing_mm):
            yield from _attempt("Redraw", lambda b=border: draw_border(contours, b, drawn[b]))
            for by_mm in (STEP_MM, -STEP_MM):
                yield from _attempt("Grow", lambda b=border, by=by_mm: grow(contours, [b], by))


def _pulls(contours: Contours, border: Border, curve: FloatArray, off: FloatArray) -> Iterator[Try]:
    """Pulls of a stretch that lies wrong: from where it is farthest off, and from its middle."""
    length = float(np.hypot(*np.diff(curve, axis=0).T).sum())
    for index in {int(off.argmax()), len(curve) // 2}:
        to = curve[index]
        drag = Pull.begin(contours, find_nearest(to[None], contours.borders[border]).foot_mm[0], border)
        for reach in {float(np.clip(share * length, LEAST_REACH_MM, MOST_REACH_MM)) for share in REACHES}:
            for keep_wall in (False, True)[: 1 if border is Border.RV else 2]:
                yield "Pull", drag.move(to, reach, keep_wall=keep_wall)


def _additions(
    session: StudySession, place: Place, contours: Contours, border: Border, line: FloatArray
) -> Iterator[Try]:
    """A border that is missing: taken over from a neighbour, or drawn."""
    yield from _attempt("Redraw", lambda: draw_border(contours, border, line))
    for phases, slices in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        source = ((place[0] + phases) % session.stack.phases, place[1] + slices)
        if 0 <= source[1] < session.stack.slices:
            yield from _attempt("copy", lambda at=source: copy(contours, contours_at(session, at), [border]))


def _attempt(kind: str, make: object) -> Iterator[Try]:
    try:
        yield kind, make()  # type: ignore[operator]
    except ContourError:
        return  # the tool says that it does not fit here


def _wrong_stretches(off: FloatArray, least_mm: float) -> list[np.ndarray]:
    """Points of the stretches of a ring that lie off to one side, those with the largest area first."""
    side = np.where(abs(off) < least_mm / 2.0, 0.0, np.sign(off))
    if (side == side[0]).all():
        return [np.arange(len(off))] if abs(off).max() > least_mm else []
    start = int(np.flatnonzero(side != np.roll(side, 1))[0])
    order = np.roll(np.arange(len(off)), -start)
    stretches = np.split(order, np.flatnonzero(np.diff(side[order])) + 1)
    wrong = [stretch for stretch in stretches if len(stretch) > 1 and abs(off[stretch]).max() > least_mm]
    return sorted(wrong, key=lambda stretch: -float(abs(off[stretch]).sum()))[:STRETCHES]


def _along(line: FloatArray, wanted: Contours, border: Border, stretch: np.ndarray) -> FloatArray:
    """The part of a line drawn along a border that runs along a stretch of it."""
    curve = wanted.borders[border]
    along, length = arc_mm(curve)
    share = along[stretch] / length * len(line)
    first, last = int(share[0]), int(share[-1])
    count = (last - first) % len(line) + 1
    return line[(first + np.arange(max(count, 2))) % len(line)]


def _score(labels: Labels, truth: Labels) -> float:
    """What the reader looks at: first what a region lacks to be good, then how good it is."""
    values = np.array([region_dice(labels, truth, border) for border in Border])
    return float(-np.clip(GOOD_DICE + 0.005 - values, 0.0, None).sum() + 0.05 * values.sum())
