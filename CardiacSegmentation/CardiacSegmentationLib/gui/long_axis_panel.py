"""Long axes beside the short one, and the base planes that are set on them: two clicks at ED and at ES."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ctk
import qt
from slicer.i18n import tr as _

from CardiacSegmentationLib.analysis.base_plane import lines_at
from CardiacSegmentationLib.gui.layout import long_axis_view, show_layout, show_long_axis, zoom_to_heart
from CardiacSegmentationLib.gui.long_axis_lines import LongAxisLines
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.gui.timers import Timer
from CardiacSegmentationLib.scene.long_axes import choose_long_axis, chosen_long_axis, long_axes_of
from CardiacSegmentationLib.scene.valve_line import ValveLine
from CardiacSegmentationLib.scene.views import current_phase
from CardiacSegmentationLib.segmentation import VENTRICLES, Label
from CardiacSegmentationLib.session.base_planes import set_base_line

if TYPE_CHECKING:
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.stack import Array

USUAL = "4CH"  # shown first where there is one: both valves are on it
COLOURS = {Label.LV: (1.0, 0.9, 0.2), Label.RV: (0.3, 1.0, 1.0)}  # brighter than the contours they lie on


class LongAxisPanel:
    """Which long axis is shown, its lines, and the base planes."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel = panel
        self._long_axes: dict[str, LongAxis] = {}
        self._lines = LongAxisLines()
        self._valves = {
            label: ValveLine(f"Base plane {label.name}", COLOURS[label], partial(self._clicked, label), self._ended)
            for label in VENTRICLES
        }
        self._asked: Label | None = None
        self._set: tuple[Label, int, Array] | None = None  # what was clicked and is to be taken in: ventricle, phase
        self._take_timer = Timer(0, self._take)  # when the event that told of the click is over
        self._build(panel.ui.correctSection.layout())

    # What the panel tells

    def take_study(self, study: Study | None) -> None:
        """Another study is at hand: read its long axes and make room for one."""
        self._long_axes = long_axes_of(study) if study is not None else {}
        names = ["", *self._long_axes]
        self.which.blockSignals(True)
        self.which.clear()
        for name in names:
            self.which.addItem(name or _("none"))
        self.which.currentIndex = names.index(self._first_name(study))
        self.which.blockSignals(False)
        self.box.collapsed = not self._long_axes
        if study is not None:
            show_layout(with_long_axis=self.shown is not None)

    def show_study(self) -> None:
        """Views are new: put the long axis into its own."""
        study, shown = self._panel.study, self.shown
        if study is not None:
            show_long_axis(study, shown)
        self._lines.show(study, shown)
        self.show_numbers()

    def show_numbers(self) -> None:
        """Phase, labels or decisions are others now."""
        live, shown, view = self._panel.live, self.shown, long_axis_view()
        self.box.enabled = live is not None
        for button in self.buttons.values():
            button.enabled = shown is not None and live is not None and not live.session.is_signed
        self.remove_button.enabled = bool(self._removable())
        self.status.text = self.box.toolTip = self._status()
        for label, valve in self._valves.items():
            if label is self._asked:
                continue
            lines = live.session.reading.lines_of(label, shown.name) if live is not None and shown is not None else ()
            if live is None or view is None or not lines:
                valve.forget()
                continue
            phase = current_phase(live.study)
            own = next((line for line in lines if line.phase == phase), None)
            points = lines_at(live.session.stack, lines)[phase]
            is_followed = own is None or own.is_followed
            valve.show(
                live.study.node.GetScene(), view, points, is_followed=is_followed, is_locked=live.session.is_signed
            )

    def forget(self) -> None:
        """The scene closes, or the panel goes."""
        self._stop_asking()
        self._lines.forget()
        for valve in self._valves.values():
            valve.forget()
        self._long_axes = {}

    def clean_up(self) -> None:
        """The module is unloaded."""
        self.forget()
        self._take_timer.end()

    def exit(self) -> None:
        """The module goes out of view."""
        self._stop_asking()

    @property
    def shown(self) -> LongAxis | None:
        """The long axis in its view."""
        return list(self._long_axes.values())[self.which.currentIndex - 1] if self.which.currentIndex > 0 else None

    # What the user does

    def choose(self, index: int) -> None:
        """Show another long axis, or none."""
        study = self._panel.study
        if study is None:
            return
        self._stop_asking()
        choose_long_axis(study, self.shown.name if self.shown is not None else "")
        show_layout(with_long_axis=self.shown is not None)
        for valve in self._valves.values():
            valve.forget()
        self.show_study()
        if self._panel.live is not None and index > 0:
            zoom_to_heart(study, self._panel.live.session.segmentation.labels)

    def ask(self, label: Label) -> None:
        """Let the user click both ends of a valve in the phase shown; asking again ends that."""
        was_asked = self._asked
        self._stop_asking()
        study, view = self._panel.study, long_axis_view()
        if was_asked is label or study is None or view is None or self.shown is None:
            self.show_numbers()
            return
        self._asked = label
        self.buttons[label].checked = True
        self._valves[label].ask(study.node.GetScene(), view)
        self.status.text = self._status()

    def let_go(self) -> bool:
        """Clicks set no valve any more; false where none was asked for."""
        if self._asked is None:
            return False
        self._stop_asking()
        self.show_numbers()
        return True

    def remove(self, label: Label) -> None:
        """Take the base plane of a ventricle away."""
        session = self._panel.session
        if session is not None:
            with errors_shown(self._panel.messages):
                session.remove_base_plane(label)

    # How

    def _ended(self) -> None:
        self._take_timer.start()

    def _clicked(self, label: Label, points_mm: Array) -> None:
        if self._panel.study is not None:
            self._set = (label, current_phase(self._panel.study), points_mm)
            self._take_timer.start()

    def _take(self) -> None:
        """Take in the two points that were clicked or dragged to; what cannot be a base is said, and goes back."""
        session, shown, clicked = self._panel.session, self.shown, self._set
        self._set = None
        self._stop_asking()
        if session is not None and shown is not None and clicked is not None:
            label, phase, points_mm = clicked
            with errors_shown(self._panel.messages):
                set_base_line(session, label, shown, phase, points_mm.tolist())
        self.show_numbers()

    def _stop_asking(self) -> None:
        label, self._asked = self._asked, None
        if label is not None:
            self._valves[label].stop_asking()
        for button in self.buttons.values():
            button.checked = False

    def _first_name(self, study: Study | None) -> str:
        chosen = chosen_long_axis(study) if study is not None else None
        if chosen in ("", *self._long_axes):
            return chosen
        return next((name for name in self._long_axes if name.startswith(USUAL)), next(iter(self._long_axes), ""))

    def _removable(self) -> list[Label]:
        live = self._panel.live
        if live is None or live.session.is_signed:
            return []
        return [label for label in VENTRICLES if label in live.session.reading.base_planes]

    def _status(self) -> str:
        """What is set, and what to do next."""
        live = self._panel.live
        if self._asked is not None:
            return _("Click both ends of the valve in the view of the long axis.")
        parts = [self._describe(label) for label in map(Label, live.session.reading.base_planes)] if live else []
        if not self._long_axes:
            parts.append(_("No long-axis cines came with this study: base planes cannot be set."))
        elif not parts:
            parts.append(_("Set the valve at ED and at ES; the images' motion carries it between."))
        return " ".join(parts) if self._panel.study is not None else ""

    def _describe(self, label: Label) -> str:
        """Where a base plane was set, and where it should be, too."""
        live = self._panel.live
        lines = [line for line in live.session.reading.lines_of(label) if not line.is_followed] if live else []
        phases = {line.phase for line in lines}
        text = _("{structure}: set on {views}, phase {phases}.").format(
            structure=label.name,
            views=", ".join(sorted({line.view for line in lines})),
            phases=", ".join(str(phase + 1) for phase in sorted(phases)),
        )
        missing = self._missing_moment(label, phases)
        return f"{text} {_('Set it at {moment} too.').format(moment=missing)}" if missing else text

    def _missing_moment(self, label: Label, phases: set[int]) -> str:
        live = self._panel.live
        if live is None:
            return ""
        key = live.assessment.key_phases
        moments = {name: getattr(key, f"{label.name.lower()}_{name}") for name in ("ed", "es")}
        return next((name.upper() for name, phase in moments.items() if phase is not None and phase not in phases), "")

    def _fill_menu(self) -> None:
        self._menu.clear()
        for label in self._removable():
            self._menu.addAction(_names()[label]).connect("triggered()", partial(self.remove, label))

    def _build(self, layout: Any) -> None:
        self.box = ctk.ctkCollapsibleGroupBox()
        self.box.title = _("Long axes and base plane")
        inside = qt.QVBoxLayout(self.box)
        row = qt.QHBoxLayout()
        self.which = qt.QComboBox()
        self.which.toolTip = _("The long axis beside the short one. The line of the slice shown stands out on it.")
        row.addWidget(qt.QLabel(_("Long axis:")))
        row.addWidget(self.which)
        self.buttons: dict[Label, Any] = {}
        for label, name in _names().items():
            button = self.buttons[label] = qt.QPushButton(name)
            button.checkable = True
            button.toolTip = _("Click both ends of the valve in the phase shown. The ends can be dragged afterwards.")
            button.connect("clicked()", partial(self.ask, label))
            row.addWidget(button)
        self.remove_button = qt.QToolButton()
        self._menu = qt.QMenu(self.remove_button)
        self.remove_button.text = _("Remove")
        self.remove_button.toolTip = _("Take a base plane away; then the basal rule holds again.")
        self.remove_button.popupMode = qt.QToolButton.InstantPopup
        self.remove_button.setMenu(self._menu)
        self._menu.connect("aboutToShow()", self._fill_menu)
        row.addWidget(self.remove_button)
        row.addStretch(1)
        inside.addLayout(row)
        self.status = qt.QLabel()
        self.status.wordWrap = True
        inside.addWidget(self.status)
        layout.insertWidget(layout.indexOf(self._panel.ui.editor) + 1, self.box)
        self.which.connect("currentIndexChanged(int)", self.choose)


def _names() -> dict[Label, str]:
    return {Label.LV: _("Mitral"), Label.RV: _("Tricuspid")}
