"""A large study leaves its memory to others."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PIECES = """
import numpy as np
from CardiacSegmentationLib.network.memory import give_back_memory

def resident_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))

pieces = [np.ones(50_000, np.uint8) for _ in range(4000)]
full = resident_mb()
pieces = pieces[::100]  # what stays keeps the heap from shrinking
freed = resident_mb()
give_back_memory()
print(full - freed, full - resident_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_was_freed_in_pieces_goes_back_to_the_system() -> None:
    ran = subprocess.run([sys.executable, "-c", PIECES], capture_output=True, text=True, check=True, timeout=120)
    by_itself, asked = map(float, ran.stdout.split())
    assert by_itself < 50
    assert asked > 150
