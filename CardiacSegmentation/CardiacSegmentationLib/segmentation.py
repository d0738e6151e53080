"""The second value: labels on a stack's grid, and what was decided about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import Finding


class Label(IntEnum):
    """The codes of every label map in this program (those of the ACDC challenge)."""

    BACKGROUND = 0
    RV = 1
    MYO = 2
    LV = 3


STRUCTURES = (Label.RV, Label.MYO, Label.LV)


class Papillary(str, Enum):
    """Whether papillary muscles count as blood (in the volume) or as muscle (in the mass)."""

    VOLUME = "volume"
    MASS = "mass"


@dataclass(frozen=True)
class Conventions:
    """The choices behind the numbers; printed beside them wherever they are shown."""

    papillary: Papillary = Papillary.VOLUME
    bsa_formula: str = "Mosteller"
    basal_rule: str = "LV slices count where at least half of the cavity is surrounded by myocardium (SCMR 2020)"


@dataclass(frozen=True)
class KeyPhases:
    """End-diastole and end-systole of both ventricles; ``None`` where labels do not tell."""

    lv_ed: int | None = None
    lv_es: int | None = None
    rv_ed: int | None = None
    rv_es: int | None = None


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Labels on a stack's grid, and what was decided about them.

    ``labelled[phase]`` is false where a phase has no labels at all (many data sets label ED and ES only).
    ``included[label - 1, phase, slice]`` says which slices count, for RV, MYO and LV. ``key_phases`` holds what a
    reader fixed by hand; what is ``None`` there is found from the volumes.
    """

    labels: npt.NDArray[np.uint8]
    labelled: npt.NDArray[np.bool_]
    included: npt.NDArray[np.bool_]
    key_phases: KeyPhases = field(default_factory=KeyPhases)
    conventions: Conventions = field(default_factory=Conventions)
    findings: tuple[Finding, ...] = ()
    model: str | None = None  # name, version and checksum of the network; None for labels made by hand or elsewhere
    edited: tuple[tuple[int, int], ...] = ()  # (phase, slice) of every label image a person changed

    def __post_init__(self) -> None:
        phases, slices = self.labels.shape[:2]
        if self.labels.ndim != 4 or self.labelled.shape != (phases,):
            msg = "Labels are [phase, slice, row, column], with one flag per phase."
            raise ValueError(msg)
        if self.included.shape != (len(STRUCTURES), phases, slices):
            msg = "The included slices are [structure, phase, slice]."
            raise ValueError(msg)

    @classmethod
    def of(cls, labels: npt.NDArray[np.uint8], **facts: Any) -> Segmentation:
        """A segmentation in which every slice counts and every phase with a label is labelled."""
        phases, slices = labels.shape[:2]
        facts.setdefault("labelled", labels.any(axis=(1, 2, 3)))
        facts.setdefault("included", np.ones((len(STRUCTURES), phases, slices), bool))
        return cls(labels=labels, **facts)
