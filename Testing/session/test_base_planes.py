"""Base planes under a person's hands: set, followed, taken back, locked, kept; on a real cine of the phantom."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from base_planes import true_line
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.cine import find_stacks, read_long_axes, read_stack
from CardiacSegmentationLib.corrections import describe_work
from CardiacSegmentationLib.errors import LabelError, ReadingError
from CardiacSegmentationLib.journal import describe_entry
from CardiacSegmentationLib.long_axis import LongAxis
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.phantom.geometry import TO_APEX, long_axis_views
from CardiacSegmentationLib.phantom.heart import beating_heart
from CardiacSegmentationLib.phantom.rendering import _render
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.session import StudySession
from CardiacSegmentationLib.session.base_planes import set_base_line

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.reading import BaseLine

SPEC = PhantomSpec(phases=20, slices=11)
HEART = beating_heart(SPEC)


@pytest.fixture(scope="module")
def four() -> LongAxis:
    view = long_axis_views(SPEC, HEART)["4ch"]
    affine = np.eye(4)
    affine[:3] = np.stack(
        [view.along_row * view.pixel_mm, view.along_column * view.pixel_mm, view.normal, view.corner_mm], axis=1
    )
    return LongAxis("4CH", _render("4ch", (view,), SPEC, HEART, SPEC.phases)[:, 0], affine, SPEC.times_ms)


@pytest.fixture(scope="module")
def study() -> tuple:
    return make_stack(SPEC)


@pytest.fixture
def session(study: tuple) -> StudySession:
    return StudySession(*study)


def set_true(session: StudySession, four: LongAxis, label: Label, phase: int) -> BaseLine:
    line = true_line(SPEC, HEART, label, phase)
    set_base_line(session, label, four, phase, line.points_mm)
    return line


def depths(lines: tuple[BaseLine, ...]) -> np.ndarray:
    """How deep each line lies, by phase, beside the first."""
    found = np.array([np.mean(line.points_mm, axis=0) @ TO_APEX for line in sorted(lines, key=lambda x: x.phase)])
    return found - found[0]


@pytest.mark.parametrize(("label", "most_mm"), [(Label.LV, 2.5), (Label.RV, 6.0)])  # they descend by 10 and 20 mm
def test_a_line_at_ed_and_es_is_followed_through_the_beat(
    session: StudySession, four: LongAxis, label: Label, most_mm: float
) -> None:
    for phase in (0, HEART.es_phase):
        set_true(session, four, label, phase)
    lines = session.reading.lines_of(label)
    assert [line.phase for line in lines] == list(range(SPEC.phases))
    assert [line.phase for line in lines if not line.is_followed] == [0, HEART.es_phase]
    solid = HEART.rv if label == Label.RV else HEART.cavity
    away = np.abs(depths(lines) - solid.base_mm)
    assert away.max() < most_mm, away
    shares = np.interp(SPEC.times_ms, [0, SPEC.times_ms[HEART.es_phase], SPEC.rr_ms], [0, 1, 0])
    evenly = np.abs(shares * solid.base_mm.max() - solid.base_mm)
    assert away.mean() < evenly.mean()  # better than moving it evenly from ED to ES and back


def test_volumes_follow_at_once_and_the_numbers_are_those_of_a_fresh_assessment(
    session: StudySession, four: LongAxis
) -> None:
    before = session.assessment.lv["edv_ml"].value
    line = true_line(SPEC, HEART, Label.LV, 0)
    lower = np.array(line.points_mm) + 10.0 * TO_APEX
    set_base_line(session, Label.LV, four, 0, lower.tolist())
    after = session.assessment.lv["edv_ml"].value
    assert after < before - 5
    fresh = assess(session.stack, session.segmentation, session.reading)
    np.testing.assert_array_equal(session.assessment.shares, fresh.shares)
    assert session.assessment.automatic.lv["edv_ml"].value == before  # type: ignore[union-attr]


def test_it_is_one_step_of_undo_with_its_entry_in_the_journal(session: StudySession, four: LongAxis) -> None:
    heard = []
    session.subscribe(heard.append)
    before = session.assessment
    set_true(session, four, Label.RV, 0)
    assert session.undo_text() == "base plane RV on 4CH, ED"
    assert describe_entry(session.reading.journal[-1], language="de") == "Basisebene RV auf 4CH, Phase 1"
    assert heard[-1].decisions
    lines = session.reading.base_lines
    session.undo()
    assert session.reading.base_lines == ()
    np.testing.assert_array_equal(session.assessment.volumes_ml, before.volumes_ml)
    session.redo()
    assert session.reading.base_lines == lines


def test_a_plane_may_be_taken_away_again(session: StudySession, four: LongAxis) -> None:
    set_true(session, four, Label.LV, 0)
    set_true(session, four, Label.RV, 0)
    assert session.remove_base_plane(Label.LV)
    assert session.reading.base_planes == (Label.RV,)
    assert not session.remove_base_plane(Label.LV)
    assert session.undo_text() == "remove base plane LV"


def test_a_line_set_again_replaces_that_of_its_phase_alone(session: StudySession, four: LongAxis) -> None:
    set_true(session, four, Label.LV, 0)
    set_true(session, four, Label.LV, HEART.es_phase)
    moved = (np.array(true_line(SPEC, HEART, Label.LV, 0).points_mm) + 4.0 * TO_APEX).tolist()
    set_base_line(session, Label.LV, four, 0, moved)
    decided = {line.phase: line for line in session.reading.base_lines if not line.is_followed}
    np.testing.assert_allclose(decided[0].points_mm, moved, atol=0.001)
    np.testing.assert_allclose(
        decided[HEART.es_phase].points_mm, true_line(SPEC, HEART, Label.LV, HEART.es_phase).points_mm, atol=0.001
    )


def test_points_a_little_beside_the_image_are_moved_into_it(session: StudySession, four: LongAxis) -> None:
    line = true_line(SPEC, HEART, Label.LV, 0)
    beside = (np.array(line.points_mm) + 0.7 * four.normal).tolist()
    set_base_line(session, Label.LV, four, 0, beside)
    np.testing.assert_allclose(session.reading.lines_of(Label.LV)[0].points_mm, line.points_mm, atol=0.001)


def test_what_can_be_no_base_is_refused_and_changes_nothing(session: StudySession, four: LongAxis) -> None:
    first, second = map(np.array, true_line(SPEC, HEART, Label.LV, 0).points_mm)
    for points, error, words in (
        ((first, first + 0.1 * (second - first)), ReadingError, "mm apart"),
        ((first, second + 3 * four.normal), ReadingError, "beside the long axis 4CH"),
        ((first, first + 40 * TO_APEX), LabelError, "along the heart"),
    ):
        with pytest.raises(error, match=words):
            set_base_line(session, Label.LV, four, 0, points)  # type: ignore[arg-type]
    with pytest.raises(ReadingError, match="LV or of the RV"):
        set_base_line(session, Label.MYO, four, 0, (first, second))  # type: ignore[arg-type]
    assert session.reading.base_lines == ()
    assert not session.reading.journal


def test_a_signed_reading_keeps_its_base_planes(session: StudySession, four: LongAxis) -> None:
    set_true(session, four, Label.LV, 0)
    session.set_reader("Dr. A")
    session.sign()
    with pytest.raises(ReadingError, match="signed by Dr"):
        set_true(session, four, Label.LV, 3)
    with pytest.raises(ReadingError, match="signed by Dr"):
        session.remove_base_plane(Label.LV)


def test_work_on_base_planes_is_described(session: StudySession, four: LongAxis) -> None:
    set_true(session, four, Label.LV, 0)
    assert session.reading.has_decisions
    assert describe_work(session.segmentation, session.reading) == "1 base plane set"
    assert describe_work(session.segmentation, session.reading, "de") == "1 Basisebene gesetzt"


@pytest.mark.real_data
def test_a_mitral_plane_is_followed_in_a_real_four_chamber_cine(real_data: Path, tmp_path: Path) -> None:
    """Beside the valve points that a network found in every phase; only those of ED and ES are given."""
    with tarfile.open(real_data / "vida" / "vida.tar.xz") as file:
        file.extractall(tmp_path, filter="data")
    study = find_stacks(tmp_path)
    stack = read_stack(study)
    cine = next(one for one in read_long_axes(study) if one.name == "4CH 14001")
    valve = {}
    for phase, path in enumerate(sorted(tmp_path.rglob("GPFile_*.txt"))):
        rows = [row.split("\t") for row in path.read_text().splitlines()[1:]]
        valve[phase] = [list(map(float, row[:3])) for row in rows if row[3] == "MITRAL_VALVE" and row[4] == "7"]
    session = StudySession(stack, Segmentation.of(np.zeros(stack.voxels.shape, np.uint8)))
    for phase in (0, 9):
        set_base_line(session, Label.LV, cine, phase, valve[phase])
    axis = stack.affine[:3, 2] / np.linalg.norm(stack.affine[:3, 2])
    lines = {line.phase: line for line in session.reading.lines_of(Label.LV)}
    away = [
        abs((np.mean(line.points_mm, axis=0) - np.mean(valve[phase], axis=0)) @ axis) for phase, line in lines.items()
    ]
    descent = (np.mean(valve[9], axis=0) - np.mean(valve[0], axis=0)) @ axis
    assert descent > 12
    assert len(lines) == stack.phases
    assert np.mean(away) < 3.0
