"""What can be chosen about a run, described once: command line, JSON, settings in a scene and combo boxes follow.

To add a choice, add an entry to ``CHOICES`` and a field of the same name to ``pipeline.Options``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.errors import did_you_mean
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, sentence
from CardiacSegmentationLib.reading import BasalRule
from CardiacSegmentationLib.segmentation import Papillary

if TYPE_CHECKING:
    from collections.abc import Mapping

HEIGHT_CM = (30.0, 250.0)  # from a preterm child to the tallest adults: outside lies a slip of the unit or the key
WEIGHT_KG = (0.4, 400.0)
AGE_YEARS = (0.0, 120.0)
METRES = (0.3, 2.5)


@dataclass(frozen=True)
class Choice:
    """One thing that can be chosen: its name everywhere, its flag on the command line, its values, its default.

    It has ``values`` to choose from, or is a number within ``limits``, a switch (its default is a bool) or a path.
    """

    name: str
    flag: str
    help: str
    default: Any = None
    values: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None
    unit: str = ""  # of a number; on the command line the name of its value
    changes_results: bool = True

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return isinstance(self.default, bool)

    def parse(self, text: str) -> Any:
        """The value that a person wrote; ``ValueError`` says what is wrong with it."""
        if self.values:
            known = {value.lower(): value for value in self.values}
            if text.lower() not in known:
                msg = f"{text} is none of {', '.join(self.values)}{did_you_mean(text, self.values)}"
                raise ValueError(msg)
            return known[text.lower()]
        return self._parse_number(text) if self.limits else Path(text)

    def describe(self, value: str, language: str = DEFAULT_LANGUAGE) -> str:
        """One of the values as a sentence says it, beside the numbers that rest on it."""
        return sentence(f"choice-{self.name}-{value}", {}, language)

    def label(self, value: str, language: str = DEFAULT_LANGUAGE) -> str:
        """One of the values as a list shows it, in few words."""
        text = sentence(f"short-{self.name}-{value}", {}, language)
        return text[0].upper() + text[1:]

    def _parse_number(self, text: str) -> float:
        low, high = self.limits or (0.0, 0.0)
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            msg = f"{text} is no number"
            raise ValueError(msg) from None
        if not low <= value <= high:
            in_metres = self.unit == "CM" and METRES[0] <= value <= METRES[1]
            advice = f"; that is in metres: write {100 * value:g}" if in_metres else ""
            msg = f"{text} is not between {low:g} and {high:g} {self.unit.lower()}{advice}"
            raise ValueError(msg)
        return value


CHOICES: Mapping[str, Choice] = {
    choice.name: choice
    for choice in (
        Choice("reacquired", "--reacquired", "which acquisition of a repeated slice counts", "last", ("last", "first")),
        Choice("backend", "--backend", "engine of the network", "auto", ("auto", "onnx", "openvino", "torch")),
        Choice("phases", "--phases", "label all phases, or ED and ES only", "all", ("all", "ed-es")),
        Choice(
            "model", "--model", "a network bundle of your own, or the name of one that ships: cardiac-sax-ensemble",
            unit="DIR", changes_results=False,
        ),
        Choice("uncertainty", "--uncertainty", "uncertainty of every voxel (takes nine times longer)", default=False),
        Choice("repairs", "--no-repairs", "the network's labels as they are", default=True),
        Choice(
            "papillary", "--papillary", "papillary muscles of the LV count as blood (volume) or as muscle (mass)",
            Papillary.VOLUME.value, tuple(item.value for item in Papillary),
        ),
        Choice(
            "papillary_percent", "--papillary-percent",
            "with --papillary mass: muscle is what is darker than this share of the way from muscle to blood",
            "50", ("30", "40", "50", "60", "70"),
        ),
        Choice(
            "bsa_formula", "--bsa", "formula for body surface area", "Mosteller", ("Mosteller", "DuBois", "Haycock")
        ),
        Choice(
            "basal_rule", "--basal-rule", "how much of the ring a basal slice needs to count for the LV",
            BasalRule.HALF_RING.value, tuple(item.value for item in BasalRule),
        ),
        Choice("sex", "--sex", "these four: instead of what the images say", None, ("M", "F")),
        Choice("age_years", "--age", "", limits=AGE_YEARS, unit="YEARS"),
        Choice("height_cm", "--height", "", limits=HEIGHT_CM, unit="CM"),
        Choice("weight_kg", "--weight", "", limits=WEIGHT_KG, unit="KG"),
        Choice("paper", "--paper", "of the report", "A4", ("A4", "Letter")),
        Choice("language", "--language", "of the report", "en", ("en", "de")),
        Choice("deidentify", "--deidentify", "leave the patient's name, id and dates out", default=False),
    )
}  # fmt: skip
CONVENTIONS = ("papillary", "bsa_formula", "basal_rule", "papillary_percent")
# What a convention is made from the text that chooses it with; others are that text.
CONVENTION_TYPES = {"papillary": Papillary, "basal_rule": BasalRule, "papillary_percent": int}
PATIENT_FACTS = ("sex", "age_years", "height_cm", "weight_kg")


def arguments_for(values: Mapping[str, Any]) -> list[str]:
    """The command line that chooses these values; those that are the default anyway are left out."""
    arguments: list[str] = []
    for name, value in values.items():
        choice = CHOICES[name]
        if value is None or value == choice.default:
            continue
        arguments += [choice.flag] if choice.is_switch else [choice.flag, str(getattr(value, "value", value))]
    return arguments
