"""Link the names of `linreg`, in prose and in code, to their entries in the reference.

A name is linked once in each section of prose and once in each block of code, so that the keyboard does not
stop at every word. A name that may mean something else on its page stays as it is.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from posixpath import relpath

from book.page.model import Page

# What stays as it is, the pieces of a page where names are looked for, and the headings between sections.
PIECE = re.compile(
    r"(?P<heading><h[1-6][^>]*>.*?</h[1-6]>)"
    r'|<(?P<skip>a|autoref|summary)\b.*?</(?P=skip)>|<div class="[^"]*doc-signature.*?</div>'
    r"|(?<=</span>)<code>(?P<block>.*?)</code>(?=</pre>)|<code>(?P<inline>[^<]*)</code>",
    re.S,
)
INLINE = re.compile(r"(?P<name>[A-Za-z_][\w.]*)(?P<rest>(?:\(.*\))?)", re.S)
# A name as Pygments marks it: not after a dot, and not the `name=` of an argument.
SPAN, DOT = r'<span class="n">\w+</span>', r'<span class="o">\.</span>'
MARKED = re.compile(rf'(?<!{DOT}){SPAN}(?:{DOT}{SPAN})*(?!{DOT}|<span class="o">=</span>)')
# The names that an import lists; in lines of its own, if it has parentheses.
IMPORT = re.compile(
    r'(<span class="nn">[^\n]*?<span class="p">\(</span>\n.*?\)</span>|<span class="nn">[^\n]*)', re.S
)


@dataclass(frozen=True)
class Names:
    """What a page calls the names of `linreg`, and where they lead."""

    known: Mapping[str, str]  # full name by the name on the page
    mentioned: Set[str]  # full names that occur in its code
    bound: Set[str]  # names that the page gives to something else
    entries: Mapping[str, str]  # address by full name
    here: str  # the page's own

    def in_prose(self, name: str) -> str:
        """The full name that a piece of inline code means; a plain word must be linreg's on this page."""
        full = name if name.startswith("linreg.") else f"linreg.{name}"
        if full not in self.entries or name.partition(".")[0] in self.bound - {"linreg"}:
            return ""
        plain = name.islower() and name.isalnum()
        return full if not plain or full in self.mentioned else ""

    def in_code(self, name: str) -> str:
        """The full name that a name in a block means, as the page imports it."""
        head, dot, rest = name.partition(".")
        if head in self.bound or head not in self.known:
            return ""
        full = self.known[head] + dot + rest
        return full if full in self.entries else ""

    def anchor(self, full: str, text: str) -> str:
        """A link to the entry of a name."""
        target, _, name = self.entries[full].partition("#")
        path = "" if target == self.here else relpath(target, self.here or ".") + "/"
        return f'<a href="{path}#{name}">{text}</a>'


def _names_of(page: Page, here: str, entries: Mapping[str, str]) -> Names:
    """Read the code of a page."""
    known, mentioned, bound = {}, set(), set()
    for node in _walk(page):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.split(".")[0] == "linreg":
                known.update({one.asname or one.name: f"{module}.{one.name}" for one in names})
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                for one in names:
                    if one.name == "linreg":
                        known[one.asname or one.name] = one.name
                    else:
                        bound.add(one.asname or one.name)
            case ast.Attribute(value=ast.Name() | ast.Attribute()):
                mentioned.add(ast.unparse(node))
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
    return Names(known, mentioned | set(known.values()), bound, entries, here)


def _walk(page: Page) -> Iterator[ast.AST]:
    """All nodes of all code that can be read as Python; cells may hold what IPython alone understands."""
    for statement in page.statements:
        if statement.kind != "claim":
            try:
                yield from ast.walk(ast.parse(statement.source))
            except SyntaxError:
                continue


def link(html: str, page: Page, here: str, entries: Mapping[str, str]) -> str:
    """Link the names in the content of a page at the address `here`; `entries` are addresses by full name."""
    names = _names_of(page, here, entries)
    api = any(address.partition("#")[0] == here for address in entries.values())
    seen: set[str] = set()  # in this section

    def piece(match: re.Match[str]) -> str:
        if match["heading"]:  # an entry does not link to itself
            seen.clear()
            seen.update(re.findall(r' id="(linreg\.[^"]*)"', match[0])[:1])
        elif match["inline"] and (spelled := INLINE.fullmatch(match["inline"])):
            full = names.in_prose(spelled["name"])
            if full and full not in seen:
                seen.add(full)
                return f"<code>{names.anchor(full, spelled['name'])}{spelled['rest']}</code>"
        elif match["block"] and not api:  # the code of the reference is about one name, and imports all
            return f"<code>{_linked(match['block'], names)}</code>"
        return match[0]

    return PIECE.sub(piece, html)


def _linked(code: str, names: Names) -> str:
    """A block of code with each name linked once, but not where it is imported."""
    linked: set[str] = set()

    def marked(match: re.Match[str]) -> str:
        spans = re.findall(SPAN, match[0])
        for length in range(len(spans), 0, -1):  # of `Statistics.of.x` link what has an entry
            full = names.in_code(".".join(re.findall(r">(\w+)<", "".join(spans[:length]))))
            if full and full not in linked:
                linked.add(full)
                head = DOT.replace("\\", "").join(spans[:length])
                return names.anchor(full, head) + match[0][len(head) :]
            if full:
                break
        return match[0]

    parts = IMPORT.split(code)
    parts[::2] = [MARKED.sub(marked, part) for part in parts[::2]]
    return "".join(parts)
