"""Checks of data. A bad argument raises at once: its name, the rule, what came, and what to do about it."""

import math

import torch
from torch import Tensor

from linreg.errors import DataError, DeviceError, DtypeError, RangeError, ShapeError

__all__ = [
    "FLOATS",
    "check_X",
    "check_Xy",
    "check_b",
    "check_column",
    "check_finite",
    "check_pair",
    "check_same_kind",
    "check_start",
    "check_tensor",
    "check_w",
    "recordable",
]

FLOATS = (torch.float32, torch.float64)


def check_tensor(value: object, name: str) -> Tensor:
    """Require a dense tensor of float32 or float64, and return it without the ways of a subclass.

    Integers would truncate every step of the computation, and half precision lacks the solvers and
    the digits: a sum of squares is infinite from 65,504 on.
    """
    if not isinstance(value, Tensor):
        raise DtypeError(
            f"`{name}` must be a torch.Tensor; got {type(value).__name__}. "
            f"Convert it: {_tensor_of(value, name)}."
        )
    if type(value) is not Tensor:
        _check_subclass(value, name)
    if value.is_meta:
        raise DeviceError(f"`{name}` must hold numbers; the meta device has none. Make it on another.")
    if value.is_nested:  # of rows that are tensors each, also where it says that it is dense
        if len({part.shape for part in value.unbind()}) > 1:
            raise ShapeError(
                f"`{name}` must have rows of one length; got a nested tensor of several. "
                "Give each row as many columns as the others."
            )
        raise DtypeError(
            f"`{name}` must be dense; got a nested tensor. Convert it: torch.stack({name}.unbind())."
        )
    if value.dtype not in FLOATS:
        real = ".real" if value.dtype.is_complex else ""  # `double` alone would drop the rest in silence
        cure = "dequantize()" if value.is_quantized else "double()"
        raise DtypeError(
            f"`{name}` must be floating point, float32 or float64; got {value.dtype}. "
            f"Convert it: {name}{real}.{cure}."
        )
    if value.layout != torch.strided:
        raise DtypeError(f"`{name}` must be dense; got {value.layout}. Convert it: {name}.to_dense().")
    return value if type(value) is Tensor else value.as_subclass(Tensor)


# Where a tensor that computes in a way of its own keeps the plain one.
_INSIDE = {"DTensor": "full_tensor()", "MaskedTensor": "to_tensor(float('nan'))"}


def _check_subclass(value: Tensor, name: str) -> None:
    """Require that the subclass computes as tensors do, such as a parameter, and that it has numbers."""
    kind = type(value).__name__
    if torch.nn.parameter.is_lazy(value) or hasattr(value, "fake_mode"):
        raise DeviceError(f"`{name}` must hold numbers; got {kind}, without any. Make it from data first.")
    if not value.is_nested and type(value).__torch_dispatch__ is not Tensor.__torch_dispatch__:
        inside = _INSIDE.get(kind)
        cure = f"Convert it: {name}.{inside}." if inside else "Pass the plain tensor that it stands for."
        raise DtypeError(f"`{name}` must be a plain tensor; got {kind}. {cure}")


def recordable(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The same, copied where autograd is to keep what was made in inference mode, which it refuses."""
    if not torch.is_grad_enabled() or not any(t.requires_grad for t in tensors):
        return tensors
    return tuple(t.clone() if t.is_inference() else t for t in tensors)


def _tensor_of(value: object, name: str) -> str:
    """What makes a tensor of what something else holds, also where that is flags, big-endian or reversed."""
    if hasattr(value, "to_numpy"):  # a frame or a column of pandas or polars
        return f"torch.from_numpy({name}.to_numpy().astype(float))"
    if hasattr(value, "filled"):  # a masked array of NumPy
        return f"torch.from_numpy({name}.astype(float).filled(float('nan')))"
    if type(value).__name__ in ("ndarray", "matrix"):
        return f"torch.from_numpy({name}.astype(float))"
    if hasattr(value, "toarray"):  # a sparse matrix of SciPy
        return f"torch.from_numpy({name}.toarray().astype(float))"
    return f"torch.as_tensor({name}, dtype=torch.float64)"


def check_finite(value: Tensor, name: str) -> None:
    """Require that no entry is NaN or infinite, and say where the first bad one stands."""
    value = value.detach()
    # A sum is finite only if all its terms are: one fast pass, no mask of the size of the data.
    if math.isfinite(float(value.sum())):
        return
    bad = ~torch.isfinite(value)
    if not bool(bad.any()):  # the sum overflowed, the entries are fine
        return
    where = tuple(int(i) for i in bad.nonzero()[0])
    raise DataError(
        f"`{name}` must be finite; {int(bad.sum())} of {value.numel()} entries are not, the first "
        f"is {float(value[where])} at index {where}. Drop or fill those rows first."
    )


def check_same_kind(first: Tensor, other: Tensor, name: str, of: str = "X") -> None:
    """Require the dtype and the device of the argument `of`."""
    if other.dtype != first.dtype:
        raise DtypeError(
            f"`{name}` must have the dtype of `{of}`, {first.dtype}; got {other.dtype}. "
            f"Convert one of them: {name}.to({of}.dtype)."
        )
    if other.device != first.device:
        raise DeviceError(
            f"`{name}` must be on the device of `{of}`, {first.device}; got {other.device}. "
            f"Move it: {name}.to({of}.device)."
        )


def check_X(X: object) -> Tensor:
    """Require `X` to be (n, d), floating point, finite, with at least one row and one column."""
    X = _matrix(X)
    check_finite(X, "X")
    return X


def check_Xy(X: object, y: object, *, finite: bool = True) -> tuple[Tensor, Tensor]:
    """Require a usable pair: `X` (n, d) and `y` (n,), same dtype and device, finite.

    Returns them without their graph: data are not what gets differentiated. `finite=False` leaves
    the last to callers whose sums tell it without another pass over the data.
    """
    X = _matrix(X)
    y = _target(X, y)
    if finite:
        check_finite(X, "X")
        check_finite(y, "y")
    return X.detach() if X.requires_grad else X, y.detach() if y.requires_grad else y


def _matrix(X: object) -> Tensor:
    X = check_tensor(X, "X")
    if X.ndim != 2:
        hint = "For one feature pass `X.unsqueeze(1)`." if X.ndim == 1 else "Flatten each sample."
        raise ShapeError(f"`X` must have shape (n, d), one row for each sample; got {_shape(X)}. {hint}")
    if X.numel() == 0:
        raise DataError(
            f"`X` must have at least one row and one column; got {_shape(X)}. "
            "Check the filter or the file that it came from."
        )
    return X


def _target(X: Tensor, y: object) -> Tensor:
    y = check_tensor(y, "y")
    n = X.shape[0]
    if y.shape != (n,):
        if y.shape == (n, 1):
            hint = "If it is a column, pass `y.squeeze(1)`."
        else:
            hint = "It needs one number for each row of `X`."
        raise ShapeError(
            f"`y` must have shape ({n},) to go with `X` of shape {_shape(X)}; got {_shape(y)}. {hint}"
        )
    check_same_kind(X, y, "y")
    return y


def check_pair(y_hat: object, y: object) -> tuple[Tensor, Tensor]:
    """Require predictions and targets of one shape (n,), n >= 1, same dtype and device."""
    y, y_hat = check_tensor(y, "y"), check_tensor(y_hat, "y_hat")
    if y.ndim != 1 or y_hat.shape != y.shape or len(y) == 0:
        hint = "Squeeze a column, or PyTorch broadcasts the pair to (n, n)."
        if 0 in (*y.shape, *y_hat.shape):
            hint = "Check the filter or the file that they came from."
        raise ShapeError(
            f"`y_hat` and `y` must have the same shape (n,), n >= 1; got {_shape(y_hat)} and {_shape(y)}. "
            f"{hint}"
        )
    check_same_kind(y, y_hat, "y_hat", of="y")
    return y_hat, y


def check_column(X: Tensor, j: object, name: str) -> int:
    """Require the number of a column of `X`, counted from 0."""
    d = X.shape[1]
    if not isinstance(j, int) or isinstance(j, bool):
        raise DtypeError(
            f"`{name}` must be an integer, a column of `X`, 0 to {d - 1}; got {j!r}. Pass an int."
        )
    if not 0 <= j < d:
        raise RangeError(f"`{name}` must be a column of `X`, 0 to {d - 1}; got {j}. Count from 0.")
    return j


def check_w(X: Tensor, w: object, name: str = "w", of: str = "X") -> Tensor:
    """Require `w` to be (d,), one weight for each column of `X`, and of the kind of the argument `of`."""
    w = check_tensor(w, name)
    d = X.shape[1]
    if w.shape != (d,):
        hint = f"If it is a column, pass `{name}.squeeze(1)`." if w.shape == (d, 1) else ""
        beside = f"`X` of shape {_shape(X)}" if of == "X" else f"sums of {d} columns"
        raise ShapeError(
            f"`{name}` must have shape ({d},) to go with {beside}; got {_shape(w)}. {hint}".rstrip()
        )
    check_same_kind(X, w, name, of)
    return w


def check_b(X: Tensor, b: object, of: str = "X") -> Tensor:
    """Require a scalar `b`: a Python number, or a tensor of shape () of the kind of the argument `of`."""
    if isinstance(b, (int, float)) and not isinstance(b, bool):
        return torch.as_tensor(float(b), dtype=X.dtype, device=X.device)
    b = check_tensor(b, "b")
    if b.ndim != 0:
        raise ShapeError(f"`b` must be a number or have shape (); got {_shape(b)}. Pass `b.squeeze()`.")
    check_same_kind(X, b, "b", of)
    return b


def check_start(X: Tensor, w: Tensor | None, b: Tensor | float, intercept: bool) -> tuple[Tensor, Tensor]:
    """Require a start (d,), () for an iterative method; zeros if `w` is None."""
    w = X.new_zeros(X.shape[1]) if w is None else check_w(X, w)
    b = check_b(X, b)
    check_finite(w, "w")
    check_finite(b, "b")
    w, b = w.detach(), b.detach()
    if not intercept and float(b) != 0:
        raise RangeError(f"`b` must be 0 without an intercept; got {float(b)}. Leave it out.")
    return w, b


def _shape(t: Tensor) -> str:
    return str(tuple(t.shape))
