"""End-diastole and end-systole: the largest and the smallest blood volume of the whole stack (SCMR 2020).

Before ejection the volume hardly changes for some phases, and noise decides which is largest: of those end-diastole is
the last.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.segmentation import KeyPhases, Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import FloatArray

PLATEAU = 0.005  # of the largest volume: less than two readings of one image differ by


def find_key_phases(volumes_ml: FloatArray, fixed: KeyPhases) -> tuple[KeyPhases, list[Finding]]:
    """ED and ES of LV and RV, each from its own volumes; a phase the reader fixed stays, and the reader is told."""
    findings: list[Finding] = []
    lv_ed, lv_es = _of_ventricle("LV", volumes_ml[Label.LV - 1], fixed.lv_ed, fixed.lv_es, findings)
    rv_ed, rv_es = _of_ventricle("RV", volumes_ml[Label.RV - 1], fixed.rv_ed, fixed.rv_es, findings)
    return KeyPhases(lv_ed, lv_es, rv_ed, rv_es), findings


def _of_ventricle(
    name: str, volumes_ml: FloatArray, ed: int | None, es: int | None, findings: list[Finding]
) -> tuple[int | None, int | None]:
    for phase in (ed, es):
        if phase is not None and not 0 <= phase < len(volumes_ml):
            msg = f"{name}: phase {phase + 1} was chosen, but the study has {len(volumes_ml)} phases. Choose another."
            raise LabelError(msg)
    known = np.flatnonzero(np.isfinite(volumes_ml))
    if not known.size:
        return ed, es
    largest = _end_of_plateau(volumes_ml, int(known[np.argmax(volumes_ml[known])]))
    smallest = int(known[np.argmin(volumes_ml[known])])
    if known.size == 1:
        return _with_one_phase(name, int(known[0]), ed, es, findings)
    if ed is not None and not _is_on_plateau(volumes_ml, ed, largest):
        findings.append(_overruled(name, "end-diastole", ed, "largest", largest))
    if es is not None and es != smallest:
        findings.append(_overruled(name, "end-systole", es, "smallest", smallest))
    if volumes_ml[largest] == volumes_ml[smallest]:
        message = f"{name}: the volume is the same in every labelled phase; the heart does not seem to beat."
        findings.append(Finding("volume-constant", message))
    return largest if ed is None else ed, smallest if es is None else es


def _end_of_plateau(volumes_ml: FloatArray, largest: int) -> int:
    """The last phase, from the largest on, before the volume falls."""
    following = ((largest + step) % len(volumes_ml) for step in range(1, len(volumes_ml)))
    plateau = list(takewhile(lambda phase: _is_on_plateau(volumes_ml, phase, largest), following))
    never_falls = len(plateau) == len(volumes_ml) - 1
    return largest if never_falls or not plateau else plateau[-1]


def _is_on_plateau(volumes_ml: FloatArray, phase: int, largest: int) -> bool:
    return bool(volumes_ml[phase] >= (1 - PLATEAU) * volumes_ml[largest])


def _with_one_phase(
    name: str, phase: int, ed: int | None, es: int | None, findings: list[Finding]
) -> tuple[int | None, int | None]:
    if ed is None and es is None:
        message = f"{name}: only phase {phase + 1} is labelled; it is taken for end-diastole."
        findings.append(Finding("single-phase", message, phase=phase))
        return phase, None
    return ed, es


def _overruled(name: str, moment: str, chosen: int, extreme: str, found: int) -> Finding:
    message = f"{name}: {moment} was set to phase {chosen + 1} by hand; phase {found + 1} has the {extreme} volume."
    return Finding("key-phase-by-hand", message, Severity.INFO, phase=chosen)
