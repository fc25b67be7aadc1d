# %% [markdown]
# # By hand, autograd, nn.Module
#
# After this page you can write the training loop three ways, say what every line of it does, and recognise what goes wrong when
# one of them is missing.
#
# <!-- core -->
#
# **The question.** `loss.backward()`, `optimizer.step()`, `optimizer.zero_grad()`: is there anything behind these calls that a few lines of algebra do not have?
# The test is strict. From the same start, all three loops must give the same numbers, to the last digit.

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
toy = linreg.simulate(generator=torch.Generator().manual_seed(0))  # X, y
ordinary = linreg.ordinary()[:2]
true = torch.tensor([2.0, -1.0, 1.0])  # b, w1, w2 of the toy


def start(X, seed=1):
    """Small random weights (d,), as is the custom, and b = 0; zeros would do."""
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(X.shape[1], generator=generator), torch.zeros(())


# %% [markdown]
# ## By hand
#
# [The gradient](loss.md#the-gradient-by-hand) of half the mean square is
#
# $$
# \nabla_w L = -\frac1n X^\top r, \qquad \frac{\partial L}{\partial b} = -\frac1n \sum_i r_i, \qquad r = y - (Xw + b) .
# $$
#
# Written down as it stands, and keeping every parameter vector $(b, w)$ that it visits:


# %%
def by_hand(X, y, lr, steps):
    w, b = start(X)
    path = [torch.hstack((b, w))]
    for _ in range(steps):
        r = (y - (X @ w + b)) * (1 / len(y))
        w, b = w + lr * (X.T @ r), b + lr * r.sum()
        path.append(torch.hstack((b, w)))
    return torch.stack(path)


three = by_hand(*toy, lr=0.01, steps=3)
print("after 3 steps:", three[-1], "\ntrue:         ", true)

# %% [markdown]
# ## By autograd
#
# Now write only the loss. PyTorch records each operation on a tensor that has `requires_grad`, and `backward()` applies the chain rule to the
# record. You need three pieces: a model, a loss, and a step.


# %%
def model(X, w, b):
    return X @ w + b


def half_mean(y_hat, y):
    return (y_hat - y).square().mean() / 2


def descend(parameters, lr):
    with torch.no_grad():  # the update is not part of the loss
        for p in parameters:
            p -= lr * p.grad  # in place: p stays the tensor that autograd tracks
            p.grad.zero_()  # backward() adds to what is there


def by_autograd(X, y, lr, steps):
    w, b = (p.requires_grad_() for p in start(X))
    path = [torch.hstack((b, w)).detach()]
    for _ in range(steps):
        half_mean(model(X, w, b), y).backward()
        descend([w, b], lr)
        path.append(torch.hstack((b, w)).detach())
    return torch.stack(path)


for name, data in (("toy", toy), ("ordinary", ordinary)):
    same = torch.equal(by_autograd(*data, 0.01, 300), by_hand(*data, 0.01, 300))
    print(f"{name:9} equal to the loop by hand for 300 steps: {same}")

# %% [markdown]
# Equal in every bit, and for a reason. Look at `* (1 / len(y))` in the first loop. Differentiating `.mean()`, autograd multiplies
# each residual by the rounded number $1/n$ *before* it sums over the rows. Dividing by $n$ after the sum is the same mathematics with other roundings. Floating-point results are equal when the operations are, in the same order. When two programs differ in the sixteenth digit,
# look for a different order; when they differ in the third, look for a bug.
#
# ### In columns, to the end {#in-columns}
#
# Many tutorials, [the article](article.py) among them, keep everything in columns: $w$ is $(2, 1)$, $y$ is $(n, 1)$, and so is the prediction. The three functions do not change. An *epoch* is one pass over all rows, here one step, and `predict_steps` says how many are needed until the loss is within 1 % of its smallest value:

# %%
X_toy, y_toy = toy
y_column = y_toy.unsqueeze(1)  # (n, 1)
w_column = start(X_toy)[0].unsqueeze(1).requires_grad_()  # (2, 1)
b_column = torch.zeros((), requires_grad=True)
w_start, b_start = start(X_toy)
epochs = linreg.predict_steps(*toy, lr=0.01, w=w_start, b=b_start, tolerance=0.01)
for epoch in range(1, epochs + 1):
    loss = half_mean(model(X_toy, w_column, b_column), y_column)
    loss.backward()
    descend([w_column, b_column], lr=0.01)
    if epoch <= 3 or epoch == epochs:
        print(f"epoch {epoch:3}: loss {loss.item():.4f}")
best = linreg.solve(*toy)
print(f"smallest possible: {best.loss:.4f}")
learned = torch.hstack((b_column, w_column[:, 0])).detach()
print("               b       w1       w2")
for name, row in {
    "learned": learned,
    "exact": torch.hstack((best.b, best.w)),
    "true": true,
}.items():
    print(f"{name:8}" + "".join(f"{value:9.4f}" for value in row))

# %% [markdown]
# [Three epochs](article.py#e3) print a falling loss and leave the intercept at <!--= three[-1][0]:.3f -->0.058<!--/--> where the truth is 2. It takes <!--= epochs -->572<!--/-->.

# %% alt="The three parameters against the number of steps. From about zero they approach their true values 2, 1 and minus 1, drawn as dotted lines, along exponentials, and arrive after some five hundred steps. A vertical line at three steps shows that almost nothing has happened by then."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE

hand = by_hand(*toy, 0.01, epochs)
assert (hand[3] - hand[0]).abs().max() < 0.1
assert (hand[-1] - true).abs().max() < 0.02
_, ax = plt.subplots(figsize=(5.8, 3.8))
for j, (name, colour) in enumerate((("b", BLUE), ("w1", ORANGE), ("w2", GREEN))):
    ax.axhline(true[j], color=GREY, linewidth=0.8, linestyle=":")
    ax.plot(hand[:, j], color=colour)
    ax.text(epochs + 8, true[j], name, color=colour, va="center")
ax.axvline(3, color="black", linewidth=0.8)
ax.text(12, 1.75, "3 epochs\nend here", va="center")
ax.set(xlim=(-15, epochs), xlabel="full-batch step at lr = 0.01")
ax.set_ylabel("parameter (dotted: true value)")

# %% [markdown]
# ## By nn.Linear and torch.optim
#
# A module keeps its parameters, an optimiser updates them. Three things differ from the loops above, and each has to be matched:
#
# - `nn.Linear(d, 1)` holds a weight of shape (1, d) and a bias of shape (1,), and returns a column, (n, 1), to be [squeezed](loss-run.py#the-broadcast-trap-ruins-a-fit). Its start is random: copy ours into it.
# - `nn.MSELoss` is the mean of the squares without the half. Its gradient is twice ours, so the same path needs half the rate.
#   Halving and doubling are exact in binary, so not one digit changes.
# - `SGD` is only a name; given all rows, it takes full-batch steps.

# %%
from torch import nn


def started_layer(X):
    w, b = start(X)
    layer = nn.Linear(X.shape[1], 1)
    with torch.no_grad():
        layer.weight.copy_(w)
        layer.bias.copy_(b)
    return layer


def by_module(X, y, lr, steps):
    layer, mse = started_layer(X), nn.MSELoss()
    optimizer = torch.optim.SGD(layer.parameters(), lr=lr / 2)
    path = [torch.hstack((layer.bias, layer.weight.squeeze(0))).detach()]
    for _ in range(steps):
        optimizer.zero_grad()
        mse(layer(X).squeeze(1), y).backward()  # (n, 1) -> (n,)
        optimizer.step()
        path.append(torch.hstack((layer.bias, layer.weight.squeeze(0))).detach())
    return torch.stack(path)


def gap(one, other):
    return float((one - other).abs().max())


for name, data in (("toy", toy), ("ordinary", ordinary)):
    module, plain = by_module(*data, 0.01, 300), by_hand(*data, 0.01, 300)
    apart = gap(module, plain)
    print(f"{name:9} equal: {apart == 0}, within 1e-13: {apart < 1e-13}")

# %% [markdown]
# So close, and not equal. The optimiser does the same arithmetic in another order: `SGD` computes `p.add_(grad, alpha=-lr)`, which
# multiplies and adds in one operation and, on a processor that can, rounds once, where `w + lr * (X.T @ r)` rounds twice. Write the loop by hand with exactly the operations that the
# layer and the optimiser use, in their shapes, and the last digit falls into place:


# %%
def by_hand_as_torch(X, y, lr, steps):
    w, b = start(X)
    W, b = w.unsqueeze(0), b.reshape(1)
    path = [torch.hstack((b, W[0]))]
    for _ in range(steps):
        r = (y.unsqueeze(1) - torch.addmm(b, X, W.T)) * (1 / len(y))  # as in nn.Linear
        W, b = W.add(r.T @ X, alpha=lr), b.add(r.sum(0), alpha=lr)  # as in SGD
        path.append(torch.hstack((b, W[0])))
    return torch.stack(path)


for name, data in (("toy", toy), ("ordinary", ordinary)):
    same = torch.equal(by_hand_as_torch(*data, 0.01, 300), by_module(*data, 0.01, 300))
    print(f"{name:9} equal: {same}")

# %% [markdown]
# There is nothing behind the calls but the algebra. What you get from them is that you need not derive and type the
# gradient, whatever the model is.
#
# ## Leave a line out
#
# Three lines of these loops look like ceremony. Take each one away.
#
# ### Without zeroing: momentum of 1
#
# `backward()` adds to `.grad`. If nothing zeroes it, every step moves along the *sum* of all gradients so far.
# That is gradient descent with a *momentum* of 1, the share of the previous step that is added to the present one: a ball that rolls without friction.


# %%
def optimise(X, y, lr, steps, momentum=0.0, zero=True):
    """The path (steps + 1, d + 1) of b and w, from zero."""
    theta = nn.Parameter(torch.zeros(X.shape[1] + 1))
    optimizer = torch.optim.SGD([theta], lr=lr, momentum=momentum)
    path = [theta.detach().clone()]
    for _ in range(steps):
        if zero:
            optimizer.zero_grad()
        half_mean(model(X, theta[1:], theta[0]), y).backward()
        optimizer.step()
        path.append(theta.detach().clone())
    return torch.stack(path)


for name, data in (("toy", toy), ("ordinary", ordinary)):
    forgotten = optimise(*data, 0.1, 120, zero=False)
    frictionless = optimise(*data, 0.1, 120, momentum=1.0)
    same = torch.equal(forgotten, frictionless)
    print(f"{name:9} no zero_grad equals momentum 1: {same}")
    assert same
late = optimise(*toy, 0.1, 1000, zero=False)[900:, 0]
print(f"toy, steps 900 to 1000: b between {late.min():.2f} and {late.max():.2f}")

# %% alt="The intercept against the number of steps. With zero_grad it rises to the true value 2 in some fifty steps and stays. Without zero_grad it swings from 0 to nearly 4 and back, again and again, with a period of twenty steps."
_, ax = plt.subplots(figsize=(5.8, 3.8))
swing, calm = (optimise(*toy, 0.1, 120, zero=zero)[:, 0] for zero in (False, True))
assert swing.min() < 0.2
assert swing.max() > 3.5
turns = [t for t in range(1, 119) if swing[t - 1] < swing[t] > swing[t + 1]]
assert [round(t / 20, 1) for t in turns] == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
assert (calm[50:] - 2).abs().max() < 0.02
ax.axhline(2, color=GREY, linewidth=0.8, linestyle=":")
ax.plot(swing, color=ORANGE)
ax.plot(calm, color=BLUE)
ax.text(64, 4.15, "zero_grad forgotten", color=ORANGE, ha="center")
ax.text(121, 2.0, "zero_grad\ncalled", color=BLUE, va="center")
ax.set(xlim=(0, 120), ylim=(-0.4, 4.6))
ax.set(xlabel="step at lr = 0.1", ylabel="intercept b (true value 2)")

# %% [markdown]
# The swing never settles, and a smaller rate only slows it. If your loss goes up and down slowly and regularly, look for the missing line first.
#
# ### Without no_grad
#
# The update must not be recorded. Depending on how you write it, PyTorch refuses, or the parameter stops being a parameter:

# %%
import warnings

leaf = w_start.clone().requires_grad_()
half_mean(model(X_toy, leaf, b_start), y_toy).backward()
try:
    leaf -= 0.1 * leaf.grad  # in place, recorded
except RuntimeError as error:
    print("RuntimeError:", error)

moved = leaf - 0.1 * leaf.grad  # out of place, recorded
print("moved is a leaf:", moved.is_leaf)
half_mean(model(X_toy, moved, b_start), y_toy).backward()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PyTorch warns when you read this gradient
    print("moved.grad after the next backward():", moved.grad)

# %% [markdown]
# The second form runs and does worse. `moved` is the *result* of a computation that starts at `leaf`, and gradients are kept
# at the start. The next step has nothing to subtract.
#
# ### Without detach
#
# A tensor that comes out of the model carries its graph. You see it when you print it, and NumPy will not have it:

# %%
tracked = y_toy[:2] - model(X_toy[:2], leaf, b_start)
print("residuals:         ", tracked)
print("residuals, detached:", tracked.detach())
try:
    tracked.numpy()
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# Detach before you print, plot or store; `loss.item()` is the
# short form for one number. A list of losses that are not detached keeps the graph of every step in memory.
#
# ## Is a gradient right?
#
# When you do write a gradient by hand, let the machine check it. `torch.autograd.gradcheck` compares it with finite differences. To make PyTorch use your formula, wrap it in a
# `Function`:


# %%
class HalfMean(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, y, w):
        r = y - X @ w
        ctx.save_for_backward(X, r)
        return r.square().mean() / 2

    @staticmethod
    def backward(ctx, grad):
        X, r = ctx.saved_tensors
        return None, None, -grad * (X.T @ r) / len(r)


class Wrong(HalfMean):
    @staticmethod
    def backward(ctx, grad):
        X, r = ctx.saved_tensors
        return None, None, -grad * (X.T @ r)  # the mean forgotten


def passes(function, X, y, dtype=torch.float64):
    w = start(X)[0].to(dtype).requires_grad_()
    rows = X[:5].to(dtype), y[:5].to(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gradcheck itself warns about float32
        return torch.autograd.gradcheck(
            function.apply, (*rows, w), raise_exception=False
        )


for name, data in (("toy", toy), ("ordinary", ordinary)):
    print(f"{name:9} HalfMean {passes(HalfMean, *data)}, Wrong {passes(Wrong, *data)}")
    print(f"{name:9} HalfMean in float32 {passes(HalfMean, *data, torch.float32)}")

# %% [markdown]
# Do this in float64. A finite difference subtracts two nearly equal numbers; with the seven digits of float32 little is left, and a right gradient fails.
#
# ## What was shown
#
# On the toy and on the ordinary data:
#
# - By hand, by autograd and by `nn.Linear` with `SGD`, the path is the same in every bit once the operations are the same.
# - `MSELoss` needs half the rate of the half-mean loss.
# - Forgetting `zero_grad` is momentum 1, exactly.
# - A gradient written by hand is checked with `gradcheck`, in float64.
#
# And whatever the data, updating outside `no_grad` fails or loses the parameter.
#
# ## Exercises
#
# **1. By pencil.** One row, $x = 2$, $y = 3$, no intercept, $w = 0$, rate 0.1. What does `.grad` hold after the first `backward()` of the half square, what is $w$ after the step, and what does `.grad` hold after the second `backward()`, with and without zeroing?

# %% [markdown] answer="Hint"
# The gradient is $(wx - y)\,x$.

# %% [markdown] answer="Answer"
# $-6$, so $w = 0.6$. There the gradient is $(2 \cdot 0.6 - 3) \cdot 2 = -3.6$. That is what `.grad` holds; without zeroing it holds the sum of both.

# %% answer="Answer"
pencil = torch.zeros(1, requires_grad=True)
held, visited = [], []
for _ in range(2):
    half_mean(2 * pencil, torch.tensor([3.0])).backward()
    held.append(pencil.grad.item())
    with torch.no_grad():
        pencil -= 0.1 * pencil.grad
    visited.append(pencil.item())
linreg.check(visited[0], 0.6)
linreg.check(held, [-6, -6 - 3.6])

# %% [markdown]
# **2. Predict the picture.** With `zero_grad` forgotten, one swing of the intercept takes about twenty steps at rate 0.1. Sketch it for rate 0.025. How many steps does a swing take? This measures the distance between the
# peaks and compares it with your number:


# %%
def check_period(period, lr):
    b = optimise(*toy, lr, steps=200, zero=False)[:, 0]
    peaks = ((b[1:-1] > b[:-2]) & (b[1:-1] >= b[2:])).nonzero()
    linreg.check(period, float((peaks[-1] - peaks[0]) / (len(peaks) - 1)), tol=0.02)


# %% [markdown] answer="Hint"
# With the sum of the gradients as velocity, the error $c$ along an eigenvector obeys $c_{t+1} - 2 c_t + c_{t-1} = -\eta\lambda\, c_t$. Try $c_t = \cos(\omega t)$, with $\lambda$ close to 1.

# %% [markdown] answer="Answer"
# $\cos(\omega(t+1)) + \cos(\omega(t-1)) = 2\cos\omega \cos(\omega t)$, so $2\cos\omega - 2 = -\eta\lambda$ and the period is
# $2\pi / \arccos(1 - \eta\lambda/2)$. For small rates that is about $2\pi/\sqrt{\eta\lambda}$: a quarter of the rate doubles the period.

# %% answer="Answer"
import math

for lr in (0.1, 0.025):
    check_period(2 * math.pi / math.acos(1 - lr / 2), lr)

# %% [markdown]
# **3. What is wrong with this sentence?** "Autograd tries a small change of each parameter and looks at the loss, so its gradient is only nearly right, and twenty parameters take twenty times as long as one."

# %% [markdown] answer="Hint"
# Which of the tools on this page does that?

# %% [markdown] answer="Answer"
# That is `gradcheck`. Autograd applies the chain rule to the recorded operations, once, backwards, for all parameters together; what it returns is the formula's value, rounded. For the twenty columns:

# %% answer="Answer"
w_20, b_20 = (p.requires_grad_() for p in start(ordinary[0]))
half_mean(model(ordinary[0], w_20, b_20), ordinary[1]).backward()
formula, _ = linreg.gradient(*ordinary, w_20.detach(), b_20.detach())
print("equal to 15 digits:", torch.allclose(w_20.grad, formula, rtol=1e-14, atol=1e-15))

# %% [markdown]
# **4. Adding up on purpose.** The data do not fit into memory, so you read them in chunks of 60 rows. Use the fact that `backward()` adds to compute the full-batch gradient of the ordinary data at zero from
# the chunks. By what must each chunk's loss be divided? This checks a function `chunked_gradient(X, y, size)` that returns the gradient for $w$:


# %%
def check_chunks(chunked_gradient):
    right, _ = linreg.gradient(*ordinary, torch.zeros(20), 0.0)
    linreg.check(chunked_gradient(*ordinary, 60), right)


# %% [markdown] answer="Hint"
# Five chunks of equal length: the mean of all rows is the mean of the five means.

# %% [markdown] answer="Answer"
# By the number of chunks, or, for chunks of any length, each by $n$ over its own length. Forget it and you have a gradient five times too long.


# %% answer="Answer"
def chunked_gradient(X, y, size):
    w = torch.zeros(X.shape[1], requires_grad=True)
    for rows in torch.arange(len(y)).split(size):
        (half_mean(X[rows] @ w, y[rows]) * len(rows) / len(y)).backward()
    return w.grad


check_chunks(chunked_gradient)

# %% [markdown]
# ## Where next
#
# Every step so far has read every row. [Epochs, batches, steps](batches.py) lets each read a few: what that saves, and how far from the minimum it leaves you. [Bug clinic](bugs.py) takes up the missing lines again, with a test for each.
