"""Path fields and the lists of what was named in them before."""

from __future__ import annotations

from typing import Any

import slicer


def offer_again(field: Any) -> None:
    """Put the path of a ``ctkPathLineEdit`` into its list, for this session.

    Its own ``addCurrentPathToHistory`` writes every path into Slicer's settings as well, where nobody clears it; and
    folders of studies are often named after patients.
    """
    path = field.currentPath
    for history in slicer.util.findChildren(field, className="QComboBox"):
        if history.findText(path) < 0:
            history.insertItem(0, path)
