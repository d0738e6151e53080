"""Labels drawn by readers: every slice goes to contours and back, and bears a pull."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.contours import Border, draw_labels, find_contours, redraw_labels
from CardiacSegmentationLib.contours.curves import outward_normals
from CardiacSegmentationLib.segmentation import Label
from contours.hearts import assert_whole, polygon_area_px
from drags import pull
from overlap import dice
from scipy.ndimage import label as find_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real_data
PATIENTS = 20
BORDER_OF = {Label.LV: Border.ENDO, Label.RV: Border.RV}


def labelled_slices(folder: Path) -> Iterator[tuple[np.ndarray, tuple[float, float]]]:
    """Every labelled image of the first patients, and its spacing."""
    for path in sorted((folder / "acdc").glob("patient*.npz"))[:PATIENTS]:
        study = np.load(path)
        spacing = float(study["spacing_mm"][1]), float(study["spacing_mm"][2])
        for labels in study["label"].reshape(-1, *study["label"].shape[2:]):
            if labels.any():
                yield labels, spacing


def test_every_slice_survives_the_round_trip(real_data: Path) -> None:
    slices = differing = 0
    for labels, spacing in labelled_slices(real_data):
        contours = find_contours(labels, spacing)
        assert_whole(contours)
        drawn = draw_labels(contours, labels.shape)
        np.testing.assert_array_equal(redraw_labels(labels, contours, contours), labels)
        slices += 1
        differing += int((drawn != labels).sum())
        areas = contours.areas_mm2
        for label in (Label.LV, Label.MYO, Label.RV):
            mask = labels == label
            if not mask.any() or find_parts(mask)[1] > 1:
                continue  # of several parts the largest has a border
            assert dice(mask, drawn == label) >= 0.995
            if label in BORDER_OF and mask.sum() > 30:
                wanted = polygon_area_px(mask) * spacing[0] * spacing[1]
                assert areas[label] == pytest.approx(wanted, rel=0.005, abs=0.5 * spacing[0] * spacing[1])
    assert slices > 300
    assert differing / slices < 0.2  # pixels


def test_every_slice_bears_a_pull(real_data: Path) -> None:
    random = np.random.default_rng(0)
    for index, (labels, spacing) in enumerate(labelled_slices(real_data)):
        if index % 4:
            continue
        contours = find_contours(labels, spacing)
        border = list(contours.borders)[random.integers(len(contours.borders))]
        curve = contours.borders[border]
        place = random.integers(len(curve))
        start, out = curve[place], outward_normals(curve)[place]
        after = pull(contours, start, start + random.uniform(-8, 8) * out, 15.0, border=border)
        assert_whole(after)
        drawn = redraw_labels(labels, contours, after)
        rows, columns = np.nonzero(drawn != labels)
        away = np.hypot(rows * spacing[0] - start[0], columns * spacing[1] - start[1])
        assert away.max(initial=0.0) < 28.0
