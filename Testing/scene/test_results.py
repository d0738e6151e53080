"""Assessment → tables and plot."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.segmentation import Label, Segmentation

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.stack import CineStack


@pytest.fixture
def a_function(a_stack: CineStack, a_segmentation: Segmentation) -> Assessment:
    return assess(a_stack, a_segmentation)


def rows(study: Study, role: str) -> list[dict[str, Any]]:
    table = study.result(role).GetTable()
    names = [table.GetColumnName(column) for column in range(table.GetNumberOfColumns())]
    return [
        {name: table.GetValueByName(row, name).ToString() for name in names} for row in range(table.GetNumberOfRows())
    ]


def test_the_summary_shows_every_measure_with_its_unit_and_range(a_study: Study, a_function: Assessment) -> None:
    from CardiacSegmentationLib.scene.study import set_assessment

    set_assessment(a_study, a_function)
    shown = {row["Measure"]: row for row in rows(a_study, "measures")}
    for measurement in (*a_function.lv.values(), *a_function.rv.values(), *a_function.heart.values()):
        assert shown[measurement.title]["Value"] == measurement.text
    ef = a_function.lv["ef_percent"]
    assert shown[ef.title]["Unit"] == "%"
    assert ef.reference is not None
    assert shown[ef.title]["Normal range"].startswith(f"{ef.reference.low:g}–{ef.reference.high:g}")
    assert "count as blood" in shown["Papillary convention"]["Note"]
    assert shown["Key phases"]["Note"].startswith(f"LV ED {(a_function.key_phases.lv_ed or 0) + 1}")


def test_both_ventricles_stand_side_by_side(a_study: Study, a_function: Assessment) -> None:
    from CardiacSegmentationLib.scene.study import set_assessment

    set_assessment(a_study, a_function)
    shown = {row["Measure"]: row for row in rows(a_study, "summary")}
    assert list(shown)[:6] == ["EF (%)", "EDV (ml)", "ESV (ml)", "SV (ml)", "CO (l/min)", "LVM (g)"]
    assert shown["EDV (ml)"]["LV"] == a_function.lv["edv_ml"].text
    assert shown["EDV (ml)"]["RV"] == a_function.rv["edv_ml"].text
    assert shown["LVM (g)"]["RV"] == ""
    limits = a_function.lv["ef_percent"].reference
    assert limits is not None
    assert shown["EF (%)"]["LV normal"].startswith(f"{limits.low:g}–{limits.high:g}")
    assert max(len(text) for row in shown.values() for text in row.values()) < 20  # it fits into its window


def test_the_tables_hold_what_the_files_hold(a_study: Study, a_function: Assessment) -> None:
    from CardiacSegmentationLib.scene.study import set_assessment

    set_assessment(a_study, a_function)
    per_phase, per_slice = rows(a_study, "perPhase"), rows(a_study, "perSlice")
    assert len(per_phase) == 6
    assert len(per_slice) == 48
    assert float(per_phase[2]["LV (ml)"]) == pytest.approx(a_function.volumes_ml[Label.LV - 1, 2], abs=1e-3)
    assert float(per_slice[8 + 3]["RV area (mm²)"]) == pytest.approx(a_function.areas_mm2[0, 1, 3], abs=1e-3)
    assert per_slice[0]["LV counts"] == "yes"


def test_the_plot_marks_ed_and_es_on_the_curves(a_study: Study, a_function: Assessment) -> None:
    from CardiacSegmentationLib.scene.study import set_assessment

    set_assessment(a_study, a_function)
    chart = a_study.result("chart")
    assert chart.GetNumberOfPlotSeriesNodes() == 4
    marks = rows(a_study, "keyPhases")
    assert [row["Phase"] for row in marks] == ["ED", "ES"]
    key = a_function.key_phases
    assert key.lv_es is not None
    assert float(marks[1]["LV time (ms)"]) == pytest.approx(a_function.times_ms[key.lv_es])
    assert float(marks[1]["LV volume (ml)"]) == pytest.approx(a_function.lv["esv_ml"].value)
    for index in range(4):
        series = chart.GetNthPlotSeriesNode(index)
        table = series.GetTableNode().GetTable()
        assert table.GetColumnByName(series.GetXColumnName()) is not None
        assert table.GetColumnByName(series.GetYColumnName()) is not None


def test_the_next_result_fills_the_same_nodes(
    a_scene: Any, a_study: Study, a_function: Assessment, a_stack: CineStack, a_segmentation: Segmentation
) -> None:
    from CardiacSegmentationLib.scene.results import RESULT_ROLES
    from CardiacSegmentationLib.scene.study import set_assessment

    set_assessment(a_study, a_function)
    before = [a_study.result(role) for role in RESULT_ROLES], a_scene.GetNumberOfNodes()
    labels = np.where(a_segmentation.labels == Label.RV, 0, a_segmentation.labels).astype(np.uint8)
    set_assessment(a_study, assess(a_stack, replace(a_segmentation, labels=labels)))
    assert ([a_study.result(role) for role in RESULT_ROLES], a_scene.GetNumberOfNodes()) == before


def test_phases_without_labels_are_gaps_not_zeros(
    a_study: Study, a_stack: CineStack, a_segmentation: Segmentation, reload: Callable[[], None]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import find_studies, set_assessment

    labels = a_segmentation.labels.copy()
    labels[[1, 4, 5]] = 0
    labels[labels == Label.RV] = 0
    set_assessment(a_study, assess(a_stack, Segmentation.of(labels)))
    reload()
    (study,) = find_studies(slicer.mrmlScene)
    volumes = [float(row["LV (ml)"]) for row in rows(study, "perPhase")]
    assert [math.isnan(volume) for volume in volumes] == [False, True, False, False, True, True]


def test_text_survives_slicers_table_files(a_study: Study, a_function: Assessment, reload: Any) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import find_studies, set_assessment

    set_assessment(a_study, a_function)  # with a finding that has quotation marks, see the phantom fixture
    before = rows(a_study, "measures")
    assert any("gap of ”2” mm" in row["Note"] for row in before)
    reload()
    (study,) = find_studies(slicer.mrmlScene)
    assert rows(study, "measures") == before


def test_the_plot_can_be_drawn(a_study: Study, a_function: Assessment) -> None:
    """As qMRMLPlotView does: each series makes its vtkPlot, and VTK draws it without complaint."""
    import vtk
    from CardiacSegmentationLib.scene.study import set_assessment
    from slicer_host.view import off_screen_problem

    if off_screen_problem():
        pytest.skip(off_screen_problem())
    set_assessment(a_study, a_function)
    view = vtk.vtkContextView()
    view.GetRenderWindow().SetOffScreenRendering(1)
    view.GetRenderWindow().SetSize(400, 300)
    drawn = vtk.vtkChartXY()
    view.GetScene().AddItem(drawn)
    chart = a_study.result("chart")
    for index in range(chart.GetNumberOfPlotSeriesNodes()):
        series = chart.GetNthPlotSeriesNode(index)
        points = drawn.AddPlot(vtk.vtkChart.LINE)
        points.SetInputData(series.GetTableNode().GetTable(), series.GetXColumnName(), series.GetYColumnName())
    view.Render()
    top = a_function.volumes_ml[[Label.LV - 1, Label.RV - 1]].max()
    assert drawn.GetAxis(vtk.vtkAxis.LEFT).GetMaximum() >= top
