"""Learns when a ventricle's end slices still show it, from patients that a run has not seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from CardiacSegmentationLib.network.ends import FEATURES, Ends, describe_ends
from CardiacSegmentationLib.network.infer import SIDES
from CardiacSegmentationLib.segmentation import Label

from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cardiactrain.data.subject import Subject
    from cardiactrain.predict import Predictor

Array = npt.NDArray[Any]
Samples = dict[tuple[str, Label], tuple[list[Array], list[Array]]]  # by end and side: features, and what is true
RIDGE = 1.0  # keeps weights small that few slices speak for


def collect(subjects: Iterable[Subject], predictor: Predictor, into: Samples) -> None:
    """What the network says of every slice where it claims a ventricle, and whether the reader saw one there."""
    codes = np.array([int(c) for c in predictor.recipe.classes], np.uint8)
    for subject in subjects:
        pixel_mm = subject.pixel_mm(predictor.recipe.data.assumed_pixel_mm)
        for stack in subject.stacks:
            seen = predictor.see(stack.image, pixel_mm)
            if seen.presence is None:
                msg = (
                    f"The recipe {predictor.recipe.name!r} has no slice-presence output, so there are no ends to weigh."
                )
                raise DataError(msg)
            labels = codes[seen.shares.argmax(1)]
            for n, side in enumerate(SIDES):
                features, is_base, is_claimed = describe_ends(
                    labels, seen.presence.T, n, side, pixel_mm[0] * pixel_mm[1]
                )
                counted = is_claimed & stack.known[:, side - 1] & stack.used
                is_there = (stack.labels == side).any(axis=(1, 2))
                for end, here in (("base", is_base), ("apex", ~is_base)):
                    found = into.setdefault((end, side), ([], []))
                    found[0].append(features[counted & here])
                    found[1].append(is_there[counted & here])


def learn(samples: Samples) -> dict[str, dict[str, list[float]]]:
    """The weights of each end and side as plain data; an end without both kinds of slices is left out."""
    weights: dict[str, dict[str, list[float]]] = {"base": {}, "apex": {}}
    for (end, side), (features, is_there) in samples.items():
        x, y = np.concatenate(features), np.concatenate(is_there)
        if 0 < y.sum() < len(y):
            weights[end][side.name] = [round(float(w), 4) for w in fit_logistic(x, y)]
    Ends.read(weights)
    return weights


def fit_logistic(x: Array, y: Array, ridge: float = RIDGE) -> Array:
    """Weights of a logistic model ``y ~ x`` (its first feature is constant, and not held small)."""
    from scipy.optimize import minimize

    sign = 2.0 * y - 1
    small = np.full(x.shape[1], ridge)
    small[0] = 0

    def loss(w: Array) -> tuple[float, Array]:
        margin = sign * (x @ w)
        wrong = 1 / (1 + np.exp(margin))
        return float(np.logaddexp(0, -margin).sum() + small @ w**2 / 2), -(x.T @ (sign * wrong)) + small * w

    found: Array = minimize(loss, np.zeros(x.shape[1]), jac=True).x
    return found


def read_ends(path: Path) -> Ends:
    """The weights in a file of ``cardiactrain ends``."""
    try:
        return Ends.read(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path} is no file of `cardiactrain ends`: {error}"
        raise DataError(msg) from error


def describe(samples: Samples, ends: Ends) -> Sequence[str]:
    """How often presence alone and the weighed ends are wrong, one line for each end and side."""
    lines = []
    for (end, side), (features, is_there) in sorted(samples.items()):
        x, y = np.concatenate(features), np.concatenate(is_there)
        weights = getattr(ends, end).get(side)
        alone = x[:, FEATURES.index("presence")] > 0
        weighed = alone if weights is None else x @ np.array(weights) > 0
        told = [f"{int((guess & ~y).sum())} invented, {int((~guess & y).sum())} missed" for guess in (alone, weighed)]
        counts = f"{len(y)} slices, {int((~y).sum())} without it"
        lines.append(f"{end} {side.name}: {counts}; presence alone {told[0]}; weighed {told[1]}")
    return lines
