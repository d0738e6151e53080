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
VOLUMES = {"edv": "ml", "esv": "ml", "ef": "points"}


def summarise(rows: Sequence[Row], by: Sequence[str]) -> list[Row]:
    """Mean, deviation and interval of every measure for each combination of ``by``.

    Where a structure was ``missed`` it has no precision and no distance; ``n_mm`` counts the rows that have distances.
    """
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in by)].append(row)
    result = []
    for names in sorted(groups):
        line: Row = dict(zip(by, names, strict=True)) | {
            "n": len(groups[names]),
            "missed": sum(row["degenerate"] == "missed" for row in groups[names]),
            "n_mm": sum(bool(np.isfinite(row["hausdorff_mm"])) for row in groups[names]),
        }
        for measure in MEASURES:
            values = np.array([row[measure] for row in groups[names]], float)
            kept = values[np.isfinite(values)]
            line[measure] = float(kept.mean()) if kept.size else float("nan")
            line[f"{measure}_sd"] = float(kept.std(ddof=1)) if kept.size > 1 else float("nan")
        dice = np.array([row["dice"] for row in groups[names]], float)
        line["dice_low"], line["dice_high"] = confidence_interval(dice, [row["subject"] for row in groups[names]])
        result.append(line)
    return result


def volume_agreement(volumes: Sequence[Row]) -> list[Row]:
    """How volumes and ejection fractions agree, per data set and structure."""
    result = []
    for dataset in sorted({row["dataset"] for row in volumes}):
        for structure in ("LV", "RV", "MYO"):
            for measure, unit in VOLUMES.items():
                rows = [
                    r
                    for r in volumes
                    if (r["dataset"], r["structure"]) == (dataset, structure)
                    and np.isfinite(r.get(f"{measure}_truth", np.nan))
                ]
                if rows:
                    truth, guess = (np.array([r[f"{measure}_{whose}"] for r in rows]) for whose in ("truth", "guess"))
                    name = {"dataset": dataset, "structure": structure, "measure": measure, "unit": unit}
                    missed = {"missed": sum(_is_missed(r, measure) for r in rows)}
                    result.append(name | missed | agreement(truth, guess))
    return result


def _is_missed(row: Row, measure: str) -> bool:
    """Whether the structure was there and nothing of it was found; an ejection fraction asks that of the ED volume."""
    volume = "edv" if measure == "ef" else measure
    return bool(row[f"{volume}_truth"] > 0 and row[f"{volume}_guess"] == 0)


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
