"""Reader of Sunnybrook as downloaded: DICOM folders, and contours as text files named after the image's number."""

from __future__ import annotations

import csv
import logging
import re
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cardiactrain.data.readers.compact import sunnybrook_group
from cardiactrain.data.sources import describe
from cardiactrain.data.subject import LabelledStack, Subject
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cardiactrain.data.readers.reading import Found

LOG = logging.getLogger(__name__)
CONTOUR = re.compile(r"IM-\d+-(\d+)-([io])contour-manual\.txt$")
RV, MYO, LV = 0, 1, 2  # columns of ``known``


def find(folder: Path) -> Iterator[Found]:
    """Every subject with contours whose images are there; who is left out is said."""
    contours: dict[str, dict[tuple[int, str], Path]] = defaultdict(dict)
    for path in sorted(folder.rglob("*contour-manual.txt")):
        match = CONTOUR.search(path.name)
        owner = next((p.name for p in path.parents if p.name.startswith("SC-")), None)
        if match and owner:
            contours[owner][int(match[1]), match[2]] = path
    names, series = _read_names(folder), _find_series(folder)
    for owner, files in contours.items():
        place = _choose_series(owner, names, series, is_alone=len(contours) == 1)
        if place:
            yield place, partial(_subject, owner, files, series[place])


def _read_names(folder: Path) -> dict[str, str]:
    """``SC-HF-I-1`` → ``SCD0000101``, from the table that comes with the set."""
    names = {}
    for path in folder.rglob("*.csv"):
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                if "PatientID" in row and "OriginalID" in row:
                    names[_plain(row["OriginalID"])] = row["PatientID"]
    return names


def _find_series(folder: Path) -> dict[Path, dict[int, Path]]:
    """Folders with DICOM files, by the number in each file's name."""
    series: dict[Path, dict[int, Path]] = defaultdict(dict)
    for path in folder.rglob("*.dcm"):
        numbers = re.findall(r"\d+", path.stem)
        if numbers:
            series[path.parent][int(numbers[-1])] = path
    return series


def _plain(name: str) -> str:
    """``SC-HF-I-01``, as the contours' folders say, is ``SC-HF-I-1`` in the table."""
    return re.sub(r"-0+(?=\d+$)", "-", name)


def _choose_series(
    owner: str, names: dict[str, str], series: dict[Path, dict[int, Path]], *, is_alone: bool
) -> Path | None:
    """The owner's longest series, or none; the only series may bear any name if all contours are of one owner."""
    wanted = {_plain(owner), names.get(_plain(owner), "")}
    found = [place for place in series if wanted & {_plain(part) for part in place.parts}]
    if not found and len(series) == 1 and is_alone:
        found = list(series)
    if not found:
        called = " or ".join(sorted(wanted - {""}))
        unnamed = "" if _plain(owner) in names else ", and no csv tells its PatientID"
        LOG.warning("%s is left out: no folder named %s holds its images%s.", owner, called, unnamed)
    return max(found, key=lambda place: len(series[place]), default=None)


def _subject(owner: str, contours: dict[tuple[int, str], Path], images: dict[int, Path]) -> Subject:
    import pydicom

    headers: dict[int, Any] = {
        number: pydicom.dcmread(path, stop_before_pixels=True, force=True) for number, path in images.items()
    }
    if any("ImagePositionPatient" not in header for header in headers.values()):
        msg = f"{next(iter(images.values())).parent}: a DICOM file has no ImagePositionPatient."
        raise DataError(msg)
    slices, phases = _places(headers)
    volumes: dict[int, float] = defaultdict(float)
    masks: dict[tuple[int, int, str], npt.NDArray[np.bool_]] = {}
    for (number, kind), path in contours.items():
        if number in headers:
            mask = _fill(path, (int(headers[number].Rows), int(headers[number].Columns)))
            masks[phases[number], slices[number], kind] = mask
            volumes[phases[number]] += float(mask.sum()) if kind == "i" else 0.0
    if not volumes:
        msg = f"No contour of {owner} belongs to an image in {next(iter(images.values())).parent}."
        raise DataError(msg)
    order = sorted(volumes, key=lambda phase: -volumes[phase])
    keys = {(phases[n], slices[n]): n for n in headers}
    stacks = tuple(_stack(name, phase, keys, images, masks) for name, phase in zip(("ED", "ES"), order, strict=False))
    first = next(iter(headers.values()))
    row_mm, column_mm = (float(mm) for mm in first.PixelSpacing)
    subject = str(first.get("PatientID") or owner)
    facts = describe("sunnybrook", subject, vendor="GE", group=sunnybrook_group(owner))
    return Subject(facts, (_slice_mm(headers), row_mm, column_mm), stacks)


def _places(headers: dict[int, Any]) -> tuple[dict[int, int], dict[int, int]]:
    """Slice and phase of every image: position along the normal, order in time at each position."""
    heights = {number: round(_height(header), 1) for number, header in headers.items()}
    levels = sorted(set(heights.values()), reverse=True)
    slices = {number: levels.index(height) for number, height in heights.items()}
    phases: dict[int, int] = {}
    for k in range(len(levels)):
        here = [number for number in headers if slices[number] == k]
        here.sort(
            key=lambda n: (float(headers[n].get("TriggerTime") or 0.0), int(headers[n].get("InstanceNumber") or n))
        )
        phases.update({number: place for place, number in enumerate(here)})
    return slices, phases


def _height(header: Any) -> float:
    row, column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    return float(np.array(header.ImagePositionPatient, float) @ np.cross(row, column))


def _slice_mm(headers: dict[int, Any]) -> float:
    heights = np.unique([round(_height(header), 2) for header in headers.values()])
    return float(np.median(np.diff(heights))) if len(heights) > 1 else float("nan")


def _stack(
    name: str,
    phase: int,
    keys: dict[tuple[int, int], int],
    images: dict[int, Path],
    masks: dict[tuple[int, int, str], npt.NDArray[np.bool_]],
) -> LabelledStack:
    import pydicom

    here = sorted(k for p, k in keys if p == phase)
    image = np.stack([pydicom.dcmread(images[keys[phase, k]], force=True).pixel_array for k in here])
    labels, known = np.zeros(image.shape, np.uint8), np.zeros((len(here), 3), bool)
    known[:, LV] = True  # a slice without contour is one the reader saw no cavity on
    for n, k in enumerate(here):
        outer, inner = masks.get((phase, k, "o")), masks.get((phase, k, "i"))
        if outer is not None:
            labels[n][outer] = 2
            known[n, MYO] = True
        if inner is not None:
            labels[n][inner] = 3
    return LabelledStack(name, image, labels, known, np.ones(len(here), bool))


def _fill(path: Path, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Pixels whose centre lies inside the contour."""
    from matplotlib.path import Path as Outline

    try:
        points = np.loadtxt(path).reshape(-1, 2)
    except ValueError as error:
        msg = f"{path} is no list of points: {error}"
        raise DataError(msg) from error
    rows, columns = np.indices(shape)
    inside = Outline(points).contains_points(np.column_stack([columns.ravel(), rows.ravel()]))
    return np.asarray(inside.reshape(shape), bool)
