"""Become a kernel: `kernels.py` has this run in a fork, and gives the three names."""
# ruff: noqa: F821

import gc
import os
import sys

from ipykernel.kernelapp import IPKernelApp

arguments: list[str]
cwd: str
env: dict[str, str]

gc.freeze()  # nothing that the server has imported is garbage: never look through it
os.setsid()  # signals reach the kernel and what it starts, nobody else
os.chdir(cwd)
os.environ.update(env)
sys.path.insert(0, env["PYTHONPATH"])  # the wheel
IPKernelApp.launch_instance([*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])
