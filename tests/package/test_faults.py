"""Faults and interruption: what reaches another process, files that are whole, sums never half done."""

import copy
import dataclasses
import importlib
import inspect
import itertools
import multiprocessing
import os
import pickle
import pkgutil
import random
import resource
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from problems import gen
from project import ROOT

import linreg
from linreg import Statistics, accumulate, fit_stream


def data(n: int = 80, d: int = 2, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    X = torch.randn(n, d, generator=gen(seed), dtype=torch.float64) + 5
    return X, X.sum(1) + torch.randn(n, generator=gen(seed + 1), dtype=torch.float64)


X, Y = data()
SUMS = Statistics.of(X, Y)


def same(a: Any, b: Any) -> bool:
    """Equal in all they hold, tensors to the last bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, BaseException):
        return same((str(a), a.args, vars(a)), (str(b), b.args, vars(b)))
    return same(vars(a), vars(b)) if hasattr(a, "__dict__") and not isinstance(a, str) else a == b


# What is sent to another process.

MODULES = [
    importlib.import_module(module.name) for module in pkgutil.walk_packages(linreg.__path__, "linreg.")
]
OWN = {item for module in MODULES for item in vars(module).values()
       if inspect.isclass(item) and item.__module__.startswith("linreg")}  # fmt: skip
ERRORS = sorted(
    (kind for kind in OWN if issubclass(kind, linreg.LinregError)), key=lambda kind: kind.__name__
)
FIELDS = {"message": "`X` must be \n 'whole'.", "row": 7, "path": "a\udcff.npy"}


def raised(kind: type[BaseException]) -> BaseException:
    """An error with all that one can carry."""
    own = kind.__init__ if "__init__" in vars(kind) else None
    names = list(inspect.signature(own).parameters)[1:] if own else ["message"]
    error = kind(*(FIELDS[name] for name in names))
    for name in vars(error):
        if getattr(error, name) is None:
            setattr(error, name, SUMS)
    error.add_note("and more")
    return error


def fitted() -> linreg.Fit:
    return linreg.gradient_descent(X, Y, lr=0.01, steps=3, record=True)


def in_file(folder: Path) -> linreg.Blocks:
    numpy.save(folder / "rows.npy", torch.column_stack((X, Y)).numpy())
    return linreg.blocks(folder / "rows.npy", target=-1, rows=7, start=3)


# Every class that users meet and that is no error: a new one is a line here.
LOW = torch.arange(len(Y)).remainder(2).double()
HIGH = Y.gt(Y.median()).double()
RESULTS: dict[type, Callable[[Path], Any]] = {
    linreg.Fit: lambda _: fitted(),
    linreg.Path: lambda _: fitted().path,
    linreg.Status: lambda _: linreg.Status.OK,
    linreg.Statistics: lambda _: SUMS,
    linreg.Curvature: lambda _: linreg.curvature(X),
    linreg.Doubled: lambda _: linreg.Doubled.of([["1/3", "0.1"]]),
    linreg.Data: lambda _: linreg.Data(X, Y, ["a", "b"], "y", "where from"),
    linreg.Blocks: in_file,
    linreg.Ordinary: lambda _: linreg.ordinary(),
    linreg.Inference: lambda _: linreg.infer(X, Y),
    linreg.Intervals: lambda _: linreg.infer(X, Y).predict(X),
    linreg.Influence: lambda _: linreg.influence(X, Y),
    linreg.BreuschPagan: lambda _: linreg.breusch_pagan(X, Y),
    linreg.ConditionIndices: lambda _: linreg.condition_indices(X),
    linreg.Bootstrap: lambda _: linreg.bootstrap(
        X, Y, resamples=50, generator=torch.Generator().manual_seed(0)
    ),
    linreg.CrossValidation: lambda _: linreg.cross_validate(X, Y, folds=3),
    linreg.LearningCurve: lambda _: linreg.learning_curve(X, Y, X, Y, sizes=[5, len(Y)]),
    linreg.Subsets: lambda _: linreg.best_subsets(SUMS),
    linreg.RowLoss: lambda _: linreg.row_loss(Y),
    linreg.RobustFit: lambda _: linreg.huber(X, Y),
    linreg.PenalisedFit: lambda _: linreg.ridge(X, Y, alpha=0.1),
    linreg.PathValidation: lambda _: linreg.cross_validate_path(X, Y, alphas=3, folds=3),
    linreg.RegularisationPath: lambda _: linreg.ridge_path(X, Y, alphas=3),
    linreg.LogisticFit: lambda _: linreg.logistic(X, HIGH, alpha=0.1),
    linreg.SoftmaxFit: lambda _: linreg.softmax(X, HIGH, alpha=0.1),
    linreg.ClassInference: lambda _: linreg.infer_softmax(X, LOW),
    linreg.ChanceIntervals: lambda _: linreg.infer_logistic(X, LOW).predict(X),
    linreg.Separation: lambda _: linreg.logistic(Y[:, None], HIGH).separation,
}
COPIES = {f"pickle {i}": lambda v, i=i: pickle.loads(pickle.dumps(v, i)) for i in range(2, 6)}
COPIES |= {"copy": copy.copy, "deepcopy": copy.deepcopy}


def test_every_class_is_among_them():
    public = {item for name in linreg.__all__ if inspect.isclass(item := getattr(linreg, name))}
    assert public == set(RESULTS) | set(ERRORS)
    assert linreg.StreamError in ERRORS
    assert not {item for item in public if issubclass(item, BaseException)} - set(ERRORS)


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_is_copied_with_all_it_carries(kind, how):
    error = raised(kind)
    again = COPIES[how](error)
    assert same(again, error)
    assert again.__notes__ == ["and more"]


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_goes_by_its_public_name(kind):
    """A traceback and a pickle name what a reader can import."""
    assert traceback.format_exception_only(raised(kind))[0].startswith(f"linreg.{kind.__name__}: ")
    assert b"clinreg\n" + kind.__name__.encode() in pickle.dumps(kind, protocol=0)


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("kind", RESULTS)
def test_a_result_is_copied(kind, how, tmp_path):
    value = RESULTS[kind](tmp_path)
    assert type(value) is kind
    again = COPIES[how](value)
    assert same(again, value)
    assert repr(again) == repr(value)
    if kind is linreg.Blocks:
        assert same(list(again), list(value))
    if dataclasses.is_dataclass(kind):
        with pytest.raises(dataclasses.FrozenInstanceError):
            again.w = 1


def give(value: Any) -> Any:
    if isinstance(value, BaseException):
        raise value
    return value


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_all_of_them_come_out_of_a_pool_whose_workers_have_ended(tmp_path):
    """A bare tensor does not: its memory is gone with the worker, and `Pool` waits for ever."""
    sent = [raised(kind) for kind in ERRORS] + [RESULTS[kind](tmp_path) for kind in RESULTS]
    bare = (linreg.Doubled, linreg.Data, linreg.Ordinary, linreg.RowLoss)  # tuples of tensors
    sent = [value for value in sent if not isinstance(value, bare)]
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        coming = [pool.apply_async(give, (value,)) for value in sent]
        for value, answer in zip(sent, coming, strict=True):
            if not isinstance(value, Exception):
                assert same(answer.get(60), value)
                continue
            with pytest.raises(type(value)) as caught:
                answer.get(60)
            assert same(caught.value, value)


# Files.


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    SUMS.save(tmp_path / "sums")
    return tmp_path / "sums"


def former(path: Path, **other: Any) -> Path:
    """A file as it was written before there was a checksum of our own."""
    held = {"format": "linreg statistics 1", "n": SUMS.n, "shift": SUMS.shift, "M": SUMS.M} | other
    torch.save(held, path)
    return path


def refused(path: Path) -> str:
    with pytest.raises(linreg.FileError, match="cannot be read as one") as caught:
        Statistics.load(path)
    return str(caught.value)


def test_a_flipped_bit_is_found_in_every_byte(saved):
    whole = saved.read_bytes()
    for i in range(len(whole)):
        saved.write_bytes(whole[:i] + bytes([whole[i] ^ 1 << random.Random(i).randrange(8)]) + whole[i + 1 :])
        refused(saved)
    saved.write_bytes(whole)
    assert same(Statistics.load(saved), SUMS)


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert refused(tmp_path / "none").endswith(": there is no such file. Check its name and folder.")


def test_what_was_cut_off_or_added_is_found(saved):
    whole = saved.read_bytes()
    for content in (*(whole[:n] for n in range(0, len(whole), 37)), whole + b"\0", b"\n" + whole, whole * 2):
        saved.write_bytes(content)
        refused(saved)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_former_files_are_read_and_checked(tmp_path, seed):
    path = former(tmp_path / "sums")
    assert same(Statistics.load(path), SUMS)
    whole, random_ = path.read_bytes(), random.Random(seed)
    found = 0
    for _ in range(300):
        changed = bytearray(whole)
        changed[random_.randrange(len(whole))] = random_.randrange(256)
        path.write_bytes(changed)
        try:
            assert same(Statistics.load(path), SUMS)  # padding, or the same byte again
        except linreg.FileError:
            found += 1
    assert found > 30


def test_each_number_of_a_former_file_is_checked(tmp_path):
    path = former(tmp_path / "sums")
    whole = path.read_bytes()
    for tensor in (SUMS.shift, SUMS.M):
        begin = whole.index(tensor.numpy().tobytes())
        for i in range(begin, begin + 8 * tensor.numel()):
            path.write_bytes(whole[:i] + bytes([whole[i] ^ 4]) + whole[i + 1 :])
            assert "checksum" in refused(path)


@pytest.mark.parametrize(
    "other",
    [{"n": 80.0}, {"n": -80}, {"n": True}, {"M": [1]}, {"M": SUMS.M[:0, :0], "shift": SUMS.shift[:0], "n": 0},
     {"shift": SUMS.shift.unsqueeze(1)}, {"shift": SUMS.shift.sum()}, {"more": 1}, {"format": "linreg"}],
)  # fmt: skip
def test_other_content_is_no_sums(tmp_path, other):
    refused(former(tmp_path / "sums", **other))


@pytest.mark.parametrize("content", [b"", b"\0" * 99, b"PK\3\4" + b"\0" * 99, b"PK\5\6" + b"\0" * 18])
def test_other_files_are_no_sums(tmp_path, content):
    (tmp_path / "sums").write_bytes(content)
    assert ": reading it raised " in refused(tmp_path / "sums")


ODD = {"": "FileError", "a\0b": "FileError", "\ud800": "FileError", "a" * 300: "FileError",
       "no/such": "FileError", ".": "FileError",
       b"x": "DtypeError", None: "DtypeError", 7: "DtypeError", Path: "DtypeError"}  # fmt: skip


@pytest.mark.parametrize("path", ODD, ids=repr)
@pytest.mark.parametrize("call", [SUMS.save, Statistics.load])
def test_odd_paths(tmp_path, monkeypatch, path, call):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(linreg.LinregError, match="`path` must ") as caught:
        call(path)
    assert type(caught.value).__name__ == ODD[path]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets here")
@pytest.mark.parametrize("call", [SUMS.save, Statistics.load])
def test_what_is_no_file_is_left_alone(tmp_path, monkeypatch, call):
    """A socket, in place of a device: a slip in `save` that root ran would replace /dev/null for good."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as device:
        device.bind("device")
        with pytest.raises(linreg.FileError, match="`path` must "):
            call("device")
        assert Path("device").is_socket()
    assert [path.name for path in tmp_path.iterdir()] == ["device"]


def test_a_device_that_is_not_there(saved):
    for device in ("nowhere", "meta", "cuda:99", None, 1.5):
        with pytest.raises(linreg.DeviceError, match=r"`device` must be one .* Pass 'cpu'\."):
            Statistics.load(saved, device=device)
        with pytest.raises(linreg.DeviceError, match=r"`device` must be one .* Pass 'cpu'\."):
            Statistics(2, device=device)


def test_a_link_stays_and_rights_stay(tmp_path):
    (tmp_path / "far").mkdir()
    real, link = tmp_path / "far" / "sums", tmp_path / "link"
    SUMS.save(real)
    real.chmod(0o600)
    link.symlink_to(real)
    more = SUMS + SUMS
    more.save(link)
    assert link.is_symlink()
    assert same(Statistics.load(real), more)
    assert real.stat().st_mode & 0o777 == 0o600


def test_a_new_file_has_the_usual_rights(tmp_path):
    SUMS.save(tmp_path / "sums")
    (tmp_path / "other").touch()
    assert (tmp_path / "sums").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_all_is_on_the_disk_before_it_takes_the_place_of_the_old(tmp_path, monkeypatch):
    """Power may fail at any time."""
    done, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda file: done.append(("written", os.fstat(file).st_size)))

    def noted(part, where):
        done.append(("replaced", os.stat(part).st_size))
        replace(part, where)

    monkeypatch.setattr(os, "replace", noted)
    SUMS.save(tmp_path / "sums")
    size = (tmp_path / "sums").stat().st_size
    assert done == [("written", size), ("replaced", size)]


def test_a_name_of_the_greatest_length(tmp_path):
    SUMS.save(tmp_path / ("é" * 127))
    assert same(Statistics.load(tmp_path / ("é" * 127)), SUMS)


def forked(job: Callable[[], Any]) -> int:
    """The process that does a job; it ends with 0 if that returned."""
    if (pid := os.fork()) == 0:
        code = 1
        try:
            job()
            code = 0
        finally:
            os._exit(code)
    return pid


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_full_disk_loses_nothing(saved):
    wide = Statistics.of(*data(50, 40))

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # as a disk that is full after 1000 bytes
        with pytest.raises(linreg.FileError, match=r"has space\."):
            wide.save(saved)

    assert os.waitpid(forked(limited), 0)[1] == 0
    assert os.listdir(saved.parent) == ["sums"]
    assert same(Statistics.load(saved), SUMS)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_two_processes_save_one_path(saved):
    states = [SUMS, SUMS + SUMS]

    def often(sums: Statistics) -> None:
        for _ in range(40):
            sums.save(saved)

    pids = [forked(lambda sums=sums: often(sums)) for sums in states]
    for _ in range(100):
        now = Statistics.load(saved)
        assert any(same(now, sums) for sums in states)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0]
    assert os.listdir(saved.parent) == ["sums"]


# Interruptions.


def stopped_at(moment: int, files: set[str], job: Callable[[], Any]) -> BaseException | None:
    """Run a job and raise KeyboardInterrupt before the line that is number `moment` of those in `files`."""
    seen = itertools.count()

    def trace(frame: Any, event: str, _: Any) -> Any:
        if (
            os.path.basename(frame.f_code.co_filename) not in files
            or "linreg" not in frame.f_code.co_filename
        ):
            return None
        if event == "line" and next(seen) == moment:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        job()
    except KeyboardInterrupt as stop:
        return stop
    finally:
        sys.settrace(before)
    return None


def moments(files: set[str], make: Callable[[], Callable[[], Any]]) -> Iterator[BaseException]:
    """What is raised when a job is stopped before its first line, its second, and so on to its end."""
    for moment in itertools.count():
        stop = stopped_at(moment, files, make())
        if stop is None:
            assert moment > 10
            return
        yield stop


def test_update_stopped_anywhere_is_whole():
    halves = [Statistics.of(X[:40], Y[:40])]
    after = halves[0].copy()
    after.update(X[40:], Y[40:])
    seen = []

    def make() -> Callable[[], Any]:
        seen.append(halves[0].copy())
        return lambda: seen[-1].update(X[40:], Y[40:])

    for _ in moments({"statistics.py", "products.py", "checks.py"}, make):
        assert same(seen[-1], halves[0])
    assert same(seen[-1], after)


def test_save_stopped_anywhere_leaves_the_old_file_or_the_new(saved):
    more, states = SUMS + SUMS, set()

    def make() -> Callable[[], Any]:
        SUMS.save(saved)
        return lambda: more.save(saved)

    for _ in moments({"keep.py", "statistics.py"}, make):
        assert os.listdir(saved.parent) == ["sums"]
        now = Statistics.load(saved)
        assert same(now, SUMS) or same(now, more)
        states.add(now.n)
    assert SUMS.n in states
    assert same(Statistics.load(saved), more)


CUTS = [slice(0, 30), slice(30, 31), slice(31, 80)]


@pytest.mark.parametrize("call", [accumulate, fit_stream])
@pytest.mark.parametrize("resumed", [False, True])
def test_a_pass_stopped_anywhere_hands_back_what_it_summed(call, resumed):
    start = Statistics.of(*data(seed=5)) if resumed else None
    rows = set()
    for stop in moments(
        {"stream.py", "statistics.py", "products.py"},
        lambda: lambda: call([(X[cut], Y[cut]) for cut in CUTS], start=start),
    ):
        if not hasattr(stop, "row"):
            assert rows <= {0}, "only before the pass began"
            rows.add(0)
            continue
        rows.add(stop.row)
        whole = accumulate([(X[cut], Y[cut]) for cut in CUTS if cut.stop <= stop.row] or [], start=start) \
            if stop.row or start else None  # fmt: skip
        assert same(stop.statistics, whole)
        assert ("go on from `stop.row`" in "".join(getattr(stop, "__notes__", []))) is (whole is not None)
        rest = [(X[cut], Y[cut]) for cut in CUTS if cut.start >= stop.row]
        total = accumulate(rest, start=stop.statistics)
        assert total.n == 80 * (1 + resumed)
    assert rows == {0, 30, 31, 80}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, TimeoutError, MemoryError])
def test_whatever_ends_a_pass_from_outside(kind, monkeypatch):
    once, calls = Statistics.update, []

    def update(self: Statistics, *rows: torch.Tensor, **weighted: Any) -> None:
        calls.append(rows)
        if len(calls) == 3:
            raise kind("from a handler")
        once(self, *rows, **weighted)

    monkeypatch.setattr(Statistics, "update", update)
    with pytest.raises(kind) as caught:
        accumulate([(X[cut], Y[cut]) for cut in CUTS])
    assert type(caught.value) is kind
    assert (caught.value.row, caught.value.statistics.n) == (31, 31)
    assert same(pickle.loads(pickle.dumps(caught.value)), caught.value)


def test_sums_handed_back_do_not_change_when_others_go_on(monkeypatch):
    with pytest.raises(linreg.StreamError) as caught:
        accumulate([(X[:30], Y[:30]), (X[30:] * torch.nan, Y[30:])])
    kept = caught.value.statistics
    before = kept.copy()
    total = accumulate([(X[30:], Y[30:])], start=kept)
    assert same(kept, before)
    assert total.n == 80


PROGRAM = """
import signal, sys, time
import torch
import linreg

torch.set_num_threads(1)
signal.signal(signal.SIGINT, signal.default_int_handler)  # started in the background, it may be ignored


def rows():
    for k in range(100_000):
        generator = torch.Generator().manual_seed(k)
        yield linreg.simulate(50, generator=generator)
        if k == 3:
            print("running", flush=True)
        time.sleep(0.001)


try:
    linreg.accumulate(rows())
except KeyboardInterrupt as stop:
    stop.statistics.save(sys.argv[1])
    print(stop.row, flush=True)
    raise
"""


def test_a_real_signal(tmp_path):
    """Ctrl-C: the sums can be saved, and a script that lets it pass ends by the signal, as shells expect."""
    run = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "sums")],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert run.stdout.readline() == "running\n"
        time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=120)
    finally:
        run.kill()
    assert run.returncode == -signal.SIGINT, err
    assert "go on from `stop.row`" in err
    row, sums = int(out), Statistics.load(tmp_path / "sums")
    assert row == sums.n
    assert row % 50 == 0
    again = Statistics(2)
    for k in range(row // 50):
        again.update(*linreg.simulate(50, generator=gen(k)))
    assert same(again, sums)
