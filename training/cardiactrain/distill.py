"""Trained networks as teachers: they see the very views of the student, which learns from labels and from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from cardiactrain.errors import RecipeError
from cardiactrain.networks import as_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.data.batch import Batch
    from cardiactrain.predict import Predictor
    from cardiactrain.recipe import Recipe


def check_teachers(teachers: Sequence[Predictor], student: Recipe) -> None:
    """Refuse teachers that cannot read the student's views, or have other classes."""
    view = student.view
    for teacher in teachers:
        other = teacher.recipe.view
        if teacher.recipe.classes != student.classes or (other.dims, other.slices) != (view.dims, view.slices):
            msg = (
                f"A network of {teacher.recipe.name!r} ({other.slices} slices, {other.dims}D, "
                f"{', '.join(teacher.recipe.data.structures)}) cannot teach {student.name!r} ({view.slices} slices, "
                f"{view.dims}D, {', '.join(student.data.structures)})."
            )
            raise RecipeError(msg)


@torch.no_grad()
def teach(batch: Batch, teachers: Sequence[Predictor]) -> Batch:
    """The batch with the teachers' mean as its target, every class known. Its image must not be normalised yet."""
    shares, presences = [], []
    for teacher in teachers:
        order = (batch.follows,) if teacher.recipe.looks_across else ()
        output = as_output(teacher.network(teacher.normaliser(batch.image), *order))
        shares.append(torch.softmax(output.logits.float(), 1))
        if output.presence is not None:
            presences.append(torch.sigmoid(output.presence.float()))
    presence = torch.stack(presences).mean(0) if presences else batch.presence
    presence_known = torch.full_like(batch.presence_known, bool(presences))
    return replace(
        batch,
        target=torch.stack(shares).mean(0),
        known=torch.ones_like(batch.known),
        presence=presence,
        presence_known=presence_known,
    )
