"""Kernels that start at once: forked from a process that has already imported what every page imports.

Alone, each kernel would take two seconds to import torch and matplotlib, up to five more for optimisers and
the libraries that a page compares with, and one to take all that apart again.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from runpy import run_path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

ENTRY = EntryPoint("forked", f"{__name__}:Forked", KernelProvisionerFactory.GROUP_NAME)
SERVER = get_context("forkserver")  # starts with the first kernel, ends with the build
START = Path(__file__).parent / "kernel" / "start.py"
AHEAD = [
    "mkdocs.__main__",  # by which a build may have been started; a fork runs that file again
    "ipykernel.kernelapp",
    "ipykernel.debugger",  # nobody debugs, but each kernel imports it
    "IPython.core.completerlib",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_svg",
    "torch._dynamo",  # which the first optimiser imports, and which takes longer than torch itself
    "scipy.stats",
    "sklearn.datasets",
    "sklearn.linear_model",
    "statsmodels.api",
    "pyarrow.parquet",
]  # never matplotlib_inline, which must find the kernel when it is imported, nor linreg, which may change


@contextmanager
def opened() -> Iterator[None]:
    """Fork the kernels that start meanwhile; where that is not safe (not on Linux), let them start alone."""
    if sys.platform != "linux":
        yield
        return
    SERVER.set_forkserver_preload(AHEAD)
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[ENTRY.name] = ENTRY
    usual, factory.default_provisioner_name = factory.default_provisioner_name, ENTRY.name
    try:
        yield
    finally:
        factory.default_provisioner_name = usual


class Kernel:
    """A process by the names that Jupyter has for what it asks of one."""

    stdin = stdout = stderr = None

    def __init__(self, process: BaseProcess) -> None:
        self.process = process

    def poll(self) -> int | None:
        """With what it ended; None while it runs."""
        return self.process.exitcode

    wait = poll  # Jupyter waits only for what has ended

    def send_signal(self, number: int) -> None:
        """Send it to the process alone."""
        if self.process.pid:
            os.kill(self.process.pid, number)


class Forked(LocalProvisioner):
    """Starts a kernel in a fork of the server."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Have `kernel/start.py` run there."""
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.cwd = kwargs.get("cwd") or os.getcwd()
        given = {"arguments": arguments, "cwd": self.cwd, "env": kwargs["env"]}
        process = SERVER.Process(target=run_path, args=(str(START), given))
        process.start()
        self.process: Any = Kernel(process)
        self.pid = self.pgid = process.pid
        return self.connection_info
