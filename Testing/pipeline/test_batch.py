"""What a batch leaves beside its studies, and what it costs beside their work."""

from __future__ import annotations

import csv
import json
import os
from html.parser import HTMLParser
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.cine import open_study
from CardiacSegmentationLib.cli import main
from CardiacSegmentationLib.export.overview import TILE_PIXELS, write_thumbnail
from CardiacSegmentationLib.locks import locked
from CardiacSegmentationLib.network import loaded
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.pipeline import Existing, Options, batch
from CardiacSegmentationLib.pipeline.batch import segment_one
from CardiacSegmentationLib.pipeline.plan import NO_STUDY, plan_batch
from CardiacSegmentationLib.pipeline.record import SCHEMA, VERSION, fingerprint
from CardiacSegmentationLib.pipeline.table import COLUMNS, WITHHELD_ERROR, BatchTables

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


class Page(HTMLParser):
    """Rows, links and pictures of the overview."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        facts = dict(attributes)
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
        elif tag == "a":
            self.links.append(str(facts["href"]))
        elif tag == "img":
            self.pictures.append(str(facts["src"]))
        assert tag != "script"

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def row(study: str, status: str = "done", **facts: Any) -> dict[str, Any]:
    return {"study": study, "status": status, "lv_ef_percent": 55.0, **facts}


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_overview_shows_the_worst_doubts_first(tmp_path: Path) -> None:
    for name in ("calm", "a b/<i>&"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "report.pdf").touch()
    (tmp_path / "calm" / "view.html").touch()
    (tmp_path / "thumbnails").mkdir()
    (tmp_path / "thumbnails" / "calm.png").touch()
    tables = BatchTables(tmp_path)
    tables.add(row("calm", warnings=0, errors=0))
    tables.add(row("skipped", "skipped", error="no study"))
    tables.add(row("a b/<i>&", warnings=5, errors=0, warning_codes="few-slices no-motion"))
    tables.add(row("wrong", "kept", warnings=2, errors=1, warning_codes="part-not-written"))
    tables.add({"study": "=cmd", "status": "failed", "error": "<script>alert(1)</script>"})
    tables.close()
    page = Page((tmp_path / "overview.html").read_text())
    assert [cells[1].split(" ·")[0] for cells in page.rows[1:]] == ["=cmd", "wrong", "a b/<i>&", "calm", "skipped"]
    assert page.links == ["a%20b/%3Ci%3E%26/report.pdf", "calm/view.html", "calm/report.pdf"]
    assert page.pictures == ["thumbnails/calm.png"]
    assert page.rows[1][-1].strip() == "<script>alert(1)</script>"


def test_parquet_holds_what_the_csv_file_holds_with_types(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    tables = BatchTables(tmp_path)
    tables.add(row("a", slices=10, lv_ed_phase=1, seconds=3.5, warning_codes="x"))
    tables.add({"study": "=b", "status": "failed", "error": "broken"})
    tables.close()
    found = parquet.read_table(tmp_path / "summary.parquet")
    assert tuple(found.column_names) == COLUMNS
    first, second = found.to_pylist()
    assert (first["slices"], first["lv_ed_phase"], first["lv_ef_percent"], first["seconds"]) == (10, 1, 55.0, 3.5)
    assert (second["study"], second["error"], second["lv_ef_percent"]) == ("=b", "broken", None)
    with (tmp_path / "summary.csv").open(newline="") as file:
        assert [line["study"] for line in csv.DictReader(file)] == ["a", "'=b"]


def test_deidentified_tables_do_not_hold_what_errors_say(
    tmp_path: Path, painted_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    root.mkdir()
    (root / "a.nii").write_bytes(b"broken")
    (root / "b.txt").touch()
    command = ["batch", str(root), "--out", str(out), "--model", str(painted_bundle), "--deidentify"]
    assert main(command) == 3
    assert {row["study"]: row["error"] for row in read_rows(out / "summary.csv")} == {
        "a": f"StudyError: {WITHHELD_ERROR}", "b.txt": NO_STUDY,
    }  # fmt: skip
    assert str(root) in capsys.readouterr().err
    assert not any(str(root).encode() in path.read_bytes() for path in out.iterdir())


def test_a_thumbnail_shows_the_heart_at_both_moments(tmp_path: Path, painted: tuple[CineStack, Segmentation]) -> None:
    from PIL import Image

    write_thumbnail(*painted, tmp_path / "a.png")
    shown = np.asarray(Image.open(tmp_path / "a.png"))
    assert shown.shape == (TILE_PIXELS, 2 * TILE_PIXELS, 3)
    orange = (shown == (213, 94, 0)).all(axis=2)  # the LV's contour
    assert orange[:, :TILE_PIXELS].sum() > orange[:, TILE_PIXELS:].sum() > 10, "larger in diastole"


def test_a_batch_is_whole_with_its_overview(
    tmp_path: Path, painted: tuple[CineStack, Segmentation], painted_bundle: Path
) -> None:
    import SimpleITK

    frames = [SimpleITK.GetImageFromArray(frame) for frame in painted[0].voxels[:2]]
    for frame in frames:
        frame.SetSpacing(painted[0].spacing_mm[::-1])
    (tmp_path / "root" / "site").mkdir(parents=True)
    SimpleITK.WriteImage(SimpleITK.JoinSeries(frames), str(tmp_path / "root" / "site" / "a.nii.gz"))
    out = tmp_path / "out"
    command = ["batch", str(tmp_path / "root"), "--out", str(out), "--model", str(painted_bundle)]
    command += ["--backend", "onnx", "--only", "report,patient"]
    assert main(command) == 0
    (row,), (alone,) = (read_rows(path) for path in (out / "summary.csv", out / "site" / "patient.csv"))
    assert {name: row[name] for name in alone} == alone, "the same columns, the same numbers"
    assert list(row)[-len(alone) :] == list(alone)
    page = Page((out / "overview.html").read_text())
    assert page.links == ["site/report.pdf"]
    assert (out / page.pictures[0]).is_file()
    with locked(out):
        assert main([*command, "--resume"]) == 1, "two batches never write into one folder"
    assert main([*command, "--resume"]) == 0
    assert Page((out / "overview.html").read_text()).pictures == page.pictures, "kept studies keep their picture"


def test_a_study_without_its_picture_is_done(
    tmp_path: Path, painted: tuple[CineStack, Segmentation], painted_bundle: Path
) -> None:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(painted[0].voxels[0])
    image.SetSpacing(painted[0].spacing_mm[::-1])
    (tmp_path / "root").mkdir()
    SimpleITK.WriteImage(image, str(tmp_path / "root" / "a.nii.gz"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thumbnails").touch()  # in the way, as a full disk or a name that is too long is
    [task], _ = plan_batch(tmp_path / "root", tmp_path / "out")
    row = segment_one(task, Options(model=painted_bundle, backend="onnx", parts=("patient",)))
    assert row is not None
    assert (row["status"], row.get("error")) == ("done", None)
    assert (task.folder / "patient.csv").is_file()


def test_names_with_bytes_that_are_no_text_stop_no_batch(
    tmp_path: Path, painted: tuple[CineStack, Segmentation], painted_bundle: Path
) -> None:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(painted[0].voxels[0])
    image.SetSpacing(painted[0].spacing_mm[::-1])
    SimpleITK.WriteImage(image, str(tmp_path / "a.nii.gz"))
    root, out = tmp_path / "root", tmp_path / "out"
    root.mkdir()
    name = os.fsdecode(b"gr\xfcn.nii.gz")  # Latin-1, as older systems wrote it
    try:
        (tmp_path / "a.nii.gz").rename(root / name)
        (root / os.fsdecode(b"\xfc.txt")).touch()
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    command = ["batch", str(root), "--out", str(out), "--model", str(painted_bundle), "--backend", "onnx"]
    assert main([*command, "--only", "tables,view"]) == 0
    assert [(row["study"], row["status"]) for row in read_rows(out / "summary.csv")] == [
        ("\ufffd.txt", "skipped"), ("gr\ufffdn", "done"),
    ]  # fmt: skip
    assert read_rows(out / "gr\ufffdn" / "patient.csv")[0]["series"] == "gr\ufffdn.nii.gz"


def test_a_warm_worker_loads_the_network_once(painted_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    really_open = loaded.open_backend
    monkeypatch.setattr(loaded, "open_backend", lambda *facts: opened.append(facts) or really_open(*facts))
    loaded._LOADED.clear()
    first = load_network(painted_bundle, "onnx", 1)
    assert load_network(painted_bundle, "onnx", 1).backend is first.backend
    assert load_network(painted_bundle, "onnx", 2).backend is not first.backend
    assert len(opened) == 2


def test_a_thousand_finished_studies_are_gone_through_in_seconds(tmp_path: Path, painted_bundle: Path) -> None:
    """Planned, recognised as finished, and put into all tables: everything but the work itself."""
    root, out = tmp_path / "root", tmp_path / "out"
    root.mkdir()
    options = Options(model=painted_bundle, parts=("tables",), existing=Existing.RESUME)
    identity = loaded.load_bundle(painted_bundle).identity
    for number in range(1000):
        study = root / f"{number:04d}.nii.gz"
        study.write_bytes(b"never read")
        (out / f"{number:04d}").mkdir(parents=True)
        record = {
            "schema": SCHEMA, "version": VERSION,
            "study": fingerprint(open_study(study), ()), "options": options.as_recorded(),
            "model": identity, "files": [], "seconds": {}, "summary": {"lv_ef_percent": 50.0, "warnings": number % 3},
        }  # fmt: skip
        (out / f"{number:04d}" / "run.json").write_text(json.dumps(record))
    started = process_time()
    tasks, rows = plan_batch(root, out)
    tables = BatchTables(out)
    for task in tasks:
        tables.add(segment_one(task, options, {}) or {})
    tables.close()
    assert process_time() - started < 30
    with (out / "summary.csv").open(newline="") as file:
        assert [line["status"] for line in csv.DictReader(file)] == ["kept"] * 1000
    assert rows == []


def test_a_defect_of_ours_costs_its_study_alone(
    tmp_path: Path, painted_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.nii").touch()
    monkeypatch.setattr(batch, "segment_study", fail)
    [task] = plan_batch(tmp_path / "root", tmp_path / "out")[0]
    failed = segment_one(task, Options(model=painted_bundle), {})
    assert failed is not None
    assert (failed["status"], failed["kind"]) == ("failed", "ZeroDivisionError")
