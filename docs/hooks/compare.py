"""Whether a page tells the truth: does the text it expects agree with what the code gave?

Two texts agree when they are equal, or when they differ in numbers only and every number the page
prints is the correct rounding, at its own precision, of the number with all its digits. So a page
survives another processor's last bit, and a wrong digit, sign, exponent or word does not survive.
"""

import re
from decimal import Decimal
from typing import NamedTuple

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


def difference(want: str, got: str, full: str) -> str:
    """What is wrong with `want`; empty when it agrees with `got`, whose every digit is in `full`."""
    raised = bool(STACK.search(want))
    wanted, given, exact = (tokens(STACK.sub(r"\1", text)) for text in (want, got, full))
    if raised:  # a long message may be cut, but not its numbers
        wanted = fill(wanted, given)
    if not alike(given, exact):
        exact = given
    for a, b, c in zip(wanted, given, exact, strict=False):
        if a.text == b.text:
            continue
        if a.value is None or b.value is None:
            return f"{a.text!r} should be {b.text!r}"
        if not rounds(a, b, c):
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
    if point(want) != point(got):  # `3` and `3.` differ in type
        return False
    if not want.value and got.value:  # rounded away
        return False
    place = unit(want.value)
    if place < unit(got.value):  # more digits than the machine printed
        return False
    noise = min(NOISE * abs(full.value), place / 10)
    return abs(want.value - full.value) <= place / 2 + noise


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
