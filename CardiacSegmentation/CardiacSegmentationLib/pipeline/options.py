"""What can be chosen about a run; ``choices`` describes the choices one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.choices import CHOICES, CONVENTION_TYPES, CONVENTIONS, PATIENT_FACTS
from CardiacSegmentationLib.pipeline.local_key import checksum, local_key
from CardiacSegmentationLib.pipeline.record import reading_file

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.cine.slices import Acquisition
    from CardiacSegmentationLib.reading import BasalRule, Reading
    from CardiacSegmentationLib.segmentation import Papillary


class Existing(str, Enum):
    """What to do where the folder already holds results."""

    STOP = "stop"  # never touch them
    RESUME = "resume"  # keep them if they are finished, and of the same study and options
    REPLACE = "replace"


@dataclass(frozen=True)
class Options:
    """The choices of one run; those that change results are recorded with them.

    Conventions and facts about the patient that are ``None`` are those of the reading and of the images.
    """

    stack: int | None = None  # as `cardiacseg info` numbers them; None: the one that fits best
    reacquired: Acquisition = "last"
    backend: str = "auto"
    model: Path | None = None
    phases: str = "all"
    uncertainty: bool = False
    repairs: bool = True
    reading: Path | None = None  # a reading.json: what a person decided about this study
    papillary: Papillary | None = None
    bsa_formula: str | None = None
    basal_rule: BasalRule | None = None
    papillary_percent: int | None = None
    sex: str | None = None
    age_years: float | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    parts: tuple[str, ...] | None = None  # what to write; None: everything
    paper: str = "A4"
    language: str = "en"
    deidentify: bool = False
    labels_file: Path | None = None  # one more label map, where the user wants it
    existing: Existing = Existing.STOP
    threads: int | None = None  # None: all cores
    helper: bool = False  # whether another process may write some of the results

    @classmethod
    def choose(cls, **values: Any) -> Options:
        """Options from plain values, as the command line and settings hold them."""
        return cls(
            **{
                name: CONVENTION_TYPES[name](value) if name in CONVENTION_TYPES and value is not None else value
                for name, value in values.items()
            }
        )

    def complete(self, reading: Reading) -> Reading:
        """What a person decided, for labels that are given or made now, with what was chosen for this run.

        Conventions and facts that were chosen take the place of the reading's own. What was said of the labels that
        were seen then does not hold for these: signature, findings ticked off, images looked at.
        """
        conventions, patient = (
            {name: getattr(self, name) for name in names if getattr(self, name) is not None}
            for names in (CONVENTIONS, PATIENT_FACTS)
        )
        another_rule = (
            conventions.get("basal_rule", reading.conventions.basal_rule) is not reading.conventions.basal_rule
        )
        return replace(
            reading,
            conventions=replace(reading.conventions, **conventions),
            patient=replace(reading.patient, **patient),
            by_rules=None if another_rule else reading.by_rules,
            looked_at=frozenset(),
            acknowledged=frozenset(),
            signature=None,
        )

    @property
    def record_key(self) -> bytes:
        """What the checksums in the record are made with: nothing, or a secret where they must not be guessed."""
        return local_key() if self.deidentify else b""

    def as_recorded(self) -> dict[str, Any]:
        """The choices that results depend on, fit to be written down: of patient and reading only a checksum.

        A path to a model says nothing that the model's own checksum does not say better.
        """
        names = [choice.name for choice in CHOICES.values() if choice.changes_results]
        values = {name: getattr(self, name) for name in ("stack", *names) if name not in PATIENT_FACTS}
        patient = tuple(getattr(self, name) for name in PATIENT_FACTS)
        reading = reading_file(self.reading).read_bytes() if self.reading is not None else b""
        return {
            **{name: getattr(value, "value", value) for name, value in values.items()},
            "parts": None if self.parts is None else sorted(self.parts),
            "patient": checksum(repr(patient).encode(), self.record_key),
            "reading": checksum(reading, self.record_key) if reading else None,
        }
