"""Volumes over the beat as a control: a click goes to the phase, ED and ES are dragged to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import qt
from slicer.i18n import tr as _

from CardiacSegmentationLib.export.wording import number_text
from CardiacSegmentationLib.gui.curve_axes import BOTTOM, FLAG_WIDTH, LEFT, RIGHT, ROW, axes_of, row_of, ventricle_of
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.scene.views import current_phase
from CardiacSegmentationLib.segmentation import VENTRICLES, Label
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from CardiacSegmentationLib.gui.curve_axes import CurveAxes
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.segmentation import FloatArray

HEIGHT = 210  # pixels
WIDTHS = {Label.MYO: 1, Label.RV: 2, Label.LV: 2}  # of the lines, in the order of drawing
DIAMOND = 5
TIME_WIDTH = 150  # of phase and time below the line
CENTRE, TO_THE_LEFT, TO_THE_RIGHT = 0x84, 0x81, 0x82  # of Qt.Alignment: drawText wants it as a number
ON_FLAG = (0, 0, 0)  # reads well on both ventricles' colours


class Curve(qt.QWidget):  # type: ignore[misc]
    """Painted from the assessment at hand whenever ``update()`` was called; the keys stay the panel's."""

    def __init__(self, panel: CardiacPanel) -> None:
        super().__init__()
        self._panel: CardiacPanel | None = panel
        self._is_pressed = False
        self._held: str | None = None  # the mark being dragged, and the phase it is over
        self._over = 0
        self.objectName = "CardiacCurve"
        self.setFixedHeight(HEIGHT)
        self.setMouseTracking(True)  # for the tip and the cursor
        panel.ui.resultsSection.layout().insertWidget(0, self)

    def let_go(self) -> None:
        """Another study: a mark in hand was not one of its."""
        self._is_pressed, self._held = False, None

    def cancel(self) -> bool:
        """Let go of the mark in hand, which stays where it was; false where none is."""
        held, axes = self._held, self._axes()
        self.let_go()
        if held is None or axes is None:
            return False
        self._go_to(axes.marks[held])
        return True

    def clean_up(self) -> None:
        """The module is unloaded."""
        self._panel = None
        self.setParent(None)
        self.deleteLater()

    def paintEvent(self, _event: Any) -> None:  # noqa: N802 - Qt's name
        """Qt asks for the picture."""
        axes = self._axes()
        painter = qt.QPainter()
        painter.begin(self)
        if axes is not None and self._panel is not None and self._panel.live is not None:
            self._paint_scale(painter, axes, current_phase(self._panel.live.study))
            painter.setRenderHint(qt.QPainter.Antialiasing)
            for label, width in WIDTHS.items():
                if label in axes.automatic:
                    _draw_line(painter, axes, axes.automatic[label], label, width, dashed=True)
                _draw_line(painter, axes, axes.lines[label], label, width)
            for name, phase in axes.marks.items():
                self._paint_mark(painter, axes, name, self._over if name == self._held else phase)
        painter.end()

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """To the phase under the mouse; a mark there is taken in hand."""
        axes = self._axes()
        if axes is None or event.button() != qt.Qt.LeftButton:
            return
        x, y = _place_of(event)
        self._is_pressed, self._held = True, axes.mark_at(x, y)
        self._go_to(axes.phase_at(x) if self._held is None else axes.marks[self._held])

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Phases follow the mouse while it is pressed; else the tip says what is under it."""
        axes = self._axes()
        if axes is None:
            return
        x, y = _place_of(event)
        mark = axes.mark_at(x, y)
        phase = axes.phase_at(x)
        if self._is_pressed:
            if phase != self._over:
                self._go_to(phase)
            return
        self.setCursor(qt.QCursor(qt.Qt.ArrowCursor if mark is None else qt.Qt.SizeHorCursor))
        self.toolTip = _tip(axes, phase, mark)

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """A mark that was dragged to another phase is decided there, as one step of undo."""
        if event.button() != qt.Qt.LeftButton:
            return
        held, axes = self._held, self._axes()
        self.let_go()
        if held is not None and axes is not None and axes.marks.get(held) != self._over:
            self._decide(held, self._over)
        self.update()

    def _decide(self, mark: str, phase: int) -> None:
        session = self._panel.session if self._panel is not None else None
        if self._panel is not None and session is not None:
            with errors_shown(self._panel.messages):  # a signed reading refuses
                session.set_key_phases(**{mark: phase})

    def _go_to(self, phase: int) -> None:
        self._over = phase
        if self._panel is not None:
            self._panel.go_to(None, phase)
        self.update()

    def _axes(self) -> CurveAxes | None:
        live = self._panel.live if self._panel is not None else None
        return None if live is None else axes_of(live.assessment, self.width, self.height)

    def _paint_scale(self, painter: Any, axes: CurveAxes, phase: int) -> None:
        """The scale in ml and g, the times, the names of the rows, and a line at the phase on display."""
        text, quiet = self.palette.color(qt.QPalette.Text), self.palette.color(qt.QPalette.Mid)
        painter.fillRect(0, 0, axes.width, axes.height, self.palette.color(qt.QPalette.Base))
        bottom = axes.height - BOTTOM
        for amount in range(0, int(axes.highest) + 1, axes.step):
            y = round(axes.y(amount))
            painter.setPen(quiet)
            painter.drawLine(LEFT - 4, y, axes.width - RIGHT + 4, y)
            painter.setPen(text)
            painter.drawText(0, y - 8, LEFT - 7, 16, TO_THE_RIGHT, str(amount))
        painter.drawText(0, bottom + 2, LEFT, 14, CENTRE, _("ml, g"))
        x, text_width = round(axes.x(phase)), TIME_WIDTH
        painter.drawLine(x, axes.top, x, bottom)
        left = min(max(x - text_width // 2, LEFT + 8), axes.width - text_width - 2)
        side = TO_THE_LEFT if left > x - text_width // 2 else TO_THE_RIGHT if left < x - text_width // 2 else CENTRE
        painter.drawText(left, bottom + 2, text_width, 14, side, _time_text(axes, phase))
        for label in VENTRICLES:
            painter.setPen(_colour(label))
            painter.drawText(0, row_of(label), LEFT - 14, ROW, CENTRE, label.name)
        mass = axes.points(axes.lines[Label.MYO])
        if mass:
            painter.setPen(_colour(Label.MYO))
            painter.drawText(axes.width - 120, round(mass[-1][1]) - 17, 112, 16, TO_THE_RIGHT, _("mass"))

    def _paint_mark(self, painter: Any, axes: CurveAxes, name: str, phase: int) -> None:
        """A flag in the ventricle's row, and a diamond on its curve."""
        ventricle = ventricle_of(name)
        x, top, colour = round(axes.x(phase)), row_of(ventricle), _colour(ventricle)
        painter.fillRect(x - FLAG_WIDTH // 2, top + 1, FLAG_WIDTH, ROW - 2, colour)
        painter.setPen(qt.QColor(*ON_FLAG))
        painter.drawText(x - FLAG_WIDTH // 2, top, FLAG_WIDTH, ROW, CENTRE, name[3:].upper())
        amount = float(axes.lines[ventricle][phase])
        if not np.isfinite(amount):
            return
        y = axes.y(amount)
        pen = qt.QPen()
        pen.setColor(colour)
        pen.setStyle(qt.Qt.DotLine)
        painter.setPen(pen)
        painter.drawLine(x, top + ROW, x, round(y))
        corners = [(x, y - DIAMOND), (x + DIAMOND, y), (x, y + DIAMOND), (x - DIAMOND, y)]
        painter.fillPath(_path(corners), qt.QBrush(colour))


def _place_of(event: Any) -> tuple[float, float]:
    place = event.position() if hasattr(event, "position") else event.pos()  # Qt 6, Qt 5
    return place.x(), place.y()


def _draw_line(
    painter: Any, axes: CurveAxes, line: FloatArray, label: Label, width: int, *, dashed: bool = False
) -> None:
    """A curve; a dot at each phase where it is the one that counts."""
    points = axes.points(line)
    if not points:
        return
    pen, colour = qt.QPen(), _colour(label)
    pen.setColor(colour)
    pen.setWidth(1 if dashed else width)
    pen.setStyle(qt.Qt.DashLine if dashed else qt.Qt.SolidLine)
    painter.setPen(pen)
    painter.drawPath(_path(points))
    if not dashed:
        dots = qt.QPainterPath()
        for x, y in points:
            dots.addRect(x - width, y - width, 2 * width, 2 * width)
        painter.fillPath(dots, qt.QBrush(colour))


def _path(points: Sequence[tuple[float, float]]) -> Any:
    path = qt.QPainterPath()
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    return path


def _colour(label: Label) -> Any:
    return qt.QColor(*BY_LABEL[label].color_rgb)


def _tip(axes: CurveAxes, phase: int, mark: str | None) -> str:
    """The phase under the mouse, its time and amounts; the automatic ones where they were others."""
    lines = [_time_text(axes, phase), _amounts(axes.lines, phase)]
    if axes.automatic:
        lines.append(_("Automatic: {amounts}").format(amounts=_amounts({**axes.lines, **axes.automatic}, phase)))
    if mark is not None:
        lines.append(_("Drag: set {mark}").format(mark=mark.upper().replace("_", " ")))
    return "\n".join(lines)


def _time_text(axes: CurveAxes, phase: int) -> str:
    time = f"{axes.times_ms[phase]:.0f}"
    return _("Phase {phase} of {count}, {time} ms").format(phase=phase + 1, count=len(axes.times_ms), time=time)


def _amounts(lines: Mapping[Label, FloatArray], phase: int) -> str:
    texts = {
        label.name.lower(): number_text(f"{line[phase]:.1f}", language()) if np.isfinite(line[phase]) else "–"
        for label, line in lines.items()
    }
    return _("LV {lv} ml, RV {rv} ml, mass {myo} g").format(**texts)
