"""The steps of a run in their order."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.journal import JournalEntry, now_utc
from CardiacSegmentationLib.locks import locked
from CardiacSegmentationLib.pipeline.options import Options
from CardiacSegmentationLib.pipeline.output import Output
from CardiacSegmentationLib.pipeline.progress import Reporter
from CardiacSegmentationLib.pipeline.record import read_reading
from CardiacSegmentationLib.reading import Reading
from CardiacSegmentationLib.stack import CineStack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.cine import StudyFiles
    from CardiacSegmentationLib.network.segment import Segmented
    from CardiacSegmentationLib.pipeline.progress import Progress
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import Array

USUAL_SECONDS = {"read": 0.5, "model": 0.2, "segment": 2.0, "measure": 0.1}
UNCERTAINTY_COSTS = 9.0  # times a segmentation without


@dataclass(frozen=True, eq=False)
class Results:
    """What a run came to. Of a finished run that was kept only the record is there, and no values."""

    summary: Mapping[str, Any]
    files: tuple[Path, ...] = ()
    kept: bool = False
    stack: CineStack | None = None
    segmentation: Segmentation | None = None
    assessment: Assessment | None = None
    uncertainty: Array | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


def segment_study(
    source: Path | CineStack,
    folder: Path | None = None,
    options: Options | None = None,
    *,
    report: Callable[[Progress], None] | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Results:
    """Read, segment, measure and, where a ``folder`` is named, write.

    ``report`` hears of the progress; ``is_cancelled`` is asked often, and a run that is cancelled raises ``Cancelled``
    and leaves no file.
    """
    from CardiacSegmentationLib.cine import open_study

    options = options or Options()
    files = None if isinstance(source, CineStack) else open_study(source)
    output = Output(files, folder, options)
    reading = options.complete(Reading() if options.reading is None else read_reading(options.reading))
    with contextlib.nullcontext() if folder is None else locked(folder), contextlib.closing(output):
        return _segment_study(files or source, output, options, reading, report=report, is_cancelled=is_cancelled)


def _segment_study(
    source: Path | StudyFiles | CineStack,
    output: Output,
    options: Options,
    reading: Reading,
    *,
    report: Callable[[Progress], None] | None,
    is_cancelled: Callable[[], bool] | None,
) -> Results:
    from CardiacSegmentationLib.analysis import assess

    kept = output.prepare()
    if kept is not None:
        return Results(kept["summary"], output.files_of(kept), kept=True)
    if options.helper:
        output.start_helper()
    reporter = Reporter(_usual_seconds(options, output), report, is_cancelled)
    stack = _read(source, options, reporter)
    read = reporter.seconds
    segmented = _segment(stack, options, reporter)
    networked = reporter.seconds
    reporter.stage("measure", "Measuring")
    segmentation = segmented.segmentation
    if options.reading is not None:
        entry = JournalEntry(now_utc(), "segment", after=segmentation.model or "")
        reading = replace(reading, journal=(*reading.journal, entry))
    assessment = assess(stack, segmentation, reading)
    measured = reporter.seconds
    summary = summarise(stack, assessment)
    seconds = {"read": read, "segment": networked - read, "measure": measured - networked}
    results = Results(
        summary=summary,
        stack=stack,
        segmentation=segmentation,
        assessment=assessment,
        uncertainty=segmented.uncertainty,
        seconds={name: round(value, 3) for name, value in seconds.items()},
    )
    if output.is_wanted:
        results = output.write(results, reporter.stage("export", "Writing results"))
    reporter.tell("done", 1.0, "Done")
    return results


def summarise(stack: CineStack, assessment: Assessment) -> dict[str, Any]:
    """A study that was not written in one row, by ``study_row.COLUMNS``."""
    from CardiacSegmentationLib.export.study_row import study_row

    return study_row(stack, assessment)


def _usual_seconds(options: Options, output: Output) -> dict[str, float]:
    seconds = dict(USUAL_SECONDS)
    if options.uncertainty:
        seconds["segment"] *= UNCERTAINTY_COSTS
    return {**seconds, "export": output.usual_seconds}


def _read(source: Path | StudyFiles | CineStack, options: Options, reporter: Reporter) -> CineStack:
    from CardiacSegmentationLib.cine import read_study

    tell = reporter.stage("read", "Reading the images")
    if isinstance(source, CineStack):
        stack = source
    else:
        stack = read_study(
            source,
            lambda done, total: tell(done / max(total, 1)),
            stack=options.stack,
            reacquired=options.reacquired,
        )
    return stack


def _segment(stack: CineStack, options: Options, reporter: Reporter) -> Segmented:
    from CardiacSegmentationLib.network.loaded import load_network
    from CardiacSegmentationLib.network.repairs import REPAIRS
    from CardiacSegmentationLib.network.segment import NetworkOptions, segment_stack

    reporter.stage("model", "Loading the network")
    network = load_network(options.model, options.backend, options.threads)
    choices = NetworkOptions(options.phases == "ed-es", options.uncertainty, REPAIRS if options.repairs else ())
    return segment_stack(stack, network, choices, reporter.stage("segment", f"Segmenting ({network.backend.name})"))
