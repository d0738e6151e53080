"""Assessment → tables and a volume–time plot; the next call fills the same nodes again."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from CardiacSegmentationLib.choices import CHOICES
from CardiacSegmentationLib.export.tables import measurements_as_dict
from CardiacSegmentationLib.scene.nodes import one_modification
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from CardiacSegmentationLib.assessment import Assessment, Measurement

    Column = tuple[str, Sequence[Any]]

TIME, LV, RV = "Time (ms)", "LV (ml)", "RV (ml)"
PHASE_TITLES = {
    "phase": "Phase",
    "time_ms": TIME,
    "lv_ml": LV,
    "myo_ml": "Myocardium (ml)",
    "rv_ml": RV,
    "role": "Role",
}
# What a report of cardiac function lists, in its usual order and with the names of its trade: they fit into a window.
SUMMARY = {
    "ef_percent": "EF",
    "edv_ml": "EDV",
    "esv_ml": "ESV",
    "sv_ml": "SV",
    "co_l_min": "CO",
    "mass_g": "LVM",
    "edvi_ml_m2": "EDVi",
    "esvi_ml_m2": "ESVi",
    "svi_ml_m2": "SVi",
    "ci_l_min_m2": "CI",
    "mass_index_g_m2": "LVMi",
}
RESULT_ROLES = (
    "summary",
    "measures",
    "perSlice",
    "perPhase",
    "keyPhases",
    "chart",
    "curveLV",
    "curveRV",
    "marksLV",
    "marksRV",
)


def show_assessment(study_node: Any, assessment: Assessment) -> bool:
    """Fill the study's result nodes, which it refers to by the names in ``RESULT_ROLES``; true if any is new."""
    before = study_node.GetScene().GetNumberOfNodes()
    texts = measurements_as_dict(assessment)
    summary = _table(study_node, "summary", "results")
    _fill(summary, _summary(assessment))
    summary.SetUseFirstColumnAsRowHeader(True)
    for name in ("LV normal", "RV normal"):
        summary.SetColumnTitle(name, "Normal")
    _fill(_table(study_node, "measures", "all measures"), _measures(assessment))
    _fill(_table(study_node, "perSlice", "per slice"), _columns(texts["slices"], _slice_title))
    _fill(_table(study_node, "perPhase", "per phase"), _columns(texts["phases"], PHASE_TITLES.__getitem__))
    _fill(_table(study_node, "keyPhases", "ED and ES"), _key_phases(assessment))
    _show_chart(study_node, assessment)
    return bool(study_node.GetScene().GetNumberOfNodes() > before)


def _summary(assessment: Assessment) -> list[Column]:
    """Both ventricles side by side. Slicer makes columns as wide as their longest text, so these are short ones."""
    keys = [key for key in SUMMARY if key in assessment.lv or key in assessment.rv]
    units = [(assessment.lv.get(key) or assessment.rv[key]).unit for key in keys]
    columns: list[Column] = [("Measure", [f"{SUMMARY[key]} ({unit})" for key, unit in zip(keys, units, strict=True)])]
    for name, part in (("LV", assessment.lv), ("RV", assessment.rv)):
        measures = [part.get(key) for key in keys]
        columns.append((name, ["" if m is None else m.text for m in measures]))
        columns.append((f"{name} normal", ["" if m is None else _short_range(m) for m in measures]))
    return columns


def _short_range(measure: Measurement) -> str:
    limits = measure.reference
    if limits is None:
        return ""
    return f"{limits.low:g}–{limits.high:g}{' !' if measure.is_outside_reference else ''}"


def _measures(assessment: Assessment) -> list[Column]:
    """One row for each number, and for what it rests on; sentences stand in the last column."""
    measures = [m for part in (assessment.lv, assessment.rv, assessment.heart) for m in part.values()]
    rows = [(m.title, m.text, m.unit if m.value is not None else "", _range(m), m.note) for m in measures]
    rows += [
        ("Key phases", "", "", "", f"{_key_phase_text(asdict(assessment.key_phases))} (counted from 1)"),
        ("Papillary convention", "", "", "", _choice("papillary", assessment)),
        ("Papillary threshold", "", "", "", _choice("papillary_percent", assessment)),
        ("Formula of the body surface area", "", "", "", _choice("bsa_formula", assessment)),
        ("Basal rule", "", "", "", _choice("basal_rule", assessment)),
        *(("Finding", "", "", "", finding.message) for finding in assessment.findings),
    ]
    names = ("Measure", "Value", "Unit", "Normal range", "Note")
    return [(name, [row[index] for row in rows]) for index, name in enumerate(names)]


def _choice(name: str, assessment: Assessment) -> str:
    value = getattr(assessment.conventions, name)
    return CHOICES[name].describe(str(getattr(value, "value", value)))


def _range(measure: Measurement) -> str:
    limits = measure.reference
    if limits is None:
        return ""
    outside = " – outside" if measure.is_outside_reference else ""
    return f"{limits.low:g}–{limits.high:g}{outside}"


def _key_phase_text(key_phases: Mapping[str, int | None]) -> str:
    names = {key: key.replace("_", " ").upper() for key in key_phases}
    return ", ".join(f"{names[key]} {'–' if phase is None else phase + 1}" for key, phase in key_phases.items())


def _columns(rows: list[dict[str, Any]], title: Any) -> list[Column]:
    names = rows[0] if rows else ()
    return [(title(name), [row[name] for row in rows]) for name in names]


def _slice_title(key: str) -> str:
    """``lv_mm2`` → ``LV area (mm²)``."""
    plain = {"phase": "Phase", "slice": "Slice", "time_ms": TIME}
    if key in plain:
        return plain[key]
    structure, what = key.split("_")
    name = {"lv": "LV", "myo": "Myocardium", "rv": "RV"}[structure]
    return {"mm2": f"{name} area (mm²)", "ml": f"{name} (ml)", "included": f"{name} counts", "share": f"{name} share"}[
        what
    ]


def _key_phases(assessment: Assessment) -> list[Column]:
    """ED and ES of each ventricle as points of the plot."""
    key = assessment.key_phases
    columns: list[Column] = [("Phase", ["ED", "ES"])]
    for name, label, phases in (("LV", Label.LV, (key.lv_ed, key.lv_es)), ("RV", Label.RV, (key.rv_ed, key.rv_es))):
        times = [None if phase is None else assessment.times_ms[phase] for phase in phases]
        volumes = [None if phase is None else float(assessment.volumes_ml[label - 1, phase]) for phase in phases]
        columns += [(f"{name} time (ms)", times), (f"{name} volume (ml)", volumes)]
    return columns


def _table(study_node: Any, role: str, title: str) -> Any:
    return _result_node(study_node, role, "vtkMRMLTableNode", title)


def _result_node(study_node: Any, role: str, class_name: str, title: str) -> Any:
    node = study_node.GetNodeReference(role)
    if node is None:
        node = study_node.GetScene().AddNewNodeByClass(class_name, f"{study_node.GetName()} {title}")
        study_node.SetNodeReferenceID(role, node.GetID())
    return node


def _fill(node: Any, columns: list[Column]) -> None:
    with one_modification(node):
        table = vtk.vtkTable()
        for name, values in columns:
            column = _vtk_column(values)
            column.SetName(name)
            table.AddColumn(column)
        node.SetAndObserveTable(table)
        node.SetUseColumnTitleAsColumnHeader(True)
        node.SetLocked(True)


def _vtk_column(values: Sequence[Any]) -> Any:
    """Numbers as numbers, with NaN for what is not known; anything else as text."""
    if all(value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)) for value in values):
        known = np.array([np.nan if value is None else value for value in values], float)
        whole = all(isinstance(value, int) for value in values)
        return numpy_to_vtk(known.astype(np.int32) if whole else known, deep=True)
    column = vtk.vtkStringArray()
    for value in values:
        column.InsertNextValue(_cell_text(value))
    return column


def _cell_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    # Slicer's table files lose a cell with a straight quotation mark when they are read again.
    return "" if value is None else str(value).replace('"', "”")


def _show_chart(study_node: Any, assessment: Assessment) -> None:
    chart = _result_node(study_node, "chart", "vtkMRMLPlotChartNode", "volume–time curve")
    with one_modification(chart):
        chart.SetTitle("LV (orange) and RV (blue)")  # a legend would lie over the curves: its place is fixed
        chart.SetTitleFontSize(14)
        chart.SetAxisTitleFontSize(12)
        chart.SetAxisLabelFontSize(11)
        chart.SetXAxisTitle("Time (ms)")
        chart.SetYAxisTitle("Volume (ml)")
        chart.SetLegendVisibility(False)
        chart.RemoveAllPlotSeriesNodeIDs()
        for name, label in (("LV", Label.LV), ("RV", Label.RV)):
            if np.isfinite(assessment.volumes_ml[label - 1]).any():
                chart.AddAndObservePlotSeriesNodeID(_curve(study_node, name, label).GetID())
                chart.AddAndObservePlotSeriesNodeID(_marks(study_node, name, label).GetID())


def _curve(study_node: Any, name: str, label: Label) -> Any:
    series = _series(study_node, f"curve{name}", f"{name} volume", label, "perPhase")
    with one_modification(series):
        series.SetXColumnName(TIME)
        series.SetYColumnName({"LV": LV, "RV": RV}[name])
        series.SetMarkerStyle(series.MarkerStyleCircle)
        series.SetMarkerSize(5)
        series.SetLineWidth(2)
    return series


def _marks(study_node: Any, name: str, label: Label) -> Any:
    series = _series(study_node, f"marks{name}", f"{name} ED and ES", label, "keyPhases")
    with one_modification(series):
        series.SetXColumnName(f"{name} time (ms)")
        series.SetYColumnName(f"{name} volume (ml)")
        series.SetLabelColumnName("Phase")
        series.SetMarkerStyle(series.MarkerStyleDiamond)
        series.SetMarkerSize(14)
        series.SetLineStyle(series.LineStyleNone)
    return series


def _series(study_node: Any, role: str, title: str, label: Label, table_role: str) -> Any:
    series = _result_node(study_node, role, "vtkMRMLPlotSeriesNode", title)
    series.SetName(title)  # shown in the plot's legend
    series.SetPlotType(series.PlotTypeScatter)
    series.SetAndObserveTableNodeID(study_node.GetNodeReferenceID(table_role))
    series.SetColor(*(channel / 255 for channel in BY_LABEL[label].color_rgb))
    return series
