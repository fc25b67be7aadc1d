# %% [markdown]
# # More rows than memory, more machines
#
# After this page you can fit a file that is larger than memory in one pass, take rows out again, go on after a damaged block, and spread the work over machines with
# `torchrun`. You will also know what a thousand machines would cost.
#
# <!-- second reading -->
#
# This page measures memory from `/proc`, so it runs on Linux.
#
# **The question.** You have more rows than you can hold. How little of them must you keep, so that the answer on paper is still exact, and what does rounding make of it?
#
# Write each row, with its target and a one, as $z_i = (x_i,\; y_i,\; 1)$, counted from some fixed point near the middle of the data. Everything that least squares needs to know of the data
# is in one matrix:
#
# $$
# M = \sum_{i=1}^{n} z_i z_i^\top, \qquad (d + 2) \times (d + 2).
# $$
#
# A sum does not care in which order, in how many pieces or on how many machines it is added up. That is the whole idea of this page.
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
        yield some[:, :d], some[:, d]


def watched(open_blocks):
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
watched(ways["linreg.blocks"])  # once before: what torch needs for itself
traces, totals = {}, {}
for name, way in ways.items():
    totals[name], traces[name] = watched(way)

# %% alt="Memory against rows read. The loaded file takes its whole size from the first row on. The plain memory map grows with every row until it takes the same. With linreg.blocks the memory stays level, near zero."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE, PURPLE

fig, ax = plt.subplots(figsize=(5.5, 3.4))
for name, color in zip(ways, (ORANGE, PURPLE, GREEN), strict=True):
    rows, used = zip(*traces[name], strict=True)
    ax.plot([row / 1e6 for row in rows], used, color=color)
ax.text(0.25, 117, "loaded", color=ORANGE, va="top")
ax.text(0.62, 68, "mapped", color=PURPLE, va="top")
ax.text(0.98, 14, "linreg.blocks", color=GREEN, ha="right", va="bottom")
ax.set(xlabel="million rows read", ylabel="MB more than before", ylim=(-10, 140))
plt.show()

# %% [markdown]
# A memory map alone does not save memory: each page of the file that was touched stays. `linreg.blocks` gives pages back once they are used. What remains is a block or two and the sums, a matrix of
# <!--= totals["mapped"].M.numel() -->1024<!--/--> numbers.

# %%
size = file.stat().st_size / 1e6
most = {name: max(used for _, used in trace) for name, trace in traces.items()}
for name, used in most.items():
    print(f"{name:14} {used:6.1f} MB, {used / size:4.2f} of the file")
assert most["linreg.blocks"] < size / 4

total = totals["linreg.blocks"]
assert all(torch.equal(total.M, other.M) for other in totals.values())
fit = linreg.solve_statistics(total)
print(f"error of w: at most {(fit.w - w).abs().max():.4f}")

# %% [markdown]
# The three ways give the same sums to the last bit: same rows, same blocks. The error of the weights is the noise of the data, about $1/\sqrt n$, and not that of the arithmetic.
#
# ## Any order, any pieces
#
# Sums over parts merge with `+`. Take a tenth of the rows, split and shuffle them, and compare all sums with those of one pass, each entry relative to the lengths of its two columns.

# %%
part = torch.from_numpy(np.load(file, mmap_mode="c")[: n // 10])
X, y = part[:, :d], part[:, d]
once = linreg.Statistics.of(X, y)


def apart(some, other=once):
    """The largest difference between centred Gram matrices, of columns of length 1."""
    length = other.gram.diagonal().sqrt()
    return float(((some.gram - other.gram) / torch.outer(length, length)).abs().max())


def merged(order, pieces):
    sums = linreg.Statistics(d)
    for rows in order.tensor_split(pieces):
        sums = sums + linreg.Statistics.of(X[rows], y[rows])
    return sums


straight = torch.arange(len(X))
shuffled = torch.randperm(len(X), generator=generator)
for pieces in (2, 10, 1000):
    gaps = [apart(merged(order, pieces)) for order in (straight, shuffled)]
    print(f"{pieces:4} pieces: {gaps[0]:.0e} in order, {gaps[1]:.0e} shuffled")
    assert max(gaps) < 1e-12

# %% [markdown]
# Rounding is all that is left. How do two sums merge whose rows were counted from different points? For a shift $t$ between the two points, $G = \sum x x^\top$ and $s =
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
# What was added can be subtracted: a day that was recorded wrongly, a customer who wants to be forgotten, the oldest hour of a sliding window. The price is the digits that cancel.

# %%
print("rows left   difference from a new sum")
losses = {}
for left in (90_000, 10_000, 1_000, 100):
    remaining = once - linreg.Statistics.of(X[left:], y[left:])
    losses[left] = apart(remaining, linreg.Statistics.of(X[:left], y[:left]))
    print(f"{left:9,}   {losses[left]:.0e}")
assert losses[100] > 100 * losses[90_000]

# %% [markdown]
# The error stays as large as it was, while the sums shrink: with one row in a thousand left, three digits are gone. Subtract when you remove a little. When you keep a little, sum that.
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
assert apart(resumed) < 1e-12

# %% [markdown]
# Entries that are not there at all need no repair: `accumulate` and `fit_stream` take `missing="drop"`, leave out such rows and count them. What other programs write into files, what is done with it, and which
# files can show that a byte has changed, stands in [the reference](../reference/api-stream.md).
#
# ## Two ranks
#
# Now the machines. Each of them reads its own files, sums them, and meets the others once. `torchrun` starts the processes, called *ranks*, and tells each its number; PyTorch's `torch.distributed` connects them;
# `merge_ranks` adds their sums with one all-reduce, after which every rank holds the total. This is a whole program, [fit_shards.py](files/fit_shards.py):

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
parser.add_argument("shards", nargs="+", help=".npy, a row per sample, target last")
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
# For several machines, start the same program on each, with the address of one of them. From a disk that all share, each rank takes every $P$-th file of the one list. With `--local` each machine names files of its own, which its ranks divide among
# themselves.
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
# Let $P$ ranks stand in a ring, as in the backend `gloo`. An all-reduce of $m$ bytes goes around twice in $P$ pieces: once to add, once to hand out. Each rank sends $2 (P - 1)$ messages of $m / P$ bytes. With a
# latency $\ell$ for each message and $\beta$ bytes a second,
#
# $$
# T_\text{merge} = 6 (P - 1)\, \ell + \frac{2 (P - 1)}{P} \cdot \frac{8 (d + 2)^2}{\beta}, \qquad T_\text{sum} = \frac{n}{P\, v},
# $$
#
# where $v$ is how many rows a second one rank sums. The six is three times two: two small all-reduces come before the large one, in which the ranks compare $d$ and agree on a common mean. The number of rows does not appear in $T_\text{merge}$.
#
# Measure it: two ranks merge sums of different $d$; then one rank sums the million rows, and after that both ranks half of them at the same time. Merging is counted in seconds on the clock, summing in seconds of a processor, which other work on
# the machine disturbs less. At the end rank 1 kills itself while rank 0 waits for it in a merge; that is for the section after this one.

# %%
measure = folder / "measure.py"
measure.write_text(r'''import atexit, json, os, signal, sys, time
import linreg, numpy, torch
import torch.distributed as dist

dist.init_process_group("gloo")
atexit.register(dist.destroy_process_group)
rank = dist.get_rank()
if rank == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # by which torchrun ends the rest


def best(work, times, clock):
    """The shortest time of several, with both ranks at the start together."""
    found = []
    for _ in range(times):
        dist.barrier()
        start = clock()
        work()
        found.append(clock() - start)
    return min(found)


seconds = {}
for d in map(int, sys.argv[2:]):
    sums = linreg.Statistics.of(torch.zeros(1, d), torch.zeros(1))
    seconds[d] = best(lambda: linreg.merge_ranks(sums), 20, time.perf_counter)

data = torch.from_numpy(numpy.load(sys.argv[1]))
half = data[: len(data) // 2]
add = lambda some: linreg.Statistics.of(some[:, :-1], some[:, -1])
alone = lambda: add(data) if rank == 0 else None
both = lambda: add(half)
pairs = [[best(work, 1, time.process_time) for work in (alone, both)] for _ in range(7)]
one, two = (min(times) for times in zip(*pairs))
if rank == 0:
    print(json.dumps({"merge": seconds, "one": one, "two": two}), flush=True)
else:
    os.kill(os.getpid(), signal.SIGKILL)
linreg.merge_ranks(both(), timeout=20)
''')
killed = torchrun(measure, file, 1, 30, 100, 300, 1000)

# %% [markdown]
# The merges of $d = 1$ and $d = 1000$ give $\ell$ and $\beta$, which here counts the work on the matrix as well as the wire. The three between are a test of the formula.

# %%
import json

measured = json.loads(killed.stdout.splitlines()[0])
merging = {int(key): value for key, value in measured["merge"].items()}


def number_of_bytes(ranks, d):
    """What each rank sends, and receives, for the matrix."""
    return 2 * (ranks - 1) / ranks * 8 * (d + 2) ** 2


ell = merging[1] / 6  # three all-reduces of two messages each
beta = number_of_bytes(2, 1000) / (merging[1000] - merging[1])


def merge_seconds(ranks, d, ell, beta):
    return 3 * 2 * (ranks - 1) * ell + number_of_bytes(ranks, d) / beta


print(f"latency {1e6 * ell:.0f} microseconds, {beta / 1e9:.2f} GB/s")
print("   d  bytes sent  measured  formula, ms")
for d_there, seconds in merging.items():
    sent, model = number_of_bytes(2, d_there), merge_seconds(2, d_there, ell, beta)
    print(f"{d_there:4} {sent:11,.0f} {1e3 * seconds:9.2f} {1e3 * model:8.2f}")

# %%
one, half = measured["one"], measured["two"]
v = n / one
print(f"one rank   {1e3 * one:6.1f} ms")
print(f"two ranks  {1e3 * half:6.1f} ms, then {1e3 * merging[d]:.1f} ms to merge")
two = half + merging[d]
print(f"faster by {one / two:.2f}, efficiency {one / 2 / two:.2f}")

# %% [markdown]
# These times were taken when the page was built; they differ from build to build, and no sentence here leans on their digits. More rows make the merge weigh less. Two ranks on one machine also share its memory bus; on two machines they do not.
#
# On a real network the constants are others. Take messages of 50 microseconds and a plain Ethernet of 10 Gbit/s, and keep the measured $v$.

# %% alt="Time against the number of machines on log scales, for a hundred billion rows with thirty features. The time to sum falls as one over P, the time to merge in a ring rises with P. Their total falls until the two lines cross, beyond a thousand machines. A dashed line shows the merge in two stages, which stays far lower."
latency, bandwidth = 50e-6, 10e9 / 8
ranks = torch.logspace(0, 5, 60)
many = 1e11
summing = many / (ranks * v)
ring = merge_seconds(ranks, d, latency, bandwidth)
root = ranks.sqrt()
staged = 2 * merge_seconds(root, d, latency, bandwidth)

fig, ax = plt.subplots(figsize=(5.5, 3.6))
ax.loglog(ranks, summing, color=BLUE)
ax.loglog(ranks[1:], ring[1:], color=ORANGE)
ax.loglog(ranks[1:], staged[1:], "--", color=GREY)
ax.loglog(ranks, summing + ring, color=GREEN)
ax.text(9e4, 1.2, "sum", color=BLUE, ha="right")
ax.text(7e1, 7e-2, "merge, ring", color=ORANGE, ha="right")
ax.text(9e4, 2e-2, "in two stages", color=GREY, ha="right", va="top")
ax.text(1e2, 1e3, "together", color=GREEN)
ax.set(xlabel="machines P", ylabel="seconds")
plt.show()

# %% [markdown]
# For a thousand machines:

# %%
print("   d    each sends  ring, s  two stages, s")
P = 1000
for d_there in (10, 100, 1000):
    sent = number_of_bytes(P, d_there) / 1e6
    flat = merge_seconds(P, d_there, latency, bandwidth)
    steps = 2 * merge_seconds(P**0.5, d_there, latency, bandwidth)
    print(f"{d_there:4} {sent:10.4f} MB {flat:8.3f} {steps:14.3f}")

# %% [markdown]
# Each machine sends <!--= number_of_bytes(P, 100) / 1e3:.0f -->166<!--/--> kB for a hundred features, whether it holds a thousand rows or a billion. What grows is the first term: a ring of a thousand passes
# <!--= 2 * (P - 1) -->1998<!--/--> messages one after another, three times. There a thousand features cost little more than ten. If <!--= merge_seconds(P, 100, latency, bandwidth):.1f -->0.3<!--/--> seconds are too many, let groups of
# about 32 merge first and one rank of each group after that (`merge_ranks` takes a `group`), or use `nccl` on GPUs, which adds along trees.
#
# ## A rank dies
#
# On a thousand machines, one will. Rank 1 of the program above killed itself, as a machine without memory left would kill it, while rank 0 waited for it to merge. `torchrun` then ends the other ranks too; this program ignores that, so that rank 0
# can be heard. Here is what it said in the end, and what `torchrun` noted:

# %%
assert killed.returncode != 0
for line in killed.stderr.splitlines():
    if "DistributedError:" in line:
        print(fill(line.partition("]: ")[2], 80))
    if "Signal 9" in line:
        print("torchrun:", line.partition(": ")[2])
assert "DistributedError" in killed.stderr

# %% [markdown]
# No process waits forever. A process that dies closes its connections, and the others notice at once. A machine whose cable is cut says nothing; for that there is `timeout`, which counts from when the first rank arrives, so let it be longer than
# the slowest rank is late. Ranks that disagree on the number of features are told so, all of them. What each rank had summed is lost with its process, unless it saves its sums before it merges: then a new start reads one file per rank.
#
# ## What goes wrong
#
# **Sums in float32, and sums about zero.** Here are features with standard deviation 1 around a mean that grows. Features are multiples of a quarter and targets are computed without rounding, so that the right weights are known exactly: whatever is
# wrong with the answer comes from the sums.

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


def error(found):
    """The largest of a weight; 1, no digit, where there is no answer."""
    return float((found - right).nan_to_num(1, 1, 1).abs().max().clamp(max=1))


errors = {
    name: [error(kind(z + mean, target)) for mean in means]
    for name, kind in kinds.items()
}
print(*(f"{name:10} {values[2]:.0e}" for name, values in errors.items()), sep="\n")

# %% alt="Largest error of the weights against the mean of the features, on log scales. Plain sums in float32 have no digit left from a mean of a hundred on. Plain sums in float64 lose two digits for every factor of ten. Statistics, given the float32 data, stays at the bottom, at the precision of float64."
eps = torch.finfo(torch.float64).eps
fig, ax = plt.subplots(figsize=(5.5, 3.4))
for values, color in zip(errors.values(), (ORANGE, PURPLE, GREEN), strict=True):
    ax.loglog(means, [max(value, eps / 4) for value in values], "o-", color=color)
ax.text(3e2, 0.3, "float32, about zero", color=ORANGE, va="top")
ax.text(3e2, 3e-11, "float64, about zero", color=PURPLE, ha="right")
ax.text(1e6, 2e-15, "Statistics", color=GREEN, ha="right")
ax.set(xlabel="mean of the features", ylabel="largest error of a weight")
plt.show()

# %%
assert max(errors["float32"]) > 0.1
assert errors["float64"][-1] > 1e-8
assert max(errors["Statistics"]) < 1e-14

# %% [markdown]
# `Statistics` counts from the mean of the first rows and sums in float64. When the data drift away from that mean, it takes a new one on the way.
#
# **The same shard twice.** Sums cannot tell. The weights do not even change, but there seem to be twice as many rows, and every standard error shrinks:

# %%
twice = once + once
same = linreg.solve_statistics(twice)
print(f"{twice.n} rows instead of {once.n}")
print(f"weights apart {(same.w - linreg.solve_statistics(once).w).abs().max():.0e}")

# %% [markdown]
# So check `n` against the number of rows you expect, and merge each set of sums only once.
#
# **Columns that are nearly dependent.** Sums know $X^\top X$ only, where the condition number is squared. `solve` goes back to the rows for a second look; `solve_statistics` has none, and its message says how many digits are left. The same holds for engines
# that work from sums, such as [Spark's](digits.py#other-programs). If you have the rows once more, or can keep a triangle per shard instead of sums, the digits stay.
#
# ## What was shown
#
# - Least squares needs $(d + 2)^2$ numbers of the data. One pass in a few MB finds them, whatever the size of the file.
# - They merge in any order, rows can be subtracted while most stay, and they can be saved and continued.
# - Many machines need one all-reduce. It costs the same for any number of rows.
# - A lost rank is an error in time, and not a silence.

# %% [markdown]
# ## Exercises
#
# **1.** Write `window(X, y, width)`, the weights of the last `width` rows, found anew after every hundred rows, which adds and subtracts sums instead of starting anew. This snippet checks yours:


# %%
def check_window(window):
    X, y = part[:3000, :d].double(), part[:3000, d].double()
    found = window(X, y, 1000)
    assert len(found) == 21  # from 1000 to 3000 rows
    for k, w in enumerate(found):
        rows = slice(100 * k, 100 * k + 1000)
        assert torch.allclose(w, linreg.solve(X[rows], y[rows]).w, rtol=1e-9)


# %% [markdown] answer="Answer"
# One sum for each hundred rows, kept in order. The window takes the new one and gives the oldest back. It keeps nine tenths at each step, so little cancels; in a window that runs for months, sum anew now and then.


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


check_window(window)

# %% [markdown]
# **2.** Ten billion rows with a hundred features; one machine sums a million of them a second. With the ring and the network above, for how many machines is the total time smallest, and what is it?

# %% [markdown] answer="Answer"
# $T(P) = n / (P v) + 6 (P - 1) \ell$ plus a term that hardly depends on $P$. Its derivative is zero at $P = \sqrt{n / (6 \ell v)}$.

# %% answer="Answer"
best = (1e10 / (6 * latency * 1e6)) ** 0.5
time = 1e10 / (best * 1e6) + merge_seconds(best, 100, latency, bandwidth)
print(f"{best:.0f} machines, {time:.1f} s")
for other in (best / 2, best * 2):
    slower = 1e10 / (other * 1e6) + merge_seconds(other, 100, latency, bandwidth)
    assert slower > time

# %% [markdown]
# **3.** For one column, keep only $(n, \bar x, S)$ with $S = \sum (x - \bar x)^2$. Write `merge(first, second)` of two such triples. This snippet checks yours:


# %%
def check_merge(merge):
    x = 1e8 + torch.randn(1000, generator=torch.Generator().manual_seed(1))
    triples = [(len(p), p.mean(), p.var() * (len(p) - 1)) for p in x.split(90)]
    whole = triples[0]
    for triple in triples[1:]:
        whole = merge(whole, triple)
    assert whole[0] == 1000
    assert torch.isclose(whole[2] / 999, x.var(), rtol=1e-6)


# %% [markdown] answer="Answer"
# The distance $\delta$ of the two means counts for both sides: $S = S_1 + S_2 + \delta^2\, n_1 n_2 / (n_1 + n_2)$. This is how `Statistics` merges, with a matrix in place of $S$.


# %% answer="Answer"
def merge(first, second):
    (n1, mean1, S1), (n2, mean2, S2) = first, second
    delta, both = mean2 - mean1, n1 + n2
    return both, mean1 + delta * n2 / both, S1 + S2 + delta**2 * n1 * n2 / both


check_merge(merge)
place.cleanup()

# %% [markdown]
# ## Where next
#
# [The exact answer](../part1/exact.md) tells what is done with the sums, and [its companion](../part1/exact-run.py) how many digits each way keeps. The functions of this page are in the
# [reference](../reference/api-stream.md).
