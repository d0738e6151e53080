"""The host itself: what the other tests stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slicer_host.view import SliceView


def test_starting_and_clearing_prints_nothing(a_scene: Any, vtk_output: Callable[[], str]) -> None:
    from slicer_host import host

    host.reset_scene()
    assert vtk_output() == ""


def test_a_second_start_finds_the_first(slicer_host: Any) -> None:
    from slicer_host import host

    assert host.start() is slicer_host


@pytest.mark.parametrize("ending", ["mrb", "mrml"])
def test_a_scene_is_saved_and_loaded_through_slicer_util(a_scene: Any, tmp_path: Path, ending: str) -> None:
    import slicer

    volume = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "V")
    slicer.util.updateVolumeFromArray(volume, np.arange(24, dtype=np.int16).reshape(2, 3, 4))
    if ending == "mrml":
        assert slicer.util.saveNode(volume, str(tmp_path / "V.nrrd"))
    assert slicer.util.saveScene(str(tmp_path / f"s.{ending}"))
    a_scene.Clear(0)
    slicer.util.loadScene(str(tmp_path / f"s.{ending}"))
    assert slicer.util.arrayFromVolume(slicer.util.getNode("V")).sum() == np.arange(24).sum()


def test_an_unknown_file_type_is_an_error(a_scene: Any, tmp_path: Path) -> None:
    import slicer

    with pytest.raises(NotImplementedError, match="knows no reader"):
        slicer.util.loadNodeFromFile(str(tmp_path / "a.xyz"))


def test_what_the_application_lacks_is_an_error(slicer_host: Any) -> None:
    import slicer

    with pytest.raises(AttributeError):
        _ = slicer.app.nothingOfSlicers


def test_a_slice_view_shows_the_volume(a_scene: Any, a_slice_view: SliceView) -> None:
    import slicer

    volume = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    voxels = np.zeros((3, 20, 20), np.int16)
    voxels[1, 5:15, 5:15] = 100
    slicer.util.updateVolumeFromArray(volume, voxels)
    volume.CreateDefaultDisplayNodes()
    a_slice_view.show(volume)
    a_slice_view.go_to_slice(volume, 1)
    pixels = a_slice_view.pixels()
    assert pixels[200, 200].min() > 200
    assert pixels[60, 60].max() < 50
    a_slice_view.go_to_slice(volume, 0)
    assert a_slice_view.pixels()[200, 200].max() < 50
