"""What a user names (a folder, a file, a DICOMDIR, an archive) → the files in it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from CardiacSegmentationLib.cine.temporary import TemporaryFolder
from CardiacSegmentationLib.errors import StudyError, reason_of
from CardiacSegmentationLib.locks import LOCK_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST_BYTES = 32 * 2**30  # no cardiac study is larger; an archive that claims so is damaged or a trap
MOST_FILES = 200_000
MOST_TIMES = 200  # its size that an archive of images unpacks to: images have noise
ALWAYS_BYTES = 256 * 2**20  # as many are unpacked whatever the size of the archive
MOST_AT_ONCE = 2**22  # bytes: names and headers in a tar archive are shorter, and its files are read in pieces
IGNORED = (".DS_Store", LOCK_FILE)
VOLUME_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr")
ARCHIVE_ENDINGS = (".zip", ".tar", ".tgz", ".txz", ".tar.gz", ".tar.xz", ".tar.bz2", ".7z", ".rar")
_UNPACKERS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}


@dataclass(eq=False)
class StudyFiles:
    """The files of a study, listed once; an archive is unpacked when its files are asked for, into a temporary folder.

    The temporary folder goes with this value. ``missing`` are named by a DICOMDIR and not there.
    """

    path: Path  # as the user named it
    on_disk: tuple[Path, ...]  # of an archive the archive itself
    folder: Path  # that ``on_disk`` lies in
    missing: tuple[str, ...] = ()
    closed_on_disk: tuple[Path, ...] = ()
    is_archive: bool = False

    @property
    def root(self) -> Path:
        """The folder that ``files`` lie in."""
        return self.temporary.path if self.temporary else self.folder

    @property
    def files(self) -> tuple[Path, ...]:
        """The files to look at."""
        return self._unpacked[0]

    @property
    def closed(self) -> tuple[Path, ...]:
        """Folders that cannot be listed, and links that lead nowhere."""
        return self._unpacked[1]

    @property
    def temporary(self) -> TemporaryFolder | None:
        """The folder that an archive was unpacked into."""
        return self._unpacked[2]

    @cached_property
    def _unpacked(self) -> tuple[tuple[Path, ...], tuple[Path, ...], TemporaryFolder | None]:
        if not self.is_archive:
            return self.on_disk, self.closed_on_disk, None
        folder = _unpack(self.path)
        return *_list_files(folder.path), folder


def open_study(path: Path) -> StudyFiles:
    """List the files behind a path."""
    try:
        if path.is_dir():
            files, closed = _list_files(path)
            if len(files) == 1 and is_dicomdir(files[0]):
                return _open_dicomdir(files[0])
            return StudyFiles(path, files, path, closed_on_disk=closed)
        if not path.exists():
            raise StudyError.of("no-such-study", path=path)
        if not path.is_file():
            raise StudyError.of("no-file", path=path)
        if is_dicomdir(path):
            return _open_dicomdir(path)
        return StudyFiles(path, (path,), path.parent, is_archive=not is_volume_file(path) and _is_archive(path))
    except PermissionError as error:
        raise StudyError.of("study-closed", path=error.filename or path) from error


def open_files(files: Iterable[Path | str]) -> StudyFiles:
    """The files that somebody else chose, as a DICOM browser does."""
    paths = tuple(map(Path, files))
    folder = Path(os.path.commonpath([path.parent for path in paths])) if paths else Path()
    return StudyFiles(folder, tuple(path for path in paths if path.is_file()), folder)


def is_volume_file(path: Path) -> bool:
    """Whether a file is NIfTI or NRRD by its name."""
    return path.name.lower().endswith(VOLUME_ENDINGS)


def is_dicomdir(path: Path) -> bool:
    """Whether a file is a medium's table of contents, by its name."""
    return path.name.upper() == "DICOMDIR"


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
        found += [Path(parent, name) for name in sorted(names) if not name.startswith("._") and name not in IGNORED]
    closed += [path for path in found if path.is_symlink() and not path.exists()]
    return tuple(path for path in found if path.is_file()), tuple(closed)


def _open_dicomdir(path: Path) -> StudyFiles:
    """The files a DICOMDIR refers to, in capitals or, as Linux shows media, in small letters; some may be missing."""
    import pydicom

    try:
        records = pydicom.dcmread(path).DirectoryRecordSequence
        named = [record.ReferencedFileID for record in records if "ReferencedFileID" in record]
    except Exception as error:  # a damaged file can make the parser raise anything
        raise StudyError.of("no-dicomdir", path=path) from error
    files, missing = [], []
    for parts in named:
        inside = Path(*([parts] if isinstance(parts, str) else map(str, parts)))
        found = (file for file in (path.parent / inside, path.parent / str(inside).lower()) if file.is_file())
        file = None if _leaves(PurePosixPath(inside.as_posix())) else next(found, None)
        if file is None:
            missing.append(str(inside))
        else:
            files.append(file)
    return StudyFiles(path, tuple(files), path.parent, missing=tuple(missing))


def _is_archive(path: Path) -> bool:
    return zipfile.is_zipfile(path) or _is_tar(path) or is_archive_by_name(path)


def _is_tar(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            return _tar_stream(file).read(512)[257:262] == b"ustar"
        except (OSError, EOFError, zlib.error, lzma.LZMAError):
            return False


def _tar_stream(file: BinaryIO) -> BinaryIO:
    """The archive as it is after unpacking; ``file`` stands at its beginning."""
    start = file.read(6)
    file.seek(0)
    unpacker = next((unpacker for magic, unpacker in _UNPACKERS.items() if start.startswith(magic)), None)
    return file if unpacker is None else cast("BinaryIO", unpacker(file))


def _unpack(path: Path) -> TemporaryFolder:
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
        raise StudyError.of("archive-damaged", path=path, reason=reason_of(error)[:100]) from error
    return folder


def _unpack_zip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [
            info for info in archive.infolist() if not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16)
        ]
        allowance = _Allowance(path, folder)
        for info in members:
            allowance.spend(info.filename, info.file_size)
        for info in members:
            archive.extract(info, folder)


def _unpack_tar(path: Path, folder: Path) -> None:
    """One pass over the archive, so that nothing is unpacked twice."""
    allowance = _Allowance(path, folder)
    with path.open("rb") as file:
        bounded = cast("Any", _Bounded(_tar_stream(file), allowance.most_bytes))
        with tarfile.open(fileobj=bounded, mode="r:") as archive:
            for info in archive:
                if info.isreg():
                    allowance.spend(info.name, info.size)
                    _extract(archive, info, folder)


def _extract(archive: tarfile.TarFile, info: tarfile.TarInfo, folder: Path) -> None:
    source = archive.extractfile(info)
    target = folder.joinpath(*PurePosixPath(info.name).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source is not None:
        with target.open("wb") as file:
            shutil.copyfileobj(source, file)


class _Allowance:
    """What an archive from elsewhere may unpack: nothing outside its folder, nothing that fills the disk."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._free = shutil.disk_usage(folder).free
        self._where = folder.parent
        self.most_bytes = min(MOST_BYTES, max(ALWAYS_BYTES, MOST_TIMES * path.stat().st_size))
        self._files = 0
        self._bytes = 0

    def spend(self, name: str, size: int) -> None:
        """Count one more file in; raise where it goes too far."""
        self._files += 1
        self._bytes += size
        if self._files > MOST_FILES or self._bytes > self.most_bytes:
            size_gb = self._bytes / 2**30
            raise StudyError.of("archive-too-large", path=self._path, files=self._files, size_gb=size_gb)
        if self._bytes > self._free:
            size_gb = self._bytes / 2**30
            raise StudyError.of("archive-no-room", path=self._path, size_gb=size_gb, folder=self._where)
        if _leaves(PurePosixPath(name.replace("\\", "/"))):
            raise StudyError.of("archive-leaves", path=self._path)


class _Bounded:
    """A stream that is not read much at once, nor very far: the headers of a tar archive may claim names of 4 GB."""

    def __init__(self, stream: BinaryIO, most_bytes: int) -> None:
        self._stream = stream
        self._most = 2 * most_bytes  # headers and names come on top

    def read(self, size: int) -> bytes:
        if not 0 <= size <= MOST_AT_ONCE:
            msg = f"it claims a name or header of {size} bytes"
            raise tarfile.ReadError(msg)
        return self._stream.read(size)

    def seek(self, offset: int) -> int:
        if offset > self._most:
            msg = f"it claims to hold {offset} bytes"
            raise tarfile.ReadError(msg)
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()


def _leaves(inside: PurePosixPath) -> bool:
    return inside.is_absolute() or ".." in inside.parts or any(":" in part for part in inside.parts)
