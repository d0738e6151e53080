"""All images of a phantom study, as arrays: the short-axis cine, three long-axis cines and a localizer."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.phantom.geometry import ImagePlane, localizer_views, long_axis_views, short_axis_views
from CardiacSegmentationLib.phantom.image import paint_plane, scan

if TYPE_CHECKING:
    from CardiacSegmentationLib.phantom.heart import Heart
    from CardiacSegmentationLib.phantom.spec import PhantomSpec
    from CardiacSegmentationLib.stack import Array

SHORT_AXIS, LOCALIZER = "sax", "localizer"


@dataclass(frozen=True, eq=False)
class RenderedSeries:
    """One cine (or localizer): the same planes in every phase. ``pixels[phase, plane, row, column]``, 12 bits."""

    name: str
    description: str
    views: tuple[ImagePlane, ...]
    pixels: Array
    times_ms: tuple[float, ...]

    @property
    def is_cine(self) -> bool:
        """Whether it shows the heart in more than one phase."""
        return self.name != LOCALIZER


def render_study(spec: PhantomSpec, heart: Heart) -> tuple[RenderedSeries, ...]:
    """Every series of the study, in the order in which it is scanned: localizer, long axes, short axis."""
    planned = [(LOCALIZER, "localizer", localizer_views(spec), spec.times_ms[:1])]
    for name, view in long_axis_views(spec, heart).items():
        planned.append((name, f"cine_bSSFP_{name}", (view,), spec.times_ms))
    planned.append((SHORT_AXIS, "cine_bSSFP_sax", short_axis_views(spec, heart), spec.times_ms))
    return tuple(
        RenderedSeries(n, title, views, _render(n, views, spec, heart, len(times)), times)
        for n, title, views, times in planned
    )


def render_short_axis(spec: PhantomSpec, heart: Heart) -> RenderedSeries:
    """The short-axis cine alone; voxel for voxel that of the whole study."""
    views = short_axis_views(spec, heart)
    pixels = _render(SHORT_AXIS, views, spec, heart, spec.phases)
    return RenderedSeries(SHORT_AXIS, "cine_bSSFP_sax", views, pixels, spec.times_ms)


def _render(name: str, views: tuple[ImagePlane, ...], spec: PhantomSpec, heart: Heart, phases: int) -> Array:
    pixels = np.empty((phases, len(views), views[0].rows, views[0].columns), np.uint16)

    def render(index: int) -> None:
        signal = paint_plane(views[index], spec, heart.until(phases))
        # Each plane has its own noise, so that it does not depend on what was rendered before.
        generator = np.random.default_rng([spec.seed, *name.encode(), index])
        pixels[:, index] = scan(signal, spec.noise_percent, generator)

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        list(pool.map(render, range(len(views))))
    return pixels
