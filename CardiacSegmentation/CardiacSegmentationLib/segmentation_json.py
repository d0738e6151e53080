"""All of a segmentation but its labels as JSON, the same in ``run.json`` and in a scene."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import MALFORMED, LabelError
from CardiacSegmentationLib.findings import finding_from_dict, finding_to_dict
from CardiacSegmentationLib.segmentation import Border, Contours, Evidence, Origin, PackedLabels, Segmentation

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from CardiacSegmentationLib.segmentation import FloatArray, Labels, Place

STEPS_PER_MM = 1024  # in which the points of a contour are kept: a power of two, so that all of them are exact
DIGITS = 9  # enough to give back every 32-bit number as it was: a doubt must not come or go by saving


def segmentation_to_dict(segmentation: Segmentation) -> dict[str, Any]:
    """What label maps cannot hold, fit for ``json.dumps``; lists run over phases, then slices."""
    evidence, automatic = segmentation.evidence, segmentation.automatic
    return {
        "labelled": segmentation.labelled.tolist(),
        "origin": [[Origin(code).name for code in phase] for phase in segmentation.origin.tolist()],
        "contours": contours_to_list(segmentation.contours),
        "model": segmentation.model,
        "evidence": None
        if evidence is None
        else {
            "presence": _numbers(evidence.presence),
            "confidence": _numbers(evidence.confidence),
            "remarks": [finding_to_dict(remark) for remark in evidence.remarks],
        },
        "automatic": None
        if automatic is None
        else {
            "labelled": list(automatic.labelled),
            "labels": [base64.b64encode(phase).decode("ascii") for phase in automatic.phases],
        },
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
            contours=contours_from_list(data.get("contours", [])),
        )
    except (*MALFORMED, zlib.error) as error:
        raise LabelError.of("segmentation-damaged", reason=f"{type(error).__name__}: {error}") from error


def contours_to_list(contours: Mapping[Place, Contours]) -> list[Any]:
    """``[phase, slice, contours]`` for each image, places counted from 0, fit for ``json.dumps``."""
    return [[phase, slice_, contours_to_dict(item)] for (phase, slice_), item in sorted(contours.items())]


def contours_from_list(data: Any) -> dict[Place, Contours]:
    """What ``contours_to_list`` wrote; what it did not is a ``ValueError`` or the like."""
    return {(int(phase), int(slice_)): contours_from_dict(item) for phase, slice_, item in data}


def contours_to_dict(contours: Contours) -> dict[str, Any]:
    """One image's contours, compressed; exact for those that ``round_contours`` made."""
    curves = {border.value: _packed_curve(curve) for border, curve in contours.borders.items()}
    return {"spacing_mm": list(contours.spacing_mm), "borders": curves}


def contours_from_dict(data: Any) -> Contours:
    """What ``contours_to_dict`` wrote."""
    row_mm, column_mm = (float(value) for value in data["spacing_mm"])
    borders = {Border(name): _unpacked_curve(packed) for name, packed in data["borders"].items()}
    return Contours((row_mm, column_mm), borders)


def round_contours(contours: Contours) -> Contours:
    """The contours with their points on a grid so fine (1/1024 mm) that nobody sees it, and that files hold exactly."""
    return contours.with_borders(
        {border: np.round(curve * STEPS_PER_MM) / STEPS_PER_MM for border, curve in contours.borders.items()}
    )


def _packed_curve(curve: FloatArray) -> str:
    """Steps from point to point: they are small, so that a border takes about a kilobyte."""
    steps = np.diff(np.round(curve * STEPS_PER_MM).astype("<i4"), axis=0, prepend=0)
    return base64.b64encode(zlib.compress(steps.astype("<i4").tobytes(), 6)).decode("ascii")


def _unpacked_curve(packed: str) -> FloatArray:
    steps = np.frombuffer(zlib.decompress(base64.b64decode(packed)), "<i4").reshape(-1, 2)
    return np.cumsum(steps, axis=0) / STEPS_PER_MM


def _evidence(data: Mapping[str, Any], shape: tuple[int, ...]) -> Evidence:
    presence, confidence = (np.array(data[name], np.float32) for name in ("presence", "confidence"))
    if presence.shape[1:] != shape[:2] or confidence.shape[1:] != shape[:2]:
        msg = "the evidence is of another stack"
        raise ValueError(msg)
    return Evidence(presence, confidence, tuple(finding_from_dict(remark) for remark in data["remarks"]))


def _automatic(data: Mapping[str, Any], shape: tuple[int, ...]) -> PackedLabels:
    phases = tuple(base64.b64decode(phase) for phase in data["labels"])
    packed = PackedLabels((shape[1], shape[2], shape[3]), phases, tuple(map(bool, data["labelled"])))
    if packed.unpack().shape != shape or len(packed.labelled) != shape[0]:  # raises where anything is damaged
        msg = "the automatic labels are of another stack"
        raise ValueError(msg)
    return packed


def _numbers(values: npt.NDArray[np.float32]) -> list[Any]:
    """Nested lists, and ``None`` for what is not known: NaN is no JSON."""
    return [[[_number(x) for x in row] for row in plane] for plane in values.tolist()]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.{DIGITS}g}")
