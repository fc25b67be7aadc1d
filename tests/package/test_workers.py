"""Threads that compute alone: the same bits with any number of them, and a caller that notices nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from queue import SimpleQueue

import pytest
import torch
from project import ROOT

import linreg
from linreg import workers
from linreg.basics.products import in_runs, runs

FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def correlated(n: int, d: int, dtype: torch.dtype, order: str = "rows") -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(n + d)
    X = torch.randn(n, d, generator=g, dtype=dtype)
    X += X.mean(1, keepdim=True) * 3 + 1
    y = X @ torch.linspace(-1, 1, d, dtype=dtype) + torch.randn(n, generator=g, dtype=dtype)
    return (X.T.contiguous().T if order == "columns" else X), y


def parts_of(result: object) -> list[torch.Tensor]:
    if isinstance(result, linreg.Statistics):
        return [result.M, result.shift]
    if isinstance(result, linreg.Fit):
        path = [result.path.w, result.path.b, result.path.loss] if result.path else []
        return [result.w, result.b, result.loss, torch.tensor(result.condition or 0.0), *path]
    if isinstance(result, linreg.Inference):
        return [result.se, result.covariance, torch.tensor([result.s, result.F])]
    if isinstance(result, linreg.Intervals):
        return [result.mean, result.se, result.low]
    if isinstance(result, linreg.ChanceIntervals):
        return [result.chance, result.low, result.high]
    if isinstance(result, linreg.Influence):
        return [result.leverage, result.cook, result.press, result.loss]
    return list(result)


ASKED = {
    "solve": linreg.solve,
    "refined by qr": lambda X, y: linreg.solve(torch.column_stack((X, X[:, 0] + 1e-6 * X[:, 1])), y),
    "dependent": lambda X, y: linreg.solve(torch.column_stack((X, X[:, 0])), y),
    "sums": linreg.Statistics.of,
    "inference": linreg.infer,
    "robust errors": lambda X, y: linreg.infer(X, y, errors="HC3"),
    "influence": linreg.influence,
    "huber": lambda X, y: linreg.huber(X, y, scale="joint"),
    "logistic": lambda X, y: linreg.logistic(X, (y > y.median()).to(y.dtype), alpha=1e-3),
    "predictions": lambda X, y: linreg.infer(X[:3000].double(), y[:3000].double()).predict(X),
    "chances": lambda X, y: linreg.infer_logistic(
        X[:300, :4].double(), (y[:300] > y.median()).double()
    ).predict(X[:, :4]),
    "bootstrap": lambda X, y: [
        linreg.bootstrap(
            X[:500], y[:500], resamples=20, generator=torch.Generator().manual_seed(0)
        ).replicates
    ],
    "gradient": lambda X, y: linreg.gradient(X, y, torch.ones_like(X[0]), 2.0),
    "descent": lambda X, y: linreg.gradient_descent(X, y, lr=1e-3, steps=3),
    "autograd": lambda X, y: linreg.gradient_descent(X, y, lr=1e-3, steps=3, autograd=True),
    "momentum": lambda X, y: linreg.momentum(X, y, lr=1e-3, steps=3),
    "adam": lambda X, y: linreg.adam(X, y, lr=1e-3, steps=3),
    "newton": lambda X, y: linreg.newton(X, y, steps=2),
    "lbfgs": lambda X, y: linreg.lbfgs(X, y, steps=3),
    "conjugate gradients": lambda X, y: linreg.conjugate_gradients(X, y, steps=3),
    "sgd": lambda X, y: linreg.sgd(
        X, y, lr=1e-5, epochs=1, batch_size=len(X) // 2, generator=torch.Generator().manual_seed(0)
    ),
}


@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("n", "d"), [(100_000, 12), (7_000, 150), (300, 20)])
@pytest.mark.parametrize("asked", ASKED)
def test_the_number_of_threads_changes_no_bit(asked, n, d, dtype, order):
    X, y = correlated(n, d, dtype, order)
    found = []
    for number in (1, 2, 3):
        torch.set_num_threads(number)
        found.append(parts_of(ASKED[asked](X, y)))
        assert torch.get_num_threads() == number
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


@pytest.mark.parametrize(("n", "d"), [(1, 1), (1000, 2), (100_000, 12), (100_001, 12), (7_000, 150)])
def test_every_row_is_in_one_run(n, d):
    rows = [i for run in runs(torch.empty(n, d)) for i in range(n)[run]]
    assert rows == list(range(n))
    assert [range(10)[run] for run in in_runs(slice(3, 10), 4)] == [range(3, 7), range(7, 10)]


def test_a_small_problem_is_not_dealt():
    assert len(runs(torch.empty(1000, 2))) == 1
    assert len(runs(torch.empty(1_000_000, 10))) > 8  # enough for one thread to be slower than another


def dealt(count: int, compute) -> list:
    """What parts 0, 1, ... give, in the order in which they are given."""
    given: list = []
    workers.alone(workers.dealt)(in_runs(slice(0, count), 1), lambda: compute, given.append)
    return given


def test_a_function_keeps_its_name_and_what_it_says_of_itself():
    alone = workers.alone(dealt)
    assert (alone.__name__, alone.__doc__, alone.__wrapped__) == ("dealt", dealt.__doc__, dealt)


def test_threads_work_at_the_same_time_and_each_alone():
    torch.set_num_threads(2)
    meeting = threading.Barrier(2, timeout=60)  # breaks if one thread does one part after the other

    def compute(part: slice) -> tuple[int, int]:
        meeting.wait()
        return threading.get_ident(), torch.get_num_threads()

    (first, alone), (second, too) = dealt(2, compute)
    assert first != second
    assert alone == too == 1


@pytest.mark.parametrize(
    ("threads", "parts", "helpers"), [(3, 8, [2]), (2, 8, [1]), (3, 2, [1]), (1, 8, []), (3, 1, [])]
)
def test_as_many_help_as_there_is_work_for(monkeypatch, threads, parts, helpers):
    """One thread fewer than PyTorch has, for this one works too, and none that would find no part."""
    asked = []
    monkeypatch.setattr(workers, "_ask", lambda help, number: asked.append(number))
    torch.set_num_threads(threads)
    assert dealt(parts, lambda part: part.start) == list(range(parts))
    assert asked == helpers


def test_a_team_grows_as_it_is_asked_and_no_larger_than_the_machine(monkeypatch):
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 3)
    team, found = workers._Team(), SimpleQueue()

    def help() -> None:
        found.put((workers._here.team, torch.get_num_threads()))

    for helpers, threads in ((1, 1), (9, 3)):
        team.ask(help, helpers)
        assert team.threads == threads
        each = [found.get(timeout=60) for _ in range(helpers)]
        assert each == [(1, 1)] * helpers  # each computes alone, whatever it calls


def test_a_process_keeps_its_team():
    assert workers._team(0) is workers._team(0) is not workers._team(-1)


def test_results_are_given_in_the_order_of_the_parts():
    torch.set_num_threads(2)

    def compute(part: slice) -> int:
        time.sleep(0.05 * (part.start == 0))  # the first is the last to be done
        return part.start

    assert dealt(8, compute) == list(range(8))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_error_of_any_thread_is_raised(number):
    torch.set_num_threads(number)

    def compute(part: slice) -> int:
        if part.start == 5:
            raise linreg.DataError("no such row")
        return part.start

    with pytest.raises(linreg.DataError, match="no such row"):
        dealt(8, compute)
    assert torch.get_num_threads() == number
    assert dealt(3, lambda part: part.start) == [0, 1, 2]


def test_an_error_leaves_the_number_of_threads():
    torch.set_num_threads(3)
    X, y = correlated(100_000, 12, torch.float64)
    X[77_777, 3] = torch.nan
    for function in (linreg.solve, linreg.Statistics.of):
        with pytest.raises(linreg.DataError, match="77777"):
            function(X, y)
        assert torch.get_num_threads() == 3


def test_other_threads_keep_their_number():
    torch.set_num_threads(3)
    X, y = correlated(100_000, 12, torch.float64)
    truth = linreg.solve(X, y).w
    inside, seen = threading.Event(), []

    def compute(part: slice) -> None:
        inside.set()
        time.sleep(0.2)

    def other() -> None:
        inside.wait(60)
        seen.append(torch.get_num_threads())
        seen.append(linreg.solve(X, y).w)
        seen.append(torch.get_num_threads())

    watching = threading.Thread(target=other)
    watching.start()
    dealt(2, compute)
    watching.join()
    assert seen[0] == seen[2] == torch.get_num_threads() == 3
    assert torch.equal(seen[1], truth)


def test_many_callers_at_once():
    torch.set_num_threads(2)
    X, y = correlated(100_000, 12, torch.float64)
    truth, right = linreg.solve(X, y).w, []

    def caller() -> None:
        found = [linreg.solve(X, y).w for _ in range(5)]
        right.append(all(torch.equal(w, truth) for w in found) and torch.get_num_threads() == 2)

    callers = [threading.Thread(target=caller) for _ in range(6)]
    for each in callers:
        each.start()
    for each in callers:
        each.join(120)
    assert right == [True] * 6


def test_calls_within_calls():
    """A part that calls `solve` itself computes alone, too."""
    torch.set_num_threads(2)
    X, y = correlated(100_000, 12, torch.float64)
    truth = linreg.solve(X, y).w
    assert all(torch.equal(w, truth) for w in dealt(3, lambda part: linreg.solve(X, y).w))


def test_without_the_switches_pytorch_splits_the_work(monkeypatch):
    X, y = correlated(100_000, 12, torch.float64)
    truth = linreg.solve(X, y).w
    monkeypatch.setattr(workers, "_switches", lambda: None)
    torch.set_num_threads(2)
    torch.testing.assert_close(linreg.solve(X, y).w, truth, rtol=1e-14, atol=0)  # well conditioned
    assert torch.get_num_threads() == 2


def test_a_library_that_is_not_pytorchs_changes_nothing(monkeypatch):
    monkeypatch.setattr(workers, "_switches", lambda: workers._Switches(lambda n: None, lambda n: 0))
    torch.set_num_threads(2)
    assert (
        dealt(2, lambda part: (threading.get_ident(), torch.get_num_threads()))
        == [(threading.get_ident(), 2)] * 2
    )


def test_no_thread_can_be_started(monkeypatch):
    def refuse(process: int) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(workers, "_team", refuse)
    torch.set_num_threads(2)
    assert dealt(3, lambda part: part.start) == [0, 1, 2]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="a system without timers")
def test_interrupted_at_any_moment():
    torch.set_num_threads(3)
    X, y = correlated(60_000, 12, torch.float32)
    sums = linreg.Statistics.of(X, y)
    truth, interrupted = sums.M.clone(), 0
    try:
        for i in range(150):
            signal.signal(signal.SIGALRM, signal.default_int_handler)
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-5 * (1 + i))
                linreg.Statistics.of(X, y)
                linreg.gradient(X, y, torch.ones_like(X[0]))
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
            finally:
                signal.signal(signal.SIGALRM, signal.SIG_IGN)
                signal.setitimer(signal.ITIMER_REAL, 0)
            assert torch.get_num_threads() == 3
            assert not workers._here.team
            assert workers._switches().mkl(3) in (0, 3)  # what it was before
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert interrupted > 10
    assert torch.equal(linreg.Statistics.of(X, y).M, truth)


BEGIN = """
import atexit, faulthandler, os, signal, sys, threading, time
import torch, linreg
faulthandler.dump_traceback_later(100, exit=True)
torch.set_num_threads(2)
X = torch.randn(100_000, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
y = X.sum(1) + X[:, 0] ** 2
w = linreg.solve(X, y).w  # from here on there is a pool
right = lambda: torch.equal(linreg.solve(X, y).w, w)
"""
SCRIPTS = {
    "fork": """
for _ in range(3):
    child = os.fork()
    if not child:
        os._exit(0 if right() and torch.get_num_threads() == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert right()
""",
    "fork while it works": """
stop = []
def work():
    while not stop: right()
working = threading.Thread(target=work); working.start()
for _ in range(10):
    time.sleep(0.01)
    child = os.fork()
    if not child:
        os._exit(0 if right() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stop.append(1); working.join()
""",
    "loader": """
class Parts(torch.utils.data.Dataset):
    def __len__(self): return 4
    def __getitem__(self, i): return torch.tensor(right())
loader = torch.utils.data.DataLoader(Parts(), num_workers=2, multiprocessing_context="fork")
assert all(bool(each) for each in loader)
""",
    "exit": "atexit.register(lambda: right() or os._exit(1))",
    "exit before a thread": """
threading.Thread(target=lambda: (time.sleep(0.5), right() or os._exit(1))).start()
""",
    "interrupt": """
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell in the background has turned off
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    while True: linreg.Statistics.of(X, y)
except KeyboardInterrupt:
    pass
assert torch.get_num_threads() == 2 and right()
""",
}


@FORK
@pytest.mark.parametrize("script", SCRIPTS)
def test_processes_that_fork_end_or_are_interrupted(script):
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + SCRIPTS[script]],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
