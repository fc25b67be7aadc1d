# %% [markdown]
# # Epochs, batches, steps
#
# After this page you can translate between epochs, batches and steps, say when a small batch is as good as all rows and how far from the minimum it will leave you, and bring a run closer.
#
# <!-- core -->
#
# **The question.** Step on ten rows at a time instead of a thousand: a pass over the data is then a hundred steps instead of one, for the same arithmetic. What do you pay for them?
#
# What a run still has to lose is its *excess loss*,
# $L(\theta) - L^* = \frac12 e^\top H e$ with $e = \theta - \theta^*$ and [the Hessian $H$](valley.py).

# %%
import math

import torch

import linreg

torch.set_default_dtype(torch.float64)
X_toy, y_toy = linreg.simulate(generator=torch.Generator().manual_seed(0))
X_ordinary, y_ordinary, w_ordinary, b_ordinary = linreg.ordinary()
both = {"toy": (X_toy, y_toy), "ordinary": (X_ordinary, y_ordinary)}


def answer(X, y):
    """The exact minimiser (b, w), as (d + 1,)."""
    fit = linreg.solve(X, y)
    return torch.hstack((fit.b, fit.w))


def excess(theta, X, y):
    """Excess loss of each row of parameters (..., d + 1)."""
    e = theta - answer(X, y)
    return ((e @ linreg.hessian(X)) * e).sum(-1) / 2


for name, (X, y) in both.items():
    at_zero = excess(torch.zeros(X.shape[1] + 1), X, y)
    smallest = linreg.solve(X, y).loss
    print(
        f"{name:9} {tuple(X.shape)}, excess {at_zero:.2f}, smallest loss {smallest:.4f}"
    )

# %% [markdown]
# ## Three words
#
# - A **batch** is the set of rows that one step looks at, $B$ of them: a *full batch* if all $n$, else a *mini-batch*.
# - A **step**, or update, moves all parameters once, along the mean gradient of a batch.
# - An **epoch** is as many steps as it takes to look at every row once.
#
# $$
# \text{steps} = \text{epochs} \cdot \lceil n / B \rceil .
# $$
#
# "Three epochs" says how many rows are read, and nothing about how
# far the run gets. Keep the epochs and the rate, and change the batch:


# %%
def three_epochs(X, y, B, lr=0.03, seed=1):
    """Parameters (steps + 1, d + 1) on the way."""
    generator = torch.Generator().manual_seed(seed)
    run = linreg.sgd(X, y, lr=lr, epochs=3, batch_size=B, generator=generator)
    assert run.steps == 3 * math.ceil(len(y) / B)
    return torch.hstack((run.path.b.unsqueeze(1), run.path.w))


runs = {B: three_epochs(X_toy, y_toy, B) for B in (1000, 100, 10, 1)}
print("toy        B   steps   rows read   excess loss")
for B, path in runs.items():
    left = float(excess(path[-1], X_toy, y_toy))
    print(f"{B:12} {len(path) - 1:7} {3 * len(y_toy):11} {left:13.2g}")
print("ordinary   B   steps   rows read   excess loss")
for B in (300, 30, 3):
    path = three_epochs(X_ordinary, y_ordinary, B)
    left = float(excess(path[-1], X_ordinary, y_ordinary))
    print(f"{B:12} {len(path) - 1:7} {3 * len(y_ordinary):11} {left:13.2g}")

# %% [markdown]
# Rate 0.03, three epochs, batches of ten is an old recipe, and it arrives. The first line keeps its epochs and drops its batches,
# [the mistake of a tutorial](article.py#e4). Now count along two axes:

# %% alt="Two panels with the excess loss of four runs at rate 0.03, on a log scale. Against the number of steps, the runs with batches of 1000, 100, 10 and 1 lie on one falling curve, the predicted full-batch one, and stop at 3, 30, 300 and 3000 steps; batches of 10 and 1 leave it where it gets small, and batches of 1 level off. Against epochs, the same four runs lie far apart: the smaller the batch, the steeper the fall."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE, PURPLE

colours = {1000: PURPLE, 100: GREEN, 10: BLUE, 1: ORANGE}
_, (top, bottom) = plt.subplots(2, 1, figsize=(5.6, 7), layout="constrained")
predicted = linreg.predict_loss(X_toy, y_toy, lr=0.03, steps=400)
predicted = predicted - linreg.solve(X_toy, y_toy).loss
top.loglog(
    range(1, 401, 3), predicted[1::3], color="black", linewidth=1.2, linestyle="--"
)
for B, path in runs.items():
    left = excess(path, X_toy, y_toy)
    last = len(path) - 1
    ticks = torch.unique(torch.logspace(0, math.log10(last), 45).round().long())
    top.loglog(ticks, left[ticks], color=colours[B], linewidth=4, alpha=0.5)
    top.plot(last, left[-1], "o", color=colours[B])
    ticks = torch.linspace(0, last, min(last, 60) + 1).long()
    bottom.semilogy(ticks * B / len(y_toy), left[ticks], color=colours[B])
    bottom.text(3.05, left[-1], f"B = {B}", color=colours[B], va="center")
top.text(3, 1.3, "B = 1000", color=PURPLE, ha="center", va="top")
top.text(20, 0.2, "B = 100", color=GREEN, ha="right")
top.text(150, 5e-6, "B = 10", color=BLUE, ha="right")
top.text(3000, 1.2e-3, "B = 1", color=ORANGE, ha="right")
top.text(80, 0.1, "dashes: predicted,\nfull batch")
top.set(xlabel="steps", ylabel="excess loss", ylim=(1e-6, 8))
bottom.set(xlabel="epochs", ylabel="excess loss", ylim=(1e-6, 12), xlim=(-0.1, 3.7))
for ax in (top, bottom):
    ax.minorticks_off()
on_the_curve = {1000: 3, 100: 30, 10: 100, 1: 40}  # steps
lefts = {B: excess(path, X_toy, y_toy) for B, path in runs.items()}
for B, steps in on_the_curve.items():
    apart = (lefts[B][: steps + 1] / predicted[: steps + 1]).log()
    assert float(apart.abs().max()) < math.log(1.5)
assert min(lefts[10][300] / predicted[300], lefts[1][300] / predicted[300]) > 10
assert 1 / 3 < lefts[1][1000:2000].mean() / lefts[1][2000:].mean() < 3
after_one_epoch = [float(lefts[B][1000 // B]) for B in runs]
assert after_one_epoch == sorted(after_one_epoch, reverse=True)

# %% [markdown]
# Against steps there is one curve, whatever the batch, until the loss gets small. Near the minimum the small batches stop falling, each at a height of its own.
#
# ### With many columns
#
# Ten rows are a fair sample of two independent columns. Of a hundred they are not. Here are 100 steps from zero, on targets without noise, so that no run has a height to stop at:

# %%
wide = {
    "2, independent": linreg.simulate(
        noise=0.0, generator=torch.Generator().manual_seed(0)
    ),
    "20, ordinary": (X_ordinary, X_ordinary @ w_ordinary + b_ordinary),
    "100, independent": linreg.simulate(
        w=torch.linspace(-1, 1, 100),
        noise=0.0,
        generator=torch.Generator().manual_seed(0),
    ),
}


def after_100_steps(X, y, lr, B):
    """Excess loss of 100 steps from zero; the smallest loss is 0."""
    settings = {"epochs": 100 * B // len(X), "batch_size": B, "record": False}
    generator = torch.Generator().manual_seed(1)
    return float(linreg.sgd(X, y, lr=lr, generator=generator, **settings).loss)


behind = {}  # from eta tr(H) / B to excess of batches of 10 over excess of the full batch
print("columns            lr   limit   lr tr(H)/10   full batch   batches of 10")
for name, (X, y) in wide.items():
    limit = linreg.curvature(X).largest_stable_rate
    for lr in (0.03, 0.1, 0.17):
        share = lr * float(linreg.hessian(X).trace()) / 10
        full, mini = (after_100_steps(X, y, lr, B) for B in (len(X), 10))
        behind[share] = mini / full
        print(f"{name:16} {lr:4} {limit:7.2f} {share:13.2f} {full:12.2g} {mini:15.2g}")
assert all(ratio < 2 for share, ratio in behind.items() if share < 0.33)
assert all(ratio > 50 for share, ratio in behind.items() if share > 0.33)

# %% [markdown]
# What decides is $\eta \operatorname{tr} H / B$. The trace of the Hessian is about $d + 1$ for features of unit scale. For normal features a step lowers the mean of $\lVert e \rVert^2$ by about $2 \eta \operatorname{E} e^\top H e$, and the noise of its batch
# gives back the share $\eta \operatorname{tr} H / (2B)$ of that. **While $\eta \operatorname{tr} H / B$ is well below 1, a step on $B$ rows is as good as one on all rows**, until the floor is near. Near 2 a run diverges. Close to the full-batch limit, as in the sixth line, a third is too much already.
#
# ## Right on average
#
# If the order is random, every row is as likely as any other to be in a batch, so at given parameters the gradient
# of a batch is an *unbiased* estimate of the full one. Descent along it is called *stochastic gradient descent*, SGD for short.
#
# With $V$ the variance of the gradient of one row, summed over the parameters, the mean square of its error is $V/B$ ([the variance of a mean](toolbox.md#variance-of-a-mean)) if rows are drawn with replacement, and
#
# $$
# \frac{V}{B} \cdot \frac{n - B}{n - 1}
# $$
#
# if they are dealt out, because rows that have been dealt cannot come again. Measured over 1000 shuffled epochs:


# %%
def batch_gradient(theta, A, y, rows):
    """Gradient (..., p) of the loss on `rows` (..., B) at parameters (..., p)."""
    A_batch = A[rows]  # (..., B, p), the column of ones included
    error = (A_batch @ theta.unsqueeze(-1)).squeeze(-1) - y[rows]
    return (error.unsqueeze(-2) @ A_batch).squeeze(-2) / rows.shape[-1]


print("             B   formula   measured")
for name, (X, y) in both.items():
    n, start = len(y), torch.zeros(X.shape[1] + 1)
    each = batch_gradient(
        start, linreg.fold_bias(X), y, torch.arange(n).unsqueeze(1)
    )  # (n, p)
    full = each.mean(0)
    V = (each - full).square().sum(1).mean()
    generator = torch.Generator().manual_seed(3)
    orders = torch.rand(1000, n, generator=generator).argsort(1)  # 1000 permutations
    for B in (1, 10, 100):
        dealt = each[orders].reshape(-1, B, len(start)).mean(1)
        measured = (dealt - full).square().sum(1).mean()
        formula = V / B * (n - B) / (n - 1)
        print(f"{name:9} {B:5} {formula:9.3f} {measured:10.3f}")
        assert abs(measured / formula - 1) < 0.1

# %% [markdown]
# **Ten times the rows divide the noise by the square root of ten, and multiply the work by ten.** Far from the minimum it averages out over many steps. At the minimum the full
# gradient is zero, each row still has one of its own, and every step is noise.
#
# ## The noise floor
#
# So a run at a constant rate ends in a balance. Each step pulls the error in by a share $\eta\lambda$, and noise of the [covariance](toolbox.md#variance-of-a-mean) $C/B$, with $C$ that of one row's gradient at the minimum, pushes it out again. If the noise does not depend on the features, $C = \sigma^2 H$, where $\sigma^2 = 2L^*$ is the mean
# square residual. For a small rate the balance is a covariance of $\frac{\eta \sigma^2}{2B} I$: every parameter trembles by the same amount, however steep or flat its direction. The mean excess loss is then
#
# $$
# \boxed{\; \operatorname{E} L - L^* \approx \frac{\eta\, \sigma^2 \operatorname{tr} H}{4 B} \;}
# $$
#
# with $\operatorname{tr} H = d + 1$ for features of mean 0 and variance 1. This supposes rows drawn with replacement. Measured, from 70 runs that start at the minimum and are left alone until they have settled:


# %%
def small_rate_floor(X, y, lr, B):
    variance = 2 * linreg.solve(X, y).loss
    return float(lr * variance * linreg.hessian(X).trace() / (4 * B))


def settle(X, y, lr, B, runs=70, seed=4):
    """Mean excess loss of many runs, drawn with replacement, once they have settled."""
    generator = torch.Generator().manual_seed(seed)
    A, theta = linreg.fold_bias(X), answer(X, y).repeat(runs, 1)
    steps = math.ceil(3 / (lr * linreg.curvature(X).mu))  # six time constants
    levels = []
    for t in range(2 * steps):
        rows = torch.randint(len(y), (runs, B), generator=generator)
        theta = theta - lr * batch_gradient(theta, A, y, rows)
        if t >= steps and t % 10 == 0:
            levels.append(excess(theta, X, y).mean())
    return float(torch.stack(levels).mean())


print("             lr    B   formula   measured")
for name, lr, B in (
    ("toy", 0.03, 1),
    ("toy", 0.03, 10),
    ("toy", 0.1, 10),
    ("ordinary", 0.01, 10),
    ("ordinary", 0.02, 30),
):
    formula, measured = small_rate_floor(*both[name], lr, B), settle(*both[name], lr, B)
    print(f"{name:9} {lr:5} {B:4} {formula:9.2e} {measured:10.2e}")
    assert abs(measured / formula - 1) < 0.2

# %% [markdown]
# [SGD, computed](sgd.py) has the equation without the approximation, for any rate, and shows that shuffled epochs settle lower still.
#
# How low is low enough? The exact answer is fitted to $n$ noisy rows, and is off the truth by an excess loss of about $\sigma^2 (d+1) / (2n)$ itself. For features of unit scale the floor is below that when
#
# $$
# \eta \le \frac{2B}{n} .
# $$
#
# For batches of ten that is <!--= 2 * 10 / len(y_toy) -->0.02<!--/--> on the toy; the recipe's 0.03 is close to it.
#
# ## Going on down
#
# The floor is proportional to $\eta / B$. A larger batch lowers it, and costs work. Two other cures:
#
# - **Decay.** With $\eta_t = 1/(\mu t)$ the excess falls like $1/t$. But $\mu$ is seldom known; in practice one halves the rate every so many steps.
# - **Averaging** (Polyak and Ruppert). A settled run trembles *about* the minimum. Return the mean of its parameters. After $t$ steps
#
# $$
# \operatorname{E} L - L^* \approx \frac{\sigma^2 (d + 1)}{2 B t},
# $$
#
# the error of an exact fit to $Bt$ fresh rows. Measured with 60 runs each, from zero and drawn with replacement:


# %%
def journey(X, y, rate, steps, B=10, runs=60):
    """Parameters (steps, runs, p) of runs from zero with the rate `rate(t)`."""
    generator, path = torch.Generator().manual_seed(7), []
    A, theta = linreg.fold_bias(X), torch.zeros(runs, X.shape[1] + 1)
    for t in range(steps):
        rows = torch.randint(len(y), (runs, B), generator=generator)
        theta = theta - rate(t) * batch_gradient(theta, A, y, rows)
        path.append(theta)
    return torch.stack(path)


def means_from(path, first):
    """The running mean of the path, begun at step `first`."""
    count = torch.arange(1, len(path) - first + 1).reshape(-1, 1, 1)
    return torch.cat((path[:first], path[first:].cumsum(0) / count))


def cures(X, y, lr, settled, steps):
    mu = linreg.curvature(X).mu

    def decaying(t):
        return lr if t < settled else 1 / (1 / lr + mu * (t - settled))

    constant = journey(X, y, lambda t: lr, steps)
    return {
        "constant": constant,
        "halved": journey(X, y, lambda t: lr * 0.5 ** (t * 6 // steps), steps),
        "1/t": journey(X, y, decaying, steps),
        "mean": means_from(constant, settled),
        "mean from step 0": means_from(constant, 0),
    }


plans = {
    "toy": {"lr": 0.1, "settled": 100, "steps": 2000},
    "ordinary": {"lr": 0.03, "settled": 500, "steps": 2500},
}
ends = {}
for name, plan in plans.items():
    X, y = both[name]
    paths = cures(X, y, **plan)
    ends[name] = {
        how: float(excess(path[-1], X, y).mean()) for how, path in paths.items()
    }
    variance = 2 * float(linreg.solve(X, y).loss)
    averaged_over = plan["steps"] - plan["settled"]
    goal = variance * (X.shape[1] + 1) / (2 * 10 * averaged_over)
    print(f"{name}, mean excess after {plan['steps']} steps")
    for how, value in ends[name].items():
        print(f"  {how:17} {value:.1e}")
    print(f"  {'mean, predicted':17} {goal:.1e}")
    if name == "toy":
        toy_paths = paths

# %% alt="Mean excess loss on the toy against steps, log scales. All runs start at 3, and the parameters themselves fall to about a ten-thousandth within a hundred steps. Those at the constant rate 0.1 stay there. Halving the rate goes down in stairs. Decay like 1 over t, and the mean of the parameters from step 100 on, fall together to about a millionth. The mean begun at step 0 carries the start along and is above them to the end."
ticks = torch.unique(torch.logspace(0.7, math.log10(2000), 60).long()) - 1
_, ax = plt.subplots(figsize=(5.6, 4.8), layout="constrained")
looks = {
    "mean from step 0": (ORANGE, 1.5),
    "constant": (PURPLE, 1.5),
    "halved": (GREEN, 1.5),
    "mean": (BLUE, 5),
    "1/t": ("black", 1.2),
}
for how, (colour, width) in looks.items():
    line = excess(toy_paths[how][ticks], X_toy, y_toy).mean(1)
    ax.loglog(ticks + 1, line, color=colour, lw=width, alpha=0.4 if width > 2 else 1)
for how in ("constant", "halved"):
    ax.text(2200, ends["toy"][how], how, color=looks[how][0], va="center")
at_200 = float(excess(toy_paths["mean from step 0"][199], X_toy, y_toy).mean())
ax.text(260, at_200, "mean from step 0", color=ORANGE, va="bottom")
ax.text(5, 1e-6, "mean from step 100 (band),\n1/t from step 100 (line)")
ax.set(xlim=(4, 20000), ylim=(4e-7, 5))
ax.set(xlabel="steps of batches of 10", ylabel="mean excess loss")
assert ends["toy"]["mean"] < ends["toy"]["mean from step 0"] < ends["toy"]["constant"]
means = {h: excess(p, X_toy, y_toy).mean(1) for h, p in toy_paths.items()}
for how in ("constant", "halved", "1/t"):
    assert 2 < means[how][0] < 4
    assert 3e-5 < means[how][100] < 3e-4
assert 0.3 < means["constant"][1500:].mean() / means["constant"][100:500].mean() < 3
assert all(5e-7 < ends["toy"][how] < 2e-6 for how in ("mean", "1/t"))

# %% [markdown]
# The mean must not begin at step 0: it then keeps a share of the start, which falls only like $1/t^2$.
#
# ## The largest rate for a batch
#
# Batches allow less than the full-batch limit $2/\lambda_{\max}$:

# %%
print("             lr   limit   full batch      batches of 2")
for name, lr in (("toy", 1.7), ("ordinary", 0.15)):
    X, y = both[name]
    limit = linreg.curvature(X).largest_stable_rate
    whole = linreg.gradient_descent(X, y, lr=lr, steps=2000).status
    generator = torch.Generator().manual_seed(8)
    mini = linreg.sgd(X, y, lr=lr, epochs=20, batch_size=2, generator=generator).status
    print(f"{name:9} {lr:5} {limit:7.3f}   {whole.value:15} {mini.value}")
    assert lr < limit
    assert mini == linreg.Status.DIVERGED != whole

# %% [markdown]
# For normal features a run with batches of $B$ is stable in the mean square only below $2B / \operatorname{tr} H$, and below $2/\lambda_{\max}$; [the exact limit](sgd.py#the-largest-rate) is computed on the next page. Well below it the **linear scaling rule** holds: twice the batch allows twice the rate, with the same progress in each epoch and the same floor,
# since both depend on $\eta / B$ alone.
#
# ## Order and leftovers
#
# ### Shuffle
#
# Files often come sorted. Sort noisy data by the target and deal them out as they lie:


# %%
def in_epochs(X, y, lr, B, epochs, order=None, seed=12):
    """Intercepts on the way, and the final loss; `order` is kept, or shuffled anew."""
    generator = torch.Generator().manual_seed(seed)
    w, b, path = torch.zeros(X.shape[1]), torch.zeros(()), []
    for _ in range(epochs):
        dealt = torch.randperm(len(y), generator=generator) if order is None else order
        for rows in dealt.split(B):
            w, b = linreg.step(X[rows], y[rows], w, b, lr=lr)
            path.append(float(b))
    return path, float(linreg.squared_loss(linreg.predict(X, w, b), y))


X_noisy, y_noisy = linreg.simulate(
    noise=1.0, generator=torch.Generator().manual_seed(0)
)
intercepts = {}
for name, X, y, lr in (
    ("toy", X_noisy, y_noisy, 0.1),
    ("ordinary", X_ordinary, y_ordinary, 0.03),
):
    for how, order in (("shuffled", None), ("sorted", y.argsort())):
        intercepts[name, how], loss = in_epochs(X, y, lr, 10, epochs=3, order=order)
        print(f"{name:9} {how:9} loss {loss:.3f}")
    print(f"{name:9} {'exact':9} loss {linreg.solve(X, y).loss:.3f}")

# %% alt="The intercept over three epochs of 100 steps on the noisy toy. With shuffled rows it rises to the exact answer 2 within the first epoch and trembles about it. With rows sorted by the target it sinks below zero, climbs beyond 3 by the end of each epoch, and falls back when the next begins."
_, ax = plt.subplots(figsize=(5.6, 3.8), layout="constrained")
for how, colour in (("sorted", ORANGE), ("shuffled", BLUE)):
    path = intercepts["toy", how]
    ax.plot(range(1, 301, 3), path[::3], color=colour)
    above = {"xytext": (4, 6), "textcoords": "offset points"}
    ax.annotate(how, (300, path[-1]), color=colour, **above)
    if how == "sorted":
        assert min(path[:100]) < 0
        assert path[99] > 3
        assert min(path[100:200]) < 2 < 3 < path[199]
        assert min(path[200:]) < 2 < 3 < path[299]
    else:
        assert max(abs(value - 2) for value in path[99:]) < 0.3
ax.axhline(linreg.solve(X_noisy, y_noisy).b, color=GREY, linewidth=0.8, linestyle=":")
ax.set(xlim=(0, 370), xlabel="steps of batches of 10, three epochs")
ax.set(ylabel="intercept b (dotted: exact)")

# %% [markdown]
# Each batch pulls towards its own slice of the targets, and at the end of an epoch the run believes the rows it saw last.
#
# ### The last batch
#
# When $B$ does not divide $n$, the last batch is short. Its mean is noisier and its step is as long as the others', so each of its rows weighs more. With one row left over:


# %%
def last_batch(X, y, B, lr, how, epochs=8, runs=200):
    """Mean excess loss at the ends of the later half of the epochs, from the minimum."""
    generator = torch.Generator().manual_seed(13)
    A, theta, total = linreg.fold_bias(X), answer(X, y).repeat(runs, 1), 0.0
    for epoch in range(epochs):
        orders = torch.rand(runs, len(y), generator=generator).argsort(1)
        for rows in orders.split(B, 1):
            size = rows.shape[1]
            if how != "dropped" or size == B:
                rate = lr * size / B if how == "weighted by size" else lr
                theta = theta - rate * batch_gradient(theta, A, y, rows)
        total += float(excess(theta, X, y).mean()) if 2 * epoch >= epochs else 0.0
    return 2 * total / epochs


worse = {}
for name, B, lr in (("toy", 111, 0.3), ("ordinary", 23, 0.03)):
    assert len(both[name][1]) % B == 1
    leftover = {
        how: last_batch(*both[name], B, lr, how)
        for how in ("a full step", "weighted by size", "dropped")
    }
    worse[name] = leftover["a full step"] / leftover["dropped"]
    for how, value in leftover.items():
        print(f"{name:9} {how:17} {value:.1e}")

# %% [markdown]
# That one row makes the excess loss at the end of an epoch <!--= worse["toy"]:.0f -->144<!--/--> times worse on the toy and <!--= worse["ordinary"]:.1f -->23.1<!--/--> times on the ordinary data. Drop the short batch (`drop_last=True` of a `DataLoader`;
# the next shuffle leaves out another row), weight its step by its size, or choose a $B$ that divides $n$.
#
# ### DataLoader
#
# `torch.utils.data.DataLoader` deals rows into batches. Given the order, its batches are those of slicing, to the bit:

# %%
from torch.utils.data import DataLoader, TensorDataset


def one_epoch(dealt, d, lr):
    w, b = torch.zeros(d), torch.zeros(())
    for X_batch, y_batch in dealt:
        w, b = linreg.step(X_batch, y_batch, w, b, lr=lr)
    return torch.hstack((b, w))


for name, (X, y) in both.items():
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(14))
    loader = DataLoader(TensorDataset(X, y), batch_size=23, sampler=order.tolist())
    sliced = ((X[rows], y[rows]) for rows in order.split(23))
    d = X.shape[1]
    same = torch.equal(one_epoch(loader, d, 0.03), one_epoch(sliced, d, 0.03))
    print(f"{name:9} {len(loader)} batches, same bits: {same}")
    assert same

# %% [markdown]
# It fetches row by row in Python. For a tensor in memory, slicing is faster; [Benchmarks](../about/benchmarks.md#descent) has the times.
#
# ## What was shown
#
# Each on the toy and on the ordinary data:
#
# - Steps are epochs times $\lceil n/B \rceil$. A change of the batch at equal epochs is a change of the number of steps.
# - Far from the minimum a step on $B$ rows is as good as one on all while $\eta \operatorname{tr} H / B$ is well below 1 (run with 100 columns, too).
# - Near it a constant rate stalls at $\eta \sigma^2 \operatorname{tr} H / (4B)$, for small rates and noise that does not depend on the features.
# - The mean of the parameters after the run has settled, or a rate that decays like $1/t$, goes on down.
# - The largest stable rate falls with the batch.
# - Shuffle, and mind the last batch.
#
# ## Exercises
#
# **1. By pencil.** Two rows, $x = 1$ with $y = 2$ and $x = 3$ with $y = 3$, and the model $y = wx$ without intercept. At $w = 0$, what is the gradient of each row's half square, and of both as a batch? Where does one step of rate 0.1 on the batch lead, and where do two steps on the single rows, the first row first?

# %% [markdown] answer="Hint"
# The gradient of $\frac12 (wx - y)^2$ is $(wx - y)\,x$. The second step starts where the first has ended.

# %% [markdown] answer="Answer"
# The rows have $-2$ and $-9$, the batch their mean, $-5.5$: one step leads to 0.55. The first row alone leads to 0.2, where the second has $(3 \cdot 0.2 - 3) \cdot 3$: to 0.92. Two noisy steps went further than one exact one.

# %% answer="Answer"
first, second = -2.0, -9.0
w_first = 0.0 - 0.1 * first
w_both = w_first - 0.1 * (3 * w_first - 3) * 3
linreg.check([-5.5, 0.55, 0.92], [(first + second) / 2, 0.1 * 5.5, w_both])

# %% [markdown]
# **2. Predict the picture.** Batches of ten on the ordinary data at the rates 0.03 and 0.003, 3000 steps from zero. Sketch both excess losses against the step, the loss on a log scale. Which curve is lower after 100 steps, which at the end, and by what factor do their floors differ? Then run it.

# %% [markdown] answer="Hint"
# The pace and the floor are both proportional to the rate.

# %% [markdown] answer="Answer"
# The large rate falls ten times as fast and levels off ten times as high. The small one is still above it after 100 steps, crosses it later, and has not quite reached its own floor at the end.

# %% answer="Answer" alt="Mean excess loss against the step for two rates, on log scales. The curve of rate 0.03 falls first and levels off. The curve of rate 0.003 falls later, crosses it and ends lower."
_, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
falls = {}
for lr, colour in ((0.03, ORANGE), (0.003, BLUE)):
    path = journey(X_ordinary, y_ordinary, lambda t, lr=lr: lr, 3000, runs=20)
    falls[lr] = excess(path, X_ordinary, y_ordinary).mean(1)
    shown = torch.unique(torch.logspace(0, math.log10(2999), 80).long())
    ax.loglog(shown, falls[lr][shown], color=colour)
    ax.text(3200, falls[lr][-1], f"{lr}", color=colour, va="center")
ax.set(xlim=(1, 8000), xlabel="steps of batches of 10", ylabel="mean excess loss")
assert falls[0.03][100] < falls[0.003][100]
assert falls[0.03][-1] > falls[0.003][-1]

# %% [markdown]
# **3. What is wrong with this sentence?** "We raised the batch from 10 to 100 at the same rate, trained for ten epochs both times, and the loss was worse. Large batches train badly."

# %% [markdown] answer="Hint"
# How many steps did each run take?

# %% [markdown] answer="Answer"
# The second run took a tenth of the steps. Compare at equal steps, or raise the rate with the batch as far as its limit allows.

# %% [markdown]
# **4. Count.** Write `count(n, B, epochs, drop_last)`, the number of steps. This checks yours:


# %%
def check_count(count):
    runs = [(60_000, 64), (1000, 10), (7, 10)]
    cases = [(*run, drop_last) for run in runs for drop_last in (False, True)]
    right = [
        5.0 * len(DataLoader(range(rows), batch_size=B, drop_last=drop_last))
        for rows, B, drop_last in cases
    ]
    yours = [float(count(rows, B, 5, drop)) for rows, B, drop in cases]
    linreg.check(yours, right, tol=1e-6)  # exact, the small ones too


# %% [markdown] answer="Hint"
# Without the short batch round down, with it round up. `-(-n // B)` rounds up.

# %% [markdown] answer="Answer"
# With fewer rows than a batch holds, dropping leaves no step at all: such a run ends where it started and says nothing.


# %% answer="Answer"
def count(n, B, epochs, drop_last):
    return epochs * (n // B if drop_last else -(-n // B))


check_count(count)

# %% [markdown]
# ## Where next
#
# [SGD, computed](sgd.py) derives the floor and the largest rate without approximation, for those who want them. [A loop for real work](loop.py) adds what a project needs: a split, validation, stopping in time, saving. When the rows do not fit into memory, [one pass over them](../part3/rows-machines.py) gives the exact answer.
