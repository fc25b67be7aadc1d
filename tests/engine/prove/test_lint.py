"""Numbers in prose need something that backs them; outputs need to be comparable."""

from pathlib import Path

import pytest

from book.page.files import docstrings, parse
from book.prove.evaluate import evaluate
from book.prove.lint import lint

CODE = "```pycon\n>>> n, lr = 1000, 0.01\n>>> n * lr * 1.2345\n12.345\n\n```\n"


def complaints(tmp_path: Path, text: str, name: str = "page.md") -> list[str]:
    path = tmp_path / name
    path.write_text(text)
    page = parse(path)
    results = list(evaluate(page))
    return [line.removeprefix(f"{path}:") for line in lint(page, results)]


@pytest.mark.parametrize(
    "prose",
    [
        "The rate 0.01 over 1,000 samples gives 12.345, or 1e-2.",
        "One per cent is 1 %, and 1 of 1000.",
        "Half, 1/2, 3 steps, 64-bit, `float64`, $w_1^2$, $\\frac{1}{2n}$, E13, S8.",
        "Python and torch 2.13.0, [a link](page-2024.md#1805), <https://a.org/2024>, #23142.",
        "The value <!--= n * lr:.2f -->10.00<!--/--> again: 10.00, ten times the rest.",
        "Legendre, 1805, on 99.5 pages.\n\n<!-- given 1805, 99.5: what the library's catalogue says -->",
        "A tag <span data-x='0.777'>is</span> markup, so is {#a-777} and [x][777].\n\n[777]: page.md",
        "<!-- A comment with 0.777. -->",
    ],
)
def test_backed(tmp_path, prose):
    assert not complaints(tmp_path, f"{CODE}\n{prose}\n")


@pytest.mark.parametrize(
    ("prose", "number"),
    [
        ("It is 0.48.", "0.48"),
        ("It is -0.48,", "0.48"),
        ("It is 48 %.", "48 %"),
        ("It is 48% of it.", "48%"),
        ("It is 3 per cent.", "3 per cent"),
        ("It takes 532 steps.", "532"),
        ("It takes 53,200 steps.", "53,200"),
        ("It is 1e-5.", "1e-5"),
        ("It is $\\approx 0.97$ here.", "0.97"),
        ("It is `tensor(0.1235)`.", "0.1235"),
        ("It is 7 times as large.", "7 times"),
        ("A 7-fold gain.", "7-fold"),
        ("It is seven times faster.", "seven times faster"),
        ("| a | 0.48 |", "0.48"),
        ("误差0.48", "0.48"),
        ("!!! note\n    It is 0.48", "0.48"),
        ("## After 532 steps", "532"),
        ("[after 532 steps](page.md)", "532"),
        ("```text\nloss 0.48\n```", "0.48"),
        ("```pycon\n>>> x = 3  # 532 steps\n\n```", "532"),
        ("```pycon\n>>> x = '532 steps'\n\n```\n532", "532"),
        (
            "```python figure alt='R2 is 0.48'\nimport matplotlib.pyplot as plt\nplt.plot([1])\n"
            "assert True\n```",
            "0.48",
        ),
    ],
)
def test_unbacked(tmp_path, prose, number):
    text = f"{CODE}\n{prose}\n"
    (complaint,) = complaints(tmp_path, text)
    line, _, message = complaint.partition(": ")
    assert message == f"no code, output or claim of the page backs `{number}`"
    assert number in text.split("\n")[int(line) - 1]


def test_unbacked_in_a_script(tmp_path):
    text = "# %% [markdown]\n# # Title\n#\n# It is 0.48, or 0.5.\n\n# %%\nx = 0.5\n"
    assert complaints(tmp_path, text, "page.py") == ["4: no code, output or claim of the page backs `0.48`"]


AXES = "import torch\nimport matplotlib.pyplot as plt\n_, ax = plt.subplots()\n"


@pytest.mark.parametrize(
    ("code", "held"),
    [
        ("", False),
        ("# assert 2 > 1\n", False),
        ("ax.text(0, 1, 'we assert')\n", False),
        ("ax.axis('equal')\n", False),
        ("ax.axis([0, 1, 0, 'off'])\n", False),
        ("assert 2 > 1\n", True),
        ("for high, low in [(2, 1)]:\n    assert high > low\n", True),
        ("torch.testing.assert_close(torch.ones(2), torch.ones(2))\n", True),
        ("ax.axis('off')  # a diagram\n", True),
        ('plt.gca().axis("off")\n', True),
    ],
)
@pytest.mark.parametrize("name", ["page.md", "page.py"])
def test_an_alt_says_what_an_assert_holds(tmp_path, name, code, held):
    source = f"{AXES}{code}line = ax.plot([2, 1])"
    if name == "page.md":
        text = f'# Page\n\n```python figure alt="A line falls."\n{source}\n```\n'
    else:
        text = f'# %% [markdown]\n# # Page\n\n# %% alt="A line falls."\n{source}\n'
    found = complaints(tmp_path, text, name)
    assert len(found) == (not held)
    wanted = "3: a figure's alt says what nobody checks" if name == "page.md" else "4: a figure's alt"
    assert all(complaint.startswith(wanted) for complaint in found)


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("<!-- given 0.48: why -->", "where the numbers come from"),
        ("<!-- given : no number at all -->", "where the numbers come from"),
        ("<!-- given 0.49: a good reason -->", "0.49 is given, but the prose has no such number"),
    ],
)
def test_what_is_given_has_a_reason_and_a_use(tmp_path, comment, words):
    assert any(words in complaint for complaint in complaints(tmp_path, f"It is 0.48.\n\n{comment}\n"))


@pytest.mark.parametrize(
    ("code", "output", "words"),
    [
        ("1 / 3", "0.3333333333333333", "more than six significant digits"),
        ("12345.75", "12345.75", "more than six significant digits"),
        ("torch.tensor(100.5)", "tensor(100.5000)", ""),
        ("2**24 + 1", "16777217", ""),
        ("torch.arange(2000.)", "tensor([0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 1.9970e+03, 1.9980e+03,\n"
         "        1.9990e+03])", "leaves out numbers"),
        ("object()", "<object object at 0x7f>", "address"),
        ("print('a ...')", "a ...", ""),
        ("torch.tensor([2.0**-52])", "tensor([2.2204e-16])", "comparison"),
        ("print(f'{1 / 3 - 1 / 3:.4f}, {2**-20:.4g}')", "0.0000, 9.537e-07", ""),
        ("print(f'{1 / 8 + 1e-13:.2f}')", "0.13", "the other way"),
        ("print(f'{5 / 2 + 1e-11:.0f} steps')", "3 steps", "the other way"),
        ("print(f'{1 / 8:.2f}, {2.675:.2f}')", "0.12, 2.67", ""),  # written so, the same everywhere
        ("print('a ')", "a", "a space at the end"),
    ],
)  # fmt: skip
def test_outputs(tmp_path, code, output, words):
    found = complaints(tmp_path, f"```pycon\n>>> import torch\n>>> {code}\n{output}\n\n```\n")
    assert bool(found) == bool(words)
    assert all(words in complaint and complaint.startswith("3:") for complaint in found)


def test_examples_end_where_doctest_sees_it(tmp_path):
    (complaint,) = complaints(tmp_path, "```pycon\n>>> 1\n1\n```\n")
    assert complaint.startswith("4: doctest needs an empty line")


def test_code_that_doctest_does_not_see(tmp_path):
    (complaint,) = complaints(tmp_path, "# Page\n\n```python\nx = 1\n```\n")
    assert complaint.startswith("3: doctest does not see this block")
    assert not complaints(tmp_path, "# %% [markdown]\n# # Page\n\n# %%\nx = 1\n", "page.py")


def test_outputs_of_cells(tmp_path):
    text = "# %% [markdown]\n# # Title\n\n# %%\n1 / 3\n"
    (complaint,) = complaints(tmp_path, text, "page.py")
    assert complaint == "5: 0.3333333333333333 has more than six significant digits"


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("pip install linreg", True),
        ("pip install --upgrade linreg[docs]", True),
        ("pip install torch linreg", True),
        ("pip install linreg-book", False),
        ("pip install ./linreg", False),
        ("pip install https://a.org/linreg_book-1-py3-none-any.whl", False),
    ],
)
def test_install(tmp_path, command, wrong):
    found = complaints(tmp_path, f"# Install\n\n```sh\n{command}\n```\n")
    assert [complaint.partition(":")[0] for complaint in found] == ["4"] * wrong


def test_docstrings_explain_in_numbers_of_their_own(tmp_path):
    path = tmp_path / "loss.py"
    path.write_text('def f():\n    """About 0.48.\n\n    >>> 1 / 3\n    0.3333333333333333\n    """\n')
    (page,) = docstrings(path, "linreg.basics.loss")
    assert [line.split(": ")[1] for line in lint(page, list(evaluate(page)))] == [
        "0.3333333333333333 has more than six significant digits"
    ]


def test_an_answer_that_is_refused(tmp_path):
    text = "# %% [markdown]\n# # Title\n\n# %%\nimport linreg\n\nlinreg.check(1.0, 2.0)\n"
    (complaint,) = complaints(tmp_path, text, "page.py")
    assert complaint.startswith("5: an answer of this page is refused: not yet: ")
    assert not complaints(tmp_path, text.replace("1.0", "2.0"), "page.py")
