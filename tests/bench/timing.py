"""Times that can be compared: every solver in turn, several rounds, the smallest time of each."""

import gc
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

SHORTEST = 2e-3  # seconds of one measurement; shorter calls are repeated


@dataclass
class Timed:
    """What came out of the rounds of one solver."""

    result: Any = None
    seconds: float = math.inf
    rounds: int = 0  # 0: only the first call, which was too slow to be repeated
    error: str = ""


def interleaved(
    calls: Mapping[str, Callable[[], Any]],
    *,
    rounds: int,
    share: float,
    patience: float,
    anchors: Collection[str],
) -> dict[str, Timed]:
    """The least time of each call.

    The first call of each warms up and is not counted, unless it takes more than `patience` seconds and is
    not that of an anchor, on which the ratios depend: then it is the measurement. The rounds go through the
    solvers in turn, so that a disturbance meets all of them. A solver takes part in as many rounds as fit
    into `share` seconds, but in at least 2.
    """
    timed = {name: first(call) for name, call in calls.items()}
    repeats, left = {}, {}
    for name, t in timed.items():
        if not t.error and t.seconds < 0.1:  # the first call says little of the next ones
            t.seconds = once(calls[name], 3)
        repeats[name] = max(1, math.ceil(SHORTEST / t.seconds))
        if not t.error and (t.seconds <= patience or name in anchors):
            left[name] = min(rounds, max(2, int(share / (t.seconds * repeats[name]))))
            t.seconds = math.inf
    while left:
        gc.collect()
        for name in list(left):
            t = timed[name]
            t.seconds = min(t.seconds, once(calls[name], repeats[name]))
            t.rounds += 1
            left[name] -= 1
            if not left[name]:
                del left[name]
    return timed


def told(timed: Mapping[str, Timed], share: int = 1) -> dict[str, dict[str, Any]]:
    """What the results file says: the seconds of each, or of one in `share`, and what failed."""
    return {
        "seconds": {name: float(f"{t.seconds / share:.4g}") for name, t in timed.items() if not t.error},
        "errors": {name: t.error for name, t in timed.items() if t.error},
    }


def first(call: Callable[[], Any]) -> Timed:
    """The call that compiles, fills caches and shows what can go wrong."""
    start = perf_counter()
    try:
        result = call()
    except Exception as error:
        words = str(error).strip().splitlines() or [""]
        return Timed(error=f"{type(error).__name__}: {words[0][:120]}")
    return Timed(result, perf_counter() - start)


def once(call: Callable[[], Any], repeat: int) -> float:
    """Seconds of one call, averaged over `repeat`; no garbage collection meanwhile."""
    gc.disable()
    try:
        start = perf_counter()
        for _ in range(repeat):
            call()
        return (perf_counter() - start) / repeat
    finally:
        gc.enable()
