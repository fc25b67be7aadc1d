# %% [markdown]
# # Gradient descent, executed
#
# After this page you can say in advance how a run of gradient descent will go, and read from one that
# failed what to change.
#
# <!-- core -->
#
# **The question.** The formulas of [Gradient descent](descent.md) were derived for any data, and shown on
# four samples. Do they hold on a thousand noisy ones, to the step?

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))  # noise 0.1
best = linreg.solve(X, y)
bowl = linreg.curvature(X)
print("eigenvalues of the Hessian:", bowl.eigenvalues)
print(bowl)

# %% [markdown]
# The features have unit scale and are hardly correlated, so the bowl is nearly round. Every rate below
# <!--= bowl.largest_stable_rate:.3f -->1.929<!--/--> should converge.
#
# ## Five learning rates
#
# A classic exercise: fit with the rates 0.01, 0.03, 0.1, 0.3 and 1. Before you read on, guess how many steps
# each one needs to bring the loss within 1 % of its smallest value. `predict_steps` does not guess; it
# evaluates the sum over the *modes* of the error, its parts along the eigenvectors. Then the loop runs and
# we count.

# %%
rates = [0.01, 0.03, 0.1, 0.3, 1.0]
goal = 1.01 * best.loss
runs = {lr: linreg.gradient_descent(X, y, lr=lr, steps=600, tol=0) for lr in rates}

print("  rate  predicted  actual")
for lr, fit in runs.items():
    predicted = linreg.predict_steps(X, y, lr=lr, tolerance=0.01)
    actual = int((fit.path.loss <= goal).nonzero()[0])
    print(f"{lr:6g} {predicted:10} {actual:7}")
    assert predicted == actual

# %% [markdown]
# Each prediction is right to the step. Three times the rate takes about a third of the steps, as long as the
# rate is small: the factor $1 - \eta\lambda$ is then close to $e^{-\eta\lambda}$, and only the product of rate
# and steps counts. At rate 1 every factor is close to zero, since every eigenvalue is close to 1, and the run
# is over at once.
#
# And three steps at rate 0.01, a common choice in tutorials? They leave the loss at
# <!--= runs[0.01].path.loss[3] / best.loss:.0f -->538<!--/--> times its smallest value.

# %% alt="Loss against the number of steps, both on log scales, for five learning rates. The measured curves and the predicted dashed lines coincide. Each curve is the one for the next larger rate moved to the right by a factor of about three, and all end on the same floor; a dot marks the predicted arrival at each."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY

ticks = torch.unique(torch.logspace(0, 2.77, 60).long())  # even on the log scale
_, ax = plt.subplots(figsize=(5.8, 4))
for lr, fit in runs.items():
    predicted = linreg.predict_loss(X, y, lr=lr, steps=600)
    ax.loglog(ticks, fit.path.loss[ticks], color=BLUE, linewidth=5, alpha=0.35)
    ax.loglog(ticks, predicted[ticks], color="black", linewidth=1.2, linestyle="--")
    arrival = linreg.predict_steps(X, y, lr=lr)
    ax.plot(arrival, goal, "o", color=BLUE)
    ax.text(arrival, 0.8 * goal, f"lr = {lr:g}", color=BLUE, ha="center", va="top")
ax.axhline(best.loss, color=GREY, linewidth=0.8, linestyle=":")
ax.text(9, 8, "band: measured, dashes: predicted\ndots: the smallest loss", va="top")
ax.set(ylim=(0.0028, 9), xlabel="step", ylabel="loss L")

# %% [markdown]
# ## Above the limit
#
# Now cross the limit. First in a loop as it is often written, with nothing to watch over it. It runs in float32,
# PyTorch's default:


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
# At rate 2, a little above the limit, the loop needs hundreds of steps to overflow, and then `nan` tells you only that
# something went wrong. The usual advice is to lower the rate; by how much, nobody says. The data do. `gradient_descent` watches
# the loss, stops when it has grown beyond recovery, and returns a status with the best parameters it saw:

# %%
import textwrap

for lr in (1.9, 2.0, 2.5, 3.0):
    fit = linreg.gradient_descent(X, y, lr=lr, steps=2000)
    assert fit.w.isfinite().all()
    print(f"lr = {lr}: {fit.status.value} after {fit.steps} steps")
print(textwrap.fill(fit.message, 80))

# %% [markdown]
# ## Three kinds of paths
#
# In a round bowl there is little to see. Let the two features have a correlation of 0.8: the bowl becomes a valley
# along the direction in which the two weights can trade against each other.

# %% alt="Contours of the loss over two weights, long ellipses. From the lower right a run at a tenth of the limit creeps down and then along the valley without arriving. From the upper left a run at 0.96 of the limit zigzags across the valley to the minimum. A run at 1.08 of the limit starts near the minimum and swings across the valley ever wider."
from linreg.plot import GREEN, PURPLE

generator = torch.Generator().manual_seed(0)
X_valley, y_valley = linreg.simulate(correlation=0.8, generator=generator)
valley = linreg.curvature(X_valley)
print(valley)


def walk(share, start, steps):
    """Descend at this share of the largest stable rate."""
    lr, w = share * valley.largest_stable_rate, torch.tensor(start)
    return linreg.gradient_descent(X_valley, y_valley, lr=lr, steps=steps, w=w, b=2.0)


creeping = walk(0.1, [1.6, -1.2], steps=25)
swinging = walk(0.96, [-3.3, 2.2], steps=25)
diverging = walk(1.08, [0.2, 0.4], steps=14)

_, ax = plt.subplots(figsize=(5.6, 5.2))
linreg.plot.contours(X_valley, y_valley, creeping, ax=ax)
for fit, colour in ((swinging, GREEN), (diverging, PURPLE)):
    ax.plot(*fit.path.w.T, ".-", color=colour, linewidth=1.2, zorder=1)
clear = {"color": "white", "pad": 1}  # no contours behind the letters
ax.text(
    0.9, -1.3, "0.1 of the limit:\ncreeps", color=BLUE, ha="right", va="top", bbox=clear
)
ax.text(-4.2, 3.1, "0.96 of the limit:\noscillates", color=GREEN, bbox=clear)
ax.text(0.8, 1.8, "1.08 of the limit:\ndiverges", color=PURPLE, bbox=clear)

# %% [markdown]
# The star is the minimum. Creeping is slow along the valley, where the curvature is small. Oscillation and divergence
# happen across it, where the curvature is large. One rate has to serve both directions, which is why the condition number
# $\kappa$ decides the speed: <!--= valley.kappa:.1f -->9.5<!--/--> here, against <!--= bowl.kappa:.1f -->1.1<!--/--> in the
# round bowl.
#
# ## A feature in other units
#
# Take the round bowl again and record the second feature in units a hundred times smaller: metres become centimetres.
# Nothing else changes.

# %%
X_cm = X * torch.tensor([1.0, 100.0])
bowl_cm = linreg.curvature(X_cm)
print(bowl_cm)
print("\n  rate  infinite, nan at step (float32)  (float64)")
for lr in rates:
    single = raw_loop(X_cm.float(), y.float(), lr, steps=1000)
    double = raw_loop(X_cm, y, lr, steps=1000)
    print(f"{lr:6g}  {single!s:>31}  {double!s:>9}")
    assert None not in single + double

# %% [markdown]
# All five rates diverge. There is no such thing as a usual learning rate: a rate has the unit of one over a curvature, and
# the curvature goes with the square of the feature's unit. The limit fell from
# <!--= bowl.largest_stable_rate:.3g -->1.93<!--/--> to <!--= bowl_cm.largest_stable_rate:.3g -->0.000206<!--/-->. The status says so:

# %%
print(textwrap.fill(linreg.gradient_descent(X_cm, y, lr=0.01, steps=1000).message, 80))

# %% [markdown]
# A rate that converges is not yet a rate that arrives soon. At $\eta = 1/\lambda_{\max}$ the prediction is

# %%
lr = 1 / bowl_cm.L
steps = linreg.predict_steps(X_cm, y, lr=lr)
print(f"{steps:,} steps")

# %% [markdown]
# To run that many, compute what does not change once. The gradient is $H\theta - g$ with $H = \tilde X^\top \tilde X/n$ and
# $g = \tilde X^\top y/n$, a three by three matrix and three numbers. A step in this *Gram form* costs the same whether there
# are a thousand rows or a billion. We run it to the predicted step and look at the last two losses:

# %%
A = linreg.fold_bias(X_cm)
H, g = A.T @ A / len(y), A.T @ y / len(y)
theta = torch.zeros(3)
for _ in range(steps):
    before, theta = theta, theta - lr * (H @ theta - g)

loss_before, loss_after = (linreg.squared_loss(A @ t, y) for t in (before, theta))
print("arrived one step earlier:", bool(loss_before <= goal))
print("arrived at the predicted step:", bool(loss_after <= goal))
assert loss_before > goal >= loss_after

# %% [markdown]
# Right to the step again, out of <!--= steps:,d -->53,868<!--/-->. The cure is to give every feature the same scale: subtract its mean and divide by
# its standard deviation.

# %%
X_std = (X_cm - X_cm.mean(0)) / X_cm.std(0)
bowl_std = linreg.curvature(X_std)
steps_std = linreg.predict_steps(X_std, y, lr=1 / bowl_std.L)
fit = linreg.gradient_descent(X_std, y, lr=1 / bowl_std.L, steps=steps_std)
print(bowl_std)
print(f"{steps_std} steps; arrived: {bool(fit.loss <= goal)}")
assert fit.loss <= goal

# %% alt="Predicted loss against steps on log scales at the rate 1 over lambda max. With the feature in other units the loss drops at the first step, stays on a plateau for thousands of steps and reaches the smallest loss after more than fifty thousand. Standardised, it arrives after two steps."
from linreg.plot import ORANGE

ticks = torch.unique(torch.logspace(0, 5, 120).long())
_, ax = plt.subplots(figsize=(5.8, 3.8))
for features, colour, shown in ((X_cm, ORANGE, 120), (X_std, BLUE, 6)):
    safe = 1 / linreg.curvature(features).L
    losses = linreg.predict_loss(features, y, lr=safe, steps=100_000)
    ax.loglog(ticks[:shown], losses[ticks[:shown]], color=colour)
ax.axhline(best.loss, color=GREY, linewidth=0.8, linestyle=":")
ax.plot([steps_std, steps], [goal, goal], "o", color="black", zorder=3)
ax.text(2.6, 0.0062, f"standardised: {steps_std} steps", color=BLUE)
ax.text(60, 3.2, "second feature × 100", color=ORANGE)
ax.text(20_000, 0.0062, f"{steps:,} steps", color=ORANGE, ha="right")
ax.set(ylim=(0.003, 6), xlabel="step", ylabel="loss L")

# %% [markdown]
# The plateau is the flat directions at work: the steep one is done after the first step, and then the rate that it
# imposes is about ten thousand times too small for the others ($\kappa$ is <!--= bowl_cm.kappa:,.0f -->10,036<!--/-->).
#
# ## Many starts, one answer
#
# All eigenvalues are positive, so the loss has one valley with one lowest point. A thousand starts drawn with a standard
# deviation of 100 must therefore end at the same place. In Gram form they descend together, a row each:

# %%
A = linreg.fold_bias(X)
H, g = A.T @ A / len(y), A.T @ y / len(y)
starts = 100 * torch.randn(1000, 3, generator=torch.Generator().manual_seed(1))
theta = starts
for _ in range(60):
    theta = theta - bowl.best_rate * (theta @ H - g)

answer = torch.cat((best.b.reshape(1), best.w))
print("smallest eigenvalue:", bowl.eigenvalues[0])
worst = (theta - answer).abs().max()
print("all ends within 1e-12 of the exact answer:", bool(worst < 1e-12))
assert worst < 1e-12

# %% [markdown]
# And where should *you* start? Small random weights, a tenth of a standard normal, are the custom. Zeros do as well:

# %%
random_w = 0.1 * torch.randn(200, 2, generator=torch.Generator().manual_seed(2))
counts = [linreg.predict_steps(X, y, lr=0.1, w=w) for w in random_w]
from_zeros = linreg.predict_steps(X, y, lr=0.1)
assert min(counts) <= from_zeros <= max(counts)
print("from zeros:", from_zeros, "steps")
print("from 200 random starts:", min(counts), "to", max(counts), "steps")

# %% [markdown]
# ## Mini-batches, a first look
#
# A full-batch step reads every row to move once. Mini-batch descent shuffles the rows, deals them out ten at a time, and takes a
# step on each batch. Three passes over the data are then 300 steps instead of three, for the same arithmetic:

# %%
full = linreg.gradient_descent(X, y, lr=0.03, steps=3)
generator = torch.Generator().manual_seed(1)
mini = linreg.sgd(X, y, lr=0.03, epochs=3, batch_size=10, generator=generator)
truth = torch.tensor([2.0, -1.0, 1.0])
for name, fit in (("full batch", full), ("mini-batch", mini)):
    error = (torch.cat((fit.b.reshape(1), fit.w)) - truth).abs().max()
    print(f"{name}: {fit.steps:3} steps, loss {fit.loss:.4f}, worst error {error:.4f}")

# %% [markdown]
# The gradient of ten rows is a noisy estimate of the gradient of all, and early on that does not matter: any rough direction
# helps. Near the minimum it does, and at a constant rate the parameters keep moving about it, by how much
# [Epochs, batches, steps](batches.py) computes.
#
# For long runs, `gradient_descent` and `sgd` take `progress=True` and show a progress bar.
#
# ## What was shown
#
# - For five rates the predicted number of steps is the actual one, and the predicted loss curve lies on the measured one.
# - Above $2/\lambda_{\max}$ a raw loop ends in `nan`; a status that names the limit is more use.
# - A feature in other units made all five rates diverge, and at the safe rate the run took <!--= steps:,d -->53,868<!--/--> steps. Standardised, it took
#   <!--= steps_std -->2<!--/-->.
# - A thousand starts end at one answer. Zeros are as good a start as any.
#
# ## Exercises
#
# **1. The five rates on your own data.** Draw data with another seed and with `noise=0.5`. Write down how many steps you expect for each
# of the five rates. Then predict with `predict_steps`, run, and compare. Why do the small rates need fewer steps than
# before?

# %% [markdown] answer="Answer"
# More noise lifts the floor $L^*$, so there is less to do until the loss is within 1 % of it. The rate at which the
# errors shrink has not changed: the eigenvalues belong to $X$ alone, and $y$ does not enter.

# %% answer="Answer"
X1, y1 = linreg.simulate(noise=0.5, generator=torch.Generator().manual_seed(1))
floor = linreg.solve(X1, y1).loss
for lr in rates:
    predicted = linreg.predict_steps(X1, y1, lr=lr)
    path = linreg.gradient_descent(X1, y1, lr=lr, steps=600, tol=0).path
    actual = int((path.loss <= 1.01 * floor).nonzero()[0])
    print(f"{lr:6g} {predicted:10} {actual:7}")
    assert predicted == actual

# %% [markdown]
# **2. The loss falls, so it converges?** Run rate 1.95 on the first data set, a little above the limit. For how many steps does the
# loss fall before it turns? This checks your number. Then explain it with the error modes.

# %%
losses = linreg.predict_loss(X, y, lr=1.95, steps=300)


def check_turn(step):
    return step == int(losses.argmin())


# %% [markdown] answer="Answer"
# The loss is a sum of one term per mode. Two modes have factors below 1 in size and shrink; the steepest has a factor above 1 and
# grows, slowly. At first the shrinking terms are the larger ones and hide the growing one. A falling loss at the start
# proves nothing; the eigenvalues do.

# %% answer="Answer"
assert check_turn(13)
print("factors:", 1 - 1.95 * bowl.eigenvalues)
print(f"smallest loss: {losses.min():.3f} at step {int(losses.argmin())}")
print(f"loss at step 300: {losses[300]:.3g}")

# %% [markdown]
# **3. Back to your units.** A fit on standardised features has weights per standard deviation. With means $m_j$ and standard
# deviations $s_j$, write `to_units(w, b, m, s)`, which returns the weights and the intercept for the features as they were recorded. This
# checks it against the exact answer:


# %%
def check_units(to_units):
    m, s = X_cm.mean(0), X_cm.std(0)
    fit_std, fit_cm = linreg.solve((X_cm - m) / s, y), linreg.solve(X_cm, y)
    w, b = to_units(fit_std.w, fit_std.b, m, s)
    return torch.allclose(w, fit_cm.w) and torch.allclose(b, fit_cm.b)


# %% [markdown] answer="Answer"
# Put $z_j = (x_j - m_j)/s_j$ into $\sum_j w_j z_j + b$ and collect: the weight of $x_j$ is $w_j / s_j$, and the intercept loses
# $\sum_j w_j m_j / s_j$. The predictions are the same in both units; only the road to them was different.


# %% answer="Answer"
def to_units(w, b, m, s):
    return w / s, b - (w * m / s).sum()


assert check_units(to_units)
fit = linreg.solve(X_std, y)
w, b = to_units(fit.w, fit.b, X_cm.mean(0), X_cm.std(0))
print(f"per standard deviation: w = [{fit.w[0]:.4f}, {fit.w[1]:.4f}], b = {fit.b:.4f}")
print(f"in the units recorded:  w = [{w[0]:.4f}, {w[1]:.4f}], b = {b:.4f}")

# %% [markdown]
# ## Where next
#
# [One valley](valley.py) asks why the thousand starts had to agree: where descent ends when columns repeat each other, and for which
# models the start decides. What to do about units, and what a scaled fit means in the old ones, is on
# [Scaling](../part2/scaling.py).
