"""Step 2, Segment: one button that becomes Cancel, progress with stage and time left, the error text."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from CardiacSegmentationLib.cine.volume_files import read_values
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.gui.background import BackgroundRun, End, Process, Progress
from CardiacSegmentationLib.gui.clicks import once
from CardiacSegmentationLib.gui.handover import write_stack
from CardiacSegmentationLib.gui.layout import show_uncertainty
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.gui.packages import ensure_packages, is_installed
from CardiacSegmentationLib.gui.texts import SIGNS, duration, stage_text
from CardiacSegmentationLib.pipeline import read_segmentation
from CardiacSegmentationLib.pipeline.output import UNCERTAINTY_FILE
from CardiacSegmentationLib.scene.study import (
    Phases,
    Study,
    StudySettings,
    has_edits,
    read_study_settings,
    set_segmentation,
    stack_of,
    write_study_settings,
)
from CardiacSegmentationLib.scene.uncertainty import set_uncertainty

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.gui.widget import CardiacPanel

BACKENDS = ("auto", "onnx", "openvino", "torch")
PACKAGES = {"onnx": "onnxruntime", "openvino": "openvino", "torch": "torch"}
PHASES = (Phases.ALL, Phases.KEY)


class SegmentPanel:
    """What the second section shows and does."""

    def __init__(self, panel: CardiacPanel, make_process: Callable[[], Process] | None = None) -> None:
        self._panel, self._ui = panel, panel.ui
        self._run = BackgroundRun(self._show_progress, self._finish, make_process)
        self._study: Study | None = None  # the one the run works for, whichever is looked at meanwhile
        self._folder: Path | None = None
        self._ui.segmentButton.connect("clicked()", once(self.segment_or_cancel))
        for combo in (self._ui.phasesCombo, self._ui.backendCombo):
            combo.connect("currentIndexChanged(int)", lambda _index: self._write_settings())
        self._ui.uncertaintyCheck.connect("toggled(bool)", lambda _on: self._write_settings())
        self._ui.modelEdit.connect("currentPathChanged(QString)", lambda _path: self._write_settings())

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
        ensure_packages(_packages(settings.backend))
        self._show_error("")
        self._study, self._folder = study, Path(tempfile.mkdtemp(prefix="cardiacseg-slicer-"))
        images = self._folder / "images.nrrd"
        write_stack(stack_of(study), images)
        self._show_running()
        self._run.start(["segment", str(images), "--out", str(self._folder / "results"), *_options(settings)])

    def stop(self) -> None:
        """End a run at once and forget it: its scene is closing."""
        self._run.abandon()
        self._clean_up()
        self.show_study(self._panel.study)

    def show_study(self, study: Study | None) -> None:
        """The study's settings, and whether it can be segmented now."""
        if self._run.is_running:
            self._show_running()
            return
        self._ui.segmentButton.enabled = study is not None
        self._ui.segmentButton.text = _("Segment again") if study is not None and study.segmentation else _("Segment")
        self._ui.progressBar.visible = False
        if study is not None:
            self._show_settings(read_study_settings(study)[0])

    def _may_replace(self, study: Study) -> bool:
        if self._panel.live is not None:
            self._panel.settle()
        if not has_edits(study):
            return True
        question = _("“{study}” was corrected by hand. Segmenting again replaces all corrections. Continue?")
        return self._panel.messages.ask(question.format(study=study.name))

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
        self._ui.progressLabel.text = text
        self._show_error(error)
        self.show_study(self._panel.study)

    def _take_over(self, study: Study, result: dict[str, Any]) -> tuple[str, str]:
        """Put the result into the scene; it may have been edited or removed while the run was under way."""
        if study == self._panel.study:
            self._panel.settle()
        if study.segmentation is not None and has_edits(study) and not self._may_replace(study):
            return _("The corrections were kept; the new segmentation was not used."), ""
        try:
            segmentation = read_segmentation(Path(result["folder"]), stack_of(study))
        except Exception as problem:  # whatever is wrong with the files must reach the user's eyes
            return "", str(problem)
        self._panel.before_replacing(study)
        set_segmentation(study, segmentation)
        if UNCERTAINTY_FILE in result["files"]:
            set_uncertainty(study, read_values(Path(result["files"][UNCERTAINTY_FILE])))
            if study == self._panel.study:
                show_uncertainty(study)
        self._panel.segmentation_replaced(study)
        return _("Segmented."), ""

    def _clean_up(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder, self._study = None, None

    def _show_error(self, text: str) -> None:
        self._ui.errorText.plainText = text
        self._ui.errorText.visible = bool(text)
        if text:
            self._ui.progressLabel.text = f"{SIGNS[Severity.ERROR]} " + _("Not segmented:")

    def _show_settings(self, settings: StudySettings) -> None:
        self._study_settings_shown = False
        self._ui.phasesCombo.currentIndex = PHASES.index(settings.phases)
        self._ui.backendCombo.currentIndex = BACKENDS.index(settings.backend) if settings.backend in BACKENDS else 0
        self._ui.modelEdit.currentPath = settings.model_folder
        self._ui.uncertaintyCheck.checked = settings.uncertainty
        self._study_settings_shown = True

    _study_settings_shown = False  # false while the panel itself fills in the settings

    def _write_settings(self) -> None:
        study = self._panel.study
        if study is None or not self._study_settings_shown:
            return
        from dataclasses import replace

        settings, _notes = read_study_settings(study)
        changed = replace(
            settings,
            phases=PHASES[self._ui.phasesCombo.currentIndex],
            backend=BACKENDS[self._ui.backendCombo.currentIndex],
            model_folder=self._ui.modelEdit.currentPath,
            uncertainty=self._ui.uncertaintyCheck.checked,
        )
        write_study_settings(study, changed)


def _packages(backend: str) -> list[str]:
    """What must be there for an engine; any of them will do where the user left the choice to the program."""
    if backend != "auto":
        return [PACKAGES[backend]]
    return [] if any(is_installed(name) for name in PACKAGES.values()) else ["onnxruntime"]


def _options(settings: StudySettings) -> list[str]:
    options = ["--json-progress", "--only", "labels"]  # everything else is made here, from the labels as corrected
    options += ["--backend", settings.backend, "--phases", settings.phases.value]
    if settings.model_folder:
        options += ["--model", settings.model_folder]
    return [*options, "--uncertainty"] if settings.uncertainty else options
