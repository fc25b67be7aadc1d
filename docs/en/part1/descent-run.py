# %% [markdown]
# # Gradient descent, executed
#
# After this page you can say in advance how a run of gradient descent will go, choose the rate that
# belongs to a convention of the loss, and read from a run that failed what to change.
#
# <!-- core -->
#
# **The question.** The formulas of [Gradient descent](descent.md) were shown on four samples. Do they
# hold on a thousand noisy ones, to the step?

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))  # noise 0.1
X_ord, y_ord, _, _ = linreg.ordinary()
bowl, bowl_ord = linreg.curvature(X), linreg.curvature(X_ord)
print("toy:     ", bowl)
print("ordinary:", bowl_ord)

# %% [markdown]
# ## Five learning rates
#
# A classic exercise: fit with the rates 0.01, 0.03, 0.1, 0.3 and 1. Guess how many steps each needs to
# bring the loss within 1 % of its smallest value. `predict_steps` does not guess: it evaluates the sum
# over the *modes* of the error, its parts along the eigenvectors.

# %%
rates = [0.01, 0.03, 0.1, 0.3, 1.0]


def arrival(X, y, lr, steps):
    """The step at which a run comes within one per cent of the smallest loss."""
    losses = linreg.gradient_descent(X, y, lr=lr, steps=steps, tol=0).path.loss
    there = (losses <= 1.01 * linreg.solve(X, y).loss).nonzero()
    return int(there[0]) if len(there) else float("inf")


print("               toy              ordinary")
print("  rate  predicted  actual  predicted  actual")
for lr in rates:
    row = f"{lr:6g}"
    for data in ((X, y), (X_ord, y_ord)):
        predicted = linreg.predict_steps(*data, lr=lr, tolerance=0.01)
        actual = arrival(*data, lr, steps=800)
        row += f"{predicted:11} {actual:7}"
        assert predicted == actual
    print(row)

# %% [markdown]
# Each prediction is right to the step; `inf` is a run that diverges. While the rate is small, three times
# the rate takes a third of the steps: $1 - \eta\lambda$ is then close to $e^{-\eta\lambda}$.

# %% alt="Loss of the toy against the number of steps, both on log scales, for five learning rates. Predicted dashed lines run through the measured bands. Up to rate 0.3 each curve is the one for the next larger rate moved to the right by a factor of about three; that of rate 1 falls sooner still. All end at the dotted line, the smallest loss; a dot on each marks its predicted arrival."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE, PURPLE

floor = linreg.solve(X, y).loss
ticks = torch.unique(torch.logspace(0, 2.77, 60).long())  # even on the log scale
arrivals = []
_, ax = plt.subplots(figsize=(5.8, 4.2))
for lr in rates:
    measured = linreg.gradient_descent(X, y, lr=lr, steps=600, tol=0).path.loss
    predicted = linreg.predict_loss(X, y, lr=lr, steps=600)
    assert torch.allclose(measured, predicted)
    ax.loglog(ticks, measured[ticks], color=BLUE, linewidth=5, alpha=0.35)
    ax.loglog(ticks, predicted[ticks], color="black", linewidth=1.2, linestyle="--")
    at = linreg.predict_steps(X, y, lr=lr)
    arrivals.append(at)
    assert measured[-1] < 1.01 * floor
    ax.plot(at, predicted[at], "o", color=ORANGE, zorder=4)
    half = int((predicted - 0.3).abs().argmin())
    shift = {
        "xytext": (-5, 0),
        "textcoords": "offset points",
        "ha": "right",
        "va": "top",  # under the curve, which falls
    }
    first = max(half, 1)
    ax.annotate(f"{lr:g}", (first, float(predicted[first])), color=BLUE, **shift)
ax.axhline(floor, color=GREY, linewidth=1.2, linestyle=":")
under = {"xytext": (0, -6), "textcoords": "offset points", "va": "top"}
ax.annotate("dotted: the smallest loss", (1, float(floor)), color=GREY, **under)
ax.annotate("dots: predicted arrivals", (60, float(floor)), color=ORANGE, **under)
ax.set(xlim=(0.7, 800), ylim=(0.0022, 9), xlabel="step", ylabel="loss L")
ax.set_title("Band: measured; dashes: predicted; rate beside each curve")
shifts = torch.tensor(arrivals[:-1]) / torch.tensor(arrivals[1:])
assert bool(((shifts[:3] > 2.9) & (shifts[:3] < 3.6)).all())
assert shifts[3] > 5

# %% [markdown]
# ## Above the limit
#
# A loop as it is often written, in float32, PyTorch's default:


# %%
def raw_loop(X, y, lr, steps):
    """The step at which the loss becomes infinite, and the step at which it is nan."""
    w, b, infinite = torch.zeros_like(X[0]), X.new_zeros(()), None
    for t in range(1, steps + 1):
        r = y - (X @ w + b)
        w, b = w + lr * (X.T @ r) / len(y), b + lr * r.mean()
        loss = (y - (X @ w + b)).square().mean() / 2
        if loss.isnan():
            return infinite, t
        if loss.isinf() and infinite is None:
            infinite = t
    return infinite, None


for lr in (1.9, 2.0, 2.5, 3.0):
    infinite, nan = raw_loop(X.float(), y.float(), lr, steps=2000)
    print(f"lr = {lr}: first inf {infinite or 'never'}, first nan {nan or 'never'}")

# %% [markdown]
# `nan` says only that something went wrong, and the usual advice, a lower rate, does not say how low.
# `gradient_descent` stops when the loss has grown beyond recovery, returns the best parameters it saw, and
# says more:

# %%
import textwrap

for features, targets in ((X, y), (X_ord, y_ord)):
    fit = linreg.gradient_descent(features, targets, lr=2.5, steps=2000)
    assert fit.w.isfinite().all()
    print(f"{fit.status.value} after {fit.steps} steps")
    print(textwrap.fill(fit.message, 76))

# %% [markdown]
# ## Four conventions, four rates
#
# [The constant in front of the loss](loss.md#one-sum-four-conventions) multiplies its Hessian, and so
# divides its largest stable rate:
#
# | loss | largest stable rate |
# | --- | --- |
# | `"half_mean"` | $2 / \lambda_{\max}$ |
# | `"mean"`, `nn.MSELoss()` | $1 / \lambda_{\max}$ |
# | `"half_sum"` | $2 / (n \lambda_{\max})$ |
# | `"sum"` | $1 / (n \lambda_{\max})$ |
#
# Two runs test each, one at 1 % below its limit and one at 1 % above:

# %%
names = ("half_mean", "mean", "half_sum", "sum")
below = {}
for title, (features, targets) in {"toy": (X, y), "ordinary": (X_ord, y_ord)}.items():
    print(f"{title:10}   largest rate   1 % below     1 % above")
    for name in names:
        edge = linreg.curvature(features, reduction=name).largest_stable_rate
        settings = {"steps": 3000, "reduction": name}
        low, high = (
            linreg.gradient_descent(features, targets, lr=share * edge, **settings)
            for share in (0.99, 1.01)
        )
        below[title, name] = low.path.w
        print(f"{name:10} {edge:14.4g}   {low.status!s:11}   {high.status}")
        assert (low.status, high.status) == ("ok", "diverged")
        torch.testing.assert_close(low.path.w, below[title, "half_mean"])

# %% [markdown]
# At the same fraction of its own limit every convention takes the same path, step for step. With a sum
# the limit falls as rows are added: twice the rows, half the rate. With a mean it settles. For many
# independent features of mean zero and unit scale it is near
#
# $$
# \frac{2}{(1 + \sqrt{d/n})^2},
# $$
#
# which is 2 only for $n$ much larger than $d$.

# %% alt="Largest stable rate of the half-mean against the number of samples, on a log scale. Dots for 2, 20 and 100 independent features rise with the samples towards 2: those of 2 are near it from a hundred samples on, those of 100 are still below 1.7 at ten thousand. The curves of the formula run through the dots of 20 and 100. Crosses for twenty correlated features stay near 0.19."
sizes = (10, 30, 100, 300, 1000, 3000, 10_000)


def limit(n, d, correlation=0.0):
    generator = torch.Generator().manual_seed(0)
    sample, _ = linreg.simulate(
        n, [0.0] * d, correlation=correlation, generator=generator
    )
    return linreg.curvature(sample).largest_stable_rate


fig, ax = plt.subplots(figsize=(5.5, 3.8), layout="constrained")
settling = {}
for d, colour in ((2, BLUE), (20, ORANGE), (100, PURPLE)):
    counts = [n for n in sizes if n >= d]
    settling[d] = [limit(n, d) for n in counts]
    law = [2 / (1 + (d / n) ** 0.5) ** 2 for n in counts]
    ax.semilogx(counts, settling[d], "o", color=colour, markersize=5)
    ax.semilogx(counts, law, color=colour, linewidth=1)
    beside = {"xytext": (-8, 0), "textcoords": "offset points", "ha": "right"}
    beside["va"] = "center"
    ax.annotate(f"d = {d}", (counts[0], settling[d][0]), color=colour, **beside)
    pairs = zip(settling[d], law, strict=True)
    assert settling[d][0] == min(settling[d])
    assert d == 2 or all(abs(found / told - 1) < 0.15 for found, told in pairs)
assert min(settling[2][2:]) > 1.7 > max(settling[100])
correlated = [limit(n, 20, correlation=0.5) for n in sizes[2:]]
assert all(0.15 < rate < 0.21 for rate in correlated)
ax.semilogx(sizes[2:], correlated, "x", color="black", markersize=5)
above = {"xytext": (0, 7), "textcoords": "offset points", "ha": "right"}
ax.annotate("d = 20, correlated at 0.5", (sizes[-1], correlated[-1]), **above)
ax.set(ylim=(0, 2.1), xlim=(3, 15_000), xlabel="samples n")
ax.set(ylabel="largest stable rate", title="Dots: measured; lines: formula")

# %% [markdown]
# Features that are all correlated at one half settle near $2/(1 + \frac{d - 1}{2})$: for the twenty of
# the ordinary data <!--= 2 / (1 + (X_ord.shape[1] - 1) / 2):.3f -->0.190<!--/-->, and measured
# <!--= bowl_ord.largest_stable_rate:.3f -->0.191<!--/-->. All this is for steps on all rows;
# [steps on a few rows](batches.py) allow less.
#
# ## Many starts, one answer
#
# All eigenvalues are positive, so a thousand starts with a standard deviation of 100 end at one place:


# %%
def ends(X, y, steps):
    """Where a thousand starts are after these steps at the best rate."""
    A, lr = linreg.fold_bias(X), linreg.curvature(X).best_rate
    H, g = A.T @ A / len(y), A.T @ y / len(y)
    generator = torch.Generator().manual_seed(1)
    theta = 100 * torch.randn(1000, A.shape[1], generator=generator)
    for _ in range(steps):
        theta = theta - lr * (theta @ H - g)
    return theta


for name, features, targets in (("toy", X, y), ("ordinary", X_ord, y_ord)):
    best = linreg.solve(features, targets)
    worst = (ends(features, targets, 800) - torch.hstack((best.b, best.w))).abs().max()
    print(f"{name:8} all ends within 1e-11 of the exact answer: {bool(worst < 1e-11)}")
    assert worst < 1e-11

# %% [markdown]
# ## What was shown
#
# - The predicted number of steps is the actual one: five rates, the toy and the ordinary data.
# - Above $2/\lambda_{\max}$ a raw loop ends in `nan` (the toy); `gradient_descent` names the limit (both).
# - Each convention has its own limit, up to a factor of $2n$ apart; at equal fractions of it all take
#   one path (both).
# - With a mean the limit settles once $n$ is much larger than $d$: 2, 20 and 100 independent features,
#   and twenty correlated ones.
# - A thousand starts end at one answer when the columns are independent (both).
#
# ## Exercises
#
# **1. By pencil.** On the toy all eigenvalues are close to 1. The excess loss begins near 2.87, and has
# to fall to 1 % of 0.00504. How many steps does that take at rate 0.1? Check with
# `linreg.check(yours, counted, tol=0.1)`.

# %%
counted = linreg.predict_steps(X, y, lr=0.1)
print(f"start {y.square().mean() / 2 - floor:.2f}, smallest loss {floor:.5f}")

# %% [markdown] answer="Hint"
# The error shrinks by 0.9 with each step. And the loss?

# %% [markdown] answer="Answer"
# The excess loss is a square and shrinks by $0.9^2$: $t = \ln(2.87 / 0.0000504) / (-2 \ln 0.9) \approx 52$.

# %% answer="Answer"
import math

mine = math.log(2.87 / 0.0000504) / (-2 * math.log(0.9))
print(f"{mine:.1f}")
linreg.check(mine, counted, tol=0.1)

# %% [markdown]
# **2. Predict the picture.** Draw the loss of the toy against the step for rate 1.95, a little above the
# limit. What is its shape? Check the step at which it turns with `linreg.check(yours, turn)`.

# %%
near_limit = linreg.predict_loss(X, y, lr=1.95, steps=300)
turn = int(near_limit.argmin())

# %% [markdown] answer="Hint"
# Which of the factors $1 - 1.95\, \lambda_i$ are below 1 in size?

# %% [markdown] answer="Answer"
# It falls first and then rises for ever. Two modes shrink; the steepest grows, slowly, and at first the
# shrinking ones hide it. A falling loss at the start proves nothing.

# %% answer="Answer"
print("factors:", 1 - 1.95 * bowl.eigenvalues)
print(f"at the turn {near_limit[turn]:.3f}, at step 300 {near_limit[300]:.3g}")
linreg.check(13, turn)

# %% [markdown]
# **3. What is wrong with this sentence?** "With a mean, the largest stable rate does not depend on the
# number of rows."

# %% [markdown] answer="Hint"
# Look at the figure for $d = 100$.

# %% [markdown] answer="Answer"
# It does until there are many more rows than features. With 100 independent features:

# %% answer="Answer"
for n in (300, 1000, 10_000):
    print(f"{n:6} rows: {limit(n, 100):.2f}")
assert limit(300, 100) < limit(10_000, 100) / 2

# %% [markdown]
# **4. Code.** Draw data with another seed and with `noise=0.5`. Write `count(X, y, lr)`, which runs a
# loop of your own until the loss is within 1 % of its smallest value and returns the number of steps.
# Check with `linreg.check(count(X_other, y_other, 0.1), linreg.predict_steps(X_other, y_other, lr=0.1))`. Why are there fewer steps than before?

# %%
X_other, y_other = linreg.simulate(
    noise=0.5, generator=torch.Generator().manual_seed(1)
)

# %% [markdown] answer="Hint"
# `linreg.step` takes one step. The smallest loss is that of `linreg.solve`.

# %% [markdown] answer="Answer"
# More noise lifts the smallest loss, so there is less to do until the loss is within 1 % of it. The
# factors are nearly the same: the eigenvalues belong to $X$ alone, whose rows were drawn alike.


# %% answer="Answer"
def count(X, y, lr):
    goal = 1.01 * linreg.solve(X, y).loss
    w, b, t = torch.zeros(X.shape[1]), torch.zeros(()), 0
    while linreg.squared_loss(X @ w + b, y) > goal:
        (w, b), t = linreg.step(X, y, w, b, lr=lr), t + 1
    return t


for lr in (0.01, 0.1):
    yours, right = (
        count(X_other, y_other, lr),
        linreg.predict_steps(X_other, y_other, lr=lr),
    )
    print(f"rate {lr}: {yours} steps, on the toy {linreg.predict_steps(X, y, lr=lr)}")
    linreg.check(yours, right)

# %% [markdown]
# ## Where next
#
# [One valley](valley.py) asks why the thousand starts had to agree, and for which models the start
# decides. What to do about units, and what a scaled fit means in the old ones, is on
# [Scaling](../part2/scaling.py).
