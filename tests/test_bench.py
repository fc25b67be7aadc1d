"""The benchmarks run, and their results have what the page reads; what they measure is never asserted."""

import importlib
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from time import sleep

import numpy as np
import pytest
import torch
from bench import (
    busy,
    class_memory,
    classes,
    epochs,
    glmnet,
    growth,
    inference,
    penalised,
    results,
    robust,
    show,
)
from bench.exact import timed_row
from bench.reference import digits, rational, refined
from bench.samples import Cell, hard, well
from bench.solvers import SOLVERS
from bench.timing import interleaved

import linreg

HOME = Path(__file__).parent / "bench"
MODULES = sorted(path.stem for path in HOME.glob("*.py") if path.stem not in ("__init__", "run"))
PINNED = ("", "sklearn", "statsmodels")  # what the book's own lock installs
FAST = {"rounds": 2, "share": 0.0, "patience": 1.0, "anchors": ["scikit-learn"]}


@pytest.mark.parametrize("module", MODULES)
def test_modules_import_without_the_peers(module):
    assert importlib.import_module(f"bench.{module}").__doc__


def test_every_solver_of_the_pinned_toolchain_runs_a_tiny_cell():
    cell = Cell(200, 3, "float64")
    X, y = well(cell)
    solvers = [solver for solver in SOLVERS if solver.needs in PINNED]
    assert {"linreg", "scikit-learn", "statsmodels"} <= {solver.name for solver in solvers}
    row = timed_row(cell, X, y, refined(X, y), FAST, solvers)
    for solver in solvers:
        found = row["solvers"][solver.name]
        assert "error" not in found, found
        assert found["seconds"] > 0
        assert found["rounds"] >= 1
        assert (found["digits"] is None) == (solver.kind == "bare")
        assert solver.kind == "bare" or found["digits"] > 9


def test_an_error_of_a_solver_is_a_result():
    def fails():
        raise ValueError("too wide\nfor me")

    timed = interleaved({"good": lambda: 1, "bad": fails}, **FAST | {"anchors": ["good"]})
    assert timed["bad"].error == "ValueError: too wide"
    assert timed["good"].rounds == 2
    assert timed["good"].result == 1


def test_a_slow_solver_runs_once():
    calls = []
    timed = interleaved(
        {"quick": lambda: None, "slow": lambda: calls.append(1) or sleep(0.15)},
        **FAST | {"anchors": ["quick"], "patience": 0.1},
    )
    assert len(calls) == 1
    assert timed["slow"].rounds == 0
    assert 0 < timed["slow"].seconds < 10


def test_two_threads_beside_a_busy_core():
    """The rows of the part, of a small table; that the other process is gone afterwards."""
    X, y = (torch.from_numpy(array) for array in well(Cell(1000, 3, "float64")))
    before = torch.get_num_threads()
    with busy.busy_core():
        found = busy.row(X, y, busy.HASTY)
    torch.set_num_threads(before)
    assert set(found) == {"solve", "sums", "descent", "bare"}
    assert all(times["one"] > 0 and times["ratio"] > 0 for times in found.values())


def test_robust_fits_and_the_slope_that_they_leave():
    """The slope that is reported tells a fit that has arrived from one that has not."""
    found = robust.row(Cell(500, 3, "float64"), {"rounds": 2, "share": 0.0, "patience": 5.0})
    assert not found["errors"]
    assert {robust.ANCHOR, robust.OURS, "linreg.absolute", "statsmodels QuantReg"} <= set(found["seconds"])
    assert found["slope"][robust.OURS] < 1e-10 < found["slope"][robust.ANCHOR] < 1e-3


def test_errors_and_what_they_are_meant_to_take():
    """A peer that is not installed is left out, and the ratio is to the one that the target names."""
    settings = {"rounds": 2, "share": 0.0, "patience": 5.0}
    found = inference.task("errors HC3", Cell(500, 3, "float64"), inference.errors, settings, 0.12)
    assert not found["errors"]
    assert {"linreg", "one fit", "statsmodels"} <= set(found["seconds"])
    assert ("pyfixest" in found["seconds"]) is (find_spec("pyfixest") is not None)
    assert found["ratio"] == pytest.approx(
        found["seconds"]["linreg"] / found["seconds"]["statsmodels"], rel=1e-2
    )


def test_penalised_paths_and_what_they_leave():
    """Violation and gap tell a path to rounding from one that stops at a tolerance."""
    settings = {"rounds": 2, "share": 0.0, "patience": 5.0}
    for task in ("ridge", "lasso", "folds"):
        found = penalised.row(task, Cell(300, 6, "float64"), settings)
        assert not found["errors"]
        if task == "lasso":
            left = found["violation and gap"]
            assert max(left["linreg.lasso_path"]) < 1e-12 < max(left["scikit-learn lasso_path"])


def test_what_made_for_paths_leaves():
    """Each program that is installed follows the same path, as far as its tolerance goes."""
    found = penalised.row("lasso", Cell(300, 6, "float64"), {"rounds": 2, "share": 0.0, "patience": 5.0})
    here = [module for module in ("celer", "skglm", "adelie", "glum") if find_spec(module) is not None]
    for peer in [*here, *(["R glmnet"] if glmnet.version() else [])]:
        assert max(found["violation and gap"][peer]) < 0.05, peer


@pytest.mark.skipif(not glmnet.version(), reason="R with glmnet is not installed")
def test_glmnet_answers_what_it_was_asked():
    """Its path is ours, and so are its weights of classes; the process ends with its order book."""
    X, y = penalised.correlated(Cell(200, 4, "float64"))
    alphas = np.array([1.0, 0.1, 0.01])
    ours = linreg.lasso_path(torch.from_numpy(X), torch.from_numpy(y), alphas=alphas.tolist())
    asked = glmnet.Glmnet("lasso", X, y, alphas)
    found = asked.fit().coefficients()
    assert np.allclose(found[1:], ours.w.numpy().T, atol=1e-2)
    assert np.allclose(found[0], ours.b, atol=1e-2)
    process = asked.process
    del asked
    assert process.wait(10) == 0
    low = classes.row(Cell(500, 3, "float64"), {"rounds": 2, "share": 0.0, "patience": 5.0}, 1e-3)
    assert low["slope"]["R glmnet"] < 1e-3


def test_a_step_from_sums_of_few_rows_and_of_more(monkeypatch):
    monkeypatch.setattr(epochs, "QUICK_SUMS", (Cell(100, 3, "float32"), Cell(2000, 3, "float32")))
    found = epochs.from_few_and_many(True, {"rounds": 2, "share": 0.0, "patience": 5.0})
    assert [row["method"] for row in found] == [
        *("gradient descent", "momentum", "Nesterov", "Adam", "Newton", "L-BFGS")
    ]
    for row in found:
        few, many = row["seconds"].values()
        assert row["ratio"] == pytest.approx(many / few, rel=1e-2)


def test_classes_and_the_slope_that_is_left():
    """The default of the peer stops early, and what is reported says so."""
    for alpha in (0.0, 1e-3):
        found = classes.row(Cell(500, 3, "float64"), {"rounds": 2, "share": 0.0, "patience": 5.0}, alpha)
        assert not found["errors"]
        assert {classes.ANCHOR, classes.OURS, "scikit-learn newton-cholesky"} <= set(found["seconds"])
        assert ("statsmodels Logit" in found["seconds"]) is (alpha == 0)
        assert found["slope"][classes.OURS] < 1e-10 < found["slope"][classes.ANCHOR] < 1e-3


def test_memory_of_a_fit_of_classes():
    found = class_memory.extras([3000, 4, "float32", 0.0])
    assert set(found) == set(class_memory.FITS)
    assert all(0 <= extra < 1000 for extra in found.values())


def test_the_two_references_agree():
    X, y = well(Cell(300, 4, "float32"))
    exact = rational(X, y)
    assert digits(refined(X, y), exact) >= 15
    wide = linreg.solve(torch.from_numpy(X), torch.from_numpy(y), dtype=torch.float64)
    assert digits(np.array([float(wide.b), *wide.w]), exact) >= 12


def test_the_reference_of_small_numbers_is_exact():
    """y = 3 x - 1 on binary fractions, the answer without rounding."""
    x = np.array([[0.125], [-2.5], [1e-30], [2.0**60]])
    assert rational(x, np.array([3.0]) * x[:, 0] - 1)[1] == pytest.approx(3, rel=1e-15)
    x = np.array([[0.125], [-2.5], [7.0]])
    assert rational(x, 3 * x[:, 0] - 1).tolist() == [-1, 3]


@pytest.mark.parametrize("kappa", [1e3, 1e6])
def test_hard_cells_have_the_condition_number_they_name(kappa):
    X, y = hard(Cell(500, 4, "float64", kappa), 1e-6)
    assert np.linalg.cond(X - X.mean(0)) == pytest.approx(kappa, rel=1e-3)
    assert len(y) == 500


def test_the_command_explains_itself():
    done = subprocess.run(
        [sys.executable, HOME / "run.py", "--help"], capture_output=True, text=True, check=True
    )
    assert "--only" in done.stdout
    assert "exact" in done.stdout


def test_the_results_have_what_the_page_reads():
    found = json.loads(results.PAGE.read_text())
    assert {"system", "arch", "cpu", "cores", "memory_gb"} <= set(found["machine"])
    parts = found["parts"]
    assert list(parts) == [
        "busy",
        "exact",
        "pair",
        "ill",
        "nist",
        "memory",
        "startup",
        "epochs",
        "inference",
        "robust",
        "penalised",
        "classes",
        "class_memory",
        "streaming",
        "ranks",
        "growth",
    ]
    for part in parts.values():
        assert {"measured", "load", "took_seconds", "linreg", "versions", "settings"} <= set(part)
        assert {"torch", "numpy", "scikit-learn"} <= set(part["versions"])
    for name in ("exact", "pair", "ill"):
        for cell in parts[name]["cells"]:
            assert {"linreg", "torch X'X", "scikit-learn"} <= set(cell["solvers"])
            assert set(cell["solvers"]) <= set(parts[name]["solvers"])
            for entry in cell["solvers"].values():
                assert "error" in entry or {"seconds", "digits", "rounds"} <= set(entry)
    for cell in parts["busy"]["cells"]:
        for state in ("idle", "busy"):
            assert all({"one", "two", "ratio"} == set(found) for found in cell[state].values())
    for name in ("memory", "class_memory"):
        assert all({"X_mb", "extra_mb"} <= set(cell) for cell in parts[name]["cells"])
    for task in parts["inference"]["tasks"]:
        assert {"linreg", task["peer"]} <= set(task["seconds"])
        assert task["ratio"] > 0 < task["target"]
    assert {"bare reading, cold", "fit_stream, cold", "solve in memory"} <= set(parts["streaming"]["tasks"])
    assert all(set(row) == set(parts["nist"]["problems"]) for row in parts["nist"]["digits"].values())
    assert [site["pages"] for site in parts["growth"]["sites"]] == list(growth.SIZES)
    assert "linreg" in show.tables(found)


def test_a_generated_site_builds_and_tells_no_date_where_there_is_no_history(tmp_path):
    growth.write(tmp_path, 11)
    assert growth.build(tmp_path) > 0
    site = tmp_path / "site"
    assert len(list(site.rglob("index.html"))) == 11
    assert "<svg" in (site / "chapter0/page5/index.html").read_text(), "one page in five has a figure"
    assert "lastmod" not in (site / "sitemap.xml").read_text()


def test_results_of_another_machine_are_left_out(tmp_path, capsys):
    path = tmp_path / "results.json"
    results.save(path, {"machine": {"cpu": "abacus"}, "parts": {"exact": {}}})
    assert results.load(path)["parts"] == {}
    assert "another machine" in capsys.readouterr().out


def test_a_part_is_stamped_and_kept(tmp_path):
    path = tmp_path / "results.json"
    known = results.load(path)
    known["parts"]["startup"] = results.stamp({"settings": {}}, 1.6, (0.5, 0.0, 0.0))
    results.save(path, known)
    part = results.load(path)["parts"]["startup"]
    assert part["took_seconds"] == 2
    assert part["load"][0] == 0.5
    assert part["linreg"].rstrip("+").isalnum()
