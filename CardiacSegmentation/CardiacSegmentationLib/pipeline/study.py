"""The steps of a run in their order."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.locks import locked
from CardiacSegmentationLib.pipeline.options import Options
from CardiacSegmentationLib.pipeline.output import Output
from CardiacSegmentationLib.pipeline.progress import Reporter
from CardiacSegmentationLib.segmentation import Conventions, Label
from CardiacSegmentationLib.stack import CineStack, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from CardiacSegmentationLib.network.segment import Segmented
    from CardiacSegmentationLib.pipeline.output import Writer
    from CardiacSegmentationLib.pipeline.progress import Progress
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import Array
    from CardiacSegmentationLib.ventricular import VentricularFunction

USUAL_SECONDS = {"read": 0.8, "model": 0.3, "segment": 2.5, "measure": 0.3}
MEASURES = ("edv_ml", "esv_ml", "sv_ml", "ef_percent", "co_l_min", "mass_g")
# The columns of a study's row, in their order.
SUMMARY = (
    "slices",
    "phases",
    *(f"lv_{key}" for key in MEASURES),
    *(f"rv_{key}" for key in MEASURES[:-2]),
    *(f"{moment}_phase" for moment in ("lv_ed", "lv_es", "rv_ed", "rv_es")),
    "errors",
    "warnings",  # errors among them
    "warning_codes",
)
UNCERTAINTY_COSTS = 9.0  # times a segmentation without


@dataclass(frozen=True, eq=False)
class Results:
    """What a run came to. Of a finished run that was kept only the record is there, and no values."""

    summary: Mapping[str, Any]
    files: tuple[Path, ...] = ()
    kept: bool = False
    stack: CineStack | None = None
    segmentation: Segmentation | None = None
    function: VentricularFunction | None = None
    uncertainty: Array | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


def segment_study(
    source: Path | CineStack,
    folder: Path | None = None,
    options: Options | None = None,
    *,
    report: Callable[[Progress], None] | None = None,
    is_cancelled: Callable[[], bool] | None = None,
    writers: Mapping[str, Writer] | None = None,
) -> Results:
    """Read, segment, measure and, where a ``folder`` is named, write.

    ``report`` hears of the progress; ``is_cancelled`` is asked often, and a run that is cancelled raises ``Cancelled``
    and leaves no file. ``writers`` are further parts of the results by their file name, such as a scene.
    """
    options = options or Options()
    output = Output(source, folder, options, writers or {})
    with contextlib.nullcontext() if folder is None else locked(folder):
        return _segment_study(source, output, options, report, is_cancelled)


def _segment_study(
    source: Path | CineStack,
    output: Output,
    options: Options,
    report: Callable[[Progress], None] | None,
    is_cancelled: Callable[[], bool] | None,
) -> Results:
    kept = output.prepare()
    if kept is not None:
        return Results(kept["summary"], output.files_of(kept), kept=True)
    reporter = Reporter(_usual_seconds(options, output), report, is_cancelled)
    stack = _read(source, options, reporter)
    read = reporter.seconds
    segmented = _segment(stack, options, reporter)
    networked = reporter.seconds
    reporter.stage("measure", "Measuring")
    segmentation, function = _measure(stack, segmented.segmentation, options)
    uncertainty = segmented.uncertainty
    del segmented  # the network's own labels are as large as these, and done with
    measured = reporter.seconds
    summary = summarise(stack, function)
    seconds = {"read": read, "segment": networked - read, "measure": measured - networked}
    results = Results(
        summary=summary,
        stack=stack,
        segmentation=segmentation,
        function=function,
        uncertainty=uncertainty,
        seconds={name: round(value, 3) for name, value in seconds.items()},
    )
    if output.is_wanted:
        results = output.write(results, reporter.stage("export", "Writing results"))
    reporter.tell("done", 1.0, "Done")
    return results


def summarise(stack: CineStack, function: VentricularFunction) -> dict[str, Any]:
    """The numbers of a study as one row of a table."""
    row: dict[str, Any] = {"slices": stack.slices, "phases": stack.phases}
    for side, measures in (("lv", function.lv), ("rv", function.rv)):
        for key in MEASURES:
            if f"{side}_{key}" in SUMMARY:
                value = measures[key].value
                row[f"{side}_{key}"] = None if value is None else round(value, 2)
    for name, phase in asdict(function.key_phases).items():
        row[f"{name}_phase"] = None if phase is None else phase + 1  # counted from 1 where people read
    doubts = [finding for finding in function.findings if finding.severity is not Severity.INFO]
    row["errors"] = sum(finding.severity is Severity.ERROR for finding in doubts)
    row["warnings"] = len(doubts)
    row["warning_codes"] = " ".join(sorted({finding.code for finding in doubts}))
    return row


def _usual_seconds(options: Options, output: Output) -> dict[str, float]:
    seconds = dict(USUAL_SECONDS)
    if options.uncertainty:
        seconds["segment"] *= UNCERTAINTY_COSTS
    return {**seconds, "export": output.usual_seconds}


def _read(source: Path | CineStack, options: Options, reporter: Reporter) -> CineStack:
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
    return replace(stack, patient=options.with_patient(stack.patient))


def _segment(stack: CineStack, options: Options, reporter: Reporter) -> Segmented:
    from CardiacSegmentationLib.network.loaded import load_network
    from CardiacSegmentationLib.network.segment import REPAIRS, NetworkOptions, segment_stack

    reporter.stage("model", "Loading the network")
    network = load_network(options.model, options.backend, options.threads)
    choices = NetworkOptions(options.only_ed_es, options.uncertainty, REPAIRS if options.repairs else ())
    return segment_stack(stack, network, choices, reporter.stage("segment", f"Segmenting ({network.backend.name})"))


def _measure(
    stack: CineStack, segmentation: Segmentation, options: Options
) -> tuple[Segmentation, VentricularFunction]:
    """Leave out basal slices by the SCMR rule, measure, and add the doubts that only the numbers show."""
    from CardiacSegmentationLib.function import measure
    from CardiacSegmentationLib.network.quality import check_curve
    from CardiacSegmentationLib.network.segment import is_cyclic

    conventions = Conventions(papillary=options.papillary, bsa_formula=options.bsa_formula)
    segmentation = _leave_out_basal(stack, replace(segmentation, conventions=conventions))
    function = measure(stack, segmentation)
    doubts = check_curve(function.volumes_ml, is_cyclic(stack))
    return (
        replace(segmentation, findings=(*segmentation.findings, *doubts)),
        replace(function, findings=(*function.findings, *doubts)),
    )


def _leave_out_basal(stack: CineStack, segmentation: Segmentation) -> Segmentation:
    """The basal rule, for slices at the ends of the ventricle and not for one phase alone.

    Further in, an open wall is an error of the labels, and in a single phase it is one, too: quality control tells of
    those. Leaving such slices out would take their blood from the volume, and make that phase end-systole.
    """
    from CardiacSegmentationLib.function import propose_included

    _, row_mm, column_mm = stack.spacing_mm
    proposed, findings = propose_included(segmentation, row_mm, column_mm)
    left_out = ~proposed[Label.LV - 1]
    if segmentation.labelled.all() and stack.phases > 2:
        left_out &= np.roll(left_out, 1, axis=0) | np.roll(left_out, -1, axis=0)
    counts = ~left_out & (segmentation.labels == Label.LV).any(axis=(2, 3))
    from_one_end = np.logical_or.accumulate(counts, axis=1)
    from_the_other = np.logical_or.accumulate(counts[:, ::-1], axis=1)[:, ::-1]
    left_out &= ~(from_one_end & from_the_other)
    included = segmentation.included.copy()
    included[[Label.LV - 1, Label.MYO - 1]] &= ~left_out
    told = tuple(finding for finding in findings if finding.slice is None or left_out[:, finding.slice].any())
    return replace(segmentation, included=included, findings=(*segmentation.findings, *told))
