r"""What sums tell of the rows: means, moments about them, and the loss, a parabola in $w$ and $b$."""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.held import Held, times_two_to

__all__ = ["Parabola", "mean_of", "moments_of"]


def mean_of(held: Held) -> Tensor:
    """(d + 1,) of X and y, in the units of the data."""
    return times_two_to(held.shift + held.M[-1, :-1] / held.weight, held.unit)


def moments_of(held: Held) -> Tensor:
    """(d + 1, d + 1) sums of products of X and y about their means, in the units of the data."""
    return times_two_to(times_two_to(_centred(held), held.unit), held.unit.unsqueeze(1))


def _centred(held: Held) -> Tensor:
    s = held.M[-1, :-1] / (held.weight if held.n else 1.0) ** 0.5
    return held.M[:-1, :-1] - torch.outer(s, s)


class _Place(NamedTuple):
    """Some w and b."""

    v: Tensor  # (d + 1,) predictions less targets are (x, y) v + b
    Cv: Tensor  # (d + 1,)
    dw: Tensor  # (d,) the derivative in w
    db: Tensor  # () in b: the mean of predictions less targets

    @property
    def loss(self) -> Tensor:
        """() half the mean square: that about their mean, and that mean."""
        return (self.v @ self.Cv).clamp(min=0) / 2 + self.db.square() / 2


class Parabola(NamedTuple):
    """The half-mean loss as a function of w and b, of which the number of rows is no part."""

    C: Tensor  # (d + 1, d + 1) covariance of X and y
    mean: Tensor  # (d + 1,)
    unit: Tensor | None  # (d + 1,) exponents of the powers of two by which both are divided, if any

    @classmethod
    def of(cls, held: Held) -> "Parabola":
        """That of the rows behind these sums."""
        C, mean = _centred(held) / held.weight, held.shift + held.M[-1, :-1] / held.weight
        return cls(C, mean, held.unit if bool(held.unit.any()) else None)

    def at(self, w: Tensor, b: Tensor) -> _Place:
        """The loss and its derivatives."""
        mean, unit = self.mean, self.unit
        v = torch.cat((w, -torch.ones_like(mean[:1])))
        v = v if unit is None else times_two_to(v, unit)
        Cv, db = self.C @ v, mean @ v + b
        dw = Cv[:-1] + db * mean[:-1]
        return _Place(v, Cv, dw if unit is None else times_two_to(dw, unit[:-1]), db)
