"""The site's own heading and logo on the report, from one small file.

``report.json`` lies in the user's settings, or where ``$CARDIACSEG_REPORT_TEMPLATE`` says::

    {"heading": ["St. Elsewhere Hospital", "Cardiac imaging, Hill Road 1"], "logo": "logo.png", "title": "Cardiac MR"}

All entries may be left out. The logo (PNG or JPEG) is named as seen from the file.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.errors import ExportError, reason_of
from CardiacSegmentationLib.resources import user_file

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import Array

TEMPLATE_VARIABLE = "CARDIACSEG_REPORT_TEMPLATE"
TEMPLATE_FILE = "report.json"
KNOWN = {"heading", "logo", "title"}


@dataclass(frozen=True, eq=False)
class SiteTemplate:
    """What a site prints on its reports."""

    heading: tuple[str, ...] = ()
    title: str = ""  # instead of ours
    logo: Array | None = None  # the picture, ``[row, column, channel]``


def find_template() -> Path | None:
    """Where the site's template is; ``None`` where there is none."""
    named = os.environ.get(TEMPLATE_VARIABLE)
    if named:
        return Path(named)
    path = user_file(TEMPLATE_FILE)
    return path if path.is_file() else None


def read_template(path: Path | None) -> SiteTemplate:
    """The template in a file; an empty one for ``None``."""
    if path is None:
        return SiteTemplate()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExportError.of("template-unreadable", path=path, reason=reason_of(error)) from error
    except ValueError as error:
        raise ExportError.of("template-no-json", path=path, reason=reason_of(error)) from error
    _check(content, path)
    logo = content.get("logo")
    return SiteTemplate(
        heading=tuple(content.get("heading", ())),
        title=content.get("title", ""),
        logo=_read_picture(path.parent / logo, path) if logo else None,
    )


def _check(content: Any, path: Path) -> None:
    """Refuse what is not as the example above."""
    is_right = (
        isinstance(content, dict)
        and content.keys() <= KNOWN
        and all(isinstance(content.get(name, ""), str) for name in ("logo", "title"))
        and isinstance(content.get("heading", []), list)
        and all(isinstance(line, str) for line in content.get("heading", []))
    )
    if not is_right:
        raise ExportError.of("template-holds-else", path=path)


def _read_picture(logo: Path, path: Path) -> Array:
    from matplotlib.image import imread

    try:
        picture: Array = imread(logo)
    except (OSError, ValueError, SyntaxError) as error:
        raise ExportError.of("logo-unreadable", logo=logo, path=path, reason=reason_of(error)) from error
    return picture
