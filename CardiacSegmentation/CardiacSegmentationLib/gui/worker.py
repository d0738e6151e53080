"""``cardiacseg`` in a process of its own, or the network for looking again: what Slicer starts, by this file's name.

The process says who it is, so that it can be ended together with its children even where a launcher stands between it
and Slicer, and it ends by itself when Slicer is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path


def main(arguments: list[str]) -> int:
    """``worker.py SLICER_PID COMMAND …``: run the command, where possible in a process group of its own."""
    sys.path[0] = str(Path(__file__).resolve().parents[2])  # not this folder: so no environment variable is needed
    slicer_pid, *command = arguments
    if os.name == "posix":
        os.setsid()
        threading.Thread(target=_end_with, args=(int(slicer_pid),), daemon=True).start()
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # on Windows it would be another
    print(json.dumps({"process": os.getpid()}), flush=True)
    from CardiacSegmentationLib.cli import main as run_command  # before NumPy: it says how many threads that has

    if command[0] == "again":
        from CardiacSegmentationLib.gui.again_worker import main as look_again

        return look_again(command[1:])
    return run_command(command)


def _end_with(slicer_pid: int) -> None:
    from CardiacSegmentationLib.locks import is_alive

    while is_alive(slicer_pid):
        time.sleep(1.0)
    os.killpg(0, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
