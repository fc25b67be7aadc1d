"""What an exercise needs: data whose truth is known, and a check that says what is off."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.data import simulate
from linreg.errors import DataError, DtypeError
from linreg.settings import check_count, check_dtype, check_number

__all__ = ["Ordinary", "check", "ordinary"]

Answer = Tensor | float | bool | str | Sequence[float] | Sequence[Tensor]

WEIGHTS = (3.0, -2.0, 1.5, -1.0, 1.0, -0.5, 0.5, 0.25) + 12 * (0.0,)
INTERCEPT = 2.0
ROUNDED = 0.01  # a factor this near to 1 is what rounding made


class Ordinary(NamedTuple):
    """Data as they occur in practice, and the truth that they were drawn from.

    Attributes:
        X: (300, 20) features.
        y: (300,) targets.
        w: (20,) the true weights; the last twelve are zero.
        b: the true intercept.
    """

    X: Tensor
    y: Tensor
    w: Tensor
    b: float


@plain
def ordinary(seed: int = 0, *, dtype: torch.dtype = torch.float64) -> Ordinary:
    r"""Draw the ordinary data set of this book: 300 rows, 20 features, any two correlated at 0.5.

    The noise is normal with standard deviation 1, the intercept 2, and the weights are 3, -2, 1.5, -1, 1,
    -0.5, 0.5, 0.25 and twelve zeros. With two independent columns many things come out well that do not in
    general: what is said of data on a page should hold here too.

    Args:
        seed: of the generator; another seed gives other rows from the same model.
        dtype: of the tensors.

    Returns:
        `X`, `y` and the truth, on the CPU.

    Raises:
        DtypeError: `seed` is not an integer, or `dtype` not float32 or float64.
        RangeError: `seed` below 0.

    Examples:
        >>> X, y, w, b = ordinary()
        >>> X.shape, y.shape, w.shape
        (torch.Size([300, 20]), torch.Size([300]), torch.Size([20]))
        >>> from linreg import curvature
        >>> print(f"{curvature(X).kappa:.3g}")  # of the Hessian
        35.2
    """
    generator = torch.Generator().manual_seed(check_count(seed, "seed", least=0))
    dtype = check_dtype(dtype)
    X, y = simulate(300, WEIGHTS, INTERCEPT, 1.0, correlation=0.5, dtype=torch.float64, generator=generator)
    return Ordinary(X.to(dtype), y.to(dtype), torch.tensor(WEIGHTS, dtype=dtype, device="cpu"), INTERCEPT)


@plain
def check(yours: Answer, right: Answer, *, tol: float = 1e-3) -> None:
    """Compare an answer to an exercise with the right one: print "right", or what is off.

    What it prints names the mistake and not the answer: another shape, the wrong sign, a factor that all
    entries share, or how many entries are off and by how much.

    Args:
        yours: a number, a truth value, a word, or numbers as a tensor or a list, or a list of tensors.
        right: what it should be.
        tol: by how much an entry may be off, as a share of the largest entry of `right`.

    Returns:
        None; the verdict is printed.

    Raises:
        DtypeError: `yours` cannot be compared with `right`.
        DataError: an entry of `right` is NaN.
        RangeError: `tol` is not above 0.

    Examples:
        >>> import torch
        >>> check(0.5, 0.50001)
        right
        >>> check(torch.tensor([2., 4.]), torch.tensor([1., 2.]))
        not yet: all entries are 2 times as large as they should be
        >>> check([1., 2., 3.5], [1., 2., 3.])
        not yet: 1 of 3 entries is off; the worst, number 2 counted from 0, by 0.5
    """
    print(_verdict(yours, right, check_number(tol, "tol", positive=True)))


def _verdict(yours: Answer, right: Answer, tol: float) -> str:
    if isinstance(right, bool | str):
        if type(yours) is not type(right):
            kind = "True or False" if isinstance(right, bool) else "a word, in quotation marks"
            raise DtypeError(f"`yours` must be {kind}; got {yours!r}. Write {kind}.")
        return "right" if yours == right else "not yet: think again"
    mine, wanted = _numbers(yours, "yours"), _numbers(right, "right")
    if bool(wanted.isnan().any()):
        raise DataError("`right` must be numbers; an entry is NaN. Compute it from data without NaN.")
    if mine.shape != wanted.shape:
        return f"not yet: the shape is {tuple(mine.shape)}, and should be {tuple(wanted.shape)}"
    return _off(mine.flatten(), wanted.flatten(), tol)


def _numbers(value: Answer, name: str) -> Tensor:
    try:
        if isinstance(value, Tensor):
            return value.detach().to("cpu", torch.float64)
        if isinstance(value, list | tuple) and any(isinstance(entry, Tensor) for entry in value):
            return torch.stack([_numbers(entry, name) for entry in value])
        return torch.tensor(value, dtype=torch.float64, device="cpu")
    except (TypeError, ValueError, RuntimeError) as error:
        raise DtypeError(
            f"`{name}` must be a number, or numbers as a tensor or a list; got {type(value).__name__}. "
            "If it is a function, call it."
        ) from error


def _off(mine: Tensor, right: Tensor, tol: float) -> str:
    """What is off, of (k,) entries; "right" if nothing is."""
    size = max([abs(entry) for entry in right.tolist() if math.isfinite(entry)], default=0.0)
    allowed = tol * size if size else tol
    gap = (mine - right).abs().where(mine != right, 0.0)  # infinity is infinity
    wrong = ~(gap <= allowed)  # NaN is wrong as well
    count, k = int(wrong.sum()), len(right)
    if not count:
        return "right"
    if bool(mine.isnan().any()):
        return f"not yet: {int(mine.isnan().sum())} of {k} entries are NaN" if k > 1 else "not yet: NaN"
    factor = _common_factor(mine, right, tol)
    if factor and (k > 1 or _telling(factor)):
        return f"not yet: {_as_words(factor, k)}"
    if k == 1:
        return f"not yet: too {'large' if float(mine) > float(right) else 'small'}"
    verb = "is" if count == 1 else "are"
    worst = int(gap.argmax())
    return (
        f"not yet: {count} of {k} entries {verb} off; the worst, number {worst} counted from 0, "
        f"by {float(gap[worst]):.3g}"
    )


def _common_factor(mine: Tensor, right: Tensor, tol: float) -> float:
    """What all of `right` was multiplied by; 0 where there is no such factor, or none but rounding."""
    largest = int(right.abs().argmax())
    factor = float(mine[largest] / right[largest])  # not finite: then no product below is near
    if abs(factor - 1) < ROUNDED:
        return 0.0
    return factor if bool(((mine - factor * right).abs() <= tol * mine.abs().max()).all()) else 0.0


def _telling(factor: float) -> bool:
    """Whether a single number that is off by it was probably made in the right way but for a 2 or a sign."""
    ratio = max(abs(factor), 1 / abs(factor))
    return abs(ratio - round(ratio)) < 1e-3 * ratio and (factor < 0 or ratio > 1.5) and ratio < 4.5


def _as_words(factor: float, k: int) -> str:
    what = "all entries are" if k > 1 else "it is"
    they = "they" if k > 1 else "it"
    if abs(factor + 1) < 1e-3:
        return f"the sign is wrong{' everywhere' if k > 1 else ''}"
    times = f"{abs(factor):.3g} times as large as {they} should be"
    return f"{what} {times}{', with the wrong sign' if factor < 0 else ''}"
