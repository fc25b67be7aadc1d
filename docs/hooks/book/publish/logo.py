"""The mark of the site, on the tab and in the header: six points and the line that fits them best."""

from statistics import linear_regression

# On a square of 24, y down.
POINTS = ((4.5, 16.6), (7.5, 19.3), (10.5, 9.9), (13.5, 14.1), (16.5, 4.7), (19.5, 7.4))
ENDS = (3.5, 20.5)


def icon() -> str:
    """A file of its own, on a dark ground."""
    ground = '<rect width="24" height="24" rx="5" fill="#10263f"/>'
    picture = ground + _drawn("#f0a35e", "#8ec5ff")
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{picture}</svg>\n'


def logo() -> str:
    """Part of a page, in the colours of its figures."""
    picture = _drawn("var(--figure-red)", "var(--figure-blue)")
    return f'<svg viewBox="0 0 24 24" aria-hidden="true">{picture}</svg>'


def _drawn(line: str, points: str) -> str:
    """Line and points in these colours, the line fitted as it is drawn."""
    slope, intercept = linear_regression(*zip(*POINTS, strict=True))
    ends = " ".join(f"{x} {slope * x + intercept:.2f}" for x in ENDS)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="1.7"/>' for x, y in POINTS)
    path = f'<path d="M{ends}" stroke="{line}" stroke-width="2" stroke-linecap="round"/>'
    return f'{path}<g fill="{points}">{dots}</g>'
