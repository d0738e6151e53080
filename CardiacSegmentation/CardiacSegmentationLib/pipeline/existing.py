"""What a folder for results holds already, and whether it may go."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.pipeline.options import Existing
from CardiacSegmentationLib.pipeline.record import RECORD_FILE, UNFINISHED, read_record

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

MOST_NAMED = 3


def require_room(folder: Path, patterns: Collection[str], existing: Existing, advice: str) -> None:
    """Refuse to replace what the user has not given up: a finished run, or files that none of our runs has written.

    ``patterns`` say which files are to be written. A run that goes on replaces what it finds of earlier runs: the files
    their record names, and all of one that was killed before it had a record.
    """
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file. Name a folder for the results."
        raise ExportError(msg)
    _require_writable(folder)
    if existing is Existing.REPLACE:
        return
    if existing is Existing.STOP and (folder / RECORD_FILE).exists():
        msg = f"{folder} already holds results. {advice}"
        raise ExportError(msg)
    if existing is Existing.RESUME and any(folder.glob(f"{UNFINISHED}*")):
        return
    if names := _not_ours(folder, patterns):
        some = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
        msg = f"{folder} holds files of yours ({some}). Add --force to replace them, or name another folder."
        raise ExportError(msg)


def _require_writable(folder: Path) -> None:
    """Say before the work, not after it, that results cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder} cannot be made ({error.strerror}). Name another folder for the results."
        raise ExportError(msg) from error
    if not os.access(folder, os.W_OK):
        msg = f"{folder} may not be written to by you. Name another folder for the results."
        raise ExportError(msg)


def remove_run(folder: Path, but: Collection[Path] = ()) -> None:
    """Take the files of a finished run away, its record first, so that none is left of a folder half empty."""
    record = read_record(folder)
    if record is None:
        return
    (folder / RECORD_FILE).unlink()
    kept = {path.resolve() for path in but}
    for path in (folder / name for name in record["files"]):
        if path.resolve() not in kept:
            path.unlink(missing_ok=True)


def _not_ours(folder: Path, patterns: Collection[str]) -> list[str]:
    record = read_record(folder)
    ours = {RECORD_FILE, *record["files"]} if record else set()
    found = {
        path.relative_to(folder).as_posix() for pattern in (*patterns, RECORD_FILE) for path in folder.glob(pattern)
    }
    return sorted(found - ours)
