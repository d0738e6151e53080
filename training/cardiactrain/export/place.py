"""Where a bundle goes: it appears whole, and nothing but a bundle gives way to it."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from CardiacSegmentationLib.network.bundle import METADATA

from cardiactrain.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A folder to write in; it takes the place of ``out`` when all is written."""
    out = out.resolve()
    _check(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as beside:
        new, old = Path(beside) / "new", Path(beside) / "old"
        new.mkdir()
        yield new
        if out.exists():
            out.replace(old)
        new.replace(out)


def _check(out: Path) -> None:
    if not out.exists():
        return
    if Path.cwd().is_relative_to(out):
        msg = f"{out} is the folder you are in: name another one for the bundle."
        raise RunError(msg)
    strays = _strays(out) if out.is_dir() else [out]
    if strays:
        msg = f"{out} holds other things than a bundle ({strays[0]}): name a folder that is empty or not there yet."
        raise RunError(msg)


def _strays(folder: Path) -> list[Path]:
    """What is in a folder, but was not exported to it."""
    try:
        facts = json.loads((folder / METADATA).read_text(encoding="utf-8"))["cardiacseg"]
        ours = {folder / name for name in (*facts["files"], METADATA)}
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    return sorted(path for path in folder.rglob("*") if path not in ours and not path.is_dir())
