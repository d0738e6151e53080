"""The host for pytest; a plugin named in ``Testing/conftest.py``. Importing Slicer takes seconds: once per session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slicer_host.host import SlicerHost
    from slicer_host.view import SliceView


@pytest.fixture(scope="session")
def slicer_host() -> Iterator[SlicerHost]:
    """Slicer's libraries, wired up; taken apart at the end of the session."""
    pytest.importorskip("slicer", reason="slicer-core has no wheel for this platform")
    from slicer_host import host

    yield host.start()
    host.stop()


@pytest.fixture
def a_scene(slicer_host: SlicerHost) -> Iterator[Any]:
    """An empty scene; it is ``slicer.mrmlScene``."""
    import slicer

    from slicer_host import host

    host.reset_scene()
    yield slicer.mrmlScene
    host.reset_scene()


@pytest.fixture
def vtk_output(slicer_host: SlicerHost) -> Iterator[Callable[[], str]]:
    """Returns what VTK and MRML have printed so far."""
    from slicer_host.output import caught_output

    with caught_output() as text:
        yield text


@pytest.fixture
def a_slice_view(slicer_host: SlicerHost, a_scene: Any) -> Iterator[SliceView]:
    """A slice view rendered off screen."""
    from slicer_host.view import SliceView, off_screen_problem

    problem = off_screen_problem()
    if problem:
        pytest.skip(problem)
    view = SliceView(slicer_host.application_logic)
    yield view
    view.close()
