"""Rows from files: the same answer as in memory, in bounded memory, and a stop that names file and row."""

import _thread
import builtins
import ctypes
import datetime
import errno
import inspect
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest
import torch
from torch import Tensor

import linreg
from linreg import Statistics, StreamError, accumulate, blocks, fit_stream, solve
from linreg.streaming.ahead import ahead
from linreg.streaming.npy import Npy

pa = pytest.importorskip("pyarrow")

from pyarrow import csv, feather, ipc, parquet  # noqa: E402

KINDS = (".npy", ".parquet", ".arrow", ".feather", ".csv")
NAMES = ("a", "b", "c", "y")


def rows(n: int = 100, dtype: torch.dtype = torch.float64) -> Tensor:
    """(n, 4): three features, and a target that they do not quite explain."""
    generator = torch.Generator().manual_seed(n)
    X, y = linreg.simulate(n, w=(1.0, -2.0, 0.5), b=3.0, dtype=dtype, generator=generator)
    return torch.column_stack((X, y))


def table(data: Tensor) -> "pa.Table":
    return pa.table({name: pa.array(column.numpy()) for name, column in zip(NAMES, data.T, strict=True)})


def write(path: Path, data: "Tensor | pa.Table", chunk: int = 30) -> Path:
    """Write rows; `chunk` is what the format keeps together."""
    if path.suffix == ".npy":
        numpy.save(path, data.numpy())
        return path
    if isinstance(data, Tensor):
        data = table(data)
    if path.suffix == ".parquet":
        parquet.write_table(data, path, row_group_size=chunk, write_page_checksum=True, compression="none")
    elif path.suffix == ".csv":
        csv.write_csv(data, path)
    elif path.suffix == ".feather":
        feather.write_feather(data, str(path), chunksize=chunk)
    else:
        with ipc.new_file(path, data.schema) as file:
            file.write_table(data, max_chunksize=chunk)
    return path


def target(path: Path) -> int | str:
    return -1 if path.suffix == ".npy" else "y"


def read(source: linreg.Blocks) -> Tensor:
    return torch.cat([torch.column_stack(block) for block in source])


def stopped(source: object, **settings: object) -> StreamError:
    with pytest.raises(StreamError) as caught:
        accumulate(source, **settings)
    return caught.value


def same(one: Statistics, other: Statistics) -> None:
    """Up to the rounding of sums in another order."""
    assert one.n == other.n
    torch.testing.assert_close(one.about(other.shift), other.M, rtol=1e-12, atol=1e-10)


def check_resumes(error: StreamError, before: Tensor, mended: linreg.Blocks, whole: Tensor) -> None:
    """The sums are those of the rows before; going on gives those of one pass."""
    assert error.row == len(before)
    if len(before):
        same(error.statistics, Statistics.of(before[:, :-1], before[:, -1]))
    else:
        assert error.statistics is None
    assert mended.start == error.row
    same(accumulate(mended, start=error.statistics), Statistics.of(whole[:, :-1], whole[:, -1]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
class TestRead:
    def test_every_row_once_in_order(self, tmp_path, kind, dtype):
        data = rows(100, dtype)
        path = write(tmp_path / f"a{kind}", data)
        source = blocks(path, target=target(path), rows=7)
        got = read(source)
        assert got.dtype == (torch.float64 if kind == ".csv" else dtype)
        torch.testing.assert_close(got, data.to(got.dtype), rtol=1e-7 if kind == ".csv" else 0, atol=0)
        assert all(len(y) <= 7 for _, y in source)

    def test_fit_is_that_of_memory(self, tmp_path, kind, dtype):
        data = rows(1000, dtype)
        path = write(tmp_path / f"a{kind}", data, chunk=400)
        fit = fit_stream(blocks(str(path), target=target(path)))
        best = solve(data[:, :-1], data[:, -1], dtype=torch.float64)
        tolerance = 1e-6 if kind == ".csv" and dtype == torch.float32 else 1e-13  # rounded to text
        torch.testing.assert_close(fit.w, best.w, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(fit.b, best.b, rtol=tolerance, atol=tolerance)
        assert fit_stream(blocks(path, target=target(path)), intercept=False).b == 0

    @pytest.mark.parametrize("start", [0, 1, 29, 30, 59, 60, 61, 100, 115, 130])
    def test_start_passes_over_rows_of_all_files(self, tmp_path, kind, dtype, start):
        data = rows(130, dtype)
        paths = [write(tmp_path / f"a{kind}", data[:60], 25), write(tmp_path / f"b{kind}", data[60:], 25)]
        source = blocks(paths, target=target(paths[0]), rows=8, start=start)
        found = [*source, (data[:0, :-1], data[:0, -1])]
        got = torch.cat([torch.column_stack(block).double() for block in found])
        torch.testing.assert_close(got, data[start:].double(), rtol=1e-6 if kind == ".csv" else 0, atol=0)

    def test_shards_are_one_file(self, tmp_path, kind, dtype):
        data = rows(90, dtype)
        whole = write(tmp_path / f"whole{kind}", data)
        parts = [write(tmp_path / f"{i}{kind}", part) for i, part in enumerate(data.split([50, 1, 39]))]
        same(accumulate(blocks(parts, target=target(whole))), accumulate(blocks(whole, target=target(whole))))

    def test_columns_by_choice_and_in_that_order(self, tmp_path, kind, dtype):
        path = write(tmp_path / f"a{kind}", rows(20, dtype))
        features = (2, 0) if kind == ".npy" else ("c", "a")
        source = blocks(path, target=1 if kind == ".npy" else "b", features=features)
        got = read(source)
        assert source.features == features
        torch.testing.assert_close(got, rows(20, dtype)[:, [2, 0, 1]].to(got.dtype), rtol=1e-7, atol=0)

    def test_number_of_rows(self, tmp_path, kind, dtype):
        paths = [write(tmp_path / f"{i}{kind}", rows(20, dtype)) for i in range(2)]
        source = blocks(paths, target=target(paths[0]))
        assert source.rows == (40 if kind in (".npy", ".parquet") else None)


@pytest.mark.parametrize("kind", KINDS)
class TestStops:
    def test_at_nan(self, tmp_path, kind):
        data = rows(100)
        broken = data.clone()
        broken[77, 2] = torch.inf
        paths = [write(tmp_path / f"a{kind}", broken[:50]), write(tmp_path / f"b{kind}", broken[50:])]
        error = stopped(blocks(paths, target=target(paths[0]), rows=20))
        name = 2 if kind == ".npy" else "c"
        assert f"`source` must be finite; column {name!r} is inf in row 27 of '{paths[1]}'" in str(error)
        assert error.path == str(paths[1])
        write(paths[1], data[50:])
        check_resumes(error, data[:77], blocks(paths, target=target(paths[0]), start=error.row), data)

    def test_at_nan_in_the_first_row(self, tmp_path, kind):
        data = rows(10)
        data[0, 3] = torch.nan
        path = write(tmp_path / f"a{kind}", data)
        error = stopped(blocks(path, target=target(path)))
        assert " is missing in row 0" in str(error)
        assert (error.row, error.statistics) == (0, None)

    def test_at_a_file_that_is_gone_meanwhile(self, tmp_path, kind):
        data = rows(60)
        paths = [write(tmp_path / f"{i}{kind}", part) for i, part in enumerate(data.split(30))]
        source = blocks(paths, target=target(paths[0]))
        rest = blocks(paths, target=target(paths[0]), start=45)
        paths[1].unlink()
        assert source.rows is None
        assert stopped(rest).row == 45  # where it would have begun within that file
        error = stopped(source)
        assert "No such file" in str(error)
        write(paths[1], data[30:])
        check_resumes(error, data[:30], blocks(paths, target=target(paths[0]), start=30), data)

    def test_at_a_missing_column(self, tmp_path, kind):
        data = rows(60)
        paths = [write(tmp_path / f"a{kind}", data[:30]), tmp_path / f"b{kind}"]
        write(paths[1], data[30:, 1:] if kind == ".npy" else table(data[30:]).drop_columns(["b"]))
        error = stopped(blocks(paths, target=target(paths[0])))
        name = 3 if kind == ".npy" else "b"
        assert f"column {name!r} holds numbers there and is missing here" in str(error)
        assert (error.row, error.path, error.statistics.n) == (30, str(paths[1]), 30)

    def test_at_a_column_of_text(self, tmp_path, kind):
        if kind == ".npy":
            pytest.skip("holds numbers only")
        data = rows(60)
        paths = [write(tmp_path / f"a{kind}", data[:30]), tmp_path / f"b{kind}"]
        write(paths[1], table(data[30:]).set_column(2, "c", pa.array(["three"] * 30)))
        error = stopped(blocks(paths, target=target(paths[0])))
        assert "column 'c' holds numbers there and holds string here" in str(error)
        assert (error.row, error.path, error.statistics.n) == (30, str(paths[1]), 30)

    def test_not_at_numbers_of_another_type(self, tmp_path, kind):
        """Integers in one file, float32 in the next, then float64: each value is what its file says."""
        data = rows(60).mul(100).round()
        paths = [tmp_path / f"{i}{kind}" for i in range(3)]
        for path, part, dtype in zip(
            paths, data.split(20), (torch.int64, torch.float32, torch.float64), strict=True
        ):
            write(path, part.to(dtype))
        same(accumulate(blocks(paths, target=target(paths[0]))), Statistics.of(data[:, :-1], data[:, -1]))

    def test_beyond_the_last_row(self, tmp_path, kind):
        path = write(tmp_path / f"a{kind}", rows(20))
        error = stopped(blocks(path, target=target(path), start=21))
        assert "`start` must be at most 20, the number of rows in all files; got 21" in str(error)
        assert error.row == 20

    def test_no_rows(self, tmp_path, kind):
        path = write(tmp_path / f"a{kind}", rows(20)[:0])
        with pytest.raises(linreg.DataError, match="`source` must have at least one row; it has none"):
            accumulate(blocks(path, target=target(path)))
        sums = Statistics.of(torch.ones(2, 3), torch.ones(2))
        assert accumulate(blocks(path, target=target(path)), start=sums).n == 2

    def test_damaged_beginning(self, tmp_path, kind):
        path = tmp_path / f"a{kind}"
        path.write_bytes(b"" if kind == ".csv" else b"nothing of that kind")
        with pytest.raises(linreg.FileError, match=r"`path` must name a") as caught:
            blocks(path, target=0)
        assert str(path) in str(caught.value)


class TestNpy:
    def refused(self, path, words):
        with pytest.raises(linreg.FileError) as caught:
            blocks(path, target=0)
        assert words in str(caught.value)
        assert repr(str(path)) in str(caught.value)

    @pytest.mark.parametrize(
        ("array", "words"),
        [
            (numpy.ones((3, 2)).astype(">f8"), "holds '>f8', big-endian"),
            (numpy.ones((3, 2), dtype=numpy.longdouble), "holds '<f16', more than float64"),
            (numpy.ones((3, 2), dtype="c16"), "holds '<c16', complex numbers"),
            (numpy.zeros(3, dtype=[("a", "f8")]), "holds [('a', '<f8')], named columns"),
            (numpy.array([["a", "b"]]), "holds '<U1', no numbers"),
            (numpy.zeros((3, 2), dtype="M8[s]"), "holds '<M8[s]', no numbers"),
            (numpy.array([[1, None]]), "holds '|O', Python objects"),
            (numpy.zeros((3, 2), dtype="V2"), "holds '|V2', bytes whose type was not saved"),
            (numpy.ones(3), "has shape (3,)"),
            (numpy.ones((3, 1)), "has shape (3, 1)"),
            (numpy.ones((3, 2, 2)), "has shape (3, 2, 2)"),
        ],
    )
    def test_other_arrays(self, tmp_path, array, words):
        numpy.save(tmp_path / "a.npy", array)
        self.refused(tmp_path / "a.npy", words)

    def header(self, path, text, version=1):
        size = len(text).to_bytes(2 if version == 1 else 4, "little")
        path.write_bytes(b"\x93NUMPY" + bytes([version, 0]) + size + text.encode() + bytes(16))
        return path

    @pytest.mark.parametrize("version", [1, 2, 3])
    def test_versions(self, tmp_path, version):
        text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)}\n"
        X, y = next(iter(blocks(self.header(tmp_path / "a.npy", text, version), target=1)))
        assert (X.tolist(), y.tolist()) == ([[0.0]], [0.0])

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("{'descr': '<f8', 'fortran_order': False}", "'shape'"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': 3}", "has shape 3"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': {1: 2, 3: 4}}", "has shape {1: 2, 3: 4}"),
            ("[1, 2]", "its header is not a dictionary"),
            ("{'descr': ", "was never closed"),
            ("{'descr': open('x')}", "malformed node"),
            (" " * 20_000, "a header of 20000 characters"),
        ],
    )
    def test_damaged_headers(self, tmp_path, text, words):
        self.refused(self.header(tmp_path / "a.npy", text), words)

    @pytest.mark.parametrize("shape", ["(-1, 2)", "(1.0, 2)", "(True, 2)", "('1', 2)"])
    def test_shapes_that_are_none(self, tmp_path, shape):
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"
        self.refused(self.header(tmp_path / "a.npy", text), f"has shape {shape}")

    @pytest.mark.parametrize("size", [0, 7, 9, 40])
    def test_cut_in_the_header(self, tmp_path, size):
        path = write(tmp_path / "a.npy", rows(5))
        os.truncate(path, size)
        self.refused(path, "does not begin as one")

    def test_another_version(self, tmp_path):
        self.refused(self.header(tmp_path / "a.npy", "{}", version=9), "no such beginning")

    @pytest.mark.parametrize(("more", "promised"), [(1, 20), (32, 20), (0, 19)])
    def test_longer_than_its_header_says(self, tmp_path, more, promised):
        path = write(tmp_path / "a.npy", rows(20))
        data = path.read_bytes().replace(b"(20, 4)", f"({promised}, 4)".encode())
        path.write_bytes(data + bytes(more))
        self.refused(path, f"is longer by {more + 32 * (20 - promised)} bytes")

    def test_cut_short(self, tmp_path):
        data = rows(100)
        path = write(tmp_path / "a.npy", data)
        os.truncate(path, 128 + 32 * 60 + 5)
        error = stopped(blocks(path, target=-1, rows=25))
        assert str(error).startswith(f"'{path}' must hold the 100 rows of its header; it ends in row 60.")
        write(path, data)
        check_resumes(error, data[:60], blocks(path, target=-1, start=60), data)

    def test_a_header_that_promises_the_moon(self, tmp_path):
        text = "{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000, 1000000)}"
        error = stopped(blocks(self.header(tmp_path / "a.npy", text), target=0))
        assert "it ends in row 0" in str(error)
        self.refused(self.header(tmp_path / "b.npy", text.replace(")", "000)")), "1048576 at most; ")

    def test_as_many_columns_as_may_be(self, tmp_path):
        text = "{{'descr': '<f8', 'fortran_order': False, 'shape': (1, {})}}"
        for columns in (2, 1 << 20):
            file = Npy(str(self.header(tmp_path / "a.npy", text.format(columns))))
            assert len(file.names) == columns
        self.refused(self.header(tmp_path / "b.npy", text.format((1 << 20) + 1)), "1048576 at most; ")

    def test_more_columns_than_the_first(self, tmp_path):
        paths = [write(tmp_path / "a.npy", rows(30)[:, 1:]), write(tmp_path / "b.npy", rows(30))]
        error = stopped(blocks(paths, target=0, features=[1]))
        assert "must have 3 columns" in str(error)
        assert "it has 4" in str(error)

    def test_shrinks_while_it_is_read(self, tmp_path):
        path = write(tmp_path / "a.npy", rows(10_000))
        source = blocks(path, target=-1, rows=1000)
        parts = iter(source)
        next(parts)
        os.truncate(path, 128 + 32 * 5500)
        with pytest.raises(StreamError, match="reading failed in the 1000 rows from row 5000 on") as caught:
            list(parts)
        assert caught.value.row == 5000

    def test_shrinks_between_map_and_fetch(self, tmp_path, monkeypatch):
        """No page of the block is left: an error of the fetch, not the end of the process."""
        path = write(tmp_path / "a.npy", rows(10_000))
        file = Npy(str(path))
        known = torch.frombuffer

        def late(*args, **kwargs):
            os.truncate(path, 128)
            return known(*args, **kwargs)

        monkeypatch.setattr(torch, "frombuffer", late)
        with pytest.raises(StreamError, match=r"reading failed .* \(\[Errno 14\] Bad address\)"):
            next(file.blocks([0, 1], 2, 1000, 500, 0))

    @pytest.mark.parametrize("without", ["madvise", "advice", "libc"])
    def test_on_other_systems(self, tmp_path, monkeypatch, without):
        data = rows(1000)
        path = write(tmp_path / "a.npy", data)
        libraries = {"madvise": no_madvise, "advice": old, "libc": no_libc}
        monkeypatch.setattr(ctypes, "CDLL", libraries[without])
        monkeypatch.delattr(os, "posix_fadvise")
        assert torch.equal(read(blocks(path, target=-1, rows=300)), data)

    def test_writing_to_a_block_leaves_the_file(self, tmp_path):
        data = rows(100)
        path = write(tmp_path / "a.npy", data)
        for X, _ in blocks(path, target=-1):
            X.zero_()
        assert torch.equal(read(blocks(path, target=-1)), data)

    def test_a_file_that_only_may_be_read(self, tmp_path):
        path = write(tmp_path / "a.npy", rows(100))
        path.chmod(0o400)
        assert torch.equal(read(blocks(path, target=-1)), rows(100))

    def test_blocks_outlive_the_pass(self, tmp_path):
        data = rows(100_000)
        kept = list(blocks(write(tmp_path / "a.npy", data), target=-1, rows=1000))
        assert torch.equal(torch.cat([torch.column_stack(block) for block in kept]), data)


def no_madvise(*_args, **_kwargs):
    return object()


def no_libc(*_args, **_kwargs):
    raise TypeError


class old:  # noqa: N801
    """A system that does not know the advice."""

    def __init__(self, *_args, **_kwargs): ...

    def madvise(self, *_args):
        ctypes.set_errno(errno.EINVAL)
        return -1


class TestTables:
    @pytest.mark.parametrize("kind", KINDS[1:])
    def test_missing_value(self, tmp_path, kind):
        data = rows(100)
        column = data[:, 1].tolist()
        broken = table(data).set_column(1, "b", pa.array([*column[:41], None, *column[42:]]))
        path = write(tmp_path / f"a{kind}", broken)
        error = stopped(blocks(path, target="y", rows=20))
        assert f"column 'b' is missing in row 41 of '{path}'" in str(error)
        assert error.path == str(path)
        write(path, data)
        check_resumes(error, data[:41], blocks(path, target="y", start=41), data)

    @pytest.mark.parametrize("kind", [".parquet", ".arrow", ".feather"])
    def test_integers_that_float64_holds(self, tmp_path, kind):
        whole = torch.tensor([0, 1, -(2**53), 2**53])
        data = pa.table({"a": pa.array(whole.numpy()), "y": pa.array([1.0, 2.0, 3.0, 4.0], pa.float32())})
        got = read(blocks(write(tmp_path / f"a{kind}", data), target="y"))
        assert got.dtype == torch.float64
        assert got[:, 0].long().tolist() == whole.tolist()

    def test_an_integer_that_float64_does_not_hold(self, tmp_path):
        values = pa.array([0, 1, 2**53, 2**53 + 1, 4])
        path = write(tmp_path / "a.parquet", pa.table({"a": values, "y": pa.array([1.0, 2, 3, 4, 5])}))
        error = stopped(blocks(path, target="y"))
        assert "row 3 has 9007199254740993 in column 'a', more than the 2^53 of a float" in str(error)
        assert (error.row, error.statistics.n) == (3, 3)

    def test_the_first_of_two_bad_rows(self, tmp_path):
        data = pa.table({"a": [1.0, 2.0, 3.0, None], "b": [1.0, None, 3.0, 4.0], "y": [1.0, 2.0, 3.0, 4.0]})
        error = stopped(blocks(write(tmp_path / "a.parquet", data), target="y"))
        assert "column 'b' is missing in row 1" in str(error)

    def test_small_kinds_stay_float32(self, tmp_path):
        half = numpy.array([0.5, 1.5, 2.0], dtype=numpy.float16)
        columns = {"a": half, "b": numpy.array([1, 2, 3], dtype=numpy.int16), "y": numpy.float32([1, 2, 4])}
        path = write(tmp_path / "a.parquet", pa.table(columns))
        got = read(blocks(path, target="y"))
        assert (got.dtype, got[:, 0].tolist()) == (torch.float32, [0.5, 1.5, 2.0])
        assert read(blocks(path, target="b", features=["a"])).dtype == torch.float64

    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            (["x", "z"], "string"),
            ([b"1", b"2"], "binary"),
            ([datetime.date(2013, 1, 1)] * 2, "date32"),
            ([datetime.datetime(2013, 1, 1)] * 2, "timestamp"),
            ([datetime.timedelta(1)] * 2, "duration"),
            ([[1.0], [2.0]], "list<"),
            (pa.array(["x", "z"]).dictionary_encode(), "dictionary<values=string"),
            (pa.array(["x", "z"], pa.string_view()), "string_view"),
        ],
    )
    def test_columns_of_something_else(self, tmp_path, values, kind):
        path = write(tmp_path / "a.parquet", pa.table({"a": values, "b": [1.0, 2.0], "y": [1.0, 2.0]}))
        words = rf"must hold numbers; in '.*' column 'a' holds {kind}.*features=\['b'\]"
        with pytest.raises(linreg.DtypeError, match=words):
            blocks(path, target="y")
        assert len(read(blocks(path, target="y", features=["b"]))) == 2

    def test_damaged_page(self, tmp_path):
        data = rows(100)
        path = write(tmp_path / "a.parquet", data)
        whole = path.read_bytes()
        at = parquet.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset + 200
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        error = stopped(blocks(path, target="y"))
        assert f"'{path}' must be readable to its end; reading failed in row 60 or later (" in str(error)
        assert "checksum" in str(error)
        assert torch.equal(
            read(blocks(path, target="y", start=90)), data[90:]
        )  # what is passed over stays unread
        path.write_bytes(whole)
        check_resumes(error, data[:60], blocks(path, target="y", start=60), data)

    @pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="a system that takes no advice")
    def test_the_next_row_group_is_asked_for(self, tmp_path, monkeypatch):
        """While one group is decoded, of the one after it, and the wanted columns alone."""
        path = write(tmp_path / "a.parquet", rows(90))
        file, asked = parquet.ParquetFile(path).metadata, []
        monkeypatch.setattr(os, "posix_fadvise", lambda fd, at, size, advice: asked.append((at, size)))
        assert len(list(blocks(path, target="y", features=["b"]))) == 3
        chunks = [file.row_group(i).column(NAMES.index(name)) for i in (1, 2) for name in ("b", "y")]
        assert asked == [(chunk.dictionary_page_offset, chunk.total_compressed_size) for chunk in chunks]

    def test_damaged_record_batch(self, tmp_path):
        data = rows(100)
        path = write(tmp_path / "a.feather", data)
        whole = path.read_bytes()
        at = [match.start() for match in re.finditer(b"\xff\xff\xff\xff", whole)][3]  # where the third begins
        path.write_bytes(whole[: at + 8] + bytes(50) + whole[at + 58 :])
        error = stopped(blocks(path, target="y"))
        assert "reading failed in row " in str(error)
        path.write_bytes(whole)
        check_resumes(error, data[: error.row], blocks(path, target="y", start=error.row), data)

    def test_a_record_batch_that_promises_more_rows_than_it_has(self, tmp_path):
        """What follows in memory would be taken for numbers."""
        path = write(tmp_path / "a.arrow", rows(777), chunk=777)
        held = path.read_bytes()
        assert held.count(numpy.int64(777).tobytes()) > 4  # of the batch and of each column
        path.write_bytes(held.replace(numpy.int64(777).tobytes(), numpy.int64(800).tobytes()))
        error = stopped(blocks(path, target="y"))
        assert f"'{path}' must be readable to its end; reading failed in row 0 or later (" in str(error)
        assert "too small" in str(error)
        assert error.row == 0

    @pytest.mark.parametrize("kind", [".parquet", ".arrow", ".feather"])
    def test_cut_short(self, tmp_path, kind):
        path = write(tmp_path / f"a{kind}", rows(100))
        os.truncate(path, path.stat().st_size - 50)
        with pytest.raises(linreg.FileError, match=r"that its name says; '.*' cannot be read as one"):
            blocks(path, target="y")

    def test_csv_cut_short(self, tmp_path):
        data = rows(100_000).round(decimals=3)
        path = write(tmp_path / "a.csv", data)
        text = path.read_text().splitlines()
        path.write_text("\n".join([*text[:90_001], "1,2"]))
        error = stopped(blocks(path, target="y"))
        assert "row 90000 has 2 fields, the line of names 4" in str(error)
        assert error.row == 90_000
        path.write_text("\n".join(text))
        check_resumes(error, data[: error.row], blocks(path, target="y", start=error.row), data)

    def test_columns_in_another_order(self, tmp_path):
        data = rows(60)
        paths = [write(tmp_path / "a.parquet", data[:30]), tmp_path / "b.parquet"]
        more = table(data[30:]).select(["y", "c", "b", "a"]).append_column("z", pa.array(["text"] * 30))
        write(paths[1], more)
        assert torch.equal(read(blocks(paths, target="y")), data)

    def test_names_that_occur_twice(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_text("a,a,b,y\n1,2,3,4\n")
        with pytest.raises(linreg.RangeError, match="'a' is there twice"):
            blocks(path, target="y")
        assert read(blocks(path, target="y", features=["b"])).tolist() == [[3.0, 4.0]]

    def test_without_pyarrow(self, tmp_path, monkeypatch):
        path = write(tmp_path / "a.parquet", rows(10))
        known = builtins.__import__

        def missing(name, *args, **kwargs):
            if name.startswith("pyarrow"):
                raise ImportError("No module named 'pyarrow'")
            return known(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", missing)
        with pytest.raises(linreg.MissingError, match=r"needs pyarrow .* pip install pyarrow"):
            blocks(path, target="y")


class TestArguments:
    @pytest.fixture
    def path(self, tmp_path):
        return write(tmp_path / "a.parquet", rows(10))

    def test_no_such_file(self, tmp_path):
        with pytest.raises(linreg.FileError, match=r"`path` must name a file that exists; got '.*b\.npy'"):
            blocks(tmp_path / "b.npy", target=0)

    @pytest.mark.parametrize("kind", [".npy", ".csv"])
    def test_a_file_that_cannot_be_read(self, tmp_path, monkeypatch, kind):
        path = write(tmp_path / f"a{kind}", rows(10))

        def closed(*_args, **_kwargs):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(builtins, "open", closed)
        with pytest.raises(linreg.FileError, match=r"must name a file that can be read; got .* denied"):
            blocks(path, target=0)

    def test_kinds_of_files(self, tmp_path, path):
        other = write(tmp_path / "a.npy", rows(10))
        (tmp_path / "a.xlsx").touch()
        for paths in ([], [path, other], tmp_path / "a.xlsx"):
            with pytest.raises(
                linreg.RangeError, match=r"`path` must name files of one kind, \.npy, \.parquet"
            ):
                blocks(paths, target="y")

    def test_no_such_column(self, tmp_path, path):
        with pytest.raises(
            linreg.RangeError,
            match=r"`target` must name columns of '.*': 'a', 'b', 'c', 'y'; got 'z'\. Pick among these\.",
        ):
            blocks(path, target="z")
        with pytest.raises(linreg.RangeError, match="`features` must name columns"):
            blocks(path, target="y", features=[0])
        other = write(tmp_path / "a.npy", rows(10))
        assert blocks(other, target=-4).features == (1, 2, 3)
        for wrong in (4, -5, True, "y"):
            with pytest.raises(
                linreg.RangeError, match=r"`target` must name columns of '.*': 0, 1, 2, 3; got"
            ):
                blocks(other, target=wrong)

    def test_columns_named_badly(self, path):
        with pytest.raises(linreg.RangeError, match="without the target; 'y' is there twice"):
            blocks(path, target="y", features=["a", "y"])
        with pytest.raises(linreg.RangeError, match="without the target; 'a' is there twice"):
            blocks(path, target="y", features=["a", "a"])
        with pytest.raises(
            linreg.RangeError, match="one column or more, each once, without the target; there is none"
        ):
            blocks(path, target="y", features=[])
        with pytest.raises(linreg.DtypeError, match=r"must be a list of columns, in order; got 'a'"):
            blocks(path, target="y", features="a")

    def test_counts(self, path):
        with pytest.raises(linreg.RangeError, match="`rows` must be"):
            blocks(path, target="y", rows=0)
        with pytest.raises(linreg.RangeError, match="`start` must be"):
            blocks(path, target="y", start=-1)

    def test_repr(self, path):
        assert repr(blocks(path, target="y")) == f"Blocks({str(path)!r}, target='y', features=3)"
        assert " and 1 more, " in repr(blocks([path, path], target="y"))


class TestIterables:
    X, y = rows(90)[:, :-1], rows(90)[:, -1]

    def pairs(self, size=20):
        return list(zip(self.X.split(size), self.y.split(size), strict=True))

    def test_any_iterable(self):
        whole = Statistics.of(self.X, self.y)
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(self.X, self.y), batch_size=20)
        for source in (self.pairs(), iter(self.pairs()), loader, [list(pair) for pair in self.pairs()]):
            same(accumulate(source), whole)

    def test_start_is_left_alone(self):
        start = Statistics.of(self.X[:20], self.y[:20])
        before = start.copy()
        same(accumulate(self.pairs()[1:], start=start), Statistics.of(self.X, self.y))
        assert torch.equal(start.M, before.M)
        assert torch.equal(start.shift, before.shift)

    def test_what_cannot_be_iterated(self):
        with pytest.raises(
            linreg.DtypeError, match=r"`source` must be an iterable of pairs \(X, y\); got int"
        ):
            accumulate(3)
        with pytest.raises(linreg.DtypeError, match="`start` must be `Statistics`; got Fit"):
            accumulate(self.pairs(), start=solve(self.X, self.y))
        with pytest.raises(linreg.DataError, match="`source` must have at least one row"):
            fit_stream([])
        with pytest.raises(linreg.DataError, match="`source` must have at least one row; it has none"):
            accumulate([], frequency=True)

    @pytest.mark.parametrize(
        ("block", "words"),
        [
            ((X[:5, :2], y[:5]), "`X` must have 3 columns, as the rows before"),
            ((X[:5], y[:4]), "`y` must have shape (5,)"),
            ((X[:0], y[:0]), "`X` must have at least one row"),
            (X[:5], "`source` must give pairs (X, y), or (X, y, weights); got Tensor"),
            ((X[:5], y[:5], y[:5], y[:5]), "`source` must give pairs (X, y), or (X, y, weights); got tuple"),
            ((X[:5], y[:5], y[:5]), "`source` must give (X, y) each time, as at first; got 3 in a block."),
            ((X[:5].tolist(), y[:5]), "`X` must be a torch.Tensor"),
        ],
    )
    def test_a_block_that_does_not_fit(self, block, words):
        error = stopped([*self.pairs()[:2], block])
        assert words in str(error)
        assert (error.row, error.path) == (40, None)
        same(error.statistics, Statistics.of(self.X[:40], self.y[:40]))

    def test_the_first_block_does_not_fit(self):
        error = stopped([(self.X, self.y.unsqueeze(1))])
        assert "`y.squeeze(1)`" in str(error)
        assert (error.row, error.statistics) == (0, None)
        for bad, words in (
            (self.X.tolist(), "`X` must be a torch.Tensor"),
            (self.y, "`X` must have shape (n, d)"),
        ):
            assert words in str(stopped([(bad, self.y)]))

    @pytest.mark.parametrize(("column", "name"), [(0, "feature 0"), (2, "feature 2"), (3, "the target")])
    def test_nan(self, column, name):
        data = rows(90)
        data[50, column] = torch.nan
        source = [(part[:, :-1], part[:, -1]) for part in data.split(20)]
        error = stopped(source)
        assert str(error) == (
            f"`source` must be finite; {name} is missing in row 50. "
            'Correct it, or go on without: missing="drop".'
        )
        same(error.statistics, Statistics.of(self.X[:50], self.y[:50]))
        rest = accumulate([(self.X[51:], self.y[51:])], start=error.statistics)
        assert rest.n == 89

    def test_an_error_of_the_source(self):
        def failing():
            yield from self.pairs()[:2]
            raise KeyError("lost")

        error = stopped(failing())
        assert str(error) == "`source` must not fail; it raised KeyError: 'lost'."
        assert isinstance(error.__cause__, KeyError)
        assert (error.row, error.statistics.n) == (40, 40)

    def test_the_error_is_of_files_and_of_data(self):
        assert issubclass(StreamError, linreg.FileError)
        assert issubclass(StreamError, linreg.DataError)
        assert issubclass(StreamError, OSError)

    def test_progress(self, tmp_path, capsys):
        pytest.importorskip("tqdm")
        path = write(tmp_path / "a.npy", rows(1000))
        fit_stream(blocks(path, target=-1, start=200), progress=True)
        assert "800/800" in capsys.readouterr().err
        accumulate(self.pairs(), progress=True)
        assert "90.0row" in capsys.readouterr().err
        fit_stream(blocks(path, target=-1))
        accumulate(self.pairs())
        assert capsys.readouterr().err == ""  # unless it is asked for

    def test_progress_without_tqdm(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tqdm", None)
        with pytest.raises(linreg.MissingError, match="pip install tqdm"):
            accumulate(self.pairs(), progress=True)


def threads_become(number: int) -> bool:
    """Whether that many run, at last: one that has said its last word may take a moment to end."""
    give_up = time.monotonic() + 10
    while _thread._count() != number:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.001)
    return True


def test_no_thread_stays_behind(tmp_path):
    before = _thread._count()
    path = write(tmp_path / "a.npy", rows(1000))
    parts = iter(blocks(path, target=-1, rows=10))
    next(parts)
    assert threads_become(before + 1)
    parts.close()
    assert threads_become(before)
    data = rows(1000)
    data[5] = torch.nan
    error = stopped(blocks(write(path, data), target=-1, rows=10))
    assert error.row == 5
    assert threads_become(before)


def test_without_a_thread_to_be_had(tmp_path, monkeypatch):
    """Reading and summing then take turns."""
    path = write(tmp_path / "a.npy", rows(1000))
    whole = accumulate(blocks(path, target=-1, rows=10))

    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    same(accumulate(blocks(path, target=-1, rows=10)), whole)


def test_who_stops_waits_for_the_part_that_is_being_read():
    """Or its file could be gone in the midst of it."""
    read = []

    def slowly():
        yield 0
        time.sleep(0.2)
        read.append(1)
        yield 1

    parts = ahead(slowly())
    assert next(parts) == 0
    parts.close()
    assert read == [1]


LATER = """
import runpy, sys, time

def slowly():
    yield 0
    time.sleep(0.3)
    print("read to its end")
    yield 1

parts = runpy.run_path(sys.argv[1])["ahead"](slowly())
next(parts)
"""


def test_the_end_of_python_waits_for_it_too():
    code = [sys.executable, "-c", LATER, inspect.getfile(ahead)]
    ended = subprocess.run(code, capture_output=True, timeout=60, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "read to its end\n", "")


LEAVING = """
import sys, linreg
parts = iter(linreg.blocks(sys.argv[1], target=-1, rows=10))
X, y = next(parts)
"""


def test_python_ends_while_a_file_is_being_read(tmp_path):
    path = write(tmp_path / "a.npy", rows(1000))
    ended = subprocess.run([sys.executable, "-c", LEAVING, path], capture_output=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_an_interruption_at_any_moment_neither_hangs_nor_leaves_a_thread(tmp_path):
    path = write(tmp_path / "a.npy", rows(1000))
    before, stopped = _thread._count(), 0
    handler = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for i in range(300):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-4 + i * 1e-5)
                for _ in blocks(path, target=-1, rows=10):
                    pass
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                stopped += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert stopped > 30
    assert threads_become(before)


@pytest.mark.parametrize("kind", [".npy", ".parquet"])
def test_memory_stays_bounded(tmp_path, kind):
    """A file of 200 MB adds the memory of a few blocks to what importing takes."""
    path = tmp_path / f"a{kind}"
    n, d = 1_600_000, 31
    part = torch.rand(n // 16, d, generator=torch.Generator().manual_seed(0))
    if kind == ".npy":
        held = numpy.lib.format.open_memmap(path, "w+", numpy.float32, (n, d))
        for i in range(16):
            held[i * len(part) : (i + 1) * len(part)] = part.numpy()
        held.flush()
    else:
        batch = pa.table({f"x{j}": part[:, j].numpy() for j in range(d)})
        settings = {"use_dictionary": False, "compression": "none"}
        with parquet.ParquetWriter(path, batch.schema, **settings) as file:
            for _ in range(16):
                file.write_table(batch)
    code = (
        "import linreg, torch, sys\n"
        "def resident(): return int(open('/proc/self/statm').read().split()[1]) * 4096 / 1e6\n"
        "def peak(): return int([l for l in open('/proc/self/status') if 'VmHWM' in l][0].split()[1]) / 1e3\n"
        f"source = linreg.blocks(sys.argv[1], target={30 if kind == '.npy' else 'x30'!r})\n"
        "torch.rand(64, 64) @ torch.rand(64, 64)\n"
        "before = resident()\n"
        "assert linreg.accumulate(source).n == 1_600_000\n"
        "print(peak() - before)\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], env=environment, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 150, done.stdout  # MB, of a file of 198


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize(("suffix", "megabytes"), [("npy", 16), ("parquet", 8)])
def test_a_block_takes_what_the_documentation_says(tmp_path, suffix, megabytes, dtype):
    """As many rows as fill 16 MB, or 8 MB of a table: memory stays bounded, and a block is worth its call."""
    data = numpy.zeros((2_200_000, 2), dtype)
    path = tmp_path / f"rows.{suffix}"
    if suffix == "npy":
        numpy.save(path, data)
    else:
        parquet.write_table(pa.table({"x": data[:, 0], "y": data[:, 1]}), path, row_group_size=len(data))
    X, y = next(iter(blocks(path, target=-1 if suffix == "npy" else "y")))
    assert len(y) == (megabytes << 20) // (2 * data.itemsize)
    assert X.shape == (len(y), 1)
