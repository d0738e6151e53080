"""Step 1, Study: find short-axis images, say what is assumed or missing, load them with one click."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.cine import find_stacks, read_stack
from CardiacSegmentationLib.errors import CardiacSegmentationError
from CardiacSegmentationLib.gui.dicom_browser import selected_files
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.gui.sample import sample_folder
from CardiacSegmentationLib.gui.texts import findings_html
from CardiacSegmentationLib.scene.dicom import place_under_patient
from CardiacSegmentationLib.scene.sources import stack_from_node
from CardiacSegmentationLib.scene.study import Study, find_studies, load_study
from CardiacSegmentationLib.stack import Finding, Severity

if TYPE_CHECKING:
    from CardiacSegmentationLib.cine import Candidate
    from CardiacSegmentationLib.cine import Study as FoundStudy
    from CardiacSegmentationLib.gui.widget import CardiacPanel

TYPING_MS = 600  # how long a path must stand still before it is looked into
ROW = 256  # Qt.UserRole: which stack a line of the list stands for


class StudyPanel:
    """What the first section shows and does."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel, self._ui = panel, panel.ui
        self._found: FoundStudy | None = None
        self._typing = qt.QTimer()
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.connect("timeout()", self.look_into_folder)
        self._connect()

    def _connect(self) -> None:
        ui = self._ui
        ui.folderEdit.connect("currentPathChanged(QString)", self._path_changed)
        ui.sampleButton.connect("clicked()", self.open_sample)
        ui.openBrowserButton.connect("clicked()", lambda: slicer.util.selectModule("DICOM"))
        ui.useSelectionButton.connect("clicked()", self.use_browser_selection)
        ui.useNodeButton.connect("clicked()", self.use_node)
        ui.nodeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._node_changed)
        ui.stackTree.connect("itemSelectionChanged()", self._show_findings)
        ui.loadButton.connect("clicked()", self.load)
        ui.studySelector.connect("currentNodeChanged(vtkMRMLNode*)", self._study_chosen)
        ui.stackTree.header().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        ui.stackTree.header().setSectionResizeMode(1, qt.QHeaderView.ResizeToContents)
        ui.stackTree.header().setSectionResizeMode(2, qt.QHeaderView.ResizeToContents)
        ui.stackTree.header().setStretchLastSection(False)
        self._node_changed(None)
        self._show_found(None)

    def show_study(self, study: Study | None) -> None:
        """Name the study at hand; a section that has done its work makes room."""
        self._ui.studySelector.setCurrentNode(study.node if study is not None else None)

    def look_into_folder(self) -> None:
        """List the stacks behind the path."""
        self._typing.stop()
        path = self._ui.folderEdit.currentPath.strip()
        if not path or not Path(path).expanduser().exists():
            self._show_found(None)
            return
        self._look_into(Path(path))

    def open_sample(self) -> None:
        """Make the phantom study and load it."""
        with errors_shown(self._panel.messages):
            self._ui.folderEdit.currentPath = str(sample_folder())
            self.look_into_folder()
        if self._found is not None:
            self.load()

    def use_browser_selection(self) -> None:
        """List the stacks among what is selected in Slicer's DICOM browser."""
        with errors_shown(self._panel.messages):
            files = selected_files()
            if not files:
                raise CardiacSegmentationError(_("Nothing is selected in the DICOM browser."))
            self._show_found(find_stacks(files))

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
            stack = read_stack(self._found, row)
            self._ui.folderEdit.addCurrentPathToHistory()
            study = load_study(slicer.mrmlScene, stack)
            candidate = self._found.stacks[row]
            if candidate.format == "DICOM":
                place_under_patient(study, candidate.files[0])
            self._panel.select(study)

    def _look_into(self, path: Path) -> None:
        self._show_found(None)
        try:
            with slicer.util.WaitCursor():
                self._show_found(find_stacks(path))
        except CardiacSegmentationError as error:  # said in place: a path half typed deserves no window
            self._show_text(findings_html([Finding("study", str(error), Severity.ERROR)]))

    def _path_changed(self, _path: str) -> None:
        self._typing.start()

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
            self._show_text(findings_html([Finding("none", self._found.reason, Severity.WARNING)]))
            return
        stack = self._found.stacks[row]
        findings = [*self._found.findings, *stack.findings]
        if not stack.is_short_axis:
            text = _("This does not look like a short axis. Volumes would be wrong.")
            findings.insert(0, Finding("not-short-axis", text, Severity.ERROR))
        self._show_text(findings_html(findings) or _("Complete: nothing had to be assumed."))

    def _show_text(self, text: str) -> None:
        self._ui.stackFindings.text = text
        self._ui.stackFindings.visible = bool(text)

    def _selected_row(self) -> int | None:
        item = self._ui.stackTree.currentItem()
        return None if item is None else int(item.data(0, ROW))


def _columns(stack: Candidate) -> list[str]:
    name = stack.description or _("without a name")
    if stack.is_short_axis:
        name = f"♥ {name}"
    return [name, f"{stack.slices} × {stack.phases}", " × ".join(f"{value:.2g}" for value in stack.spacing_mm)]
