"""Losses know what labels do not say."""

from __future__ import annotations

import pytest
import torch
from cardiactrain.losses import LOSSES, make_loss
from cardiactrain.recipe import Component, load_recipe


def truth_and_logits(classes: int = 4, size: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.randint(0, classes, (3, size, size), generator=torch.Generator().manual_seed(1))
    target = torch.nn.functional.one_hot(labels, classes).movedim(-1, 1).float()
    return target, 30 * target


ALL = torch.ones(3, 4, dtype=torch.bool)


@pytest.mark.parametrize("kind", LOSSES)
def test_a_perfect_answer_costs_nothing_and_a_wrong_one_much(kind: str) -> None:
    target, logits = truth_and_logits()
    loss = make_loss(Component(kind))
    assert float(loss(logits, target, ALL)) < 0.01
    assert float(loss(logits.roll(1, 1), target, ALL)) > 0.5


@pytest.mark.parametrize("kind", LOSSES)
def test_an_unlabelled_structure_may_be_called_background_or_itself(kind: str) -> None:
    """MYO is unknown and lies inside the background of the labels: finding it must not cost, nor must missing it."""
    full, _ = truth_and_logits()
    hidden = full.clone()
    hidden[:, 0] += hidden[:, 2]
    hidden[:, 2] = 0
    known = ALL.clone()
    known[:, 2] = False
    loss = make_loss(Component(kind))
    assert float(loss(30 * full, hidden, known)) < 0.01
    assert float(loss(30 * hidden, hidden, known)) < 0.01
    assert float(loss(30 * full, hidden, ALL)) > 0.1, "were it taken for known, finding it would be punished"


@pytest.mark.parametrize("kind", LOSSES)
def test_no_gradient_asks_an_unknown_class_to_vanish(kind: str) -> None:
    target = torch.zeros(1, 4, 8, 8)
    target[:, 0] = 1
    known = torch.tensor([[True, True, False, True]])
    logits = torch.zeros(1, 4, 8, 8, requires_grad=True)
    make_loss(Component(kind))(logits, target, known).backward()
    assert logits.grad is not None
    assert float(logits.grad[:, 2].sum()) <= 1e-6, "MYO is as good as background here"
    assert float(logits.grad[:, 3].sum()) > 0 or kind in ("dice", "jaccard")


def test_class_weights_must_fit_the_classes() -> None:
    target, logits = truth_and_logits()
    with pytest.raises(ValueError, match="2 weights for 4 classes"):
        make_loss(Component("cross-entropy", {"weights": [1, 2]}))(logits, target, ALL)


def test_known_may_differ_from_slice_to_slice_in_3d() -> None:
    target = torch.zeros(1, 4, 3, 8, 8)
    target[:, 0] = 1
    known = torch.ones(1, 4, 3, dtype=torch.bool)
    known[:, 1, 2] = False
    logits = torch.zeros(1, 4, 3, 8, 8)
    logits[:, 0, :2] = 30
    logits[:, 1, 2] = 30
    assert float(make_loss(Component("dice-ce"))(logits, target, known)) < 0.01


def test_the_tutorial_drives_a_structure_out_of_the_background() -> None:
    """Once the RV leads there a little, Dice of the structures alone asks it to stay: the other two vanish for it."""
    target = torch.zeros(1, 4, 128, 128)
    target[:, 1, 60:80, 30:45] = target[:, 3, 60:80, 60:75] = 1
    target[:, 0] = 1 - target.sum(1)
    swollen = target.clone()
    swollen[:, :2] += torch.cat([-target[:, :1], target[:, :1]], 1)

    def pull(part: Component) -> float:
        """How strongly the RV is asked to leave the background."""
        logits = swollen.clone().requires_grad_()
        make_loss(part)(logits, target, ALL[:1]).backward()
        assert logits.grad is not None
        return float((logits.grad[:, 1] * target[:, 0]).sum())

    tutorial = load_recipe("ismrm-tutorial").loss
    assert pull(tutorial) > 0.02
    assert pull(Component(tutorial.kind, tutorial.options | {"background": False})) < 0
