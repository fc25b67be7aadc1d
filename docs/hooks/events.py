"""The hook that MkDocs loads: wires the parts of the engine to the events of a build."""

import gc
import logging
import os
import re
from collections import Counter
from datetime import UTC, datetime
from fnmatch import fnmatch
from html import escape, unescape
from pathlib import Path
from urllib.parse import urljoin

from jinja2 import Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from book.execute import cells, outputs
from book.page import files as sources
from book.page.model import BLANK, PageError
from book.page.model import Page as Source
from book.publish import (
    assets,
    card,
    digest,
    feed,
    fonts,
    llms,
    logo,
    notebook,
    offline,
    plain,
    policy,
    wheel,
)
from book.render import clipboard, figures, formulas, names, reference, repairs, search
from book.render.markdown import INSTALL, Drawn
from book.render.markdown import markdown as draft

WIDGETS = Path(__file__).parents[1] / "theme/assets/widgets"
ONLY = os.environ.get("PAGES", "*")  # PAGES="part1/loss*" builds these pages alone, which is quick

# Joined in this order in one file, which docs/theme/main.html links.
STYLES = [
    "assets/stylesheets/main.*.css",
    "assets/stylesheets/palette.*.css",
    "assets/katex.css",
    "assets/_mkdocstrings.css",
    "assets/style.css",
]

# An empty line of output, which the sources mark as doctest has it.
EMPTY = f'<span class="go">{escape(BLANK)}</span>'

UNDATED = datetime.fromtimestamp(int(wheel.EPOCH), UTC).date()  # MkDocs' date of what has no history

live = False  # whether `mkdocs serve` builds
root: Path
package: Path  # the wheel
cache: Path  # of outputs
navigation: Navigation
marks: dict[str, str] = {}  # what becomes of a line that is nothing but a mark
entries: dict[str, str] = {}  # address in the reference of each public name
links: dict[str, str] = {}  # address of each source file and download
beside: dict[str, str | bytes] = {}  # what is written beside the pages, by its path on the site
read: dict[str, Source] = {}  # the pages
made: dict[str, list[list[outputs.Output]]] = {}  # the outputs of each block
drawn: dict[str, list[Drawn]] = {}  # the figures


def on_startup(command: str, dirty: bool) -> None:
    """Remember who builds, and let nobody look for garbage all the time: that takes a sixth of a build."""
    global live
    gc.set_threshold(100_000, 50, 50)
    live = command == "serve"


def on_config(config: MkDocsConfig) -> None:
    """Build the wheel and get the kernels ready."""
    global root, package, cache
    os.environ["SOURCE_DATE_EPOCH"] = wheel.EPOCH  # no file tells when it was built
    root = Path(config.config_file_path).parent
    package = wheel.wheel(root)
    marks[INSTALL] = wheel.install_line(config.site_url or "", package)
    marks[digest.DIGEST] = digest.told(root, package)
    cache = outputs.prepare(root / "linreg", package)
    config.extra["mark"] = logo.logo()  # for docs/theme/partials/logo.html
    config.extra_css = []  # instead of mkdocstrings' own file: see STYLES
    if ONLY != "*":
        config.nav = None
        config.validation.links.not_found = config.validation.nav.omitted_files = logging.INFO


@event_priority(-50)  # after mkdocs-jupyter has found its pages
def on_files(files: Files, config: MkDocsConfig) -> None:
    """Read all pages, run what has changed, and add the downloads."""
    documents = {file.src_uri: file for file in files.documentation_pages()}
    for uri, file in documents.items():
        read[uri] = parsed(file)
    wanted = {uri for uri in documents if fnmatch(uri, ONLY)}
    run(wanted, config)

    beside.clear()
    beside[str(config.theme["favicon"])] = logo.icon()
    reference.package.cache_clear()  # `mkdocs serve` builds again after a change
    links.update(
        (str(Path(file.abs_src_path).resolve()), urljoin(config.site_url or "", file.url))
        for file in files
        if file.abs_src_path
    )
    for name in (package.name, offline.NAME):  # which have no source
        links[str((Path(config.docs_dir) / name).resolve())] = urljoin(config.site_url or "", name)
    entries.clear()
    texts = {file.url: read[uri].text for uri, file in documents.items()}
    entries.update(reference.addresses(texts, root))
    for uri in wanted:
        if uri.endswith(".py"):
            beside[f"{stem(uri)}.ipynb"] = notebook.notebook(read[uri], marks[INSTALL], links)
            beside[uri] = notebook.script(read[uri], marks[INSTALL], links)
    files.append(File.generated(config, package.name, content=package.read_bytes()))
    files.append(File.generated(config, offline.NAME, content=b""))  # a place that pages can link to
    for uri in documents.keys() - wanted:
        files.remove(documents[uri])


def parsed(file: File) -> Source:
    """The page in a file; what is wrong with it stops the build."""
    try:
        return sources.parse(Path(str(file.abs_src_path)))
    except PageError as error:
        raise PluginError(str(error)) from None


def run(wanted: set[str], config: MkDocsConfig) -> None:
    """Execute each page as one list of cells, and give the outputs back to its blocks."""
    blocks = {uri: cells.cells(page) for uri, page in read.items()}
    flat = {uri: [cell for block in page for cell in block] for uri, page in blocks.items()}
    given = outputs.execute(flat, wanted, cache, config)
    for uri in wanted:
        rest = iter(given.get(uri, []))
        made[uri] = [[output for _ in block for output in next(rest)] for block in blocks[uri]]


@event_priority(-50)
def on_pre_page(page: Page, config: MkDocsConfig, files: Files) -> None:
    """Take off the `render` that mkdocs-jupyter put on; MkDocs' own will do."""
    vars(page).pop("render", None)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Hand the page to MkDocs as Markdown, outputs and all."""
    uri = page.file.src_uri
    text, drawn[uri] = draft(read[uri], made[uri], marks)
    places = {name: urljoin(config.site_url or "", place) for name, place in entries.items()}
    beside[f"{stem(uri)}.md"] = plain.text(text, read[uri], root, links, places)
    return text


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Say what the copy buttons copy, and what the search reads."""
    html = html.replace(EMPTY, "")
    text = search.leave_out(formulas.with_words(counted(clipboard.mark(html))))
    page.meta["summary"] = page.meta.get("description") or first(text)
    page.meta["description"] = escape(shortened(page.meta["summary"]))
    return repairs.lean(names.link(text, read[page.file.src_uri], page.file.url, entries))


def counted(html: str) -> str:
    """Tell the style how many lines a block of code has, hence how high it is."""

    def one(match: re.Match[str]) -> str:
        lines = match[2].count("\n")
        return f'{match[1]} style="--lines:{lines}">{match[2]}'

    return re.sub(r'(<div class="[^"]*\bhighlight\b[^"]*"[^>]*)>(.*?</code>)', one, html, flags=re.S)


def first(html: str) -> str:
    """The first paragraph as text, which says what a page is about."""
    found = re.search(r"<p>(.*?)</p>", html, re.S)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", found[1])).split()) if found else ""


def shortened(text: str) -> str:
    """As much as search engines show."""
    return text if len(text) < 160 else text[:157].rsplit(" ", 1)[0] + " …"


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    """Keep it, for what is made from all pages."""
    global navigation
    navigation = nav


@event_priority(-100)  # after mkdocs-autorefs has linked the names in the signatures
def on_env(env: Environment, config: MkDocsConfig, files: Files) -> None:
    """All pages are read: make what is made from all, before the first is written."""
    home, here = config.site_url or "", navigation.pages
    shared = Counter(page.title for page in here)
    for page in here:
        if shared[page.title] > 1 and page.parent:  # no two pages of one name in a list of results
            page.meta["title"] = f"{page.title} ({page.parent.title})"
        path = f"assets/cards/{stem(page.file.src_uri).replace('/', '-')}.png"
        title = config.site_name if page.is_homepage else str(page.title)
        beside[path] = card.png(title, config.site_name)
        page.meta["card"], page.meta["card_alt"] = urljoin(home, path), escape(card.alt(title))

    texts = {page.file.src_uri: f"{stem(page.file.src_uri)}.md" for page in here}
    beside["llms.txt"] = llms.index(config, navigation, {uri: urljoin(home, at) for uri, at in texts.items()})
    beside["llms-full.txt"] = llms.whole(str(beside[at]) for at in texts.values())

    changes = feed.history(root, "docs/en")
    for page in here:  # for the site map
        if page.file.src_uri in changes:
            page.update_date = changes[page.file.src_uri][0].date[:10]
    titles = {page.file.src_uri: (str(page.title), urljoin(home, page.url)) for page in here}
    if atom := feed.atom(config.site_name, home, changes, titles):
        beside["feed.xml"] = atom
    config.extra["feed"] = bool(atom)  # docs/theme/main.html links it


def stem(uri: str) -> str:
    """The path of a source without its ending, which names all that is made of it."""
    return uri.rpartition(".")[0]


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Put in the figures and the typeset formulas."""
    uri = page.file.src_uri
    name = re.sub(r"\W+", "-", stem(uri))

    def figure(match: re.Match[str]) -> str:
        svg, alt, widget, values = drawn[uri][int(match[1]) - 1]
        html = figures.figure(svg, alt, f"{name}-{match[1]}")
        if not widget:
            return html
        if not (WIDGETS / f"{widget}.js").exists():
            raise PluginError(f"{uri}: there is no widget {widget!r} in {WIDGETS}.")
        return figures.alive(html, widget, values, get_relative_url(f"assets/widgets/{widget}.js", page.url))

    output = clipboard.under_title(output, uri)
    output = re.sub(r'<p><img alt="[^"]*" src="figure:(\d+)" /></p>', figure, output)
    if 'src="figure:' in output:
        raise PluginError(f"{uri}: a figure stands where no paragraph can.")
    for step in (repairs.quiet, repairs.scrolling, repairs.readable):
        output = step(output)
    return formulas.typeset(repairs.mend(output, repairs.HTML), uri)


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """Mend 404.html too, which is no page to MkDocs, and leave out of the site map dates that are none."""
    if template_name == "404.html":
        return repairs.mend(repairs.quiet(output_content), repairs.HTML)
    return re.sub(rf"\s*<lastmod>{UNDATED}</lastmod>", "", output_content)


@event_priority(-50)  # after the search has written its index
def on_post_build(config: MkDocsConfig) -> None:
    """Write what stands beside the pages, the fonts of their formulas, and what is made of all of them."""
    site = Path(config.site_dir)
    for path, content in beside.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    formulas.save()
    fonts.publish(formulas.used.values(), site)
    assets.join(site / "assets/widgets")
    assets.publish(site, STYLES)
    policy.publish(site, live)
    offline.publish(site, config.site_url or "")
