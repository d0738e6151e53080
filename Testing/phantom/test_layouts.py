"""What is in the files: as vendors write them, valid, and readable by others."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.errors import PhantomError
from CardiacSegmentationLib.phantom import LAYOUTS, layouts, make_stack, write_study
from phantom.written import a_small_spec, the_short_axis_files, the_truth
from pydicom.uid import ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

Study = Callable[[str], Path]


def _headers(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in the_short_axis_files(folder)]


def _voxels_as_written(folder: Path) -> np.ndarray:
    """The short axis [phase, slice, row, column], sorted by what the files say of place and time."""
    frames = {}
    toward_apex = np.array(the_truth(folder)["affine_lps"])[:3, 2]
    for path in the_short_axis_files(folder):
        image = pydicom.dcmread(path)
        if "NumberOfFrames" in image:
            for groups, pixels in zip(image.PerFrameFunctionalGroupsSequence, image.pixel_array, strict=True):
                position = groups.PlanePositionSequence[0].ImagePositionPatient
                time = groups.CardiacSynchronizationSequence[0].NominalCardiacTriggerDelayTime
                frames[round(float(np.dot(position, toward_apex)), 1), float(time)] = pixels
        else:
            where = round(float(np.dot(image.ImagePositionPatient, toward_apex)), 1)
            frames[where, float(image.TriggerTime)] = image.pixel_array * float(image.get("RescaleSlope", 1))
    places, times = (sorted({key[axis] for key in frames}) for axis in (0, 1))
    return np.array([[frames[place, time] for place in places] for time in times])


def test_every_layout_holds_the_voxels_of_the_stack_in_memory(a_study: Study, layout: str) -> None:
    stack, _ = make_stack(a_small_spec(layout))
    written = _voxels_as_written(a_study(layout))
    assert written.shape == stack.voxels.shape
    rounding = 1.25 if layout == "philips" else 0  # half its rescale slope
    assert np.abs(written - stack.voxels.astype(float)).max() <= rounding


def test_simpleitk_reads_the_same_pixels_at_the_same_place(a_study: Study, layout: str) -> None:
    import SimpleITK

    path = the_short_axis_files(a_study(layout))[0]
    image, by_pydicom = SimpleITK.ReadImage(str(path)), pydicom.dcmread(path)
    slope = float(by_pydicom.get("RescaleSlope", 1))
    pixels = SimpleITK.GetArrayFromImage(image).reshape(-1, *by_pydicom.pixel_array.shape[-2:])
    assert (pixels == by_pydicom.pixel_array.reshape(pixels.shape) * slope).all()
    if layout != "enhanced":  # of frames that repeat a place, as a cine's do, GDCM gives no geometry
        affine = np.array(the_truth(a_study(layout))["affine_lps"])
        assert image.GetSpacing()[:2] == pytest.approx((4.0, 4.0))
        corner = affine[:3, 3] if layout != "ge" else affine[:3] @ [0, 0, 6, 1]
        assert image.GetOrigin() == pytest.approx(corner, abs=1e-4)
        direction = np.array(image.GetDirection()).reshape(3, 3)
        assert direction[:, :2] == pytest.approx(affine[:3, :2] / 4.0, abs=1e-5)


def test_labels_lie_on_the_grid_of_the_stack_in_ras_and_lps_alike(a_study: Study) -> None:
    import SimpleITK

    image = SimpleITK.ReadImage(str(a_study("siemens") / "labels.nii.gz"))
    truth = the_truth(a_study("siemens"))
    _, segmentation = make_stack(a_small_spec("siemens"))
    assert (SimpleITK.GetArrayFromImage(image) == segmentation.labels).all()
    volume = image[..., 0]
    for index in ((0, 0, 0), (10, 3, 2), (5, 40, 6)):
        expected = np.array(truth["affine_lps"]) @ [*index, 1]
        assert volume.TransformIndexToPhysicalPoint(index) == pytest.approx(expected[:3], abs=1e-3)


def test_siemens_gives_every_slice_its_own_series(a_study: Study) -> None:
    headers = _headers(a_study("siemens"))
    by_series: dict[str, set[tuple[float, ...]]] = {}
    for header in headers:
        by_series.setdefault(header.SeriesInstanceUID, set()).add(tuple(header.ImagePositionPatient))
        assert "SpacingBetweenSlices" not in header
    assert [len(places) for places in by_series.values()] == [1] * 7
    assert sorted({float(h.TriggerTime) for h in headers}) == [0, 230.8, 461.5, 692.3]


def test_ge_puts_all_slices_in_one_series_apex_first(a_study: Study) -> None:
    headers = _headers(a_study("ge"))
    assert len({h.SeriesInstanceUID for h in headers}) == 1
    assert [int(h.InstanceNumber) for h in headers] == list(range(1, 29))
    truth = the_truth(a_study("ge"))
    last = np.array(truth["affine_lps"]) @ [0, 0, 6, 1]
    assert list(headers[0].ImagePositionPatient) == pytest.approx(last[:3], abs=1e-4)
    assert float(headers[0].SpacingBetweenSlices) == truth["slice_spacing_mm"]


def test_philips_tells_phases_by_trigger_time_alone(a_study: Study) -> None:
    headers = _headers(a_study("philips"))
    assert {int(h.TemporalPositionIdentifier) for h in headers} == {1}
    assert len({float(h.TriggerTime) for h in headers}) == 4
    assert {float(h.RescaleSlope) for h in headers} == {2.5}
    assert {h.file_meta.TransferSyntaxUID for h in headers} == {ImplicitVRLittleEndian}
    assert {Path(h.filename).suffix for h in headers} == {""}


def test_enhanced_says_place_and_time_in_functional_groups(a_study: Study) -> None:
    (header,) = _headers(a_study("enhanced"))
    assert int(header.NumberOfFrames) == 28
    indices = [tuple(g.FrameContentSequence[0].DimensionIndexValues) for g in header.PerFrameFunctionalGroupsSequence]
    assert indices == [(1, place + 1, phase + 1) for place in range(7) for phase in range(4)]
    groups = [pydicom.datadict.keyword_for_tag(item.DimensionIndexPointer) for item in header.DimensionIndexSequence]
    assert groups == ["StackID", "InStackPositionNumber", "NominalCardiacTriggerDelayTime"]


@pytest.mark.parametrize(
    ("layout", "syntax"), [("rle", RLELossless), ("jpeg2000", JPEG2000Lossless), ("jpegls", JPEGLSLossless)]
)
def test_compressed_layouts_are_compressed(a_study: Study, layout: str, syntax: str) -> None:
    assert {h.file_meta.TransferSyntaxUID for h in _headers(a_study(layout))} == {syntax}


def test_the_study_has_long_axes_and_a_localizer_in_the_same_frame_of_reference(a_study: Study, layout: str) -> None:
    folder = a_study(layout)
    truth = the_truth(folder)
    first = [pydicom.dcmread(folder / s["files"][0], stop_before_pixels=True) for s in truth["series"]]
    words = " ".join(s["description"].lower() for s in truth["series"])
    assert all(name in words for name in ("2ch", "3ch", "4ch", "localizer", "sax"))
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID"):
        assert len({getattr(image, keyword) for image in first}) == 1
    uids = [
        pydicom.dcmread(folder / n, stop_before_pixels=True).SOPInstanceUID for s in truth["series"] for n in s["files"]
    ]
    assert len(set(uids)) == len(uids)
    assert (float(first[0].PatientSize), float(first[0].PatientWeight)) == (1.76, 75)


def test_long_axis_planes_contain_the_lvs_axis(a_study: Study) -> None:
    folder = a_study("ge")
    truth = the_truth(folder)
    axis = np.array(truth["affine_lps"])[:3, 2] / truth["slice_spacing_mm"]
    for series in truth["series"]:
        if "CH" in series["description"]:
            image = pydicom.dcmread(folder / series["files"][0])
            row, column = np.reshape(image.ImageOrientationPatient, (2, 3)).astype(float)
            normal = np.cross(row, column)
            assert abs(normal @ axis) < 1e-5
            for centre in truth["slice_centres_lps_mm"]:
                assert abs(normal @ (np.array(centre) - image.ImagePositionPatient)) < 1e-3


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, layout: str) -> None:
    def digests(name: str, seed: int) -> dict[str, str]:
        folder = tmp_path / name
        write_study(folder, a_small_spec(layout, phases=2, seed=seed))
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    once, again, other = digests("once", 3), digests("again", 3), digests("other", 4)
    assert once == again
    assert {name for name in once if once[name] == other[name]} == {"labels.nii.gz"}


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian: dicom3tools) is not installed")
def test_dciodvfy_finds_no_error(a_study: Study, layout: str) -> None:
    folder = a_study(layout)
    for series in the_truth(folder)["series"]:
        result = subprocess.run(
            ["dciodvfy", "-new", folder / series["files"][-1]], capture_output=True, text=True, check=False
        )
        assert "Error" not in result.stderr + result.stdout, result.stderr
        assert "Image" in result.stderr  # it knew what it looked at


def test_a_missing_codec_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent:
        is_available = False

    monkeypatch.setattr("pydicom.pixels.encoders.base.get_encoder", lambda _: Absent())
    with pytest.raises(PhantomError, match="pip install pyjpegls"):
        write_study(tmp_path / "out", a_small_spec("jpegls"))
    assert not list(tmp_path.iterdir())


def test_an_unknown_layout_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(PhantomError, match="siemens, ge, philips, enhanced"):
        write_study(tmp_path / "out", a_small_spec("toshiba"))


def test_a_layout_is_one_registered_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "LAYOUTS", dict(LAYOUTS))

    @layouts.layout("flat", "everything in one folder")
    def flat(spec, study):
        for count, (_, image) in enumerate(layouts.siemens(spec, study)):
            yield f"{count:05d}", image

    write_study(tmp_path / "out", a_small_spec("flat"))
    assert (tmp_path / "out" / "00000").is_file()
