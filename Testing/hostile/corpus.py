"""Inputs made to hang or burst a program that believes them; each returns the path to open."""

from __future__ import annotations

import gzip
import os
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, JPEG2000Lossless

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGE_KEYWORDS = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
    "SOPInstanceUID": "1.2.3.4",
    "SeriesInstanceUID": "1.2.3.5",
    "StudyInstanceUID": "1.2.3.6",
    "Modality": "MR",
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "PixelRepresentation": 0,
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "ImagePositionPatient": [0, 0, 0],
    "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    "PixelSpacing": [1.5, 1.5],
    "FrameTime": 30,
}


def image(rows: int, columns: int, frames: int, pixels: bytes, syntax: str = ExplicitVRLittleEndian) -> pydicom.Dataset:
    """An MR image that may claim what it likes."""
    dataset = pydicom.Dataset()
    for keyword, value in IMAGE_KEYWORDS.items():
        setattr(dataset, keyword, value)
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = rows, columns, frames
    dataset.add_new(0x7FE00010, "OW", pixels)
    dataset["PixelData"].is_undefined_length = syntax == JPEG2000Lossless
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    return dataset


def save(dataset: pydicom.Dataset, path: Path) -> Path:
    dataset.save_as(path, enforce_file_format=True)
    return path


def million_frames(folder: Path) -> Path:
    return save(image(64, 64, 1_000_000, bytes(8192)), folder / "million.dcm")


def million_tiny_frames(folder: Path) -> Path:
    return save(image(2, 2, 1_000_000, bytes(8_000)), folder / "million.dcm")


def frames_of_nothing(folder: Path) -> Path:
    """Hundreds of compressed frames of 4096² pixels, each of a few bytes."""
    pixels = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51" + bytes(30)] * 500)
    return save(image(4096, 4096, 500, pixels, JPEG2000Lossless), folder / "nothing.dcm")


def huge_codestream(folder: Path) -> Path:
    """A JPEG 2000 stream that claims 60,000² pixels in 100 bytes."""
    sizes = struct.pack(">HIIIIIIIIH", 0, 60000, 60000, 0, 0, 60000, 60000, 0, 0, 1) + b"\x0f\x01\x01"
    siz = b"\xff\x51" + struct.pack(">H", len(sizes) + 2) + sizes
    stream = b"\xff\x4f" + siz + b"\xff\x52\x00\x0c\x00\x00\x00\x01\x00\x05\x04\x04\x00\x00\xff\x5c\x00\x03\x00\xff\xd9"
    files = folder / "huge"
    files.mkdir()
    pixels = pydicom.encaps.encapsulate([stream] * 4)
    return save(image(512, 512, 4, pixels, JPEG2000Lossless), files / "huge.dcm")


def deflated_bomb(folder: Path) -> Path:
    """An element of 2 GB of zeros in a few megabytes."""
    path = save(image(64, 64, 1, bytes(8192), DeflatedExplicitVRLittleEndian), folder / "bomb.dcm")
    content = path.read_bytes()
    begin = content.index(DeflatedExplicitVRLittleEndian.encode()) + len(DeflatedExplicitVRLittleEndian) + 1
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    element = b"\x09\x00\x01\x10OB\0\0" + struct.pack("<I", 2**31 - 2)
    start = packer.compress(element) + packer.flush(zlib.Z_FULL_FLUSH)
    zeros = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)  # may be repeated as it is
    path.write_bytes(content[:begin] + start + zeros * 2048 + packer.flush())
    return path


def gzipped(path: Path, start: bytes, megabytes: int) -> Path:
    """Some bytes and then zeros, packed."""
    path.write_bytes(gzip.compress(start) + gzip.compress(bytes(2**20)) * megabytes)
    return path


def tar_with_a_long_name(folder: Path) -> Path:
    """A GNU header that claims a name of 4 GB."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 4 * 2**30
    path = folder / "name.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    return path


def tar_with_a_long_header(folder: Path) -> Path:
    """A pax header of 4 GB."""
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 4 * 2**30
    return gzipped(folder / "pax.tar.gz", info.tobuf(tarfile.USTAR_FORMAT), 4096)


def tar_bomb(folder: Path) -> Path:
    info = tarfile.TarInfo("image.dcm")
    info.size = 4 * 2**30
    return gzipped(folder / "bomb.tar.gz", info.tobuf(), 4096)


def tar_of_a_long_folder(folder: Path) -> Path:
    """A folder has no content, but its header may claim some, which is to be passed over."""
    info = tarfile.TarInfo("study")
    info.type, info.size = b"9", 2**40
    return gzipped(folder / "folder.tar.gz", info.tobuf(), 4096)


def sparse_tar(folder: Path) -> Path:
    """A sparse file of a terabyte in a kilobyte."""
    info = tarfile.TarInfo("image.dcm")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 0
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"\x80" + (2**40).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    path = folder / "sparse.tar"
    path.write_bytes(bytes(header) + bytes(1024))
    return path


def zip_bomb(folder: Path) -> Path:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open("i", "w") as file:
        for _ in range(1024):
            file.write(bytes(2**20))
    return path


def nifti(shape: tuple[int, ...], content: bytes, **fields: object) -> bytes:
    """A NIfTI file byte by byte; ``fields`` are (offset, kind, values)."""
    header = bytearray(352)
    defaults: dict[str, object] = {
        "size": (0, "<i4", 348),
        "dim": (40, "<i2", [len(shape), *shape, *[1] * (7 - len(shape))]),
        "datatype": (70, "<i2", [4, 16]),
        "pixdim": (76, "<f4", [1, 1.5, 1.5, 8, 1, 1, 1, 1]),
        "offset": (108, "<f4", 352),
        "magic": (344, "u1", list(b"n+1")),
    }
    for at, kind, values in {**defaults, **fields}.values():  # type: ignore[misc]
        value = np.array(values, kind).tobytes()
        header[at : at + len(value)] = value
    return bytes(header) + content


def nifti_of_infinite_place(folder: Path) -> Path:
    place = np.full((3, 4), np.inf)
    path = folder / "infinite.nii"
    path.write_bytes(nifti((64, 64, 8), bytes(65536), sform=(254, "<i2", 1), srow=(280, "<f4", place)))
    return path


def nifti_of_petabytes(folder: Path) -> Path:
    path = folder / "petabytes.nii.gz"
    path.write_bytes(gzip.compress(nifti((32767, 32767, 32767, 32767), bytes(65536))))
    return path


def nifti_bomb(folder: Path) -> Path:
    """An honest header over 2 GB of zeros in 2 MB."""
    return gzipped(folder / "bomb.nii.gz", nifti((1024, 1024, 32, 32), b""), 2048)


def nrrd(folder: Path, *lines: str, name: str = "cine.nrrd", content: bytes = bytes(65536)) -> Path:
    header = ["NRRD0005", "type: short", "dimension: 3", "sizes: 64 64 8", "spacings: 1.5 1.5 8", "endian: little"]
    path = folder / name
    path.write_bytes("\n".join([*header, *lines, "", ""]).encode() + (b"" if "data file" in str(lines) else content))
    return path


def nrrd_of_a_long_line(folder: Path) -> Path:
    return nrrd(folder, "encoding: raw", "content: " + "x" * 100_000, content=bytes(10))


def nrrd_without_end(folder: Path) -> Path:
    path = folder / "endless.nrrd"
    path.write_bytes(b"NRRD0005\n" + b"# \n" * 2_000_000)
    return path


def nrrd_of_petabytes(folder: Path) -> Path:
    path = folder / "cine.nrrd"
    sizes = "sizes: 999999999 999999999 999999999 9999"
    path.write_bytes(f"NRRD0005\ntype: double\ndimension: 4\n{sizes}\nspacings: 1 1 1 1\nencoding: gzip\n\n".encode())
    return path


def nhdr_of_an_absolute_file(folder: Path) -> Path:
    return nrrd(folder, "encoding: raw", "data file: /etc/passwd", name="cine.nhdr")


def nhdr_of_a_foreign_file(folder: Path) -> Path:
    (folder / "secret.raw").write_bytes(bytes(65536))
    (folder / "study").mkdir()
    return nrrd(folder / "study", "encoding: raw", "data file: ../secret.raw", name="cine.nhdr")


def nhdr_of_a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "voxels.raw")
    return nrrd(folder, "encoding: raw", "data file: voxels.raw", name="cine.nhdr")


def nhdr_of_a_device(folder: Path) -> Path:
    (folder / "voxels.raw").symlink_to("/dev/zero")
    return nrrd(folder, "encoding: raw", "data file: voxels.raw", name="cine.nhdr")


def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "study")
    return folder / "study"


def a_pipe_named_as_a_volume(folder: Path) -> Path:
    os.mkfifo(folder / "cine.nii.gz")
    return folder / "cine.nii.gz"


def a_device(folder: Path) -> Path:
    (folder / "study").symlink_to("/dev/zero")
    return folder / "study"


def a_folder_of_pipes(folder: Path) -> Path:
    for name in ("image.dcm", "cine.nii.gz", "study.zip", "DICOMDIR"):
        os.mkfifo(folder / name)
    (folder / "zero.dcm").symlink_to("/dev/zero")
    return folder


def a_folder_in_itself(folder: Path) -> Path:
    for number in range(20):
        (folder / f"again{number}").symlink_to(folder, target_is_directory=True)
    return folder


def deeply_nested_sequences(folder: Path) -> Path:
    """Ten thousand sequences, one in the other."""
    item = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    path = save(image(64, 64, 4, bytes(4 * 8192)), folder / "deep.dcm")
    content = path.read_bytes()
    at = content.index(b"\x08\x00\x60\x00CS")
    path.write_bytes(content[:at] + item * 10_000 + content[at:])
    return path


CORPUS: dict[str, Callable[[Path], Path]] = {
    make.__name__: make
    for make in (
        million_frames,
        million_tiny_frames,
        frames_of_nothing,
        huge_codestream,
        deflated_bomb,
        tar_with_a_long_name,
        tar_with_a_long_header,
        tar_bomb,
        tar_of_a_long_folder,
        sparse_tar,
        zip_bomb,
        nifti_of_infinite_place,
        nifti_of_petabytes,
        nifti_bomb,
        nrrd_of_a_long_line,
        nrrd_without_end,
        nrrd_of_petabytes,
        nhdr_of_an_absolute_file,
        nhdr_of_a_foreign_file,
        nhdr_of_a_pipe,
        nhdr_of_a_device,
        a_pipe,
        a_pipe_named_as_a_volume,
        a_device,
        a_folder_of_pipes,
        a_folder_in_itself,
        deeply_nested_sequences,
    )
}
