"""``cardiacseg info``: what people and programs read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from CardiacSegmentationLib.cli import main
from cine.spoiling import SPEC, Spoilable, copy_slice

if TYPE_CHECKING:
    from pathlib import Path


def test_json_holds_what_other_programs_need(every_layout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(every_layout), "--json"]) == 0
    study = json.loads(capsys.readouterr().out)
    assert study["schema"] == "cardiacseg-info/2"
    one = study["stacks"][study["chosen"]]
    assert (one["slices"], one["phases"]) == (SPEC.slices, SPEC.phases)
    assert one["spacing_mm"] == pytest.approx([one["gap_mm"] + one["slice_thickness_mm"], 3.0, 3.0], abs=1e-3)
    assert one["times_ms"] == pytest.approx(SPEC.times_ms, abs=1e-2)
    assert one["rr_ms"] == pytest.approx(SPEC.rr_ms, abs=0.5)
    assert (one["is_short_axis"], one["complete"], one["findings"]) == (True, True, [])
    assert all((every_layout / file).is_file() for file in one["files"])
    others = {"description", "kind", "format", "rows", "columns", "affine_lps"}
    assert others <= set(one)
    assert study["reason"]
    assert {file for out in study["left_out"] for file in out["files"]} == {"truth.json", "labels.nii.gz"}


def test_people_read_a_table_and_sentences(ge: Spoilable, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ge.slices()[2]:
        path.unlink()
    assert main(["info", str(ge.folder)]) == 0
    text = capsys.readouterr().out
    assert "→  0      CINE_BSSFP_SAX  6       8" in text
    assert "Stack 0 would be segmented: the short-axis cine stack with 6 slices and 8 phases." in text
    assert "✗ Slice 3 is missing" in text
    assert "1 file (truth.json): not DICOM" in text
    assert max(map(len, text.splitlines())) < 200


def test_long_axis_views_alone_are_told_and_fail(ge: Spoilable, capsys: pytest.CaptureFixture[str]) -> None:
    ge.keep_only(ge.images("ch"))
    assert main(["info", str(ge.folder), "--json"]) == 1
    output = capsys.readouterr()
    study = json.loads(output.out)
    assert study["chosen"] is None
    assert "no short-axis cine stack" in study["reason"]
    assert output.err.startswith(f"cardiacseg: {ge.folder}: no short-axis cine stack")
    assert len(study["stacks"]) == 3


@pytest.mark.parametrize("content", [None, b"a text\n"])
def test_what_cannot_be_read_is_one_line_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    if content:
        (tmp_path / "image.dcm").write_bytes(content)
    assert main(["info", str(tmp_path), "--json"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert str(tmp_path) in output.err


def test_a_terminal_that_knows_only_ascii_is_no_obstacle(ge: Spoilable) -> None:
    odd = ge.folder.with_name(os.fsdecode(b"caf\xe9 study"))
    ge.folder.rename(odd)
    for arguments in ([], ["--json"]):
        command = [sys.executable, "-m", "CardiacSegmentationLib", "info", str(odd), *arguments]
        done = subprocess.run(
            command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"CINE_BSSFP_SAX" in done.stdout


def test_segment_takes_the_stack_and_the_acquisition_that_are_named(
    ge: Spoilable, painted_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_slice(ge.slices()[2], 70)

    def findings(*choices: str) -> set[str]:
        out = tmp_path / "out"
        model = ("--model", str(painted_bundle), "--backend", "onnx", "--only", "measurements", "--force")
        assert main(["segment", str(ge.folder), "--out", str(out), *model, *choices]) == 0
        return {finding["message"] for finding in json.loads((out / "measurements.json").read_text())["findings"]}

    assert any("series 70 is used" in text for text in findings())
    assert any("series 70 are not" in text for text in findings("--reacquired", "first", "--stack", "0"))
    capsys.readouterr()
    assert main(["segment", str(ge.folder), "--out", str(tmp_path / "none"), "--stack", "9"]) == 1
    assert "has no stack 9" in capsys.readouterr().err
