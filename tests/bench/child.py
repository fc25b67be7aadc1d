"""A function of a part in a process of its own: its threads, its memory, its caches."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.threads import environment, pin

MARK = "answer: "
RUN = Path(__file__).with_name("run.py")


def start(function: str, *, threads: int, cores: list[int] | None = None, **arguments: Any) -> Any:
    """The process that computes `function`, such as `memory.extras`, of these arguments."""
    order = json.dumps({"function": function, "arguments": arguments, "cores": cores})
    command = [sys.executable, str(RUN), "--order", order]
    return subprocess.Popen(command, env=environment(threads), stdout=subprocess.PIPE, text=True)


def answer(process: Any) -> Any:
    """What it returned; what else it prints is shown."""
    found = ""
    for line in process.stdout:
        if line.startswith(MARK):
            found = line.removeprefix(MARK)
        else:
            print(line, end="", flush=True)
    if process.wait() or not found:
        raise RuntimeError(f"a process ended with status {process.returncode}")
    return json.loads(found)


def call(function: str, *, threads: int, cores: list[int] | None = None, **arguments: Any) -> Any:
    """Start, wait, return."""
    return answer(start(function, threads=threads, cores=cores, **arguments))


def obey(order: str) -> None:
    """In that process: compute, and print the answer."""
    asked = json.loads(order)
    if asked["cores"]:
        pin(asked["cores"])
    module, function = asked["function"].split(".")
    found = getattr(import_module(f"bench.{module}"), function)(**asked["arguments"])
    print(MARK + json.dumps(found), flush=True)
