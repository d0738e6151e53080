"""All images at a glance, over the views: contours, doubts, what was looked at; a click leads to an image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import qt
import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.export.montage import best_columns
from CardiacSegmentationLib.findings import describe
from CardiacSegmentationLib.gui.layout import reading_view
from CardiacSegmentationLib.gui.slice_table import SEEN
from CardiacSegmentationLib.gui.tiles import TilePainter, gravest_doubt
from CardiacSegmentationLib.gui.timers import Timer
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.scene.views import current_phase, current_slice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.gui.tiles import Picture
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.segmentation import Place

LEAST_TILE, LARGEST_TILE = 88, 300  # pixels
BAR_HEIGHT, HEADER_WIDTH, PADDING = 44, 84, 8
CAPTION, SHADOW = qt.QColor(255, 230, 128), qt.QColor(0, 0, 0)
HERE = qt.QColor(255, 255, 255)
PAUSE_MS = 150  # between the last step of a resize and the images in their new size


class _Cover(qt.QWidget):  # type: ignore[misc]
    """A widget over another one; ``resized`` hears when that has another size."""

    def __init__(self, covered: Any, resized: Callable[[], None]) -> None:
        super().__init__(covered)
        self._covered, self._resized = covered, resized
        covered.installEventFilter(self)

    def fit(self) -> None:
        """Take the size of what is covered."""
        self.setGeometry(0, 0, self._covered.width, self._covered.height)

    def eventFilter(self, _covered: Any, event: Any) -> bool:  # noqa: N802 - Qt's name
        """Qt tells what happens to what is covered; it happens all the same."""
        if event.type() == qt.QEvent.Resize:
            self._resized()
        return False


class Overview:
    """A montage that covers the views while it is shown; it follows the labels, the decisions and what is looked at."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel = panel
        self._box: Any = None
        self._painter: TilePainter | None = None  # while it is shown
        self._cells: dict[tuple[int, int], Place] = {}  # by row and column of the table
        self._side = 0
        self._later = Timer(0, self._fill)  # several changes in a row are one
        self._resized = Timer(PAUSE_MS, self._arrange)
        button = panel.ui.overviewButton
        button.connect("clicked(bool)", lambda _on: self.toggle())

    @property
    def is_shown(self) -> bool:
        """Whether it covers the views now."""
        return self._painter is not None

    def toggle(self) -> None:
        """Cover the views, or give them free."""
        if self.is_shown:
            self.hide()
        elif self._panel.live is not None and slicer.app.layoutManager() is not None:
            self._show()
        self._panel.ui.overviewButton.checked = self.is_shown

    def hide(self) -> None:
        """Give the views free."""
        self._later.stop()
        self._resized.stop()
        if self._box is not None:
            self._box.hide()
        self._painter = None
        self._panel.ui.overviewButton.checked = False

    def update(self, images: Iterable[Place] = ()) -> None:
        """Something changed: the contours of these images, decisions, what was looked at, or the image on display."""
        if not self.is_shown:
            return
        if self._panel.live is None:
            self.hide()
            return
        if self._painter is not None:
            self._painter.forget(images)
        self._later.start()

    def clean_up(self) -> None:
        """The module is unloaded."""
        self.exit()
        self._later.end()
        self._resized.end()

    def exit(self) -> None:
        """The module goes out of view. When Slicer ends, the views and all that lies over them go after that."""
        self.hide()
        if self._box is not None:
            self._box.setParent(None)
            self._box.deleteLater()
            self._box = None

    def _show(self) -> None:
        if self._box is None:
            self._build(slicer.app.layoutManager().viewport())
        self._box.fit()
        self._arrange()
        self._box.show()
        self._box.raise_()

    def _views_resized(self) -> None:
        if self.is_shown:
            self._box.fit()
            self._resized.start()

    def _arrange(self) -> None:
        """Rows of images: as large as they fit for ED and ES, a row for each phase where all are wanted."""
        live = self._panel.live
        if live is None:
            return
        shows_all = self.which.currentIndex == 1
        phases = _all_phases(live.assessment) if shows_all else _key_phases(live.assessment)
        slices = live.session.stack.slices
        width = self._box.width - HEADER_WIDTH - 2 * PADDING
        height = self._box.height - BAR_HEIGHT
        columns, side = _arrangement(slices, len(phases), width, height, shows_all)
        if side != self._side or self._painter is None:
            self._side, self._painter = side, TilePainter(live.session, side)
        per_phase = math.ceil(slices / columns)
        self._cells = {
            (number * per_phase + slice_ // columns, slice_ % columns): (phase, slice_)
            for number, phase in enumerate(phases)
            for slice_ in range(slices)
        }
        self.table.clear()
        self.table.setRowCount(len(phases) * per_phase)
        self.table.setColumnCount(columns)
        headings = [text for name in phases.values() for text in (name, *[""] * (per_phase - 1))]
        self.table.setVerticalHeaderLabels(headings)
        self.table.setIconSize(qt.QSize(side, side))
        for row in range(self.table.rowCount):
            self.table.setRowHeight(row, side + PADDING)
        for column in range(columns):
            self.table.setColumnWidth(column, side + PADDING)
        self._fill()

    def _fill(self) -> None:
        """Paint every image as it is now."""
        live, painter = self._panel.live, self._painter
        if live is None or painter is None or live.study.browser.GetPlaybackActive():
            return
        view = reading_view(live.study)
        here = (current_phase(live.study), current_slice(live.study, view)) if view is not None else None
        looked_at, slices = live.session.reading.looked_at, live.session.stack.slices
        for (row, column), place in self._cells.items():
            item = self.table.item(row, column)
            if item is None:
                item = qt.QTableWidgetItem()
                item.setFlags(qt.Qt.ItemIsEnabled)
                self.table.setItem(row, column, item)
            end = {0: _("base"), slices - 1: _("apex")}.get(place[1], "")
            caption = " ".join(part for part in (str(place[1] + 1), end, SEEN if place in looked_at else "") if part)
            item.setIcon(qt.QIcon(_pixmap(painter.paint(place), caption, is_here=place == here)))
            doubt = gravest_doubt(live.assessment, place)
            item.setToolTip(describe(doubt, language()) if doubt is not None else "")

    def _clicked(self, row: int, column: int) -> None:
        place = self._cells.get((row, column))
        if place is not None:
            self.hide()
            self._panel.go_to(place[1], place[0])

    def _build(self, views: Any) -> None:
        self._box, self.which, self.table = _Cover(views, self._views_resized), qt.QComboBox(), qt.QTableWidget()
        self._box.objectName = "CardiacOverview"
        self._box.autoFillBackground = True
        for text in (_("ED and ES"), _("All phases")):
            self.which.addItem(text)
        self.which.connect("currentIndexChanged(int)", lambda _index: self._arrange())
        legend = qt.QLabel(
            _("Click: go there. Frame: a doubt. {seen}: looked at. Dashed, dimmed: does not count.").format(seen=SEEN)
        )
        legend.wordWrap = True
        close = qt.QPushButton(_("Back to the views (V)"))
        close.connect("clicked()", self.hide)
        bar = qt.QHBoxLayout()
        bar.addWidget(self.which)
        bar.addWidget(legend, 1)
        bar.addWidget(close)
        self.table.horizontalHeader().setVisible(False)
        self.table.verticalHeader().setFixedWidth(HEADER_WIDTH)
        self.table.showGrid = False
        self.table.styleSheet = "QTableWidget { background: black; }"
        self.table.setFocusPolicy(qt.Qt.NoFocus)  # the keys are the panel's
        self.table.connect("cellClicked(int,int)", self._clicked)
        lines = qt.QVBoxLayout(self._box)
        lines.setContentsMargins(PADDING // 2, PADDING // 2, PADDING // 2, PADDING // 2)
        lines.addLayout(bar)
        lines.addWidget(self.table, 1)


def _key_phases(assessment: Assessment) -> dict[int, str]:
    """The phases that numbers are taken from, and what they are."""
    names: dict[int, list[str]] = {}
    for moment in ("ed", "es"):
        for side in ("lv", "rv"):
            phase = getattr(assessment.key_phases, f"{side}_{moment}")
            if phase is not None:
                names.setdefault(phase, []).append(f"{side.upper()} {moment.upper()}")
    return {phase: "\n".join([*found, _("phase {number}").format(number=phase + 1)]) for phase, found in names.items()}


def _all_phases(assessment: Assessment) -> dict[int, str]:
    key = _key_phases(assessment)
    return {
        phase: key.get(phase, _("phase {number}").format(number=phase + 1)) for phase in range(len(assessment.times_ms))
    }


def _arrangement(slices: int, phases: int, width: int, height: int, shows_all: bool) -> tuple[int, int]:
    """How many images stand side by side, and how large they are."""
    if shows_all or not phases:
        columns, fits = slices, width // slices
    else:
        columns = best_columns(slices, width, height / phases)
        fits = min(width // columns, int(height / phases / math.ceil(slices / columns)))
    return columns, min(max(fits - PADDING, LEAST_TILE), LARGEST_TILE)


def _pixmap(picture: Picture, caption: str, *, is_here: bool) -> Any:
    """The picture for Qt, with its caption; a white frame inside says that it is the one on display."""
    rows, columns, _colours = picture.shape
    pixmap = qt.QPixmap()
    pixmap.loadFromData(f"P6 {columns} {rows} 255\n".encode() + picture.tobytes(), "PPM")
    painter = qt.QPainter()
    painter.begin(pixmap)
    for x, y, colour in ((6, 18, SHADOW), (8, 18, SHADOW), (7, 17, SHADOW), (7, 19, SHADOW), (7, 18, CAPTION)):
        painter.setPen(colour)
        painter.drawText(x, y, caption)
    if is_here:
        painter.setPen(HERE)
        painter.drawRect(4, 4, columns - 9, rows - 9)
    painter.end()
    return pixmap
