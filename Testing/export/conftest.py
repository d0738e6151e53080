"""A small beating heart for the exporters: rings of myocardium with a crescent of RV beside them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.cine import read_labels, read_study
from CardiacSegmentationLib.phantom import PhantomSpec, write_study
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.stack import CineStack, Patient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment

PHASES, SLICES, ROWS, COLUMNS = 8, 6, 72, 80


@pytest.fixture(scope="session")
def labels() -> np.ndarray:
    """Labels whose cavity shrinks by half until phase 3, and whose slices taper towards the apex."""
    labels = np.zeros((PHASES, SLICES, ROWS, COLUMNS), np.uint8)
    row, column = np.mgrid[:ROWS, :COLUMNS]
    for phase in range(PHASES):
        squeeze = 1 - 0.3 * np.sin(np.pi * min(phase / 3, (PHASES - phase) / (PHASES - 3)) / 2) ** 2
        for slice_ in range(SLICES):
            taper = np.sqrt(1 - (slice_ / (SLICES + 0.5)) ** 2)
            inner, outer = 13 * taper * squeeze, 13 * taper * squeeze + 6
            to_lv = np.hypot(row - 37, column - 48)
            to_rv = np.hypot((row - 36) / 1.3, column - 30)
            labels[phase, slice_][(to_rv < 14 * taper * squeeze + 4) & (column < 44)] = Label.RV
            labels[phase, slice_][to_lv < outer] = Label.MYO
            labels[phase, slice_][to_lv < inner] = Label.LV
    return labels


@pytest.fixture(scope="session")
def stack(labels: np.ndarray) -> CineStack:
    """Images in an oblique frame that is left-handed in (column, row, slice), as a stack from base to apex often is."""
    noise = np.random.default_rng(1).normal(0, 12, labels.shape)
    voxels = (np.array([60, 380, 120, 400])[labels] + noise).clip(0).astype(np.int16)
    row_direction, column_direction = np.array([0.6, 0.64, -0.48]), np.array([0.0, 0.6, 0.8])
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = 1.5 * row_direction, 1.5 * column_direction
    affine[:3, 2] = -10.0 * np.cross(row_direction, column_direction)
    affine[:3, 3] = -40.0, 25.0, 60.0
    return CineStack(
        voxels=voxels,
        affine=affine,
        times_ms=tuple(np.linspace(0, 875, PHASES).tolist()),
        rr_ms=1000.0,
        slice_thickness_mm=8.0,
        patient=Patient("F", 54.0, 168.0, 64.0),
        title="cine_sax",
    )


@pytest.fixture(scope="session")
def segmentation(labels: np.ndarray) -> Segmentation:
    """Labels as a network leaves them, with one slice corrected by a person."""
    return Segmentation.of(labels, model="phantom-net 0.1 (sha256 0123456789ab)", edited=((0, 2),))


@dataclass(frozen=True)
class Case:
    """The three values of one study."""

    stack: CineStack
    segmentation: Segmentation
    assessment: Assessment


@pytest.fixture(scope="session")
def case(stack: CineStack, segmentation: Segmentation) -> Case:
    """The small heart, measured."""
    return Case(stack, segmentation, assess(stack, segmentation))


@pytest.fixture(scope="session")
def dicom_case(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Case]:
    """A phantom study on disk in the layout of a vendor, read back, with its true labels as the network's."""

    @cache
    def make(layout: str) -> Case:
        folder = tmp_path_factory.mktemp(layout) / "study"
        write_study(folder, PhantomSpec(slices=7, phases=8, pixel_mm=2.2, rv_ef_percent=50, layout=layout))
        stack = read_study(folder)
        truth = read_labels(folder / "labels.nii.gz", stack)
        segmentation = Segmentation.of(truth.labels, model="phantom-net 0.1 (sha256 0123456789ab)", edited=((0, 2),))
        return Case(stack, segmentation, assess(stack, segmentation))

    return make


@pytest.fixture
def valid_dicom() -> Callable[[Path], None]:
    """Asserts that dciodvfy finds no error in a DICOM file."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed (Debian: dicom3tools)")

    def check(path: Path) -> None:
        said = subprocess.run([program, "-new", str(path)], capture_output=True, text=True, check=False)
        errors = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]
        assert not errors, "\n".join(errors)

    return check
