"""The parts of the engine, each on an example of its own."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from shutil import copy2, copytree, ignore_patterns

import matplotlib
import nbformat
import pytest
import torch
from mkdocs.config import load_config
from mkdocs.exceptions import PluginError
from project import ROOT
from quickjs import Context

from book.execute import cells, outputs
from book.execute.cells import Cell
from book.execute.outputs import SVG, Output
from book.page.files import parse
from book.publish import assets, digest, fonts, logo, notebook, offline, policy, spelling, wheel
from book.render import code, figures, formulas, markdown, repairs
from book.render.markdown import Drawn
from linreg import plot, solve

THEORY = """\
# Loss

The mean is <!--= a["x"] | b:.1f -->2.0<!--/-->. <!-- given 1805: the year of a paper -->

<!-- install -->

```pycon
>>> a = 1
>>> a / 0
Traceback (most recent call last):
    ...
ZeroDivisionError: division by zero
```

??? success "Answer"
    ```python figure alt="A line"
    plot()
    ```

```python
after = 1
```
"""

SCRIPT = """\
# %% [markdown]
# # Loss
#
# See [the model](model.md#shape).

# %%
print(1)
2

# %% alt="A line"
plot()

# %% [markdown] answer="Answer"
# So.

# %% answer="Answer"
3
"""


@pytest.fixture
def theory(tmp_path: Path) -> Path:
    path = tmp_path / "loss.md"
    path.write_text(THEORY)
    return path


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "loss.py"
    path.write_text(SCRIPT)
    return path


def flat(path: Path) -> list[Cell]:
    return [cell for block in cells.cells(parse(path)) for cell in block]


# What is executed


def test_a_theory_page_runs_down_to_its_last_figure(theory: Path) -> None:
    assert flat(theory) == [
        Cell("a = 1", shown=False),
        Cell("a / 0", shown=False, raises=True),
        Cell("plot()"),
    ]


def test_prose_does_not_enter_the_cache_key_and_code_does(script: Path) -> None:
    before = outputs.key(flat(script))
    script.write_text(SCRIPT.replace("So.", "Thus.").replace("# # Loss", "# # The loss"))
    assert outputs.key(flat(script)) == before
    script.write_text(SCRIPT.replace("print(1)", "print(2)"))
    assert outputs.key(flat(script)) != before


def test_the_package_enters_the_cache_key(tmp_path: Path) -> None:
    package = copytree(ROOT / "linreg", tmp_path / "linreg")
    before = outputs.digest(package)
    assert before == outputs.digest(ROOT / "linreg")
    loss = package / "basics" / "loss.py"
    loss.write_text(loss.read_text().replace("1", "2", 1))
    assert outputs.digest(package) != before


def test_mkdocs_jupyter_runs_the_cells_and_their_outputs_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"PYTHONPATH": "", "IPYTHONDIR": "", "MATPLOTLIBRC": "", "MPLBACKEND": ""}.items():
        monkeypatch.setenv(name, value)  # what `prepare` changes is put back after the test
    config = load_config(str(ROOT / "mkdocs.yml"))
    package = wheel.build(ROOT)
    home = outputs.prepare(ROOT / "linreg", package)

    def run(*cells: Cell) -> Sequence[Sequence[Output]]:
        return execute(page=cells)["page"]

    def execute(**pages: Sequence[Cell]) -> Mapping[str, Sequence[Sequence[Output]]]:
        with closing(outputs.execute(pages, set(pages), home, config)) as running:
            return dict(running)

    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2])"
    made = run(
        Cell('print("<a>\\n  b")\n"c"'), Cell("x = 1"), Cell(draw), Cell("import linreg\nlinreg.__file__")
    )
    assert made[0] == [Output("text/plain", "<a>\n  b"), Output("text/plain", "'c'", result=True)]
    assert made[1] == []
    assert [output.mime for output in made[2]] == ["text/plain", "image/svg+xml"]
    assert "viewBox" in made[2][1].text
    assert str(package.resolve()) in made[3][0].text, "pages run with the wheel that the site serves"
    with pytest.raises(PluginError, match="unwanted output"):
        run(Cell("import warnings\nwarnings.warn('careful')"))
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        run(Cell("1 / 0"))
    assert run(Cell("1 / 0", shown=False, raises=True), Cell("2"))[1][0].text == "2"

    pauses = 'import time\nprint("a", flush=True)\ntime.sleep(0.5)\nprint("\\nb")'
    assert run(Cell(pauses)) == [[Output("text/plain", "a\n\nb")]], "one output, however it arrives"
    marks = Cell("import torch\nbefore = hasattr(torch, 'mark')\ntorch.mark = 1\nbefore")
    both = execute(one=[marks], other=[marks, Cell("1")])
    assert both["one"][0][0].text == both["other"][0][0].text == "False", "no page sees another"
    imported = run(Cell("import sys\n[name in sys.modules for name in ('torch._dynamo', 'linreg', 'book')]"))
    assert imported[0][0].text == f"[{sys.platform == 'linux'}, False, False]", (
        "before the fork, but not ours"
    )
    door, told = tmp_path / "door", []
    slow = Cell(f"import pathlib, time\nwhile not pathlib.Path({str(door)!r}).exists(): time.sleep(0.05)")
    pages = {"slow": [slow], "quick": [Cell("3")]}
    running = outputs.execute(pages, set(pages), home, config, lambda: told.append(1))
    try:
        assert running["quick"][0][0].text == "3"
        assert not told, "the other still runs"
        door.touch()
        assert running["slow"] == [[]]
    finally:
        door.touch()
        running.close()
    assert told == [1], "said once, when all are there"
    with pytest.raises(PluginError, match="died"):
        run(Cell("import os\nos.kill(os.getpid(), 9)"))


# What is given back


def test_a_theory_page_is_given_back_as_markdown(theory: Path) -> None:
    page = parse(theory)
    outputs = [[Output(SVG, "<svg/>")] if block.kind == "figure" else [] for block in page.blocks]
    text, drawn = markdown.draft(page, outputs, {markdown.INSTALL: "```sh\npip install x\n```"})
    assert drawn == [Drawn("<svg/>", "A line")]
    fold = '??? quote "The code of this figure"\n\n        ```python\n        plot()\n        ```'
    assert f"    ![A line](figure:1)\n\n    {fold}" in text
    assert "```sh\npip install x\n```" in text
    assert "given" not in text
    assert (
        '<span class="claim" title="a&#91;&#34;x&#34;&#93;&#32;&#124;&#32;b&#58;&#46;1f">2.0</span>.' in text
    )


def test_a_script_is_given_back_as_markdown(script: Path) -> None:
    page = parse(script)
    made = iter(
        [
            [Output("text/plain", "1"), Output("text/plain", "2", result=True)],
            [Output("text/plain", "[<Line2D>]", result=True), Output(SVG, "<svg/>")],
            [Output("text/plain", "3", result=True)],
        ]
    )
    outputs = [next(made) if block.cell else [] for block in page.blocks]
    text, drawn = markdown.draft(page, outputs, {markdown.INSTALL: ""})
    assert "```python\nprint(1)\n2\n```\n\n```{ .text .output .no-copy }\n1\n2\n```" in text
    assert "Line2D" not in text
    assert drawn == [Drawn("<svg/>", "A line")]
    assert text.count('??? success "Answer"') == 1
    assert text.index("![A line](figure:1)") < text.index('??? quote "The code of this figure"')
    assert "    So.\n\n    ```python\n    3\n    ```\n\n    ```{ .text" in text


def test_the_code_of_a_figure_goes_into_its_fold(tmp_path: Path) -> None:
    path = tmp_path / "loss.md"
    path.write_text('# Loss\n\n```python figure fold="The code" alt="A line"\nplot()\n```\n')
    page = parse(path)
    figure = [Output(SVG, "<svg/>")]
    outputs = [figure if block.kind == "figure" else [] for block in page.blocks]
    text, drawn = markdown.draft(page, outputs, {markdown.INSTALL: ""})
    assert text.index("![A line](figure:1)") < text.index('??? quote "The code"\n\n    ```python\n    plot()')
    assert text.count("plot()") == len(drawn) == 1


def test_a_widget_gets_its_values_from_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "loss.md"
    path.write_text('# Loss\n\n```python figure widget="loss(x, n)" alt="A line"\nplot()\n```\n')
    page = parse(path)
    draw, tell = flat(path)
    assert draw == Cell("plot()")
    names: dict[str, object] = {"x": torch.tensor([0.5, 1 / 3], dtype=torch.float64), "n": 2}
    exec(tell.code, names)
    printed = capsys.readouterr().out.strip()
    assert json.loads(printed) == {"x": [0.5, 1 / 3], "n": 2}, "with every digit"
    assert names.keys() == {"x", "n", "__builtins__"}, "the page gets no name that it does not show"
    made = [Output("text/plain", "[<Line2D>]", result=True), Output(SVG, "<svg/>")]
    outputs = [
        [*made, Output("text/plain", printed)] if block.kind == "figure" else [] for block in page.blocks
    ]
    text, drawn = markdown.draft(page, outputs, {markdown.INSTALL: ""})
    assert drawn == [Drawn("<svg/>", "A line", "loss", printed)]
    assert "\n![A line](figure:1)\n" in text, "plain Markdown, with or without the script"


def test_a_widget_of_an_executed_page_shows_no_values(tmp_path: Path) -> None:
    path = tmp_path / "loss.py"
    path.write_text('# %% [markdown]\n# # Loss\n\n# %% alt="A line" widget="loss(x)"\nprint(x)\nplot()\n')
    page = parse(path)
    assert [cell.code for cell in flat(path)][1].startswith("print(")
    made = [Output("text/plain", "2"), Output(SVG, "<svg/>"), Output("text/plain", '{"x": 2}')]
    outputs = [made if block.kind == "figure" else [] for block in page.blocks]
    text, drawn = markdown.draft(page, outputs, {markdown.INSTALL: ""})
    assert drawn == [Drawn("<svg/>", "A line", "loss", '{"x": 2}')]
    assert "no-copy }\n2\n```" in text
    assert '"x"' not in text


@pytest.mark.parametrize(
    ("language", "shown", "copied"),
    [
        ("python", "a = 1\n\nb = '>>> 2'\n", "a = 1\n\nb = '>>> 2'"),
        ("pycon", ">>> for i in x:\n...     i\n...\n0\n>>> i\n1\n", "for i in x:\n    i\ni"),
        (
            "pycon",
            ">>> f()\nTraceback (most recent call last):\n    ...\nE: >>\n>>> 1 < 2\nTrue\n",
            "f()\n1 < 2",
        ),
        ("sh", "$ make serve\n$ make test\n", "make serve\nmake test"),
    ],
)
def test_what_is_copied_runs(language: str, shown: str, copied: str) -> None:
    assert code.runnable(shown, language) == copied


def test_a_copy_button_finds_its_text_in_the_block() -> None:
    html = '<div class="language-pycon highlight"><pre><code>&gt;&gt;&gt; a &lt; "b"\n1\n</code></pre></div>'
    assert '<div class="language-pycon highlight" data-copy="a &lt; &quot;b&quot;">' in code.with_copies(html)
    output = '<div class="language-python output no-copy highlight">1</div>'
    assert code.with_copies(output) == output


# Figures


def test_a_figure_follows_the_theme() -> None:
    import io

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    with matplotlib.rc_context(fname=ROOT / "docs/hooks/book/execute/kernel/matplotlibrc"):
        _, axes = plt.subplots()
        axes.plot([1, 2], [3, 4], "o", color=plot.BLUE, label="$x^2$")
        axes.legend()
        file = io.StringIO()
        plt.savefig(file, format="svg")
        plt.close()
    svg = figures.figure(file.getvalue(), 'a < b & "c"', "page-1")
    assert 'role="img" aria-label="a &lt; b &amp; &quot;c&quot;"' in svg
    assert "var(--figure-blue)" in svg
    assert not re.findall(r"#[0-9a-f]{6}\b|<style|<metadata|font-family|<!--", svg)
    ids = re.findall(r' id="([^"]*)"', svg)
    assert ids
    assert all(name.startswith("page-1-") for name in ids)
    assert set(re.findall(r'xlink:href="#([^"]*)"|url\(#([^)]*)\)', svg)) <= {
        pair for name in ids for pair in ((name, ""), ("", name))
    }
    assert "xlink:href" in svg, "instant navigation breaks on plain href"


def test_a_figure_keeps_the_digits_of_its_words() -> None:
    drawn = '<svg viewBox="0 0 1 1"><text x="1.23456">floor 0.00512</text></svg>'
    assert '<text x="1.23">floor 0.00512</text>' in figures.figure(drawn, "x", "y")


def test_a_widget_is_a_figure_with_a_script() -> None:
    figure = '<figure class="drawn"><svg></svg></figure>'
    html = figures.alive(figure, "loss", '{"x": [1]}', "../assets/widgets/loss.js")
    assert html == (
        '<figure class="drawn widget" data-widget="loss" data-values="{&quot;x&quot;: [1]}">'
        '<svg></svg></figure><script src="../assets/widgets/loss.js" defer></script>'
    )


def test_a_figure_has_one_kind_of_minus() -> None:
    drawn = '<svg viewBox="0 0 1 1"><path d="M -1 -2"/><text x="-1">(30, -40), 1e-2, B-3</text></svg>'
    svg = figures.figure(drawn, "x", "y")
    assert '<path d="M -1 -2"/><text x="-1">(30, \u221240), 1e-2, B-3</text>' in svg


def test_every_colour_of_the_package_has_a_place_in_the_theme() -> None:
    colours = {value for name, value in vars(plot).items() if name.isupper() and str(value).startswith("#")}
    assert colours <= figures.PALETTE.keys()
    with pytest.raises(PluginError, match="does not follow the theme"):
        figures.figure('<svg viewBox="0 0 1 1"><path style="fill: #123456"/></svg>', "x", "y")


def test_colours_of_figures_can_be_told_from_the_background() -> None:
    style = (ROOT / "docs/theme/assets/style.css").read_text()
    for scheme, selector in (
        ("light", "[data-md-color-scheme]"),
        ("dark", '[data-md-color-scheme="slate"]'),
    ):
        block = re.search(rf"{re.escape(selector)}[^{{]* {{(.*?)}}", style, re.S)
        assert block
        colours = dict(re.findall(r"--([\w-]+): (#\w+);", block[1]))
        for name in ("blue", "orange", "green", "purple", "grey"):
            assert contrast(colours[f"figure-{name}"], colours["md-default-bg-color"]) >= 3, (scheme, name)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# Formulas


def typeset(html: str, page: str) -> str:
    return formulas.typeset(formulas.with_words(html), page)


def test_a_formula_is_typeset_at_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formulas, "CACHE", tmp_path / "katex.json")
    html = typeset('<p>$5 <span class="arithmatex">\\(a &lt; b\\)</span></p>', "page")
    assert html.startswith('<p>$5 <span class="katex">')
    assert "<math" in html
    display = typeset('<div class="arithmatex">\\[\nx\n\\]</div>', "page")
    assert 'class="formula" tabindex="0"' in display
    with pytest.raises(PluginError, match=r"page: KaTeX cannot read \$\\frac\{1\}\$"):
        typeset('<span class="arithmatex">\\(\\frac{1}\\)</span>', "page")


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"2 / \lambda_{\max}", "2/λ_max (lambda)"),
        (r"\frac{1}{2n} \sum_{i=1}^n (y_i - \hat y_i)^2", "1/2n ∑_i=1^n(y_i−y_i)^2"),
        (r"a \; < b", "a <b"),
        (r"\nosuch", r"\nosuch"),
    ],
)
def test_a_formula_can_be_searched(tex: str, text: str) -> None:
    assert formulas.words(tex) == text


@pytest.mark.parametrize(
    ("tex", "parts"),
    [
        (r"\lambda_{\max}", "<msub><mi>λ</mi><mi>max</mi></msub>"),
        (r"\sigma_{\min}^2", "<msubsup><mi>σ</mi><mi>min</mi><mn>2</mn></msubsup>"),
        (r"\frac{\max}{2}", "<mfrac><mi>max</mi><mn>2</mn></mfrac>"),
        (r"\hat{\max}", '<mover accent="true"><mi>max</mi><mo>^</mo></mover>'),
        (r"x^{\operatorname{tr} A}", "<mi>A</mi></mrow></msup>"),  # here the sign has something to apply to
        (r"a \le \max b", "<mi>max</mi><mo>\u2061</mo><mi>b</mi>"),
    ],
)
def test_a_name_of_a_function_is_one_part_of_a_script(tex: str, parts: str) -> None:
    formulas.formulas().pop(f"False {tex}", None)
    assert parts in formulas.render(tex, False)


def test_a_formula_with_too_many_parts_stops_the_build() -> None:
    with pytest.raises(PluginError, match="gives a msub 3 parts"):
        formulas.MATH.sub(formulas.mended, "<math><msub><mi>a</mi><mi>b</mi><mi>c</mi></msub></math>")


@pytest.mark.parametrize("parts", ["x", "a = b + c + d + e"])
def test_a_full_stop_stays_with_the_formula_before_it(parts: str) -> None:
    html = typeset(f'<p>(<span class="arithmatex">\\({parts}\\)</span>). So</p>', "page")
    assert html.startswith('<p><span class="tight">(<span class="katex">')
    assert html.endswith("</span>).</span> So</p>")


def test_a_long_formula_keeps_room_for_the_mark_after_it() -> None:
    long = " + ".join("abcdefghijklm")
    html = typeset(f'<p><span class="arithmatex">\\({long}\\)</span>。</p>', "page")
    assert html.startswith('<p><span class="katex long">')
    assert html.endswith('</span><span class="after">。</span></p>')


def test_formulas_side_by_side_are_set_one_by_one() -> None:
    apart = r"A = \begin{bmatrix} 1 \end{bmatrix}, \qquad b = 1"
    inside = r"\begin{cases} a \qquad b \end{cases}"
    for tex, count in ((apart, 2), (inside, 1)):
        html = typeset(f'<div class="arithmatex">\\[{tex}\\]</div>', "page")
        assert html.count('class="katex-display"') == count


def test_the_style_of_formulas_asks_for_woff2_alone() -> None:
    assert set(re.findall(r"url\([^)]*\.(\w+)\)", fonts.style())) == {"woff2"}


# The theme


def test_a_repair_that_finds_no_place_stops_the_build() -> None:
    assert repairs.mend("a b", {"b": "c"}) == "a c"
    with pytest.raises(PluginError, match="0 places, not one"):
        repairs.mend("a", {"b": "c"})


def test_a_table_stands_in_a_box_that_the_keyboard_can_scroll() -> None:
    html = repairs.scrolling("<p>a</p><table><tr><td>b</td></tr></table><table class='api'></table>")
    box = '<p>a</p><div class="md-typeset__scrollwrap" tabindex="0" role="group" aria-label="Table">'
    assert html.startswith(box)
    assert html.count("</div></div>") == html.count("scrollwrap") == 1


def test_a_listing_is_a_section_for_reader_views() -> None:
    page = (
        '<div class="doc"><div class="language-python highlight" data-copy="a"><pre>a</pre></div>'
        '<div class="doc-md-description"><div class="formula">b</div></div></div>'
    )
    assert repairs.readable(page) == (
        '<div class="doc"><section class="language-python highlight" data-copy="a"><pre>a</pre></section>'
        '<section class="doc-md-description"><div class="formula">b</div></section></div>'
    )


def test_nothing_is_fetched_before_it_is_asked_for() -> None:
    head = '<link rel="canonical" href="a">\n  <link rel="next" href="../b/">\n<label tabindex="">c</label>'
    assert repairs.quiet(head) == '<link rel="canonical" href="a">\n<label>c</label>'


@pytest.fixture(scope="module")
def spelled() -> Callable[[str], str]:
    """What the search makes of a word, as the browser computes it."""
    context = Context()
    context.eval(spelling.script())
    return context.get("spelled")


@pytest.mark.parametrize(("british", "american"), spelling.PAIRS)
def test_both_spellings_become_one(spelled: Callable[[str], str], british: str, american: str) -> None:
    assert british != american
    for word in ("{}", "un{}", "lr_{}", "fit.{} = 1"):
        one, other = (spelled(word.format(form)) for form in (british, american))
        assert one == other == spelled(one), "and stays so"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("regularization", "regularisation"),
        ("standardizing", "standardising"),
        ("optimiz", "optimis"),  # while it is typed
        ("analyzes", "analyses"),
        ("size horizon parameter normal", "size horizon parameter normal"),
        ("λ_max 学习率", "λ_max 学习率"),
    ],
)
def test_what_the_search_looks_for(spelled: Callable[[str], str], typed: str, kept: str) -> None:
    assert spelled(typed) == kept


def test_words_that_jieba_has_parted_are_words() -> None:
    """Where it is installed, the theme lets it put U+200B between the words of Chinese texts."""
    separator = load_config(str(ROOT / "mkdocs.yml")).plugins["material/search"].config.separator
    assert re.split(separator, "梯度\u200b下降 learning rate") == ["梯度", "下降", "learning", "rate"]


def test_rules_for_classes_that_do_not_occur_are_dropped() -> None:
    from tinycss2 import parse_stylesheet

    css = ".a:not(.x){b:c}.a .gone,p{d:e}.gone{f:g}"
    css += "@media print{.gone{h:i}}@media print{[dir] .a{j:k}}:root{--l:m}"
    kept = assets.rules_used(parse_stylesheet(css), {"a"})
    assert kept == ".a:not(.x){b:c}p{d:e}@media print{[dir] .a{j:k}}:root{--l:m}"


def test_a_widget_is_one_script_with_what_they_share(tmp_path: Path) -> None:
    for name, text in {"shared.js": "const a = 1;", "loss.js": "b(a);", "descent.js": "c(a);"}.items():
        (tmp_path / name).write_text(text)
    assets.join(tmp_path)
    made = {file.name: file.read_text().split("\n") for file in tmp_path.iterdir()}
    assert made == {
        "loss.js": ["(() => {", "const a = 1;", "b(a);})();", ""],
        "descent.js": ["(() => {", "const a = 1;", "c(a);})();", ""],
    }


# Downloads


def test_a_notebook_is_the_page_without_its_marks(script: Path) -> None:
    page = parse(script)
    links = {str((script.parent / "model.md").resolve()): "https://book.example/model/"}
    marks = {markdown.INSTALL: "```sh\npip install x\n```"}
    text = notebook.notebook(page, marks, links)
    assert text == notebook.notebook(page, marks, links), "equal pages, equal bytes"
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    assert "pip install x" in book.cells[0].source
    assert "(https://book.example/model/#shape)" in book.cells[1].source
    assert [cell.source for cell in book.cells if cell.cell_type == "code"] == ["print(1)\n2", "plot()", "3"]
    assert "**Answer**" in [cell.source for cell in book.cells]


@pytest.mark.parametrize("svg", [logo.icon(), logo.logo()], ids=["icon", "logo"])
def test_the_mark_is_a_fit(svg: str) -> None:
    """The line is the least-squares line of the points beside it."""
    points = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)
    ends = re.search(r'd="M([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)"', svg)
    assert ends
    assert len(points) == len(logo.POINTS)
    x, y = torch.tensor([[float(a), float(b)] for a, b in points], dtype=torch.float64).T
    line = torch.tensor([float(end) for end in ends.groups()], dtype=torch.float64).view(2, 2)
    fit = solve(x.unsqueeze(1), y)
    torch.testing.assert_close(line[:, 1], fit.predict(line[:, :1]), rtol=0, atol=0.006)


def test_equal_sources_make_an_equal_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = []
    for date in ("", "1000000000"):
        (tmp_path / f"at {date}").mkdir()
        monkeypatch.chdir(tmp_path / f"at {date}")
        monkeypatch.setenv("SOURCE_DATE_EPOCH", date)
        wheels.append(wheel.build(ROOT))
    assert wheels[0].read_bytes() == wheels[1].read_bytes()


# The site as a whole


def test_a_changed_script_has_another_hash() -> None:
    page = '<script src="a.js"></script><script type="application/json">{}</script><script>a = 1</script>'
    (one,) = policy.hashes(page)
    (other,) = policy.hashes(page.replace("a = 1", "a = 2"))
    # printf 'a = 1' | openssl dgst -sha256 -binary | base64
    assert one == "'sha256-tbwf/ZCRL7GL7259gJCRksemSSiWMgFW1n+68QTGVEo='"
    assert one != other


def test_all_pages_have_one_policy_with_the_scripts_of_all(tmp_path: Path) -> None:
    head = '<head><meta charset="utf-8"><script>{}</script></head>'
    for name in ("a", "b"):
        (tmp_path / f"{name}.html").write_text(head.format(name))
    policy.publish(tmp_path, live=False)
    pages = [path.read_text() for path in sorted(tmp_path.iterdir())]
    rules = {re.search(r'<meta charset="utf-8">(<meta http-equiv.*?>)', page)[1] for page in pages}
    (rule,) = rules
    assert all(hash in rule for page in pages for hash in policy.hashes(page))
    assert rule.count("sha256-") == 2
    assert "script-src 'self' 'unsafe-inline'" in policy.meta({"'unsafe-inline'"})
    (tmp_path / "c.html").write_text("<head></head>")
    with pytest.raises(PluginError, match="0 places"):
        policy.publish(tmp_path, live=False)


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("../model/", "../model/index.html"),
        ("../model/#shape", "../model/index.html#shape"),
        ("../..", "../../index.html"),
        ("./", "./index.html"),
        ("#part", "#part"),
        ("../loss.ipynb", "../loss.ipynb"),
        ("../../book.zip", "https://book.example/book.zip"),
        ("https://elsewhere.example/model/", "https://elsewhere.example/model/"),
    ],
)
def test_a_page_on_disk_names_files(link: str, found: str) -> None:
    names = {"index.html", "part1/loss/index.html", "part1/model/index.html", "part1/loss.ipynb"}
    html = f'<a class="y" href="{link}">z</a>["navigation.instant", 1]'
    made = offline.page(policy.meta({}) + html, "part1/loss/index.html", names, "https://book.example/")
    assert f'<a class="y" href="{found}">' in made
    assert "navigation.instant" not in made
    assert "script-src 'self' file:" in made
    assert "worker-src blob:" in made


def test_equal_contents_make_an_equal_zip(tmp_path: Path) -> None:
    contents = {"b": b"2", "a": b"1"}
    offline.pack(contents, tmp_path / "one.zip")
    first = (tmp_path / "one.zip").read_bytes()
    offline.pack(dict(reversed(contents.items())), tmp_path / "one.zip")
    assert (tmp_path / "one.zip").read_bytes() == first


def test_the_digest_of_the_sources_sees_every_change(tmp_path: Path) -> None:
    for path in (path for pattern in digest.SOURCES for path in ROOT.glob(pattern)):
        if path.is_file():
            copy2(path, tmp_path)
        else:
            copytree(path, tmp_path / path.name, ignore=ignore_patterns("__pycache__", ".*cache"))
    assert digest.sources(tmp_path) == digest.sources(ROOT), "caches do not count"
    seen = {digest.sources(ROOT)}
    (tmp_path / "docs/en/index.md").write_text("another text")
    seen.add(digest.sources(tmp_path))
    (tmp_path / "docs/en/index.md").rename(tmp_path / "docs/en/other.md")
    seen.add(digest.sources(tmp_path))
    for name in ("requirements.lock", "mkdocs.zh.yml", "README.md"):
        (tmp_path / name).write_text("")
        seen.add(digest.sources(tmp_path))
    assert len(seen) == 6


def test_a_path_is_drawn_step_by_step_to_the_same_points() -> None:
    """Whole tenths, so that no rounding adds up; curves stay as they are."""
    absolute = "M 329.34 161.0 \nL 327.5 160.55 \nL 327.5 161.0 \nz\nM -1.0 2.0 \nL 0.5 2.0 \nL 0.0 -10.4"
    svg = figures.figure(f'<svg viewBox="0 0 1 1"><path d="{absolute}"/></svg>', "x", "y")
    path = re.search(r' d="([^"]*)"', svg)[1]
    assert path == "M329.3 161l-1.8-.5 0 .5zM-1 2l1.5 0-.5-12.4"
    curve = "M 1.0 2.0 \nC 1.0 2.0 3.0 4.0 5.0 6.0"
    assert f'd="{curve}"' in figures.figure(f'<svg viewBox="0 0 1 1"><path d="{curve}"/></svg>', "x", "y")
