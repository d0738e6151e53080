"""Studies as other scanners and other programs write them; each differs from the phantom's as its docstring says."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.phantom.dicom import begin_series, copy_of, dataset, make_uid, seal, study_header
from CardiacSegmentationLib.phantom.enhanced import enhanced_object
from CardiacSegmentationLib.phantom.rendering import SHORT_AXIS, RenderedSeries
from cine.foreign import STEP_MS, Foreign, Image, foreign, one_series_per_slice, rendered
from cine.spoiling import SPEC
from pydicom.uid import ImplicitVRLittleEndian

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


# --- Siemens ---


@foreign()
def siemens_description_with_number_of_slice(study: Foreign) -> None:
    """Every slice a series, its number in the description."""
    one_series_per_slice(study)


@foreign("several-stacks")
def siemens_with_and_without_normalisation(study: Foreign) -> None:
    """Every slice twice, in series that alternate: as measured, and with the prescan normalisation filter."""
    one_series_per_slice(study, step=2)
    study.each(lambda _: {"ImageType": ["ORIGINAL", "PRIMARY", "M", "RETRO", "ND"]})
    study.images += [
        image.copy(21 + 2 * image.slice, ImageType=["ORIGINAL", "PRIMARY", "M", "RETRO", "NORM", "DIS2D"])
        for image in study.sax
    ]


@foreign()
def siemens_inline_results_and_phase_images(study: Foreign) -> None:
    """Magnitude, phase and derived images of every slice."""
    study.images += [image.copy(60, ImageType=["ORIGINAL", "PRIMARY", "P", "RETRO", "DIS2D"]) for image in study.sax]
    study.images += [
        image.copy(61, ImageType=["DERIVED", "PRIMARY", "M", "RETRO", "MOCO"], SeriesDescription="cine_SAX_MOCO")
        for image in study.sax
    ]


def _enhanced(study: Foreign, series: RenderedSeries, number: int, description: str) -> Image:
    """An Enhanced MR object as XA writes it: type ``M``, orientation and pixel size in each frame."""
    header = study_header(SPEC)
    header.Manufacturer, header.ManufacturerModelName = "Siemens Healthineers", "MAGNETOM Sola"
    common = begin_series(header, SPEC, number, description)
    image = enhanced_object(common, SPEC, series)
    image.ImageType = ["ORIGINAL", "PRIMARY", "M", "RETRO"]
    shared = image.SharedFunctionalGroupsSequence[0]
    shared.MRImageFrameTypeSequence[0].FrameType = image.ImageType
    moved = {
        name: shared[name].value for name in ("PlaneOrientationSequence", "PixelMeasuresSequence") if name in shared
    }
    for name, value in moved.items():
        for frame in image.PerFrameFunctionalGroupsSequence:
            setattr(frame, name, value)
        delattr(shared, name)
    return Image(seal(image, make_uid(SPEC, number)), series.name, 0, 0)


def _slice_of(series: RenderedSeries, plane: int) -> RenderedSeries:
    return RenderedSeries(
        series.name,
        series.description,
        series.views[plane : plane + 1],
        series.pixels[:, plane : plane + 1],
        series.times_ms,
    )


def _xa(study: Foreign) -> list[Image]:
    """Every slice of every cine is an enhanced file of its own."""
    cines = [series for series in rendered() if series.is_cine]
    planes = [(series, plane) for series in cines for plane in range(len(series.views))]
    return [
        _enhanced(study, _slice_of(series, plane), 10 + number, f"{series.description}_{plane}")
        for number, (series, plane) in enumerate(planes)
    ]


@foreign()
def siemens_xa_enhanced_one_file_a_slice(study: Foreign) -> None:
    """XA 11 to XA 60, enhanced export."""
    study.images = _xa(study)


@foreign("phase-order", "times-unknown", timed=False)
def siemens_xa_temporal_position_sequence(study: Foreign) -> None:
    """No cardiac times; the index of the phase stands in a group of its own, in seconds beside it."""
    study.images = _xa(study)
    for image in study.images:
        for frame in image.data.PerFrameFunctionalGroupsSequence:
            del frame.CardiacSynchronizationSequence
            index = frame.FrameContentSequence[0].TemporalPositionIndex
            del frame.FrameContentSequence[0].TemporalPositionIndex
            offset = (index - 1) * STEP_MS / 1000
            frame.TemporalPositionSequence = [dataset(TemporalPositionTimeOffset=offset, TemporalPositionIndex=index)]


@foreign()
def siemens_xa_interoperability(study: Foreign) -> None:
    """One frame in each file of class Enhanced MR."""
    singles = []
    for image in _xa(study):
        frames = list(image.data.PerFrameFunctionalGroupsSequence)
        pixels = np.frombuffer(image.data.PixelData, "<u2").reshape(len(frames), -1)
        for number, frame in enumerate(frames):
            one = copy_of(image.data)
            for keyword in ("PerFrameFunctionalGroupsSequence", "NumberOfFrames", "PixelData", "InstanceNumber"):
                del one[keyword]
            one.PerFrameFunctionalGroupsSequence = [frame]
            one.NumberOfFrames, one.InstanceNumber = 1, number + 1
            one.add_new("PixelData", "OW", pixels[number].tobytes())
            singles.append(
                Image(seal(one, make_uid(SPEC, image.data.SeriesNumber, number)), image.view, image.slice, number)
            )
    study.images = singles


@foreign()
def siemens_water_and_fat_in_one_series(study: Foreign) -> None:
    """A Dixon cine: two images of one place and moment."""
    fat = [image.copy(40, ImageType=["ORIGINAL", "PRIMARY", "DIXON", "FAT"]) for image in study.sax]
    water = {"SeriesInstanceUID": "2.25.40", "SeriesNumber": 40, "ImageType": ["ORIGINAL", "PRIMARY", "DIXON", "WATER"]}
    study.each(lambda _: water)
    study.images += fat


# --- GE ---


@foreign()
def ge_numbered_by_phase(study: Foreign) -> None:
    """All slices of a phase, then those of the next one."""
    study.each(lambda image: {"InstanceNumber": image.phase * SPEC.slices + image.slice + 1})


@foreign("phase-order", "times-assumed", timed=False)
def ge_numbered_by_phase_without_times(study: Foreign) -> None:
    """The same, and no TriggerTime."""
    study.each(lambda image: {"InstanceNumber": image.phase * SPEC.slices + image.slice + 1, "TriggerTime": None})


@foreign()
def ge_protocol_of_the_whole_examination(study: Foreign) -> None:
    """GE's ProtocolName names the examination, the same in all its series (dcm2niix, FILENAMING.md)."""
    study.each(lambda _: {"ProtocolName": "CARDIAC FUNCTION FLOW PERFUSION VIABILITY"}, study.images)


@foreign("duplicate-frames", same=False)
def ge_times_in_pairs(study: Foreign) -> None:
    """Phases interpolated to twice as many, two with the same time."""
    study.each(lambda image: {"TriggerTime": f"{image.phase // 2 * 2 * STEP_MS:.0f}"})


@foreign("rr-assumed")
def ge_without_rate(study: Foreign) -> None:
    """Neither NominalInterval nor HeartRate."""
    study.each(lambda _: {"NominalInterval": None, "HeartRate": None})


# --- Philips ---


@foreign()
def philips_two_stacks_in_one_series(study: Foreign) -> None:
    """Basal and apical half as two stacks, numbered one after the other."""
    study.each(
        lambda image: {
            "Manufacturer": "Philips",
            "TemporalPositionIdentifier": 1,
            "AcquisitionNumber": 5,
            "InstanceNumber": (image.slice // 3) * 1000 + image.phase * 3 + image.slice % 3 + 1,
        }
    )


@foreign()
def philips_real_and_imaginary_beside_magnitude(study: Foreign) -> None:
    """All components in one series."""
    study.each(lambda _: {"ImageType": ["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"]})
    more = []
    for component in ("R", "I", "P"):
        kind = ["ORIGINAL", "PRIMARY", f"{component}_FFE", component, "FFE"]
        more += [image.copy(70 + ord(component), ImageType=kind, SeriesNumber=5) for image in study.sax]
    study.each(lambda _: {"SeriesInstanceUID": "2.25.555", "SeriesNumber": 5}, [*study.sax, *more])
    study.images += more


@foreign()
def philips_enhanced_with_private_groups(study: Foreign) -> None:
    """Private sequences in each frame repeat elements with other values."""
    series = rendered()[-1]
    image = _enhanced(study, series, 401, "BTFE_SA_BH")
    image.data.ImageType = ["ORIGINAL", "PRIMARY", "M_FFE", "NONE"]
    for number, frame in enumerate(image.data.PerFrameFunctionalGroupsSequence):
        block = frame.private_block(0x2005, "Philips MR Imaging DD 005", create=True)
        block.add_new(0x0F, "SQ", [dataset(TriggerTime="0", InstanceNumber=999 - number, SliceThickness="1")])
    study.images = [image]


@foreign("reacquired-slice")
def philips_enhanced_with_its_first_slice_taken_again(study: Foreign) -> None:
    """Frames of a second breath-hold of slice 1 follow at the end; their times state a time zone to the west."""
    image = _enhanced(study, rendered()[-1], 401, "BTFE_SA_BH")
    frames, pixels = list(image.data.PerFrameFunctionalGroupsSequence), image.data.PixelData
    first = SPEC.phases * len(pixels) // len(frames)
    frames += [deepcopy(frame) for frame in frames[: SPEC.phases]]
    for number, frame in enumerate(frames):
        minute = 30 if number >= SPEC.slices * SPEC.phases else number // SPEC.phases
        frame.FrameContentSequence[0].FrameAcquisitionDateTime = f"2024051509{minute:02d}00.000000-0500"
    for frame in frames[-SPEC.phases :]:
        frame.CardiacSynchronizationSequence[0].NominalCardiacTriggerDelayTime *= 0.97
    image.data.PerFrameFunctionalGroupsSequence = frames
    image.put(PixelData=None, NumberOfFrames=len(frames))
    image.data.add_new("PixelData", "OW", pixels + pixels[:first])
    study.images = [image]


@foreign()
def philips_grid_of_tags_as_image_flavour(study: Foreign) -> None:
    """A tagged stack in the planes of the cine, named by ImageType's third value alone."""
    tags = ["ORIGINAL", "PRIMARY", "TAGGING", "NONE"]
    study.images += [image.copy(90, ImageType=tags, SeriesDescription="", ProtocolName="") for image in study.sax]


# --- other vendors, other programs ---


@foreign("phase-order", "times-assumed", timed=False)
def canon_temporal_positions_without_times(study: Foreign) -> None:
    """Phases by TemporalPositionIdentifier; instances run from the last to the first."""
    study.each(
        lambda image: {
            "Manufacturer": "CANON_MEC",
            "TriggerTime": None,
            "NominalInterval": None,
            "TemporalPositionIdentifier": image.phase + 1,
            "InstanceNumber": 1000 - image.phase * SPEC.slices - image.slice,
        }
    )


@foreign()
def united_imaging_clock_and_number_of_each_slice(study: Foreign) -> None:
    """Each slice its own AcquisitionNumber, each image its own AcquisitionTime."""
    study.each(
        lambda image: {
            "Manufacturer": "UIH",
            "AcquisitionNumber": image.slice + 1,
            "AcquisitionTime": f"10{image.slice:02d}{image.phase * 0.1 + 10:09.6f}",
            "SeriesDescription": "gre_b_ssfp_cine",
        }
    )


@foreign("rr-assumed")
def hitachi_implicit_without_rate(study: Foreign) -> None:
    """Implicit VR, no rate, a SeriesDescription with spaces."""
    study.syntax = ImplicitVRLittleEndian
    study.each(
        lambda _: {
            "Manufacturer": "HITACHI",
            "NominalInterval": None,
            "HeartRate": None,
            "SeriesDescription": "  BASG  ",
        }
    )


@foreign()
def exported_by_an_analysis_program(study: Foreign) -> None:
    """Derived, all slices in one new series, the vendor's name gone, numbered by slice."""
    study.images = study.sax
    study.each(
        lambda image: {
            "Manufacturer": "Medviso",
            "ImageType": ["DERIVED", "SECONDARY", "OTHER"],
            "SeriesDescription": "",
            "ProtocolName": None,
            "ScanningSequence": None,
            "SequenceVariant": None,
            "InstanceNumber": image.slice * SPEC.phases + image.phase + 1,
            "SliceLocation": None,
        }
    )


@foreign(refused="screenshot")
def exported_as_secondary_capture(study: Foreign) -> None:
    """Pictures without geometry."""
    study.images = study.sax
    place = dict.fromkeys(("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"))
    study.each(lambda _: {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", **place})


@foreign()
def legacy_converted_enhanced(study: Foreign) -> None:
    """An archive has put the classic images of each slice into one object; what has no group stands unassigned."""
    objects = []
    for slice_ in range(SPEC.slices):
        images = [image for image in study.sax if image.slice == slice_]
        first = copy_of(images[0].data)
        own = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "TriggerTime",
               "NominalInterval", "HeartRate", "PixelData", "InstanceNumber", "SliceLocation")  # fmt: skip
        for keyword in own:
            if keyword in first:
                del first[keyword]
        first.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4.4"
        first.InstanceNumber, first.NumberOfFrames = slice_ + 1, len(images)
        first.SharedFunctionalGroupsSequence = [dataset()]
        first.PerFrameFunctionalGroupsSequence = [_converted(image.data) for image in images]
        first.add_new("PixelData", "OW", b"".join(image.data.PixelData for image in images))
        objects.append(Image(seal(first, f"2.25.77{slice_}"), SHORT_AXIS, slice_, 0))
    study.images = objects


def _converted(image: Dataset) -> Dataset:
    unassigned = ("TriggerTime", "NominalInterval", "HeartRate", "InstanceNumber")
    return dataset(
        PixelMeasuresSequence=[dataset(PixelSpacing=image.PixelSpacing, SliceThickness=image.SliceThickness)],
        PlanePositionSequence=[dataset(ImagePositionPatient=image.ImagePositionPatient)],
        PlaneOrientationSequence=[dataset(ImageOrientationPatient=image.ImageOrientationPatient)],
        ConversionSourceAttributesSequence=[dataset(ReferencedSOPInstanceUID=image.SOPInstanceUID)],
        UnassignedPerFrameConvertedAttributesSequence=[dataset(**{name: image[name].value for name in unassigned})],
    )
