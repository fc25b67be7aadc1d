# %% [markdown]
# # The loss, executed
#
# After this page you can say what one wrong target does to a least-squares fit and what it does to
# Huber's, recognise a fit that a broadcast has ruined, and choose the step of a numerical derivative.
#
# <!-- core -->
#
# **The question.** [The loss](loss.md) named a price and a trap. How large are their effects on real
# fits?

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))
X_ord, y_ord, _, _ = linreg.ordinary()
print("targets:")
for name, targets in (("toy", y), ("ordinary", y_ord)):
    print(
        f"{name:8} {len(targets):4} from {targets.min():5.1f} to {targets.max():4.1f}"
    )

# %% [markdown]
# ## One wrong target
#
# Somebody types 10000 for the first target. How far does the worst parameter move, with squares and
# with Huber's loss? (`linreg.huber` sets its $\delta$ by [the spread of the
# residuals](../part2/squares.py#the-threshold-has-units).)


# %%
def moved(method, X, y, value):
    """The largest change of a parameter when the first target becomes this value."""
    wrong = y.clone()
    wrong[0] = value
    before, after = method(X, y), method(X, wrong)
    return torch.hstack((after.b - before.b, after.w - before.w)).abs().max()


print("                      toy   ordinary")
for method in (linreg.solve, linreg.huber):
    worst = [moved(method, *data, 10_000.0) for data in ((X, y), (X_ord, y_ord))]
    print(f"{method.__name__:10} {worst[0]:14.4f} {worst[1]:10.4f}")

# %% [markdown]
# One row ruins least squares. If target $i$ is off by $\Delta$, the parameters are off by
# $\Delta (\tilde X^\top \tilde X)^{-1} \tilde x_i$ with $\tilde x_i = (1, x_i)$, without limit. With
# Huber's loss no target pulls harder than $\delta$.

# %%
values = [10.0 ** (k / 2) for k in range(2, 13)]
by_squares = [moved(linreg.solve, X_ord, y_ord, value) for value in values]
by_huber = [moved(linreg.huber, X_ord, y_ord, value) for value in values]
A = linreg.fold_bias(X_ord)
shift = torch.linalg.solve(A.T @ A, A[0]).abs().max()
for value, found in zip(values, by_squares, strict=True):
    torch.testing.assert_close(found, shift * abs(value - y_ord[0]))

# %% alt="The largest change of a parameter against the value of one wrong target of the ordinary data, both on log scales. That of least squares grows in proportion to the target; that of Huber's loss stays level below 0.1."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE

fig, ax = plt.subplots(figsize=(5.5, 3.4))
ax.loglog(values, by_squares, color=ORANGE, marker="s", markersize=4)
ax.loglog(values, by_huber, color=BLUE, marker="o", markersize=4)
ax.annotate(
    "least squares",
    (values[6], float(by_squares[6])),
    xytext=(-8, 4),
    textcoords="offset points",
    color=ORANGE,
    ha="right",
)
ax.annotate(
    "Huber",
    (values[-1], float(by_huber[-1])),
    xytext=(0, -8),
    textcoords="offset points",
    color=BLUE,
    ha="right",
    va="top",
)
assert max(by_huber) < 0.1
assert abs(by_squares[-1] / by_squares[-2] / (values[-1] / values[-2]) - 1) < 0.05
ax.set_ylim(bottom=1e-3)
ax.set(xlabel="value of one target of 300", ylabel="largest change")

# %% [markdown]
# A wrong *feature* is another matter. A row pulls at a weight with its residual, limited or not, times
# its feature, and features have no limit:


# %%
def first_weight(method, X, y):
    """The first weight when the first feature of the first row is 10000."""
    X_wrong = X.clone()
    X_wrong[0, 0] = 10_000.0
    return method(X_wrong, y).w[0]


print("first weight          toy   ordinary")
print("true               -1.0000     3.0000")
for method in (linreg.solve, linreg.huber):
    toy, ordinary = (first_weight(method, *d) for d in ((X, y), (X_ord, y_ord)))
    print(f"{method.__name__:10} {toy:15.4f} {ordinary:10.4f}")
    assert abs(toy) < 0.01
    assert abs(ordinary) < 0.01

# %% [markdown]
# Both fits have turned to satisfy the one row. It has a high [leverage](../part2/diagnostics.py#leverage-a-row-that-pulls),
# and Huber's loss does not help.
#
# ## The broadcast trap ruins a fit
#
# If the targets are a [column](model.md#a-column-is-not-a-vector), the mean runs over all $n^2$ pairs. Write
# $\hat y_i - y_j$ as deviations from the two means; the cross terms cancel, and leave
#
# $$
# \frac{1}{2n^2} \sum_{i,j} (\hat y_i - y_j)^2
#   = \tfrac12 \operatorname{Var}(\hat y) + \tfrac12 \operatorname{Var}(y) + \tfrac12 (\bar{\hat y} - \bar y)^2 .
# $$
#
# No term pairs a prediction with its own target. The smallest value is at $w = 0$ and
# $b = \bar y$. Run one loop twice, with targets as a vector (n,) and as a column (n, 1):


# %%
def train(X, y, lr, steps):
    w = torch.zeros(X.shape[1], requires_grad=True)
    b = torch.zeros((), requires_grad=True)
    for _ in range(steps):
        half_mean = ((X @ w + b - y) ** 2).mean() / 2
        half_mean.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= lr * p.grad
                p.grad = None
    return w.detach(), b.detach(), half_mean.item()


print("                      largest weight        b   mean of y     loss")
for name, features, targets, lr in (
    ("toy", X, y, 0.5),
    ("ordinary", X_ord, y_ord, 0.1),
):
    for given in (targets, targets.unsqueeze(1)):
        w, b, end = train(features, given, lr, steps=300)
        print(f"{name:8} y {tuple(given.shape)!s:10} {w.abs().max():14.4f}", end=" ")
        print(f"{b:8.4f} {targets.mean():11.4f} {end:8.4f}")
    assert w.norm() < 1e-3
    assert abs(b - targets.mean()) < 1e-3
    assert abs(end - targets.var(correction=0) / 2) < 1e-3

# %% [markdown]
# All four runs converge. With a column the fit has learned $w = 0$ and the mean of $y$, as the formula
# said it must, and its loss has settled at half the variance of $y$. PyTorch's own loss
# warns and goes on; one written by hand does not even warn.

# %%
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    loss = torch.nn.functional.mse_loss(y, y.unsqueeze(1))
print(f"mse_loss of y and the same y as a column: {loss:.4f}")
print("warning:", str(caught[0].message).split(". ")[0])

# %% alt="Predictions against targets of the toy. With the right shapes the points lie on the diagonal; with a column of targets they lie on a level line at the mean."
some = slice(0, 150)
fig, ax = plt.subplots(figsize=(5.5, 3.4))
for given, colour, mark, name in (
    (y, BLUE, "o", "y of shape (n,)"),
    (y.unsqueeze(1), ORANGE, "s", "y of shape (n, 1)"),
):
    w, b, _ = train(X, given, lr=0.5, steps=40)
    ax.plot(y[some], (X @ w + b)[some], mark, color=colour, markersize=3)
    at = float(y[some].max()), float((X @ w + b)[y[some].argmax()])
    below = {
        "xytext": (0, -10),
        "textcoords": "offset points",
        "ha": "right",
        "va": "top",
    }
    beside = {**below, "xytext": (-24, 0), "va": "center"}
    ax.annotate(name, at, color=colour, **(beside if given is y else below))
    off = X @ w + b - (y if given is y else y.mean())
    assert float(off.abs().max()) < 0.5
ax.set(xlabel="target y", ylabel="prediction after training")

# %% [markdown]
# ## Finite differences: how small a step?
#
# A gradient is checked with the *forward difference* $\frac{L(\theta + h e_j) - L(\theta)}{h}$ or the
# *central difference* $\frac{L(\theta + h e_j) - L(\theta - h e_j)}{2h}$, where $e_j$ has a one at place
# $j$ and zeros elsewhere. A large $h$ sees the curve of $L$, a small $h$ its *rounding* to the nearest float. For a parabola,
# such as our loss, the curve costs the forward difference $\frac h2$ times the second derivative, here
# $\frac1n \sum_i x_{ij}^2$, and the central one nothing.

# %%
w_here = torch.tensor([0.5, 0.5])
exact = linreg.gradient(X, y, w_here)[0][0]


def loss_at(X, y, w, shift):
    """The loss when the first weight is shifted."""
    return linreg.squared_loss(X @ (w + torch.tensor([shift, 0.0])), y)


h = [10.0**-k for k in range(13)]
forward = [
    abs((loss_at(X, y, w_here, t) - loss_at(X, y, w_here, 0.0)) / t - exact) for t in h
]
central = [
    abs((loss_at(X, y, w_here, t) - loss_at(X, y, w_here, -t)) / (2 * t) - exact)
    for t in h
]
curved = X[:, 0].square().mean() / 2  # half the second derivative

# %% alt="Error of a numerical derivative against its step, both on log scales. The forward difference falls in proportion to the step down to 1e-8 and then rises; the central difference is lowest at large steps and rises as the step shrinks."
fig, ax = plt.subplots(figsize=(5.5, 3.6))
visible = [max(float(error), 1e-17) for error in central]
ax.loglog(h, forward, color=BLUE, marker="o", markersize=4)
ax.loglog(h, visible, color=ORANGE, marker="s", markersize=4)
ax.loglog(h[:9], [float(curved * t) for t in h[:9]], color=GREY, linestyle="--")
for at, name, shift, side, colour in (
    ((h[3], float(forward[3])), "forward", (12, -10), "left", BLUE),
    (
        (h[2], float(curved * h[2])),
        "h/2 times the\nsecond derivative",
        (-44, 18),
        "right",
        GREY,
    ),
    ((h[2], visible[2]), "central", (0, 18), "left", ORANGE),
):
    place = {"xytext": shift, "textcoords": "offset points", "ha": side, "va": "top"}
    ax.annotate(name, at, color=colour, **place)
ax.set(xlabel="step h", ylabel="error of the derivative")
assert all(abs(forward[k] / (curved * h[k]) - 1) < 0.01 for k in range(6))
assert forward[8] < forward[6] < forward[12]
assert max(central[:4]) < 1e-11 < central[8] < central[12]

# %% [markdown]
# For a parabola a large step is best. For other losses the error of the central difference grows like
# $h^2$ and its rounding like $\varepsilon / h$, with the *machine epsilon* $\varepsilon$, the distance
# from 1 to the next larger number. So the best step is near $\varepsilon^{1/3}$, here for
# $\log(1 + e^{3w})$:


# %%
def softplus(w):
    return torch.nn.functional.softplus(3 * torch.tensor(w)).item()


slope = 3 * torch.sigmoid(torch.tensor(3 * 0.7)).item()
eps = torch.finfo(torch.float64).eps
missed = {
    step: abs((softplus(0.7 + step) - softplus(0.7 - step)) / (2 * step) - slope)
    for step in (1e-3, eps ** (1 / 3), 1e-8)
}
for step, miss in missed.items():
    print(f"h = {step:.0e}   error {miss:.0e}")
assert min(missed, key=missed.get) == eps ** (1 / 3)

# %% [markdown]
# ## What was shown
#
# - One wrong target moves least squares in proportion to its error, and Huber's fit hardly at all; one
#   wrong feature ruins both (toy and ordinary data).
# - A column of targets gives a loss that falls, a fit that converges, and a model that predicts the
#   mean (both).
# - Central differences take a large step for a parabola (the toy), one near $\varepsilon^{1/3}$ for
#   another loss (the softplus).
#
# ## Exercises
#
# **1. By pencil.** Five rows without features, targets 1, 2, 3, 4 and 5, and a fit of one constant. The
# 5 becomes 55. By how much does the least-squares constant move? And the median? Check with
# `linreg.check([mean, median], both_moves)`.

# %%
five = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
spoilt = torch.tensor([1.0, 2.0, 3.0, 4.0, 55.0])
both_moves = [spoilt.mean() - five.mean(), spoilt.median() - five.median()]

# %% [markdown] answer="Hint"
# Which number does each of the two losses aim at?

# %% [markdown] answer="Answer"
# The mean moves by $50/5 = 10$, the median not at all.

# %% answer="Answer"
linreg.check([10.0, 0.0], both_moves)

# %% [markdown]
# **2. Predict the picture.** Draw the first figure for the toy instead of the ordinary data. Does the
# line of least squares lie higher or lower?

# %% [markdown] answer="Hint"
# How do the rows of the two compare in number?

# %% [markdown] answer="Answer"
# Lower. The shift is $\Delta (\tilde X^\top \tilde X)^{-1} \tilde x_i$, and $\tilde X^\top \tilde X$
# grows with the rows: one among a thousand counts for less than one among three hundred.

# %% answer="Answer"
in_toy = moved(linreg.solve, X, y, 1e6)
in_ordinary = moved(linreg.solve, X_ord, y_ord, 1e6)
print(f"toy {in_toy:.0f}, ordinary {in_ordinary:.0f}")
assert in_toy < in_ordinary

# %% [markdown]
# **3. What is wrong with this sentence?** "The loss fell and has converged, so the fit has learned
# something from the features."

# %% [markdown] answer="Hint"
# What did the loss do in the runs with a column?

# %% [markdown] answer="Answer"
# A loss falls and converges whatever it measures. With a column it fell to half the variance of $y$,
# which is what a model without features reaches. Compare the loss with that number, or look at $R^2$:
# zero means that nothing was learned.

# %% answer="Answer"
w_column, b_column, _ = train(X, y.unsqueeze(1), lr=0.5, steps=40)
print(f"R2 {abs(linreg.r2(X @ w_column + b_column, y)):.3f}")

# %% [markdown]
# **4. Code.** The broadcast loss takes $n^2$ numbers of memory. Write `mixed_loss(y_hat, y)`, which
# returns the same value from two vectors (n,) with memory for $n$. Check with
# `linreg.check(mixed_loss(y_near, y), slow, tol=1e-6)`.

# %%
y_near = linreg.solve(X, y).predict(X) + 0.3
slow = ((y_near - y.unsqueeze(1)) ** 2).mean() / 2

# %% [markdown] answer="Hint"
# The formula of [the trap](#the-broadcast-trap-ruins-a-fit) has three terms, none of which pairs a
# prediction with its target.


# %% answer="Answer"
def mixed_loss(y_hat, y):
    spread = y_hat.var(correction=0) + y.var(correction=0)
    return (spread + (y_hat.mean() - y.mean()) ** 2) / 2


linreg.check(mixed_loss(y_near, y), slow, tol=1e-6)

# %% [markdown]
# ## Where next
#
# [The exact answer](exact.md) sets the gradient of the loss to zero and solves. [Gradient
# descent](descent.md) walks there, and shows what the constant in front of the loss does to the rate.
