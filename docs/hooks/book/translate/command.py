"""Bring the files of translators in step with the pages: `python docs/hooks translate`, and new pages.

Without paths these are the pages that have a file. A line tells what each lacks, and each fault.
"""

from collections.abc import Iterator, Sequence
from contextlib import chdir, closing
from pathlib import Path

from mkdocs.config import load_config

from book.execute.outputs import Output, of_blocks, prepare
from book.page.files import ROOT, book, parse
from book.page.model import Page
from book.publish import wheel
from book.translate import catalogues, docstrings, drawn, pages, site
from book.translate.checks import faults
from book.translate.edition import SITE
from book.translate.terms import terms

SOURCES, FOLDER = ROOT / "docs/en", ROOT / "docs/zh"


def _messages(page: Page, outputs: Sequence[Sequence[Output]]) -> Iterator[tuple[str, str]]:
    """All that a page and its figures say, but what is said of many pages."""
    for text, note in pages.messages(page):
        if text not in site.COMMON:
            yield text, note
    for text in drawn.messages(outputs):
        yield text, "in a figure"


def main(arguments: Sequence[str]) -> int:
    """Update the catalogues of the pages named, or all that there are."""
    with chdir(ROOT):
        return _update([Path(name).resolve() for name in arguments])


def _update(named: Sequence[Path]) -> int:
    config = load_config(str(ROOT / "mkdocs.yml"))
    sources = {str(file.relative_to(SOURCES)): parse(file) for file in book(ROOT) if SOURCES in file.parents}
    there = {uri for uri in sources if catalogues.path(FOLDER, uri).exists()}
    wanted = {str(file.relative_to(SOURCES)) for file in named} or there
    home = prepare(ROOT / "linreg", wheel.build(ROOT))
    with closing(of_blocks(sources, wanted, home, config)) as running:
        outputs = dict(running)
    told = [*site.messages(config, Path(__file__).parents[1], ROOT / "docs/theme")]
    lists = {FOLDER / SITE: told}
    entries = docstrings.messages({uri: source.text for uri, source in sources.items()}, ROOT)
    for uri in sorted(wanted):
        said = [*_messages(sources[uri], outputs[uri]), *entries.get(uri, [])]
        lists[catalogues.path(FOLDER, uri)] = said
    glossary, wrong = terms(ROOT), 0
    for file, said in lists.items():
        catalogue = catalogues.updated(catalogues.read(file), said)
        catalogues.save(catalogue, file)
        known = catalogues.translations(catalogue)
        done, whole = catalogues.counted(known, (text for text, _ in said))
        fuzzy = sum(message.fuzzy for message in catalogue if message.id)
        print(f"{file.relative_to(ROOT)}: {done} of {whole} messages" + f", {fuzzy} in doubt" * bool(fuzzy))
        for text in dict(said).keys() & known.keys():
            for fault in faults(text, known[text], glossary):
                print(f"  {fault}\n    {text}\n    {known[text]}")
                wrong += 1
    return wrong > 0
