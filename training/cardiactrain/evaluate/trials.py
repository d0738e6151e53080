"""Who is judged by which network, and what a reader must know about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cardiactrain.data.store import INDEX, load_subjects, read_index
from cardiactrain.errors import DataError, RunError
from cardiactrain.evaluate.rows import has_labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cardiactrain.data.subject import Subject
    from cardiactrain.recipe import Recipe
    from cardiactrain.run import Run


@dataclass(frozen=True)
class Trial:
    """A run, which of its weights, and the subjects that they are judged on."""

    run: Run
    weights: str
    subjects: Sequence[Subject]
    seen: frozenset[str]  # keys and patients that the network has learned from
    unlabelled: int = 0  # subjects left aside: they have no labels to compare with

    @property
    def keys(self) -> frozenset[str]:
        """The subjects' keys."""
        return frozenset(subject.key for subject in self.subjects)

    @property
    def trained_on(self) -> frozenset[str]:
        """Those whose patient the network has learned from, be it on another of her studies."""
        return frozenset(s.key for s in self.subjects if {s.key, s.patient} & self.seen)

    @property
    def chosen_by(self) -> frozenset[str]:
        """Those by whose Dice the weights were chosen."""
        validated = self.run.validation[: self.run.recipe.train.validation_subjects]
        return self.keys & frozenset(validated) if self.weights == "best" else frozenset()


def prepare_trials(runs: Sequence[Run], store: Path | None, weights: str) -> list[Trial]:
    """Each run on the patients it left out, or on everyone in ``store``; nobody counts twice."""
    keys = [[row["key"] for row in read_index(store)] if store else list(run.validation) for run in runs]
    _check_recipes(runs)
    _check_overlap(runs, keys)
    return [_prepare(run, store or run.store, chosen, weights) for run, chosen in zip(runs, keys, strict=True)]


def describe(trials: Sequence[Trial]) -> list[str]:
    """Whether the subjects were new to the networks, and how the weights were chosen."""
    count = sum(len(trial.keys) for trial in trials)
    seen = sum(len(trial.trained_on) for trial in trials)
    chosen = sum(len(trial.chosen_by) for trial in trials)
    aside = sum(trial.unlabelled for trial in trials)
    without = f" Left aside, for want of labels: {aside}." if aside else ""
    trained_on = f"{seen} of them; figures are better than on new patients" if seen else "none of them"
    by_whom = f"{chosen} of these subjects, so in their favour" if chosen else "other subjects"
    ways = {"best": f"best by validation Dice, on {by_whom}", "last": "last of the training"}
    weights = "; ".join(ways[name] for name in sorted({trial.weights for trial in trials}))
    return [f"Subjects: {count}. Trained on: {trained_on}.{without}", f"Weights: {weights}."]


def _check_recipes(runs: Sequence[Run]) -> None:
    first, *others = runs
    for other in others:
        if _without_seed(other.recipe) != _without_seed(first.recipe):
            msg = f"{first.folder} and {other.folder} are runs of different recipes: evaluate them one at a time."
            raise RunError(msg)


def _without_seed(recipe: Recipe) -> Recipe:
    return replace(recipe, train=replace(recipe.train, seed=0))


def _check_overlap(runs: Sequence[Run], keys: Sequence[Sequence[str]]) -> None:
    judges: dict[str, Path] = {}
    for run, chosen in zip(runs, keys, strict=True):
        for key in chosen:
            if key in judges:
                msg = (
                    f"{key} would count twice: {judges[key]} and {run.folder} are both judged on it. Together go runs "
                    "that left out different patients, as the folds of one split do; evaluate others one at a time."
                )
                raise RunError(msg)
            judges[key] = run.folder


def _prepare(run: Run, store: Path, keys: Sequence[str], weights: str) -> Trial:
    if not keys:
        msg = f"{run.folder} left nobody out: name patients to judge it on with --store."
        raise RunError(msg)
    structures = run.recipe.data.structures
    subjects = [subject for subject in load_subjects(store, keys) if has_labels(subject, structures)]
    if not subjects:
        msg = f"{store} has no labels of {', '.join(structures)} to compare with."
        raise DataError(msg)
    return Trial(run, run.choose_weights(weights), subjects, _list_seen(run), len(keys) - len(subjects))


def _list_seen(run: Run) -> frozenset[str]:
    """Keys of the studies learned from, and their patients where the run's own store is there to tell them."""
    rows = read_index(run.store) if (run.store / INDEX).exists() else []
    return run.seen | {row["patient"] for row in rows if row["key"] in run.seen}
