"""The third value: everything a person decided about a study. Nothing a program finds ever replaces any of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.errors import ReadingError
from CardiacSegmentationLib.journal import JournalEntry, now_utc
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Papillary
from CardiacSegmentationLib.stack import Patient

if TYPE_CHECKING:
    from collections.abc import Iterable

    from CardiacSegmentationLib.segmentation import Place

Counted = npt.NDArray[np.bool_]  # [label - 1, phase, slice]
Cell = tuple[int, int, int]  # label, phase, slice
Point = tuple[float, float, float]  # mm in patient space (LPS)


class BasalRule(str, Enum):
    """Which slices at the base count for the LV."""

    HALF_RING = "half"  # where myocardium surrounds at least half of the cavity (SCMR 2020)
    WHOLE_RING = "whole"  # where it surrounds all of it, but for gaps of a pixel
    AS_LABELLED = "as-labelled"  # every slice that has labels


@dataclass(frozen=True)
class Conventions:
    """The choices behind the numbers; printed beside them wherever they are shown."""

    papillary: Papillary = Papillary.VOLUME
    bsa_formula: str = "Mosteller"
    basal_rule: BasalRule = BasalRule.HALF_RING
    papillary_percent: int = 50  # so far from muscle (0) to blood (100) a pixel in the cavity may lie and be muscle


@dataclass(frozen=True)
class KeyPhases:
    """End-diastole and end-systole of both ventricles; ``None`` where they are not known or not decided."""

    lv_ed: int | None = None
    lv_es: int | None = None
    rv_ed: int | None = None
    rv_es: int | None = None

    def of(self, ventricle: Label, moment: str) -> int | None:
        """The phase of a ventricle's ``"ed"`` or ``"es"``."""
        phase: int | None = getattr(self, f"{ventricle.name}_{moment}".lower())
        return phase

    def or_else(self, others: KeyPhases) -> KeyPhases:
        """These, and those of ``others`` where there is none."""
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        return replace(others, **{name: phase for name, phase in known.items() if phase is not None})


@dataclass(frozen=True, eq=False)
class ByRules:
    """What the rules say of a segmentation: ED and ES, and ``counted[label - 1, phase, slice]``."""

    key_phases: KeyPhases
    counted: Counted

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ByRules)
            and self.key_phases == other.key_phases
            and np.array_equal(self.counted, other.counted)
        )

    __hash__ = None  # type: ignore[assignment]


SHORTEST_LINE_MM, LONGEST_LINE_MM = 5.0, 120.0  # between the points of a base plane: no valve is narrower or wider
ROUNDING = 0.02  # of numbers in a file


@dataclass(frozen=True, order=True)
class BaseLine:
    """Where a ventricle ends at its valve, mitral or tricuspid, in one phase: two points on a long-axis image.

    The base plane runs through the line and across the image; lines of two long axes turn it both ways. A line that the
    reader did not set himself was ``followed`` from those he set, by the motion of the images.
    """

    label: int  # Label.LV or Label.RV
    view: str  # the long axis: ``LongAxis.name``
    phase: int
    points_mm: tuple[Point, Point]
    across: Point  # unit vector at right angles to the long-axis image
    is_followed: bool = False


@dataclass(frozen=True)
class Signature:
    """Who answers for a reading."""

    reader: str
    when: str  # ISO 8601, UTC


@dataclass(frozen=True)
class Reading:
    """What a person decided about a study; where nothing was decided, the rules hold.

    ``by_rules`` is what the rules said before the first correction or decision. From then on it holds still: a border
    moved by hand changes volumes, and never which phase or slice they are taken from. ``None`` means that nothing was
    corrected or decided yet. ``counts`` holds the decided cells only; they win over ``base_lines``, and these over the
    rule. ``acknowledged`` names the findings that the reader has looked at (``finding_key``).
    """

    key_phases: KeyPhases = field(default_factory=KeyPhases)
    counts: tuple[tuple[Cell, bool], ...] = ()  # in the order of cells
    base_lines: tuple[BaseLine, ...] = ()  # in order, one for a structure, view and phase
    conventions: Conventions = field(default_factory=Conventions)
    patient: Patient = field(default_factory=Patient)  # what is put right; None: as the images say
    unknown_facts: frozenset[str] = frozenset()  # facts about the patient that the images state and the reader does not
    by_rules: ByRules | None = None
    looked_at: frozenset[Place] = frozenset()
    acknowledged: frozenset[str] = frozenset()
    reader: str = ""
    impression: str = ""
    signature: Signature | None = None
    journal: tuple[JournalEntry, ...] = ()

    @property
    def has_decisions(self) -> bool:
        """Whether the reader decided which phases or slices numbers are taken from."""
        return (self.key_phases, self.counts, self.base_lines) != (KeyPhases(), (), ())

    @property
    def base_planes(self) -> tuple[int, ...]:
        """The ventricles whose base plane is set, as labels."""
        return tuple(sorted({line.label for line in self.base_lines}))

    def lines_of(self, label: int, view: str | None = None) -> tuple[BaseLine, ...]:
        """The lines of a ventricle's base plane, on one long axis or on all."""
        return tuple(line for line in self.base_lines if line.label == label and view in (None, line.view))

    def with_lines(self, label: int, view: str, lines: Iterable[BaseLine]) -> Reading:
        """The reading in which these are all lines of a ventricle on a long axis."""
        others = set(self.base_lines) - set(self.lines_of(label, view))
        return replace(self, base_lines=tuple(sorted({*others, *lines})))

    def decide_counts(self, cells: Iterable[Cell], counts: bool | None) -> Reading:
        """The reading with some cells decided; ``None`` leaves them to the rule again."""
        decided = dict(self.counts)
        for cell in cells:
            if counts is None:
                decided.pop(cell, None)
            else:
                decided[cell] = counts
        return replace(self, counts=tuple(sorted(decided.items())))

    def begun_again(self, model: str, when: str = "") -> Reading:
        """What stays when the study is segmented again: conventions, facts, the reader's name and words, journal."""
        entry = JournalEntry(when or now_utc(), "segment", after=model)
        return Reading(
            conventions=self.conventions,
            patient=self.patient,
            unknown_facts=self.unknown_facts,
            reader=self.reader,
            impression=self.impression,
            journal=(*self.journal, entry),
        )

    def patient_of(self, patient: Patient) -> Patient:
        """The patient's facts with what is put right in place of what the images say."""
        put_right = {item.name: getattr(self.patient, item.name) for item in fields(Patient)}
        stated = {name: value for name, value in put_right.items() if value is not None}
        return replace(patient, **{**stated, **dict.fromkeys(self.unknown_facts)})

    def put_right(self, of_images: Patient, patient: Patient) -> Reading:
        """The reading in which these are the patient's facts, whatever the images say."""
        differing = {name: value for name, value in vars(patient).items() if value != getattr(of_images, name)}
        unknown = frozenset(name for name, value in differing.items() if value is None)
        return replace(self, patient=Patient(**differing), unknown_facts=unknown)


def all_counted(phases: int, slices: int) -> Counted:
    """Every cell counts."""
    return np.ones((len(STRUCTURES), phases, slices), bool)


def require_line(line: BaseLine) -> None:
    """Refuse what can be no base of a ventricle: a ``ReadingError``."""
    if line.label not in (Label.LV, Label.RV):
        raise ReadingError.of("base-ventricle")
    length_mm = math.dist(*line.points_mm)
    if not SHORTEST_LINE_MM <= length_mm <= LONGEST_LINE_MM:
        raise ReadingError.of("base-width", length_mm=length_mm, least_mm=SHORTEST_LINE_MM, most_mm=LONGEST_LINE_MM)
    direction = [(b - a) / length_mm for a, b in zip(*line.points_mm, strict=True)]
    off_plane = sum(a * b for a, b in zip(direction, line.across, strict=True))
    if abs(math.hypot(*line.across) - 1) > ROUNDING or abs(off_plane) > ROUNDING:
        raise ReadingError.of("base-image")
