"""The mark of the site, small on a tab: six points and the line that fits them best."""

from statistics import linear_regression

# On a square of 24, y down.
POINTS = ((4.5, 16.6), (7.5, 19.3), (10.5, 9.9), (13.5, 14.1), (16.5, 4.7), (19.5, 7.4))
ENDS = (3.5, 20.5)
GROUND, LINE, POINT = "#10263f", "#f0a35e", "#8ec5ff"


def svg() -> str:
    """The picture, the line fitted as it is drawn."""
    slope, intercept = linear_regression(*zip(*POINTS, strict=True))
    ends = " ".join(f"{x} {slope * x + intercept:.2f}" for x in ENDS)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="1.6"/>' for x, y in POINTS)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
        f'<rect width="24" height="24" rx="5" fill="{GROUND}"/>'
        f'<path d="M{ends}" stroke="{LINE}" stroke-width="2" stroke-linecap="round"/>'
        f'<g fill="{POINT}">{dots}</g></svg>\n'
    )
