"""A cine as one Enhanced MR multi-frame object (DICOM PS3.3 A.36.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from CardiacSegmentationLib.phantom.rendering import Series
    from CardiacSegmentationLib.phantom.spec import PhantomSpec

IMAGE_TYPE = ["ORIGINAL", "PRIMARY", "CARDIAC", "NONE"]


def enhanced_object(common: Dataset, spec: PhantomSpec, series: Series) -> Dataset:
    raise NotImplementedError
