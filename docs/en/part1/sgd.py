# %% [markdown]
# # SGD, computed
#
# After this page you can compute where a run of SGD settles, at any rate and batch size, how much lower shuffled epochs settle, and above which rate it does not settle at all.
#
# <!-- specialist -->
#
# **The question.** [Epochs, batches, steps](batches.py) gave the floor for small rates. What holds without the approximation?
#
# ## The equation of the floor
#
# Write $a_i = (1, x_i)$ for a row of $\tilde X$, $r_i$ for its residual at the minimum, and $e_t$ for the error of the parameters. One step on a batch with the
# matrix $H_B = \frac1B \sum a_i a_i^\top$ and the kick $q_B = \frac1B \sum a_i r_i$ is exactly
#
# $$
# e_{t+1} = (I - \eta H_B)\, e_t + \eta\, q_B .
# $$
#
# Draw every row of every batch anew, with replacement. The batch is then independent of $e_t$, the kick has mean zero, because the residual is orthogonal to the columns, and its [covariance](toolbox.md#variance-of-a-mean) is $C / B$ with $C = \frac1n \sum r_i^2 a_i a_i^\top$. Once the run has
# settled, the mean of $e$ is zero, the cross terms vanish, and the covariance $S = \operatorname{E}\, e e^\top$ no longer changes:
#
# $$
# H S + S H = \eta \biggl[ \Bigl(1 - \tfrac1B\Bigr) H S H + \frac{1}{B n} \sum_i a_i a_i^\top S\, a_i a_i^\top + \frac{C}{B} \biggr] .
# $$
#
# This is linear in the $p^2$ entries of $S$. The mean excess loss is $\frac12 \operatorname{tr}(HS)$. Without the two terms in $\eta S$, and with $C = \sigma^2 H$, the solution is
# $S = \frac{\eta\sigma^2}{2B} I$, which is [the floor for small rates](batches.py#the-noise-floor).

# %%
import math
import textwrap

import torch

import linreg

torch.set_default_dtype(torch.float64)
toy = linreg.simulate(generator=torch.Generator().manual_seed(0))
ordinary = linreg.ordinary()[:2]
both = {"toy": toy, "ordinary": ordinary}


def answer(X, y):
    fit = linreg.solve(X, y)
    return torch.hstack((fit.b, fit.w))  # (p,), p = d + 1


def excess(theta, X, y):
    e = theta - answer(X, y)
    return ((e @ linreg.hessian(X)) * e).sum(-1) / 2


def equation(X, B):
    """The maps S -> HS + SH and S -> [...] of the equation, as (p^2, p^2) matrices."""
    A, H = linreg.fold_bias(X), linreg.hessian(X)
    unit = torch.eye(len(H))
    left = torch.kron(H, unit) + torch.kron(unit, H)
    pairs = torch.einsum("ni,nj->nij", A, A).flatten(1)  # (n, p^2), each a a'
    fourth = pairs.T @ pairs / len(A)  # means of a_i a_j a_k a_l
    p = len(H)
    fourth = fourth.reshape(p, p, p, p).permute(0, 2, 1, 3).reshape(p * p, p * p)
    return left, (1 - 1 / B) * torch.kron(H, H) + fourth / B


def exact_floor(X, y, lr, B):
    left, right = equation(X, B)
    A, H = linreg.fold_bias(X), linreg.hessian(X)
    r = y - A @ answer(X, y)
    C = (A * r.unsqueeze(1).square()).T @ A / len(y)
    S = torch.linalg.solve(left - lr * right, lr * C.flatten() / B)
    return float((H.flatten() @ S) / 2)


def small_rate_floor(X, y, lr, B):
    variance = 2 * linreg.solve(X, y).loss
    return float(lr * variance * linreg.hessian(X).trace() / (4 * B))


def batch_gradient(theta, A, y, rows):
    """Gradient (..., p) of the loss on `rows` (..., B) at parameters (..., p)."""
    A_batch = A[rows]  # (..., B, p), the column of ones included
    error = (A_batch @ theta.unsqueeze(-1)).squeeze(-1) - y[rows]
    return (error.unsqueeze(-2) @ A_batch).squeeze(-2) / rows.shape[-1]


def settle(X, y, lr, B, runs=300, seed=4):
    """Mean excess loss of many runs, drawn with replacement, once they have settled."""
    generator = torch.Generator().manual_seed(seed)
    A, theta = linreg.fold_bias(X), answer(X, y).repeat(runs, 1)
    steps = math.ceil(3 / (lr * linreg.curvature(X).mu)) + 20  # six time constants of S
    levels = []
    for t in range(2 * steps):
        rows = torch.randint(len(y), (runs, B), generator=generator)
        theta = theta - lr * batch_gradient(theta, A, y, rows)
        if t >= steps and t % max(1, steps // 60) == 0:
            levels.append(excess(theta, X, y).mean())
    return float(torch.stack(levels).mean())


print("             lr    B   small rate      exact   measured")
for name, lr, B in (
    ("toy", 0.1, 10),
    ("toy", 0.1, 1),
    ("ordinary", 0.02, 10),
    ("ordinary", 0.02, 2),
):
    case = (*both[name], lr, B)
    small, exact = small_rate_floor(*case), exact_floor(*case)
    measured = settle(*case, runs=300 if name == "toy" else 70)
    print(f"{name:9} {lr:5} {B:4} {small:12.2e} {exact:10.2e} {measured:10.2e}")
    assert abs(measured / exact - 1) < 0.05

# %% [markdown]
# For more rates and batches on the toy:

# %% alt="Excess loss at which runs settle against the learning rate, both on log scales, for batches of 1, 10 and 100 rows. Three parallel dashed lines for the formula of small rates, each a factor ten below the one above. The exact curves follow them and bend upwards near the largest stable rate of their batch, soonest for single rows. The measured dots lie on the exact curves."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE

_, ax = plt.subplots(figsize=(5.6, 4.4), layout="constrained")
dots = {1: (0.03, 0.1, 0.2), 10: (0.03, 0.1, 0.3, 1.0), 100: (0.03, 0.1, 0.3, 1.0)}
last_rate = {1: 0.4, 10: 1.4, 100: 1.8}
worst = 0.0
for (B, rates), colour in zip(dots.items(), (ORANGE, BLUE, GREEN), strict=True):
    line = torch.logspace(-2, math.log10(last_rate[B]), 40).tolist()
    curve = [exact_floor(*toy, lr, B) for lr in line]
    ax.loglog(line, curve, color=colour)
    tips = line[0], line[-1]
    ax.loglog(
        tips, [small_rate_floor(*toy, lr, B) for lr in tips], "--", color=GREY, lw=1
    )
    assert abs(curve[0] / small_rate_floor(*toy, line[0], B) - 1) < 0.05
    assert curve[-1] > 2 * small_rate_floor(*toy, line[-1], B)
    for lr in rates:
        value = settle(*toy, lr, B, seed=5)
        ax.plot(lr, value, "o", color=colour)
        worst = max(worst, abs(value / exact_floor(*toy, lr, B) - 1))
    ax.text(line[0], 2.8 * curve[0], f"B = {B}", color=colour)
ax.text(0.12, 1.2e-6, "lines: exact\ndashes: small rates\ndots: measured")
ax.set(xlabel="learning rate", ylabel="excess loss, settled", ylim=(4e-7, 4e-2))
assert worst < 0.1

# %% [markdown]
# No dot is more than <!--= worst:.0% -->3%<!--/--> off its exact curve.
#
# ## Shuffled epochs settle lower
#
# An epoch deals every row once, and then its kicks cancel, since $\sum_i a_i r_i = 0$ over all rows: what goes up in one batch comes down in the others,
# if the run has not forgotten the first when the last arrives. It forgets at the pace $\eta\lambda$ in each step. Let
# $\tau = \eta \lambda n / B$ be the number of time constants in an epoch. For equal eigenvalues $\lambda$ and a small rate, summing the kicks
# with their weights $(1 - \eta\lambda)^k$, given that they add up to zero, yields what is left of the floor at the end of
# an epoch, as a factor:
#
# $$
# f(\tau) = 1 - \frac{\tanh(\tau/2)}{\tau/2} \approx \begin{cases} \tau^2/12 & \tau \ll 1 \\ 1 - 2/\tau & \tau \gg 1. \end{cases}
# $$
#
# With different eigenvalues the floor is a sum over eigenvectors, each with its own $\tau$, weighted by its share $\lambda_j / \operatorname{tr} H$ of the trace:


# %%
def factor(X, lr, B):
    """The floor of shuffled epochs as a share of that with replacement."""
    eigenvalues = linreg.curvature(X).eigenvalues
    tau = lr * eigenvalues * len(X) / B
    f = 1 - torch.tanh(tau / 2) / (tau / 2)
    return float((eigenvalues * f).sum() / eigenvalues.sum())


def shuffled_epoch(theta, X, y, lr, B, generator):
    """One epoch for each row of `theta`, each in an order of its own."""
    A = linreg.fold_bias(X)
    orders = torch.rand(len(theta), len(y), generator=generator).argsort(1)
    for rows in orders.split(B, 1):
        theta = theta - lr * batch_gradient(theta, A, y, rows)
    return theta


def settle_shuffled(X, y, lr, B, runs, seed=6):
    generator = torch.Generator().manual_seed(seed)
    theta = answer(X, y).repeat(runs, 1)
    count = math.ceil(3 * B / (lr * linreg.curvature(X).mu * len(y)))
    total = 0.0
    for t in range(count + 4):
        theta = shuffled_epoch(theta, X, y, lr, B, generator)
        total += float(excess(theta, X, y).mean()) / 4 if t >= count else 0.0
    return total


ratios = {}
for name, lr, B in (
    ("toy", 0.02, 100),
    ("toy", 0.05, 100),
    ("toy", 0.1, 100),
    ("toy", 0.1, 20),
    ("toy", 0.1, 10),
    ("ordinary", 0.005, 30),
    ("ordinary", 0.005, 10),
):
    X, y = both[name]
    measured = settle_shuffled(X, y, lr, B, runs=200 if name == "toy" else 70)
    measured = measured / exact_floor(X, y, lr, B)
    ratios[name, lr, B] = factor(X, lr, B), measured
    print(
        f"{name:9} {lr:5} {B:4} predicted {factor(X, lr, B):.3f}, measured {measured:.3f}"
    )
    assert abs(measured / factor(X, lr, B) - 1) < 0.2

# %% alt="The floor of shuffled epochs divided by the floor of draws with replacement, against the time constants in an epoch of the toy, both on log scales. The predicted curve rises with the square, from below a hundredth, and approaches 1 at the right. Five measured dots lie on it."
_, ax = plt.subplots(figsize=(5.6, 3.8), layout="constrained")
line = torch.logspace(-0.9, 1.3, 50)
curve = 1 - torch.tanh(line / 2) / (line / 2)
ax.loglog(line, curve, color=BLUE)
assert bool((curve.diff() > 0).all())
assert abs(curve.log().diff()[0] / line.log().diff()[0] - 2) < 0.01
assert curve[0] < 0.01 < 0.85 < curve[-1] < 1
ax.axhline(1, color=GREY, linewidth=0.8, linestyle=":")
for (name, lr, B), (_, measured) in ratios.items():
    if name == "toy":
        tau = lr * len(toy[1]) / B  # its eigenvalues are close to 1
        assert abs(math.log(measured / (1 - math.tanh(tau / 2) / (tau / 2)))) < 0.2
        ax.plot(tau, measured, "o", color=ORANGE)
        ax.text(1.12 * tau, 0.85 * measured, f"{lr:g}, {B}", color=ORANGE, va="top")
ax.text(0.13, 0.88, "draws with replacement", color=GREY, va="top")
ax.text(3, 0.003, "line: predicted\ndots: measured,\nrate and batch size")
ax.set(xlabel="time constants in an epoch, τ", ylabel="floor, as a share")
assert sum(name == "toy" for name, _, _ in ratios) == 5

# %% [markdown]
# Two limits: the figure is for the *end* of an epoch, since in between the kicks have not cancelled yet (exercise 2), and it needs the rows to come back. In a stream that never repeats a row, the floor is the higher one.
#
# `linreg.sgd` solves the equation of the floor for its own rate and batch size, and its status says whether the run has come down to it. One run scatters about the mean, so the level
# that the message names is three standard deviations higher:

# %%
for epochs in (1, 3):
    generator = torch.Generator().manual_seed(1)
    run = linreg.sgd(*toy, lr=0.03, epochs=epochs, batch_size=10, generator=generator)
    print(f"epochs: {epochs}, status: {run.status}")
    print(textwrap.fill(run.message, 80))

# %% [markdown]
# ## The largest rate
#
# The matrix $H_B$ of a batch scatters about $H$, and its largest eigenvalue is larger on average: the maximum of a mean is at most the mean of the maxima. So a batch taken alone mostly has a smaller limit than all rows. But a rate above the limit of *some* batches does no harm if the next batch pulls in what the last has thrown out. What counts is
# whether the mean of $\lVert e \rVert^2$ grows, and the equation of the floor says when: its solution blows up where the matrix on the left, minus $\eta$ times that on the right, becomes singular.


# %%
def largest_stable_rate(X, B):
    """In the mean square, for rows drawn with replacement."""
    left, right = equation(X, B)
    growth = torch.linalg.eigvals(torch.linalg.solve(left, right))
    return float(1 / growth.real.max())


print("            B   2B/tr H   in the mean square   full batch")
for name, (X, _) in both.items():
    whole = linreg.curvature(X).largest_stable_rate
    for B in (1, 10, 100):
        envelope = 2 * B / float(linreg.hessian(X).trace())
        limit = largest_stable_rate(X, B)
        print(f"{name:9} {B:3} {envelope:9.3f} {limit:20.3f} {whole:12.3f}")
        assert limit < min(envelope, whole)

# %% alt="Histogram of 2 over lambda max for batches of ten rows of the toy. It reaches from about 0.5 to 2, with its peak near 1.3. The largest stable rate of runs with such batches lies right of the peak, and that of the full batch at the far right end."
X_toy = toy[0]
generator = torch.Generator().manual_seed(9)
dealt = torch.rand(30, len(X_toy), generator=generator).argsort(1).reshape(-1, 10)
A_batches = linreg.fold_bias(X_toy)[dealt]
H_batches = A_batches.transpose(1, 2) @ A_batches / 10  # (batches, 3, 3)
limits = 2 / torch.linalg.eigvalsh(H_batches)[:, -1]
in_mean = largest_stable_rate(X_toy, 10)
full_batch = linreg.curvature(X_toy).largest_stable_rate
assert limits.median() < in_mean < full_batch
assert 0.4 < limits.min() < 0.6 < 1.8 < limits.max() < 2.1
assert 1.2 < limits.median() < 1.4

_, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
ax.hist(
    limits.tolist(), bins=[0.4 + 0.05 * k for k in range(34)], color=BLUE, alpha=0.5
)
for place, words, colour in (
    (in_mean, "runs of\nbatches of 10", ORANGE),
    (full_batch, "full batch", "black"),
):
    ax.axvline(place, color=colour, linewidth=1.5)
    ax.text(place + 0.02, 345, words, color=colour, va="top")
ax.text(0.45, 210, "single batches of 10,\neach by itself", color=BLUE)
ax.set(xlabel="largest stable rate", ylabel="batches", ylim=(0, 350), xlim=(0.4, 2.35))

# %% [markdown]
# <!--= (limits < full_batch).double().mean():.1% -->97.9%<!--/--> of the <!--= len(limits) -->3000<!--/--> batches have a smaller limit than all the data. Above the limit in the mean square, here <!--= in_mean:.3f -->1.485<!--/-->, a run can still look well most of the time. The excess loss of 500 runs on the toy after 200 steps:


# %%
def ends(X, y, lr, B, steps, runs=500, seed=10):
    """Excess loss (runs,) after so many steps from zero."""
    generator = torch.Generator().manual_seed(seed)
    A, theta = linreg.fold_bias(X), torch.zeros(runs, X.shape[1] + 1)
    for _ in range(steps):
        rows = torch.randint(len(y), (runs, B), generator=generator)
        theta = theta - lr * batch_gradient(theta, A, y, rows)
    return excess(theta, X, y)


print(" lr   median     mean")
for lr in (1.0, 1.4, 1.6, 1.7):
    left = ends(*toy, lr, 10, steps=200)
    print(f"{lr:3} {left.median():8.2g} {left.mean():8.2g}")

# %% [markdown]
# At 1.7, half of the 500 runs end low, and a few are so far out that the mean means nothing. One run does not tell
# you that a rate is stable.
#
# ### Twice the batch, twice the rate
#
# The first part of a run depends on $\eta \cdot \text{steps}$, which is $\eta n / B$ in each epoch, and the floor on $\eta / B$. So the linear scaling rule holds while $\eta\lambda$ stays well below 1, and
# ends at the limit of the rate. The excess after one shuffled epoch from zero, the mean of 200 runs on the toy, and the exact floor of draws with replacement:

# %%
print("   B    lr   limit    epoch   settled")
for B in (10, 20, 50, 100, 200, 500, 1000):
    lr, limit = 2 * B / 1000, largest_stable_rate(X_toy, B)
    generator = torch.Generator().manual_seed(11)
    left = shuffled_epoch(torch.zeros(200, 3), *toy, lr, B, generator)
    stays = f"{exact_floor(*toy, lr, B):.2e}" if lr < limit else "diverges"
    print(f"{B:4} {lr:5.2f} {limit:7.3f} {excess(left, *toy).mean():8.4f} {stays:>9}")

# %% [markdown]
# Below the limit, a larger batch with a proportionally larger rate even makes more progress in an epoch, because
# $(1 - \eta\lambda)^{1/\eta}$ is below $e^{-\lambda}$. One doubling after the best row it is over.
#
# ## What was shown
#
# - The covariance in which SGD settles solves one linear equation (toy and ordinary data, rows drawn with replacement).
# - Shuffled epochs settle lower, at $1 - \tanh(\tau/2)/(\tau/2)$ times the floor for each eigenvector, at the end of an epoch and for small rates (both data sets).
# - The largest stable rate in the mean square comes from the same equation. It is below $2B/\operatorname{tr} H$ and below the limit of the full batch (both data sets).
#
# ## Exercises
#
# **1. By pencil.** The model is a constant, $y = b$, so $d = 0$, $H = H_B = 1$ and $C = \sigma^2$. Solve the equation of the floor. For which rates does the run settle, and what is the floor at rate 1?

# %% [markdown] answer="Hint"
# All matrices are numbers, and $a_i = 1$ for every row.

# %% [markdown] answer="Answer"
# $2S = \eta [S + \sigma^2/B]$, so $S = \eta\sigma^2 / (B(2 - \eta))$, for rates below 2 whatever the batch. At rate 1, $S = \sigma^2/B$: each step forgets everything and takes the mean of its batch. Against 2000 runs at rate 0.8 with batches of five:

# %% answer="Answer"
noise = torch.randn(400, generator=torch.Generator().manual_seed(0))
variance = float(noise.var(correction=0))


def settled(variance, lr, B):
    return lr * variance / (B * (2 - lr)) / 2  # the excess is S / 2


generator = torch.Generator().manual_seed(1)
b = torch.full((2000,), float(noise.mean()))
for _ in range(40):
    b = b - 0.8 * (
        b - noise[torch.randint(400, (2000, 5), generator=generator)].mean(1)
    )
measured = float((b - noise.mean()).square().mean() / 2)
linreg.check(settled(variance, 0.8, 5), measured, tol=0.1)

# %% [markdown]
# **2. Predict the picture.** At $\tau = 1$, how does the excess go *within* a shuffled epoch? Sketch it, as a share of the floor with replacement, then measure it for rate 0.1 and batches of 100 on the toy.

# %% [markdown] answer="Hint"
# What is the variance of the sum of the first $k$ of $m$ kicks that add up to zero, for $k = 0$ and $k = m$?

# %% [markdown] answer="Answer"
# A bridge: low at both ends and high in the middle, since that variance is proportional to $k (m - k)$. A run that stops in the middle of an epoch loses most of what shuffling has gained.

# %% answer="Answer" alt="The excess loss within a shuffled epoch of ten steps, as a share of the floor with replacement. It is low at both ends and highest in the middle."
generator = torch.Generator().manual_seed(17)
theta = answer(*toy).repeat(1000, 1)
for _ in range(3):
    theta = shuffled_epoch(theta, *toy, 0.1, 100, generator)
A_toy = linreg.fold_bias(toy[0])
bridge = [float(excess(theta, *toy).mean()) / exact_floor(*toy, 0.1, 100)]
orders = torch.rand(1000, 1000, generator=generator).argsort(1)
for rows in orders.split(100, 1):
    theta = theta - 0.1 * batch_gradient(theta, A_toy, toy[1], rows)
    bridge.append(float(excess(theta, *toy).mean()) / exact_floor(*toy, 0.1, 100))
_, ax = plt.subplots(figsize=(5.5, 3), layout="constrained")
ax.plot(range(11), bridge, "o-", color=BLUE)
ax.set(xlabel="step within the epoch", ylabel="excess, as a share", ylim=(0, None))
assert max(bridge) == max(bridge[4:7]) > 2 * max(bridge[0], bridge[-1])

# %% [markdown]
# **3. What is wrong with this sentence?** "Nearly all batches of ten have a smaller limit than the full batch, so at any rate above the smallest of their limits the run diverges."

# %% [markdown] answer="Hint"
# Does one batch decide?

# %% [markdown] answer="Answer"
# A batch above its own limit throws the error out along one direction, and others pull it in again. The mean square grows only above the limit in the mean square, which lies right of the middle of the histogram.

# %% [markdown]
# **4. Low enough.** Which rate makes the floor of draws with replacement, for batches of 32 on the ordinary data, a tenth of the error that the exact answer has itself, $\sigma^2 p/(2n)$? Find it with `exact_floor`. This runs yours:


# %%
def check_low_enough(lr):
    X, y = ordinary
    goal = 2 * float(linreg.solve(X, y).loss) * 21 / (2 * len(y)) / 10
    linreg.check(exact_floor(X, y, lr, 32), goal, tol=0.05)


# %% [markdown] answer="Hint"
# For a small rate the floor is proportional to it.

# %% answer="Answer"
goal = 2 * float(linreg.solve(*ordinary).loss) * 21 / (2 * 300) / 10
check_low_enough(goal / small_rate_floor(*ordinary, 1.0, 32))

# %% [markdown]
# ## Where next
#
# [A loop for real work](loop.py) uses batches as a project does. [Faster descent](../part2/faster.py) changes the step instead of the batch.
