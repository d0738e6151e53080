"""``python -m CardiacSegmentationLib`` is ``cardiacseg``."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

EXIT_CANCELLED = 130


def main() -> int:
    """Run the command line; SIGTERM cancels it like Ctrl-C from the first moment to the last."""
    signal.signal(signal.SIGTERM, _cancel)
    try:
        from CardiacSegmentationLib.cli import main as run_command

        code = run_command()
    except KeyboardInterrupt:  # while the command was still being imported
        code = EXIT_CANCELLED
    signal.signal(signal.SIGTERM, _end)
    return code


def _cancel(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _end(*_: object) -> NoReturn:
    """Python is closing down: all that there is to lose is lost or written."""
    os._exit(EXIT_CANCELLED)


if __name__ == "__main__":
    sys.exit(main())
