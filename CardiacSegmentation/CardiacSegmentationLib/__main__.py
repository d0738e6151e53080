"""``python -m CardiacSegmentationLib`` is ``cardiacseg``."""

import sys

from CardiacSegmentationLib.cli import main

sys.exit(main())
