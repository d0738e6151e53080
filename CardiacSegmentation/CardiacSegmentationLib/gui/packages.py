"""The Python packages that Slicer does not bring: asked for once, at the moment of need."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from slicer.i18n import tr as _

from CardiacSegmentationLib.errors import CardiacSegmentationError
from CardiacSegmentationLib.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUESTER = "CardiacSegmentation"


def is_installed(name: str) -> bool:
    """Whether a package can be imported; it is not."""
    return importlib.util.find_spec(name) is not None


def ensure_packages(names: Iterable[str]) -> None:
    """Install what is missing of these packages after asking; declining is an error with a sentence."""
    missing = [name for name in names if not is_installed(name)]
    if not missing:
        return
    requirements = [line for line in _requirements() if line.split(">=")[0] in missing]
    try:
        _install(requirements)
    except (RuntimeError, OSError) as error:  # declined, or pip failed (CalledProcessError is no OSError: below)
        raise _not_installed(missing, error) from error
    importlib.invalidate_caches()
    if not all(map(is_installed, missing)):
        raise _not_installed(missing, None)


def _requirements() -> list[str]:
    text = resource("requirements.txt").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _install(requirements: list[str]) -> None:
    from subprocess import CalledProcessError

    try:
        from slicer.packaging import load_requirements, pip_ensure
    except ImportError:  # Slicer 5.10 and older
        _install_in_older_slicer(requirements)
        return
    wanted = [entry for entry in load_requirements(resource("requirements.txt")) if str(entry) in requirements]
    try:
        pip_ensure(wanted, requester=REQUESTER)
    except CalledProcessError as error:
        raise RuntimeError(str(error)) from error


def _install_in_older_slicer(requirements: list[str]) -> None:
    import slicer

    question = _("{packages} must be installed into Slicer once. This needs the internet. Install now?")
    if slicer.app.testingEnabled() or not slicer.util.confirmOkCancelDisplay(
        question.format(packages=", ".join(requirements))
    ):
        raise RuntimeError("declined")
    slicer.util.pip_install(requirements)


def _not_installed(missing: list[str], reason: Exception | None) -> CardiacSegmentationError:
    text = _("{packages} is needed for this and not installed.").format(packages=", ".join(missing))
    return CardiacSegmentationError(f"{text} ({reason})" if reason else text)
