# %% [markdown]
# # Bug clinic
#
# After this page you can name ten common bugs of a regression from what they show, confirm each with a test of a few lines, and cure it.
#
# <!-- core -->
#
# **The question.** The code runs, nothing raises, and the result is odd. Which line is it?
#
# None of the ten raises an exception. Nine are run here as people write them, then *symptom*, *why*, *test*, *cure*. Every test is run twice: it must
# fail on the bug and pass on the cure. If you come with a symptom, begin with [the table](#lookup). If you want to be tested first, [name the bugs by their curves](#gallery).
#
# ## A healthy run
#
# The data are those of the other pages. The loop is the usual one; most of the ten patients differ from it in one line.

# %%
import torch
from torch import nn

import linreg

torch.set_default_dtype(torch.float64)
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))  # w = (-1, 1), b = 2
n, best = len(y), linreg.solve(X, y)


def half_mean(y_hat, y):
    return (y_hat - y).square().mean() / 2


def new_layer():
    layer = nn.Linear(2, 1)
    for p in layer.parameters():
        nn.init.zeros_(p)  # a convex loss needs no random start
    return layer


def sgd(layer, lr=0.1):
    return torch.optim.SGD(layer.parameters(), lr=lr)


def loss_on(layer, X=X):
    return lambda: half_mean(layer(X).squeeze(1), y)


def train(optimizer, loss_of, steps=60):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


layer = new_layer()
healthy = train(sgd(layer), loss_on(layer))
print(f"loss {healthy[0]:.4f} to {healthy[-1]:.4f}, smallest {best.loss:.4f}")

# %% [markdown]
# Three values of the loss are landmarks, known before you train, and most diagnoses start from them: a model of zeros, a model that knows only the mean of $y$, and the exact
# answer. And a helper, which runs a test on the bug and on the cure:

# %%
zeros = half_mean(torch.zeros(n), y).item()  # half the mean of y squared
only_mean = y.var(correction=0).item() / 2  # half the variance of y
floor = best.loss.item()
print(f"zeros {zeros:.4f}   only the mean {only_mean:.4f}   floor {floor:.5f}")
tested = []


def verdict(test, bug, cure):
    answers = test(*bug), test(*cure)
    print(f"{test.__name__}: {answers[0]} on the bug, {answers[1]} on the cure")
    assert answers == (False, True)
    tested.append(test.__name__)


# %% [markdown]
# ## 1. (n, 1) minus (n,) {#shapes}

# %%
layer = new_layer()
broadcast = train(sgd(layer), lambda: half_mean(layer(X), y))  # no squeeze

b, weights = layer.bias.item(), layer.weight.abs().max().item()
print("layer(X) - y has shape", tuple((layer(X) - y).shape))
print(f"loss {broadcast[0]:.4f} to {broadcast[-1]:.4f}, largest weight {weights:.4f}")
print(f"b {b:.3f}, mean of y {y.mean():.3f}")

# %% [markdown]
# **Symptom.** A smooth curve that settles too high, at the landmark of the mean, <!--= only_mean:.4f -->0.9716<!--/-->. The weights go to zero, and all predictions become the same.
#
# **Why.** The layer returns $(n, 1)$, the target is $(n,)$, and *broadcasting* stretches both, so that the difference is $(n, n)$: every prediction minus every target. No term of the mean pairs a prediction with its own
# target, so the best model is a constant, $\bar y$ ([derived here](loss.md#the-trap-n-1-minus-n)). `nn.MSELoss` [warns](by-hand.py#without-squeeze-n-1-against-n); a loss that you write yourself does not. It is reported again and
# again ([pytorch #16045](https://github.com/pytorch/pytorch/issues/16045), [#19699](https://github.com/pytorch/pytorch/issues/19699)), and it was in the code of
# [a printed book](https://github.com/matroid/dlwithtf/issues/14).
#
# **Test.** The shapes, where the loss is computed:


# %%
def same_shape(y_hat, y):
    return y_hat.shape == y.shape


verdict(same_shape, bug=(layer(X), y), cure=(layer(X).squeeze(1), y))

# %% [markdown]
# **Cure.** `layer(X).squeeze(1)`, which is the healthy run: it ends at <!--= healthy[-1]:.4f -->0.0051<!--/--> instead of <!--= broadcast[-1]:.4f -->0.9716<!--/-->.
#
# ## 2. No zero_grad {#zero-grad}


# %%
def train_no_zero(optimizer, loss_of, steps=60):
    losses = []
    for _ in range(steps):
        loss = loss_of()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


layer = new_layer()
swinging = train_no_zero(sgd(layer), loss_on(layer))
print("every 5th loss:", [round(value, 2) for value in swinging[::5]])

# %% [markdown]
# **Symptom.** The loss falls and comes back, again and again, at a steady period. In the last twenty steps it still lies between
# <!--= min(swinging[40:]):.2f -->0.11<!--/--> and <!--= max(swinging[40:]):.2f -->2.85<!--/-->.
#
# **Why.** `backward()` adds to `.grad`, so each step follows the sum of all gradients so far. That is momentum 1, a ball without friction;
# [By hand](by-hand.py#without-zeroing-momentum-of-1) shows that the two are equal in every bit, and gives the period.
#
# **Test.** At rate 0 nothing moves, so a second step must find the gradient of the first:


# %%
def gradient_after(steps, loop):
    layer = new_layer()
    loop(sgd(layer, lr=0.0), loss_on(layer), steps)
    return layer.weight.grad


def forgets(loop):
    return torch.equal(gradient_after(1, loop), gradient_after(2, loop))


verdict(forgets, bug=(train_no_zero,), cure=(train,))

# %% [markdown]
# **Cure.** `optimizer.zero_grad()` at the top of the loop: the healthy run, whose last twenty losses lie between <!--= min(healthy[40:]):.4f -->0.0051<!--/--> and <!--= max(healthy[40:]):.4f -->0.0060<!--/-->.
#
# ## 3. A summed loss with a mean's rate {#sum}


# %%
def half_sum(y_hat, y):
    return (y_hat - y).square().sum() / 2


layer = new_layer()
summed = train(sgd(layer), lambda: half_sum(layer(X).squeeze(1), y), steps=200)
print("loss a row:", " ".join(f"{value / n:.2g}" for value in summed[:5]))
for word in ("inf", "nan"):
    print(f"first {word} at step", [str(value) for value in summed].index(word))

# %% [markdown]
# **Symptom.** The loss explodes from the first step on, about <!--= summed[40] / summed[39]:,.0f -->10,487<!--/--> times larger each time.
#
# **Why.** A sum is $n$ times the mean, and so are its gradient and its curvature. The loss of the steepest direction is multiplied by $(1 - \eta n \lambda_{\max})^2$ a step, here <!--= (1 - 0.1 * n * linreg.curvature(X).L) ** 2:,.0f -->10,540<!--/-->. The
# largest stable rate, $2/(n\lambda_{\max})$, is <!--= linreg.curvature(X, reduction="half_sum").largest_stable_rate:.5f -->0.00193<!--/-->. The rate 0.1 is <!--= 0.1 / linreg.curvature(X, reduction="half_sum").largest_stable_rate:.0f -->52<!--/--> times that.
#
# **Test.** Give every row twice. A mean does not notice:


# %%
def ignores_copies(loss):
    y_hat = torch.zeros(n)
    once, twice = loss(y_hat, y), loss(y_hat.repeat(2), y.repeat(2))
    return torch.allclose(once, twice)


verdict(ignores_copies, bug=(half_sum,), cure=(half_mean,))

# %% [markdown]
# **Cure.** The mean, or the rate divided by $n$. They are one path:

# %%
layer = new_layer()
cured = train(sgd(layer, lr=0.1 / n), lambda: half_sum(layer(X).squeeze(1), y))
torch.testing.assert_close(torch.tensor(cured) / n, torch.tensor(healthy))
print(f"sum, lr / n: loss a row {cured[0] / n:.4f} to {cured[-1] / n:.4f}")

# %% [markdown]
# Prefer the mean: with a sum the right rate changes with the number of rows, and within a run where the last batch is shorter. The four conventions are on [The loss](loss.md#one-sum-four-conventions).
#
# ## 4. The mean of a mean {#double-mean}


# %%
def row_losses(y_hat, y):
    return (y_hat - y).square() / (2 * len(y))  # a loss a row, "averaged"


layer = new_layer()
tiny = train(sgd(layer), lambda: row_losses(layer(X).squeeze(1), y).mean())
print(f"loss {tiny[0]:.6f} to {tiny[-1]:.6f}, b {layer.bias.item():.3f}")

# %% [markdown]
# **Symptom.** The first loss looks excellent, <!--= tiny[0]:.4f -->0.0029<!--/-->, below the floor. Then nothing happens: <!--= len(tiny) -->60<!--/--> steps lower it by <!--= 1 - tiny[-1] / tiny[0]:.1%-->1.1%<!--/-->, and the intercept is at
# <!--= layer.bias.item():.3f -->0.012<!--/--> where the truth is 2.
#
# **Why.** `row_losses` divides by $n$, `.mean()` divides by $n$ again. The loss is $L/n$, its gradient $\nabla L/n$, and the rate 0.1 acts as 0.1/$n$. Before the loss is within 1 % of its floor that takes
# <!--= linreg.predict_steps(X, y, lr=0.1 / n):,d -->57,332<!--/--> steps, where the healthy run needs <!--= linreg.predict_steps(X, y, lr=0.1) -->55<!--/-->.
#
# **Test.** A prediction that is off by 1 everywhere costs one half, whatever the data:


# %%
def costs_half(loss):
    return abs(loss(y + 1, y).item() - 0.5) < 1e-9


verdict(
    costs_half,
    bug=(lambda y_hat, y: row_losses(y_hat, y).mean(),),
    cure=(lambda y_hat, y: row_losses(y_hat, y).sum(),),
)

# %% [markdown]
# **Cure.** Divide once. With `.sum()` in place of `.mean()` this is the healthy loss. The test finds bug 3 too, whose answer is $n/2$. One thread on a Chinese edition of a textbook has both
# ([Dive-into-DL-PyTorch #75](https://github.com/ShusenTang/Dive-into-DL-PyTorch/issues/75)): divide twice and training crawls, divide never and it explodes.
#
# ## 5. The optimiser of another model {#other-model}

# %%
layer = new_layer()
optimizer = sgd(layer)
layer = new_layer()  # a cell run again; a model rebuilt in another size
frozen = train(optimizer, loss_on(layer))
print(f"different losses: {len(set(frozen))} of {len(frozen)}")
print("largest weight:", layer.weight.abs().max().item())

# %% [markdown]
# **Symptom.** The loss is the same number each time, in every bit. No rate changes that. Yet there are gradients, and more and more of them: the length of `.grad` is now
# <!--= layer.weight.grad.norm() / linreg.gradient(X, y, torch.zeros(2))[0].norm():.0f -->60<!--/--> times that of one gradient.
#
# **Why.** The optimiser holds the tensors that it was given, not the name `layer`. It steps, and zeroes, the parameters of a model that nobody uses any more.
#
# **Test.** Are the parameters of the model among those of the optimiser? Compare identities, not values:


# %%
def owns(optimizer, model):
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    return all(id(p) in held for p in model.parameters())


verdict(owns, bug=(optimizer, layer), cure=(sgd(layer), layer))

# %% [markdown]
# **Cure.** Make the optimiser after the model, in the same function:

# %%
thawed = train(sgd(layer), loss_on(layer))
print(f"loss {thawed[0]:.4f} to {thawed[-1]:.4f}")

# %% [markdown]
# ## 6. A year in float32 {#year}
#
# A measurement since 1871 rises by one hundredth a year. The frame has become a tensor of float32, as most do:

# %%
year = torch.arange(1871.0, 2021.0).float()
level = 0.01 * (year - 1871)


def slope(x, y):
    A = torch.stack((torch.ones_like(x), x), dim=1)
    return torch.linalg.lstsq(A, y.unsqueeze(1), driver="gelsd").solution[1].item()


print(f"slope {slope(year, level):.5f}")

# %% [markdown]
# **Symptom.** A trend <!--= 0.01 / slope(year, level):.0f -->26<!--/--> times too small, and no warning.
#
# **Why.** Seen from the year zero, the years are nearly a constant. The condition number of $[1, \text{year}]$ is
# <!--= torch.linalg.cond(torch.stack((torch.ones(150), year.double()), 1)):,.0f -->87,455<!--/-->, and `lstsq` calls columns dependent from $1/(n\varepsilon)$ on, in float32 <!--= 1 / (len(year) * torch.finfo(torch.float32).eps):,.0f -->55,924<!--/-->. It has taken the two columns for one
# ([the traps of `lstsq`](lstsq.py)).
#
# **Test.** The slope of a line does not depend on where the axis begins:


# %%
def ignores_origin(slope, x, y):
    return abs(slope(x, y) / slope(x - x.mean(), y) - 1) < 1e-3


def centred_slope(x, y):
    return slope(x - x.mean(), y)


verdict(ignores_origin, bug=(slope, year, level), cure=(centred_slope, year, level))

# %% [markdown]
# **Cure.** Centre, or compute in float64, or both:

# %%
print(f"float32, centred {centred_slope(year, level):.5f}")
print(f"float64          {slope(year.double(), level.double()):.5f}")

# %% [markdown]
# ## 7. The stale cell {#stale}
#
# Two cells of a notebook. Pressing "run" executes a text in a namespace that stays, so we can do it here. After a look at the result, the second cell is run again:

# %%
first_cell = "layer = new_layer(); optimizer = sgd(layer, lr=0.02)"
second_cell = "losses = train(optimizer, loss_on(layer))"


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
# **Symptom.** The curve begins too low. A model of zeros has the loss <!--= zeros:.4f -->2.8723<!--/-->; this one claims to start at <!--= stale[0]:.4f -->0.2867<!--/-->. Who runs the notebook from the top cannot repeat it.
#
# **Why.** *Hidden state*: `layer` outlives the cell. The second run goes on where the first one stopped, at $(1 - \eta\lambda)^{60}$, about <!--= (stale[0] / zeros) ** 0.5:.2f -->0.32<!--/-->, of the error.
# [What the article got wrong](article.py#e1) finds a published run that was the tenth of its kind.
#
# **Test.** A cell that is run twice says the same twice:


# %%
def repeats(setup, cell):
    return restart_and_run(setup, cell) == restart_and_run(setup, cell, cell)


whole_cell = first_cell + "\n" + second_cell
verdict(repeats, bug=(first_cell, second_cell), cure=("", whole_cell))

# %% [markdown]
# **Cure.** What a cell trains, the cell creates; a function that does both is better still. And restart and run all before you believe a number: it starts at <!--= fresh[0]:.4f -->2.8723<!--/-->.
#
# ## 8. The explicit inverse {#inverse}
#
# The formula $(X^\top X)^{-1} X^\top y$, typed as it stands. Sixty rows without noise, so that the true weights are the exact answer; the condition number $\kappa$ of $X$ is chosen:


# %%
def by_inverse(X, y):
    return torch.linalg.inv(X.T @ X) @ (X.T @ y)


def by_qr(X, y):
    Q, R = torch.linalg.qr(X)
    return torch.linalg.solve_triangular(R, (Q.T @ y).unsqueeze(1), upper=True)[:, 0]


true = torch.tensor([-1.0, 1.0, 1.0])


def hard(kappa, seed=0):
    g = torch.Generator().manual_seed(seed)
    return linreg.simulate(60, true, 0.0, 0.0, condition=kappa, generator=g)


def digits(method, kappa):
    """Correct decimal digits, the median of forty draws."""
    errors = [(method(*hard(kappa, seed)) - true).norm() for seed in range(40)]
    return -(torch.stack(errors).median() / true.norm()).log10().item()


print("  kappa  inverse  QR")
for kappa in (1e3, 1e5, 1e7):
    print(f"{kappa:7.0e} {digits(by_inverse, kappa):8.0f} {digits(by_qr, kappa):3.0f}")

# %% [markdown]
# **Symptom.** The predictions are fine and the weights are not. At $\kappa = 10^7$ the inverse has <!--= digits(by_inverse, 1e7):.0f -->2<!--/--> digits left of 16, QR has <!--= digits(by_qr, 1e7):.0f -->10<!--/-->.
# Yet $R^2$ is <!--= linreg.r2(hard(1e7)[0] @ by_inverse(*hard(1e7)), hard(1e7)[1]):.3f -->1.000<!--/-->.
#
# **Why.** $X^\top X$ has the condition number $\kappa^2$, so the error is about $\kappa^2 \varepsilon$ instead of $\kappa \varepsilon$
# ([the race](exact-run.py#the-race)).
#
# **Test.** At a minimum the residual is orthogonal to every column, up to rounding:


# %%
def orthogonal(method, X, y):
    r = y - X @ method(X, y)
    cosines = (X.T @ r) / (X.norm(dim=0) * y.norm())
    return cosines.abs().max().item() < 1e-10


verdict(orthogonal, bug=(by_inverse, *hard(1e7)), cure=(by_qr, *hard(1e7)))

# %% [markdown]
# **Cure.** Factorise: QR as here, or `linreg.solve`, which looks at $\kappa$ first. Do not stop half way. `torch.linalg.solve(X.T @ X, X.T @ y)` passes this test, since it solves the *squared* problem well, and its weights are as wrong:


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

layer = new_layer()
rising = train(sgd(layer, lr=0.01), loss_on(layer, X_15))
print("every 4th loss:", " ".join(f"{value:.3g}" for value in rising[:25:4]))

layer = new_layer()
crawling = train(sgd(layer, lr=0.0001), loss_on(layer, X_15))
print("at lr / 100:   ", " ".join(f"{value:.3g}" for value in crawling[:25:4]))

# %% [markdown]
# **Symptom.** The loss rises like compound interest, by <!--= rising[-1] / rising[-2] - 1:.0%-->40%<!--/--> a step in the end. The usual advice, a smaller rate, turns the explosion into a crawl. At a hundredth of the rate,
# <!--= linreg.predict_steps(X_15, y, lr=0.0001):,d -->55,464<!--/--> steps are needed.
#
# **Why.** Curvature goes with the square of the unit. $\lambda_{\max}$ is now <!--= linreg.curvature(X_15).L:.0f -->219<!--/-->, the largest stable rate $2/\lambda_{\max}$ is <!--= linreg.curvature(X_15).largest_stable_rate:.4f -->0.0092<!--/-->, a little below 0.01, and each
# step multiplies the loss of that direction by $(1 - \eta \lambda_{\max})^2$, here <!--= (1 - 0.01 * linreg.curvature(X_15).L) ** 2:.2f -->1.40<!--/-->. In [pytorch #23142](https://github.com/pytorch/pytorch/issues/23142) the scale is 10 and the rate is 0.01 with `nn.MSELoss`, whose limit is $1/\lambda_{\max}$, about 1/100: right on the edge.
#
# **Test.** Compare the rate with the curvature before you train:


# %%
def stable(X, lr):
    return lr < linreg.curvature(X).largest_stable_rate


Z = (X_15 - X_15.mean(0)) / X_15.std(0)
verdict(stable, bug=(X_15, 0.01), cure=(Z, 0.01))

# %% [markdown]
# **Cure.** Standardise. The curvatures of the $d$ features then add up to about $d$, so every rate below $2/d$ is stable with this clinic's half-mean and full batches ($1/d$ with `nn.MSELoss`; batches [allow less](batches.py#the-largest-rate-for-a-batch)), and $\kappa$ falls from <!--= linreg.curvature(X_15).kappa:.0f -->226<!--/--> to <!--= linreg.curvature(Z).kappa:.1f -->1.0<!--/-->. How to take the weights back to the old unit is on [Scaling](../part2/scaling.py).

# %%
layer = new_layer()
scaled = train(sgd(layer, lr=0.1), loss_on(layer, Z))
print(f"standardised, lr = 0.1: loss {scaled[0]:.4f} to {scaled[-1]:.4f}")

# %% [markdown]
# ## 10. Leakage {#leakage}
#
# Columns were chosen by their correlation with the target, and the rows split afterwards. The score on the test rows is splendid, and new rows do not repeat it: the choice has seen the targets that should judge it. This patient needs new rows to be found out, so it lies
# on another ward: [Does it generalise?](../part2/generalise.py#leakage) runs it on pure noise, with a test, `shuffle_proof`, and the cure, split first.

# %% [markdown]
# ## Name the bug {#gallery}
#
# Eight curves as the loops above would plot them, in shuffled order: the healthy run, and bugs 1, 2, 3, 4, 5, 7 and 9 (bug 3 with the loss a row, as most loops report it). The dotted lines are the three landmarks. Look before you read on.

# %% alt="Eight panels, A to H, of loss against step on a log scale, with dotted landmarks for zeros, mean and floor. A swings between zeros and well below the mean, at a steady period. B is level and below the floor. C leaves the panel at once, straight up. D is level at zeros. E settles at the mean. F falls from zeros to the floor. G starts below the mean and falls slowly. H starts at zeros and rises ever faster out of the panel within a quarter of the steps."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY

curves = {0: healthy, 1: broadcast, 2: swinging, 3: [value / n for value in summed]}
curves |= {4: tiny, 5: frozen, 7: stale, 9: rising}
order = torch.randperm(8, generator=torch.Generator().manual_seed(3)).tolist()
shuffled = [list(curves)[i] for i in order]  # the numbers behind A to H
top = 60

landmarks = {"zeros": zeros, "mean": only_mean, "floor": floor}
fig, axes = plt.subplots(4, 2, figsize=(5.5, 8), sharex=True, sharey=True)
fig.set_layout_engine("constrained")
for letter, number, ax in zip("ABCDEFGH", shuffled, axes.flat, strict=True):
    for value in landmarks.values():
        ax.axhline(value, color=GREY, linewidth=0.8, linestyle=":")
    inside = sum(value < top for value in curves[number])
    ax.semilogy(curves[number][: inside + 1], color=BLUE, linewidth=2)
    ax.set_title(letter, loc="left", fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
axes[0, 0].set_ylim(1e-3, top)
axes[0, 0].minorticks_off()
axes[0, 0].set_yticks(list(landmarks.values()), list(landmarks))
for ax in axes[-1]:
    ax.set_xlabel("step")
plt.show()

# %% [markdown]
# Write the eight numbers in the order of the panels, 0 for the healthy run. This says how many are right:


# %%
def check_names(numbers):
    pairs = zip(numbers, shuffled, strict=True)
    return sum(int(mine) == right for mine, right in pairs)


check_names("00000000")

# %% answer="Answer"
letters = dict(zip(shuffled, "ABCDEFGH", strict=True))
check_names("24351079")

# %% [markdown] answer="Answer"
# | panel | bug | what gives it away |
# | --- | --- | --- |
# | <!--= letters[2] -->A<!--/--> | [2, no `zero_grad`](#zero-grad) | It comes back to its first value at a steady period. Too large a rate zigzags from one step to the next; this swings over ten. |
# | <!--= letters[4] -->B<!--/--> | [4, the mean of a mean](#double-mean) | It starts below the floor, where no model can be, at <!--= tiny[0] / zeros:.3f -->0.001<!--/--> of the landmark of zeros. |
# | <!--= letters[3] -->C<!--/--> | [3, a summed loss](#sum) | One step, and it is off the panel. Only a rate that is wrong by a factor like $n$ does that. |
# | <!--= letters[5] -->D<!--/--> | [5, another model's optimiser](#other-model) | Level at zeros: nothing has moved. Even the smallest rate would show in the digits. |
# | <!--= letters[1] -->E<!--/--> | [1, (n, 1) minus (n,)](#shapes) | A perfect curve that ends at the landmark of the mean. |
# | <!--= letters[0] -->F<!--/--> | 0, healthy | From zeros to the floor, on a straight line until the bend. |
# | <!--= letters[7] -->G<!--/--> | [7, the stale cell](#stale) | It starts below the landmark of zeros, and zeros is where it says it starts. |
# | <!--= letters[9] -->H<!--/--> | [9, unscaled features](#unscaled) | Upward on a line that gets straight, at last <!--= rising[-1] / rising[-2]:.1f -->1.4<!--/--> times a step: a rate a little above the limit of one direction. |

# %% [markdown]
# ## From symptom to cure {#lookup}
#
# | You see | Bug, test | Cure |
# | --- | --- | --- |
# | the loss explodes, thousandfold a step | [3, a summed loss](#sum)<br><!--= tested[2] -->ignores_copies<!--/--> | the mean, or `lr / n` |
# | the loss rises by a steady <!--= rising[-1] / rising[-2] - 1:.0% -->40%<!--/--> or so; with a smaller rate it crawls | [9, unscaled features](#unscaled)<br><!--= tested[8] -->stable<!--/--> | standardise |
# | the loss settles at half the variance of $y$, here <!--= only_mean:.2f -->0.97<!--/-->; all predictions are the same | [1, (n, 1) minus (n,)](#shapes)<br><!--= tested[0] -->same_shape<!--/--> | `squeeze(1)` |
# | the loss swings and comes back | [2, no `zero_grad`](#zero-grad)<br><!--= tested[1] -->forgets<!--/--> | call it, first in the loop |
# | the loss is the same number each time | [5, another model's optimiser](#other-model)<br><!--= tested[4] -->owns<!--/--> | make the optimiser after the model |
# | the first loss is tiny, here <!--= tiny[0]:.4f -->0.0029<!--/-->, and hardly falls | [4, the mean of a mean](#double-mean)<br><!--= tested[3] -->costs_half<!--/--> | divide once |
# | the first loss is lower than that of zeros; nobody can repeat the run | [7, the stale cell](#stale)<br><!--= tested[6] -->repeats<!--/--> | create what you train in the cell that trains it |
# | a trend is nearly zero, here <!--= slope(year, level):.5f -->0.00039<!--/--> for 0.01; the rank is too small | [6, a year in float32](#year)<br><!--= tested[5] -->ignores_origin<!--/--> | centre, float64 |
# | predictions fine, weights wrong, here to <!--= digits(by_inverse, 1e7):.0f -->2<!--/--> digits | [8, the explicit inverse](#inverse)<br><!--= tested[7] -->orthogonal<!--/--> | QR, `linreg.solve` |
# | $R^2$ good on the test rows, bad on new ones | [10, leakage](../part2/generalise.py#leakage)<br>`shuffle_proof` there | split first |
#
# `ignores_copies` and `costs_half` ask the loss function alone, `forgets` and `owns` the loop. These four cost nothing: run them before you train.
#
# ## Exercises
#
# **1. Name the bug.** If you have not yet: [the gallery](#gallery).
#
# **2. A test without shapes.** Bug 1 may sit inside a loss function, where you cannot see the shapes. Write `pairs(loss)`, which knows nothing but the values of `loss(y_hat, y)` and says whether the loss
# pairs each prediction with its own target. This checks yours:


# %%
def inner_broadcast(y_hat, y):
    return half_mean(y_hat, y.reshape(-1, 1))


def check_pairs(pairs):
    return pairs(half_mean) and not pairs(inner_broadcast)


# %% [markdown] answer="Answer"
# Predict every target exactly. The loss must be zero, and for the broadcast loss it is the variance of $y$. (Or permute the targets: a loss over all pairs does not change.)


# %% answer="Answer"
def pairs(loss):
    return loss(y, y).item() == 0


assert check_pairs(pairs)
print(f"a perfect prediction costs {inner_broadcast(y, y):.4f}")

# %% [markdown]
# **3. The same symptom, another bug.** This loop prints the same loss sixty times, as bug 5 does. But `owns` says `True`. What is wrong? Write `moves(loop)`, which says whether a step changes the weights:


# %%
def train_late(optimizer, loss_of, steps=60):
    losses = []
    for _ in range(steps):
        loss = loss_of()
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        losses.append(loss.item())
    return losses


def check_moves(moves):
    return moves(train) and not moves(train_late)


# %% [markdown] answer="Answer"
# The gradients are thrown away between `backward()` and `step()`. The optimiser skips parameters that have none.


# %% answer="Answer"
def moves(loop):
    layer = new_layer()
    loop(sgd(layer), loss_on(layer), steps=1)
    return bool(layer.weight.any())


assert check_moves(moves)
layer = new_layer()
late = train_late(sgd(layer), loss_on(layer))
print(f"different losses: {len(set(late))}, gradient: {layer.weight.grad}")

# %% [markdown]
# **4. A painkiller.** A colleague has bug 3 and clips the gradient to length 1, at rate 0.1. The explosion is gone. Work out from the exact answer, `best`, after how many steps the loss is smallest. What happens
# after that? This checks your number, with one step to spare:

# %%
layer, clipped = new_layer(), []
optimizer = sgd(layer)
for _ in range(60):
    optimizer.zero_grad()
    loss = half_sum(layer(X).squeeze(1), y)
    loss.backward()
    nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
    optimizer.step()
    clipped.append(loss.item() / n)


def check_count(count):
    return abs(count - torch.tensor(clipped).argmin().item()) <= 1


# %% [markdown] answer="Answer"
# The gradient of the sum is longer than 1 almost everywhere, so that every step has the length 0.1, and the bowl is round enough for the way to be straight: the distance from zero to the answer, divided by 0.1. The steps do not get shorter there. The run swings
# about the minimum by about half a step and never arrives, since the bug is still in it.

# %% answer="Answer"
count = torch.cat((best.w, best.b.reshape(1))).norm().item() / 0.1
assert check_count(count)
print(f"{count:.1f} steps; floor {floor:.4f}")
print("losses 22 to 28:", [round(value, 4) for value in clipped[22:29]])
print("losses 53 to 59:", [round(value, 4) for value in clipped[53:]])

# %% [markdown]
# ## Where next
#
# [What the article got wrong](article.py) takes one tutorial apart. The mean of a mean and the stale cell are both in it, and six printed figures are enough to find the second. [Scaling](../part2/scaling.py) takes up bugs 6 and 9, [Does it generalise?](../part2/generalise.py) the tenth.
