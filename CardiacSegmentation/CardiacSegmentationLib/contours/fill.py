"""Fill: contours for images that were skipped, from the shapes of those before and after, between slices or phases."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.anatomy import make_whole, settle_touching
from CardiacSegmentationLib.contours.curves import centre_mm
from CardiacSegmentationLib.contours.fields import curve_of_field, distance_field, field_grid
from CardiacSegmentationLib.segmentation import FEWEST_POINTS, Border, Contours, FloatArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def fill_gaps(
    images: Sequence[Contours | None], at: Sequence[float] | None = None, period: float | None = None
) -> dict[int, Contours]:
    """Contours for each ``None`` that lies between two images with contours, by index.

    ``at`` says where in the row each image lies (its index when not given); with a ``period`` the row is a ring.
    """
    places = np.arange(len(images), dtype=float) if at is None else np.asarray(at, float)
    known = [index for index, contours in enumerate(images) if contours is not None]
    pairs = list(itertools.pairwise(known))
    if period is not None and len(known) > 1:
        pairs.append((known[-1], known[0]))
    results: dict[int, Contours] = {}
    for first, last in pairs:
        between = [index % len(images) for index in range(first + 1, last if last > first else last + len(images))]
        span = (places[last] - places[first]) % period if period else places[last] - places[first]
        offsets = [places[index] - places[first] for index in between]
        shares = [float((offset % period if period else offset) / span) for offset in offsets]
        start, end = images[first], images[last]
        if start is not None and end is not None and between:
            results.update(zip(between, fill_between(start, end, shares), strict=True))
    return results


def fill_between(first: Contours, last: Contours, shares: Sequence[float]) -> Iterator[Contours]:
    """The shapes on the way from one image's contours to another's; 0 is the first, 1 the last.

    Distances from the borders are averaged, the LV's centre (or what there is) moves along a straight line. A border
    that only one of the two has is not made up.
    """
    both = [border for border in Border if border in first.borders and border in last.borders]
    if not both:
        return (Contours(first.spacing_mm) for _ in shares)
    centres = centre_mm(first.borders[both[0]]), centre_mm(last.borders[both[0]])
    curves = [
        {border: image.borders[border] - centre for border in both}
        for image, centre in zip((first, last), centres, strict=True)
    ]
    grid = field_grid([curve for image in curves for curve in image.values()], min(first.spacing_mm))
    fields = [{border: distance_field(curve, grid) for border, curve in image.items()} for image in curves]

    def shape(share: float) -> Contours:
        centre = (1.0 - share) * centres[0] + share * centres[1]
        shapes: dict[Border, FloatArray] = {}
        for border in both:
            curve = curve_of_field((1.0 - share) * fields[0][border] + share * fields[1][border], grid)
            if curve is not None and len(curve) >= FEWEST_POINTS:
                shapes[border] = curve + centre
        return make_whole(settle_touching(Contours(first.spacing_mm, shapes)))

    return (shape(share) for share in shares)
