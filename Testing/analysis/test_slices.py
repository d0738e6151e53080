"""Which slices count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess, propose_included, with_slice
from CardiacSegmentationLib.analysis.slices import surrounded_fraction
from CardiacSegmentationLib.segmentation import Label, Segmentation

MakeHeart = Callable[..., Any]


def with_open_base(heart: Any) -> Segmentation:
    """The most basal slice has myocardium on its lower third only, as below the mitral valve."""
    labels = heart.segmentation.labels.copy()
    open_part = labels[:, 0, : labels.shape[2] * 3 // 5]
    open_part[open_part == Label.MYO] = Label.BACKGROUND
    return Segmentation.of(labels)


def test_the_share_of_the_cavity_that_myocardium_surrounds() -> None:
    labels = np.zeros((3, 12, 12), np.uint8)
    labels[:2, 4:8, 4:8] = Label.LV
    labels[0, 8, 4:8] = Label.MYO  # below: one side of four
    labels[1, 3:9, 3:9] = np.maximum(labels[1, 3:9, 3:9], Label.MYO)
    np.testing.assert_allclose(surrounded_fraction(labels, 1.0, 1.0), [0.25, 1.0, np.nan])
    # Rows 2 mm apart: the sides are twice as long as top and bottom.
    np.testing.assert_allclose(surrounded_fraction(labels, 2.0, 1.0)[0], 1 / 6)


def test_a_basal_slice_open_for_more_than_half_is_reported_but_counts_until_asked(make_heart: MakeHeart) -> None:
    heart = make_heart(slices=6)
    segmentation = with_open_base(heart)
    assessment = assess(heart.stack, segmentation)
    doubts = [finding for finding in assessment.findings if finding.code == "basal-rule"]
    assert [(doubt.slice, doubt.phase) for doubt in doubts] == [(0, 0), (0, 1)]
    included, findings = propose_included(segmentation, 1.4, 1.4)
    assert not included[Label.LV - 1, :, 0].any()
    assert not included[Label.MYO - 1, :, 0].any()
    assert included[Label.RV - 1].all()
    assert included[:, :, 1:].all()
    assert [finding.slice for finding in findings] == [0]
    without = assess(heart.stack, replace(segmentation, included=included))
    assert without.lv["edv_ml"].value == pytest.approx(assessment.lv["edv_ml"].value * 5 / 6)
    assert "basal-rule" not in {finding.code for finding in without.findings}


def test_the_rule_has_nothing_to_say_where_no_myocardium_is_labelled(make_heart: MakeHeart) -> None:
    heart = make_heart()
    labels = heart.segmentation.labels.copy()
    labels[labels == Label.MYO] = 0
    included, findings = propose_included(Segmentation.of(labels), 1.4, 1.4)
    assert included.all()
    assert findings == ()
    assert "basal-rule" not in {one.code for one in assess(heart.stack, Segmentation.of(labels)).findings}


def test_a_slice_is_switched_off_for_one_structure_and_phase(make_heart: MakeHeart) -> None:
    heart = make_heart(slices=5)
    included = with_slice(heart.segmentation, Label.RV, 1, 4, is_included=False)
    whole, part = (
        assess(heart.stack, segmentation)
        for segmentation in (heart.segmentation, replace(heart.segmentation, included=included))
    )
    assert part.rv["esv_ml"].value == pytest.approx(whole.rv["esv_ml"].value * 4 / 5)
    assert part.rv["edv_ml"].value == whole.rv["edv_ml"].value
    assert part.lv["esv_ml"].value == whole.lv["esv_ml"].value
    np.testing.assert_array_equal(part.areas_mm2, whole.areas_mm2)
    assert heart.segmentation.included.all()
