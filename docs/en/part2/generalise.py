# %% [markdown]
# # Does it generalise?
#
# After this page you can say how well a model will do on rows that it has not seen, without a second data set, choose between models by that number, and name four ways in which it can flatter.
#
# <!-- core -->
#
# **The question.** A model explains nearly all of the variance of its thirty points. What will it do with the thirty-first?
#
# ## A better fit, a worse model
#
# Thirty noisy points of a wave, and polynomials of rising degree, which are linear regression on the columns $x, x^2, \dots, x^k$. Each is fitted to the thirty points and then meets a thousand new ones from the same source:

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)


def wave(n, seed, noise=0.3):
    """Noisy points of a sine: x and y, (n,) each."""
    generator = torch.Generator().manual_seed(seed)
    x = 2 * torch.rand(n, generator=generator) - 1
    return x, torch.sin(3 * x) + noise * torch.randn(n, generator=generator)


def powers(x, degree):
    """(n, degree) the columns x, x^2, ..., x^degree."""
    return x.unsqueeze(1) ** torch.arange(1, degree + 1)


def error(fit, X, y):
    """The mean squared error of a fit on some rows."""
    return float((y - fit.predict(X)).square().mean())


x_seen, y_seen = wave(30, seed=1)
x_new, y_new = wave(1000, seed=2)
degrees = range(1, 20)
fits = {k: linreg.solve(powers(x_seen, k), y_seen) for k in degrees}
on_seen = {k: error(fits[k], powers(x_seen, k), y_seen) for k in degrees}
on_new = {k: error(fits[k], powers(x_new, k), y_new) for k in degrees}

print("          error on the      on 1000")
print("degree       30 points   new points")
for k in (1, 3, 5, 9, 14, 19):
    print(f"{k:6} {on_seen[k]:15.4f} {on_new[k]:12.4g}")

# %% alt="Left: thirty points about a wave. The polynomial of degree 3 follows the wave. That of degree 19 passes closer to the points, and swings far outside them near both ends. Right: errors against the degree, on a log scale. On the thirty points the error falls from left to right. On new points it falls to a smallest value at a low degree, and then climbs by orders of magnitude."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE

best = min(on_new, key=on_new.get)
assert all(on_seen[k + 1] <= on_seen[k] * (1 + 1e-6) for k in range(1, 19))
assert best < 8
assert on_new[19] > 100 * on_new[best]
wild = fits[19].predict(powers(torch.linspace(-1, 1, 300), 19)).abs()
assert min(wild[:20].max(), wild[-20:].max()) > 2 * y_seen.abs().max()

fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained")
line = torch.linspace(-1, 1, 300)
left.plot(x_seen, y_seen, "o", color=GREY, markersize=4, mew=0)
for k, colour, style in ((3, BLUE, "-"), (19, ORANGE, "--")):
    left.plot(
        line, fits[k].predict(powers(line, k)), style, color=colour, label=f"degree {k}"
    )
left.set(ylim=(-2.2, 2.2), xlabel="$x$", ylabel="$y$")
left.legend(frameon=False, loc="lower center")
right.semilogy(
    list(degrees), list(on_seen.values()), "o-", color=BLUE, label="the 30 points"
)
right.semilogy(
    list(degrees), list(on_new.values()), "s--", color=ORANGE, label="1000 new points"
)
right.set(xlabel="degree", ylabel="mean squared error", xticks=[1, 5, 10, 15, 19])
right.legend(frameon=False, loc="upper left")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# On its own points a larger model is never worse: the smaller one is a special case of it. So the error on the rows that a model was fitted to, its *training rows*, cannot tell you which degree to take: it always names the largest. That is *overfitting*: the nineteenth degree has learned the noise of thirty points, and new points have other noise. A plot of both errors against what makes the model larger, as in the right panel, is a *validation curve*.
#
# ## How far the training error flatters
#
# For a model that is right, with $p$ parameters, $n$ rows and noise of variance $\sigma^2$, the flattery can be computed. The residuals are the noise without its projection on $p$ dimensions. A prediction of new targets on the *same* rows has the error of that projection on top of the new noise:
#
# $$
# \operatorname{E}\, \frac1n \lVert r \rVert^2 = \sigma^2 \Bigl(1 - \frac pn\Bigr), \qquad
# \operatorname{E}\, \frac1n \lVert y_\text{new} - \hat y \rVert^2 = \sigma^2 \Bigl(1 + \frac pn\Bigr).
# $$
#
# The gap is $2 \sigma^2 p / n$, the *optimism*. Here are both averages over 4000 draws of the noise, in units of $\sigma^2$, for twenty rows of the toy and for the ordinary data set of this book with its twenty correlated columns:


# %%
def optimism(X, times=4000):
    """Mean squared errors on the rows and on new noise, for noise of variance 1."""
    Q = torch.linalg.qr(linreg.fold_bias(X)).Q
    generator = torch.Generator().manual_seed(0)
    old, new = torch.randn(2, len(X), times, generator=generator)
    fitted = Q @ (Q.T @ old)  # what a fit makes of the noise; the rest it gets right
    return float((old - fitted).square().mean()), float((new - fitted).square().mean())


toy, toy_y = linreg.simulate(20, generator=torch.Generator().manual_seed(0))
X, y, w_true, b_true = linreg.ordinary()
flattery = {}
for name, rows in {"toy": toy, "ordinary": X}.items():
    n, p = len(rows), rows.shape[1] + 1
    flattery[name] = optimism(rows)
    print(
        f"{name:9} {flattery[name][0]:.3f} for {1 - p / n:.3f}, {flattery[name][1]:.3f} for {1 + p / n:.3f}"
    )
    assert abs(flattery[name][0] - (1 - p / n)) < 0.01
    assert abs(flattery[name][1] - (1 + p / n)) < 0.01

# %% [markdown]
# For new rows with features of their own the gap is a little larger; for normal features the second factor is nearly $1 + \frac{p}{n - p - 1}$. The *learning curve* shows both errors as the number of rows grows. Here it is for the ordinary data, averaged over twenty draws:

# %%
sizes = [5, 10, 15, 19, 20, 21, 22, 23, 25, 30, 40, 60, 100, 200, 300]
curves = []
for seed in range(20):
    drawn, other = linreg.ordinary(seed), linreg.ordinary(1000 + seed)
    curve = linreg.learning_curve(drawn.X, drawn.y, other.X, other.y, sizes=sizes)
    curves.append(torch.stack((curve.train, curve.test)))
train, test = torch.stack(curves).mean(0)

print(" rows   training rows   other rows   sigma^2 (1 - p/n)   (1 + p/(n - p - 1))")
for n, seen, unseen in zip(sizes, train, test, strict=True):
    if n in (30, 60, 100, 300):
        print(
            f"{n:5} {seen:15.3f} {unseen:12.3f} {1 - 21 / n:19.3f} {1 + 21 / (n - 22):21.3f}"
        )

# %% alt="The learning curve of a model with 21 parameters, both axes on a log scale. The error on the training rows is zero up to 21 rows and rises towards 1 from below. The error on other rows first falls, then rises to a sharp peak at 21 rows, as many as parameters, and falls towards 1 from above."
peak = sizes[int(test.argmax())]
assert peak in (20, 21, 22)
assert train[-1] < 1 < test[-1]
assert train[[n <= 21 for n in sizes]].max() < 1e-10
assert test.max() > 100 * test[-1]

fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
shown = [i for i, n in enumerate(sizes) if n > 21]
ax.axhline(1, color=GREY, linewidth=0.8, linestyle=":")
ax.loglog(sizes, test, "s--", color=ORANGE, label="other rows")
ax.loglog(
    [sizes[i] for i in shown], train[shown], "o-", color=BLUE, label="training rows"
)
ax.set(xlabel="rows to learn from", ylabel="mean squared error", ylim=(0.02, 1000))
ax.set_xticks([5, 10, 21, 50, 100, 300], [5, 10, 21, 50, 100, 300])
ax.minorticks_off()
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Two things to read from such a curve. At its right end the two errors have nearly met: more rows will hardly help this model, only another model could. And there is a peak at <!--= peak -->21<!--/--> rows, as many as parameters, where the fit has to pass through each training point. With fewer rows `solve` gives the shortest of many exact answers, whose error is smaller.
#
# ## Worse than the mean
#
# [`r2`][linreg.r2] compares with the best constant: $1 - \sum (y_i - \hat y_i)^2 / \sum (y_i - \bar y)^2$. On training rows, with an intercept, it lies between 0 and 1. On new rows it has no lower end, because the mean of the new rows may be the better prediction:

# %%
for k in (3, 14, 19):
    seen = linreg.r2(fits[k].predict(powers(x_seen, k)), y_seen)
    unseen = linreg.r2(fits[k].predict(powers(x_new, k)), y_new)
    print(
        f"degree {k:2}: R2 {seen:.3f} on the thirty points, {unseen:9.4g} on new ones"
    )

# %% [markdown]
# The model of degree 19 answers the question at the top of this page: it explains nearly all of its thirty points, and on new points it does worse than their mean.
#
# ## Rows kept apart
#
# New rows cost money. Keep some of those at hand apart instead: *split* them at random, fit one part and judge on the other. Here a fifth of the ordinary rows is kept, and which fifth is drawn twenty times:


# %%
def split(n, share, seed):
    """The numbers of the rows to learn from, and of those kept apart."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    m = round(share * n)
    return order[m:], order[:m]


judged = []
for seed in range(20):
    learn, apart_rows = split(len(y), 0.2, seed)
    part = linreg.solve(X[learn], y[learn])
    judged.append(error(part, X[apart_rows], y[apart_rows]))
print(f"twenty splits: from {min(judged):.2f} to {max(judged):.2f}")

# %% [markdown]
# One model, one data set, and the answer depends on the draw: a mean of sixty squares of normal noise is known to about $\sqrt{2/60}$, <!--= (2 / len(apart_rows)) ** 0.5:.0% -->18%<!--/--> of itself. And what is kept apart cannot be learned from.
#
# ## Cross-validation
#
# *$k$-fold cross-validation* uses each row for both. Cut the rows into $k$ folds, predict each fold by a fit of all the others, and average the errors: each row is predicted once, by a model that has not seen it.
#
# !!! note "Assumed here"
#
#     The rows are draws from one source, the rows to come are draws from the same, and a row tells nothing of the noise of another. Neither the shape of the noise matters, nor whether the model is right. [Four ways to flatter](#four-ways-to-flatter) breaks this in four ways.
#
# That sounds like $k$ fits, and takes one pass. What least squares needs of some rows is their sums, $\sum x_i x_i^\top$, $\sum x_i y_i$ and so on ([The exact answer](../part1/exact.md)), and the sums of all folds but one are the sums of the others, added up. The error of a fold follows from its own sums, too: it is a quadratic
# form in $(w, -1)$. So each row is read once, however many folds there are.

# %%
ten_folds = linreg.cross_validate(X, y, folds=10)
print(ten_folds)


def by_refitting(X, y, k):
    """The same the long way: k fits, each of the rows outside a fold."""
    errors = []
    for fold in torch.arange(len(y)).chunk(k):
        others = torch.ones(len(y), dtype=torch.bool)
        others[fold] = False
        errors.append(error(linreg.solve(X[others], y[others]), X[fold], y[fold]))
    return torch.tensor(errors)


for name, rows, target in (("toy", toy, toy_y), ("ordinary", X, y)):
    in_one_pass = linreg.cross_validate(rows, target, folds=10).mse
    gap = (in_one_pass - by_refitting(rows, target, 10)).abs().max()
    print(f"{name:9} equal to ten fits: {bool(gap < 1e-10)}")

# %% [markdown]
# The estimate is <!--= ten_folds.mean:.3f -->1.106<!--/-->, with a standard error of <!--= ten_folds.se:.2f -->0.07<!--/--> from the spread of the ten folds, as if these were independent. Is it right? Here the truth is known. The features have the covariance matrix $\Sigma$ with 1 on the diagonal and 0.5 elsewhere, so a fit with the weights $\hat w$ has the exact error
# $\sigma^2 + (\hat w - w)^\top \Sigma (\hat w - w) + (\hat b - b)^2$ on all rows that this source could give:

# %%
Sigma = 0.5 * torch.eye(20) + 0.5


def true_error(fit, w, b, Sigma):
    """The mean squared error on infinitely many new rows of the ordinary data."""
    off = fit.w - w
    return float(1 + off @ Sigma @ off + (fit.b - b) ** 2)


estimates = []
for seed in range(100):
    X_draw, y_draw, w_draw, b_draw = linreg.ordinary(seed)
    fit = linreg.solve(X_draw, y_draw)
    in_sample = error(fit, X_draw, y_draw)
    left_out = linreg.cross_validate(X_draw, y_draw).mean
    estimates.append((in_sample, left_out, true_error(fit, w_draw, b_draw, Sigma)))
means, spreads = torch.tensor(estimates).mean(0), torch.tensor(estimates).std(0)
for name, mean, spread in zip(
    ("training rows", "10-fold", "truth"), means, spreads, strict=True
):
    print(f"{name:14} {mean:.3f} on average, from draw to draw +- {spread:.3f}")

# %% [markdown]
# The training error is too small, by <!--= means[2] - means[0]:.2f -->0.15<!--/--> on average. Cross-validation is right to within what 100 data sets can tell. It judges fits of nine tenths of the rows, which are a little worse than that of all: by <!--= 21 / (0.9 * len(y) - 22) - 21 / (len(y) - 22):.2f -->0.01<!--/--> by the formula above. The estimate from a single data set is uncertain, though, by <!--= spreads[1]:.2f -->0.08<!--/-->, which is much more than the truth varies. Here the second decimal of a cross-validated error is not known, let alone the third.
#
# ## Leave one out, from one fit
#
# With as many folds as rows, each is predicted by a fit of all the others. That needs no refit at all. Let $h_i = x_i^\top (\tilde X^\top \tilde X)^{-1} x_i$ be the *leverage* of row $i$, with $x_i$ the row of $\tilde X$. Then the residual that the row would have, had it been left out, is
#
# $$
# y_i - \hat y_i^{(-i)} = \frac{r_i}{1 - h_i}.
# $$
#
# *Why.* Put $\hat y_i^{(-i)}$ in the place of $y_i$ and fit all the rows: the fit without row $i$ is still the best, since it now loses nothing there. Predictions are linear in $y$, and $h_i$ is the weight of $y_i$ in its own prediction. So $\hat y_i - \hat y_i^{(-i)} = h_i (y_i - \hat y_i^{(-i)})$, and the formula follows by
# solving for the residual on the left. The leverages are the squared lengths of the rows of $Q$ in $\tilde X = QR$:


# %%
def leave_one_out(X, y):
    """The squared error of each row without itself, and the leverages: (n,) each."""
    leverage = torch.linalg.qr(linreg.fold_bias(X)).Q.square().sum(1)
    residual = linreg.residuals(X, y, linreg.solve(X, y))
    return (residual / (1 - leverage)).square(), leverage


for name, rows, target in (("toy", toy, toy_y), ("ordinary", X, y)):
    one_out, leverage = leave_one_out(rows, target)
    refitted = by_refitting(rows, target, len(target))
    same = bool((one_out - refitted).abs().max() < 1e-9)
    print(
        f"{name:9} mean {one_out.mean():.4f}, as by {len(target)} fits, each row: {same}"
    )
    print(f"{'':9} sum of the leverages: {leverage.sum():.4f}")

# %% [markdown]
# The leverages add up to $p$, so on average $h_i = p/n$, and $r_i^2/(1 - h_i)^2$ is about $r_i^2 (1 + 2p/n)$: the optimism again, this time for each row.
#
# ## Choosing, and judging the choice
#
# Which degree for the thirty points? Cross-validation answers without new points:

# %%
shuffled = {
    k: linreg.cross_validate(
        powers(x_seen, k), y_seen, generator=torch.Generator().manual_seed(0)
    )
    for k in range(1, 11)
}
for k, result in shuffled.items():
    print(
        f"degree {k:2}: {result.mean:8.4f} +- {result.se:.4f}   new points: {on_new[k]:8.4f}"
    )
chosen = min(shuffled, key=lambda k: shuffled[k].mean)
limit = shuffled[chosen].mean + shuffled[chosen].se
simplest = min(k for k, result in shuffled.items() if result.mean <= limit)
print(
    f"smallest error: degree {chosen}; within one standard error of it: degree {simplest}"
)

# %% [markdown]
# The minimum is flat, and its place is partly luck. A common rule takes the simplest model whose error is within one standard error of the smallest. It is a convention and no theorem.
#
# The error of the model that won is too small on average. Of several uncertain numbers the smallest tends to be one that came out too small. With ten degrees it hardly shows; with thousands of candidates it does. **Choose on one set of rows, judge on another** that took no part in the choice.
#
# ## Four ways to flatter
#
# ### Rows in order
#
# Folds of neighbouring rows are right for data in the order of time, where neighbours resemble each other: in random folds a row is predicted from rows much like itself. For rows that were sorted by $y$ they are a trap: each fold asks for values that its fit has never met. `linreg` notices when the folds differ more than chance explains:

# %%
order = y.argsort()
in_order = linreg.cross_validate(X[order], y[order])
by_chance = linreg.cross_validate(
    X[order], y[order], generator=torch.Generator().manual_seed(0)
)
for name, result in (("sorted", in_order), ("shuffled", by_chance)):
    print(
        f"{name:9} R2 of the folds from {result.r2.min():6.2f} to {result.r2.max():.2f}"
    )
print()
print(*in_order.message.split(". "), sep="\n")
assert in_order.r2.max() < by_chance.r2.min()

# %% [markdown]
# Here the errors hardly change, <!--= in_order.mean:.2f -->1.16<!--/--> against <!--= by_chance.mean:.2f -->1.10<!--/-->, because the model is right and carries over to values that it has not met. What collapses is $R^2$: within a fold $y$ hardly varies, so there is little left to explain. A number that compares with the variance of a fold depends on how the folds were cut.
#
# ### A look at the test rows {#leakage}
#
# A hundred patients, five thousand measurements of each, and a target. The twenty measurements that correlate best with the target are kept. Then the rows are split, eighty to fit and twenty to judge. Here all of the numbers are *pure noise*, and there is nothing to find:


# %%
def noise(seed, d=5000):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(100, d, generator=generator), torch.randn(
        100, generator=generator
    )


def build(X, y, seen):
    """Select by the rows in `seen`, fit on the first 80, return the predictor."""
    correlation = (X[seen] - X[seen].mean(0)).T @ y[seen] / X[seen].std(0)
    kept = correlation.abs().topk(20).indices
    fit = linreg.solve(X[:80, kept], y[:80])
    return lambda X_new: fit.predict(X_new[:, kept])


def r2_on_test_and_new(seen, d=5000):
    """Medians of twenty draws, each judged on its test rows and on 100 new rows."""
    found = []
    for seed in range(20):
        features, target = noise(seed, d)
        new_features, new_target = noise(100 + seed, d)
        model = build(features, target, seen)
        found.append(
            (
                linreg.r2(model(features[80:]), target[80:]),
                linreg.r2(model(new_features), new_target),
            )
        )
    return torch.tensor(found).median(0).values.tolist()


all_rows, train_rows = slice(None), slice(80)
leak, honest = r2_on_test_and_new(all_rows), r2_on_test_and_new(train_rows)
print(
    f"selected on all rows: R2 {leak[0]:5.2f} on the test rows, {leak[1]:5.2f} on new"
)
print(
    f"selected on 80 rows:  R2 {honest[0]:5.2f} on the test rows, {honest[1]:5.2f} on new"
)

# %% [markdown]
# The test says that <!--= leak[0]:.0% -->57%<!--/--> of the variance of noise is explained. The selection has seen the targets of the test rows, which is *data leakage*. A correlation of noise with noise over $n$ rows has the spread $1/\sqrt n$, and the largest of $k$ of them is about
# $\sqrt{2 \ln k / n}$, here <!--= (2 * torch.log(torch.tensor(5000.0)) / 100).sqrt():.2f -->0.41<!--/-->. It is large in the test rows as well, because it was chosen there. **Split first**: whatever looks at targets looks at those of the training rows alone, within each fold of a cross-validation, too.
#
# A test for it: shuffle the targets and run *everything* again, the selection included. A score that survives measures the leak.


# %%
def shuffle_proof(seen, X, y):
    """Whether what is selected on the rows in `seen` scores nothing on shuffled targets."""
    generator = torch.Generator().manual_seed(1)
    scores = []
    for _ in range(10):
        target = y[torch.randperm(100, generator=generator)]
        scores.append(linreg.r2(build(X, target, seen)(X[80:]), target[80:]))
    return sum(scores) / len(scores) < 0.1


print("selected on all rows, shuffle-proof:", shuffle_proof(all_rows, *noise(0)))
print("selected on 80 rows, shuffle-proof: ", shuffle_proof(train_rows, *noise(0)))

# %% [markdown]
# The more columns there are to choose from, the more leaks:

# %% alt="R2 on the test rows against the number of columns to choose from, on a log scale. Selected on all rows it rises from below zero at 30 columns to more than one half at 5000. Selected on the training rows alone it stays below zero throughout, and so does the leaking model on new rows."
columns = [30, 100, 300, 1000, 5000]
leaks = [r2_on_test_and_new(all_rows, d) for d in columns[:-1]] + [leak]
split_first = [r2_on_test_and_new(train_rows, d)[0] for d in columns[:-1]] + [honest[0]]
leak_on_test, leak_on_new = zip(*leaks, strict=True)
assert max(*split_first, *leak_on_new) < 0
assert leak_on_test[0] < 0 < 0.5 < leak_on_test[-1]
assert list(leak_on_test) == sorted(leak_on_test)

fig, ax = plt.subplots(figsize=(5.5, 3.8), layout="constrained")
ax.axhline(0, color=GREY, linewidth=0.8, linestyle=":")
ax.semilogx(
    columns, leak_on_test, "o-", color=ORANGE, label="selected on all rows: test rows"
)
ax.semilogx(
    columns, leak_on_new, "s--", color=ORANGE, label="the same models: new rows"
)
ax.semilogx(columns, split_first, "o-", color=BLUE, label="split first: test rows")
ax.minorticks_off()
ax.set_xticks(columns, columns)
ax.set(xlabel="columns of noise to choose 20 from", ylabel="R², median of 20 draws")
ax.set_ylim(-1, 1.1)
ax.legend(frameon=False, loc="upper left")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The means and spreads by which columns are [standardised](scaling.py#whose-mean-whose-spread) leak as well when they are taken over all rows. For the exact least-squares answer of independent columns this changes nothing, since any of them give the same predictions, provided that the same ones are used for both sets. A fit that depends on the scale, such as descent stopped early, does change:


# %%
def five_steps(features, target):
    return linreg.gradient_descent(features, target, lr=0.05, steps=5)


def moved_by_leak(train, features, target):
    """The largest change of a prediction when means and spreads come from all rows."""
    old, new = features.tensor_split([2 * len(features) // 3])
    predictions = []
    for rows in (old, features):
        mean, spread = rows.mean(0), rows.std(0)
        fit = train((old - mean) / spread, target[: len(old)])
        predictions.append(fit.predict((new - mean) / spread))
    return float((predictions[0] - predictions[1]).abs().max())


for name, features, target in (("toy", toy, toy_y), ("ordinary", X, y)):
    assert moved_by_leak(linreg.solve, features, target) < 1e-11
    moved = moved_by_leak(five_steps, features, target)
    print(f"{name:9} five steps of descent: predictions move by up to {moved:.3f}")

# %% [markdown]
# ### A p-value after the choice {#after-selection}
#
# The same mistake in its oldest form: twelve columns of noise, a hundred rows. Take the three that explain most, fit these, and read their $t$ statistics as if they had not been chosen. A standard error assumes that the columns were fixed before anyone looked at $y$ ([Collinearity](collinearity.py) lists what else). The same three columns on a
# second hundred rows are the honest test:


# %%
def large(X, y, columns):
    """Whether the largest of the t statistics of these columns is above 2."""
    fit = linreg.certified(X[:, columns], y)
    return bool((fit.w / fit.w_se).abs().max() > 2)


flattering, fair = 0, 0
for seed in range(100):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(200, 12, generator=generator)
    target = torch.randn(200, generator=generator)
    chosen_columns = linreg.best_subsets(
        linreg.Statistics.of(features[:100], target[:100])
    ).columns[3]
    flattering += large(features[:100], target[:100], list(chosen_columns))
    fair += large(features[100:], target[100:], list(chosen_columns))
print(
    f"some |t| above 2 on the rows of the choice: {flattering / 100:.0%} of the draws"
)
print(f"on other rows:                              {fair / 100:.0%}")

# %% [markdown]
# Three columns that were not chosen show a $|t|$ above 2 in about one draw of seven, since each does in one of twenty. [`best_subsets`][linreg.best_subsets] tries all $2^{12}$ subsets and finds the best of each size exactly. The flattery is not its fault: stepwise selection, a screen by correlation, or an analyst who tries one more column do the same.
#
# ### A row that is there twice
#
# A duplicate, the same patient a year later, the frames of one film: rows that nearly copy each other fall into different folds, and a row is then predicted from its twin. Give such rows one number, and they stay together:

# %%
generator = torch.Generator().manual_seed(3)
few = torch.randn(15, 12, generator=generator)
twins = few.repeat(4, 1) + 0.05 * torch.randn(60, 12, generator=generator)
of_twin = torch.randn(15, generator=generator).repeat(4)  # noise: nothing to find
patient = torch.arange(15).repeat(4)
apart = linreg.cross_validate(
    twins, of_twin, folds=15, generator=torch.Generator().manual_seed(0)
)
together = linreg.cross_validate(twins, of_twin, folds=patient)
variance = float(of_twin.var(correction=0))
for name, result in (("rows at random", apart), ("patient by patient", together)):
    print(
        f"{name:20} error {result.mean:6.3f} beside the variance of y, {variance:.3f}"
    )
assert apart.mean < 0.8 * variance < variance < together.mean

# %% [markdown]
# ## What was shown
#
# - The training error never rises when a column is added, and so cannot choose among models. For a model that is right, with uncorrelated noise of one variance, it is $\sigma^2 (1 - p/n)$ on average, and the error on new noise $\sigma^2 (1 + p/n)$: <!--= flattery["toy"][0]:.2f -->0.85<!--/--> and <!--= flattery["toy"][1]:.2f -->1.15<!--/--> on twenty rows of the toy, <!--= flattery["ordinary"][0]:.2f -->0.93<!--/--> and <!--= flattery["ordinary"][1]:.2f -->1.07<!--/--> on the ordinary data.
# - $R^2$ on new rows can be negative (degree 19, and all fits to noise), and depends on how much $y$ varies in the rows that it is computed on (the ordinary data, sorted).
# - $k$-fold cross-validation of least squares reads each row once, and leave-one-out follows from one fit, $r_i / (1 - h_i)$. Both were equal to refitting, on the toy and on the ordinary data.
# - On 100 ordinary data sets the cross-validated error was <!--= means[1]:.2f -->1.08<!--/--> on average, where the truth was <!--= means[2]:.2f -->1.08<!--/-->; a single estimate is uncertain by about <!--= spreads[1] / means[2]:.0% -->7%<!--/-->.
# - A number that has chosen something cannot judge it: neither the degree, nor the columns, nor their $p$-values. The runs on columns and $p$-values were on pure noise, where nothing was to be found. Split first, keep copies together, shuffle what was sorted.
#
# ## Exercises
#
# **1. By pencil.** Three points, $(0, 0)$, $(1, 2)$ and $(2, 1)$, and the model $y = b$, the mean alone. What are the leverages, and what is the mean squared error of leave-one-out? Check yours with `linreg.check(yours, loo_of_mean(torch.tensor([0.0, 2.0, 1.0])))`:


# %%
def loo_of_mean(y):
    """Leave-one-out error of the mean, one row at a time."""
    others = [torch.cat((y[:i], y[i + 1 :])).mean() for i in range(len(y))]
    return float((y - torch.stack(others)).square().mean())


# %% [markdown] answer="Hint"
# $\tilde X$ is a column of ones. What is $\tilde X (\tilde X^\top \tilde X)^{-1} \tilde X^\top$ then?

# %% [markdown] answer="Answer"
# Each leverage is $1/3$, and the residuals are $-1, 1, 0$. Divided by $1 - \frac13$ they are $-\frac32, \frac32, 0$, and the mean of their squares is $\frac32$:

# %% answer="Answer"
linreg.check((1.5**2 + 1.5**2 + 0) / 3, loo_of_mean(torch.tensor([0.0, 2.0, 1.0])))

# %% [markdown]
# **2. Predict the picture.** Give the ordinary data a hundred columns of noise besides. Sketch the learning curve from 20 to 300 rows before you draw it: where is the peak, and does the right end lie higher or lower than before?

# %% [markdown] answer="Hint"
# The peak stands where the number of rows is the number of parameters. And at the right end, what is $p/(n - p - 1)$?

# %% [markdown] answer="Answer"
# The peak moves to 121 rows. At 300 rows the error on other rows is near $1 + p/(n - p - 1) =$ <!--= 1 + 121 / (len(y) - 122):.2f -->1.68<!--/--> instead of <!--= 1 + 21 / (len(y) - 22):.2f -->1.08<!--/-->: a hundred columns of noise add more than half of $\sigma^2$ to the error.

# %% answer="Answer"
wide = []
for seed in range(10):
    drawn, other = linreg.ordinary(seed), linreg.ordinary(1000 + seed)
    generator = torch.Generator().manual_seed(seed)
    extra = torch.randn(600, 100, generator=generator)
    curve = linreg.learning_curve(
        torch.hstack((drawn.X, extra[:300])),
        drawn.y,
        torch.hstack((other.X, extra[300:])),
        other.y,
        sizes=[60, 121, 200, 300],
    )
    wide.append(curve.test)
print([f"{value:.2f}" for value in torch.stack(wide).mean(0)])

# %% [markdown]
# **3. What is wrong with this sentence?** "Ten-fold cross-validation gives 1.08 for the model with all columns and 1.07 for the model without column 9. So column 9 does harm." <!-- given 1.08: made up for this sentence --><!-- given 1.07: made up, too -->

# %% [markdown] answer="Hint"
# How large is the standard error of either number? And what would you have reported had the numbers come out the other way round?

# %% [markdown] answer="Answer"
# The difference, 0.01, <!-- given 0.01: of the two made-up numbers -->is a small part of the standard error, <!--= ten_folds.se:.2f -->0.07<!--/-->. (The two errors come from the same rows, so their difference is known better than either. Look at the standard error of the difference over the folds.) And if twenty such models were compared and the lowest reported, the number does not know of that choice. "Does harm" is one more step: a column without a weight costs about $\sigma^2/n$ in prediction, which three hundred rows cannot show.

# %% [markdown]
# **4. Code.** A leak can be older than the split: column 7 of these data was computed from the target before you got the file, and `shuffle_proof` cannot see it, because the shuffled targets no longer belong to the column. Write `too_good(X, y)`, which lists the columns that explain more than 90 % of the variance of $y$ alone. Check yours with
# `linreg.check(too_good(X_file, y_file), [7])`:

# %%
X_file, y_file = noise(0, d=50)
slip = torch.Generator().manual_seed(5)
X_file[:, 7] = y_file + 0.1 * torch.randn(100, generator=slip)

# %% [markdown] answer="Hint"
# One feature explains the square of its correlation with the target.


# %% answer="Answer"
def too_good(X, y):
    correlations = torch.corrcoef(torch.column_stack((y, X)).T)[0, 1:]
    return (correlations.square() > 0.9).nonzero().flatten().tolist()


linreg.check(too_good(X_file, y_file), [7])
print("shuffle-proof:", shuffle_proof(train_rows, X_file, y_file))

# %% [markdown]
# ## Where next
#
# [Ridge and weight decay](../part3/ridge.py) trades a little bias for a smaller error on new rows, and chooses how much by leave-one-out.
