"""What can go wrong in training, said so that it can be put right."""

from __future__ import annotations

from CardiacSegmentationLib.errors import CardiacSegmentationError


class TrainingError(CardiacSegmentationError):
    """The base of every error raised here on purpose."""


class DataError(TrainingError):
    """A data set is missing, empty or not laid out as its readers expect."""


class RecipeError(TrainingError):
    """A recipe has an unknown key, a missing key or a value that cannot be."""


class RunError(TrainingError):
    """A run's folder is missing, damaged or belongs to another recipe."""


def first_line(error: Exception) -> str:
    """What a library's error says in one line, or its kind where it says nothing."""
    return str(error).split("\n")[0] or type(error).__name__
