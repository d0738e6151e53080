"""The program's own terminology list: Slicer's lists do not know the myocardium of the left ventricle."""

from __future__ import annotations

from typing import Any

from CardiacSegmentationLib.resources import resource
from CardiacSegmentationLib.structures import TERMINOLOGY_CONTEXT


def load_terms(terminologies_logic: Any) -> None:
    """Tell Slicer's Terminologies module the terms of the three structures; a second call changes nothing."""
    if not terminologies_logic.IsTerminologyContextLoaded(TERMINOLOGY_CONTEXT):
        terminologies_logic.LoadContextFromFile(str(resource("Terminologies", "CardiacCineMR.term.json")))
