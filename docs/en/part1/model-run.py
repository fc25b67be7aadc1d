# %% [markdown]
# # Data and model, executed
#
# After this page you can judge what a scatter plot of one feature shows and what it hides, and find
# the part of the target that one feature explains when the others are accounted for.
#
# <!-- core -->
#
# Besides `linreg` this page needs scikit-learn for exercise 3; [the line that installs](../index.md#run-it-yourself) brings it.
#
# **The question.** Can you see a linear relation in a scatter plot? [Data and model](model.md) says that each feature
# adds its share whatever the others do. A plot of the target against one feature shows that share
# with all the others piled on top.
#
# ## A thousand samples with a known truth
#
# Two independent standard normal features, weights $-1$ and $1$, intercept 2, and noise of standard
# deviation 0.1:

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)

generator = torch.Generator().manual_seed(0)
w, b, sigma = (-1.0, 1.0), 2.0, 0.1
X, y = linreg.simulate(1000, w, b, sigma, generator=generator)

print("column      mean    std    shape")
for name, column in (("X[:, 0]", X[:, 0]), ("X[:, 1]", X[:, 1]), ("y", y)):
    mean, std = column.mean(), column.std()
    print(f"{name:8} {mean:7.3f} {std:6.3f}    {tuple(column.shape)}")

# %% [markdown]
# The target spreads by <!--= y.std():.1f -->1.4<!--/-->, because its variance is the sum of three
# independent shares: $w_1^2$ and $w_2^2$, each 1, and $\sigma^2$, far smaller. With so little noise
# the relation should be plain to see.
#
# ## The scatter plot that disappoints
#
# Here is the target against the second feature, with the line that fits these points best.

# %% alt="Scatter of y against the second feature with a rising line. The points form a wide band about the line: at any value of the feature y spreads over about four units."
alone = X[:, [1]]  # (n, 1)
fit_alone = linreg.solve(alone, y)
ax = linreg.plot.data_and_fit(alone, y, fit_alone)
ax.set_xlabel("second feature, X[:, 1]")
r2_alone = linreg.r2(fit_alone.predict(alone), y)
ax.set_title(f"The second feature alone: $R^2$ = {r2_alone:.2f}")

# %% [markdown]
# The slope, <!--= fit_alone.w[0]:.2f -->0.98<!--/-->, is close to the weight 1. But $R^2 = 1 - \sum_i r_i^2 / \sum_i (y_i - \bar y)^2$, the share of
# the variance that the line explains, is only <!--= r2_alone:.2f -->0.48<!--/-->. Texts that draw
# this picture call the relation obvious. Half of it is missing.
#
# The first feature's own plot has the same trouble, the other way round:

# %% alt="Scatter of y against the first feature with a falling line through a band as wide as before."
alone = X[:, [0]]
fit_alone = linreg.solve(alone, y)
r2_first = linreg.r2(fit_alone.predict(alone), y)
ax = linreg.plot.data_and_fit(alone, y, fit_alone)
ax.set_xlabel("first feature, X[:, 0]")
ax.set_title(f"The first feature alone: $R^2$ = {r2_first:.2f}")

# %% [markdown]
# ## What the width is made of
#
# What looks like noise in one plot is the other feature. Draw the target against the second feature
# once more, but only those samples whose *first* feature is near $-1$, 0 or 1, each group with a
# colour of its own. The lines are the model's, with the first feature held at that value:

# %% alt="Target against the second feature for three groups of samples. Where the first feature is near minus 1, 0 and 1 the points form three parallel rising bands around the three lines of the model, one unit apart."
import matplotlib.pyplot as plt

groups = (
    (-1, linreg.plot.ORANGE, "^"),
    (0, linreg.plot.GREY, "o"),
    (1, linreg.plot.BLUE, "s"),
)
for value, colour, marker in groups:
    near = (X[:, 0] - value).abs() < 0.15
    x, t = X[near, 1][:70], y[near][:70]
    plt.plot(x, t, marker, color=colour, markersize=4, alpha=0.6, mew=0)
    ends = torch.tensor([-2.4, 2.4])
    line = w[0] * value + w[1] * ends + b
    plt.plot(ends, line, color=colour, linewidth=1.5)
    plt.text(2.65, line[1], f"first = {value}", color=colour, va="center")
plt.xlim(-2.7, 3.9)
plt.xlabel("second feature, X[:, 1]")
plt.ylabel("target y")
plt.title("Three slices of one plane")

# %% [markdown]
# Within a slice the relation is narrow. Stack the slices, and it drowns.
#
# Theory gives the size of the damage. Of independent features with variance one, the one with weight
# $w_j$ explains $w_j^2 / (w_1^2 + w_2^2 + \sigma^2)$ of the variance, as soon as there are many rows.
# Two thousand data sets show how close a thousand rows come:

# %%
generator = torch.Generator().manual_seed(1)
features = torch.randn(2000, 1000, 2, generator=generator)
noise = sigma * torch.randn(2000, 1000, generator=generator)
targets = features @ torch.tensor(w) + b + noise  # (2000, n)

x = features[:, :, 1] - features[:, :, 1].mean(1, keepdim=True)
t = targets - targets.mean(1, keepdim=True)
r2_many = (x * t).sum(1) ** 2 / (x.square().sum(1) * t.square().sum(1))

predicted = w[1] ** 2 / (w[0] ** 2 + w[1] ** 2 + sigma**2)
print(f"predicted {predicted:.4f}, mean of 2000 data sets {r2_many.mean():.4f}")
print(f"nine of ten lie between {r2_many.quantile(0.05):.3f}", end=" ")
print(f"and {r2_many.quantile(0.95):.3f}")
assert abs(r2_many.mean() - predicted) < 0.002  # four standard errors

# %% [markdown]
# ## Taking the other feature out
#
# Fit the target on the first feature and keep what is left, the residual. Fit the *second* feature
# on the first and keep what is left of it, too. The first feature has now been taken out of both.
# Plot one residual against the other: this is the **added-variable plot**.

# %% alt="Added-variable plot of the second feature: the points lie close to a rising line of slope 1; R squared is 0.990."
x_left, y_left = linreg.added_variable(X, y, 1)  # (n,) residuals of the two fits
slope = (x_left @ y_left) / (x_left @ x_left)
r2_left = linreg.r2(slope * x_left, y_left)

ax = linreg.plot.added_variable(X, y, 1)
ax.set_xlabel("second feature, the first taken out")
ax.set_ylabel("y, the first feature taken out")

# %% [markdown]
# The same thousand samples, the same relation. Only the first feature's share is gone, and $R^2$
# has risen from <!--= r2_alone:.2f -->0.48<!--/--> to <!--= r2_left:.3f -->0.990<!--/-->. Now the
# relation is obvious.
#
# The plot is more than a picture. A theorem of Frisch, Waugh and Lovell says that its slope is
# exactly the weight of the full fit, and that what it leaves over is exactly the full fit's
# residual:

# %%
fit = linreg.solve(X, y)
print(f"slope of the plot {slope:.5f}, weight of the full fit {fit.w[1]:.5f}")

torch.testing.assert_close(slope, fit.w[1], rtol=1e-12, atol=0)
torch.testing.assert_close(y_left - slope * x_left, linreg.residuals(X, y, fit))

# %% [markdown]
# ## The whole model
#
# With both features the model explains all but the noise. A plot for any number of features is the
# target against its prediction:

# %% alt="Target against prediction of the full fit: the points follow the diagonal closely over the whole range from minus 3 to 7."
y_hat = fit.predict(X)
style = {"color": linreg.plot.BLUE, "markersize": 3, "alpha": 0.5, "mew": 0}
plt.plot(y_hat[::4], y[::4], "o", **style)
ends = torch.stack((y.min(), y.max()))
plt.plot(ends, ends, color=linreg.plot.ORANGE)
plt.text(4.4, 5, "y = prediction", color=linreg.plot.ORANGE, ha="right")
plt.xlabel("prediction of the full fit")
plt.ylabel("target y")
plt.title(f"Both features: $R^2$ = {linreg.r2(y_hat, y):.3f}")

# %% [markdown]
# | what is used | share of the variance explained |
# | --- | --- |
# | second feature alone | <!--= r2_alone:.3f -->0.480<!--/--> |
# | second feature, the first taken out of both | <!--= r2_left:.3f -->0.990<!--/--> |
# | both features | <!--= linreg.r2(y_hat, y):.3f -->0.995<!--/--> |
#
# The last two differ because they divide the same residuals by different totals: by what the first
# feature leaves of the target, and by all of it.
#
# ## Parameters to begin with
#
# A training loop needs parameters before it has a fit. Tutorials often keep everything as columns:
# weights of shape (2, 1) drawn near zero, an intercept of zero, and *autograd*, PyTorch's record of
# what was computed from what, told to track both ([By hand, autograd, nn.Module](by-hand.py#by-autograd)
# shows what for). The prediction is then a column too, and the target must be one:

# %%
generator = torch.Generator().manual_seed(2)
w0 = torch.normal(0.0, 0.1, (2, 1), generator=generator).requires_grad_()
b0 = torch.zeros(1, requires_grad=True)
y_column = y.unsqueeze(1)

y_hat0 = X @ w0 + b0

for name, t in (("w0", w0), ("b0", b0), ("y_hat0", y_hat0), ("y_column", y_column)):
    print(f"{name:9} {tuple(t.shape)!s:10} tracked: {t.requires_grad}")

# %% [markdown]
# In this book vectors are vectors: `w` is (2,), `b` is (), `y` is (1000,). Both conventions are
# right. The [mixture](model.md#a-column-is-not-a-vector) is not, and it is one forgotten `unsqueeze`
# away: <!--= (y - y_hat0).numel():,d -->1,000,000<!--/--> differences, of which <!--= len(y) -->1000<!--/-->
# are residuals. What they add up to, and what a fit makes of it, is on
# [the next page](loss.md#the-trap-n-1-minus-n).
#
# ## What was shown
#
# - One feature of two explained half of the variance, as $w_j^2 / (w_1^2 + w_2^2 + \sigma^2)$ says.
#   A wide scatter does not mean a weak relation.
# - With the other feature taken out of both axes the same data lie on a line. Its slope is the
#   weight of the full fit, exactly.
# - Parameters, predictions and targets are columns throughout, or vectors throughout.
#
# ## Exercises
#
# **1. Predict $R^2$.** Independent features of variance one have weights `w`, and the noise has
# standard deviation `sigma`. Write `expected_r2(w, sigma, j)` for the share that feature `j`
# explains alone. This checks it, on weights that you have not seen:


# %%
def check_r2(expected_r2):
    w, sigma, generator = [3.0, -1.0, 2.0], 1.5, torch.Generator().manual_seed(3)
    X, y = linreg.simulate(100_000, w, 0.0, sigma, generator=generator)
    for j in range(3):
        x = X[:, [j]]
        measured = linreg.r2(linreg.solve(x, y).predict(x), y)
        if abs(measured - expected_r2(w, sigma, j)) > 0.01:  # five standard errors
            return False
    return True


# %% answer="Answer"
def expected_r2(w, sigma, j):
    return w[j] ** 2 / (sum(weight**2 for weight in w) + sigma**2)


check_r2(expected_r2)

# %% [markdown]
# **2. A slope of the wrong sign.** Let the two features have correlation $\rho = 0.9$ and the
# weights $(-1, 0.5)$. When the second feature rises by one, the first rises by $\rho$ on average.
# Which slope will the scatter plot against the second feature show? Which one the added-variable
# plot? Check your two numbers:


# %%
def check_slopes(scatter, added):
    generator = torch.Generator().manual_seed(4)
    w = (-1.0, 0.5)
    X, y = linreg.simulate(100_000, w, correlation=0.9, generator=generator)
    alone, full = linreg.solve(X[:, [1]], y), linreg.solve(X, y)
    return abs(alone.w[0] - scatter) < 0.01 and abs(full.w[1] - added) < 0.01


# %% [markdown] answer="Answer"
# The scatter's slope is $w_2 + \rho w_1 = 0.5 - 0.9$: negative, although the weight is positive.
# The second feature stands in for the first, which it resembles. The added-variable plot shows the
# weight.

# %% answer="Answer"
assert check_slopes(0.5 + 0.9 * -1, 0.5)

# %% alt="Two plots of the same data. Above, the target falls as the second feature rises. Below, with the first feature taken out of both, it rises." answer="Answer"
generator = torch.Generator().manual_seed(4)
X, y = linreg.simulate(300, (-1.0, 0.5), correlation=0.9, generator=generator)
fig, (above, below) = plt.subplots(2, 1, figsize=(5.6, 6), layout="constrained")
fig.get_layout_engine().set(hspace=0.08)
alone = X[:, [1]]
linreg.plot.data_and_fit(alone, y, linreg.solve(alone, y), ax=above)
above.set_xlabel("second feature")
linreg.plot.added_variable(X, y, 1, ax=below)
below.set_xlabel("second feature, the first taken out")
below.set_ylabel("y, the first taken out")

# %% [markdown]
# **3. Real data.** `linreg.load("diabetes")` (it needs scikit-learn) holds ten measurements of some
# hundreds of patients and the progress of their disease a year later. For which of the ten does the
# slope of the scatter plot have the other sign than the weight of the full fit? What would you tell
# a reader who sees the scatter plots only?

# %% answer="Answer"
data = linreg.load("diabetes")
fit = linreg.solve(data.X, data.y)
turned = []
print("column   alone    full fit")
for j, column in enumerate(data.columns):
    alone = linreg.solve(data.X[:, [j]], data.y).w[0]
    mark = ""
    if alone * fit.w[j] < 0:
        turned.append(column)
        mark = "  <- turned"
    print(f"{column:6} {alone:7.2f} {fit.w[j]:10.2f}{mark}")

# %% [markdown] answer="Answer"
# <!--= len(turned) -->4<!--/--> of them turn: <!--= ", ".join(turned) -->age, sex, s1, s3<!--/-->. Take `s1`, total
# cholesterol. Patients with more of it did worse, but among patients with equal values of everything
# else those with more of it did better. Neither slope is wrong. They answer different questions, and neither says what a *treatment* that changes
# cholesterol would do. How sure one can be of such weights is the question of
# [Collinearity](../part2/collinearity.py).

# %% [markdown]
# ## Where next
#
# [The loss](loss.md) says what "fits best" means, and why the constants in front of it decide which
# learning rates work. [The exact answer](exact.md) shows where the added-variable plot's theorem
# comes from: residuals are orthogonal to the columns.
