"""Which fonts a text needs on this machine, and how wide it will be."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

BASE_FONT = "DejaVu Sans"  # comes with matplotlib
UNPRINTABLE = "□"
MM_PER_POINT = 25.4 / 72.0


def text_width_mm(text: str, size: float, weight: str = "normal") -> float:
    """How wide a text will be on paper, but for kerning."""
    families, weight = _choose_fonts(text, weight)
    return sum(_advance_em(families, weight, character) for character in text) * size * MM_PER_POINT


def make_printable(text: str) -> str:
    """The text on one line, with a box for every character that no font of this machine can print."""
    line = text if text.isprintable() else " ".join("".join(c if c.isprintable() else " " for c in text).split())
    unknown = _unusual(line) - _known_characters(_unusual(line))
    return "".join(UNPRINTABLE if character in unknown else character for character in line)


@lru_cache(maxsize=256)
def choose_font(text: str, size: float, weight: str) -> FontProperties:
    """The font for a text, with others behind it for the characters it lacks."""
    from matplotlib.font_manager import FontProperties

    families, weight = _choose_fonts(text, weight)
    return FontProperties(family=list(families), size=size, weight=weight)


def _choose_fonts(text: str, weight: str) -> tuple[tuple[str, ...], str]:
    """The fonts a text needs; bold only where the base font does, for few others come in bold."""
    extra = _extra_fonts(_unusual(text))
    return (BASE_FONT, *extra), "normal" if extra else weight


def _unusual(text: str) -> frozenset[str]:
    """Characters beyond the Latin ones, which every font has."""
    return frozenset(character for character in text if ord(character) > 0x24F)


@lru_cache(maxsize=256)
def _known_characters(characters: frozenset[str]) -> frozenset[str]:
    fonts = [BASE_FONT, *_extra_fonts(characters)]
    return frozenset(character for character in characters if any(_has(font, character) for font in fonts))


@lru_cache(maxsize=256)
def _extra_fonts(characters: frozenset[str]) -> tuple[str, ...]:
    """Fonts of this machine that have the characters the base font lacks."""
    from matplotlib.font_manager import fontManager

    missing = {character for character in characters if not _has(BASE_FONT, character)}
    families = sorted({entry.name for entry in fontManager.ttflist}) if missing else []
    found: list[str] = []
    for family in families:
        if not missing:
            break
        if covered := {character for character in missing if _has(family, character)}:
            found.append(family)
            missing -= covered
    return tuple(found)


@lru_cache(maxsize=4096)
def _advance_em(families: tuple[str, ...], weight: str, character: str) -> float:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    family = next((family for family in families if _has(family, character)), families[0])
    font = get_font(findfont(FontProperties(family=[family], weight=weight)))
    font.set_size(100.0, 72.0)
    return float(font.load_char(ord(character)).linearHoriAdvance) / 65536 / 100.0


@lru_cache(maxsize=4096)
def _has(family: str, character: str) -> bool:
    return ord(character) in _character_map(family)


@lru_cache(maxsize=64)
def _character_map(family: str) -> Any:
    from matplotlib.font_manager import fontManager, get_font

    if "Last Resort" in family:  # matplotlib's own font of boxes
        return {}
    return get_font(next(entry.fname for entry in fontManager.ttflist if entry.name == family)).get_charmap()
