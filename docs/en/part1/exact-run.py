# %% [markdown]
# # The exact answer, executed
#
# After this page you can choose a solver by the condition number of your data, read what `linreg.solve` says about its choice, and avoid four traps of
# `torch.linalg.lstsq`.
#
# <!-- second reading -->
#
# Besides `linreg` this page needs statsmodels; [the line that installs](../index.md#run-it-yourself) brings it.
#
# **The question.** [The exact answer](exact.md) gave four formulas for one result. On paper they are equal. What do they return on a computer, when the columns
# become more and more alike?

# %% [markdown]
# ## Four methods, without safety net
#
# Each is written as in the table of the theory page, for data without intercept. `linreg.solve` runs beside them for comparison.

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)


def inverse(X, y):
    return torch.linalg.inv(X.T @ X) @ (X.T @ y)


def cholesky(X, y):
    L, failed = torch.linalg.cholesky_ex(X.T @ X)
    w = torch.cholesky_solve((X.T @ y).unsqueeze(1), L).squeeze(1)
    return w * torch.nan if failed else w


def qr(X, y):
    Q, R = torch.linalg.qr(X)
    w = torch.linalg.solve_triangular(R, (Q.T @ y).unsqueeze(1), upper=True)
    return w.squeeze(1)


def svd(X, y):
    U, s, Vh = torch.linalg.svd(X, full_matrices=False)
    return Vh.T @ (U.T @ y / s)


def solve(X, y):
    return linreg.solve(X, y, intercept=False).w


methods = (inverse, cholesky, qr, svd, solve)
truth = torch.tensor([-1.0, 1.0, 1.0])


def collinear(condition, seed=0, noise=0.0, dtype=torch.float64):
    """60 rows, 3 columns; noise orthogonal to them, so that `truth` is the answer."""
    g = torch.Generator().manual_seed(seed)
    X, y = linreg.simulate(60, truth, 0.0, 0.0, condition=condition, generator=g)
    e = noise * torch.randn(60, generator=g)
    Q = torch.linalg.qr(X).Q
    return X.to(dtype), (y + e - Q @ (Q.T @ e)).to(dtype)


for condition in (10.0, 1e4):
    X, y = collinear(condition, dtype=torch.float32)
    print(f"float32, condition number {condition:g}")
    for method in methods:
        right = (method(X, y) - truth).abs().max() < 5e-4
        verdict = "right to 3 decimals" if right else "not even right to 3 decimals"
        print(f"  {method.__name__:9} {verdict}")

# %% [markdown]
# No warning separates the good answers from the bad ones. To measure how bad they are you need the true answer *for the rounded data* that each method was
# given. Python's fractions compute it without any rounding:

# %%
from fractions import Fraction


def exact(X, y):
    """The least-squares answer in rational arithmetic, rounded once, at the end."""
    rows = [[Fraction(value) for value in row] for row in X.tolist()]
    targets = [Fraction(value) for value in y.tolist()]
    d = X.shape[1]
    system = [
        [sum(row[i] * row[j] for row in rows) for j in range(d)]
        + [sum(row[i] * target for row, target in zip(rows, targets, strict=True))]
        for i in range(d)
    ]  # the normal equation, (d, d + 1)
    for i in range(d):  # Gauss and Jordan
        system[i] = [value / system[i][i] for value in system[i]]
        for k in range(d):
            if k != i:
                factor = system[k][i]
                pairs = zip(system[k], system[i], strict=True)
                system[k] = [a - factor * c for a, c in pairs]
    return torch.tensor([float(row[d]) for row in system])


def error(method, X, y, best):
    return float((method(X, y).double() - best).norm() / best.norm())


# %% [markdown]
# ## The race
#
# Seven draws at each condition number, without noise; the median error of each method. The exponent $p$ in *error* $\propto \kappa^p$ is the slope of a line through the
# logarithms, a regression of its own. It uses the points where some digits are still right.


# %%
def race(dtype, exponents, noise=0.0):
    medians = {method: [] for method in methods}
    for exponent in exponents:
        errors = {method: [] for method in methods}
        for seed in range(7):
            X, y = collinear(10.0**exponent, seed, noise, dtype)
            best = exact(X, y)
            for method in methods:
                errors[method].append(error(method, X, y, best))
        for method in methods:
            medians[method].append(float(torch.tensor(errors[method]).median()))
    return medians


def slope(exponents, errors):
    k, e = torch.tensor(exponents), torch.tensor(errors)
    kept = (k >= 1) & (e < 0.1)
    return float(linreg.solve(k[kept].unsqueeze(1), e[kept].log10()).w[0])


tracks = {
    torch.float32: [k / 2 for k in range(13)],
    torch.float64: [float(k) for k in range(14)],
}
medians = {dtype: race(dtype, track) for dtype, track in tracks.items()}

print("           exponent p of the condition number")
print("           float32  float64")
for method in methods[:4]:
    p = [slope(track, medians[dtype][method]) for dtype, track in tracks.items()]
    print(f"{method.__name__:9} {p[0]:8.0f} {p[1]:8.0f}")

# %% [markdown]
# Two for the methods that form $X^\top X$, one for those that do not, in both precisions.


# %%
def draw(dtype):
    ax = plt.figure(figsize=(5.5, 4)).gca()
    kappa = [10.0**k for k in tracks[dtype]]
    eps = torch.finfo(dtype).eps
    for power in (1, 2):
        guide = [k for k in kappa if eps * k**power < 2]
        ax.loglog(guide, [eps * k**power for k in guide], color=GREY, linestyle="--")
    colours = (ORANGE, PURPLE, BLUE, "black", GREEN)
    for method, colour, marker in zip(methods, colours, "sD^vo", strict=True):
        visible = torch.tensor(medians[dtype][method]).clamp(min=eps / 2)  # some are 0
        ax.loglog(kappa, visible, color=colour, marker=marker, markersize=4)
    ax.axhline(1, color=GREY, linewidth=0.8)
    ax.text(1, 1.4, "no digit right", color=GREY, va="bottom")
    ax.axhline(eps / 2, color=GREY, linewidth=0.8, linestyle=":")
    ax.text(1, eps / 2.6, "at or below half of epsilon", color=GREY, va="top")
    ax.set(xlabel=r"condition number $\kappa$ of X", ylabel="relative error of w")
    ax.set_ylim(eps / 30, 60)
    return ax


# %% alt="Relative error against condition number in float32, both on log scales. Inverse and Cholesky follow the guide line epsilon kappa squared and have no digit left at kappa 1e4. QR and SVD follow epsilon kappa. solve, which works in float64, stays level at the bottom. The data are 60 rows without a residual."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE, PURPLE

ax = draw(torch.float32)
ax.text(8e1, 4e-2, "inverse", color=ORANGE, ha="right", va="top")
ax.text(8e1, 1e-2, "Cholesky", color=PURPLE, ha="right", va="top")
ax.text(5e4, 2e-5, "QR", color=BLUE, va="top")
ax.text(5e4, 5e-6, "SVD", va="top")
ax.text(1e6, 7e-8, "linreg.solve, in float64", color=GREEN, ha="right", va="bottom")
ax.text(4e2, 2e-1, r"$\varepsilon\kappa^2$", color=GREY, ha="right")
ax.text(1e6, 3e-1, r"$\varepsilon\kappa$", color=GREY, ha="right")
ax.set_title("float32, 60 rows, no residual")
plt.show()

# %% alt="Relative error against condition number in float64, both on log scales. Inverse and Cholesky follow epsilon kappa squared and have no digit left in the right half, where Cholesky ends. QR and SVD follow epsilon kappa to the right edge. solve, which refines its answer, stays level at the bottom, where half of epsilon is drawn for all that is smaller. The data are 60 rows without a residual."
ax = draw(torch.float64)
ax.text(3e3, 1e-5, "inverse", color=ORANGE, ha="right", va="top")
ax.text(3e3, 5e-7, "Cholesky", color=PURPLE, ha="right", va="top")
ax.text(3e7, 2e-12, "QR", color=BLUE, va="top")
ax.text(3e7, 1e-13, "SVD", va="top")
ax.text(1e13, 2e-16, "linreg.solve, refined", color=GREEN, ha="right", va="bottom")
ax.set_title("float64, 60 rows, no residual")
plt.show()

# %% [markdown]
# Both figures are of 60 rows that lie on their plane. With a residual QR and SVD bend up as well (exercise 1), and what `solve` makes of it is [below](#what-solve-chooses-and-says).
#
# Dashed are the guides $\varepsilon\kappa$ and $\varepsilon\kappa^2$. Where the error of Cholesky passes 1 its line ends in a failed factorisation, which is the honest
# outcome; the explicit inverse goes on returning numbers.
#
# What this means in digits, checked here rather than printed, because the last bits depend on the machine:


# %%
def median_at(power, dtype, method):
    """The median error at condition number 10**power."""
    return dict(zip(tracks[dtype], medians[dtype][method], strict=True))[power]


assert median_at(4, torch.float32, inverse) > 0.1  # no digit
assert median_at(4, torch.float32, qr) < 1e-3  # three or more
assert median_at(8, torch.float64, inverse) > 0.1
assert median_at(8, torch.float64, qr) < 1e-7
assert max(medians[torch.float32][solve]) < 1e-7  # rounded to float32 once
assert max(medians[torch.float64][solve]) < 1e-14  # refined

# %% [markdown]
# In float32 $X^\top X$ is safe up to a condition number of a hundred or so, and many data sets have a larger one before they are centred.
#
# ## What `solve` chooses, and says
#
# `linreg.solve` sums up the data in one pass, in float64, and reads the condition number of the centred and scaled columns from the sums. Up to 20 Cholesky is good enough. Above, the answer is *refined*: what is
# missing is computed from the residual and added, as in exercise 2, in twice the precision where the problem is small or hard. Above ten thousand the triangle for that comes from QR, not from $X^\top X$.
# [How to choose a solver](../reference/choose.md#what-solve-does) has the whole rule. The `message` of the result names the method and the reason:

# %%
from textwrap import fill

for condition in (10.0, 1e3, 1e6):
    X, y = collinear(condition, noise=0.1)
    fit = linreg.solve(X, y)
    print(fill(f"{fit.method}, {fit.status}: {fit.message}", 80))

# %% [markdown]
# Give it the same column twice, or more columns than rows, and there is no single answer. That is a status and not an exception: the predictions are still the best
# possible.

# %%
x = torch.randn(50, 1, generator=torch.Generator().manual_seed(0))
twice, target = torch.hstack((x, x)), 3 * x.squeeze(1) + 1

for rows in (50, 2):
    fit = linreg.solve(twice[:rows], target[:rows])
    print(fit)
    print(fill(fit.message, 80), "\n")

# %% [markdown]
# Plain Cholesky and QR have no answer here, and those of `linreg` say so instead of returning something:

# %%
for method in (linreg.cholesky, linreg.qr, linreg.svd):
    fit = method(twice, target)
    w = [round(value, 4) for value in fit.w.tolist()]
    print(f"{fit.method:8} w = {w}, rank {fit.rank}, {fit.status}")

# %% [markdown]
# ## Four traps of torch.linalg.lstsq {#traps}
#
# PyTorch has its own least-squares function, and on well-behaved float64 data it is as good as QR. Know four places where it is not. They were run with
# PyTorch <!--= torch.__version__.split("+")[0] -->2.13.0<!--/-->.
#
# **Trap 1: dependent columns, up to version 2.13.** <!-- given 2.13: the last release that was found with the fault --> The default driver on a CPU is `gelsy`, documented as the one for a general matrix that is not too badly conditioned, and one that determines a rank. Solve $y = 3x + 1$ with the columns $[x, x, 1]$. The
# minimum-norm answer is $[1.5, 1.5, 1]$. Solve it as the second problem of a batch, after one that has nothing to do with it:

# %%
ones = torch.ones_like(x)
A, b = torch.hstack((x, x, ones)), target.unsqueeze(1)
unrelated = torch.randn(50, 3, generator=torch.Generator().manual_seed(1))
batch = torch.linalg.lstsq(torch.stack((unrelated, A)), torch.stack((b, b)))
rescued = torch.linalg.lstsq(A, b, driver="gelsd")

for driver, w, rank in (
    ("gelsy", batch.solution[1, :, 0], batch.rank[1]),
    ("gelsd", rescued.solution[:, 0], rescued.rank),
):
    print(driver, [round(value, 4) for value in w.tolist()], "rank", int(rank))
print(f"largest miss of gelsy {(A @ batch.solution[1] - b).abs().max():.4f}")

# %% [markdown]
# The rank is wrong, the intercept is lost and no error is raised. (Version 2.14.1 has it right, with the same call; the check below knows both.) The reason is an array of column marks that `gelsy` reads before it writes. PyTorch does not clear it, so it
# holds what the previous problem left there. For a single problem it holds whatever was in memory: the same call on the same data is right at one time and wrong at another
# ([pytorch #92537](https://github.com/pytorch/pytorch/issues/92537), [#187411](https://github.com/pytorch/pytorch/issues/187411)). This page cannot print how often, since
# that changes from run to run; it can check that only these two outcomes occur, and that `gelsd` is right each time.

# %%
right, silent = rescued.solution, batch.solution[1]
release = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
assert torch.allclose(silent, right) == (release > (2, 13))
for _ in range(200):
    single = torch.linalg.lstsq(A, b).solution
    assert torch.allclose(single, right) or torch.allclose(single, silent)
    single = torch.linalg.lstsq(A, b, driver="gelsd").solution
    assert torch.allclose(single, right)

# %% [markdown]
# Do not take its `residuals` for a check either. `gelsy` leaves them empty always, `gelsd` for dependent columns, and one such problem empties those of its whole batch; `gels`, which trusts you that the columns are independent, fills them whatever it returns. Compute
# `y - A @ w` yourself.


# %%
def residuals_given(driver, *problems):
    stacked = torch.stack(problems)
    targets = b.expand(len(problems), -1, -1)
    return torch.linalg.lstsq(stacked, targets, driver=driver).residuals.numel() > 0


assert not residuals_given("gelsy", unrelated)
assert residuals_given("gelsd", unrelated)
assert not residuals_given("gelsd", unrelated, A)
assert residuals_given("gels", A)

# %% [markdown]
# **Trap 2: years in float32.** Every driver that determines a rank treats singular values below `rcond` times the largest as zero, and the default `rcond` is the machine epsilon times the larger of $n$ and
# $d$. With 220 rows in float32 that is <!--= 220 * torch.finfo(torch.float32).eps:.1e -->2.6e-05<!--/-->. The columns $[1, \text{year}]$ are perfectly independent, but their singular values lie further apart than that:

# %%
years = torch.arange(1801.0, 2021.0)
A = torch.stack((torch.ones_like(years), years), dim=1)
level = 0.5 * (years - 1900)
s = torch.linalg.svdvals(A)
print(f"ratio of the singular values {s[1] / s[0]:.1e}")


def lstsq(dtype):
    found = torch.linalg.lstsq(
        A.to(dtype), level.to(dtype).unsqueeze(1), driver="gelsd"
    )
    return found.solution.squeeze(1), int(found.rank)


for dtype in (torch.float32, torch.float64):
    w, rank = lstsq(dtype)
    print(f"lstsq {str(dtype)[6:]}  rank {rank} of 2  slope {w[1]:.4f}")

fit = linreg.solve(years.float().unsqueeze(1), level.float())
print(f"solve float32  rank {fit.rank} of 1  slope {fit.w[0]:.4f}")

# %% [markdown]
# The true slope is 0.5. `lstsq` has decided that a straight line through 220 years has one parameter. `torch.linalg.pinv` has the same cut-off, and JAX's `jax.numpy.linalg.lstsq` one like it. Even $X^\top X$ in float32, with all that squaring loses, does better here than a cut-off that loses a
# parameter:

# %%
A32, level32 = A.float(), level.float()
by_pinv = torch.linalg.pinv(A32) @ level32
by_gram = torch.linalg.solve(A32.T @ A32, A32.T @ level32)
print(f"pinv float32  slope {by_pinv[1]:.4f}")
print(f"Gram float32  slope {by_gram[1]:.4f}")
assert abs(by_pinv[1] - 0.5) > 0.4
assert abs(by_gram[1] - 0.5) < 5e-3

# %% [markdown]
# `solve` had the same float32 data: it takes the mean out of the years first, and
# then there is nothing near zero to cut off.

# %% alt="A rising straight line of 220 yearly values. The fit of lstsq in float32 is a nearly level line through the middle; that of solve lies on the data."
fig, ax = plt.subplots(figsize=(5.5, 3.6))
ax.plot(years[::10], level[::10], "o", color=BLUE, markersize=4)
ax.plot(years, fit.predict(years.float().unsqueeze(1)), color=GREEN)
ax.plot(years, A @ lstsq(torch.float32)[0].double(), color=ORANGE)
ax.text(1930, 25, "data and solve", color=GREEN, ha="right", va="bottom")
ax.text(1825, 9, "lstsq, float32", color=ORANGE, ha="left", va="bottom")
ax.set(xlabel="year", ylabel="y")
plt.show()

# %% [markdown]
# **Trap 3: many rows.** The cut-off grows with $n$. At a million rows in float32 it is <!--= 1e6 * torch.finfo(torch.float32).eps:.2f -->0.12<!--/--> of the largest singular value, so that a condition number of ten is enough to lose a column. Here it is 40,
# and the true weights are 1, 2 and 3:

# %%
w = torch.tensor([1.0, 2.0, 3.0])
g = torch.Generator().manual_seed(0)
X, y = linreg.simulate(1_000_000, w, 0.0, 0.0, condition=40.0, generator=g)
X, y = X.float(), y.float()
for driver in ("gelsy", "gelsd"):
    found = torch.linalg.lstsq(X, y.unsqueeze(1), driver=driver)
    w = [round(value, 1) for value in found.solution[:, 0].tolist()]
    print(f"{driver}  rank {int(found.rank)} of 3  w = {w}")
    assert found.rank < 3
fit = linreg.solve(X, y, intercept=False)
print(f"solve  rank {fit.rank} of 3  w = {[round(v, 4) for v in fit.w.tolist()]}")
assert (fit.w - torch.tensor([1.0, 2.0, 3.0])).abs().max() < 1e-5
del X

# %% [markdown]
# Nothing is wrong with these data: all the digits are there. An `rcond` of your own, near the machine epsilon, keeps the column; so does float64.
#
# **Trap 4: a missing value.** One NaN among the features made `lstsq` stop with an internal error that asks you to report a bug in PyTorch (it is not run here, because the library
# beneath prints past Python). The factorisations do not stop at all: QR returns NaN, and `cholesky_ex` reports a matrix that is not positive definite. `linreg` looks first and names
# the place.

# %%
holed = years.unsqueeze(1).clone()
holed[3] = torch.nan
R = torch.linalg.qr(holed).R
_, info = torch.linalg.cholesky_ex(holed.T @ holed)
print(f"R = {R.item()}, info = {int(info)}")

try:
    linreg.solve(holed, level)
except linreg.DataError as bad:
    print(bad)

# %% [markdown]
# ## Longley's data
#
# <!-- given 1967: the year of his article -->
# In 1967 James Longley computed one regression by hand, to many digits: employment in the United States over 16 years, explained by prices, output, unemployment, the army, population and
# the year. Then he gave it to the programs of his day, and found that several of them were wrong from the first digits on. His data became a standard test. They ship with statsmodels, which `load` needs for them.

# %%
data = linreg.load("longley")
X, y = data.X, data.y
fit = linreg.solve(X, y)
for name, weight in zip(data.columns, fit.w.tolist(), strict=True):
    print(f"{name:8} {weight:12.6g}")
print(f"{'b':8} {float(fit.b):12.6g}")
print(fit.message)

# %% [markdown]
# Why is it hard, and why does `solve` find it easy? Because most of its condition number is units and a far-away origin:

# %%
A = linreg.fold_bias(X)
centred = X - X.mean(0)
conditions = {
    "[1, X] as it is": A,
    "columns of length 1": A / A.norm(dim=0),
    "centred": centred,
    "centred, length 1": centred / centred.norm(dim=0),
}
for name, matrix in conditions.items():
    print(f"{name:20} {torch.linalg.cond(matrix):10.3g}")

# %% alt="Bars of correct digits on Longley's data in float64. Inverse and Cholesky reach about 7, QR and lstsq about 11, solve has all 16."
best = exact(A, y)


def digits(theta):
    wrong = (theta / best - 1).abs().max()
    return float(-torch.log10(wrong.clamp(min=1e-16)))  # a float64 holds 16


reached = {
    "inverse": digits(inverse(A, y)),
    "Cholesky": digits(cholesky(A, y)),
    "lstsq": digits(torch.linalg.lstsq(A, y.unsqueeze(1)).solution[:, 0]),
    "QR": digits(qr(A, y)),
    "solve": digits(torch.cat((fit.b.unsqueeze(0), fit.w))),
}
assert max(reached["inverse"], reached["Cholesky"]) < 9 < reached["QR"]
assert reached["QR"] < 12.5 < 15 < reached["solve"]

fig, ax = plt.subplots(figsize=(5.5, 2.8))
colours = (ORANGE, PURPLE, GREY, BLUE, GREEN)
bars = ax.barh(list(reached), list(reached.values()), color=colours)
ax.bar_label(bars, fmt="%.0f", padding=4)
ax.set(xlabel="correct digits of the worst coefficient", xlim=(0, 18))
ax.invert_yaxis()
plt.show()

# %% [markdown]
# The other four got the column of ones and the raw units. `solve` centred and scaled first, which leaves a condition number that Cholesky can bear, and refined what was left. [Certified digits](../part3/digits.py) takes that apart, and
# measures other libraries on harder problems. Scaling does not cure the
# collinearity that is in the data itself: the last condition number, <!--= fit.condition:.0f -->111<!--/-->, means that these six columns move together, and that the *statistical* error
# of their weights is large however exactly they are computed.
#
# ## What was shown
#
# - Error grows like $\kappa^2$ for the inverse and Cholesky and like $\kappa$ for QR and SVD, in float32 and in float64.
# - `solve` works in float64, centres and scales, chooses by the condition number, refines what squaring has lost, and reports dependent columns as a status with the minimum-norm answer.
# - `torch.linalg.lstsq` is silently wrong on dependent columns with its default driver, and drops real parameters of float32 data with a large mean or many rows.

# %% [markdown]
# ## Exercises
#
# **1. The race with noise.** Repeat the race in float64 with noise 1. What happens to QR, and why is it not QR's fault?

# %% [markdown] answer="Answer"
# Its error bends up to $\kappa^2$ too. With a residual $r$ the problem itself becomes that sensitive: move the data by $\varepsilon$ and the exact answer moves by about
# $\varepsilon \kappa + \varepsilon \kappa^2 \lVert r \rVert / (\lVert X \rVert \lVert w \rVert)$. Rounding the data once costs as much, so no method can promise less.

# %% answer="Answer"
track = [float(k) for k in range(2, 8)]
noisy = race(torch.float64, track, noise=1.0)
for method in (inverse, qr, svd):
    print(f"{method.__name__:9} {slope(track, noisy[method]):.0f}")
assert noisy[qr][-1] < noisy[inverse][-1] / 3

# %% [markdown]
# **2. Refine.** One step of *iterative refinement* computes the residual of the answer, solves for it with the same Cholesky factor and adds the result. Write
# `refined(X, y)`. How near to the error of QR does it come at condition number $10^4$? This snippet checks yours:


# %%
def check(refined):
    X, y = collinear(1e4)
    best = exact(X, y)
    mine = error(refined, X, y, best)
    assert mine < 0.001 * error(cholesky, X, y, best)
    assert mine < 10 * error(qr, X, y, best)


# %% [markdown] answer="Answer"
# All the way. The correction has a relative error of about $\kappa^2\varepsilon$ like the first answer, so what remains is that error squared, or the $\kappa\varepsilon$ that computing
# $y - Xw$ costs, whichever is larger. `linreg.cholesky(..., refine=1)` does the same.


# %% answer="Answer"
def refined(X, y):
    L = torch.linalg.cholesky(X.T @ X)
    w = torch.cholesky_solve((X.T @ y).unsqueeze(1), L)
    r = y.unsqueeze(1) - X @ w
    return (w + torch.cholesky_solve(X.T @ r, L)).squeeze(1)


check(refined)

# %% [markdown]
# **3. Years, repaired.** Repair the float32 fit of the years with `torch.linalg.lstsq` alone, without leaving float32. This snippet checks your slope:


# %%
def check_slope(slope):
    assert slope.dtype == torch.float32
    assert abs(slope - 0.5) < 1e-5


# %% [markdown] answer="Answer"
# Centre, and fit without the column of ones. A lower `rcond` would keep the second singular value too, but not the digits that it has lost.

# %% answer="Answer"
X32, y32 = years.float().unsqueeze(1), level.float().unsqueeze(1)
answer = torch.linalg.lstsq(X32 - X32.mean(), y32 - y32.mean())
check_slope(answer.solution[0, 0])

# %% [markdown]
# **4. One year less.** Leave out one year of Longley's 16 at a time and fit again. How far does the weight of the first column, the price index, wander?

# %% [markdown] answer="Answer"
# Through zero, and over a range several times its own size, which is no larger than its standard error of <!--= linreg.certified(data.X, data.y).w_se[0]:.0f -->85<!--/-->. Every one of these fits is exact to more digits than anybody needs. A large condition number is a statement about the data
# before it is one about the computer.

# %% answer="Answer"
weights = []
for left_out in range(len(y)):
    kept = [i for i in range(len(y)) if i != left_out]
    weights.append(float(linreg.solve(data.X[kept], data.y[kept]).w[0]))
print(f"all years {linreg.solve(data.X, data.y).w[0]:.1f}")
print(f"one left out {min(weights):.1f} to {max(weights):.1f}")
assert min(weights) < 0 < max(weights)

# %% [markdown]
# ## Where next
#
# [Gradient descent](descent.md) reaches the same minimum in small steps, and says beforehand how many: the condition number decides. What the collinearity in Longley's data does to his weights is on
# [Collinearity](../part2/collinearity.py).
