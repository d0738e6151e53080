"""Reader of M&Ms as downloaded: a csv, and one folder per patient with a 4D image and a 4D label map."""

from __future__ import annotations

import csv
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cardiactrain.data.readers.nifti import find_nifti, read_frame, read_labels, read_nifti
from cardiactrain.data.sources import describe
from cardiactrain.data.subject import LabelledStack, Subject
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cardiactrain.data.readers.reading import Found

CODES = np.array([0, 3, 2, 1], np.uint8)  # M&Ms: 1 LV, 2 MYO, 3 RV; ours the other way round
NEEDED = ("External code", "VendorName", "ED", "ES")


def find(folder: Path) -> Iterator[Found]:
    """Every patient of the csv whose label map is there; some patients are given without labels."""
    folders = {path.name: path for path in folder.rglob("*") if path.is_dir()}
    for row in _read_table(folder):
        place = folders.get(row["External code"])
        if place is None or not any(place.glob("*_sa_gt.nii*")):
            continue
        yield place, partial(_subject, row, place)


def _subject(row: Mapping[str, str], folder: Path) -> Subject:
    code = row["External code"]
    image, spacing = read_nifti(find_nifti(folder, f"{code}_sa"))
    labels = read_labels(find_nifti(folder, f"{code}_sa_gt"))
    stacks = []
    for phase in ("ED", "ES"):
        number = read_frame(row, phase)
        if number >= len(image):
            msg = f"{folder}: the csv names frame {number} as {phase}, the image has {len(image)}."
            raise DataError(msg)
        stacks.append(LabelledStack.fully_labelled(phase, image[number], CODES[labels[number]]))
    facts = describe("mms", code, vendor=row["VendorName"], group=row.get("Pathology") or "unknown")
    return Subject(facts, spacing, tuple(stacks))


def _read_table(folder: Path) -> list[dict[str, str]]:
    for path in sorted(folder.rglob("*.csv")):
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        if rows and all(name in rows[0] for name in NEEDED):
            return rows
    msg = f"{folder} holds no csv with the columns {', '.join(NEEDED)}."
    raise DataError(msg)
