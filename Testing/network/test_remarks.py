"""What the network's room remarks on is a whole sentence in every language."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.findings import Finding, describe, languages, read_catalogue
from CardiacSegmentationLib.network.key_phases import remark_on_phases
from CardiacSegmentationLib.network.repairs import REPAIRS, Sampling, apply_repairs
from CardiacSegmentationLib.network.training_range import TrainingRange, check_training_range
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.stack import CineStack


def remarks() -> list[Finding]:
    """One remark of each kind, made by the code that makes it where that is short."""
    apart = np.zeros((12, 5, 40, 40), np.uint8)
    apart[:, :, 5:15, 5:15] = Label.LV
    apart[3, 1, 36:40, 0:4] = Label.LV
    apart[3:5, 2, 37:40, 0:5] = Label.LV
    stack = CineStack(np.zeros((9, 2, 8, 8), np.int16), np.diag([9.0, 9.0, 40.0, 1.0]), (0.0,) * 9)
    return [
        *apply_repairs(apart, Sampling(9.0, True, np.ones(12, bool)), ["one-heart"])[1],
        *check_training_range(stack, TrainingRange((1, 2), (200, 500), (5, 10))),
        *remark_on_phases(np.arange(12) % 3 == 0),
        *(Finding("heart-not-found", parameters={"where": where}) for where in ("most-motion", "image-middle")),
        Finding("precision-raised", parameters={"faster": "bfloat16", "exact": "float32"}),
        *(Finding(f"repaired-{name}", slice=0, phase=0, parameters={"count": 1, "area_mm2": 90}) for name in REPAIRS),
    ]


@pytest.mark.parametrize("language", languages())
def test_every_remark_has_a_whole_sentence(language: str) -> None:
    for remark in remarks():
        assert remark.code in read_catalogue(language).templates
        sentence = describe(remark, language)
        assert "?" not in sentence
        assert "{" not in sentence
        for word in remark.parameters.values():
            assert not (isinstance(word, str) and "-" in word and word in sentence), "a code where a word belongs"


def test_slices_are_counted_from_one_and_phases_have_their_plural() -> None:
    single, several, *_ = remarks()
    assert single.message == "Labels apart from the heart were removed (slice 2, 1 phase, 1296 mm²)."
    assert several.message == "Labels apart from the heart were removed (slice 3, 2 phases, up to 1215 mm²)."
    assert describe(several, "de").endswith("(Schicht 3, 2 Phasen, bis zu 1215 mm²).")
