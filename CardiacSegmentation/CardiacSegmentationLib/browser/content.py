"""What the page says about a study: numbers, curve, findings, conventions, corrections, signature; ready to be shown.

Phases and slices count from 0 in here, as everywhere in memory; the page counts from 1.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.assessment import finding_key
from CardiacSegmentationLib.browser.words import read_words, say
from CardiacSegmentationLib.corrections import entry_line
from CardiacSegmentationLib.export.corrections import find_corrections, list_corrections
from CardiacSegmentationLib.export.wording import (
    describe_conventions,
    fact_text,
    measure_text,
    number_text,
    phrase,
    source_text,
    word,
)
from CardiacSegmentationLib.findings import describe, translate
from CardiacSegmentationLib.segmentation import STRUCTURES, VENTRICLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.assessment import Assessment, Measurement
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


def describe_state(assessment: Assessment, segmentation: Segmentation, language: str) -> dict[str, Any]:
    """All that may change while a study is read."""
    reading = assessment.reading
    signature = reading.signature
    return {
        "numbers": _rows(assessment, language),
        "others": _others(assessment, language),
        "notes": _notes(assessment, language),
        "curve": {
            label.name: [round(float(volume), 2) if math.isfinite(volume) else None for volume in volumes]
            for label, volumes in zip(STRUCTURES, assessment.volumes_ml, strict=True)
        },
        "keyPhases": asdict(assessment.key_phases),
        "moments": _moments(assessment, language),
        "counted": {
            label.name: ["".join("01"[bool(counts)] for counts in row) for row in assessment.counted[label - 1]]
            for label in STRUCTURES
        },
        "findings": [
            {
                "key": finding_key(finding),
                "severity": finding.severity.value,
                "text": describe(finding, language),
                "phase": finding.phase,
                "slice": finding.slice,
                "ticked": finding_key(finding) in reading.acknowledged,
            }
            for finding in assessment.findings
        ],
        "corrected": [f"{phase},{slice_}" for phase, slice_ in segmentation.corrected_images],
        "basis": _basis(assessment, segmentation, language),
        "journal": [
            {"text": entry_line(entry, vars(assessment.key_phases), language), "undone": entry.undone}
            for entry in reading.journal
        ],
        "signature": None
        if signature is None
        else {"reader": signature.reader, "when": signature.when.replace("T", " ").replace("Z", " UTC")},
    }


def describe_facts(stack: CineStack, assessment: Assessment, facts: Mapping[str, str], language: str) -> dict[str, Any]:
    """Whose study it is: the name apart, then facts in their order."""
    names = read_words(language)["facts"]
    others = dict(facts)
    whose = others.pop("Name", "") or others.pop("Pseudonym", "")
    patient = assessment.patient
    if patient.sex in ("M", "F"):
        others["Sex"] = say(patient.sex, language)
    if patient.age_years is not None:
        others["Age"] = say("years", language, age=math.floor(patient.age_years))
    if patient.height_cm is not None:
        others["Height"] = f"{patient.height_cm:.0f} cm"
    if patient.weight_kg is not None:
        others["Weight"] = f"{number_text(f'{patient.weight_kg:g}', language)} kg"
    images = say("stack", language, slices=stack.slices, phases=stack.phases, spacing=_spacing(assessment, language))
    listed = [[names.get(name, name), fact_text(text, language)] for name, text in others.items()]
    return {"whose": whose, "facts": [*listed, [say("images", language), images]]}


def _rows(assessment: Assessment, language: str) -> list[dict[str, Any]]:
    """What a report of cardiac function lists, in its usual order, both ventricles side by side."""
    rows = []
    for key, title in read_words(language)["measures"].items():
        sides = {side: measures[key] for side, measures in _sides(assessment).items() if key in measures}
        if not sides:
            continue
        any_side = next(iter(sides.values()))
        row = {"key": key, "title": title, "unit": any_side.unit, "definition": word(any_side.definition, language)}
        rows.append({**row, **{side: _value(item, language) for side, item in sides.items()}})
    return rows


def _others(assessment: Assessment, language: str) -> list[dict[str, Any]]:
    listed = read_words(language)["measures"]
    return [
        {
            "key": f"{side}-{key}",
            "title": translate(item.title, language),
            "unit": item.unit,
            "definition": word(item.definition, language),
            **_value(item, language),
        }
        for side, measures in {**_sides(assessment), "heart": assessment.heart}.items()
        for key, item in measures.items()
        if key not in listed or side == "heart"
    ]


def _sides(assessment: Assessment) -> dict[str, Mapping[str, Measurement]]:
    return {"lv": assessment.lv, "rv": assessment.rv}


def _value(item: Measurement, language: str) -> dict[str, Any]:
    limits, outside = item.reference, ""
    if item.is_outside_reference and item.value is not None and limits is not None:
        outside = "low" if item.value < limits.low else "high"
    return {
        "text": measure_text(item, language),
        "range": "" if limits is None else number_text(f"{limits.low:g}–{limits.high:g}", language),
        "outside": outside,
        "note": "" if item.reason is None else describe(item.reason, language),
    }


def _notes(assessment: Assessment, language: str) -> list[str]:
    """Whose normal range it is, and why numbers are missing."""
    items = [item for measures in (*_sides(assessment).values(), assessment.heart) for item in measures.values()]
    sources = {
        (word(item.reference.group, language), source_text(item.reference, language))
        for item in items
        if item.reference
    }
    notes = [say("range", language, group=group, source=source) for group, source in sorted(sources)]
    reasons: dict[str, list[str]] = {}
    for item in items:
        if item.value is None and item.reason is not None:
            reasons.setdefault(describe(item.reason, language), []).append(translate(item.title, language))
    return notes + [say("unknown", language, titles=", ".join(titles), reason=why) for why, titles in reasons.items()]


def _moments(assessment: Assessment, language: str) -> list[dict[str, Any]]:
    """ED and ES of each ventricle, for the pictures of all slices; one that is both ventricles' is shown once."""
    whose: dict[tuple[str, int], list[str]] = {}
    for moment in ("ed", "es"):
        for label in VENTRICLES:
            phase = assessment.key_phases.of(label, moment)
            if phase is not None:
                whose.setdefault((moment, phase), []).append(label.name)
    moments = []
    for (moment, phase), ventricles in whose.items():
        title = say("of", language, moment=say(moment, language), ventricles=" + ".join(ventricles))
        time = f"{assessment.times_ms[phase]:.0f}"
        moments.append({"phase": phase, "title": say("moment", language, moment=title, phase=phase + 1, time=time)})
    return moments


def _basis(assessment: Assessment, segmentation: Segmentation, language: str) -> list[tuple[str, list[str]]]:
    """What another reader needs to get the same numbers, and who answers for them."""
    sentences = describe_conventions(assessment.conventions, language)
    corrections = list_corrections(find_corrections(segmentation, assessment), segmentation, language)
    reading = assessment.reading
    lines = [
        (say("impression", language), [reading.impression] if reading.impression else []),
        (say("reader", language), [reading.reader] if reading.reader else []),
        (
            say("conventions", language),
            [
                f"{sentences['papillary']} {phrase('papillary-rv', language)}",
                sentences["basal_rule"],
                f"{translate('Body surface area', language)}: {sentences['bsa_formula']}",
                say("volume", language, spacing=_spacing(assessment, language)),
            ],
        ),
        (say("labels", language), [segmentation.model or say("made-elsewhere", language)]),
        (say("corrections", language), corrections or [say("no-corrections", language)]),
    ]
    return [(name, said) for name, said in lines if said]


def _spacing(assessment: Assessment, language: str) -> str:
    return number_text(f"{assessment.slice_spacing_mm:.1f}", language)
