"""The parser: blocks, statements and their places, in both kinds of pages and in docstrings."""

import re
from pathlib import Path

import pytest

from book.page.files import docstrings, parse
from book.page.model import Page, PageError

THEORY = """\
# A page

Three is <!--= x["a:b"]:.1f -->3.0<!--/-->, and `<!--= shown -->1<!--/-->` is how it is written.

```pycon
>>> for i in range(2):
...     print(i)
0
<BLANKLINE>
1
>>> x = {"a:b": 3}

```

| n | loss |
| --- | --- |
| <!--= x -->many<!--/--> | 1 |

!!! note
    Indented, <!--= len(x) -->1<!--/-->.

    ```python figure alt="A line, it's straight"
    plot(x)

    more()
    ```

??? success "Answer"

    ```pycon
    >>> x
    {'a:b': 3}

    ```

````markdown
```pycon
>>> not_run
```
````
"""

SCRIPT = """\
# %% [markdown]
# # A script
#
# See <!--= x + 1:d -->2<!--/-->.

# %%
x = 1

x

# %% [markdown] answer="Answer"
# Folded <!--= x -->1<!--/-->
#
# ```sh
# make test
# ```

# %% alt="A line" answer="Answer"
plot(x)
"""


def page(tmp_path: Path, text: str, name: str = "page.md") -> Page:
    path = tmp_path / name
    path.write_text(text)
    return parse(path)


@pytest.mark.parametrize(("text", "name"), [(THEORY, "page.md"), (SCRIPT, "page.py")])
def test_every_statement_knows_its_line_and_the_place_of_its_text(tmp_path, text, name):
    found = page(tmp_path, text, name)
    for statement in found.statements:
        assert statement.source.split("\n")[0] in text.split("\n")[statement.line - 1]
        assert statement.rewritten(statement.want) == text[statement.start : statement.end]


@pytest.mark.parametrize(("text", "name"), [(THEORY, "page.md"), (SCRIPT, "page.py")])
def test_the_blocks_take_up_all_lines_in_order(tmp_path, text, name):
    covered = [n for block in page(tmp_path, text, name).blocks for n in range(block.first, block.last + 1)]
    lines = text.splitlines()
    assert covered == sorted(set(covered))
    assert all(
        not lines[n - 1] or lines[n - 1].startswith("# %%")
        for n in set(range(1, len(lines) + 1)) - set(covered)
    )


def test_a_theory_page(tmp_path):
    found = page(tmp_path, THEORY)
    assert [block.kind for block in found.blocks if block.source.strip()] == [
        "prose", "doctest", "prose", "figure", "prose", "doctest", "shown",
    ]  # fmt: skip
    claims = [(s.source, s.format, s.want) for s in found.statements if s.kind == "claim"]
    assert claims == [('x["a:b"]', ".1f", "3.0"), ("x", "", "many"), ("len(x)", "", "1")]
    examples = [(s.source, s.want) for s in found.statements if s.kind == "example"]
    assert examples == [
        ("for i in range(2):\n    print(i)", "0\n\n1"),
        ('x = {"a:b": 3}', ""),
        ("x", "{'a:b': 3}"),
    ]
    (figure,) = (block for block in found.blocks if block.kind == "figure")
    assert (figure.alt, figure.source) == ("A line, it's straight", "plot(x)\n\nmore()")


def test_a_script_page(tmp_path):
    found = page(tmp_path, SCRIPT, "page.py")
    kinds = [(block.kind, block.answer, block.cell) for block in found.blocks if block.source]
    assert kinds == [
        ("prose", "", False), ("code", "", True), ("prose", "Answer", False),
        ("shown", "Answer", False), ("figure", "Answer", True),
    ]  # fmt: skip
    assert found.blocks[0].source == "# A script\n\nSee <!--= x + 1:d -->2<!--/-->."
    assert [s.format for s in found.statements if s.kind == "claim"] == ["d", ""]


def test_fences_that_doctest_takes_for_output(tmp_path):
    assert not page(tmp_path, THEORY).unspaced
    text = THEORY.replace("3}\n\n", "3}\n")  # at the end of an output and of code that shows none
    assert page(tmp_path, text).unspaced == [12, 32]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a\n\nb <!--= x -->1\n", 3, "on one line"),
        ("a <!--= x -->1<!--= y -->2<!--/-->", 1, "on one line"),
        ("a <!--= -->1<!--/-->", 1, "no expression"),
        ("a <!--= 1 + -->1<!--/-->", 1, "no expression"),
        ("```python figure\nplot()\n```", 1, "needs both"),
        ('```python figure alt="A" widget="loss"\nplot()\n```', 1, "names of the page"),
        ('```python figure alt="A" widget="loss(x + 1)"\nplot()\n```', 1, "names of the page"),
        ('```python widget="loss(x)"\nplot()\n```', 1, "needs both"),
        ('\n```python alt="A line"\nplot()\n```', 2, "needs both"),
        ("```python hide\nplot()\n```", 1, "unknown option 'hide'"),
        ('```python figure alt="A\nplot()\n```', 1, "options"),
        ("```py\n1\n```", 1, "fence language 'py'"),
        ("```\n1\n```", 1, "fence language ''"),
        ("a\n\n```pycon\n>>> 1\n", 3, "never closed"),
        ("```pycon\n```", 1, "nothing"),
        ("```pycon\n1\n>>> 1\n```", 2, "no example"),
        ("```pycon\n>>> 1\n1\n\n2\n```", 5, "<BLANKLINE>"),
        ("```pycon\n>>>1\n```", 2, "no space"),
        ("```pycon\n>>> 1  # doctest: +SKIP\n2\n```", 2, "soften"),
        (">>> 1\n1\n", 1, "outside"),
        ("!!! note\n    ```python\n  x = 1\n    ```", 3, "less indented"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path, text, line, words):
    with pytest.raises(PageError, match=re.escape(words)) as caught:
        page(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'page.md'}:{line}: ")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = 1\n", 1, "begins with"),
        ("# %%\nx = 1\n", 1, "begins with"),
        ("# %% [markdown]\n# a\n\n# %% [code]\n1\n", 4, "unknown option '.code"),
        ("# %% [markdown]\n# a\nb\n", 3, "a line of a markdown cell"),
        ("# %% [markdown]\n\n# %%\n1\n", 1, "nothing"),
        ('# %% [markdown]\n# a\n\n# %% [markdown] alt="a"\n# a\n', 4, "unknown"),
        ('# %% [markdown]\n# a\n\n# %% alt=" "\n1\n', 4, "empty alt"),
        ('# %% [markdown]\n# a\n\n# %% widget="loss(x)"\n1\n', 4, "of a figure"),
        ('# %% [markdown]\n# a\n\n# %% alt="A" widget="loss"\n1\n', 4, "names of the page"),
        ("# %% [markdown]\n# a\n#\n# ```pycon\n# >>> 1\n# ```\n", 4, "code cell"),
    ],
)
def test_what_cannot_be_read_in_a_script(tmp_path, text, line, words):
    with pytest.raises(PageError, match=words) as caught:
        page(tmp_path, text, "page.py")
    assert str(caught.value).startswith(f"{tmp_path / 'page.py'}:{line}: ")


def test_docstrings(tmp_path):
    text = '''\
"""Nothing to run."""


def double(x):
    r"""Twice.

    >>> double(2)
    4

    >>> print("a\\n\\nb")
    a
    <BLANKLINE>
    b
    """
    return 2 * x
'''
    path = tmp_path / "module.py"
    path.write_text(text)
    (found,) = docstrings(path, "module")
    assert [(s.source, s.line, s.want) for s in found.statements] == [
        ("double(2)", 7, "4"),
        ('print("a\\n\\nb")', 10, "a\n\nb"),
    ]
    for statement in found.statements:
        assert statement.rewritten(statement.want) == text[statement.start : statement.end]


@pytest.mark.parametrize(
    "docstring", ['""">>> 1\n    1\n    """', '"""One.\n\n    >>> "\\n"\n    1\n    """']
)
def test_a_docstring_whose_text_is_not_its_source(tmp_path, docstring):
    path = tmp_path / "module.py"
    path.write_text(f"def f():\n    {docstring}\n")
    with pytest.raises(PageError, match=r"module\.py:2"):
        docstrings(path, "module")
