"""A whole reading in a real browser: real drags, a reload and a killed server in between, down to the signed report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.browser.opened import open_session, save
from CardiacSegmentationLib.cine import open_study, read_study
from CardiacSegmentationLib.cli.read import KEPT_ASIDE
from CardiacSegmentationLib.export.dicom_source import read_source
from CardiacSegmentationLib.export.label_maps import write_label_nifti
from CardiacSegmentationLib.export.results import write_results
from CardiacSegmentationLib.pipeline import Options, read_segmentation
from CardiacSegmentationLib.pipeline.record import fingerprint, read_reading, write_record
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.session import StudySession
from CardiacSegmentationLib.session.contour_commands import contours_at, edit_contours, grow_here
from drags import pull, push

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from CardiacSegmentationLib.stack import CineStack
    from chromium import Tab

LIBRARY = Path(__file__).parents[2] / "CardiacSegmentation"
# A place on a border of the picture, and one towards its middle, in pixels of the window.
FIND = """([name, share]) => {
  const numbers = bordersAt(at.phase, at.slice)[name].points, places = []
  let x = 0, y = 0
  for (let i = 0; i < numbers.length; i += 2) places.push([x += numbers[i], y += numbers[i + 1]])
  const box = byId('image').getBoundingClientRect(), frame = shownFrame()
  const inWindow = ([x, y]) => [box.left + (x / study.pixelParts - frame.x) / frame.columns * box.width,
                                box.top + (y / study.pixelParts - frame.y) / frame.rows * box.height]
  const middle = [0, 1].map(axis => places.reduce((sum, place) => sum + place[axis], 0) / places.length)
  const start = places[0], end = start.map((value, axis) => value + share * (middle[axis] - value))
  return [...inWindow(start), ...inWindow(end)]
}"""


class Program:
    """``cardiacseg read`` as a process of its own."""

    def __init__(self, *arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(LIBRARY)}
        command = [sys.executable, "-u", "-m", "CardiacSegmentationLib", "read", *arguments, "--no-browser"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        self.said: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if "http://127.0.0.1" in line:
                break
        self.address = self.said[-1].strip()

    def end(self, number: int = signal.SIGINT) -> str:
        """Send a signal and wait; what it said."""
        self.process.send_signal(number)
        text, _ = self.process.communicate(timeout=120)
        return "".join(self.said) + text


@pytest.fixture
def results(tmp_path: Path, study_folder: Path, stack: CineStack, segmentation: Segmentation) -> Path:
    """What a finished run left of the phantom: its true labels, as a network's."""
    return finished_run(tmp_path / "results", study_folder, stack, segmentation, Options())


def finished_run(
    folder: Path, study_folder: Path, stack: CineStack, segmentation: Segmentation, options: Options
) -> Path:
    """Its labels, its reading and its record."""
    write_results(folder, stack, segmentation, assess(stack, segmentation), ["labels", "reading"])
    facts = {
        "study": fingerprint(open_study(study_folder), set(), options.record_key),
        "options": options.as_recorded(),
        "model": segmentation.model,
        "files": ["labels.nii.gz", "reading.json"],
        "seconds": {},
        "summary": {},
    }
    write_record(folder, facts, segmentation)
    return folder


@pytest.fixture
def read(study_folder: Path, results: Path) -> Iterator[Callable[[], Program]]:
    """Starts the program over the phantom."""
    running: list[Program] = []

    def start() -> Program:
        running.append(Program(str(study_folder), "--out", str(results)))
        return running[-1]

    yield start
    for program in running:
        if program.process.poll() is None:
            program.process.kill()
            program.process.communicate()


def drag(tab: Tab, tool: str, border: str, share: float) -> None:
    """Press on a border, move towards its middle, let go; returns when the program has answered."""
    page = tab.page
    page.click(f"#tool-{tool}")
    before = page.evaluate("study.revision")
    left, top, right, bottom = page.evaluate(FIND, [border, share])
    page.mouse.move(left, top)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(left + (right - left) * step / 5, top + (bottom - top) * step / 5)
    page.mouse.up()
    tab.until(f"study.revision > {before} && !preview")


def settle(tab: Tab) -> None:
    """Until every command is answered."""
    tab.page.evaluate("queue.then(() => null)")


def test_a_study_is_read_from_first_look_to_signed_report(
    read: Any, new_tab: Any, results: Path, stack: CineStack, segmentation: Segmentation
) -> None:
    expected = StudySession(stack, segmentation)
    program = read()
    tab: Tab = new_tab(reduced_motion="reduce").open(program.address)
    page = tab.page
    sent: list[dict[str, Any]] = []
    page.on("request", lambda request: request.url.endswith("/command") and sent.append(request.post_data_json))
    first_ef = expected.assessment.lv["ef_percent"].text
    assert tab.text("#lv-ef_percent") == first_ef

    page.keyboard.press("x")
    assert page.input_value("#structure") == "LV+MYO"
    page.evaluate("byId('structure').value = ''")
    page.keyboard.press("d")
    drag(tab, "pull", "endo", 0.35)
    after_pull = tab.text("#lv-ef_percent")
    page.keyboard.press("s")
    drag(tab, "push", "endo", 0.3)
    settle(tab)
    for message in [message for message in sent if message["command"] in ("pull", "push")]:
        place = message["phase"], message["slice"]
        contours = contours_at(expected, place)
        line = np.array(message["line"])
        after = (
            pull(contours, *line, message["reach"])
            if message["command"] == "pull"
            else push(contours, line, message["radius"])
        )
        edit_contours(expected, {place: after}, message["command"].capitalize())
    second_ef = expected.assessment.lv["ef_percent"].text
    assert tab.text("#lv-ef_percent") == second_ef
    assert len({first_ef, after_pull, second_ef}) == 3
    assert "push" in tab.text("#undo").lower()

    page.reload()
    tab.wait()
    assert tab.text("#lv-ef_percent") == second_ef, "a reload loses nothing"
    page.keyboard.press("Control+z")
    settle(tab)
    assert tab.text("#lv-ef_percent") == after_pull
    page.keyboard.press("Control+z")
    settle(tab)
    assert tab.text("#lv-ef_percent") == first_ef, "undo leads back to the first number"
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+y")
    settle(tab)
    assert tab.text("#lv-ef_percent") == second_ef

    run = page.evaluate("study.run")
    program.end(signal.SIGKILL)
    page.wait_for_selector("#connection:not([hidden])")
    program = read()
    tab.until(f"document.body.dataset.ready && study.run !== '{run}'", 120.0)
    assert page.is_hidden("#connection"), "the page found the program by itself"
    assert tab.text("#lv-ef_percent") == second_ef
    page.click("#undo")
    settle(tab)
    assert tab.text("#lv-ef_percent") == first_ef, "what was brought back can be taken back"
    page.click("#redo")
    settle(tab)

    rv_volume = tab.text("#rv-edv_ml")
    page.uncheck("#count-RV-ed-3")
    settle(tab)
    left_out = tab.text("#rv-edv_ml")
    assert left_out != rv_volume
    page.click("#free-RV-ed-3")
    settle(tab)
    assert tab.text("#rv-edv_ml") == rv_volume, "the rule decides again"
    assert page.locator("#grid button").count() == 0
    page.uncheck("#count-RV-ed-3")
    settle(tab)
    assert tab.text("#rv-edv_ml") == left_out
    page.select_option("#choice-papillary", "mass")
    page.locator("#findings input").first.check()
    page.fill("#reader", "Ada Reader")
    page.fill("#impression", "Normal function.")
    page.click("#sign")
    tab.until("study.reading.isSigned")
    assert "Ada Reader" in tab.text("#signed")
    assert page.is_disabled("#delete")
    assert page.is_disabled("#delete-phases")
    page.click("#tool-pull")
    page.click("#image")
    assert "unlock" in tab.text("#problem")
    for box in page.locator("#parts input").all():
        if box.get_attribute("name") not in ("report", "view", "measurements"):
            box.uncheck()
    page.click("#write")
    tab.until("study.reading.files.includes('report.pdf')", 120.0)
    with page.expect_download() as download:
        page.click("#files a[download='report.pdf']")
    assert Path(download.value.path()).read_bytes() == (results / "report.pdf").read_bytes()
    numbers = json.loads((results / "measurements.json").read_text())
    assert f"{numbers['rv']['edv_ml']['value']:.1f}" == tab.text("#rv-edv_ml")
    others = [text for text in tab.complaints if "net::ERR_" not in text]
    assert others == [], "but for the time without the program"

    said = program.end()
    assert "Work that was not written is back" in said
    reading = read_reading(results)
    assert (reading.reader, reading.impression) == ("Ada Reader", "Normal function.")
    assert reading.signature is not None
    assert [entry.tool for entry in reading.journal if entry.action == "edit"] == ["Pull", "Push"]
    written = read_segmentation(results, stack)
    assert (written.labels == expected.segmentation.labels).all(), "the browser's labels are the session's"
    assert len(written.corrected_images) == 2

    read()
    again: Tab = new_tab().open(program.address)
    assert "Ada Reader" in again.text("#signed")


def test_labels_that_another_program_changed_are_measured_as_they_are_and_not_signed(
    results: Path, study_folder: Path, stack: CineStack
) -> None:
    def opened() -> StudySession:
        return open_session(study_folder, results, Options(), lambda _progress: None, lambda: False)

    session = opened()
    grow_here(session, (0, 3), [Label.LV], 2.0)
    session.set_reader("Ada Reader")
    session.sign()
    save(session, results, Options(), [])
    assert opened().is_signed
    labels = session.segmentation.labels.copy()
    labels[0, 3][labels[0, 3] == Label.LV] = Label.MYO
    write_label_nifti(stack, Segmentation.of(labels), results / "labels.nii.gz")
    again = opened()
    assert not again.is_signed
    assert [entry.action for entry in again.reading.journal] == ["edit", "sign", "outside", "unlock"]
    assert again.assessment.areas_mm2[Label.LV - 1, 0, 3] == 0
    assert again.segmentation.corrected_images == ((0, 3),)
    save(again, results, Options(), [])
    assert opened().reading == again.reading


def test_a_slice_is_segmented_again_from_a_click_and_an_empty_one_filled(
    read: Any, new_tab: Any, segmentation: Segmentation
) -> None:
    """With the network that ships; a box and the next proposal on the way."""
    tab: Tab = new_tab(reduced_motion="reduce").open(read().address)
    page = tab.page
    page.evaluate("goTo(0, 3)")
    edv = tab.text("#lv-edv_ml")
    left, top, right, bottom = page.evaluate(FIND, ["epi", 1.0])
    page.click("#delete")
    settle(tab)
    assert tab.text("#lv-edv_ml") != edv
    page.click("#tool-again")
    page.mouse.click(right, bottom)
    tab.until("!byId('take').disabled", 120.0)
    assert "Proposal 1 of" in tab.text("#proposal-text")
    assert "LV, MYO, RV" in tab.text("#proposal-text")
    assert page.evaluate("Object.keys(proposed)") == ["0,3"]
    page.keyboard.press("a")
    tab.until("byId('proposal-text').textContent.includes('Proposal 2 of')")
    page.keyboard.press("Shift+A")
    tab.until("Object.keys(proposed).length > 1", 120.0)
    page.keyboard.press("Shift+A")
    tab.until("byId('proposal-text').textContent.includes('Proposal 2 of')")
    page.mouse.move(left - 30, top - 30)
    page.mouse.down()
    page.mouse.move(right + 60, bottom + 60, steps=4)
    page.mouse.up()
    tab.until("byId('proposal-text').textContent.includes('Proposal 1 of')", 120.0)
    page.click("#take")
    settle(tab)
    assert page.is_hidden("#proposal")
    assert abs(float(tab.text("#lv-edv_ml")) - float(edv)) < 0.01 * float(edv)
    assert "again" in tab.text("#undo")
    page.click("#delete")
    page.click("#fill-slices")
    tab.until("Object.keys(proposed).length === 1")
    page.click("#take")
    settle(tab)
    assert abs(float(tab.text("#lv-edv_ml")) - float(edv)) < 0.02 * float(edv)
    assert tab.complaints == []


def test_who_goes_to_another_phase_with_the_button_down_lets_go(read: Any, new_tab: Any) -> None:
    tab: Tab = new_tab(reduced_motion="reduce").open(read().address)
    page = tab.page
    page.evaluate("goTo(0, 3)")
    page.click("#tool-pull")
    left, top, right, bottom = page.evaluate(FIND, ["endo", 0.4])
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=4)
    tab.until("preview !== null")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("[at.phase, drag, preview]") == [1, None, None]
    page.mouse.up()
    settle(tab)
    assert page.evaluate("state.journal") == []
    assert page.is_disabled("#undo")
    assert tab.complaints == []


def test_two_tabs_show_the_same(read: Any, new_tab: Any) -> None:
    program = read()
    first, second = (new_tab(reduced_motion="reduce").open(program.address) for _ in range(2))
    before = first.text("#lv-edv_ml")
    first.page.keyboard.press("d")
    drag(first, "pull", "endo", 0.4)
    changed = first.text("#lv-edv_ml")
    assert changed != before
    second.until(f"byId('lv-edv_ml').textContent === '{changed}'")
    second.page.click("#undo")
    settle(second)
    first.until(f"byId('lv-edv_ml').textContent === '{before}'")


def test_a_study_that_is_open_elsewhere_is_told(read: Any) -> None:
    program = read()
    assert program.process.stdout is not None
    wait_until_open(program)
    other = read()
    text, _ = other.process.communicate(timeout=120)
    assert other.process.returncode == 1
    assert f"in use by another run (process {program.process.pid}" in text


def test_results_of_another_study_are_refused(read: Any, results: Path) -> None:
    record = json.loads((results / "run.json").read_text())
    (results / "run.json").write_text(json.dumps({**record, "study": "another"}))
    program = read()
    text, _ = program.process.communicate(timeout=120)
    assert "holds the results of another study" in text
    assert program.process.returncode == 1


@pytest.mark.parametrize("lost", ["labels.nii.gz", "reading.json"])
def test_results_that_lack_what_going_on_needs_are_refused(lost: str, read: Any, results: Path) -> None:
    """As ``segment --only`` leaves them."""
    (results / lost).unlink()
    program = read()
    text, _ = program.process.communicate(timeout=120)
    assert f"holds results without {lost}" in text
    assert program.process.returncode == 1


def test_a_new_study_is_segmented_first(new_tab: Any, tmp_path: Path, painted_bundle: Path, painted: Any) -> None:
    import SimpleITK

    frames = [SimpleITK.GetImageFromArray(frame) for frame in painted[0].voxels[:3]]
    for frame in frames:
        frame.SetSpacing(painted[0].spacing_mm[::-1])
    SimpleITK.WriteImage(SimpleITK.JoinSeries(frames), str(tmp_path / "heart.nii.gz"))
    out = tmp_path / "out"
    program = Program(
        str(tmp_path / "heart.nii.gz"), "--out", str(out), "--model", str(painted_bundle), "--backend", "onnx"
    )
    try:
        tab: Tab = new_tab().open(program.address)
        assert tab.text("#lv-edv_ml") != "–"
        assert program.end().count("labels.nii.gz") == 1
        assert read_study(tmp_path / "heart.nii.gz").phases == 3
        assert (out / "run.json").is_file()
    finally:
        program.process.kill()


def test_deidentified_neither_page_nor_results_name_anybody(
    new_tab: Any, tmp_path: Path, study_folder: Path, stack: CineStack, segmentation: Segmentation
) -> None:
    out = finished_run(tmp_path / "results", study_folder, stack, segmentation, Options(deidentify=True))
    program = Program(str(study_folder), "--out", str(out), "--deidentify")
    try:
        tab: Tab = new_tab().open(program.address)
        header = read_source(stack).first
        pseudonym = tab.text("#whose")
        assert pseudonym.startswith("ANON-")
        told = [str(header.PatientName), str(header.PatientID), str(header.StudyInstanceUID)]
        assert all(told)
        assert not [text for text in told if text in tab.page.content()]
        tab.page.fill("#reader", "Ada Reader")
        tab.page.click("#sign")
        tab.until("study.reading.isSigned")
        assert "Ada Reader" in tab.text("#signed"), "her own name she may see"
        tab.page.click("#write")
        tab.until("study.reading.files.includes('report.pdf')", 120.0)
        assert "no name of the reader" in program.end()
    finally:
        program.process.kill()
    kept = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and KEPT_ASIDE not in path.parts}
    for text in (*told, "Ada Reader"):
        assert not [path.name for path, content in kept.items() if text.encode() in content]
    assert pseudonym in (out / "patient.csv").read_text()


def wait_until_open(program: Program) -> None:
    """Until the study is there."""
    import urllib.request

    while not json.loads(urllib.request.urlopen(f"{program.address}progress", timeout=60).read())["ready"]:
        assert program.process.poll() is None
