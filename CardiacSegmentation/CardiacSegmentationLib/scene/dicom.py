"""What Slicer's DICOM module needs of this program: offers for the files chosen there, and loading one of them.

The plugin class itself derives from Slicer's DICOMPlugin and lives in the module file; it turns an ``Offer`` into a
DICOMLoadable and back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.cine import find_stacks
from CardiacSegmentationLib.cine.elements import quietly
from CardiacSegmentationLib.cine.long_axes import find_long_axes
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.scene.hierarchy import patient_and_study_of, put_under_study
from CardiacSegmentationLib.scene.long_axes import load_found

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from CardiacSegmentationLib.cine import Candidate
    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.scene.study import Study

NO_PATIENT = "No patient ID"


@dataclass(frozen=True)
class Offer:
    """One line in the DICOM module's list of what can be loaded."""

    name: str
    files: tuple[str, ...]
    warning: str
    tooltip: str
    confidence: float  # 0 to 1; Slicer loads the highest for each series, whatever ``selected`` says
    selected: bool


def examine(file_lists: Iterable[Sequence[str]]) -> list[Offer]:
    """The short-axis cines in the chosen series, with their long axes; one cine may be spread over many series."""
    files = list(dict.fromkeys(Path(file) for file_list in file_lists for file in file_list))
    if not files:
        return []
    try:
        study = find_stacks(files)
    except StudyError:  # no MR images: other plugins will know what to do with them
        return []
    return [
        _offer(stack, find_long_axes(study, index), index == study.chosen, (*study.findings, *stack.findings))
        for index, stack in enumerate(study.stacks)
        if stack.is_short_axis and stack.phases > 1
    ]


def load(scene: Any, files: Sequence[str]) -> Study:
    """Load the offer made of these files, and place it under its patient and study."""
    paths = [Path(file) for file in files]
    study = load_found(scene, find_stacks(paths))
    place_under_patient(study, paths[0])
    return study


def place_under_patient(study: Study, file: Path) -> None:
    """Put the study's folder under the patient and study that a DICOM file names."""
    import pydicom

    tags = ["PatientID", "PatientName", "StudyInstanceUID", "StudyDescription", "StudyDate"]
    with quietly():  # anonymisers leave values that pydicom warns of
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=tags, force=True)
        texts = {tag: str(header.get(tag) or "").strip() for tag in tags}
    patient_id = texts["PatientID"] or texts["PatientName"] or NO_PATIENT
    description = texts["StudyDescription"] or "Study"
    name = f"{description} ({texts['StudyDate']})" if texts["StudyDate"] else description
    put_under_study(
        study.images,
        patient=(patient_id, texts["PatientName"] or patient_id),
        study=(texts["StudyInstanceUID"] or f"{patient_id} {name}", name),
    )


def identifiers_of_study(study: Study) -> dict[str, str]:
    """Whose study it is and which, from where it lies in the Data module; a fact that is not known is left out."""
    (patient_id, patient_name), (_, study_name) = patient_and_study_of(study.images)
    date = re.search(r"\((\d{4})(\d\d)(\d\d)\)$", study_name)
    found = {
        "patient_id": "" if patient_id == NO_PATIENT else patient_id,
        "patient_name": "" if patient_name in (patient_id, NO_PATIENT) else patient_name,
        "study_date": "-".join(date.groups()) if date else "",
        "series": study.name,
    }
    return {name: text for name, text in found.items() if text}


def _offer(stack: Candidate, long_axes: Sequence[Candidate], is_chosen: bool, findings: Sequence[Finding]) -> Offer:
    worth_telling = [finding.message for finding in findings if finding.severity is not Severity.INFO]
    slice_mm, row_mm, column_mm = stack.spacing_mm
    return Offer(
        name=f"Short-axis cine ({stack.slices} slices × {stack.phases} phases)",
        files=tuple(str(file) for one in (stack, *(long_axes if is_chosen else ())) for file in one.files),
        warning="\n".join(worth_telling),
        tooltip=f"{stack.description}: {stack.columns} × {stack.rows} pixels of {column_mm:.2f} × {row_mm:.2f} mm, "
        f"slices {slice_mm:.1f} mm apart",
        confidence=0.95 if is_chosen else 0.4,  # a plain volume has 0.5
        selected=is_chosen,
    )
