"""Networks as teachers: what they see in every stack, for a student to learn from beside the readers' labels."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from CardiacSegmentationLib.segmentation import STRUCTURES

from cardiactrain.errors import DataError, RunError
from cardiactrain.files import save_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cardiactrain.data.subject import LabelledStack, Subject
    from cardiactrain.predict import Predictor

TEACHERS = "teachers.json"  # in a taught store


def teach(subject: Subject, teachers: Sequence[Predictor]) -> Subject:
    """The subject with the mean opinion of some networks on every stack."""
    for teacher in teachers:
        if len(teacher.recipe.classes) != 1 + len(STRUCTURES):
            msg = f"The recipe {teacher.recipe.name!r} cannot teach: it does not know RV, MYO and LV."
            raise RunError(msg)
    stacks = []
    for stack in subject.stacks:
        seen = [t.probabilities(stack.image, subject.pixel_mm(t.recipe.data.assumed_pixel_mm)) for t in teachers]
        mean = np.moveaxis(np.mean(seen, axis=0), 1, 0)[1:]
        stacks.append(replace(stack, opinion=np.rint(255 * mean.clip(0, 1)).astype(np.uint8)))
    return replace(subject, stacks=tuple(stacks))


def record_teachers(store: Path, seen: Iterable[str]) -> None:
    """Note in a store which patients its teachers had learned from, beside those of earlier teachers."""
    known = seen_by_teachers(store) | frozenset(seen)
    save_text(json.dumps({"seen": sorted(known)}, indent=1) + "\n", store / TEACHERS)


def seen_by_teachers(store: Path) -> frozenset[str]:
    """Keys of the patients that the teachers of a store had learned from; none where it was not taught."""
    path = store / TEACHERS
    if not path.exists():
        return frozenset()
    try:
        return frozenset(json.loads(path.read_text())["seen"])
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{path} is damaged ({error}). Let the networks teach the store again."
        raise DataError(msg) from error


def mix_with_opinion(stack: LabelledStack, weight: float) -> npt.NDArray[np.uint8]:
    """Class shares ``[label - 1, slice, row, column]`` in 255ths: labels, and the teachers' opinion to a ``weight``.

    Where a structure is not labelled, what the labels leave open is shared out as the teachers see it.
    """
    assert stack.opinion is not None
    opinion = stack.opinion.astype(np.float32) / 255
    known = stack.known.T[:, :, None, None]
    labelled = stack.labels[None] == np.arange(1, len(STRUCTURES) + 1)[:, None, None, None]
    labelled &= known
    rest = 1 - np.where(known, opinion, 0).sum(0)  # background and all that is not labelled
    is_open = ~labelled.any(0)
    shared_out = is_open * opinion / np.maximum(rest, 1e-6)
    labels = np.where(known, labelled, np.clip(shared_out, 0, 1))
    mixed: npt.NDArray[np.uint8] = np.rint(255 * ((1 - weight) * labels + weight * opinion)).astype(np.uint8)
    return mixed
