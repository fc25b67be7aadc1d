"""Build both editions at once: `python docs/hooks editions`, and the folder of the site if it is another.

The second waits until the first has run the code of the pages, and so finds all outputs. It is built beside
the first, whose last touch is to all that its folder holds; when that is done it moves in, and writes the zip
of both. Where one fails, the other stops as well.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import chdir, suppress
from pathlib import Path

from mkdocs.exceptions import PluginError

from book.page.files import ROOT

TELLS, HEARS = "EDITION_TELLS", "EDITION_HEARS"  # hold the end of a pipe, in the first and in the second
PLACE = "EDITION_PLACE"  # where the second is to stand in the end
BUILD = (sys.executable, "-m", "mkdocs", "build", "--strict")


def main(arguments: Sequence[str]) -> int:
    """Build them; 0 if both are built."""
    site = os.path.abspath(arguments[0] if arguments else ROOT / "site")
    first = (*BUILD, "--site-dir", site)
    other = (*BUILD, "--site-dir", f"{site}.zh", "--config-file", "mkdocs.zh.yml")
    hears, tells = os.pipe()
    with chdir(ROOT):
        processes = [_begun(first, tells, TELLS), _begun(other, hears, HEARS, **{PLACE: f"{site}/zh"})]
    return max(abs(process.wait()) for process in processes)


def _begun(command: Sequence[str], end: int, name: str, **settings: str) -> subprocess.Popen[bytes]:
    """A build that has its end of the pipe to itself."""
    env = os.environ | {"EDITIONS": "1", name: str(end), **settings}
    begun = subprocess.Popen(command, env=env, pass_fds=[end])
    os.close(end)
    return begun


def tell() -> None:
    """The first edition has come so far, if another listens."""
    if end := os.environ.get(TELLS):
        with suppress(BrokenPipeError):
            os.write(int(end), b".")


def hear() -> None:
    """Wait until the first edition has come so far, if there is one that tells."""
    if (end := os.environ.get(HEARS)) and not os.read(int(end), 1):
        raise PluginError("The first edition was not built, and this one stops")


def placed(folder: Path) -> Path:
    """The folder of a site, moved to where it is to stand."""
    return folder.replace(os.environ.get(PLACE, folder))
