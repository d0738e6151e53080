"""What each step costs on this machine: `./run bench [--out docs/performance.md]`.

Medians of at least five runs, taken in turn, on a phantom of 25 phases × 12 slices × 256². The rows with torch need an
environment that has it: `--torch-python PATH` (by default the one this runs in, where torch is installed).
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

import argparse
import itertools
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from CardiacSegmentationLib.cine import read_study
from CardiacSegmentationLib.network.alternatives import find_alternatives
from CardiacSegmentationLib.network.backends import ENGINES, is_installed
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.network.segment import NetworkOptions, segment_stack
from CardiacSegmentationLib.phantom import PhantomSpec, write_study
from CardiacSegmentationLib.pipeline import Existing, Options, segment_study
from CardiacSegmentationLib.pipeline.batch import segment_batch
from CardiacSegmentationLib.pipeline.cluster import segment_on_cluster
from CardiacSegmentationLib.pipeline.plan import plan_batch
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.session import StudySession
from CardiacSegmentationLib.session.segment_again import request_slice, shown_labels
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from CardiacSegmentationLib.pipeline.plan import Task
    from CardiacSegmentationLib.stack import CineStack

SPEC = PhantomSpec(phases=25, slices=12, pixel_mm=1.25)  # 256 × 256 pixels
LIMITS = {"network": 1.2, "all tables": 2.5, "everything": 5.0, "memory_mb": 600.0, "nnunet_ratio": 20.0}
STROKE_LIMITS_MS = {"one slice": 50.0, "a whole phase": 100.0}
ENGINES_TEXT = (
    "From a stack in memory to its checked segmentation: finding the heart, views, the network, labels on the native "
    "grid, repairs, quality."
)
COMMAND_TEXT = "`cardiacseg segment STUDY --out DIR`, from a cold start of Python to the last file."
SCALING_TEXT = "ONNX Runtime; more phases and more slices of the same pixels."
BATCH_TEXT = "`cardiacseg batch ROOT --only tables`, start of the workers included."
STROKE_TEXT = "From labels that a person changed at end-diastole to every number and finding, without any window."
SCALES = (1, 2, 4, 8)
BATCH_HEADER = ("with", "workers", "studies", "s", "studies an hour")
LIBRARY = Path(__file__).resolve().parents[1] / "CardiacSegmentation"


@dataclass(frozen=True)
class Timing:
    """The seconds of several runs of one thing."""

    title: str
    seconds: tuple[float, ...]
    note: str = ""

    @property
    def median(self) -> float:
        """Median of the runs."""
        return statistics.median(self.seconds)


def main() -> None:
    """Measure and print; write where asked."""
    options = _options()
    if options.cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    with tempfile.TemporaryDirectory(prefix="cardiacseg-bench-") as folder:
        study = Path(folder, "study")
        write_study(study, SPEC)
        sections = []
        for section in measure(study, Path(folder), options):
            print(section + "\n", flush=True)
            sections.append(section)
    if options.out is not None:
        options.out.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def measure(study: Path, folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """All tables, each as soon as it is measured."""
    stack = read_study(study)
    check_idle()
    engines = [name for name in ENGINES if is_installed(name)]
    yield _heading(stack, options)
    measured = in_turn(engine_runs(stack, engines, options.threads), options.runs)
    others = torch_timings(stack, folder, options)
    yield f"## The network part\n\n{ENGINES_TEXT}\n\n{_engine_table(measured, others)}"
    commands, memory_mb = command_timings(study, folder, options.runs)
    command_rows = [(timing.title, f"{timing.median:.2f}", _all(timing)) for timing in commands]
    yield f"## The whole command\n\n{COMMAND_TEXT}\n\n{_table(('what', 'median s', 'runs s'), command_rows)}"
    yield f"Peak memory of the largest process, everything: {memory_mb:.0f} MB."
    parts = [(timing.title, f"{timing.median:.2f}") for timing in part_timings(study, folder, options.runs)]
    yield "## What each step takes\n\n" + _table(("step", "median s"), parts)
    strokes = stroke_timings(stack, options.runs)
    stroke_rows = [(timing.title, f"{1000 * timing.median:.0f}") for timing in strokes]
    yield f"## Stroke → numbers\n\n{STROKE_TEXT}\n\n{_table(('what', 'median ms'), stroke_rows)}"
    yield f"## Scaling\n\n{SCALING_TEXT}\n\n{_scaling_table(stack, options)}"
    yield f"## Many studies\n\n{BATCH_TEXT}\n\n{_table(BATCH_HEADER, batch_throughput(folder))}"
    yield _correcting()
    yield _in_a_browser(folder)
    yield _verdict(measured, others, commands, memory_mb, strokes)


def _correcting() -> str:
    """What a reader waits for, and how much she has to do."""
    from bench_corrections import measure as measure_corrections
    from bench_corrections import table, total
    from contours.bench_contours import measure as measure_contours

    rows = [(title, f"{wall:.1f}", f"{processor:.1f}") for title, (wall, processor) in measure_contours().items()]
    latency = _table(("what", "median ms", "ms of processor"), rows)
    text = (
        "The shipped network on noisy phantoms, 16 phases × 10 slices. A scripted reader corrects end-diastole and "
        "end-systole until cavity, cavity with muscle, and RV agree with the truth in every slice (Dice > 0.95). An "
        "action is one press-to-release or one key, of reader and painters alike. The reader draws with an unsteady "
        "hand (0.7 mm); a painter with the same hand fills each patch of wrong pixels of one label with one stroke, up "
        "to where that hand would have drawn; an ideal painter up to the truth. Then the corrections are propagated."
    )
    corrections = measure_corrections()
    return f"## Correcting\n\n{latency}\n\n{text}\n\n{table([*corrections, total(corrections)])}"


def _in_a_browser(folder: Path) -> str:
    """What a reader at the page waits for."""
    from browser.bench_browser import measure

    text = (
        "A study of 25 phases × 12 slices as a page. Steps go through the local server, from the request to the last "
        "byte of the answer; in brackets the processors' time, which tells more where other programs run as well."
    )
    return f"## In a browser\n\n{text}\n\n{_table(('what', 'median', 'wanted'), measure(folder))}"


def check_idle() -> None:
    """Figures of a machine that does something else as well are worth nothing: say so."""
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5:
        print(f"The machine is busy (load {os.getloadavg()[0]:.1f}): do not use these figures.", file=sys.stderr)


def in_turn(runs: Mapping[str, Callable[[], object]], count: int) -> list[Timing]:
    """Each thing once, then each again: what the machine does besides falls on all alike. The first round warms up."""
    seconds: dict[str, list[float]] = {title: [] for title in runs}
    for turn in range(count + 1):
        for title, run in runs.items():
            taken = clock(run)
            if turn:
                seconds[title].append(taken)
    return [Timing(title, tuple(values)) for title, values in seconds.items()]


def clock(run: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def engine_runs(stack: CineStack, engines: Sequence[str], threads: int | None) -> dict[str, Callable[[], object]]:
    """Segmenting the stack in each engine; loading is done before."""

    def run(engine: str) -> Callable[[], object]:
        network = load_network(None, engine, threads)
        return lambda: segment_stack(stack, network, NetworkOptions())

    return {engine: run(engine) for engine in engines}


def torch_timings(stack: CineStack, folder: Path, options: argparse.Namespace) -> list[Timing]:
    """The comparison nets, in the environment that has torch; nothing where there is none."""
    if options.torch_python is None:
        return []
    images = folder / "stack.npz"
    np.savez(images, voxels=stack.voxels, affine=stack.affine, times_ms=stack.times_ms)
    script = Path(__file__).with_name("bench_torch.py")
    command = [str(options.torch_python), str(script), str(images), "--runs", str(options.runs)]
    command += ["--threads", str(options.threads or options.cores or os.cpu_count())]
    environment = {**os.environ, "PYTHONPATH": str(LIBRARY)}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if result.returncode:
        print(f"No rows with torch: {result.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return []
    return [Timing(**{**row, "seconds": tuple(row["seconds"])}) for row in json.loads(result.stdout)]


def command_timings(study: Path, folder: Path, runs: int) -> tuple[list[Timing], float]:
    """Wall time of the command with tables only and with everything, and the peak memory of its processes in MB."""
    peak = 0.0
    timings = []
    for title, more in (("all tables", ["--only", "tables"]), ("everything", [])):
        seconds = []
        for _ in range(runs):
            command = [sys.executable, "-m", "CardiacSegmentationLib", "segment", str(study)]
            command += ["--out", str(folder / "out"), "--force", "--backend", "onnx", *more]
            taken, memory = _run_command(command)
            seconds.append(taken)
            peak = max(peak, memory)
        timings.append(Timing(title, tuple(seconds)))
    return timings, peak


def part_timings(study: Path, folder: Path, runs: int) -> list[Timing]:
    """Seconds of each part of the results by itself."""
    from CardiacSegmentationLib.export.results import default_parts, write_results

    results = segment_study(study, options=Options(backend="onnx"))
    values: Any = (results.stack, results.segmentation, results.assessment)
    out = folder / "parts"
    calls: dict[str, Callable[[], object]] = {
        "read the study": lambda: read_study(study),
        "SimpleITK reads the same images": lambda: _read_with_simpleitk(results.stack),
    }
    for part in default_parts(values[0]):
        calls[part] = lambda part=part: write_results(out, *values, parts=(part,))
    out.mkdir()
    return in_turn(calls, runs)


def _read_with_simpleitk(stack: CineStack) -> None:
    import SimpleITK as sitk  # noqa: N813

    assert stack.source is not None
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in stack.source.files])
    reader.Execute()


def batch_throughput(folder: Path, studies: int = 12, workers: Sequence[int] = (1, 2)) -> list[Sequence[str]]:
    """Studies an hour with as many workers, on phantoms of 25 phases × 12 slices; Dask where it is installed."""
    root = folder / "batch"
    for number in range(studies):
        write_study(root / f"{number:03d}", replace(SPEC, lv_edv_ml=130.0 + number))
    tasks, _ = plan_batch(root, folder / "results")
    options = Options(backend="onnx", parts=("tables",), existing=Existing.REPLACE)
    ways: dict[str, Callable[[int], list[dict[str, Any]]]] = {
        "processes": lambda count: list(segment_batch(tasks, options, jobs=count))
    }
    if find_spec("distributed"):
        ways["Dask"] = lambda count: _segment_on_dask(tasks, options, count)
    rows = []
    for name, way in ways.items():
        for count in workers:
            started = time.perf_counter()
            statuses = {row["status"] for row in way(count)}
            seconds = time.perf_counter() - started
            if statuses != {"done"}:
                msg = f"The batch did not succeed: {statuses}"
                raise RuntimeError(msg)
            rows.append((name, str(count), str(studies), f"{seconds:.1f}", f"{3600 * studies / seconds:.0f}"))
    return rows


def _segment_on_dask(tasks: Sequence[Task], options: Options, workers: int) -> list[dict[str, Any]]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        return list(segment_on_cluster(tasks, options, cluster.scheduler_address))


def stroke_timings(stack: CineStack, runs: int) -> list[Timing]:
    """What a correction costs a session: labels in, every number and finding out; and opening a segmented study."""
    segmentation = segment_stack(stack, load_network(None, "onnx")).segmentation
    session = StudySession(stack, segmentation)
    ed = session.assessment.key_phases.lv_ed or 0
    middle = int(np.median(np.flatnonzero((segmentation.labels[ed] == Label.LV).any(axis=(1, 2)))))
    inner = ndimage.binary_erosion(segmentation.labels[ed] == Label.LV, np.ones((1, 3, 3), bool))
    smaller = np.where((segmentation.labels[ed] == Label.LV) & ~inner, np.uint8(Label.MYO), segmentation.labels[ed])
    slices = itertools.cycle([smaller[middle], segmentation.labels[ed, middle]])
    phases = itertools.cycle([smaller, segmentation.labels[ed]])
    one_core, again = load_network(None, "onnx", 1), request_slice(session, (ed, middle))
    runs_alone: dict[str, Callable[[], object]] = {
        "one slice": lambda: session.put({(ed, middle): next(slices)}, "Paint"),
        "a whole phase": lambda: session.edit(ed, next(phases), "Margin"),
        "open a segmented study": lambda: StudySession(stack, segmentation),
        "segment one slice again, all proposals, one core": lambda: find_alternatives(
            stack, one_core, again, shown_labels(session, again)
        ),
    }
    return [timing for title, run in runs_alone.items() for timing in in_turn({title: run}, runs)]


def _scaling_table(stack: CineStack, options: argparse.Namespace) -> str:
    network = load_network(None, "onnx", options.threads)
    rows = []
    for axis, title in ((0, "phases"), (1, "slices")):
        for scale in SCALES:
            larger = _enlarged(stack, axis, scale)
            seconds = [clock(lambda larger=larger: segment_stack(larger, network)) for _ in range(options.runs)]
            median = statistics.median(seconds)
            rows.append((f"{scale} × {title}", f"{median:.2f}", f"{1e9 * median / larger.voxels.size:.1f}"))
    return _table(("study", "median s", "ms per million pixels"), rows)


def _enlarged(stack: CineStack, axis: int, scale: int) -> CineStack:
    voxels = np.repeat(stack.voxels, scale, axis=axis)
    if axis == 0:
        times = tuple(float(t) for t in np.linspace(0, stack.times_ms[-1], len(voxels)))
        return replace(stack, voxels=voxels, times_ms=times, instance_uids=(), frame_numbers=())
    affine = stack.affine.copy()
    affine[:3, 2] /= scale
    return replace(stack, voxels=voxels, affine=affine, instance_uids=(), frame_numbers=())


# A process takes over the peak memory of the one that starts it: so a small one stands between.
WATCH = """
import os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - started, usage.ru_maxrss / 1024)
sys.exit(status != 0)
"""


def _run_command(command: list[str]) -> tuple[float, float]:
    watched = subprocess.run([sys.executable, "-c", WATCH, *command], stdout=subprocess.PIPE, text=True, check=False)
    if watched.returncode:
        msg = f"{' '.join(command)} failed"
        raise SystemExit(msg)
    taken, memory_mb = map(float, watched.stdout.split())
    return taken, memory_mb


def _engine_table(measured: Sequence[Timing], others: Sequence[Timing]) -> str:
    reference = next(timing for timing in measured if timing.title == "onnx").median
    rows = [
        (timing.title + (f" ({timing.note})" if timing.note else ""), f"{timing.median:.2f}", _all(timing),
         f"{timing.median / reference:.2f}")
        for timing in (*measured, *others)
    ]  # fmt: skip
    return _table(("engine", "median s", "runs s", "times ONNX Runtime"), rows)


def _verdict(
    measured: Sequence[Timing],
    others: Sequence[Timing],
    commands: Sequence[Timing],
    memory_mb: float,
    strokes: Sequence[Timing],
) -> str:
    fastest = min(timing.median for timing in measured)
    checks = [
        ("network part, fastest engine", fastest, LIMITS["network"], "s"),
        *((f"command to {timing.title}", timing.median, LIMITS[timing.title], "s") for timing in commands),
        ("memory of the largest process, everything", memory_mb, LIMITS["memory_mb"], "MB"),
        *(
            (f"stroke → numbers, {timing.title}", 1000 * timing.median, STROKE_LIMITS_MS[timing.title], "ms")
            for timing in strokes
            if timing.title in STROKE_LIMITS_MS
        ),
    ]
    rows = [
        (title, f"{value:.3g} {unit}", f"≤ {limit:g} {unit}", "yes" if value <= limit else "no")
        for title, value, limit, unit in checks
    ]
    for timing in others:
        if "nnU-Net" in timing.title:
            ratio = timing.median / fastest
            met = "yes" if ratio >= LIMITS["nnunet_ratio"] else "no"
            rows.append(
                ("faster than an nnU-Net-2D-sized net", f"{ratio:.0f} ×", f"≥ {LIMITS['nnunet_ratio']:g} ×", met)
            )
    return "## Against the goals\n\n" + _table(("goal", "measured", "wanted", "met"), rows)


def _heading(stack: CineStack, options: argparse.Namespace) -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f"; load when it began {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "onnxruntime", "openvino") if find_spec(name))
    phases, slices, rows, columns = stack.voxels.shape
    model = load_network(None, "onnx").bundle.identity
    return (
        "# What it costs\n\n"
        f"Made by `./run bench`. {_processor()}, {cores} cores used; {platform.system()}, Python "
        f"{platform.python_version()}, {packages}{load}.\n\n"
        f"A phantom of {phases} phases × {slices} slices × {rows} × {columns} pixels; medians of {options.runs} runs, "
        f"the engines in turn; {model}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _all(timing: Timing) -> str:
    return " ".join(f"{seconds:.2f}" for seconds in timing.seconds)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--cores", type=int, default=2, help="processor cores to use (2); 0: all")
    parser.add_argument("--threads", type=int, help="threads of the engines (one for each core)")
    here = Path(sys.executable) if find_spec("torch") else None
    parser.add_argument("--torch-python", type=Path, default=here, help="a Python that has torch, for comparison")
    parser.add_argument("--out", type=Path, help="write the tables here, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
