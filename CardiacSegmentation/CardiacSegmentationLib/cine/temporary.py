"""Folders for what is unpacked; those of runs that were killed are removed by the next run."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import IO, TYPE_CHECKING

from CardiacSegmentationLib.locks import hold, remove_abandoned

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "cardiacseg-unpacked-"


class TemporaryFolder:
    """A folder that is deleted when nobody holds this value any more, at the latest when the program ends.

    Of a program that was killed it stays; the next one deletes it.
    """

    def __init__(self) -> None:
        remove_abandoned(Path(tempfile.gettempdir()), f"{PREFIX}*")
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.close: Callable[[], object] = weakref.finalize(self, _remove, self.path, hold(self.path))

    def __reduce__(self) -> tuple[type[Path], tuple[str]]:
        """A copy in another process owns nothing: it is the path alone."""
        return Path, (str(self.path),)


def _remove(folder: Path, lock: IO[str] | None) -> None:
    if lock is not None:
        lock.close()
    shutil.rmtree(folder, ignore_errors=True)
