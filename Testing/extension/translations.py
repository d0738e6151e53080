"""The panel's texts and their translations.

    python Testing/extension/translations.py      brings the .ts files up to date and compiles them

Qt's own lupdate files Python texts under class names, Slicer looks them up under file names (``slicer.i18n``): so the
texts are collected here. A .ts file is edited with Qt Linguist or by hand; its .qm is what Slicer loads.
"""

from __future__ import annotations

import ast
import subprocess
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path

MODULE = Path(__file__).parents[2] / "CardiacSegmentation"
FOLDER = MODULE / "Resources" / "Translations"
UI = MODULE / "Resources" / "UI" / "CardiacSegmentation.ui"

Texts = dict[str, list[str]]  # context → texts in the order of the files


def collect_texts() -> Texts:
    """Every text of the panel that can be translated, under the name by which it is looked up."""
    texts: Texts = defaultdict(list)
    folders = (MODULE / "CardiacSegmentationLib" / "gui", MODULE / "CardiacSegmentationEffects")
    for path in [
        MODULE / "CardiacSegmentation.py",
        *(each for folder in folders for each in sorted(folder.glob("*.py"))),
    ]:
        is_package = (path.parent / "__init__.py").is_file()
        context = f"{path.parent.name}.{path.stem}" if is_package else path.stem
        texts[context] += _texts_of_code(path)
    texts[ET.parse(UI).findtext("class") or ""] += _texts_of_form(UI)
    return {context: list(dict.fromkeys(found)) for context, found in texts.items() if found}


def read_translations(path: Path) -> dict[tuple[str, str], str]:
    """(context, text) → translation, of what is translated."""
    if not path.is_file():
        return {}
    found = {}
    for context in ET.parse(path).getroot().iter("context"):
        for message in context.iter("message"):
            key = (context.findtext("name") or "", message.findtext("source") or "")
            found[key] = message.findtext("translation") or ""
    return {key: text for key, text in found.items() if text}


def write_translations(path: Path, language: str, known: dict[tuple[str, str], str]) -> None:
    """The texts of today with the translations that are known; what is gone is dropped."""
    root = ET.Element("TS", version="2.1", language=language, sourcelanguage="en")
    for name, texts in collect_texts().items():
        context = ET.SubElement(root, "context")
        ET.SubElement(context, "name").text = name
        for text in texts:
            message = ET.SubElement(context, "message")
            ET.SubElement(message, "source").text = text
            translation = ET.SubElement(message, "translation")
            translation.text = known.get((name, text))
            if not translation.text:
                translation.set("type", "unfinished")
    ET.indent(root, space=" ")
    head = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'
    path.write_text(head + ET.tostring(root, encoding="unicode") + "\n", encoding="utf-8")


def compile_translations(path: Path, target: Path) -> None:
    """.ts → .qm, by Qt's own tool, which comes with PySide6."""
    import PySide6

    tool = next(Path(PySide6.__file__).parent.glob("lrelease*"))
    subprocess.run([tool, "-silent", path, "-qm", target], check=True)


def update(language: str) -> None:
    """Bring one language up to date."""
    path = FOLDER / f"CardiacSegmentation_{language}.ts"
    write_translations(path, language, read_translations(path))
    compile_translations(path, path.with_suffix(".qm"))


def _texts_of_code(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    texts = []
    for call in calls:
        argument = call.args[0]
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            message = f"{path.name}:{call.lineno}: only a literal text can be translated"
            raise TypeError(message)
        texts.append(argument.value)
    return texts


def _texts_of_form(path: Path) -> list[str]:
    root = ET.parse(path).getroot()
    fixed = {string for strings in root.iter("stringlist") if strings.get("notr") == "true" for string in strings}
    strings = [node for node in root.iter("string") if node.get("notr") != "true" and node not in fixed]
    return [node.text for node in strings if node.text]


if __name__ == "__main__":
    for file in FOLDER.glob("*.ts"):
        update(file.stem.rpartition("_")[2])
