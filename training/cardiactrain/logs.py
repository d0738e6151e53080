"""What a run tells while it goes: a CSV, TensorBoard, curves as a picture, a bar with the time left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cardiactrain.files import load_rows, save_figure, save_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from cardiactrain.trainer import Trainer


MUCH_WAITING = 0.25  # share of a step's time that goes into making its views


def describe_speed(rows: Sequence[dict[str, float]]) -> str:
    """How fast a run learned, and what share of its time the network waited for views."""
    timed = [row for row in rows if "examples/s" in row]
    if not timed:
        return "speed: not measured"
    seconds = sum(row["seconds"] for row in timed)
    examples = sum(row["examples/s"] * row["seconds"] for row in timed)
    waiting = sum(row["waiting"] * row["seconds"] for row in timed) / seconds
    return f"{examples / seconds:.0f} examples/s; {waiting:.0%} of the time the network waited for its views"


class RunLog:
    """A trainer's ``report``: called with the row of every epoch. Use as a context."""

    def __init__(self, folder: Path, epochs: int, done: int = 0) -> None:
        from torch.utils.tensorboard import SummaryWriter
        from tqdm import tqdm

        self._folder = folder
        self._board: Any = SummaryWriter(str(folder / "tensorboard"), purge_step=done + 1)
        self._bar: Any = tqdm(total=epochs, initial=done, unit="epoch", dynamic_ncols=True)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._board.close()
        self._bar.close()

    def __call__(self, trainer: Trainer, row: dict[str, float]) -> None:
        rows = trainer.progress.rows
        save_rows(rows, self._folder / "log.csv")
        for key, value in row.items():
            if key not in ("epoch", "step"):
                self._board.add_scalar(key.replace(" ", "/"), value, int(row["epoch"]))
        draw_curves(rows, self._folder / "loss.png")
        speed = f"{row['examples/s']:.0f} examples/s"
        if row["waiting"] > MUCH_WAITING:
            speed += f", {row['waiting']:.0%} of it waiting for views"
        best = trainer.progress.best_dice
        validated = {"best dice": f"{best:.4f}"} if best >= 0 else {}
        self._bar.set_postfix({"loss": f"{row['loss']:.4f}", **validated, "speed": speed}, refresh=False)
        self._bar.update(1)


def draw_all_curves(runs: Sequence[Path], path: Path) -> None:
    """Training loss over steps of every run that has a log, one panel each."""
    from matplotlib.figure import Figure

    logs = {run.name: load_rows(run / "log.csv") for run in runs if (run / "log.csv").exists()}
    if not logs:
        return
    columns = min(4, len(logs))
    figure = Figure(figsize=(3.2 * columns, 2.2 * -(-len(logs) // columns)), layout="constrained")
    axes = list(figure.subplots(-(-len(logs) // columns), columns, squeeze=False).flat)
    for axis, (name, rows) in zip(axes, logs.items(), strict=False):
        axis.plot([float(row["step"]) for row in rows], [float(row["loss"]) for row in rows], ".-")
        axis.set_title(name, fontsize=8)
        axis.tick_params(labelsize=7)
    for axis in axes[len(logs) :]:
        axis.axis("off")
    save_figure(figure, path)


def draw_curves(rows: Sequence[dict[str, float]], path: Path) -> None:
    """Training loss, and validation Dice where there is one, over epochs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    axis.plot([row["epoch"] for row in rows], [row["loss"] for row in rows], label="training loss")
    axis.set(xlabel="epoch", ylabel="loss")
    validated = [row for row in rows if "dice" in row]
    if validated:
        other = axis.twinx()
        other.plot(
            [r["epoch"] for r in validated], [r["dice"] for r in validated], "o-", color="C1", label="validation Dice"
        )
        other.set(ylabel="Dice", ylim=(0, 1))
    figure.legend(loc="upper center", ncols=2, fontsize=8)
    save_figure(figure, path)
