r"""The best subset of each size, by trying all $2^d$: exact, where stepwise and greedy methods guess.

Eliminating a column from the products of all columns and `y` leaves the products of what it does not
explain. Column after column, every matrix of products is kept once as it is and once with the column
eliminated: after d rounds there are $2^d$ numbers, the squares that each subset leaves.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.statistics import Statistics
from linreg.closed_form.from_sums import normal_equation, solve_statistics
from linreg.errors import DataError, RangeError
from linreg.keep import ByValue
from linreg.result import Fit, Status

__all__ = ["Subsets", "best_subsets"]

MOST = 20  # a million subsets, and 17 MB at the widest; each column more doubles both
DEPENDENT = 1e-10  # of a column's square, that the others leave: no more than rounding of the sums


@dataclass(frozen=True, eq=False)
class Subsets(ByValue):
    r"""The best subset of each size, from no column to all.

    Standard errors and p-values of a model that was chosen by looking at `y` are not what they say: the
    choice has favoured what chance made large. Judge it on rows that took no part in the choice.

    Args:
        columns: the columns of the best subset of 0, 1, ..., d columns, counted from 0. Sizes that only
            dependent columns reach are left out.
        loss: (k,) their half-mean squared losses, in squared units of `y`.
        r2: (k,) the shares of the variance that they explain, of the squares without an intercept.
        aic: (k,) Akaike's criterion for normal noise, up to a constant: $n \log L + 2 p$, with $L$ the loss
            and $p$ the number of unknowns, `b` among them. Its smallest value marks the subset that should
            predict best.
        bic: (k,) the same with $\log n$ in the place of 2: fewer columns, from 8 rows on.
        fits: the fits; entry i of the weights is that of column i of the subset.
    """

    columns: tuple[tuple[int, ...], ...]
    loss: Tensor
    r2: Tensor
    aic: Tensor
    bic: Tensor
    fits: tuple[Fit, ...]

    def __repr__(self) -> str:
        best = self.columns[int(self.bic.argmin())]
        return f"Subsets(of up to {len(self.columns[-1])} columns; smallest bic: {best})"


@plain
def best_subsets(statistics: Statistics, *, intercept: bool = True) -> Subsets:
    r"""Find, of all subsets of k columns, the one with the smallest loss, for each k from 0 to d.

    All $2^d$ are tried, from the sums alone: the answer is exact, up to rounding of the sums, which cannot
    tell subsets whose losses agree to $\kappa^2 \varepsilon$.

    Cost: some $20 \cdot 2^d$ operations and 16 bytes for each of the $2^d$ subsets, whatever the number of
    rows: less than a second for 20 columns.

    Args:
        statistics: the sums, `Statistics.of(X, y)`, of at most 20 columns.
        intercept: fit `b` in each; it counts as no column.

    Returns:
        The subsets, their losses and fits.

    Raises:
        DtypeError: `statistics` is not `Statistics`.
        DataError: no rows have been added, or `y` is constant.
        RangeError: more than 20 columns.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, sections 3.3.1 and 7.5.

    Examples:
        >>> from linreg import Statistics, ordinary
        >>> X, y, w, b = ordinary()
        >>> found = best_subsets(Statistics.of(X[:, :10], y))
        >>> found.columns[3], found.columns[8]
        ((0, 1, 2), (0, 1, 2, 3, 4, 5, 6, 7))
    """
    p = normal_equation(statistics, intercept)
    if statistics.d > MOST:
        raise RangeError(
            f"`statistics` must be of at most {MOST} columns for all 2^d subsets; got {statistics.d}. "
            "Leave out columns that you would not use, or judge them with ridge or lasso."
        )
    if float(p.yy) <= 0:
        raise DataError("`y` must vary for one subset to be better than another. Check the target.")
    g = p.g / p.yy.sqrt()
    joined = torch.vstack((torch.column_stack((p.G, g)), torch.cat((g, torch.ones_like(g[:1])))))
    chosen = _best(joined)
    fits = tuple(_fit(statistics, columns, intercept) for columns in chosen)
    loss = torch.stack([fit.loss for fit in fits])
    size = torch.tensor([len(columns) + intercept for columns in chosen], device="cpu").to(loss)
    near = statistics.n * loss.log()
    return Subsets(
        chosen, loss, 1 - loss / fits[0].loss, near + 2 * size, near + math.log(statistics.n) * size, fits
    )


def _best(joined: Tensor) -> tuple[tuple[int, ...], ...]:
    """The subsets that leave least of the last row and column, from products (d + 1, d + 1) of length 1."""
    d, S = len(joined) - 1, joined.unsqueeze(0)  # (2^j, d + 1 - j, d + 1 - j) after j rounds
    number = torch.zeros(1, dtype=torch.int64, device=joined.device)  # of a subset: bit j for column j
    size = torch.zeros_like(number)
    for j in range(d):
        kept, row, pivot = S[:, 1:, 1:], S[:, 0, 1:], S[:, 0, 0]
        some = pivot > DEPENDENT  # a column that those before it determine adds nothing: no such subset
        row, pivot = row[some], pivot[some]
        without = kept[some] - row.unsqueeze(2) * (row / pivot.unsqueeze(1)).unsqueeze(1)
        S = torch.cat((kept, without))
        number, size = torch.cat((number, number[some] + (1 << j))), torch.cat((size, size[some] + 1))
    left = S.flatten()
    found = []
    for k in range(d + 1):
        of_size = (size == k).nonzero().flatten()
        if len(of_size):
            best = int(number[of_size[left[of_size].argmin()]])
            found.append(tuple(j for j in range(d) if best >> j & 1))
    return tuple(found)


def _fit(statistics: Statistics, columns: tuple[int, ...], intercept: bool) -> Fit:
    """The fit of some columns, from the sums of all."""
    held = statistics.held
    if not columns:
        b = statistics.y_mean if intercept else torch.zeros_like(statistics.y_mean)
        loss = (statistics.yy / statistics.weight + (statistics.y_mean - b).square()) / 2
        return Fit(b.new_zeros(0), b, Status.OK, "No column: the mean of `y`, or 0.", "mean", loss, 0, 1.0)
    d = statistics.d
    some = torch.tensor([*columns, d], device=held.M.device)
    also = torch.tensor([*columns, d, d + 1], device=held.M.device)
    part = held._replace(
        shift=held.shift[some],
        M=held.M[also][:, also],
        reached=held.reached[some],
        unit=held.unit[some],
    )
    return solve_statistics(Statistics.holding(part), intercept=intercept)
