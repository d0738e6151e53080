"""Findings point to the slice and phase where something is wrong, and are silent on a good study."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.analysis.checks import check_anatomy
from CardiacSegmentationLib.analysis.label_doubts import check_curve
from CardiacSegmentationLib.analysis.ranking import effect_on_ef
from CardiacSegmentationLib.findings import Finding, Severity, describe, languages
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.reading import Reading
from CardiacSegmentationLib.segmentation import Evidence, Label, Origin, Segmentation
from CardiacSegmentationLib.stack import CineStack

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Assessment

PHASES, SLICES = 20, 10


@pytest.fixture(scope="module")
def study() -> tuple[CineStack, Segmentation]:
    return make_stack(PhantomSpec(phases=PHASES, slices=SLICES))


def places(assessment: Assessment) -> set[tuple[str, int | None]]:
    return {(finding.code, finding.slice) for finding in assessment.findings}


def doubts(stack: CineStack, labels: np.ndarray) -> set[tuple[str, int | None]]:
    return places(assess(stack, Segmentation.of(labels)))


def only(assessment: Assessment, code: str) -> Finding:
    (finding,) = [one for one in assessment.findings if one.code == code]
    return finding


def test_a_good_study_is_not_doubted(study: tuple[CineStack, Segmentation]) -> None:
    """But for the RV's most basal slice, which leaves the phantom as a whole from one phase to the next."""
    findings = assess(*study).findings
    assert {(one.code, one.parameters["structure"]) for one in findings if one.severity is not Severity.INFO} <= {
        ("curve-jump", "RV")
    }
    assert {one.code for one in findings} <= {"curve-jump", "slice-step", "no-range-convention"}


@pytest.mark.parametrize(("model", "severity"), [("cardiac-sax 1.2.0", Severity.WARNING), (None, Severity.INFO)])
def test_a_ventricle_that_a_network_does_not_find_is_a_doubt(
    study: tuple[CineStack, Segmentation], model: str | None, severity: Severity
) -> None:
    """Who labels by hand may want the other ventricle alone."""
    stack, truth = study
    labels = np.where(truth.labels == Label.RV, np.uint8(0), truth.labels)
    labels[3, labels[3] != Label.LV] = 0
    assessment = assess(stack, Segmentation.of(labels, model=model))
    assert only(assessment, "structure-not-labelled").severity is severity
    assert only(assessment, "structure-in-some-phases").severity is severity


def test_a_missing_slice_is_found(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    labels = truth.labels.copy()
    labels[7, 4][labels[7, 4] >= Label.MYO] = 0
    finding = only(assess(stack, Segmentation.of(labels)), "slice-missing")
    assert (finding.slice, finding.phase, finding.severity) == (4, 7, Severity.ERROR)
    assert finding.message == "The LV is missing in slice 5 though both neighbouring slices show it (phase 8)."


def test_an_open_wall_below_the_base_is_found_and_one_at_the_base_is_anatomy(
    study: tuple[CineStack, Segmentation],
) -> None:
    stack, truth = study
    for place, expected in ((5, True), (int(np.argmax((truth.labels[0] == Label.LV).any(axis=(1, 2)))), False)):
        labels = truth.labels.copy()
        columns = np.flatnonzero((labels[0, place] == Label.LV).any(axis=0))
        half = labels[0, place, :, int(columns.mean()) :]
        half[half == Label.MYO] = 0
        assert (("myocardium-open", place) in doubts(stack, labels)) is expected


def test_a_stack_that_ends_too_early_is_found(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    cut = replace(stack, voxels=stack.voxels[:, 3:6])
    assert {("base-not-covered", 0), ("apex-not-covered", 2)} <= doubts(cut, truth.labels[:, 3:6])


def test_the_edge_is_as_wide_where_a_file_rounds_the_pixels(study: tuple[CineStack, Segmentation]) -> None:
    """Pixels of 2 mm come back from a file as 1.9999999999."""
    stack, truth = study
    cut = slice(int(np.flatnonzero((truth.labels != 0).any(axis=(0, 1, 2)))[0]) - 2, None)
    segmentation = Segmentation.of(np.ascontiguousarray(truth.labels[..., cut]))
    for pixel_mm in (2.0, 2.0 - 1e-12):
        beside = replace(stack, voxels=stack.voxels[..., cut], affine=np.diag([pixel_mm, pixel_mm, 8.0, 1.0]))
        assert not assess(beside, segmentation).images.edge_pixels.any()


def test_a_heart_at_the_edge_is_found(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    columns = np.flatnonzero((truth.labels != 0).any(axis=(0, 1, 2)))
    cut = slice(int(columns[0]) + 2, None)
    found = doubts(replace(stack, voxels=stack.voxels[..., cut]), np.ascontiguousarray(truth.labels[..., cut]))
    assert "heart-at-edge" in {code for code, _ in found}


def test_an_image_without_contrast_is_found(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    voxels = stack.voxels.copy()
    voxels[:, 4] = np.random.default_rng(1).normal(500, 40, stack.voxels[:, 4].shape)
    assert ("low-contrast", 4) in doubts(replace(stack, voxels=voxels), truth.labels)


def test_a_shifted_slice_is_found(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    labels = truth.labels.copy()
    labels[:, 5] = np.roll(labels[:, 5], 9, axis=-1)
    assert ("slice-shifted", 5) in doubts(stack, labels)


def test_a_slice_out_of_step_is_found(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    labels = truth.labels.copy()
    labels[:, 4] = np.roll(labels[:, 4], 10, axis=0)
    assert ("out-of-step", 4) in doubts(stack, labels)


def a_beat(phases: int) -> CineStack:
    """A stack of which only the times matter."""
    times = tuple(float(time) for time in np.arange(phases) * 1000.0 / phases)
    return CineStack(np.zeros((phases, 1, 1, 1)), np.eye(4), times, rr_ms=1000.0)


def test_a_jump_in_the_curve_is_found_at_its_phase() -> None:
    curve = 100 + 40 * np.cos(2 * np.pi * np.arange(20) / 20)
    volumes = np.stack([curve, curve, curve])
    assert check_curve(volumes, a_beat(20)) == []
    volumes[Label.RV - 1, 6] += 40
    (finding,) = check_curve(volumes, a_beat(20))
    assert (finding.code, finding.phase) == ("curve-jump", 6)
    assert "RV" in finding.message


def test_few_phases_make_large_steps_without_being_a_jump() -> None:
    curve = 100 + 50 * np.cos(2 * np.pi * np.arange(8) / 8)
    assert check_curve(np.stack([curve] * 3), a_beat(8)) == []


def test_a_volume_no_heart_has_is_found() -> None:
    volumes = np.full((3, 2), 100.0)
    volumes[Label.LV - 1] = 900
    assert [finding.code for finding in check_curve(volumes, a_beat(2))] == ["volume-implausible"]


@pytest.mark.parametrize(
    ("mass_g", "wall_mm", "found"),
    [
        (120.0, 9.0, []),
        (None, None, []),
        (19.0, 9.0, ["mass-implausible"]),
        (601.0, 41.0, ["mass-implausible", "wall-implausible"]),
        (120.0, 1.9, ["wall-implausible"]),
    ],
)
def test_a_mass_or_wall_no_heart_has_is_an_error(mass_g: float | None, wall_mm: float | None, found: list[str]) -> None:
    lv = {
        name: SimpleNamespace(value=value) for name, value in (("mass_g", mass_g), ("wall_thickness_max_mm", wall_mm))
    }
    findings = check_anatomy(lv)
    assert [finding.code for finding in findings] == found
    assert {finding.severity for finding in findings} <= {Severity.ERROR}


@pytest.fixture
def unsure(study: tuple[CineStack, Segmentation]) -> Segmentation:
    """Labels of a network that doubts its LV in two phases of one slice, and remarks on another image."""
    labels = study[1].labels
    confidence = np.full((3, *labels.shape[:2]), 0.97, np.float32)
    confidence[Label.LV - 1, 3, 5], confidence[Label.LV - 1, 4, 5] = 0.7, 0.5
    confidence[Label.MYO - 1, 0, 0] = 0.1
    remarks = (
        Finding("repaired-in-time", Severity.INFO, slice=3, phase=2, parameters={"count": 1, "area_mm2": 20}),
        Finding("precision-raised", Severity.INFO, parameters={"faster": "bfloat16", "exact": "float32"}),
    )
    shown = labels.copy()
    shown[0, 0] = 0  # nothing there: no opinion
    evidence = Evidence(np.ones((2, *labels.shape[:2]), np.float32), confidence, remarks)
    return Segmentation.of(shown, evidence=evidence, model="a network")


def test_doubts_of_the_network_are_told_once_for_each_slice(
    study: tuple[CineStack, Segmentation], unsure: Segmentation
) -> None:
    finding = only(assess(study[0], unsure), "network-unsure")
    assert finding.message == "The network is unsure of LV in slice 6, most in phase 5."
    assert (finding.slice, finding.phase) == (5, 4)


def test_a_ventricle_beyond_where_the_network_recognises_it_is_doubted(
    study: tuple[CineStack, Segmentation], unsure: Segmentation
) -> None:
    assert unsure.evidence is not None
    shown = np.flatnonzero((study[1].labels[2] == Label.RV).any(axis=(1, 2)))
    presence = unsure.evidence.presence.copy()
    presence[1, :, shown[-1] :] = 0.2  # no RV at the apex
    presence[1, :, shown[1]] = 0.2  # a doubt within the ventricle is no end
    presence[1, 3] = np.nan  # not looked at
    doubted = replace(unsure, evidence=replace(unsure.evidence, presence=presence))
    finding = only(assess(study[0], doubted), "end-slice-doubtful")
    assert (finding.slice, finding.parameters) == (shown[-1], {"structure": "RV"})
    origin = np.full_like(unsure.origin, Origin.READER)
    corrected = assess(study[0], replace(doubted, origin=origin)).findings
    assert "end-slice-doubtful" not in {finding.code for finding in corrected}


def test_doubts_of_the_network_hold_for_its_own_labels_only(
    study: tuple[CineStack, Segmentation], unsure: Segmentation
) -> None:
    codes = {finding.code for finding in assess(study[0], unsure).findings}
    assert {"network-unsure", "repaired-in-time", "precision-raised"} <= codes
    origin = unsure.origin.copy()
    origin[4, 5] = Origin.READER
    assert only(assess(study[0], replace(unsure, origin=origin)), "network-unsure").phase == 3
    origin[3, 5] = origin[2, 3] = Origin.READER
    codes = {finding.code for finding in assess(study[0], replace(unsure, origin=origin)).findings}
    assert not {"network-unsure", "repaired-in-time"} & codes
    assert "precision-raised" in codes  # about the study, not about an image


def test_what_weighs_on_the_ef_comes_first(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    labels = truth.labels.copy()
    assessment = assess(stack, truth)
    es, ed = assessment.key_phases.lv_es, assessment.key_phases.lv_ed
    labels[es, 4][labels[es, 4] >= Label.MYO] = 0
    apex = max(np.flatnonzero((labels[ed] == Label.LV).any(axis=(1, 2))))
    labels[ed, apex - 1][labels[ed, apex - 1] >= Label.MYO] = 0
    findings = assess(stack, Segmentation.of(labels)).findings
    missing = [finding.slice for finding in findings if finding.code == "slice-missing"]
    assert missing == [4, apex - 1]
    severities = [finding.severity is Severity.INFO for finding in findings]
    assert severities == sorted(severities)


def test_a_doubt_weighs_what_the_slice_adds_to_the_numbers(study: tuple[CineStack, Segmentation]) -> None:
    """As much as the EF changes without the slice: nothing where it does not count at all."""
    place = 4
    everywhere = [(int(Label.LV), phase, place) for phase in range(PHASES)]
    at_es = (int(Label.LV), assess(*study).key_phases.lv_es or 0, place)
    doubt = Finding("myocardium-open", slice=place, parameters={"structure": "LV"})
    without = assess(*study, Reading().decide_counts(everywhere, counts=False))
    at_ed_only = assess(*study, Reading().decide_counts([at_es], counts=False))
    ef, ef_without = (one.lv["ef_percent"].value or 0.0 for one in (at_ed_only, without))
    assert effect_on_ef(at_ed_only, doubt) == pytest.approx(abs(ef - ef_without))
    assert effect_on_ef(without, doubt) == 0


@pytest.mark.parametrize("language", languages())
def test_every_doubt_is_a_whole_sentence(study: tuple[CineStack, Segmentation], language: str) -> None:
    stack, truth = study
    labels = truth.labels.copy()
    labels[7, 4][labels[7, 4] >= Label.MYO] = 0
    labels[:, 5] = np.roll(labels[:, 5], 9, axis=-1)
    labels[2:, 3] = np.roll(labels[2:, 3], 10, axis=0)
    findings = assess(stack, Segmentation.of(labels)).findings
    assert len(findings) >= 3, "one for each of the three faults"
    for finding in findings:
        sentence = describe(finding, language)
        assert sentence != finding.code
        assert not set("{}") & set(sentence)
        assert not sentence.startswith("?")
        assert " ?" not in sentence  # what a missing parameter shows as
