"""The real module file in the stand-in for Slicer's window, and a hand that clicks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from slicer_stand_in.hand import PANEL_WIDTH, Hand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

MODULE = Path(__file__).parents[2] / "CardiacSegmentation" / "CardiacSegmentation.py"


@pytest.fixture(scope="session")
def slicer_window(slicer_host: Any) -> Iterator[Any]:
    """``slicer.app`` with a window system; ``qt``, ``ctk`` and the rest can be imported."""
    reason = "no Qt here: PySide6 is not installed, or the system lacks libEGL (Debian: apt install libegl1)"
    pytest.importorskip("PySide6.QtWidgets", reason=reason, exc_type=ImportError)
    import slicer_stand_in

    yield slicer_stand_in.install()
    slicer_stand_in.uninstall()


@pytest.fixture
def a_window(slicer_window: Any, a_scene: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An application with a main window and an empty scene; complaints of Qt and errors in slots fail the test."""
    import slicer_stand_in
    from slicer_stand_in import mrml_widgets, pythonqt

    monkeypatch.delenv("CARDIACSEG_MODEL", raising=False)
    slicer_window.settings().clear()
    slicer_window.open_main_window()
    yield slicer_window
    slicer_window.processEvents()
    slicer_window.open_main_window(False)
    errors, pythonqt.slot_errors[:] = list(pythonqt.slot_errors), []
    complaints, slicer_stand_in.qt_messages[:] = list(slicer_stand_in.qt_messages), []
    crashes, mrml_widgets.crashes[:] = list(mrml_widgets.crashes), []
    assert not crashes
    assert not errors
    assert not complaints


@pytest.fixture
def a_module(a_window: Any) -> Iterator[Any]:
    """The module, loaded as Slicer loads it."""
    from slicer_stand_in import application

    module = application.load_module(MODULE)
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
    from CardiacSegmentationLib.scene.study import load_study

    study = load_study(slicer.mrmlScene, painted[0])
    a_hand.panel.select(study)
    a_hand.ui.modelEdit.currentPath = str(painted_bundle)
    a_hand.see()
    return study
