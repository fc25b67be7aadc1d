"""Nothing outside its arguments changes a result: every public function under every setting, to the bit."""

import dataclasses
import inspect
import operator
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.distributed as dist
from problems import gen

import linreg
from linreg.ambient import plain

mpl.use("agg")

F64 = torch.float64
LARGE = linreg.simulate(400, [1.0] * 20, correlation=0.5, generator=gen(3))  # large enough for oneDNN
PARTS = LARGE[0][:, :3], LARGE[1]


def run(function: Callable[..., Any], *arguments: Any, **settings: Any) -> Callable[[torch.dtype], Any]:
    """A call of the function on data of the dtype asked for."""
    return lambda dtype: function(*(t.to(dtype) for t in arguments), **settings)


X, y = LARGE
W = torch.linspace(-1, 1, 20, dtype=F64)
FIT = {dtype: linreg.solve(X.to(dtype), y.to(dtype)) for dtype in (torch.float32, F64)}
RATES = {"lr": 0.02, "reduction": "half_mean"}


def shuffled(**settings: Any) -> dict[str, Any]:
    return {"lr": 0.002, "epochs": 2, "batch_size": 64, "generator": gen(), **settings}


CALLS: dict[str, Callable[[torch.dtype], Any]] = {
    "load": lambda _: (linreg.load("diabetes"), linreg.load("longley")),
    "simulate": lambda dtype: [
        linreg.simulate(40, [1.0, 2.0, 3.0], dtype=dtype, generator=gen(), **settings)
        for settings in ({}, {"correlation": 0.5}, {"condition": 100.0})
    ],
    "ordinary": lambda dtype: linreg.ordinary(dtype=dtype),
    "check": lambda dtype: linreg.check(y.to(dtype) * 2, y.to(dtype)),
    "fold_bias": run(linreg.fold_bias, X),
    "predict": run(linreg.predict, X, W, b=0.5),
    "gradient": run(linreg.gradient, X, y, W, b=0.5),
    "hessian": run(linreg.hessian, X),
    "squared_loss": run(linreg.squared_loss, y + 1, y),
    "cholesky": run(linreg.cholesky, X, y, refine=1),
    "qr": run(linreg.qr, X, y),
    "svd": lambda dtype: [linreg.svd(A.to(dtype), y.to(dtype)) for A in (X, torch.hstack((X, X)))],
    "powers": lambda dtype: (linreg.powers(y.to(dtype), 5), linreg.powers(linreg.Doubled.of(["0.1"]), 3)),
    "certified": run(linreg.certified, *PARTS),
    "solve_statistics": lambda dtype: linreg.solve_statistics(linreg.Statistics.of(X.to(dtype), y.to(dtype))),
    "solve": lambda dtype: [
        linreg.solve(A.to(dtype), y.to(dtype)) for A in (X, X + 1e4, torch.column_stack((X, X[:, 0])))
    ],
    "blocks": lambda dtype: list(linreg.blocks(file_of(dtype), target=-1, rows=100)),
    "accumulate": lambda dtype: linreg.accumulate(linreg.blocks(file_of(dtype), target=-1, rows=100)),
    "fit_stream": lambda dtype: linreg.fit_stream([(X.to(dtype), y.to(dtype))] * 2),
    "merge_ranks": lambda dtype: alone(linreg.Statistics.of(X.to(dtype), y.to(dtype))),
    "curvature": run(linreg.curvature, X),
    "predict_loss": run(linreg.predict_loss, X, y, steps=5, **RATES),
    "predict_steps": run(linreg.predict_steps, X, y, **RATES),
    "batches": lambda dtype: list(linreg.batches(X.to(dtype), y.to(dtype), 64, generator=gen())),
    "gradient_descent": lambda dtype: [
        linreg.gradient_descent(X.to(dtype), y.to(dtype), steps=5, **RATES, **how)
        for how in ({}, {"autograd": True}, {"sums": True}, {"tol": 1e-2}, {"record": False})
    ],
    "momentum": lambda dtype: [
        linreg.momentum(X.to(dtype), y.to(dtype), steps=5, nesterov=nesterov, **RATES)
        for nesterov in (False, True)
    ],
    "adam": run(linreg.adam, X, y, steps=5, **RATES),
    "newton": lambda dtype: [linreg.newton(X.to(dtype), y.to(dtype), sums=sums) for sums in (False, True)],
    "lbfgs": lambda dtype: [linreg.lbfgs(X.to(dtype), y.to(dtype), sums=sums) for sums in (False, True)],
    "conjugate_gradients": run(linreg.conjugate_gradients, X, y, record=True),
    "sgd": lambda dtype: [
        linreg.sgd(X.to(dtype), y.to(dtype), **shuffled(**how))
        for how in ({}, {"autograd": True}, {"lr": 1.0})
    ],
    "step": run(linreg.step, X, y, W, b=0.5, lr=0.1),
    "added_variable": lambda dtype: linreg.added_variable(X.to(dtype), y.to(dtype), 1),
    "r2": run(linreg.r2, y, y + 1),
    "residuals": lambda dtype: linreg.residuals(X.to(dtype), y.to(dtype), FIT[dtype]),
    "vif": run(linreg.vif, X),
    "vif_statistics": lambda dtype: linreg.vif_statistics(linreg.Statistics.of(X.to(dtype), y.to(dtype))),
    "cross_validate": lambda dtype: [
        linreg.cross_validate(A.to(dtype), y.to(dtype), folds=4, generator=generator)
        for A in (X, torch.column_stack((X, X[:, 0])))
        for generator in (None, gen())
    ],
    "cross_validate_statistics": lambda dtype: linreg.cross_validate_statistics(
        [linreg.Statistics.of(X[part::3].to(dtype), y[part::3].to(dtype)) for part in range(3)]
    ),
    "learning_curve": lambda dtype: linreg.learning_curve(
        X.to(dtype), y.to(dtype), X.to(dtype), y.to(dtype), sizes=[2, 30, len(y)]
    ),
    "best_subsets": lambda dtype: linreg.best_subsets(linreg.Statistics.of(X.to(dtype), y.to(dtype))),
    "infer": lambda dtype: [
        inferred(A.to(dtype), y.to(dtype), errors)
        for A in (X, torch.column_stack((X, X[:, 0])))
        for errors in ("classical", "HC3")
    ],
    "infer_statistics": lambda dtype: linreg.infer_statistics(
        linreg.Statistics.of(X.to(dtype), y.to(dtype))
    ),
    "influence": run(linreg.influence, X, y),
    "influence_statistics": lambda dtype: linreg.influence_statistics(
        linreg.Statistics.of(X.to(dtype), y.to(dtype)), X[:5].to(dtype), y[:5].to(dtype)
    ),
    "leverage": run(linreg.leverage, X),
    "breusch_pagan": run(linreg.breusch_pagan, X, y),
    "durbin_watson": run(linreg.durbin_watson, y),
    "condition_indices": run(linreg.condition_indices, X),
    "condition_indices_statistics": lambda dtype: linreg.condition_indices_statistics(
        linreg.Statistics.of(X.to(dtype), y.to(dtype))
    ),
    "bootstrap": lambda dtype: [
        linreg.bootstrap(X.to(dtype), y.to(dtype), kind=kind, resamples=100, generator=gen())
        for kind in ("pairs", "residuals")
    ],
    "row_loss": lambda dtype: [
        linreg.row_loss(y.to(dtype), loss) for loss in ("squared", "huber", "absolute", "tukey")
    ],
    "huber": lambda dtype: [
        linreg.huber(A.to(dtype), y.to(dtype), scale=scale)
        for A in (X, torch.column_stack((X, X[:, 0])))
        for scale in ("mad", "joint", 1.0)
    ],
    "tukey": run(linreg.tukey, X, y),
    "absolute": run(linreg.absolute, X, y),
    "ridge": lambda dtype: [
        linreg.ridge(A.to(dtype), t.to(dtype), alpha=0.1, unpenalised=free)
        for A, t in ((X, y), (X[:10], y[:10]))
        for free in ((), [1, 4])
    ],
    "ridge_path": run(linreg.ridge_path, X, y, alphas=[1.0, 0.1, 0.0]),
    "lasso": lambda dtype: [
        linreg.lasso(A.to(dtype), t.to(dtype), alpha=0.1, unpenalised=[1])
        for A, t in ((X, y), (X[:10], y[:10]))
    ],
    "elastic_net": lambda dtype: [
        linreg.elastic_net(A.to(dtype), t.to(dtype), alpha=0.1) for A, t in ((X, y), (X[:10], y[:10]))
    ],
    "lasso_path": run(linreg.lasso_path, X, y, alphas=[0.5, 0.1, 0.0]),
    "lasso_path_statistics": lambda dtype: linreg.lasso_path_statistics(
        linreg.Statistics.of(X.to(dtype), y.to(dtype)), alphas=3
    ),
    "cross_validate_path": lambda dtype: [
        linreg.cross_validate_path(A.to(dtype), t.to(dtype), alphas=4, folds=3)
        for A, t in ((X, y), (X[:10], y[:10]))
    ],
    "cross_validate_path_statistics": lambda dtype: linreg.cross_validate_path_statistics(
        [linreg.Statistics.of(X[part::3].to(dtype), y[part::3].to(dtype)) for part in range(3)], alphas=4
    ),
    "ridge_path_statistics": lambda dtype: linreg.ridge_path_statistics(
        linreg.Statistics.of(X.to(dtype), y.to(dtype)), alphas=3
    ),
    "logistic": lambda dtype: [
        linreg.logistic(A.to(dtype), (y > 0).to(dtype), alpha=alpha)
        for A in (X, torch.column_stack((X, X[:, 0])))
        for alpha in (0.0, 0.1)
    ],
    "softmax": lambda dtype: [
        linreg.softmax(X.to(dtype), ((y > 0) + 1 * (y > 4)).to(dtype), alpha=alpha, class_weights=[1, 2, 3])
        for alpha in (0.0, 0.1)
    ],
    "logistic_stream": lambda dtype: linreg.logistic_stream(
        [(X[part].to(dtype), (y[part] > 0).to(dtype)) for part in (slice(0, 150), slice(150, 400))]
    ),
    "softmax_stream": lambda dtype: linreg.softmax_stream([(X.to(dtype), (y > 0).to(dtype))], alpha=0.1),
    "infer_logistic": lambda dtype: chances(
        linreg.infer_logistic(X.to(dtype), (y > 0).to(dtype)), X.to(dtype)
    ),
    "infer_softmax": lambda dtype: chances(
        linreg.infer_softmax(X.to(dtype), ((y > 0) + 1 * (y > 4)).to(dtype), base=1), X.to(dtype)
    ),
    # what classes compute
    "Doubled.of": lambda _: linreg.Doubled.of(["0.1", "1/3"]),
    "Fit.predict": lambda dtype: FIT[dtype].predict(X.to(dtype)),
    "Fit.__repr__": lambda dtype: repr(FIT[dtype]),
    "Statistics.of": run(linreg.Statistics.of, X, y),
    "Statistics": lambda dtype: added(X.to(dtype), y.to(dtype)),
    "plot.data_and_fit": lambda dtype: linreg.plot.data_and_fit(X.to(dtype), y.to(dtype), FIT[dtype]),
    "plot.added_variable": lambda dtype: linreg.plot.added_variable(X.to(dtype), y.to(dtype), 1),
    "plot.loss_curve": lambda dtype: linreg.plot.loss_curve(
        linreg.gradient_descent(X.to(dtype), y.to(dtype), steps=5, **RATES)
    ),
    "plot.contours": lambda dtype: linreg.plot.contours(X.to(dtype), y.to(dtype)),
    "plot.residuals": lambda dtype: linreg.plot.residuals(X.to(dtype), y.to(dtype), FIT[dtype]),
    "plot.path": lambda dtype: linreg.plot.path(linreg.ridge_path(X.to(dtype), y.to(dtype), alphas=3)),
    "plot.qq": lambda dtype: linreg.plot.qq(linreg.influence(X.to(dtype), y.to(dtype))),
    "plot.scale_location": lambda dtype: linreg.plot.scale_location(
        X.to(dtype), linreg.influence(X.to(dtype), y.to(dtype))
    ),
}  # fmt: skip


def chances(found: linreg.ClassInference, X: torch.Tensor) -> list[Any]:
    """All that comes of an inference of classes, but for what it computes with."""
    return [dataclasses.replace(found, basis=None), found.predict(X[:3]), str(found), repr(found)]


def inferred(X: torch.Tensor, y: torch.Tensor, errors: str) -> list[Any]:
    """All that comes of an inference."""
    found = linreg.infer(X, y, errors=errors)
    return [found, found.predict(X[:3]), str(found), repr(found)]


def added(X: torch.Tensor, y: torch.Tensor) -> list[Any]:
    """What `Statistics` can do."""
    first, rest = linreg.Statistics(20), linreg.Statistics.of(X[100:], y[100:])
    first.update(X[:100], y[:100])
    both = first + rest
    parts = [both, both - rest, both.copy(), both.gradient(W, 0.5)]
    return [*parts, both.X_mean, both.y_mean, both.gram, both.xy, both.yy]


FILES: dict[torch.dtype, str] = {}


def file_of(dtype: torch.dtype) -> str:
    return FILES[dtype]


@pytest.fixture(autouse=True, scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> None:
    for dtype in (torch.float32, F64):
        path = tmp_path_factory.mktemp("ambient") / "rows.npy"
        np.save(path, torch.column_stack((X, y)).to(dtype).numpy())
        FILES[dtype] = str(path)


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


def alone(sums: linreg.Statistics) -> linreg.Statistics:
    """Merged with those of no other process."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        return linreg.merge_ranks(sums)
    finally:
        dist.destroy_process_group()


def bits(value: Any) -> Any:
    """All that a result holds, as text and bytes."""
    if isinstance(value, torch.Tensor):
        kind = str(value.dtype), str(value.device), tuple(value.shape), value.requires_grad
        return *kind, value.detach().contiguous().numpy().tobytes()
    if isinstance(value, linreg.Statistics):
        return value.n, bits(value.shift), bits(value.M)
    if dataclasses.is_dataclass(value):
        return [bits(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, (tuple, list)):
        return [bits(part) for part in value]
    if isinstance(value, plt.Axes):
        drawn = [line.get_xydata().tobytes() for line in value.lines]
        return *drawn, value.get_title(), [text.get_text() for text in value.texts]
    assert isinstance(value, (float, int, str, type(None))), value
    return repr(value)


@contextmanager
def put(get: Callable[[], Any], change: Callable[[Any], None], value: Any) -> Iterator[None]:
    """With a setting of the process at another value."""
    before = get()
    change(value)
    try:
        yield
    finally:
        change(before)


@contextmanager
def newer(place: Callable[[], Any], value: str) -> Iterator[None]:
    """With one of the settings of each backend, which came with PyTorch 2.9."""
    if not hasattr(torch.backends, "fp32_precision"):
        pytest.skip("this PyTorch has no such setting")
    owner, part = place(), torch.backends.mkldnn.matmul
    part.fp32_precision = "none"  # what is set for a part outweighs the whole
    owner.fp32_precision = value
    try:
        yield
    finally:
        owner.fp32_precision = "none"
        part.fp32_precision = "none"


def precision(value: str) -> AbstractContextManager[None]:
    return put(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, value)


SETTINGS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "autocast bfloat16": lambda: torch.autocast("cpu", torch.bfloat16),
    "autocast float16": lambda: torch.autocast("cpu", torch.float16),
    "default dtype float64": lambda: put(torch.get_default_dtype, torch.set_default_dtype, torch.float64),
    "default dtype bfloat16": lambda: put(torch.get_default_dtype, torch.set_default_dtype, torch.bfloat16),
    "default device meta": lambda: put(lambda: None, torch.set_default_device, "meta"),
    "device meta": lambda: torch.device("meta"),
    "products medium": lambda: precision("medium"),
    "products high": lambda: precision("high"),
    "oneDNN products bf16": lambda: newer(lambda: torch.backends.mkldnn.matmul, "bf16"),
    "all products bf16": lambda: newer(lambda: torch.backends, "bf16"),
    "without oneDNN": lambda: torch.backends.mkldnn.flags(enabled=False),
    "deterministic": lambda: put(
        torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, True
    ),
    "no grad": torch.no_grad,
    "inference": torch.inference_mode,
    "anomalies": torch.autograd.set_detect_anomaly,
    "flush denormal": lambda: put(lambda: False, torch.set_flush_denormal, True),
    "another seed": lambda: torch.random.fork_rng(devices=[]),
}


@pytest.fixture(scope="module")
def undisturbed() -> dict[Any, Any]:
    return {}


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", CALLS)
def test_no_setting_changes_a_bit(name, setting, dtype, undisturbed):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Anomaly Detection|TF32 acceleration|In CPU autocast")
        if (name, dtype) not in undisturbed:
            undisturbed[name, dtype] = bits(CALLS[name](dtype))
        with SETTINGS[setting]() if setting != "anomalies" else torch.autograd.set_detect_anomaly(True):
            result = CALLS[name](dtype)
    assert bits(result) == undisturbed[name, dtype]


def methods_on_data() -> Iterator[str]:
    """Public methods that take rows or weights."""
    for kind in filter(inspect.isclass, (getattr(linreg, name) for name in linreg.__all__)):
        for name, method in inspect.getmembers(kind, inspect.isroutine):
            if not name.startswith("_") and {"X", "w"} & {*_parameters(method)}:
                yield f"{kind.__name__}.{name}"


def _parameters(method: Any) -> Iterable[str]:
    try:
        return inspect.signature(method).parameters
    except ValueError:  # one of Python's own
        return ()


def test_no_public_function_is_forgotten():
    functions = {name for name in linreg.__all__ if inspect.isfunction(getattr(linreg, name))}
    functions |= {f"plot.{name}" for name in linreg.plot.__all__}
    assert functions <= set(CALLS)
    # and each is written with the one mechanism, wherever it is called from
    methods = set(methods_on_data())
    assert {"Fit.predict", "Statistics.of", "Statistics.gradient", "SoftmaxFit.probabilities"} <= methods
    for name in functions | methods:
        assert operator.attrgetter(name)(linreg).__code__ is products.__code__, name


# The mechanism itself.


@plain
def products(A: torch.Tensor) -> torch.Tensor:
    return A.T @ (A @ A[0])


@pytest.mark.parametrize("setting", ["autocast bfloat16", "products medium", "all products bf16"])
def test_a_function_that_is_not_plain_would_differ(setting):
    """Where the processor has no instruction for it, the setting of products changes nothing."""
    A = X.float()
    exact = products(A)
    with SETTINGS[setting]():
        inside, plainly = products.__wrapped__(A), products(A)
    assert torch.equal(plainly, exact)
    if setting.startswith("autocast"):
        assert inside.dtype == torch.bfloat16
    elif torch.equal(inside, exact):
        pytest.skip("this processor does not multiply in bfloat16")


def test_the_settings_are_as_they_were():
    with torch.autocast("cpu", torch.bfloat16), precision("medium"):
        products(X.float())
        with pytest.raises(ZeroDivisionError):
            plain(lambda: 1 / 0)()
        assert torch.is_autocast_enabled("cpu")
        assert torch.get_float32_matmul_precision() == "medium"
        assert torch.backends.mkldnn.enabled
        with torch.backends.mkldnn.flags(enabled=False):
            products(X.float())
            assert not torch.backends.mkldnn.enabled


def test_two_threads_at_once_leave_the_settings_as_they_were():
    """The first to come in is the first to leave: the other still has full products."""
    seen, inside, leave = [], threading.Event(), threading.Event()

    @plain
    def first():
        inside.set()
        leave.wait(10)

    @plain
    def second():
        leave.set()
        thread.join(10)
        seen.append(torch.backends.mkldnn.enabled)

    with precision("medium"):
        thread = threading.Thread(target=first)
        thread.start()
        assert inside.wait(10)
        second()
        seen.append(torch.backends.mkldnn.enabled)
    assert seen == [False, True]


@pytest.mark.parametrize("value", ["high", "medium"])
def test_products_on_cuda_are_full_too(monkeypatch, value):
    """Its settings can be made where there is no device, and are as if one were there."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with precision(value):
        assert plain(torch.get_float32_matmul_precision)() == "highest"
        assert torch.get_float32_matmul_precision() == value


def test_the_newer_setting_of_cuda_is_put_back(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    cuda = torch.backends.cuda.matmul
    with newer(lambda: cuda, "tf32"):
        assert plain(lambda: cuda.fp32_precision)() == "ieee"
        assert cuda.fp32_precision == "tf32"


@pytest.mark.parametrize("setting", ["autocast bfloat16", "autocast float16", "default dtype float64"])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_gradients_flow_as_before(setting, dtype):
    """A loop of torch.optim around the loss and the model walks the same path to the bit."""

    def walked() -> Any:
        w, b = (
            torch.zeros(20, dtype=dtype, requires_grad=True),
            torch.zeros((), dtype=dtype, requires_grad=True),
        )
        optimizer = torch.optim.SGD([w, b], lr=0.02)
        for _ in range(3):
            optimizer.zero_grad()
            linreg.squared_loss(linreg.predict(X.to(dtype), w, b), y.to(dtype)).backward()
            optimizer.step()
        by_hand = linreg.gradient(X.to(dtype), y.to(dtype), w, b)
        assert by_hand[0].requires_grad  # it is differentiable itself
        return bits([w, b, *by_hand, *torch.autograd.grad(by_hand[0].sum(), w)])

    before = walked()
    with SETTINGS[setting]():
        assert walked() == before


def test_without_a_setting_it_costs_next_to_nothing():
    assert plain(nullcontext).__wrapped__ is nullcontext
    assert products.__name__ == "products"
    assert inspect.signature(plain(linreg.predict)) == inspect.signature(linreg.predict)
