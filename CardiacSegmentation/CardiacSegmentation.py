"""What 3D Slicer loads: the module's metadata, its widget, its logic for scripts, its self test.

The work is done in CardiacSegmentationLib; nothing of it is imported before it is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.scene.study import Study


class CardiacSegmentation(ScriptedLoadableModule):  # type: ignore[misc]
    """The module in Slicer's list, and what it adds to other modules: sample data and a DICOM reader."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        import qt
        from CardiacSegmentationLib.gui.translation import install_translation

        install_translation()
        parent.title = _("Cardiac Segmentation")
        parent.categories = ["Cardiac"]
        parent.dependencies = ["Segmentations", "Sequences"]
        parent.contributors = ["CardiacSegmentation contributors"]
        parent.helpText = _(
            "Draws left ventricle, myocardium and right ventricle in every phase of a short-axis cine MR study and "
            "reports volumes, ejection fraction and mass. Not a medical device; not for diagnosis."
        )
        parent.acknowledgementText = _("The network was trained on public data; see the model card.")
        slicer.app.connect("startupCompleted()", _start)
        qt.QTimer.singleShot(0, _start)  # for a module that is added to a running Slicer; a second time does nothing
        if not hasattr(slicer.modules, "dicomPlugins"):  # as Slicer's own plugins do: this may be loaded first
            slicer.modules.dicomPlugins = {}
        slicer.modules.dicomPlugins["CardiacCinePlugin"] = _make_dicom_plugin


class CardiacSegmentationWidget(ScriptedLoadableModuleWidget):  # type: ignore[misc]
    """The module's panel."""

    panel: Any = None
    widget: Any = None

    def setup(self) -> None:
        """Build the panel from its .ui file."""
        from CardiacSegmentationLib.gui.widget import CardiacPanel

        super().setup()
        self.widget = slicer.util.loadUI(self.resourcePath("UI/CardiacSegmentation.ui"))
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.layout.addWidget(self.widget)
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.panel = CardiacPanel(self.ui)
        if self.parent.visible:  # reloaded while it is in view: Slicer does not enter it again
            self.panel.enter()

    def enter(self) -> None:
        """The module is shown."""
        self.panel.enter()

    def exit(self) -> None:
        """Another module is shown."""
        self.panel.exit()

    def cleanup(self) -> None:
        """The module is unloaded or Slicer ends."""
        if self.panel is not None:
            self.panel.clean_up()
            self.panel = None
            self.widget.deleteLater()  # a reload only hides it, and its connections would keep the panel alive


class CardiacSegmentationLogic(ScriptedLoadableModuleLogic):  # type: ignore[misc]
    """The module for scripts, with and without a window.

    >>> from CardiacSegmentation import CardiacSegmentationLogic
    >>> logic = CardiacSegmentationLogic()
    >>> print(logic.segment(logic.load("/data/study")).lv["ef_percent"].text)
    """

    def load(self, path: str | Path) -> Study:
        """Put the short-axis cine of a folder, archive or file into the scene."""
        from CardiacSegmentationLib.cine import find_stacks
        from CardiacSegmentationLib.scene.long_axes import load_found
        from CardiacSegmentationLib.scene.terms import load_terms

        load_terms(slicer.modules.terminologies.logic())
        return load_found(slicer.mrmlScene, find_stacks(Path(path)))

    def segment(self, study: Study, model_folder: str | Path | None = None) -> Assessment:
        """Segment a study here and now, and return its numbers; labels, tables and plot are in the scene afterwards.

        Labels that are there are replaced, without a question; a panel that shows the study goes on with the new ones.
        """
        from CardiacSegmentationLib.gui.packages import ensure_packages
        from CardiacSegmentationLib.pipeline import Options, segment_study
        from CardiacSegmentationLib.scene.live import LiveStudy
        from CardiacSegmentationLib.scene.study import reading_of, set_reading, set_segmentation, stack_of

        ensure_packages(["onnxruntime"])
        options = Options(model=Path(model_folder) if model_folder is not None else None)
        segmentation = segment_study(stack_of(study), options=options).segmentation
        panel = getattr(getattr(slicer.modules, "CardiacSegmentationWidget", None), "panel", None)
        if panel is not None:
            panel.before_replacing(study)
        set_segmentation(study, segmentation)
        set_reading(study, reading_of(study).begun_again(segmentation.model or ""))
        if panel is not None:
            panel.segmentation_replaced(study)
        live = LiveStudy(study)
        live.close()
        return live.assessment


class CardiacSegmentationTest(ScriptedLoadableModuleTest):  # type: ignore[misc]
    """Slicer's "Reload and Test": the sample study from disk to numbers that follow an edit."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        """Run every test, each on an empty scene."""
        for name in (name for name in dir(self) if name.startswith("test_")):
            self.setUp()
            getattr(self, name)()

    def test_the_sample_is_loaded_and_its_numbers_follow_an_edit(self) -> None:
        """True labels of the phantom give its true volumes; an emptied slice makes the volume smaller."""
        from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
        from CardiacSegmentationLib.scene.live import LiveStudy
        from CardiacSegmentationLib.scene.study import find_studies, load_study, set_segmentation
        from CardiacSegmentationLib.segmentation import STRUCTURES
        from CardiacSegmentationLib.session.contour_commands import delete_here

        stack, truth = make_stack(PhantomSpec(phases=4, slices=8))
        study = load_study(slicer.mrmlScene, stack)
        set_segmentation(study, truth)
        self.assertEqual(find_studies(slicer.mrmlScene), (study,))
        live = LiveStudy(study)
        before = live.assessment.lv["edv_ml"].value
        self.assertAlmostEqual(before, PhantomSpec().lv_edv_ml, delta=0.05 * PhantomSpec().lv_edv_ml)
        delete_here(live.session, (0, 3), STRUCTURES)
        self.assertLess(live.assessment.lv["edv_ml"].value, before)
        self.delayDisplay("Numbers follow an edit")
        live.close()


def _start() -> None:
    from CardiacSegmentationEffects import register as register_effects
    from CardiacSegmentationLib.gui.layout import register_layout
    from CardiacSegmentationLib.gui.sample import register_sample
    from CardiacSegmentationLib.scene.segmentation import guard_deletions, guard_imports
    from CardiacSegmentationLib.scene.study import show_outlines_of_imports

    register_effects()
    register_sample()
    register_layout()
    guard_imports(slicer.mrmlScene)
    guard_deletions(slicer.mrmlScene)
    show_outlines_of_imports(slicer.mrmlScene)


def _make_dicom_plugin() -> Any:
    """Slicer's DICOM module calls what is registered to make a plugin; the class is imported only then."""
    from CardiacSegmentationLib.gui.dicom_plugin import CardiacCinePlugin

    return CardiacCinePlugin()
