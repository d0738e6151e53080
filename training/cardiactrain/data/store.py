"""The store: a folder of subjects in one form, with an index that tells what is in it without opening them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from cardiactrain.data.subject import Subject, load_subject, save_subject
from cardiactrain.errors import DataError
from cardiactrain.files import save_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

INDEX = "index.csv"
NEEDED = (
    "key",
    "dataset",
    "subject",
    "vendor",
    "group",
    "phases",
    "slices",
    "slice_mm",
    "pixel_mm",
    "labels",
    "licence",
)


def write_store(subjects: Iterable[Subject], folder: Path) -> int:
    """Write subjects beside those already there; returns how many.

    Those written before one that fails stay in the store.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = {row["key"]: row for row in read_index(folder)} if (folder / INDEX).exists() else {}
    count = 0
    try:
        for subject in subjects:
            _refuse_another(subject, folder)
            save_subject(subject, folder)
            rows[subject.key] = _index_row(subject)
            count += 1
    finally:
        if count:
            save_rows([rows[key] for key in sorted(rows)], folder / INDEX)
    if count == 0:
        msg = "No subject was found: check the source folder and --kind."
        raise DataError(msg)
    return count


def read_index(folder: Path) -> list[dict[str, str]]:
    """The rows of the store's index."""
    path = folder / INDEX
    if not path.exists():
        msg = f"{folder} is no data store (it has no {INDEX}). Make one with `cardiactrain data prepare`."
        raise DataError(msg)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except UnicodeDecodeError as error:
        msg = f"{path} is no text in UTF-8 ({error}). Save it as one."
        raise DataError(msg) from error
    for row in rows:
        missing = [name for name in NEEDED if row.get(name) is None]
        if missing:
            msg = f"{path} lacks {missing[0]!r} of {row.get('key') or 'a subject'}. Prepare the data sets again."
            raise DataError(msg)
    return [row | {"patient": row.get("patient") or row["key"]} for row in rows]


def load_subjects(folder: Path, keys: Sequence[str]) -> list[Subject]:
    """Load subjects by their keys."""
    if not keys:
        msg = f"No subject of {folder} is selected: check the recipe's `data.datasets` and the split."
        raise DataError(msg)
    missing = [key for key in keys if not (folder / f"{key}.npz").exists()]
    if missing:
        msg = f"{folder} lacks {len(missing)} subjects of the split, for example {missing[0]}."
        raise DataError(msg)
    return [load_subject(folder / f"{key}.npz") for key in keys]


def _refuse_another(subject: Subject, folder: Path) -> None:
    """A key stands for one study: prepared again it is replaced, another of the same name must not take its place."""
    path = folder / f"{subject.key}.npz"
    if not path.exists():
        return
    try:
        images = [stack.image for stack in load_subject(path).stacks]
    except DataError:  # damaged: to prepare it again is what the user was told
        return
    if not any(np.array_equal(image, stack.image) for image in images for stack in subject.stacks):
        msg = (
            f"The source's subject {subject.facts.subject!r} would take the place of {path}, another study: they have "
            f"no image in common. Rename it, prepare it into another store, or delete {path.name} to replace it."
        )
        raise DataError(msg)


def _index_row(subject: Subject) -> dict[str, str]:
    known = np.atleast_1d(np.concatenate([s.known[s.used] for s in subject.stacks]).any(axis=0))
    slice_mm, row_mm, _ = subject.spacing_mm
    return {
        "key": subject.key,
        "dataset": subject.facts.dataset,
        "subject": subject.facts.subject,
        "patient": subject.patient,
        "vendor": subject.facts.vendor,
        "group": subject.facts.group,
        "phases": " ".join(s.phase for s in subject.stacks),
        "slices": str(sum(int(s.used.sum()) for s in subject.stacks)),
        "slice_mm": f"{slice_mm:.3f}",
        "pixel_mm": f"{row_mm:.4f}",
        "labels": " ".join(name for name, is_known in zip(("RV", "MYO", "LV"), known, strict=True) if is_known),
        "licence": subject.facts.licence,
    }
