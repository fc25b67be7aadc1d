# %% [markdown]
# # Start in five minutes
#
# After this page you can fit a linear model in three ways, explain why they agree, and recognise a
# run that went wrong.
#
# <!-- core -->
#
# **The question.** Do three ways to fit the same data give the same answer?
#
# The data are a thousand rows drawn from a known rule:
#
# $$y = -x_1 + x_2 + 2 + \text{noise}, \qquad \text{noise} \sim N(0,\ 0.1^2).$$
#
# Each row, a *sample*, has two *features*, $x_1$ and $x_2$, and a *target* $y$. The *noise* is a random
# number with mean 0 and *standard deviation* 0.1, its typical size.

# %%
import torch

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(0)  # equal seeds give equal random numbers

X = torch.randn(1000, 2, generator=generator)  # features, one row for each sample
noise = 0.1 * torch.randn(1000, generator=generator)
y = X @ torch.tensor([-1.0, 1.0]) + 2 + noise  # targets

X.shape, y.shape

# %% [markdown]
# `X` and `y` are *tensors*, PyTorch's arrays. The line with `set_default_dtype` stands first on each
# page: it makes PyTorch compute in *float64*, with some sixteen decimal digits instead of seven, so that
# printed digits mean something. Do not copy it into a project: it switches the whole program, doubles
# the memory, and makes most GPUs much slower. Ask for float64 where you need it:
# `torch.zeros(3, dtype=torch.float64)`.
#
# ## What counts as the answer
#
# A *linear model* makes the *prediction* $\hat y = w_1 x_1 + w_2 x_2 + b$. Its *parameters* are a
# *weight* $w_j$ for each feature and an *intercept* $b$. The *loss* says how far the predictions miss
# their targets: it is half the mean of the squared misses. The best parameters have the smallest loss.


# %%
def loss(X, y, w, b):
    return (X @ w + b - y).square().mean() / 2


# %% [markdown]
# ## First way: solve an equation
#
# Where the loss is smallest all its slopes are zero. That is a set of linear equations,
# $A^\top A \theta = A^\top y$, where $A$ is $X$ with a column of ones in front and $\theta$ holds $b$
# and the weights. An answer by formula, without a search, is a *closed form*.


# %%
def closed_form(X, y):
    A = torch.hstack((torch.ones(len(X), 1), X))
    theta = torch.linalg.solve(A.T @ A, A.T @ y)
    return theta[1:], theta[0]  # w, b


# %% [markdown]
# ## Second way: walk downhill
#
# The *gradient* holds the slope of the loss for each parameter. *Gradient descent* begins anywhere,
# here at zero. Each step moves all parameters against their slopes, by the slope times a number that
# you choose: the *learning rate*, `lr` in code.


# %%
def descent(X, y, lr, steps):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(steps):
        miss = X @ w + b - y
        w, b = w - lr * X.T @ miss / len(y), b - lr * miss.mean()
    return w, b


# %% [markdown]
# ## Third way: PyTorch's parts
#
# The same walk from a random start. `nn.Linear` holds the parameters. *Autograd* records what is computed
# from them, so that `backward()` can work out the gradient, and an *optimiser*, here `SGD`, takes the
# step.


# %%
def with_modules(X, y, lr, steps, generator):
    layer = torch.nn.Linear(X.shape[1], 1)
    torch.nn.init.normal_(layer.weight, std=3, generator=generator)
    torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        half_mean = torch.nn.functional.mse_loss(layer(X).squeeze(1), y) / 2
        half_mean.backward()
        optimizer.step()
    return layer.weight.detach().squeeze(0), layer.bias.detach().squeeze()


# %% [markdown]
# ## One answer
#
# A thousand rows with two unrelated features are easy data. Beside this *toy* the book uses an
# *ordinary* data set: twenty features, any two of which tend to rise and fall together (their
# *correlation* is one half), and noise of standard deviation 1.

# %%
import linreg

X_ord, y_ord, w_ord, b_ord = linreg.ordinary()
print("ordinary:", X_ord.shape, y_ord.shape)


def three_ways(X, y, lr, steps):
    generator = torch.Generator().manual_seed(1)
    return {
        "closed form": closed_form(X, y),
        "descent": descent(X, y, lr, steps),
        "nn.Linear": with_modules(X, y, lr, steps, generator),
    }


toy = three_ways(X, y, lr=0.5, steps=40)
ordinary = three_ways(X_ord, y_ord, lr=0.1, steps=1000)
for name, fits in (("toy", toy), ("ordinary", ordinary)):
    print(f"{name:13}     w[0]      w[1]         b")
    for way, (w, b) in fits.items():
        print(f"{way:13} {w[0]:8.5f}  {w[1]:8.5f}  {b:8.5f}")

# %% [markdown]
# The printed digits agree. So do the others; if they did not, the build of this page would stop here:

# %%
for fits in (toy, ordinary):
    exact = torch.hstack(fits["closed form"])
    for w, b in fits.values():
        torch.testing.assert_close(torch.hstack((w, b)), exact, rtol=0, atol=1e-9)

# %% [markdown]
# The answer is not the truth, and no method could return that: on the toy the noise moved the best
# fit by up to
# <!--= (torch.hstack(toy["closed form"]) - torch.tensor([-1.0, 1.0, 2.0])).abs().max():.4f -->0.0029<!--/-->,
# on the ordinary data by up to
# <!--= (torch.hstack(ordinary["closed form"]) - torch.hstack((w_ord, torch.tensor(b_ord)))).abs().max():.2f -->0.23<!--/-->.
# The loss *of these data* is a bowl with one lowest point. The closed form computes it, and descent slides
# towards it from any start.

# %% alt="Distance to the closed form's answer against steps on the toy, on a logarithmic scale. From zero and from a far start it falls along two nearly straight lines, to below a billionth after 40 steps."
import matplotlib.pyplot as plt

w_toy, b_toy = toy["closed form"]
for start, colour, side, shift in (
    ((0, 0), linreg.plot.BLUE, "right", -2.5),
    ((30, -40), linreg.plot.ORANGE, "left", 2.5),
):
    w_start = torch.tensor(start, dtype=torch.float64)
    path = linreg.gradient_descent(X, y, lr=0.5, steps=40, w=w_start, tol=0).path
    distance = torch.hypot((path.w - w_toy).norm(dim=1), path.b - b_toy)
    plt.semilogy(distance, ".-", color=colour)
    label = f"from w = {start}"
    plt.text(20 + shift, distance[20], label, color=colour, ha=side, va="center")
    assert distance[40] < 1e-9
plt.xlabel("step")
plt.ylabel("distance to the closed form")
plt.title("Every start goes to the same answer")

# %% [markdown]
# ## When they do not agree
#
# Here is rate 2 on the toy, and on the ordinary data the rate that served the toy:

# %%
for name, data, lr in (("toy", (X, y), 2.0), ("ordinary", (X_ord, y_ord), 0.5)):
    for steps in (0, 10, 100):
        now = loss(*data, *descent(*data, lr, steps))
        print(f"{name:8}  rate {lr}  step {steps:3}  loss {now:.2g}")
    assert now > loss(*data, torch.zeros(data[0].shape[1]), 0.0)

# %% [markdown]
# PyTorch does not warn you; a loop that runs on ends in `nan`. But the features decide which rates work,
# and the limit can be computed before the first step:

# %%
import textwrap

fit = linreg.gradient_descent(X_ord, y_ord, lr=0.5, steps=1000)
print("status:", fit.status.value)
print(textwrap.fill(fit.message, 76))

# %% [markdown]
# [Gradient descent](descent.md) derives this limit and says what `lambda_max` is.
#
# ## What was shown
#
# - On both data sets closed form, descent from zero and `nn.Linear` from a random start give the same
#   parameters to within a billionth: the smallest loss, near the truth and not at it.
# - Rate 0.5 is good for the toy and too large for the ordinary data.
#
# ## Exercises
#
# **1. By pencil.** Three points, $x = 0, 1, 2$ and $y = 1, 2, 6$. Take one step of gradient descent
# from $w = b = 0$ at rate 0.3. What are $w$ and $b$? Check with
# `linreg.check([w, b], one_step)`.

# %%
x_three, y_three = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([1.0, 2.0, 6.0])
one_step = torch.hstack(descent(x_three, y_three, lr=0.3, steps=1))

# %% [markdown] answer="Hint"
# At zero every prediction is 0, so the misses are $-1, -2, -6$. The slope for $w$ is the mean of miss
# times $x$, that for $b$ the mean of the misses.

# %% [markdown] answer="Answer"
# The slopes are $-14/3$ and $-3$, so the step goes to $w = 1.4$ and $b = 0.9$.

# %% answer="Answer"
linreg.check([1.4, 0.9], one_step)

# %% [markdown]
# **2. Predict the picture.** Draw the figure above for rate 1.9 instead of 0.5. Are the lines steeper
# or flatter?

# %% [markdown] answer="Hint"
# At rate 2 the loss grows. What must happen just below?

# %% [markdown] answer="Answer"
# Flatter. Each step now jumps across the lowest point and lands nearly as far away on the other side;
# a little above this rate it lands farther away, and descent diverges.

# %% answer="Answer"
for lr in (0.5, 1.9):
    before, after = (torch.hstack(descent(X, y, lr, steps)) for steps in (39, 40))
    answer = torch.hstack((w_toy, b_toy))
    ratio = (after - answer).norm() / (before - answer).norm()
    print(f"rate {lr}: the last step multiplies the distance by {ratio:.2f}")

# %% [markdown]
# **3. What is wrong with this sentence?** "The closed form misses the truth, so it is not exact, and
# descent with more steps would come nearer."

# %% [markdown] answer="Hint"
# Which point has the smallest loss: the truth or the closed form?

# %% [markdown] answer="Answer"
# It is exact: it has the smallest loss on these rows, smaller than the truth has. Descent goes to that
# same point, so more steps end there. Only more rows, or less noise, bring both nearer to the truth.

# %% answer="Answer"
at_truth = loss(X, y, torch.tensor([-1.0, 1.0]), 2.0)
assert loss(X, y, *toy["closed form"]) < at_truth

# %% [markdown]
# **4. Code.** Write `steps_needed(X, y, lr)`: after how many steps of the second way is every parameter
# within 0.001 of the closed form? Check with `linreg.check(steps_needed(X, y, 0.5), counted)`.

# %%
walk = linreg.gradient_descent(X, y, lr=0.5, steps=40, tol=0).path
off = torch.hstack((walk.w - w_toy, (walk.b - b_toy).unsqueeze(1))).abs().amax(1)
counted = int((off > 0.001).sum())  # the steps before

# %% [markdown] answer="Hint"
# Take the loop of `descent`, and look at the parameters after each step.


# %% answer="Answer"
def steps_needed(X, y, lr):
    goal_w, goal_b = closed_form(X, y)
    w, b, steps = torch.zeros(X.shape[1]), torch.zeros(()), 0
    while max((w - goal_w).abs().max(), (b - goal_b).abs()) > 0.001:
        miss = X @ w + b - y
        w, b = w - lr * X.T @ miss / len(y), b - lr * miss.mean()
        steps += 1
    return steps


linreg.check(steps_needed(X, y, 0.5), counted)

# %% [markdown]
# ## Where next
#
# [Data and model](model.md) starts at the beginning: what the model says, and which shape each thing
# has. The algebra that the book uses is collected, with pictures, in the [Toolbox](toolbox.md).
