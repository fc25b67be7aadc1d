"""The built site, read without a browser: links, addresses, names, copy buttons, outputs, downloads."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from xml.etree import ElementTree

import nbformat
import pytest
from built import IN_ENGLISH, SCRIPTS, Html, built, pages, said
from nbclient import NotebookClient
from project import ROOT
from served import BASE, EDITIONS, sources

from book.execute import kernels
from book.page.files import parse
from book.publish import policy
from book.render.former import FORMER

# The elements that the pages are made of: what is none of HTML's, of MathML's or of SVG's is a mistake.
KNOWN = set(
    re.findall(
        r"\w+",
        """
        a article b blockquote body br button code dd details div dl dt em figure footer form h1 h2 h3 h4
        h5 h6 head header hr html i img input label li link main meta nav ol p pre script section small
        span strong sub summary sup table tbody td th thead title tr ul wbr

        annotation math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub
        msubsup msup mtable mtd mtext mtr munder munderover semantics

        circle clippath defs g path rect svg text tspan use
        """,
    )
)
# How many parts the browser takes them to have.
PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3}


@pytest.fixture(scope="module")
def html(site: Path, edition: str) -> dict[str, Html]:
    """Every page of an edition by its address in it."""
    return pages(site, edition)


def test_every_page_of_the_navigation_is_built(html: dict[str, Html]) -> None:
    assert sources().keys() | {"404.html"} == html.keys()


def test_links_to_headings_that_have_gone_lead_to_what_they_had(html: dict[str, Html]) -> None:
    """Each place stands in the heading of the section."""
    for uri, renamed in FORMER.items():
        tags = built(ROOT / "docs/en" / uri, html).tags
        for old, new in renamed.items():
            (heading,) = (
                i for i, tag in enumerate(tags) if tag in (("h2", {"id": new}), ("h3", {"id": new}))
            )
            after = [attributes.get("id") for tag, attributes in tags[heading + 1 :] if tag == "span"]
            assert old in after[: len(renamed)], old
            assert [attributes.get("id") for _, attributes in tags].count(old) == 1, old


def test_every_link_and_every_anchor_leads_somewhere(site: Path, edition: str, html: dict[str, Html]) -> None:
    """In the same edition, but for the one link to the other; only the wheel and the zip are shared."""
    home, dead = BASE + edition, []
    (other,) = set(EDITIONS) - {edition}
    for address, page in html.items():
        turned = [BASE + other + address.replace("404.html", "")]
        assert [urljoin(page.address, link["href"]) for link in switches(page)] == turned
        turn = {link["href"] for link in switches(page)}
        for link in (link for link in page.links if link not in turn):
            target, anchor = urldefrag(urljoin(page.address, link))
            if not target.startswith(BASE):
                if urlsplit(target).scheme not in ("https", "mailto"):
                    dead.append((page.address, link))
                continue
            shared = re.fullmatch(r"linreg[\w.-]*\.(zip|whl)", target.removeprefix(BASE))
            path = unquote(target.removeprefix(BASE if shared else home))
            there = html.get(path)
            missing = there is None and not (site / ("" if shared else edition) / path).is_file()
            astray = anchor and (there is None or unquote(anchor) not in there.ids)
            if missing or astray:
                dead.append((page.address, link))
    assert not dead


def switches(page: Html) -> list[dict[str, str]]:
    return [link for link in page.named("a") if "edition" in link.get("class", "").split()]


def test_nothing_is_loaded_from_elsewhere(site: Path, edition: str, html: dict[str, Html]) -> None:
    for page in html.values():
        for address in page.loaded:
            target = urldefrag(urljoin(page.address, address))[0]
            assert target.startswith(BASE + edition), (page.address, address)
            assert (site / target.removeprefix(BASE)).is_file(), (page.address, address)
    for style in site.rglob("*.css"):
        text = style.read_text()
        assert "@import" not in text
        for address in re.findall(r"url\([\"']?([^)\"']*)", text):
            assert address.startswith("data:") or (style.parent / address).is_file(), address


def test_ids_occur_once(html: dict[str, Html]) -> None:
    for page in html.values():
        assert len(page.ids) == len(set(page.ids)), page.address


def test_every_formula_can_be_listened_to(html: dict[str, Html]) -> None:
    """A fraction has two parts, a base with index and power three: else one hears other mathematics."""
    seen = 0
    for address, page in html.items():
        for formula in re.findall(r"<math.*?</math>", page.path.read_text(), re.S):
            for element in ElementTree.fromstring(formula).iter():
                kind = element.tag.rpartition("}")[2]
                assert len(element) == PARTS.get(kind, len(element)), (address, formula)
                assert kind not in ("mi", "mn", "mo", "mtext") or not len(element), (address, formula)
                seen += kind in PARTS
    assert seen > 1000, "the book has many"


def test_every_element_and_attribute_is_one_of_html(html: dict[str, Html]) -> None:
    """What the validator of the W3C finds on a page of the theme and its plugins, and is mended here."""
    for address, page in html.items():
        unknown = {tag for tag, _ in page.tags} - KNOWN
        assert not unknown, (address, unknown)
        for tag, attributes in page.tags:
            assert re.fullmatch(r"-?\d+", attributes.get("tabindex", "0")), (address, tag, attributes)
        assert not [a for a in page.named("link") if a["rel"] in ("prev", "next")], "Firefox fetches them"


def test_signatures_link_to_the_names_in_them(html: dict[str, Html]) -> None:
    text = html["reference/api-solve/"].path.read_text()
    signatures = re.findall(r'<section class="[^"]*doc-signature.*?</pre>', text, re.S)
    (signature,) = (one for one in signatures if ">solve_statistics<" in one)
    links = re.findall(r'<a class="autorefs[^>]* title="([^"]*)" href="([^"]*)">(\w+)</a>', signature)
    assert links == [
        ("Statistics (linreg.basics.statistics.Statistics)", "#linreg.Statistics", "Statistics"),
        ("Fit dataclass (linreg.result.Fit)", "../api/#linreg.Fit", "Fit"),
    ]


def test_every_page_tells_search_engines_what_it_is(html: dict[str, Html]) -> None:
    told = set()
    for address, page in html.items():
        (description,) = (meta["content"] for meta in page.named("meta") if meta.get("name") == "description")
        width = len(description) + len(re.findall(r"[\u2e80-\uffef]", description))  # which are twice as wide
        assert 40 <= width <= 160, (address, description)
        assert "\\" not in description, (address, description)
        assert len(page.named("h1")) == 1, address
        told.add(description)
    assert len(told) >= len(html) - 1, "only 404.html may say what home says"


def test_every_figure_has_a_name(html: dict[str, Html], edition: str) -> None:
    for source in sources().values():
        page = built(source, html)
        drawn = [a for a in page.named("svg") if a.get("role") == "img"]
        alts = [block.alt for block in said(source, edition).blocks if block.kind == "figure"]
        assert [a["aria-label"] for a in drawn] == alts, source
        assert all(image.get("alt") for image in page.named("img")), source


@pytest.mark.parametrize("source", sorted(sources().values()), ids=lambda path: path.stem)
def test_every_block_that_runs_can_be_copied(source: Path, html: dict[str, Html]) -> None:
    """And nothing else has a button: no output, no signature, no source of a function."""
    runs = []
    for attributes in built(source, html).named("section"):
        classes = attributes.get("class", "").split()
        if "highlight" not in classes:
            continue
        language = next(name for name in classes if name.startswith("language-"))
        copied = attributes.get("data-copy")
        if language in ("language-pycon", "language-python", "language-sh") and "no-copy" not in classes:
            assert copied, attributes
            runs.append((language, copied))
        else:
            assert copied is None, attributes
    assert all(">>> " not in text for language, text in runs if language == "language-pycon")
    blocks = [block for block in parse(source).blocks if block.kind in ("code", "figure")]
    assert [block.source for block in blocks] == [
        text for _, text in runs if text in {b.source for b in blocks}
    ]


@pytest.mark.parametrize("source", SCRIPTS, ids=lambda path: path.stem)
def test_every_cell_that_prints_or_draws_shows_it(source: Path, html: dict[str, Html]) -> None:
    cells = [block for block in parse(source).blocks if block.cell]
    page = built(source, html)
    outputs = [a for a in page.named("section") if "output" in a.get("class", "").split()]
    assert len(outputs) >= sum(prints(block.source) for block in cells)
    assert len(outputs) <= len(cells)
    assert page.path.read_text().count('<figure class="drawn') == sum(
        block.kind == "figure" for block in cells
    )


def prints(code: str) -> bool:
    """Whether a cell prints for certain: at its top level."""
    return any(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "print"
        for node in ast.parse(code).body
    )


def test_formulas_are_typeset_and_claims_are_shown(html: dict[str, Html]) -> None:
    for address, page in html.items():
        text = page.path.read_text()
        assert 'class="arithmatex"' not in text, address
        prose = re.sub(r"<code\b.*?</code>", "", text, flags=re.S)
        assert "&lt;!--" not in prose, address
        assert "<!--" not in text, address


def test_what_stands_around_the_words_is_in_the_language_of_the_edition(
    html: dict[str, Html], edition: str
) -> None:
    """The marks of arguments and their defaults, and the last line of each page."""
    made, other = ("用 <a", "Made with <a")[:: 1 if edition else -1]
    mark, given = ("（<code>", "，默认：<code>") if edition else (" (<code>", ", default: <code>")
    for address, page in html.items():
        text = page.path.read_text().replace('<code class="tight">', "<code>")
        assert (made in text, other in text) == (True, False), address
        if address.startswith("reference/api-"):
            items = re.findall(r'<li class="doc-section-item.*?–', text, re.S)
            assert any(given in item for item in items), address
            assert not [item for item in items if "<code>" in item.partition("</b>")[2] and mark not in item]
            assert not [item for item in items if re.search(r"\s\)", item)], "a space before the end"


def test_no_line_begins_with_a_sign_of_percent(html: dict[str, Html]) -> None:
    held = 0
    for address, page in html.items():
        text = re.sub(r"<(pre|code|script|svg|title)\b.*?</\1>", "", page.path.read_text(), flags=re.S)
        text = re.sub(r"<[^>]*>", "", text)
        assert not re.search(r"\d %(?!\w)", text), address
        held += text.count("\u00a0%")
    assert held > 20


def test_the_search_knows_the_words_and_not_the_outputs(
    site: Path, edition: str, html: dict[str, Html]
) -> None:
    index = json.loads((site / edition / "search/search_index.json").read_text())
    text = " ".join(entry["text"] for entry in index["docs"])
    pages = "".join(page.path.read_text() for page in html.values())
    outputs = re.findall(r'<section class="[^"]* output .*?<code>(.*?)</code>', pages, re.S)
    assert len(outputs) > len(SCRIPTS)
    assert [output for output in outputs if f"<pre><code>{output.strip()}\n</code></pre>" in text] == []
    assert "<!--" not in text
    assert "Source code in" not in text
    assert "\\(" not in re.sub(r"<pre>.*?</pre>|<code\b.*?</code>", "", text, flags=re.S)
    pages = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert pages == set(sources())


def test_the_install_line_names_the_wheel_that_the_site_serves(site: Path, html: dict[str, Html]) -> None:
    (wheel,) = site.glob("*.whl")
    lines = {
        div["data-copy"]
        for page in html.values()
        for div in page.named("section")
        if "pip install" in div.get("data-copy", "")
    }
    assert f'pip install "linreg-book[book] @ {BASE}{wheel.name}"' in lines
    assert not any(
        re.search(r"pip install linreg\b(?!-book)", page.path.read_text()) for page in html.values()
    )


def test_the_wheel_carries_the_package_alone(site: Path) -> None:
    (wheel,) = site.glob("linreg_book-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        inside = {name for name in names if ".dist-info/" not in name}
        package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "linreg").rglob("*.py")}
        assert inside == package | {"linreg/py.typed"}
        for name in package:
            assert archive.read(name) == (ROOT / name).read_bytes(), f"{name} is not what the pages ran with"
        (metadata,) = (name for name in names if name.endswith("METADATA"))
        assert b"\nName: linreg-book\n" in archive.read(metadata)


def test_the_wheel_imports_without_matplotlib(site: Path, tmp_path: Path) -> None:
    (wheel,) = site.glob("*.whl")
    code = "import sys; sys.modules['matplotlib'] = None; import linreg; print(linreg.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(str(wheel)), done.stderr


@pytest.fixture(scope="module")
def forked() -> Iterator[None]:
    """Kernels start by a fork, from a server that ends with them: no other test may get its environment."""
    with kernels.opened():
        yield
    forkserver._forkserver._stop()  # as Python's own tests do; it is no public name


@pytest.mark.parametrize("source", SCRIPTS, ids=lambda path: path.stem)
def test_every_executed_page_can_be_downloaded_as_a_notebook(
    source: Path, site: Path, html: dict[str, Html]
) -> None:
    page = built(source, html)
    (link,) = (a for a in page.named("a") if a.get("href", "").endswith(".ipynb"))
    target = site / urljoin(page.address, link["href"]).removeprefix(BASE)
    assert link["download"] == target.name == f"{source.stem}.ipynb"
    book = nbformat.read(target, as_version=4)
    nbformat.validate(book)
    code = [cell.source for cell in book.cells if cell.cell_type == "code"]
    assert code == [block.source for block in parse(source).blocks if block.cell], "the same in all editions"
    assert not any("<!--" in re.sub("`[^`]*`", "", cell.source) for cell in book.cells)


@pytest.mark.parametrize("source", SCRIPTS, ids=lambda path: path.stem)
def test_every_notebook_runs(
    source: Path, site: Path, forked: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = nbformat.read(site / source.relative_to(ROOT / "docs/en").with_suffix(".ipynb"), as_version=4)
    (wheel,) = site.glob("*.whl")
    monkeypatch.setenv("PYTHONPATH", str(wheel))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # other tests run beside
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()


def test_every_page_carries_the_policy(html: dict[str, Html]) -> None:
    """Before anything that it is about; and no page needs what it forbids."""
    told = set()
    for address, page in html.items():
        (rules,) = (
            meta["content"]
            for meta in page.named("meta")
            if meta.get("http-equiv") == "Content-Security-Policy"
        )
        names = [tag for tag, _ in page.tags]
        assert names[:4] == ["html", "head", "meta", "meta"], address
        assert page.tags[3][1]["content"] == rules, address
        text = page.path.read_text()
        assert policy.hashes(text)
        assert all(script in rules for script in policy.hashes(text)), address
        assert "style" not in names, address
        handlers = [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
        assert not handlers, address
        told.add(rules)
    (rules,) = told
    scripts = re.search(r"script-src ([^;]*)", rules)[1]
    assert "unsafe" not in scripts
    assert all(word == "'self'" or word.startswith("'sha256-") for word in scripts.split())
    assert rules.startswith("default-src 'none'; ")


def test_the_site_can_stand_anywhere(html: dict[str, Html]) -> None:
    """Nothing but the canonical address and the lines that install names the place; 404.html has to."""
    for address, page in html.items():
        if address == "404.html":
            assert all(link.startswith(urlsplit(BASE).path) for link in page.loaded)
            continue
        for link in [*page.loaded, *page.links]:
            assert not link.startswith(("/", BASE)), (address, link)


@pytest.fixture(scope="module")
def unpacked(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(site / "linreg-book.zip", folder)
    (book,) = folder.iterdir()
    return book


def test_the_zip_holds_the_whole_site(site: Path, unpacked: Path) -> None:
    """Once each, in both editions, and not itself."""
    with zipfile.ZipFile(site / "linreg-book.zip") as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted({entry.filename for entry in entries})
    assert {(entry.date_time, entry.external_attr >> 16) for entry in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644)
    }
    held = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    there = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    servers = {name for name in there if re.match(r"(zh/)?(sitemap|404)|.*/(cards|workers|lunr)/", name)}
    assert held - there == {f"{edition}search/search_index.js" for edition in EDITIONS}
    assert there - held - servers == {
        "linreg-book.zip",
        *(f"{edition}search/search_index.json" for edition in EDITIONS),
    }
    assert sum(name.endswith(".whl") for name in held) == 1


def test_every_link_of_the_zip_names_a_file(unpacked: Path) -> None:
    for path in unpacked.rglob("*.html"):
        page = Html(path, path.as_uri())
        for link in [*page.loaded, *page.links]:
            target = urldefrag(urljoin(page.address, link))[0]
            if target.startswith("file:"):
                assert Path(unquote(urlsplit(target).path)).is_file(), (path, link)
            else:
                assert target == f"{BASE}linreg-book.zip" or not target.startswith(BASE), (path, link)


@IN_ENGLISH
def test_a_reader_computes_the_digests_that_the_site_shows(site: Path, html: dict[str, Html]) -> None:
    """With the commands beside them."""
    page = html["about/verified/"]
    (commands,) = (
        div["data-copy"] for div in page.named("section") if "sha256sum" in div.get("data-copy", "")
    )
    sources_of, wheel_of = commands.split("\nsha256sum ")
    for command, folder in ((sources_of, ROOT), (f"sha256sum {wheel_of}", site)):
        told = subprocess.check_output(["sh", "-c", command], cwd=folder, text=True)
        assert f"<code>{told.split()[0]}</code>" in page.path.read_text(), command
