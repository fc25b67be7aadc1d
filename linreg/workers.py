r"""Runs of rows dealt to threads, each of which computes alone.

PyTorch splits every large operation among its threads and waits for the last of them. Where another program
keeps a core busy, each of these meetings waits until the system lets the late thread run: milliseconds, after
an operation of microseconds. Here a thread takes a run of rows through all its operations, then the next
that is left, and what the runs give is put together in their order. How the rows are cut depends on the
shape of the data alone, so that a result has the same bits with any number of threads, under any load.

Where its libraries are not those of its own builds for Linux and macOS, PyTorch splits operations as ever.
"""

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache, wraps
from pathlib import Path
from typing import Generic, NamedTuple, ParamSpec, TypeVar

import torch

__all__: list[str] = []

LIBRARIES = {"linux": "libtorch_cpu.so", "darwin": "libtorch_cpu.dylib", "win32": "libiomp5md.dll"}

P = ParamSpec("P")
T = TypeVar("T")


class _Here(threading.local):
    """What holds for the calling thread."""

    team = 0  # threads that share its work while each computes alone; 0: PyTorch splits every operation


class _Switches(NamedTuple):
    """Set the number of threads of the calling thread and of no other: `torch.set_num_threads` is for all."""

    omp: Callable[[int], object]
    mkl: Callable[[int], int]  # returns the one before


_here = _Here()


@cache
def _switches() -> _Switches | None:
    """Those of the libraries that PyTorch has loaded; none where they have other names."""
    try:  # the functions are short: the interpreter's lock is kept
        library = ctypes.PyDLL(str(Path(torch.__file__).parent / "lib" / LIBRARIES[sys.platform]))
        omp = library.omp_set_num_threads
    except (KeyError, OSError, AttributeError):
        return None
    return _Switches(omp, getattr(library, "MKL_Set_Num_Threads_Local", lambda threads: 0))


def alone(f: Callable[P, T]) -> Callable[P, T]:
    """A function whose operations PyTorch does not split; `dealt` within it has the threads that it had.

    The number is set for the calling thread, by which others do not go, and set back whatever happens.
    """

    @wraps(f)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        if _here.team:
            return f(*args, **kwargs)
        threads, switches = torch.get_num_threads(), _switches()
        if threads == 1 or switches is None:
            return f(*args, **kwargs)
        before: list[int] = []
        try:
            before.extend(map(switches.mkl, (1,)))  # set and kept at once: Ctrl-C does not come between
            switches.omp(1)
            if torch.get_num_threads() == 1:  # else that was another library than PyTorch's
                _here.team = threads
            return f(*args, **kwargs)
        finally:  # Ctrl-C can come after each of these calls, and then the next is still made
            try:
                switches.omp(threads)
            finally:
                try:
                    if before:
                        switches.mkl(before[0])
                finally:
                    _here.team = 0

    return call


def dealt(
    parts: Sequence[slice], worker: Callable[[], Callable[[slice], T]], give: Callable[[T], object]
) -> None:
    """Compute all parts and give the results, one after the other in the order of the parts.

    Each thread makes a worker of its own, with the memory that it needs, and goes through one part at a time.
    """
    if _here.team < 2 or len(parts) < 2:
        compute = worker()
        for part in parts:
            give(compute(part))
        return
    deal = _Deal(parts, worker, give)
    helping = list(_asked(deal.help, min(_here.team, len(parts)) - 1))
    try:
        deal.work()
    finally:
        deal.stop()  # after an error or Ctrl-C nobody takes another part
        helping = [each for each in helping if not each.cancel()]
        wait(helping)
    for each in helping:
        each.result()


class _Deal(Generic[T]):
    """Parts that whoever is free takes one by one; what they give waits for its turn."""

    def __init__(
        self, parts: Sequence[slice], worker: Callable[[], Callable[[slice], T]], give: Callable[[T], object]
    ) -> None:
        self.worker, self.give = worker, give
        self.left: Iterator[tuple[int, slice]] = iter(enumerate(parts))
        self.lock = threading.Lock()
        self.found: dict[int, T] = {}
        self.given = 0
        self.inference, self.grad = torch.is_inference_mode_enabled(), torch.is_grad_enabled()

    def help(self) -> None:
        with torch.inference_mode(self.inference), torch.set_grad_enabled(self.grad):  # a thread has its own
            self.work()

    def work(self) -> None:
        """Go on until no part is left."""
        compute = self.worker()
        while taken := self._take():
            i, part = taken
            self._keep(i, compute(part))

    def _take(self) -> tuple[int, slice] | None:
        with self.lock:
            return next(self.left, None)

    def _keep(self, i: int, result: T) -> None:
        with self.lock:
            self.found[i] = result
            while self.given in self.found:
                self.give(self.found.pop(self.given))
                self.given += 1

    def stop(self) -> None:
        with self.lock:
            self.left = iter(())


def _asked(help: Callable[[], None], helpers: int) -> Iterator[Future[None]]:
    """Threads that have been asked: fewer where none can be started, or when the interpreter is ending."""
    try:
        for _ in range(helpers):
            yield _pool(os.getpid()).submit(help)
    except RuntimeError:
        return


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads that compute alone. A forked process has none of those of its parent, and starts others."""
    return ThreadPoolExecutor(os.cpu_count(), "linreg", initializer=_settle)


def _settle() -> None:
    """Let the thread at hand, which has just started, compute alone from now on."""
    torch.get_num_threads()  # has PyTorch set its number first
    if switches := _switches():
        switches.omp(1)
        switches.mkl(1)
    _here.team = 1
