"""The catalogue of findings: every code that the program uses has its sentence in every language."""

from __future__ import annotations

import ast
import json
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import CardiacSegmentationLib
import pytest
from CardiacSegmentationLib import findings
from CardiacSegmentationLib.cine import Reason
from CardiacSegmentationLib.errors import ReadingError
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


def raised_codes() -> dict[str, str]:
    """The code of every ``…Error.of("code")`` in the sources, and where it stands."""
    found = {}
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "of"
            if is_call and node.args and isinstance(node.args[0], ast.Constant):
                found[f"error-{node.args[0].value}"] = f"{path.relative_to(SOURCES)}:{node.lineno}"
    return found


def test_every_error_with_a_code_has_its_sentence_and_every_sentence_its_error() -> None:
    assert raised_codes().keys() == stored("en")["errors"].keys()


def test_an_error_speaks_the_readers_language() -> None:
    error = ReadingError.of("signed", reader="Dr. Ada Reader")
    assert str(error) == error.text() == "The reading is signed by Dr. Ada Reader. Unlock it to change it."
    assert error.text("de") == "Der Befund ist unterschrieben von Dr. Ada Reader. Zum Ändern entsperren."
    assert ReadingError("plain").text("de") == "plain"
