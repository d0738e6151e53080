"""A store packed to travel: to a machine with a graphics card that is lent for minutes, behind a narrow door.

Grey values are kept on 160 levels, finer where it is dark as noise is, and as differences down the rows, under LZMA:
some two thirds of the store's size. Labels and all else stay as they are.
"""

from __future__ import annotations

import io
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiactrain.data.store import INDEX, read_index
from cardiactrain.errors import DataError
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
    store.mkdir(parents=True, exist_ok=True)
    members = [(path, name) for path in parts for name in _list_members(path)]
    count = sum(map_in_processes(partial(_unpack, store), members))
    with zipfile.ZipFile(parts[0]) as part:
        save_text(part.read(INDEX).decode(), store / INDEX)
    return count


def _list_members(path: Path) -> list[str]:
    """The subjects' files in a part."""
    try:
        with zipfile.ZipFile(path) as part:
            names = part.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        msg = f"{path} is no part of a packed store ({error})."
        raise DataError(msg) from error
    if INDEX not in names:
        msg = f"{path} is no part of a packed store (it has no {INDEX})."
        raise DataError(msg)
    return [name for name in names if name != INDEX]


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
    with zipfile.ZipFile(path) as part, np.load(io.BytesIO(part.read(name)), allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
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
