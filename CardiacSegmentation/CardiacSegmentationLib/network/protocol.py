"""What a network must be able to do to label a stack; everything else is the same for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from CardiacSegmentationLib.network.preprocess import Preprocessing
    from CardiacSegmentationLib.network.training_range import TrainingRange
    from CardiacSegmentationLib.segmentation import Float32Array


class Seen(NamedTuple):
    """What a network says of the slices of one phase."""

    probabilities: Float32Array  # of every label, [slice, label, row, column]
    presence: Float32Array  # that LV and RV are in the slice at all, [slice, ventricle]; NaN where it does not say


class Network(Protocol):
    """A bundle in an engine, an ensemble of them, or a network in training.

    ``see`` is given the slices of one phase on a view, all at once and in their order (a network may look across them),
    in the grey values of the images; it brings them to its own input itself. It is deterministic, and may be called
    from ``workers`` threads at a time. ``faster`` is the same network in lower precision, where there is one; it is set
    to ``None`` once it gave another result.
    """

    faster: Network | None

    @property
    def identity(self) -> str:
        """Name, version and checksum: what a result was made with."""

    @property
    def engine(self) -> str:
        """Engine, device and precision: ``onnx (CPU, float32)``."""

    @property
    def workers(self) -> int:
        """Calls at a time that keep the machine busy."""

    @property
    def preprocessing(self) -> Preprocessing:
        """The views it is used to."""

    @property
    def training_range(self) -> TrainingRange | None:
        """What it was trained on, where that is known."""

    def see(self, views: Float32Array) -> Seen:
        """What it says of ``views[slice, row, column]``."""
