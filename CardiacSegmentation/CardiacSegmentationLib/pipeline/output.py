"""Where results go: made aside, moved into place at the end, closed by the record."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.pipeline.options import Existing, Options
from CardiacSegmentationLib.pipeline.record import RECORD_FILE, fingerprint, read_record, write_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from CardiacSegmentationLib.export.deidentify import Deidentifier
    from CardiacSegmentationLib.pipeline.study import Results
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from CardiacSegmentationLib.ventricular import VentricularFunction

    Writer = Callable[[Path, CineStack, Segmentation, VentricularFunction], object]

ASIDE = ".cardiacseg-unfinished-"
UNCERTAINTY_FILE = "uncertainty.nii.gz"
# Several parts under one name, for `--only`.
GROUPS = {
    "tables": ("measurements", "slices", "phases"),
    "dicom": ("dicom-seg", "dicom-sr", "dicom-pdf"),
}
USUAL_SECONDS = {"measurements": 0.1, "labels": 0.4, "slicer": 0.3, "report": 3.0, "dicom-seg": 3.0, "scene": 4.0}
SCENE_COSTS = 4  # times a usual part
ADVICE = "Add --resume to keep finished results, --force to replace them, or name another folder."


class Output:
    """The files of one run."""

    def __init__(
        self, source: Path | CineStack, folder: Path | None, options: Options, writers: Mapping[str, Writer]
    ) -> None:
        self._source = source
        self._folder = folder
        self._options = options
        self._check_parts(writers)
        self._writers = {name: writer for name, writer in writers.items() if self._wants(_part_name(name))}

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to be written at all."""
        return self._folder is not None or self._options.labels_file is not None

    @property
    def usual_seconds(self) -> float:
        """What writing usually takes, for the progress."""
        if self._folder is None:
            return 0.3
        return sum(cost for part, cost in USUAL_SECONDS.items() if self._wants(part))

    def prepare(self) -> dict[str, Any] | None:
        """Check before the work that its results may be written; the record of a finished run that is to be kept."""
        labels = self._options.labels_file
        stops = self._options.existing is Existing.STOP
        if labels is not None:
            if not labels.name.endswith((".nii", ".nii.gz")):
                msg = f"Label maps are written as NIfTI: give {labels} a name that ends in .nii.gz."
                raise ExportError(msg)
            if stops and labels.is_file() and labels.stat().st_size:
                msg = f"{labels} exists. Add --force to replace it, or name another file."
                raise ExportError(msg)
        if self._folder is None:
            return None
        record = read_record(self._folder)
        if self._options.existing is Existing.RESUME and record is not None and self._is_of_this_run(record):
            return record
        if stops and (self._folder / RECORD_FILE).exists():
            msg = f"{self._folder} already holds results. {ADVICE}"
            raise ExportError(msg)
        if self._folder.exists() and not self._folder.is_dir():
            msg = f"{self._folder} is a file. Name a folder for the results."
            raise ExportError(msg)
        return None

    def files_of(self, record: Mapping[str, Any]) -> tuple[Path, ...]:
        """The files of a finished run."""
        return tuple(self._folder / name for name in record["files"]) if self._folder is not None else ()

    def write(self, results: Results, report: Callable[[float], None]) -> tuple[Path, ...]:
        """Write all parts; ``report`` hears the fraction done and stops the work by raising."""
        stack, segmentation = results.stack, results.segmentation
        assert stack is not None and segmentation is not None  # noqa: PT018
        written: list[Path] = []
        if self._folder is not None:
            with _aside(self._folder) as aside:
                self._write_parts(aside, results, report)
                report(1.0)  # the last moment to cancel
                names = self._move_into_place(aside)
                write_record(self._folder, self._facts(results, names), segmentation)
            written = [self._folder / name for name in (*names, RECORD_FILE)]
        if self._options.labels_file is not None:
            from CardiacSegmentationLib.export.label_maps import write_label_nifti

            write_label_nifti(stack, segmentation, self._options.labels_file)
            written.append(self._options.labels_file)
        return tuple(written)

    def _write_parts(self, aside: Path, results: Results, report: Callable[[float], None]) -> None:
        from CardiacSegmentationLib.export.label_maps import write_label_nifti
        from CardiacSegmentationLib.export.result_parts import Options as ExportOptions
        from CardiacSegmentationLib.export.results import default_parts, write_results

        stack, segmentation, function = results.stack, results.segmentation, results.function
        assert stack is not None and segmentation is not None and function is not None  # noqa: PT018
        parts = [part for part in default_parts(stack) if self._wants(part)]
        hide = self._deidentifier()
        share = len(parts) / max(1, len(parts) + SCENE_COSTS * len(self._writers))
        write_results(
            aside, stack, segmentation, function, parts,
            options=ExportOptions(paper=self._options.paper, deidentifier=hide),
            progress=lambda _, done: report(share * done),
        )  # fmt: skip
        if results.uncertainty is not None:
            write_label_nifti(stack, replace(segmentation, labels=results.uncertainty), aside / UNCERTAINTY_FILE)
        if hide is not None:
            stack, function = hide.hide_stack(stack), hide.hide_function(function, stack)
        for name, writer in self._writers.items():
            report(share)
            writer(aside / name, stack, segmentation, function)

    def _deidentifier(self) -> Deidentifier | None:
        from CardiacSegmentationLib.export.deidentify import Deidentifier

        return Deidentifier.create() if self._options.deidentify else None

    def _check_parts(self, writers: Mapping[str, Writer]) -> None:
        from CardiacSegmentationLib.export.result_parts import PARTS

        known = (*GROUPS, *PARTS, *map(_part_name, writers))
        unknown = sorted(set(self._options.parts or ()) - set(known))
        if unknown:
            msg = f"There is no result called {', '.join(unknown)}. Choose from: {', '.join(known)}."
            raise ExportError(msg)

    def _wants(self, part: str) -> bool:
        chosen = self._options.parts
        return chosen is None or part in chosen or any(part in GROUPS.get(name, ()) for name in chosen)

    def _move_into_place(self, aside: Path) -> list[str]:
        """Files of an earlier run that this one does not write go; the folder has no record in between."""
        assert self._folder is not None
        before = read_record(self._folder)
        (self._folder / RECORD_FILE).unlink(missing_ok=True)
        names = sorted(path.relative_to(aside).as_posix() for path in aside.rglob("*") if path.is_file())
        for old in set(before["files"] if before else ()) - set(names):
            (self._folder / old).unlink(missing_ok=True)
        for name in names:
            target = self._folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (aside / name).replace(target)
        return names

    def _facts(self, results: Results, names: Sequence[str]) -> dict[str, Any]:
        return {
            "study": self._fingerprint(),
            "options": self._options.as_recorded(),
            "model": results.segmentation.model if results.segmentation is not None else None,
            "files": list(names),
            "seconds": dict(results.seconds),
            "summary": dict(results.summary),
        }

    def _is_of_this_run(self, record: Mapping[str, Any]) -> bool:
        from CardiacSegmentationLib.network.bundle import load_bundle

        return (
            record["study"] == self._fingerprint()
            and record["options"] == self._options.as_recorded()
            and str(record["model"]).startswith(load_bundle(self._options.model).identity)
            and all(path.is_file() for path in self.files_of(record))
        )

    def _fingerprint(self) -> str | None:
        if not isinstance(self._source, Path) or self._folder is None:
            return None
        return fingerprint(self._source.absolute(), self._folder)


def _part_name(name: str) -> str:
    """``scene`` for ``scene.mrb``."""
    return name.split(".", maxsplit=1)[0]


@contextlib.contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder for unfinished files; whatever a killed run left of its own goes now."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(f"{ASIDE}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    aside = folder / f"{ASIDE}{uuid4().hex[:8]}"
    aside.mkdir()
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if is_new and not any(folder.iterdir()):
            folder.rmdir()
