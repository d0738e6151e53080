"""The module without its panel: the three lines of the guide, and the tests that Slicer itself runs."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import unittest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from slicer_stand_in.hand import Hand

ROOT = Path(__file__).parents[2]
IN_SLICER = ROOT / "CardiacSegmentation" / "Testing" / "Python" / "CardiacSegmentationInSlicerTest.py"


def test_the_lines_of_the_guide_print_an_ejection_fraction(
    a_module: Any,
    painted: tuple[CineStack, Segmentation],
    painted_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As written in docs, but for the study's path; the network is the painted one."""
    from CardiacSegmentationLib.gui.handover import write_stack

    import CardiacSegmentation

    write_stack(painted[0], tmp_path / "study.nrrd")
    real = CardiacSegmentation.CardiacSegmentationLogic.segment
    monkeypatch.setattr(
        CardiacSegmentation.CardiacSegmentationLogic, "segment", lambda self, study: real(self, study, painted_bundle)
    )
    guide = (ROOT / "docs" / "slicer.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(lines.replace("/data/study", str(tmp_path / "study.nrrd")), {})
    assert float(printed.getvalue()) == pytest.approx(60, abs=6)


def test_the_panel_goes_on_with_what_a_script_segmented_again(
    a_hand: Hand, a_painted_study: Study, painted_bundle: Path
) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of
    from CardiacSegmentationLib.session.contour_commands import delete_here

    import CardiacSegmentation

    logic = CardiacSegmentation.CardiacSegmentationLogic()
    first = logic.segment(a_painted_study, painted_bundle)
    live = a_hand.panel.live
    assert live.assessment.lv["edv_ml"] == first.lv["edv_ml"]
    a_hand.ui.heightSpin.value = 150.0
    for label in (1, 2, 3):
        delete_here(live.session, (0, 2), [Label(label)])
    again = logic.segment(a_painted_study, painted_bundle)
    live = a_hand.panel.live
    labels = segmentation_of(a_painted_study).labels
    assert (live.session.segmentation.labels == labels).all()
    assert live.assessment.lv["edv_ml"] == again.lv["edv_ml"] == first.lv["edv_ml"]
    assert again.patient.height_cm == 150.0  # what was put right stays, as in the panel
    assert [entry.action for entry in live.session.reading.journal][-1] == "segment"


def test_what_a_script_segmented_is_found_by_the_panel(
    a_module: Any, painted: tuple[CineStack, Segmentation], painted_bundle: Path, tmp_path: Path
) -> None:
    from CardiacSegmentationLib.gui.handover import write_stack

    import CardiacSegmentation

    write_stack(painted[0], tmp_path / "study.nrrd")
    logic = CardiacSegmentation.CardiacSegmentationLogic()
    study = logic.load(tmp_path / "study.nrrd")
    logic.segment(study, painted_bundle)
    a_module.widgetRepresentation()
    assert a_module.widget.panel.study == study
    assert a_module.widget.panel.ui.resultsTable.rowCount > 5


def test_the_self_test_that_slicer_runs_passes(a_module: Any) -> None:
    import slicer

    slicer.selfTests["CardiacSegmentation"]()


def test_the_tests_that_run_inside_slicer_pass_here_too(a_module: Any) -> None:
    if not (ROOT / "CardiacSegmentation" / "Resources" / "Models").is_dir():
        pytest.skip("no network is shipped yet")
    spec = importlib.util.spec_from_file_location(IN_SLICER.stem, IN_SLICER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    assert result.testsRun == 2
    assert [text for _, text in (*result.errors, *result.failures)] == []
