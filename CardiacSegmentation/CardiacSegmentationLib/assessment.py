"""The fourth value: the numbers a cardiologist reports, each with its unit, code and range, and every finding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.reading import ByRules, Conventions, Counted, KeyPhases, Reading
    from CardiacSegmentationLib.segmentation import FloatArray, Papillary, Place
    from CardiacSegmentationLib.stack import Patient


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
    """One reported number. ``value`` is ``None`` where it cannot be known; ``reason`` then says why.

    ``title`` and ``definition`` are English, and what ``findings.translate`` finds other languages by.
    """

    key: str  # "edv_ml": unique within its ventricle, with its unit
    title: str
    value: float | None
    unit: str  # as shown: "ml/m²"
    ucum: str  # as coded: "mL/m2"
    code: Code | None = None
    reference: ReferenceRange | None = None
    reason: Finding | None = None
    definition: str = ""  # one line for tooltips and reports: how the number comes about
    decimals: int = 1

    @property
    def shown(self) -> float | None:
        """The value rounded as every table shows it; zero has no sign."""
        return None if self.value is None else round(self.value, self.decimals) + 0.0

    @property
    def text(self) -> str:
        """The value as every table shows it, without its unit; a dash where it cannot be known."""
        return "–" if self.shown is None else f"{self.shown:.{self.decimals}f}"

    @property
    def note(self) -> str:
        """Why the value cannot be known, in English; ``describe(reason, language)`` says it in others."""
        return "" if self.reason is None else self.reason.message

    @property
    def is_outside_reference(self) -> bool:
        """Whether the value as it is shown lies outside the limits of normal; false where there are none."""
        return (
            self.shown is not None
            and self.reference is not None
            and not self.reference.low <= self.shown <= self.reference.high
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
class ImageMeasures:
    """What each image shows by itself, ``[phase, slice]`` and with the structures (RV, MYO, LV) first where there are.

    After a correction only the images that changed are measured again.
    """

    areas_mm2: FloatArray  # by structure, after the papillary convention; NaN where a phase has no labels
    pixels: npt.NDArray[np.int64]  # by structure
    surrounded: FloatArray  # share of the LV cavity's outline that myocardium borders; NaN without a cavity
    centre_mm: FloatArray  # (row, column) of cavity and myocardium together; NaN where there is too little
    edge_pixels: npt.NDArray[np.int64]  # labelled pixels at the edge of the image
    papillary: Papillary
    papillary_percent: int


@dataclass(frozen=True, eq=False)
class Assessment:
    """Everything measured and everything doubted of one study, for a segmentation and a reading.

    ``volumes_ml[label - 1, phase]`` and ``areas_mm2[label - 1, phase, slice]`` are for RV, MYO and LV, NaN where a
    phase has no labels (volumes also where that structure has none); areas are those of every slice, volumes sum them
    by their ``shares[label - 1, phase, slice]``: 1 where a slice counts, 0 where it does not, and between for a slice
    that a base plane cuts. ``findings`` come in the order of what they can do to the ejection fraction. ``automatic``
    is the same for the network's own labels and no decisions, once a person corrected or decided anything.
    """

    lv: Mapping[str, Measurement]
    rv: Mapping[str, Measurement]
    heart: Mapping[str, Measurement]  # what belongs to neither: heart rate, body surface area, stroke-volume difference
    volumes_ml: FloatArray
    shares: FloatArray
    times_ms: tuple[float, ...]
    slice_spacing_mm: float
    key_phases: KeyPhases
    patient: Patient
    reading: Reading
    by_rules: ByRules
    images: ImageMeasures
    segments: tuple[WallSegment, ...] = ()
    findings: tuple[Finding, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)  # program version, model, source
    automatic: Assessment | None = None
    outlines: Mapping[Place, Any] = field(default_factory=dict)  # of walls traced

    @property
    def areas_mm2(self) -> FloatArray:
        """Areas of every slice, ``[label - 1, phase, slice]``."""
        return self.images.areas_mm2

    @property
    def counted(self) -> Counted:
        """Which slices count, also in part: ``[label - 1, phase, slice]``."""
        return self.shares > 0

    @property
    def conventions(self) -> Conventions:
        """The conventions of the reading."""
        return self.reading.conventions

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """The findings that the reader has not ticked off."""
        return tuple(item for item in self.findings if finding_key(item) not in self.reading.acknowledged)


def finding_key(finding: Finding) -> str:
    """What tells a finding from others when it is ticked off: its kind, structure, slice and phase."""
    about = [str(finding.parameters[name]) for name in ("structure", "moment") if name in finding.parameters]
    places = {"slice": finding.slice, "phase": finding.phase}
    return ":".join([finding.code, *about, *(f"{name}{at}" for name, at in places.items() if at is not None)])
