"""Turn matplotlib's SVG into a figure that takes its colours and letters from the page around it."""

import re
from collections.abc import Sequence
from html import escape

from mkdocs.exceptions import PluginError

from book.page.files import ROOT
from book.render.markdown import Drawn

WIDGETS = ROOT / "docs/theme/assets/widgets"

# The colours of linreg.plot and the greys of matplotlib, each drawn with the CSS variable of its name.
PALETTE = {
    "#000000": "currentColor",
    "#ffffff": "var(--md-default-bg-color)",
    "#0072b2": "var(--figure-blue)",
    "#d55e00": "var(--figure-orange)",
    "#009e73": "var(--figure-green)",
    "#aa4499": "var(--figure-purple)",
    "#767676": "var(--figure-grey)",
    "#808080": "var(--figure-grey)",
    "#b0b0b0": "var(--figure-grid)",
    "#cccccc": "var(--figure-grid)",
}


SCALE = 1.35  # letters of matplotlib's 11 units come out as large as those of the text
SMALLEST = 9.0  # of the same units, so that an exponent can be read on a phone
MARGIN = 3  # of the same units, around the whole: room for letters that have grown

# Letters that matplotlib makes smaller and places one by one: those of an exponent or index.
SMALL = re.compile(
    r'(?:<tspan x="[\d.]+" y="[-\d.]+" style="[^"]*font-size: [78](?:\.\d+)?px[^>]*>[^<]*</tspan>)+'
)


def placed(html: str, drawn: Sequence[Drawn], page: str, widgets: str) -> str:
    """A page with its figures where images stood for them; `widgets` is the way from it to their folder."""
    name = re.sub(r"\W+", "-", page.rpartition(".")[0])

    def one(match: re.Match[str]) -> str:
        svg, alt, widget, values = drawn[int(match[1]) - 1]
        html = figure(svg, alt, f"{name}-{match[1]}")
        if not widget:
            return html
        if not (WIDGETS / f"{widget}.js").exists():
            raise PluginError(f"{page}: there is no widget {widget!r} in {WIDGETS}.")
        return alive(html, widget, values, f"{widgets}/{widget}.js")

    html = re.sub(r'<p><img alt="[^"]*" src="figure:(\d+)" /></p>', one, html)
    if 'src="figure:' in html:
        raise PluginError(f"{page}: a figure stands where no paragraph can.")
    return html


def figure(svg: str, alt: str, name: str) -> str:
    """The figure; `name` makes its ids unique on the site.

    `xlink:href` stays as it is: plain `href` breaks instant navigation.
    """
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(
        r"<metadata>.*?</metadata>\s*|<defs>\s*<style.*?</style>\s*</defs>\s*|<!--.*?-->\s*",
        "",
        svg,
        flags=re.S,
    )
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)  # nothing refers to groups
    svg = re.sub(r"#[0-9a-f]{6}\b", _themed, svg)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r"<[^>]*>", _rounded, svg)
    svg = re.sub(r">\s+<", "><", svg)
    svg = re.sub(r">[^<]+<", _signs, svg)
    svg = SMALL.sub(_legible, svg)
    head = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert head is not None, "matplotlib's SVG has a viewBox"
    width, height = (float(side) + 2 * MARGIN for side in head.groups())
    wide, high = round(SCALE * width), round(SCALE * height)
    opening = (
        f'<svg viewBox="{-MARGIN} {-MARGIN} {width:g} {height:g}"'
        f' width="{wide}" height="{high}"'
        f' role="img" aria-label="{escape(alt)}" fill="currentColor"'
        ' xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    svg = re.sub(r"<svg[^>]*>", lambda _: opening, svg, count=1)
    return f'<figure class="drawn" style="--wide:{wide};--high:{high}">{svg}</figure>'


def _rounded(tag: re.Match[str]) -> str:
    """The places in a tag to a hundredth, of paths and marks to a tenth; numbers between tags stay."""
    if tag[0].startswith("<use"):
        return re.sub(DIGITS, "", tag[0])
    path = re.sub(r' d="([^"]*)"', lambda d: f' d="{_stepwise(re.sub(DIGITS, "", d[1]))}"', tag[0])
    return re.sub(r"(\d\.\d\d)\d+", r"\1", path)


DIGITS = re.compile(r"(?<=\d\.\d)\d+")
POINT = r"(-?[\d.]+) (-?[\d.]+)\s*"
LINES = re.compile(rf"(?:M {POINT}(?:L {POINT})+z?\s*)+")


def _stepwise(path: str) -> str:
    """A path of straight lines by the step from each point to the next: half the bytes once compressed."""
    if not LINES.fullmatch(path):
        return path
    found = []
    for start, rest, end in re.findall(r"M ([^ML]*)((?:L [^MLz]*)+)(z?)", path):
        here = _tenths(start)
        found.append(f"M{_compact(here)}l")
        for point in rest.split("L")[1:]:
            there = _tenths(point)
            step = _compact((there[0] - here[0], there[1] - here[1]))
            found.append(step if found[-1][-1] == "l" or step[0] == "-" else f" {step}")
            here = there
        found.append(end)
    return "".join(found)


def _tenths(point: str) -> tuple[int, int]:
    """A point as whole numbers, whose differences are exact."""
    x, y = (round(10 * float(number)) for number in point.split())
    return x, y


def _compact(point: tuple[int, int]) -> str:
    """A point in as few letters as SVG allows."""
    x, y = (re.sub(r"\b0(?=\.)", "", f"{number / 10:.10g}") for number in point)
    return x + y if y[0] == "-" else f"{x} {y}"


def alive(figure: str, widget: str, values: str, script: str) -> str:
    """The figure with the script that takes its place, and the values it begins with.

    The script stands in the page, not in its head, so that instant navigation runs it as well.
    """
    opening = f'<figure class="drawn widget" data-widget="{widget}" data-values="{escape(values)}"'
    figure = figure.replace('<figure class="drawn"', opening, 1)
    return f'{figure}<script src="{script}" defer></script>'


def _signs(words: re.Match[str]) -> str:
    """A hyphen before a number becomes the minus that matplotlib gives the numbers of an axis."""
    return re.sub(r"(?<![\w.-])-(?=\d)", "\u2212", words[0])


def _legible(match: re.Match[str]) -> str:
    """The same letters at the smallest size, each moved along by what those before it have grown."""
    places = [float(x) for x in re.findall(r'x="([\d.]+)"', match[0])]
    size = re.search(r"font-size: ([\d.]+)px", match[0])
    assert size is not None, "SMALL has one"
    moved = iter(places[0] + (x - places[0]) * SMALLEST / float(size[1]) for x in places)
    text = re.sub(r'x="[\d.]+"', lambda _: f'x="{next(moved):.2f}"', match[0])
    return re.sub(r"font-size: [\d.]+px", f"font-size: {SMALLEST:g}px", text)


def _themed(match: re.Match[str]) -> str:
    """The colour by its name, so that the style decides."""
    if match[0] not in PALETTE:
        raise PluginError(f"{match[0]} does not follow the theme. Figures use {', '.join(PALETTE)}.")
    return PALETTE[match[0]]
