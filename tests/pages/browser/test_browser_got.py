"""Where the browsers of the tests come from, on a machine that has none."""

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import browsers
import pytest
from browsers import KINDS


class Machine:
    """One on which `works` says which commands do; `ran` keeps all that were tried."""

    def __init__(self, folder: Path, programs: list[str], works: list[str], user: int) -> None:
        self.folder, self.programs, self.works, self.user = folder, programs, works, user
        self.ran: list[str] = []
        self.playwright: Any = SimpleNamespace(executable_path=str(folder / "downloaded"))

    def which(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if name in self.programs else None

    def run(self, command: list[str], **_: object) -> SimpleNamespace:
        line = " ".join(command)
        self.ran.append(line)
        works = any(word in line for word in self.works)
        if works and "playwright install" in line:
            (self.folder / "downloaded").touch()
        elif works and " install " in line:
            self.programs += [name for name in command if not name.startswith("-")]
        return SimpleNamespace(returncode=0 if works else 100)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def make(programs: str = "", works: str = "", user: int = 1000) -> Machine:
        machine = Machine(tmp_path, programs.split(), works.split(","), user)
        monkeypatch.setattr(browsers.shutil, "which", machine.which)
        monkeypatch.setattr(browsers.os, "geteuid", lambda: user)
        monkeypatch.setattr(subprocess, "run", machine.run)
        for kind in KINDS.values():
            monkeypatch.delenv(kind.variable, raising=False)
        return machine

    return make


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
class TestGet:
    def test_what_is_there_is_taken(self, machine, kind) -> None:
        there = machine(f"apt-get {kind.programs[1]}")
        assert browsers.get(kind, there.playwright) == ""
        assert not there.ran
        assert browsers.find(kind, there.playwright)["executable_path"] == f"/usr/bin/{kind.programs[1]}"

    def test_root_takes_the_packages_of_the_system(self, machine, kind) -> None:
        bare = machine("apt-get", "apt-get", user=0)
        assert browsers.get(kind, bare.playwright) == ""
        assert bare.ran[-1].endswith(" ".join(("--no-install-recommends", *kind.packages)))
        assert not any("sudo" in line for line in bare.ran)
        assert browsers.find(kind, bare.playwright).get("channel") == kind.channel

    def test_sudo_does_if_it_asks_nothing(self, machine, kind) -> None:
        bare = machine("apt-get sudo", "sudo -n")
        assert browsers.get(kind, bare.playwright) == ""
        assert all(line.startswith("sudo -n ") for line in bare.ran)

    @pytest.mark.parametrize("tools", ["", "apt-get", "apt-get sudo"])
    def test_others_download(self, machine, kind, tools) -> None:
        bare = machine(tools, "playwright install")
        assert browsers.get(kind, bare.playwright) == ""
        assert not any("apt-get" in line for line in bare.ran)
        assert bare.ran[-1].endswith(f"playwright install {kind.name}")
        assert browsers.find(kind, bare.playwright) == {"executable_path": bare.playwright.executable_path}

    def test_packages_that_do_not_exist_are_no_end(self, machine, kind) -> None:
        ubuntu = machine("apt-get", "playwright install", user=0)
        assert browsers.get(kind, ubuntu.playwright) == ""
        assert ubuntu.ran[-1].endswith(f"playwright install --with-deps {kind.name}")

    def test_where_nothing_works_one_line_says_what_would(self, machine, kind) -> None:
        bare = machine("apt-get", "nothing", user=0)
        told = browsers.get(kind, bare.playwright)
        assert told == browsers.advice(kind)
        assert "\n" not in told
        for cure in (f"apt-get install {kind.packages[0]}", "playwright install", f"{kind.variable}="):
            assert cure in told

    def test_a_variable_names_another(self, machine, kind, monkeypatch) -> None:
        there = machine(f"{kind.programs[0]} mine")
        monkeypatch.setenv(kind.variable, "mine")
        assert browsers.find(kind, there.playwright)["executable_path"] == "/usr/bin/mine"
        monkeypatch.setenv(kind.variable, "missing")
        with pytest.raises(RuntimeError, match="missing is no program"):
            browsers.find(kind, there.playwright)


def test_a_download_that_hangs_or_is_no_program_has_failed(monkeypatch) -> None:
    monkeypatch.setattr(browsers, "FETCH_ALLOWED", 0.1)
    assert not browsers.done(["sleep", "5"])
    assert not browsers.done(["/nowhere/at/all"])
    assert browsers.done(["true"])
