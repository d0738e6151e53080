"""End slices: what is learned from patients left out, and that the program reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.network.bundle import load_bundle
from CardiacSegmentationLib.network.ends import FEATURES, Ends
from CardiacSegmentationLib.segmentation import Label
from cardiactrain.cli import main
from cardiactrain.ends import describe, fit_logistic, learn

if TYPE_CHECKING:
    from pathlib import Path


def test_a_logistic_model_finds_the_weights_that_made_the_data() -> None:
    random = np.random.default_rng(1)
    x = np.column_stack([np.ones(20000), random.normal(size=(20000, 2))])
    wanted = np.array([-0.5, 1.5, -1.0])
    y = random.random(20000) < 1 / (1 + np.exp(-x @ wanted))
    np.testing.assert_allclose(fit_logistic(x, y), wanted, atol=0.08)


def test_ends_are_learned_where_both_kinds_of_slices_are_known() -> None:
    random = np.random.default_rng(1)
    features = np.zeros((200, len(FEATURES)))
    features[:, 0], features[:, 1] = 1, 2.0  # presence says yes to everything
    features[:, -1] = random.normal(-0.5, 1, 200)
    is_there = features[:, -1] > -0.7
    samples = {("base", Label.RV): ([features], [is_there]), ("apex", Label.LV): ([features], [np.ones(200, bool)])}
    weights = learn(samples)
    assert weights["apex"] == {}
    assert weights["base"]["RV"][-1] > 1
    told = describe(samples, Ends.read(weights))[1]
    assert f"presence alone {int((~is_there).sum())} invented, 0 missed" in told


def test_learned_ends_become_part_of_a_bundle(tiny_recipe: Path, store: Path, split: Path, tmp_path: Path) -> None:
    run, ends = tmp_path / "run", tmp_path / "ends.json"
    widths = ["--set", "network.widths=[4, 8, 8, 8, 8]", "--set", "train.epochs=1"]
    fit = ["fit", str(tiny_recipe), "--store", str(store), "--split", str(split), "--out", str(run), "--device", "cpu"]
    assert main([*fit, *widths]) == 0
    assert main(["ends", str(run), "--out", str(ends)]) == 0
    assert set(json.loads(ends.read_text())) == {"base", "apex"}
    ends.write_text(json.dumps({"base": {"RV": [0.1, 0.2, 0.3, 0.4, 0.5]}}))
    assert main(["export", str(run), "--ends", str(ends), "--out", str(tmp_path / "bundle")]) == 0
    assert load_bundle(tmp_path / "bundle").ends.base == {Label.RV: (0.1, 0.2, 0.3, 0.4, 0.5)}
    assert main(["evaluate", str(run), "--ends", str(ends), "--out", str(tmp_path / "evaluation")]) == 0
    assert main(["evaluate", str(run), "--ends", str(split), "--out", str(tmp_path / "evaluation")]) == 1
