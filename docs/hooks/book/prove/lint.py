"""Numbers that nothing backs: what the prose of a page says and its code does not.

A result typed by hand goes stale without a sound. So a result-like number in prose (a decimal point,
an exponent, per cent, three digits, `7 times`) must occur as a number in the code or the outputs of
the page; better, it is a claim. Numbers from elsewhere, a year say, are given with a reason:

    <!-- given 1805: the year of Legendre's paper -->

What a text alternative tells of a curve is no number to look up: an assert in its code holds it.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from book.page.model import Page
from book.page.statements import CLAIM
from book.prove.compare import STACK, point, tokens, unit
from book.prove.evaluate import Result

GIVEN = re.compile(r"(?<!`)<!--\s*given\s+(?P<numbers>[^:]*?):\s*(?P<reason>.*?)\s*-->(?!`)", re.DOTALL)
# What is in the source of prose and not read: markup, comments, the targets of links.
UNREAD = re.compile(
    r"<!--.*?-->|</?[a-zA-Z][^<>]*>|<https?:[^>]*>|https?://\S+|(?<=\])\([^()\s]*\)|(?<=\])\[[^\]]*\]"
    r"|^\[[^\]]+\]:.*$|\{[:#.][^}]*\}",
    re.DOTALL | re.MULTILINE,
)
WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
COUNTS = {**{word: i for i, word in enumerate(WORDS, 2)}, "hundred": 100, "thousand": 1000}
NUMBER = re.compile(
    r"(?:(?<![\w.#])|(?<=[\u4e00-\u9fff]))"  # not within a name; Chinese is written without spaces
    r"(?P<number>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)*(?:[eE][-+]?\d+)?)"
    r"(?P<percent>\s*\\?%|\s+per\s?cent)?(?P<times>\s*(?:times|×)(?!\w)|-fold)?"
    rf"|\b(?P<count>{'|'.join(COUNTS)})[ -](?:times\s+(?:as|more|less|the|\w+er)\b|fold\b)"
)
LOST = re.compile(r"[\d.,\]\[]\s*\.\.\.|\.\.\.\s*[\d,\]\[]")
INSTALL = re.compile(r"pip install[^\n`]*?(?<![\w./-])linreg(?![\w-])")
ASSERTING = re.compile(r"[\w.]*\bassert_\w+\(")  # as `torch.testing.assert_close(`
DIGITS = 6
RESIDUE = Decimal("1e-12")  # what is smaller is what rounding left of nothing
NOISE = Decimal("1e-10")  # of float64 on another processor, relatively


def lint(page: Page, results: Sequence[Result]) -> list[str]:
    """Each complaint with file and line."""
    found = [*_outputs(results)]
    found += [
        (line, "doctest needs an empty line before this fence; `make update` writes it")
        for line in page.unspaced
    ]
    found += [
        (block.first, "doctest does not see this block: make it `pycon`, or a figure")
        for block in page.blocks
        if block.kind == "code" and not block.cell
    ]
    found += [
        (block.first, "a figure's alt says what nobody checks: assert it in the code of the figure")
        for block in page.blocks
        if block.kind == "figure" and _unheld(block.source)
    ]
    found += _install(page)
    if not page.module and not any(result.error for result in results):  # else outputs are missing
        found += _unbacked(page, _backing(page, results))
    return [f"{page.path}:{line}: {message}" for line, message in found]


def _unheld(source: str) -> bool:
    """Whether the code of a figure holds no assert; without axes it is a diagram, which shows no data."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:  # told where it is run
        return False
    calls = [ast.unparse(node) for node in nodes if isinstance(node, ast.Call)]
    held = any(isinstance(node, ast.Assert) for node in nodes) or any(map(ASSERTING.match, calls))
    return not held and not any(call.endswith(".axis('off')") for call in calls)


def _outputs(results: Sequence[Result]) -> Iterator[tuple[int, str]]:
    """What no reader can use, and no comparison can hold to."""
    for result in results:
        line, want = result.statement.line, result.statement.want
        for token in tokens(f"{want}\n{result.got}" if result.block.cell else want):
            if token.value is not None and point(token) and _digits(token.text) > DIGITS:
                yield line, f"{token.text} has more than six significant digits"
        if result.block.cell and (refused := re.search("^not yet: .*", result.got, re.M)):
            yield line, f"an answer of this page is refused: {refused[0]}"
        if not result.block.cell:
            yield from ((line, message) for message in _printed(result))
        if LOST.search(STACK.sub(r"\1", want)):
            yield line, "`...` leaves out numbers that nobody checks"
        if " at 0x" in want + result.got:
            yield line, "an address in memory is another one each time"


def _printed(result: Result) -> Iterator[str]:
    """What plain doctest, which compares texts, would refuse on another machine or in this very file."""
    if re.search(" $", result.got, re.M):
        yield "prints a space at the end of a line, which is lost in the file: doctest misses it"
    shown, exact = tokens(result.got), tokens(result.full)
    for number, all_digits in zip(shown, exact, strict=False) if len(shown) == len(exact) else ():
        if number.value is None or all_digits.value is None or not point(all_digits):
            continue
        size = abs(all_digits.value)
        if 0 < size < RESIDUE and (number.value or number.text.startswith("-")):
            yield f"{number.text} is decided by rounding: print a comparison"
        tie = abs(abs(number.value - all_digits.value) - unit(number.value) / 2) <= NOISE * size
        if tie and _digits(number.text) <= DIGITS < _digits(repr(float(size))):  # not as someone wrote it
            yield f"{number.text} may be rounded the other way elsewhere: print fewer digits, or a comparison"


def _digits(number: str) -> int:
    """How many significant digits are printed."""
    return len(re.sub(r"[eE].*|\D", "", number).strip("0"))


def _unbacked(page: Page, backed: set[Decimal]) -> Iterator[tuple[int, str]]:
    """Result-like numbers in prose, comments and alt texts that are in no code, output or claim."""
    given: dict[Decimal, int] = {}
    used: set[Decimal] = set()
    for match in GIVEN.finditer(page.text):
        line = page.text.count("\n", 0, match.start()) + 1
        values = [token.value for token in tokens(match["numbers"]) if token.value is not None]
        if not values or len(match["reason"].split()) < 2:
            yield line, "write `<!-- given 1805, 0.5: where the numbers come from -->`"
        given |= dict.fromkeys(values, line)
    for first, prose in _unexecuted(page):
        for match in NUMBER.finditer(prose):
            meant = _value_of(match)
            used |= meant
            if meant and not meant & (backed | given.keys()):
                line = first + prose.count("\n", 0, match.start())
                yield line, f"no code, output or claim of the page backs `{match[0].strip()}`"
    for value in given.keys() - used:
        yield given[value], f"{value} is given, but the prose has no such number"


def _value_of(match: re.Match[str]) -> set[Decimal]:
    """What the page's code may write for a number, when it looks like a result."""
    if match["count"]:
        return {Decimal(COUNTS[match["count"]])}
    text = match["number"].replace(",", "")
    if text.count(".") > 1:  # a version
        return set()
    value = Decimal(text)
    plain = text.isdigit() and len(text) < 3
    if plain and not match["percent"] and not match["times"]:
        return set()
    return {value, value / 100} if match["percent"] else {value}


def _unexecuted(page: Page) -> Iterator[tuple[int, str]]:
    """All that is prose on a page, markup left out, with the line where each piece begins."""
    for block in page.blocks:
        yield block.first, f"{block.alt}\n{block.answer}".replace("\n", " ")
        if block.kind in ("prose", "shown"):
            yield (
                block.line,
                UNREAD.sub(_blank, CLAIM.sub(lambda m: m[0] if m["code"] else _blank(m), block.source)),
            )
        for statement in block.statements:
            if statement.kind != "claim":
                for token in _python(statement.source):
                    if token.type == tokenize.COMMENT:
                        yield statement.line + token.start[0] - 1, token.string


def _blank(match: re.Match[str]) -> str:
    """As many lines as the match, and nothing in them."""
    return re.sub(r"[^\n]", " ", match[0])


def _backing(page: Page, results: Sequence[Result]) -> set[Decimal]:
    """The numbers in the code and the outputs of a page, without their signs."""
    found: set[Decimal] = set()
    for result in results:
        shown = f"{result.statement.want}\n{result.got}"
        found |= {abs(token.value) for token in tokens(shown) if token.value is not None}
        for code in _python(result.statement.source):
            if code.type == tokenize.NUMBER:
                try:
                    found.add(Decimal(code.string))
                except InvalidOperation:  # 0xff, 1j
                    continue
    return found


def _python(source: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of code; of broken code, those before the fault."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(source).readline)
    except (tokenize.TokenError, SyntaxError):
        return


def _install(page: Page) -> Iterator[tuple[int, str]]:
    """The name on the public index is somebody else's package."""
    for match in INSTALL.finditer(page.text):
        line = page.text.count("\n", 0, match.start()) + 1
        yield line, f"`{match[0]}` installs another package; the distribution is `linreg-book`"
