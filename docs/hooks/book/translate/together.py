"""Build both editions at once: `python docs/hooks editions`, and the folder of the site if it is another.

The second waits until the first has run the code of the pages, and so finds all outputs; at its end it waits
once more, and writes the zip that holds both. Where one fails, the other stops as well.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import chdir, suppress

from mkdocs.exceptions import PluginError

from book.page.files import ROOT

TELLS, HEARS = "EDITION_TELLS", "EDITION_HEARS"  # hold the end of a pipe, in the first and in the second
BUILD = (sys.executable, "-m", "mkdocs", "build", "--strict")


def main(arguments: Sequence[str]) -> int:
    """Build them; 0 if both are built."""
    site = [os.path.abspath(folder) for folder in arguments]
    first = [*BUILD, *(part for folder in site for part in ("--site-dir", folder))]
    other = [*BUILD, "--config-file", str(ROOT / "mkdocs.zh.yml")]
    other += [part for folder in site for part in ("--site-dir", f"{folder}/zh")]
    hears, tells = os.pipe()
    with chdir(ROOT):
        processes = [_begun(first, TELLS, tells), _begun(other, HEARS, hears)]
    return max(abs(process.wait()) for process in processes)


def _begun(command: Sequence[str], name: str, end: int) -> subprocess.Popen[bytes]:
    """A build that has its end of the pipe to itself."""
    env = os.environ | {"EDITIONS": "1", name: str(end)}
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
