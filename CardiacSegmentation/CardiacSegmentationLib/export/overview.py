"""A batch on one page: a picture, the numbers and the doubts of every study, those that need a reader first."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.export.montage import find_window
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import Array, CineStack

TILE_PIXELS = 96
PAGES = {"view.html": "", "report.pdf": "PDF"}  # of a study: the first leads there by its name, others by a word
STATUS_ORDER = ("failed", "done", "kept", "skipped")
NUMBERS = (
    ("LV EDV", "lv_edv_ml", "ml"),
    ("LV ESV", "lv_esv_ml", "ml"),
    ("LV EF", "lv_ef_percent", "%"),
    ("LV mass", "lv_mass_g", "g"),
    ("RV EDV", "rv_edv_ml", "ml"),
    ("RV EF", "rv_ef_percent", "%"),
)
PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 1.5em; color: #222; }}
table {{ border-collapse: collapse; }}
th {{ position: sticky; top: 0; background: #fff; text-align: left; font-weight: 600; }}
th, td {{ padding: .3em .8em .3em 0; border-bottom: 1px solid #ddd; vertical-align: middle; }}
.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
.failed td {{ background: #fbe9e7; }}
.doubts {{ max-width: 36em; }}
img {{ display: block; height: {height}px; }}
</style>
<h1>{title}</h1>
<p>{counts}. Studies that failed come first, then those with the most errors and warnings. Not a medical device; not for
diagnosis.</p>
<table>
<tr><th></th><th>Study</th><th>Status</th>{columns}<th>Doubts</th></tr>
{rows}
</table>
</html>
"""


def write_overview(path: Path, rows: Sequence[Mapping[str, Any]], title: str, thumbnails: str) -> None:
    """Write the page beside the studies' folders; ``thumbnails`` is the folder of their pictures there."""
    ordered = sorted(rows, key=_urgency)
    counts = ", ".join(
        f"{count} {status}" for status in STATUS_ORDER if (count := sum(row["status"] == status for row in rows))
    )
    page = PAGE.format(
        title=html.escape(title),
        height=TILE_PIXELS,
        counts=f"{len(rows)} studies: {counts}" if rows else "No studies yet",
        columns="".join(f'<th class="number">{name}<br>{unit}</th>' for name, _, unit in NUMBERS),
        rows="\n".join(_row(path.parent, row, thumbnails) for row in ordered),
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def write_thumbnail(stack: CineStack, segmentation: Segmentation, path: Path) -> None:
    """The middle slice of the LV where it is largest and where it is smallest, with its contours, as PNG."""
    from PIL import Image

    tiles = [_tile(stack, segmentation, phase, slice_) for phase, slice_ in _moments(segmentation.labels)]
    with atomic_path(path) as temporary:
        Image.fromarray(np.concatenate(tiles, axis=1)).save(temporary, optimize=True)


def _urgency(row: Mapping[str, Any]) -> tuple[int, int, int, str]:
    """The order of the page: the worst first."""
    status = STATUS_ORDER.index(row["status"]) if row["status"] in STATUS_ORDER else 0
    by_status = {"failed": 0, "skipped": 2}.get(STATUS_ORDER[status], 1)
    return by_status, -int(row.get("errors") or 0), -int(row.get("warnings") or 0), str(row["study"])


def _row(folder: Path, row: Mapping[str, Any], thumbnails: str) -> str:
    study = str(row["study"])
    picture = f"{thumbnails}/{study}.png"
    image = f'<img loading="lazy" alt="" src="{quote(picture)}">' if (folder / picture).is_file() else ""
    name = _links(folder, study)
    numbers = "".join(f'<td class="number">{_number(row.get(key))}</td>' for _, key, _ in NUMBERS)
    doubts = html.escape(str(row.get("error") or row.get("warning_codes") or ""))
    status = html.escape(str(row["status"]))
    return (
        f'<tr class="{status}"><td>{image}</td><td>{name}</td><td>{status}</td>{numbers}'
        f'<td class="doubts">{doubts}</td></tr>'
    )


def _links(folder: Path, study: str) -> str:
    """The study's name, and the way to its pages."""
    pages = [(f"{study}/{file}", word) for file, word in PAGES.items() if (folder / study / file).is_file()]
    if not pages:
        return html.escape(study)
    names = [html.escape(study), *(word for _, word in pages[1:])]
    return " · ".join(f'<a href="{quote(page)}">{name}</a>' for (page, _), name in zip(pages, names, strict=True))


def _number(value: Any) -> str:
    return "–" if value is None or value == "" else f"{float(value):.1f}"


def _moments(labels: Array) -> list[tuple[int, int]]:
    """Phase and slice of the largest and the smallest LV among what is labelled."""
    areas = np.array([(phase == Label.LV).sum(axis=(1, 2)) for phase in labels])
    volumes = areas.sum(axis=1)
    if not volumes.any():
        return [(0, labels.shape[1] // 2)]
    largest = int(volumes.argmax())
    smallest = int(np.where(volumes > 0, volumes, volumes.max()).argmin())
    slices = np.flatnonzero(areas[largest])
    middle = int(slices[len(slices) // 2])
    return [(largest, middle), (smallest, middle)]


def _tile(stack: CineStack, segmentation: Segmentation, phase: int, slice_: int) -> Array:
    """The square around the heart as ``[row, column, colour]``."""
    from PIL import Image

    window = find_window(stack, segmentation)
    row_mm, column_mm = stack.pixel_mm
    left, top = window.column, window.row
    box = (left, top, left + window.side_mm / column_mm, top + window.side_mm / row_mm)
    size = (TILE_PIXELS, TILE_PIXELS)
    image = stack.voxels[phase, slice_].astype(np.float32)
    darkest, brightest = np.percentile(image, (1.0, 99.0))
    grey = np.clip((image - darkest) / max(float(brightest - darkest), 1e-6), 0, 1) * 255
    shown = Image.fromarray(grey.astype(np.uint8)).transform(
        size, Image.Transform.EXTENT, box, Image.Resampling.BILINEAR
    )
    labels = np.asarray(
        Image.fromarray(segmentation.labels[phase, slice_].astype(np.uint8)).transform(
            size, Image.Transform.EXTENT, box, Image.Resampling.NEAREST
        )
    )
    colours = np.repeat(np.asarray(shown)[..., None], 3, axis=2)
    for structure in BY_LABEL.values():
        inside = labels == structure.label
        colours[inside & ~_shrunk(inside)] = structure.color_rgb
    return colours


def _shrunk(mask: Array) -> Array:
    """The pixels whose four neighbours are in the mask as well."""
    padded = np.pad(mask, 1)
    around = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    result: Array = mask & around
    return result
