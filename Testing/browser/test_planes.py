"""Base planes on the page: two points on a long axis set what the session sets from them, and the volume follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from base_planes import true_line
from CardiacSegmentationLib.analysis.base_plane import lines_at
from CardiacSegmentationLib.browser.long_axes import describe_long_axes, in_patient, in_pixels
from CardiacSegmentationLib.browser.opened import open_long_axes
from CardiacSegmentationLib.browser.served import ServedStudy
from CardiacSegmentationLib.browser.server import Desk, ReadingServer, serve_in_background
from CardiacSegmentationLib.phantom import PhantomSpec
from CardiacSegmentationLib.phantom.geometry import TO_APEX
from CardiacSegmentationLib.phantom.heart import beating_heart
from CardiacSegmentationLib.pipeline import Options
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.session import Recovery, StudySession
from CardiacSegmentationLib.session.base_planes import set_base_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from chromium import Tab

SPEC = PhantomSpec(slices=8, phases=10, pixel_mm=1.8)  # as the study on disk
HEART = beating_heart(SPEC)
LOWER_MM = 12.0  # more than a slice: the volume must fall


@pytest.fixture(scope="module")
def long_axes(study_folder: Path) -> tuple[LongAxis, ...]:
    """The phantom's, as ``cardiacseg read`` opens them."""
    return open_long_axes(study_folder, Options())


@pytest.fixture
def served(
    stack: CineStack, segmentation: Segmentation, long_axes: tuple[LongAxis, ...], tmp_path: Path
) -> Iterator[ReadingServer]:
    """The phantom on a page, with its long axes."""
    session, recovery = StudySession(stack, segmentation), Recovery(tmp_path / "kept")
    recovery.find(session)
    study = ServedStudy(session, recovery, "en", lambda _session, _parts: [], long_axes=long_axes)
    server = ReadingServer(Desk("en", study))
    serve_in_background(server)
    yield server
    server.shutdown()
    server.server_close()


def lowered(label: Label, phase: int) -> Any:
    """The ends of a ventricle's true base line, moved towards the apex."""
    return np.array(true_line(SPEC, HEART, label, phase).points_mm) + LOWER_MM * TO_APEX


def test_places_on_the_page_are_places_in_the_patient(long_axes: tuple[LongAxis, ...], stack: CineStack) -> None:
    assert [one.name for one in long_axes] == ["2CH", "3CH", "4CH"]
    for one, described in zip(long_axes, describe_long_axes(long_axes, stack), strict=True):
        points = np.array([[0.5, 0.5], [20.25, 31.0]])
        np.testing.assert_allclose(in_patient(one, points[:1])[0], one.affine[:3, 3])
        np.testing.assert_allclose(in_pixels(one, in_patient(one, points)), points)
        for place, (across, down, far) in enumerate(described["slices"]):
            x, y = far / (across**2 + down**2) * np.array([across, down])  # on the slice's line
            in_slice = np.linalg.inv(stack.affine) @ [*in_patient(one, [[x, y]])[0], 1.0]
            assert in_slice[2] == pytest.approx(place, abs=1e-6)


def test_a_drag_over_the_valve_sets_the_base_plane(
    served: ReadingServer, new_tab: Any, stack: CineStack, segmentation: Segmentation
) -> None:
    study = served.desk.study
    assert study is not None
    tab: Tab = new_tab(reduced_motion="reduce", viewport={"width": 1400, "height": 2400}).open(served.address)
    page, first = tab.page, tab.text("#lv-edv_ml")
    page.click("#long-axes summary")
    assert page.get_attribute("#view-2", "aria-pressed") == "true", "4CH: both valves are on it"
    page.click("#plane-LV")
    for phase in (0, HEART.es_phase):
        page.evaluate("phase => goTo(phase, 4)", phase)
        drag(tab, in_pixels(study.long_axes["4CH"], lowered(Label.LV, phase)))
    assert page.evaluate("study.reading.baseLines.map(line => line.phase)") == list(range(SPEC.phases))
    set_phases = page.evaluate("study.reading.baseLines.filter(line => !line.followed).map(line => line.phase)")
    assert set_phases == [0, HEART.es_phase]
    assert float(tab.text("#lv-edv_ml")) < float(first) - 5.0
    assert "base plane LV on 4CH" in tab.text("#undo")

    expected = StudySession(stack, segmentation)
    for line in study.session.reading.lines_of(Label.LV):
        if not line.is_followed:
            away = np.abs(np.array(line.points_mm) - lowered(Label.LV, line.phase)).max()
            assert away < 2.0, "within a pixel of where it was meant"
            set_base_line(expected, Label.LV, study.long_axes["4CH"], line.phase, line.points_mm)
    assert study.session.reading.base_lines == expected.reading.base_lines
    assert study.session.assessment.lv["edv_ml"].value == expected.assessment.lv["edv_ml"].value

    page.click("#remove-LV")
    tab.until(f"byId('lv-edv_ml').textContent === '{first}'")
    assert page.is_disabled("#remove-LV")
    page.click("#undo")
    tab.until("study.reading.baseLines.length > 0")
    assert tab.complaints == []


def test_a_line_is_shown_in_phases_too_in_which_the_images_lead_to_none(
    served: ReadingServer, stack: CineStack
) -> None:
    """As in Slicer: there it moves evenly between its neighbours, and so does the plane that the volume rests on."""
    study = served.desk.study
    assert study is not None
    four = study.long_axes["4CH"]
    set_base_line(study.session, Label.LV, four, 0, lowered(Label.LV, 0))
    lines = study.session.reading.lines_of(Label.LV)
    kept = [line for line in lines if line.phase not in (4, 5)]
    assert len(kept) == SPEC.phases - 2
    study.session.set_base_lines(Label.LV, "4CH", kept, 0)
    told = study.page()["reading"]["baseLines"]
    assert [line["phase"] for line in told] == list(range(SPEC.phases))
    assert [line["phase"] for line in told if not line["followed"]] == [0]
    for line, points_mm in zip(told, lines_at(stack, kept), strict=True):
        np.testing.assert_allclose(line["points"], in_pixels(four, points_mm), atol=0.006)
    between = np.sort([told[3]["points"], told[6]["points"]], axis=0)
    assert (np.array(told[4]["points"]) >= between[0] - 0.01).all()
    assert (np.array(told[4]["points"]) <= between[1] + 0.01).all()


def test_what_is_no_valve_is_said(served: ReadingServer) -> None:
    study = served.desk.study
    assert study is not None
    message = {"tab": "t", "seen": 0, "run": study.run, "command": "base-line", "structure": "LV", "view": "4CH"}
    for number, details in enumerate(
        (
            {"points": [[10.0, 10.0], [10.5, 10.0]], "phase": 0},
            {"points": [[10.0, 10.0]], "phase": 0},
            {"points": [[10.0, 10.0], [40.0, 10.0]], "phase": 99},
            {"points": [[10.0, 10.0], [40.0, 10.0]], "phase": 0, "view": "5CH"},
            {"points": [[10.0, 10.0], [40.0, 10.0]], "phase": 0, "structure": "MYO"},
            {"points": [[10.0, 10.0], [40.0, 10.0]], "phase": 0, "structure": "LV+MYO"},
        )
    ):
        assert study.answer({**message, **details, "number": number + 1})["problem"]
    assert study.session.reading.base_lines == ()


def drag(tab: Tab, points: Any) -> None:
    """From one end of a line to the other, in pixels of the long axis."""
    page = tab.page
    box, size = page.locator("#long-axis").bounding_box(), page.evaluate("[longAxis().columns, longAxis().rows]")
    corner, window = (box["x"], box["y"]), (box["width"], box["height"])
    ends = (corner + points / size * window).tolist()
    before = page.evaluate("study.revision")
    page.mouse.move(*ends[0])
    page.mouse.down()
    page.mouse.move(*ends[1], steps=4)
    page.mouse.up()
    tab.until(f"study.revision > {before}")
