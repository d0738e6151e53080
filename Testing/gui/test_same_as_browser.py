"""The same gestures through the effects in a slice view and through the page in Chromium: the same to the last digit.

Every press and every move is at a whole pixel of the page; the slice view is given such a place in the images that its
pixels lie where those of the page do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.browser.served import ServedStudy
from CardiacSegmentationLib.browser.server import Desk, ReadingServer, serve_in_background
from CardiacSegmentationLib.segmentation import Border
from CardiacSegmentationLib.session import Recovery, StudySession
from CardiacSegmentationLib.session.contour_commands import contours_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from chromium import Tab
    from slicer_host.view import SliceView
    from slicer_stand_in.hand import Hand

    Pixel = tuple[int, int]  # of the page

pytestmark = pytest.mark.stand_in

ED, ES, MIDDLE, NEXT, HIGH = 0, 3, 4, 5, 2  # phases, slices
SAME_MM = 1e-9
# The page's rule from pixels to mm, and from mm to pixels.
PLACE = "([x, y]) => inMm(placeAt({ clientX: x, clientY: y }))"
PIXEL = """place => {
  const [x, y] = inPixels(place), box = byId('image').getBoundingClientRect(), frame = shownFrame()
  const across = (x - frame.x) / frame.columns, down = (y - frame.y) / frame.rows
  return [box.left + across * box.width, box.top + down * box.height].map(Math.round)
}"""


class InBrowser:
    """A reader at the page."""

    def __init__(self, tab: Tab, study: ServedStudy) -> None:
        self.tab, self.page, self.session = tab, tab.page, study.session

    def look_at(self, phase: int, slice_: int) -> None:
        self.page.evaluate("([phase, slice]) => goTo(phase, slice)", [phase, slice_])
        self.tab.until(f"study.reading.lookedAt.includes('{phase},{slice_}')")

    def drag(self, tool: str, pixels: Sequence[Pixel], key: str = "") -> None:
        self.page.click(f"#tool-{tool.lower()}")
        if tool == "Redraw":
            self.page.select_option("#border", "endo")
        self.page.mouse.move(*pixels[0])
        if key:
            self.page.keyboard.down(key)
        self.page.mouse.down()
        for pixel in pixels[1:]:
            self.page.mouse.move(*pixel)
        self.page.mouse.up()
        if key:
            self.page.keyboard.up(key)
        self.settle()

    def press(self, key: str) -> None:
        self.page.keyboard.press("Control" + key[4:].lower() if key.startswith("Ctrl") else key)
        self.settle()

    def choose_structure(self, name: str) -> None:
        self.page.select_option("#structure", name)

    def leave_out(self, slice_: int) -> None:
        self.page.uncheck(f"#count-RV-ed-{slice_}")
        self.settle()

    def take_as_rv_es(self) -> None:
        self.page.click("#use-rv_es")
        self.settle()

    def count_papillaries_as_mass(self) -> None:
        self.page.select_option("#choice-papillary", "mass")
        self.settle()

    def sign(self, reader: str, impression: str) -> None:
        self.page.fill("#reader", reader)
        self.page.fill("#impression", impression)
        self.page.click("#sign")
        self.settle()

    def settle(self) -> None:
        """Until every command is answered."""
        self.page.evaluate("queue.then(() => null)")


class InSlicer:
    """A reader at Slicer's panel and its view of the short axis."""

    def __init__(self, hand: Hand, view: SliceView, page: Any) -> None:
        self.hand, self.view, self.page, self.session = hand, view, page, hand.panel.session
        self.correct, self.keys = hand.panel._correct, hand.panel._shortcuts.actions()
        self._lay_over_page()

    def look_at(self, phase: int, slice_: int) -> None:
        self.hand.panel.go_to(slice_, phase)
        self.hand.wait_for(lambda: (phase, slice_) in self.session.reading.looked_at)

    def drag(self, tool: str, pixels: Sequence[Pixel], key: str = "") -> None:
        if self.correct.tool_in_hand() != tool:
            self.correct.choose_effect(tool)
        if tool == "Redraw":
            self.hand.ui.editor.setCurrentSegmentID("LV")
        interactor, is_shifted = self.view.interactor, int(key == "Shift")
        for number, pixel in enumerate(pixels):
            interactor.SetEventInformation(*self._at(pixel), 0, is_shifted)
            interactor.MouseMoveEvent()
            if number == 0:
                interactor.LeftButtonPressEvent()
        interactor.LeftButtonReleaseEvent()

    def press(self, key: str) -> None:
        self.keys[key.upper() if len(key) == 1 else key]()
        self.hand.see()

    def choose_structure(self, name: str) -> None:
        self.correct.tools.structures.currentIndex = {"": 0, "LV+MYO": 1, "LV": 2, "MYO": 3, "RV": 4}[name]

    def leave_out(self, slice_: int) -> None:
        grid = self.correct.grid
        grid.box.collapsed = False
        self.hand.see()
        column = [heading for _side, _phase, heading in grid._columns].index("RV ED")
        grid.table.clearSelection()
        grid.table.item(slice_, column).setSelected(True)
        grid.decide(False)

    def take_as_rv_es(self) -> None:
        self.hand.ui.ventricleCombo.currentIndex = 2
        self.hand.ui.setEsButton.click()

    def count_papillaries_as_mass(self) -> None:
        self.hand.ui.papillaryCombo.currentIndex = 1
        self.hand.see()

    def sign(self, reader: str, impression: str) -> None:
        sign_off = self.hand.panel.sign_off
        sign_off.impression.plainText = impression
        sign_off.take_in()
        sign_off.reader.text = reader
        sign_off.sign_button.click()
        self.hand.see()

    def _lay_over_page(self) -> None:
        """Give the view such a size and place that its pixels lie on the image where the page's do."""
        box = self.page.locator("#image").bounding_box()
        self.corner = np.floor([box["x"], box["y"]]).astype(int)
        columns, rows = self.size = (round(box["width"]), round(box["height"]))
        [first, right, down] = (self._on_page(pixel) for pixel in ((0, 0), (1, 0), (0, 1)))
        node = self.view.node
        self.view.window.SetSize(columns, rows)
        self.view.logic.ResizeSliceNode(columns, rows)
        node.SetFieldOfView(columns * (right - first)[1], rows * (down - first)[0], node.GetFieldOfView()[2])
        node.SetXYZOrigin(0.0, 0.0, 0.0)
        off = self._on_page((0, 0)) - self._in_view((0, 0))
        node.SetXYZOrigin(off[1], -off[0], 0.0)
        for pixel in ((0, 0), (columns - 1, 7), (11, rows - 1)):
            assert abs(self._on_page(pixel) - self._in_view(pixel)).max() < SAME_MM

    def _at(self, pixel: Pixel) -> tuple[int, int]:
        """A pixel of the page in the view, whose pixels count from below."""
        x, y = pixel - self.corner
        return int(x), int(self.size[1] - 1 - y)

    def _on_page(self, pixel: Pixel) -> Any:
        """Where a pixel from the page's corner lies in the image, in mm."""
        return np.array(self.page.evaluate(PLACE, (pixel + self.corner).tolist()))

    def _in_view(self, pixel: Pixel) -> Any:
        """Where the same pixel of the view lies."""
        import vtk

        x, y = self._at(pixel + self.corner)
        ras = self.view.node.GetXYToRAS().MultiplyPoint((x, y, 0.0, 1.0))
        volume, to_ijk = self.hand.panel.study.volume_node, vtk.vtkMatrix4x4()
        volume.GetRASToIJKMatrix(to_ijk)
        column, row = to_ijk.MultiplyPoint(ras)[:2]
        return np.array([row * volume.GetSpacing()[1], column * volume.GetSpacing()[0]])


class Gestures:
    """Lines of pixels of the page, from the borders as they are at first."""

    def __init__(self, page: Any, session: StudySession) -> None:
        self.page, self.session = page, session

    def line(self, places_mm: Sequence[Any]) -> list[Pixel]:
        pixels = [tuple(self.page.evaluate(PIXEL, np.asarray(place).tolist())) for place in places_mm]
        return [pixel for number, pixel in enumerate(pixels) if number == 0 or pixel != pixels[number - 1]]

    def outwards(
        self, phase: int, slice_: int, border: Border, angle_deg: float, ways_mm: Sequence[float]
    ) -> list[Pixel]:
        """Along a ray from a border's middle: so far beyond the border at each step."""
        curve = contours_at(self.session, (phase, slice_)).borders[border]
        middle, ray = curve.mean(axis=0), np.array([np.sin(np.radians(angle_deg)), np.cos(np.radians(angle_deg))])
        on_border = curve[((curve - middle) @ ray / np.hypot(*(curve - middle).T)).argmax()]
        radius = np.hypot(*(on_border - middle))
        return self.line([middle + (radius + way) * ray for way in ways_mm])

    def around(
        self, phase: int, slice_: int, border: Border, angles_deg: Sequence[float], beyond_mm: float
    ) -> list[Pixel]:
        """Along a border, so far beyond it."""
        return [self.outwards(phase, slice_, border, angle, [beyond_mm])[0] for angle in angles_deg]


def script(gestures: Gestures) -> list[tuple[Any, ...]]:
    """Every tool, every command, undo and redo between, down to the signature."""
    outwards, around = gestures.outwards, gestures.around
    return [
        ("look_at", ED, MIDDLE),
        ("drag", "Pull", outwards(ED, MIDDLE, Border.ENDO, -90, [0, 1, 2, 3, 4])),
        ("drag", "Pull", outwards(ED, MIDDLE, Border.RV, 180, [1, 3, 5])),
        ("drag", "Pull", outwards(ED, MIDDLE, Border.EPI, 80, [0, -1, -3]), "Shift"),
        ("drag", "Push", outwards(ED, MIDDLE, Border.ENDO, 30, np.arange(-12, -4, 0.7))),
        ("drag", "Push", outwards(ED, MIDDLE, Border.EPI, -30, [40, 39.5, 39])),  # meets nothing: is no step
        *(("press", key) for key in ("Ctrl+Z", "Ctrl+Z", "Ctrl+Y")),
        ("look_at", ED, NEXT),
        ("drag", "Points", outwards(ED, NEXT, Border.ENDO, -90, [0, 2, 4])),
        ("drag", "Points", outwards(ED, NEXT, Border.ENDO, -90, [4, 4]), "Shift"),
        ("drag", "Points", outwards(ED, NEXT, Border.EPI, 100, [-1, 0, 2])),
        ("look_at", ES, MIDDLE),
        ("drag", "Redraw", around(ES, MIDDLE, Border.ENDO, range(-140, -39, 5), 2.0)),
        ("choose_structure", "LV"),
        *(("press", key) for key in "+me"),
        ("look_at", ES, NEXT),
        ("press", "l"),
        ("drag", "Redraw", around(ES, NEXT, Border.ENDO, range(0, 361, 8), 1.5)),  # closed, where there is none
        ("choose_structure", ""),
        ("look_at", ES, HIGH),
        *(("press", key) for key in ("c", "n", "Shift+C")),
        ("look_at", ED, MIDDLE),
        *(("press", key) for key in ("t", "Shift+T")),
        ("look_at", ED, HIGH),
        ("press", "r"),
        ("leave_out", HIGH),
        ("look_at", ES + 1, MIDDLE),
        ("take_as_rv_es",),
        ("count_papillaries_as_mass",),
        *(("press", key) for key in ("Ctrl+Z", "Ctrl+Y")),
        ("sign", "Ada Reader", "Normal function."),
    ]


@pytest.fixture
def served(phantom: tuple[CineStack, Segmentation], tmp_path: Path) -> Iterator[ReadingServer]:
    """The phantom on a page."""
    session, recovery = StudySession(*phantom), Recovery(tmp_path / "kept")
    recovery.find(session)
    server = ReadingServer(Desk("en", ServedStudy(session, recovery, "en", lambda _session, _parts: [])))
    serve_in_background(server)
    yield server
    server.shutdown()
    server.server_close()


def test_the_same_script_gives_the_same_reading_and_numbers(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView, served: ReadingServer, new_tab: Any
) -> None:
    study = served.desk.study
    assert study is not None
    tab: Tab = new_tab(reduced_motion="reduce", viewport={"width": 1400, "height": 3000}).open(served.address)
    tab.page.click("#whole")
    browser, slicer = InBrowser(tab, study), InSlicer(a_hand, a_big_view, tab.page)
    steps = script(Gestures(tab.page, study.session))
    assert numbers(slicer.session.assessment) == numbers(browser.session.assessment)
    for reader in (browser, slicer):
        for command, *details in steps:
            getattr(reader, command)(*details)
    done = {entry.tool or entry.action for entry in slicer.session.reading.journal}
    assert done >= {"Pull", "Push", "Points", "Redraw", "Grow", "Smooth", "Snap", "delete", "copy", "Propagate"}
    assert done >= {"leave-out", "key-phase", "convention", "sign"}
    assert slicer.session.is_signed
    assert_same(slicer.session, browser.session)
    assert a_hand.messages.errors == []
    assert tab.complaints == []


def assert_same(one: StudySession, other: StudySession) -> None:
    """Labels, where they come from, curves, decisions, journal, numbers and findings: all equal."""
    journals = [[replace(entry, when="") for entry in session.reading.journal] for session in (one, other)]
    for first, second in zip(*journals, strict=True):
        assert first == second
    assert without_times(one.reading) == without_times(other.reading)
    np.testing.assert_array_equal(one.segmentation.labels, other.segmentation.labels)
    np.testing.assert_array_equal(one.segmentation.origin, other.segmentation.origin)
    assert one.segmentation.contours.keys() == other.segmentation.contours.keys()
    for place, contours in one.segmentation.contours.items():
        for border, curve in contours.borders.items():
            np.testing.assert_array_equal(curve, other.segmentation.contours[place].borders[border])
    assert numbers(one.assessment) == numbers(other.assessment)
    assert one.assessment.findings == other.assessment.findings
    np.testing.assert_array_equal(one.assessment.volumes_ml, other.assessment.volumes_ml)
    np.testing.assert_array_equal(one.assessment.counted, other.assessment.counted)


def without_times(reading: Reading) -> Reading:
    signature = replace(reading.signature, when="") if reading.signature else None
    return replace(reading, signature=signature, journal=tuple(replace(entry, when="") for entry in reading.journal))


def numbers(assessment: Assessment) -> dict[str, float | None]:
    """Every measure, unrounded."""
    sides = {"lv": assessment.lv, "rv": assessment.rv, "heart": assessment.heart}
    return {f"{side}.{key}": item.value for side, items in sides.items() for key, item in items.items()}
