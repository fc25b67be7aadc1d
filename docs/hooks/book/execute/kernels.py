"""Kernels that start at once: forked from a process that has already imported what every page imports.

Alone, each kernel would take two seconds to import torch and matplotlib, and one to take them apart again.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Lock
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

ENTRY = EntryPoint("forked", "book.execute.kernels:Forked", KernelProvisionerFactory.GROUP_NAME)
parent: Popen[str]
one_at_a_time = Lock()


@contextmanager
def opened() -> Iterator[None]:
    """Fork the kernels that start meanwhile; where that is not safe (not on Linux), let them start alone."""
    global parent
    if sys.platform != "linux":
        yield
        return
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[ENTRY.name] = ENTRY
    usual = factory.default_provisioner_name
    command = [sys.executable, "-P", str(Path(__file__).parent / "kernel" / "fork.py")]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as parent:
        factory.default_provisioner_name = ENTRY.name
        try:
            yield
        finally:
            factory.default_provisioner_name = usual


class Process:
    """What Jupyter asks of a process, for one that is not a child of ours."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """None while it runs; with what it ended is not known here, and nobody asks."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    wait = poll  # Jupyter waits only for what has ended

    def send_signal(self, number: int) -> None:
        """Send it to the process alone."""
        os.kill(self.pid, number)


class Forked(LocalProvisioner):
    """Starts a kernel by a request to the process of `kernel/fork.py`."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Ask for a fork, and keep its number."""
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.cwd = kwargs.get("cwd") or os.getcwd()
        asked = {"arguments": arguments, "cwd": self.cwd, "env": kwargs.get("env") or dict(os.environ)}
        assert parent.stdin is not None
        assert parent.stdout is not None
        with one_at_a_time:
            parent.stdin.write(json.dumps(asked) + "\n")
            parent.stdin.flush()
            answer = parent.stdout.readline()
        if not answer:
            raise RuntimeError("The process that forks the kernels has ended; its message stands above.")
        self.process: Any = Process(int(answer))
        self.pid = self.pgid = int(answer)
        return self.connection_info
