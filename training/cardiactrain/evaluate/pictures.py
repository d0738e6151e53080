"""The pictures of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cardiactrain.data.show import draw_overlay
from cardiactrain.evaluate.measures import agreement
from cardiactrain.files import save_figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cardiactrain.data.subject import Subject
    from cardiactrain.evaluate.rows import Labeller, Row

UNITS = {"edv": "ml", "esv": "ml", "ef": "points"}


def draw_boxes(stacks: Sequence[Row], path: Path) -> None:
    """Dice of every structure and phase, one panel per data set."""
    from matplotlib.figure import Figure

    datasets = sorted({row["dataset"] for row in stacks})
    figure = Figure(figsize=(4.2 * len(datasets), 3.4), layout="constrained")
    for axis, dataset in zip(figure.subplots(1, len(datasets), squeeze=False)[0], datasets, strict=True):
        groups: dict[str, list[float]] = {}
        for row in stacks:
            if row["dataset"] == dataset:
                groups.setdefault(f"{row['structure']}\n{row['phase']}", []).append(row["dice"])
        axis.boxplot(list(groups.values()), tick_labels=list(groups), showmeans=True)
        axis.set(
            title=f"{dataset}, n = {len({r['subject'] for r in stacks if r['dataset'] == dataset})}", ylabel="Dice"
        )
        axis.grid(axis="y", alpha=0.3)
    save_figure(figure, path)


def draw_bland_altman(volumes: Sequence[Row], path: Path) -> None:
    """Differences against means for EDV, ESV and EF of both ventricles."""
    from matplotlib.figure import Figure

    structures = [s for s in ("LV", "RV") if any(r["structure"] == s for r in volumes)]
    figure = Figure(figsize=(11, 3.2 * max(1, len(structures))), layout="constrained")
    axes = figure.subplots(max(1, len(structures)), 3, squeeze=False)
    for row, structure in zip(axes, structures, strict=False):
        for axis, measure in zip(row, UNITS, strict=True):
            _bland_altman(axis, [r for r in volumes if r["structure"] == structure], structure, measure)
    save_figure(figure, path)


def _bland_altman(axis: Any, rows: Sequence[Row], structure: str, measure: str) -> None:
    for dataset in sorted({r["dataset"] for r in rows}):
        pairs = np.array([(r[f"{measure}_truth"], r[f"{measure}_guess"]) for r in rows if r["dataset"] == dataset])
        axis.scatter(pairs.mean(axis=1), pairs[:, 1] - pairs[:, 0], s=14, alpha=0.7, label=dataset)
    pairs = np.array([(r[f"{measure}_truth"], r[f"{measure}_guess"]) for r in rows], float)
    found = agreement(pairs[:, 0], pairs[:, 1])
    if found["n"] > 1:
        for key, style in (("bias", "-"), ("lower_limit", "--"), ("upper_limit", "--")):
            axis.axhline(found[key], linestyle=style, color="0.4", linewidth=0.9)
    axis.set(title=f"{structure} {measure.upper()}", xlabel=f"mean ({UNITS[measure]})", ylabel="network − reader")
    axis.legend(fontsize=7)


def draw_cases(
    judged: Sequence[tuple[Subject, Labeller]], stacks: Sequence[Row], assumed_mm: float, path: Path
) -> None:
    """The best, the median and the worst stack by mean Dice: reader above, network below."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    cases, by_key = _pick_cases(stacks), {subject.key: (subject, labeller) for subject, labeller in judged}
    columns = 5
    layout = ConstrainedLayoutEngine(rect=(0, 0, 1, 0.98))  # leaves room for the first line of words
    figure = Figure(figsize=(1.9 * columns, 4.1 * len(cases)), layout=layout)
    axes = figure.subplots(2 * len(cases), columns, squeeze=False)
    for axis in axes.ravel():
        axis.axis("off")
    for n, (title, key, phase, dice) in enumerate(cases):
        subject, labeller = by_key[key]
        stack = subject.stack(phase)
        if stack is None:
            continue
        guesses = labeller.labels([each.image for each in subject.stacks], subject.pixel_mm(assumed_mm))
        guess = guesses[subject.stacks.index(stack)]
        window = _window(stack.labels, guess)
        for column, k in enumerate(_spread(stack.labels, columns)):
            for row, labels in ((2 * n, stack.labels), (2 * n + 1, guess)):
                draw_overlay(axes[row, column], stack.image[k][window], labels[k][window])
        words = f"{title}: {key} {phase}, Dice {dice:.3f} (reader above, network below)"
        line = axes[2 * n, 0].text(0, 1.04, words, transform=axes[2 * n, 0].transAxes, fontsize=9, va="bottom")
        line.set_in_layout(False)  # it may run over the columns; they shall not make way for it
    save_figure(figure, path)


def _pick_cases(stacks: Sequence[Row]) -> list[tuple[str, str, str, float]]:
    scores: dict[tuple[str, str], list[float]] = {}
    for row in stacks:
        scores.setdefault((row["subject"], row["phase"]), []).append(row["dice"])
    order = sorted(((float(np.mean(v)), key) for key, v in scores.items()), reverse=True)
    places = (("best", 0), ("median", len(order) // 2), ("worst", len(order) - 1))
    return [(title, order[n][1][0], order[n][1][1], order[n][0]) for title, n in places]


def _spread(labels: np.ndarray, count: int) -> list[int]:
    present = np.flatnonzero(labels.any(axis=(1, 2)))
    return [int(present[n]) for n in np.unique(np.linspace(0, len(present) - 1, count).round().astype(int))]


def _window(labels: np.ndarray, guess: np.ndarray, margin: int = 14) -> tuple[slice, slice]:
    """The part of the image with anything labelled in it."""
    shadow = np.any((labels > 0) | (guess > 0), axis=0)
    rows, columns = np.flatnonzero(shadow.any(axis=1)), np.flatnonzero(shadow.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + margin),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + margin),
    )
