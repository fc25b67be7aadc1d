# %% [markdown]
# # Logistic and softmax
#
# After this page you can fit chances instead of numbers, read a weight as odds, and take a step of Newton's method as a weighted least-squares fit. You can tell data that have no best weights from data that have, and choose the form of the loss that keeps its gradient in float32.
#
# <!-- core -->
#
# Besides `linreg` this page needs scikit-learn and statsmodels; [the line that installs](../index.md#run-it-yourself) brings them.
#
# **The question.** The target is yes or no. How much of what was said of lines still holds?
#
# ## A line leaves the chances
#
# A class is drawn for each row of the two data sets of this book: 1 with a chance that depends on the features, else 0. Least squares can be fitted to such targets. But some of its predictions are no chances:

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)


def drawn(X, w, b, seed):
    """Classes 0 and 1, by the chances that linear margins give."""
    generator = torch.Generator().manual_seed(seed)
    chances = torch.sigmoid(X @ w + b)
    return (torch.rand(len(X), generator=generator) < chances).double()


X, _, w_line, _ = linreg.ordinary()
w_true = 0.3 * w_line
y = drawn(X, w_true, 0.0, seed=1)
toy = linreg.simulate(100, generator=torch.Generator().manual_seed(1))[0]
toy_y = drawn(toy, torch.tensor([-1.0, 1.0]), 0.5, seed=2)
sets = {"ordinary": (X, y), "toy": (toy, toy_y)}
outside = {}
print("data      class 1   predictions of least squares")
for name, (A, t) in sets.items():
    line = linreg.solve(A, t).predict(A)
    outside[name] = int(((line < 0) | (line > 1)).sum())
    told = f"{float(line.min()):.2f} to {float(line.max()):.2f}"
    print(f"{name:9} {t.mean():7.0%}   {told}, {outside[name]} outside 0 to 1")

# %% [markdown]
# So let the linear function give a number of any size, and turn it into a chance afterwards. The *margin* $m = x^\top w + b$ is the logarithm of the *odds*, $p / (1 - p)$, and the *logistic function* takes it back:
#
# $$
# m = \log \frac{p}{1 - p}, \qquad p = \frac{1}{1 + e^{-m}} .
# $$
#
# The fit makes the observed classes most likely. A row of class 1 costs $-\log p$, one of class 0 costs $-\log(1 - p)$: this is the *log-loss*, in *nats*, and 0.69 <!-- given 0.69: log 2, the loss of an even chance --> is the cost of a row whose chance is given as one half.

# %% alt="Classes 0 and 1 of a hundred rows against the margin of the toy, drawn as short strokes at the bottom and the top. A straight line through them crosses 0 and 1 within the range of the margins; the logistic curve bends to stay between."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE

fit_toy = linreg.logistic(toy, toy_y)
margins = fit_toy.margins(toy)
straight = linreg.solve(margins.unsqueeze(1), toy_y)
by_line = straight.predict(margins.unsqueeze(1))
assert float(by_line.min()) < 0 < 1 < float(by_line.max())
grid = torch.linspace(-5, 6, 111)
fig, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
ax.plot(margins, toy_y, "|", color=GREY, markersize=9, label="classes")
ax.plot(grid, torch.sigmoid(grid), color=BLUE, label="logistic")
ax.plot(grid, straight.w * grid + straight.b, color=ORANGE, label="least squares")
ax.set(xlabel="margin", ylabel="chance of class 1", xlim=(-5, 6), ylim=(-0.25, 1.25))
ax.legend(frameon=False, loc="center right", bbox_to_anchor=(1, 0.4))
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## The same gradient
#
# The logistic function has the derivative $p (1 - p)$ by $m$. The derivative of $-t \log p - (1 - t) \log(1 - p)$ by the margin is therefore
#
# $$
# -\frac{t}{p}\, p (1 - p) + \frac{1 - t}{1 - p}\, p (1 - p) = p - t ,
# $$
#
# prediction minus target, as for half the square. By the chain rule the gradient of the mean loss is $\frac1n X^\top (p - t)$, the formula of [by hand](../part1/by-hand.py) with chances in the place of predictions. It holds for more than two classes too: with a column of scores for each class, chances $P$ by softmax, and $T$ with a 1 at the class of each row, it is $\frac1n X^\top (P - T)$. PyTorch agrees in all three:

# %%
from torch import nn


def by_autograd(loss, W):
    """The gradient that PyTorch finds."""
    W = W.clone().requires_grad_()
    loss(W).backward()
    return W.grad


n = len(X)
codes = (y + 2 * (X[:, 0] > 1)).clamp(max=2)  # three classes
T = nn.functional.one_hot(codes.long()).double()
start = torch.randn(20, 3, generator=torch.Generator().manual_seed(3)) / 4
w = start[:, 0]
ours = {
    "squares": X.T @ (X @ w - y) / n,
    "logistic": X.T @ (torch.sigmoid(X @ w) - y) / n,
    "softmax": X.T @ ((X @ start).softmax(1) - T) / n,
}
torchs = {
    "squares": by_autograd(lambda w: nn.functional.mse_loss(X @ w, y) / 2, w),
    "logistic": by_autograd(
        lambda w: nn.functional.binary_cross_entropy_with_logits(X @ w, y), w
    ),
    "softmax": by_autograd(
        lambda W: nn.functional.cross_entropy(X @ W, codes.long()), start
    ),
}
for name, gradient in ours.items():
    print(name, torch.allclose(gradient, torchs[name], rtol=1e-10, atol=1e-14))

# %% [markdown]
# ## A step of Newton's method is a weighted least-squares fit
#
# The difference is that the gradient is no longer linear in $w$. Its derivative, the Hessian, is $H = \frac1n \sum_i c_i\, \tilde x_i \tilde x_i^\top$ with $c_i = p_i (1 - p_i) > 0$. So $v^\top H v = \frac1n \sum_i c_i (\tilde x_i^\top v)^2 \ge 0$: the loss is convex, and any minimum is the minimum. Newton's step solves $H h = -\nabla L$. Multiply by $n$ and write the new point as $\theta + h$:
#
# $$
# \sum_i c_i\, \tilde x_i \tilde x_i^\top (\theta + h) = \sum_i c_i\, u_i \tilde x_i, \qquad u_i = m_i + \frac{t_i - p_i}{c_i} .
# $$
#
# That is the normal equation of least squares with weights $c$ and targets $u$. So `solve` fits logistic regression, in a loop of four lines:


# %%
def reweighted(X, t, steps):
    """Logistic regression by weighted least squares, and the loss after each step."""
    m, losses = torch.zeros(len(X)), []
    for _ in range(steps):
        p = torch.sigmoid(m)
        c = p * (1 - p)
        fit = linreg.solve(X, m + (t - p) / c, weights=c)
        m = fit.predict(X)
        losses.append(float(nn.functional.binary_cross_entropy_with_logits(m, t)))
    return fit, losses


for name, (A, t) in sets.items():
    (by_hand, losses), best = reweighted(A, t, 8), linreg.logistic(A, t)
    excess = [loss - float(best.loss) for loss in losses]
    print(f"{name:9}", *(f"{e:8.0e}" for e in excess[:3]), "excess loss")
    assert excess[-1] < 1e-14
    assert torch.allclose(by_hand.w, best.w, rtol=1e-10)

# %% [markdown]
# Near the end each step about doubles the number of right digits. [`logistic`][linreg.logistic] takes the same steps with two additions: a step that would make the loss larger is shortened, and the columns are first brought to one scale. statsmodels finds the same weights:

# %%
import math

import statsmodels.api as sm

fit = linreg.logistic(X, y)
peer = sm.Logit(y.numpy(), linreg.fold_bias(X).numpy()).fit(disp=0, tol=1e-14)
params = torch.from_numpy(peer.params)
apart = float(((fit.w - params[1:]) / fit.w).abs().max())
digits = min(int(-math.log10(apart)), 10)
assert digits == 10
print(f"loss {float(fit.loss):.4f}, equal to {digits} digits or more\n{fit.message}")

# %% [markdown]
# ## Odds, and how sure we are of them
#
# A weight of 0.7 adds 0.7 to the logarithm of the odds for each unit of its feature, the others held fixed: the odds double, since $e^{0.7} \approx 2$. What that does to the chance depends on where it was: from 50 % to 67 %, from 98 % to 99 %. <!-- given 0.7, 50, 67, 98, 99: odds of 1 and of 49, doubled -->
#
# !!! note "Assumed here"
#
#     The logarithms of the odds are linear in the features, and the rows are independent. Standard errors and what is made of them also need a large $n$: they hold in the limit, and with few rows in one class they can be far off.
#
# The covariance of the estimates is then $(n H)^{-1}$ at the minimum, the inverse of the curvature of the log-likelihood: the sharper the peak, the smaller the errors.

# %%
found = linreg.infer_logistic(toy, toy_y)
print(found)
print("odds ratios:", *(f"{v:.2f}" for v in found.estimate[1:].exp()))
error = sm.Logit(toy_y.numpy(), linreg.fold_bias(toy).numpy()).fit(disp=0).bse
assert torch.allclose(found.se, torch.from_numpy(error), rtol=1e-6)

# %% [markdown]
# The chance of a new row has an interval too. It is that of the margin, taken through the logistic function, so it stays between 0 and 1:

# %%
rows = torch.tensor([[0.0, 0.0], [0.0, 2.0]])
at = found.predict(rows)
for i in range(2):
    print(f"{at.chance[i]:.2f}, from {at.low[i]:.2f} to {at.high[i]:.2f}")
level, reached = 0.95, 0
for study in range(200):
    again = drawn(toy, torch.tensor([-1.0, 1.0]), 0.5, seed=study)
    inferred = linreg.infer_logistic(toy, again)
    reached += int(inferred.low[1] <= -1.0 <= inferred.high[1])
print(f"{reached} of 200 intervals of the toy hold the true weight")

# %% [markdown]
# ## Data without an answer
#
# Six rows, the feature below 3 for class 0 and above for class 1. Here are three routines of statsmodels, one of scikit-learn, and ours:

# %%
import warnings

from sklearn.linear_model import LogisticRegression

x_6 = torch.tensor([[0.0], [1.0], [2.0], [4.0], [5.0], [6.0]])
y_6 = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])


def scikit_learn(A, t):
    model = LogisticRegression(C=math.inf, max_iter=10_000).fit(A[:, 1:], t)
    return model.n_iter_[0] < 10_000, abs(model.coef_).max()


def logit(A, t, method="newton"):
    result = sm.Logit(t, A).fit(disp=0, method=method, maxiter=1000)
    return result.mle_retvals["converged"], abs(result.params[1:]).max()


def glm(A, t):
    result = sm.GLM(t, A, family=sm.families.Binomial()).fit()
    return result.converged, abs(result.params[1:]).max()


doors = {
    "scikit-learn": scikit_learn,
    "Logit, newton": logit,
    "Logit, bfgs": lambda A, t: logit(A, t, "bfgs"),
    "GLM": glm,
}


def ask(doors, X, t):
    """Print what each routine says; return those that say "converged", and the silent ones."""
    A, targets, fooled, silent = linreg.fold_bias(X).numpy(), t.numpy(), [], []
    print("door            says           warns   largest weight")
    for door, fitted in doors.items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            converged, weight = fitted(A, targets)
        says, warns = (
            "converged" if converged else "not converged",
            "yes" if caught else "no",
        )
        print(f"{door:15} {says:14} {warns:6} {weight:15.1f}")
        fooled += [door] * bool(converged)
        silent += [door] * bool(converged and not caught)
    ours = linreg.logistic(X, t)
    print(f"{'linreg':15} {ours.status:14} {'':6} {float(ours.w.abs().max()):15.1f}")
    return fooled, silent


fooled, silent = ask(doors, x_6, y_6)

# %% [markdown]
# Four different numbers, and none is right: with $w = 1, b = -3$ each row lies on the side of its class. Twice these weights fit better, and a hundred times these better still. The loss has no minimum, and the weights that a program prints are those at which its stopping rule was met. A tighter tolerance only moves them further:

# %% alt="The largest weight that scikit-learn finds for six separated rows against its tolerance, from 0.01 down to 1e-10: it grows with each tightening, from 4 to 21."
tolerances = torch.logspace(-2, -10, 9)
weights = [
    float(
        LogisticRegression(C=math.inf, tol=float(tol), max_iter=100_000)
        .fit(x_6.numpy(), y_6.numpy())
        .coef_[0, 0]
    )
    for tol in tolerances
]
assert weights == sorted(weights)
assert 3 < weights[0] < 5 < 20 < weights[-1] < 22
fig, ax = plt.subplots(figsize=(5.5, 3.0), layout="constrained")
ax.semilogx(tolerances, weights, "o-", color=BLUE)
ax.invert_xaxis()
ax.set(xlabel="tolerance", ylabel="weight", ylim=(0, None))
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# It need not be all rows. A column that is 1 in a few rows of class 1 and nowhere else is enough: its weight goes to infinity, the others do not, and the other rows lie on the boundary, where both classes occur. Such classes are *quasi-completely separated*. In practice this is the common case: a rare category, a rare symptom. In the ordinary data:

# %%
rare = y * (torch.arange(n) % 40 == 0)
with_rare = torch.column_stack((X, rare))
print(f"the column is 1 in {int(rare.sum())} rows of 300, all of class 1\n")
fooled_too, silent_too = ask(doors, with_rare, y)

# %% [markdown]
# Both answers of [`logistic`][linreg.logistic] can be checked. Where it says `separated` it returns the direction, `fit.separation`: no row lies on the wrong side, and those that are off the boundary lie at least 1 on the right one. One product with $X$ confirms it:

# %%
parted = linreg.logistic(with_rare, y).separation
side = (2 * y - 1) * (with_rare @ parted.w + parted.b)
on = side.abs() < 1e-12
assert bool((on | (side > 1 - 1e-9)).all())
print(f"on the boundary {int(on.sum())}, at 1 or beyond {int((~on).sum())}")
print(parted)
six = linreg.logistic(x_6, y_6).separation
print(f"six rows: w = {float(six.w):.0f}, b = {float(six.b):.0f}, {six}")

# %% [markdown]
# Where it says `ok` there is a minimum, and this can be proved from one point. Let the columns be made orthonormal first, so that no row is longer than 1, and let $g$ and $H$ be the slope and the curvature of the *sum* of the losses at any $\theta$. Suppose a direction $v$ of length 1 separates the classes: $\delta_i = (2 t_i - 1)\, z_i^\top v \ge 0$ in all rows $z_i$. Each row pulls with $q_i$, the chance it gives to the other class, so $-g^\top v = \sum_i q_i \delta_i \le \lvert g \rvert$. And $\delta_i \le 1$, so
#
# $$
# \lambda_{\min}(H) \le v^\top H v = \sum_i q_i (1 - q_i)\, \delta_i^2 \le \sum_i q_i \delta_i \le \lvert g \rvert .
# $$
#
# A curvature that is larger than the slope rules out each such direction. Far from the minimum the inequality may say nothing; at the end, where the slope is rounding, it decides:


# %%
def slope_and_curvature(X, t, fit):
    """|g| and the smallest eigenvalue of H, for orthonormal columns."""
    Z = torch.linalg.qr(linreg.fold_bias(X)).Q
    p = fit.probabilities(X)
    H = Z.T @ ((p * (1 - p)).unsqueeze(1) * Z)
    g = float(torch.linalg.vector_norm(Z.T @ (p - t)))
    return g, float(torch.linalg.eigvalsh(H)[0])


print("data      steps   slope   curvature")
for name, (A, t) in sets.items():
    for steps in (1, 3, 100):
        reached_fit = linreg.logistic(A, t, steps=steps)
        g, least = slope_and_curvature(A, t, reached_fit)
        proved = "proved" if least > g else ""
        slope = f"{g:.0e}" if g > 1e-10 else "<1e-10"
        print(
            f"{name:9} {min(steps, reached_fit.steps):5} {slope:>7} {least:11.3f}   {proved}"
        )
    assert least > g

# %% [markdown]
# ## What a penalty does
#
# With $\frac{\alpha}{2} \lvert w \rvert^2$ added to the mean loss there is always one answer, separated or not, if both classes occur. The intercept stays free. scikit-learn writes the sum of the losses times $C$, so its $C$ is $1 / (n \alpha)$; and its default, $C = 1$, is a penalty:

# %%
alpha = 0.01
held = linreg.logistic(with_rare, y, alpha=alpha)
model = LogisticRegression(C=1 / (n * alpha), solver="newton-cholesky", tol=1e-12)
theirs = model.fit(with_rare.numpy(), y.numpy()).coef_[0]
assert torch.allclose(held.w, torch.from_numpy(theirs), rtol=1e-8)
default = LogisticRegression().fit(X.numpy(), y.numpy()).coef_[0]
as_default = linreg.logistic(X, y, alpha=1 / n)
assert torch.allclose(as_default.w, torch.from_numpy(default), rtol=1e-2)
shrunk = float(as_default.w.norm() / fit.w.norm())
print(f"{held.status}: the weight of the rare column is {float(held.w[-1]):.2f}")
print(f"scikit-learn's default: {shrunk:.0%} of the length of the weights")

# %% [markdown]
# ## More than two classes
#
# Each class has its own weights, and its chance is $p_k = e^{s_k} / \sum_j e^{s_j}$ with the scores $s_k = x^\top w_k + b_k$: *softmax*. One more number in all scores of a row changes no chance, so the weights are not determined: adding one vector to all $w_k$ leaves the loss as it is, and the Hessian has a zero eigenvalue for each of the $d + 1$ numbers of that vector. [`softmax`][linreg.softmax] returns the answer whose weights, and intercepts, add up to zero over the classes, the *symmetric gauge*. statsmodels gives class 0 the weights 0. The differences of classes are the same:

# %%
three = drawn(toy, torch.tensor([0.0, 2.0]), -1.0, seed=5) + toy_y
soft = linreg.softmax(toy, three)
print("w, a column for each class:")
for row in soft.w.tolist():
    print("  ", *(f"{value:8.4f}" for value in row))
assert float(soft.w.sum(1).abs().max()) < 1e-12
base = sm.MNLogit(three.numpy(), linreg.fold_bias(toy).numpy()).fit(disp=0, tol=1e-12)
differences = soft.w[:, 1:] - soft.w[:, :1]
assert torch.allclose(differences, torch.from_numpy(base.params[1:]), rtol=1e-8)


def mean_loss(theta, X, classes):
    scores = linreg.fold_bias(X) @ theta.view(3, 3)
    return nn.functional.cross_entropy(scores, classes)


theta = torch.vstack((soft.b, soft.w)).flatten()
H = torch.autograd.functional.hessian(lambda v: mean_loss(v, toy, three.long()), theta)
values = torch.linalg.eigvalsh(H)
flat = int((values < 1e-10).sum())
print(f"eigenvalues of the Hessian below 1e-10: {flat} of {len(values)}")

# %% [markdown]
# A standard error of a single $w_k$ belongs to a gauge. [`infer_softmax`][linreg.infer_softmax] gives those of each class against the mean of all, or against one class, its `base`.
#
# ## A loss that keeps its gradient
#
# PyTorch has the loss in two forms. `BCELoss` takes chances, `BCEWithLogitsLoss` margins. On paper they are one. But in float32 a chance close enough to 1 is rounded to 1, and for a chance close to 0 PyTorch bounds the slope of the logarithm, in float64 too: either way the gradient of the row is gone. The right gradient is $p - t$:

# %%
print("  t   margin      logits: loss  gradient     chances: loss  gradient")
traps = {}
for t, margin in ((0.0, 10.0), (0.0, 40.0), (1.0, -40.0), (1.0, -100.0)):
    numbers = []
    for form in ("logits", "chances"):
        m = torch.tensor([margin], dtype=torch.float32, requires_grad=True)
        target = torch.tensor([t], dtype=torch.float32)
        if form == "logits":
            loss = nn.functional.binary_cross_entropy_with_logits(m, target)
        else:
            loss = nn.functional.binary_cross_entropy(torch.sigmoid(m), target)
        loss.backward()
        numbers += [float(loss.detach()), float(m.grad)]
    traps[t, margin] = numbers
    print(
        f"{t:3.0f} {margin:8.0f} {numbers[0]:16.1f} {numbers[1]:9.2g} {numbers[2]:18.1f} {numbers[3]:9.2g}"
    )
    assert abs(numbers[1] - (1.0 if t == 0 else -1.0)) < 1e-4

# %% [markdown]
# At the margin 40 the prediction is as wrong as it can be, and computed from chances the row has no gradient at all: a network goes on training on the other rows, without an error or a warning. The value of the loss is cut off as well, at 100. So give the loss the margins. <!-- given 100: where PyTorch cuts the logarithm off, -log p in the table -->
#
# ## What a class weighs
#
# With few rows of one class it is common to count them more. Then a sum of losses must be divided by something, and PyTorch has two answers, both in one class: `CrossEntropyLoss(weight=...)` divides by the sum of the weights of the rows for targets that are classes, and by $n$ for targets that are chances. `linreg` divides by the sum of the weights:

# %%
weight = torch.tensor([1.0, 3.0, 9.0])
counted = linreg.softmax(toy, three, class_weights=weight)
scores = counted.margins(toy)
by_class = nn.functional.cross_entropy(scores, three.long(), weight=weight)
by_chance = nn.functional.cross_entropy(
    scores, nn.functional.one_hot(three.long()).double(), weight=weight
)
mean_weight = float(weight[three.long()].mean())
print(f"linreg {float(counted.loss):.4f}")
print(f"torch, classes {float(by_class):.4f}, chances {float(by_chance):.4f}")
assert math.isclose(float(counted.loss), float(by_class), rel_tol=1e-12)
assert math.isclose(float(by_chance / by_class), mean_weight, rel_tol=1e-12)

# %% [markdown]
# Without a penalty the two have the same minimum, with one they do not. Counting rows more does not make more data: the intercept moves, so the chances are no longer those of the population, and the standard errors of such a fit mean nothing.
#
# ## What was shown
#
# - Least squares on classes predicted outside 0 to 1 in <!--= outside["ordinary"] -->13<!--/--> of 300 rows of the ordinary data, and in <!--= outside["toy"] -->8<!--/--> of 100 of the toy.
# - Squares, logistic and softmax have one gradient, $\frac1n X^\top (\text{prediction} - \text{target})$: autograd agreed on the ordinary data.
# - Newton's method was a loop of weighted least-squares fits, on the toy and on the ordinary data; on the ordinary data statsmodels agreed to <!--= digits -->10<!--/--> digits.
# - On six separated rows <!--= len(fooled) -->3<!--/--> of four routines said "converged", <!--= len(silent) -->2<!--/--> of them without a warning; on the ordinary data with a rare column <!--= len(fooled_too) -->3<!--/-->, and <!--= len(silent_too) -->3<!--/--> without. A direction that separates, and a curvature above the slope, prove either answer.
# - scikit-learn's $C$ is $1 / (n \alpha)$, and its default, $C = 1$, shrank the weights of the ordinary data to <!--= shrunk:.0% -->94%<!--/--> of their length.
# - At margin 40 and class 0 the gradient by way of chances was <!--= traps[0.0, 40.0][3]:.0f -->0<!--/-->, that of the logits <!--= traps[0.0, 40.0][1]:.0f -->1<!--/-->.
#
# ## Exercises
#
# **1. By pencil.** Ten rows without the feature, 3 of class 1; twenty rows with it, 15 of class 1. What are $b$ and $w$ of the logistic fit with that one feature, 0 or 1? Check with `linreg.check(torch.tensor([b, w]), two_by_two)`:

# %%
feature = torch.tensor([0.0] * 10 + [1.0] * 20).unsqueeze(1)
t_30 = torch.tensor([1.0] * 3 + [0.0] * 7 + [1.0] * 15 + [0.0] * 5)
of_table = linreg.logistic(feature, t_30)
two_by_two = torch.stack((of_table.b, of_table.w[0]))

# %% [markdown] answer="Hint"
# Two numbers are fitted to two groups, so that each group can have its own chance. Which one makes its rows most likely?

# %% [markdown] answer="Answer"
# The share of class 1, three tenths and three quarters. So $b = \log(3 / 7)$, and $b + w = \log(15 / 5)$: $w$ is the logarithm of the odds ratio, $3 / (3/7) = 7$.

# %% answer="Answer"
linreg.check(torch.tensor([math.log(3 / 7), math.log(7)]), two_by_two)

# %% [markdown]
# **2. Predict the picture.** The figure of the weight against the tolerance was drawn for six separated rows. One of them changes its class, the one at 4. What does the curve look like now?

# %% [markdown] answer="Hint"
# Do classes still lie on two sides of a threshold?

# %% [markdown] answer="Answer"
# It keeps growing: the threshold has moved to between 4 and 5, and the classes are as separated as before. Had the row at 2 changed as well, the classes would overlap, and the curve would become level at the one weight that there is.

# %% answer="Answer"
changed = torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0, 1.0])
overlapping = torch.tensor([0.0, 0.0, 1.0, 0.0, 1.0, 1.0])
print(linreg.logistic(x_6, changed).status, linreg.logistic(x_6, overlapping).status)

# %% [markdown]
# **3. What is wrong with this sentence?** "The weight of age is 0.05, so each year adds 5 percentage points to the chance." <!-- given 0.05: an invented weight -->

# %% [markdown] answer="Hint"
# What does the weight multiply? Where is the logistic curve steepest?

# %% [markdown] answer="Answer"
# It adds 0.05 to the logarithm of the odds, which multiplies the odds by $e^{0.05}$, five hundredths more. The chance moves by $p (1 - p)$ times 0.05 for a year, at most 1.25 percentage points, where it is one half; near 0 and 1 by next to nothing.

# %% answer="Answer"
steepest = torch.sigmoid(torch.tensor(0.05)) - 0.5
print(f"{100 * float(steepest):.2f} percentage points at the most")

# %% [markdown]
# **4. Code.** Write `gradient_steps(X, t, lr, steps)`: gradient descent on the mean log-loss with an intercept, from zero, that returns the weights and the intercept as one tensor, intercept first. Check it with `linreg.check(gradient_steps(toy, toy_y, 1.0, 500), torch.cat((fit_toy.b.reshape(1), fit_toy.w)))`.

# %% [markdown] answer="Hint"
# The loop of [by hand](../part1/by-hand.py) with `torch.sigmoid` around the prediction.


# %% answer="Answer"
def gradient_steps(X, t, lr, steps):
    A = linreg.fold_bias(X)
    theta = torch.zeros(A.shape[1])
    for _ in range(steps):
        theta = theta - lr * A.T @ (torch.sigmoid(A @ theta) - t) / len(t)
    return theta


linreg.check(
    gradient_steps(toy, toy_y, 1.0, 500),
    torch.cat((fit_toy.b.reshape(1), fit_toy.w)),
)

# %% [markdown]
# ## Where next
#
# [How sure are we?](../part2/sure.py) has the intervals of least squares, and what breaks them. The reference has [classes](../reference/api-general.md#classes) with every setting. The loss, its gradient and its curvature are sums over rows: `logistic_stream` takes the same steps over more rows than memory holds, and with `ranks=True` over those of [many machines](rows-machines.py).
