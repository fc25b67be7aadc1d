# %% [markdown]
# # Scaling
#
# After this page you can put features of any unit on one scale, take the weights and the intercept back to the original units, say in advance what a unit or a far origin costs gradient descent, and scale new rows without spoiling what the model learned.
#
# <!-- core -->
#
# Besides `linreg` this page needs scikit-learn; [the line that installs](../index.md#run-it-yourself) brings it.
#
# **The question.** Write a distance in centimetres instead of metres. The model is the same, and so are its predictions. Why does gradient descent now need more than fifty thousand steps instead of three, and which other methods are affected?

# %% [markdown]
# ## The same data in other units
#
# Two data sets, each with its second feature in a unit a hundred times smaller, so that its numbers are a hundred times larger: the toy, a thousand rows with two features of unit scale, and the ordinary data, 300 rows with twenty correlated features. The condition number of the Hessian says what to expect ([Gradient descent](../part1/descent.md#how-many-steps) derives it), and `predict_steps` gives the number of steps:

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))  # w = (-1, 1), b = 2
X_ord, y_ord, _, _ = linreg.ordinary()


def in_centimetres(features):
    """The same rows with the second feature in a unit a hundred times smaller."""
    return features * torch.where(torch.arange(features.shape[1]) == 1, 100.0, 1.0)


def steps_needed(features, target):
    """Steps from zero at 1 / lambda_max until the loss is within one per cent."""
    return linreg.predict_steps(features, target, lr=1 / linreg.curvature(features).L)


X_cm, X_ord_cm = in_centimetres(X), in_centimetres(X_ord)
cases = {
    "toy": (X, y),
    "toy, second column x 100": (X_cm, y),
    "ordinary": (X_ord, y_ord),
    "ordinary, second column x 100": (X_ord_cm, y_ord),
}
print("                                   kappa      steps")
for name, (features, target) in cases.items():
    kappa = linreg.curvature(features).kappa
    print(f"{name:30} {kappa:9.4g} {steps_needed(features, target):10,}")

# %% [markdown]
# Here is the run on the toy, to the predicted step and the one before it. The gradient is $H\theta - g$ with $H = \tilde X^\top \tilde X / n$ and $g = \tilde X^\top y / n$, so no step has to read the rows.


# %%
def descend(features, target, steps):
    """Parameters from zero at 1 / lambda_max: after `steps` steps, and one before."""
    A = linreg.fold_bias(features)
    H, g = A.T @ A / len(A), A.T @ target / len(A)
    lr, theta = 1 / linreg.curvature(features).L, torch.zeros(A.shape[1])
    for _ in range(steps):
        before, theta = theta, theta - lr * (H @ theta - g)
    return theta, before


def arrived(features, target, theta):
    """Whether the loss is within one per cent of the smallest."""
    loss = linreg.squared_loss(linreg.fold_bias(features) @ theta, target)
    return bool(loss <= 1.01 * linreg.solve(features, target).loss)


last, one_before = descend(X_cm, y, steps_needed(X_cm, y))
print("one step before: arrived", arrived(X_cm, y, one_before))
print("predicted step:  arrived", arrived(X_cm, y, last))

# %% [markdown]
# The prediction is right to the step, out of <!--= steps_needed(X_cm, y):, -->53,868<!--/-->. A better rate hardly helps: the largest stable one is only twice as large.
#
# ## Standardise, and map back
#
# Let $m_j$ be the mean of column $j$ and $s_j$ its *standard deviation*, the root of the mean squared deviation from $m_j$. *Standardising* replaces $x_j$ by
#
# $$
# z_j = \frac{x_j - m_j}{s_j},
# $$
#
# a number without a unit, whose mean is 0 and whose mean square is 1. A linear model of $z$ is a linear model of $x$. Call its weights $c_j$ and its intercept $c_0$, insert $z_j$, and collect:
#
# $$
# \hat y = c_0 + \sum_j c_j \, \frac{x_j - m_j}{s_j}
# = \underbrace{c_0 - \sum_j \frac{c_j m_j}{s_j}}_{b} + \sum_j \underbrace{\frac{c_j}{s_j}}_{w_j} x_j .
# $$
#
# So $w_j = c_j / s_j$ and $b = c_0 - \sum_j w_j m_j$. Each $(w, b)$ belongs to exactly one $(c, c_0)$ with the same predictions, hence the same loss, so the minimum of one problem is the minimum of the other.


# %%
def scale_of(features):
    """Mean and standard deviation of each column, divided by n."""
    return features.mean(0), features.std(0, correction=0)


def standardise(features):
    mean, spread = scale_of(features)
    return (features - mean) / spread


def take_back(c, c0, mean, spread):
    """Weights and intercept for the columns as they were recorded."""
    w = c / spread
    return w, c0 - (w * mean).sum()


for name, (features, target) in cases.items():
    scaled = standardise(features)
    fit = linreg.gradient_descent(
        scaled, target, lr=linreg.curvature(scaled).best_rate, steps=1000, tol=1e-24
    )
    w, b = take_back(fit.w, fit.b, *scale_of(features))
    direct = linreg.solve(features, target)
    torch.testing.assert_close(w, direct.w, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(b, direct.b, rtol=1e-10, atol=0)
    print(f"{name:30} {steps_needed(scaled, target):4} steps standardised")

# %% [markdown]
# Two steps on the toy, in either unit. On the ordinary data <!--= steps_needed(standardise(X_ord_cm), y_ord) -->79<!--/-->, about as many as before the change of unit: the cost of their correlation stays. Run on to rounding and taken back, each fit agrees with `solve` on the data as they were recorded. It does not matter whether $s$ is computed with $n$ or with $n - 1$ below the line, as long as the same $s$ is used on the way back.

# %% [markdown]
# ## What centring does, and what scaling does
#
# Split the Hessian into the row of the intercept and the rest. The *covariance* of two columns is the mean product of their deviations from their means. With $V$ the matrix of all covariances of the features,
#
# $$
# H = \frac1n \tilde X^\top \tilde X = \begin{bmatrix} 1 & m^\top \\ m & V + m m^\top \end{bmatrix}
# \;\xrightarrow{\ \text{centre}\ }\; \begin{bmatrix} 1 & 0 \\ 0 & V \end{bmatrix}
# \;\xrightarrow{\ \text{divide by } s\ }\; \begin{bmatrix} 1 & 0 \\ 0 & C \end{bmatrix}
# $$
#
# with $C$, the covariances of the standardised columns, at the end: these are the *correlations*. **Centring** removes $m$: the intercept no longer competes with the weights, and the term $m m^\top$, a huge eigenvalue where a column lies far from zero, is gone. **Dividing** by $s$ makes the diagonal equal: no feature is steep because of its unit. To see the two apart, count the second feature from a mark 300 cm away as well:


# %%
def power_of_steps(features, target, steps):
    """As `descend`: a step is a linear map, so many steps are one matrix power."""
    A, lr = linreg.fold_bias(features), 1 / linreg.curvature(features).L
    k = A.shape[1]
    step = torch.eye(k + 1)  # what a step does to [theta, 1]
    step[:k, :k] -= lr * A.T @ A / len(A)
    step[:k, k] = lr * A.T @ target / len(A)
    return torch.linalg.matrix_power(step, steps)[:k, k]


def checked_steps(features, target):
    """The predicted number of steps, after a look at that step and the one before."""
    steps = steps_needed(features, target)
    assert arrived(features, target, power_of_steps(features, target, steps))
    assert not arrived(features, target, power_of_steps(features, target, steps - 1))
    return steps


def four_ways(features):
    mean, spread = scale_of(features)
    return {
        "as recorded": features,
        "only centred": features - mean,
        "only divided": features / spread,
        "standardised": (features - mean) / spread,
    }


torch.testing.assert_close(
    power_of_steps(X_cm, y, steps_needed(X_cm, y)), last
)  # as the loop did
away = torch.tensor([0.0, 300.0])
X_far = X_cm + away
X_ord_far = X_ord_cm.clone()
X_ord_far[:, 1] += 300
price = {}
print("               toy: kappa      steps   ordinary: kappa      steps")
for name in four_ways(X_far):
    toy, ordinary = four_ways(X_far)[name], four_ways(X_ord_far)[name]
    price[name] = checked_steps(toy, y), checked_steps(ordinary, y_ord)
    print(
        f"{name:13} {linreg.curvature(toy).kappa:11.4g} {price[name][0]:10,}"
        f" {linreg.curvature(ordinary).kappa:17.4g} {price[name][1]:10,}"
    )

# %% [markdown]
# Neither half is enough alone. Each number of steps in the table was checked: a step is the same linear map each time, so the state after $t$ steps is a matrix power, which repeated squaring reaches in a few dozen products.
#
# Here is the valley before and after, for a factor of 5 instead of 100, which would be too thin to draw. Both runs start at zero and take their best rate.

# %% alt="Two drawings of the loss over two weights. Above, with the second feature times 5, the contours are flat ellipses five times wider than high, and the path zigzags across the valley and has not arrived after 14 steps. Below, standardised, the contours are circles and the path goes to the centre in one step."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE


def draw_valley(ax, features, target, colour, span):
    """Contours of the loss over the two weights, and a run from zero."""
    centred, best = features - features.mean(0), linreg.solve(features, target).w
    rate = linreg.curvature(centred).best_rate
    path = linreg.gradient_descent(
        centred, target - target.mean(), lr=rate, steps=14
    ).path.w
    axes = [torch.linspace(*ends, 121) for ends in span]
    grids = torch.meshgrid(*axes, indexing="xy")
    gap = torch.stack(grids, dim=-1) - best  # (121, 121, 2)
    H = linreg.hessian(centred, intercept=False)
    height = 0.5 * torch.einsum("abi,ij,abj->ab", gap, H, gap)
    levels = [0.05, 0.25, 0.6, 1.1, 1.8]
    ax.contour(*grids, height, levels=levels, colors=GREY, linewidths=0.8)
    ax.plot(*path.T, "o-", color=colour, markersize=4, linewidth=1.4)
    ax.plot(*best, "*", color="black", markersize=11)
    clear = {"color": "white", "pad": 0.5}  # no contours behind the letters
    beside = {"textcoords": "offset points", "bbox": clear}
    ax.annotate("start", path[0].tolist(), (7, -13), **beside)
    ax.set(xlabel="first weight", ylabel="second weight", aspect="equal")
    return path - best, float((H[1, 1] / H[0, 0]).sqrt())


fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.5, 6.6), height_ratios=(1, 2))
fig.set_layout_engine(
    "constrained", h_pad=0.12
)  # inches, between a label and the title below it
five = X * torch.tensor([1.0, 5.0])
off, wide = draw_valley(top, five, y, ORANGE, ((-3.1, 1.1), (-0.35, 0.75)))
off_in_units, even = draw_valley(
    bottom, standardise(five), y, BLUE, ((-3.1, 1.1), (-1.0, 3.0))
)
top.set_title("second feature × 5: 14 steps, and not there", color=ORANGE)
bottom.set_title("standardised: one step", color=BLUE)
assert 4.8 < wide < 5.2
assert abs(even - 1) < 0.01
assert bool((off[1:, 1] * off[:-1, 1] < 0).all())  # across the valley at each step
assert off[14].norm() > 0.2 > 0.05 > off_in_units[1].norm()
plt.show()

# %% [markdown]
# A step goes at right angles to the contours: in a circle towards the centre, in a long ellipse almost across it. The price grows with the square of the unit:

# %% alt="Steps needed against the factor on the second feature, both axes logarithmic. Predicted line and run dots rise together from 3 steps at factor 1 to more than five million at factor 1000, a slope of two. Standardised, the number of steps is 2 throughout, a level line."
factors = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]
counts = [checked_steps(X * torch.tensor([1.0, f]), y) for f in factors]
level = steps_needed(standardise(X), y)
assert (counts[0], level) == (3, 2)
assert counts[-1] > 5e6
assert 99 < counts[4] / counts[2] < 101

fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
fine = torch.logspace(0, 3, 25).tolist()
predicted = [steps_needed(X * torch.tensor([1.0, f]), y) for f in fine]
ax.loglog(fine, predicted, color=ORANGE)
ax.loglog(factors, counts, "o", color=ORANGE)
ax.loglog([fine[0], fine[-1]], [level] * 2, color=BLUE)
beside = {"textcoords": "offset points"}
at = (factors[3], counts[3])
label = "as recorded\nline: predicted\ndots: run"
ax.annotate(label, at, (-12, 12), color=ORANGE, ha="right", **beside)
ax.annotate("unit 10 times smaller,\n100 times the steps", at, (18, -30), **beside)
ax.annotate(f"standardised: {level}", (at[0], level), (0, 4), color=BLUE, **beside)
ax.set(xlabel="factor on the second feature", ylabel="steps to within 1 %")
ax.set_ylim(1, 2e7)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## A rate that needs no look at the data
#
# Standardising has a second use: it bounds the learning rate. The diagonal of $C$ is all ones, so its eigenvalues add up to $d$, and none is larger than $d$. Hence, for the half-mean loss and full batches, each rate below $2/d$ is stable. `nn.MSELoss` is twice the half-mean and has half the limit, $1/d$. Small batches [allow less](../part1/batches.py#the-largest-rate-for-a-batch) than either. Here is a rate just below $2/d$: for the ordinary data, for twenty features with correlation 0.95, and for the toy, at last in batches of one row:


# %%
def end_of_run(features, target, lr, batch_size, reduction):
    fit = linreg.sgd(
        standardise(features),
        target,
        lr=lr,
        epochs=200,
        batch_size=batch_size,
        reduction=reduction,
        record=False,
        generator=torch.Generator().manual_seed(1),
    )
    return "diverged" if fit.status == "diverged" else "stable"


X_alike, y_alike = linreg.simulate(
    300, [1.0] * 20, correlation=0.95, generator=torch.Generator().manual_seed(0)
)
runs = {
    "ordinary": (X_ord_far, y_ord, 300),
    "correlation 0.95": (X_alike, y_alike, 300),
    "toy": (X_far, y, 1000),
    "toy, single rows": (X_far, y, 1),
}
print("                     rate   half-mean   mean (MSELoss)")
ends = {}
for name, (features, target, batch_size) in runs.items():
    lr = 1.9 / features.shape[1]
    ends[name] = [
        end_of_run(features, target, lr, batch_size, reduction)
        for reduction in ("half_mean", "mean")
    ]
    print(f"{name:17} {lr:7.3f} {ends[name][0]:>11} {ends[name][1]:>16}")
assert [half for half, _ in ends.values()] == ["stable"] * 3 + ["diverged"]
assert [ends[name][1] for name in ("ordinary", "correlation 0.95")] == ["diverged"] * 2

# %% [markdown]
# At this rate `nn.MSELoss` comes with no promise, and on the correlated columns it diverged. Standardising cannot remove what is in $C$ itself: features that resemble each other keep a large $\kappa$ in any unit. That is the subject of [the next page](collinearity.py).
#
# ## Does the exact answer need it?
#
# On paper, no: $w = c/s$ holds for the exact minimum. `solve` centres and scales inside, so its predictions agree in all units:

# %%
for plain, versions, target in (
    (X, (X_cm, X_far, standardise(X)), y),
    (X_ord, (X_ord_cm, X_ord_far, standardise(X_ord)), y_ord),
):
    y_hat = linreg.solve(plain, target).predict(plain)
    for features in versions:
        again = linreg.solve(features, target).predict(features)
        print("same predictions:", bool((again - y_hat).abs().max() < 1e-12))

# %% [markdown]
# Solvers that take the columns as they come can need it, above all in float32: of a trend over two centuries `lstsq` [loses nearly all](../part1/lstsq.py#years), and centring brings it back. Exercise 1 works out what a far origin costs.

# %% [markdown]
# ## Whose mean, whose spread?
#
# Call the rows that a model is fitted to its *training rows*. $m$ and $s$ are parameters of the model, learned from the training rows like $w$ and $b$, and new rows are scaled with *those* numbers. Suppose the model is used a year later, when the second feature has risen by one standard deviation. Here are the right way and three common wrong ones:

# %%
X_new, y_new = linreg.simulate(200, generator=torch.Generator().manual_seed(1))
X_new[:, 1] += 1.0  # the feature has risen, the law is the same:
y_new += 1.0  # the true weight is 1
X_new = in_centimetres(X_new) + away

m, s = scale_of(X_far)
fit_z = linreg.solve((X_far - m) / s, y)
right = fit_z.predict((X_new - m) / s)
own = fit_z.predict(standardise(X_new))
forgotten = linreg.predict(X_new, fit_z.w / s, fit_z.b)  # w taken back, b not
fit_zy = linreg.solve((X_far - m) / s, standardise(y))
standard_y = fit_zy.predict((X_new - m) / s)  # predicts (y - mean) / sd, read as y

print("R2 on the new rows")
for name, prediction in (
    ("scaled by the training rows", right),
    ("scaled by their own mean", own),
    ("w taken back, b forgotten", forgotten),
    ("y scaled, never taken back", standard_y),
):
    print(f"{name:28} {linreg.r2(prediction, y_new):7.3f}")

# %% alt="Predicted against true targets of 140 new rows. Scaled by the training rows the points lie along the diagonal. Scaled by their own mean they form a second band, parallel to the diagonal and about one unit below it."
some = slice(0, 140)
assert (right - y_new).mean().abs() < 0.05
assert 0.9 < (y_new - own).mean() < 1.1
fig, ax = plt.subplots(figsize=(5.5, 4.2), layout="constrained")
span = [-2, 8]
ax.plot(span, span, color=GREY, linewidth=1)
ax.plot(y_new[some], right[some], "o", color=BLUE, markersize=4, mew=0, alpha=0.6)
ax.plot(y_new[some], own[some], "s", color=ORANGE, markersize=4, mew=0, alpha=0.6)
middle = float(y_new.mean())
ax.annotate(
    "scaled by the\ntraining rows",
    (middle, middle),
    (-25, 35),
    color=BLUE,
    ha="right",
    textcoords="offset points",
)
ax.annotate(
    "scaled by\ntheir own mean:\nthe rise is gone",
    (middle, middle - 1),
    (35, -20),
    color=ORANGE,
    va="top",
    textcoords="offset points",
)
ax.set(xlabel="true target", ylabel="prediction", xlim=span, ylim=span)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Subtracting their own mean removes exactly the rise that the model should have seen. And a single new row has no spread of its own:

# %%
one = X_new[:1]
print("alone:", ((one - one.mean(0)) / one.std(0, correction=0)).tolist())

# %% [markdown]
# The opposite mistake is to compute $m$ and $s$ from all rows before they are split, so that the test rows influence the model that they are to judge: [a leak](generalise.py#leakage).
#
# The rule covers both mistakes: **compute $m$ and $s$ from the training rows, keep them with the weights, and use them for each row that comes later.** Where the rows are split many times, compute them anew from each set of training rows.

# %% [markdown]
# ## What a standardised weight says
#
# $w_j$ is the change of the prediction for one unit of $x_j$; $c_j = w_j s_j$ is the change for one standard deviation of $x_j$, and all $c_j$ have the unit of $y$. Here are ten measurements of each of several hundred patients, from a data set that scikit-learn ships, and the progression of their diabetes a year later:

# %%
data = linreg.load("diabetes")
fit_data = linreg.solve(data.X, data.y)
s_data = data.X.std(0, correction=0)
c_data = fit_data.w * s_data
print(len(data.y), "patients")
print("            sd        w        c")
for name, sd, w_j, c_j in zip(data.columns, s_data, fit_data.w, c_data, strict=True):
    print(f"{name:5} {sd:8.2f} {w_j:8.2f} {c_j:8.2f}")

recorded = steps_needed(data.X, data.y)
brought = steps_needed(standardise(data.X), data.y)
print(f"steps of descent: {recorded:,} as recorded, {brought} standardised")
assert linreg.curvature(standardise(data.X)).L <= 10  # d, as promised above

# %% [markdown]
# Standardising saves a factor of <!--= recorded / brought / 1e6:.0f -->3<!--/--> million here. By $w$ the blood value `s5` looks <!--= fit_data.w[8] / fit_data.w[2]:.0f -->12<!--/--> times as important as the body mass index; for one standard deviation of each it is <!--= c_data[8] / c_data[2]:.1f -->1.4<!--/--> times. Three warnings before you rank anything by $c$:
#
# - It depends on how much the feature happened to vary *in this sample* (exercise 3).
# - It holds the other columns fixed, which for `s1` to `s5` hardly ever happens: they move together, and their weights are [poorly determined](collinearity.py).
# - For a column of zeros and ones a standard deviation is hard to picture. `sex` has a spread of <!--= s_data[1]:.2f -->0.50<!--/-->, so its $c$, <!--= c_data[1]:.1f -->-11.4<!--/-->, is only half of the difference <!--= fit_data.w[1]:.1f -->-22.9<!--/--> between the two groups. Such a column may stay as it is, unless one of the two values is rare: its spread is at most one half, so it never makes a valley steep, but a small spread makes it flat.
#
# *Min-max* scaling maps the smallest value to 0 and the largest to 1. Use it where nature gives the bounds (a pixel between black and white). It does not centre, and one mistyped entry decides the scale of the whole column:


# %%
def min_max(features):
    low, high = features.min(0).values, features.max(0).values
    return (features - low) / (high - low)


def with_slip(features):
    """The same rows, one entry without its decimal point."""
    slipped = features.clone()
    slipped[0, 1] *= 100
    return slipped


print("kappa                   clean   one entry x 100")
for data_name, features in (("toy", X_far), ("ordinary", X_ord_far)):
    for name, scale in (("0 to 1", min_max), ("standardised", standardise)):
        clean = linreg.curvature(scale(features)).kappa
        broken = linreg.curvature(scale(with_slip(features))).kappa
        print(f"{data_name:9} {name:13} {clean:6.4g} {broken:17.4g}")

# %% [markdown]
# Standardising keeps $\kappa$ small even then, but it squeezes the sound values of that column together as min-max does, so look at the data first. Where large weights are penalised, [as in ridge regression](../part3/ridge.py), scale is no longer only a matter of speed: the units of the columns then change the answer.
#
# ## What was shown
#
# - A unit a hundred times smaller made $\kappa$ <!--= linreg.curvature(X_cm).kappa / linreg.curvature(X).kappa:,.0f -->9,158<!--/--> times as large on the toy and <!--= linreg.curvature(X_ord_cm).kappa / linreg.curvature(X_ord).kappa:,.0f -->1,001<!--/--> times on the ordinary data: <!--= steps_needed(X_cm, y):, -->53,868<!--/--> steps instead of <!--= steps_needed(X, y) -->3<!--/--> on the toy, <!--= f"{steps_needed(X_ord_cm, y_ord):,}" -->72,748<!--/--> instead of <!--= steps_needed(X_ord, y_ord) -->78<!--/--> on the ordinary data.
# - Centring removes the eigenvalue of a far origin; dividing by $s$ makes the diagonal of $H$ equal. Neither alone was enough, on the toy (<!--= f'{price["only centred"][0]:,}' -->52,269<!--/--> and <!--= f'{price["only divided"][0]:,}' -->445<!--/--> steps) or on the ordinary data (<!--= f'{price["only centred"][1]:,}' -->71,258<!--/--> and <!--= f'{price["only divided"][1]:,}' -->774<!--/-->); together they needed <!--= price["standardised"][0] -->2<!--/--> and <!--= price["standardised"][1] -->79<!--/-->.
# - On standardised columns, with the half-mean and full batches, each rate below $2/d$ is stable, for any data; with `nn.MSELoss` below $1/d$. The rate just below $2/d$ was stable with the half-mean on the toy, the ordinary data and columns correlated at 0.95; with `nn.MSELoss` it diverged on the last two, and in single rows on the toy with either.
# - $w = c/s$ and $b = c_0 - \sum_j c_j m_j / s_j$ take a fit back: to ten digits on both data sets, in both units.
# - The exact answer does not depend on the scale, on both data sets. That of a solver that takes the columns as they come may ([years in float32](../part1/lstsq.py#years)).
# - $m$ and $s$ belong to the model and come from the training rows (the toy, a year later).
#
# ## Exercises
#
# **1. By pencil.** One feature with mean square deviation 1 and mean $a$, not centred. What are the eigenvalues of its Hessian, and what is $\kappa$ at $a = 30$? Check yours with `linreg.check(yours, kappa_far)`:

# %%
kappa_far = linreg.curvature(standardise(X[:, :1]) + 30).kappa

# %% [markdown] answer="Hint"
# Write down the 2 x 2 matrix $H$ as above, with $V = 1$. What is its determinant, and what does that say about the two eigenvalues?

# %% [markdown] answer="Answer"
# $H = \begin{bmatrix} 1 & a \\ a & 1 + a^2 \end{bmatrix}$ has determinant 1, so its eigenvalues are $\lambda$ and $1/\lambda$, with sum $2 + a^2$. Hence $\kappa = \lambda^2$ with the larger root $\lambda$, and $\kappa \approx (2 + a^2)^2$: it grows with the *fourth* power of the distance from zero.

# %% answer="Answer"
half = 1 + 30.0**2 / 2
linreg.check((half + (half**2 - 1) ** 0.5) ** 2, kappa_far)
linreg.check((2 + 30.0**2) ** 2, kappa_far)

# %% [markdown]
# **2. Predict the picture.** The figure of the steps against the factor begins at 1. Continue it to the left, to a factor of one thousandth: the second feature in kilometres. Sketch the curve before you run it.

# %% [markdown] answer="Hint"
# With the factor $f$ the Hessian has one eigenvalue near 1 and one near $f^2$. Which is the larger now?

# %% [markdown] answer="Answer"
# It rises again, with the same slope: the picture is a V. What counts is the ratio of the two units, and a unit that is too large costs as much as one that is too small.

# %% answer="Answer" alt="Steps needed against the factor on the second feature from one thousandth to one thousand, both axes logarithmic. The curve is a V with its lowest point, 3 steps, at factor 1."
wide = torch.logspace(-3, 3, 25)
v_shape = [steps_needed(X * torch.stack((torch.ones(()), f)), y) for f in wide]
assert min(v_shape) == v_shape[12] == 3
assert v_shape[0] > 1e6 < v_shape[-1]
fig, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
ax.loglog(wide, v_shape, "o-", color=ORANGE, markersize=4)
ax.set(xlabel="factor on the second feature", ylabel="steps to within 1 %")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# **3. What is wrong with this sentence?** "We repeated the study with samples whose second feature lies between -0.5 and 0.5. Its standardised weight fell to a third, so its influence has become weaker."

# %% [markdown] answer="Hint"
# $c_2 = w_2 s_2$. Which of the two factors does the choice of the samples change?

# %% [markdown] answer="Answer"
# The spread has become smaller, not the influence: $w_2$ stays near 1, only less certain. Publish $w$ with its unit; give $c$ beside it together with $s$.

# %% answer="Answer"
narrow = X[:, 1].abs() < 0.5
for name, rows in (("all", torch.ones(len(X), dtype=torch.bool)), ("narrow", narrow)):
    w_2, s_2 = linreg.solve(X[rows], y[rows]).w[1], X[rows, 1].std(correction=0)
    print(f"{name:7} w = {w_2:.2f}, s = {s_2:.2f}, c = {w_2 * s_2:.2f}")

# %% [markdown]
# **4. Code.** Scale the target as well, $(y - m_y)/s_y$, and fit $c$ and $c_0$ to it. Write `back(c, c0, m, s, m_y, s_y)`, which returns $b$ and $w$ in the original units as one tensor. Check yours with `linreg.check(back(fit_both.w, fit_both.b, m, s, *scale_of(y)), right_back)`:

# %%
fit_both = linreg.solve(standardise(X_far), standardise(y))
direct_far = linreg.solve(X_far, y)
right_back = torch.cat((direct_far.b.reshape(1), direct_far.w))

# %% [markdown] answer="Hint"
# The model predicts $(\hat y - m_y)/s_y$. Solve for $\hat y$ first, then do as for features alone.


# %% answer="Answer"
def back(c, c0, m, s, m_y, s_y):
    w, b = take_back(s_y * c, m_y + s_y * c0, m, s)
    return torch.cat((b.reshape(1), w))


linreg.check(back(fit_both.w, fit_both.b, m, s, *scale_of(y)), right_back)

# %% [markdown]
# **5. Code: a constant column.** Add a column that holds 0.1 everywhere, and standardise. What do you get, and why not a division by zero? Write `safe(train)`, which returns $m$ and $s$ such that a constant column becomes exactly zero. Check yours with `linreg.check(scaled_by(safe, X_far), scaled_right)`:


# %%
def scaled_by(rule, features):
    """The first rows of the features and of a constant column, scaled by the rule."""
    train = torch.column_stack((features, torch.full((len(features),), 0.1)))
    mean, spread = rule(train)
    return ((train - mean) / spread)[:5]


scaled_right = torch.column_stack((standardise(X_far)[:5], torch.zeros(5)))

# %% [markdown] answer="Hint"
# The mean of a thousand tenths is rounded. How large are the deviations from it, beside the entries?

# %% [markdown] answer="Answer"
# The deviations are not zero but about $10^{-17}$, all of them equal, and their spread is just as small. Divided by each other they give a column of ones or minus ones, a second intercept, or infinities where the spread rounds to zero. A column whose spread is within rounding of its size is constant. Give it $s = 1$ and its own value as $m$.


# %% answer="Answer"
def safe(train):
    mean, spread = scale_of(train)
    constant = spread <= 1e-14 * train.abs().amax(0)
    return torch.where(constant, train[0], mean), torch.where(constant, 1.0, spread)


linreg.check(scaled_by(safe, X_far), scaled_right)
unsafe = scaled_by(scale_of, X_far)[:, 2]
print("unsafe: all zero", bool((unsafe == 0).all()))

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
# [Collinearity](collinearity.py) is what no change of units can cure.
