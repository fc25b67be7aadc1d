# %% [markdown]
# # More rows than memory, more machines
#
# After this page you can fit a file that is larger than memory in one pass, take rows out again, go on after a damaged block, and spread the work over machines with `torchrun`.
#
# <!-- second reading -->
#
# This page measures memory from `/proc`, so it runs on Linux.
#
# **The question.** You have more rows than you can hold. How little of them must you keep for an answer that is still exact on paper, and what does rounding do to it?
#
# Write each row, with its target and a one, as $z_i = (x_i,\; y_i,\; 1)$, counted from some fixed point near the middle of the data. Everything that least squares needs to know of the data
# is in one matrix:
#
# $$
# M = \sum_{i=1}^{n} z_i z_i^\top, \qquad (d + 2) \times (d + 2).
# $$
#
# A sum may be added up in any order, in any number of pieces and on any number of machines.
#
# The data are a file of a million rows and thirty features in float32, written piece by piece into a folder that the page deletes at its end.

# %%
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

import linreg

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(0)
place = TemporaryDirectory()
folder = Path(place.name)

n, d = 1_000_000, 30
w = torch.randn(d, generator=generator)
f32 = {"generator": generator, "dtype": torch.float32}  # the dtype of the file
file = folder / "rows.npy"
table = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=(n, d + 1))
for start in range(0, n, 20_000):
    X = 10 + torch.randn(20_000, d, **f32)
    y = X.double() @ w + 7 + torch.randn(20_000, **f32)
    table[start : start + 20_000] = torch.column_stack((X, y))
del table
print(f"{file.stat().st_size / 1e6:.0f} MB")

# %% [markdown]
# ## One pass
#
# `linreg.blocks` hands out the file in blocks of rows, and `Statistics` adds each to its sums. Watch the memory of the process while that happens, beside two other ways to read the same
# file: loading it, and a plain memory map.


# %%
def resident():
    """MB of this process that lie in memory, mapped files included (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def slices(table, rows=16_384):
    for start in range(0, len(table), rows):
        some = torch.from_numpy(table[start : start + rows])
        yield some[:, :-1], some[:, -1]


def watched(open_blocks, d):
    """The sums over all rows, and MB more than before after each block."""
    before = resident()
    sums, trace = linreg.Statistics(d), [(0, 0.0)]
    for X, y in open_blocks():
        sums.update(X, y)
        trace.append((sums.n, resident() - before))
    return sums, trace


ways = {
    "loaded": lambda: slices(np.load(file)),
    "mapped": lambda: slices(np.load(file, mmap_mode="c")),
    "linreg.blocks": lambda: linreg.blocks(file, target=-1, rows=16_384),
}
watched(ways["linreg.blocks"], d)  # once before: what torch needs for itself
traces, totals = {}, {}
for name, way in ways.items():
    totals[name], traces[name] = watched(way, d)

# %% alt="Memory against rows read. The loaded file takes its whole size from the first row on. The plain memory map grows with every row until it takes the same. With linreg.blocks the memory stays level, near zero."
import matplotlib.pyplot as plt

from linreg.plot import GREEN, ORANGE, PURPLE

fig, ax = plt.subplots(figsize=(5.5, 3.4))
for name, color in zip(ways, (ORANGE, PURPLE, GREEN), strict=True):
    rows, used = zip(*traces[name], strict=True)
    ax.plot([row / 1e6 for row in rows], used, color=color)
ax.text(0.25, 117, "loaded", color=ORANGE, va="top")
ax.text(0.62, 68, "mapped", color=PURPLE, va="top")
ax.text(0.98, 14, "linreg.blocks", color=GREEN, ha="right", va="bottom")
ax.set(xlabel="million rows read", ylabel="MB more than before", ylim=(-10, 140))
size = file.stat().st_size / 1e6
loaded, mapped, in_blocks = ([used for _, used in traces[name]] for name in ways)
middle = len(mapped) // 2
assert min(loaded[1:]) > 0.9 * size
assert mapped[1] < 0.25 * size < mapped[middle] < 0.75 * size < 0.9 * size < mapped[-1]
assert max(in_blocks) < 0.25 * size
plt.show()

# %% [markdown]
# A memory map alone does not save memory: each page of the file that was touched stays. `linreg.blocks` gives pages back once they are used. What remains is a block or two and the sums, a matrix of
# <!--= totals["mapped"].M.numel() -->1024<!--/--> numbers.

# %%
most = {name: max(used for _, used in trace) for name, trace in traces.items()}
for name, used in most.items():
    print(f"{name:14} {used:6.1f} MB, {used / size:4.2f} of the file")

total = totals["linreg.blocks"]
assert all(torch.equal(total.M, other.M) for other in totals.values())
fit = linreg.solve_statistics(total)
print(f"error of w: at most {(fit.w - w).abs().max():.4f}")

# %% [markdown]
# The three ways give the same sums to the last bit: same rows, same blocks. The error of the weights comes from the noise of the data, about $1/\sqrt n$, and not from the arithmetic.
#
# ## Any order, any pieces
#
# Sums over parts merge with `+`. Take a tenth of the rows, split and shuffle them, and compare all sums with those of one pass, each entry relative to the lengths of its two columns.

# %%
part = torch.from_numpy(np.load(file, mmap_mode="c")[: n // 10])
X, y = part[:, :d], part[:, d]
once = linreg.Statistics.of(X, y)


def apart(some, other):
    """The largest difference between centred Gram matrices, of columns of length 1."""
    length = other.gram.diagonal().sqrt()
    return float(((some.gram - other.gram) / torch.outer(length, length)).abs().max())


def merged(X, y, order, pieces):
    sums = linreg.Statistics(X.shape[1])
    for rows in order.tensor_split(pieces):
        sums = sums + linreg.Statistics.of(X[rows], y[rows])
    return sums


straight = torch.arange(len(X))
shuffled = torch.randperm(len(X), generator=generator)
for pieces in (2, 10, 1000):
    gaps = [apart(merged(X, y, order, pieces), once) for order in (straight, shuffled)]
    print(f"{pieces:4} pieces: {gaps[0]:.0e} in order, {gaps[1]:.0e} shuffled")
    assert max(gaps) < 1e-12

# %% [markdown]
# Rounding is all that is left. So it is for the answers, on the data sets of the other pages:

# %%
small = {
    "toy": linreg.simulate(generator=torch.Generator().manual_seed(0)),
    "ordinary": linreg.ordinary()[:2],
}
for name, (features, target) in small.items():
    pieces = zip(features.split(70), target.split(70), strict=True)
    by_pieces, at_once = linreg.fit_stream(pieces), linreg.solve(features, target)
    gap = (by_pieces.w - at_once.w).abs().max()
    print(f"{name:9} pieces of 70 rows give the same weights: {bool(gap < 1e-12)}")

# %% [markdown]
# How do two sums merge whose rows were counted from different points? For a shift $t$ between the two points, $G = \sum x x^\top$ and $s =
# \sum x$ become
#
# $$
# \sum (x + t)(x + t)^\top = G + s\,t^\top + t\,s^\top + n\,t\,t^\top,
# $$
#
# which needs no row again.
#
# ## Rows that leave
#
# What was added can be subtracted: a day that was recorded wrongly, a customer whose data must be deleted, the oldest hour of a sliding window. The price is digits, which cancel.

# %%
print("rows left   difference from a new sum")
losses = {}
for left in (90_000, 10_000, 1_000, 100):
    remaining = once - linreg.Statistics.of(X[left:], y[left:])
    losses[left] = apart(remaining, linreg.Statistics.of(X[:left], y[:left]))
    print(f"{left:9,}   {losses[left]:.0e}")
assert losses[100] > 100 * losses[90_000]

# %% [markdown]
# The error stays as large as it was, while the sums shrink: with one row in a thousand left, more than two digits are gone. Subtract when you remove a small part. When you keep a small part, sum that anew.
#
# ## A damaged block
#
# Long passes meet bad rows. Here row 70,000 of a copy holds a NaN.

# %%
from textwrap import fill

damaged = folder / "damaged.npy"
rows = part.numpy().copy()
rows[70_000, 3] = np.nan
np.save(damaged, rows)

try:
    linreg.accumulate(linreg.blocks(damaged, target=-1))
except linreg.StreamError as bad:
    print(fill(str(bad).replace(str(folder), "…"), 80))
    bad.statistics.save(folder / "so far")
    row = bad.row

# %% [markdown]
# The error carries the sums of the rows before the bad one, and the row where to go on; none is counted twice. (So does the `KeyboardInterrupt` of Ctrl-C in the middle of a pass.) Repair the row, load the sums, which may happen another day in another process, and read the rest:

# %%
rows[70_000] = part[70_000]
np.save(damaged, rows)

so_far = linreg.Statistics.load(folder / "so far")
rest = linreg.blocks(damaged, target=-1, start=row)
resumed = linreg.accumulate(rest, start=so_far)
print(f"{so_far.n} rows before, {resumed.n} after")
assert resumed.n == once.n
assert apart(resumed, once) < 1e-12

# %% [markdown]
# Missing entries need no repair: `accumulate` and `fit_stream` take `missing="drop"`, leave out such rows and count them. What other programs write into files, and which files can show that a byte has changed, is in [the reference](../reference/api-stream.md).
#
# ## Two ranks
#
# Now several machines. Each reads its own files, sums them, and communicates with the others once. `torchrun` starts the processes, called *ranks*, and tells each its number; PyTorch's `torch.distributed` connects them;
# `merge_ranks` adds their sums with one *all-reduce*, after which each rank holds the total. This is a whole program, [fit_shards.py](files/fit_shards.py):

# %%
program = r'''"""Fit a linear model to files that lie on several machines.

torchrun --standalone --nproc-per-node 2 fit_shards.py shards/*.npy
"""

import argparse
import atexit
import os

import torch.distributed as dist

import linreg

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("shards", nargs="+", help=".npy, each row a sample, target last")
parser.add_argument("--local", action="store_true", help="each machine has its own")
parser.add_argument("--save", help="where rank 0 keeps the sums")
parser.add_argument("--timeout", type=float, default=1800.0, help="in seconds")
options = parser.parse_args()

dist.init_process_group("gloo")
atexit.register(dist.destroy_process_group)  # after an error too
rank, ranks = dist.get_rank(), dist.get_world_size()
shards = sorted(options.shards)
if options.local:
    mine = shards[int(os.environ["LOCAL_RANK"]) :: int(os.environ["LOCAL_WORLD_SIZE"])]
else:
    lists = [shards] * ranks
    dist.all_gather_object(lists, shards)
    if any(other != shards for other in lists):
        raise SystemExit("Name the same shards on every machine, or use --local.")
    mine = shards[rank::ranks]

# A rank without shards takes part too, and knows the number of features.
sums = linreg.Statistics(len(linreg.blocks(shards[0], target=-1).features))
if mine:
    sums = linreg.accumulate(linreg.blocks(mine, target=-1), start=sums)
print(f"rank {rank} of {ranks}: {sums.n} rows in {len(mine)} shards", flush=True)

total = linreg.merge_ranks(sums, timeout=options.timeout)
if rank == 0:
    fit = linreg.solve_statistics(total)
    print(f"{total.n} rows: {fit}\n{fit.message}", flush=True)
    if options.save:
        total.save(options.save)
'''
script = folder / "fit_shards.py"

# %% [markdown]
# Cut the file into five shards and start two ranks. In a shell that is
#
# ```sh
# torchrun --standalone --nproc-per-node 2 fit_shards.py shards/*.npy --save total
# ```
#
# and from Python, with the same module that `torchrun` runs:

# %%
import subprocess
import sys

script.write_text(program)
shards = [folder / f"shard-{k}.npy" for k in range(5)]
for shard, rows in zip(
    shards, np.array_split(np.load(file, mmap_mode="r"), 5), strict=True
):
    np.save(shard, rows)


def torchrun(*arguments):
    """Two ranks, each a process of its own with one thread, on this machine."""
    options = ["--standalone", "--nproc-per-node", "2"]
    start = [sys.executable, "-m", "torch.distributed.run", *options]
    home = str(Path(linreg.__file__).parents[1])  # the same linreg there
    return subprocess.run(
        [*start, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": home, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )


done = torchrun(script, *shards, "--save", folder / "total")
assert done.returncode == 0, done.stderr
for line in done.stdout.splitlines():
    print(fill(line, 80))

# %% [markdown]
# Rank 0 saved the total. It is that of the single pass, from other blocks in another order:

# %%
both = linreg.Statistics.load(folder / "total")
there = linreg.solve_statistics(both)
print(f"{both.n} rows, gram apart {apart(both, total):.0e}")
print(f"weights apart {(there.w - fit.w).abs().max():.0e}")
assert both.n == total.n
assert apart(both, total) < 1e-12

# %% [markdown]
# For several machines, start the same program on each, with the address of one of them. From a shared disk, each of the $P$ ranks takes every $P$-th file of the same list. With `--local` each machine names files of its own, which its ranks divide among themselves.
#
# ```sh
# torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d \
#     --rdzv-endpoint first-machine:29500 fit_shards.py --local shards/*.npy
# ```
#
# <!-- given 29500: the port that torchrun listens on by default -->
#
# ## What it costs
#
# With $P$ ranks in a ring, as in the backend `gloo`, an all-reduce of $m$ bytes sends $2 (P - 1)$ messages of $m / P$ bytes from each rank. The matrix has $8 (d + 2)^2$ bytes, so each rank sends $16 \frac{P - 1}{P} (d + 2)^2$ bytes, *however many rows it holds*. Two small all-reduces come before the large one: in these the ranks compare $d$ and agree on a common mean.


# %%
def bytes_sent(ranks, d):
    """What each rank sends of the matrix, and receives."""
    return 2 * (ranks - 1) / ranks * 8 * (d + 2) ** 2


P = 1000
print("features   2 ranks   1000 ranks")
for features in (10, 100, 1000):
    few, many = (bytes_sent(ranks, features) / 1e6 for ranks in (2, P))
    print(f"{features:8} {few:9.4f} {many:12.4f} MB from each")

# %% [markdown]
# For few features it is the number of messages that counts, not their size: a ring of a thousand ranks passes <!--= 2 * (P - 1) -->1998<!--/--> messages one after another, three times. If that takes too long, let groups of ranks merge first and one rank of each group after that (`merge_ranks` takes a `group`), or use `nccl` on GPUs, which adds along trees.
#
# ## A rank dies
#
# On a thousand machines, one will. In this program rank 1 kills itself, as a machine without memory left would kill it, while rank 0 waits for it to merge. `torchrun` then ends the other ranks too; the program ignores that signal, so that we see what rank 0 reports:

# %%
dying = folder / "dying.py"
dying.write_text("""import os
import signal
import time

import linreg
import torch
import torch.distributed as dist

if os.environ["RANK"] == "0":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun's way to end the others
dist.init_process_group("gloo")
sums = linreg.Statistics.of(torch.randn(100, 3), torch.randn(100))
if dist.get_rank() == 1:
    time.sleep(1)  # until rank 0 waits for it
    os.kill(os.getpid(), signal.SIGKILL)
linreg.merge_ranks(sums, timeout=20)
""")
killed = torchrun(dying)
assert killed.returncode != 0
for line in killed.stderr.splitlines():
    if "DistributedError:" in line:
        print(fill(line.partition("]: ")[2], 80))
    if "Signal 9" in line:
        print("torchrun:", line.partition(": ")[2])
assert "DistributedError" in killed.stderr

# %% [markdown]
# No process waits forever. A process that dies closes its connections, and the others notice at once. A machine whose cable is cut sends nothing; for that there is `timeout`, which counts from the arrival of the first rank, so make it longer than the slowest rank may be late. If ranks disagree on the number of features, each of them raises an error. What a rank had summed is lost with its process, unless it saves its sums before it merges: then a new start reads one file for each rank.
#
# ## What goes wrong
#
# **Sums in float32, and sums about zero.** Here are features with standard deviation 1 around a mean that grows. Features are multiples of a quarter and targets are computed without rounding, so the right weights are known exactly, and each error comes from the sums.

# %%
z = (4 * torch.randn(100_000, 2, generator=generator)).round() / 4
target = z[:, 0] - 2 * z[:, 1]


def plain(X, y):
    """Normal equations about zero, in the dtype of X."""
    A = torch.column_stack((X, torch.ones_like(y)))
    return torch.linalg.solve_ex(A.T @ A, A.T @ y)[0][:2].double()


def running(X, y):
    return linreg.solve_statistics(linreg.Statistics.of(X, y)).w


kinds = {
    "float32": lambda X, y: plain(X.float(), y.float()),
    "float64": plain,
    "Statistics": lambda X, y: running(X.float(), y.float()),
}
means = [10.0**k for k in range(7)]
right = torch.tensor([1.0, -2.0])


def error(found, w):
    """The largest of a weight; 1, no digit, where there is no answer."""
    return float((found - w).nan_to_num(1, 1, 1).abs().max().clamp(max=1))


errors = {
    name: [error(kind(z + mean, target), right) for mean in means]
    for name, kind in kinds.items()
}
print(*(f"{name:10} {values[2]:.0e}" for name, values in errors.items()), sep="\n")

# %% alt="Largest error of the weights against the mean of the features, on log scales. Plain sums in float32 have no digit left from a mean of a hundred on. Plain sums in float64 lose about two digits for every factor of ten up to ten thousand, then the rest, and have none left at a million. Statistics, given the float32 data, stays at the bottom, at the precision of float64."
eps = torch.finfo(torch.float64).eps
fig, ax = plt.subplots(figsize=(5.5, 3.4))
for values, color in zip(errors.values(), (ORANGE, PURPLE, GREEN), strict=True):
    ax.loglog(means, [max(value, eps / 4) for value in values], "o-", color=color)
ax.text(3e2, 0.3, "float32, about zero", color=ORANGE, va="top")
ax.text(3e2, 3e-11, "float64, about zero", color=PURPLE, ha="right")
ax.text(1e6, 2e-15, "Statistics", color=GREEN, ha="right")
ax.set(xlabel="mean of the features", ylabel="largest error of a weight")
assert min(errors["float32"][2:]) > 0.1
growth = errors["float64"][4] / errors["float64"][1]  # from 10 to 10,000
assert 1e5 < growth < 1e7
assert errors["float64"][-1] > 0.1
assert max(errors["Statistics"]) < 1e-14
plt.show()

# %% [markdown]
# `Statistics` counts from the mean of the first rows and sums in float64. When the data drift away from that mean, it takes a new one on the way.
#
# **The same shard twice.** Sums cannot show it. If all shards are counted twice, the weights do not change, but there seem to be twice as many rows, and each standard error shrinks by $\sqrt 2$:

# %%
twice = once + once
same = linreg.solve_statistics(twice)
print(f"{twice.n} rows instead of {once.n}")
print(f"weights apart {(same.w - linreg.solve_statistics(once).w).abs().max():.0e}")

# %% [markdown]
# So check `n` against the number of rows you expect, and merge each set of sums only once.
#
# **Columns that are nearly dependent.** Sums know $X^\top X$ only, where the condition number is squared. `solve` goes back to the rows for a second look; `solve_statistics` has no rows, and its message says how many digits are left. The same holds for engines
# that work from sums, such as [Spark's](digits.py#other-programs). A second pass over the rows, or a triangle for each shard instead of sums, keeps the digits.
#
# ## What was shown
#
# - Least squares needs $(d + 2)^2$ numbers of the data. One pass over the million rows found them in a few MB; pieces of the toy and of the ordinary data gave the weights of `solve`.
# - Sums merge in any order, up to rounding. Rows can be subtracted while most stay: with one row in a thousand left, more than two digits were lost. Sums can be saved and continued.
# - Two ranks merged their shards by one all-reduce of the sums. What it sends depends on the number of features and not on that of the rows.
# - A lost rank became an error on the other one, and not an endless wait.

# %% [markdown]
# ## Exercises
#
# **1. By pencil.** Of a column only $(n, \bar x, S)$ is kept, with $S = \sum (x - \bar x)^2$. Two pieces of it have $(2, 1, 2)$ and $(3, 6, 8)$. What has the whole column? Check with `linreg.check([n_all, mean_all, S_all], whole)`:

# %%
first, second = torch.tensor([0.0, 2.0]), torch.tensor([4.0, 6.0, 8.0])
column = torch.cat((first, second))
whole = [len(column), column.mean(), (column - column.mean()).square().sum()]

# %% [markdown] answer="Hint"
# About another point than its mean, at the distance $\delta$, a piece has the sum of squares $S + n \delta^2$.

# %% [markdown] answer="Answer"
# The mean of all five is $(2 \cdot 1 + 3 \cdot 6)/5 = 4$. About it the pieces have $2 + 2 \cdot 3^2$ and $8 + 3 \cdot 2^2$, together 40. With $\delta$ for the distance of the two means this is $S = S_1 + S_2 + \delta^2\, n_1 n_2 / (n_1 + n_2)$. `Statistics` merges in this way, with a matrix in place of $S$.

# %% answer="Answer"
linreg.check([5, 4.0, 40.0], whole)

# %% [markdown]
# **2. Predict the picture.** Draw the difference that the table of [rows that leave](#rows-that-leave) shows against the number of rows left, both on log scales. How steep is it?

# %% [markdown] answer="Hint"
# Which of the two shrinks with the rows that are left: the error, or the sums?

# %% [markdown] answer="Answer"
# Ten times as large for a tenth of the rows: the error stays what rounding made of the large sums, and the sums it is compared with shrink with the rows. The last dot lies lower: where nearly all rows stay, little has been subtracted.

# %% answer="Answer" alt="Difference from a new sum against the number of rows left, both on log scales. The dots at 100, 1,000 and 10,000 rows lie near a dashed line that falls by a factor of ten for each factor of ten in rows. The dot at 90,000 lies below it."
rows_left = list(losses)
slope_one = [losses[100] * 100 / left for left in rows_left]
above = {left: losses[left] / on for left, on in zip(rows_left, slope_one, strict=True)}
assert all(0.2 < above[left] < 5 for left in (100, 1_000, 10_000))
assert above[90_000] < 0.5
fig, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
ax.loglog(rows_left, slope_one, "--", color=ORANGE)
ax.loglog(rows_left, list(losses.values()), "o", color=GREEN)
ax.set(xlabel="rows left", ylabel="difference from a new sum")
plt.show()

# %% [markdown]
# **3. What is wrong with this sentence?** "Each of our ranks reads ten times as many rows now, so the all-reduce will take ten times as long."

# %% [markdown] answer="Hint"
# What does a rank send, and how many numbers is that?

# %% [markdown] answer="Answer"
# A rank sends its sums, $(d + 2)^2$ numbers, however many rows went into them. Reading and summing take ten times as long, the merge does not. With ten times as many *features* it would send about a hundred times as much:

# %% answer="Answer"
print(f"{bytes_sent(2, 1000) / bytes_sent(2, 100):.0f} times")

# %% [markdown]
# **4. Code.** Write `window(X, y, width)`, the weights of the last `width` rows after each hundred rows, as a list, which adds and subtracts sums instead of starting anew. Check with `linreg.check(torch.stack(window(*stretch, 1000)), of_windows, tol=1e-9)`:

# %%
stretch = part[:3000, :d].double(), part[:3000, d].double()
windows = [slice(start, start + 1000) for start in range(0, 2001, 100)]
fits = [linreg.solve(stretch[0][rows], stretch[1][rows]) for rows in windows]
of_windows = torch.stack([fit.w for fit in fits])

# %% [markdown] answer="Hint"
# One sum for each hundred rows, kept in order.

# %% [markdown] answer="Answer"
# The window takes the newest sum and gives the oldest back. It keeps nine tenths at each step, so little cancels; in a window that runs for months, start a new sum from time to time.


# %% answer="Answer"
def window(X, y, width):
    pieces = [
        linreg.Statistics.of(*rows)
        for rows in zip(X.split(100), y.split(100), strict=True)
    ]
    sums, found = linreg.Statistics(X.shape[1]), []
    for k, piece in enumerate(pieces):
        sums = sums + piece
        if sums.n > width:
            sums = sums - pieces[k - width // 100]
        if sums.n == width:
            found.append(linreg.solve_statistics(sums).w)
    return found


linreg.check(torch.stack(window(*stretch, 1000)), of_windows, tol=1e-9)
place.cleanup()

# %% [markdown]
# ## Where next
#
# [The exact answer](../part1/exact.md) solves for the weights from such sums, and [its companion](../part1/exact-run.py) shows how many digits each way keeps. The functions of this page are in the
# [reference](../reference/api-stream.md).
