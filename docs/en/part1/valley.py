# %% [markdown]
# # One valley
#
# After this page you can prove that the squared loss of a linear model has one valley, say where descent ends when columns repeat
# each other, and tell a local minimum of a network from a run that has not finished.
#
# <!-- core -->
#
# **The question.** Descent from another start, [texts warn](article.py#e5), may end in another minimum. When is the warning true? And what does the start
# change when it is not?
#
# ## The same bumps, two things to learn
#
# A signal with three peaks is to be described by two bumps of the shape $\varphi(z) = e^{-z^2}$. Two models may learn two numbers each. In
# the first the bumps stand on two of the peaks, and their *heights* are learned. In the second both have height 1, and their *positions*
# are learned:
#
# $$
# \hat y = a_1 \varphi(x - 3) + a_2 \varphi(x - 6), \qquad \hat y = \varphi(x - c_1) + \varphi(x - c_2) .
# $$
#
# The first is a linear model with two columns. The second is a small network: $\varphi$ is the activation of its two hidden units, and
# each unit has one parameter, the place $c_k$ where it stands.

# %%
from functools import partial

import matplotlib.pyplot as plt
import torch

import linreg
from linreg.plot import BLUE, GREEN, GREY, ORANGE

torch.set_default_dtype(torch.float64)


def unit(z):  # the bump
    return torch.exp(-z.square())


x = torch.linspace(0, 12, 49)
peaks = torch.tensor([3.0, 6.0, 9.0])
noise = torch.randn(49, generator=torch.Generator().manual_seed(2))
y = unit(x.unsqueeze(1) - peaks) @ torch.tensor([1.0, 0.8, 0.6]) + 0.05 * noise
signal = x, y
U = unit(x.unsqueeze(1) - peaks[:2])  # (49, 2)


def heights(a):  # (..., 2) -> (..., 49)
    return a @ U.T


def positions(c):
    return unit(x - c[..., :1]) + unit(x - c[..., 1:])


# %% [markdown]
# Same data, same loss, same descent, 200 starts each. All starts descend together, a row each, and autograd gives each row its gradient.


# %%
def loss(model, theta):  # (..., 2) -> (...)
    return (model(theta) - y).square().mean(-1) / 2


def slope(model):
    """The gradient of every row by autograd: no row is in the loss of another."""

    def gradient(theta):
        theta = theta.detach().requires_grad_()
        return torch.autograd.grad(loss(model, theta).sum(), theta)[0]

    return gradient


def descend(gradient, theta, lr, ticks):
    """Where many starts, a row each, are after these numbers of steps."""
    seen = []
    for t in range(max(ticks) + 1):
        if t in ticks:
            seen.append(theta)
        theta = theta - lr * gradient(theta)
    return torch.stack(seen)


generator = torch.Generator().manual_seed(1)
starts = {
    heights: 2 * torch.randn(200, 2, generator=generator),
    positions: 2 + 8 * torch.rand(200, 2, generator=generator),
}
paths = {}
for model, start in starts.items():
    paths[model] = descend(slope(model), start, lr=2.0, ticks=range(401))
    final = loss(model, paths[model][-1])
    levels = torch.unique((1e4 * final).round()) / 1e4
    print(f"{model.__name__:9}  end at", *(f"{level:.4f}" for level in levels))

# %% alt="The final losses of 200 runs, sorted. Those of the heights lie on one level line. Those of the positions form a staircase of three steps, A, B and C."
letters = "ABC"  # the minima of the network, best first
colours = (BLUE, GREEN, ORANGE)

final = {m: loss(m, path[-1]).sort().values for m, path in paths.items()}
_, ax = plt.subplots(figsize=(5.6, 2.6))
ax.plot(final[heights], color=GREY, linestyle="--")
ax.text(199, 0.0125, "heights: 200 runs", color=GREY, ha="right", va="top")
levels, counts = torch.unique((1e4 * final[positions]).round(), return_counts=True)
right = 0
steps = zip(letters, colours, levels, counts, strict=True)
for letter, colour, level, count in steps:
    left, right = right, right + int(count)
    step = final[positions][left:right]
    ax.plot(range(left, right), step, color=colour, linewidth=4)
    label = f"{letter}: {int(count)} runs"
    ax.text(left, level / 1e4 + 0.003, label, color=colour, va="bottom")
ax.set(ylim=(0, 0.075), xlabel="runs, sorted by final loss", ylabel="final loss")

# %% [markdown]
# The linear model ends at one loss, the network at three: the steps of the staircase. Two parameters can be drawn, so look at the
# ground under their feet:

# %% alt="Contours of the loss over two parameters, side by side, with paths of descent. Over the two heights they are nearly circles, and all paths end at one star. Over the two positions there are six hollows, in three pairs that mirror each other in the dashed diagonal, and each path ends in the hollow it started in."
pairs = torch.tensor([[0, 1], [0, 2], [1, 2]])  # of peaks that its units cover


def minimum_of(c):
    """Which of the pairs, 0 to 2, whatever the order of the units."""
    nearest = (c.unsqueeze(-1) - peaks).abs().argmin(-1)  # (..., 2)
    return nearest.sum(-1) - 1


fig, axes = plt.subplots(1, 2, figsize=(5.8, 3.4))
views = ((heights, (-4, 6), 20), (positions, (1.6, 10.4), 20))
for ax, (model, (low, high), drawn) in zip(axes, views, strict=True):
    grid = torch.linspace(low, high, 51)
    first, second = torch.meshgrid(grid, grid, indexing="xy")
    ground = loss(model, torch.stack((first, second), dim=-1))
    share = torch.linspace(0, 1, 12)[1:]
    levels = ground.min() + (ground.max() - ground.min()) * share.square()
    ax.contour(first, second, ground, levels=levels, colors=GREY, linewidths=0.6)
    inside = (starts[model] - (low + high) / 2).abs().amax(1) < (high - low) / 2
    kept = paths[model][:, inside][:, :drawn]
    for path, kind in zip(kept.unbind(1), minimum_of(kept[-1]), strict=True):
        colour = colours[kind] if model is positions else BLUE
        ax.plot(*path.T, color=colour, linewidth=1.2)
    ax.plot(*kept[0].T, "o", color="black", markersize=2.5)
    ax.plot(*kept[-1].T, "*", color="black", markersize=9)
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal", title=model.__name__)
axes[0].set(xlabel="$a_1$", ylabel="$a_2$")
axes[1].set(xlabel="$c_1$", ylabel="$c_2$", xticks=peaks, yticks=peaks)
axes[1].plot([1.6, 10.4], [1.6, 10.4], color=GREY, linewidth=0.9, linestyle="--")
for letter, pair, colour in zip(letters, pairs, colours, strict=True):
    for place in (peaks[pair], peaks[pair.flip(0)]):
        axes[1].text(*(place + 0.35), letter, color=colour, fontweight="bold")

# %% [markdown]
# The bumps are the same. What differs is where the parameters stand: outside $\varphi$, so that the prediction is linear in them, or inside. That alone decides.
#
# ## A chord never lies below
#
# Walk from $\theta$ to $\theta'$ in a straight line. A function is *convex* if on every such walk it stays on or below the chord, the
# straight line between its values at the two ends:
#
# $$
# L\bigl((1 - t)\,\theta + t\,\theta'\bigr) \le (1 - t)\, L(\theta) + t\, L(\theta'), \qquad 0 \le t \le 1 .
# $$
#
# For a linear model the gap can be computed. With $\tilde X$ the matrix of the model and $r = y - \tilde X \theta$, the residual on the way is
# $(1 - t)\, r + t\, r'$, and for any two vectors
#
# $$
# \lVert (1 - t)\, r + t\, r' \rVert^2 = (1 - t) \lVert r \rVert^2 + t\, \lVert r' \rVert^2 - t (1 - t) \lVert r - r' \rVert^2 .
# $$
#
# Divide by $2n$, and write $\delta = \theta' - \theta$, so that $r - r' = \tilde X \delta$:
#
# $$
# \text{chord} - \text{loss} = \frac{t (1 - t)}{2n} \, \lVert \tilde X \delta \rVert^2 \ge 0 .
# $$
#
# Not a bound, the gap itself. $y$ does not occur in it, and neither does $\theta$: only how far you go, and in which direction. Try random
# pairs of the starts, at random $t$. For the heights the last line checks the formula, too:

# %%
generator = torch.Generator().manual_seed(2)
t = torch.rand(200, generator=generator)
other = torch.randperm(200, generator=generator)
for model, start in starts.items():
    here, there = start, start[other]
    way = here + t.unsqueeze(1) * (there - here)
    chord = (1 - t) * loss(model, here) + t * loss(model, there)
    gap = chord - loss(model, way)
    above = int((gap < -1e-9).sum())
    print(f"{model.__name__:9}  loss above the chord on {above} of 200 walks")
    if model is heights:
        exact_gap = t * (1 - t) * ((there - here) @ U.T).square().mean(1) / 2
        torch.testing.assert_close(gap, exact_gap)

# %% alt="Loss along a straight walk, with the chord between its ends dashed, side by side. For the heights the loss is a parabola hanging below the chord. For the positions, on the walk from minimum A to minimum C, it rises in the middle to more than twice the height of the chord."
walks = (
    (heights, torch.tensor([-2.0, 3.0]), torch.tensor([3.0, -1.0])),
    (positions, *(peaks[pairs[k]] for k in (0, 2))),
)
t = torch.linspace(0, 1, 101)
fig, axes = plt.subplots(1, 2, figsize=(5.8, 2.9))
for ax, (model, here, there) in zip(axes, walks, strict=True):
    way = loss(model, here + t.unsqueeze(1) * (there - here))
    ax.plot(t, way, color=BLUE)
    ax.plot([0, 1], way[[0, -1]], color=ORANGE, linestyle="--", marker="o")
    ax.set(xlabel="t", title=model.__name__, ylim=(0, 1.15 * float(way.max())))
axes[0].set_ylabel("loss L")
axes[0].text(0.5, 0.62, "chord", color=ORANGE)
axes[0].text(0.17, 0.12, "loss", color=BLUE, ha="right")
axes[1].text(0.02, 0.009, "A")
axes[1].text(0.98, 0.045, "C")

# %% [markdown]
# ## Curved upwards in every direction
#
# The same seen from the Hessian $H$, the matrix of second derivatives. Walk from $\theta$ in the direction $v$: the second derivative of the
# loss along the walk is $v^\top H v$. A function of one variable lies below its chords exactly when its second derivative is
# nowhere negative. So a loss is convex exactly when $v^\top H v \ge 0$ for all $v$, at every point: $H$ is *positive semidefinite*, no
# eigenvalue negative. For the linear model $H = \tilde X^\top \tilde X / n$, whatever $\theta$, and
#
# $$
# v^\top H v = \tfrac1n \, v^\top \tilde X^\top \tilde X v = \tfrac1n \lVert \tilde X v \rVert^2 \ge 0 .
# $$
#
# Autograd does not know the formula. Let it differentiate twice, on a grid over each of the two pictures:

# %%
for model, (low, high), _ in views:
    grid = torch.cartesian_prod(*2 * [torch.linspace(low, high, 25)])  # (625, 2)
    second_derivative = torch.func.hessian(partial(loss, model))
    H = torch.func.vmap(second_derivative)(grid)  # (625, 2, 2)
    lowest = torch.linalg.eigvalsh(H)[:, 0]
    below = int((lowest < 0).sum())
    low, high = lowest.min(), lowest.max()
    print(f"{model.__name__:9}  lambda_min {low:.3f} to {high:.3f},")
    print(f"           negative at {below} of {len(grid)} points")
    if model is heights:
        expected = linreg.hessian(U, intercept=False).expand_as(H)
        torch.testing.assert_close(H, expected)

# %% [markdown]
# One Hessian everywhere for the heights, and downward curvature at most points for the positions.
#
# When is the minimiser unique? Suppose $\theta$ and $\theta'$ both have the smallest loss $L^*$. Between them the chord is level at $L^*$ and the loss cannot be
# lower, so the gap is zero: $\tilde X \delta = 0$. If the columns are independent, that leaves $\delta = 0$, and the two are one. With
# *dependent columns* every $\delta$ of the *null space* $\{ v : \tilde X v = 0 \}$ may be added to a minimiser, and changes no prediction. So the set of
# minimisers is a point, or a line, or a plane: $\theta^*$ plus the null space. Never two separate places.
#
# ## Local means global
#
# A *local* minimum is lower than all points near it, or as low; a *global* one lower than all points, or as low. Let $\theta$ be a local minimum of a convex function, and
# suppose some $\theta'$ were lower. Then for every $t > 0$, however small,
#
# $$
# L\bigl((1 - t)\,\theta + t\,\theta'\bigr) \le (1 - t)\, L(\theta) + t\, L(\theta') < L(\theta),
# $$
#
# so there are lower points as near to $\theta$ as you like. It was no local minimum. That is the whole proof, and it does not
# need a derivative.
#
# Descent, however, looks for a zero gradient and not for a minimum. On our loss that is enough: by [the identity that descent begins
# with](descent.md), a move by $\delta$ changes the loss by $\nabla L^\top \delta + \frac12 \delta^\top H \delta$. If the gradient is
# zero, the rest is not negative. There are no saddles and no ledges to be stuck on: where descent comes to rest, it has won.
#
# ## What the start does change
#
# Now with data of the usual kind: one feature, recorded twice. The second record differs from the first by an error of size 1, 0.1 or 0. With the
# first the loss is a bowl, with the second a long valley, and with the last the same column stands there twice.

# %%
draws = torch.randn(100, 3, generator=torch.Generator().manual_seed(3))
x, error, noise = (draws - draws.mean(0)).T
y = 3 * x + 1 + 0.1 * noise


def recorded(size):
    return torch.stack((x, x + size * error), dim=1)  # (100, 2)


sizes = {"bowl": 1.0, "valley": 0.1, "trough": 0.0}
bowls = {name: linreg.curvature(recorded(size)) for name, size in sizes.items()}
print("eigenvalues of H")
for name, bowl in bowls.items():
    values = " ".join(f"{value:.4f}" for value in bowl.eigenvalues)
    print(f"{name:6}  {values}")

# %% [markdown]
# [A thousand starts in a round bowl](descent-run.py) end at one point. Here a thousand starts of scale 100 descend in each of the three,
# each at the rate $1/\lambda_{\max}$, and we watch how far they lie apart: the root mean square of their distances from their centre.

# %%
ticks = (0, 10, 100, 1000, 10_000)
theta_0 = 100 * torch.randn(1000, 3, generator=torch.Generator().manual_seed(4))
seen, slopes = {}, {}
for name, size in sizes.items():
    A = linreg.fold_bias(recorded(size))  # (100, 3), for (b, w1, w2)
    H, g = A.T @ A / 100, A.T @ y / 100

    def gradient(theta, H=H, g=g):
        return theta @ H - g

    seen[name] = descend(gradient, theta_0, 1 / bowls[name].L, ticks)
    slopes[name] = gradient(seen[name][2])  # after 100 steps

print("  steps " + "".join(f"{name:>10}" for name in sizes))
for i, steps in enumerate(ticks):
    apart = [s[i].var(0, correction=0).sum().sqrt() for s in seen.values()]
    print(f"{steps:7} " + "".join(f"{distance:10.2f}" for distance in apart))

longest = {name: slope_100.norm(dim=1).max() for name, slope_100 in slopes.items()}
print("longest gradient after 100 steps:")
print(" " * 8 + "".join(f"{length:10.3f}" for length in longest.values()))
assert seen["valley"][-1].std(0).max() < 1e-6

# %% [markdown]
# The bowl is done after a hundred steps. In the valley the ends are then still scattered, and whoever stops here may well report "different minima from different starts".
# They are not minima. The runs have not finished, and their gradients say so: the longest is
# <!--= longest["valley"]:.2f -->0.98<!--/-->, where in the bowl and in the trough nothing is left. After ten thousand steps they agree. In the trough the scattering
# stops changing early and remains for ever: these ends differ, and they *are* minima.
#
# So in a bowl or a valley the start changes the time. How much? Put the start at some distance from the minimum, along the flattest direction or
# along the steepest, and let [`predict_steps`](../reference/api-descent.md) count:

# %%
X = recorded(sizes["valley"])
valley, best = bowls["valley"], linreg.solve(X, y)
answer = torch.hstack((best.b, best.w))

floor = {}
print("distance  steps: floor   wall")
for distance in (1, 100, 10_000, 1_000_000):
    counts = []
    for v in (valley.eigenvectors[:, 0], valley.eigenvectors[:, -1]):
        b, w = (answer + distance * v).tensor_split([1])
        counts.append(linreg.predict_steps(X, y, lr=1 / valley.L, w=w, b=b[0]))
    floor[distance] = counts[0]
    print(f"{distance:8} {counts[0]:13} {counts[1]:6}")

# %% [markdown]
# Down the wall, one step arrives from anywhere at this rate. Along the floor the error is multiplied by $1 - 1/\kappa$ a step, so a start a hundred times
# farther away costs about $\kappa \ln 100$ = <!--= valley.kappa * torch.tensor(100.0).log():,.0f -->2,123<!--/--> further steps, and here it is
# <!--= floor[100] - floor[1]:,d -->2,121<!--/-->. The price of a bad start is a logarithm, with $\kappa$ in front.
#
# ## The trough
#
# With the same column twice the start decides where you end, as [exercise 4 of Gradient descent](descent.md#exercises) found for two starts. Exactly how? The gradient is $\frac1n \tilde X^\top (\tilde X \theta - y)$, a combination of the rows
# of $\tilde X$. If $\tilde X v = 0$, then
#
# $$
# v^\top \nabla L = \tfrac1n (\tilde X v)^\top (\tilde X \theta - y) = 0 .
# $$
#
# No step has a part along $v$. Split the start into its part in the *row space*, the span of the rows, and its part in the null space. Descent
# works on the first and never touches the second. Here $v = (0, 1, -1)$: adding to $w_1$ what is taken from $w_2$.

# %%
A = linreg.fold_bias(recorded(0.0))
theta_end = seen["trough"][-1]  # (1000, 3)
v = torch.tensor([0.0, 1.0, -1.0]) / 2**0.5
P = torch.outer(v, v)  # projects on the null space
assert (A @ v).abs().max() == 0

shortest = torch.linalg.pinv(A) @ y
moved = ((theta_end - theta_0) @ v).abs().max()
missed = (theta_end - (theta_0 @ P + shortest)).abs().max()
predictions = theta_end @ A.T  # (1000, 100)
losses = (predictions - y).square().mean(1) / 2
print("less than 1e-10 in all 1000 runs:")
for what, worst in (
    ("move along v", moved),
    ("end - null part of start - shortest", missed),
    ("spread of the losses", losses.max() - losses.min()),
    ("spread of the predictions", (predictions - predictions[0]).abs().max()),
):
    print(f"{bool(worst < 1e-10)!s:5} {what}")
    assert worst < 1e-10
print(f"w1 from {theta_end[:, 1].min():.0f} to {theta_end[:, 1].max():.0f}")

# %% [markdown]
# A thousand ends, with first weights up to <!--= theta_end[:, 1].abs().max():.0f -->226<!--/--> in size, and one set of predictions. From above:

# %% alt="Contours of the loss over two weights with paths from the same eight starts, side by side. In the valley the contours are long ellipses; the paths drop to the floor and then creep along it to one star. In the trough the contours are parallel lines; the paths are parallel too, straight across, and stop where they meet the floor, each at another point. The one that starts at the origin ends at the star, the point of the floor nearest to the origin."
ring = torch.tensor(
    [[-3.5, -0.5], [0, -3], [4, -3.5], [5.5, -1], [5, 3], [1, 5.5], [-3, 3]]
)
eight = torch.cat((torch.zeros(1, 2), ring))
fig, axes = plt.subplots(1, 2, figsize=(5.8, 3.4), sharey=True)
grid = torch.linspace(-4, 6.5, 101)
plane = torch.stack(torch.meshgrid(grid, grid, indexing="xy"), dim=-1)
for ax, name in zip(axes, ("valley", "trough"), strict=True):
    X = recorded(sizes[name])
    bowl, target = bowls[name], linreg.solve(X, y)
    H = linreg.hessian(X, intercept=False)
    above = plane - target.w
    ground = ((above @ H) * above).sum(-1) / 2
    levels = [0.02, 1, 4, 9, 16, 25]
    w1, w2 = plane.unbind(-1)
    ax.contour(w1, w2, ground, levels=levels, colors=GREY, linewidths=0.6)

    def gradient(w, H=H, target=target):
        return (w - target.w) @ H

    ticks = (*range(20), *range(20, 4000, 20))
    trail = descend(gradient, eight, 0.4 / bowl.L, ticks)  # (steps, 8, 2)
    for path in trail.unbind(1):
        ax.plot(*path.T, color=BLUE, linewidth=1.4)
    ax.plot(*eight.T, "o", color="black", markersize=3.5)
    ax.plot(*trail[-1].T, "o", color=BLUE, markersize=5)
    ax.plot(*target.w, "*", color=ORANGE, markersize=13, zorder=3)
    ax.set(xlim=(-4, 6.5), ylim=(-4, 6.5), aspect="equal", title=name)
    ax.set(xlabel="$w_1$", xticks=range(-4, 7, 2), yticks=range(-4, 7, 2))
axes[0].set_ylabel("$w_2$")
axes[1].plot([-3.5, 6.5], [6.5, -3.5], color=GREY, linewidth=1, zorder=0)
clear = {"color": "white", "pad": 1}
axes[1].text(2.3, 2.0, "shortest", color=ORANGE, bbox=clear)
axes[1].text(-0.2, -0.9, "zero", bbox=clear)

# %% [markdown]
# ## From zero to the shortest
#
# Zero lies in the row space, since it has no part anywhere. Started there, descent stays in the row space. Any other minimiser is this end plus some $v$
# of the null space, orthogonal to it, and Pythagoras gives it the squared length $\lVert \theta \rVert^2 + \lVert v \rVert^2$. **So descent from zero ends at the
# shortest minimiser**, the minimum-norm answer of $\theta = (b, w)$, the star on the right. The same argument about $\theta - \theta_0$ says more: **from any start, descent ends at the minimiser nearest
# to it.** It goes to the floor and never walks along it.

# %%
X = recorded(0.0)
walk = linreg.gradient_descent(X, y, lr=0.5, steps=200)
for name, (b, w) in {
    "descent from zero": (walk.b, walk.w),
    "linreg.solve": (linreg.solve(X, y).b, linreg.solve(X, y).w),
    "pseudo-inverse": (shortest[0], shortest[1:]),
}.items():
    print(f"{name:17}  b {b:.4f}  w1 {w[0]:.4f}  w2 {w[1]:.4f}")
    torch.testing.assert_close(torch.hstack((b, w)), shortest)

# Other minimisers, one beside each end.
others = theta_end + torch.outer(torch.linspace(-50, 50, 1000), v)
nearer = (others - theta_0).norm(dim=1) < (theta_end - theta_0).norm(dim=1) - 1e-9
print("other minimisers nearer to their start:", int(nearer.sum()))

# %% [markdown]
# `solve` computes the shortest answer on purpose ([The exact answer](exact.md)); descent arrives there because it cannot do otherwise.
#
# "Shortest" has two meanings, though. Descent minimises $b^2 + \lVert w \rVert^2$, for it treats the intercept like a weight. `solve` minimises $\lVert w \rVert$ alone. The two agree
# as long as the intercept has no part in the dependence. In the columns $x$ and $x + 1$ it has:

# %%
x_1 = torch.randn(50, generator=torch.Generator().manual_seed(0))
shifted, y_1 = torch.stack((x_1, x_1 + 1), dim=1), 3 * x_1 + 1
for name, fit in (
    ("linreg.solve", linreg.solve(shifted, y_1)),
    ("descent from zero", linreg.gradient_descent(shifted, y_1, lr=0.5, steps=500)),
):
    lengths = fit.w.norm(), torch.hstack((fit.b, fit.w)).norm()
    print(f"{name:17}  b {fit.b:6.3f}  w {fit.w[0]:.3f} {fit.w[1]:.3f}", end="  ")
    print(f"|w| {lengths[0]:.3f}  |(b, w)| {lengths[1]:.3f}")

# %% [markdown]
# Whether
# the shortest is the one you want is another question, and so is what nearly equal columns do to the weights: [Collinearity](../part2/collinearity.py) has
# both.
#
# ## Several valleys
#
# Back to the network of two bumps. Are its three losses local minima, or unfinished runs like those in the valley? Two things decide: the gradient must be zero, and every eigenvalue of the Hessian
# positive. And who says that the three losses are three places?

# %%
x, y = signal
ends = paths[positions][-1]
kind = minimum_of(ends)
second_derivative = torch.func.hessian(partial(loss, positions))
print("   units at      loss  eigenvalues   runs c1<c2, c1>c2")
found = []
for k, letter in enumerate(letters):
    group = ends[kind == k]
    assert slope(positions)(group).abs().max() < 1e-9
    ordered = group.sort(1).values
    c = ordered.mean(0)
    assert (ordered - c).abs().max() < 1e-6  # one place
    found.append(c)
    low, high = torch.linalg.eigvalsh(second_derivative(c))
    rising = int((group[:, 0] < group[:, 1]).sum())
    row = f"{letter}  {c[0]:.2f}, {c[1]:.2f}  {loss(positions, c):.4f}"
    row += f"    {low:.3f}, {high:.3f}  {rising:12} {len(group) - rising:6}"
    print(row)
    assert low > 0.01

# %% [markdown]
# All gradients are below 1e-9 and all eigenvalues positive: three strict local minima. Each occurs twice, because exchanging the two units changes
# no prediction. Every layer of $k$ interchangeable units has this *symmetry*, which makes up to $k!$ copies of each minimum, and the copies do no harm: they are equally good. The harm is that
# A, B and C are not.

# %% alt="The signal with three peaks, three times, each with one fit of two bumps. Fit A stands on the first and second peak, fit B on the first and third, fit C on the second and third. Each leaves one peak out; the loss grows from A to C."
fig, axes = plt.subplots(3, 1, figsize=(5.6, 4.8), sharex=True, sharey=True)
for k, (ax, c, colour) in enumerate(zip(axes, found, colours, strict=True)):
    ax.plot(x, y, "o", color=GREY, markersize=3)
    ax.plot(x, positions(c), color=colour)
    runs = int((kind == k).sum())
    label = f"{letters[k]}: loss {loss(positions, c):.2f}, {runs} of 200 runs"
    ax.text(12, 1.2, label, color=colour, ha="right")
    ax.set(ylim=(-0.25, 1.45), yticks=(0, 0.5, 1), ylabel="y")
axes[-1].set_xlabel("x")

# %% [markdown]
# Why does no run leave C for A? Both units would have to move one peak to the left. The gradient of a unit is made of the errors under its own flanks,
# and there all is well. The missed peak is three widths away from the nearest unit, where $\varphi'$ has fallen to
# <!--= 6 * unit(torch.tensor(3.0)) / (2**0.5 * unit(torch.tensor(0.5**0.5))):.2% -->0.09%<!--/--> of its largest value. And on the way the loss rises first: that was the chord.
#
# **Where zeros are a bad start.** Start both units at the same place. They see the same errors, get the same gradient, and stay equal for ever. In the picture the dashed diagonal is a path that cannot be left. All zeros are one such start. Descent along it ends at a
# point of zero gradient that is no minimum:

# %%
equal = torch.tensor([[6.5, 6.5]])
nudge = torch.tensor([0.0, 1e-4])
for name, start in (("equal", equal), ("nudged", equal + nudge)):
    (end,) = descend(slope(positions), start, lr=2.0, ticks=[120])[0]
    low, high = torch.linalg.eigvalsh(second_derivative(end))
    place = f"{end[0]:.2f}, {end[1]:.2f}"
    print(f"{name:6} {place}  eigenvalues {low:.3f}, {high:.3f}")

# %% [markdown]
# A *saddle*: upwards along the diagonal, downwards across it, and descent on the crest does not notice. A nudge of 1e-4 is enough. This is what small random weights
# are for. A linear model needs none: it has no saddle to be freed from. Even two equal columns, whose weights stay equal from zero as those of equal units do, end on the floor, at the shortest answer.
#
# ## What was shown
#
# - The squared loss of a linear model lies below every chord, by exactly $\frac{t(1-t)}{2n} \lVert \tilde X \delta \rVert^2$. Its Hessian $\tilde X^\top \tilde X / n$ has no negative eigenvalue.
# - On a convex function every local minimum is global. The minimisers of ours are one point when the columns are independent, else a point plus the null space.
# - With independent columns the start changes the time, like a logarithm of its distance. Ends that differ are runs that have not finished: look at the gradient.
# - With dependent columns descent keeps the null-space part of its start and ends at the nearest minimiser; from zero, at the shortest.
# - Parameters inside a nonlinear function can have several valleys. Zero gradient and positive eigenvalues tell a local minimum from a saddle, and only other starts tell whether there is a better one.
#
# ## Exercises
#
# **1. The same column in two units.** The columns are $[x, 2x]$, without intercept, and $y = 3x$. Where does descent end from $w = (0, 0)$, and where from $(5, 0)$? Work
# it out on paper; put your two answers in:


# %%
def check_ends(from_zero, from_five):
    Z, target = torch.stack((x, 2 * x), dim=1), 3 * x
    for start, mine in (((0.0, 0.0), from_zero), ((5.0, 0.0), from_five)):
        lr = 1 / linreg.curvature(Z, intercept=False).L
        fit = linreg.gradient_descent(
            Z, target, lr=lr, steps=50, w=torch.tensor(start), intercept=False
        )
        torch.testing.assert_close(fit.w, torch.tensor(mine), atol=1e-6, rtol=0)


# %% [markdown] answer="Answer"
# The minimisers are the line $w_1 + 2 w_2 = 3$, the rows are multiples of $(1, 2)$, and the null space is spanned by $(2, -1)$. From zero you stay on the multiples of
# $(1, 2)$: $s + 4s = 3$ gives $s = 0.6$ and $w = (0.6, 1.2)$. From $(5, 0)$ you move by a multiple of $(1, 2)$ too: $5 + s + 4s = 3$ gives $s = -0.4$ and
# $w = (4.6, -0.8)$. The unit of a column decides what "shortest" means: the column with the larger numbers gets the larger share.

# %% answer="Answer"
check_ends((0.6, 1.2), (4.6, -0.8))

# %% [markdown]
# **2. The end without the walk.** Write `end_of(A, y, theta_0)`: where descent from `theta_0` ends, computed without a loop, for any matrix and also for more columns than rows. This checks yours:


# %%
def check_end_of(end_of):
    generator = torch.Generator().manual_seed(5)
    A = torch.randn(20, 50, generator=generator)  # a null space of dimension 30
    y, theta_0 = (torch.randn(k, generator=generator) for k in (20, 50))
    lr = linreg.curvature(A, intercept=False).best_rate
    walk = linreg.gradient_descent(
        A, y, lr=lr, steps=1000, w=theta_0, intercept=False, record=False
    )
    torch.testing.assert_close(end_of(A, y, theta_0), walk.w, atol=1e-6, rtol=0)


# %% [markdown] answer="Answer"
# The nearest minimiser is the start plus the shortest move that removes its error. The shortest $\delta$ with the smallest $\lVert \tilde X \delta - (y - \tilde X \theta_0) \rVert$ is what the pseudo-inverse returns.


# %% answer="Answer"
def end_of(A, y, theta_0):
    return theta_0 + torch.linalg.pinv(A) @ (y - A @ theta_0)


check_end_of(end_of)

# %% [markdown]
# **3. A loss for yes and no.** Targets are 0 or 1, and the model predicts $p = 1 / (1 + e^{-z})$ with $z = \tilde X \theta$. Which of the two losses is convex, half the mean of $(p - y)^2$ or the mean of
# $-y \ln p - (1 - y) \ln (1 - p)$? Look for walks on which the loss is above its chord, then find the reason in the second derivative with respect to $z$.

# %%
generator = torch.Generator().manual_seed(6)
A = linreg.fold_bias(torch.randn(40, 2, generator=generator))
labels = (
    A @ torch.tensor([0.5, 2.0, -1.0]) > torch.randn(40, generator=generator)
).double()


def squares(theta):  # (m, 3) -> (m,)
    return (torch.sigmoid(theta @ A.T) - labels).square().mean(1) / 2


def logarithms(theta):
    z = theta @ A.T
    return (torch.nn.functional.softplus(z) - labels * z).mean(1)  # without overflow


# %% [markdown] answer="Answer"
# The second is convex. With respect to $z$ its first derivative is $p - y$ and its second is $p (1 - p) > 0$, so that $H = \frac1n \tilde X^\top D \tilde X$ with a positive diagonal $D$, and
# $v^\top H v \ge 0$ as before. The square of $p - y$ is bounded, and a curve between two levels must bend both ways. It has plateaus, on which a sample that is badly wrong has almost
# no gradient. One more reason, beside likelihood, why classification uses the logarithm.

# %% answer="Answer"
here, there = 5 * torch.randn(2, 1000, 3, generator=generator)
for price in (squares, logarithms):
    gap = (price(here) + price(there)) / 2 - price((here + there) / 2)
    above = int((gap < -1e-9).sum())
    print(f"{price.__name__:10} above the chord halfway on {above} of 1000 walks")

# %% [markdown]
# **4. Is it because the rest is frozen?** Let the network learn its heights and widths as well, $\hat y = \sum_k a_k \varphi(s_k (x - c_k))$, six parameters. Start at A, B and C with
# $a_k = s_k = 1$ and descend. Are there still several minima? Write the model, and use `descend` and the eigenvalues.

# %% [markdown] answer="Answer"
# Two are left. The hollow of A has opened, and its run ends where that of B does: one unit has become wide and lies over two peaks. C is still a minimum, with all six eigenvalues positive and
# a higher loss. More parameters lower some of the walls between the valleys; nothing promises that they lower all.


# %% answer="Answer"
def six(p):  # (..., 6): two heights, two widths, two positions
    a, s, c = p.unflatten(-1, (3, 2)).unsqueeze(-1).unbind(-3)  # (..., 2, 1) each
    return (a * unit(s * (x - c))).sum(-2)


three = torch.cat((torch.ones(3, 4), torch.stack(found)), dim=1)
p = descend(slope(six), three, lr=0.8, ticks=[3000])[0]
H = torch.func.vmap(torch.func.hessian(partial(loss, six)))(p)
lowest = torch.linalg.eigvalsh(H)[:, 0]
for k, letter in enumerate(letters):
    a, s, c = p[k].view(3, 2).tolist()
    print(f"{letter}  loss {loss(six, p[k]):.4f}, smallest eigenvalue {lowest[k]:.3f},")
    print(f"   positions {c[0]:.2f}, {c[1]:.2f}, widths {1 / s[0]:.1f}, {1 / s[1]:.1f}")
assert lowest.min() > 0.001
assert (p[0] - p[1]).abs().max() < 0.01
assert slope(six)(p).abs().max() < 1e-4

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
# [By hand, autograd, nn.Module](by-hand.py) opens the loop that walked through all these valleys. [Scaling](../part2/scaling.py) turns long valleys into round bowls, and
# [Collinearity](../part2/collinearity.py) says what a flat floor does to the weights.
