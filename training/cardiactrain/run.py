"""A run's folder: what was trained on whom, so that evaluation, export and resuming need nothing else."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardiactrain.checkpoint import BEST, LAST, load_checkpoint, load_weights
from cardiactrain.data.phantoms import make_phantoms
from cardiactrain.data.splits import choose
from cardiactrain.data.store import load_subjects
from cardiactrain.errors import RunError
from cardiactrain.files import load_object, save_text
from cardiactrain.networks import make_network
from cardiactrain.normalise import make_normaliser
from cardiactrain.predict import Predictor
from cardiactrain.recipe import Recipe, parse_recipe, plain_data
from cardiactrain.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
    teachers: dict[str, str] = field(default_factory=dict)  # runs it learns from, each with the sum of its weights
    ancestors: tuple[str, ...] = ()  # patients that the run it began with, or its teachers, had learned from
    files: str = ""  # fingerprint of its patients' files; "" is unknown
    processes: int = 0  # that train it together; 0 is unknown

    @property
    def seen(self) -> frozenset[str]:
        """Keys of all patients the weights have learned from, be it through another run or a teacher."""
        return frozenset(self.training) | frozenset(self.ancestors)

    @property
    def datasets(self) -> tuple[str, ...]:
        """The data sets of the patients seen."""
        return tuple(_count_datasets(self.seen))

    def choose_weights(self, wanted: str = "auto") -> str:
        """``best`` or ``last``; ``auto`` takes the best by validation Dice, or the last where none was validated."""
        if wanted != "auto":
            return wanted
        return "best" if (self.folder / BEST).exists() else "last"

    def weights_file(self, weights: str = "auto") -> Path:
        """The checkpoint that holds them."""
        return self.folder / {"best": BEST, "last": LAST}[self.choose_weights(weights)]

    def predictor(self, device: torch.device, weights: str = "auto") -> Predictor:
        """The trained network."""
        path = self.weights_file(weights)
        state = load_checkpoint(path, "weights", "normaliser")
        network = make_network(self.recipe)
        load_weights(network, state["weights"], path)
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
    teachers: Sequence[Path] = (),
    is_first: bool = True,
) -> Run:
    """A new run, or the one that the folder holds if it is the same; the first of several processes says on whom.

    ``start`` is the run whose weights it begins with, ``teachers`` are those it learns from beside the labels. Nothing
    is written before ``make_trainer`` has tried it.
    """
    if recipe.baseline is not None:
        msg = f"The recipe {recipe.name!r} has nothing to train; `cardiactrain compare {recipe.name}` measures it."
        raise RunError(msg)
    training = tuple(choose(fold.training, recipe.data.datasets))
    validation = tuple(choose(fold.validation, recipe.data.datasets))
    before = [open_run(path) for path in (*teachers, *([start] if start is not None else []))]
    seen = frozenset[str]().union(*(run.seen for run in before))
    begins = str(start.resolve()) if start is not None else ""
    sums = {str(path.resolve()): _sum(open_run(path).weights_file()) for path in teachers}
    run = Run(folder, recipe, store.resolve(), training, validation, split, begins, sums, tuple(sorted(seen)))
    _refuse_another(run)
    if is_first:
        print(_tell_patients(run, fold))
    return run


def open_run(folder: Path) -> Run:
    """An existing run."""
    path = folder / RUN
    if not path.exists():
        msg = f"{folder} is no run (it has no {RUN}). Make one with `cardiactrain fit`."
        raise RunError(msg)
    content = load_object(path)
    try:
        return Run(
            folder,
            parse_recipe(_rename_keys(content["recipe"]), str(path)),
            Path(content["store"]),
            tuple(content["training"]),
            tuple(content["validation"]),
            content["split"],
            content.get("start", ""),
            dict(content.get("teachers", {})),
            tuple(content.get("ancestors", ())),
            content.get("files", ""),
            content.get("processes", 0),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{path} is incomplete or damaged: {error}."
        raise RunError(msg) from error


def make_trainer(run: Run, world: World, *, validate: bool = True) -> Trainer:
    """The trainer of a run, with its patients loaded; it goes on where the run's folder says.

    Of several processes only the first writes: two that write one file at a time take it from each other.
    """
    recipe = run.recipe
    training = [*load_subjects(run.store, run.training), *make_phantoms(recipe.data.phantoms)]
    is_validated = validate and bool(run.validation)
    validation = load_subjects(run.store, run.validation)[: recipe.train.validation_subjects] if is_validated else []
    run = with_files(run, world)
    teachers = [open_run(Path(folder)).predictor(world.device) for folder in run.teachers]
    trainer = Trainer(recipe, training, validation, run.folder, world, teachers=teachers)
    if run.start and trainer.progress.epoch == 0:
        trainer.start_from(Path(run.start))
    trainer.rehearse()
    if world.is_first and not (run.folder / RUN).exists():
        save_run(run)
    return trainer


def with_files(run: Run, world: World) -> Run:
    """The run with its patients' files and its processes as they are now; refused if it began with others."""
    run = replace(run, files=_fingerprint(run), processes=world.size)
    _refuse_another(run)
    return run


def save_run(run: Run) -> None:
    """Write down what a run is."""
    save_text(json.dumps(_content(run), indent=1) + "\n", run.folder / RUN)


def _tell_patients(run: Run, fold: Fold) -> str:
    """Who is trained on, and who is not because of the recipe's choice of data sets."""
    data = run.recipe.data
    told = f"{run.recipe.name}: trains on {len(run.training)} subjects ({_list_datasets(run.training)})"
    ignored = [key for key in (*fold.training, *fold.validation) if key not in {*run.training, *run.validation}]
    if ignored:
        wanted = ", ".join((*data.datasets, *_count_datasets(ignored)))
        told += f"; left out because of data.datasets: {_list_datasets(ignored)}"
        told += f" – name them with --set 'data.datasets=[{wanted}]'"
    for name in data.share:
        if name not in (*data.datasets, "phantom"):
            told += f"; data.share speaks of {name}, which is not among data.datasets"
    return told


def _list_datasets(keys: Iterable[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in _count_datasets(keys).items()) or "none"


def _count_datasets(keys: Iterable[str]) -> dict[str, int]:
    """How many of the patients each data set has, in the order of their names."""
    return dict(sorted(Counter(key.split("-", 1)[0] for key in keys).items()))


def _fingerprint(run: Run) -> str:
    """What tells whether the files of a run's patients are still the same."""
    found = hashlib.sha256()
    for key in sorted({*run.training, *run.validation}):
        found.update(f"{key} {_sum(run.store / f'{key}.npz')}\n".encode())
    return found.hexdigest()


def _sum(path: Path) -> str:
    """The SHA-256 of a file."""
    if not path.exists():
        msg = f"{path} is missing."
        raise RunError(msg)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _rename_keys(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe's plain data in today's words, where a run of an older version wrote it down."""
    view, data = dict(recipe.get("view", {})), dict(recipe.get("data", {}))
    if "together" in view:
        view["slices_together"] = view.pop("together")
    data.pop("opinion", None)  # its weights are as they are
    return recipe | {"view": view, "data": data}


def _refuse_another(run: Run) -> None:
    """Whether a folder's run is the one asked for; what an older version did not write down is not asked."""
    if not any((run.folder / name).exists() for name in (RUN, LAST)):
        return
    open_run(run.folder)  # says whether it is whole
    found = load_object(run.folder / RUN)
    other = [key for key, value in _content(run).items() if found.get(key, value) != value]
    if not other:
        return
    if other == ["processes"]:
        msg = f"{run.folder} is trained by {found['processes']} processes, not {run.processes}; start as many again"
    elif other == ["teachers"]:
        msg = (
            f"{run.folder} learns from other networks than these, or from other weights of theirs; name the same again"
        )
    elif other == ["files"]:
        msg = f"The subjects of {run.store} are not those that {run.folder} began with; put their files back"
    else:
        msg = f"{run.folder} holds a run of another recipe, store or split ({', '.join(other)})"
    msg += ". Or choose another --out, or delete it."
    raise RunError(msg)


def _content(run: Run) -> dict[str, Any]:
    content: dict[str, Any] = {
        "recipe": plain_data(run.recipe),
        "store": str(run.store),
        "split": run.split,
        "training": list(run.training),
        "validation": list(run.validation),
        "start": run.start,
        "teachers": run.teachers,
        "ancestors": list(run.ancestors),
    }
    if run.files:
        content |= {"files": run.files, "processes": run.processes}
    return dict(json.loads(json.dumps(content)))
