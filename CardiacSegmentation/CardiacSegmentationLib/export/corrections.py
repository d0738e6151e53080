"""What a reader changed: the numbers before and after, the images corrected, the slices decided on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.export.wording import measure_text, phrase, word
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, sentence
from CardiacSegmentationLib.journal import describe_entry, value_change
from CardiacSegmentationLib.segmentation import STRUCTURES, Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from CardiacSegmentationLib.assessment import Assessment, Measurement
    from CardiacSegmentationLib.journal import JournalEntry
    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.segmentation import Segmentation

COMPARED = {"lv": ("edv_ml", "esv_ml", "ef_percent", "mass_g"), "rv": ("edv_ml", "esv_ml", "ef_percent")}


@dataclass(frozen=True)
class NumberChange:
    """One number as the program proposed it, and as it is after the reader's work."""

    part: str
    automatic: Measurement
    corrected: Measurement

    @property
    def shows(self) -> bool:
        """Whether the two differ where they are shown."""
        return self.automatic.text != self.corrected.text


@dataclass(frozen=True)
class SliceDecision:
    """A slice that the reader decided to count, or not, for a structure in some phases; places count from 0."""

    label: Label
    slice: int
    phases: tuple[int, ...]
    counts: bool


@dataclass(frozen=True)
class BasePlaneDecision:
    """A base plane that the reader set: for which ventricle, on which long axes, in which phases (from 0)."""

    label: Label
    views: tuple[str, ...]
    phases: tuple[int, ...]


@dataclass(frozen=True)
class Corrections:
    """Everything a reader changed. ``numbers`` is empty where the automatic labels are not known any more."""

    numbers: tuple[NumberChange, ...]
    images: int | None  # whose labels a person changed; None where it is not known
    of_images: int  # images of the phases that have labels
    decisions: tuple[SliceDecision, ...]
    key_phases: tuple[str, ...]  # which of them the reader fixed: "lv_es"
    base_planes: tuple[BasePlaneDecision, ...] = ()

    @property
    def are_any(self) -> bool:
        """Whether the reader changed anything."""
        return bool(self.images or self.decisions or self.key_phases or self.base_planes)


def find_corrections(segmentation: Segmentation | None, assessment: Assessment) -> Corrections:
    """Compare an assessment with that of the automatic labels."""
    reading, automatic = assessment.reading, assessment.automatic
    labelled = int(np.isfinite(assessment.areas_mm2[Label.LV - 1]).sum())
    phases_of: dict[tuple[int, int, bool], list[int]] = {}
    for (label, phase, place), counts in reading.counts:
        phases_of.setdefault((label, place, counts), []).append(phase)
    return Corrections(
        numbers=()
        if automatic is None
        else tuple(
            NumberChange(part, getattr(automatic, part)[key], getattr(assessment, part)[key])
            for part, keys in COMPARED.items()
            for key in keys
        ),
        images=None if segmentation is None else int(segmentation.corrected.sum()),
        of_images=labelled,
        decisions=tuple(
            SliceDecision(Label(label), place, tuple(sorted(phases)), counts)
            for (label, place, counts), phases in sorted(phases_of.items())
        ),
        key_phases=tuple(name for name, phase in vars(reading.key_phases).items() if phase is not None),
        base_planes=tuple(_base_plane(reading, label) for label in reading.base_planes),
    )


def corrections_as_dict(corrections: Corrections) -> dict[str, Any]:
    """For ``measurements.json``: automatic beside corrected; slices and phases count from 1."""
    numbers: dict[str, dict[str, Any]] = {}
    for change in corrections.numbers:
        numbers.setdefault(change.part, {})[change.corrected.key] = {
            "automatic": _rounded(change.automatic.value),
            "corrected": _rounded(change.corrected.value),
            "unit": change.corrected.unit,
        }
    return {
        "numbers": numbers,
        "images_corrected": corrections.images,
        "images": corrections.of_images,
        "slices": [
            {
                "structure": decision.label.name,
                "slice": decision.slice + 1,
                "phases": [phase + 1 for phase in decision.phases],
                "counts": decision.counts,
            }
            for decision in corrections.decisions
        ],
        "key_phases": list(corrections.key_phases),
        "base_planes": [
            {"structure": plane.label.name, "views": list(plane.views), "phases": [phase + 1 for phase in plane.phases]}
            for plane in corrections.base_planes
        ],
    }


def summarise_corrections(corrections: Corrections, language: str = DEFAULT_LANGUAGE) -> str:
    """One line, empty where nothing changed: "LV EF 48.0 → 52.3 %; 5 of 300 images corrected; 1 slice excluded"."""
    if not corrections.are_any:
        return ""
    parts = [
        sentence(
            "corrections-value",
            {
                "structure": change.part.upper(),
                "before": measure_text(change.automatic, language),
                "after": measure_text(change.corrected, language),
            },
            language,
        )
        for change in corrections.numbers
        if change.corrected.key == "ef_percent" and change.shows
    ]
    if corrections.images:
        parts.append(phrase("corrections-images", language, count=corrections.images, total=corrections.of_images))
    for counts, code in ((False, "corrections-excluded"), (True, "corrections-counted")):
        decided = [decision for decision in corrections.decisions if decision.counts is counts]
        if decided:
            labels = {decision.label for decision in decided}
            structures = tuple(label.name for label in STRUCTURES[::-1] if label in labels)
            places = len({decision.slice for decision in decided})
            parts.append(phrase(code, language, count=places, structure=structures))
    if corrections.key_phases:
        parts.append(phrase("corrections-key-phases", language, names=_phase_names(corrections.key_phases)))
    parts += _describe_base_planes(corrections, language)
    return "; ".join(parts)


def list_corrections(
    corrections: Corrections, segmentation: Segmentation, language: str = DEFAULT_LANGUAGE
) -> list[str]:
    """Which numbers changed, which images, which slices: a line each."""
    lines = []
    shown = [change for change in corrections.numbers if change.shows]
    for change in shown:
        title = word(change.corrected.title, language)
        before, after = (measure_text(item, language) for item in (change.automatic, change.corrected))
        lines.append(f"{title}: {before} → {after} {change.corrected.unit}")
    if corrections.images:
        if not corrections.numbers:
            lines.append(phrase("corrections-automatic-unknown", language))
        lines.append(_list_images(segmentation, language))
    lines += [_describe_decision(*group, language) for group in _grouped(corrections, segmentation.labels.shape[0])]
    if corrections.key_phases:
        lines.append(phrase("corrections-key-phases", language, names=_phase_names(corrections.key_phases)))
    lines += _describe_base_planes(corrections, language)
    return lines


def name_ranges(numbers: Sequence[int]) -> str:
    """Numbers from 0 as people write them from 1: "1–3, 7"."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0] + 1) if len(run) == 1 else f"{run[0] + 1}–{run[-1] + 1}" for run in runs)


def entry_line(entry: JournalEntry, key_phases: Mapping[str, int | None], language: str = DEFAULT_LANGUAGE) -> str:
    """An entry of the journal in one line: when, what, before → after, and whether it was taken back."""
    when = entry.when.replace("T", " ").rstrip("Z")
    what = describe_entry(entry, key_phases, language)
    change = value_change(entry)
    text = " – ".join(part for part in (when, f"{what}: {change}" if change else what) if part)
    return f"{text} ({phrase('undone', language)})" if entry.undone else text


MOST_PHASES_LISTED = 4  # images corrected in more phases are counted, not listed


def _list_images(segmentation: Segmentation, language: str) -> str:
    by_phase: dict[int, list[int]] = {}
    for phase, place in segmentation.corrected_images:
        by_phase.setdefault(phase, []).append(place)
    if len(by_phase) > MOST_PHASES_LISTED:
        count = len(segmentation.corrected_images)
        return phrase("corrections-many-images", language, count=count, phase_count=len(by_phase))
    images = "; ".join(
        phrase("corrections-phase", language, phase=phase, places=name_ranges(places))
        for phase, places in sorted(by_phase.items())
    )
    return phrase("corrections-by-hand", language, images=images)


def _grouped(corrections: Corrections, phases: int) -> list[tuple[Label, bool, str, list[int]]]:
    """Slices decided alike, in the same phases: ``(structure, counts, phases in words or "", slices)``."""
    groups: dict[tuple[Label, bool, str], list[int]] = {}
    for decision in corrections.decisions:
        in_phases = "" if len(decision.phases) == phases else name_ranges(decision.phases)
        groups.setdefault((decision.label, decision.counts, in_phases), []).append(decision.slice)
    return [(*key, places) for key, places in groups.items()]


def _describe_decision(label: Label, counts: bool, in_phases: str, places: Sequence[int], language: str) -> str:
    code = "corrections-slices-counted" if counts else "corrections-slices-excluded"
    where = (
        phrase("corrections-in-phases", language, numbers=in_phases)
        if in_phases
        else phrase("corrections-all-phases", language)
    )
    return phrase(code, language, structure=label.name, places=name_ranges(places), where=where)


def _base_plane(reading: Reading, label: int) -> BasePlaneDecision:
    decided = [line for line in reading.lines_of(label) if not line.is_followed]
    views, phases = {line.view for line in decided}, {line.phase for line in decided}
    return BasePlaneDecision(Label(label), tuple(sorted(views)), tuple(sorted(phases)))


def _describe_base_planes(corrections: Corrections, language: str) -> list[str]:
    return [
        phrase(
            "corrections-base-plane",
            language,
            structure=plane.label.name,
            views=", ".join(plane.views),
            numbers=name_ranges(plane.phases),
        )
        for plane in corrections.base_planes
    ]


def _phase_names(names: Sequence[str]) -> str:
    return ", ".join(name.upper().replace("_", " ") for name in names)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
