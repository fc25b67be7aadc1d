r"""Runs of rows dealt to threads, each of which computes alone.

PyTorch splits every large operation among its threads and waits for the last of them. Where another program
keeps a core busy, each of these meetings waits until the system lets the late thread run: milliseconds, after
an operation of microseconds. Here a thread takes a run of rows through all its operations, then the next
that is left, and what the runs give is put together in their order. How the rows are cut depends on the
shape of the data alone, so that a result has the same bits with any number of threads, under any load.

Where its libraries are not those of its own builds for Linux and macOS, PyTorch splits operations as ever.
"""

import _thread
import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache, wraps
from pathlib import Path
from queue import SimpleQueue
from typing import Generic, NamedTuple, ParamSpec, TypeVar

import torch

__all__ = ["alone", "dealt"]

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
    _ask(deal.help, min(_here.team, len(parts)) - 1)
    try:
        deal.work()
    finally:
        errors = deal.finish()
    for error in errors:
        raise error


class _Deal(Generic[T]):
    """Parts that whoever is free takes one by one; what they give waits for its turn."""

    def __init__(
        self, parts: Sequence[slice], worker: Callable[[], Callable[[slice], T]], give: Callable[[T], object]
    ) -> None:
        self.worker, self.give = worker, give
        self.left: Iterator[tuple[int, slice]] = iter(enumerate(parts))
        self.lock = threading.Lock()
        self.found: dict[int, T] = {}
        self.given = self.helpers = 0
        self.stopped = False
        self.ended: SimpleQueue[BaseException | None] = SimpleQueue()
        self.inference, self.grad = torch.is_inference_mode_enabled(), torch.is_grad_enabled()

    def help(self) -> None:
        """Work along, if there is still something to do."""
        with self.lock:
            if self.stopped:
                return
            self.helpers += 1
        error = None
        try:
            with torch.inference_mode(self.inference), torch.set_grad_enabled(self.grad):  # of this thread
                self.work()
        except BaseException as found:  # raised again where the answer was wanted
            error = found
        self.ended.put(error)

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

    def finish(self) -> list[BaseException]:
        """Hand out no more, also after an error or Ctrl-C, and wait for those who help; their errors."""
        with self.lock:
            self.stopped, self.left = True, iter(())
        ended = [self.ended.get() for _ in range(self.helpers)]
        return [error for error in ended if error is not None]


class _Team:
    """Threads that compute alone, started as they are asked for, and then kept.

    No executor of the standard library: Ctrl-C in one of its methods can leave a lock taken, and then the
    next call waits for ever. The queue here takes and gives in one step, which nothing interrupts.
    """

    def __init__(self) -> None:
        self.asked: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.threads = 0

    def ask(self, help: Callable[[], None], helpers: int) -> None:
        while self.threads < min(helpers, os.cpu_count() or 1):
            _thread.start_new_thread(self._serve, ())
            self.threads += 1
        for _ in range(helpers):
            self.asked.put(help)

    def _serve(self) -> None:
        torch.get_num_threads()  # has PyTorch set its number first
        if switches := _switches():
            switches.omp(1)
            switches.mkl(1)
        _here.team = 1
        while True:
            self.asked.get()()


def _ask(help: Callable[[], None], helpers: int) -> None:
    """Ask threads to help, unless none can be started."""
    try:
        _team(os.getpid()).ask(help, helpers)
    except RuntimeError:
        return


@cache
def _team(process: int) -> _Team:
    """That of a process: a forked one has none of the threads of its parent, and starts others."""
    return _Team()
