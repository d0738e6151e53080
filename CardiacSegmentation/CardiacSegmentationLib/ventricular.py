"""The third value: the numbers a cardiologist reports, each with its unit, code and reference range."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.segmentation import Conventions, KeyPhases
    from CardiacSegmentationLib.stack import Finding, Patient

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Code:
    """A coded concept, for example ``Code("LN", "8811-2", "Left ventricular ejection fraction by MR")``."""

    scheme: str
    value: str
    meaning: str


@dataclass(frozen=True)
class ReferenceRange:
    """Limits of normal for one measure, and where they come from."""

    low: float
    high: float
    source: str
    group: str  # whom it holds for, in words: "women, 20 years and older"


@dataclass(frozen=True)
class Measurement:
    """One reported number. ``value`` is ``None`` where it cannot be known; ``note`` then says why."""

    key: str  # "edv_ml": unique within its ventricle, with its unit
    title: str
    value: float | None
    unit: str  # as shown: "ml/m²"
    ucum: str  # as coded: "mL/m2"
    code: Code | None = None
    reference: ReferenceRange | None = None
    note: str = ""
    definition: str = ""  # one line for tooltips and reports: how the number comes about
    decimals: int = 1

    @property
    def text(self) -> str:
        """The value as every table shows it, without its unit; a dash where it cannot be known."""
        return "–" if self.value is None else f"{self.value:.{self.decimals}f}"

    @property
    def is_outside_reference(self) -> bool:
        """Whether the value lies outside the limits of normal; false where there are none."""
        return (
            self.value is not None
            and self.reference is not None
            and not self.reference.low <= self.value <= self.reference.high
        )


@dataclass(frozen=True)
class WallSegment:
    """One of the 17 segments of the AHA model; ``None`` where the labels do not show it."""

    number: int
    name: str
    thickness_ed_mm: float | None
    thickness_es_mm: float | None
    thickening_percent: float | None


@dataclass(frozen=True, eq=False)
class VentricularFunction:
    """Everything measured on one study.

    ``volumes_ml[label - 1, phase]`` and ``areas_mm2[label - 1, phase, slice]`` are for RV, MYO and LV, NaN where a
    phase has no labels (volumes also where that structure has none); areas are those of every slice, volumes sum the
    ``included`` ones. ``findings`` holds those of the stack and of the segmentation too.
    """

    lv: Mapping[str, Measurement]
    rv: Mapping[str, Measurement]
    heart: Mapping[str, Measurement]  # what belongs to neither: heart rate, body surface area, stroke-volume difference
    volumes_ml: FloatArray
    areas_mm2: FloatArray
    included: npt.NDArray[np.bool_]
    times_ms: tuple[float, ...]
    slice_spacing_mm: float
    key_phases: KeyPhases
    conventions: Conventions
    patient: Patient
    segments: tuple[WallSegment, ...] = ()
    findings: tuple[Finding, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)  # program version, model, source
