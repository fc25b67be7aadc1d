"""Sums of two processes: equal to one, whatever either holds; and an end, in words, when one is lost."""

import ast
import inspect
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import torch
import torch.distributed as dist
from both_ranks import both_ranks
from project import ROOT

import linreg
from linreg import Statistics, merge_ranks
from linreg.basics.merging import _rows
from linreg.ring import Ring, _reachable

pytestmark = pytest.mark.xdist_group("distributed")  # two ranks are started once, not by every worker

N, D = 1000, 4
EPS = torch.finfo(torch.float64).eps


def data(seed: int = 0, n: int = N) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows far from zero, and drifting: the shares of two ranks have other means."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n, D, generator=generator, dtype=torch.float64)
    X = X * torch.tensor([1.0, 1e-3, 10.0, 1.0]) + 1e4 + torch.arange(n).unsqueeze(1) / n
    y = X @ torch.tensor([1.0, -2.0, 0.5, 3.0]).double() - 7
    return X, y + torch.randn(n, generator=generator, dtype=torch.float64)


class Two(NamedTuple):
    """What two ranks left behind."""

    folder: Path
    told: list[dict[str, list[object]]]
    codes: list[int]
    seconds: float

    def sums(self, name: str) -> list[Statistics]:
        return [Statistics.load(self.folder / f"{name}{rank}") for rank in (0, 1)]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    folder = tmp_path_factory.mktemp("ranks")
    X, y = data()
    torch.save({"X": X, "y": y}, folder / "data")
    start = time.perf_counter()
    told, codes, errors = both_ranks("ranks.py", folder)
    seconds = time.perf_counter() - start
    assert codes[0] == 0, errors
    return Two(folder, told, codes, seconds)


def same(a: Statistics, b: Statistics) -> None:
    """Equal sums: n exactly, the rest to what a sum over n rows may round, each entry by its own scale."""
    assert (a.n, a.d) == (b.n, b.d)
    scale = a.gram.diagonal().sqrt()
    noise = 8 * EPS * math.sqrt(a.n)
    assert bool((a.X_mean - b.X_mean).abs().le(noise * (a.X_mean.abs() + scale)).all())
    assert bool((a.gram - b.gram).abs().le(noise * torch.outer(scale, scale)).all())
    assert bool((a.xy - b.xy).abs().le(noise * scale * a.yy.sqrt()).all())
    assert abs(float(a.yy - b.yy)) <= noise * float(a.yy)


def test_two_ranks_equal_one_process(two):
    X, y = data()
    whole = Statistics.of(X, y)
    for total in two.sums("split"):
        same(whole, total)
        fit, alone = linreg.solve_statistics(total), linreg.solve_statistics(whole)
        assert fit.status == alone.status == "ok"
        # two roundings of the sums, seen through the condition number
        torch.testing.assert_close(fit.w, alone.w, rtol=100 * EPS * fit.condition**2, atol=0)


def test_every_rank_holds_the_same_bits(two):
    first, second = two.sums("split")
    assert torch.equal(first.M, second.M)
    assert torch.equal(first.shift, second.shift)
    assert torch.equal(first.M, first.M.T)


def test_the_shift_is_the_mean_of_all_rows(two):
    X, y = data()
    total = two.sums("split")[0]
    torch.testing.assert_close(total.shift, torch.cat((X.mean(0), y.mean().unsqueeze(0))), rtol=1e-14, atol=0)


def test_weighted_rows_of_two_ranks(two):
    X, y = data()
    whole = Statistics.of(X, y, weights=y.abs())
    for total in two.sums("weighted"):
        assert total.n == len(y)
        assert total.weight == pytest.approx(float(y.abs().sum()), rel=1e-14)
        found, best = linreg.solve_statistics(total), linreg.solve_statistics(whole)
        torch.testing.assert_close(found.w, best.w, rtol=1e-12, atol=0)
        torch.testing.assert_close(total.shift[:-1], (y.abs() @ X) / y.abs().sum(), rtol=1e-12, atol=0)


def standing_on(sums, X, y, c):
    """The numbers of every function that needs no more than sums, and for influence some rows beside them."""
    found = linreg.infer_statistics(sums)
    rows = linreg.influence_statistics(sums, X, y, weights=c)
    at = found.predict(X)
    return {
        "errors": found.se,
        "t": found.t,
        "whole": torch.tensor([found.s, found.r2, found.F], dtype=torch.float64),
        "intervals": torch.stack((at.low, at.new_high)),
        "leverage": rows.leverage,
        "external": rows.external,
        "press": rows.press,
        "vif": linreg.vif_statistics(sums),
        "indices": linreg.condition_indices_statistics(sums).indices,
        "subsets": linreg.best_subsets(sums).loss,
    }


@pytest.mark.parametrize("name", ["split", "weighted"])
def test_all_that_stands_on_sums_of_two_ranks(two, name):
    X, y = data()
    c = y.abs() if name == "weighted" else None
    some = None if c is None else c[:50]
    expected = standing_on(Statistics.of(X, y, weights=c), X[:50], y[:50], some)
    for total in two.sums(name):
        for part, found in standing_on(total, X[:50], y[:50], some).items():
            torch.testing.assert_close(
                found, expected[part], rtol=1e-8, atol=1e-10, msg=lambda m, p=part: p + m
            )


def test_folds_of_ranks():
    """The sums of each rank are those of a fold: no row is moved."""
    X, y = data()
    shares = [slice(0, 700), slice(700, None)]
    parts = [Statistics.of(X[rows], y[rows]) for rows in shares]
    number = (torch.arange(N) >= 700).long()
    found, rows = linreg.cross_validate_statistics(parts), linreg.cross_validate(X, y, folds=number)
    torch.testing.assert_close(found.mse, rows.mse, rtol=1e-9, atol=0)


def test_a_rank_without_rows(two):
    X, y = data()
    for total in two.sums("first_empty"):
        same(Statistics.of(X[700:], y[700:]), total)


def test_no_rank_has_rows(two):
    assert [total.n for total in two.sums("all_empty")] == [0, 0]


def test_squares_below_the_range_of_float64(two):
    X, y = data()
    right = linreg.solve(X, y).w
    for total in two.sums("tiny"):
        fit = linreg.solve_statistics(total)
        torch.testing.assert_close(fit.w * 1e-160, right, rtol=1e-12, atol=0)


def test_ranks_whose_numbers_are_of_very_different_size(two):
    """One rank keeps its columns in other units than the other: they agree on the larger ones."""
    X, y = data()
    X = torch.cat((X[:700] * 1e-160, X[700:] * 1e155))
    right = linreg.solve(X, y)
    for total in two.sums("unlike"):
        assert bool(total.M.isfinite().all())
        fit = linreg.solve_statistics(total)
        assert fit.status == right.status == "ok"
        # half of the rows are zero beside the others, whose mean the columns now share: they are alike
        torch.testing.assert_close(fit.w, right.w, rtol=10 * EPS * fit.condition**2, atol=0)


def test_other_features_raise_on_every_rank(two):
    for told in two.told:
        kind, message, _ = told["features"]
        assert kind == "ShapeError"
        assert "rank 0 has 3, rank 1 has 4 (1 of 2 differ from rank 0)" in message


def test_a_group_of_some(two):
    X, y = data()
    same(Statistics.of(X[700:], y[700:]), Statistics.load(two.folder / "alone1"))
    kind, message, _ = two.told[0]["outside"]
    assert kind == "DistributedError"
    assert "`group`" in message


def test_a_silent_rank_ends_at_the_timeout(two):
    kind, message, seconds = two.told[0]["silent"]
    assert kind == "DistributedError"
    assert "needs all 2 ranks within `timeout`, 1 s; rank 0 lost touch with another" in message
    assert 0.9 < seconds < 10
    same(*two.sums("again"))


def test_ctrl_c_ends_the_wait_for_a_silent_rank(two):
    """The sums of this rank stay, and C++ would wait out the timeout of half an hour."""
    kind, kept, seconds = two.told[0]["interrupted"]
    assert (kind, kept) == ("KeyboardInterrupt", True)
    assert 0.2 < seconds < 60


def test_a_killed_rank_ends_at_once(two):
    kind, message, seconds = two.told[0]["killed"]
    assert kind == "DistributedError"
    assert "rank 0 lost touch with another" in message
    assert "[/" not in message  # no place in the sources of gloo
    assert seconds < 10  # the timeout was half an hour
    assert two.codes == [0, -signal.SIGKILL]


PAGE = ROOT / "docs" / "en" / "part3" / "rows-machines.py"
PROGRAM = PAGE.parent / "files" / "fit_shards.py"


def test_the_page_shows_the_program_that_it_offers():
    (shown,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(PAGE.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "program"
    )
    assert shown == PROGRAM.read_text()


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    numpy = pytest.importorskip("numpy")
    X, y = data()
    for name, rows in (("a", slice(0, 400)), ("b", slice(400, None))):
        numpy.save(tmp_path / f"{name}.npy", torch.column_stack((X[rows], y[rows])).numpy())
    return [tmp_path / "a.npy", tmp_path / "b.npy"]


def program(*arguments: list[object]) -> list[tuple[int, str, str]]:
    """Code, output and errors of the program on machines of one rank each, started as by torchrun."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    same = {"WORLD_SIZE": str(len(arguments)), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    same |= {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    ranks = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), *map(str, some)],
            env=os.environ | same | {"RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, some in enumerate(arguments)
    ]
    try:
        ends = [rank.communicate(timeout=300) for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    return [(rank.returncode, *end) for rank, end in zip(ranks, ends, strict=True)]


def test_the_program_with_more_ranks_than_shards(shards, tmp_path):
    first, second = program([shards[0], "--save", tmp_path / "sums"], [shards[0]])
    assert first[0] == second[0] == 0, first[2] + second[2]
    assert "rank 0 of 2: 400 rows in 1 shards\n400 rows: Fit(w=[" in first[1]
    assert second[1] == "rank 1 of 2: 0 rows in 0 shards\n"
    X, y = data()
    same(Statistics.of(X[:400], y[:400]), Statistics.load(tmp_path / "sums"))


def test_the_program_with_a_shard_on_each_machine(shards, tmp_path):
    ends = program([shards[0], "--local", "--save", tmp_path / "sums"], [shards[1], "--local"])
    assert [code for code, *_ in ends] == [0, 0], ends
    same(Statistics.of(*data()), Statistics.load(tmp_path / "sums"))


@pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) <= (2, 6),
    reason="to 2.6, gloo can wait for ever at an exit: its thread for the lock of Python, which waits for it",
)
def test_the_program_passes_over_no_shard_in_silence(shards):
    for code, out, err in program([shards[0]], [shards[1]]):
        assert code == 1
        assert not out
        assert "Name the same shards on every machine, or use --local." in err


@pytest.fixture
def world() -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("problem", [0, 1, 2])
def test_one_rank_is_itself(world, problem):
    sums = Statistics.of(*data(problem, n=50))
    before = sums.copy()
    merged = merge_ranks(sums, timeout=5)
    same(sums, merged)
    reached = torch.maximum(sums.held.reached, merged.M.diagonal()[:-1])
    torch.testing.assert_close(merged.held.reached, reached, rtol=1e-12, atol=0)  # each column its own
    assert torch.equal(sums.M, before.M)
    assert torch.equal(sums.shift, before.shift)


def test_merged_sums_are_saved_and_grow(world, tmp_path):
    X, y = data()
    total = merge_ranks(Statistics.of(X[:10], y[:10]))
    total.save(tmp_path / "sums")
    again = Statistics.load(tmp_path / "sums")
    again.update(X[10:], y[10:])
    same(Statistics.of(X, y), again)


def test_of_another_kind(world):
    with pytest.raises(linreg.DtypeError, match="`statistics` must be `Statistics`; got Tensor"):
        merge_ranks(torch.zeros(3))


def test_it_waits_as_long_as_torch_does():
    default = inspect.signature(merge_ranks).parameters["timeout"].default
    assert default == dist.distributed_c10d.default_pg_timeout.total_seconds()


def test_gloo_waits_longer_than_its_own_half_an_hour(world):
    ring = Ring(None, 7200.0, "merge_ranks")
    assert ring.options.timeout.total_seconds() == 7200


@pytest.mark.parametrize("timeout", [1e10, 1e15, 1e300])
def test_a_timeout_that_no_clock_can_count_is_as_long_as_one_can(world, timeout):
    sums = Statistics.of(*data(n=50))
    same(sums, merge_ranks(sums, timeout=timeout))


@pytest.mark.parametrize("timeout", [1e-9, 1e-4])
def test_a_timeout_below_what_is_counted_is_not_for_ever(world, timeout):
    ring = Ring(None, timeout, "merge_ranks")
    assert ring.timeout == 1e-3
    start = time.perf_counter()

    class Never:
        def is_completed(self):
            return False

        def wait(self, left):
            assert left.total_seconds() > 0  # 0 would be no limit
            raise RuntimeError("Operation timed out!")

    with pytest.raises(RuntimeError):
        ring.wait(Never(), True)
    assert time.perf_counter() - start < 5


def test_it_looks_a_hundred_times_a_second_whether_all_is_done(world, monkeypatch):
    """More often at first, so that what is done at once is noticed at once."""
    pauses, looks = [], iter([False] * 40 + [True])
    monkeypatch.setattr("linreg.ring.time.sleep", pauses.append)
    work = SimpleNamespace(is_completed=lambda: next(looks), wait=lambda limit: None)
    Ring(None, 60.0, "merge_ranks").wait(work, True)
    assert len(pauses) == 40
    assert max(pauses[:5]) < 1e-3
    assert pauses[-1] == max(pauses) == 0.01


@pytest.mark.parametrize("timeout", [0, -1.0, math.inf])
def test_timeout_out_of_range(world, timeout):
    with pytest.raises(linreg.RangeError, match="`timeout` must be a finite number above 0"):
        merge_ranks(Statistics(2), timeout=timeout)


def test_not_started():
    with pytest.raises(linreg.DistributedError, match=r"not initialised\. Start the program with torchrun"):
        merge_ranks(Statistics(2))


def test_not_a_member(world):
    with pytest.raises(linreg.DistributedError, match="`group` must be one that this process is in"):
        merge_ranks(Statistics(2), group=dist.GroupMember.NON_GROUP_MEMBER)


GROUPS = [0, "world", [0], dist.group, object()]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: type(group).__name__)
def test_no_group_at_all(world, group):
    words = rf"`group` must be a torch.distributed.ProcessGroup; got {type(group).__name__}. Pass torch."
    with pytest.raises(linreg.DtypeError, match=words):
        merge_ranks(Statistics(2), group=group)


def test_the_way_on_from_a_mesh_works(world):
    mesh = dist.device_mesh.init_device_mesh("cpu", (1,))
    with pytest.raises(linreg.DtypeError, match=r"got DeviceMesh\. Pass group\.get_group\(\)\."):
        merge_ranks(Statistics(2), group=mesh)
    assert merge_ranks(Statistics(2), group=mesh.get_group()).n == 0


def test_groups_that_were_destroyed():
    start = {"store": dist.HashStore(), "rank": 0, "world_size": 1}
    dist.init_process_group("gloo", **start)
    part, former = dist.new_group([0]), dist.group.WORLD
    dist.destroy_process_group(part)
    words = "`group` must be one that is in use; it was destroyed. Make another"
    with pytest.raises(linreg.DistributedError, match=words):
        merge_ranks(Statistics(2), group=part)
    dist.destroy_process_group()
    with pytest.raises(linreg.DistributedError, match="not initialised"):
        merge_ranks(Statistics(2), group=former)
    dist.init_process_group("gloo", **start | {"store": dist.HashStore()})
    with pytest.raises(linreg.DistributedError, match=words):
        merge_ranks(Statistics(2), group=former)
    dist.destroy_process_group()


def test_a_group_that_adds_nothing():
    """Such as the backend "fake", with which programs are tried without other ranks."""
    fake = pytest.importorskip("torch.testing._internal.distributed.fake_pg")
    dist.init_process_group("fake", store=fake.FakeStore(), rank=1, world_size=4)
    try:
        with pytest.raises(
            linreg.DistributedError, match=r"add up what its ranks send; rank 0 of 4 is missing"
        ):
            merge_ranks(Statistics(2))
    finally:
        dist.destroy_process_group()


def test_lost_here(world):
    class Broken:
        def allreduce(self, *_):
            raise RuntimeError(
                "[/a/pair.cc:537] Read error [127.0.0.1]:2: Connection reset by peer. Check it."
            )

    ring = Ring(None, 3.0, "merge_ranks")
    ring.group = Broken()
    with pytest.raises(linreg.DistributedError, match=r"another \(Read error .*: Connection reset by peer\)"):
        ring.sum(torch.zeros(2))


def test_halves_added_in_another_order_are_made_equal(world, monkeypatch):
    """More than two ranks add the chunks of the matrix in different orders: it may lose its symmetry."""
    once = Ring.sum

    def rounded(self, values):
        total = once(self, values)
        return (
            total + torch.full_like(total, EPS).triu(1)
            if total.ndim == 2 and total.is_floating_point()
            else total
        )

    monkeypatch.setattr(Ring, "sum", rounded)
    total = merge_ranks(Statistics.of(*data()))
    assert torch.equal(total.M, total.M.T)


def test_features_differ_here(world, monkeypatch):
    answer = torch.tensor([[2, 5, 0, 0], [2, 5, 0, 0], [3, 5, 0, 0]])
    ring = Ring(None, 3.0, "merge_ranks")
    ring.size = 3
    monkeypatch.setattr(ring, "sum", lambda mine: answer)
    with pytest.raises(linreg.ShapeError, match=r"rank 0 has 2, rank 2 has 3 \(1 of 3 differ"):
        _rows(Statistics(2), ring)


def test_rows_of_all_ranks_are_counted(world, monkeypatch):
    """Those that were dropped too; and one rank with units is enough."""
    ring = Ring(None, 3.0, "merge_ranks")
    ring.size = 2
    monkeypatch.setattr(ring, "sum", lambda mine: torch.tensor([[2, 5, 1, 0], [2, 7, 3, 1]]))
    assert _rows(Statistics(2), ring) == (12, 4, True)


def test_dropped_rows_stay_counted(world):
    X, y = data(n=50)
    y[[3, 4]] = math.nan
    sums = linreg.accumulate([(X, y)], missing="drop")
    assert merge_ranks(sums).dropped == 2
    none = merge_ranks(sums - Statistics.of(X[~y.isnan()], y[~y.isnan()]))
    assert (none.n, none.dropped) == (0, 2)


@pytest.mark.parametrize(
    ("device", "config", "where"),
    [
        ("cpu", "cpu:gloo", "cpu"),
        ("cpu", "cpu:gloo,cuda:nccl", "cpu"),
        ("cuda:1", "cpu:gloo,cuda:nccl", "cuda:1"),
        ("cpu", "cuda:nccl", "cuda:3"),
        ("mps", "cpu:gloo,cuda:gloo", "cpu"),
    ],
)
def test_sums_go_where_the_backend_can_send_from(monkeypatch, device, config, where):
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 3)
    assert _reachable(torch.device(device), config) == torch.device(where)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("backend", ["nccl", "gloo"])
def test_one_rank_on_cuda(backend):
    X, y = data()
    dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
    try:
        for device in ("cpu", "cuda"):
            sums = Statistics.of(X.to(device), y.to(device))
            total = merge_ranks(sums, timeout=60)
            assert total.M.device == sums.M.device
            torch.testing.assert_close(total.gram, sums.gram)
    finally:
        dist.destroy_process_group()
