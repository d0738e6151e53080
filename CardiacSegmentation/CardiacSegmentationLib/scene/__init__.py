"""The three values as nodes of a 3D Slicer scene, and back.

Needs Slicer's own libraries: those of a running Slicer, or of the package ``slicer-core``. Works on the scene it is
given, never on ``slicer.mrmlScene``, and knows no window.
"""

from importlib.util import find_spec

from CardiacSegmentationLib.errors import ExportError

if find_spec("slicer") is None:
    raise ExportError.of("no-slicer")
