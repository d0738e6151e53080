"""The tests of the panel in a real Slicer.

    Slicer --disable-settings --python-script Testing/run_in_slicer.py [pytest arguments]

Needs pytest in Slicer's Python (``PythonSlicer -m pip install pytest``) and, for the tests that run a network,
``onnx`` and ``onnxruntime``. Slicer ends with pytest's exit code. Your settings are not touched.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import slicer

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run ``Testing/gui``; the exit code is pytest's."""
    os.environ["CARDIACSEG_GUI_HOST"] = "slicer"
    sys.path.insert(0, str(ROOT / "CardiacSegmentation"))
    os.chdir(ROOT)  # where pyproject.toml is
    import pytest

    return int(pytest.main(["-p", "no:cacheprovider", "Testing/gui", *sys.argv[1:]]))


slicer.util.exit(main())
