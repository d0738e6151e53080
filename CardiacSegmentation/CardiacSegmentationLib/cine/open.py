"""What a user names (a folder, a file, a DICOMDIR, an archive) → the files in it."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import tempfile
import weakref
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.locks import hold, remove_abandoned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST_BYTES = 32 * 2**30  # no cardiac study is larger; an archive that claims so is damaged or a trap
MOST_FILES = 200_000
VOLUME_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr")
UNPACKED = "cardiacseg-unpacked-"
ARCHIVE_ENDINGS = (".zip", ".tar", ".tgz", ".txz", ".tar.gz", ".tar.xz", ".tar.bz2", ".7z", ".rar")


@dataclass(frozen=True, eq=False)
class Opened:
    """The files to look at. Temporary files go with this value.

    ``missing`` are named by a DICOMDIR and not there; ``closed`` are folders that cannot be listed, and links that lead
    nowhere.
    """

    root: Path
    files: tuple[Path, ...]
    missing: tuple[str, ...] = ()
    closed: tuple[Path, ...] = ()
    temporary: TemporaryFolder | None = field(default=None, repr=False)


class TemporaryFolder:
    """A folder that is deleted when nobody holds this value any more, at the latest when the program ends.

    Of a program that was killed it stays; the next one deletes it.
    """

    def __init__(self) -> None:
        remove_abandoned(Path(tempfile.gettempdir()), f"{UNPACKED}*")
        self.path = Path(tempfile.mkdtemp(prefix=UNPACKED))
        self.close: Callable[[], object] = weakref.finalize(self, _remove, self.path, hold(self.path))


def _remove(folder: Path, lock: IO[str] | None) -> None:
    if lock is not None:
        lock.close()
    shutil.rmtree(folder, ignore_errors=True)


def open_study(path: Path) -> Opened:
    """List the files behind a path; an archive is unpacked into a temporary folder."""
    try:
        if path.is_dir():
            files, closed = _list_files(path)
            return Opened(path, files, closed=closed)
        if not path.exists():
            msg = f"{path} does not exist. Name the study's folder, an archive of it or a NIfTI or NRRD file."
            raise StudyError(msg)
        if path.name.upper() == "DICOMDIR":
            return _open_dicomdir(path)
        if is_volume_file(path) or not _is_archive(path):
            return Opened(path.parent, (path,))
        return _open_archive(path)
    except PermissionError as error:
        msg = f"{error.filename or path} may not be read by you. Copy the study to a folder of your own."
        raise StudyError(msg) from error


def open_files(files: Iterable[Path | str]) -> Opened:
    """The files that somebody else chose, as a DICOM browser does."""
    paths = tuple(map(Path, files))
    return Opened(Path(os.path.commonpath([path.parent for path in paths])) if paths else Path(), paths)


def is_volume_file(path: Path) -> bool:
    """Whether a file is NIfTI or NRRD by its name."""
    return path.name.lower().endswith(VOLUME_ENDINGS)


def is_archive_by_name(path: Path) -> bool:
    """Whether a file calls itself an archive; the files of other programs may be zip archives, too."""
    return path.name.lower().endswith(ARCHIVE_ENDINGS)


def _list_files(folder: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The files in a folder and below, through links as well, and what could not be looked into."""
    found: list[Path] = []
    closed: list[Path] = []
    seen: set[str] = set()

    def note(error: OSError) -> None:
        closed.append(Path(error.filename))

    for parent, folders, names in os.walk(folder, onerror=note, followlinks=True):
        place = os.path.realpath(parent)
        if place in seen:  # links may lead in a circle
            folders.clear()
            continue
        seen.add(place)
        folders[:] = sorted(name for name in folders if name != "__MACOSX")
        found += [Path(parent, name) for name in sorted(names) if not name.startswith("._") and name != ".DS_Store"]
    closed += [path for path in found if path.is_symlink() and not path.exists()]
    return tuple(path for path in found if path.is_file()), tuple(closed)


def _open_dicomdir(path: Path) -> Opened:
    """The files a DICOMDIR refers to; media are often copied in part, so files may be missing."""
    import pydicom

    try:
        records = pydicom.dcmread(path).DirectoryRecordSequence
        named = [record.ReferencedFileID for record in records if "ReferencedFileID" in record]
    except Exception as error:  # a damaged file can make the parser raise anything
        msg = f"{path} is no readable DICOMDIR. Name the folder beside it instead."
        raise StudyError(msg) from error
    files, missing = [], []
    for parts in named:
        inside = Path(*([parts] if isinstance(parts, str) else map(str, parts)))
        file = path.parent / inside
        if _leaves(PurePosixPath(inside.as_posix())) or not file.is_file():
            missing.append(str(inside))
        else:
            files.append(file)
    return Opened(path.parent, tuple(files), tuple(missing))


def _is_archive(path: Path) -> bool:
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path) or is_archive_by_name(path)


def _open_archive(path: Path) -> Opened:
    folder = TemporaryFolder()
    try:
        if zipfile.is_zipfile(path):
            _unpack_zip(path, folder.path)
        else:
            _unpack_tar(path, folder.path)
    except StudyError:
        folder.close()
        raise
    except Exception as error:  # damaged, encrypted or of an unknown kind: zipfile and tarfile raise many things
        folder.close()
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        msg = f"The archive {path} cannot be unpacked ({reason}). Unpack it by hand and name the folder."
        raise StudyError(msg) from error
    files, closed = _list_files(folder.path)
    return Opened(folder.path, files, closed=closed, temporary=folder)


def _unpack_zip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [
            info for info in archive.infolist() if not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16)
        ]
        _require_sane(path, folder, [(info.filename, info.file_size) for info in members])
        for info in members:
            archive.extract(info, folder)


def _unpack_tar(path: Path, folder: Path) -> None:
    with tarfile.open(path) as archive:
        members = [info for info in archive.getmembers() if info.isreg()]
        _require_sane(path, folder, [(info.name, info.size) for info in members])
        for info in members:
            source = archive.extractfile(info)
            target = folder.joinpath(*PurePosixPath(info.name).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source is not None:
                with target.open("wb") as file:
                    shutil.copyfileobj(source, file)


def _require_sane(path: Path, folder: Path, members: list[tuple[str, int]]) -> None:
    """An archive from elsewhere must neither write outside its folder nor fill the disk."""
    size = sum(bytes_ for _, bytes_ in members)
    if len(members) > MOST_FILES or size > MOST_BYTES:
        msg = f"The archive {path} unpacks to {len(members)} files and {size / 2**30:.0f} GB: too large for a study."
        raise StudyError(msg)
    if size > shutil.disk_usage(folder).free:
        msg = f"The archive {path} needs {size / 2**30:.1f} GB in {folder.parent}, more than is free there."
        raise StudyError(msg)
    if any(_leaves(PurePosixPath(name.replace("\\", "/"))) for name, _ in members):
        msg = f"The archive {path} names files outside itself, as no honest archive does. It is not unpacked."
        raise StudyError(msg)


def _leaves(inside: PurePosixPath) -> bool:
    return inside.is_absolute() or ".." in inside.parts or any(":" in part for part in inside.parts)
