"""The one training loop. A step's randomness hangs on (seed, step, rank) alone: a resumed run is the same run."""

from __future__ import annotations

import contextlib
import copy
import math
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from cardiactrain.augment import make_augmentation
from cardiactrain.average import AveragedWeights
from cardiactrain.checkpoint import BEST, LAST, TrainingState, load_checkpoint, load_weights, save_checkpoint
from cardiactrain.clock import Clock
from cardiactrain.data.views import Views
from cardiactrain.distill import check_teachers, teach
from cardiactrain.errors import DataError, RecipeError, RunError, first_line
from cardiactrain.networks import as_output, make_network
from cardiactrain.normalise import make_normaliser
from cardiactrain.objective import Objective
from cardiactrain.optimisers import make_optimiser, make_schedule
from cardiactrain.plain import Component
from cardiactrain.precision import AUTO, choose_precision
from cardiactrain.predict import Predictor
from cardiactrain.validate import mean_dice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cardiactrain.augment import Augmentation
    from cardiactrain.data.batch import Batch
    from cardiactrain.data.subject import Subject
    from cardiactrain.distributed import World
    from cardiactrain.recipe import Recipe

FITTED_EXAMPLES = 512  # that a normaliser learns from
LOOKED_AFTER = 20  # steps, so that a graphics card need not wait for us after each
VIEWS, LEARNING = "views", "learning"  # the parts of a step
NOT_CHANNELS_LAST = ("monai-mednext",)  # torch 2.13 crashes in its backward pass on the CPU: see residual.py
REHEARSED = 2  # examples, and slices of a stack: enough to see whether all fits together


class DivergedError(RunError):
    """A training lost its way: the loss or the weights are no numbers any more."""


@dataclass
class Trainer:
    """A run: made from a recipe and subjects, or resumed from its folder when that holds a checkpoint."""

    recipe: Recipe
    training: Sequence[Subject]
    validation: Sequence[Subject]
    folder: Path
    world: World
    progress: TrainingState = field(default_factory=TrainingState)
    teachers: Sequence[Predictor] = ()  # that give their opinion on every batch

    def __post_init__(self) -> None:
        train = self.recipe.train
        torch.manual_seed(train.seed)
        self._views = Views(self.training, self.recipe, self.world.device)
        if not self._views.weights.any():
            msg = "The training set has no usable slice: check `data.datasets`, `data.share` and the split."
            raise DataError(msg)
        check_teachers(self.teachers, self.recipe)
        self._augmentation = make_augmentation(self.recipe.augment, self.recipe.without)
        self._objective = Objective.of(self.recipe)
        self._schedule = make_schedule(self.recipe.schedule)
        self.normaliser = make_normaliser(self.recipe.normalise)
        if self.normaliser.needs_fit:
            self.normaliser.fit(self._plain_examples())
        network: Any = make_network(self.recipe)
        self.network: nn.Module = network.to(self.world.device, memory_format=self._memory_format())
        self._average = AveragedWeights(self.network, train.ema) if train.ema else None
        self._optimiser = make_optimiser(self.recipe.optimiser, self.network.parameters())
        self._rate = [float(group["lr"]) for group in self._optimiser.param_groups]
        self._clock = Clock(self.world.device)
        self.precision = self._choose_precision()
        self._scaler = torch.amp.GradScaler(self.world.device.type, enabled=self.precision == "float16")
        if (self.folder / LAST).exists():
            self._resume()
        self._model: nn.Module = self.network
        if self.world.size > 1:
            has_idle_heads = not (train.presence and train.deep_supervision)
            self._model = nn.parallel.DistributedDataParallel(self.network, find_unused_parameters=has_idle_heads)

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch: as many as the slices fill unless the recipe says."""
        wanted = self.recipe.train.steps_per_epoch
        return wanted or max(1, len(self._views) // (self.recipe.train.batch * self.world.size))

    @property
    def best_network(self) -> nn.Module:
        """What is validated and exported: the averaged weights where there are any."""
        return self._average.network if self._average else self.network

    def predictor(self) -> Predictor:
        """The network ready to label stacks."""
        return Predictor(self.best_network, self.normaliser, self.recipe, self.world.device)

    def start_from(self, folder: Path) -> None:
        """Take the weights of another run; the optimiser, the schedule and the log begin anew."""
        path = folder / LAST
        load_weights(self.network, load_checkpoint(path, "network")["network"], path)
        if self._average:
            self._average = AveragedWeights(self.network, self.recipe.train.ema)

    def rehearse(self) -> None:
        """Try what is to come on a few examples, with every augmentation, and change nothing; what fails is said.

        Once an epoch is through, all has been tried.
        """
        if self.progress.epoch:
            return
        network, view = copy.deepcopy(self.network).train(), self.recipe.view
        count = min(self.recipe.train.batch, max(REHEARSED, view.slices_together))
        chosen = [n % len(self._views) for n in range(count)]
        often = [p if p.kind == "monai" else Component(p.kind, p.options | {"often": 1.0}) for p in self.recipe.augment]
        augmentation = make_augmentation(tuple(often), self.recipe.without)
        subject = self.training[0]
        try:
            for passed in (0.0, *(early.until for early in view.early)):
                batch = self._draw(chosen, _generator(self.recipe.train.seed), passed, augmentation)
                with torch.no_grad():
                    self._loss(network, *batch)
            predictor = Predictor(network.eval(), self.normaliser, self.recipe, self.world.device)
            predictor.labels([subject.stacks[0].image[:REHEARSED]], subject.pixel_mm(self.recipe.data.assumed_pixel_mm))
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            msg = f"The recipe {self.recipe.name!r} cannot be trained as it is: {first_line(error)}"
            raise RecipeError(msg) from error

    def fit(
        self, report: Callable[[Trainer, dict[str, float]], None] | None = None, seconds: float | None = None
    ) -> TrainingState:
        """Train to the end of the recipe, or to the epoch that ends after so many seconds.

        ``report`` sees the row of every epoch.
        """
        train, progress = self.recipe.train, self.progress
        end = time.monotonic() + seconds if seconds is not None else math.inf
        while not self.is_done:
            row = self._train_epoch()
            self._check_weights()
            progress.epoch += 1
            if progress.epoch % train.validate_every == 0 or progress.epoch == train.epochs:
                self._validate(row)
            progress.rows.append(row)
            if self.world.is_first:
                save_checkpoint(self.folder / LAST, self._state())
                if report is not None:
                    report(self, row)
            if self.world.agree(time.monotonic() >= end):
                break
        return progress

    @property
    def is_done(self) -> bool:
        """Whether the recipe is at its end, or validation has found nothing better for as long as the recipe waits."""
        patience = self.recipe.train.early_stopping
        is_stale = self.world.agree(patience is not None and self.progress.stale >= patience)
        return is_stale or self.progress.epoch >= self.recipe.train.epochs

    def _train_epoch(self) -> dict[str, float]:
        self.network.train()
        order, batch = self._order(), self.recipe.train.batch
        losses: list[torch.Tensor] = []
        values: list[float] = []
        for n in range(self.steps_per_epoch):
            first = (n * self.world.size + self.world.rank) * batch
            losses.append(self._step([order[k % len(order)] for k in range(first, first + batch)]))
            if len(losses) == LOOKED_AFTER or n == self.steps_per_epoch - 1:
                values += self._look_after(losses, order, n + 1 - len(losses))
                losses = []
        seconds = self._clock.read()
        total = sum(seconds.values())
        return {
            "epoch": self.progress.epoch + 1,
            "step": self.progress.step,
            "loss": float(np.mean(values)),
            "rate": float(self._optimiser.param_groups[0]["lr"]),
            "seconds": total,
            "examples/s": self.steps_per_epoch * batch * self.world.size / total,
            "waiting": seconds[VIEWS] / total,
        }

    def _look_after(self, losses: list[torch.Tensor], order: list[int], first: int) -> list[float]:
        """The losses of some steps of this epoch, from its ``first`` on, as numbers; the first that is none is said."""
        values = torch.stack(losses)
        broken = torch.nonzero(~values.isfinite())[:, 0].tolist()
        if broken:
            n, batch = first + int(broken[0]), self.recipe.train.batch
            start = (n * self.world.size + self.world.rank) * batch
            chosen = [order[k % len(order)] for k in range(start, start + batch)]
            step = self.progress.step - len(losses) + int(broken[0]) + 1
            msg = (
                f"The loss is {float(values[broken[0]])} in epoch {self.progress.epoch + 1}, step {step}, on "
                f"{self._views.name(chosen)}. Look at these subjects' images, or lower the rate; {LAST} is as the "
                "last whole epoch left it."
            )
            raise DivergedError(msg)
        return [float(value) for value in values.tolist()]

    def _order(self) -> list[int]:
        """The examples of this epoch: each once, or drawn by the recipe's shares where those differ."""
        generator = _generator(self.recipe.train.seed, self.progress.epoch)
        weights = self._views.weights
        count = self.steps_per_epoch * self.recipe.train.batch * self.world.size
        if bool((weights == weights[0]).all()):
            return torch.randperm(len(weights), generator=generator).tolist()
        return torch.multinomial(weights, count, replacement=True, generator=generator).tolist()

    def _step(self, chosen: list[int]) -> torch.Tensor:
        train, progress = self.recipe.train, self.progress
        generator = _generator(train.seed, progress.step, self.world.rank)
        torch.manual_seed(int(torch.randint(0, 2**31 - 1, (1,), generator=generator)))  # for dropout
        steps = train.epochs * self.steps_per_epoch
        self._clock.start()
        batch, taught = self._draw(chosen, generator, progress.step / steps)
        self._clock.lap(VIEWS)
        for group, rate in zip(self._optimiser.param_groups, self._rate, strict=True):
            group["lr"] = rate * self._schedule(progress.step, steps)
        loss = self._loss(self._model, batch, taught)
        self._optimiser.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if train.clip_norm:
            self._scaler.unscale_(self._optimiser)
            nn.utils.clip_grad_norm_(self.network.parameters(), train.clip_norm)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        if self._average:
            self._average.follow(self.network)
        self._clock.lap(LEARNING)
        progress.step += 1
        return loss.detach()

    def _loss(self, model: nn.Module, batch: Batch, taught: Batch | None) -> torch.Tensor:
        """What the labels ask for, and the teachers, where there are any."""
        with self._autocast():
            order = (batch.follows,) if self.recipe.looks_across else ()
            output = as_output(model(batch.image, *order))
        loss = self._objective(output, batch, self.network)
        if taught is None:
            return loss
        weight = self.recipe.train.distill
        return (1 - weight) * loss + weight * self._objective(output, taught, self.network)

    def _check_weights(self) -> None:
        """The last step of an epoch has no loss behind it that would show what it did."""
        if not all(bool(torch.isfinite(value).all()) for value in self.network.state_dict().values()):
            msg = f"The weights are no numbers any more at the end of epoch {self.progress.epoch + 1}; lower the rate."
            raise DivergedError(msg)

    def _draw(
        self, chosen: list[int], generator: torch.Generator, passed: float, augmentation: Augmentation | None = None
    ) -> tuple[Batch, Batch | None]:
        """A batch as the network takes it, and the same with the teachers' targets."""
        augmentation = augmentation or self._augmentation
        batch = self._views.draw(chosen, augmentation.warp, generator, passed)
        batch = augmentation.apply(batch, generator).split_slices()
        taught = None
        if self.teachers:
            with self._autocast():
                taught = teach(batch, self.teachers)
        image = self.normaliser(batch.image)
        return replace(batch, image=image.contiguous(memory_format=self._memory_format())), taught

    def _plain_examples(self) -> torch.Tensor:
        generator = _generator(self.recipe.train.seed, 0)
        chosen = torch.randperm(len(self._views), generator=generator)[:FITTED_EXAMPLES].tolist()
        return self._views.draw(chosen, None, generator).split_slices().image

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if self.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self.world.device.type, getattr(torch, self.precision))

    def _choose_precision(self) -> str:
        """The precision this run trains in; it stays what its first start found, wherever it goes on."""
        if (self.folder / LAST).exists():
            return str(load_checkpoint(self.folder / LAST).get("precision", self.recipe.train.precision))
        chosen = choose_precision(self.recipe.train.precision, self.world.device)
        if self.recipe.train.precision != AUTO:
            return chosen
        return "bfloat16" if self.world.agree(chosen == "bfloat16") else "float32"

    def _memory_format(self) -> torch.memory_format:
        is_flat = self.recipe.view.dims == 2 and self.recipe.network.kind not in NOT_CHANNELS_LAST
        return torch.channels_last if is_flat else torch.contiguous_format

    def _validate(self, row: dict[str, float]) -> None:
        """Mean Dice of the validation subjects; the best so far is kept."""
        if self.world.is_first and self.validation:
            row["dice"], parts = mean_dice(self.predictor(), self.validation)
            row.update(parts)
            self.progress.stale += 1
            if row["dice"] > self.progress.best_dice:
                self.progress.best_dice, self.progress.stale = row["dice"], 0
                save_checkpoint(self.folder / BEST, self._weights())

    def _weights(self) -> dict[str, Any]:
        """What evaluation and export need."""
        return {"weights": self.best_network.state_dict(), "normaliser": self.normaliser.state()}

    def _state(self) -> dict[str, Any]:
        return self._weights() | {
            "network": self.network.state_dict(),
            "average": self._average.state() if self._average else None,
            "optimiser": self._optimiser.state_dict(),
            "scaler": self._scaler.state_dict(),
            "precision": self.precision,
            "progress": vars(self.progress),
        }

    def _resume(self) -> None:
        path = self.folder / LAST
        state = load_checkpoint(path, "network", "average", "optimiser", "scaler", "normaliser", "progress")
        load_weights(self.network, state["network"], path)
        self.progress = TrainingState(**state["progress"])
        if self.progress.step != self.progress.epoch * self.steps_per_epoch:
            msg = (
                f"{self.folder} went {self.progress.step} steps in {self.progress.epoch} epochs; an epoch now has "
                f"{self.steps_per_epoch}. Go on with as many processes and the subjects it began with."
            )
            raise RunError(msg)
        if self._average:
            self._average.load(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._scaler.load_state_dict(state["scaler"])
        self.normaliser.load(state["normaliser"])


def _generator(*numbers: int) -> torch.Generator:
    """Random numbers that depend on nothing but these."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
    return torch.Generator().manual_seed(seed)
