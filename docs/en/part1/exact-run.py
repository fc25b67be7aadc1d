# %% [markdown]
# # The exact answer, executed
#
# After this page you can choose a solver by the condition number of your data, and read what `linreg.solve` says about its choice.
#
# <!-- second reading -->
#
# Besides `linreg` this page needs statsmodels; [the line that installs](../index.md#run-it-yourself) brings it.
#
# **The question.** [The exact answer](exact.md) gave four formulas for one result. On paper they are equal. What do they return on a computer when the columns
# become more and more alike?
#
# ## Four methods {#four-methods-without-safety-net}
#
# For data without an intercept, with `linreg.solve` beside them. The noise is made orthogonal to the columns, so the chosen weights are the least-squares answer at any condition number.

# %%
import math

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


def collinear(condition, seed=0, noise=0.0, dtype=torch.float64, w=truth, n=60):
    """Data (n, d) with this condition number, and the least-squares answer `w`."""
    g = torch.Generator().manual_seed(seed)
    X, y = linreg.simulate(n, w, 0.0, 0.0, condition=condition, generator=g)
    e = noise * torch.randn(n, generator=g)
    Q = torch.linalg.qr(X).Q
    return X.to(dtype), (y + e - Q @ (Q.T @ e)).to(dtype)


for condition in (10.0, 1e4):
    X_32, y_32 = collinear(condition, dtype=torch.float32)
    print(f"float32, condition number {condition:g}")
    for method in methods:
        right = (method(X_32, y_32) - truth).abs().max() < 5e-4
        verdict = "right to 3 decimals" if right else "not even right to 3 decimals"
        print(f"  {method.__name__:9} {verdict}")

# %% [markdown]
# Nothing warns of the bad answers. To measure them you need the true answer *for the rounded data* that each method was
# given. Python's fractions have no rounding:

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
# The median error of seven draws at each condition number, without noise. The exponent $p$ in *error* $\propto \kappa^p$ is the slope of a line through the
# logarithms of those errors that still leave some right digits. The last column has the twenty weights of the ordinary data:


# %%
def race(methods, dtype, exponents, noise=0.0):
    """For each method its median error at each exponent of the condition number."""
    medians = {method: {} for method in methods}
    for exponent in exponents:
        errors = {method: [] for method in methods}
        for seed in range(7):
            X, y = collinear(10.0**exponent, seed, noise, dtype)
            best = exact(X, y)
            for method in methods:
                errors[method].append(error(method, X, y, best))
        for method in methods:
            medians[method][exponent] = float(torch.tensor(errors[method]).median())
    return medians


def slope(medians):
    k, e = torch.tensor(list(medians)), torch.tensor(list(medians.values()))
    kept = (k >= 1) & (e < 0.1)
    return float(linreg.solve(k[kept].unsqueeze(1), e[kept].log10()).w[0])


tracks = {
    torch.float32: [k / 2 for k in range(13)],
    torch.float64: [float(k) for k in range(14)],
}
in_32, in_64 = (race(methods, dtype, track) for dtype, track in tracks.items())


def twenty_columns(method, exponents, w, seeds=7):
    """The slope of the median errors against `w`, in float64."""
    medians = {}
    for exponent in exponents:
        draws = [collinear(10.0**exponent, seed, w=w, n=300) for seed in range(seeds)]
        errors = torch.tensor([error(method, *draw, w) for draw in draws])
        medians[exponent] = float(errors.median())
    return slope(medians)


w_ordinary = linreg.ordinary().w
print("exponent p of the condition number")
print("           float32  float64  float64, 20 columns")
for method in methods[:4]:
    p = [slope(medians[method]) for medians in (in_32, in_64)]
    p.append(twenty_columns(method, [float(k) for k in range(2, 8)], w_ordinary))
    print(f"{method.__name__:9} {p[0]:8.0f} {p[1]:8.0f} {p[2]:8.0f}")

# %% [markdown]
# Two for the methods that form $X^\top X$, one for those that do not.

# %% alt="Relative error against condition number in float32, both on log scales. Inverse and Cholesky follow the guide line epsilon kappa squared and have no digit left at kappa 1e4. QR and SVD follow epsilon kappa. solve, which works in float64, stays level at the bottom. The data are 60 rows without a residual."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE, PURPLE


def draw(dtype, medians):
    """Errors against condition numbers, a curve for each method."""
    ax = plt.figure(figsize=(5.5, 4)).gca()
    kappa = [10.0**k for k in tracks[dtype]]
    eps = torch.finfo(dtype).eps
    for power, name in ((1, r"$\varepsilon\kappa$"), (2, r"$\varepsilon\kappa^2$")):
        guide = [k for k in kappa if eps * k**power < 2]
        ax.loglog(guide, [eps * k**power for k in guide], color=GREY, linestyle="--")
        at = guide[-2], eps * guide[-2] ** power
        above = {"xytext": (-6, 6), "textcoords": "offset points", "ha": "right"}
        ax.annotate(name, at, color=GREY, **above)
    colours = (ORANGE, PURPLE, BLUE, "black", GREEN)
    for method, colour, marker in zip(methods, colours, "sD^vo", strict=True):
        errors = torch.tensor(list(medians[method].values()))
        visible = errors.clamp(min=eps / 2)  # some are 0
        ax.loglog(kappa, visible, color=colour, marker=marker, markersize=4)
    ax.axhline(1, color=GREY, linewidth=0.8)
    ax.text(1, 1.4, "no digit right", color=GREY, va="bottom")
    ax.axhline(eps / 2, color=GREY, linewidth=0.8, linestyle=":")
    below = {"xytext": (0, -6), "textcoords": "offset points", "va": "top"}
    ax.annotate("at or below half of epsilon", (1, eps / 2), color=GREY, **below)
    ax.set(xlabel="condition number κ of X", ylabel="relative error of w")
    ax.set_ylim(eps / 100, 60)
    p = [round(slope(medians[method])) for method in methods[:4]]
    assert p == [2, 2, 1, 1]  # along which guide
    assert max(medians[solve].values()) < eps
    return ax


ax = draw(torch.float32, in_32)
ax.text(8e1, 4e-2, "inverse", color=ORANGE, ha="right", va="top")
ax.text(8e1, 1e-2, "Cholesky", color=PURPLE, ha="right", va="top")
ax.text(5e4, 2e-5, "QR", color=BLUE, va="top")
ax.text(5e4, 5e-6, "SVD", va="top")
ax.text(1e6, 7e-8, "linreg.solve, in float64", color=GREEN, ha="right", va="bottom")
ax.set_title("float32, 60 rows, no residual")
for method in (inverse, cholesky):  # which may have failed: nan
    assert not in_32[method][4] < 0.1
plt.show()

# %% alt="Relative error against condition number in float64, both on log scales. Inverse and Cholesky follow epsilon kappa squared and have no digit left in the right half, where Cholesky ends. QR and SVD follow epsilon kappa to the right edge. solve, which refines its answer, stays level at the bottom, where half of epsilon is drawn for all that is smaller. The data are 60 rows without a residual."
ax = draw(torch.float64, in_64)
ax.text(3e3, 1e-5, "inverse", color=ORANGE, ha="right", va="top")
ax.text(3e3, 5e-7, "Cholesky", color=PURPLE, ha="right", va="top")
ax.text(3e7, 2e-12, "QR", color=BLUE, va="top")
ax.text(3e7, 1e-13, "SVD", va="top")
ax.text(1e13, 2e-16, "linreg.solve, refined", color=GREEN, ha="right", va="bottom")
ax.set_title("float64, 60 rows, no residual")
for method in (inverse, cholesky):
    assert not any(in_64[method][k] < 0.1 for k in range(8, 14))
assert math.isnan(in_64[cholesky][13])
assert max(in_64[qr][13], in_64[svd][13]) < 0.1
plt.show()

# %% [markdown]
# Where the error of Cholesky passes 1 its factorisation fails; the inverse goes on returning numbers. In digits, checked rather than printed because the last bits depend on the machine:

# %%
assert in_32[inverse][4] > 0.1  # no digit
assert in_32[qr][4] < 1e-3  # three or more
assert in_64[inverse][8] > 0.1
assert in_64[qr][8] < 1e-7
assert max(in_32[solve].values()) < 1e-7  # rounded to float32 once
assert max(in_64[solve].values()) < 1e-14  # refined

# %% [markdown]
# ## With a residual
#
# With a residual $r$ the problem itself is more sensitive. Round the data, and the exact answer moves by about
#
# $$
# \varepsilon \kappa + \varepsilon \kappa^2 \frac{\lVert r \rVert}{\lVert X \rVert \lVert w \rVert},
# $$
#
# so QR bends up to $\kappa^2$ as well, the sooner the larger the residual. `solve` refines its answer with a residual computed in twice the precision:

# %% alt="Relative error against condition number in float64 for three sizes of the residual, on log scales. The three lines of QR start together. Without a residual QR follows epsilon kappa; with noise 0.001 and with noise 1 it bends up to epsilon kappa squared, the larger the noise the sooner. The three lines of solve are level at the bottom, but for the left end of the one with noise 1, where it does not refine."
residual_track = [float(k) for k in range(1, 9)]
by_noise = {
    e: race(methods, torch.float64, residual_track, noise=e) for e in (0.0, 1e-3, 1.0)
}
_, ax = plt.subplots(figsize=(5.5, 4), layout="constrained")
kappas = [10.0**k for k in residual_track]
for (size, found), line in zip(by_noise.items(), ("-", "--", ":"), strict=True):
    of_qr, of_solve = (torch.tensor(list(found[way].values())) for way in (qr, solve))
    ax.loglog(kappas, of_qr, line, color=BLUE)
    lowest = of_solve.clamp(min=1.1e-16)  # some are 0
    ax.loglog(kappas, lowest, line, color=GREEN)
    ax.text(1.4e8, of_qr[-1], f"QR, noise {size:g}", color=BLUE, va="center")
ax.text(1.4e8, 1.1e-16, "solve, all three", color=GREEN, va="center")
ax.set(xlabel="condition number κ of X", ylabel="relative error of w")
ax.set_xlim(10, 3e10)
firsts = [found[qr][1] for found in by_noise.values()]
assert max(firsts) < 10 * min(firsts)
lasts = [found[qr][8] for found in by_noise.values()]
assert lasts == sorted(lasts)
assert lasts[-1] > 1e4 * lasts[0]
assert max(max(found[solve].values()) for found in by_noise.values()) < 1e-13

# %% [markdown]
# At the left end, with noise 1, it does not refine yet. That is 60 rows. For many, `solve` refines in float64 alone where digits are to spare, and says [how many are left](../reference/choose.md#what-solve-does).
#
# ## What `solve` chooses, and says
#
# `linreg.solve` sums up the data in float64 and reads the condition number of the centred and scaled columns from the sums. Up to 20 Cholesky is good enough. Above, the answer is *refined*, as in exercise 4, and above ten thousand the triangle comes from QR
# ([the whole rule](../reference/choose.md#what-solve-does)). The `message` names the method and the reason:

# %%
from textwrap import fill

for condition in (10.0, 1e3, 1e6):
    fit = linreg.solve(*collinear(condition, noise=0.1))
    print(fill(f"{fit.method}, {fit.status}: {fit.message}", 80))
fit = linreg.solve(*linreg.ordinary()[:2])
print(fill(f"ordinary data: {fit.message}", 80))

# %% [markdown]
# The digits are those of the worst weight. The ordinary data keep fewer than the first example, with a smaller condition number, because their weights differ more in size: the largest is
# <!--= fit.w.abs().max() / fit.w.abs().min():.0f -->227<!--/--> times the smallest, and an error that is small beside the one is large beside the other.
#
# With dependent columns, or fewer rows than columns, there is [no single answer](exact.md#a-solution-always-exists-is-it-the-only-one). That is a status and not an exception, because the predictions are still the best
# possible:

# %%
few = linreg.solve(*(part[:15] for part in linreg.ordinary()[:2]))
print(f"ordinary data, 15 rows: rank {few.rank} of 20, {few.status}")

# %% [markdown]
# ## torch.linalg.lstsq {#traps}
#
# PyTorch's own function can be wrong without an error: [four traps](lstsq.py).
#
# ## Longley's data
#
# <!-- given 1967: the year of his article -->
# In 1967 James Longley computed one regression by hand, to many digits: employment in the United States over 16 years, explained by prices, output, unemployment, the army, population and
# the year. Several programs of his day were wrong from the first digits on, and his data became a standard test.

# %%
data = linreg.load("longley")
economy = linreg.solve(data.X, data.y)
for name, weight in zip(data.columns, economy.w.tolist(), strict=True):
    print(f"{name:8} {weight:12.6g}")
print(f"{'b':8} {float(economy.b):12.6g}")
print(economy.message)

# %% [markdown]
# Most of its condition number is units and a far-away origin:

# %%
A = linreg.fold_bias(data.X)
centred = data.X - data.X.mean(0)
conditions = {
    "[1, X] as it is": A,
    "columns of length 1": A / A.norm(dim=0),
    "centred": centred,
    "centred, length 1": centred / centred.norm(dim=0),
}
for name, matrix in conditions.items():
    print(f"{name:20} {torch.linalg.cond(matrix):10.3g}")

# %% alt="Bars of correct digits on Longley's data in float64. Inverse and Cholesky reach about 7, QR and lstsq about 11, solve has all 16."
best = exact(A, data.y)


def digits(theta, best):
    wrong = (theta / best - 1).abs().max()
    return float(-torch.log10(wrong.clamp(min=1e-16)))  # a float64 holds 16


answers = {
    "inverse": inverse(A, data.y),
    "Cholesky": cholesky(A, data.y),
    "lstsq": torch.linalg.lstsq(A, data.y.unsqueeze(1)).solution[:, 0],
    "QR": qr(A, data.y),
    "solve": torch.cat((economy.b.unsqueeze(0), economy.w)),
}
reached = {name: digits(theta, best) for name, theta in answers.items()}
assert max(reached["inverse"], reached["Cholesky"]) < 9 < reached["QR"]
assert 9 < reached["lstsq"] < 12.5
assert reached["QR"] < 12.5 < 15 < reached["solve"]

fig, ax = plt.subplots(figsize=(5.5, 2.8))
colours = (ORANGE, PURPLE, GREY, BLUE, GREEN)
bars = ax.barh(list(reached), list(reached.values()), color=colours)
ax.bar_label(bars, fmt="%.0f", padding=4)
ax.set(xlabel="correct digits of the worst coefficient", xlim=(0, 18))
ax.invert_yaxis()
plt.show()

# %% [markdown]
# The other four got the column of ones and the raw units. `solve` centred and scaled first, and refined what was left; [Certified digits](../part3/digits.py) takes that apart. Scaling does not cure the
# nearly dependent columns in the data themselves: at the last condition number, <!--= economy.condition:.0f -->111<!--/-->, the *statistical* error
# of the weights is large however exactly they are computed ([Collinearity](../part2/collinearity.py)).
#
# ## What was shown
#
# - Without a residual the error grows like $\kappa^2$ for the inverse and Cholesky and like $\kappa$ for QR and SVD (three columns, and twenty with the ordinary weights). With a residual QR reaches $\kappa^2$ too (three columns).
# - `solve` works in float64, centres and scales, chooses by the condition number, refines, and reports dependent columns as a status with the minimum-norm answer (three and twenty columns, Longley).
#
# ## Exercises
#
# **1. By pencil.** How many of the sixteen digits of float64 are left after $X^\top X$ at $\kappa = 10^5$? And how many of seven in float32 after QR at $\kappa = 10^3$?

# %% [markdown] answer="Hint"
# The relative errors are about $\kappa^2 \varepsilon$ and $\kappa \varepsilon$, with $\varepsilon$ near $10^{-16}$ and $10^{-7}$.

# %% [markdown] answer="Answer"
# $16 - 10 = 6$, and $7 - 3 = 4$. The figures agree.

# %% answer="Answer"
assert 4.5 < -math.log10(in_64[inverse][5]) < 7.5
assert 3.5 < -math.log10(in_32[qr][3]) < 6.5

# %% [markdown]
# **2. Predict the picture.** Leave out one of Longley's 16 years at a time and fit again. Sketch how the weight of the price index, the first column, moves. It is <!--= economy.w[0]:.0f -->15<!--/-->, and another sample of such years would typically move it by <!--= linreg.certified(data.X, data.y).w_se[0]:.0f -->85<!--/-->: its [standard error](../part2/sure.py#the-standard-error), under assumptions that are doubtful for a series in time.

# %% [markdown] answer="Hint"
# All 16 fits are exact to more digits than anybody needs. What does the <!--= linreg.certified(data.X, data.y).w_se[0]:.0f -->85<!--/--> say?

# %% [markdown] answer="Answer"
# It goes through zero, over a range of several times its own size. A large condition number is a statement about the data before it is one about the computer.

# %% answer="Answer" alt="The weight of the price index with one year left out, one dot for each year. Most dots lie near the value for all years, some far from it, and some below zero."
without = []
for left_out in range(len(data.y)):
    rest = [i for i in range(len(data.y)) if i != left_out]
    without.append(float(linreg.solve(data.X[rest], data.y[rest]).w[0]))
_, ax = plt.subplots(figsize=(5.5, 2.8), layout="constrained")
ax.plot(data.X[:, data.columns.index("YEAR")], without, "o", color=BLUE)
ax.axhline(0, color=GREY, linewidth=0.8, linestyle=":")
ax.axhline(float(economy.w[0]), color=ORANGE, linewidth=0.8)
ax.set(xlabel="year left out", ylabel="weight (line: all years)")
assert min(without) < 0 < max(without)
shifts = (torch.tensor(without) - economy.w[0]).abs()
assert shifts.median() < shifts.max() / 4

# %% [markdown]
# **3. What is wrong with this sentence?** "QR loses digits on noisy collinear data too, so it is no better than the inverse."

# %% [markdown] answer="Hint"
# Which part of the error belongs to the problem, and which to the method?

# %% [markdown] answer="Answer"
# QR's error is that of the problem for rounded data, with the factor $\lVert r \rVert / (\lVert X \rVert \lVert w \rVert)$. The inverse adds $\kappa^2\varepsilon$ without that factor, even where the residual is zero.

# %% answer="Answer"
for size in (0.0, 1e-3):
    assert by_noise[size][qr][3] < by_noise[size][inverse][3] / 100

# %% [markdown]
# **4. Refine.** One step of *iterative refinement* computes the residual of the answer, solves for it with the same Cholesky factor and adds the result. Write
# `refined(X, y)`. How near to the error of QR does it come at condition number $10^4$? This checks yours:


# %%
def check_refined(refined):
    X, y = collinear(1e4)
    best = exact(X, y)
    mine = error(refined, X, y, best)
    linreg.check(mine < 0.001 * error(cholesky, X, y, best), True)
    linreg.check(mine < 10 * error(qr, X, y, best), True)


# %% [markdown] answer="Hint"
# Three lines: the factor and the first $w$; $r = y - Xw$; $w$ plus the solution for $X^\top r$.

# %% [markdown] answer="Answer"
# All the way. The correction has a relative error of about $\kappa^2\varepsilon$ like the first answer, so what remains is that error squared, or the $\kappa\varepsilon$ that computing
# $y - Xw$ costs, whichever is larger.


# %% answer="Answer"
def refined(X, y):
    L = torch.linalg.cholesky(X.T @ X)
    w = torch.cholesky_solve((X.T @ y).unsqueeze(1), L)
    r = y.unsqueeze(1) - X @ w
    return (w + torch.cholesky_solve(X.T @ r, L)).squeeze(1)


check_refined(refined)

# %% [markdown]
# ## Where next
#
# [Four traps of lstsq](lstsq.py) is for those who use that function. [Gradient descent](descent.md) reaches the same minimum in small steps, and the condition number decides how many.
