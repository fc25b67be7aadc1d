"""The words of the reference: what docstrings say in another language, and all else as it was."""

from pathlib import Path

import pytest
from mkdocs.exceptions import PluginError

from book.render import reference
from book.translate import catalogues, docstrings
from book.translate.edition import Edition
from book.words import speak

PACKAGE = '''
class Fit:
    """What a fit gives."""

    w: float
    """(d,) the weights."""

    def loss(self, y):
        """The loss, $L$.

        Cost: see
        [`fit`][linreg.fit].

        Args:
            y: (n,) targets.

        Returns:
            the loss.

        Raises:
            ValueError: no rows.

        Examples:
            First words.

            >>> "(n,) targets."
            '(n,) targets.'
        """

def fit(y):
    """Fit.

    Args:
        y: (n,) targets.
    """

def hidden():
    """Nobody sees this."""
'''
PAGES = {"b.md": "::: linreg.fit\n", "a.md": "# All\n\n::: linreg.Fit\n", "c.md": "No entry.\n"}
SAID = {
    "a.md": [
        ("What a fit gives.", "in the entry of linreg.Fit"),
        ("(d,) the weights.", "in the entry of linreg.Fit.w"),
        ("The loss, $L$.", "in the entry of linreg.Fit.loss"),
        ("Cost: see [`fit`][linreg.fit].", "in the entry of linreg.Fit.loss"),
        ("(n,) targets.", "in the entry of linreg.Fit.loss"),
        ("the loss.", "in the entry of linreg.Fit.loss"),
        ("no rows.", "in the entry of linreg.Fit.loss"),
        ("First words.", "in the entry of linreg.Fit.loss"),
    ],
    "b.md": [("Fit.", "in the entry of linreg.fit")],
}
WORDS = {
    "What a fit gives.": "拟合给出什么。",
    "(d,) the weights.": "(d,) 权重。",
    "The loss, $L$.": "损失 $L$。",
    "Cost: see [`fit`][linreg.fit].": "代价：见 [`fit`][linreg.fit]。",
    "(n,) targets.": "(n,) 目标。",
    "no rows.": "没有行。",
    "First words.": "开头的话。",
}
CHINESE = """\
### `linreg.Fit.loss`

```python
Fit.loss(y)
```

损失 $L$。

代价：见 [`fit`][linreg.fit]。

参数：

- `y`: (n,) 目标。

Returns:

- the loss.

Raises:

- `ValueError`: 没有行。

开头的话。

```pycon
>>> "(n,) targets."
'(n,) targets.'

```"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "linreg").mkdir()
    (tmp_path / "linreg/__init__.py").write_text(PACKAGE)
    return tmp_path


def test_each_paragraph_and_description_is_a_message_of_the_first_page_that_has_it(root: Path) -> None:
    assert docstrings.messages(PAGES, root) == SAID


def test_an_entry_in_other_words_has_the_names_and_the_examples_of_the_package(root: Path) -> None:
    before = reference.markdown(reference.ENTRY.search(PAGES["a.md"]), root)
    docstrings.speak(PAGES, root, lambda message: WORDS.get(message, message))
    speak({"Parameters:": "参数："})
    try:
        text = reference.markdown(reference.ENTRY.search(PAGES["a.md"]), root)
    finally:
        speak({})
    assert before != text
    assert CHINESE in text
    assert "- `y`: (n,) 目标。" in reference.markdown(reference.ENTRY.search(PAGES["b.md"]), root)


def edition(root: Path, loss: str) -> Edition:
    for uri, told in SAID.items():
        catalogue = catalogues.updated(catalogues.Catalog(locale=catalogues.LOCALE), told)
        for message in catalogue:
            message.string = {**WORDS, "The loss, $L$.": loss}.get(message.id, "") if message.id else ""
        catalogues.save(catalogue, root / "docs/zh" / f"{uri[0]}.po")
    return Edition(root / "docs/zh")


def test_the_reference_speaks_the_language_of_the_edition_and_is_counted(root: Path) -> None:
    chinese = edition(root, "损失 $L$。")
    chinese.speak(PAGES)
    assert chinese.count == {"a.md": (7, 8), "b.md": (0, 1)}
    assert CHINESE.split("参数")[0] in reference.markdown(reference.ENTRY.search(PAGES["a.md"]), root)
    Edition(None).speak(PAGES)


@pytest.mark.parametrize("lie", ["损失 $M$。", "损失。", "损失 $L$，[`fit`][linreg.fit]。"])
def test_a_formula_or_a_link_that_is_not_that_of_the_package_stops_the_build(root: Path, lie: str) -> None:
    edition(root, lie).speak(PAGES)
    with pytest.raises(PluginError, match="the reference: "):
        reference.markdown(reference.ENTRY.search(PAGES["a.md"]), root)
