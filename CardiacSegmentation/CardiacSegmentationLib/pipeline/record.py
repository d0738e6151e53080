"""``run.json``: written last, so a folder that has it holds a finished run, and says of which study and how."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.cine.open import open_study
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.reading import Conventions, KeyPhases
from CardiacSegmentationLib.segmentation import Papillary, Segmentation
from CardiacSegmentationLib.pipeline.local_key import checksum

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack

RECORD_FILE = "run.json"
LABELS_FILE = "labels.nii.gz"
UNFINISHED = ".cardiacseg-unfinished-"
SCHEMA, VERSION = "cardiacseg-run", 1


def fingerprint(source: Path, apart_from: Collection[Path], key: bytes = b"") -> str:
    """A checksum over names, sizes and times of a study's files; results that lie among them do not count."""
    lines: list[bytes] = []
    for path in sorted(_files_of(source)):
        if not {path, *path.parents}.isdisjoint(apart_from):
            continue
        facts = path.stat()
        lines.append(f"{path.relative_to(source.parent)}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return checksum(b"".join(lines), key)


def write_record(folder: Path, facts: Mapping[str, Any], segmentation: Segmentation) -> None:
    """Close a run: ``facts`` are its study, options, files, times and summary."""
    record = {
        "schema": SCHEMA,
        "version": VERSION,
        "program": f"cardiacseg {__version__}",
        **facts,
        "segmentation": _describe(segmentation),
    }
    with atomic_path(folder / RECORD_FILE) as temporary:
        temporary.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_record(folder: Path) -> dict[str, Any] | None:
    """The record of a finished run in a folder; ``None`` where there is none, or none of this version."""
    try:
        record = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        is_ours = record["schema"] == SCHEMA and record["version"] == VERSION
        is_ours &= all(_is_below(PurePath(name)) for name in record["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(record) if is_ours else None


def _is_below(name: PurePath) -> bool:
    """Whether a file lies in the folder itself: anyone can write a record, and the files it names get replaced."""
    return not name.is_absolute() and ".." not in name.parts


def read_segmentation(folder: Path, stack: CineStack) -> Segmentation:
    """The segmentation of a finished run, on the grid of the stack it was made from."""
    from CardiacSegmentationLib.cine import read_labels

    record = read_record(folder)
    if record is None:
        msg = f"{folder} holds no finished run of cardiacseg segment: {RECORD_FILE} is missing or of another version."
        raise ExportError(msg)
    facts = record["segmentation"]
    conventions = {**facts["conventions"], "papillary": Papillary(facts["conventions"]["papillary"])}
    return Segmentation(
        labels=read_labels(folder / LABELS_FILE, stack).labels,
        labelled=np.array(facts["labelled"], bool),
        included=np.array(facts["included"], bool),
        key_phases=KeyPhases(**facts["key_phases"]),
        conventions=Conventions(**conventions),
        findings=tuple(Finding(**{**item, "severity": Severity(item["severity"])}) for item in facts["findings"]),
        model=facts["model"],
    )


def _describe(segmentation: Segmentation) -> dict[str, Any]:
    """All of a segmentation but its labels; phases and slices are counted from 0, as in memory."""
    return {
        "labelled": segmentation.labelled.tolist(),
        "included": segmentation.included.astype(int).tolist(),
        "key_phases": asdict(segmentation.key_phases),
        "conventions": {**asdict(segmentation.conventions), "papillary": segmentation.conventions.papillary.value},
        "findings": [{**asdict(item), "severity": item.severity.value} for item in segmentation.findings],
        "model": segmentation.model,
    }


def _files_of(source: Path) -> Sequence[Path]:
    """The files a study is read from; an archive is one file."""
    if source.is_dir() or source.name.upper() == "DICOMDIR":
        return open_study(source).files
    return [source] if source.is_file() else []
