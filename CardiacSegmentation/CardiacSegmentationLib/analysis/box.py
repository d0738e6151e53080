"""The part of the images that holds labels: a heart covers a tenth of the field of view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Box = tuple[slice, slice]


def find_box(labels: npt.NDArray[np.uint8], margin: int = 0) -> Box:
    """Rows and columns around all labels of ``labels[..., row, column]``; one pixel where there are none."""
    anywhere = labels.reshape(-1, *labels.shape[-2:]).max(axis=0)
    return _span(anywhere.any(axis=1), margin), _span(anywhere.any(axis=0), margin)


def _span(holds_label: npt.NDArray[np.bool_], margin: int) -> slice:
    where = np.flatnonzero(holds_label)
    return slice(max(int(where[0]) - margin, 0), int(where[-1]) + 1 + margin) if where.size else slice(0, 1)
