"""Install the peers that pyproject.toml names, one by one: one that cannot be had does not stop the others.

Runs in the environment of the benchmarks and lets it see the packages of the book, whose versions are kept.
"""

import site
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main() -> None:
    (book,) = Path(sys.argv[1]).resolve().glob("lib/python*/site-packages")
    link = Path(sysconfig.get_path("purelib")) / "book.pth"
    link.write_text(f"import site; site.addsitedir({str(book)!r})\n")
    site.addsitedir(str(book))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    failed = [peer for peer in extras["bench"] if not installed(peer)]
    print(f"Not installed, and so not compared: {', '.join(failed)}." if failed else "All peers installed.")


def installed(peer: str) -> bool:
    """Whether pip could; what the book has pinned stays pinned."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return not subprocess.run([*pip, "-c", str(ROOT / "requirements.lock"), peer], check=False).returncode


if __name__ == "__main__":
    main()
