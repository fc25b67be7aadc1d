# %% [markdown]
# # Start in five minutes
#
# After this page you can fit a linear model in three ways, explain why they agree, and read what
# goes wrong when they do not.
#
# <!-- core -->
#
# **The question.** Do three ways to fit the same data give the same answer? The data are a thousand
# rows made from a known rule, so there is also a truth to compare with:
#
# $$y = -x_1 + x_2 + 2 + \text{noise}, \qquad \text{noise} \sim N(0,\ 0.1^2).$$

# %%
import torch

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(0)

X = torch.randn(1000, 2, generator=generator)  # (n, d): a row per sample
noise = 0.1 * torch.randn(1000, generator=generator)
y = X @ torch.tensor([-1.0, 1.0]) + 2 + noise  # (n,)

X.shape, y.shape

# %% [markdown]
# ## One snippet, three ways
#
# Each way looks for the weights $w$ and the intercept $b$ with the smallest loss
# $L(w, b) = \frac{1}{2n} \lVert Xw + b - y \rVert^2$, half the mean of the squared errors. The
# first solves an equation, the second walks downhill with the gradient written out, the third does
# the same walk with PyTorch's own layer, loss and optimiser.

# %%
# 1. Closed form: solve A'A theta = A'y, where A = [1 X].
A = torch.hstack((torch.ones(len(X), 1), X))
theta = torch.linalg.solve(A.T @ A, A.T @ y)
closed = theta[1:], theta[0]

# 2. Gradient descent by hand, from zero.
w, b = torch.zeros(2), torch.zeros(())
for _ in range(40):
    error = X @ w + b - y  # (n,)
    w, b = w - 0.5 * X.T @ error / len(y), b - 0.5 * error.mean()
descent = w, b

# 3. The same loss, the same rate, from a random start, with PyTorch's parts.
layer = torch.nn.Linear(2, 1)
torch.nn.init.normal_(layer.weight, std=3, generator=generator)
torch.nn.init.zeros_(layer.bias)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
for _ in range(40):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(layer(X).squeeze(1), y) / 2
    loss.backward()
    optimizer.step()
module = layer.weight.detach().squeeze(0), layer.bias.detach().squeeze()

fits = {"closed form": closed, "descent": descent, "nn.Linear": module}
for name, (w, b) in fits.items():
    print(f"{name:12} w = {w[0]:.5f} {w[1]:.5f}   b = {b:.5f}")

# %% [markdown]
# Three ways, one answer. The printed digits agree; here is the stronger statement, which stops the
# build of this page if it ever fails:

# %%
for w, b in (descent, module):
    torch.testing.assert_close(w, closed[0], rtol=0, atol=1e-9)
    torch.testing.assert_close(b, closed[1], rtol=0, atol=1e-9)

# %% [markdown]
# The answer is not the truth $(-1, 1)$ and $2$, and no method could return that: the noise moved
# the best fit by up to
# <!--= max((closed[0] - torch.tensor([-1.0, 1.0])).abs().max(), (closed[1] - 2).abs()):.4f -->0.0029<!--/-->.
# What the three share is the point with the smallest loss *for these data*.
#
# ## Why they must agree
#
# The loss is a bowl with one lowest point. The closed form computes that point. Descent slides
# towards it from wherever it starts, and its distance shrinks by about the same factor at each
# step.

# %% alt="Distance to the closed form's answer against steps, on a logarithmic scale. From zero and from a far start it falls along two parallel straight lines, to below a billionth after 40 steps."
import matplotlib.pyplot as plt

import linreg

for start, colour, side, at in (
    ((0, 0), linreg.plot.BLUE, "right", 17.5),
    ((30, -40), linreg.plot.ORANGE, "left", 22.5),
):
    w = torch.tensor(start, dtype=torch.float64)
    path = linreg.gradient_descent(X, y, lr=0.5, steps=40, w=w, tol=0).path
    distance = torch.hypot((path.w - closed[0]).norm(dim=1), path.b - closed[1])
    plt.semilogy(distance, ".-", color=colour)
    label = f"from w = {start}"
    plt.text(at, distance[20], label, color=colour, ha=side, va="center")
plt.xlabel("step")
plt.ylabel("distance to the closed form")
plt.title("Every start goes to the same answer")

# %% [markdown]
# Straight lines: each step multiplies the distance by about the same number. With the rate $\eta = 0.5$
# that number lies between $1 - \eta \lambda_{\max}$ and $1 - \eta \mu$, where $\mu$ and
# $\lambda_{\max}$ are the smallest and the largest curvature of the bowl. They are properties of $X$,
# known before the first step:

# %%
bowl = linreg.curvature(X)
factor = distance[40] / distance[39]  # of the last step
print(f"predicted factor: between {1 - 0.5 * bowl.L:.4f} and {1 - 0.5 * bowl.mu:.4f}")
print(f"measured, last step: {factor:.4f}")
assert 1 - 0.5 * bowl.L < factor < 1 - 0.5 * bowl.mu

# %% [markdown]
# ## When they do not agree
#
# A larger rate seems to promise a faster walk. Here is rate 2:

# %%
w, b = torch.zeros(2), torch.zeros(())
for step in range(301):
    error = X @ w + b - y
    if step % 100 == 0:
        print(f"step {step:3}: loss {(error @ error) / (2 * len(y)):.3g}")
    w, b = w - 2.0 * X.T @ error / len(y), b - 2.0 * error.mean()

# %% [markdown]
# Nothing in PyTorch warns you, and a loop that runs on ends in `nan`:
# [Gradient descent, executed](descent-run.py) counts the steps. The curvature tells it beforehand. A
# rate is stable below $2/\lambda_{\max}$, and `linreg` puts that into its message:

# %%
import textwrap

fit = linreg.gradient_descent(X, y, lr=2.0, steps=300)
print("status:", fit.status.value)
print(textwrap.fill(fit.message, 76))

# %% [markdown]
# ## What was shown
#
# - Closed form, hand-written descent and `nn.Linear` minimise the same loss and give the same
#   parameters to within a billionth.
# - The start does not matter, because the loss has one lowest point.
# - The rate does matter: below $2/\lambda_{\max} =$
#   <!--= bowl.largest_stable_rate:.3f -->1.929<!--/--> descent converges, above it diverges.
#
# ## Exercises
#
# **1. No noise.** Make `y` without noise and solve again. How far from $(-1, 1)$ and $2$ is the
# closed form? Check yours: `assert error < 1e-14`.

# %% answer="Answer"
y_clean = X @ torch.tensor([-1.0, 1.0]) + 2
theta_clean = torch.linalg.solve(A.T @ A, A.T @ y_clean)
error = (theta_clean - torch.tensor([2.0, -1.0, 1.0])).abs().max()
assert error < 1e-14  # a few roundings of float64

# %% [markdown] answer="Answer"
# Without noise every point lies on the plane, so the smallest loss is zero and the truth is the
# only place that has it. What is left is rounding.

# %% [markdown]
# **2. The missing half.** Replace the loss of the third way by plain `mse_loss`, without the half. The
# minimum stays where it is. What is the largest stable rate now? Write it down as a number `mine`
# and check: `assert abs(mine - linreg.curvature(X, reduction="mean").largest_stable_rate) < 1e-3`.

# %% answer="Answer"
mine = bowl.largest_stable_rate / 2
assert abs(mine - linreg.curvature(X, reduction="mean").largest_stable_rate) < 1e-3
print(f"{mine:.4f}")

# %% [markdown] answer="Answer"
# Twice the loss has twice the gradient, so half the rate takes the same steps. [The loss](loss.md)
# compares all four conventions.

# %% [markdown]
# **3. The missing squeeze.** Leave out `.squeeze(1)` in the third way, so that a column (1000, 1)
# meets `y` of shape (1000,). PyTorch warns once and goes on. Which weights come out, and what is
# the intercept? Guess before you run it.

# %% answer="Answer"
import warnings

layer = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
for _ in range(40):
    optimizer.zero_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the warning that you should not ignore
        loss = torch.nn.functional.mse_loss(layer(X), y) / 2
    loss.backward()
    optimizer.step()

assert layer.weight.abs().max() < 1e-9
assert abs(layer.bias - y.mean()) < 1e-9
print(f"b = {layer.bias.item():.4f}, mean of y = {y.mean():.4f}")

# %% [markdown] answer="Answer"
# The model has learned nothing from `X`: the weights are zero and the intercept is the mean of `y`.
# Broadcasting compared every prediction with every target, and the best single answer to all
# targets at once is their mean. [Data and model](model.md#a-column-is-not-a-vector) shows the matrix
# behind it.

# %% [markdown]
# ## Where next
#
# [Data and model](model.md) starts at the beginning: what the model says, which shape each thing
# has, and the matrix behind exercise 3. If you came for the learning rate,
# [Gradient descent](descent.md) derives the two factors above.
