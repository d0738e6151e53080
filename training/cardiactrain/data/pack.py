"""A store packed to travel: to a machine with a graphics card that is lent for minutes, behind a narrow door.

Grey values are kept on 160 levels, finer where it is dark as noise is, and as differences down the rows, under LZMA:
some two thirds of the store's size. Labels and all else stay as they are.
"""

from __future__ import annotations

import io
import zipfile
from functools import partial
from lzma import LZMAError
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiactrain.data.store import INDEX, read_index
from cardiactrain.errors import DataError, first_line
from cardiactrain.files import save_text
from cardiactrain.parallel import map_in_processes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

LEVELS = 160
IMAGE, RANGE, KIND = (
    "image_",
    "range_",
    "kind_",
)  # arrays of a stack: its differences, its darkest and brightest, its type


def pack_store(store: Path, out: Path, largest_mib: float) -> list[Path]:
    """Write the store as parts of at most ``largest_mib`` (a single subject may be larger); returns them."""
    keys = [row["key"] for row in read_index(store)]
    out.mkdir(parents=True, exist_ok=True)
    if any(out.glob("part-*.zip")):
        msg = f"{out} holds parts already, which would be unpacked with these: name another folder, or delete them."
        raise DataError(msg)
    parts: list[Path] = []
    size = float("inf")
    for key, packed in zip(keys, map_in_processes(partial(_pack, store), keys), strict=True):
        if size + len(packed) > largest_mib * 2**20:
            parts.append(out / f"part-{len(parts) + 1:02d}.zip")
            size = 0.0
            with zipfile.ZipFile(parts[-1], "w") as part:
                part.write(store / INDEX, INDEX)
        with zipfile.ZipFile(parts[-1], "a") as part:
            part.writestr(f"{key}.npz", packed)
        size += len(packed)
    return parts


def unpack_store(parts: Sequence[Path], store: Path) -> int:
    """Bring back what parts hold; returns how many subjects. The store is whole once all parts are there."""
    place: dict[str, Path] = {}  # of each subject's file
    indexes = {store / INDEX: (store / INDEX).read_bytes()} if (store / INDEX).exists() else {}
    for path in parts:
        indexes[path], names = _read_contents(path)
        first = next(iter(indexes))
        if indexes[path] != indexes[first]:
            msg = f"{path} is of another store than {first}: unpack each into a folder of its own."
            raise DataError(msg)
        for name in names:
            if name in place:
                msg = (
                    f"{place[name]} and {path} both hold {name}: they were packed at different times. Keep one packing."
                )
                raise DataError(msg)
            place[name] = path
    store.mkdir(parents=True, exist_ok=True)
    count = sum(map_in_processes(partial(_unpack, store), [(path, name) for name, path in place.items()]))
    save_text(next(iter(indexes.values())).decode(), store / INDEX)
    return count


def _read_contents(path: Path) -> tuple[bytes, list[str]]:
    """A part's index of the whole store, and the names of the subjects' files in it."""
    try:
        with zipfile.ZipFile(path) as part:
            index, names = part.read(INDEX), [name for name in part.namelist() if name != INDEX]
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        msg = f"{path} is no part of a packed store ({error})."
        raise DataError(msg) from error
    astray = next((name for name in names if PurePath(name).name != name or not name.endswith(".npz")), None)
    if astray:
        msg = f"{path} is no part of a packed store: {astray!r} is no subject's file."
        raise DataError(msg)
    return index, names


def _pack(store: Path, key: str) -> bytes:
    """A subject's file, packed."""
    with np.load(store / f"{key}.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    for name in [name for name in arrays if name.startswith(IMAGE)]:
        number = name.removeprefix(IMAGE)
        levels, ends = _compand(arrays[name])
        arrays |= {f"{RANGE}{number}": ends, f"{KIND}{number}": np.array(str(arrays[name].dtype))}
        arrays[name] = np.diff(levels, axis=1, prepend=np.uint8(0))  # differences wrap around, and back
    return _write(arrays)


def _unpack(store: Path, member: tuple[Path, str]) -> int:
    """One subject back into the store."""
    path, name = member
    try:
        with zipfile.ZipFile(path) as part, np.load(io.BytesIO(part.read(name)), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, LZMAError) as error:
        msg = f"{name} in {path} is damaged ({first_line(error)}). Pack the store again."
        raise DataError(msg) from error
    for key in [key for key in arrays if key.startswith(IMAGE)]:
        number = key.removeprefix(IMAGE)
        levels = np.cumsum(arrays[key], axis=1, dtype=np.uint8)
        arrays[key] = _expand(levels, arrays.pop(f"{RANGE}{number}"), str(arrays.pop(f"{KIND}{number}")))
    beside = store / f"{name}.part"
    with beside.open("wb") as whole:
        np.savez(whole, **arrays)
    beside.replace(store / name)
    return 1


def _compand(image: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """Levels from 0 to 160, by the root of the grey value, and the values of the darkest and the brightest."""
    grey = image.astype(np.float64)
    low, high = float(grey.min()), float(grey.max())
    levels = np.rint(LEVELS * np.sqrt((grey - low) / max(high - low, 1e-9)))
    return levels.astype(np.uint8), np.array([low, high])


def _expand(levels: npt.NDArray[np.uint8], ends: npt.NDArray[np.float64], kind: str) -> npt.NDArray[Any]:
    low, high = ends
    grey = low + (high - low) * (levels / LEVELS) ** 2
    return np.asarray(np.rint(grey) if np.issubdtype(np.dtype(kind), np.integer) else grey, kind)


def _write(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """An npz file under LZMA."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as file:
        for name, array in arrays.items():
            with file.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    return buffer.getvalue()
