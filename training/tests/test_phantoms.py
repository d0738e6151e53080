"""Drawn hearts as training subjects."""

from __future__ import annotations

from CardiacSegmentationLib.segmentation import Label
from cardiactrain.data.phantoms import make_phantoms


def test_phantoms_are_whole_hearts_that_contract() -> None:
    (first, second), (again,) = make_phantoms(2), make_phantoms(1)
    assert [stack.phase for stack in first.stacks] == ["ED", "ES"]
    assert (first.stacks[0].image == again.stacks[0].image).all(), "the same seed makes the same hearts"
    for subject in (first, second):
        assert all(stack.known.all() for stack in subject.stacks)
        for side in (Label.LV, Label.RV):
            ed, es = ((stack.labels == side).sum() for stack in subject.stacks)
            assert 0 < es < ed
    assert first.spacing_mm != second.spacing_mm
