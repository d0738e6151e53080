"""Words and numbers of the results in the reader's language, from the catalogue that findings come from too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, read_catalogue, sentence
from CardiacSegmentationLib.journal import name_text

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Measurement, ReferenceRange
    from CardiacSegmentationLib.reading import Conventions, Signature

MINUS = "−"


def phrase(code: str, language: str = DEFAULT_LANGUAGE, **values: Any) -> str:
    """The catalogue's sentence ``result-<code>``, filled in."""
    return sentence(f"result-{code}", values, language)


def word(text: str, language: str = DEFAULT_LANGUAGE) -> str:
    """A title or a reason in a language; as it is where the catalogue does not know it."""
    return read_catalogue(language).words.get(text, text)


def capitalised(text: str) -> str:
    """With its first letter large, as in a table or at the start of a line."""
    return text[:1].upper() + text[1:]


def number_text(text: str, language: str = DEFAULT_LANGUAGE) -> str:
    """A number as people of that language write it."""
    return read_catalogue(language).number(text.replace("-", MINUS))


def fact_text(text: str, language: str = DEFAULT_LANGUAGE) -> str:
    """A fact of the headers, its field strength and times written as people of that language do."""
    return re.sub(r"\d+\.\d+(?= (?:T|ms)\b)", lambda found: number_text(found[0], language), text)


def measure_text(item: Measurement, language: str = DEFAULT_LANGUAGE) -> str:
    """The value of a measurement, without its unit; a dash where it is not known."""
    return number_text(item.text, language)


def limits_text(reference: ReferenceRange, language: str = DEFAULT_LANGUAGE) -> tuple[str, str]:
    """The limits of normal as numbers."""
    return number_text(f"{reference.low:g}", language), number_text(f"{reference.high:g}", language)


def source_text(reference: ReferenceRange, language: str = DEFAULT_LANGUAGE) -> str:
    """Who says so, and how the limits were drawn."""
    return "; ".join(word(part, language) for part in reference.source.split("; "))


def describe_conventions(conventions: Conventions, language: str = DEFAULT_LANGUAGE) -> dict[str, str]:
    """Each convention in a sentence, by its name."""
    return {
        "papillary": phrase(
            f"papillary-{conventions.papillary.value}", language, percent=conventions.papillary_percent
        ),
        "basal_rule": phrase(f"basal-{conventions.basal_rule.value}", language),
        "bsa_formula": phrase("bsa-formula", language, formula=conventions.bsa_formula),
    }


def describe_signature(signature: Signature | None, language: str = DEFAULT_LANGUAGE) -> str:
    """Who signed and when, or that nobody did."""
    if signature is None:
        return phrase("unsigned", language)
    return phrase("signed", language, reader=name_text(signature.reader), when=describe_time(signature.when))


def describe_time(when: str) -> str:
    """ISO 8601 in UTC as people read it."""
    return f"{when[:10]} {when[11:16]} UTC" if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", when) else when
