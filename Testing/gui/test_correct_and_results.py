"""Steps 3 and 4 on true labels: through the phases, a stroke, the numbers follow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.segmentation import Label
from slicer_stand_in.hand import paint

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from gui_hosts import Host
    from slicer_stand_in.hand import Hand


def cell(table: Any, row: int, column: int) -> str:
    return str(table.item(row, column).text())


def rows_of(table: Any) -> dict[str, list[str]]:
    """The results table: title → LV, normal, RV, normal."""
    return {cell(table, row, 0): [cell(table, row, c) for c in range(1, 5)] for row in range(table.rowCount)}


def test_the_panel_shows_the_phantoms_numbers_beside_their_normal_ranges(
    a_hand: Hand, a_segmented_study: Study
) -> None:
    rows = rows_of(a_hand.ui.resultsTable)
    lv, normal, rv, _ = rows["Ejection fraction (%)"]
    assert float(lv) == pytest.approx(60, abs=1.5)
    assert float(rv) == pytest.approx(55, abs=1.5)
    assert normal == "48–68"  # the phantom is a man of 45
    assert "ED phase 1" in a_hand.ui.conventionsLabel.text
    assert "Mosteller" in a_hand.ui.conventionsLabel.text


def test_the_table_and_the_curve_follow_a_stroke(a_hand: Hand, a_segmented_study: Study) -> None:
    before = rows_of(a_hand.ui.resultsTable)["End-diastolic volume (ml)"][0]
    a_hand.ui.edButton.click()
    paint(a_segmented_study, 4)
    a_hand.wait_for(lambda: rows_of(a_hand.ui.resultsTable)["End-diastolic volume (ml)"][0] != before, 60)
    assert float(rows_of(a_hand.ui.resultsTable)["End-diastolic volume (ml)"][0]) > float(before)
    chart_table = a_segmented_study.result("perPhase").GetTable()
    assert chart_table.GetValueByName(0, "LV (ml)").ToDouble() > float(before)


def test_ed_and_es_hold_still_and_a_line_offers_the_phase_that_is_extreme_now(
    a_hand: Hand, a_segmented_study: Study
) -> None:
    live = a_hand.panel.live
    before = live.assessment
    assert not a_hand.ui.keyPhaseFrame.visible
    a_hand.ui.esButton.click()
    es = a_hand.ui.phaseSlider.value
    for place in (3, 4, 5):
        paint(a_segmented_study, place)
    a_hand.wait(0.5)
    assert live.assessment.key_phases == before.key_phases
    assert live.assessment.lv["esv_ml"].value > before.lv["esv_ml"].value + 1
    a_hand.see()
    assert a_hand.ui.keyPhaseFrame.visible
    assert "the volume is smallest in phase" in a_hand.ui.keyPhaseLabel.text
    a_hand.ui.useExtremeButton.click()
    assert live.assessment.key_phases.lv_es != es
    assert not a_hand.ui.keyPhaseFrame.visible
    a_hand.ui.undoButton.click()
    assert live.assessment.key_phases == before.key_phases


def test_ed_of_one_ventricle_can_be_set_alone(a_hand: Hand, a_segmented_study: Study) -> None:
    before = a_hand.panel.live.assessment.key_phases
    a_hand.ui.phaseSlider.value = before.rv_es + 1
    a_hand.ui.ventricleCombo.currentIndex = 2
    a_hand.ui.setEsButton.click()
    assert a_hand.panel.live.assessment.key_phases == replace(before, rv_es=before.rv_es + 1)


def test_automatic_and_corrected_stand_side_by_side_and_the_journal_tells_how(
    a_hand: Hand, a_segmented_study: Study
) -> None:
    import qt

    assert not a_hand.ui.correctionsLabel.visible
    ef = a_hand.panel.live.assessment.lv["ef_percent"].text
    paint(a_segmented_study, 4)
    a_hand.wait(0.5)
    a_hand.ui.sliceTable.item(1, 3).setCheckState(qt.Qt.Unchecked)
    a_hand.ui.sliceTable.cellClicked.emit(1, 3)
    text = a_hand.ui.correctionsLabel.text
    assert text.startswith(f"LV EF {ef} → {a_hand.panel.live.assessment.lv['ef_percent'].text} %")
    assert text.endswith("1 image of 72 corrected, 1 slice decided by hand")
    lines = [a_hand.ui.journalList.item(row).text() for row in range(a_hand.ui.journalList.count)]
    assert lines[0].endswith("exclude RV, slice 2, ED")
    assert a_hand.ui.undoButton.toolTip == "Undo: exclude RV, slice 2, ED (Ctrl+Z)"
    a_hand.ui.undoButton.click()
    assert a_hand.ui.journalList.item(0).text().endswith("(undone)")


def test_findings_that_were_looked_at_are_not_shown_again(a_hand: Hand, a_segmented_study: Study) -> None:
    session = a_hand.panel.session
    labels = session.segmentation.labels[0].copy()
    labels[4][labels[4] == 1] = 0
    session.edit(0, labels, "Erase")
    assert "The RV is missing in slice 5" in cell(a_hand.ui.sliceTable, 4, 4)
    a_hand.panel.go_to(4, None)
    a_hand.ui.tickOffButton.click()
    assert "missing" not in cell(a_hand.ui.sliceTable, 4, 4)


def test_doubts_are_ticked_off_on_the_slice_on_display_however_one_came_there(
    a_hand: Hand, a_segmented_study: Study
) -> None:
    from CardiacSegmentationLib.gui.layout import reading_view
    from CardiacSegmentationLib.scene.views import go_to_slice

    session, table = a_hand.panel.session, a_hand.ui.sliceTable
    assert table.currentRow() == 4  # a study opens in the middle
    labels = session.segmentation.labels[0].copy()
    for place in (3, 5):
        labels[place][labels[place] == 1] = 0
    session.edit(0, labels, "Erase")
    a_hand.panel.go_to(3, 0)
    go_to_slice(a_segmented_study, 5, [reading_view(a_segmented_study)])  # as the wheel does
    a_hand.see()
    assert table.currentRow() == 5
    a_hand.ui.tickOffButton.click()
    assert "missing" in cell(table, 3, 4)
    assert "missing" not in cell(table, 5, 4)


def test_a_signed_reading_refuses_to_tick_off_in_one_sentence(a_hand: Hand, a_segmented_study: Study) -> None:
    session = a_hand.panel.session
    for phase, structures in ((0, [1]), (3, [2, 3])):
        labels = session.segmentation.labels[phase].copy()
        labels[4][np.isin(labels[4], structures)] = 0
        session.edit(phase, labels, "Erase")
    assert sum(finding.slice == 4 for finding in session.assessment.open_findings) > 1
    session.set_reader("Dr. A")
    session.sign()
    a_hand.panel.go_to(4, None)
    a_hand.ui.tickOffButton.click()
    assert len(a_hand.messages.errors) == 1


def test_the_slider_steps_through_the_phases_of_images_and_labels(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.scene.views import current_phase

    for phase in (0, 5, 7, 2):
        a_hand.ui.phaseSlider.value = phase
        assert current_phase(a_segmented_study) == phase
        assert a_hand.ui.phaseLabel.text.split(":")[-1].strip().startswith(f"{phase + 1} of 8")


def test_buttons_lead_to_end_diastole_and_end_systole(a_hand: Hand, a_segmented_study: Study) -> None:
    a_hand.ui.esButton.click()
    es = a_hand.ui.phaseSlider.value
    assert a_hand.ui.phaseLabel.text.startswith("ES: ")
    assert es == a_hand.panel.live.assessment.key_phases.lv_es
    a_hand.ui.edButton.click()
    assert a_hand.ui.phaseSlider.value == 0
    assert a_hand.ui.phaseLabel.text.startswith("ED: ")


def test_another_phase_can_be_set_as_end_systole_and_given_back_to_the_program(
    a_hand: Hand, a_segmented_study: Study
) -> None:
    found = a_hand.panel.live.assessment.key_phases.lv_es
    a_hand.ui.phaseSlider.value = found + 1
    a_hand.ui.setEsButton.click()
    assert a_hand.panel.live.assessment.key_phases.lv_es == found + 1
    assert f"ES phase {found + 2}" in a_hand.ui.conventionsLabel.text
    a_hand.ui.autoPhasesButton.click()
    assert a_hand.panel.live.assessment.key_phases.lv_es == found


def test_the_cine_plays_at_the_hearts_speed_and_stops(a_hand: Hand, a_segmented_study: Study, gui_host: Host) -> None:
    gui_host.play()
    seen = set()
    a_hand.ui.playButton.click()
    a_hand.wait_for(lambda: seen.add(a_hand.ui.phaseSlider.value) or len(seen) >= 6, 10)  # type: ignore[func-returns-value]
    a_hand.ui.playButton.click()
    a_hand.wait(0.1)
    at = a_hand.ui.phaseSlider.value
    a_hand.wait(0.4)
    assert a_hand.ui.phaseSlider.value == at


def test_a_slice_can_be_left_out_and_the_volume_shrinks_by_it(a_hand: Hand, a_segmented_study: Study) -> None:
    import qt

    live, table = a_hand.panel.live, a_hand.ui.sliceTable
    before = live.assessment.volumes_ml[Label.LV - 1, 0]
    slice_ml = live.assessment.areas_mm2[Label.LV - 1, 0, 3] * live.assessment.slice_spacing_mm / 1000
    table.item(3, 1).setCheckState(qt.Qt.Unchecked)
    table.cellClicked.emit(3, 1)
    assert a_hand.panel.live.assessment.volumes_ml[Label.LV - 1, 0] == pytest.approx(before - slice_ml)


def test_undo_and_redo_reach_back_to_a_phase_that_was_left_in_between(a_hand: Hand, a_segmented_study: Study) -> None:
    import numpy as np
    from CardiacSegmentationLib.scene.segmentation import read_frame

    study = a_segmented_study
    a_hand.ui.phaseSlider.value = 2
    before = a_hand.panel.live.session.segmentation.labels[2].copy()
    paint(study, 4)
    a_hand.wait(0.4)
    a_hand.ui.phaseSlider.value = 5
    a_hand.ui.undoButton.click()
    assert a_hand.ui.phaseSlider.value == 2  # undo leads to what it takes back
    np.testing.assert_array_equal(read_frame(study.segmentation, study.images, 2), before)
    a_hand.ui.redoButton.click()
    assert (read_frame(study.segmentation, study.images, 2) != before).any()


def test_a_slice_is_copied_from_the_phase_before_with_its_curves(a_hand: Hand, a_segmented_study: Study) -> None:
    import numpy as np
    from CardiacSegmentationLib.segmentation import STRUCTURES
    from CardiacSegmentationLib.session.contour_commands import grow_here

    session = a_hand.panel.live.session
    a_hand.ui.phaseSlider.value = 4
    a_hand.panel._correct.jump(5, None)
    a_hand.ui.copyPhaseButton.click()
    np.testing.assert_array_equal(session.segmentation.labels[4, 5], session.segmentation.labels[3, 5])
    grow_here(session, (3, 5), STRUCTURES, 1.0)
    a_hand.ui.copyPhaseButton.click()
    np.testing.assert_allclose(session.assessment.areas_mm2[:, 4, 5], session.assessment.areas_mm2[:, 3, 5], rtol=5e-4)


def test_facts_about_the_patient_and_conventions_change_what_follows_from_them(
    a_hand: Hand, a_segmented_study: Study
) -> None:
    edvi = "EDV index (ml/m²)"
    before = rows_of(a_hand.ui.resultsTable)[edvi][0]
    a_hand.ui.weightSpin.value = 100.0
    assert float(rows_of(a_hand.ui.resultsTable)[edvi][0]) < float(before)
    a_hand.ui.bsaCombo.currentIndex = 1
    assert "DuBois" in a_hand.ui.conventionsLabel.text
    a_hand.ui.heightSpin.value = 0.0
    assert rows_of(a_hand.ui.resultsTable)[edvi][0] == "–"
    a_hand.ui.sexCombo.currentIndex = 0
    assert rows_of(a_hand.ui.resultsTable)["Ejection fraction (%)"][1] == ""
    edv = rows_of(a_hand.ui.resultsTable)["End-diastolic volume (ml)"][0]
    a_hand.ui.papillaryCombo.currentIndex = 1
    assert float(rows_of(a_hand.ui.resultsTable)["End-diastolic volume (ml)"][0]) < float(edv)
    assert "in the mass" in a_hand.ui.conventionsLabel.text


def test_the_journal_is_there_again_after_a_look_at_a_study_without_labels(
    a_hand: Hand, a_segmented_study: Study, phantom: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study

    a_hand.panel.session.set_key_phases(lv_es=5)
    a_hand.panel.select(load_study(slicer.mrmlScene, phantom[0]))
    assert a_hand.ui.journalList.count == 0
    assert a_hand.ui.journalBox.isHidden()
    a_hand.panel.select(a_segmented_study)
    assert a_hand.ui.journalList.count == 1


def test_choosing_one_fact_leaves_the_others_as_the_images_say_them(
    a_hand: Hand, phantom: tuple[CineStack, Segmentation]
) -> None:
    """Fields show whole years and centimetres; the images know better, and rounding is no decision."""
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    known = replace(phantom[0].patient, age_years=65.7, height_cm=176.4, weight_kg=75.25)
    study = load_study(slicer.mrmlScene, replace(phantom[0], patient=known))
    set_segmentation(study, phantom[1])
    a_hand.panel.select(study)
    session = a_hand.panel.session
    assert a_hand.ui.ageSpin.value == 65.0  # in completed years, as in the report
    a_hand.ui.papillaryCombo.currentIndex = 1
    assert session.assessment.patient == known
    assert [entry.subject for entry in session.reading.journal] == ["papillary"]
    a_hand.ui.heightSpin.value = 180.0
    assert session.assessment.patient == replace(known, height_cm=180.0)
    assert [entry.subject for entry in session.reading.journal] == ["papillary", "height_cm"]


def type_number(hand: Hand, spin: Any, text: str) -> None:
    """Type over what a field shows, and stay in it."""
    import qt
    import slicer

    slicer.util.findChildren(spin, className="QLineEdit")[0].selectAll()
    for letter in text:
        hand.press(spin, getattr(qt.Qt, "Key_Period" if letter == "." else f"Key_{letter}"), letter)


def test_a_number_that_is_typed_is_taken_whole(a_hand: Hand, a_segmented_study: Study) -> None:
    import qt

    type_number(a_hand, a_hand.ui.weightSpin, "75.5")
    assert a_hand.panel.session.reading.patient.weight_kg == 75.5  # whatever comes next finds it
    type_number(a_hand, a_hand.ui.heightSpin, "178")
    a_hand.press(a_hand.ui.heightSpin, qt.Qt.Key_Return)
    patient = a_hand.panel.live.session.reading.patient
    assert (patient.weight_kg, patient.height_cm) == (75.5, 178.0)
    assert len(a_hand.panel.live.session.reading.journal) == 2  # not one entry for each digit


def test_a_change_elsewhere_leaves_what_is_being_typed(a_hand: Hand, a_segmented_study: Study) -> None:
    import qt

    type_number(a_hand, a_hand.ui.heightSpin, "17")
    a_hand.panel.live.session.look_at(0, 3)  # as the image on display is after a moment
    a_hand.press(a_hand.ui.heightSpin, qt.Qt.Key_8, "8")
    a_hand.press(a_hand.ui.heightSpin, qt.Qt.Key_Return)
    assert a_hand.panel.session.reading.patient.height_cm == 178.0


def test_the_editor_paints_on_the_labels_at_hand_with_the_tools_that_matter(
    a_hand: Hand, a_segmented_study: Study
) -> None:
    editor = a_hand.ui.editor
    assert editor.segmentationNode() is a_segmented_study.segmentation_node
    assert editor.sourceVolumeNode() is a_segmented_study.volume_node
    assert not editor.unorderedEffectsVisible
    assert list(editor.effectNameOrder()) == [
        *("Pull", "Push", "Points", "Redraw"),
        *("Paint", "Draw", "Erase", "Scissors", "Again"),
    ]
    a_hand.panel._correct.choose_effect("Paint")
    assert editor.mrmlSegmentEditorNode().GetActiveEffectName() == "Paint"
    a_hand.panel.exit()
    assert editor.mrmlSegmentEditorNode().GetActiveEffectName() == ""


def test_scissors_cut_the_slice_shown_unless_told_otherwise(a_hand: Hand, a_segmented_study: Study) -> None:
    import slicer

    node, name = a_hand.ui.editor.mrmlSegmentEditorNode(), "Scissors.SliceCutMode"
    assert node.GetAttribute(name) == "Symmetric"
    node.SetAttribute(name, "Unlimited")  # in the options of the tool
    a_hand.panel._correct.scene_is_new()
    assert node.GetAttribute(name) == "Unlimited"
    slicer.mrmlScene.Clear(False)
    assert a_hand.ui.editor.mrmlSegmentEditorNode().GetAttribute(name) == "Symmetric"


def test_the_reading_layout_shows_the_short_axis_the_curve_and_the_table(
    a_hand: Hand, a_segmented_study: Study, a_window: Any
) -> None:
    import slicer
    from CardiacSegmentationLib.gui.layout import LAYOUT_ID, reading_view
    from CardiacSegmentationLib.scene.views import short_axis_views

    assert a_window.layoutManager().layout == LAYOUT_ID
    view = reading_view(a_segmented_study)
    assert view in short_axis_views(a_segmented_study)
    assert view.GetName() == "Red"
    plot = slicer.mrmlScene.GetSingletonNode("CardiacPlot", "vtkMRMLPlotViewNode")
    assert plot.GetPlotChartNode() is a_segmented_study.result("chart")
    table = slicer.mrmlScene.GetSingletonNode("CardiacTable", "vtkMRMLTableViewNode")
    assert table.GetTableNode() is a_segmented_study.result("summary")


def test_a_finding_leads_to_its_slice_and_phase(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.gui.layout import reading_view
    from CardiacSegmentationLib.scene.views import current_phase, current_slice

    session = a_hand.panel.session
    labels = session.segmentation.labels[6].copy()
    labels[4][labels[4] == 1] = 0
    session.edit(6, labels, "Erase")
    assert cell(a_hand.ui.sliceTable, 4, 4).startswith("✖ phase 7: The RV is missing in slice 5")
    a_hand.ui.sliceTable.cellClicked.emit(4, 4)
    assert current_phase(a_segmented_study) == 6
    assert current_slice(a_segmented_study, reading_view(a_segmented_study)) == 4


def test_slicer_knows_the_term_for_the_myocardium(a_hand: Hand) -> None:
    import slicer
    from CardiacSegmentationLib.structures import TERMINOLOGY_CONTEXT

    assert slicer.modules.terminologies.logic().IsTerminologyContextLoaded(TERMINOLOGY_CONTEXT)


def test_opening_a_segmented_study_measures_once(
    a_hand: Hand, phantom: tuple[CineStack, Segmentation], monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation
    from CardiacSegmentationLib.session import study_at_hand

    measured: list[None] = []
    assess = study_at_hand.assess
    monkeypatch.setattr(study_at_hand, "assess", lambda *values: measured.append(None) or assess(*values))
    study = load_study(slicer.mrmlScene, phantom[0])
    set_segmentation(study, phantom[1])
    a_hand.panel.select(study)
    a_hand.see()
    assert a_hand.ui.resultsTable.item(0, 1).text() == a_hand.panel.session.assessment.lv["ef_percent"].text
    assert len(measured) == 1
