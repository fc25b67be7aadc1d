# %% [markdown]
# # Four traps of lstsq
#
# After this page you can tell when `torch.linalg.lstsq` returns a wrong answer without an error, and what to do about each case.
#
# <!-- specialist -->
#
# **The question.** PyTorch's own least-squares function is as good as [QR](exact-run.py#the-race) on well-behaved float64 data. Where is it not?

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
ordinary = linreg.ordinary()


def rounded(values, digits=4):
    return [round(value, digits) for value in values.tolist()]


X_one = linreg.fold_bias(ordinary.X)
plain = torch.linalg.lstsq(X_one, ordinary.y.unsqueeze(1)).solution[:, 0]
fit = linreg.solve(ordinary.X, ordinary.y)
gap = (plain - torch.hstack((fit.b, fit.w))).abs().max()
print("ordinary data, float64: equal to solve within 1e-12:", bool(gap < 1e-12))

# %% [markdown]
# Four traps follow, run with PyTorch <!--= torch.__version__.split("+")[0] -->2.13.0<!--/--> on a CPU.
#
# ## 1. Dependent columns, up to version 2.13 {#dependent}
#
# <!-- given 2.13: the last release that was found with the fault -->
# The default driver on a CPU is `gelsy`, which determines a rank. Solve $y = 3x + 1$ with the columns $[x, x, 1]$, whose
# minimum-norm answer is $[1.5, 1.5, 1]$, as the second of two problems that one call solves:

# %%
x = torch.randn(50, generator=torch.Generator().manual_seed(0))
A = torch.stack((x, x, torch.ones(50)), dim=1)
target = (3 * x + 1).unsqueeze(1)
unrelated = torch.randn(50, 3, generator=torch.Generator().manual_seed(1))
batch = torch.linalg.lstsq(torch.stack((unrelated, A)), torch.stack((target, target)))
rescued = torch.linalg.lstsq(A, target, driver="gelsd")

print("gelsy", rounded(batch.solution[1, :, 0]), "rank", int(batch.rank[1]))
print("gelsd", rounded(rescued.solution[:, 0]), "rank", int(rescued.rank))
print(f"largest miss of gelsy {(A @ batch.solution[1] - target).abs().max():.4f}")

# %% [markdown]
# The rank is wrong, the intercept is lost and no error is raised. (Version 2.14.1 has it right; the check below knows both.) `gelsy` reads an array of column marks that PyTorch does not clear. It
# holds what the previous problem left there, and for a single problem whatever was in memory, so the same call on the same data is right at one time and wrong at another
# ([pytorch #92537](https://github.com/pytorch/pytorch/issues/92537), [#187411](https://github.com/pytorch/pytorch/issues/187411)). Only these two outcomes occur, and `gelsd` is right each time:

# %%
right, silent = rescued.solution, batch.solution[1]
release = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
assert torch.allclose(silent, right) == (release > (2, 13))
for _ in range(200):
    single = torch.linalg.lstsq(A, target).solution
    assert torch.allclose(single, right) or torch.allclose(single, silent)
    single = torch.linalg.lstsq(A, target, driver="gelsd").solution
    assert torch.allclose(single, right)

# %% [markdown]
# **Cure.** `driver="gelsd"`, or `linreg.solve`. The `residuals` of the result are no check: `gelsy` leaves them empty, `gelsd` does for dependent columns and for all problems of that call, and `gels`, which assumes independent columns, fills them whatever it returns.


# %%
def residuals_given(driver, target, *problems):
    stacked = torch.stack(problems)
    targets = target.expand(len(problems), -1, -1)
    return torch.linalg.lstsq(stacked, targets, driver=driver).residuals.numel() > 0


assert not residuals_given("gelsy", target, unrelated)
assert residuals_given("gelsd", target, unrelated)
assert not residuals_given("gelsd", target, unrelated, A)
assert residuals_given("gels", target, A)

# %% [markdown]
# ## 2. Years in float32 {#years}
#
# Singular values below `rcond` times the largest count as zero, and the default `rcond` is the machine epsilon times the larger of $n$ and
# $d$. With 220 rows in float32 that is <!--= 220 * torch.finfo(torch.float32).eps:.1e -->2.6e-05<!--/-->. The singular values of the independent columns $[1, \text{year}]$ lie further apart than that:

# %%
years = torch.arange(1801.0, 2021.0)
level = 0.5 * (years - 1900)
A_years = torch.stack((torch.ones_like(years), years), dim=1)
s = torch.linalg.svdvals(A_years)
print(f"ratio of the singular values {s[1] / s[0]:.1e}")


def lstsq(A, y, dtype):
    target = y.to(dtype).unsqueeze(1)
    found = torch.linalg.lstsq(A.to(dtype), target, driver="gelsd")
    return found.solution.squeeze(1), int(found.rank)


for dtype in (torch.float32, torch.float64):
    w, rank = lstsq(A_years, level, dtype)
    print(f"lstsq {str(dtype)[6:]}  rank {rank} of 2  slope {w[1]:.4f}")
trend = linreg.solve(years.float().unsqueeze(1), level.float())
print(f"solve float32  rank {trend.rank} of 1  slope {trend.w[0]:.4f}")

# %% [markdown]
# The true slope is 0.5. `torch.linalg.pinv` has the same cut-off, and JAX's `jax.numpy.linalg.lstsq` one like it. Even $X^\top X$ in float32 does better:

# %%
A32, level32 = A_years.float(), level.float()
by_pinv = torch.linalg.pinv(A32) @ level32
by_gram = torch.linalg.solve(A32.T @ A32, A32.T @ level32)
print(f"pinv float32  slope {by_pinv[1]:.4f}")
print(f"Gram float32  slope {by_gram[1]:.4f}")
assert abs(by_pinv[1] - 0.5) > 0.4
assert abs(by_gram[1] - 0.5) < 5e-3

# %% alt="A rising straight line of 220 yearly values. The fit of lstsq in float32 is a nearly level line through the middle; that of solve lies on the data."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, ORANGE

_, ax = plt.subplots(figsize=(5.5, 3.6))
level_line = A_years @ lstsq(A_years, level, torch.float32)[0].double()
ax.plot(years[::10], level[::10], "o", color=BLUE, markersize=4)
ax.plot(years, trend.predict(years.float().unsqueeze(1)), color=GREEN)
ax.plot(years, level_line, color=ORANGE)
ax.text(1930, 25, "data and solve", color=GREEN, ha="right", va="bottom")
ax.text(1825, 9, "lstsq, float32", color=ORANGE, ha="left", va="bottom")
ax.set(xlabel="year", ylabel="y")
assert (trend.predict(years.float().unsqueeze(1)) - level).abs().max() < 0.01
assert level_line.max() - level_line.min() < 0.1 * (level.max() - level.min())

# %% [markdown]
# **Cure.** Centre, as `solve` does with the same float32 data, or use float64.
#
# ## 3. Many rows {#rows}
#
# At a million rows in float32 the cut-off is <!--= 1e6 * torch.finfo(torch.float32).eps:.2f -->0.12<!--/--> of the largest singular value. With a condition number of 40
# and the true weights 1, 2 and 3:

# %%
truth = torch.tensor([1.0, 2.0, 3.0])
many_rows, many_targets = linreg.simulate(
    1_000_000,
    truth,
    0.0,
    0.0,
    condition=40.0,
    generator=torch.Generator().manual_seed(0),
)
many_rows, many_targets = many_rows.float(), many_targets.float()
for driver in ("gelsy", "gelsd"):
    cut = torch.linalg.lstsq(many_rows, many_targets.unsqueeze(1), driver=driver)
    print(f"{driver}  rank {int(cut.rank)} of 3  w = {rounded(cut.solution[:, 0], 1)}")
    assert cut.rank < 3
kept = linreg.solve(many_rows, many_targets, intercept=False)
print(f"solve  rank {kept.rank} of 3  w = {rounded(kept.w)}")
assert (kept.w - truth).abs().max() < 1e-5

# %% [markdown]
# The smallest singular value of the ordinary columns is <!--= 1 / torch.linalg.cond(ordinary.X):.2f -->0.17<!--/--> of the largest, and would survive. **Cure.** An `rcond` of your own, near the machine epsilon, or float64.
#
# ## 4. A missing value {#missing}
#
# One NaN among the features makes `lstsq` stop with an internal error that asks you to report a bug in PyTorch (not run here, because the library
# beneath prints past Python). QR returns NaN, `cholesky_ex` reports a matrix that is not positive definite, and `linreg` names
# the place:

# %%
holed = years.unsqueeze(1).clone()
holed[3] = torch.nan
R = torch.linalg.qr(holed).R
_, info = torch.linalg.cholesky_ex(holed.T @ holed)
print(f"R = {R.item()}, info = {int(info)}")
try:
    linreg.solve(holed, level)
except linreg.DataError as bad:
    print(bad)

# %% [markdown]
# ## What was shown
#
# - On the ordinary data, in float64, `lstsq` is right.
# - On dependent columns (the toy column twice) its default driver was silently wrong up to version 2.13.
# - With a large mean (220 years) or many rows (a million, condition number 40) its cut-off drops real parameters of float32 data.
#
# ## Exercises
#
# **1. By pencil.** Above how many rows does `lstsq` in float32 no longer give a matrix with condition number 100 its full rank? ($\varepsilon = 1.19 \cdot 10^{-7}$.)
#
# <!-- given 1.19: the machine epsilon of float32 -->

# %% [markdown] answer="Hint"
# The cut-off is $n \varepsilon$, and the smallest singular value a hundredth of the largest.

# %% answer="Answer"
linreg.check(0.01 / 1.19e-7, 1 / (100 * torch.finfo(torch.float32).eps), tol=0.01)

# %% [markdown]
# **2. What is wrong with this sentence?** "`lstsq` reports rank 1 of 2 for my years, so the two columns are dependent."

# %% [markdown] answer="Hint"
# What does the rank depend on besides the columns?

# %% [markdown] answer="Answer"
# The rank is counted against a cut-off that depends on the precision and the number of rows. In float64 the same columns have rank 2, as the table above shows.

# %% [markdown]
# **3. Years, repaired.** Repair the float32 fit of the years with `torch.linalg.lstsq` alone, without leaving float32. This checks your slope:


# %%
def check_slope(slope):
    assert slope.dtype == torch.float32
    linreg.check(slope, 0.5, tol=1e-5)


# %% [markdown] answer="Hint"
# What does `solve` do first?

# %% [markdown] answer="Answer"
# Centre, and fit without the column of ones. A lower `rcond` keeps the second singular value and passes too, but leaves the condition number as large as it was.

# %% answer="Answer"
centred = (years - years.mean()).float().unsqueeze(1)
repaired = torch.linalg.lstsq(centred, (level - level.mean()).float().unsqueeze(1))
check_slope(repaired.solution[0, 0])
uncut = torch.linalg.lstsq(A32, level32.unsqueeze(1), rcond=1e-9, driver="gelsd")
check_slope(uncut.solution[1, 0])

# %% [markdown]
# ## Where next
#
# [Collinearity](../part2/collinearity.py) is about columns that really are nearly dependent, and [How to choose a solver](../reference/choose.md#what-your-library-calls-it) lists the cut-offs of other libraries.
