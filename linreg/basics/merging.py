"""The sums of all ranks, as if one process had read all rows: about one shift, in the same units, added once.

The ranks first agree on a shift, the mean of all rows; about it each moves its own sums.
"""

import torch
from torch import Tensor

from linreg.basics.held import Held
from linreg.basics.statistics import Statistics
from linreg.ring import Ring

__all__ = ["merged"]

NONE = -9999.0  # below the unit of any number


def merged(statistics: Statistics, ring: Ring) -> Statistics:
    """The sums of all ranks of the ring, each of which calls this with its own; the same bits on each."""
    n, dropped, scaled = _rows(statistics, ring)
    if n == 0:
        none = Statistics(statistics.d, device=statistics.M.device)
        return none.holding(none.held._replace(dropped=dropped))
    held = statistics.held
    if scaled:
        held = held.in_units(_unit(held, ring))
    weight = held.M[-1, -1:]
    totals = torch.cat((held.shift * weight + held.M[-1, :-1], weight))
    total, reached = ring.sum(torch.stack((totals, torch.cat((held.reached, weight)))))
    held = held.about(total[:-1] / total[-1])
    M = ring.sum(held.M)
    M = M.triu() + M.triu(1).T  # the halves were added in another order
    held = held._replace(n=n, reached=reached[:-1], dropped=dropped)
    return statistics.holding(held.summing(M).shrunk())


def _rows(statistics: Statistics, ring: Ring) -> tuple[int, int, bool]:
    """The rows that all ranks have summed and dropped, of the same columns, and whether any has units."""
    scaled = bool(statistics.unit.any())
    told = ring.told([statistics.d, statistics.n, statistics.dropped, int(scaled)])
    ring.check_features(told[:, 0], "statistics")
    n, dropped, units = told[:, 1:].sum(0).tolist()
    return n, dropped, units > 0


def _unit(held: Held, ring: Ring) -> Tensor:
    """(d + 1,) the units of all ranks, as two of them would agree on."""
    largest = ring.rows(held.unit.where(held.counts(), NONE)).amax(0)
    return largest.where(largest > NONE, 0)
