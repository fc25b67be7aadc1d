r"""Many machines, one sum: every process adds up its own rows, and the sums meet once.

Started by `torchrun`, each process (a *rank*) calls `Statistics.update` on its share of the rows and
then `merge_ranks`. What travels is $(d + 2)^2$ numbers per rank, whatever the number of rows.
"""

import re
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import DistributedError, DtypeError, ShapeError, check_number
from linreg.statistics import Statistics

__all__ = ["merge_ranks"]


@plain
def merge_ranks(
    statistics: Statistics, *, group: "dist.ProcessGroup | None" = None, timeout: float = 1800.0
) -> Statistics:
    r"""Add up the sums of all ranks; every rank gets the same total, as if one process had read all rows.

    The ranks first agree on a shift, the mean of all rows; about it each moves its own sums, and one
    all-reduce adds them. Every rank of the group must call this, those without rows too.

    Cost: one all-reduce of (d + 2)^2 numbers after two small ones, of d + 1 numbers and of two per rank.
    In a ring of P ranks each sends and receives $16 (d + 2)^2 (P - 1) / P$ bytes, in $2 (P - 1)$ steps.

    Args:
        statistics: what this rank has summed, with the same d on each; none of its rows may have been summed
            elsewhere too.
        group: the ranks that take part; all of them by default. Works with gloo and with nccl, wherever
            the sums are.
        timeout: seconds to wait for the slowest rank in each of the three steps. A process that dies is
            noticed at once by gloo, a machine that falls silent after this time.

    Returns:
        The sums of all ranks, on the device of `statistics`, which is left as it is.

    Raises:
        DtypeError: `statistics` is not `Statistics`, or `timeout` not a number.
        RangeError: `timeout` is not above 0.
        ShapeError: the ranks have different numbers of features; raised on every rank.
        DistributedError: `torch.distributed` is not initialised, this process is not in `group`, or a rank
            was lost or too late. The group cannot be used after that: destroy
            it and end the process.

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
    n, dropped = ring.rows(statistics)
    if n == 0:
        none = Statistics(statistics.d, device=statistics.M.device)
        return none._holding(none._held._replace(dropped=dropped))
    mean = ring.sum(statistics.shift * statistics.n + statistics.M[-1, :-1]) / n
    M = ring.sum(statistics.about(mean))
    M = M.triu() + M.triu(1).T  # the halves were added in another order
    return statistics._holding(statistics._held._replace(n=n, shift=mean, M=M, dropped=dropped))


class _Ring:
    """The ranks of a group, and sums over them that end."""

    def __init__(self, group: "dist.ProcessGroup | None", device: torch.device, timeout: float) -> None:
        if not (dist.is_available() and dist.is_initialized()):
            raise DistributedError(
                "`merge_ranks` needs torch.distributed, which is not initialised. Start the program with "
                "torchrun, and call torch.distributed.init_process_group('gloo') first."
            )
        self.rank, self.size = dist.get_rank(group), dist.get_world_size(group)
        if self.rank < 0:
            raise DistributedError(
                "`group` must be one that this process is in; it is not. Only ranks of the group may merge."
            )
        self.group = dist.group.WORLD if group is None else group
        config = dist.get_backend_config(group)  # such as "cpu:gloo,cuda:nccl"
        self.device = _reachable(device, config)
        self.timeout = timedelta(seconds=timeout)
        self.options = dist.AllreduceOptions()
        if "nccl" not in config:  # whose watchdog would end the process before `wait` can raise
            self.options.timeout = self.timeout

    def sum(self, values: Tensor) -> Tensor:
        """The sum over the ranks, where `values` are, which may be overwritten."""
        total = values.to(self.device)
        try:
            assert self.group is not None
            self.group.allreduce([total], self.options).wait(self.timeout)
        except RuntimeError as error:
            what = re.sub(r"^\[[^\]]*\] *", "", str(error)).partition(". ")[0]  # without the line in C++
            raise DistributedError(
                f"`merge_ranks` needs all {self.size} ranks within `timeout`, "
                f"{self.timeout.total_seconds():g} s; rank {self.rank} lost touch with another ({what}). "
                "Find the first error among the ranks, then start all of them again."
            ) from error
        return total.to(values.device)

    def rows(self, statistics: Statistics) -> tuple[int, int]:
        """How many rows all ranks have summed and dropped; they must have the same columns."""
        mine = torch.zeros(self.size, 3, dtype=torch.int64, device="cpu")
        mine[self.rank] = torch.tensor([statistics.d, statistics.n, statistics.dropped], device="cpu")
        d, n, dropped = self.sum(mine).unbind(1)
        others = (d != d[0]).nonzero().flatten().tolist()
        if others:
            raise ShapeError(
                f"`statistics` must have as many features on every rank; rank 0 has {int(d[0])}, rank "
                f"{others[0]} has {int(d[others[0]])} ({len(others)} of {self.size} differ from rank 0). "
                "Check the columns of their files."
            )
        return int(n.sum()), int(dropped.sum())


def _reachable(device: torch.device, config: str) -> torch.device:
    """`device` where the backend can send from it, else one from where it can."""
    kinds = [part.partition(":")[0] for part in config.split(",")]
    if device.type in kinds:
        return device
    return torch.device("cuda", torch.cuda.current_device()) if kinds == ["cuda"] else torch.device("cpu")
