"""Heart phases: every vendor's way to tell time, and slices that do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.cine import find_stacks, read_study
from CardiacSegmentationLib.findings import Severity
from cine.spoiling import SPEC, At, Spoilable, chosen, codes, edit, edit_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.stack import CineStack


STEP = SPEC.rr_ms / SPEC.phases

TIMINGS: dict[str, tuple[Callable[[At], dict[str, Any]] | dict[str, Any], bool, set[str]]] = {
    # how the headers tell time: (elements of slice s and phase p, whether times are known, expected findings)
    "trigger time in any file order": (lambda at: {"InstanceNumber": (at.phase * 5) % 8 + 1}, True, set()),
    "nominal delay where trigger time is missing": (
        lambda at: {"TriggerTime": None, "NominalCardiacTriggerDelayTime": at.phase * STEP},
        True,
        set(),
    ),
    "nominal delay where trigger time is constant": (
        lambda at: {"TriggerTime": "0", "NominalCardiacTriggerDelayTime": at.phase * STEP},
        True,
        set(),
    ),
    "nominal delay where trigger time grows over the whole run": (
        lambda at: {
            "TriggerTime": f"{at.phase * 1000 + at.slice * 9000}",
            "NominalCardiacTriggerDelayTime": at.phase * STEP,
        },
        True,
        set(),
    ),
    "temporal position": (
        lambda at: {"TriggerTime": None, "TemporalPositionIdentifier": at.phase + 1, "InstanceNumber": 8 - at.phase},
        False,
        {"phase-order", "times-assumed"},
    ),
    "temporal index": (
        lambda at: {"TriggerTime": None, "TemporalPositionIndex": at.phase + 1, "InstanceNumber": 8 - at.phase},
        False,
        {"phase-order", "times-assumed"},
    ),
    "instance number alone": ({"TriggerTime": None}, False, {"phase-order", "times-assumed"}),
    "instance number where trigger time runs on": (
        lambda at: {"TriggerTime": f"{at.phase * 1000}"},
        False,
        {"phase-order", "times-assumed"},
    ),
    "trigger times that start anew in each slice": (
        lambda at: {"TriggerTime": f"{at.phase * STEP + 300 * at.slice:.3f}"},
        True,
        {"trigger-offset"},
    ),
    "a decimal comma": ({}, True, set()),
    "no times, no heart rate": (
        {"TriggerTime": None, "NominalInterval": None, "HeartRate": None},
        False,
        {"phase-order", "times-unknown"},
    ),
}


@pytest.mark.parametrize("name", TIMINGS)
def test_phases_are_found_by(name: str, ge: Spoilable, truth: CineStack) -> None:
    values, timed, expected = TIMINGS[name]
    edit_each(ge, values)
    stack = read_study(ge.folder)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert set(codes(stack)) == expected
    if timed:
        assert np.allclose(stack.times_ms, truth.times_ms, atol=0.2)
    elif "times-unknown" in expected:
        assert stack.rr_ms is None
    else:
        assert np.allclose(stack.times_ms, np.arange(SPEC.phases) * STEP, atol=1)


def test_rr_comes_from_the_heart_rate_or_else_is_an_assumption(ge: Spoilable) -> None:
    edit_each(ge, {"NominalInterval": None})
    assert chosen(ge.folder).rr_ms == pytest.approx(60_000 / 65, abs=0.1)
    edit_each(ge, {"HeartRate": "0"})
    one = chosen(ge.folder)
    assert one.rr_ms == pytest.approx(SPEC.rr_ms, rel=0.01)
    assert "rr-assumed" in codes(one)


def test_without_a_stated_rr_each_slice_is_put_in_step_by_its_own_beat(ge: Spoilable, truth: CineStack) -> None:
    faster = {0: 0.88, 3: 1.12}  # the rate drifts from breath-hold to breath-hold
    edit_each(
        ge,
        lambda at: {
            "NominalInterval": None,
            "HeartRate": None,
            "TriggerTime": f"{at.phase * STEP * faster.get(at.slice, 1.0):.1f}",
        },
    )
    stack = read_study(ge.folder)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert set(codes(stack)) == {"rr-assumed", "rr-varies"}
    assert stack.rr_ms == pytest.approx(SPEC.rr_ms, rel=0.01)


def test_the_time_from_end_diastole_to_end_systole_is_no_rr(ge: Spoilable) -> None:
    edit_each(ge, {"NominalInterval": None, "HeartRate": None})
    ge.keep_only([files[phase] for files in ge.slices() for phase in (0, 3)])
    one = chosen(ge.folder)
    assert one.times_ms == pytest.approx((0, 3 * STEP), abs=0.1)
    assert (one.rr_ms, codes(one)) == (None, [])


def test_an_irregular_rhythm_is_said(ge: Spoilable) -> None:
    edit_each(ge, lambda at: {"NominalInterval": "600" if at.slice < 2 else "923"})
    assert "rr-varies" in codes(chosen(ge.folder))


def test_a_missing_frame_is_filled_by_its_neighbour_and_said(ge: Spoilable, truth: CineStack) -> None:
    ge.slices()[2][4].unlink()
    stack = read_study(ge.folder)
    (finding,) = stack.findings
    assert (finding.code, finding.slice) == ("unequal-phases", 2)
    assert "Slice 3 has 7 images" in finding.message
    assert "repeat a neighbour's image: 1;" in finding.message
    right = [phase for phase in range(SPEC.phases) if np.array_equal(stack.voxels[phase, 2], truth.voxels[phase, 2])]
    assert right == [0, 1, 2, 3, 5, 6, 7]
    assert not chosen(ge.folder).complete


def test_the_first_frame_missing_does_not_shift_the_slice(ge: Spoilable, truth: CineStack) -> None:
    ge.slices()[1][0].unlink()
    stack = read_study(ge.folder)
    assert np.array_equal(stack.voxels[1:, 1], truth.voxels[1:, 1])


def test_slices_with_more_frames_are_aligned_by_their_share_of_rr(ge: Spoilable) -> None:
    files = ge.slices()[3]
    for phase in range(SPEC.phases, 2 * SPEC.phases):  # this slice was scanned with twice as many phases
        uid = f"2.25.{phase + 1000}"
        half = f"{(phase - SPEC.phases + 0.5) * STEP:.3f}"
        edit(files[0], files[0].with_name(f"x{phase}"), TriggerTime=half, SOPInstanceUID=uid, InstanceNumber=phase + 1)
    one = chosen(ge.folder)
    assert one.phases == SPEC.phases
    finding = next(f for f in one.findings if f.code == "unequal-phases")
    assert (finding.slice, "images not used: 8" in finding.message) == (3, True)


def test_a_slice_that_was_cut_off_is_left_out(ge: Spoilable) -> None:
    for path in ge.slices()[0][3:]:
        path.unlink()
    one = chosen(ge.folder)
    assert (one.slices, one.phases, one.complete) == (5, 8, False)
    (finding,) = one.findings
    assert (finding.code, finding.severity, finding.slice) == ("incomplete-slice", Severity.ERROR, None)
    assert "only 3 of 8 phases" in finding.message


def test_one_phase_is_no_cine(ge: Spoilable) -> None:
    ge.keep_only([files[0] for files in ge.slices()])
    study = find_stacks(ge.folder)
    assert study.chosen is None
    assert "one phase only" in study.reason


def test_prospective_gating_keeps_frames_by_rank_though_rr_differs(ge: Spoilable, truth: CineStack) -> None:
    # The same delays after the R wave in all slices, while the heart rate drifts: shares of R-R differ, frames do not.
    edit_each(ge, lambda at: {"NominalInterval": f"{900 + 25 * at.slice}"})
    stack = read_study(ge.folder)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert codes(stack) == []
