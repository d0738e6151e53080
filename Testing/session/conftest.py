"""A small phantom, its labels as a network would have made them, and a session on both."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Evidence, Label, Segmentation
from CardiacSegmentationLib.session import Changed, StudySession

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
UNSURE = (2, 4)  # phase and slice that the network doubts


@pytest.fixture(scope="session")
def phantom() -> tuple[CineStack, Segmentation]:
    """Eight phases of seven slices; the network is unsure of one image and repaired another one."""
    stack, truth = make_stack(PhantomSpec(phases=8, slices=7, pixel_mm=3.0, gap_mm=8))
    heart = (slice(None), slice(None), slice(16, 90), slice(16, 90))
    stack = replace(stack, voxels=np.ascontiguousarray(stack.voxels[heart]))
    labels = np.ascontiguousarray(truth.labels[heart])
    confidence = np.full((3, *labels.shape[:2]), 0.97, np.float32)
    confidence[(Label.LV - 1, *UNSURE)] = 0.6
    remark = Finding("repaired-in-time", Severity.INFO, slice=3, phase=5, parameters={"count": 1, "area_mm2": 20})
    evidence = Evidence(np.ones((2, *labels.shape[:2]), np.float32), confidence, (remark,))
    return stack, Segmentation.of(labels, evidence=evidence, model="a network")


@pytest.fixture
def stack(phantom: tuple[CineStack, Segmentation]) -> CineStack:
    return phantom[0]


@pytest.fixture
def made(phantom: tuple[CineStack, Segmentation]) -> Segmentation:
    """The labels as the network made them."""
    return phantom[1]


@pytest.fixture
def begin(stack: CineStack, made: Segmentation) -> Callable[..., StudySession]:
    """Begin a session, on the phantom unless told otherwise; its clock stands at noon."""

    def begin(segmentation: Segmentation = made, **values: object) -> StudySession:
        return StudySession(stack, segmentation, now=lambda: NOON, **values)  # type: ignore[arg-type]

    return begin


@pytest.fixture
def session(begin: Callable[..., StudySession]) -> StudySession:
    return begin()


@pytest.fixture
def heard(session: StudySession) -> list[Changed]:
    """What listeners of the session are told."""
    told: list[Changed] = []
    session.subscribe(told.append)
    return told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recovery"
