"""Step 1, Study: find short-axis images, say what is assumed or missing, load them with one click."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.cine import find_stacks
from CardiacSegmentationLib.cine.open import MOST_FILES
from CardiacSegmentationLib.errors import CardiacSegmentationError, StudyError
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.gui.clicks import once
from CardiacSegmentationLib.gui.dicom_browser import selected_files
from CardiacSegmentationLib.gui.messages import errors_shown, progress_shown
from CardiacSegmentationLib.gui.paths import offer_again
from CardiacSegmentationLib.gui.sample import sample_folder
from CardiacSegmentationLib.gui.texts import findings_html, message_html
from CardiacSegmentationLib.gui.timers import Timer
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.scene.dicom import place_under_patient
from CardiacSegmentationLib.scene.long_axes import load_found
from CardiacSegmentationLib.scene.sources import stack_from_node
from CardiacSegmentationLib.scene.study import Study, find_studies, load_study

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.cine import Candidate, FoundStudy
    from CardiacSegmentationLib.gui.widget import CardiacPanel

ROW = 256  # Qt.UserRole: which stack a line of the list stands for


class StudyPanel:
    """What the first section shows and does."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel, self._ui = panel, panel.ui
        self._found: FoundStudy | None = None
        self._chosen = Timer(0, self.look_into_path)  # Enter on a path of the history sends two signals: one look
        self._connect()

    def _connect(self) -> None:
        ui = self._ui
        # ctkPathLineEdit itself tells of every letter; its parts tell typing from Enter and a choice of the history.
        for line in slicer.util.findChildren(ui.folderEdit, className="QLineEdit"):
            line.connect("textEdited(QString)", lambda _text: self._show_found(None))
            line.connect("returnPressed()", self._path_chosen)
        for history in slicer.util.findChildren(ui.folderEdit, className="QComboBox"):
            history.connect("activated(int)", self._path_chosen)
        ui.folderButton.connect("clicked()", lambda: self._browse(qt.QFileDialog.getExistingDirectory))
        ui.fileButton.connect("clicked()", lambda: self._browse(qt.QFileDialog.getOpenFileName))
        ui.sampleButton.connect("clicked()", once(self.open_sample))
        ui.openBrowserButton.connect("clicked()", lambda: slicer.util.selectModule("DICOM"))
        ui.useSelectionButton.connect("clicked()", self.use_browser_selection)
        ui.useNodeButton.connect("clicked()", once(self.use_node))
        ui.nodeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._node_changed)
        ui.stackTree.connect("itemSelectionChanged()", self._show_findings)
        ui.loadButton.connect("clicked()", once(self.load))
        ui.studySelector.connect("currentNodeChanged(vtkMRMLNode*)", self._study_chosen)
        ui.stackTree.header().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        ui.stackTree.header().setSectionResizeMode(1, qt.QHeaderView.ResizeToContents)
        ui.stackTree.header().setSectionResizeMode(2, qt.QHeaderView.ResizeToContents)
        ui.stackTree.header().setStretchLastSection(False)
        self._node_changed(None)
        self._show_found(None)

    def clean_up(self) -> None:
        """The module is unloaded."""
        self._chosen.end()

    def show_study(self, study: Study | None) -> None:
        """Name the study at hand; a section that has done its work makes room."""
        self._ui.studySelector.setCurrentNode(study.node if study is not None else None)

    def look_into_path(self) -> None:
        """List the stacks behind the path."""
        path = self._ui.folderEdit.currentPath.strip()
        if path:
            self._look_into(Path(path).expanduser())
        else:
            self._show_found(None)

    def open_sample(self) -> None:
        """Make the phantom study and load it."""
        with errors_shown(self._panel.messages):
            self._ui.folderEdit.currentPath = str(sample_folder())
            self.look_into_path()
        if self._found is not None:
            self.load()

    def use_browser_selection(self) -> None:
        """List the stacks among what is selected in Slicer's DICOM browser."""
        with errors_shown(self._panel.messages):
            files = selected_files()
            if not files:
                raise CardiacSegmentationError(_("Nothing is selected in the DICOM browser."))
            self._look_into(files)

    def use_node(self) -> None:
        """Take a node that is already in the scene as the cine."""
        node = self._ui.nodeSelector.currentNode()
        if node is not None:
            with errors_shown(self._panel.messages):
                self._panel.select(load_study(slicer.mrmlScene, stack_from_node(node)))

    def load(self) -> None:
        """Put the selected stack into the scene."""
        row = self._selected_row()
        if self._found is None or row is None:
            return
        with errors_shown(self._panel.messages):
            study = load_found(slicer.mrmlScene, self._found, row)
            offer_again(self._ui.folderEdit)
            candidate = self._found.stacks[row]
            if candidate.format == "DICOM":
                place_under_patient(study, candidate.files[0])
            self._panel.select(study)

    def _path_chosen(self) -> None:
        self._chosen.start()

    def _browse(self, ask: Callable[..., str]) -> None:
        path = ask(self._ui.folderEdit, _("Choose a study"), self._ui.folderEdit.currentPath)
        if path:
            self._ui.folderEdit.currentPath = path
            self.look_into_path()

    def _look_into(self, path: Path | Sequence[Path]) -> None:
        self._show_found(None)
        try:
            with progress_shown(_("Looking through the files …"), _("Cancelled; nothing was loaded.")) as progress:
                if isinstance(path, Path):
                    _require_few_files(path, progress)
                found = find_stacks(path, progress)
            self._show_found(found)
        except CardiacSegmentationError as error:  # said in place: a mistyped path deserves no window
            self._show_text(message_html(Severity.ERROR, error.text(language())))

    def _node_changed(self, node: Any) -> None:
        self._ui.useNodeButton.enabled = node is not None

    def _study_chosen(self, node: Any) -> None:
        known = next((study for study in find_studies(slicer.mrmlScene) if study.node is node), None)
        if node is None or known is not None:
            self._panel.select(known)

    def _show_found(self, found: FoundStudy | None) -> None:
        self._found = found
        tree = self._ui.stackTree
        tree.clear()
        for row, stack in enumerate(found.stacks if found is not None else ()):
            item = qt.QTreeWidgetItem(_columns(stack))
            item.setData(0, ROW, row)
            tree.addTopLevelItem(item)
            if found is not None and row == found.chosen:
                tree.setCurrentItem(item)
        tree.visible = found is not None
        self._show_findings()

    def _show_findings(self) -> None:
        """What is assumed or missing, in plain words, before anything is loaded."""
        row = self._selected_row()
        self._ui.loadButton.enabled = row is not None
        if self._found is None:
            self._show_text("")
            return
        if row is None:
            self._show_text(message_html(Severity.WARNING, self._found.describe_choice(language())))
            return
        stack = self._found.stacks[row]
        findings = [*self._found.findings, *stack.findings]
        lines = [findings_html(findings)] if findings else []
        if not stack.is_short_axis:
            text = _("This does not look like a short axis. Volumes would be wrong.")
            lines.insert(0, message_html(Severity.ERROR, text))
        self._show_text("<br>".join(lines) or _("Complete: nothing had to be assumed."))

    def _show_text(self, text: str) -> None:
        self._ui.stackFindings.text = text
        self._ui.stackFindings.visible = bool(text)

    def _selected_row(self) -> int | None:
        item = self._ui.stackTree.currentItem()
        return None if item is None else int(item.data(0, ROW))


def _require_few_files(path: Path, progress: Callable[[int, int], None]) -> None:
    """A whole disk is named by mistake."""
    count = 0
    for _parent, _folders, names in os.walk(path):
        count += len(names)
        progress(min(count, MOST_FILES), MOST_FILES)
        if count > MOST_FILES:
            raise StudyError.of("too-many-files", folder=path, count=MOST_FILES)


def _columns(stack: Candidate) -> list[str]:
    name = stack.description or _("without a name")
    if stack.is_short_axis:
        name = f"♥ {name}"
    return [name, f"{stack.slices} × {stack.phases}", " × ".join(f"{value:.2g}" for value in stack.spacing_mm)]
