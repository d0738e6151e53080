"""Figures are right where the answer is known, and the report holds them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from cardiactrain.evaluate.measures import agreement, confidence_interval, distances, overlap
from cardiactrain.evaluate.report import write_report
from cardiactrain.evaluate.rows import compare_subjects
from cardiactrain.evaluate.tables import all_tables, mean_of_means
from cardiactrain.validate import mean_dice
from drawn_hearts import draw_stack

if TYPE_CHECKING:
    from pathlib import Path

    from cardiactrain.data.subject import Subject


def square(first: int, size: int = 10, slices: int = 2) -> np.ndarray:
    mask = np.zeros((slices, 40, 40), bool)
    mask[:, 10 : 10 + size, first : first + size] = True
    return mask


class Shifted:
    """A labeller that knows the truth and moves it by some columns."""

    def __init__(self, subjects: list[Subject], columns: int) -> None:
        self.known = {s.image.tobytes(): np.roll(s.labels, columns, 2) for x in subjects for s in x.stacks}

    def labels(self, image: np.ndarray, pixel_mm: tuple[float, float]) -> np.ndarray:
        del pixel_mm
        found: np.ndarray = self.known[image.tobytes()]
        return found


def test_overlap_of_shifted_squares() -> None:
    found = overlap(square(10), square(15))
    assert found == {"dice": 0.5, "jaccard": pytest.approx(1 / 3), "precision": 0.5, "recall": 0.5}


@pytest.mark.parametrize("spacing", [(10.0, 1.0, 1.0), (10.0, 1.0, 2.5), (float("nan"), 1.0, 2.0)])
def test_distances_of_shifted_squares_are_the_shift(spacing: tuple[float, float, float]) -> None:
    found = distances(square(10), square(13), spacing)
    assert found["hausdorff_mm"] == pytest.approx(3 * spacing[2])
    assert 0 < found["assd_mm"] < found["hd95_mm"] <= found["hausdorff_mm"]


def test_nothing_to_compare_is_no_number() -> None:
    empty = np.zeros((2, 40, 40), bool)
    assert np.isnan(distances(square(10), empty, (10, 1, 1))["hausdorff_mm"])
    assert overlap(square(10), empty)["dice"] == 0
    assert np.isnan(overlap(empty, empty)["dice"])


def test_agreement_of_a_constant_error() -> None:
    truth = np.array([50.0, 80.0, 120.0, 200.0])
    found = agreement(truth, truth + 5)
    assert (found["bias"], found["sd"], found["mae"]) == (5, 0, 5)
    assert found["correlation"] == pytest.approx(1)
    low, high = confidence_interval(np.array([1.0] * 20))
    assert (low, high) == (1, 1)


def test_the_truth_scores_one_and_only_known_labels_count(subjects: list[Subject]) -> None:
    found = compare_subjects(Shifted(subjects, 0), subjects, ["RV", "MYO", "LV"], 1.4)
    assert {row["dice"] for row in found.stacks} == {1.0}
    assert {row["structure"] for row in found.stacks if row["dataset"] == "sunnybrook"} == {"LV"}
    for row in found.volumes:
        assert row["edv_truth"] == row["edv_guess"] > row["esv_truth"]
    assert mean_of_means(found.stacks, "acdc") == 1


def test_a_report_holds_tables_and_pictures(subjects: list[Subject], tmp_path: Path) -> None:
    found = compare_subjects(Shifted(subjects, 2), subjects, ["RV", "MYO", "LV"], 1.4)
    folds = [(s, Shifted([s], 2)) for s in subjects]  # each knows its own subject and no other
    write_report("shifted", found, folds, assumed_mm=1.4, out=tmp_path)
    tables = all_tables(found)
    assert {row["position"] for row in tables["positions"]} == {"base", "mid", "apex"}
    assert {row["vendor"] for row in tables["vendors"]} == {"Siemens", "GE"}
    lv = next(r for r in tables["agreement"] if (r["dataset"], r["structure"], r["measure"]) == ("acdc", "LV", "ef"))
    assert abs(lv["bias"]) < 1
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64") == 3
    for name in ("structures", "positions", "agreement", "degenerate", "stacks", "slices", "volumes"):
        assert (tmp_path / f"{name}.csv").read_text().count("\n") > 1


def test_missed_and_invented_slices_are_counted(subjects: list[Subject]) -> None:
    subject = subjects[0]

    class Careless:
        def labels(self, image: np.ndarray, pixel_mm: Any) -> np.ndarray:
            del pixel_mm
            truth = next(s.labels for s in subject.stacks if s.image is image).copy()
            truth[0] = 0
            return truth

    found = compare_subjects(Careless(), [subject], ["LV"], 1.4)
    counts = all_tables(found)["degenerate"]
    assert sum(row["missed"] for row in counts) == 2
    assert sum(row["invented"] for row in counts) == 0
    assert {row["position"] for row in counts if row["missed"]} == {"base"}


def test_validation_skips_what_is_not_known(subjects: list[Subject]) -> None:
    class Predictor(Shifted):
        from cardiactrain.recipe import load_recipe

        recipe = load_recipe("ours")

    mean, parts = mean_dice(Predictor(subjects, 0), subjects[-2:])  # type: ignore[arg-type]
    assert mean == 1
    assert set(parts) == {"LV ED", "LV ES"}


def test_the_drawn_hearts_have_all_structures() -> None:
    assert set(np.unique(draw_stack(1)[1])) == {0, 1, 2, 3}
