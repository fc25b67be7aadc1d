"""The picture that goes with a link to a page: its title, and a descent into the valley of a loss."""

from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any

from book.cache import write
from book.words import say

CACHE = Path(".cache/cards")
SIZE = (1200, 630)  # pixels
COLOURS = 48
INK, QUIET, GROUND, LINE, STEP = "#1c2530", "#59636e", "#ffffff", "#b9c6d3", "#d55e00"
RATE, STEEP, FLAT = 0.22, 4.0, 0.5  # curvatures of the valley, and a rate that zigzags down it


def alt(title: str) -> str:
    """What the picture shows."""
    return say(
        "<1>, beside the contours of a loss and the path of gradient descent to its lowest point.", title
    )


def png(title: str, site: str) -> bytes:
    """The picture of a page, drawn once; equal titles give equal bytes."""
    key = sha256(f"{title}\n{site}\n{_state()}".encode()).hexdigest()[:16]
    kept = CACHE / f"{key}.png"
    if not kept.exists():
        write(kept, drawn(title, site))
    return kept.read_bytes()


@cache
def _state() -> str:
    """What the drawing depends on beside its words."""
    import matplotlib
    import PIL

    return f"{matplotlib.__version__} {PIL.__version__} {sha256(Path(__file__).read_bytes()).hexdigest()}"


def drawn(title: str, site: str) -> bytes:
    """Draw it, with matplotlib's own letters and none of the settings of the pages."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from numpy import asarray
    from PIL import Image

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100, facecolor=GROUND)
        _valley(figure.add_axes((0.5, 0, 0.5, 1)))
        lines = wrap(title, 17)
        for number, text in enumerate(lines):
            height = 0.54 + 0.12 * ((len(lines) - 1) / 2 - number)
            figure.text(0.065, height, text, size=42, color=INK, va="baseline", family="serif")
        if site != title:
            figure.text(0.065, 0.12, site, size=21, color=QUIET, va="center")
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        file = BytesIO()
        picture = Image.fromarray(asarray(canvas.buffer_rgba())).convert("RGB")
        picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(file, "PNG")  # a fifth of the bytes
    return file.getvalue()


def _valley(axes: Any) -> None:
    """Contours of a quadratic, and the steps from a start on its slope."""
    import numpy

    a, b = numpy.meshgrid(numpy.linspace(-4, 4, 161), numpy.linspace(-4, 4, 161))
    u, v = 0.8 * a + 0.6 * b, -0.6 * a + 0.8 * b  # the axes of the valley
    axes.contour(a, b, STEEP * u**2 + FLAT * v**2, levels=[0.15 * 2**k for k in range(10)], colors=LINE)
    path = [numpy.array([1.9, 3.7])]
    for _ in range(30):
        path.append(path[-1] * (1 - 2 * RATE * numpy.array([STEEP, FLAT]) / 1.02))
    u, v = numpy.array(path).T
    axes.plot(0.8 * u - 0.6 * v, 0.6 * u + 0.8 * v, "o-", color=STEP, markersize=7, linewidth=2)
    axes.axis("off")
    axes.set(xlim=(-4, 4), ylim=(-4.2, 4.2))
