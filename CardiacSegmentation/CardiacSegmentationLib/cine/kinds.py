"""What kind of image a frame is: only plain cine images can become a stack for volumes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from CardiacSegmentationLib.cine.elements import Elements

CINE = "cine"
RESAMPLED = "resampled"  # by the console; with times of its own it is a cine all the same, as Argus exports it

# Values of ImageType, FrameType and ComplexImageComponent that vendors use for what is no magnitude image.
_IMAGE_TYPES = {
    "phase image": {"P", "PHASE", "PHASE MAP", "VELOCITY", "VELOCITY MAP", "VELOCITY_P", "PCA", "PHASE CONTRAST P"},
    "flow": {"PHASE CONTRAST M", "FLOW_ENCODED", "FLOW", "PCM", "MAG_FLOW"},
    "real or imaginary part": {"R", "I", "REAL", "IMAGINARY"},
    "map": {"T1", "T2", "T2_STAR", "T1 MAP", "T2 MAP", "T1_MAP", "T2_MAP", "T2_STAR_MAP", "T2STAR_MAP", "ECV", "MAP"},
    "perfusion": {"PERFUSION", "PERFUSION_MOCO"},
    "tagging": {"TAGGING"},
    "fat image": {"F", "FAT", "FF", "FAT_FRACTION"},
    "localizer": {"LOCALIZER", "SCOUT"},
    "projection": {"MPR", "PROJECTION IMAGE", "MAX_IP", "MIN_IP", "CSA MPR", "CSA 3D EDITOR"},
    RESAMPLED: {"CSA RESAMPLED"},
}
# Words in series descriptions; a hint only where the image type does not say.
_WORDS = {
    "analysis result": r"inline.?vf|\bvf.?results?\b|bull'?s.?eye|colou?r map",
    "flow": r"\bflow|flow\b|venc|phase.?contrast|\bpc[_ -]|qflow|q-flow|4d.?flow|velocit|_v\d{2,3}(in|ap|fh|rl)",
    "tagging": r"\btag|tagg|\bgrid\b|csgrid|spamm|\bdense\b",
    "perfusion": r"\bperf(?!ect|orm)|perf\b|perfus|first.?pass",
    "map": r"molli|shmolli|sasha|\bt1.?map|\bt2.?map|t2.?star|\bt2\*|\becv\b|mapping|t1map|t2map",
    "late enhancement": r"\blge\b|\blate\b|delayed|psir|de.?mag|\bmde\b|viab|ti.?scout|look.?locker",
    "localizer": r"locali[sz]er|\bscout|survey|^(?!.*cine).*\bloc\b",  # "SAX cine loc 3" names a location
}
_LOCATION = re.compile(r"^(?!.*(locali[sz]er|\bscout|survey))(?=.*\bloc\b).*\b(sax?\b|sax|short)", re.IGNORECASE)
_PATTERNS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _WORDS.items()}


def kind_of(facts: Elements) -> str:
    """``"cine"`` for a magnitude image that may be part of a cine stack, else what it is instead."""
    if facts.text("PhaseContrast").upper() == "YES":
        return "flow"
    if facts.text("Tagging").upper() in ("GRID", "LINE"):
        return "tagging"
    types = tuple(facts.text(key).upper() for key in ("ImageType", "FrameType", "ComplexImageComponent"))
    names = facts.text("SeriesDescription"), protocol_of(facts), facts.text("SequenceName")
    return _classify("\\".join(types), names)


def protocol_of(facts: Elements) -> str:
    """The name of a series' protocol; GE names the whole examination there, with all that it is for."""
    return "" if facts.text("Manufacturer").upper().startswith("GE ") else facts.text("ProtocolName")


def is_location(kind: str, description: str) -> bool:
    """Whether a series with several phases is a localizer by name only: "SAX loc 3" names a location in a stack."""
    return kind == "localizer" and bool(_LOCATION.search(description.replace("_", " ")))


@lru_cache(maxsize=256)
def _classify(types: str, names: tuple[str, ...]) -> str:
    values = {value.strip() for value in types.split("\\")}
    for kind, known in _IMAGE_TYPES.items():
        if values & known:
            return kind
    for kind, pattern in _PATTERNS.items():
        # An underscore counts as a letter, so "T1_map" is looked at as it stands and as words.
        if any(pattern.search(name) or pattern.search(name.replace("_", " ")) for name in names):
            return kind
    return CINE
