"""The borders of a short-axis image under a reader's hand: labels to smooth contours and back, edits, propagation.

Arrays and polygons in, arrays and polygons out: no window, no scene. Points are (row, column) in millimetres.
"""

from CardiacSegmentationLib.contours.borders import find_border
from CardiacSegmentationLib.contours.labels import draw_labels, find_contours, redraw_labels
from CardiacSegmentationLib.segmentation import Border, Contours

__all__ = [
    "Border",
    "Contours",
    "draw_labels",
    "find_border",
    "find_contours",
    "redraw_labels",
]
