# %% [markdown]
# # The loss, executed
#
# After this page you can find the largest stable learning rate of any convention of the loss, recognise the two classic accidents with it,
# and say what one wrong target does to a least-squares fit.
#
# <!-- core -->
#
# **The question.** [The loss](loss.md) derived four conventions, a trap and a price. How large are their effects on real runs?

# %%
import torch

from linreg import (
    curvature,
    fold_bias,
    gradient,
    gradient_descent,
    hessian,
    predict,
    simulate,
    solve,
    squared_loss,
)

torch.set_default_dtype(torch.float64)
X, y = simulate(generator=torch.Generator().manual_seed(0))
best = solve(X, y)
best

# %% [markdown]
# ## The edge of stability, four times
#
# For each convention `curvature` computes the largest stable rate $2/\lambda_{\max}$, with $\lambda_{\max}$ the largest eigenvalue of that convention's
# Hessian. Two runs test it: one at 1 % below, one at 1 % above.

# %%
names = ("half_mean", "mean", "half_sum", "sum")
runs = {}
print("convention  largest stable rate   1 % below            1 % above")
for name in names:
    edge = curvature(X, reduction=name).largest_stable_rate
    below = gradient_descent(X, y, lr=0.99 * edge, steps=2000, reduction=name)
    above = gradient_descent(X, y, lr=1.01 * edge, steps=2000, reduction=name)
    runs[name] = edge, below, above
    assert (below.status, above.status) == ("ok", "diverged")
    ends = [f"{fit.status} at step {fit.steps}" for fit in (below, above)]
    print(f"{name:10}  {edge:<19.4g}   {ends[0]:19}  {ends[1]}")

# %% [markdown]
# The rates differ by a factor of <!--= runs["half_mean"][0] / runs["sum"][0]:.0f -->2000<!--/-->, which is $2n$. Everything else is equal: at the same fraction of
# its own edge, every convention takes the same path, step for step.

# %%
reference = runs["half_mean"][1].path.w
for name in names:
    torch.testing.assert_close(runs[name][1].path.w, reference)

# %% alt="Loss against step on a log scale. The four conventions lie on one curve that falls to the floor at a rate 1 % below the edge, and on one curve that rises without bound 1 % above it."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE, PURPLE

fig, ax = plt.subplots(figsize=(5.5, 3.6))
colours = dict(zip(names, (BLUE, ORANGE, GREEN, PURPLE), strict=True))
for turn, (name, (_, below, above)) in enumerate(runs.items()):
    for fit in (below, above):
        path = fit.path
        steps = range(
            4 * turn, min(len(path.b), 301), 16
        )  # on one curve the dots take turns
        loss = [squared_loss(predict(X, path.w[t], path.b[t]), y) for t in steps]
        ax.semilogy(
            steps,
            loss,
            "o",
            color=colours[name],
            markersize=4,
            label=name if fit is below else None,
        )
ax.axhline(best.loss, color=GREY, linewidth=1)
ax.text(300, best.loss / 2.5, "smallest loss", color=GREY, ha="right", va="top")
ax.text(150, 5e2, "1 % above the edge", ha="right")
ax.text(60, 0.07, "1 % below the edge")
ax.legend(ncols=2, loc="upper left")
ax.set(xlabel="step", ylabel="loss, half-mean", ylim=(3e-4, 1e6))
plt.show()

# %% [markdown]
# ## A summed loss makes the rate depend on n
#
# The eigenvalues of $\frac1n \tilde X^\top \tilde X$ settle as samples are added: it is an average. Those of the sum grow with $n$. A rate
# tuned to the edge on a hundred rows of summed loss diverges on a thousand.

# %%
sizes = (10, 30, 100, 300, 1000, 3000, 10_000)
edges = {name: [] for name in names}
for n in sizes:
    sample, _ = simulate(n, generator=torch.Generator().manual_seed(0))
    for name in names:
        edges[name].append(curvature(sample, reduction=name).largest_stable_rate)

print("       n " + "".join(f"{name:>11}" for name in names))
for i in (0, 2, 4, 6):
    print(f"{sizes[i]:8} " + "".join(f"{edges[name][i]:11.3g}" for name in names))

# %% [markdown]
# This is why the book uses a mean: its edge settles. How soon depends on the number of features. For many independent ones of mean zero and unit scale it is near
#
# $$
# \frac{2}{(1 + \sqrt{d/n})^2},
# $$
#
# which is 2 only for $n$ much larger than $d$.

# %% alt="Largest stable rate of the half-mean against the number of samples, on a log scale. Dots for 2, 20 and 100 independent features rise with the samples towards 2: those of 2 are near it from a hundred samples on, those of 100 are still below 1.7 at ten thousand. The curves of the formula run through the dots of 20 and 100."
fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
settling = {}
for d, colour in ((2, BLUE), (20, ORANGE), (100, PURPLE)):
    counts = [n for n in sizes if n >= d]
    settling[d] = []
    for n in counts:
        sample, _ = simulate(n, [0.0] * d, generator=torch.Generator().manual_seed(0))
        settling[d].append(curvature(sample).largest_stable_rate)
    ax.semilogx(counts, settling[d], "o", color=colour, markersize=5)
    law = [2 / (1 + (d / n) ** 0.5) ** 2 for n in counts]
    ax.semilogx(counts, law, color=colour, linewidth=1)
    label = f"d = {d}"
    ax.text(0.85 * counts[0], settling[d][0], label, color=colour, ha="right")
    if d > 2:
        pairs = zip(settling[d], law, strict=True)
        assert all(abs(found / predicted - 1) < 0.15 for found, predicted in pairs)
assert min(settling[2][2:]) > 1.7 > max(settling[100])
ax.text(11_000, 0.3, "dots: measured\nlines: formula", ha="right")
ax.set(
    xlabel="samples n",
    ylabel="largest stable rate, half-mean",
    ylim=(0, 2.1),
    xlim=(4, 15_000),
)
plt.show()

# %%
from math import isclose

correlated, _ = simulate(
    10_000, [0.0] * 20, correlation=0.5, generator=torch.Generator().manual_seed(0)
)
edge_correlated = curvature(correlated).largest_stable_rate
print(f"20 features, correlated at 0.5: {edge_correlated:.3f}")
assert isclose(edge_correlated, 2 / (1 + 19 * 0.5), rel_tol=0.05)

# %% [markdown]
# Correlated features settle too, at a smaller rate: any two of these twenty have the correlation one half, and $\lambda_{\max}$ tends to $1 + 19 \cdot \tfrac12$. PyTorch's `nn.MSELoss()` is the plain mean, so its edge is half of
# the half-mean's, <!--= runs["mean"][0]:.4f -->0.9646<!--/--> on the data with two features.

# %% [markdown]
# ## The broadcast trap ruins a fit
#
# Targets as a column (n, 1), predictions as a vector (n,), a loss written by hand. Run the same loop twice, once with each shape of the targets.


# %%
def train(target):
    w, b = torch.zeros(2, requires_grad=True), torch.zeros((), requires_grad=True)
    for _ in range(40):
        loss = ((predict(X, w, b) - target) ** 2).mean() / 2
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= 0.5 * p.grad
                p.grad = None
    return w.detach(), b.detach(), loss.item()


for target in (y, y.unsqueeze(1)):
    w, b, loss = train(target)
    weights = (w.round(decimals=4) + 0.0).tolist()
    print(f"y {tuple(target.shape)!s:9}  w = {weights}  b = {b:.4f}  loss {loss:.4f}")

# %% [markdown]
# Both runs converge. The second has learned that $w = 0$ and that $b$ is the mean of $y$, as the formula said it must, and its loss has
# settled at half the variance of $y$.

# %%
assert w.norm() < 1e-6
assert abs(b - y.mean()) < 1e-6
assert abs(loss - y.var(correction=0) / 2) < 1e-6

# %% alt="Predictions against targets. With the right shapes the points lie on the diagonal; with a column of targets they lie on a level line at the mean."
fig, ax = plt.subplots(figsize=(5.5, 3.6))
some = slice(0, 150)
ax.plot(y[some], best.predict(X)[some], "o", color=BLUE, markersize=3)
ax.plot(y[some], predict(X, w, b)[some], "s", color=ORANGE, markersize=3)
ax.text(3.2, 4.6, "y of shape (n,)", color=BLUE, ha="right")
ax.text(5.6, 1.6, "y of shape (n, 1)", color=ORANGE, ha="right", va="top")
ax.set(xlabel="target y", ylabel="prediction after training")
plt.show()

# %% [markdown]
# The cure is a habit: `y` is (n,) from the moment it is loaded. PyTorch's own loss [warns](by-hand.py#without-squeeze-n-1-against-n) and goes on; a loss written by hand, like this one, does not even warn.

# %% [markdown]
# ## Finite differences: how small a step?
#
# To check a gradient you compare it with $\frac{L(\theta + h e_j) - L(\theta)}{h}$, or with the central difference
# $\frac{L(\theta + h e_j) - L(\theta - h e_j)}{2h}$, where $e_j$ has a one at place $j$ and zeros elsewhere. Too large an $h$ sees the curvature, too small an $h$ sees the rounding of $L$. For a
# parabola the first error is known exactly: $\frac h2 H_{jj}$ for the forward difference and zero for the central one.

# %%
start = torch.tensor([0.5, 0.5])
exact = gradient(X, y, start)[0][0]


def loss_at(shift):
    return squared_loss(predict(X, start + torch.tensor([shift, 0.0])), y)


h = [10.0**-k for k in range(13)]
forward = [abs((loss_at(t) - loss_at(0.0)) / t - exact) for t in h]
central = [abs((loss_at(t) - loss_at(-t)) / (2 * t) - exact) for t in h]
curved = X[:, 0].square().mean() / 2  # half of H_jj

assert all(abs(forward[k] / (curved * h[k]) - 1) < 0.01 for k in range(6))
assert max(central[:4]) < 1e-11

# %% alt="Error of a numerical derivative against its step, both on log scales. The forward difference falls in proportion to the step down to 1e-8 and then rises; the central difference is lowest at large steps and rises as the step shrinks."
fig, ax = plt.subplots(figsize=(5.5, 3.6))
ax.loglog(h, forward, color=BLUE, marker="o", markersize=4)
visible = [max(float(error), 1e-17) for error in central]
ax.loglog(h, visible, color=ORANGE, marker="s", markersize=4)
ax.loglog(h[:9], [float(curved * t) for t in h[:9]], color=GREY, linestyle="--")
ax.text(0.2, 3e-3, "forward", color=BLUE, ha="left", va="top")
ax.text(2e-3, 3e-3, r"$h\,H_{jj}/2$", color=GREY, ha="right", va="bottom")
ax.text(0.02, 2e-12, "central", color=ORANGE, ha="left")
ax.set(xlabel="step h", ylabel="error of the derivative")
plt.show()

# %% [markdown]
# For a parabola, whose central difference has no first error, a large step such as <!--= h[3] -->0.001<!--/--> is fine. For any other loss the error of the central difference grows like $h^2$ and its
# rounding like $\varepsilon / h$, so the best step is near $\varepsilon^{1/3}$:


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
# In float32 the rounding is
# <!--= torch.finfo(torch.float32).eps / eps:.1e -->5.4e+08<!--/--> times larger, which is why `gradcheck` warns about it.

# %% [markdown]
# ## One wrong target
#
# A thousand targets between <!--= y.min():.0f -->-2<!--/--> and <!--= y.max():.0f -->6<!--/-->, and somebody types 10000 for one of them.

# %%
wrong = y.clone()
wrong[0] = 10_000.0
squares = solve(X, wrong)
print(squares)


def huber(X, y, delta=0.2):
    """Minimise Huber's loss, by a method of PyTorch that needs no rate."""
    theta = torch.zeros(X.shape[1] + 1, requires_grad=True)
    settings = {"max_iter": 500, "tolerance_grad": 1e-10, "tolerance_change": 0}
    optimiser = torch.optim.LBFGS([theta], line_search_fn="strong_wolfe", **settings)

    def closure():
        optimiser.zero_grad()
        y_hat = predict(X, theta[1:], theta[0])
        loss = torch.nn.functional.huber_loss(y_hat, y, delta=delta)
        loss.backward()
        return loss

    optimiser.step(closure)
    assert theta.grad.abs().max() < 1e-8
    return theta.detach()


robust = huber(X, wrong)
print(f"Huber: w = [{robust[1]:.4f}, {robust[2]:.4f}], b = {robust[0]:.4f}")

# %% [markdown]
# One row in a thousand moved the first weight from -1 to <!--= squares.w[0]:.1f -->-24.3<!--/-->. Least squares is linear in $y$: shift target $i$ by $\Delta$ and the
# parameters shift by exactly $\frac{\Delta}{n} H^{-1} \tilde x_i$ with $\tilde x_i = (1, x_i)$, without limit. Huber's loss charges
# $\delta (\lvert r \rvert - \frac12 \delta)$ beyond $\delta$, here 0.2 or two standard deviations of the noise, so no target can pull harder
# than $\delta$. (We know the noise because we drew it. With real data $\delta$ is a number of scales, and the scale comes from the residuals: [Why squares?](../part2/squares.py) shows how.)

# %%
shift = torch.linalg.solve(hessian(X), fold_bias(X)[0]) * (wrong[0] - y[0]) / len(y)
torch.testing.assert_close(squares.w - best.w, shift[1:])

truth = torch.tensor([2.0, -1.0, 1.0])  # b, w
targets = [10.0 ** (k / 2) for k in range(2, 13)]
error_squares, error_huber = [], []
for value in targets:
    wrong[0] = value
    fit = solve(X, wrong)
    error_squares.append((torch.cat((fit.b.unsqueeze(0), fit.w)) - truth).abs().max())
    error_huber.append((huber(X, wrong) - truth).abs().max())

assert max(error_huber) < 0.01 < min(error_squares)

# %% alt="Worst parameter error against the value of one wrong target, both on log scales. The error of least squares grows in proportion to the target; that of Huber's loss stays level below 0.01."
fig, ax = plt.subplots(figsize=(5.5, 3.6))
ax.loglog(targets, error_squares, color=ORANGE, marker="s", markersize=4)
ax.loglog(targets, error_huber, color=BLUE, marker="o", markersize=4)
ax.text(2e4, 3e2, "least squares", color=ORANGE, ha="right")
ax.text(1e6, 8e-3, "Huber, delta = 0.2", color=BLUE, ha="right")
ax.set(xlabel="value of one target among 1000", ylabel="worst parameter error")
plt.show()

# %% [markdown]
# Squares are the right price for Gaussian noise and a dangerous one for typing errors. Look at your residuals before you choose.
#
# A wrong *feature* is another matter. A row pulls at $w$ with its residual, limited or not, times $x_i$, and $x_i$ has no limit. Type the 10000 into the first feature of that row instead:

# %%
X_wrong = X.clone()
X_wrong[0, 0] = 10_000.0
pulled = {"least squares": solve(X_wrong, y).w, "Huber": huber(X_wrong, y)[1:]}
for name, w in pulled.items():
    print(f"{name:13} w = [{w[0]:.4f}, {w[1]:.4f}]")
    assert abs(w[0]) < 0.01  # the truth is -1

# %% [markdown]
# Both fits have turned to satisfy the one row, and have lost the first weight. Such a row has a high *leverage*: it lies so far out that the plane follows it wherever it goes. Huber's loss does not help. Look at the features as well as at the residuals.
#
# ## What was shown
#
# - Each convention is stable just below its own $2/\lambda_{\max}$ and diverges just above. At equal fractions of it the four take one path.
# - With a sum the stable rate falls like $1/n$; with a mean it settles once $n$ is much larger than $d$ (run for 2, 20 and 100 features).
# - A column of targets gives a loss that falls, a fit that converges, and a model that predicts the mean.
# - One wrong target moves least squares in proportion to its size, and Huber's fit hardly at all. One wrong feature ruins both.

# %% [markdown]
# ## Exercises
#
# **1. Millimetres.** The targets are converted from metres to millimetres, so that `y` and the loss grow. Which of the four largest stable rates
# change?

# %% [markdown] answer="Answer"
# None. The Hessian depends on the features alone, and the rate on the Hessian. The loss is a million times larger, the gradient a thousand
# times, and so is the way to the minimum.

# %% answer="Answer"
edge = curvature(X).largest_stable_rate
for fraction in (0.99, 1.01):
    print(gradient_descent(X, 1000 * y, lr=fraction * edge, steps=2000).status)

# %% [markdown]
# **2. The trap without the matrix.** The broadcast loss takes $n^2$ numbers of memory. Write `mixed_loss(y_hat, y)` that returns the same value from two vectors (n,) in O(n). This snippet checks
# yours:


# %%
def check(mixed_loss):
    y_hat = best.predict(X) + 0.3
    slow = ((y_hat - y.unsqueeze(1)) ** 2).mean() / 2
    torch.testing.assert_close(mixed_loss(y_hat, y), slow)


# %% [markdown] answer="Answer"
# Three terms, none of which pairs a prediction with its target:


# %% answer="Answer"
def mixed_loss(y_hat, y):
    spread = y_hat.var(correction=0) + y.var(correction=0)
    return (spread + (y_hat.mean() - y.mean()) ** 2) / 2


check(mixed_loss)

# %% [markdown]
# **3. How wrong for one?** By how much must target 0 be wrong to move the fitted intercept by 1? Compute it without fitting again, then check:


# %%
def check_size(size):
    moved = y.clone()
    moved[0] += size
    torch.testing.assert_close(solve(X, moved).b - best.b, torch.tensor(1.0))


# %% [markdown] answer="Answer"
# The intercept moves by $\frac{\Delta}{n} (H^{-1} \tilde x_0)_0$, and the features are nearly uncorrelated with mean zero, so that the
# answer is not far from $n$.

# %% answer="Answer"
size = len(y) / torch.linalg.solve(hessian(X), fold_bias(X)[0])[0]
check_size(size)
print(f"{size:.1f}")

# %% [markdown]
# **4. A sum over a few rows.** A colleague trains with `nn.MSELoss(reduction="sum")` on 32 rows at a time and the rate 0.05. It diverges. Which rate keeps the size of step that
# 0.05 has with the half-mean loss?

# %% [markdown] answer="Answer"
# The sum over 32 rows is 64 times their half-mean, so divide the rate by 64.

# %% answer="Answer"
few = slice(0, 32)
step_sum = 0.05 / 64 * gradient(X[few], y[few], start, reduction="sum")[0]
step_half_mean = 0.05 * gradient(X[few], y[few], start)[0]
torch.testing.assert_close(step_sum, step_half_mean)
print(f"{0.05 / 64:.6f}")

# %% [markdown]
# ## Where next
#
# [The exact answer](exact.md) sets the gradient of the loss to zero and solves. [Gradient descent](descent.md) derives the edge of stability.
