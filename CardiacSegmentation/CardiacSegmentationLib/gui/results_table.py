"""The table of numbers: one row per measure, both ventricles side by side with their limits of normal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from CardiacSegmentationLib.export.wording import limits_text, measure_text, source_text, word
from CardiacSegmentationLib.findings import describe, translate
from CardiacSegmentationLib.gui.translation import language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.assessment import Assessment, Measurement

# What a report of cardiac function lists, in its usual order; the rest is in the files and in the tables of the scene.
KEYS = (
    *("ef_percent", "edv_ml", "esv_ml", "sv_ml", "co_l_min", "mass_g"),
    *("edvi_ml_m2", "esvi_ml_m2", "svi_ml_m2", "ci_l_min_m2", "mass_index_g_m2"),
)


class ResultsTable:
    """Filled again at every change; cells keep their place, so that the eye does, too."""

    def __init__(self, table: Any) -> None:
        self._table = table
        header = table.horizontalHeader()
        for column in range(table.columnCount):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(0, qt.QHeaderView.Stretch)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(23)

    def clear(self) -> None:
        """No numbers, no rows."""
        self._table.setRowCount(0)

    def show(self, assessment: Assessment) -> None:
        """Fill in the numbers."""
        keys = [key for key in KEYS if key in assessment.lv or key in assessment.rv]
        self._table.setRowCount(len(keys))
        for row, key in enumerate(keys):
            measure = assessment.lv.get(key) or assessment.rv[key]
            self._set(row, 0, _title(key, measure), translate(measure.definition, language()))
            self._show_part(row, 1, key, assessment.lv)
            self._show_part(row, 3, key, assessment.rv)

    def _show_part(self, row: int, column: int, key: str, part: Mapping[str, Measurement]) -> None:
        measure = part.get(key)
        if measure is None:
            self._set(row, column, "", "")
            self._set(row, column + 1, "", "")
            return
        item = self._set(row, column, measure_text(measure, language()), _tip(measure))
        item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
        font = item.font()
        font.setBold(measure.is_outside_reference)
        item.setFont(font)
        limits = measure.reference
        text = "–".join(limits_text(limits, language())) if limits is not None else ""
        source = f"{source_text(limits, language())} ({word(limits.group, language())})" if limits is not None else ""
        self._set(row, column + 1, f"{text} !" if measure.is_outside_reference else text, source)

    def _set(self, row: int, column: int, text: str, tip: str) -> Any:
        item = self._table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem()
            self._table.setItem(row, column, item)
        item.setText(text)
        item.setToolTip(tip)
        return item


def _tip(measure: Measurement) -> str:
    """Why there is no number, else how it comes about."""
    if measure.reason is not None:
        return describe(measure.reason, language())
    return translate(measure.definition, language())


def _title(key: str, measure: Measurement) -> str:
    names = {
        "ef_percent": _("Ejection fraction"),
        "edv_ml": _("End-diastolic volume"),
        "esv_ml": _("End-systolic volume"),
        "sv_ml": _("Stroke volume"),
        "co_l_min": _("Cardiac output"),
        "mass_g": _("Myocardial mass"),
        "edvi_ml_m2": _("EDV index"),
        "esvi_ml_m2": _("ESV index"),
        "svi_ml_m2": _("SV index"),
        "ci_l_min_m2": _("Cardiac index"),
        "mass_index_g_m2": _("Mass index"),
    }
    return f"{names[key]} ({measure.unit})"
