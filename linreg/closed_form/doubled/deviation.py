r"""The diagonal of $(X^\top X)^{-1}$, of whose roots standard errors are made, to the last digit.

A float64 triangle R gives it with an error of $\kappa\varepsilon$. But $Q = X R^{-1}$, computed in twice
the precision, shows how far R is off: $Q^\top Q$ would be I. From
$(X^\top X)^{-1} = R^{-1} (Q^\top Q)^{-1} R^{-\top}$ the diagonal comes as a sum of squares, in which
nothing cancels.
"""

import math

import torch
from torch import Tensor

from linreg.closed_form.doubled.arithmetic import (
    Doubled,
    as_doubled,
    fast_two_sum,
    mul,
    power_of_two,
    total,
    two_prod,
    two_sum,
)
from linreg.closed_form.doubled.residual import leading, some_rows

__all__ = ["deviations"]

BLOCK = 65536  # entries of X taken at a time


def deviations(
    X: Tensor | Doubled,
    R: Tensor,
    shift: Tensor,
    scale: Tensor,
    intercept: bool,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Deviations of w and b for noise of 1, the roots of the diagonal of $(\tilde X^\top \tilde X)^{-1}$.

    Cost: 10 to 20 products of n d^2 operations, the more the larger the condition number; extra memory of a
    few MB besides O(d^2).

    Args:
        X: (n, d) features, float32, float64 or `Doubled`.
        R: (k, k) triangle of a float64 QR factorisation of [(X - shift) / scale, 1], or of X / scale
            without an intercept.
        shift: (d,) what was subtracted; zero without an intercept.
        scale: (d,) powers of two, such that no entry of the factorised matrix is above 2.
        intercept: whether R has the column of ones, last.
        weights: (n,) above 0, at most 1: the rows of the matrix have been multiplied by their roots.

    Returns:
        (d,) deviations of the weights and () of the intercept, which is 0 without one.

    Source: Yamamoto, Nakatsukasa, Yanagisawa and Fukaya, Roundoff error analysis of the CholeskyQR2
    algorithm, section 2; the exact products: Ozaki, Ogita, Oishi and Rump, Error-free transformations of
    matrix multiplication by using fast routines of matrix multiplication and its applications, section 3.
    """
    identity = torch.eye(len(R), dtype=R.dtype, device=R.device)
    inverse = torch.linalg.solve_triangular(R, identity, upper=True)
    left = _left(X, R, inverse, shift, scale, weights)  # Q'Q - I
    columns = inverse.T  # (k, k), that of unknown j is row j of R^-1
    if intercept:
        # b = c - shift w, with c the constant beside centred columns.
        to_b = torch.cat((-shift / scale, torch.ones_like(shift[:1])))
        p, e = two_prod(inverse, to_b.unsqueeze(1))
        columns = torch.column_stack((columns[:, :-1], total(Doubled(p, e), 0).hi))
    p, e = two_prod(columns, columns)
    squares = total(Doubled(p, e), 0).hi
    diagonal = squares - (columns * torch.linalg.solve(identity + left, left @ columns)).sum(0)
    d = len(scale)
    return diagonal[:d].sqrt() / scale, diagonal[d:].sqrt().sum()


def _left(
    X: Tensor | Doubled, R: Tensor, inverse: Tensor, shift: Tensor, scale: Tensor, weights: Tensor | None
) -> Tensor:
    """Q'Q - I (k, k) for Q = [(X - shift) / scale, 1] R^-1, with an absolute error below eps / 4."""
    k = len(R)
    top = power_of_two(inverse.abs().amax(0))  # (k,) of each column
    # Layers of this many bits have exact products, summed over k and up to 8 layers; so many of them that
    # what is cut off, random in sign, moves Q by less than eps / 8 of its length.
    bits = (55 - math.ceil(math.log2(8 * k))) // 2
    length = len(leading(X)) ** 0.5 * float(torch.linalg.vector_norm(inverse))
    count = math.ceil((56 + math.log2(k**0.5 * length)) / bits)
    right = layers(as_doubled(inverse / top), bits, count)
    right = right.flip(1).transpose(0, 1).reshape(-1, k)  # (count k, k), finest first
    coarse, fine = torch.zeros_like(R), torch.zeros_like(R)
    rows = max(BLOCK // k, 1)
    for first in range(0, len(leading(X)), rows):
        some = slice(first, first + rows)
        Z = _columns(some_rows(X, some), shift, scale, k)
        if weights is not None:
            Z = mul(Z, _root(weights[some].unsqueeze(1)))
        left = layers(Z, bits, count).flatten(1)  # (m, count k), coarsest first
        hi, lo = left[:, :k] @ right[-k:], torch.zeros_like(Z.hi)
        for level in range(2, count + 1):  # the sum of layer i times layer level - i, without error
            hi, e = two_sum(hi, left[:, : level * k] @ right[-level * k :])
            lo += e
        Q, rest = _cut(hi * top, lo * top)
        coarse += Q.T @ Q
        cross = Q.T @ rest
        fine += cross + cross.T + rest.T @ rest
    return coarse.sub_(torch.eye(k, dtype=R.dtype, device=R.device)).add_(fine)


def _root(a: Tensor) -> Doubled:
    """The square root of numbers above 0, in twice the precision."""
    root = a.sqrt()
    p, e = two_prod(root, root)
    return Doubled(root, ((a - p) - e) / (2 * root))


def _cut(hi: Tensor, lo: Tensor) -> tuple[Tensor, Tensor]:
    """Multiples of 2^-26 and the rest. Columns of length 1 of such have products that sum without error."""
    step = 1.5 * 2.0**26
    Q = (hi + step).sub_(step)
    return Q, hi.sub_(Q).add_(lo)


def _columns(X: Tensor | Doubled, shift: Tensor, scale: Tensor, k: int) -> Doubled:
    """[(X - shift) / scale, 1] of some rows (m, k), without error unless X is a `Doubled`."""
    hi, lo = two_sum(leading(X).double(), -shift)
    if isinstance(X, Doubled):
        hi, lo = fast_two_sum(hi, lo + X.lo)
    one = torch.ones_like(hi[:, : k - len(scale)])
    return Doubled(torch.hstack((hi / scale, one)), torch.hstack((lo / scale, 0 * one)))


def layers(a: Doubled, bits: int, count: int) -> Tensor:
    """Cut `a` (m, k), at most 2, into multiples of 2^(2 - bits), 2^(2 - 2 bits), ..., each of `bits` bits."""
    hi, lo = a
    cut = hi.new_empty(len(hi), count, hi.shape[1])
    for i in range(count):
        if i > 1:  # until then hi has bits above those of lo
            hi, lo = two_sum(hi, lo)
        step = 1.5 * 2.0 ** (54 - (i + 1) * bits)
        q = torch.add(hi, step, out=cut[:, i]).sub_(step)
        hi = hi - q
    return cut
