"""Every vendor's way to write a study gives the same stack, and SimpleITK agrees with it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from CardiacSegmentationLib.cine import find_stacks, pixels, read_stack, read_study
from CardiacSegmentationLib.cine.pixels import _decode_with_simpleitk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack


def test_every_layout_gives_the_phantoms_own_stack(every_layout: Path, truth: CineStack) -> None:
    stack = read_study(every_layout)
    step = 1.25 if every_layout.name == "philips" else 0  # its values are rescaled in steps of 2.5
    assert np.abs(stack.voxels.astype(float) - truth.voxels).max() <= step
    assert np.allclose(stack.affine, truth.affine, atol=1e-6)
    assert np.allclose(stack.times_ms, truth.times_ms, atol=1e-3)
    assert stack.rr_ms == pytest.approx(truth.rr_ms, abs=0.5)  # NominalInterval holds whole milliseconds
    assert stack.slice_thickness_mm == truth.slice_thickness_mm
    assert stack.patient == truth.patient
    assert stack.findings == ()


def test_every_layout_chooses_the_short_axis_and_nothing_else_is_one(every_layout: Path) -> None:
    study = find_stacks(every_layout)
    assert study.chosen is not None
    assert "sax" in study.stacks[study.chosen].description.lower()
    assert [one.is_short_axis for one in study.stacks].count(True) == 1
    assert study.stacks[study.chosen].complete


def test_integer_pixels_keep_their_type(written: Callable[[str], Path]) -> None:
    assert read_study(written("ge")).voxels.dtype == np.uint16
    assert read_study(written("philips")).voxels.dtype == np.float32


def test_simpleitk_agrees_on_voxels_and_geometry(written: Callable[[str], Path]) -> None:
    study = find_stacks(written("ge"))
    stack = read_stack(study)
    candidate = study.stacks[study.chosen or 0]
    # SimpleITK stacks files along rows × columns, which leads from the apex to the base: our slices backwards.
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(row[3].file.path) for row in reversed(candidate.frames) if row[3]])
    image = reader.Execute()
    assert np.array_equal(sitk.GetArrayFromImage(image)[::-1], stack.voxels[3])
    theirs = np.eye(4)
    theirs[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    theirs[:3, 3] = image.GetOrigin()
    last = stack.slices - 1
    for column, row, slice_ in ((0, 0, 0), (5, 0, 2), (0, 7, last), (11, 3, 1)):
        ours = stack.affine @ (column, row, slice_, 1)
        assert np.allclose(ours, theirs @ (column, row, last - slice_, 1), atol=1e-3)


@pytest.mark.parametrize("layout", ["rle", "jpeg2000", "jpegls"])
def test_without_pydicoms_decoders_simpleitk_reads_compressed_pixels(
    layout: str, written: Callable[[str], Path], truth: CineStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> None:
        raise RuntimeError("no decoder")

    monkeypatch.setattr(pixels, "_decode_with_pydicom", unavailable)
    named = tmp_path / os.fsdecode(b"gr\xfcn" if sys.platform == "linux" else b"gruen")  # Latin-1: no UTF-8
    named.symlink_to(written(layout), target_is_directory=True)
    assert np.array_equal(read_study(named).voxels, truth.voxels)


def test_simpleitks_rescale_is_not_applied_twice(written: Callable[[str], Path], truth: CineStack) -> None:
    study = find_stacks(written("philips"))
    frame = study.stacks[study.chosen or 0].frames[2][3]
    assert frame is not None
    (stored,) = _decode_with_simpleitk(frame.file, [frame])
    assert np.abs(stored * frame.slope + frame.intercept - truth.voxels[3, 2]).max() <= 1.25


def test_instance_uids_lead_back_to_the_files(written: Callable[[str], Path]) -> None:
    study = find_stacks(written("siemens"))
    stack = read_stack(study)
    candidate = study.stacks[study.chosen or 0]
    frame = candidate.frames[4][2]
    assert frame is not None
    assert stack.instance_uids[2][4] == frame.file.instance_uid
    assert len({uid for row in stack.instance_uids for uid in row}) == stack.phases * stack.slices
    assert len(candidate.files) == stack.phases * stack.slices
