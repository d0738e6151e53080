"""What trained networks see beside the labels: mixed where a structure is labelled, alone where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from cardiactrain.cli import main
from cardiactrain.data.store import load_subjects, read_index
from cardiactrain.data.subject import LabelledStack, Subject
from cardiactrain.data.views import Views
from cardiactrain.recipe import load_recipe
from cardiactrain.teach import mix_with_opinion

if TYPE_CHECKING:
    from pathlib import Path

RV, MYO, LV = 0, 1, 2


def one_pixel(label: int, opinion: tuple[float, float, float], known: tuple[bool, bool, bool]) -> LabelledStack:
    seen = np.rint(255 * np.array(opinion)).astype(np.uint8)[:, None, None, None]
    labels = np.full((1, 1, 1), label, np.uint8)
    return LabelledStack("ED", labels.astype(np.int16), labels, np.array([known]), np.array([True]), seen)


@pytest.mark.parametrize(
    ("label", "opinion", "known", "expected"),
    [
        (3, (0.0, 0.4, 0.6), (True, True, True), (0.0, 0.2, 0.8)),  # half the label, half the opinion
        (0, (0.0, 0.4, 0.0), (True, True, True), (0.0, 0.2, 0.0)),
        (0, (0.0, 0.4, 0.0), (True, False, True), (0.0, 0.4, 0.0)),  # no label speaks of the myocardium
        (0, (0.5, 0.2, 0.0), (True, False, True), (0.25, 0.3, 0.0)),  # 0.4 of what is no RV is myocardium
        (3, (0.0, 1.0, 0.0), (True, False, True), (0.0, 0.5, 0.5)),
        (0, (0.0, 0.0, 1.0), (True, False, True), (0.0, 0.0, 0.5)),
        (1, (0.3, 0.0, 0.0), (False, False, False), (0.3, 0.0, 0.0)),  # a label that is not to be trusted
    ],
)
def test_labels_and_opinion_are_mixed(
    label: int, opinion: tuple[float, ...], known: tuple[bool, ...], expected: tuple[float, ...]
) -> None:
    mixed = mix_with_opinion(one_pixel(label, opinion, known), 0.5)[:, 0, 0, 0] / 255  # type: ignore[arg-type]
    np.testing.assert_allclose(mixed, expected, atol=0.005)


def test_a_taught_stack_has_every_structure(subjects: list[Subject]) -> None:
    """Of a subject with LV labels alone; whether a ventricle is in the slice still is what the reader said."""
    subject = subjects[-1]
    stacks = tuple(
        replace(s, opinion=np.stack([np.full_like(s.labels, 0), np.full_like(s.labels, 102), (s.labels == 3) * 255]))
        for s in subject.stacks
    )
    settings = {"view.size": 32, "view.coarse_share": 0.0, "data.opinion": 0.5}
    views = Views([replace(subject, stacks=stacks)], load_recipe("ours", settings))
    batch = views.draw(range(6), None, torch.Generator())
    assert bool(batch.known.all())
    assert batch.presence_known[0].tolist() == [True, False]
    muscle = batch.target[:, 2][batch.target[:, 3] < 0.01]
    assert float(muscle.median()) == pytest.approx(0.4, abs=0.01)
    plain = Views([replace(subject, stacks=stacks)], load_recipe("ours", settings | {"data.opinion": 0.0}))
    assert not bool(plain.draw(range(6), None, torch.Generator()).known.all())


def test_networks_teach_a_store(tiny_recipe: Path, store: Path, split: Path, tmp_path: Path) -> None:
    run, taught = tmp_path / "run", tmp_path / "taught"
    common = ["--split", str(split), "--device", "cpu"]
    assert main(["fit", str(tiny_recipe), "--store", str(store), "--out", str(run), *common]) == 0
    assert main(["teach", str(run), "--out", str(taught)]) == 0
    rows = read_index(taught)
    assert rows == read_index(store)
    for subject in load_subjects(taught, [row["key"] for row in rows[:2]]):
        for stack in subject.stacks:
            assert stack.opinion is not None
            assert int(stack.opinion.max()) > 0
    student = tmp_path / "student"
    learn = ["--set", "data.opinion=0.5", "--set", "train.epochs=1"]
    assert main(["fit", str(tiny_recipe), "--store", str(taught), "--out", str(student), *common, *learn]) == 0
    assert main(["teach", str(run), "--out", str(store)]) == 1, "the store itself is never written over"
