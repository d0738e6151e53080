"""A study opened for reading: segmented when there is nothing yet, gone on with where there is, written back."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.choices import CONVENTIONS, PATIENT_FACTS
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.result_parts import PARTS, ExportOptions, Need, PartInputs
from CardiacSegmentationLib.export.results import choose_parts, default_parts, write_parts
from CardiacSegmentationLib.pipeline import RECORD_FILE, read_segmentation, segment_study
from CardiacSegmentationLib.pipeline.output import summary_row
from CardiacSegmentationLib.pipeline.record import (
    LABELS_FILE,
    READING_FILE,
    changed_outside,
    fingerprint,
    read_reading,
    read_record,
    write_record,
)
from CardiacSegmentationLib.session import StudySession

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from CardiacSegmentationLib.export.deidentify import Deidentifier
    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.pipeline import Options, Progress

KEPT = ("labels", "reading")  # what going on needs


def open_session(
    source: Path,
    folder: Path,
    options: Options,
    report: Callable[[Progress], None],
    is_cancelled: Callable[[], bool],
) -> StudySession:
    """The session over a study whose results are in ``folder``, or will be.

    A folder that holds the results of another study is refused: labels of one heart never lie on another.
    """
    from CardiacSegmentationLib.cine import open_study, read_study

    record = read_record(folder)
    if record is None:
        wanted = replace(options, parts=KEPT)
        results = segment_study(source, folder, wanted, report=report, is_cancelled=is_cancelled)
        assert results.stack is not None and results.segmentation is not None  # noqa: PT018
        assert results.assessment is not None
        return StudySession(results.stack, results.segmentation, results.assessment.reading)
    files = open_study(source)
    own = {folder.absolute() / name for name in (RECORD_FILE, *record["files"])}
    if record["study"] != fingerprint(files, own, options.record_key):
        raise ExportError.of("results-of-another", folder=folder, source=source)
    if lost := [name for name in (LABELS_FILE, READING_FILE) if not (folder / name).is_file()]:
        raise ExportError.of("results-without", folder=folder, files=", ".join(lost))
    stack = read_study(files, stack=options.stack, reacquired=options.reacquired)
    session = StudySession(stack, read_segmentation(folder, stack), read_reading(folder))
    session.note_outside(changed_outside(folder, session.segmentation))
    _choose(session, options)
    return session


def open_long_axes(source: Path, options: Options) -> tuple[LongAxis, ...]:
    """The long-axis cines that lie beside the stack in its study, in step with it."""
    from CardiacSegmentationLib.cine import find_stacks, read_long_axes

    return read_long_axes(find_stacks(source, reacquired=options.reacquired), options.stack)


def save(
    session: StudySession, folder: Path, options: Options, parts: list[str], deidentifier: Deidentifier | None = None
) -> list[Path]:
    """Write the parts asked for, all that were there before, and what going on needs; returns every file."""
    record = read_record(folder) or {"study": None, "options": options.as_recorded(), "files": [], "seconds": {}}
    there = [name for name, part in PARTS.items() if any(fnmatch(file, part.pattern) for file in record["files"])]
    possible = set(default_parts(session.stack))
    chosen = [name for name in choose_parts({*KEPT, *parts, *there}) if name in possible]
    export = ExportOptions(paper=options.paper, language=options.language, deidentifier=deidentifier)
    inputs = PartInputs(folder, session.stack, session.segmentation, session.assessment, export)
    written = write_parts(inputs, chosen)
    kept = _remove_outdated(folder, set(there) - set(chosen))
    names = sorted({path.relative_to(folder).as_posix() for path in (*written, *kept)})
    facts: Mapping[str, Any] = {
        **{name: record[name] for name in ("study", "options", "seconds")},
        "model": session.segmentation.model,
        "files": names,
        "summary": summary_row(inputs),
    }
    write_record(folder, facts, session.segmentation)
    return [folder / name for name in names]


def _remove_outdated(folder: Path, parts: set[str]) -> list[Path]:
    """Take away files that cannot be made anew, for they would tell other numbers; uncertainty is not about those."""
    kept: list[Path] = []
    for name in parts:
        for path in folder.glob(PARTS[name].pattern):
            if PARTS[name].needs is Need.UNCERTAINTY:
                kept.append(path)
            else:
                path.unlink()
    return kept


def _choose(session: StudySession, options: Options) -> None:
    """Conventions and facts of the command line, as commands of the reader's."""
    conventions, patient = (
        {name: value for name in names if (value := getattr(options, name)) is not None}
        for names in (CONVENTIONS, PATIENT_FACTS)
    )
    if conventions:
        session.set_conventions(**conventions)
    if patient:
        session.set_patient(**patient)
