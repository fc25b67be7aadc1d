"""The comparison: a correct rounding agrees, and nothing else does."""

import doctest
import subprocess
import sys
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linreg.rounding import Rounding, difference, main

REALS = st.floats(-1e9, 1e9, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-9)


def agrees(want: str, got: str, full: str | None = None) -> bool:
    return not difference(want, got, got if full is None else full)


@given(REALS, st.integers(1, 8))
def test_every_correct_rounding_agrees(x, places):
    for spec in (f".{places}f", f".{places}e"):
        rounded = format(x, spec)
        shown_zero = float(rounded) == 0 and x != 0
        assert agrees(rounded, rounded if shown_zero else format(x, ".17e"), format(x, ".30e"))


@given(REALS, st.integers(1, 5), st.data())
def test_another_digit_or_sign_does_not_agree(x, places, data):
    got = format(x, f".{places}f")
    where = data.draw(st.sampled_from([i for i, letter in enumerate(got) if letter.isdigit()]))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != got[where]]))
    want = got[:where] + digit + got[where + 1 :]
    unit = Decimal(1).scaleb(-places)
    # Exactly between two neighbours both are roundings; within a tenth of the place noise may decide.
    if abs(abs(Decimal(want) - Decimal(x)) - unit / 2) > unit / 9:
        assert not agrees(want, got, format(x, ".30f"))
    flipped = got[1:] if got.startswith("-") else "-" + got
    assert agrees(flipped, got, format(x, ".30f")) == (Decimal(got) == 0)


@given(st.floats(1e-3, 1e3), st.integers(1, 4), st.floats(-1e-7, 1e-7))
def test_noise_in_the_data_does_no_harm(x, places, noise):
    want, moved = format(x, f".{places}e"), x * (1 + noise)
    assert agrees(want, format(moved, f".{places}e"), format(moved, ".30e"))


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_integers_are_exact(a, b):
    assert agrees(str(a), str(b)) == (a == b)
    assert agrees(f"{a:,}", str(b)) == (a == b)


def test_rounding_half_is_decided_on_the_exact_value():
    exact = Decimal.from_float(2.675)  # a little less than it looks
    assert exact.quantize(Decimal("0.01"), ROUND_HALF_EVEN) == Decimal("2.67")
    assert agrees("2.67", "2.675", str(exact))
    assert not agrees("2.69", "2.675", str(exact))


@pytest.mark.parametrize(
    ("want", "got", "full"),
    [
        ("tensor([1.0000, 2.5000])", "tensor([1.0000, 2.5000])", "tensor([1.00000001, 2.49999999])"),
        ("tensor([1., 2.])", "tensor([1.0000, 2.0000])", "tensor([1.00000001, 2.])"),
        ("tensor([[1.,\n        -2.]])", "tensor([[1., -2.]])", None),
        ("[ 1.0 -2.0]", "[1.0 -2.0]", None),
        ("-0.0000", "0.0000", "0.00000000000001"),
        ("0.0000", "-0.0000", "-0.00000000000001"),
        ("58,900", "58900", None),
        ("0.12", "0.1234", None),
        ("4.6e-03", "0.0046", "0.0045999"),
        ("1.00e-05", "9.9999999e-06", None),
        ("steps: 12 (48.1%)", "steps: 12 (48.1%)", "steps: 12 (48.1493%)"),
        ("torch 2.13.0", "torch 2.13.0", None),
        ("", "", ""),
        ("0.5 of", "0.52 of", "about 0.5199999 of"),  # all digits of another text say nothing of this one
    ],
)
def test_agrees(want, got, full):
    assert agrees(want, got, full)


@pytest.mark.parametrize(
    ("want", "got", "full"),
    [
        ("0.0047", "0.0046", "0.0046123"),
        ("0.00461", "0.0046", "0.0046123"),  # a digit that the machine does not print
        ("0.0", "0.0046", "0.0046123"),  # nothing left
        ("tensor([3, 2])", "tensor([3., 2.])", None),  # another type
        ("tensor([3., 2.])", "tensor([3., 2., 1.])", None),
        ("tensor([3., 2., 1.])", "tensor([3., 2.])", None),
        ("tensor([3., 2.], dtype=torch.float32)", "tensor([3., 2.], dtype=torch.float64)", None),
        ("1.5e-05", "1.5e-04", None),
        ("12.5", "1.25", None),
        ("1 2", "12", None),
        ("x2", "x 2", None),
        ("a - 1", "a -1", None),
        ("1-2", "1+2", None),
        ("torch 2.13.1", "torch 2.13.0", None),
        ("rank deficient", "Rank deficient", None),
        ("1.0 ok", "1.0", None),
        ("", "1", None),
        ("1", "", None),
        ("nan", "1.0", None),
        ("-inf", "inf", None),
        ("1,000.5", "1.0005", None),
        ("tensor([0., ..., 9.])", "tensor([0., 1., 9.])", None),
    ],
)
def test_differs(want, got, full):
    assert not agrees(want, got, full)


RAISED = "Traceback (most recent call last):\n    ...\nValueError: {}"


@pytest.mark.parametrize(
    ("want", "got", "same"),
    [
        ("bad `y`", "bad `y`", True),
        ("bad `y`", "bad `x`", False),
        ("bad ...", "bad `y` of shape (", True),
        ("bad ... 3", "bad `y` of shape 3", True),
        ("bad ... 4", "bad `y` of shape 3", False),
        ("bad ... shape", "bad `y`", False),  # no end of the message is where `...` would have to stop
        ("bad ...", "bad `y` of shape 3", False),  # no number hides in `...`
        ("... of ... and ...", "size of a and b", True),
    ],
)
def test_exceptions(want, got, same):
    stack = '  File "page.md", line 3, in f\n    raise\n'
    wanted = RAISED.format(want).replace("    ...\n", stack)
    assert agrees(wanted, RAISED.format(got)) == same
    assert not agrees(wanted.replace("ValueError", "TypeError"), RAISED.format(got))


def test_says_which_number_is_wrong():
    assert difference("1.0, 2.6", "1.0, 2.5", "1.01, 2.51") == "2.6 should be 2.5 (exactly 2.51)"


def test_says_whether_something_is_missing():
    assert difference("1.0", "1.0 2.0") == "there is more in the result"
    assert difference("1.0 2.0", "1.0") == "there is less in the result"
    assert difference("1.0", "") == "there is nothing in the result"


# What a reader's doctest sees: two texts, of two machines.


def passes(want: str, got: str) -> bool:
    return Rounding().check_output(f"{want}\n", f"{got}\n", 0)


@given(st.floats(1e-3, 1e6), st.integers(1, 5), st.floats(-1e-7, 1e-7))
def test_a_value_that_another_machine_moves_passes(x, places, noise):
    moved = x * (1 + noise)  # at six digits as far as the last one, at most
    for spec in (f".{places}f", f".{places}e", f".{places}g"):
        if abs(x - moved) < 10.0**-places or "f" not in spec:
            both = [f"loss {value:{spec}}" for value in (x, moved)]
            integers = [float(text.split()[1]).is_integer() and "e" not in text for text in both]
            assert passes(*both) or any(integers)


@given(st.floats(1e-3, 1e6), st.integers(1, 5), st.integers(2, 10**6))
def test_a_value_two_digits_off_fails(x, places, units):
    here = Decimal(f"{x:.{places}e}")
    there = here + units * Decimal(1).scaleb(here.as_tuple().exponent)
    assert not passes(str(here), str(there))
    assert not passes(str(there), str(here))


@pytest.mark.parametrize(
    ("want", "got", "same"),
    [
        ("0.3333", "0.3334", True),
        ("9.9999", "10.000", True),
        ("9.99e-05", "1.00e-04", True),
        ("w=[2, 1.0014]", "w=[2.0001, 1.0014]", True),  # `.5g` drops zeros
        ("2", "3.", False),
        ("tensor([ 0.1000, -0.0000])", "tensor([0.1000, 0.0001])", True),
        ("-0.0000", "0.0000", True),
        ("a\n<BLANKLINE>\n0.5", "a\n\n0.6", True),
        ("0.3333", "0.3335", False),
        ("0.3333", "-0.3333", False),
        ("0.3333", "0.333", False),
        ("17", "18", False),  # a count is a count
        ("tensor([1., 2.])", "tensor([1., 3.])", False),
        ("tensor([1.])", "tensor(1.)", False),
        ("3", "3.", False),
        ("1.5 ok", "1.6 bad", False),
        ("1.5", "1.5 1.5", False),
    ],
)
def test_a_reader_passes_over_the_last_digit_alone(want, got, same):
    assert passes(want, got) == same


PAGE = "```pycon\n>>> {value}\n{want}\n\n```\n"


@pytest.mark.parametrize(("value", "want", "failed"), [("0.51", "0.52", False), ("0.51", "0.53", True)])
def test_one_line_switches_it_on(tmp_path, value, want, failed):
    page = tmp_path / "page.md"
    page.write_text(PAGE.format(value=value, want=want))
    assert doctest.testfile(str(page), module_relative=False, report=False).failed
    assert main([str(page)]) == failed
    assert doctest.testfile(str(page), module_relative=False, report=False).failed  # and off again
    command = [sys.executable, "-m", "linreg.rounding", str(page)]
    assert subprocess.run(command, capture_output=True).returncode == failed
    command = [sys.executable, "-m", "pytest", "-q", "-p", "linreg.rounding", "--doctest-glob=*.md"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == failed, done.stdout + done.stderr
