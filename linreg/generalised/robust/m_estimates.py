r"""Fits that a few gross errors in `y` do not ruin: Huber's and Tukey's.

Both solve $\sum_i c_i \, \psi(r_i / \sigma) \, (x_i, 1) = 0$ for residuals $r_i$ in units of their scale
$\sigma$, the equation of least squares with $\psi$ in the place of the residual itself.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import check_Xy
from linreg.errors import RangeError
from linreg.generalised.robust.reweighting import Course, State
from linreg.generalised.robust.robust_fit import End, RobustFit, in_steps
from linreg.generalised.robust.row_loss import RowLoss
from linreg.generalised.robust.sample import Sample
from linreg.generalised.robust.scale import Scale
from linreg.generalised.robust.subsample import by_sample
from linreg.inference.fitted import fitted
from linreg.result import Status
from linreg.settings import check_choice, check_count, check_dtype, check_number
from linreg.weights import check_some_weight, relative
from linreg.workers import alone

__all__ = ["counted", "huber", "tukey"]

HUBER = 1.345  # of the fit that Tukey's starts from,
BEFORE, NEAR = 200, 1e-6  # its steps, and how far it may be from its end


@plain
@alone
def huber(
    X: Tensor,
    y: Tensor,
    *,
    delta: float = 1.345,
    scale: str | float = "mad",
    consistency: float = 0.6744897501960817,
    intercept: bool = True,
    weights: Tensor | None = None,
    steps: int = 200,
    dtype: torch.dtype | None = None,
) -> RobustFit:
    r"""Minimise Huber's loss: squares up to $\delta \sigma$, straight lines beyond.

    A gross error in `y` pulls with $\delta$ times the scale at most, however large it is. One in `X` is
    another matter: a row with a wrong feature far out pulls the fit as it pulls least squares.

    With a given number for the scale $\sigma$ this is the smallest mean of $\sigma^2 \rho(r / \sigma)$, as
    `torch.nn.functional.huber_loss` with `delta` $\delta \sigma$ has it. `"mad"` has as scale the median of
    $|r|$, divided by `consistency`, at the fit itself, as in statsmodels' `RLM` and, with 0.6745, R's `rlm`.
    `"joint"` minimises $\sum_i c_i (\sigma + \sigma H(r_i / \sigma))$, with $H = 2 \rho$, over the scale as
    well, as scikit-learn's `HuberRegressor` does with `alpha=0` and `epsilon` $\delta$. The last two go with
    `y`: in other units of `y` they are the same fit.

    Cost: n d^2 operations for each step, of which there are usually 5 to 10, and 4 n numbers. Where there are
    at least 65,536 rows and at least 800 d, only a sample of them is fitted so: a twentieth, at least 16,384
    and 200 d. All rows then take 4 n d operations for each pass, of which there are about 8. `X` is not
    copied, and the number of threads of PyTorch changes no bit.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        delta: where the loss becomes straight, in units of the scale; above 1 for `"joint"`.
        scale: `"mad"`, `"joint"`, or a number in units of `y`.
        consistency: what the median of $|r|$ is divided by: as it stands, that of standard normal noise.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) how often each row counts, 0 or above, in the loss and in the scale. Noise of known,
            unequal spread is another matter: divide `y`, `X` and a column of ones by it.
        steps: largest number of steps.
        dtype: of the answer, by default that of `X`.

    Returns:
        The fit; status `RANK_DEFICIENT` when the columns are dependent, `NO_NOISE` when the scale is zero, as
        it is when half of the rows lie on one plane, `NOT_CONVERGED` when the steps ran out, and
        `OUT_OF_RANGE` when `dtype` cannot hold the weights. `steps` are those of the fit, or passes over all
        rows after that of a sample; `condition` is not measured then.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64, or a setting is not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; negative weights, or none above 0.
        RangeError: an unknown `scale`, or a number that is not above 0.

    Source: Huber and Ronchetti, Robust Statistics, sections 7.3 (the equations), 7.7 (the joint scale)
    and 7.8 (the steps).

    Examples:
        >>> import torch
        >>> X, y = torch.arange(6.).unsqueeze(1), torch.tensor([1.5, 2.5, 50., 7.5, 8.5, 10.5])
        >>> fit = huber(X, y)
        >>> print(f"{float(fit.w):.4f} {float(fit.b):.4f} {float(fit.scale):.4f}")
        1.8428 1.4768 0.6248
        >>> fit.row_weights
        tensor([1.0000, 1.0000, 0.0187, 1.0000, 1.0000, 1.0000])
    """
    delta = check_number(delta, "delta", positive=True)
    measure = _scale(scale, delta, consistency, ("mad", "joint"))
    rows, steps = counted(X, y, weights, dtype), check_count(steps, "steps")
    found = by_sample(rows.X, rows.y, rows.C, intercept, delta, measure)
    if found is None:
        sample = rows.sample(intercept)
        course = Course(sample, "huber", delta, _in_units(measure, sample))
        found = course, course.run(course.start(), steps)
    return _fit(*found, "huber", rows)


@plain
@alone
def tukey(
    X: Tensor,
    y: Tensor,
    *,
    delta: float = 4.685,
    scale: str | float = "mad",
    consistency: float = 0.6744897501960817,
    intercept: bool = True,
    weights: Tensor | None = None,
    steps: int = 200,
    dtype: torch.dtype | None = None,
) -> RobustFit:
    r"""Minimise Tukey's biweight loss, level beyond $\delta \sigma$: rows out there do not count at all.

    The loss has several minima, and no method finds the smallest one for certain. This one starts from
    Huber's fit with $\delta = 1.345$ and goes down to the next; so it starts where gross errors in `y` have
    little say, and where a wrong feature far out has led Huber's fit astray it stays there.

    Cost: that of `huber`, and as much again.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        delta: from where on a row does not count, in units of the scale.
        scale: `"mad"`, as for `huber`, or a number in units of `y`.
        consistency: what the median of $|r|$ is divided by.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) how often each row counts, as for `huber`.
        steps: largest number of steps, those of Huber's fit not counted.
        dtype: of the answer, by default that of `X`.

    Returns:
        The fit. Status `OK` means a stationary point, where no small step helps: there may be a better one.
        `RANK_DEFICIENT` as well where the rows that still count do not determine the weights: with a number
        for the scale that is too small. All other statuses as for `huber`.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64, or a setting is not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; negative weights, or none above 0.
        RangeError: an unknown `scale`, or a number that is not above 0.

    Source: Maronna, Martin, Yohai and Salibián-Barrera, Robust Statistics, section 5.3; the loss: Beaton
    and Tukey, The fitting of power series, Technometrics 16 (1974).

    Examples:
        >>> import torch
        >>> X, y = torch.arange(6.).unsqueeze(1), torch.tensor([1.5, 2.5, 50., 7.5, 8.5, 10.5])
        >>> fit = tukey(X, y)
        >>> print(f"{float(fit.w):.4f} {float(fit.b):.4f} {float(fit.scale):.4f}")
        1.8669 1.2436 0.6426
        >>> fit.row_weights[2]  # the row of 50
        tensor(0.)
    """
    delta = check_number(delta, "delta", positive=True)
    measure = _scale(scale, delta, consistency, ("mad",))
    rows, steps = counted(X, y, weights, dtype), check_count(steps, "steps")
    sample = rows.sample(intercept)
    measure = _in_units(measure, sample)
    first = Course(sample, "huber", HUBER, measure)
    start = first.run(first.start(), BEFORE, NEAR)
    course = Course(sample, "tukey", delta, measure)
    state = course.run(course.start(start.u), steps)
    return _fit(course, state, "tukey", rows)


def _scale(scale: object, delta: float, consistency: float, ways: tuple[str, ...]) -> Scale:
    consistency = check_number(consistency, "consistency", positive=True)
    if not isinstance(scale, str):
        return Scale("fixed", delta, check_number(scale, "scale", positive=True))
    check_choice(scale, "scale", ways)
    if scale == "joint" and delta <= 1:
        raise RangeError(
            f"`delta` must be above 1 for `scale='joint'`, or the scale would be 0; got {delta!r}. Try 1.35."
        )
    return Scale(scale, delta, consistency)


def _in_units(scale: Scale, sample: Sample) -> Scale:
    """A fixed scale in the units in which `y` is computed with."""
    if scale.way != "fixed":
        return scale
    return scale._replace(number=scale.number * 2.0 ** -float(sample.found.unit[-1]))


class Counted(NamedTuple):
    """The rows that count."""

    X: Tensor
    y: Tensor
    C: Tensor | None
    counting: Tensor | None  # (n,) which of all rows these are, if not all
    dtype: torch.dtype  # of the answer

    def sample(self, intercept: bool) -> Sample:
        """These, with their least-squares fit."""
        C = None if self.C is None else self.C.to(self.X.dtype)
        found = fitted(self.X, self.y, intercept=intercept, weights=C)
        return Sample(found, found.rows.X, found.rows.y, self.C)


def counted(X: Tensor, y: Tensor, weights: Tensor | None, dtype: torch.dtype | None) -> Counted:
    """The rows with a weight above 0; the others must be usable all the same."""
    kind = None if dtype is None else check_dtype(dtype)
    X, y = check_Xy(X, y, finite=False)
    if weights is None:
        return Counted(X, y, None, None, kind or X.dtype)
    C = relative(check_some_weight(y, weights))
    if bool(C.all()):
        return Counted(X, y, C, None, kind or X.dtype)
    counting = C > 0
    check_Xy(X, y)
    return Counted(X[counting], y[counting], C[counting], counting, kind or X.dtype)


def _fit(course: Course, state: State, method: str, rows: Counted) -> RobustFit:
    # without a scale the rows on the fit count, as far as rounding tells, and hardly any other
    unit = course.sample.rounding(state.u) if course.no_scale(state) else state.sigma
    row = course.at(state.pull.r / (unit or 1.0))
    status, message = _verdict(course, state, row)

    def value(r: Tensor) -> float:
        return course.value(r, unit or 1.0) * unit**2

    loss = course.sample.mean(row.value) * unit**2
    end = End(
        course.sample, state.u, method, loss, value, 2, state.sigma, row.weight, status, message, state.steps
    )
    return end.fit(rows.dtype, rows.counting)


def _verdict(course: Course, state: State, row: RowLoss) -> tuple[Status, str]:
    n, held = len(row.weight), int((row.weight < 1).sum())
    if course.no_scale(state):
        return Status.NO_NOISE, (
            "The scale of the residuals is zero, or rounding: so many rows lie on this fit that they tell "
            "nothing of the noise. If you know its scale, pass the number."
        )
    if course.untold(row):
        return Status.RANK_DEFICIENT, (
            f"Only {int((row.weight > 0).sum())} of {n} rows still count, and they do not determine the "
            "weights. Give a larger `scale` or `delta`."
        )
    if not course.arrived(state):
        return Status.NOT_CONVERGED, f"After {in_steps(state.steps)} it still moves. Give it more `steps`."
    if course.loss == "tukey":
        out = int((row.weight == 0).sum())
        return Status.OK, (
            f"A stationary point, {in_steps(state.steps)} from Huber's fit, and there may be better ones: "
            f"{out} of {n} rows do not count."
        )
    return Status.OK, f"{in_steps(state.steps)}: {held} of {n} rows are farther than {course.delta:g} scales."
