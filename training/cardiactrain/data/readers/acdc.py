"""Reader of ACDC as downloaded: ``patientNNN/`` with ``Info.cfg`` and a NIfTI image and label map for ED and ES."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cardiactrain.data.readers.nifti import find_nifti, read_frame, read_labels, read_nifti
from cardiactrain.data.sources import describe
from cardiactrain.data.subject import LabelledStack, Subject
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cardiactrain.data.readers.reading import Found


def find(folder: Path) -> Iterator[Found]:
    """Every patient folder below ``folder``."""
    for info in sorted(folder.rglob("Info.cfg")):
        yield info.parent, partial(_subject, info)


def _subject(info: Path) -> Subject:
    facts = _read_info(info)
    name = info.parent.name
    stacks, spacing = [], (float("nan"),) * 3
    for phase in ("ED", "ES"):
        stem = f"{name}_frame{read_frame(facts, phase):02d}"
        image, spacing = read_nifti(find_nifti(info.parent, stem))
        labels = read_labels(find_nifti(info.parent, f"{stem}_gt"))
        stacks.append(LabelledStack.fully_labelled(phase, image, labels))
    described = describe("acdc", name, vendor="Siemens", group=facts.get("Group", "unknown"))
    return Subject(described, spacing, tuple(stacks))


def _read_info(path: Path) -> dict[str, str]:
    lines = (line.partition(":") for line in path.read_text().splitlines())
    facts = {key.strip(): value.strip() for key, _, value in lines}
    if not {"ED", "ES"} <= facts.keys():
        msg = f"{path} does not say which frames are ED and ES."
        raise DataError(msg)
    return facts
