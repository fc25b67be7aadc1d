# %% [markdown]
# # Why squares?
#
# After this page you can say which noise each loss is made for, what squares promise whatever the noise, and how to fit rows of which some are wrong. You can choose Huber's threshold in units that mean something, and name the error that no loss protects from.
#
# <!-- core -->
#
# Besides `linreg` this page needs scikit-learn, scipy and statsmodels; [the line that installs](../index.md#run-it-yourself) brings them.
#
# **The question.** In one of 300 rows 1000 was typed for 10.00. What do the other 299 still say? <!-- given 300, 299: the rows of the ordinary data, and those less one -->
#
# ## One wrong target
#
# The ordinary data set of this book has 300 rows and twenty correlated columns. One target is spoilt, and nothing else. How far does the weight that changes most move, in its own standard errors?

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y, w_true, b_true = linreg.ordinary()
clean = linreg.infer(X, y)
spoilt = y.clone()
spoilt[7] = 1000.0


def moved(fit, before, se):
    """How far the worst weight has gone, in standard errors of the clean data."""
    return float(((fit.w - before.w) / se).abs().max())


print("                     worst change")
change = {}
for method in (linreg.solve, linreg.huber, linreg.absolute, linreg.tukey):
    change[method] = moved(method(X, spoilt), method(X, y), clean.se[1:])
    print(f"{method.__name__:10} {change[method]:12.2f} standard errors")

# %% [markdown]
# Least squares is ruined by a single row. Three other losses hardly react. Why, then, are squares used everywhere?
#
# ## A loss says which noise it expects
#
# Noise with the density $f$ makes the targets most likely where the sum of $-\log f(r_i)$ is smallest. So a loss $\rho$ belongs to one kind of noise, $f(z) \propto e^{-\rho(z)}$: squares in normal noise ([derived with the loss](../part1/loss.md#why-squares)), absolute values in Laplace's, and Huber's loss in noise that is normal in the middle and has
# Laplace's tails. Tukey's loss belongs to none: it is level far out, where $e^{-\rho}$ is no density. With $z$ for the residual in units of the scale of the noise,
#
# $$
# \rho_\delta(z) =
# \begin{cases}
# \frac12 z^2 & \lvert z \rvert \le \delta \\
# \delta \lvert z \rvert - \frac12 \delta^2 & \lvert z \rvert > \delta
# \end{cases}
# $$
#
# What tells the losses apart is their slope $\psi = \rho'$, the *pull* of one row. The fit is where all pulls balance, $\sum_i \psi(z_i)\, \tilde x_i = 0$ with $\tilde x_i = (1, x_i)$. Written as $\sum_i c_i z_i \tilde x_i = 0$ with $c_i = \psi(z_i) / z_i$ it is a weighted least-squares fit, in which $c_i$ is how much the row still counts.

# %% alt="Three panels over the residual in scales, from -6 to 6. Left, the loss: squares rise fastest, Huber's and the absolute loss go on as straight lines, Tukey's is level beyond 4.685. Middle, the pull: a straight line for squares, held at 1.345 for Huber, a step from -1 to 1 for the absolute loss, and for Tukey a wave that comes back to zero. Right, the weight of the row: always 1 for squares, falling like one over the residual for Huber, and zero beyond 4.685 for Tukey."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE

z = torch.linspace(-6, 6, 121)
losses = {"squared": GREY, "huber": BLUE, "absolute": GREEN, "tukey": ORANGE}
far = linreg.row_loss(torch.tensor([100.0]), "huber")
assert float(far.slope) == 1.345
assert float(far.weight) == 0.01345
assert float(linreg.row_loss(torch.tensor([5.0]), "tukey").weight) == 0

fig, axes = plt.subplots(1, 3, figsize=(5.6, 2.6), layout="constrained")
parts = {
    "value": ("loss", (0, 7)),
    "slope": ("pull", (-3, 3)),
    "weight": ("weight", (0, 1.3)),
}
for ax, (part, (title, limits)) in zip(axes, parts.items(), strict=True):
    for name, colour in losses.items():
        ax.plot(z, getattr(linreg.row_loss(z, name), part), color=colour, label=name)
    ax.set(title=title, ylim=limits, xticks=(-5, 0, 5))
    ax.spines[["top", "right"]].set_visible(False)
axes[1].set_xlabel("residual, in scales")
fig.legend(
    *axes[0].get_legend_handles_labels(),
    loc="outside lower center",
    ncols=4,
    frameon=False,
)
plt.show()

# %% [markdown]
# ## What squares promise whatever the noise
#
# !!! note "Assumed here"
#
#     The model is right, $y = \tilde X \theta + \varepsilon$. The noise has mean zero and the same variance in each row, and different rows are uncorrelated. Its distribution is left open.
#
# An estimate that is *linear* in the targets, $\hat\theta = C y$, is unbiased, that is, right on average for each $\theta$, exactly if $C \tilde X = I$. Its covariance is then $\sigma^2 C C^\top$. Write $C = (\tilde X^\top \tilde X)^{-1} \tilde X^\top + D$. From $C \tilde X = I$ follows $D \tilde X = 0$, the mixed terms vanish, and
#
# $$
# C C^\top = (\tilde X^\top \tilde X)^{-1} + D D^\top .
# $$
#
# The first part is that of least squares, and the second never makes a variance smaller. That is the *Gauss–Markov theorem*: of all linear unbiased estimates, least squares has the smallest variance, for each weight and each combination of weights, normal noise or not. Here are three rivals that are linear and unbiased as well, and how much larger they make the variances of the weights:


# %%
def variance_ratios(X, counts):
    """(p,) the variance of each weight over that of least squares, rows weighted."""
    A = linreg.fold_bias(X)
    C = torch.linalg.solve(A.T @ (counts.unsqueeze(1) * A), A.T * counts)
    assert bool((C @ A - torch.eye(A.shape[1])).abs().max() < 1e-10)  # unbiased
    R = torch.linalg.qr(A).R
    T = torch.linalg.solve_triangular(R, torch.eye(len(R)), upper=True)
    return C.square().sum(1) / T.square().sum(1)


def rivals(X):
    n = len(X)
    return {
        "every second row": (torch.arange(n) % 2).double(),
        "random weights": torch.rand(n, generator=torch.Generator().manual_seed(0)),
        "the middle counts more": 1 / (1 + X.square().sum(1)),
    }


toy = linreg.simulate(100, generator=torch.Generator().manual_seed(1))[0]
print("variance over that of least squares:     least   largest")
for data, rows in {"ordinary": X, "toy": toy}.items():
    for name, counts in rivals(rows).items():
        ratio = variance_ratios(rows, counts)
        assert float(ratio.min()) > 1
        print(f"{data:9} {name:26} {ratio.min():9.2f} {ratio.max():9.2f}")

# %% [markdown]
# The theorem rests on two words, linear and unbiased, and without either of them it can fail. A *biased* estimate may be nearer on average, as on [Ridge and weight decay](../part3/ridge.py). And one that is *not linear* in $y$, such as the absolute loss, can have a smaller variance where the noise is not normal. With normal noise linearity is not needed: there least squares has the smallest variance of all unbiased estimates, linear or not.
#
# ## What each noise costs each loss
#
# The same rows and four kinds of noise, all with standard deviation 1, forty studies each. The number is the root mean square error of the weights, over that of least squares; below 1 is better.


# %%
def noise_of(kind, rows, times, generator):
    """(rows, times) noise of mean 0 and standard deviation 1."""
    if kind == "uniform":
        return (torch.rand(rows, times, generator=generator) - 0.5) * 12**0.5
    normal = torch.randn(rows, times, generator=generator)
    if kind == "Laplace":  # the sign of one draw, the length of another
        size = -torch.rand(rows, times, generator=generator).log()
        return normal.sign() * size / 2**0.5
    if kind == "5 % gross":  # of ten times the spread
        gross = torch.rand(rows, times, generator=generator) < 0.05
        return normal * torch.where(gross, 10.0, 1.0) / 5.95**0.5
    return normal


def errors_of(method, X, w, b, noise):
    """The root mean square error of the weights, over all studies."""
    found = torch.stack([method(X, X @ w + b + study).w for study in noise.T])
    return float((found - w).square().mean().sqrt())


sets = {
    "ordinary": (X, w_true, b_true),
    "toy": (toy, torch.tensor([-1.0, 1.0]), 2.0),
}
beside = {}
print("data      noise        huber  absolute   tukey")
for data, (rows, w, b) in sets.items():
    for kind in ("normal", "uniform", "Laplace", "5 % gross"):
        noise = noise_of(kind, len(rows), 40, torch.Generator().manual_seed(2))
        squares = errors_of(linreg.solve, rows, w, b, noise)
        beside[data, kind] = [
            errors_of(method, rows, w, b, noise) / squares
            for method in (linreg.huber, linreg.absolute, linreg.tukey)
        ]
        told = " ".join(f"{ratio:8.2f}" for ratio in beside[data, kind])
        print(f"{data:9} {kind:10}{told}")

# %% [markdown]
# With normal noise the errors of the absolute loss are about a quarter larger or more, as if a third of the rows had been thrown away; in the limit of many rows it is $\sqrt{\pi / 2} = 1.25$. Huber's and Tukey's losses lose next to nothing: their constants are chosen for that. With one row in twenty ten times as noisy they make less than half of the error. Uniform noise has no tails at all, and squares do better than all three.
#
# So squares are the choice for noise without heavy tails: the best of the linear ones, the best of all where the noise is normal, a closed form, and [standard errors](sure.py). Where some targets may be wrong, Huber's loss costs little and protects well.
#
# ## How far one row can pull
#
# Take a single target that lies on the plane, move it, and watch a weight. Least squares follows it without limit.


# %% alt="The change of the first weight against how far one target of the toy data was moved, from -10 to 10. For least squares a straight line through the origin. For Huber and for the absolute loss it levels off at once on both sides. For Tukey it comes back, beyond a few scales, to what the fit is without that row."
def followed(method, X, y, row, shifts):
    """How much the first weight changes while one target is moved."""
    start = float(method(X, y).w[0])
    ends = []
    for shift in shifts:
        target = y.clone()
        target[row] += shift
        ends.append(float(method(X, target).w[0]) - start)
    return torch.tensor(ends)


toy_y = toy @ torch.tensor([-1.0, 1.0]) + 2.0
toy_y += torch.randn(100, generator=torch.Generator().manual_seed(3))
row = int(toy[:, 0].argmax())
toy_y[row] = linreg.huber(toy, toy_y).predict(toy)[row]  # it begins on the plane
shifts = torch.linspace(-10, 10, 41)
curves = {
    method: followed(method, toy, toy_y, row, shifts)
    for method in (linreg.solve, linreg.huber, linreg.absolute, linreg.tukey)
}
straight = curves[linreg.solve] / shifts.where(shifts != 0, torch.tensor(1.0))
assert float(straight[shifts != 0].std()) < 1e-10
assert float((curves[linreg.huber][-1] - curves[linreg.huber][-10]).abs()) < 1e-3
kept = torch.arange(100) != row
without = linreg.tukey(toy[kept], toy_y[kept]).w[0] - linreg.tukey(toy, toy_y).w[0]
assert bool(((curves[linreg.tukey] - without)[[0, -1]].abs() < 0.01).all())

fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
for (method, curve), colour in zip(
    curves.items(), (GREY, BLUE, GREEN, ORANGE), strict=True
):
    name = "least squares" if method is linreg.solve else method.__name__
    ax.plot(shifts, curve, color=colour, label=name)
ax.set(xlabel="how far one target is moved", ylabel="change of weight 1")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Huber's loss limits the pull of a row, so does the absolute loss, and Tukey's lets go of a row altogether: both ends of its curve are the fit without that row. That has a price: Tukey's loss is not convex. There can be several minima, and which one is found depends on where the search begins, which is Huber's fit here. [`tukey`][linreg.tukey] says `ok` of a stationary point, and its message says that there may be others.
#
# How much each row still counts is kept in the fit, and rows with a low weight are the first to look at:

# %%
robust = linreg.huber(X, spoilt)
print("rows held back:", int((robust.row_weights < 1).sum()))
print("least weight: row", int(robust.row_weights.argmin()), end=", ")
print(f"{float(robust.row_weights.min()):.4f}")

# %% [markdown]
# ## The threshold has units
#
# $\delta = 1$ of what? A threshold in the units of $y$ means one thing for metres and another for millimetres. So $z = r / \sigma$ is measured in a scale, and $\delta$ in scales is a plain number. A scale that a few gross errors cannot spoil is the *median absolute deviation* of the residuals from zero, the median of $\lvert r \rvert$, divided by 0.6745 because for normal noise half of all residuals lie within $0.6745\, \sigma$.

# %%
print("y in       torch, delta = 1      linreg.huber")


def by_torch(X, y, delta=1.0):
    """Huber's loss of PyTorch, whose delta is in the units of y."""
    theta = torch.zeros(X.shape[1] + 1, requires_grad=True)
    descent = torch.optim.LBFGS(
        [theta],
        max_iter=500,
        tolerance_grad=1e-12,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure():
        descent.zero_grad()
        y_hat = X @ theta[1:] + theta[0]
        loss = torch.nn.functional.huber_loss(y_hat, y, delta=delta)
        loss.backward()
        return loss

    descent.step(closure)
    return theta.detach()


x_60 = torch.linspace(0, 10, 60).unsqueeze(1)
y_60 = (
    1.5 * x_60[:, 0]
    + 2.5
    + 2 * torch.randn(60, generator=torch.Generator().manual_seed(3))
)
y_60[52] += 60
slopes = {}
for unit, times in (("metres", 1.0), ("decimetres", 10.0)):
    torchs = float(by_torch(x_60, times * y_60)[1]) / times
    ours = float(linreg.huber(x_60, times * y_60).w) / times
    slopes[unit] = torchs, ours
    print(f"{unit:10} {torchs:16.4f} {ours:17.4f}")
assert abs(slopes["metres"][0] - slopes["decimetres"][0]) > 1e-3
assert abs(slopes["metres"][1] - slopes["decimetres"][1]) < 1e-9

# %% [markdown]
# And 1.345? For normal noise the variance of Huber's fit, in the limit of many rows, is $\operatorname{E} \psi^2 / (\operatorname{E} \psi')^2$ times that of least squares. The number is where that leaves 95 % of the efficiency:


# %%
def efficiency(loss, delta):
    """Variance of least squares over that of this loss, for normal noise."""
    z = torch.linspace(-10, 10, 200_001)
    density = torch.distributions.Normal(0.0, 1.0).log_prob(z).exp()
    at = linreg.row_loss(z, loss, delta=delta)

    def mean(values):
        return torch.trapezoid(values * density, z)

    return float(mean(at.bend) ** 2 / mean(at.slope.square()))


for loss, deltas in (("huber", (0.5, 1.0, 1.345, 2.0)), ("tukey", (3.0, 4.685, 6.0))):
    told = "   ".join(f"{delta}: {efficiency(loss, delta):.1%}" for delta in deltas)
    print(f"{loss:6} {told}")
assert abs(efficiency("huber", 1.345) - 0.95) < 1e-3
assert abs(efficiency("tukey", 4.685) - 0.95) < 1e-3

# %% [markdown]
# ## Four programs, four Hubers
#
# "Huber regression" is four different fits in four programs, on the same sixty rows as above with one gross error among them. None of them is wrong. They differ in what the scale is and in one constant:

# %%
import statsmodels.api as sm
from sklearn.linear_model import HuberRegressor

rows_np, targets_np = x_60.numpy(), y_60.numpy()
rlm = sm.RLM(targets_np, sm.add_constant(rows_np), M=sm.robust.norms.HuberT())
peers = {
    "statsmodels RLM": float(rlm.fit(tol=1e-12, maxiter=500).params[1]),
    "scikit-learn, alpha = 0": float(
        HuberRegressor(alpha=0, tol=1e-10, max_iter=10_000)
        .fit(rows_np, targets_np)
        .coef_[0]
    ),
    "torch, delta = 1": float(by_torch(x_60, y_60)[1]),
}
same = {
    "statsmodels RLM": linreg.huber(x_60, y_60),
    "scikit-learn, alpha = 0": linreg.huber(x_60, y_60, scale="joint", delta=1.35),
    "torch, delta = 1": linreg.huber(x_60, y_60, scale=1.0, delta=1.0),
}
of_r = linreg.huber(x_60, y_60, consistency=0.6745)
print("program                     slope   linreg.huber")
for name, slope in peers.items():
    print(f"{name:24} {slope:8.4f} {float(same[name].w):14.4f}")
    assert abs(slope - float(same[name].w)) < 1e-4
print(f"{'R, MASS::rlm':24} {'':8} {float(of_r.w):14.4f}")
print(f"{'least squares':24} {'':8} {float(linreg.solve(x_60, y_60).w):14.4f}")

# %% [markdown]
# | program | its scale | in `linreg` |
# | --- | --- | --- |
# | statsmodels 0.15.0, `RLM` with `HuberT` | median of the absolute residuals over 0.67449, <!-- given 0.67449: the same constant to one digit more, as statsmodels has it -->$\delta = 1.345$ | `huber(X, y)` |
# | R 4.2.2, `rlm` of MASS 7.3-58.2 <!-- given 7.3, 58.2: a version, 7.3-58.2 --> | the same over 0.6745; this page does not run R, the tests hold its figures | `consistency=0.6745` |
# | scikit-learn 1.9.1, `HuberRegressor` | fitted together with the weights; $\delta = 1.35$; by default it penalises the weights a little, `alpha=0.0001`, so that its answer depends on the units of $x$ | `scale="joint", delta=1.35` |
# | PyTorch 2.13.0, `HuberLoss` | none: $\delta = 1$ in the units of $y$ | `scale=1.0, delta=1.0` |
#
# ## A wrong feature
#
# Now the slip happens on the other side: in one row 1000 is typed into the first *feature*.


# %%
def with_slip(X):
    """The same rows, but for one feature."""
    slipped = X.clone()
    slipped[7, 0] = 1000.0
    return slipped


first = {}
slips = {"ordinary": (with_slip(X), y), "toy": (with_slip(toy), toy_y)}
print("weight 1       ordinary       toy")
print(f"{'true':10} {w_true[0]:12.4f} {-1:9.4f}")
for method in (linreg.solve, linreg.huber, linreg.absolute, linreg.tukey):
    for data, rows in slips.items():
        first[data, method] = float(method(*rows).w[0])
    told = f"{first['ordinary', method]:12.4f} {first['toy', method]:9.4f}"
    print(f"{method.__name__:10} {told}")
for data, (rows, _) in slips.items():
    print(f"leverage of that row, {data}: {float(linreg.leverage(rows)[7]):.4f}")
assert max(abs(weight) for weight in first.values()) < 0.05

# %% [markdown]
# All four have lost the weight. The pull of a row on $w_j$ is $\psi(z_i)\, x_{ij}$, and only the first factor is limited. The fit goes nearly through such a row, which leaves a small residual that no loss can notice. Its [*leverage*](diagnostics.py#leverage-a-row-that-pulls), which does not depend on $y$, gives it away. So look at the features first, and choose a loss after.
#
# ## What was shown
#
# - One wrong target of the 300 in the ordinary data moved a weight of least squares by <!--= change[linreg.solve]:.0f -->120<!--/--> standard errors, and none of Huber's fit by more than <!--= change[linreg.huber]:.2f -->0.45<!--/-->. On the toy, least squares followed such a target without limit, and Huber's fit levelled off.
# - The squared, the absolute and Huber's loss are minus the log-likelihood of one kind of noise each. Squares are the best linear unbiased estimate for any noise of mean zero that is uncorrelated and of one variance (Gauss and Markov): three linear rivals had larger variances for each weight, on the ordinary data and on the toy.
# - With normal noise the absolute loss had <!--= beside["ordinary", "normal"][1]:.2f -->1.23<!--/--> times the error on the ordinary data and <!--= beside["toy", "normal"][1]:.2f -->1.38<!--/--> times on the toy, Huber's <!--= beside["ordinary", "normal"][0]:.2f -->1.03<!--/--> and <!--= beside["toy", "normal"][0]:.2f -->1.06<!--/-->. With 5 % gross errors Huber's had <!--= beside["ordinary", "5 % gross"][0]:.2f -->0.46<!--/--> and <!--= beside["toy", "5 % gross"][0]:.2f -->0.42<!--/-->.
# - A threshold is a number of scales. Four programs have four scales. For the same sixty rows they gave three slopes to four decimals: two of the scales differ in a digit of one constant.
# - A wrong feature defeated all four losses: the first weight ended within <!--= max(abs(first['ordinary', m]) for m in curves):.3f -->0.004<!--/--> of zero where the truth is 3, and on the toy within <!--= max(abs(first['toy', m]) for m in curves):.3f -->0.001<!--/--> where it is -1.
#
# ## Exercises
#
# **1. By pencil.** Five targets, 1, 2, 3, 4 and 90, fitted by one constant $c$ with Huber's loss, $\delta = 2$ and scale 1. What is $c$? Check with `linreg.check(yours, constant(five))`:


# %%
def constant(y):
    one = torch.ones(len(y), 1)
    return linreg.huber(one, y, scale=1.0, delta=2.0, intercept=False).w[0]


five = torch.tensor([1.0, 2.0, 3.0, 4.0, 90.0])

# %% [markdown] answer="Hint"
# Suppose only 90 lies beyond the threshold. Then its pull is 2. Let the five pulls add up to zero, and see whether the supposition holds.

# %% [markdown] answer="Answer"
# $(1 - c) + (2 - c) + (3 - c) + (4 - c) + 2 = 0$ gives $c = 3$, and the four residuals $-2, -1, 0, 1$ are within the threshold.

# %% answer="Answer"
linreg.check(3.0, constant(five))

# %% [markdown]
# **2. Predict the picture.** In the figure of the moved target, $\delta$ of Huber's loss is doubled. What becomes of the level parts of its curve?

# %% [markdown] answer="Hint"
# How large is the pull of a row out there?

# %% [markdown] answer="Answer"
# They lie nearly twice as high: the pull of the far row is $\delta$ scales. They begin twice as far out as well.


# %% answer="Answer"
def wider(X, y):
    return linreg.huber(X, y, delta=2 * 1.345)


levels = [followed(f, toy, toy_y, row, [30.0])[0] for f in (linreg.huber, wider)]
print(f"{levels[1] / levels[0]:.1f} times")

# %% [markdown]
# **3. What is wrong with this sentence?** "Least squares assumes normal noise. Our noise is Laplace's, so the weights are biased, and the standard errors are wrong."

# %% [markdown] answer="Hint"
# What does $C \tilde X = I$ need of the noise? And what does $\sigma^2 C C^\top$ need?

# %% [markdown] answer="Answer"
# Neither needs a law. With mean zero the weights are unbiased; with equal variances and no correlation the standard errors are right, and for many rows the intervals too. What is lost is efficiency: in the table above the absolute loss is nearer on average, for that noise. Normal noise is needed for exact $t$ and $p$ with few rows, and for "best of all" in the place of "best of the linear ones".

# %% [markdown]
# **4. Code.** Write `reweighted(X, y, sigma, delta=1.345, steps=100)`: Huber's fit for a given scale, as a loop of weighted least squares with `linreg.solve(X, y, weights=c)`, that returns the weights. Check yours with `linreg.check(reweighted(X, spoilt, 1.0), right_weights)`:

# %%
right_weights = linreg.huber(X, spoilt, scale=1.0).w

# %% [markdown] answer="Hint"
# $c_i = \psi(z_i) / z_i$, which is 1 within the threshold and $\delta / \lvert z_i \rvert$ beyond it. Begin with all weights 1.


# %% answer="Answer"
def reweighted(X, y, sigma, delta=1.345, steps=100):
    c = torch.ones_like(y)
    for _ in range(steps):
        fit = linreg.solve(X, y, weights=c)
        z = (y - fit.predict(X)).abs() / sigma
        c = delta / z.clamp(min=delta)
    return fit.w


linreg.check(reweighted(X, spoilt, 1.0), right_weights)

# %% [markdown]
# ## Where next
#
# [How sure are we?](sure.py) puts intervals beside the weights. [Diagnostics](diagnostics.py) looks at the rows one by one, and finds the wrong feature.
