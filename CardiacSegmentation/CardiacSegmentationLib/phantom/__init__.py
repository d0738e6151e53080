"""A beating heart with known volumes, as a DICOM study or in memory."""

from CardiacSegmentationLib.phantom.layouts import LAYOUTS
from CardiacSegmentationLib.phantom.spec import PhantomSpec
from CardiacSegmentationLib.phantom.study import make_stack, write_study
from CardiacSegmentationLib.phantom.truth import Truth

__all__ = ["LAYOUTS", "PhantomSpec", "Truth", "make_stack", "write_study"]
