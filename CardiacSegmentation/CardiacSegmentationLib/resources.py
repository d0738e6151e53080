"""Where the files beside the code are, the same folder in a checkout, in a wheel and inside Slicer; and the user's."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def resource(*parts: str) -> Path:
    """Path of a shipped resource, for example ``resource("ReferenceRanges", "adult.csv")``."""
    here = Path(__file__).resolve().parent
    for root in (here / "Resources", here.parent / "Resources"):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    msg = f"The installation is incomplete: {'/'.join(parts)} is missing. Install CardiacSegmentation again."
    raise FileNotFoundError(msg)


def user_file(name: str) -> Path:
    """Path of a file among the user's own settings, whether it is there or not."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "cardiacseg" / name
