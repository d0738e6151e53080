"""The list of slices: what counts in the phase on display, and what deserves a look."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from CardiacSegmentationLib.findings import describe
from CardiacSegmentationLib.gui.texts import SIGNS
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.findings import Finding

COLUMNS = (Label.LV, Label.MYO, Label.RV)
FINDING = 4
SEEN = "✓"  # beside the slices that were looked at in the phase on display
WHERE = 256  # Qt.UserRole: the phase of the finding a row shows
PLACE_OF_COLUMN = {1 + column: label for column, label in enumerate(COLUMNS)}


class SliceTable:
    """One row per slice, base first; ticks are changed by a click, the rest of the row leads there."""

    def __init__(
        self,
        table: Any,
        on_jump: Callable[[int | None, int | None], None],
        on_include: Callable[[int, int, bool], None],
    ) -> None:
        self._table, self._on_jump, self._on_include = table, on_jump, on_include
        header = table.horizontalHeader()
        for column in range(FINDING):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(FINDING, qt.QHeaderView.Stretch)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(22)
        table.connect("cellClicked(int,int)", self._clicked)

    def clear(self) -> None:
        """No segmentation, no rows."""
        self._table.setRowCount(0)

    def show_phase(self, assessment: Assessment, phase: int) -> None:
        """Fill the rows for one phase; doubts that belong to another phase are listed and lead there."""
        slices = assessment.areas_mm2.shape[2]
        if self._table.rowCount != slices:
            self._table.setRowCount(slices)
        findings = _by_slice(assessment)
        for row in range(slices):
            seen = f" {SEEN}" if (phase, row) in assessment.reading.looked_at else ""
            self._set_text(row, 0, f"{_slice_name(row, slices)}{seen}")
            for column, label in PLACE_OF_COLUMN.items():
                self._set_tick(row, column, float(assessment.shares[label - 1, phase, row]))
            self._set_finding(row, findings.get(row, []))

    def select(self, row: int) -> None:
        """Mark the slice on display."""
        self._table.selectRow(row)

    def _clicked(self, row: int, column: int) -> None:
        if column in PLACE_OF_COLUMN:
            ticked = self._table.item(row, column).checkState() == qt.Qt.Checked
            self._on_include(int(PLACE_OF_COLUMN[column]), row, ticked)
            return
        phase = self._table.item(row, FINDING).data(WHERE) if column == FINDING else None
        self._on_jump(row, phase)

    def _item(self, row: int, column: int) -> Any:
        item = self._table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem()
            self._table.setItem(row, column, item)
        return item

    def _set_text(self, row: int, column: int, text: str) -> None:
        self._item(row, column).setText(text)

    def _set_tick(self, row: int, column: int, share: float) -> None:
        """Ticked where the slice counts, in between where a base plane cuts it."""
        item = self._item(row, column)
        item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
        state = qt.Qt.Checked if share == 1.0 else qt.Qt.PartiallyChecked if share > 0.0 else qt.Qt.Unchecked
        item.setCheckState(state)

    def _set_finding(self, row: int, findings: list[Finding]) -> None:
        item = self._item(row, FINDING)
        item.setText(_short(findings))
        item.setToolTip("\n".join(_line(finding) for finding in findings))
        item.setData(WHERE, findings[0].phase if findings else None)


def _by_slice(assessment: Assessment) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = defaultdict(list)
    for finding in assessment.open_findings:
        if finding.slice is not None:
            found[finding.slice].append(finding)
    return found


def _short(findings: list[Finding]) -> str:
    if not findings:
        return ""
    more = f"  (+{len(findings) - 1})" if len(findings) > 1 else ""
    return _line(findings[0]) + more


def _line(finding: Finding) -> str:
    place = _("phase {number}: ").format(number=finding.phase + 1) if finding.phase is not None else ""
    return f"{SIGNS[finding.severity]} {place}{describe(finding, language())}"


def _slice_name(row: int, slices: int) -> str:
    if row == 0:
        return _("1 base")
    return _("{number} apex").format(number=slices) if row == slices - 1 else str(row + 1)
