"""Step 2, Segment: one button that becomes Cancel, progress with stage and time left, the error text."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from CardiacSegmentationLib.choices import CHOICES, arguments_for
from CardiacSegmentationLib.cine.volume_files import read_values
from CardiacSegmentationLib.corrections import describe_work
from CardiacSegmentationLib.errors import LabelError, as_error
from CardiacSegmentationLib.export.result_parts import PARTS
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.gui.background import BackgroundRun, End, Process
from CardiacSegmentationLib.gui.clicks import once
from CardiacSegmentationLib.gui.handover import write_stack
from CardiacSegmentationLib.gui.layout import show_uncertainty
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.gui.packages import ensure_engine
from CardiacSegmentationLib.gui.texts import SIGNS, duration, network_name, stage_text
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.network.bundle import bundled_networks
from CardiacSegmentationLib.pipeline import Progress, read_segmentation
from CardiacSegmentationLib.scene.study import (
    Study,
    StudySettings,
    read_study_settings,
    reading_of,
    segmentation_of,
    set_reading,
    set_segmentation,
    stack_of,
    write_study_settings,
)
from CardiacSegmentationLib.scene.uncertainty import set_uncertainty

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.gui.widget import CardiacPanel


class SegmentPanel:
    """What the second section shows and does."""

    def __init__(self, panel: CardiacPanel, make_process: Callable[[], Process] | None = None) -> None:
        self._panel, self._ui = panel, panel.ui
        self._run = BackgroundRun(self._show_progress, self._finish, make_process)
        self._study: Study | None = None  # the one the run works for, whichever is looked at meanwhile
        self._shown: Study | None = None  # the one at hand, which the last words are about
        self._folder: Path | None = None
        self._ui.segmentButton.connect("clicked()", once(self.segment_or_cancel))
        for name, combo in (("phases", self._ui.phasesCombo), ("backend", self._ui.backendCombo)):
            combo.addItems([CHOICES[name].label(value, language()) for value in CHOICES[name].values])
            combo.connect("currentIndexChanged(int)", lambda _index: self._write_settings())
        self._ui.uncertaintyCheck.connect("toggled(bool)", lambda _on: self._write_settings())
        self._ui.modelCombo.addItems([network_name(name) for name in bundled_networks()] + [_("Of your own:")])
        self._ui.modelCombo.connect("currentIndexChanged(int)", self._choose_network)
        self._ui.modelEdit.connect("currentPathChanged(QString)", self._name_network)

    @property
    def is_running(self) -> bool:
        """Whether a background run is under way."""
        return self._run.is_running

    def segment_or_cancel(self) -> None:
        """The one button."""
        if self._run.is_running:
            self._ui.segmentButton.enabled = False
            self._ui.progressLabel.text = _("Stopping …")
            self._run.cancel()
            return
        with errors_shown(self._panel.messages):
            self.start()

    def start(self) -> None:
        """Segment the study at hand in the background, unless the user would lose corrections by it."""
        study = self._panel.study
        if study is None or self._run.is_running or not self._may_replace(study):
            return
        settings, _notes = read_study_settings(study)
        ensure_engine(settings.backend)
        self._say("")
        self._study, self._folder = study, Path(tempfile.mkdtemp(prefix="cardiacseg-slicer-"))
        images = self._folder / "images.nrrd"
        write_stack(stack_of(study), images)
        self._show_running()
        self._run.start(["segment", str(images), "--out", str(self._folder / "results"), *_options(settings)])

    def stop(self) -> None:
        """End a run at once and forget it: its scene is closing."""
        self._run.abandon()
        self._clean_up()
        self._say("")
        self.show_study(self._panel.study)

    def show_study(self, study: Study | None) -> None:
        """The study's settings, and whether it can be segmented now."""
        if self._run.is_running:
            self._show_running()
            return
        if study != self._shown:
            self._say("")
        self._shown = study
        self._ui.segmentButton.enabled = study is not None
        self._ui.segmentButton.text = _("Segment again") if study is not None and study.segmentation else _("Segment")
        self._ui.progressBar.visible = False
        if study is not None:
            self._show_settings(read_study_settings(study)[0])

    def _may_replace(self, study: Study) -> bool:
        """Whether the reader gives up her work on the labels there are; where there is none nobody is asked."""
        work = self._describe_work(study)
        if not work:
            return True
        question = _("“{study}” was worked on ({work}). Segmenting again replaces that. Continue?")
        return self._panel.messages.ask(question.format(study=study.name, work=work))

    def _describe_work(self, study: Study) -> str:
        if study.segmentation is None:
            return ""
        if study == self._panel.study and self._panel.session is not None:
            segmentation, reading = self._panel.session.segmentation, self._panel.session.reading
        else:
            try:
                found = segmentation_of(study)
            except LabelError as error:  # nobody knows what was done to them
                return error.text(language())
            if found is None:
                return ""
            segmentation, reading = found, reading_of(study)
        return describe_work(segmentation, reading, language())

    def _show_running(self) -> None:
        other = self._study is not None and self._study != self._panel.study
        self._ui.segmentButton.enabled = True
        self._ui.segmentButton.text = (
            _("Cancel the segmentation of “{study}”").format(study=self._study.name)
            if other and self._study
            else _("Cancel")
        )
        self._ui.progressBar.visible = True

    def _show_progress(self, progress: Progress) -> None:
        self._ui.progressBar.value = round(1000 * progress.fraction)
        if progress.fraction >= 1.0:  # the end has words of its own
            return
        text = stage_text(progress.stage)
        if progress.seconds_left is not None:
            text = _("{stage}, {time} left").format(stage=text, time=duration(progress.seconds_left))
        self._ui.progressLabel.text = text

    def _finish(self, end: End, result: dict[str, Any], error: str) -> None:
        study, self._ui.progressBar.value = self._study, 0
        text = {End.CANCELLED: _("Cancelled; nothing was changed."), End.FAILED: ""}.get(end, "")
        if end is End.DONE and study is not None and study.exists:
            text, error = self._take_over(study, result)
        self._clean_up()
        self.show_study(self._panel.study)
        whose = f"“{study.name}”: " if study is not None and study != self._panel.study else ""
        self._say(f"{whose}{text}" if text else "", error, whose)

    def _take_over(self, study: Study, result: dict[str, Any]) -> tuple[str, str]:
        """Put the result into the scene; it may have been edited or removed while the run was under way."""
        if study == self._panel.study:
            self._panel.settle()
        if not self._may_replace(study):
            return _("The corrections were kept; the new segmentation was not used."), ""
        try:
            segmentation = read_segmentation(Path(result["folder"]), stack_of(study))
        except Exception as problem:  # whatever is wrong with the files must reach the user's eyes
            return "", as_error(problem).text(language())
        self._panel.before_replacing(study)
        set_segmentation(study, segmentation)
        set_reading(study, reading_of(study).begun_again(segmentation.model or ""))
        if PARTS["uncertainty"].pattern in result["files"]:
            set_uncertainty(study, read_values(Path(result["files"][PARTS["uncertainty"].pattern])))
            if study == self._panel.study:
                show_uncertainty(study)
        self._panel.segmentation_replaced(study)
        return _("Segmented."), ""

    def _clean_up(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder, self._study = None, None

    def _say(self, text: str, error: str = "", whose: str = "") -> None:
        """How a run ended: in a line, or with the text of an error below it."""
        self._ui.errorText.plainText = error
        self._ui.errorText.visible = bool(error)
        self._ui.progressLabel.text = f"{SIGNS[Severity.ERROR]} {whose}{_('Not segmented:')}" if error else text

    def _show_settings(self, settings: StudySettings) -> None:
        self._study_settings_shown = False
        self._ui.phasesCombo.currentIndex = CHOICES["phases"].values.index(settings.phases)
        self._ui.backendCombo.currentIndex = CHOICES["backend"].values.index(settings.backend)
        shipped = bundled_networks()
        own = settings.model if settings.model not in shipped else ""
        self._ui.modelCombo.currentIndex = len(shipped) if own else shipped.index(settings.model or shipped[0])
        self._ui.modelEdit.currentPath = own
        self._ui.modelEdit.enabled = bool(own)
        self._ui.uncertaintyCheck.checked = settings.uncertainty
        self._study_settings_shown = True

    _study_settings_shown = False  # false while the panel itself fills in the settings

    def _choose_network(self, index: int) -> None:
        """A network that ships needs no folder; one of the user's own is named beside."""
        shipped = index < len(bundled_networks())
        self._ui.modelEdit.enabled = not shipped
        if shipped:
            self._ui.modelEdit.currentPath = ""
        self._write_settings()

    def _name_network(self, path: str) -> None:
        if path:
            self._ui.modelCombo.currentIndex = len(bundled_networks())
        self._write_settings()

    def _model(self) -> str:
        """What the study's settings say of the network: nothing for the usual one, a name, or a folder."""
        shipped, index = bundled_networks(), self._ui.modelCombo.currentIndex
        return shipped[index] if 0 < index < len(shipped) else str(self._ui.modelEdit.currentPath)

    def _write_settings(self) -> None:
        study = self._panel.study
        if study is None or not self._study_settings_shown:
            return
        from dataclasses import replace

        settings, _notes = read_study_settings(study)
        changed = replace(
            settings,
            phases=CHOICES["phases"].values[self._ui.phasesCombo.currentIndex],
            backend=CHOICES["backend"].values[self._ui.backendCombo.currentIndex],
            model=self._model(),
            uncertainty=self._ui.uncertaintyCheck.checked,
        )
        write_study_settings(study, changed)


def _options(settings: StudySettings) -> list[str]:
    """The command line of a run; everything but the labels is made here, from the labels as corrected."""
    values = {**vars(settings), "model": settings.model or None}
    return ["--json-progress", "--only", "labels", *arguments_for(values)]
