"""Files → frames, and a word about every file that holds none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydicom.uid import MediaStorageDirectoryStorage

from CardiacSegmentationLib.cine.frames import NoFrameError, description_of, frames_of
from CardiacSegmentationLib.cine.parse import read_header, read_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.cine.frames import Frame

WORKERS = 4
BATCH = 512  # files whose first bytes are in memory at a time


@dataclass(frozen=True)
class LeftOut:
    """Files that are not part of any stack, and why."""

    reason: str
    description: str = ""
    files: tuple[Path, ...] = ()


@dataclass
class Headers:
    """Everything the headers of a study say."""

    frames: list[Frame] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def read_headers(paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> Headers:
    """Frames of all files. One bad file never fails the others: it is left out with a reason."""
    headers = Headers()
    excluded: dict[tuple[str, str], dict[Path, None]] = {}
    for done, (path, start) in enumerate(_read_starts(paths)):
        if progress and done % 20 == 0:
            progress(done, len(paths))
        frames, reasons, description = _look_into(path, start)
        headers.frames += frames
        for reason in reasons:
            excluded.setdefault((reason, description), {})[path] = None
    headers.left_out = [LeftOut(reason, text, tuple(files)) for (reason, text), files in excluded.items()]
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


def _look_into(path: Path, start: bytes | None) -> tuple[list[Frame], list[str], str]:
    """The frames of a file, why some or all of it is left out, and its description."""
    description = ""
    try:
        header = read_header(path, start)
        if header is None:
            raise NoFrameError("not DICOM" if start else "an empty file")
        if header.elements.text("SOPClassUID") == MediaStorageDirectoryStorage:
            return [], [], ""  # a DICOMDIR is a table of contents, no image
        description = description_of(header.elements)
        return *frames_of(path, header), description
    except NoFrameError as reason:
        return [], [str(reason)], description
    except OSError as error:
        return [], [f"unreadable: {error.strerror or error}"], description
    except Exception:  # a damaged file can make any parser raise anything
        return [], ["damaged: the DICOM header cannot be read"], description
