"""Import once what every page imports, then fork a kernel for each request.

A request is a line of JSON on the standard input; the kernel answers with the number of its process.
"""

import atexit
import json
import os
import signal
import sys

atexit.register(os._exit, 0)  # the last thing at exit: taking modules apart would be half a second more

import matplotlib.pyplot as _pyplot  # noqa: E402, F401
import torch as _torch  # noqa: E402, F401
from ipykernel.kernelapp import IPKernelApp  # noqa: E402

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a kernel: the system clears it away
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # a kernel may write there before it is connected
request = sys.stdin.readline()
while request and os.fork():
    request = sys.stdin.readline()
if not request:
    sys.exit()

signal.signal(signal.SIGCHLD, signal.SIG_DFL)
os.setsid()  # signals reach the kernel and what it starts, nobody else
print(os.getpid(), file=answers, flush=True)
answers.close()
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
asked = json.loads(request)
os.chdir(asked["cwd"])
os.environ.clear()
os.environ.update(asked["env"])
ends_with = f"--IPKernelApp.parent_handle={os.getppid()}"
IPKernelApp.launch_instance([*asked["arguments"], ends_with])
