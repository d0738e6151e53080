"""Dashed outlines in the views: the automatic ones under the corrected, what is proposed, what does not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import vtk

from CardiacSegmentationLib.gui.layout import reading_view
from CardiacSegmentationLib.scene.outlines import AUTOMATIC, NOT_COUNTED, PROPOSED, DashedOutline
from CardiacSegmentationLib.scene.views import current_phase, current_slice
from CardiacSegmentationLib.segmentation import STRUCTURES
from CardiacSegmentationLib.session.contour_commands import automatic_contours, borders_of, contours_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.segmentation import Border, Contours, Place


class Outlines:
    """They follow phase and slice."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel = panel
        self._lines = {name: DashedOutline(name) for name in (AUTOMATIC, PROPOSED, NOT_COUNTED)}
        self._shows_automatic = False
        self._proposal: Mapping[Place, Contours] = {}
        self._view: Any = None
        self._tag: int | None = None
        self._at: Place | None = None

    def toggle_automatic(self) -> None:
        """Show what the network drew, or hide it."""
        self._shows_automatic = not self._shows_automatic
        self.update()

    def propose(self, proposal: Mapping[Place, Contours]) -> None:
        """Show what would be put in place, wherever it would be; an empty one ends that."""
        self._proposal = proposal
        self.update()

    def update(self) -> None:
        """Phase, slice or labels are others now; nothing is drawn on a heart that beats."""
        study, live = self._panel.study, self._panel.live
        view = reading_view(study) if study is not None and live is not None else None
        self._follow(view)
        if study is None or live is None or view is None or study.browser.GetPlaybackActive():
            self._at = None
            for line in self._lines.values():
                line.hide()
            return
        self._at = place = (current_phase(study), current_slice(study, view))
        shown = {
            AUTOMATIC: automatic_contours(live.session, place) if self._shows_automatic else None,
            PROPOSED: self._proposal.get(place),
            NOT_COUNTED: _not_counted(live, place),
        }
        for name, contours in shown.items():
            self._lines[name].show(study, place[1], contours)

    def forget(self) -> None:
        """The scene closes, or the panel goes."""
        self._follow(None)
        self._proposal = {}
        for line in self._lines.values():
            line.forget()

    def _follow(self, view: Any) -> None:
        if view is self._view:
            return
        if self._view is not None:
            self._view.RemoveObserver(self._tag)
        self._view = view
        self._tag = view.AddObserver(vtk.vtkCommand.ModifiedEvent, self._view_changed) if view is not None else None

    def _view_changed(self, *_event: Any) -> None:
        study = self._panel.study
        if (
            study is not None
            and study.exists
            and self._at is not None
            and current_slice(study, self._view) != self._at[1]
        ):
            self.update()


def _not_counted(live: LiveStudy, place: Place) -> Contours | None:
    """The borders of structures whose slice does not count."""
    counted = live.assessment.counted
    left_out = [label for label in STRUCTURES if not counted[(label - 1, *place)]]
    if not left_out:
        return None
    contours = contours_at(live.session, place)
    kept = set(borders_of(left_out))
    return contours.without(*_others(contours, kept))


def _others(contours: Contours, kept: set[Border]) -> list[Border]:
    return [border for border in contours.borders if border not in kept]
