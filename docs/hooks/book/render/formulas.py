"""Typeset formulas at build with KaTeX, so that a reader's browser runs no script for them."""

import re
from functools import cache
from hashlib import sha256
from html import escape, unescape
from pathlib import Path
from xml.etree import ElementTree

from mkdocs.exceptions import PluginError
from quickjs import Context, JSException

from book.cache import keep, kept
from book.words import say

KATEX = Path(__file__).parents[1] / "katex" / "katex.min.js"
WIDTHS = KATEX.with_name("widths.js")
CACHE = Path(".cache/katex.json")

MATHML = "http://www.w3.org/1998/Math/MathML"
MATH = re.compile(r"<math.*?</math>", re.S)
APPLY = "\u2061"  # the sign of a function, which has no width
# How many parts an element has, by which a browser tells the base from what stands below and above it.
PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3}

# Left behind by pymdownx.arithmatex. Code never is inside.
TEX = re.compile(r'(?<=class="arithmatex">)\\[(\[](.*?)\\[)\]](?=</(?:span|div)>)', re.S)
OPENING, CLOSING = "(（“《", ".,;:?!)，。；：？！、）》”"
# The same with its words, and with what must stay on its line.
FORMULA = re.compile(
    rf'([{OPENING}]?)<(span|div) class="arithmatex"><!--\\([(\[])(.*?)\\[)\]]-->.*?<!--/--></\2>'
    rf"([{CLOSING}]*)",
    re.S,
)

GREEK = re.compile(
    r"\\(?:var)?(alpha|beta|gamma|delta|epsilon|eta|theta|kappa|lambda|mu|nu|rho|sigma|tau|phi|chi|psi|omega)"
    r"(?![a-z])",
    re.I,
)

typeset_now: dict[str, str] = {}  # the cache may know more, and the fonts must not hang on that


def with_words(html: str) -> str:
    """Formulas as text, which the search reads, with their TeX in a comment until they are typeset."""
    return TEX.sub(lambda it: f"<!--{it[0]}-->{escape(words(unescape(it[1]).strip()))}<!--/-->", html)


def typeset(html: str, page: str) -> str:
    """Typeset every formula of a page `with_words`; one that KaTeX cannot read stops the build."""

    def one(match: re.Match[str]) -> str:
        before, _, kind, text, after = match.groups()
        tex, display = unescape(text).strip(), kind == "["
        # Formulas side by side are set one by one, so that on a phone they stand one below the other.
        parts = _side_by_side(tex) if display else [tex]
        try:
            formula = " ".join(render(part.strip(), display) for part in parts)
        except JSException as error:
            raise PluginError(f"{page}: KaTeX cannot read ${tex}$\n{error}") from None
        # A long formula scrolls in its own box, which the keyboard must be able to reach.
        if display:
            box = f'class="formula" tabindex="0" role="group" aria-label="{say("Formula")}"'
            return f"<div {box}>{formula}</div>"
        # Browsers would begin a line with a full stop. A long formula may break, and has room for it.
        if after and formula.startswith('<span class="katex long">'):
            return f'{before}{formula}<span class="after">{after}</span>'
        return f'<span class="tight">{before}{formula}{after}</span>' if before + after else formula

    return FORMULA.sub(one, html)


def _side_by_side(tex: str) -> list[str]:
    r"""The formulas between which `\qquad` stands, where none of these is in the lines of one."""
    parts = tex.split(r"\qquad")
    whole = all(part.count(r"\begin") == part.count(r"\end") for part in parts)
    return parts if whole else [tex]


def words(tex: str) -> str:
    r"""A formula in a line of text, to be searched: "2/λ_max (lambda)" for `\frac{2}{\lambda_{\max}}`."""
    try:
        shown = MATH.search(render(tex, r"\begin" in tex))
    except JSException:
        return tex  # `typeset` will say what is wrong with it
    text = " ".join(_text_of(ElementTree.fromstring(shown[0])).split()) if shown else tex
    names = sorted({name.lower() for name in GREEK.findall(tex)})
    return f"{text} ({', '.join(names)})" if names else text


def _text_of(node: ElementTree.Element) -> str:
    """The text of MathML, with signs for what stands above, below or behind."""
    text = (node.text or "").strip(APPLY)
    parts = [text, *(_text_of(child) for child in node)]
    first, *rest = [part for part in parts if part] or [""]
    match _kind(node):
        case "annotation":
            return ""
        case "mspace":
            return " "
        case "mover":
            return first  # without its hat
        case "mfrac":
            return "/".join([first, *rest]) + " "
        case "msub" | "munder":
            return "_".join([first, *rest])
        case "msup":
            return "^".join([first, *rest])
        case "msubsup" | "munderover":
            return f"{first}_{'^'.join(rest)}"
        case _:
            return "".join([first, *rest])


def _kind(node: ElementTree.Element) -> str:
    """What an element is, without its namespace."""
    return node.tag.rpartition("}")[2]


def mended(match: re.Match[str]) -> str:
    r"""MathML in which every fraction, script and accent has its parts, and no more.

    For `\lambda_{\max}` KaTeX writes three: λ, max, and the sign that max is applied to what follows. Nothing
    does, and browsers would draw max beside λ. Where such a name is a part, the sign goes.
    """
    math = ElementTree.fromstring(match[0])
    for node in math.iter():
        if _kind(node) in PARTS:
            for part in list(node):
                if part.text == APPLY:
                    node.remove(part)
            if len(node) != PARTS[_kind(node)]:
                raise PluginError(f"KaTeX gives a {_kind(node)} {len(node)} parts in\n{match[0]}")
    ElementTree.register_namespace("", MATHML)
    return ElementTree.tostring(math, encoding="unicode", short_empty_elements=False)


def render(tex: str, display: bool) -> str:
    """One formula as HTML, with MathML for those who listen."""
    known, key = formulas(), f"{display} {tex}"
    if key not in known:
        known[key] = MATH.sub(mended, str(_katex().get("typeset")(tex, display)))
    typeset_now[key] = known[key]
    return known[key]


@cache
def formulas() -> dict[str, str]:
    """Every formula typeset so far, by this KaTeX."""
    return kept(CACHE, _fingerprint())


def save() -> None:
    """Keep the formulas for the next build."""
    keep(CACHE, _fingerprint(), formulas())


@cache
def _fingerprint() -> str:
    """What the typesetting depends on."""
    return sha256(KATEX.read_bytes() + WIDTHS.read_bytes() + Path(__file__).read_bytes()).hexdigest()


@cache
def _katex() -> Context:
    """KaTeX in an interpreter of its own, started when a new formula comes."""
    context = Context()
    context.eval(KATEX.read_text())
    context.eval(WIDTHS.read_text())
    return context
