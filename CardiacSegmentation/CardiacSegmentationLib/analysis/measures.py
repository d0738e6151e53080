"""The one list of measures: tables, files, SR and tooltips all follow it. To add a measure, add an entry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from CardiacSegmentationLib.analysis.facts import Facts, UnknownError
from CardiacSegmentationLib.assessment import Code, Measurement
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Callable

MYOCARDIUM_G_PER_ML = 1.05  # SCMR 2020
MS_PER_MIN = 60_000.0


@dataclass(frozen=True)
class Measure:
    """What a number is called, in which unit, under which code, and how it comes about.

    ``compute`` may ask ``facts`` for other measures; it raises ``UnknownError`` with the reason where it cannot know.
    """

    part: str  # "lv", "rv" or "heart"
    key: str
    title: str
    unit: str
    ucum: str
    definition: str
    compute: Callable[[Facts], float]
    code: Code | None = None
    decimals: int = 1

    @property
    def name(self) -> str:
        """Unique over all parts: ``lv.edv_ml``."""
        return f"{self.part}.{self.key}"


def evaluate(facts: Facts) -> dict[str, dict[str, Measurement]]:
    """Every measure, by part and key; what cannot be known says why."""
    parts: dict[str, dict[str, Measurement]] = {"lv": {}, "rv": {}, "heart": {}}
    for measure in MEASURES:
        value, reason = None, None
        try:
            value = facts.results[measure.name] = float(measure.compute(facts))
        except UnknownError as error:
            reason = facts.results[measure.name] = error.reason
        parts[measure.part][measure.key] = Measurement(
            key=measure.key,
            title=measure.title,
            value=value,
            unit=measure.unit,
            ucum=measure.ucum,
            code=measure.code,
            reason=reason,
            definition=measure.definition,
            decimals=measure.decimals,
        )
    return parts


def _share_of_mean(facts: Facts) -> float:
    """The difference of the stroke volumes in percent of their mean."""
    total = facts["lv.sv_ml"] + facts["rv.sv_ml"]
    if total == 0:
        raise UnknownError("unknown-share-of-zero")
    return 200.0 * facts["heart.sv_difference_ml"] / total


def _ventricle(part: str, label: Label, *, edv: Code, esv: Code, sv: Code, ef: Code) -> tuple[Measure, ...]:
    """The volumes both ventricles have."""
    side = label.name
    return (
        Measure(part, "edv_ml", f"{side} end-diastolic volume", "ml", "mL",
                "Blood volume at end-diastole, over the slices that count",
                lambda facts: facts.volume_ml(label, "ed"), edv),
        Measure(part, "esv_ml", f"{side} end-systolic volume", "ml", "mL",
                "Blood volume at end-systole, over the slices that count",
                lambda facts: facts.volume_ml(label, "es"), esv),
        Measure(part, "sv_ml", f"{side} stroke volume", "ml", "mL",
                "EDV − ESV", lambda facts: facts[f"{part}.edv_ml"] - facts[f"{part}.esv_ml"], sv),
        Measure(part, "ef_percent", f"{side} ejection fraction", "%", "%",
                "SV / EDV",
                lambda facts: 100.0 * facts[f"{part}.sv_ml"] / facts[f"{part}.edv_ml"], ef),
    )  # fmt: skip


def _indexed(measure: Measure, key: str, code: Code | None = None, *, title: str = "") -> Measure:
    """The same number per square metre of body surface."""
    return replace(
        measure,
        key=key,
        title=title or f"{measure.title} index",
        unit=f"{measure.unit}/m²",
        ucum=f"{measure.ucum}/m2",
        definition=f"{measure.title} / body surface area",
        compute=lambda facts: facts[measure.name] / facts["heart.bsa_m2"],
        code=code,
    )


_HEART = (
    Measure("heart", "heart_rate_bpm", "Heart rate", "/min", "/min", "60 000 / R-R interval in ms",
            lambda facts: MS_PER_MIN / facts["heart.rr_ms"], Code("LN", "8867-4", "Heart rate"), 0),
    Measure("heart", "rr_ms", "R-R interval", "ms", "ms", "Time from one heart beat to the next",
            lambda facts: facts.rr_ms(), Code("DCM", "122182", "R-R interval"), 0),
    Measure("heart", "bsa_m2", "Body surface area", "m²", "m2", "From height and weight, by the formula named",
            lambda facts: facts.body_surface_m2(), Code("LN", "8277-6", "BSA"), 2),
)  # fmt: skip

_LV = _ventricle(
    "lv", Label.LV,
    edv=Code("LN", "8821-1", "Left Ventricular ED Volume"),
    esv=Code("LN", "8823-7", "Left Ventricular ES Volume"),
    sv=Code("SCT", "90096001", "Stroke Volume"),
    ef=Code("LN", "8811-2", "Left Ventricular Ejection Fraction by MR"),
)  # fmt: skip
_RV = _ventricle(
    "rv", Label.RV,
    edv=Code("LN", "8822-9", "Right Ventricular ED Volume"),
    esv=Code("LN", "8824-5", "Right Ventricular ES Volume"),
    sv=Code("SCT", "429483009", "RV Stroke Volume"),
    ef=Code("LN", "8818-7", "Right Ventricular Ejection Fraction by MR"),
)  # fmt: skip

_CO = Measure("lv", "co_l_min", "Cardiac output", "l/min", "L/min", "LV SV × heart rate",
              lambda facts: facts["lv.sv_ml"] * facts["heart.heart_rate_bpm"] / 1000.0,
              Code("SCT", "82799009", "Cardiac Output"))  # fmt: skip
_MASS = Measure("lv", "mass_g", "LV mass", "g", "g", "Myocardial volume at end-diastole × 1.05 g/ml",
                lambda facts: facts.volume_ml(Label.MYO, "ed") * MYOCARDIUM_G_PER_ML,
                Code("LN", "18087-7", "Left Ventricle Mass"))  # fmt: skip
_WALL = Code("DCM", "122445", "Wall Thickness")

MEASURES: tuple[Measure, ...] = (
    _HEART[1],
    _HEART[0],
    _HEART[2],
    *_LV,
    _CO,
    _MASS,
    Measure("lv", "mass_es_g", "LV mass at end-systole", "g", "g", "Myocardial volume at end-systole × 1.05 g/ml",
            lambda facts: facts.volume_ml(Label.MYO, "es") * MYOCARDIUM_G_PER_ML),
    Measure("lv", "mass_edv_ratio_g_ml", "LV mass / EDV", "g/ml", "g/mL", "LV mass / LV EDV",
            lambda facts: facts["lv.mass_g"] / facts["lv.edv_ml"], decimals=2),
    _indexed(_LV[0], "edvi_ml_m2"),
    _indexed(_LV[1], "esvi_ml_m2"),
    _indexed(_LV[2], "svi_ml_m2", Code("SCT", "277381004", "Stroke Index")),
    _indexed(_CO, "ci_l_min_m2", Code("SCT", "54993008", "Cardiac Index"), title="Cardiac index"),
    _indexed(_MASS, "mass_index_g_m2"),
    Measure("lv", "per_ml_s", "LV peak ejection rate", "ml/s", "mL/s",
            "Steepest fall of the fitted volume curve between ED and ES",
            lambda facts: facts.rate("ejection_ml_s"), Code("DCM", "122616", "Peak Ejection Rate"), 0),
    Measure("lv", "time_to_per_ms", "Time to LV peak ejection rate", "ms", "ms", "From ED to the peak ejection rate",
            lambda facts: facts.rate("ejection_ms"), decimals=0),
    Measure("lv", "pfr_ml_s", "LV peak filling rate", "ml/s", "mL/s",
            "Steepest rise of the fitted volume curve between ES and the next ED",
            lambda facts: facts.rate("filling_ml_s"), Code("DCM", "122618", "Peak Filling Rate"), 0),
    Measure("lv", "time_to_pfr_ms", "Time to LV peak filling rate", "ms", "ms", "From ES to the peak filling rate",
            lambda facts: facts.rate("filling_ms"), decimals=0),
    Measure("lv", "wall_thickness_max_mm", "Largest LV wall thickness at end-diastole", "mm", "mm",
            "Thickest point of the wall at end-diastole, across the wall, in slices with a closed ring",
            lambda facts: facts.wall().largest_ed_mm, _WALL),
    Measure("lv", "wall_thickness_mean_mm", "Mean LV wall thickness at end-diastole", "mm", "mm",
            "Mean along the whole wall at end-diastole, across the wall, in slices with a closed ring",
            lambda facts: facts.wall().mean_ed_mm, _WALL),
    *_RV,
    _indexed(_RV[0], "edvi_ml_m2"),
    _indexed(_RV[1], "esvi_ml_m2"),
    _indexed(_RV[2], "svi_ml_m2", Code("SCT", "429619008", "RV Stroke Index")),
    Measure("heart", "sv_difference_ml", "LV − RV stroke volume", "ml", "mL",
            "LV SV − RV SV; near zero where no valve leaks and there is no shunt",
            lambda facts: facts["lv.sv_ml"] - facts["rv.sv_ml"]),
    Measure("heart", "sv_difference_percent", "LV − RV stroke volume, of their mean", "%", "%",
            "(LV SV − RV SV) / mean of both", _share_of_mean),
)  # fmt: skip
