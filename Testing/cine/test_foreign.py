"""Studies from scanners, archives and anonymisers that the phantom's own layouts do not stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.cine import find_stacks, read_stack
from CardiacSegmentationLib.errors import StudyError
from cine import foreign_scanners, foreign_studies  # noqa: F401 - their layouts are registered
from cine.foreign import FOREIGN, study_of
from cine.spoiling import SPEC, codes

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_layout_is_read_right_or_told(name: str, tmp_path: Path, truth: CineStack) -> None:
    layout = FOREIGN[name]
    study_of(layout).write(tmp_path / "study")
    if layout.refused:
        with pytest.raises(StudyError, match=layout.refused):
            read_stack(find_stacks(tmp_path / "study"))
        return
    study = find_stacks(tmp_path / "study")
    stack = read_stack(study)
    assert set(codes(stack)) == layout.codes | layout.about_study
    assert np.allclose(stack.affine, truth.affine, atol=0.6)
    if layout.same:
        assert np.array_equal(stack.voxels, truth.voxels)
    if layout.timed and layout.same:
        assert np.allclose(stack.times_ms, truth.times_ms, atol=0.6)
        assert stack.rr_ms == pytest.approx(SPEC.rr_ms, rel=0.01)
