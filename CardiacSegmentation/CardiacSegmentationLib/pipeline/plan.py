"""A folder, however deep → the studies in it, and where the results of each go. Nothing in it is passed over unsaid."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.cine.elements import quietly
from CardiacSegmentationLib.cine.open import ARCHIVE_ENDINGS, VOLUME_ENDINGS, is_archive_by_name, is_volume_file
from CardiacSegmentationLib.cine.parse import read_header
from CardiacSegmentationLib.cine.volume_files import is_label_file
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import readable
from CardiacSegmentationLib.pipeline.record import RECORD_FILE, read_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from CardiacSegmentationLib.cine.parse import Header

ENDINGS = sorted((*VOLUME_ENDINGS, *ARCHIVE_ENDINGS, ".dcm", ".ima"), key=len, reverse=True)  # the longest first
NO_STUDY = "no study: neither a folder nor an archive, a NIfTI, NRRD or multi-frame DICOM file"
SINGLE_FILE = "a single DICOM file: put the files of each study into a folder of its own"
LABEL_MAP = "a label map by its name, no images"
BESIDE_IMAGES = "a file beside the DICOM images of a study"
SUMMARY_FILE, PARQUET_FILE, OVERVIEW_FILE, THUMBNAILS = "summary.csv", "summary.parquet", "overview.html", "thumbnails"
OWN_FILES = (SUMMARY_FILE, PARQUET_FILE, OVERVIEW_FILE, THUMBNAILS)  # of a batch, beside the studies' folders
FEWEST_LOOKS = 10  # files that are looked at, at least, before a folder counts as one without DICOM
NO_IMAGES = (".txt", ".csv", ".json", ".pdf", ".xml", ".png", ".jpg", ".html", ".md", ".log", ".ini", ".inf", ".exe")


@dataclass(frozen=True)
class Task:
    """One study of a batch, where its results go, and its name: the way to it from the folder of all."""

    source: Path
    folder: Path
    name: str
    thumbnail: Path


@dataclass
class _Folder:
    """What lies in one folder, and below."""

    path: Path
    volumes: list[Path] = field(default_factory=list)
    archives: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    dicom: dict[str, set[str]] = field(default_factory=dict)  # studies → their series, of the files right here
    several_whole: list[Path] = field(default_factory=list)  # multi-frame files of several studies, right here
    below: list[_Folder] = field(default_factory=list)
    is_closed: bool = False
    has_results: bool = False  # of ours, right here

    def studies(self) -> dict[str, set[str]]:
        """The DICOM studies here and below, and their series."""
        found: dict[str, set[str]] = {}
        for one in (self.dicom, *(folder.studies() for folder in self.below)):
            for study, series in one.items():
                found.setdefault(study, set()).update(series)
        return found

    def files(self) -> list[Path]:
        """Volumes and archives here and below, which are studies of their own."""
        own = [path for path in self.volumes if not is_label_file(path)] + self.archives + self.several_whole
        return own + [path for folder in self.below for path in folder.files()]

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies here or below."""
        here = self.volumes or self.archives or self.others or self.dicom or self.several_whole or self.is_closed
        return not here and all(folder.is_empty for folder in self.below)

    @property
    def holds_only_results(self) -> bool:
        """Whether results of ours lie here or below, and nothing else."""
        return self.is_empty and (self.has_results or any(folder.holds_only_results for folder in self.below))


def plan_batch(root: Path, out: Path) -> tuple[list[Task], list[dict[str, Any]]]:
    """A task for each study in a folder or below, and a row for each entry of the folder that is or holds none.

    A study is a folder whose DICOM files, its own and those below, belong to one study by their StudyInstanceUID; or an
    archive, a NIfTI or NRRD file; right in ``root`` also a multi-frame DICOM file. A folder that holds none of these is
    tried as well: what is wrong with it, the attempt tells.
    """
    if not root.is_dir():
        msg = f"{root} is no folder. Name the folder that holds the studies."
        raise StudyError(msg)
    with quietly():
        sources, rows = _find(root, out)
    tasks: dict[str, Task] = {}
    for source in sorted(sources):
        inside = source.relative_to(root)
        name = (inside.with_name(stem_of(source)) if source.is_file() else inside).as_posix()
        name = readable(root.resolve().name if name == "." else name)
        while name in tasks:
            name += "-2"
        folder = out.absolute()
        tasks[name] = Task(source.absolute(), folder / name, name, folder / THUMBNAILS / f"{name}.png")
    if not tasks:
        msg = f"{root} holds no studies. Each study is a folder, an archive, or a NIfTI or NRRD file in it or below."
        raise StudyError(msg)
    return list(tasks.values()), rows


def stem_of(path: Path) -> str:
    """A file's name without its ending, ``.nii.gz`` being one."""
    ending = next((ending for ending in ENDINGS if path.name.lower().endswith(ending)), "")
    return path.name[: len(path.name) - len(ending)]


def _find(root: Path, out: Path) -> tuple[list[Path], list[dict[str, Any]]]:
    """Studies in ``root``, and rows for what is none."""
    is_beside = out.resolve() == root.resolve()
    seen = set() if is_beside else {os.path.realpath(out)}
    files, folders, _ = _list(root, seen)
    below = [_look_into(path, seen) for path in folders if not (is_beside and path.name in OWN_FILES)]
    sources: list[Path] = []
    rows: list[dict[str, Any]] = []
    for file in files:
        if is_beside and file.name in OWN_FILES:
            continue
        if reason := _why_no_study(file):
            rows.append(_row(file, root, "skipped", reason))
        else:
            sources.append(file)
    top = _Folder(root, below=[folder for folder in below if not folder.holds_only_results])
    if not sources and len(top.studies()) == 1 and _is_split(top):
        return [root], rows  # the folder of one study was named, not that of many
    for folder in top.below:
        found, told = _studies_in(folder, root)
        sources += found
        rows += told
    return sources, rows


def _studies_in(folder: _Folder, root: Path) -> tuple[list[Path], list[dict[str, Any]]]:
    """The studies of a folder below ``root``: itself, or those further down."""
    studies, files = folder.studies(), folder.files()
    if not studies and (not files or _is_one_subject(folder)):
        return [folder.path], []
    if folder.dicom or (len(studies) == 1 and (not files or _is_split(folder))):
        return [folder.path], [_row(path, root, "skipped", BESIDE_IMAGES) for path in files]
    sources = [path for path in (*folder.volumes, *folder.archives, *folder.several_whole) if not is_label_file(path)]
    rows: list[dict[str, Any]] = []
    for one in folder.below:
        if not one.is_empty:
            found, told = _studies_in(one, root)
            sources += found
            rows += told
    return sources, rows


def _row(path: Path, root: Path, status: str, reason: str) -> dict[str, Any]:
    return {"study": path.relative_to(root).as_posix(), "status": status, "error": reason}


def _is_one_subject(folder: _Folder) -> bool:
    """Volume files of one person: a cine, single phases of it, label maps; two cines are two studies."""
    files = folder.files()
    return not folder.below and not folder.archives and sum(_may_be_cine(path) for path in files) <= 1


def _may_be_cine(path: Path) -> bool:
    """Whether a volume file has phases as far as its first bytes tell; one that cannot be read may have."""
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            start = file.read(1024)
    except (OSError, EOFError, ValueError):
        return True
    if start[:4] == b"NRRD":
        return b"dimension: 3" not in start
    axes = int.from_bytes(start[40:42], "big" if start[:4] == b"\0\0\x01\x5c" else "little")
    return axes != 3


def _is_split(folder: _Folder) -> bool:
    """Whether folders side by side hold different series of one study: it is whole in their parent alone.

    Folders with the same series are copies, and studies in their own right.
    """
    held = [set(chain.from_iterable(one.studies().values())) for one in folder.below if one.studies()]
    return len(held) > 1 and all(a.isdisjoint(b) for a, b in combinations(held, 2))


def _look_into(path: Path, seen: set[str]) -> _Folder:
    """What lies in a folder and below; of its DICOM files a few tell for all."""
    seen.add(os.path.realpath(path))
    files, folders, is_closed = _list(path, seen)
    found = _Folder(path, is_closed=is_closed, has_results=_has_results(path))
    unknown: list[Path] = []
    for file in files:
        if is_volume_file(file):
            found.volumes.append(file)
        elif is_archive_by_name(file):
            found.archives.append(file)
        elif file.suffix.lower() in NO_IMAGES or file.name.upper() == "DICOMDIR":
            found.others.append(file)
        else:
            unknown.append(file)
    _look_at(unknown, found)
    found.below = [_look_into(folder, seen) for folder in folders if os.path.realpath(folder) not in seen]
    return found


def _look_at(files: list[Path], found: _Folder) -> None:
    """Of which study the files of a folder are; where they are multi-frame, each may be of another."""
    headers, chosen = _headers(files), None
    for chosen in headers:
        if _study_of(chosen[1]):  # else it may be cut off before that
            break
    if chosen is None:
        found.others += files
        return
    path, header = chosen
    named = {path: header, **dict(headers)} if _is_multiframe(header) else {path: header}
    studies = {_study_of(one) for one in named.values()}
    if len(studies) > 1 and all(map(_is_multiframe, named.values())):
        found.several_whole = list(named)
    else:
        found.dicom = {
            study: {_series_of(one) for one in named.values() if _study_of(one) == study} for study in studies
        }


def _headers(files: Iterable[Path]) -> Iterator[tuple[Path, Header]]:
    """The DICOM files among these, as far as they can be read; given up where the first files are of other kinds."""
    has_found = False
    for number, path in enumerate(files):
        if number >= FEWEST_LOOKS and not has_found:
            return
        try:
            header = read_header(path)
        except Exception:  # a damaged file can make the parser raise anything
            continue
        if header is not None:
            has_found = True
            yield path, header


def _is_multiframe(header: Header) -> bool:
    return (header.elements.integer("NumberOfFrames") or 1) > 1


def _study_of(header: Header) -> str:
    return header.elements.text("StudyInstanceUID") or ""


def _series_of(header: Header) -> str:
    return header.elements.text("SeriesInstanceUID") or ""


def _list(folder: Path, seen: set[str]) -> tuple[list[Path], list[Path], bool]:
    """Files and folders in a folder, without hidden ones and results of ours; and whether it cannot be looked into."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return [], [], True
    record = read_record(folder)
    ours = {RECORD_FILE, *record["files"]} if record else set()
    ours |= set(OWN_FILES) if _is_of_batch(folder) else set()
    folders_of_ours = {name.split("/")[0] for name in ours if "/" in name}
    files, folders = [], []
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if entry.is_dir():
            is_ours = entry.name in ours or (entry.name in folders_of_ours and _holds_only(entry, folder, ours))
            if not is_ours and os.path.realpath(entry) not in seen:
                folders.append(entry)
        elif entry.is_file() and entry.name not in ours:
            files.append(entry)
    return files, folders, False


def _has_results(folder: Path) -> bool:
    """Whether a run, or a batch, has left its results right here."""
    return (folder / RECORD_FILE).is_file() or _is_of_batch(folder)


def _is_of_batch(folder: Path) -> bool:
    return (folder / SUMMARY_FILE).is_file() and (folder / OVERVIEW_FILE).is_file()


def _holds_only(entry: Path, folder: Path, ours: set[str]) -> bool:
    return all(path.relative_to(folder).as_posix() in ours for path in entry.rglob("*") if path.is_file())


def _why_no_study(path: Path) -> str:
    """Nothing where a file in the folder of all may be a study; whether it is one, the attempt tells."""
    if is_label_file(path) and is_volume_file(path):
        return LABEL_MAP
    if is_volume_file(path) or is_archive_by_name(path):
        return ""
    try:
        header = read_header(path)
    except Exception:  # damaged or not to be read
        return ""
    if header is None:
        return NO_STUDY
    return "" if _is_multiframe(header) else SINGLE_FILE
