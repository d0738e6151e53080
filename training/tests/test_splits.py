"""Splits are by patient, even over groups, and the same whenever they are made."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from cardiactrain.data.splits import (
    Split,
    choose,
    fold_of,
    load_split,
    save_split,
    split_folds,
    split_holdout,
    split_keys,
    split_vendor,
)
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = [
    {"key": f"acdc-p{n:03d}", "dataset": "acdc", "vendor": "Siemens", "group": ("DCM", "HCM", "NOR")[n % 3]}
    for n in range(30)
] + [{"key": f"chla-s{n}", "dataset": "chla", "vendor": "Philips", "group": "ToF"} for n in range(7)]
ROWS = [row | {"patient": row["key"]} for row in ROWS]  # as the store's index is read


@pytest.mark.parametrize("folds", [2, 5, 6])
def test_each_patient_is_left_out_once(folds: int) -> None:
    split = split_folds(ROWS, folds, seed=4)
    left_out = [key for fold in split.folds for key in fold.validation]
    assert sorted(left_out) == sorted(row["key"] for row in ROWS)
    for fold in split.folds:
        assert not set(fold.training) & set(fold.validation)
        groups = Counter(row["group"] for row in ROWS if row["key"] in fold.validation)
        assert max(groups[g] for g in ("DCM", "HCM", "NOR")) - min(groups[g] for g in ("DCM", "HCM", "NOR")) <= 1


def test_folds_have_as_many_patients_and_much_the_same_number_of_studies() -> None:
    """Every third patient has four studies: dealt blindly, one fold gets twice as many studies as another."""
    rows = [row | {"key": f"{row['key']}-{k}"} for n, row in enumerate(ROWS) for k in range(4 if n % 3 == 0 else 1)]
    for seed in range(20):
        folds = [fold.validation for fold in split_folds(rows, 5, seed).folds]
        patients = [len({key.rsplit("-", 1)[0] for key in keys}) for keys in folds]
        studies = [len(keys) for keys in folds]
        assert max(patients) - min(patients) <= 1
        assert max(studies) - min(studies) <= 4


@pytest.mark.parametrize(("share", "count"), [(0.2, 7), (0.3, 11)])
def test_a_holdout_is_stratified(share: float, count: int) -> None:
    fold = split_holdout(ROWS, share, seed=1).folds[0]
    assert len(fold.validation) == count
    groups = Counter(row["group"] for row in ROWS if row["key"] in fold.validation)
    assert len(groups) == 4


def test_the_seed_decides_alone(tmp_path: Path) -> None:
    assert split_folds(ROWS, 5, 1) == split_folds(ROWS, 5, 1)
    assert split_folds(ROWS, 5, 1) != split_folds(ROWS, 5, 2)
    save_split(split_folds(ROWS, 5, 1), tmp_path / "s.json")
    assert load_split(tmp_path / "s.json") == split_folds(ROWS, 5, 1)


def test_a_vendor_is_left_out_whole() -> None:
    fold = split_vendor(ROWS, "philips").folds[0]
    assert set(fold.validation) == {row["key"] for row in ROWS if row["vendor"] == "Philips"}
    assert choose(fold.training, ["chla"]) == []


def test_a_vendor_has_one_name() -> None:
    rows = [row | {"vendor": "TOSHIBA_MEC"} if row["dataset"] == "chla" else row for row in ROWS]
    fold = split_vendor(rows, "Canon").folds[0]
    assert len(fold.validation) == 7


@pytest.mark.parametrize(
    "make",
    [
        lambda rows: split_holdout(rows, 0.2, 1),
        lambda rows: split_folds(rows, 4, 1),
        lambda rows: split_vendor(rows, "GE"),
        lambda rows: split_keys(rows, ["own-07"]),
    ],
)
def test_studies_of_one_patient_stay_together(make: Callable[[list[dict[str, str]]], Split]) -> None:
    rows = [
        {
            "key": f"own-{n:02d}",
            "dataset": "own",
            "vendor": "GE" if n == 3 else "Siemens",
            "group": f"G{n % 3}",
            "patient": f"{n // 2}",
        }
        for n in range(20)
    ]
    patients = {row["key"]: row["patient"] for row in rows}
    for fold in make(rows).folds:
        assert len(fold.training) + len(fold.validation) == len(rows)
        assert not {patients[key] for key in fold.training} & {patients[key] for key in fold.validation}


def test_impossible_splits_are_refused(tmp_path: Path) -> None:
    for wrong in (
        lambda: split_vendor(ROWS, "Canon"),
        lambda: split_keys(ROWS, ["acdc-nobody"]),
        lambda: split_holdout(ROWS, 1.5, 1),
        lambda: split_folds(ROWS, 99, 1),
        lambda: fold_of(split_folds(ROWS, 5, 1), 5, tmp_path),
        lambda: load_split(tmp_path / "missing.json"),
    ):
        with pytest.raises(DataError):
            wrong()


@pytest.mark.parametrize(
    ("folds", "words"),
    [
        ('[{"training": ["a-1", "a-2"], "validation": ["a-2"]}]', "fold 0 names 'a-2' more than once"),
        ('[{"training": ["a-1"], "validation": ["a-2", "a-2"]}]', "fold 0 names 'a-2' more than once"),
        ("[]", "it has no folds"),
    ],
)
def test_a_split_written_by_hand_is_checked(folds: str, words: str, tmp_path: Path) -> None:
    """Who is trained on and left out at once would be judged by what was learned from her."""
    path = tmp_path / "split.json"
    path.write_text(f'{{"how": "by hand", "seed": 1, "folds": {folds}}}')
    with pytest.raises(DataError, match=rf"split\.json is no split file \({words}\)"):
        load_split(path)
