"""The mutator: no lie escapes the checker, and a weak checker is found out."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from book.page.files import read
from book.prove.compare import tokens
from book.prove.evaluate import Result, evaluate
from book.prove.mutate import mutate
from book.prove.update import update

PAGE = """\
```pycon
>>> import torch
>>> torch.set_default_dtype(torch.float64)
>>> x = torch.tensor([1 / 3, -20 / 3, 3e-7, 0])
>>> x
>>> x.to(torch.float32)[:2]
>>> torch.tensor([1.0, 2, 3]), torch.tensor([1, 2, 3]), 1e-5, -3, True
>>> x.sum().item()
>>> print(f"step {10:>4}: loss {x[0]:.4f} ({x[1]:+.1e}), {58900:,} of {1e6:,.0f}")
>>> x @ x[:2]
Traceback (most recent call last):
  File "<stdin>", line 1, in <module>
RuntimeError: ... [4], [2]
```

The sum is <!--= x.sum():.3f --><!--/-->, or <!--= x[0]:.1% --><!--/-->, <!--= x.dtype --><!--/-->;
<!--= len(x) --><!--/--> values, <!--= 1e6 * x[2]:.3g --><!--/-->, <!--= x[3]:.4f --><!--/-->.
"""


@pytest.fixture
def results(tmp_path: Path) -> list[Result]:
    path = tmp_path / "docs" / "en" / "page.md"
    path.parent.mkdir(parents=True)
    path.write_text(PAGE.replace("RuntimeError: ... [4], [2]", "RuntimeError:"))
    told = list(update(path, tmp_path))
    assert told
    path.write_text(re.sub(r"RuntimeError: .*?(?=\[4\])", "RuntimeError: ... ", path.read_text()))
    (page,) = read(path, tmp_path)
    results = list(evaluate(page))
    assert not [problem for result in results if (problem := result.problem())]
    return results


@pytest.mark.parametrize("seed", range(3))
def test_no_lie_escapes(results, tmp_path, seed):
    tally = mutate(results, tmp_path, 2000, seed)
    assert not tally.escaped
    assert set(tally.made) == {
        "digit", "sign", "exponent", "point", "shorter", "longer", "twice", "lost", "word",
    }  # fmt: skip
    assert all(tally.killed[kind] > 20 for kind in tally.made)
    assert tally.true["shorter"] > 20  # a rounded number stays true, and is not counted as caught
    assert not any(tally.true[kind] for kind in ("twice", "lost", "word"))
    assert tally.made.total() == tally.true.total() + tally.killed.total()


def test_a_seed_repeats_itself(results, tmp_path):
    one, two, other = (mutate(results, tmp_path, 200, seed) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def nothing(want: str, got: str) -> bool:
    return True


def ignores_numbers(want: str, got: str) -> bool:
    return re.sub(r"[-+\d.,e]+", "#", want) == re.sub(r"[-+\d.,e]+", "#", got)


def ignores_words(want: str, got: str) -> bool:
    return [t.value for t in tokens(want) if t.value is not None] == [
        t.value for t in tokens(got) if t.value is not None
    ]


def ignores_signs(want: str, got: str) -> bool:
    return re.sub("[-+]", "", want) == re.sub("[-+]", "", got)


def close_enough(want: str, got: str) -> bool:
    """As `pytest.approx`, to a thousandth."""
    if not ignores_numbers(want, got):
        return False
    pairs = zip(tokens(want), tokens(got), strict=False)
    return all(
        abs(Fraction(a.value) - Fraction(b.value)) <= Fraction(b.value) / 1000
        for a, b in pairs
        if a.value and b.value
    )


def a_part(want: str, got: str) -> bool:
    return all(word in got.split() for word in want.split())


@pytest.mark.parametrize(
    ("weak", "kind"),
    [
        (nothing, "word"),
        (ignores_numbers, "digit"),
        (ignores_words, "word"),
        (ignores_signs, "sign"),
        (close_enough, "digit"),
        (a_part, "lost"),
    ],
)
def test_a_weak_checker_is_found_out(results, tmp_path, weak: Callable[[str, str], bool], kind: str):
    def judge(result: Result, want: str) -> str:
        return "" if weak(want, result.got) or not result.problem(want) else "wrong"

    tally = mutate(results, tmp_path, 2000, 0, judge)
    assert any(f": {kind}: " in lie for lie in tally.escaped)
    assert "page.md:" in tally.escaped[0]
    assert str(tally).splitlines()[-1].split()[-1] == str(len(tally.escaped))


def test_a_checker_that_skips_claims_is_found_out(results, tmp_path):
    def judge(result: Result, want: str) -> str:
        return "" if result.statement.kind == "claim" else result.problem(want)

    assert mutate(results, tmp_path, 500, 0, judge).escaped
