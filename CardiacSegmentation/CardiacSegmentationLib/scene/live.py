"""A study's nodes and its session, kept in step both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import slicer

from CardiacSegmentationLib.errors import ReadingError
from CardiacSegmentationLib.scene import segmentation as sequences
from CardiacSegmentationLib.scene.study import (
    Study,
    history_of,
    reading_of,
    segmentation_of,
    set_assessment,
    set_reading,
    stack_of,
)
from CardiacSegmentationLib.scene.views import current_phase
from CardiacSegmentationLib.session import Changed, StudySession
from CardiacSegmentationLib.session.contour_commands import edit_contours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import Contours, FloatArray, Place


_OPEN: WeakSet[LiveStudy] = WeakSet()


def live_of(node: Any) -> LiveStudy | None:
    """The study at hand whose labels this segmentation node shows, if any."""
    return next((live for live in _OPEN if live.node is node), None)


class LiveStudy:
    """A segmented study at hand: what is painted in the scene goes into the session, what it decides into the scene.

    ``on_edit`` is called at each stroke, for a short timer to be started; when it has run out, ``settle`` takes the
    strokes in. ``on_change`` hears of every change of the session, after the nodes are in step; ``on_preview`` of what
    a tool has in hand. ``on_point`` is called where somebody points at an image for the network to look there: with its
    ``(phase, slice)``, start and end of the drag in mm, and whether the whole phase is meant.
    """

    def __init__(
        self,
        study: Study,
        *,
        on_edit: Callable[[], None] | None = None,
        on_change: Callable[[Changed], None] | None = None,
        tool: Callable[[], str] | None = None,
        on_preview: Callable[[Place, Contours | None], None] | None = None,
        on_point: Callable[[Place, FloatArray, bool], None] = lambda *_where: None,
    ) -> None:
        segmentation = segmentation_of(study)
        if segmentation is None:
            msg = f"The study {study.name} has no segmentation yet."
            raise ValueError(msg)
        self.study = study
        self.session = StudySession(stack_of(study), segmentation, reading_of(study), history_of(study))
        self._on_edit, self._on_change, self._on_preview = on_edit, on_change, on_preview
        self._tool = tool or (lambda: "")
        self.point = on_point
        self._touched: set[int] = set()
        self._is_reading_strokes = False
        self._observe(study.segmentation_node)
        _OPEN.add(self)
        self._unfollow = self.session.subscribe(self._follow)
        self.session.note_outside(sequences.changed_outside(study.segmentation, segmentation))
        self._write_as_ours(range(self.session.stack.phases))
        set_assessment(study, self.assessment)

    @property
    def assessment(self) -> Assessment:
        """Numbers and findings as of the last ``settle``."""
        return self.session.assessment

    def close(self) -> None:
        """Stop observing; the nodes stay as they are, whatever becomes of the session."""
        if self in _OPEN:
            _OPEN.discard(self)
            self._unfollow()
            self.node.RemoveObserver(self._tag)

    def follow_node(self) -> None:
        """Go on with the node that is on display now; another one was deleted.

        Slicer takes the segments out of a deleted node, and so, where no guard is on duty (``guard_deletions``), out
        of the phase that shared them. Then they are written back from what the session holds.
        """
        self.node.RemoveObserver(self._tag)
        self._observe(self.study.segmentation_node)
        phase = current_phase(self.study)
        held = self.session.segmentation.labels[phase].copy()
        self._touched.add(phase)
        self.settle().put({(phase, place): image for place, image in enumerate(held)}, "restore")

    def settle(self) -> StudySession:
        """Take in the strokes since the last call; the session, ready for a command.

        A signed reading refuses them: the labels are put back, and a ``ReadingError`` says why.
        """
        study = self.study
        if study.segmentation is None or not study.exists:  # the scene may have been closed since the stroke
            return self.session
        shown = current_phase(study)
        if not sequences.is_as_written(study.segmentation, study.images, shown):
            self._touched.add(shown)
        touched, self._touched = sorted(self._touched), set()
        self._is_reading_strokes = True
        try:
            for phase in touched:
                labels = sequences.read_frame(study.segmentation, study.images, phase)
                self.session.edit(phase, labels, self._tool())
        except ReadingError:
            for phase in touched:
                self._write_frame(phase)
            raise
        finally:
            self._is_reading_strokes = False
        self._write_as_ours(touched)
        return self.session

    def edit_contours(self, place: Place, contours: Contours, tool: str) -> None:
        """Put contours in place of those of ``(phase, slice)``; numbers follow at once."""
        edit_contours(self.settle(), {place: contours}, tool)

    def preview(self, place: Place, contours: Contours | None) -> None:
        """A tool has an image in hand and shows what its contours would be; ``None``: it let go."""
        if self._on_preview is not None:
            self._on_preview(place, contours)

    def _observe(self, node: Any) -> None:
        self.node = node
        self._tag = node.AddObserver(slicer.vtkSegmentation.SourceRepresentationModified, self._note_edit)

    def _note_edit(self, *_: Any) -> None:
        self._touched.add(current_phase(self.study))
        if self._on_edit is not None:
            self._on_edit()

    def _follow(self, changed: Changed) -> None:
        """Bring the nodes in step with the session."""
        if not self._is_reading_strokes:
            for phase in sorted({phase for phase, _ in changed.images}):
                self._write_frame(phase)
        if changed.images:
            sequences.note_images(self.study.segmentation, self.session.segmentation, changed.images)
        set_reading(self.study, self.session.reading, self.session.history)
        if changed.images or changed.decisions:
            set_assessment(self.study, self.assessment)
        if self._on_change is not None:
            self._on_change(changed)

    def _write_as_ours(self, phases: Iterable[int]) -> None:
        """Bring labels to which another module gave another grid or form back to ours, on which all tools rest."""
        for phase in phases:
            if not sequences.is_as_written(self.study.segmentation, self.study.images, phase):
                self._write_frame(phase)

    def _write_frame(self, phase: int) -> None:
        sequences.write_frame(self.study.segmentation, phase, self.session.segmentation.labels[phase])
