"""Body surface area, by the formula the conventions name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from CardiacSegmentationLib.assessment import Code
from CardiacSegmentationLib.choices import HEIGHT_CM, WEIGHT_KG

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


def body_surface_m2(patient: Patient, formula: str) -> float | None:
    """Body surface area; ``None`` where height or weight is missing or cannot be true."""
    if why_no_body_surface(patient) or patient.height_cm is None or patient.weight_kg is None:
        return None
    return FORMULAS[formula].compute(patient.height_cm, patient.weight_kg)


def why_no_body_surface(patient: Patient) -> str:
    """What stands in the way of a body surface area, in words; empty where nothing does."""
    facts = {"height": (patient.height_cm, *HEIGHT_CM, "cm"), "weight": (patient.weight_kg, *WEIGHT_KG, "kg")}
    missing = [name for name, (value, *_) in facts.items() if value is None]
    if missing:
        return f"the patient's {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not known"
    absurd = [
        f"a {name} of {value:g} {unit}"
        for name, (value, low, high, unit) in facts.items()
        if value is not None and not low <= value <= high
    ]
    return f"{' and '.join(absurd)} cannot be right" if absurd else ""
