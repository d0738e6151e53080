"""Who is this: patient, date, series and stack on top of the panel and in the view; a click hides the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from CardiacSegmentationLib.gui.corner_text import CornerText
from CardiacSegmentationLib.journal import name_text
from CardiacSegmentationLib.scene.dicom import identifiers_of_study

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study


class IdentityBar:
    """One line above the sections, and a button that hides the patient or shows it again."""

    def __init__(self, ui: Any) -> None:
        self._study: Study | None = None
        self._is_in_view = False
        self.study_name = ""  # as it is shown
        self.corner = CornerText()
        self.bar, self.label, self.button = qt.QWidget(), qt.QLabel(), qt.QToolButton()
        self.label.wordWrap = True
        self.label.textFormat = qt.Qt.PlainText
        self.button.checkable = True
        self.button.autoRaise = True
        self.button.text = _("Hide")
        self.button.toolTip = _("Hide the patient, for a picture or a talk; results keep the name.")
        self.button.connect("toggled(bool)", lambda _on: self.show_study(self._study))
        row = qt.QHBoxLayout(self.bar)
        row.setContentsMargins(6, 2, 6, 2)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        layout = ui.studySection.parentWidget().layout()
        layout.insertWidget(layout.indexOf(ui.studySection), self.bar)

    def show_study(self, study: Study | None) -> None:
        """Name the study at hand."""
        self._study, self.study_name = study, study.name if study is not None else ""
        self.bar.visible = study is not None
        hidden = bool(self.button.checked)
        parts = _parts(study, hidden) if study is not None else []
        self.label.text = " · ".join(parts)
        if self._is_in_view:
            self.corner.show(study, "" if hidden else "\n".join(parts))

    def enter(self) -> None:
        """The module comes into view."""
        self._is_in_view = True
        self.show_study(self._study)

    def exit(self) -> None:
        """The module goes out of view: what the view shows then is no business of ours."""
        self._is_in_view = False
        self.corner.remove()


def _parts(study: Study, hidden: bool) -> list[str]:
    facts = identifiers_of_study(study)
    slices = study.images.GetNthDataNode(0).GetImageData().GetDimensions()[2]
    stack = _("{slices} slices × {phases} phases").format(slices=slices, phases=study.images.GetNumberOfDataNodes())
    if hidden:
        return [_("Patient hidden"), stack]
    name, number = name_text(facts.get("patient_name", "")), facts.get("patient_id", "")
    patient = f"{name} ({number})" if name and number else name or number or _("Patient not known")
    return [part for part in (patient, facts.get("study_date", ""), facts["series"], stack) if part]
