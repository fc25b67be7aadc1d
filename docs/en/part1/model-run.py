# %% [markdown]
# # Data and model, executed
#
# After this page you can judge what a scatter plot of one feature shows and what it hides, and find
# the part of the target that one feature explains when the others are accounted for.
#
# <!-- core -->
#
# Besides `linreg` this page needs scikit-learn; [the line that installs](../index.md#run-it-yourself) brings it.
#
# **The question.** Can you see a linear relation in a scatter plot? A plot of the target against one
# feature shows its share with those of all others piled on top.
#
# ## A thousand samples with a known truth
#
# `simulate` draws the toy from the random *generator* that you give it, so the same seed gives the same
# data:

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)

w, b, sigma = (-1.0, 1.0), 2.0, 0.1
X, y = linreg.simulate(1000, w, b, sigma, generator=torch.Generator().manual_seed(0))

print("column      mean    std    shape")
for name, column in (("X[:, 0]", X[:, 0]), ("X[:, 1]", X[:, 1]), ("y", y)):
    mean, std = column.mean(), column.std()
    print(f"{name:8} {mean:7.3f} {std:6.3f}    {tuple(column.shape)}")

# %% [markdown]
# ## The scatter plot that disappoints
#
# The target against each feature, with the line that fits these points best:

# %% alt="Two scatters of y, against the first feature with a falling line and against the second with a rising line. In both the points form a wide band about the line: at any value of the feature y spreads over about four units."
import matplotlib.pyplot as plt


def alone(X, y, j):
    """The fit on feature j and nothing else, and its share of the variance."""
    fit = linreg.solve(X[:, [j]], y)
    return fit, linreg.r2(fit.predict(X[:, [j]]), y)


fig, axes = plt.subplots(2, 1, figsize=(5.5, 6.6), layout="constrained")
fig.get_layout_engine().set(h_pad=0.12)  # a title is not taken for the axis above it
for j, (ax, name) in enumerate(zip(axes, ("first", "second"), strict=True)):
    fit_alone, r2_alone = alone(X, y, j)
    linreg.plot.data_and_fit(X[:, [j]], y, fit_alone, ax=ax)
    ax.set_xlabel(f"{name} feature, X[:, {j}]")
    ax.set_title(f"The {name} feature alone: R² = {r2_alone:.2f}")
    assert fit_alone.w[0] * w[j] > 0
    assert 3.5 < 4 * linreg.residuals(X[:, [j]], y, fit_alone).std() < 4.5

# %% [markdown]
# The slope of the second, <!--= alone(X, y, 1)[0].w[0]:.2f -->0.98<!--/-->, is close to the weight 1. But
#
# $$
# R^2 = 1 - \frac{\sum_i r_i^2}{\sum_i (y_i - \bar y)^2}
# $$
#
# is only <!--= alone(X, y, 1)[1]:.2f -->0.48<!--/-->: the share of the [variance](toolbox.md#variance-of-a-mean) of $y$, its mean squared
# distance from its mean $\bar y$, that the predictions explain. Perfect predictions have $R^2 = 1$,
# predicting $\bar y$ for every row has 0, and worse predictions have a negative one.
#
# ## What the width is made of
#
# What looks like noise is the other feature. Draw only those samples whose *first* feature is near $-1$,
# 0 or 1, with the lines of the model for these values:

# %% alt="Target against the second feature for three groups of samples. Where the first feature is near minus 1, 0 and 1 the points form three parallel rising bands around the three lines of the model, one unit apart."
groups = (
    (-1, linreg.plot.ORANGE, "^"),
    (0, linreg.plot.GREY, "o"),
    (1, linreg.plot.BLUE, "s"),
)
for value, colour, marker in groups:
    near = (X[:, 0] - value).abs() < 0.15
    second, targets = X[near, 1][:70], y[near][:70]
    plt.plot(second, targets, marker, color=colour, markersize=4, alpha=0.6, mew=0)
    ends = torch.tensor([-2.4, 2.4])
    line = w[0] * value + w[1] * ends + b
    plt.plot(ends, line, color=colour, linewidth=1.5)
    plt.text(2.65, line[1], f"first = {value}", color=colour, va="center")
    assert (targets - (w[0] * value + w[1] * second + b)).abs().max() < 0.5
plt.xlim(-2.7, 3.9)
plt.xlabel("second feature, X[:, 1]")
plt.ylabel("target y")
plt.title("Three slices of one plane")

# %% [markdown]
# For *independent* features of variance one there is a law: with many rows, the feature with weight
# $w_j$ alone explains the share $w_j^2 / (w_1^2 + \dots + w_d^2 + \sigma^2)$. Two thousand data sets
# agree:

# %%
generator = torch.Generator().manual_seed(1)
features = torch.randn(2000, 1000, 2, generator=generator)
noise = sigma * torch.randn(2000, 1000, generator=generator)
many = features @ torch.tensor(w) + b + noise  # (2000, n)

x_c = features[:, :, 1] - features[:, :, 1].mean(1, keepdim=True)
y_c = many - many.mean(1, keepdim=True)
r2_many = (x_c * y_c).sum(1) ** 2 / (x_c.square().sum(1) * y_c.square().sum(1))

predicted = w[1] ** 2 / (w[0] ** 2 + w[1] ** 2 + sigma**2)
print(f"predicted {predicted:.4f}, mean of 2000 data sets {r2_many.mean():.4f}")
print(f"nine of ten lie between {r2_many.quantile(0.05):.3f}", end=" ")
print(f"and {r2_many.quantile(0.95):.3f}")
assert abs(r2_many.mean() - predicted) < 0.002  # four times its random error

# %% [markdown]
# ## Taking the other feature out
#
# Fit the target on the first feature and keep the residual. Fit the *second* feature on the first and
# keep that residual, too. One against the other is the **added-variable plot**.

# %% alt="Added-variable plot of the second feature: the points lie close to a rising line of slope 1; R squared is 0.990."
x_left, y_left = linreg.added_variable(X, y, 1)  # (n,) residuals of the two fits
slope = (x_left @ y_left) / (x_left @ x_left)
r2_left = linreg.r2(slope * x_left, y_left)
assert abs(slope - 1) < 0.01
assert abs(r2_left - 0.990) < 5e-4

ax = linreg.plot.added_variable(X, y, 1)
ax.set_xlabel("second feature, the first taken out")
ax.set_ylabel("y, the first feature taken out")

# %% [markdown]
# With the first feature taken out of both, $R^2$ is <!--= r2_left:.3f -->0.990<!--/-->. A theorem of
# Frisch, Waugh and Lovell says more: the slope of this plot is exactly the weight of the full fit, and
# what the line leaves over is exactly the full fit's residual, on any data where the others do not
# determine the feature.
#
# ## Twenty correlated columns {#twenty-columns}
#
# The law and the theorem on the toy, and in the last four rows on the ordinary data:

# %%
X_ord, y_ord, w_ord, _ = linreg.ordinary()
law_ord = w_ord.square() / (w_ord.square().sum() + 1.0)  # were they independent


def added_slope(X, y, j):
    x_left, y_left = linreg.added_variable(X, y, j)
    slope = (x_left @ y_left) / (x_left @ x_left)
    return slope, y_left - slope * x_left


print("          R2 alone        slope")
print("feature   law  found    alone  added  full fit")
for features, targets in ((X, y), (X_ord, y_ord)):
    fit = linreg.solve(features, targets)
    for j in (0, 1) if features is X else (0, 1, 2, 8):
        fit_alone, r2_alone = alone(features, targets, j)
        law = predicted if features is X else law_ord[j]
        added, left = added_slope(features, targets, j)
        print(f"{j:7} {law:5.2f} {r2_alone:6.2f}", end=" ")
        print(f"{fit_alone.w[0]:8.2f} {added:6.2f} {fit.w[j]:9.2f}")
        torch.testing.assert_close(added, fit.w[j])
        torch.testing.assert_close(left, linreg.residuals(features, targets, fit))

# %% [markdown]
# The law needs independent features, and fails on the others. There a scatter plot does not show the
# weight, because a feature stands in for those that resemble it: feature 8, with a true weight of zero,
# looks useful. The theorem holds on both.
#
# ## The whole model
#
# A plot for any number of features is the target against its prediction:

# %% alt="Target against prediction for the ordinary data: the points follow the diagonal in a band of even width."
full = linreg.solve(X_ord, y_ord)
y_hat = full.predict(X_ord)
fig, ax = plt.subplots(figsize=(5.5, 3.8))
ax.plot(y_hat, y_ord, "o", color=linreg.plot.BLUE, markersize=3, alpha=0.5, mew=0)
ends = torch.stack((y_hat.min(), y_hat.max()))
ax.plot(ends, ends, color=linreg.plot.ORANGE)
ax.annotate(
    "y = prediction",
    ends[[1, 1]].tolist(),
    xytext=(-6, 0),
    textcoords="offset points",
    color=linreg.plot.ORANGE,
    ha="right",
)
ax.set(xlabel="prediction of the full fit", ylabel="target y")
ax.set_title(f"Twenty features: R² = {linreg.r2(y_hat, y_ord):.3f}")
low, high = ((y_ord - y_hat)[half].std() for half in (y_hat < 2, y_hat >= 2))
assert 0.8 < low / high < 1.25

# %% [markdown]
# | what is used | toy | ordinary |
# | --- | --- | --- |
# | feature 1 alone | <!--= alone(X, y, 1)[1]:.3f -->0.480<!--/--> | <!--= alone(X_ord, y_ord, 1)[1]:.3f -->0.013<!--/--> |
# | feature 1, the others taken out of both | <!--= r2_left:.3f -->0.990<!--/--> | <!--= linreg.r2(added_slope(X_ord, y_ord, 1)[0] * linreg.added_variable(X_ord, y_ord, 1)[0], linreg.added_variable(X_ord, y_ord, 1)[1]):.3f -->0.692<!--/--> |
# | all features | <!--= linreg.r2(linreg.solve(X, y).predict(X), y):.3f -->0.995<!--/--> | <!--= linreg.r2(y_hat, y_ord):.3f -->0.938<!--/--> |
#
# ## A real one
#
# Of 442 people with diabetes, the body mass index and how far their disease had gone a year later:

# %% alt="The progress of diabetes against the body mass index for every second patient. The points rise from left to right in a broad cloud about the fitted line."
diabetes = linreg.load("diabetes")
bmi = diabetes.X[:, [diabetes.columns.index("bmi")]]
fit_bmi = linreg.solve(bmi, diabetes.y)
r2_bmi = linreg.r2(fit_bmi.predict(bmi), diabetes.y)
assert len(diabetes.y) == 442
assert fit_bmi.w[0] > 0
ax = linreg.plot.data_and_fit(bmi, diabetes.y, fit_bmi)
assert "1 point in 2 drawn" in [text.get_text() for text in ax.texts]
ax.set(xlabel="body mass index", ylabel="progress of the disease")
ax.set_title(f"One feature of ten: R² = {r2_bmi:.2f}")

# %% [markdown]
# ## What was shown
#
# - One feature alone explained half of the toy, as the law for independent features says. On the ordinary
#   data, whose features are correlated, neither law nor slope can be relied on.
# - With the other features taken out of both axes, the slope is the weight of the full fit, exactly, on
#   both data sets.
# - A wide scatter does not mean a weak relation: on both, all features together explain more than
#   <!--= min(float(linreg.r2(linreg.solve(X, y).predict(X), y)), float(linreg.r2(y_hat, y_ord))) - 0.005:.0%-->93%<!--/-->.
#
# ## Exercises
#
# **1. By pencil.** Two features of variance one have correlation $\rho = 0.9$ and the weights
# $(-1, 0.5)$. When the second feature rises by one, the first rises by $\rho$ on average. Which slope
# will the scatter plot against the second feature show, and which the added-variable plot? Check with
# `linreg.check([scatter, added], both_slopes, tol=0.05)`.

# %%
X_twins, y_twins = linreg.simulate(
    100_000, (-1.0, 0.5), correlation=0.9, generator=torch.Generator().manual_seed(4)
)
both_slopes = [alone(X_twins, y_twins, 1)[0].w[0], linreg.solve(X_twins, y_twins).w[1]]

# %% [markdown] answer="Hint"
# The scatter plot sees what $y$ does when the second feature rises *and the first comes along*.

# %% [markdown] answer="Answer"
# The scatter's slope is $w_2 + \rho w_1 = 0.5 - 0.9 = -0.4$: negative, although the weight is positive.
# The added-variable plot shows the weight.

# %% answer="Answer"
linreg.check([-0.4, 0.5], both_slopes, tol=0.05)

# %% [markdown]
# **2. Predict the picture.** Draw both plots for 300 rows of these data. Which cloud is wider from left
# to right?

# %% [markdown] answer="Hint"
# How much of the second feature is left when the first is taken out?

# %% [markdown] answer="Answer"
# The scatter plot's. The first feature explains $\rho^2$ of the second, so only $\sqrt{1 - \rho^2}$ of
# its spread is left.

# %% alt="Two plots of the same data. Above, the target falls as the second feature rises. Below, with the first feature taken out of both, it rises, over a range less than half as wide." answer="Answer"
X_few, y_few = X_twins[:300], y_twins[:300]
fig, (above, below) = plt.subplots(2, 1, figsize=(5.6, 6), layout="constrained")
linreg.plot.data_and_fit(X_few[:, [1]], y_few, alone(X_few, y_few, 1)[0], ax=above)
above.set_xlabel("second feature")
linreg.plot.added_variable(X_few, y_few, 1, ax=below)
below.set_xlabel("second feature, the first taken out")
below.set_ylabel("y, the first taken out")
left_few = linreg.added_variable(X_few, y_few, 1)[0]
print(f"left of the spread: {left_few.std() / X_few[:, 1].std():.2f}")
assert left_few.std() < X_few[:, 1].std() / 2
assert alone(X_few, y_few, 1)[0].w[0] < 0 < linreg.solve(X_few, y_few).w[1]

# %% [markdown]
# **3. What is wrong with this sentence?** "Patients with more total cholesterol (`s1`) fared worse, so
# its weight in the full fit is positive, and lowering it would help."

# %% [markdown] answer="Hint"
# Compare the slope alone with the weight, for all ten measurements.

# %% answer="Answer"
full_diabetes = linreg.solve(diabetes.X, diabetes.y)
turned = []
print("column   alone    full fit")
for j, column in enumerate(diabetes.columns):
    slope_alone = alone(diabetes.X, diabetes.y, j)[0].w[0]
    mark = ""
    if slope_alone * full_diabetes.w[j] < 0:
        turned.append(column)
        mark = "  <- turned"
    print(f"{column:6} {slope_alone:7.2f} {full_diabetes.w[j]:10.2f}{mark}")
assert "s1" in turned

# %% [markdown] answer="Answer"
# <!--= len(turned) -->4<!--/--> of the ten turn their sign:
# <!--= ", ".join(turned) -->age, sex, s1, s3<!--/-->. Among patients who are equal in the other nine
# measurements, the fit expects those with more cholesterol to fare better. Neither slope is wrong; they answer different
# questions. And neither says what a *treatment* would do. How sure one can be of such weights is the
# question of [How sure are we?](../part2/sure.py).

# %% [markdown]
# **4. Code.** Write `expected_r2(w, sigma, j)`, the share of the variance that feature `j` explains
# alone, for independent features of variance one. Check with
# `linreg.check(expected_r2(three, 1.5, 0), r2_first, tol=0.02)`.

# %%
three = [3.0, -1.0, 2.0]
seeded = torch.Generator().manual_seed(3)
r2_first = alone(*linreg.simulate(100_000, three, 0.0, 1.5, generator=seeded), 0)[1]

# %% [markdown] answer="Hint"
# Variances of independent parts add up.


# %% answer="Answer"
def expected_r2(w, sigma, j):
    return w[j] ** 2 / (sum(weight**2 for weight in w) + sigma**2)


linreg.check(expected_r2(three, 1.5, 0), r2_first, tol=0.02)

# %% [markdown]
# ## Where next
#
# [The loss](loss.md) says what "fits best" means. [The exact answer](exact.md) shows where the theorem
# comes from: residuals are orthogonal to the columns.
