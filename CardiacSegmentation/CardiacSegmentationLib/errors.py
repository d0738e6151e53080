"""What can go wrong, said to the user: what is wrong, in which file, what to do about it."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, Spoken, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from CardiacSegmentationLib.findings import Said

Error = TypeVar("Error", bound="CardiacSegmentationError")

LONGEST_NAME = 300  # characters of a file's name in an error
# What reading a value out of JSON raises where the file is not as this program writes it.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


class CardiacSegmentationError(Exception):
    """The base of every error this program raises on purpose; its text is fit to show.

    What a reader may meet, in the panel or on the page, has a code, and its sentence (``error-…``) in every language of
    the catalogue. What only a command line can meet may be a plain English sentence.
    """

    code = ""
    values: Mapping[str, Said] = MappingProxyType({})

    @classmethod
    def of(cls: type[Error], code: str, **values: Said | Path) -> Error:
        """The error with a sentence of the catalogue; the code is without its ``error-``."""
        said = {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}
        error = cls(sentence(f"error-{code}", said))
        error.code, error.values = code, said
        return error

    def text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What is wrong, in a language; in English where it has no code."""
        return sentence(f"error-{self.code}", self.values, language) if self.code else str(self)


class UsageError(CardiacSegmentationError):
    """A command was asked for something that it cannot do as it was asked."""


class StudyError(CardiacSegmentationError):
    """The images on disk cannot become a cine stack."""


class LabelError(CardiacSegmentationError):
    """A label map does not fit the images, or its codes are unknown."""


class ReadingError(CardiacSegmentationError):
    """A reading cannot be used on these images, or is signed and may not be changed."""


class ContourError(CardiacSegmentationError):
    """Contours cannot be read, or there is nothing to do this to."""


class ModelError(CardiacSegmentationError):
    """The network's bundle is missing, damaged or of another version."""


class OutputError(ModelError):
    """What a network gives is no answer."""


class PhantomError(CardiacSegmentationError):
    """A phantom was asked for that no heart or scanner could be, or it cannot be written."""


class ExportError(CardiacSegmentationError):
    """Results cannot be written."""


class FolderBusyError(ExportError):
    """Another run works in the folder for the results."""


class ClusterError(CardiacSegmentationError):
    """The computers that were to share the work cannot be reached."""


class Cancelled(CardiacSegmentationError):
    """The user stopped the work."""


def as_error(error: BaseException) -> CardiacSegmentationError:
    """An error of ours as it is, one of the operating system in our words; of any other its own words."""
    if isinstance(error, CardiacSegmentationError):
        return error
    if isinstance(error, OSError) and error.filename:
        return CardiacSegmentationError.of("file", file=str(error.filename)[:LONGEST_NAME], reason=reason_of(error))
    if isinstance(error, OSError) and error.strerror:
        return CardiacSegmentationError.of("unnamed-file", reason=reason_of(error))
    return CardiacSegmentationError(str(error) or type(error).__name__)


def reason_of(error: BaseException) -> str:
    """Why, in one line: pydicom wraps an error in others, whose texts are whole tracebacks."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = (isinstance(error, OSError) and error.strerror) or str(error).strip() or type(error).__name__
    return text.splitlines()[0]


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """The end of a sentence about a word that is not known: the one it resembles, or nothing."""
    similar = get_close_matches(text, list(known), 1)
    return f"; did you mean {similar[0]}?" if similar else ""


def error_to_dict(error: CardiacSegmentationError) -> dict[str, Any]:
    """An error on its way to another process: in English, and what it takes to say it in other languages."""
    return {"error": str(error), "code": error.code, "values": {k: _plain(v) for k, v in error.values.items()}}


def error_from_dict(data: Mapping[str, Any]) -> CardiacSegmentationError:
    """The error that ``error_to_dict`` made into plain values."""
    if not data.get("code"):
        return CardiacSegmentationError(str(data["error"]))
    return CardiacSegmentationError.of(str(data["code"]), **{k: _value(v) for k, v in data["values"].items()})


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, CardiacSegmentationError):
        return error_to_dict(value)
    return value.text() if isinstance(value, Spoken) else value


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_value(item) for item in value)
    return error_from_dict(value) if isinstance(value, dict) else value
