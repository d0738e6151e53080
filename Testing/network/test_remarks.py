"""What the network's room remarks on is a whole sentence in every language."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.findings import Finding, describe, languages, read_catalogue
from CardiacSegmentationLib.network.postprocess import STEPS, Grid, postprocess
from CardiacSegmentationLib.network.slices import drop_absent_ends, restore_lost
from CardiacSegmentationLib.network.training_range import TrainingRange, check_training_range
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.stack import CineStack


def remarks() -> list[Finding]:
    """One remark of each kind, made by the code that makes it where that is short."""
    labels = np.zeros((12, 5, 40, 40), np.uint8)
    labels[:, :, 5:35, 5:35] = Label.LV
    presence = np.full((2, 12, 5), 0.95, np.float32)
    absent = presence.copy()
    absent[0, :, 4] = 0.1
    lost = labels.copy()
    lost[4:6, 2] = 0
    apart = labels.copy()
    apart[3, 1, 36:40, 0:4] = Label.LV
    apart[3:5, 2] = np.where(np.indices((40, 40))[0] == 38, np.uint8(Label.LV), 0)
    stack = CineStack(np.zeros((1, 2, 8, 8), np.int16), np.diag([9.0, 9.0, 40.0, 1.0]), (0.0,))
    grid = Grid(9.0, is_cyclic=True, neighbouring=True)
    return [
        *restore_lost(lost, presence, True, 2.0)[1],
        *drop_absent_ends(labels, absent, True, 2.0)[1],
        *postprocess(apart, grid, ["one-heart"])[1],
        *check_training_range(stack, TrainingRange((1, 2), (200, 500), (5, 10))),
        *(Finding("heart-not-found", parameters={"where": where}) for where in ("most-motion", "image-middle")),
        Finding("precision-raised", parameters={"faster": "bfloat16", "exact": "float32"}),
        *(Finding(f"repaired-{name}", slice=0, phase=0, parameters={"count": 1, "area_mm2": 90}) for name in STEPS),
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
    restored, ended, *_ = remarks()
    assert "The LV was lost in slice 3 for 2 phases" in restored.message
    assert ended.message.startswith("LV labels in slice 5 were removed (1800 mm²)")
    german = describe(restored, "de")
    assert "in Schicht 3 in 2 Phasen" in german
