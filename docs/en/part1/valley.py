# %% [markdown]
# # One valley
#
# After this page you can prove that the squared loss of a linear model has one valley, say where
# descent ends when columns repeat each other, and tell a local minimum from an unfinished run.
#
# <!-- core -->
#
# **The question.** Descent from another start, [an article warns](article.py#e5), may end in another minimum.
# When is the warning true?
#
# ## The same bumps, two things to learn
#
# Two bumps of the shape $\varphi(z) = e^{-z^2}$ are to describe a signal with three peaks. One model learns
# the *heights* of bumps that stand on two of the peaks, the other the *positions* of bumps of height 1:
#
# $$
# \hat y = a_1 \varphi(x - 3) + a_2 \varphi(x - 6), \qquad \hat y = \varphi(x - c_1) + \varphi(x - c_2) .
# $$
#
# The first is a linear model with two columns, the second a small network with two hidden units. Same
# data, same loss, same descent, from 200 starts each:

# %% alt="Contours of the loss over two parameters, side by side, with paths of descent. Over the two heights they are nearly circles, and all paths end at one star. Over the two positions there are six hollows, in three pairs that mirror each other in the dashed diagonal, and each path ends in the hollow it started in."
from functools import partial

import matplotlib.pyplot as plt
import torch

import linreg
from linreg.plot import BLUE, GREEN, GREY, ORANGE

torch.set_default_dtype(torch.float64)
PEAKS = torch.tensor([3.0, 6.0, 9.0])


def bump(z):
    return torch.exp(-z.square())


def heights(theta, x):  # (..., 2) and (n,) -> (..., n)
    return theta @ bump(x - PEAKS[:2].unsqueeze(1))


def positions(theta, x):
    return bump(x - theta[..., :1]) + bump(x - theta[..., 1:])


def loss(model, theta, x, y):  # a loss for each row of theta
    return (model(theta, x) - y).square().mean(-1) / 2


def slope(model, x, y):
    """The gradient for each row of theta by autograd: no row is in the loss of another."""

    def gradient(theta):
        theta = theta.detach().requires_grad_()
        return torch.autograd.grad(loss(model, theta, x, y).sum(), theta)[0]

    return gradient


def descend(gradient, theta, lr, ticks):
    """Where many starts, one in each row, are after these numbers of steps."""
    seen = []
    for t in range(max(ticks) + 1):
        if t in ticks:
            seen.append(theta)
        theta = theta - lr * gradient(theta)
    return torch.stack(seen)


def covered(theta):
    """Which two peaks the units stand on: 0, 1 or 2, whatever the order of the units."""
    nearest = (theta.unsqueeze(-1) - PEAKS).abs().argmin(-1)  # (..., 2)
    return nearest.sum(-1) - 1


x_signal = torch.linspace(0, 12, 49)
noise = torch.randn(49, generator=torch.Generator().manual_seed(2))
y_signal = torch.tensor([1.0, 0.8, 0.6]) @ bump(x_signal - PEAKS.unsqueeze(1))
signal = x_signal, y_signal + 0.05 * noise

generator = torch.Generator().manual_seed(1)
starts = {
    heights: 2 * torch.randn(200, 2, generator=generator),
    positions: 2 + 8 * torch.rand(200, 2, generator=generator),
}
paths = {
    model: descend(slope(model, *signal), start, lr=2.0, ticks=range(401))
    for model, start in starts.items()
}

letters, colours = "ABC", (BLUE, GREEN, ORANGE)  # the minima of the network, best first
pairs = torch.tensor([[0, 1], [0, 2], [1, 2]])  # of peaks that its units cover
fig, axes = plt.subplots(1, 2, figsize=(5.8, 3.4))
views = ((heights, (-4, 6)), (positions, (1.6, 10.4)))
for ax, (model, (low, high)) in zip(axes, views, strict=True):
    grid = torch.linspace(low, high, 51)
    first, second = torch.meshgrid(grid, grid, indexing="xy")
    ground = loss(model, torch.stack((first, second), dim=-1), *signal)
    share = torch.linspace(0, 1, 12)[1:]
    levels = ground.min() + (ground.max() - ground.min()) * share.square()
    ax.contour(first, second, ground, levels=levels, colors=GREY, linewidths=0.6)
    inside = (starts[model] - (low + high) / 2).abs().amax(1) < (high - low) / 2
    kept = paths[model][:, inside][:, :20]
    for path, kind in zip(kept.unbind(1), covered(kept[-1]), strict=True):
        colour = colours[kind] if model is positions else BLUE
        ax.plot(*path.T, color=colour, linewidth=1.2)
    ax.plot(*kept[0].T, "o", color="black", markersize=2.5)
    ax.plot(*kept[-1].T, "*", color="black", markersize=9)
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal", title=model.__name__)
axes[0].set(xlabel="$a_1$", ylabel="$a_2$")
axes[1].set(xlabel="$c_1$", ylabel="$c_2$", xticks=PEAKS, yticks=PEAKS)
axes[1].plot([1.6, 10.4], [1.6, 10.4], color=GREY, linewidth=0.9, linestyle="--")
for letter, pair, colour in zip(letters, pairs, colours, strict=True):
    for place in (PEAKS[pair], PEAKS[pair.flip(0)]):
        at = {"xytext": (6, 6), "textcoords": "offset points", "fontweight": "bold"}
        clear = {"color": "white", "pad": 0.2, "alpha": 0.7}
        axes[1].annotate(letter, place.tolist(), color=colour, bbox=clear, **at)
assert (
    len(torch.unique((1e4 * loss(heights, paths[heights][-1], *signal)).round())) == 1
)
assert len(torch.unique(covered(paths[positions][-1]))) == 3

# %%
for model, path in paths.items():
    final = loss(model, path[-1], *signal)
    levels, counts = torch.unique((1e4 * final).round(), return_counts=True)
    print(model.__name__)
    for level, count in zip(levels, counts, strict=True):
        print(f"  {int(count):3} runs end at loss {level / 1e4:.4f}")

# %% [markdown]
# The linear model ends at one loss, the network at three. All that differs is whether the parameters
# stand outside $\varphi$, so that the prediction is linear in them, or inside.
#
# ## A chord never lies below
#
# Walk from $\theta$ to $\theta'$ in a straight line. A function is *convex* if on every such walk it
# stays on or below the chord, the straight line between its values at the two ends:
#
# $$
# L\bigl((1 - t)\,\theta + t\,\theta'\bigr) \le (1 - t)\, L(\theta) + t\, L(\theta'), \qquad 0 \le t \le 1 .
# $$
#
# For a linear model the residual on the way is $(1 - t)\, r + t\, r'$, and for any two vectors
#
# $$
# \lVert (1 - t)\, r + t\, r' \rVert^2 = (1 - t) \lVert r \rVert^2 + t\, \lVert r' \rVert^2 - t (1 - t) \lVert r - r' \rVert^2 .
# $$
#
# Divide by $2n$ and write $\delta = \theta' - \theta$, so that $r - r' = \tilde X \delta$:
#
# $$
# \text{chord} - \text{loss} = \frac{t (1 - t)}{2n} \, \lVert \tilde X \delta \rVert^2 \ge 0 .
# $$
#
# That is the gap itself, not a bound. Random walks, with the ordinary data as a third model:

# %%
X_ord, y_ord, _, _ = linreg.ordinary()
seeded = torch.Generator().manual_seed(2)


def ordinary(theta, X):  # (m, 21) and (n, 20) -> (m, n)
    return theta @ linreg.fold_bias(X).T


trials = {
    heights: (starts[heights], *signal),
    positions: (starts[positions], *signal),
    ordinary: (3 * torch.randn(200, 21, generator=seeded), X_ord, y_ord),
}
for model, (here, x, y) in trials.items():
    t = torch.rand(200, generator=seeded)
    there = here[torch.randperm(200, generator=seeded)]
    way = here + t.unsqueeze(1) * (there - here)
    chord = (1 - t) * loss(model, here, x, y) + t * loss(model, there, x, y)
    gap = chord - loss(model, way, x, y)
    above = int((gap < -1e-9).sum())
    print(f"{model.__name__:9}  loss above the chord on {above} of 200 walks")
    if model is not positions:
        moved = model(there - here, x)  # linear: X~ delta
        torch.testing.assert_close(gap, t * (1 - t) * moved.square().mean(1) / 2)

# %% alt="Loss along a straight walk, with the chord between its ends dashed, side by side. For the heights the loss is a parabola hanging below the chord. For the positions, on the walk from minimum A to minimum C, it rises in the middle to more than twice the height of the chord."
walks = (
    (heights, torch.tensor([-2.0, 3.0]), torch.tensor([3.0, -1.0])),
    (positions, *(PEAKS[pairs[k]] for k in (0, 2))),
)
t = torch.linspace(0, 1, 101)
fig, axes = plt.subplots(1, 2, figsize=(5.8, 2.9))
for ax, (model, here, there) in zip(axes, walks, strict=True):
    way = loss(model, here + t.unsqueeze(1) * (there - here), *signal)
    chord = (1 - t) * way[0] + t * way[-1]
    assert way[50] < chord[50] if model is heights else way[50] > 2 * chord[50]
    ax.plot(t, way, color=BLUE)
    ax.plot([0, 1], way[[0, -1]], color=ORANGE, linestyle="--", marker="o")
    ax.set(xlabel="t", title=model.__name__, ylim=(0, 1.15 * float(way.max())))
    right = 16 if chord[0] > chord[-1] else -16
    above = {"xytext": (right, 6), "textcoords": "offset points", "ha": "center"}
    ax.annotate("chord", (0.5, float(chord[50])), color=ORANGE, **above)
    low = {"xytext": (-6, -6), "textcoords": "offset points", "ha": "right"}
    ax.annotate("loss", (0.25, float(way[25])), color=BLUE, **low)
axes[0].set_ylabel("loss L")
for name, at, side in (("A", 0, "left"), ("C", -1, "right")):
    beside = {"xytext": (0, -14), "textcoords": "offset points", "ha": side}
    axes[1].annotate(name, (float(t[at]), float(way[at])), **beside)

# %% [markdown]
# ## Curved upwards in every direction
#
# A smooth function of one variable stays on or below its chords exactly when its second derivative is
# nowhere negative.
# Along the direction $v$ that of the loss, its *curvature*, is $v^\top H v$. For the linear model
# $H = \tilde X^\top \tilde X / n$, whatever $\theta$, and
#
# $$
# v^\top H v = \tfrac1n \lVert \tilde X v \rVert^2 \ge 0 .
# $$
#
# Autograd does not know the formula. It differentiates twice, on a grid over each picture:

# %%
for model, (low, high) in views:
    side = torch.linspace(low, high, 25)
    grid = torch.cartesian_prod(side, side)  # (625, 2)
    price = partial(loss, model, x=signal[0], y=signal[1])
    H = torch.func.vmap(torch.func.hessian(price))(grid)  # (625, 2, 2)
    lowest = torch.linalg.eigvalsh(H)[:, 0]
    below = int((lowest < 0).sum())
    print(f"{model.__name__:9}  smallest eigenvalue", end=" ")
    print(f"{lowest.min():.3f} to {lowest.max():.3f},", end=" ")
    print(f"negative at {below} of {len(grid)} points")
print(f"ordinary   smallest eigenvalue {linreg.curvature(X_ord).mu:.3f} everywhere")

# %% [markdown]
# If $\theta$ and $\theta'$ both have the smallest loss, the chord between them is level and the loss cannot
# be lower, so the gap is zero: $\tilde X \delta = 0$. With independent columns that leaves $\delta = 0$,
# and the minimiser is unique. With *dependent columns* every $\delta$ of the *null space*
# $\{ v : \tilde X v = 0 \}$ may be added to a minimiser and changes no prediction: the minimisers are a
# line or a plane, never two separate places.
#
# ## Local means global
#
# A *local minimum* is no higher than the points near it, a *global* one no higher than any point. Let
# $\theta$ be a local minimum of a convex function, and suppose some $\theta'$ were lower. Then for every
# small $t > 0$
#
# $$
# L\bigl((1 - t)\,\theta + t\,\theta'\bigr) \le (1 - t)\, L(\theta) + t\, L(\theta') < L(\theta),
# $$
#
# so there are lower points as near to $\theta$ as you like, and it was no local minimum. And where the
# gradient of our loss is zero, descent has arrived: a move by $\delta$ then changes the loss by
# $\frac12 \delta^\top H \delta \ge 0$.
#
# ## What the start does change
#
# Record one feature twice, the second time with an error of size 1, 0.1 or 0. The loss is then a bowl, a
# long valley, or a trough.

# %%
draws = torch.randn(100, 3, generator=torch.Generator().manual_seed(3))
x_once, error, y_noise = (draws - draws.mean(0)).T
y_once = 3 * x_once + 1 + 0.1 * y_noise


def recorded(x, error, size):
    return torch.stack((x, x + size * error), dim=1)  # (n, 2)


records = {
    name: recorded(x_once, error, size)
    for name, size in (("bowl", 1.0), ("valley", 0.1), ("trough", 0.0))
}
bowls = {name: linreg.curvature(X) for name, X in records.items()}
print("eigenvalues of H")
for name, bowl in bowls.items():
    print(f"{name:6}  " + " ".join(f"{value:.4f}" for value in bowl.eigenvalues))

# %% [markdown]
# A thousand starts with a standard deviation of 100 descend in each, at the rate $1/\lambda_{\max}$. The
# table has the root mean square of their distances from their centre:


# %%
def of_squares(X, y):
    """The gradient (m, p) of the loss at parameters (m, p), from sums over the rows."""
    A = linreg.fold_bias(X)
    H, g = A.T @ A / len(y), A.T @ y / len(y)
    return lambda theta: theta @ H - g


ticks = (0, 10, 100, 1000, 10_000)
theta_0 = 100 * torch.randn(1000, 3, generator=torch.Generator().manual_seed(4))
seen = {
    name: descend(of_squares(X, y_once), theta_0, 1 / bowls[name].L, ticks)
    for name, X in records.items()
}
print("  steps " + "".join(f"{name:>10}" for name in records))
for i, steps in enumerate(ticks):
    apart = [s[i].var(0, correction=0).sum().sqrt() for s in seen.values()]
    print(f"{steps:7} " + "".join(f"{distance:10.2f}" for distance in apart))

longest = {  # after 100 steps
    name: of_squares(X, y_once)(seen[name][2]).norm(dim=1).max()
    for name, X in records.items()
}
print("longest gradient after 100 steps:")
print(" " * 8 + "".join(f"{length:10.3f}" for length in longest.values()))
assert seen["valley"][-1].std(0).max() < 1e-6

# %% [markdown]
# After a hundred steps the ends in the valley are still scattered. They are not minima: there are gradients
# as long as <!--= longest["valley"]:.2f -->0.98<!--/-->, and after ten thousand steps the ends agree. In the
# trough the scatter remains for ever; there the ends differ, and they *are* minima.
#
# With independent columns, then, the start changes only the time. Along the flattest direction each step
# multiplies the error by $1 - 1/\kappa$, so a start a hundred times farther away costs about
# $\kappa \ln 100$ more steps:

# %%
far = {"valley": (records["valley"], y_once), "ordinary": (X_ord, y_ord)}
for name, (X, y) in far.items():
    bowl, best = linreg.curvature(X), linreg.solve(X, y)
    counts = []
    for distance in (1, 100, 10_000):
        start = torch.hstack((best.b, best.w)) + distance * bowl.eigenvectors[:, 0]
        at = {"w": start[1:], "b": start[0]}
        counts.append(linreg.predict_steps(X, y, lr=1 / bowl.L, **at))
    more = bowl.kappa * torch.tensor(100.0).log()
    print(f"{name:8} {counts} steps; kappa ln 100 = {more:.0f}")
    assert abs((counts[2] - counts[1]) / more - 1) < 0.05

# %% [markdown]
# ## The trough
#
# With the same column twice the start decides where you end. If $\tilde X v = 0$, then
#
# $$
# v^\top \nabla L = \tfrac1n (\tilde X v)^\top (\tilde X \theta - y) = 0{:}
# $$
#
# no step has a part along $v$. Of the start's two parts, one in the null space and one in the *row space*,
# the span of the rows of $\tilde X$, descent changes only the second. Here are the trough, with
# $v = (0, 1, -1)$, and the ordinary data with the first column repeated.

# %%
X_twice = torch.hstack((X_ord, X_ord[:, :1]))
null = {
    "trough": torch.tensor([0.0, 1.0, -1.0]) / 2**0.5,
    "ordinary, twice": torch.tensor([0.0, 1.0, *[0.0] * 19, -1.0]) / 2**0.5,
}
troughs = {
    "trough": (records["trough"], y_once, theta_0),
    "ordinary, twice": (X_twice, y_ord, torch.randn(50, 22, generator=seeded)),
}
ends = {}
for name, (X, y, start) in troughs.items():
    A, v, bowl = linreg.fold_bias(X), null[name], linreg.curvature(X)
    assert (A @ v).abs().max() < 1e-15
    ends[name] = end = descend(of_squares(X, y), start, bowl.best_rate, [2000])[0]
    shortest = torch.linalg.pinv(A) @ y
    nearest = torch.outer(start @ v, v) + shortest
    predictions = end @ A.T
    print(f"{name}: all below 1e-10?")
    for what, worst in (
        ("move along v", ((end - start) @ v).abs().max()),
        ("end - null part of start - shortest", (end - nearest).abs().max()),
        ("spread of the predictions", (predictions - predictions[0]).abs().max()),
    ):
        print(f"  {bool(worst < 1e-10)!s:5} {what}")
        assert worst < 1e-10

# %% [markdown]
# In the trough the first weights reach <!--= ends["trough"][:, 1].abs().max():.0f -->226<!--/--> in size,
# and all runs predict the same. From above:

# %% alt="Contours of the loss over two weights with paths from the same eight starts, side by side. In the valley the contours are long ellipses; the paths drop to the floor and then creep along it to one star. In the trough the contours are parallel lines; the paths are parallel too, straight across, and stop where they meet the floor, each at another point. The one that starts at the origin ends at the star, the point of the floor nearest to the origin."
ring = torch.tensor(
    [[-3.5, -0.5], [0, -3], [4, -3.5], [5.5, -1], [5, 3], [1, 5.5], [-3, 3]]
)
eight = torch.cat((torch.zeros(1, 2), ring))
fig, axes = plt.subplots(1, 2, figsize=(5.8, 3.4), sharey=True)
side = torch.linspace(-4, 6.5, 101)
plane = torch.stack(torch.meshgrid(side, side, indexing="xy"), dim=-1)
for ax, name in zip(axes, ("valley", "trough"), strict=True):
    lowest_w = linreg.solve(records[name], y_once).w
    H = linreg.hessian(records[name], intercept=False)
    above = plane - lowest_w
    ground = ((above @ H) * above).sum(-1) / 2
    levels = [0.02, 1, 4, 9, 16, 25]
    w1, w2 = plane.unbind(-1)
    ax.contour(w1, w2, ground, levels=levels, colors=GREY, linewidths=0.6)

    def gradient(w, H=H, lowest_w=lowest_w):
        return (w - lowest_w) @ H

    times = (*range(20), *range(20, 4000, 20))
    trail = descend(gradient, eight, 0.4 / bowls[name].L, times)  # (steps, 8, 2)
    for path in trail.unbind(1):
        ax.plot(*path.T, color=BLUE, linewidth=1.4)
    ax.plot(*eight.T, "o", color="black", markersize=3.5)
    ax.plot(*trail[-1].T, "o", color=BLUE, markersize=5)
    ax.plot(*lowest_w, "*", color=ORANGE, markersize=13, zorder=3)
    ax.set(xlim=(-4, 6.5), ylim=(-4, 6.5), aspect="equal", title=name)
    ax.set(xlabel="$w_1$", xticks=range(-4, 7, 2), yticks=range(-4, 7, 2))
axes[0].set_ylabel("$w_2$")
axes[1].plot([-3.5, 6.5], [6.5, -3.5], color=GREY, linewidth=1, zorder=0)
assert (trail[-1][0] - lowest_w).abs().max() < 1e-6  # from the origin to the star
clear = {"color": "white", "pad": 1}
beside = {"textcoords": "offset points", "bbox": clear}
axes[1].annotate(
    "shortest", lowest_w.tolist(), xytext=(8, 13), ha="center", color=ORANGE, **beside
)
axes[1].annotate("zero", (0, 0), xytext=(-4, -14), **beside)

# %% [markdown]
# ## From zero to the shortest
#
# Descent from zero stays in the row space. Any other minimiser is its end plus some $v$ of the null space,
# orthogonal to it, and Pythagoras gives it the squared length
# $\lVert \theta \rVert^2 + \lVert v \rVert^2$. **So descent from zero ends at the shortest minimiser**, the
# *minimum-norm answer* of $\theta = (b, w)$, and **from any start at the minimiser nearest to it**, by the
# same argument about $\theta - \theta_0$.
#
# [`solve`](exact.md) returns the shortest answer on purpose, but measures $\lVert w \rVert$ alone, where
# descent treats the intercept like a weight. The two differ when the intercept has a part in the
# dependence, as in the columns $x$ and $x + 1$:

# %%
x_1 = torch.randn(50, 1, generator=torch.Generator().manual_seed(0))
y_1 = 3 * x_1.squeeze(1) + 1
cases = {
    "x, x": (records["trough"], y_once),
    "x, x + 1": (torch.hstack((x_1, x_1 + 1)), y_1),
    "ordinary, twice": (X_twice, y_ord),
}
for name, (X, y) in cases.items():
    lr = linreg.curvature(X).best_rate
    walk = linreg.gradient_descent(X, y, lr=lr, steps=3000, tol=0, record=False)
    exact = linreg.solve(X, y)
    print(name)
    for method, fit in (("descent from zero", walk), ("linreg.solve", exact)):
        whole = torch.hstack((fit.b, fit.w)).norm()
        print(f"  {method:17} |w| {fit.w.norm():.3f}  |(b, w)| {whole:.3f}")
    assert torch.allclose(walk.w, exact.w) == (name != "x, x + 1")

# %% [markdown]
# ## Several valleys
#
# Are the three losses of the network local minima, or unfinished runs? Where the gradient is zero and every
# eigenvalue of the Hessian positive, there is a local minimum:

# %%
two_bumps = partial(loss, positions, x=signal[0], y=signal[1])
network_ends = paths[positions][-1]
kind = covered(network_ends)
print("   units at      loss  eigenvalues   runs c1<c2, c1>c2")
found = []
for k, letter in enumerate(letters):
    group = network_ends[kind == k]
    assert slope(positions, *signal)(group).abs().max() < 1e-9
    ordered = group.sort(1).values
    c = ordered.mean(0)
    assert (ordered - c).abs().max() < 1e-6  # one place
    found.append(c)
    low, high = torch.linalg.eigvalsh(torch.func.hessian(two_bumps)(c))
    rising = int((group[:, 0] < group[:, 1]).sum())
    row = f"{letter}  {c[0]:.2f}, {c[1]:.2f}  {two_bumps(c):.4f}"
    row += f"    {low:.3f}, {high:.3f}  {rising:12} {len(group) - rising:6}"
    print(row)
    assert low > 0.01

# %% [markdown]
# They are minima, with all gradients below 1e-9. Each occurs twice, because exchanging the two units
# changes no prediction. These copies are equally good; A, B and C are not:

# %% alt="The signal with three peaks, three times, each with one fit of two bumps. Fit A stands on the first and second peak, fit B on the first and third, fit C on the second and third. Each leaves one peak out; the loss grows from A to C."
fig, axes = plt.subplots(3, 1, figsize=(5.6, 4.8), sharex=True, sharey=True)
losses = [float(two_bumps(c)) for c in found]
assert losses == sorted(losses)
for k, (ax, c, colour) in enumerate(zip(axes, found, colours, strict=True)):
    assert (c - PEAKS[pairs[k]]).abs().max() < 0.5
    ax.plot(*signal, "o", color=GREY, markersize=3)
    ax.plot(signal[0], positions(c, signal[0]), color=colour)
    runs = int((kind == k).sum())
    label = f"{letters[k]}: loss {losses[k]:.2f}, {runs} of 200 runs"
    ax.text(12, 1.2, label, color=colour, ha="right")
    ax.set(ylim=(-0.25, 1.45), yticks=(0, 0.5, 1), ylabel="y")
axes[-1].set_xlabel("x")

# %% [markdown]
# **Where zeros are a bad start.** Two units that start at the same place get the same gradient and stay
# equal: the dashed diagonal of [the first figure](#the-same-bumps-two-things-to-learn) cannot be left. Descent along it ends at a zero gradient that is no minimum:

# %%
equal = torch.tensor([[6.5, 6.5]])
nudge = torch.tensor([0.0, 1e-4])
for name, start in (("equal", equal), ("nudged", equal + nudge)):
    (end,) = descend(slope(positions, *signal), start, lr=2.0, ticks=[120])[0]
    low, high = torch.linalg.eigvalsh(torch.func.hessian(two_bumps)(end))
    place = f"{end[0]:.2f}, {end[1]:.2f}"
    print(f"{name:6} {place}  eigenvalues {low:.3f}, {high:.3f}")

# %% [markdown]
# The first is a *saddle*: upwards along the diagonal, downwards across it. A nudge of 1e-4 is enough, and
# that is what small random weights are for. A linear model has no saddles.
#
# ## What was shown
#
# - The squared loss of a linear model lies below every chord, by exactly
#   $\frac{t(1-t)}{2n} \lVert \tilde X \delta \rVert^2$: run for two bumps and for the ordinary data.
# - So every local minimum is global (proved). The minimisers are one point when the columns are independent,
#   else a point plus the null space.
# - With independent columns the start changes the time, by the logarithm of its distance: in the valley and
#   on the ordinary data.
# - With dependent columns descent ends at the nearest minimiser: in the trough and on the ordinary data with
#   a column repeated.
# - Parameters inside a nonlinear function can have several valleys: the network.
#
# ## Exercises
#
# **1. By pencil.** The columns are $[x, 2x]$, without intercept, and $y = 3x$. Where does descent end from
# $w = (0, 0)$, and where from $(5, 0)$? Check with `linreg.check([from_zero, from_five], both_ends)`.

# %%
units = torch.stack((x_once, 2 * x_once), dim=1)
both_ends = torch.stack(
    [
        linreg.gradient_descent(
            units,
            3 * x_once,
            lr=1 / linreg.curvature(units, intercept=False).L,
            steps=50,
            w=torch.tensor(start),
            intercept=False,
        ).w
        for start in ((0.0, 0.0), (5.0, 0.0))
    ]
)

# %% [markdown] answer="Hint"
# All minimisers lie on $w_1 + 2 w_2 = 3$. In which direction does every step go?

# %% [markdown] answer="Answer"
# Each step is a multiple of the rows, of $(1, 2)$. From zero: $s + 4s = 3$ gives $s = 0.6$ and
# $w = (0.6, 1.2)$. From $(5, 0)$: $5 + s + 4s = 3$ gives $s = -0.4$ and $w = (4.6, -0.8)$. The unit of a
# column decides what "shortest" means.

# %% answer="Answer"
linreg.check(torch.tensor([[0.6, 1.2], [4.6, -0.8]]), both_ends)

# %% [markdown]
# **2. Predict the picture.** Sort the final losses of the 200 runs of the network and draw them in that
# order. What do you see? And for the heights?

# %% [markdown] answer="Hint"
# How many different numbers are among them?

# %% [markdown] answer="Answer"
# A staircase with three steps, as wide as the number of runs that ended there, and for the heights one
# level line.

# %% alt="The final losses of 200 runs, sorted. Those of the heights lie on one level line. Those of the positions form a staircase of three steps, A, B and C." answer="Answer"
sorted_losses = {m: loss(m, p[-1], *signal).sort().values for m, p in paths.items()}
_, ax = plt.subplots(figsize=(5.6, 2.6))
level = sorted_losses[heights]
assert level[-1] - level[0] < 1e-9
ax.plot(level, color=GREY, linestyle="--")
under = {"xytext": (0, -5), "textcoords": "offset points", "ha": "right", "va": "top"}
ax.annotate("heights", (199, float(level[-1])), color=GREY, **under)
right = 0
for k, (letter, colour) in enumerate(zip(letters, colours, strict=True)):
    left, right = right, right + int((kind == k).sum())
    step = sorted_losses[positions][left:right]
    assert step[-1] - step[0] < 1e-6
    ax.plot(range(left, right), step, color=colour, linewidth=4)
    over = {"xytext": (0, 5), "textcoords": "offset points"}
    ax.annotate(
        f"{letter}: {right - left} runs", (left, float(step[0])), color=colour, **over
    )
ax.set_ylim(0, 1.3 * float(sorted_losses[positions].max()))
ax.set(xlabel="runs, sorted by final loss", ylabel="final loss")

# %% [markdown]
# **3. What is wrong with this sentence?** "Two runs from different starts ended at different weights, so
# the loss has two minima."

# %% [markdown] answer="Hint"
# This page has three reasons why ends differ. What would you look at to tell them apart?

# %% [markdown] answer="Answer"
# They may be unfinished: look at the gradient, as in the valley. The columns may be dependent, and the two
# ends are points of one flat floor: compare their predictions and losses. Or the model is not linear in its
# parameters, and only then can there be two separate minima.

# %% answer="Answer"
one, other = ends["trough"][:2]
A_trough = linreg.fold_bias(records["trough"])
print(f"weights apart: {(one - other).norm():.0f}")
print("predictions apart:", bool((A_trough @ (one - other)).abs().max() > 1e-10))

# %% [markdown]
# **4. Code.** Write `end_of(A, y, theta_0)`: where descent from `theta_0` ends, computed without a loop, for
# any matrix and also for more columns than rows. Check with `linreg.check(end_of(A_wide, y_wide, start_wide), walked)`.

# %%
wide = torch.Generator().manual_seed(5)
A_wide = torch.randn(20, 50, generator=wide)  # a null space of dimension 30
y_wide, start_wide = (torch.randn(k, generator=wide) for k in (20, 50))
walked = linreg.gradient_descent(
    A_wide,
    y_wide,
    lr=linreg.curvature(A_wide, intercept=False).best_rate,
    steps=1000,
    w=start_wide,
    intercept=False,
    record=False,
).w

# %% [markdown] answer="Hint"
# `torch.linalg.pinv(A) @ z` is the shortest of all $\delta$ with the smallest $\lVert A \delta - z \rVert$.

# %% [markdown] answer="Answer"
# The nearest minimiser is the start plus the shortest move that removes its error.


# %% answer="Answer"
def end_of(A, y, theta_0):
    return theta_0 + torch.linalg.pinv(A) @ (y - A @ theta_0)


linreg.check(end_of(A_wide, y_wide, start_wide), walked)

# %% [markdown]
# ## References
#
# - Boyd and Vandenberghe, *Convex Optimization*, section 3.1: chords, tangents and Hessians; section 4.2.2: local means global.
# - Golub and Van Loan, *Matrix Computations*, section 5.5: dependent columns and the shortest answer.
#
# <!-- given 3.1, 4.2.2, 5.5: sections of the books cited -->
#
# ## Where next
#
# [By hand, autograd, nn.Module](by-hand.py) opens the loop that walked through all these valleys.
# [Scaling](../part2/scaling.py) turns long valleys into round bowls. Which losses for yes and no are
# convex is told on [Logistic and softmax](../part3/logistic.py).
