"""The phantom as a study on disk, and its true labels as a network's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from CardiacSegmentationLib.cine import read_labels, read_study
from CardiacSegmentationLib.phantom import PhantomSpec
from CardiacSegmentationLib.segmentation import Segmentation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack

SPEC = PhantomSpec(slices=8, phases=10, pixel_mm=1.8)


@pytest.fixture(scope="session")
def study_folder(written_phantom: Callable[[PhantomSpec], Path]) -> Path:
    """A phantom study as DICOM."""
    return written_phantom(SPEC)


@pytest.fixture(scope="session")
def stack(study_folder: Path) -> CineStack:
    """The phantom."""
    return read_study(study_folder)


@pytest.fixture
def segmentation(stack: CineStack, study_folder: Path) -> Segmentation:
    """Its true labels, as a network's."""
    labels = read_labels(study_folder / "labels.nii.gz", stack).labels
    return Segmentation.of(labels, model="phantom-net 0.1 (sha256 0123456789ab)")
