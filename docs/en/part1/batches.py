# %% [markdown]
# # Epochs, batches, steps
#
# After this page you can translate between epochs, batches and steps, say before a run how far from the minimum its
# mini-batches will leave it, and choose a rate, a batch size and a cure that bring it closer.
#
# <!-- core -->
#
# [A first look](descent-run.py#mini-batches-a-first-look) has shown that three passes over the data in batches of ten arrive where three
# full-batch passes have hardly left the start.
#
# **The question.** The arithmetic is the same. So what do you pay for a hundred times as many steps?
#
# Everything below is measured on the data that most pages share. In `A` the intercept has its column of ones, `best`
# is the exact minimiser $\theta^*$, and the *excess loss* is what a run still has to lose,
# $L(\theta) - L^* = \frac12 e^\top H e$ with $e = \theta - \theta^*$.

# %%
import math

import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))
A, H = linreg.fold_bias(X), linreg.hessian(X)  # (n, 3), (3, 3): b, w1, w2
n, p = A.shape
fit = linreg.solve(X, y)
best, smallest = torch.hstack((fit.b, fit.w)), float(fit.loss)


def excess(theta):
    """Excess loss () of each row of parameters (..., 3)."""
    e = theta - best
    return ((e @ H) * e).sum(-1) / 2


bowl = linreg.curvature(X)
print("rows, parameters:", n, p)
print(f"smallest loss: {smallest:.5f}")
print(f"excess loss at zero: {excess(torch.zeros(p)):.3f}")

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
# Rounded up, because the last batch takes what is left. "Three epochs" therefore says how many rows are read and nothing about how
# far the run gets. Keep the epochs and the rate, and change the batch:

# %%
lr, epochs = 0.03, 3
runs = {}
print("   B   steps   rows read   excess loss")
for B in (1000, 100, 10, 1):
    generator = torch.Generator().manual_seed(1)
    settings = {"epochs": epochs, "batch_size": B, "generator": generator}
    fit = linreg.sgd(X, y, lr=lr, **settings)
    runs[B] = torch.hstack((fit.path.b.unsqueeze(1), fit.path.w))  # (steps + 1, 3)
    assert fit.steps == epochs * math.ceil(n / B)
    print(f"{B:4} {fit.steps:7} {epochs * n:11} {excess(runs[B][-1]):13.2g}")

# %% [markdown]
# The third line is an old recipe for data of this size: rate 0.03, three epochs, batches of ten. It arrives. The first line shows the same recipe run full-batch with the number of
# epochs unchanged, [the mistake of a tutorial](article.py#e4) that ends this part of the book. Now count along two axes:

# %% alt="Two panels with the excess loss of four runs at rate 0.03, on a log scale. Against the number of steps, the runs with batches of 1000, 100, 10 and 1 lie on one falling curve, the predicted full-batch one, and stop at 3, 30, 300 and 3000 steps; batches of 10 and 1 leave it where it gets small and level off. Against epochs, the same four runs lie far apart: the smaller the batch, the steeper the fall."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE, PURPLE

colours = {1000: PURPLE, 100: GREEN, 10: BLUE, 1: ORANGE}
_, (top, bottom) = plt.subplots(2, 1, figsize=(5.6, 7), layout="constrained")
predicted = linreg.predict_loss(X, y, lr=lr, steps=400) - smallest
top.loglog(
    range(1, 401, 3), predicted[1::3], color="black", linewidth=1.2, linestyle="--"
)
for B, path in runs.items():
    steps = len(path) - 1
    ticks = torch.unique(torch.logspace(0, math.log10(steps), 45).round().long())
    top.loglog(ticks, excess(path[ticks]), color=colours[B], linewidth=4, alpha=0.5)
    top.plot(steps, excess(path[-1]), "o", color=colours[B])
    ticks = torch.linspace(0, steps, min(steps, 60) + 1).long()
    bottom.semilogy(ticks * B / n, excess(path[ticks]), color=colours[B])
top.text(3, 1.3, "B = 1000", color=PURPLE, ha="center", va="top")
top.text(20, 0.2, "B = 100", color=GREEN, ha="right")
top.text(150, 5e-6, "B = 10", color=BLUE, ha="right")
top.text(3000, 1.2e-3, "B = 1", color=ORANGE, ha="right")
top.text(80, 0.1, "dashes: predicted,\nfull batch")
bottom.text(1.5, 4, "B = 1000", color=PURPLE)
bottom.text(1.5, 0.2, "B = 100", color=GREEN)
bottom.text(1.5, 6e-3, "B = 10", color=BLUE)
bottom.text(2.6, 1.5e-3, "B = 1", color=ORANGE)
top.set(xlabel="steps", ylabel="excess loss", ylim=(1e-6, 8))
bottom.set(xlabel="epochs", ylabel="excess loss", ylim=(1e-6, 12))
for ax in (top, bottom):
    ax.minorticks_off()

# %% [markdown]
# Against steps there is one curve, whatever the batch, until the loss gets small. Against epochs the four runs have nothing in
# common. On these data a step on ten rows gets as far as one on a thousand, at a hundredth of the price. And then, near the
# minimum, the small batches stop falling, each at a height of its own. Both halves of this picture can be computed.
#
# ### With many columns
#
# Ten rows are a fair sample of two independent columns. Of a hundred they are not. Here is the same comparison for twenty columns, correlated at 0.5, and for a hundred
# independent ones: 100 steps from zero, on targets without noise, so that no run has a height to stop at.

# %%
wide = {
    "2, independent": linreg.simulate(
        noise=0.0, generator=torch.Generator().manual_seed(0)
    )
}
for name, columns, rho in (("20, correlated", 20, 0.5), ("100, independent", 100, 0.0)):
    wide[name] = linreg.simulate(
        w=torch.linspace(-1, 1, columns),
        noise=0.0,
        correlation=rho,
        generator=torch.Generator().manual_seed(0),
    )


def after_100_steps(X, y, lr, B):
    """Excess loss of 100 steps from zero; the smallest loss is 0."""
    settings = {"epochs": 100 * B // len(X), "batch_size": B, "record": False}
    generator = torch.Generator().manual_seed(1)
    return float(linreg.sgd(X, y, lr=lr, generator=generator, **settings).loss)


behind = {}  # from eta tr(H) / B to excess of batches of 10 over excess of the full batch
print("columns            lr   limit   lr tr(H)/10   full batch   batches of 10")
for name, (X_wide, y_wide) in wide.items():
    limit = linreg.curvature(X_wide).largest_stable_rate
    for lr in (0.03, 0.1, 0.18):
        share = lr * float(linreg.hessian(X_wide).trace()) / 10
        full, mini = (after_100_steps(X_wide, y_wide, lr, B) for B in (1000, 10))
        behind[share] = mini / full
        print(f"{name:16} {lr:4} {limit:7.2f} {share:13.2f} {full:12.2g} {mini:15.2g}")
assert all(ratio < 2 for share, ratio in behind.items() if share < 0.35)
assert all(ratio > 50 for share, ratio in behind.items() if share > 0.35)

# %% [markdown]
# What decides is $\eta \operatorname{tr} H / B$, with the trace of the Hessian, about $d + 1$ for features of unit scale. For normal features a step
# lowers the mean of $\lVert e \rVert^2$ by about $2 \eta \operatorname{E} e^\top H e$, and the noise of its batch, far from the minimum, gives back the share
# $\eta \operatorname{tr} H / (2B)$ of that. **While $\eta \operatorname{tr} H / B$ is well below 1, a step on $B$ rows is as good as one on all rows**, until the floor is near. Near 2 a run
# diverges at a rate that is harmless for the full batch: [the largest rate for a batch](#the-largest-rate-for-a-batch) is below.
#
# ## Right on average
#
# The gradient of a batch is the mean of its rows' gradients. Deal out all rows once, and the mean over the batches, each
# weighted by its size, is the mean over the rows: the full gradient, exactly. If the order is random, each row is as likely as any other
# to be in a batch, so that the errors of its gradient average to zero: it is an *unbiased* estimate of the full one. Descent along it is called
# *stochastic gradient descent*, SGD for short.


# %%
def batch_gradient(theta, rows):
    """Gradient (..., 3) of the loss on `rows` (..., B) at parameters (..., 3)."""
    A_batch, y_batch = A[rows], y[rows]  # (..., B, 3), (..., B)
    error = torch.einsum("...bj,...j->...b", A_batch, theta) - y_batch
    return torch.einsum("...bj,...b->...j", A_batch, error) / rows.shape[-1]


start = torch.zeros(p)
full = batch_gradient(start, torch.arange(n))
order = torch.randperm(n, generator=torch.Generator().manual_seed(2))
for B in (10, 300):
    dealt = order.split(B)
    sizes = torch.tensor([float(len(rows)) for rows in dealt])
    gradients = torch.stack([batch_gradient(start, rows) for rows in dealt])
    weighted = sizes @ gradients / n
    print(f"{len(dealt)} batches, the last of {len(dealt[-1])} rows")
    print(f"  the first {gradients[0]}\n  all       {weighted}")
    assert torch.allclose(weighted, full)
print(f"full batch  {full}")

# %% [markdown]
# One batch of ten is off by tenths. How far off is it in general? The mean of $B$ independent draws has a $B$-th of the
# variance of one. A batch whose rows are all different, as in an epoch, varies less, because rows that have been dealt
# cannot come again. With $V$ the variance of the gradient of one row, summed over the parameters,
#
# $$
# \text{with replacement: } \frac{V}{B}, \qquad
# \text{without: } \frac{V}{B} \cdot \frac{n - B}{n - 1} .
# $$
#
# Both against the measured mean square of the error, from 1000 shuffled epochs:

# %%
per_row = batch_gradient(start, torch.arange(n).unsqueeze(1))  # (n, 3)
V = (per_row - full).square().sum(1).mean()
generator = torch.Generator().manual_seed(3)
orders = torch.rand(1000, n, generator=generator).argsort(1)  # 1000 permutations
print("         with replacement      without")
print("   B   formula  measured   formula  measured")
for B in (1, 10, 100, 500):
    draws = torch.randint(n, (1000 * n // B, B), generator=generator)
    drawn, dealt = per_row[draws].mean(1), per_row[orders].reshape(-1, B, p).mean(1)
    again = V / B, (drawn - full).square().sum(1).mean()
    once = V / B * (n - B) / (n - 1), (dealt - full).square().sum(1).mean()
    print(f"{B:4} {again[0]:9.4f} {again[1]:9.4f} {once[0]:9.4f} {once[1]:9.4f}")
    for formula, measured in (again, once):
        assert abs(measured / formula - 1) < 0.1

# %% [markdown]
# At $B = n$ the last factor is zero: a full batch is the full gradient. For small batches it is close to 1, and that is the price list: **ten
# times the rows divide the noise by the square root of ten, and multiply the work by ten.** Averaging over rows inside a step is a poor
# deal as long as the noise does no harm.
#
# It does none at the start. Compare it with the gradient itself, there and at the minimum:

# %%
B = 10
print("          full gradient   noise of batch")
for name, theta in (("start", start), ("minimum", best)):
    per_row = batch_gradient(theta, torch.arange(n).unsqueeze(1))
    length = per_row.mean(0).norm()
    noise = ((per_row - per_row.mean(0)).square().sum(1).mean() / B).sqrt()
    print(f"{name:8} {length:13.3f} {noise:16.3f}")

# %% [markdown]
# At the start the gradient is about twice its noise, and at rate 0.03 a run needs some thirty steps to get anywhere, over which the noise averages out. That is why the
# first part of every curve is the full-batch curve, `predict_loss` included: for rows drawn with replacement, and with $\operatorname{E}$ the mean over all draws,
# $\operatorname{E} e_{t+1} = (I - \eta H) \operatorname{E} e_t$, [the same recursion](descent.md#what-one-step-does-to-the-error). At the minimum the full gradient is zero, and each row still has one of
# its own, because each row has a residual. There every step is noise.
#
# ## The noise floor
#
# So a run at a constant rate ends in a balance: each step pulls the error in by a share $\eta\lambda$, and kicks it out again
# by noise. Write $a_i = (1, x_i)$ for a row of $\tilde X$ and $r_i$ for its residual at the minimum. One step on a batch with the
# matrix $H_B = \frac1B \sum a_i a_i^\top$ and the kick $q_B = \frac1B \sum a_i r_i$ is, without approximation,
#
# $$
# e_{t+1} = (I - \eta H_B)\, e_t + \eta\, q_B .
# $$
#
# Let every row of every batch be drawn anew, with replacement. Then the batch is independent of $e_t$, the mean of the
# kick is zero (the residual is orthogonal to the columns), and its covariance is $C / B$ with $C = \frac1n \sum r_i^2 a_i a_i^\top$. When the run has
# settled, the mean of $e$ is zero, so the cross terms vanish, and its covariance $S = \operatorname{E}\, e e^\top$ no longer changes:
#
# $$
# H S + S H = \eta \left[ \Bigl(1 - \tfrac1B\Bigr) H S H + \frac{1}{B n} \sum_i a_i a_i^\top S\, a_i a_i^\top + \frac{C}{B} \right] .
# $$
#
# That is exact, and linear in the entries of $S$: nine equations, solved in one line below. It also has an answer for the
# back of an envelope. **For a small rate** drop the two terms that are small beside the left side, those with $\eta S$. **If the noise does not depend on the features**,
# $C = \sigma^2 H$, with $\sigma^2 = 2L^*$ the mean square residual. Then $S = \frac{\eta \sigma^2}{2B} I$ solves what is left: every parameter trembles by the same amount,
# however steep or flat its direction. The mean excess loss $\frac12 \operatorname{tr}(HS)$ is
#
# $$
# \boxed{\; \operatorname{E} L - L^* \approx \frac{\eta\, \sigma^2 \operatorname{tr} H}{4 B} = \frac{\eta\, \sigma^2 (d + 1)}{4 B} \;}
# $$
#
# The last form is for **white features**: means 0, variances 1, so that the trace counts the parameters. Count the intercept
# too: it trembles like the others.

# %%
r = y - A @ best
variance = r.square().mean()  # sigma^2
C = (A * r.unsqueeze(1).square()).T @ A / n
outer = A.unsqueeze(2) * A.unsqueeze(1)  # (n, 3, 3), a a'
fourth = torch.einsum("nij,nkl->ikjl", outer, outer).reshape(p * p, p * p) / n
both = torch.kron(H, torch.eye(p)) + torch.kron(torch.eye(p), H)  # S to HS + SH


def second_order(B):
    """The (9, 9) matrix of the terms with eta S, for S written as 9 numbers."""
    return (1 - 1 / B) * torch.kron(H, H) + fourth / B


def exact_floor(lr, B):
    S = torch.linalg.solve(both - lr * second_order(B), lr * C.flatten() / B)
    return float((H.flatten() @ S) / 2)


def small_rate_floor(lr, B):
    return float(lr * variance * torch.trace(H) / (4 * B))


def settle(lr, B, generator, runs=300):
    """Mean excess loss of many runs, drawn with replacement, once they have settled."""
    theta, steps = best.repeat(runs, 1), math.ceil(3 / lr) + 20
    total = 0.0
    for t in range(2 * steps):
        rows = torch.randint(n, (runs, B), generator=generator)
        theta = theta - lr * batch_gradient(theta, rows)
        total += float(excess(theta).mean()) if t >= steps else 0.0
    return total / steps


measured = settle(0.1, 10, torch.Generator().manual_seed(4))
print("rate 0.1, batches of 10")
print(f"small rate {small_rate_floor(0.1, 10):.2e}")
print(f"exact      {exact_floor(0.1, 10):.2e}")
print(f"measured   {measured:.2e}")
assert abs(measured / exact_floor(0.1, 10) - 1) < 0.05

# %% [markdown]
# The measured runs are 300 at once, a row of `theta` each. They start at the minimum and are left alone for $3/\eta$ steps. That is six
# *time constants* of $S$, times of $1/(2\eta\lambda)$ in each of which it comes nearer to its end by the factor $1/\mathrm e$. Now the same for more rates and batches:

# %% alt="Excess loss at which runs settle against the learning rate, both on log scales, for batches of 1, 10 and 100 rows. Three parallel dashed lines for the formula of small rates, each a factor ten below the one above. The exact curves follow them and bend upwards near the largest stable rate of their batch, soonest for single rows. The measured dots lie on the exact curves."
generator = torch.Generator().manual_seed(5)
_, ax = plt.subplots(figsize=(5.6, 4.4), layout="constrained")
dots = {1: (0.03, 0.1, 0.2), 10: (0.03, 0.1, 0.3, 1.0), 100: (0.03, 0.1, 0.3, 1.0)}
ends = {1: 0.4, 10: 1.4, 100: 1.8}
worst = 0.0
for B, rates in dots.items():
    line = torch.logspace(-2, math.log10(ends[B]), 40).tolist()
    ax.loglog(line, [exact_floor(lr, B) for lr in line], color=colours[B])
    tips = line[0], line[-1]
    ax.loglog(tips, [small_rate_floor(lr, B) for lr in tips], "--", color=GREY, lw=1)
    for lr in rates:
        value = settle(lr, B, generator)
        ax.plot(lr, value, "o", color=colours[B])
        worst = max(worst, abs(value / exact_floor(lr, B) - 1))
    ax.text(0.0105, 2.3 * exact_floor(0.0105, B), f"B = {B}", color=colours[B])
ax.text(0.12, 1.2e-6, "lines: exact\ndashes: small rates\ndots: measured")
ax.set(xlabel="learning rate", ylabel="excess loss, settled", ylim=(4e-7, 4e-2))
assert worst < 0.1

# %% [markdown]
# No dot is more than <!--= worst:.0% -->4%<!--/--> off its exact curve, and at small rates the two formulas are one. Where a curve bends upwards the
# rate comes near the end of stability, of which more below.
#
# ### How low is low enough?
#
# The exact answer is no oracle. It is fitted to $n$ noisy rows, and is off the truth by an excess loss of about
# $\sigma^2 (d+1) / (2n)$ itself. A floor below that buys nothing that the data could give. Set one equal to the other:
#
# $$
# \frac{\eta\, \sigma^2 (d+1)}{4B} \le \frac{\sigma^2 (d+1)}{2n}
# \quad\Longleftrightarrow\quad
# \eta \le \frac{2B}{n} .
# $$
#
# Noise and number of features have dropped out. For batches of ten, $\eta \le$ <!--= 2 * 10 / n -->0.02<!--/--> here; the recipe's 0.03 is close to it.
#
# ## Shuffled epochs settle lower
#
# The theory drew rows with replacement. Nobody trains like that: an epoch deals every row once. And there the kicks
# of an epoch cancel, since $\sum_i a_i r_i = 0$ over all rows. What goes up in one batch comes down in the others,
# if the run has not forgotten the first when the last arrives. It forgets at the pace $\eta\lambda$ a step, over $n/B$ steps: let
# $\tau = \eta \lambda n / B$ be the number of time constants of $e$ in an epoch. For equal eigenvalues $\lambda$ and a small rate, summing the kicks
# with their weights $(1 - \eta\lambda)^k$ under the condition that they add up to zero gives the factor by which the floor sinks, at the end of
# an epoch:
#
# $$
# f(\tau) = 1 - \frac{\tanh(\tau/2)}{\tau/2} \approx \begin{cases} \tau^2/12 & \tau \ll 1 \\ 1 - 2/\tau & \tau \gg 1. \end{cases}
# $$


# %%
def shuffled_epoch(theta, lr, B, generator):
    """One epoch for each row of `theta`, each in an order of its own."""
    orders = torch.rand(len(theta), n, generator=generator).argsort(1)
    for rows in orders.split(B, 1):
        theta = theta - lr * batch_gradient(theta, rows)
    return theta


def settle_shuffled(lr, B, generator, runs=200):
    theta, count = best.repeat(runs, 1), math.ceil(3 * B / (lr * n))
    total = 0.0
    for t in range(count + 4):
        theta = shuffled_epoch(theta, lr, B, generator)
        total += float(excess(theta).mean()) / 4 if t >= count else 0.0
    return total


def factor(tau):
    return 1 - math.tanh(tau / 2) / (tau / 2)


# %% alt="The floor of shuffled epochs divided by the floor of draws with replacement, against the time constants per epoch, both on log scales. The predicted curve rises with the square, from below a hundredth, and approaches 1 at the right. Six measured dots lie on it."
generator = torch.Generator().manual_seed(6)
pairs = [(0.02, 100), (0.05, 100), (0.1, 100), (0.1, 50), (0.1, 20), (0.1, 10)]
_, ax = plt.subplots(figsize=(5.6, 3.8), layout="constrained")
line = torch.logspace(-0.9, 1.3, 50).tolist()
ax.loglog(line, [factor(tau) for tau in line], color=BLUE)
ax.axhline(1, color=GREY, linewidth=0.8, linestyle=":")
worst = 0.0
for lr, B in pairs:
    tau, ratio = lr * n / B, settle_shuffled(lr, B, generator) / exact_floor(lr, B)
    ax.plot(tau, ratio, "o", color=ORANGE)
    ax.text(1.12 * tau, 0.85 * ratio, f"{lr:g}, {B}", color=ORANGE, va="top")
    worst = max(worst, abs(ratio / factor(tau) - 1))
ax.text(0.13, 0.88, "draws with replacement", color=GREY, va="top")
ax.text(3, 0.003, "line: predicted\ndots: measured,\nrate and batch size")
ax.set(xlabel=r"time constants per epoch, $\tau$", ylabel="floor, as a share")
assert worst < 0.2

# %% [markdown]
# At small $\tau$ the gain is large: at $\tau = 1$ the floor is <!--= 1 / factor(1):.0f -->13<!--/--> times lower. With the recipe's rate and batch, $\tau = 3$, it is
# <!--= 1 / factor(3):.1f -->2.5<!--/--> times lower. `linreg.sgd` shuffles, so we expect <!--= factor(3) * exact_floor(0.03, 10):.1e -->8.7e-06<!--/--> on average from the recipe; its run in the first table
# ended at <!--= excess(runs[10][-1]):.1e -->4.8e-06<!--/-->. Two warnings belong to it. The figure is for the *end* of an epoch; in between, the
# kicks have not cancelled yet (exercise 4). And it needs the rows to come back: in a stream that never repeats a row, the floor is the higher one.
#
# `linreg.sgd` solves the equation of the floor for its own rate and batch size, and its status says whether the run has come down to it. A single run scatters about the mean, so the level
# that the message names is three standard deviations higher:

# %%
import textwrap

for epochs in (1, 3):
    generator = torch.Generator().manual_seed(1)
    fit = linreg.sgd(X, y, lr=0.03, epochs=epochs, batch_size=10, generator=generator)
    print(f"{epochs} epochs, {fit.status}:")
    print(textwrap.fill(fit.message, 80))

# %% [markdown]
# ## Going on down
#
# The floor is proportional to $\eta / B$. That suggests two cures, a falling rate and a growing batch, and leaves a third that is
# not in the formula: a settled run trembles *about* the minimum, so the mean of its parameters is better than any of them.
#
# - **Decay.** Keep the rate while it helps, then lower it. With $\eta_t = 1/(\mu t)$ the excess falls like $1/t$ for ever. The constant matters: with a quarter
#   of it the run crawls, and $\mu$ is what you seldom know. (Here it is <!--= bowl.mu:.2f -->0.95<!--/-->, and we take 1.) In practice one halves the rate every so many steps.
# - **Averaging** (Polyak and Ruppert). Keep the rate, and return the mean of the parameters since the run settled. Its kicks add up to
#   a covariance of $\sigma^2 H^{-1} / (Bt)$ after $t$ steps, hence
#
# $$
# \operatorname{E} L - L^* \approx \frac{\sigma^2 (d + 1)}{2 B t} .
# $$
#
# - **A larger batch** lowers the floor as a smaller rate does, by the same factor. It pays with work, and helps where many rows take no more time than few.
#
# The formula for the mean has no rate and no eigenvalue in it. It is the error of an exact fit to $Bt$ fresh rows, as if nothing had been lost on the way. Measure all of
# them, with 150 runs each, from zero and drawn with replacement:


# %%
def journey(rate, steps, B=10, runs=150):
    """Parameters (steps, runs, 3) of runs from zero with the rate `rate(t)`."""
    generator, theta, path = torch.Generator().manual_seed(7), torch.zeros(runs, p), []
    for t in range(steps):
        rows = torch.randint(n, (runs, B), generator=generator)
        theta = theta - rate(t) * batch_gradient(theta, rows)
        path.append(theta)
    return torch.stack(path)


def means_from(path, first):
    """The running mean of the path, begun at step `first`."""
    count = torch.arange(1, len(path) - first + 1).reshape(-1, 1, 1)
    return torch.cat((path[:first], path[first:].cumsum(0) / count))


steps, settled = 2000, 100
constant = journey(lambda t: 0.1, steps)
decayed = journey(lambda t: 1 / (10 + max(t - settled, 0)), steps)
timid = journey(lambda t: 0.25 / (2.5 + max(t - settled, 0)), steps)
halved = journey(lambda t: 0.1 * 0.5 ** (t // 300), steps)
averaged, too_early = means_from(constant, settled), means_from(constant, 0)
goal = variance * p / (2 * 10 * (steps - settled))
cures = {"constant rate": constant, "halved every 300": halved}
cures |= {"1/t from step 100": decayed, "a quarter of 1/t": timid}
cures |= {"mean from step 100": averaged, "mean from step 0": too_early}
print(f"mean excess after {steps} steps")
for name, path in cures.items():
    print(f"{name:19} {excess(path[-1]).mean():.1e}")
print(f"{'mean, predicted':19} {goal:.1e}")
assert excess(averaged[-1]).mean() < 1.2 * goal

# %% alt="Mean excess loss against steps, log scales. All runs fall from 3 to about a ten-thousandth within a hundred steps. The run at the constant rate 0.1 stays there, at its predicted floor. Halving the rate goes down in stairs. Decay like 1 over t, and the mean of the parameters from step 100 on, fall together along the predicted line to below a millionth. The mean begun at step 0 carries the start along and only crosses the constant run after two thousand steps."
ticks = torch.unique(torch.logspace(0.7, math.log10(steps), 60).long()) - 1
_, ax = plt.subplots(figsize=(5.6, 4.8), layout="constrained")
looks = [(ORANGE, 1.5, too_early), (PURPLE, 1.5, constant), (GREEN, 1.5, halved)]
looks += [(BLUE, 5, averaged), ("black", 1.2, decayed)]
for colour, width, path in looks:
    fade = 0.4 if width > 2 else 1
    means = excess(path[ticks]).mean(1)
    ax.loglog(ticks + 1, means, color=colour, linewidth=width, alpha=fade)
averaged_over = torch.logspace(1, math.log10(steps - settled), 20)
predicted = variance * p / (20 * averaged_over)
ax.loglog(settled + averaged_over, predicted, "--", color=GREY, linewidth=1)
ax.axhline(exact_floor(0.1, 10), color=GREY, linewidth=0.8, linestyle=":")
ax.text(120, 0.04, "mean from step 0", color=ORANGE)
ax.text(2200, 9e-5, "constant", color=PURPLE)
ax.text(2200, 2e-6, "halved\nevery 300", color=GREEN)
note = "mean from step 100 (band),\n1/t from step 100 (line):\nas predicted (dashes)"
ax.text(5, 3e-7, note)
ax.set(xlim=(4, 13000), ylim=(2e-7, 5))
ax.set(xlabel="steps of batches of 10", ylabel="mean excess loss")

# %% [markdown]
# The mean and the decay lie on the prediction, which they share; the constant rate stays where the floor formula says, for as long as you care
# to wait. The mean must not begin at step 0. It then keeps a share of the start, which falls only like $1/t^2$ while the run itself forgot it
# exponentially.
#
# ## The largest rate for a batch
#
# Full batch, every rate below $2/\lambda_{\max} =$ <!--= bowl.largest_stable_rate:.3f -->1.929<!--/--> converges. Take 1.9, in batches of ten:

# %%
lr = 1.9
print("full batch:", linreg.gradient_descent(X, y, lr=lr, steps=1000).status.value)
generator = torch.Generator().manual_seed(8)
fit = linreg.sgd(X, y, lr=lr, epochs=20, batch_size=10, generator=generator)
print("batches of 10:", fit.status.value)
print(textwrap.fill(fit.message, 80))

# %% [markdown]
# Ten rows are a rougher sample than a thousand. Their matrix $H_B$ has the mean $H$ and scatters about it, and its largest eigenvalue is larger on
# average: the maximum of a mean is at most the mean of the maxima. So a batch taken alone has a limit of its own, mostly a
# smaller one. Here are the limits of the 3000 batches of thirty epochs:

# %% alt="Histogram of 2 over lambda max for 3000 batches of ten rows. It reaches from about 0.5 to 2, with its peak near 1.3. The largest stable rate of runs with such batches lies right of the peak, and that of the full batch at the far right end."
generator = torch.Generator().manual_seed(9)
A_batches = A[torch.rand(30, n, generator=generator).argsort(1).reshape(-1, 10)]
H_batches = A_batches.transpose(1, 2) @ A_batches / 10  # (3000, 3, 3)
limits = 2 / torch.linalg.eigvalsh(H_batches)[:, -1]


def largest_stable_rate(B):
    """In the mean square, for rows drawn with replacement."""
    growth = torch.linalg.eigvals(torch.linalg.solve(both, second_order(B)))
    return float(1 / growth.real.max())


in_mean = largest_stable_rate(10)
_, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
ax.hist(
    limits.tolist(), bins=[0.4 + 0.05 * k for k in range(34)], color=BLUE, alpha=0.5
)
for place, words, colour in (
    (in_mean, "runs of\nbatches of 10", ORANGE),
    (bowl.largest_stable_rate, "full\nbatch", "black"),
):
    ax.axvline(place, color=colour, linewidth=1.5)
    ax.text(place + 0.02, 345, words, color=colour, va="top")
ax.text(0.45, 150, "single batches of 10,\neach by itself", color=BLUE)
ax.set(xlabel="largest stable rate", ylabel="batches", ylim=(0, 350), xlim=(0.4, 2.2))

# %% [markdown]
# <!--= (limits < bowl.largest_stable_rate).double().mean():.1% -->97.9%<!--/--> of the batches have a smaller limit than all the data. But a rate above the limit of *some* batches is no disaster, because the next batch is another one and pulls in what the last has thrown out. What counts is
# whether the mean of $\lVert e \rVert^2$ grows. The equation of the floor has the answer in it: its solution blows up where the matrix on the left
# becomes singular, at $\eta =$ <!--= in_mean:.3f -->1.485<!--/--> for batches of ten. Above it, a run can look well most of the time. The excess loss of 500 runs after 200 steps:

# %%
print(" lr   median     mean")
for lr in (1.0, 1.4, 1.6, 1.7):
    theta, generator = torch.zeros(500, p), torch.Generator().manual_seed(10)
    for _ in range(200):
        rows = torch.randint(n, (500, 10), generator=generator)
        theta = theta - lr * batch_gradient(theta, rows)
    ends = excess(theta)
    print(f"{lr:3} {ends.median():8.2g} {ends.mean():8.2g}")

# %% [markdown]
# With two columns and batches of ten that is <!--= in_mean / bowl.largest_stable_rate:.0% -->77%<!--/--> of the full-batch limit. With many columns the batch decides: for normal features the limit is below $2B / \operatorname{tr} H$, which for the hundred columns
# [above](#with-many-columns) is <!--= 20 / linreg.hessian(wide["100, independent"][0]).trace():.1f -->0.2<!--/-->, where the full batch allows <!--= linreg.curvature(wide["100, independent"][0]).largest_stable_rate:.1f -->1.2<!--/-->.
#
# At 1.7, half of the 500 runs end low, and a few are so far out that the mean means nothing. One run does not tell
# you that a rate is stable. (The rate in the message above is stable for every batch by itself, in any order, and very cautious.)
#
# ### Twice the batch, twice the rate
#
# The first part of a run goes by $\eta \cdot \text{steps}$, that is by $\eta n / B$ an epoch, and its floor by $\eta / B$. Double both rate and batch:
# neither changes, and neither does $\eta \operatorname{tr} H / B$. This is the **linear scaling rule**. It holds while $\eta\lambda$ stays well below 1, and
# ends where the rate runs into its limit. Here is the excess after one epoch from
# zero, shuffled, the mean of 200 runs, and the exact noise floor of draws with replacement:

# %%
print("   B    lr   limit    epoch   settled")
for B in (10, 20, 50, 100, 200, 500, 1000):
    lr, limit = 2 * B / n, largest_stable_rate(B)
    generator = torch.Generator().manual_seed(11)
    after = excess(shuffled_epoch(torch.zeros(200, p), lr, B, generator)).mean()
    stays = f"{exact_floor(lr, B):.2e}" if lr < limit else "diverges"
    print(f"{B:4} {lr:5.2f} {limit:7.3f} {after:8.4f} {stays:>9}")

# %% [markdown]
# The limit grows with the batch as well, from <!--= largest_stable_rate(1):.3f -->0.443<!--/--> for single rows, and comes to rest at that of the full batch. Below that limit, a larger batch with a proportionally larger rate makes even more progress per epoch, because
# $(1 - \eta\lambda)^{1/\eta}$ is below $e^{-\lambda}$: at $B = 500$ the rate is about $1/\lambda$ and two steps do it. One doubling later it is over.
#
# ## Order and leftovers
#
# ### Shuffle
#
# "Unbiased" rested on a random order. Files often come sorted. Sort noisy data by the target and deal them out as they lie:

# %% alt="The intercept over three epochs of 100 steps. With shuffled rows it rises to the exact answer 2 within the first epoch and trembles about it. With rows sorted by the target it sinks below zero, climbs far beyond 3 by the end of each epoch, and falls back when the next begins."
X_noisy, y_noisy = linreg.simulate(
    noise=1.0, generator=torch.Generator().manual_seed(0)
)
exact = linreg.solve(X_noisy, y_noisy)
generator = torch.Generator().manual_seed(12)
_, ax = plt.subplots(figsize=(5.6, 3.8), layout="constrained")
ends = {}
for name, colour in (("sorted by target", ORANGE), ("shuffled", BLUE)):
    w, b, path = torch.zeros(2), torch.zeros(()), []
    for _ in range(3):
        order = torch.randperm(n, generator=generator)
        if name != "shuffled":
            order = y_noisy.argsort()
        for rows in order.split(10):
            w, b = linreg.step(X_noisy[rows], y_noisy[rows], w, b, lr=0.1)
            path.append(b)
    ends[name] = linreg.squared_loss(linreg.predict(X_noisy, w, b), y_noisy)
    ax.plot(range(1, 301, 3), path[::3], color=colour)
ax.axhline(exact.b, color=GREY, linewidth=0.8, linestyle=":")
ax.text(30, 2.45, "shuffled", color=BLUE)
ax.text(106, 3.3, "sorted by target", color=ORANGE)
ax.set(
    xlabel="steps of batches of 10, three epochs", ylabel="intercept b (dotted: exact)"
)
for name, loss in ends.items():
    print(f"{name:17} loss {loss:.3f}")
print(f"{'exact answer':17} loss {exact.loss:.3f}")

# %% [markdown]
# Each batch now pulls towards its own slice of the targets, and the slices come in order. At the end of an epoch the run believes the rows it
# saw last. More epochs only repeat the swing. Shuffle every epoch, or at least once.
#
# ### The last batch
#
# When $B$ does not divide $n$, the last batch is short. Its mean is noisier and its step is as long as the others', so each of its rows weighs more.
# A thousand rows in batches of 111 leave one over, and its noise is in every loss you look at, since you look at the end of an epoch:

# %%
B, lr = 111, 0.3
assert n % B == 1


def last_batch(how, epochs=8, runs=200):
    """Mean excess loss at the ends of the later half of the epochs, from the minimum."""
    generator = torch.Generator().manual_seed(13)
    theta, total = best.repeat(runs, 1), 0.0
    for epoch in range(epochs):
        orders = torch.rand(runs, n, generator=generator).argsort(1)
        for rows in orders.split(B, 1):
            size = rows.shape[1]
            if how != "dropped" or size == B:
                rate = lr * size / B if how == "weighted by size" else lr
                theta = theta - rate * batch_gradient(theta, rows)
        total += float(excess(theta).mean()) if 2 * epoch >= epochs else 0.0
    return 2 * total / epochs


ways = "a full step", "weighted by size", "dropped"
leftover = {how: last_batch(how) for how in ways}
for how, value in leftover.items():
    print(f"{how:17} {value:.1e}")

# %% [markdown]
# One row in a thousand makes the loss at the end of an epoch <!--= leftover["a full step"] / leftover["dropped"]:.0f -->144<!--/--> times worse. Drop the short batch (`drop_last=True` in PyTorch;
# the next shuffle leaves out another row), weight its step by its size, or choose a $B$ that divides $n$.
#
# ### DataLoader
#
# `torch.utils.data.DataLoader` deals rows into batches for you. Give it the order, and it gives the batches that you get by slicing, to the bit:

# %%
from torch.utils.data import DataLoader, TensorDataset

order = torch.randperm(n, generator=torch.Generator().manual_seed(14))
data = TensorDataset(X, y)
loader = DataLoader(data, batch_size=111, sampler=order.tolist())
print("batches:", len(loader), " with drop_last:", end=" ")
print(len(DataLoader(data, batch_size=111, drop_last=True)))


def one_epoch(batches):
    w, b = torch.zeros(2), torch.zeros(())
    for X_batch, y_batch in batches:
        w, b = linreg.step(X_batch, y_batch, w, b, lr=0.03)
    return torch.hstack((b, w))


sliced = one_epoch((X[rows], y[rows]) for rows in order.split(111))
print("same bits:", torch.equal(one_epoch(loader), sliced))
assert torch.equal(one_epoch(loader), sliced)

# %% [markdown]
# In use you write `DataLoader(data, batch_size=100, shuffle=True, generator=generator)`, with a generator so that the order can be repeated. It fetches row by row in Python and
# can do so in other processes, which pays for images that must be read and decoded. For a tensor that is in memory already, slicing is the faster way; [Benchmarks](../about/benchmarks.md#descent) has the times.
#
# ## What was shown
#
# - Steps are epochs times $\lceil n/B \rceil$. A change of the batch at equal epochs is a change of the number of steps.
# - Far from the minimum a step on $B$ rows is as good as one on all while $\eta \operatorname{tr} H / B$ is well below 1 (run with 2, 20 and 100 columns). Near it a constant rate stalls at $\eta \sigma^2 (d + 1) / (4B)$, lower if epochs are shuffled;
#   $\eta \le 2B/n$ is low enough for the data.
# - The mean of the parameters after the run has settled, or a rate that decays like $1/t$, goes on down as an exact fit to ever more rows would.
# - The largest stable rate falls with the batch. Twice the batch allows twice the rate, until the rate comes near that limit.
# - Shuffle, and mind the last batch.
#
# ## Exercises
#
# **1. Count.** Write `count(n, B, epochs, drop_last)`, the number of steps. This checks yours against a `DataLoader`:


# %%
def check_count(count):
    for rows, B in ((60_000, 64), (1000, 10), (7, 10)):
        for drop_last in (False, True):
            loader = DataLoader(range(rows), batch_size=B, drop_last=drop_last)
            if count(rows, B, 5, drop_last) != 5 * len(loader):
                return False
    return True


# %% [markdown] answer="Answer"
# Without the short batch round down, with it round up. With fewer rows than a batch holds, dropping leaves no step at all: such a run ends where it started and says nothing.


# %% answer="Answer"
def count(n, B, epochs, drop_last):
    return epochs * (n // B if drop_last else -(-n // B))


assert check_count(count)
print(count(60_000, 64, 5, False), count(60_000, 64, 5, True), count(7, 10, 5, True))

# %% [markdown]
# **2. A sum instead of a mean.** Somebody minimises half the *sum* over the batch, $\frac12 \sum r_i^2$. With batches of ten the rate 0.003 works well.
# Which rate takes the same path with the mean? Which rate does the sum need with batches of twenty, for the same progress an epoch?

# %% [markdown] answer="Answer"
# The sum's gradient is $B$ times the mean's, so 0.003 of the sum is 0.03 of the mean. For twenty the linear scaling rule asks for twice the rate of the mean, and half of twice is the same: the rate of the sum stays 0.003.
# A sum has the rule built in, and with it the end of the rule: let the batch grow at a fixed rate, and it diverges.


# %% answer="Answer"
def mini(reduction, lr, B):
    generator = torch.Generator().manual_seed(15)
    settings = {"epochs": 1, "batch_size": B, "generator": generator}
    fit = linreg.sgd(X, y, lr=lr, reduction=reduction, **settings)
    return torch.hstack((fit.b, fit.w))


for B in (10, 20):
    by_sum, by_mean = mini("half_sum", 0.003, B), mini("half_mean", 0.003 * B, B)
    print(f"B = {B}: same path {torch.allclose(by_sum, by_mean)}, ", end="")
    print(f"excess {excess(by_sum):.4f}")
generator = torch.Generator().manual_seed(15)
settings = {"epochs": 5, "batch_size": 1000, "generator": generator}
print(linreg.sgd(X, y, lr=0.003, reduction="half_sum", **settings).status.value)

# %% [markdown]
# **3. Low enough.** You want the floor of draws with replacement at a tenth of the error that the exact answer has itself, $\sigma^2 (d+1)/(2n)$, with batches of 32. Which rate? This runs
# yours and compares:


# %%
def check_low_enough(lr):
    goal = float(variance) * p / (2 * n) / 10
    reached = settle(lr, 32, torch.Generator().manual_seed(16))
    print(f"goal {goal:.1e}, measured {reached:.1e}")
    return 0.85 < reached / goal < 1.15


# %% [markdown] answer="Answer"
# Equal means $\eta = 2B/n$; a tenth of it is <!--= 0.2 * 32 / n:.4f -->0.0064<!--/-->. To settle takes $3/\eta$, some five hundred steps: low floors are slow. Averaging gets there
# with a large rate.

# %% answer="Answer"
assert check_low_enough(0.2 * 32 / n)

# %% [markdown]
# **4. Between two epochs.** The low floor of shuffled epochs was for their end. At $\tau = 1$, how does the excess go *within* an epoch? Guess the shape, then measure it for
# rate 0.1 and batches of 100, as shares of the floor with replacement.

# %% [markdown] answer="Answer"
# A bridge: low at both ends, high in the middle. The sum of the first $k$ of $m$ kicks that add up to zero has a variance in proportion to $k (m - k)$. If you stop in the
# middle of an epoch, you lose most of what shuffling has gained.

# %% answer="Answer"
generator, theta = torch.Generator().manual_seed(17), best.repeat(1000, 1)
for _ in range(3):
    theta = shuffled_epoch(theta, 0.1, 100, generator)
shares = [float(excess(theta).mean()) / exact_floor(0.1, 100)]
orders = torch.rand(len(theta), n, generator=generator).argsort(1)
for rows in orders.split(100, 1):
    theta = theta - 0.1 * batch_gradient(theta, rows)
    shares.append(float(excess(theta).mean()) / exact_floor(0.1, 100))
print(" ".join(f"{share:.2f}" for share in shares))
assert max(shares) == max(shares[4:7])

# %% [markdown]
# ## Where next
#
# You have seen how a run behaves that is right. [Bug clinic](bugs.py) shows ten that are wrong and raise no error, a summed loss and a stale cell among them, and finds each by its symptom. When the rows do not fit into memory, [one pass over them](../part3/rows-machines.py) gives the exact answer.
