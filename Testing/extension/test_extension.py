"""The extension as it is packaged: complete lists, an install tree that runs, and an import that needs nothing."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "CardiacSegmentation"


def load_file_lists() -> Any:
    spec = importlib.util.spec_from_file_location("file_lists", Path(__file__).with_name("file_lists.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


file_lists = load_file_lists()


@pytest.fixture(scope="module")
def install_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the lists install, as CMake would lay it out."""
    target = tmp_path_factory.mktemp("install") / "qt-scripted-modules"
    for files in file_lists.files_listed().values():
        for file in files:
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(MODULE / file, target / file)
    return target


@pytest.mark.parametrize("name", [file_lists.SCRIPTS, file_lists.RESOURCES])
def test_every_file_is_listed_and_every_listed_file_exists(name: str) -> None:
    listed, there = file_lists.files_listed()[name], file_lists.files_in_tree()[name]
    assert listed == there, f"run {sys.executable} Testing/extension/file_lists.py"


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A fresh process that finds the program in the install tree alone, not in the checkout."""
    hide = "import sys; sys.path[:] = [p for p in sys.path if 'CardiacSegmentation' not in p or 'site-packages' in p]; "
    hide += f"sys.path.insert(0, {str(folder)!r}); "
    return subprocess.run(
        [sys.executable, "-c", hide + code], capture_output=True, text=True, check=False, cwd=folder, timeout=300
    )


def test_every_module_of_the_install_tree_is_there_when_it_is_imported(install_tree: Path) -> None:
    """Whatever a module imports of the program is in the tree; Slicer's own parts are imported by the tests of gui."""
    code = """
import importlib, pathlib, CardiacSegmentationLib
root = pathlib.Path(CardiacSegmentationLib.__file__).parent
assert root == pathlib.Path('CardiacSegmentationLib').resolve(), root
for path in sorted(root.rglob('*.py')):
    name = '.'.join(path.relative_to(root.parent).with_suffix('').parts).removesuffix('.__init__')
    if '.gui' in name or name.endswith('__main__'):
        continue
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:  # a package that is not installed here, as torch: not our lists' fault
        if error.name.startswith('CardiacSegmentation'):
            raise
print('all there')
"""
    done = run_python(code, install_tree)
    assert done.stdout.strip() == "all there", done.stderr


def test_the_install_tree_measures_a_phantom(install_tree: Path) -> None:
    code = """
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
print(round(assess(*make_stack(PhantomSpec(phases=6, pixel_mm=2))).lv['ef_percent'].value))
"""
    done = run_python(code, install_tree)
    assert abs(int(done.stdout) - 60) <= 3, done.stderr


def test_the_panel_runs_from_the_install_tree(install_tree: Path) -> None:
    require_slicer_and_qt()
    code = f"""
sys.path.insert(1, {str(ROOT / "Testing")!r})
import pathlib, slicer_stand_in
app = slicer_stand_in.install()
from slicer_stand_in import application
from slicer_host import host
module = application.load_module(pathlib.Path('CardiacSegmentation.py').resolve())
module.widgetRepresentation()
import CardiacSegmentationLib, slicer
assert pathlib.Path(CardiacSegmentationLib.__file__).is_relative_to(pathlib.Path.cwd())
slicer.selfTests['CardiacSegmentation']()
module.unload(); app.processEvents(); slicer_stand_in.uninstall(); host.stop()
print('ran')
"""
    done = run_python(code, install_tree)
    assert done.stdout.strip() == "ran", done.stderr


def require_slicer_and_qt() -> None:
    pytest.importorskip("slicer", reason="slicer-core has no wheel for this platform")
    reason = "no Qt here: PySide6 is not installed, or the system lacks libEGL (Debian: apt install libegl1)"
    pytest.importorskip("PySide6.QtWidgets", reason=reason, exc_type=ImportError)


SLICERS_OWN = """
import sys, types, importlib.abc
class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split('.')[0] in {'torch', 'onnxruntime', 'openvino', 'highdicom', 'matplotlib', 'monai', 'pandas'}:
            raise ImportError(name)
sys.meta_path.insert(0, Nothing())
"""


def test_the_module_file_is_imported_without_heavy_packages(install_tree: Path) -> None:
    require_slicer_and_qt()
    code = f"""{SLICERS_OWN}
sys.path.insert(1, {str(ROOT / "Testing")!r})
import pathlib, slicer_stand_in
app = slicer_stand_in.install()
from slicer_stand_in import application
from slicer_host import host
module = application.load_module(pathlib.Path('CardiacSegmentation.py').resolve())
import slicer
slicer.modules.dicomPlugins['CardiacCinePlugin']()  # the DICOM module makes every plugin when Slicer starts
heavy = [name for name in sys.modules if name.split('.')[0] in ('scipy', 'SimpleITK', 'pydicom')]
slicer_stand_in.uninstall(); module.unload(); host.stop()
print(heavy)
"""
    done = run_python(code, install_tree)
    assert done.stdout.strip() == "[]", done.stderr + done.stdout


def test_nothing_outside_the_standard_library_and_slicer_is_imported_at_file_scope() -> None:
    text = (MODULE / "CardiacSegmentation.py").read_text(encoding="utf-8")
    imported = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
    assert imported <= {"__future__", "pathlib", "typing", "slicer"}


def test_the_icon_and_the_screenshots_that_the_extension_names_are_there() -> None:
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    urls = re.findall(r"https://raw\.githubusercontent\.com/[^/]+/[^/]+/main/([^\s\")]+)", text)
    assert len(urls) >= 2
    assert all((ROOT / url).is_file() for url in urls), urls
    assert png_size(ROOT / urls[0]) == (128, 128)
    assert png_size(MODULE / "Resources" / "Icons" / "CardiacSegmentation.png") == (128, 128)
    assert png_size(MODULE / "Resources" / "Icons" / "CardiacCinePhantom.png") == (260, 280)


def test_the_entry_for_the_extension_index_follows_its_schema() -> None:
    entry = json.loads((ROOT / "Resources" / "CardiacSegmentation.json").read_text(encoding="utf-8"))
    assert entry["category"] == "Cardiac"
    assert entry["tier"] in (1, 3, 5)
    assert set(entry) <= {
        *("$schema", "category", "scm_url", "scm_revision", "scm_type", "build_dependencies", "build_subdirectory"),
        *("enabled", "tier"),
    }


def test_text_files_have_unix_line_ends() -> None:
    for files in file_lists.files_listed().values():
        for file in files:
            if Path(file).suffix in {".py", ".ui", ".txt", ".json", ".csv", ".ts"}:
                assert b"\r\n" not in (MODULE / file).read_bytes(), file


def png_size(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[16:24]
    return int.from_bytes(header[:4]), int.from_bytes(header[4:])
