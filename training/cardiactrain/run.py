"""A run's folder: what was trained on whom, so that evaluation, export and resuming need nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardiactrain.checkpoint import BEST, LAST, load_checkpoint
from cardiactrain.data.phantoms import make_phantoms
from cardiactrain.data.splits import choose
from cardiactrain.data.store import load_subjects
from cardiactrain.errors import RunError
from cardiactrain.files import save_text
from cardiactrain.networks import make_network
from cardiactrain.normalise import make_normaliser
from cardiactrain.predict import Predictor
from cardiactrain.recipe import Recipe, parse_recipe, plain_data
from cardiactrain.teach import seen_by_teachers
from cardiactrain.trainer import Trainer

if TYPE_CHECKING:
    import torch

    from cardiactrain.data.splits import Fold
    from cardiactrain.distributed import World

RUN = "run.json"


@dataclass(frozen=True)
class Run:
    """One training: its recipe and its patients."""

    folder: Path
    recipe: Recipe
    store: Path
    training: tuple[str, ...]
    validation: tuple[str, ...]
    split: str = ""
    start: str = ""  # the run whose weights it began with
    ancestors: tuple[str, ...] = ()  # patients that run, or the teachers of the store, had learned from

    @property
    def seen(self) -> frozenset[str]:
        """Keys of all patients the weights have learned from, be it through another run or a teacher."""
        return frozenset(self.training) | frozenset(self.ancestors)

    @property
    def datasets(self) -> tuple[str, ...]:
        """The data sets of the patients seen."""
        return tuple(sorted({key.split("-", 1)[0] for key in self.seen}))

    def predictor(self, device: torch.device, weights: str = "auto") -> Predictor:
        """The trained network; ``auto`` takes the best by validation Dice, or the last where none was validated."""
        name = {"best": BEST, "last": LAST}.get(weights, BEST if (self.folder / BEST).exists() else LAST)
        state = load_checkpoint(self.folder / name)
        network = make_network(self.recipe)
        try:
            network.load_state_dict(state["weights"])
        except (KeyError, RuntimeError) as error:
            msg = f"{self.folder / name} does not fit the run's recipe: {error}"
            raise RunError(msg) from error
        normaliser = make_normaliser(self.recipe.normalise)
        normaliser.load(state["normaliser"])
        return Predictor(network.to(device).eval(), normaliser, self.recipe, device)


def start_run(
    folder: Path,
    recipe: Recipe,
    store: Path,
    fold: Fold,
    split: str = "",
    *,
    start: Path | None = None,
    is_first: bool = True,
) -> Run:
    """Make a run's folder, or go on with the one that is there if it is the same run.

    ``start`` is the run whose weights it begins with. Of several processes only the first writes: two that write one
    file at a time take it from each other.
    """
    if recipe.baseline is not None:
        msg = f"The recipe {recipe.name!r} has nothing to train; `cardiactrain compare {recipe.name}` measures it."
        raise RunError(msg)
    training = tuple(choose(fold.training, recipe.data.datasets))
    validation = tuple(choose(fold.validation, recipe.data.datasets))
    seen = open_run(start).seen if start is not None else frozenset[str]()
    if recipe.data.opinion > 0:
        seen |= seen_by_teachers(store)
    begins = str(start.resolve()) if start is not None else ""
    run = Run(folder, recipe, store.resolve(), training, validation, split, begins, tuple(sorted(seen)))
    path = folder / RUN
    if path.exists() and not _is_same(_content(run), _read(path)):
        msg = f"{folder} holds a run of another recipe, store or split. Choose another --out, or delete it."
        raise RunError(msg)
    if is_first and not path.exists():
        save_text(json.dumps(_content(run), indent=1) + "\n", path)
    return run


def open_run(folder: Path) -> Run:
    """An existing run."""
    path = folder / RUN
    if not path.exists():
        msg = f"{folder} is no run (it has no {RUN}). Make one with `cardiactrain fit`."
        raise RunError(msg)
    content = _read(path)
    try:
        return Run(
            folder,
            parse_recipe(content["recipe"], str(path)),
            Path(content["store"]),
            tuple(content["training"]),
            tuple(content["validation"]),
            content["split"],
            content.get("start", ""),
            tuple(content.get("ancestors", ())),
        )
    except KeyError as error:
        msg = f"{path} is incomplete: {error} is missing."
        raise RunError(msg) from error


def make_trainer(run: Run, world: World, *, validate: bool = True) -> Trainer:
    """The trainer of a run, with its patients loaded; it goes on where the run's folder says."""
    recipe = run.recipe
    training = [*load_subjects(run.store, run.training), *make_phantoms(recipe.data.phantoms)]
    is_validated = validate and bool(run.validation)
    validation = load_subjects(run.store, run.validation)[: recipe.train.validation_subjects] if is_validated else []
    return Trainer(recipe, training, validation, run.folder, world)


def _content(run: Run) -> dict[str, Any]:
    content = {
        "recipe": plain_data(run.recipe),
        "store": str(run.store),
        "split": run.split,
        "training": list(run.training),
        "validation": list(run.validation),
        "start": run.start,
        "ancestors": list(run.ancestors),
    }
    return dict(json.loads(json.dumps(content)))


def _is_same(content: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether a folder's run is the one asked for; what an older version did not write down is not asked."""
    return all(found.get(key, value) == value for key, value in content.items())


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except ValueError as error:
        msg = f"{path} is damaged: {error}"
        raise RunError(msg) from error
