"""What a reader sees: slice views drawn by Slicer's own displayable managers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from numpy.typing import NDArray
    from slicer_host.view import SliceView


def show(study: Study, view: SliceView, phase: int, slice_: int) -> NDArray[np.uint8]:
    from CardiacSegmentationLib.scene.views import align_view, go_to_phase, go_to_slice

    study.segmentation_node.GetDisplayNode().SetVisibility2DFill(True)
    view.show(study.volume_node)
    align_view(study, view.node)
    view.logic.FitSliceToBackground()
    go_to_phase(study, phase)
    go_to_slice(study, slice_)
    return view.pixels()


def colored_like(pixels: NDArray[np.uint8], label: Label) -> NDArray[np.bool_]:
    """Pixels whose hue is the structure's: those of its outline and its fill."""
    color = np.array(BY_LABEL[label].color_rgb, float)
    tint = pixels - pixels.mean(axis=2, keepdims=True)
    expected = color - color.mean()
    strength = np.linalg.norm(tint, axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        likeness = (tint @ expected) / (strength * np.linalg.norm(expected))
    return (strength > 12) & (likeness > 0.95)


@pytest.mark.parametrize("phase", [0, 2], ids=["ED", "ES"])
@pytest.mark.parametrize("label", BY_LABEL)
def test_each_structure_is_drawn_in_its_colour_where_it_is(
    a_study: Study, phantom: tuple[CineStack, Segmentation], a_slice_view: SliceView, phase: int, label: Label
) -> None:
    slice_ = 4
    a_stack, a_segmentation = phantom
    drawn = colored_like(show(a_study, a_slice_view, phase, slice_), label)
    rows, columns = np.nonzero(a_segmentation.labels[phase, slice_] == label)
    homogeneous = np.stack([columns, rows, np.full(len(rows), slice_), np.ones(len(rows))])
    places = (np.diag([-1, -1, 1, 1]) @ a_stack.affine @ homogeneous)[:3].T
    height = drawn.shape[0]
    seen = [drawn[height - 1 - round(y), round(x)] for x, y in (a_slice_view.ras_to_view(tuple(p)) for p in places)]
    assert np.mean(seen) > 0.9
    pixels_per_voxel = 400 / 228
    assert drawn.sum() == pytest.approx(len(rows) * pixels_per_voxel**2, rel=0.25)


def test_the_image_stays_readable_under_the_labels(a_study: Study, a_slice_view: SliceView) -> None:
    under_labels = show(a_study, a_slice_view, 0, 4)
    inside = colored_like(under_labels, Label.LV)
    a_study.segmentation_node.GetDisplayNode().SetVisibility(False)
    plain = a_slice_view.pixels()
    assert np.abs(under_labels[inside].mean() - plain[inside].mean()) < 0.3 * plain[inside].mean()


def test_the_view_follows_the_phase(a_study: Study, a_slice_view: SliceView) -> None:
    diastole = colored_like(show(a_study, a_slice_view, 0, 4), Label.LV).sum()
    systole = colored_like(show(a_study, a_slice_view, 2, 4), Label.LV).sum()
    assert systole < 0.8 * diastole


def test_contours_are_thin_lines_until_they_are_filled(a_study: Study, a_slice_view: SliceView) -> None:
    from CardiacSegmentationLib.scene.segmentation import toggle_contours, toggle_fill

    node = a_study.segmentation_node
    filled = colored_like(show(a_study, a_slice_view, 0, 4), Label.LV).sum()
    toggle_fill(node)
    line = colored_like(a_slice_view.pixels(), Label.LV).sum()
    assert 0 < line < 0.3 * filled
    toggle_contours(node)
    assert colored_like(a_slice_view.pixels(), Label.LV).sum() == 0
    toggle_contours(node)
    toggle_fill(node)
    assert colored_like(a_slice_view.pixels(), Label.LV).sum() == filled


def test_zoomed_to_the_heart_all_of_it_is_seen_large_and_in_the_middle(
    a_study: Study, phantom: tuple[CineStack, Segmentation], a_slice_view: SliceView
) -> None:
    from CardiacSegmentationLib.scene.views import HEART_MARGIN_MM, current_slice, zoom_to_labels

    show(a_study, a_slice_view, 0, 4)
    stack, segmentation = phantom
    zoom_to_labels(a_study, a_slice_view.node, segmentation.labels)
    assert current_slice(a_study, a_slice_view.node) == 4
    _, _, rows, columns = np.nonzero(segmentation.labels)
    corners = [(columns.min(), rows.min()), (columns.max(), rows.max())]
    places = [np.diag([-1, -1, 1, 1]) @ stack.affine @ [column, row, 4, 1] for column, row in corners]
    seen = np.array([a_slice_view.ras_to_view(tuple(place[:3])) for place in places])
    low, high = seen.min(axis=0), seen.max(axis=0)
    assert low + high == pytest.approx([400, 400], abs=3)
    margins = HEART_MARGIN_MM * 400 / a_slice_view.node.GetFieldOfView()[0]
    assert min(low) == pytest.approx(margins, abs=4)
    width = a_slice_view.node.GetFieldOfView()[0]
    zoom_to_labels(a_study, a_slice_view.node, np.zeros_like(segmentation.labels))
    assert a_slice_view.node.GetFieldOfView()[0] == width
