"""Words and numbers of the results in the reader's language, from the catalogue that findings come from too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, read_catalogue, sentence

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Measurement
    from CardiacSegmentationLib.reading import Conventions

MINUS = "−"


def phrase(code: str, language: str = DEFAULT_LANGUAGE, **values: Any) -> str:
    """The catalogue's sentence ``result-<code>``, filled in."""
    return sentence(f"result-{code}", values, language)


def word(text: str, language: str = DEFAULT_LANGUAGE) -> str:
    """A title or a reason in a language; as it is where the catalogue does not know it."""
    return read_catalogue(language).words.get(text, text)


def number_text(text: str, language: str = DEFAULT_LANGUAGE) -> str:
    """A number as people of that language write it."""
    point = phrase("decimal-point", language)
    return text.replace("-", MINUS).replace(".", point)


def measure_text(item: Measurement, language: str = DEFAULT_LANGUAGE) -> str:
    """The value of a measurement, without its unit; a dash where it is not known."""
    return number_text(item.text, language)


def describe_conventions(conventions: Conventions, language: str = DEFAULT_LANGUAGE) -> dict[str, str]:
    """Each convention in a sentence, by its name."""
    return {
        "papillary": phrase(f"papillary-{conventions.papillary.value}", language),
        "basal_rule": phrase(f"basal-{conventions.basal_rule.value}", language),
        "bsa_formula": phrase("bsa-formula", language, formula=conventions.bsa_formula),
    }
