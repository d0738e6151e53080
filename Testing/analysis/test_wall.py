"""Wall thickness across the wall, and where the AHA's segments lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.analysis.outline import ANGLES, trace_outline
from CardiacSegmentationLib.analysis.wall import Septum, find_septum, segment_numbers
from CardiacSegmentationLib.segmentation import Label, Segmentation

MakeHeart = Callable[..., Any]


def ring(inner: Callable[..., np.ndarray], outer: Callable[..., np.ndarray], row_mm: float, column_mm: float) -> Any:
    rows, columns = np.mgrid[: int(100 / row_mm), : int(100 / column_mm)].astype(float)
    down, right = rows * row_mm - 50.3, columns * column_mm - 49.6
    labels = np.zeros(rows.shape, np.uint8)
    labels[outer(down, right)] = Label.MYO
    labels[inner(down, right)] = Label.LV
    return trace_outline(labels, row_mm, column_mm)


def disc(radius: float, down0: float = 0.0, right0: float = 0.0) -> Callable[..., np.ndarray]:
    return lambda down, right: np.hypot(down - down0, right - right0) < radius


@pytest.mark.parametrize(("row_mm", "column_mm"), [(1.0, 1.0), (1.4, 1.4), (2.0, 2.0), (1.2, 1.8)])
@pytest.mark.parametrize(("inner_mm", "wall_mm"), [(25.0, 8.0), (18.0, 12.0), (28.0, 5.0), (10.0, 9.0)])
def test_an_even_wall_is_met_within_a_pixel_everywhere_and_on_average_within_a_tenth(
    row_mm: float, column_mm: float, inner_mm: float, wall_mm: float
) -> None:
    outline = ring(disc(inner_mm), disc(inner_mm + wall_mm), row_mm, column_mm)
    pixel_mm = max(row_mm, column_mm)
    np.testing.assert_allclose(outline.thickness_mm, wall_mm, atol=0.75 * pixel_mm)
    assert np.average(outline.thickness_mm, weights=outline.length_mm) == pytest.approx(wall_mm, abs=0.1 * pixel_mm)


def test_a_cavity_out_of_the_middle_has_a_thick_and_a_thin_wall() -> None:
    outline = ring(disc(20.0), disc(30.0, right0=4.0), 1.0, 1.0)
    thick, thin = outline.thickness_mm[0], outline.thickness_mm[ANGLES // 2]
    assert (thick, thin) == (pytest.approx(14.0, abs=0.5), pytest.approx(6.0, abs=0.5))


def test_a_wall_that_rays_cross_aslant_is_not_measured_too_thick() -> None:
    """An ellipse and its parallel curve 8 mm outside: the wall is 8 mm everywhere, along rays it is up to 10 mm."""
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    border = np.stack([16 * np.sin(angle), 30 * np.cos(angle)], axis=1)

    def parallel(down: np.ndarray, right: np.ndarray) -> np.ndarray:
        from scipy.spatial import cKDTree

        points = np.stack([down.ravel(), right.ravel()], axis=1)
        near = cKDTree(border).query(points)[0].reshape(down.shape) < 8.0
        return near | inner(down, right)

    def inner(down: np.ndarray, right: np.ndarray) -> np.ndarray:
        return (down / 16) ** 2 + (right / 30) ** 2 < 1

    outline = ring(inner, parallel, 1.0, 1.0)
    along_rays = outline.thickness_mm * 1.0
    np.testing.assert_allclose(along_rays, 8.0, atol=0.9)
    assert np.average(outline.thickness_mm, weights=outline.length_mm) == pytest.approx(8.0, abs=0.15)


def test_an_open_ring_has_no_thickness(make_heart: MakeHeart) -> None:
    heart = make_heart()
    labels = heart.segmentation.labels.copy()
    middle = labels.shape[2] // 2
    labels[:, :, middle - 3 : middle + 3, middle + 10 :][labels[:, :, middle - 3 : middle + 3, middle + 10 :] == 2] = 0
    assessment = assess(heart.stack, Segmentation.of(labels))
    assert assessment.segments == ()
    assert assessment.lv["wall_thickness_max_mm"].note == "no closed ring of myocardium is labelled at end-diastole"


def mark(first_degree: int, last_degree: int) -> np.ndarray:
    rays = np.arange(ANGLES) * 360 // ANGLES
    return (rays >= first_degree) & (rays < last_degree)


@pytest.mark.parametrize(
    ("touches", "expected"),
    [
        (mark(120, 240), Septum(40, 40)),
        (mark(120, 170) | mark(180, 240), Septum(40, 40)),  # a small gap does not end the septum
        (mark(300, 360) | mark(0, 60), Septum(100, 40)),  # across the first ray
        (mark(120, 240) | mark(0, 30), Septum(40, 40)),  # a stray contact is not it
        (mark(120, 150), None),
        (mark(0, 360), None),
        (mark(0, 0), None),
    ],
)
def test_the_septum_is_the_longest_contact_with_the_rv(touches: np.ndarray, expected: Septum | None) -> None:
    assert find_septum(touches) == expected


def at_degrees(numbers: np.ndarray, degrees: int) -> int:
    return int(numbers[round(degrees / 360 * ANGLES) % ANGLES])


@pytest.mark.parametrize("level", [0, 1])
def test_seen_from_the_apex_the_segments_run_against_the_clock(level: int) -> None:
    """In the image: RV on the left (180°), anterior wall above (270°, for rows grow downwards)."""
    numbers = segment_numbers(Septum(40, 40), 1, level)
    seen = [at_degrees(numbers, degrees) - 6 * level for degrees in (270, 210, 150, 90, 30, 330)]
    assert seen == [1, 2, 3, 4, 5, 6]
    assert np.bincount(numbers)[numbers.min() :].tolist() == [20] * 6


def test_the_apex_has_four_segments_around_the_middle_of_the_septum() -> None:
    numbers = segment_numbers(Septum(40, 40), 1, 2)
    assert [at_degrees(numbers, degrees) for degrees in (270, 180, 90, 0)] == [13, 14, 15, 16]


def test_a_mirrored_image_gives_the_same_segments(make_heart: MakeHeart) -> None:
    """The same heart, its rows stored the other way round: the affine says so, the segments stay with the patient."""
    heart = make_heart((25.0, 18.0), slices=6)
    labels = heart.segmentation.labels.copy()
    middle = labels.shape[2] // 2
    rows, columns = np.mgrid[: labels.shape[2], : labels.shape[3]]
    outside = (labels[0, 0] == 0) & (rows < middle)  # a wall grown outwards above, that is in front
    ring_above = outside & (np.hypot(rows - middle, columns - middle) * 1.4 < 38)
    labels[:, :, ring_above] = Label.MYO
    upright = assess(heart.stack, Segmentation.of(labels))
    flipped = np.ascontiguousarray(labels[:, :, ::-1])
    affine = heart.stack.affine.copy()
    affine[:3, 3] += affine[:3, 1] * (labels.shape[2] - 1)
    affine[:3, 1] *= -1
    mirrored = assess(replace(heart.stack, affine=affine), Segmentation.of(flipped))
    by_name = {segment.name: segment.thickness_ed_mm for segment in upright.segments}
    assert by_name["basal anterior"] > by_name["basal inferior"] + 3
    for one, other in zip(upright.segments[:16], mirrored.segments[:16], strict=True):
        assert one.thickness_ed_mm == pytest.approx(other.thickness_ed_mm, abs=0.3), one.name


def test_thickening_compares_the_two_moments(make_heart: MakeHeart) -> None:
    diastole, systole = make_heart((25.0,), wall_mm=8.0, slices=6), make_heart((25.0, 18.0), wall_mm=12.0, slices=6)
    size = systole.segmentation.labels.shape[-1]
    margin = size - diastole.segmentation.labels.shape[-1]
    at_ed = np.pad(
        diastole.segmentation.labels,
        ((0, 0), (0, 0), (margin // 2, margin - margin // 2), (margin // 2, margin - margin // 2)),
    )
    labels = np.concatenate([at_ed, systole.segmentation.labels[1:]])
    segments = assess(systole.stack, Segmentation.of(labels)).segments
    assert [segment.number for segment in segments] == list(range(1, 18))
    for segment in segments[:16]:
        assert segment.thickness_ed_mm == pytest.approx(8.0, abs=0.4)
        assert segment.thickness_es_mm == pytest.approx(12.0, abs=0.4)
        assert segment.thickening_percent == pytest.approx(50.0, abs=8)
    assert (segments[16].name, segments[16].thickness_ed_mm) == ("apex", None)


def test_slices_from_apex_to_base_are_noticed(make_heart: MakeHeart) -> None:
    heart = make_heart((25.0, 18.0), slices=6)
    labels = heart.segmentation.labels.copy()
    small = make_heart((10.0, 8.0), slices=6).segmentation.labels
    margin = labels.shape[-1] - small.shape[-1]
    padded = np.pad(small, ((0, 0), (0, 0), (margin // 2, margin - margin // 2), (margin // 2, margin - margin // 2)))
    labels[:, :2] = padded[:, :2]
    assessment = assess(heart.stack, Segmentation.of(labels))
    assert "apex-first" in {finding.code for finding in assessment.findings}
