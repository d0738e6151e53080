"""What a step learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

Tensor = torch.Tensor


@dataclass
class Batch:
    """Examples on one device, but for ``known``, which steers the loss and so stays on the CPU.

    ``image`` is [example, channel, (depth,) row, column]; ``target`` holds the share of every class in every pixel
    (background first); ``known[example, class, …]`` is false where a class may hide in the background; ``presence``
    and ``presence_known`` tell of the LV and the RV on the example's slice.

    Slices that are learned together are drawn as one image, its channels the slices and what lies before and behind
    them, until ``split_slices`` makes an example of each. ``follows[example]`` is false where an example does not lie
    behind the one before it.
    """

    image: Tensor
    target: Tensor
    known: Tensor
    presence: Tensor
    presence_known: Tensor
    follows: Tensor
    alone: Tensor  # [image]: whether its slices see no neighbours

    def split_slices(self) -> Batch:
        """The batch with an example of each slice: itself and its neighbours as channels."""
        together = len(self.follows) // len(self.image)
        if self.image.dim() == 5:
            return self
        channels = self.image.shape[1] - together + 1
        windows = torch.stack([self.image[:, n : n + channels] for n in range(together)], 1)
        own = windows[:, :, channels // 2 : channels // 2 + 1].expand_as(windows)
        image = torch.where(self.alone.view(-1, 1, 1, 1, 1), own, windows).flatten(0, 1)
        return replace(self, image=image)
