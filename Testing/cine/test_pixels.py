"""Pixels as files may store them: other syntaxes, signs, depths, rescales, inverted, several frames in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.cine import find_stacks, read_study
from CardiacSegmentationLib.errors import StudyError
from cine.spoiling import SPEC, Spoilable, codes, edit, edit_each
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack
    from pydicom.uid import UID


def rewrite(study: Spoilable, change: Callable[[pydicom.Dataset, Any], None]) -> None:
    """Write every short-axis image anew; ``change`` sees the dataset and its pixels."""
    for path in study.images():
        image = pydicom.dcmread(path)
        change(image, image.pixel_array)
        image.save_as(path)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_transfer_syntaxes(ge: Spoilable, truth: CineStack, syntax: UID) -> None:
    for path in ge.images():
        image = pydicom.dcmread(path)
        if syntax == ExplicitVRBigEndian:
            image.PixelData = image.pixel_array.astype(">u2").tobytes()
        image.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(
            path, image, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=syntax != ExplicitVRBigEndian
        )
    stack = read_study(ge.folder)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert stack.voxels.dtype == np.uint16


def test_a_deflated_image_larger_than_what_is_read_of_it_first(ge: Spoilable) -> None:
    chance = np.random.default_rng(0)
    noise = chance.integers(0, 4096, (SPEC.phases, SPEC.slices, 160, 160)).astype("<u2")
    for at, path in enumerate(ge.images()):
        image = pydicom.dcmread(path)
        image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        image.Rows = image.Columns = 160
        image.PixelData = noise[at % SPEC.phases, at // SPEC.phases].tobytes()
        image.save_as(path)
    assert np.array_equal(read_study(ge.folder).voxels, noise)


@pytest.mark.parametrize("implicit", [True, False])
def test_files_without_preamble_and_file_header(ge: Spoilable, truth: CineStack, implicit: bool) -> None:
    for path in ge.images():
        image = pydicom.dcmread(path)
        del image.file_meta
        image.preamble = None
        pydicom.dcmwrite(path, image, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
        assert path.read_bytes()[128:132] != b"DICM"
    assert np.array_equal(read_study(ge.folder).voxels, truth.voxels)


def test_monochrome1_is_turned_so_that_blood_is_bright(ge: Spoilable, truth: CineStack) -> None:
    def invert(image: pydicom.Dataset, pixels: Any) -> None:
        image.PhotometricInterpretation = "MONOCHROME1"
        image.PixelData = (4095 - pixels).astype("<u2").tobytes()

    rewrite(ge, invert)
    assert np.array_equal(read_study(ge.folder).voxels, truth.voxels)


def test_signed_pixels_with_rescale(ge: Spoilable, truth: CineStack) -> None:
    def sign(image: pydicom.Dataset, pixels: Any) -> None:
        image.PixelRepresentation, image.BitsStored, image.HighBit = 1, 16, 15
        image.RescaleSlope, image.RescaleIntercept = "2", "1000"
        image.PixelData = (pixels.astype(np.int16) - 500).astype("<i2").tobytes()

    rewrite(ge, sign)
    stack = read_study(ge.folder)
    assert stack.voxels.dtype == np.int32  # the range that 16 bits times 2 may need
    assert np.array_equal(stack.voxels, 2 * truth.voxels.astype(np.int32))


def test_each_slice_may_have_its_own_slope(ge: Spoilable, truth: CineStack) -> None:
    edit_each(ge, lambda at: {"RescaleSlope": f"{1 + at.slice / 4}", "RescaleIntercept": "0"})
    stack = read_study(ge.folder)
    assert stack.voxels.dtype == np.float32
    assert np.allclose(stack.voxels, truth.voxels * (1 + np.arange(SPEC.slices) / 4)[None, :, None, None])


def test_eight_bit_pixels(ge: Spoilable, truth: CineStack) -> None:
    def narrow(image: pydicom.Dataset, pixels: Any) -> None:
        image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
        image.PixelData = (pixels // 16).astype(np.uint8).tobytes()
        image["PixelData"].VR = "OB"

    rewrite(ge, narrow)
    stack = read_study(ge.folder)
    assert stack.voxels.dtype == np.uint8
    assert np.array_equal(stack.voxels, truth.voxels // 16)


def test_overlays_in_the_upper_bits_are_dropped(ge: Spoilable, truth: CineStack) -> None:
    def draw(image: pydicom.Dataset, pixels: Any) -> None:
        image.add_new(0x60000102, "US", 15)  # OverlayBitPosition
        image.PixelData = (pixels | 0x8000).astype("<u2").tobytes()

    rewrite(ge, draw)
    assert np.array_equal(read_study(ge.folder).voxels, truth.voxels)


def test_pixels_that_need_more_bits_than_stated_are_refused(ge: Spoilable) -> None:
    edit_each(ge, {"BitsStored": 8, "HighBit": 7})
    with pytest.raises(StudyError, match="states 8 bits for each pixel, and its pixels need more"):
        read_study(ge.folder)


def test_zero_or_missing_slopes_count_as_one(ge: Spoilable, truth: CineStack) -> None:
    edit_each(ge, {"RescaleSlope": "0", "RescaleIntercept": "0"})
    assert np.array_equal(read_study(ge.folder).voxels, truth.voxels)


@pytest.mark.parametrize("timing", ["FrameTime", "FrameTimeVector", None])
def test_classic_multi_frame_files_hold_one_slice_each(ge: Spoilable, truth: CineStack, timing: str | None) -> None:
    """One file per slice with all its phases, as some archives convert them: no functional groups."""
    step = SPEC.rr_ms / SPEC.phases
    for number, files in enumerate(ge.slices()):
        image = pydicom.dcmread(files[0])
        image.NumberOfFrames = SPEC.phases
        image.PixelData = np.stack([pydicom.dcmread(path).pixel_array for path in files]).tobytes()
        image.InstanceNumber = number + 1
        if timing == "FrameTime":
            image.FrameTime = f"{step:.4f}"
        elif timing:
            image.FrameTimeVector = ["0"] + [f"{step:.4f}"] * (SPEC.phases - 1)
        for path in files[1:]:
            path.unlink()
        image.save_as(files[0])
    stack = read_study(ge.folder)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert np.allclose(stack.times_ms, truth.times_ms, atol=1)
    assert ("phase-order" in codes(stack)) == (timing is None)


def test_an_enhanced_file_can_be_named_itself(written: Callable[[str], Path], truth: CineStack) -> None:
    (path,) = written("enhanced").glob("*sax*.dcm")
    assert np.array_equal(read_study(path).voxels, truth.voxels)


def test_enhanced_frames_may_come_in_any_order(
    written: Callable[[str], Path], tmp_path: Path, truth: CineStack
) -> None:
    (path,) = written("enhanced").glob("*sax*.dcm")
    image = pydicom.dcmread(path)
    order = np.random.default_rng(0).permutation(int(image.NumberOfFrames))
    pixels = image.pixel_array
    groups = list(image.PerFrameFunctionalGroupsSequence)
    image.PerFrameFunctionalGroupsSequence = [groups[k] for k in order]
    image.PixelData = pixels[order].tobytes()
    image.save_as(tmp_path / "shuffled.dcm")
    assert np.array_equal(read_study(tmp_path / "shuffled.dcm").voxels, truth.voxels)


def test_philips_enhanced_keeps_orientation_and_rescale_per_frame(
    written: Callable[[str], Path], tmp_path: Path, truth: CineStack
) -> None:
    (path,) = written("enhanced").glob("*sax*.dcm")
    image = pydicom.dcmread(path)
    shared = image.SharedFunctionalGroupsSequence[0]
    for frame in image.PerFrameFunctionalGroupsSequence:
        for name in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
            setattr(frame, name, shared[name].value)
        item = pydicom.Dataset()
        item.RescaleSlope, item.RescaleIntercept, item.RescaleType = "0.5", "3", "US"
        frame.PixelValueTransformationSequence = [item]
        frame.FrameContentSequence[0].TemporalPositionIndex = 1
    for name in ("PlaneOrientationSequence", "PixelMeasuresSequence", "PixelValueTransformationSequence"):
        delattr(shared, name)
    image.save_as(tmp_path / "philips.dcm")
    stack = read_study(tmp_path / "philips.dcm")
    assert np.allclose(stack.voxels, truth.voxels * 0.5 + 3)
    assert np.allclose(stack.affine, truth.affine, atol=1e-6)
    assert np.allclose(stack.times_ms, truth.times_ms, atol=1e-3)


@pytest.mark.parametrize("syntax", [pydicom.uid.RLELossless, pydicom.uid.JPEG2000Lossless])
def test_compressed_enhanced_files(
    written: Callable[[str], Path], tmp_path: Path, truth: CineStack, syntax: UID
) -> None:
    (path,) = written("enhanced").glob("*sax*.dcm")
    image = pydicom.dcmread(path)
    image.compress(syntax, generate_instance_uid=False)
    image.save_as(tmp_path / "compressed.dcm")
    assert np.array_equal(read_study(tmp_path / "compressed.dcm").voxels, truth.voxels)


def test_compressed_files_with_an_extended_offset_table(
    written: Callable[[str], Path], tmp_path: Path, truth: CineStack
) -> None:
    """The table stands before the pixels, in their group; it is not the pixels."""
    (path,) = written("enhanced").glob("*sax*.dcm")
    image = pydicom.dcmread(path)
    image.compress(pydicom.uid.RLELossless, encapsulate_ext=True, generate_instance_uid=False)
    image.save_as(tmp_path / "compressed.dcm")
    assert "ExtendedOffsetTable" in pydicom.dcmread(tmp_path / "compressed.dcm")
    stack = read_study(tmp_path / "compressed.dcm")
    assert np.array_equal(stack.voxels, truth.voxels)
    assert codes(stack) == []


def test_a_compressed_syntax_is_believed_whatever_length_the_pixels_state(ge: Spoilable, truth: CineStack) -> None:
    for path in ge.images():
        image = pydicom.dcmread(path)
        image.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
        image.save_as(path)
        content = path.read_bytes()
        at = content.rindex(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff") + 8
        length = len(content) - at - 4
        path.write_bytes(content[:at] + length.to_bytes(4, "little") + content[at + 4 :])
    assert np.array_equal(read_study(ge.folder).voxels, truth.voxels)


def test_only_the_chosen_stacks_pixels_are_read(ge: Spoilable) -> None:
    study = find_stacks(ge.folder)
    for path in ge.images("ch"):
        path.unlink()  # they are not needed any more
    assert read_study(ge.folder).phases == SPEC.phases
    assert study.chosen is not None


def test_images_that_do_not_move_are_said(ge: Spoilable) -> None:
    for files in ge.slices():
        pixels = pydicom.dcmread(files[0]).PixelData
        for path in files:
            edit(path, PixelData=pixels)
    assert "no-motion" in codes(read_study(ge.folder))
