r"""Standard errors for noise of unequal variance: the sandwich, with HC0 to HC3 as its filling.

In the coordinates of the design the bread is the identity, and the filling
$S = \sum_i r_i^2 / (1 - h_i)^p \; z_i z_i^\top$ is the covariance itself.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import NARROW, add_batch
from linreg.inference.fitted import Fitted
from linreg.inference.passes import Block

__all__ = ["HC", "filling"]

HC = {"HC0": 0.0, "HC1": 0.0, "HC2": 0.5, "HC3": 1.0}  # the power of 1 - h by which residuals are divided


class Filling(NamedTuple):
    """What a pass over the rows has found."""

    S: Tensor  # (q, q) covariance in the coordinates of the design
    rss: Tensor  # () sum of squared residuals
    lone: Tensor  # (m, q) rows of leverage one: what only each of them tells has no error to go by


def filling(found: Fitted, errors: str) -> Filling:
    """S, from a pass over the rows.

    A row of leverage one has residual 0 and no part in S: r / (1 - h), which would be 0 / 0, is left out, and
    with it the one direction that no other row says anything about.
    """
    power = HC[errors]
    lone: list[Tensor] = []

    def products(block: Block) -> Tensor:
        r, alone = block.r, found.design.is_lone(block.leverage)
        rss = found.squares(r, block.run)
        left = 1 - block.leverage
        if bool(alone.any()):
            lone.append(block.z[alone, : found.design.unknowns])
            r, left = r.masked_fill(alone, 0), left.masked_fill(alone, 1)
        if power:
            r = r / left**power
        if found.counts is not None:
            r = r * found.counts[block.run].sqrt()
        return torch.cat((_squared(block.z.mul_(r.unsqueeze(1))).flatten(), rss.unsqueeze(0)))

    total = found.rows.over(products)
    q, wide = found.design.unknowns, math.isqrt(len(total) - 1)
    S, rss = total[:-1].view(wide, wide)[:q, :q], total[-1]
    if errors == "HC1":
        S = S * (found.n / max(found.df, 1))
    return Filling(S, rss, torch.cat([S.new_empty(0, q), *lone]))


def _squared(T: Tensor) -> Tensor:
    """T'T (q, q)."""
    if T.shape[1] > NARROW:
        return T.T @ T
    S = T.new_zeros(T.shape[1], T.shape[1])
    add_batch(S, T, T)
    return S
