"""German, complete, compiled, and in the panel: through Qt's real translator, as Slicer's own panels are translated."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest


def load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("translations", Path(__file__).with_name("translations.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


translations = load_tool()
FILES = sorted(translations.FOLDER.glob("*.ts"))


def test_german_is_there() -> None:
    assert [path.stem for path in FILES] == ["CardiacSegmentation_de"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_is_translated_and_keeps_its_placeholders(path: Path) -> None:
    known = translations.read_translations(path)
    texts = {(context, text) for context, found in translations.collect_texts().items() for text in found}
    assert texts - set(known) == set(), "run Testing/extension/translations.py and translate"
    assert set(known) - texts == set(), "run Testing/extension/translations.py"
    for (_, text), translated in known.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", translated)), text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_compiled_file_is_that_of_the_texts(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("PySide6", reason="PySide6 is not installed")
    translations.compile_translations(path, tmp_path / "fresh.qm")
    assert (tmp_path / "fresh.qm").read_bytes() == path.with_suffix(".qm").read_bytes()


def test_only_literal_texts_are_marked_for_translation() -> None:
    assert sum(map(len, translations.collect_texts().values())) > 100
