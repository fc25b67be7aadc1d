r"""Many machines, one sum: every process adds up its own rows, and the sums meet once.

Started by `torchrun`, each process (a *rank*) calls `Statistics.update` on its share of the rows and
then `merge_ranks`. What travels is $(d + 2)^2$ numbers per rank, whatever the number of rows.
"""

import re
import time
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import Held
from linreg.basics.statistics import Statistics
from linreg.checks import check_number
from linreg.errors import DistributedError, DtypeError, ShapeError

__all__ = ["merge_ranks"]

SHORTEST = 1e-3  # seconds: C++ counts in thousandths, and takes 0 for no limit at all
LONGEST = 1e8  # three years, which C++ can still count in nanoseconds
NONE = -9999.0  # below the unit of any number


@plain
def merge_ranks(
    statistics: Statistics, *, group: "dist.ProcessGroup | None" = None, timeout: float = 1800.0
) -> Statistics:
    r"""Add up the sums of all ranks; every rank gets the same total, as if one process had read all rows.

    The ranks first agree on a shift, the mean of all rows; about it each moves its own sums, and one
    all-reduce adds them. Every rank of the group must call this, those without rows too.

    Cost: one all-reduce of (d + 2)^2 numbers after two small ones, of 2 (d + 1) numbers and of three per rank
    (and one of d + 1 per rank where numbers are so large or small that sums of their squares need units).
    In a ring of P ranks each sends and receives $16 (d + 2)^2 (P - 1) / P$ bytes, in $2 (P - 1)$ steps.

    Args:
        statistics: what this rank has summed, with the same d on each; none of its rows may have been summed
            elsewhere too.
        group: the ranks that take part; all of them by default. Works with gloo and with nccl, wherever
            the sums are.
        timeout: seconds to wait for the slowest rank in each of the steps. A process that dies is noticed at
            once by gloo, a machine that falls silent after this time. Ctrl-C ends the wait.

    Returns:
        The sums of all ranks, on the device of `statistics`, which is left as it is.

    Raises:
        DtypeError: `statistics` is not `Statistics`, `group` no process group, or `timeout` not a number.
        RangeError: `timeout` is not above 0.
        ShapeError: the ranks have different numbers of features; raised on every rank.
        DistributedError: `torch.distributed` is not initialised, this process is not in `group`, `group` was
            destroyed or adds nothing, or a rank was lost or too late. The group cannot be used after that:
            destroy it and end the process.

    Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance, The American
    Statistician 37 (1983), section 2, for sums that merge; Patarasuk and Yuan, Bandwidth optimal
    all-reduce algorithms for clusters of workstations, Journal of Parallel and Distributed Computing 69
    (2009), section 3, for the ring.

    Examples:
        >>> import torch
        >>> from torch import distributed
        >>> distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
        >>> mine = Statistics.of(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
        >>> merge_ranks(mine)
        Statistics(n=3, d=1)
        >>> distributed.destroy_process_group()
    """
    if not isinstance(statistics, Statistics):
        raise DtypeError(
            f"`statistics` must be `Statistics`; got {type(statistics).__name__}. "
            "Make them: Statistics.of(X, y)."
        )
    ring = _Ring(group, statistics.M.device, check_number(timeout, "timeout", positive=True))
    n, dropped, scaled = ring.rows(statistics)
    if n == 0:
        none = Statistics(statistics.d, device=statistics.M.device)
        return none.holding(none.held._replace(dropped=dropped))
    held = statistics.held
    if scaled:
        held = held.in_units(ring.unit(held))
    weight = held.M[-1, -1:]
    totals = torch.cat((held.shift * weight + held.M[-1, :-1], weight))
    total, reached = ring.sum(torch.stack((totals, torch.cat((held.reached, weight)))))
    held = held.about(total[:-1] / total[-1])
    M = ring.sum(held.M)
    M = M.triu() + M.triu(1).T  # the halves were added in another order
    held = held._replace(n=n, reached=reached[:-1], dropped=dropped)
    return statistics.holding(held.summing(M).shrunk())


class _Ring:
    """The ranks of a group, and sums over them that end."""

    def __init__(self, group: Any, device: torch.device, timeout: float) -> None:
        if not (dist.is_available() and dist.is_initialized()):
            raise DistributedError(
                "`merge_ranks` needs torch.distributed, which is not initialised. Start the program with "
                "torchrun, and call torch.distributed.init_process_group('gloo') first."
            )
        if group == dist.GroupMember.NON_GROUP_MEMBER:  # what `new_group` gives to those outside
            raise DistributedError(
                "`group` must be one that this process is in; it is not. Only ranks of the group may merge."
            )
        group = dist.group.WORLD if group is None else group
        if not isinstance(group, dist.ProcessGroup):
            make = (
                "group.get_group()" if hasattr(group, "get_group") else "torch.distributed.new_group(ranks)"
            )
            raise DtypeError(
                f"`group` must be a torch.distributed.ProcessGroup; got {type(group).__name__}. Pass {make}."
            )
        self.group: dist.ProcessGroup = group
        try:
            self.rank, self.size = dist.get_rank(group), dist.get_world_size(group)
            config = dist.get_backend_config(group)  # such as "cpu:gloo,cuda:nccl"
        except (
            Exception
        ) as error:  # PyTorch no longer knows it; which of them it raises depends on its version
            raise DistributedError(
                "`group` must be one that is in use; it was destroyed. Make another with "
                "torch.distributed.new_group."
            ) from error
        self.device = _reachable(device, config)
        self.asks = f"{self.device.type}:gloo" in config  # whose work says when it is done
        self.timeout = min(max(timeout, SHORTEST), LONGEST)
        self.options = dist.AllreduceOptions()
        if "nccl" not in config:  # whose watchdog would end the process before `wait` can raise
            self.options.timeout = timedelta(seconds=self.timeout)

    def sum(self, values: Tensor) -> Tensor:
        """The sum over the ranks, where `values` are, which may be overwritten."""
        total = values.to(self.device)
        try:
            self.wait(self.group.allreduce([total], self.options))
        except RuntimeError as error:
            what = re.sub(r"^\[[^\]]*\] *", "", str(error)).partition(". ")[0]  # without the line in C++
            raise DistributedError(
                f"`merge_ranks` needs all {self.size} ranks within `timeout`, "
                f"{self.timeout:g} s; rank {self.rank} lost touch with another ({what}). "
                "Find the first error among the ranks, then start all of them again."
            ) from error
        return total.to(values.device)

    def wait(self, work: Any) -> None:
        """Wait for the end of `work`, or raise what it or the time has ended with."""
        end, pause = time.monotonic() + self.timeout, 1e-5
        if self.asks:  # again and again, for Ctrl-C would not be heard while C++ waits
            while not work.is_completed() and time.monotonic() < end:
                time.sleep(pause)
                pause = min(2 * pause, 0.01)
        work.wait(timedelta(seconds=max(end - time.monotonic(), SHORTEST)))

    def rows(self, statistics: Statistics) -> tuple[int, int, bool]:
        """The rows that all ranks have summed and dropped, of the same columns, and whether any has units."""
        mine = torch.zeros(self.size, 4, dtype=torch.int64, device="cpu")
        mine[self.rank] = torch.tensor(
            [statistics.d, statistics.n, statistics.dropped, bool(statistics.unit.any())], device="cpu"
        )
        d, n, dropped, scaled = self.sum(mine).unbind(1)
        if not bool(d.all()):
            raise DistributedError(
                f"`group` must add up what its ranks send; rank {int((d == 0).nonzero()[0])} of {self.size} "
                "is missing in the sum. Pass a group of backend gloo or nccl."
            )
        others = (d != d[0]).nonzero().flatten().tolist()
        if others:
            raise ShapeError(
                f"`statistics` must have as many features on every rank; rank 0 has {int(d[0])}, rank "
                f"{others[0]} has {int(d[others[0]])} ({len(others)} of {self.size} differ from rank 0). "
                "Check the columns of their files."
            )
        return int(n.sum()), int(dropped.sum()), bool(scaled.any())

    def unit(self, held: Held) -> Tensor:
        """(d + 1,) the units of all ranks, as two of them would agree on."""
        mine = torch.zeros(self.size, len(held.unit), dtype=torch.float64, device=held.M.device)
        mine[self.rank] = held.unit.where(held.counts(), NONE)
        largest = self.sum(mine).amax(0)
        return largest.where(largest > NONE, 0)


def _reachable(device: torch.device, config: str) -> torch.device:
    """`device` where the backend can send from it, else one from where it can."""
    kinds = [part.partition(":")[0] for part in config.split(",")]
    if device.type in kinds:
        return device
    return torch.device("cuda", torch.cuda.current_device()) if kinds == ["cuda"] else torch.device("cpu")
