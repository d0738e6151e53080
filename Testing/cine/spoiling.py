"""A phantom study that a test may spoil, and the ways to do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pydicom
from CardiacSegmentationLib.cine import find_stacks
from CardiacSegmentationLib.phantom import PhantomSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.cine import Candidate
    from CardiacSegmentationLib.stack import CineStack

SPEC = PhantomSpec(slices=6, phases=8, pixel_mm=3.0)


@dataclass(frozen=True)
class Spoilable:
    """A copy of a phantom study that a test may change."""

    folder: Path

    def images(self, view: str = "sax") -> list[Path]:
        """Files of one view in the order of slice (base first) and phase."""
        found = []
        for path in self.folder.rglob("*"):
            if path.is_file() and path.suffix not in (".json", ".gz"):
                header = pydicom.dcmread(path, stop_before_pixels=True)
                if view in header.SeriesDescription.lower():
                    found.append((-float(header.SliceLocation), float(header.get("TriggerTime", 0)), path))
        return [path for *_, path in sorted(found)]

    def slices(self) -> list[list[Path]]:
        """The short-axis files, slice by slice from the base."""
        images = self.images()
        return [images[start : start + SPEC.phases] for start in range(0, len(images), SPEC.phases)]

    def keep_only(self, files: list[Path]) -> None:
        """Delete everything else."""
        for path in self.folder.rglob("*"):
            if path.is_file() and path not in files:
                path.unlink()


def edit(path: Path, target: Path | None = None, **values: Any) -> Path:
    """Change elements of a file; ``None`` deletes one. With ``target`` the original stays."""
    image = pydicom.dcmread(path)
    for keyword, value in values.items():
        if value is None:
            if keyword in image:
                delattr(image, keyword)
        else:
            setattr(image, keyword, value)
    if "SOPInstanceUID" in values:
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    target = target or path
    target.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(target)
    return target


def codes(one: CineStack | Candidate) -> list[str]:
    return [finding.code for finding in one.findings]


def chosen(folder: Any, **options: Any) -> Candidate:
    study = find_stacks(folder, **options)
    assert study.chosen is not None, study.reason
    return study.stacks[study.chosen]


class At(NamedTuple):
    """Place of an image in its stack."""

    slice: int
    phase: int


def edit_each(study: Spoilable, values: Callable[[At], dict[str, Any]] | dict[str, Any]) -> None:
    """Change every short-axis image, by its slice and phase where ``values`` is a function."""
    for slice_, files in enumerate(study.slices()):
        for phase, path in enumerate(files):
            edit(path, **(values if isinstance(values, dict) else values(At(slice_, phase))))


def shift(path: Path, mm: float) -> list[float]:
    """The image's position moved along its normal, towards the apex for positive values."""
    header = pydicom.dcmread(path, stop_before_pixels=True)
    row, column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    return [round(float(v), 6) for v in np.array(header.ImagePositionPatient, float) - mm * np.cross(row, column)]


def copy_slice(files: list[Path], series: int, mm: float = 0.0, **values: Any) -> list[Path]:
    """Acquire a slice again: a new series with the same phases."""
    copies = []
    for path in files:
        uid = f"{pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID[:50]}.{series}"
        new = {"SOPInstanceUID": uid, "SeriesInstanceUID": f"2.25.{series}", "SeriesNumber": series, **values}
        copies.append(edit(path, path.with_name(f"{series}-{path.name}"), ImagePositionPatient=shift(path, mm), **new))
    return copies
