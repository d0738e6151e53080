"""One entry in a list is enough: a measure and a kind of file added from outside show up in every result."""

from __future__ import annotations

import csv
import dataclasses
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pydicom
import pytest
from CardiacSegmentationLib.analysis import assess, measures
from CardiacSegmentationLib.analysis.measures import Measure
from CardiacSegmentationLib.cli import main
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.export.result_parts import PARTS, Part
from CardiacSegmentationLib.export.results import write_results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.export.result_parts import PartInputs

TITLE = "LV volume twice over"


@pytest.fixture
def a_measure(monkeypatch: pytest.MonkeyPatch) -> Measure:
    """Twice the LV's end-systolic volume."""
    added = Measure("lv", "twice_ml", TITLE, "ml", "mL", "2 × ESV", lambda facts: 2.0 * facts["lv.esv_ml"])
    monkeypatch.setattr(measures, "MEASURES", (*measures.MEASURES, added))
    return added


@pytest.fixture
def an_export(monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with one number; its name."""

    def write(inputs: PartInputs) -> list[Path]:
        path = inputs.folder / "ef.txt"
        with atomic_path(path) as temporary:
            temporary.write_text(inputs.assessment.lv["ef_percent"].text)
        return [path]

    monkeypatch.setitem(PARTS, "ef", Part("ejection fraction", "ef.txt", 0.01, write))
    return "ef"


@pytest.fixture
def measured(dicom_case: Callable[[str], Any], a_measure: Measure) -> Any:
    """A phantom as DICOM, measured with the added measure."""
    case = dicom_case("siemens")
    return dataclasses.replace(case, assessment=assess(case.stack, case.segmentation))


def test_an_added_measure_is_in_tables_sr_and_report(measured: Any, tmp_path: Path) -> None:
    item = measured.assessment.lv["twice_ml"]
    assert item.value == pytest.approx(2.0 * measured.assessment.lv["esv_ml"].value)
    parts = ["measurements", "dicom-sr", "report"]
    write_results(tmp_path, measured.stack, measured.segmentation, measured.assessment, parts)
    with (tmp_path / "measurements.csv").open(newline="", encoding="utf-8-sig") as file:
        assert any(TITLE in row for row in csv.reader(file))
    report = str(pydicom.dcmread(tmp_path / "dicom" / "sr.dcm"))
    assert TITLE in report
    if (program := shutil.which("pdftotext")) is None:
        pytest.skip("pdftotext is not installed (Debian: poppler-utils)")
    done = subprocess.run(
        [program, "-layout", tmp_path / "report.pdf", "-"], capture_output=True, text=True, check=True
    )
    line = next(line for line in done.stdout.splitlines() if TITLE.removeprefix("LV v") in line)
    assert item.text in line


def test_an_added_export_is_written_with_the_others_and_alone(case: Any, an_export: str, tmp_path: Path) -> None:
    for parts in ([an_export], ["slices", an_export]):
        folder = tmp_path / str(len(parts))
        written = write_results(folder, case.stack, case.segmentation, case.assessment, parts)
        assert folder / "ef.txt" in written
        assert (folder / "ef.txt").read_text() == case.assessment.lv["ef_percent"].text


def test_the_command_line_knows_an_added_export(
    an_export: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong is the study, not the part; without the entry the part is."""
    command = ["segment", str(tmp_path / "lost"), "--out", str(tmp_path / "out"), "--only", an_export]
    assert main(command) != 0
    assert "no result called" not in capsys.readouterr().err
    del PARTS[an_export]
    with pytest.raises(SystemExit, match="2"):
        main(command)
    assert "no result called" in capsys.readouterr().err
