r"""A direction that separates classes: no row lies on the wrong side of it, and some lie on the right one.

Along it the loss of some rows goes down for ever, and that of no row goes up: the loss has no minimum. If all
rows lie on the right side the classes are *completely* separated. If some lie on the boundary, they are
*quasi-completely*; these must lie on it to the last digit, or the direction would in the end do harm.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.generalised.classes.likelihood import Block, Likelihood, products
from linreg.keep import ByValue

__all__ = ["Direction", "Separation", "separating"]

EPS = torch.finfo(torch.float64).eps
STILL = 0.1  # gaps that a step of Newton's leaves where they are: it adds about 1 where classes are separated
NOTHING = 1e-12  # squared length of what the rows on the boundary may have along a direction within it
ROUNDINGS = 8  # times eps, of what a gap is the sum of
REFINED = 2


@dataclass(frozen=True, eq=False)
class Separation(ByValue):
    r"""A direction along which the log-loss goes down for ever: why a fit has no weights.

    Scaled so that each row off the boundary lies at least 1 on the side of its class.

    Args:
        w: (d,) weights of the direction; (d, K) of scores of K classes, which add up to 0.
        b: () intercept; (K,) of K classes.
        complete: whether no row lies on the boundary.
        undecided: number of rows on the boundary, where the scores of their class and of another are equal to
            rounding.
    """

    w: Tensor
    b: Tensor
    complete: bool
    undecided: int

    def __repr__(self) -> str:
        return f"Separation(complete={self.complete}, undecided={self.undecided})"


class Direction(NamedTuple):
    """The same in coordinates."""

    v: Tensor  # (q, k)
    undecided: int
    settled: bool  # whether it is certain that no direction takes more rows off the boundary


def separating(of: Likelihood, u: Tensor, v: Tensor) -> Direction | None:
    """The direction near v (q, k) that separates classes, or None; v moves by 1, about, what it separates.

    At u (q, k) chances of rows on the boundary tell whether these could be separated as well.
    """
    v = of.shared(v)
    inside = _boundary(of, v)
    if inside is None:
        return None
    n, N, inverse = inside
    near = v
    if n:
        v = of.shared((N @ (N.T @ v.flatten())).view_as(v))
        for _ in range(REFINED):  # what rounding the squares of the boundary has left
            v = of.shared(v - (inverse @ _on_boundary(of, near, v)).view_as(v))
    found = _checked(of, v)
    if found is None or not found.undecided:
        return found
    return found._replace(settled=_settled(of, near, u, N))


def _boundary(of: Likelihood, v: Tensor) -> tuple[int, Tensor, Tensor] | None:
    """Gaps that v leaves; what does not move these (q k, r), and the pseudoinverse of their squares."""

    def make(block: Block) -> tuple[Tensor, Tensor]:
        gaps = of.family.gaps(of.margins(block.z, v), block.t)
        still = (gaps <= STILL).double()
        squares = products(block.z, of.family.pairs(still, block.t))
        return torch.cat((still.sum().reshape(1), squares)), -gaps.min().reshape(1)

    total, most = of.over(make, v)
    if float(most) > STILL:
        return None
    values, V = torch.linalg.eigh(of.square(total[1:]))
    none = values <= NOTHING * max(float(values[-1]), 1e-300)
    if float(total[0]) and not bool(none.any()):
        return None
    W = V[:, ~none]
    return int(total[0]), V[:, none], (W / values[~none]) @ W.T


def _on_boundary(of: Likelihood, near: Tensor, v: Tensor) -> Tensor:
    """(q k,) what is left along v of gaps that `near` leaves, times what they are made of."""

    def make(block: Block) -> tuple[Tensor, Tensor]:
        still = of.family.gaps(of.margins(block.z, near), block.t) <= STILL
        gaps = of.family.gaps(of.margins(block.z, v), block.t)
        left = block.z.T @ of.family.pull(-gaps.where(still, 0), block.t)
        return left[: of.q].flatten(), left.new_zeros(0)

    return of.over(make, near, v)[0]


def _checked(of: Likelihood, v: Tensor) -> Direction | None:
    """The direction, scaled, if it does separate classes: from the rows themselves, to rounding."""
    W, b = of.D @ v, of.by @ v
    W_size, b_size = of.D.abs() @ v.abs(), of.by.abs() @ v.abs()

    def make(block: Block) -> tuple[Tensor, Tensor]:
        X = block.X - of.design.shift
        gaps = of.family.gaps(X @ W + b, block.t)
        size = torch.linalg.vector_norm(X.abs() @ W_size + b_size, dim=1, keepdim=True)
        rounding = ROUNDINGS * EPS * of.family.steep * size
        on = (gaps <= rounding).any(1)
        extremes = (-(gaps + rounding).min(), -gaps.where(gaps > rounding, torch.inf).min())
        return on.sum().double().reshape(1), torch.stack(extremes)

    total, (wrong, nearest) = of.over(make, v)
    if float(wrong) > 0 or not -float(nearest) < torch.inf:
        return None
    return Direction(v / -nearest, int(total[0]), True)


def _settled(of: Likelihood, near: Tensor, u: Tensor, N: Tensor) -> bool:
    """Whether no direction separates what `near` leaves on the boundary.

    By the theorem of `newton`, which holds for any numbers above 0 in the place of the chances: here those
    at u, of the gaps on the boundary alone, along directions that are not within it.
    """

    def make(block: Block) -> tuple[Tensor, Tensor]:
        still = of.family.gaps(of.margins(block.z, near), block.t) <= STILL
        others = of.family.others(of.margins(block.z, u), block.t) * still
        slope = of.family.pull(others, block.t)
        length = torch.linalg.vector_norm(block.z, dim=1)
        pull = (length @ torch.linalg.vector_norm(slope, dim=1)).reshape(1)
        bend = products(block.z, of.family.pairs(others, block.t))
        return torch.cat((pull, (block.z.T @ slope).flatten(), bend)), length.max().reshape(1)

    total, far = of.over(make, near, u)
    slope, bend = of.inside(total[1:])
    W = torch.linalg.qr(N, mode="complete").Q[:, N.shape[1] :]
    steep = float(torch.linalg.vector_norm(W.T @ slope.flatten())) + ROUNDINGS * EPS * float(total[0])
    least = float(torch.linalg.eigvalsh(W.T @ bend @ W)[0]) - ROUNDINGS * EPS * len(bend)
    return least > of.family.steep * float(far) * steep
