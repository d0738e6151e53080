"""Run inside Slicer: the module as a script drives it, and the panel on its own. The full tests are in Testing."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import slicer


class CardiacSegmentationInSlicerTest(unittest.TestCase):
    """Real Slicer, real Qt, the sample heart."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def test_the_logic_loads_segments_and_measures_a_study(self) -> None:
        """The three lines of the guide, on a phantom study written as DICOM; skipped without ONNX Runtime."""
        from CardiacSegmentationLib.phantom import PhantomSpec, write_study

        from CardiacSegmentation import CardiacSegmentationLogic

        if not has_onnxruntime():
            self.skipTest("onnxruntime is not installed in this Slicer")
        with tempfile.TemporaryDirectory() as folder:
            write_study(Path(folder, "study"), PhantomSpec(phases=12))
            logic = CardiacSegmentationLogic()
            assessment = logic.segment(logic.load(Path(folder, "study")))
        self.assertAlmostEqual(assessment.lv["ef_percent"].value, PhantomSpec().lv_ef_percent, delta=5)

    def test_the_panel_shows_a_segmented_study(self) -> None:
        """The panel opens without a main window and its table has the numbers."""
        from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
        from CardiacSegmentationLib.scene.study import load_study, set_segmentation

        slicer.modules.cardiacsegmentation.widgetRepresentation()
        panel = slicer.modules.CardiacSegmentationWidget.panel
        stack, truth = make_stack(PhantomSpec(phases=4, slices=8))
        study = load_study(slicer.mrmlScene, stack)
        set_segmentation(study, truth)
        panel.select(study)
        self.assertGreater(panel.ui.resultsTable.rowCount, 5)
        slicer.mrmlScene.Clear()
        self.assertIsNone(panel.study)


def has_onnxruntime() -> bool:
    """Whether the network can run here."""
    import importlib.util

    return importlib.util.find_spec("onnxruntime") is not None


if __name__ == "__main__":
    unittest.main()
