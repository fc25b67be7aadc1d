"""The content security policy: a page loads nothing from elsewhere and runs no script but the site's own.

It stands in a <meta> in each page, because plain files send no headers. All pages have the same one, with
the hashes of the inline scripts of all pages: instant navigation runs those of the next page in the
document of the first, whose policy stays in force, and a policy that comes with the next page is added to it.
"""

import re
from base64 import b64encode
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path

from book.render.repairs import mend

RULES = (
    "default-src 'none'",
    "script-src 'self' {scripts}",
    # Formulas and figures place their parts by attributes, thousands of them; a <style> stays forbidden.
    "style-src 'self' 'unsafe-inline'",
    "style-src-elem 'self'",
    "img-src 'self' data:",  # the theme's icons stand in its style
    "font-src 'self'",
    "connect-src 'self'",  # the index of the search, and the next page
    "worker-src 'self'",  # the search
    "base-uri 'none'",
    "form-action 'self'",
)
META = '<meta http-equiv="Content-Security-Policy" content="{}">'
FIRST = '<meta charset="utf-8">'  # what comes after the policy is under it
SCRIPT = re.compile(r"<script\b(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.S)


def hashes(html: str) -> set[str]:
    """One for each inline script of a page; data in a <script> of another type does not run."""
    return {
        f"'sha256-{b64encode(sha256(script['code'].encode()).digest()).decode()}'"
        for script in SCRIPT.finditer(html)
        if not re.search(r"\b(src|type)=", script["attributes"])
    }


def meta(scripts: Collection[str]) -> str:
    """The policy that allows these scripts and the files of the site."""
    return META.format("; ".join(RULES).format(scripts=" ".join(sorted(scripts))))


def publish(site: Path, live: bool) -> None:
    """Put the policy into every page; `mkdocs serve` adds a script that nobody can foresee."""
    pages = {path: path.read_text() for path in sorted(site.rglob("*.html"))}
    scripts = {"'unsafe-inline'"} if live else set().union(*map(hashes, pages.values()))
    for path, html in pages.items():
        path.write_text(mend(html, {FIRST: FIRST + meta(scripts)}))
