r"""Robust fits by steps that are weighted least squares, the scale measured anew after each.

With the weights $\rho''(z)$ a step is Newton's, and allows for how the scale will move with the residuals:
a few end on the answer itself, where the loss is made of parabolas and straight lines. It is taken where it
makes things better, or else one that holds the scale. Where that does not help either the weights are
$\psi(z) / z$: such a step goes to the bottom of a parabola that lies above the loss, and cannot fail.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.generalised.robust.row_loss import LOSSES, RowLoss
from linreg.generalised.robust.sample import Pull, Sample
from linreg.generalised.robust.scale import Scale

__all__ = ["Course", "State"]

TOL = 1e-12  # of the scale: by how much predictions may still move, as a root mean square
EPS = torch.finfo(torch.float64).eps
SINGULAR = 1e-10  # smallest eigenvalue over the largest, below which rows that count do not tell all
LEVEL = 0.05  # share of the loss that such a step may add: with more it leads to where no row counts
STEEP = 0.01  # share of the largest eigenvalue that others are taken to have at least, where some are below 0
FALLING = 0.5  # share of the slope that a step of both the fit and the scale may leave
ROUGH = 1e-3  # of the scale: a step that moves more is no rounding, however small the scale
PATIENT = 8  # steps, which are mostly enough; with more the scale may be going to zero
WORSE = 1e-13  # share of the loss that rounding may add


class State(NamedTuple):
    """Where a fit stands."""

    u: Tensor  # (q,)
    sigma: float
    pull: Pull
    steps: int = 0
    left: float = math.inf  # how far the last step moved, and the scale with it, in units of the scale
    singular: bool = False  # the rows that count do not determine u


class Course(NamedTuple):
    """The loss of a sample, and how to step down on it."""

    sample: Sample
    loss: str
    delta: float
    scale: Scale

    def at(self, z: Tensor) -> RowLoss:
        """The loss of these residuals."""
        return LOSSES[self.loss](z, self.delta)

    def psi(self, sigma: float) -> Callable[[Tensor, slice], Tensor]:
        """Residuals to their slopes."""
        if self.loss == "huber":
            return lambda r, run: (r * (1 / sigma)).clamp_(-self.delta, self.delta)
        return lambda r, run: self.at(r / sigma).slope

    def value(self, r: Tensor, sigma: float) -> float:
        """Mean loss, in units of sigma."""
        return self.sample.mean(self.at(r / sigma).value)

    def start(self, u: Tensor | None = None) -> State:
        """The state at u, by default that of least squares, with the scale that it has there."""
        u = self.sample.D.new_zeros(self.sample.q) if u is None else u
        sigma = self.scale.of(self.sample.residuals(u), self.sample.C)
        return State(u, sigma, self.sample.pull(u, self.psi(sigma or 1.0)))

    def no_scale(self, state: State) -> bool:
        """Whether the scale is no more than what rounding the data can make."""
        return self.scale.way != "fixed" and state.sigma <= self.sample.rounding(state.u)

    def run(self, state: State, steps: int, tol: float = TOL) -> State:
        """Step until nothing moves by more than `tol` of the scale, or than rounding."""
        while state.steps < steps and not (self.no_scale(state) or self.arrived(state, tol)):
            state = self.step(state)
            if state.singular:
                break
            if state.steps > PATIENT and self.scale.way == "mad":
                state = self._shrunk(state)
        return state

    def arrived(self, state: State, tol: float = TOL) -> bool:
        """Whether the last step moved hardly more than rounding."""
        rounding = 4 * EPS * self.sample.size(state.u) / state.sigma
        return state.left <= max(tol, min(rounding, ROUGH))

    def _shrunk(self, state: State) -> State:
        """Where the scale goes to zero, a step at a time, the end: the plane on which so many rows lie."""
        sample, z = self.sample, state.pull.r / state.sigma
        inside = (z.abs() <= self.scale.number).double()
        slope = sample.across(state.pull.r * inside)
        end = self.start(state.u + torch.linalg.solve_ex(sample.gram(inside), slope).result)
        on = int((end.pull.r.abs() <= sample.rounding(end.u)).sum())
        return end._replace(steps=state.steps) if self.no_scale(end) and on > sample.q else state

    def step(self, state: State) -> State:
        """One step: the first of three that makes things better."""
        sigma, row = state.sigma, self.at(state.pull.r / state.sigma)
        before = self.value(state.pull.r, sigma)
        K = self.sample.gram(row.bend)
        if self.scale.way != "fixed":
            new = self._moved(state, _solved(K + self._coupling(state, row), state), together=True)
            if self._better(new, state):
                return new
        if self.loss == "tukey":
            K = _upright(K)
        if _definite(K):
            new = self._moved(state, _solved(K, state))
            if self.value(new.pull.r, sigma) <= before * (1 + WORSE):
                return new
        K = self.sample.gram(row.weight)
        if self.untold(row, K):
            return state._replace(singular=True)
        K = K + EPS * K.trace() * torch.eye(len(K), dtype=K.dtype, device=K.device)  # never singular
        return self._moved(state, _solved(K, state))

    def untold(self, row: RowLoss, K: Tensor | None = None) -> bool:
        """Whether the rows that count do not determine the fit; K (q, q) is their Gram matrix, if at hand."""
        if not bool((row.weight == 0).any()):
            return False
        return not _definite(self.sample.gram(row.weight) if K is None else K)

    def _better(self, new: State, state: State) -> bool:
        """Whether a step of both has brought the equations nearer."""
        if self.scale.way == "joint":  # a function of both, which must fall
            now, then = (at.sigma * (1 + 2 * self.value(at.pull.r, at.sigma or 1.0)) for at in (new, state))
            return now <= then * (1 + WORSE)
        steep, former = (float(torch.linalg.vector_norm(at.pull.slope)) for at in (new, state))
        most = 1 + LEVEL if self.loss == "tukey" else math.inf
        limit = most * self.value(state.pull.r, state.sigma)
        return steep <= FALLING * former and self.value(new.pull.r, state.sigma) <= limit

    def _coupling(self, state: State, row: RowLoss) -> Tensor:
        """(q, q) what the scale, which moves with the residuals, adds to the matrix of Newton's step."""
        z, across = state.pull.r / state.sigma, self.sample.across
        turn = self.scale.turn(state.pull.r, state.sigma, self.sample.C)
        return torch.outer(across(row.slope - row.bend * z), across(turn))

    def _moved(self, state: State, move: Tensor, together: bool = False) -> State:
        """The state after a step, the scale measured anew."""
        sample, sigma, u = self.sample, state.sigma, state.u + move
        pull = sample.pull(u, self.psi(sigma))
        new = self.scale.of(pull.r, sample.C)
        change = abs(new / sigma - 1)
        if self.scale.way == "mad" and state.steps > PATIENT and not together:
            new = (new * sigma) ** 0.5  # half of the way, or it may go to and fro for ever
        if new != sigma and new > 0:
            pull = sample.pull(u, self.psi(new))
        moved = float(torch.linalg.vector_norm(move)) / (sample.design.weight**0.5 * sigma)
        return State(u, new, pull, state.steps + 1, max(moved, change))


def _solved(K: Tensor, state: State) -> Tensor:
    """(q,) the step with this matrix."""
    step: Tensor = torch.linalg.solve_ex(K, state.sigma * state.pull.slope).result
    return step


def _upright(K: Tensor) -> Tensor:
    """K with its negative eigenvalues turned over, and none near 0: a step then leads down from a saddle."""
    squares, V = torch.linalg.eigh(K)
    if not len(K) or float(squares[0]) > 0:
        return K
    size = squares.abs()
    upright: Tensor = (V * size.clamp(min=STEEP * float(size.max()))) @ V.T
    return upright


def _definite(K: Tensor) -> bool:
    """Whether all eigenvalues are above 0, as far as rounding lets tell."""
    squares = torch.linalg.eigvalsh(K).tolist()
    return not squares or squares[0] > SINGULAR * squares[-1]
