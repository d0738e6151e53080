"""A study as a scene file, written without a window."""

from __future__ import annotations

import os
import re
import struct
import tempfile
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import slicer
import vtk

from CardiacSegmentationLib.errors import ExportError, reason_of
from CardiacSegmentationLib.scene.cine import fit_window, node_voxels
from CardiacSegmentationLib.scene.study import Study, load_study, set_assessment, set_reading, set_segmentation
from CardiacSegmentationLib.scene.voxels import as_stored, image_of
from CardiacSegmentationLib.utf8_names import utf8_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import Array, CineStack

GZIP_BEGIN, DEFLATE_END = (
    b"\x1f\x8b\x08\0\0\0\0\0\x04\xff",
    b"\x03\0",
)  # RFC 1952: no name, no time; an empty last block
PIECE_VOXELS = 2**20  # compressed at a time
GZIP_LEVEL = 1  # of noisy images a higher one saves little, and takes much longer

# Each makes the scene know the classes of its module's nodes.
LOGICS = ("vtkSlicerVolumesLogic", "vtkSlicerSegmentationsModuleLogic", "vtkSlicerSequencesLogic")


def write_scene(
    path: Path,
    stack: CineStack,
    segmentation: Segmentation | None = None,
    assessment: Assessment | None = None,
) -> None:
    """Write an ``.mrb`` that 3D Slicer opens with images, segmentation, tables and plot in place.

    The scene holds the voxels of one phase, and the file gets the others phase by phase: Slicer itself would hold all
    of them three times.
    """
    path = Path(path)
    if path.suffix != ".mrb":
        raise ExportError.of("no-scene-name", path=path)
    with _own_scene() as scene:
        study = load_study(scene, stack, one_image=True)
        if segmentation is not None:
            set_segmentation(study, segmentation)
            fit_window(study.volume_node, stack.voxels, segmentation.labels)
        if assessment is not None:
            set_reading(study, assessment.reading)
            set_assessment(study, assessment)
        _write(scene, study, stack, path)


def _write(scene: Any, study: Study, stack: CineStack, path: Path) -> None:
    """In a folder aside, so that the bundle appears whole; it repeats its name inside."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as aside,
            utf8_name(Path(aside)) as name,
        ):
            folder, made = Path(name, path.stem), Path(aside, path.name)
            folder.mkdir()
            _empty_frames(study, stack)
            if not scene.SaveSceneToSlicerDataBundleDirectory(str(folder)):
                raise ExportError.of("scene-unwritable", path=path)
            _fill_in(folder / "Data", stack)
            _pack(folder, made)
            made.replace(path)
    except OSError as error:
        raise ExportError.of("unwritable", path=path, reason=reason_of(error)) from error


def _empty_frames(study: Study, stack: CineStack) -> None:
    """Let Slicer write the sequence of the images, with all it says of them, around one pixel of each slice."""
    for phase in range(stack.phases):
        pixels = image_of(node_voxels(stack, phase)[:, :1, :1])
        study.images.GetNthDataNode(phase).SetAndObserveImageData(pixels)


def _fill_in(data: Path, stack: CineStack) -> None:
    """Put whole images in the place of the pixels: all phases into the sequence, the first into the one on display."""
    phases, *shape = stack.voxels.shape
    sizes = " ".join(map(str, reversed(shape)))
    images = {path for path in data.glob("*.nrrd") if not path.name.endswith(".seg.nrrd")}
    (sequence,) = (path for path in images if path.name.endswith(".seq.nrrd"))
    (shown,) = images - {sequence}
    _fill(sequence, f"{sizes} {phases}", (node_voxels(stack, phase) for phase in range(phases)))
    _fill(shown, sizes, [node_voxels(stack, 0)])


def _fill(path: Path, sizes: str, phases: Iterable[Array]) -> None:
    content = path.read_bytes()
    header = content[: content.index(b"\n\n") + 2]
    header, changed = re.subn(rb"(?m)^sizes: 1 1 .*$", f"sizes: {sizes}".encode(), header)
    if changed != 1 or b"\nencoding: gzip\n" not in header:
        raise ExportError.of("sequences-otherwise")
    with path.open("wb") as file:
        file.write(header)
        _write_gzip(file, iter(phases))


def _write_gzip(file: BinaryIO, phases: Iterator[Array]) -> None:
    """The phases as one gzip stream, as many pieces compressed at a time as there are cores: each begins anew in it."""
    cores = os.cpu_count() or 1
    checksum = size = 0
    file.write(GZIP_BEGIN)
    pieces = (piece for phase in phases for piece in _pieces(as_stored(phase)))
    with ThreadPoolExecutor(cores) as pool:
        while group := list(islice(pieces, cores)):
            for voxels, compressed in zip(group, pool.map(_deflate, group), strict=True):
                checksum = zlib.crc32(voxels, checksum)
                size += voxels.nbytes
                file.write(compressed)
    file.write(DEFLATE_END + struct.pack("<LL", checksum, size % 2**32))


def _pieces(voxels: Array) -> Iterator[Array]:
    flat = voxels.reshape(-1)
    return (flat[start : start + PIECE_VOXELS] for start in range(0, flat.size, PIECE_VOXELS))


def _deflate(voxels: Array) -> bytes:
    """A part of a deflated stream, to which another can be put."""
    stream = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(voxels) + stream.flush(zlib.Z_FULL_FLUSH)


def _pack(folder: Path, path: Path) -> None:
    """Everything in the folder, and its name, as one file; what is in it is compressed already."""
    with zipfile.ZipFile(path, "w") as bundle:
        for file in sorted(folder.rglob("*")):
            bundle.write(file, file.relative_to(folder.parent))


@contextmanager
def _own_scene() -> Iterator[Any]:
    """A scene apart from the application's, with just the logics a study needs, taken apart in order."""
    scene = slicer.vtkMRMLScene()
    # The oldest Slicer this is made for. slicer-core calls itself 4.0, which Slicer takes for a file of long ago.
    scene.SetVersion("Slicer 5.10.0 0")
    application = slicer.vtkMRMLApplicationLogic()
    application.SetMRMLScene(scene)
    logics = [getattr(slicer, name)() for name in LOGICS]
    for logic in logics:
        logic.SetMRMLApplicationLogic(application)
        logic.SetMRMLScene(scene)
    try:
        yield scene
    finally:
        scene.Clear(True)
        with _no_warnings():  # a logic asks the scene once more while it loses it, and complains that it is gone
            for logic in logics:
                logic.SetMRMLScene(None)
        application.SetMRMLScene(None)


@contextmanager
def _no_warnings() -> Iterator[None]:
    shown = vtk.vtkObject.GetGlobalWarningDisplay()
    vtk.vtkObject.SetGlobalWarningDisplay(0)
    try:
        yield
    finally:
        vtk.vtkObject.SetGlobalWarningDisplay(shown)
