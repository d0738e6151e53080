"""What can be chosen about a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.segmentation import Papillary

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.cine.slices import Acquisition
    from CardiacSegmentationLib.stack import Patient


class Existing(str, Enum):
    """What to do where the folder already holds results."""

    STOP = "stop"  # never touch them
    RESUME = "resume"  # keep them if they are finished, and of the same study and options
    REPLACE = "replace"


@dataclass(frozen=True)
class Options:
    """The choices of one run; those that change results are recorded with them."""

    stack: int | None = None  # as `cardiacseg info` numbers them; None: the one that fits best
    reacquired: Acquisition = "last"  # which acquisition of a repeated slice counts
    backend: str = "auto"
    model: Path | None = None  # a bundle of one's own
    only_ed_es: bool = False
    uncertainty: bool = False
    repairs: bool = True
    papillary: Papillary = Papillary.VOLUME
    bsa_formula: str = "Mosteller"
    sex: str | None = None  # these four: instead of what the images say
    age_years: float | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    parts: tuple[str, ...] | None = None  # what to write; None: everything
    paper: str = "A4"  # of the report, or "Letter"
    deidentify: bool = False
    labels_file: Path | None = None  # one more label map, where the user wants it
    existing: Existing = Existing.STOP
    threads: int | None = None  # None: all cores

    def with_patient(self, patient: Patient) -> Patient:
        """The patient with what the user said in place of what the images say."""
        said = {name: getattr(self, name) for name in ("sex", "age_years", "height_cm", "weight_kg")}
        return replace(patient, **{name: value for name, value in said.items() if value is not None})

    def as_recorded(self) -> dict[str, Any]:
        """The choices that results depend on, fit to be written down: of the patient's facts only a checksum.

        A path to a model says nothing that the model's own checksum does not say better.
        """
        which = ("stack", "reacquired")
        how = ("backend", "only_ed_es", "uncertainty", "repairs", "bsa_formula", "paper", "deidentify")
        facts: dict[str, Any] = {name: getattr(self, name) for name in (*which, *how)}
        patient = (self.sex, self.age_years, self.height_cm, self.weight_kg)
        return {
            **facts,
            "papillary": self.papillary.value,
            "parts": None if self.parts is None else sorted(self.parts),
            "patient": hashlib.sha256(repr(patient).encode()).hexdigest(),
        }
