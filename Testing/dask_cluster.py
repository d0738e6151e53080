"""A real Dask cluster on this computer: a scheduler and two workers, to be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from CardiacSegmentationLib import locks

LIBRARY = Path(locks.__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(LIBRARY), "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error"}


class Cluster:
    """Dask as its own commands start it: a scheduler, and workers with a nanny each."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._running = folder, dict[str, subprocess.Popen[bytes]]()
        self.start_scheduler("0")

    def start_scheduler(self, port: str) -> None:
        """On a port, or on a free one."""
        file = self._folder / "scheduler.json"
        file.unlink(missing_ok=True)
        options = ["--host", "127.0.0.1", "--port", port, "--no-dashboard", "--scheduler-file", str(file)]
        self._running["scheduler"] = self._start("distributed.cli.dask_scheduler", *options)
        wait_until(lambda: file.exists() and "address" in file.read_text())
        self.address: str = json.loads(file.read_text())["address"]

    def start_workers(self) -> None:
        """Two processes that do one study at a time."""
        options = ["--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--local-directory", str(self._folder)]
        self._running["workers"] = self._start("distributed.cli.dask_worker", self.address, *options)
        wait_until(lambda: len(self.workers()) == 2)

    def workers(self) -> list[int]:
        """The processes that do the work."""
        nanny = self._running["workers"].pid
        found = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(nanny)], capture_output=True, text=True, check=False
        )
        return [int(line.split()[0]) for line in found.stdout.splitlines() if "spawn_main" in line]

    def restart(self) -> None:
        """Kill the scheduler, and start it and the workers that it takes with it anew."""
        self.end("scheduler", signal.SIGKILL)
        self._running["workers"].wait(300)
        self.start_scheduler(self.address.rpartition(":")[2])
        self.start_workers()

    def end(self, name: str, number: int = signal.SIGTERM) -> None:
        """End one of its programs."""
        self._running[name].send_signal(number)
        self._running[name].wait(300)

    def close(self) -> None:
        """End them all."""
        for name in reversed(self._running):
            with suppress(OSError, subprocess.TimeoutExpired):
                self.end(name)

    def _start(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{module}.log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", module, *options], env=ENVIRONMENT, stdout=log, stderr=log)


def wait_until(is_so: Any, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
