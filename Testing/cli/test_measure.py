"""``cardiacseg measure`` and what lies in the folder for its results already."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from base_planes import true_line
from CardiacSegmentationLib.cli import main
from CardiacSegmentationLib.phantom import PhantomSpec
from CardiacSegmentationLib.phantom.geometry import TO_APEX
from CardiacSegmentationLib.phantom.heart import beating_heart
from CardiacSegmentationLib.reading import Reading
from CardiacSegmentationLib.reading_json import reading_to_dict
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def command(written_phantom: Callable[[PhantomSpec], Path]) -> list[str]:
    """Measure a phantom with its true labels."""
    folder = written_phantom(PhantomSpec(slices=6, phases=6, pixel_mm=2.5))
    return ["measure", str(folder), str(folder / "labels.nii.gz")]


def test_tables_of_the_user_are_replaced_only_when_asked(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "measurements.csv"
    table.write_text("the user's own")
    assert main([*command, "--out", str(tmp_path)]) == 1
    assert "files of yours (measurements.csv)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["measurements.csv"]
    assert main([*command, "--out", str(tmp_path), "--force"]) == 0
    assert table.read_text() != "the user's own"


def test_a_finished_run_never_holds_the_numbers_of_another(
    command: list[str], tmp_path: Path, painted_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    choices = ["--model", str(painted_bundle), "--backend", "onnx", "--only", "tables,report"]
    assert main(["segment", command[1], "--out", str(out), *choices]) == 0
    before = {path: path.read_bytes() for path in out.iterdir()}
    assert main([*command, "--papillary", "mass", "--out", str(out)]) == 1
    assert "already holds results" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    assert main([*command, "--papillary", "mass", "--out", str(out), "--force"]) == 0
    assert {path.name for path in out.iterdir()} == {
        "measurements.json", "measurements.csv", "slices.csv", "phases.csv",
    }  # fmt: skip


def test_labels_and_reading_that_are_measured_stay_where_they_are(
    command: list[str], tmp_path: Path, painted_bundle: Path
) -> None:
    out = tmp_path / "out"
    choices = ["--model", str(painted_bundle), "--backend", "onnx", "--only", "tables,labels,reading"]
    assert main(["segment", command[1], "--out", str(out), *choices]) == 0
    given = [str(out / "labels.nii.gz"), "--reading", str(out)]
    assert main(["measure", command[1], *given, "--out", str(out), "--force"]) == 0
    assert (out / "labels.nii.gz").is_file()
    assert (out / "reading.json").is_file()
    assert not (out / "run.json").exists()


def test_another_stack_than_the_chosen_one_can_be_measured(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--stack", "0"]) == 0
    assert main([*command, "--stack", "7"]) == 1
    assert "7" in capsys.readouterr().err


def test_a_base_plane_of_a_reading_is_honoured(command: list[str], tmp_path: Path) -> None:
    spec = PhantomSpec(slices=6, phases=6, pixel_mm=2.5)
    line = true_line(spec, beating_heart(spec), Label.LV, 0)
    lower = tuple(tuple(float(v) for v in np.array(point) + 10.0 * TO_APEX) for point in line.points_mm)
    reading = Reading(base_lines=(replace(line, points_mm=lower),))  # type: ignore[arg-type]
    (tmp_path / "reading.json").write_text(json.dumps(reading_to_dict(reading)))
    volumes = []
    for name, more in (("plain", []), ("read", ["--reading", str(tmp_path / "reading.json")])):
        assert main([*command, "--out", str(tmp_path / name), *more]) == 0
        volumes.append(json.loads((tmp_path / name / "measurements.json").read_text())["lv"]["edv_ml"]["value"])
    assert volumes[1] < 0.9 * volumes[0]
    written = json.loads((tmp_path / "read" / "measurements.json").read_text())
    assert written["corrections"]["base_planes"] == [{"structure": "LV", "views": ["4CH"], "phases": [1]}]
