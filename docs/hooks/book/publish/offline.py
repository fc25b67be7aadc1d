"""The whole site as one file, in all its editions, whose pages open from disk."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urljoin
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from book.render.repairs import mend

NAME = "linreg-book.zip"
INDEX, SCRIPTS = "search/search_index.json", "assets/javascripts/"
WORKER, BUNDLE = f"{SCRIPTS}workers/", f"{SCRIPTS}bundle."
# What only a server sends, and what the search knows of other languages.
LEFT_OUT = (NAME, "404.html", "sitemap.xml", "assets/cards/", INDEX, WORKER, f"{SCRIPTS}lunr/")
DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold: equal sites, equal bytes

LINK = re.compile(r'(<(?:a|link)\b[^>]*\bhref=")([^"#:]+)(?=["#])')
POLICY = re.compile(r'(?<=http-equiv="Content-Security-Policy" content=")[^"]*')
PAGE = {'"navigation.instant", ': ""}  # which needs a server, and without one ends the theme's script
SCRIPT = {"w=new Worker(e)": "w=new Worker(URL.createObjectURL(new Blob([__worker])))"}


def publish(site: Path, site_url: str, editions: Sequence[str]) -> None:
    """Write the zip into the site; the only thing it lacks is itself. `editions` are their folders in it."""
    files = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    left_out = tuple(edition + name for edition in editions for name in LEFT_OUT)
    names = {name for name in files if not name.startswith(left_out)}
    contents = {name: files[name].read_bytes() for name in names}
    for name in names:
        if name.endswith(".html"):
            contents[name] = page(contents[name].decode(), name, names, site_url).encode()
        elif name.startswith(tuple(edition + BUNDLE for edition in editions)):
            contents[name] = mend(contents[name].decode(), SCRIPT).encode()
    for edition in editions:
        (worker,) = (path for name, path in files.items() if name.startswith(edition + WORKER))
        search = _search(files[edition + INDEX].read_text(), worker.read_text())
        contents[f"{edition}search/search_index.js"] = search.encode()
    pack(contents, site / NAME)


def page(html: str, name: str, names: Collection[str], site_url: str) -> str:
    """A page whose links name files, as no server finds `../loss/index.html` for `../loss/`."""

    def one(match: re.Match[str]) -> str:
        before, link = match.groups()
        target = normpath(join(dirname(name), unquote(link)))
        if target in names:
            return match[0]
        if normpath(join(target, "index.html")) in names:
            return before + join(link, "index.html")
        return before + urljoin(site_url, target)  # this file itself, say

    return LINK.sub(one, POLICY.sub(_policy, mend(html, PAGE), count=1))


def _policy(match: re.Match[str]) -> str:
    """The rules for files, which share no origin, and for a worker out of a script."""
    return match[0].replace("worker-src 'self'", "worker-src blob:").replace("'self'", "'self' file:")


def _search(index: str, worker: str) -> str:
    """Index and worker of the search as one script, since a page from disk may not fetch."""
    whole = json.loads(index)
    for entry in whole["docs"]:
        path, mark, anchor = entry["location"].partition("#")
        entry["location"] = f"{path}index.html{mark}{anchor}"
    return f"var __index={json.dumps(whole, ensure_ascii=False)},__worker={json.dumps(worker)}"


def pack(contents: Mapping[str, bytes], target: Path) -> None:
    """A zip with equal bytes from equal contents, in a folder of its own."""
    with ZipFile(target, "w") as archive:
        for name in sorted(contents):
            entry = ZipInfo(f"{target.stem}/{name}", DATE)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # on every system the same
            archive.writestr(entry, contents[name], ZIP_DEFLATED, 9)
