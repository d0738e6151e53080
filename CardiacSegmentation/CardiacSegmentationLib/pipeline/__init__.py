"""One study from disk to results: the one way that the command line, batches and Slicer all take.

>>> results = segment_study(Path("study"), Path("results"))          # everything with its defaults
>>> results.assessment.lv["ef_percent"].value, results.files
"""

from CardiacSegmentationLib.pipeline.options import Existing, Options
from CardiacSegmentationLib.pipeline.progress import Progress
from CardiacSegmentationLib.pipeline.record import READING_FILE, RECORD_FILE, read_reading, read_segmentation
from CardiacSegmentationLib.pipeline.study import Results, segment_study

__all__ = [
    "READING_FILE",
    "RECORD_FILE",
    "Existing",
    "Options",
    "Progress",
    "Results",
    "read_reading",
    "read_segmentation",
    "segment_study",
]
