"""Rows summed up: by structure and phase, and by whatever else a reader asks for."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiactrain.evaluate.measures import agreement, confidence_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.evaluate.rows import Comparison, Row

MEASURES = ("dice", "jaccard", "precision", "recall", "hausdorff_mm", "hd95_mm", "assd_mm")


def summarise(rows: Sequence[Row], by: Sequence[str]) -> list[Row]:
    """Mean, deviation and interval of every measure for each combination of ``by``."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in by)].append(row)
    result = []
    for names in sorted(groups):
        line: Row = dict(zip(by, names, strict=True)) | {"n": len(groups[names])}
        for measure in MEASURES:
            values = np.array([row[measure] for row in groups[names]], float)
            kept = values[np.isfinite(values)]
            line[measure] = float(kept.mean()) if kept.size else float("nan")
            line[f"{measure}_sd"] = float(kept.std()) if kept.size else float("nan")
        dice = np.array([row["dice"] for row in groups[names]], float)
        line["dice_low"], line["dice_high"] = confidence_interval(dice)
        result.append(line)
    return result


def mean_of_means(stacks: Sequence[Row], dataset: str) -> float:
    """The one number comparisons are made by: mean Dice over structures and phases of a data set."""
    lines = summarise([row for row in stacks if row["dataset"] == dataset], ("structure", "phase"))
    return float(np.mean([line["dice"] for line in lines])) if lines else float("nan")


def volume_agreement(volumes: Sequence[Row]) -> list[Row]:
    """How volumes and ejection fractions agree, per data set and structure."""
    result = []
    for dataset in sorted({row["dataset"] for row in volumes}):
        for structure in ("LV", "RV", "MYO"):
            rows = [r for r in volumes if r["dataset"] == dataset and r["structure"] == structure]
            for measure, unit in (("edv", "ml"), ("esv", "ml"), ("ef", "points")):
                truth = np.array([r.get(f"{measure}_truth", np.nan) for r in rows], float)
                guess = np.array([r.get(f"{measure}_guess", np.nan) for r in rows], float)
                if np.isfinite(truth).any():
                    name = {"dataset": dataset, "structure": structure, "measure": measure, "unit": unit}
                    result.append(name | agreement(truth, guess))
    return result


def count_degenerate(slices: Sequence[Row]) -> list[Row]:
    """Slices on which a structure was missed altogether, or invented."""
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in slices:
        groups[row["dataset"], row["structure"], row["position"]].append(row["degenerate"])
    return [
        {
            "dataset": dataset,
            "structure": structure,
            "position": position,
            "slices": len(kinds),
            "missed": kinds.count("missed"),
            "invented": kinds.count("invented"),
        }
        for (dataset, structure, position), kinds in sorted(groups.items())
    ]


def all_tables(result: Comparison) -> dict[str, list[Row]]:
    """Every table of an evaluation, by the name of its file."""
    return {
        "structures": summarise(result.stacks, ("dataset", "structure", "phase")),
        "positions": summarise(result.slices, ("dataset", "structure", "phase", "position")),
        "vendors": summarise(result.stacks, ("vendor", "structure", "phase")),
        "groups": summarise(result.stacks, ("dataset", "group", "structure", "phase")),
        "agreement": volume_agreement(result.volumes),
        "degenerate": count_degenerate(result.slices),
    }
