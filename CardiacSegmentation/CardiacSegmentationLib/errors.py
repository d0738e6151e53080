"""What can go wrong, said to the user: what is wrong, in which file, what to do about it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.findings import Parameter

Error = TypeVar("Error", bound="CardiacSegmentationError")

# What reading a value out of JSON raises where the file is not as this program writes it.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


class CardiacSegmentationError(Exception):
    """The base of every error this program raises on purpose; its text is fit to show.

    What a reader meets while working has a code, and its sentence (``error-…``) in every language of the catalogue.
    """

    code = ""
    values: Mapping[str, Parameter] = MappingProxyType({})

    @classmethod
    def of(cls: type[Error], code: str, **values: Parameter) -> Error:
        """The error with a sentence of the catalogue; the code is without its ``error-``."""
        error = cls(sentence(f"error-{code}", values))
        error.code, error.values = code, values
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
