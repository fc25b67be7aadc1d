# %% [markdown]
# # A loop for real work
#
# After this page you can write a training loop that validates, stops early, keeps its best state and resumes to the last bit, and you know which of its lines go wrong
# without an error.
#
# <!-- core -->
#
# **The question.** The loops so far had all rows in memory, one loss, and a known end. The loop of a real project reads batches, watches rows that it does not train on, is interrupted
# and goes on the next day. What does it need, and how do you find out that it is right?
#
# Besides `linreg` this page needs scipy; [the line that installs](../index.md#run-it-yourself) brings it.
#
# A linear model answers the second half better than any other: [its exact answer](exact.md) is known, so the loop can be held against it.
#
# ## Rows, a split, batches
#
# A `Dataset` says how many rows there are and what row `i` is. Here the rows lie in a tensor; in your project `__getitem__` may read a file. `random_split` deals the rows out to three
# sets: the *training rows*, from which the loop learns, those to watch, and those to judge by at the end. A `DataLoader` makes batches of a set.

# %%
import copy
import io
import math
import pickle

import torch
from torch import nn
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, Dataset, random_split

import linreg

torch.set_default_dtype(torch.float64)


class Rows(Dataset):
    """The rows of X (n, d) with their targets y (n,)."""

    def __init__(self, X, y):
        self.X, self.y = X, y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.X[i], self.y[i]


def batches(rows, size, shuffle=False, seed=0):
    generator = torch.Generator().manual_seed(seed)  # of this loader alone
    return DataLoader(rows, batch_size=size, shuffle=shuffle, generator=generator)


X, y, w_true, b_true = linreg.ordinary()
parts = random_split(Rows(X, y), [200, 50, 50], torch.Generator().manual_seed(1))
train_rows, valid_rows, test_rows = parts
for X_batch, y_batch in batches(train_rows, 32, shuffle=True):
    print(tuple(X_batch.shape), tuple(y_batch.shape))

# %% [markdown]
# The last batch is short. Features of other scales would be [standardised](../part2/scaling.py#whose-mean-whose-spread) now, with the means and spreads of the training rows.
#
# ## The loop
#
# The model says on which *device* it is, and every batch goes there. Each step zeroes the gradients, computes the loss of its batch, and moves. The evaluation adds up the loss of each *row* and divides by
# the number of rows. After each epoch the loop looks at the validation loss, keeps a copy of the best state, and stops when `patience` epochs have brought nothing better. This is *early stopping*:


# %%
def new_model(d, device="cpu"):  # or "cuda", if torch.cuda.is_available()
    model = nn.Linear(d, 1, device=device)
    for p in model.parameters():
        nn.init.zeros_(p)  # a convex loss needs no random start
    return model


def loss_of(model, X_batch, y_batch):
    device = model.weight.device
    y_hat = model(X_batch.to(device)).squeeze(1)  # (B, 1) -> (B,)
    return mse_loss(y_hat, y_batch.to(device))


def train_epoch(model, optimizer, loader):
    model.train()  # matters for dropout and batch norm, not for a linear layer
    for X_batch, y_batch in loader:
        optimizer.zero_grad()
        loss_of(model, X_batch, y_batch).backward()
        optimizer.step()


@torch.no_grad()
def evaluate(model, loader):
    """The mean loss over rows."""
    model.eval()
    total = 0.0
    for X_batch, y_batch in loader:
        total += loss_of(model, X_batch, y_batch).item() * len(y_batch)
    return total / len(loader.dataset)


def fit(model, optimizer, train, valid, epochs=200, patience=20):
    """Train, and leave `model` in the state with the smallest validation loss."""
    watch = batches(train.dataset, 256)  # the training rows, in order
    history, best, best_epoch = [], math.inf, 0
    best_state = copy.deepcopy(model.state_dict())  # a copy
    for epoch in range(1, epochs + 1):
        train_epoch(model, optimizer, train)
        history.append((evaluate(model, watch), evaluate(model, valid)))
        if history[-1][1] < best:
            best, best_epoch = history[-1][1], epoch
            best_state = copy.deepcopy(model.state_dict())
        if epoch - best_epoch >= patience:
            break
    model.load_state_dict(best_state)
    return torch.tensor(history), best_epoch


def sgd(model, lr=0.01, momentum=0.0):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)


model = new_model(20)
train, valid = batches(train_rows, 32, shuffle=True), batches(valid_rows, 32)
history, best_epoch = fit(model, sgd(model), train, valid)
print(f"{len(history)} epochs, best after {best_epoch}")


def exact_model(X, y):
    found, model = linreg.solve(X, y), new_model(X.shape[1])
    with torch.no_grad():
        model.weight.copy_(found.w)
        model.bias.copy_(found.b)
    return model


solved = exact_model(X[train_rows.indices], y[train_rows.indices])
print("                validation   test")
for name, kept_model in (("early stopping", model), ("exact answer", solved)):
    on_valid, on_test = (
        evaluate(kept_model, batches(rows, 32)) for rows in (valid_rows, test_rows)
    )
    print(f"{name:15} {on_valid:10.3f} {on_test:6.3f}")

# %% alt="Training and validation loss against the epoch, on a log scale. Both fall steeply for twenty epochs. Then the training loss goes on falling slowly, while the validation loss levels off above it. A vertical line marks the epoch whose state was kept."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE

_, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
epochs_run = range(1, len(history) + 1)
ax.semilogy(epochs_run, history[:, 0], color=BLUE)
ax.semilogy(epochs_run, history[:, 1], color=ORANGE)
ax.axvline(best_epoch, color=GREY, linewidth=1, linestyle=":")
top = {"xycoords": ("data", "axes fraction"), "va": "top", "ha": "right"}
beside = {"xytext": (-6, 0), "textcoords": "offset points", **top}
ax.annotate("state kept", (best_epoch, 1), color=GREY, **beside)
for column, words, colour in ((0, "training", BLUE), (1, "validation", ORANGE)):
    end = float(history[-1, column])
    ax.text(len(history) + 1, end, words, color=colour, va="center")
ax.set(xlim=(0, 1.3 * len(history)), xlabel="epoch", ylabel="mean squared error")
assert history[-1, 0] < history[-1, 1]
assert (history[20] < history[0] / 5).all()
assert history[-1, 0] < history[20, 0]
assert history[40:, 1].max() < 1.2 * history[40:, 1].min()
assert best_epoch == int(history[:, 1].argmin()) + 1

# %% [markdown]
# The loss is PyTorch's mean square, without the half, so the best that a model can reach on new rows is about the variance of the noise, 1. Stopping early gains nothing here: 200 rows are enough for twenty columns (exercise 2 has twenty-five). A loss of fifty rows is itself uncertain by about
# <!--= (2 / len(test_rows)) ** 0.5:.0% -->20%<!--/-->. The test rows took no part in the choice of the epoch, so they are the ones to [judge it](../part2/generalise.py#choosing-and-judging-the-choice).
#
# ## What goes wrong without an error
#
# Many lines of the loop have a near relative that runs, trains, and is wrong. Each is run here on the ordinary data, and where the sentence is general on the toy as well.

# %%
X_toy, y_toy = linreg.simulate(generator=torch.Generator().manual_seed(0))
toy_parts = random_split(
    Rows(X_toy, y_toy), [700, 150, 150], torch.Generator().manual_seed(1)
)
both = {"ordinary": (20, *parts[:2]), "toy": (2, *toy_parts[:2])}  # d, train, valid


def weights(model):
    return torch.cat((model.weight[0], model.bias)).detach().clone()


def largest_gap(one, other):
    return float((one - other).abs().max())


# %% [markdown]
# ### The best state that is the last {#best-state}
#
# `state_dict()` returns the tensors that the optimiser goes on changing. Neither `best = model.state_dict()` nor its `.copy()`, which copies the dictionary and not the tensors, keeps anything:

# %%
keepers = {
    "state_dict()": lambda model: model.state_dict(),
    "state_dict().copy()": lambda model: model.state_dict().copy(),
    "deepcopy": lambda model: copy.deepcopy(model.state_dict()),
}


def is_last(keep, d, rows):
    """Whether the state that was kept after one epoch is that of the second."""
    model, order = new_model(d), batches(rows, 32, shuffle=True)
    optimizer = sgd(model)
    train_epoch(model, optimizer, order)
    kept, after_first = keep(model), model.weight.detach().clone()
    train_epoch(model, optimizer, order)
    assert torch.equal(kept["weight"], after_first) or torch.equal(
        kept["weight"], model.weight
    )
    return torch.equal(kept["weight"], model.weight)


for name, (d, rows, _) in both.items():
    for how, keep in keepers.items():
        print(f"{name:9} {how:20} is the last state: {is_last(keep, d, rows)}")
        assert is_last(keep, d, rows) == (how != "deepcopy")

# %% [markdown]
# ### A validation loader that changes the training {#global-generator}
#
# A `DataLoader` without a generator of its own draws a seed from PyTorch's global one whenever an epoch begins, shuffled or not. So looking at the validation loss, or at one batch, changes the order
# of all later training batches:


# %%
def trained(d, rows, valid_rows, look, own):
    """Weights after three epochs, with or without a look at the validation rows."""
    torch.manual_seed(0)
    settings = {"batch_size": 32, "shuffle": True}
    if own:
        settings["generator"] = torch.Generator().manual_seed(0)
    model, order = new_model(d), DataLoader(rows, **settings)
    optimizer = sgd(model)
    for _ in range(3):
        train_epoch(model, optimizer, order)
        if look:
            evaluate(model, DataLoader(valid_rows, batch_size=32))
    return weights(model)


for name, case in both.items():
    for own in (False, True):
        changed = largest_gap(trained(*case, True, own), trained(*case, False, own))
        words = "generator of its own" if own else "global generator"
        print(f"{name:9} {words:21} weights differ by {changed:.1g}")
        assert (changed == 0) == own

# %% [markdown]
# Give every loader that shuffles its own generator.
#
# ### A mean of batch means {#batch-means}
#
# The loss of a batch is a mean, and the mean of the batches' means is not the mean of the rows: of <!--= len(train_rows) -->200<!--/--> rows in batches of 32, the last <!--= len(train_rows) % 32 -->8<!--/--> count
# <!--= 32 / (len(train_rows) % 32):.0f -->4<!--/--> times as much as the others. Averaging what the loop sees *while it trains* is a third thing, because most of it belongs to weights that are gone:


# %%
def three_means(d, rows):
    """After one epoch: the mean over rows, over batches, and of what the loop saw."""
    model, order = new_model(d), batches(rows, 32, shuffle=True)
    optimizer, seen = sgd(model), []
    for X_batch, y_batch in order:
        optimizer.zero_grad()
        loss = loss_of(model, X_batch, y_batch)
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
    again = batches(rows, 32)
    with torch.no_grad():
        each = [loss_of(model, *batch).item() for batch in again]
    return evaluate(model, again), sum(each) / len(each), sum(seen) / len(seen)


print("           rows   batch means   while training")
for name, (d, rows, _) in both.items():
    by_rows, by_batches, running = three_means(d, rows)
    print(f"{name:9} {by_rows:6.3f} {by_batches:13.3f} {running:16.3f}")
    assert by_batches != by_rows
    assert running > 1.2 * by_rows

# %% [markdown]
# So a loop may report a training loss above its validation loss, and nothing is the matter. Write `loss.item()`, too: `total += loss` keeps the graph of every batch in memory.
#
# ### Clipping that fits another model {#clipping}
#
# `clip_grad_norm_` is put into loops as a seat belt. On small batches it belongs to the model. In a batch of one row the pull is cut off at a fixed length, which is [Huber's loss](loss.md) with a $\delta$ of its own for each row, left to
# chance. The ordinary noise is symmetric, so its mean and median agree, and little shows. With skewed noise, exponential with mean 1, they are far apart, and least squares aims at the mean:

# %%
skewed = torch.empty(300).exponential_(generator=torch.Generator().manual_seed(0))
skewed_y = X @ w_true + b_true + skewed


def clipped(X, y, size, epochs=20, lr=0.02):
    """The intercept after more steps from the least-squares answer, all clipped."""
    model, order = exact_model(X, y), batches(Rows(X, y), size, shuffle=True)
    optimizer = sgd(model, lr)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.8)
    for _ in range(epochs):
        for X_batch, y_batch in order:
            optimizer.zero_grad()
            loss_of(model, X_batch, y_batch).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        scheduler.step()
    return model.bias.item()


clipped_b, solved_b = {}, {}
for noise, target in (("ordinary", y), ("skewed", skewed_y)):
    solved_b[noise] = float(linreg.solve(X, target).b)
    print(f"{noise} noise, least squares    b = {solved_b[noise]:.2f}")
    for size in (300, 30, 1):
        clipped_b[noise, size] = clipped(X, target, size)
        print(f"  clipped, batches of {size:3}    b = {clipped_b[noise, size]:.2f}")
print(f"with the median of the skewed noise, {b_true + skewed.median():.2f}")
assert abs(clipped_b["ordinary", 1] - solved_b["ordinary"]) < 0.1
assert abs(clipped_b["skewed", 1] - solved_b["skewed"]) > 0.2
assert abs(clipped_b["skewed", 1] - b_true - skewed.median()) < 0.1

# %% [markdown]
# If the loss explodes, find [the reason](bugs.py#unscaled). If you must clip, scale $y$ first and log how often it happened: `clip_grad_norm_` returns the length from before.
#
# ## Save, and go on to the last bit
#
# What has to be saved is whatever the next step depends on: the weights, what the optimiser remembers, and the state of the generator that shuffles. Saved at the end of an epoch, these three continue the run
# as if it had never stopped (a scheduler has a state of its own, and early stopping needs the best loss, its epoch and its weights):


# %%
def checkpoint(model, optimizer, train):
    """All that the next epoch depends on, as the bytes of a file."""
    file = io.BytesIO()  # in your project: a path
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "order": train.generator.get_state(),
    }
    torch.save(state, file)
    return file.getvalue()


def restore(saved, model, optimizer, train, left_out=""):
    state = torch.load(io.BytesIO(saved), weights_only=True)
    model.load_state_dict(state["model"])
    if left_out != "optimizer":
        optimizer.load_state_dict(state["optimizer"])
    if left_out != "order":
        train.generator.set_state(state["order"])


def run(model, optimizer, train, epochs):
    for _ in range(epochs):
        train_epoch(model, optimizer, train)


def new_run(d, rows):
    model = new_model(d)
    return model, sgd(model, momentum=0.9), batches(rows, 32, shuffle=True)


for name, (d, rows, _) in both.items():
    straight = new_run(d, rows)
    run(*straight, epochs=6)
    half = new_run(d, rows)
    run(*half, epochs=3)
    saved = checkpoint(*half)
    for left_out in ("", "optimizer", "order"):
        resumed = new_run(d, rows)  # another day, another process
        restore(saved, *resumed, left_out)
        run(*resumed, epochs=3)
        gap = largest_gap(weights(straight[0]), weights(resumed[0]))
        print(f"{name:9} left out: {left_out or 'nothing':10} off by {gap:.1g}")
        assert (gap == 0) == (left_out == "")

# %% [markdown]
# In the middle of an epoch, save the generator's state *from the start of that epoch* and the number of batches done, and skip as many. With the state of the moment some rows come twice and others never:


# %%
def run_from_middle(d, rows, done, state_of):
    """Finish an epoch that was interrupted after `done` batches."""
    model, optimizer, train = new_run(d, rows)
    at_start = train.generator.get_state()
    for batch, (X_batch, y_batch) in enumerate(train):
        if batch == done:
            break
        optimizer.zero_grad()
        loss_of(model, X_batch, y_batch).backward()
        optimizer.step()
    if state_of == "the start":
        train.generator.set_state(at_start)
    for batch, (X_batch, y_batch) in enumerate(train):
        if batch >= done:
            optimizer.zero_grad()
            loss_of(model, X_batch, y_batch).backward()
            optimizer.step()
    return weights(model)


for name, (d, rows, _) in both.items():
    uninterrupted = new_run(d, rows)
    run(*uninterrupted, epochs=1)
    for state_of in ("the start", "the moment"):
        ended = run_from_middle(d, rows, 3, state_of)
        gap = largest_gap(ended, weights(uninterrupted[0]))
        print(f"{name:9} with the state of {state_of:10} off by {gap:.1g}")
        assert (gap == 0) == (state_of == "the start")

# %% [markdown]
# Two details: `load_state_dict` of the optimiser brings back the saved rate, whatever its constructor got. And `weights_only=True` reads tensors, numbers, strings, lists and dictionaries. A NumPy number among them, or `torch.__version__`, which is no plain string, makes the file unreadable, and you learn so when you load it:

# %%
faster = sgd(new_model(20), lr=1.0)
faster.load_state_dict(sgd(new_model(20), lr=0.01).state_dict())
print("rate after loading:", faster.param_groups[0]["lr"])
file = io.BytesIO()
torch.save({"version": torch.__version__}, file)
file.seek(0)
try:
    torch.load(file, weights_only=True)
except pickle.UnpicklingError:
    print("torch.__version__ cannot be loaded")

# %% [markdown]
# ## Mixed precision, and what it costs
#
# Under `torch.autocast` the layer computes in bfloat16, which has eight binary digits. Near 290 its neighbours are 2 apart. So a linear model cannot even *say* a temperature in kelvin to one degree, and the loss that the loop reports is computed from
# what it said. Each run here starts at its exact answer, in float32, and trains on under autocast; then the same weights are evaluated without it:


# %%
def with_autocast(X, y, lr=0.04, steps=300):
    """The loss that autocast reports after training, and that of the same weights."""
    model, X_32, y_32 = exact_model(X, y).float(), X.float(), y.float()
    optimizer = sgd(model, lr)
    for _ in range(steps):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            reported = loss_of(model, X_32, y_32)
        reported.backward()
        optimizer.step()
    with torch.no_grad():
        return reported.item(), loss_of(model, X_32, y_32).item()


cases = {
    "ordinary": (X, y),
    "ordinary + 290": (X, y + 290),
    "ordinary, no noise, x 300": (X, 300 * (X @ w_true)),
    "toy": (X_toy, y_toy),
    "toy + 290": (X_toy, y_toy + 290),
}
costs = {}
print(f"{'':25} reported   same weights   smallest")
for name, case in cases.items():
    smallest = 2 * float(linreg.solve(*case).loss)  # twice the half mean
    reported, true_loss = with_autocast(*case)
    costs[name] = reported / true_loss
    print(f"{name:25} {reported:8.3f} {true_loss:14.3f} {smallest:10.3f}")
assert max(costs["toy + 290"], costs["ordinary, no noise, x 300"]) > 3
assert all(abs(costs[name] - 1) < 0.02 for name in both)

# %% [markdown]
# Where the targets are centred and noisy nothing is lost. Elsewhere the reported loss is not that of the model that you have: it can be less, or many times as large. And the rounding has driven the weights away from the answer as well. Three habits help: standardise $y$, judge outside of autocast, and never compare a loss from inside with one from outside. Mixed precision is made for large matrix products, which a linear
# model does not have.
#
# ## It ends at the exact answer
#
# Is the loop right? Let it run to the end, once in batches with a rate that decays, once with all rows in a batch, and hold it against [`solve`](../reference/api-solve.md). The yardstick is the [standard error](../part2/sure.py#the-standard-error) of each
# weight, which says how far the answer itself is uncertain (under the usual conditions: right mean, uncorrelated noise of equal variance):


# %%
def to_the_end(d, rows, size, lr, decay, epochs):
    model, order = new_model(d), batches(rows, size, shuffle=True)
    optimizer = sgd(model, lr=lr)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, decay)
    for _ in range(epochs):
        train_epoch(model, optimizer, order)
        scheduler.step()  # after the steps of the optimiser
    return weights(model)


schedules = {
    ("ordinary", "batches of 50"): (50, 0.08, 0.985, 250),
    ("ordinary", "all rows"): (200, 0.08, 1.0, 500),
    ("toy", "batches of 50"): (50, 0.2, 0.9, 60),
    ("toy", "all rows"): (700, 0.4, 1.0, 60),
}
print("gap to the exact answer, in standard errors")
for (name, how), (size, lr, decay, epochs) in schedules.items():
    d, rows, _ = both[name]
    kept = rows.indices
    X_train, y_train = rows.dataset.X[kept], rows.dataset.y[kept]
    table = linreg.infer(X_train, y_train)
    se = torch.cat((table.se[1:], table.se[:1]))  # the table begins with b
    ends_at = to_the_end(d, rows, size, lr, decay, epochs)
    off = largest_gap(ends_at / se, weights(exact_model(X_train, y_train)) / se)
    print(f"{name:9} {how:14} {off:.0e}")
    assert off < (1e-6 if how == "all rows" else 0.05)

# %% [markdown]
# That is the test to give any training loop before it meets a model without an exact answer: put a linear layer in.
#
# ## What was shown
#
# On the ordinary data and on the toy, unless it says otherwise:
#
# - A mean over rows is a sum over rows divided once; a mean of batch means, and the running loss, are other numbers.
# - The best state must be copied (`deepcopy`); else it is the last.
# - A loader without a generator of its own lets validation change the training.
# - Model, optimiser and generator together continue a run to the last bit; without one of the last two they do not.
# - Clipping small batches fits another model where the noise is skewed (ordinary features, exponential noise).
# - A loss computed under autocast may be far from the loss of the model: most where $y$ is far from zero for its spread, or is fitted closely.
# - Let run to the end, the loop arrives at the exact answer.
#
# ## Exercises
#
# **1. By pencil.** Fifty validation rows in batches of 32 have the batch losses 1.0 and 2.0. What is the loss of the rows? And what does the mean of the two say?

# %% [markdown] answer="Hint"
# How many rows are in the second batch?

# %% [markdown] answer="Answer"
# $(32 \cdot 1 + 18 \cdot 2) / 50 = 1.36$, and not 1.5.

# %% answer="Answer"
linreg.check([1.36, 1.5], [(32 * 1.0 + 18 * 2.0) / 50, (1.0 + 2.0) / 2])

# %% [markdown]
# **2. Predict the picture.** Twenty-five training rows instead of 200, for twenty-one parameters. Sketch both losses against the epoch, for 400 epochs. Where does the training loss end, and where is the smallest validation loss? Then run it.

# %% [markdown] answer="Hint"
# How closely can twenty-one parameters fit twenty-five rows? What does the fit do with the noise of those rows, early and late?

# %% [markdown] answer="Answer"
# The training loss goes far below the variance of the noise. The validation loss falls, turns, and rises: the directions in which the few rows say little are fitted last, and mostly to noise. Here early stopping earns its place.

# %% answer="Answer" alt="Training and validation loss against the epoch for twenty-five training rows, on a log scale. The training loss falls below 0.6. The validation loss has its minimum early and rises from there on."
few = torch.utils.data.Subset(train_rows.dataset, train_rows.indices[:25])
few_model = new_model(20)
few_history, few_best = fit(
    few_model,
    sgd(few_model, lr=0.02),
    batches(few, 10, shuffle=True),
    batches(valid_rows, 50),
    epochs=400,
    patience=400,
)
_, ax = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
ax.semilogy(few_history[:, 0], color=BLUE)
ax.semilogy(few_history[:, 1], color=ORANGE)
for column, words, colour in ((0, "training", BLUE), (1, "validation", ORANGE)):
    ax.text(408, float(few_history[-1, column]), words, color=colour, va="center")
ax.set(xlim=(0, 530), xlabel="epoch", ylabel="mean squared error")
assert few_best < 200
assert few_history[-1, 1] > 1.3 * few_history[few_best - 1, 1]
assert few_history[-1, 0] < 0.6

# %% [markdown]
# **3. What is wrong with this sentence?** "We trained for 200 epochs, took the epoch with the smallest validation loss, and that loss is the error that you may expect on new rows."

# %% [markdown] answer="Hint"
# What would the smallest of 200 numbers be if all epochs were equally good?

# %% [markdown] answer="Answer"
# The rows that chose cannot judge. The smallest of many uncertain numbers is, on average, too small. The test rows were kept for this.

# %% [markdown]
# **4. Patience.** Write `stops_after(losses, patience)`: the number of epochs that `fit` runs on these validation losses. Then call `check_patience(stops_after)`:

# %%
losses = [5.0, 3.0, 2.0, 2.5, 1.9, 2.2, 2.1, 2.0, 1.8]


def check_patience(stops_after):
    linreg.check([float(stops_after(losses, k)) for k in (1, 2, 3, 9)], [4, 7, 8, 9])


# %% [markdown] answer="Hint"
# Keep the smallest loss and its epoch, counted from 1. The run ends when the present epoch is `patience` epochs later.


# %% answer="Answer"
def stops_after(losses, patience):
    best, best_epoch = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best:
            best, best_epoch = loss, epoch
        if epoch - best_epoch >= patience:
            return epoch
    return len(losses)


check_patience(stops_after)

# %% [markdown]
# ## Where next
#
# [Bug clinic](bugs.py) has ten bugs of the simpler loop, with a test for each. [Faster descent](../part2/faster.py) puts other optimisers into it.
