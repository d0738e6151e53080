"""How good the segmentation and its own doubts are, on labelled studies: the figures of docs/quality.md.

    .venv/bin/python Testing/evaluate.py [--data DIR] [--model DIR …] [--every 5 --rest 1 …] [--out docs/quality.md]

The studies are the compact ``.npz`` of ACDC (RV, myocardium, LV at ED and ES). ``--every 5 --rest 1`` takes patients n
with n mod 5 = 1: name those the network was not trained on. Several networks, of a cross-validation, each take the rest
at their own place: ``--model fold0 fold1 --rest 1 2``.
"""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.network.infer import Prediction, predict
from CardiacSegmentationLib.network.loaded import Network, load_network
from CardiacSegmentationLib.network.locate import locate_heart
from CardiacSegmentationLib.network.segment import REPAIRS, NetworkOptions, repair_and_check
from CardiacSegmentationLib.segmentation import STRUCTURES, Label
from CardiacSegmentationLib.stack import CineStack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from CardiacSegmentationLib.segmentation import Segmentation

BAD_DICE = 0.8
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
PHASES = ("ED", "ES")
MEASURES = ("EDV ml", "ESV ml", "EF points")


@dataclass(frozen=True, eq=False)
class Case:
    """One labelled study: images at ED and ES, a reader's labels, and what the network said."""

    name: str
    stack: CineStack
    truth: np.ndarray
    prediction: Prediction


def main() -> None:
    """Evaluate and print, or write."""
    options = _options()
    networks = [load_network(folder, options.backend) for folder in options.model or [None]]
    cases = [
        case
        for network, rest in zip(networks, options.rest, strict=True)
        for case in predict_cases(options.data / "acdc", network, options.every, rest)
    ]
    parts = [_heading(networks, cases, options), repair_table(cases), volume_table(cases), flag_table(cases)]
    text = "\n\n".join(parts)
    if options.out:
        replace_figures(options.out, text)
    print(text)


def replace_figures(path: Path, text: str) -> None:
    """Put the figures between the two marks of a page, in place of the old ones."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def predict_cases(folder: Path, network: Network, every: int, rest: int) -> Iterator[Case]:
    """The chosen ACDC patients with the network's own labels."""
    for path in sorted(folder.glob("patient*.npz")):
        number = int(re.sub(r"\D", "", path.stem))
        if number % every != rest:
            continue
        data = np.load(path)
        slice_mm, row_mm, column_mm = (float(mm) for mm in data["spacing_mm"])
        stack = CineStack(data["image"], np.diag([column_mm, row_mm, slice_mm, 1.0]), (0.0, 300.0))
        location = locate_heart(stack, network)
        yield Case(path.stem, stack, data["label"], predict(stack, location.view, network, range(2)))


def repair_table(cases: Sequence[Case]) -> str:
    """Mean Dice per structure and phase: the network alone, then with one repair after the other."""
    header = ["step", *(f"{label.name} {phase}" for label in reversed(STRUCTURES) for phase in PHASES), "mean", "min"]
    lines = ["### What each repair does to Dice", "", _row(header), _row(["---"] * len(header))]
    for count in range(len(REPAIRS) + 1):
        title = "network alone" if count == 0 else f"+ {REPAIRS[count - 1]}"
        lines.append(_row([title, *_dice_cells(cases, REPAIRS[:count])]))
    for left_out in REPAIRS:
        others = [name for name in REPAIRS if name != left_out]
        lines.append(_row([f"all but {left_out}", *_dice_cells(cases, others)]))
    return "\n".join(lines)


def flag_table(cases: Sequence[Case]) -> str:
    """How findings and bad slices meet."""
    bad: set[tuple[str, int]] = set()
    flags: dict[str, set[tuple[str, int]]] = {}
    slices = 0
    for case in cases:
        segmentation = repaired(case, REPAIRS)
        slices += case.truth.shape[1]
        bad |= {(case.name, place) for place in bad_slices(segmentation.labels, case.truth)}
        for finding in segmentation.findings:
            if finding.slice is not None and finding.severity is not Severity.INFO:
                flags.setdefault(finding.code, set()).add((case.name, finding.slice))
    flagged = set().union(*flags.values()) if flags else set()
    header = ["finding", "slices flagged", "of them bad", "share"]
    lines = ["### Do the findings point to bad slices?", ""]
    lines += [
        (f"A slice is bad when the Dice of any structure is below {BAD_DICE} at ED or ES against the reader. "
        f"{len(bad)} of {slices} slices are."), "", _row(header), _row(["---"] * 4),
    ]  # fmt: skip
    for code, places in sorted(flags.items()):
        lines.append(_row([code, len(places), len(places & bad), _share(len(places & bad), len(places))]))
    lines.append(_row(["any", len(flagged), len(flagged & bad), _share(len(flagged & bad), len(flagged))]))
    missed = bad - flagged
    lines += ["", f"Bad slices without any finding: {len(missed)} of {len(bad)} ({_share(len(missed), len(bad))})."]
    return "\n".join(lines)


def bad_slices(found: np.ndarray, truth: np.ndarray) -> list[int]:
    """Slices with a structure below the limit in any phase; where neither has it there is nothing to compare."""
    return [
        place
        for place in range(truth.shape[1])
        if any(
            dice(found[phase, place] == label, truth[phase, place] == label) < BAD_DICE
            for phase in range(len(truth))
            for label in STRUCTURES
        )
    ]


def repaired(case: Case, repairs: Sequence[str]) -> Segmentation:
    """The segmentation after some repairs."""
    return repair_and_check(case.stack, case.prediction, NetworkOptions(repairs=tuple(repairs)))


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Overlap of two masks; 1 where both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def volume_table(cases: Sequence[Case]) -> str:
    """Volumes and ejection fraction against the reader, voxels counted in both: bias ± SD, before and after repairs."""
    header = ["volumes", *(f"{side} {measure}" for side in ("LV", "RV") for measure in MEASURES)]
    lines = ["### Volumes and ejection fraction", "", _row(header), _row(["---"] * len(header))]
    for title, repairs in (("network alone", ()), ("with all repairs", REPAIRS)):
        errors = np.array([_volume_errors(case, repairs) for case in cases]).reshape(len(cases), -1)
        means, deviations = errors.mean(axis=0), errors.std(axis=0, ddof=1)
        lines.append(_row([title, *(f"{m:+.1f} ± {d:.1f}" for m, d in zip(means, deviations, strict=True))]))
    return "\n".join(lines)


def _volume_errors(case: Case, repairs: Sequence[str]) -> list[list[float]]:
    """Network − reader for LV and RV: EDV and ESV in ml, EF in points."""
    voxel_ml = float(np.prod(case.stack.spacing_mm)) / 1000
    errors = []
    for side in (Label.LV, Label.RV):
        (edv, esv), (true_edv, true_esv) = (
            (np.count_nonzero(labels == side, axis=(1, 2, 3)) * voxel_ml)
            for labels in (repaired(case, repairs).labels, case.truth)
        )
        errors.append([edv - true_edv, esv - true_esv, 100 * (true_esv / true_edv - esv / edv)])
    return errors


def _dice_cells(cases: Sequence[Case], repairs: Sequence[str]) -> list[str]:
    scores = np.array([_scores(repaired(case, repairs).labels, case.truth) for case in cases])
    cells = [f"{scores[:, label - 1, phase].mean():.4f}" for label in reversed(STRUCTURES) for phase in range(2)]
    return [*cells, f"{scores.mean():.4f}", f"{scores.min():.3f}"]


def _scores(found: np.ndarray, truth: np.ndarray) -> list[list[float]]:
    return [[dice(found[phase] == label, truth[phase] == label) for phase in range(2)] for label in STRUCTURES]


def _heading(networks: Sequence[Network], cases: Sequence[Case], options: argparse.Namespace) -> str:
    names = ", ".join(network.bundle.identity for network in networks)
    rests = ", ".join(map(str, options.rest))
    return (
        f"Made by `Testing/evaluate.py` with {names}, {networks[0].backend.name}, on the {len(cases)} "
        f"ACDC training patients n with n mod {options.every} = {rests}, at ED and ES. {options.note}".rstrip()
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _row(cells: Sequence[Any]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CARDIACSEG_DATA", beside)))
    parser.add_argument("--model", type=Path, nargs="+")
    parser.add_argument("--backend", default="onnx")
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--rest", type=int, nargs="+", default=[1])
    parser.add_argument("--out", type=Path, help="a page with marks between which the figures go")
    parser.add_argument("--note", default="", help="what to say about the network, such as what it was trained on")
    return parser.parse_args()


if __name__ == "__main__":
    main()
