"""Writing a study: the truth beside it, all or nothing, and the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.cli import main
from CardiacSegmentationLib.errors import PhantomError
from CardiacSegmentationLib.phantom import PhantomSpec, study, write_study
from phantom.written import a_small_spec, the_truth

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ["--phases", "3", "--slices", "7", "--pixel", "4"]


def test_the_truth_file_holds_what_was_asked_for(tmp_path: Path) -> None:
    write_study(tmp_path / "out", a_small_spec("ge", lv_edv_ml=120, lv_ef_percent=40, heart_rate_bpm=80))
    truth = the_truth(tmp_path / "out")
    assert (truth["schema"], truth["version"]) == ("cardiacseg-phantom-truth", 1)
    assert truth["lv"]["edv_ml"] == pytest.approx(120)
    assert truth["lv"]["ef_percent"] == pytest.approx(40)
    assert truth["lv"]["co_l_min"] == pytest.approx(120 * 0.4 * 0.08)
    assert truth["rr_ms"] == 750
    assert truth["lv"]["mass_g"] == pytest.approx(truth["volumes_ml"]["myocardium"][0] * 1.05, rel=1e-4)
    assert truth["spec"]["lv_edv_ml"] == 120
    slices = len(truth["slice_centres_lps_mm"])
    for name in ("lv", "rv", "myocardium", "papillary"):
        areas = np.array(truth["areas_mm2"][name])
        assert areas.shape == (4, slices)
        assert areas.sum(axis=1) * truth["slice_spacing_mm"] / 1000 == pytest.approx(
            truth["simpson_ml"][name], abs=0.01
        )
    assert truth["wall_thickness_mm"]["ed"][0] is None
    assert max(filter(None, truth["wall_thickness_mm"]["es"])) > max(filter(None, truth["wall_thickness_mm"]["ed"]))


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(PhantomError, match="is not empty"):
        write_study(tmp_path, a_small_spec("ge"))
    with pytest.raises(PhantomError, match="holds no phantom"):
        write_study(tmp_path, a_small_spec("ge"), force=True)
    with pytest.raises(PhantomError, match="is a file"):
        write_study(tmp_path / "notes.txt", a_small_spec("ge"))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_force_replaces_a_phantom_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_study(folder, a_small_spec("siemens"))
    (folder / "results.csv").write_text("kept")
    write_study(folder, a_small_spec("enhanced"), force=True)
    assert (folder / "results.csv").read_text() == "kept"
    assert not list(folder.rglob("*.IMA"))
    assert the_truth(folder)["spec"]["layout"] == "enhanced"


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    write_study(tmp_path, a_small_spec("philips"))
    assert {path.name for path in tmp_path.iterdir()} == {"DICOM", "labels.nii.gz", "truth.json"}


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(study, "write_labels", full_disk)
    with pytest.raises(PhantomError, match="No space"):
        write_study(tmp_path / "out", a_small_spec("ge"))
    assert not list(tmp_path.iterdir())


def test_the_command_prints_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    assert main(["phantom", str(folder), "--lv-edv", "140", "--lv-ef", "50", "--layout", "enhanced", *SMALL]) == 0
    printed = capsys.readouterr().out
    for text in (
        "EDV     140.0",
        "ESV      70.0",
        "EF       50.0",
        "one multi-frame object",
        str(folder / "truth.json"),
    ):
        assert text in printed
    assert json.loads((folder / "truth.json").read_text())["spec"]["layout"] == "enhanced"


@pytest.mark.parametrize(
    ("arguments", "text", "code"),
    [
        (["--lv-ef", "99"], "LV ejection fraction", 2),
        (["--slices", "6", "--gap", "0"], "do not cover this heart", 1),
        (["--layout", "none"], "There is no layout", 2),
        (["--lv-mass", "20"], "makes a wall of", 1),
        (["--seed", "-1"], "Seed", 2),
    ],
)
def test_bad_arguments_are_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str, code: int
) -> None:
    assert main(["phantom", str(tmp_path / "out"), *arguments]) == code
    error = capsys.readouterr().err
    assert text in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_options_defaults_are_those_of_the_spec(tmp_path: Path) -> None:
    assert main(["phantom", str(tmp_path / "out"), "--phases", "2", "--layout", "enhanced"]) == 0
    spec = the_truth(tmp_path / "out")["spec"]
    assert PhantomSpec(**spec) == PhantomSpec(phases=2, layout="enhanced")


@pytest.mark.parametrize("limit", [3000, 20_000])
def test_a_disk_that_is_full_is_said_with_the_folder(limit: int, tmp_path: Path) -> None:
    """Among the pixels, where pydicom's error is a traceback; files may be no larger, as nothing fills up here."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(PhantomError, match=r"^\S+out cannot be written \(File too large\)\. Choose another folder"):
            write_study(tmp_path / "out", a_small_spec("siemens"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
