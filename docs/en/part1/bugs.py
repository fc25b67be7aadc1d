# %% [markdown]
# # Bug clinic
#
# After this page you can name ten common bugs of a regression from what they show, confirm each with a test of a few lines, and cure it.
#
# <!-- core -->
#
# **The question.** The code runs, nothing raises, and the result is odd. Which line is it?
#
# ## From symptom to cure {#lookup}
#
# | You see | Bug, test | Cure |
# | --- | --- | --- |
# | the loss explodes at once, by a factor of thousands in each step | [3, a summed loss](#sum)<br>`ignores_copies` | the mean, or `lr / n` |
# | the loss rises by a steady percentage in each step; with a smaller rate it crawls | [9, unscaled features](#unscaled)<br>`stable` | standardise |
# | the loss settles at half the variance of $y$; all predictions are the same | [1, (n, 1) minus (n,)](#shapes)<br>`same_shape` | `squeeze(1)` |
# | the loss swings and comes back | [2, no `zero_grad`](#zero-grad)<br>`forgets` | call it, first in the loop |
# | the loss is the same number each time | [5, another model's optimiser](#other-model)<br>`owns` | make the optimiser after the model |
# | the first loss is tiny and hardly falls | [4, the mean of a mean](#double-mean)<br>`costs_half` | divide once |
# | the first loss is lower than that of zeros, and the run cannot be repeated | [7, the stale cell](#stale)<br>`repeats` | create what you train in the cell that trains it |
# | a trend is nearly zero; the rank is too small | [6, a year in float32](#year)<br>`ignores_origin` | centre, float64 |
# | predictions fine, weights wrong | [8, the explicit inverse](#inverse)<br>`orthogonal` | QR, `linreg.solve` |
# | $R^2$ good on the test rows, bad on new ones | [10, leakage](../part2/generalise.py#leakage)<br>`shuffle_proof` there | split first |
#
# Nine of the ten are run below, and seven of these [again on the ordinary data](#again). Every test must fail on the bug and pass on the cure. `ignores_copies`, `costs_half`, `forgets` and `owns` cost nothing: run them before you train. To be tested first, [name the bugs by their curves](#gallery).
#
# ## A healthy run
#
# The loop is the usual one; most of the patients differ from it in one line.

# %%
import torch
from torch import nn

import linreg

torch.set_default_dtype(torch.float64)
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))  # w = (-1, 1), b = 2
n, best = len(y), linreg.solve(X, y)


def half_mean(y_hat, y):
    return (y_hat - y).square().mean() / 2


def new_layer(d=2):
    layer = nn.Linear(d, 1)
    for p in layer.parameters():
        nn.init.zeros_(p)  # a convex loss needs no random start
    return layer


def sgd(layer, lr=0.1):
    return torch.optim.SGD(layer.parameters(), lr=lr)


def squeezed(layer, X):
    return layer(X).squeeze(1)  # (n, 1) -> (n,)


def train(layer, optimizer, X, y, loss=half_mean, predict=squeezed, steps=60):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(predict(layer, X), y)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


def run(X, y, lr=0.1, loop=train, **settings):
    """Losses and layer of a run from zero."""
    layer = new_layer(X.shape[1])
    return loop(layer, sgd(layer, lr), X, y, **settings), layer


healthy, healthy_layer = run(X, y)
print(f"loss {healthy[0]:.4f} to {healthy[-1]:.4f}, smallest {best.loss:.4f}")

# %% [markdown]
# Three values of the loss are known before you train:


# %%
def landmarks(X, y):
    """The loss of zeros, of the mean of y alone, and of the exact answer."""
    only_mean = y.var(correction=0).item() / 2
    return (
        half_mean(torch.zeros(len(y)), y).item(),
        only_mean,
        float(linreg.solve(X, y).loss),
    )


def verdict(test, bug, cure):
    answers = test(*bug), test(*cure)
    print(f"{test.__name__}: {answers[0]} on the bug, {answers[1]} on the cure")
    assert answers == (False, True)


zeros, only_mean, floor = landmarks(X, y)
print(f"zeros {zeros:.4f}   only the mean {only_mean:.4f}   floor {floor:.5f}")

# %% [markdown]
# ## 1. (n, 1) minus (n,) {#shapes}


# %%
def unsqueezed(layer, X):
    return layer(X)  # (n, 1)


broadcast, broadcast_layer = run(X, y, predict=unsqueezed)
largest = broadcast_layer.weight.abs().max().item()
print("layer(X) - y has shape", tuple((broadcast_layer(X) - y).shape))
print(f"loss {broadcast[0]:.4f} to {broadcast[-1]:.4f}, largest weight {largest:.4f}")
print(f"b {broadcast_layer.bias.item():.3f}, mean of y {y.mean():.3f}")

# %% [markdown]
# **Symptom.** A smooth curve that settles too high, at the landmark of the mean, <!--= only_mean:.4f -->0.9716<!--/-->. The weights go to zero.
#
# **Why.** [Broadcasting](model.md#a-column-is-not-a-vector): for the loss of all pairs [a constant is best](loss-run.py#the-broadcast-trap-ruins-a-fit). It is reported again and
# again ([pytorch #16045](https://github.com/pytorch/pytorch/issues/16045), [#19699](https://github.com/pytorch/pytorch/issues/19699)), and was in the code of
# [a printed book](https://github.com/matroid/dlwithtf/issues/14).
#
# **Test.** The shapes, where the loss is computed:


# %%
def same_shape(y_hat, y):
    return y_hat.shape == y.shape


verdict(
    same_shape,
    bug=(unsqueezed(healthy_layer, X), y),
    cure=(squeezed(healthy_layer, X), y),
)

# %% [markdown]
# **Cure.** `layer(X).squeeze(1)`.
#
# ## 2. No zero_grad {#zero-grad}


# %%
def train_no_zero(layer, optimizer, X, y, loss=half_mean, steps=60):
    losses = []
    for _ in range(steps):
        value = loss(squeezed(layer, X), y)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


swinging, _ = run(X, y, loop=train_no_zero)
print("every 5th loss:", [round(value, 2) for value in swinging[::5]])

# %% [markdown]
# **Symptom.** The loss falls and comes back at a steady period. In the last twenty steps it still lies between
# <!--= min(swinging[40:]):.2f -->0.11<!--/--> and <!--= max(swinging[40:]):.2f -->2.85<!--/-->.
#
# **Why.** `backward()` adds to `.grad`, which is [momentum 1](by-hand.py#without-zeroing-momentum-of-1), exactly.
#
# **Test.** At rate 0 nothing moves, so a second step must find the gradient of the first:


# %%
def forgets(loop, X, y):
    _, once = run(X, y, lr=0.0, loop=loop, steps=1)
    _, twice = run(X, y, lr=0.0, loop=loop, steps=2)
    return torch.equal(once.weight.grad, twice.weight.grad)


verdict(forgets, bug=(train_no_zero, X, y), cure=(train, X, y))

# %% [markdown]
# **Cure.** `optimizer.zero_grad()` at the top of the loop.
#
# ## 3. A summed loss with a mean's rate {#sum}


# %%
def half_sum(y_hat, y):
    return (y_hat - y).square().sum() / 2


summed, _ = run(X, y, loss=half_sum, steps=200)
print("loss / n:", " ".join(f"{value / n:.2g}" for value in summed[:5]))
for word in ("inf", "nan"):
    print(f"first {word} at step", [str(value) for value in summed].index(word))

# %% [markdown]
# **Symptom.** The loss explodes from the first step on, about <!--= summed[40] / summed[39]:,.0f -->10,487<!--/--> times larger each time.
#
# **Why.** [The largest stable rate of a sum](descent-run.py#four-conventions-four-rates) is <!--= linreg.curvature(X, reduction="half_sum").largest_stable_rate:.5f -->0.00193<!--/-->, and 0.1 is <!--= 0.1 / linreg.curvature(X, reduction="half_sum").largest_stable_rate:.0f -->52<!--/--> times that.
#
# **Test.** Give every row twice. A mean does not notice:


# %%
def ignores_copies(loss, y):
    y_hat = torch.zeros_like(y)
    once, twice = loss(y_hat, y), loss(y_hat.repeat(2), y.repeat(2))
    return torch.allclose(once, twice)


verdict(ignores_copies, bug=(half_sum, y), cure=(half_mean, y))

# %% [markdown]
# **Cure.** The mean, or the rate divided by $n$; they are one path. Prefer the mean: with a sum the right rate changes with the number of rows.

# %%
by_sum, _ = run(X, y, lr=0.1 / n, loss=half_sum)
torch.testing.assert_close(torch.tensor(by_sum) / n, torch.tensor(healthy))

# %% [markdown]
# ## 4. The mean of a mean {#double-mean}


# %%
def row_losses(y_hat, y):
    return (y_hat - y).square() / (2 * len(y))  # one loss for each row, "averaged"


def mean_of_mean(y_hat, y):
    return row_losses(y_hat, y).mean()


def sum_of_rows(y_hat, y):
    return row_losses(y_hat, y).sum()


tiny, tiny_layer = run(X, y, loss=mean_of_mean)
print(f"loss {tiny[0]:.6f} to {tiny[-1]:.6f}, b {tiny_layer.bias.item():.3f}")

# %% [markdown]
# **Symptom.** The first loss looks excellent, <!--= tiny[0]:.4f -->0.0029<!--/-->, below the floor. Then <!--= len(tiny) -->60<!--/--> steps lower it by <!--= 1 - tiny[-1] / tiny[0]:.1%-->1.1%<!--/-->.
#
# **Why.** `row_losses` divides by $n$, `.mean()` divides by $n$ again, and the rate 0.1 acts as 0.1/$n$. To within 1 % of the floor that takes
# <!--= linreg.predict_steps(X, y, lr=0.1 / n):,d -->57,332<!--/--> steps, where the healthy run needs <!--= linreg.predict_steps(X, y, lr=0.1) -->55<!--/-->.
#
# **Test.** A prediction that is off by 1 everywhere costs one half, whatever the data:


# %%
def costs_half(loss, y):
    return abs(loss(y + 1, y).item() - 0.5) < 1e-9


verdict(costs_half, bug=(mean_of_mean, y), cure=(sum_of_rows, y))

# %% [markdown]
# **Cure.** Divide once. The test finds bug 3 too; one thread on a textbook has both
# ([Dive-into-DL-PyTorch #75](https://github.com/ShusenTang/Dive-into-DL-PyTorch/issues/75)).
#
# ## 5. The optimiser of another model {#other-model}

# %%
old_layer, rebuilt = new_layer(), new_layer()  # a cell run again; another size
old_optimizer = sgd(old_layer)
frozen = train(rebuilt, old_optimizer, X, y)
print(f"different losses: {len(set(frozen))} of {len(frozen)}")
print("largest weight:", rebuilt.weight.abs().max().item())

# %% [markdown]
# **Symptom.** The loss is the same number each time, in every bit, at any rate.
#
# **Why.** The optimiser holds the tensors that it was given, those of a model that is no longer used.
#
# **Test.** Are the parameters of the model among those of the optimiser? Compare identities, not values:


# %%
def owns(optimizer, model):
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    return all(id(p) in held for p in model.parameters())


verdict(owns, bug=(old_optimizer, rebuilt), cure=(sgd(rebuilt), rebuilt))

# %% [markdown]
# **Cure.** Make the optimiser after the model, in the same function.
#
# ## 6. A year in float32 {#year}
#
# A measurement since 1871 rises by one hundredth of a unit each year. The frame has become a tensor of float32, as most do:

# %%
year = torch.arange(1871.0, 2021.0).float()
level = 0.01 * (year - 1871)


def slope(x, y):
    A = torch.stack((torch.ones_like(x), x), dim=1)
    return torch.linalg.lstsq(A, y.unsqueeze(1), driver="gelsd").solution[1].item()


def centred_slope(x, y):
    return slope(x - x.mean(), y)


print(f"slope {slope(year, level):.5f}, centred {centred_slope(year, level):.5f}")
print(f"in float64 {slope(year.double(), level.double()):.5f}")

# %% [markdown]
# **Symptom.** A trend <!--= 0.01 / slope(year, level):.0f -->26<!--/--> times too small, and no warning.
#
# **Why.** Seen from the year zero, the years are nearly a constant, and in float32 `lstsq` has taken the two columns for one
# ([the second trap](lstsq.py#years)).
#
# **Test.** The slope of a line does not depend on where the axis begins:


# %%
def ignores_origin(slope, x, y):
    return abs(slope(x, y) / slope(x - x.mean(), y) - 1) < 1e-3


verdict(ignores_origin, bug=(slope, year, level), cure=(centred_slope, year, level))

# %% [markdown]
# **Cure.** Centre, or compute in float64, or both.
#
# ## 7. The stale cell {#stale}
#
# Two cells of a notebook, of which the second is run twice:

# %%
first_cell = "layer = new_layer(); optimizer = sgd(layer, lr=0.02)"
second_cell = "losses = train(layer, optimizer, X, y)"


def restart_and_run(*cells):
    space = dict(globals())  # nothing left of an earlier run
    for cell in cells:
        exec(cell, space)
    return space["losses"]


stale = restart_and_run(first_cell, second_cell, second_cell)
fresh = restart_and_run(first_cell, second_cell)
print(f"run twice: loss {stale[0]:.4f} to {stale[-1]:.4f}")
print(f"run once:  loss {fresh[0]:.4f} to {fresh[-1]:.4f}")

# %% [markdown]
# **Symptom.** The curve begins too low. A model of zeros has the loss <!--= zeros:.4f -->2.8723<!--/-->; this one claims to start at <!--= stale[0]:.4f -->0.2867<!--/-->. Nobody who restarts the notebook and runs it from the top can reproduce it.
#
# **Why.** *Hidden state*: `layer` outlives the cell, and the second run goes on where the first one stopped.
# [A published run](article.py#e1) was the tenth of its kind.
#
# **Test.** A cell that is run twice gives the same twice:


# %%
def repeats(setup, cell):
    return restart_and_run(setup, cell) == restart_and_run(setup, cell, cell)


whole_cell = first_cell + "\n" + second_cell
verdict(repeats, bug=(first_cell, second_cell), cure=("", whole_cell))

# %% [markdown]
# **Cure.** What a cell trains, the cell creates. Restart and run all before you believe a number.
#
# ## 8. The explicit inverse {#inverse}
#
# The formula $(X^\top X)^{-1} X^\top y$, typed as it stands, on rows without noise and with a chosen condition number $\kappa$:


# %%
def by_inverse(X, y):
    return torch.linalg.inv(X.T @ X) @ (X.T @ y)


def by_qr(X, y):
    Q, R = torch.linalg.qr(X)
    return torch.linalg.solve_triangular(R, (Q.T @ y).unsqueeze(1), upper=True)[:, 0]


def hard(kappa, seed=0, w=(-1.0, 1.0, 1.0)):
    g = torch.Generator().manual_seed(seed)
    return linreg.simulate(60, w, 0.0, 0.0, condition=kappa, generator=g)


def digits(method, kappa, w=(-1.0, 1.0, 1.0)):
    """Correct decimal digits, the median of forty draws."""
    true = torch.tensor(w)
    errors = [(method(*hard(kappa, seed, w)) - true).norm() for seed in range(40)]
    return -(torch.stack(errors).median() / true.norm()).log10().item()


print("  kappa  inverse  QR")
for kappa in (1e3, 1e5, 1e7):
    print(f"{kappa:7.0e} {digits(by_inverse, kappa):8.0f} {digits(by_qr, kappa):3.0f}")

# %% [markdown]
# **Symptom.** The predictions are fine and the weights are not. At $\kappa = 10^7$ the inverse has <!--= digits(by_inverse, 1e7):.0f -->2<!--/--> digits left of 16, QR <!--= digits(by_qr, 1e7):.0f -->10<!--/-->.
# Yet $R^2$ is <!--= linreg.r2(hard(1e7)[0] @ by_inverse(*hard(1e7)), hard(1e7)[1]):.3f -->1.000<!--/-->.
#
# **Why.** $X^\top X$ has the condition number $\kappa^2$ ([the race](exact-run.py#the-race)).
#
# **Test.** At a minimum the residual is orthogonal to every column, up to rounding:


# %%
def orthogonal(method, X, y):
    r = y - X @ method(X, y)
    cosines = (X.T @ r) / (X.norm(dim=0) * y.norm())
    return cosines.abs().max().item() < 1e-10


verdict(orthogonal, bug=(by_inverse, *hard(1e7)), cure=(by_qr, *hard(1e7)))

# %% [markdown]
# **Cure.** QR, or `linreg.solve`. Half a cure is `torch.linalg.solve(X.T @ X, X.T @ y)`, which passes this test, and its weights are as wrong:


# %%
def by_squares(X, y):
    return torch.linalg.solve(X.T @ X, X.T @ y)


print("passes the test:", orthogonal(by_squares, *hard(1e7)))
print(f"digits at 1e7: {digits(by_squares, 1e7):.0f}")

# %% [markdown]
# ## 9. Unscaled features {#unscaled}
#
# One feature has the scale 15, and the rate is the 0.01 of so many tutorials:

# %%
X_15 = X * torch.tensor([1.0, 15.0])
rising, _ = run(X_15, y, lr=0.01)
crawling, _ = run(X_15, y, lr=0.0001)
print("every 4th loss:", " ".join(f"{value:.3g}" for value in rising[:25:4]))
print("at lr / 100:   ", " ".join(f"{value:.3g}" for value in crawling[:25:4]))

# %% [markdown]
# **Symptom.** The loss rises by <!--= rising[-1] / rising[-2] - 1:.0%-->40%<!--/--> in each step in the end. A smaller rate turns the explosion into a crawl: at a hundredth of it
# <!--= linreg.predict_steps(X_15, y, lr=0.0001):,d -->55,464<!--/--> steps are needed.
#
# **Why.** Curvature goes with the square of the unit. The largest stable rate is now <!--= linreg.curvature(X_15).largest_stable_rate:.4f -->0.0092<!--/-->, a little below 0.01. [pytorch #23142](https://github.com/pytorch/pytorch/issues/23142) is on the same edge.
#
# **Test.** Compare the rate with the curvature before you train:


# %%
def stable(X, lr):
    return lr < linreg.curvature(X).largest_stable_rate


Z = (X_15 - X_15.mean(0)) / X_15.std(0)
verdict(stable, bug=(X_15, 0.01), cure=(Z, 0.01))

# %% [markdown]
# **Cure.** [Standardise](../part2/scaling.py). Then every rate below $2/d$ is stable with this clinic's half-mean and full batches ($1/d$ with `nn.MSELoss`; batches [allow less](batches.py#the-largest-rate-for-a-batch)).
#
# ## 10. Leakage {#leakage}
#
# Columns were chosen by their correlation with the target, and the rows split afterwards. [Does it generalise?](../part2/generalise.py#leakage) runs it on pure noise, with its test and its cure.
#
# ## Again, on ordinary data {#again}
#
# Seven of the bugs on 300 rows and twenty correlated columns, with the first three losses and the last. The symptoms are the same, except that the swing of bug 2 has many periods at once and looks irregular:

# %%
X_20, y_20, w_20, _ = linreg.ordinary()
zeros_20, mean_20, floor_20 = landmarks(X_20, y_20)
healthy_20, _ = run(X_20, y_20)
seen = {"landmarks": (zeros_20, mean_20, floor_20), "healthy": healthy_20}
seen["1 shapes"], _ = run(X_20, y_20, predict=unsqueezed)
seen["2 no zero_grad"], _ = run(X_20, y_20, lr=0.02, loop=train_no_zero)
seen["3 sum, / n"] = [value / 300 for value in run(X_20, y_20, loss=half_sum)[0]]
seen["4 double mean"], _ = run(X_20, y_20, loss=mean_of_mean)
seen["5 other model"] = train(new_layer(20), sgd(new_layer(20)), X_20, y_20)
scaled_20 = X_20 * torch.tensor([15.0] + 19 * [1.0])
seen["9 unscaled"], _ = run(scaled_20, y_20, lr=0.01)
for name, losses in seen.items():
    print(
        f"{name:15}", " ".join(f"{value:9.3g}" for value in (*losses[:3], losses[-1]))
    )

assert healthy_20[-1] < 1.1 * floor_20
assert abs(seen["1 shapes"][-1] / mean_20 - 1) < 0.01
swing_20 = seen["2 no zero_grad"]
assert max(swing_20[20:]) > 2 * min(swing_20[:20]) > 4 * floor_20
assert seen["3 sum, / n"][1] > 1000 * zeros_20
assert seen["4 double mean"][0] < floor_20
assert len(set(seen["5 other model"])) == 1
assert seen["9 unscaled"][-1] > seen["9 unscaled"][-2] > zeros_20
lost = digits(by_qr, 1e7, tuple(w_20.tolist())) - digits(
    by_inverse, 1e7, tuple(w_20.tolist())
)
print(f"8: QR has {lost:.0f} more digits than the inverse")
assert lost > 5

# %% [markdown]
# ## Name the bug {#gallery}
#
# Eight curves of the toy, in shuffled order: the healthy run, and bugs 1, 2, 3, 4, 5, 7 and 9 (bug 3 with the loss divided by $n$, as most loops report it). The dotted lines are the three landmarks. Look before you read on.

# %% alt="Eight panels, A to H, of loss against step on a log scale, with dotted landmarks for zeros, mean and floor. A swings between zeros and well below the mean, at a steady period. B is level and below the floor. C leaves the panel at once, straight up. D is level at zeros. E settles at the mean. F falls from zeros to the floor. G starts below the mean and falls slowly. H starts at zeros and rises ever faster out of the panel within a quarter of the steps."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY

curves = {0: healthy, 1: broadcast, 2: swinging, 3: [value / n for value in summed]}
curves |= {4: tiny, 5: frozen, 7: stale, 9: rising}
order = torch.randperm(8, generator=torch.Generator().manual_seed(3)).tolist()
shuffled = [list(curves)[i] for i in order]  # the numbers behind A to H
top = 60

levels = {"zeros": zeros, "mean": only_mean, "floor": floor}
fig, axes = plt.subplots(4, 2, figsize=(5.5, 8), sharex=True, sharey=True)
fig.set_layout_engine("constrained")
for letter, number, ax in zip("ABCDEFGH", shuffled, axes.flat, strict=True):
    for value in levels.values():
        ax.axhline(value, color=GREY, linewidth=0.8, linestyle=":")
    inside = sum(value < top for value in curves[number])
    ax.semilogy(curves[number][: inside + 1], color=BLUE, linewidth=2)
    ax.set_title(letter, loc="left", fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
axes[0, 0].set_ylim(1e-3, top)
axes[0, 0].minorticks_off()
axes[0, 0].set_yticks(list(levels.values()), list(levels))
for ax in axes[:, 0]:  # the two upper landmarks are close
    for label, side in zip(
        ax.get_yticklabels(), ("bottom", "top", "center"), strict=True
    ):
        label.set_va(side)
for ax in axes[-1]:
    ax.set_xlabel("step")


def as_told(a, b, c, d, e, f, g, h):
    """What the text under the figure says of the eight panels."""
    peaks = [t for t in range(1, 59) if a[t - 1] < a[t] > a[t + 1]]
    assert set(torch.tensor(peaks).diff().tolist()) == {10}
    assert all(0.95 * zeros < a[t] < 1.05 * zeros for t in peaks)
    assert min(a) < only_mean / 2
    assert 0.9 * max(b) < min(b) < max(b) < floor
    assert c[1] > top
    assert set(d) == {zeros} == {f[0], h[0]}
    assert abs(e[-1] / only_mean - 1) < 0.001
    assert f == sorted(f, reverse=True)
    assert f[-1] < 1.01 * floor
    assert g == sorted(g, reverse=True)
    assert only_mean > g[0] > g[-1] > 5 * floor
    growth = torch.tensor(h[:16]).log().diff()
    assert growth[0] > 0
    assert bool((growth.diff() > 0).all())
    assert h[len(h) // 4] > top


as_told(*(curves[number] for number in shuffled))
plt.show()

# %% [markdown]
# Write the eight numbers in the order of the panels, 0 for the healthy run:


# %%
def check_names(*numbers):
    linreg.check([float(k) for k in numbers], [float(k) for k in shuffled], tol=0.01)


# %% answer="Answer"
letters = dict(zip(shuffled, "ABCDEFGH", strict=True))
check_names(2, 4, 3, 5, 1, 0, 7, 9)

# %% [markdown] answer="Answer"
# | panel | bug | what gives it away |
# | --- | --- | --- |
# | <!--= letters[2] -->A<!--/--> | [2, no `zero_grad`](#zero-grad) | It comes back to its first value at a steady period. Too large a rate zigzags from one step to the next; this swings over ten. |
# | <!--= letters[4] -->B<!--/--> | [4, the mean of a mean](#double-mean) | It starts below the floor, where no model can be. |
# | <!--= letters[3] -->C<!--/--> | [3, a summed loss](#sum) | One step, and it is off the panel. Only a rate that is wrong by a factor like $n$ does that. |
# | <!--= letters[5] -->D<!--/--> | [5, another model's optimiser](#other-model) | Level at zeros: nothing has moved. |
# | <!--= letters[1] -->E<!--/--> | [1, (n, 1) minus (n,)](#shapes) | A perfect curve that ends at the landmark of the mean. |
# | <!--= letters[0] -->F<!--/--> | 0, healthy | From zeros to the floor, on a straight line until the bend. |
# | <!--= letters[7] -->G<!--/--> | [7, the stale cell](#stale) | It starts below the landmark of zeros, where it says it starts. |
# | <!--= letters[9] -->H<!--/--> | [9, unscaled features](#unscaled) | Upward, in the end <!--= rising[-1] / rising[-2]:.1f -->1.4<!--/--> times in each step: a rate a little above the limit of one direction. |

# %% [markdown]
# ## Exercises
#
# **1. By pencil.** $y = (1, 3)$, and a model of zeros. What are the half mean of squares, the half sum, the mean of a mean, and the loss that `(n, 1)` minus `(n,)` gives?

# %% [markdown] answer="Hint"
# The last one averages over four pairs.

# %% [markdown] answer="Answer"
# The squares are 1 and 9: 2.5, 5, 1.25. Every prediction is zero, so the four pairs have the squares 1, 9, 1, 9, and the loss is 2.5 again: at zeros the broadcast does not show.

# %% answer="Answer"
two = torch.tensor([1.0, 3.0])
by_code = [
    loss(torch.zeros(2), two).item() for loss in (half_mean, half_sum, mean_of_mean)
]
by_code.append(half_mean(torch.zeros(2, 1), two).item())
linreg.check([2.5, 5.0, 1.25, 2.5], by_code)

# %% [markdown]
# **2. Predict the picture.** A colleague has bug 3 and clips the gradient to length 1, at rate 0.1. Sketch the loss divided by $n$ over 60 steps. After how many steps is it smallest, and what happens then? Work out the number from the exact answer, `best`.

# %% [markdown] answer="Hint"
# Nearly everywhere the gradient is longer than 1. How long is then each step? And how far is the answer from zero?

# %% [markdown] answer="Answer"
# Every step has the length 0.1, and the bowl is round enough for the way to be straight: the distance from zero to the answer, divided by 0.1. The steps do not get shorter there, so the run swings
# about the minimum and never arrives.


# %% answer="Answer" alt="The loss of the clipped run against the step, on a log scale. It falls faster and faster to about step 25, and from there on jumps up and down without getting lower."
def clipped(X, y, lr=0.1, steps=60):
    layer, losses = new_layer(), []
    optimizer = sgd(layer, lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = half_sum(squeezed(layer, X), y)
        loss.backward()
        nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item() / len(y))
    return losses


soothed = clipped(X, y)
count = torch.cat((best.w, best.b.reshape(1))).norm().item() / 0.1
smallest_at = min(range(60), key=soothed.__getitem__)
assert abs(count - smallest_at) <= 1
assert min(soothed[40:]) > 0.9 * min(soothed[:40])
_, ax = plt.subplots(figsize=(5.5, 3), layout="constrained")
ax.semilogy(soothed, color=BLUE)
ax.axhline(floor, color=GREY, linewidth=0.8, linestyle=":")
ax.set(xlabel="step", ylabel="loss / n (dotted: floor)")

# %% [markdown]
# **3. What is wrong with this sentence?** "The loss falls smoothly and has levelled off, so the model has learned what the data can teach."

# %% [markdown] answer="Hint"
# At which landmark has it levelled off?

# %% [markdown] answer="Answer"
# Bug 1 falls smoothly and levels off, at the landmark of the mean, with a model that ignores the features. Compare the level with what the mean alone and the exact answer reach.

# %% [markdown]
# **4. The same symptom, another bug.** This loop prints the same loss sixty times, as bug 5 does. But `owns` says `True`. What is wrong? Write `moves(loop, X, y)`, which says whether a step changes the weights:


# %%
def train_late(layer, optimizer, X, y, steps=60):
    losses = []
    for _ in range(steps):
        value = half_mean(squeezed(layer, X), y)
        value.backward()
        optimizer.zero_grad()
        optimizer.step()
        losses.append(value.item())
    return losses


def check_moves(moves):
    linreg.check(moves(train, X, y), True)
    linreg.check(moves(train_late, X, y), False)


# %% [markdown] answer="Hint"
# What does `step` find in `.grad`?

# %% [markdown] answer="Answer"
# The gradients are thrown away between `backward()` and `step()`. The optimiser skips parameters that have none.


# %% answer="Answer"
def moves(loop, X, y):
    _, layer = run(X, y, loop=loop, steps=1)
    return bool(layer.weight.any())


check_moves(moves)

# %% [markdown]
# ## Where next
#
# [What the article got wrong](article.py) finds the mean of a mean and the stale cell in one tutorial, from six printed figures. [Scaling](../part2/scaling.py) takes up bugs 6 and 9, [Does it generalise?](../part2/generalise.py) the tenth.
