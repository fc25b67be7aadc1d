"""The site built once more, on another day, by another tool, with nothing cached: the same."""

import re
from pathlib import Path

from project import ROOT
from served import build, build_all


def differences(one: Path, other: Path) -> set[str]:
    """The files that differ, or are missing on a side."""
    names = {
        path.relative_to(site).as_posix()
        for site in (one, other)
        for path in site.rglob("*")
        if path.is_file()
    }
    sides = [
        {name: (site / name).is_file() and (site / name).read_bytes() for name in names}
        for site in (one, other)
    ]
    return {name for name in names if sides[0][name] != sides[1][name]}


def test_equal_sources_make_an_equal_site(site: Path, tmp_path: Path) -> None:
    """To the byte, whatever the order of sets, the place on earth and the date that a build may be given."""
    again = tmp_path / "site"
    build_all(again, PYTHONHASHSEED="1", TZ="Pacific/Kiritimati", SOURCE_DATE_EPOCH="1000000000")
    assert not differences(site, again)
    (again / "index.html").write_text("another")
    (again / "sitemap.xml").unlink()
    assert differences(site, again) == {"index.html", "sitemap.xml"}


def unsigned(page: bytes) -> bytes:
    """A page without the line in which a generator names itself."""
    return re.sub(rb'<meta name="generator" content="[^"]*">', b"", page)


def test_the_successor_of_mkdocs_builds_the_same_site(site: Path, tmp_path: Path) -> None:
    """ProperDocs goes on where MkDocs 1 ended: with it all is the same, but for the generator's name.

    In English: what makes the other edition of it is the same code.
    """
    other = tmp_path / "site"
    build(other, tool="properdocs")
    apart = {name for name in differences(site, other) if not name.startswith("zh/")}
    pages = {name for name in apart if name.endswith(".html")}
    assert b"ProperDocs" in (other / "index.html").read_bytes(), "it was MkDocs that built"
    assert apart - pages <= {"linreg-book.zip"}, "which holds the pages"
    assert {name for name in pages if not (site / name).is_file() or not (other / name).is_file()} == set()
    texts = {name: [unsigned((of / name).read_bytes()) for of in (site, other)] for name in pages}
    assert {name for name, (one, another) in texts.items() if one != another} == set()


def test_a_page_that_runs_anew_is_the_same(site: Path, tmp_path: Path) -> None:
    """Cold caches: outputs, figures, formulas, fonts and the wheel are made once more."""
    for name, cwd, seed in (("warm", ROOT, "1"), ("cold", tmp_path, "2")):
        build(tmp_path / name, cwd, PAGES="part1/start.py", PYTHONHASHSEED=seed)
    assert (tmp_path / ".cache/executed").is_dir()
    assert not differences(tmp_path / "warm", tmp_path / "cold")
