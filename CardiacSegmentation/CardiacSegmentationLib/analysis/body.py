"""Body surface area, by the formula the conventions name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from CardiacSegmentationLib.assessment import Code
from CardiacSegmentationLib.choices import HEIGHT_CM, WEIGHT_KG
from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.stack import Patient


@dataclass(frozen=True)
class BsaFormula:
    """One published formula: area in m² from height in cm and weight in kg."""

    name: str
    text: str
    compute: Callable[[float, float], float]
    code: Code


FORMULAS = {
    formula.name: formula
    for formula in (
        BsaFormula(
            "Mosteller",
            "√(height · weight / 3600)",
            lambda height, weight: (height * weight / 3600.0) ** 0.5,
            Code("DCM", "122244", "BSA = (HT*WT/36)^0.5"),
        ),
        BsaFormula(
            "DuBois",
            "0.007184 · height^0.725 · weight^0.425",
            lambda height, weight: float(0.007184 * height**0.725 * weight**0.425),
            Code("DCM", "122241", "BSA = 0.007184*WT^0.425*HT^0.725"),
        ),
        BsaFormula(
            "Haycock",
            "0.024265 · height^0.3964 · weight^0.5378",
            lambda height, weight: float(0.024265 * height**0.3964 * weight**0.5378),
            Code("DCM", "122243", "BSA = 0.024265*WT^0.5378*HTcm^0.3964"),
        ),
    )
}


def body_surface_m2(patient: Patient, formula: str) -> float:
    """Body surface area; not a number where height or weight is not known (see ``why_no_body_surface``)."""
    if patient.height_cm is None or patient.weight_kg is None:
        return math.nan
    return FORMULAS[formula].compute(patient.height_cm, patient.weight_kg)


def why_no_body_surface(patient: Patient) -> Finding | None:
    """What stands in the way of a body surface area; ``None`` where nothing does."""
    facts = {"height": (patient.height_cm, HEIGHT_CM), "weight": (patient.weight_kg, WEIGHT_KG)}
    missing = tuple(name for name, (value, _) in facts.items() if value is None)
    if missing:
        return Finding("unknown-body", Severity.INFO, parameters={"facts": missing, "count": len(missing)})
    for name, (value, (low, high)) in facts.items():
        if value is not None and not low <= value <= high:
            return Finding(f"unknown-{name}-implausible", Severity.INFO, parameters={"value": value})
    return None
