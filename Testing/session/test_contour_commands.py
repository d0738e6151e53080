"""Commands on contours: labels follow, curves are kept and measured, propagation leaves the reader's images alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.contours.points import move_point, place_points
from CardiacSegmentationLib.contours.propagate import LeftOut
from CardiacSegmentationLib.contours.redraw import redraw
from CardiacSegmentationLib.contours.transform import grow, shift
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.segmentation import STRUCTURES, Border, Label, Origin, Segmentation
from CardiacSegmentationLib.segmentation_json import segmentation_from_dict, segmentation_to_dict
from CardiacSegmentationLib.session import Recovery, StudySession
from CardiacSegmentationLib.session.changes import History
from CardiacSegmentationLib.session.contour_commands import (
    automatic_contours,
    change_here,
    contours_at,
    copy_here,
    delete_here,
    edit_contours,
    grow_here,
    known_contours,
    scale_here,
    smooth_here,
    snap_here,
)
from CardiacSegmentationLib.session.propagation import (
    describe_proposal,
    propose_filling,
    propose_phases,
    propose_slices,
    take,
)
from drags import pull, push
from same_assessment import differences

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Contours

HERE = (2, 3)
LV = [Label.LV, Label.MYO]


def pull_endo(session: StudySession, place: tuple[int, int] = HERE, by_mm: float = 2.0) -> None:
    before = contours_at(session, place)
    top = before.borders[Border.ENDO][np.argmin(before.borders[Border.ENDO][:, 0])]
    edit_contours(session, {place: pull(before, top, top - [by_mm, 0.0])}, "Pull")


def area(session: StudySession, label: Label, place: tuple[int, int] = HERE) -> float:
    return float(session.assessment.areas_mm2[(label - 1, *place)])


def test_a_drawn_slice_keeps_its_curve_and_is_measured_by_it(session: StudySession, made: Segmentation) -> None:
    pull_endo(session)
    drawn = session.segmentation.contours[HERE]
    assert area(session, Label.LV) == drawn.areas_mm2[Label.LV]
    assert area(session, Label.MYO) == drawn.areas_mm2[Label.MYO]
    changed = session.segmentation.labels != made.labels
    assert set(map(tuple, np.argwhere(changed)[:, :2])) == {HERE}
    entry = session.reading.journal[-1]
    assert (entry.tool, entry.phase, entry.slice) == ("Pull", *HERE)
    assert differences(session.assessment, assess(session.stack, session.segmentation, session.reading)) == []


def test_a_pull_within_a_pixel_changes_the_number_and_no_pixel(session: StudySession, made: Segmentation) -> None:
    before = area(session, Label.LV)
    pull_endo(session, by_mm=0.2)
    assert (session.segmentation.labels == made.labels).all()
    assert before < area(session, Label.LV) < before + 10.0
    assert session.segmentation.origin[HERE] == Origin.READER


def endo_points(session: StudySession) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The endocardium of an image, a point of it, and the outward direction there."""
    curve = contours_at(session, HERE).borders[Border.ENDO]
    away = curve[5] - curve.mean(axis=0)
    return curve, curve[5], away / np.hypot(*away)


def moved_by_hand(session: StudySession, tool: str) -> Contours:
    """The contours of an image after a tool moved its endocardium by some millimetres."""
    before, (curve, place, out) = contours_at(session, HERE), endo_points(session)
    if tool == "Pull":
        return pull(before, place, place + 4.0 * out, border=Border.ENDO)
    if tool == "Push":
        return push(before, [place - 12.0 * out, place - 4.0 * out], border=Border.ENDO)
    if tool == "Points":
        points = place_points(before, Border.ENDO)
        return move_point(before, Border.ENDO, points, 2, points[2] + 4.0 * out)[0]
    return redraw(before, curve.mean(axis=0) + 0.8 * (curve - curve.mean(axis=0)), Border.ENDO)


TOOLS: dict[str, Callable[[StudySession], bool]] = {
    **{
        tool: lambda session, tool=tool: edit_contours(session, {HERE: moved_by_hand(session, tool)}, tool)
        for tool in ("Pull", "Push", "Points", "Redraw")
    },
    "Grow": lambda session: grow_here(session, HERE, STRUCTURES, 1.0),
    "Scale": lambda session: scale_here(session, HERE, LV, 0.9),
    "Smooth": lambda session: smooth_here(session, HERE, STRUCTURES),
    "Snap": lambda session: snap_here(session, HERE, LV),
    "delete": lambda session: delete_here(session, HERE, [Label.RV]),
    "copy a phase": lambda session: copy_here(session, HERE, (1, 0)),
    "copy a slice": lambda session: copy_here(session, HERE, (0, 1), LV),
    "Propagate": lambda session: take(session, propose_phases(session, 3)),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_undo_of_every_tool_is_exact_to_the_pixel(session: StudySession, tool: str) -> None:
    edit_contours(session, {(0, 3): grow(contours_at(session, (0, 3)), [Border.ENDO], 2.0)}, "Pull")
    before = session.segmentation
    labels, origin, curves, assessment = before.labels.copy(), before.origin.copy(), before.contours, session.assessment
    assert TOOLS[tool](session)
    after, drawn = session.segmentation.labels.copy(), session.segmentation.contours
    assert (after != labels).any() or drawn != curves
    assert session.undo()
    np.testing.assert_array_equal(session.segmentation.labels, labels)
    np.testing.assert_array_equal(session.segmentation.origin, origin)
    assert session.segmentation.contours == curves
    assert differences(session.assessment, assessment) == []
    assert session.redo()
    np.testing.assert_array_equal(session.segmentation.labels, after)
    assert session.segmentation.contours == drawn


def test_undo_and_redo_bring_curves_and_pixels_back(session: StudySession, made: Segmentation) -> None:
    start = session.assessment
    pull_endo(session)
    first, labels = session.segmentation.contours[HERE], session.segmentation.labels[HERE].copy()
    pull_endo(session)
    second = session.assessment
    session.undo()
    assert session.segmentation.contours[HERE] is first
    np.testing.assert_array_equal(session.segmentation.labels[HERE], labels)
    session.undo()
    assert not session.segmentation.contours
    np.testing.assert_array_equal(session.segmentation.labels, made.labels)
    assert start.lv["edv_ml"].value == session.assessment.lv["edv_ml"].value
    session.redo()
    session.redo()
    assert differences(session.assessment, second) == []


def test_a_pixel_tool_drops_the_curve_of_its_image_only(session: StudySession) -> None:
    pull_endo(session)
    pull_endo(session, (3, 3))
    image = session.segmentation.labels[HERE].copy()
    image[tuple(np.argwhere(image == Label.LV)[0])] = Label.MYO
    session.put({HERE: image}, "Paint")
    assert set(session.segmentation.contours) == {(3, 3)}


def test_curves_survive_saving_to_the_last_digit(session: StudySession, begin: Callable[..., StudySession]) -> None:
    pull_endo(session)
    stored = json.loads(json.dumps(segmentation_to_dict(session.segmentation)))
    loaded = segmentation_from_dict(stored, session.segmentation.labels)
    for border, curve in session.segmentation.contours[HERE].borders.items():
        np.testing.assert_array_equal(loaded.contours[HERE].borders[border], curve)
    history = History.from_dict(json.loads(json.dumps(session.history.to_dict())))
    again = begin(loaded, reading=session.reading, history=history)
    assert differences(again.assessment, session.assessment) == []
    again.undo()
    assert not again.segmentation.contours
    again.redo()
    assert differences(again.assessment, session.assessment) == []


def test_curves_outlive_a_crash(session: StudySession, begin: Callable[..., StudySession], tmp_path: Path) -> None:
    recovery = Recovery(tmp_path)
    recovery.find(session)
    pull_endo(session, by_mm=0.2)  # not a pixel differs
    assert recovery.keep(session)
    text = next(tmp_path.glob("*.npz"))
    assert text.exists()
    later, other = begin(), Recovery(tmp_path)
    found = _as_left_by_a_dead_process(other, later, text)
    other.restore(later, found)
    assert area(later, Label.LV) == area(session, Label.LV)
    later.undo()
    assert not later.segmentation.contours


def _as_left_by_a_dead_process(recovery: Recovery, session: StudySession, path: Path) -> object:
    with np.load(path, allow_pickle=False) as stored:
        state, images = json.loads(str(stored["state"])), stored["images"]
    state["owner"] = {"process": 2**22 + 1, "token": "gone"}
    np.savez_compressed(path, state=np.array(json.dumps(state)), images=images)
    found = recovery.find(session)
    assert found is not None
    return found


def test_a_structure_with_a_part_that_has_no_curve_is_measured_by_its_pixels(session: StudySession) -> None:
    image = session.segmentation.labels[HERE].copy()
    image[2:8, 2:8] = Label.RV
    session.put({HERE: image}, "Paint")
    before = area(session, Label.RV)
    pull_endo(session)
    assert HERE not in session.segmentation.contours
    assert area(session, Label.RV) == pytest.approx(before, rel=0.02)


def test_deleting_here_takes_all_pixels_and_leaves_the_other_curves(session: StudySession) -> None:
    pull_endo(session)
    lv = area(session, Label.LV)
    assert delete_here(session, HERE, [Label.RV])
    assert not (session.segmentation.labels[HERE] == Label.RV).any()
    assert area(session, Label.LV) == lv
    assert area(session, Label.RV) == 0
    assert delete_here(session, HERE, LV)
    assert not session.segmentation.labels[HERE].any()
    assert not delete_here(session, HERE, LV)


def test_a_cavity_deleted_alone_leaves_the_ring_not_the_disc(session: StudySession) -> None:
    pull_endo(session)
    myo = area(session, Label.MYO)
    delete_here(session, HERE, [Label.LV])
    assert area(session, Label.MYO) < 1.6 * myo
    assert HERE not in session.segmentation.contours


def test_structures_are_copied_from_any_neighbour(session: StudySession) -> None:
    pull_endo(session, (1, 3), 4.0)
    assert copy_here(session, HERE, (-1, 0), LV)
    assert area(session, Label.LV) == pytest.approx(area(session, Label.LV, (1, 3)), rel=1e-3)
    assert copy_here(session, (0, 3), (-1, 0))  # from the last phase
    assert copy_here(session, HERE, (0, 1), [Label.RV])
    assert 0.7 * area(session, Label.RV, (2, 4)) < area(session, Label.RV) < area(session, Label.RV, (2, 4))
    with pytest.raises(ContourError, match="beyond"):
        copy_here(session, (0, 0), (0, -1))


def test_whole_contours_grow_scale_smooth_and_snap_on_this_image_only(
    session: StudySession, made: Segmentation
) -> None:
    before = area(session, Label.LV)
    assert grow_here(session, HERE, [Label.LV], 1.0)
    assert area(session, Label.LV) > before
    assert grow_here(session, HERE, [Label.LV], -1.0)
    assert area(session, Label.LV) == pytest.approx(before, rel=0.03)
    assert scale_here(session, HERE, LV, 1.05)
    assert area(session, Label.LV) == pytest.approx(before * 1.05**2, rel=0.03)
    smooth_here(session, HERE, LV)
    snap_here(session, HERE, LV)
    changed = (session.segmentation.labels != made.labels).any(axis=(2, 3))
    assert [tuple(each) for each in np.argwhere(changed)] in ([HERE], [])
    assert [entry.tool for entry in session.reading.journal[:3]] == ["Grow", "Shrink", "Scale"]
    delete_here(session, (0, 0), [Label.RV, *LV])
    with pytest.raises(ContourError, match="no contour"):
        change_here(session, (0, 0), lambda contours: shift(contours, [Border.RV], (1, 1)), "Shift")


def test_a_correction_reaches_the_other_phases_and_spares_what_the_reader_did(session: StudySession) -> None:
    for phase in (0, 4):
        edit_contours(session, {(phase, 3): grow(contours_at(session, (phase, 3)), [Border.ENDO], 1.5)}, "Pull")
    mine = {phase: session.segmentation.labels[phase, 3].copy() for phase in (0, 4)}
    areas = [area(session, Label.LV, (phase, 3)) for phase in range(8)]
    journal = len(session.reading.journal)
    proposal = propose_phases(session, 3)
    assert set(proposal) == {(phase, 3) for phase in (1, 2, 3, 5, 6, 7)}
    assert [area(session, Label.LV, (phase, 3)) for phase in range(8)] == areas  # a proposal changes nothing
    assert take(session, proposal)
    assert len(session.reading.journal) == journal + len(proposal)
    for phase in (1, 2, 3, 5, 6, 7):
        automatic = automatic_contours(session, (phase, 3))
        assert automatic is not None
        expected = grow(automatic, [Border.ENDO], 1.5).areas_mm2[Label.LV]
        assert area(session, Label.LV, (phase, 3)) == pytest.approx(expected, rel=0.02)
        assert session.segmentation.origin[phase, 3] == Origin.PROPAGATED
    for phase, labels in mine.items():
        np.testing.assert_array_equal(session.segmentation.labels[phase, 3], labels)
        assert session.segmentation.origin[phase, 3] == Origin.READER
    session.undo()
    assert [area(session, Label.LV, (phase, 3)) for phase in range(8)] == areas


def test_propagation_is_limited_to_a_range_and_reaches_slices(session: StudySession) -> None:
    edit_contours(session, {(0, 3): grow(contours_at(session, (0, 3)), [Border.ENDO], 1.0)}, "Pull")
    assert set(propose_phases(session, 3, [1, 2])) <= {(1, 3), (2, 3)}
    beside = propose_slices(session, 0, [2, 4])
    assert set(beside) == {(0, 2), (0, 4)}
    with pytest.raises(ContourError, match="corrected"):
        propose_phases(session, 5)


def test_what_a_propagation_leaves_out_is_said_with_the_reason(
    begin: Callable[..., StudySession], made: Segmentation
) -> None:
    labels = made.labels.copy()
    labels[0, 4:] = 0
    session = begin(Segmentation.of(labels, model="a network"))
    edit_contours(session, {(0, 3): grow(contours_at(session, (0, 3)), [Border.ENDO], 1.0)}, "Pull")
    found = propose_slices(session, 0)
    assert set(found) | set(found.left_out) == {(0, slice_) for slice_ in range(7)}
    assert found.left_out[0, 3] is LeftOut.CORRECTED
    assert found.left_out[0, 4] is found.left_out[0, 6] is LeftOut.NO_CONTOURS
    assert "1 image stays as you corrected it. 4 images have no contours" in describe_proposal(session, found)
    assert "1 Bild bleibt, wie Sie es korrigiert haben. 4 Bilder haben keine" in describe_proposal(session, found, "de")
    take(session, found)
    assert {why for place, why in propose_slices(session, 0).left_out.items() if place in found} == {LeftOut.NO_CHANGE}
    outside = propose_filling(session, phase=0).left_out
    assert outside == {(0, slice_): LeftOut.NOT_BETWEEN for slice_ in (0, 4, 5, 6)}


def test_beside_the_outermost_slices_there_is_nothing_to_reach(session: StudySession) -> None:
    edit_contours(session, {(0, 1): grow(contours_at(session, (0, 1)), [Border.EPI], 1.0)}, "Pull")
    beside = propose_slices(session, 0, [-1, 0, 7])
    assert set(beside) | set(beside.left_out) == {(0, 0)}


def test_an_edit_that_changes_nothing_says_so(session: StudySession) -> None:
    with pytest.raises(ContourError, match="Nothing was changed") as caught:
        change_here(session, HERE, lambda contours: contours, "Smooth")
    assert caught.value.text("de").startswith("Nichts wurde geändert")
    assert not session.reading.journal


def test_without_automatic_contours_they_follow_the_motion(
    begin: Callable[..., StudySession], made: Segmentation
) -> None:
    labels = made.labels.copy()
    truth = labels[1, 3].copy()
    labels[1, 3] = 0
    session = begin(Segmentation.of(labels, model="a network"))
    pull_endo(session, (0, 3), 0.2)
    proposal = propose_phases(session, 3, [1])
    take(session, proposal)
    found, wanted = session.segmentation.labels[1, 3] == Label.LV, truth == Label.LV
    assert 2 * (found & wanted).sum() / (found.sum() + wanted.sum()) > 0.9


def test_gaps_are_filled_between_slices_and_phases(begin: Callable[..., StudySession], made: Segmentation) -> None:
    labels = made.labels.copy()
    labels[2, 3] = 0
    session = begin(Segmentation.of(labels, model="a network"))
    for proposal in (propose_filling(session, phase=2), propose_filling(session, slice_=3)):
        assert set(proposal) == {HERE}
        take(session, proposal, "Fill")
        found, wanted = session.segmentation.labels[HERE] > 0, made.labels[HERE] > 0
        assert 2 * (found & wanted).sum() / (found.sum() + wanted.sum()) > 0.9
        session.undo()


@pytest.mark.parametrize("corner", [(0.0, 0.5), (0.5, 1.0), (1.0, 1.0)])
def test_what_is_moved_beyond_the_image_does_not_count(session: StudySession, corner: tuple[float, float]) -> None:
    before = contours_at(session, HERE)
    edge_mm = np.multiply(corner, session.segmentation.labels.shape[2:]) * session.stack.spacing_mm[1:]
    by_mm = edge_mm - before.borders[Border.ENDO].mean(axis=0)
    assert edit_contours(session, {HERE: shift(before, list(Border), by_mm)}, "Shift")
    pixel_mm2 = float(np.prod(session.stack.spacing_mm[1:]))
    assert area(session, Label.LV) < before.areas_mm2[Label.LV] - 100.0
    for label in STRUCTURES:
        pixels = np.count_nonzero(session.segmentation.labels[HERE] == label)
        assert area(session, label) == pytest.approx(pixels * pixel_mm2, abs=12 * pixel_mm2)
    session.undo()
    assert contours_at(session, HERE) is before


def test_contours_are_found_once_for_the_same_labels_and_anew_for_others(session: StudySession) -> None:
    place = (0, 3)
    assert known_contours(session, place) is None
    found = contours_at(session, place)
    assert known_contours(session, place) is found is contours_at(session, place)
    grow_here(session, place, [Label.LV], 0.1)
    drawn = contours_at(session, place)
    assert drawn is session.segmentation.contours[place]
    session.undo()
    assert contours_at(session, place) is found
    image = session.segmentation.labels[place].copy()
    image[tuple(np.argwhere(image == Label.LV)[0])] = Label.MYO
    session.put({place: image}, "Paint")
    assert known_contours(session, place) is None
