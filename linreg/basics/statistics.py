r"""One running sum behind every exact answer: all that least squares needs to know of the data.

With $z = (x - \bar x_0,\; y - \bar y_0,\; 1)$ for each sample, the matrix $M = \sum_i z_i z_i^\top$ holds
$n$, the means, $X^\top X$, $X^\top y$ and $y^\top y$: O(d^2) numbers, however many rows. It grows block by
block, adds up across machines, and rows leave it by subtraction. The shift $(\bar x_0, \bar y_0)$, the mean
of the first rows, keeps the sums of columns far from zero from drowning what varies in them.
"""

import os
from typing import Self

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import Held, nothing
from linreg.basics.told import Parabola, mean_of, moments_of
from linreg.checks import check_b, check_finite, check_same_kind, check_w, check_Xy
from linreg.errors import DataError, DeviceError, RangeError, ShapeError
from linreg.keep import ByValue, read, unreadable, write
from linreg.settings import check_count, check_device
from linreg.weights import check_counts, check_weights
from linreg.workers import alone

__all__ = ["Statistics"]


class Statistics(ByValue):
    r"""The sums of least squares over all rows seen so far; float64 whatever the dtype of the data.

    Start empty, `update` block by block, `+` what others have summed, `-` what should leave; then
    `solve_statistics`, or `gradient` for descent whose steps cost the same however many rows there were.
    Merging is exact up to rounding: in any order, any split of the rows gives the same sums to a few
    units in the last place. Subtracting rows costs digits, since the sums keep the rounding errors of the
    squares that have left; `solve_statistics` tells how many digits remain. Numbers whose squares would leave
    the range of float64 are kept divided by powers of two, `unit`.

    Memory: (d + 2)^2 numbers; during `update` three times as many and 2 MB for each thread, whatever the
    number of rows. PyTorch's threads share the rows, and their number changes no bit.

    Args:
        d: number of features.
        device: where the blocks will lie.

    Raises:
        DtypeError: `d` is not an integer.
        RangeError: `d` is below 1.
        DeviceError: `device` is not there.

    Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance, The American
    Statistician 37 (1983), for the merging; the shift is in their section 3.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[0.], [1.], [2.], [3.]]), torch.tensor([1., 3., 5., 7.])
        >>> sums = Statistics(1)
        >>> sums.update(X[:2], y[:2])
        >>> sums.update(X[2:], y[2:])
        >>> sums
        Statistics(n=4, d=1)
        >>> sums.X_mean, sums.gram
        (tensor([1.5000], dtype=torch.float64), tensor([[5.]], dtype=torch.float64))
    """

    def __init__(self, d: int, *, device: torch.device | str = "cpu") -> None:
        k = check_count(d, "d") + 2
        self.held = nothing(torch.zeros(k, k, dtype=torch.float64, device=check_device(device)))

    @classmethod
    def holding(cls, held: Held) -> Self:
        """Statistics that hold what is given."""
        result = cls.__new__(cls)
        result.held = held
        return result

    @classmethod
    @plain
    def of(cls, X: Tensor, y: Tensor, *, weights: Tensor | None = None, frequency: bool = False) -> Self:
        r"""Sum up a data set in one pass.

        Cost: n d^2 operations; memory as for `update`.

        Args:
            X: (n, d) features, float32 or float64.
            y: (n,) targets.
            weights: (n,) as for `update`.
            frequency: as for `update`.

        Returns:
            The statistics, on the device of `X`.

        Raises:
            ShapeError: wrong shapes.
            DtypeError: the dtypes differ or are not float32 or float64.
            DeviceError: the devices differ.
            DataError: empty, NaN or infinite data.

        Examples:
            >>> import torch
            >>> sums = Statistics.of(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
            >>> sums.xy, sums.yy
            (tensor([4.], dtype=torch.float64), tensor(8., dtype=torch.float64))
        """
        X, y = check_Xy(X, y, finite=False)
        sums = cls(X.shape[1], device=X.device)
        sums.update(X, y, weights=weights, frequency=frequency)
        return sums

    @property
    def n(self) -> int:
        """Number of rows; of weighted ones, those with a weight above 0, or the sum of frequencies."""
        return self.held.n

    @property
    def weight(self) -> float:
        """Sum of the weights, `n` where there are none: what a mean is divided by."""
        return self.held.weight

    @property
    def dropped(self) -> int:
        """Number of rows with missing entries that a pass has left out."""
        return self.held.dropped

    @property
    def d(self) -> int:
        """Number of features."""
        return len(self.held.shift) - 1

    @property
    def shift(self) -> Tensor:
        """(d + 1,) what was subtracted from columns and `y`, in units, before they were multiplied."""
        return self.held.shift

    @property
    def M(self) -> Tensor:
        r"""(d + 2, d + 2) $\sum_i z_i z_i^\top$ with $z = (x, y) - $ `shift`, in units, and a 1 after it."""
        return self.held.M

    @property
    def unit(self) -> Tensor:
        """(d + 1,) exponents of the powers of two by which columns and `y` are divided: 0 in most cases.

        Where squares would leave the range of float64, for numbers below 1e-135 or above 1e140, these
        bring them back. All but `shift` and `M` is in the units of the data.
        """
        return self.held.unit

    @property
    def X_mean(self) -> Tensor:
        """(d,) mean of each feature, in its units."""
        return mean_of(self.held)[:-1]

    @property
    def y_mean(self) -> Tensor:
        """() mean of the targets, in units of `y`."""
        return mean_of(self.held)[-1]

    @property
    def gram(self) -> Tensor:
        r"""(d, d) centred Gram matrix $\sum_i (x_i - \bar x)(x_i - \bar x)^\top$; infinite beyond float64."""
        return moments_of(self.held)[: self.d, : self.d]

    @property
    def xy(self) -> Tensor:
        r"""(d,) $\sum_i (x_i - \bar x)(y_i - \bar y)$."""
        return moments_of(self.held)[: self.d, self.d]

    @property
    def yy(self) -> Tensor:
        r"""() $\sum_i (y_i - \bar y)^2$."""
        return moments_of(self.held)[self.d, self.d]

    def about(self, shift: Tensor) -> Tensor:
        """(d + 2, d + 2) the sums of products `M`, as they are with another `shift` (d + 1,) subtracted."""
        return self.held.about(shift).M

    @plain
    @alone
    def update(self, X: Tensor, y: Tensor, *, weights: Tensor | None = None, frequency: bool = False) -> None:
        r"""Add rows, all or none, also when it is interrupted.

        Weights $c_i$ make the loss $\frac{1}{2 \sum_i c_i} \sum_i c_i r_i^2$. They are precisions: $c_i$
        is the variance of the noise, up to a common factor, divided into 1. A row of weight 0 does not
        count, though its entries must be finite. With `frequency` the row has been seen $c_i$ times, and
        the sums are those of all these rows.

        Cost: n d^2 operations for n rows, one pass, no copy of `X`.

        Args:
            X: (n, d) features, float32 or float64.
            y: (n,) targets.
            weights: (n,) without unit, 0 or from 1e-100 to 1e100; by default 1 each.
            frequency: weights are whole numbers and count rows, for `n` as well.

        Raises:
            ShapeError: `X` is not (n, d) with the d of these sums, or `y` or `weights` not (n,).
            DtypeError: the dtypes differ or are not float32 or float64.
            DeviceError: the rows are not where the sums are.
            DataError: empty, NaN or infinite data; weights that are negative, out of range, or, as
                frequencies, no whole numbers.
        """
        X, y = check_Xy(X, y, finite=False)
        if X.shape[1] != self.d:
            raise ShapeError(
                f"`X` must have {self.d} columns, as the rows before; got shape {tuple(X.shape)}. "
                "Check the order and the number of the features, or start new statistics."
            )
        check_same_kind(self.M.to(X.dtype), X, "X", of="statistics.M")
        n = len(X)
        if weights is not None:
            weights = check_weights(y, weights)
            n = check_counts(weights) if frequency else int(weights.count_nonzero())
            if n == 0:  # no row counts, but each must be one that could
                check_finite(X, "X")
                check_finite(y, "y")
                return
        held = self.held.followed()
        new = held.plus(X, y, n, weights)
        if not new.in_range():
            if not bool(new.M.isfinite().all()):
                check_finite(X, "X")
                check_finite(y, "y")
            if weights is not None:  # a row that does not count need not fit into these units
                counting = weights > 0
                X, y, weights = X[counting], y[counting], weights[counting]
            unit = held.unit_with(X, y, new)
            new = held.in_units(unit).plus(X, y, n, weights)
        self.held = new

    def __add__(self, other: Self) -> Self:
        """The sums over the rows of both."""
        return self._combined(other, 1)

    def __sub__(self, other: Self) -> Self:
        """The sums without the rows of `other`, which must have been among them, with their weights."""
        if isinstance(other, Statistics) and other.n > self.n:
            raise RangeError(
                f"`other` must be part of these sums, at most {self.n} rows; got {other.n}. Swap the two."
            )
        return self._combined(other, -1)

    def _combined(self, other: Self, sign: int) -> Self:
        if not isinstance(other, Statistics):
            return NotImplemented
        if other.d != self.d:
            raise ShapeError(
                f"`other` must have {self.d} features; got {other.d}. "
                "Only sums over the same columns combine."
            )
        here = self.M.device
        if other.M.device != here:
            raise DeviceError(
                f"`other` must be on the device of these sums, {here}; got {other.M.device}. "
                "Save `other`, and load it there: Statistics.load(path, device=statistics.M.device)."
            )
        dropped = max(self.dropped + sign * other.dropped, 0)
        return self.holding(self.held.combined(other.held, sign, dropped))

    def copy(self) -> Self:
        """The same sums, to go on with independently."""
        held = self.held
        shift, M, reached, unit = (part.clone() for part in (held.shift, held.M, held.reached, held.unit))
        return self.holding(held._replace(shift=shift, M=M, reached=reached, unit=unit))

    @plain
    def gradient(self, w: Tensor, b: Tensor | float) -> tuple[Tensor, Tensor]:
        r"""Gradient of the half-mean squared loss, $\frac1n \sum_i (x_i^\top w + b - y_i) (x_i, 1)$.

        Cost: 2 d^2 operations, whatever the number of rows.

        Args:
            w: (d,) weights, float64.
            b: () intercept.

        Returns:
            (d,) derivative in w and () derivative in b.

        Raises:
            ShapeError: `w` is not (d,), or `b` not a scalar.
            DtypeError: not float64.
            DeviceError: not where the sums are.
            DataError: no rows have been added.

        Examples:
            >>> import torch
            >>> sums = Statistics.of(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
            >>> sums.gradient(torch.tensor([0.], dtype=torch.float64), 0.0)
            (tensor([-4.3333], dtype=torch.float64), tensor(-3., dtype=torch.float64))
        """
        self.check_rows(1)
        like = self.M[:1, : self.d]  # stands for X in the checks: d columns, float64
        kind = "statistics.M"
        found = Parabola.of(self.held).at(check_w(like, w, of=kind), check_b(like, b, kind))
        return found.dw, found.db

    def check_rows(self, least: int) -> None:
        """Require `least` rows."""
        if self.n < least:
            raise DataError(
                f"`statistics` must hold at least {least} rows; got {self.n}. Add rows with `update`."
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the sums to a file, whole or not at all: a write that fails leaves the old file.

        The checksum of all its bytes stands in the file, in its second line. A process that is killed, or a
        machine without power, can leave a file `linreg-*.part` beside it, which may be deleted.

        Args:
            path: where to; replaced if it exists.

        Raises:
            DtypeError: `path` is neither text nor a path.
            FileError: the file cannot be written.
        """
        write(path, {k: v.cpu() if isinstance(v, Tensor) else v for k, v in self.held._asdict().items()})

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: torch.device | str = "cpu") -> Self:
        """Read what `save` wrote. Numbers are read and nothing else: a forged file cannot run code.

        A changed byte is found, wherever it is: the checksum of the file no longer fits.

        Args:
            path: the file.
            device: where the sums are kept.

        Returns:
            The statistics, as they were.

        Raises:
            DtypeError: `path` is neither text nor a path.
            DeviceError: `device` is not there.
            FileError: there is no such file, or it is damaged or of another kind.
        """
        found = read(path, check_device(device))
        try:
            held = Held.known(found)
        except Exception as error:  # whatever else a file may hold
            raise unreadable(path, "it holds something else") from error
        if held is None:
            raise unreadable(path, "it does not hold sums of rows")
        return cls.holding(held)

    def __repr__(self) -> str:
        weight = f", weight={self.weight:.5g}" if self.weight != self.n else ""
        dropped = f", dropped={self.dropped}" if self.dropped else ""
        return f"Statistics(n={self.n}, d={self.d}{weight}{dropped})"
