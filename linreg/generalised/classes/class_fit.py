"""`LogisticFit` and `SoftmaxFit`: chances of classes, and why there may be no weights."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from linreg.ambient import plain
from linreg.checks import check_w, check_X, recordable
from linreg.generalised.classes.separation import Separation
from linreg.result import Fit

__all__ = ["LogisticFit", "SoftmaxFit"]


@dataclass(frozen=True, eq=False, kw_only=True)
class LogisticFit(Fit):
    r"""A fitted logistic model, $P(y = 1 \mid x) = 1 / (1 + e^{-m})$ with the margin $m = x^\top w + b$.

    Its `loss` is the mean log-loss at `w`, `b`, in nats, without the penalty.

    Args:
        alpha: of the penalty $\frac{\alpha}{2} \lVert w \rVert^2$, 0 without.
        separation: the direction that separates the classes, for a fit of status `SEPARATED`.
    """

    alpha: float
    separation: Separation | None = None

    @plain
    def margins(self, X: Tensor) -> Tensor:
        r"""Margins $X w + b$ of new rows: the logarithm of the odds of class 1.

        Args:
            X: (m, d) features, dtype and device of the fit.

        Returns:
            (m,) margins, above 0 where class 1 is the likelier; NaN where the fit has no weights.

        Raises:
            ShapeError: `X` does not have d columns.
            DtypeError: the dtypes differ.
            DeviceError: the devices differ.
            DataError: `X` is empty or holds NaN or infinity.
        """
        return super().predict(X)

    @plain
    def probabilities(self, X: Tensor) -> Tensor:
        r"""The chance of class 1 for new rows, $1 / (1 + e^{-(X w + b)})$.

        Args:
            X: (m, d) features, dtype and device of the fit.

        Returns:
            (m,) chances; NaN where the fit has no weights.

        Raises:
            ShapeError: `X` does not have d columns.
            DtypeError: the dtypes differ.
            DeviceError: the devices differ.
            DataError: `X` is empty or holds NaN or infinity.
        """
        return torch.sigmoid(self.margins(X))

    @plain
    def predict(self, X: Tensor) -> Tensor:
        r"""The likelier class of new rows.

        Args:
            X: (m, d) features, dtype and device of the fit.

        Returns:
            (m,) 0 or 1 in the dtype of the fit, 1 where the chance is above a half; NaN where the fit has
            no weights.

        Raises:
            ShapeError: `X` does not have d columns.
            DtypeError: the dtypes differ.
            DeviceError: the devices differ.
            DataError: `X` is empty or holds NaN or infinity.
        """
        margins = self.margins(X).detach()
        return (margins > 0).to(margins.dtype).masked_fill(margins.isnan(), torch.nan)

    def __repr__(self) -> str:
        return f"Logistic{super().__repr__()}"


@dataclass(frozen=True, eq=False, kw_only=True)
class SoftmaxFit(Fit):
    r"""A fitted softmax model, $P(y = k \mid x) \propto e^{x^\top w_k + b_k}$.

    Scores that all grow by the same number leave the chances as they are. Of all such weights these are the
    ones that add up to 0 over the classes, and so do the intercepts.

    Its `w` is (d, K) and its `b` (K,), a column for each class; its `loss` is the mean log-loss there, in
    nats, without the penalty.

    Args:
        alpha: of the penalty $\frac{\alpha}{2} \sum_k \lVert w_k \rVert^2$, 0 without.
        separation: the direction that separates classes, for a fit of status `SEPARATED`.
    """

    alpha: float
    separation: Separation | None = None

    @plain
    def margins(self, X: Tensor) -> Tensor:
        r"""Scores $X W + b$ of new rows: logarithms of the chances, up to a number for each row.

        Args:
            X: (m, d) features, dtype and device of the fit.

        Returns:
            (m, K) scores, which add up to 0 in each row; NaN where the fit has no weights.

        Raises:
            ShapeError: `X` does not have d columns.
            DtypeError: the dtypes differ.
            DeviceError: the devices differ.
            DataError: `X` is empty or holds NaN or infinity.
        """
        X = check_X(X)
        check_w(X, self.w[:, 0])
        X, w, b = recordable(X, self.w, self.b)
        return X @ w + b

    @plain
    def probabilities(self, X: Tensor) -> Tensor:
        """The chance of each class for new rows.

        Args:
            X: (m, d) features, dtype and device of the fit.

        Returns:
            (m, K) chances, which add up to 1 in each row; NaN where the fit has no weights.

        Raises:
            ShapeError: `X` does not have d columns.
            DtypeError: the dtypes differ.
            DeviceError: the devices differ.
            DataError: `X` is empty or holds NaN or infinity.
        """
        return self.margins(X).softmax(1)

    @plain
    def predict(self, X: Tensor) -> Tensor:
        """The likeliest class of new rows.

        Args:
            X: (m, d) features, dtype and device of the fit.

        Returns:
            (m,) classes in the dtype of the fit; NaN where the fit has no weights.

        Raises:
            ShapeError: `X` does not have d columns.
            DtypeError: the dtypes differ.
            DeviceError: the devices differ.
            DataError: `X` is empty or holds NaN or infinity.
        """
        scores = self.margins(X).detach()
        return scores.argmax(1).to(scores.dtype).masked_fill(scores.isnan().any(1), torch.nan)

    def to_linear(self) -> nn.Linear:
        """The same model as a layer of PyTorch with d inputs and K outputs, for `CrossEntropyLoss`.

        Returns:
            A layer of the dtype and on the device of the fit, its parameters copies.
        """
        d, K = self.w.shape
        with torch.inference_mode(False), torch.no_grad():
            layer = nn.Linear(d, K, dtype=self.w.dtype, device="meta").to_empty(device=self.w.device)
            layer.weight.copy_(self.w.detach().T)
            layer.bias.copy_(self.b.detach())
        return layer

    def __repr__(self) -> str:
        d, K = self.w.shape
        return f"SoftmaxFit(d={d}, K={K}, status={str(self.status)!r}, method={self.method!r})"
