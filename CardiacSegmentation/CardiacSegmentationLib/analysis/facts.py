"""What the measures are computed from; asking for what is not there raises the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from CardiacSegmentationLib.analysis.body import body_surface_m2, why_no_body_surface
from CardiacSegmentationLib.analysis.curve import FEWEST_PHASES, Rates, VolumeCurve, find_rates, fit_curve
from CardiacSegmentationLib.reading import Conventions, KeyPhases
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.analysis.wall import Wall
    from CardiacSegmentationLib.assessment import FloatArray
    from CardiacSegmentationLib.stack import Patient

Moment = Literal["ed", "es"]
MOMENTS: dict[Moment, str] = {"ed": "end-diastole", "es": "end-systole"}


class UnknownError(Exception):
    """A number cannot be known; the text says why."""


@dataclass
class Facts:
    """The measured volumes and what is known about the patient; ``results`` fills up as measures are evaluated."""

    volumes_ml: FloatArray
    key_phases: KeyPhases
    times_ms: tuple[float, ...]
    rr: float | None
    patient: Patient
    conventions: Conventions
    measured_wall: Wall | None = None
    results: dict[str, float | str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """The value of another measure, for example ``facts["lv.sv_ml"]``."""
        result = self.results[name]
        if isinstance(result, str):
            raise UnknownError(result)
        return result

    def volume_ml(self, label: Label, moment: Moment) -> float:
        """Volume of a structure at its ventricle's ED or ES."""
        volumes = self.volumes_ml[label - 1]
        if not np.isfinite(volumes).any():
            msg = f"no {label.name} is labelled"
            raise UnknownError(msg)
        side = "rv" if label is Label.RV else "lv"
        phase: int | None = getattr(self.key_phases, f"{side}_{moment}")
        if phase is None:
            alone = "no LV is labelled" if label is Label.MYO else "only one phase is labelled"
            msg = f"{MOMENTS[moment]} is not known: {alone}"
            raise UnknownError(msg)
        if not np.isfinite(volumes[phase]):
            msg = f"no {label.name} is labelled at {MOMENTS[moment]} (phase {phase + 1})"
            raise UnknownError(msg)
        return float(volumes[phase])

    def rr_ms(self) -> float:
        """The R-R interval."""
        if not self.rr or not np.isfinite(self.rr) or self.rr < 0:
            msg = "the heart rate is not known"
            raise UnknownError(msg)
        return self.rr

    def body_surface_m2(self) -> float:
        """Body surface area by the formula of the conventions."""
        area = body_surface_m2(self.patient, self.conventions.bsa_formula)
        if area is None:
            raise UnknownError(why_no_body_surface(self.patient))
        return area

    def rates(self) -> Rates:
        """Peak ejection and filling rates of the LV."""
        return self._rates

    def wall(self) -> Wall:
        """Wall thickness of the LV."""
        if self.measured_wall is None:
            msg = "no closed ring of myocardium is labelled at end-diastole"
            raise UnknownError(msg)
        return self.measured_wall

    @cached_property
    def curve(self) -> VolumeCurve:
        """The fitted LV volume curve."""
        volumes = self.volumes_ml[Label.LV - 1]
        if not np.isfinite(volumes).all():
            msg = "the volume curve needs the LV labelled in every phase"
            raise UnknownError(msg)
        if len(volumes) < FEWEST_PHASES:
            msg = f"the volume curve needs at least {FEWEST_PHASES} phases"
            raise UnknownError(msg)
        times = np.asarray(self.times_ms, np.float64)
        if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
            msg = "the times of the phases are not known"
            raise UnknownError(msg)
        if self.rr_ms() < times[-1] - times[0]:
            msg = "the phases last longer than the R-R interval"
            raise UnknownError(msg)
        return fit_curve(times, volumes, self.rr_ms())

    @cached_property
    def _rates(self) -> Rates:
        ed, es = self.key_phases.lv_ed, self.key_phases.lv_es
        curve = self.curve
        if ed is None or es is None or ed == es:
            msg = "end-diastole and end-systole are not known"
            raise UnknownError(msg)
        return find_rates(curve, self.times_ms[ed], self.times_ms[es])
