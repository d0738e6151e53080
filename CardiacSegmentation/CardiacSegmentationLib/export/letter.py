"""The numbers in words: a paragraph for a letter, and phrases that a reader may take into the impression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CardiacSegmentationLib.export.corrections import find_corrections, summarise_corrections
from CardiacSegmentationLib.export.wording import (
    capitalised,
    describe_conventions,
    describe_signature,
    limits_text,
    measure_text,
    phrase,
)
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.assessment import Assessment, Measurement
    from CardiacSegmentationLib.segmentation import Segmentation

VOLUMES = (("EDV", "edv_ml", "edvi_ml_m2"), ("ESV", "esv_ml", "esvi_ml_m2"), ("SV", "sv_ml", "svi_ml_m2"))


def letter_text(segmentation: Segmentation, assessment: Assessment, language: str = DEFAULT_LANGUAGE) -> str:
    """A paragraph for the letter: both ventricles, what the numbers rest on, the impression, and who signed."""
    reading = assessment.reading
    left = [*_ventricle(assessment.lv, language)]
    if _known(assessment.lv, "mass_g"):
        left.append(_with_index(phrase("letter-mass", language), assessment.lv, "mass_g", "mass_index_g_m2", language))
    if _known(assessment.lv, "co_l_min"):
        left.append(_item(phrase("letter-co", language), assessment.lv["co_l_min"], language))
    sentences = [f"{phrase('letter-lead', language)}."]
    for side, parts in (("LV", left), ("RV", _ventricle(assessment.rv, language))):
        if parts:
            sentences.append(f"{side}: {', '.join(parts)}.")
    sentences += [
        _circumstances(assessment, language),
        describe_conventions(assessment.conventions, language)["papillary"],
    ]
    corrected = summarise_corrections(find_corrections(segmentation, assessment), language)
    if corrected:
        sentences.append(phrase("letter-corrected", language, summary=corrected))
    if reading.impression.strip():
        text = " ".join(reading.impression.split())
        sentences.append(f"{phrase('impression', language)}: {text if text.endswith(('.', '!', '?')) else f'{text}.'}")
    is_signed = reading.signature is not None
    sentences.append(
        f"{describe_signature(reading.signature, language)}." if is_signed else phrase("letter-unsigned", language)
    )
    return " ".join(sentence for sentence in sentences if sentence)


def propose_impressions(assessment: Assessment, language: str = DEFAULT_LANGUAGE) -> list[str]:
    """Phrases about size, function and mass, from the numbers and their limits of normal; a number without limits is
    named and not judged."""
    phrases = []
    for side, measures in (("LV", assessment.lv), ("RV", assessment.rv)):
        size = next((measures[key] for key in ("edvi_ml_m2", "edv_ml") if measures[key].reference), None)
        if size is not None and size.value is not None:
            name = "EDV/BSA" if size.key == "edvi_ml_m2" else "EDV"
            phrases.append(_judge("impression-size", size, language, side=side, measure=name))
        ef = measures["ef_percent"]
        if ef.value is not None:
            phrases.append(_judge("impression-function", ef, language, side=side))
        mass = next((measures[key] for key in ("mass_index_g_m2", "mass_g") if _has_limits(measures, key)), None)
        if mass is not None and mass.value is not None:
            phrases.append(_judge("impression-mass", mass, language))
    differing = [finding for finding in assessment.open_findings if finding.code == "stroke-volumes-differ"]
    difference = assessment.heart["sv_difference_ml"]
    if differing and difference.value is not None:
        text = measure_text(difference, language).lstrip("−")
        phrases.append(phrase("impression-stroke-volumes", language, value=text))
    return phrases


def _judge(code: str, item: Measurement, language: str, **words: str) -> str:
    values = {"value": measure_text(item, language), "unit": item.unit, **words}
    if item.reference is None or item.value is None:
        return phrase(f"{code}-unranged", language, **values)
    low, high = limits_text(item.reference, language)
    where = "normal"
    if item.is_outside_reference:
        where = "below" if item.value < item.reference.low else "above"
    return phrase(f"{code}-{where}", language, low=low, high=high, **values)


def _ventricle(measures: Mapping[str, Measurement], language: str) -> list[str]:
    parts = [_with_index(name, measures, key, index, language) for name, key, index in VOLUMES if _known(measures, key)]
    if _known(measures, "ef_percent"):
        parts.append(_item("EF", measures["ef_percent"], language))
    return parts


def _with_index(name: str, measures: Mapping[str, Measurement], key: str, index: str, language: str) -> str:
    text = _item(name, measures[key], language)
    if not _known(measures, index):
        return text
    indexed = _item("", measures[index], language).strip()
    return f"{text} ({indexed.replace(' (', ', ').rstrip(')')})"


def _item(name: str, item: Measurement, language: str) -> str:
    """A name, its number and its limits of normal."""
    text = f"{name} {measure_text(item, language)} {item.unit}"
    if item.reference is None:
        return text
    low, high = limits_text(item.reference, language)
    return f"{text} ({phrase('letter-normal', language, low=low, high=high)})"


def _circumstances(assessment: Assessment, language: str) -> str:
    heart, parts = assessment.heart, []
    if _known(heart, "heart_rate_bpm"):
        parts.append(phrase("letter-heart-rate", language, value=measure_text(heart["heart_rate_bpm"], language)))
    if _known(heart, "bsa_m2"):
        value, formula = measure_text(heart["bsa_m2"], language), assessment.conventions.bsa_formula
        parts.append(phrase("letter-bsa", language, value=value, formula=formula))
    return f"{capitalised(', '.join(parts))}." if parts else ""


def _known(measures: Mapping[str, Measurement], key: str) -> bool:
    return key in measures and measures[key].value is not None


def _has_limits(measures: Mapping[str, Measurement], key: str) -> bool:
    return key in measures and measures[key].reference is not None
