"""The lists of files in the module's CMakeLists.txt: read them, compare them with the tree, write them anew.

python Testing/extension/file_lists.py      writes the lists after files were added or renamed
"""

from __future__ import annotations

import re
from pathlib import Path

MODULE = Path(__file__).parents[2] / "CardiacSegmentation"
SCRIPTS, RESOURCES = "MODULE_PYTHON_SCRIPTS", "MODULE_PYTHON_RESOURCES"
NOT_SHIPPED = ("__pycache__", "Testing")


def files_in_tree(module: Path = MODULE) -> dict[str, list[str]]:
    """What ought to be listed: every script outside Testing, every file in Resources."""
    scripts = [path for path in module.rglob("*.py") if not set(NOT_SHIPPED) & set(path.relative_to(module).parts)]
    resources = [path for path in (module / "Resources").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    lists = {SCRIPTS: scripts, RESOURCES: resources}
    return {name: sorted(path.relative_to(module).as_posix() for path in paths) for name, paths in lists.items()}


def files_listed(module: Path = MODULE) -> dict[str, list[str]]:
    """What CMakeLists.txt lists."""
    text = (module / "CMakeLists.txt").read_text(encoding="utf-8")
    return {name: _block(name, text).split() for name in (SCRIPTS, RESOURCES)}


def write_lists(module: Path = MODULE) -> None:
    """Put the tree's files into CMakeLists.txt."""
    path = module / "CMakeLists.txt"
    text = path.read_text(encoding="utf-8")
    for name, files in files_in_tree(module).items():
        block = "".join(f"\n  {file}" for file in files)
        text = text.replace(f"set({name}{_block(name, text)})", f"set({name}{block}\n)")
    path.write_text(text, encoding="utf-8")


def _block(name: str, text: str) -> str:
    found = re.search(rf"set\({name}(.*?)\)", text, re.DOTALL)
    if found is None:
        msg = f"CMakeLists.txt sets no {name}"
        raise ValueError(msg)
    return found.group(1)


if __name__ == "__main__":
    write_lists()
