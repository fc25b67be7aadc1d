# %% [markdown]
# # Collinearity
#
# After this page you can tell when features repeat each other, say what that costs each weight, keep apart what a better solver can cure and what it
# cannot, and choose a remedy that works.
#
# <!-- core -->
#
# Besides `linreg` this page needs statsmodels; [the line that installs](../index.md#run-it-yourself) brings it.
#
# **The question.** A famous regression explains employment by six columns, and the weight of the national product is negative: more output, fewer jobs. Leave out the column of
# the unemployed, and that weight turns positive, five standard errors above zero. Is that the computer, or the data?
#
# ## Two features that almost agree
#
# Take a hundred rows and two features with correlation $\rho$. Keep the rows, and draw the noise two hundred times: the data that you might have got. All 200
# fits come from one QR factorisation, since the rows are the same. What do they agree on?

# %%
import matplotlib.pyplot as plt
import torch

import linreg
from linreg.plot import BLUE, GREEN, GREY, ORANGE, PURPLE

torch.set_default_dtype(torch.float64)
n, sigma, truth = 100, 1.0, torch.tensor([2.0, 1.0, 1.0])  # b, w1, w2


def features(rho, n=n):
    generator = torch.Generator().manual_seed(0)
    return linreg.simulate(n, (1.0, 1.0), correlation=rho, generator=generator)[0]


def redraw(X, sigma=sigma, times=200):
    """Many draws of the noise: y (n, times), parameters (d + 1, times)."""
    A = linreg.fold_bias(X)
    noise = torch.randn(len(X), times, generator=torch.Generator().manual_seed(1))
    y = (A @ truth).unsqueeze(1) + sigma * noise
    Q, R = torch.linalg.qr(A)
    return y, torch.linalg.solve_triangular(R, Q.T @ y, upper=True)


print("standard deviation over 200 draws of")
print("  rho      w1      w2   w1+w2   w1-w2   prediction")
for rho in (0.0, 0.9, 0.99, 0.999):
    X = features(rho)
    _, theta = redraw(X)
    w1, w2 = theta[1:]
    spread = [values.std() for values in (w1, w2, w1 + w2, w1 - w2)]
    off = linreg.fold_bias(X) @ (theta - truth.unsqueeze(1))  # (n, times)
    cells = " ".join(f"{value:7.3f}" for value in (*spread, off.square().mean().sqrt()))
    print(f"{rho:5} {cells}")

# %% [markdown]
# Down the table the single weights lose all meaning, and so does their difference. Their sum is known as well as ever, and the predictions do not change at all: the two columns span the same plane at every $\rho$ here, so $y$ has the same projection on it. The data still know what the two features do *together*. They cannot
# say how to divide the effect between the two, because the two features never vary independently.
#
# ## The valley becomes a trough
#
# For standardised features the loss is $L^* + \frac12 (w - w^*)^\top C \, (w - w^*)$ with the correlation matrix $C = \begin{bmatrix} 1 & \rho \\ \rho & 1 \end{bmatrix}$. Its eigenvalues are $1 + \rho$ along $(1, 1)$
# and $1 - \rho$ along $(1, -1)$. As $\rho$ goes to 1 the second goes to zero: along the floor of the trough you can walk for miles without the loss noticing.

# %% alt="Contours of the loss over two weights, side by side. With correlation 0 they are circles around the minimum at (1, 1). With correlation 0.99 they are long narrow ellipses from upper left to lower right, open at both edges of the picture."
grid = torch.linspace(-1.4, 3.4, 121)
W1, W2 = torch.meshgrid(grid, grid, indexing="xy")
fig, axes = plt.subplots(1, 2, figsize=(5.5, 3), sharey=True, layout="constrained")
for ax, rho, colour in ((axes[0], 0.0, BLUE), (axes[1], 0.99, ORANGE)):
    u, v = W1 - 1, W2 - 1
    height = (u * u + 2 * rho * u * v + v * v) / 2
    ax.contour(
        W1,
        W2,
        height,
        levels=[0.004, 0.02, 0.15, 0.6, 1.5, 3],
        colors=GREY,
        linewidths=0.9,
    )
    ax.plot(1, 1, "*", color=colour, markersize=12)
    ax.set_title(f"correlation {rho:g}", color=colour)
    ax.set(xlabel="$w_1$", aspect="equal")
axes[0].set_ylabel("$w_2$")
plt.show()

# %% [markdown]
# Along the trough the loss hardly rises, so a little noise moves the minimum far. That can be said exactly. With $y = \tilde X \theta + \varepsilon$, centred columns $X_c$ and noise of variance $\sigma^2$, the fit is
# $w^* = w + (X_c^\top X_c)^{-1} X_c^\top \varepsilon$. Its mean is $w$, and its covariance
#
# $$
# \operatorname{Cov}(w^*) = \sigma^2 (X_c^\top X_c)^{-1} = \frac{\sigma^2}{n} \, V^{-1},
# $$
#
# with $V = X_c^\top X_c / n$, the Hessian of the weights. **Flat is uncertain**: where the loss curves by $\lambda$, the variance is $\sigma^2 / (n \lambda)$.
#
# !!! note "What a standard error assumes"
#
#     The formula, and each standard error on this page, needs four things: the model is right, so that the noise has mean zero whatever the features; $X$ is fixed, or the noise does not depend on it; the noise of different rows
#     is uncorrelated; and its variance is the same in every row. Intervals from a few rows need normal noise besides. A solver can compute the formula to the last digit. That says nothing about the four.
#
# Here the four hold, because we drew the noise. These are the draws, and the ellipses that should hold 95 % of them:

# %% alt="Estimated pairs of weights from repeated draws. With correlation 0 they form a small round cloud around (1, 1). With correlation 0.99 they form a long thin cloud from upper left to lower right, in the direction of the trough, reaching past zero. Each cloud fills its theoretical ellipse."
fig, ax = plt.subplots(figsize=(5.5, 4.6), layout="constrained")
turn = torch.linspace(0, 2 * torch.pi, 200)
circle = torch.stack((turn.cos(), turn.sin()))  # (2, 200)
radius = (-2 * torch.tensor(0.05).log()).sqrt()  # of chi-square with 2 degrees, 95 %
inside = {}
for rho, colour, marker in ((0.99, ORANGE, "o"), (0.0, BLUE, "s")):
    X = features(rho)
    X_c = X - X.mean(0)
    w = redraw(X)[1][1:]  # (2, 200)
    R = torch.linalg.qr(X_c).R  # the covariance is T T' with T = sigma R^-1
    T = sigma * torch.linalg.solve_triangular(R, torch.eye(2), upper=True)
    z = R @ (w - 1) / sigma  # uncorrelated, each with variance 1
    inside[rho] = float((z.norm(dim=0) <= radius).double().mean())
    ax.plot(*w[:, :140], marker, color=colour, markersize=3.5, mew=0, alpha=0.55)
    ax.plot(*(1 + radius * T @ circle), color=colour, linewidth=1.3)
ax.axhline(0, color=GREY, linewidth=0.7)
ax.axvline(0, color=GREY, linewidth=0.7)
ax.text(1.55, 1.2, "correlation 0", color=BLUE)
ax.text(0.1, 2.6, "correlation 0.99", color=ORANGE)
ax.set(xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# <!--= inside[0.0]:.0% -->96%<!--/--> and <!--= inside[0.99]:.0% -->96%<!--/--> of the draws lie inside. The truth is $(1, 1)$ in both clouds, and least squares has no bias in either. But in the long one
# a draw with a negative weight is nothing unusual.
#
# "Predictions stay" has a limit of its own. They stay where the features go together, as in the data. Ask for a row in which the two part, and the prediction is as uncertain as the weights:

# %%
rows = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0]])  # 1, x1, x2
print("sd of the prediction")
print("  rho   at (1, 1)   at (1, -1)")
for rho in (0.0, 0.9, 0.99, 0.999):
    together, apart = (rows @ redraw(features(rho))[1]).std(dim=1)
    print(f"{rho:5} {together:11.3f} {apart:12.3f}")

# %% [markdown]
# ## The variance inflation factor
#
# What does the company of the other features cost one weight? [The added-variable plot](../part1/model-run.py) has the answer: $w_j$ is the slope of the target on $u_j$, the residual of feature $j$ after regressing it on the others. So its variance is
#
# $$
# \operatorname{Var}(w_j) = \frac{\sigma^2}{\lVert u_j \rVert^2} = \frac{\sigma^2}{n s_j^2} \cdot \frac{1}{1 - R_j^2},
# \qquad \mathrm{VIF}_j = \frac{1}{1 - R_j^2},
# $$
#
# because $R_j^2$ is by definition the share of $n s_j^2$ that the others explain, and $u_j$ is what they leave. The first factor is what the weight would have cost alone. The second is the *variance inflation factor*. The standard error grows with its square root.
#
# The same number stands on the diagonal of $C^{-1}$: the covariance above says $\operatorname{Var}(w_j) = \frac{\sigma^2}{n} (V^{-1})_{jj}$, and $V^{-1}$ is $C^{-1}$ divided by $s_i s_j$. So there are three ways to compute it. None needs an explicit inverse: the second
# solves for the columns of the identity, and `linreg.vif` takes it from a QR factorisation of the features and so never squares their condition number.

# %%
lone = torch.randn(n, 1, generator=torch.Generator().manual_seed(2))
X = torch.hstack((features(0.99), lone))  # a third feature that resembles nothing

shares = []
for j in range(3):
    others = X[:, [k for k in range(3) if k != j]]
    shares.append(linreg.r2(linreg.solve(others, X[:, j]).predict(others), X[:, j]))
by_shares = 1 / (1 - torch.tensor(shares))

C = torch.corrcoef(X.T)
by_solving = torch.linalg.solve(C, torch.eye(3)).diagonal()

factors = linreg.vif(X)
torch.testing.assert_close(by_shares, factors)
torch.testing.assert_close(by_solving, factors)
print("R2 of each on the others:", [round(share, 3) for share in shares])
print("VIF:", [round(factor, 2) for factor in factors.tolist()])

# %% [markdown]
# The third feature pays nothing for the quarrel of the other two. Does $\sqrt{\mathrm{VIF}}$ tell the spread of the draws?

# %%
print("  rho   sqrt(VIF)   measured over 200 draws")
for rho in (0.0, 0.9, 0.99, 0.999):
    X = features(rho)
    alone = sigma / (n**0.5 * X[:, 0].std(correction=0))
    ratio = redraw(X)[1][1].std() / alone
    print(f"{rho:5} {linreg.vif(X)[0].sqrt():11.2f} {ratio:12.2f}")

# %% [markdown]
# Texts call a VIF above 10 bad, or above 5. That is an $R_j^2$ above 0.9, or 0.8, and neither limit knows how sure you need to be. A factor of 10 means a standard error $\sqrt{10}$ times as large, which matters with twenty rows and not with a million. Look at the standard
# errors themselves (`linreg.certified` gives them as `w_se`), and at VIF to learn where they come from.

# %% [markdown]
# ## Two troubles: digits and variance
#
# A large condition number costs you twice, and the two are often confused. The *numerical* trouble is rounding: a careless solver loses digits of the answer that these data have. The *statistical* trouble is that the answer itself depends on the noise. Measure both
# while the condition number $\kappa$ of $X$ grows, with `certified`, right to the last digit, as the judge:

# %%
weights = (-1.0, 1.0, 1.0)
powers = range(9)
rounding = {"inverse": [], "solve": []}
noise_error = []
for power in powers:
    missed, errors = {name: [] for name in rounding}, []
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        X, y = linreg.simulate(60, weights, condition=10.0**power, generator=generator)
        best = linreg.certified(X, y)
        X_c, y_c = X - X.mean(0), y - y.mean()
        found = {
            "inverse": torch.linalg.inv(X_c.T @ X_c) @ (X_c.T @ y_c),
            "solve": linreg.solve(X, y).w,
        }
        for name, w in found.items():
            missed[name].append(float((w - best.w).norm() / best.w.norm()))
        errors.append(float(best.w_se.norm() / 3**0.5))  # relative to the true weights
    for name, values in missed.items():
        rounding[name].append(float(torch.tensor(values).median()))
    noise_error.append(float(torch.tensor(errors).median()))

# %% alt="Relative error against condition number, both on log scales. The error from noise rises in proportion from one per cent and passes 1 before kappa 1e3. The rounding error of the explicit inverse starts at the machine epsilon and rises twice as steeply, until no digit is left. The rounding error of solve stays near the bottom everywhere."
kappas = [10.0**power for power in powers]
fig, ax = plt.subplots(figsize=(5.5, 3.9), layout="constrained")
eps = torch.finfo(torch.float64).eps
for values, colour, marker in (
    (noise_error, ORANGE, "o"),
    (rounding["inverse"], PURPLE, "s"),
    (rounding["solve"], GREEN, "^"),
):
    shown = [max(value, eps / 2) for value in values]  # the answer is rounded too
    ax.loglog(kappas, shown, color=colour, marker=marker, markersize=5)
ax.axhline(1, color=GREY, linewidth=0.8)
ax.text(2e4, 3e3, "noise in the data", color=ORANGE, ha="right")
ax.text(3e5, 1e-8, "rounding,\nexplicit inverse", color=PURPLE, va="top")
ax.text(1e8, 1e-15, "rounding, solve", color=GREEN, ha="right")
ax.text(1, 2.5, "no digit left", color=GREY)
ax.set(
    xlabel=r"condition number $\kappa$ of X",
    ylabel="relative error of w",
    ylim=(3e-18, 1e7),
)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# At $\kappa = 10^3$ the rounding of `solve` is invisible and the weights are lost all the same: the standard error is <!--= noise_error[3]:.1f -->4.4<!--/--> times as large as they are. A better solver lowers the lower curves. It cannot touch the upper one. That takes better data, or fewer questions.

# %%
assert max(rounding["solve"]) < 1e-10
assert rounding["solve"][3] < 1e-12 < rounding["inverse"][3]
assert noise_error[3] > 1 > noise_error[2]
print("solve, worst over all kappa: below 1e-10")

# %% [markdown]
# ## When columns repeat exactly
#
# With the same column twice, or in two units, $\lambda$ is exactly zero, and a whole line of weights shares the smallest loss. `solve` returns the shortest of them and says so, and `vif` names the columns that are in it:

# %%
from textwrap import fill

x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
twice = torch.column_stack((x[:, 0], x[:, 0], x[:, 1]))
y = 3 * x[:, 0] - x[:, 1] + 1

fit = linreg.solve(twice, y)
print(fit)
print(fill(fit.message, 80))
print("VIF:", [round(factor, 2) for factor in linreg.vif(twice).tolist()])

# %% [markdown]
# Gradient descent from zero finds the same weights, without having been told to. Each gradient is a combination of the rows of $X$, so a walk that starts at zero never leaves the span of the rows; and the part of a minimiser that lies in that span is the
# shortest one. (Where the intercept is part of the dependence the two can differ: exercise 3.) PyTorch's own function promises neither. Up to version 2.13 its default driver on a CPU, `gelsy`, can be wrong on such data, depending on what was in memory; as the second problem of a batch it can be shown
# ([the reason](../part1/lstsq.py)). Version 2.14.1 is repaired. <!-- given 2.13: the last release that was found with the fault --> This is <!--= torch.__version__.split("+")[0] -->2.13.0<!--/-->:

# %%
walk = linreg.gradient_descent(twice, y, lr=0.3, steps=500)
A = linreg.fold_bias(twice)
unrelated = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
targets = y.unsqueeze(1).expand(2, 50, 1)
batch = torch.linalg.lstsq(torch.stack((unrelated, A)), targets)

for name, b, w in (
    ("solve", fit.b, fit.w),
    ("descent", walk.b, walk.w),
    ("lstsq", batch.solution[1, 0, 0], batch.solution[1, 1:, 0]),
):
    miss = (linreg.predict(twice, w, b) - y).abs().max()
    numbers = [round(value, 4) for value in w.tolist()]
    print(f"{name:8} w = {numbers}, b = {b:.4f}, largest miss {miss:.2f}")

# %% [markdown]
# ## Longley's economy
#
# Sixteen years of the United States. Four of the six columns grow with time, and hardly do anything else. The data ship with statsmodels. `certified` computes weights and standard errors without losing a digit ([Certified digits](../part3/digits.py) puts it to the test). That is about the arithmetic. Successive years of
# one economy hardly have uncorrelated noise, so read the errors as what the formula gives and not as what is known.

# %%
data = linreg.load("longley")
X, y = data.X, data.y
fit = linreg.certified(X, y)
print(f"condition number {fit.condition:.0f}, R2 {linreg.r2(fit.predict(X), y):.4f}")
print("               weight      error     VIF")
for name, w, se, factor in zip(
    data.columns, fit.w, fit.w_se, linreg.vif(X), strict=True
):
    print(f"{name:8} {w:12.5g} {se:10.4g} {factor:7.1f}")

# %% [markdown]
# A fit that explains <!--= linreg.r2(fit.predict(X), y):.1%-->99.5%<!--/--> of the variance, and half of the weights are smaller than their standard errors or hardly larger. Leave out one year at a time, and give each weight per standard deviation of its column ([Scaling](scaling.py)), in millions of jobs:

# %% alt="Six rows, one for each column of Longley's data, with the weights of sixteen fits that each leave out one year as small marks, the fit of all years as a star, and a grey bar of two standard errors to either side. All marks lie on their bars. The bars of price index, national product and population, drawn in orange, reach over zero; those of the unemployed, the army and the year, in blue, do not. The bar of the army is the shortest."
n_years, s = len(y), X.std(0, correction=0)
kept = [[i for i in range(n_years) if i != out] for out in range(n_years)]
without = [linreg.solve(X[rows], y[rows]) for rows in kept]
W = torch.stack([one.w for one in without]) * s / 1000  # (16, 6), millions of jobs

fig, ax = plt.subplots(figsize=(5.5, 3.8), layout="constrained")
ax.axvline(0, color=GREY, linewidth=0.8)
centre, half = fit.w * s / 1000, 2 * fit.w_se * s / 1000
unknown = half > centre.abs()  # the bar reaches over zero
for j in range(6):
    colour = ORANGE if unknown[j] else BLUE
    ends = [float(centre[j] - half[j]), float(centre[j] + half[j])]
    ax.plot(ends, [j, j], color=GREY, linewidth=9, alpha=0.3)
    ax.plot(W[:, j], [j] * n_years, "|", color=colour, markersize=13, mew=1.6)
    ax.plot(centre[j], j, "*", color="black", markersize=10)
    ax.text(16.5, j, f"{linreg.vif(X)[j]:.0f}", ha="right", va="center")
ax.text(16.5, -0.85, "VIF", ha="right", va="center")
ax.set_yticks(range(6), data.columns)
ax.set(xlim=(-11, 17), ylim=(5.5, -1.3), xticks=range(-8, 13, 4))
assert ((W - centre).abs() < half).all()  # what the alternative text says
assert unknown.tolist() == [True, True, False, False, True, False]
assert half.argmin() == 3
ax.set_xlabel("weight per standard deviation, in millions of jobs")
ax.spines[["top", "right"]].set_visible(False)
ax.text(0.5, -0.85, "orange: sign not known", color=ORANGE, va="center")
plt.show()

# %% [markdown]
# No single year moves a weight by as much as two of its standard errors, the grey bars. The weight of the price index does change its sign when <!--= int((W[:, 0].sign() != centre[0].sign()).sum()) -->2<!--/--> of the sixteen years are left out, each alone; but it is <!--= fit.w[0]:.0f -->15<!--/--> give or take <!--= fit.w_se[0]:.0f -->85<!--/-->, so its
# sign was never known. Now the predictions of the same sixteen fits:

# %%
predictions = torch.stack([one.predict(X) for one in without])  # (16, 16)
move = (predictions - fit.predict(X)).abs()
seen = move[~torch.eye(n_years, dtype=torch.bool)]  # years that the fit was given
noise = linreg.residuals(X, y, fit).square().sum().div(n_years - 7).sqrt()
print(f"standard deviation of y        {y.std():6.0f} thousand jobs")
print(f"standard deviation of noise    {noise:6.0f}")
print(f"predictions move, typically    {seen.median():6.0f}")
print(f"predictions move, at most      {seen.max():6.0f}")
print(f"the year left out, at most     {move.diagonal().max():6.0f}")

# %% [markdown]
# They stay where they were, within the noise but for the worst of them. And what happens to the signs when a *column* is left out?

# %%
print("left out   " + " ".join(f"{name:>7}" for name in data.columns))
for j, name in enumerate(data.columns):
    others = [k for k in range(6) if k != j]
    w = linreg.solve(X[:, others], y).w.tolist()
    w.insert(j, None)
    signs = ["." if value is None else "+" if value > 0 else "-" for value in w]
    print(f"{name:10} " + " ".join(f"{sign:>7}" for sign in signs))

# %% [markdown]
# Here the sign of the national product turns, and with conviction:

# %%
five = [k for k, name in enumerate(data.columns) if name != "UNEMP"]
without_unemp = linreg.certified(X[:, five], y)
for name, one in (("all six", fit), ("without UNEMP", without_unemp)):
    w, se = one.w[1], one.w_se[1]  # GNP is the second column in both
    print(f"{name:14} weight of GNP {w:7.3f}, error {se:.3f}")
assert w / se > 5

# %% [markdown]
# The weight of a column is its effect *with the other columns held fixed*. Drop one, and the question changes; with columns this close the answer may change its sign. Without UNEMP, output speaks for the unemployed as well, whom it goes with. None of these fits is wrong. They are answers to different questions that the data can hardly tell apart.
#
# *Which* of the six go together? A VIF names a column that the others repeat, and not its partners. The *condition index* of a direction is the largest singular value over its own, of columns brought to length 1 with the ones among them. Beside it stands the share of each variance that comes from this direction. Here are the directions with an index above a thousand:

# %%
belsley = linreg.condition_indices(X)
print("index   share of the variance of each, in per cent")
print("       " + "".join(f"{name:>8}" for name in ("ones", *data.columns)))
for index, shares in zip(belsley.indices, belsley.shares, strict=True):
    if index > 1000:
        print(f"{index:6,.0f} " + "".join(f"{100 * share:8.0f}" for share in shares))
assert belsley.shares[-1, [0, 6]].min() > 0.99
assert belsley.shares[-1].gt(0.5).nonzero().flatten().tolist() == [0, 2, 3, 6]
assert belsley.shares[-2].topk(2).indices.tolist() == [5, 1]

# %% [markdown]
# Above 30 two or more large shares in a row are read as one knot. The last row is the year and the ones: the years 1947 to 1962 are nearly constant beside their size, which centring mends, and which `solve` has centred away. With them go the national product and the unemployed. The row above ties the population to the price index. <!-- given 1947, 1962: the years of the data -->
#
# Is it the computer? No. `solve` gets these weights right to more digits than anybody needs, and the explicit inverse of the raw columns, which does lose half of them, still gets the signs:


# %%
def digits(w):
    return float(-torch.log10((w / fit.w - 1).abs().max()))


A = linreg.fold_bias(X)
by_inverse = (torch.linalg.inv(A.T @ A) @ (A.T @ y))[1:]
assert digits(linreg.solve(X, y).w) > 12 > 9 > digits(by_inverse) > 4
assert torch.equal(by_inverse.sign(), fit.w.sign())
print("solve: more than 12 digits; explicit inverse: fewer than 9")

# %% [markdown]
# ## What helps
#
# **Nothing, if you only predict** for rows like those you have. Collinearity does not hurt such predictions.
#
# **Drop or combine** columns that measure the same thing, *because they do* and not because of a number. Price index, national product, population and year are four clocks. Keep one:

# %%
three = [data.columns.index(name) for name in ("UNEMP", "ARMED", "YEAR")]
small = linreg.certified(X[:, three], y)
for columns, found in ((X, fit), (X[:, three], small)):
    share = linreg.r2(found.predict(columns), y)
    print(f"R2 of {len(found.w)} columns: {share:.4f}")
print("            weight      error     VIF     error before")
for k, (j, factor) in enumerate(zip(three, linreg.vif(X[:, three]), strict=True)):
    numbers = (
        f"{small.w[k]:10.4g} {small.w_se[k]:10.3g} {factor:7.1f} {fit.w_se[j]:12.3g}"
    )
    print(f"{data.columns[j]:7} {numbers}")

# %% [markdown]
# **Centre before you take powers.** A year and its square are the same column for all practical purposes; measured from the middle of the period they are two:

# %%
year = X[:, [5]]
for name, t in (("year", year), ("year - mean", year - year.mean())):
    print(f"{name:12} VIF {linreg.vif(torch.hstack((t, t**2)))[0]:.3g}")

# %% [markdown]
# The fitted curve is the same one. What changed is the question that the first weight answers: the slope in the middle of the period, and no longer the slope in the year zero.
#
# **Collect rows in which the features part.** More rows of the same kind help slowly. A few of another kind help at once:

# %%
X = features(0.99)
same = features(0.99, n=200)  # twice as many of the same kind
apart = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(5, 1)
print("                           error of w1")
for name, rows in (
    ("100 rows", X),
    ("200 rows", same),
    ("100 rows and 10 that part", torch.cat((X, apart))),
):
    rows_c = rows - rows.mean(0)
    R = torch.linalg.qr(rows_c).R
    T = torch.linalg.solve_triangular(R, torch.eye(2), upper=True)
    print(f"{name:26} {sigma * T[0].norm():10.2f}")

# %% [markdown]
# **Penalise.** *Ridge*, which [has a page of its own](../part3/ridge.py), accepts a little bias to make the trough curve upwards again.
#
# ## What does not help
#
# **A better solver**, against variance: the figure above. **An explicit inverse**, against anything: same figure. **Scaling**: VIF has no unit. And **dropping what is not significant**. Both features have the weight 1 here, and a correlation of 0.95. Compute the usual $t$ statistics, drop
# the weaker feature, fit again, and do that for a thousand draws:

# %%
X = features(0.95)
y, theta = redraw(X, sigma=2.0, times=1000)
A = linreg.fold_bias(X)
s2 = (y - A @ theta).square().sum(0) / (n - 3)  # (1000,)
T = torch.linalg.solve_triangular(torch.linalg.qr(A).R, torch.eye(3), upper=True)
alone = T.square().sum(1)[1:]  # the diagonal of the inverse of A'A, not squaring A
t = theta[1:] / (alone.unsqueeze(1) * s2).sqrt()  # (2, 1000)

X_c = X - X.mean(0)
single = X_c.T @ y / X_c.square().sum(0).unsqueeze(1)  # slope of each alone
keep = t.abs().argmax(0, keepdim=True)
survivor = single.gather(0, keep).squeeze(0)

x = X_c.T[keep.squeeze(0)].T  # (n, 1000), the column that was kept
left = y - y.mean(0) - x * survivor
error = (left.square().sum(0) / (n - 2) / x.square().sum(0)).sqrt()

print(f"both significant      {(t.abs() > 2).all(0).double().mean():.0%} of the draws")
print(f"neither significant   {(t.abs() < 2).all(0).double().mean():.0%}")
print(f"the first is kept     {(keep == 0).double().mean():.0%}")
print(f"its weight            {survivor.mean():.2f} on average, the truth is 1")
covered = ((survivor - 1).abs() < 2 * error).double().mean()
print(f"2 standard errors reach the truth in {covered:.1%} of the draws")

# %% [markdown]
# Which of two equal features survives is the toss of a coin. Hardly ever are both found to matter, and the survivor takes the other's share and reports about twice its own effect, with a standard error that rules out the truth. The $t$ statistics were not wrong: each says that *one of the two* could go. It does not follow that
# either should.
#
# ## What was shown
#
# - The loss is flat where features agree, and flat is uncertain: $\operatorname{Cov}(w^*) = \frac{\sigma^2}{n} V^{-1}$, if the model is right and the noise uncorrelated with one variance. Single weights swing, what the features do together stays, and so do predictions for rows like the data.
# - $\mathrm{VIF}_j = 1/(1 - R_j^2)$ is the factor on the variance of $w_j$, and the diagonal of $C^{-1}$.
# - Digits and variance are two troubles. A good solver cures the first. Only data or fewer questions cure the second.
# - Of exactly dependent columns `solve` gives the shortest weights and says so; descent from zero finds the same, unless the intercept is involved.
# - Drop or combine by meaning, centre powers, collect rows that part. Do not let $t$ statistics choose between features that agree.
#
# ## Exercises
#
# **1. How close is close?** Two features have correlation $\rho$. Write their VIF and the condition number of the standardised $X$ as formulas. At which $\rho$ is the standard error twice what it would be without the other feature? This checks your number:


# %%
def check_rho(rho):
    X = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    X[:, 1] = rho * X[:, 0] + (1 - rho**2) ** 0.5 * X[:, 1]
    assert abs(linreg.vif(X)[0].sqrt() - 2) < 1e-6


# %% [markdown] answer="Answer"
# One feature explains $R^2 = \rho^2$ of the other, so VIF is $1/(1 - \rho^2)$. The eigenvalues of $C$ are $1 \pm \rho$, and the singular values of $X$ their roots, hence $\kappa = \sqrt{(1 + \rho)/(1 - \rho)}$. The standard error doubles at VIF 4, that is
# $\rho = \sqrt{3/4}$. Correlations that sound high cost little.

# %% answer="Answer"
rho = 0.75**0.5
check_rho(rho)
print(f"rho = {rho:.3f}, kappa = {((1 + rho) / (1 - rho)) ** 0.5:.2f}")

# %% [markdown]
# **2. Your own factors.** Write `my_vif(X)` from one QR factorisation of the standardised columns, without forming $C$. Hint: what is the $j$-th diagonal entry of $(R^\top R)^{-1}$ in terms of the rows of $R^{-1}$? This checks yours:


# %%
def check_vif(my_vif):
    X = linreg.load("longley").X
    torch.testing.assert_close(my_vif(X), linreg.vif(X))


# %% [markdown] answer="Answer"
# $C = R^\top R$ for columns of length 1, so $C^{-1} = R^{-1} R^{-\top}$, whose $j$-th diagonal entry is the squared length of row $j$ of $R^{-1}$. Solving $R \, T = I$ gives that triangle.


# %% answer="Answer"
def my_vif(X):
    X_c = X - X.mean(0)
    R = torch.linalg.qr(X_c / X_c.norm(dim=0)).R
    T = torch.linalg.solve_triangular(R, torch.eye(len(R)), upper=True)
    return T.square().sum(1)


check_vif(my_vif)

# %% [markdown]
# **3. The dummy trap.** Three groups are coded as three columns of zeros and ones, and the model has an intercept. Why are the columns dependent, although no two of them resemble each other? `solve` and descent from zero both reach the smallest loss, with different weights. Which condition does
# each one's answer satisfy? Call the check with `True` where you think it holds:

# %%
group = torch.arange(30) % 3
dummies = torch.nn.functional.one_hot(group).double()
y = torch.tensor([10.0, 20.0, 60.0])[group]


def check_trap(solve_sums_to_zero, descent_b_is_the_sum):
    fit = linreg.solve(dummies, y)
    walk = linreg.gradient_descent(dummies, y, lr=0.5, steps=500)
    assert (abs(fit.w.sum()) < 1e-9) == solve_sums_to_zero
    assert (abs(walk.w.sum() - walk.b) < 1e-5) == descent_b_is_the_sum


# %% [markdown] answer="Answer"
# The three columns add up to the column of ones: raise all three weights by 1, lower $b$ by 1, and nothing changes. `solve` counts the length of $w$ alone, so its $w$ is orthogonal to $(1, 1, 1)$: the weights are differences from the mean of the groups. Descent starts with $b = 0$ as well and stays
# orthogonal to $(-1, 1, 1, 1)$, so that $b = w_1 + w_2 + w_3$; it cannot see that there was a choice, and its status is `ok`. The clean way out is to leave one group out: its mean is then the intercept, and the weights are differences from it.

# %% answer="Answer"
check_trap(True, True)
walk = linreg.gradient_descent(dummies, y, lr=0.5, steps=500)
for name, fit in (
    ("solve", linreg.solve(dummies, y)),
    ("descent", walk),
    ("one left out", linreg.solve(dummies[:, 1:], y)),
):
    numbers = [round(value, 3) for value in fit.w.tolist()]
    print(f"{name:13} w = {numbers}, b = {fit.b:.3f}, {fit.status}")
print("VIF:", linreg.vif(dummies).tolist())

# %% [markdown]
# **4. Paying in rows.** You have 100 rows with $\rho = 0.99$ and can buy more of the same kind. About how many rows do you need for the standard error that 100 rows would give without correlation? This checks yours to ten per cent:


# %%
def check_rows(rows):
    X = features(0.99, n=rows)
    se = (linreg.vif(X)[0] / rows).sqrt() / X[:, 0].std()
    assert abs(se * 10 - 1) < 0.1


# %% [markdown] answer="Answer"
# The variance is $\sigma^2 \, \mathrm{VIF} / (n s^2)$, so $n$ must grow by the factor VIF $= 1/(1 - 0.99^2)$.

# %% answer="Answer"
rows = round(100 / (1 - 0.99**2))
check_rows(rows)
print(rows)

# %% [markdown]
# ## References
#
# - Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 3.2.3: the weight from the residual of a feature, and its variance.
# - Belsley, Kuh and Welsch, *Regression Diagnostics*, chapter 3: VIF, condition numbers, and which columns are involved.
# - Golub and Van Loan, *Matrix Computations*, section 5.5: dependent columns and the shortest answer.
# - Longley (1967), *An appraisal of least squares programs for the electronic computer from the point of view of the user*.
#
# <!-- given 3.2.3, 5.5, 1967: sections of the books cited, and a year -->
#
# ## Where next
#
# [Certified digits](../part3/digits.py) is about the numerical half of the trouble, on problems made to break solvers. [Scaling](scaling.py) removes the part of the condition number that is only units; [Faster descent](faster.py) takes its root.
