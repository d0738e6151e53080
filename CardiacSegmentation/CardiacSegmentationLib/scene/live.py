"""A study under a person's hands: edits are noticed, measured, shown and can be taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from CardiacSegmentationLib.function import measure, remeasure
from CardiacSegmentationLib.scene import segmentation as sequences
from CardiacSegmentationLib.scene.study import Study, segmentation_of, set_function, stack_of
from CardiacSegmentationLib.scene.undo import FrameHistory
from CardiacSegmentationLib.scene.views import current_phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from CardiacSegmentationLib.scene.labelmaps import Labels
    from CardiacSegmentationLib.segmentation import Conventions, KeyPhases, Segmentation
    from CardiacSegmentationLib.stack import Array, Patient
    from CardiacSegmentationLib.ventricular import VentricularFunction


class LiveStudy:
    """Keeps a segmented study's numbers in step with its labels, at the price of what changed.

    ``on_edit`` is called at each stroke, for a short timer to be started; when it has run out, ``settle`` reads the
    phases that were touched, remembers them for undo, measures them again and fills the tables.
    """

    def __init__(self, study: Study, on_edit: Callable[[], None] | None = None) -> None:
        segmentation = segmentation_of(study)
        if segmentation is None:
            msg = f"The study {study.name} has no segmentation yet."
            raise ValueError(msg)
        self.study = study
        self.segmentation: Segmentation = segmentation
        self._stack = stack_of(study)
        self._history = FrameHistory(segmentation.labels)
        self._touched: set[int] = set()
        self._on_edit = on_edit
        self._observe(study.segmentation_node)
        self.function: VentricularFunction = measure(self._stack, segmentation)
        set_function(study, self.function)

    def close(self) -> None:
        """Stop observing; the nodes stay."""
        self.node.RemoveObserver(self._tag)

    def follow_node(self) -> VentricularFunction:
        """Go on with the node that is on display now; another one was deleted.

        Slicer takes the segments out of a deleted node, and so out of the phase that shared them. They are written
        back from what is held here, and undo takes them out again.
        """
        self.close()
        self._observe(self.study.segmentation_node)
        phase = current_phase(self.study)
        held = self.segmentation.labels[phase].copy()
        self._touched.add(phase)
        self.settle()
        if (self.segmentation.labels[phase] != held).any():
            self.put({phase: held})
        return self.function

    def settle(self) -> VentricularFunction:
        """Take in the strokes since the last call; the numbers are those of the labels now."""
        touched, self._touched = sorted(self._touched), set()
        if touched and self.study.segmentation is not None:  # the scene may have been closed since the stroke
            self._take_in({phase: sequences.read_frame(self.study.segmentation, phase) for phase in touched})
        return self.function

    def can_undo(self) -> bool:
        """Whether the phase on display has a stroke to take back."""
        return self._history.can_undo(current_phase(self.study))

    def can_redo(self) -> bool:
        """Whether the phase on display has a stroke to make again."""
        return self._history.can_redo(current_phase(self.study))

    def undo(self) -> VentricularFunction:
        """Take back the last stroke in the phase on display, if there is one."""
        return self._step(self._history.can_undo, self._history.undo)

    def redo(self) -> VentricularFunction:
        """Make the stroke again that was taken back last in the phase on display, if there is one."""
        return self._step(self._history.can_redo, self._history.redo)

    def put(self, labels_by_phase: dict[int, Labels]) -> VentricularFunction:
        """Replace the labels of some phases by the program's own hand, as propagation does; undo takes it back."""
        self.settle()
        for phase, labels in labels_by_phase.items():
            sequences.write_frame(self.study.segmentation, phase, labels)
        self._take_in(labels_by_phase)
        return self.function

    def set_included(self, included: Array) -> VentricularFunction:
        """Count other slices; ``included[label - 1, phase, slice]``."""
        return self._decide(included=np.asarray(included, bool))

    def set_key_phases(self, key_phases: KeyPhases) -> VentricularFunction:
        """Fix ED and ES by hand; ``None`` finds them from the volumes."""
        return self._decide(key_phases=key_phases)

    def set_conventions(self, conventions: Conventions) -> VentricularFunction:
        """Measure by other conventions."""
        return self._decide(conventions=conventions)

    def set_patient(self, patient: Patient) -> VentricularFunction:
        """Use other facts about the patient than the images hold."""
        self.settle()
        self._stack = replace(self._stack, patient=patient)
        return self._show(measure(self._stack, self.segmentation))

    def _observe(self, node: Any) -> None:
        self.node = node
        self._tag = node.AddObserver(slicer.vtkSegmentation.SourceRepresentationModified, self._note_edit)

    def _note_edit(self, *_: Any) -> None:
        self._touched.add(current_phase(self.study))
        if self._on_edit is not None:
            self._on_edit()

    def _take_in(self, labels_by_phase: dict[int, Labels]) -> None:
        changed = [phase for phase, labels in labels_by_phase.items() if self._history.record(phase, labels)]
        self._update(changed, labels_by_phase)

    def _step(self, possible: Callable[[int], bool], step: Callable[[int], Labels]) -> VentricularFunction:
        self.settle()
        phase = current_phase(self.study)
        if possible(phase):
            labels = step(phase)
            sequences.write_frame(self.study.segmentation, phase, labels)
            self._update([phase], {phase: labels})
        return self.function

    def _update(self, changed: Iterable[int], labels_by_phase: dict[int, Labels]) -> None:
        changed = list(changed)
        if not changed:
            return
        facts = sequences.read_facts(self.study.segmentation)
        labels, labelled = self.segmentation.labels, self.segmentation.labelled.copy()
        edited = {place for place in self.segmentation.edited if place[0] not in changed}
        for phase in changed:
            labels[phase] = labels_by_phase[phase]
            labelled[phase] = facts.labelled[phase] or bool(labels[phase].any())
            edited |= facts.edited_in(phase, labels[phase])
        self.segmentation = replace(self.segmentation, labelled=labelled, edited=tuple(sorted(edited)))
        self._show(remeasure(self.function, self._stack, self.segmentation, changed))

    def _decide(self, **changes: Any) -> VentricularFunction:
        self.settle()
        self.segmentation = replace(self.segmentation, **changes)
        stored = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in changes.items()}
        sequences.change_facts(self.study.segmentation, **stored)
        return self._show(measure(self._stack, self.segmentation))

    def _show(self, function: VentricularFunction) -> VentricularFunction:
        self.function = function
        set_function(self.study, function)
        return function
