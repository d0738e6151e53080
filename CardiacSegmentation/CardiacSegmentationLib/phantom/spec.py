"""What can be chosen about a phantom, and which choices no heart or scanner could meet."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from CardiacSegmentationLib.errors import PhantomError

DENSITY_G_PER_ML = 1.05  # of myocardium (SCMR post-processing recommendations, 2020)
USUAL_GAP_MM = 2.0

# What each number may be: lowest, highest, and what it is called when it is neither.
LIMITS: dict[str, tuple[float, float, str]] = {
    "lv_edv_ml": (15, 600, "LV end-diastolic volume (ml)"),
    "lv_ef_percent": (0, 90, "LV ejection fraction (%)"),
    "rv_edv_ml": (15, 600, "RV end-diastolic volume (ml)"),
    "rv_ef_percent": (0, 90, "RV ejection fraction (%)"),
    "lv_mass_g": (10, 600, "LV mass (g)"),
    "heart_rate_bpm": (25, 240, "Heart rate (bpm)"),
    "slices": (2, 60, "Number of slices"),
    "phases": (2, 100, "Number of phases"),
    "thickness_mm": (2, 20, "Slice thickness (mm)"),
    "gap_mm": (0, 20, "Gap between slices (mm)"),
    "pixel_mm": (0.5, 4, "Pixel size (mm)"),
    "noise_percent": (0, 50, "Noise (% of the blood's signal)"),
    "seed": (0, 2**63 - 1, "Seed"),
    "age_years": (0, 120, "Age (years)"),
    "height_cm": (40, 230, "Height (cm)"),
    "weight_kg": (2, 250, "Weight (kg)"),
}


@dataclass(frozen=True)
class PhantomSpec:
    """Everything that can be chosen about a phantom. ``None`` follows from the rest: see ``mass_g`` and the planning.

    >>> PhantomSpec(lv_edv_ml=180, lv_ef_percent=35, phases=30)  # doctest: +ELLIPSIS
    PhantomSpec(lv_edv_ml=180, ...)
    """

    lv_edv_ml: float = 150.0
    lv_ef_percent: float = 60.0
    rv_edv_ml: float = 160.0
    rv_ef_percent: float = 55.0
    lv_mass_g: float | None = None
    heart_rate_bpm: float = 65.0
    slices: int = 12
    phases: int = 25
    thickness_mm: float = 8.0
    gap_mm: float | None = None  # 2 mm, or as wide as it takes for the slices to cover the heart
    pixel_mm: float | None = None  # 1.4 mm, finer in a small patient
    noise_percent: float = 2.5
    seed: int = 0
    layout: str = "siemens"
    sex: str = "M"
    age_years: int = 45
    height_cm: float = 176.0
    weight_kg: float = 75.0

    def __post_init__(self) -> None:
        for choice in fields(self):
            value = getattr(self, choice.name)
            if choice.name in LIMITS and value is not None:
                _check(choice.name, value)
        if self.sex not in ("M", "F", "O"):
            msg = f"Sex is M, F or O, not {self.sex!r}."
            raise PhantomError(msg)

    @property
    def rr_ms(self) -> float:
        """R-R interval."""
        return 60_000.0 / self.heart_rate_bpm

    @property
    def times_ms(self) -> tuple[float, ...]:
        """Time of each phase after the R wave, as it is written to the files (0.1 ms)."""
        return tuple(round(phase * self.rr_ms / self.phases, 1) for phase in range(self.phases))

    @property
    def mass_g(self) -> float:
        """LV mass: as asked for, else that of a healthy heart: 110 g at 150 ml, thinner walls in smaller ones."""
        return 110.0 * (self.lv_edv_ml / 150.0) ** 0.8 if self.lv_mass_g is None else self.lv_mass_g


def _check(name: str, value: float) -> None:
    low, high, title = LIMITS[name]
    if not (math.isfinite(value) and low <= value <= high):
        msg = f"{title} must lie between {low:g} and {high:g}; {value:g} does not."
        raise PhantomError(msg)
