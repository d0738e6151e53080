"""``cardiacseg segment``, ``batch`` and ``demo`` as a user or a program starts them."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.cli import main
from CardiacSegmentationLib.cli.progress import ProgressBar, duration
from CardiacSegmentationLib.locks import is_alive
from CardiacSegmentationLib.network import bundle
from CardiacSegmentationLib.pipeline import RECORD_FILE, Progress

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

COMMAND = (sys.executable, "-m", "CardiacSegmentationLib")
UNFINISHED = ".cardiacseg-unfinished-"


@pytest.fixture(scope="module")
def study(painted: tuple[CineStack, Segmentation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The painted phantom as a 4D NIfTI file."""
    import SimpleITK

    stack, _ = painted
    path = tmp_path_factory.mktemp("study") / "patient.nii.gz"
    frames = [SimpleITK.GetImageFromArray(frame) for frame in stack.voxels]
    for frame in frames:
        frame.SetSpacing(stack.spacing_mm[::-1])
    SimpleITK.WriteImage(SimpleITK.JoinSeries(frames), str(path))
    return path


@pytest.fixture
def choices(painted_bundle: Path) -> list[str]:
    return ["--model", str(painted_bundle), "--backend", "onnx", "--only", "tables,labels"]


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()} if folder.exists() else set()


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_results_go_into_a_folder_whose_name_is_no_utf_8(study: Path, tmp_path: Path, choices: list[str]) -> None:
    """In a process of its own: libraries in C++ end it over a name they cannot read."""
    out = tmp_path / os.fsdecode(b"gr\xfcn")  # Latin-1, as older systems wrote it
    try:
        out.mkdir()
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    parts = "slicer,scene" if find_spec("slicer") else "slicer"
    command = [*COMMAND, "segment", str(study), "--out", str(out), *choices[:-1], parts]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stderr
    assert {"segmentation_ED.seg.nrrd", "segmentation_ES.seg.nrrd"} <= files_in(out)
    assert ("scene.mrb" in files_in(out)) == ("scene" in parts)


def test_a_study_is_segmented_and_its_numbers_printed(
    study: Path, tmp_path: Path, choices: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["segment", str(study), "--out", str(tmp_path / "out"), *choices]) == 0
    printed = capsys.readouterr()
    assert "labels.nii.gz" in printed.out
    assert all("%" in line for line in printed.err.splitlines()), "nothing but progress, where it takes long"
    measurements = json.loads((tmp_path / "out" / "measurements.json").read_text())
    assert measurements["lv"]["ef_percent"]["value"] == pytest.approx(60, abs=1.5)


def test_every_line_of_json_progress_is_one_object_and_the_last_says_where_the_files_are(
    study: Path, tmp_path: Path, choices: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["segment", str(study), "--out", str(tmp_path / "out"), "--json-progress", *choices]) == 0
    *reports, last = json_lines(capsys.readouterr().out)
    assert {"read", "model", "segment", "measure", "export", "done"} == {report["stage"] for report in reports}
    assert all(set(report) == {"stage", "fraction", "seconds_left", "message"} for report in reports)
    assert last["done"] is True
    assert last["files"]["labels.nii.gz"] == str(tmp_path / "out" / "labels.nii.gz")
    assert last["summary"]["lv_ef_percent"] == pytest.approx(60, abs=1.5)


def test_an_error_is_a_json_line_and_exit_code_1(
    tmp_path: Path, choices: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["segment", str(tmp_path / "nothing"), "--out", str(tmp_path / "out"), "--json-progress", *choices]
    assert main(arguments) == 1
    last = json_lines(capsys.readouterr().out)[-1]
    assert "does not exist" in last["error"]
    assert last["kind"] == "StudyError"
    assert last["cancelled"] is False


def test_a_folder_that_cannot_be_made_is_one_line_with_a_remedy(
    study: Path, tmp_path: Path, choices: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["segment", str(study), "--out", str(tmp_path / "file" / "below"), *choices]) == 1
    (said,) = capsys.readouterr().err.splitlines()  # before any work
    assert said.startswith(f"cardiacseg: {tmp_path / 'file' / 'below'} cannot be made (")
    assert said.endswith("Name another folder for the results.")


def test_labels_alone_need_no_folder(study: Path, tmp_path: Path, choices: list[str]) -> None:
    labels = tmp_path / "labels.nii.gz"
    assert main(["segment", str(study), "--labels", str(labels), *choices]) == 0
    assert files_in(tmp_path) == {"labels.nii.gz"}


def test_the_report_comes_on_the_paper_asked_for(study: Path, tmp_path: Path, painted_bundle: Path) -> None:
    choices = ["--model", str(painted_bundle), "--backend", "onnx", "--only", "report", "--paper", "Letter"]
    assert main(["segment", str(study), "--out", str(tmp_path / "out"), *choices]) == 0
    assert b"/MediaBox [ 0 0 612 792 ]" in (tmp_path / "out" / "report.pdf").read_bytes()


def test_a_second_run_stops_resumes_or_replaces_as_asked(
    study: Path, tmp_path: Path, choices: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["segment", str(study), "--out", str(tmp_path / "out"), *choices]
    assert main(command) == 0
    record = tmp_path / "out" / RECORD_FILE
    written = record.stat().st_mtime_ns
    assert main(command) == 1
    assert "--resume" in capsys.readouterr().err
    assert main([*command, "--resume"]) == 0
    assert "were kept" in capsys.readouterr().out
    assert record.stat().st_mtime_ns == written
    assert main([*command, "--force"]) == 0
    assert record.stat().st_mtime_ns > written


def start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_stage(process: subprocess.Popen[str], stage: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["stage"] == stage:
            return
    pytest.fail(f"the run ended before {stage}")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_cleanly(study: Path, tmp_path: Path, choices: list[str], number: int) -> None:
    process = start(["segment", str(study), "--out", str(tmp_path / "out"), "--json-progress", *choices])
    wait_for_stage(process, "segment")
    process.send_signal(number)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert json_lines(out)[-1]["cancelled"] is True
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_killed_run_leaves_no_half_written_file_and_the_next_one_finishes(
    study: Path, tmp_path: Path, choices: list[str]
) -> None:
    out = tmp_path / "out"
    command = ["segment", str(study), "--out", str(out), "--json-progress", *choices]
    process = start(command)
    wait_for_stage(process, "export")
    process.kill()
    process.communicate(timeout=60)
    finished = (out / RECORD_FILE).exists()  # it may have been faster than the signal
    in_sight = {path.name for path in out.iterdir() if not path.name.startswith(UNFINISHED)} if out.exists() else set()
    assert finished or RECORD_FILE not in in_sight
    assert main([*command, "--resume"]) == 0
    assert files_in(out) == {
        "labels.nii.gz", "measurements.json", "measurements.csv", "patient.csv", "slices.csv", "phases.csv",
        RECORD_FILE,
    }  # fmt: skip


def make_batch(root: Path, study: Path) -> None:
    """Two good studies, one of text, one of nothing."""
    root.mkdir()
    for name in ("a", "b"):
        (root / f"{name}.nii.gz").write_bytes(study.read_bytes())
    (root / "=broken").mkdir()
    (root / "=broken" / "image.dcm").write_text("no image")
    (root / "empty").mkdir()


def read_rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["study"]: row for row in csv.DictReader(file)}


def test_a_batch_goes_on_after_a_failed_study_and_says_why(
    study: Path, tmp_path: Path, choices: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    make_batch(tmp_path / "root", study)
    out = tmp_path / "out"
    command = ["batch", str(tmp_path / "root"), "--out", str(out), "--jobs", "2", *choices]
    assert main(command) == 3
    rows = read_rows(out / "summary.csv")
    assert {name: row["status"] for name, row in rows.items()} == {
        "a": "done", "b": "done", "'=broken": "failed", "empty": "failed",
    }  # fmt: skip
    assert float(rows["a"]["lv_ef_percent"]) == pytest.approx(60, abs=1.5)
    assert "holds no files" in rows["empty"]["error"]
    assert (out / "a" / "measurements.json").is_file()
    assert not (out / "empty").exists()

    capsys.readouterr()
    assert main(command) == 1
    assert "--resume" in capsys.readouterr().err
    (tmp_path / "root" / "empty" / "now.nii.gz").write_bytes(study.read_bytes())
    assert main([*command, "--resume"]) == 3
    rows = read_rows(out / "summary.csv")
    assert {name: row["status"] for name, row in rows.items()} == {
        "a": "kept", "b": "kept", "'=broken": "failed", "empty": "done",
    }  # fmt: skip
    assert rows["a"]["lv_ef_percent"] == rows["empty"]["lv_ef_percent"]


def test_every_entry_that_is_no_study_has_its_row(
    study: Path, tmp_path: Path, choices: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    import pydicom
    from CardiacSegmentationLib.phantom import PhantomSpec, write_study

    root, out = tmp_path / "root", tmp_path / "out"
    root.mkdir()
    with tarfile.open(root / "packed.tar.xz", "w:xz", preset=0) as archive:
        archive.add(study, study.name)
    write_study(tmp_path / "enhanced", PhantomSpec(slices=6, phases=6, pixel_mm=2.5, layout="enhanced"))
    whole = tmp_path / "enhanced" / "05_sax.dcm"
    (root / "whole.dcm").write_bytes(whole.read_bytes())
    single = pydicom.dcmread(whole)
    single.NumberOfFrames = 1
    single.save_as(root / "single.dcm")
    (root / "readme.txt").write_text("no study")
    assert main(["batch", str(root), "--out", str(out), *choices]) == 0
    rows = read_rows(out / "summary.csv")
    assert {name: row["status"] for name, row in rows.items()} == {
        "packed": "done", "whole": "done", "single.dcm": "skipped", "readme.txt": "skipped",
    }  # fmt: skip
    assert "neither a folder nor" in rows["readme.txt"]["error"]
    assert "a single DICOM file" in rows["single.dcm"]["error"]
    assert "readme.txt: skipped" in capsys.readouterr().err


def test_a_batch_replaces_no_finished_result_unless_asked(study: Path, tmp_path: Path, choices: list[str]) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.nii.gz").write_bytes(study.read_bytes())
    out = tmp_path / "out"
    assert main(["segment", str(study), "--out", str(out / "a"), *choices]) == 0
    (out / "a" / "measurements.json").write_text("corrected by hand")
    command = ["batch", str(tmp_path / "root"), "--out", str(out), *choices]
    assert main(command) == 3
    assert "already holds results" in read_rows(out / "summary.csv")["a"]["error"]
    assert (out / "a" / "measurements.json").read_text() == "corrected by hand"
    assert main([*command, "--force"]) == 0
    assert (out / "a" / "measurements.json").read_text() != "corrected by hand"


def test_a_batch_beside_its_studies_goes_on(study: Path, tmp_path: Path, choices: list[str]) -> None:
    root = tmp_path / "root"
    (root / "b").mkdir(parents=True)
    for name in ("a.nii.gz", "b/images.nii.gz"):
        (root / name).write_bytes(study.read_bytes())
    command = ["batch", str(root), "--out", str(root), *choices]
    assert main(command) == 0
    assert main([*command, "--resume"]) == 0
    rows = read_rows(root / "summary.csv")
    assert {name: row["status"] for name, row in rows.items()} == {"a": "kept", "b": "kept"}


@pytest.mark.parametrize("number", ["-1", "0", "two", "²"])
def test_cores_are_counted_from_1(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["segment", "study", "--out", "out", "--threads", number])
    assert exit_.value.code == 2
    assert f"{number} is no number from 1" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_batch_survives_the_death_of_a_worker(study: Path, tmp_path: Path, choices: list[str]) -> None:
    make_batch(tmp_path / "root", study)
    out = tmp_path / "out"
    process = start(["batch", str(tmp_path / "root"), "--out", str(out), "--json-progress", *choices])
    worker = _first_child(process.pid)
    os.kill(worker, signal.SIGKILL)
    process.communicate(timeout=300)
    rows = read_rows(out / "summary.csv")
    assert len(rows) == 4
    died = [row for row in rows.values() if "process ended" in row["error"]]
    assert len(died) == 1
    assert process.returncode == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_cancelled_batch_ends_its_workers(study: Path, tmp_path: Path, choices: list[str]) -> None:
    make_batch(tmp_path / "root", study)
    process = start(["batch", str(tmp_path / "root"), "--out", str(tmp_path / "out"), *choices])
    worker = _first_child(process.pid)
    process.terminate()
    process.communicate(timeout=120)
    assert process.returncode == 130
    deadline = time.monotonic() + 30
    while is_alive(worker):
        assert time.monotonic() < deadline, "the worker outlived its batch"
        time.sleep(0.1)


def test_a_batch_of_nothing_is_an_error(tmp_path: Path, choices: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "root").mkdir()
    assert main(["batch", str(tmp_path / "root"), "--out", str(tmp_path / "out"), *choices]) == 1
    assert "holds no studies" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_a_network_the_demo_says_so_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bundle, "DEFAULT", "no-such-model")
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 1
    assert "holds no network" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_the_demo_takes_the_users_own_study(
    study: Path, tmp_path: Path, choices: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", str(study), "--out", str(tmp_path / "out"), *choices]) == 0
    printed = capsys.readouterr().out
    assert f"Results: {tmp_path / 'out'}" in printed
    assert "Not a medical device" in printed


def test_the_bar_shows_stage_share_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar(sys.stderr)
    bar(Progress("segment", 0.5, 65.0, "Segmenting"))
    shown = capsys.readouterr().err
    assert "50 %  Segmenting  1 min 5 s left" in shown
    bar(Progress("done", 1.0, 0.0, "Done"))
    assert capsys.readouterr().err.strip() == ""


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59.4, "59 s"), (61, "1 min 1 s"), (7300, "2 h 1 min"), (-1, "0 s")]
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def _first_child(pid: int) -> int:
    """The first worker of a batch; multiprocessing's own helper process does not count."""
    for _ in range(600):
        found = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
        )
        for line in found.stdout.splitlines():
            if "spawn_main" in line:
                return int(line.split()[0])
        time.sleep(0.05)
    return pytest.fail("no worker was started")
