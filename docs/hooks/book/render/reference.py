"""The public names of `linreg`: where the reference has them, and what it says of each, as plain Markdown."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import indent

import griffe
from mkdocs.config.defaults import MkDocsConfig

from book.words import say

# An entry of the reference, as mkdocstrings reads it, and the list of members that it may have.
ENTRY = re.compile(r"^::: (?P<name>linreg[\w.]*)\n?(?:.*\n {6}members: \[(?P<members>.*)\])?", re.M)
HEADINGS = {
    griffe.DocstringSectionKind.parameters: "Parameters:",
    griffe.DocstringSectionKind.returns: "Returns:",
    griffe.DocstringSectionKind.raises: "Raises:",
    griffe.DocstringSectionKind.attributes: "Attributes:",
}
CROSS = re.compile(r"\[(?P<text>[^\[\]]+)\]\[(?P<name>linreg[\w.]*)?\]")  # a link by name


_known: dict[Path, griffe.Module] = {}


def _package(root: Path) -> griffe.Module:
    """The package in a folder as its sources have it, without an import."""
    if root not in _known:
        loaded = griffe.load(
            "linreg", search_paths=[root], try_relative_path=False, docstring_parser=griffe.Parser.google
        )
        assert isinstance(loaded, griffe.Module)
        _known[root] = loaded
    return _known[root]


def share(root: Path, config: MkDocsConfig) -> None:
    """Take the package in a folder as mkdocstrings reads it for this build: it is read once for both."""
    handler = config.plugins["mkdocstrings"].get_handler("python")  # type: ignore[attr-defined]
    handler.env.filters["say"] = say  # for its templates
    _known[root] = handler.collect("linreg", handler.get_options({}))


def addresses(pages: Mapping[str, str], root: Path) -> dict[str, str]:
    """The address of every name that has an entry; `pages` are texts by their addresses."""
    return {name: f"{address}#{name}" for address, text in pages.items() for name, _ in entries(text, root)}


def entries(text: str, root: Path) -> Iterator[tuple[str, griffe.Object]]:
    """Each name that has an entry in a text, and what it stands for."""
    for entry in ENTRY.finditer(text):
        for name in (entry["name"], *(f"{entry['name']}.{member}" for member in _members(entry, root))):
            yield name, _object_of(name, root)


def _members(entry: re.Match[str], root: Path) -> list[str]:
    """The members of a class that get an anchor of their own: those with a docstring."""
    whole = _object_of(entry["name"], root)
    if not isinstance(whole, griffe.Class):
        return []
    wanted = re.findall(r"\w+", entry["members"]) if entry["members"] else list(whole.members)
    return [name for name in wanted if not name.startswith("_") and whole.members[name].docstring]


def _object_of(name: str, root: Path) -> griffe.Object:
    """What a public name stands for."""
    path = name.removeprefix("linreg.")
    there: griffe.Object | griffe.Alias = _package(root)[path]
    return there.final_target if isinstance(there, griffe.Alias) else there


def markdown(entry: re.Match[str], root: Path) -> str:
    """An entry with its signature and its docstring, and those of its members."""
    return "\n\n".join(_entry_markdown(name, thing) for name, thing in entries(entry[0], root))


def _entry_markdown(name: str, thing: griffe.Object) -> str:
    """One name."""
    parts = [f"### `{name}`"]
    if isinstance(thing, griffe.Function | griffe.Class) and thing.parameters:
        parts.append(f"```python\n{_signature(name, thing)}\n```")
    if thing.docstring:
        parts += [part for section in parsed(thing.docstring) for part in _section_markdown(section)]
    return "\n\n".join(parts)


def _signature(name: str, thing: griffe.Function | griffe.Class) -> str:
    """As it would be written; over several lines if it is long."""
    given = [text for text in _arguments(thing.parameters) if text not in ("self", "cls")]
    returns = f" -> {thing.returns}" if isinstance(thing, griffe.Function) and thing.returns else ""
    line = f"{name.removeprefix('linreg.')}({', '.join(given)}){returns}"
    rows = "".join(f"    {text},\n" for text in given)
    return line if len(line) <= 88 else f"{line.partition('(')[0]}(\n{rows}){returns}"


def _arguments(parameters: Iterable[griffe.Parameter]) -> Iterator[str]:
    """The parameters, with the star before those that are given by name."""
    starred = False
    for parameter in parameters:
        kind = parameter.kind
        if kind is griffe.ParameterKind.keyword_only and not starred:
            yield "*"
        starred |= kind in (griffe.ParameterKind.keyword_only, griffe.ParameterKind.var_positional)
        mark = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
        text = "".join(sign for each, sign in mark.items() if each is kind) + parameter.name
        text += f": {parameter.annotation}" if parameter.annotation else ""
        if parameter.default is not None and kind not in mark:
            text += f" = {parameter.default}" if parameter.annotation else f"={parameter.default}"
        yield text


def parsed(docstring: griffe.Docstring) -> list[griffe.DocstringSection]:
    """The sections of a docstring, read as mkdocs.yml tells mkdocstrings to."""
    return docstring.parse(griffe.Parser.google, returns_multiple_items=False, warnings=False)


def _section_markdown(section: griffe.DocstringSection) -> Iterator[str]:
    """A section: text as it is, examples in fences, the rest as lists."""
    match section:
        case griffe.DocstringSectionText():
            yield str(section.value)
        case griffe.DocstringSectionExamples():
            for kind, text in section.value:
                code = kind is griffe.DocstringSectionKind.examples
                yield f"```pycon\n{text}\n\n```" if code else str(text)
        case griffe.DocstringSectionAdmonition():
            yield f"**{section.title}**\n\n{section.value.contents}"
        case _:
            yield section.title or say(HEADINGS[section.kind])
            yield "\n".join(f"- {_item(entry)}" for entry in section.value)


def _item(entry: griffe.DocstringElement) -> str:
    """An argument, a result, an error: its name or its type, and what the docstring says of it."""
    name = getattr(entry, "name", "") or entry.annotation or ""
    text = indent(entry.description, "  ").strip()
    return f"`{name}`: {text}" if name else text
