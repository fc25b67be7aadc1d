r"""`Inference`, what `infer` returns, and `Intervals`, what that predicts."""

from dataclasses import dataclass

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import times_two_to
from linreg.checks import check_w, check_X
from linreg.inference.distributions import t_quantile
from linreg.inference.facts import Errors
from linreg.inference.table import coefficients, number, rejected
from linreg.keep import ByValue
from linreg.result import Fit, Status
from linreg.settings import check_share
from linreg.workers import alone

__all__ = ["Inference", "Intervals"]


@dataclass(frozen=True, eq=False)
class Intervals(ByValue):
    r"""Predictions for new rows, and how far to trust them.

    Args:
        mean: (m,) predictions $x^\top w + b$, in units of `y`.
        se: (m,) standard errors of `mean`.
        low: (m,) where the confidence interval for the mean of `y` at x begins.
        high: (m,) where it ends.
        new_low: (m,) where the prediction interval for one new `y` at x begins: it has noise of its own.
        new_high: (m,) where it ends.
        level: the share of such intervals that hold what they are for.
        message: why numbers are NaN, if some are.
    """

    mean: Tensor
    se: Tensor
    low: Tensor
    high: Tensor
    new_low: Tensor
    new_high: Tensor
    level: float
    message: str

    def __repr__(self) -> str:
        return f"Intervals({len(self.mean)} rows, level={self.level:g})"


@dataclass(frozen=True, eq=False)
class Inference(ByValue):
    r"""A fit with the uncertainty of each of its numbers; printed, the table of a regression.

    The rows are the intercept, if there is one, then the features. NaN is what the data do not tell:
    `status` and `message` say why.

    Args:
        fit: the fit, in float64, its loss measured from residuals.
        names: p names, the first `"Intercept"` where there is one, as in R; `const` in statsmodels.
        estimate: (p,) `b` and `w`.
        se: (p,) standard errors, in the units of each.
        t: (p,) `estimate / se`, without unit.
        p: (p,) probability of a |t| at least as large if the true value is 0.
        low: (p,) where the confidence interval begins.
        high: (p,) where it ends.
        covariance: (p, p) of the estimates.
        n: number of rows of weight above 0; with `frequency` the sum of the weights.
        df: degrees of freedom for the noise, n less the numbers that were fitted.
        s: residual standard error, in units of `y`.
        r2: share of the variance explained; without an intercept of the mean square, about 0.
        adjusted_r2: the same with both sums of squares divided by their degrees of freedom.
        F: of the hypothesis that all weights are 0; with robust errors it is Wald's.
        F_df: its degrees of freedom.
        F_p: the probability of an F at least as large under it.
        errors: `"classical"` or `"HC0"` to `"HC3"`.
        level: of the intervals.
        status: `OK`, or that of the fit, or `NO_NOISE` where the noise cannot be told.
        message: what is not estimable and why, and how many digits the sums leave, else empty.
        basis: what `predict` needs.
    """

    fit: Fit
    names: tuple[str, ...]
    estimate: Tensor
    se: Tensor
    t: Tensor
    p: Tensor
    low: Tensor
    high: Tensor
    covariance: Tensor
    n: int
    df: int
    s: float
    r2: float
    adjusted_r2: float
    F: float
    F_df: tuple[int, int]
    F_p: float
    errors: str
    level: float
    status: Status
    message: str
    basis: Errors

    @plain
    @alone
    def predict(self, X: Tensor, level: float | None = None) -> Intervals:
        r"""Predict new rows, with an interval for the mean of `y` there and one for a single new `y`.

        The variance of the prediction at x is $u^\top \mathrm{Cov}\, u$ with $u = (1, x)$; a new `y` adds
        $s^2$ of its own, taken as equal for all rows (of weight 1) also where the errors are robust.

        Args:
            X: (m, d) features, float32 or float64.
            level: of the intervals, by default that of the table.

        Returns:
            The intervals, float64; NaN, and a message, for rows about which the data say nothing: columns
            that depend on each other in the rows of the fit do not do so there.

        Raises:
            ShapeError: `X` does not have d columns.
            DtypeError: `X` is not float32 or float64, or `level` not a number.
            DeviceError: the devices differ.
            DataError: `X` is empty or holds NaN or infinity.
            RangeError: `level` is not between 0 and 1.

        Examples:
            >>> import torch
            >>> from linreg import infer
            >>> X = torch.tensor([[0.], [1.], [2.], [3.]])
            >>> found = infer(X, torch.tensor([0., 2., 1., 3.]))
            >>> at = found.predict(torch.tensor([[1.5]]), level=0.9)
            >>> print(f"{at.mean.item():.4f} {at.low.item():.4f} {at.new_low.item():.4f}")
            1.5000 0.1149 -1.5971
        """
        X = check_X(X).detach().double()
        check_w(X, self.fit.w)
        level = self.level if level is None else check_share(level, "level")
        design, y = self.basis.design, self.basis.unit[-1:]
        inside = times_two_to(X, -self.basis.unit[:-1])
        known = design.predictable(inside)
        se = self.basis.of(design.rows(inside), known)
        mean = self.fit.predict(X).masked_fill(~known, torch.nan)
        q = t_quantile(level, self.df)  # NaN where no degree of freedom is left
        own = times_two_to((se.square() + self.basis.s**2).sqrt(), y) * q
        se = times_two_to(se, y)
        return Intervals(
            mean, se, mean - q * se, mean + q * se, mean - own, mean + own, level, self._unknown(known, se)
        )

    def _unknown(self, known: Tensor, se: Tensor) -> str:
        if not bool(se.isnan().any()):
            return ""
        if bool(known.all()):
            return self.message
        return (
            f"{int((~known).sum())} of {len(known)} rows have no prediction that the data determine: there, "
            "columns differ that depended on each other in the rows of the fit."
        )

    def __str__(self) -> str:
        columns = (self.estimate, self.se, self.t, self.p, self.low, self.high)
        said = (self._assumed(), self.message)
        return "\n".join([*self._heading(), *coefficients(self.names, "t", self.level, columns, said)])

    def _heading(self) -> list[str]:
        errors = "" if self.errors == "classical" else f", errors {self.errors}"
        about = "" if self.basis.design.intercept else " about 0"
        p = rejected(self.F_p)
        F = f"F({self.F_df[0]}, {self.F_df[1]}) = {number(self.F)}"
        return [
            f"n = {self.n}, df = {self.df}, residual standard error {number(self.s)}{errors}",
            f"R2{about} = {self.r2:.4f}, adjusted {self.adjusted_r2:.4f}; {F}, {p}",
        ]

    def _assumed(self) -> str:
        start = "Standard errors assume the right mean, fixed features and uncorrelated noise"
        if self.errors == "classical":
            return f"{start} of one variance; t and P also that the noise is normal, or n large."
        return f"{start}, of any variances; they, t and P also that n is large."

    def __repr__(self) -> str:
        errors = f"errors={self.errors!r}, status={str(self.status)!r}"
        return f"Inference({len(self.names)} estimates, n={self.n}, df={self.df}, {errors})"
