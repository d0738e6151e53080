"""``run.json``: written last, so a folder that has it holds a finished run, and says of which study and how."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.errors import MALFORMED, ExportError, LabelError, ReadingError, reason_of
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.pipeline.local_key import checksum
from CardiacSegmentationLib.reading_json import reading_from_dict
from CardiacSegmentationLib.segmentation import changed_by_hand, changed_images, checksums_of
from CardiacSegmentationLib.segmentation_json import segmentation_from_dict, segmentation_to_dict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from CardiacSegmentationLib.cine import StudyFiles
    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.segmentation import Place, Segmentation
    from CardiacSegmentationLib.stack import CineStack

RECORD_FILE = "run.json"
READING_FILE = "reading.json"
LABELS_FILE = "labels.nii.gz"
UNFINISHED = ".cardiacseg-unfinished-"
SCHEMA, VERSION = "cardiacseg-run", 2


def fingerprint(files: StudyFiles, apart_from: Collection[Path], key: bytes = b"") -> str:
    """A checksum over names, sizes and times of a study's files; results that lie among them do not count."""
    lines: list[bytes] = []
    for path in sorted(path.absolute() for path in files.on_disk):
        if not {path, *path.parents}.isdisjoint(apart_from):
            continue
        facts = path.stat()
        name = path.relative_to(files.path.absolute().parent)
        lines.append(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode(errors="surrogatepass"))
    return checksum(b"".join(lines), key)


def write_record(folder: Path, facts: Mapping[str, Any], segmentation: Segmentation) -> None:
    """Close a run: ``facts`` are its study, options, files, times and summary."""
    record = {
        "schema": SCHEMA,
        "version": VERSION,
        "program": f"cardiacseg {__version__}",
        **facts,
        "segmentation": {**segmentation_to_dict(segmentation), "checksums": checksums_of(segmentation.labels)},
    }
    with atomic_path(folder / RECORD_FILE) as temporary:
        temporary.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_record(folder: Path) -> dict[str, Any] | None:
    """The record of a finished run in a folder; ``None`` where there is none, or none of this version."""
    try:
        record = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        is_ours = record["schema"] == SCHEMA and record["version"] == VERSION
        is_ours &= all(_is_below(PurePath(name)) for name in record["files"])
    except (*MALFORMED, OSError):
        return None
    return dict(record) if is_ours else None


def _is_below(name: PurePath) -> bool:
    """Whether a file lies in the folder itself: anyone can write a record, and the files it names get replaced."""
    return not name.is_absolute() and ".." not in name.parts


def read_segmentation(folder: Path, stack: CineStack) -> Segmentation:
    """The segmentation of a finished run, on the grid of the stack it was made from.

    An image whose labels are not those of the run was changed by a person.
    """
    from CardiacSegmentationLib.cine import read_labels

    record = read_record(folder)
    if record is None:
        raise ExportError.of("no-finished-run", folder=folder, file=RECORD_FILE)
    made = segmentation_from_dict(record["segmentation"], read_labels(folder / LABELS_FILE, stack).labels)
    return changed_by_hand(made, changed_outside(folder, made))


def changed_outside(folder: Path, segmentation: Segmentation) -> list[Place]:
    """The images ``(phase, slice)`` whose labels other programs changed since the run; none where it noted none."""
    record = read_record(folder)
    noted = record["segmentation"].get("checksums") if record is not None else None
    try:
        return changed_images(segmentation.labels, noted) if noted else []
    except MALFORMED as error:
        raise LabelError.of("segmentation-damaged", reason=f"{type(error).__name__}: {error}") from error


def reading_file(path: Path) -> Path:
    """The ``reading.json`` that a path names: the file itself, or the folder of results that holds it."""
    return path / READING_FILE if path.is_dir() else path


def read_reading(path: Path) -> Reading:
    """What a person decided, from a ``reading.json`` or the folder of results that holds one."""
    file = reading_file(path)
    try:
        return reading_from_dict(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ReadingError.of("no-reading-file", path=file, reason=reason_of(error)) from error
    except (ValueError, RecursionError) as error:
        raise ReadingError.of("no-reading-in-file", path=file, reason=reason_of(error)) from error
    except ReadingError as error:
        raise ReadingError.of("reading-in-file", path=file, why=error) from error
