"""The hook that MkDocs loads: what the engine does at each event of a build."""

import gc
import logging
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from html import escape
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

from book.execute.outputs import Running, of_blocks, prepare
from book.page.files import parse
from book.page.model import Page as Source
from book.page.model import PageError
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
from book.render import code, downloads, figures, former, formulas, lines, names, reference, repairs, search
from book.render.markdown import INSTALL, MARKS, Drawn, draft
from book.translate import site as everywhere
from book.translate import together
from book.translate.edition import Edition
from book.words import say, speak

ONLY = os.environ.get("PAGES", "*")  # PAGES="part1/loss*" builds these pages alone, which is quick
UNDATED = datetime.fromtimestamp(int(wheel.EPOCH), UTC).date()  # MkDocs' date of what has no history


@dataclass
class Site:
    """What a build knows, by the path of a source under docs/en if it is about a page."""

    root: Path
    home: str  # the address where it will be read
    wheel: Path
    cache: Path  # of outputs
    marks: dict[str, str]  # what becomes of a line that is nothing but a mark
    edition: Edition
    titles: dict[str, str]  # in the language of the sources
    sources: dict[str, Source] = field(default_factory=dict)
    outputs: Running | None = None  # of each block, in the language of the sources
    drawn: dict[str, list[Drawn]] = field(default_factory=dict)  # the figures
    entries: dict[str, str] = field(default_factory=dict)  # address in the reference of each public name
    links: dict[str, str] = field(default_factory=dict)  # address of each source file and download
    beside: dict[str, str | bytes] = field(default_factory=dict)  # what else is written, by its path
    navigation: Navigation = field(init=False)

    def address(self, path: str) -> str:
        """Where a file of the site will be read."""
        return urljoin(self.home, path)

    @property
    def shared(self) -> tuple[str, str]:
        """The files that serve all editions, and lie beside the first."""
        return self.wheel.name, offline.NAME


live = False  # whether `mkdocs serve` builds
site: Site


def on_startup(command: str, dirty: bool) -> None:
    """Remember who builds, and let nobody look for garbage all the time: that takes a sixth of a build."""
    global live
    gc.set_threshold(100_000, 50, 50)
    logging.getLogger("jieba").setLevel(logging.WARNING)  # which tells each build that it has read its words
    live = command == "serve"


def on_config(config: MkDocsConfig) -> None:
    """Build the wheel and get the kernels ready."""
    global site
    together.hear()  # that the code has been run
    os.environ["SOURCE_DATE_EPOCH"] = wheel.EPOCH  # no file tells when it was built
    root, edition = Path(config.config_file_path).parent, Edition.of(config)
    titles = everywhere.titles(config)
    speak(edition.site)
    everywhere.translate(config)
    edition.settle(config)
    home = config.site_url or ""
    package = wheel.build(root)
    marks = {mark: say(text) for mark, text in MARKS.items()}
    marks[INSTALL] = wheel.install_line(urljoin(home, edition.up), package)
    marks[digest.DIGEST] = digest.as_markdown(root, package)
    site = Site(root, home, package, prepare(root / "linreg", package), marks, edition, titles)
    config.extra["mark"] = logo.logo()  # for docs/theme/partials/logo.html
    config.extra_css = []  # instead of mkdocstrings' own file: see `assets.STYLES`
    if ONLY != "*":
        config.nav = None
        config.validation.links.not_found = config.validation.nav.omitted_files = logging.INFO


@event_priority(-50)  # after mkdocs-jupyter has found its pages
def on_files(files: Files, config: MkDocsConfig) -> None:
    """Read all pages, run what has changed, and add the downloads."""
    documents = {file.src_uri: file for file in files.documentation_pages()}
    try:
        sources = {uri: parse(Path(str(file.abs_src_path))) for uri, file in documents.items()}
    except PageError as error:
        raise PluginError(str(error)) from None
    wanted = {uri for uri in documents if fnmatch(uri, ONLY)}
    outputs = site.outputs = of_blocks(sources, wanted, site.cache, config, together.tell)
    for uri in wanted:  # the first kernel starts after some seconds
        _card(uri)
    site.sources = {uri: site.edition.page(uri, source) for uri, source in sources.items()}

    reference.share(site.root, config)
    site.edition.speak({uri: source.text for uri, source in sources.items()})
    site.entries = reference.addresses(
        {file.url: site.sources[uri].text for uri, file in documents.items()}, site.root
    )
    places = {file.abs_src_path: file.url for file in files if file.abs_src_path}
    for name in site.shared:  # which have no source
        places[f"{config.docs_dir}/{name}"] = f"{site.edition.up}{name}"
    site.links = {str(Path(path).resolve()): site.address(url) for path, url in places.items()}

    site.beside[str(config.theme["favicon"])] = logo.icon()
    for uri in wanted:
        if uri.endswith(".py"):
            page = site.sources[uri], site.marks, site.links
            site.beside |= {f"{stem(uri)}.ipynb": notebook.notebook(*page), uri: notebook.script(*page)}
    files.append(File.generated(config, site.wheel.name, content=site.wheel.read_bytes()))
    files.append(File.generated(config, offline.NAME, content=b""))  # a place that pages can link to
    for file in documents.values():
        files.remove(file)
    for uri in outputs:  # MkDocs reads pages in this order, while those behind still run
        files.append(documents[uri])


@event_priority(-50)
def on_pre_page(page: Page, config: MkDocsConfig, files: Files) -> None:
    """Take off the `render` that mkdocs-jupyter put on; MkDocs' own will do."""
    vars(page).pop("render", None)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Hand the page to MkDocs as Markdown, outputs and all."""
    uri = page.file.src_uri
    assert site.outputs is not None
    outputs = site.edition.outputs(uri, site.outputs[uri])
    text, site.drawn[uri] = draft(site.sources[uri], outputs, site.marks)
    entries = {name: site.address(place) for name, place in site.entries.items()}
    site.beside[f"{stem(uri)}.md"] = plain.text(text, site.sources[uri], site.root, site.links, entries)
    return text


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Say what the copy buttons copy, and what the search reads."""
    html = search.leave_out(formulas.with_words(code.finished(html)))
    uri = page.file.src_uri
    page.meta["search"] = {"boost": search.weight(uri, site.sources[uri].text)}
    page.meta["summary"] = page.meta.get("description") or search.summary(html)
    page.meta["description"] = escape(search.shortened(page.meta["summary"]))
    return repairs.lean(names.link(html, site.sources[uri], page.file.url, site.entries))


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    """Keep it, for what is made from all pages."""
    site.navigation = nav


def _card(uri: str) -> tuple[str, bytes]:
    """The title on the picture that goes with links to a page, and the picture."""
    title = site.titles["" if uri == "index.md" else uri]  # in English: the letters know no Chinese
    return title, card.png(title, site.titles[""])


@event_priority(-100)  # after mkdocs-autorefs has linked the names in the signatures
def on_env(env: Environment, config: MkDocsConfig, files: Files) -> None:
    """All pages are read: make what is made from all, before the first is written."""
    assert site.outputs is not None
    site.outputs.close()
    env.filters["say"] = say  # for the templates of docs/theme
    pages = {page.file.src_uri: page for page in site.navigation.pages}
    shared = Counter(page.title for page in pages.values())
    for uri, page in pages.items():
        if shared[page.title] > 1 and page.parent:  # no two pages of one name in a list of results
            page.meta["title"] = f"{page.title} ({page.parent.title})"
        path = f"assets/cards/{stem(uri).replace('/', '-')}.png"
        title, site.beside[path] = _card(uri)
        page.meta["card"], page.meta["card_alt"] = site.address(path), escape(card.alt(title))

    texts = {uri: f"{stem(uri)}.md" for uri in pages}
    site.beside["llms.txt"] = llms.index(
        config, site.navigation, {uri: site.address(path) for uri, path in texts.items()}
    )
    site.beside["llms-full.txt"] = llms.full(str(site.beside[path]) for path in texts.values())

    changes = feed.history(site.root, "docs/en")
    for uri in pages.keys() & changes.keys():  # for the site map
        pages[uri].update_date = changes[uri][0].date[:10]
    told = {uri: (str(page.title), site.address(page.url)) for uri, page in pages.items()}
    if atom := feed.atom(config.site_name, site.home, changes, told):
        site.beside["feed.xml"] = atom
    config.extra["feed"] = bool(atom)  # docs/theme/main.html links it


def on_build_error(error: Exception) -> None:
    """Run no more pages, if any run yet."""
    if "site" in globals() and site.outputs is not None:
        site.outputs.close()


def stem(uri: str) -> str:
    """The path of a source without its ending, which names all that is made of it."""
    return uri.rpartition(".")[0]


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Put in the figures and the typeset formulas."""
    uri = page.file.src_uri
    html = site.edition.marked(lines.parted(lines.held(output)))
    html = former.kept(html, uri)
    html = downloads.under_title(site.edition.upwards(html, site.shared), uri)
    html = figures.placed(html, site.drawn[uri], uri, get_relative_url("assets/widgets", page.url))
    for step in (repairs.quiet, repairs.scrolling, repairs.readable):
        html = step(html)
    return formulas.typeset(repairs.mend(html, repairs.html()), uri)


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """Mend 404.html too, which is no page to MkDocs, and leave out of the site map dates that are none."""
    if template_name == "404.html":
        return repairs.mend(repairs.quiet(site.edition.marked(output_content)), repairs.html())
    return re.sub(rf"\s*<lastmod>{UNDATED}</lastmod>", "", output_content)


@event_priority(-50)  # after the search has written its index
def on_post_build(config: MkDocsConfig) -> None:
    """Write what stands beside the pages, the fonts of their formulas, and what is made of all of them."""
    site.edition.end()
    folder = Path(config.site_dir)
    for path, content in site.beside.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    formulas.save()
    fonts.publish(formulas.typeset_now.values(), folder)
    everywhere.spoken([folder / "assets/copying.js", *folder.glob("assets/widgets/*.js")])
    assets.join(folder / "assets/widgets")
    assets.publish(folder)
    policy.publish(folder, live)
    if site.edition.up:
        for name in site.shared:
            (folder / name).unlink()
    together.tell()
    together.hear()  # that all is written
    folder = together.placed(folder)
    if site.edition.folders:
        top = (folder / site.edition.up).resolve()
        offline.publish(top, site.address(site.edition.up), site.edition.folders)
