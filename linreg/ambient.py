"""Nothing outside its arguments may change a result: `plain`, around every public function.

Two settings of PyTorch reach into any product of float32: inside `torch.autocast` its factors are rounded
to bfloat16, three digits, and a lower `torch.set_float32_matmul_precision` does the same, on processors
that can, and TF32 on GPUs. Both suit networks and ruin a regression, so they are switched off for as
long as a function of the package runs. Default dtype and device need no switch: every tensor made here
names its own. `torch.set_flush_denormal` stays as it is: under it, numbers below 2.2e-308, or 1.2e-38 in
float32, count as zero, and others give the same bits. So does what belongs to PyTorch: `backward`,
called by a user outside, multiplies as it is told to there.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec, TypeVar

import torch

__all__ = ["plain"]

P = ParamSpec("P")
T = TypeVar("T")
DEVICES = ("cpu", "cuda")


def plain(function: Callable[P, T]) -> Callable[P, T]:
    """Run the function as if no such setting were on; autograd goes through it as before."""

    @functools.wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        lent = [device for device in DEVICES if torch.is_autocast_enabled(device)]
        lowered = _products() != "highest"
        if not lent and not lowered:  # as almost always: less than a microsecond
            return function(*args, **kwargs)
        with ExitStack() as stack:
            for device in lent:
                stack.enter_context(torch.autocast(device, enabled=False))
            if lowered:
                stack.enter_context(_full_products())
            return function(*args, **kwargs)

    return inside


def _products() -> str:
    """The precision of float32 products; "mixed" where the newer settings of each backend are in use."""
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return "mixed"


_lock = threading.Lock()
_running = 0  # functions inside: these settings belong to the process, not to the thread
_restore: Callable[[], None]


@contextmanager
def _full_products() -> Iterator[None]:
    """Products of float32 in float32; the first to enter changes the settings, the last to leave restores."""
    global _running, _restore
    with _lock:
        if not _running:
            _restore = _switch()
        _running += 1
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            if not _running:
                _restore()


def _switch() -> Callable[[], None]:
    """Switch to full products, and return how to switch back."""
    onednn: Any = torch.backends.mkldnn  # on the CPU, it alone multiplies in bfloat16
    cuda: Any = torch.backends.cuda.matmul if torch.cuda.is_available() else None
    enabled, precision = onednn.enabled, _products()
    there = cuda.fp32_precision if cuda and precision == "mixed" else "none"

    newer = precision == "mixed"  # of two ways to set it; once this is used, the older refuses to be called

    def set_to(enabled: bool, precision: str, there: str) -> None:
        onednn.enabled = enabled
        if cuda and newer:
            cuda.fp32_precision = there
        elif cuda:
            torch.set_float32_matmul_precision(precision)

    set_to(False, "highest", "ieee")
    return functools.partial(set_to, enabled, precision, there)
