"""Files → frames, and a word about every file that holds none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cine.excluded import Excluded, NoFrameError, Reason
from CardiacSegmentationLib.cine.frames import description_of, frames_of
from CardiacSegmentationLib.cine.open import is_archive_by_name, is_dicomdir
from CardiacSegmentationLib.cine.parse import read_header, read_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.cine.excluded import Why
    from CardiacSegmentationLib.cine.frames import Frame

WORKERS = 4
BATCH = 512  # files whose first bytes are in memory at a time


@dataclass
class Headers:
    """Everything the headers of a study say."""

    frames: list[Frame] = field(default_factory=list)
    excluded: list[Excluded] = field(default_factory=list)


def read_headers(paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> Headers:
    """Frames of all files. One bad file never fails the others: it is left out with a reason."""
    headers = Headers()
    excluded: dict[tuple[Reason, str, str], dict[Path, None]] = {}
    for done, (path, start) in enumerate(_read_starts(paths)):
        if progress and done % 20 == 0:
            progress(done, len(paths))
        frames, reasons, description = _look_into(path, start)
        headers.frames += frames
        for why in reasons:
            excluded.setdefault((*why, description), {})[path] = None
    headers.excluded = [Excluded(*why, files=tuple(files)) for why, files in excluded.items()]
    return headers


def _read_starts(paths: Sequence[Path]) -> Iterator[tuple[Path, bytes | None]]:
    """The first bytes of all files, several files at a time: on a network, waiting is what takes long."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for first in range(0, len(paths), BATCH):
            batch = paths[first : first + BATCH]
            yield from zip(batch, pool.map(_try_start, batch), strict=True)


def _try_start(path: Path) -> bytes | None:
    try:
        return read_start(path)
    except OSError:
        return None


def _why_not_dicom(start: bytes) -> Reason:
    if not start:
        return Reason.EMPTY
    return Reason.NOT_DICOM if start.strip(b"\0") else Reason.ZERO_FILLED


def _look_into(path: Path, start: bytes | None) -> tuple[list[Frame], list[Why], str]:
    """The frames of a file, why some or all of it is left out, and its description."""
    description = ""
    try:
        header = read_header(path, start)
        if header is None:
            raise NoFrameError(Reason.ARCHIVE if is_archive_by_name(path) else _why_not_dicom(start or b""))
        if is_dicomdir(path):
            return [], [], ""
        description = description_of(header.elements)
        return *frames_of(path, header), description
    except NoFrameError as error:
        return [], [error.why], description
    except OSError as error:
        return [], [(Reason.UNREADABLE, error.strerror or "")], description
    except Exception:  # a damaged file can make any parser raise anything
        return [], [(Reason.HEADER_DAMAGED, "")], description
