"""Labels and decisions in, every number and every finding out: ``assess`` is the one door.

>>> assessment = assess(stack, segmentation)                    # as the rules say
>>> assessment = assess(stack, segmentation, reading)           # as a person decided
>>> assess(stack, edited, reading, assessment, {(0, 3)})        # after a correction, at the price of what changed
"""

from __future__ import annotations

from CardiacSegmentationLib.analysis.assess import assess
from CardiacSegmentationLib.analysis.rules import apply_rules

__all__ = ["apply_rules", "assess"]
