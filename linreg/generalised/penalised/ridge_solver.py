r"""Ridge from one eigendecomposition $G = V \Lambda V^\top$, or from the rows where sums lose digits.

$u = V (\Lambda + \lambda)^{-1} V^\top q$ for every $\lambda$. Eigenvectors of columns in very different units
round the small ones away; what the equation itself leaves, column by column, brings them back.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.closed_form.from_sums import Factor, System, factored
from linreg.closed_form.solve import solve
from linreg.closed_form.triangle import triangle
from linreg.generalised.penalised.penalised_rows import Rows
from linreg.generalised.penalised.problem import Problem

__all__ = ["Alone", "Eigenvectors", "Single", "alone_of", "by_augmented_rows", "halves_by_rows"]

EPS = torch.finfo(torch.float64).eps
CLOSE = 1e-15  # what is left of the equation, of what it is a sum of
ROUNDS = 3


class Eigenvectors(NamedTuple):
    """Those of G, which answer for every penalty; where columns are free, of what these leave of others."""

    problem: Problem
    values: Tensor  # (p,) of the penalised columns
    V: Tensor  # (d, f + p) directions, the free ones first: V' (G + l2) V is 1 in these, and values + l2
    free: float  # condition number of the free columns, 1 where there are none

    @classmethod
    def of(cls, problem: Problem) -> "Eigenvectors":
        """One decomposition."""
        if problem.free:
            return cls._beside_free(problem)
        values, V = torch.linalg.eigh(problem.G)
        return cls(problem, values.clamp(min=0), V, 1.0)

    @classmethod
    def _beside_free(cls, problem: Problem) -> "Eigenvectors":
        F = torch.tensor(problem.free, device=problem.q.device)
        P = problem.charged.nonzero().flatten()
        squares, E = torch.linalg.eigh(problem.p.G[F][:, F])
        half = E / squares.sqrt() / problem.size[F].unsqueeze(1)  # half half' is the inverse of their G
        share = half @ (half.T @ problem.G[F][:, P])  # of the free columns, in each of the others
        values, own = torch.linalg.eigh(problem.G[P][:, P] - problem.G[P][:, F] @ share)
        V = problem.q.new_zeros(len(problem.q), len(problem.q))
        V[F, : len(F)], V[F, len(F) :], V[P, len(F) :] = half, -share @ own, own
        return cls(problem, values.clamp(min=0), V, math.sqrt(float(squares[-1] / squares[0])))

    def inverse(self, l2: Tensor) -> Tensor:
        """(f + p, k) D with V D V' the inverse of G + l2 (k,), where l2 is for penalised columns alone."""
        D = 1 / (self.values.unsqueeze(1) + l2)
        return torch.cat((torch.ones_like(D[:1]).expand(len(self.problem.free), -1), D))

    def condition(self, l2: Tensor) -> float:
        """That of the columns as they are, with one penalty () below each that is not free; or a bound."""
        largest = self.values[-1]
        if self.problem.free:  # before the free ones were taken out, which rounds
            largest = (self.problem.size * self.problem.charged).square().sum()
        return self.free * math.sqrt(float((largest + l2) / (self.values[0] + l2)))

    def df(self, l2: Tensor) -> Tensor:
        """(k,) the trace of the matrix that makes predictions of targets."""
        f = len(self.problem.free)
        return f + (self.values.unsqueeze(1) * self.inverse(l2)[f:]).sum(0)

    def times_inverse(self, l2: Tensor, Q: Tensor) -> Tensor:
        """(d, k) the inverses of G + l2 (k,) times Q (d, k), as far as eigenvectors tell."""
        return self.V @ (self.inverse(l2) * (self.V.T @ Q))

    def answers(self, l2: Tensor) -> Tensor:
        """(d, k) solutions of (G + l2) u = q, right column by column as far as the sums are."""
        q = self.problem.q.unsqueeze(1).expand(-1, len(l2))
        U = self.times_inverse(l2, q)
        for _ in range(ROUNDS):
            left, close = _left(self.problem, l2, U)
            if bool(close.all()):
                return U
            U = U + self.times_inverse(l2, left)
        _, close = _left(self.problem, l2, U, 16 * CLOSE)
        for k in (~close).nonzero().flatten().tolist():  # units too different for the eigenvectors
            alone = alone_of(self.problem, float(l2[k]))
            if alone.factor.condition < float("inf"):
                U[:, k] = alone.times_inverse(self.problem.q)
        return U


def _left(problem: Problem, l2: Tensor, U: Tensor, close: float = CLOSE) -> tuple[Tensor, Tensor]:
    """(d, k) what is left of the equation, and (k,) of bool: whether that is rounding in every row."""
    q, size = problem.q.unsqueeze(1), problem.size.unsqueeze(1)
    scaled, l2 = size * U, l2 * problem.charged.unsqueeze(1)
    left = q - size * (problem.p.G @ scaled) - l2 * U
    terms = q.abs() + size * torch.linalg.vector_norm(scaled, dim=0) + l2 * U.abs()
    return left, (left.abs() <= close * len(q) ** 0.5 * terms).all(0)


class Alone(NamedTuple):
    """The equation of one penalty: the normal equation of the rows and of d more, of its root."""

    system: System
    factor: Factor
    length: Tensor  # (d,) root mean squares of those columns, in the coordinates of the problem

    def times_inverse(self, q: Tensor) -> Tensor:
        """(d,) the inverse of G + l2 times q (d,)."""
        v = torch.cholesky_solve((q / self.length).unsqueeze(1), self.factor.L).squeeze(1)
        u: Tensor = v / self.length
        return u

    def half(self) -> Tensor:
        """(d, d) H with H H' that inverse."""
        eye = torch.eye(len(self.length), dtype=self.length.dtype, device=self.length.device)
        inverse: Tensor = torch.linalg.solve_triangular(self.factor.L, eye, upper=False)
        half: Tensor = inverse.T / self.length.unsqueeze(1)
        return half

    def unit(self, problem: Problem, u: Tensor) -> Tensor:
        """(d,) weights for columns of length 1, in the units of the sums."""
        p = problem.p
        v: Tensor = u * self.length * p.weight**0.5 * 2.0**problem.y_exponent
        return v


def alone_of(problem: Problem, l2: float) -> Alone:
    """The equation of one penalty."""
    p, size = problem.p, problem.size
    length = (size.square() + l2 * problem.charged).sqrt()
    length = length.where(length > 0, 1)
    part = size / length
    G = p.G * part * part.unsqueeze(1)
    G.diagonal().copy_(torch.ones_like(length))
    system = p._replace(G=G, factor=p.factor * part)  # all of it that digits are told by
    return Alone(system, factored(system), length)


class Single(NamedTuple):
    """The one penalty of a fit: as `Eigenvectors`, for a tenth of their price."""

    problem: Problem
    alone: Alone

    def condition(self, l2: Tensor) -> float:
        """That of the columns, with the penalty below each."""
        return self.alone.factor.condition

    def df(self, l2: Tensor) -> Tensor:
        """(1,) the trace of the matrix that makes predictions of targets."""
        return (len(self.problem.q) - l2 * self.alone.half().square().sum()).clamp(min=0)

    def times_inverse(self, l2: Tensor, Q: Tensor) -> Tensor:
        """(d, 1) the inverse of G + l2 times Q (d, 1)."""
        return self.alone.times_inverse(Q.squeeze(1)).unsqueeze(1)

    def answers(self, l2: Tensor) -> Tensor:
        """(d, 1) the solution of (G + l2) u = q."""
        return self.times_inverse(l2, self.problem.q.unsqueeze(1))


def _augmented(problem: Problem, rows: Rows, l2: float) -> tuple[Tensor, Tensor]:
    """The rows as they are, nothing of them rounded, a column of ones, and the rows of the penalty."""
    p, d = problem.p, len(problem.q)
    charged = (l2 * p.weight) ** 0.5 / problem.turn
    charged = charged.where(problem.turn > 0, 1) * problem.charged
    A, t = rows.X.double(), rows.y.double()
    more = torch.diag(charged)
    if rows.intercept:
        A = torch.cat((A, torch.ones_like(A[:, :1])), 1)
        more = torch.cat((more, torch.zeros_like(more[:, :1])), 1)
    return torch.cat((A, more)), torch.cat((t, t.new_zeros(d)))


def by_augmented_rows(problem: Problem, rows: Rows, l2: float) -> Tensor:
    """(d,) the answer to every digit: ridge is least squares on d more rows."""
    A, t = _augmented(problem, rows, l2)
    d = len(problem.q)
    C = None if rows.C is None else torch.cat((rows.C, rows.C.new_ones(d)))
    w = solve(A, t, intercept=False, weights=C).w[:d]
    return problem.inside_units(w)


def halves_by_rows(problem: Problem, rows: Rows, l2: float) -> Tensor:
    """(d, d) H with H H' the inverse of G + l2, from the triangle of those rows: half as many digits go."""
    A, _ = rows.centred(problem)
    if rows.C is not None:
        A *= rows.C.sqrt().unsqueeze(1)
    A *= problem.p.weight**-0.5
    eye = torch.eye(A.shape[1], dtype=A.dtype, device=A.device)
    more = torch.diag(problem.charged * l2**0.5)
    half: Tensor = torch.linalg.solve_triangular(triangle(torch.cat((A, more))), eye, upper=True)
    return half
