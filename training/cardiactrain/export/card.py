"""The words that go with the weights: a card for the bundle, and what the data's licences mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cardiactrain.data.sources import cite
from cardiactrain.data.splits import choose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cardiactrain.run import Run

SHARE_ALIKE = """\
Weights of the network in this folder
=====================================

These weights were learned from, among others, the ACDC data set, which is licensed CC BY-NC-SA 4.0 (Creative Commons
Attribution, Non-Commercial, Share-Alike). Whether weights are an adaptation of the data they were learned from is not
settled law. To be on the safe side these weights are given under the same terms:

  * for non-commercial use only,
  * naming the sources (docs/README.md),
  * and what is made from them - fine-tuned or distilled weights - under the same licence.

Licence: CC BY-NC-SA 4.0, https://creativecommons.org/licenses/by-nc-sa/4.0/
"""
OWN = """\
Weights of the network in this folder
=====================================

These weights belong to those who trained them, and to the terms of the data they were learned from (docs/README.md).
Put your own licence here before you pass them on.
"""
PROGRAM = """
The program's source code is not affected: it is under the Apache Licence 2.0 and works with weights that were trained
on other data. Not a medical device; no warranty of any kind.
"""


def write_licence(datasets: Sequence[str]) -> str:
    """The weights' licence, as the data they were learned from asks for it."""
    return (SHARE_ALIKE if "acdc" in datasets else OWN) + PROGRAM


def write_card(name: str, version: str, run: Run, rows: Sequence[Mapping[str, str]], figures: Mapping[str, Any]) -> str:
    """The bundle's own README; ``rows`` are the store's index, which may lack those whom an earlier run saw."""
    lines = [
        f"# {name} {version}",
        "",
        *([run.recipe.description.strip(), ""] if run.recipe.description else []),
        "Labels both ventricles and the LV myocardium in cine short-axis cardiac MR. Not a medical device.",
        "",
        "## Trained on",
        "",
        "| Data set | Patients | Scanner | Licence and source |",
        "|---|---|---|---|",
    ]
    for dataset in run.datasets:
        keys = choose(sorted(run.seen), [dataset])
        vendors = sorted({row["vendor"] for row in rows if row["key"] in keys})
        lines.append(f"| {dataset} | {len(keys)} | {', '.join(vendors) or 'not stated'} | {cite(dataset)} |")
    if run.recipe.data.phantoms:
        lines.append(f"| phantoms | {run.recipe.data.phantoms} | none | made by the program itself |")
    lines += ["", "## Figures", "", *_figures(figures), "", "## Licence", ""]
    lines += ["See LICENSE."]
    return "\n".join(lines) + "\n"


def _figures(figures: Mapping[str, Any]) -> list[str]:
    if not figures:
        return ["None were given at export."]
    lines = [str(figures["how"]), ""] if "how" in figures else []
    for dataset, values in figures.items():
        if isinstance(values, dict):
            lines.append(f"- {dataset}: " + ", ".join(f"{key} {value}" for key, value in values.items()))
    return lines
