"""Where results go: made aside, moved into place at the end, closed by the record."""

from __future__ import annotations

import contextlib
import logging
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.pipeline.existing import remove_run, require_room
from CardiacSegmentationLib.pipeline.options import Existing, Options
from CardiacSegmentationLib.pipeline.record import RECORD_FILE, UNFINISHED, fingerprint, read_record, write_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.cine import StudyFiles
    from CardiacSegmentationLib.export.deidentify import Deidentifier
    from CardiacSegmentationLib.export.result_parts import PartInputs
    from CardiacSegmentationLib.export.results import PartError
    from CardiacSegmentationLib.pipeline.helper import Helper
    from CardiacSegmentationLib.pipeline.study import Results
    from CardiacSegmentationLib.stack import CineStack

LOG = logging.getLogger(__name__)  # on stderr, unless the program around us wants it elsewhere
ADVICE = "Add --resume to keep finished results, --force to replace them, or name another folder."


class Output:
    """The files of one run."""

    def __init__(self, source: StudyFiles | None, folder: Path | None, options: Options) -> None:
        from CardiacSegmentationLib.export.results import choose_parts, default_parts, require_needs

        self._source = source
        self._folder = folder
        self._options = options
        uncertainty, named = options.uncertainty, options.parts
        if named is not None and uncertainty:
            named = (*named, "uncertainty")  # who asks for it wants to have it
        self._chosen = default_parts(None, uncertainty=uncertainty) if named is None else choose_parts(named)
        require_needs(self._chosen, uncertainty=uncertainty)
        self._helper: Helper | None = None

    def start_helper(self) -> None:
        """Have another process ready to write some of the parts, where that is worth while."""
        from CardiacSegmentationLib.pipeline.helper import Helper, parts_for_helper

        parts = parts_for_helper(self._chosen) if self._folder is not None else []
        if parts:
            with contextlib.suppress(OSError):  # where no more processes may be started, this one writes everything
                self._helper = Helper(parts)

    def close(self) -> None:
        """End that process where it still runs."""
        if self._helper is not None:
            self._helper.stop()

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to be written at all."""
        return self._folder is not None or self._options.labels_file is not None

    @property
    def usual_seconds(self) -> float:
        """What writing usually takes, for the progress."""
        from CardiacSegmentationLib.export.results import usual_seconds

        helped = self._helper.parts if self._helper is not None else ()
        return 0.3 if self._folder is None else usual_seconds([part for part in self._chosen if part not in helped])

    def prepare(self) -> dict[str, Any] | None:
        """Check before the work that its results may be written; the record of a finished run that is to be kept."""
        labels = self._options.labels_file
        if labels is not None:
            if not labels.name.endswith((".nii", ".nii.gz")):
                raise ExportError.of("no-nifti-name", path=labels)
            if self._options.existing is Existing.STOP and labels.is_file() and labels.stat().st_size:
                raise ExportError.of("file-exists", path=labels)
        if self._folder is None:
            return None
        record = read_record(self._folder)
        if self._options.existing is Existing.RESUME and record is not None and self._is_of_this_run(record):
            return record
        require_room(self._folder, self._patterns(), self._options.existing, ADVICE)
        return None

    def files_of(self, record: Mapping[str, Any]) -> tuple[Path, ...]:
        """The files of a finished run."""
        return tuple(self._folder / name for name in record["files"]) if self._folder is not None else ()

    def write(self, results: Results, report: Callable[[float], None]) -> Results:
        """Write all parts; the results come back with their files, and with what had to be left out among the findings.

        ``report`` hears the fraction done and stops the work by raising.
        """
        stack, segmentation = results.stack, results.segmentation
        assert stack is not None and segmentation is not None  # noqa: PT018
        written: list[Path] = []
        if self._folder is not None:
            with _aside(self._folder) as aside:
                results = self._write_parts(aside, results, report)
                report(1.0)  # the last moment to cancel
                names = _files_below(aside)
                write_record(aside, self._facts(results, names), segmentation)
                remove_run(self._folder, but=[self._folder / name for name in names])
                _move([*names, RECORD_FILE], aside, self._folder)
            written = [self._folder / name for name in (*names, RECORD_FILE)]
        if self._options.labels_file is not None:
            from CardiacSegmentationLib.export.label_maps import write_label_nifti

            write_label_nifti(stack, segmentation, self._options.labels_file)
            written.append(self._options.labels_file)
        return replace(results, files=tuple(written))

    def _write_parts(self, aside: Path, results: Results, report: Callable[[float], None]) -> Results:
        """Write into ``aside``; the results come back with what had to be left out among their findings."""
        assert results.stack is not None
        return self._write_possible(aside, results, self._parts_for(results.stack), self._deidentifier(), report)

    def _write_possible(
        self,
        aside: Path,
        results: Results,
        parts: Sequence[str],
        hide: Deidentifier | None,
        report: Callable[[float], None],
    ) -> Results:
        """Begin again without a part that cannot be made, so that all others tell of it."""
        from CardiacSegmentationLib.export.result_parts import PARTS, ExportOptions, Need, PartInputs
        from CardiacSegmentationLib.export.results import PartError

        stack, segmentation, assessment = results.stack, results.segmentation, results.assessment
        assert stack is not None and segmentation is not None and assessment is not None  # noqa: PT018
        options = ExportOptions(paper=self._options.paper, language=self._options.language, deidentifier=hide)
        inputs = PartInputs(aside, stack, segmentation, assessment, options, uncertainty=results.uncertainty)
        try:
            self._write_with_helper(inputs, parts, report)
        except PartError as error:
            if self._options.parts is not None:
                if PARTS[error.part].needs is Need.DICOM:
                    raise ExportError.of("dicom-impossible", why=error) from error
                raise
            LOG.warning("cardiacseg: %s: not written: %s. %s", self._folder, PARTS[error.part].title, error)
            for path in aside.glob(PARTS[error.part].pattern):
                path.unlink()
            others = [part for part in parts if part != error.part]
            return self._write_possible(aside, _add_finding(results, error), others, hide, report)
        return replace(results, summary=summary_row(inputs))

    def _write_with_helper(self, inputs: PartInputs, parts: Sequence[str], report: Callable[[float], None]) -> None:
        from CardiacSegmentationLib.export.results import write_parts

        helper, self._helper = self._helper, None  # for one try: where a part turns out impossible, all begins again
        if helper is None or not helper.begin(inputs):
            write_parts(inputs, parts, lambda _, done: report(done))
            return
        try:
            write_parts(inputs, [part for part in parts if part not in helper.parts], lambda _, done: report(done))
            if not helper.wait(lambda: report(1.0)):
                write_parts(inputs, helper.parts)
        finally:
            helper.stop()

    def _parts_for(self, stack: CineStack) -> list[str]:
        """Those asked for by name, else all that can be made; DICOM first, for it may turn out impossible."""
        from CardiacSegmentationLib.export.result_parts import PARTS, Need
        from CardiacSegmentationLib.export.results import default_parts

        possible = default_parts(stack, uncertainty=self._options.uncertainty)
        parts = possible if self._options.parts is None else self._chosen
        return sorted(parts, key=lambda name: PARTS[name].needs is not Need.DICOM)

    def _deidentifier(self) -> Deidentifier | None:
        from CardiacSegmentationLib.export.deidentify import Deidentifier

        return Deidentifier.create() if self._options.deidentify else None

    def _patterns(self) -> list[str]:
        """Which files this run may write."""
        from CardiacSegmentationLib.export.result_parts import PARTS

        return [PARTS[name].pattern for name in self._chosen]

    def _facts(self, results: Results, names: Sequence[str]) -> dict[str, Any]:
        return {
            "study": self._fingerprint(names),
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

    def _fingerprint(self, files: Sequence[str] = ()) -> str | None:
        """Of the study without the files of this run and the one before, for all may lie in one folder."""
        if self._source is None or self._folder is None:
            return None
        folder, record = self._folder.absolute(), read_record(self._folder)
        names = (RECORD_FILE, *files, *(record["files"] if record else ()))
        own = {*(folder / name for name in names), *folder.glob(f"{UNFINISHED}*")}
        if self._options.labels_file is not None:
            own.add(self._options.labels_file.absolute())
        return fingerprint(self._source, own, self._options.record_key)


def _add_finding(results: Results, error: PartError) -> Results:
    """The same results with a finding about a part that is left out; de-identified, its reason is withheld."""
    from CardiacSegmentationLib.export.result_parts import PARTS

    assert results.assessment is not None
    parameters = {"part": PARTS[error.part].title, "reason": str(error)}
    finding = Finding("part-not-written-because", Severity.ERROR, parameters=parameters)
    assessment = replace(results.assessment, findings=(*results.assessment.findings, finding))
    return replace(results, assessment=assessment)


def summary_row(inputs: PartInputs) -> dict[str, Any]:
    """The study in one row; without identifiers where its files are gone."""
    from CardiacSegmentationLib.export.dicom_source import SourceError
    from CardiacSegmentationLib.export.study_row import study_row

    try:
        return inputs.row
    except SourceError:
        return study_row(inputs.stack, inputs.assessment)


def _files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _move(names: Sequence[str], source: Path, target: Path) -> None:
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).replace(target / name)


@contextlib.contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder for unfinished files; whatever a killed run left of its own goes now."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    aside = folder / f"{UNFINISHED}{uuid4().hex[:8]}"
    aside.mkdir()
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if is_new and not any(folder.iterdir()):
            folder.rmdir()
