"""Muon (Jordan et al. 2024): every weight matrix steps along the nearest orthogonal matrix to its momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic that drives singular values towards 1
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Muon with weight decay for convolutions and matrices; Adam (rate ``adam_lr``) without it for all else.

    That is norms and biases, which decay would pull from where they belong, and outputs of four numbers or fewer.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        *,
        lr: float = 0.01,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
        adam_lr: float = 0.002,
    ) -> None:
        if min(lr, adam_lr, weight_decay) < 0 or not 0 <= momentum < 1:
            msg = "rates and decay are at least 0, momentum from 0 to below 1"
            raise ValueError(msg)
        known = list(parameters)
        options = {"momentum": momentum, "weight_decay": weight_decay}
        matrices = [p for p in known if p.dim() > 1 and min(p.shape[0], p[0].numel()) > 4]
        chosen = {id(p) for p in matrices}
        others = [p for p in known if id(p) not in chosen]
        groups = [
            {"params": matrices, "lr": lr, "is_muon": True, **options},
            {"params": others, "lr": adam_lr, "is_muon": False, **options},
        ]
        super().__init__([g for g in groups if g["params"]], {})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step."""
        del closure
        for group in self.param_groups:
            move = self._muon if group["is_muon"] else self._adam
            for p in group["params"]:
                if p.grad is not None:
                    move(p, group, self.state[p])

    @staticmethod
    def _muon(p: torch.Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        if not state:
            state["momentum"] = torch.zeros_like(p)
        momentum = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
        wanted = p.grad.lerp(momentum, group["momentum"])  # Nesterov's look ahead
        turned = orthogonal(wanted.flatten(1)).view(p.shape)
        rows, columns = p.shape[0], p[0].numel()
        p.mul_(1 - group["lr"] * group["weight_decay"])
        p.add_(turned, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)

    @staticmethod
    def _adam(p: torch.Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        if not state:
            state.update(count=torch.zeros(()), first=torch.zeros_like(p), second=torch.zeros_like(p))
        state["count"] += 1
        n = float(state["count"])
        first = state["first"].lerp_(p.grad, 0.1)
        second = state["second"].lerp_(p.grad.square(), 0.001)
        p.addcdiv_(first / (1 - 0.9**n), (second / (1 - 0.999**n)).sqrt() + 1e-8, value=-group["lr"])


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """Roughly U Vᵀ of a matrix U S Vᵀ, by Newton–Schulz iterations in bfloat16."""
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if is_tall else matrix).bfloat16()
    x = x / (x.norm() + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if is_tall else x).to(matrix.dtype)
