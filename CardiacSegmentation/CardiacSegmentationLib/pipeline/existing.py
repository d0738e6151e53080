"""What a folder for results holds already, and whether it may go."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from CardiacSegmentationLib.errors import ExportError, reason_of
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
        raise ExportError.of("folder-is-file", folder=folder)
    _require_writable(folder)
    if existing is Existing.REPLACE:
        return
    if existing is Existing.STOP and (folder / RECORD_FILE).exists():
        raise ExportError.of("folder-has-results", folder=folder, advice=advice)
    if existing is Existing.RESUME and any(folder.glob(f"{UNFINISHED}*")):
        return
    if names := _not_ours(folder, patterns):
        some = (*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else []))
        raise ExportError.of("folder-has-files", folder=folder, files=some)


def _require_writable(folder: Path) -> None:
    """Say before the work, not after it, that results cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError.of("folder-not-made", folder=folder, reason=reason_of(error)) from error
    if not os.access(folder, os.W_OK):
        raise ExportError.of("folder-closed-to-you", folder=folder)


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
