"""A recipe: everything that makes one training, as data. Read from YAML, checked key by key."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from CardiacSegmentationLib.segmentation import Label

from cardiactrain.errors import RecipeError
from cardiactrain.plain import Component, build, read_yaml, to_plain
from cardiactrain.precision import PRECISIONS

SMALLEST_VIEW = 8  # pixels
NOT_INHERITED = ("name", "description")  # what is laid over another recipe is something else


@dataclass(frozen=True)
class DataPart:
    """Which subjects are trained on, and what their labels are reduced to."""

    datasets: tuple[str, ...] = ("acdc",)
    structures: tuple[str, ...] = ("RV", "MYO", "LV")
    share: dict[str, float] = field(default_factory=dict)  # how often a data set is drawn, 1 by default
    phantoms: int = 0  # synthetic hearts mixed in
    assumed_pixel_mm: float = 1.37  # where a data set does not say


@dataclass(frozen=True)
class EarlyView:
    """How examples look until a share of the training has passed: fewer, larger pixels, which cost less."""

    until: float
    size: int
    step: float = 1.0  # pixels of the view itself from one pixel to the next


@dataclass(frozen=True)
class ViewPart:
    """What of a stack becomes one training example."""

    size: int = 128
    spacing_mm: float | None = 1.4  # None: the native pixels
    early: tuple[EarlyView, ...] = ()  # in the order of `until`
    slices: int = 3  # neighbours as channels in 2D, depth in 3D
    slices_together: int = 1  # of one stack, for a 2D network that looks across slices; a part of `train.batch`
    dims: int = 2
    centre: str = "heart"  # heart, image or random
    jitter_mm: float = 0.0
    coarse_share: float = 0.0  # part of the examples that show the whole field of view
    coarse_spacing_mm: float = 2.8
    drop_neighbours: float = 0.0  # how often a slice stands in for its neighbours

    def at(self, passed: float) -> EarlyView:
        """Size and step once a share of the training has passed."""
        return next((early for early in self.early if passed < early.until), EarlyView(1.0, self.size))


@dataclass(frozen=True)
class TrainPart:
    """The loop."""

    epochs: int = 100
    steps_per_epoch: int | None = None  # None: as many as the slices fill
    batch: int = 16
    seed: int = 1
    precision: str = "float32"  # or bfloat16, float16; auto: bfloat16 where that is faster
    ema: float = 0.0  # decay of the averaged weights; 0 switches averaging off
    clip_norm: float | None = None
    validate_every: int = 1  # epochs
    validation_subjects: int | None = None  # None: all of the split's
    early_stopping: int | None = None  # validations without a better Dice
    l1: float = 0.0
    l2: float = 0.0
    deep_supervision: tuple[float, ...] = ()  # weight of each coarser output
    presence: float = 0.0  # weight of the slice-presence loss
    distill: float = 0.5  # weight of the teachers beside the labels, where `fit` is given any


@dataclass(frozen=True)
class PredictPart:
    """How a trained network labels a whole stack."""

    kind: str = "heart-crop"  # heart-crop, centre-crop or sliding-window
    overlap: float = 0.5
    largest_component: bool = True
    margin_mm: float = 22.0
    present_from: dict[str, float] = field(default_factory=dict)  # below, LV or RV ends: at base and apex, by presence


@dataclass(frozen=True)
class Recipe:
    """One system, complete."""

    name: str
    description: str = ""
    data: DataPart = field(default_factory=DataPart)
    view: ViewPart = field(default_factory=ViewPart)
    normalise: Component = field(default_factory=lambda: Component("percentile-zscore"))
    augment: tuple[Component, ...] = ()
    without: tuple[str, ...] = ()  # groups of augmentations left out: geometry, contrast, artefacts
    network: Component = field(default_factory=lambda: Component("compact-unet"))
    loss: Component = field(default_factory=lambda: Component("dice-ce"))
    optimiser: Component = field(default_factory=lambda: Component("adamw"))
    schedule: Component = field(default_factory=lambda: Component("constant"))
    train: TrainPart = field(default_factory=TrainPart)
    predict: PredictPart = field(default_factory=PredictPart)
    baseline: Component | None = None  # a classical method instead of a network

    @property
    def classes(self) -> tuple[Label, ...]:
        """The network's output classes, background first."""
        return (Label.BACKGROUND, *(Label[name] for name in self.data.structures))

    @property
    def looks_across(self) -> bool:
        """Whether the network takes the images of a batch for slices in their order."""
        networks = self.network.options.get("members", [self.network.options])
        return any(options.get("across") for options in networks)

    @property
    def slices_per_step(self) -> int:
        """Slices that one process labels in a step."""
        return self.train.batch * (self.view.slices if self.view.dims == 3 else 1)


def recipes_folder() -> Path:
    """The recipes that come with the package: beside it in a checkout, inside it in a wheel."""
    here = Path(__file__).resolve().parent
    return next(folder for folder in (here / "recipes", here.parent / "recipes") if folder.is_dir())


def list_recipes() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(path.stem for path in recipes_folder().glob("*.yaml"))


def load_recipe(name: str | Path, settings: dict[str, Any] | None = None) -> Recipe:
    """Read a recipe by name or path; ``settings`` such as ``{"optimiser.lr": 0.01}`` replace single values."""
    path = find_recipe(name)
    content = _read(path)
    wanted = sorted((settings or {}).items(), key=lambda pair: (pair[0].count("."), not pair[0].endswith(".kind")))
    for key, value in wanted:  # a part before what is in it, a kind before its options
        _set(content, key.split("."), value, path)
    return parse_recipe(content, str(path))


def find_recipe(name: str | Path) -> Path:
    """The file of a recipe: a path, or the name of one that comes with the package."""
    for path in (Path(name), recipes_folder() / f"{name}.yaml"):
        if path.is_file():
            return path
    msg = f"There is no recipe {str(name)!r}: give a file, or one of {', '.join(list_recipes())}."
    raise RecipeError(msg)


def parse_recipe(content: dict[str, Any], where: str) -> Recipe:
    """Build a recipe from plain data; errors name the file and the key."""
    recipe = build(Recipe, content, where)
    for key, is_right, words in _limits(recipe):
        if not is_right:
            msg = f"{where}: {key} is {_look_up(recipe, key)!r}; it must be {words}."
            raise RecipeError(msg)
    for name in recipe.data.structures:
        if name not in Label.__members__ or name == "BACKGROUND":
            msg = f"{where}: data.structures has {name!r}; known are RV, MYO and LV."
            raise RecipeError(msg)
    for key, value, choices in (
        ("view.centre", recipe.view.centre, ("heart", "image", "random")),
        ("train.precision", recipe.train.precision, PRECISIONS),
        ("predict.kind", recipe.predict.kind, ("heart-crop", "centre-crop", "sliding-window")),
    ):
        if value not in choices:
            msg = f"{where}: {key} is {value!r}; choose one of {', '.join(choices)}."
            raise RecipeError(msg)
    for is_wrong, why in _across_slices(recipe):
        if is_wrong:
            msg = f"{where}: {why}."
            raise RecipeError(msg)
    return recipe


def _limits(recipe: Recipe) -> tuple[tuple[str, bool, str], ...]:
    """Keys, whether their values can be, and what they must be."""
    data, view, train, predict = recipe.data, recipe.view, recipe.train, recipe.predict
    chances, until = predict.present_from, [early.until for early in view.early]
    optional = ("train.steps_per_epoch", "train.validation_subjects", "train.early_stopping")
    at_least_one = (
        "train.epochs",
        "train.batch",
        "train.validate_every",
        "view.slices",
        "view.slices_together",
        *optional,
    )
    not_negative = ("train.seed", "train.l1", "train.l2", "train.presence", "data.phantoms", "view.jitter_mm")
    above_0 = ("view.spacing_mm", "view.coarse_spacing_mm", "data.assumed_pixel_mm", "train.clip_norm")
    shares = ("train.distill", "view.coarse_share", "view.drop_neighbours")

    def value(key: str) -> float:
        found = _look_up(recipe, key)
        return 1.0 if found is None else float(found)

    return (
        *((key, value(key) >= 1, "at least 1") for key in at_least_one),
        *((key, value(key) >= 0, "at least 0") for key in (*not_negative, "predict.margin_mm")),
        *((key, 0 < value(key) < math.inf, "above 0") for key in above_0),
        *((key, 0 <= value(key) <= 1, "from 0 to 1") for key in shares),
        ("train.ema", 0 <= train.ema < 1, "from 0 to below 1"),
        ("train.deep_supervision", all(w >= 0 for w in train.deep_supervision), "weights of at least 0"),
        ("data.structures", len({*data.structures}) == len(data.structures) > 0, "structures, each named once"),
        ("data.share", all(0 <= s < math.inf for s in data.share.values()), "shares of at least 0"),
        ("view.dims", view.dims in {2, 3}, "2 or 3"),
        ("view.size", view.size >= SMALLEST_VIEW, f"at least {SMALLEST_VIEW}"),
        ("view.slices", view.dims == 3 or view.slices % 2 == 1, "odd in 2D: a slice and as many on either side"),
        (
            "view.early",
            until == sorted(until) and all(0 < e.until <= 1 <= e.size and e.step > 0 for e in view.early),
            "views in the order of `until` (up to 1), of a size and a step above 0",
        ),
        ("predict.overlap", 0 <= predict.overlap < 1, "from 0 to below 1"),
        (
            "predict.present_from",
            {*chances} <= {"LV", "RV"} and all(0 < c < 1 for c in chances.values()),
            "chances between 0 and 1, for LV and RV",
        ),
        (
            "predict.kind",
            view.spacing_mm is not None or predict.kind != "heart-crop",
            "another where view.spacing_mm is null: a heart is framed at a spacing of its own",
        ),
    )


def _look_up(recipe: Recipe, key: str) -> Any:
    group, name = key.split(".")
    return getattr(getattr(recipe, group), name)


def _across_slices(recipe: Recipe) -> tuple[tuple[bool, str], ...]:
    """What cannot be asked of slices that belong together, and why."""
    batch, view = recipe.train.batch, recipe.view
    has_monai = any(part.kind == "monai" for part in recipe.augment)
    return (
        (
            batch % view.slices_together > 0,
            f"train.batch {batch} cannot be filled by view.slices_together {view.slices_together}",
        ),
        (
            view.slices_together > 1 and (view.dims == 3 or not recipe.looks_across),
            "view.slices_together is for 2D networks that look across slices (network.across)",
        ),
        (
            view.slices_together > 1 and has_monai,
            "MONAI's transforms cannot change slices that belong together; leave out view.slices_together",
        ),
        (
            recipe.looks_across and recipe.predict.kind == "sliding-window",
            "windows are no stack; a network that looks across slices needs another predict.kind than sliding-window",
        ),
    )


def shorten(recipe: Recipe, epochs: int, steps_per_epoch: int) -> Recipe:
    """The same recipe on a smaller budget."""
    return replace(recipe, train=replace(recipe.train, epochs=epochs, steps_per_epoch=steps_per_epoch))


def _read(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The plain data of a recipe file, laid over the recipe that its ``base`` names; ``above`` are those laid over."""
    if path.resolve() in above:
        msg = f"{path}: its `base` leads back to itself."
        raise RecipeError(msg)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        msg = f"{path} is no text in UTF-8 ({error})."
        raise RecipeError(msg) from error
    content = read_yaml(text, path)
    if not isinstance(content, dict):
        msg = f"{path}: a recipe is a list of keys with values."
        raise RecipeError(msg)
    base = content.pop("base", None)
    if base is None:
        return content
    sibling = path.with_name(f"{base}.yaml")
    below = sibling if sibling.is_file() else find_recipe(base)
    inherited = _read(below, (*above, path.resolve()))
    return _merge({key: value for key, value in inherited.items() if key not in NOT_INHERITED}, content)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one recipe over another; a part of another kind replaces the one below it entirely."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = value
        if isinstance(value, dict) and isinstance(old, dict) and value.get("kind", old.get("kind")) == old.get("kind"):
            merged[key] = _merge(old, value)
    return merged


def _set(content: dict[str, Any], keys: list[str], value: Any, path: Path) -> None:
    for key in keys[:-1]:
        content = content.setdefault(key, {})
        if not isinstance(content, dict):
            msg = f"{path}: {'.'.join(keys)} cannot be set, {key!r} is no group of keys."
            raise RecipeError(msg)
    if keys[-1] == "kind" and content.get("kind") != value and keys[0] != "predict":  # a part has its kind's options
        content.clear()
    content[keys[-1]] = value


def plain_data(recipe: Recipe) -> dict[str, Any]:
    """A recipe as plain data that ``parse_recipe`` reads back."""
    content: dict[str, Any] = to_plain(recipe)
    return content
