"""Phantoms whose slices lie anywhere, and the lines of their true base planes on the long axes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.phantom.geometry import (
    DOWN,
    RIGHT,
    in_chest,
    long_axis_views,
    short_axis_views,
    stack_affine,
)
from CardiacSegmentationLib.phantom.heart import beating_heart
from CardiacSegmentationLib.phantom.image import label_plane
from CardiacSegmentationLib.reading import BaseLine
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.stack import CineStack

if TYPE_CHECKING:
    from CardiacSegmentationLib.phantom import PhantomSpec
    from CardiacSegmentationLib.phantom.heart import Heart

ANGLES = {"2CH": 80, "3CH": 48, "4CH": 5}  # of the phantom's views: degrees from the image's right
SPANS_MM = {Label.LV: (-15.0, 15.0), Label.RV: (-58.0, -36.0)}  # of the valves, to the right of the LV's axis


def shifted_phantom(spec: PhantomSpec, shift: float) -> tuple[CineStack, Segmentation, Heart]:
    """A phantom whose slices begin by ``shift`` slice spacings higher, its true labels, and the heart itself."""
    heart = beating_heart(spec)
    heart = replace(heart, slices_above=heart.slices_above + shift)  # type: ignore[arg-type]
    views = short_axis_views(spec, heart)
    labels = np.stack([label_plane(view, spec, heart) for view in views], axis=1)
    stack = CineStack(
        voxels=np.zeros(labels.shape, np.uint16), affine=stack_affine(views), times_ms=spec.times_ms, rr_ms=spec.rr_ms
    )
    return stack, Segmentation.of(labels), heart


def true_line(
    spec: PhantomSpec, heart: Heart, label: Label, phase: int, *, view: str = "4CH", tilt_deg: float = 0.0
) -> BaseLine:
    """The line of a ventricle's true base plane on a long axis; ``tilt_deg`` turns it in that image."""
    angle = math.radians(ANGLES[view])
    solid = heart.rv if label == Label.RV else heart.cavity
    points = []
    for along in SPANS_MM[label]:
        out, deeper = (
            along * math.cos(math.radians(tilt_deg)),
            along * math.sin(math.radians(tilt_deg)),
        )
        depth = float(solid.base_mm[phase]) + deeper
        x, y, z = in_chest(out * math.cos(angle), out * math.sin(angle), depth, spec)
        points.append((float(x), float(y), float(z)))
    normal = long_axis_views(spec, heart)[view.lower()].normal
    assert abs(normal @ (math.cos(angle) * RIGHT + math.sin(angle) * DOWN)) < 1e-9
    return BaseLine(
        int(label), view, phase, (points[0], points[1]), (float(normal[0]), float(normal[1]), float(normal[2]))
    )
