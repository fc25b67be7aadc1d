"""Formulas before and after their letters have come."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

from visit import Visit

from book.render.formulas import render

TEX = re.compile(r'<annotation encoding="application/x-tex">(.*?)</annotation>', re.S)
DISPLAYED = re.compile(r'<div class="formula".*?</div>', re.S)  # on lines of their own
# How far each part of a formula is from the width that its markup gives it, in em.
APART = """(formulas) => {
    const content = document.querySelector(".md-content__inner");
    content.innerHTML = formulas.map((html) => `<p>${html}</p>`).join("");
    return [...content.querySelectorAll(".katex-base")].map((base) => {
        if (!base.style.width) return null;
        const width = () => base.getBoundingClientRect().width / parseFloat(getComputedStyle(base).fontSize);
        const given = width();
        base.style.width = "min-content";
        return width() - given;
    });
}"""


def test_a_formula_has_its_width_before_its_letters_come(visit: Callable[..., Visit], site: Path) -> None:
    """All formulas in lines of text: a line that holds one is broken once, when the page is painted."""
    pages = [DISPLAYED.sub("", page.read_text()) for page in site.rglob("index.html")]
    formulas = sorted({unescape(tex) for page in pages for tex in TEX.findall(page) if "\\begin" not in tex})
    assert len(formulas) > 900
    seen = visit().go("part1/exact/")
    seen.page.evaluate("document.fonts.ready.then(() => null)")
    faces = "[...document.fonts].map(face => face.load())"
    seen.page.evaluate(f"Promise.all({faces}).then(() => null)")
    apart = seen.page.evaluate(APART, [render(tex, False) for tex in formulas])
    known = [width for width in apart if width is not None]
    assert len(known) > 0.97 * len(apart), "few have letters that KaTeX does not know"
    assert max(map(abs, known)) < 0.02
