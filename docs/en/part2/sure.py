# %% [markdown]
# # How sure are we?
#
# After this page you can put a standard error, an interval and a $p$-value beside a coefficient, say what each of them assumes and what breaks it, and read a coefficient aloud without claiming too much.
#
# <!-- core -->
#
# Besides `linreg` this page needs scikit-learn and scipy; [the line that installs](../index.md#run-it-yourself) brings them.
#
# **The question.** In 442 patients, one more unit of body mass index goes with 5.6 points more of disease progression, other things equal. Would another 442 patients say 5.6 as well? Or 2, or 9?
#
# ## The same study, again and again
#
# With real data nobody can repeat the study. With data that we draw ourselves we can. Here is the ordinary data set of this book, 300 rows and twenty correlated columns, with the rows kept as they are and the noise drawn anew, five times:

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y, w_true, b_true = linreg.ordinary()


def redrawn(X, w, b, times, seed=0, sigma=1.0):
    """(n, times) other targets that the same rows might have had."""
    generator = torch.Generator().manual_seed(seed)
    noise = sigma * torch.randn(len(X), times, generator=generator)
    return (X @ w + b).unsqueeze(1) + noise


targets = redrawn(X, w_true, b_true, times=4000)
print("           truth   five studies")
five_fits = [linreg.solve(X, targets[:, k]).w for k in range(5)]
for j in (0, 7, 8):
    shown = "  ".join(f"{w[j]:5.2f}" for w in five_fits)
    print(f"weight {j + 1:2} {w_true[j]:7.2f}   {shown}")

# %% [markdown]
# The first weight is large, and each study finds it. The eighth is 0.25, and the studies do not agree on its first digit. The ninth is zero, and none of them finds zero.
#
# ## The standard error
#
# Put $y = \tilde X \theta + \varepsilon$ into the normal equation, and the estimate is the truth plus a combination of the noise, $\hat\theta = \theta + (\tilde X^\top \tilde X)^{-1} \tilde X^\top \varepsilon$. So its mean is $\theta$, and its covariance
#
# $$
# \operatorname{Cov}(\hat\theta) = \sigma^2 (\tilde X^\top \tilde X)^{-1}, \qquad
# s^2 = \frac{\lVert r \rVert^2}{n - p}, \qquad
# \mathrm{se}_j = s \sqrt{\bigl((\tilde X^\top \tilde X)^{-1}\bigr)_{jj}} .
# $$
#
# Nobody knows $\sigma$, so $s$ takes its place. The residuals are shorter than the noise, because $p$ numbers have been fitted to it: $\operatorname{E} \lVert r \rVert^2 = \sigma^2 (n - p)$, and dividing by $n - p$, the *degrees of freedom*, makes up for it.
#
# !!! note "What a standard error assumes"
#
#     The mean is right: no feature is missing that goes with those that are there, and no curve is fitted by a line. $X$ is fixed, or the noise does not depend on it. The noise of different rows is uncorrelated. Its variance is the same in each row. For few rows, $t$ and $p$ also need normal noise.
#     No solver can check these for you, and no number of digits makes up for them.
#
# The numbers come from one study. Do they know how far the studies scatter?


# %%
def fit_all(X, targets):
    """Least squares for each column of targets, and R: (p, times), (p, p)."""
    Q, R = torch.linalg.qr(linreg.fold_bias(X))
    return torch.linalg.solve_triangular(R, Q.T @ targets, upper=True), R


one_study = linreg.infer(X, targets[:, 0])
estimates, _ = fit_all(X, targets)  # (21, 4000)
print("            se from one study   spread of 4000 studies")
for j in (0, 1, 8, 9):
    print(f"{one_study.names[j]:10} {one_study.se[j]:18.4f} {estimates[j].std():24.4f}")

# %% [markdown]
# ## An interval that keeps its promise
#
# Estimate over standard error, $t_j = \hat\theta_j / \mathrm{se}_j$, is measured in standard errors from zero. With normal noise $(\hat\theta_j - \theta_j)/\mathrm{se}_j$ has Student's $t$ distribution with $n - p$ degrees of freedom, whatever $\theta$ and $\sigma$ are. So the interval
#
# $$
# \hat\theta_j \pm q \, \mathrm{se}_j, \qquad q = \text{the 97.5 \% point of } t_{n-p},
# $$
#
# holds the truth in 95 % of all studies. A common shortcut takes 1.96 for $q$ and divides by $n$. Here is how often each interval holds the truth, in 4000 studies of the ordinary data, of the toy with twenty rows, and of the toy with six:

# %%
from scipy.stats import t as student


def coverage(X, targets, theta, shortcut=False):
    """(p,) the share of the studies whose interval holds the truth."""
    estimates, R = fit_all(X, targets)
    n, p = len(X), len(R)
    rss = (targets - linreg.fold_bias(X) @ estimates).square().sum(0)
    root = torch.linalg.solve_triangular(R, torch.eye(p), upper=True)
    df, q = (n, 1.96) if shortcut else (n - p, student.ppf(0.975, n - p))
    reach = q * root.norm(dim=1).unsqueeze(1) * (rss / df).sqrt()
    return ((estimates - theta.unsqueeze(1)).abs() <= reach).double().mean(1)


def toy(n):
    return linreg.simulate(n, generator=torch.Generator().manual_seed(1))[0]


truth = torch.cat((torch.tensor([b_true]), w_true))
toy_truth = torch.tensor([2.0, -1.0, 1.0])
studies = {"ordinary, 300 rows": (X, targets, truth)}
for n in (20, 6):
    few = toy(n)
    many_y = redrawn(few, toy_truth[1:], toy_truth[0], times=4000, sigma=0.1)
    studies[f"toy, {n} rows"] = (few, many_y, toy_truth)

print("                      t and n - p   1.96 and n")
kept, short = {}, {}
for name, study in studies.items():
    kept[name] = float(coverage(*study).mean())
    short[name] = float(coverage(*study, shortcut=True).mean())
    print(f"{name:20} {kept[name]:12.1%} {short[name]:12.1%}")
assert all(abs(share - 0.95) < 0.01 for share in kept.values())

# %% alt="A hundred intervals for the eighth weight, one below the other, each from a study of its own, and a vertical line at the truth, 0.25. Most intervals cross the line; those that miss it are drawn in another colour, about five in a hundred. The intervals differ in where they lie, and hardly in length."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE

hundred = [linreg.infer(X, targets[:, k]) for k in range(100)]
lows = torch.stack([study.low[8] for study in hundred])
highs = torch.stack([study.high[8] for study in hundred])
missed = (lows > 0.25) | (highs < 0.25)
assert 1 <= int(missed.sum()) <= 11  # of a hundred, at 5 %
assert (highs - lows).max() < 1.4 * (highs - lows).min()

fig, ax = plt.subplots(figsize=(5.5, 4.6), layout="constrained")
line = torch.arange(100)
ax.hlines(line[~missed], lows[~missed], highs[~missed], color=BLUE, linewidth=1)
ax.hlines(line[missed], lows[missed], highs[missed], color=ORANGE, linewidth=2.5)
ax.axvline(0.25, color=GREY, linewidth=1)
ax.set(xlabel="weight 8, truth 0.25", ylabel="study", yticks=[])
ax.spines[["top", "right", "left"]].set_visible(False)
plt.show()

# %% [markdown]
# <!--= int(missed.sum()) -->5<!--/--> of these hundred intervals miss. The 95 % belong to the recipe, not to one interval: the one that you compute from your study holds the truth or does not, and nothing tells you which.
#
# ## The table of a real study
#
# The 442 patients of the question, ten measurements each:

# %%
data = linreg.load("diabetes")
table = linreg.infer(data.X, data.y, names=data.columns)
print(table)

# %% [markdown]
# So the answer to the question at the top: <!--= table.estimate[3]:.1f -->5.6<!--/-->, with a standard error of <!--= table.se[3]:.1f -->0.7<!--/-->; the interval goes from <!--= table.low[3]:.1f -->4.2<!--/--> to <!--= table.high[3]:.1f -->7.0<!--/-->. Neither 2 nor 9.
#
# - **P>|t|**, the p-value, is the probability of a $t$ at least this far from zero *if the true weight is zero* and the assumptions hold. It is not the probability that the weight is zero, and 1 minus it is not the probability that you are right.
# - A large $p$ says that the data do not tell the weight from zero. It does not say that the weight is zero. Look at the interval: `s1` may be anything between <!--= table.low[5]:.1f -->-2.2<!--/--> and <!--= table.high[5]:.2f -->0.04<!--/-->.
# - `s1` to `s4` are nearly dependent, so none of them is known well ([Collinearity](collinearity.py)). **F** asks whether all weights could be zero at once; its $p$ leaves no doubt that they are not.
# - The last lines of the table repeat the assumptions, and each number in it depends on them.

# %% [markdown]
# ## For the mean, or for the next one
#
# The line at $x$ is $u^\top \hat\theta$ with $u = (1, x)$, and its variance $u^\top \operatorname{Cov}(\hat\theta)\, u$: a *confidence interval* says where the mean of $y$ at $x$ lies. A single new patient has noise besides. The *prediction interval* adds $s^2$, and no number of rows makes that go away:

# %% alt="A scatter of disease progression against body mass index with a rising line. A narrow band about the line, narrowest in the middle, is the confidence interval for the mean. A much wider band of nearly constant width, the prediction interval, holds nearly all points."
bmi = data.X[:, [2]]
of_bmi = linreg.infer(bmi, data.y)
grid = torch.linspace(float(bmi.min()), float(bmi.max()), 100).unsqueeze(1)
band = of_bmi.predict(grid)
at_rows = of_bmi.predict(bmi)
inside = ((data.y >= at_rows.new_low) & (data.y <= at_rows.new_high)).double().mean()
in_mean = ((data.y >= at_rows.low) & (data.y <= at_rows.high)).double().mean()
assert 0.92 < inside < 0.98
inner, outer = band.high - band.low, band.new_high - band.new_low
assert 20 < inner.argmin() < 60
assert outer.min() > 4 * inner.max()
assert outer.max() < 1.1 * outer.min()

fig, ax = plt.subplots(figsize=(5.5, 3.8), layout="constrained")
ax.plot(bmi[::2, 0], data.y[::2], "o", color=GREY, markersize=3, mew=0, alpha=0.6)
along = grid[:, 0]
ax.plot(along, band.mean, color=BLUE)
ax.fill_between(along, band.low, band.high, color=BLUE, alpha=0.35, linewidth=0)
for edge in (band.new_low, band.new_high):
    ax.plot(along, edge, "--", color=ORANGE, linewidth=1.2)
ax.set(xlabel="body mass index", ylabel="disease progression")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The dashed lines hold <!--= inside:.0% -->96%<!--/--> of the patients, the narrow band <!--= in_mean:.0% -->8%<!--/-->; every other point is drawn. To read the narrow band as a promise about single patients is to be wrong nine times in ten. In the ordinary data the true mean and new rows can be asked:

# %%
X_new, y_new, _, _ = linreg.ordinary(1)  # other rows of the same model
at_new = linreg.infer(X, y).predict(X_new)
mean_new = X_new @ w_true + b_true


def share_between(values, low, high):
    return float(((values >= low) & (values <= high)).double().mean())


narrow = share_between(mean_new, at_new.low, at_new.high)
narrow_rows = share_between(y_new, at_new.low, at_new.high)
wide = share_between(y_new, at_new.new_low, at_new.new_high)
print(f"confidence interval: {narrow:.0%} of the means, {narrow_rows:.0%} of the rows")
print(f"prediction interval: {wide:.0%} of the rows")

# %% [markdown]
# All the confidence intervals come from one study, so their share is not 95 % but scatters about it from study to study.
#
# ## Without a formula: the bootstrap
#
# Draw 442 patients from the 442, with replacement, fit, and do that two thousand times. The spread of the estimates is a standard error that needs no formula: a resample is to the data what the data are to the population. No row is copied for it. A resample is a count for each row, and counts are weights.

# %%
draws = linreg.bootstrap(
    data.X,
    data.y,
    names=data.columns,
    resamples=2000,
    generator=torch.Generator().manual_seed(0),
)
robust = linreg.infer(data.X, data.y, errors="HC3", names=data.columns)
print("            classical   bootstrap       HC3")
for j in (1, 3, 5, 9):
    print(
        f"{table.names[j]:10} {table.se[j]:10.3f} {draws.se[j]:11.3f} {robust.se[j]:9.3f}"
    )

# %% [markdown]
# The third column is the next subject: it allows each row a variance of its own, as the bootstrap of whole rows does too. The two agree where they differ from the first.
#
# ## What breaks it
#
# Each assumption in turn, in three hundred studies each: first all is well; then the noise grows with the distance of a feature from its middle; then the noise of each row resembles that of the row before. Once on 60 rows with one feature, which rises with time, and once on the ordinary data, whose rows come in no order.
#
# With unequal variances the classical formula puts one $\sigma^2$ where each row has its own. The *robust* errors HC0 to HC3 put the squared residuals there, $(\tilde X^\top \tilde X)^{-1} \bigl(\sum_i r_i^2\, \tilde x_i \tilde x_i^\top\bigr) (\tilde X^\top \tilde X)^{-1}$ with $\tilde x_i = (1, x_i)$. HC3 divides each $r_i$ by $1 - h_i$, where $h_i$ is the [*leverage*](diagnostics.py#leverage-a-row-that-pulls) of the row: how far it pulls the fit
# towards itself, which leaves too small a residual.


# %%
def studies_of(kind, features, w, b, times=300):
    """(n, times) targets of a linear model, with noise of that kind."""
    n = len(features)
    noise = torch.randn(n, times, generator=torch.Generator().manual_seed(4))
    if kind == "unequal":
        noise = noise * (0.1 + 2 * features[:, :1].square())
    if kind == "correlated":
        for i in range(1, n):
            noise[i] = 0.8 * noise[i - 1] + 0.6 * noise[i]
    return (features @ w + b).unsqueeze(1) + noise


def share_covered(features, targets, errors, truth):
    """How often the interval of the first weight holds the truth, all studies at once."""
    A = linreg.fold_bias(features)
    n, p = A.shape
    C, _ = fit_all(features, torch.eye(n))  # (p, n): the estimates are C y
    estimates = C @ targets
    squares = (targets - A @ estimates).square()  # (n, times)
    if errors == "HC3":
        leverages = (A * C.T).sum(1, keepdim=True)
        variances = squares / (1 - leverages).square()  # each row has its own
    else:
        variances = squares.sum(0).expand(n, -1) / (n - p)  # one for all rows
    se = (C[1].square() @ variances).sqrt()
    assert torch.allclose(
        se[0], linreg.infer(features, targets[:, 0], errors=errors).se[1]
    )
    reach = student.ppf(0.975, n - p) * se
    return float(((estimates[1] - truth).abs() <= reach).double().mean())


months = torch.linspace(-1, 1, 60).unsqueeze(1)
models = {"months": (months, torch.ones(1), 0.0), "ordinary": (X, w_true, b_true)}
print("                      classical     HC3")
covered = {}
for name, (features, w, b) in models.items():
    for kind in ("as assumed", "unequal", "correlated"):
        drawn = studies_of(kind, features, w, b)
        covered[name, kind] = [
            share_covered(features, drawn, errors, w[0])
            for errors in ("classical", "HC3")
        ]
        print(
            f"{name:9} {kind:12} {covered[name, kind][0]:8.1%}"
            f" {covered[name, kind][1]:7.1%}"
        )
for name in models:
    assert covered[name, "unequal"][0] < 0.9 < covered[name, "unequal"][1]
assert max(covered["months", "correlated"]) < 0.7
assert min(covered["ordinary", "correlated"]) > 0.9

# %% [markdown]
# HC3 mends unequal variances in both. It does not mend correlation: sixty months that move together are worth far fewer than sixty, and both formulas count sixty. In the ordinary data the same noise does the first weight no harm, because there the features of neighbouring rows do not resemble each other. For groups of rows that are independent of each other, such as days, there are [errors by groups](../part3/flights.py#how-sure-are-we); those for time series this book does not cover. [`durbin_watson`][linreg.durbin_watson] warns of memory. Nothing mends a missing
# feature, and nothing mends a model that was [chosen by looking at the same rows](generalise.py#after-selection).
#
# ## Reading a coefficient aloud
#
# | the model | what to say of $w_j$ |
# | --- | --- |
# | $y$ on $x_j$ and others | among rows that agree in the other features, one unit more of $x_j$ goes with $w_j$ units more of $y$, on average. "Goes with", unless somebody has set $x_j$ by lot |
# | standardised features | one standard deviation more. A comparison across features, which depends on how much they happened to vary |
# | $\log y$ on $x_j$ | one unit more multiplies $y$ by $e^{w_j}$: its geometric mean, and its mean too, if the noise of $\log y$ is the same everywhere; for small $w_j$ that is $100\, w_j$ % more |
# | $\log y$ on $\log x_j$ | one per cent more of $x_j$ goes with $w_j$ per cent more of $y$ |
# | a dummy, 1 or 0 | the difference from the base level, the one that has no dummy. Another base gives different weights and errors, and the same predictions |
# | with $x_j x_k$ | $w_j$ is the slope of $x_j$ where $x_k = 0$, which may be nowhere: centre first |
#
# Two of these rows, run. The level that gets no dummy is the one with which all others are compared:

# %%
generator = torch.Generator().manual_seed(5)
town = torch.randint(3, (200,), generator=generator)
rent = torch.tensor([10.0, 12.0, 15.0])[town] + torch.randn(200, generator=generator)
dummies = torch.nn.functional.one_hot(town, 3).double()
names = ("A", "B", "C")
predictions = []
for base in (0, 2):
    others = [level for level in range(3) if level != base]
    rents = linreg.infer(
        dummies[:, others], rent, names=[names[level] for level in others]
    )
    predictions.append(rents.fit.predict(dummies[:, others]))
    told = "   ".join(
        f"{name} {value:6.2f} +- {se:.2f}"
        for name, value, se in zip(rents.names, rents.estimate, rents.se, strict=True)
    )
    print(f"base {names[base]}: {told}")
print(
    "the same predictions:", bool((predictions[0] - predictions[1]).abs().max() < 1e-12)
)

# %% [markdown]
# And an interaction, before and after centring. The two models predict the same; only the question that the first weight answers has changed:

# %%
a, c = 50 + 10 * torch.randn(2, 300, generator=generator)
effect = 0.1 * a + 0.02 * a * c + torch.randn(300, generator=generator)
for name, (u, v) in {"raw": (a, c), "centred": (a - a.mean(), c - c.mean())}.items():
    crossed = linreg.infer(
        torch.column_stack((u, v, u * v)), effect, names=("a", "c", "a c")
    )
    print(
        f"{name:8} weight of a: {crossed.estimate[1]:7.3f},"
        f" from {crossed.low[1]:6.3f} to {crossed.high[1]:.3f}"
    )

# %% [markdown]
# The raw weight is the slope of $a$ where $c = 0$, but no row has a $c$ below <!--= c.min():.0f -->18<!--/-->. The centred one is the slope at an average $c$, $0.1 + 0.02 \bar c$, that is <!--= 0.1 + 0.02 * c.mean():.1f -->1.1<!--/-->.
#
# ## What was shown
#
# - The standard error from one study estimates the spread of many, if the assumptions hold: for weight 8 of the ordinary data <!--= one_study.se[8]:.3f -->0.078<!--/--> and <!--= estimates[8].std():.3f -->0.081<!--/-->.
# - $t$ and $n - p$ keep 95 % on the ordinary data (<!--= kept["ordinary, 300 rows"]:.1%-->95.1%<!--/-->) and on a toy of six rows (<!--= kept["toy, 6 rows"]:.1% -->95.2%<!--/-->), where 1.96 and $n$ keep <!--= short["toy, 6 rows"]:.0% -->75%<!--/-->.
# - A confidence interval is for the mean, a prediction interval for the next row: the second held <!--= inside:.0% -->96%<!--/--> of the patients and <!--= wide:.0% -->97%<!--/--> of new ordinary rows, the first <!--= in_mean:.0% -->8%<!--/--> and <!--= narrow_rows:.0% -->38%<!--/-->.
# - Unequal variances left the classical interval with <!--= covered["months", "unequal"][0]:.0% -->86%<!--/--> on the months and <!--= covered["ordinary", "unequal"][0]:.0% -->67%<!--/--> on the ordinary data, and HC3 mended both. Correlated noise left both intervals below 70 % where the feature moves slowly as well, and harmed neither where the rows are in no order.
# - A coefficient is a comparison among rows that agree in everything else in the model. Say which model, which units and which base.
#
# ## Exercises
#
# **1. By pencil.** Three rows, $x = -1, 0, 1$ and $y = 0, 3, 0$, fitted by a line. What are the slope, $s$, and the standard error of the slope? Check the last with `linreg.check(yours, linreg.infer(x_three, y_three).se[1])`:

# %%
x_three, y_three = torch.tensor([[-1.0], [0.0], [1.0]]), torch.tensor([0.0, 3.0, 0.0])

# %% [markdown] answer="Hint"
# $x$ is centred, so the slope is $\sum x_i y_i / \sum x_i^2$ and its variance $s^2 / \sum x_i^2$. How many degrees of freedom are left?

# %% [markdown] answer="Answer"
# The slope is 0, the intercept 1, the residuals $-1, 2, -1$ with the sum of squares 6, and one degree of freedom is left. So $s = \sqrt 6$, and the standard error is $\sqrt{6 / 2} = \sqrt 3$:

# %% answer="Answer"
linreg.check(3**0.5, linreg.infer(x_three, y_three).se[1])

# %% [markdown]
# **2. Predict the picture.** The two bands of the figure above, drawn for a quarter of the patients. Which becomes wider, and by how much?

# %% [markdown] answer="Hint"
# How does $(\tilde X^\top \tilde X)^{-1}$ change with $n$? And $s$?

# %% [markdown] answer="Answer"
# The narrow one doubles, since its width is proportional to $1/\sqrt n$. The wide one hardly moves: it is nearly $2s$ to each side, and $s$ estimates the same $\sigma$ at each $n$.

# %% answer="Answer"
quarter = linreg.infer(bmi[::4], data.y[::4]).predict(grid)
mean_ratio = float(((quarter.high - quarter.low) / (band.high - band.low)).median())
new_ratio = float(
    ((quarter.new_high - quarter.new_low) / (band.new_high - band.new_low)).median()
)
print(f"mean: {mean_ratio:.2f} times as wide; next patient: {new_ratio:.2f} times")

# %% [markdown]
# **3. What is wrong with this sentence?** "The $p$-value of `age` is <!--= table.p[1]:.2f -->0.87<!--/-->. So with a probability of <!--= table.p[1]:.0% -->87%<!--/--> age has no influence on the disease, and it can be left out of the model."

# %% [markdown] answer="Hint"
# What is held to be true when $p$ is computed? And does the interval of `age` exclude effects that would matter?

# %% [markdown] answer="Answer"
# Three things. $p$ is computed *as if* the weight were zero; it cannot be the probability of that. The interval goes from <!--= table.low[1]:.2f -->-0.46<!--/--> to <!--= table.high[1]:.2f -->0.39<!--/--> a year, which over forty years is some fifteen points either way: the data do not know. And the weight is that of age *among patients who agree in the nine other
# measurements*, through which age may well act. Whether to leave it out depends on what the model is for.

# %% [markdown]
# **4. Code.** Write `fold_change(X, y, j)`, which fits $\log y$ and returns the factor by which $y$ is multiplied for one unit more of feature $j$, with its 95 % interval, as a list of three. Check yours with `linreg.check(fold_change(X_growth, y_growth, 1), right_change)`:

# %%
X_growth = torch.randn(100, 2, generator=torch.Generator().manual_seed(6))
of_log = 1 + X_growth @ torch.tensor([0.3, -0.2])
y_growth = (
    of_log + 0.1 * torch.randn(100, generator=torch.Generator().manual_seed(7))
).exp()
logs = linreg.infer(X_growth, y_growth.log())
right_change = torch.stack((logs.estimate[2], logs.low[2], logs.high[2])).exp()

# %% [markdown] answer="Hint"
# The interval of $e^w$ is the interval of $w$, each end exponentiated. Mind where the intercept stands in the table.


# %% answer="Answer"
def fold_change(X, y, j):
    found = linreg.infer(X, y.log())
    return [
        float(part[j + 1].exp()) for part in (found.estimate, found.low, found.high)
    ]


linreg.check(fold_change(X_growth, y_growth, 1), right_change)

# %% [markdown]
# ## Where next
#
# [Does it generalise?](generalise.py) judges the predictions rather than the weights, and shows what a choice does to $p$-values. [Collinearity](collinearity.py) explains why a standard error can be large however many rows there are.
