"""A reading, a segmentation and the way back survive saving; what is damaged is told, or no harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.errors import LabelError, ReadingError
from CardiacSegmentationLib.reading_json import reading_from_dict, reading_to_dict
from CardiacSegmentationLib.segmentation import Evidence, Label, Papillary, Segmentation
from CardiacSegmentationLib.segmentation_json import segmentation_from_dict, segmentation_to_dict
from CardiacSegmentationLib.session import StudySession
from CardiacSegmentationLib.session.changes import History
from CardiacSegmentationLib.session.contour_commands import delete_here
from same_assessment import differences

if TYPE_CHECKING:
    from CardiacSegmentationLib.reading import Reading

Begin = Callable[..., StudySession]


def as_saved(data: Any) -> Any:
    return json.loads(json.dumps(data, allow_nan=False))


@pytest.fixture
def worked(session: StudySession) -> StudySession:
    """Something of everything."""
    delete_here(session, (2, 3), [Label.LV])
    session.set_counts([Label.RV, Label.LV], range(3), 1, counts=False)
    session.set_key_phases(lv_es=5)
    session.set_conventions(papillary=Papillary.MASS)
    session.set_patient(height_cm=181.5, sex=None)
    session.acknowledge(session.assessment.findings[0])
    session.look_at(2, 3)
    session.set_impression("Größer als zuvor.")
    session.set_reader("Dr. Ä")
    session.edit(4, np.zeros_like(session.segmentation.labels[4]), "Erase")
    session.undo()
    return session


def reopened(begin: Begin, session: StudySession) -> StudySession:
    """The session after its study was saved and opened again."""
    facts = as_saved(segmentation_to_dict(session.segmentation))
    return begin(
        segmentation_from_dict(facts, session.segmentation.labels.copy()),
        reading=reading_from_dict(as_saved(reading_to_dict(session.reading))),
        history=History.from_dict(as_saved(session.history.to_dict())),
    )


def test_a_study_opened_again_is_the_same(begin: Begin, worked: StudySession) -> None:
    again = reopened(begin, worked)
    assert again.reading == worked.reading
    assert differences(again.assessment, worked.assessment) == []
    np.testing.assert_array_equal(again.segmentation.origin, worked.segmentation.origin)
    assert (again.undo_text(), again.redo_text()) == (worked.undo_text(), worked.redo_text())
    assert as_saved(again.history.to_dict()) == as_saved(worked.history.to_dict())


def test_the_way_back_survives(begin: Begin, worked: StudySession, made: Segmentation) -> None:
    again = reopened(begin, worked)
    assert again.redo()
    assert again.segmentation.labels[4].max() == 0
    while again.undo():
        pass
    np.testing.assert_array_equal(again.segmentation.labels, made.labels)
    assert differences(again.assessment, begin().assessment) == []


def test_places_in_a_saved_reading_count_from_one(worked: StudySession) -> None:
    data = reading_to_dict(worked.reading)
    assert data["key_phases"]["lv_es"] == 6
    assert data["counts"][0] == {"structure": "RV", "phase": 1, "slice": 2, "counts": False}
    assert data["looked_at"] == [[3, 4]]
    assert (data["journal"][0]["phase"], data["journal"][0]["slice"]) == (3, 4)


def test_a_signature_survives(begin: Begin, worked: StudySession) -> None:
    worked.sign()
    again = reopened(begin, worked)
    assert again.is_signed
    assert again.reading.signature == worked.reading.signature


def test_a_doubt_at_the_limit_does_not_come_or_go_by_saving(begin: Begin, made: Segmentation) -> None:
    confidence = np.full((3, *made.labels.shape[:2]), 0.97, np.float32)
    confidence[Label.LV - 1, 2, 4] = np.nextafter(np.float32(0.94), np.float32(0))
    confidence[Label.LV - 1, 3, 5] = np.nan
    assert made.evidence is not None
    session = begin(replace(made, evidence=Evidence(made.evidence.presence, confidence)))
    again = reopened(begin, session)
    assert "network-unsure" in {finding.code for finding in session.assessment.findings}
    assert differences(again.assessment, session.assessment) == []


def test_the_way_back_of_other_labels_is_left(begin: Begin, worked: StudySession, made: Segmentation) -> None:
    history = as_saved(worked.history.to_dict())
    other = replace(made, labels=np.ascontiguousarray(made.labels[..., :60]))
    stack = replace(worked.stack, voxels=worked.stack.voxels[..., :60])
    reading = reading_from_dict(as_saved(reading_to_dict(worked.reading)))
    assert StudySession(stack, other, reading, History.from_dict(history)).undo_text() == ""
    assert begin(history=History.from_dict(history)).undo_text() == ""  # its journal is not there


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: None,
        lambda _: [],
        lambda data: {**data, "changes": None},
        lambda data: {**data, "done": 99},
        lambda data: {**data, "done": -1},
        lambda data: {**data, "changes": [{}]},
        lambda data: {**data, "changes": [{**data["changes"][0], "entries": []}]},
        lambda data: {**data, "changes": [{**data["changes"][0], "entries": [77]}]},
        lambda data: {**data, "changes": [{**data["changes"][0], "images": [[0, 99, "", "", 1, 1]]}]},
        lambda data: {**data, "changes": [{**data["changes"][0], "images": [[0, 1, "!", "!", 1, 1]]}]},
        lambda data: {**data, "changes": [{**data["changes"][0], "images": [[0, 1, "eJw=", "eJw=", 1, 1]]}]},
        lambda data: {**data, "changes": [{**data["changes"][0], "before": {"schema": "x"}}]},
    ],
)
def test_a_damaged_way_back_is_none(begin: Begin, worked: StudySession, damage: Callable[[Any], Any]) -> None:
    data = damage(as_saved(worked.history.to_dict()))
    assert begin(reading=worked.reading, history=History.from_dict(data)).undo_text() == ""


BASE_LINE = {
    "structure": "LV",
    "view": "4CH",
    "phase": 1,
    "points_mm": [[0, 0, 0], [30, 0, 0]],
    "across": [0, 0, 1],
    "followed": False,
}


def test_a_reading_without_base_planes_is_read_by_earlier_programs_and_one_of_theirs_here(worked: StudySession) -> None:
    data = as_saved(reading_to_dict(worked.reading))
    assert data["version"] == 1
    del data["base_lines"]  # they write none
    assert reading_from_dict(data) == worked.reading
    with_plane = reading_from_dict({**data, "base_lines": [BASE_LINE]})
    assert [line.points_mm for line in with_plane.base_lines] == [((0.0, 0.0, 0.0), (30.0, 0.0, 0.0))]
    assert as_saved(reading_to_dict(with_plane))["version"] == 2  # which they refuse
    assert reading_from_dict(as_saved(reading_to_dict(with_plane))) == with_plane


READING_DAMAGES: list[Callable[[dict[str, Any]], Any]] = [
    lambda _: None,
    lambda _: "text",
    lambda _: {},
    lambda data: {**data, "schema": "other"},
    lambda data: {**data, "signature": {"reader": "Dr. A", "when": "yesterday"}},
    lambda data: {**data, "version": 3},
    lambda data: {**data, "key_phases": {"lv_ed": 0}},
    lambda data: {**data, "key_phases": {"lv_ed": True}},
    lambda data: {**data, "key_phases": {"lv_mid": 1}},
    lambda data: {**data, "counts": [{"structure": "BACKGROUND", "phase": 1, "slice": 1, "counts": False}]},
    lambda data: {**data, "counts": [{"structure": "LV", "phase": 0, "slice": 1, "counts": False}]},
    lambda data: {**data, "counts": [{"structure": "LV", "phase": 1, "slice": 1, "counts": "false"}]},
    *(
        lambda data, wrong=wrong: {**data, "base_lines": [{**BASE_LINE, **wrong}]}
        for wrong in (
            {"structure": "MYO"},
            {"phase": 0},
            {"view": 4},
            {"followed": "no"},
            {"points_mm": [[0, 0, 0]]},
            {"points_mm": [[0, 0, 0], [1, 0, 0]]},
            {"points_mm": [[0, 0, 0], [500, 0, 0]]},
            {"points_mm": [[0, 0, float("nan")], [30, 0, 0]]},
            {"across": [0, 0, 0]},
            {"across": [1, 0, 0]},
        )
    ),
    lambda data: {**data, "base_lines": [BASE_LINE, BASE_LINE]},
    lambda data: {**data, "conventions": {**data["conventions"], "papillary": "both"}},
    lambda data: {**data, "patient": {**data["patient"], "height_cm": "tall"}},
    lambda data: {**data, "proposal": {**data["proposal"], "phases": 10**9, "slices": 10**9}},
    lambda data: {**data, "proposal": {**data["proposal"], "phases": float("inf")}},
    lambda data: {**data, "journal": [{**data["journal"][0], "images": float("inf")}]},
    lambda data: {**data, "proposal": {**data["proposal"], "phases": -8, "slices": -7}},
    lambda data: {
        **data,
        "proposal": {**data["proposal"], "left_out": [{"structure": "LV", "slice": 9, "phases": [1]}]},
    },
    lambda data: {**data, "journal": [{"when": "now"}]},
    lambda data: {**data, "journal": [{**data["journal"][0], "images": "many"}]},
    lambda data: {**data, "looked_at": [3]},
    lambda data: {**data, "signature": {"reader": "Dr. A"}},
]


@pytest.mark.parametrize("damage", READING_DAMAGES)
def test_a_damaged_reading_is_refused_in_one_sentence(worked: StudySession, damage: Callable[[Any], Any]) -> None:
    data = damage(as_saved(reading_to_dict(worked.reading)))
    with pytest.raises(ReadingError) as error:
        reading_from_dict(data)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: None,
        lambda _: {},
        lambda data: {**data, "origin": [["MARS"]]},
        lambda data: {**data, "labelled": [True]},
        lambda data: {**data, "evidence": {**data["evidence"], "presence": [[[1.0]]]}},
        lambda data: {**data, "evidence": {**data["evidence"], "remarks": [{"code": 1}]}},
        lambda data: {**data, "automatic": {**data["automatic"], "labels": ["eJw="]}},
        lambda data: {**data, "automatic": {**data["automatic"], "labelled": [True]}},
    ],
)
def test_damaged_facts_beside_labels_are_refused(worked: StudySession, damage: Callable[[Any], Any]) -> None:
    data = damage(as_saved(segmentation_to_dict(worked.segmentation)))
    with pytest.raises(LabelError, match="segment again"):
        segmentation_from_dict(data, worked.segmentation.labels)


def test_any_one_value_of_a_reading_may_be_anything(worked: StudySession) -> None:
    """Every value replaced in turn: the reading is refused, or one that can be saved again."""
    data = as_saved(reading_to_dict(replace(worked.reading, journal=worked.reading.journal[:2])))
    read = [
        read_or_refuse(replaced(data, path, value))
        for path in leaves(data)
        for value in (None, -1, 10**12, "text", [], {}, True, 1.5)
    ]
    assert read.count(None) > len(read) // 2


def read_or_refuse(data: Any) -> Reading | None:
    try:
        reading = reading_from_dict(data)
    except ReadingError:
        return None
    assert reading_from_dict(as_saved(reading_to_dict(reading))) == reading
    return reading


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Any:
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    yield path
    for key, child in children:
        yield from leaves(child, (*path, key))


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy
