"""Typeset formulas at build with KaTeX, so that a reader's browser runs no script for them."""

import json
import re
from functools import cache
from hashlib import sha256
from html import unescape
from pathlib import Path

from mkdocs.exceptions import PluginError
from quickjs import Context

KATEX = Path(__file__).parent / "katex" / "katex.min.js"
CACHE = Path(".cache/katex.json")

# Left behind by pymdownx.arithmatex, with what must stay on its line. Code never is inside.
FORMULA = re.compile(r'(\(?)<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\2>([.,;:?!)]*)', re.S)


def typeset(html: str, page: str) -> str:
    """Typeset every formula of a page; one that KaTeX cannot read stops the build."""

    def one(match: re.Match[str]) -> str:
        before, _, kind, text, after = match.groups()
        tex, display = unescape(text).strip(), kind == "["
        # Formulas side by side are set one by one, so that on a phone they stand one below the other.
        parts = re.split(r"\\qquad", tex) if display and r"\begin" not in tex else [tex]
        try:
            formula = " ".join(render(part.strip(), display) for part in parts)
        except Exception as error:
            raise PluginError(f"{page}: KaTeX cannot read ${tex}$\n{error}") from None
        # A long formula scrolls in its own box, which the keyboard must be able to reach.
        if display:
            return f'<div class="formula" tabindex="0" role="group" aria-label="Formula">{formula}</div>'
        # Browsers would begin a line with a full stop; a formula of three parts or more may need breaking.
        whole = f"{before}{formula}{after}"
        short = formula.count('class="katex-base"') < 3
        return f'<span class="tight">{whole}</span>' if short and before + after else whole

    return FORMULA.sub(one, html)


def render(tex: str, display: bool) -> str:
    """One formula as HTML, with MathML for those who listen."""
    known, key = formulas(), f"{display} {tex}"
    if key not in known:
        known[key] = str(katex().get("typeset")(tex, display))
    return known[key]


@cache
def formulas() -> dict[str, str]:
    """Every formula typeset so far, by this KaTeX."""
    stored = json.loads(CACHE.read_text()) if CACHE.exists() else {}
    return dict(stored.get("formulas", {})) if stored.get("katex") == fingerprint() else {}


def save() -> None:
    """Keep the formulas for the next build."""
    CACHE.parent.mkdir(exist_ok=True)
    CACHE.write_text(json.dumps({"katex": fingerprint(), "formulas": formulas()}))


@cache
def fingerprint() -> str:
    """What the typesetting depends on."""
    return sha256(KATEX.read_bytes() + Path(__file__).read_bytes()).hexdigest()


@cache
def katex() -> Context:
    """KaTeX in an interpreter of its own, started when a new formula comes."""
    context = Context()
    context.eval(KATEX.read_text())
    options = "{displayMode: display, throwOnError: true, strict: 'error', output: 'htmlAndMathml'}"
    context.eval(f"function typeset(tex, display) {{ return katex.renderToString(tex, {options}) }}")
    return context
