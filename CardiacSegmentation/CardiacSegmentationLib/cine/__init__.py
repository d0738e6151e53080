"""From files on disk to a :class:`CineStack`: find the stacks of a study, choose the short-axis cine, read its pixels.

>>> study = find_stacks(Path("study"))     # headers only
>>> study.stacks[0].spacing_mm, study.chosen, study.reason
>>> stack = read_stack(study)              # the chosen one's pixels
"""

from CardiacSegmentationLib.cine.describe import describe_study
from CardiacSegmentationLib.cine.excluded import Excluded, Reason
from CardiacSegmentationLib.cine.find import find_stacks
from CardiacSegmentationLib.cine.labels import LabelMap, read_labels
from CardiacSegmentationLib.cine.long_axes import read_long_axes
from CardiacSegmentationLib.cine.open import StudyFiles, open_study
from CardiacSegmentationLib.cine.read import read_stack, read_study
from CardiacSegmentationLib.cine.study import Candidate, FoundStudy

__all__ = [
    "Candidate",
    "Excluded",
    "FoundStudy",
    "LabelMap",
    "Reason",
    "StudyFiles",
    "describe_study",
    "find_stacks",
    "open_study",
    "read_labels",
    "read_long_axes",
    "read_stack",
    "read_study",
]
