"""Files that are no part of any stack, and why: in a word that the findings' catalogue has in every language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, read_catalogue, sentence

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.errors import StudyError
    from CardiacSegmentationLib.findings import Said


class Reason(str, Enum):
    """Why a file or frame is not used; the values are words of the catalogue."""

    NOT_DICOM = "not-dicom"
    ARCHIVE = "archive"  # in a folder or in another archive
    EMPTY = "empty-file"
    UNREADABLE = "unreadable"
    HEADER_DAMAGED = "header-damaged"
    HEADER_CUT_OFF = "header-cut-off"  # an image that ends before its pixels
    PIXELS_CUT_OFF = "pixels-cut-off"
    FRAMES_CUT_OFF = "frames-cut-off"
    NO_PIXELS = "no-pixels"
    FLOAT_PIXELS = "float-pixels"
    NOT_MR = "not-mr"
    COLOUR = "colour-picture"
    SCREENSHOT = "screenshot"
    ZERO_FILLED = "zero-filled"
    CLAIMS_LESS = "claims-less"  # fewer or smaller images than the file holds
    GROUPS_MISSING = "groups-missing"  # functional groups of an enhanced file
    GROUPS_CONTRADICT = "groups-contradict"
    ODD_SIZE = "odd-size"
    NO_POSITION = "no-position"
    NO_ORIENTATION = "no-orientation"
    NO_PIXEL_SIZE = "no-pixel-size"
    ODD_RESCALE = "odd-rescale"
    COPY = "copy"
    VOLUME_BESIDE_DICOM = "volume-beside-dicom"
    LABEL_MAP = "label-map"
    UNUSABLE_VOLUME = "unusable-volume"


DAMAGE = frozenset(
    {
        Reason.EMPTY,
        Reason.ZERO_FILLED,
        Reason.CLAIMS_LESS,
        Reason.GROUPS_MISSING,
        Reason.GROUPS_CONTRADICT,
        Reason.UNREADABLE,
        Reason.HEADER_DAMAGED,
        Reason.HEADER_CUT_OFF,
        Reason.PIXELS_CUT_OFF,
        Reason.FRAMES_CUT_OFF,
    }
)


Why = tuple[Reason, str]  # and what the file says itself


class NoFrameError(Exception):
    """A file or frame is no image this program can use."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason.value)
        self.why: Why = (reason, detail)


@dataclass(frozen=True)
class Excluded:
    """Files that are not part of any stack, and why; ``detail`` is what a file says itself, such as ``CT``."""

    reason: Reason
    detail: str | StudyError = ""
    description: str = ""  # of the series
    files: tuple[Path, ...] = ()

    def why(self, language: str = DEFAULT_LANGUAGE) -> str:
        """The reason."""
        words = read_catalogue(language).words[self.reason.value]
        detail = self.detail if isinstance(self.detail, str) else self.detail.text(language)
        return f"{words} ({detail})" if detail else words

    def text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """The first of the files and how many more there are, and the reason."""
        facts: dict[str, Said | None] = {
            "file": self.files[0].name,
            "others": len(self.files) - 1,
            "why": self.why(language),
        }
        return sentence("files-left-out" if len(self.files) > 1 else "file-left-out", facts, language)
