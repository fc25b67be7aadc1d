"""Every bad argument gets its message, from every public function that takes it; inputs stay as they are."""

import re
import warnings
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas
import pytest
import scipy.sparse
import torch
import torch.masked
from problems import (
    METHODS,
    TAKES_B,
    TAKES_LR,
    TAKES_W,
    TAKES_X,
    TAKES_XY,
    TAKES_Y_HAT,
    gen,
    unchanged,
)
from torch._subclasses.fake_tensor import FakeTensorMode

import linreg
from linreg import DataError, DeviceError, DtypeError, LinregError, RangeError, ShapeError
from linreg.checks import check_same_kind, recordable
from linreg.settings import check_path

mpl.use("agg")

X = torch.randn(20, 2, generator=gen(1), dtype=torch.float64)
Y = X @ torch.tensor([1.0, -2.0], dtype=torch.float64) + 0.5
W = torch.ones(2, dtype=torch.float64)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def with_entry(t: torch.Tensor, value: float) -> torch.Tensor:
    t = t.clone()
    t[(3,) + (1,) * (t.ndim - 1)] = value
    return t


class Sub(torch.Tensor):
    """A subclass that changes nothing."""


class Own(torch.Tensor):
    """A subclass with its own way to compute."""

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError("not like a tensor")


def fake(t: torch.Tensor) -> torch.Tensor:
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        return mode.from_tensor(t)


def quiet(make: Any, *args: Any, **kwargs: Any) -> Any:
    """What PyTorch makes with a warning that it may change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(*args, **kwargs)


def inference(t: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return t.clone()


BAD_X: dict[str, tuple[Any, type[LinregError], str]] = {
    "list": (X.tolist(), DtypeError, "`X` must be a torch.Tensor; got list. Convert it: torch.as_tensor(X"),
    "numpy": (X.numpy(), DtypeError, "got ndarray"),
    "integers": (X.long(), DtypeError, "must be floating point, float32 or float64; got torch.int64. "),
    "bool": (X > 0, DtypeError, "got torch.bool. Convert it: X.double()."),
    "complex": (X.cfloat(), DtypeError, "got torch.complex64"),
    "half": (X.half(), DtypeError, "got torch.float16"),
    "bfloat16": (X.bfloat16(), DtypeError, "got torch.bfloat16"),
    "sparse": (
        X.to_sparse(),
        DtypeError,
        "`X` must be dense; got torch.sparse_coo. Convert it: X.to_dense()",
    ),
    "csr": (quiet(X.to_sparse_csr), DtypeError, "got torch.sparse_csr. Convert it: X.to_dense()"),
    "mkldnn": (X.float().to_mkldnn(), DtypeError, "got torch._mkldnn. Convert it: X.to_dense()"),
    "nested": (
        quiet(torch.nested.nested_tensor, list(X)),
        DtypeError,
        "`X` must be dense; got a nested tensor. Convert it: torch.stack(X.unbind()).",
    ),
    "jagged": (torch.nested.nested_tensor(list(X), layout=torch.jagged), DtypeError, "a nested tensor"),
    "ragged": (
        torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
        ShapeError,
        "`X` must have rows of one length; got a nested tensor of several. Give each row as many columns",
    ),
    "quantised": (
        quiet(torch.quantize_per_tensor, X.float(), 0.1, 0, torch.qint8),
        DtypeError,
        "got torch.qint8. Convert it: X.dequantize().",
    ),
    "conjugate": (X.cfloat().conj(), DtypeError, "got torch.complex64. Convert it: X.real.double()."),
    "float8": (X.to(torch.float8_e5m2), DtypeError, "got torch.float8_e5m2. Convert it: X.double()."),
    "masked": (
        quiet(torch.masked.masked_tensor, X, X < 9),
        DtypeError,
        "`X` must be a plain tensor; got MaskedTensor. Convert it: X.to_tensor(float('nan')).",
    ),
    "own way": (X.as_subclass(Own), DtypeError, "got Own. Pass the plain tensor that it stands for."),
    "fake": (fake(X), DeviceError, "`X` must hold numbers; got FakeTensor, without any."),
    "lazy": (torch.nn.UninitializedParameter(), DeviceError, "must hold numbers; got UninitializedParameter"),
    "one dimension": (X[:, 0], ShapeError, "got (20,). For one feature pass `X.unsqueeze(1)`."),
    "three dimensions": (X[None], ShapeError, "got (1, 20, 2). Flatten each sample."),
    "no rows": (X[:0], DataError, "at least one row and one column; got (0, 2)"),
    "no columns": (X[:, :0], DataError, "at least one row and one column; got (20, 0)"),
    "nan": (with_entry(X, torch.nan), DataError, "1 of 40 entries are not, the first is nan at index (3, 1)"),
    "inf": (with_entry(X, torch.inf), DataError, "the first is inf at index (3, 1). Drop or fill"),
    "minus inf": (with_entry(X, -torch.inf), DataError, "the first is -inf"),
    "both infinities": (with_entry(with_entry(X, torch.inf).flip(0), -torch.inf), DataError, "2 of 40"),
    "meta": (X.to("meta"), DeviceError, "meta"),
}

BAD_Y: dict[str, tuple[Any, type[LinregError], str]] = {
    "list": (Y.tolist(), DtypeError, "`y` must be a torch.Tensor; got list"),
    "column": (Y[:, None], ShapeError, "`y` must have shape (20,) to go with `X` of shape (20, 2); got (20, "
               "1). If it is a column, pass `y.squeeze(1)`."),
    "row": (Y[None], ShapeError, "got (1, 20). It needs one number for each row of `X`."),
    "short": (Y[:7], ShapeError, "got (7,)"),
    "scalar": (Y[0], ShapeError, "got ()"),
    "empty": (Y[:0], ShapeError, "got (0,)"),
    "integers": (Y.long(), DtypeError, "`y` must be floating point"),
    "float32": (Y.float(), DtypeError, "`y` must have the dtype of `X`, torch.float64; got torch.float32"),
    "half": (Y.half(), DtypeError, "got torch.float16"),
    "nan": (with_entry(Y, torch.nan), DataError, "`y` must be finite; 1 of 20 entries are not, the first is "
            "nan at index (3,)"),
    "inf": (with_entry(Y, torch.inf), DataError, "the first is inf"),
    "meta": (Y.to("meta"), DeviceError, "`y` must hold numbers; the meta device has none. Make it on an"),
}  # fmt: skip

BAD_W: dict[str, tuple[Any, type[LinregError], str]] = {
    "list": ([1.0, 1.0], DtypeError, "`w` must be a torch.Tensor; got list"),
    "column": (W[:, None], ShapeError, "`w` must have shape (2,) to go with `X` of shape (20, 2); got (2, "
               "1). If it is a column, pass `w.squeeze(1)`."),
    "long": (torch.ones(3, dtype=torch.float64), ShapeError, "got (3,)."),
    "integers": (W.long(), DtypeError, "`w` must be floating point"),
    "float32": (W.float(), DtypeError, "`w` must have the dtype of `X`"),
    "meta": (W.to("meta"), DeviceError, "`w` must hold numbers; the meta device has none"),
}  # fmt: skip

BAD_B: dict[str, tuple[Any, type[LinregError], str]] = {
    "list": ([1.0], DtypeError, "`b` must be a torch.Tensor; got list"),
    "bool": (True, DtypeError, "`b` must be a torch.Tensor; got bool"),
    "one entry": (torch.ones(1, dtype=torch.float64), ShapeError, "`b` must be a number or have shape (); "
                  "got (1,). Pass `b.squeeze()`."),
    "float32": (torch.tensor(1.0), DtypeError, "`b` must have the dtype of `X`"),
    "meta": (W[0].to("meta"), DeviceError, "`b` must hold numbers"),
}  # fmt: skip

BAD_LR: dict[str, tuple[Any, type[LinregError], str]] = {
    "zero": (0.0, RangeError, "`lr` must be a finite number above 0; got 0.0. The update already subtracts"),
    "negative": (-0.1, RangeError, "got -0.1"),
    "nan": (float("nan"), RangeError, "got nan"),
    "inf": (float("inf"), RangeError, "got inf"),
    "bool": (True, DtypeError, "`lr` must be a finite number above 0; got True. Pass a Python number."),
    "text": ("0.1", DtypeError, "got '0.1'"),
    "tensor": (torch.tensor(0.1), DtypeError, "got tensor(0.1000)"),
    "missing": (None, DtypeError, "got None"),
}


def cases(functions: dict[str, Any], bad: dict[str, Any]) -> Any:
    pairs = [(function, case) for function in functions for case in bad]
    return pytest.mark.parametrize(("function", "case"), pairs, ids=[f"{f}-{c}" for f, c in pairs])


def refused(case: tuple[Any, type[LinregError], str], call: Any, *args: Any) -> None:
    _, kind, words = case
    with pytest.raises(kind) as caught:
        call(*args)
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert str(caught.value).endswith((".", ")"))


@cases(TAKES_X, BAD_X)
def test_bad_X(function, case):
    refused(BAD_X[case], TAKES_X[function], BAD_X[case][0])


@cases(TAKES_XY, BAD_X)
def test_bad_X_with_y(function, case):
    refused(BAD_X[case], TAKES_XY[function], BAD_X[case][0], Y)


@cases(TAKES_XY, BAD_Y)
def test_bad_y(function, case):
    refused(BAD_Y[case], TAKES_XY[function], X, BAD_Y[case][0])


@cases(TAKES_W, BAD_W)
def test_bad_w(function, case):
    refused(BAD_W[case], TAKES_W[function], X, Y, BAD_W[case][0])


@cases(TAKES_B, BAD_B)
def test_bad_b(function, case):
    refused(BAD_B[case], TAKES_B[function], X, Y, BAD_B[case][0])


@cases(TAKES_LR, BAD_LR)
def test_bad_lr(function, case):
    refused(BAD_LR[case], TAKES_LR[function], X, Y, BAD_LR[case][0])


STARTS = ("predict_loss", "predict_steps", "gradient_descent", "sgd")


@pytest.mark.parametrize("function", STARTS)
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_start_must_be_finite(function, value):
    with pytest.raises(DataError, match=r"`w` must be finite; 2 of 2"):
        TAKES_W[function](X, Y, W * value)
    with pytest.raises(DataError, match=r"`b` must be finite; 1 of 1 .* at index \(\)"):
        TAKES_B[function](X, Y, value)


@pytest.mark.parametrize("function", ["predict", "gradient", "step"])
def test_nan_in_parameters_stays_nan(function):
    """They come from a diverged run; a formula applied to them is no place to stop it."""
    out = TAKES_W[function](X, Y, W * torch.nan)
    assert (out if function == "predict" else out[0]).isnan().all()


@pytest.mark.parametrize("function", ["predict_loss", "predict_steps", "gradient_descent", "sgd"])
def test_no_b_without_intercept(function):
    rest = {
        "predict_loss": {"lr": 0.1, "steps": 1},
        "predict_steps": {"lr": 0.1},
        "gradient_descent": {"lr": 0.1, "steps": 1},
        "sgd": {"lr": 0.1, "epochs": 1, "batch_size": 5, "generator": gen()},
    }[function]
    for b in (3.0, 1.0):
        with pytest.raises(RangeError, match=rf"`b` must be 0 without an intercept; got {b}. Leave it out."):
            getattr(linreg, function)(X, Y, b=b, intercept=False, **rest)
    getattr(linreg, function)(X, Y, b=0.0, intercept=False, **rest)


@pytest.mark.parametrize("dtype", [torch.float16, torch.int64, "float64"])
@pytest.mark.parametrize("function", ["simulate", "solve"])
def test_a_dtype_to_compute_in_is_one_of_two(function, dtype):
    data = {"solve": (X, Y), "simulate": (10,)}[function]
    rest = {"generator": gen()} if function == "simulate" else {}
    with pytest.raises(
        DtypeError, match=rf"`dtype` must be .*, float32 or float64; got {dtype}. Use float64."
    ):
        getattr(linreg, function)(*data, dtype=dtype, **rest)


PAIRS = {
    "column": (Y[:, None], Y, ShapeError, "got (20, 1) and (20,)"),
    "target column": (
        Y,
        Y[:, None],
        ShapeError,
        "got (20,) and (20, 1). Squeeze a column, or PyTorch broadcasts",
    ),
    "two columns": (Y[:, None], Y[:, None], ShapeError, "must have the same shape (n,), n >= 1"),
    "length": (Y[:5], Y, ShapeError, "got (5,) and (20,)"),
    "empty": (Y[:0], Y[:0], ShapeError, "got (0,) and (0,). Check the filter or the file"),
    "list": (Y.tolist(), Y, DtypeError, "`y_hat` must be a torch.Tensor; got list"),
    "integers": (Y, Y.long(), DtypeError, "`y` must be floating point"),
    "mixed dtypes": (
        Y.float(),
        Y,
        DtypeError,
        "`y_hat` must have the dtype of `y`, torch.float64; got torch.float32",
    ),
    "meta": (Y.to("meta"), Y, DeviceError, "`y_hat` must hold numbers"),
}


@cases(TAKES_Y_HAT, PAIRS)
def test_bad_pair(function, case):
    y_hat, y, kind, words = PAIRS[case]
    refused((None, kind, words), TAKES_Y_HAT[function], y_hat, y)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda: linreg.squared_loss(Y, Y, reduction="none"),
            RangeError,
            "must be one of 'half_mean', 'mean', 'half_s",
        ),
        (lambda: linreg.gradient(X, Y, W, reduction="avg"), RangeError, "`reduction` must be one of"),
        (lambda: linreg.hessian(X, reduction="avg"), RangeError, "got 'avg'. Pick one of these."),
        (lambda: linreg.curvature(X, reduction="avg"), RangeError, "`reduction`"),
        (lambda: linreg.predict_loss(X, Y, lr=1, steps=1, reduction="avg"), RangeError, "`reduction`"),
        (lambda: linreg.predict_steps(X, Y, lr=1, reduction="avg"), RangeError, "`reduction`"),
        (lambda: linreg.gradient_descent(X, Y, lr=1, steps=1, reduction="avg"), RangeError, "`reduction`"),
        (
            lambda: linreg.sgd(X, Y, lr=1, epochs=1, batch_size=1, generator=gen(), reduction="x"),
            RangeError,
            "`reduc",
        ),
        (
            lambda: linreg.cholesky(X, Y, refine=-1),
            RangeError,
            "`refine` must be an integer of 0 or more; got -1",
        ),
        (
            lambda: linreg.cholesky(X, Y, refine=1.0),
            DtypeError,
            "`refine` must be an integer of 0 or more; got 1.0",
        ),
        (
            lambda: linreg.svd(X, Y, rcond=-1e-3),
            RangeError,
            "`rcond` must be a finite number, 0 or above; got -0.001",
        ),
        (lambda: linreg.svd(X, Y, rcond=float("nan")), RangeError, "`rcond`"),
        (
            lambda: linreg.predict_loss(X, Y, lr=1, steps=-1),
            RangeError,
            "`steps` must be an integer of 0 or more",
        ),
        (lambda: linreg.predict_loss(X, Y, lr=1, steps=True), DtypeError, "got True. Pass an int."),
        (
            lambda: linreg.predict_steps(X, Y, lr=1, tolerance=0),
            RangeError,
            "`tolerance` must be a finite number above",
        ),
        (lambda: linreg.gradient_descent(X, Y, lr=1, steps=1e3), DtypeError, "`steps` must be an integer"),
        (lambda: linreg.gradient_descent(X, Y, lr=1, steps=-1), RangeError, "Raise it to 0."),
        (
            lambda: linreg.gradient_descent(X, Y, lr=1, steps=1, tol=-1),
            RangeError,
            "`tol` must be a finite number",
        ),
        (
            lambda: linreg.sgd(X, Y, lr=1, epochs=0, batch_size=1, generator=gen()),
            RangeError,
            "`epochs` must be an in",
        ),
        (
            lambda: linreg.sgd(X, Y, lr=1, epochs=1, batch_size=0, generator=gen()),
            RangeError,
            "`batch_size` must be",
        ),
        (
            lambda: linreg.sgd(X, Y, lr=1, epochs=1, batch_size=1, generator=gen(), tol=-1),
            RangeError,
            "`tol`",
        ),
        (
            lambda: linreg.sgd(X, Y, lr=1, epochs=1, batch_size=1, generator=7),
            DtypeError,
            "torch.Generator; got int",
        ),
        (
            lambda: linreg.batches(X, Y, 0, generator=gen()),
            RangeError,
            "`batch_size` must be an integer of 1 or more",
        ),
        (
            lambda: linreg.batches(X, Y, 2, generator=None),
            DtypeError,
            "Pass torch.Generator().manual_seed(0)",
        ),
        (
            lambda: linreg.added_variable(X, Y, 2),
            RangeError,
            "`j` must be a column of `X`, 0 to 1; got 2. Count from 0",
        ),
        (lambda: linreg.added_variable(X, Y, -1), RangeError, "`j` must be a column of `X`"),
        (lambda: linreg.added_variable(X, Y, 0.0), DtypeError, "`j` must be an integer"),
        (lambda: linreg.plot.data_and_fit(X, Y, feature=2), RangeError, "`feature` must be a column of `X`"),
        (
            lambda: linreg.plot.contours(X, Y, features=(1, 1)),
            RangeError,
            "`features` must be two different columns",
        ),
        (
            lambda: linreg.plot.contours(X, Y, features=(0, 2)),
            RangeError,
            "`features` must be a column of `X`",
        ),
        (lambda: linreg.plot.contours(X[:, :1], Y), ShapeError, "`X` must have two features or more"),
        (
            lambda: linreg.r2(Y[:3], Y[:3] * 0 + 0.1),
            DataError,
            "`y` must vary to have a variance to explain; all of its 3",
        ),
        (lambda: linreg.r2(Y[:1], Y[:1]), DataError, "all of its 1 entries are equal"),
        (lambda: linreg.r2(Y, with_entry(Y, torch.nan)), DataError, "`y` must be finite"),
        (lambda: linreg.r2(with_entry(Y, torch.nan), Y), DataError, "`y_hat` must be finite"),
        (lambda: linreg.plot.loss_curve(linreg.solve(X, Y)), DataError, "Run it with `record=True`."),
    ],
)
def test_bad_setting(call, kind, words):
    refused((None, kind, words), call)


def test_data_on_two_devices():
    """Without a second device here, a stand-in that only says where it lies."""
    there = SimpleNamespace(dtype=X.dtype, device=torch.device("cuda:0"))
    with pytest.raises(DeviceError) as caught:
        check_same_kind(there, Y, "y")
    assert str(caught.value) == (
        "`y` must be on the device of `X`, cuda:0; got cpu. Move it: y.to(X.device)."
    )


def test_only_what_autograd_is_to_keep_is_copied():
    """Rows made in inference mode, beside parameters that learn."""
    rows, w = inference(X), W.clone().requires_grad_()
    assert recordable(rows, W)[0] is rows
    copied, same = recordable(rows, w)
    assert same is w
    assert not copied.is_inference()
    assert torch.equal(copied, rows)
    with torch.no_grad():
        assert recordable(rows, w)[0] is rows


@pytest.mark.parametrize(
    ("path", "cure"), [(b"a", "Decode it: os.fsdecode(path)."), (7, "Pass 'folder/name'.")]
)
def test_a_path_is_text(path, cure):
    with pytest.raises(DtypeError, match=re.escape(f"got {path!r}. {cure}")):
        check_path(path)


def test_a_generator_on_another_device():
    """Without a second device here, a stand-in that only says where it lies."""
    if not torch.cuda.is_available():
        with pytest.raises(
            DeviceError, match=r"`generator` must be on the device of the data, meta; got cpu. Make it"
        ):
            linreg.settings.check_generator(gen(), torch.device("meta"))
        return
    there = torch.Generator("cuda")
    with pytest.raises(DeviceError, match="must be on the device of the data, cpu; got cuda"):
        linreg.batches(X, Y, 2, generator=there)


@pytest.mark.parametrize("method", ["cholesky", "qr"])
@pytest.mark.parametrize(("n", "d", "intercept"), [(2, 2, True), (1, 2, False), (3, 7, True)])
def test_fewer_rows_than_unknowns(method, n, d, intercept):
    few = torch.randn(n, d, generator=gen(), dtype=torch.float64)
    words = rf"at least {d + intercept} rows for {d + intercept} unknowns; got \({n}, {d}\). Add rows, drop"
    with pytest.raises(ShapeError, match=words):
        METHODS[method](few, few[:, 0], intercept=intercept)


def test_errors_are_caught_by_their_base_and_by_the_usual_names():
    for error in (ShapeError, DeviceError, DataError, RangeError):
        assert issubclass(error, LinregError)
        assert issubclass(error, ValueError)
    assert issubclass(DtypeError, LinregError)
    assert issubclass(DtypeError, TypeError)
    assert issubclass(linreg.MissingError, ImportError)


def refusal(value: Any) -> LinregError | None:
    try:
        linreg.solve(value, Y.float() if getattr(value, "dtype", None) == torch.float32 else Y)
    except LinregError as error:
        return error
    return None


@pytest.mark.parametrize("case", BAD_X)
def test_the_conversion_that_is_advised_works(case):
    """Follow the advice as often as it is given: in the end only data that no conversion helps are left."""
    value = BAD_X[case][0]
    while (error := refusal(value)) and "Convert it: " in str(error):
        code = str(error).partition("Convert it: ")[2].removesuffix(".")
        value = eval(code, {"torch": torch, "X": value})
    assert error is None or isinstance(error, (DataError, ShapeError, DeviceError)) or case == "own way"


OTHERS = {
    "frame": pandas.DataFrame(X.numpy()),
    "nullable": pandas.DataFrame(X.numpy()).convert_dtypes(),
    "masked": np.ma.masked_array(X.numpy(), mask=X.numpy() > 9),
    "matrix": np.asmatrix(X.numpy()),
    "big-endian": X.numpy().astype(">f8"),
    "flipped": X.flip(0, 1).numpy()[::-1, ::-1],
    "sparse": scipy.sparse.csr_matrix(X.numpy()),
    "sparse columns": scipy.sparse.csc_array(X.numpy()),
    "lists": X.tolist(),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_the_conversion_keeps_all_numbers(kind):
    """Whatever library holds them, and in whatever order of bytes and rows."""
    code = str(refusal(OTHERS[kind])).partition("Convert it: ")[2].removesuffix(".")
    assert torch.equal(eval(code, {"torch": torch, "X": OTHERS[kind]}), X)


def test_the_conversion_of_a_masked_array_leaves_gaps():
    held = np.ma.masked_array(X.numpy(), mask=X.numpy() > 0)
    code = str(refusal(held)).partition("Convert it: ")[2].removesuffix(".")
    assert torch.equal(eval(code, {"torch": torch, "X": held}).isnan(), X > 0)


# What is accepted.


@pytest.mark.parametrize("function", [*TAKES_X, *TAKES_XY])
@pytest.mark.parametrize("kind", [inference, lambda t: t.as_subclass(Sub), torch.nn.Parameter])
def test_kinds_of_tensors_that_are_as_good(function, kind):
    call = TAKES_X[function] if function in TAKES_X else TAKES_XY[function]
    plain, other = ((X,), (kind(X),)) if function in TAKES_X else ((X, Y), (kind(X), kind(Y)))
    out, expected = call(*other), call(*plain)
    if isinstance(expected, torch.Tensor):
        assert type(out) is torch.Tensor
        assert torch.equal(out, expected)
    elif isinstance(expected, linreg.Fit):
        assert type(out.w) is type(out.b) is type(out.loss) is torch.Tensor
        assert torch.equal(out.w, expected.w)


@pytest.mark.parametrize("function", [*TAKES_W, *TAKES_B])
def test_autograd_goes_through_rows_made_in_inference_mode(function):
    """PyTorch would refuse to keep them for the way back."""
    start = W.clone().requires_grad_() if function in TAKES_W else W[0].clone().requires_grad_()
    takes = TAKES_W if function in TAKES_W else TAKES_B
    takes[function](inference(X), inference(Y), start)
    start = inference(start.detach())
    if function == "predict":
        assert takes[function](X.clone().requires_grad_(), Y, start).requires_grad


def test_nothing_made_here_belongs_to_inference_mode():
    for method in METHODS.values():
        fit = method(X, Y)
        assert not any(t.is_inference() for t in (fit.w, fit.b, fit.loss))
    with torch.inference_mode():
        fit = linreg.solve(X, Y)
    assert fit.predict(X.clone().requires_grad_()).requires_grad


@pytest.mark.parametrize("function", [*TAKES_X, *TAKES_XY])
@pytest.mark.parametrize("layout", ["plain", "transposed", "strided", "requires_grad", "float32"])
def test_inputs_stay_as_they_are(function, layout):
    X_in, y_in = arranged(layout)
    with unchanged(X_in, y_in), warnings.catch_warnings():
        warnings.simplefilter("error")
        TAKES_X[function](X_in) if function in TAKES_X else TAKES_XY[function](X_in, y_in)


def arranged(layout: str) -> tuple[torch.Tensor, torch.Tensor]:
    if layout == "transposed":
        return X.T.contiguous().T, Y
    if layout == "strided":  # every other row and column of something larger, y with a gap between entries
        X_in = torch.full((40, 4), torch.nan, dtype=torch.float64)
        X_in[::2, ::2] = X
        return X_in[::2, ::2], torch.stack((Y, Y * torch.nan), 1)[:, 0]
    if layout == "requires_grad":
        return X.clone().requires_grad_(), Y.clone().requires_grad_()
    if layout == "float32":
        return X.float(), Y.float()
    return X.clone(), Y.clone()


@pytest.mark.parametrize("function", [*TAKES_W, *TAKES_B])
def test_parameters_stay_as_they_are(function):
    w, b = W.clone().requires_grad_(), torch.ones((), dtype=torch.float64, requires_grad=True)
    with unchanged(w, b):
        TAKES_W[function](X, Y, w)
        TAKES_B[function](X, Y, b)


@pytest.mark.parametrize("function", TAKES_Y_HAT)
def test_pairs_stay_as_they_are(function):
    y_hat, y = (Y + 1).requires_grad_(), Y.clone()
    with unchanged(y_hat, y), warnings.catch_warnings():
        warnings.simplefilter("error")
        TAKES_Y_HAT[function](y_hat, y)


@pytest.mark.parametrize("name", [*METHODS, "gradient_descent", "sgd"])
@pytest.mark.parametrize("layout", ["transposed", "strided", "requires_grad"])
def test_layout_does_not_matter(name, layout):
    call = {**METHODS, **TAKES_XY}[name]
    fit, plain = call(*arranged(layout)), call(X, Y)
    # sums may run in another order
    torch.testing.assert_close(fit.w, plain.w, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(fit.b, plain.b, rtol=1e-12, atol=1e-12)
    assert not fit.w.requires_grad
    assert not fit.b.requires_grad
    assert not fit.loss.requires_grad


@pytest.mark.parametrize("name", [*METHODS, "gradient_descent", "sgd"])
def test_a_fit_has_the_dtype_of_the_data(name):
    fit = {**METHODS, **TAKES_XY}[name](X.float(), Y.float())
    assert fit.w.dtype == fit.b.dtype == fit.loss.dtype == torch.float32
    assert fit.w.shape == (2,)
    assert fit.b.shape == fit.loss.shape == ()
    assert fit.predict(X.float()).dtype == torch.float32
    with pytest.raises(DtypeError, match="`w` must have the dtype of `X`"):
        fit.predict(X)


def test_expanded_rows_are_fine():
    one = torch.tensor([[1.0, 2.0]], dtype=torch.float64).expand(5, 2)
    fit = linreg.solve(one, one[:, 0])
    assert fit.status is linreg.Status.RANK_DEFICIENT
    assert fit.rank == 0
    assert float(fit.b) == 1.0


def test_a_sum_that_overflows_is_not_mistaken_for_infinity():
    large = torch.full((3, 1), 1.5e308, dtype=torch.float64)
    assert linreg.fold_bias(large)[0, 1] == 1.5e308


@pytest.mark.parametrize("method", METHODS)
def test_one_row(method):
    x, y = X[:1], Y[:1]
    if method in ("cholesky", "qr"):
        with pytest.raises(ShapeError):
            METHODS[method](x, y)
        fit = METHODS[method](x[:, :1], y, intercept=False)
        assert torch.allclose(fit.predict(x[:, :1]), y)
        return
    fit = METHODS[method](x, y)
    assert (fit.w == 0).all()  # nothing is known about the slopes, and 0 is the shortest
    assert torch.equal(fit.predict(x), y)
    assert fit.status is linreg.Status.RANK_DEFICIENT


def test_numpy_numbers_that_are_python_numbers_pass():
    fit = linreg.gradient_descent(X, Y, lr=np.float64(0.5), steps=3)
    assert fit.steps == 3
