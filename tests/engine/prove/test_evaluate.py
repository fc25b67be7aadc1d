"""Pages run as in a new interpreter, and what they say is compared with what they give."""

import sys
import warnings
from pathlib import Path

import pytest
import torch

from book.page.files import parse
from book.prove.evaluate import Result, evaluate


def run(tmp_path: Path, text: str, name: str = "page.md") -> list[Result]:
    path = tmp_path / name
    path.write_text(text)
    return list(evaluate(parse(path)))


def problems(tmp_path: Path, text: str, name: str = "page.md") -> list[str]:
    return [problem for result in run(tmp_path, text, name) if (problem := result.problem())]


def example(source: str, *output: str) -> str:
    lines = source.split("\n")
    prompts = [f">>> {lines[0]}", *(f"... {line}" for line in lines[1:])]
    return "\n".join(["```pycon", *prompts, *output, "```", ""])


def test_a_page_shares_its_names_from_top_to_bottom(tmp_path):
    text = "```python\nx = 2\n```\n\n<!--= x:.1f -->2.0<!--/-->\n\n" + example("x + 1", "3")
    text += '\n??? success "Answer"\n\n    ```pycon\n    >>> x * 3\n    6\n    ```\n'
    assert not problems(tmp_path, text)


def test_pages_do_not_share_names_or_settings(tmp_path):
    first = """
import torch, warnings
import numpy as np
import matplotlib.pyplot as plt
torch.set_default_dtype(torch.float64)
torch.set_printoptions(precision=2)
np.set_printoptions(precision=2)
torch.manual_seed(0)
plt.rcParams["lines.linewidth"] = 9
warnings.simplefilter("ignore")
first = torch.rand(())
"""
    one = run(tmp_path, f"```python{first}```\n\n<!--= first -->x<!--/-->\n")
    assert not one[0].problem()
    again = [
        example("first", "Traceback (most recent call last):", "NameError: name 'first' is not defined"),
        example("import torch, warnings"),
        example("import matplotlib.pyplot as plt"),
        example("torch.tensor(1.0).dtype", "torch.float32"),
        example("torch.tensor(1.23456)", "tensor(1.2346)"),
        example('plt.rcParams["lines.linewidth"]', "1.8"),
        example('warnings.warn("heard")', "UserWarning: heard"),
        "<!--= torch.rand(()) -->x<!--/-->\n",
    ]
    two = run(tmp_path, "\n".join(again))
    assert [result.problem() for result in two[:-1]] == [""] * 7
    assert two[-1].got != one[-1].got  # a page that wants chance must seed it


def test_the_process_is_left_as_it_was(tmp_path):
    main, filters = sys.modules["__main__"], list(warnings.filters)
    run(tmp_path, "```python\nimport torch\ntorch.set_default_dtype(torch.float64)\n1 / 0\n```\n")
    assert sys.modules["__main__"] is main
    assert warnings.filters == filters
    assert torch.get_default_dtype() is torch.float32


def test_a_new_interpreter_is_main(tmp_path):
    text = "```python\nfrom dataclasses import dataclass\n\n@dataclass\nclass A:\n    x: 'int'\n```\n"
    assert not problems(tmp_path, text + example("A.__module__", "'__main__'"))


def test_a_failure_points_to_the_line_of_the_page(tmp_path):
    text = "# Page\n\n```python\ndef f(x):\n    return 1 / x\n```\n\n" + example("y = (\n    f(0))")
    (problem,) = problems(tmp_path, text)
    assert f'File "{tmp_path / "page.md"}", line 10, in <module>' in problem
    assert f'File "{tmp_path / "page.md"}", line 5, in f' in problem
    assert "evaluate.py" not in problem
    assert problem.endswith("ZeroDivisionError: division by zero")


def test_a_syntax_error_points_to_its_line(tmp_path):
    (problem,) = problems(tmp_path, "# %% [markdown]\n# a\n\n# %%\nx = 1\n%matplotlib inline\n", "page.py")
    assert f'File "{tmp_path / "page.py"}", line 6' in problem


def test_a_failure_does_not_stop_the_page(tmp_path):
    text = example("1", "2") + "\n" + example("1", "1") + "\n" + example("1 / 0") + "\n" + example("2", "1")
    assert len(problems(tmp_path, text)) == 3


THIRD = "0.33333333333333331"
SETTING = """\
```python
import torch
from typing import NamedTuple

class Pair(NamedTuple):
    w: torch.Tensor
    b: float

x = torch.tensor([1 / 3, 20000 / 3], dtype=torch.float64)
third = x[0].item()
```

"""


@pytest.mark.parametrize(
    ("code", "got", "full"),
    [
        ("third", THIRD[:-1], THIRD[:-1]),
        ("x[0]", "tensor(0.3333, dtype=torch.float64)", f"tensor({THIRD}"),
        ("x", "tensor([3.3333e-01, 6.6667e+03], dtype=torch.float64)", "tensor([3.33333333333333"),
        (
            "[Pair(x[0], 0.5)]",
            "[Pair(w=tensor(0.3333, dtype=torch.float64), b=0.5)]",
            f"[Pair(w=tensor({THIRD}",
        ),
        ("x[0].numpy()[None]", "array([0.33333333])", f"array([{THIRD[:-1]}])"),
        ("print(x[0], 1)", "tensor(0.3333, dtype=torch.float64) 1", f"tensor({THIRD}"),
        (
            "print(f'{third:.3f} of {x[1]:8,.1f}')",
            "0.333 of  6,666.7",
            f"{THIRD}4829616256247 of 6,666.66666666",
        ),
        ("print(f'{x[0]!r:>40}')", "     tensor(0.3333, dtype=torch.float64)", f"tensor({THIRD}"),
        (
            "for v in x: print(f'{v:.1e}', end=';')",
            "3.3e-01;6.7e+03;",
            "3.333333333333333148296162562474e-01;6.6666",
        ),
        ("f'{third:.4f}'", "'0.3333'", f"'{THIRD}"),
        ("f'{third:.2%} or {third:.3}'", "'33.33% or 0.333'", "'33.33333333333332"),
        ("print('%.2f' % third)", "0.33", "0.33"),  # only f-strings and `print` know more
    ],
)
def test_every_digit_is_known(tmp_path, code, got, full):
    _, result = run(tmp_path, SETTING + example(code))
    assert (result.got, result.error) == (got, "")
    assert result.full.startswith(full)


@pytest.mark.parametrize(
    ("code", "got", "full"),
    [
        ("third:.2f", "0.33", THIRD),
        ("third:.0%", "33%", "33.33333333333332"),
        ("f'{third:.1f}'", "0.3", THIRD),
        ("x[0]", "0.3333333333333333", THIRD[:-1]),
        ("1000 * x[1]:,.0f", "6,666,667", "6,666,666.6666"),
        ("['no', 'yes'][len(x) > 1]", "yes", "yes"),
    ],
)
def test_every_digit_of_a_claim_is_known(tmp_path, code, got, full):
    _, result = run(tmp_path, f"{SETTING}<!--= {code} --><!--/-->")
    assert (result.got, result.error) == (got, "")
    assert result.full.startswith(full)


def test_noise_in_the_data_makes_no_false_alarm(tmp_path):
    text = """\
```python
import torch
torch.set_default_dtype(torch.float64)
noise, chance = 0.0, torch.Generator().manual_seed(SEED)
g = torch.Generator().manual_seed(0)
X = torch.randn(20, 3, generator=g)
y = X @ torch.tensor([1.0, -2.0, 0.5]) + 3 + 0.1 * torch.randn(20, generator=g)
y = y * (1 + noise * torch.randn(20, generator=chance))
A = torch.cat([X, torch.ones(20, 1)], 1)
w = torch.linalg.lstsq(A, y).solution
r = y - A @ w
```

```pycon
>>> w
>>> y[:6]
>>> (r @ r / 40).sqrt()
>>> torch.tensor([1.0, 2.0]) * w[3] / w[3]
>>> print(f"{w[0]:.5f} {w[1]:.4e}", r @ r)
```

<!--= r @ r:.4f --><!--/--> <!--= w[2]:.3g --><!--/-->
"""
    truth = [result.got for result in run(tmp_path, text.replace("SEED", "0"))]
    for seed in range(40):
        noisy = text.replace("SEED", str(seed)).replace("noise, chance = 0.0", "noise, chance = 1e-7")
        for want, result in zip(truth, run(tmp_path, noisy), strict=True):
            assert not result.problem(want)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```python\nprint(1)\n```", "make it `pycon`"),
        ("```python\nimport warnings\nwarnings.warn('beware')\n```", "UserWarning: beware"),
        ("```python\nimport sys\nx = sys.stderr.write('beware')\n```", "beware"),
        ("```python\nraise SystemExit\n```", "SystemExit"),
        ("```python\nimport matplotlib.pyplot as plt\nplt.plot([1])\n```", "alt text"),
        ('```python figure alt="A line"\nx = 1\n```', "draws no figure"),
        (example("import warnings\nwarnings.warn('beware')"), "Got:\n    UserWarning: beware"),
        (example("1 / 0", "1"), "ZeroDivisionError"),
        (example("1", "Traceback (most recent call last):", "ValueError: 1"), "Got:\n    1"),
        ("<!--= 1 + 1 -->2<!--/-->", "needs a name"),
        ("<!--= sum(i for i in [1, 2]) -->3<!--/-->", "needs a name"),
        ("<!--= y -->2<!--/-->", "NameError"),
        ("```python\nx = 1\n```\n<!--= print(x) -->2<!--/-->", "prints nothing"),
        ("```python\nx = 'a\\nb'\n```\n<!--= x -->2<!--/-->", "one piece"),
        ("```python\nx = 1\n```\n<!--= x:.2f -->2<!--/-->", "Expected:\n    2\nGot:\n    1.00"),
        ("```python\nx = 'a'\n```\n<!--= x:.2f -->2<!--/-->", "ValueError"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, text, words):
    (problem,) = problems(tmp_path, text)
    assert words in problem


def test_cells_of_a_script(tmp_path):
    text = """\
# %% [markdown]
# # A script

# %%
x = 1
print(x)
x + 1

# %%
x + 2;

# %% alt="A line that rises"
import matplotlib.pyplot as plt
line = plt.plot([x, 2])

# %% [markdown]
# <!--= x -->1<!--/-->
"""
    results = run(tmp_path, text, "page.py")
    assert [result.got for result in results] == ["1\n2", "", "", "1"]
    assert not any(result.problem() for result in results)


def test_figures_are_open_while_their_block_is_looked_at(tmp_path):
    path = tmp_path / "page.md"
    block = "```python figure alt='A line'\nimport matplotlib.pyplot as plt\nplt.plot([1])\n```\n"
    path.write_text(block + block)
    for _ in evaluate(parse(path)):
        assert sys.modules["matplotlib.pyplot"].get_fignums() == [1]
    assert not sys.modules["matplotlib.pyplot"].get_fignums()
