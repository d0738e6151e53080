"""``slicer.packaging`` (Base/Python/slicer/packaging.py, Slicer 5.12): the three functions the module calls.

``pip_check`` really asks which packages are there. ``pip_ensure`` asks once and installs in Slicer; here a test says
what the user answers and what installing would do, and without such a test it is an error to be asked.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

asked: list[list[str]] = []
answer: Any = None  # a test sets a function of the missing requirements; it returns whether the user agrees


def load_requirements(path: str | Path) -> list[Requirement]:
    """Comments, empty lines and pip's own options are skipped."""
    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def pip_check(requirements: list[Requirement]) -> bool:
    """Whether every requirement that applies here is installed in a fitting version."""
    return all(_is_satisfied(requirement) for requirement in requirements)


def pip_ensure(requirements: list[Requirement], requester: str | None = None, **options: Any) -> None:
    """Ask for what is missing; declining raises RuntimeError with Slicer's own words."""
    unknown = set(options) - {"prompt_install", "prompt_restart", "skip_in_testing", "show_progress", "constraints"}
    if unknown:
        message = f"pip_ensure has no option {sorted(unknown)}"
        raise TypeError(message)
    missing = [str(requirement) for requirement in requirements if not _is_satisfied(requirement)]
    if not missing:
        return
    asked.append(missing)
    if answer is None:
        message = f"Nobody said what to do about {missing}"
        raise AssertionError(message)
    if not answer(missing):
        raise RuntimeError("User declined package installation")


def _is_satisfied(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        return requirement.specifier.contains(importlib.metadata.version(requirement.name), prereleases=True)
    except importlib.metadata.PackageNotFoundError:
        return False
