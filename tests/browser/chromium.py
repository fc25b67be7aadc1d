"""Find a Chromium, or say how to get one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import BrowserType

NAMES = (
    "chromium-headless-shell",  # the same engine without windows: the tests take a fifth less time
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
ARGS = [
    "--no-sandbox",  # containers forbid it
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
]

ADVICE = """\
The browser tests need Chromium, and none was found or could be downloaded. Any one of these will do:
    apt-get install chromium                                 (Debian; Ubuntu and others name it alike)
    .venv/bin/python -m playwright install --with-deps chromium
    CHROMIUM=/path/to/chrome make test                       (one that you have)"""


def find(browser: BrowserType) -> str:
    """The path of the Chromium of $CHROMIUM, of the system, or of Playwright, which may have to fetch it."""
    named = os.environ.get("CHROMIUM")
    if named:
        if path := shutil.which(named):
            return path
        raise RuntimeError(f"CHROMIUM={named} is no program.\n{ADVICE}")
    for name in (*NAMES, MAC, browser.executable_path):
        if path := shutil.which(name):
            return path
    install = [sys.executable, "-m", "playwright", "install", "chromium"]
    done = subprocess.run(install, capture_output=True, text=True)
    if Path(browser.executable_path).exists():
        return browser.executable_path
    raise RuntimeError(f"{ADVICE}\n\nPlaywright said:\n{done.stdout}{done.stderr}")
