"""The line of a base plane in the view of a long axis, as one of Slicer's own markups: set by two clicks, then dragged.

It stands for a line of the reading while that is shown: hidden from lists, and not saved with the scene.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from CardiacSegmentationLib.scene.voxels import LPS_TO_RAS

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.stack import Array

FOLLOWED_OPACITY = 0.5  # of a line that the images' motion brought where it is
LINE_THICKNESS, GLYPH_SCALE = 0.4, 2.4


class ValveLine:
    """One line; ``on_set`` hears of the two points (mm, LPS) that a person clicked, or dragged to.

    ``on_end`` hears that clicks set no points any more, by the second one or by Slicer's own way out, the right button.
    """

    def __init__(
        self,
        name: str,
        colour: tuple[float, float, float],
        on_set: Callable[[Array], None],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._name, self._colour, self._on_set, self._on_end = name, colour, on_set, on_end
        self._mode_tag: int | None = None
        self._node: Any = None
        self._is_shown_by_us = False

    @property
    def node(self) -> Any:
        """The markup, or None where nothing is shown or asked for."""
        return self._node

    @property
    def is_asking(self) -> bool:
        """Whether the user's clicks set points."""
        interaction = _interaction()
        return self._node is not None and interaction.GetCurrentInteractionMode() == interaction.Place

    def show(self, scene: Any, view: Any, points_mm: Array, *, is_followed: bool, is_locked: bool) -> None:
        """Show a line ``[2, 3]`` (mm, LPS) in a view."""
        node = self._require_node(scene, view)
        self._is_shown_by_us = True
        try:
            ras = points_mm @ LPS_TO_RAS[:3, :3].T
            node.SetFixedNumberOfControlPoints(False)
            while node.GetNumberOfControlPoints() < 2:
                node.AddControlPointWorld(0.0, 0.0, 0.0)
            for number, point in enumerate(ras.tolist()):
                node.SetNthControlPointPositionWorld(number, *point)
            node.SetFixedNumberOfControlPoints(True)  # the key Delete over an end would take it off the view alone
            node.SetLocked(is_locked)
            node.GetDisplayNode().SetOpacity(FOLLOWED_OPACITY if is_followed else 1.0)
        finally:
            self._is_shown_by_us = False

    def ask(self, scene: Any, view: Any) -> None:
        """Let the user click two points."""
        node = self._require_node(scene, view)
        self._is_shown_by_us = True
        node.SetFixedNumberOfControlPoints(False)
        node.RemoveAllControlPoints()
        self._is_shown_by_us = False
        node.SetLocked(False)
        node.GetDisplayNode().SetOpacity(1.0)
        slicer.modules.markups.logic().SetActiveList(node)
        interaction = _interaction()
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.Place)
        self._mode_tag = interaction.AddObserver(interaction.InteractionModeChangedEvent, self._mode_changed)

    def stop_asking(self) -> None:
        """Clicks are clicks again."""
        interaction = _interaction()
        if self._mode_tag is not None:
            interaction.RemoveObserver(self._mode_tag)
            self._mode_tag = None
        if self._node is not None and self._node.GetNumberOfDefinedControlPoints() < 2 and self.is_asking:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)

    def forget(self) -> None:
        """There is no line here, or the scene closes: the node goes."""
        self.stop_asking()
        node, self._node = self._node, None
        if node is None:
            return
        for tag in self._tags:
            node.RemoveObserver(tag)
        scene, display = node.GetScene(), node.GetDisplayNode()
        if scene is not None:
            scene.RemoveNode(node)
            if display is not None and display.GetScene() is scene:
                scene.RemoveNode(display)

    def _require_node(self, scene: Any, view: Any) -> Any:
        if self._node is not None and self._node.GetScene() is scene:
            return self._node
        self.forget()
        node = slicer.vtkMRMLMarkupsLineNode()
        node.SetName(self._name)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        self._node = node = scene.AddNode(node)
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetSaveWithScene(False)
        display.SetViewNodeIDs([view.GetID()])
        display.SetColor(*self._colour)
        display.SetSelectedColor(*self._colour)
        display.SetPropertiesLabelVisibility(False)
        display.SetPointLabelsVisibility(False)
        display.SetLineThickness(LINE_THICKNESS)
        display.SetGlyphScale(GLYPH_SCALE)
        events = (node.PointPositionDefinedEvent, node.PointEndInteractionEvent)
        self._tags = [node.AddObserver(event, self._points_changed) for event in events]
        return node

    def _mode_changed(self, *_event: Any) -> None:
        if not self.is_asking:
            self._on_end()

    def _points_changed(self, *_event: Any) -> None:
        node = self._node
        if self._is_shown_by_us or node is None or node.GetNumberOfDefinedControlPoints() < 2:
            return
        points = []
        for number in range(2):
            point = [0.0, 0.0, 0.0]
            node.GetNthControlPointPositionWorld(number, point)
            points.append(point)
        self._on_set(np.array(points) @ LPS_TO_RAS[:3, :3])


def _interaction() -> Any:
    return slicer.app.applicationLogic().GetInteractionNode()
