"""What every room's tests share."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from CardiacSegmentationLib.phantom import PhantomSpec

pytest_plugins = [
    "chromium",  # a real browser for the pages
    "slicer_host.fixtures",  # Slicer without its window, for scene and gui
    "painted_network",  # a real network that reads painted labels
]

os.environ.setdefault("ITK_GLOBAL_DEFAULT_THREADER", "Platform")  # else ITK now and then crashes at exit
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as cardiacseg itself does


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first; everything else stays in its order."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session", autouse=True)
def settings_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of its own for what the program keeps for its user."""
    folder = tmp_path_factory.mktemp("settings")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(folder))
        yield folder


@pytest.fixture(scope="session")
def written_phantom(tmp_path_factory: pytest.TempPathFactory) -> Callable[[PhantomSpec], Path]:
    """Gives the folder of a phantom study, written once for all tests; who changes it works on a copy."""
    from CardiacSegmentationLib.phantom import write_study

    @functools.cache
    def write(spec: PhantomSpec) -> Path:
        folder = tmp_path_factory.mktemp("phantom") / "study"
        write_study(folder, spec)
        return folder

    return write


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real studies, which are never part of the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CARDIACSEG_DATA", beside))
    if not folder.is_dir():
        pytest.skip("no real studies here: set CARDIACSEG_DATA to their folder")
    return folder
