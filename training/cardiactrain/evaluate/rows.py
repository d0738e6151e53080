"""One subject, labelled anew and compared: rows for every stack, every slice and every volume."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from CardiacSegmentationLib.analysis.areas import structure_areas
from CardiacSegmentationLib.analysis.volumes import sum_slices
from CardiacSegmentationLib.segmentation import Label

from cardiactrain.evaluate.measures import distances, overlap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cardiactrain.data.subject import LabelledStack, Subject

Row = dict[str, Any]
POSITIONS = ("base", "mid", "apex")


class Labeller(Protocol):
    """Anything that labels a stack: a trained network, a classical method."""

    def labels(
        self, images: Sequence[npt.NDArray[Any]], pixel_mm: tuple[float, float]
    ) -> Sequence[npt.NDArray[np.uint8]]:
        """Label codes of the phases of a subject, each ``image[slice, row, column]``."""


@dataclass
class Comparison:
    """All rows of an evaluation."""

    stacks: list[Row] = field(default_factory=list)
    slices: list[Row] = field(default_factory=list)
    volumes: list[Row] = field(default_factory=list)


def compare_subjects(
    labeller: Labeller,
    subjects: Sequence[Subject],
    structures: Sequence[str],
    assumed_pixel_mm: float,
    report: Callable[[Subject], None] = lambda _: None,
) -> Comparison:
    """Label every stack of every subject and compare with what is known of it."""
    result = Comparison()
    for subject in subjects:
        guesses = labeller.labels([s.image for s in subject.stacks], subject.pixel_mm(assumed_pixel_mm))
        for phase in subject.phases:
            parts = [pair for pair in zip(subject.stacks, guesses, strict=True) if pair[0].belongs_to(phase)]
            for name in structures:
                _compare_phase(subject, phase, parts, name, result)
        for name in structures:
            result.volumes += _volume_row(subject, guesses, name)
        report(subject)
    return result


def has_labels(subject: Subject, structures: Sequence[str]) -> bool:
    """Whether there is anything of the structures to compare with."""
    codes = [int(Label[name]) for name in structures]
    return any((s.labels[s.known[:, code - 1] & s.used] == code).any() for s in subject.stacks for code in codes)


def _compare_phase(
    subject: Subject, phase: str, parts: Sequence[tuple[LabelledStack, npt.NDArray[Any]]], name: str, into: Comparison
) -> None:
    """One structure of one phase, over all stacks of that phase together: CHLA's RV may lie in two."""
    code = int(Label[name])
    counted = [stack.known[:, code - 1] & stack.used for stack, _ in parts]
    truth_mask = np.concatenate([s.labels[c] == code for (s, _), c in zip(parts, counted, strict=True)])
    guess_mask = np.concatenate([g[c] == code for (_, g), c in zip(parts, counted, strict=True)])
    numbers = np.concatenate([np.flatnonzero(c) for c in counted])
    if not truth_mask.any():
        return
    order = np.argsort(numbers, kind="stable")
    truth_mask, guess_mask, numbers = truth_mask[order], guess_mask[order], numbers[order]
    facts = _facts(subject, phase, name)
    apart = distances(_in_place(truth_mask, numbers), _in_place(guess_mask, numbers), subject.spacing_mm)
    into.stacks.append(
        facts | {"degenerate": _degenerate(truth_mask, guess_mask)} | overlap(truth_mask, guess_mask) | apart
    )
    positions = _positions(truth_mask)
    for n, k in enumerate(numbers):
        truth, found = truth_mask[n : n + 1], guess_mask[n : n + 1]
        if not truth.any() and not found.any():
            continue
        into.slices.append(
            facts
            | {"slice": int(k), "position": positions[n], "degenerate": _degenerate(truth, found)}
            | overlap(truth, found)
            | distances(truth, found, subject.spacing_mm)
        )


def _in_place(masks: npt.NDArray[np.bool_], numbers: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Masks of some slices at their places in the stack: what lies between counts as distance."""
    whole = np.zeros((int(numbers[-1] - numbers[0]) + 1, *masks.shape[1:]), bool)
    whole[numbers - numbers[0]] = masks
    return whole


def _degenerate(truth: npt.NDArray[np.bool_], guess: npt.NDArray[np.bool_]) -> str:
    """Whether a structure was missed altogether, or invented."""
    if truth.any() == guess.any():
        return ""
    return "missed" if truth.any() else "invented"


def _facts(subject: Subject, phase: str, name: str) -> Row:
    facts = subject.facts
    return {
        "subject": subject.key,
        "dataset": facts.dataset,
        "vendor": facts.vendor,
        "group": facts.group,
        "phase": phase,
        "structure": name,
    }


def _positions(masks: npt.NDArray[np.bool_]) -> list[str]:
    """Base, mid or apex by thirds of the slices that hold the structure; the base is where it is larger."""
    areas = masks.sum(axis=(1, 2))
    present = np.flatnonzero(areas)
    first, last = int(present[0]), int(present[-1])
    third = (last - first + 1) / 3
    is_base_first = areas[: first + max(1, round(third))].sum() >= areas[last + 1 - max(1, round(third)) :].sum()
    names = POSITIONS if is_base_first else POSITIONS[::-1]
    return [names[int(np.clip((k - first) / third, 0, 2))] for k in range(len(masks))]


def _volume_row(subject: Subject, guesses: Sequence[npt.NDArray[Any]], name: str) -> list[Row]:
    """ED and ES volume and what follows from them; the Lib measures, as in the product."""
    volumes = {
        f"{phase.lower()}v_{whose}": _volume_ml(subject, phase, name, guesses if whose == "guess" else None)
        for phase in ("ED", "ES")
        for whose in ("truth", "guess")
    }
    if not np.isfinite(volumes["edv_truth"]):
        return []
    if name != "MYO":
        for whose in ("truth", "guess"):
            edv, esv = volumes[f"edv_{whose}"], volumes[f"esv_{whose}"]
            volumes[f"ef_{whose}"] = 100 * (edv - esv) / edv if edv > 0 else float("nan")
    return [{k: v for k, v in _facts(subject, "", name).items() if k != "phase"} | volumes]


def _volume_ml(subject: Subject, phase: str, name: str, guesses: Sequence[npt.NDArray[Any]] | None) -> float:
    """Volume on the slices whose labels are known, in all stacks of a phase together; NaN where it cannot be known."""
    structure = int(Label[name]) - 1
    slice_mm, row_mm, column_mm = subject.spacing_mm
    total, is_known = 0.0, False
    for n, stack in enumerate(subject.stacks):
        if not stack.belongs_to(phase):
            continue
        areas = structure_areas(stack.labels if guesses is None else guesses[n], row_mm * column_mm)
        included = stack.known[:, structure]
        volume = float(sum_slices(areas[structure][None, None], included[None, None], slice_mm)[0, 0])
        total += 0.0 if np.isnan(volume) else volume
        is_known |= bool(included.any())
    return total if is_known and np.isfinite(subject.spacing_mm).all() else float("nan")
