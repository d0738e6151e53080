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
            parameters = [p for p in group["params"] if p.grad is not None]
            if group["is_muon"]:
                for alike in _of_one_shape(parameters):
                    self._step_along_orthogonal(alike, group)
            elif parameters:
                self._step_adam(parameters, group)

    def _step_along_orthogonal(self, parameters: list[torch.Tensor], group: dict[str, Any]) -> None:
        """Matrices of one shape, all at a time."""
        for p in parameters:
            if not self.state[p]:
                self.state[p]["momentum"] = torch.zeros_like(p)
        momenta = [self.state[p]["momentum"] for p in parameters]
        gradients = _gradients(parameters)
        torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
        wanted = torch._foreach_lerp(gradients, momenta, group["momentum"])  # Nesterov's look ahead
        turned = orthogonal(torch.stack([w.flatten(1) for w in wanted]))
        rows, columns = turned.shape[1:]
        torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        steps = [matrix.view(p.shape) for matrix, p in zip(turned, parameters, strict=True)]
        torch._foreach_add_(parameters, steps, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)

    def _step_adam(self, parameters: list[torch.Tensor], group: dict[str, Any]) -> None:
        for p in parameters:
            if not self.state[p]:
                self.state[p].update(count=torch.zeros(()), first=torch.zeros_like(p), second=torch.zeros_like(p))
        states, gradients = [self.state[p] for p in parameters], _gradients(parameters)
        first, second = [s["first"] for s in states], [s["second"] for s in states]
        for state in states:
            state["count"] += 1
        n = float(states[0]["count"])
        torch._foreach_lerp_(first, gradients, 0.1)
        torch._foreach_lerp_(second, torch._foreach_mul(gradients, gradients), 0.001)
        spread = torch._foreach_sqrt(torch._foreach_div(second, 1 - 0.999**n))
        torch._foreach_add_(spread, 1e-8)
        torch._foreach_addcdiv_(parameters, torch._foreach_div(first, 1 - 0.9**n), spread, value=-group["lr"])


def _gradients(parameters: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    return [p.grad for p in parameters if p.grad is not None]


def _of_one_shape(parameters: Iterable[torch.Tensor]) -> list[list[torch.Tensor]]:
    """Parameters whose matrices have as many rows and columns, together."""
    shapes: dict[tuple[int, int], list[torch.Tensor]] = {}
    for p in parameters:
        shapes.setdefault((p.shape[0], p[0].numel()), []).append(p)
    return list(shapes.values())


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Roughly U Vᵀ of matrices U S Vᵀ, [..., row, column], by Newton–Schulz iterations.

    The polynomials are taken of the small Gram matrix, and multiply the large one once: for a convolution's nine
    columns a row that is under half of the work.
    """
    if matrices.shape[-2] > matrices.shape[-1]:
        return orthogonal(matrices.mT).mT
    x = matrices.float()
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    gram = x @ x.mT
    a, b, c = COEFFICIENTS
    same = torch.eye(gram.shape[-1], device=x.device)
    product: torch.Tensor | None = None
    for n in range(ITERATIONS):
        step = a * same + b * gram + c * gram @ gram
        product = step if product is None else step @ product
        if n < ITERATIONS - 1:
            gram = step @ gram @ step
    assert product is not None
    turned: torch.Tensor = (product @ x).to(matrices.dtype)
    return turned
