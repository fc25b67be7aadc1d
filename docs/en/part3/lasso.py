# %% [markdown]
# # Lasso and elastic net
#
# After this page you can say why a penalty on absolute weights makes zeros where one on squares does not, solve it in ten lines and exactly, tell from any program's answer how good it is, choose the penalty, and say what happens to equal columns and to dummies.
#
# <!-- core -->
#
# Besides `linreg` this page needs scikit-learn; [the line that installs](../index.md#run-it-yourself) brings it.
#
# **The question.** Of the twenty true weights of the ordinary data eight are not zero. Can a fit find out which?
#
# ## Ridge makes no zeros {#ridge-never-lets-go}
#
# [Ridge](ridge.py) shrinks all weights and keeps all of them, and so does least squares. Charge for $\lvert w_j \rvert$ instead of $w_j^2$:
#
# $$
# \min_{w, b}\; \frac{1}{2n} \lVert X w + b - y \rVert^2 + \alpha \lVert w \rVert_1 .
# $$
#
# This is the *lasso*. How many of the weights are exactly zero, at the same $\alpha$?

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y, w_true, b_true = linreg.ordinary()
fits = {
    "least squares": linreg.solve(X, y),
    "ridge": linreg.ridge(X, y, alpha=0.1),
    "lasso": linreg.lasso(X, y, alpha=0.1),
}
zeros = {name: int((fit.w == 0).sum()) for name, fit in fits.items()}
for name, fit in fits.items():
    print(f"{name:14} zeros {zeros[name]:3}   loss {float(fit.loss):.3f}")
print("true weights   zeros", int((w_true == 0).sum()))
assert zeros["ridge"] == zeros["least squares"] == 0 < zeros["lasso"]

# %% [markdown]
# ## One weight: the soft threshold
#
# Take one centred column with $\frac1n \sum x_i^2 = 1$ and least-squares weight $z$. Then the sum to minimise is $\frac12 (w - z)^2 + \alpha \lvert w \rvert$, up to a constant. For $w > 0$ its slope is $w - z + \alpha$, for $w < 0$ it is $w - z - \alpha$, and at zero it jumps by $2 \alpha$. If $\lvert z \rvert \le \alpha$, the sum rises to both sides of zero, and zero is the minimum. Together:
#
# $$
# w = S_\alpha(z) = \operatorname{sign}(z) \max(\lvert z \rvert - \alpha,\, 0),
# $$
#
# the *soft threshold*. Ridge multiplies by $1 / (1 + \alpha)$, which is zero only for $z = 0$.

# %% alt="What becomes of a least-squares weight z from -3 to 3, for alpha 1. Least squares keeps it, a straight line of slope one. Ridge halves it. The lasso is zero from -1 to 1 and runs parallel to least squares outside, one lower or higher."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE


def soft(z, alpha):
    """The soft threshold, entry by entry."""
    return z.sign() * (z.abs() - alpha).clamp(min=0)


z = torch.linspace(-3, 3, 121)
one = torch.tensor([[-1.0], [1.0]])
for value in (-2.5, -0.5, 0.0, 0.9, 3.0):
    fit = linreg.lasso(one, value * one[:, 0], alpha=1.0)
    assert abs(float(fit.w) - float(soft(torch.tensor(value), 1.0))) < 1e-12

fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
ax.plot(z, z, color=GREY, label="least squares")
ax.plot(z, z / 2, color=ORANGE, label="ridge")
ax.plot(z, soft(z, 1.0), color=BLUE, label="lasso")
ax.set(xlabel="least-squares weight z", ylabel="weight")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## Two weights: a diamond and a circle
#
# Let $t = \lVert w \rVert_1$ be the size of the lasso's answer. Then $w$ has the smallest loss of all weights of size $t$ or less: another with a smaller loss would have no larger penalty, so its sum would be smaller, and $w$ would not be the answer. In the plane of two weights, those of size $t$ or less fill a diamond, $\lvert w_1 \rvert + \lvert w_2 \rvert \le t$; for ridge, with squares, a circle. The contours of the loss are ellipses about the least-squares point (grey), and the first that reaches the diamond, or the circle, touches it at the answer. *Corners of the diamond are zeros; the circle has none.*

# %% alt="Two planes of the weights w1 and w2, with ellipses, the contours of the loss, about the least-squares point at 1.6 and 0.6. On the left the ellipse through the answer of the lasso touches a diamond at its right corner, where w2 is zero. On the right the one through the answer of ridge touches a circle away from both axes." widget="lasso(rho, least, penalty)"
rho, least, penalty = 0.3, torch.tensor([1.6, 0.6]), 1.0
u, v = torch.tensor([[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0]])
two = torch.column_stack((u, rho * u + (1 - rho**2) ** 0.5 * v))
answers = {
    "lasso": linreg.lasso(two, two @ least, alpha=penalty),
    "ridge": linreg.ridge(two, two @ least, alpha=penalty),
}
assert answers["lasso"].w[1] == 0 < answers["lasso"].w[0]
assert float(answers["ridge"].w.min()) > 0.1


def loss_at(w):
    """Of each row of `w`, a pair of weights."""
    return (two @ (w - least).mT).square().mean(0) / 2


grid = torch.linspace(-1.3, 2.7, 161)
plane = torch.cartesian_prod(grid, grid)
heights = loss_at(plane).view(161, 161).T
angle = torch.linspace(0, 2 * torch.pi, 721)
circle = torch.stack((angle.cos(), angle.sin()), dim=1)
fig, axes = plt.subplots(1, 2, figsize=(5.8, 3.1), sharey=True, layout="constrained")
for ax, (name, fit), order, colour in zip(
    axes, answers.items(), (1, 2), (BLUE, ORANGE), strict=True
):
    edge = circle / circle.norm(p=order, dim=1, keepdim=True) * fit.w.norm(p=order)
    touched = float(loss_at(fit.w[None]))
    assert touched <= float(loss_at(edge).min()) + 1e-12
    ax.contour(
        grid, grid, heights, levels=[0.1, 1.1, 2.2, 3.6], colors=GREY, linewidths=0.8
    )
    ax.contour(grid, grid, heights, levels=[touched], colors=colour)
    ax.fill(*edge.T, color=colour, alpha=0.25)
    ax.plot(*fit.w, "o", color=colour)
    ax.plot(*least, "o", color=GREY)
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set(xlabel="w1", title=f"{name}, alpha {penalty:g}", aspect="equal")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("w2")
plt.show()

# %% [markdown]
# Both columns here have a mean square of one, and their correlation is $\rho$. Where scripts run, move the penalty from the right end to zero: the answer leaves the origin along one axis, stays on it while the slope $c_j$ of the other column ([more of it below](#how-good-is-an-answer)) is within $\pm \alpha$, and turns off at a *knot* to go straight to the least-squares point. Then drag that point: near an axis the answer sticks to the axis. The answer of ridge follows one curve and stays on no axis.
#
# With pencil and paper: let least squares have the weights $z_1 > z_2 > 0$. While both are in, $w_j = z_j - \frac{\alpha}{1 + \rho}$: each is less by the same. So the second is zero from $\alpha = (1 + \rho)\, z_2$.

# %%
turns = linreg.lasso_path(two, two @ least).knots
print("one weight is zero from", round(float(turns[1]), 6))
print("both are from", round(float(turns[0]), 6))
assert abs(float(turns[1]) - (1 + rho) * float(least[1])) < 1e-12

# %% [markdown]
# ## Many weights: a step, then the threshold
#
# With many columns there is no such formula, but there is one for a step. Go down the slope of the loss as in [gradient descent](../part1/descent.md), then apply the soft threshold of $\eta \alpha$. That is *ISTA*. Put [Nesterov's](../part2/faster.py) momentum before the step and it is *FISTA*. Each is a pure function of its state:


# %%
def centred_sums(X, y):
    """G = X'X / n and q = X'y / n of the centred data: (d, d), (d,)."""
    X_c = X - X.mean(0)
    return X_c.T @ X_c / len(y), X_c.T @ (y - y.mean()) / len(y)


def ista(w, G, q, alpha, lr):
    return soft(w - lr * (G @ w - q), lr * alpha)


def fista(state, G, q, alpha, lr):
    w, before, t = state
    t_next = (1 + (1 + 4 * t**2) ** 0.5) / 2
    ahead = w + (t - 1) / t_next * (w - before)
    return ista(ahead, G, q, alpha, lr), w, t_next


def walked(X, y, alpha, steps):
    """The weights after each step of ISTA and of FISTA from zero: (steps, d) each."""
    G, q = centred_sums(X, y)
    lr = 1 / float(torch.linalg.eigvalsh(G)[-1])
    plain = torch.zeros(len(q))
    state = (plain, plain, 1.0)
    slow, fast = [], []
    for _ in range(steps):
        plain, state = ista(plain, G, q, alpha, lr), fista(state, G, q, alpha, lr)
        slow.append(plain)
        fast.append(state[0])
    return torch.stack(slow), torch.stack(fast)


toy, toy_y = linreg.simulate(100, generator=torch.Generator().manual_seed(0))
alpha = 0.1
exact = linreg.lasso(X, y, alpha=alpha)
print("data       steps      ISTA     FISTA    off by, at the worst")
for name, rows in {"ordinary": (X, y), "toy": (toy, toy_y)}.items():
    right = linreg.lasso(*rows, alpha=alpha).w
    runs = walked(*rows, alpha, 1000)
    for steps in (10, 30, 100, 300, 1000) if name == "ordinary" else (10, 100):
        off_by = [float((run[steps - 1] - right).abs().max()) for run in runs]
        told = ["rounding" if off < 1e-13 else f"{off:.0e}" for off in off_by]
        print(f"{name:9} {steps:6} {told[0]:>9} {told[1]:>9}")
    for run in runs:
        assert torch.equal(run[99] == 0, right == 0)  # long before the digits
        assert float((run[-1] - right).abs().max()) < 1e-8
        assert torch.equal(run[-1] == 0, right == 0)

# %% [markdown]
# The zeros are found long before the digits are: both set the same weights to exactly zero.
#
# ## How good is an answer?
#
# Do not ask whether it still moves; check the conditions of the minimum. With $c = \frac1n X^\top r$, the slopes of the centred columns, they say
#
# $$
# c_j = \alpha \operatorname{sign}(w_j) \text{ where } w_j \ne 0,
# \qquad
# \lvert c_j \rvert \le \alpha \text{ where } w_j = 0 .
# $$
#
# Each column with a weight has a slope of the same size, the largest allowed. And there is a number that bounds what is left to gain. Any vector $\theta$ with $\frac1n \lvert x_j^\top \theta \rvert \le \alpha$ for all $j$ gives a lower bound on the smallest value, with $y$ centred as well: $\frac1n \theta^\top y - \frac{1}{2n} \lVert \theta \rVert^2$. The residual, made shorter until it is allowed, is such a vector. The difference
# from the value at hand is the *duality gap*: it is zero at the answer alone, and it can be computed without knowing the answer.


# %%
def checked(w, X, y, alpha):
    """The worst violation of the conditions, and the duality gap."""
    n, X_c, y_c = len(y), X - X.mean(0), y - y.mean()
    r = y_c - X_c @ w
    c = X_c.T @ r / n
    active = w != 0
    off = torch.where(
        active, (c - alpha * w.sign()).abs(), (c.abs() - alpha).clamp(min=0)
    )
    shorter = min(1.0, alpha / float(c.abs().max()))
    value = r @ r / (2 * n) + alpha * w.abs().sum()
    bound = shorter * (r @ y_c) / n - shorter**2 * (r @ r) / (2 * n)
    return float(off.max()), float(value - bound)


from sklearn.linear_model import Lasso

peer = Lasso(alpha=alpha).fit(X.numpy(), y.numpy())
candidates = {
    "ISTA, 20 steps": walked(X, y, alpha, 20)[0][-1],
    "scikit-learn": torch.from_numpy(peer.coef_),
    "linreg": exact.w,
}
quality = {name: checked(w, X, y, alpha) for name, w in candidates.items()}
print("                  violation   gap")
for name, (off, gap) in quality.items():
    told = ["rounding" if v < 1e-13 else f"{v:8.0e}" for v in (off, max(gap, 0.0))]
    print(f"{name:16} {told[0]:>10} {told[1]:>9}")
assert quality["linreg"][0] < 1e-13
assert abs(quality["linreg"][1]) < 1e-13
assert 1e-13 < quality["scikit-learn"][0] < quality["ISTA, 20 steps"][0]

# %% [markdown]
# Both numbers are in every penalised fit of `linreg`, as shares: `violation` of the largest slope at $w = 0$, `gap` of the loss there. scikit-learn's default stops when the gap is below a ten-thousandth; with `tol=1e-12` it gets as near.
#
# ## The exact path
#
# How can the answer be exact? Solve the conditions for a set of columns that have a weight, with their signs: $G_{AA} w_A = q_A - \alpha s_A$. So as long as set and signs stay the same, the weights are *straight lines* in $\alpha$. Begin where the largest slope is, $\alpha_{\max} = \max_j \lvert q_j \rvert$: from there on all weights are zero. Go down until a column without a weight reaches the slope $\pm \alpha$, or a weight reaches zero: that is a *knot*,
# the column enters or leaves, and the next lines begin. This *homotopy* ends after some twenty knots here (the ticks on the lower axis), with all answers on the way, and needs $G$ and $q$ alone: sums, however many rows there were.

# %% alt="Twenty curves, one for each weight, against alpha on a log scale, from the penalty at which all are zero on the left down to a thousandth of it. One after the other leaves zero, most of the true weights before the others, and ticks along the lower edge mark where."
path = linreg.lasso_path(X, y)
G, q = centred_sums(X, y)
largest = float(q.abs().max())
assert abs(float(path.alpha[0]) / largest - 1) < 1e-12
assert bool((path.w[0] == 0).all())
assert float(path.gap.max()) < 1e-12
early = set(path.changes[:8].tolist())
assert len(early & set(w_true.nonzero().flatten().tolist())) >= 6
linreg.plot.path(path)
plt.show()

# %%
corners = linreg.lasso_path(X, y, alphas=path.knots)
between = linreg.lasso_path(X, y, alphas=(path.knots[:-1] + path.knots[1:]) / 2)
straight = (corners.w[:-1] + corners.w[1:]) / 2
assert bool(torch.allclose(between.w, straight, atol=1e-10))
print(f"{len(path.knots)} knots; half-way between two the weights are half-way:", True)
sums = linreg.Statistics.of(X[:100], y[:100]) + linreg.Statistics.of(X[100:], y[100:])
again = linreg.lasso_path_statistics(sums, alphas=path.alpha)
print(
    "from sums of two parts the same path:", torch.allclose(again.w, path.w, atol=1e-10)
)

# %% [markdown]
# ## Which penalty?
#
# [Cross-validation](../part2/generalise.py#cross-validation), and the sums once more: those of all folds but one give a path, and the fold's own give the errors of all its fits. The smallest mean error is one choice. But the errors of neighbouring penalties differ by less than their own uncertainty, and the *one-standard-error rule* takes the strongest penalty that is within one standard error of the best: fewer weights, and as good as far as the folds can tell.

# %%
by_folds = linreg.cross_validate_path(X, y, generator=torch.Generator().manual_seed(0))
truth = w_true != 0
picked = {}
print("                    alpha   error weights   true ones among them")
for name, i in (("smallest", by_folds.best), ("one standard error", by_folds.one_se)):
    chosen = by_folds.path[i]
    stays = chosen.w != 0
    picked[name] = int(stays.sum()), int((stays & truth).sum())
    numbers = f"{chosen.alpha:6.4f} {by_folds.mean[i]:7.3f} {picked[name][0]:7}"
    print(f"{name:18} {numbers} {picked[name][1]:9}")
assert picked["one standard error"][0] < picked["smallest"][0]

# %% alt="Mean squared error of cross-validation against alpha, on log scales, strongest penalty on the left. It falls, and is nearly level on the right. A band of one standard error lies about it. Two dashed lines mark the smallest value and, to the left of it, the strongest penalty within one standard error."
alphas, mean, se = by_folds.path.alpha, by_folds.mean, by_folds.se
assert by_folds.one_se < by_folds.best
assert mean[0] > 2 * mean[-1]
assert mean[-1] < 1.1 * mean[by_folds.best]
fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
ax.loglog(alphas, mean, color=BLUE)
ax.fill_between(alphas, mean - se, mean + se, color=BLUE, alpha=0.2)
for i, colour, name, side in (
    (by_folds.best, ORANGE, "smallest", "left"),
    (by_folds.one_se, GREY, "one standard error", "right"),
):
    at = float(alphas[i])
    ax.axvline(at, color=colour, linestyle="--")
    top = {"transform": ax.get_xaxis_transform(), "va": "bottom"}
    ax.text(at, 1.01, name, color=colour, ha=side, **top)
ax.set_xlim(float(alphas[0]), float(alphas[-1]))
ax.set(xlabel="alpha", ylabel="mean squared error")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The penalty that predicts best keeps columns without a true weight: a few small wrong weights are the price of shrinking the right ones less. The stronger penalty is nearer to the true set of columns. How near, over twenty draws of new noise?

# %%
exactly = {"smallest": 0, "one standard error": 0}
missed = 0
for seed in range(20):
    generator = torch.Generator().manual_seed(seed)
    drawn = X @ w_true + b_true + torch.randn(300, generator=generator)
    draw = linreg.cross_validate_path(X, drawn, generator=generator)
    for name, i in (("smallest", draw.best), ("one standard error", draw.one_se)):
        nonzero = draw.path.w[i] != 0
        exactly[name] += bool(torch.equal(nonzero, truth))
        missed += int((truth & ~nonzero).sum())
print("draws in which the columns are exactly the true ones:", exactly)
print("true columns missed, in all of them:", missed)
assert exactly["smallest"] <= exactly["one standard error"] < 20

# %% [markdown]
# So the answer to the question is: sometimes, and more often with the stronger penalty. That a column was kept proves nothing. The toy, with two independent columns and no zero among its weights, keeps both:

# %%
on_toy = linreg.cross_validate_path(
    toy, toy_y, generator=torch.Generator().manual_seed(0)
)
kept_on_toy = int((on_toy.path.w[on_toy.one_se] != 0).sum())
print("toy, weights kept:", kept_on_toy, "of 2")

# %% [markdown]
# ## More columns than rows
#
# Thirty rows and five thousand columns. Their products would be 25 million numbers; the path is taken from the rows instead, and at most as many weights as rows, less one for the intercept, differ from zero at once. The `status` and the gap are as before:

# %%
wide = torch.randn(30, 5000, generator=torch.Generator().manual_seed(0))
target = wide[:, :3] @ torch.tensor([3.0, -2.0, 2.0])
target += 0.1 * torch.randn(30, generator=torch.Generator().manual_seed(1))
along = linreg.lasso_path(wide, target)
most = int((along.w != 0).sum(1).max())
middle = along.w[40]
print(
    f"most weights at once: {most}, gap below 1e-12: {bool((along.gap < 1e-12).all())}"
)
print(
    "columns at the 41st penalty:", middle.abs().topk(3).indices.sort().values.tolist()
)
assert most <= 29

# %% [markdown]
# ## Equal columns, and the elastic net
#
# Let a column appear twice. The lasso charges the same for $(2, 0)$, $(1, 1)$ and $(0, 2)$: the predictions are determined, the weights are not. `linreg` says so in the status. Other programs return one of the answers, and which one depends on the order of the columns.
#
# A little of ridge's penalty beside the lasso's decides the matter: equal halves have the smallest squares. That is the *elastic net*, with $\rho$ for the share of the lasso,
#
# $$
# \alpha \Bigl( \rho \lVert w \rVert_1 + \frac{1 - \rho}{2} \lVert w \rVert^2 \Bigr).
# $$

# %%
twice = torch.column_stack((X[:, :1], X))
for name, fit in (
    ("lasso", linreg.lasso(twice, y, alpha=0.1)),
    ("elastic net", linreg.elastic_net(twice, y, alpha=0.1, l1_ratio=0.9)),
):
    print(f"{name:12} {fit.w[0]:.4f} {fit.w[1]:.4f}   {fit.status}")
    if name == "elastic net":
        assert abs(float(fit.w[0] - fit.w[1])) < 1e-10
net = linreg.lasso_path(X, y, alphas=path.alpha, l1_ratio=0.5)
assert net.knots is None
assert float(net.gap.max()) < 1e-12

# %% [markdown]
# With a fixed $\rho$ the part on squares falls along with $\alpha$, the path is no longer made of straight lines, and there are no knots. Each penalty is solved by itself, from the active columns of the one before, to the same conditions and the same gap.
#
# ## Dummies: the answer depends on the base level
#
# A factor with three levels enters as two columns of zeros and ones; the third level is the base. For least squares the choice of the base does not matter: the predictions are the same. For the lasso it does, because what it shrinks towards zero are the differences *from the base*:

# %%
g = torch.Generator().manual_seed(0)
level = torch.arange(60) % 3
effects = torch.tensor([0.0, 1.0, 1.2])
response = effects[level] + 0.3 * torch.randn(60, generator=g)
columns = torch.nn.functional.one_hot(level).double()
predicted = {}
print("base     of each level: least squares          lasso")
for base in (0, 1, 2):
    used = [k for k in range(3) if k != base]
    rows = columns[:3, used]
    plain = linreg.solve(columns[:, used], response).predict(rows)
    shrunk = linreg.lasso(columns[:, used], response, alpha=0.1)
    predicted[base] = plain, shrunk.predict(rows)
    told = ["  ".join(f"{v:.3f}" for v in part) for part in predicted[base]]
    print(f"{base:4} {told[0]:>40} {told[1]:>22}")
assert bool(torch.allclose(predicted[0][0], predicted[2][0], atol=1e-10))
assert float((predicted[0][1] - predicted[2][1]).abs().max()) > 0.05

# %% [markdown]
# No base is the right one. Say which one you took, or give each level its column (the intercept takes the middle), or leave the factor's columns out of the penalty with `unpenalised=`.
#
# ## One penalty, many scalings {#five-programs-five-scalings}
#
# | program | what to write for `alpha=a`, `l1_ratio=r` |
# | --- | --- |
# | scikit-learn, `Lasso`, `ElasticNet` | the same numbers (its `Ridge` alone takes $n a$) |
# | R's `glmnet`, `standardize=FALSE`, lasso | `lambda=a` |
# | the same, elastic net | its part on squares is divided by the standard deviation $s$ of `y`: `lambda*alpha` $= a r$ and `lambda*(1 - alpha)` $= a (1 - r) s$; this page does not run R, the tests hold its figures |
# | the same with its default, `standardize=TRUE` | `standardise=True` here |
# | a sum of squares without the half and the mean | $2 n a$ |
# | torch | no optimiser sets a weight to exactly zero; add the threshold after the step, as ISTA does |

# %%
from sklearn.linear_model import ElasticNet

peer_net = ElasticNet(alpha=0.1, l1_ratio=0.5, tol=1e-12).fit(X.numpy(), y.numpy())
ours = linreg.elastic_net(X, y, alpha=0.1, l1_ratio=0.5)
theirs = torch.from_numpy(peer_net.coef_)
print("the same weights:", torch.allclose(theirs, ours.w, atol=1e-9))

# %% [markdown]
# ## What was shown
#
# - At $\alpha = 0.1$ the lasso set <!--= zeros["lasso"] -->12<!--/--> of twenty weights of the ordinary data to exactly zero; ridge and least squares none.
# - A step and a soft threshold solve it: on the ordinary data and on the toy ISTA and FISTA found the same zeros and eight decimals. Violation and duality gap say how good any answer is: on the ordinary data rounding for `linreg`, a violation of <!--= quality["scikit-learn"][0]:.0e -->1e-04<!--/--> for scikit-learn's default.
# - The path is made of straight lines, on the ordinary data with <!--= len(path.knots) -->20<!--/--> knots, from sums alone, or from the rows where the columns are many.
# - In <!--= exactly["one standard error"] -->12<!--/--> of twenty draws of noise in the ordinary data the rule of one standard error found exactly the true columns; choosing the smallest error found them in <!--= exactly["smallest"] -->0<!--/-->. On the toy it kept <!--= kept_on_toy -->2<!--/--> of the two, both of them true.
# - On the data as they are, cross-validation kept <!--= picked["smallest"][0] -->19<!--/--> columns, and by the rule of one standard error <!--= picked["one standard error"][0] -->8<!--/-->; <!--= int(truth.sum()) -->8<!--/--> have a true weight.
# - Equal columns have no single answer of the lasso, and the elastic net gives both the same weight (the ordinary data, a column twice). With dummies the answer of the lasso depends on the base level (three levels).
#
# ## Exercises
#
# **1. By pencil.** Two uncorrelated centred columns with $\frac1n \sum x_i^2 = 1$ each and least-squares weights 3 and $-0.5$. What is $w$ at $\alpha = 1$, and at which $\alpha$ does the second weight leave zero? Check the first with `linreg.check(yours, linreg.lasso(square, pair, alpha=1.0).w)`.

# %%
square = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
pair = square @ torch.tensor([3.0, -0.5])

# %% [markdown] answer="Hint"
# With uncorrelated columns the sum to minimise is a sum of two, one for each weight: the soft threshold holds for each.

# %% [markdown] answer="Answer"
# $S_1(3) = 2$ and $S_1(-0.5) = 0$; the second weight leaves zero at $\alpha = 0.5$.

# %% answer="Answer"
linreg.check([2.0, 0.0], linreg.lasso(square, pair, alpha=1.0).w)
print("second knot:", round(float(linreg.lasso_path(square, pair).knots[1]), 6))

# %% [markdown]
# **2. Predict the picture.** The first column is measured in a unit ten times smaller, so that its numbers are ten times as large. Does its curve in the figure of the path leave zero earlier or later?

# %% [markdown] answer="Hint"
# Its slope $q_1$ is ten times as large. What does the same effect on the predictions cost now?

# %% [markdown] answer="Answer"
# Earlier, further to the left: the same effect now needs a tenth of the weight, and is charged a tenth. `standardise=True` takes the units out.

# %% answer="Answer"
larger = X.clone()
larger[:, 0] *= 10
for name, rows in (("as it was", X), ("ten times as large", larger)):
    one_path = linreg.lasso_path(rows, y)
    enters = float(one_path.knots[one_path.changes == 0][0])
    order = one_path.changes.tolist().index(0) + 1
    print(f"{name:20} enters at {enters:.3f}, as number {order}")

# %% [markdown]
# **3. What is wrong with this sentence?** "The lasso kept twelve columns, and an ordinary regression on these twelve gives each a p-value below 0.05, so they all matter."

# %% [markdown] answer="Hint"
# By which rows were the twelve chosen?

# %% [markdown] answer="Answer"
# The same rows have chosen the columns and then judged them. Of many columns of noise the luckiest are kept, and look significant: [p-values after a selection](../part2/generalise.py#after-selection) are not what they claim to be. Judge them on rows that took no part.

# %% [markdown]
# **4. Code.** Write `one_at_a_time(G, q, alpha, rounds=200)`: *coordinate descent*, which sets each weight in turn to its best value, the others held fixed. Check yours with `linreg.check(one_at_a_time(G, q, 0.1), exact.w)`.

# %% [markdown] answer="Hint"
# With the others fixed, weight $j$ is a problem of one column: $z = q_j - \sum_{k \ne j} G_{jk} w_k$, and $w_j = S_\alpha(z) / G_{jj}$.


# %% answer="Answer"
def one_at_a_time(G, q, alpha, rounds=200):
    w = torch.zeros_like(q)
    for _ in range(rounds):
        for j in range(len(q)):
            z = q[j] - G[j] @ w + G[j, j] * w[j]
            w[j] = soft(z, alpha) / G[j, j]
    return w


linreg.check(one_at_a_time(G, q, 0.1), exact.w)

# %% [markdown]
# ## Where next
#
# [Ridge and weight decay](ridge.py) has the other penalty. All settings are in the [reference](../reference/api-penalty.md#lasso).
#
# <!-- given 3.4.2, 3.4.4, 7.10, 2000, 2009: sections and years -->
#
# ## References
#
# - Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, sections 3.4.2 and 3.4.4 (lasso, its path) and 7.10 (the one-standard-error rule).
# - Osborne, Presnell and Turlach, *A New Approach to Variable Selection in Least Squares Problems*, 2000.
# - Beck and Teboulle, *A Fast Iterative Shrinkage-Thresholding Algorithm for Linear Inverse Problems*, 2009.
