"""Classes from the rows of two processes: the fit of all rows on both, and an error of one that ends both."""

import inspect
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import torch.distributed as dist
from both_ranks import both_ranks
from classified import drawn
from problems import gen
from separable import rows_of

import linreg
from linreg import Status, logistic, logistic_stream, softmax, softmax_stream

pytestmark = pytest.mark.xdist_group("distributed")  # two ranks are started once, not by every worker

F64 = torch.float64
KINDS = ("separable", "quasi", "dummy", "nearly")


def data() -> dict[str, torch.Tensor]:
    X, y = drawn(seed=1)
    given = {"X": X, "y": y, "c": torch.randint(0, 3, (300,), generator=gen()).to(F64)}
    given["t"] = drawn(seed=1, classes=3)[1]
    for seed, kind in enumerate(KINDS):
        given[f"X {kind}"], given[f"y {kind}"] = rows_of(kind, seed)
    return given


class Two(NamedTuple):
    """What two ranks left behind."""

    folder: Path
    told: list[dict[str, Any]]
    codes: list[int]
    errors: str

    def fits(self, name: str) -> list[dict[str, Any]]:
        return [torch.load(self.folder / f"{name}{rank}", weights_only=True) for rank in (0, 1)]

    def fit(self, name: str) -> dict[str, Any]:
        """What both have come to, to the last bit."""
        first, second = self.fits(name)
        assert first.keys() == second.keys()
        for key, value in first.items():
            numbers = isinstance(value, torch.Tensor)
            alike = torch.equal(value.nan_to_num(7), second[key].nan_to_num(7)) if numbers else None
            assert alike if numbers else value == second[key], key
        return first


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    folder = tmp_path_factory.mktemp("class_ranks")
    torch.save(data(), folder / "data")
    return Two(folder, *both_ranks("class_ranks.py", folder))


def close(found: dict[str, Any], whole: Any) -> None:
    """The fit of one process, to what adding up in another order may round."""
    assert found["status"] == whole.status
    assert (found["rank"], found["steps"]) == (whole.rank, whole.steps)
    torch.testing.assert_close(found["w"], whole.w, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(found["b"], whole.b, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(found["loss"], whole.loss, rtol=1e-13, atol=0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("split", {}),
        ("first empty", {}),
        ("nothing counts", {}),
        ("one class each", {}),
        ("again", {}),
        ("other bits", {}),
        ("penalised", {"alpha": 0.1, "standardise": True}),
        ("through zero", {"intercept": False}),
        ("few steps", {"steps": 2}),
    ],
)
def test_two_ranks_equal_one_process(two, name, options):
    given = data()
    whole = logistic_stream([(given["X"], given["y"])], **options)
    assert whole.status == (Status.NOT_CONVERGED if "steps" in options else Status.OK)
    close(two.fit(name), whole)


def test_weighted_rows(two):
    given = data()
    close(two.fit("weighted"), logistic_stream([(given["X"], given["y"], given["c"])]))


@pytest.mark.parametrize("name", ["second empty", "last class"])
def test_more_classes_some_of_which_one_rank_has_alone(two, name):
    given = data()
    assert [int((given["t"] == k).sum()) > 20 for k in range(3)] == [True] * 3
    whole = softmax_stream([(given["X"], given["t"])], alpha=0.01)
    close(two.fit(name), whole)
    torch.testing.assert_close(
        two.fit(name)["w"], softmax(given["X"], given["t"], alpha=0.01).w, rtol=1e-9, atol=1e-11
    )


def test_dependent_columns_and_units(two):
    given = data()
    X, y = given["X"], given["y"]
    Z = torch.column_stack((X, X[:, 0] + X[:, 1]))
    found = two.fit("dependent")
    assert (found["status"], found["rank"]) == ("rank deficient", 20)
    torch.testing.assert_close(found["w"], logistic(Z, y).w, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(two.fit("tiny")["w"] * 1e-200, logistic(X, y).w, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_separated_classes(two, kind):
    given = data()
    X, y = given[f"X {kind}"], given[f"y {kind}"]
    for name, fit in ((kind, logistic), (f"{kind} empty", softmax)):
        whole, found = fit(X, y), two.fit(name)
        if fit is logistic:
            assert found["message"] == logistic_stream([(X, y)]).message  # which counts the rows
        assert found["status"] == whole.status == (Status.OK if kind == "nearly" else Status.SEPARATED)
        assert ("v" in found) is (kind != "nearly")
        if whole.separation is not None:
            assert found["undecided"] == whole.separation.undecided
            assert bool(found["w"].isnan().all())


def test_an_error_of_one_rank_ends_the_other(two):
    """Which names the rank; that has its own error. The group still works: see "again"."""
    own = {
        "label": ("DataError", "`y` must be 0 or 1"),
        "generator": ("DtypeError", "used up after one"),
        "damaged first": ("OSError", "damaged file"),
        "damaged third": ("OSError", "damaged file"),
        "shorter": ("DataError", "the first pass had 100, a later one 7"),
        "more": ("DataError", "the first pass had 0, a later one 100"),
    }
    for name, (kind, words) in own.items():
        assert two.told[1][name][0] == kind
        assert words in two.told[1][name][1]
        kind, message, seconds = two.told[0][name]
        assert kind == "DistributedError"
        assert "needs the rows of all 2 ranks; rank 1 has stopped with an error in its pass" in message
        assert seconds < 30


def test_what_all_ranks_raise(two):
    for told in two.told:
        assert told["no rows"][:2] == [
            "DataError",
            "`rows` must have a row that counts; it has none. Check the filter or the files.",
        ]
        assert told["one class"][0] == told["a class without rows"][0] == "DataError"
        assert "all are of class 0" in told["one class"][1]
        assert "none of class 3" in told["a class without rows"][1]
        assert told["features"][0] == "ShapeError"
        assert (
            "`rows` must have as many features on every rank; rank 0 has 3, rank 1 has 4"
            in told["features"][1]
        )
        for name, words in {
            "alpha": "`alpha` must be the same on every rank; rank 0 has 0.1, rank 1 has 0.2.",
            "classes": "`classes` must be the same on every rank; rank 0 has 3, rank 1 has none.",
            "function": "must be what each rank calls; rank 0 and rank 1 call two functions",
            "other steps": "rank 1 takes another than rank 0, which rounding decides",
        }.items():
            assert told[name][0] == "DistributedError"
            assert words in told[name][1]


def test_a_group_of_some(two):
    assert "inside" not in two.told[1]  # its fit
    kind, message, _ = two.told[0]["outside"]
    assert kind == "DistributedError"
    assert "`ranks` must be one that this process is in" in message


def test_a_silent_rank_ends_at_the_timeout(two):
    kind, message, seconds = two.told[0]["silent"]
    assert kind == "DistributedError"
    assert "`logistic_stream` needs all 2 ranks within `timeout`, 1 s" in message
    assert 0.9 < seconds < 10


def test_a_rank_killed_in_a_pass_ends_the_other_at_once(two):
    kind, message, seconds = two.told[0]["killed"]
    assert kind == "DistributedError"
    assert "rank 0 lost touch with another" in message
    assert seconds < 10  # the timeout was half an hour
    assert two.codes == [0, -signal.SIGKILL], two.errors


@pytest.fixture
def world() -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("seed", range(3))
def test_one_rank_is_itself(world, seed):
    X, y = drawn(seed, d=5)
    fit, alone = logistic_stream([(X, y)], ranks=True, timeout=60), logistic_stream([(X, y)])
    torch.testing.assert_close(fit.w, alone.w, rtol=1e-12, atol=1e-13)
    more = softmax_stream([(X, y)], ranks=dist.group.WORLD, alpha=0.1)
    torch.testing.assert_close(more.w, softmax_stream([(X, y)], alpha=0.1).w, rtol=1e-12, atol=1e-13)


def test_an_error_here_is_told_to_ranks_that_are_lost(world, monkeypatch):
    """It is raised, and not what became of the telling."""
    X, y = drawn(d=2)

    def lost(self, values):
        raise linreg.DistributedError("lost")

    monkeypatch.setattr("linreg.ring.Ring.sum", lost)
    with pytest.raises(linreg.DataError, match="`y` must be 0 or 1"):
        logistic_stream([(X, y + 2)], ranks=True)
    with pytest.raises(linreg.DistributedError, match="lost"):
        logistic_stream([(X, y)], ranks=True)


@pytest.mark.parametrize("fit", [logistic_stream, softmax_stream])
def test_ranks_that_are_none(world, fit):
    X, y = drawn(d=2)
    with pytest.raises(linreg.DtypeError, match=r"`ranks` must be True, for all of them.*; got None"):
        fit([(X, y)], ranks=None)
    for some in (1, "all", [0]):
        with pytest.raises(linreg.DtypeError, match=r"`ranks` must be a torch\.distributed\.ProcessGroup"):
            fit([(X, y)], ranks=some)
    for timeout in (0, -1.0, torch.inf):
        with pytest.raises(linreg.RangeError, match="`timeout` must be a finite number above 0"):
            fit([(X, y)], timeout=timeout)


def test_not_started():
    X, y = drawn(d=2)
    with pytest.raises(linreg.DistributedError, match=r"`logistic_stream` needs torch\.distributed, which"):
        logistic_stream([(X, y)], ranks=True)


def test_a_group_that_adds_nothing():
    """Such as the backend "fake", with which programs are tried without other ranks."""
    fake = pytest.importorskip("torch.testing._internal.distributed.fake_pg")
    dist.init_process_group("fake", store=fake.FakeStore(), rank=1, world_size=4)
    try:
        with pytest.raises(linreg.DistributedError, match=r"`ranks` must add up .*; rank 0 of 4 is missing"):
            logistic_stream([drawn(d=2)], ranks=True)
    finally:
        dist.destroy_process_group()


def test_it_waits_as_long_as_torch_does():
    for fit in (logistic_stream, softmax_stream):
        default = inspect.signature(fit).parameters["timeout"].default
        assert default == dist.distributed_c10d.default_pg_timeout.total_seconds()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("backend", ["nccl", "gloo"])
def test_one_rank_on_cuda(backend):
    X, y = drawn(d=5)
    dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
    try:
        whole = logistic_stream([(X, y)])
        for device in ("cpu", "cuda"):
            fit = logistic_stream([(X.to(device), y.to(device))], ranks=True, timeout=60)
            assert fit.w.device.type == device
            torch.testing.assert_close(fit.w.cpu(), whole.w, rtol=1e-10, atol=1e-12)
    finally:
        dist.destroy_process_group()
