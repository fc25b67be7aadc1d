"""Whether a page tells the truth: does the text it expects agree with what the code gave?

Two texts agree when they are equal, or when they differ in numbers only and every number the page
prints is the correct rounding, at its own precision, of the number with all its digits. So a page
survives another processor's last bit, and a wrong digit, sign, exponent or word does not survive.

The tests of the book know all digits. A reader's doctest knows the two texts, and switches this on by

    python -m linreg.rounding PAGE.md
    pytest -p linreg.rounding --doctest-glob="*.md"
"""

import doctest
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from unittest.mock import patch

__all__ = ["Rounding"]

# Values this far apart, relatively, are the same: float32 arithmetic on another processor moves one
# by as much. Never more than a tenth of the last printed place, so no wrong digit hides in it.
NOISE = Decimal("2e-7")

STACK = re.compile(r"^(Traceback \(most recent call last\):\n)(?:[ \t].*\n)*", re.MULTILINE)
TOKEN = re.compile(
    r"""(?P<version>\d+(?:\.\d+){2,})
    |(?P<number>(?:(?<![\w)\]}'".])[-+])?  # after a word or a bracket it is an operator
        (?:\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:_\d+)*)(?:\.\d*)?(?:[eE][-+]?\d+)?)
    |[^\W\d]\w*|\.\.\.|\S""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A word, a mark or a number; the last has a value."""

    text: str
    value: Decimal | None = None


def tokens(text: str) -> list[Token]:
    """Splits a text; space, which printing puts in to align columns, only separates."""
    return [
        Token(match[0], Decimal(match[0].replace(",", "")) if match["number"] else None)
        for match in TOKEN.finditer(text)
    ]


def difference(want: str, got: str, full: str | None = None) -> str:
    """What is wrong with `want`; empty when it agrees with `got`, whose every digit `full` has, if known."""
    raised = bool(STACK.search(want))
    wanted, given, exact = (tokens(STACK.sub(r"\1", text)) for text in (want, got, full or got))
    if raised:  # a long message may be cut, but not its numbers
        wanted = fill(wanted, given)
    if not alike(given, exact):
        exact = given
    for a, b, c in zip(wanted, given, exact, strict=False):
        if a.text == b.text:
            continue
        if a.value is None or b.value is None:
            return f"{a.text!r} should be {b.text!r}"
        if not (beside(a, b) if full is None else rounds(a, b, c)):
            exactly = f" (exactly {c.text})" if c.text != b.text else ""
            return f"{a.text} should be {b.text}{exactly}"
    if len(wanted) != len(given):
        what = "nothing" if not given else "more" if len(wanted) < len(given) else "less"
        return f"there is {what} in the result"
    return ""


def rounds(want: Token, got: Token, full: Token) -> bool:
    """Is the number `want` a correct rounding of `full`, which the machine prints as `got`?"""
    assert want.value is not None
    assert got.value is not None
    assert full.value is not None
    place = unit(want.value)
    noise = min(NOISE * abs(full.value), place / 10)
    return (
        point(want) == point(got)  # `3` and `3.` differ in type
        and (want.value != 0 or got.value == 0)  # not rounded away
        and place >= unit(got.value)  # not more digits than the machine printed
        and abs(want.value - full.value) <= place / 2 + noise
    )


def beside(want: Token, got: Token) -> bool:
    """Can one value be printed as either, for noise decides at a tie: do the last digits differ by one?"""
    assert want.value is not None
    assert got.value is not None
    if want.value == got.value:  # `-0.0` and `0.0`; but `3` and `3.` differ in type
        return point(want) == point(got)
    decimals = any("." in token.text.rstrip(".") or "e" in token.text for token in (want, got))
    return decimals and abs(want.value - got.value) <= min(unit(want.value), unit(got.value))


def point(number: Token) -> bool:
    """Is it printed as a float?"""
    return any(mark in number.text for mark in ".eE")


def unit(value: Decimal) -> Decimal:
    """One in the last printed place."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(1).scaleb(exponent)


def alike(some: list[Token], others: list[Token]) -> bool:
    """Do two texts differ in numbers only?"""
    return len(some) == len(others) and all(
        a.text == b.text or (a.value is not None and b.value is not None)
        for a, b in zip(some, others, strict=True)
    )


def fill(want: list[Token], got: list[Token]) -> list[Token]:
    """`want` with the words of `got` that each of its `...` stands for."""
    cut = next((i for i, token in enumerate(want) if token.text == "..."), None)
    if cut is None:
        return want
    for end in range(cut, len(got) + 1):
        rest = fill(want[cut + 1 :], got[end:])
        if alike(rest, got[end:]):
            return want[:cut] + got[cut:end] + rest
        if end < len(got) and got[end].value is not None:
            break
    return want


class Rounding(doctest.OutputChecker):
    """Doctest's comparison, for a machine whose last bits are not those of the book.

    A number with a decimal point may differ by one in its last printed digit, as it does on two machines
    where the value lies between two roundings. All else must be equal: words, integers, signs, exponents,
    and how many numbers there are; space only separates. `python -m linreg.rounding PAGE.md` does with it
    what `python -m doctest PAGE.md` does without, and pytest takes `-p linreg.rounding`. It sees what is
    printed, where the tests of the book compare with all digits.

    Examples:
        >>> from linreg.rounding import Rounding
        >>> agree = Rounding().check_output
        >>> agree("loss 0.0050", "loss 0.0051", 0), agree("loss 0.0050", "loss 0.0052", 0)
        (True, False)
        >>> agree("after 17 steps", "after 18 steps", 0), agree("loss 0.0050", "Loss 0.0050", 0)
        (False, False)
    """

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Whether the example passes."""
        equal = super().check_output(want, got, optionflags)
        return equal or not difference(want.replace("<BLANKLINE>", ""), got)


def pytest_configure(config: Any) -> None:
    """Let pytest compare like this; it calls the hook of a plugin that `-p` names."""
    doctest.OutputChecker = Rounding  # type: ignore[misc]


def main(names: Sequence[str]) -> int:
    """Runs the examples of files as `python -m doctest` does; 1 if one fails."""
    with patch.object(doctest, "OutputChecker", Rounding):
        return max(bool(doctest.testfile(name, module_relative=False).failed) for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
