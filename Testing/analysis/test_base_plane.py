"""Which slices count by a base plane: against the phantom, whose true base is known at every moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from base_planes import shifted_phantom, true_line
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.analysis.base_plane import planes_of
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.phantom import PhantomSpec
from CardiacSegmentationLib.phantom.geometry import TO_APEX
from CardiacSegmentationLib.phantom.heart import beating_heart
from CardiacSegmentationLib.reading import BasalRule, Conventions, KeyPhases, Reading
from CardiacSegmentationLib.segmentation import Label, Segmentation

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.phantom.heart import Heart

SPEC = PhantomSpec(phases=10)
SHIFTS = (-0.4, -0.2, 0.0, 0.2, 0.4)


def reading_of(heart: Heart, labels: tuple[Label, ...] = (Label.LV, Label.RV), **more: object) -> Reading:
    """The true base planes, set at ED and ES on the four-chamber view."""
    lines = [true_line(SPEC, heart, label, phase) for label in labels for phase in (0, heart.es_phase)]
    phases = KeyPhases(0, heart.es_phase, 0, heart.es_phase)
    return Reading(key_phases=phases, base_lines=tuple(sorted(lines)), **more)  # type: ignore[arg-type]


def drawn_to_the_base(segmentation: Segmentation) -> Segmentation:
    """As a reader draws: also in the slice above, in which the ventricle only begins beneath the middle."""
    labels = segmentation.labels.copy()
    for phase in labels:
        for label in (Label.RV, Label.MYO, Label.LV):
            first = int(np.flatnonzero((phase == label).any(axis=(1, 2)))[0])
            phase[first - 1][phase[first] == label] = label
    return Segmentation.of(labels)


def errors(assessment: Assessment) -> list[float]:
    """Relative errors of EDV and ESV of both ventricles, and of the mass."""
    truth = {"lv": (SPEC.lv_edv_ml, SPEC.lv_ef_percent), "rv": (SPEC.rv_edv_ml, SPEC.rv_ef_percent)}
    found = []
    for part, (edv, ef) in truth.items():
        measures = getattr(assessment, part)
        found += [measures["edv_ml"].value / edv - 1, measures["esv_ml"].value / (edv * (1 - ef / 100)) - 1]
    return [*found, assessment.lv["mass_g"].value / SPEC.mass_g - 1]


@pytest.mark.parametrize("shift", SHIFTS)
def test_volumes_are_the_analytic_ones_wherever_the_slices_lie(shift: float) -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, shift)
    found = errors(assess(stack, drawn_to_the_base(segmentation), reading_of(heart)))
    assert np.abs(found).max() < 0.02, found


def test_the_base_plane_beats_the_automatic_rule() -> None:
    by_rule, by_plane = [], []
    for shift in SHIFTS:
        stack, segmentation, heart = shifted_phantom(SPEC, shift)
        plain = reading_of(heart, ())
        by_rule.append(errors(assess(stack, segmentation, plain)))
        by_plane.append(errors(assess(stack, drawn_to_the_base(segmentation), reading_of(heart))))
    assert (np.abs(by_plane).mean(axis=0) < 0.5 * np.abs(by_rule).mean(axis=0)).all()
    assert np.abs(by_rule).max() > 0.04  # so much is at stake


def test_a_part_below_the_plane_without_contour_is_a_doubt_with_its_volume() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, -0.3)  # three tenths of the slice above lie below the base
    assessment = assess(stack, segmentation, reading_of(heart, (Label.LV,)))
    doubts = {doubt.phase: doubt for doubt in assessment.findings if doubt.code == "base-not-drawn"}
    assert set(doubts) == {0, heart.es_phase}
    missing = SPEC.lv_edv_ml - assessment.lv["edv_ml"].value
    assert doubts[0].parameters["difference_ml"] == pytest.approx(missing, abs=1.5)
    first = int(np.flatnonzero((segmentation.labels[0] == Label.LV).any(axis=(1, 2)))[0])
    assert doubts[0].slice == first - 1
    drawn = assess(stack, drawn_to_the_base(segmentation), reading_of(heart, (Label.LV,)))
    assert not [doubt for doubt in drawn.findings if doubt.code == "base-not-drawn"]


def test_a_plane_beyond_the_stack_is_a_doubt() -> None:
    above = beating_heart(SPEC).slices_above
    stack, segmentation, heart = shifted_phantom(SPEC, -above - 0.4)
    assessment = assess(stack, segmentation, reading_of(heart, (Label.LV,)))
    (doubt,) = [doubt for doubt in assessment.findings if doubt.code == "base-beyond-stack"]
    assert (doubt.phase, doubt.slice) == (0, 0)
    assert doubt.parameters["gap_mm"] == pytest.approx(0.4 * heart.spacing_mm, abs=0.01)


def test_rv_beyond_the_tricuspid_plane_may_be_its_outflow_tract() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, 0.0)
    line = true_line(SPEC, heart, Label.RV, 0)
    deeper = tuple(tuple(float(v) for v in np.array(point) + 12.0 * TO_APEX) for point in line.points_mm)
    reading = Reading(base_lines=(replace(line, points_mm=deeper),), key_phases=KeyPhases(0, 3, 0, 3))  # type: ignore[arg-type]
    assessment, plain = assess(stack, segmentation, reading), assess(stack, segmentation, reading_of(heart, ()))
    doubts = {doubt.phase: doubt for doubt in assessment.findings if doubt.code == "base-plane-outflow"}
    lost = plain.rv["edv_ml"].value - assessment.rv["edv_ml"].value
    assert doubts[0].parameters["difference_ml"] == pytest.approx(lost)
    assert not [doubt for doubt in assess(stack, segmentation, reading_of(heart)).findings if "outflow" in doubt.code]


def test_a_cut_slice_counts_by_its_part_and_those_beyond_not_at_all() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, 0.2)
    shares = assess(stack, segmentation, reading_of(heart, (Label.LV,))).shares
    expected = np.clip(0.5 + heart.slice_depths_mm / heart.spacing_mm, 0, 1)
    np.testing.assert_allclose(shares[Label.LV - 1, 0], expected, atol=1e-9)
    np.testing.assert_allclose(shares[Label.MYO - 1, 0], expected, atol=1e-9)
    np.testing.assert_array_equal(shares[Label.RV - 1], 1.0)  # its plane was not set


@pytest.mark.parametrize("beyond", [-1e-9, 1e-9])
def test_a_plane_between_two_slices_takes_nothing_of_either(beyond: float) -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, 0.0)
    line = true_line(SPEC, heart, Label.LV, 0)
    places = np.linalg.solve(stack.affine, [*np.transpose(line.points_mm), [1.0, 1.0]])
    places[2] = 3.5 + beyond
    points = (stack.affine @ places)[:3].T
    line = replace(line, points_mm=tuple(tuple(map(float, point)) for point in points))
    shares = assess(stack, segmentation, Reading(base_lines=(line,))).shares[Label.LV - 1, 0]
    assert set(shares.tolist()) == {0.0, 1.0}


def test_between_the_phases_the_plane_moves_evenly_in_time() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, 0.0)
    assessment = assess(stack, segmentation, reading_of(heart, (Label.LV,)))
    planes = planes_of(stack, assessment.images, assessment.reading.base_lines)
    depths = np.array([plane.point_mm @ TO_APEX for plane in planes.values()]) - planes[0].point_mm @ TO_APEX
    lowest = float(heart.cavity.base_mm[heart.es_phase])
    times, es = np.array(stack.times_ms), heart.es_phase
    there = times[: es + 1] / times[es] * lowest
    back = (1 - (times[es:] - times[es]) / (stack.rr_ms - times[es])) * lowest  # type: ignore[operator]
    np.testing.assert_allclose(depths, np.concatenate([there, back[1:]]), atol=1e-6)


def test_a_tilted_plane_takes_the_mean_over_the_pixels() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, 0.0)
    line = true_line(SPEC, heart, Label.LV, 0, tilt_deg=20.0)
    shares = assess(stack, segmentation, Reading(base_lines=(line,))).shares[Label.LV - 1, 0]
    plane = planes_of(stack, assess(stack, segmentation).images, (line,))[0]
    assert np.degrees(np.arccos(plane.normal @ TO_APEX)) == pytest.approx(20.0, abs=1e-6)
    for slice_ in np.flatnonzero((segmentation.labels[0] == Label.LV).any(axis=(1, 2)))[:4]:
        rows, columns = np.nonzero(segmentation.labels[0, slice_] == Label.LV)
        through = np.linspace(-0.5, 0.5, 201)  # of the slice
        points = np.array([columns, rows, np.full(rows.size, slice_), np.ones(rows.size)])
        samples = [(stack.affine @ (points + np.array([[0], [0], [at], [0]])))[:3].T for at in through]
        below = np.mean([((at - plane.point_mm) @ plane.normal > 0).mean() for at in samples])
        assert shares[slice_] == pytest.approx(below, abs=0.005)


def test_lines_on_two_long_axes_turn_the_plane_both_ways() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, 0.0)
    images = assess(stack, segmentation).images
    lines = [
        true_line(SPEC, heart, Label.LV, 0, view=view, tilt_deg=tilt) for view, tilt in (("4CH", 10.0), ("2CH", -15.0))
    ]
    plane = planes_of(stack, images, lines)[0]
    for line in lines:
        direction = np.subtract(line.points_mm[1], line.points_mm[0])
        sine = plane.normal @ direction / np.linalg.norm(direction)
        assert np.degrees(np.arcsin(sine)) == pytest.approx(0.0, abs=1.5)


def test_a_decision_on_a_slice_wins_over_the_plane_and_the_plane_over_the_rule() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, -0.3)
    drawn = drawn_to_the_base(segmentation)
    first = int(np.flatnonzero((drawn.labels[0] == Label.LV).any(axis=(1, 2)))[0])
    whole = drawn.labels.copy()
    whole[:, first][whole[:, first] == Label.MYO] = 0  # an open ring: the rule leaves the slice out
    opened = Segmentation.of(whole)
    assert assess(stack, opened).shares[Label.LV - 1, 0, first] == 0
    reading = reading_of(heart, (Label.LV,))
    by_plane = assess(stack, opened, reading)
    assert by_plane.shares[Label.LV - 1, 0, first] == pytest.approx(0.3, abs=1e-6)
    assert not {"basal-slice-left-out", "basal-rule"} & {finding.code for finding in by_plane.findings}
    decided = assess(stack, opened, reading.decide_counts([(int(Label.LV), 0, first)], counts=True))
    assert decided.shares[Label.LV - 1, 0, first] == 1


def test_the_automatic_numbers_stay_beside_those_of_the_plane() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, 0.4)
    assessment = assess(stack, segmentation, reading_of(heart))
    plain = assess(stack, segmentation)
    assert assessment.automatic is not None
    assert assessment.automatic.lv["edv_ml"].value == plain.lv["edv_ml"].value
    assert assessment.lv["edv_ml"].value != plain.lv["edv_ml"].value


def test_an_assessment_after_a_stroke_is_the_one_from_the_beginning() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, 0.2)
    line = true_line(SPEC, heart, Label.LV, 0, tilt_deg=20.0)
    before = assess(stack, segmentation, Reading(base_lines=(line,)))
    labels = segmentation.labels.copy()
    first = int(np.flatnonzero((labels[0] == Label.LV).any(axis=(1, 2)))[0])
    labels[0, first][:, : labels.shape[3] // 2] = 0
    reading = replace(before.reading, by_rules=before.by_rules)
    after = Segmentation.of(labels)
    again = assess(stack, after, reading, before, [(0, first)])
    anew = assess(stack, after, reading)
    np.testing.assert_array_equal(again.shares, anew.shares)
    assert again.shares[Label.LV - 1, 0, first] != before.shares[Label.LV - 1, 0, first]
    np.testing.assert_array_equal(again.volumes_ml, anew.volumes_ml)


def test_planes_of_another_stack_or_along_the_heart_are_refused() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, 0.0)
    line = true_line(SPEC, heart, Label.LV, 0)
    with pytest.raises(LabelError, match="phase 31; these images have 10"):
        assess(stack, segmentation, Reading(base_lines=(replace(line, phase=30),)))
    steep = true_line(SPEC, heart, Label.LV, 0, tilt_deg=75.0)
    with pytest.raises(LabelError, match="runs along the heart"):
        assess(stack, segmentation, Reading(base_lines=(steep,)))


def test_conventions_and_planes_go_together() -> None:
    stack, segmentation, heart = shifted_phantom(SPEC, 0.2)
    one, other = (
        assess(stack, segmentation, reading_of(heart, (Label.LV,), conventions=Conventions(basal_rule=rule)))
        for rule in (BasalRule.HALF_RING, BasalRule.AS_LABELLED)
    )
    np.testing.assert_array_equal(one.volumes_ml, other.volumes_ml)
