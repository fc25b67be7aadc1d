"""Reading ahead: a thread fetches the next part of a file while the one at hand is in use.

No executor of the standard library: Ctrl-C in one of its methods can leave a lock taken, and then the next
part is waited for without end. The queues here give and take in one step, which nothing interrupts.
"""

import _thread
import atexit
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ["ahead"]

T = TypeVar("T")

AHEAD = 1  # blocks: reading is faster than summing, more would only take memory


def ahead(parts: Iterator[T]) -> Iterator[T]:
    """The same parts, of which a thread fetches the next while the one at hand is in use."""
    asked: SimpleQueue[bool] = SimpleQueue()
    fetched: SimpleQueue[Any] = SimpleQueue()
    ended: SimpleQueue[None] = SimpleQueue()

    def fetch() -> None:
        while asked.get():
            try:
                fetched.put(next(parts, None))
            except BaseException as error:  # raised again where the part was wanted
                fetched.put(error)
        ended.put(None)

    def end() -> None:
        if threads:
            asked.put(False)
            ended.put(ended.get())  # there for whoever waits next

    threads: list[int] = []
    atexit.register(end)  # a thread stopped by the end of Python in the midst of reading can abort it
    try:
        with suppress(RuntimeError):  # none to be had
            # started and kept at once: Ctrl-C does not come between
            threads.extend(map(_thread.start_new_thread, (fetch,), ((),)))
        if not threads:
            yield from parts
            return
        for _ in range(AHEAD):
            asked.put(True)
        while (part := fetched.get()) is not None:
            if isinstance(part, BaseException):
                raise part
            asked.put(True)
            yield part
    finally:
        atexit.unregister(end)
        end()
