"""An edition of the book: the English pages and outputs in another language, as far as translated."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import urljoin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import get_plugin_logger

from book.execute.outputs import Output
from book.page.model import Page
from book.translate import catalogues, docstrings, drawn, headings, pages, search
from book.translate.checks import faults
from book.translate.terms import terms

SITE = "site.po"  # what is said beside the pages
# The folder of each edition under the address of the book, its language, and its name in that.
EDITIONS = {"": ("en", "English"), "zh": ("zh-Hans", "中文")}
LOG = get_plugin_logger("translate")


class Edition:
    """What a folder of catalogues makes of the English book; without one it is the English book itself."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.site = catalogues.translations(catalogues.read(folder / SITE)) if folder else {}
        self.up = ""  # to what lies beside the first edition and serves both: the wheel and the zip
        self.folders = [""]  # of the editions in the zip, which the last one writes; from where it lies
        self._known: dict[str, dict[str, str]] = {}
        self.count: dict[str, tuple[int, int]] = {}  # messages of each page, translated and in all
        self._words: Callable[[str], str] = str  # parts Chinese

    @classmethod
    def of(cls, config: MkDocsConfig) -> Self:
        """The edition that the settings ask for by `extra: {edition: …}`."""
        language = config.extra.get("edition")
        return cls(Path(config.config_file_path).parent / "docs" / language if language else None)

    def settle(self, config: MkDocsConfig) -> None:
        """Have the settings name its address, and lead to the other edition where both are built."""
        first, mine = str(config.site_url or ""), self.folder.name if self.folder else ""
        (other,) = EDITIONS.keys() - {mine}
        config.site_url = self._settings(first, mine)["home"]
        names = terms(self.folder.parents[1]) if self.folder else {}
        self._words = search.publish(config, [form for forms in names.values() for form in forms])
        if config.extra.get("editions"):
            way = "../" if mine else f"{other}/"
            self.up = "../" if mine else ""
            self.folders = ["", f"{mine}/"] if mine else []
            config.extra |= {
                "alternate": 1,  # for the theme: a link in the head of the page, and no list in <head>
                "first": first,
                "this": self._settings(first, mine),
                "other": {**self._settings(first, other), "way": way},
            }

    @staticmethod
    def _settings(first: str, folder: str) -> dict[str, str]:
        """What the templates need to know of an edition."""
        language, name = EDITIONS[folder]
        return {"home": urljoin(first, f"{folder}/" if folder else ""), "lang": language, "name": name}

    def marked(self, html: str) -> str:
        """A page that tells which Chinese it is in, by which browsers choose letters; headings in words."""
        if not self.folder:
            return html
        return headings.parted(html.replace('<html lang="zh"', '<html lang="zh-Hans"', 1), self._words)

    def upwards(self, html: str, names: Sequence[str]) -> str:
        """A page whose links to the files that serve both editions lead to those beside the first."""
        if not self.up:
            return html
        files = "|".join(map(re.escape, names))
        return re.sub(rf'(?<= href=")([./]*)(?=(?:{files})")', rf"\1{self.up}", html)

    def end(self) -> None:
        """Keep what the next build need not find out again, and say how much is translated."""
        search.save()
        if self.folder:
            done, whole = (sum(counts) for counts in zip(*self.count.values(), strict=True))
            LOG.info(f"{done} of {whole} messages are translated; the rest is English")

    def page(self, uri: str, page: Page) -> Page:
        """The page in the language of the edition."""
        if not self.folder:
            return page
        said, translation = set(), self._translation(self.known(uri), uri)

        def one(message: str) -> str:
            said.add(message)
            return translation(message)

        made = pages.in_other_words(page, one)
        self.count[uri] = catalogues.counted(self.known(uri), said)
        return made

    def outputs(self, uri: str, outputs: Sequence[Sequence[Output]]) -> Sequence[Sequence[Output]]:
        """The outputs of a page, with the words in its figures translated."""
        return drawn.translated(outputs, self._translation(self.known(uri), uri)) if self.folder else outputs

    def speak(self, pages: Mapping[str, str]) -> None:
        """Have the reference speak the language of the edition; `pages` are the texts of all pages."""
        if self.folder:
            root = self.folder.parents[1]
            said = docstrings.messages(pages, root)
            known = {text: words for uri in said for text, words in self.known(uri).items()}
            docstrings.speak(pages, root, self._translation(known, "the reference"))
            for uri, told in said.items():
                done, whole = catalogues.counted(known, (text for text, _ in told))
                before = self.count.get(uri, (0, 0))
                self.count[uri] = before[0] + done, before[1] + whole

    def known(self, uri: str) -> dict[str, str]:
        """The translations that hold on a page."""
        if self.folder and uri not in self._known:
            file = catalogues.path(self.folder, uri)
            self._known[uri] = self.site | catalogues.translations(catalogues.read(file))
        return self._known.get(uri, {})

    @staticmethod
    def _translation(known: Mapping[str, str], where: str) -> Callable[[str], str]:
        """From a message to its translation, or to itself; one that cannot take its place stops the build."""

        def one(message: str) -> str:
            text = known.get(message, message)
            if text is not message and (wrong := list(faults(message, text, {}))):
                raise PluginError(f"{where}: {'; '.join(wrong)}\n{message}\n{text}")
            return text

        return one
