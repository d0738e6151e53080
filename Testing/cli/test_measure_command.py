"""``cardiacseg measure``, from files to table and files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK
from CardiacSegmentationLib.cli import main
from CardiacSegmentationLib.export.wording import describe_conventions
from CardiacSegmentationLib.phantom import PhantomSpec, write_study
from CardiacSegmentationLib.reading import Conventions
from CardiacSegmentationLib.segmentation import Label
from cine.spoiling import edit

if TYPE_CHECKING:
    from pathlib import Path

SPACING = (1.5, 1.5, 10.0)


def write_volume(path: Path, phases: np.ndarray, *, rr_s: float = 1.0) -> Path:
    images = []
    for phase in phases:
        image = SimpleITK.GetImageFromArray(phase)
        image.SetSpacing(SPACING)
        image.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, -1))
        images.append(image)
    joined = SimpleITK.JoinSeries(images, 0.0, rr_s / len(images)) if len(images) > 1 else images[0]
    SimpleITK.WriteImage(joined, str(path))
    return path


@pytest.fixture
def labels() -> np.ndarray:
    rows, columns = np.mgrid[:64, :64] - 31.6
    phases = np.zeros((4, 6, 64, 64), np.uint8)
    for phase, radius in zip(phases, (16, 13, 10, 13), strict=True):
        phase[:, np.hypot(rows, columns + 18) < radius - 2] = Label.RV
        phase[:, np.hypot(rows, columns) < radius + 5] = Label.MYO
        phase[:, np.hypot(rows, columns) < radius] = Label.LV
    return phases


Files = Callable[[np.ndarray], list[str]]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    def write(labels: np.ndarray) -> list[str]:
        images = np.where(labels == 3, 300, np.where(labels == 2, 80, 150)).astype(np.int16)
        return [
            str(write_volume(tmp_path / "image.nii.gz", images)),
            str(write_volume(tmp_path / "labels.nii.gz", labels)),
        ]

    return write


def as_json(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, dict[str, float]]]:
    content: dict[str, dict[str, dict[str, float]]] = json.loads(capsys.readouterr().out)
    return content


def test_a_label_map_becomes_a_table_and_four_files(
    files: Files, labels: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = ["--sex", "f", "--age", "50", "--height", "170", "--weight", "65", "--heart-rate", "60"]
    assert main(["measure", *files(labels), "--out", str(tmp_path / "out"), *facts]) == 0
    text = capsys.readouterr().out
    assert "LV ejection fraction" in text
    assert "51–71" in text
    assert describe_conventions(Conventions())["basal_rule"] in text
    assert len(list((tmp_path / "out").iterdir())) == 4
    content = json.loads((tmp_path / "out" / "measurements.json").read_text(encoding="utf-8"))
    edv = np.pi * 24.0**2 * 60 / 1000
    assert content["lv"]["edv_ml"]["value"] == pytest.approx(edv, rel=0.01)
    assert content["lv"]["co_l_min"]["value"] == pytest.approx(content["lv"]["sv_ml"]["value"] * 0.06, rel=1e-3)
    assert content["patient"] == {"sex": "F", "age_years": 50.0, "height_cm": 170.0, "weight_kg": 65.0}


def test_codes_of_another_program_are_understood(
    files: Files, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure", *files(labels), "--json"]) == 0
    ours = as_json(capsys)
    mms = np.array([0, 3, 2, 1], np.uint8)[labels]  # M&Ms: 1 LV, 2 MYO, 3 RV
    assert main(["measure", *files(mms), "--json", "--codes", "lv=1,myo=2,rv=3"]) == 0
    theirs = as_json(capsys)
    assert theirs["lv"] == ours["lv"]
    assert theirs["rv"] == ours["rv"]


def test_phases_conventions_and_heart_rate_follow_the_options(
    files: Files, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--ed", "2", "--es", "3", "--rv-es", "4", "--papillary", "mass", "--bsa", "Haycock", "--json"]
    assert main(["measure", *files(labels), *options]) == 0
    content = as_json(capsys)
    keys = {role: phase["phase"] for role, phase in content["key_phases"].items()}
    assert keys == {"lv_ed": 2, "lv_es": 3, "rv_ed": 2, "rv_es": 4}
    assert content["conventions"]["papillary"] == "mass"
    assert content["conventions"]["bsa_formula"] == "Haycock"


@pytest.mark.parametrize("lost", [("TriggerTime",), ("TriggerTime", "NominalInterval", "HeartRate")])
def test_a_heart_rate_takes_the_place_of_what_was_assumed(
    lost: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Times that no header stated are spread over the beat of the rate named, and nothing says it were not known."""
    study = tmp_path / "study"
    write_study(study, PhantomSpec(phases=14, slices=6, pixel_mm=2.0))
    for path in study.rglob("*.IMA"):
        edit(path, **dict.fromkeys(lost))
    for rate in (50.0, 100.0):
        options = ["--json", "--heart-rate", str(rate)]
        assert main(["measure", str(study), str(study / "labels.nii.gz"), *options]) == 0
        content = as_json(capsys)
        assert content["heart"]["heart_rate_bpm"]["value"] == rate
        assert content["phases"][7]["time_ms"] == pytest.approx(30_000 / rate)
        assert content["lv"]["pfr_ml_s"]["value"] > 0
        about_time = {finding["code"]: finding for finding in content["findings"] if "times-" in finding["code"]}
        assert list(about_time) == ["times-assumed"]
        assert about_time["times-assumed"]["parameters"] == {"rr_ms": 60_000 / rate}


@pytest.mark.parametrize(("rate", "contradicted"), [(65.0, False), (100.0, True)])
def test_a_heart_rate_that_contradicts_the_times_is_told(
    rate: float, contradicted: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And of intervals that vary, the one used is the one named."""
    study = tmp_path / "study"
    write_study(study, PhantomSpec(phases=14, slices=6, pixel_mm=2.0))
    for path in study.rglob("*.IMA"):
        edit(path, NominalInterval="700" if int(path.parent.name[-1]) % 2 else "950")
    options = ["--json", "--heart-rate", str(rate)]
    assert main(["measure", str(study), str(study / "labels.nii.gz"), *options]) == 0
    found = {finding["code"]: finding for finding in as_json(capsys)["findings"]}
    assert ("rr-differs" in found) == contradicted
    if contradicted:
        assert "last 923 ms, longer than the R-R interval of 600 ms" in found["rr-differs"]["message"]
    assert f"{60_000 / rate:.0f} ms is used" in found["rr-varies"]["message"]


def test_single_phase_maps_are_laid_on_the_phases_named(
    files: Files, labels: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, _ = files(labels)
    maps = [str(write_volume(tmp_path / f"{phase}.nii.gz", labels[phase : phase + 1])) for phase in (0, 2)]
    assert main(["measure", image, *maps, "--phase", "1", "3", "--json"]) == 0
    content = as_json(capsys)
    assert (content["key_phases"]["lv_ed"]["phase"], content["key_phases"]["lv_es"]["phase"]) == (1, 3)
    assert content["lv"]["ef_percent"]["value"] == pytest.approx(100 * (1 - (10 / 16) ** 2), abs=0.5)
    assert main(["measure", image, maps[0], "--phase", "5"]) == 1
    assert "There is no phase 5: the images have 4." in capsys.readouterr().err


def test_the_basal_rule_is_applied_unless_all_slices_are_asked_for(
    files: Files, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = labels.copy()
    opened[:, 0, :42][opened[:, 0, :42] == Label.MYO] = 0
    assert main(["measure", *files(opened), "--json", "--basal-rule", "as-labelled"]) == 0
    as_drawn = as_json(capsys)
    assert main(["measure", *files(opened), "--json"]) == 0
    ruled = as_json(capsys)
    assert ruled["lv"]["edv_ml"]["value"] == pytest.approx(as_drawn["lv"]["edv_ml"]["value"] * 5 / 6, rel=1e-3)
    assert ruled["rv"] == as_drawn["rv"]
    assert "basal-slice-left-out" in {finding["code"] for finding in ruled["findings"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--es", "9"], "LV ES: phase 9 was chosen, of 4"),
        (["--phase", "1"], "labels all 4 phases"),
        (["--reading", __file__], "is no reading.json"),
        (["--phase", "1", "2"], "give --phase one number for each map"),
        (["--codes", "lv=1"], "label codes of unknown meaning"),
    ],
)
def test_what_does_not_fit_is_one_clear_line(
    files: Files, labels: np.ndarray, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["measure", *files(labels), *options]) == 1
    error = capsys.readouterr().err
    assert error.startswith("cardiacseg: ")
    assert message in error


@pytest.mark.parametrize(
    "options", [["--codes", "lv"], ["--codes", "lv=1,rv=1"], ["--ed", "0"], ["--height", "-3"], ["--age", "old"]]
)
def test_options_without_sense_are_refused(
    files: Files, labels: np.ndarray, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["measure", *files(labels), *options])
    assert exit_.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_a_dicom_study_and_its_label_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = PhantomSpec(phases=14, pixel_mm=1.8)
    write_study(tmp_path / "study", spec)
    assert main(["measure", str(tmp_path / "study"), str(tmp_path / "study" / "labels.nii.gz"), "--json"]) == 0
    content = as_json(capsys)
    assert content["lv"]["ef_percent"]["value"] == pytest.approx(spec.lv_ef_percent, abs=0.5)
    assert content["lv"]["edv_ml"]["value"] == pytest.approx(spec.lv_edv_ml, rel=0.01)
    assert content["heart"]["heart_rate_bpm"]["value"] == pytest.approx(spec.heart_rate_bpm, rel=0.01)
    assert content["patient"]["sex"] == spec.sex
    assert content["lv"]["per_ml_s"]["value"] > 0
