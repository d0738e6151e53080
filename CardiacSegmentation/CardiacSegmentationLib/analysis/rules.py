"""What the rules say of a segmentation: which slices count, and which phases are ED and ES."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CardiacSegmentationLib.analysis.basal import count_by_rule
from CardiacSegmentationLib.analysis.images import measure_images
from CardiacSegmentationLib.analysis.phases import find_key_phases
from CardiacSegmentationLib.analysis.volumes import sum_slices
from CardiacSegmentationLib.reading import ByRules, Conventions

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import ImageMeasures
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


def apply_rules(
    stack: CineStack,
    segmentation: Segmentation,
    conventions: Conventions | None = None,
    images: ImageMeasures | None = None,
) -> ByRules:
    """What the rules say; ``images`` are the measures of the segmentation where they are known already."""
    conventions = conventions or Conventions()
    images = images or measure_images(stack, segmentation, conventions)
    counted = count_by_rule(images, segmentation.labelled, conventions.basal_rule)
    volumes_ml = sum_slices(images.areas_mm2, counted, stack.spacing_mm[0])
    return ByRules(find_key_phases(volumes_ml), counted)
