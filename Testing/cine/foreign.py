"""Studies as other scanners, archives and anonymisers write them: a layout is one function with ``@foreign`` on it.

They are made from the phantom's classic images: what differs from them is what its docstring says. Sources are vendors'
conformance statements, the files of public studies, and the issues of dcm2niix.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from CardiacSegmentationLib.phantom import LAYOUTS
from CardiacSegmentationLib.phantom.dicom import copy_of
from CardiacSegmentationLib.phantom.heart import beating_heart
from CardiacSegmentationLib.phantom.rendering import SHORT_AXIS, RenderedSeries, render_study
from cine.spoiling import SPEC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pydicom.dataset import Dataset

STEP_MS = SPEC.rr_ms / SPEC.phases


@dataclass
class Image:
    """One file of a study, and what it shows; slice 0 is the most basal."""

    data: Dataset
    view: str
    slice: int
    phase: int

    def put(self, **values: Any) -> Image:
        """Set elements; ``None`` takes one away. Images share elements, so none is changed in place."""
        for keyword, value in values.items():
            if keyword in self.data:
                del self.data[keyword]
            if value is not None:
                setattr(self.data, keyword, value)
        return self

    def copy(self, number: int, **values: Any) -> Image:
        """Another image like this one, of another series."""
        again = Image(copy_of(self.data), self.view, self.slice, self.phase)
        uid = f"2.25.{number}{self.slice:03d}{self.phase:03d}{sum(map(ord, self.view))}"
        again.data.file_meta = copy_of(self.data.file_meta)  # type: ignore[assignment]
        new = {"SOPInstanceUID": uid, "SeriesInstanceUID": f"2.25.{number}", "SeriesNumber": number}
        return again.put(**{**new, **values})

    def move(self, mm: float) -> Image:
        """Shift along the normal, to the apex for positive values."""
        row, column = np.array(self.data.ImageOrientationPatient, float).reshape(2, 3)
        place = np.array(self.data.ImagePositionPatient, float) - mm * np.cross(row, column)
        return self.put(ImagePositionPatient=[f"{v:.6f}" for v in place])


@dataclass
class Foreign:
    """A study's images, and how they are written."""

    images: list[Image]
    syntax: str | None = None

    def of(self, view: str) -> list[Image]:
        return [image for image in self.images if image.view == view]

    @property
    def sax(self) -> list[Image]:
        return self.of(SHORT_AXIS)

    def each(self, values: Callable[[Image], dict[str, Any]], images: Iterable[Image] | None = None) -> None:
        for image in self.sax if images is None else images:
            image.put(**values(image))

    def write(self, folder: Path) -> None:
        """Files without an ending, in one folder, in no order of their names."""
        folder.mkdir(parents=True)
        for number, image in enumerate(self.images):
            name = f"{(number * 7919) % 100_003:06d}"
            image.data.file_meta.MediaStorageSOPClassUID = image.data.SOPClassUID
            if "SOPInstanceUID" in image.data:
                image.data.file_meta.MediaStorageSOPInstanceUID = image.data.SOPInstanceUID
            if self.syntax:
                image.data.file_meta.TransferSyntaxUID = self.syntax
            image.data.preamble = bytes(128)
            image.data.save_as(folder / name)


@dataclass(frozen=True)
class Layout:
    """How a study is laid out, and what must come of it."""

    name: str
    make: Callable[[Foreign], None]
    codes: frozenset[str]  # of the findings about the chosen stack
    refused: str = ""  # words of the error, where no stack may be chosen
    timed: bool = True  # whether times and R-R are known
    same: bool = True  # whether every voxel is the phantom's
    about_study: frozenset[str] = field(default_factory=frozenset)


FOREIGN: dict[str, Layout] = {}


def foreign(
    *codes: str, refused: str = "", timed: bool = True, same: bool = True, about_study: Iterable[str] = ()
) -> Callable[[Callable[[Foreign], None]], Callable[[Foreign], None]]:
    """Register a layout, and the findings that must be told of it."""

    def register(make: Callable[[Foreign], None]) -> Callable[[Foreign], None]:
        FOREIGN[make.__name__] = Layout(
            make.__name__, make, frozenset(codes), refused, timed, same, frozenset(about_study)
        )
        return make

    return register


@cache
def rendered() -> tuple[RenderedSeries, ...]:
    """All images of the phantom; the short axis last."""
    return render_study(SPEC, beating_heart(SPEC))


def classic() -> Foreign:
    """The phantom as classic images: one series for each view, slices from the base, each with all its phases."""
    made = iter(LAYOUTS["ge"].files(SPEC, rendered()))
    images = [
        Image(next(made)[1], series.name, plane, phase)
        for series in rendered()
        for plane in reversed(range(len(series.views)))
        for phase in range(len(series.times_ms))
    ]
    return Foreign(sorted(images, key=lambda image: (image.view, image.slice, image.phase)))


def study_of(layout: Layout) -> Foreign:
    """The study of a layout."""
    study = classic()
    layout.make(study)
    return study


def one_series_per_slice(study: Foreign, first: int = 20, step: int = 1) -> None:
    study.each(
        lambda image: {
            "Manufacturer": "SIEMENS",
            "SeriesNumber": first + step * image.slice,
            "SeriesInstanceUID": f"2.25.{first + step * image.slice}",
            "SeriesDescription": f"cine_trufi_retro_SAX_{image.slice + 1}",
            "ProtocolName": f"cine_trufi_retro_SAX_{image.slice + 1}",
            "InstanceNumber": image.phase + 1,
        }
    )
