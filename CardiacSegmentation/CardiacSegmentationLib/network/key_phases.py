"""Which phases to look at closely where only end-diastole and end-systole are wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.network.infer import over_phases, predict_phase
from CardiacSegmentationLib.segmentation import VENTRICLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from CardiacSegmentationLib.network.preprocess import Preprocessing, View
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.stack import CineStack

NEIGHBOURS = 1  # phases on either side of each key phase: the coarse look may be one off


def choose_phases(
    stack: CineStack, view: View, network: Network, report: Callable[[float], None] = lambda _: None
) -> list[int]:
    """The phases about ED and ES of each ventricle, by a coarse look at every slice of every phase."""
    volumes = look_at_volumes(stack, coarsen(view, network.preprocessing), network, report)
    extremes = {int(choose(curve)) for curve in volumes for choose in (np.argmax, np.argmin)}
    around = {phase + step for phase in extremes for step in range(-NEIGHBOURS, NEIGHBOURS + 1)}
    if stack.is_whole_beat:
        return sorted({phase % stack.phases for phase in around})
    return sorted(phase for phase in around if 0 <= phase < stack.phases)


def look_at_volumes(
    stack: CineStack, view: View, network: Network, report: Callable[[float], None] = lambda _: None
) -> npt.NDArray[np.float64]:
    """The volume of each ventricle in every phase, ``[ventricle, phase]``: the sum of its chance over all pixels."""

    def look(phase: int) -> list[float]:
        probabilities = predict_phase(stack.voxels[phase], view, network).probabilities
        return [float(probabilities[:, ventricle].sum()) for ventricle in VENTRICLES]

    return np.array(over_phases(look, range(stack.phases), network.workers, report)).T


def coarsen(view: View, pre: Preprocessing) -> View:
    """The same part of the image at the coarse spacing."""
    rows, columns = (
        pre.size_multiple * int(np.ceil(size * view.spacing_mm / pre.coarse_spacing_mm / pre.size_multiple))
        for size in view.size
    )
    return replace(view, size=(rows, columns), spacing_mm=pre.coarse_spacing_mm)


def remark_on_phases(stack: CineStack, phases: Sequence[int]) -> tuple[Finding, ...]:
    """A remark where some phases were not looked at."""
    if len(phases) == stack.phases:
        return ()
    return (Finding("only-key-phases", Severity.INFO, parameters={"count": len(phases), "total": stack.phases}),)
