"""Every check can fail: it must tell a page with the fault that it is for from a sound page."""

from collections.abc import Callable, Iterator

import clipboard
import pytest
import visit
from clipboard import Snippet
from playwright.sync_api import Browser
from served import BASE
from visit import LOOKS, Visit

SOUND = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sound</title>
<style>figure { margin: 0 }</style><link rel="icon" href="data:,"></head>
<body data-md-color-scheme="default" style="margin: 0; background: #fff">
<main class="md-content"><div class="md-content__inner">
<h1 id="sound">Sound</h1>
<p>A paragraph, \\ a backslash, and <code>$code$</code>. It has <span class="claim"
style="border-bottom: 1px dotted">5</span> parts.</p>
<h2 id="part">Part<a class="headerlink" href="#part" aria-label="Link">¶</a></h2>
<p><span class="katex"><span class="katex-html">x</span></span></p>
<figure><svg role="img" aria-label="A line that rises" width="300" height="200" viewBox="0 0 300 200">
<defs><path id="dot" d="M 0 0 L 3 3"/></defs><use href="#dot" x="9" y="9"/>
<text x="10" y="100" style="font-size: 12px">low</text>
<text x="200" y="100" style="font-size: 12px">high</text></svg></figure>
<div class="highlight"><button class="md-code__button" data-md-type="copy"
onclick="navigator.clipboard.writeText('x = 1')">Copy</button><pre>x = 1</pre></div>
<details><summary>More</summary><p>Folded</p></details>
</div></main></body></html>"""

# check: what to replace in the sound page, by what, and a word of the report
BROKEN = {
    "foreign request": (
        "network",
        "Part<",
        "<img src='https://elsewhere.example/a.png' alt=''><",
        "elsewhere.example",
    ),
    "missing file": ("network", "Part<", "<img src='missing.png' alt=''><", "missing.png (404)"),
    "console error": ("network", "Part<", "<script>console.error('alas')</script><", "alas"),
    "console warning": ("network", "Part<", "<script>console.warn('beware')</script><", "beware"),
    "breach of the policy": (
        "network",
        "<title>",
        "<meta http-equiv=Content-Security-Policy content=script-src><script>1</script><title>",
        "Content Security Policy",
    ),
    "script error": ("network", "Part<", "<script>nothing.at.all</script><", "nothing is not defined"),
    "laid out again and again": (
        "layouts",
        "Part<",
        "<script>let body = document.body;"
        "for (let i = 0; i < 50; i++) body.style.width = `${body.offsetWidth - 1}px`</script><",
        "laid out",
    ),
    "wide page": ("overflow", "<p>A", "<p style='width: 3000px'>A", "3000"),
    "wide, but cut": (
        "overflow",
        "<p>A",
        "<style>body { overflow-x: hidden }</style><p style='width: 3000px'>A",
        "ends at 3000",
    ),
    "cut text": (
        "clipping",
        "<p>A",
        "<p style='width: 20px; overflow: hidden; white-space: nowrap'>A",
        "shows 20 of",
    ),
    "cut letters": ("clipping", "<p>A", "<p style='height: 5px; overflow: hidden'>A", "shows 5 of"),
    "lost on paper": ("paper", "<pre>", "<pre style='overflow: auto; width: 20px'>", "shows 20 of"),
    "wide when enlarged": ("zoomed", "<p>A", "<p style='width: 350px'>A", "350 wide in 320"),
    "pale mark": ("outlines", '<use href="#dot"', '<use fill="#eee" href="#dot"', "mark of a figure is"),
    "pale icon": (
        "outlines",
        "<title>",
        "<style>button::after { content: ''; mask-image: linear-gradient(red, red); background: #fff }"
        "</style><title>",
        "icon of <button",
    ),
    "bare claim": ("outlines", "1px dotted", "0", "no line under it"),
    "slow change": ("motion", "<p>A", "<p style='transition: color 1s'>A", "moves"),
    "animation": (
        "motion",
        "<title>",
        "<style>@keyframes k { to { opacity: 0 } } p::after { content: ''; animation: k 9s }</style><title>",
        "moves",
    ),
    "slow scroll": ("motion", "<title>", "<style>html { scroll-behavior: smooth }</style><title>", "<html"),
    "overlap": ("overlap", "<p>A", "<p style='margin-top: -60px'>A", "lies over"),
    "raw inline TeX": ("formulas", "paragraph", r"\(x\)", "raw TeX"),
    "raw dollars": ("formulas", "paragraph", "$x^2$", "raw TeX"),
    "raw command": ("formulas", "paragraph", r"\frac12", "raw TeX"),
    "KaTeX error": ("formulas", "paragraph", "<span class='katex-error'>x</span>", "not typeset"),
    "hidden formula": (
        "formulas",
        'class="katex-html"',
        "class='katex-html' style='visibility: hidden'",
        "be seen",
    ),
    "hidden figure": ("figures", "<figure", "<figure style='opacity: 0'", "be seen"),
    "flat figure": ("figures", 'height="200"', 'height="0"', "300 x 0"),
    "nameless figure": ("figures", 'aria-label="A line that rises"', "", "no text alternative"),
    "lost mark": ("figures", '<use href="#dot"', '<use href="#dash"', "lacks a mark"),
    "word outside": ("figures", 'x="10"', 'x="-10"', '"low" reaches out'),
    "tiny word": ("figures", "12px", "5px", "5.0 pixels"),
    "pale word": ("figures", "font-size: 12px", "font-size: 12px; fill: #bbb", "too pale"),
    "word over word": ("figures", 'x="200"', 'x="12"', '"low" lies over "high"'),
    "heading without anchor": ("anchors", 'h2 id="part"', "h2", "no anchor"),
    "dead anchor": ("anchors", "#part", "#elsewhere", "#elsewhere"),
    "id twice": ("anchors", 'id="part"', 'id="sound"', "stands twice"),
    "unlabelled button": ("axe", ">Copy<", "><", "button-name"),
    "tiny buttons": (
        "axe",
        ">Copy<",
        " style='width: 9px; height: 9px; padding: 0'>C</button>"
        "<button style='width: 9px; height: 9px; padding: 0'>D<",
        "target-size",
    ),
    "pale text": ("axe", "<p>A", "<p style='color: #ccc'>A", "color-contrast"),
    "no language": ("axe", ' lang="en"', "", "html-has-lang"),
    "heavy page": ("weight", "Part<", f"<!--{'x' * 150_000}--><", "150000 are too many"),
    "heavy script": ("weight", "Part<", "<script src=heavy.js></script><", "100000 are too many"),
    "wrong theme": ("scheme", '"default"', '"slate"', "slate"),
    "late banner": (
        "shifts",
        "</body>",
        "<script>setTimeout(() => document.body.prepend(Object.assign("
        "document.createElement('div'), {style: 'height: 400px'})), 100)</script></body>",
        "shifted by",
    ),
    "wrong font": (
        "fonts",
        "<title>",
        "<style>.katex-html { font-family: serif }</style><title>",
        "is drawn in",
    ),
}


# What Firefox tells, and Chromium does not
FIREFOX = {
    "index without a base": ("network", "Part<", "<math><msub><mi>x</mi></msub></math><", "Incorrect number"),
    "page fetched unasked": (
        "network",
        "<title>",
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
        "<link rel=next href=../><title>",
        "page’s settings blocked",
    ),
}
EVERYWHERE = {"network", "scheme", *LOOKS}


@pytest.fixture(scope="module")
def reader(chromium: Browser) -> Iterator[Visit]:
    with Visit(chromium) as reader:
        yield reader


@pytest.fixture(scope="module")
def firefox(launch: Callable[..., Browser]) -> Iterator[Visit]:
    with Visit(launch("firefox")) as reader:
        yield reader


def show(reader: Visit, html: str) -> Visit:
    """The reader opens a page of the site that reads so."""
    reader.page.unroute_all()
    reader.page.route(f"{BASE}fixture/", lambda route: route.fulfill(body=html, content_type="text/html"))
    reader.page.route(f"{BASE}fixture/heavy.js", lambda route: route.fulfill(body="/" * 110_000))
    reader.page.goto("about:blank")
    reader.faults.clear()
    reader.weights.clear()
    reader.page.goto(f"{BASE}fixture/", wait_until="load")
    return reader


def check(name: str, seen: Visit) -> list[str]:
    return getattr(visit, name)(seen) if hasattr(visit, name) else seen.look(name)


@pytest.mark.parametrize("name", sorted({fault[0] for fault in BROKEN.values()} - {"fonts"}))
def test_sound_page_passes(reader: Visit, name: str) -> None:
    assert check(name, show(reader, SOUND)) == []


@pytest.mark.parametrize("fault", BROKEN)
def test_fault_is_reported(reader: Visit, fault: str) -> None:
    name, sound, broken, told = BROKEN[fault]
    assert sound in SOUND
    seen = show(reader, SOUND.replace(sound, broken, 1))
    if name == "shifts":
        seen.page.wait_for_timeout(300)
    assert told in "\n".join(check(name, seen))


@pytest.mark.parametrize("name", sorted(EVERYWHERE))
def test_sound_page_passes_in_firefox(firefox: Visit, name: str) -> None:
    assert check(name, show(firefox, SOUND)) == []


@pytest.mark.parametrize("fault", [*FIREFOX, *(name for name in BROKEN if BROKEN[name][0] in EVERYWHERE)])
def test_fault_is_reported_by_firefox(firefox: Visit, fault: str) -> None:
    name, sound, broken, told = {**BROKEN, **FIREFOX}[fault]
    seen = show(firefox, SOUND.replace(sound, broken, 1))
    seen.page.wait_for_timeout(100)  # its messages come by themselves
    found = "\n".join(check(name, seen))
    assert told.replace("Content Security Policy", "page’s settings blocked") in found


def test_a_formula_of_which_half_had_come_is_no_fault(firefox: Visit) -> None:
    formula = "<math><msub><mi>x</mi><mn>1</mn></msub></math>"
    seen = show(firefox, SOUND.replace("Part<", f"{formula}<", 1))
    seen.faults.append("error: Incorrect number of children for <msub/> tag.")
    assert visit.network(seen) == []
    seen.page.evaluate("document.querySelector('msub').lastChild.remove()")
    assert visit.network(seen) == seen.faults


@pytest.mark.parametrize(("rule", "marked"), [("", True), ("button { outline: none }", False)])
def test_lost_focus_is_reported(reader: Visit, rule: str, marked: bool) -> None:
    seen = show(reader, SOUND.replace("<title>", f"<style>{rule}</style><title>"))
    seen.page.locator("button").focus()
    seen.page.keyboard.press("Shift+Tab")
    seen.page.keyboard.press("Tab")
    stop = seen.page.evaluate("look.focus()")
    assert "md-code__button" in stop["name"]
    assert stop["marked"] is marked


def test_wrong_copy_is_reported(reader: Visit) -> None:
    right, wrong = Snippet("x = 1", python=True), Snippet("x = 2", python=True)
    seen = show(reader, SOUND)
    texts = clipboard.copied(seen)
    assert texts == ["x = 1"]
    assert clipboard.differences(texts, [right], seen) == []
    assert "instead of" in clipboard.differences(texts, [wrong], seen)[0]
    assert "1 copy buttons for 2 blocks" in clipboard.differences(texts, [right, right], seen)
    seen = show(reader, SOUND.replace('"highlight"', '"highlight output"'))
    assert "1 outputs have a copy button" in clipboard.differences(texts, [right], seen)


def test_dead_copy_button_is_reported(reader: Visit) -> None:
    seen = show(reader, SOUND.replace("onclick", "data-none"))
    assert clipboard.copied(seen) == ["nothing was copied"]


@pytest.mark.parametrize(
    ("texts", "raises", "told"),
    [
        (["x = 1", "assert x == 1"], ((), ()), ""),
        (["1 / 0\nx = 1"], (("ZeroDivisionError",),), ""),
        (["x = y"], ((),), "NameError"),
        (["x = 1"], (("ZeroDivisionError",),), "raised []"),
        (["open('/dev/null').missing"], ((),), "AttributeError"),
    ],
)
def test_snippets_that_do_not_run_are_reported(tmp_path, texts, raises, told) -> None:
    snippets = [Snippet(text, True, names) for text, names in zip(texts, raises, strict=True)]
    found = "".join(clipboard.run(texts, snippets, tmp_path, tmp_path))
    assert told in found
    assert bool(told) == bool(found)


def test_another_linreg_is_reported(tmp_path) -> None:
    assert (
        "not the linreg"
        in clipboard.run(["import linreg"], [Snippet("import linreg", True)], tmp_path, tmp_path)[0]
    )


def test_pycon_is_read_without_prompts_and_outputs() -> None:
    error = "Traceback (most recent call last):\n    ...\nZeroDivisionError: division by zero\n"
    shown = f">>> x = 1\n>>> x\n1\n>>> 1 / 0\n{error}"
    assert clipboard.snippet(shown) == Snippet("x = 1\nx\n1 / 0", True, ("ZeroDivisionError",))
