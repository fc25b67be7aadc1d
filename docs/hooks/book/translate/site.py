"""What the site says beside its pages: the navigation, the buttons, the titles that the engine writes."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

from book.page.model import FIGURE
from book.render.markdown import MARKS
from book.render.reference import HEADINGS
from book.translate.prose import SIGNS
from book.words import say

COMMON = ("Answer", "Hint", FIGURE)  # titles of folds on many pages
FILTER = re.compile(r"""["']([^"'{}]*)["']\s*\|\s*say\b""")  # in a template
CALL = re.compile(r"\b_\(\s*([\"`])((?:(?!\1).)*)\1\s*\)")  # in a script


def messages(config: MkDocsConfig, hooks: Path, theme: Path) -> Iterator[tuple[str, str]]:
    """All of it, each with where it stands."""
    for name in ("site_name", "site_description", "copyright"):
        yield str(config[name]), name
    for title in _titles(config.nav):
        yield title, "a title in the navigation"
    for settings, name in _settings(config):
        yield settings[name], "a title of the theme"
    for text in COMMON:
        yield text, "title of a fold"
    for text in MARKS.values():
        yield text, "for whom a page is"
    for text in HEADINGS.values():
        yield text, "in the Markdown of the reference"
    for text in SIGNS:
        yield text, "between code, or after it"
    for file in sorted(hooks.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="say"), args=[ast.Constant(value=str(text)), *_]):
                    yield text, f"in {file.name}"
    for file in sorted([*theme.rglob("*.html"), *hooks.rglob("*.jinja")]):
        for text in FILTER.findall(file.read_text()):
            yield text, f"in the template {file.name}"
    for file in sorted(theme.rglob("*.js")):
        for _, text in CALL.findall(file.read_text()):
            yield text, f"in the script {file.name}"


def titles(config: MkDocsConfig) -> dict[str, str]:
    """The titles in the navigation by source, and that of the site."""
    return dict(_pages(config.nav)) | {"": str(config.site_name)}


def translate(config: MkDocsConfig) -> None:
    """Have the settings speak the language of the edition."""
    for name in ("site_name", "site_description", "copyright"):
        config[name] = say(str(config[name]))
    config.nav = _translated(config.nav)
    for settings, name in _settings(config):
        settings[name] = say(settings[name])


def spoken(scripts: Iterable[Path]) -> None:
    """Have scripts say each text marked by `_("…")` in the language of the edition; the mark goes."""

    def one(match: re.Match[str]) -> str:
        if match[1] in say(match[2]):
            raise PluginError(f"{say(match[2])!r} would end the text of the script")
        return f"{match[1]}{say(match[2])}{match[1]}"

    for file in scripts:
        file.write_text(CALL.sub(one, file.read_text()))


def _settings(config: MkDocsConfig) -> Iterator[tuple[dict[str, Any], str]]:
    """Where the settings hold words of the theme."""
    toc = config.mdx_configs["toc"]
    yield toc, "title"
    yield toc, "permalink_title"
    for palette in config.theme["palette"]:
        yield palette["toggle"], "name"


def _titles(nav: Any) -> Iterator[str]:
    """The titles in a navigation, section by section."""
    for entry in nav or []:
        if isinstance(entry, dict):
            for title, below in entry.items():
                yield title
                yield from _titles(below if isinstance(below, list) else [])


def _pages(nav: Any) -> Iterator[tuple[str, str]]:
    """Each source in the navigation with its title."""
    for entry in nav or []:
        if isinstance(entry, dict):
            for title, below in entry.items():
                if isinstance(below, list):
                    yield from _pages(below)
                else:
                    yield below, title


def _translated(nav: Any) -> Any:
    """The navigation with its titles translated."""
    if isinstance(nav, list):
        return [_translated(entry) for entry in nav]
    return {say(title): _translated(below) for title, below in nav.items()} if isinstance(nav, dict) else nav
