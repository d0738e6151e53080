"""The network at hand for looking again: a process of its own that stays, so that the second answer comes at once."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from CardiacSegmentationLib.gui.again_worker import IMAGES, write_request
from CardiacSegmentationLib.gui.background import BackgroundRun, End, Process
from CardiacSegmentationLib.gui.handover import write_stack
from CardiacSegmentationLib.gui.packages import ensure_engine
from CardiacSegmentationLib.scene.study import Study, read_study_settings, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.network.alternatives import Request
    from CardiacSegmentationLib.pipeline import Progress
    from CardiacSegmentationLib.segmentation import Labels

    Answers = list[Labels]


class Asked(NamedTuple):
    """What was asked last."""

    study: Study
    request: Request
    shown: Labels


class AgainRun:
    """Asks for one thing at a time, of one study with its engine and network; another study gets another process.

    ``on_answer`` hears what was asked and the answers, ``on_error`` why there are none.
    """

    def __init__(
        self,
        on_progress: Callable[[float], None],
        on_answer: Callable[[Asked, Answers], None],
        on_error: Callable[[str], None],
        make_process: Callable[[], Process] | None = None,
    ) -> None:
        self._on_progress, self._on_answer, self._on_error = on_progress, on_answer, on_error
        self._run = BackgroundRun(self._heard, self._ended, make_process, self._answered)
        self._folder: Path | None = None
        self._works_for: tuple[Any, ...] = ()
        self._number = 0
        self._asked: Asked | None = None

    @property
    def is_asking(self) -> bool:
        """Whether an answer is still to come."""
        return self._asked is not None

    def ask(self, study: Study, request: Request, shown: Labels) -> None:
        """Ask for alternatives to the labels shown; what was asked before is forgotten.

        Raises where the engine's package is missing and may not be installed.
        """
        settings, _notes = read_study_settings(study)
        ensure_engine(settings.backend)
        wanted = (study, settings.backend, settings.model)
        if self._folder is None or not self._run.is_running or self._works_for != wanted:
            self._start(wanted)
        self._number += 1
        self._asked = Asked(study, request, shown)
        assert self._folder is not None
        write_request(self._folder, self._number, request, shown)

    def cancel(self) -> None:
        """Ask for nothing; the network stays at hand."""
        if self._asked is not None and self._folder is not None:
            self._asked, self._number = None, self._number + 1
            write_request(self._folder, self._number, None)

    def stop(self) -> None:
        """End the process at once."""
        self._run.abandon()
        self._clean_up()

    def _start(self, wanted: tuple[Study, str, str]) -> None:
        self.stop()
        study, backend, model = self._works_for = wanted
        self._folder = Path(tempfile.mkdtemp(prefix="cardiacseg-again-"))
        write_stack(stack_of(study), self._folder / IMAGES)
        self._run.start(["again", str(self._folder), backend, model])

    def _heard(self, progress: Progress) -> None:
        if self.is_asking:
            self._on_progress(progress.fraction)

    def _answered(self, report: dict[str, Any]) -> None:
        asked = self._asked
        if asked is not None and report["answer"] == self._number:
            self._asked = None
            self._on_answer(asked, list(np.load(report["file"], allow_pickle=False)))

    def _ended(self, end: End, _result: dict[str, Any], error: str) -> None:
        asked = self._asked
        self._clean_up()
        if asked is not None and end is End.DONE:  # it had just given up waiting
            self.ask(*asked)
        elif asked is not None:
            self._on_error(error)

    def _clean_up(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder, self._asked, self._works_for = None, None, ()
