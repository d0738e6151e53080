"""``python -m CardiacSegmentationLib`` is ``cardiacseg``."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

EXIT_CANCELLED = 130


def main() -> int:
    """Run the command line; SIGTERM cancels it like Ctrl-C, also while it is still being imported."""
    asked: list[object] = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(None))  # importing, Python passes over some exceptions
    try:
        from CardiacSegmentationLib.cli import main as run_command

        signal.signal(signal.SIGTERM, _cancel)
        if asked:
            _cancel()
        code = run_command()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is done is done; Python is only closing down
    except KeyboardInterrupt:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        code = EXIT_CANCELLED
    _forget_interrupt()
    return code


def _forget_interrupt() -> None:
    """Python remembers an interrupt that passes an exec of text (dataclasses are made so) until the next such exec.

    A module run with ``-m`` would end by SIGINT for it, not with our exit code, although it was caught.
    """
    exec("")


def _cancel(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
