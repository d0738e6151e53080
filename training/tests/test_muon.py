"""Muon steps along orthogonal matrices, and learns."""

from __future__ import annotations

import copy

import torch
from cardiactrain.muon import Muon, orthogonal
from torch import nn


def test_singular_values_come_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((32, 288), (288, 32), (64, 64)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert float(values.max()) < 1.3
        assert float((values > 0.5).float().mean()) > 0.95  # of a square matrix a few are too small to be reached


def test_a_convolution_is_learned() -> None:
    torch.manual_seed(0)
    wanted, network = nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3)
    optimiser = Muon(network.parameters(), lr=0.02, weight_decay=0.0)
    losses = []
    for n in range(300):
        optimiser.param_groups[0]["lr"] = 0.02 * (1 - n / 300)
        x = torch.randn(4, 8, 12, 12)
        loss = (network(x) - wanted(x).detach()).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.02 * losses[0]


def test_its_state_is_kept() -> None:
    """A step after reloading is the step that would have come."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8))
    optimiser = Muon(network.parameters())
    x = torch.randn(2, 8, 9, 9)

    def step(model: nn.Module, by: Muon) -> torch.Tensor:
        by.zero_grad()
        model(x).square().sum().backward()
        by.step()
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    step(network, optimiser)
    twin = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8))
    twin.load_state_dict(network.state_dict())
    again = Muon(twin.parameters())
    again.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    assert torch.equal(step(network, optimiser), step(twin, again))


def test_only_matrices_decay() -> None:
    """Norms and biases stay where they are when nothing moves them."""
    network = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8))
    before = copy.deepcopy(network)
    optimiser = Muon(network.parameters(), lr=0.1, weight_decay=0.5)
    for p in network.parameters():
        p.grad = torch.zeros_like(p)
    optimiser.step()
    torch.testing.assert_close(network[0].weight, 0.95 * before[0].weight)
    assert torch.equal(network[0].bias, before[0].bias)
    assert torch.equal(network[1].weight, before[1].weight)
