"""The source images' headers, read again from disk: what DICOM results inherit from them and point to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.cine.open import open_study
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.dicom_objects import without_warnings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from pydicom import DataElement, Dataset

    from CardiacSegmentationLib.stack import CineStack

# What every object of a study has (DICOM type 1 and 2); scanners and archives lose some of it.
STUDY_ELEMENTS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber",
    "ReferringPhysicianName", "StudyID",
)  # fmt: skip
INDICATIONS = ("ReasonForTheRequestedProcedure", "ReasonForStudy", "AdmittingDiagnosesDescription")
PROTOCOLS = ("ProtocolName", "SeriesDescription", "PulseSequenceName", "SequenceName")
NUMBER = r" *[+-]?(\d+\.?\d*|\.\d+)([Ee][+-]?\d+)? *"
VALID = {
    "DA": re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"),
    "TM": re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?"),
    "AS": re.compile(r"\d{3}[DWMY]"),
    "DS": re.compile(rf"{NUMBER}(\\{NUMBER})*"),
}


class SourceError(ExportError):
    """The source allows no DICOM results; all others can be written."""


@dataclass(frozen=True)
class SourceImage:
    """One image of the stack: the header of its object and, in a multi-frame object, its frame (from 1)."""

    header: Dataset
    frame: int | None = None


@dataclass(frozen=True, eq=False)
class DicomSource:
    """Images of a stack as ``images[phase][slice]``, of the phases that were asked for.

    Slices that were never scanned are ``None``. ``first`` is the header that speaks for patient and study.
    """

    first: Dataset
    images: Mapping[int, tuple[SourceImage | None, ...]]

    @cached_property
    def headers(self) -> list[Dataset]:
        """Every source object once."""
        present = [self.first, *(image.header for row in self.images.values() for image in row if image)]
        return list({str(header.SOPInstanceUID): header for header in present}.values())

    def of_phase(self, phase: int) -> list[SourceImage]:
        """The images of one phase."""
        return [image for image in self.images[phase] if image]


@without_warnings()
def read_source(stack: CineStack, phases: Iterable[int] | None = None) -> DicomSource:
    """Find the objects that some phases of a stack (all where none are named) were read from, and read their headers.

    A header takes milliseconds, and a study has hundreds of them.
    """
    if stack.source is None or stack.source.format != "DICOM" or not stack.instance_uids:
        found = stack.source.format if stack.source else "no file"
        raise SourceError.of("no-dicom-source", source=found)
    chosen = sorted(set(range(stack.phases) if phases is None else phases))
    first = next(uid for row in stack.instance_uids for uid in row if uid)
    wanted = {first, *(uid for phase in chosen for uid in stack.instance_uids[phase] if uid)}
    headers = _read_headers(_likely_first(stack, wanted), wanted)
    if missing := wanted - headers.keys():
        raise SourceError.of("source-images-gone", missing=len(missing), wanted=len(wanted), path=stack.source.path)
    images = {phase: tuple(_image(stack, headers, phase, slice_) for slice_ in range(stack.slices)) for phase in chosen}
    return DicomSource(headers[first], images)


def require_study(source: DicomSource) -> DicomSource:
    """The same source, if its images say which study they belong to."""
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID"):
        if not all(header.get(keyword) for header in source.headers):
            raise SourceError.of("source-without", keyword=keyword)
    return source


def describe_source(header: Dataset) -> dict[str, str]:
    """What the header says about patient and study, in words, for the report; nothing where it is silent."""
    scanner = " ".join(text_in(header, name) for name in ("Manufacturer", "ManufacturerModelName"))
    field = _number_in(header, "MagneticFieldStrength")
    facts = {
        "Name": describe_name(text_in(header, "PatientName")),
        "Patient ID": text_in(header, "PatientID"),
        "Birth date": _describe_date(text_in(header, "PatientBirthDate")),
        "Study date": _describe_date(text_in(header, "StudyDate")),
        "Study": text_in(header, "StudyDescription"),
        "Accession": text_in(header, "AccessionNumber"),
        "Referred by": describe_name(text_in(header, "ReferringPhysicianName")),
        "Indication": _first_text(header, INDICATIONS),
        "Institution": text_in(header, "InstitutionName"),
        "Scanner": f"{scanner} {field:g} T" if field else scanner,
        "Sequence": _describe_sequence(header),
    }
    return {name: text.strip() for name, text in facts.items() if text.strip()}


def text_in(header: Dataset, keyword: str) -> str:
    """A value as the file has it, several parted by backslashes; nothing where there is none."""
    return _text_of(header[keyword]) if header.get(keyword) else ""


def _text_of(element: DataElement) -> str:
    return "\\".join(map(str, element.value)) if element.VM > 1 else str(element.value)


def _number_in(header: Dataset, keyword: str) -> float | None:
    """The first value, where it is a number."""
    try:
        return float(text_in(header, keyword).partition("\\")[0])
    except ValueError:
        return None


def _first_text(header: Dataset, keywords: Iterable[str]) -> str:
    return next(filter(None, (text_in(header, keyword) for keyword in keywords)), "")


def _describe_sequence(header: Dataset) -> str:
    """The protocol's name, and repetition, echo time and flip angle."""
    numbers = [
        f"{name} {number:.3g}{unit}"
        for name, keyword, unit in (("TR", "RepetitionTime", " ms"), ("TE", "EchoTime", " ms"), ("", "FlipAngle", "°"))
        if (number := _number_in(header, keyword))
    ]
    return ", ".join(part.strip() for part in (_first_text(header, PROTOCOLS), *numbers) if part)


def describe_name(name: Any) -> str:
    """A person's name as people write it; the ideographic spelling follows in brackets."""
    groups = [" ".join(part for part in re.split(r"[\^ ]+", group) if part) for group in str(name).split("=")]
    first, others = groups[0], [group for group in groups[1:2] if group]
    return f"{first} ({others[0]})" if first and others else first or "".join(others)


def _likely_first(stack: CineStack, wanted: Collection[str]) -> list[Path]:
    """The files to look into for some objects, first those that lay in their places when the stack was read."""
    assert stack.source is not None
    files = stack.source.files or open_study(stack.source.path).files
    by_slice = zip(*stack.instance_uids, strict=True)
    places = dict(zip(dict.fromkeys(uid for row in by_slice for uid in row if uid), stack.source.files, strict=False))
    return list(dict.fromkeys([*(places[uid] for uid in places if uid in wanted), *files]))


def _read_headers(files: Iterable[Path], wanted: set[str]) -> Mapping[str, Dataset]:
    import pydicom

    headers: dict[str, Dataset] = {}
    for path in files:
        if len(headers) == len(wanted):
            break
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            uid = str(header.get("SOPInstanceUID", ""))
        except Exception:
            continue
        if uid in wanted and uid not in headers:
            headers[uid] = _complete(header)
    return headers


def _image(stack: CineStack, headers: Mapping[str, Dataset], phase: int, slice_: int) -> SourceImage | None:
    uid = stack.instance_uids[phase][slice_]
    if not uid:
        return None
    # Not by its functional groups: single images of GE carry an empty one, older multi-frame objects none.
    is_multi_frame = int(headers[uid].get("NumberOfFrames") or 1) > 1
    number = stack.frame_numbers[phase][slice_] if stack.frame_numbers else 1
    return SourceImage(headers[uid], number if is_multi_frame else None)


def _complete(header: Dataset) -> Dataset:
    """The header as the standard wants it: in UTF-8, nothing required absent, no impossible date or number.

    An invalid value cannot be passed on, for no archive would take the result: it becomes empty, a number absent.
    """
    header.decode()
    header.SpecificCharacterSet = "ISO_IR 192"
    for keyword in STUDY_ELEMENTS:
        if keyword not in header:
            setattr(header, keyword, "")
    header.PatientSex = header.PatientSex if header.PatientSex in ("M", "F", "O") else ""
    for element in header:
        if element.VR in VALID and element.value and not VALID[element.VR].fullmatch(_text_of(element)):
            if element.VR == "DS":
                del header[element.tag]
            else:
                element.value = ""
        elif element.VR == "PN":
            element.value = _text_of(element)  # else its old encoding would be written
    if not header.get("FrameOfReferenceUID"):
        from pydicom.uid import generate_uid

        header.FrameOfReferenceUID = generate_uid(entropy_srcs=[str(header.get("StudyInstanceUID", ""))])
    return header


def _describe_date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if VALID["DA"].fullmatch(text) else ""
