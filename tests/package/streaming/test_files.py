"""Files as other programs write them: read with the right answer, or refused with advice that works."""

import bz2
import csv
import decimal
import gzip
import re
from pathlib import Path

import numpy
import pandas
import pytest
import torch
from fuzz_files import CHECKED, FORMATS, fuzz

import linreg
from linreg import Statistics, StreamError, accumulate, blocks, fit_stream

pa = pytest.importorskip("pyarrow")

from pyarrow import ipc, parquet  # noqa: E402

X = torch.tensor([[0.0, 3.0], [1.0, 1.0], [2.0, 8.0], [3.0, 2.0], [4.0, 9.0]], dtype=torch.float64)
Y = 2 * X[:, 0] - X[:, 1] + 1  # without noise: w = (2, -1), b = 1
LINE = "0,3,-2\n1,1,2\n2,8,-3\n3,2,5\n4,9,0\n"


def fits(source: linreg.Blocks, w: tuple[float, ...] = (2.0, -1.0), b: float = 1.0) -> None:
    fit = fit_stream(source)
    torch.testing.assert_close(fit.w, torch.tensor(w, dtype=torch.float64), rtol=1e-12, atol=1e-12)
    assert abs(float(fit.b) - b) < 1e-11


def frame() -> pandas.DataFrame:
    return pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": Y})


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


class TestNpy:
    @pytest.mark.parametrize("order", ["C", "F"])
    @pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8", "f2", "f4", "f8"])
    def test_kinds_and_orders(self, tmp_path, kind, order):
        M = numpy.asarray(torch.column_stack((X, Y)), dtype=kind, order=order)
        numpy.save(tmp_path / "a.npy", M)
        fits(blocks(tmp_path / "a.npy", target=-1, rows=2))
        got = torch.cat([torch.column_stack(b) for b in blocks(tmp_path / "a.npy", target=0, start=3)])
        assert got.tolist() == torch.column_stack((X, Y))[3:, [1, 2, 0]].tolist()
        assert got.dtype == (torch.float32 if kind == "f4" else torch.float64)

    @pytest.mark.parametrize("kind", ["u1", "u2", "u4", "u8", "?"])
    def test_kinds_without_a_sign(self, tmp_path, kind):
        M = numpy.array([[0, 1], [1, 0], [1, 1]]).astype(kind)
        numpy.save(tmp_path / "a.npy", M)
        got = torch.cat([torch.column_stack(b) for b in blocks(tmp_path / "a.npy", target=1)])
        assert got.tolist() == [[0, 1], [1, 0], [1, 1]]

    @pytest.mark.parametrize("order", ["C", "F"])
    @pytest.mark.parametrize(
        ("kind", "value"),
        [("i8", 2**53 + 1), ("i8", -(2**53) - 1), ("u8", 2**53 + 1), ("u8", 2**64 - 1), ("i8", -(2**63))],
    )
    def test_integers_that_no_float_holds(self, tmp_path, kind, value, order):
        M = numpy.array([[1, 2], [2**53, 4], [5, value], [6, 7]], dtype=kind, order=order)
        numpy.save(tmp_path / "a.npy", M)
        for target in (0, 1):
            with pytest.raises(StreamError, match=rf"up to 2\^53 .*column 1 has {value} in row 2") as caught:
                accumulate(blocks(tmp_path / "a.npy", target=target))
            assert (caught.value.row, caught.value.statistics.n) == (2, 2)
            rest = blocks(tmp_path / "a.npy", target=target, start=3)
            assert accumulate(rest, start=caught.value.statistics).n == 3

    def test_a_flag_that_is_neither(self, tmp_path):
        """A byte of 2 is what damage makes of a flag."""
        numpy.save(tmp_path / "a.npy", numpy.array([[True, False], [True, True], [False, True]]))
        held = bytearray((tmp_path / "a.npy").read_bytes())
        held[-3] = 2
        (tmp_path / "a.npy").write_bytes(held)
        with pytest.raises(StreamError, match=r"must have true or false .*column 1 has 2 in row 1") as caught:
            accumulate(blocks(tmp_path / "a.npy", target=0))
        assert caught.value.statistics.n == 1

    def test_columns_cut_short(self, tmp_path):
        """What is cut off is missing from the last column only."""
        path = tmp_path / "a.npy"
        numpy.save(path, numpy.asfortranarray(numpy.arange(30.0).reshape(10, 3)))
        path.write_bytes(path.read_bytes()[:-20])  # two numbers and a half
        with pytest.raises(StreamError, match="the 10 rows of its header; it ends in row 7") as caught:
            accumulate(blocks(path, target=0))
        assert caught.value.statistics.n == 7

    @pytest.mark.parametrize(
        "held",
        [
            numpy.asfortranarray(torch.column_stack((X, Y)).numpy().astype(">f8")),
            torch.column_stack((X, Y)).numpy().astype(">i4"),
            torch.column_stack((X, Y)).numpy().astype("g"),
            numpy.rec.fromarrays([*X.T.numpy(), Y.numpy()], names="a,b,y"),
        ],
        ids=["big-endian columns", "big-endian integers", "long double", "named"],
    )
    def test_the_cure_works(self, tmp_path, held):
        path = tmp_path / "a.npy"
        numpy.save(path, held)
        with pytest.raises(linreg.FileError, match="Convert it: ") as caught:
            blocks(path, target=-1)
        cure = str(caught.value).partition("Convert it: ")[2].rstrip(".")
        exec(cure, {"numpy": numpy, "path": path, "array": numpy.load(path)})
        fits(blocks(path, target=-1))

    def test_memory_of_columns_stays_that_of_blocks(self, tmp_path):
        """A block of a file in Fortran order is read from its columns alone."""
        path = tmp_path / "a.npy"
        numpy.save(path, numpy.asfortranarray(numpy.ones((1000, 50))))
        source = blocks(path, target=0, features=[3, 1], rows=100)
        assert all(M.untyped_storage().nbytes() == 3 * 100 * 8 for M, _ in source)


class TestCsv:
    @pytest.mark.parametrize(
        "content",
        [
            "a,b,y\n" + LINE,
            "a,b,y\r\n" + LINE.replace("\n", "\r\n"),
            "a,b,y\r" + LINE.replace("\n", "\r"),
            "\ufeffa,b,y\n" + LINE.rstrip("\n"),
            '"a","b","y"\n' + LINE,
            "a,b,y\n\n" + LINE.replace("\n", "\n\n"),
            "a,b,y\n" + re.sub(r"(\d+)", r'"\1"', LINE).replace('-"', '"-'),
            "a,b,y\n" + LINE.replace(",", " , "),
        ],
        ids=["unix", "dos", "old mac", "byte order mark", "quoted names", "blank lines", "quoted", "spaces"],
    )
    def test_ways_to_write_the_same(self, tmp_path, content):
        path = text(tmp_path / "a.csv", content)
        for start in range(5):
            got = torch.cat([torch.column_stack(b) for b in blocks(path, target="y", start=start)])
            assert got.tolist() == torch.column_stack((X, Y))[start:].tolist()

    def test_names_that_are_numbers(self, tmp_path):
        """The first line is no row, whatever it looks like."""
        path = text(tmp_path / "a.csv", "1900,2000,2100\n" + LINE)
        assert blocks(path, target="2100").features == ("1900", "2000")
        fits(blocks(path, target="2100"))

    def test_the_first_hundred_rows_say_what_a_column_holds(self, tmp_path):
        path = text(tmp_path / "a.csv", "a,y\n" + "x,1\n" * 99 + "2,1\n")
        with pytest.raises(StreamError, match="row 0 has 'x' in column 'a'"):  # numbers, with a fault
            accumulate(blocks(path, target="y"))
        path = text(tmp_path / "a.csv", "a,y\n" + "x,1\n" * 100 + "2,1\n")
        with pytest.raises(linreg.DtypeError, match="column 'a' holds string"):
            blocks(path, target="y")

    @pytest.mark.parametrize("suffix", [".csv.gz", ".csv.bz2", ".tsv.gz", ".csv.zst", ".CSV.GZ"])
    def test_compressed(self, tmp_path, suffix):
        path, content = tmp_path / f"a{suffix}", ("a,b,y\n" + LINE).encode()
        if ".tsv" in suffix:
            content = content.replace(b",", b"\t")
        if suffix.endswith(".zst"):
            with pa.output_stream(path, compression="zstd") as file:
                file.write(content)
        else:
            path.write_bytes((bz2 if suffix.endswith("bz2") else gzip).compress(content))
        fits(blocks(path, target="y"))
        assert accumulate(blocks(path, target="y", start=2)).n == 3

    @pytest.mark.parametrize("quoted", [False, True])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n"])
    def test_wherever_the_text_is_cut(self, tmp_path, monkeypatch, end, quoted):
        """Pieces of a few bytes: rows are counted, passed over and parsed as Python's own reader has them."""
        if quoted and end == "\r":
            return  # such files end their lines in one way
        texts = ['"a ""word, and\na line"""', '"\n\n"', '""'] if quoted else ["word", "x", ""]
        lines = [f"{texts[i % 3]},{i},{2 * i}" for i in range(9)]
        path = text(tmp_path / "a.csv", end.join(["text,a,y", *lines, ""]))
        bad = text(tmp_path / "b.csv", end.join(["text,a,y", lines[0], "x,-,1", ""]))
        with path.open(newline="") as file:
            expected = [[float(row[1]), float(row[2])] for row in list(filter(None, csv.reader(file)))[1:]]
        for size in (*range(1, 24), 50):
            monkeypatch.setattr("linreg.streaming.delimited.TEXT_BYTES", size)
            for start in (1, 4, 8):
                found = [torch.column_stack(b) for b in blocks(path, target="y", features=["a"], start=start)]
                assert torch.cat(found).tolist() == expected[start:], (size, start)
            with pytest.raises(StreamError, match="row 1 has '-' in column 'a'") as caught:
                list(blocks([path, bad], target="y", features=["a"], start=1))
            assert caught.value.row == 10

    @pytest.mark.parametrize("start", [0, 1])
    @pytest.mark.parametrize("row", ["1234567,1234567\n", "1234567,1234567\r", '"\n 23",1,"1234567"\n'])
    def test_a_megabyte_at_a_time(self, tmp_path, row, start):
        """As the documentation says, also from a later row on, where the text is cut here."""
        path = text(tmp_path / "a.csv", ("t,x,y" if '"' in row else "x,y") + row[-1] + row * 300_000)
        _, y = next(iter(blocks(path, target="y", features=["x"], start=start)))
        assert abs(len(y) - (1 << 20) / len(row)) < 3

    def test_two_members_of_gzip(self, tmp_path):
        """As `cat a.csv.gz b.csv.gz` makes them."""
        parts = ["a,b,y\n" + LINE[:14], LINE[14:]]
        (tmp_path / "a.csv.gz").write_bytes(b"".join(gzip.compress(part.encode()) for part in parts))
        fits(blocks(tmp_path / "a.csv.gz", target="y"))

    def test_gzip_cut_short(self, tmp_path):
        path = tmp_path / "a.csv.gz"
        path.write_bytes(gzip.compress(("a,b,y\n" + LINE * 60_000).encode())[:-9])
        with pytest.raises(StreamError, match="copy the file again, then begin with its first row"):
            accumulate(blocks(path, target="y"))

    def test_semicolons_and_decimal_commas(self, tmp_path):
        halves = "\n".join(re.sub(r"^(.*?),(.*?),", r"\1,0;\2,0;", line) for line in LINE.splitlines())
        path = text(tmp_path / "a.csv", f"a;b;y\n{halves}\n")
        fits(blocks(path, target="y", delimiter=";", decimal=","))
        with pytest.raises(linreg.RangeError, match="say delimiter=';'"):
            blocks(path, target="y")
        with pytest.raises(linreg.DtypeError, match="column 'a' holds string"):
            blocks(path, target="y", delimiter=";")
        with pytest.raises(linreg.RangeError, match="`delimiter` must differ from `decimal`"):
            blocks(path, target="y", decimal=",")

    def test_a_decimal_comma_later(self, tmp_path):
        path = text(tmp_path / "a.csv", "a;y\n" + "1;2\n" * 200 + "1,5;3\n" + "1;2\n")
        with pytest.raises(StreamError, match=r"row 200 has '1,5' in column 'a'.*decimal=','"):
            accumulate(blocks(path, target="y", delimiter=";"))
        assert accumulate(blocks(path, target="y", delimiter=";", decimal=",")).n == 202

    @pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
    def test_names_in_another_encoding(self, tmp_path, encoding):
        path = text(tmp_path / "a.csv", "Größe,b,y\n" + LINE, encoding)
        with pytest.raises(linreg.FileError, match=r"in another encoding .*Say encoding=") as caught:
            blocks(path, target="y")
        assert str(caught.value).endswith(" if it is of Western Europe.") == (encoding == "latin-1")
        source = blocks(path, target="y", encoding=re.search("encoding='(.*?)'", str(caught.value))[1])
        assert source.features == ("Größe", "b")
        fits(source)

    def test_flags(self, tmp_path):
        """True and False as pandas, R and DuckDB write them."""
        for yes, no in (("True", "False"), ("TRUE", "FALSE"), ("true", "false")):
            path = text(tmp_path / "a.csv", f"a,y\n{yes},4\n{no},2\n{yes},4\n,2\n")
            fit = fit_stream(blocks(path, target="y"), missing="drop")
            torch.testing.assert_close(fit.w, torch.tensor([2.0], dtype=torch.float64))
            assert (round(float(fit.b), 12), fit.dropped) == (2, 1)
            path = text(tmp_path / "b.csv", f"a,y\n{yes},{yes}\n{no},{yes}\n")
            assert fit_stream(blocks(path, target="y")).b == 1  # flags and nothing else

    def test_a_column_that_begins_late(self, tmp_path):
        """Nothing in the first rows may be anything: numbers are what is wanted."""
        path = text(tmp_path / "a.csv", "a,b,y\n" + ",3,1\n" * 100 + LINE)
        fit = fit_stream(blocks(path, target="y"), missing="drop")
        assert fit.dropped == 100
        torch.testing.assert_close(fit.w, torch.tensor([2.0, -1.0], dtype=torch.float64))

    def test_what_text_may_hold(self, tmp_path):
        """A column that is left out is not looked at: not its strange characters, nor how long it is."""
        content = "t,a,b,y\n" + re.sub("^", "\x01,", LINE.rstrip(), flags=re.M) + "\n"
        fits(blocks(text(tmp_path / "a.csv", content), target="y", features=["a", "b"]))
        row = f"{'x' * 200_000},1,1,2\n"  # more than Python's own reader takes
        path = text(tmp_path / "a.csv", "t,a,b,y\n" + row + re.sub("^", "x,", LINE, flags=re.M)[:-2])
        fits(blocks(path, target="y", features=["a", "b"]))
        with pytest.raises(linreg.RangeError, match=r"got 'z'\. Pick among these\."):
            blocks(path, target="z")
        long = '"' + "a line\n" * 400_000 + '"'  # more than is read at a time
        path = text(tmp_path / "a.csv", "t,a,b,y\n" + "x,0,3,-2\n" * 200 + f"{long},1,1,2\n,2,8,-3\n,3,2,5\n")
        for start in (0, 1):
            fits(blocks(path, target="y", features=["a", "b"], start=start))
        path = text(tmp_path / "a.csv", f"t,a,b,y\n{long},7,7,7\n" + re.sub("^", "x,", LINE, flags=re.M)[:-2])
        fits(blocks(path, target="y", features=["a", "b"], start=1))

    def test_text_and_dates_are_named(self, tmp_path):
        content = "a,day,b,kind,y\n" + "".join(
            f"{a},2013-01-0{i + 1},{b},x,{y}\n"
            for i, (a, b, y) in enumerate(zip(*X.T.tolist(), Y.tolist(), strict=True))
        )
        path = text(tmp_path / "a.csv", content)
        with pytest.raises(linreg.DtypeError) as caught:
            blocks(path, target="y")
        assert "column 'day' holds string, column 'kind' holds string" in str(caught.value)
        features = eval(re.search(r"features=(\[.*?\])", str(caught.value))[1])
        fits(blocks(path, target="y", features=features))

    @pytest.mark.parametrize("width", [8, 9])
    def test_eight_columns_are_named_and_no_more(self, tmp_path, width):
        words, numbers = ([f"{letter}{j}" for j in range(width)] for letter in "wn")
        row = ",".join(["x"] * width + ["1"] * (width + 1))
        path = text(tmp_path / "a.csv", f"{','.join([*words, *numbers, 'y'])}\n{row}\n")
        with pytest.raises(linreg.DtypeError) as caught:
            blocks(path, target="y")
        held = ", ".join(f"column {name!r} holds string" for name in words[:8])
        some = ", ".join(map(repr, numbers[:8]))
        more = ", ..." if width > 8 else ""
        assert f" {held}{more}. " in str(caught.value)
        assert f" features=[{some}{more}], " in str(caught.value)

    @pytest.mark.parametrize("at", [0, 1, 500, 29_999, 40_000, 59_999])
    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            ("7", "has 1 fields, the line of names 3. "),
            ("7,8,9,10", "has 4 fields, the line of names 3. "),
            ("-,8,9", "has '-' in column 'a'. "),
            ("7,?,9", "has '[?]' in column 'b'. "),
            ('"7,8,9', "has a quote that is never closed. "),
        ],
    )
    def test_a_bad_row_is_the_one_that_is_named(self, tmp_path, at, bad, reason):
        """And passing over it loses nothing, wherever it stands."""
        n = 60_000
        lines = [f"{i},{i % 7},{2 * i}" for i in range(n)]
        path = text(tmp_path / "a.csv", "\n".join(["a,b,y", *lines[:at], bad, *lines[at + 1 :], ""]))
        with pytest.raises(StreamError, match=f"row {at} {reason}Correct or skip that row") as caught:
            accumulate(blocks(path, target="y"))
        error = caught.value
        assert error.row == at
        assert (error.statistics.n if error.statistics else 0) == at
        if at == n - 1:
            return
        if bad.startswith('"'):  # swallows the rest: mend it
            text(path, "\n".join(["a,b,y", *lines[:at], "0,0,0", *lines[at + 1 :], ""]))
        rest = accumulate(blocks(path, target="y", start=at + 1), start=error.statistics)
        assert rest.n == n - 1

    @pytest.mark.parametrize("size", [1, 30_000])
    def test_lines_within_a_field(self, tmp_path, size):
        """Text of several lines in a column that is left out does not count as rows."""
        row = '"a ""word""\nand, a line{1}",{0},{2}\n'
        content = "text,a,y\n" + "".join(row.format(i, "x" * (i % 50), 2 * i + 1) for i in range(3 * size))
        path = text(tmp_path / "a.csv", content)
        source = blocks(path, target="y", features=["a"])
        sums = accumulate(source)
        assert sums.n == 3 * size
        fits(source, (2.0,), 1.0)
        start = 2 * size
        assert next(iter(blocks(path, target="y", features=["a"], start=start)))[0][0] == start

    @pytest.mark.parametrize("value", ["9007199254740993", "-9007199254740993", "123456789012345678901"])
    def test_integers_that_no_float_holds(self, tmp_path, value):
        path = text(tmp_path / "a.csv", f"a,y\n1,1\n9007199254740992,2\n1e300,4\n{value},3\n5,5\n")
        before = []
        with pytest.raises(StreamError, match=rf"row 3 has {value} in column 'a', beyond 2\^53") as caught:
            before.extend(y for _, y in blocks(path, target="y"))
        assert caught.value.row == 3
        assert torch.cat(before).tolist() == [1, 2, 4]
        assert len(list(blocks(path, target="y", start=4))) == 1

    def test_the_first_of_two_such_integers(self, tmp_path):
        path = text(tmp_path / "a.csv", "a,y\n1,1\n2,9007199254740993\n9007199254740995,3\n")
        with pytest.raises(StreamError, match="row 1 has 9007199254740993 in column 'y'"):
            accumulate(blocks(path, target="y"))

    def test_such_an_integer_alone(self, tmp_path):
        """It is read as 2^53, which a float holds, and nothing is above that."""
        path = text(tmp_path / "a.csv", "a,y\n1,1\n2,3\n9007199254740993,3\n")
        with pytest.raises(StreamError, match="row 2 has 9007199254740993 in column 'a'"):
            accumulate(blocks(path, target="y"))

    def test_such_an_integer_before_a_bad_row(self, tmp_path):
        path = text(tmp_path / "a.csv", "a,y\n1,1\n9007199254740993,2\n3,-\n4,4\n")
        rows = []
        start, sums = 0, None
        for _ in range(3):
            try:
                sums = accumulate(blocks(path, target="y", start=start), start=sums)
                break
            except StreamError as error:
                rows.append(error.row)
                start, sums = error.row + 1, error.statistics
        assert (rows, sums.n) == ([1, 2], 2)

    @pytest.mark.parametrize("word", ["", "NA", "NaN", "nan", "NULL", "#N/A", '""'])
    def test_missing_words(self, tmp_path, word):
        path = text(tmp_path / "a.csv", f"a,b,y\n{LINE}{word},1,2\n")
        with pytest.raises(StreamError, match=r"column 'a' is missing in row 5 of '.*missing=\"drop\""):
            accumulate(blocks(path, target="y"))
        fit = fit_stream(blocks(path, target="y"), missing="drop")
        torch.testing.assert_close(fit.w, torch.tensor([2.0, -1.0], dtype=torch.float64))
        assert fit.dropped == 1

    @pytest.mark.parametrize("content", ["", "\n", ",,\n1,2,3\n"])
    def test_no_names(self, tmp_path, content):
        with pytest.raises(linreg.FileError, match="with a line of names"):
            blocks(text(tmp_path / "a.csv", content), target="y")

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"delimiter": ";;"}, "`delimiter` must be one ASCII character"),
            ({"delimiter": '"'}, "`delimiter` must be one ASCII character"),
            ({"delimiter": "\n"}, "`delimiter` must be one ASCII character"),
            ({"delimiter": "¦"}, "`delimiter` must be one ASCII character"),
            ({"delimiter": ""}, "`delimiter` must be one ASCII character"),
            ({"decimal": "'"}, "`decimal` must be '.' or ','"),
            ({"encoding": "klingon"}, "`encoding` must be one that Python knows"),
        ],
    )
    def test_options_outside_their_range(self, tmp_path, options, words):
        path = text(tmp_path / "a.csv", "a,b,y\n" + LINE)
        with pytest.raises(linreg.RangeError, match=re.escape(words)):
            blocks(path, target="y", **options)
        numpy.save(tmp_path / "a.npy", X)
        with pytest.raises(linreg.DtypeError, match="`delimiter` must be a string"):
            blocks(path, target="y", delimiter=3)

    def test_options_are_for_csv(self, tmp_path):
        numpy.save(tmp_path / "a.npy", X)
        with pytest.raises(linreg.RangeError, match=r"`decimal` must be left out for \.npy files"):
            blocks(tmp_path / "a.npy", target=-1, decimal=",")


class TestTables:
    def written(self, path: Path, **columns: object) -> Path:
        parquet.write_table(pa.table(columns), path)
        return path

    def test_flags_and_decimals(self, tmp_path):
        """As pandas' dummies and the sums of DuckDB and Spark are."""
        b = pa.array([decimal.Decimal(int(v)) for v in X[:, 1]], pa.decimal128(38, 2))
        path = self.written(tmp_path / "a.parquet", a=X[:, 0].numpy(), b=b, y=Y.numpy())
        fits(blocks(path, target="y"))
        path = self.written(tmp_path / "a.parquet", is_b=[True, False, True], y=[4.0, 2.0, 4.0])
        fits(blocks(path, target="y"), (2.0,), 2.0)

    def test_small_floats_beside_others(self, tmp_path):
        half = X[:, 0].numpy().astype("f2")
        path = self.written(tmp_path / "a.parquet", a=half, b=X[:, 1].numpy(), y=Y.numpy())
        fits(blocks(path, target="y"))

    def test_dictionaries_of_numbers(self, tmp_path):
        columns = {"a": pa.array(X[:, 0].numpy()).dictionary_encode(), "b": X[:, 1].numpy(), "y": Y.numpy()}
        table = pa.table(columns)
        with ipc.new_file(tmp_path / "a.arrow", table.schema) as file:
            file.write_table(table)
        fits(blocks(tmp_path / "a.arrow", target="y"))

    @pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
    @pytest.mark.parametrize("new", [ipc.new_stream, ipc.new_file])
    def test_arrow_streams_and_string_views(self, tmp_path, new, compression):
        """A stream has no index at its end; polars writes text as views."""
        words = pa.array(["x" * 20] * 5, pa.string_view())
        table = pa.table({"text": words, "a": X[:, 0].numpy(), "b": X[:, 1].numpy(), "y": Y.numpy()})
        with new(
            tmp_path / "a.arrow", table.schema, options=ipc.IpcWriteOptions(compression=compression)
        ) as file:
            file.write_table(table, max_chunksize=2)
        source = blocks(tmp_path / "a.arrow", target="y", features=["a", "b"])
        fits(source)
        assert accumulate(blocks(tmp_path / "a.arrow", target="y", features=["b"], start=3)).n == 2

    def test_a_column_of_nothing(self, tmp_path):
        path = self.written(tmp_path / "a.parquet", a=pa.nulls(5), b=X[:, 1].numpy(), y=Y.numpy())
        with pytest.raises(StreamError, match="column 'a' is missing in row 0"):
            accumulate(blocks(path, target="y"))
        with pytest.raises(linreg.DataError, match="without missing entries among 5; it has none"):
            accumulate(blocks(path, target="y"), missing="drop")


class TestRowNames:
    """An index is counted, not measured: it is no feature unless it is named as one."""

    def test_of_parquet(self, tmp_path):
        df = frame()[lambda df: df.a != 1]
        df.to_parquet(tmp_path / "a.parquet")
        assert blocks(tmp_path / "a.parquet", target="y").features == ("a", "b")
        df.set_index("a").to_parquet(tmp_path / "b.parquet")
        assert blocks(tmp_path / "b.parquet", target="y").features == ("b",)
        assert blocks(tmp_path / "b.parquet", target="y", features=["a", "b"]).features == ("a", "b")
        fits(blocks(tmp_path / "a.parquet", target="y"))

    def test_whose_mark_is_lost(self, tmp_path):
        """Another program copies the columns of pandas and not its notes."""
        table = pa.Table.from_pandas(frame()[lambda df: df.a != 1]).replace_schema_metadata(None)
        parquet.write_table(table, tmp_path / "a.parquet")
        with pytest.raises(linreg.RangeError, match=r"called '__index_level_0__'.*features=\['a', 'b'\]"):
            blocks(tmp_path / "a.parquet", target="y")

    @pytest.mark.parametrize("again", [False, True])
    def test_of_csv(self, tmp_path, again):
        path = tmp_path / "a.csv"
        frame().to_csv(path)
        if again:
            pandas.read_csv(path).to_csv(path, index=False)
        with pytest.raises(linreg.RangeError) as caught:
            blocks(path, target="y")
        features = eval(re.search(r"features=(\[.*?\])", str(caught.value))[1])
        fits(blocks(path, target="y", features=features))

    def test_of_other_csv(self, tmp_path):
        path = text(tmp_path / "a.csv", '"","a","b","y"\n' + re.sub("^", '"1",', LINE.rstrip(), flags=re.M))
        with pytest.raises(linreg.RangeError, match="row names of pandas and R"):  # write.csv of R
            blocks(path, target="y")
        path = text(tmp_path / "a.csv", "a,b,y,\n" + LINE.replace("\n", ",\n"))
        with pytest.raises(linreg.RangeError, match=r"features=\['a', 'b'\]"):  # a comma at each end
            blocks(path, target="y")


class TestFeatures:
    @pytest.mark.parametrize("make", [numpy.array, pandas.Index, pandas.Series, tuple, pa.array, iter])
    def test_any_list(self, tmp_path, make):
        path = text(tmp_path / "a.csv", "a,b,y\n" + LINE)
        chosen = make(["b", "a"])
        if make is pa.array:
            chosen = chosen.to_pylist()
        assert blocks(path, target="y", features=chosen).features == ("b", "a")
        fits(blocks(path, target=frame().columns[-1], features=frame().columns[:-1]))

    @pytest.mark.parametrize("make", [numpy.array, torch.tensor, list, range])
    def test_numbers(self, tmp_path, make):
        numpy.save(tmp_path / "a.npy", torch.column_stack((X, Y)))
        chosen = range(2) if make is range else make([0, 1])
        fits(blocks(tmp_path / "a.npy", target=numpy.int64(-1), features=chosen))

    def test_what_has_no_order(self, tmp_path):
        path = text(tmp_path / "a.csv", "a,b,y\n" + LINE)
        with pytest.raises(linreg.DtypeError, match=r"in order; .*Put it into a list: \['a', 'b'\]"):
            blocks(path, target="y", features={"b", "a"})
        with pytest.raises(linreg.DtypeError, match=r"Put it into a list: \[3\]"):
            blocks(path, target="y", features=3)
        with pytest.raises(linreg.DtypeError, match=r"Put it into a list: \['a'\]"):
            blocks(path, target="y", features=numpy.array("a"))
        for two in (numpy.array([0, 1]), torch.tensor([0, 1]), [0, 1]):
            with pytest.raises(linreg.RangeError, match=r"`target` must name columns .*; got \[0, 1\]\."):
                blocks(path, target=two)


class TestFolders:
    def fill(self, folder: Path, names: list[str]) -> Path:
        for name, part in zip(names, torch.column_stack((X, Y)).split(2), strict=True):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            parquet.write_table(pa.table(dict(zip("aby", part.T.numpy(), strict=True))), folder / name)
        return folder

    def test_parts_and_marks(self, tmp_path):
        """As Spark and dask write a table: a folder with a name of a file, and marks of their own."""
        folder = self.fill(tmp_path / "rows.parquet", [f"part-{i:05d}.snappy.parquet" for i in range(3)])
        (folder / "_SUCCESS").touch()
        (folder / ".part-00000.snappy.parquet.crc").write_bytes(b"crc")
        (folder / "_temporary").mkdir()
        for name in ("_metadata.parquet", "_temporary/part-00003.snappy.parquet"):
            (folder / name).write_bytes(b"none of the rows")
        source = blocks(folder, target="y")
        assert [Path(path).name[:10] for path in source.paths] == ["part-00000", "part-00001", "part-00002"]
        fits(source)
        fits(blocks(str(folder / "part-*.parquet"), target="y"))
        fits(blocks([folder / "part-0000[01]*", folder / "part-00002.snappy.parquet"], target="y"))

    def test_a_folder_of_several_below(self, tmp_path):
        folder = self.fill(tmp_path / "all", ["1/a.parquet", "1/b.parquet", "2/a.parquet"])
        (folder / "1" / "about.txt").write_text("Where the rows come from.")
        fits(blocks(folder, target="y"))
        fits(blocks(f"{folder}/**/*.parquet", target="y"))
        fits(blocks(f"{tmp_path}/**/*.parquet", target="y"))  # at any depth
        fits(blocks(f"{folder}/[12]", target="y"))

    def test_partitions_are_columns(self, tmp_path):
        """As `partition_by` of polars and DuckDB, partitionBy of Spark, partition_cols of pandas."""
        df = frame().assign(g=[1, 1, 2, 2, 10], h="x y")
        df["y"] += 3 * df.g
        df.to_parquet(tmp_path / "t", partition_cols=["h", "g"])
        with pytest.raises(linreg.DtypeError, match=r"column 'h' holds string.*features=\['a', 'b', 'g'\]"):
            blocks(tmp_path / "t", target="y")
        fits(blocks(tmp_path / "t", target="y", features=["a", "b", "g"]), (2.0, -1.0, 3.0))
        fits(blocks(f"{tmp_path}/t/*/*/*.parquet", target="y", features=["g", "a", "b"]), (3.0, 2.0, -1.0))
        below = tmp_path / "t" / "h=x%20y"
        assert blocks(below, target="y").features == ("a", "b", "g")  # and those above it are not
        assert blocks(f"{below}/g=1*", target="y").features == ("a", "b", "g")
        one = next((tmp_path / "t" / "h=x%20y" / "g=10").iterdir())
        assert blocks(one, target="y").features == ("a", "b")  # a file is a file

    def test_a_partition_of_nothing(self, tmp_path):
        folder = self.fill(
            tmp_path, ["g=1/a.parquet", "g=2/a.parquet", "g=__HIVE_DEFAULT_PARTITION__/a.parquet"]
        )
        with pytest.raises(StreamError, match="column 'g' is missing in row 0 of"):
            accumulate(blocks(folder, target="y"))
        assert accumulate(blocks(folder, target="y"), missing="drop").dropped == 1

    @pytest.mark.parametrize(
        ("name", "value"),
        [("9007199254740992", 2.0**53), ("007", 7), ("-1.5", -1.5), ("1e3", 1000), ("true", 1), ("false", 0)],
    )
    def test_values_of_partitions(self, tmp_path, name, value):
        self.fill(tmp_path, [f"g={name}/{i}.parquet" for i in range(3)])
        fits(blocks(tmp_path, target="y", features=["a", "b"]))
        assert next(iter(blocks(tmp_path, target="y")))[0][:, 2].tolist() == [value, value]

    @pytest.mark.parametrize("name", ["9007199254740993", "x", "1_000"])
    def test_values_of_partitions_that_no_float_holds(self, tmp_path, name):
        self.fill(tmp_path, [f"g={name}/{i}.parquet" for i in range(3)])
        fits(blocks(tmp_path, target="y", features=["a", "b"]))
        with pytest.raises(linreg.DtypeError, match="column 'g' holds string"):
            blocks(tmp_path, target="y")

    @pytest.mark.parametrize("log", ["_delta_log", ".hoodie", "metadata"])
    def test_tables_with_a_log(self, tmp_path, log):
        """Some of their files hold rows that were deleted since."""
        self.fill(tmp_path, [f"{i}.parquet" for i in range(3)])
        (tmp_path / log).mkdir()
        with pytest.raises(linreg.RangeError, match=f"the folder '{log}' says which do"):
            blocks(tmp_path, target="y")
        fits(blocks(str(tmp_path / "*.parquet"), target="y"))

    def test_nothing_there(self, tmp_path):
        for path in (tmp_path, tmp_path / "*.csv"):
            with pytest.raises(linreg.FileError, match="has none of"):
                blocks(path, target="y")


class TestMissing:
    """Rows with a missing entry: an error, or left out and counted."""

    def pairs(self, size: int = 7) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], torch.Tensor]:
        generator = torch.Generator().manual_seed(0)
        Z = torch.randn(100, 4, generator=generator, dtype=torch.float64)
        for row, column in ((0, 0), (13, 3), (14, 1), (50, 2), (99, 3)):
            Z[row, column] = torch.nan
        Z[21:28] = torch.nan  # all of a block
        return [(part[:, :3], part[:, 3]) for part in Z.split(size)], Z[~Z.isnan().any(1)]

    def test_are_dropped_and_counted(self):
        source, left = self.pairs()
        sums = accumulate(source, missing="drop")
        whole = Statistics.of(left[:, :3], left[:, 3])
        assert (sums.n, sums.dropped) == (88, 12)
        assert repr(sums) == "Statistics(n=88, d=3, dropped=12)"
        torch.testing.assert_close(sums.about(whole.shift), whole.M, rtol=1e-12, atol=1e-12)
        fit = fit_stream(source, missing="drop")
        assert fit.dropped == 12
        assert fit.message.endswith("12 rows with missing entries were dropped.")
        assert fit_stream([(left[:, :3], left[:, 3])], missing="drop").dropped == 0

    def test_counts_merge_leave_and_are_saved(self, tmp_path):
        source, _ = self.pairs()
        one, other = accumulate(source[:5], missing="drop"), accumulate(source[5:], missing="drop")
        both = one + other
        assert (both.n, both.dropped, (both - one).dropped) == (88, 12, other.dropped)
        both.save(tmp_path / "sums")
        assert Statistics.load(tmp_path / "sums").dropped == 12
        assert accumulate(source[5:], missing="drop", start=one).dropped == 12

    def test_infinity_is_not_missing(self):
        source, _ = self.pairs()
        source[9][0][3, 1] = torch.inf
        with pytest.raises(StreamError, match="feature 1 is inf in row 66") as caught:
            accumulate(source, missing="drop")
        error = caught.value
        assert (error.row, error.statistics.n + error.statistics.dropped) == (66, 66)

    def test_the_error_names_the_way_on(self):
        source, _ = self.pairs()
        with pytest.raises(StreamError, match=r"feature 0 is missing in row 0\. ") as caught:
            fit_stream(source)
        way = re.search(r'missing="\w+"', str(caught.value))[0]
        assert eval(f"fit_stream(source, {way})", {"fit_stream": fit_stream, "source": source}).dropped == 12

    def test_only_these_two(self):
        with pytest.raises(linreg.RangeError, match="`missing` must be one of 'error', 'drop'; got 'fill'"):
            accumulate([], missing="fill")


class TestChangedBytes:
    """One byte of a file is another: never a crash, never an error that is not ours."""

    @pytest.mark.parametrize("form", FORMATS)
    def test_a_sample(self, form):
        found = fuzz(form, 12, seed=1)
        assert sum(found.values()) == 12
        if form in CHECKED:
            assert found["told nothing"] == 0


@pytest.mark.parametrize("width", [3, 8, 9, 12])
def test_a_message_lists_eight_columns_and_that_there_are_more(tmp_path, width):
    names = [f"x{j}" for j in range(width)]
    path = tmp_path / "wide.csv"
    path.write_text(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    with pytest.raises(linreg.RangeError) as raised:
        next(iter(blocks(path, target="z")))
    some = ", ".join(map(repr, names[:8])) + (", ..." if width > 8 else "")
    assert f": {some}; got 'z'." in str(raised.value)
