"""Standard errors, tests and intervals of classes: statsmodels to many digits, coverage, what has none."""

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from classified import drawn
from problems import gen
from separable import rows_of

import linreg
from linreg import DataError, RangeError, ShapeError, Status, infer_logistic, infer_softmax

F64 = torch.float64


def close(a, b, rtol=1e-9):
    np.testing.assert_allclose(a.numpy() if isinstance(a, torch.Tensor) else a, b, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("d", [1, 6, 20])
@pytest.mark.parametrize("intercept", [True, False])
def test_statsmodels_logit(seed, d, intercept):
    X, y = drawn(seed, d=d)
    found = infer_logistic(X, y, level=0.9, intercept=intercept)
    A = sm.add_constant(X.numpy()) if intercept else X.numpy()
    peer = sm.Logit(y.numpy(), A).fit(disp=0, method="newton", tol=1e-14)
    close(found.estimate, peer.params)
    close(found.se, peer.bse)
    close(found.z, peer.tvalues)
    close(found.p, peer.pvalues, 1e-8)
    close(torch.stack((found.low, found.high), 1), peer.conf_int(0.1))
    close(found.covariance, peer.cov_params())
    assert found.deviance == pytest.approx(-2 * peer.llf, rel=1e-12)
    assert found.n == 300
    assert found.status == Status.OK
    assert found.message == ""
    assert found.fit.w.dtype == F64
    if intercept:
        assert found.null_deviance == pytest.approx(-2 * peer.llnull, rel=1e-9)
        assert found.r2 == pytest.approx(peer.prsquared, rel=1e-8)
        assert found.chi2 == pytest.approx(peer.llr, rel=1e-8)
        assert found.chi2_p == pytest.approx(peer.llr_pvalue, rel=1e-6)
        assert found.chi2_df == peer.df_model == d
    else:
        assert found.null_deviance == pytest.approx(600 * np.log(2))


@pytest.mark.parametrize("K", [2, 3, 5])
@pytest.mark.parametrize("base", [0, 1])
def test_statsmodels_mnlogit(K, base):
    X, y = drawn(K, classes=K, d=4)
    found = infer_softmax(X, y, base=base)
    if base:  # statsmodels compares with its first class
        order = torch.tensor([1, 0, *range(2, K)])
        y = order[y.long()].to(F64)
    peer = sm.MNLogit(y.numpy(), sm.add_constant(X.numpy())).fit(disp=0, method="newton", tol=1e-14)
    close(found.estimate, peer.params.T.ravel())
    close(found.se, peer.bse.T.ravel())
    close(found.covariance, peer.cov_params())
    assert found.deviance == pytest.approx(-2 * peer.llf, rel=1e-12)
    assert found.chi2 == pytest.approx(peer.llr, rel=1e-7)
    assert found.chi2_df == 4 * (K - 1)
    compared = [k for k in range(K) if k != base]
    assert found.names[0] == f"class {compared[0]}: Intercept"
    assert found.names[-1] == f"class {compared[-1]}: x4"


def test_the_symmetric_gauge():
    """Against the mean of all classes: estimates and rows of the covariance add up to 0 over them."""
    X, y = drawn(classes=4, d=3)
    found, against = infer_softmax(X, y), infer_softmax(X, y, base=2)
    torch.testing.assert_close(found.estimate.view(4, 4)[:, 1:], found.fit.w.T)
    torch.testing.assert_close(found.estimate.view(4, 4)[:, 0], found.fit.b)
    V = found.covariance.view(4, 4, 4, 4)  # class, parameter, class, parameter
    assert float(V.sum(0).abs().max()) < 1e-13
    B = torch.eye(4, dtype=F64)[[0, 1, 3]] - torch.eye(4, dtype=F64)[2]
    expected = torch.einsum("ca,apbq,db->cpdq", B, V, B).reshape(12, 12)
    torch.testing.assert_close(against.covariance, expected, rtol=1e-9, atol=1e-13)


def test_standard_errors_of_r():
    """R 4.2.2: sqrt(diag(vcov(glm(y ~ ., binomial)))) at epsilon = 1e-16, and with weights 1, 2, 0, 3."""
    X, y = drawn(d=5)
    expected = [0.13495411207194241, 0.18110431768200042, 0.17319367945467273, 0.1713423037784936,
                0.17046605517730623, 0.17306385041241501]  # fmt: skip
    np.testing.assert_allclose(infer_logistic(X, y).se, expected, rtol=1e-10)
    often = [0.11434292859754447, 0.15679991643758884, 0.16150768623972031, 0.14901531988834857,
             0.14185556422309362, 0.15215872647045228]  # fmt: skip
    c = torch.tensor([1.0, 2.0, 0.0, 3.0], dtype=F64).repeat(75)
    np.testing.assert_allclose(infer_logistic(X, y, weights=c).se, often, rtol=1e-10)


def test_two_classes_either_way():
    X, y = drawn(d=4)
    two, one = infer_softmax(X, y, base=0), infer_logistic(X, y)
    torch.testing.assert_close(two.se, one.se, rtol=1e-10, atol=0)
    assert two.chi2 == pytest.approx(one.chi2, rel=1e-10)
    at, chance = two.predict(X[:9]), one.predict(X[:9])
    for part in ("chance", "low", "high"):
        torch.testing.assert_close(getattr(at, part)[:, 1], getattr(chance, part), rtol=1e-9, atol=0)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_intervals_of_chances(level):
    X, y = drawn(d=5)
    new = torch.randn(7, 5, generator=gen(), dtype=F64) * 2
    at = infer_logistic(X, y, level=level).predict(new)
    peer = sm.GLM(y.numpy(), sm.add_constant(X.numpy()), family=sm.families.Binomial()).fit(tol=1e-14)
    frame = peer.get_prediction(sm.add_constant(new.numpy(), has_constant="add")).summary_frame(1 - level)
    close(at.chance, frame["mean"])
    close(at.low, frame["mean_ci_lower"])
    close(at.high, frame["mean_ci_upper"])
    assert at.level == level
    again = infer_logistic(X, y).predict(new, level=level)
    assert torch.equal(again.low, at.low)
    assert repr(at) == f"ChanceIntervals(7 rows, level={level:g})"


def test_intervals_of_chances_of_more_classes():
    """The odds of one class against the rest, by the delta method with the slopes of autograd."""
    X, y = drawn(classes=3, d=2)
    found = infer_softmax(X, y)
    at = found.predict(X[:4], level=0.9)
    torch.testing.assert_close(at.chance, found.fit.probabilities(X[:4]))
    theta = found.estimate.clone().requires_grad_()

    def logits():
        scores = torch.einsum(
            "kp,mp->mk", theta.view(3, 3), torch.column_stack((torch.ones(4, dtype=F64), X[:4]))
        )
        return torch.logit(scores.softmax(1))

    values = logits()
    for i in range(4):
        for k in range(3):
            (slope,) = torch.autograd.grad(values[i, k], theta, retain_graph=True)
            reach = 1.6448536269514722 * float(slope @ found.covariance @ slope) ** 0.5
            middle = float(values[i, k].detach())
            assert float(torch.logit(at.low[i, k])) == pytest.approx(middle - reach, rel=1e-8)
            assert float(torch.logit(at.high[i, k])) == pytest.approx(middle + reach, rel=1e-8)


def test_frequencies():
    X, y = drawn(d=4)
    times = torch.randint(0, 4, (300,), generator=gen())
    once = infer_logistic(X, y, weights=times.to(F64))
    often = infer_logistic(X.repeat_interleave(times, 0), y.repeat_interleave(times))
    torch.testing.assert_close(once.se, often.se, rtol=1e-11, atol=0)
    assert once.n == often.n == int(times.sum())
    for part in ("deviance", "null_deviance", "chi2", "chi2_p", "r2"):
        assert getattr(once, part) == pytest.approx(getattr(often, part), rel=1e-9)
    torch.testing.assert_close(once.predict(X[:3]).low, often.predict(X[:3]).low)
    with pytest.raises(DataError, match="whole numbers"):
        infer_logistic(X, y, weights=times.to(F64) / 2 + 0.1)


def test_separated_classes_have_no_errors():
    X, y = rows_of("dummy", 1)
    found = infer_logistic(X, y)
    assert found.status == Status.SEPARATED
    for part in (found.estimate, found.se, found.z, found.p, found.low, found.high, found.covariance):
        assert bool(part.isnan().all())
    for number in (found.deviance, found.r2, found.chi2, found.chi2_p):
        assert np.isnan(number)
    assert not found.fit.separation.complete
    assert "separates the classes quasi-completely" in str(found).replace("\n", " ")
    assert bool(found.predict(X).chance.isnan().all())
    short = infer_logistic(*drawn(), steps=1)
    assert short.status == Status.NOT_CONVERGED
    assert bool(short.se.isnan().all())
    told = short.predict(drawn()[0])
    assert bool(torch.cat((told.chance, told.low, told.high)).isnan().all())


def test_dependent_columns():
    X, y = drawn(d=3)
    Z = torch.column_stack((X, X[:, 0] - X[:, 1]))
    found, plain = infer_logistic(Z, y), infer_logistic(X, y)
    assert found.status == Status.RANK_DEFICIENT
    assert found.se.isnan().tolist() == [False, True, True, False, True]
    assert float(found.se[3]) == pytest.approx(float(plain.se[3]), rel=1e-10)
    assert found.chi2_df == 3
    new = torch.cat((Z[:2], Z[:1] + torch.tensor([0.0, 0, 0, 1], dtype=F64)))
    at = found.predict(new)
    torch.testing.assert_close(at.low[:2], plain.predict(X[:2]).low, rtol=1e-9, atol=0)
    assert at.chance.isnan().tolist() == [False, False, True]


def test_units():
    X, y = drawn(d=3)
    found, tiny = infer_logistic(X, y), infer_logistic(X * 1e-200, y)
    torch.testing.assert_close(tiny.se[1:] * 1e-200, found.se[1:], rtol=1e-10, atol=0)
    torch.testing.assert_close(tiny.p, found.p, rtol=1e-8, atol=0)
    by = torch.tensor([1e-200, 1.0, 1e180], dtype=F64)  # and columns that are each out of range on their own
    at, plain = infer_logistic(X * by, y).predict(X[:5] * by), found.predict(X[:5])
    for part in ("chance", "low", "high"):
        torch.testing.assert_close(getattr(at, part), getattr(plain, part), rtol=1e-9, atol=0)
    single = infer_logistic(X.float(), y.float())
    assert single.se.dtype == F64
    torch.testing.assert_close(single.se, infer_logistic(X.float().double(), y).se, rtol=1e-10, atol=0)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_intervals_hold_the_true_weight_as_often_as_they_say(level):
    g, n, hits = gen(7), 200, 0
    X = torch.randn(n, 2, generator=g, dtype=F64)
    chances = torch.sigmoid(X @ torch.tensor([1.0, -0.5], dtype=F64) + 0.3)
    for _ in range(300):
        y = (torch.rand(n, generator=g, dtype=F64) < chances).to(F64)
        found = infer_logistic(X, y, level=level)
        hits += int(found.low[1] <= 1.0 <= found.high[1])
    assert abs(hits / 300 - level) < 3 * (level * (1 - level) / 300) ** 0.5


def test_a_feature_that_has_nothing_to_do_with_the_classes():
    y = torch.tensor([0.0, 0, 1, 1], dtype=F64).repeat(25)
    found = infer_logistic(torch.tensor([0.0, 1, 0, 1], dtype=F64).repeat(25).unsqueeze(1), y)
    assert found.chi2 == pytest.approx(0, abs=1e-10)
    assert found.chi2_p == pytest.approx(1, abs=1e-4)  # it begins as 1 less the square root


def test_without_features_that_say_anything():
    y = drawn(d=1)[1]
    found = infer_logistic(torch.zeros(300, 1, dtype=F64), y)
    assert found.chi2_df == 0
    assert np.isnan(found.chi2_p)
    assert float(found.estimate[0]) == pytest.approx(float(torch.logit(y.mean())))
    assert float(found.se[0]) == pytest.approx(float((300 * y.mean() * (1 - y.mean())) ** -0.5))


def test_settings():
    X, y = drawn(d=2)
    with pytest.raises(RangeError, match="`level` must be a number between 0 and 1"):
        infer_logistic(X, y, level=95)
    with pytest.raises(ShapeError, match="`names` must be 2"):
        infer_softmax(X, y, names=["a"])
    with pytest.raises(
        RangeError, match=r"`base` must be one of the classes 0 to 1; got 2\. Pick one of these\."
    ):
        infer_softmax(X, y, base=2)
    with pytest.raises(RangeError, match="`base` must be an integer of 0 or more"):
        infer_softmax(X, y, base=-1)
    with pytest.raises(RangeError, match="`classes`"):
        infer_softmax(X, y, classes=1)
    assert torch.equal(infer_softmax(X, y, classes=2).estimate, infer_softmax(X, y).estimate)
    found = infer_logistic(X, y, names=["age", "dose"])
    assert found.names == ("Intercept", "age", "dose")
    assert repr(found) == "ClassInference(3 estimates, n=300, status='ok')"
    for fit in (found, infer_softmax(X, y)):
        for d in (1, 3):
            with pytest.raises(ShapeError, match=rf"`w` must have shape \({d},\)"):
                fit.predict(torch.hstack((X, X))[:, :d])
    assert type(found) is linreg.ClassInference
