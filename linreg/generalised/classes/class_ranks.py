"""Passes over the rows of several ranks: what each finds is added up, and all take the same steps.

Before anything is added the ranks tell each other how their pass has ended, so that an error of one ends all
of them, and from which numbers it set out. These are those of rank 0, to the last bit: from the same sums
processors of another kind may compute others.
"""

import math
import struct
from array import array
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

import torch
from torch import Tensor
from torch.nn.functional import pad

from linreg.basics.merging import merged
from linreg.basics.statistics import Statistics
from linreg.errors import DistributedError, DtypeError
from linreg.ring import Ring
from linreg.settings import check_number

__all__ = ["Found", "Pair", "Ranks", "ranks_of"]

T = TypeVar("T")
Pair = tuple[Tensor, Tensor]
FINE, FAILED = 1, 2


class Found(NamedTuple):
    """What the first pass has found."""

    sums: Statistics
    held: Tensor  # (K,) weight of each class
    n: int  # rows


def ranks_of(ranks: Any, timeout: object, caller: str) -> "Ranks | None":
    """Those that the argument `ranks` names; None where it names this process alone."""
    seconds = check_number(timeout, "timeout", positive=True)
    if ranks is False:
        return None
    if ranks is None:
        raise DtypeError(
            "`ranks` must be True, for all of them, or a torch.distributed.ProcessGroup; got None. "
            "Pass True, or False to fit the rows of this process alone."
        )
    return Ranks(Ring(None if ranks is True else ranks, seconds, caller, "ranks"))


class Ranks:
    """The ranks that fit together, each with rows of its own or without."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring

    def first(self, own: Callable[[], Found | None], settings: dict[str, float | None]) -> Found | None:
        """What the first pass has found in all rows; None where no rank has any."""

        def tell(found: Found | None) -> list[int]:
            here = (found.sums.d, len(found.held), found.n, found.held.is_cuda) if found else (0, 0, 0, False)
            function = crc32(self.ring.caller.encode())
            return [function, *map(int, here), *map(_bits, settings.values())]

        found, told = self._told(own, tell, 5 + len(settings))
        self._check_calls(told[:, 0], told[:, 5:], list(settings))
        self.ring.check_features(told[:, 1], "rows")
        d, K, _, on_cuda = told[:, 1:5].amax(0).tolist()
        if not d:
            return None
        device = torch.device("cuda", torch.cuda.current_device()) if on_cuda else torch.device("cpu")
        sums = found.sums if found else Statistics(d, device=device)
        held = found.held if found else sums.M.new_zeros(K)
        held = self.ring.sum(pad(held, (0, K - len(held))))
        return Found(merged(sums, self.ring), held, int(told[:, 3].sum()))

    def over(self, own: Callable[[], list[Pair]], at: tuple[Tensor, ...]) -> Pair:
        """The sums and the largest entries that a pass finds in all rows, where `at` says; own: in these."""
        start = _digest(at)
        found, told = self._told(own, lambda here: [start, *map(len, here[0] if here else ((), ()))], 3)
        self._check_alike(told[:, 0])
        sums, entries = told[:, 1:].amax(0).tolist()
        nothing = at[0].new_zeros(sums), at[0].new_full((entries,), -torch.inf)
        mine, largest = found[0] if found else nothing
        table = largest.new_zeros(self.ring.size, entries)  # a row for each rank, all of which are added up
        table[self.ring.rank] = largest
        total = self.ring.sum(torch.cat((mine, table.flatten())))
        return total[:sums], total[sums:].view_as(table).amax(0)

    def shared(self, values: Tensor) -> Tensor:
        """The numbers that rank 0 has in the place of these."""
        self.agree(f"numbers of shape {tuple(values.shape)}")
        flat = values.flatten()
        flat = torch.zeros_like(flat) if self.ring.rank else flat.clone()
        return self.ring.sum(flat).view_as(values)

    def agree(self, where: str) -> None:
        """Require that all ranks have come to the same place."""
        digest = crc32(where.encode())
        _, told = self._told(lambda: None, lambda _: [digest] * 3, 3)  # as many as `over` tells
        self._check_alike(told[:, 0])

    def _told(self, own: Callable[[], T], tell: Callable[[T], list[int]], width: int) -> tuple[T, Tensor]:
        """What comes of a pass over these rows, and (size, width) what each rank tells of it."""
        try:
            found = own()
        except Exception:
            with suppress(DistributedError):  # one that is lost besides says less than this error
                self.ring.told([FAILED, *[0] * width])
            raise
        told = self.ring.told([FINE, *tell(found)])
        failed = (told[:, 0] == FAILED).nonzero().flatten().tolist()
        if failed:
            raise DistributedError(
                f"`{self.ring.caller}` needs the rows of all {self.ring.size} ranks; rank {failed[0]} has "
                "stopped with an error in its pass over them. Correct what that error names, then start all "
                "ranks again."
            )
        return found, told[:, 1:]

    def _check_calls(self, functions: Tensor, settings: Tensor, names: list[str]) -> None:
        """Require the same call on each rank."""
        if (other := _other(functions)) is not None:
            raise DistributedError(
                f"`{self.ring.caller}` must be what each rank calls; rank 0 and rank {other} call two "
                "functions. Run the same program on all."
            )
        for name, values in zip(names, settings.T, strict=True):
            if (other := _other(values)) is not None:
                first, its = (_text(int(values[rank])) for rank in (0, other))
                raise DistributedError(
                    f"`{name}` must be the same on every rank; rank 0 has {first}, rank {other} has {its}. "
                    "Run the same program on all."
                )

    def _check_alike(self, digests: Tensor) -> None:
        """Require the same of each rank."""
        if (other := _other(digests)) is not None:
            raise DistributedError(
                f"`{self.ring.caller}` needs ranks that take the same steps; rank {other} takes another than "
                "rank 0, which rounding decides. Run all on processors of one kind with the same PyTorch, or "
                "set ATEN_CPU_CAPABILITY=default and MKL_CBWR=COMPATIBLE for each."
            )


def _other(values: Tensor) -> int | None:
    """The first rank that differs from rank 0."""
    others = (values != values[0]).nonzero()
    return int(others[0]) if len(others) else None


def _digest(parts: tuple[Tensor, ...]) -> int:
    """A number that tells these from others, in the last bit too."""
    return crc32(array("d", [value for part in parts for value in part.flatten().tolist()]))


def _bits(value: float | None) -> int:
    """A setting as a whole number, to send."""
    found: int = struct.unpack("q", struct.pack("d", math.nan if value is None else value))[0]
    return found


def _text(bits: int) -> str:
    """What it was."""
    value: float = struct.unpack("d", struct.pack("q", bits))[0]
    return "none" if math.isnan(value) else f"{value:g}"
