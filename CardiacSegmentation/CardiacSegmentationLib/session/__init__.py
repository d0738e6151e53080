"""The study under a person's hands: everything an interactive program needs, and no window.

>>> session = StudySession(stack, segmentation)
>>> session.edit(phase, labels, tool="Paint")
>>> session.set_counts([Label.RV], phase, slice_, counts=False)
>>> session.assessment.rv["ef_percent"].value, session.undo_text()
"""

from __future__ import annotations

from CardiacSegmentationLib.session.changes import Changed
from CardiacSegmentationLib.session.recovery import Recovery
from CardiacSegmentationLib.session.study_session import StudySession

__all__ = ["Changed", "Recovery", "StudySession"]
