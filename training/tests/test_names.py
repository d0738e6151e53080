"""One name, one class: in the package, and beside the Lib, whose classes it imports."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import CardiacSegmentationLib
import cardiactrain


def class_names(package: Path) -> Counter[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in package.rglob("*.py")]
    return Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def test_no_class_name_stands_for_two_things() -> None:
    own, lib = (class_names(Path(module.__file__).parent) for module in (cardiactrain, CardiacSegmentationLib))
    assert min(len(own), len(lib)) > 30, "both packages were found"
    assert [name for name, count in own.items() if count > 1] == []
    assert sorted(set(own) & set(lib)) == []
