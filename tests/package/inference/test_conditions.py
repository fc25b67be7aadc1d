"""Each function under each condition: weights, no intercept, float32, dependent columns, sums of files."""

import pytest
import torch
from inferences import ordinary
from problems import gen

import linreg
from linreg import Statistics

F64 = torch.float64
N = 120


def data(weighted, dtype=F64):
    X, y = ordinary(N, 3)
    c = torch.randint(1, 4, (N,), generator=gen()).to(F64) if weighted else None
    return tuple(t if t is None else t.to(dtype) for t in (X, y, c))


def part(c, rows):
    return None if c is None else c[rows]


def halves(X, y, c):
    return [Statistics.of(X[k::2], y[k::2], weights=part(c, slice(k, None, 2))) for k in (0, 1)]


# Of data: numbers that dependent columns leave alone, and numbers that are of single columns.


def inference(X, y, c, intercept, **how):
    found = linreg.infer(X, y, weights=c, intercept=intercept, **how)
    return told(found, X)


def told(found, X):
    at = found.predict(X[:4])
    whole = torch.tensor([found.s, found.r2, found.adjusted_r2, found.F, found.F_p, found.df], dtype=F64)
    return (whole, at.mean, at.se, at.new_low), (found.estimate, found.se, found.t, found.p, found.low)


def rows_of(found):
    whole = (found.leverage, found.internal, found.external, found.cook * (found.n - found.df), found.dffits)
    return (*whole, found.press, found.residuals, found.loss), (found.fit.w,)


def bootstrapped(X, y, c, intercept, kind):
    found = linreg.bootstrap(X, y, weights=c, intercept=intercept, kind=kind, resamples=40, generator=gen(3))
    return (), (found.se, found.low, found.replicates)


def validated(found):
    return (found.mse, found.r2, found.weight), (found.w, found.b)


def curve(X, y, c, intercept):
    found = linreg.learning_curve(
        X[:80], y[:80], X[80:], y[80:],
        sizes=[2, 20, 80], intercept=intercept,
        weights=part(c, slice(80)), weights_test=part(c, slice(80, None)),
    )  # fmt: skip
    return (found.train, found.test), ()


def unequal(X, y, c, intercept):
    return (torch.tensor(linreg.breusch_pagan(X, y, weights=c, intercept=intercept), dtype=F64),), ()


FROM_ROWS = {
    "infer": lambda *data: inference(*data),
    "infer HC1": lambda *data: inference(*data, errors="HC1"),
    "infer HC3": lambda *data: inference(*data, errors="HC3"),
    "leverage": lambda X, y, c, i: ((linreg.leverage(X, weights=c, intercept=i),), ()),
    "influence": lambda X, y, c, i: rows_of(linreg.influence(X, y, weights=c, intercept=i)),
    "breusch_pagan": unequal,
    "bootstrap pairs": lambda *data: bootstrapped(*data, "pairs"),
    "bootstrap residuals": lambda *data: bootstrapped(*data, "residuals"),
    "cross_validate": lambda X, y, c, i: validated(linreg.cross_validate(X, y, weights=c, intercept=i)),
    "cross_validate shuffled": lambda X, y, c, i: validated(
        linreg.cross_validate(X, y, weights=c, intercept=i, generator=gen())
    ),
    "learning_curve": curve,
    "condition_indices": lambda X, y, c, i: (
        (),
        (linreg.condition_indices(X, weights=c, intercept=i).indices,),
    ),
    "vif": lambda X, y, c, i: ((), (linreg.vif(X, weights=c, intercept=i),)),
    "huber": lambda X, y, c, i: ((linreg.huber(X, y, weights=c, intercept=i).predict(X),), ()),
    "tukey": lambda X, y, c, i: ((linreg.tukey(X, y, weights=c, intercept=i).predict(X),), ()),
    "absolute": lambda X, y, c, i: ((linreg.absolute(X, y, weights=c, intercept=i).loss,), ()),
}

FROM_SUMS = {
    "infer_statistics": lambda sums, parts, X, y, c, i: told(linreg.infer_statistics(sums, intercept=i), X),
    "influence_statistics": lambda sums, parts, X, y, c, i: rows_of(
        linreg.influence_statistics(sums, X, y, weights=c, intercept=i)
    ),
    "cross_validate_statistics": lambda sums, parts, X, y, c, i: validated(
        linreg.cross_validate_statistics(parts, intercept=i)
    ),
    "best_subsets": lambda sums, parts, X, y, c, i: (
        (linreg.best_subsets(sums, intercept=i).loss,),
        (linreg.best_subsets(sums, intercept=i).fits[2].w,),
    ),
    "vif_statistics": lambda sums, parts, X, y, c, i: ((), (linreg.vif_statistics(sums, intercept=i),)),
    "condition_indices_statistics": lambda sums, parts, X, y, c, i: (
        (),
        (linreg.condition_indices_statistics(sums, intercept=i).indices,),
    ),
}


def by_sums(function):
    def call(X, y, c, intercept):
        parts = halves(X, y, c) if len(y) > 1 else [Statistics.of(X, y, weights=c), Statistics(X.shape[1])]
        return function(parts[0] + parts[1], parts, X, y, c, intercept)

    return call


ALL = FROM_ROWS | {name: by_sums(function) for name, function in FROM_SUMS.items()}
SINGLE_DTYPE = ("vif", "huber", "tukey", "absolute")  # whose answer has the dtype of the data


def agree(found, expected, rtol):
    for here, there in zip(found, expected, strict=True):
        size = float(there.abs().nan_to_num(0, 0, 0).max())  # entries near 0 have the rounding of large ones
        torch.testing.assert_close(here.double(), there, rtol=rtol, atol=rtol * size, equal_nan=True)


def flat(parts):
    return (*parts[0], *parts[1])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_float32_is_summed_in_float64(weighted, intercept, name):
    """The data as they are in float32 count as exact; draws and their counts do not depend on the dtype."""
    X, y, c = data(weighted, torch.float32)
    wide = tuple(t if t is None else t.double() for t in (X, y, c))
    found, expected = flat(ALL[name](X, y, c, intercept)), flat(ALL[name](*wide, intercept))
    assert all(part.dtype == (torch.float32 if name in SINGLE_DTYPE else F64) for part in found)
    agree(found, expected, 3e-7 if name in SINGLE_DTYPE else 2e-6 if "bootstrap" in name else 1e-10)


@pytest.mark.parametrize("name", [name for name in ALL if flat(ALL[name](*data(False), True))[:1]])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_and_the_intercept_have_a_say(weighted, intercept, name):
    """What is compared above and below does depend on them."""
    X, y, c = data(weighted)
    found = flat(ALL[name](X, y, c, intercept))
    if weighted:
        plain = flat(ALL[name](X, y, None, intercept))
        assert not all(torch.allclose(a, b, rtol=1e-6) for a, b in zip(found, plain, strict=True))
    if not intercept:
        other = flat(ALL[name](X, y, c, True))
        shapes = [a.shape == b.shape for a, b in zip(found, other, strict=True)]
        assert not all(shapes) or not all(
            torch.allclose(a, b, rtol=1e-6) for a, b in zip(found, other, strict=True)
        )


DETERMINED = [name for name in ALL if name != "best_subsets" and ALL[name](*data(False), True)[0]]


@pytest.mark.parametrize("name", DETERMINED)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_column_twice_changes_nothing_that_the_data_determine(weighted, intercept, name):
    X, y, c = data(weighted)
    twice = torch.column_stack((X, X[:, 1]))
    found, expected = ALL[name](twice, y, c, intercept)[0], ALL[name](X, y, c, intercept)[0]
    if name == "learning_curve":  # of two rows, the shortest answer, which does depend on the copy
        found, expected = ([part[1:] for part in parts] for parts in (found, expected))
    agree(found, expected, 1e-8)


@pytest.mark.parametrize("name", FROM_SUMS)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_of_files(tmp_path, weighted, intercept, name):
    """Two files, read a few rows at a time."""
    X, y, c = data(weighted)
    ones = torch.ones_like(y) if c is None else c
    parts = []
    for k in (0, 1):
        rows = torch.column_stack((X, ones, y))[k::2]
        lines = ["x1,x2,x3,c,y", *(",".join(map(repr, row)) for row in rows.tolist())]
        file = tmp_path / f"{k}.csv"
        file.write_text("\n".join(lines) + "\n")
        columns = {"target": "y", "features": ["x1", "x2", "x3"], "rows": 7}
        parts.append(
            linreg.accumulate(linreg.blocks(file, **columns, **({"weights": "c"} if weighted else {})))
        )
    found = FROM_SUMS[name](parts[0] + parts[1], parts, X, y, c, intercept)
    expected = ALL[name](X, y, c, intercept)
    agree(flat(found), flat(expected), 1e-10)


@pytest.mark.parametrize("name", DETERMINED)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_constant_column_changes_nothing_beside_an_intercept(weighted, name):
    X, y, c = data(weighted)
    more = torch.column_stack((X, torch.full_like(y, 7.0)))
    agree(ALL[name](more, y, c, True)[0], ALL[name](X, y, c, True)[0], 1e-8)


OF_ROWS = [name for name in DETERMINED if "influence" in name or name == "leverage"]


def with_a_column_of_its_own(weighted):
    """Data with a column that is 0 but in one row, and which rows are the others."""
    X, y, c = data(weighted)
    return X, torch.column_stack((X, (torch.arange(N) == 50).double())), y, c, torch.arange(N) != 50


@pytest.mark.parametrize("name", ["infer", "infer HC3", "infer_statistics"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_row_of_leverage_one_says_nothing_of_the_others(weighted, name):
    X, own, y, c, others = with_a_column_of_its_own(weighted)
    found = ALL[name](own, y, c, True)[0]
    expected = ALL[name](X[others], y[others], part(c, others), True)[0]
    torch.testing.assert_close(found[0][0], expected[0][0], rtol=1e-9, atol=0)  # s
    agree(found[1:], expected[1:], 1e-8)


@pytest.mark.parametrize("name", OF_ROWS)
@pytest.mark.parametrize("weighted", [False, True])
def test_without_a_row_of_leverage_one_nothing_predicts_it(weighted, name):
    X, own, y, c, others = with_a_column_of_its_own(weighted)
    found = ALL[name](own, y, c, True)[0]
    expected = ALL[name](X[others], y[others], part(c, others), True)[0]
    for here, there in zip(found, expected, strict=True):
        if here.ndim:
            agree([here[others]], [there], 1e-8)
    assert found[0][50] == 1
    assert all(here[50].isnan() for here in found[1:6])


@pytest.mark.parametrize(
    "name", [*(n for n in DETERMINED if "infer" in n or "influence" in n), "breusch_pagan"]
)
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_row_and_two(weighted, n, name):
    """Nothing is known of the noise, whatever is asked."""
    X, y, c = data(weighted)
    found = ALL[name](X[:n, :1], y[:n], part(c, slice(n)), True)[0]
    if "infer" in name:
        assert found[0][[0, 2, 3, 4]].isnan().all()  # s, adjusted R2, F, P
        agree([found[1][:n]], [y[:n]], 1e-12)
        assert found[2].isnan().all()
        assert found[3].isnan().all()
    elif "influence" in name:
        assert torch.equal(found[0], torch.ones(n, dtype=F64))
        for part_of in found[1:6]:
            assert part_of.isnan().all()
        assert not found[6].any()
    else:
        assert found[0][[0, 2]].isnan().all()
