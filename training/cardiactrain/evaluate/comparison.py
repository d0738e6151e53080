"""One line per system: what all of them can be compared by."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiactrain.evaluate.measures import confidence_interval
from cardiactrain.evaluate.tables import summarise, volume_agreement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cardiactrain.evaluate.rows import Comparison, Row

PLACES = tuple((structure, phase) for structure in ("LV", "MYO", "RV") for phase in ("ED", "ES"))


def summary_line(found: Comparison) -> Row:
    """Dice of every structure and phase, their mean, the mean Hausdorff distance and the LVEF's error.

    Stacks on which a structure was missed altogether have no distance, and no LVEF: they are counted.
    """
    lines = {(r["structure"], r["phase"]): r for r in summarise(found.stacks, ("structure", "phase"))}
    result: Row = {f"{s} {p}": lines[s, p]["dice"] if (s, p) in lines else math.nan for s, p in PLACES}
    dice = [line["dice"] for line in lines.values()]
    distance = [line["hausdorff_mm"] for line in lines.values() if not math.isnan(line["hausdorff_mm"])]
    result["mean Dice"] = float(np.mean(dice)) if dice else math.nan
    result["HD mm"] = float(np.mean(distance)) if distance else math.nan
    ef = [r for r in volume_agreement(found.volumes) if r["structure"] == "LV" and r["measure"] == "ef"]
    result["LVEF MAE"] = ef[0].get("mae", math.nan) if ef else math.nan
    result["missed"] = sum(line["missed"] for line in lines.values())
    return result


def dice_by_subject(found: Comparison) -> dict[str, float]:
    """Each subject's mean Dice, over structures and phases."""
    return {str(line["subject"]): float(line["dice"]) for line in summarise(found.stacks, ("subject",))}


def compare_with_first(lines: Sequence[Row], dice: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """By how much each system's mean Dice differs from the first one's on the same subjects, with its 95 % interval.

    ``dice`` gives each recipe's Dice by subject. Systems that label other structures are left out.
    """
    first = lines[0]
    rows: list[Row] = []
    for line in lines[1:]:
        ours, theirs = dice.get(str(line["recipe"]), {}), dice.get(str(first["recipe"]), {})
        both = sorted(ours.keys() & theirs.keys())
        if not both or any(math.isnan(line[f"{s} {p}"]) != math.isnan(first[f"{s} {p}"]) for s, p in PLACES):
            continue
        difference = np.array([ours[subject] - theirs[subject] for subject in both])
        low, high = confidence_interval(difference, both)
        facts = {"recipe": line["recipe"], "against": first["recipe"], "subjects": len(both)}
        rows.append(facts | {"difference": float(difference.mean()), "low": low, "high": high})
    return rows


def as_markdown(lines: Sequence[Row]) -> str:
    """The table, for docs and terminals; nothing where there are no lines."""
    if not lines:
        return ""
    columns = list(dict.fromkeys(column for line in lines for column in line))
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    return head + "".join(f"| {' | '.join(_cell(line.get(c, math.nan), c) for c in columns)} |\n" for line in lines)


def _cell(value: Any, column: str) -> str:
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return "–"
    return f"{value:.1f}" if column in ("minutes", "HD mm", "LVEF MAE") else f"{value:.3f}"
