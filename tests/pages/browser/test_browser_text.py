"""What readers do with the text: copy it with its formulas, find a word in it, read it without the rest."""

import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from browsers import KINDS
from project import ROOT
from served import BASE, sources
from visit import ASK, Visit

PAGES = list(sources())
READ = "navigator.clipboard.readText()"


def copied(visit: Visit, start: str, end: str) -> str:
    """What Ctrl+C gives of the text from `start` to `end`, each a node and an offset in JavaScript."""
    visit.page.evaluate(
        f"""() => {{
            const [first, ...here] = {start}, [last, ...there] = {end};
            getSelection().setBaseAndExtent(first, ...here, last, ...there);
        }}"""
    )
    visit.page.evaluate("navigator.clipboard.writeText('nothing was copied')")
    visit.page.keyboard.press("ControlOrMeta+c")
    return visit.page.evaluate(READ)


def test_what_is_copied_has_the_tex_of_its_formulas(visits: Callable[..., Visit]) -> None:
    """A paragraph and the formula on a line of its own after it read as in the source of the page."""
    seen = visits().go("part1/exact/")
    source = sources()["part1/exact/"].read_text()
    paragraph, formula = re.search(r"\n\n(Fold the intercept .*?)\n\n\$\$(.*?)\$\$", source, re.S).groups()
    words = " ".join(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", paragraph).split())
    assert words.count("$") == 6
    first = "[...document.querySelectorAll('.md-content p')].find(p => p.textContent.startsWith('Fold the'))"
    text = copied(seen, f"[{first}, 0]", f"[{first}.nextElementSibling, 1]")
    assert [" ".join(line.split()) for line in text.split("\n") if line] == [words, f"$${formula.strip()}$$"]
    part = copied(
        seen,
        f"[{first}.querySelector('.katex-base').firstChild, 0]",  # within a formula: it is copied whole
        f"[{first}.querySelectorAll('.katex .katex-mathml')[1], 0]",
    )
    assert " ".join(part.split()) in words
    assert part.count("$") == 4
    assert not seen.faults


def test_what_has_no_formula_is_copied_as_it_is(visits: Callable[..., Visit]) -> None:
    seen = visits().go("part1/exact/")
    first = "document.querySelector('.md-content p:not(.offers)')"
    text = copied(seen, f"[{first}, 0]", f"[{first}, 1]")
    assert text.strip() == seen.page.locator(".md-content p:not(.offers)").first.inner_text()
    assert not seen.faults


def test_a_listing_among_formulas_is_copied_whole(visits: Callable[..., Visit]) -> None:
    """Browsers lay out what is far off only when it comes into view, and would leave it out."""
    seen = visits().go("part1/exact/")
    text = copied(
        seen, "[document.querySelector('.md-content h1'), 0]", "[document.querySelector('.md-footer'), 0]"
    )
    shown = seen.page.locator(".md-content .highlight:visible code").all_text_contents()
    assert len(shown) >= 10
    lines = {line.strip() for line in text.split("\n")}
    assert [line for code in shown for line in code.split("\n") if line.strip() not in lines] == []


@pytest.mark.parametrize("address", ["part1/bugs/", "part3/digits/"])
def test_a_word_far_down_is_found_in_the_page(visits: Callable[..., Visit], address: str) -> None:
    """By the browser's own search, also in a listing that has not been laid out yet."""
    seen = visits().go(address)
    last = seen.page.locator(".md-content .highlight:visible code").last
    line = max(last.text_content().split("\n"), key=len).strip()
    assert seen.page.evaluate("line => window.find(line)", line)
    assert seen.page.evaluate("getSelection().toString().trim()") == line
    seen.page.wait_for_function("() => scrollY > 3 * innerHeight")


# Search, asked of its worker as the theme does

# Words of the book and of its glossary, and what others call them.
SPELLINGS = {
    "cancelled": "canceled", "centre": "center", "centred": "centered",
    "centring": "centering", "colour": "color", "colours": "colors", "factorisation": "factorization",
    "generalise": "generalize", "generalised": "generalized",
    "grey": "gray", "initialised": "initialized", "kilometres": "kilometers",
    "metres": "meters", "minimise": "minimize", "minimiser": "minimizer", "minimisers": "minimizers",
    "minimises": "minimizes", "neighbours": "neighbors", "normalised": "normalized",
    "optimisation": "optimization", "optimise": "optimize", "optimiser": "optimizer",
    "penalised": "penalized", "recognise": "recognize", "regularisation": "regularization",
    "standardise": "standardize", "standardised": "standardized", "standardising": "standardizing",
}  # fmt: skip
# Everybody writes these so.
ENGLISH = {
    "called",
    "difference",
    "divergence",
    "elementwise",
    "four",
    "noise",
    "rises",
    "source",
    "stretches",
    "stretching",
}
DOUBTFUL = r"[iy]s(e|ed|er|ers|es|ing|ation|ations)$|ise|our|tre|tring|logue|ll(ed|ing)$|(lic|def|off)ence$"


def test_the_glossary_has_no_word_whose_spelling_is_not_known() -> None:
    glossary = (ROOT / "docs/en/reference/glossary.md").read_text()
    text = re.sub(r"\]\([^)]*\)|`[^`]*`|\$[^$]*\$", "", glossary).lower()
    doubtful = {word for word in re.findall(r"[a-z]{4,}", text) if re.search(DOUBTFUL, word)}
    assert "standardised" in doubtful
    assert doubtful - ENGLISH - SPELLINGS.keys() == set()


def test_both_spellings_find_the_same(visits: Callable[..., Visit]) -> None:
    seen = visits().go("")
    words = [*SPELLINGS, *SPELLINGS.values()]
    found = seen.page.evaluate(ASK, [BASE + "search/search_index.json", words])
    ours, theirs = found[: len(SPELLINGS)], found[len(SPELLINGS) :]
    assert [word for word, pages in zip(SPELLINGS, ours, strict=True) if not pages] == []
    assert [word for word, one, other in zip(SPELLINGS, ours, theirs, strict=True) if one != other] == []
    assert not seen.faults


# The reader view of Firefox, which other browsers and programs use as well


def readability() -> str:
    """Its script, out of the Firefox of this computer."""
    programs = [os.environ.get("FIREFOX", ""), *KINDS["firefox"].programs]
    for program in filter(None, map(shutil.which, filter(None, programs))):
        folder = Path(program).resolve().parent
        for archive in (folder / "omni.ja", folder.parent / "Resources/omni.ja"):
            if archive.exists():
                with zipfile.ZipFile(archive) as inside:
                    names = [
                        name for name in inside.namelist() if name.endswith("/readability/Readability.js")
                    ]
                    if names:
                        return inside.read(names[0]).decode()
    return ""


LEFT = """([html, address]) => {
    const parse = (text) => new DOMParser().parseFromString(text, "text/html");
    const whole = parse(html).querySelector("article");
    for (const source of whole.querySelectorAll("details.mkdocstrings-source, .offers")) source.remove();
    const view = parse(new Readability(parse(html)).parse().content);
    const lost = {};
    for (const part of ["pre", "h2", "h3", "li", "dt", "dd", "tr", "math", "figure svg", "summary"]) {
        const texts = (root) => [...root.querySelectorAll(part)].map((one) => {
            const copy = one.cloneNode(true);
            for (const glyphs of copy.querySelectorAll(".katex-html")) glyphs.remove(); // for the eye
            return copy.textContent.replace(/\\s+/g, "");
        });
        const left = texts(view);
        const gone = texts(whole).filter((text) => !left.includes(text));
        if (gone.length) lost[part] = gone.map((text) => text.slice(0, 60));
    }
    return lost;
}"""


def test_reader_views_keep_all_of_a_page(visit: Callable[..., Visit], site: Path) -> None:
    """Listings, formulas, figures, tables, terms and answers; only the folded sources of the reference go."""
    script = readability()
    if not script:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("There is no Firefox with a reader view here.")
    page = visit().go("").page
    page.evaluate(f"() => {{ {script}; window.Readability = Readability; }}")
    lost = {}
    for address in PAGES:
        if gone := page.evaluate(LEFT, [(site / address / "index.html").read_text(), BASE + address]):
            lost[address] = gone
    assert not lost, json.dumps(lost, indent=1, ensure_ascii=False)
