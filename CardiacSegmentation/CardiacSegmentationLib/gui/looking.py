"""What the reader has looked at, and the way to what is left: through ED and ES, from base to apex."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import vtk

from CardiacSegmentationLib.gui.layout import reading_view, short_axis_view
from CardiacSegmentationLib.gui.timers import Timer
from CardiacSegmentationLib.scene.views import current_phase, current_slice

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.segmentation import Place

LOOK_MS = 800  # an image that stays on display for so long has been looked at


class Looking:
    """Notes images that were shown for a moment while the module is in view; leads to the next one."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel = panel
        self._timer = Timer(LOOK_MS, self._looked)
        self._view: Any = None

    def enter(self) -> None:
        """The module comes into view."""
        self.exit()
        self._view = short_axis_view()
        if self._view is not None:
            self._panel.addObserver(self._view, vtk.vtkCommand.ModifiedEvent, self.image_shown)
        self.image_shown()

    def exit(self) -> None:
        """The module goes out of view."""
        self._timer.stop()
        if self._view is not None:
            self._panel.removeObserver(self._view, vtk.vtkCommand.ModifiedEvent, self.image_shown)
        self._view = None

    def clean_up(self) -> None:
        """The module is unloaded."""
        self.exit()
        self._timer.end()

    def image_shown(self, *_event: Any) -> None:
        """Another image may be on display: the moment begins anew."""
        if self._view is not None:
            self._timer.start()

    def go_to_next(self) -> None:
        """Show the next image that counts and has not been looked at, after the one on display; nothing if none is."""
        here, session = self._place(), self._panel.session
        if here is None or session is None:
            return
        session.look_at(*here)
        place = next_place(session.assessment, here)
        if place is not None:
            self._panel.go_to(place[1], place[0])

    def _looked(self) -> None:
        live, here = self._panel.live, self._place()
        if live is not None and here is not None and not live.study.browser.GetPlaybackActive():
            live.session.look_at(*here)

    def _place(self) -> Place | None:
        study = self._panel.study
        view = reading_view(study) if study is not None and study.exists else None
        return None if study is None or view is None else (current_phase(study), current_slice(study, view))


def next_place(assessment: Assessment, here: Place) -> Place | None:
    """The image ``(phase, slice)`` to look at after ``here``: of those in reading order the next, else the first."""
    places = reading_order(assessment)
    start = places.index(here) + 1 if here in places else 0
    left = (place for place in places[start:] + places[:start] if place not in assessment.reading.looked_at)
    return next(left, None)


def reading_order(assessment: Assessment) -> list[Place]:
    """The images that the numbers rest on: the key phases of both ventricles, in each the slices that count."""
    key = assessment.key_phases
    phases = dict.fromkeys(phase for phase in (key.lv_ed, key.rv_ed, key.lv_es, key.rv_es) if phase is not None)
    counted = assessment.counted.any(axis=0)
    return [(phase, place) for phase in phases for place in range(counted.shape[1]) if counted[phase, place]]
