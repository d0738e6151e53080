"""Reader of the CHLA paediatric congenital set: LV and RV, now and then drawn on different cardiac frames.

As downloaded: ``bicubic/LV/Sbj_10_LVED_image.mat``, ``…_mask.mat`` and so on for each ventricle and phase, and
``Metadata.csv`` with each subject's disease and spacing.
"""

from __future__ import annotations

import csv
import logging
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cardiactrain.data.readers.reading import naming
from cardiactrain.data.sources import describe
from cardiactrain.data.subject import LabelledStack, Subject
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cardiactrain.data.readers.reading import Found

LOG = logging.getLogger(__name__)
RV, MYO, LV = 0, 1, 2  # columns of ``known``
LARGEST_DIFFERENCE = 5 / 255  # of the grey values' range: the mean between the two frames of a slice still used
FILE = re.compile(r"(Sbj_0*(\d+))_(?:LV|RV)(?:ED|ES)_(?:image|mask)\.mat")
NUMBER, DISEASE = "Subjects", "Disease"
SPACING = ("Spacing Between Slices", "Pixel Size (dy)", "Pixel Size (dx)")  # slice, row, column


def find(folder: Path) -> Iterator[Found]:
    """Every subject; of the two ways the set is resampled, ``bicubic`` and ``nearest``, one is read."""
    found: dict[Path, dict[int, str]] = {}
    for path in folder.rglob("*.mat"):
        if match := FILE.fullmatch(path.name):
            found.setdefault(path.parent.parent, {})[int(match[2])] = match[1]
    if not found:
        return
    place, *others = sorted(found)  # bicubic stands before nearest
    if others:
        LOG.warning("Read is %s; left out: %s.", place, ", ".join(map(str, others)))
    table = _read_table(folder)
    for number, name in sorted(found[place].items()):
        yield place / name, partial(_subject, place, name, table.get(number))


def phase_stacks(phase: str, parts: dict[str, Any]) -> list[LabelledStack]:
    """The stacks of one phase: one, or a second for the RV where it was drawn on a frame of its own."""
    image, labels = parts["image"], parts["label"]
    has_lv, has_rv = parts["has_lv"].astype(bool), parts["has_rv"].astype(bool)
    difference = np.nan_to_num(parts["lv_rv_image_mad"], nan=0.0)
    apart, drawn = difference > 0, has_lv | has_rv
    near = difference <= LARGEST_DIFFERENCE * (float(image.max()) - float(image.min()))

    known = np.zeros((len(image), 3), bool)
    known[:, LV] = drawn
    known[:, RV] = drawn & ~apart
    hidden = np.where((labels == 1) & apart[:, None, None], 0, labels).astype(np.uint8)
    stacks = [LabelledStack(phase, image, hidden, known, drawn & near)]
    if apart.any():
        known = np.zeros((len(image), 3), bool)
        known[:, RV] = apart
        right = np.where(labels == 1, 1, 0).astype(np.uint8)
        stacks.append(LabelledStack(f"{phase}-RV", parts["image_rv"], right, known, apart & near))
    return stacks


def _read_table(folder: Path) -> dict[int, Mapping[str, str]]:
    """The subjects' rows by number."""
    for path in sorted(folder.rglob("*.csv")):
        with naming(path), path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
            if rows and {NUMBER, DISEASE, *SPACING} <= rows[0].keys():
                return {int(row[NUMBER]): row for row in rows}
    msg = f"{folder} holds no csv with the columns {', '.join((NUMBER, DISEASE, *SPACING))}: Metadata.csv has them."
    raise DataError(msg)


def _subject(place: Path, name: str, row: Mapping[str, str] | None) -> Subject:
    if row is None:
        msg = "Metadata.csv has no such subject"
        raise ValueError(msg)
    slice_mm, row_mm, column_mm = (float(row[column]) for column in SPACING)
    stacks: list[LabelledStack] = []
    for phase in ("ED", "ES"):
        stacks += phase_stacks(phase, _phase(place, name, phase))
    facts = describe("chla", name, vendor="Philips", group=row[DISEASE])
    return Subject(facts, (slice_mm, row_mm, column_mm), tuple(stacks))


def _phase(place: Path, name: str, phase: str) -> dict[str, Any]:
    """Images and masks of a phase as [slice, row, column], with the ventricles' frames compared."""
    files = [place / v / f"{name}_{v}{phase}_{kind}.mat" for kind in ("image", "mask") for v in ("LV", "RV")]
    arrays = [_read_mat(path) for path in files]
    for path, array in zip(files, arrays, strict=True):
        if array.shape != arrays[0].shape:
            msg = f"{path} holds {array.shape} (slice, row, column), {files[0]} {arrays[0].shape}: they must be alike."
            raise DataError(msg)
    left, right = arrays[:2]
    lv, rv = (mask > mask.max() / 2 for mask in arrays[2:])  # resampling left grey values at borders
    has_lv, has_rv = lv.any((1, 2)), rv.any((1, 2))
    both = has_lv & has_rv
    difference = np.abs(left.astype(float) - right.astype(float)).mean((1, 2))
    return {
        "image": np.where(has_lv[:, None, None], left, right),
        "image_rv": right,
        "label": np.where(lv, 3, np.where(rv, 1, 0)).astype(np.uint8),
        "has_lv": has_lv,
        "has_rv": has_rv,
        "lv_rv_image_mad": np.where(both, difference, np.nan),
    }


def _read_mat(path: Path) -> npt.NDArray[Any]:
    """The one array of a file as [slice, row, column], whatever its name; slices stand first or last."""
    from scipy.io import loadmat

    with naming(path):
        arrays = [value for name, value in loadmat(path).items() if not name.startswith("__")]
        if len(arrays) != 1 or arrays[0].ndim not in (2, 3):
            msg = f"{len(arrays)} variables; one stack of slices was expected"
            raise ValueError(msg)
    stack = np.atleast_3d(arrays[0])
    return stack if stack.shape[1] == stack.shape[2] != stack.shape[0] else np.moveaxis(stack, -1, 0)
