"""Sentences that more than one part of the panel says."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from slicer.i18n import tr as _

from CardiacSegmentationLib.findings import Severity, describe
from CardiacSegmentationLib.gui.translation import language

if TYPE_CHECKING:
    from collections.abc import Iterable

    from CardiacSegmentationLib.findings import Finding

SIGNS = {Severity.ERROR: "✖", Severity.WARNING: "⚠", Severity.INFO: "•"}
ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)
MOST_FINDINGS = 8


def findings_html(findings: Iterable[Finding]) -> str:
    """The gravest findings as lines of rich text, those of one severity in their order, and how many there are more."""
    ordered = sorted(findings, key=lambda finding: ORDER.index(finding.severity))
    lines = [
        f"{SIGNS[finding.severity]} {html.escape(describe(finding, language()))}" for finding in ordered[:MOST_FINDINGS]
    ]
    if len(ordered) > MOST_FINDINGS:
        lines.append(_("… and {count} more").format(count=len(ordered) - MOST_FINDINGS))
    return "<br>".join(lines)


def duration(seconds: float) -> str:
    """A time left as a person says it."""
    if seconds < 2:
        return _("a moment")
    if seconds < 90:
        return _("{count} seconds").format(count=round(seconds))
    return _("{count} minutes").format(count=round(seconds / 60))


def stage_text(stage: str) -> str:
    """What the background run is doing, in the user's language; an unknown stage speaks for itself."""
    known = {
        "read": _("Reading the images"),
        "model": _("Loading the network"),
        "segment": _("Segmenting"),
        "measure": _("Measuring"),
        "export": _("Writing results"),
    }
    return known.get(stage, stage)


def network_name(name: str) -> str:
    """What a network that ships is to a reader; an unknown one keeps its own name."""
    known = {
        "cardiac-sax": _("Usual"),
        "cardiac-sax-ensemble": _("Mean of two networks (takes twice as long)"),
    }
    return known.get(name, name)


def message_html(severity: Severity, text: str) -> str:
    """One line of rich text with the sign of its severity."""
    return f"{SIGNS[severity]} {html.escape(text)}"
