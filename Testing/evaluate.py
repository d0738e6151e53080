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
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.network.loaded import LoadedNetwork, load_network
from CardiacSegmentationLib.network.repairs import REPAIRS
from CardiacSegmentationLib.network.segment import Looked, look_at_heart, make_segmentation
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.reading import BasalRule, Conventions, KeyPhases, Reading
from CardiacSegmentationLib.segmentation import STRUCTURES, VENTRICLES, Segmentation
from CardiacSegmentationLib.stack import CineStack
from overlap import dice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from CardiacSegmentationLib.assessment import Assessment

BAD_DICE = 0.8
SPOILED_SHARE = 0.06  # of the images of a beat
HARD_PHANTOMS = (
    PhantomSpec(),
    PhantomSpec(lv_ef_percent=20, rv_ef_percent=20, lv_edv_ml=300),
    PhantomSpec(rv_edv_ml=320, rv_ef_percent=35),
    PhantomSpec(lv_ef_percent=80, lv_mass_g=220),
)
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
PHASES = ("ED", "ES")
MEASURES = {"edv_ml": "EDV ml", "esv_ml": "ESV ml", "ef_percent": "EF points"}
AT_ED_AND_ES = KeyPhases(lv_ed=0, lv_es=1, rv_ed=0, rv_es=1)


@dataclass(frozen=True, eq=False)
class Case:
    """One labelled study: images at ED and ES or through the beat, its labels, and what the network said."""

    name: str
    stack: CineStack
    truth: np.ndarray
    network: LoadedNetwork
    looked: Looked


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
    parts.append(hard_table(cases[:: options.hard], networks[0]))
    text = "\n\n".join(parts)
    if options.out:
        replace_figures(options.out, text)
    print(text)


def replace_figures(path: Path, text: str) -> None:
    """Put the figures between the two marks of a page, in place of the old ones."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def predict_cases(folder: Path, network: LoadedNetwork, every: int, rest: int) -> Iterator[Case]:
    """The chosen ACDC patients with the network's own labels."""
    for path in sorted(folder.glob("patient*.npz")):
        number = int(re.sub(r"\D", "", path.stem))
        if number % every != rest:
            continue
        stack, truth = stack_of_patient(path)
        yield Case(path.stem, stack, truth, network, look_at_heart(stack, network))


def stack_of_patient(path: Path) -> tuple[CineStack, np.ndarray]:
    """One of ACDC's compact files: the images at ED and ES, and the reader's labels."""
    data = np.load(path)
    slice_mm, row_mm, column_mm = (float(mm) for mm in data["spacing_mm"])
    return CineStack(data["image"], np.diag([column_mm, row_mm, slice_mm, 1.0]), (0.0, 300.0)), data["label"]


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


def hard_table(cases: Sequence[Case], network: LoadedNetwork) -> str:
    """Mean Dice with each repair alone, on images made harder: of the patients, and of phantoms through the beat."""
    names = ("network alone", *REPAIRS, "all repairs")
    lines = ["### Repairs on harder images", "", _row(["images", "studies", *names]), _row(["---"] * (len(names) + 2))]
    sets = {
        how: [_look_again(case, network, spoil(case.stack.voxels, how)) for case in cases]
        for how in ("noise", "coil", "breathing")
    }
    sets["phantoms, whole beat, single images spoiled"] = [_spoiled_phantom(spec, network) for spec in HARD_PHANTOMS]
    for how, harder in sets.items():
        cells = [_mean_dice(harder, repairs) for repairs in ((), *((name,) for name in REPAIRS), REPAIRS)]
        lines.append(_row([how, len(harder), *cells]))
    return "\n".join(lines)


def spoil(voxels: np.ndarray, how: str) -> np.ndarray:
    """Images made harder: Rician noise, a coil that falls off, slices moved by breathing, or some images lost."""
    random = np.random.default_rng(0)
    bright = float(np.percentile(voxels, 99))
    result = voxels.astype(np.float32)
    if how == "noise":
        real, imaginary = (random.normal(0, 0.1 * bright, voxels.shape) for _ in range(2))
        return np.hypot(result + real, imaginary).astype(np.float32)
    if how == "coil":
        rows, columns = (np.linspace(-0.2, 0.8, length) for length in voxels.shape[-2:])
        return result * np.exp(-4 * (rows[:, None] ** 2 + columns**2)).astype(np.float32)
    if how == "breathing":
        result[:, ::3] = shift(result[:, ::3])
        return result
    spoiled = random.random(voxels.shape[:2]) < SPOILED_SHARE
    noise = random.normal(0, 0.5 * bright, (2, *result[spoiled].shape))
    result[spoiled] = np.hypot(result[spoiled] + noise[0], noise[1])
    return result


def shift(images: np.ndarray) -> np.ndarray:
    """Images moved by six pixels, as another breath moves the heart."""
    return np.roll(images, (6, -6), axis=(-2, -1))


def _look_again(case: Case, network: LoadedNetwork, voxels: np.ndarray) -> Case:
    """The same study on other images; where slices were moved, its labels move with them."""
    stack = replace(case.stack, voxels=voxels)
    truth = case.truth
    if np.array_equal(voxels[:, ::3], shift(case.stack.voxels[:, ::3])):
        truth = truth.copy()
        truth[:, ::3] = shift(truth[:, ::3])
    return Case(case.name, stack, truth, network, look_at_heart(stack, network))


def _spoiled_phantom(spec: PhantomSpec, network: LoadedNetwork) -> Case:
    stack, truth = make_stack(spec)
    stack = replace(stack, voxels=spoil(stack.voxels, "images"))
    return Case("phantom", stack, truth.labels, network, look_at_heart(stack, network))


def _mean_dice(cases: Sequence[Case], repairs: Sequence[str]) -> str:
    return f"{np.mean([np.mean(_scores(repaired(case, repairs).labels, case.truth)) for case in cases]):.4f}"


def flag_table(cases: Sequence[Case]) -> str:
    """How findings and bad slices meet."""
    bad: set[tuple[str, int]] = set()
    flags: dict[str, set[tuple[str, int]]] = {}
    slices = 0
    for case in cases:
        segmentation = repaired(case, REPAIRS)
        findings = assess(case.stack, segmentation, Reading(key_phases=AT_ED_AND_ES)).findings
        slices += case.truth.shape[1]
        bad |= {(case.name, place) for place in bad_slices(segmentation.labels, case.truth)}
        for finding in findings:
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
    """The product's segmentation after some repairs."""
    return make_segmentation(case.stack, case.network, deepcopy(case.looked), repairs)


def volume_table(cases: Sequence[Case]) -> str:
    """Volumes and ejection fraction against the reader, bias ± SD, before and after repairs, and as the product counts.

    The reader's labels count as they are drawn.
    """
    header = ["volumes", *(f"{side.name} {measure}" for side in VENTRICLES for measure in MEASURES.values())]
    lines = ["### Volumes and ejection fraction", "", _row(header), _row(["---"] * len(header))]
    for title, repairs, rule in (
        ("network alone, as labelled", (), BasalRule.AS_LABELLED),
        ("with all repairs, as labelled", REPAIRS, BasalRule.AS_LABELLED),
        ("as the product counts", REPAIRS, Conventions().basal_rule),
    ):
        errors = np.array([_volume_errors(case, repairs, rule) for case in cases])
        means, deviations = errors.mean(axis=0), errors.std(axis=0, ddof=1)
        lines.append(_row([title, *(f"{m:+.1f} ± {d:.1f}" for m, d in zip(means, deviations, strict=True))]))
    return "\n".join(lines)


def _volume_errors(case: Case, repairs: Sequence[str], rule: BasalRule) -> list[float]:
    """Network − reader for LV and RV: EDV and ESV in ml, EF in points."""
    found = _measure(case, repaired(case, repairs), rule)
    truth = _measure(case, Segmentation.of(case.truth), BasalRule.AS_LABELLED)
    return [
        float(measures[key].value) - float(drawn[key].value)
        for measures, drawn in ((found.lv, truth.lv), (found.rv, truth.rv))
        for key in MEASURES
    ]


def _measure(case: Case, segmentation: Segmentation, rule: BasalRule) -> Assessment:
    return assess(case.stack, segmentation, Reading(AT_ED_AND_ES, conventions=Conventions(basal_rule=rule)))


def _dice_cells(cases: Sequence[Case], repairs: Sequence[str]) -> list[str]:
    scores = np.array([_scores(repaired(case, repairs).labels, case.truth) for case in cases])
    cells = [f"{scores[:, label - 1, phase].mean():.4f}" for label in reversed(STRUCTURES) for phase in range(2)]
    return [*cells, f"{scores.mean():.4f}", f"{scores.min():.3f}"]


def _scores(found: np.ndarray, truth: np.ndarray) -> list[list[float]]:
    return [[dice(found[phase] == label, truth[phase] == label) for phase in range(len(truth))] for label in STRUCTURES]


def _heading(networks: Sequence[LoadedNetwork], cases: Sequence[Case], options: argparse.Namespace) -> str:
    names = ", ".join(network.identity for network in networks)
    rests = ", ".join(map(str, options.rest))
    whom = "" if options.every == 1 else f" n with n mod {options.every} = {rests}"
    return (
        f"Made by `Testing/evaluate.py` with {names}, {networks[0].engine}, on the {len(cases)} "
        f"ACDC training patients{whom}, at ED and ES. {options.note}".rstrip()
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
    parser.add_argument(
        "--hard", type=int, default=2, help="every how many patients are looked at on harder images, too"
    )
    parser.add_argument("--out", type=Path, help="a page with marks between which the figures go")
    parser.add_argument("--note", default="", help="what to say about the network, such as what it was trained on")
    return parser.parse_args()


if __name__ == "__main__":
    main()
