"""Weights of rows that come in blocks: the answer of memory, and a stop that names file, row and column."""

from pathlib import Path

import numpy
import pytest
import torch
from problems import built, gen
from torch import Tensor

import linreg
from linreg import Statistics, StreamError, accumulate, blocks, fit_stream

pa = pytest.importorskip("pyarrow")

from pyarrow import csv, feather, parquet  # noqa: E402

KINDS = (".npy", ".parquet", ".feather", ".csv")
D = 20
NAMES = (*(f"x{j}" for j in range(D)), "y", "c")


def weighted(n: int = 300, seed: int = 0, *, counts: bool = False) -> Tensor:
    """(n, 22): correlated columns off zero, a target, and weights as variances have them, or counts."""
    p = built(n, D, 30.0, noise=0.3, seed=seed)
    c = torch.exp(torch.randn(n, generator=gen(seed + 9), dtype=torch.float64))
    c = (3 * c).floor() if counts else c
    return torch.column_stack((p.X + 2, p.y, c))


def split(data: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return data[:, :D], data[:, D], data[:, D + 1]


def write(path: Path, data: Tensor) -> Path:
    """Rows in the kind that the name says; NaN is nothing in a table."""
    if path.suffix == ".npy":
        numpy.save(path, data.numpy())
        return path
    columns = [pa.array(column.numpy(), from_pandas=True) for column in data.T]
    table = pa.table(dict(zip(NAMES, columns, strict=True)))
    if path.suffix == ".parquet":
        parquet.write_table(table, path, row_group_size=70)
    elif path.suffix == ".feather":
        feather.write_feather(table, str(path), chunksize=70)
    else:
        csv.write_csv(table, path)
    return path


def source(paths: "Path | list[Path]", **more: object) -> linreg.Blocks:
    first = paths[0] if isinstance(paths, list) else paths
    names = {"target": -2, "weights": -1} if first.suffix == ".npy" else {"target": "y", "weights": "c"}
    return blocks(paths, **{**names, **more})


def stopped(rows: object, **settings: object) -> StreamError:
    with pytest.raises(StreamError) as caught:
        accumulate(rows, **settings)
    return caught.value


def same(one: Statistics, other: Statistics) -> None:
    """Up to the rounding of sums in another order."""
    assert (one.n, one.weight) == (other.n, pytest.approx(other.weight, rel=1e-14))
    torch.testing.assert_close(one.about(other.shift), other.M, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
class TestFiles:
    def test_the_fit_is_that_of_memory(self, tmp_path, kind, seed):
        data = weighted(seed=seed)
        paths = [write(tmp_path / f"{i}{kind}", part) for i, part in enumerate(data.split(140))]
        found = source(paths, rows=64)
        assert len(found.features) == D
        fit = fit_stream(found)
        X, y, c = split(data)
        best = linreg.solve(X, y, weights=c)
        torch.testing.assert_close(fit.w, best.w, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(fit.b, best.b, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(fit.loss, best.loss, rtol=1e-10, atol=0)
        plain = linreg.solve(X, y)
        assert not torch.allclose(fit.w, plain.w, rtol=1e-3), "the weights matter"
        same(accumulate(found), Statistics.of(X, y, weights=c))

    def test_frequencies_are_rows_given_so_often(self, tmp_path, kind, seed):
        data = weighted(seed=seed, counts=True)
        X, y, c = split(data)
        sums = accumulate(source(write(tmp_path / f"a{kind}", data), rows=64), frequency=True)
        times = c.long()
        assert sums.n == int(times.sum())
        same(sums, Statistics.of(X.repeat_interleave(times, 0), y.repeat_interleave(times)))
        fit = fit_stream(source(tmp_path / f"a{kind}"), frequency=True)
        torch.testing.assert_close(fit.w, linreg.solve(X, y, weights=c).w, rtol=1e-10, atol=1e-12)

    def test_a_missing_weight(self, tmp_path, kind, seed):
        """Stops there and goes on; or such rows are dropped, and those that lack something else."""
        data = weighted(seed=seed)
        whole = data.clone()
        data[[77 + seed, 200], [D + 1, D + 1]] = torch.nan
        data[150, 3] = torch.nan
        path = write(tmp_path / f"a{kind}", data)
        error = stopped(source(path, rows=50))
        name = repr(D + 1 if kind == ".npy" else "c")
        assert f"`source` must be finite; column {name} is missing in row {77 + seed} of '{path}'" in str(
            error
        )
        before = whole[: 77 + seed]
        X, y, c = split(before)
        same(error.statistics, Statistics.of(X, y, weights=c))
        kept = ~data.isnan().any(1)
        X, y, c = split(data[kept])
        sums = accumulate(source(path, rows=50), missing="drop")
        assert sums.dropped == 3
        same(sums, Statistics.of(X, y, weights=c))
        write(path, whole)
        X, y, c = split(whole)
        rest = accumulate(source(path, start=error.row), start=error.statistics)
        same(rest, Statistics.of(X, y, weights=c))


FAULTS = {
    "negative": (-2.5, False, "`weights` must be 0, or from 1e-100 to 1e+100; {} is -2.5 in", "pass 0."),
    "large": (
        1e101,
        False,
        "`weights` must be 0, or from 1e-100 to 1e+100; {} is 1e+101 in",
        "by one number.",
    ),
    "infinite": (torch.inf, False, "`source` must be finite; {} is inf in", "go on from there."),
    "half": (
        0.5,
        True,
        "`weights` must be whole numbers where `frequency=True`; {} is 0.5 in",
        "precisions.",
    ),
}


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_weight(tmp_path, kind, fault, drop):
    """File, row and column are named, and the rows before are summed; dropping mends what is missing only."""
    bad, frequency, words, cure = FAULTS[fault]
    data = weighted(counts=frequency)
    whole = data.clone()
    data[205, D + 1] = bad
    data[260, 0] = torch.nan  # later: it is not the first
    if drop:
        data[[30, 170], D + 1] = torch.nan  # in a block before, and before it in its own
    paths = [write(tmp_path / f"{i}{kind}", part) for i, part in enumerate(data.split(150))]
    missing = "drop" if drop else "error"
    error = stopped(source(paths, rows=64), frequency=frequency, missing=missing)
    column = f"column {D + 1 if kind == '.npy' else 'c'!r}"
    assert str(error).startswith(f"{words.format(column)} row 55 of '{paths[1]}'.")
    assert str(error).endswith(cure)
    assert (error.row, error.path) == (205, str(paths[1]))
    X, y, c = split(data[:205][~data[:205].isnan().any(1)])
    same(error.statistics, Statistics.of(X, y, weights=c, frequency=frequency))
    assert error.statistics.dropped == 2 * drop
    write(paths[1], whole[150:])
    total = accumulate(source(paths, start=205), start=error.statistics, frequency=frequency, missing=missing)
    X, y, c = split(whole[~data.isnan().any(1) | (torch.arange(300) >= 205)])
    same(total, Statistics.of(X, y, weights=c, frequency=frequency))


class TestIterables:
    data = weighted(90)
    X, y, c = split(data)

    def triples(self, size=20):
        return list(zip(self.X.split(size), self.y.split(size), self.c.split(size), strict=True))

    def test_any_iterable(self):
        whole = Statistics.of(self.X, self.y, weights=self.c)
        loader = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(self.X, self.y, self.c), batch_size=20
        )
        for rows in (self.triples(), iter(self.triples()), loader, [list(one) for one in self.triples()]):
            same(accumulate(rows), whole)

    def test_inputs_are_left_alone(self):
        data = weighted(90)
        data[5, D + 1] = torch.nan
        before = data.clone()
        accumulate([split(data)], missing="drop")
        assert torch.equal(data.nan_to_num(-7), before.nan_to_num(-7))

    @pytest.mark.parametrize(
        ("block", "words"),
        [
            ((X[:5], y[:5], c[:4]), "`weights` must have shape (5,), one for each row; got (4,)"),
            ((X[:5], y[:5], c[:5, None]), "If it is a column, pass `weights.squeeze(1)`"),
            ((X[:5], y[:5], c[:5].float()), "`weights` must have the dtype"),
            ((X[:5], y[:5], c[:5].tolist()), "`weights` must be a torch.Tensor; got list"),
            ((X[:5], y[:5], None), "`weights` must be a torch.Tensor; got NoneType"),
            ((X[:5], y[:5]), "`source` must give (X, y, weights) each time, as at first; got 2 in a block."),
            ((X[:5], y[:5], -c[:5]), "`weights` must be 0, or from 1e-100 to 1e+100; the weight is -"),
        ],
    )
    @pytest.mark.parametrize("missing", ["error", "drop"])
    def test_a_block_that_does_not_fit(self, block, words, missing):
        error = stopped([*self.triples()[:2], block], missing=missing)
        assert words in str(error)
        assert (error.row, error.path) == (40, None)
        same(error.statistics, Statistics.of(self.X[:40], self.y[:40], weights=self.c[:40]))

    def test_the_cure_works(self):
        """Of blocks with weights and blocks without, and of frequencies that nobody gave."""
        pairs = [(X, y) for X, y, _ in self.triples()]
        error = stopped([self.triples()[0], *pairs[1:]])
        assert str(error).endswith("Weights that count all rows alike are torch.ones_like(y).")
        alike = [self.triples()[0], *((X, y, torch.ones_like(y)) for X, y in pairs[1:])]
        assert accumulate(alike).n == 90
        error = stopped(pairs, frequency=True)
        assert "must give (X, y, weights) each time, where `frequency=True`; got 2 in a block" in str(error)
        assert accumulate([(X, y, torch.ones_like(y)) for X, y in pairs], frequency=True).n == 90

    def test_frequencies_of_files_need_a_column(self, tmp_path):
        path = write(tmp_path / "a.csv", weighted(40, counts=True))
        error = stopped(blocks(path, target="y"), frequency=True)
        assert str(error).endswith("Name their column: blocks(..., weights=...).")
        assert accumulate(source(path), frequency=True).n > 40

    def test_rows_of_weight_0_do_not_count(self):
        c = self.c.clone()
        c[:30] = 0
        same(accumulate([(self.X, self.y, c)]), Statistics.of(self.X[30:], self.y[30:], weights=c[30:]))
        with pytest.raises(linreg.DataError, match="at least one row with a weight above 0; it has none"):
            accumulate([(self.X, self.y, 0 * c)])
        lost = torch.full_like(c, torch.nan)
        with pytest.raises(linreg.DataError, match="a weight above 0 and nothing missing; it has none"):
            accumulate([(self.X, self.y, lost)], missing="drop")


class TestColumns:
    @pytest.fixture
    def path(self, tmp_path):
        return write(tmp_path / "a.parquet", weighted(40))

    def test_they_are_no_feature(self, path):
        found = blocks(path, target="y", weights="c")
        assert found.columns == NAMES
        assert (found.features, found.target, found.weights) == (NAMES[:-2], "y", "c")
        assert repr(found) == f"Blocks('{path}', target='y', features=20, weights='c')"
        (block,) = found
        assert [part.shape for part in block] == [(40, 20), (40,), (40,)]
        assert blocks(path, target="y").weights is None
        assert len(blocks(path, target="y").features) == 21

    @pytest.mark.parametrize("columns", [{"features": ["x0", "c"]}, {"weights": "y"}])
    def test_twice(self, path, columns):
        with pytest.raises(
            linreg.RangeError, match=r"without the target and the weights, which differ; '[cy]'"
        ):
            blocks(path, **{"target": "y", "weights": "c", **columns})

    def test_not_there(self, path):
        with pytest.raises(linreg.RangeError, match=r"`weights` must name columns of .*; got 'weight'"):
            blocks(path, target="y", weights="weight")

    def test_of_text(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_text("x,y,c\n1,2,often\n")
        words = "`features`, `target` and `weights` must hold numbers; in .* column 'c' holds string"
        with pytest.raises(linreg.DtypeError, match=words):
            blocks(path, target="y", weights="c")

    def test_missing_from_a_later_file(self, tmp_path, path):
        other = tmp_path / "b.parquet"
        parquet.write_table(parquet.read_table(path).drop_columns(["c"]), other)
        error = stopped(source([path, other]))
        assert "column 'c' holds numbers there and is missing here" in str(error)
        assert error.row == 40

    @pytest.mark.parametrize("order", ["C", "F"])
    @pytest.mark.parametrize("kind", ["<f4", "<f8", "<i8", "|b1"])
    def test_arrays_of_every_kind_and_order(self, tmp_path, kind, order):
        array = numpy.random.default_rng(0).integers(0, 2, (50, 5)).astype(kind, order=order)
        numpy.save(tmp_path / "a.npy", array)
        found = [*blocks(tmp_path / "a.npy", target=1, features=[4, 0], weights=2, rows=7)]
        got = torch.cat([torch.column_stack(block) for block in found])
        assert got.tolist() == array[:, [4, 0, 1, 2]].tolist()

    def test_a_weight_that_no_float_holds(self, tmp_path):
        array = numpy.ones((30, 3), dtype=numpy.int64)
        array[20, 2] = 2**53 + 1
        numpy.save(tmp_path / "a.npy", array)
        error = stopped(blocks(tmp_path / "a.npy", target=1, weights=2), frequency=True)
        assert "an integer up to 2^53 in each row; column 2 has 9007199254740993 in row 20." in str(error)
        assert error.statistics.n == 20
