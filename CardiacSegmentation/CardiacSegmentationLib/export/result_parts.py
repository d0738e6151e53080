"""Every file a result folder can hold. To add one, add an entry to ``PARTS``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from CardiacSegmentationLib.export.deidentify import Deidentifier, identify
from CardiacSegmentationLib.export.dicom_objects import save_dicom
from CardiacSegmentationLib.export.dicom_pdf import make_encapsulated_pdf
from CardiacSegmentationLib.export.dicom_seg import make_segmentations
from CardiacSegmentationLib.export.dicom_source import DicomSource, describe_source, read_source, require_study
from CardiacSegmentationLib.export.dicom_sr import make_measurement_report
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.export.label_maps import write_label_nifti, write_slicer_segmentation
from CardiacSegmentationLib.export.report import make_report
from CardiacSegmentationLib.export.tables import (
    write_measurements_csv,
    write_measurements_json,
    write_phases_csv,
    write_slices_csv,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom import Dataset

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.reading import KeyPhases
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


@dataclass(frozen=True)
class Options:
    """How results are written, beyond what they say."""

    paper: str = "A4"
    created: str = ""  # printed on the report; nothing where empty, so that equal values give equal bytes
    reader: str = ""  # who answers for the labels
    all_phases: bool = False  # a DICOM SEG and a Slicer segmentation for every labelled phase, not ED and ES alone
    deidentifier: Deidentifier | None = None


class Results:
    """The values as they may leave, and what several parts share, each made once."""

    def __init__(
        self,
        folder: Path,
        stack: CineStack,
        segmentation: Segmentation,
        assessment: Assessment,
        options: Options,
    ) -> None:
        self.folder, self.segmentation, self.options = folder, segmentation, options
        self.original = stack
        hide = options.deidentifier
        self.stack = hide.hide_stack(stack) if hide else stack
        self.assessment = hide.hide_assessment(assessment, stack) if hide else assessment
        self.reader = "" if hide else options.reader

    @cached_property
    def phases(self) -> dict[int, str]:
        """Phases that get a file each, and their names."""
        names = name_phases(self.assessment.key_phases)
        labelled = [phase for phase in range(self.stack.phases) if self.segmentation.labels[phase].any()]
        if not self.options.all_phases:
            return {phase: name for phase, name in names.items() if phase in labelled}
        return {phase: names.get(phase, f"phase{phase + 1:03d}") for phase in labelled}

    @cached_property
    def source(self) -> DicomSource:
        """What the source's headers say."""
        return read_source(self.original)

    @cached_property
    def study(self) -> DicomSource:
        """The headers DICOM results inherit from."""
        source = require_study(self.source)
        return self.options.deidentifier.hide_source(source) if self.options.deidentifier else source

    @cached_property
    def segments(self) -> dict[int, Dataset]:
        """The DICOM SEG objects."""
        return make_segmentations(self.stack, self.segmentation, self.study, self.phases, reader=self.reader)

    @cached_property
    def facts(self) -> dict[str, str]:
        """What the report says about patient and study."""
        is_dicom = bool(self.original.instance_uids) and self.original.source is not None
        if hide := self.options.deidentifier:
            return {"Pseudonym": hide.name_of(identify(self.source.first) if is_dicom else self.original.title)}
        return describe_source(self.source.first) if is_dicom else {}

    @cached_property
    def report(self) -> bytes:
        """The report as PDF."""
        return make_report(
            self.stack,
            self.segmentation,
            self.assessment,
            facts=self.facts,
            paper=self.options.paper,
            created="" if self.options.deidentifier else self.options.created,
            reader=self.reader,
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


def _write_measurements(results: Results) -> list[Path]:
    paths = [results.folder / f"measurements.{suffix}" for suffix in ("json", "csv")]
    write_measurements_json(results.assessment, paths[0])
    write_measurements_csv(results.assessment, paths[1])
    return paths


def _write_slices(results: Results) -> list[Path]:
    path = results.folder / "slices.csv"
    write_slices_csv(results.assessment, path)
    return [path]


def _write_phases(results: Results) -> list[Path]:
    path = results.folder / "phases.csv"
    write_phases_csv(results.assessment, path)
    return [path]


def _write_labels(results: Results) -> list[Path]:
    path = results.folder / "labels.nii.gz"
    write_label_nifti(results.original, results.segmentation, path)
    return [path]


def _write_slicer_segmentations(results: Results) -> list[Path]:
    paths = {phase: results.folder / f"segmentation_{name}.seg.nrrd" for phase, name in results.phases.items()}
    for phase, path in paths.items():
        write_slicer_segmentation(results.stack, results.segmentation, phase, path)
    return list(paths.values())


def _write_report(results: Results) -> list[Path]:
    path = results.folder / "report.pdf"
    with atomic_path(path) as temporary:
        temporary.write_bytes(results.report)
    return [path]


def _write_dicom_seg(results: Results) -> list[Path]:
    return [results.save(seg, f"seg_{results.phases[phase]}.dcm") for phase, seg in results.segments.items()]


def _write_dicom_sr(results: Results) -> list[Path]:
    report = make_measurement_report(
        results.segmentation, results.assessment, results.study, results.segments, reader=results.reader
    )
    return [results.save(report, "sr.dcm")]


def _write_dicom_pdf(results: Results) -> list[Path]:
    study = results.study  # asked first: where there is none, the report need not be made
    return [results.save(make_encapsulated_pdf(results.report, study), "report.dcm")]


@dataclass(frozen=True)
class Part:
    """One kind of result: what it is called, which files it may leave, how they are written."""

    title: str
    pattern: str
    write: Callable[[Results], list[Path]]
    needs_dicom: bool = False


PARTS = {
    "measurements": Part("measurements", "measurements.[cj]s*", _write_measurements),
    "slices": Part("numbers per slice", "slices.csv", _write_slices),
    "phases": Part("numbers per phase", "phases.csv", _write_phases),
    "labels": Part("label map (NIfTI)", "labels.nii.gz", _write_labels),
    "slicer": Part("segmentations for 3D Slicer", "segmentation_*.seg.nrrd", _write_slicer_segmentations),
    "report": Part("report (PDF)", "report.pdf", _write_report),
    "dicom-seg": Part("DICOM segmentations", "dicom/seg_*.dcm", _write_dicom_seg, needs_dicom=True),
    "dicom-sr": Part("DICOM structured report", "dicom/sr.dcm", _write_dicom_sr, needs_dicom=True),
    "dicom-pdf": Part("report as DICOM", "dicom/report.dcm", _write_dicom_pdf, needs_dicom=True),
}
