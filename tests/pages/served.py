"""The built site, and a world in which nothing else exists.

The browser and pip reach everything through a proxy that knows one site. So the pages stand at the very
address that they were built for, whichever port is free, and a request to any other host gets nothing.
"""

import gzip
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import building
import yaml
from project import ROOT, WHOLE

LATE = 0.3  # seconds until a font comes: the page is painted by then, and must not move when it does
BASE = "http://book.localhost/some/path/"  # a `localhost` has a clipboard; a path shows that any will do
EDITIONS = ("", "zh/")  # the folder of each edition


def build(folder: Path, cwd: Path = ROOT, tool: str = "mkdocs", **settings: str) -> None:
    """Build the English edition into `folder`, for `BASE`; what is cached is cached under `cwd`."""
    settings = {"SITE_URL": BASE, "EDITIONS": "1", **settings}
    building.build(ROOT / "mkdocs.yml", "--site-dir", str(folder), cwd=cwd, tool=tool, **settings)


def build_all(folder: Path, **settings: str) -> None:
    """Build both editions into `folder`, for `BASE`."""
    building.run("docs/hooks", "editions", str(folder), cwd=ROOT, **{"SITE_URL": BASE, **settings})


def sources() -> dict[str, Path]:
    """The address of each page, relative to `BASE`, and its source, in the order of the navigation."""

    def files(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        parts = entry.values() if isinstance(entry, dict) else entry
        return [file for part in parts for file in files(part)]

    class Loader(yaml.SafeLoader):
        """Reads past the tags that only MkDocs understands."""

    Loader.add_multi_constructor("", lambda loader, suffix, node: None)
    config = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader)
    return {address(file): ROOT / config["docs_dir"] / file for file in files(config["nav"])}


def chinese(step: int) -> list[str]:
    """Addresses of the Chinese edition: of each page in the whole sweep, else of every `step`th."""
    return [f"zh/{address}" for address in list(sources())[:: 1 if WHOLE else step]]


def source_of(address: str) -> Path:
    """The source of a page of either edition."""
    return sources()[address.removeprefix("zh/")]


def in_order() -> list[str]:
    """The pages in the order in which they are read, as the settings name them."""
    return [path.relative_to(ROOT / "docs/en").as_posix() for path in sources().values()]


def address(source: str) -> str:
    """`part1/loss.md` is read at `part1/loss/`."""
    stem = source.rpartition(".")[0]
    return "" if stem == "index" else stem.removesuffix("/index") + "/"


class World(ThreadingHTTPServer):
    """A proxy behind which `site` stands at `BASE`."""

    daemon_threads = True

    def __init__(self, site: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.site = site
        self.proxy = f"http://127.0.0.1:{self.server_port}"
        Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, url: str) -> tuple[int, str, bytes, bool]:
        """Status, type and body of what a static host sends for `url`, and whether gzip makes it smaller."""
        home, wanted = urlsplit(BASE), urlsplit(url)
        if wanted.netloc != home.netloc or not wanted.path.startswith(home.path):
            return 502, "text/plain", b"there is no such host in this world", False
        file = self.site / unquote(wanted.path.removeprefix(home.path))
        if file.is_dir():
            file /= "index.html"
        status = 200 if file.is_file() else 404
        return status, *body(file if status == 200 else self.site / "404.html")


@lru_cache
def body(file: Path) -> tuple[str, bytes, bool]:
    kind = guess_type(file.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind.endswith(("json", "javascript", "xml"))
    data = file.read_bytes()
    return kind, gzip.compress(data) if text else data, text


class Handler(BaseHTTPRequestHandler):
    """Answers as an ordinary static host does, with gzip."""

    protocol_version = "HTTP/1.1"
    server: World

    def do_GET(self) -> None:
        status, kind, data, packed = self.server.answer(self.path)
        if kind.startswith("font/"):
            time.sleep(LATE)
        if packed and "gzip" not in self.headers.get("Accept-Encoding", ""):
            data, packed = gzip.decompress(data), False
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(data)

    def do_CONNECT(self) -> None:  # what a browser asks a proxy for https
        self.send_error(502)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
