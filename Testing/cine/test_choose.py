"""Which stack is the short-axis cine: by geometry and by what the other views say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.cine import find_stacks, read_stack, read_study
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Severity
from cine.spoiling import SPEC, Spoilable, chosen, codes, copy_slice, edit, edit_each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.cine import Candidate
    from CardiacSegmentationLib.stack import CineStack


def lay(files: list[list[Path]], row: Any, column: Any, spacing: float = 10.0) -> None:
    """Lay slices of a stack into other planes."""
    normal = np.cross(row, column)
    for index, slice_ in enumerate(files):
        place = [round(float(v), 6) for v in -100 * np.add(row, column) + index * spacing * normal]
        for path in slice_:
            edit(path, ImageOrientationPatient=[*map(float, row), *map(float, column)], ImagePositionPatient=place)


def rename(study: Spoilable, name: str) -> None:
    edit_each(study, {"SeriesDescription": name, "ProtocolName": name})


PLANES = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
}


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("alone", [True, False])
def test_a_body_plane_stack_is_never_chosen_whatever_its_name(ge: Spoilable, plane: str, alone: bool) -> None:
    lay(ge.slices(), *PLANES[plane])
    rename(ge, "cine_stack")
    if alone:
        ge.keep_only([path for path in ge.folder.rglob("*") if "stack" in _description(path)])
    study = find_stacks(ge.folder)
    assert study.chosen is None
    with pytest.raises(StudyError, match="no short-axis cine stack"):
        read_study(ge.folder)


@pytest.mark.parametrize("name", ["cine_bSSFP_4ch", "stack"])
def test_a_four_chamber_stack_is_never_chosen(ge: Spoilable, name: str) -> None:
    view = pydicom.dcmread(ge.images("4ch")[0], stop_before_pixels=True).ImageOrientationPatient
    lay(ge.slices(), list(view[:3]), list(view[3:]))
    rename(ge, name)
    assert find_stacks(ge.folder).chosen is None


def test_long_axis_views_alone_are_a_clear_error(ge: Spoilable) -> None:
    ge.keep_only(ge.images("ch"))
    study = find_stacks(ge.folder)
    assert study.chosen is None
    assert {one.is_short_axis for one in study.stacks} == {False}
    with pytest.raises(StudyError, match=r"CINE_BSSFP_2CH \(1 parallel slice, not a stack\)"):
        read_study(ge.folder)


def test_a_name_is_not_needed(siemens: Spoilable) -> None:
    rename(siemens, "")
    one = chosen(siemens.folder)
    assert one.slices == SPEC.slices


def test_a_misleading_name_does_not_win_over_geometry(ge: Spoilable) -> None:
    rename(ge, "cine 4 chamber")
    assert chosen(ge.folder).slices == SPEC.slices


def test_an_unusual_heart_needs_its_views_and_its_name(ge: Spoilable) -> None:
    # A heart that points to the right: every view is mirrored.
    for path in ge.images("cine"):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        mirrored = [
            round(float(v), 9) * (-1 if i % 3 == 0 else 1) for i, v in enumerate(header.ImageOrientationPatient)
        ]
        x, y, z = (float(v) for v in header.ImagePositionPatient)
        edit(path, ImageOrientationPatient=mirrored, ImagePositionPatient=[-x, y, z])
    one = chosen(ge.folder)
    assert {"unusual-orientation", "base-assumed"} <= set(codes(one))
    apex_is_forward_and_down = one.affine[1, 2] < 0 and one.affine[2, 2] < 0
    assert apex_is_forward_and_down
    rename(ge, "stack")
    assert find_stacks(ge.folder).chosen is None


@pytest.mark.parametrize(("degrees", "expected"), [(15, []), (35, []), (50, ["unusual-orientation"])])
def test_a_tilted_heart_needs_no_name_if_its_views_fit(ge: Spoilable, degrees: float, expected: list[str]) -> None:
    axis, angle = np.array([0.6, 0.8, 0.0]), np.radians(degrees)
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew
    for path in ge.images("cine"):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        vectors = np.array([*header.ImageOrientationPatient, *header.ImagePositionPatient], float).reshape(3, 3)
        row, column, place = (vectors @ turn.T).round(9).tolist()
        edit(path, ImageOrientationPatient=[*row, *column], ImagePositionPatient=place)
    rename(ge, "")
    one = chosen(ge.folder)
    assert (one.slices, codes(one)) == (SPEC.slices, expected)


def test_views_that_do_not_fit_are_said(ge: Spoilable) -> None:
    for view in ("2ch", "3ch", "4ch"):
        lay([[path] for path in ge.images(view)][:1] and [ge.images(view)], *PLANES["coronal"])
    assert "short-axis-doubtful" in codes(chosen(ge.folder))


OTHER_KINDS = {
    "flow": {"SeriesDescription": "flow_250_sax", "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"]},
    "phase image": {"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]},
    "velocity map": {"ImageType": ["ORIGINAL", "PRIMARY", "VELOCITY MAP", "P", "PCA"]},
    "T1 map": {"ImageType": ["DERIVED", "PRIMARY", "T1 MAP", "T1"]},
    "MOLLI": {"SeriesDescription": "T1map_long_MOLLI_sax"},
    "T2 map": {"SeriesDescription": "T2_map_sax"},
    "LGE": {"SeriesDescription": "LGE_psir_sax"},
    "perfusion": {"SeriesDescription": "TFL_perf_sax"},
    "tagging": {"SeriesDescription": "sax_tagging_grid"},
    "inline analysis": {"SeriesDescription": "cine_sax_InlineVF_RESULTS", "ImageType": ["DERIVED", "SECONDARY", "M"]},
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_other_kinds_of_images_are_never_chosen_and_do_not_mix_with_the_cine(
    ge: Spoilable, truth: CineStack, kind: str
) -> None:
    values = {"ProtocolName": "", **OTHER_KINDS[kind]}
    copies = [path for files in ge.slices() for path in copy_slice(files, 50, **values)]
    assert np.array_equal(read_study(ge.folder).voxels, truth.voxels)
    assert not set(copies) & set(chosen(ge.folder).files)
    ge.keep_only(copies)
    assert find_stacks(ge.folder).chosen is None


def test_a_derived_copy_of_the_stack_comes_second(ge: Spoilable) -> None:
    copies = [p for files in ge.slices() for p in copy_slice(files, 60, ImageType=["DERIVED", "SECONDARY", "OTHER"])]
    assert not set(copies) & set(chosen(ge.folder).files)


@pytest.mark.parametrize("layout", ["ge", "siemens"])
def test_two_whole_stacks_stay_apart(layout: str, request: pytest.FixtureRequest) -> None:
    study: Spoilable = request.getfixturevalue(layout)
    files = study.slices()
    for number, slice_ in enumerate(files):
        series = 70 if layout == "ge" else 70 + number
        copy_slice(slice_, series, SeriesDescription="cine_sax_stress")
    found = find_stacks(study.folder)
    short = [one for one in found.stacks if one.is_short_axis]
    assert [(one.slices, one.phases) for one in short] == [(SPEC.slices, SPEC.phases)] * 2
    assert found.chosen is not None
    assert "stress" not in found.stacks[found.chosen].description
    assert "also short-axis" in found.reason


def test_a_repeated_stack_is_taken_instead_of_the_first(ge: Spoilable) -> None:
    copies = [path for files in ge.slices() for path in copy_slice(files, 70)]
    assert set(chosen(ge.folder).files) == set(copies)


def test_patients_and_studies_never_mix(ge: Spoilable) -> None:
    for files in ge.slices()[:3]:
        for path in files:
            edit(path, PatientID="SOMEONE ELSE")
    study = find_stacks(ge.folder)
    assert study.chosen is None
    assert [finding.code for finding in study.findings] == ["several-patients"]
    assert [one.slices for one in study.stacks if one.is_short_axis] == [3, 3]
    for path in ge.images():
        edit(path, PatientID="PHANTOM-0", StudyInstanceUID=f"2.25.{1 if path in ge.slices()[0] else 2}")
    assert "several-studies" in [finding.code for finding in find_stacks(ge.folder).findings]


def crop(path: Path) -> None:
    """Cut columns off the right side of an image."""
    image = pydicom.dcmread(path)
    pixels = image.pixel_array[:, :-4]
    image.Columns, image.PixelData = pixels.shape[1], pixels.tobytes()
    image.save_as(path)


def move(path: Path) -> None:
    """Shift an image by 5 mm in its plane."""
    image = pydicom.dcmread(path, stop_before_pixels=True)
    row = np.array(image.ImageOrientationPatient[:3], float)
    edit(path, ImagePositionPatient=(np.array(image.ImagePositionPatient, float) + 5 * row).round(6).tolist())


def vary(path: Path) -> None:
    edit(path, SequenceVariant=["SS", "SK"])


def parallel_severity(one: Candidate) -> list[Severity]:
    return [finding.severity for finding in one.findings if finding.code in ("parallel-slices", "adjoining-slices")]


@pytest.mark.parametrize("change", [crop, move, vary])
@pytest.mark.parametrize("others", [[0, 1, 2], [1, 3, 5], [0, 1], [5]], ids=str)
def test_a_part_of_the_stack_that_was_scanned_otherwise_is_an_error(
    ge: Spoilable, change: Callable[[Path], None], others: list[int]
) -> None:
    for number, files in enumerate(ge.slices()):
        for path in files if number in others else ():
            change(path)
    one = chosen(ge.folder)
    assert one.slices == SPEC.slices - len(others)
    assert parallel_severity(one) == [Severity.ERROR]
    assert not one.complete


@pytest.mark.parametrize("mm", [0, 2, 5])
def test_a_stack_taken_again_otherwise_takes_nothing_from_the_first(ge: Spoilable, mm: float) -> None:
    for files in ge.slices():
        for path in copy_slice(files, 70, mm):
            vary(path)
    one = chosen(ge.folder)
    assert codes(one) == ["several-stacks"]
    assert one.complete


def test_a_slice_taken_again_otherwise_is_only_a_warning(ge: Spoilable) -> None:
    for path in copy_slice(ge.slices()[2], 70):
        vary(path)
    one = chosen(ge.folder)
    assert parallel_severity(one) == [Severity.WARNING]
    assert one.complete


def take_again(study: Spoilable, series: int, **values: Any) -> None:
    """The short-axis images once more."""
    for files in study.slices():
        copy_slice(files, series, **values)


def turn_names_round(study: Spoilable) -> None:
    """The last image first by name."""
    images = study.images()
    for number, path in enumerate(reversed(images)):
        path.rename(path.with_name(f"{number:05d}"))


@pytest.mark.parametrize(
    ("again", "expected"),
    [
        ({"series": 90}, "90"),
        ({"series": 1}, "5"),
        ({"series": 90, "StudyInstanceUID": "2.25.8", "StudyDate": "20100203"}, "5"),
        ({"series": 1, "StudyInstanceUID": "2.25.8", "StudyDate": "20300203"}, "1"),
    ],
)
def test_of_two_equal_stacks_the_later_is_taken_and_the_other_named_whatever_the_files_are_called(
    ge: Spoilable, again: dict[str, Any], expected: str
) -> None:
    edit_each(ge, {"SeriesNumber": 5})
    take_again(ge, **again)
    before = find_stacks(ge.folder)
    turn_names_round(ge)
    after = find_stacks(ge.folder)
    assert [one.findings for one in before.stacks] == [one.findings for one in after.stacks]
    assert before.chosen is not None
    (finding,) = before.stacks[before.chosen].findings
    assert (finding.code, finding.severity) == ("several-stacks", Severity.WARNING)
    assert f": {before.chosen} (CINE_BSSFP_SAX · {expected} · " in finding.message
    assert f", {1 - before.chosen} (CINE_BSSFP_SAX · " in finding.message
    assert finding in read_study(ge.folder).findings


def test_stacks_of_several_patients_are_refused_until_one_is_named(ge: Spoilable) -> None:
    take_again(ge, 70, StudyInstanceUID="2.25.8", PatientID="B", PatientName="Other^Person", StudyDate="20200101")
    with pytest.raises(StudyError, match=r"of several patients: stack 0 .*stack 1 .*--stack N") as refused:
        read_study(ge.folder)
    assert "2020-01-01" in str(refused.value)
    assert "Other" not in str(refused.value)
    stacks = find_stacks(ge.folder).stacks
    for number in (0, 1):
        assert read_study(ge.folder, stack=number).instance_uids[0][0] == stacks[number].frames[0][0].file.instance_uid


@pytest.mark.parametrize(("keyword", "told"), [("PatientID", "10 patients"), ("StudyInstanceUID", "10 studies")])
def test_slices_that_an_anonymiser_scattered_are_told_where_none_can_be_chosen(
    siemens: Spoilable, keyword: str, told: str
) -> None:
    for path in siemens.folder.rglob("*.IMA"):
        edit(path, **{keyword: f"2.25.{pydicom.dcmread(path, stop_before_pixels=True).SeriesNumber}"})
    with pytest.raises(StudyError, match=told):
        read_study(siemens.folder)


def test_another_patients_long_axis_views_are_no_obstacle(ge: Spoilable) -> None:
    for path in ge.images("ch"):
        edit(path, PatientID="B", StudyInstanceUID="2.25.8")
    assert chosen(ge.folder).slices == SPEC.slices


def test_a_named_stack_that_is_no_short_axis_cine_is_told(ge: Spoilable) -> None:
    study = find_stacks(ge.folder)
    for number, stack in enumerate(study.stacks):
        assert ("not-short-axis" in codes(read_stack(study, number))) == (stack.slices < SPEC.slices)


def test_images_that_a_named_stack_lost_are_told_where_none_is_chosen(ge: Spoilable) -> None:
    for path in ge.images():
        uid = f"2.25.7{pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID[5:40]}"
        edit(path, path.with_name(f"other {path.name}"), PatientID="another", SOPInstanceUID=uid)
    for path in ge.slices()[0]:  # the first of both patients
        edit(path, PixelSpacing=None)
    study = find_stacks(ge.folder)
    assert study.chosen is None
    assert "images-lost" in codes(read_stack(study, 0))


def _description(path: Path) -> str:
    if path.suffix in (".json", ".gz") or not path.is_file():
        return ""
    return str(pydicom.dcmread(path, stop_before_pixels=True).SeriesDescription)


@pytest.mark.parametrize("trigger", [lambda _: "120", lambda at: f"{120 + 900 * at.phase}", None])
def test_a_perfusion_series_without_a_name_is_told_by_its_clock(ge: Spoilable, trigger: Any) -> None:
    edit_each(
        ge,
        lambda at: {
            "AcquisitionTime": f"1012{10 + at.phase:02d}.5",
            "TriggerTime": trigger(at) if trigger else None,
            "SeriesDescription": "sa dynamic",
        },
    )
    study = find_stacks(ge.folder)
    assert study.chosen is None
    assert "one image per heart beat" in study.reason
    german = study.describe_choice("de")
    assert german.startswith("kein Kurzachsen-Cine-Stapel: ")
    assert "ein Bild je Herzschlag" in german
