"""Labels → numbers: volumes, ejection fraction, mass, wall thickness, each with unit, code and range.

``measure`` is the door; ``remeasure`` the quick way back through it after an edit.
"""

from __future__ import annotations

from CardiacSegmentationLib.analysis.measure import measure, reassess
from CardiacSegmentationLib.analysis.slices import propose_included, with_slice

__all__ = ["measure", "propose_included", "remeasure", "with_slice"]
