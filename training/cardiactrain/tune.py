"""Search a recipe's settings: a grid, random draws, or Optuna. Finished trials are never run again."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiactrain.errors import RecipeError, RunError
from cardiactrain.files import load_object, save_rows, save_text
from cardiactrain.plain import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Objective = Callable[[dict[str, Any], Path], float]

TRIALS, SEARCH = "trials.csv", "tune.json"


@dataclass(frozen=True)
class Range:
    """A setting and where it may lie: ``optimiser.lr=1e-4..1e-2`` (log) or ``loss.kind=dice,dice-ce``."""

    key: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[Any, ...] = ()

    def grid(self, points: int) -> list[Any]:
        """Values spread evenly on a logarithmic scale, or all choices."""
        if self.choices:
            return list(self.choices)
        return [float(f"{v:.4g}") for v in np.geomspace(self.low, self.high, points)]

    def draw(self, random: np.random.Generator) -> Any:
        """A value at random, logarithms uniform."""
        if self.choices:
            return self.choices[int(random.integers(len(self.choices)))]
        return float(f"{math.exp(random.uniform(math.log(self.low), math.log(self.high))):.4g}")


def parse_range(text: str) -> Range:
    """Read ``KEY=LOW..HIGH`` or ``KEY=A,B,C``."""
    key, separator, value = text.partition("=")
    try:
        if not separator or not key:
            raise ValueError
        if ".." in value:
            low, high = (float(end) for end in value.split(".."))
            if not 0 < low < high:
                raise ValueError
            return Range(key, low, high)
        return Range(key, choices=tuple(read_yaml(item, f"--vary {text}") for item in value.split(",")))
    except ValueError:
        msg = f"--vary takes KEY=LOW..HIGH (both above 0) or KEY=A,B,C, not {text!r}."
        raise RecipeError(msg) from None


def propose_grid(ranges: Sequence[Range], points: int) -> Iterator[dict[str, Any]]:
    """Every combination."""
    for values in itertools.product(*(r.grid(points) for r in ranges)):
        yield dict(zip((r.key for r in ranges), values, strict=True))


def propose_random(ranges: Sequence[Range], trials: int, seed: int) -> Iterator[dict[str, Any]]:
    """Draws; trial n is the same however often the search is resumed."""
    for n in range(trials):
        random = np.random.default_rng([seed, n])
        yield {r.key: r.draw(random) for r in ranges}


def begin_search(folder: Path, what: dict[str, Any]) -> None:
    """Write down what a folder's trials have in common; once it has any, that must stay the same.

    A search of an older version wrote down nothing; it goes on.
    """
    path, what = folder / SEARCH, json.loads(json.dumps(what))
    if path.exists() and any(folder.glob("trial-*")):
        found = load_object(path)
        other = [key for key, value in what.items() if found.get(key) != value]
        if other:
            msg = f"{folder} holds a search with another {' and '.join(other)}. Choose another --out, or delete it."
            raise RunError(msg)
    save_text(json.dumps(what, indent=1) + "\n", path)


def search(proposals: Iterator[dict[str, Any]], objective: Objective, folder: Path) -> list[dict[str, Any]]:
    """Run every proposal that has no result yet; returns all, best first."""
    done = {row["settings"]: row for row in _read(folder)}
    for settings in proposals:
        text = json.dumps(settings, sort_keys=True)
        if text not in done:
            done[text] = {"settings": text, "dice": objective(settings, folder / _name(settings))}
            save_rows(list(done.values()), folder / TRIALS)
    return sorted(done.values(), key=lambda row: -float(row["dice"]))


def search_optuna(
    ranges: Sequence[Range], trials: int, seed: int, objective: Objective, folder: Path
) -> list[dict[str, Any]]:
    """Let Optuna propose; its study is a file in the folder, so the search and a trial that was stopped go on."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)  # it warns of what we raise, with a traceback
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{(folder / 'optuna.db').resolve()}",
        study_name="cardiactrain",
        direction="maximize",
        load_if_exists=True,
    )
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))  # never the same draws twice

    _take_up_stopped(study)

    def attempt(trial: optuna.Trial) -> float:
        settings = {r.key: _suggest(trial, r) for r in ranges}
        return objective(settings, folder / _name(settings))

    finished = optuna.trial.TrialState.COMPLETE
    while len(study.get_trials(states=(finished,))) < trials:
        study.optimize(attempt, n_trials=1)
    rows = [
        {"settings": json.dumps(t.params, sort_keys=True), "dice": t.value}
        for t in study.get_trials(states=(finished,))
    ]
    save_rows(rows, folder / TRIALS)
    return sorted(rows, key=lambda row: -float(row["dice"]))


def _take_up_stopped(study: Any) -> None:
    """Let trials that have no result come first, with the settings they had: their folders hold how far they came."""
    from optuna.trial import TrialState

    trials = study.get_trials()
    ahead = {TrialState.COMPLETE, TrialState.WAITING}
    queued = [t.params or t.system_attrs.get("fixed_params") for t in trials if t.state in ahead]
    for trial in trials:
        if trial.state == TrialState.RUNNING:
            study.tell(trial.number, state=TrialState.FAIL)
        if trial.state in {TrialState.RUNNING, TrialState.FAIL} and trial.params and trial.params not in queued:
            study.enqueue_trial(trial.params)
            queued.append(trial.params)


def _name(settings: dict[str, Any]) -> str:
    """The folder of a trial, which hangs on its settings alone."""
    return f"trial-{hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]}"


def _suggest(trial: Any, wanted: Range) -> Any:
    if wanted.choices:
        return trial.suggest_categorical(wanted.key, list(wanted.choices))
    return trial.suggest_float(wanted.key, wanted.low, wanted.high, log=True)


def _read(folder: Path) -> list[dict[str, Any]]:
    path = folder / TRIALS
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
