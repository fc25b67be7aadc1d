# %% [markdown]
# # Ridge and weight decay
#
# After this page you can say what a penalty on the weights gains and what it costs, choose its strength at the cost of one fit, translate it between `linreg`, scikit-learn, R and the `weight_decay` of an optimiser, and say why stopping early does nearly the same.
#
# <!-- core -->
#
# Besides `linreg` this page needs scikit-learn; [the line that installs](../index.md#run-it-yourself) brings it.
#
# **The question.** Twenty correlated columns, and thirty rows to learn their weights from. Least squares uses all its freedom. Should it?
#
# ## Too much freedom
#
# The ordinary data of this book has 300 rows. <!-- given 300, 270: its rows, and those less thirty --> Suppose that thirty of them, the third thirty, are all that we have, and that the other 270 are the future. (All ten thirties come [further down](#how-strong).)

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y, w_true, b_true = linreg.ordinary()
few = torch.arange(300) // 30 == 2
X_few, y_few = X[few], y[few]
X_new, y_new = X[~few], y[~few]


def error(fit, X, y):
    """The mean squared error of a fit on some rows."""
    return float((y - fit.predict(X)).square().mean())


fits = {"least squares": linreg.solve(X_few, y_few)}
fits["ridge, alpha 0.05"] = linreg.ridge(X_few, y_few, alpha=0.05)
fits["the true weights"] = linreg.Fit(
    w_true, torch.tensor(b_true), linreg.Status.OK, "", "truth", torch.tensor(0.0)
)
print("                    error on new rows   length of w")
for name, fit in fits.items():
    print(f"{name:18} {error(fit, X_new, y_new):18.2f} {float(fit.w.norm()):13.2f}")
unpenalised = error(fits["least squares"], X_new, y_new)
assert error(fits["ridge, alpha 0.05"], X_new, y_new) < unpenalised
assert fits["ridge, alpha 0.05"].w.norm() < fits["least squares"].w.norm()

# %% [markdown]
# The weights of least squares are too long: noise has pulled them apart along the directions in which the columns hardly vary. *Ridge regression* charges for their length,
#
# $$
# \min_{w, b}\; \frac{1}{2n} \lVert X w + b - y \rVert^2 + \frac{\alpha}{2} \lVert w \rVert^2 ,
# $$
#
# and here it predicts better. The intercept is not charged for: adding 5 to each target should add 5 to each prediction.
#
# ## Least squares with more rows
#
# The penalty can be written as rows. Below the centred $X$ stack $\sqrt{n \alpha}$ times the identity, below the centred $y$ zeros: the squares of the new residuals are $n \alpha\, w_j^2$. So ridge *is* least squares with $d$ more rows, each of which says "this weight is zero". The normal equation of the centred data becomes
#
# $$
# \Bigl( \tfrac1n X^\top X + \alpha I \Bigr)\, w = \tfrac1n X^\top y ,
# $$
#
# whose matrix has an inverse for any $\alpha > 0$, even with more columns than rows.

# %%
n, d = X_few.shape
X_c, y_c = X_few - X_few.mean(0), y_few - y_few.mean()
alpha = 0.05
stacked = torch.cat((X_c, (n * alpha) ** 0.5 * torch.eye(d)))
zeros = torch.cat((y_c, torch.zeros(d)))
by_rows = linreg.solve(stacked, zeros, intercept=False).w
by_equation = torch.linalg.solve(
    X_c.T @ X_c / n + alpha * torch.eye(d), X_c.T @ y_c / n
)
ridge = linreg.ridge(X_few, y_few, alpha=alpha).w
print("as more rows:      ", bool(torch.allclose(by_rows, ridge, rtol=1e-9)))
print("as another equation:", bool(torch.allclose(by_equation, ridge, rtol=1e-9)))

# %% [markdown]
# ## What is shrunk, and by how much
#
# Let $\frac1n X^\top X = V \Lambda V^\top$. In the coordinates $V^\top w$ each direction is separate, and ridge multiplies the answer of least squares by
#
# $$
# \frac{\lambda_j}{\lambda_j + \alpha} .
# $$
#
# Directions in which the rows vary much, $\lambda_j \gg \alpha$, keep nearly everything; those with $\lambda_j \ll \alpha$ are given up. There the noise of least squares was largest. The sum of these factors counts the weights that are still free, the *effective degrees of freedom*: without a penalty the rank of $X$, here $d$, and near 0 with a huge one.
#
# The eigenvectors do not depend on $\alpha$. One decomposition answers for every penalty, and [`ridge_path`][linreg.ridge_path] takes no more than one:

# %%
path = linreg.ridge_path(X_few, y_few)
values, V = torch.linalg.eigh(X_c.T @ X_c / n)
shares = values / (values + path.alpha.unsqueeze(1))
assert bool(torch.allclose(path.df, shares.sum(1), rtol=1e-9))
squares = linreg.solve(X_few, y_few).w
assert bool(torch.allclose(path.w, (shares * (V.T @ squares)) @ V.T, atol=1e-9))
print("     alpha      df   length of w")
for i in range(0, 100, 18):
    print(f"{path.alpha[i]:10.3g} {path.df[i]:7.2f} {float(path.w[i].norm()):13.3f}")

# %% alt="Twenty curves, one for each weight, against alpha from large on the left to small on the right. All start near zero and fan out to the right; none of them stays at zero, and four in colour end farthest out. A dashed line marks the penalty that the rows left out choose."
import matplotlib.pyplot as plt

best = path[int(path.left_out.argmin())]
assert bool((path.w != 0).all())
assert bool((path.w.norm(dim=1).diff() > 0).all())
assert path.w[0].abs().max() < 0.05 * path.w[-1].abs().max()
linreg.plot.path(path, mark=best.alpha)
plt.show()

# %% [markdown]
# In colour are the four weights that end farthest out. No weight becomes exactly zero on the way: ridge shrinks, and does not select. The dashed line marks the penalty that the next section chooses.
#
# ## How strong?
#
# Leave one row out, fit the others, predict it, and do so for each row: that would be thirty fits for each of a hundred penalties. None of them is needed. For ridge, as for least squares, the residual of a row from the fit without it is
#
# $$
# y_i - \hat y_{-i} = \frac{r_i}{1 - h_i},
# \qquad
# h_i = \frac1n + \frac1n \sum_j \frac{z_{ij}^2}{\lambda_j + \alpha},
# $$
#
# with $z_i = V^\top (x_i - \bar x)$. ($n \alpha$, the sum that is charged, stays what it was.) `left_out` has the mean squares for the whole path. The slow way, for one penalty:

# %%
total = 0.0
for i in range(n):
    kept = torch.arange(n) != i
    without = linreg.ridge(X_few[kept], y_few[kept], alpha=best.alpha * n / (n - 1))
    total += float((y_few[i] - without.predict(X_few[i : i + 1])) ** 2)
at_best = float(path.left_out.min())
print(f"thirty fits {total / n:.4f}, one path {at_best:.4f}")
assert abs(total / n / at_best - 1) < 1e-9

# %% [markdown]
# Where even a second pass over the rows is too much, *generalised cross-validation* puts the mean of the $h_i$ in the place of each. It needs sums alone, such as those of [a stream](rows-machines.py):

# %%
from_sums = linreg.ridge_path_statistics(
    linreg.Statistics.of(X_few, y_few), alphas=path.alpha
)
assert bool(torch.allclose(from_sums.gcv, path.gcv, rtol=1e-9))
on_new = torch.tensor([error(path[i], X_new, y_new) for i in range(len(path))])
chosen = {
    "leave-one-out": int(path.left_out.argmin()),
    "generalised": int(from_sums.gcv.argmin()),
    "new rows": int(on_new.argmin()),
}
print("smallest by         alpha     df   error on new rows")
for name, i in chosen.items():
    print(f"{name:15} {path.alpha[i]:9.4f} {path.df[i]:6.1f} {on_new[i]:15.3f}")
print(f"{'no penalty':15} {0:9.4f} {d:6.1f} {unpenalised:15.3f}")
assert max(float(on_new[i]) for i in chosen.values()) < unpenalised

# %% alt="Mean squared errors against alpha, on a log scale, large on the left. That on the thirty rows falls all the way to the right. Those of rows left out and of new rows fall, reach a smallest value at a moderate penalty, and rise again to the right, where the penalty vanishes."
from linreg.plot import BLUE, GREEN, GREY, ORANGE

assert bool((path.loss.diff() < 0).all())
assert 0 < chosen["leave-one-out"] < 99
for errors in (path.left_out, on_new):
    lowest = int(errors.argmin())
    assert errors[0] > 2 * errors[lowest]
    assert errors[-1] > 1.2 * errors[lowest]
fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
ax.loglog(path.alpha, 2 * path.loss, color=GREY, label="the thirty rows")
ax.loglog(path.alpha, path.left_out, color=BLUE, label="rows left out")
ax.loglog(path.alpha, on_new, color=ORANGE, label="new rows")
ax.set_xlim(float(path.alpha[0]), float(path.alpha[-1]))
ax.set(xlabel="alpha", ylabel="mean squared error")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# One draw proves nothing. Here are all ten thirties of the ordinary data, each with the other 270 rows as the future, and the penalty chosen by the thirty rows alone:

# %%
ten = []
print("thirty   least squares    ridge      df")
for k in range(10):
    part = torch.arange(300) // 30 == k
    plain = linreg.solve(X[part], y[part])
    along = linreg.ridge_path(X[part], y[part])
    shrunk = along[int(along.left_out.argmin())]
    pair = [error(one, X[~part], y[~part]) for one in (plain, shrunk)]
    ten.append(pair)
    print(f"{k + 1:6} {pair[0]:13.2f} {pair[1]:10.2f} {shrunk.df:8.1f}")
means = torch.tensor(ten).mean(0)
better = sum(by_ridge < by_squares for by_squares, by_ridge in ten)
print(f"{'mean':>6} {means[0]:13.2f} {means[1]:10.2f}")
assert means[1] < means[0]
assert 5 < better < 10
worst = sorted(ten, reverse=True)[:3]  # by the error of least squares
most = sorted(ten, key=lambda pair: pair[1] - pair[0])[:2]
assert all(pair in worst for pair in most)

# %% [markdown]
# It does not help each time; the two largest gains are among the three worst fits of least squares. With many rows there is little left to gain. The same on all 300 rows, and on the toy, whose two columns are independent:

# %%
toy = linreg.simulate(100, noise=1.0, generator=torch.Generator().manual_seed(0))
gained = {}
print("data         rows   best alpha   left out, over that without")
for name, rows in {"thirty": (X_few, y_few), "ordinary": (X, y), "toy": toy}.items():
    whole = linreg.ridge_path(*rows)
    without_penalty = float(2 * linreg.influence(*rows).loss)
    gained[name] = float(whole.left_out.min()) / without_penalty
    at = float(whole.alpha[int(whole.left_out.argmin())])
    print(f"{name:10} {len(rows[0]):6} {at:12.4f} {gained[name]:18.3f}")
assert gained["thirty"] < 0.95 < gained["ordinary"]

# %% [markdown]
# ## In which units
#
# The weight of a length in metres is a hundred times that of the same length in centimetres, and the penalty takes its square. Unlike least squares, ridge depends on the units of the columns. `standardise=True` charges for the weights of columns divided by their standard deviations, and returns weights for the columns as they were:

# %%
in_other = X_few.clone()
in_other[:, 0] *= 100
for standardise in (False, True):
    first = linreg.ridge(X_few, y_few, alpha=0.05, standardise=standardise)
    other = linreg.ridge(in_other, y_few, alpha=0.05, standardise=standardise)
    change = float((other.predict(in_other) - first.predict(X_few)).abs().max())
    told = "none" if change < 1e-9 else f"{change:.2f}"
    print(f"standardise={standardise!s:5}   change of a prediction: {told}")
    assert (change < 1e-9) == standardise

# %% [markdown]
# ## Weight decay
#
# `weight_decay` of `torch.optim.SGD` and `Adam` adds $\text{decay} \cdot w$ to the slope, which is the slope of $\tfrac12 \, \text{decay} \, \lVert w \rVert^2$. So with the half-mean loss it is $\alpha$. `MSELoss` is twice the half-mean: there the same decay is only half as strong, and a penalty of $\alpha$ needs a decay of $2 \alpha$.
#
# Two traps. By default the optimiser decays *all* parameters, the intercept too: put that into a group of its own. And AdamW is [something else](../part2/faster.py#weight-decay-and-ridge).


# %%
def trained(optimiser, X, y, decay, own_group=True, **settings):
    """A linear layer after training on `MSELoss`; the rate falls to zero."""
    layer = torch.nn.utils.skip_init(torch.nn.Linear, X.shape[1], 1)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    if own_group:
        groups = [
            {"params": [layer.weight], "weight_decay": decay},
            {"params": [layer.bias], "weight_decay": 0.0},
        ]
    else:
        groups = [{"params": list(layer.parameters()), "weight_decay": decay}]
    descent = optimiser(groups, **settings)
    fading = torch.optim.lr_scheduler.LinearLR(descent, 1.0, 0.0, total_iters=4000)
    loss_of = torch.nn.MSELoss()
    for _ in range(4000):
        descent.zero_grad()
        loss_of(layer(X).squeeze(1), y).backward()
        descent.step()
        fading.step()
    return layer.weight.detach().squeeze(0), float(layer.bias.detach())


half = 0.5  # alpha of this section
target = linreg.ridge(X_few, y_few, alpha=half)
runs = {
    name: trained(optimiser, X_few, y_few, decay, own_group, lr=lr)
    for name, optimiser, decay, own_group, lr in (
        ("SGD, 2 alpha", torch.optim.SGD, 2 * half, True, 0.05),
        ("SGD, alpha", torch.optim.SGD, half, True, 0.05),
        ("Adam, 2 alpha", torch.optim.Adam, 2 * half, True, 0.02),
        ("AdamW, 2 alpha", torch.optim.AdamW, 2 * half, True, 0.02),
        ("SGD, 2 alpha, b decayed", torch.optim.SGD, 2 * half, False, 0.05),
    )
}
print("MSELoss, weight_decay       w off by   b off by")
away = {}
for name, (w, b) in runs.items():
    away[name] = float((w - target.w).abs().max()), abs(b - float(target.b))
    print(f"{name:25} {away[name][0]:10.3f} {away[name][1]:10.3f}")
for name in ("SGD, 2 alpha", "Adam, 2 alpha"):
    assert max(away[name]) < 1e-4
for name in ("SGD, alpha", "AdamW, 2 alpha"):
    assert away[name][0] > 0.05
assert away["SGD, 2 alpha, b decayed"][1] > 0.1

# %% [markdown]
# ## One penalty, five programs
#
# Each program minimises its own multiple of this sum, so the same fit has different numbers:

# %%
from sklearn.linear_model import Ridge

peer = Ridge(alpha=n * half, solver="svd").fit(X_few.numpy(), y_few.numpy())
theirs = torch.from_numpy(peer.coef_)
print("scikit-learn, n alpha:", bool(torch.allclose(theirs, target.w, rtol=1e-9)))

# %% [markdown]
# | program | what to write for `linreg.ridge(X, y, alpha=a)` |
# | --- | --- |
# | scikit-learn, `Ridge` | `alpha=n*a`: it charges against the sum of squares, not their mean |
# | torch, `SGD` or `Adam` with half the `MSELoss` | `weight_decay=a`, the bias in a group with 0 |
# | the same with `MSELoss` | `weight_decay=2*a` |
# | `glmnet` of R, `alpha=0`, `standardize=FALSE` | `lambda=a*s`, with $s$ the standard deviation of `y`, divisor $n$: it divides `y` by that first; this page does not run R, the tests hold its figures |
# | torch, `AdamW` | nothing: it is no ridge |
#
# ## Stopping early is nearly ridge
#
# Gradient descent from zero, stopped after $t$ steps at the rate $\eta$, has covered the share $1 - (1 - \eta \lambda_j)^t$ of the way in each direction. Where little of the way is covered that is about $\eta t \lambda_j$, and ridge's share, $\lambda_j / (\lambda_j + \alpha)$, is about $\lambda_j / \alpha$. So $t$ steps resemble a penalty of $\alpha = 1 / (\eta t)$: stopping early charges for length, and training longer charges less.

# %% alt="Share of the least-squares answer that is kept against the eigenvalue, on a log scale, for three penalties. For each there is a curve of ridge and one of descent stopped after 1 over rate times alpha steps. The pairs run together where little is kept, and lie within a quarter of each other everywhere; descent is above ridge where much is kept."
lam = torch.logspace(-4, 0.7, 200)
rate = 0.1
fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
for alpha_k, colour in zip((1.0, 0.1, 0.01), (ORANGE, BLUE, GREEN), strict=True):
    by_ridge = lam / (lam + alpha_k)
    by_steps = 1 - (1 - rate * lam) ** round(1 / (rate * alpha_k))
    assert float((by_ridge - by_steps).abs().max()) < 0.25
    assert bool((by_steps >= by_ridge)[by_ridge > 0.8].all())
    assert float((by_ridge - by_steps)[by_ridge < 0.1].abs().max()) < 0.01
    ax.semilogx(lam, by_ridge, color=colour, label=f"alpha {alpha_k:g}")
    ax.semilogx(lam, by_steps, color=colour, linestyle="--")
ax.plot([], [], color=GREY, linestyle="--", label="descent, stopped")
ax.set(xlabel="eigenvalue", ylabel="share that is kept")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Is it as good? The best of each on the new rows:

# %%
top = float(values[-1])
descent = linreg.gradient_descent(
    X_few - X_few.mean(0), y_few, lr=1 / top, steps=3000, tol=0, reduction="half_mean"
)
predicted = (X_new - X_few.mean(0)) @ descent.path.w.T + descent.path.b
along_steps = (y_new.unsqueeze(1) - predicted).square().mean(0)[1:]
stop = int(along_steps.argmin()) + 1
compared = {
    f"descent, {stop} steps": (float(along_steps.min()), top / stop),
    "ridge": (float(on_new.min()), float(path.alpha[chosen["new rows"]])),
    "neither": (unpenalised, 0.0),
}
print("                     error on new rows    alpha, or 1 / (rate steps)")
for name, (found, strength) in compared.items():
    print(f"{name:18} {found:18.3f} {strength:20.4f}")
assert float(along_steps.min()) < unpenalised

# %% [markdown]
# ## What was shown
#
# - On ten thirties of the ordinary data ridge brought the mean error on new rows from <!--= means[0]:.2f -->3.57<!--/--> down to <!--= means[1]:.2f -->2.71<!--/-->, its strength chosen by rows left out; it was better in <!--= better -->8<!--/--> of the ten. With all 300 rows, and on the toy, there was next to nothing to gain.
# - Ridge is least squares on $d$ more rows, and shrinks each direction by $\lambda / (\lambda + \alpha)$. None of the twenty weights of the ordinary data became zero.
# - One eigendecomposition served a hundred penalties and all rows left out: on thirty rows, thirty fits gave the same number.
# - $\alpha$ is the `weight_decay` of SGD and Adam under the half-mean loss, half of it under `MSELoss`, and scikit-learn's `alpha` is $\alpha n$: run on thirty rows of the ordinary data. The intercept stays free, and AdamW is no ridge.
# - Stopping descent early came to <!--= float(along_steps.min()):.2f -->2.51<!--/--> on the third thirty at its best, ridge to <!--= float(on_new.min()):.2f -->2.51<!--/-->, least squares to <!--= unpenalised:.2f -->4.88<!--/-->.
#
# ## Exercises
#
# **1. By pencil.** One centred column with $\frac1n \sum x_i^2 = 4$ and a least-squares slope of 3. Which $\alpha$ makes it 1? Check with `linreg.check(slope_at(yours), 1.0)`:


# %%
def slope_at(alpha):
    column = torch.tensor([[-2.0], [2.0]])
    return linreg.ridge(column, 3 * column[:, 0], alpha=alpha).w[0]


# %% [markdown] answer="Hint"
# The factor is $\lambda / (\lambda + \alpha)$, with $\lambda = 4$.

# %% [markdown] answer="Answer"
# $4 / (4 + \alpha) = 1/3$ gives $\alpha = 8$.

# %% answer="Answer"
linreg.check(slope_at(8.0), 1.0)

# %% [markdown]
# **2. Predict the picture.** A copy of the first column is added to the twenty. What do the two curves of the copies do in the figure of the path, and where do they end on the right?

# %% [markdown] answer="Hint"
# Of all pairs with the same sum, which has the smallest $w_1^2 + w_2^2$?

# %% [markdown] answer="Answer"
# They lie on each other: equal halves are the shortest. As $\alpha$ falls they go to the halves of the shortest least-squares answer, which `solve` returns for dependent columns. The figure is that of the thirty rows with the copy added; the print is for all 300.

# %% answer="Answer" alt="The curves of the twenty-one weights against alpha. Those of the two copies lie on each other all the way."
few_copied = torch.column_stack((X_few, X_few[:, 0]))
path_of_copies = linreg.ridge_path(few_copied, y_few, alphas=path.alpha)
assert bool(torch.allclose(path_of_copies.w[:, 0], path_of_copies.w[:, 20]))
linreg.plot.path(path_of_copies)
plt.show()
copied = torch.column_stack((X, X[:, 0]))
end = linreg.ridge(copied, y, alpha=1e-9)
shortest = linreg.solve(copied, y)
print(f"{end.w[0]:.4f} {end.w[20]:.4f}   solve: {shortest.w[0]:.4f}, {shortest.status}")

# %% [markdown]
# **3. What is wrong with this sentence?** "Ridge gives biased weights, so its predictions are worse than those of least squares, which are unbiased."

# %% [markdown] answer="Hint"
# The error of a prediction has two parts besides the noise.

# %% [markdown] answer="Answer"
# The expected square is bias squared plus variance. Ridge adds to the first and takes from the second, and for small enough $\alpha$ it always takes more than it adds: the variance falls in proportion to $\alpha$, the squared bias grows in proportion to $\alpha^2$. On the thirty rows above the error fell by a good part.

# %% [markdown]
# **4. Code.** Write `ridge_by_svd(X, y, alphas)`: the weights (k, d) for all penalties from one `torch.linalg.svd` of the centred columns. Check yours with `linreg.check(ridge_by_svd(X_few, y_few, path.alpha), path.w)`.

# %% [markdown] answer="Hint"
# With $X = U \operatorname{diag}(s) V^\top$ the eigenvalues are $s^2 / n$, and $\frac1n X^\top y = V \operatorname{diag}(s) U^\top y / n$.


# %% answer="Answer"
def ridge_by_svd(X, y, alphas):
    n = len(y)
    U, s, Vh = torch.linalg.svd(X - X.mean(0), full_matrices=False)
    z = U.T @ (y - y.mean())
    return (s * z / (s**2 + n * alphas.unsqueeze(1))) @ Vh


linreg.check(ridge_by_svd(X_few, y_few, path.alpha), path.w)

# %% [markdown]
# ## Where next
#
# [Does it generalise?](../part2/generalise.py) is about errors on new rows in general. [Faster descent](../part2/faster.py#weight-decay-and-ridge) shows what AdamW does instead. All settings are in the [reference](../reference/api-penalty.md#ridge).
#
# <!-- given 7.10, 1979: a section, a year -->
#
# ## References
#
# - Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 3.4.1 (ridge, effective degrees of freedom), 7.10 (cross-validation).
# - Golub, Heath and Wahba, *Generalized Cross-Validation as a Method for Choosing a Good Ridge Parameter*, 1979.
