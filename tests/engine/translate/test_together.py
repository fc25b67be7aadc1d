"""Two builds beside each other."""

import os

import pytest
from mkdocs.exceptions import PluginError

from book.translate import together


def test_the_second_waits_for_each_word_of_the_first_and_stops_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hears, tells = os.pipe()
    monkeypatch.setenv(together.TELLS, str(tells))
    together.tell()
    together.tell()
    monkeypatch.setenv(together.HEARS, str(hears))
    together.hear()
    together.hear()
    os.close(tells)
    with pytest.raises(PluginError, match="first edition was not built"):
        together.hear()
    os.close(hears)


def test_the_first_goes_on_when_the_second_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    hears, tells = os.pipe()
    monkeypatch.setenv(together.TELLS, str(tells))
    os.close(hears)
    together.tell()
    os.close(tells)


def test_one_alone_waits_for_nobody() -> None:
    together.tell()
    together.hear()
