"""The page: one HTML file that holds its style, its script and all it shows, and asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.browser.content import describe_facts, describe_state
from CardiacSegmentationLib.browser.images import PIXEL_PARTS, Crop, describe_contours, describe_images
from CardiacSegmentationLib.browser.words import read_words, say
from CardiacSegmentationLib.contours import find_contours
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE
from CardiacSegmentationLib.resources import resource
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.session.contour_commands import contours_of
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import Place, Segmentation
    from CardiacSegmentationLib.stack import CineStack

BORDERS = {"endo": "LV", "epi": "MYO", "rv": "RV"}  # whose border each is


def write_view(
    path: Path,
    stack: CineStack,
    segmentation: Segmentation,
    assessment: Assessment,
    *,
    facts: Mapping[str, str] | None = None,
    language: str = DEFAULT_LANGUAGE,
) -> None:
    """Write the page that shows a study and changes nothing; ``facts`` are what may be said about the patient."""
    study = describe_study(stack, segmentation, assessment, facts or {}, language)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(page_pieces(study))


def describe_study(
    stack: CineStack,
    segmentation: Segmentation,
    assessment: Assessment,
    facts: Mapping[str, str],
    language: str = DEFAULT_LANGUAGE,
) -> dict[str, Any]:
    """Everything the page shows."""
    crop, images = describe_images(stack, segmentation, whole=False)
    slices = range(stack.slices)
    return {
        **describe_numbers(stack, segmentation, assessment, facts, language),
        "images": images,
        "contours": [
            [describe_contours(contours_of(segmentation, stack.pixel_mm, (phase, slice_)), crop) for slice_ in slices]
            for phase in range(stack.phases)
        ],
        "automatic": automatic_contours(stack, segmentation, crop, segmentation.corrected_images),
    }


def describe_numbers(
    stack: CineStack, segmentation: Segmentation, assessment: Assessment, facts: Mapping[str, str], language: str
) -> dict[str, Any]:
    """Everything the page shows but images and borders."""
    return {
        **describe_page(language),
        **describe_facts(stack, assessment, facts, language),
        "program": assessment.provenance.get("program", ""),
        "phases": stack.phases,
        "slices": stack.slices,
        "times": [round(time, 1) for time in stack.times_ms],
        "rr": stack.rr_ms,
        "firstSlice": first_slice(segmentation),
        "state": describe_state(assessment, segmentation, language),
    }


def describe_page(language: str) -> dict[str, Any]:
    """What the page knows of every study."""
    words = read_words(language)
    return {
        "language": language,
        "words": words["words"],
        "disclaimer": say("disclaimer", language),
        "pixelParts": PIXEL_PARTS,
        "borders": BORDERS,
        "structures": {
            label.name: {"name": words["names"][label.name], "color": "#{:02x}{:02x}{:02x}".format(*one.color_rgb)}
            for label, one in BY_LABEL.items()
        },
    }


def automatic_contours(
    stack: CineStack, segmentation: Segmentation, crop: Crop, places: Iterable[Place]
) -> dict[str, Any]:
    """The borders before any correction, by ``phase,slice``; none where nobody kept them."""
    if segmentation.automatic is None:
        return {}
    labels = {phase: segmentation.automatic.phase(phase) for phase in {phase for phase, _ in places}}
    return {f"{phase},{slice_}": _image_contours(stack, labels[phase][slice_], crop) for phase, slice_ in places}


def first_slice(segmentation: Segmentation) -> int:
    """The slice to begin with: the middle of those that show the LV, or anything."""
    for least in (Label.LV, Label.RV):  # the LV has the highest code
        slices = np.flatnonzero(segmentation.labels.max(axis=(0, 2, 3)) >= least)
        if slices.size:
            return int(slices[len(slices) // 2])
    return int(segmentation.labels.shape[1]) // 2


def make_page(study: Mapping[str, Any], scripts: Iterable[str] = ("view.js",), connect: str = "'none'") -> str:
    """The page as a whole, see :func:`page_pieces`."""
    return "".join(page_pieces(study, scripts, connect))


def page_pieces(
    study: Mapping[str, Any], scripts: Iterable[str] = ("view.js",), connect: str = "'none'"
) -> Iterator[str]:
    """The page with its study, style and scripts in it, in pieces: its images may be large.

    Its content security policy runs these scripts alone, shows images that are in the page, and lets it ask for nothing
    but what ``connect`` names.
    """
    style = _read("page.css")
    script = "".join(_read(name) for name in scripts)
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_checksum(style)}'; script-src '{_checksum(script)}'; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )
    title = " · ".join(text for text in (str(study.get("whose", "")), str(study["words"]["title"])) if text)
    parts: dict[str, Iterable[str]] = {
        "language": [html.escape(str(study["language"]))],
        "policy": [policy],
        "title": [html.escape(title)],
        "style": [style],
        "script": [script],
        # No "<" may stand in it: "</script>" in a name would end the block.
        "study": (piece.replace("<", "\\u003c") for piece in _json_pieces(study)),
    }
    for piece in _read("page.html").split("{"):  # one pass: what is put in is not looked at again
        name, brace, rest = piece.partition("}")
        yield from parts[name] if brace else [piece]
        yield rest


def _json_pieces(value: Any) -> Iterator[str]:
    """A value as JSON; each of many texts, as images are, is a piece of its own."""
    if isinstance(value, dict):
        for begin, (key, content) in zip(chain("{", repeat(",")), value.items(), strict=False):
            yield f"{begin}{json.dumps(str(key), ensure_ascii=False)}:"
            yield from _json_pieces(content)
        yield "}" if value else "{}"
    elif isinstance(value, list) and value and isinstance(value[0], str):
        for begin, text in zip(chain("[", repeat(",")), value, strict=False):
            yield begin + json.dumps(text, ensure_ascii=False)
        yield "]"
    else:
        yield json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _image_contours(stack: CineStack, labels: Any, crop: Crop) -> dict[str, Any]:
    return describe_contours(find_contours(labels, stack.pixel_mm), crop)


def _read(name: str) -> str:
    return resource("Browser", name).read_text(encoding="utf-8")


def _checksum(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
