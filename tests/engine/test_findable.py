"""The parts of the engine that make pages findable, each on an example of its own."""

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from project import ROOT

from book.execute.outputs import SVG, Output
from book.page.files import parse
from book.publish import card, feed, notebook, plain
from book.render import markdown, names, reference, search

ENTRIES = {
    f"linreg.{name}": f"reference/api/#linreg.{name}"
    for name in (
        "solve",
        "step",
        "Statistics",
        "Statistics.update",
        "residuals",
        "plot.residuals",
        "predict_loss",
    )
}

PAGE = """\
# %% [markdown]
# # The mean {#mean}
#
# It is <!--= a:.1f -->2.0<!--/--> < 3, as [the model](model.md#shape) says of `linreg`. <!-- given 5: x -->
#
# !!! note "Mind"
#     One.
#
#     Two.

# %%
a = 2
a

# %% alt="A line"
plot()

# %% [markdown] answer="Answer"
# So:
#
# ```text
# ??? success "[not](model.md) a fold"
# ```

# %% answer="Answer"
print(3)

# %% [markdown]
# After.
"""

TEXT = """\
# The mean

This page: <https://book.example/mean/>

It is 2.0 < 3, as [the model](https://book.example/model/#shape) says of `linreg`.

> **Mind**
>
> One.
>
> Two.

```python
a = 2
a
```

```text
2
```

*Figure: A line*

**The code of this figure**

```python
plot()
```

**Answer**

So:

```text
??? success "[not](model.md) a fold"
```

```python
print(3)
```

```text
3
```

After.
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "mean.py"
    path.write_text(PAGE)
    return path


def addresses(source: Path) -> dict[str, str]:
    return {
        str((source.parent / file).resolve()): f"https://book.example/{address}"
        for file, address in {"mean.py": "mean/", "model.md": "model/"}.items()
    }


# Markdown and programs


def test_a_page_as_markdown_has_values_outputs_and_no_marks(source: Path) -> None:
    parsed = parse(source)
    made = iter(
        [[Output("text/plain", "2", result=True)], [Output(SVG, "<svg/>")], [Output("text/plain", "3")]]
    )
    draft, _ = markdown.draft(
        parsed, [next(made) if b.cell else [] for b in parsed.blocks], {markdown.INSTALL: ""}
    )
    assert plain.text(draft, parsed, ROOT, addresses(source), {}) == TEXT


def test_the_reference_as_markdown_says_what_the_docstring_says() -> None:
    entry = reference.ENTRY.search("::: linreg.Statistics\n    options:\n      members: [of, gram]\n")
    assert entry
    text = reference.markdown(entry, ROOT)
    assert [line for line in text.splitlines() if line.startswith("### ")] == [
        "### `linreg.Statistics`",
        "### `linreg.Statistics.of`",
        "### `linreg.Statistics.gram`",
    ]
    assert "Statistics(d: int, *, device: torch.device | str = 'cpu')" in text
    assert "- `X`: (n, d) features" in text
    assert "```pycon\n>>> import torch\n" in text


def test_names_of_the_reference_lead_to_it() -> None:
    assert plain.simple("a [`Status`][linreg.Status] [`x`][]", {"linreg.Status": "https://b/#s"}) == (
        "a [`Status`](https://b/#s) [`x`][]"
    )


def test_a_program_shows_each_figure_and_has_no_marks(source: Path) -> None:
    text = notebook.script(parse(source), {markdown.INSTALL: "```sh\npip install x\n```"}, addresses(source))
    assert text.startswith("# %% [markdown]\n# This program needs `linreg`")
    assert "# pip install x\n" in text
    assert "# %%\nplot()\nimport matplotlib.pyplot as plt\n\nplt.show()\n" in text
    assert "# %% [markdown]\n# **Answer**\n" in text
    assert "<!--" not in text
    assert "alt=" not in text
    compile(text, "program", "exec")


# Names


def linked(tmp_path: Path, source: str, html: str, here: str = "part1/loss/") -> str:
    path = tmp_path / "page.md"
    path.write_text(f"# Page\n\n```python\n{source}\n```\n")
    return names.link(html, parse(path), here, ENTRIES)


HREF = '<a href="../../reference/api/#linreg.'


@pytest.mark.parametrize(
    ("shown", "linked_as"),
    [
        ("linreg.solve", f'{HREF}solve">linreg.solve</a>'),
        ("solve(X, y)", f'{HREF}solve">solve</a>(X, y)'),
        ("Statistics.update", f'{HREF}Statistics.update">Statistics.update</a>'),
        ("predict_loss", f'{HREF}predict_loss">predict_loss</a>'),
        ("plot.residuals", f'{HREF}plot.residuals">plot.residuals</a>'),
        ("step", "step"),  # a word of every day, which the page does not have from linreg
        ("torch.linalg.solve", "torch.linalg.solve"),
        ("fit.residuals", "fit.residuals"),
        ("linreg.nosuch", "linreg.nosuch"),
        ("solve_it", "solve_it"),
    ],
)
def test_a_name_in_prose_links_to_its_entry(tmp_path: Path, shown: str, linked_as: str) -> None:
    html = f"<p>See <code>{shown}</code>.</p>"
    assert linked(tmp_path, "from linreg import solve", html) == f"<p>See <code>{linked_as}</code>.</p>"


def test_a_name_that_the_page_gives_to_something_else_is_not_linked(tmp_path: Path) -> None:
    html = "<p><code>predict_loss</code></p>"
    assert linked(tmp_path, "def predict_loss(): ...", html) == html
    assert linked(tmp_path, "from elsewhere import predict_loss", html) == html
    assert HREF in linked(tmp_path, "import linreg", html)


def test_a_name_is_linked_once_in_a_section_and_never_in_a_heading_or_a_link(tmp_path: Path) -> None:
    once = "<p><code>linreg.solve</code> <code>solve()</code></p>"
    html = (
        f"<h2><code>linreg.solve</code></h2>{once}<h2>B</h2>{once}<a href='x'><code>linreg.solve</code></a>"
    )
    text = linked(tmp_path, "import linreg", html)
    assert text.count(HREF) == 2
    assert "<h2><code>linreg.solve</code></h2>" in text
    assert "<a href='x'><code>linreg.solve</code></a>" in text


def test_an_entry_of_the_reference_does_not_link_to_itself(tmp_path: Path) -> None:
    html = '<h3 id="linreg.predict_loss">x</h3><p><code>predict_loss</code> <code>linreg.solve</code></p>'
    text = linked(tmp_path, "import linreg", html, here="reference/api/")
    assert "<code>predict_loss</code>" in text
    assert '<code><a href="#linreg.solve">linreg.solve</a></code>' in text


IMPORTS = """\
import torch, linreg
from linreg import (
    solve,
)
from linreg.plot import residuals as show
solve(X, y, step=1)
torch.linalg.solve(X)
fit.step
show(fit)
linreg.Statistics.update
solve(X)
step
"""


def test_names_in_code_link_as_the_page_imports_them(tmp_path: Path) -> None:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    html = highlight(IMPORTS, PythonLexer(), HtmlFormatter()).replace("<span></span>", "<span></span><code>")
    html = html.replace("</pre>", "</code></pre>")
    text = linked(tmp_path, IMPORTS, html)
    assert text.count("<a ") == 3
    assert f'{HREF}solve"><span class="n">solve</span></a><span class="p">(</span><span class="n">X' in text
    assert f'{HREF}plot.residuals"><span class="n">show</span></a>' in text
    dotted = '<span class="n">linreg</span><span class="o">.</span><span class="n">Statistics</span>'
    assert (
        f'{HREF}Statistics.update">{dotted}<span class="o">.</span><span class="n">update</span></a>' in text
    )


# The search


def test_what_defines_a_word_counts_more_than_what_uses_it() -> None:
    weights = [
        search.weight("reference/notation.md", "<!-- core -->"),
        search.weight("reference/glossary.md", ""),
        search.weight("part1/loss.md", "# Loss\n\n<!-- core -->\n"),
        search.weight("part1/lstsq.py", "# Traps\n"),
    ]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] == 1 < weights[-2]


# What search engines show


def test_a_summary_is_as_long_as_what_is_shown_of_it_in_either_script() -> None:
    assert search.shortened("short") == "short"
    english = search.shortened("some words " * 20)
    assert english == "some words " * 14 + "…"
    chinese = search.shortened("梯度下降，" * 20)
    assert chinese == "梯度下降，" * 15 + "梯度……"


# The card


def test_equal_titles_make_equal_cards() -> None:
    picture = card.drawn("A title", "The site")
    assert picture == card.drawn("A title", "The site") != card.drawn("Another", "The site")
    assert Image.open(io.BytesIO(picture)).size == card.SIZE


# The feed


def run(folder: Path, *arguments: str) -> None:
    author = ["-c", "user.name=A", "-c", "user.email=a@b.example"]
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if not shutil.which("git"):
        pytest.skip("there is no git")
    root = tmp_path / "one"
    (root / "docs/en").mkdir(parents=True)
    run(root, "init", "--quiet")
    for name, subject in (("a.md", "First & <last>"), ("b.md", "Second"), ("a.md", "Third")):
        with (root / "docs/en" / name).open("a") as file:
            file.write(subject)
        run(root, "add", ".")
        run(root, "commit", "--quiet", "-m", subject)
    return root


def test_the_feed_tells_the_history_of_each_page(repository: Path) -> None:
    changes = feed.history(repository, "docs/en")
    subjects = {name: [change.subject for change in told] for name, told in changes.items()}
    assert list(subjects.items()) == [("a.md", ["Third", "First & <last>"]), ("b.md", ["Second"])]
    text = feed.atom("Book", "https://b/", changes, {"a.md": ("A & B", "https://b/a/")})
    assert "<title>A &amp; B: Third</title>" in text
    assert "First &amp;amp; &amp;lt;last&amp;gt;" in text
    assert text.count("<entry>") == 1


def test_without_a_whole_history_there_is_no_feed(repository: Path, tmp_path: Path) -> None:
    run(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), "shallow")
    (repository / "inside").mkdir()
    (tmp_path / "unpacked").mkdir()
    for folder in (tmp_path / "shallow", repository / "inside", tmp_path / "unpacked"):
        assert feed.history(folder, "docs/en") == {}, folder
    assert feed.atom("Book", "https://b/", {}, {}) == ""


def test_without_git_there_is_no_feed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert feed.history(repository, "docs/en") == {}
