"""Images become views and labels come back, without moving by half a pixel."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.network.preprocess import (
    Preprocessing,
    View,
    from_darkest,
    heart_view,
    normalise,
    put_back,
    take_view,
    to_input,
    whole_view,
    with_neighbours,
)
from overlap import dice


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    rows, columns = np.indices(shape)
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2


def as_shares(mask: np.ndarray) -> np.ndarray:
    return np.stack([~mask, mask], axis=-3).astype(np.float32)


def test_a_view_of_the_grid_itself_is_the_image() -> None:
    image = np.random.default_rng(1).random((3, 20, 30))
    view = View(centre=(9.5, 14.5), size=(20, 30), spacing_mm=1.4, native_spacing_mm=(1.4, 1.4))
    np.testing.assert_allclose(take_view(image, view), image, rtol=1e-6)


def test_a_ramp_keeps_its_place() -> None:
    """Linear interpolation gives a ramp back exactly, so any shift of the grid shows as a constant error."""
    rows, columns = np.indices((64, 80)).astype(float)
    view = View(centre=(30.25, 41.0), size=(32, 48), spacing_mm=1.0, native_spacing_mm=(1.3, 1.7))
    seen = take_view(np.stack([rows, columns]), view)
    np.testing.assert_allclose(seen[0, :, 0], 30.25 + (np.arange(32) - 15.5) / 1.3, atol=1e-4)
    np.testing.assert_allclose(seen[1, 0], 41.0 + (np.arange(48) - 23.5) / 1.7, atol=1e-4)


@pytest.mark.parametrize("native_mm", [0.7, 1.0, 1.4, 1.9, 2.8])
def test_a_label_map_comes_back_where_it_was(native_mm: float) -> None:
    size = round(300 / native_mm)
    mask = disc((size, size), (size * 0.45, size * 0.52), 28 / native_mm)
    view = heart_view(mask, (native_mm, native_mm), Preprocessing())
    seen = take_view(as_shares(mask), view)
    back = put_back(seen, view, (size, size))[1] > 0.5
    assert dice(back, mask) > (0.99 if native_mm >= 1.4 else 0.98)
    before, after = (np.argwhere(m).mean(axis=0) for m in (mask, back))
    np.testing.assert_allclose(before, after, atol=0.05)


def test_a_coarse_view_averages_instead_of_skipping() -> None:
    stripes = np.tile([0.0, 1.0], (64, 32))
    view = View(centre=(31.5, 31.5), size=(8, 8), spacing_mm=4.0, native_spacing_mm=(1.0, 1.0))
    assert np.ptp(take_view(stripes, view)) < 0.3


def test_outside_of_the_image_is_zero_and_comes_back_as_background() -> None:
    view = View(centre=(0, 0), size=(32, 32), spacing_mm=1.0, native_spacing_mm=(1.0, 1.0))
    seen = take_view(np.ones((40, 40)), view)
    assert seen[0, 0] == 0
    assert seen[-1, -1] == 1
    back = put_back(np.stack([np.zeros((32, 32)), np.ones((32, 32))]), view, (40, 40))
    assert back[:, -1, -1].tolist() == [1, 0]
    np.testing.assert_allclose(back.sum(axis=0), 1)


def test_the_whole_view_holds_the_whole_field_of_view() -> None:
    pre = Preprocessing()
    view = whole_view((512, 428), (0.7, 0.7), pre)
    assert all(n % pre.size_multiple == 0 for n in view.size)
    assert view.size[0] * view.spacing_mm >= 512 * 0.7


@pytest.mark.parametrize(("radius_mm", "pixels"), [(20.0, 96), (44.0, 96), (60.0, 128), (80.0, 160)])
def test_the_heart_decides_how_much_is_seen(radius_mm: float, pixels: int) -> None:
    mask = disc((300, 300), (140, 160), radius_mm)
    view = heart_view(mask, (1.0, 1.0), Preprocessing())
    assert view.size == (pixels, pixels)
    assert view.centre == (140, 160)


def test_there_is_no_view_around_nothing() -> None:
    with pytest.raises(ValueError, match="no heart"):
        heart_view(np.zeros((10, 10), bool), (1.0, 1.0), Preprocessing())


def test_neighbours_surround_their_slice_and_ends_repeat_themselves() -> None:
    slices = np.arange(4)[:, None, None] * np.ones((4, 2, 2))
    assert with_neighbours(slices, 1)[:, :, 0, 0].tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3]]
    assert with_neighbours(slices, 0).shape == (4, 1, 2, 2)
    assert with_neighbours(slices[:1], 2)[0, :, 0, 0].tolist() == [0] * 5


def test_normalised_views_do_not_depend_on_the_scanners_scale() -> None:
    views = np.random.default_rng(2).gamma(2.0, 100.0, (3, 3, 32, 32)).astype(np.float32)
    pre = Preprocessing()
    result = normalise(views, pre)
    np.testing.assert_allclose(result.mean(axis=(1, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(result.std(axis=(1, 2, 3)), 1, atol=1e-3)
    np.testing.assert_allclose(normalise(7 * views + 40, pre), result, atol=1e-3)


def test_an_empty_view_is_no_division_by_zero() -> None:
    assert not normalise(np.zeros((1, 3, 32, 32)), Preprocessing()).any()


@pytest.mark.parametrize("percentiles", [(99.0, 1.0), (-1.0, 99.0), (0.0, 101.0)])
def test_percentiles_out_of_order_are_refused(percentiles: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="percentiles"):
        Preprocessing(percentiles=percentiles)


def test_preprocessing_survives_json() -> None:
    import json
    from dataclasses import asdict

    pre = Preprocessing(spacing_mm=1.25)
    assert Preprocessing(**json.loads(json.dumps(asdict(pre)))) == pre


@pytest.mark.parametrize("offset", [-1000, 1000])
def test_an_offset_of_the_grey_values_changes_nothing(offset: int) -> None:
    """Outside of the image it is as dark as at its darkest place, whatever the scanner calls that."""
    slices = np.random.default_rng(1).integers(0, 900, (3, 40, 40)).astype(np.int16)
    view = View(centre=(5, 35), size=(32, 32), spacing_mm=1.4, native_spacing_mm=(1.0, 1.0))

    def seen(images: np.ndarray) -> np.ndarray:
        return to_input(take_view(from_darkest(images), view), Preprocessing())

    np.testing.assert_allclose(seen(slices + np.int16(offset)), seen(slices), atol=1e-5)
