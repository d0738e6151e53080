"""Whether the UIDs of a stack are as DICOM wants them: results refer to them, and archives refuse others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from CardiacSegmentationLib.cine.study import Candidate

_UID = re.compile(r"(?=.{1,64}$)(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")


def check_identifiers(candidate: Candidate) -> tuple[Finding, ...]:
    """One note for all UIDs that are none."""
    files = {frame.file for row in candidate.frames for frame in row if frame is not None}
    uids = {uid for file in files for uid in (file.study_uid, file.series_uid, file.instance_uid)}
    odd = sum(_UID.fullmatch(uid) is None for uid in uids)
    return (Finding("uids-odd", Severity.INFO, parameters={"count": odd}),) if odd else ()
