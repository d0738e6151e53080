"""The report says every number, stays on its pages, and is the same for the same values."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export import fonts, paper
from CardiacSegmentationLib.export.bullseye import WEDGES
from CardiacSegmentationLib.export.montage import best_columns, contours
from CardiacSegmentationLib.export.report import make_pages, make_report
from CardiacSegmentationLib.export.report_content import Content, describe_edits
from CardiacSegmentationLib.export.tables import DISCLAIMER
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.reading import KeyPhases
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.stack import Patient

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
    pages = _read(
        make_report(case.stack, case.segmentation, case.assessment, facts=FACTS, reader="A. Reader"), tmp_path
    )
    text = re.sub(r"\s+", " ", " ".join(pages))
    for words in (*FACTS.values(), "54 years", "168 cm", "sha256 0123456789ab", "A. Reader", "Mosteller", "SCMR 2020"):
        assert words in text, words
    assert "Papillary muscles and trabeculae count as blood" in text
    assert "Corrected by a person – phase 1: slice 3." in text
    assert "Normal range of women" in text


@pytest.mark.parametrize(("name", "size"), [("A4", (595.28, 841.89)), ("Letter", (612.0, 792.0))])
def test_it_has_three_pages_each_with_the_disclaimer(
    name: str, size: tuple[float, float], case: Any, tmp_path: Path
) -> None:
    pdf = make_report(case.stack, case.segmentation, case.assessment, paper=name)
    assert np.allclose(_sizes(pdf), [size] * 3, atol=0.1)
    assert all(DISCLAIMER in page for page in _read(pdf, tmp_path))


def test_unknown_paper_is_refused(case: Any) -> None:
    with pytest.raises(ExportError, match="Choose A4 or Letter"):
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
    findings = tuple(Finding("x", f"{i}: {long}", list(Severity)[i % 3], slice=i % 6, phase=i) for i in range(40))
    many = dataclasses.replace(
        case.assessment, findings=findings, key_phases=KeyPhases(0, 3, 7, 2), patient=dataclasses.replace(Patient())
    )
    edited = tuple((phase, slice_) for phase in range(8) for slice_ in range(6))
    names = {
        "Name": "Ä" * 90,
        "Patient ID": "0" * 90,
        "Study": "a long description of a study " * 5,
        "Scanner": "X" * 64,
    }
    crowded = Content(
        case.stack, dataclasses.replace(case.segmentation, edited=edited), many, names, "Letter", "now", "R" * 90
    )

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
    def side(number: int) -> tuple[int, int]:
        middle = np.deg2rad((WEDGES[number].start + WEDGES[number].end) / 2)
        return round(np.cos(middle)), round(np.sin(middle))

    assert {side(number) for number in (1, 7, 13)} == {(0, 1)}  # anterior
    assert {side(number) for number in (4, 10, 15)} == {(0, -1)}  # inferior
    assert {side(number)[0] for number in (2, 3, 8, 9, 14)} == {-1}  # septal
    assert {side(number)[0] for number in (5, 6, 11, 12, 16)} == {1}  # lateral
    assert [side(number)[1] for number in (2, 3, 5, 6)] == [0, 0, 0, 0] or len(WEDGES) == 17


@pytest.mark.parametrize(("slices", "columns"), [(1, 1), (2, 2), (12, 4), (20, 5)])
def test_tiles_are_as_large_as_the_space_allows(slices: int, columns: int) -> None:
    assert best_columns(slices, 182.0, 118.0) == columns


@pytest.mark.parametrize(
    ("edited", "words"),
    [
        ((), ""),
        (((0, 2),), "Corrected by a person – phase 1: slice 3."),
        (((4, 1), (0, 2), (0, 0)), "Corrected by a person – phase 1: slices 1, 3; phase 5: slice 2."),
        (tuple((phase, 0) for phase in range(9)), "Corrected by a person – 9 images in 9 phases."),
    ],
)
def test_corrections_are_listed_while_they_are_few(edited: Any, words: str, case: Any) -> None:
    assert describe_edits(dataclasses.replace(case.segmentation, edited=edited)) == words


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
