"""The report says every number, stays on its pages, and is the same for the same values."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.analysis.measures import MEASURES
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export import fonts, paper
from CardiacSegmentationLib.export.bullseye import WEDGES
from CardiacSegmentationLib.export.montage import best_columns, contours
from CardiacSegmentationLib.export.report import make_pages, make_report
from CardiacSegmentationLib.export.report_content import Content
from CardiacSegmentationLib.export.report_curve import describe_plateau, draw_function
from CardiacSegmentationLib.export.report_template import read_template
from CardiacSegmentationLib.export.tables import DISCLAIMER
from CardiacSegmentationLib.findings import Finding, Severity, read_catalogue
from CardiacSegmentationLib.journal import JournalEntry
from CardiacSegmentationLib.reading import KeyPhases, Reading, Signature
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.stack import Patient
from export.conftest import corrected

if TYPE_CHECKING:
    from pathlib import Path

FACTS = {"Name": "Müller Ada", "Patient ID": "A-17", "Study date": "2024-05-15", "Scanner": "SIEMENS Aera 1.5 T"}


def _read(pdf: bytes, folder: Path) -> list[str]:
    """The text of each page."""
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext is not installed (Debian: poppler-utils)")
    (folder / "report.pdf").write_bytes(pdf)
    said = subprocess.run([program, "-layout", str(folder / "report.pdf"), "-"], capture_output=True, check=True)
    return said.stdout.decode().split("\f")[:-1]


def _sizes(pdf: bytes) -> list[tuple[float, float]]:
    boxes = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    return [(float(width), float(height)) for width, height in boxes]


def test_every_number_is_in_it(case: Any, tmp_path: Path) -> None:
    text = " ".join(_read(make_report(case.stack, case.segmentation, case.assessment, facts=FACTS), tmp_path))
    words = set(text.split())
    for part in (case.assessment.lv, case.assessment.rv, case.assessment.heart):
        for item in part.values():
            assert item.text.replace("-", "−") in words, item.title
    for volume in case.assessment.volumes_ml.ravel():
        assert f"{volume:.1f}" in words
    phases = case.assessment.key_phases
    for slice_ in range(case.stack.slices):
        assert f"{case.assessment.areas_mm2[Label.LV - 1, phases.lv_es, slice_]:.0f}" in words
    for segment in case.assessment.segments:
        if segment.thickness_ed_mm is not None:
            assert f"{segment.thickness_ed_mm:.1f}" in words


def test_it_names_patient_conventions_network_corrections_and_ranges(case: Any, tmp_path: Path) -> None:
    pages = _read(make_report(case.stack, case.segmentation, case.assessment, facts=FACTS), tmp_path)
    text = re.sub(r"\s+", " ", " ".join(pages))
    for words in (*FACTS.values(), "54 years", "168 cm", "sha256 0123456789ab", "Mosteller", "SCMR 2020"):
        assert words in text, words
    assert "Papillary muscles and trabeculae of the LV count as blood" in text
    assert "Images corrected – phase 1: slice 3." in text
    assert "Normal range of women" in text


@pytest.mark.filterwarnings("error")  # a terminal shows them, as SciPy 1.15's on Python 3.10
@pytest.mark.parametrize(("name", "size"), [("A4", (595.28, 841.89)), ("Letter", (612.0, 792.0))])
def test_it_has_four_pages_each_with_the_disclaimer(
    name: str, size: tuple[float, float], case: Any, tmp_path: Path
) -> None:
    pdf = make_report(case.stack, case.segmentation, case.assessment, paper=name)
    assert np.allclose(_sizes(pdf), [size] * 4, atol=0.1)
    assert all(DISCLAIMER in page for page in _read(pdf, tmp_path))


def test_unknown_paper_is_refused(case: Any) -> None:
    with pytest.raises(ExportError, match="Choose one of A4, Letter"):
        make_report(case.stack, case.segmentation, case.assessment, paper="A3")


def test_the_same_values_give_the_same_bytes_and_no_date(case: Any) -> None:
    first, second = (make_report(case.stack, case.segmentation, case.assessment, facts=FACTS) for _ in range(2))
    assert first == second
    assert b"CreationDate" not in first


def _hard_cases(case: Any) -> dict[str, Content]:
    """What strains the layout: much of everything, and little of everything."""
    long = (
        "the wall is not closed around the cavity, and the blood pool was cut off at a straight line between its ends"
    )
    findings = tuple(Finding(f"{i}: {long}", list(Severity)[i % 3], slice=i % 6, phase=i) for i in range(40))
    entries = [
        JournalEntry("2026-11-28T09:30:00Z", "edit", "Scissors", "RV+MYO+LV", i % 8, i % 6, before=long, after=long)
        for i in range(90)
    ]
    reading = Reading(
        reader="R" * 90, impression=f"{long}. " * 8, signature=Signature("R" * 90, "now"), journal=tuple(entries)
    )
    many = dataclasses.replace(
        case.assessment,
        findings=findings,
        key_phases=KeyPhases(0, 3, 7, 2),
        patient=dataclasses.replace(Patient()),
        reading=reading,
    )
    everywhere = ((phase, slice_) for phase in range(8) for slice_ in range(6))
    names = {
        "Name": "Ä" * 90,
        "Patient ID": "0" * 90,
        "Study": "a long description of a study " * 5,
        "Scanner": "X" * 64,
    }
    crowded = Content(case.stack, corrected(case.segmentation, *everywhere), many, names, "Letter", "now", "de")

    one = dataclasses.replace(
        case.stack, voxels=case.stack.voxels[:1, :1], times_ms=(0.0,), rr_ms=None, patient=Patient()
    )
    cavity = np.where(case.segmentation.labels[:1, :1] == Label.MYO, 0, case.segmentation.labels[:1, :1])
    alone = Segmentation.of(cavity.astype(np.uint8))
    nothing = Segmentation.of(np.zeros_like(cavity, np.uint8))
    repeats = (5, 4, 1, 1)
    tall = dataclasses.replace(
        case.stack,
        voxels=np.tile(case.stack.voxels, repeats),
        times_ms=tuple(np.linspace(0, 990, 40).tolist()),
        patient=Patient("M", 30.0, 180.0, 80.0),
    )
    tall_labels = Segmentation.of(np.tile(case.segmentation.labels, repeats))
    return {
        "crowded": crowded,
        "one image": Content(one, alone, assess(one, alone)),
        "no labels": Content(one, nothing, assess(one, nothing)),
        "24 slices, 40 phases": Content(tall, tall_labels, assess(tall, tall_labels), FACTS),
    }


@pytest.mark.parametrize("name", ["crowded", "one image", "no labels", "24 slices, 40 phases"])
def test_texts_stay_on_the_page_and_off_each_other(name: str, case: Any) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    for page in make_pages(_hard_cases(case)[name]):
        page.figure.set_dpi(300)  # at 100 the hinting of letters alone makes a line some 5 % wider than in the PDF
        canvas = FigureCanvasAgg(page.figure)
        renderer = canvas.get_renderer()
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in page.figure.texts]
        width, height = page.figure.bbox.width, page.figure.bbox.height
        slack = 0.25 * page.figure.dpi / 25.4  # a quarter of a millimetre
        for text, box in boxes:
            assert box.x0 >= -slack + 10 * width / page.width_mm, text
            assert box.x1 <= slack + width - 10 * width / page.width_mm, text
            assert 0 <= box.y0 < box.y1 <= height, text
        for (text, a), (other, b) in combinations(boxes, 2):
            across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert across <= slack or down <= 2 * slack, (text, other)


@pytest.mark.parametrize("name", ["crowded", "24 slices, 40 phases"])
def test_labels_in_drawings_stay_off_each_other(name: str, case: Any) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    seen = 0
    for page in make_pages(_hard_cases(case)[name]):
        renderer = FigureCanvasAgg(page.figure).get_renderer()
        for axes in page.figure.axes:
            boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in axes.texts]
            seen += len(boxes)
            for (text, a), (other, b) in combinations(boxes, 2):
                across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
                assert across <= 0.5 or down <= 0.5, (text, other)
    assert seen > 50


def test_neighbouring_key_phases_have_their_names_in_rows(case: Any) -> None:
    together = dataclasses.replace(case.assessment, key_phases=KeyPhases(0, 3, 1, 4))
    page = draw_function(Content(case.stack, case.segmentation, together))
    names = {text.get_text(): text for text in page.figure.axes[0].texts}
    assert set(names) == {"LV ED", "RV ED", "LV ES", "RV ES"}
    close = dataclasses.replace(
        case.assessment, times_ms=tuple(np.linspace(0, 90, 8).tolist()), key_phases=KeyPhases(0, 3, 1, 4)
    )
    assert draw_function(Content(case.stack, case.segmentation, close)) is not None


def test_the_plateau_rule_is_said_where_it_acts(case: Any) -> None:
    assert describe_plateau(case.assessment) == []
    volumes = case.assessment.volumes_ml.copy()
    volumes[Label.LV - 1, 1] = volumes[Label.LV - 1, 0] * 1.002
    held = dataclasses.replace(case.assessment, volumes_ml=volumes)
    [said] = describe_plateau(held)
    assert said.startswith("LV: end-diastole is phase 1 (")
    assert "largest volume (phase 2, " in said
    decided = dataclasses.replace(held, reading=Reading(key_phases=KeyPhases(lv_ed=0)))
    assert describe_plateau(decided) == []


def test_signed_and_unsigned_reports_say_so_in_both_languages(read_case: Any, case: Any, tmp_path: Path) -> None:
    for language, words in (("en", "Signed by Ada Reader, 2026-11-28 09:0"), ("de", "Unterschrieben von Ada Reader")):
        pdf = make_report(read_case.stack, read_case.segmentation, read_case.assessment, language=language)
        assert words in _read(pdf, tmp_path)[0]
    for language, words in (("en", "Not signed: preliminary"), ("de", "Nicht unterschrieben: vorläufig")):
        assert (
            words in _read(make_report(case.stack, case.segmentation, case.assessment, language=language), tmp_path)[0]
        )


def test_the_first_page_has_impression_doubts_and_corrections_and_the_last_the_journal(
    read_case: Any, tmp_path: Path
) -> None:
    pages = _read(make_report(read_case.stack, read_case.segmentation, read_case.assessment), tmp_path)
    first, last = (re.sub(r"\s+", " ", page) for page in (pages[0], pages[-1]))
    assert read_case.assessment.reading.impression in first
    assert "2 of 48 images corrected; 2 slices excluded (RV)" in first
    for finding in read_case.assessment.open_findings:
        if finding.severity is not Severity.INFO:
            assert finding.message in first
    assert "Everything that was corrected or decided" in last
    for number, entry in enumerate(read_case.assessment.reading.journal, 1):
        assert f"{number} {entry.when[:10]}" in last
    assert last.count("undone") == 1


@pytest.mark.parametrize(
    "finding",
    [
        Finding("several-beats", parameters={"count": 3, "total": 8, "beats": 2}),
        Finding("rr-differs", parameters={"lasts_ms": 1900.0, "rr_ms": 900.0}),
        Finding("apart", Severity.ERROR, parameters={"distance_mm": 80.0, "side": "beyond"}),
        Finding("stack-sheared", parameters={"shift_mm": 4.0}),
    ],
    ids=lambda finding: finding.code,
)
def test_what_the_importer_doubts_is_a_remark_on_images_and_rhythm(finding: Finding, case: Any, tmp_path: Path) -> None:
    assessment = dataclasses.replace(case.assessment, findings=(finding,))
    first = re.sub(r"\s+", " ", _read(make_report(case.stack, case.segmentation, assessment), tmp_path)[0])
    assert f"Image quality and rhythm {finding.message}" in first


def test_remarks_on_images_and_rhythm_stand_beside_the_patient(case: Any, tmp_path: Path) -> None:
    shifted = Finding("slice-shifted", slice=2)
    assessment = dataclasses.replace(case.assessment, findings=(shifted, Finding("apex-first")))
    first = re.sub(r"\s+", " ", _read(make_report(case.stack, case.segmentation, assessment), tmp_path)[0])
    assert f"Image quality and rhythm {shifted.message}" in first
    assert "no remarks" in re.sub(
        r"\s+",
        " ",
        _read(make_report(case.stack, case.segmentation, dataclasses.replace(case.assessment, findings=())), tmp_path)[
            0
        ],
    )


def test_a_long_impression_is_told_to_its_end(read_case: Any, tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(2500))
    reading = dataclasses.replace(read_case.assessment.reading, impression=words)
    assessment = dataclasses.replace(read_case.assessment, reading=reading)
    text = " ".join(_read(make_report(read_case.stack, read_case.segmentation, assessment), tmp_path))
    assert re.findall(r"word\d+", text) == words.split()


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_page_speaks_the_codes_of_the_catalogue(language: str, read_case: Any, tmp_path: Path) -> None:
    text = " ".join(
        _read(make_report(read_case.stack, read_case.segmentation, read_case.assessment, language=language), tmp_path)
    )
    assert "result-" not in text
    assert "journal-" not in text
    assert "transcription" not in text


def test_german_has_a_word_for_every_measure() -> None:
    words = read_catalogue("de").words
    assert [measure.title for measure in MEASURES if measure.title not in words] == []


def test_the_sites_heading_and_logo_are_printed(case: Any, tmp_path: Path) -> None:
    from matplotlib.image import imsave

    imsave(tmp_path / "logo.png", np.zeros((40, 80, 3)))
    path = tmp_path / "report.json"
    path.write_text(
        json.dumps({"heading": ["St. Elsewhere", "Hill Road 1"], "logo": "logo.png", "title": "Cardiac MR"})
    )
    template = read_template(path)
    [page, *_] = make_pages(Content(case.stack, case.segmentation, case.assessment, template=template))
    assert [image.get_array().shape for axes in page.figure.axes for image in axes.images] == [(40, 80, 4)]
    text = _read(make_report(case.stack, case.segmentation, case.assessment, template=template), tmp_path)[0]
    for words in ("St. Elsewhere", "Hill Road 1", "Cardiac MR"):
        assert words in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ('{"headline": "x"}', "nothing else"),
        ('{"heading": "one line"}', "nothing else"),
        ('{"logo": "missing.png"}', "missing.png that"),
    ],
)
def test_a_template_that_cannot_be_used_is_said(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(ExportError, match=message):
        read_template(tmp_path / "report.json")


def test_the_contours_drawn_enclose_the_areas_measured(case: Any) -> None:
    _, row_mm, column_mm = case.stack.spacing_mm
    for slice_ in range(case.stack.slices):
        mask = case.segmentation.labels[3, slice_] == Label.LV
        area = 0.0
        for outline in contours(mask):
            x, y = outline[:, 0], outline[:, 1]
            area += abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
        assert area * row_mm * column_mm == pytest.approx(case.assessment.areas_mm2[Label.LV - 1, 3, slice_])


def test_the_bullseye_has_the_anterior_wall_on_top_and_the_septum_on_the_left() -> None:
    def middle(number: int) -> float:
        return float(np.deg2rad((WEDGES[number].start + WEDGES[number].end) / 2))

    def side(number: int) -> tuple[int, int]:
        return round(np.cos(middle(number))), round(np.sin(middle(number)))

    assert {side(number) for number in (1, 7, 13)} == {(0, 1)}  # anterior
    assert {side(number) for number in (4, 10, 15)} == {(0, -1)}  # inferior
    assert {side(number)[0] for number in (2, 3, 8, 9, 14)} == {-1}  # septal
    assert {side(number)[0] for number in (5, 6, 11, 12, 16)} == {1}  # lateral
    assert all(np.sin(middle(number)) > 0.4 for number in (2, 6, 8, 12))  # antero-septal and -lateral
    assert all(np.sin(middle(number)) < -0.4 for number in (3, 5, 9, 11))  # infero-septal and -lateral


@pytest.mark.parametrize(("slices", "columns"), [(1, 1), (2, 2), (12, 4), (20, 5)])
def test_tiles_are_as_large_as_the_space_allows(slices: int, columns: int) -> None:
    assert best_columns(slices, 182.0, 118.0) == columns


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Müller Ada", "Müller Ada"),
        ("Иванов Γιώργος", "Иванов Γιώργος"),
        ("two\nlines\tand\x00control", "two lines and control"),
        ("$x_1$", "$x_1$"),
    ],
)
def test_texts_become_printable(text: str, printed: str) -> None:
    assert fonts.make_printable(text) == printed


def test_characters_without_a_font_become_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_known_characters", lambda characters: characters - {"王"})
    assert fonts.make_printable("Wang 王") == f"Wang {fonts.UNPRINTABLE}"


def test_long_texts_wrap_and_long_words_are_cut() -> None:
    lines = paper.wrap("a finding that is longer than one line " + "x" * 200, 40.0, 8.0)
    assert all(fonts.text_width_mm(line, 8.0) <= 40.0 for line in lines)
    assert "".join(lines).replace(" ", "") == ("afindingthatislongerthanoneline" + "x" * 200)
    assert paper.shorten("short", 40.0, 8.0) == "short"
    assert fonts.text_width_mm(paper.shorten("long " * 50, 40.0, 8.0), 8.0) <= 40.0
