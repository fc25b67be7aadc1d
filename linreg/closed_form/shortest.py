r"""Of all answers with the smallest loss the shortest, where columns depend on each other.

With $X = A D$, the columns of $A$ of length 1 and their lengths on the diagonal of $D$, a minimiser is
$w = D^{-1} v$, and adding to $v$ whatever $A$ takes to zero gives all others. To project in units that
differ by 1e16 would lose every digit of the small ones, and with them the predictions: the weights are
paired off instead, the columns of the largest numbers first, and the predictions have the last word.
"""

import torch
from torch import Tensor

__all__ = ["shortest", "shortest_text"]

RATIO = 1e4  # of lengths, up to which a plain projection keeps 12 digits of the shortest
MOST = 1e-6  # doubt: where even less is certain of the rows, what they say is all there is to go by
FAR = 1e4  # times as long as v: a move along directions that rounding has made


def shortest(v: Tensor, rows: Tensor, size: Tensor, doubt: float) -> tuple[Tensor, bool]:
    """The minimiser v (d,), for columns of length 1, whose weights v / size are the shortest.

    Args:
        v: (d,) any minimiser.
        rows: (rank, d) orthonormal, in whose span all predictions are decided.
        size: (d,) lengths of the columns, above 0, in any common unit.
        doubt: how far an entry of the rows may be off.

    Returns:
        The minimiser, with the predictions of `v` to a rounding, and whether it is the shortest as far as
        rounding lets tell.

    Source: Golub and Van Loan, Matrix Computations, section 5.5.5; rows of very different size: Björck,
    Numerical Methods for Least Squares Problems, section 4.4.
    """
    if len(rows) in (0, len(v)):
        return v, True
    doubt = min(doubt, MOST)
    counts = rows.abs().amax(0) > doubt  # not so a column of zeros, whose size may be anything
    size = size.where(counts, size[counts].amin())
    size = (size / size.max()).clamp(min=torch.finfo(size.dtype).tiny ** 0.5)  # its squares are in range
    if float(size.min()) * RATIO >= 1:
        span = torch.linalg.qr((rows * size).T).Q  # (d, rank)
        moved, certain = span @ (span.T @ (v / size)) * size, True
        moved += rows.T @ (rows @ (v - moved))  # what a sum in these units has rounded
    else:
        moved, certain = _paired(v, rows, size, doubt)
    if not float((moved - v).abs().max()) <= FAR * float(v.abs().max()):
        return v, False
    return moved, certain


def _paired(v: Tensor, rows: Tensor, size: Tensor, doubt: float) -> tuple[Tensor, bool]:
    """With the columns K as those of J times F, every choice of w_K has one w_J, and the same predictions.

    J takes the large columns first, so that G = F size_K / size_J has no large entries, and
    |w|^2 = |w_J|^2 + |w_K|^2 is smallest at the answer of a well-conditioned system.
    """
    J = _independent(rows, size, doubt)
    inside = torch.zeros_like(size, dtype=torch.bool)
    inside[J] = True
    K = (~inside).nonzero().flatten()
    F = torch.linalg.solve(rows[:, J], rows[:, K])  # (rank, d - rank)
    G = F * (size[K] / size[J].unsqueeze(1))
    # What rounding has left where a zero belongs would couple the weights of columns of any size.
    noise = F.abs() <= doubt
    certain = not bool((noise & (G.abs() > RATIO**-1)).any())
    G = G.masked_fill(noise, 0)
    w = v / size
    base = w[J] + G @ w[K]
    M = torch.addmm(torch.eye(len(J), dtype=G.dtype, device=G.device), G, G.T)
    w_K = G.T @ torch.cholesky_solve(base.unsqueeze(1), torch.linalg.cholesky_ex(M).L).squeeze(1)
    moved = v.clone()
    small = size <= size.new_tensor(torch.finfo(size.dtype).tiny ** 0.5)
    moved[K] = (w_K * size[K]).masked_fill(small[K], 0)  # its weight is nothing beside one of J
    certain = certain and not bool(small[J].any() & small[K].any())
    moved[J] = v[J] + F @ (v[K] - moved[K])
    return moved, certain


def _independent(rows: Tensor, size: Tensor, doubt: float) -> Tensor:
    """As many columns as there are rows, independent, the longest of what is left of each first."""
    left, chosen = rows.clone(), []
    for _ in range(len(rows)):
        length = torch.linalg.vector_norm(left, dim=0)
        j = int((length * size * (length > doubt)).argmax())
        q = left[:, j] / length[j]
        for _ in range(2):  # twice is enough
            left.sub_(torch.outer(q, q @ left))
        chosen.append(j)
    return torch.tensor(chosen, device=rows.device)


def shortest_text(d: int, rank: int, certain: bool) -> str:
    """What a fit with dependent columns says of itself."""
    which = (
        "of all answers with this loss, this w is the shortest"
        if certain
        else "this w has the smallest loss; which such answer is the shortest, rounding hides"
    )
    return (
        f"The {d} columns have rank {rank}: {which}. "
        "Its predictions of such rows mean something, the weights of columns that depend on each other do "
        "not; drop the columns that repeat others."
    )
