# %% [markdown]
# # What the article got wrong
#
# After this page you can test what a tutorial claims by running it, and say which run of a notebook cell
# printed a result.
#
# <!-- second reading -->
#
# This book grew out of a short tutorial, "linear regression from scratch in PyTorch", one of
# thousands like it. We call it *the article*. Its plan is sound, and some of its code is better
# than that of many books ([what it got right](#right)). But it shows figures that its own code
# cannot print.
#
# **The question.** Which of the article's statements survive when they are run? They are quoted here, as data, so the code can be tested against them.

# %%
import math

import matplotlib.pyplot as plt
import torch

import linreg
from linreg.plot import BLUE, GREEN, GREY, ORANGE

torch.set_default_dtype(torch.float64)

article = {
    "lr": 0.01,
    "epochs": 3,  # full batch: one step each
    "loss": [0.001797, 0.001763, 0.001729],  # printed after each epoch
    "w_error": [-0.8461, 0.8311],  # true minus learned
    "b_error": 1.4857,
    "rates": [0.01, 0.03, 0.1, 0.3, 1.0],  # "usual", and given as an exercise
    "w_in_text": [1.0, -1.0],
    "w_in_code": [-1.0, 1.0],
}
recipe = {"lr": 0.03, "epochs": 3, "batch": 10}  # what such tutorials descend from
w_true, b_true = torch.tensor([-1.0, 1.0]), torch.tensor(2.0)
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))
n, d = X.shape
n, d

# %% [markdown]
# The data are the article's: <!--= n -->1000<!--/--> samples, <!--= d -->2<!--/--> standard-normal
# features, weights −1 and 1, intercept 2, noise of standard deviation 0.1. Four of its errors make one story.
#
# ## E1 The figures that the code cannot print {#e1}
#
# The article's loop, in our names: full batch, autograd, the update under `no_grad`, gradients
# zeroed, one line printed for each epoch. Its mistake in the print ([E2](#e2)) is included. We assume that what `prepare` does stands in
# a cell of its own above the loop, as is usual in a notebook.


# %%
def prepare(seed):
    generator = torch.Generator().manual_seed(seed)
    X, y = linreg.simulate(generator=generator)
    w = 0.1 * torch.randn(2, generator=generator)
    return X, y, w.requires_grad_(), torch.zeros((), requires_grad=True)


def run_cell(X, y, w, b, w_true, b_true, lr=0.01, epochs=3):
    printed = []
    for _ in range(epochs):
        linreg.squared_loss(X @ w + b, y).backward()
        with torch.no_grad():
            for parameter in (w, b):
                parameter -= lr * parameter.grad  # in place: w, b outlive the cell
                parameter.grad.zero_()
            printed.append(float(linreg.squared_loss(X @ w + b, y) / len(y)))
    return printed, (w_true - w.detach()).tolist(), float(b_true - b.detach())


def show(label, loss, w_error, b_error):
    lines = " ".join(f"{value:.6f}" for value in loss)
    off = " ".join(f"{value:7.4f}" for value in w_error)
    print(f"{label:12} {lines} | {off} | {b_error:.4f}")


print(f"{'':12} {'loss, three epochs':26} | {'error of w':15} | error of b")
show("the article", article["loss"], article["w_error"], article["b_error"])
for seed in range(5):
    show(f"seed {seed}", *run_cell(*prepare(seed), w_true, b_true))

# %% [markdown]
# Five seeds agree closely on the bias. The constant
# column has curvature 1 and the features have mean close to zero, so each step takes one
# hundredth off the error of the bias:
#
# $$ e_b(t) \approx 2 \cdot 0.99^{\,t}, \qquad e_b(3) \approx 1.941. $$
#
# Solve it for the $t$ at which the error is what the article printed.

# %%
epochs_needed = math.log(article["b_error"] / 2) / math.log(1 - article["lr"])
print(f"{epochs_needed:.1f} epochs")

# %% [markdown]
# **The first clue.** Not 3 epochs but about <!--= epochs_needed:.0f -->30<!--/-->. Is that luck
# with the random numbers? Follow 3000 seeds. Descent sees the data through $H = \tilde X^\top \tilde X / n$ and
# $c = \tilde X^\top y / n$ alone, so one batched product moves all seeds by one epoch.

# %%
seeds, last = 3000, 60
H, c = torch.zeros(seeds, 3, 3), torch.zeros(seeds, 3)
y_square = torch.zeros(seeds)
path = torch.zeros(seeds, last + 1, 3)  # (b, w) at the start and after each epoch
for seed in range(seeds):
    X_s, y_s, w_s, _ = prepare(seed)
    A_s = linreg.fold_bias(X_s)
    H[seed], c[seed] = A_s.T @ A_s / n, A_s.T @ y_s / n
    y_square[seed] = y_s @ y_s / n
    path[seed, 0, 1:] = w_s.detach()
for t in range(last):
    gradient = (H @ path[:, t].unsqueeze(2)).squeeze(2) - c
    path[:, t + 1] = path[:, t] - 0.01 * gradient

quadratic = ((path @ H) * path).sum(2)  # theta' H theta
linear = (path @ c.unsqueeze(2)).squeeze(2)
losses = (quadratic - 2 * linear + y_square.unsqueeze(1)) / 2
truth = torch.tensor([2.0, -1.0, 1.0])
errors = truth - path  # true minus learned, as the article has it

b_errors = errors[:, :, 0]
predicted = 2 * 0.99**3
print("after 3 epochs")
for name, values in (("error of b", b_errors), ("printed loss", losses / n)):
    print(f"{name:12} {values[:, 3].min():.5f} to {values[:, 3].max():.5f}")
same = run_cell(*prepare(7), w_true, b_true)  # seed 7 by autograd, on all rows
assert math.isclose(same[2], b_errors[7, 3])
assert math.isclose(same[0][2], losses[7, 3] / n)
assert article["b_error"] < b_errors[:, 3].min()

# %% [markdown]
# Whatever the seed, the error of the bias after 3 epochs is within
# <!--= (b_errors[:, 3] - predicted).abs().max():.3f -->0.005<!--/--> of
# <!--= predicted:.3f -->1.941<!--/-->. The article's value is not among them.

# %% alt="The error of the bias against epochs, for 3000 seeds. All curves fall together from 2 and form a narrow band. The article's value, 1.4857, is marked at epoch 3, far below the band, which reaches that value near epoch 30."
_, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
low, high = b_errors.min(0).values, b_errors.max(0).values
ax.fill_between(range(last + 1), low.tolist(), high.tolist(), color=BLUE, alpha=0.3)
ax.plot(b_errors.median(0).values, color=BLUE)
ax.axhline(article["b_error"], color=GREY, linewidth=1, linestyle=":")
ax.plot(3, article["b_error"], "o", color=ORANGE)
ax.plot(epochs_needed, article["b_error"], "o", color=GREEN)
ax.text(1, 1.3, "what the article\nsays it printed", color=ORANGE)
ax.text(31, 1.56, f"{epochs_needed:.1f} epochs", color=GREEN)
ax.text(14, 1.82, "3000 seeds:\nrange and median", color=BLUE)
ax.set(xlabel="epoch", ylabel="error of the bias", ylim=(1, 2.05))
assert bool((b_errors[:, 0] == 2).all() and (b_errors.diff(dim=1) < 0).all())
assert float((high - low).max()) < 0.2 < float(low[3]) - article["b_error"]
assert float(low[27]) > article["b_error"] > float(high[33])

# %% [markdown]
# Now the other way round: after how many epochs do most seeds come within 0.01 of the
# printed value?


# %%
def share_near(b_errors, value):
    return ((b_errors - value).abs() < 0.01).double().mean(0).tolist()


share = share_near(b_errors, article["b_error"])

# %% alt="The share of 3000 seeds whose bias error lies within 0.01 of 1.4857, as bars against the number of epochs. It is zero up to epoch 26, rises to a peak at epochs 29 and 30, and is zero again from epoch 33."
_, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
at = range(22, 39)
colours = [ORANGE if t % 3 == 0 else GREY for t in at]
ax.bar(at, [100 * share[t] for t in at], color=colours)
ax.set_xlabel("epochs run (orange: whole runs of the cell)")
ax.set_ylabel("% of seeds within 0.01")
ax.set_xticks(range(24, 39, 3))
for t, side in ((27, "right"), (30, "center"), (33, "left")):
    ax.annotate(f"{share[t]:.1%}", (t, 100 * share[t] + 1), ha=side)
assert max(share[:27] + share[33:]) == 0
assert share[27] < share[28] < min(share[29], share[30])
assert max(share) == max(share[29], share[30])

# %% [markdown]
# A cell of 3 epochs that is run again and again has done 3, 6, 9, ... epochs. Among these
# only 30 fits, with <!--= share[30]:.0%-->59%<!--/--> of the seeds; 27 has
# <!--= share[27]:.1%-->0.1%<!--/--> and 33 has <!--= share[33]:.0%-->0%<!--/-->.
#
# **The second clue.** Could three epochs at a larger rate have reached that value?

# %%
one_run_rate = 1 - (article["b_error"] / 2) ** (1 / 3)
first, second, third = article["loss"]
fall = 1 - (1 - one_run_rate) ** 2
falls = 1 - second / first, 1 - third / second
print(
    f"one run needs lr = {one_run_rate:.4f}; the loss falls by {fall:.0%} in each line"
)
print(f"the printed lines fall by {falls[0]:.1%} and {falls[1]:.1%}")
print(f"which belongs to lr = {1 - math.sqrt(second / first):.4f}")

# %% [markdown]
# The fall of the loss betrays the rate: about 0.01, as stated. The figures come from many small steps.
#
# **The third clue** takes all six figures at once. For each run $k$ of the cell the 3000
# seeds say which six figures it prints on average and how they vary together. The distance of the article's figures from that mean is $D^2 = z^\top C^{-1} z$, with the difference $z$ and the covariance $C$. If run $k$ printed them, $D^2$ should be about 6, the number of
# figures.

# %%
claimed = torch.tensor([*article["loss"], article["b_error"], *article["w_error"]])


def figures_of(losses, errors, run):
    """The (seeds, 6) figures of a run, rounded as the article rounds; a loss is L/n."""
    t = 3 * run
    loss = torch.round(losses[:, t - 2 : t + 1], decimals=6)
    return torch.hstack((loss, torch.round(errors[:, t], decimals=4)))


def distance(figures, printed):
    """D^2 of each row of `figures` from what the seeds have printed."""
    z = figures - printed.mean(0)
    return (z * torch.linalg.solve(torch.cov(printed.T), z.T).T).sum(1)


runs = {run: figures_of(losses / n, errors, run) for run in range(1, 21)}
distances = {run: float(distance(claimed[None], runs[run])) for run in runs}
culprit = min(distances, key=distances.get)
for run in (1, 2, 8, 9, 10, 11, 12, 20):
    print(f"run {run:2}   D^2 = {distances[run]:6.0f}")
own = distance(runs[culprit], runs[culprit])
beyond = float((own > distances[culprit]).double().mean())
print(f"{beyond:.0%} of the seeds are farther from the mean of their run {culprit}")
assert culprit == 10

# %% [markdown]
# Run <!--= culprit -->10<!--/-->, at <!--= distances[10]:.1f -->7.0<!--/-->. The case can be replayed. Take the seed whose tenth run comes closest to the article's
# figures, in standard deviations, and press "run" ten times.

# %%
tenth = runs[10]
closest = int(((tenth - claimed) / tenth.std(0)).abs().amax(1).argmin())

state = prepare(closest)  # once
for press in range(1, 12):
    figures = run_cell(*state, w_true, b_true)  # again: w and b keep what they learned
    if press in (1, 2, 9, 10, 11):
        show(f"run {press}", *figures)
    if press == culprit:
        replayed = torch.tensor([*figures[0], figures[2], *figures[1]])
show("the article", article["loss"], article["w_error"], article["b_error"])
apart = (replayed / claimed - 1).abs().max()

# %% [markdown]
# No figure of run <!--= culprit -->10<!--/--> is more than <!--= apart:.1% -->1.1%<!--/-->
# off, for a seed found among <!--= seeds -->3000<!--/-->. No single run prints such figures; the tenth run of the cell
# would, with `w` and `b` keeping what they had learned. That is the likeliest explanation we know. It rests on our generator and on a start at zero,
# and one other fits, a bias that began at
# <!--= 2 - article["b_error"] / 0.99**3:.2f -->0.47<!--/--> where the code says 0.
#
# This is *hidden state*: the result depends on which cells ran, how often and in what order. Create the parameters in the function that trains them, and restart and run all
# before you publish.
#
# ## E2 A mean of a mean {#e2}
#
# A loss of <!--= article["loss"][-1] -->0.001729<!--/--> is below what the noise
# allows. It is not the loss. The article's loss function divides by $n$ already, and the line that
# prints it takes the mean once more:

# %%
exact = linreg.solve(X, y)
floor, half_variance = float(exact.loss), 0.1**2 / 2
at_start = float(linreg.squared_loss(torch.zeros(n), y))
after_3 = linreg.gradient_descent(X, y, lr=0.01, steps=3, tol=0).loss
print("                       L       L/n, as printed")
print(f"before training   {at_start:.4f}       {at_start / n:.6f}")
print(f"after 3 epochs    {after_3:.4f}       {after_3 / n:.6f}")
print(f"smallest          {floor:.5f}      {floor / n:.8f}")
print(f"the article       {n * third:.3f}        {third}")
assert at_start / 2 < n * third < at_start

squares = [e**2 for e in (article["b_error"], *article["w_error"])]
guess = sum(squares) / 2 + floor  # the Hessian is close to the identity
print(f"from the printed errors {guess:.2f}, from the printed loss {n * third:.2f}")

# %% [markdown]
# Times $n$, the article's last line is a loss of <!--= n * third:.3f -->1.729<!--/-->, <!--= n * third / floor:.0f -->343<!--/--> times the
# smallest possible, and it belongs to the printed parameter errors. What gives such a mistake away is a comparison: the loss of a finished
# fit is about half the noise variance, here <!--= half_variance:.3f -->0.005<!--/-->. See [The loss](loss.md#one-sum-four-conventions) for the conventions.
#
# ## E3 Three steps are no training {#e3}
#
# Full batch, an epoch is one step, and each of the article's <!--= article["epochs"] -->3<!--/--> removes about one per cent of
# the error.

# %%
run_600 = linreg.gradient_descent(X, y, lr=0.01, steps=600, tol=0)
loss_600 = run_600.path.loss
to_one_percent = linreg.predict_steps(X, y, lr=0.01)
print(
    f"loss after 3 steps: {loss_600[3]:.2f}, {loss_600[3] / floor:.0f} times the floor"
)
print(f"error of b after 3 steps: {2 - run_600.path.b[3]:.3f} of 2")
print(f"steps until the loss is within 1 % of its floor: {to_one_percent}")
assert loss_600[to_one_percent] <= 1.01 * floor < loss_600[to_one_percent - 1]

# %% alt="The loss on a logarithmic scale against the step, at rate 0.01. It falls on a straight line, bends and runs into the floor at 0.005. The third step is marked at the very top of the line, the 571st at its end."
ax = linreg.plot.loss_curve(run_600, floor=floor)
ax.plot(3, float(loss_600[3]), "o", color=ORANGE)
ax.text(40, 2.6, "where the article stops", color=ORANGE)
ax.plot(to_one_percent, float(loss_600[to_one_percent]), "o", color=GREEN)
ax.text(440, 0.009, "within 1 %", color=GREEN)
assert to_one_percent == 571
assert loss_600[3] > 0.9 * loss_600[0]
assert floor < loss_600[571] < 1.01 * floor

# %% [markdown]
# The article leaves an exercise: try the rates 0.01, 0.03, 0.1, 0.3 and 1. Its answer, for
# 50 seeds, with three more rates that show where it ends:

# %%
generators = [torch.Generator().manual_seed(seed) for seed in range(50)]
sets = [linreg.simulate(generator=generator) for generator in generators]
counts = {}
print("   lr   steps to within 1 %   diverges for")
for lr in (*article["rates"], 1.7, 1.9, 2.0):
    steps = [linreg.predict_steps(*data, lr=lr) for data in sets]
    counts[lr] = sorted(t for t in steps if t < math.inf)
    span = f"{counts[lr][0]} to {counts[lr][-1]}" if counts[lr] else "never"
    print(f"{lr:5}   {span:19}   {50 - len(counts[lr])} of 50 seeds")

# %% [markdown]
# At the article's rate at least <!--= counts[0.01][0] - 3 -->513<!--/--> more steps are missing,
# and at rate 1, the largest in its own list, <!--= counts[1.0][0] -->2<!--/--> or
# <!--= counts[1.0][-1] -->3<!--/--> would have done ([Gradient descent](descent.md) says why).
#
# ## E4 Where the three epochs came from {#e4}
#
# The count is right in the recipe that this kind of tutorial descends
# from: batches of <!--= recipe["batch"] -->10<!--/--> rows, rate <!--= recipe["lr"] -->0.03<!--/-->,
# <!--= recipe["epochs"] -->3<!--/--> epochs, that is
# <!--= recipe["epochs"] * n // recipe["batch"] -->300<!--/--> updates. The article turned it into full
# batch, where an epoch is one update, and kept the <!--= article["epochs"] -->3<!--/-->.


# %%
def worst_error(fit, w, b):
    return float(torch.hstack((fit.b - b, fit.w - w)).abs().max())


small = linreg.sgd(
    X,
    y,
    lr=recipe["lr"],
    epochs=recipe["epochs"],
    batch_size=recipe["batch"],
    generator=torch.Generator().manual_seed(0),
)
full = linreg.gradient_descent(X, y, lr=recipe["lr"], steps=recipe["epochs"], tol=0)
print("                  updates   worst error         L")
for name, fit in (("batches of 10", small), ("full batch", full), ("exact", exact)):
    worst = worst_error(fit, w_true, b_true)
    print(f"{name:15} {fit.steps or '-':>9} {worst:13.4f}   {fit.loss:.5f}")
assert exact.loss < small.loss

# %% [markdown]
# Count updates, not epochs. (That the first error is below the exact answer's is luck.)
#
# **In short.** A recipe lost its batches (E4), so three epochs became three steps (E3); the steps
# did so little that the cell was run again until the figures looked better (E1); and a second
# division made any loss look good (E2).
#
# ## The rest {#rest}
#
# Most of the other errors need one number, or a page of this book:

# %%
in_text = linreg.predict(X, torch.tensor(article["w_in_text"]), 2.0)
sign_flip = float(linreg.squared_loss(in_text, y)) / floor
one = linreg.solve(X[:, 1:], y)
r2_alone = linreg.r2(one.predict(X[:, 1:]), y)
solved = torch.linalg.solve(H, c)  # all 3000 seeds at once
worst_solved = float((solved - truth).abs().amax(1).median())
worst_stopped = float(errors[:, 3].abs().amax(1).median())
in_centimetres = linreg.curvature(X * torch.tensor([1.0, 100.0])).largest_stable_rate
negative = float((linreg.residuals(X, y, exact) < 0).double().mean())
print(f"worst parameter, median of {seeds} seeds: solved {worst_solved:.4f}", end="")
print(f", three steps {worst_stopped:.2f}")

# %% [markdown]
# | Error | The article | What holds |
# | --- | --- | --- |
# | [E5](valley.py){#e5} | different starts may end in different minima | the loss is convex: [one minimum](valley.py), and [a thousand starts](descent-run.py#many-starts-one-answer) reach it |
# | [E6](../about/verified.md){#e6} | weights <!--= article["w_in_text"] -->[1.0, -1.0]<!--/--> in the text, <!--= article["w_in_code"] -->[-1.0, 1.0]<!--/--> in the code | the code made the data: the loss of the text's weights is <!--= sign_flip:.0f -->770<!--/--> times the smallest |
# | [E7](model-run.py){#e7} | an obvious line in a scatter plot | one feature explains <!--= r2_alone:.0% -->48%<!--/-->; take [the other's part](model-run.py#taking-the-other-feature-out) away, and the line is obvious |
# | [E8](exact.md#rows-or-columns-not-both){#e8} | samples in rows, and in columns | the mixture asks for [an inverse that does not exist](exact.md#rows-or-columns-not-both) |
# | [E9](exact.md){#e9} | gives the closed form and never runs it | [one solve](exact.md) has a worst error of <!--= worst_solved:.4f -->0.0039<!--/-->, three steps <!--= worst_stopped:.2f -->1.94<!--/--> |
# | [E10](exact.md#a-solution-always-exists-is-it-the-only-one){#e10} | a solution mostly exists | it [always exists](exact.md#a-solution-always-exists-is-it-the-only-one); it may not be the only one |
# | [E11](../part2/scaling.py#the-same-data-in-other-units){#e11} | rates from <!--= article["rates"][0] -->0.01<!--/--> to <!--= article["rates"][-1]:.0f -->1<!--/--> are usual | for unit scale; with one feature [in centimetres](../part2/scaling.py#the-same-data-in-other-units) the limit is <!--= in_centimetres:.5f -->0.00021<!--/--> |
# | [E12](exact.md#the-residual-is-orthogonal-to-every-column){#e12} | errors are not negative | squares are not; of the residuals, <!--= negative:.0% -->50%<!--/--> are negative, and they [add up to zero](exact.md#the-residual-is-orthogonal-to-every-column) |
# | [E13](loss.md#why-squares){#e13} | squares, because absolute values are hard to differentiate | autograd differentiates both; [why squares](loss.md#why-squares), and [their price](loss-run.py#one-wrong-target) |
# | [E14](../part2/faster.py){#e14} | a step lowers the loss most | locally, in direction; [a Newton step](../part2/faster.py) lowers it more |
# | [E15](model-run.py){#e15} | d for ∂, and "simple" for multiple regression | a partial derivative holds the rest still; [the two slopes differ](model-run.py) |
# | [E16](../reference/notation.md){#e16} | $n$ is features, samples, and the rate | [one letter, one meaning on a page](../reference/notation.md) |
# | [E17](by-hand.py#without-detach){#e17} | prints a tensor with its graph, of which its web page ate `<SubBackward0>` | [detach](by-hand.py#without-detach), and escape outputs |
# | [E18](loop.py#global-generator){#e18} | sets no seed | nobody can repeat it; best is a seed for [a generator of its own](loop.py#global-generator) |
# | [E19](descent-run.py#many-starts-one-answer){#e19} | weights start small and random | zeros [do as well](descent-run.py#many-starts-one-answer); hidden units [need it](valley.py#several-valleys) |
# | [E20](../part2/generalise.py){#e20} | no split, no metric, no uncertainty, nothing on what comes next | [split](../part2/generalise.py), [intervals](../part2/sure.py), [ridge](../part3/ridge.py), [lasso](../part3/lasso.py), [logistic and softmax](../part3/logistic.py), [Adam](../part2/faster.py#adam-leaves) |
#
# ## What the article got right {#right}
#
# Four things are correct in it that go wrong elsewhere: the scale of the gradient, the update under
# `no_grad` with the gradients zeroed, the noise level, and the target as a column where the
# prediction is a column.

# %%
X_0, y_0, w_0, b_0 = prepare(0)
linreg.squared_loss(X_0 @ w_0 + b_0, y_0).backward()
by_formula = linreg.gradient(X_0, y_0, w_0.detach(), b_0.detach())
print("scale of the gradient:", torch.allclose(w_0.grad, by_formula[0]))
run_cell(X_0, y_0, w_0, b_0, w_true, b_true, epochs=1)
print("update in place, without a graph:", w_0.is_leaf)
print("gradients zeroed:", not w_0.grad.any())
print(f"noise level: {linreg.residuals(X, y, exact).std():.3f}")
column = X @ w_true[:, None]  # (n, 1), as the article's prediction
print("column minus column:", tuple((column - y[:, None]).shape))

# %% [markdown]
# ## What was shown
#
# All of it on the article's own data, for 3000 seeds:
#
# - The article's figures need <!--= epochs_needed:.1f -->29.6<!--/--> epochs, its code runs
#   <!--= article["epochs"] -->3<!--/-->. Among whole runs of the cell only the tenth fits, by the
#   bias alone and by all six figures together.
# - The cause is one conversion: a mini-batch recipe made full batch, with its number of epochs
#   kept.
#
# ## Exercises
#
# **1. By pencil.** After how many runs of the 3-epoch cell at rate 0.01 has the error of the bias halved? ($\ln 2 = 0.693$, $\ln 0.99 = -0.01005$.)

# %% [markdown] answer="Hint"
# Each run multiplies the error by $0.99^3$.

# %% [markdown] answer="Answer"
# $0.693 / (3 \cdot 0.01005) = 23$.

# %% answer="Answer"
linreg.check(23, math.log(2) / (-3 * math.log(0.99)), tol=0.01)
assert abs(math.log(2) - 0.693) < 1e-3
assert abs(-math.log(0.99) - 0.01005) < 1e-5

# %% [markdown]
# **2. Predict the picture.** Suppose the article's bias error had been 1.6. Sketch the bars of E1 again. At how many epochs is the peak, and which run would you name? Then run it.

# %% [markdown] answer="Hint"
# Solve $2 \cdot 0.99^t = 1.6$.

# %% [markdown] answer="Answer"
# The peak is at 22 epochs, between the runs 7 and 8, which end at 21 and 24: neither fits well, and the story would not hold.

# %% answer="Answer" alt="The share of seeds within 0.01 of a bias error of 1.6, as bars against the number of epochs, with the peak at epoch 22. The orange bar of 21 epochs is lower, and that of 24 is zero or nearly so."
other = share_near(b_errors, 1.6)
assert max(other) == other[22]
assert other[24] < 0.02 < other[21] < other[22]
_, ax = plt.subplots(figsize=(5.5, 3), layout="constrained")
bars = range(16, 30)
ax.bar(
    bars,
    [100 * other[t] for t in bars],
    color=[ORANGE if t % 3 == 0 else GREY for t in bars],
)
ax.set(xlabel="epochs run (orange: whole runs)", ylabel="% of seeds within 0.01")

# %% [markdown]
# **3. What is wrong with this sentence?** "The loss printed by the article is <!--= article["loss"][-1] -->0.001729<!--/-->, below the noise floor of 0.005, so the fit is excellent."

# %% [markdown] answer="Hint"
# What is the smallest loss that any parameters can have on these data?

# %% [markdown] answer="Answer"
# No parameters go below the floor on the rows they were fitted to, so the printed number is not the loss. A number that is too good is a finding about the code. Even after two hundred runs it would give the double mean away:

# %% answer="Answer"
many = prepare(closest)
for _ in range(200):
    figures_200 = run_cell(*many, w_true, b_true)
show("run 200", *figures_200)
print(f"L = {figures_200[0][-1] * n:.4f}, floor {linreg.solve(*many[:2]).loss:.4f}")

# %% [markdown]
# **4. A cell that repeats itself.** Change the cell so that it prints the same however often it runs, without restarting
# anything. Check: call it twice and compare.

# %% [markdown] answer="Hint"
# Where are `w` and `b` created?

# %% [markdown] answer="Answer"
# Create the parameters where they are trained, and draw them from a generator made there.


# %% answer="Answer"
def safe_cell(w_true, b_true, seed=0):
    return run_cell(*prepare(seed), w_true, b_true)


assert safe_cell(w_true, b_true) == safe_cell(w_true, b_true)
show("every run", *safe_cell(w_true, b_true))

# %% [markdown]
# ## Where next
#
# Part one ends here. The next part takes data as they come. [Scaling](../part2/scaling.py) begins with E11: why a change
# of unit costs fifty thousand steps, which half of the cure helps whom, and how the weights get back to their
# units. How this site keeps itself from becoming the next such article:
# [How this site is verified](../about/verified.md).
