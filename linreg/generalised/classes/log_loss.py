r"""The log-loss of rows with classes, as a function of their margins.

A row of class $t$ costs $-\log p_t$. Two classes have one margin $m$ and $p_1 = 1 / (1 + e^{-m})$. With $K$
classes the scores are $E = M Q^\top$, where the $K - 1$ orthonormal columns of $Q$ add up to 0 each: scores
that add up to 0 are the symmetric gauge, and no other direction is left that would change nothing.

Everything is a sum over the *other* classes $k \ne t$, of chances $p_k$ and of
$a_k = \partial (E_k - E_t) / \partial M$, so that rows far on their own side keep all digits of what little
they still pull.
"""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Binary", "Family", "Multinomial"]


FAR = 700.0  # a margin whose exponential float64 still holds; beyond, the loss is the margin


class RowLosses(NamedTuple):
    """What each of m rows costs, and how it pulls."""

    value: Tensor  # (m,)
    slope: Tensor  # (m, k) by the margins
    bend: Tensor  # (m, k, k) second derivative, symmetric, none of its eigenvalues below 0
    gaps: Tensor  # (m, others) by how much the score of its class is above each other one


class Binary:
    """Classes 0 and 1."""

    free = 1  # margins of a row
    classes = 2
    steep = 1.0  # the largest |a_k|

    def gaps(self, M: Tensor, t: Tensor) -> Tensor:
        """(m, 1) margins on the side of the class."""
        return M * _sign(t)

    def rows(self, M: Tensor, t: Tensor) -> RowLosses:
        """All at once."""
        away = -_sign(t)
        lost = M * away
        others = torch.sigmoid(lost)
        bend = torch.addcmul(others, others, others, value=-1).unsqueeze(2)
        value = torch.nn.functional.softplus(lost, threshold=FAR).squeeze(1)
        return RowLosses(value, others * away, bend, -lost)

    def others(self, M: Tensor, t: Tensor) -> Tensor:
        """(m, 1) the chance of the other class."""
        return torch.sigmoid(-self.gaps(M, t))

    def value(self, M: Tensor, t: Tensor) -> Tensor:
        """(m,) the loss."""
        return -torch.nn.functional.logsigmoid(self.gaps(M, t)).squeeze(1)

    def pull(self, c: Tensor, t: Tensor) -> Tensor:
        """(m, 1) sum of c_k a_k for numbers c (m, 1)."""
        return -c * _sign(t)

    def pairs(self, c: Tensor, t: Tensor) -> Tensor:
        """(m, 1, 1) sum of c_k a_k a_k'."""
        return c.unsqueeze(2)

    def residuals(self, M: Tensor, t: Tensor) -> Tensor:
        """(m, 1) chance less class, in the place of M: the slope, without the last digits of small ones."""
        return M.sigmoid_().sub_(t.unsqueeze(1))

    def scores(self, M: Tensor) -> Tensor:
        """(..., 1) what is told of the margins."""
        return M

    def odds(self, M: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(m, 1) chances of class 1, logarithms of its odds, and (m, 1, 1) the slope of these by margins."""
        return torch.sigmoid(M), M, torch.ones_like(M).unsqueeze(2)

    def prior(self, share: Tensor) -> Tensor:
        """(1,) margins at which all rows have chances (2,)."""
        return (share[1] / share[0]).log().reshape(1)


class Multinomial:
    """Classes 0 to K - 1."""

    steep = 2.0**0.5

    def __init__(self, classes: int, device: torch.device) -> None:
        self.classes, self.free = classes, classes - 1
        start = torch.eye(classes, dtype=torch.float64, device=device) - 1 / classes
        self.Q = torch.linalg.qr(start[:, :-1]).Q  # (K, K - 1)
        # (K, K, K - 1): a_k of a row of class t
        self.a = self.Q.unsqueeze(0) - self.Q.unsqueeze(1)

    def gaps(self, M: Tensor, t: Tensor) -> Tensor:
        """(m, K) by how much the score of the class is above each other one; infinite at its own place."""
        E, own = self.scores(M), t.long().unsqueeze(1)
        return (E.gather(1, own) - E).scatter_(1, own, torch.inf)

    def rows(self, M: Tensor, t: Tensor) -> RowLosses:
        """All at once."""
        others = self.others(M, t)
        slope = self.pull(others, t)
        bend = self.pairs(others, t) - slope.unsqueeze(2) * slope.unsqueeze(1)
        return RowLosses(self.value(M, t), slope, bend, self.gaps(M, t))

    def others(self, M: Tensor, t: Tensor) -> Tensor:
        """(m, K) the chances of the other classes, 0 at its own place."""
        return self.scores(M).softmax(1).scatter_(1, t.long().unsqueeze(1), 0.0)

    def value(self, M: Tensor, t: Tensor) -> Tensor:
        """(m,) the loss."""
        return torch.nn.functional.cross_entropy(self.scores(M), t.long(), reduction="none")

    def pull(self, c: Tensor, t: Tensor) -> Tensor:
        """(m, K - 1) sum of c_k a_k for numbers c (m, K), 0 at the place of the class."""
        found: Tensor = c @ self.Q - c.sum(1, keepdim=True) * self.Q[t.long()]
        return found

    def pairs(self, c: Tensor, t: Tensor) -> Tensor:
        """(m, K - 1, K - 1) sum of c_k a_k a_k'."""
        found = c.new_zeros(len(c), self.free, self.free)
        for k in range(self.classes):
            a, mine = self.a[k], t.long() == k
            found[mine] = (c[mine] @ (a.unsqueeze(2) * a.unsqueeze(1)).flatten(1)).view(-1, *found.shape[1:])
        return found

    def residuals(self, M: Tensor, t: Tensor) -> Tensor:
        """(m, K - 1) the slope, quickly, where the last digits of small ones do not count."""
        R: Tensor = self.scores(M).softmax(1) @ self.Q - self.Q[t.long()]
        return R

    def scores(self, M: Tensor) -> Tensor:
        """(..., K) scores of the classes, which add up to 0."""
        E: Tensor = M @ self.Q.T
        return E

    def odds(self, M: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(m, K) chances, logarithms of the odds of each class against the others, (m, K, k) their slopes."""
        E = self.scores(M)
        logit = torch.empty_like(E)
        share = E.new_empty(len(E), self.classes, self.classes)  # of the others, among themselves
        for k in range(self.classes):
            rest = E.clone()
            rest[:, k] = -torch.inf
            logit[:, k] = E[:, k] - rest.logsumexp(1)
            share[:, k] = rest.softmax(1)
        return E.softmax(1), logit, self.Q - share @ self.Q

    def prior(self, share: Tensor) -> Tensor:
        """(K - 1,) margins at which all rows have chances (K,)."""
        margins: Tensor = share.log() @ self.Q
        return margins


Family = Binary | Multinomial


def _sign(t: Tensor) -> Tensor:
    """(m, 1) of classes 0 and 1: -1 and 1."""
    return (2 * t.double() - 1).unsqueeze(1)
