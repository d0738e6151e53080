"""Sound inputs, and ways to spoil them by chance. A number is a case: the same number spoils in the same way."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import SimpleITK as sitk  # noqa: N813
from CardiacSegmentationLib.cine import read_study
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack, write_study
from pydicom.dataelem import RawDataElement
from pydicom.uid import ExplicitVRLittleEndian

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.stack import CineStack

SPEC = PhantomSpec(slices=6, phases=6, pixel_mm=4.0)  # small: it is spoiled thousands of times
LAYOUTS = ("ge", "siemens", "philips", "enhanced", "rle")
VOLUMES = ("cine.nii", "cine.nii.gz", "cine.nrrd", "packed.nrrd", "apart.nhdr", "cine.seq.nrrd")
ARCHIVES = ("study.zip", "study.tar", "study.tar.gz")
GARBAGE = [b"", b"\0\0", b"NaN ", b"-1", b"0 ", b"1e308 ", b"99999999999999", b"A\\B\\C ", b"\xff\xfe\xfd\xfc"]
WORDS = [b"nan", b"inf", b"-1", b"0", b"99999999999", b"none", b"", b"1e308", b"(0,0,0)", b"\xff\xfe", b"x" * 5000]


@dataclass(frozen=True)
class Seeds:
    """The sound inputs, written once, and the stacks that they hold."""

    folder: Path
    stacks: dict[str, CineStack] = field(default_factory=dict)

    @classmethod
    def write(cls, folder: Path) -> Seeds:
        for layout in LAYOUTS:
            write_study(folder / layout, replace(SPEC, layout=layout))
            _keep_images(folder / layout, short_axis_alone=layout != "ge")
        _write_volumes(folder / "volumes", make_stack(SPEC)[0])
        _pack(folder / "siemens", folder / "archives")
        return cls.read(folder)

    @classmethod
    def read(cls, folder: Path) -> Seeds:
        """The inputs that ``write`` wrote."""
        seeds = cls(folder)
        sources = [folder / layout for layout in LAYOUTS] + [folder / "volumes" / name for name in VOLUMES]
        seeds.stacks.update({path.name: read_study(path) for path in sources})
        return seeds


@dataclass(frozen=True)
class Case:
    """A spoiled input: what to open, the stack that the sound one holds, and how it was spoiled.

    A ``lie`` is one that must be seen: the stack is refused, or told, or none the worse.
    """

    number: int
    kind: str
    path: Path
    truth: CineStack
    lie: str = ""


def spoil(number: int, seeds: Seeds, folder: Path) -> Case:
    """The case of a number, written into an empty folder."""
    chance = np.random.default_rng(number)
    kinds = list(KINDS)
    kind = kinds[number % len(kinds)]
    return KINDS[kind](Maker(number, kind, seeds, folder, chance))


@dataclass(frozen=True)
class Maker:
    """What a way of spoiling works with."""

    number: int
    kind: str
    seeds: Seeds
    folder: Path
    chance: np.random.Generator

    def pick(self, things: Any) -> Any:
        return things[int(self.chance.integers(len(things)))]

    def copy(self, source: Path) -> Path:
        target = self.folder / source.name
        return Path(shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target))

    def case(self, path: Path, truth: str, lie: str = "") -> Case:
        return Case(self.number, self.kind, path, self.seeds.stacks[truth], lie)


# --- noise: anything may come out of it but a crash ---


def noisy_study(maker: Maker) -> Case:
    layout = maker.pick(LAYOUTS)
    folder = maker.copy(maker.seeds.folder / layout)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    few = maker.chance.integers(1, 6) if maker.chance.random() < 0.7 else maker.chance.integers(1, len(files) + 1)
    for index in maker.chance.choice(len(files), size=min(int(few), len(files)), replace=False):
        spoil_file(files[int(index)], maker.chance)
    return maker.case(folder, layout)


def noisy_enhanced(maker: Maker) -> Case:
    (source,) = (maker.seeds.folder / "enhanced").glob("*sax*.dcm")
    path = maker.copy(source)
    spoil_file(path, maker.chance)
    return maker.case(path, "enhanced")


def noisy_volume(maker: Maker) -> Case:
    name = maker.pick(VOLUMES)
    path = maker.copy(maker.seeds.folder / "volumes" / name)
    if name == "apart.nhdr":
        maker.copy(maker.seeds.folder / "volumes" / "apart.raw")
    packed = name.endswith(".gz") and maker.chance.random() < 0.7
    content = bytearray(gzip.decompress(path.read_bytes()) if packed else path.read_bytes())
    how = maker.chance.integers(4)
    if how == 0:
        content = content[: int(maker.chance.integers(len(content)))]
    elif how == 1:
        content += bytes(int(maker.chance.integers(1, 4000)))
    elif how == 2 or b"NRRD" not in content[:4]:
        for place in maker.chance.integers(min(len(content), 400), size=int(maker.chance.integers(1, 12))):
            content[int(place)] = int(maker.chance.integers(256))
    else:
        content = spoil_words(bytes(content), maker)
    path.write_bytes(gzip.compress(bytes(content), 1) if packed else bytes(content))
    return maker.case(path, name)


def noisy_archive(maker: Maker) -> Case:
    path = maker.copy(maker.seeds.folder / "archives" / maker.pick(ARCHIVES))
    content = bytearray(path.read_bytes())
    if maker.chance.random() < 0.3:
        content = content[: int(maker.chance.integers(len(content)))]
    for place in maker.chance.integers(len(content), size=int(maker.chance.integers(1, 40))):
        content[int(place)] = int(maker.chance.integers(256))
    path.write_bytes(content)
    return maker.case(path, "siemens")


def spoil_words(content: bytes, maker: Maker) -> bytearray:
    """Another word in the header of an NRRD file."""
    end = content.find(b"\n\n")
    end = len(content) if end < 0 else end
    lines = content[:end].split(b"\n")
    at = int(maker.chance.integers(1, len(lines)))
    words = lines[at].split(b" ")
    words[int(maker.chance.integers(len(words)))] = maker.pick(WORDS)
    lines[at] = b" ".join(words)
    return bytearray(b"\n".join(lines) + content[end:])


def spoil_file(path: Path, chance: np.random.Generator) -> None:
    """Drop or garble elements, flip bytes, cut off, empty or remove a file."""
    how = chance.integers(7)
    data = bytearray(path.read_bytes())
    if how == 0:
        path.write_bytes(data[: chance.integers(len(data))])
    elif how == 1:
        for place in chance.integers(len(data), size=20):
            data[place] = chance.integers(256)
        path.write_bytes(data)
    elif how == 2:
        for place in chance.integers(min(len(data), 2000), size=5):  # in the header
            data[place] = chance.integers(256)
        path.write_bytes(data)
    elif how == 3 and chance.random() < 0.2:
        path.unlink()
    elif how == 4 and chance.random() < 0.3:
        path.write_bytes(bytes(len(data)))
    else:
        spoil_elements(path, chance)


def spoil_elements(path: Path, chance: np.random.Generator) -> None:
    image = pydicom.dcmread(path)
    tags = [tag for tag in image.keys() if tag.group != 2]  # noqa: SIM118 - a dataset iterates over elements
    for number in chance.choice(np.array(tags, dtype=np.uint32), size=chance.integers(1, 4), replace=False):
        tag = pydicom.tag.Tag(int(number))
        if chance.random() < 0.4 or image[tag].VR == "SQ":
            del image[tag]
        elif tag.group != 0x7FE0:
            value = GARBAGE[chance.integers(len(GARBAGE))]
            implicit = image.file_meta.TransferSyntaxUID != ExplicitVRLittleEndian
            image[tag] = RawDataElement(tag, image[tag].VR, len(value), value, 0, implicit, True)
    try:
        image.save_as(path)
    except Exception:  # pydicom refuses to write some of it: then the file is left cut off
        path.write_bytes(path.read_bytes()[:500])


# --- lies: what must not change silently ---


def lying_study(maker: Maker) -> Case:
    """One thing is wrong with some of the short-axis images of a study."""
    layout = maker.pick(("ge", "siemens", "philips"))
    folder = maker.copy(maker.seeds.folder / layout)
    slices = short_axis_slices(folder)
    lie = maker.pick(list(STUDY_LIES))
    files = slices[int(maker.chance.integers(len(slices)))]
    if maker.chance.random() < 0.5 or lie == "removed":  # a whole slice at an end may never have been there
        files = [maker.pick(files)]
    for path in files:
        STUDY_LIES[lie](path, maker.chance)
    return maker.case(folder, layout, lie)


def short_axis_slices(folder: Path) -> list[list[Path]]:
    """The short-axis files, slice by slice."""
    slices: dict[str, list[Path]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        if "SAX" in header.SeriesDescription.upper():
            slices.setdefault(str(header.ImagePositionPatient), []).append(path)
    return list(slices.values())


def _edit(path: Path, change: Callable[[pydicom.Dataset], None]) -> None:
    image = pydicom.dcmread(path)
    change(image)
    image.save_as(path)


def _move(image: pydicom.Dataset, chance: np.random.Generator) -> None:
    axis = int(chance.integers(3))
    image.ImagePositionPatient[axis] = float(image.ImagePositionPatient[axis]) + float(chance.uniform(4, 400))


def _turn(image: pydicom.Dataset, chance: np.random.Generator) -> None:
    row, column = np.array(image.ImageOrientationPatient, float).reshape(2, 3)
    angle = np.radians(chance.uniform(5, 90))
    turned = [*(row * np.cos(angle) + column * np.sin(angle)), *(column * np.cos(angle) - row * np.sin(angle))]
    image.ImageOrientationPatient = [f"{value:.6f}" for value in turned]


def _zoom(image: pydicom.Dataset, chance: np.random.Generator) -> None:
    factor = float(chance.choice([0.1, 0.5, 0.9, 1.1, 2, 10]))
    image.PixelSpacing = [float(value) * factor for value in image.PixelSpacing]


STUDY_LIES: dict[str, Callable[[Path, np.random.Generator], None]] = {
    "removed": lambda path, _: path.unlink(),
    "emptied": lambda path, _: path.write_bytes(b"") and None,
    "zero-filled": lambda path, _: path.write_bytes(bytes(path.stat().st_size)) and None,
    "cut off": lambda path, chance: (
        path.write_bytes(path.read_bytes()[: int(chance.uniform(0.05, 0.99) * path.stat().st_size)]) and None
    ),
    "moved": lambda path, chance: _edit(path, lambda image: _move(image, chance)),
    "turned": lambda path, chance: _edit(path, lambda image: _turn(image, chance)),
    "zoomed": lambda path, chance: _edit(path, lambda image: _zoom(image, chance)),
    "fewer rows": lambda path, chance: _edit(path, lambda image: _shrink(image, "Rows", chance)),
    "fewer columns": lambda path, chance: _edit(path, lambda image: _shrink(image, "Columns", chance)),
    "more rows": lambda path, _: _edit(path, lambda image: setattr(image, "Rows", image.Rows + 8)),
    "8 bits": lambda path, _: _edit(path, lambda image: _set(image, BitsAllocated=8, BitsStored=8, HighBit=7)),
    "6 bits stored": lambda path, _: _edit(path, lambda image: _set(image, BitsStored=6, HighBit=5)),
    "without place": lambda path, _: _edit(path, lambda image: delattr(image, "ImagePositionPatient")),
    "without orientation": lambda path, _: _edit(path, lambda image: delattr(image, "ImageOrientationPatient")),
    "without pixel size": lambda path, _: _edit(path, lambda image: delattr(image, "PixelSpacing")),
    "another patient": lambda path, _: _edit(path, lambda image: setattr(image, "PatientID", "someone else")),
}


def _set(image: pydicom.Dataset, **values: int) -> None:
    for keyword, value in values.items():
        setattr(image, keyword, value)


def _shrink(image: pydicom.Dataset, keyword: str, chance: np.random.Generator) -> None:
    setattr(image, keyword, int(getattr(image, keyword)) - int(chance.integers(1, 12)))


def lying_enhanced(maker: Maker) -> Case:
    """A multi-frame file whose header tells of another image."""
    (source,) = (maker.seeds.folder / "enhanced").glob("*sax*.dcm")
    path = maker.copy(source)
    image = pydicom.dcmread(path)
    lie = maker.pick(("fewer frames", "more frames", "fewer groups", "more groups", "fewer rows", "8 bits",
                      "contradiction", "6 bits stored"))  # fmt: skip
    groups = image.PerFrameFunctionalGroupsSequence
    some = int(maker.chance.integers(1, 12))
    if lie == "fewer frames":
        image.NumberOfFrames = int(image.NumberOfFrames) - some
    elif lie == "more frames":
        image.NumberOfFrames = int(image.NumberOfFrames) + some
    elif lie == "fewer groups":
        image.PerFrameFunctionalGroupsSequence = groups[:-some]
    elif lie == "more groups":
        image.PerFrameFunctionalGroupsSequence = [*groups, *groups[:some]]
    elif lie == "fewer rows":
        image.Rows = int(image.Rows) - some
    elif lie == "8 bits":
        _set(image, BitsAllocated=8, BitsStored=8, HighBit=7)
    elif lie == "6 bits stored":
        _set(image, BitsStored=6, HighBit=5)
    else:
        measures = pydicom.Dataset()
        measures.PixelSpacing = [6.0 * (some + 1), 6.0]
        own = pydicom.Dataset()
        own.PixelMeasuresSequence = [measures]
        groups[some].PixelMeasuresSequence = own.PixelMeasuresSequence
    image.save_as(path)
    return maker.case(path, "enhanced", lie)


def lying_volume(maker: Maker) -> Case:
    """A volume file that claims fewer or more voxels than it holds, no size, or its size twice."""
    name = maker.pick(("cine.nii", "cine.nii.gz", "cine.nrrd", "packed.nrrd"))
    path = maker.copy(maker.seeds.folder / "volumes" / name)
    content = bytearray(gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes())
    lie = maker.pick(("a size", "no voxel size", "another voxel size", "more bytes", "fewer bytes"))
    nifti = "nii" in name
    if lie == "a size" and nifti:
        at = 42 + 2 * int(maker.chance.integers(4))
        size = int.from_bytes(content[at : at + 2], "little") + int(maker.pick((-3, -2, -1, 1, 2, 5)))
        content[at : at + 2] = max(size, 1).to_bytes(2, "little")
    elif lie == "a size":
        content = spoil_sizes(bytes(content), maker)
    elif lie in ("no voxel size", "another voxel size") and nifti:
        at = 80 + 4 * int(maker.chance.integers(3))
        value = np.frombuffer(content[at : at + 4], "<f4")[0]
        new = (
            float(maker.pick((0.0, np.nan, np.inf)))
            if lie == "no voxel size"
            else value * float(maker.pick((0.5, 1.1)))
        )
        content[at : at + 4] = np.float32(new).tobytes()
    elif lie in ("no voxel size", "another voxel size"):
        lie = "no voxel size"
        head, _, rest = bytes(content).partition(b"space directions:")
        content = bytearray(head + b"# " + rest)
    elif lie == "more bytes":
        content += bytes(40_000)
    else:
        content = content[: -int(maker.chance.integers(20, 2000))]
    packed = gzip.compress(bytes(content), 1) if name.endswith(".gz") else bytes(content)
    path.write_bytes(packed)
    if name == "packed.nrrd" and lie == "more bytes":
        lie = ""  # what follows the end of a gzip stream belongs to nothing
    return maker.case(path, name, lie)


def spoil_sizes(content: bytes, maker: Maker) -> bytearray:
    lines = content.split(b"\n")
    at = next(index for index, line in enumerate(lines) if line.startswith(b"sizes:"))
    sizes = lines[at].split()
    axis = int(maker.chance.integers(1, len(sizes)))
    sizes[axis] = str(max(int(sizes[axis]) + int(maker.pick((-3, -2, -1, 1, 2, 5))), 1)).encode()
    lines[at] = b" ".join(sizes)
    return bytearray(b"\n".join(lines))


KINDS: dict[str, Callable[[Maker], Case]] = {
    "noisy volume": noisy_volume,
    "noisy enhanced": noisy_enhanced,
    "lying volume": lying_volume,
    "lying study": lying_study,
    "noisy volume again": noisy_volume,
    "lying enhanced": lying_enhanced,
    "noisy study": noisy_study,
    "noisy archive": noisy_archive,
}


# --- the sound inputs ---


def _write_volumes(folder: Path, stack: CineStack) -> None:
    folder.mkdir(parents=True)
    image = sitk.JoinSeries([sitk.GetImageFromArray(volume) for volume in stack.voxels], 0.0, 115.0)
    direction = np.eye(4)
    direction[:3, :3] = stack.affine[:3, :3] / stack.spacing_mm[::-1]
    image.SetSpacing([*map(float, stack.spacing_mm[::-1]), 115.0])
    image.SetOrigin([*map(float, stack.affine[:3, 3]), 0.0])
    image.SetDirection(direction.ravel().tolist())
    for name, packed in (("cine.nii", False), ("cine.nii.gz", True), ("cine.nrrd", False), ("packed.nrrd", True)):
        sitk.WriteImage(image, str(folder / name), useCompression=packed)
    sitk.WriteImage(image, str(folder / "apart.nhdr"), useCompression=False)
    _write_sequence(folder / "cine.seq.nrrd", stack)


def _write_sequence(path: Path, stack: CineStack) -> None:
    """As Slicer's sequence storage node lays it out: the list of phases first, then i, j, k."""
    phases, slices, rows, columns = stack.voxels.shape
    vectors = " ".join("(" + ",".join(f"{v:.9f}" for v in stack.affine[:3, axis]) + ")" for axis in range(3))
    header = (
        "NRRD0005\ntype: uint16\ndimension: 4\nspace: left-posterior-superior\n"
        f"sizes: {phases} {columns} {rows} {slices}\nspace directions: none {vectors}\n"
        "kinds: list domain domain domain\nendian: little\nencoding: raw\n"
        f"space origin: ({','.join(f'{v:.9f}' for v in stack.affine[:3, 3])})\n"
        "axis 0 index type:=numeric\naxis 0 index unit:=ms\n"
        f"axis 0 index values:={' '.join(f'{time:.4f}' for time in stack.times_ms)}\n\n"
    )
    path.write_bytes(header.encode() + np.ascontiguousarray(np.moveaxis(stack.voxels, 0, -1)).astype("<u2").tobytes())


def _keep_images(folder: Path, *, short_axis_alone: bool) -> None:
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path.suffix in (".json", ".gz") or (short_axis_alone and not _is_short_axis(path)):
            path.unlink()


def _is_short_axis(path: Path) -> bool:
    return "SAX" in str(pydicom.dcmread(path, stop_before_pixels=True).SeriesDescription).upper()


def _pack(folder: Path, target: Path) -> None:
    target.mkdir()
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    with zipfile.ZipFile(target / "study.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    for name, mode in (("study.tar", "w:"), ("study.tar.gz", "w:gz")):
        with tarfile.open(target / name, mode) as archive:  # type: ignore[call-overload]
            archive.add(folder, "study")
