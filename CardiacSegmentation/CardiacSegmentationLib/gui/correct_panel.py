"""Step 3, Correct: through the phases and slices, to what deserves a look, with the segment editor at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer
from CardiacSegmentationEffects import register as register_effects
from slicer.i18n import tr as _

from CardiacSegmentationLib.findings import Severity, describe
from CardiacSegmentationLib.gui.again_panel import AgainPanel
from CardiacSegmentationLib.gui.count_grid import CountGrid
from CardiacSegmentationLib.gui.layout import reading_view
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.gui.outlines import Outlines
from CardiacSegmentationLib.gui.proposal_row import ProposalRow
from CardiacSegmentationLib.gui.slice_table import SliceTable
from CardiacSegmentationLib.gui.texts import message_html
from CardiacSegmentationLib.gui.tools_panel import PREVIOUS_PHASE, ToolsPanel
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.scene.study import Study, bookmark
from CardiacSegmentationLib.scene.views import current_phase, current_slice, go_to_phase, go_to_slice, play
from CardiacSegmentationLib.segmentation import STRUCTURES, Label

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.gui.background import Process
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.session import StudySession

# Those that act on the slice shown and were seen to change a cine's labels in a real Slicer. Slicer's other tools, its
# Smoothing too, act on all slices of a phase: they are in the Segment Editor module.
EFFECTS = ("Pull", "Push", "Points", "Redraw", "Paint", "Draw", "Erase", "Scissors", "Again")
CONTOUR_EFFECTS = ("Pull", "Push", "Points", "Redraw", "Again")  # our own
SIDES = (("lv", "rv"), ("lv",), ("rv",))  # in the order of the combo box beside "Set as ED"
EDITOR_TAG = "CardiacSegmentationEditor"
CUT_MODE = "Scissors.SliceCutMode"


class CorrectPanel:
    """What the third section shows and does."""

    def __init__(self, panel: CardiacPanel, make_process: Callable[[], Process] | None = None) -> None:
        self._panel, self._ui = panel, panel.ui
        self._slices = SliceTable(self._ui.sliceTable, self.jump, self._count)
        self._set_up_editor()
        self.outlines = Outlines(panel, self._show_slice)
        self.grid = CountGrid(panel, self.jump)
        self.proposal = ProposalRow(panel, self.outlines.propose)
        self.again = AgainPanel(panel, self.proposal, make_process)
        self.tools = ToolsPanel(panel, self.proposal, self.again)
        self._connect()

    def _connect(self) -> None:
        ui = self._ui
        ui.phaseSlider.connect("valueChanged(int)", self._slider_moved)
        ui.playButton.connect("toggled(bool)", self._play)
        ui.edButton.connect("clicked()", lambda: self.go_to_bookmark("lv_ed"))
        ui.esButton.connect("clicked()", lambda: self.go_to_bookmark("lv_es"))
        ui.setEdButton.connect("clicked()", lambda: self._fix_key_phase("ed"))
        ui.setEsButton.connect("clicked()", lambda: self._fix_key_phase("es"))
        ui.autoPhasesButton.connect("clicked()", lambda: self._command(lambda session: session.propose_key_phases()))
        ui.useExtremeButton.connect("clicked()", self._use_extreme)
        ui.tickOffButton.connect("clicked()", self.tick_off)
        ui.undoButton.connect("clicked()", self.undo)
        ui.redoButton.connect("clicked()", self.redo)
        ui.copyPhaseButton.connect("clicked()", self.copy_from_previous_phase)

    def _set_up_editor(self) -> None:
        editor = self._ui.editor
        editor.segmentationNodeSelectorVisible = False
        editor.sourceVolumeNodeSelectorVisible = False
        editor.switchToSegmentationsButtonVisible = False
        editor.autoShowSourceVolumeNode = False  # at each change of layout, in place of a long axis
        editor.undoEnabled = False  # it forgets everything at each phase; the panel's own undo does not
        editor.setMRMLSegmentEditorNode(_editor_node())  # before the scene, as its header demands
        editor.setMRMLScene(slicer.mrmlScene)
        register_effects()  # the module may have been added to a Slicer that runs
        editor.updateEffectList()
        editor.unorderedEffectsVisible = False
        editor.setEffectNameOrder(list(EFFECTS))
        for sign in slicer.util.findChildren(editor, name="SliceRotateWarningButton"):
            sign.setFixedHeight(0)  # it offers to turn a view that lies along a long axis on purpose

    def show_study(self, study: Study | None) -> None:
        """Another study, or another segmentation of it."""
        self._ui.phaseSlider.blockSignals(True)
        self._ui.phaseSlider.maximum = study.images.GetNumberOfDataNodes() - 1 if study is not None else 0
        self._ui.phaseSlider.blockSignals(False)
        for widget in (self._ui.phaseSlider, self._ui.playButton):
            widget.enabled = study is not None
        segmented = self._panel.live is not None
        names = ("edButton", "esButton", "setEdButton", "setEsButton", "autoPhasesButton", "sliceTable", "editor")
        for name in (
            *names,
            "overviewButton",
            "undoButton",
            "redoButton",
            "copyPhaseButton",
            "ventricleCombo",
            "tickOffButton",
        ):
            getattr(self._ui, name).enabled = segmented
        self.proposal.discard()
        self.again.show_study()
        self.tools.show_study()
        self.bind_editor(study)
        self.show_phase()
        self.show_numbers()

    def show_phase(self) -> None:
        """The phase on display changed; while the cine plays, only the slider follows."""
        study = self._panel.study
        self.outlines.update()
        if study is None:
            self._ui.phaseLabel.text = "–"
            self._ui.playButton.checked = False
            return
        phase = current_phase(study)
        self._ui.phaseSlider.blockSignals(True)
        self._ui.phaseSlider.value = phase
        self._ui.phaseSlider.blockSignals(False)
        self._ui.phaseLabel.text = _phase_text(study, phase)
        playing = bool(study.browser.GetPlaybackActive())
        if self._ui.playButton.checked != playing:
            self._ui.playButton.checked = playing
        if not playing and self._panel.live is not None:
            self._slices.show_phase(self._panel.live.assessment, phase)
            self._show_slice()
            self._show_history()

    def show_numbers(self) -> None:
        """The labels or what counts changed."""
        live = self._panel.live
        self.outlines.update()
        self.grid.show()
        if live is None:
            self._slices.clear()
            self._ui.keyPhaseFrame.visible = False
            return
        self._slices.show_phase(live.assessment, current_phase(live.study))
        self._show_slice()
        self._show_key_phases()
        self._show_history()

    def bind_editor(self, study: Study | None) -> None:
        """Give the editor the labels on display, if there are any."""
        editor = self._ui.editor
        if study is None or self._panel.live is None:
            editor.setActiveEffect(None)
            editor.setSegmentationNode(None)
            return
        editor.setSegmentationNode(study.segmentation_node)
        editor.setSourceVolumeNode(study.volume_node)

    def scene_is_closing(self) -> None:
        """Let go of nodes before they go.

        While a scene closes, the editor does not hear of the effect's end: its brush would follow views without labels.
        """
        self.again.stop()
        self.outlines.forget()
        self._ui.editor.removeViewObservations()
        self._ui.editor.setActiveEffect(None)
        self._ui.editor.setSegmentationNode(None)

    def scene_is_new(self) -> None:
        """After closing or loading a scene the editor needs its parameter node again."""
        self._ui.editor.setMRMLSegmentEditorNode(_editor_node())

    def enter(self) -> None:
        """The module comes into view."""
        self._ui.editor.setupViewObservations()

    def exit(self) -> None:
        """The module goes out of view: nothing of it may act on the views any more."""
        self._ui.playButton.checked = False
        self._ui.editor.setActiveEffect(None)
        self._ui.editor.removeViewObservations()

    def step_phase(self, step: int) -> None:
        """To the next or previous phase, round and round."""
        if self._panel.study is not None:
            go_to_phase(self._panel.study, current_phase(self._panel.study) + step)

    def wheel_phase(self, step: int) -> bool:
        """To the next or previous phase, unless a tool on contours is in hand: then the wheel changes its reach."""
        if self._panel.study is None or self._contour_effect() is not None:
            return False
        self.step_phase(step)
        return True

    def step_slice(self, step: int) -> None:
        """To the next or previous slice; positive is towards the apex."""
        study = self._panel.study
        view = reading_view(study) if study is not None else None
        if study is not None and view is not None:
            self.jump(current_slice(study, view) + step, None)

    def go_to_bookmark(self, name: str) -> None:
        """To end-diastole or end-systole."""
        study = self._panel.study
        phase = bookmark(study, name) if study is not None else None
        if study is not None and phase is not None:
            go_to_phase(study, phase)

    def jump(self, slice_index: int | None, phase: int | None) -> None:
        """Show a slice, and a phase where one is meant."""
        study = self._panel.study
        if study is None:
            return
        if phase is not None:
            go_to_phase(study, phase)
        if slice_index is not None:
            last = study.volume_node.GetImageData().GetDimensions()[2] - 1
            slice_index = min(max(slice_index, 0), last)
            go_to_slice(study, slice_index)
            self._show_slice()

    def toggle_play(self) -> None:
        """Play or stop."""
        if self._panel.study is not None:
            self._ui.playButton.checked = not self._ui.playButton.checked

    def undo(self) -> None:
        """Take back the last change, wherever it was made, and go there."""
        self._command(lambda session: session.undo())

    def redo(self) -> None:
        """Make it again."""
        self._command(lambda session: session.redo())

    def copy_from_previous_phase(self) -> None:
        """Take all structures of the slice on display over from the phase before."""
        self.tools.copy(PREVIOUS_PHASE, STRUCTURES)

    def tool_in_hand(self) -> str:
        """The name of the effect that paints now, for the journal."""
        node = self._ui.editor.mrmlSegmentEditorNode()
        return str(node.GetActiveEffectName() or "") if node is not None else ""

    def choose_effect(self, name: str) -> None:
        """Pick up a tool, or lay it down when it is the one in use."""
        editor = self._ui.editor
        if self._panel.live is None:
            return
        if not name or editor.mrmlSegmentEditorNode().GetActiveEffectName() == name:
            editor.setActiveEffect(None)
        else:
            editor.setActiveEffectByName(name)

    def let_go(self) -> None:
        """Drop what the tool has in hand; where that is nothing, lay the tool down."""
        effect = self._contour_effect()
        if effect is None or not effect.let_go():
            self.choose_effect("")

    def change_reach(self, steps: int) -> None:
        """Let the tool reach farther, or less far."""
        effect = self._contour_effect()
        if effect is not None:
            effect.change_reach(steps)

    def _contour_effect(self) -> Any:
        """The tool on contours in hand, if it is one of ours."""
        effect = self._ui.editor.activeEffect()
        return effect.self() if effect is not None and effect.name in CONTOUR_EFFECTS else None

    def choose_segment(self, step: int) -> None:
        """The next or previous structure to paint."""
        node = self._ui.editor.segmentationNode()
        if node is None:
            return
        segmentation = node.GetSegmentation()
        count = segmentation.GetNumberOfSegments()
        current = segmentation.GetSegmentIndex(self._ui.editor.currentSegmentID())
        if count:
            self._ui.editor.setCurrentSegmentID(segmentation.GetNthSegmentID((current + step) % count))

    def _slider_moved(self, phase: int) -> None:
        if self._panel.study is not None:
            go_to_phase(self._panel.study, phase)

    def _play(self, on: bool) -> None:
        study = self._panel.study
        if study is not None and bool(study.browser.GetPlaybackActive()) != on:
            if on:
                self._panel.settle()
                self._ui.editor.setActiveEffect(None)  # nobody can paint on a moving heart
            play(study, on)
        self._ui.playButton.text = "■" if on else "▶"

    def _fix_key_phase(self, moment: str) -> None:
        """Take the phase shown as ED or ES of the ventricles chosen beside the buttons."""
        study = self._panel.study
        if study is not None:
            phase = current_phase(study)
            sides = SIDES[self._ui.ventricleCombo.currentIndex]
            chosen: dict[str, int | None] = {f"{side}_{moment}": phase for side in sides}
            self._command(lambda session: session.set_key_phases(**chosen))

    def _use_extreme(self) -> None:
        finding = self._moved_key_phase()
        if finding is not None:
            self._command(lambda session: session.use_extreme(finding))

    def _count(self, label: int, slice_index: int, on: bool) -> None:
        study = self._panel.study
        if study is not None:
            phase = current_phase(study)
            self._command(lambda session: session.set_counts([Label(label)], phase, slice_index, counts=on))

    def tick_off(self) -> None:
        """The reader has looked at the doubts of the row: they are not shown again, and the next one is gone to."""
        row = self._ui.sliceTable.currentRow()
        live = self._panel.live
        if live is None:
            return
        found = [item for item in live.assessment.open_findings if item.slice == row]

        def acknowledge(session: StudySession) -> None:
            for finding in found:
                session.acknowledge(finding)

        self._command(acknowledge)
        left = next((item for item in live.assessment.open_findings if item.slice is not None), None)
        if left is not None and not live.session.is_signed:
            self.jump(left.slice, left.phase)

    def _command(self, command: Callable[[StudySession], object]) -> None:
        """Let the session do something; what it refuses is said."""
        session = self._panel.session
        if session is not None:
            with errors_shown(self._panel.messages):
                command(session)
            self.show_numbers()  # a tick that was refused goes back

    def _moved_key_phase(self) -> Finding | None:
        """The gravest finding that another phase has become the extreme one."""
        live = self._panel.live
        found = live.assessment.open_findings if live is not None else ()
        moved = (item for item in found if item.code.startswith("key-phase-") and item.severity is Severity.WARNING)
        return next(moved, None)

    def _show_slice(self) -> None:
        """Mark the row of the slice on display, however one came there."""
        study = self._panel.study
        view = reading_view(study) if study is not None else None
        if study is not None and view is not None:
            self._slices.select(current_slice(study, view))

    def _show_key_phases(self) -> None:
        """One line where ED or ES held still and another phase is the extreme one now."""
        finding = self._moved_key_phase()
        self._ui.keyPhaseFrame.visible = finding is not None
        if finding is not None:
            self._ui.keyPhaseLabel.text = message_html(Severity.WARNING, describe(finding, language()))

    def _show_history(self) -> None:
        live = self._panel.live
        undo, redo = (live.session.undo_text(language()), live.session.redo_text(language())) if live else ("", "")
        self._ui.undoButton.enabled, self._ui.redoButton.enabled = bool(undo), bool(redo)
        self._ui.undoButton.toolTip = _("Undo: {change} (Ctrl+Z)").format(change=undo) if undo else _("Undo (Ctrl+Z)")
        self._ui.redoButton.toolTip = _("Redo: {change} (Ctrl+Y)").format(change=redo) if redo else _("Redo (Ctrl+Y)")


def _phase_text(study: Study, phase: int) -> str:
    time = float(study.images.GetNthIndexValue(phase))
    text = _("{phase} of {count}, {time} ms")
    text = text.format(phase=phase + 1, count=study.images.GetNumberOfDataNodes(), time=f"{time:.0f}")
    names = [name[3:].upper() for name in ("lv_ed", "lv_es") if bookmark(study, name) == phase]
    return f"{', '.join(names)}: {text}" if names else text


def _editor_node() -> Any:
    """One parameter node for the panel's editor, whatever other editors do."""
    node = slicer.mrmlScene.GetSingletonNode(EDITOR_TAG, "vtkMRMLSegmentEditorNode")
    if node is None:
        node = slicer.vtkMRMLSegmentEditorNode()
        node.SetSingletonTag(EDITOR_TAG)
        node = slicer.mrmlScene.AddNode(node)
    node.SetSaveWithScene(False)  # in another scene it would take that scene's editor to other labels
    if node.GetAttribute(CUT_MODE) is None:  # at first, and after a scene was closed
        node.SetAttribute(CUT_MODE, "Symmetric")  # to no depth: the slice shown, not all
    return node
