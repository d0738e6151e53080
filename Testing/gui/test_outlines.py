"""Smooth lines in the slice views: where they run, what hides them, and that nothing of them stays behind."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.segmentation import Border, Label
from slicer_stand_in.mouse import SLICE, border, in_view

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.scene.study import Study
    from slicer_host.view import SliceView
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in
NAMES = {Label.LV: "LV cavity outline", Label.MYO: "LV myocardium outline", Label.RV: "RV cavity outline"}


def node_of(name: str) -> Any:
    (node,) = [each for each in ours() if each.GetName() == name]
    return node


def points_of(name: str, study: Study, slice_: int) -> Any:
    """The curves of a slice, from the lower half of its ribbons: ``[point, (row, column)]`` in mm."""
    from CardiacSegmentationLib.scene.cine import stack_affine
    from CardiacSegmentationLib.scene.voxels import LPS_TO_RAS
    from vtk.util.numpy_support import vtk_to_numpy

    ras = vtk_to_numpy(node_of(name).GetPolyData().GetPoints().GetData())
    ijk = (np.linalg.inv(LPS_TO_RAS @ stack_affine(study.images)) @ np.c_[ras, np.ones(len(ras))].T)[:3].T
    column_mm, row_mm = study.volume_node.GetSpacing()[:2]
    ijk = ijk[: len(ijk) // 2]
    return ijk[abs(ijk[:, 2] - slice_ + 0.5) < 1e-3][:, 1::-1] * (row_mm, column_mm)


def ours() -> list[Any]:
    import slicer

    return [node for node in slicer.util.getNodesByClass("vtkMRMLModelNode") if node.GetName().endswith(" outline")]


def is_seen(label: Label, view: SliceView) -> bool:
    from CardiacSegmentationLib.structures import BY_LABEL

    return bool((abs(view.pixels().astype(int) - BY_LABEL[label].color_rgb).max(axis=2) < 3).any())


def test_lines_are_the_curves_and_slicers_own_are_off(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    from CardiacSegmentationLib.session.contour_commands import grow_here

    display = a_segmented_study.segmentation_node.GetDisplayNode()
    assert not display.GetVisibility2DOutline()
    grow_here(a_hand.panel.session, (0, SLICE), [Label.LV], 0.4)  # a part of a pixel
    curve = border(a_hand, "endo")
    assert curve is a_hand.panel.session.segmentation.contours[0, SLICE].borders[Border.ENDO]
    np.testing.assert_allclose(points_of(NAMES[Label.LV], a_segmented_study, SLICE)[:-1], curve, atol=1e-3)
    shown = a_big_view.pixels()
    colour = np.array((213, 94, 0))
    for place in curve[:: len(curve) // 12]:
        x, y = in_view(a_big_view, a_segmented_study, place)
        row, column = shown.shape[0] - 1 - round(y), round(x)
        near = shown[row - 2 : row + 3, column - 2 : column + 3].astype(int)
        assert (abs(near - colour).max(axis=2) < 3).any(), place


def test_fill_hide_and_the_eyes_of_slicers_lists_work_on_the_lines(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    keys, display = a_hand.panel._shortcuts.actions(), a_segmented_study.segmentation_node.GetDisplayNode()
    assert all(is_seen(label, a_big_view) for label in Label if label)
    plain = a_big_view.pixels()
    keys["F"]()
    filled = a_big_view.pixels()
    assert (filled != plain).sum() > 10 * plain.shape[0]
    keys["F"]()
    assert (a_big_view.pixels() == plain).all()
    keys["H"]()
    assert not any(is_seen(label, a_big_view) for label in Label if label)
    keys["H"]()
    display.SetSegmentVisibility("RV", False)  # as in Slicer's Segmentations or Data module
    assert [is_seen(label, a_big_view) for label in (Label.RV, Label.LV)] == [False, True]


def test_the_lines_follow_the_phase_and_other_slices_come_when_there_is_time(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    from CardiacSegmentationLib.session.contour_commands import contours_at, known_contours

    panel = a_hand.panel
    phase = panel.session.assessment.key_phases.lv_es
    panel.go_to(SLICE, phase)
    np.testing.assert_allclose(
        points_of(NAMES[Label.LV], a_segmented_study, SLICE)[:-1], border(a_hand, "endo"), atol=1e-3
    )
    assert known_contours(panel.session, (phase, SLICE + 1)) is None
    for _ in range(4 * panel.session.stack.slices):
        panel._correct.outlines._find_next()
    assert known_contours(panel.session, (phase + 1, SLICE)) is not None
    expected = contours_at(panel.session, (phase, SLICE + 1)).borders[Border.EPI]
    found = points_of(NAMES[Label.MYO], a_segmented_study, SLICE + 1)[: len(expected)]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_slice_that_does_not_count_is_dashed(a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView) -> None:
    name = NAMES[Label.RV]
    whole = len(points_of(name, a_segmented_study, SLICE))
    a_hand.panel.session.set_counts([Label.RV], 0, SLICE, counts=False)
    ribbons = node_of(name).GetPolyData()
    ends = ribbons.GetNumberOfPoints() / 2 - ribbons.GetNumberOfCells()
    assert ends > 10  # so many paths
    a_hand.panel.session.set_counts([Label.RV], 0, SLICE, counts=True)
    assert len(points_of(name, a_segmented_study, SLICE)) == whole


def test_parts_and_holes_that_no_border_shows_are_outlined(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    session = a_hand.panel.session
    image = session.segmentation.labels[0, SLICE].copy()
    row, column = (int(at) for at in np.argwhere(image == Label.LV).mean(axis=0))
    image[row - 1 : row + 2, column - 1 : column + 2] = Label.MYO
    image[2:5, 2:6] = Label.RV
    session.put({(0, SLICE): image}, "Paint")
    row_mm, column_mm = session.stack.spacing_mm[1:]
    muscle = points_of(NAMES[Label.MYO], a_segmented_study, SLICE)
    assert (np.hypot(*(muscle - (row * row_mm, column * column_mm)).T) < 2.5 * row_mm).any()
    island = points_of(NAMES[Label.RV], a_segmented_study, SLICE)
    assert (np.hypot(*(island - (3.0 * row_mm, 3.5 * column_mm)).T) < 4 * row_mm).any()


def test_papillary_muscles_are_drawn_when_they_count_as_muscle_and_follow_the_threshold(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    panel, ui, outlines = a_hand.panel, a_hand.ui, a_hand.panel._correct.outlines

    def drawn() -> Any:
        for _ in range(4 * panel.session.stack.slices):
            outlines._find_next()
        endo, muscle = (points_of(NAMES[label], a_segmented_study, SLICE) for label in (Label.LV, Label.MYO))
        reach_mm = np.hypot(*(endo - endo.mean(axis=0)).T).min()
        return muscle[np.hypot(*(muscle - endo.mean(axis=0)).T) < reach_mm]

    assert len(drawn()) == 0
    volume_ml = panel.session.assessment.lv["edv_ml"].value
    ui.papillaryCombo.currentIndex = 1  # in the mass
    in_mass_ml = panel.session.assessment.lv["edv_ml"].value
    assert in_mass_ml < volume_ml
    at_half = drawn()
    middle = at_half.mean(axis=0)
    row, column = (round(float(at / mm)) for at, mm in zip(middle, panel.session.stack.spacing_mm[1:], strict=True))
    assert len(at_half) > 8
    image = panel.session.segmentation.labels[0, SLICE].copy()
    image[row - 1 : row + 2, column - 1 : column + 2] = Label.MYO  # a correction by hand
    panel.session.put({(0, SLICE): image}, "Paint")
    assert ui.thresholdCombo.currentText == "50 %"
    before_ml = panel.session.assessment.lv["edv_ml"].value
    ui.thresholdCombo.currentIndex = 4
    assert panel.session.assessment.lv["edv_ml"].value < before_ml
    assert len(drawn()) != len(at_half)
    np.testing.assert_array_equal(panel.session.segmentation.labels[0, SLICE], image)
    assert [entry.subject for entry in panel.session.reading.journal if entry.action == "convention"] == [
        "papillary",
        "papillary_percent",
    ]
    panel._correct.undo()
    assert ui.thresholdCombo.currentText == "50 %"
    ui.papillaryCombo.currentIndex = 0
    assert (panel.session.segmentation.labels[0, SLICE] == image).all()


def test_with_the_button_down_the_lines_are_what_would_be(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    before = points_of(NAMES[Label.LV], a_segmented_study, SLICE)
    curve = border(a_hand, "endo")
    top = curve[curve[:, 0].argmin()]
    a_hand.panel._correct.choose_effect("Pull")
    a_big_view._move(in_view(a_big_view, a_segmented_study, top))
    a_big_view.interactor.LeftButtonPressEvent()
    a_big_view._move(in_view(a_big_view, a_segmented_study, top - (3.0, 0.0)))
    assert points_of(NAMES[Label.LV], a_segmented_study, SLICE)[:, 0].min() == pytest.approx(top[0] - 3.0, abs=0.5)
    a_hand.panel._correct.let_go()
    np.testing.assert_array_equal(points_of(NAMES[Label.LV], a_segmented_study, SLICE), before)


def test_a_saved_scene_has_none_of_the_lines_and_shows_slicers_own(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView, a_module: Any, tmp_path: Path
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import find_studies, show_outlines_of_imports
    from slicer_host.files import load_scene, save_scene

    tag = show_outlines_of_imports(slicer.mrmlScene)  # as the module does when Slicer starts
    save_scene(tmp_path / "scene.mrb")
    a_module.unload()
    slicer.mrmlScene.Clear(False)
    load_scene(tmp_path / "scene.mrb")
    slicer.mrmlScene.RemoveObserver(tag)
    assert not ours()
    (study,) = find_studies(slicer.mrmlScene)
    assert study.segmentation_node.GetDisplayNode().GetVisibility2DOutline()


def test_with_the_panel_slicers_own_outlines_come_back(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView, a_module: Any
) -> None:
    assert ours()
    a_module.unload()
    assert not ours()
    assert a_segmented_study.segmentation_node.GetDisplayNode().GetVisibility2DOutline()


def test_a_study_that_is_left_has_slicers_own_outlines_again(
    a_hand: Hand, a_segmented_study: Study, phantom: Any
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    other = load_study(slicer.mrmlScene, phantom[0])
    set_segmentation(other, phantom[1])
    displays = [study.segmentation_node.GetDisplayNode() for study in (a_segmented_study, other)]
    a_hand.panel.select(other)
    assert [bool(display.GetVisibility2DOutline()) for display in displays] == [True, False]
    a_hand.panel.select(a_segmented_study)
    assert [bool(display.GetVisibility2DOutline()) for display in displays] == [False, True]


@pytest.mark.parametrize("first", ["view", "scene"])
def test_views_and_scenes_close_in_any_order_again_and_again(
    a_hand: Hand, phantom: Any, a_window: Any, first: str
) -> None:
    import slicer
    from CardiacSegmentationLib.gui.layout import SHORT_AXIS
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation
    from slicer_host.view import SliceView, off_screen_problem

    if off_screen_problem():
        pytest.skip(off_screen_problem())
    for round_ in range(6):
        study = load_study(slicer.mrmlScene, phantom[0])
        set_segmentation(study, phantom[1])
        a_hand.panel.select(study)
        view = SliceView(a_window.applicationLogic(), SHORT_AXIS, (200, 200))
        view.show(study.volume_node)
        view.go_to_slice(study.volume_node, SLICE)
        a_hand.panel._correct.step_phase(round_)
        assert is_seen(Label.LV, view)
        if first == "view":
            view.close()
            a_hand.panel._correct.step_phase(1)  # the lines change after their view has gone
            a_hand.panel._correct.outlines.toggle_automatic()
        slicer.mrmlScene.Clear(False)
        if first == "scene":
            view.close()
        del view
        gc.collect()
        assert not ours()
