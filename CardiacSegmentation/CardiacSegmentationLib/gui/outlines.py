"""Lines in the views: smooth contours, dashed where they do not count; what the network drew; what is proposed."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import vtk

from CardiacSegmentationLib.gui.layout import reading_view
from CardiacSegmentationLib.gui.timers import Timer
from CardiacSegmentationLib.scene.outlines import Line, OutlineNode
from CardiacSegmentationLib.scene.segmentation import show_voxel_outlines, shown_structures
from CardiacSegmentationLib.scene.views import current_phase, current_slice
from CardiacSegmentationLib.segmentation import STRUCTURES, Label
from CardiacSegmentationLib.session.contour_commands import (
    BORDER_OF,
    automatic_contours,
    contours_at,
    known_contours,
    rest_at,
)
from CardiacSegmentationLib.session.papillaries import known_papillaries, papillaries_of
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Contours, Place

WHITE, YELLOW = (255, 255, 255), (255, 255, 0)


class Outlines:
    """They follow phase and slice; Slicer's own outlines along the voxels are off as long as there are ours."""

    def __init__(self, panel: CardiacPanel, slice_shown: Callable[[], None]) -> None:
        """``slice_shown`` hears that another slice came on display."""
        self._panel, self._slice_shown = panel, slice_shown
        self._contours = {
            label: OutlineNode(f"{BY_LABEL[label].name} outline", BY_LABEL[label].color_rgb) for label in STRUCTURES
        }
        self._automatic = OutlineNode("Automatic outline", WHITE)
        self._proposed = OutlineNode("Proposed outline", YELLOW)
        self._shows_automatic = False
        self._proposal: Mapping[Place, Contours] = {}
        self._in_hand: Mapping[Place, Contours] = {}
        self._view, self._display = _Followed(self._view_changed), _Followed(self._display_changed)
        self._at: Place | None = None
        self._structures: tuple[Label, ...] = ()
        self._finding = Timer(0, self._find_next)

    def toggle_automatic(self) -> None:
        """Show what the network drew, or hide it."""
        self._shows_automatic = not self._shows_automatic
        self.update()

    def propose(self, proposal: Mapping[Place, Contours]) -> None:
        """Show what would be put in place, wherever it would be; an empty one ends that."""
        self._proposal = proposal
        self.update()

    def preview(self, place: Place, contours: Contours | None) -> None:
        """Show an image's contours as a tool has them in hand; ``None``: it let go."""
        self._in_hand = {} if contours is None else {place: contours}
        study, live = self._panel.study, self._panel.live
        if study is not None and live is not None and place[0] == current_phase(study):
            self._show_contours(study, live)

    def update(self) -> None:
        """Phase, slice, labels or what is hidden are others now; on a heart that beats, contours alone are drawn."""
        study, live = self._panel.study, self._panel.live
        proxy = study.segmentation_node if study is not None and live is not None else None
        view = reading_view(study) if study is not None and proxy is not None else None
        self._view.follow(view)
        self._follow_display(proxy.GetDisplayNode() if proxy is not None else None)
        if study is None or live is None or proxy is None:
            for node in self._nodes():
                node.hide()
            return
        self._at = (current_phase(study), current_slice(study, view)) if view is not None else None
        self._structures = shown_structures(proxy)
        self._show_contours(study, live)
        show_voxel_outlines(self._display.node, False)
        still = self._at if not study.browser.GetPlaybackActive() else None
        automatic = automatic_contours(live.session, still) if still is not None and self._shows_automatic else None
        self._automatic.show(study, _dashed({still: automatic} if still is not None and automatic else {}))
        phase = current_phase(study)
        proposed = {place: each for place, each in self._proposal.items() if place[0] == phase}
        self._proposed.show(study, _dashed(proposed if still is not None else {}))

    def forget(self) -> None:
        """The scene closes, or the panel goes."""
        self._finding.stop()
        self._view.follow(None)
        self._follow_display(None)
        self._proposal = self._in_hand = {}
        for node in self._nodes():
            node.forget()

    def end(self) -> None:
        """The panel goes for good."""
        self.forget()
        self._finding.end()

    def _nodes(self) -> Iterator[OutlineNode]:
        return chain(self._contours.values(), (self._automatic, self._proposed))

    def _show_contours(self, study: Study, live: LiveStudy) -> None:
        """The contours of the phase: of the slice shown at once, of others as soon as they are found.

        While a tool has an image in hand, of this one alone: a drag is to be smooth.
        """
        phase = current_phase(study)
        lines: dict[Label, list[Line]] = {label: [] for label in STRUCTURES}
        images = self._in_hand or [(phase, slice_) for slice_ in range(live.session.stack.slices)]
        for place in images:
            if place == self._at or known_contours(live.session, place) is not None:
                for label, line in self._lines_of(live, place):
                    lines[label].append(line)
            else:
                self._finding.start()
        if not self._in_hand and known_papillaries(live.session, phase) is None:
            self._finding.start()
        for label, node in self._contours.items():
            node.show(study, lines[label] if label in self._structures else [])

    def _lines_of(self, live: LiveStudy, place: Place) -> Iterator[tuple[Label, Line]]:
        """What is drawn on an image: its borders, what they do not show, and papillary muscles that count as such."""
        in_hand = self._in_hand.get(place)
        contours = in_hand or contours_at(live.session, place)
        counted = live.assessment.counted[:, place[0], place[1]]
        for label, border in BORDER_OF.items():
            if border in contours.borders:
                yield label, Line(place[1], contours.borders[border], is_dashed=not counted[label - 1])
        if in_hand is None:
            muscles = (known_papillaries(live.session, place[0]) or {}).get(place[1], ())
            for label, curve in (*rest_at(live.session, place), *((Label.MYO, muscle) for muscle in muscles)):
                yield label, Line(place[1], curve, is_dashed=not counted[label - 1])

    def _find_next(self) -> None:
        """Find the contours of one more image: of the phase shown, then of those next to it, for the next step."""
        study, live = self._panel.study, self._panel.live
        if study is None or live is None or not study.exists:
            return
        session, shown = live.session, current_phase(study)
        for step in (0, 1, -1):
            phase = (shown + step) % session.stack.phases
            unknown = [
                (phase, at) for at in range(session.stack.slices) if known_contours(session, (phase, at)) is None
            ]
            if unknown:
                contours_at(session, unknown[0])
                rest_at(session, unknown[0])
                if step == 0 and len(unknown) == 1:
                    self._show_contours(study, live)
                self._finding.start()
                return
            if known_papillaries(session, phase) is None:
                papillaries_of(session, phase)
                if step == 0:
                    self._show_contours(study, live)
                self._finding.start()
                return

    def _follow_display(self, display: Any) -> None:
        """The labels of this display node have lines of ours from now on; those before have Slicer's again."""
        before = self._display.node
        self._display.follow(display)
        if before is not None and before is not display:
            show_voxel_outlines(before, True)

    def _view_changed(self) -> None:
        study, at = self._panel.study, self._at
        if study is None or at is None or not study.exists or current_slice(study, self._view.node) == at[1]:
            return
        self.update()
        self._slice_shown()

    def _display_changed(self) -> None:
        study = self._panel.study
        proxy = study.segmentation_node if study is not None and study.exists else None
        if proxy is not None and shown_structures(proxy) != self._structures:
            self.update()


class _Followed:
    """One node at a time, whose changes are heard of."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.node: Any = None
        self._changed = changed
        self._tag: int | None = None

    def follow(self, node: Any) -> None:
        """This node from now on; ``None``: none."""
        if node is self.node:
            return
        if self.node is not None:
            self.node.RemoveObserver(self._tag)
        self.node = node
        self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._changed()) if node else None


def _dashed(images: Mapping[Place, Contours]) -> list[Line]:
    return [
        Line(place[1], curve, is_dashed=True)
        for place, contours in images.items()
        for curve in contours.borders.values()
    ]
