"""Tools on contours for every segment editor of Slicer: Pull, Push, Points, Redraw; Again, which asks the network.

Slicer takes the name of this folder for the name of a Python module, and looks there for the effects' classes: so the
folder is a package of its own, which has them all.
"""

from __future__ import annotations

from pathlib import Path

from CardiacSegmentationEffects.SegmentEditorAgainEffect import SegmentEditorAgainEffect
from CardiacSegmentationEffects.SegmentEditorPointsEffect import SegmentEditorPointsEffect
from CardiacSegmentationEffects.SegmentEditorPullEffect import SegmentEditorPullEffect
from CardiacSegmentationEffects.SegmentEditorPushEffect import SegmentEditorPushEffect
from CardiacSegmentationEffects.SegmentEditorRedrawEffect import SegmentEditorRedrawEffect

EFFECTS = {
    "Pull": SegmentEditorPullEffect,
    "Push": SegmentEditorPushEffect,
    "Points": SegmentEditorPointsEffect,
    "Redraw": SegmentEditorRedrawEffect,
    "Again": SegmentEditorAgainEffect,
}
__all__ = [
    "EFFECTS",
    "SegmentEditorAgainEffect",
    "SegmentEditorPointsEffect",
    "SegmentEditorPullEffect",
    "SegmentEditorPushEffect",
    "SegmentEditorRedrawEffect",
    "register",
]


def register() -> None:
    """Tell Slicer of the tools, once: a second registration is refused, and the instance would stay behind."""
    import qSlicerSegmentationsEditorEffectsPythonQt
    import slicer

    factory = slicer.qSlicerSegmentEditorEffectFactory.instance()
    known = {effect.name for effect in factory.registeredEffects()}
    for name in EFFECTS:
        if name not in known:
            effect = qSlicerSegmentationsEditorEffectsPythonQt.qSlicerSegmentEditorScriptedEffect(None)
            effect.setPythonSource((Path(__file__).parent / f"SegmentEditor{name}Effect.py").as_posix())
            effect.self().register()
