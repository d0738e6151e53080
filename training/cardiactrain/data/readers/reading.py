"""What all readers share: subjects that were found, and errors that say where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from CardiacSegmentationLib.errors import CardiacSegmentationError

from cardiactrain.data.subject import Subject
from cardiactrain.errors import DataError

Found = tuple[Path, Callable[[], Subject | None]]  # a subject's folder or file, and what reads it; None: left out


@contextmanager
def naming(place: Path) -> Iterator[None]:
    """Whatever cannot be read in here is an error that names its folder or file."""
    try:
        yield
    except CardiacSegmentationError:
        raise
    except Exception as error:  # nibabel, pydicom, scipy, gzip and zip each raise their own
        msg = f"{place} cannot be read ({type(error).__name__}: {error}). Mend it, or leave it out of the source."
        raise DataError(msg) from error
