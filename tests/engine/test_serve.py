"""`make serve` where it cannot: one line that says why, and an advice that works."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT


def make(*arguments: str, cwd: Path = ROOT, **environment: str) -> tuple[int, list[str]]:
    """Exit status, and the lines that are not those of make itself."""
    command = ["make", f"PYTHON={sys.executable}", *arguments]
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=alone | environment,  # also where `make test` runs this
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    return done.returncode, [line for line in done.stdout.splitlines() if not line.startswith("make: ")]


def test_a_port_that_is_taken_names_one_that_is_free():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        code, (line,) = make("serve", f"PORT={port}")
    assert code == 2
    said = (
        f"Port {port} of this machine cannot be used: another program has it. Take another: make serve PORT="
    )
    assert line.startswith(said)
    code, lines = make("ready", line.rpartition(" ")[2])
    assert (code, lines) == (0, [])


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "80 80", "-1", ""])
def test_a_port_that_is_none(port):
    code, lines = make("serve", f"PORT={port}")
    assert code == 2
    assert lines == [
        f"PORT must be a number from 1 to 65535; got {port!r}. For example: make serve PORT=8001"
    ]


def copied(folder: Path) -> Path:
    (folder / "docs").mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "docs/ready.py"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_a_folder_that_cannot_be_written(tmp_path):
    """Root may write anywhere: there the answer of the system is put in its mouth."""
    where = copied(tmp_path)
    (where / "sitecustomize.py").write_text("import os\nos.access = lambda *_: False\n")
    code, (line,) = make("serve", cwd=where, PYTHONPATH=str(where))
    assert code == 2
    assert (
        line == f"The folder {where} cannot be written. Copy the book to one of yours, and call make there."
    )
    assert not (where / ".venv").exists()


def test_no_network_at_the_first_start(tmp_path):
    """Port 9 of this machine stands for a package index that does not answer."""
    where = copied(tmp_path)
    (where / "requirements.lock").write_text("linreg-book==99\n")
    off = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_CONFIG_FILE": os.devnull,
    }
    code, lines = make("-s", ".venv/installed", cwd=where, PIP_RETRIES="1", **off)
    assert code == 2
    assert lines == [
        "The packages are not installed: no package index answers. Connect, and repeat (see .venv/pip.log)."
    ]
    assert not (where / ".venv" / "installed").exists()


def test_another_failure_is_told_in_the_words_of_pip(tmp_path):
    (tmp_path / "log").write_text("WARNING: old\n\nERROR: No matching distribution found for torch==9\n")
    run = [sys.executable, str(ROOT / "docs/ready.py"), "log", "log"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "The packages are not installed: ERROR: No matching distribution found for torch==9 (see log)\n"
    )
