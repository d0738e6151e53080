"""The borders in patient coordinates: where they lie, how large they are, and whose they are."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.contours import find_contours
from CardiacSegmentationLib.export.contour_file import write_contours_json
from CardiacSegmentationLib.segmentation import Border, Label

if TYPE_CHECKING:
    from pathlib import Path


def test_borders_lie_where_the_labels_are_and_hold_their_area(case: Any, tmp_path: Path) -> None:
    stack, segmentation = case.stack, case.segmentation
    write_contours_json(stack, segmentation, (0, 3), tmp_path / "contours.json")
    content = json.loads((tmp_path / "contours.json").read_text())
    assert {image["phase"] for image in content["images"]} == {1, 4}
    assert not any(image["drawn"] for image in content["images"])
    _, row_mm, column_mm = stack.spacing_mm
    to_indices = np.linalg.inv(stack.affine)
    for image in content["images"]:
        points = np.array(image["borders"]["endo"])
        columns, rows, places, _ = to_indices @ np.c_[points, np.ones(len(points))].T
        np.testing.assert_allclose(places, image["slice"] - 1, atol=1e-3)
        cavity = segmentation.labels[image["phase"] - 1, image["slice"] - 1] == Label.LV
        middle = np.argwhere(cavity).mean(axis=0)
        np.testing.assert_allclose((rows.mean(), columns.mean()), middle, atol=0.5)
        area = 0.5 * abs(rows @ np.roll(columns, 1) - columns @ np.roll(rows, 1)) * row_mm * column_mm
        assert area == pytest.approx(np.count_nonzero(cavity) * row_mm * column_mm, rel=0.05)


def test_an_image_drawn_by_hand_is_there_as_drawn_in_any_phase(case: Any, tmp_path: Path) -> None:
    stack, image = case.stack, (5, 2)
    _, row_mm, column_mm = stack.spacing_mm
    drawn = find_contours(case.segmentation.labels[image], (row_mm, column_mm))
    drawn = drawn.with_borders({Border.ENDO: drawn.borders[Border.ENDO] * 0.99})
    segmentation = dataclasses.replace(case.segmentation, contours={image: drawn})
    write_contours_json(stack, segmentation, (0,), tmp_path / "contours.json")
    content = json.loads((tmp_path / "contours.json").read_text())
    (found,) = [one for one in content["images"] if one["drawn"]]
    assert (found["phase"], found["slice"]) == (6, 3)
    points = np.array(found["borders"]["endo"])
    columns, rows, _, _ = np.linalg.inv(stack.affine) @ np.c_[points, np.ones(len(points))].T
    np.testing.assert_allclose(np.c_[rows, columns] * (row_mm, column_mm), drawn.borders[Border.ENDO], atol=2e-3)
