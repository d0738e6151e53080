"""The result folder: everything a study's results are kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CardiacSegmentationLib.errors import CardiacSegmentationError, ExportError, did_you_mean, reason_of
from CardiacSegmentationLib.export.dicom_source import SourceError
from CardiacSegmentationLib.export.result_parts import PARTS, ExportOptions, Need, PartInputs, available_needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import Labels, Segmentation
    from CardiacSegmentationLib.stack import CineStack


class PartError(ExportError):
    """One part cannot be made of this study; the others can. Its values name it."""

    @property
    def part(self) -> str:
        """The part's name in ``PARTS``."""
        return str(self.values["part"])


def write_results(
    folder: Path,
    stack: CineStack,
    segmentation: Segmentation,
    assessment: Assessment,
    parts: Iterable[str] | None = None,
    *,
    options: ExportOptions | None = None,
    uncertainty: Labels | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> list[Path]:
    """Write the parts asked for (all that can be made, unless told) and return their files.

    Each file appears whole or not at all, and takes the place of an older one. ``progress`` hears what is written next
    and how much is done; it may raise :class:`Cancelled`.
    """
    chosen = default_parts(stack, uncertainty=uncertainty is not None) if parts is None else choose_parts(parts)
    inputs = PartInputs(folder, stack, segmentation, assessment, options or ExportOptions(), uncertainty=uncertainty)
    return write_parts(inputs, chosen, progress)


def write_parts(
    inputs: PartInputs, chosen: Sequence[str], progress: Callable[[str, float], None] | None = None
) -> list[Path]:
    """Write these parts of what ``inputs`` hold, as :func:`write_results` does."""
    require_needs(chosen, uncertainty=inputs.uncertainty is not None)
    total, done = usual_seconds(chosen), 0.0
    written: list[Path] = []
    for name in chosen:
        part = PARTS[name]
        if progress:
            progress(part.title, done / total)
        files = _write_part(name, inputs)
        for stale in set(inputs.folder.glob(part.pattern)) - set(files):
            stale.unlink()  # of an earlier run over the same study, with other phases
        written += files
        done += part.usual_seconds
    if progress and chosen:
        progress("results written", 1.0)
    return written


def default_parts(stack: CineStack | None, *, uncertainty: bool = False) -> list[str]:
    """Every part that can be made of a study (``None``: of one that is not read yet) on this machine."""
    available = available_needs(stack, uncertainty=uncertainty)
    return [name for name, part in PARTS.items() if part.needs is None or part.needs in available]


def require_needs(parts: Iterable[str], *, uncertainty: bool) -> None:
    """Refuse parts that this machine or this run cannot make; whether a source allows DICOM, its headers will tell."""
    available = available_needs(None, uncertainty=uncertainty)
    for name in parts:
        need = PARTS[name].needs
        if need is not None and need not in available:
            raise _without(name, need)


def choose_parts(names: Iterable[str]) -> list[str]:
    """The parts that names mean, be it of parts or of groups (``tables``, ``dicom``), in their order."""
    wanted = set(names)
    if unknown := sorted(wanted - set(part_names())):
        advice = did_you_mean(unknown[0], part_names()) or f". Choose from: {', '.join(part_names())}."
        msg = f"There is no result called {', '.join(unknown)}{advice}"
        raise ExportError(msg)  # only a command line can name one
    return [name for name, part in PARTS.items() if name in wanted or part.group in wanted]


def part_names() -> list[str]:
    """Every name that parts answer to: groups first."""
    groups = dict.fromkeys(part.group for part in PARTS.values() if part.group)
    return [*groups, *PARTS]


def usual_seconds(parts: Sequence[str]) -> float:
    """What writing some parts usually takes."""
    return sum(PARTS[name].usual_seconds for name in parts)


def _without(part: str, need: Need) -> PartError:
    if need is Need.UNCERTAINTY:
        return PartError.of("no-uncertainty", part=part)
    return PartError.of("no-slicer", part=part)


def _write_part(name: str, inputs: PartInputs) -> list[Path]:
    """The files of one part; what the disk or the source's headers do not allow is said to the user."""
    part = PARTS[name]
    try:
        return part.write(inputs)
    except OSError as error:
        raise ExportError.of("unwritable", path=inputs.folder, reason=reason_of(error)) from error
    except SourceError as error:
        raise PartError.of(error.code, **error.values, part=name) from error
    except CardiacSegmentationError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        if part.needs is not Need.DICOM:
            raise
        raise PartError.of("headers-forbid", title=part.title, reason=reason_of(error), part=name) from error
