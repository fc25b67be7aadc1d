"""The closed form of descent with momentum, against the recurrence that it solves."""

import math
from decimal import Decimal, localcontext

import pytest
import torch
from peers import ordinary, toy

import linreg
from linreg.descent.modes import Inertia, Modes

F64 = torch.float64
BETAS = (0.0, 0.1, 0.5, 0.9, 0.99)
KINDS = (False, True)
STEPS = 300


def rates(inertia: Inertia) -> torch.Tensor:
    """x below the limit: small ones, large ones, and those at which the two roots are equal, or nearly."""
    beta, limit = inertia.beta, inertia.limit()
    root = beta**0.5
    double = [1 - 4 * beta / (1 + beta) ** 2] if inertia.nesterov else [(1 - root) ** 2, (1 + root) ** 2]
    gaps = (0, 1e-15, 1e-10, 1e-5) if beta else (1e-5,)  # the walk itself rounds 1 - x
    near = [x * (1 + sign * gap) for x in double for gap in gaps for sign in (1, -1)]
    even = [limit * k / 64 for k in range(1, 64)] + [1e-6, 1e-3, limit * (1 - 1e-9), limit * (1 - 1e-4)]
    return torch.tensor(sorted(x for x in near + even if 0 < x < limit), dtype=F64)


def walked(inertia: Inertia, x: torch.Tensor, steps: int) -> torch.Tensor:
    """The errors (steps + 1, k), by the steps themselves on the loss x c^2 / 2 at rate 1."""
    c, v = torch.ones_like(x), torch.zeros_like(x)
    seen = [c]
    for _ in range(steps):
        v = inertia.beta * v + x * c
        c = c - (x * c + inertia.beta * v if inertia.nesterov else v)
        seen.append(c)
    return torch.stack(seen)


@pytest.mark.parametrize("nesterov", KINDS)
@pytest.mark.parametrize("beta", BETAS)
def test_the_closed_form_is_the_recurrence(beta, nesterov):
    inertia = Inertia(beta, nesterov)
    x = rates(inertia)
    expected = walked(inertia, x, STEPS)
    found = inertia.shares(x, torch.arange(STEPS + 1, dtype=F64)).sqrt()
    # an error that swings through zero is as exact as the swing is large
    swing = expected.abs().flip(0).cummax(0).values.flip(0)
    told = swing > 1e-150  # whose squares float64 holds
    assert float(((found - expected.abs()).abs() / swing)[told].max()) < 1e-9
    assert float(found[~told].amax() if bool((~told).any()) else 0) < 1e-149


@pytest.mark.parametrize("nesterov", KINDS)
@pytest.mark.parametrize("beta", [0.5, 0.9])
@pytest.mark.parametrize("gap", [1e-8, 1e-11, 1e-13])
@pytest.mark.parametrize("end", ["flat", "limit"])
def test_shares_of_a_root_that_is_hardly_shorter_than_1(end, gap, beta, nesterov):
    """In a hundred digits. Next to the limit the rate itself is rounded; next to 0 it is not."""
    inertia = Inertia(beta, nesterov)
    x = gap if end == "flat" else inertia.limit() * (1 - gap)
    t = round(1 / gap)
    with localcontext(prec=100):
        B, y = Decimal(beta), Decimal(x)
        T, D = ((1 + B) * (1 - y), B * (1 - y)) if nesterov else (1 + B - y, B)
        spread = (T * T - 4 * D).sqrt()
        z, other = sorted(((T + spread) / 2, (T - spread) / 2), key=abs, reverse=True)
        first = 1 - (1 + B) * y if nesterov else 1 - y
        share = ((first - other) / (z - other)) ** 2 * z ** (2 * t)
    found = inertia.shares(torch.tensor([x], dtype=F64), torch.tensor([t], dtype=F64))
    assert float(found) == pytest.approx(float(share), rel=1e-6 if end == "flat" else 1e-15 / gap)


@pytest.mark.parametrize("nesterov", KINDS)
@pytest.mark.parametrize("beta", BETAS)
def test_the_bound_lies_below_all_shares_so_far_and_falls(beta, nesterov):
    inertia = Inertia(beta, nesterov)
    x = rates(inertia)
    t = torch.arange(STEPS + 1, dtype=F64)
    bound = inertia.least_shares(x, t)
    least = walked(inertia, x, STEPS).square().cummin(0).values
    assert float((bound - least * (1 + 1e-9)).max()) < 1e-13
    assert bool((bound[1:] <= bound[:-1] * (1 + 1e-12)).all())
    assert float(bound[0].min()) >= 0
    # and is no empty promise: of errors that do not swing and only fall, it is the share itself
    slow = x < (1 - beta**0.5) ** 2 / 2 if not nesterov else x < (1 - 4 * beta / (1 + beta) ** 2) / 2
    assert bool(slow.any())
    torch.testing.assert_close(bound[:, slow], inertia.shares(x, t)[:, slow], rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("nesterov", KINDS)
@pytest.mark.parametrize("beta", BETAS)
def test_the_limit_parts_rates_that_shrink_from_those_that_grow(beta, nesterov):
    inertia = Inertia(beta, nesterov)
    x = inertia.limit() * torch.tensor([0.99, 0.999, 1.001, 1.01], dtype=F64)
    end = inertia.shares(x, torch.tensor([20_000.0], dtype=F64))[0]
    assert float(end[:2].max()) < 1e-2
    assert float(end[2:].min()) > 1e2
    by_hand = {False: 2 * (1 + beta), True: (2 + 2 * beta) / (1 + 2 * beta)}[nesterov]
    assert inertia.limit() == pytest.approx(by_hand, rel=1e-15)


@pytest.mark.parametrize("beta", BETAS[1:])
def test_how_far_a_stable_run_can_rise(beta):
    """What a run may grow by before it counts as blown up rests on this."""
    first = (1 + 2 * beta + 2 * beta**2) / (1 + 2 * beta)  # the first step of the steepest one
    for nesterov, most in ((False, ((1 + beta) / (1 - beta)) ** 2), (True, first**2)):
        inertia = Inertia(beta, nesterov)
        x = inertia.limit() * (1 - torch.logspace(-14, 0, 400, dtype=F64)[:-1])
        top = float(inertia.shares(x, torch.arange(3000, dtype=F64)).max())
        assert top <= most * (1 + 1e-6)
        assert top > 0.9 * most
    # and that is the factor in the rule
    assert ((1 + beta) / (1 - beta)) ** 2 < 1e4 / (1 - beta) ** 2


def slowest(inertia: Inertia, lr: float, mu: float, L: float) -> float:
    """The radius of the slower of two modes, by the eigenvalues of the step as a matrix."""
    found = 0.0
    for curvature in (mu, L):
        x, beta = lr * curvature, inertia.beta
        step = [[1 - x, -beta], [x, beta]]
        if inertia.nesterov:
            step = [[1 - (1 + beta) * x, -(beta**2)], [x, beta]]
        found = max(found, float(torch.linalg.eigvals(torch.tensor(step, dtype=F64)).abs().max()))
    return found


@pytest.mark.parametrize("nesterov", KINDS)
@pytest.mark.parametrize("beta", BETAS[:-1])
@pytest.mark.parametrize(("mu", "L"), [(1.0, 1.5), (0.5, 10.0), (0.01, 30.0)])
def test_no_rate_is_faster_than_the_best(mu, L, beta, nesterov):
    inertia = Inertia(beta, nesterov)
    best = inertia.best_rate(mu, L)
    least = slowest(inertia, best, mu, L)
    assert least < 1
    for k in range(1, 400):
        assert slowest(inertia, inertia.limit() / L * k / 400, mu, L) > least - 1e-7
    if not beta:
        assert best == pytest.approx(2 / (mu + L), rel=1e-12)
    # and of others it is known whether they are as fast
    assert inertia.no_faster(best, mu, L)
    for k in range(1, 20):
        lr = inertia.limit() / L * k / 20
        assert inertia.no_faster(lr, mu, L) is (slowest(inertia, lr, mu, L) < least * (1 + 1e-6))


def test_without_momentum_nesterov_is_the_same():
    x = torch.linspace(0.1, 1.9, 7, dtype=F64)
    t = torch.arange(9, dtype=F64)
    assert torch.equal(Inertia(0.0, True).shares(x, t), Inertia().shares(x, t))
    powers = (1 - x).abs() ** (2 * t.unsqueeze(1))  # of up to sixteen factors
    torch.testing.assert_close(Inertia().shares(x, t), powers, rtol=16 * 2.0**-52, atol=0)
    assert Inertia(0.0, True).limit() == Inertia().limit() == 2


def test_a_rate_that_takes_one_step():
    """Both roots are zero: all is done after the first step, or the second."""
    x, t = torch.ones(1, dtype=F64), torch.arange(6, dtype=F64)
    assert Inertia(0.5, True).shares(x, t)[:, 0].tolist() == [1, 0.25, 0, 0, 0, 0]


@pytest.mark.parametrize("nesterov", KINDS)
def test_rates_beyond_the_limit_overflow_to_infinity(nesterov):
    inertia = Inertia(0.9, nesterov)
    found = inertia.shares(torch.tensor([50.0, 1e3, 1e200], dtype=F64), torch.arange(900, dtype=F64))
    assert not found.isnan().any()
    assert bool((found[1:] >= found[:-1]).all())
    assert bool(found[-1].isinf().all())


@pytest.mark.parametrize("nesterov", KINDS)
@pytest.mark.parametrize("beta", [0.3, 0.9, 0.99])
@pytest.mark.parametrize("goal", [0.3, 1e-3, 1e-12])
def test_the_first_step_that_gets_there(goal, beta, nesterov):
    """Two modes, so that one can fall while the other rises; against all steps, one by one."""
    inertia, t = Inertia(beta, nesterov), torch.arange(6000, dtype=F64)
    eigenvalues = torch.tensor([1.0, 0.05], dtype=F64)
    for energies in ([0.5, 0.5], [1.0, 1e-6], [1e-6, 1.0], [0.0, 1.0]):
        modes = Modes(eigenvalues, torch.tensor(energies, dtype=F64))
        for share in (0.1, 0.5, 0.9, 0.99):
            lr = share * inertia.limit()
            reached = (modes.excess(lr, t, inertia) <= goal).nonzero()
            assert modes.steps(lr, goal, inertia) == int(reached[0])


def walked_to(modes: Modes, lr: float, goal: float, inertia: Inertia, steps: int = STEPS) -> int:
    """The first step whose excess is at most the goal, by taking them."""
    excess = walked(inertia, lr * modes.eigenvalues, steps).square() @ modes.energies
    return int((excess <= goal).nonzero()[0])


def test_a_goal_that_is_met_to_the_bit():
    """Errors of 1, 1/2, 0: an excess of exactly a quarter after one step is at most a quarter."""
    modes, inertia = Modes(torch.ones(1, dtype=F64), torch.ones(1, dtype=F64)), Inertia(0.5, True)
    assert [modes.steps(1.0, goal, inertia) for goal in (1.0, 0.25, 0.2)] == [0, 1, 2]


def test_steps_beyond_what_is_counted():
    """8 log(10) / x of them: two in three of 2^60, and three in two."""
    found = [
        Modes(torch.tensor([1.0, x], dtype=F64), torch.tensor([0.0, 1.0], dtype=F64))
        for x in (8 * math.log(10) / 2**60 * factor for factor in (1.5, 1 / 1.5))
    ]
    assert [math.isinf(modes.steps(1.0, 1e-16, Inertia())) for modes in found] == [False, True]


def test_steps_at_the_ends():
    modes = Modes(torch.tensor([1.0, 0.5], dtype=F64), torch.tensor([0.5, 0.5], dtype=F64))
    inertia = Inertia(0.9)
    assert modes.steps(0.1, 1.0, inertia) == 0
    assert modes.steps(100.0, 1.0, inertia) == 0
    assert modes.steps(0.1, 0.6, inertia) == walked_to(modes, 0.1, 0.6, inertia) > 0  # 1.0 in two halves
    assert math.isinf(modes.steps(inertia.limit(), 0.1, inertia))
    steeper, edge = modes._replace(eigenvalues=4 * modes.eigenvalues), inertia.limit() / 4
    found = [steeper.steps(share * edge, 0.1, inertia) for share in (0.9, 1.01)]
    assert [math.isinf(steps) for steps in found] == [False, True]
    assert math.isinf(modes.steps(1e-300, 0.1, inertia))
    # a million million of steps are not tried one by one
    many = modes.steps(1e-12, 0.1, inertia)
    assert many > 1e11
    at = torch.tensor([0.999 * many // 1, 1.001 * many // 1], dtype=F64)  # x has but four digits in 1 - x
    before, after = (modes.excess(1e-12, at, inertia) <= 0.1).tolist()
    assert (before, after) == (False, True)
    # nor those of a rate next to the limit
    close = modes.steps(inertia.limit() * (1 - 1e-10), 1e-3, inertia)
    assert close > 1e9


def test_errors_are_computed_so_many_at_a_time(monkeypatch):
    """Of swings that shrink slowly nothing is known before: memory stays bounded, whatever their number."""
    asked, excess = [], Modes.excess

    def counted(modes, lr, t, inertia):
        asked.append(len(t))
        return excess(modes, lr, t, inertia)

    monkeypatch.setattr("linreg.descent.modes.CHUNK", 64)
    monkeypatch.setattr(Modes, "excess", counted)
    modes = Modes(torch.tensor([1.0, 0.05], dtype=F64), torch.tensor([0.5, 0.5], dtype=F64))
    steps = modes.steps(0.5, 1e-5, Inertia(0.99))
    assert steps > 500
    assert max(asked) == 32  # of two modes
    assert len(asked) < steps / 16  # not one by one


def test_limits_as_formulas():
    assert Inertia().limit_text() == "2/lambda_max"
    assert Inertia(0.5).limit_text() == "2(1 + beta)/lambda_max"
    assert Inertia(0.5, True).limit_text() == "(2 + 2 beta)/(1 + 2 beta)/lambda_max"


# The public functions.


@pytest.mark.parametrize("nesterov", KINDS)
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("name", ["toy", "ordinary"])
def test_predictions_are_what_happens(name, share, beta, nesterov):
    for seed in range(2):
        X, y = toy(seed) if name == "toy" else ordinary(seed)
        how = {"beta": beta, "nesterov": nesterov}
        how["lr"] = share * Inertia(beta, nesterov).limit() / linreg.curvature(X).L
        floor = linreg.certified(X, y).loss
        for tolerance in (0.01, 1e-6):
            steps = linreg.predict_steps(X, y, tolerance=tolerance, **how)
            path = linreg.momentum(X, y, steps=min(steps + 3, 2000), tol=0, **how).path
            losses = linreg.predict_loss(X, y, steps=min(steps + 3, 2000), **how)
            torch.testing.assert_close(path.loss, losses, rtol=1e-9, atol=0)
            if steps < 2000:
                reached = (path.loss <= (1 + tolerance) * floor).nonzero()[0]
                assert int(reached) == steps


@pytest.mark.parametrize("reduction", ["half_mean", "mean", "half_sum", "sum"])
@pytest.mark.parametrize("intercept", [True, False])
def test_predictions_under_every_convention(intercept, reduction):
    X, y = ordinary(3)
    how = {"reduction": reduction, "intercept": intercept, "beta": 0.8, "nesterov": True}
    how["lr"] = 0.5 / linreg.curvature(X, intercept=intercept, reduction=reduction).L
    how["w"] = torch.full((20,), 3.0, dtype=F64)
    path = linreg.momentum(X, y, steps=100, tol=0, **how).path
    torch.testing.assert_close(path.loss, linreg.predict_loss(X, y, steps=100, **how), rtol=1e-10, atol=0)


@pytest.mark.parametrize("beta", [1.0, 1.5, -0.1])
def test_a_share_of_one_or_more(beta):
    X, y = ordinary(0)
    for function, rest in (
        (linreg.predict_loss, {"steps": 3}),
        (linreg.predict_steps, {}),
        (linreg.momentum, {"steps": 3}),
    ):
        with pytest.raises(linreg.RangeError, match=r"`beta` must be .*; got"):
            function(X, y, lr=0.1, beta=beta, **rest)


@pytest.mark.parametrize(("beta", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("power", range(3, 18))
def test_the_number_of_steps_is_told_at_once_however_flat_the_loss(power, beta, nesterov):
    """Where 1 - x rounds by a good part of x, a search for the step that begins at the bound never ends."""
    x = 1.7 * 10.0**-power
    modes = Modes(torch.tensor([1.0, x], dtype=F64), torch.tensor([0.0, 1.0], dtype=F64))
    steps = modes.steps(1.0, 1e-16, Inertia(beta, nesterov))
    # z is 1 - x / (1 - beta), but for what is squared in it
    assert steps == pytest.approx(
        8 * math.log(10) * (1 - beta) / x, rel=0.02 + 20 * x / (1 - beta) ** 2, abs=1
    )


@pytest.mark.parametrize("far", [1e3, 1e6, 1e7, 3e7])
def test_a_run_over_columns_of_far_apart_units_ends_and_says_so(far):
    X = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]], dtype=F64)
    fit = linreg.gradient_descent(X * torch.tensor([far, 1.0], dtype=F64), X.sum(1), lr=far**-2, steps=10)
    assert fit.status == "not converged"
    assert fit.message.endswith(
        "At this rate it takes millions of steps: bring the columns to one scale first."
    )
