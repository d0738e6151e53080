"""All of a segmentation but its labels as JSON, the same in ``run.json`` and in a scene."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.findings import finding_from_dict, finding_to_dict
from CardiacSegmentationLib.segmentation import Evidence, Origin, PackedLabels, Segmentation

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from CardiacSegmentationLib.segmentation import Labels

DECIMALS = 4  # of the network's probabilities


def segmentation_to_dict(segmentation: Segmentation) -> dict[str, Any]:
    """What label maps cannot hold, fit for ``json.dumps``; lists run over phases, then slices."""
    evidence, automatic = segmentation.evidence, segmentation.automatic
    return {
        "labelled": segmentation.labelled.tolist(),
        "origin": [[Origin(code).name for code in phase] for phase in segmentation.origin.tolist()],
        "model": segmentation.model,
        "evidence": None
        if evidence is None
        else {
            "presence": _numbers(evidence.presence),
            "confidence": _numbers(evidence.confidence),
            "remarks": [finding_to_dict(remark) for remark in evidence.remarks],
        },
        "automatic": None if automatic is None else [base64.b64encode(phase).decode() for phase in automatic.phases],
    }


def segmentation_from_dict(data: Any, labels: Labels) -> Segmentation:
    """The segmentation with these labels; what does not fit them is a ``LabelError``."""
    try:
        evidence = data["evidence"]
        return Segmentation(
            labels=labels,
            labelled=np.array(data["labelled"], bool),
            origin=np.array([[Origin[name] for name in phase] for phase in data["origin"]], np.uint8),
            model=None if data["model"] is None else str(data["model"]),
            evidence=None if evidence is None else _evidence(evidence, labels.shape),
            automatic=None if data["automatic"] is None else _automatic(data["automatic"], labels.shape),
        )
    except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as error:
        msg = f"What is stored beside these labels cannot be used ({type(error).__name__}: {error}): segment again."
        raise LabelError(msg) from error


def _evidence(data: Mapping[str, Any], shape: tuple[int, ...]) -> Evidence:
    presence, confidence = (np.array(data[name], np.float32) for name in ("presence", "confidence"))
    if presence.shape[1:] != shape[:2] or confidence.shape[1:] != shape[:2]:
        msg = "the evidence is of another stack"
        raise ValueError(msg)
    return Evidence(presence, confidence, tuple(finding_from_dict(remark) for remark in data["remarks"]))


def _automatic(data: list[str], shape: tuple[int, ...]) -> PackedLabels:
    packed = PackedLabels((shape[1], shape[2], shape[3]), tuple(base64.b64decode(phase) for phase in data))
    if packed.unpack().shape != shape:  # raises where anything is damaged
        msg = "the automatic labels are of another stack"
        raise ValueError(msg)
    return packed


def _numbers(values: npt.NDArray[np.float32]) -> list[Any]:
    """Nested lists with few digits, and ``None`` for what is not known: NaN is no JSON."""
    rounded = np.round(values.astype(np.float64), DECIMALS)
    return [[[None if np.isnan(x) else x for x in row] for row in plane] for plane in rounded.tolist()]
