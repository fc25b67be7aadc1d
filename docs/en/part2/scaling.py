# %% [markdown]
# # Scaling
#
# After this page you can put features of any unit on one scale, take the weights and the intercept back to
# the original units without losing a digit, say in advance what a unit or a far origin costs gradient
# descent, and scale new rows without spoiling what the model learned.
#
# <!-- core -->
#
# Besides `linreg` this page needs scikit-learn; [the line that installs](../index.md#run-it-yourself) brings it.
#
# **The question.** Write a distance in centimetres instead of metres. The model is the same, and so are
# its predictions. Why does gradient descent now need more than fifty thousand steps instead of two, and
# who else should care?

# %% [markdown]
# ## The same data in other units
#
# A thousand samples with two features of unit scale, and the same thousand with the second feature
# written in a unit a hundred times smaller. The condition number of the Hessian tells what to expect
# ([Gradient descent](../part1/descent.md#how-many-steps) derived it), and `predict_steps` says it to the step.

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))  # w = (-1, 1), b = 2
X_cm = X * torch.tensor([1.0, 100.0])
goal = 1.01 * linreg.solve(X, y).loss  # within one per cent of the smallest loss


def steps_needed(features):
    """Steps at the safe rate 1 / lambda_max, predicted before the first."""
    return linreg.predict_steps(features, y, lr=1 / linreg.curvature(features).L)


for name, features in (("unit scale", X), ("second column x 100", X_cm)):
    kappa = linreg.curvature(features).kappa
    print(f"{name:20} kappa {kappa:8.5g}   steps {steps_needed(features):,}")

# %% [markdown]
# Nobody has run anything yet. Run it, then, step by step, to the predicted step and the one before it. The gradient
# is $H\theta - g$ with $H = \tilde X^\top \tilde X / n$ and $g = \tilde X^\top y / n$, so a step needs no look at the rows.

# %%
A = linreg.fold_bias(X_cm)
H, g = A.T @ A / len(y), A.T @ y / len(y)
lr, theta = 1 / linreg.curvature(X_cm).L, torch.zeros(3)
for _ in range(steps_needed(X_cm)):
    before, theta = theta, theta - lr * (H @ theta - g)

for name, at in (("one step before", before), ("predicted step", theta)):
    print(f"{name:15} arrived: {bool(linreg.squared_loss(A @ at, y) <= goal)}")

# %% [markdown]
# Right to the step, out of <!--= steps_needed(X_cm):, -->53,868<!--/-->. No rate would have saved it: the largest stable one is only
# twice as large.
#
# ## Standardise, and map back
#
# Let $m_j$ be the mean of column $j$ and $s_j$ its standard deviation. *Standardising* replaces $x_j$ by
#
# $$
# z_j = \frac{x_j - m_j}{s_j},
# $$
#
# a number without unit, with mean 0 and variance 1. A model of $z$ is a model of $x$ in disguise. Call its weights $c_j$ and
# its intercept $c_0$, put in what $z_j$ stands for, and collect:
#
# $$
# \hat y = c_0 + \sum_j c_j \, \frac{x_j - m_j}{s_j}
# = \underbrace{c_0 - \sum_j \frac{c_j m_j}{s_j}}_{b} + \sum_j \underbrace{\frac{c_j}{s_j}}_{w_j} x_j .
# $$
#
# So $w_j = c_j / s_j$ and $b = c_0 - \sum_j w_j m_j$. Every $(w, b)$ belongs to one $(c, c_0)$ and gives the same predictions, hence the same
# loss: the minimum of one problem is the minimum of the other.

# %%
m, s = X_cm.mean(0), X_cm.std(0, correction=0)  # divided by n
Z = (X_cm - m) / s
print("predicted steps:", steps_needed(Z))

fit = linreg.gradient_descent(
    Z, y, lr=linreg.curvature(Z).best_rate, steps=50, tol=1e-24
)
c, c0 = fit.w, fit.b
w, b = c / s, c0 - (c * m / s).sum()

direct = linreg.solve(X_cm, y)
torch.testing.assert_close(w, direct.w, rtol=1e-11, atol=0)
torch.testing.assert_close(b, direct.b, rtol=1e-11, atol=0)
print(f"w = [{w[0]:.5f}, {w[1]:.7f}], b = {b:.5f}, after {fit.steps} steps")

# %% [markdown]
# <!--= steps_needed(Z) -->2<!--/--> steps to within one per cent, and <!--= fit.steps -->8<!--/--> until eleven digits agree with the exact answer for the data as they were recorded. Whether $s$ is
# computed with $n$ or with $n - 1$ below the line does not matter, as long as it is the same number on the way back. With $n$, as here, the
# variance that enters the Hessian is exactly 1.

# %% [markdown]
# ## What centring does, and what scaling does
#
# Split the Hessian into the row of the intercept and the rest. With $V$ the covariance matrix of the features it is
#
# $$
# H = \frac1n \tilde X^\top \tilde X = \begin{bmatrix} 1 & m^\top \\ m & V + m m^\top \end{bmatrix}
# \;\xrightarrow{\ \text{centre}\ }\; \begin{bmatrix} 1 & 0 \\ 0 & V \end{bmatrix}
# \;\xrightarrow{\ \text{divide by } s\ }\; \begin{bmatrix} 1 & 0 \\ 0 & C \end{bmatrix}
# $$
#
# with the correlation matrix $C$ at the end. **Centring** removes $m$: the intercept no longer competes with the weights, and
# the term $m m^\top$, one huge eigenvalue where a column lies far from zero, is gone. **Dividing** by $s$ makes the diagonal equal: no feature is steep because of its
# unit. They are two cures for two troubles. To see them apart, count the second feature from a mark 300 cm away as well:

# %%
X_far = X_cm + torch.tensor([0.0, 300.0])
scaled = {
    "as recorded": X_far,
    "only centred": X_far - X_far.mean(0),
    "only divided": X_far / s,
    "standardised": (X_far - X_far.mean(0)) / s,
}
print("              lambda_min lambda_max     kappa     steps")
for name, features in scaled.items():
    bowl = linreg.curvature(features)
    numbers = f"{bowl.mu:9.3f} {bowl.L:10.5g} {bowl.kappa:10.4g}"
    print(f"{name:13} {numbers} {steps_needed(features):10,}")

# %% [markdown]
# Each cure alone leaves the other trouble. Three and a half million steps would take a while, yet they can be checked too. A step is the same
# linear map each time, so $t$ steps are its $t$-th power, and squaring gets there in a few dozen products:


# %%
def after(t, features):
    """Parameters after t steps from zero at 1 / lambda_max."""
    A, lr = linreg.fold_bias(features), 1 / linreg.curvature(features).L
    k = A.shape[1]
    step = torch.eye(k + 1)  # what a step does to [theta, 1]
    step[:k, :k] -= lr * A.T @ A / len(y)
    step[:k, k] = lr * A.T @ y / len(y)
    return torch.linalg.matrix_power(step, t)[:k, k]


def loss_after(t, features):
    return linreg.squared_loss(linreg.fold_bias(features) @ after(t, features), y)


torch.testing.assert_close(after(steps_needed(X_cm), X_cm), theta)  # as the loop did
for name, features in scaled.items():
    t = steps_needed(features)
    assert loss_after(t - 1, features) > goal >= loss_after(t, features), name
print("all four arrive at the predicted step, and not one step earlier")

# %% [markdown]
# Here is the valley before and after, for a factor of 5 instead of 100, which would be too thin to draw. Both runs start at zero and take
# their best rate.

# %% alt="Two drawings of the loss over two weights. Above, with the second feature times 5, the contours are flat ellipses five times wider than high, and the path zigzags across the valley and has not arrived after 14 steps. Below, standardised, the contours are circles and the path goes to the centre in one step."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE


def valley(ax, features, colour, span):
    """Contours of the loss over the two weights, and a run from zero."""
    centred, best = features - features.mean(0), linreg.solve(features, y).w
    rate = linreg.curvature(centred).best_rate
    path = linreg.gradient_descent(centred, y - y.mean(), lr=rate, steps=14).path.w
    axes = [torch.linspace(*ends, 121) for ends in span]
    grids = torch.meshgrid(*axes, indexing="xy")
    gap = torch.stack(grids, dim=-1) - best  # (121, 121, 2)
    H = linreg.hessian(centred, intercept=False)
    height = 0.5 * torch.einsum("abi,ij,abj->ab", gap, H, gap)
    levels = [0.05, 0.25, 0.6, 1.1, 1.8]
    ax.contour(*grids, height, levels=levels, colors=GREY, linewidths=0.8)
    ax.plot(*path.T, "o-", color=colour, markersize=4, linewidth=1.4)
    ax.plot(*best, "*", color="black", markersize=11)
    ax.set(xlabel="first weight", ylabel="second weight", aspect="equal")


fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.5, 6.6), height_ratios=(1, 2))
fig.set_layout_engine(
    "constrained", h_pad=0.12
)  # inches, between a label and the title below it
five = X * torch.tensor([1.0, 5.0])
valley(top, five, ORANGE, ((-3.1, 1.1), (-0.35, 0.75)))
valley(bottom, (five - five.mean(0)) / five.std(0), BLUE, ((-3.1, 1.1), (-1.0, 3.0)))
top.set_title("second feature × 5: 14 steps, and not there", color=ORANGE)
bottom.set_title("standardised: one step", color=BLUE)
for ax in (top, bottom):
    ax.annotate("start", (0, 0), (7, -13), textcoords="offset points")
plt.show()

# %% [markdown]
# The step goes at right angles to the contours. In a circle that is towards the centre, in a long ellipse almost across it. How the price grows with the unit:

# %% alt="Steps needed against the factor on the second feature, both axes logarithmic. Predicted line and run dots rise together from 3 steps at factor 1 to more than five million at factor 1000, a slope of two. Standardised, the number of steps is 2 throughout, a level line."
factors = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]
counts = []
for factor in factors:
    features = X * torch.tensor([1.0, factor])
    t = steps_needed(features)
    assert loss_after(t - 1, features) > goal >= loss_after(t, features)
    counts.append(t)

fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
line = torch.logspace(0, 3, 25).tolist()
predicted = [steps_needed(X * torch.tensor([1.0, f])) for f in line]
ax.loglog(line, predicted, color=ORANGE)
ax.loglog(factors, counts, "o", color=ORANGE)
ax.loglog([1, 1000], [steps_needed(Z)] * 2, color=BLUE)
label = "as recorded\nline: predicted\ndots: run"
ax.text(25, 2e4, label, color=ORANGE, ha="right")
ax.text(30, 2.5, f"standardised: {steps_needed(Z)}", color=BLUE, va="bottom")
ax.text(90, 700, "unit 10 times smaller,\n100 times the steps", va="center")
ax.set(xlabel="factor on the second feature", ylabel="steps to within 1 %")
ax.set_ylim(1, 2e7)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Standardising buys one thing more: a learning rate that you can name without looking at the data. The diagonal of $C$ is all ones, so its eigenvalues add up to $d$, and
# none is larger than $d$. Hence, for the half-mean loss and full batches, every rate below $2/d$ is stable. `nn.MSELoss` is twice the half-mean and has half the limit, $1/d$. Small batches
# [allow less](../part1/batches.py#the-largest-rate-for-a-batch) than either. Here is a rate just below $2/d$, for twenty features that are correlated at 0.95, and for the two of above in batches of one row:


# %%
def end_of_run(X, y, lr, B, reduction):
    Z = (X - X.mean(0)) / X.std(0, correction=0)
    settings = {"epochs": 200, "batch_size": B, "reduction": reduction}
    generator = torch.Generator().manual_seed(1)
    fit = linreg.sgd(Z, y, lr=lr, generator=generator, record=False, **settings)
    return "diverged" if fit.status == "diverged" else "stable"


twenty = linreg.simulate(
    300, [1.0] * 20, correlation=0.95, generator=torch.Generator().manual_seed(0)
)
print(" d   rate   rows a step   half-mean       mean")
ends = []
for (X_d, y_d), B in ((twenty, 300), ((X, y), 1000), ((X, y), 1)):
    lr = 1.9 / X_d.shape[1]
    ends += [end_of_run(X_d, y_d, lr, B, name) for name in ("half_mean", "mean")]
    print(f"{X_d.shape[1]:2} {lr:6.3f} {B:13} {ends[-2]:>11} {ends[-1]:>10}")
assert ends[:2] == ["stable", "diverged"]
assert ends[4] == "diverged"

# %% [markdown]
# Without a common scale no rate is "usual".
#
# What standardising cannot cure is in $C$ itself: features that resemble each other keep a large $\kappa$ in any unit. That is
# [the next page](collinearity.py).

# %% [markdown]
# ## Does the exact answer need it?
#
# On paper, no: $w = c/s$ holds for the exact minimum of any data. And `solve` centres and scales inside, so its answers in any unit agree:

# %%
y_hat = linreg.solve(X, y).predict(X)
for features in (X_cm, X_far, Z):
    again = linreg.solve(features, y).predict(features)
    print("same predictions:", bool((again - y_hat).abs().max() < 1e-12))

# %% [markdown]
# Solvers that take the columns as they come do need it, above all in float32. Here are two centuries of years, a trend of 0.5 a year, and PyTorch's own least squares:

# %%
years = torch.arange(1801.0, 2021.0)
level = 0.5 * (years - 1900)
standard = (years - years.mean()) / years.std()


def trend(x, dtype):
    A = torch.stack((torch.ones_like(x), x), dim=1).to(dtype)
    b = level.to(dtype).unsqueeze(1)
    found = torch.linalg.lstsq(A, b, driver="gelsd")
    slope = found.solution[1, 0] * x.std() / years.std()  # back to a year
    return f"slope {slope:.4f}, rank {found.rank}"


print("float32, [1, year]        ", trend(years, torch.float32))
print("float32, [1, standardised]", trend(standard, torch.float32))
print("float64, [1, year]        ", trend(years, torch.float64))
fit = linreg.solve(years.float().unsqueeze(1), level.float())
print(f"float32, linreg.solve      slope {fit.w[0]:.4f}")

# %% [markdown]
# The trend is a hundred times too small and no warning is given: the function has decided that the two columns are one. [Four traps of lstsq](../part1/lstsq.py) shows
# the cut-off responsible, and plots the resulting line. The years lie <!--= years.mean() / years.std(correction=0):.0f -->30<!--/--> standard deviations from zero. How fast that number ruins a fit is exercise 2.

# %% [markdown]
# ## Whose mean, whose spread?
#
# $m$ and $s$ are parameters of the model, learned from the training rows like $w$ and $b$. New rows are scaled with *those* numbers. To scale them with their own is to measure each batch
# with another ruler. Suppose the model goes to work a year later, when the second feature has risen by one standard deviation. Here is the right way and three common wrong ones:

# %%
X_new, y_new = linreg.simulate(200, generator=torch.Generator().manual_seed(1))
X_new[:, 1] += 1.0  # the feature has drifted, the law has not:
y_new += 1.0  # the true weight is 1
X_new = X_new * torch.tensor([1.0, 100.0]) + torch.tensor([0.0, 300.0])

m, s = X_far.mean(0), X_far.std(0, correction=0)
fit = linreg.solve((X_far - m) / s, y)
right = fit.predict((X_new - m) / s)
own = fit.predict((X_new - X_new.mean(0)) / X_new.std(0, correction=0))
forgotten = linreg.predict(X_new, fit.w / s, fit.b)  # w taken back, b not
fit_y = linreg.solve((X_far - m) / s, (y - y.mean()) / y.std())
standard_y = fit_y.predict((X_new - m) / s)  # predicts (y - mean) / sd, read as y

print("R2 on the new rows")
for name, y_hat in (
    ("scaled by the training rows", right),
    ("scaled by their own mean", own),
    ("w taken back, b forgotten", forgotten),
    ("y scaled, never taken back", standard_y),
):
    print(f"{name:28} {linreg.r2(y_hat, y_new):7.3f}")

# %% alt="Predicted against true targets of 200 new rows. Scaled by the training rows the points lie on the diagonal. Scaled by their own mean they form a second band, parallel to the diagonal and one unit below it."
fig, ax = plt.subplots(figsize=(5.5, 4.2), layout="constrained")
some = slice(0, 140)
ends = [-2, 8]
ax.plot(ends, ends, color=GREY, linewidth=1)
ax.plot(y_new[some], right[some], "o", color=BLUE, markersize=4, mew=0, alpha=0.6)
ax.plot(y_new[some], own[some], "s", color=ORANGE, markersize=4, mew=0, alpha=0.6)
ax.text(2.6, 4.9, "scaled by the\ntraining rows", color=BLUE, ha="right")
ax.text(
    4.6, 1.9, "scaled by\ntheir own mean:\nthe rise is gone", color=ORANGE, va="top"
)
ax.set(xlabel="true target", ylabel="prediction", xlim=ends, ylim=ends)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Their own mean subtracts exactly the rise that the model should have seen. And a single new row has no spread of its own:

# %%
one = X_new[:1]
print("alone:", ((one - one.mean(0)) / one.std(0, correction=0)).tolist())

# %% [markdown]
# The other way to err is to compute $m$ and $s$ from all rows before they are split, so that the test rows have a say in the model they are to judge. Be exact about what this *leak* does. For the exact least-squares answer it does
# nothing, since any $m$ and $s$ give the same predictions, provided that the same ones are used for both sets. For a fit that depends on the scale, such as descent stopped early, it
# changes them:

# %%
everything = torch.cat((X_far, X_new))
m_all, s_all = everything.mean(0), everything.std(0, correction=0)
change = {}
for name, train in (
    ("exact", lambda Z: linreg.solve(Z, y)),
    ("5 steps", lambda Z: linreg.gradient_descent(Z, y, lr=0.3, steps=5)),
):
    honest = train((X_far - m) / s).predict((X_new - m) / s)
    leaking = train((X_far - m_all) / s_all).predict((X_new - m_all) / s_all)
    change[name] = float((honest - leaking).abs().max())
assert change["exact"] < 1e-12
print(f"5 steps of descent: predictions move by up to {change['5 steps']:.3f}")

# %% [markdown]
# So the rule costs nothing and needs no case analysis: **compute $m$ and $s$ from the training rows, keep them with the weights, and use them for every row that comes later.** Inside cross-validation that means once for each
# fold.

# %% [markdown]
# ## What a standardised weight says
#
# $w_j$ is the change of the prediction per unit of $x_j$; $c_j = w_j s_j$ is the change per standard deviation of $x_j$, and all $c_j$ have the unit of $y$. Here are ten measurements of each of several
# hundred patients, from a data set that scikit-learn ships, and the progression of their diabetes a year later:

# %%
data = linreg.load("diabetes")
fit = linreg.solve(data.X, data.y)
s_data = data.X.std(0, correction=0)
c_data = fit.w * s_data
print(len(data.y), "patients")
print("            sd        w        c")
for name, sd, w_j, c_j in zip(data.columns, s_data, fit.w, c_data, strict=True):
    print(f"{name:5} {sd:8.2f} {w_j:8.2f} {c_j:8.2f}")

Z_data = (data.X - data.X.mean(0)) / s_data
descent = [
    linreg.predict_steps(features, data.y, lr=1 / linreg.curvature(features).L)
    for features in (data.X, Z_data)
]
print(f"steps of descent: {descent[0]:,} as recorded, {descent[1]} standardised")
assert linreg.curvature(Z_data).L <= 10  # d, as promised above

# %% [markdown]
# Standardising saves a factor of <!--= descent[0] / descent[1] / 1e6:.0f -->3<!--/--> million here, and the answer can be read in another way. By $w$ the blood value `s5` looks <!--= fit.w[8] / fit.w[2]:.0f -->12<!--/--> times as important as the body mass index. One unit of it is two standard deviations,
# one unit of the index a quarter of one, that is all: per standard deviation it is <!--= c_data[8] / c_data[2]:.1f -->1.4<!--/--> times. Three warnings before you rank anything by $c$:
#
# - It depends on how much the feature happened to vary *in this sample*. Measure only people of similar weight, and $c$ of the body mass index shrinks while $w$ stays (exercise 4).
# - It holds the other columns fixed, which for `s1` to `s5` hardly ever happens: they move together, and their weights are [hardly determined](collinearity.py).
# - For a *binary* column a standard deviation is nothing that anybody can picture. `sex` has a spread of <!--= s_data[1]:.2f -->0.50<!--/-->, so that its $c$, <!--= c_data[1]:.1f -->-11.4<!--/-->, is only half of the difference
#   <!--= fit.w[1]:.1f -->-22.9<!--/--> between the two groups. A column of zeros and ones may stay as it is: its spread is at most one half, so it never makes a valley steep. Dividing a rare one by its small $s$ turns the
#   few ones into outliers.
#
# ## Other scales
#
# *Min-max* scaling maps the smallest value to 0 and the largest to 1. Use it where bounds are given by nature (a pixel between black and white), and mind that it does not centre. Columns with many exact zeros are divided only, since centring would fill
# them. And every scale that uses the extremes breaks when one of them is a typing error:


# %%
def min_max(features):
    low, high = features.min(0).values, features.max(0).values
    return (features - low) / (high - low)


def standardise(features):
    return (features - features.mean(0)) / features.std(0, correction=0)


mistyped = X_far.clone()
mistyped[0, 1] *= 100  # one entry without its decimal point
scales = {
    "0 to 1": min_max,
    "-1 to 1": lambda features: 2 * min_max(features) - 1,
    "standardised": standardise,
}
print("kappa            clean   one entry x 100")
for name, scale in scales.items():
    clean = linreg.curvature(scale(X_far)).kappa
    broken = linreg.curvature(scale(mistyped)).kappa
    print(f"{name:13} {clean:8.1f} {broken:17.1f}")

# %% [markdown]
# Standardising keeps $\kappa$ small even then, but it squeezes the honest values of that column together as min-max does: look at the data first. One step further on, scale stops being a matter of speed: *ridge* penalises large weights, which
# compares weights across columns, so that the units of the columns change its answer and not only the way there.
#
# ## What was shown
#
# - A unit a hundred times smaller costs ten thousand times the curvature: <!--= steps_needed(X_cm):, -->53,868<!--/--> steps instead of <!--= steps_needed(Z) -->2<!--/-->, as predicted.
# - Centring cuts the intercept loose and removes the eigenvalue of a far origin; dividing by $s$ makes the diagonal of $H$ equal. What remains is the correlation matrix, and with the half-mean and full batches any rate below $2/d$ is stable, $1/d$ with `nn.MSELoss`.
# - $w = c/s$ and $b = c_0 - \sum_j c_j m_j / s_j$ take a fit back, to the last digits.
# - The exact answer does not depend on the scale. Solvers in float32 do.
# - $m$ and $s$ belong to the model and come from the training rows.
#
# ## Exercises
#
# **1. Both sides scaled.** Scale the target as well, $(y - m_y)/s_y$, and fit $c$ and $c_0$ to it. Write `back(c, c0, m, s, m_y, s_y)`, which returns $w$ and $b$ in the original units. This checks yours:


# %%
def check_back(back):
    m_y, s_y = y.mean(), y.std()
    fit = linreg.solve((X_far - X_far.mean(0)) / s, (y - m_y) / s_y)
    w, b = back(fit.w, fit.b, X_far.mean(0), s, m_y, s_y)
    exact = linreg.solve(X_far, y)
    torch.testing.assert_close(w, exact.w)
    torch.testing.assert_close(b, exact.b)


# %% [markdown] answer="Answer"
# The model predicts $(\hat y - m_y)/s_y$. Multiply by $s_y$ and add $m_y$; then do as before.


# %% answer="Answer"
def back(c, c0, m, s, m_y, s_y):
    w = s_y * c / s
    return w, m_y + s_y * c0 - (w * m).sum()


check_back(back)

# %% [markdown]
# **2. How far is too far?** One feature with variance 1 and mean $a$, not centred. Work out the eigenvalues of its Hessian on paper, and write `kappa(a)`. What is it, about, for large $a$? What does it say for the years, at $a = 30$?


# %%
def check_kappa(kappa):
    z = standardise(X[:, :1])
    for a in (0.0, 1.0, 5.0, 30.0):
        assert abs(kappa(a) / linreg.curvature(z + a).kappa - 1) < 1e-9


# %% [markdown] answer="Answer"
# $H = \begin{bmatrix} 1 & a \\ a & 1 + a^2 \end{bmatrix}$ has determinant 1, so its eigenvalues are $\lambda$ and $1/\lambda$, with sum $2 + a^2$. Hence $\kappa = \lambda^2$ with the larger root $\lambda$, and
# $\kappa \approx (2 + a^2)^2$: it grows with the *fourth* power of the distance from zero.


# %% answer="Answer"
def kappa(a):
    half = 1 + a * a / 2
    return (half + (half**2 - 1) ** 0.5) ** 2


check_kappa(kappa)
print(f"{kappa(30.0):,.0f}, and (2 + a^2)^2 is {(2 + 30.0**2) ** 2:,.0f}")

# %% [markdown]
# **3. A constant column.** Add a column that holds 0.1 everywhere, and standardise. What do you get, and why not a division by zero? Write `safe(train)`, which returns $m$ and $s$ such that a constant column becomes exactly zero:


# %%
def check_safe(safe):
    for value in (0.0, 0.1, 37.2):
        train = torch.column_stack((X_far, torch.full_like(y, value)))
        m, s = safe(train)
        z = (train - m) / s
        assert (z[:, 2] == 0).all()
        torch.testing.assert_close(z[:, :2], standardise(X_far))


# %% [markdown] answer="Answer"
# The mean of a thousand tenths is rounded, so that the deviations are not zero but about $10^{-17}$, all of them equal, and their spread is just as small. Divided by each other they give a column of ones or minus ones: a second intercept. A column whose
# spread is within rounding of its mean is constant. Give it $s = 1$ and its own value as $m$.


# %% answer="Answer"
def safe(train):
    m, s = train.mean(0), train.std(0, correction=0)
    constant = s <= 1e-14 * train.abs().amax(0)
    return torch.where(constant, train[0], m), torch.where(constant, 1.0, s)


check_safe(safe)
tenth = torch.full((1000,), 0.1)
print("unsafe:", (tenth - tenth.mean()).div(tenth.std(correction=0))[:3].tolist())

# %% [markdown]
# **4. A narrower sample.** Keep only the samples of `X` whose second feature lies between -0.5 and 0.5, and fit again. Before you run it: what happens to $w_2$, and what to $c_2$? Which of the two would you publish?

# %% [markdown] answer="Answer"
# The law has not changed, so $w_2$ stays near 1, a little less certain. The spread of the feature has shrunk, and $c_2 = w_2 s_2$ with it. Publish $w$ with its unit; give $c$ beside it together with $s$.

# %% answer="Answer"
narrow = X[:, 1].abs() < 0.5
for name, rows in (("all", slice(None)), ("narrow", narrow)):
    w_2, s_2 = linreg.solve(X[rows], y[rows]).w[1], X[rows, 1].std()
    print(f"{name:7} w = {w_2:.2f}, s = {s_2:.2f}, c = {w_2 * s_2:.2f}")

# %% [markdown]
# ## References
#
# - Boyd and Vandenberghe, *Convex Optimization*, section 9.3: descent and the condition number.
# - LeCun, Bottou, Orr and Müller, *Efficient BackProp*, section 4.3: why inputs are normalised.
# - Higham, *Accuracy and Stability of Numerical Algorithms*, section 7.3: columns of equal length nearly minimise the condition number that scaling can reach.
# - Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 3.4.1: ridge depends on the scale; section 7.10.2: steps that must stay inside the fold.
# - Gelman (2008), *Scaling regression inputs by dividing by two standard deviations*: weights that can be compared with those of binary columns.
#
# <!-- given 9.3, 4.3, 7.3, 3.4.1, 7.10.2, 2008: sections of the books cited, and a year -->
#
# ## Where next
#
# [Collinearity](collinearity.py) is what no change of units can cure. [Gradient descent, executed](../part1/descent-run.py) shows the five usual rates diverge on the
# same data.
