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
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))
true = torch.tensor([2.0, -1.0, 1.0])  # b, w1, w2
n = len(y)

w0 = 0.1 * torch.randn(2, generator=torch.Generator().manual_seed(1))  # zeros would do
b0 = torch.zeros(())
for name, tensor in (("X", X), ("y", y), ("w", w0), ("b", b0)):
    print(name, tuple(tensor.shape))

# %% [markdown]
# ## By hand
#
# [The gradient](loss.md#the-gradient-by-hand) of half the mean square is
#
# $$
# \nabla_w L = -\frac1n X^\top r, \qquad \frac{\partial L}{\partial b} = -\frac1n \sum_i r_i, \qquad r = y - (Xw + b) .
# $$
#
# Written down as it stands, and keeping every parameter vector $(b, w_1, w_2)$ that it visits:


# %%
def by_hand(lr, steps):
    w, b = w0, b0
    path = [torch.hstack((b, w))]
    for _ in range(steps):
        r = (y - (X @ w + b)) * (1 / n)
        w, b = w + lr * (X.T @ r), b + lr * r.sum()
        path.append(torch.hstack((b, w)))
    return torch.stack(path)


hand = by_hand(lr=0.01, steps=3)
print("after 3 steps:", hand[-1], "\ntrue:         ", true)

# %% [markdown]
# ## By autograd
#
# Now write the loss only. PyTorch records each operation on a tensor that has `requires_grad`, and `backward()` applies the chain rule to the
# record. You need three pieces: a model, a loss, and a step.


# %%
def model(X, w, b):
    return X @ w + b  # (n, d) @ (d,) + () -> (n,)


def half_mean(y_hat, y):
    return (y_hat - y).square().mean() / 2


def descend(parameters, lr):
    with torch.no_grad():  # the update is not part of the loss
        for p in parameters:
            p -= lr * p.grad  # in place: p stays the tensor that autograd tracks
            p.grad.zero_()  # backward() adds to what is there


def by_autograd(lr, steps, show=False):
    w, b = w0.clone().requires_grad_(), b0.clone().requires_grad_()
    path = [torch.hstack((b, w)).detach()]
    for t in range(steps):
        loss = half_mean(model(X, w, b), y)
        loss.backward()
        descend([w, b], lr)
        path.append(torch.hstack((b, w)).detach())
        if show:
            print(f"epoch {t + 1}: loss {loss.item():.4f}")
    return torch.stack(path)


auto = by_autograd(lr=0.01, steps=3, show=True)
print("equal to the loop by hand:", torch.equal(auto, hand))
assert torch.equal(auto, hand)

# %% [markdown]
# Equal in every bit. That is no accident, and no rounding luck either: look at `* (1 / n)` in the first loop. Differentiating `.mean()`, autograd multiplies
# each residual by the rounded number $1/n$ *before* it sums over the rows. Dividing by $n$ after the sum is the same mathematics and other roundings:


# %%
def by_hand_divided(lr, steps):
    w, b = w0, b0
    for _ in range(steps):
        r = y - (X @ w + b)
        w, b = w + lr * (X.T @ r) / n, b + lr * r.sum() / n
    return torch.hstack((b, w))


difference = (by_hand_divided(lr=0.01, steps=3) - hand[-1]).abs().max()
print("equal:", bool(difference == 0), " within 1e-15:", bool(difference < 1e-15))

# %% [markdown]
# Floating-point numbers are equal when the operations are, in the same order. When two programs that should agree differ in the sixteenth digit,
# look for a different order; when they differ in the third, look for a bug.
#
# ## Enough steps
#
# An *epoch* is one pass over all rows. Three epochs have printed a falling loss, and the intercept is still at <!--= hand[-1][0]:.3f -->0.058<!--/--> where the truth is 2. Three full-batch
# epochs are three steps. Do not guess how many you need:

# %%
lr = 0.01
steps = linreg.predict_steps(X, y, lr=lr, w=w0, b=b0, tolerance=0.01)
hand, auto = by_hand(lr, steps), by_autograd(lr, steps)
print("steps:", steps, " equal after all of them:", torch.equal(hand, auto))
assert torch.equal(hand, auto)

# %% alt="The three parameters against the number of steps. From about zero they approach their true values 2, 1 and minus 1, drawn as dotted lines, along exponentials, and arrive after some five hundred steps. A vertical line at three steps shows that almost nothing has happened by then."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE

_, ax = plt.subplots(figsize=(5.8, 3.8))
for j, (name, colour) in enumerate((("b", BLUE), ("w1", ORANGE), ("w2", GREEN))):
    ax.axhline(true[j], color=GREY, linewidth=0.8, linestyle=":")
    ax.plot(hand[:, j], color=colour)
    ax.text(steps + 8, true[j], name, color=colour, va="center")
ax.axvline(3, color="black", linewidth=0.8)
ax.text(12, 1.75, "3 epochs\nend here", va="center")
ax.set(xlim=(-15, steps), xlabel="full-batch step at lr = 0.01")
ax.set_ylabel("parameter (dotted: true value)")

# %% [markdown]
# ## By nn.Linear and torch.optim
#
# A module keeps its parameters, an optimiser updates them. Three things differ from the loops above, and each has to be matched:
#
# - `nn.Linear(2, 1)` holds a weight of shape (1, 2) and a bias of shape (1,), and returns a column, (n, 1). Its start is random: copy ours into it.
# - `nn.MSELoss` is the mean of the squares without the half. Its gradient is twice ours, so the same path needs half the rate.
#   Halving and doubling are exact in binary, so not one digit changes.
# - `SGD` is a name; given all rows, it takes full-batch steps.

# %%
from torch import nn


def our_layer():
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(w0)
        layer.bias.copy_(b0)
    return layer


def by_module(lr, steps):
    layer, mse = our_layer(), nn.MSELoss()
    optimizer = torch.optim.SGD(layer.parameters(), lr=lr / 2)
    path = [torch.hstack((b0, w0))]
    for _ in range(steps):
        optimizer.zero_grad()
        mse(layer(X).squeeze(1), y).backward()  # (n, 1) -> (n,)
        optimizer.step()
        path.append(torch.hstack((layer.bias, layer.weight.squeeze(0))).detach())
    return torch.stack(path)


module = by_module(lr, steps)
difference = (module - hand).abs().max()
print("equal:", bool(difference == 0), " within 1e-14:", bool(difference < 1e-14))

# %% [markdown]
# So close, and not equal. Something does the same arithmetic in another order. It is the optimiser: `SGD` computes `p.add_(grad, alpha=-lr)`, which
# multiplies and adds in one operation and, on a processor that can, rounds once, where `w + lr * (X.T @ r)` rounds twice. Write the loop by hand with exactly the operations that the
# layer and the optimiser use, in their shapes, and the last digit falls into place:


# %%
def by_hand_as_torch(lr, steps):
    W, b = w0.reshape(1, 2), b0.reshape(1)
    path = [torch.hstack((b, W[0]))]
    for _ in range(steps):
        r = (y.unsqueeze(1) - torch.addmm(b, X, W.T)) * (1 / n)  # as in nn.Linear
        W, b = W.add(r.T @ X, alpha=lr), b.add(r.sum(0), alpha=lr)  # as in SGD
        path.append(torch.hstack((b, W[0])))
    return torch.stack(path)


print("equal:", torch.equal(by_hand_as_torch(lr, steps), module))
assert torch.equal(by_hand_as_torch(lr, steps), module)

# %% [markdown]
# That answers the question: there is nothing behind the calls but the algebra. What you get from them is that you do not have to derive and type the
# gradient, whatever the model is.
#
# The parameters, compared with the truth and with the exact answer for these data:

# %%
best = linreg.solve(X, y)
exact = torch.hstack((best.b, best.w))
rows = {"true": true, "by hand": hand[-1], "by autograd": auto[-1]}
rows |= {"by nn.Linear": module[-1], "exact answer": exact}
print("                    b       w1       w2")
for name, row in rows.items():
    print(f"{name:12}" + "".join(f"{value:9.4f}" for value in row))

# %% [markdown]
# The loops stop a little short of the exact answer, where the tolerance told them to. The exact answer is off the truth by the noise in the data: its worst error is
# <!--= (exact - true).abs().max():.4f -->0.0029<!--/-->, and no number of steps can lower it.
#
# ## Leave a line out
#
# Four lines of these loops look like ceremony. Take each one away and see.
#
# ### Without zeroing: momentum of 1
#
# `backward()` adds to `.grad`. If nobody zeroes it, every step moves along the *sum* of all gradients so far. That is not a noisy version of gradient descent.
# It is gradient descent with a *momentum* of 1, the share of the previous step that is added to the present one: a ball that rolls without friction.


# %%
def optimise(lr, steps, momentum=0.0, zero=True):
    theta = nn.Parameter(torch.zeros(3))  # b, w1, w2
    optimizer = torch.optim.SGD([theta], lr=lr, momentum=momentum)
    path = [theta.detach().clone()]
    for _ in range(steps):
        if zero:
            optimizer.zero_grad()
        half_mean(model(X, theta[1:], theta[0]), y).backward()
        optimizer.step()
        path.append(theta.detach().clone())
    return torch.stack(path)


right = optimise(lr=0.1, steps=120)
forgotten = optimise(lr=0.1, steps=120, zero=False)
frictionless = optimise(lr=0.1, steps=120, momentum=1.0)
print("no zero_grad equals momentum 1:", torch.equal(forgotten, frictionless))
assert torch.equal(forgotten, frictionless)

late = optimise(lr=0.1, steps=1000, zero=False)[900:, 0]
print(f"steps 900 to 1000: b between {late.min():.2f} and {late.max():.2f}")

# %% alt="The intercept against the number of steps. With zero_grad it rises to the true value 2 in some fifty steps and stays. Without zero_grad it swings from 0 to nearly 4 and back, again and again, with a period of twenty steps."
_, ax = plt.subplots(figsize=(5.8, 3.8))
ax.axhline(2, color=GREY, linewidth=0.8, linestyle=":")
ax.plot(forgotten[:, 0], color=ORANGE)
ax.plot(right[:, 0], color=BLUE)
ax.text(64, 4.15, "zero_grad forgotten", color=ORANGE, ha="center")
ax.text(121, 2.0, "zero_grad\ncalled", color=BLUE, va="center")
ax.set(xlim=(0, 120), ylim=(-0.4, 4.6))
ax.set(xlabel="step at lr = 0.1", ylabel="intercept b (true value 2)")

# %% [markdown]
# The swing never settles. Its height changes slowly, since each eigenvector swings with a period of its own and the sum drifts in and out of step. A
# smaller rate does not help; it only slows the swing. If your loss goes up and down slowly and regularly, look for the missing line first.
#
# ### Without no_grad
#
# The update must not be recorded. Depending on how you write it, PyTorch refuses, or the parameter stops being a parameter:

# %%
import warnings

w = w0.clone().requires_grad_()
half_mean(model(X, w, b0), y).backward()
try:
    w -= 0.1 * w.grad  # in place, recorded
except RuntimeError as error:
    print("RuntimeError:", error)

w = w - 0.1 * w.grad  # out of place, recorded
print("w is a leaf:", w.is_leaf)
half_mean(model(X, w, b0), y).backward()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PyTorch warns when you read this gradient
    print("w.grad after the next backward():", w.grad)

# %% [markdown]
# The second form runs and does worse. `w` is now the *result* of a computation that starts at the old `w`, and gradients are kept
# at the start, the *leaf*. The next step has nothing to subtract. With `torch.no_grad()` the update changes the numbers of the leaf and records nothing.
#
# ### Without detach
#
# A tensor that comes out of the model carries its graph. You see it when you print it, and NumPy will not have it:

# %%
w = w0.clone().requires_grad_()
r = y[:2] - model(X[:2], w, b0)
print("residuals:         ", r)
print("residuals, detached:", r.detach())
try:
    r.numpy()
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# Detach before you print, plot or store. A list of losses that are not detached keeps the graph of every step alive, and the memory with it; `loss.item()` is the
# short form for one number. (If you publish what you print, [a web page may eat `<SubBackward0>`](article.py#e17).)
#
# ### Without squeeze: (n, 1) against (n,)
#
# The layer returns a column. Subtract a vector of shape (n,) from it and broadcasting makes a matrix of all pairs:

# %%
layer, mse = our_layer(), nn.MSELoss()
print("layer(X):", tuple(layer(X).shape), " layer(X) - y:", tuple((layer(X) - y).shape))

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    wrong = mse(layer(X), y) / 2  # (n, 1) against (n,)
print("PyTorch warns:", str(caught[0].message).split(". ")[0])
print(f"and goes on: loss {wrong.item():.4f}")

# %% [markdown]
# A loop on this loss runs without an error and learns to ignore the features, as [The loss, executed](loss-run.py#the-broadcast-trap-ruins-a-fit) shows. `nn.MSELoss` at least
# warns; a loss written by hand, like `half_mean`, says nothing. So compare shapes where the loss is computed, as `linreg.squared_loss` [does](loss.md#the-trap-n-1-minus-n). The cure is one `squeeze`. (Keeping `y` as a
# column of shape (n, 1) works as well. What matters is that both sides have the same shape.)

# %%
cured = linreg.squared_loss(layer(X).squeeze(1), y)
as_columns = mse(layer(X), y.unsqueeze(1)) / 2
print(f"loss: {cured.item():.4f} squeezed, {as_columns.item():.4f} as columns")

# %% [markdown]
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


w = w0.clone().requires_grad_()
for f in (HalfMean, Wrong):
    right = torch.autograd.gradcheck(f.apply, (X[:5], y[:5], w), raise_exception=False)
    print(f"{f.__name__}: {right}")

# %% [markdown]
# Do this in float64. A finite difference subtracts two nearly equal numbers; with the seven digits of float32 little is left, and a right gradient fails the test:

# %%
single = X[:5].float(), y[:5].float(), w0.float().requires_grad_()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # gradcheck itself warns about float32
    right = torch.autograd.gradcheck(HalfMean.apply, single, raise_exception=False)
print(f"HalfMean in float32: {right}")

# %% [markdown]
# ## What was shown
#
# - By hand, by autograd and by `nn.Linear` with `SGD`, the path is the same in every bit once the operations are the same.
# - `MSELoss` needs half the rate of the half-mean loss.
# - Forgetting `zero_grad` is momentum 1, exactly. Updating outside `no_grad` fails or loses the parameter. A column against a vector gives another loss.
# - A gradient written by hand is checked with `gradcheck`, in float64.
#
# ## Exercises
#
# **1. The rate that belongs to `MSELoss`.** What is the largest stable rate of `SGD` with `nn.MSELoss` on these data? This checks your number:


# %%
def check_rate(rate):
    return abs(rate - linreg.curvature(X, reduction="mean").largest_stable_rate) < 1e-3


# %% [markdown] answer="Answer"
# The mean without the half is twice as steep everywhere, so its eigenvalues double and the limit halves.

# %% answer="Answer"
assert check_rate(0.9646)
for reduction in ("half_mean", "mean"):
    print(f"{reduction:9}", linreg.curvature(X, reduction=reduction))

# %% [markdown]
# **2. The period of the swing.** With `zero_grad` forgotten, how many steps does one full swing of the intercept take at rate 0.1? And at rate 0.025? Hint: with the sum of
# the gradients as velocity, the error $c$ along an eigenvector obeys $c_{t+1} - 2 c_t + c_{t-1} = -\eta\lambda\, c_t$. Try $c_t = \cos(\omega t)$. This measures the distance between the
# peaks and compares it with your formula:


# %%
def check_period(period, lr):
    b = optimise(lr, steps=200, zero=False)[:, 0]
    peaks = ((b[1:-1] > b[:-2]) & (b[1:-1] >= b[2:])).nonzero()
    measured = float((peaks[-1] - peaks[0]) / (len(peaks) - 1))
    print(f"lr = {lr}: yours {period:.1f} steps, measured {measured:.1f}")
    return abs(measured - period) < 0.5


# %% [markdown] answer="Answer"
# $\cos(\omega(t+1)) + \cos(\omega(t-1)) = 2\cos\omega \cos(\omega t)$, so $2\cos\omega - 2 = -\eta\lambda$ and the period is
# $2\pi / \arccos(1 - \eta\lambda/2)$, with $\lambda$ close to 1 here. For small rates that is about $2\pi/\sqrt{\eta\lambda}$: a quarter of the rate doubles the period.

# %% answer="Answer"
import math

for lr in (0.1, 0.025):
    assert check_period(2 * math.pi / math.acos(1 - lr / 2), lr)

# %% [markdown]
# **3. Adding up on purpose.** The data do not fit into memory, so you read them in four chunks of 250 rows. Use the fact that `backward()` adds to compute the full-batch gradient from
# the chunks. By what must each chunk's loss be divided? This checks a function `chunked_gradient(w, b)` of yours:


# %%
def check_chunks(chunked_gradient):
    dw, db = linreg.gradient(X, y, w0, b0)
    mine = chunked_gradient(w0, b0)
    return torch.allclose(mine[0], dw) and torch.allclose(mine[1], db)


# %% [markdown] answer="Answer"
# By the number of chunks, if they are equally long: the mean of all rows is the mean of the four means. Forget it and you have a gradient four times too long, a sum where a mean was meant.


# %% answer="Answer"
def chunked_gradient(w, b):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    for rows in torch.arange(n).split(250):
        (half_mean(model(X[rows], w, b), y[rows]) / 4).backward()
    return w.grad, b.grad


assert check_chunks(chunked_gradient)
print("from chunks:", chunked_gradient(w0, b0)[0])
print("at once:    ", linreg.gradient(X, y, w0, b0)[0])

# %% [markdown]
# ## Where next
#
# Every step so far has read every row. [Epochs, batches, steps](batches.py) lets each read a few: what that saves, and how far from the minimum it leaves you. [Bug clinic](bugs.py) takes up the missing lines again, with
# seven other bugs and a test for each.
