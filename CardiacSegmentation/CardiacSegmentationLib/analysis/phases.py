"""End-diastole and end-systole: the largest and the smallest blood volume of the whole stack (SCMR 2020).

Before ejection the volume hardly changes for some phases, and noise decides which is largest: of those end-diastole is
the last.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.reading import KeyPhases
from CardiacSegmentationLib.segmentation import VENTRICLES, Label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.segmentation import FloatArray

PLATEAU = 0.005  # of the largest volume: less than two readings of one image differ by


def find_key_phases(volumes_ml: FloatArray) -> KeyPhases:
    """ED and ES of LV and RV, each from its own volumes ``[label - 1, phase]``."""
    lv_ed, lv_es = _find_extremes(volumes_ml[Label.LV - 1])
    rv_ed, rv_es = _find_extremes(volumes_ml[Label.RV - 1])
    return KeyPhases(lv_ed, lv_es, rv_ed, rv_es)


def choose_key_phases(decided: KeyPhases, by_rules: KeyPhases, volumes_ml: FloatArray) -> KeyPhases:
    """ED and ES as decided, else as the rules said, else by the volumes.

    A phase that the reader took for one of the two is not the other one as well: that one is then not known.
    """
    chosen = decided.or_else(by_rules).or_else(find_key_phases(volumes_ml))
    for one, other in (("lv_ed", "lv_es"), ("lv_es", "lv_ed"), ("rv_ed", "rv_es"), ("rv_es", "rv_ed")):
        is_taken = getattr(decided, one) is not None and getattr(decided, one) == getattr(chosen, other)
        if is_taken and getattr(decided, other) is None:
            chosen = replace(chosen, **{other: None})
    return chosen


def require_phases(decided: KeyPhases, phases: int) -> None:
    """Refuse phases that the study does not have."""
    for name, phase in vars(decided).items():
        if phase is not None and not 0 <= phase < phases:
            raise LabelError.of("no-such-key-phase", moment=name.upper().replace("_", " "), phase=phase, count=phases)


def check_key_phases(volumes_ml: FloatArray, key_phases: KeyPhases, decided: KeyPhases) -> list[Finding]:
    """Key phases that are not (or no longer) those of the largest and smallest volume, by more than the plateau.

    One that the reader decided is a remark; one by the rules, held still since the first correction, a doubt.
    """
    return [
        finding
        for label in VENTRICLES
        for finding in _check_ventricle(label, volumes_ml[label - 1], key_phases, decided)
    ]


def _check_ventricle(
    label: Label, volumes_ml: FloatArray, key_phases: KeyPhases, decided: KeyPhases
) -> Iterator[Finding]:
    known = np.flatnonzero(np.isfinite(volumes_ml))
    if known.size == 1 and key_phases.of(label, "ed") == known[0]:
        yield Finding("single-phase", phase=int(known[0]), parameters={"structure": label.name})
    if known.size < 2:
        return
    if np.ptp(volumes_ml[known]) == 0:
        yield Finding("volume-constant", parameters={"structure": label.name})
        return
    least_ml = PLATEAU * float(volumes_ml[known].max())
    for moment, extreme in zip(("ed", "es"), _find_extremes(volumes_ml), strict=True):
        phase = key_phases.of(label, moment)
        if phase is None or extreme is None or not np.isfinite(volumes_ml[phase]):
            continue
        difference_ml = float(volumes_ml[extreme] - volumes_ml[phase])
        if abs(difference_ml) > least_ml:
            yield Finding(
                "key-phase-largest" if moment == "ed" else "key-phase-smallest",
                Severity.WARNING if decided.of(label, moment) is None else Severity.INFO,
                phase=phase,
                parameters={
                    "structure": label.name,
                    "moment": moment.upper(),
                    "other_phase": extreme,
                    "difference_ml": difference_ml,
                },
            )


def _find_extremes(volumes_ml: FloatArray) -> tuple[int | None, int | None]:
    known = np.flatnonzero(np.isfinite(volumes_ml))
    if not known.size:
        return None, None
    if known.size == 1:
        return int(known[0]), None
    largest = _end_of_plateau(volumes_ml, int(known[np.argmax(volumes_ml[known])]))
    return largest, int(known[np.argmin(volumes_ml[known])])


def _end_of_plateau(volumes_ml: FloatArray, largest: int) -> int:
    """The last phase, from the largest on, before the volume falls; the largest itself where it never does."""
    least_ml = (1 - PLATEAU) * volumes_ml[largest]
    if np.nanmin(volumes_ml) >= least_ml:
        return largest
    following = ((largest + step) % len(volumes_ml) for step in range(len(volumes_ml)))
    return list(takewhile(lambda phase: volumes_ml[phase] >= least_ml, following))[-1]
