"""Synthetic hearts from the Lib's phantom, each another heart on another scanner, as training subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cardiactrain.data.sources import describe
from cardiactrain.data.subject import LabelledStack, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.phantom.spec import PhantomSpec

PHASES = 8


def make_phantoms(count: int, seed: int = 1) -> Iterator[Subject]:
    """``count`` hearts; the same seed makes the same hearts."""
    from CardiacSegmentationLib.errors import CardiacSegmentationError
    from CardiacSegmentationLib.phantom.study import make_stack, true_key_phases

    random = np.random.default_rng(seed)
    made = 0
    while made < count:
        spec = _draw_spec(random)
        try:
            stack, truth = make_stack(spec)
        except CardiacSegmentationError:  # no heart or scanner meets these numbers together: draw others
            continue
        key = true_key_phases(spec)
        stacks = tuple(
            LabelledStack.fully_labelled(name, stack.voxels[phase], truth.labels[phase])
            for name, phase in (("ED", key.lv_ed), ("ES", key.lv_es))
        )
        yield Subject(
            describe("phantom", f"{seed}-{made:03d}", vendor="none", group="synthetic"), stack.spacing_mm, stacks
        )
        made += 1


def _draw_spec(random: np.random.Generator) -> PhantomSpec:
    from CardiacSegmentationLib.phantom.spec import PhantomSpec

    edv = float(np.exp(random.uniform(np.log(60), np.log(300))))
    ef = random.uniform(20, 72)
    stroke = edv * ef / 100
    rv_ef = random.uniform(30, 65)
    return PhantomSpec(
        lv_edv_ml=round(edv, 1),
        lv_ef_percent=round(ef, 1),
        rv_edv_ml=round(stroke / rv_ef * 100, 1),
        rv_ef_percent=round(rv_ef, 1),
        phases=PHASES,
        slices=int(random.integers(9, 14)),
        pixel_mm=round(random.uniform(1.2, 1.9), 2),
        noise_percent=round(random.uniform(1, 6), 1),
        seed=int(random.integers(0, 2**31)),
    )
