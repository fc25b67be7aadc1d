"""statsmodels, R and scikit-learn on the same data, easy and awkward: one answer wherever one is defined."""

import math
import warnings

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from inferences import ERRORS, R_X, R_Y, close
from problems import built
from sklearn.linear_model import LinearRegression
from sklearn.metrics import make_scorer, mean_squared_error
from sklearn.model_selection import KFold, cross_val_score

import linreg
from linreg import Status, cross_validate, infer, infer_statistics, influence

F64 = torch.float64
DUMMY = (torch.arange(12) == 4).double()  # of one row, which therefore has leverage 1


def sample(name):
    return linreg.load(name)[:2]


DATA = {
    "built": lambda: built(40, 4, 10.0, noise=0.5)[:2],
    "longley": lambda: sample("longley"),
    "diabetes": lambda: sample("diabetes"),
    "leverage one": lambda: (torch.column_stack((R_X[:, 0], DUMMY)), R_Y),
    "constant column": lambda: (torch.column_stack((R_X, torch.full_like(R_Y, 7.0))), R_Y),
    "dependent columns": lambda: (torch.column_stack((R_X[:, 0], 2 * R_X[:, 0], R_X[:, 1])), R_Y),
    "two rows": lambda: (R_X[:2, :1], R_Y[:2]),
    "one row": lambda: (R_X[:1, :1], R_Y[:1]),
}
FEW = ("two rows", "one row")  # from which nothing tells the noise
# Peers factorise columns as they are, of condition 5e9 for Longley's and 2e3 for the patients.
RTOL = {"longley": 1e-7, "diabetes": 1e-9}
LONE = {"leverage one": [4], "two rows": [0, 1], "one row": [0]}


def peer(X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few or dependent columns, which is the subject here
        return sm.OLS(y.numpy(), linreg.fold_bias(X).numpy()).fit()


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("errors", ERRORS)
def test_inference_of_statsmodels(errors, name):
    """For what the data leave open it has numbers, of rounding or of one of many answers; here NaN."""
    X, y = DATA[name]()
    here, there = infer(X, y, errors=errors), peer(X, y)
    rtol = RTOL.get(name, 1e-11)
    close(here.fit.predict(X), there.fittedvalues, rtol)
    assert (here.n, here.df) == (there.nobs, there.df_resid)
    if name in FEW:
        assert here.status == Status.NO_NOISE
        for part in (here.se, here.t, here.p, here.low, here.high):
            assert part.isnan().all()
        return
    known = ~here.se.isnan()
    lone = name == "leverage one" and errors in ("HC2", "HC3")
    assert known.tolist() == {
        "constant column": [False, True, True, False],
        "dependent columns": [True, False, False, True],
        "leverage one": [True, True, not lone],
    }.get(name, [True] * (X.shape[1] + 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 0 / 0 of the row of leverage one
        robust = there if errors == "classical" else there.get_robustcov_results(errors)
    columns = (here.estimate, robust.params), (here.se, robust.bse), (here.t, robust.tvalues)
    interval = robust.conf_int()
    for found, expected in (*columns, (here.low, interval[:, 0]), (here.high, interval[:, 1])):
        close(found[known], expected[known], 10 * rtol)
    close(here.p[known], robust.pvalues[known], 1e3 * rtol)
    close([here.r2, here.adjusted_r2], [there.rsquared, there.rsquared_adj], rtol)
    close(here.s, there.mse_resid**0.5, rtol)
    if errors == "classical":
        close([here.F, here.F_p], [there.fvalue, there.f_pvalue], 1e2 * rtol)


@pytest.mark.parametrize("name", DATA)
def test_from_sums_as_from_rows(name):
    X, y = DATA[name]()
    sums = linreg.Statistics.of(X[:1], y[:1])
    if len(y) > 1:
        sums += linreg.Statistics.of(X[1:], y[1:])
    here, there = infer_statistics(sums), infer(X, y)
    assert (here.n, here.df, here.status) == (there.n, there.df, there.status)
    assert torch.equal(here.se.isnan(), there.se.isnan())
    rtol = 1e-6 if name == "longley" else 1e-9  # the square of 110 centred, and of what the fit leaves
    known = ~here.se.isnan()
    for part in ("estimate", "se", "t", "low", "high"):
        close(getattr(here, part)[known], getattr(there, part)[known], rtol)
    close(here.fit.predict(X), there.fit.predict(X), rtol)
    at, of_rows = here.predict(X), there.predict(X)
    close(at.mean, of_rows.mean, rtol)
    if name not in FEW:
        close(at.new_low, of_rows.new_low, rtol)


@pytest.mark.parametrize("name", [name for name in DATA if name != "one row"])  # of which it raises an error
def test_influence_of_statsmodels(name):
    """Of dependent columns it divides Cook's distance by their number, and R, as we do, by the rank."""
    X, y = DATA[name]()
    here = influence(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there = peer(X, y).get_influence()
        parts = {
            "internal": there.resid_studentized_internal,
            "external": there.resid_studentized_external,
            "dffits": there.dffits[0],
            "cook": there.cooks_distance[0],
            "press": there.resid_press,
        }
    unknowns = len(y) - here.df
    parts["cook"] = parts["cook"] * (X.shape[1] + 1) / unknowns
    assert (unknowns < X.shape[1] + 1) == (name in ("constant column", "dependent columns"))
    rtol = RTOL.get(name, 1e-11)
    close(here.leverage, there.hat_matrix_diag, rtol)
    apart = torch.ones(len(y), dtype=torch.bool)
    apart[LONE.get(name, [])] = False
    for part, expected in parts.items():
        found = getattr(here, part)
        close(found[apart], expected[apart.numpy()], 100 * rtol)
        assert found[~apart].isnan().all()  # infinite there, of a residual of rounding over 0
    assert not here.residuals[~apart].any()


# R 4.2.2: lm, summary, confint, hatvalues, rstudent, cooks.distance, dffits, 17 digits of each.

R = {
    "leverage one": {
        "estimate": [0.57050452781372063, 1.2989650711513576, 2.7346701164294931],
        "se": [2.8168586680845271, 0.37369853157986543, 4.6674931634413594],
        "p": [0.84400512478910183, 0.0069827480177332138, 0.57234249920635616],
        "low": [-5.8016724847839027, 0.453600261210794, -7.8239329755610303],
        "told": [4.4302659063706225, 0.57345360281631308, 0.47866551455327155, 6.0498488082695738],
        "rows": [3, 4, 5],
        "leverage": [0.14036222509702465, 1, 0.093790426908150093],
        "internal": [-0.77085627384010147, math.nan, -0.53689441031007623],
        "external": [-0.75201998060611785, math.nan, -0.51449518387329263],
        "cook": [0.032341512088624576, math.nan, 0.0099445784283177917],
        "dffits": [-0.30387624842107852, math.nan, -0.16551838768486488],
    },
    "constant column": {  # NA for the column, and no word of the intercept, which shares its place
        "estimate": [math.nan, 1.4150836637972717, -1.1503868846116649, math.nan],
        "se": [math.nan, 0.21066820896119115, 0.25361900453470027, math.nan],
        "p": [math.nan, 8.6829016320612076e-05, 0.0014142207150591392, math.nan],
        "low": [math.nan, 0.93851906592184409, -1.7241129323415876, math.nan],
        "told": [2.4901322379561939, 0.86524294458231787, 0.83529693226727741, 28.893427795317745],
        "rows": [0, 11],
        "leverage": [0.33530805687203791, 0.29620853080568715],
        "internal": [-0.70260331774510854, -1.982339682433083],
        "external": [-0.68137093169812513, -2.4900323053069497],
        "cook": [0.08300852790025004, 0.55130059154726363],
        "dffits": [-0.4839443112534873, -1.6154062671746194],
    },
    "dependent columns": {  # NA for the later of two; its weight of the earlier holds for that choice alone
        "estimate": [5.4120949801721734, math.nan, math.nan, -1.1503868846116649],
        "se": [1.8169875152622834, math.nan, math.nan, 0.25361900453470027],
        "p": [0.015484506167881794, math.nan, math.nan, 0.0014142207150591392],
        "low": [1.3017836578066859, math.nan, math.nan, -1.7241129323415876],
        "told": [2.4901322379561939, 0.86524294458231787, 0.83529693226727741, 28.893427795317745],
        "rows": [1, 10],
        "leverage": [0.31216752103685075, 0.24071476932005029],
        "internal": [0.10190058722719683, 2.3151775809586459],
        "external": [0.096128264868768395, 3.4322698677114354],
        "cook": [0.0015708588217823933, 0.566428565845286],
        "dffits": [0.064759520073155746, 1.9325481369049564],
    },
    "longley": {
        "estimate": [
            -3482258.6345958239, 15.061872271374854, -0.035819179292591416, -2.0202298038168292,
            -1.0332268671735911, -0.051104105653578563, 1829.1514646135545,
        ],
        "se": [
            890420.38360736752, 84.914925774766743, 0.033491007772242953, 0.48839968165169567,
            0.21427416316167378, 0.22607320006936846, 455.47849914220939,
        ],
        "p": [
            0.0035604036637260782, 0.86314083280920029, 0.31268106109270288, 0.0025350917341111219,
            0.00094436676416175447, 0.82621179576365278, 0.0030368033416301584,
        ],
        "low": [
            -5496529.483274756, -177.02903529849164, -0.11158110241390116, -3.1250666419735755,
            -1.5179487001723628, -0.56251721450721204, 798.78751527842951,
        ],
        "told": [304.85407356196333, 0.99547900457729566, 0.99246500762882606, 330.28533923459145],
        "rows": [0, 4, 15],
        "leverage": [0.4245369306265358, 0.61551109417413441, 0.68861460169389332],
        "internal": [1.1560144442653564, 1.6384294910906332, -1.2154044749271731],
        "external": [1.1811117024506586, 1.8440266884285328, -1.2533613511013628],
        "cook": [0.14084015650781606, 0.61391683819218434, 0.46668259701633069],
        "dffits": [1.0144718053962793, 2.3331531026780126, -1.8638685939357902],
    },
    "diabetes": {
        "estimate": [
            -334.56713851879118, -0.036361224223625886, -22.859648090498229, 5.6029620919237075,
            1.1168079933181916, -1.0899963340632737, 0.74645045551425449, 0.37200471508919986,
            6.5338319359905634, 68.483124964789155, 0.28011698932150214,
        ],
        "se": [
            67.454621104341371, 0.21704143540876217, 5.8358212850148661, 0.7171055005609106,
            0.22523816918826933, 0.57333185855006097, 0.53083438976602459, 0.78246384562671878,
            5.9586378372163074, 15.669719238707202, 0.27331395035936579,
        ],
        "p": [
            1.0166172920035666e-06, 0.86703063370008238, 0.00010416711927694328, 4.2963914195185105e-14,
            1.0242783922113824e-06, 0.057947605369189699, 0.16039024001494936, 0.63472325577516275,
            0.27345869366066083, 1.5558990865389629e-05, 0.30598952619642561,
        ],
        "low": [
            -467.14807117921134, -0.46295254534214353, -34.329857486678591, 4.1935031916473555,
            0.67410612867478714, -2.2168705390628034, -0.29689568343359307, -1.1659149222590075,
            -5.1777713450033707, 37.684553166703374, -0.2570770213259958,
        ],
        "told": [54.154239328055667, 0.51774842222035022, 0.50655929048532355, 46.272439585243269],
        "rows": [0, 99, 441],
        "leverage": [0.017643159715706343, 0.023800179082935677, 0.06910763195689347],
        "internal": [-1.0268710995600834, -1.049685570550871, 0.06799538411970521],
        "external": [-1.0269361380286854, -1.0498098946875405, 0.067916821631506349],
        "cook": [0.0017216555592286921, 0.0024421215194921995, 3.1202739105945518e-05],
        "dffits": [-0.13762488942501991, -0.16391979882430077, 0.018505065412186654],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", R)
def test_what_r_says(name):
    X, y = DATA[name]()
    found, rows, told = infer(X, y), influence(X, y), R[name]
    rtol = 1e-9 if name == "longley" else 1e-11  # a QR there as here, of columns that are centred here
    for part in ("se", "p", "low"):
        expected = torch.tensor(told[part], dtype=F64)
        torch.testing.assert_close(getattr(found, part), expected, rtol=rtol, atol=0, equal_nan=True)
    known = ~found.se.isnan()
    close(found.estimate[known], torch.tensor(told["estimate"], dtype=F64)[known], rtol)
    close([found.s, found.r2, found.adjusted_r2, found.F], told["told"], rtol)
    for part in ("leverage", "internal", "external", "cook", "dffits"):
        expected = torch.tensor(told[part], dtype=F64)
        there = getattr(rows, part)[told["rows"]]
        torch.testing.assert_close(there, expected, rtol=10 * rtol, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", FEW)
def test_one_row_and_two_in_r(name):
    """Estimates, as far as there are any; leverages of 1; no errors, no t, no F: NaN in all of R's."""
    X, y = DATA[name]()
    found, rows = infer(X, y), influence(X, y)
    if name == "two rows":
        close(found.estimate, [5.8, -2.7], 1e-14)
        assert found.r2 == 1  # R: 1
    else:
        assert float(found.fit.predict(X)) == float(y)  # R: 3.1 and NA
        assert math.isnan(found.r2)  # R: 0, of 0 over 0
    assert found.se.isnan().all()
    assert math.isnan(found.s)
    assert math.isnan(found.adjusted_r2)
    assert torch.equal(rows.leverage, torch.ones(len(y), dtype=F64))
    assert not rows.residuals.any()
    for part in (rows.internal, rows.external, rows.cook, rows.dffits, rows.press):
        assert part.isnan().all()
    assert rows.status == Status.NO_NOISE


@pytest.mark.parametrize("name", DATA)
def test_predictions_of_scikit_learn(name):
    X, y = DATA[name]()
    model = LinearRegression().fit(X.numpy(), y.numpy())
    fit = infer(X, y).fit
    rtol = RTOL.get(name, 1e-11)
    close(fit.predict(X), model.predict(X.numpy()), rtol)
    close(fit.w, model.coef_, 1e-6 if name == "longley" else 1e-10)  # both the shortest where there are many
    if len(y) > 1:
        close(linreg.r2(fit.predict(X), y), model.score(X.numpy(), y.numpy()), rtol)


@pytest.mark.parametrize("name", [name for name in DATA if name != "one row"])
@pytest.mark.parametrize("k", [2, 4])
def test_folds_of_scikit_learn(k, name):
    """Its default `tol` calls Longley's years dependent: one error is then nearly seven times too large."""
    X, y = DATA[name]()
    cut = KFold(min(k, len(y)))
    number = torch.empty(len(y), dtype=torch.int64)
    for fold, (_, rows) in enumerate(cut.split(X)):
        number[rows] = fold
    here = cross_validate(X, y, folds=number).mse
    models = [LinearRegression(tol=1e-14), LinearRegression()]
    score = make_scorer(mean_squared_error)
    strict, default = (cross_val_score(m, X.numpy(), y.numpy(), cv=cut, scoring=score) for m in models)
    close(here, strict, 1e-6 if name == "longley" else 1e-9)
    same = np.allclose(default, here, rtol=1e-6)
    assert same == (name != "longley")


@pytest.mark.parametrize("loss", ["huber", "tukey"])
def test_robust_fits_of_the_patients(loss):
    """statsmodels' RLM: nine digits."""
    X, y = DATA["diabetes"]()
    norm = {"huber": sm.robust.norms.HuberT(), "tukey": sm.robust.norms.TukeyBiweight()}[loss]
    there = sm.RLM(y.numpy(), sm.add_constant(X.numpy()), M=norm).fit(tol=1e-14, maxiter=1000)
    here = getattr(linreg, loss)(X, y)
    found = [float(here.b), *here.w.tolist(), float(here.scale)]
    np.testing.assert_allclose(found, [*there.params, there.scale], rtol=1e-9)
