"""``python -m cardiactrain``."""

import sys

from cardiactrain.cli import main

sys.exit(main())
