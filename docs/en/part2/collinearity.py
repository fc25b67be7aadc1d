# %% [markdown]
# # Collinearity
#
# After this page you can tell when features repeat each other, say what that costs each weight, separate what a better solver can cure from what it cannot, and choose a remedy that works.
#
# <!-- core -->
#
# Besides `linreg` this page needs statsmodels; [the line that installs](../index.md#run-it-yourself) brings it.
#
# **The question.** A famous regression explains employment by six columns, and the weight of the national product is negative: more output, fewer jobs. Leave out the column of the unemployed, and that weight turns positive, five standard errors above zero. Is that the computer, or the data?
#
# ## Two features that almost agree
#
# Take a hundred rows and two features with correlation $\rho$. Keep the rows, and draw the noise two hundred times: these are data sets that you might have got. What do the 200 fits agree on?

# %%
import matplotlib.pyplot as plt
import torch

import linreg
from linreg.plot import BLUE, GREEN, GREY, ORANGE, PURPLE

torch.set_default_dtype(torch.float64)
TRUTH = torch.tensor([2.0, 1.0, 1.0])  # b, w1, w2
RHOS = (0.0, 0.9, 0.99, 0.999)


def pair(rho, n=100):
    """n rows of two features with correlation rho."""
    generator = torch.Generator().manual_seed(0)
    return linreg.simulate(n, (1.0, 1.0), correlation=rho, generator=generator)[0]


def redraw(X, theta, sigma=1.0, times=200):
    """Draw the noise many times for fixed rows: targets (n, times)."""
    noise = torch.randn(len(X), times, generator=torch.Generator().manual_seed(1))
    return (linreg.fold_bias(X) @ theta).unsqueeze(1) + sigma * noise


def fit_all(X, targets):
    """Least squares for each column of targets (n, times), by one QR: (d + 1, times)."""
    Q, R = torch.linalg.qr(linreg.fold_bias(X))
    return torch.linalg.solve_triangular(R, Q.T @ targets, upper=True)


def off_by(X, found, theta):
    """How far predictions for the rows of X lie from the truth, root mean square."""
    return (linreg.fold_bias(X) @ (found - theta.unsqueeze(1))).square().mean().sqrt()


print("standard deviation over 200 draws of")
print("  rho      w1      w2   w1+w2   w1-w2   prediction")
for rho in RHOS:
    found = fit_all(pair(rho), redraw(pair(rho), TRUTH))
    w1, w2 = found[1:]
    spreads = [values.std() for values in (w1, w2, w1 + w2, w1 - w2)]
    spreads.append(off_by(pair(rho), found, TRUTH))
    print(f"{rho:5} " + " ".join(f"{value:7.3f}" for value in spreads))

# %% [markdown]
# Down the table the single weights lose all meaning, and so does their difference. Their sum is known as well as ever, and the predictions do not change at all: the two columns span the same plane at each $\rho$ here, so $y$ has the same projection on it. The data still know what the two features do *together*. They cannot say how to divide the effect between the two, because the two features never vary independently.
#
# The same in ordinary data, three hundred rows and twenty columns correlated at 0.5, when column 4 gets a companion that differs from it by a little noise:

# %%
X_ord, y_ord, w_ord, b_ord = linreg.ordinary()
blur = torch.randn(300, generator=torch.Generator().manual_seed(2))
X_twin = torch.column_stack((X_ord, X_ord[:, 4] + 0.15 * blur))
theta_twin = torch.cat((torch.tensor([b_ord]), w_ord, torch.ones(1)))  # both weigh 1
found_twin = fit_all(X_twin, redraw(X_twin, theta_twin))
w4, w20 = found_twin[5], found_twin[21]
swing, together = float(w4.std()), float((w4 + w20).std())
others = float(found_twin[1:5].std(dim=1).mean())
print(f"w[4] {swing:.2f}, w[4] + w[20] {together:.2f}, columns 0 to 3 {others:.2f}")
print(f"prediction {off_by(X_twin, found_twin, theta_twin):.2f}")

# %% [markdown]
# ## The valley becomes a trough
#
# For standardised features the loss is $L^* + \frac12 (w - w^*)^\top C \, (w - w^*)$ with the correlation matrix $C = \begin{bmatrix} 1 & \rho \\ \rho & 1 \end{bmatrix}$. Its eigenvalues are $1 + \rho$ along $(1, 1)$ and $1 - \rho$ along $(1, -1)$. As $\rho$ goes to 1 the second goes to zero: along the floor of the trough the weights can change a great deal while the loss hardly does.

# %% alt="Contours of the loss over two weights, side by side. With correlation 0 they are circles around the minimum at (1, 1). With correlation 0.99 they are long narrow ellipses from upper left to lower right, open at both edges of the picture."
grid = torch.linspace(-1.4, 3.4, 121)
W1, W2 = torch.meshgrid(grid, grid, indexing="xy")
fig, axes = plt.subplots(1, 2, figsize=(5.5, 3), sharey=True, layout="constrained")
for ax, rho, colour in ((axes[0], 0.0, BLUE), (axes[1], 0.99, ORANGE)):
    u, v = W1 - 1, W2 - 1
    height = (u * u + 2 * rho * u * v + v * v) / 2
    levels = [0.004, 0.02, 0.15, 0.6, 1.5, 3]
    ax.contour(W1, W2, height, levels=levels, colors=GREY, linewidths=0.9)
    assert height.argmin() == ((W1 - 1).square() + (W2 - 1).square()).argmin()
    round_about = torch.allclose(height, height.rot90())
    assert round_about == (rho == 0)
    if rho != 0:  # the corner at the upper left, and the one at the lower left
        assert height[-1, 0] < levels[2] < levels[-1] < height[0, 0]
    ax.plot(1, 1, "*", color=colour, markersize=12)
    ax.set_title(f"correlation {rho:g}", color=colour)
    ax.set(xlabel="$w_1$", aspect="equal")
axes[0].set_ylabel("$w_2$")
plt.show()

# %% [markdown]
# So a little noise moves the minimum far. With $y = \tilde X \theta + \varepsilon$, centred columns $X_c$ and noise of variance $\sigma^2$, the fit is $w^* = w + (X_c^\top X_c)^{-1} X_c^\top \varepsilon$. Its mean is $w$, and its covariance
#
# $$
# \operatorname{Cov}(w^*) = \sigma^2 (X_c^\top X_c)^{-1} = \frac{\sigma^2}{n} \, V^{-1},
# $$
#
# with $V = X_c^\top X_c / n$, the Hessian of the weights. **Flat is uncertain**: where the loss curves by $\lambda$, the variance is $\sigma^2 / (n \lambda)$. The *standard error* of a weight is the root of its variance.
#
# !!! note "What a standard error assumes"
#
#     The formula, and each standard error on this page, needs four things: the model is right, so that the noise has mean zero whatever the features; $X$ is fixed, or the noise does not depend on it; the noise of different rows is uncorrelated; and its variance is the same in each row. Intervals from a few rows need normal noise besides. A solver can compute the formula to the last digit. That says nothing about the four.
#
# Here the four hold, because we drew the noise. These are the draws, and the ellipses that should hold 95 % of them:


# %%
def triangle(X):
    """T (d, d) with T T' = the inverse of X_c' X_c, without forming that product."""
    R = torch.linalg.qr(X - X.mean(0)).R
    return torch.linalg.solve_triangular(R, torch.eye(len(R)), upper=True)


RADIUS = (-2 * torch.tensor(0.05).log()).sqrt()  # of chi-square, 2 degrees, 95 %


def share_inside(X, w):
    """The share of draws w (2, times) in the ellipse around the truth."""
    z = torch.linalg.solve_triangular(triangle(X), w - TRUTH[1:, None], upper=True)
    return float((z.norm(dim=0) <= RADIUS).double().mean())


clouds = {rho: fit_all(pair(rho), redraw(pair(rho), TRUTH))[1:] for rho in (0.99, 0.0)}
inside = {rho: share_inside(pair(rho), w) for rho, w in clouds.items()}

# %% alt="Estimated pairs of weights from repeated draws. With correlation 0 they form a small round cloud around (1, 1). With correlation 0.99 they form a long thin cloud from upper left to lower right, in the direction of the trough, reaching past zero. Each cloud fills its theoretical ellipse."
turn = torch.linspace(0, 2 * torch.pi, 200)
circle = torch.stack((turn.cos(), turn.sin()))  # (2, 200)


def draw_cloud(ax, rho, w, colour, marker):
    ellipse = 1 + RADIUS * triangle(pair(rho)) @ circle
    ax.plot(*w[:, :140], marker, color=colour, markersize=3.5, mew=0, alpha=0.55)
    ax.plot(*ellipse, color=colour, linewidth=1.3)
    top = ellipse[:, ellipse[1].argmax()].tolist()
    side = -8 if rho < 0 else 8  # on the side away from the cloud
    ax.annotate(
        f"correlation {rho:g}",
        top,
        (side, 2),
        color=colour,
        ha="right" if rho < 0 else "left",
        textcoords="offset points",
    )


fig, ax = plt.subplots(figsize=(5.5, 4.6), layout="constrained")
draw_cloud(ax, 0.99, clouds[0.99], ORANGE, "o")
draw_cloud(ax, 0.0, clouds[0.0], BLUE, "s")
assert clouds[0.99].min() < 0 < clouds[0.0].min()
ax.axhline(0, color=GREY, linewidth=0.7)
ax.axvline(0, ymax=0.75, color=GREY, linewidth=0.7)  # it ends below the label
ax.set(xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# <!--= inside[0.0]:.0% -->96%<!--/--> and <!--= inside[0.99]:.0% -->96%<!--/--> of the draws lie inside. The truth is the centre of both clouds, so least squares is unbiased in either. But in the long one a draw with a negative weight is nothing unusual.
#
# Predictions stay only where the features go together, as in the data. Ask for a row in which the two differ, and the prediction is as uncertain as the weights:

# %%
asked = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0]])  # 1, x1, x2
print("sd of the prediction")
print("  rho   at (1, 1)   at (1, -1)")
for rho in RHOS:
    alike, apart = (asked @ fit_all(pair(rho), redraw(pair(rho), TRUTH))).std(dim=1)
    print(f"{rho:5} {alike:11.3f} {apart:12.3f}")

# %% [markdown]
# ## The variance inflation factor
#
# What do the other features cost one weight? By [the added-variable plot](../part1/model-run.py) $w_j$ is the slope of the target on $u_j$, the residual of feature $j$ after regressing it on the others. So its variance is
#
# $$
# \operatorname{Var}(w_j) = \frac{\sigma^2}{\lVert u_j \rVert^2} = \frac{\sigma^2}{n s_j^2} \cdot \frac{1}{1 - R_j^2},
# \qquad \mathrm{VIF}_j = \frac{1}{1 - R_j^2},
# $$
#
# because $R_j^2$ is the share of $n s_j^2$ that the others explain, and $u_j$ is what they leave. The first factor is what the weight would cost alone. The second is the *variance inflation factor*. The standard error grows with its square root.
#
# The same number stands on the diagonal of $C^{-1}$, since $V^{-1}$ is $C^{-1}$ divided by $s_i s_j$. So there are three ways to compute it. `linreg.vif` takes it from a QR factorisation of the features and so never squares their condition number.


# %%
def by_regressions(X):
    """1 / (1 - R2) of each column on the others."""
    factors = []
    for j in range(X.shape[1]):
        rest = torch.cat((X[:, :j], X[:, j + 1 :]), dim=1)
        share = linreg.r2(linreg.solve(rest, X[:, j]).predict(rest), X[:, j])
        factors.append(1 / (1 - share))
    return torch.tensor(factors)


def by_correlations(X):
    """The diagonal of the inverse of C."""
    C = torch.corrcoef(X.T)
    return torch.linalg.solve(C, torch.eye(len(C))).diagonal()


lone = torch.randn(100, 1, generator=torch.Generator().manual_seed(2))
X_three = torch.hstack((pair(0.99), lone))  # a third feature that resembles nothing
for name, X in (("two alike, one not", X_three), ("ordinary", X_ord), ("twin", X_twin)):
    torch.testing.assert_close(by_regressions(X), linreg.vif(X))
    torch.testing.assert_close(by_correlations(X), linreg.vif(X))
    shown = linreg.vif(X)[[0, 1, -1]].tolist()
    print(f"{name:18} first, second, last: {', '.join(f'{v:.2f}' for v in shown)}")

# %% [markdown]
# The third feature pays nothing for what the other two share. In ordinary data each variance is about double, and only the companions pay more. Does $\sqrt{\mathrm{VIF}}$ tell the spread of the draws?


# %%
def measured_factor(X, found, j):
    """The spread of w[j] over draws with noise 1, over that of the column alone."""
    return found[j + 1].std() * len(X) ** 0.5 * X[:, j].std(correction=0)


print("                sqrt(VIF)   measured over 200 draws")
for rho in RHOS:
    measured = measured_factor(
        pair(rho), fit_all(pair(rho), redraw(pair(rho), TRUTH)), 0
    )
    print(f"rho = {rho:<9} {linreg.vif(pair(rho))[0].sqrt():9.2f} {measured:12.2f}")
for j in (0, 4):
    measured = measured_factor(X_twin, found_twin, j)
    print(f"twin, column {j:<2} {linreg.vif(X_twin)[j].sqrt():9.2f} {measured:12.2f}")

# %% [markdown]
# Texts call a VIF above 10 bad, or above 5. That is an $R_j^2$ above 0.9, or 0.8, and neither limit knows how sure you need to be. A factor of 10 means a standard error $\sqrt{10}$ times as large, which matters with twenty rows and not with a million. Look at the standard errors themselves (`linreg.infer`), and at VIF to learn where they come from.

# %% [markdown]
# ## Two troubles: digits and variance
#
# A large condition number has two costs that are often confused. The *numerical* one is rounding: a careless solver loses digits of the answer that these data have. The *statistical* one is that the answer itself depends on the noise. Measure both while the condition number $\kappa$ of $X$ grows, with `certified`, which is right to the last digit, as the judge:


# %%
def two_errors(n, weights, condition, seeds=5):
    """Medians over seeds, relative to w: from rounding, twice, and from noise."""
    cases = []
    for seed in range(seeds):
        X, y = linreg.simulate(
            n,
            weights,
            condition=condition,
            generator=torch.Generator().manual_seed(seed),
        )
        best = linreg.certified(X, y)
        X_c, y_c = X - X.mean(0), y - y.mean()
        by_inverse = torch.linalg.inv(X_c.T @ X_c) @ (X_c.T @ y_c)
        size = best.w.norm()
        true_size = torch.tensor(weights).norm()
        cases.append(
            [
                (by_inverse - best.w).norm() / size,
                (linreg.solve(X, y).w - best.w).norm() / size,
                best.w_se.norm() / true_size,
            ]
        )
    return torch.tensor(cases).median(dim=0).values


kappas = [10.0**power for power in range(9)]
few = torch.stack([two_errors(60, [-1.0, 1.0, 1.0], kappa) for kappa in kappas])
many = torch.stack([two_errors(300, w_ord.tolist(), kappa) for kappa in kappas])
for rounding_of_solve in (few[:, 1], many[:, 1]):
    assert rounding_of_solve.max() < 1e-10
for errors in (few, many):
    assert errors[3, 1] < 1e-12 < errors[3, 0]  # solve, inverse at 1e3
print("solve, worst over all kappa and both data sets: below 1e-10")

# %% alt="Two panels over the condition number, both axes logarithmic. Above, the error from noise relative to the weights, for 60 rows and 3 columns and for 300 rows and 20 columns: both rise in proportion and pass 1. Below, the relative rounding error: that of the explicit inverse rises twice as steeply until no digit is left, that of solve stays near the bottom, below 1e-10, for both."
fig, (top, bottom) = plt.subplots(
    2, 1, figsize=(5.5, 5.4), sharex=True, layout="constrained"
)
smallest = torch.finfo(torch.float64).eps / 2  # the answer is rounded too
for errors, style, name in ((few, "o-", "3 columns"), (many, "s--", "20 columns")):
    top.loglog(kappas, errors[:, 2], style, color=ORANGE, markersize=5, label=name)
    for column, colour in ((0, PURPLE), (1, GREEN)):
        shown = errors[:, column].clamp(min=smallest)
        bottom.loglog(kappas, shown, style, color=colour, markersize=5)
assert few[-1, 2] > 1 < many[-1, 2]
for errors in (few, many):
    inverse_rises, _, noise_rises = (
        errors[6] / errors[3]
    ).log10() / 3  # per factor ten
    assert 0.8 < noise_rises < 1.1
    assert 1.6 < inverse_rises < 2.2
    assert errors[:, 1].max() < 1e-10 < 0.1 < errors[-1, 0]
top.axhline(1, color=GREY, linewidth=0.8)
top.set(title="from noise", ylabel="relative error of w")
top.legend(frameon=False)
ends = {"textcoords": "offset points"}
bottom.annotate(
    "explicit inverse",
    (kappas[4], float(few[4, 0])),
    (-8, 8),
    ha="right",
    color=PURPLE,
    **ends,
)
bottom.annotate("solve", (kappas[6], smallest), (0, 12), color=GREEN, **ends)
bottom.set(
    title="from rounding",
    xlabel="condition number κ of X",
    ylabel="relative error of w",
)
for ax in (top, bottom):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# At $\kappa = 10^3$ the rounding of `solve` is invisible and the weights of the three columns are lost all the same: their standard error is <!--= few[3, 2]:.1f -->4.4<!--/--> times as large as they are. A better solver lowers the lower curves. It cannot touch the upper ones. That takes better data, or fewer questions.

# %% [markdown]
# ## When columns repeat exactly
#
# With the same column twice, or in two units, $\lambda$ is exactly zero, and a whole line of weights shares the smallest loss. `solve` returns [the shortest of them](../part1/exact.md#a-solution-always-exists-is-it-the-only-one) and says so, and [descent from zero](../part1/valley.py#from-zero-to-the-shortest) finds the same, unless the intercept takes part (exercise 5). PyTorch's own `lstsq` promises neither: on a CPU its default driver could be wrong on such data [up to version 2.13](../part1/lstsq.py). <!-- given 2.13: the last release that was found with the fault -->

# %% [markdown]
# ## Longley's economy
#
# Sixteen years of the United States, with six columns, four of which hardly do anything but grow with time. The data ship with statsmodels. `certified` computes weights and standard errors without losing a digit ([Certified digits](../part3/digits.py) puts it to the test). That is about the arithmetic: the noise of successive years of one economy is hardly uncorrelated, so read the errors as what the formula gives and not as what is known.

# %%
data = linreg.load("longley")
longley = linreg.certified(data.X, data.y)
factors = linreg.vif(data.X)
explained = linreg.r2(longley.predict(data.X), data.y)
print(f"condition number {longley.condition:.0f}, R2 {explained:.4f}")
print("               weight      error     VIF")
for name, w, se, factor in zip(
    data.columns, longley.w, longley.w_se, factors, strict=True
):
    print(f"{name:8} {w:12.5g} {se:10.4g} {factor:7.1f}")

# %% [markdown]
# The fit explains <!--= explained:.1%-->99.5%<!--/--> of the variance, and half of the weights are smaller than their standard errors or hardly larger. Leave out one year at a time, and give each weight for one standard deviation of its column ([Scaling](scaling.py)), in millions of jobs:


# %%
def without_each_row(X, y):
    """A fit for each row, made from all the others."""
    keep = ~torch.eye(len(y), dtype=torch.bool)
    return [linreg.solve(X[rows], y[rows]) for rows in keep]


leaving_out = without_each_row(data.X, data.y)
unit = data.X.std(0, correction=0) / 1000  # millions of jobs
W = torch.stack([fit.w for fit in leaving_out]) * unit  # (16, 6)
centre, half = longley.w * unit, 2 * longley.w_se * unit
unknown = half > centre.abs()  # the bar reaches over zero

# %% alt="Six rows, one for each column of Longley's data, with the weights of sixteen fits that each leave out one year as small marks, the fit of all years as a star, and a grey bar of two standard errors to either side. All marks lie on their bars. The bars of price index, national product and population, drawn in orange, reach over zero; those of the unemployed, the army and the year, in blue, do not. The bar of the army is the shortest."
fig, ax = plt.subplots(figsize=(5.5, 3.8), layout="constrained")
ax.axvline(0, color=GREY, linewidth=0.8)
right = float((centre + half).max()) + 5
for j in range(6):
    colour = ORANGE if unknown[j] else BLUE
    bar = [float(centre[j] - half[j]), float(centre[j] + half[j])]
    ax.plot(bar, [j, j], color=GREY, linewidth=9, alpha=0.3)
    ax.plot(W[:, j], [j] * len(W), "|", color=colour, markersize=13, mew=1.6)
    ax.plot(centre[j], j, "*", color="black", markersize=10)
    ax.text(right, j, f"{factors[j]:.0f}", ha="right", va="center")
ax.text(right, -0.85, "VIF", ha="right", va="center")
ax.set_yticks(range(6), data.columns)
left = float((centre - half).min()) - 1
ax.set(xlim=(left, right + 0.5), ylim=(5.5, -1.3), xticks=range(-8, 13, 4))
assert ((W - centre).abs() < half).all()  # what the alternative text says
assert unknown.tolist() == [True, True, False, False, True, False]
assert half.argmin() == 3
ax.set_xlabel("weight for one standard deviation, in millions of jobs")
ax.spines[["top", "right"]].set_visible(False)
ax.text(0.5, -0.85, "orange: sign not known", color=ORANGE, va="center")
plt.show()

# %% [markdown]
# No single year moves a weight by as much as two of its standard errors, the grey bars. The weight of the price index does change its sign when <!--= int((W[:, 0].sign() != centre[0].sign()).sum()) -->2<!--/--> of the sixteen years are left out, each alone; but it is <!--= longley.w[0]:.0f -->15<!--/--> give or take <!--= longley.w_se[0]:.0f -->85<!--/-->, so its sign was never known. The predictions of the same sixteen fits stay where they were, nearly always within the noise:

# %%
moves = torch.stack([fit.predict(data.X) for fit in leaving_out])  # (16, 16)
moves = (moves - longley.predict(data.X)).abs()
given = moves[~torch.eye(16, dtype=torch.bool)]  # years that the fit was given
residual = linreg.residuals(data.X, data.y, longley)
noise = (residual.square().sum() / (16 - 7)).sqrt()
print(f"standard deviation of y        {data.y.std():6.0f} thousand jobs")
print(f"standard deviation of noise    {noise:6.0f}")
print(f"predictions move, typically    {given.median():6.0f}")
print(f"predictions move, at most      {given.max():6.0f}")
print(f"the year left out, at most     {moves.diagonal().max():6.0f}")

# %% [markdown]
# When a *column* is left out, a sign can turn, and with conviction:

# %%
five = [k for k, name in enumerate(data.columns) if name != "UNEMP"]
no_unemp = linreg.certified(data.X[:, five], data.y)
for name, fit in (("all six", longley), ("without UNEMP", no_unemp)):
    w, se = fit.w[1], fit.w_se[1]  # GNP is the second column in both
    print(f"{name:14} weight of GNP {w:7.3f}, error {se:.3f}")
assert no_unemp.w[1] / no_unemp.w_se[1] > 5

# %% [markdown]
# The weight of a column is its effect *with the other columns held fixed*. Drop one, and the question changes. Without UNEMP, output speaks for the unemployed as well, with whom it goes. Neither fit is wrong. They answer different questions, which these data can hardly tell apart.
#
# *Which* of the six go together? A VIF names a column that the others repeat, and not its partners. The *condition index* of a direction is the largest singular value over its own, of columns brought to length 1 with the ones among them. Beside it stands the share of each variance that comes from this direction. Here are the directions with an index above a thousand:

# %%
belsley = linreg.condition_indices(data.X)
print("index   share of the variance of each, in per cent")
print("       " + "".join(f"{name:>8}" for name in ("ones", *data.columns)))
for index, shares in zip(belsley.indices, belsley.shares, strict=True):
    if index > 1000:
        print(f"{index:6,.0f} " + "".join(f"{100 * share:8.0f}" for share in shares))
assert belsley.shares[-1, [0, 6]].min() > 0.99
assert belsley.shares[-1].gt(0.5).nonzero().flatten().tolist() == [0, 2, 3, 6]
assert belsley.shares[-2].topk(2).indices.tolist() == [5, 1]

# %% [markdown]
# Above 30, two or more large shares in a row are read as one knot. The last row is the year and the ones: the years 1947 to 1962 are nearly constant beside their size, which centring mends, and which `solve` has centred away. With them go the national product and the unemployed. The row above ties the population to the price index. <!-- given 1947, 1962: the years of the data -->
#
# So it is not the computer. `solve` gets these weights right to more digits than anybody needs, and even the explicit inverse of the raw columns, which loses half of them, gets the signs:


# %%
def digits(w, right):
    """Correct digits of the worst weight."""
    return float(-torch.log10((w / right - 1).abs().max()))


A_longley = linreg.fold_bias(data.X)
by_inverse = torch.linalg.inv(A_longley.T @ A_longley) @ (A_longley.T @ data.y)
by_solve = linreg.solve(data.X, data.y).w
assert digits(by_solve, longley.w) > 12 > 9 > digits(by_inverse[1:], longley.w) > 4
assert torch.equal(by_inverse[1:].sign(), longley.w.sign())
print("solve: more than 12 digits; explicit inverse: fewer than 9")

# %% [markdown]
# ## What helps
#
# **Nothing is needed, if you only predict** for rows like those you have. Collinearity does not hurt such predictions.
#
# **Drop or combine** columns that measure the same thing, *because they do* and not because of a number. Price index, national product, population and year all tell the time. Keep one:

# %%
three = [data.columns.index(name) for name in ("UNEMP", "ARMED", "YEAR")]
X_clock = data.X[:, three]
small = linreg.certified(X_clock, data.y)
print(f"R2 of 6 columns: {explained:.4f}")
print(f"R2 of 3 columns: {linreg.r2(small.predict(X_clock), data.y):.4f}")
print("            weight      error     VIF     error before")
for k, (j, factor) in enumerate(zip(three, linreg.vif(X_clock), strict=True)):
    print(
        f"{data.columns[j]:7} {small.w[k]:10.4g} {small.w_se[k]:10.3g}"
        f" {factor:7.1f} {longley.w_se[j]:12.3g}"
    )

# %% [markdown]
# **Centre before you take powers.** A year and its square are nearly the same column; measured from the middle of the period they are two:

# %%
year = data.X[:, [5]]
for name, t in (("year", year), ("year - mean", year - year.mean())):
    print(f"{name:12} VIF {linreg.vif(torch.hstack((t, t**2)))[0]:.3g}")

# %% [markdown]
# The fitted curve is the same one. What changed is the question that the first weight answers: the slope in the middle of the period, and no longer the slope in the year zero.
#
# **Collect rows in which the features differ.** More rows of the same kind help slowly: to make up for $\rho = 0.99$ takes VIF times as many, <!--= linreg.vif(pair(0.99))[0]:.0f -->48<!--/-->. A few rows of another kind help at once:


# %%
def error_of_first(X):
    """The standard error of w1 for noise 1, on the assumptions above."""
    return float(triangle(X)[0].norm())


ten_apart = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(5, 1)
collected = {
    "100 rows": pair(0.99),
    "200 rows": pair(0.99, n=200),  # twice as many of the same kind
    "100 rows and 10 that differ": torch.cat((pair(0.99), ten_apart)),
}
print("                             error of w1")
for name, X in collected.items():
    print(f"{name:28} {error_of_first(X):10.2f}")

# %% [markdown]
# **Penalise.** [Ridge and weight decay](../part3/ridge.py) accept a little bias to make the trough curve upwards again.
#
# ## What does not help
#
# **A better solver**, against variance: see the figure above. **Scaling**: VIF has no unit. And **dropping what is not significant**. Here two features have the weight 1 each. Divide each weight by its estimated standard error, which gives its $t$, drop the feature with the smaller $|t|$, fit again, and do that for a thousand draws. Once with two columns correlated at 0.95, once in ordinary data with the companion of column 4:


# %%
def estimates_and_errors(X, targets):
    """Both (d + 1, times), for each column of targets."""
    A, found = linreg.fold_bias(X), fit_all(X, targets)
    s2 = (targets - A @ found).square().sum(0) / (len(A) - A.shape[1])
    R = torch.linalg.qr(A).R
    T = torch.linalg.solve_triangular(R, torch.eye(len(R)), upper=True)
    return found, (T.square().sum(1, keepdim=True) * s2).sqrt()


def drop_the_weaker(X, targets, first, second):
    """Both |t|; then weight and error of the survivor after the second fit."""
    found, error = estimates_and_errors(X, targets)
    t = (found / error).abs()[[first + 1, second + 1]]
    survivors = []
    for stays, goes in ((first, second), (second, first)):
        keep = [j for j in range(X.shape[1]) if j != goes]
        found, error = estimates_and_errors(X[:, keep], targets)
        at = keep.index(stays) + 1
        survivors.append(torch.stack((found[at], error[at])))
    return t, torch.where(t[0] >= t[1], survivors[0], survivors[1])


dropped = {
    "two columns": (pair(0.95), redraw(pair(0.95), TRUTH, 2.0, 1000), 0, 1),
    "ordinary": (X_twin, redraw(X_twin, theta_twin, 1.0, 1000), 4, 20),
}
weights, covered = {}, {}
for name, case in dropped.items():
    t, (weight, error) = drop_the_weaker(*case)
    weights[name] = float(weight.mean())
    covered[name] = float(((weight - 1).abs() < 2 * error).double().mean())
    print(name)
    print(f"  both |t| above 2      {(t > 2).all(0).double().mean():.0%} of the draws")
    print(f"  neither               {(t < 2).all(0).double().mean():.0%}")
    print(f"  the first is kept     {(t[0] >= t[1]).double().mean():.0%}")
    print(f"  its weight            {weights[name]:.2f} on average, the truth is 1")
    print(f"  2 errors reach 1 in   {covered[name]:.1%} of the draws")
assert all(1.8 < weight < 2.2 for weight in weights.values())
assert all(share < 0.05 for share in covered.values())

# %% [markdown]
# Which of two equal features survives is the toss of a coin. Both are found to matter in a fifth of the draws at most, and the survivor takes the other's share: it reports about twice its own effect, with a standard error that rules out the truth. The $t$ values were not wrong: each says that *one of the two* could go. It does not follow that either should.
#
# ## What was shown
#
# - The loss is flat where features agree, and flat is uncertain: $\operatorname{Cov}(w^*) = \frac{\sigma^2}{n} V^{-1}$, if the model is right and the noise uncorrelated with one variance. A weight swung by <!--= swing:.2f -->0.49<!--/--> in the ordinary data with a companion column, the sum of the two by <!--= together:.2f -->0.09<!--/-->; so it was with two columns, and predictions for rows like the data stayed in both.
# - $\mathrm{VIF}_j = 1/(1 - R_j^2)$ is the factor on the variance of $w_j$, and the diagonal of $C^{-1}$: computed in three ways and measured over draws, with two or three columns and with twenty-one.
# - Digits and variance are two troubles. A good solver cures the first, with three columns and with twenty. Only data or fewer questions cure the second.
# - Drop or combine by meaning, centre powers, collect rows that differ: run on Longley's data and on two columns. To let $t$ values choose between features that agree gave about twice the weight, <!--= weights["two columns"]:.2f -->1.97<!--/--> on two columns and <!--= weights["ordinary"]:.2f -->1.99<!--/--> in ordinary data.
#
# ## Exercises
#
# **1. By pencil.** Two features have correlation $\rho$. Write their VIF and the condition number of the standardised $X$ as formulas. At which $\rho$ is the standard error twice what it would be without the other feature? Check your number with `linreg.check(inflation(yours), 2.0)`:


# %%
def inflation(rho):
    """The factor on the standard error, of four rows with correlation rho."""
    x = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    second = rho * x[:, 0] + (1 - rho**2) ** 0.5 * x[:, 1]
    return linreg.vif(torch.column_stack((x[:, 0], second)))[0].sqrt()


# %% [markdown] answer="Hint"
# How much of one feature does the other explain, $R^2$? And the singular values of $X$ are, up to $\sqrt n$, the roots of the eigenvalues of $C$.

# %% [markdown] answer="Answer"
# One feature explains $R^2 = \rho^2$ of the other, so VIF is $1/(1 - \rho^2)$. The eigenvalues of $C$ are $1 \pm \rho$, hence $\kappa = \sqrt{(1 + \rho)/(1 - \rho)}$. The standard error doubles at VIF 4, at $\rho = \sqrt{3/4}$. Correlations that sound high cost little.

# %% answer="Answer"
rho_doubling = 0.75**0.5
linreg.check(inflation(rho_doubling), 2.0)
kappa_doubling = ((1 + rho_doubling) / (1 - rho_doubling)) ** 0.5
print(f"rho = {rho_doubling:.3f}, kappa = {kappa_doubling:.2f}")

# %% [markdown]
# **2. Predict the picture.** In the figure of the two clouds, let the correlation be $-0.99$ instead of 0.99. Sketch the cloud before you draw it. What do the data know now, and what not?

# %% [markdown] answer="Hint"
# Where does $C$ have its small eigenvalue now?

# %% [markdown] answer="Answer"
# The cloud is turned by a right angle: it lies from lower left to upper right. Known is the difference of the weights; their sum is not.

# %% answer="Answer" alt="Estimated pairs of weights for the correlation minus 0.99: a long thin cloud around (1, 1) from lower left to upper right, in its ellipse."
mirrored = fit_all(pair(-0.99), redraw(pair(-0.99), TRUTH))[1:]
assert (mirrored[0] + mirrored[1]).std() > 10 * (mirrored[0] - mirrored[1]).std()
fig, ax = plt.subplots(figsize=(4.6, 4.6), layout="constrained")
draw_cloud(ax, -0.99, mirrored, ORANGE, "o")
ax.set(xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# **3. What is wrong with this sentence?** "Both features have $|t|$ below 2 in our fit, so neither has an effect, and both can be left out."

# %% [markdown] answer="Hint"
# Each $t$ is about one feature while the other stays in the model. What do the data say about the sum of the two weights?

# %% [markdown] answer="Answer"
# Each $t$ says that its feature adds little *to the other*. Together they may matter very much: in each draw in which neither $|t|$ is above 2, the sum of the two weights is many standard errors from zero.


# %% answer="Answer"
def t_of_sum(X, targets, sigma):
    """The sum of both weights over its standard error, for known noise."""
    found = fit_all(X, targets)[1:]
    return found.sum(0) / (sigma * triangle(X).sum(0).norm())


neither = (drop_the_weaker(*dropped["two columns"])[0] < 2).all(0)
smallest_t = t_of_sum(*dropped["two columns"][:2], 2.0)[neither].min()
print(f"{int(neither.sum())} such draws; t of the sum is at least {smallest_t:.1f}")

# %% [markdown]
# **4. Code.** Write `my_vif(X)` from one QR factorisation of the standardised columns, without forming $C$. Check yours with `linreg.check(my_vif(X_ord), linreg.vif(X_ord))`.

# %% [markdown] answer="Hint"
# What is the $j$-th diagonal entry of $(R^\top R)^{-1}$ in terms of the rows of $R^{-1}$?

# %% [markdown] answer="Answer"
# $C = R^\top R$ for centred columns of length 1, so $C^{-1} = R^{-1} R^{-\top}$, whose $j$-th diagonal entry is the squared length of row $j$ of $R^{-1}$. Solving $R \, T = I$ gives that triangle.


# %% answer="Answer"
def my_vif(X):
    X_c = X - X.mean(0)
    R = torch.linalg.qr(X_c / X_c.norm(dim=0)).R
    T = torch.linalg.solve_triangular(R, torch.eye(len(R)), upper=True)
    return T.square().sum(1)


linreg.check(my_vif(X_ord), linreg.vif(X_ord))

# %% [markdown]
# **5. The dummy trap.** Three groups are coded as three columns of zeros and ones, and the model has an intercept. Why are the columns dependent, although no two of them resemble each other? `solve` and descent from zero both reach the smallest loss, with different weights. In which of the two do the weights add up to zero, and in which to $b$? Check with `linreg.check(("solve" or "descent"), adds_to_zero)`, the word that you choose:

# %%
group = torch.arange(30) % 3
dummies = torch.nn.functional.one_hot(group).double()
y_groups = torch.tensor([10.0, 20.0, 60.0])[group]
by_way = {
    "solve": linreg.solve(dummies, y_groups),
    "descent": linreg.gradient_descent(dummies, y_groups, lr=0.5, steps=500),
}
adds_to_zero = min(by_way, key=lambda way: abs(by_way[way].w.sum()))

# %% [markdown] answer="Hint"
# Along which direction of $(b, w)$ does no prediction change? `solve` counts the length of $w$ alone; descent starts at $b = 0$ as well.

# %% [markdown] answer="Answer"
# The three columns add up to the column of ones: raise all three weights by 1, lower $b$ by 1, and nothing changes. `solve` counts the length of $w$ alone, so its $w$ is orthogonal to $(1, 1, 1)$: the weights are differences from the mean of the groups. Descent stays orthogonal to $(-1, 1, 1, 1)$, so $b = w_1 + w_2 + w_3$; it cannot see that there was a choice, and its status is `ok`. The clean way out is to leave one group out: its mean is then the intercept, and the weights are differences from it.

# %% answer="Answer"
linreg.check("solve", adds_to_zero)
by_way["one left out"] = linreg.solve(dummies[:, 1:], y_groups)
for name, fit in by_way.items():
    numbers = [round(value, 3) for value in fit.w.tolist()]
    print(f"{name:13} w = {numbers}, b = {fit.b:.3f}, {fit.status}")
print("VIF:", linreg.vif(dummies).tolist())

# %% [markdown]
# ## References
#
# - Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 3.2.3: the weight from the residual of a feature, and its variance.
# - Belsley, Kuh and Welsch, *Regression Diagnostics*, chapter 3: VIF, condition numbers, and which columns are involved.
# - Golub and Van Loan, *Matrix Computations*, section 5.5: dependent columns and the shortest answer.
# - Longley (1967), *An appraisal of least squares programs for the electronic computer from the point of view of the user*.
#
# <!-- given 3.2.3, 5.5, 1967: sections of the books cited, and a year -->
#
# ## Where next
#
# [How sure are we?](sure.py) estimates the noise from the data as well, and puts intervals beside the weights. [Faster descent](faster.py) takes the root of the condition number.
