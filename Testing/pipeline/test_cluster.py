"""Batches on many computers: a real Dask scheduler and two real workers, of which some die."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from CardiacSegmentationLib.cli import main
from CardiacSegmentationLib.pipeline import RECORD_FILE, Existing, Options
from CardiacSegmentationLib.pipeline import cluster as cluster_room
from CardiacSegmentationLib.pipeline.cluster import segment_on_cluster
from CardiacSegmentationLib.pipeline.plan import plan_batch
from dask_cluster import ENVIRONMENT, Cluster, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not find_spec("distributed"), reason="Dask is not installed"),
    pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    running = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        running.start_workers()
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def root(painted: tuple[CineStack, Segmentation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten studies and one that cannot be read."""
    import SimpleITK

    folder = tmp_path_factory.mktemp("studies")
    frames = [SimpleITK.GetImageFromArray(frame) for frame in painted[0].voxels[:4]]
    for frame in frames:
        frame.SetSpacing(painted[0].spacing_mm[::-1])
    SimpleITK.WriteImage(SimpleITK.JoinSeries(frames), str(folder / "study0.nii.gz"))
    for number in range(1, 10):
        (folder / f"study{number}.nii.gz").write_bytes((folder / "study0.nii.gz").read_bytes())
    (folder / "broken").mkdir()
    (folder / "broken" / "image.dcm").write_text("no image")
    return folder


@pytest.fixture
def choices(painted_bundle: Path) -> list[str]:
    return ["--model", str(painted_bundle), "--backend", "onnx", "--only", "tables"]


def read_rows(out: Path) -> dict[str, dict[str, str]]:
    """The table, without what may differ from run to run."""
    with (out / "summary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {row.pop("study"): row for row in rows}
    assert len(found) == len(rows), "a study has two rows"
    for row in found.values():
        del row["seconds"]
    return found


@contextmanager
def running_batch(root: Path, out: Path, cluster: Cluster, choices: list[str]) -> Iterator[subprocess.Popen[str]]:
    command = ["batch", str(root), "--out", str(out), "--scheduler", cluster.address, *choices]
    process = subprocess.Popen(
        [sys.executable, "-m", "CardiacSegmentationLib", *command], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finished(out: Path) -> int:
    return len(list(out.glob(f"*/{RECORD_FILE}")))


def test_dask_comes_to_the_same_though_a_worker_dies_and_the_scheduler_is_started_anew(
    root: Path, tmp_path: Path, cluster: Cluster, choices: list[str]
) -> None:
    assert main(["batch", str(root), "--out", str(tmp_path / "alone"), *choices]) == 3
    out = tmp_path / "together"
    with running_batch(root, out, cluster, choices) as process:
        wait_until(lambda: finished(out) >= 1)
        os.kill(cluster.workers()[0], signal.SIGKILL)
        wait_until(lambda: finished(out) >= 4)
        assert process.poll() is None
        cluster.restart()
        assert process.wait(300) == 3
    rows = read_rows(out)
    assert rows == read_rows(tmp_path / "alone")
    assert {row["status"] for name, row in rows.items() if name != "broken"} == {"done"}
    assert "holds no MR images" in rows["broken"]["error"]


def test_a_killed_batch_goes_on_with_resume(root: Path, tmp_path: Path, cluster: Cluster, choices: list[str]) -> None:
    out = tmp_path / "out"
    with running_batch(root, out, cluster, choices):
        wait_until(lambda: finished(out) >= 2)
    command = ["batch", str(root), "--out", str(out), "--scheduler", cluster.address, *choices]
    assert main([*command, "--resume"]) == 3
    statuses = [row["status"] for row in read_rows(out).values()]
    assert statuses.count("failed") == 1
    assert statuses.count("kept") >= 2
    assert statuses.count("kept") + statuses.count("done") == 10


def test_a_row_that_got_lost_is_not_taken_for_older_results(
    root: Path, tmp_path: Path, cluster: Cluster, painted_bundle: Path
) -> None:
    tasks = [task for task in plan_batch(root, tmp_path / "out")[0] if task.name in ("study1", "study2")]
    options = Options(model=painted_bundle, backend="onnx", parts=("tables",))
    assert [row["status"] for row in segment_on_cluster(tasks, options, cluster.address)] == ["done", "done"]
    assert {row["kind"] for row in segment_on_cluster(tasks, options, cluster.address)} == {""}, "refused beforehand"
    work = cluster_room._Work(options)
    assert work(tasks[0])["status"] == "done", "asked by a scheduler that has lost the row"
    assert cluster_room._Work(Options(**{**vars(options), "existing": Existing.RESUME}))(tasks[0])["status"] == "kept"


def test_a_scheduler_that_is_not_there_is_an_error(
    root: Path, tmp_path: Path, choices: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster_room, "CONNECT_S", 0.5)
    command = ["batch", str(root), "--out", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:9", *choices]
    assert main(command) == 1
    assert "The scheduler at tcp://127.0.0.1:9 does not answer" in capsys.readouterr().err


def test_without_dask_the_command_says_what_to_install(
    root: Path, tmp_path: Path, choices: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    command = ["batch", str(root), "--out", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:9", *choices]
    assert main(command) == 1
    assert "pip install 'cardiacseg[batch]'" in capsys.readouterr().err
