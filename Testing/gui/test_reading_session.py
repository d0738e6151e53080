"""A study read with mouse and keys, from its folder to the signed report: how many actions it takes, and its pictures.

CARDIACSEG_PICTURES=docs/images ./run test -s Testing/gui/test_reading_session.py      makes those in docs anew
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from slicer_stand_in.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from CardiacSegmentationLib.segmentation import Place
    from slicer_host.view import SliceView
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in
MODELS = Path(__file__).parents[2] / "CardiacSegmentation" / "Resources" / "Models"
MOST_ACTIONS = 25  # for an average study (docs/quality.md)
VIEW = (700, 700)


class Reader:
    """Counts what a person does: one click, one key, one drag, one text typed is one action."""

    def __init__(self, hand: Hand, application: Any, pictures: Path) -> None:
        self.hand, self.panel, self.ui = hand, hand.panel, hand.ui
        self.view: SliceView | None = None
        self.actions: list[str] = []
        self._application, self._pictures = application, pictures

    def do(self, what: str, action: Callable[[], object]) -> None:
        """One action."""
        self.actions.append(what)
        action()
        self.hand.see()

    def key(self, key: str) -> None:
        """Press a key."""
        self.do(f"key {key}", self.panel._shortcuts.actions()[key])

    def click(self, button: Any, what: str) -> None:
        """Click on a button."""
        self.do(f"click {what}", lambda: self.hand.click(button))

    def pull(self, place: Place, by_mm: tuple[float, float]) -> None:
        """Drag the endocardium of the image on display at its top."""
        from CardiacSegmentationLib.segmentation import Border
        from CardiacSegmentationLib.session.contour_commands import contours_at

        curve = contours_at(self.panel.session, place).borders[Border.ENDO]
        top = curve[curve[:, 0].argmin()]
        self.do("drag a border", lambda: self.view.drag(self._in_view(place, top), self._in_view(place, top + by_mm)))

    def open_view(self) -> None:
        """The big view of the layout; Slicer has it by itself."""
        from CardiacSegmentationLib.gui.layout import SHORT_AXIS
        from slicer_host.view import SliceView
        from slicer_stand_in.effects import SliceWidget, slice_widgets

        self.view = SliceView(self._application.applicationLogic(), SHORT_AXIS, VIEW)
        self.view.show(self.panel.study.volume_node)
        slice_widgets.append(SliceWidget(self.view))
        self.panel.enter()

    def picture(self, name: str, *, scrolled: bool = False) -> None:
        """The whole window as it is, the panel at its first lines or ``scrolled`` to its last."""
        self.hand.see()
        window = Window(self.hand.widget, self.panel.study.volume_node, (1600, 1000), 500)
        if scrolled:
            window.scroll_to_end()
        assert window.picture().save(str(self._pictures / f"reading-{name}.png"))
        window.close()
        self.view.logic.ResizeSliceNode(*VIEW)  # the window's view is one of another size on the same node
        self.panel._zoom()
        self.hand.see()

    def picture_of_panel(self, name: str) -> None:
        """The panel alone."""
        self.hand.picture(self._pictures / f"reading-{name}.png")

    def picture_of_report(self, report: Path, name: str) -> None:
        """Its first page, where this machine has poppler."""
        if shutil.which("pdftoppm"):
            target = self._pictures / f"reading-{name}"
            command = ["pdftoppm", "-png", "-r", "90", "-f", "1", "-l", "1", "-singlefile", str(report), str(target)]
            subprocess.run(command, check=True)

    def picture_of_view(self, name: str) -> None:
        """The big view alone."""
        self.view.save(self._pictures / f"reading-{name}.png")

    def picture_of_overview(self, name: str) -> None:
        """What covers the views."""
        assert self.panel.overview._box.grab().save(str(self._pictures / f"reading-{name}.png"))

    def _in_view(self, place: Place, place_mm: Any) -> tuple[float, float]:
        import vtk

        volume, to_ras = self.panel.study.volume_node, vtk.vtkMatrix4x4()
        volume.GetIJKToRASMatrix(to_ras)
        column_mm, row_mm = volume.GetSpacing()[:2]
        index = (place_mm[1] / column_mm, place_mm[0] / row_mm, place[1], 1)
        return self.view.ras_to_view(to_ras.MultiplyPoint(index)[:3])


@pytest.fixture
def a_reader(a_hand: Hand, a_window: Any, tmp_path: Path) -> Iterator[Reader]:
    from slicer_host.view import off_screen_problem
    from slicer_stand_in.effects import slice_widgets

    if off_screen_problem():
        pytest.skip(off_screen_problem())
    if not MODELS.is_dir():
        pytest.skip("no network is shipped yet")
    pictures = Path(os.environ.get("CARDIACSEG_PICTURES", tmp_path / "pictures")).resolve()
    pictures.mkdir(parents=True, exist_ok=True)
    reader = Reader(a_hand, a_window, pictures)
    yield reader
    slice_widgets.clear()
    if reader.view is not None:
        reader.view.close()


def read(reader: Reader, study: Path, results: Path, name: str) -> Path:
    """The whole session; returns the folder of the results."""
    hand, ui, panel = reader.hand, reader.ui, reader.panel
    reader.do("name the folder", lambda: hand.look_into(study.name))
    reader.picture_of_panel(f"{name}-study")
    reader.click(ui.loadButton, "Load")
    reader.open_view()
    reader.click(ui.segmentButton, "Segment")
    hand.wait_for(lambda: ui.progressBar.value > 0, 120, "the first progress")
    reader.picture_of_panel(f"{name}-running")
    hand.wait_for(lambda: not panel._segment.is_running, 600, "the segmentation")
    assert panel.live is not None, ui.errorText.plainText
    hand.see()
    reader.picture(f"{name}-window")
    session = panel.session

    reader.key("V")
    reader.picture_of_overview(f"{name}-overview")
    key = session.assessment.key_phases
    ed = key.lv_ed
    middle = int(np.flatnonzero(session.assessment.areas_mm2[2, ed] > 0).mean())
    cell = next(cell for cell, place in panel.overview._cells.items() if place == (ed, middle))
    reader.do("click an image of the overview", lambda: panel.overview.table.cellClicked.emit(*cell))
    reader.key("1")
    before = session.assessment.lv["edv_ml"].value
    reader.pull((ed, middle), (-2.0, 0.0))
    assert session.assessment.lv["edv_ml"].value > before
    reader.picture_of_view(f"{name}-corrected")
    reader.key("1")

    doubts = [finding.slice for finding in session.assessment.open_findings if finding.slice is not None]
    reader.do("go to the first doubt", lambda: ui.sliceTable.cellClicked.emit(doubts[0], 4))
    while any(finding.slice is not None for finding in session.assessment.open_findings):  # all are found right
        reader.key("K")
    sign_off = panel.sign_off
    reader.do("open Phrases", sign_off.menu.aboutToShow.emit)
    reader.do("take the first", sign_off.menu.actions()[0].trigger)
    reader.do("type the name", lambda: sign_off.reader.insert("Dr. Ada Reader"))
    reader.click(sign_off.sign_button, "Sign")
    assert session.is_signed
    ui.exportEdit.currentPath = "/home/reader/results"
    reader.picture(f"{name}-signed", scrolled=True)
    ui.exportEdit.currentPath = str(results)  # remembered from the last time
    menu = panel._results.export_menu
    reader.do("open Export", menu.fill)
    (everything,) = (action for action in menu.menu.actions() if action.text == "Everything")
    reader.do("choose Everything", everything.trigger)
    assert not hand.messages.errors
    (report,) = results.rglob("report.pdf")
    reader.picture_of_report(report, f"{name}-report")
    print(f"\n{name}: {len(reader.actions)} actions: {', '.join(reader.actions)}")
    return report.parent


def test_a_phantom_is_read_from_its_folder_to_the_signed_report(
    a_reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CardiacSegmentationLib.phantom import PhantomSpec, write_study

    write_study(tmp_path / "phantom", PhantomSpec())
    monkeypatch.chdir(tmp_path)
    folder = read(a_reader, tmp_path / "phantom", tmp_path / "results", "phantom")
    assert len(a_reader.actions) <= MOST_ACTIONS
    assert {"sr.dcm", "report.dcm", "seg_ED.dcm"} <= {path.name for path in (folder / "dicom").iterdir()}


@pytest.mark.real_data
def test_a_real_heart_is_read_from_its_folder_to_the_signed_report(
    a_reader: Reader, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (archive,) = (real_data / "sunnybrook" / "dicom").glob("*.tar.xz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "SCD0000101", filter="data")
    monkeypatch.chdir(tmp_path)  # a path that reads well in a picture
    read(a_reader, tmp_path / "SCD0000101", tmp_path / "results", "heart")
    assert len(a_reader.actions) <= MOST_ACTIONS
