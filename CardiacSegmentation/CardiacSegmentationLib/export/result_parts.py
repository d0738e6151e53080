"""The one list of everything a result folder can hold. To add a kind of file, add an entry to ``PARTS``."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.export.contour_file import write_contours_json
from CardiacSegmentationLib.export.deidentify import Deidentifier, identify
from CardiacSegmentationLib.export.dicom_objects import save_dicom
from CardiacSegmentationLib.export.dicom_pdf import make_encapsulated_pdf
from CardiacSegmentationLib.export.dicom_rtstruct import make_structure_sets
from CardiacSegmentationLib.export.dicom_seg import make_segmentations
from CardiacSegmentationLib.export.dicom_source import DicomSource, describe_source, read_source, require_study
from CardiacSegmentationLib.export.dicom_sr import make_measurement_report
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.export.label_maps import write_label_nifti, write_nifti, write_slicer_segmentation
from CardiacSegmentationLib.export.report import make_report
from CardiacSegmentationLib.export.report_template import find_template, read_template
from CardiacSegmentationLib.export.study_row import identifiers_of, study_row
from CardiacSegmentationLib.export.tables import (
    write_measurements_csv,
    write_measurements_json,
    write_patient_csv,
    write_phases_csv,
    write_reading_json,
    write_slices_csv,
)
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pydicom import Dataset

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.reading import KeyPhases
    from CardiacSegmentationLib.segmentation import Labels, Segmentation
    from CardiacSegmentationLib.stack import CineStack

# Parts that are made in rooms above this one: module and function are named here, and looked up when they are wanted.
WRITERS_ABOVE = {
    "view": ("CardiacSegmentationLib.browser.page", "write_view"),
    "scene": ("CardiacSegmentationLib.scene.files", "write_scene"),
}


class Need(str, Enum):
    """What a part cannot be made without."""

    DICOM = "dicom"  # a DICOM study to belong to
    UNCERTAINTY = "uncertainty"  # the network's, which is not always asked for
    SLICER = "slicer"  # Slicer's libraries, inside Slicer or as slicer-core


@dataclass(frozen=True)
class ExportOptions:
    """How results are written, beyond what they say."""

    paper: str = "A4"
    language: str = DEFAULT_LANGUAGE  # of the report
    template: Path | None = None  # the site's heading and logo; None: that of the user's settings, if there is one
    created: str = ""  # printed on the report; nothing where empty, so that equal values give equal bytes
    all_phases: bool = False  # a DICOM SEG and a Slicer segmentation for every labelled phase, not ED and ES alone
    deidentifier: Deidentifier | None = None


class PartInputs:
    """The values as they may leave, and what several parts share, each made once."""

    def __init__(
        self,
        folder: Path,
        stack: CineStack,
        segmentation: Segmentation,
        assessment: Assessment,
        options: ExportOptions,
        *,
        uncertainty: Labels | None = None,
    ) -> None:
        self.folder, self.segmentation, self.options, self.uncertainty = folder, segmentation, options, uncertainty
        self.original, self._assessment = stack, assessment
        self.segments: dict[int, Dataset] = {}  # the DICOM SEG objects that were written, for the report to point to
        hide = options.deidentifier
        self.stack = hide.hide_stack(stack) if hide else stack
        self.assessment = hide.hide_assessment(assessment) if hide else assessment

    @property
    def values(self) -> dict[str, Any]:
        """What it was made of, and another process can make it of again."""
        return {
            "folder": self.folder,
            "stack": self.original,
            "segmentation": self.segmentation,
            "assessment": self._assessment,
            "options": self.options,
            "uncertainty": self.uncertainty,
        }

    @cached_property
    def phases(self) -> dict[int, str]:
        """Phases that get a file each, and their names."""
        labelled = [phase for phase in range(self.stack.phases) if self.segmentation.labels[phase].any()]
        if not self.options.all_phases:
            return {phase: name for phase, name in name_phases(self.assessment.key_phases).items() if phase in labelled}
        return self._name(labelled)

    @cached_property
    def contour_phases(self) -> dict[int, str]:
        """Phases whose contours are written, and their names: those of ``phases``, and any in which a person drew."""
        return self._name(sorted({*self.phases, *(phase for phase, _ in self.segmentation.contours)}))

    def _name(self, phases: Iterable[int]) -> dict[int, str]:
        names = name_phases(self.assessment.key_phases)
        return {phase: names.get(phase, f"phase{phase + 1:03d}") for phase in phases}

    @cached_property
    def first_header(self) -> Dataset | None:
        """What the source's headers say about patient and study; ``None`` where there are none."""
        is_dicom = bool(self.original.instance_uids) and self.original.source is not None
        return read_source(self.original, ()).first if is_dicom else None

    @cached_property
    def study(self) -> DicomSource:
        """The headers DICOM results inherit from and point to: of the phases that are in them."""
        source = require_study(
            read_source(self.original, {*self.contour_phases, *name_phases(self.assessment.key_phases)})
        )
        return self.options.deidentifier.hide_source(source) if self.options.deidentifier else source

    @cached_property
    def facts(self) -> dict[str, str]:
        """What the report says about patient and study."""
        return describe_patient(self.original, self.first_header, self.options.deidentifier)

    @cached_property
    def identifiers(self) -> dict[str, str]:
        """Whose study it is, for a spreadsheet; de-identified, the pseudonym alone."""
        if self.options.deidentifier:
            pseudonym = self.facts["Pseudonym"]
            return {"patient_name": pseudonym, "patient_id": pseudonym}
        return identifiers_of(self.first_header) if self.first_header is not None else {"series": self.stack.title}

    @cached_property
    def row(self) -> dict[str, Any]:
        """The study in one row, by ``study_row.COLUMNS``."""
        return study_row(self.stack, self.assessment, self.identifiers)

    @cached_property
    def report(self) -> bytes:
        """The report as PDF."""
        return make_report(
            self.stack,
            self.segmentation,
            self.assessment,
            facts=self.facts,
            paper=self.options.paper,
            language=self.options.language,
            created="" if self.options.deidentifier else self.options.created,
            template=None if self.options.deidentifier else read_template(self.options.template or find_template()),
        )

    def save(self, dataset: Dataset, name: str) -> Path:
        """Write a DICOM object into the folder ``dicom``."""
        path = self.folder / "dicom" / name
        save_dicom(self.options.deidentifier.finish(dataset) if self.options.deidentifier else dataset, path)
        return path


def name_phases(phases: KeyPhases) -> dict[int, str]:
    """The phases worth a file of their own, in their order: ED and ES, and those of the RV where they differ."""
    names: dict[int, str] = {}
    for phase, name in ((phases.lv_ed, "ED"), (phases.lv_es, "ES"), (phases.rv_ed, "RV-ED"), (phases.rv_es, "RV-ES")):
        if phase is not None:
            names.setdefault(phase, name)
    return dict(sorted(names.items()))


def _write_measurements(inputs: PartInputs) -> list[Path]:
    paths = [inputs.folder / f"measurements.{suffix}" for suffix in ("json", "csv")]
    write_measurements_json(inputs.assessment, paths[0], inputs.segmentation)
    write_measurements_csv(inputs.assessment, paths[1])
    return paths


def _write_patient(inputs: PartInputs) -> list[Path]:
    path = inputs.folder / "patient.csv"
    write_patient_csv(inputs.row, path)
    return [path]


def _write_slices(inputs: PartInputs) -> list[Path]:
    path = inputs.folder / "slices.csv"
    write_slices_csv(inputs.assessment, path)
    return [path]


def _write_phases(inputs: PartInputs) -> list[Path]:
    path = inputs.folder / "phases.csv"
    write_phases_csv(inputs.assessment, path)
    return [path]


def _write_reading(inputs: PartInputs) -> list[Path]:
    path = inputs.folder / "reading.json"
    write_reading_json(inputs.assessment.reading, path)
    return [path]


def _write_labels(inputs: PartInputs) -> list[Path]:
    path = inputs.folder / "labels.nii.gz"
    write_label_nifti(inputs.original, inputs.segmentation, path)
    return [path]


def _write_contours(inputs: PartInputs) -> list[Path]:
    path = inputs.folder / "contours.json"
    write_contours_json(inputs.stack, inputs.segmentation, inputs.phases, path)
    return [path]


def _write_uncertainty(inputs: PartInputs) -> list[Path]:
    assert inputs.uncertainty is not None
    path = inputs.folder / "uncertainty.nii.gz"
    write_nifti(inputs.original, inputs.uncertainty, path, "CardiacSegmentation: uncertainty in percent")
    return [path]


def _write_slicer_segmentations(inputs: PartInputs) -> list[Path]:
    paths = {phase: inputs.folder / f"segmentation_{name}.seg.nrrd" for phase, name in inputs.phases.items()}
    for phase, path in paths.items():
        write_slicer_segmentation(inputs.stack, inputs.segmentation, phase, path)
    return list(paths.values())


def _write_report(inputs: PartInputs) -> list[Path]:
    path = inputs.folder / "report.pdf"
    with atomic_path(path) as temporary:
        temporary.write_bytes(inputs.report)
    return [path]


def describe_patient(stack: CineStack, header: Dataset | None, hide: Deidentifier | None) -> dict[str, str]:
    """What may be said about patient and study: the header's facts, if there is one; de-identified, a pseudonym."""
    if hide:
        return {"Pseudonym": hide.name_of(identify(header) if header is not None else stack.title)}
    return describe_source(header) if header is not None else {}


def _write_view(inputs: PartInputs) -> list[Path]:
    path = inputs.folder / "view.html"
    _look_up("view")(
        path,
        inputs.stack,
        inputs.segmentation,
        inputs.assessment,
        facts=inputs.facts,
        language=inputs.options.language,
    )
    return [path]


def _write_dicom_seg(inputs: PartInputs) -> list[Path]:
    inputs.segments = make_segmentations(
        inputs.stack, inputs.segmentation, inputs.study, inputs.phases, reader=inputs.assessment.reading.reader
    )
    return [inputs.save(seg, f"seg_{inputs.phases[phase]}.dcm") for phase, seg in inputs.segments.items()]


def _write_dicom_sr(inputs: PartInputs) -> list[Path]:
    report = make_measurement_report(inputs.segmentation, inputs.assessment, inputs.study, inputs.segments)
    return [inputs.save(report, "sr.dcm")]


def _write_dicom_pdf(inputs: PartInputs) -> list[Path]:
    is_signed = inputs.assessment.reading.signature is not None
    study = inputs.study  # asked first: where there is none, the report need not be made
    return [inputs.save(make_encapsulated_pdf(inputs.report, study, is_signed=is_signed), "report.dcm")]


def _write_dicom_rtstruct(inputs: PartInputs) -> list[Path]:
    phases = inputs.contour_phases
    sets = make_structure_sets(
        inputs.stack, inputs.segmentation, inputs.study, phases, reading=inputs.assessment.reading
    )
    return [inputs.save(one, f"rtstruct_{phases[phase]}.dcm") for phase, one in sets.items()]


def _write_scene(inputs: PartInputs) -> list[Path]:
    path = inputs.folder / "scene.mrb"
    path.parent.mkdir(parents=True, exist_ok=True)
    _look_up("scene")(path, inputs.stack, inputs.segmentation, inputs.assessment)
    return [path]


def _look_up(part: str) -> Callable[..., None]:
    module, name = WRITERS_ABOVE[part]
    found: Callable[..., None] = getattr(importlib.import_module(module), name)
    return found


@dataclass(frozen=True)
class Part:
    """One kind of result: what it is called, which files it may leave, what it takes, how it is written.

    ``group`` is a name that several parts answer to where parts are chosen by name.
    """

    title: str
    pattern: str
    usual_seconds: float
    write: Callable[[PartInputs], list[Path]]
    needs: Need | None = None
    group: str = ""


PARTS = {
    "measurements": Part("measurements", "measurements.[cj]s*", 0.05, _write_measurements, group="tables"),
    "patient": Part("one row for a spreadsheet", "patient.csv", 0.02, _write_patient, group="tables"),
    "slices": Part("numbers per slice", "slices.csv", 0.03, _write_slices, group="tables"),
    "phases": Part("numbers per phase", "phases.csv", 0.02, _write_phases, group="tables"),
    "reading": Part("the reader's decisions", "reading.json", 0.02, _write_reading),
    "labels": Part("label map (NIfTI)", "labels.nii.gz", 0.1, _write_labels),
    "contours": Part("contours (JSON)", "contours.json", 0.2, _write_contours),
    "uncertainty": Part("uncertainty (NIfTI)", "uncertainty.nii.gz", 0.2, _write_uncertainty, Need.UNCERTAINTY),
    "slicer": Part("segmentations for 3D Slicer", "segmentation_*.seg.nrrd", 0.1, _write_slicer_segmentations),
    "report": Part("report (PDF)", "report.pdf", 2.0, _write_report),
    "view": Part("page for a browser", "view.html", 1.5, _write_view),
    "dicom-seg": Part("DICOM segmentations", "dicom/seg_*.dcm", 0.6, _write_dicom_seg, Need.DICOM, "dicom"),
    "dicom-sr": Part("DICOM structured report", "dicom/sr.dcm", 0.7, _write_dicom_sr, Need.DICOM, "dicom"),
    "dicom-pdf": Part("report as DICOM", "dicom/report.dcm", 0.1, _write_dicom_pdf, Need.DICOM, "dicom"),
    "dicom-rtstruct": Part(
        "DICOM contours (RT Structure Set)", "dicom/rtstruct_*.dcm", 0.3, _write_dicom_rtstruct, Need.DICOM, "dicom"
    ),
    "scene": Part("3D Slicer scene", "scene.mrb", 3.0, _write_scene, Need.SLICER),
}


def available_needs(stack: CineStack | None, *, uncertainty: bool) -> frozenset[Need]:
    """What a study (one that is not read yet may be DICOM) and this machine offer."""
    may_be_dicom = stack is None or (
        stack.source is not None and stack.source.format == "DICOM" and bool(stack.instance_uids)
    )
    offered = {
        Need.DICOM: may_be_dicom,
        Need.UNCERTAINTY: uncertainty,
        Need.SLICER: find_spec("slicer") is not None,
    }
    return frozenset(need for need, is_there in offered.items() if is_there)
