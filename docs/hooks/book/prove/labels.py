"""Labels that hide something: texts of a figure that lie on each other, on a marker, or on a curve."""

from itertools import combinations
from typing import Any

from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import same_color
from matplotlib.contour import ContourSet
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SLACK = 1.0  # points by which boxes may meet: they hold the space above and below the letters


def hidden(figure: Any) -> list[str]:
    """What a label of this figure covers, in words; empty where each can be read."""
    figure.canvas.draw()
    texts = _texts(figure)
    labels = [(text.get_text(), _inner(text, figure)) for text in texts]
    faults = [
        f"the labels {one!r} and {other!r} lie on each other"
        for (one, here), (other, there) in combinations(labels, 2)
        if here.overlaps(there)
    ]
    markers = _markers(figure)
    for name, box in labels:
        covered = sum(int(box.contains(*point)) for point in markers)
        faults += [f"the label {name!r} lies on {covered} marker(s)"] * bool(covered)
    curves = _curves(figure)
    for text, (name, box) in zip(texts, labels, strict=True):
        crossed = sum(_foreign(text, colour) and _crosses(path, box, seen) for path, colour, seen in curves)
        faults += [f"the label {name!r} lies on {crossed} line(s) of another colour"] * bool(crossed)
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


def _curves(figure: Any) -> list[tuple[Any, Any, Any]]:
    """Each line that can be seen: its path on the canvas, its colour, and where its axes show it."""
    found: list[tuple[Any, Any, Any]] = []
    for axes in figure.axes:
        found += [
            (line.get_transform().transform_path(line.get_path()), line.get_color(), axes.bbox)
            for line in axes.lines
            if line.get_visible() and line.get_linestyle() not in ("None", " ", "") and line.get_linewidth()
        ]
        for lines in axes.collections:
            drawn = isinstance(lines, LineCollection) or (isinstance(lines, ContourSet) and not lines.filled)
            if drawn and lines.get_visible():
                colours = lines.get_edgecolor()
                found += [
                    (lines.get_transform().transform_path(path), colours[i % len(colours)], axes.bbox)
                    for i, path in enumerate(lines.get_paths())
                ]
    return found


def _foreign(text: Any, colour: Any) -> bool:
    """Whether a line of this colour is not the one that the text names; a box hides it on purpose."""
    return not text.get_bbox_patch() and not same_color(text.get_color(), colour)


def _crosses(path: Any, box: Any, seen: Any) -> bool:
    inside = Bbox.intersection(box, seen)
    if inside is None:
        return False
    pieces = path.cleaned(remove_nans=True).to_polygons(closed_only=False)  # a gap is no line
    return any(Path(piece).intersects_bbox(inside, filled=False) for piece in pieces)
