"""What makes the built site findable: plain text, programs, names, addresses, cards and the feed."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin
from xml.etree import ElementTree

import pytest
from built import IN_ENGLISH, SCRIPTS, Html, built, pages, said
from PIL import Image
from project import ROOT
from served import BASE, sources

import linreg
from book.page.files import parse
from book.page.statements import CLAIM
from book.translate.edition import Edition
from book.words import say, speak

PAGES = sources()
ATOM = {"a": "http://www.w3.org/2005/Atom"}
FENCED = re.compile(r"^( *)(`{3,})[^\n`]*\n.*?^\1\2$", re.M | re.S)
CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.S)


@pytest.fixture(scope="module")
def html(site: Path, edition: str) -> dict[str, Html]:
    """Every page of an edition by its address in it."""
    found = pages(site, edition)
    return {address: found[address] for address in PAGES}


@pytest.fixture
def speaking(edition: str) -> Iterator[None]:
    """The engine speaks the language of an edition."""
    speak(Edition(ROOT / "docs" / edition if edition else None).site)
    yield
    speak({})


def plain(address: str) -> str:
    """Where the Markdown of a page lies."""
    return f"{address.rstrip('/') or 'index'}.md"


def prose(text: str) -> str:
    """Markdown without its code."""
    return CODE.sub("", FENCED.sub("", text))


def shown(fragment: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", fragment))


# Plain text


@pytest.mark.parametrize("address", PAGES, ids=lambda address: address or "home")
def test_every_page_is_there_as_markdown(site: Path, edition: str, speaking: None, address: str) -> None:
    """Its values, outputs and figures included, and none of the marks of its source."""
    text, page = (site / edition / plain(address)).read_text(), said(PAGES[address], edition)
    assert text.startswith("# ")
    assert say("This page: <1>", f"<{BASE}{edition}{address}>\n") in text
    assert not re.search(r"<!--|<span|figure:\d|^ *(\?\?\?|!!!|:::)|\{ ?[.#]", prose(text), re.M)
    for block in page.blocks:
        if block.kind == "prose":
            shows = CLAIM.sub(lambda match: match["shown"] or match[0], block.source)
            lines = [
                new
                for old, new in zip(block.source.split("\n"), shows.split("\n"), strict=True)
                if old != new
            ]
            lines = [line.strip() for line in lines if not re.search(r"\]\(|\]\[|<!--", line)]
            assert [line for line in lines if line not in text] == []
        elif block.kind == "figure":
            assert f"*{say('Figure: <1>', block.alt)}*" in text
        if block.kind != "prose":
            assert block.source.split("\n")[-1] in text
    outputs = re.findall(
        r'<section class="[^"]* output [^"]*".*?<code>(.*?)</code>',
        (site / edition / address / "index.html").read_text(),
        re.S,
    )
    for output in outputs:
        inner = shown(output).strip("\n")
        assert all(line in text for line in inner.split("\n")), inner


def test_the_links_of_the_markdown_lead_somewhere(site: Path, edition: str, html: dict[str, Html]) -> None:
    """In the same edition."""
    dead, found = [], 0
    for address in PAGES:
        for link in re.findall(r"\]\(([^()\s]+)\)", prose((site / edition / plain(address)).read_text())):
            target, anchor = urldefrag(link)
            path = unquote(target.removeprefix(BASE + edition))
            found += target.startswith(BASE)
            if target in shared(site):
                continue
            if target.startswith(BASE):
                there = html.get(path)
                if not (there or (site / edition / path).is_file()) or (
                    anchor and unquote(anchor) not in there.ids
                ):
                    dead.append((address, link))
            elif not link.startswith(("https://", "#")):
                dead.append((address, link))
    assert not dead
    assert found > len(PAGES)


def shared(site: Path) -> set[str]:
    """The addresses of what lies beside the first edition for all."""
    return {BASE + path.name for kind in ("*.whl", "*.zip") for path in site.glob(kind)}


def test_the_markdown_of_the_reference_has_every_entry(
    site: Path, edition: str, html: dict[str, Html]
) -> None:
    entries = 0
    for address, page in html.items():
        names = [name for name in page.ids if name.startswith("linreg.")]
        text = (site / edition / plain(address)).read_text()
        entries += len(names)
        assert re.findall(r"^### `(linreg\.[\w.]+)`$", text, re.M) != [] or not names
        assert set(re.findall(r"^### `(linreg\.[\w.]+)`$", text, re.M)) == set(names), address
    assert entries >= len(linreg.__all__) - 1  # `plot` is a module


@pytest.mark.parametrize("source", sorted(PAGES.values()), ids=lambda path: path.stem)
def test_what_a_page_offers_stands_under_its_title(
    site: Path, html: dict[str, Html], speaking: None, source: Path
) -> None:
    page = built(source, html)
    found = re.search(r'</h1>\s*<p class="offers">(.*?)</p>', page.path.read_text(), re.S)
    if source.stem == "index":
        assert not found
        return
    assert found
    links = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', found[1])
    names = ["Markdown", say("Notebook"), say("Script")] if source.suffix == ".py" else ["Markdown"]
    assert [name for _, name in links] == names
    for link, _ in links:
        assert (site / urljoin(page.address, link).removeprefix(BASE)).is_file(), link
    assert '<button type="button">' in found[1]


def test_llms_txt_lists_every_page(site: Path, edition: str) -> None:
    text = (site / edition / "llms.txt").read_text()
    assert re.match(r"# \S.*\n\n> \S.*\n\n", text)
    listed = re.findall(r"^- \[(.+?)\]\((.+?)\): (\S.{19,})$", text, re.M)
    assert [address for _, address, _ in listed] == [BASE + edition + plain(address) for address in PAGES]
    assert len(listed) == text.count("\n- ")
    whole = (site / edition / "llms-full.txt").read_text()
    for address in PAGES:
        assert (site / edition / plain(address)).read_text().strip() in whole


# Programs


@pytest.mark.parametrize("source", SCRIPTS, ids=lambda path: path.stem)
def test_every_executed_page_can_be_downloaded_as_a_program(source: Path, site: Path, edition: str) -> None:
    """It is the code of its cells, which the notebook runs, and shows the figures."""
    text = (site / edition / source.relative_to(ROOT / "docs/en")).read_text()
    assert not re.search(r"<!--(?!=? ?\.\.\.)|answer=|alt=\"", re.sub(r"`+[^`]+`+", "", text))
    cells = [block.source for block in parse(source).blocks if block.cell]
    added = {"import matplotlib.pyplot as plt", "plt.show()"}
    program, page = (
        [ast.unparse(node) for node in ast.parse(code).body] for code in (text, "\n".join(cells))
    )
    assert [line for line in program if line not in added] == [line for line in page if line not in added]
    figures = sum(block.kind == "figure" for block in parse(source).blocks)
    assert program.count("plt.show()") == figures


def test_a_program_runs(site: Path, tmp_path: Path) -> None:
    (wheel,) = site.glob("*.whl")
    done = subprocess.run(
        [sys.executable, str(site / "part1/by-hand.py")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(wheel), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr[-3000:]
    assert done.stdout


# Names


@pytest.mark.parametrize("source", sorted(PAGES.values()), ids=lambda path: path.stem)
def test_every_name_that_a_page_uses_links_to_its_entry(html: dict[str, Html], source: Path) -> None:
    """Written out as `linreg.name` in code, or imported by name and called."""
    page = built(source, html)
    if any(name.startswith("linreg.") for name in page.ids):
        return  # the reference itself
    code = "\n".join(s.source for s in parse(source).statements if s.kind != "claim")
    imported = {
        name.strip()
        for names in re.findall(r"^from linreg import \(?([\w, \n]+)\)?", code, re.M)
        for name in names.split(",")
    }
    used = set(re.findall(r"\blinreg\.(\w+)", code)) & set(linreg.__all__) - {"plot"}
    used |= {name for name in imported & set(linreg.__all__) if re.search(rf"(?<![.\w]){name}\(", code)}
    bound = set(re.findall(r"^(?:def |class )?(\w+)(?: = |\()", code, re.M))
    targets = {".".join(urldefrag(link)[1].split(".")[:2]) for link in page.links}  # a method will do
    assert {name for name in used - bound if f"linreg.{name}" not in targets} == set()


def test_names_are_linked_and_every_link_of_a_name_arrives(html: dict[str, Html]) -> None:
    entries = {
        name: page.address for page in html.values() for name in page.ids if name.startswith("linreg.")
    }
    links = [
        (page.address, *urldefrag(urljoin(page.address, link)))
        for page in html.values()
        for link in page.links
        if "#linreg." in link
    ]
    assert [link for link in links if entries.get(link[2]) != link[1]] == []
    assert len({here for here, there, _ in links if here != there}) > len(html) / 2


def test_the_source_of_each_entry_is_one_click_away(html: dict[str, Html]) -> None:
    sources: dict[str, str] = {}
    for page in html.values():
        parts = re.split(r'<h[2-6] id="(linreg\.[^"]*)"', page.path.read_text())
        for name, entry in zip(parts[1::2], parts[2::2], strict=True):
            folded = re.search(
                r'<details class="mkdocstrings-source[^"]*">.*?<pre>.*?<code>(.*?)</code></pre>', entry, re.S
            )
            above, _, last = name.rpartition(".")
            sources[name] = shown(folded[1]) if folded else sources[above]  # a property, in its class
            assert re.search(rf"\b(class|def) {last}\b|^ +{last}: ", sources[name], re.M), name


# Addresses and what is said of pages elsewhere


def test_every_page_knows_its_address_and_says_what_a_link_to_it_shows(
    site: Path, edition: str, html: dict[str, Html]
) -> None:
    cards = set()
    for address, page in html.items():
        (canonical,) = (link["href"] for link in page.named("link") if link.get("rel") == "canonical")
        graph = {meta["property"]: meta["content"] for meta in page.named("meta") if "property" in meta}
        told = {meta["name"]: meta["content"] for meta in page.named("meta") if "name" in meta}
        assert canonical == graph["og:url"] == page.address
        assert graph["og:description"] == told["description"]
        assert graph["og:title"]
        assert len(graph["og:image:alt"]) > 30
        assert told["twitter:card"] == "summary_large_image"
        picture = site / graph["og:image"].removeprefix(BASE)
        assert (
            Image.open(picture).size
            == (int(graph["og:image:width"]), int(graph["og:image:height"]))
            == (1200, 630)
        )
        assert picture.stat().st_size < 100_000
        cards.add(picture.read_bytes())
        (text,) = (link["href"] for link in page.named("link") if link.get("type") == "text/markdown")
        assert urljoin(page.address, text) == BASE + edition + plain(address)
    assert len(cards) > len(html) - 3, "a card has the title of its page"


def test_no_two_pages_have_one_title(html: dict[str, Html], speaking: None) -> None:
    titles = [re.findall(r"<title>(.*?)</title>", page.path.read_text())[0] for page in html.values()]
    assert len(set(titles)) == len(titles)
    assert all(say("Linear regression in PyTorch") in title for title in titles)


def test_the_site_map_has_the_address_of_every_page(site: Path, edition: str) -> None:
    tree = ElementTree.parse(site / edition / "sitemap.xml")
    listed = [part.text for part in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert sorted(listed) == sorted(BASE + edition + address for address in PAGES)


def test_the_site_map_says_when_a_page_changed_if_git_knows(site: Path) -> None:
    tree, space = ElementTree.parse(site / "sitemap.xml"), "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    for url in tree.iter(f"{space}url"):
        changed = url.find(f"{space}lastmod")
        if (site / "feed.xml").exists():
            file = PAGES[url.find(f"{space}loc").text.removeprefix(BASE)].relative_to(ROOT)
            log = ["git", "log", "-1", "--no-merges", "--format=%cI", "--", str(file)]
            assert changed.text == subprocess.check_output(log, cwd=ROOT, text=True)[:10], file
        else:
            assert changed is None


@IN_ENGLISH
def test_the_feed_is_what_git_says(site: Path, html: dict[str, Html]) -> None:
    """Without a whole history there is none, and no link to one."""
    linked = {
        urljoin(page.address, link["href"])
        for page in html.values()
        for link in page.named("link")
        if link.get("type") == "application/atom+xml"
    }
    if not (site / "feed.xml").exists():
        assert not linked
        git = subprocess.run(
            ["git", "rev-parse", "--is-shallow-repository"], cwd=ROOT, capture_output=True, text=True
        )
        assert git.stdout.strip() != "false" or not (ROOT / ".git").exists()
        return
    assert linked == {f"{BASE}feed.xml"}
    feed = ElementTree.parse(site / "feed.xml").getroot()
    entries = feed.findall("a:entry", ATOM)
    assert 0 < len(entries) <= 20
    dates = []
    for entry in entries:
        address = entry.find("a:link", ATOM).get("href").removeprefix(BASE)
        file = PAGES[address].relative_to(ROOT)
        log = ["git", "log", "-1", "--no-merges", "--format=%cI %s", "--", str(file)]
        date, _, subject = subprocess.check_output(log, cwd=ROOT, text=True).strip().partition(" ")
        assert entry.find("a:updated", ATOM).text == date
        assert entry.find("a:title", ATOM).text.endswith(f": {subject}")
        dates.append(date)
    assert feed.find("a:updated", ATOM).text == dates[0]
    assert dates == sorted(dates, reverse=True)
