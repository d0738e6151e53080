"""A network that looks across slices: what belongs together is seen together, and nothing else."""

from __future__ import annotations

import pytest
import torch
from cardiactrain.networks.compact import CompactUNet


@pytest.fixture(scope="module")
def network() -> CompactUNet:
    torch.manual_seed(1)
    return CompactUNet(3, 4, widths=(8, 8, 8), across=2).eval()


@torch.inference_mode()
def test_a_slice_is_seen_by_its_neighbours(network: CompactUNet) -> None:
    images = torch.randn(5, 3, 32, 32)
    changed = images.clone()
    changed[0] += 1
    difference = (network(changed).logits - network(images).logits).abs().amax((1, 2, 3))
    assert bool((difference[:3] > 0).all())


@torch.inference_mode()
def test_what_does_not_belong_together_is_not_mixed(network: CompactUNet) -> None:
    """Two stacks in one batch give what each gives alone."""
    images = torch.randn(7, 3, 32, 32)
    follows = torch.tensor([False, True, True, False, True, True, True])
    both = network(images, follows)
    alone = [network(part) for part in (images[:3], images[3:])]
    torch.testing.assert_close(both.logits, torch.cat([output.logits for output in alone]))
    torch.testing.assert_close(both.presence, torch.cat([output.presence for output in alone]))


@torch.inference_mode()
def test_the_order_of_a_single_slice_does_not_matter(network: CompactUNet) -> None:
    image = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(network(image).logits, network(image, torch.tensor([True])).logits)
