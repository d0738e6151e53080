"""Base and apex: which slices count, for both ventricles, at ED and ES or in every phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ctk
import qt
from slicer.i18n import tr as _

from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.gui.widget import CardiacPanel

SIDES = {"LV": (Label.LV, Label.MYO), "RV": (Label.RV,)}
COUNTS, IN_PART, LEFT_OUT = "●", "◐", "○"
COLUMN_WIDTH, ROW_HEIGHT = 46, 20

Column = tuple[str, int, str]  # side, phase, heading


class CountGrid:
    """Slices down, images across. Dots are full where a slice counts; pale where the reader did not decide on it."""

    def __init__(self, panel: CardiacPanel, on_jump: Callable[[int | None, int | None], None]) -> None:
        self._panel, self._on_jump = panel, on_jump
        self._columns: list[Column] = []
        self._build(panel.ui.correctSection.layout())

    def show(self) -> None:
        """Labels, decisions or the study are others now."""
        live = self._panel.live
        self.box.enabled = live is not None
        if live is None:
            self.table.setRowCount(0)
            return
        if self.box.collapsed:
            return
        assessment = live.assessment
        self._columns = self._chosen_columns(assessment)
        slices = assessment.areas_mm2.shape[2]
        if (self.table.rowCount, self.table.columnCount) != (slices, len(self._columns)):
            self.table.setRowCount(slices)
            self.table.setColumnCount(len(self._columns))
        self.table.setHorizontalHeaderLabels([heading for _side, _phase, heading in self._columns])
        decided = dict(assessment.reading.counts)
        for column, (side, phase, _heading) in enumerate(self._columns):
            self.table.setColumnWidth(column, COLUMN_WIDTH)
            label = SIDES[side][0]
            for row in range(slices):
                is_there = bool(assessment.images.pixels[label - 1, phase, row])
                share = float(assessment.shares[label - 1, phase, row])
                is_decided = (int(label), phase, row) in decided
                has_plane = label in assessment.reading.base_planes
                by = _("as you decided") if is_decided else _("by the base plane") if has_plane else _("by the rule")
                dot, words = _describe(share)
                item = self._item(row, column)
                text = dot if is_there or is_decided else ""
                if item.text() != text:
                    item.setText(text)
                item.setForeground(qt.QBrush(self._colour(is_decided)))
                item.setToolTip(f"{words}, {by}" if text else _("no contour"))

    def decide(self, counts: bool | None) -> None:
        """Decide on the cells selected; ``None`` leaves them to the rule again."""
        session, chosen = self._panel.session, self._selected()
        if session is None:
            return
        with errors_shown(self._panel.messages):
            for side, phases in chosen.items():
                for slices in {frozenset(slices) for slices in phases.values()}:  # a rectangle is one step
                    at = [phase for phase, those in phases.items() if those == slices]
                    session.set_counts(SIDES[side], at, sorted(slices), counts)

    def _selected(self) -> dict[str, dict[int, set[int]]]:
        """Slices by side and phase."""
        chosen: dict[str, dict[int, set[int]]] = {}
        for row in range(self.table.rowCount):
            for column, (side, phase, _heading) in enumerate(self._columns):
                if self.table.item(row, column).isSelected():
                    chosen.setdefault(side, {}).setdefault(phase, set()).add(row)
        return chosen

    def _chosen_columns(self, assessment: Assessment) -> list[Column]:
        phases = assessment.areas_mm2.shape[1]
        if self.which.currentIndex == 1:
            return [(side, phase, f"{side} {phase + 1}") for side in SIDES for phase in range(phases)]
        found = []
        for side in SIDES:
            for moment in ("ed", "es"):
                phase = getattr(assessment.key_phases, f"{side.lower()}_{moment}")
                if phase is not None:
                    found.append((side, int(phase), f"{side} {moment.upper()}"))
        return found

    def _item(self, row: int, column: int) -> Any:
        item = self.table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem()
            item.setTextAlignment(qt.Qt.AlignCenter)
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable)
            self.table.setItem(row, column, item)
        return item

    def _colour(self, is_decided: bool) -> Any:
        """Decided is the text's colour, proposed is pale."""
        group = qt.QPalette.Active if is_decided else qt.QPalette.Disabled
        return self.table.palette.color(group, qt.QPalette.Text)

    def _jump(self, row: int, column: int) -> None:
        self._on_jump(row, self._columns[column][1])

    def _build(self, layout: Any) -> None:
        self.box = ctk.ctkCollapsibleGroupBox()
        self.box.title = _("Base and apex")
        inside = qt.QVBoxLayout(self.box)
        choices = qt.QHBoxLayout()
        self.which = qt.QComboBox()
        for text in (_("ED and ES"), _("All phases")):
            self.which.addItem(text)
        choices.addWidget(self.which)
        choices.addWidget(qt.QLabel(_("Pale: by the base plane, else by the rule chosen under Results")))
        choices.addStretch(1)
        inside.addLayout(choices)
        self.table = qt.QTableWidget()
        self.table.toolTip = _("Drag over cells, then say whether they count. A double click leads to the image.")
        self.table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        inside.addWidget(self.table)
        buttons = qt.QHBoxLayout()
        for text, counts in ((_("Counts"), True), (_("Does not count"), False), (_("By the rule"), None)):
            button = qt.QPushButton(text)
            button.connect("clicked()", lambda counts=counts: self.decide(counts))
            buttons.addWidget(button)
        inside.addLayout(buttons)
        self.box.collapsed = True
        layout.insertWidget(layout.indexOf(self._panel.ui.editor) + 1, self.box)
        self.box.connect("toggled(bool)", lambda _on: self.show())
        self.which.connect("currentIndexChanged(int)", lambda _index: self.show())
        self.table.connect("cellDoubleClicked(int,int)", self._jump)


def _describe(share: float) -> tuple[str, str]:
    """Dot and words for how far a slice counts."""
    if share == 1.0:
        return COUNTS, _("counts")
    if share == 0.0:
        return LEFT_OUT, _("does not count")
    return IN_PART, _("counts by {percent} %").format(percent=f"{100 * share:.0f}")
