"""The real module file in Slicer or in the stand-in for its window, and a hand that clicks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from gui_hosts import chosen_host
from slicer_stand_in.hand import PANEL_WIDTH, Hand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from gui_hosts import Host
    from slicer_host.view import SliceView

IN_SLICER = os.environ.get("CARDIACSEG_GUI_HOST") == "slicer"
MODULE = Path(__file__).parents[2] / "CardiacSegmentation" / "CardiacSegmentation.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In a real Slicer there are no parts of the stand-in."""
    for item in items:
        if IN_SLICER and item.get_closest_marker("stand_in"):
            item.add_marker(pytest.mark.skip(reason="needs the stand-in"))


@pytest.fixture(scope="session")
def gui_host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """Slicer or its stand-in, started."""
    if not IN_SLICER:
        reason = "no Qt here: PySide6 is not installed, or the system lacks libEGL (Debian: apt install libegl1)"
        pytest.importorskip("PySide6.QtWidgets", reason=reason, exc_type=ImportError)
        request.getfixturevalue("slicer_host")
    host = chosen_host()
    host.start()
    yield host
    host.stop()


@pytest.fixture
def a_window(gui_host: Host, request: pytest.FixtureRequest) -> Iterator[Any]:
    """``slicer.app`` with a main window and an empty scene; complaints of Qt and errors in slots fail the test."""
    if not IN_SLICER:
        request.getfixturevalue("a_scene")
    import slicer

    gui_host.open()
    yield slicer.app
    complaints = gui_host.close()
    assert not complaints


@pytest.fixture
def a_module(a_window: Any, gui_host: Host) -> Iterator[Any]:
    """The module, loaded as Slicer loads it."""
    module = gui_host.load(MODULE)
    yield module
    module.unload()
    a_window.processEvents()


@pytest.fixture
def a_hand(a_module: Any) -> Hand:
    """The module's panel in view."""
    widget = a_module.widgetRepresentation()
    widget.resize(PANEL_WIDTH, 1500)
    widget.show()
    a_module.widget.enter()
    hand = Hand(widget, a_module.widget.panel)
    hand.see()
    return hand


@pytest.fixture(scope="session")
def phantom() -> tuple[CineStack, Segmentation]:
    """A small beating phantom and its true labels."""
    from CardiacSegmentationLib.phantom import PhantomSpec, make_stack

    return make_stack(PhantomSpec(phases=8, slices=9, pixel_mm=2.0))


@pytest.fixture
def a_segmented_study(a_hand: Hand, phantom: tuple[CineStack, Segmentation]) -> Study:
    """The phantom in the scene with its true labels, at hand in the panel."""
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    study = load_study(slicer.mrmlScene, phantom[0])
    set_segmentation(study, phantom[1])
    a_hand.panel.select(study)
    a_hand.see()
    return study


@pytest.fixture
def a_big_view(a_window: Any, a_segmented_study: Study) -> Iterator[SliceView]:
    """The panel's view of the short axis, at end-diastole and a slice in the middle."""
    from CardiacSegmentationLib.gui.layout import SHORT_AXIS
    from slicer_host.view import SliceView, off_screen_problem
    from slicer_stand_in.effects import SliceWidget, slice_widgets
    from slicer_stand_in.mouse import SLICE

    if off_screen_problem():
        pytest.skip(off_screen_problem())
    view = SliceView(a_window.applicationLogic(), SHORT_AXIS, (400, 400))
    view.show(a_segmented_study.volume_node)
    view.go_to_slice(a_segmented_study.volume_node, SLICE)
    slice_widgets.append(SliceWidget(view))
    yield view
    slice_widgets.clear()
    view.close()


@pytest.fixture(scope="session")
def painted() -> tuple[CineStack, Segmentation]:
    """Images that the painted network can read."""
    from CardiacSegmentationLib.phantom import PhantomSpec
    from painted_network import paint_stack

    return paint_stack(PhantomSpec(phases=5, slices=6, pixel_mm=2.0))


@pytest.fixture
def a_painted_study(a_hand: Hand, painted: tuple[CineStack, Segmentation], painted_bundle: Path) -> Study:
    """The images in the scene, at hand, with the painted network chosen in the panel."""
    import slicer
    from CardiacSegmentationLib.choices import CHOICES
    from CardiacSegmentationLib.scene.study import load_study

    study = load_study(slicer.mrmlScene, painted[0])
    a_hand.panel.select(study)
    a_hand.ui.modelEdit.currentPath = str(painted_bundle)
    a_hand.ui.backendCombo.currentIndex = CHOICES["backend"].values.index("onnx")
    a_hand.see()
    return study


@pytest.fixture
def a_segmented_hand(a_hand: Hand, written_phantom: Callable[[PhantomSpec], Path], tmp_path: Path) -> Hand:
    """The panel with a phantom study from DICOM files and its true labels, and a folder for results."""
    from CardiacSegmentationLib.scene.study import set_segmentation

    spec = PhantomSpec(phases=4, slices=6, pixel_mm=2.0)
    a_hand.look_into(written_phantom(spec))
    a_hand.ui.loadButton.click()
    study = a_hand.panel.study
    set_segmentation(study, make_stack(spec)[1])
    a_hand.panel.segmentation_replaced(study)
    a_hand.ui.exportEdit.currentPath = str(tmp_path / "results")
    return a_hand
