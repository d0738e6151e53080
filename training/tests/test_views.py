"""Training sees what inference sees, and augmentation moves images and labels together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from CardiacSegmentationLib.network.preprocess import Preprocessing, View, normalise, take_view, with_neighbours
from CardiacSegmentationLib.segmentation import Label
from cardiactrain.augment import GROUPS, make_augmentation
from cardiactrain.augment.geometry import GEOMETRY, contract
from cardiactrain.augment.intensity import INTENSITY
from cardiactrain.augment.warp import Placement, Warp
from cardiactrain.data.views import Views, first_together
from cardiactrain.normalise import make_normaliser
from cardiactrain.recipe import Component, EarlyView, Recipe, ViewPart, load_recipe

if TYPE_CHECKING:
    from cardiactrain.data.subject import Subject


STACKS = {"view.slices_together": 3, "network.across": 2, "train.batch": 6}


def recipe_with(view: ViewPart) -> Recipe:
    return replace(load_recipe("ours"), view=view, augment=())


def seeded(n: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(n)


def test_an_upright_example_is_the_view_that_inference_takes(subjects: list[Subject]) -> None:
    """Training samples with torch, inference with the Lib: the same pixels must come out."""
    views = Views(subjects[:1], recipe_with(ViewPart(size=32, spacing_mm=1.6, slices=3, centre="image")))
    batch = views.draw([2], None, seeded())
    image = subjects[0].stacks[0].image
    view = View(((64 - 1) / 2, (64 - 1) / 2), (32, 32), 1.6, (2.0, 2.0))
    expected = normalise(with_neighbours(take_view(image, view), 1)[2:3], Preprocessing())
    found = make_normaliser(Component("percentile-zscore"))(batch.image).numpy()
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_the_normaliser_is_that_of_the_lib() -> None:
    """Bright pixels beyond the percentile, an image of one grey, a volume: training sees what the product sees."""
    images = torch.rand(4, 3, 31, 40, generator=seeded()) ** 4 * 900
    images[1] = 7.0
    found = make_normaliser(Component("percentile-zscore", {"low": 2, "high": 97}))(images)
    expected = normalise(images.numpy(), Preprocessing(percentiles=(2, 97)))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-4)
    volume = make_normaliser(Component("percentile-zscore", {"low": 2, "high": 97}))(images[:, None])
    torch.testing.assert_close(volume[:, 0], found)


def test_one_placement_is_all_warps_one_after_another() -> None:
    """A turn after a bend turns the bend, too; a stretch after a shift stretches the shift."""
    line = torch.arange(-8.0, 9.0)
    offsets = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1)
    knots = torch.rand(1, 2, 4, 4, generator=seeded()) * 6 - 3
    turn, wider = torch.tensor([[0.0, -1.0], [1.0, 0.0]]), torch.diag(torch.tensor([2.0, 0.5]))
    placement = Placement.upright(2)
    placement.follow(turn.repeat(2, 1, 1), torch.tensor([[3.0, -1.0], [0.0, 0.0]]))
    placement.bends.append((torch.tensor([1]), knots))
    placement.follow(wider.repeat(2, 1, 1))
    places = placement.places(offsets)
    bend = torch.nn.functional.interpolate(knots, size=(17, 17), mode="bicubic", align_corners=True)
    bend = bend[0].permute(1, 2, 0)
    turned = torch.stack([-offsets[..., 1], offsets[..., 0]], -1)
    expected = [(turned + torch.tensor([3.0, -1.0])) @ wider, (turned + bend) @ wider]
    torch.testing.assert_close(places, torch.stack(expected), atol=1e-4, rtol=1e-4)


def test_an_early_view_is_every_second_pixel(subjects: list[Subject]) -> None:
    """Fewer, larger pixels show the same millimetres, warped or not."""
    early = (EarlyView(until=0.5, size=16, step=2.0),)
    views = Views(subjects[:1], recipe_with(ViewPart(size=32, spacing_mm=2.0, slices=3, centre="image", early=early)))
    whole, coarse = views.draw([2], None, seeded()).image, views.draw([2], None, seeded(), passed=0.49).image
    means = torch.nn.functional.avg_pool2d(whole, 2)
    assert coarse.shape == (1, 3, 16, 16)
    assert float((coarse - means).abs().mean()) < 0.1 * float(means.std())
    assert views.draw([2], None, seeded(), passed=0.5).image.shape[-1] == 32


@pytest.mark.parametrize("is_reversed", [False, True])
def test_slices_that_belong_together_come_in_their_order(is_reversed: bool, subjects: list[Subject]) -> None:
    """Each with its own labels and neighbours; at the ends of the stack a slice stands in for the missing one."""
    subject = subjects[0]
    stack = subject.stacks[0]
    marks = np.broadcast_to(np.arange(1, len(stack.image) + 1)[:, None, None], stack.image.shape)
    labels = (marks % 3).astype(np.uint8)
    marked = replace(subject, stacks=(replace(stack, image=marks.astype(np.int16), labels=labels),))
    together = len(stack.image)
    views = Views(
        [marked], replace(recipe_with(ViewPart(size=8, spacing_mm=2.0, slices_together=together, centre="image")))
    )
    batch = views.draw([0] * together, Warp((), reversed_often=float(is_reversed)), seeded()).split_slices()
    grey = batch.image[:, :, 4, 4] * (together - 1) / 1000 + 1  # as numbers of slices
    order = np.arange(1, together + 1)[:: -1 if is_reversed else 1]
    around = np.concatenate([order[:1], order, order[-1:]])
    expected = np.stack([around[:-2], order, around[2:]], 1)
    np.testing.assert_allclose(grey.numpy(), expected, atol=0.01)
    assert batch.target[:, :, 4, 4].argmax(1).tolist() == (order % 3).tolist()
    assert batch.follows.tolist() == [False] + [True] * (together - 1)


def test_where_a_stack_is_too_short_nothing_is_known(subjects: list[Subject]) -> None:
    slices = len(subjects[0].stacks[0].image)
    views = Views(subjects[:1], recipe_with(ViewPart(size=8, spacing_mm=2.0, slices_together=slices + 2)))
    batch = views.draw([0] * (slices + 2), None, seeded()).split_slices()
    assert batch.known[:, 1:].all(1).tolist() == [True] * slices + [False] * 2
    assert batch.follows.tolist() == [False] + [True] * (slices - 1) + [False] * 2


def test_the_ends_are_drawn_as_often_as_the_middle() -> None:
    together, along = 4, torch.linspace(0, 1, 501)
    lowest, highest = torch.zeros(501, dtype=torch.long), torch.full((501,), 11)
    slices = first_together(lowest, highest, together, along)[:, None] + torch.arange(together)
    drawn = torch.bincount(slices.flatten(), minlength=12).numpy()
    assert drawn.min() > 0
    assert drawn[[0, -1]].min() >= 0.8 * drawn.mean()


def test_class_shares_add_up_to_one(subjects: list[Subject]) -> None:
    views = Views(subjects, load_recipe("ours", {"data.phantoms": 0, "view.size": 48} | STACKS))
    augmentation = make_augmentation(load_recipe("ours").augment)
    batch = augmentation.apply(views.draw(range(12), augmentation.warp, seeded()), seeded()).split_slices()
    assert batch.image.shape == (12, 3, 48, 48)
    assert batch.target.shape == (12, 4, 48, 48)
    torch.testing.assert_close(batch.target.sum(1), torch.ones(12, 48, 48))
    assert bool(batch.image.isfinite().all())


def test_labels_of_the_lv_alone_are_known_to_be_so(subjects: list[Subject]) -> None:
    views = Views(subjects[-1:], load_recipe("ours", {"view.size": 32}))
    batch = views.draw([0], None, seeded())
    assert batch.known[0].tolist() == [True, False, False, True]
    assert batch.presence_known[0].tolist() == [True, False]
    assert batch.presence[0, 0] == 1


def test_groups_of_augmentations_are_left_out() -> None:
    parts = load_recipe("ours").augment
    without = make_augmentation(parts, ("geometry", "artefacts"))
    assert not without.warp.parts
    assert without.warp.contraction is None
    assert [part.kind for part in without.intensity] == ["bias-field", "gamma", "inverse-gamma", "histogram"]
    nothing = make_augmentation(parts, tuple(GROUPS))
    assert not nothing.warp.parts
    assert not nothing.intensity


def test_the_same_seed_draws_the_same_batch(subjects: list[Subject]) -> None:
    recipe = load_recipe("ours", {"view.size": 32})
    views, augmentation = Views(subjects[:3], recipe), make_augmentation(recipe.augment)
    first, second = (
        augmentation.apply(views.draw(range(6), augmentation.warp, seeded(3)), seeded(4)).image for _ in range(2)
    )
    assert torch.equal(first, second)


@pytest.mark.parametrize("factor", [0.5, 1.3])
def test_contraction_changes_the_cavity_and_keeps_the_wall(factor: float) -> None:
    """A round cavity's radius changes by the factor, its wall's area hardly, and nothing far away moves."""
    line = torch.arange(-64.0, 64.0) + 0.5
    places = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1)
    centre, radius = torch.tensor([5.0, -8.0]), 12.0
    contracted = contract(places[None], centre[None], torch.tensor([radius]), torch.tensor([factor]))[0]
    away = (contracted - centre).norm(dim=-1)
    cavity, heart = (float((away < edge).sum()) for edge in (radius, 18.0))
    assert cavity == pytest.approx(np.pi * (factor * radius) ** 2, rel=0.03)
    assert heart - cavity == pytest.approx(np.pi * (18.0**2 - radius**2), rel=0.3)
    far = (places - centre).norm(dim=-1) > 40
    torch.testing.assert_close(away[far], (places - centre).norm(dim=-1)[far], atol=0.1, rtol=0)


@pytest.mark.parametrize("place", [0, 2])
def test_contraction_finds_the_lv_of_each_slice(place: int, subjects: list[Subject]) -> None:
    """In oblong pixels, too, and moves labels and image alike; a slice without an LV stays as it is."""
    subject = subjects[0]
    stack = subject.stacks[0]
    labels = stack.labels.copy()
    labels[0][labels[0] == int(Label.LV)] = 0
    image = (labels == int(Label.LV)).astype(np.int16) * 100
    oblong = replace(subject, stacks=(replace(stack, image=image, labels=labels),), spacing_mm=(8.0, 2.0, 1.5))
    views = Views([oblong], recipe_with(ViewPart(size=96, spacing_mm=1.0, slices=1, coarse_share=0.0, jitter_mm=0.0)))
    warp = make_augmentation((Component("contract", {"smallest": 0.6, "largest": 0.6}),)).warp
    before, after = views.draw([place], None, seeded()), views.draw([place], warp, seeded())
    if place == 0:
        assert torch.equal(before.image, after.image)
        return
    areas = [float(batch.target[0, 3].sum()) for batch in (before, after)]
    assert areas[1] == pytest.approx(0.36 * areas[0], rel=0.15)  # not round in these pixels
    torch.testing.assert_close(after.image[0, 0] / after.image.max(), after.target[0, 3], atol=0.01, rtol=0)


@pytest.mark.parametrize("kind", GEOMETRY)
def test_geometry_moves_labels_with_the_image(kind: str, subjects: list[Subject]) -> None:
    """The image is made of the labels, so wherever the LV goes its grey value must go, too."""
    subject = subjects[0]
    stacks = tuple(replace(s, image=(s.labels == 3).astype(np.int16) * 100) for s in subject.stacks)
    views = Views([replace(subject, stacks=stacks)], recipe_with(ViewPart(size=64, spacing_mm=2.0, slices=1)))
    augmentation = make_augmentation((Component(kind),))
    batch = views.draw(range(5), augmentation.warp, seeded())
    image, target = batch.image[:, 0] / batch.image.max(), batch.target[:, 3]
    torch.testing.assert_close(image, target, atol=0.01, rtol=0)
    assert float(target.sum()) > 50


@pytest.mark.parametrize("kind", INTENSITY)
def test_intensity_changes_values_and_nothing_else(kind: str, subjects: list[Subject]) -> None:
    views = Views(subjects[:2], load_recipe("ours", {"view.size": 32, "view.coarse_share": 0.0}))
    before = views.draw(range(4), None, seeded())
    after = make_augmentation((Component(kind),)).apply(replace(before, image=before.image.clone()), seeded())
    assert after.image.shape == before.image.shape
    assert bool(after.image.isfinite().all())
    assert not torch.allclose(after.image, before.image)
    assert torch.equal(after.target, before.target)


@pytest.mark.parametrize(
    "options",
    [
        {"transform": "RandRotate", "both": True, "range_x": 3.0, "prob": 1.0},
        {"transform": "Rand2DElastic", "both": True, "spacing": [8, 8], "magnitude_range": [1, 2], "prob": 1.0},
        {"transform": "RandGaussianNoise", "prob": 1.0},
    ],
)
def test_monai_transforms_take_part(options: dict[str, object], subjects: list[Subject]) -> None:
    views = Views(subjects[:2], load_recipe("ours", {"view.size": 32, "view.coarse_share": 0.0}))
    before = views.draw(range(3), None, seeded())
    augmentation = make_augmentation((Component("monai", dict(options)),))
    after = augmentation.apply(replace(before, image=before.image.clone()), seeded())
    again = augmentation.apply(replace(before, image=before.image.clone()), seeded())
    assert torch.equal(after.image, again.image)
    torch.testing.assert_close(after.target.sum(1), torch.ones(3, 32, 32), atol=1e-4, rtol=0)
    assert torch.equal(after.target, before.target) is not bool(options.get("both"))


def test_a_whole_field_of_view_example_shows_more(subjects: list[Subject]) -> None:
    fine = Views(subjects[:1], load_recipe("ours", {"view.size": 32, "view.coarse_share": 0.0}))
    coarse = Views(subjects[:1], load_recipe("ours", {"view.size": 32, "view.coarse_share": 1.0}))
    areas = [float(v.draw([0], None, seeded()).target[:, 3].sum()) for v in (fine, coarse)]
    assert areas[1] == pytest.approx(areas[0] / 4, rel=0.1)


def test_whitening_makes_pixels_independent(subjects: list[Subject]) -> None:
    views = Views(subjects[:8], load_recipe("scmr-workshop", {"view.size": 16}))
    images = views.draw(range(len(views)), None, seeded()).image
    plain, white = (make_normaliser(Component("featurewise", {"zca": zca, "components": 20})) for zca in (False, True))
    for normaliser in (plain, white):
        normaliser.fit(images)
    spread = [torch.linalg.svdvals(n(images).flatten(1) / len(images) ** 0.5)[:15] for n in (plain, white)]
    assert float(spread[0].max() / spread[0].min()) > 2 * float(spread[1].max() / spread[1].min())
    again = make_normaliser(Component("featurewise", {"zca": True}))
    again.load(white.state())
    assert torch.equal(again(images), white(images))
    others = torch.rand(40, *images.shape[1:], generator=seeded())
    assert int(torch.linalg.matrix_rank(white(others).flatten(1))) == len(others), "details beside the components stay"
    old = {name: value for name, value in white.state().items() if name != "rest"}
    again.load(old)
    assert float(again(images).norm()) < float(white(images).norm())
