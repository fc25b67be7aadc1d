"""A feed of changes from the history of the sources: which page changed when, and what its author says of it.

Nothing stands in for git: without a history (an unpacked archive, a clone cut short) there is no feed.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from book.words import say

LAST = 20  # pages in the feed
TOLD = 5  # changes of a page, the last first


@dataclass(frozen=True)
class Change:
    """A commit that touched a page."""

    commit: str
    date: str  # ISO 8601
    subject: str


def history(root: Path, folder: str) -> dict[str, list[Change]]:
    """The changes of each file under `folder`, the last first; the file that changed last is first, too."""
    if _git(root, "rev-parse", "--show-toplevel", "--is-shallow-repository").split("\n")[:2] != [
        str(root.resolve()),
        "false",
    ]:
        return {}
    log = _git(root, "log", "--no-merges", "--name-only", "--format=%x00%H%x1f%cI%x1f%s", "--", folder)
    changes: dict[str, list[Change]] = {}
    for record in log.split("\0")[1:]:
        head, *files = record.split("\n")
        change = Change(*head.split("\x1f"))
        for name in filter(None, files):
            changes.setdefault(name.removeprefix(f"{folder}/"), []).append(change)
    return changes


def _git(root: Path, *arguments: str) -> str:
    """What git says; nothing where there is no git."""
    try:
        return subprocess.run(
            ["git", "-c", "core.quotePath=false", *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def atom(
    title: str, home: str, changes: Mapping[str, list[Change]], pages: Mapping[str, tuple[str, str]]
) -> str:
    """The feed of a site at `home`; `pages` are titles and addresses by source. Empty without changes."""
    changed = [(pages[name], told) for name, told in changes.items() if name in pages][:LAST]
    if not changed:
        return ""
    entries = [_entry(*page, told) for page, told in changed]
    name = escape(say("<1>: changes", title))
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title>{name}</title>
<id>{escape(home)}</id>
<link href="{escape(home)}"/>
<link rel="self" type="application/atom+xml" href="{escape(home)}feed.xml"/>
<updated>{changed[0][1][0].date}</updated>
<author><name>{escape(title)}</name></author>
{"".join(entries)}</feed>
"""


def _entry(title: str, address: str, changes: list[Change]) -> str:
    """A page, named by its last change."""
    rows = "".join(f"<li>{change.date[:10]}: {escape(change.subject)}</li>" for change in changes[:TOLD])
    last = changes[0]
    return f"""\
<entry>
<title>{escape(title)}: {escape(last.subject)}</title>
<id>{escape(address)}#{last.commit}</id>
<link href="{escape(address)}"/>
<updated>{last.date}</updated>
<content type="html">{escape(f"<ul>{rows}</ul>")}</content>
</entry>
"""
