"""Small phantom studies, one per layout, written once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from CardiacSegmentationLib.phantom import LAYOUTS, write_study
from phantom.written import a_small_spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def a_study(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the folder of a small study of this layout."""

    @functools.cache
    def write(layout: str) -> Path:
        folder = tmp_path_factory.mktemp(layout) / "study"
        write_study(folder, a_small_spec(layout))
        return folder

    return write


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)
