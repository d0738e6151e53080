"""A view turned and mirrored on its way to the network, and what it says turned back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from CardiacSegmentationLib.network.protocol import Seen

if TYPE_CHECKING:
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.segmentation import Float32Array


class Turn(NamedTuple):
    """Mirrored or not, then turned by quarter turns."""

    quarters: int = 0
    mirrored: bool = False


UPRIGHT = Turn()
TURNS = tuple(Turn(quarters, mirrored) for mirrored in (False, True) for quarters in range(4))


def see_turned(views: Float32Array, network: Network, turn: Turn) -> Seen:
    """What the network says of turned ``views[slice, row, column]``, in their own orientation."""
    if turn == UPRIGHT:
        return network.see(views)
    turned = np.rot90(views[..., ::-1] if turn.mirrored else views, turn.quarters, axes=(-2, -1))
    seen = network.see(np.ascontiguousarray(turned))
    back = np.rot90(seen.probabilities, -turn.quarters, axes=(-2, -1))
    return Seen(back[..., ::-1] if turn.mirrored else back, seen.presence)
