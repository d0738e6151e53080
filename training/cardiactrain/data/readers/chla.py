"""Reader of the CHLA paediatric congenital set: LV and RV, now and then drawn on different cardiac frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cardiactrain.data.sources import describe
from cardiactrain.data.subject import LabelledStack, Subject
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RV, MYO, LV = 0, 1, 2  # columns of ``known``
LARGEST_DIFFERENCE = 5.0  # mean grey-value difference between the two frames beyond which a slice is not used


def read(folder: Path) -> Iterator[Subject]:
    """Read ``*.mat`` files with the published variables (images and masks per phase and ventricle)."""
    from scipy.io import loadmat

    for path in sorted(folder.rglob("*.mat")):
        try:
            data = loadmat(path, squeeze_me=True)
        except (OSError, ValueError, NotImplementedError) as error:
            msg = f"{path} cannot be read as a MATLAB file: {error}"
            raise DataError(msg) from error
        yield _subject(path, data)


def phase_stacks(phase: str, parts: dict[str, Any]) -> list[LabelledStack]:
    """The stacks of one phase: one, or a second for the RV where it was drawn on a frame of its own."""
    image, labels = parts["image"], parts["label"]
    has_lv, has_rv = parts["has_lv"].astype(bool), parts["has_rv"].astype(bool)
    difference = np.nan_to_num(parts["lv_rv_image_mad"], nan=0.0)
    apart, drawn = difference > 0, has_lv | has_rv
    near = difference <= LARGEST_DIFFERENCE

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


def _subject(path: Path, data: dict[str, Any]) -> Subject:
    spacing = _value(path, data, "spacing_mm", "PixelSpacing", "pixel_spacing")
    facts = describe("chla", path.stem, vendor="Philips", group=str(data.get("disease", "unknown")))
    slice_mm, row_mm, column_mm = _spacing(path, data, np.atleast_1d(spacing).astype(float))
    stacks: list[LabelledStack] = []
    for phase in ("ed", "es"):
        parts = _phase(path, data, phase)
        stacks += phase_stacks(phase.upper(), parts)
    return Subject(facts, (slice_mm, row_mm, column_mm), tuple(stacks))


def _spacing(path: Path, data: dict[str, Any], spacing: npt.NDArray[Any]) -> tuple[float, float, float]:
    if spacing.size == 3:
        return float(spacing[0]), float(spacing[1]), float(spacing[2])
    thickness = float(_value(path, data, "slice_spacing_mm", "SliceThickness", "slice_thickness_mm"))
    return thickness, float(spacing[0]), float(spacing[-1])


def _phase(path: Path, data: dict[str, Any], phase: str) -> dict[str, Any]:
    """Images and masks of a phase as [slice, row, column], with the ventricles' frames compared."""
    left, right = (
        np.moveaxis(np.atleast_3d(_value(path, data, f"{phase}_image_{v}", f"endo_{v}_{phase}_image")), -1, 0)
        for v in ("lv", "rv")
    )
    lv, rv = (
        np.moveaxis(np.atleast_3d(_value(path, data, f"{phase}_mask_{v}", f"endo_{v}_{phase}_mask")), -1, 0) > 0
        for v in ("lv", "rv")
    )
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


def _value(path: Path, data: dict[str, Any], *names: str) -> Any:
    for name in names:
        if name in data:
            return data[name]
    msg = f"{path} has none of the variables {', '.join(names)}: is it a file of the CHLA set?"
    raise DataError(msg)
