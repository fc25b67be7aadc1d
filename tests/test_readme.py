"""README.zh.md says in Chinese what README.md says."""

import doctest
import re

import pytest
from project import ROOT

from book.page.files import parse
from book.translate.checks import SPACING

ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh.md"
LINK = re.compile(r"\]\(([^)]*)\)")


def blocks(language: str, path=ENGLISH) -> list[str]:
    return [
        block.source for block in parse(path).blocks if block.kind != "prose" and block.language == language
    ]


def remarkless(language: str, text: str) -> list[str]:
    """Without remarks: in a list of files what each is, elsewhere what Python and shell leave out."""
    cut = (line[:20] if language == "text" else re.sub(" +# .*", "", line) for line in text.split("\n"))
    return [line.rstrip() for line in cut]


def prose(path) -> str:
    return "\n".join(block.source for block in parse(path).blocks if block.kind == "prose")


@pytest.mark.parametrize("language", ["sh", "pycon", "text"])
def test_commands_examples_and_files_are_the_same(language: str) -> None:
    english, chinese = (
        [remarkless(language, text) for text in blocks(language, path)] for path in (ENGLISH, CHINESE)
    )
    assert english == chinese
    assert english
    assert blocks(language, CHINESE) != blocks(language), "the remarks are Chinese"


def test_the_examples_are_true() -> None:
    failed, run = doctest.testfile(str(CHINESE), module_relative=False)
    assert (failed, run) == (0, 6)


def test_each_leads_to_the_other_and_both_to_the_same() -> None:
    english, chinese = (LINK.findall(prose(path)) for path in (ENGLISH, CHINESE))
    assert (english[0], chinese[0]) == (CHINESE.name, ENGLISH.name)
    assert sorted(english[1:]) == sorted(chinese[1:])
    assert all((ROOT / target.partition("#")[0]).exists() for target in english)


def test_both_have_the_same_parts_and_the_same_words_of_code() -> None:
    english, chinese = prose(ENGLISH), prose(CHINESE)
    assert len(re.findall("^#+ ", english, re.M)) == len(re.findall("^#+ ", chinese, re.M))
    assert sorted(re.findall("`[^`]+`", english.partition("<!--")[0])) == sorted(
        re.findall("`[^`]+`", chinese)
    )


def test_the_chinese_is_set_as_on_the_pages() -> None:
    text = re.sub(r"!?\[|\]\([^)]*\)", "", re.sub("`[^`]*`", "a", prose(CHINESE)))
    assert [(fault, place[0]) for rule, fault in SPACING if (place := rule.search(text))] == []
