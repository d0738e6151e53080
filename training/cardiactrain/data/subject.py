"""One patient as training sees her: labelled stacks, and for every slice which structures its labels speak about."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from CardiacSegmentationLib.segmentation import STRUCTURES, Label

from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


ARRAYS = ("image", "labels", "known", "used")  # of a stack in its file
ROUNDING = 0.1  # how far a label may lie from its code: what saving as scaled integers costs
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class SubjectFacts:
    """What is known about a subject; splits, tables and licences are made from it.

    ``patient`` tells which subjects are one person; it is empty where every subject is a person of her own.
    """

    subject: str
    dataset: str
    vendor: str
    group: str
    licence: str
    citation: str
    patient: str = ""


@dataclass(frozen=True, eq=False)
class LabelledStack:
    """One phase: ``image`` and ``labels`` are [slice, row, column].

    ``known[slice, label - 1]`` is true where the labels of that structure are complete on that slice, be it there or
    not. Where it is false the structure may hide in the background. ``used`` marks slices fit for training.
    """

    phase: str
    image: npt.NDArray[Any]
    labels: npt.NDArray[np.uint8]
    known: npt.NDArray[np.bool_]
    used: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        slices = len(self.image)
        if self.image.ndim != 3:
            msg = f"Phase {self.phase}: the image is {self.image.shape}, not slices of rows and columns."
            raise ValueError(msg)
        if self.image.shape != self.labels.shape or self.known.shape != (slices, len(STRUCTURES)):
            msg = f"Phase {self.phase}: image {self.image.shape}, labels {self.labels.shape}, known {self.known.shape}."
            raise ValueError(msg)
        if self.used.shape != (slices,) or self.labels.max(initial=0) > max(Label):
            msg = f"Phase {self.phase}: one flag per slice is needed, and labels from 0 to 3."
            raise ValueError(msg)

    def belongs_to(self, phase: str) -> bool:
        """Whether this is a stack of that phase, be it the RV's own (``ED-RV``)."""
        return self.phase in (phase, f"{phase}-RV")

    @classmethod
    def fully_labelled(cls, phase: str, image: npt.NDArray[Any], labels: npt.NDArray[Any]) -> LabelledStack:
        """A stack in which every structure is labelled on every slice."""
        slices = len(image)
        known = np.ones((slices, len(STRUCTURES)), bool)
        return cls(phase, image, to_codes(labels), known, np.ones(slices, bool))


@dataclass(frozen=True, eq=False)
class Subject:
    """A patient with one or more labelled stacks. ``spacing_mm`` is (slice, row, column), NaN where unknown."""

    facts: SubjectFacts
    spacing_mm: tuple[float, float, float]
    stacks: tuple[LabelledStack, ...]

    @property
    def key(self) -> str:
        """The name of this subject in the store."""
        return f"{self.facts.dataset}-{self.facts.subject}"

    @property
    def patient(self) -> str:
        """Who this is; subjects of one patient stay together in every split."""
        return self.facts.patient or self.key

    @property
    def phases(self) -> list[str]:
        """The phases with labels, each once."""
        return list(dict.fromkeys(stack.phase.removesuffix("-RV") for stack in self.stacks))

    def pixel_mm(self, assumed: float) -> tuple[float, float]:
        """Row and column spacing, the assumed one where unknown."""
        _, row, column = self.spacing_mm
        return (row, column) if np.isfinite([row, column]).all() else (assumed, assumed)

    def stack(self, phase: str) -> LabelledStack | None:
        """The stack of a phase, if there is one."""
        return next((s for s in self.stacks if s.phase == phase), None)


def to_codes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Label values of any type as codes from 0 to 3; what lies between codes is refused, never cut off."""
    codes = np.rint(values)
    between = ~(np.abs(values - codes) <= ROUNDING)
    if between.any():
        msg = f"{between.sum()} label values are no whole numbers, one is {values[between][0]:g}."
    elif codes.min(initial=0) < 0 or codes.max(initial=0) > max(Label):
        msg = f"Label values go from {codes.min():g} to {codes.max():g}."
    else:
        return np.asarray(codes, np.uint8)
    msg += f" Save the labels as whole numbers from 0 to {max(Label)}, resampled by nearest neighbour."
    raise ValueError(msg)


def save_subject(subject: Subject, folder: Path) -> Path:
    """Write a subject fit for training as one compressed file, atomically."""
    _check_fitness(subject)
    arrays: dict[str, Any] = {"spacing_mm": np.array(subject.spacing_mm, np.float32)}
    arrays["facts"] = np.array(json.dumps(asdict(subject.facts)))
    arrays["phases"] = np.array([s.phase for s in subject.stacks])
    for n, stack in enumerate(subject.stacks):
        for name in ARRAYS:
            arrays[f"{name}_{n}"] = getattr(stack, name)
    path = folder / f"{subject.key}.npz"
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
    part.replace(path)
    return path


def load_subject(path: Path) -> Subject:
    """Read a subject back."""
    try:
        with np.load(path, allow_pickle=False) as data:
            facts = SubjectFacts(**json.loads(str(data["facts"])))
            stacks = tuple(
                LabelledStack(str(phase), *(data[f"{name}_{n}"] for name in ARRAYS))
                for n, phase in enumerate(data["phases"])
            )
            slice_mm, row_mm, column_mm = (float(mm) for mm in data["spacing_mm"])
    except (OSError, KeyError, ValueError, TypeError, EOFError, BadZipFile) as error:
        msg = f"{path} is not a subject written by `cardiactrain data prepare` ({error}). Prepare it again."
        raise DataError(msg) from error
    return Subject(facts, (slice_mm, row_mm, column_mm), stacks)


def _check_fitness(subject: Subject) -> None:
    if not any(stack.used.any() for stack in subject.stacks):
        msg = f"{subject.key} has no slice fit for training: leave it out of the source."
        raise DataError(msg)
    flat = []
    for n, stack in enumerate(subject.stacks):
        same = next((other.phase for other in subject.stacks[:n] if np.array_equal(other.image, stack.image)), None)
        if same or not stack.labels.any():
            why = f"shows the very images of phase {same}" if same else "has no label on any image"
            msg = f"{subject.key}, phase {stack.phase}, {why}. Put it right, or leave the subject out of the source."
            raise DataError(msg)
        broken = ~np.isfinite(stack.image).all(axis=(1, 2))
        if broken.any():
            place = f"{subject.key}, phase {stack.phase}, slice {int(broken.argmax()) + 1}"
            msg = f"{place}: the image holds NaN or infinity. Put it right, or leave the subject out of the source."
            raise DataError(msg)
        is_flat = (np.ptp(stack.image, axis=(1, 2)) == 0) & stack.used
        flat += [f"{stack.phase} {k + 1}" for k in np.flatnonzero(is_flat)]
    if flat:
        LOG.warning("%s has slices of one grey value only: %s.", subject.key, ", ".join(flat))
