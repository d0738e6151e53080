"""Names of files as libraries in C++ (SimpleITK, VTK) take them: in UTF-8, whatever their bytes are."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def utf8_name(path: Path) -> Iterator[str]:
    """A name under which they reach the file or folder; one whose bytes are no UTF-8 ends SimpleITK's process."""
    name = os.fsencode(path)
    if name.decode(errors="replace").encode() == name:
        yield name.decode()
        return
    with tempfile.TemporaryDirectory(prefix="cardiacseg-link-") as folder:
        link = Path(folder, path.name.encode("ascii", "ignore").decode() or "file")
        link.symlink_to(path.absolute())
        yield str(link)
