"""Segment this slice, or this phase, again: what else the network sees there, one proposal after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slicer.i18n import tr as _

from CardiacSegmentationLib.gui.again_run import AgainRun
from CardiacSegmentationLib.gui.layout import reading_view
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.scene.views import current_phase, current_slice
from CardiacSegmentationLib.segmentation import STRUCTURES
from CardiacSegmentationLib.session.segment_again import (
    Proposals,
    request_phase,
    request_slice,
    shown_labels,
    take_proposal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.gui.again_run import Answers, Asked
    from CardiacSegmentationLib.gui.background import Process
    from CardiacSegmentationLib.gui.proposal_row import ProposalRow
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.segmentation import FloatArray, Place


class AgainPanel:
    """Asks the network in the background, and shows its answers in the row for proposals."""

    def __init__(
        self, panel: CardiacPanel, row: ProposalRow, make_process: Callable[[], Process] | None = None
    ) -> None:
        self._panel, self._row = panel, row
        self._run = AgainRun(self._show_progress, self._show_answers, self._show_error, make_process)
        self._proposals: Proposals | None = None

    def slice(self) -> None:
        """Segment the slice on display again; where proposals for it are shown, show the next one."""
        self._ask_or_next(whole_phase=False)

    def phase(self) -> None:
        """The same for the phase on display, but for the images of it that the reader corrected."""
        self._ask_or_next(whole_phase=True)

    def point(self, place: Place, pointed_mm: FloatArray, whole_phase: bool) -> None:
        """Segment an image ``(phase, slice)`` again, or its phase, where the reader clicked or drew a box."""
        with errors_shown(self._panel.messages):
            self._ask(place, whole_phase, pointed_mm)

    def show_study(self) -> None:
        """Another study, or another segmentation of it: what was asked about the one before is forgotten."""
        self._proposals = None
        self._run.cancel()

    def stop(self) -> None:
        """The scene closes, or the panel goes."""
        self._proposals = None
        self._run.stop()

    # How

    def _ask_or_next(self, whole_phase: bool) -> None:
        study = self._panel.study
        view = reading_view(study) if study is not None else None
        if study is None or view is None or self._run.is_asking:
            return
        place = (current_phase(study), current_slice(study, view))
        if self._row.has_next and self._is_about(place, whole_phase):
            self._row.next()
            return
        with errors_shown(self._panel.messages):
            self._ask(place, whole_phase)

    def _is_about(self, place: Place, whole_phase: bool) -> bool:
        """Whether the proposals shown are for this image, or its phase."""
        if self._proposals is None:
            return False
        request = self._proposals.request
        return request.phase == place[0] and (whole_phase != (request.slices == (place[1],)))

    def _ask(self, place: Place, whole_phase: bool, pointed_mm: FloatArray | None = None) -> None:
        study, session = self._panel.study, self._panel.session
        if study is None or session is None:
            return
        if whole_phase:
            request = request_phase(session, place[0], pointed_mm)
        else:
            request = request_slice(session, place, pointed_mm)
        self._proposals = None
        self._row.wait(_("Looking again …"), self._run.cancel)
        try:
            self._run.ask(study, request, shown_labels(session, request).copy())
        except BaseException:
            self._row.discard()
            raise

    def _show_progress(self, fraction: float) -> None:
        self._row.label.text = _("Looking again … {percent} %").format(percent=round(100 * fraction))

    def _show_answers(self, asked: Asked, answers: Answers) -> None:
        if asked.study != self._panel.study:
            return
        self._proposals = Proposals(asked.request, asked.shown, answers)
        if answers:
            self._show_proposal()
        else:
            self._row.offer(_("The network sees nothing else here."), {}, None)

    def _show_next(self) -> None:
        if self._proposals is not None:
            self._proposals = self._proposals.next()
            self._show_proposal()

    def _show_proposal(self) -> None:
        session, proposals = self._panel.session, self._proposals
        if session is None or proposals is None:
            return
        count = len(proposals.answers)
        text = _("Proposal {number} of {count}, shown dashed: {what}.").format(
            number=proposals.number + 1, count=count, what=self._describe(proposals)
        )
        self._row.offer(
            text,
            proposals.contours(session),
            lambda session: take_proposal(session, proposals),
            self._show_next if count > 1 else None,
        )

    def _describe(self, proposals: Proposals) -> str:
        """Which structures an image gets, or how many images of a phase change."""
        if len(proposals.request.slices) > 1:
            session = self._panel.session
            changed = len(proposals.images(session)) if session is not None else 0
            return _("{count} images change").format(count=changed)
        drawn = [label.name for label in reversed(STRUCTURES) if (proposals.labels == label).any()]
        return ", ".join(drawn) or _("no heart")

    def _show_error(self, text: str) -> None:
        self._row.discard()
        self._panel.messages.tell_error(text)
