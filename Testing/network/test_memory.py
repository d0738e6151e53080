"""A large study leaves its memory to others."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

RESIDENT = """
import numpy as np
from CardiacSegmentationLib.network.memory import empty_images, give_back_memory

def resident_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
"""
PIECES = f"""{RESIDENT}
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


HEARTS = f"""{RESIDENT}
before = resident_mb()
labels = empty_images((20, 10, 512, 512))
for phase in labels:
    phase[:, 200:300, 200:300] = 3
assert not labels[:, :, 300:].any() and labels[:, :, 200:300, 200:300].all() and labels.flags.writeable
print(resident_mb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="tells its memory in another way")
def test_labels_take_memory_where_the_heart_is() -> None:
    ran = subprocess.run([sys.executable, "-c", HEARTS], capture_output=True, text=True, check=True, timeout=120)
    assert float(ran.stdout) < 20, "of 50 MB; a fifth of the rows are the heart's"
