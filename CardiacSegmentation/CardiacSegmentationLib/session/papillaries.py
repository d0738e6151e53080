"""The papillary muscles of a session's images as lines, where the reader's convention counts them as muscle."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from CardiacSegmentationLib.analysis.papillary import find_papillaries
from CardiacSegmentationLib.contours.rest import outline_parts
from CardiacSegmentationLib.segmentation import Papillary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from CardiacSegmentationLib.segmentation import FloatArray
    from CardiacSegmentationLib.session.study_session import StudySession

    Muscles = Mapping[int, Sequence[FloatArray]]  # closed curves [point, (row, column)] in mm, by slice

# Those found, by phase, with the checksum of the labels and the threshold they were found with.
_FOUND: WeakKeyDictionary[StudySession, dict[int, tuple[tuple[int, int], Muscles]]] = WeakKeyDictionary()


def papillaries_of(session: StudySession, phase: int) -> Muscles:
    """The muscles of a phase; none where they count as blood."""
    known = known_papillaries(session, phase)
    if known is None:
        known = _find(session, phase)
        _FOUND.setdefault(session, {})[phase] = (_key(session, phase), known)
    return known


def known_papillaries(session: StudySession, phase: int) -> Muscles | None:
    """The muscles of a phase where they need not be found first."""
    if session.reading.conventions.papillary is Papillary.VOLUME:
        return {}
    key, found = _FOUND.get(session, {}).get(phase, (None, None))
    return found if key == _key(session, phase) else None


def _key(session: StudySession, phase: int) -> tuple[int, int]:
    labels = np.ascontiguousarray(session.segmentation.labels[phase])
    return zlib.crc32(labels), session.reading.conventions.papillary_percent


def _find(session: StudySession, phase: int) -> Muscles:
    spacing_mm, percent = session.stack.pixel_mm, session.reading.conventions.papillary_percent
    labels = session.segmentation.labels[phase]
    found = find_papillaries(session.stack.voxels[phase], labels, spacing_mm[0] * spacing_mm[1], percent)
    corner_mm = np.multiply([side.start for side in found.box], spacing_mm)
    return {
        slice_: [curve + corner_mm for curve in outline_parts(mask, spacing_mm)]
        for slice_, mask in enumerate(found.mask)
        if mask.any()
    }
