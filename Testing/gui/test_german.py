"""The panel in German, as Slicer shows it when that language is chosen in its settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from slicer_stand_in.hand import PANEL_WIDTH, Hand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from gui_hosts import Host

pytestmark = pytest.mark.stand_in  # Slicer's language is that of its start
MODULE = Path(__file__).parents[2] / "CardiacSegmentation" / "CardiacSegmentation.py"


@pytest.fixture
def a_german_hand(a_window: Any, gui_host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    import qt
    from CardiacSegmentationLib.gui import translation

    installed: list[Any] = []
    monkeypatch.setattr(translation, "_installed", installed)
    a_window.settings().setValue("Internationalization/Enabled", True)
    a_window.settings().setValue("language", "de-DE")
    module = gui_host.load(MODULE)
    widget = module.widgetRepresentation()
    widget.resize(PANEL_WIDTH, 1500)
    widget.show()
    module.widget.enter()
    yield Hand(widget, module.widget.panel)
    module.unload()
    for translator in installed:
        qt.QCoreApplication.removeTranslator(translator)


def test_the_panel_speaks_german(a_german_hand: Hand, phantom: tuple[CineStack, Segmentation], tmp_path: Path) -> None:
    import slicer
    from CardiacSegmentationLib.gui.curve import _tip as curve_tip
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    hand, ui = a_german_hand, a_german_hand.ui
    assert ui.segmentButton.text == "Segmentieren"
    assert ui.studySection.text == "Studie"
    assert ui.sourceTabs.tabText(2) == "Geladene Bilder"
    study = load_study(slicer.mrmlScene, phantom[0])
    set_segmentation(study, phantom[1])
    hand.panel.select(study)
    assert ui.segmentButton.text == "Neu segmentieren"
    assert ui.resultsTable.item(0, 0).text() == "Ejektionsfraktion (%)"
    assert ui.phaseLabel.text == "ED: 1 von 8, 0 ms"
    assert slicer.modules.cardiacsegmentation.parent.title == "Herzsegmentierung"
    assert "," in ui.resultsTable.item(0, 1).text()
    assert "." not in ui.resultsTable.item(0, 1).text()
    assert "(Männer von 45 bis 74 Jahren)" in ui.resultsTable.item(0, 2).toolTip()
    curve = hand.panel._results._curve
    time, amounts, drag = curve_tip(curve._axes(), 1, "rv_es").split("\n")
    assert time == f"Phase 2 von 8, {curve._axes().times_ms[1]:.0f} ms"
    assert ", Masse " in amounts
    assert "," in amounts.split(" ml")[0]
    assert drag == "Ziehen: RV ES festlegen"
    hand.panel.sign_off.reader.text = " "
    hand.panel.sign_off.sign_button.click()
    assert hand.messages.errors == ["Ohne Namen kann niemand unterschreiben: Befunder angeben."]


def test_a_language_without_a_translation_stays_english(a_window: Any, gui_host: Host) -> None:
    a_window.settings().setValue("Internationalization/Enabled", True)
    a_window.settings().setValue("language", "fi")
    module = gui_host.load(MODULE)
    module.widgetRepresentation()
    assert module.widget.panel.ui.segmentButton.text == "Segment"
    module.unload()


def test_where_slicer_does_not_translate_the_panel_does_not_either(a_window: Any, gui_host: Host) -> None:
    a_window.settings().setValue("Internationalization/Enabled", False)
    a_window.settings().setValue("language", "de-DE")  # Slicer keeps it while translating is off
    module = gui_host.load(MODULE)
    module.widgetRepresentation()
    assert module.widget.panel.ui.segmentButton.text == "Segment"
    module.unload()
