"""What is done to whole contours of the slice and phase shown, and what is proposed from there for others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.gui.layout import reading_view
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.scene.views import current_phase, current_slice
from CardiacSegmentationLib.segmentation import STRUCTURES, Label
from CardiacSegmentationLib.session import contour_commands as commands
from CardiacSegmentationLib.session import propagation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from CardiacSegmentationLib.contours.propagate import Carried
    from CardiacSegmentationLib.gui.again_panel import AgainPanel
    from CardiacSegmentationLib.gui.proposal_row import ProposalRow
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.segmentation import Place
    from CardiacSegmentationLib.session import StudySession

LEFT = (Label.LV, Label.MYO)
CHOICES = (STRUCTURES, LEFT, (Label.LV,), (Label.MYO,), (Label.RV,))  # in the order of the combo box
STEP_MM, FACTOR = 1.0, 1.05
PREVIOUS_PHASE, NEXT_PHASE, SLICE_ABOVE, SLICE_BELOW = (-1, 0), (1, 0), (0, -1), (0, 1)


class ToolsPanel:
    """One row of menus above the segment editor; what they propose is shown in the row for that."""

    def __init__(self, panel: CardiacPanel, proposal: ProposalRow, again: AgainPanel) -> None:
        self._panel, self._proposal, self._again = panel, proposal, again
        self._build(panel.ui.correctSection.layout())

    def show_study(self) -> None:
        """Another study, or another segmentation of it."""
        self.row.enabled = self._panel.live is not None

    # Commands on the image shown

    def delete(self, structures: Iterable[Label]) -> None:
        """Delete structures here."""
        self._do(lambda session, place: commands.delete_here(session, place, structures))

    def delete_phases(self, structures: Iterable[Label]) -> None:
        """Delete structures in all phases of this slice."""
        self._do(lambda session, place: commands.delete_phases(session, place[1], structures))

    def copy(self, step: tuple[int, int], structures: Iterable[Label] | None = None) -> None:
        """Take structures over from a neighbour: the chosen ones where none are named."""
        self._do(lambda session, place: commands.copy_here(session, place, step, structures or self.chosen))

    def grow(self, by_mm: float) -> None:
        """Grow or shrink the chosen structures."""
        self._do(lambda session, place: commands.grow_here(session, place, self.chosen, by_mm))

    def scale(self, factor: float) -> None:
        """Scale the chosen structures."""
        self._do(lambda session, place: commands.scale_here(session, place, self.chosen, factor))

    def smooth(self) -> None:
        """Smooth the chosen structures."""
        self._do(lambda session, place: commands.smooth_here(session, place, self.chosen))

    def snap(self) -> None:
        """Move the chosen structures to the edges of the image."""
        self._do(lambda session, place: commands.snap_here(session, place, self.chosen))

    # Proposals

    def propagate_phases(self) -> None:
        """Propose what the corrections of this slice make of its other phases."""
        self._propose("Propagate", lambda session, place: propagation.propose_phases(session, place[1]))

    def propagate_between(self) -> None:
        """Propose the phases between the first and the last that the reader corrected."""
        self._propose("Propagate", lambda session, place: propagation.propose_between(session, place[1]))

    def propagate_slices(self) -> None:
        """Propose what the corrections of this phase make of the slices above and below."""
        self._propose(
            "Propagate",
            lambda session, place: propagation.propose_slices(session, place[0], (place[1] - 1, place[1] + 1)),
        )

    def fill_slices(self) -> None:
        """Propose contours for empty slices between others."""
        self._propose("Fill", lambda session, place: propagation.propose_filling(session, phase=place[0]))

    def fill_phases(self) -> None:
        """Propose contours for empty phases between others."""
        self._propose("Fill", lambda session, place: propagation.propose_filling(session, slice_=place[1]))

    def choose_structures(self) -> None:
        """Act on the next choice of structures."""
        self.structures.currentIndex = (self.structures.currentIndex + 1) % len(CHOICES)

    @property
    def chosen(self) -> tuple[Label, ...]:
        """The structures that the row's commands act on."""
        return tuple(CHOICES[self.structures.currentIndex])

    # How

    def _do(self, command: Callable[[StudySession, Place], object]) -> None:
        """A command on the image shown; what cannot be done is said."""
        study, session = self._panel.study, self._panel.session
        view = reading_view(study) if study is not None else None
        if study is not None and session is not None and view is not None:
            with errors_shown(self._panel.messages):
                command(session, (current_phase(study), current_slice(study, view)))

    def _propose(self, tool: str, find: Callable[[StudySession, Place], Carried[Place]]) -> None:
        def show(session: StudySession, place: Place) -> None:
            found = find(session, place)
            text = _("{count} images would change; they are shown dashed.").format(count=len(found))
            if len(found) == 1:
                text = _("One image would change; it is shown dashed.")
            elif not found:
                text = _("No image would change.")
            text = f"{text} {propagation.describe_proposal(session, found, language())}".strip()
            asked_about = session.segmentation

            def take(session: StudySession) -> None:
                if session.segmentation is not asked_about:  # undone, or corrected further
                    raise ContourError.of("proposal-outdated")
                propagation.take(session, found, tool)

            self._proposal.offer(text, found, take if found else None)

        self._proposal.discard()
        self._do(show)

    def _build(self, layout: Any) -> None:
        self.row, self.structures = qt.QWidget(), qt.QComboBox()
        for text in (_("LV, MYO, RV"), _("LV and MYO"), _("LV"), _("MYO"), _("RV")):
            self.structures.addItem(text)
        self.structures.toolTip = _("What copying, growing, smoothing and so on act on: on the image shown only (X).")
        row = qt.QHBoxLayout(self.row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.structures)
        for text, tip, actions in self._menus():
            row.addWidget(self._menu_button(text, tip, actions))
        layout.insertWidget(layout.indexOf(self._proposal.row), self.row)

    def _menus(self) -> Sequence[tuple[str, str, dict[str, Callable[[], object]]]]:
        return (
            (
                _("Delete"),
                _("Delete structures in the image shown, or in all phases of its slice."),
                {
                    _("RV here (R)"): partial(self.delete, (Label.RV,)),
                    _("LV and myocardium here (L)"): partial(self.delete, LEFT),
                    _("RV in all phases of this slice (Shift+R)"): partial(self.delete_phases, (Label.RV,)),
                    _("LV and myocardium in all phases of this slice (Shift+L)"): partial(self.delete_phases, LEFT),
                },
            ),
            (
                _("Copy"),
                _("Take the structures chosen over from a neighbouring image."),
                {
                    _("From previous phase (C)"): partial(self.copy, PREVIOUS_PHASE),
                    _("From next phase (Shift+C)"): partial(self.copy, NEXT_PHASE),
                    _("From slice above (B)"): partial(self.copy, SLICE_ABOVE),
                    _("From slice below (N)"): partial(self.copy, SLICE_BELOW),
                },
            ),
            (
                _("Change"),
                _("Change whole contours of the structures chosen, in the image shown."),
                {
                    _("Grow by 1 mm (+)"): partial(self.grow, STEP_MM),
                    _("Shrink by 1 mm (-)"): partial(self.grow, -STEP_MM),
                    _("Enlarge by 5 %"): partial(self.scale, FACTOR),
                    _("Reduce by 5 %"): partial(self.scale, 1.0 / FACTOR),
                    _("Smooth (M)"): self.smooth,
                    _("Snap to edges (E)"): self.snap,
                },
            ),
            (
                _("Again"),
                _("Let the network look again; what it sees is shown first. A click or a box says where (9)."),
                {
                    _("Segment this slice again; next proposal (A)"): self._again.slice,
                    _("Segment this phase again; next proposal (Shift+A)"): self._again.phase,
                },
            ),
            (
                _("Propagate"),
                _("Carry what you corrected to other images; those you corrected yourself stay as they are."),
                {
                    _("To all phases (T)"): self.propagate_phases,
                    _("To the phases between"): self.propagate_between,
                    _("To the slices above and below"): self.propagate_slices,
                    _("Fill empty slices"): self.fill_slices,
                    _("Fill empty phases"): self.fill_phases,
                },
            ),
        )

    def _menu_button(self, text: str, tip: str, actions: dict[str, Callable[[], object]]) -> Any:
        button = qt.QToolButton()
        menu = qt.QMenu(button)
        button.text, button.toolTip = text, tip
        button.popupMode = qt.QToolButton.InstantPopup
        for name, action in actions.items():
            menu.addAction(name).connect("triggered()", action)
        button.setMenu(menu)
        return button
