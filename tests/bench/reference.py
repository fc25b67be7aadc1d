"""The right answer for the very numbers that the solvers get, from arithmetic that none of them uses."""

from fractions import Fraction
from operator import mul

import numpy as np

ROWS = 1 << 13


def refined(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[b, w] of a well-conditioned problem: residuals and gradients in 80-bit numbers correct a first answer.

    Each pass multiplies the error by about kappa^2 1e-16, down to the rounding of `longdouble` (1e-19 where
    it has 64 bits), far below what a float64 can show.
    """
    d = X.shape[1]
    gram, right = np.zeros((d + 1, d + 1)), np.zeros(d + 1)
    for A, t in rows(X, y, np.float64):
        gram += A.T @ A
        right += A.T @ t
    theta = np.linalg.solve(gram, right).astype(np.longdouble)
    for _ in range(2):
        slope = np.zeros(d + 1, dtype=np.longdouble)
        for A, t in rows(X, y, np.longdouble):
            slope += (t - A @ theta) @ A
        theta += np.linalg.solve(gram, slope.astype(np.float64))
    return theta.astype(np.float64)


def rows(X: np.ndarray, y: np.ndarray, dtype: type):
    """Blocks of [1, X] and y, converted."""
    for i in range(0, len(y), ROWS):
        block = X[i : i + ROWS].astype(dtype)
        yield np.column_stack((np.ones(len(block), dtype), block)), y[i : i + ROWS].astype(dtype)


def rational(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[b, w] in exact arithmetic, rounded once: for any condition number, and few columns."""
    columns = [[1] * len(y), *(whole(column) for column in X.T), whole(y)]
    gram = [[Fraction(sum(map(mul, a, c))) for c in columns] for a in columns]
    system = gram[:-1]  # (d + 1, d + 2): the normal equation of the scaled integers
    for i, pivot in enumerate(system):
        pivot[:] = [value / pivot[i] for value in pivot]
        for other in system[:i] + system[i + 1 :]:
            factor = other[i]
            other[:] = [a - factor * c for a, c in zip(other, pivot, strict=True)]
    units = [Fraction(1), *(unit(column) for column in X.T)]
    return np.array([float(row[-1] * unit(y) / u) for row, u in zip(system, units, strict=True)])


def unit(column: np.ndarray) -> Fraction:
    """The power of two of which all entries are multiples."""
    smallest = np.abs(column[column != 0]).min()
    return Fraction(2) ** (int(np.frexp(np.float64(smallest))[1]) - 53)


def whole(column: np.ndarray) -> list[int]:
    """The entries in that unit, as Python's integers."""
    shift = unit(column)
    shift_up = shift.denominator.bit_length() - shift.numerator.bit_length()
    parts = (value.as_integer_ratio() for value in column.astype(np.float64).tolist())
    return [(p << shift_up) // q if shift_up >= 0 else p // (q << -shift_up) for p, q in parts]


def digits(found: np.ndarray, truth: np.ndarray) -> float:
    """Correct digits of the worst coefficient, at most 16; NaN where there is no answer."""
    if not np.isfinite(found).all():
        return float("nan")
    error = float(np.max(np.abs((found - truth) / truth)))
    return 16.0 if error == 0 else float(np.clip(-np.log10(error), 0, 16))
