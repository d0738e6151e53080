"""The one number training is steered by: mean Dice over structures on whole stacks, on the native grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.data.subject import Subject
    from cardiactrain.predict import Predictor


def mean_dice(predictor: Predictor, subjects: Sequence[Subject]) -> tuple[float, dict[str, float]]:
    """Mean over structures and phases, and each of them (``"LV ED": 0.96``); only known labels count."""
    found: dict[str, list[float]] = {}
    for subject in subjects:
        counts: dict[str, tuple[int, int, int]] = {}  # in both, in the truth, in the guess
        pixel_mm = subject.pixel_mm(predictor.recipe.data.assumed_pixel_mm)
        guesses = predictor.labels([stack.image for stack in subject.stacks], pixel_mm)
        for stack, labels in zip(subject.stacks, guesses, strict=True):
            for name in predictor.recipe.data.structures:
                code = int(Label[name])
                counted = stack.known[:, code - 1] & stack.used
                truth, guess = stack.labels[counted] == code, labels[counted] == code
                key = f"{name} {stack.phase.removesuffix('-RV')}"
                both, present, guessed = counts.get(key, (0, 0, 0))
                counts[key] = both + int((truth & guess).sum()), present + int(truth.sum()), guessed + int(guess.sum())
        for key, (both, present, guessed) in counts.items():
            if present:
                found.setdefault(key, []).append(2 * both / (present + guessed))
    means = {key: float(np.mean(values)) for key, values in sorted(found.items())}
    return (float(np.mean(list(means.values()))) if means else 0.0), means
