"""How vendors lay a study out in files. A new layout is one function with ``@layout`` on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from CardiacSegmentationLib.errors import PhantomError, did_you_mean
from CardiacSegmentationLib.phantom.dicom import (
    BREATH_HOLD_S,
    STUDY_DATE,
    begin_series,
    clock,
    copy_of,
    decimal,
    make_uid,
    put_classic_scan,
    put_pixel_format,
    put_pixels,
    put_plane,
    seal,
    study_header,
)
from CardiacSegmentationLib.phantom.enhanced import enhanced_object
from CardiacSegmentationLib.phantom.rendering import SHORT_AXIS, RenderedSeries

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from CardiacSegmentationLib.phantom.spec import PhantomSpec

Files = Iterator[tuple[str, "Dataset"]]  # path inside the study, and what to write there
Layout = Callable[["PhantomSpec", tuple[RenderedSeries, ...]], Files]


@dataclass(frozen=True)
class RegisteredLayout:
    """A way to lay out a study, and what sets it apart in a few words."""

    title: str
    files: Layout
    syntax: UID = ExplicitVRLittleEndian


LAYOUTS: dict[str, RegisteredLayout] = {}


def layout(name: str, title: str, syntax: UID = ExplicitVRLittleEndian) -> Callable[[Layout], Layout]:
    """Register a layout under the name it has on the command line."""

    def register(files: Layout) -> Layout:
        LAYOUTS[name] = RegisteredLayout(title, files, syntax)
        return files

    return register


def find_layout(name: str) -> RegisteredLayout:
    """The layout of this name, if it can be written here."""
    if name not in LAYOUTS:
        advice = did_you_mean(name, LAYOUTS) or f". Choose one of: {', '.join(LAYOUTS)}."
        msg = f"There is no layout {name!r}{advice}"
        raise PhantomError(msg)
    _check_codec(LAYOUTS[name].syntax)
    return LAYOUTS[name]


@layout("siemens", "one series per slice")
def siemens(spec: PhantomSpec, study: tuple[RenderedSeries, ...]) -> Files:
    """Every slice is a series of its own; files as the console exports them."""
    return _one_series_per_slice(spec, study, ExplicitVRLittleEndian)


@layout("ge", "one series with all slices, apex first")
def ge(spec: PhantomSpec, study: tuple[RenderedSeries, ...]) -> Files:
    """One series per cine, the slices one after the other, each with all its phases."""
    header = study_header(spec)
    header.Manufacturer, header.ManufacturerModelName = "GE MEDICAL SYSTEMS", "SIGNA HDx"
    for number, series in enumerate(study, start=1):
        common = begin_series(header, spec, number, series.description.upper())
        put_classic_scan(common, spec, cine=series.is_cine)
        common.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
        if series.name == SHORT_AXIS:
            common.SpacingBetweenSlices = decimal(_spacing_mm(series))
        apex_first = range(len(series.views) - 1, -1, -1)
        for count, image in enumerate(_images(common, series, apex_first, number), start=1):
            image.InstanceNumber = count
            yield f"s{number:03d}/i{count:05d}.MRDC.{count}", seal(image, make_uid(spec, number, count))


@layout("philips", "one series, phases told by TriggerTime alone, rescaled values")
def philips(spec: PhantomSpec, study: tuple[RenderedSeries, ...]) -> Files:
    """TemporalPositionIdentifier never changes, values are rescaled, one folder with files without extension."""
    header = study_header(spec)
    header.Manufacturer, header.ManufacturerModelName = "Philips Medical Systems", "Achieva"
    count = 0
    for number, series in enumerate(study, start=1):
        common = begin_series(header, spec, number * 100 + 1, series.description)
        put_classic_scan(common, spec, cine=series.is_cine)
        common.ImageType = ["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"]
        common.TemporalPositionIdentifier, common.NumberOfTemporalPositions = 1, 1
        common.RescaleIntercept, common.RescaleSlope, common.RescaleType = "0", "2.5", "normalized"
        common.SpacingBetweenSlices = decimal(_spacing_mm(series))
        for index, image in enumerate(_images(common, series, range(len(series.views)), number), start=1):
            count += 1
            image.InstanceNumber = index
            yield f"DICOM/IM_{count:04d}", seal(image, make_uid(spec, number, index), ImplicitVRLittleEndian)


@layout("enhanced", "one multi-frame object per cine (Enhanced MR)")
def enhanced(spec: PhantomSpec, study: tuple[RenderedSeries, ...]) -> Files:
    """Every cine is one Enhanced MR object."""
    header = study_header(spec)
    header.Manufacturer, header.ManufacturerModelName = "CardiacSegmentation", "Phantom"
    for number, series in enumerate(study, start=1):
        common = begin_series(header, spec, number, series.description)
        yield f"{number:02d}_{series.name}.dcm", seal(enhanced_object(common, spec, series), make_uid(spec, number))


@layout("rle", "one series per slice, RLE compressed", RLELossless)
def rle(spec: PhantomSpec, study: tuple[RenderedSeries, ...]) -> Files:
    """As siemens, run-length encoded."""
    return _one_series_per_slice(spec, study, RLELossless)


@layout("jpeg2000", "one series per slice, JPEG 2000 lossless", JPEG2000Lossless)
def jpeg2000(spec: PhantomSpec, study: tuple[RenderedSeries, ...]) -> Files:
    """As siemens, compressed with JPEG 2000."""
    return _one_series_per_slice(spec, study, JPEG2000Lossless)


@layout("jpegls", "one series per slice, JPEG-LS lossless", JPEGLSLossless)
def jpegls(spec: PhantomSpec, study: tuple[RenderedSeries, ...]) -> Files:
    """As siemens, compressed with JPEG-LS."""
    return _one_series_per_slice(spec, study, JPEGLSLossless)


def _one_series_per_slice(spec: PhantomSpec, study: tuple[RenderedSeries, ...], syntax: UID) -> Files:
    header = study_header(spec)
    header.Manufacturer, header.ManufacturerModelName = "SIEMENS", "Avanto"
    number = 0
    for series in study:
        for plane in range(len(series.views)):
            if plane == 0 or series.is_cine:  # the localizer's planes stay together
                number += 1
                common = begin_series(header, spec, number, series.description)
                put_classic_scan(common, spec, cine=series.is_cine)
                common.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
            for phase, image in enumerate(_images(common, series, (plane,), number)):
                image.InstanceNumber = phase + 1 if series.is_cine else plane + 1
                name = f"PHANTOM.MR.HEART.{number:04d}.{image.InstanceNumber:04d}.IMA"
                uid = make_uid(spec, number, image.InstanceNumber)
                yield f"{series.name}_{number:02d}/{name}", seal(image, uid, syntax)


def _images(common: Dataset, series: RenderedSeries, planes: Iterable[int], number: int) -> Iterator[Dataset]:
    """The classic images of these planes of a series, plane after plane, each in all its phases."""
    for plane in planes:
        here = copy_of(common)  # what all phases of a plane share is converted once
        put_plane(here, series.views[plane])
        put_pixel_format(here, series.pixels)
        here.AcquisitionNumber = 1
        here.AcquisitionDate = here.ContentDate = STUDY_DATE
        here.AcquisitionTime = here.ContentTime = clock(BREATH_HOLD_S * (number + plane))
        here.WindowCenter, here.WindowWidth = "550", "1100"
        slope = float(here.get("RescaleSlope", 1))
        for phase, time_ms in enumerate(series.times_ms):
            image = copy_of(here)
            put_pixels(image, np.round(series.pixels[phase, plane] / slope))
            if series.is_cine:
                image.TriggerTime = decimal(time_ms)
            yield image


def _spacing_mm(series: RenderedSeries) -> float:
    """Distance between neighbouring slices; of a single one, its thickness."""
    if len(series.views) == 1 or not series.is_cine:
        return series.views[0].thickness_mm
    return float(abs((series.views[1].corner_mm - series.views[0].corner_mm) @ series.views[0].normal))


def _check_codec(syntax: UID) -> None:
    """Say before anything is rendered or written which package is missing."""
    if not syntax.is_compressed:
        return
    from pydicom.pixels.encoders.base import get_encoder

    encoder = get_encoder(syntax)
    if not encoder.is_available:
        package = {JPEG2000Lossless: "pylibjpeg pylibjpeg-openjpeg", JPEGLSLossless: "pyjpegls"}.get(syntax, "pydicom")
        msg = f"{syntax.name} cannot be written here: install its codec with `pip install {package}`."
        raise PhantomError(msg)
