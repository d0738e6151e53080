"""Studies to import: the phantom as each vendor writes it, and ways to spoil it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from CardiacSegmentationLib.phantom import LAYOUTS, make_stack, write_study
from cine.spoiling import SPEC, Spoilable

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.stack import CineStack


@pytest.fixture(scope="session")
def truth() -> CineStack:
    """The phantom's own voxels."""
    return make_stack(SPEC)[0]


@pytest.fixture(scope="session", params=list(LAYOUTS))
def every_layout(request: pytest.FixtureRequest, written: Callable[[str], Path]) -> Path:
    """The phantom's folder, once for each vendor."""
    return written(request.param)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The phantom as a study on disk in one layout, written once."""
    folder = tmp_path_factory.mktemp("phantoms")

    def write(layout: str) -> Path:
        if not (folder / layout).exists():
            write_study(folder / layout, replace(SPEC, layout=layout))
        return folder / layout

    return write


@pytest.fixture
def siemens(written: Callable[[str], Path], tmp_path: Path) -> Spoilable:
    """A copy of the phantom with one series per slice."""
    return Spoilable(Path(shutil.copytree(written("siemens"), tmp_path / "siemens")))


@pytest.fixture
def ge(written: Callable[[str], Path], tmp_path: Path) -> Spoilable:
    """A copy of the phantom with one series for all slices."""
    return Spoilable(Path(shutil.copytree(written("ge"), tmp_path / "ge")))
