"""Figures are right where the answer is known, and the report holds them all."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from cardiactrain.cli import main
from cardiactrain.data.store import write_store
from cardiactrain.errors import DataError, RunError
from cardiactrain.evaluate.comparison import PLACES, as_markdown, compare_with_first, summary_line
from cardiactrain.evaluate.measures import agreement, confidence_interval, distances, overlap
from cardiactrain.evaluate.report import write_report
from cardiactrain.evaluate.rows import compare_subjects
from cardiactrain.evaluate.tables import all_tables
from cardiactrain.evaluate.trials import describe, prepare_trials
from cardiactrain.recipe import load_recipe
from cardiactrain.run import Run, open_run
from cardiactrain.validate import mean_dice
from drawn_hearts import draw_stack

if TYPE_CHECKING:
    from collections.abc import Sequence
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

    def labels(self, images: Sequence[np.ndarray], pixel_mm: tuple[float, float]) -> list[np.ndarray]:
        del pixel_mm
        return [self.known[image.tobytes()] for image in images]


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
    low, high = confidence_interval(np.array([1.0] * 20), [str(n) for n in range(20)])
    assert (low, high) == (1, 1)


def test_an_interval_is_as_wide_as_its_subjects_are_few() -> None:
    values = np.array([0.7, 0.8, 0.9, 0.85])
    subjects = ["a", "b", "c", "d"]
    once = confidence_interval(values, subjects)
    assert once[0] < 0.78
    assert once[1] > 0.85
    assert confidence_interval(np.repeat(values, 50), np.repeat(subjects, 50).tolist()) == pytest.approx(once)
    assert np.isnan(confidence_interval(values, ["a"] * 4)).all()


def test_the_truth_scores_one_and_only_known_labels_count(subjects: list[Subject]) -> None:
    found = compare_subjects(Shifted(subjects, 0), subjects, ["RV", "MYO", "LV"], 1.4)
    assert {row["dice"] for row in found.stacks} == {1.0}
    assert {row["structure"] for row in found.stacks if row["dataset"] == "sunnybrook"} == {"LV"}
    for row in found.volumes:
        assert row["edv_truth"] == row["edv_guess"] > row["esv_truth"]
    assert summary_line(found)["mean Dice"] == 1


def test_a_report_holds_tables_and_pictures(subjects: list[Subject], tmp_path: Path) -> None:
    found = compare_subjects(Shifted(subjects, 2), subjects, ["RV", "MYO", "LV"], 1.4)
    folds = [(s, Shifted([s], 2)) for s in subjects]  # each knows its own subject and no other
    write_report("shifted", ["None was seen."], found, folds, assumed_mm=1.4, out=tmp_path)
    tables = all_tables(found)
    assert {row["position"] for row in tables["positions"]} == {"base", "mid", "apex"}
    assert {row["vendor"] for row in tables["vendors"]} == {"Siemens", "GE"}
    lv = next(r for r in tables["agreement"] if (r["dataset"], r["structure"], r["measure"]) == ("acdc", "LV", "ef"))
    assert abs(lv["bias"]) < 1
    page = (tmp_path / "report.html").read_text()
    assert "<p>None was seen.</p>" in page
    assert page.count("data:image/png;base64") == 3
    for name in ("structures", "positions", "agreement", "degenerate", "stacks", "slices", "volumes"):
        assert (tmp_path / f"{name}.csv").read_text().count("\n") > 1


class Forgetful(Shifted):
    """A labeller that knows the truth of some subjects and finds nothing in others."""

    def __init__(self, known: list[Subject], forgotten: list[Subject]) -> None:
        super().__init__([*known, *forgotten], 0)
        self.known |= {s.image.tobytes(): np.zeros_like(s.labels) for x in forgotten for s in x.stacks}


def test_a_missed_heart_does_not_vanish_from_the_figures(subjects: list[Subject], tmp_path: Path) -> None:
    labeller = Forgetful(subjects[:1], subjects[1:2])
    found = compare_subjects(labeller, subjects[:2], ["LV"], 1.4)
    tables = all_tables(found)
    ed = tables["structures"][0]
    assert (ed["n"], ed["missed"], ed["n_mm"], ed["dice"], ed["hausdorff_mm"]) == (2, 1, 1, 0.5, 0)
    assert ed["dice_sd"] == pytest.approx(0.5**0.5), "of a sample, not of a population"
    counted = {row["measure"]: (row["n"], row["missed"]) for row in tables["agreement"]}
    assert counted == {"edv": (2, 1), "esv": (2, 1), "ef": (1, 1)}
    assert summary_line(found)["missed"] == 2
    assert "| missed |" in as_markdown([{"LV ED": 1.0}, summary_line(found)])
    write_report("half", ["2 subjects."], found, [(s, labeller) for s in subjects[:2]], assumed_mm=1.4, out=tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "<th>missed</th><th>n mm</th>" in page
    assert "nan" not in page.lower().split("<img")[0]


def test_distances_span_slices_that_nobody_labelled(subjects: list[Subject]) -> None:
    subject = subjects[0]
    known = np.zeros((len(subject.stacks[0].image), 3), bool)
    known[[1, 4]] = True
    subject = replace(subject, stacks=tuple(replace(stack, known=known) for stack in subject.stacks))

    class Basal:
        def labels(self, images: Sequence[np.ndarray], pixel_mm: Any) -> list[np.ndarray]:
            del images, pixel_mm
            found = [stack.labels.copy() for stack in subject.stacks]
            for labels in found:
                labels[4] = 0
            return found

    rows = compare_subjects(Basal(), [subject], ["LV"], 1.4).stacks
    assert all(30 <= row["hausdorff_mm"] < 32 for row in rows), "three slices of 10 mm from the nearest outline"


def test_missed_and_invented_slices_are_counted(subjects: list[Subject]) -> None:
    subject = subjects[0]

    class Careless:
        def labels(self, images: Sequence[np.ndarray], pixel_mm: Any) -> list[np.ndarray]:
            del images, pixel_mm
            found = [stack.labels.copy() for stack in subject.stacks]
            for labels in found:
                labels[0] = 0
            return found

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


def a_run(folder: Path, store: Path, left_out: list[str], **facts: Any) -> Run:
    """Trained on the first six of ACDC."""
    training = tuple(f"acdc-p{n:02d}" for n in range(6) if f"acdc-p{n:02d}" not in left_out)
    return Run(folder, load_recipe("ours", facts.pop("settings", {})), store, training, tuple(left_out), **facts)


def test_who_was_trained_on_is_said(store: Path, tmp_path: Path) -> None:
    run = a_run(tmp_path, store, ["acdc-p06", "acdc-p07"])
    assert describe(prepare_trials([run], None, "auto"))[0] == "Subjects: 2. Trained on: none of them."
    assert "Subjects: 10. Trained on: 6 of them;" in describe(prepare_trials([run], store, "auto"))[0]
    begun = replace(run, ancestors=("acdc-p06",))
    assert "Trained on: 1 of them;" in describe(prepare_trials([begun], None, "auto"))[0]


def test_another_study_of_a_patient_trained_on_is_not_new(subjects: list[Subject], tmp_path: Path) -> None:
    first, second, stranger = (
        replace(subjects[n], facts=replace(subjects[n].facts, patient=patient)) for n, patient in enumerate("aab")
    )
    write_store([first], tmp_path / "mine")
    write_store([second, stranger], tmp_path / "later")
    run = Run(tmp_path, load_recipe("ours"), tmp_path / "mine", (first.key,), ())
    assert "Subjects: 2. Trained on: 1 of them;" in describe(prepare_trials([run], tmp_path / "later", "last"))[0]


def test_how_the_weights_were_chosen_is_said(store: Path, tmp_path: Path) -> None:
    (tmp_path / "best.pt").touch()
    run = a_run(tmp_path, store, ["acdc-p06", "acdc-p07"])
    assert "best by validation Dice, on 2 of these subjects" in describe(prepare_trials([run], None, "auto"))[1]
    assert describe(prepare_trials([run], None, "last"))[1] == "Weights: last of the training."
    elsewhere = replace(run, validation=("acdc-p08",))
    assert "on other subjects" in describe(prepare_trials([elsewhere], store, "best"))[1]


def test_nobody_counts_twice(store: Path, tmp_path: Path) -> None:
    folds = [a_run(tmp_path / str(n), store, [f"acdc-p0{n}"], settings={"train.seed": n}) for n in range(2)]
    assert [trial.keys for trial in prepare_trials(folds, None, "last")] == [{"acdc-p00"}, {"acdc-p01"}]
    with pytest.raises(RunError, match="acdc-p00 would count twice"):
        prepare_trials(folds, store, "last")
    with pytest.raises(RunError, match="acdc-p00 would count twice"):
        prepare_trials([folds[0], folds[0]], None, "last")


def test_only_runs_of_one_recipe_are_pooled(store: Path, tmp_path: Path) -> None:
    one = a_run(tmp_path / "one", store, ["acdc-p00"])
    other = a_run(tmp_path / "other", store, ["acdc-p01"], settings={"optimiser.lr": 0.5})
    with pytest.raises(RunError, match="different recipes"):
        prepare_trials([one, other], None, "last")


def test_labels_are_needed(subjects: list[Subject], store: Path, tmp_path: Path) -> None:
    blank = [replace(stack, known=np.zeros_like(stack.known)) for stack in subjects[0].stacks]
    write_store([replace(subjects[0], stacks=tuple(blank))], tmp_path / "blank")
    run = a_run(tmp_path / "run", store, [])
    with pytest.raises(DataError, match="no labels of RV, MYO, LV to compare with"):
        prepare_trials([run], tmp_path / "blank", "last")
    write_store(subjects[1:2], tmp_path / "blank")
    (words, _) = describe(prepare_trials([run], tmp_path / "blank", "last"))
    assert words.startswith("Subjects: 1.")
    assert words.endswith("Left aside, for want of labels: 1.")
    with pytest.raises(RunError, match="left nobody out"):
        prepare_trials([run], None, "last")


def test_compare_trains_nothing_when_nobody_is_left_to_measure_on(
    store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--store", str(store), "--split", str(split), "--out", str(tmp_path / "out"), "--device", "cpu"]
    assert main(["compare", "kayalibay", *places, "--dataset", "chla", "--slices", "1"]) == 1
    assert "leaves nobody of chla out" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_page_and_terminal_say_it(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    places = ["--store", str(store), "--split", str(split), "--out", str(run), "--device", "cpu"]
    short = ["--set", "train.epochs=1", "--set", "train.steps_per_epoch=1"]
    assert main(["fit", str(tiny_recipe), *places, *short]) == 0
    assert main(["evaluate", str(run), "--store", str(store), "--device", "cpu"]) == 0
    words = f"Subjects: 10. Trained on: {len(open_run(run).training)} of them"
    assert words in capsys.readouterr().out
    page = (run / "evaluation" / "report.html").read_text()
    assert words in page
    assert "Weights: best by validation Dice, on" in page


def test_systems_are_compared_on_the_same_subjects() -> None:
    places = {f"{structure} {phase}": 0.8 for structure, phase in PLACES}
    lines = [{"recipe": name} | places for name in ("one", "better", "alike")]
    lines.append({"recipe": "LV alone"} | places | {"RV ED": math.nan})
    first = {f"patient{n}": 0.7 + 0.01 * n for n in range(10)}
    dice = {
        "one": first,
        "better": {subject: value + 0.05 for subject, value in first.items()} | {"another": 0.0},
        "alike": {subject: value + 0.02 * (-1) ** n for n, (subject, value) in enumerate(first.items())},
        "LV alone": first,
    }
    better, alike = compare_with_first(lines, dice)
    assert (better["recipe"], better["against"], better["subjects"]) == ("better", "one", 10)
    assert (better["difference"], better["low"], better["high"]) == pytest.approx((0.05, 0.05, 0.05))
    assert alike["low"] < 0 < alike["high"]
