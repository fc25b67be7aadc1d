"""`llms.txt` and `llms-full.txt`, which tell programs that read text what there is (see llmstxt.org)."""

from collections.abc import Iterable, Mapping

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from book.words import say


def index(config: MkDocsConfig, nav: Navigation, addresses: Mapping[str, str]) -> str:
    """The sections of the navigation, with a line for each page; `addresses` of Markdown by source."""
    parts = [f"# {config.site_name}", f"> {config.site_description}"]
    parts.append(
        say(
            "Each page below is Markdown: the text, the code, and what the code gave when the site was "
            "built. Values in sentences are computed and tested as well. The code uses PyTorch and "
            "`linreg`; the site serves its wheel."
        )
    )
    for entry in nav:
        pages = [entry] if isinstance(entry, Page) else list(_below(entry.children or []))
        rows = [
            f"- [{page.title}]({addresses[page.file.src_uri]}): {page.meta['summary']}"
            for page in pages
            if page.file.src_uri in addresses
        ]
        parts += [f"## {entry.title}", "\n".join(rows)] if rows else []
    return "\n\n".join(parts) + "\n"


def _below(entries: Iterable[object]) -> Iterable[Page]:
    """The pages of a section, however deep."""
    for entry in entries:
        if isinstance(entry, Page):
            yield entry
        else:
            yield from _below(getattr(entry, "children", None) or [])


def full(texts: Iterable[str]) -> str:
    """All pages in one file, in the order of the navigation."""
    return "\n\n---\n\n".join(text.strip() for text in texts) + "\n"
