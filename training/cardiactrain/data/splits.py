"""Who is trained on and who is left out: by patient, stratified by data set and group, written to a file.

All subjects of a patient stand on one side: who is left out with one of them is left out with all.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from cardiactrain.data.sources import name_maker
from cardiactrain.errors import DataError
from cardiactrain.files import save_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    Row = Mapping[str, str]


@dataclass(frozen=True)
class Fold:
    """Keys of the store."""

    training: tuple[str, ...]
    validation: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """One or more folds, and how they were made."""

    how: str
    seed: int
    folds: tuple[Fold, ...]


def split_holdout(rows: Sequence[Row], share: float, seed: int) -> Split:
    """Leave out a share of the patients of every group: 0.2 for 80/20, 0.3 for 70/30."""
    if not 0 < share < 1:
        msg = f"The share to leave out lies between 0 and 1, not at {share}."
        raise DataError(msg)
    groups = _groups(rows)
    random = np.random.default_rng(seed)
    left_out: set[str] = set()
    owed = 0.0  # fractions of a patient are carried on, so that small groups lose their share, too
    for patients in groups:
        owed += share * len(patients)
        taken = min(len(patients), round(owed))
        owed -= taken
        left_out |= {patients[n] for n in random.permutation(len(patients))[:taken]}
    return Split(f"holdout {share:g}", seed, (_fold(rows, lambda r: r["patient"] in left_out),))


def split_folds(rows: Sequence[Row], folds: int, seed: int) -> Split:
    """Each patient is left out once; groups are spread evenly, and so are the studies of patients who have several."""
    groups = _groups(rows)
    count = sum(len(patients) for patients in groups)
    if folds < 2 or folds > count:
        msg = f"{count} patients cannot be split into {folds} folds."
        raise DataError(msg)
    random = np.random.default_rng(seed)
    studies = Counter(row["patient"] for row in rows)
    fold_of_patient: dict[str, int] = {}
    in_fold, studies_in_fold = [0] * folds, [0] * folds
    for patients in groups:
        of_group = [0] * folds
        shuffled = [patients[n] for n in random.permutation(len(patients))]
        for patient in sorted(shuffled, key=studies.__getitem__, reverse=True):
            *_, n = min(zip(of_group, in_fold, studies_in_fold, range(folds), strict=True))  # who has least takes her
            of_group[n] += 1
            in_fold[n] += 1
            studies_in_fold[n] += studies[patient]
            fold_of_patient[patient] = n
    parts = tuple(_fold(rows, lambda r, n=n: fold_of_patient[r["patient"]] == n) for n in range(folds))  # type: ignore[misc]
    return Split(f"{folds}-fold", seed, parts)


def split_vendor(rows: Sequence[Row], *vendors: str) -> Split:
    """Train without some vendors' scanners, test on them."""
    names = {name_maker(vendor).lower() for vendor in vendors}
    return Split(f"without {', '.join(vendors)}", 0, (_fold(rows, lambda r: name_maker(r["vendor"]).lower() in names),))


def split_keys(rows: Sequence[Row], left_out: Sequence[str]) -> Split:
    """Leave out the named subjects."""
    unknown = set(left_out) - {r["key"] for r in rows}
    if unknown:
        msg = f"The store has no subject {sorted(unknown)[0]!r}."
        raise DataError(msg)
    return Split("named", 0, (_fold(rows, lambda r: r["key"] in set(left_out)),))


def save_split(split: Split, path: Path) -> None:
    """Write a split as JSON, atomically."""
    save_text(json.dumps(asdict(split), indent=1) + "\n", path)


def load_split(path: Path) -> Split:
    """Read a split back."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        folds = tuple(_read_fold(n, fold) for n, fold in enumerate(content["folds"]))
        if not folds:
            msg = "it has no folds"
            raise ValueError(msg)
        return Split(str(content["how"]), int(content["seed"]), folds)
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path} is no split file ({error}). Make one with `cardiactrain data split`."
        raise DataError(msg) from error


def fold_of(split: Split, number: int, path: Path) -> Fold:
    """One fold of a split."""
    if not 0 <= number < len(split.folds):
        msg = f"{path} has folds 0 to {len(split.folds) - 1}, not {number}."
        raise DataError(msg)
    return split.folds[number]


def choose(keys: Sequence[str], datasets: Sequence[str]) -> list[str]:
    """The keys that belong to one of the data sets."""
    return [key for key in keys if key.split("-", 1)[0] in datasets]


def _read_fold(number: int, content: Mapping[str, list[str]]) -> Fold:
    """A fold as a file has it; who is trained on and left out at once would be judged by what was learned from her."""
    fold = Fold(tuple(content["training"]), tuple(content["validation"]))
    twice = [key for key, times in Counter((*fold.training, *fold.validation)).items() if times > 1]
    if twice:
        msg = f"fold {number} names {twice[0]!r} more than once"
        raise ValueError(msg)
    return fold


def _fold(rows: Sequence[Row], is_left_out: Callable[[Row], bool]) -> Fold:
    left_out = {r["patient"] for r in rows if is_left_out(r)}
    fold = Fold(
        tuple(r["key"] for r in rows if r["patient"] not in left_out),
        tuple(r["key"] for r in rows if r["patient"] in left_out),
    )
    if not fold.training or not fold.validation:
        msg = (
            "This split leaves nobody to train on, or nobody out: check the shares, the names, "
            "and the column `patient` of the store's index."
        )
        raise DataError(msg)
    return fold


def _groups(rows: Sequence[Row]) -> list[list[str]]:
    """The patients of every data set and group; who is in several groups counts in the first."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row["patient"], row)
    groups = defaultdict(list)
    for patient, row in first.items():
        groups[row["dataset"], row["group"]].append(patient)
    return [groups[name] for name in sorted(groups)]
