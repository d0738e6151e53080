"""Label maps as files: NIfTI on exactly the input's grid, and Slicer's own segmentation format."""

from __future__ import annotations

import contextlib
import gzip
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.errors import ExportError, reason_of
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.structures import BY_LABEL
from CardiacSegmentationLib.utf8_names import utf8_name

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import Array, CineStack

# The header of NIfTI-1, and the empty extension flag that follows it.
NIFTI = np.dtype(
    [
        ("sizeof_hdr", "i4"),
        ("unused", "S35"),
        ("dim_info", "u1"),
        ("dim", "i2", 8),
        ("intent_p", "f4", 3),
        ("intent_code", "i2"),
        ("datatype", "i2"),
        ("bitpix", "i2"),
        ("slice_start", "i2"),
        ("pixdim", "f4", 8),
        ("vox_offset", "f4"),
        ("scl_slope", "f4"),
        ("scl_inter", "f4"),
        ("slice_end", "i2"),
        ("slice_code", "u1"),
        ("xyzt_units", "u1"),
        ("cal_max", "f4"),
        ("cal_min", "f4"),
        ("slice_duration", "f4"),
        ("toffset", "f4"),
        ("glmax", "i4"),
        ("glmin", "i4"),
        ("descrip", "S80"),
        ("aux_file", "S24"),
        ("qform_code", "i2"),
        ("sform_code", "i2"),
        ("quaternion", "f4", 3),
        ("qoffset", "f4", 3),
        ("srow", "f4", (3, 4)),
        ("intent_name", "S16"),
        ("magic", "S4"),
        ("extension", "S4"),
    ]
)
GZIP_LEVEL = 6
UINT8 = 2
SCANNER = 1  # coordinates are the scanner's
MM_AND_MS = 2 | 16


def write_label_nifti(stack: CineStack, segmentation: Segmentation, path: Path) -> None:
    """Write all phases as ``.nii.gz``, voxel for voxel on the grid of the file the stack was read from."""
    write_nifti(stack, segmentation.labels, path, "CardiacSegmentation: 1 RV, 2 LV myocardium, 3 LV")


def write_nifti(stack: CineStack, voxels: npt.NDArray[np.uint8], path: Path, description: str) -> None:
    """Write ``voxels[phase, slice, row, column]`` on the grid of the file the stack was read from.

    A NIfTI source lends its own header, so its affine survives to the last bit. DICOM has no such grid: there the
    stack's is written, slices from base to apex. Phases are written one by one: a long study fits in little memory.
    """
    if not path.name.endswith((".nii", ".nii.gz")):
        raise ExportError.of("no-nifti-name", path=path)
    voxels, affine = _in_source_order(stack, voxels)
    header = _source_header(stack)
    if header is None:
        header = _new_header(stack, affine)
    header["descrip"] = description.encode()
    with atomic_path(path) as temporary, temporary.open("wb") as file, _compressed(file, path) as content:
        content.write(header.tobytes())
        for phase in voxels:
            content.write(np.ascontiguousarray(phase).data)


def _compressed(file: IO[bytes], path: Path) -> Any:
    """The file to write to; compressed without name and time in it, so that equal labels give equal bytes."""
    if path.suffix != ".gz":
        return contextlib.nullcontext(file)
    return gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=file, mtime=0)


def write_slicer_segmentation(stack: CineStack, segmentation: Segmentation, phase: int, path: Path) -> None:
    """Write one phase as ``.seg.nrrd``: 3D Slicer opens it as a segmentation with names, colours and terminology."""
    import SimpleITK

    if not path.name.endswith(".seg.nrrd"):
        raise ExportError.of("no-segmentation-name", path=path)
    image: Any = SimpleITK.GetImageFromArray(segmentation.labels[phase])
    _place(image, stack)
    for key, value in _slicer_tags(segmentation.labels.shape[1:]).items():
        image.SetMetaData(key, value)
    with atomic_path(path) as temporary:
        try:
            with utf8_name(temporary) as name:
                SimpleITK.WriteImage(image, name, useCompression=True)
        except RuntimeError as error:
            raise ExportError.of("unwritable", path=path, reason=reason_of(error)) from error


def _in_source_order(stack: CineStack, labels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], Array]:
    """Labels and affine with the slices in the order of the source, where that order has a grid."""
    order = list(stack.source.slice_order) if stack.source and stack.source.format != "DICOM" else []
    if order != list(range(stack.slices))[::-1]:
        return labels, stack.affine
    flip = np.diag([1.0, 1.0, -1.0, 1.0])
    flip[2, 3] = stack.slices - 1
    return labels[:, ::-1], stack.affine @ flip


def _source_header(stack: CineStack) -> Any:
    """The header of a NIfTI source, made ready for labels; ``None`` where the source is something else."""
    if stack.source is None or stack.source.format != "NIfTI" or not stack.source.path.is_file():
        return None
    try:
        content = _first_bytes(stack.source.path)
    except OSError as error:
        raise ExportError.of("source-unreadable", path=stack.source.path, reason=reason_of(error)) from error
    header = next((found for found in _interpretations(content) if found["sizeof_hdr"] == 348), None)
    if header is None or not 2 <= header["dim"][0] <= 4:
        return None  # NIfTI-2, or phases kept as the values of each voxel
    shape = [int(size) for size in header["dim"][1:5]]
    expected = [stack.voxels.shape[axis] for axis in (3, 2, 1, 0)]
    if shape[:3] != expected[:3] or max(shape[3], 1) != expected[3]:
        raise ExportError.of("source-changed", path=stack.source.path)
    for name, value in {"datatype": UINT8, "bitpix": 8, "vox_offset": NIFTI.itemsize, "scl_slope": 1}.items():
        header[name] = value
    for name in ("scl_inter", "cal_max", "cal_min", "intent_code", "intent_p", "glmax", "glmin"):
        header[name] = 0
    for name in ("unused", "aux_file", "intent_name", "extension"):  # free text, which may name the patient
        header[name] = b""
    header["magic"] = b"n+1"
    return header


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file, gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file as content:
        return content.read(NIFTI.itemsize)


def _interpretations(content: bytes) -> list[Any]:
    content = content.ljust(NIFTI.itemsize, b"\0")
    return [np.frombuffer(content, NIFTI.newbyteorder(order), 1)[0].copy() for order in ("<", ">")]


def _new_header(stack: CineStack, affine: Array) -> Any:
    header = np.zeros(1, NIFTI)[0]
    slice_mm, row_mm, column_mm = stack.spacing_mm
    times = np.asarray(stack.times_ms)
    frame_ms = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    facts = {
        "sizeof_hdr": 348,
        "dim": [4, *reversed(stack.voxels.shape[1:]), stack.phases, 1, 1, 1],
        "datatype": UINT8,
        "bitpix": 8,
        "pixdim": [1, column_mm, row_mm, slice_mm, frame_ms, 0, 0, 0],
        "vox_offset": NIFTI.itemsize,
        "scl_slope": 1,
        "xyzt_units": MM_AND_MS,
        "sform_code": SCANNER,
        "srow": (np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)[:3],  # DICOM's LPS to NIfTI's RAS
        "magic": b"n+1",
    }
    for name, value in facts.items():
        header[name] = value
    return header


def _place(image: Any, stack: CineStack) -> None:
    slice_mm, row_mm, column_mm = stack.spacing_mm
    spacing = np.array([column_mm, row_mm, slice_mm])
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(stack.affine[:3, 3].tolist())
    image.SetDirection((stack.affine[:3, :3] / spacing).ravel().tolist())


def _slicer_tags(shape: tuple[int, ...]) -> dict[str, str]:
    """What Slicer's segmentation file format says in the NRRD header, one entry per field and segment."""
    slices, rows, columns = shape
    tags = {
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
        "Segmentation_ConversionParameters": "",
    }
    for index, (label, structure) in enumerate(BY_LABEL.items()):
        entry = {
            "ID": structure.segment_id,
            "Name": structure.name,
            "NameAutoGenerated": "0",
            "Color": " ".join(f"{channel / 255:.6g}" for channel in structure.color_rgb),
            "ColorAutoGenerated": "0",
            "LabelValue": str(int(label)),
            "Layer": "0",
            "Extent": f"0 {columns - 1} 0 {rows - 1} 0 {slices - 1}",
            "Tags": f"TerminologyEntry:{structure.terminology_entry}|",
        }
        tags.update({f"Segment{index}_{field}": value for field, value in entry.items()})
    return tags
