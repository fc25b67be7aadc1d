"""Does the checker catch lies? `make mutate` falsifies outputs and claims at random and counts.

Every page is run once. Then, again and again, one number or word in one expected text is changed,
the page is read again with the change in it, and the very comparison of the tests judges it. What
decides whether the change is a lie is not that comparison: words and added or lost numbers always
are, and a changed number is one unless exact arithmetic says that it still rounds the true value.
"""

import argparse
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from random import Random
from string import ascii_lowercase, digits

from book.page.files import ROOT, book, read
from book.page.model import PageError
from book.prove.evaluate import Result, evaluate

SAMPLE = 50  # mutants of each page in the tests
# Sign, digits and exponent; not the digits in a name such as float64.
NUMBER = re.compile(
    r"(?:(?<![\w)\]}'\".])[-+])?(?<![A-Za-z_0-9.])[0-9][0-9,]*(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?"
)
WORD = re.compile(r"(?<![0-9.])\b[A-Za-z]\w*")
STACK = re.compile(r"(?<=Traceback \(most recent call last\):)(\n[ \t][^\n]*)+")

Judge = Callable[[Result, str], str]


@dataclass(frozen=True)
class Mutant:
    """A changed text of a statement; `false` when the change made it a lie."""

    kind: str
    text: str
    false: bool


@dataclass
class Tally:
    """How many of each kind were made, remained true, were caught; and those that were not."""

    made: Counter[str] = field(default_factory=Counter)
    true: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    escaped: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{'change':<10}{'made':>12}{'still true':>12}{'caught':>12}{'escaped':>12}"]
        for kind in sorted(self.made):
            made, true, killed = self.made[kind], self.true[kind], self.killed[kind]
            lines.append(f"{kind:<10}{made:>12}{true:>12}{killed:>12}{made - true - killed:>12}")
        made, true, killed = self.made.total(), self.true.total(), self.killed.total()
        lines.append(f"{'all':<10}{made:>12}{true:>12}{killed:>12}{len(self.escaped):>12}")
        return "\n".join(lines)


def mutate(results: Sequence[Result], root: Path, n: int, seed: int, judge: Judge = Result.problem) -> Tally:
    """Judges about `n` mutants of statements that are true."""
    random, tally = Random(seed), Tally()
    fertile = [result for result in results if result.statement.want and not result.problem()]
    for _ in range(n if fertile else 0):
        result = random.choice(fertile)
        mutant = random.choice(CHANGES)(result, random)
        if mutant is None or mutant.text == result.statement.want:
            continue
        tally.made[mutant.kind] += 1
        if not mutant.false:
            tally.true[mutant.kind] += 1
        elif _caught(result, mutant.text, root, judge):
            tally.killed[mutant.kind] += 1
        else:
            place = f"{result.page.path}:{result.statement.line}"
            tally.escaped.append(f"{place}: {mutant.kind}: {result.statement.want!r} -> {mutant.text!r}")
    return tally


def _caught(result: Result, want: str, root: Path, judge: Judge) -> bool:
    """Would the tests fail, were `want` in the file?"""
    page, statement = result.page, result.statement
    text = page.text[: statement.start] + statement.rewritten(want) + page.text[statement.end :]
    try:
        pages = read(page.path, root, text)
    except PageError:
        return True
    for other in pages:
        for found in other.statements:
            if found.start == statement.start and found.source == statement.source:
                return bool(judge(replace(result, statement=found), found.want))
    return False


def _visible(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """What matches outside the stack of a traceback, which no page vouches for."""
    hidden = [match.span() for match in STACK.finditer(text)]
    return [m for m in pattern.finditer(text) if not any(start <= m.start() < end for start, end in hidden)]


def _on_number(
    kind: str, change: Callable[[str, Random], str], always: bool = False
) -> Callable[[Result, Random], Mutant | None]:
    """A change of one number, sign included; `always` false, or as arithmetic decides."""

    def mutant(result: Result, random: Random) -> Mutant | None:
        want = result.statement.want
        found = _visible(NUMBER, want)
        if not found:
            return None
        i = random.randrange(len(found))
        new = change(found[i][0], random)
        text = want[: found[i].start()] + new + want[found[i].end() :]
        return Mutant(kind, text, always or _is_false(new, i, result))

    return mutant


def _is_false(new: str, i: int, result: Result) -> bool:
    """Is `new`, as the number `i` of the text, no rounding of the number with all its digits?"""
    shown, exact = ([match[0] for match in _visible(NUMBER, text)] for text in (result.got, result.full))
    if len(shown) != len(exact):
        exact = shown
    value, printed, truth = (Fraction(text.replace(",", "")) for text in (new, shown[i], exact[i]))
    if any(mark in new for mark in ".e") != any(mark in shown[i] for mark in ".e"):
        return True  # another type
    if value == 0 and printed != 0:
        return True  # rounded away
    mantissa, _, exponent = new.partition("e")
    half = Fraction(10) ** (int(exponent or 0) - len(mantissa.partition(".")[2])) / 2
    return abs(value - truth) > half + abs(truth) / 5_000_000  # that close, no machine can tell


def _other_digit(number: str, random: Random) -> str:
    """One digit is another."""
    place = random.choice([i for i, letter in enumerate(number) if letter.isdigit()])
    return number[:place] + random.choice(digits.replace(number[place], "")) + number[place + 1 :]


def _other_sign(number: str, random: Random) -> str:
    """Minus becomes plus, and plus minus."""
    return number[1:] if number[0] == "-" else "-" + number.lstrip("+")


def _other_exponent(number: str, random: Random) -> str:
    """Off by a power of ten."""
    mantissa, _, exponent = number.partition("e")
    return f"{mantissa}e{int(exponent or 0) + random.choice((-2, -1, 1, 2)):+03d}"


def _moved_point(number: str, random: Random) -> str:
    """The decimal point, one place to the left or right."""
    mantissa, mark, exponent = number.partition("e")
    whole, _, part = mantissa.partition(".")
    if part and (random.random() < 0.5 or not whole[1:].isdigit()):
        whole, part = whole + part[0], part[1:]
    else:
        whole, part = whole[:-1], whole[-1] + part
    return f"{whole}.{part}{mark}{exponent}"


def _lost_digit(number: str, random: Random) -> str:
    """Without its last digit."""
    mantissa, mark, exponent = number.partition("e")
    return mantissa[:-1] + mark + exponent if mantissa[-2:-1].isdigit() else number


def _more_digits(number: str, random: Random) -> str:
    """With a digit that the machine did not print."""
    mantissa, mark, exponent = number.partition("e")
    return mantissa + random.choice(digits) + mark + exponent


def _twice(number: str, random: Random) -> str:
    """One element more."""
    return f"{number}, {number}"


def _lost(result: Result, random: Random) -> Mutant | None:
    """Without one of its numbers, and the comma or space beside it."""
    want = result.statement.want
    found = _visible(NUMBER, want)
    if not found:
        return None
    number = random.choice(found)
    before, after = want[: number.start()], want[number.end() :]
    if after.startswith((",", " ")):
        after = after.lstrip(", ")
    else:
        before = before.rstrip(", ")
    return Mutant("lost", before + after, True)


def _word(result: Result, random: Random) -> Mutant | None:
    """One letter of a word is another."""
    want = result.statement.want
    found = _visible(WORD, want)
    if not found:
        return None
    i = random.randrange(*random.choice(found).span())
    letter = random.choice(ascii_lowercase.replace(want[i], ""))
    return Mutant("word", want[:i] + letter + want[i + 1 :], True)


CHANGES: tuple[Callable[[Result, Random], Mutant | None], ...] = (
    _on_number("digit", _other_digit),
    _on_number("sign", _other_sign),
    _on_number("exponent", _other_exponent),
    _on_number("point", _moved_point),
    _on_number("shorter", _lost_digit),
    _on_number("longer", _more_digits),
    _on_number("twice", _twice, always=True),
    _lost,
    _word,
)


def _outcomes(paths: Sequence[Path], root: Path) -> Iterator[Result]:
    """What every statement of the book gives."""
    for path in paths:
        for page in read(path, root):
            yield from evaluate(page)


def main(arguments: Sequence[str]) -> int:
    """Reports the counts; fails when a lie escapes."""
    parser = argparse.ArgumentParser("mutate", description=__doc__)
    parser.add_argument("--n", type=int, default=3000, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("paths", nargs="*", type=lambda name: Path(name).resolve(), help="default: the book")
    options = parser.parse_args(arguments)
    results = list(_outcomes(options.paths or book(ROOT), ROOT))
    broken = [f"{r.page.path}:{r.statement.line}: untrue as it stands" for r in results if r.problem()]
    tally = mutate(results, ROOT, options.n, options.seed)
    print(*broken, *(f"ESCAPED {lie}" for lie in tally.escaped), tally, sep="\n")
    return bool(broken or tally.escaped)
