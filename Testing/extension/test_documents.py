"""The documents: every link leads somewhere, every page is in the site, and one version stands everywhere."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from CardiacSegmentationLib.cli import COMMANDS, Parser
from CardiacSegmentationLib.export.result_parts import PARTS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / ".github").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)")
FENCED = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")


def links(page: Path) -> list[str]:
    """What a page links to in this repository; code is no text."""
    text = CODE.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))
    return [link for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub and MkDocs make them."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    titles = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_and_picture_is_there(page: Path) -> None:
    lost = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_a_lost_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n[a](lost.md) ![b](b.png) `[c](code.md)` [d](https://example.org) [e](#a-page)\n")
    assert links(page) == ["lost.md", "b.png", "#a-page"]
    assert anchors(page) == {"a-page"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_holds_marks_of_a_merge(page: Path) -> None:
    assert re.findall(r"^(?:<<<<<<<|>>>>>>>) .*$", page.read_text(encoding="utf-8"), re.MULTILINE) == []


def test_every_page_is_in_the_site() -> None:
    named = set(re.findall(r"[\w-]+\.md", (ROOT / "docs" / "site" / "mkdocs.yml").read_text(encoding="utf-8")))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} == named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_imports_is_there(page: Path) -> None:
    imports = re.findall(
        r"^from (CardiacSegmentationLib[\w.]*) import (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    lost = [
        f"{module}.{name}"
        for module, names in imports
        for name in re.split(r",\s*", names)
        if not hasattr(importlib.import_module(module), name)
    ]
    assert lost == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_a_page(command: str) -> None:
    parser = Parser()
    importlib.import_module(f"CardiacSegmentationLib.cli.{command}").add_arguments(parser)
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    options = [option for option in parser._option_string_actions if option.startswith("--") and option != "--help"]
    assert [option for option in options if not re.search(rf"{option}(?![\w-])", pages)] == []


def test_every_part_of_the_results_is_in_the_guide() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert [part for part in PARTS if f"`{part}`" not in page] == []


def test_every_finding_about_labels_and_numbers_is_explained() -> None:
    catalogue = json.loads((ROOT / "CardiacSegmentation" / "Resources" / "Findings" / "en.json").read_text("utf-8"))
    page = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    assert [code for code in (*catalogue["network"], *catalogue["analysis"]) if f"`{code}`" not in page] == []


def test_one_version_stands_everywhere() -> None:
    places = {
        "CardiacSegmentation/CardiacSegmentationLib/__init__.py": r'^__version__ = "(.+)"$',
        "pyproject.toml": r'^version = "(.+)"$',
        "training/pyproject.toml": r'^version = "(.+)"$',
        "CITATION.cff": r"^version: (.+)$",
    }
    versions = {
        place: re.findall(pattern, (ROOT / place).read_text(encoding="utf-8"), re.MULTILINE)
        for place, pattern in places.items()
    }
    assert len({tuple(found) for found in versions.values()}) == 1, versions
    assert all(len(found) == 1 for found in versions.values()), versions


@pytest.mark.skipif(os.name == "nt", reason="./run is for Linux and macOS")
@pytest.mark.parametrize("command", ["demo", "read"])
def test_run_takes_a_study_from_the_folder_it_is_called_in(command: str, tmp_path: Path) -> None:
    """With a Python in place of the environment's that says where it is and what it was told."""
    checkout, elsewhere = tmp_path / "check out", tmp_path / "else where"
    for folder in (checkout / ".ci", checkout / ".venv" / "bin", elsewhere):
        folder.mkdir(parents=True)
    for name in ("run", "pyproject.toml", ".ci/requirements.txt"):
        shutil.copy(ROOT / name, checkout / name)
    for name, text in (("python", '#!/bin/sh\necho "$PWD: $*"\n'), ("installed", "")):
        path = checkout / ".venv" / ("bin" if name == "python" else "") / name
        path.write_text(text)
        path.chmod(0o755)
    for _ in range(2):  # the first time it notes what is installed
        said = subprocess.run([checkout / "run", command, "STUDY"], cwd=elsewhere, capture_output=True, check=True)
    assert said.stdout.decode() == f"{elsewhere}: -m CardiacSegmentationLib {command} STUDY\n"
