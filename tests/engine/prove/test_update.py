"""`update` rewrites outputs and claims, and nothing else."""

import doctest

import pytest

from book.page.files import read
from book.prove.evaluate import evaluate
from book.prove.update import update

THEORY = """\
# Title with 0.5

```pycon
>>> import torch
>>> x = torch.eye(2)
>>> x {x}
>>> for i in range(2):
...     print(i, end="\\n\\n"){loop}
>>> None{none}
>>> 1 / 0
Traceback (most recent call last):
    ...
ZeroDivisionError: {error}

```

So <!--= x.sum():.1f -->{sum}<!--/--> and <!--= x.dtype -->{dtype}<!--/-->, `<!--= x -->1<!--/-->`.

??? success "Answer"
    1. <!--= len(x) -->{length}<!--/-->

    ```pycon
    >>> x[0]{row}

    ```
"""
WRONG = {
    "x": "",
    "loop": "\n0",
    "none": "\n7",
    "error": "by nought",
    "sum": "",
    "dtype": "float",
    "length": "3",
    "row": "\n    tensor([1., 1.])\n    tensor([1., 1.])",
}
RIGHT = {
    "x": "\ntensor([[1., 0.],\n        [0., 1.]])",
    "loop": "\n0\n<BLANKLINE>\n1",
    "none": "",
    "error": "division by zero",
    "sum": "2.0",
    "dtype": "torch.float32",
    "length": "2",
    "row": "\n    tensor([1., 0.])",
}

SCRIPT = """\
# %% [markdown]
# # Title

# %%
x = 0.5
x

# %% [markdown]
# - See <!--= x:.2f -->{x}<!--/-->
"""

DOCSTRING = '''\
def double(x):
    r"""Twice $\\frac22$.

    >>> import torch
    >>> torch.ones(1, 1, 2){ones}

    Also

        >>> print("a\\n\\nb"){text}
    """
'''
ONES = "\n    tensor([[[1., 1.]]])"
TEXT = "\n        a\n        <BLANKLINE>\n        b"


@pytest.mark.parametrize(
    ("name", "text", "wrong", "right"),
    [
        ("docs/en/page.md", THEORY, WRONG, RIGHT),
        ("README.md", THEORY, WRONG, RIGHT),
        ("docs/en/page.py", SCRIPT, {"x": "1"}, {"x": "0.50"}),
        (
            "linreg/basics/loss.py",
            DOCSTRING,
            {"ones": "", "text": "\n        a"},
            {"ones": ONES, "text": TEXT},
        ),
    ],
)
def test_rewrites_what_is_wrong_once(tmp_path, name, text, wrong, right):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.format(**wrong).replace(">>> x \n", ">>> x\n"))
    told = list(update(path, tmp_path))
    expected = text.format(**right).replace(">>> x \n", ">>> x\n")
    assert path.read_text() == expected
    assert len(told) == len(wrong)
    assert all(line.startswith(f"{name}:") and " -> " in line for line in told)
    assert not any(result.problem() for page in read(path, tmp_path) for result in evaluate(page))
    before = path.stat().st_mtime_ns
    assert not list(update(path, tmp_path))
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```pycon\n>>> 1 / 0\n1\n\n```\n", "ZeroDivisionError"),
        (
            "```pycon\n>>> 1\nTraceback (most recent call last):\n    ...\nValueError: 1\n\n```\n",
            "raises nothing",
        ),
        ("<!--= missing -->1<!--/-->\n", "NameError"),
        ("```python\nprint(1)\n```\n", "pycon"),
        ("```python figure alt='A line'\nx = 1\n```\n", "draws no figure"),
    ],
)
def test_leaves_to_the_author_what_only_the_author_can_mend(tmp_path, text, words):
    path = tmp_path / "page.md"
    path.write_text(text)
    (line,) = update(path, tmp_path)
    assert "NOT REWRITTEN" in line
    assert words in line
    assert path.read_text() == text


def test_a_shortened_traceback_stays(tmp_path):
    path = tmp_path / "page.md"
    text = (
        "```pycon\n>>> 1 / 0\nTraceback (most recent call last):\n  ...\nZeroDivisionError: ... zero\n\n```\n"
    )
    path.write_text(text)
    assert not list(update(path, tmp_path))
    assert path.read_text() == text


def test_ends_examples_as_doctest_needs_it(tmp_path):
    path = tmp_path / "page.md"
    text = "```pycon\n>>> 1\n2{end}```\n\n- a\n\n    ```pycon\n    >>> x = 1{end}    ```\n"
    path.write_text(text.format(end="\n"))
    told = list(update(path, tmp_path))
    assert {line.partition(" ")[0] for line in told} == {"page.md:2:", "page.md:4:", "page.md:10:"}
    assert path.read_text() == text.format(end="\n\n").replace("2", "1")
    assert doctest.testfile(str(path), module_relative=False) == (0, 2)
    assert not list(update(path, tmp_path))


def test_does_not_overwrite_what_changed_meanwhile(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(f"```python\nx = open({str(path)!r}, 'w').write('New')\n```\n\n```pycon\n>>> 1\n2\n```\n")
    (line,) = update(path, tmp_path)
    assert "changed while it ran" in line
    assert path.read_text() == "New"
