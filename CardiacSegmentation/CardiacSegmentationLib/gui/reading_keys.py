"""Keys for looking: what is drawn over the images, and where to look next. Keys that change labels: ``shortcuts``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from CardiacSegmentationLib.scene.segmentation import toggle_contours, toggle_fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from CardiacSegmentationLib.gui.widget import CardiacPanel


def reading_keys(panel: CardiacPanel) -> dict[str, Callable[[], None]]:
    """Every key and what it does."""
    return {
        "F": partial(_change_display, panel, toggle_fill),
        "H": partial(_change_display, panel, toggle_contours),
        "I": partial(_toggle_interpolation, panel),
        "Esc": panel.let_go,
        "G": panel.go_to_next,
        "V": panel.overview.toggle,
        "Shift+D": lambda: panel.go_to_key_phase("rv_ed"),
        "Shift+S": lambda: panel.go_to_key_phase("rv_es"),
    }


def _change_display(panel: CardiacPanel, change: Callable[[Any], None]) -> None:
    if panel.study is not None and panel.study.segmentation_node is not None:
        change(panel.study.segmentation_node)


def _toggle_interpolation(panel: CardiacPanel) -> None:
    """Smooth images, or their pixels as they are."""
    if panel.study is not None:
        display = panel.study.volume_node.GetDisplayNode()
        display.SetInterpolate(not display.GetInterpolate())
