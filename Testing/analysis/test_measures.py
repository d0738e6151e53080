"""Every measure has a unit and, where one exists, a code; what cannot be known says why."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.analysis.body import FORMULAS, body_surface_m2
from CardiacSegmentationLib.analysis.measures import MEASURES
from CardiacSegmentationLib.analysis.wall import SEGMENTS
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, describe, languages, read_catalogue, translate
from CardiacSegmentationLib.reading import Conventions, KeyPhases, Reading
from CardiacSegmentationLib.segmentation import Label, Papillary, Segmentation
from CardiacSegmentationLib.stack import Patient
from pydicom.sr._concepts_dict import concepts

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Assessment

MakeHeart = Callable[..., Any]
DICTIONARY = {
    (scheme, value): meaning
    for scheme, names in concepts.items()
    for codes in names.values()
    for value, (meaning, *_) in codes.items()
}


def all_measurements(assessment: Assessment) -> dict[str, Any]:
    parts = (("lv", assessment.lv), ("rv", assessment.rv), ("heart", assessment.heart))
    return {f"{part}.{key}": item for part, items in parts for key, item in items.items()}


@pytest.mark.parametrize("code", [m.code for m in MEASURES if m.code] + [f.code for f in FORMULAS.values()], ids=str)
def test_codes_are_those_of_dicom(code: Any) -> None:
    assert (code.scheme, code.value) in DICTIONARY
    assert code.meaning.split("=")[0].split()[0].lower() in DICTIONARY[code.scheme, code.value].lower()


def test_names_of_measures_are_unique_and_units_match_their_keys() -> None:
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    for one in MEASURES:
        assert one.title
        assert one.definition
        assert one.ucum.lower().replace("/", "_").lstrip("_").replace("%", "percent").replace("min", "min") in (
            one.key.replace("heart_rate_bpm", "min")
        ), one.name


def test_the_clinical_numbers_follow_from_the_volumes(make_heart: MakeHeart) -> None:
    heart = make_heart((25.0, 18.0), slices=8, rr_ms=800.0)
    assessment = assess(heart.stack, heart.segmentation)
    got = {name: item.value for name, item in all_measurements(assessment).items()}
    edv, esv = np.pi * 25.0**2 * 80 / 1000, np.pi * 18.0**2 * 80 / 1000
    bsa = np.sqrt(180 * 80 / 3600)
    expected = {
        "lv.edv_ml": edv,
        "lv.esv_ml": esv,
        "lv.sv_ml": edv - esv,
        "lv.ef_percent": 100 * (edv - esv) / edv,
        "lv.co_l_min": (edv - esv) * 75 / 1000,
        "lv.mass_g": np.pi * (33.0**2 - 25.0**2) * 80 / 1000 * 1.05,
        "lv.mass_es_g": np.pi * (26.0**2 - 18.0**2) * 80 / 1000 * 1.05,
        "lv.edvi_ml_m2": edv / bsa,
        "lv.esvi_ml_m2": esv / bsa,
        "lv.svi_ml_m2": (edv - esv) / bsa,
        "lv.ci_l_min_m2": (edv - esv) * 75 / 1000 / bsa,
        "lv.mass_index_g_m2": np.pi * (33.0**2 - 25.0**2) * 80 / 1000 * 1.05 / bsa,
        "lv.wall_thickness_mean_mm": 8.0,
        "heart.heart_rate_bpm": 75.0,
        "heart.bsa_m2": bsa,
    }
    assert {name: got[name] for name in expected} == pytest.approx(expected, rel=0.012)
    assert got["heart.sv_difference_ml"] == pytest.approx(got["lv.sv_ml"] - got["rv.sv_ml"])
    assert (assessment.key_phases.lv_ed, assessment.key_phases.lv_es) == (0, 1)


@pytest.mark.parametrize(
    ("formula", "expected"),
    # 170 cm, 70 kg by hand: √(11900/3600); 0.007184 · 41.395 · 6.0822; 0.024265 · 7.6594 · 9.8246
    [("Mosteller", 1.8181), ("DuBois", 1.8097), ("Haycock", 1.8265)],
)
def test_body_surface_by_the_formula_named(formula: str, expected: float) -> None:
    assert body_surface_m2(Patient(height_cm=170.0, weight_kg=70.0), formula) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(
    ("patient", "reason"),
    [
        (Patient(weight_kg=80.0), "the patient's height is not known"),
        (Patient(), "the patient's height and weight are not known"),
        (Patient(height_cm=1.75, weight_kg=80.0), "a height of 1.75 cm cannot be right"),
        (Patient(height_cm=175.0, weight_kg=0.0), "a weight of 0 kg cannot be right"),
    ],
)
def test_without_height_and_weight_nothing_is_indexed(make_heart: MakeHeart, patient: Patient, reason: str) -> None:
    heart = make_heart(patient=patient)
    index = assess(heart.stack, heart.segmentation).lv["edvi_ml_m2"]
    assert (index.value, index.note) == (None, reason)


def without(labels: np.ndarray, *structures: Label) -> np.ndarray:
    return np.where(np.isin(labels, structures), 0, labels).astype(np.uint8)


UNUSUAL: dict[str, tuple[Callable[[np.ndarray], np.ndarray], dict[str, str | None]]] = {
    "no label anywhere": (
        np.zeros_like,
        {
            "lv.edv_ml": "no LV is labelled",
            "rv.ef_percent": "no RV is labelled",
            "lv.mass_g": "no myocardium is labelled",
        },
    ),
    "no myocardium": (
        lambda labels: without(labels, Label.MYO),
        {"lv.ef_percent": None, "lv.mass_g": "no myocardium is labelled", "rv.ef_percent": None},
    ),
    "only the LV": (lambda labels: without(labels, Label.MYO, Label.RV), {"lv.ef_percent": None}),
    "only the RV": (
        lambda labels: without(labels, Label.MYO, Label.LV),
        {"rv.ef_percent": None, "lv.edv_ml": "no LV is labelled", "heart.sv_difference_ml": "no LV is labelled"},
    ),
    "only end-diastole": (
        lambda labels: np.concatenate([labels[:1], np.zeros_like(labels[1:])]),
        {"lv.edv_ml": None, "lv.esv_ml": "end-systole of the LV is not known", "lv.mass_g": None},
    ),
    "myocardium at end-diastole only": (
        lambda labels: np.concatenate([labels[:1], without(labels[1:], Label.MYO)]),
        {
            "lv.mass_g": None,
            "lv.mass_es_g": "no myocardium is labelled at end-systole (phase 2)",
            "lv.ef_percent": None,
        },
    ),
    "the same in every phase": (
        lambda labels: np.stack([labels[0]] * 2),
        {"lv.ef_percent": None, "rv.ef_percent": None},
    ),
    "one slice": (lambda labels: labels[:, :1], {"lv.ef_percent": None, "lv.mass_g": None}),
    "one phase": (lambda labels: labels[:1], {"lv.edv_ml": None}),
    "one pixel": (lambda labels: labels[:, :1, 40:41, 50:51] * 0 + 3, {"lv.edv_ml": None, "lv.ef_percent": None}),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_unusual_labels_give_what_they_can_and_reasons_for_the_rest(make_heart: MakeHeart, case: str) -> None:
    change, expected = UNUSUAL[case]
    heart = make_heart()
    labels = change(heart.segmentation.labels)
    stack = replace(heart.stack, voxels=np.zeros(labels.shape), times_ms=heart.stack.times_ms[: len(labels)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = all_measurements(assess(stack, Segmentation.of(labels)))
    for name, note in expected.items():
        assert (got[name].value is None) == (note is not None), name
        assert got[name].note == (note or ""), name
    assert all(item.note or np.isfinite(item.value) for item in got.values())


def test_a_heart_that_does_not_beat_has_an_ef_of_zero_and_a_finding(make_heart: MakeHeart) -> None:
    heart = make_heart((25.0, 25.0))
    assessment = assess(heart.stack, heart.segmentation)
    assert assessment.lv["ef_percent"].value == 0.0
    assert assessment.heart["sv_difference_percent"].note == "both stroke volumes are zero"
    assert "volume-constant" in {finding.code for finding in assessment.findings}


def test_without_a_heart_rate_there_is_no_output(make_heart: MakeHeart) -> None:
    heart = make_heart(rr_ms=None)
    assessment = assess(heart.stack, heart.segmentation)
    assert assessment.lv["ef_percent"].value is not None
    assert (assessment.lv["co_l_min"].value, assessment.lv["co_l_min"].note) == (None, "the heart rate is not known")


def test_a_reader_who_fixes_a_phase_without_labels_is_told(make_heart: MakeHeart) -> None:
    heart = make_heart((25.0, 18.0, 20.0))
    labels = heart.segmentation.labels.copy()
    labels[2] = 0
    assessment = assess(heart.stack, Segmentation.of(labels), Reading(key_phases=KeyPhases(lv_es=2)))
    assert assessment.lv["esv_ml"].note == "no LV is labelled at end-systole (phase 3)"


def test_different_stroke_volumes_of_lv_and_rv_are_a_finding(make_heart: MakeHeart) -> None:
    heart = make_heart((26.0, 18.0), slices=8)
    labels = heart.segmentation.labels.copy()
    labels[1][labels[1] == Label.RV] = 0
    labels[1][labels[0] == Label.RV] = Label.RV  # an RV that does not beat
    assessment = assess(heart.stack, Segmentation.of(labels))
    (finding,) = [one for one in assessment.findings if one.code == "stroke-volumes-differ"]
    assert f"{abs(assessment.heart['sv_difference_ml'].value):.0f} ml" in finding.message


@pytest.mark.parametrize("papillary", list(Papillary))
def test_measuring_only_what_changed_gives_the_same_as_measuring_anew(
    make_heart: MakeHeart, papillary: Papillary
) -> None:
    heart = make_heart((25.0, 22.0, 18.0, 21.0))
    reading = Reading(conventions=Conventions(papillary=papillary))
    before = assess(heart.stack, heart.segmentation, reading)
    labels = heart.segmentation.labels.copy()
    labels[2, 1:3][labels[2, 1:3] == Label.LV] = Label.MYO
    edited = Segmentation.of(labels)
    again = assess(heart.stack, edited, reading, before, {(2, 1), (2, 2)})
    anew = assess(heart.stack, edited, reading)
    assert all_measurements(again) == all_measurements(anew)
    assert again.findings == anew.findings
    assert again.lv["esv_ml"].value < before.lv["esv_ml"].value
    np.testing.assert_array_equal(again.areas_mm2, anew.areas_mm2)
    np.testing.assert_array_equal(before.areas_mm2, assess(heart.stack, heart.segmentation, reading).areas_mm2)


def test_a_phase_that_becomes_labelled_is_measured_whole(make_heart: MakeHeart) -> None:
    """Its other slices are empty then, no longer unknown; and the other way round."""
    heart = make_heart((25.0, 22.0, 18.0))
    labels = heart.segmentation.labels.copy()
    labels[1] = 0
    before = assess(heart.stack, Segmentation.of(labels))
    drawn = labels.copy()
    drawn[1, 2] = heart.segmentation.labels[1, 2]
    again = assess(heart.stack, Segmentation.of(drawn), None, before, {(1, 2)})
    np.testing.assert_array_equal(again.areas_mm2, assess(heart.stack, Segmentation.of(drawn)).areas_mm2)
    back = assess(heart.stack, Segmentation.of(labels), None, again, {(1, 2)})
    np.testing.assert_array_equal(back.areas_mm2, before.areas_mm2)


@pytest.mark.parametrize("language", languages())
def test_a_measure_has_title_and_definition_and_a_reason_to_be_missing_in_every_language(
    make_heart: MakeHeart, language: str
) -> None:
    words = read_catalogue(language).words
    for measure in MEASURES:
        if language != DEFAULT_LANGUAGE:
            assert measure.title in words
            assert measure.definition in words
        assert translate(measure.title, language)[0].isupper()
    heart = make_heart(patient=Patient(height_cm=1.8, weight_kg=80.0))
    for change, _ in UNUSUAL.values():
        labels = change(heart.segmentation.labels)
        stack = replace(heart.stack, voxels=np.zeros(labels.shape), times_ms=heart.stack.times_ms[: len(labels)])
        for item in all_measurements(assess(stack, Segmentation.of(labels))).values():
            if item.reason is not None:
                assert item.reason.code in read_catalogue(language).templates
                assert not set("{}?") & set(describe(item.reason, language))


def test_a_missing_number_says_why_in_german(make_heart: MakeHeart) -> None:
    heart = make_heart(patient=Patient())
    index = assess(heart.stack, heart.segmentation).lv["edvi_ml_m2"]
    assert describe(index.reason, "de") == "Größe und Gewicht des Patienten sind nicht bekannt"
    assert translate(index.title, "de") == "Enddiastolischer LV-Volumenindex"


def test_zero_has_no_sign(make_heart: MakeHeart) -> None:
    heart = make_heart()
    difference = assess(heart.stack, heart.segmentation).heart["sv_difference_ml"]
    assert replace(difference, value=-0.04).text == "0.0"
    assert replace(difference, value=-0.06).text == "-0.1"


def test_segments_are_those_of_the_aha() -> None:
    assert [SEGMENTS[number] for number in (1, 2, 3, 8, 12, 14, 16, 17)] == [
        "basal anterior", "basal anteroseptal", "basal inferoseptal", "mid anteroseptal", "mid anterolateral",
        "apical septal", "apical lateral", "apex",
    ]  # fmt: skip
