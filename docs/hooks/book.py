"""The hook that MkDocs loads: wires the parts of the engine to the events of a build."""

import logging
import os
import re
import sys
from fnmatch import fnmatch
from html import escape, unescape
from pathlib import Path
from urllib.parse import urljoin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))  # MkDocs takes it away again after loading this file

import copying
import digest
import downloads
import executed
import figures
import fonts
import maths
import offline
import pages
import policy
import rendering
import theme

ONLY = os.environ.get("PAGES", "*")  # PAGES="part1/loss*" builds these pages alone, which is quick

# Joined in this order in one file, which docs/theme/main.html links.
STYLES = [
    "assets/stylesheets/main.*.css",
    "assets/stylesheets/palette.*.css",
    "assets/katex.css",
    "assets/_mkdocstrings.css",
    "assets/style.css",
]

# Outputs, figures, the sources in the API and links to notebooks, which would drown the words; and formulas,
# which go into the search as text.
ASIDE = re.compile(
    r'<div class="[^"]* output [^"]*">.*?</div>|<p><img alt="[^"]*" src="figure:\d+" /></p>'
    r'|<details class="mkdocstrings-source">.*?</details>|<p><a class="notebook".*?</p>'
    r'|(?<=class="arithmatex">)\\[(\[](?P<tex>.*?)\\[)\]](?=</(?:span|div)>)',
    re.S,
)

live = False  # whether `mkdocs serve` builds
wheel: Path
marks: dict[str, str] = {}  # what becomes of a line that is nothing but a mark
sources: dict[str, pages.Page] = {}
outputs: dict[str, list[list[executed.Output]]] = {}  # of each block
hidden: dict[str, list[str]] = {}
drawn: dict[str, list[tuple[str, str]]] = {}  # SVG and alternative text of each figure


def on_startup(command: str, dirty: bool) -> None:
    """Remember who builds."""
    global live
    live = command == "serve"


def on_config(config: MkDocsConfig) -> None:
    """Build the wheel and get the kernels ready."""
    global wheel
    os.environ["SOURCE_DATE_EPOCH"] = downloads.EPOCH  # no file tells when it was built
    root = Path(config.config_file_path).parent
    wheel = downloads.wheel(root)
    marks[rendering.INSTALL] = downloads.install_line(config.site_url or "", wheel)
    marks[digest.DIGEST] = digest.told(root, wheel)
    executed.prepare(config, root / "linreg", wheel)
    config.extra_css = []  # instead of mkdocstrings' own file: see STYLES
    if ONLY != "*":
        config.nav = None
        config.validation.links.not_found = config.validation.nav.omitted_files = logging.INFO


@event_priority(-50)  # after mkdocs-jupyter has found its pages
def on_files(files: Files, config: MkDocsConfig) -> None:
    """Read all pages, run what has changed, and add the downloads."""
    documents = {file.src_uri: file for file in files.documentation_pages()}
    for uri, file in documents.items():
        sources[uri] = read(file)
    wanted = {uri for uri in documents if fnmatch(uri, ONLY)}
    run(wanted, config, files)

    links = {  # downloads are linked as well as pages
        str(Path(file.abs_src_path).resolve()): urljoin(config.site_url or "", file.url)
        for file in files
        if file.abs_src_path
    }
    for uri in wanted:
        if uri.endswith(".py"):
            book = downloads.notebook(sources[uri], marks[rendering.INSTALL], links)
            files.append(File.generated(config, uri.removesuffix(".py") + ".ipynb", content=book))
    files.append(File.generated(config, wheel.name, content=wheel.read_bytes()))
    files.append(File.generated(config, offline.NAME, content=b""))  # a place that pages can link to
    for uri in documents.keys() - wanted:
        files.remove(documents[uri])


def read(file: File) -> pages.Page:
    """The page in a file; what is wrong with it stops the build."""
    try:
        return pages.parse(Path(str(file.abs_src_path)))
    except pages.PageError as error:
        raise PluginError(str(error)) from None


def run(wanted: set[str], config: MkDocsConfig, files: Files) -> None:
    """Execute each page as one list of cells, and give the outputs back to its blocks."""
    cells = {uri: rendering.cells(page) for uri, page in sources.items()}
    flat = {uri: [cell for block in blocks for cell in block] for uri, blocks in cells.items()}
    made = executed.execute(flat, wanted, config, files)
    for uri in wanted:
        rest = iter(made.get(uri, []))
        outputs[uri] = [[output for _ in block for output in next(rest)] for block in cells[uri]]


@event_priority(-50)
def on_pre_page(page: Page, config: MkDocsConfig, files: Files) -> None:
    """Take off the `render` that mkdocs-jupyter put on; MkDocs' own will do."""
    vars(page).pop("render", None)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Hand the page to MkDocs as Markdown, outputs and all."""
    uri = page.file.src_uri
    text, drawn[uri] = rendering.markdown(sources[uri], outputs[uri], marks)
    if uri.endswith(".py"):
        name = Path(uri).stem + ".ipynb"
        link = f"[Download this page as a notebook]({name}){{ .notebook download={name} }}"
        text = re.sub(r"^# .*$", rf"\g<0>\n\n{link}", text, count=1, flags=re.M)
    return text


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Say what the copy buttons copy, and keep from the search what nobody searches for."""
    aside = hidden[page.file.src_uri] = []

    def put(match: re.Match[str]) -> str:
        aside.append(match[0])
        words = maths.words(unescape(match["tex"]).strip()) if match["tex"] else ""
        return f"<!--aside {len(aside)}-->{escape(words)}<!--/-->"

    text = ASIDE.sub(put, counted(copying.mark(html)))
    page.meta.setdefault("description", description(text))
    return text


def counted(html: str) -> str:
    """Tell the style how many lines a block of code has, hence how high it is."""

    def one(match: re.Match[str]) -> str:
        lines = match[2].count("\n")
        return f'{match[1]} style="--lines:{lines}">{match[2]}'

    return re.sub(r'(<div class="[^"]*\bhighlight\b[^"]*"[^>]*)>(.*?</code>)', one, html, flags=re.S)


def description(html: str) -> str:
    """The first sentences, for search engines."""
    found = re.search(r"<p>(.*?)</p>", html, re.S)
    text = " ".join(unescape(re.sub(r"<[^>]*>", "", found[1])).split()) if found else ""
    return escape(text if len(text) < 160 else text[:157].rsplit(" ", 1)[0] + " …")


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Put in what was kept from the search, the figures and the typeset formulas."""
    uri = page.file.src_uri
    stem = re.sub(r"\W+", "-", uri.rpartition(".")[0])

    def figure(match: re.Match[str]) -> str:
        svg, alt = drawn[uri][int(match[1]) - 1]
        return figures.figure(svg, alt, f"{stem}-{match[1]}")

    output = re.sub(r"<!--aside (\d+)-->.*?<!--/-->", lambda match: hidden[uri][int(match[1]) - 1], output)
    output = re.sub(r'<p><img alt="[^"]*" src="figure:(\d+)" /></p>', figure, output)
    if 'src="figure:' in output:
        raise PluginError(f"{uri}: a figure stands where no paragraph can.")
    return maths.typeset(theme.scrolling(theme.mend(output, theme.HTML)), uri)


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """Mend 404.html too, which is no page to MkDocs."""
    return theme.mend(output_content, theme.HTML) if template_name == "404.html" else output_content


@event_priority(-50)  # after the search has written its index
def on_post_build(config: MkDocsConfig) -> None:
    """Write the fonts for the formulas that occurred, and what is made of the whole site."""
    site = Path(config.site_dir)
    maths.save()
    fonts.publish(maths.used.values(), site)
    theme.publish(site, STYLES)
    policy.publish(site, live)
    offline.publish(site, config.site_url or "")
