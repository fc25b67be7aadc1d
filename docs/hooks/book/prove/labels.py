"""Labels that hide something: texts of a figure that lie on each other, or on a marker."""

from itertools import combinations
from typing import Any

from matplotlib.collections import PathCollection
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SLACK = 1.0  # points by which boxes may meet: they hold the space above and below the letters


def hidden(figure: Any) -> list[str]:
    """What a label of this figure covers, in words; empty where each can be read."""
    figure.canvas.draw()
    labels = [(text.get_text(), _inner(text, figure)) for text in _texts(figure)]
    faults = [
        f"the labels {one!r} and {other!r} lie on each other"
        for (one, here), (other, there) in combinations(labels, 2)
        if here.overlaps(there)
    ]
    markers = _markers(figure)
    for name, box in labels:
        covered = sum(int(box.contains(*point)) for point in markers)
        faults += [f"the label {name!r} lies on {covered} marker(s)"] * bool(covered)
    return faults


def _texts(figure: Any) -> list[Any]:
    """What somebody wrote: titles, names of axes, labels, legends; where ticks stand, matplotlib sees to."""
    found = list(figure.texts)
    for axes in figure.axes:
        found += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        if legend := axes.get_legend():
            found += legend.get_texts()
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def _inner(text: Any, figure: Any) -> Any:
    box, slack = Text.get_window_extent(text), SLACK * figure.dpi / 72  # that of an annotation has its arrow
    width, height = max(box.width - 2 * slack, 0.1), max(box.height - 2 * slack, 0.1)
    return Bbox.from_bounds(box.x0 + slack, box.y0 + slack, width, height)


def _markers(figure: Any) -> list[tuple[float, float]]:
    """The places on the canvas of all dots that can be seen."""
    found: list[tuple[float, float]] = []
    for axes in figure.axes:
        places = [
            line.get_transform().transform(line.get_xydata())
            for line in axes.lines
            if line.get_visible() and line.get_marker() not in (None, "", "None", " ")
        ]
        places += [
            dots.get_offset_transform().transform(dots.get_offsets())
            for dots in axes.collections
            if isinstance(dots, PathCollection) and dots.get_visible()
        ]
        found += [(x, y) for points in places for x, y in points if axes.bbox.contains(x, y)]
    return found
