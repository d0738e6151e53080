"""A whole stack through the real runtime: found anywhere, in any orientation, labelled in place."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.errors import Cancelled
from CardiacSegmentationLib.network.loaded import LoadedNetwork, load_network
from CardiacSegmentationLib.network.locate import locate_heart
from CardiacSegmentationLib.network.segment import NetworkOptions, segment_stack
from CardiacSegmentationLib.phantom import PhantomSpec
from CardiacSegmentationLib.segmentation import STRUCTURES, VENTRICLES, Label, Origin, Segmentation
from CardiacSegmentationLib.stack import CineStack
from overlap import dice
from painted_network import paint, paint_stack, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

Painted = tuple[CineStack, Segmentation]


@pytest.fixture(scope="module")
def network(painted_bundle: Path) -> LoadedNetwork:
    return load_network(painted_bundle, "onnx")


def pad(painted: Painted, before: tuple[int, int], after: tuple[int, int]) -> Painted:
    """The same heart elsewhere in a larger field of view."""
    stack, truth = painted
    widths = ((0, 0), (0, 0), (before[0], after[0]), (before[1], after[1]))
    voxels = np.pad(stack.voxels, widths, mode="edge")
    affine = stack.affine.copy()
    affine[:3, 3] -= affine[:3, :2] @ np.array([before[1], before[0]])
    return replace(stack, voxels=voxels, affine=affine), Segmentation.of(np.pad(truth.labels, widths))


def assert_found(network: LoadedNetwork, painted: Painted, least: float = 0.97) -> None:
    stack, truth = painted
    found = segment_stack(stack, network).segmentation
    for label in STRUCTURES:
        assert dice(found.labels == label, truth.labels == label) > least, label


def remarks_of(segmentation: Segmentation) -> set[str]:
    assert segmentation.evidence is not None
    return {remark.code for remark in segmentation.evidence.remarks}


def test_a_heart_is_labelled_in_every_phase_and_slice(network: LoadedNetwork, painted: Painted) -> None:
    assert_found(network, painted)


def test_the_network_is_given_whole_stacks(network: LoadedNetwork, painted: Painted) -> None:
    """It may look across slices, so a phase is never cut into batches."""
    sizes: list[int] = []

    class Recorder:
        name, workers, faster = network.backend.name, 1, None

        def run(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            sizes.append(len(images))
            return network.backend.run(images)

    stack, _ = painted
    segment_stack(stack, replace(network, backend=Recorder()))
    assert len(sizes) >= stack.phases
    assert set(sizes) == {stack.slices}


def test_the_heart_is_found_in_a_corner_of_a_large_field_of_view(network: LoadedNetwork, painted: Painted) -> None:
    assert_found(network, pad(painted, (70, 0), (0, 90)))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_the_heart_is_found_in_any_orientation(network: LoadedNetwork, painted: Painted, turns: int) -> None:
    stack, truth = painted
    voxels = np.rot90(stack.voxels, turns, axes=(2, 3))
    labels = np.rot90(truth.labels, turns, axes=(2, 3))
    assert_found(network, (replace(stack, voxels=voxels), Segmentation.of(np.ascontiguousarray(labels))))


def test_empty_slices_at_both_ends_stay_empty(network: LoadedNetwork, painted: Painted) -> None:
    stack, truth = painted
    voxels, labels = stack.voxels.copy(), truth.labels.copy()
    voxels[:, [0, -1]] = voxels[0, 0, 0, 0]
    labels[:, [0, -1]] = 0
    found = segment_stack(replace(stack, voxels=voxels), network).segmentation
    assert not found.labels[:, [0, -1]].any()
    assert dice(found.labels == Label.LV, labels == Label.LV) > 0.97


def test_a_single_phase_is_labelled(network: LoadedNetwork, painted: Painted) -> None:
    stack, truth = painted
    one = replace(stack, voxels=stack.voxels[:1], times_ms=stack.times_ms[:1])
    found = segment_stack(one, network).segmentation
    assert dice(found.labels == Label.LV, truth.labels[:1] == Label.LV) > 0.97


def test_only_what_lies_about_ed_and_es_is_labelled_where_only_they_are_wanted(network: LoadedNetwork) -> None:
    """The RV's systole is another phase than the LV's: both are looked at."""
    stack, truth = paint_stack(PhantomSpec(phases=20, slices=8, pixel_mm=2.0))
    labels = truth.labels.copy()
    late = np.roll(labels == Label.RV, 5, axis=0)
    labels[labels == Label.RV] = Label.BACKGROUND
    labels[late & (labels == Label.BACKGROUND)] = Label.RV
    stack = replace(stack, voxels=paint(labels, stack.spacing_mm[1]))
    whole = segment_stack(stack, network).segmentation
    found = segment_stack(stack, network, NetworkOptions(only_ed_es=True)).segmentation
    assert found.labelled.sum() <= 15
    assert not found.labels[~found.labelled].any()
    for ventricle in VENTRICLES:
        volumes = np.count_nonzero(whole.labels == ventricle, axis=(1, 2, 3))
        ours = np.count_nonzero(found.labels == ventricle, axis=(1, 2, 3))[found.labelled]
        assert (ours.max(), ours.min()) == (volumes.max(), volumes.min()), ventricle
    assert "only-key-phases" in remarks_of(found)
    assert "only-key-phases" not in remarks_of(whole)


def test_the_network_gives_evidence_for_what_it_looked_at(network: LoadedNetwork, painted: Painted) -> None:
    stack, truth = painted
    found = segment_stack(stack, network, NetworkOptions(only_ed_es=True)).segmentation
    assert found.evidence is not None
    assert found.evidence.presence.shape == (2, stack.phases, stack.slices)
    assert found.evidence.confidence.shape == (3, stack.phases, stack.slices)
    for values in (found.evidence.presence, found.evidence.confidence):
        assert values.dtype == np.float32
        assert np.isfinite(values[:, found.labelled]).all()
        assert np.isnan(values[:, ~found.labelled]).all()
    shown = (truth.labels == Label.LV).any(axis=(2, 3))[found.labelled]
    assert np.array_equal(found.evidence.presence[0, found.labelled] > 0.5, shown)
    assert (found.origin[found.labelled] == Origin.NETWORK).all()
    assert found.corrected_images == ()


def test_uncertainty_lies_on_the_borders(network: LoadedNetwork, painted: Painted) -> None:
    stack, truth = painted
    two = replace(stack, voxels=stack.voxels[:2], times_ms=stack.times_ms[:2])
    result = segment_stack(two, network, NetworkOptions(uncertainty=True))
    assert result.uncertainty is not None
    from scipy import ndimage

    deep = ndimage.binary_erosion(truth.labels[:2] == Label.LV, np.ones((1, 1, 9, 9)))
    assert deep.any()
    assert result.uncertainty[deep].max() < 5
    assert result.uncertainty.max() > 20
    assert segment_stack(two, network).uncertainty is None


def test_the_same_stack_gives_the_same_labels(network: LoadedNetwork, painted: Painted) -> None:
    first, second = (segment_stack(painted[0], network).segmentation for _ in range(2))
    assert np.array_equal(first.labels, second.labels)
    assert first.model == second.model
    assert first.model is not None
    assert "painted 1.0" in first.model


def test_an_image_without_a_heart_gives_no_labels_and_a_warning(network: LoadedNetwork, painted: Painted) -> None:
    stack, _ = painted
    noise = np.random.default_rng(0).integers(0, 50, (3, 6, 160, 160)).astype(np.int16)
    empty = replace(stack, voxels=noise * 0, times_ms=(0.0, 40.0, 80.0), rr_ms=None)
    result = segment_stack(empty, network).segmentation
    assert not result.labels.any()
    assert "heart-not-found" in remarks_of(result)


def test_motion_leads_the_way_where_the_network_sees_no_heart(network: LoadedNetwork, painted: Painted) -> None:
    stack, _ = painted
    rows, columns = np.indices((200, 200))
    beating = np.stack([200 * (np.hypot(rows - 60, columns - 140) < radius) for radius in (8, 14, 20, 14)])
    moving = replace(stack, voxels=np.repeat(beating[:, None], 5, axis=1).astype(np.int16), times_ms=(0, 1, 2, 3))
    blind = SimpleNamespace(faster=None, workers=1, name="blind", run=_see_nothing)
    location = locate_heart(moving, replace(network, backend=blind))
    assert location.view.centre == pytest.approx((60, 140), abs=8)
    assert [finding.code for finding in location.findings] == ["heart-not-found"]


class Twin:
    """The network again, its logits moved a little, as a lower precision would."""

    faster = None
    workers = 2
    name = "twin"

    def __init__(self, network: LoadedNetwork, shift: float) -> None:
        self._network, self._shift = network, shift
        self.calls = 0

    def run(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.calls += 1
        logits, presence = self._network.backend.run(images)
        logits[:, Label.LV] += self._shift
        return logits, presence


@pytest.mark.parametrize(("shift", "is_used"), [(1e-4, True), (12.0, False), (np.nan, False)])
def test_a_faster_engine_is_used_only_where_it_gives_the_same_labels(
    painted_bundle: Path, painted: Painted, shift: float, is_used: bool
) -> None:
    network = load_network(painted_bundle, "onnx")
    exact = segment_stack(painted[0], network).segmentation
    twin = Twin(network, shift)
    faster = network.faster = replace(network, backend=twin)
    found = segment_stack(painted[0], network).segmentation
    assert (twin.calls > painted[0].phases) is is_used, "a twin that differs in one phase is not asked for the others"
    assert found.model is not None
    assert found.model.endswith("twin") is is_used
    if is_used:
        assert network.faster is faster
    else:
        assert np.array_equal(found.labels, exact.labels)
        assert network.faster is None, "it is not tried again on the next study"
        assert "precision-raised" in remarks_of(found)


def test_progress_rises_to_one_and_cancels_by_raising(network: LoadedNetwork, painted: Painted) -> None:
    heard: list[float] = []
    segment_stack(painted[0], network, report=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 1

    def stop(fraction: float) -> None:
        if fraction > 0.3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        segment_stack(painted[0], network, report=stop)


def test_unusual_spacing_is_told(tmp_path: Path, painted: Painted) -> None:
    seen = {"pixel_mm": [0.7, 1.3], "fov_mm": [200, 450], "slice_mm": [5, 8]}
    network = load_network(write_bundle(tmp_path / "bundle", training_range=seen), "onnx")
    found = segment_stack(painted[0], network).segmentation
    assert found.evidence is not None
    messages = [remark.message for remark in found.evidence.remarks if remark.code == "outside-training-range"]
    assert len(messages) == 2
    assert "pixel size of 2 mm" in messages[0]
    assert "slice distance of 13 mm" in messages[1]


def _see_nothing(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    logits = np.zeros((len(images), 4, *images.shape[2:]), np.float32)
    logits[:, 0] = 10
    return logits, np.full((len(images), 2), -10, np.float32)
