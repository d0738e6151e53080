"""Several runs as one: a folder that evaluation, export and students read like any other run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cardiactrain.checkpoint import LAST, load_checkpoint, save_checkpoint
from cardiactrain.errors import RunError
from cardiactrain.networks import join_weights
from cardiactrain.plain import Component
from cardiactrain.run import RUN, Run, save_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cardiactrain.recipe import Recipe


def join_runs(runs: Sequence[Run], out: Path, weights: str = "last") -> Run:
    """Write the mean of the runs' networks as a run; whoever one of them has seen, the ensemble has seen."""
    first = runs[0]
    for run in runs[1:]:
        if _what_must_agree(run.recipe) != _what_must_agree(first.recipe):
            msg = f"{first.folder} and {run.folder} see or label differently: their networks cannot be one."
            raise RunError(msg)
    if (out / RUN).exists():
        msg = f"{out} holds a run already: choose another --out, or delete it."
        raise RunError(msg)
    states = [load_checkpoint(run.weights_file(weights), "weights", "normaliser") for run in runs]
    if any(state["normaliser"] for state in states):
        msg = "Networks whose normaliser learned from images cannot be one: each needs its own."
        raise RunError(msg)
    members = [{"kind": run.recipe.network.kind, **run.recipe.network.options} for run in runs]
    recipe = replace(first.recipe, network=Component("ensemble", {"members": members}))
    seen = frozenset[str]().union(*(run.seen for run in runs))
    judged = tuple(key for key in first.validation if key not in seen)
    joined = Run(out, recipe, first.store, first.training, judged, first.split, ancestors=tuple(sorted(seen)))
    weights_of_all = join_weights([state["weights"] for state in states])
    out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(out / LAST, {"weights": weights_of_all, "normaliser": {}})
    save_run(joined)
    return joined


def _what_must_agree(recipe: Recipe) -> tuple[Any, ...]:
    """What an image goes through before and after the network."""
    view = recipe.view
    seen = (view.dims, view.slices, view.size, view.spacing_mm, view.coarse_spacing_mm, recipe.looks_across)
    return (recipe.classes, seen, recipe.normalise, recipe.predict)
