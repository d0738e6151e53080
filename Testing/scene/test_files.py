"""A scene written without a window opens in another process with everything in place."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.scene.files import write_scene

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

READER = """
import json, sys, zlib
from slicer_host import host
host.start()
import slicer
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.scene.results import RESULT_ROLES
from CardiacSegmentationLib.scene.study import find_studies, segmentation_of, stack_of
slicer.util.loadScene(sys.argv[1])
(study,) = find_studies(slicer.mrmlScene)
segmentation = segmentation_of(study)
print(json.dumps({
    "name": study.name,
    "ef": assess(stack_of(study), segmentation).lv["ef_percent"].value,
    "edited": segmentation.corrected_images,
    "results": [role for role in RESULT_ROLES if study.result(role) is not None],
    "segments": study.segmentation_node.GetSegmentation().GetSegmentIDs(),
    "fps": study.browser.GetPlaybackRateFps(),
    "voxels": zlib.crc32(stack_of(study).voxels.tobytes()),
    "shown": list(study.volume_node.GetImageData().GetDimensions()),
    "window": study.volume_node.GetDisplayNode().GetWindow(),
}))
host.stop()
"""


def read_elsewhere(path: Path) -> tuple[dict[str, Any], str]:
    testing = Path(__file__).resolve().parents[1]
    process = subprocess.run(
        [sys.executable, "-c", READER, str(path)], cwd=testing, capture_output=True, text=True, check=True, timeout=300
    )
    return json.loads(process.stdout), process.stderr


def test_everything_is_there_in_a_fresh_process(
    tmp_path: Path, a_stack: CineStack, a_segmentation: Segmentation
) -> None:
    from CardiacSegmentationLib.scene.cine import playback_rate_fps
    from CardiacSegmentationLib.scene.results import RESULT_ROLES

    assessment = assess(a_stack, a_segmentation)
    write_scene(tmp_path / "scene.mrb", a_stack, a_segmentation, assessment)
    assert [path.name for path in tmp_path.iterdir()] == ["scene.mrb"]
    seen, printed = read_elsewhere(tmp_path / "scene.mrb")
    assert seen["name"] == a_stack.title
    assert seen["ef"] == pytest.approx(assessment.lv["ef_percent"].value)
    assert seen["edited"] == []
    assert seen["results"] == list(RESULT_ROLES)
    assert seen["segments"] == ["LV", "MYO", "RV"]
    assert seen["fps"] == pytest.approx(playback_rate_fps(a_stack))
    assert seen["voxels"] == zlib.crc32(a_stack.voxels.tobytes())
    assert seen["shown"] == list(reversed(a_stack.voxels.shape[1:]))
    assert seen["window"] == pytest.approx(window_in_slicer(a_stack, a_segmentation))
    assert printed == ""


def window_in_slicer(stack: CineStack, segmentation: Segmentation) -> float:
    """The width of the grey scale where all phases are in the scene."""
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    study = load_study(slicer.mrmlScene, stack)
    set_segmentation(study, segmentation)
    return float(study.volume_node.GetDisplayNode().GetWindow())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no peak of memory here")
def test_writing_holds_one_phase_and_not_all(tmp_path: Path) -> None:
    """Slicer's own way to write a scene holds all images four times over."""
    code = """if True:
        import resource, sys
        from dataclasses import replace
        from pathlib import Path
        import numpy as np
        from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
        from CardiacSegmentationLib.scene.files import write_scene
        def peak():  # of this program alone: what the system says of a child includes the parent that made it
            if sys.platform == "darwin":
                return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            lines = Path("/proc/self/status").read_text().splitlines()
            return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        stack, segmentation = make_stack(PhantomSpec(phases=2, slices=8))
        write_scene(Path(sys.argv[1]), stack, segmentation)
        def long(values):
            return np.repeat(values, 50, axis=0)
        stack = replace(stack, voxels=long(stack.voxels), times_ms=tuple(map(float, range(0, 1000, 10))))
        segmentation = replace(segmentation, labels=long(segmentation.labels), labelled=long(segmentation.labelled),
                               origin=long(segmentation.origin), evidence=None)
        before = peak()
        write_scene(Path(sys.argv[1]), stack, segmentation)
        print((peak() - before) / stack.voxels.nbytes)
    """
    command = [sys.executable, "-c", code, str(tmp_path / "scene.mrb")]
    process = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert float(process.stdout) < 1.0


def test_writing_needs_no_host_and_prints_nothing(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from pathlib import Path
        from CardiacSegmentationLib.analysis import assess
        from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
        from CardiacSegmentationLib.scene.files import write_scene
        stack, segmentation = make_stack(PhantomSpec(phases=3, slices=8))
        write_scene(Path(sys.argv[1]), stack, segmentation, assess(stack, segmentation))
    """
    path = tmp_path / "scene.mrb"
    process = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=300
    )
    assert (process.stdout, process.stderr) == ("", "")
    assert path.is_file()


def test_slicer_takes_the_scene_for_its_own(tmp_path: Path, a_stack: CineStack) -> None:
    write_scene(tmp_path / "scene.mrb", a_stack)
    with zipfile.ZipFile(tmp_path / "scene.mrb") as bundle:
        scene = bundle.read("scene/scene.mrml").decode()
    assert '<MRML version="Slicer 5.10.0 0">' in scene


def test_the_applications_own_scene_is_left_alone(a_scene: Any, a_stack: CineStack, tmp_path: Path) -> None:
    import slicer

    before = a_scene.GetNumberOfNodes()
    write_scene(tmp_path / "scene.mrb", a_stack)
    assert slicer.mrmlScene is a_scene
    assert a_scene.GetNumberOfNodes() == before


def test_a_wrong_name_or_folder_is_told(a_stack: CineStack, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"ends in \.mrb"):
        write_scene(tmp_path / "scene.zip", a_stack)
    with pytest.raises(ExportError, match="cannot be written"):
        write_scene(tmp_path / "missing" / "scene.mrb", a_stack)


def test_without_slicers_libraries_the_room_says_so() -> None:
    code = """if True:
        import importlib.util, sys
        find = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *rest: None if name == "slicer" else find(name, *rest)
        sys.modules.pop("slicer", None)
        from CardiacSegmentationLib.errors import ExportError
        try:
            import CardiacSegmentationLib.scene.files
        except ExportError as error:
            print(error)
    """
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert "pip install slicer-core" in process.stdout


def test_nothing_below_imports_the_room() -> None:
    code = """if True:
        import sys
        import CardiacSegmentationLib.cli, CardiacSegmentationLib.pipeline, CardiacSegmentationLib.export
        import CardiacSegmentationLib.cine, CardiacSegmentationLib.analysis, CardiacSegmentationLib.phantom
        assert not {"slicer", "vtk"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
