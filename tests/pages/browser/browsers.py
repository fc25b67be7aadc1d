"""The browsers of the tests: find them, get what is missing, or say how to. As a program, get them all.

Chromium is driven by its own protocol, Firefox by WebDriver BiDi, both through Playwright.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from playwright.sync_api import BrowserType, sync_playwright

FETCH_ALLOWED = 600  # seconds for a download, which may hang where there is no network


@dataclass(frozen=True)
class Kind:
    """A browser: what it is called on a computer, and in the lists of what can be installed."""

    name: str
    programs: tuple[str, ...]
    packages: tuple[str, ...]  # Debian's
    channel: str | None  # the one by which Playwright drives the browser of a system

    @property
    def variable(self) -> str:
        """What names another program."""
        return self.name.upper()


KINDS = {
    "chromium": Kind(
        "chromium",
        (
            "chromium-headless-shell",  # the same engine without windows: the tests take a fifth less time
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
            "chrome",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        ),
        ("chromium-headless-shell", "fonts-dejavu-core"),
        None,
    ),
    "firefox": Kind(
        "firefox",
        ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"),
        ("firefox-esr", "fonts-dejavu-core"),
        "moz-firefox",
    ),
}


def find(kind: Kind, playwright: BrowserType) -> dict[str, str]:
    """What tells Playwright to launch the browser of the variable, of the system, or its own; empty: none."""
    if named := os.environ.get(kind.variable):
        path = shutil.which(named)
        if not path:
            raise RuntimeError(f"{kind.variable}={named} is no program.")
    else:
        path = next(filter(None, map(shutil.which, kind.programs)), None)
    if path:
        return {"executable_path": path, **({"channel": kind.channel} if kind.channel else {})}
    return {"executable_path": own} if os.path.exists(own := playwright.executable_path) else {}


def advice(kind: Kind) -> str:
    """One line that says how to get it."""
    return (
        f"There is no {kind.name.capitalize()} for the tests. Any one of these will do: "
        f"`apt-get install {kind.packages[0]}`; "
        f"`.venv/bin/python -m playwright install --with-deps {kind.name}`; "
        f"{kind.variable}=/path/to/it."
    )


def root() -> list[str] | None:
    """What a command that installs system packages begins with; None where they may not be installed."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]  # never asks for a password
    return sudo if shutil.which("sudo") and done([*sudo, "true"]) else None


def done(command: list[str]) -> bool:
    """Run it; whether it went well."""
    try:
        return not subprocess.run(command, capture_output=True, timeout=FETCH_ALLOWED).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def get(kind: Kind, playwright: BrowserType) -> str:
    """Install it if it is missing: from the system's packages where that is allowed, else by a download."""
    if find(kind, playwright):
        return ""
    print(f"Getting {kind.name.capitalize()} for the tests of the site ...", flush=True)
    may = root()
    if may is not None:
        apt = [*may, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
        done([*apt, "update"])
        done([*apt, "install", "-y", "--no-install-recommends", *kind.packages])
    if not find(kind, playwright):
        install = [sys.executable, "-m", "playwright", "install"]
        done([*install, *(["--with-deps"] if may is not None else []), kind.name])
    return "" if find(kind, playwright) else advice(kind)


def main() -> None:
    """Get both; what is missing is told in a line each, and by the tests again."""
    with sync_playwright() as playwright:
        for kind in KINDS.values():
            try:
                told = get(kind, getattr(playwright, kind.name))
            except RuntimeError as error:
                told = str(error)
            if told:
                print(told, flush=True)


if __name__ == "__main__":
    main()
