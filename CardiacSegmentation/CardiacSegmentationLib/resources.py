"""Where the files beside the code are: the same folder in a checkout, in a wheel and inside Slicer."""

from __future__ import annotations

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
