"""What the measures are computed from; asking for what is not there raises the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from CardiacSegmentationLib.analysis.body import body_surface_m2, why_no_body_surface
from CardiacSegmentationLib.analysis.curve import FEWEST_PHASES, Rates, VolumeCurve, find_rates, fit_curve
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.analysis.wall import Wall
    from CardiacSegmentationLib.findings import Parameter
    from CardiacSegmentationLib.reading import Conventions, KeyPhases
    from CardiacSegmentationLib.segmentation import FloatArray
    from CardiacSegmentationLib.stack import Patient

Moment = Literal["ed", "es"]


class UnknownError(Exception):
    """A number cannot be known; ``reason`` says why."""

    def __init__(self, reason: str | Finding, **parameters: Parameter) -> None:
        self.reason = Finding(reason, Severity.INFO, parameters=parameters) if isinstance(reason, str) else reason
        super().__init__(self.reason.message)


@dataclass
class Facts:
    """The measured volumes and what is known about the patient; ``results`` fills up as measures are evaluated."""

    volumes_ml: FloatArray
    key_phases: KeyPhases
    times_ms: tuple[float, ...]
    rr: float | None
    is_whole_beat: bool
    patient: Patient
    conventions: Conventions
    measured_wall: Wall | None = None
    results: dict[str, float | Finding] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """The value of another measure, for example ``facts["lv.sv_ml"]``."""
        result = self.results[name]
        if isinstance(result, Finding):
            raise UnknownError(result)
        return result

    def volume_ml(self, label: Label, moment: Moment) -> float:
        """Volume of a structure at its ventricle's ED or ES."""
        volumes = self.volumes_ml[label - 1]
        if not np.isfinite(volumes).any():
            raise UnknownError("unknown-structure", structure=label.name)
        side = Label.RV if label is Label.RV else Label.LV
        phase = self.key_phases.of(side, moment)
        if phase is None:
            raise UnknownError("unknown-moment", structure=side.name, moment=moment.upper())
        if not np.isfinite(volumes[phase]):
            raise UnknownError("unknown-structure-then", structure=label.name, moment=moment.upper(), phase=phase)
        return float(volumes[phase])

    def rr_ms(self) -> float:
        """The R-R interval."""
        if not self.rr or not np.isfinite(self.rr) or self.rr < 0:
            raise UnknownError("unknown-heart-rate")
        return self.rr

    def body_surface_m2(self) -> float:
        """Body surface area by the formula of the conventions."""
        why_not = why_no_body_surface(self.patient)
        if why_not is not None:
            raise UnknownError(why_not)
        return body_surface_m2(self.patient, self.conventions.bsa_formula)

    def rate(self, name: str) -> float:
        """A peak rate of the LV or its time, by its name in ``Rates``."""
        value = float(getattr(self._rates, name))
        if np.isnan(value):
            raise UnknownError("unknown-rate-unseen")
        return value

    def wall(self) -> Wall:
        """Wall thickness of the LV."""
        if self.measured_wall is None:
            raise UnknownError("unknown-wall")
        return self.measured_wall

    @cached_property
    def curve(self) -> VolumeCurve:
        """The fitted LV volume curve."""
        volumes = self.volumes_ml[Label.LV - 1]
        if not np.isfinite(volumes).all():
            raise UnknownError("unknown-curve")
        if len(volumes) < FEWEST_PHASES:
            raise UnknownError("unknown-curve-short", least=FEWEST_PHASES)
        times = np.asarray(self.times_ms, np.float64)
        if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
            raise UnknownError("unknown-times")
        if self.rr_ms() < times[-1] - times[0]:
            raise UnknownError("unknown-times-beyond-beat")
        return fit_curve(times, volumes, self.rr_ms())

    @cached_property
    def _rates(self) -> Rates:
        ed, es = self.key_phases.lv_ed, self.key_phases.lv_es
        curve = self.curve
        if ed is None or es is None or ed == es:
            raise UnknownError("unknown-key-phases")
        seen_ms = None if self.is_whole_beat else (self.times_ms[0], self.times_ms[-1])
        return find_rates(curve, self.times_ms[ed], self.times_ms[es], seen_ms)
