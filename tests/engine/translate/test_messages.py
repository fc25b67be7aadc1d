"""A page as messages, and made again of their translations."""

from pathlib import Path

import pytest

from book.execute import cells, outputs
from book.execute.outputs import SVG, TEXT, Output
from book.page.files import parse
from book.page.model import Page
from book.render import markdown
from book.translate import drawn, pages, prose
from book.words import say, speak

THEORY = """\
# The *mean* of `x` {#mean}

It is <!--= a["x"] | b:.1f -->2.0<!--/-->
in [the model](model.md#shape), below $\\frac{1}{2} <1>$. <!-- given 5: x -->

<!-- core -->

## What `lstsq` does

| name | value |
| --- | --- |
| `a` | one of <!--= a | b -->2<!--/--> |

- First
  item.
- Second, with $x$:

    $$x =
    1$$

!!! note "Mind"
    One
    two.

Term <span lang="zh-Hans">词</span> {#term}
:   What it *means*.

> A word
> of his.

::: linreg.solve
    options:
      members: [of]

$$a = \\text{noise}$$

```pycon
>>> a = {"x": 2}; b = 0

```

??? success "Answer"

    So.

    ```python figure alt="A line"
    plot()
    ```
"""

SAID = [
    "The *mean* of `x`",
    "It is <1> in [the model]<2>, below $\\frac{1}{2} <1>$.",
    "What `lstsq` does",
    "name",
    "value",
    "one of <1>",
    "First item.",
    "Second, with $x$:",
    "Mind",
    "One two.",
    'Term <span lang="zh-Hans">词</span>',
    "What it *means*.",
    "A word of his.",
    "$$a = \\text{noise}$$",
    "Answer",
    "So.",
    "A line",
    "The code of this figure",
]


@pytest.fixture
def theory(tmp_path: Path) -> Page:
    path = tmp_path / "mean.md"
    path.write_text(THEORY)
    return parse(path)


def text(page: Page) -> str:
    return "\n".join(block.source for block in page.blocks if block.kind == "prose")


def test_each_paragraph_heading_item_cell_and_title_is_a_message(theory: Page) -> None:
    told = list(pages.messages(theory))
    assert [message for message, _ in told] == SAID
    assert told[1][1] == '<1> <!--= a["x"] | b:.1f -->2.0<!--/-->; <2> (model.md#shape)'


def test_a_page_of_its_own_messages_says_what_the_page_says(theory: Page) -> None:
    same = pages.in_other_words(theory, lambda message: message)
    names = " {#what-lstsq-does}", "<!-- given 5: x -->", ">"
    before, after = text(theory), text(same)
    for name in names:
        before, after = before.replace(name, ""), after.replace(name, "")
    assert after.split() == before.split()
    assert text(pages.in_other_words(same, lambda message: message)) == text(same)


def test_a_translated_page_has_the_claims_the_code_and_the_anchors_of_the_english_one(theory: Page) -> None:
    words = {
        SAID[0]: "`x` 的均值",
        SAID[1]: "低于 $\\frac{1}{2} <1>$，在[模型]<2>里，是 <1>。",
        SAID[2]: "`lstsq` 做什么",
        SAID[5]: "<1> 之一",
        "Answer": "答案",
        "A line": "一条线",
    }
    other = pages.in_other_words(theory, lambda message: words.get(message, message))
    prose_of = text(other)
    assert "# `x` 的均值 {#mean}\n" in prose_of
    assert (
        "低于 $\\frac{1}{2} <1>$，在[模型](model.md#shape)里，是 "
        '<!--= a["x"] | b:.1f -->2.0<!--/-->。\n' in prose_of
    )
    assert "## `lstsq` 做什么 {#what-lstsq-does}\n" in prose_of
    assert "| `a` | <!--= a | b -->2<!--/--> 之一 |" in prose_of
    assert "\n<!-- core -->\n" in prose_of
    assert '??? success "答案"' in prose_of
    assert outputs.key([c for b in cells.cells(other) for c in b]) == outputs.key(
        [c for b in cells.cells(theory) for c in b]
    ), "no code runs again"
    made = [[Output(SVG, "<svg/>")] if block.kind == "figure" else [] for block in other.blocks]
    assert markdown.draft(other, made, markdown.MARKS)[1] == [markdown.Drawn("<svg/>", "一条线")]


CHOICE = '<!--= "met" if n < 5 else "missed" -->met<!--/-->'
PLACED = """\
| name | as |
| --- | --- |
| `a`, `b`, $c$ | {0} |

The target: {0}, or <!--= f"{{n}} else" -->4 else<!--/-->.

Of <!--= ", ".join(names) -->age, s1<!--/--> and <!--= shape -->(3, 2)<!--/-->.

- $x$.

```pycon
>>> n = 4  # `a`, `b`

```
"""


def test_the_words_between_which_a_claim_chooses_are_messages_and_their_translation_is_shown(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"# A page\n\n{PLACED.format(CHOICE)}")
    page = parse(path)
    told = [message for message, note in pages.messages(page) if note == "the value of a claim"]
    assert told == ["met", "missed"] * 2
    words = {"met": "达到", "missed": "未达到", ", ": "、", ".": "。"}
    other = pages.in_other_words(page, lambda message: words.get(message, message))
    assert CHOICE.replace("-->met<", "-->达到<") in text(other)
    expected = PLACED.format(CHOICE.replace("-->met<", "-->达到<"))
    for english, chinese in [
        ("`a`, `b`, $c$ |", "`a`、`b`、$c$ |"),
        ("age, s1", "age、s1"),
        ("$x$.", "$x$。"),
    ]:
        expected = expected.replace(english, chinese)
    assert expected.partition("```")[0].strip() in text(other)


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Why must they agree?", "why-must-they-agree"),
        ("`lstsq` and *you*", "lstsq-and-you"),
        ("[Loss](loss.md) of w_1", "loss-of-w_1"),
        ("Longley's economy", "longleys-economy"),
    ],
)
def test_a_heading_keeps_the_name_that_markdown_gives_it(heading: str, name: str) -> None:
    import markdown as python_markdown
    from pymdownx.slugs import slugify

    settings = {"toc": {"slugify": slugify(case="lower")}}
    html = python_markdown.markdown(f"## {heading}", extensions=["toc"], extension_configs=settings)
    assert f'id="{name}"' in html
    assert prose.anchor(heading) == name


def test_a_hint_stays_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text('# %% [markdown]\n# # A\n\n# %% [markdown] answer="Hint"\n# Look.\n')
    speak({"Hint": "提示"})
    try:
        other = pages.in_other_words(parse(path), say)
        assert '??? tip "提示"' in markdown.draft(other, [[], []], markdown.MARKS)[0]
    finally:
        speak({})


# Figures

SVG_TEXT = '<svg><text style="a" x="1">step 12 of −1.5e3 &lt; n</text><text>40</text><text>x</text></svg>'


def test_the_words_of_a_figure_are_messages_and_their_numbers_are_its_own() -> None:
    made = [[Output(TEXT, "<text>not drawn</text>"), Output(SVG, SVG_TEXT)]]
    assert list(drawn.messages(made)) == ["step <1> of <2> < n"]
    (block,) = drawn.translated(made, {"step <1> of <2> < n": "<2> 步 & 第 <1> 步"}.__getitem__)
    assert block[0] == made[0][0]
    assert block[1].text == SVG_TEXT.replace("step 12 of −1.5e3 &lt; n", "−1.5e3 步 &amp; 第 12 步"), (
        "all else stays"
    )
