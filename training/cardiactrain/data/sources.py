"""The public data sets we know: who made them, under which licence, on which scanners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cardiactrain.data.subject import SubjectFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

KNOWN = {
    "acdc": (
        "CC BY-NC-SA 4.0",
        "Bernard et al. 2018, IEEE TMI 37(11):2514",
    ),
    "chla": (
        "may be used provided that the source of the data and study is cited",
        "JCMR 2020;22:80, doi 10.1186/s12968-020-00678-0",
    ),
    "sunnybrook": (
        "CC0 1.0",
        "Radau et al. 2009, MIDAS Journal",
    ),
    "mms": (
        "as the M&Ms challenge's terms say",
        "Campello et al. 2021, IEEE TMI 40(12):3543",
    ),
}
AGES = {"acdc": "adults", "chla": "children", "sunnybrook": "adults"}
MAKERS = {
    r"siemens": "Siemens",
    r"\bge\b|general electric": "GE",
    r"philips": "Philips",
    r"canon|toshiba": "Canon",  # Toshiba's scanners are Canon's since 2018
}


def describe(dataset: str, subject: str, *, vendor: str, group: str, patient: str = "") -> SubjectFacts:
    """Facts of a subject of a known data set; any other data set is the user's own."""
    licence, citation = KNOWN.get(dataset, ("own data", ""))
    return SubjectFacts(subject, dataset, name_maker(vendor), group, licence, citation, patient)


def name_maker(said: str) -> str:
    """A scanner's maker by one name, however its headers spell it: ``GE MEDICAL SYSTEMS`` is GE."""
    return next((name for pattern, name in MAKERS.items() if re.search(pattern, said, re.IGNORECASE)), said)


def cite(dataset: str) -> str:
    """Licence and source of a data set in one line."""
    licence, citation = KNOWN.get(dataset, ("own data", ""))
    return f"{licence}; {citation}" if citation else licence


def name_ages(datasets: Sequence[str]) -> str:
    """Whom the network has seen, as far as the data sets tell."""
    ages = {AGES.get(dataset, "not stated") for dataset in datasets}
    if {"children", "adults"} <= ages:
        return "children and adults"
    return ages.pop() if len(ages) == 1 else "not stated"
