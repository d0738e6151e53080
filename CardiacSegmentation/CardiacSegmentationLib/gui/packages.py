"""The Python packages that Slicer does not bring: asked for once, at the moment of need."""

from __future__ import annotations

import importlib.util
from subprocess import CalledProcessError
from typing import TYPE_CHECKING

from slicer.i18n import tr as _

from CardiacSegmentationLib.errors import CardiacSegmentationError
from CardiacSegmentationLib.gui.messages import arrow_shown
from CardiacSegmentationLib.network.backends import ENGINES
from CardiacSegmentationLib.network.backends import is_installed as is_engine_installed
from CardiacSegmentationLib.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUESTER = "CardiacSegmentation"


def is_installed(name: str) -> bool:
    """Whether a package can be imported; it is not."""
    return importlib.util.find_spec(name) is not None


def ensure_engine(backend: str) -> None:
    """Have what an engine needs; any of them will do where the user left the choice to the program."""
    if backend == "auto":
        backend = next(filter(is_engine_installed, ENGINES), "onnx")
    ensure_packages(ENGINES[backend])


def ensure_packages(names: Iterable[str]) -> None:
    """Install what is missing of these packages after asking; whatever prevents it is an error with a sentence."""
    missing = [name for name in names if not is_installed(name)]
    if not missing:
        return
    try:
        _install(missing)
    except ImportError as error:
        raise _not_installed(missing, _("Slicer 5.12 or newer can install it.")) from error
    except CalledProcessError as error:  # before the others: pip's own words are in Slicer's error log
        text = _("Installing it failed: is this computer online? Slicer's error log has the details.")
        raise _not_installed(missing, text) from error
    except (RuntimeError, OSError) as error:  # declined
        raise _not_installed(missing, f"({error})") from error
    importlib.invalidate_caches()
    if not all(map(is_installed, missing)):
        raise _not_installed(missing)


def _install(names: list[str]) -> None:
    from slicer.packaging import load_requirements, pip_ensure  # older ones also have a pydicom too old for highdicom

    requirements = load_requirements(resource("requirements.txt"))
    with arrow_shown():
        pip_ensure([entry for entry in requirements if entry.name in names], requester=REQUESTER)


def _not_installed(missing: list[str], reason: str = "") -> CardiacSegmentationError:
    sentences = [_("{packages} is needed for this and not installed.").format(packages=", ".join(missing)), reason]
    return CardiacSegmentationError(" ".join(sentences).strip())
