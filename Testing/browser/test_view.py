"""The page that shows a study: complete, small, quiet, and the same numbers as everywhere."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.browser.images import PIXEL_PARTS, crop_to_heart, describe_contours, whole_image
from CardiacSegmentationLib.browser.page import make_page, page_pieces
from CardiacSegmentationLib.browser.words import read_words
from CardiacSegmentationLib.choices import CONVENTIONS
from CardiacSegmentationLib.contours import find_contours
from CardiacSegmentationLib.export.deidentify import Deidentifier
from CardiacSegmentationLib.export.montage import find_window
from CardiacSegmentationLib.export.result_parts import ExportOptions
from CardiacSegmentationLib.export.results import write_results
from CardiacSegmentationLib.findings import languages
from CardiacSegmentationLib.resources import resource
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.session import StudySession
from scipy.ndimage import binary_erosion

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from chromium import Tab

PHASE, SLICE = 0, 3


@pytest.fixture
def session(stack: CineStack, segmentation: Segmentation) -> StudySession:
    """A reader made the cavity smaller in one image and left the RV out of another."""
    session = StudySession(stack, segmentation)
    image = segmentation.labels[PHASE, SLICE]
    outer = (image == Label.LV) & ~binary_erosion(image == Label.LV, iterations=2)
    session.put({(PHASE, SLICE): np.where(outer, Label.MYO, image).astype(np.uint8)}, "Erase")
    session.set_counts([Label.RV], 0, 2, counts=False)
    return session


@pytest.fixture
def view(session: StudySession, tmp_path: Path) -> Callable[..., Path]:
    """Writes the page of the session."""

    def write(**options: Any) -> Path:
        [path] = write_results(
            tmp_path,
            session.stack,
            session.segmentation,
            session.assessment,
            ["view"],
            options=ExportOptions(**options),
        )
        return path

    return write


def study_in(path: Path) -> dict[str, Any]:
    found = re.search(r'<script id="study" type="application/json">(.*?)</script>', path.read_text(), re.DOTALL)
    assert found is not None
    study: dict[str, Any] = json.loads(found.group(1))
    return study


def test_the_page_says_the_assessments_numbers(view: Any, session: StudySession) -> None:
    study = study_in(view())
    rows = {row["key"]: row for row in study["state"]["numbers"]}
    for side, measures in (("lv", session.assessment.lv), ("rv", session.assessment.rv)):
        for key in ("ef_percent", "edv_ml", "esv_ml"):
            assert rows[key][side]["text"] == measures[key].text
    assert study["state"]["counted"]["RV"][0][2] == "0"
    assert study["state"]["corrected"] == [f"{PHASE},{SLICE}"]
    assert study["automatic"].keys() == {f"{PHASE},{SLICE}"}
    assert study["state"]["signature"] is None


def test_borders_come_back_from_whole_numbers_to_where_they_are(stack: CineStack, segmentation: Segmentation) -> None:
    contours = find_contours(segmentation.labels[PHASE, SLICE], stack.spacing_mm[1:])
    crop = crop_to_heart(stack, find_window(stack, segmentation))
    assert crop.rows < whole_image(stack).rows
    for border, curve in contours.borders.items():
        steps = np.array(describe_contours(contours, crop)[border.value]["points"]).reshape(-1, 2)
        places = steps.cumsum(axis=0)[:, ::-1] / PIXEL_PARTS - 0.5 + (crop.row, crop.column)
        away = np.hypot(*(places[:, None] * stack.spacing_mm[1:] - curve[None]).transpose(2, 0, 1)).min(axis=1)
        assert away.max() < 1.0 / PIXEL_PARTS * stack.spacing_mm[1]


def test_what_is_put_into_the_page_cannot_leave_its_place(session: StudySession) -> None:
    study = {"language": "en", "words": {"title": "{script}"}, "whose": '</script><script>alert("{study}")</script>'}
    page = make_page(study)
    assert "<script>alert" not in page
    assert html.escape('</script><script>alert("{study}")') in page, "the title"
    assert page.count("<script") == 2


def test_a_study_of_many_pieces_is_the_same_study(tmp_path: Path) -> None:
    values = {"empty": [{}, []], "none": {}, "texts": ["a < b", "é", ""], 3: {"deep": [1.5, None, {"x": ["<"]}]}}
    study = {"language": "en", "words": {"title": "T"}, "values": values}
    path = tmp_path / "page.html"
    path.write_text("".join(page_pieces(study)), encoding="utf-8")
    assert study_in(path) == json.loads(json.dumps(study))


def test_deidentified_it_names_nobody(view: Any, session: StudySession) -> None:
    session.set_reader("Reader^Ada")
    session.sign()
    page = view(deidentifier=Deidentifier(b"a key")).read_text()
    study = study_in(view(deidentifier=Deidentifier(b"a key")))
    assert study["whose"].startswith("ANON-")
    assert [name for name, _ in study["facts"]] == ["Images"]
    assert "Reader" not in json.dumps([study["state"]["signature"], study["state"]["journal"]])
    assert "PHANTOM" not in page.replace("CardiacSegmentation", "")


def test_every_language_has_the_same_words() -> None:
    english = read_words("en")
    for language in languages():
        assert resource("Browser", f"{language}.json").is_file()
        words = read_words(language)
        assert {group: words[group].keys() for group in words} == {group: english[group].keys() for group in english}
        for group, texts in words.items():
            for name, text in texts.items():
                assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[group][name])), name


def test_every_word_is_used() -> None:
    scripts = "".join(path.read_text() for path in resource("Browser").iterdir() if path.suffix in (".js", ".html"))
    used = set(re.findall(r'words\.(\w+)|data-(?:word|label)="(\w+)"', scripts))
    by_name = {name for pair in used for name in pair} | {"error", "warning", "info"}  # severities: words[…]
    assert set(read_words("en")["words"]) <= by_name
    by_key = set(re.findall(r"'([\w-]+)'", scripts)) | set(CONVENTIONS)  # words[name]
    assert set(read_words("en")["reading"]) <= by_name | by_key


def test_a_browser_shows_it_and_asks_nobody(view: Any, new_tab: Any, session: StudySession) -> None:
    address = view().as_uri()
    tab: Tab = new_tab().open(address)
    assert tab.asked == [address]
    assert tab.complaints == []
    assert tab.text("#lv-ef_percent") == session.assessment.lv["ef_percent"].text
    assert tab.page.evaluate("playing"), "the heart beats"
    tab.page.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
    tab.page.wait_for_timeout(100)
    assert any("Content Security Policy" in text for text in tab.complaints)


def test_hands_move_it_as_in_slicer(view: Any, new_tab: Any, session: StudySession) -> None:
    tab: Tab = new_tab(reduced_motion="reduce").open(view().as_uri())
    page, keys = tab.page, session.assessment.key_phases
    first = page.evaluate("at.slice")
    page.hover("#image")
    page.mouse.wheel(0, 120)
    assert page.evaluate("at.slice") == first + 1
    page.keyboard.down("Shift")
    page.mouse.wheel(0, 120)
    page.keyboard.up("Shift")
    assert page.evaluate("at.phase") == keys.lv_ed + 1
    page.keyboard.press("s")
    assert page.evaluate("at.phase") == keys.lv_es
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("at.phase") == keys.lv_es - 1
    page.keyboard.press("d")
    page.keyboard.press("p")
    assert page.evaluate("playing")
    page.keyboard.press("p")
    box = page.locator("#curve svg").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 12, box["y"] + box["height"] / 2)
    assert page.evaluate("at.phase") == session.stack.phases - 1
    page.locator(".tiles").first.locator("button").nth(SLICE).click()
    assert page.evaluate("[at.phase, at.slice]") == [keys.lv_ed, SLICE]
    assert f"Slice {SLICE + 1} of" in page.get_attribute("#image", "aria-label")
    place = next(finding for finding in session.assessment.findings if finding.phase is not None)
    index = session.assessment.findings.index(place)
    page.locator("#findings button").nth(index).click()
    assert page.evaluate("at.phase") == place.phase
    page.evaluate(f"goTo({PHASE}, {SLICE})")  # an image that was corrected
    seen = {"": picture_of(page)}
    for name in "oh":
        page.keyboard.press(name)
        seen[name] = picture_of(page)
        page.keyboard.press(name)
        assert picture_of(page) == seen[""]
    assert len(set(seen.values())) == 3  # with all lines, without the automatic ones, without any


def picture_of(page: Any) -> str:
    """What the canvas shows."""
    return str(page.evaluate("byId('image').toDataURL()"))


@pytest.mark.parametrize("options", [{"viewport": {"width": 390, "height": 844}}, {}], ids=["phone", "desktop"])
def test_it_fits_its_window_in_german_too(view: Any, new_tab: Any, options: Any) -> None:
    tab: Tab = new_tab(**options).open(view(language="de").as_uri())
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "Nicht von einem Befunder unterschrieben" in tab.text("#signed")
    assert "Kein Medizinprodukt" in tab.text("footer")
    assert "," in tab.text("#lv-ef_percent")
