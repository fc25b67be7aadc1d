r"""Many machines, one sum: every process adds up its own rows, and the sums meet once.

Started by `torchrun`, each process (a *rank*) calls `Statistics.update` on its share of the rows and
then `merge_ranks`. What travels is $(d + 2)^2$ numbers per rank, whatever the number of rows.
"""

import torch.distributed as dist

from linreg.ambient import plain
from linreg.basics.merging import merged
from linreg.basics.statistics import Statistics
from linreg.errors import DtypeError
from linreg.ring import Ring
from linreg.settings import check_number

__all__ = ["merge_ranks"]


@plain
def merge_ranks(
    statistics: Statistics, *, group: "dist.ProcessGroup | None" = None, timeout: float = 1800.0
) -> Statistics:
    r"""Add up the sums of all ranks; every rank gets the same total, as if one process had read all rows.

    The ranks first agree on a shift, the mean of all rows; about it each moves its own sums, and one
    all-reduce adds them. Every rank of the group must call this, those without rows too.

    Cost: one all-reduce of (d + 2)^2 numbers after two small ones, of 2 (d + 1) numbers and of four per rank
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
            destroyed or has a backend that does not sum, or a rank was lost or too late. The group cannot be
            used after that: destroy it and end the process.

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
    return merged(statistics, Ring(group, check_number(timeout, "timeout", positive=True), "merge_ranks"))
