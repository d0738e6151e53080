"""Which slices count: the basal rule proposes, the reader decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import apply_rules, assess
from CardiacSegmentationLib.analysis.basal import surrounded_fraction
from CardiacSegmentationLib.reading import BasalRule, Conventions, Reading
from CardiacSegmentationLib.segmentation import Label, Segmentation

MakeHeart = Callable[..., Any]
AS_LABELLED = Reading(conventions=Conventions(basal_rule=BasalRule.AS_LABELLED))


def with_open_slice(heart: Any, place: int, phases: slice = slice(None)) -> Segmentation:
    """A slice has myocardium on its lower third only, as below the mitral valve."""
    labels = heart.segmentation.labels.copy()
    open_part = labels[phases, place, : labels.shape[2] * 3 // 5]
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


def test_a_basal_slice_open_for_more_than_half_is_left_out_and_told(make_heart: MakeHeart) -> None:
    heart = make_heart(slices=6)
    segmentation = with_open_slice(heart, 0)
    counted = apply_rules(heart.stack, segmentation).counted
    assert not counted[Label.LV - 1, :, 0].any()
    assert not counted[Label.MYO - 1, :, 0].any()
    assert counted[Label.RV - 1].all()
    assert counted[:, :, 1:].all()
    ruled, as_drawn = assess(heart.stack, segmentation), assess(heart.stack, segmentation, AS_LABELLED)
    assert ruled.lv["edv_ml"].value == pytest.approx(as_drawn.lv["edv_ml"].value * 5 / 6)
    assert ruled.rv["edv_ml"].value == as_drawn.rv["edv_ml"].value
    (finding,) = [one for one in ruled.findings if one.code == "basal-slice-left-out"]
    assert finding.message.startswith("Slice 1 does not count for the LV in 2 of 2 phases")
    assert not {"basal-rule", "basal-slice-left-out"} & {one.code for one in as_drawn.findings}


def test_a_reader_who_counts_an_open_slice_is_told_at_ed_and_es(make_heart: MakeHeart) -> None:
    heart = make_heart(slices=6)
    segmentation = with_open_slice(heart, 0)
    cells = [(int(label), phase, 0) for label in (Label.LV, Label.MYO) for phase in (0, 1)]
    assessment = assess(heart.stack, segmentation, Reading().decide_counts(cells, counts=True))
    doubts = [finding for finding in assessment.findings if finding.code == "basal-rule"]
    assert [(doubt.slice, doubt.phase) for doubt in doubts] == [(0, 0), (0, 1)]
    assert "basal-slice-left-out" not in {one.code for one in assessment.findings}
    as_drawn = assess(heart.stack, segmentation, AS_LABELLED)
    assert assessment.lv["edv_ml"].value == as_drawn.lv["edv_ml"].value


def test_a_whole_ring_asks_for_more_than_half_a_ring(make_heart: MakeHeart) -> None:
    heart = make_heart(slices=6)
    labels = heart.segmentation.labels.copy()
    quarter = labels[:, 0, : labels.shape[2] // 2, : labels.shape[3] // 2]
    quarter[quarter == Label.MYO] = 0
    segmentation = Segmentation.of(labels)
    assert apply_rules(heart.stack, segmentation).counted.all()
    whole = apply_rules(heart.stack, segmentation, Conventions(basal_rule=BasalRule.WHOLE_RING))
    assert not whole.counted[Label.LV - 1, :, 0].any()
    assert whole.counted[Label.LV - 1, :, 1:].all()


def test_an_open_slice_within_the_ventricle_is_an_error_and_counts(make_heart: MakeHeart) -> None:
    heart = make_heart(slices=6)
    segmentation = with_open_slice(heart, 3)
    assessment = assess(heart.stack, segmentation)
    assert assessment.counted.all()
    assert ("myocardium-open", 3) in {(one.code, one.slice) for one in assessment.findings}


def test_a_slice_open_in_a_single_phase_is_an_error_and_counts(make_heart: MakeHeart) -> None:
    """Left out in that phase alone it would make it end-systole."""
    heart = make_heart((25.0, 22.0, 18.0, 20.0), slices=6)
    assert assess(heart.stack, with_open_slice(heart, 0, slice(1, 2))).counted.all()
    assert not assess(heart.stack, with_open_slice(heart, 0, slice(1, 3))).counted[Label.LV - 1, 1:3, 0].any()


def test_the_rule_has_nothing_to_say_where_no_myocardium_is_labelled(make_heart: MakeHeart) -> None:
    heart = make_heart()
    labels = heart.segmentation.labels.copy()
    labels[labels == Label.MYO] = 0
    assessment = assess(heart.stack, Segmentation.of(labels))
    assert assessment.counted.all()
    assert not {"basal-rule", "basal-slice-left-out"} & {one.code for one in assessment.findings}


def test_a_slice_is_left_out_for_one_structure_and_phase(make_heart: MakeHeart) -> None:
    heart = make_heart(slices=5)
    decided = Reading().decide_counts([(int(Label.RV), 1, 4)], counts=False)
    whole, part = assess(heart.stack, heart.segmentation), assess(heart.stack, heart.segmentation, decided)
    assert part.rv["esv_ml"].value == pytest.approx(whole.rv["esv_ml"].value * 4 / 5)
    assert part.rv["edv_ml"].value == whole.rv["edv_ml"].value
    assert part.lv["esv_ml"].value == whole.lv["esv_ml"].value
    np.testing.assert_array_equal(part.areas_mm2, whole.areas_mm2)
    assert part.automatic is not None
    assert part.automatic.rv["esv_ml"].value == whole.rv["esv_ml"].value


def test_what_a_rule_said_before_holds_still(make_heart: MakeHeart) -> None:
    heart = make_heart(slices=6)
    opened = with_open_slice(heart, 0)
    held = Reading(by_rules=apply_rules(heart.stack, heart.segmentation))
    assert assess(heart.stack, opened, held).counted.all()
    assert not assess(heart.stack, opened, replace(held, by_rules=None)).counted.all()
