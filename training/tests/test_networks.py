"""What networks are made of."""

from __future__ import annotations

import pytest
import torch
from cardiactrain.networks.classic import ClassicUNet, Dropout


@pytest.mark.parametrize("p", [0.25, 0.5])
def test_dropout_keeps_the_mean_and_stops_with_training(p: float) -> None:
    dropout, x = Dropout(p), torch.full((4, 2, 100, 100), 3.0)
    torch.manual_seed(1)
    y = dropout(x)
    assert float((y == 0).float().mean()) == pytest.approx(p, abs=0.01)
    torch.testing.assert_close(y[y != 0], x[y != 0] / (1 - p))
    assert dropout.eval()(x) is x


def test_dropout_may_begin_further_down() -> None:
    network = ClassicUNet(1, 2, widths=(4, 8, 16), dropout=0.5, dropout_from=1)
    assert [[m.p for m in level if isinstance(m, Dropout)] for level in network.down] == [[], [0.5], [0.5]]
    assert [[m.p for m in level if isinstance(m, Dropout)] for level in network.up] == [[0.5], []]
