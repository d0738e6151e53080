"""The result folder: everything a study's results are kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.dicom_source import SourceError
from CardiacSegmentationLib.export.files import reason_of
from CardiacSegmentationLib.export.result_parts import PARTS, Options, Results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


class PartError(ExportError):
    """One part cannot be made of this study; the others can."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part = part


def write_results(
    folder: Path,
    stack: CineStack,
    segmentation: Segmentation,
    assessment: Assessment,
    parts: Sequence[str] | None = None,
    *,
    options: Options | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> list[Path]:
    """Write the parts asked for (all that the source allows, unless told) and return their files.

    Each file appears whole or not at all, and takes the place of an older one. ``progress`` hears what is written next
    and how much is done; it may raise :class:`Cancelled`.
    """
    chosen = list(default_parts(stack) if parts is None else parts)
    if unknown := [name for name in chosen if name not in PARTS]:
        msg = f"There is no result called {', '.join(unknown)}. Choose from: {', '.join(PARTS)}."
        raise ExportError(msg)
    results = Results(folder, stack, segmentation, assessment, options or Options())
    written: list[Path] = []
    for number, name in enumerate(chosen):
        part = PARTS[name]
        if progress:
            progress(part.title, number / len(chosen))
        files = _write_part(name, results)
        for stale in set(folder.glob(part.pattern)) - set(files):
            stale.unlink()  # of an earlier run over the same study, with other phases
        written += files
    if progress and chosen:
        progress("results written", 1.0)
    return written


def _write_part(name: str, results: Results) -> list[Path]:
    """The files of one part; what the disk or the source's headers do not allow is said to the user."""
    part = PARTS[name]
    try:
        return part.write(results)
    except OSError as error:
        msg = f"{results.folder} cannot be written ({reason_of(error)}). Choose another folder."
        raise ExportError(msg) from error
    except SourceError as error:
        raise PartError(name, str(error)) from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        if not part.needs_dicom:
            raise
        msg = f"The headers of this study allow no {part.title} ({reason_of(error)}). All other results can be written."
        raise PartError(name, msg) from error


def default_parts(stack: CineStack) -> list[str]:
    """Every part; without the DICOM objects where the source is not DICOM."""
    is_dicom = stack.source is not None and stack.source.format == "DICOM" and bool(stack.instance_uids)
    return [name for name, part in PARTS.items() if is_dicom or not part.needs_dicom]
