"""The part of the images that holds labels: a heart covers a tenth of the field of view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Box = tuple[slice, slice]  # rows and columns


def find_box(labels: npt.NDArray[np.uint8] | npt.NDArray[np.bool_], margin: int = 0) -> Box:
    """Rows and columns around all that is labelled in ``labels[..., row, column]``; one pixel where nothing is.

    ``margin`` pixels are added on every side that the images have them.
    """
    anywhere = labels.reshape(-1, *labels.shape[-2:]).max(axis=0)
    return _span(anywhere.any(axis=1), margin), _span(anywhere.any(axis=0), margin)


def _span(holds_label: npt.NDArray[np.bool_], margin: int) -> slice:
    where = np.flatnonzero(holds_label)
    if not where.size:
        return slice(0, 1)
    return slice(max(int(where[0]) - margin, 0), min(int(where[-1]) + 1 + margin, holds_label.size))
