"""The catalogue of findings: every code that the program uses has its sentence in every language."""

from __future__ import annotations

import ast
import errno
import importlib
import json
import os
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import CardiacSegmentationLib
import pytest
from CardiacSegmentationLib import findings
from CardiacSegmentationLib.cine import Reason
from CardiacSegmentationLib.errors import (
    CardiacSegmentationError,
    ExportError,
    ReadingError,
    as_error,
    error_from_dict,
    error_to_dict,
)
from CardiacSegmentationLib.export import archive, archive_node, archive_web
from CardiacSegmentationLib.findings import Finding, describe, finding_from_dict, finding_to_dict, withhold

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(CardiacSegmentationLib.__file__).parent
PLACES = {"slice", "phase"}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every ``Finding(…)`` in the sources and where it stands."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if is_finding(node):
                yield f"{path.relative_to(SOURCES)}:{node.lineno}", node


def is_finding(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"


def codes_of(call: ast.Call) -> set[str]:
    """The codes that a call may use: one, or either of two."""
    code: ast.expr | None = call.args[0] if call.args else None
    code = code or next((word.value for word in call.keywords if word.arg == "code"), None)
    branches = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
    return {part.value for part in branches if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def used_codes() -> dict[str, str]:
    return {code: place for place, call in calls() for code in codes_of(call)}


def stored(language: str) -> dict[str, Any]:
    text = findings.resource("Findings", f"{language}.json").read_text(encoding="utf-8")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        assert len(set(names)) == len(names), f"{language}: twice in one place: {names}"
        return dict(pairs)

    return json.loads(text, object_pairs_hook=unique)


def fields(template: str | dict[str, str]) -> set[str]:
    texts = template.values() if isinstance(template, dict) else [template]
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_code_of_the_sources_stands_in_every_language() -> None:
    used = used_codes()
    assert len(used) > 20
    missing = {
        language: {
            code: place for code, place in used.items() if code not in findings.read_catalogue(language).templates
        }
        for language in findings.languages()
    }
    assert not any(missing.values()), missing


def test_a_finding_is_made_of_a_code_and_never_of_a_sentence() -> None:
    prose = [
        place
        for place, call in calls()
        for argument in [*call.args[1:], *(word.value for word in call.keywords if word.arg == "parameters")]
        for node in ast.walk(argument)
        if (isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip())
        or (isinstance(node, ast.JoinedStr) and any(isinstance(part, ast.Constant) for part in node.values))
    ]
    assert prose == []


def test_every_sentence_about_a_finding_is_used_by_the_sources() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    rooms = stored("en")
    codes = [
        code for room in ("cine", "network", "analysis") for code in rooms[room] if not code.startswith("repaired-")
    ]
    assert [code for code in codes if f'"{code}"' not in text] == []


def test_languages_have_the_same_sentences_with_the_same_parameters() -> None:
    english = findings.read_catalogue("en")
    for language in findings.languages():
        catalogue = findings.read_catalogue(language)
        assert catalogue.templates.keys() == english.templates.keys()
        assert catalogue.words.keys() >= english.words.keys()  # what is not there is its own English word
        for code, template in catalogue.templates.items():
            assert fields(template) == fields(english.templates[code]), (language, code)
            assert isinstance(template, dict) == isinstance(english.templates[code], dict), (language, code)
            if isinstance(template, dict):
                assert set(template) == {"one", "other"}, (language, code)


@pytest.mark.parametrize("language", findings.languages())
def test_a_code_stands_in_one_room_and_once(language: str) -> None:
    rooms = {room: set(codes) for room, codes in stored(language).items() if room != "words"}
    assert sum(map(len, rooms.values())) == len(set().union(*rooms.values()))
    assert rooms.keys() == {room for room in stored("en") if room != "words"}


def test_every_parameter_of_a_sentence_is_given_by_the_room_that_finds_it() -> None:
    templates = findings.read_catalogue("en").templates
    missing = []
    for room in sorted({path.parent for path in SOURCES.rglob("*.py")}):
        nodes = [node for path in room.glob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
        given = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        used = {code for node in nodes if is_finding(node) for code in codes_of(node)} & templates.keys()
        wanted = {code: fields(templates[code]) - PLACES - given for code in used}
        missing += [(room.name, code, names) for code, names in wanted.items() if names]
    assert missing == []


def test_why_files_are_left_out_has_a_word_in_every_language() -> None:
    for language in findings.languages():
        assert {reason.value for reason in Reason} <= findings.read_catalogue(language).words.keys()


def test_places_count_from_1_where_people_read() -> None:
    assert "Slice 3 is missing" in describe(Finding("missing-slice", slice=2))
    assert describe(Finding("missing-slice", slice=2), "de").startswith("Schicht 3 fehlt")


def test_a_count_of_one_has_its_own_sentence() -> None:
    one, two = (Finding("parallel-slices", parameters={"count": count}) for count in (1, 2))
    assert "slice has" in one.message
    assert "slices have" in two.message


def test_names_that_tell_of_a_patient_are_withheld_and_the_rest_stays() -> None:
    damaged = Finding("file-damaged", parameters={"count": 2, "files": ("DOE_JANE.dcm",), "why": "pixels-cut-off"})
    told = withhold(damaged).message
    assert "DOE" not in told
    assert told.startswith("2 files cannot be used (…): truncated")


def test_a_language_that_is_not_there_reads_as_english_and_an_unknown_code_as_itself() -> None:
    assert describe(Finding("no-motion"), "xx") == Finding("no-motion").message
    assert describe(Finding("of-a-later-version")) == "of-a-later-version"


def test_a_finding_comes_back_from_json_as_it_was() -> None:
    finding = Finding("irregular-gap", slice=3, parameters={"low_mm": 8.0, "files": ("a", "b"), "slices": (1, 2)})
    assert finding_from_dict(json.loads(json.dumps(finding_to_dict(finding)))) == finding


def test_numbers_are_written_as_the_language_writes_them_and_other_texts_are_left_alone() -> None:
    moved = {"structure": "LV", "before": "48.1", "after": "52.3"}
    assert findings.sentence("corrections-value", moved, "de") == "LV-EF 48,1 → 52,3 %"
    assert findings.sentence("corrections-value", moved, "en") == "LV EF 48.1 → 52.3 %"
    gap = Finding("irregular-gap", slice=3, parameters={"low_mm": 8.25, "high_mm": 9.75})
    assert "." not in describe(gap, "de").rstrip(".").replace("mm.", "mm")
    model = {"after": "cardiac-sax 1.2.0"}
    assert "1.2.0" in findings.sentence("journal-segment", model, "de")


# What only a command line can meet: its sentences name options, in English like its help.
COMMAND_LINE_ROOMS = {"cli", "phantom"}
COMMAND_LINE_FILES = {
    "browser/server.py",  # until the page is there
    "cine/read.py",  # which stack, where none was chosen: the panel asks, the page is not there yet
    "export/results.py",  # a part that was named
    "pipeline/cluster.py",
    "pipeline/plan.py",
}
CANCELLED = "Cancelled"  # the reader's own wish: panel and page say so in their own words


def error_classes() -> set[str]:
    """Every error of ours by its name, once the rooms that define some are there."""
    importlib.import_module("CardiacSegmentationLib.export.results")
    found = {CardiacSegmentationError}
    while more := {kind for one in found for kind in one.__subclasses__()} - found:
        found |= more
    return {kind.__name__ for kind in found}


def made_errors() -> Iterator[tuple[str, str, ast.Call]]:
    """Where an error of ours is made, its class, and the call: ``…Error("text")`` or ``…Error.of("code")``."""
    names = error_classes()
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            is_coded = isinstance(node.func, ast.Attribute) and node.func.attr == "of"
            maker = node.func.value if isinstance(node.func, ast.Attribute) and is_coded else node.func
            if isinstance(maker, ast.Name) and maker.id in names:
                yield path.relative_to(SOURCES).as_posix(), maker.id, node


def code_of(call: ast.Call) -> str | None:
    """The code of ``…Error.of("code")``; nothing where it is another error's, passed on."""
    first = call.args[0] if isinstance(call.func, ast.Attribute) and call.args else None
    return first.value if isinstance(first, ast.Constant) else None


def test_every_error_with_a_code_has_its_sentence_and_every_sentence_its_error() -> None:
    codes = {f"error-{code}" for *_, call in made_errors() if (code := code_of(call))}
    assert codes == stored("en")["errors"].keys()


def test_an_error_that_panel_or_page_can_show_has_a_sentence_in_every_language() -> None:
    """``_("…")`` is translated by the panel; what it says is in ``Translations``, and held by a test of its own."""
    plain = []
    for place, kind, call in made_errors():
        room = place.partition("/")[0]
        if isinstance(call.func, ast.Attribute) or kind == CANCELLED or room in COMMAND_LINE_ROOMS:
            continue
        is_translated = room == "gui" and ("id='_'" in ast.dump(call) or place == "gui/packages.py")
        if not is_translated and place not in {*COMMAND_LINE_FILES, "errors.py"}:
            plain.append(f"{place}:{call.lineno}")
    assert plain == []


def test_every_value_of_an_errors_sentence_is_given_where_it_is_made() -> None:
    templates = findings.read_catalogue("en").templates
    for place, _, call in made_errors():
        code, given = code_of(call), {word.arg for word in call.keywords}
        if code and None not in given:  # ``**facts`` cannot be seen here
            assert fields(templates[f"error-{code}"]) <= given, (place, call.lineno, code)


def test_what_an_archive_answers_has_words_in_every_language() -> None:
    said = {*archive.SENT.values(), *archive_web.HTTP_MEANINGS.values(), archive_web.NO_REASON}
    said |= {*archive_node.REJECTIONS.values(), *archive_node.REFUSALS.values(), archive_node.NO_REASON}
    for language in set(findings.languages()) - {"en"}:
        assert said <= findings.read_catalogue(language).words.keys()


def test_an_error_speaks_the_readers_language() -> None:
    error = ReadingError.of("signed", reader="Dr. Ada Reader")
    assert str(error) == error.text() == "The reading is signed by Dr. Ada Reader. Unlock it to change it."
    assert error.text("de") == "Der Befund ist unterschrieben von Dr. Ada Reader. Zum Ändern entsperren."
    assert ReadingError("plain").text("de") == "plain"


def test_an_error_within_an_error_speaks_it_too_and_both_survive_the_way_between_processes() -> None:
    refusal = ExportError.of("store-refused", meaning=archive_node.REFUSALS["A7"], status="A700")
    files = tuple(ExportError.of("not-stored", file=name, why=refusal) for name in ("sr.dcm", "seg_ED.dcm"))
    error = ExportError.of("not-all-stored", stored=1, count=3, failed=files)
    told = error_from_dict(json.loads(json.dumps(error_to_dict(error))))
    assert (
        told.text()
        == str(error)
        == "\n".join(
            ["1 of 3 objects stored."]
            + [f"{name}: the archive has no room or no memory left: status A700" for name in ("sr.dcm", "seg_ED.dcm")]
        )
    )
    assert told.text("de") == error.text("de")
    assert told.text("de").splitlines()[1] == (
        "sr.dcm: das Archiv hat keinen Platz oder keinen Speicher mehr: Status A700"
    )


def test_what_the_operating_system_refuses_is_said_in_the_readers_language(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as refused:
        (tmp_path / "absent").read_bytes()
    error = as_error(refused.value)
    assert str(error).startswith(f"{tmp_path / 'absent'} cannot be used (No such file or directory).")
    assert error.text("de").startswith(
        f"{tmp_path / 'absent'} ist nicht zu benutzen (Datei oder Ordner nicht vorhanden)."
    )
    assert as_error(error) is error
    assert str(as_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))).startswith("A file cannot be used (No space")


def test_names_of_files_can_be_written_whatever_bytes_they_hold() -> None:
    name = "gr\udcfcn.dcm"  # as Python reads a name in Latin-1
    finding = Finding("file-damaged", parameters={"file": name, "files": (name, "a.dcm"), "count": 2})
    assert finding.parameters == {"file": "gr\ufffdn.dcm", "files": ("gr\ufffdn.dcm", "a.dcm"), "count": 2}
