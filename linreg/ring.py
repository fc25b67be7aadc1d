"""Processes that work together, each a *rank* of `torch.distributed`: sums over all of them, that end.

Everything that ranks tell each other is a sum. It has the same bits on each, since each entry is added up
once and handed on; in which order depends on its place and on the number of ranks, and on nothing else.
"""

import re
import time
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from linreg.errors import DistributedError, DtypeError, ShapeError

__all__ = ["Ring"]

SHORTEST = 1e-3  # seconds: C++ counts in thousandths, and takes 0 for no limit at all
LONGEST = 1e8  # three years, which C++ can still count in nanoseconds


class Ring:
    """The ranks of a group.

    Args:
        group: those that take part; None: all.
        timeout: seconds to wait for the slowest in each sum.
        caller: the function that asks, for what errors say.
        argument: its argument that is the group.
    """

    def __init__(self, group: Any, timeout: float, caller: str, argument: str = "group") -> None:
        self.caller, self.argument = caller, argument
        if not (dist.is_available() and dist.is_initialized()):
            raise DistributedError(
                f"`{caller}` needs torch.distributed, which is not initialised. Start the program with "
                "torchrun, and call torch.distributed.init_process_group('gloo') first."
            )
        if group == dist.GroupMember.NON_GROUP_MEMBER:  # what `new_group` gives to those outside
            raise DistributedError(
                f"`{argument}` must be one that this process is in; it is not. Only ranks of the group may "
                f"call `{caller}`."
            )
        group = dist.group.WORLD if group is None else group
        if not isinstance(group, dist.ProcessGroup):
            get = f"{argument}.get_group()" if hasattr(group, "get_group") else ""
            raise DtypeError(
                f"`{argument}` must be a torch.distributed.ProcessGroup; got {type(group).__name__}. "
                f"Pass {get or 'torch.distributed.new_group(ranks)'}."
            )
        self.group: dist.ProcessGroup = group
        try:
            self.rank, self.size = dist.get_rank(group), dist.get_world_size(group)
            self.config = dist.get_backend_config(group)  # such as "cpu:gloo,cuda:nccl"
        except (
            Exception
        ) as error:  # PyTorch no longer knows it; which of them it raises depends on its version
            raise DistributedError(
                f"`{argument}` must be one that is in use; it was destroyed. Make another with "
                "torch.distributed.new_group."
            ) from error
        self.timeout = min(max(timeout, SHORTEST), LONGEST)
        self.options = dist.AllreduceOptions()
        if "nccl" not in self.config:  # whose watchdog would end the process before `wait` can raise
            self.options.timeout = timedelta(seconds=self.timeout)

    def sum(self, values: Tensor) -> Tensor:
        """The sum over the ranks, where `values` are, which may be overwritten."""
        total = values.to(_reachable(values.device, self.config))
        asks = f"{total.device.type}:gloo" in self.config
        try:
            self.wait(self.group.allreduce([total], self.options), asks)
        except RuntimeError as error:
            what = re.sub(r"^\[[^\]]*\] *", "", str(error)).partition(". ")[0]  # without the line in C++
            raise DistributedError(
                f"`{self.caller}` needs all {self.size} ranks within `timeout`, "
                f"{self.timeout:g} s; rank {self.rank} lost touch with another ({what}). "
                "Find the first error among the ranks, then start all of them again."
            ) from error
        return total.to(values.device)

    def wait(self, work: Any, asks: bool) -> None:
        """Wait for the end of `work`, or raise what it or the time has ended with.

        It `asks` where work says when it is done, as that of gloo does.
        """
        end, pause = time.monotonic() + self.timeout, 1e-5
        if asks:  # again and again, for Ctrl-C would not be heard while C++ waits
            while not work.is_completed() and time.monotonic() < end:
                time.sleep(pause)
                pause = min(2 * pause, 0.01)
        work.wait(timedelta(seconds=max(end - time.monotonic(), SHORTEST)))

    def rows(self, mine: Tensor) -> Tensor:
        """(size, k) what each rank gives, (k,)."""
        table = mine.new_zeros(self.size, len(mine))
        table[self.rank] = mine
        return self.sum(table)

    def told(self, mine: list[int]) -> Tensor:
        """(size, k) int64, on the CPU: what each rank tells, k whole numbers; none has a 0 first."""
        told = self.rows(torch.tensor(mine, dtype=torch.int64, device="cpu"))
        missing = (told[:, 0] == 0).nonzero()
        if len(missing):
            raise DistributedError(
                f"`{self.argument}` must add up what its ranks send; rank {int(missing[0])} of {self.size} "
                "is missing in the sum. Pass a group of backend gloo or nccl."
            )
        return told

    def check_features(self, d: Tensor, argument: str) -> None:
        """Require the same number of features (size,) on each rank; 0 where a rank has nothing to say."""
        some = d.nonzero().flatten()
        others = some[d[some] != d[some[:1]]].tolist()
        if others:
            first = int(some[0])
            raise ShapeError(
                f"`{argument}` must have as many features on every rank; rank {first} has {int(d[first])}, "
                f"rank {others[0]} has {int(d[others[0]])} ({len(others)} of {self.size} differ from rank "
                f"{first}). Check the columns of their files."
            )


def _reachable(device: torch.device, config: str) -> torch.device:
    """`device` where the backend can send from it, else one from where it can."""
    kinds = [part.partition(":")[0] for part in config.split(",")]
    if device.type in kinds:
        return device
    return torch.device("cuda", torch.cuda.current_device()) if kinds == ["cuda"] else torch.device("cpu")
