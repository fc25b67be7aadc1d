"""What an error about a file advises is done here, word for word, and then the file is read."""

import base64
import gzip
import lzma
import re
import zipfile
import zlib
from pathlib import Path

import numpy
import pandas
import polars
import pytest
import torch

import linreg
from linreg import accumulate, blocks, fit_stream

pa = pytest.importorskip("pyarrow")

from pyarrow import feather, ipc, parquet  # noqa: E402

A, B = [0.0, 1000.0, 2.5, 3.0, 1234567.0], [3.0, 1.0, 8.0, 2.0, 9.0]
Y = [2 * a - b + 1 for a, b in zip(A, B, strict=True)]
CODE = re.compile(r"(?:pandas|polars|zipfile|numpy)\.\w+\(.*?\)(?=[.;]? |[.;]?$)")  # with all that follows it
# An Arrow file of polars 2.1: a of Int128, b and y of doubles, without fractions.
WIDE = (
    "c-qxdyH3ME5F9%XUEqpfTu`Kls3@UJhs_Uw($JFp1yYJgDfk6Ce#PHFkvb(p6bMlu3e4=@IwB{c6jZErw>LYp>+{~Z9FH%r&ww_7"
    "x4N!#$U5P?hkZECZG1598F74sZE?QgI7P_2CqJO?s|H9!Kzn3770hwVQ4tS+(S53}%O|{f%JIV3h+gzZqD>_)qoR)k&Gwr6PTkzz"
    ";m{-RbUg{BLAqYqKBcCTwA{YL<525*qG$3Q%bVFgr4KndPt?VByD~qI;tf7AUqyTs@nX`JPNds~V|!|C;xytT8h6VKe>YbI|9T$$"
    "&@jv&7dr}sb`%e$bJm_*@nU&VZcCJN#*cHBgwgt(<+fxzLAf1XufVG5Q&S+>toJ|f{1@j^|LAWIvTLj"
)


def frame() -> pandas.DataFrame:
    return pandas.DataFrame({"a": A, "b": B, "y": Y})


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def table(rows: list[str], delimiter: str = ",", point: str = ".") -> str:
    """CSV with these words as its first column."""
    lines = (
        delimiter.join((a, f"{b}".replace(".", point), f"{y}".replace(".", point)))
        for a, b, y in zip(rows, B, Y, strict=True)
    )
    return "\n".join([delimiter.join("aby"), *lines, ""])


def refused(path: object, **options: object) -> str:
    with pytest.raises(linreg.LinregError) as caught:
        accumulate(blocks(path, **{"target": "y", **options}))
    return str(caught.value)


def fits(path: object, **options: object) -> None:
    fit = fit_stream(blocks(path, **{"target": "y", **options}))
    torch.testing.assert_close(fit.w, torch.tensor([2.0, -1.0], dtype=torch.float64), rtol=1e-9, atol=1e-6)


def features(message: str) -> list[str]:
    return eval(re.search(r"features=(\[.*?\])", message)[1])


def follow(message: str, which: int = 0) -> Path:
    """Run the line that a message gives, and return the file that it writes."""
    line = CODE.findall(message)[which]
    names = {"pandas": pandas, "numpy": numpy, "zipfile": zipfile, "torch": torch, "polars": polars}
    exec(line, names)
    return Path(re.findall(r"(?:to|write)_\w+\('(.*?)'", line)[-1])


class TestMarks:
    """Numbers written in another way."""

    @pytest.mark.parametrize("late", [False, True])
    @pytest.mark.parametrize(
        ("rows", "delimiter", "options", "mark", "which"),
        [
            (['"0"', '"1,000"', "2.5", "3", '"1,234,567"'], ",", {}, ",", 1),
            (['" 0"', '" 1,000"', '" 2.5"', '" 3"', '"1,234,567"'], ",", {}, ",", 1),
            (["0", "1,000.0", "2.5", "3", "1,234,567.0"], ";", {}, ",", 0),
            (["0", "1,000", "2.5", "3", "1,234,567"], ";", {}, ",", 0),
            (["0,0", "1.000,0", "2,5", "3,0", "1.234.567,"], ";", {"decimal": ","}, ".", 0),
            (["0", "1'000", "2.5", "3", "1'234'567"], ",", {}, "'", 0),
            (["0", "1 000", "2.5", "3", "1 234 567.0"], ",", {}, " ", 0),
        ],
    )
    def test_of_thousands(self, tmp_path, rows, delimiter, options, mark, which, late):
        content = table(rows, delimiter, options.get("decimal", "."))
        if late:
            head, *lines = content.splitlines()
            content = "\n".join([head, *[lines[0]] * 150, *lines, ""])
        options = options | ({"delimiter": delimiter} if delimiter != "," else {})
        message = refused(text(tmp_path / "q.csv", content), **options)
        assert f"if its {mark!r} marks thousands: pandas." in message
        fits(follow(message, which))

    def test_of_thousands_in_each_row(self, tmp_path):
        """No word of the column is a number: it holds text, and the cure is the same."""
        words = [f'"{1000 * (k + 1):,}"' for k in range(5)]
        lines = (f"{a},{b},{2000 * (k + 1) - b + 1}" for k, (a, b) in enumerate(zip(words, B, strict=True)))
        path = text(tmp_path / "q.csv", "\n".join(["a,b,y", *lines, ""]))
        message = refused(path)
        assert "column 'a' holds string. It has '1,000': if its ',' is the decimal point" in message
        assert "Otherwise name the `features` without such columns, features=['b'], or" in message
        assert accumulate(blocks(path, target="y", features=features(message))).n == 5
        fits(follow(message, 1))

    def test_of_decimals_beside_a_target_of_others(self, tmp_path):
        path = text(tmp_path / "q.csv", "a;b;y\n1,5;2,5;3\n2,5;3,5;4\n")
        assert refused(path, delimiter=";").endswith("if its ',' is the decimal point: decimal=','.")
        assert accumulate(blocks(path, target="y", delimiter=";", decimal=",")).n == 2

    @pytest.mark.parametrize("late", [False, True])
    def test_of_decimals(self, tmp_path, late):
        words = [f"{a}".replace(".", ",") for a in A]
        content = table(words, ";", ",")
        if late:
            content = "a;b;y\n" + "0;3;-2\n" * 120 + content.partition("\n")[2]
        path = text(tmp_path / "q.csv", content)
        message = refused(path, delimiter=";")
        assert "if its ',' is the decimal point: decimal=','" in message
        fits(path, delimiter=";", decimal=",")

    def test_of_decimals_within_quotes(self, tmp_path):
        """As spreadsheets export them where the decimal point is a comma."""
        words = [[f'"{number}"'.replace(".", ",") for number in row] for row in zip(A, B, Y, strict=True)]
        path = text(tmp_path / "q.csv", "a,b,y\n" + "\n".join(map(",".join, words)))
        fits(follow(refused(path)))
        message = refused(path, decimal=",")
        assert "if they have quotation marks" in message
        exec(CODE.findall(message)[0], {"pandas": pandas, "path": path, "new_path": tmp_path / "new.csv"})
        fits(tmp_path / "new.csv")

    def test_of_a_point_where_a_comma_was_said(self, tmp_path):
        path = text(tmp_path / "q.csv", frame().to_csv(index=False, sep=";"))
        message = refused(path, delimiter=";", decimal=",")
        assert "if its '.' is the decimal point: decimal='.'" in message
        fits(path, delimiter=";", decimal=".")

    @pytest.mark.parametrize("word", ["$5", "5%", "None", "1,00", "12,34,567", "1''000", "x", "1,0000"])
    def test_of_nothing_known(self, tmp_path, word):
        path = text(tmp_path / "q.csv", 'a,y\n1,2\n"' + word + '",3\n4,5\n')
        assert "thousands" not in refused(path)


class TestKinds:
    """A file whose name says something else than its bytes."""

    def write(self, path: Path, kind: str) -> Path:
        if kind == "parquet":
            frame().to_parquet(path)
        elif kind in ("arrow", "stream"):
            held = pa.Table.from_pandas(frame())
            with (ipc.new_file if kind == "arrow" else ipc.new_stream)(path, held.schema) as file:
                file.write_table(held)
        elif kind == "npy":
            with path.open("wb") as file:
                numpy.save(file, frame().to_numpy())
        else:
            content = frame().to_csv(index=False).encode()
            path.write_bytes(gzip.compress(content) if kind == "gzip" else content)
        return path

    @pytest.mark.parametrize(
        "suffix", [".parquet", ".arrow", ".feather", ".npy", ".csv", ".csv.gz", ".tsv.zst", ".dat", ""]
    )
    @pytest.mark.parametrize("kind", ["parquet", "arrow", "stream", "npy", "text"])
    def test_another(self, tmp_path, kind, suffix):
        if (kind, suffix) in (("parquet", ".parquet"), ("npy", ".npy"), ("text", ".csv")) or (
            kind in ("arrow", "stream") and suffix in (".arrow", ".feather")
        ):
            return
        path = self.write(tmp_path / f"q{suffix}", kind)
        message = refused(path)
        new = re.search(r" It is (?:Parquet|Arrow|an array of NumPy|text): rename it to '(.*?)'\.$", message)
        path.rename(new[1])
        options = {"delimiter": ","} if new[1].endswith(".tsv") else {}
        fits(new[1], target=2 if kind == "npy" else "y", **options)

    @pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.zst"])
    def test_compressed(self, tmp_path, suffix):
        path = self.write(tmp_path / f"q{suffix}", "gzip")
        new = re.search(r"It is compressed by gzip: rename it to '(.*?)'\.$", refused(path))
        path.rename(new[1])
        fits(new[1], delimiter=",")

    def test_compressed_as_its_name_says(self, tmp_path):
        """Then it is another fault that is mended."""
        path = tmp_path / "q.csv.gz"
        path.write_bytes(gzip.compress(b""))
        assert refused(path).endswith(" has none. Write one, or copy the file again.")
        path.write_bytes(gzip.compress(frame().to_csv(index=False).replace("a,", "ü,").encode("cp1252")))
        assert refused(path).endswith(" Say encoding='cp1252' if it is of Western Europe.")
        fits(path, encoding="cp1252")

    def test_text_in_another_encoding(self, tmp_path):
        text(tmp_path / "q.parquet", frame().to_csv(index=False), "utf-16")
        assert refused(tmp_path / "q.parquet").endswith(
            f"It is text: rename it to {str(tmp_path / 'q.csv')!r}."
        )
        (tmp_path / "q.parquet").rename(tmp_path / "q.csv")
        assert refused(tmp_path / "q.csv").endswith(" Say encoding='utf-16'.")
        fits(tmp_path / "q.csv", encoding="utf-16")

    def test_compressed_tables(self, tmp_path):
        path = self.write(tmp_path / "q.parquet", "parquet")
        path.write_bytes(gzip.compress(path.read_bytes()))
        assert refused(path).endswith("It is compressed by gzip: decompress it first.")
        path.write_bytes(gzip.decompress(path.read_bytes()))
        fits(path)

    def test_a_name_that_is_taken_is_left(self, tmp_path):
        self.write(tmp_path / "q.parquet", "parquet")
        path = self.write(tmp_path / "q.arrow", "parquet")
        assert f"rename it to {str(tmp_path / 'q-new.parquet')!r}" in refused(path)

    def test_zip(self, tmp_path):
        (tmp_path / "q").mkdir()
        frame().to_csv(tmp_path / "q" / "rows.csv.zip", index=False)
        follow_line = CODE.findall(refused(tmp_path / "q" / "rows.csv.zip"))[0]
        exec(follow_line, {"zipfile": zipfile})
        fits(tmp_path / "q" / "rows.csv")
        numpy.savez(tmp_path / "q.npz", rows=frame().to_numpy())
        exec(CODE.findall(refused(tmp_path / "q.npz"))[0], {"zipfile": zipfile})
        fits(tmp_path / "rows.npy", target=2)

    @pytest.mark.parametrize(("name", "part"), [("q.xlsx", "[Content_Types].xml"), ("q.ods", "mimetype")])
    def test_spreadsheets(self, tmp_path, name, part):
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            file.writestr(part, "<Types/>")
        assert refused(tmp_path / name).endswith("It is a spreadsheet: save it as CSV there.")

    def test_torch(self, tmp_path):
        torch.save(torch.tensor(frame().to_numpy()), tmp_path / "q.pt")
        assert refused(tmp_path / "q.pt").endswith(" if it is one tensor.")
        exec(CODE.findall(refused(tmp_path / "q.pt"))[0], {"numpy": numpy, "torch": torch})
        fits(tmp_path / "q.npy", target=2)

    def test_json(self, tmp_path):
        frame().to_json(tmp_path / "q.json")
        fits(follow(refused(tmp_path / "q.json")))
        frame().to_json(tmp_path / "r.json", orient="records")
        fits(follow(refused(tmp_path / "r.json")))
        for name in ("r.jsonl", "s.json"):
            frame().to_json(tmp_path / name, orient="records", lines=True)
            fits(follow(refused(tmp_path / name)))

    def test_xz(self, tmp_path):
        frame().to_csv(tmp_path / "q.csv.xz", index=False)
        assert refused(tmp_path / "q.csv.xz").endswith("It is compressed by xz: decompress it first.")
        (tmp_path / "q.csv").write_bytes(lzma.decompress((tmp_path / "q.csv.xz").read_bytes()))
        fits(tmp_path / "q.csv")

    @pytest.mark.parametrize(
        "content",
        [b"", b"\x01\x02\x03", b"<table><tr><td>1", b"\0\0text", b"\0", b"\1\2\0", b"PK\x03\x04 cut off"],
    )
    def test_nothing_known(self, tmp_path, content):
        (tmp_path / "q.bin").write_bytes(content)
        assert refused(tmp_path / "q.bin").endswith("Let the program that wrote it export CSV or Parquet.")
        (tmp_path / "q.parquet").write_bytes(content)
        assert refused(tmp_path / "q.parquet").endswith("Write or copy it again.")
        (tmp_path / "q").mkdir()
        (tmp_path / "q.bin").rename(tmp_path / "q" / "q.bin")
        assert refused(tmp_path / "q").endswith(f"The first is {str(tmp_path / 'q' / 'q.bin')!r}.")

    @pytest.mark.parametrize("suffix", [".feather", ".ipc", ".arrow"])
    def test_arrow_that_is_cut_short(self, tmp_path, suffix):
        """It goes by three names: another one is no cure."""
        path = self.write(tmp_path / f"q{suffix}", "arrow")
        path.write_bytes(path.read_bytes()[:-50])
        assert refused(path).endswith("Write or copy it again.")

    def test_no_path(self):
        assert refused([]).endswith("got []. Name at least one.")

    def test_two_kinds(self, tmp_path):
        self.write(tmp_path / "a.csv", "text")
        self.write(tmp_path / "b.parquet", "parquet")
        message = refused(tmp_path)
        fits(re.search(r"Name those of one kind: '(.*)'\.$", message)[1])

    def test_a_folder_of_files_without_a_kind(self, tmp_path):
        path = self.write(tmp_path / "000000_0", "text")
        new = re.search(r"The first is '(.*?)'\. It is text: rename it to '(.*?)'\.$", refused(tmp_path))
        assert new[1] == str(path)
        path.rename(new[2])
        fits(tmp_path)

    @pytest.mark.filterwarnings("ignore:Feather V1:DeprecationWarning")
    def test_feather_of_version_1(self, tmp_path):
        feather.write_feather(frame(), str(tmp_path / "q.feather"), version=1)
        fits(follow(refused(tmp_path / "q.feather")))

    def test_integers_of_more_than_64_bits(self, tmp_path):
        (tmp_path / "q.arrow").write_bytes(zlib.decompress(base64.b85decode(WIDE)))
        message = refused(tmp_path / "q.arrow", features=["b"])
        assert "Narrow those: polars.read_ipc(" in message
        follow(message)
        fits(tmp_path / "q.parquet")

    def test_integers_of_more_than_64_bits_in_parquet(self, tmp_path):
        polars.DataFrame(
            {"a": [0, 7, 2], "b": B[:3], "y": [2 * a - b + 1 for a, b in zip([0, 7, 2], B, strict=False)]}
        ).cast({"a": polars.Int128}).write_parquet(tmp_path / "q.parquet")
        fits(follow(refused(tmp_path / "q.parquet")))


class TestNpy:
    def test_columns_counted_from_the_end(self, tmp_path):
        numpy.save(tmp_path / "q.npy", numpy.column_stack((Y, A, B)))
        assert blocks(tmp_path / "q.npy", target=-3).features == (1, 2)
        fits(tmp_path / "q.npy", target=-3)
        assert refused(tmp_path / "q.npy", target=-4).endswith("got -4. Pick among these.")

    def test_named_columns_with_text(self, tmp_path):
        array = numpy.rec.fromarrays([A, ["x"] * 5, B, Y], names="a,t,b,y")
        numpy.save(tmp_path / "q.npy", array)
        exec(
            CODE.findall(refused(tmp_path / "q.npy"))[0],
            {"numpy": numpy, "array": array, "path": tmp_path / "q.npy"},
        )
        fits(tmp_path / "q.npy", target=-1)

    @pytest.mark.parametrize("shape", [(5, 2), (5, 2, 1), (5, 1, 2)])
    def test_what_is_no_matrix(self, tmp_path, shape):
        X, y = numpy.column_stack((A, B)).reshape(shape), numpy.array(Y)
        numpy.save(tmp_path / "q.npy", y)
        stacked = eval(CODE.findall(refused(tmp_path / "q.npy"))[0], {"numpy": numpy, "X": X, "y": y})
        numpy.save(tmp_path / "q.npy", stacked)
        fits(tmp_path / "q.npy", target=-1)

    def test_two_arrays_in_a_file(self, tmp_path):
        with (tmp_path / "q.npy").open("wb") as file:
            numpy.save(file, frame().to_numpy())
            numpy.save(file, frame().to_numpy())
        assert "Write it again, each array into a file of its own." in refused(tmp_path / "q.npy")


class TestNames:
    """The line of names is not where it was looked for, or not in one piece."""

    @pytest.mark.parametrize(
        "above", ["# made by x\n", "Report,,\n", "one\ntwo\n", "sep=;\n", "\n\nsep=;\n\n"]
    )
    def test_stand_below(self, tmp_path, above):
        delimiter = ";" if "sep=" in above else ","
        path = text(tmp_path / "q.csv", above + frame().to_csv(index=False, sep=delimiter))
        message = refused(path)
        assert f"If the names stand in line {above.count(chr(10)) + 1}: " in message
        fits(follow(message))
        path = text(tmp_path / "q.csv", above + delimiter.join("ay") + "\n" + delimiter.join("12") + "\n")
        message = refused(path)  # two are enough
        assert f"If the names stand in line {above.count(chr(10)) + 1}: " in message
        assert accumulate(blocks(follow(message), target="y")).n == 1

    @pytest.mark.parametrize("delimiter", [";", "\t", "|", " "])
    def test_in_one_piece(self, tmp_path, delimiter):
        path = text(tmp_path / "q.csv", frame().to_csv(index=False, sep=delimiter))
        for name in ("y", "z"):  # also where it is none of the names
            assert f"say delimiter={delimiter!r}" in refused(path, target=name)
        fits(path, delimiter=delimiter)

    def test_between_many_spaces(self, tmp_path):
        """As a frame is printed."""
        fits(follow(refused(text(tmp_path / "q.csv", frame().to_string()))))

    def test_of_two_lines(self, tmp_path):
        """As pandas writes columns that have two names each."""
        two = frame().set_axis(pandas.MultiIndex.from_tuples([("x", "a"), ("x", "b"), ("z", "y")]), axis=1)
        two.to_csv(tmp_path / "q.csv", index=False)
        fits(follow(refused(tmp_path / "q.csv")))

    def test_none(self, tmp_path):
        path = text(tmp_path / "q.csv", frame().to_csv(index=False, header=False))
        message = refused(path)
        assert "Pick among these; if the first line has no names: " in message
        path = follow(message)
        fits(path, target="2")
        assert accumulate(blocks(path, target="2")).n == 5
        assert refused(path, target=2).endswith("Pick among these.")

    def test_none_of_rows_with_a_text(self, tmp_path):
        path = text(tmp_path / "q.csv", frame().assign(t="x").to_csv(index=False, header=False))
        message = refused(path)
        assert "Pick among these; if the first line has no names: " in message
        fits(follow(message), target="2", features=["0", "1"])

    @pytest.mark.parametrize("content", ["", "\n\n", ",,\n1,2,3\n", 'a,"y\n1,2\n'])
    def test_nothing(self, tmp_path, content):
        for name in ("q.csv", "q.tsv"):
            message = refused(text(tmp_path / name, content), delimiter=",")
            assert message.endswith(" has none. Write one, or copy the file again.")

    def test_a_value_is_no_name(self, tmp_path):
        path = text(tmp_path / "q.csv", "a,b\ny,1\nz,2\n")
        assert refused(path).endswith("Pick among these.")
        path = text(tmp_path / "q.csv", "a;y;t\n1,5;2,5;x\n2,5;3,5;y\n")
        assert refused(path).endswith("say delimiter=';'.")
        path = text(tmp_path / "q.csv", "a\ny\nz\n")  # a column of texts
        assert refused(path).endswith("Pick among these.")
        path = text(tmp_path / "q.csv", "the a;t,b\n1,2\n")  # marks within a name
        assert refused(path).endswith("Pick among these.")

    @pytest.mark.parametrize(
        ("delimiter", "options"), [(",", {}), (" ", {"delimiter": " "}), (";", {"delimiter": ";"})]
    )
    def test_rows_with_a_name_more(self, tmp_path, delimiter, options):
        """As `write.table` of R writes them."""
        lines = frame().to_csv(sep=delimiter, quoting=2).splitlines()
        path = text(tmp_path / "q.csv", "\n".join([lines[0].removeprefix('""' + delimiter), *lines[1:]]))
        message = refused(path, **options)
        assert (
            "row 0 has 4 fields, the line of names 3, as all rows, which R begins with their names: "
            in message
        )
        fits(follow(message))

    def test_rows_with_a_name_more_and_nothing_at_the_end_of_one(self, tmp_path):
        path = text(tmp_path / "q.csv", '"a","y","b"\n"1",2.5,1,\n"2",1,3,5\n')
        assert "as all rows, which R begins with their names: " in refused(path)
        assert list(pandas.read_csv(follow(refused(path))).y) == [1, 3]

    def test_rows_with_a_comma_more(self, tmp_path):
        lines = frame().to_csv(index=False).splitlines()
        path = text(tmp_path / "q.csv", "\n".join([lines[0], *(f"{line}," for line in lines[1:])]))
        message = refused(path)
        assert "as all rows, which end in ',': " in message
        fits(follow(message))

    def test_one_row_with_a_field_more(self, tmp_path):
        path = text(tmp_path / "q.csv", "a,y\n1,2\n1,2,3\n")
        assert "row 1 has 3 fields, the line of names 2. Correct or skip that row" in refused(path)

    def test_one_row_with_a_field_less_in_a_column_of_texts(self, tmp_path):
        path = text(tmp_path / "q.csv", "b,y,a\n1,2,x\n3,4\n5,6,'1,5'\n")
        assert "column 'a' holds string. Name the `features` without such columns" in refused(path)

    @pytest.mark.parametrize("features", [None, ["a", "b"]])
    def test_a_target_that_is_there_twice(self, tmp_path, features):
        path = text(
            tmp_path / "q.csv",
            frame().to_csv(index=False).replace("b,y", "b,y,y").replace("\n", ",0\n").replace("y,0", "y"),
        )
        fits(follow(refused(path, features=features)), features=["a", "b"])

    def test_features_that_are_there_twice(self, tmp_path):
        path = text(
            tmp_path / "q.csv",
            "a,c,c,b,y\n" + "".join(f"{a},1,x,{b},{y}\n" for a, b, y in zip(A, B, Y, strict=True)),
        )
        fits(path, features=features(refused(path)))
        fits(path, features=features(refused(path, features=["a", "b", "y", "a"])))
        assert (
            set(features(refused(path, features=["y"])))
            == set(features(refused(path, features=[])))
            == {"a", "b"}
        )
        assert refused(path, weights="y").endswith("'y' is there twice. Name another column.")
        path = text(tmp_path / "r.csv", "c,c,y\n1,2,3\n2,2,5\n")
        assert accumulate(blocks(follow(refused(path)), target="y")).n == 2

    def test_parquet_with_two_of_a_name(self, tmp_path):
        parquet.write_table(pa.table([A, B, Y], ["a", "y", "y"]), tmp_path / "q.parquet")
        assert refused(tmp_path / "q.parquet").endswith(
            "Give the two a name each: rename one of them where the file is written."
        )


class TestEncodings:
    @pytest.mark.parametrize("given", [None, "utf-8", "ascii", "cp1252", "utf-16"])
    @pytest.mark.parametrize("names", ["a,b,y", "a,ü,y"])
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "utf-8"])
    def test_the_one_that_is_named(self, tmp_path, encoding, names, given):
        content = frame().to_csv(index=False).replace("a,b,y", names)
        path = text(tmp_path / "q.csv", content, encoding)
        message = ""
        try:
            fits(path, encoding=given, features=names.split(",")[:2])
        except linreg.FileError as error:
            message = f"{error}"
        except linreg.RangeError:
            assert (encoding, given) == ("utf-8", "cp1252")  # 'ü' is read as two letters, which are shown
            return
        if message:
            found = re.search(r"Say encoding='(.*?)'", message)[1]
            fits(path, encoding=found, features=names.split(",")[:2])

    @pytest.mark.parametrize("name", ["rot13", "base64", "undefined"])
    def test_what_is_none_of_text(self, tmp_path, name):
        path = text(tmp_path / "q.csv", frame().to_csv(index=False))
        assert "`encoding` must be one that Python knows; " in refused(path, encoding=name)


class TestTexts:
    """Columns that hold no numbers."""

    def write(self, path: Path, df: pandas.DataFrame) -> Path:
        if path.suffix == ".csv":
            df.to_csv(path, index=False)
        elif path.suffix == ".parquet":
            df.to_parquet(path)
        else:
            df.to_feather(path)
        return path

    @pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather", ".arrow"])
    def test_no_other_columns(self, tmp_path, suffix):
        df = pandas.DataFrame({"s": list("uvwuv"), "t": list("pqpqq"), "y": [1.0, 5, 2, 4, 5]})
        message = refused(self.write(tmp_path / f"q{suffix}", df))
        assert "No column can be a feature. Make numbers of the texts: " in message
        fit = fit_stream(blocks(follow(message), target="y"))
        torch.testing.assert_close(fit.w, torch.tensor([1.0, 1, 3], dtype=torch.float64))  # v, w and q

    def test_no_other_columns_but_dates(self, tmp_path):
        df = pandas.DataFrame({"s": pandas.date_range("2013-01-01", periods=5), "y": Y})
        path = self.write(tmp_path / "q.parquet", df)
        assert refused(path).endswith(
            "No column can be a feature. Turn one into numbers first, such as dates into days."
        )
        self.write(path, df.assign(t=list("uvwxy")))
        assert refused(path).endswith("Turn one into numbers first, such as dates into days.")
        df["s"] = (df.s - df.s.min()).dt.days
        assert accumulate(blocks(self.write(path, df), target="y")).n == 5

    @pytest.mark.parametrize("suffix", [".csv", ".parquet"])
    def test_target(self, tmp_path, suffix):
        path = self.write(tmp_path / f"q{suffix}", frame().assign(t=["u"] * 5, s=list("pqrst")))
        message = refused(path, target="t")
        assert (
            "Turn column 't' into numbers, or name another `target`, with features=['a', 'b', 'y']."
            in message
        )
        assert "or name another `weights`, with features=['a', 'b']." in refused(path, weights="t")
        assert "Turn column 't' into numbers, or name another `target`." in refused(
            path, target="t", features=["a"]
        )
        fits(path, features=["a", "b"])

    @pytest.mark.parametrize("suffix", [".csv", ".parquet"])
    def test_nothing_but_the_target(self, tmp_path, suffix):
        path = self.write(tmp_path / f"q{suffix}", frame()[["y"]])
        assert refused(path).endswith(
            f"; there is none. {str(path)!r} has no other that can be one: add one."
        )
        fits(self.write(path, frame()))

    def test_row_names_and_texts(self, tmp_path):
        df = frame().assign(t=list("uvwxy"))
        df.to_csv(tmp_path / "q.csv")
        fits(tmp_path / "q.csv", features=features(refused(tmp_path / "q.csv")))
        df[["t", "y"]].to_csv(tmp_path / "q.csv")
        path = follow(refused(tmp_path / "q.csv"))
        chosen = features(refused(path))
        assert chosen == [f"t_{letter}" for letter in "vwxy"]
        assert accumulate(blocks(path, target="y", features=chosen)).n == 5
        df[["y"]].to_csv(tmp_path / "q.csv")
        assert refused(tmp_path / "q.csv").endswith("No other column can be a feature: add one.")
        df[["y"]].set_axis(list("uvwxy")).to_csv(tmp_path / "q.csv")  # of such names there is nothing to make
        assert refused(tmp_path / "q.csv").endswith("No other column can be a feature: add one.")

    @pytest.mark.parametrize("chosen", [["a", "b"], ["b"]])
    def test_row_names_and_marks(self, tmp_path, chosen):
        df = frame().astype(dict.fromkeys(chosen if chosen == ["b"] else [], int))
        df.to_csv(tmp_path / "q.csv", sep=";", decimal=",")
        message = refused(tmp_path / "q.csv", delimiter=";")
        assert ("therwise say features=['b']" in message) == ("therwise" in message) == (chosen == ["b"])
        assert "dummies" not in message  # of numbers there would be one for each
        assert "if its ',' is the decimal point: decimal=','" in message
        message = refused(tmp_path / "q.csv", delimiter=";", decimal=",")
        fits(tmp_path / "q.csv", delimiter=";", decimal=",", features=features(message))

    def test_a_shard_without_a_column(self, tmp_path):
        self.write(tmp_path / "a.parquet", frame())
        self.write(tmp_path / "b.parquet", frame()[["a", "y"]])
        assert "is missing here. Add it, or leave that column out by naming the `features`." in refused(
            tmp_path
        )
        assert accumulate(blocks(tmp_path, target="y", features=["a"])).n == 10
        self.write(tmp_path / "b.parquet", frame().assign(y=list("uvwxy")))
        assert refused(tmp_path).endswith("here. Convert it.")


@pytest.mark.parametrize(
    "source", ["q.csv", frame(), torch.ones(3, 2), {"a": 1}], ids=lambda held: type(held).__name__
)
def test_what_is_no_source(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(linreg.StreamError, match=r"For files use `blocks`, for tensors \[\(X, y\)\]\."):
        accumulate(source)
    frame().to_csv("q.csv", index=False)
    assert accumulate(blocks("q.csv", target="y")).n == 5
    assert accumulate([(torch.ones(3, 2), torch.ones(3))]).n == 3
