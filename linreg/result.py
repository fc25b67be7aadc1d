"""The one result type: every solver returns a `Fit`, whose `status` says how far to trust it."""

from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor, nn

from linreg.ambient import plain
from linreg.checks import check_w, check_X, recordable
from linreg.keep import ByValue

__all__ = ["Fit", "Path", "Status"]


class Status(StrEnum):
    """How a fit ended. Only `OK` means: this is the answer.

    Attributes:
        OK: `"ok"`, the smallest loss: exact, within the tolerance, or within the noise of mini-batches.
        RANK_DEFICIENT: `"rank deficient"`, the columns are dependent; the shortest of many answers, or none.
        NOT_CONVERGED: `"not converged"`, the steps ran out first.
        DIVERGED: `"diverged"`, the rate is too large; the message names one that works.
        NO_DIGITS: `"no digits"`, rounding has left no right digit; the message says what helps.
        OUT_OF_RANGE: `"out of range"`, the dtype cannot hold the answer: weights too large, or too small.
        NO_NOISE: `"no noise"`, nothing to measure the noise by: no row to spare, or residuals of rounding.
        SEPARATED: `"separated"`, a direction separates the classes, along which the loss falls for ever.
    """

    OK = "ok"
    RANK_DEFICIENT = "rank deficient"
    NOT_CONVERGED = "not converged"
    DIVERGED = "diverged"
    NO_DIGITS = "no digits"
    OUT_OF_RANGE = "out of range"
    NO_NOISE = "no noise"
    SEPARATED = "separated"


@dataclass(frozen=True, eq=False)
class Path(ByValue):
    """Where an iterative method went.

    Args:
        w: (t + 1, d) weights, the start first.
        b: (t + 1,) intercepts.
        loss: (t + 1,) losses under the reduction of the run, the start's first; for mini-batches
            (epochs + 1,), the loss of all the data after each epoch.
    """

    w: Tensor
    b: Tensor
    loss: Tensor

    def __repr__(self) -> str:
        start, end = float(self.loss[0]), float(self.loss[-1])
        return f"Path({len(self.b) - 1} steps, loss {start:.4g} to {end:.4g})"


@dataclass(frozen=True, eq=False)
class Fit(ByValue):
    r"""A fitted linear model, $\hat y = X w + b$, and what was learned on the way to it.

    Args:
        w: (d,) weights, in units of `y` per unit of each feature.
        b: () intercept, in units of `y`; zero for a fit without one.
        status: how the fit ended.
        message: one sentence on what was done and, when the status is not `OK`, what to try next.
        method: the name of the method, such as `"qr"`.
        loss: () half-mean squared loss at `w`, `b`, in squared units of `y`.
        rank: numerical rank of the columns (centred when there is an intercept), where measured.
        condition: condition number of those columns after scaling each to length 1, where measured.
        steps: updates made by an iterative method.
        path: every parameter vector an iterative method visited, if it was recorded.
        w_se: (d,) standard errors of `w`, where computed.
        b_se: () standard error of `b`, where computed.
        dropped: rows with missing entries that a stream has left out.

    Examples:
        >>> import torch
        >>> from linreg import solve
        >>> fit = solve(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
        >>> fit
        Fit(w=[2], b=1, status='ok', method='cholesky')
        >>> fit.predict(torch.tensor([[10.]]))
        tensor([21.])
    """

    w: Tensor
    b: Tensor
    status: Status
    message: str
    method: str
    loss: Tensor
    rank: int | None = None
    condition: float | None = None
    steps: int | None = None
    path: Path | None = None
    w_se: Tensor | None = None
    b_se: Tensor | None = None
    dropped: int = 0

    @plain
    def predict(self, X: Tensor) -> Tensor:
        r"""Predict $\hat y = X w + b$ for new rows.

        Args:
            X: (m, d) features, dtype and device of the fit.

        Returns:
            (m,) predictions, in units of `y`; NaN where the fit has no answer.

        Raises:
            ShapeError: `X` does not have d columns.
            DtypeError: the dtypes differ.
            DeviceError: the devices differ.
            DataError: `X` is empty or holds NaN or infinity.
        """
        X = check_X(X)
        X, w, b = recordable(X, check_w(X, self.w), self.b)
        return X @ w + b

    def to_linear(self) -> nn.Linear:
        r"""The same model as a layer of PyTorch, which computes $X W^\top + b$ with $W = w^\top$.

        Its parameters are copies, free to be trained further; no random number is drawn for them.

        Returns:
            A layer with d inputs and 1 output, of the dtype and on the device of the fit: its predictions
            have shape (m, 1).

        Examples:
            >>> import torch
            >>> from linreg import solve
            >>> fit = solve(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
            >>> layer = fit.to_linear()
            >>> layer
            Linear(in_features=1, out_features=1, bias=True)
            >>> layer(torch.tensor([[10.]])).squeeze(1).detach()
            tensor([21.])
        """
        w, b = self.w.detach(), self.b.detach()
        with torch.inference_mode(False), torch.no_grad():  # for training, wherever this is called
            # by way of the meta device, where a layer starts without random numbers
            layer = nn.Linear(len(w), 1, dtype=w.dtype, device="meta").to_empty(device=w.device)
            layer.weight.copy_(w)
            layer.bias.copy_(b)
        return layer

    def __repr__(self) -> str:
        shown = self.w[:8].tolist()
        w = ", ".join(f"{value:.5g}" for value in shown) + ", ..." * (len(self.w) > len(shown))
        status, method = str(self.status), self.method
        return f"Fit(w=[{w}], b={float(self.b):.5g}, status={status!r}, method={method!r})"
