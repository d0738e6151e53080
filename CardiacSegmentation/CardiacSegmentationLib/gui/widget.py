"""The panel: four sections in the order of the work, one study at hand, in step with the scene."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import slicer
import vtk
from slicer.util import VTKObservationMixin

from CardiacSegmentationLib.gui import layout
from CardiacSegmentationLib.gui.correct_panel import CorrectPanel
from CardiacSegmentationLib.gui.identity import IdentityBar
from CardiacSegmentationLib.gui.long_axis_panel import LongAxisPanel
from CardiacSegmentationLib.gui.looking import Looking
from CardiacSegmentationLib.gui.messages import Messages, Windows, errors_shown
from CardiacSegmentationLib.gui.overview import Overview
from CardiacSegmentationLib.gui.phase_wheel import PhaseWheel
from CardiacSegmentationLib.gui.reading_keys import reading_keys
from CardiacSegmentationLib.gui.recovery_bar import RecoveryBar
from CardiacSegmentationLib.gui.results_panel import ResultsPanel
from CardiacSegmentationLib.gui.segment_panel import SegmentPanel
from CardiacSegmentationLib.gui.shortcuts import Shortcuts
from CardiacSegmentationLib.gui.sign_panel import SignPanel
from CardiacSegmentationLib.gui.study_panel import StudyPanel
from CardiacSegmentationLib.gui.timers import Timer
from CardiacSegmentationLib.scene.cine import fit_window, has_window, set_window
from CardiacSegmentationLib.scene.live import LiveStudy
from CardiacSegmentationLib.scene.segmentation import set_display
from CardiacSegmentationLib.scene.study import Study, find_studies, reading_of, remove_rest
from CardiacSegmentationLib.scene.terms import load_terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.gui.background import Process
    from CardiacSegmentationLib.session import Changed, StudySession

SETTLE_MS = 250  # after the last stroke: soon enough to be felt as live, late enough not to disturb a hand
# Which sections are open: with no study (0), with images alone (1), with labels (2).
SECTIONS = {"studySection": (0, 1), "segmentSection": (1,), "correctSection": (2,), "resultsSection": (2,)}


class CardiacPanel(VTKObservationMixin):  # type: ignore[misc]
    """Everything the module's widget does.

    ``study`` is the one at hand, ``live`` its labels and numbers once it is segmented. Others may be there, too.
    """

    def __init__(
        self, ui: Any, messages: Messages | None = None, make_process: Callable[[], Process] | None = None
    ) -> None:
        super().__init__()
        self.ui = ui
        self.messages: Messages = messages or Windows()
        self.study: Study | None = None
        self.live: LiveStudy | None = None
        self._deleted: Study | None = None  # by its images, in the Data module
        self._is_selecting = False
        self._was_imported = False
        self._step: int | None = None
        self._stroke_timer = Timer(SETTLE_MS, self.settle)
        self._removal_timer = Timer(0, self._nodes_were_removed)
        self._batch_timer = Timer(0, self._bind_again)
        self._zoom_timer = Timer(0, self._zoom)  # when a view that is new in the layout has its size
        self.identity = IdentityBar(ui)
        self._study_section = StudyPanel(self)
        self._segment = SegmentPanel(self, make_process)
        self._correct = CorrectPanel(self, make_process)
        self._long_axes = LongAxisPanel(self)
        self._results = ResultsPanel(self, make_process)
        self.sign_off = SignPanel(self)
        self._recovery = RecoveryBar(self)
        self._looking = Looking(self)
        self.overview = Overview(self)
        self._wheel = PhaseWheel(self._correct.wheel_phase)
        self._shortcuts = Shortcuts(self._correct, reading_keys(self))
        load_terms(slicer.modules.terminologies.logic())
        self._observe_scene()
        self._recovery.recovery.forget_old(time.time())
        self._show_study()
        self.select(next(iter(find_studies(slicer.mrmlScene)), None))

    def select(self, study: Study | None) -> None:
        """Take another study in hand."""
        if self._is_selecting or (study == self.study and (study is None) == (self.study is None)):
            return
        self._is_selecting = True
        try:
            self._leave_study()
            self.study = study = self._readable(study)
            self._long_axes.take_study(study)
            if study is not None:
                self.addObserver(study.browser, vtk.vtkCommand.ModifiedEvent, self._browser_changed)
                self.addObserver(study.node, vtk.vtkCommand.ModifiedEvent, self._study_changed)
                layout.show_study(study)
                layout.show_results(study)
                self._open_live()
            self._show_study()
            self._looking.image_shown()
        finally:
            self._is_selecting = False

    def settle(self) -> None:
        """Take in strokes and words since the last time; the numbers are those of the labels afterwards."""
        self._stroke_timer.stop()
        if self.live is not None:
            with errors_shown(self.messages):
                self.live.settle()
                self.sign_off.take_in()
            self._results.take_in()

    @property
    def session(self) -> StudySession | None:
        """The study at hand with all strokes taken in, ready for a command; None where it is not segmented."""
        if self.live is None:
            return None
        self.settle()
        return self.live.session

    def go_to(self, slice_index: int | None, phase: int | None) -> None:
        """Show a slice, a phase, or both."""
        self._correct.jump(slice_index, phase)

    def go_to_key_phase(self, name: str) -> None:
        """Show ``lv_ed``, ``lv_es``, ``rv_ed`` or ``rv_es``, where it is known."""
        self._correct.go_to_bookmark(name)

    def let_go(self) -> None:
        """Drop what is dragged or asked for: a mark of the curve, a valve, what the tool has; else lay that down."""
        if not self._results.cancel_drag() and not self._long_axes.let_go():
            self._correct.let_go()

    def go_to_next(self) -> None:
        """Show the next image that counts and has not been looked at."""
        self._looking.go_to_next()

    def before_replacing(self, study: Study) -> None:
        """A study's segmentation is about to be replaced."""
        if study == self.study:
            self._close_live()
            self._correct.show_study(study)

    def segmentation_replaced(self, study: Study) -> None:
        """A study has a new segmentation."""
        self._recovery.forget(study)
        if study == self.study:
            self._open_live()
            self._show_study()
            self._correct.go_to_bookmark("lv_ed")

    def enter(self) -> None:
        """The module comes into view."""
        self._correct.enter()
        self._shortcuts.install()
        self._looking.enter()
        self.identity.enter()
        self._wheel.enter()
        if self.study is None:  # it may have been loaded from the DICOM module or Sample Data meanwhile
            self.select(next(iter(find_studies(slicer.mrmlScene)), None))

    def exit(self) -> None:
        """The module goes out of view; a run in the background goes on."""
        self.settle()
        self._results.cancel_drag()  # no release comes to a curve that is hidden
        self._correct.exit()
        self._long_axes.exit()
        self._shortcuts.remove()
        self._looking.exit()
        self.identity.exit()
        self._wheel.exit()
        self.overview.exit()

    def clean_up(self) -> None:
        """The module is unloaded: nothing of it stays behind."""
        self._segment.stop()
        self._shortcuts.remove()
        self._correct.scene_is_closing()
        self._leave_study()
        self._long_axes.clean_up()
        self._correct.outlines.end()  # they follow a view, and would keep the panel alive
        self._recovery.clean_up()
        self._study_section.clean_up()
        self._results.clean_up()
        self.sign_off.clean_up()
        self._looking.clean_up()
        self.overview.clean_up()
        self.identity.exit()
        self._wheel.exit()
        self.removeObservers()
        for timer in (self._stroke_timer, self._removal_timer, self._batch_timer, self._zoom_timer):
            timer.end()

    def _observe_scene(self) -> None:
        scene, events = slicer.mrmlScene, slicer.vtkMRMLScene
        self.addObserver(scene, events.StartCloseEvent, self._scene_starts_closing)
        self.addObserver(scene, events.EndCloseEvent, self._scene_was_closed)
        self.addObserver(scene, events.EndImportEvent, self._scene_was_imported)
        self.addObserver(scene, events.EndBatchProcessEvent, self._batch_ended)
        self.addObserver(scene, events.NodeAboutToBeRemovedEvent, self._node_goes)
        self.addObserver(scene, events.NodeRemovedEvent, self._node_removed)

    def _readable(self, study: Study | None) -> Study | None:
        """The study; None where nobody can read what was decided about it, which would be written over."""
        with errors_shown(self.messages):
            if study is not None:
                reading_of(study)
            return study
        return None

    def _open_live(self) -> None:
        if self.study is None or self.study.segmentation_node is None:
            return
        correct = self._correct
        with errors_shown(self.messages):  # what cannot be read has no numbers, and is not shown with those of another
            self.live = LiveStudy(
                self.study,
                on_edit=self._stroke_made,
                on_change=self._session_changed,
                on_preview=correct.outlines.preview,
                on_point=correct.again.point,
                tool=correct.tool_in_hand,
            )
            layout.show_results(self.study)
            self._zoom_timer.start()

    def _zoom(self) -> None:
        if self.study is not None and self.live is not None:
            layout.zoom_to_heart(self.study, self.live.session.segmentation.labels)

    def _close_live(self) -> None:
        self._stroke_timer.stop()
        self.overview.hide()
        if self.live is not None:
            self.live.close()
        self.live = None

    def _give_up_live(self) -> None:
        """The study or its labels were deleted: nothing is written into them any more, and what was done is kept."""
        live = self.live
        self._close_live()
        if live is not None:
            self._recovery.leave(live)

    def _leave_study(self) -> None:
        if self.live is not None and self.study is not None and self.study.exists:
            self.settle()
            self._recovery.keep()
        self._close_live()
        if self.study is not None and self.study.browser is not None:
            self.removeObserver(self.study.browser, vtk.vtkCommand.ModifiedEvent, self._browser_changed)
        if self.study is not None:
            self.removeObserver(self.study.node, vtk.vtkCommand.ModifiedEvent, self._study_changed)
        self.study = None

    def _show_study(self) -> None:
        self._open_sections()
        self.identity.show_study(self.study)
        self._study_section.show_study(self.study)
        self._segment.show_study(self.study)
        self._correct.show_study(self.study)
        self._long_axes.show_study()
        self._results.show_study(self.study)
        self.sign_off.show()
        self._recovery.show_study()

    def _open_sections(self) -> None:
        """What cannot be used yet, or has done its work, makes room; within a step the user decides."""
        step = 0 if self.study is None else 1 if self.live is None else 2
        if step == self._step:
            return
        self._step = step
        for section, steps in SECTIONS.items():
            getattr(self.ui, section).collapsed = step not in steps

    def _session_changed(self, changed: Changed) -> None:
        """Numbers, decisions or notes of the study at hand are others now."""
        self._recovery.session_changed()
        if changed.place is not None:
            self.go_to(changed.place[1], changed.place[0])
        self._correct.show_numbers()
        self._long_axes.show_numbers()
        self._results.show_numbers()
        self.sign_off.show()
        self.overview.update(changed.images)

    def _stroke_made(self) -> None:
        self._stroke_timer.start()

    def _browser_changed(self, *_event: Any) -> None:
        if self.study is not None and self.study.exists:
            self._correct.show_phase()
            self._long_axes.show_numbers()
            self._results.show_phase()
            self._looking.image_shown()
            self.overview.update()

    def _study_changed(self, *_event: Any) -> None:
        if self.study is not None and self.study.exists and self.study.name != self.identity.study_name:
            self.identity.show_study(self.study)  # it was renamed

    def _scene_starts_closing(self, *_event: Any) -> None:
        self._segment.stop()
        self._recovery.forget_all()  # closing is a choice: Slicer has asked whether to save
        self._correct.scene_is_closing()
        self._long_axes.forget()
        self._close_live()
        self.select(None)

    def _scene_was_closed(self, *_event: Any) -> None:
        self._correct.scene_is_new()
        self._show_study()

    def _scene_was_imported(self, *_event: Any) -> None:
        self._was_imported = True

    def _batch_ended(self, *_event: Any) -> None:
        self._batch_timer.start()  # when editor and view controllers, which hear of it after this, have let go

    def _bind_again(self) -> None:
        """In a batch, and every import is one, Slicer's editor and its view controllers lose what they show."""
        was_imported, self._was_imported = self._was_imported, False
        self._correct.scene_is_new()
        if self.study is None and was_imported:
            self.select(next(iter(find_studies(slicer.mrmlScene)), None))
        elif self.study is not None and self.study.exists:
            if was_imported:  # views and editor are singletons: what came with the scene has taken them
                layout.show_study(self.study)
                self._long_axes.show_study()
                self._zoom_timer.start()
            layout.show_results(self.study)
            self._correct.bind_editor(self.study)
            self._correct.outlines.update()

    def _node_goes(self, *_event: Any) -> None:
        """Strokes and words are taken in while the study is still whole: the node may be one of its."""
        if not self._removal_timer.is_active and not slicer.mrmlScene.IsClosing():
            self.settle()

    def _node_removed(self, *_event: Any) -> None:
        self._recovery.leave_deleted(self.study)
        if self.study is not None and not self.study.exists:
            self._deleted = self.study
            self._give_up_live()
            self.select(None)
            self._removal_timer.start()
        elif not self._is_followed():
            self._removal_timer.start()  # Slicer has yet to make another node, if it was but the one on display

    def _nodes_were_removed(self) -> None:
        if self._deleted is not None:
            remove_rest(self._deleted)
            self._deleted = None
        self._follow_segmentation()

    def _follow_segmentation(self) -> None:
        """The labels were deleted, or the node that shows them or the images is another one now."""
        if self.study is None or not self.study.exists or self._is_followed():
            return
        if self.live is None or self.study.segmentation_node is None:
            self._give_up_live()
            self._show_study()
            return
        if not has_window(self.study.volume_node):
            self._show_images_anew(self.study, self.live.session)
        set_display(self.study.segmentation_node, self.study.volume_node)
        with errors_shown(self.messages):
            self.live.follow_node()
        self._correct.bind_editor(self.study)

    def _show_images_anew(self, study: Study, session: StudySession) -> None:
        set_window(study.volume_node, session.stack)
        fit_window(study.volume_node, session.stack.voxels, session.segmentation.labels)
        layout.show_study(study)
        self._long_axes.show_study()
        self._zoom_timer.start()

    def _is_followed(self) -> bool:
        if self.study is None or self.live is None:
            return True
        return self.live.node is self.study.segmentation_node and has_window(self.study.volume_node)
