# %% [markdown]
# # Certified digits
#
# After this page you can measure how many digits of a coefficient are right, say which step of the computation lost the others, and get all of them back, those of the standard errors included.
#
# <!-- specialist -->
#
# Besides `linreg` this page needs scikit-learn and statsmodels; [the line that installs](../index.md#run-it-yourself) brings both.
#
# **The question.** A program prints a coefficient with sixteen digits. How many of them are right?
#
# <!-- given 1970: the year of Wampler's article -->
# In 1970 Roy Wampler put that question to the programs of his day. His data need no file, only a formula: for $x = 0, \dots, 20$ it is
#
# $$
# y = 1 + x + x^2 + x^3 + x^4 + x^5 .
# $$
#
# All numbers are integers, there is no noise, and each of the six coefficients is 1. Two programs of our day:

# %%
import torch
from sklearn.linear_model import LinearRegression

import linreg

torch.set_default_dtype(torch.float64)

x = torch.arange(21.0)
X = torch.stack([x**k for k in range(1, 6)], dim=1)  # (21, 5)
y = 1 + X.sum(1)

peer = LinearRegression().fit(X.numpy(), y.numpy())
fit = linreg.certified(X, y)
print("scikit-learn", *(f"{v:.3f}" for v in peer.coef_))
print("certified   ", *(f"{v:.3f}" for v in fit.w))
print(f"R2 of scikit-learn {peer.score(X.numpy(), y.numpy()):.6f}")

# %% [markdown]
# scikit-learn's predictions are fine, and its coefficients are not those of the data. By a documented setting, `tol`, whose default is 1e-6, it has dropped directions that it took for rounding errors, and only its attribute `rank_` shows that. This page runs both settings, and ten other ways.
#
# A value $\hat\theta$ for $\theta \ne 0$ has
#
# $$
# -\log_{10} \left| \frac{\hat\theta - \theta}{\theta} \right|
# $$
#
# correct digits, and a fit has as many as its worst coefficient. A float64 holds about sixteen.

# %% [markdown]
# ## Seven problems
#
# Wampler made five problems from his $X$. The second has the coefficients $0.1^k$. The other three keep $\theta = (1, \dots, 1)$ but add residuals: once, a hundred times and ten thousand times the same pattern. Can
# residuals be *added* without moving the answer? Yes, if they are orthogonal to every column. Let the pattern be $-2048$ at odd $x$ and $+2048$ at
# $x = 2, 6, \dots, 18$. Six places are left, $x = 0, 4, \dots, 20$, and six columns to be orthogonal to: six equations. Python's fractions solve them without
# rounding.

# %%
from fractions import Fraction


def solve_exactly(system):
    """Gauss and Jordan on rows of (A, B), fractions: the rows of the inverse of A times B."""
    size = len(system)
    for i in range(size):
        pivot = next(k for k in range(i, size) if system[k][i])
        system[i], system[pivot] = system[pivot], system[i]
        system[i] = [v / system[i][i] for v in system[i]]
        for k in range(size):
            if k != i:
                factor = system[k][i]
                pairs = zip(system[k], system[i], strict=True)
                system[k] = [a - factor * b for a, b in pairs]
    return [row[size:] for row in system]


pattern = {p: -2048 if p % 2 else 2048 for p in range(21) if p % 4}
free = [p for p in range(21) if p % 4 == 0]
conditions = []
for k in range(6):
    known = sum(value * p**k for p, value in pattern.items())
    conditions.append([Fraction(p**k) for p in free] + [Fraction(-known)])
pattern |= {p: v for p, (v,) in zip(free, solve_exactly(conditions), strict=True)}
print({p: str(pattern[p]) for p in free})

delta = torch.tensor([float(pattern[p]) for p in range(21)])
assert (X.T @ delta == 0).all()
assert delta.sum() == 0

# %% [markdown]
# The six values are integers, so the whole problem stays exact, and for each multiple of this residual the answer is six ones.
#
# To these come the data of [Longley](../part1/exact-run.py#longleys-data), and a polynomial of degree 10: a wave, measured at 82 points to four decimals. It is built like the Filip problem of the
# American standards office, the hardest of its set, on the same interval.

# %%
import math

y_decimal = [sum(Fraction(p, 10) ** k for k in range(6)) for p in range(21)]

points = [Fraction(-880 + 7 * i, 100) for i in range(82)]
heights = [Fraction(f"{0.85 + 0.06 * math.sin(2 * p):.4f}") for p in points]
wave_powers = torch.tensor([[float(p**k) for k in range(1, 11)] for p in points])
wave_y = torch.tensor([float(h) for h in heights])

longley = linreg.load("longley")
problems = {
    "W1": (X, y),
    "W2": (X, torch.tensor([float(v) for v in y_decimal])),
    "W3": (X, y + delta),
    "W4": (X, y + 100 * delta),
    "W5": (X, y + 10_000 * delta),
    "Longley": (longley.X, longley.y),
    "wave": (wave_powers, wave_y),
}
for name in ("W1", "Longley", "wave"):
    A = linreg.fold_bias(problems[name][0])
    centred = A[:, 1:] - A[:, 1:].mean(0)
    kappa = [torch.linalg.cond(M / M.norm(dim=0)) for M in (A, centred)]
    print(
        f"{name:8} {A.shape[0]} rows, {A.shape[1]} columns, condition numbers:"
        f" raw {torch.linalg.cond(A):.0e}, scaled {kappa[0]:.0e}, centred {kappa[1]:.0e}"
    )

# %% [markdown]
# ## The truth
#
# The normal equation has rational coefficients when the data are rational, and every float64 is a rational number. So the exact answer can be computed, in a second where a solver takes a microsecond.


# %%
def exactly(X, y):
    """The least-squares answer of fractions, intercept first; nothing is rounded."""
    rows = [[Fraction(1), *row] for row in X]
    k = len(rows[0])
    products = [
        [sum(row[i] * row[j] for row in rows) for j in range(k)]
        + [sum(row[i] * t for row, t in zip(rows, y, strict=True))]
        for i in range(k)
    ]
    return [value for (value,) in solve_exactly(products)]


def fractions(t):
    """The numbers that a tensor holds, as they are."""
    if t.ndim == 2:
        return [fractions(row) for row in t]
    return [Fraction(v) for v in t.tolist()]


truth = {}
for name, (X, y) in problems.items():
    truth[name] = exactly(fractions(X), fractions(y))
for name in ("W1", "W3", "W4", "W5"):
    assert truth[name] == [1] * 6


def digits(found, best):
    """Correct digits of the worst coefficient; 0 for none, at most 16."""
    found = [float(v) for v in found]
    if not all(map(math.isfinite, found)):
        return 0.0
    pairs = zip(found, best, strict=True)
    wrong = max(abs(Fraction(v) / t - 1) for v, t in pairs)
    return min(max(-math.log10(wrong), 0.0), 16.0) if wrong else 16.0


# %% [markdown]
# ## Twelve ways
#
# Each is called as its users call it: a function that fits an intercept itself gets $X$, the others get the column of ones as well. Drivers and settings are named where they differ from the default. The reference is the exact answer for the float64 numbers that the solver is given.

# %%
import warnings
from importlib.metadata import version

import numpy as np
from statsmodels.regression.linear_model import OLS


def inverse(A, y):
    return torch.linalg.inv(A.T @ A) @ (A.T @ y)


def cholesky(A, y):
    L, failed = torch.linalg.cholesky_ex(A.T @ A)
    theta = torch.cholesky_solve((A.T @ y).unsqueeze(1), L)
    return theta.squeeze(1) * (torch.nan if failed else 1.0)


def lstsq(driver):
    return lambda A, y: torch.linalg.lstsq(A, y.unsqueeze(1), driver=driver)[0][:, 0]


def numpy_lstsq(A, y):
    return np.linalg.lstsq(A.numpy(), y.numpy())[0]


def scikit_learn(tol):
    def method(A, y):
        fit = LinearRegression(tol=tol).fit(A[:, 1:].numpy(), y.numpy())
        return [fit.intercept_, *fit.coef_]

    return method


def statsmodels(method, warned):
    def theta(A, y):
        with warnings.catch_warnings(record=True) as caught:  # it warns on the wave
            fit = OLS(y.numpy(), A.numpy()).fit(method=method)
        warned[method] = [w.category.__name__ for w in caught]
        return fit.params

    return theta


def ours(method):
    def theta(A, y):
        fit = method(A[:, 1:], y)
        return [fit.b, *fit.w]

    return theta


warned = {}
solvers = {
    "explicit inverse": inverse,
    "Cholesky": cholesky,
    "torch lstsq, gelsy": lstsq("gelsy"),
    "torch lstsq, gelsd": lstsq("gelsd"),
    "numpy lstsq": numpy_lstsq,
    "scikit-learn": scikit_learn(1e-6),
    "scikit-learn, tol=0": scikit_learn(0.0),
    "statsmodels, pinv": statsmodels("pinv", warned),
    "statsmodels, qr": statsmodels("qr", warned),
    "linreg.qr": ours(linreg.qr),
    "linreg.solve": ours(linreg.solve),
    "linreg.certified": ours(linreg.certified),
}
table = {
    solver: [
        digits(method(linreg.fold_bias(X), y), truth[name])
        for name, (X, y) in problems.items()
    ]
    for solver, method in solvers.items()
}
for name in ("torch", "numpy", "scikit-learn", "statsmodels"):
    print(name, version(name).split("+")[0], end="  ")
print(f"\n\n{'':20}" + "".join(f"{name:>8}" for name in problems))
for solver, row in table.items():
    print(f"{solver:20}" + "".join(f"{value:8.1f}" for value in row))
print("\nstatsmodels on the wave:", warned)

# %% [markdown]
# Differences of one digit are noise: the order of the rows and the build of the linear algebra library decide them. `gelsy` can even differ from run to run ([trap 1](../part1/lstsq.py)). What remains:
#
# - The explicit inverse and Cholesky, both on $X^\top X$, have fewer digits on W1 and W2 than any other but scikit-learn's default. On W1 the inverse has at least a digit and a half less than Cholesky.
# - Factorisations of $X$ that nothing refines, scikit-learn's default aside, lose more and more from W3 to W5, although $X$ is the same. Only the residual grows.
# - With `tol=0` scikit-learn is a good solver, ahead of QR on some problems, since it takes the means out first. Its default is meant to keep predictions steady when columns are noisy copies of each other, not to find coefficients.
# - On the wave statsmodels (`pinv`) warns. torch, numpy and scikit-learn return a rank below the number of columns, and no warning.
# - `linreg.qr` is no better than its peers. `solve` is, because it *refines* small problems, and `certified` refines all of them.

# %%
reached = {}
for solver, row in table.items():
    reached[solver] = dict(zip(problems, row, strict=True))
assert min(table["linreg.certified"]) > 15  # all digits, everywhere
assert reached["explicit inverse"]["W1"] + 1.5 < reached["Cholesky"]["W1"] < 8
assert min(reached[s]["W1"] for s in ("linreg.qr", "statsmodels, qr")) > 8.5
assert reached["scikit-learn"]["W1"] < 1
by_products = ("explicit inverse", "Cholesky")
for s in reached.keys() - {*by_products, "scikit-learn"}:
    assert reached[s]["W1"] > max(reached[p]["W1"] for p in by_products)
    assert reached[s]["W2"] > max(reached[p]["W2"] for p in by_products)
assert reached["scikit-learn, tol=0"]["Longley"] > 11
for s in ("linreg.qr", "statsmodels, qr", "numpy lstsq"):
    assert reached[s]["W3"] - reached[s]["W5"] > 2
    assert reached[s]["wave"] < 8

# %% alt="For each of twelve solvers and seven problems a bar as long as the number of correct digits. The bars of inverse and Cholesky are half empty, those of scikit-learn's default empty on six problems, those of the others are shorter for W5 than for W3 and shortest on the wave. Only linreg.solve and linreg.certified fill all seven."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE

fig, ax = plt.subplots(figsize=(5.5, 5.2))
for i, (solver, row) in enumerate(table.items()):
    squares = solver in ("explicit inverse", "Cholesky")
    colour = GREEN if "linreg" in solver else ORANGE if squares else BLUE
    for j, value in enumerate(row):
        under = {"left": j, "height": 0.25}  # the number
        ax.barh(i + 0.3, 0.88, color=GREY, alpha=0.25, **under)
        ax.barh(i + 0.3, 0.88 * value / 16, color=colour, **under)
        ax.text(j + 0.44, i + 0.1, f"{value:.0f}", ha="center", va="bottom")
ax.set_yticks(range(len(table)), list(table))
ax.set_xticks([j + 0.44 for j in range(len(problems))], list(problems))
ax.tick_params(length=0, labeltop=True, labelbottom=False)
ax.spines[:].set_visible(False)
ax.set_ylim(len(table) - 0.5, -0.6)
ax.set_xlim(-0.1, len(problems))
ax.set_title("correct digits; a full bar is 16")
plt.show()

# What the alternative text says of the picture:
full = [solver for solver, row in table.items() if min(row) > 15]
assert full == ["linreg.solve", "linreg.certified"]
assert max(table["explicit inverse"] + table["Cholesky"]) < 10
assert sum(value < 1 for value in table["scikit-learn"]) == 6
for solver in table.keys() - {"explicit inverse", "Cholesky", "scikit-learn", *full}:
    assert reached[solver]["wave"] < reached[solver]["W5"] < reached[solver]["W3"]

# %% [markdown]
# ## Why a digit is lost
#
# Three causes, three terms. A backward stable method, such as QR, solves *some* problem within rounding of yours without error. What that rounding does to the answer, relatively, is about
#
# $$
# \varepsilon \left( \kappa + \kappa^2 \, \frac{\lVert r \rVert}{\lVert X \rVert \, \lVert w \rVert} \right)
# $$
#
# (Golub and Van Loan, section 5.3). The first term is the collinearity. The second is the residual: it is orthogonal to the columns, until rounding tilts them. Solving with $X^\top X$ adds
# $\varepsilon \kappa^2$ even when the residual is zero.
#
# Which condition number? For QR and Cholesky that of the columns *scaled to length 1*: units do not matter to them. Methods built on the SVD of the raw matrix (`gelsd`, numpy, `pinv`) see the raw one, and their cut-off for small
# singular values compares a column of ones with a column of tenth powers. On the wave it throws parameters away. Centring helps where means are large, as with Longley's years; scikit-learn and
# `linreg` centre.
#
# Since any multiple of Wampler's residual leaves the answer at six ones, the second term can be watched alone:


# %% alt="Correct digits against the size of the residual, from a thousandth to ten million times Wampler's pattern. certified stays at 16. QR is level at 9 up to a size of about 1, then loses a digit for each factor of ten, down to 3. Cholesky is level at 6 nearly to the end, and crosses QR at W5."
sizes = [2.0**k for k in range(-10, 25)]


def along(method):
    features, exact_y = problems["W1"]
    A = linreg.fold_bias(features)
    return [digits(method(A, exact_y + size * delta), [1] * 6) for size in sizes]


shown = {
    "certified": (GREEN, 14.6, along(ours(linreg.certified))),
    "QR": (BLUE, 10.3, along(ours(linreg.qr))),
    "Cholesky": (ORANGE, 5.0, along(cholesky)),
}
assert min(shown["certified"][2]) > 15
assert 4 < shown["QR"][2][11] - shown["QR"][2][-1] < 8  # over 23 doublings
assert all(8 < value < 11 for value in shown["QR"][2][:10])
assert all(5 < value < 8 for value in shown["Cholesky"][2][:25])
gaps = [a - b for a, b in zip(shown["QR"][2], shown["Cholesky"][2], strict=True)]
assert min(gaps[:18]) > 0 > max(gaps[30:])  # W5 is between 13 and 14 doublings
fig, ax = plt.subplots(figsize=(5.5, 3.6))
for name, (colour, height, found) in shown.items():
    ax.semilogx(sizes, found, "o", color=colour, markersize=4)
    ax.text(sizes[0], height, name, color=colour)
for factor, name in ((1, "W3"), (1e2, "W4"), (1e4, "W5")):
    ax.axvline(factor, color=GREY, linewidth=0.8, linestyle=":")
    ax.text(1.4 * factor, 0.4, name, color=GREY)
ax.set(xlabel="size of the residual", ylabel="correct digits", ylim=(0, 17))
plt.show()

# %% [markdown]
# Ten times the residual, one digit less for QR. Cholesky holds out longer, by luck: these data are integers so small that $X^\top X$ and $X^\top y$ come out exactly, and the residual cannot leak in. On the tall version
# [below](#what-it-costs) it does.
#
# Two things grow with the residual, and must be kept apart. A lost digit is an error of *arithmetic*. The standard error is what the *data* leave open, on [its own assumptions](../part2/sure.py#the-standard-error). In W5 each coefficient is 1, and this is what the data say about them:

# %%
fit_w5 = linreg.certified(*problems["W5"])
print(f"b   {fit_w5.b:.4f}  standard error {fit_w5.b_se:10.0f}")
for k, (value, error) in enumerate(zip(fit_w5.w, fit_w5.w_se, strict=True), 1):
    print(f"w{k}  {value:.4f}  standard error {error:10.0f}")

# %% [markdown]
# The first is 1, give or take <!--= fit_w5.b_se / 1e6:.1f -->21.5<!--/--> million. None of these digits says anything about the world. Digits matter when later work builds on the numbers: comparing programs, differencing results, testing code, or fitting polynomials whose terms cancel.
#
# ## The matrix itself is wrong
#
# So far the solver was held to the float64 numbers it got. But $0.1$ is no float64, nor is any of its powers. Solve the *rounded* data exactly, and compare with the exact solution of the *decimal* data. What is missing now no solver can bring back, because it was lost before any of them started:

# %%
as_written = [[Fraction(str(v)) for v in row] for row in longley.X.tolist()]
total = [Fraction(str(v)) for v in longley.y.tolist()]
decimal = {
    "W2": exactly(fractions(problems["W2"][0]), y_decimal),
    "Longley": exactly(as_written, total),
    "wave": exactly([[p**k for k in range(1, 11)] for p in points], heights),
}
assert decimal["W2"] == [Fraction(1, 10**k) for k in range(6)]
ceiling = {}
for name, best in decimal.items():
    ceiling[name] = digits(truth[name], best)
    print(f"{name:8} the rounded data determine {ceiling[name]:.1f} digits")

nearby = [Fraction(float(p)) for p in points]  # x rounded, its powers not
halfway = exactly([[p**k for k in range(1, 11)] for p in nearby], heights)
print(f"wave, x rounded but not its powers: {digits(halfway, decimal['wave']):.1f}")
assert ceiling["wave"] < 6.5 < 10 < digits(halfway, decimal["wave"])

# %% [markdown]
# Of the sixteen digits that a solver prints for the float64 powers of the wave, <!--= ceiling["wave"]:.1f -->5.4<!--/--> can be those of the data, and <!--= digits(halfway, decimal["wave"]):.1f -->12.0<!--/--> if only $x$ was rounded and its powers
# were built in twice the precision.
#
# The wave is a polynomial whose terms, thousands of times as large as their sum, cancel. Rounding $x$ moves a point a little along the curve, all its powers together. Rounding each *power* by itself makes rows that belong to no $x$ at all, and
# costs about as many digits as the condition number has. That is why the matrix of powers must be built in more than float64.
#
# ## Twice the precision in a few lines
#
# What rounding takes away from a sum is itself a float64, and so it can be computed, with nothing but float64 additions. The same holds for a product. These two functions are due to Knuth and to Dekker, who cuts each factor into halves of
# 26 bits, so that the four partial products are exact.


# %%
def two_sum(a, b):
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def split(a):
    c = (2.0**27 + 1) * a
    upper = c - (c - a)
    return upper, a - upper


def two_prod(a, b):
    p, (a1, a2), (b1, b2) = a * b, split(a), split(b)
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


print("1e16 + 1 =", two_sum(1e16, 1.0))
p, e = two_prod(0.1, 0.1)
print(f"0.1 * 0.1 = {p:.4g} + {e:.4g}")

# %% [markdown]
# The two parts together are the sum and the product, exactly. Fractions confirm it, for a thousand pairs of very different sizes.

# %%
g = torch.Generator().manual_seed(0)
a, b = torch.randn(2, 1000, generator=g) * 10 ** (
    20 * torch.rand(2, 1000, generator=g) - 10
)
for operation, rule in ((two_sum, Fraction.__add__), (two_prod, Fraction.__mul__)):
    for u, v in zip(a.tolist(), b.tolist(), strict=True):
        value, missing = operation(u, v)
        exact = Fraction(value) + Fraction(missing)
        assert exact == rule(Fraction(u), Fraction(v))

# %% alt="The number one third in binary as two rows of 53 squares, filled for 1 and empty for 0. The first row, hi, alternates. The second row, lo, goes on alternating where the first had to stop."
third = Fraction(1, 3)
hi = float(third)
lo = float(third - Fraction(hi))
fig, ax = plt.subplots(figsize=(5.5, 1.7))
rows = (
    (0, f"{int(hi * 2.0**54):053b}", BLUE, "hi, a float64: 53 bits"),
    (-2, f"{int(lo * 2.0**107):053b}", GREEN, "lo, what hi left out: the next bits"),
)
for height, bits, colour, label in rows:
    for place, bit in enumerate(bits):
        style = {"color": colour} if bit == "1" else {"color": GREY, "alpha": 0.15}
        ax.barh(height, 0.8, left=place, height=0.8, **style)
    ax.text(0, height + 0.6, label, color=colour)
ax.set_ylim(-2.6, 1.6)
ax.axis("off")
ax.set_title("1/3 as the sum of two float64")
assert rows[0][1] + rows[1][1] == 53 * "10"
plt.show()

# %% [markdown]
# ## One refinement step by hand
#
# You have a wrong answer $\theta$ and the triangle $R$ of a QR factorisation. What is missing? Solve the same problem for what is left, and add:
#
# $$
# r = y - \tilde X \theta, \qquad R^\top R \, \delta = \tilde X^\top r, \qquad \theta \leftarrow \theta + \delta .
# $$
#
# $R$ may be a poor float64 triangle: $\delta$ only needs a few right digits, since it is a correction. Each step gains about $-\log_{10}(\kappa \varepsilon)$ digits. But $r$ and $\tilde X^\top r$ are differences of large numbers. They carry the information, so they must be right, and float64 is not enough for that. Here is the same step twice on W5, with float64 and with twice the precision, both from $\theta = 0$.


# %%
def residual(A, y, theta):
    """y - A theta as a pair."""
    hi, lo = y, torch.zeros_like(y)
    for column, coefficient in zip(A.T, theta, strict=True):
        p, e = two_prod(column, -coefficient)
        hi, t = two_sum(hi, p)
        lo = lo + (t + e)
    return two_sum(hi, lo)


def products(A, r):
    """A'r for a pair r."""
    hi = lo = torch.zeros(A.shape[1])
    for row, r_hi, r_lo in zip(A, *r, strict=True):
        p, e = two_prod(row, r_hi)
        hi, t = two_sum(hi, p)
        lo = lo + (t + e + row * r_lo)
    return hi + lo


A_w5, y_w5 = linreg.fold_bias(problems["W5"][0]), problems["W5"][1]
R = torch.linalg.qr(A_w5).R
in_float64 = in_pairs = torch.zeros(6)
track = []
print("step   float64   twice the precision")
for step in range(1, 5):
    left = A_w5.T @ (y_w5 - A_w5 @ in_float64)
    in_float64 = in_float64 + torch.cholesky_solve(left[:, None], R, upper=True)[:, 0]
    left = products(A_w5, residual(A_w5, y_w5, in_pairs))
    in_pairs = in_pairs + torch.cholesky_solve(left[:, None], R, upper=True)[:, 0]
    track.append((digits(in_float64, truth["W5"]), digits(in_pairs, truth["W5"])))
    print(f"{step:4} {track[-1][0]:9.1f} {track[-1][1]:12.1f}")
assert track[-1][0] < 9 < 15 < track[-1][1]

# %% [markdown]
# Only the residual was computed differently, and now all digits are right. `certified` does this with blocks of rows, in coordinates that are centred and scaled, keeps $\theta$ as a pair too, and stops when it can show that no digit of the rounded answer can still change.
# The equations $R^\top R \delta = \tilde X^\top r$ are called *seminormal* (Björck, section 6.6.5); they square nothing that matters, because their error only slows the steps.
#
# ## `certified`
#
# `powers` builds the columns $x, x^2, \dots$ as pairs, a `Doubled`, and `Doubled.of` takes decimal numbers as they are written: texts, or fractions. Then the wave, with its scaled and centred condition number of billions, is a problem like any other.

# %%
from textwrap import fill

x_exact, y_exact = linreg.Doubled.of(points), linreg.Doubled.of(heights)
inputs = {
    "float64 powers": (wave_powers, wave_y),
    "powers of float64 x": (linreg.powers(x_exact.hi, 10), y_exact),
    "powers of decimal x": (linreg.powers(x_exact, 10), y_exact),
}
right = {}
found = statsmodels("qr", warned)(linreg.fold_bias(wave_powers), wave_y)
right["statsmodels, qr"] = digits(found, decimal["wave"])
by_numpy = np.polynomial.Polynomial.fit(x_exact.hi.numpy(), wave_y.numpy(), 10)
right["numpy Polynomial.fit"] = digits(by_numpy.convert().coef, decimal["wave"])
for name, data in inputs.items():
    fit = linreg.certified(*data)
    right[name] = digits([fit.b, *fit.w], decimal["wave"])
print(fit)
print(fill(fit.message, 80))
assert right["float64 powers"] < 6.5 < 10 < right["powers of float64 x"]
assert right["powers of decimal x"] > 15
# where the digits of numpy end depends on how the processor adds up
assert right["float64 powers"] + 3 < right["numpy Polynomial.fit"] < 11

# %% alt="Bars of correct digits of the wave's coefficients against the decimal data: statsmodels with QR and certified on float64 powers about 5, numpy's Polynomial.fit 9 or 10, certified on powers of the float64 x about 12, certified on powers of the decimal x 16."
fig, ax = plt.subplots(figsize=(5.5, 2.8))
colours = [BLUE, BLUE, GREEN, GREEN, GREEN]
bars = ax.barh(list(right), list(right.values()), color=colours)
ax.bar_label(bars, fmt="%.0f", padding=4)
ax.set(xlabel="correct digits", xlim=(0, 18), xticks=range(0, 17, 4))
ax.set_title("the wave: two peers, and certified on three inputs")
ax.invert_yaxis()
for name in ("statsmodels, qr", "float64 powers"):
    assert 4 < right[name] < 6.5
assert 8.5 < right["numpy Polynomial.fit"] < 10.5
assert 11 < right["powers of float64 x"] < 13
assert right["powers of decimal x"] > 15.5
plt.show()

# %% [markdown]
# numpy's one line has nine or ten digits with nothing but float64, more than any solver that is handed float64 powers. It never forms them: it maps $x$ to $[-1, 1]$, fits there, where powers do no harm, and
# converts the coefficients at the end. So if your columns are $x, x^2, \dots$, do not build them yourself. Give $x$ to `powers`, or to `Polynomial.fit`.
#
# `certified` has limits, and reports them. When the float64 triangle cannot tell the columns apart, no correction finds them. The wave moved a thousand to the right, in pairs and without error, is such a case:

# %%
far = linreg.Doubled.of([p + 1000 for p in points])
too_far = linreg.certified(linreg.powers(far, 10), y_exact)
print(too_far.status)
print(fill(too_far.message, 80))
assert too_far.status is not linreg.Status.OK

# %% [markdown]
# ## Standard errors need the same care
#
# With $s^2 = \lVert r \rVert^2 / (n - d - 1)$ the standard error of coefficient $j$ is $s \sqrt{(\tilde X^\top \tilde X)^{-1}_{jj}}$. The inverse is as ill-conditioned as the answer, and $s$ as cancelled as the residual. The exact value is the root of a rational number, so its square is compared:


# %%
def exact_variances(X, y, best):
    """Squares of the standard errors, as fractions."""
    rows = [[Fraction(1), *row] for row in fractions(X)]
    k = len(rows[0])
    rss = Fraction(0)
    for row, t in zip(rows, fractions(y), strict=True):
        rss += (t - sum(c * v for c, v in zip(row, best, strict=True))) ** 2
    system = []
    for i in range(k):
        unit = [Fraction(i == j) for j in range(k)]
        system.append([sum(row[i] * row[j] for row in rows) for j in range(k)] + unit)
    inverse = solve_exactly(system)
    return [rss / (len(rows) - k) * inverse[i][i] for i in range(k)]


def digits_of_errors(found, variances):
    found = [float(v) for v in found]
    if not all(map(math.isfinite, found)):
        return 0.0
    squares = [Fraction(v) ** 2 for v in found]
    wrong = max(abs(q / v - 1) / 2 for q, v in zip(squares, variances, strict=True))
    return min(max(-math.log10(wrong), 0.0), 16.0) if wrong else 16.0


def by_inverse(A, y):
    rest = y - A @ inverse(A, y)
    s2 = rest @ rest / (A.shape[0] - A.shape[1])
    return (s2 * torch.linalg.inv(A.T @ A).diagonal()).sqrt()


def by_statsmodels(method):
    def errors(A, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return OLS(y.numpy(), A.numpy()).fit(method=method).bse

    return errors


def by_certified(A, y):
    fit = linreg.certified(A[:, 1:], y)
    return [fit.b_se, *fit.w_se]


ways = {
    "explicit inverse": by_inverse,
    "statsmodels, pinv": by_statsmodels("pinv"),
    "statsmodels, qr": by_statsmodels("qr"),
    "linreg.certified": by_certified,
}
noisy = ("W3", "W4", "W5", "Longley", "wave")
variances = {name: exact_variances(*problems[name], truth[name]) for name in noisy}
print(" " * 20 + "".join(f"{name:>8}" for name in noisy))
for name, way in ways.items():
    row = []
    for problem in noisy:
        X, y = problems[problem]
        row.append(digits_of_errors(way(linreg.fold_bias(X), y), variances[problem]))
    print(f"{name:20}" + "".join(f"{value:8.1f}" for value in row))
assert min(row) > 15

# %% [markdown]
# `pinv` is the default of statsmodels. With `qr` it forms $R^\top R$ for the standard errors, which squares the condition number after all: that shows on Longley's data. torch, numpy and scikit-learn return none. In W1 the true standard errors are zero, and a program shows how well it subtracts:

# %%
exact_line = linreg.fold_bias(problems["W1"][0]), problems["W1"][1]
for name in ("statsmodels, qr", "linreg.certified"):
    largest = max(map(float, ways[name](*exact_line)))
    print(f"{name:18} largest standard error {largest:.0e}")

# %% [markdown]
# ## What it costs
#
# Rows given many times change no coefficient. So 5000 copies of W5 make a tall problem with the same exact answer, six ones, and time and digits can stand beside each other.

# %%
from time import perf_counter

X_tall, y_tall = (t.repeat(5000, *[1] * (t.ndim - 1)) for t in problems["W5"])
A_tall = linreg.fold_bias(X_tall)
del solvers["explicit inverse"]
cost = {}
for name, method in solvers.items():
    seconds = []
    for _ in range(3):
        start = perf_counter()
        found = method(A_tall, y_tall)
        seconds.append(perf_counter() - start)
    cost[name] = min(seconds), digits(found, [1] * 6)
print(f"{len(X_tall)} rows, {X_tall.shape[1]} columns")
print(f"{'':20}  time   digits")
for name, (seconds, right_ones) in cost.items():
    print(f"{name:20}{seconds / cost['linreg.solve'][0]:6.1f}{right_ones:8.1f}")
assert cost["linreg.certified"][1] > 15
assert cost["Cholesky"][1] < reached["Cholesky"]["W5"] - 1

# %% [markdown]
# Times are in units of `solve`. They were measured while this page was built, and differ from machine to machine. On so few columns the bare Cholesky and `torch.linalg.lstsq` are the fastest, and lose digits. With so large a
# residual [`solve` refines](../reference/choose.md#what-solve-does) in twice the precision; `certified` always does, and adds the standard errors. Cholesky has fewer digits than on the 21 rows: the sums are no longer exact, and the residual leaks in.
#
# ## Other programs
#
# The twelve ways above run when this page is built. Spreadsheets, R or Java do not. **The figures of this section were measured elsewhere and are not executed here**, most of them with the packages of Debian 12, which are not the newest. They are
# the digits of the worst coefficient against the exact answer for the float64 data, the powers in float64 too. Filip's polynomial then has <!-- given 7.7: measured elsewhere, like the table --> 7.7 digits to give for the decimal data, whatever the solver.

# %%
elsewhere = """\
Gnumeric 1.12.55, LINEST      16.0 16.0 16.0 16.0 16.0 16.0  7.5
LibreOffice 7.4.7, LINEST      9.2 12.9  9.6  8.1  6.1 14.2  7.3
R 4.2.2, lm                    9.8 13.6  9.3  7.5  5.5 13.0    -
Octave 7.3.0, A \\ b            9.0 10.2  9.5  8.0  6.0 11.0  5.2
gretl 2022c, ols               6.5  9.0  6.5  6.5  6.5 10.9  7.2
gretl 2022c, mpols            16.0 13.2 16.0 16.0 16.0 14.7  7.6
PSPP 1.6.2, REGRESSION         6.8    -    -  6.8  6.8  8.5  0.0
Scilab 6.1.1, lsq              9.3 12.9  9.4  8.4  6.5  0.0  0.0
GSL 2.7.1, multifit            9.2 12.5  9.2  7.9  5.9 11.6  7.5
Eigen 3.4.0, colPivQr          8.9 12.5  9.3 10.0  7.3 11.1  7.4
Armadillo 11.4.2, solve        9.2 12.9  9.6  8.0  6.0 10.9  0.0
mlpack 4.8.0                   6.2  9.4  6.2  6.2  6.2  0.0  0.0
Commons Math 3.6.1, OLS        9.7 12.9  9.1  7.9  5.8 12.8  7.1
Weka 3.6.14                    0.6  4.5  0.0  0.0  0.0  0.0  0.0
Spark 4.3.0, MLlib             6.1  9.5  6.2  6.6  6.2  7.3  0.0
H2O 3.46.0.12, lambda 0        7.4  9.6  7.4  7.0  6.4 10.7  0.0
pyfixest 0.60.0                6.6    -    -  6.6    -  7.2    -"""
print("measured elsewhere" + " " * 12 + "  W1   W2   W3   W4   W5   Longley Filip")
for line in elsewhere.splitlines():
    name, values = line[:28], line[28:].split()
    print(f"{name:30}" + "".join(f"{v:>5}" for v in values[:5]), end="")
    print(f"{values[5]:>9}{values[6]:>7}")
for name in ("Cholesky", "linreg.solve"):
    values = "".join(f"{reached[name][f'W{k}']:5.1f}" for k in range(1, 6))
    print(f"{name + ', this page':30}{values}{reached[name]['Longley']:9.1f}")

# %% [markdown]
# A dash stands where nothing was measured, and for Filip's problem where R and pyfixest leave out columns of it. Three lessons:
#
# - A spreadsheet with wider arithmetic is ahead of all libraries in plain double precision, and on Filip alone the float64 powers stop it. So is gretl's `mpols`, with multiple precision.
# - A cut-off in the raw units (Scilab's `lsq`, mlpack) loses every digit of Longley's data, where plain Cholesky keeps <!--= reached["Cholesky"]["Longley"]:.0f -->7<!--/-->.
# - A penalty that is on by default, Weka's ridge, costs W1 about nine digits. H2O's default, another penalty, leaves none in any of these columns.
#
# Equal columns, $[1, x, x]$ with a little noise, get five different answers, and some programs say so:
#
# | Answer | Programs |
# | --- | --- |
# | two halves, and it is reported | Armadillo, mlpack (a warning), Spark (in its log), `linreg.solve` (a status) |
# | two halves, nothing is reported | GSL, Scilab's `lsq`, Eigen's SVD, H2O (nearly) |
# | all to one column, 0 to the other | Gnumeric, Eigen's pivoted QR, Scilab's `\`, Weka |
# | one column left out, and it is reported | R (`NA`), gretl (a note), pyfixest (a warning), Commons Math's Miller (`NaN`) |
# | weights of about $\pm 10^{13}$ that cancel, nothing is reported | LibreOffice, Commons Math's OLS; with some noise Octave |
# | the whole family of answers, with a parameter | Maxima |
#
# Halves are the minimum norm of whatever columns the program works with. GSL and Spark scale them first, so for $[1, x, x/3]$ their answer is not the one of `linreg.solve`, which measures $w$ in your units.
#
# ## Where others are better
#
# - Gnumeric's `LINEST` has all digits of Wampler's problems and Longley's, and gretl's `mpols` nearly all; numpy's `Polynomial.fit` keeps most digits of a polynomial in plain float64.
# - statsmodels returns standard errors with every fit, and robust ones, tests and intervals besides; and it warns when the matrix is singular.
# - numpy, scipy and torch take several right-hand sides at once, and torch batches of matrices. `linreg` takes one target.
# - For columns that are noisy copies of each other, a deliberate cut-off such as scikit-learn's gives steadier weights than any exact answer. `linreg.svd` has `rcond` for that.
# - Fractions, as on this page, are exact for whatever is rational, and slow. Libraries of arbitrary precision lie between them and pairs of floats.

# %%
at_ease = 16.0
toy = linreg.simulate(generator=torch.Generator().manual_seed(0))
for features, target in (toy, linreg.ordinary()[:2]):
    usual, certain = linreg.solve(features, target), linreg.certified(features, target)
    at_ease = min(at_ease, digits(usual.w, [Fraction(v) for v in certain.w.tolist()]))
assert at_ease > 13

# %% [markdown]
# ## What was shown
#
# All of it was run on problems made to break solvers; data whose condition number is ordinary need none of it.
#
# - Digits are lost to collinearity ($\kappa \varepsilon$), to the residual ($\kappa^2 \varepsilon$ times its share), to the squaring in $X^\top X$ ($\kappa^2 \varepsilon$), to cut-offs, and to the rounding of the data before any solver runs: all five on Wampler's problems and the wave.
# - Sum and product without error take a handful of ordinary operations. Residuals computed with them brought back all digits of W5 in four steps, with a factorisation in float64.
# - `certified` had all digits of coefficients and standard errors on the seven problems, `powers` and `Doubled` those of the data, and the status says when it could not. On the ordinary data and the toy `solve` agreed in at least <!--= min(int(at_ease), 13) -->13<!--/--> digits with the certified answer.

# %% [markdown]
# ## Exercises
#
# **1. By pencil.** At which size of the residual does the second term of the error overtake the first, on Wampler's $X$? The cell gives what you need, in coordinates with centred columns of length 1: there $w$ holds the lengths of the columns, since each weight was 1. Check with `linreg.check(yours, bend, tol=0.05)`, and compare with the bend in the figure.

# %%
centred = problems["W1"][0] - problems["W1"][0].mean(0)
lengths = centred.norm(dim=0)
kappa = torch.linalg.cond(centred / lengths)
norm_x = torch.linalg.matrix_norm(centred / lengths, 2)
bend = norm_x * lengths.norm() / (kappa * delta.norm())
print(f"kappa {kappa:.3g}, norms: X {norm_x:.3g}, w {lengths.norm():.3g}, ", end="")
print(f"pattern {delta.norm():.3g}")

# %% [markdown] answer="Hint"
# Set the two terms in the bracket equal.

# %% [markdown] answer="Answer"
# They are equal where $\kappa \lVert r \rVert = \lVert X \rVert \lVert w \rVert$, at about 0.6 times the pattern. The bend of the figure is there, within the factor that such formulas leave open.

# %% answer="Answer"
linreg.check(2.18 * 4.12e6 / (1630 * 9140), bend, tol=0.05)

# %% [markdown]
# **2. Predict the picture.** In float64 the wave's coefficients have about five right digits. Draw the correct digits of each fitted value against $x$. Where do the dots lie, above or below five, and why?

# %% [markdown] answer="Hint"
# Along which directions are the weights wrong, and what do these change in a prediction?

# %% [markdown] answer="Answer"
# Far above. The error of the weights lies along directions that hardly change a prediction; that is what a large condition number means. What is missing from 16 was lost in the prediction itself, where large terms cancel. If you only predict, inside the range of the data, you need little of this page.

# %% answer="Answer" alt="Correct digits of each fitted value of the wave against x, as dots, and a level line at the digits of the worst coefficient, near five. All dots lie well above the line."
of_wave = linreg.qr(wave_powers, wave_y)
of_weights = digits([of_wave.b, *of_wave.w], truth["wave"])
best_fitted = [
    sum(c * v for c, v in zip(truth["wave"], [1, *row], strict=True))
    for row in fractions(wave_powers)
]
fitted = of_wave.predict(wave_powers).tolist()
of_fitted = [digits([v], [t]) for v, t in zip(fitted, best_fitted, strict=True)]
assert 4 < of_weights < 6.5
assert min(of_fitted) > of_weights + 2
fig, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
ax.plot([float(p) for p in points], of_fitted, ".", color=BLUE)
ax.axhline(of_weights, color=ORANGE)
ax.text(-8.8, of_weights - 0.4, "the worst coefficient", color=ORANGE, va="top")
ax.set(xlabel="x", ylabel="correct digits of the fitted value", ylim=(0, 17))
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# **3. What is wrong with this sentence?** "The standard error says that the intercept of W5 is known only to within millions, so no program can have sixteen correct digits of it."

# %% [markdown] answer="Hint"
# Of which numbers are the digits counted, of the truth behind the data or of the answer to them?

# %% [markdown] answer="Answer"
# These data have one least-squares answer, six ones, and a program can have every digit of it. Standard errors say how far that answer may be from the truth behind the data, whatever the arithmetic. Here the first is perfect and the second hopeless:

# %% answer="Answer"
w5 = linreg.certified(*problems["W5"])
print(f"correct digits {digits([w5.b, *w5.w], truth['W5']):.0f}")
print(f"standard error of the intercept {w5.b_se / 1e6:.1f} million")

# %% [markdown]
# **4. Code.** Give the wave a better basis: write `basis(x)`, ten columns of float64 that span the same polynomials, such that even `linreg.qr` has twelve right digits. This checks yours:


# %%
def check_basis(basis):
    Z = basis(torch.tensor([float(p) for p in points]))
    linreg.check(list(Z.shape), [82, 10])
    A = linreg.fold_bias(Z)
    span = torch.linalg.lstsq(A, wave_y.unsqueeze(1), driver="gelsd")
    linreg.check(int(span.rank), 11)
    fit = linreg.qr(Z, wave_y)
    best = exactly(fractions(Z), fractions(wave_y))
    linreg.check(digits([fit.b, *fit.w], best) > 12, True)


# %% [markdown] answer="Hint"
# Powers are alike because they all grow to one side. Which polynomials stay between $-1$ and $1$ on an interval, and differ?

# %% [markdown] answer="Answer"
# Move $x$ to $[-1, 1]$ and take Chebyshev's polynomials, $T_{k+1} = 2 x T_k - T_{k-1}$, which all stay between $-1$ and $1$ there and are nearly orthogonal. They pose another problem for the same data, and a better conditioned one.


# %% answer="Answer"
def basis(x):
    t = (2 * x - x.min() - x.max()) / (x.max() - x.min())
    columns = [torch.ones_like(t), t]
    while len(columns) < 11:
        columns.append(2 * t * columns[-1] - columns[-2])
    return torch.stack(columns[1:], dim=1)


check_basis(basis)
Z = basis(x_exact.hi)
print(f"condition number {torch.linalg.cond(Z - Z.mean(0)):.1f}")

# %% [markdown]
# **5. Code.** Write `dot(a, b)`, which returns the scalar product as a float, right to the last digits even where the terms cancel. These terms cancel twelve digits of their sum; check with `linreg.check(dot(*terms), scalar_product, tol=1e-15)`:

# %%
one, other = torch.randn(2, 200, generator=torch.Generator().manual_seed(1))
terms = torch.cat((one, one, one[:1])), torch.cat((other, -other, 1e-12 * other[:1]))
pairs = zip(*map(fractions, terms), strict=True)
scalar_product = float(sum(p * q for p, q in pairs))

# %% [markdown] answer="Hint"
# `two_prod` and `two_sum` return what rounding took. Where should it go?

# %% [markdown] answer="Answer"
# Carry the errors of all products and sums along, and add them at the end. This is the *compensated* scalar product: as good as twice the precision, rounded once.


# %% answer="Answer"
def dot(a, b):
    hi = lo = torch.zeros(())
    for p, e in zip(*two_prod(a, b), strict=True):
        hi, t = two_sum(hi, p)
        lo = lo + (t + e)
    return hi + lo


linreg.check(dot(*terms), scalar_product, tol=1e-15)

# %% [markdown]
# ## Where next
#
# [How to choose a solver](../reference/choose.md) puts this page into one line of a table. [The exact answer, executed](../part1/exact-run.py) races the solvers against the condition number. The
# [reference](../reference/api-solve.md#to-the-last-digit) has `certified`, `powers` and `Doubled`.
#
# ## References
#
# <!-- given 1971, 1996, 2013, 2005, 1967, 1.4, 2.9, 5.3: years and sections of the works below -->
# - R. H. Wampler, *A Report on the Accuracy of Some Widely Used Least Squares Computer Programs*, Journal of the American Statistical Association 65, 1970.
# - J. W. Longley, *An Appraisal of Least Squares Programs for the Electronic Computer from the Point of View of the User*, the same journal 62, 1967.
# - G. H. Golub and C. F. Van Loan, *Matrix Computations*, 4th edition, 2013, section 5.3 (sensitivity of the problem, normal equations against QR).
# - Å. Björck, *Numerical Methods for Least Squares Problems*, 1996, sections 1.4 (sensitivity), 2.9 and 6.6.5 (refinement, seminormal equations).
# - T. J. Dekker, *A Floating-Point Technique for Extending the Available Precision*, Numerische Mathematik 18, 1971, section 5.
# - T. Ogita, S. M. Rump and S. Oishi, *Accurate Sum and Dot Product*, SIAM Journal on Scientific Computing 26, 2005, section 5.
