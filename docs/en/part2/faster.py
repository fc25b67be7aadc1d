# %% [markdown]
# # Faster descent
#
# After this page you can choose between momentum, conjugate gradients, Newton, L-BFGS and Adam by what each of them remembers, predict how many steps most of them take, and tell a run that has arrived from one that has only stopped.
#
# <!-- second reading -->
#
# **The question.** On two columns, one of them in centimetres, gradient descent needed more than fifty thousand steps. Each step ignores the ones before. What changes if it remembers the last one?
#
# ## A step that remembers
#
# The toy in centimetres again, and beside it the ordinary data set of this book, 300 rows and twenty correlated columns. All methods start at zero, and have arrived when the loss is within one per cent of the smallest. First plain descent, at a cautious rate and at [the best rate](../part1/descent.md#which-rates-work-and-which-is-best):

# %%
import torch

import linreg

torch.set_default_dtype(torch.float64)
X, y = linreg.simulate(generator=torch.Generator().manual_seed(0))
X_cm = X * torch.tensor([1.0, 100.0])
X_ord, y_ord, w_ord, _ = linreg.ordinary()
data = {"toy in cm": (X_cm, y), "ordinary": (X_ord, y_ord)}

print("                kappa   steps at 1/lambda_max   at the best rate")
for name, rows in data.items():
    bowl = linreg.curvature(rows[0])
    counts = [linreg.predict_steps(*rows, lr=lr) for lr in (1 / bowl.L, bowl.best_rate)]
    print(f"{name:10} {bowl.kappa:10,.1f} {counts[0]:23,} {counts[1]:18,}")

# %% [markdown]
# On the toy the best rate saves half of the steps, and no rate saves many more: $\lambda_{\max}$ forbids a larger one, and along the flattest direction the slope is ten thousand times too small for it. But along that direction all slopes point the same way, while across the valley they alternate. So keep a sum of all slopes so far, in which old ones count less and less, and move along the sum:
#
# $$
# v_{t+1} = \beta v_t + \nabla L(\theta_t), \qquad \theta_{t+1} = \theta_t - \eta \, v_{t+1}, \qquad v_0 = 0, \quad 0 \le \beta < 1 .
# $$
#
# This is *momentum*: a ball with friction instead of a walker. Along the valley the velocity $v$ grows, to $1/(1 - \beta)$ times the slope if that does not change; across it the terms cancel. Momentum costs one vector of memory and no extra pass over the data. On the squared loss the slope is $H\theta - g$, with $H = \tilde X^\top \tilde X / n$ and $g = \tilde X^\top y / n$:


# %%
def sums_of(X, y):
    """H (p, p) and g (p,): all that a step needs to know of the rows."""
    A = linreg.fold_bias(X)
    return A.T @ A / len(y), A.T @ y / len(y)


def ball(H, g, lr, beta, steps):
    """The points (steps + 1, p) of descent with momentum, from zero."""
    points, v = [torch.zeros_like(g)], torch.zeros_like(g)
    for _ in range(steps):
        v = beta * v + H @ points[-1] - g
        points.append(points[-1] - lr * v)
    return torch.stack(points)


theta = torch.zeros(21, requires_grad=True)
optimiser = torch.optim.SGD([theta], lr=0.1, momentum=0.8)
for _ in range(100):
    optimiser.zero_grad()
    loss = (linreg.fold_bias(X_ord) @ theta - y_ord).square().mean() / 2
    loss.backward()
    optimiser.step()

mine = ball(*sums_of(X_ord, y_ord), lr=0.1, beta=0.8, steps=100)[-1]
fit = linreg.momentum(X_ord, y_ord, lr=0.1, beta=0.8, steps=100, tol=0, sums=True)
torch.testing.assert_close(theta.detach(), mine)
torch.testing.assert_close(fit.w, mine[1:])
print("three times the same 100 steps")

# %% [markdown]
# [`momentum`][linreg.momentum] computes its slopes from the rows, or with `sums=True` once from $H$ and $g$. A step then costs $2 (d + 1)^2$ operations, for a thousand rows as for ten million. `gradient_descent`, `adam`, `newton` and `lbfgs` take `sums=True` as well.
#
# ## One mode, two roots
#
# How fast is it, and which $\eta$ and $\beta$ are best? As for plain descent, look along one eigenvector of $H$, with eigenvalue $\lambda$. The velocity is the last move, $v_t = (\theta_{t-1} - \theta_t)/\eta$, so it can be eliminated, and the error $c_t$ along the eigenvector obeys
#
# $$
# c_{t+1} = (1 + \beta - \eta\lambda) \, c_t - \beta \, c_{t-1},
# $$
#
# or, for two successive errors at once,
#
# $$
# \begin{bmatrix} c_{t+1} \\ c_t \end{bmatrix}
# = \underbrace{\begin{bmatrix} 1 + \beta - \eta\lambda & -\beta \\ 1 & 0 \end{bmatrix}}_{M}
# \begin{bmatrix} c_t \\ c_{t-1} \end{bmatrix} .
# $$
#
# Each step multiplies by the same matrix, where plain descent multiplied by a number. The size $|z|$ of the larger eigenvalue of $M$ is the share of the error that a step leaves. The two eigenvalues are the roots of $z^2 - (1 + \beta - \eta\lambda) z + \beta$, and their product is $\beta$. If they are complex, they are a conjugate pair, and both have the size $\sqrt\beta$, *whatever $\lambda$ is*. That is the case for
#
# $$
# (1 + \beta - \eta\lambda)^2 < 4 \beta
# \quad\Longleftrightarrow\quad
# (1 - \sqrt\beta)^2 < \eta\lambda < (1 + \sqrt\beta)^2 .
# $$
#
# Choose this band so that it just holds all eigenvalues, from $\mu$ to $\lambda_{\max}$. The two ends give
#
# $$
# \eta = \frac{4}{(\sqrt{\lambda_{\max}} + \sqrt\mu)^2}, \qquad
# \sqrt\beta = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1} .
# $$
#
# Plain descent at its best rate leaves $\frac{\kappa - 1}{\kappa + 1}$ of the error. Momentum at its best leaves the same with $\sqrt\kappa$ in place of $\kappa$. *Nesterov's* method moves by $\eta(\nabla L_t + \beta v_{t+1})$ instead: it adds the part of the next move that is known already. Its recurrence is $c_{t+1} = (1 - \eta\lambda) \, [(1 + \beta) c_t - \beta c_{t-1}]$; the usual settings are $\eta = 1/\lambda_{\max}$ and $\beta = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}$, without the square. Here are the matrices themselves:


# %%
def size(x, beta, nesterov=False):
    """Larger eigenvalue in size of the matrix of a step, for each x = lr * lambda."""
    M = torch.zeros(len(x), 2, 2)
    M[:, 0, 0] = (1 + beta) * (1 - x) if nesterov else 1 + beta - x
    M[:, 0, 1] = -beta * (1 - x) if nesterov else -beta
    M[:, 1, 0] = 1
    return torch.linalg.eigvals(M).abs().amax(1)


def tuned(mu, L):
    """Settings at which momentum shrinks the slowest error fastest."""
    beta = ((L**0.5 - mu**0.5) / (L**0.5 + mu**0.5)) ** 2
    return {"lr": 4 / (L**0.5 + mu**0.5) ** 2, "beta": beta}


def foreseeing(mu, L):
    """The usual settings of Nesterov's method."""
    beta = (L**0.5 - mu**0.5) / (L**0.5 + mu**0.5)
    return {"lr": 1 / L, "beta": beta, "nesterov": True}


mu, L = 0.01, 1.0  # kappa is 100
ways = {
    "plain": {"lr": 2 / (mu + L), "beta": 0.0},
    "momentum": tuned(mu, L),
    "Nesterov": foreseeing(mu, L),
}


def sizes(curvatures, lr, **memory):
    return size(lr * curvatures, **memory)


print("          |z| of the slowest   steps for a digit")
for name, way in ways.items():
    slowest = sizes(torch.linspace(mu, L, 1000), **way).max()
    print(f"{name:9} {slowest:18.3f} {-1 / slowest.log10():19.1f}")

# %% alt="The share of the error that a step leaves, against the eigenvalue on a log scale from a tenth of mu to twice lambda max, kappa 100. Plain descent starts near 1, is 0.98 at mu, dips to zero in the middle of its range and climbs to 0.98 at lambda max. Momentum is level at 0.818 all over the shaded band from mu to lambda max and rises steeply outside it, above 1 beyond lambda max. Nesterov is 0.9 at mu, falls to zero at lambda max, and passes 1 at a third more."
import matplotlib.pyplot as plt

from linreg.plot import BLUE, GREEN, GREY, ORANGE, PURPLE

curvatures = torch.logspace(-3, 0.3, 240)
left = {name: sizes(curvatures, **way) for name, way in ways.items()}
inside = (curvatures > 1.01 * mu) & (curvatures < 0.99 * L)
torch.testing.assert_close(
    left["momentum"][inside], torch.full((int(inside.sum()),), 9 / 11)
)
corners = torch.tensor([mu, L, 1.3 * L, 1.4 * L])
sizes_at = {name: sizes(corners, **way).tolist() for name, way in ways.items()}
assert [round(size, 2) for size in sizes_at["plain"][:2]] == [0.98, 0.98]
assert left["plain"][inside].min() < 0.05
assert left["momentum"][-1] > 1
flattest, steepest, before, beyond = sizes_at["Nesterov"]
assert abs(flattest - 0.9) < 1e-6
assert steepest < 1e-6
assert before < 1 < beyond

fig, ax = plt.subplots(figsize=(5.5, 3.8), layout="constrained")
ax.axvspan(mu, L, color=GREY, alpha=0.15, linewidth=0)
for name, colour in (("plain", ORANGE), ("momentum", BLUE), ("Nesterov", GREEN)):
    ax.semilogx(curvatures, left[name], color=colour)
ax.text(0.11, 0.92, "plain", color=ORANGE)
ax.text(0.013, 0.76, "momentum", color=BLUE)
ax.text(1.3, 0.4, "Nesterov", color=GREEN)
ax.text(mu, 0.02, " μ", va="bottom")
ax.text(1.1 * L, 0.02, r" $\lambda_{\max}$", va="bottom")
ax.set(xlabel="eigenvalue λ", ylabel="|z|, left of the error after a step")
ax.set(xlim=(0.001, 6), ylim=(0, 1.05))
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Plain descent is fast in the middle of the band and slow at both ends. Momentum treats all directions alike. A direction flatter than the $\mu$ that you tuned for is slow again, and one steeper than $\lambda_{\max}$ soon diverges.
#
# ## The root of the condition number
#
# For the same accuracy, then, the number of steps should grow with $\sqrt\kappa$ instead of $\kappa$. The recurrence has a closed form, so [`predict_steps`][linreg.predict_steps] takes `beta` as well. Here are twenty columns, more and more alike, then our two data sets; each run goes to the predicted step, and must arrive there and not one step earlier:


# %%
def alike(kappa, w):
    """Twenty columns, their Hessian with this condition number."""
    settings = {"condition": kappa**0.5, "generator": torch.Generator().manual_seed(5)}
    return linreg.simulate(300, w, 2.0, 1.0, **settings)


def goal_of(rows):
    return 1.01 * linreg.solve(*rows).loss


def ways_for(rows):
    bowl = linreg.curvature(rows[0])
    plain = {"lr": bowl.best_rate, "beta": 0.0}
    return plain, tuned(bowl.mu, bowl.L), foreseeing(bowl.mu, bowl.L)


def kind(name, data):
    return name if name in data else "20 columns"


def run_to(rows, steps, **way):
    return linreg.momentum(*rows, steps=steps, tol=0, sums=True, **way).path.loss


kappas = [10, 100, 1000, 10_000]
problems = {f"{kappa:,}": alike(kappa, w_ord) for kappa in kappas} | data
steps, highest = {}, {}
print("              kappa     plain   momentum   Nesterov")
for name, rows in problems.items():
    steps[name] = [linreg.predict_steps(*rows, **way) for way in ways_for(rows)]
    for count, way in zip(steps[name], ways_for(rows), strict=True):
        losses = run_to(rows, count, **way)
        assert losses[-1] <= goal_of(rows) < losses[:-1].min()
        highest[name, len(way)] = float(losses.max() / losses[0])
    kappa = linreg.curvature(rows[0]).kappa
    cells = [f"{count:10,}" for count in steps[name]]
    print(f"{kind(name, data):11} {kappa:7,.0f}", *cells)
growth = [
    steps[large][k] / steps[small][k]
    for k in range(3)
    for small, large in (("10", "1,000"), ("100", "10,000"))
]

# %% [markdown]
# Every prediction is right to the step. On the toy, momentum needs <!--= steps["toy in cm"][1] -->581<!--/--> steps instead of <!--= f'{steps["toy in cm"][0]:,}' -->27,372<!--/-->. A $\kappa$ a hundred times as large, from the first row to the third and from the second to the fourth, costs plain descent <!--= growth[0]:.0f -->113<!--/--> and <!--= growth[1]:.0f -->112<!--/--> times the steps, momentum <!--= growth[2]:.0f -->16<!--/--> and <!--= growth[3]:.0f -->15<!--/-->, and Nesterov's <!--= growth[4]:.0f -->6<!--/--> and <!--= growth[5]:.0f -->6<!--/-->. For the error along the flattest direction the factor would be ten, the root of a hundred; the loss has parts along the other directions as well, so its factor is larger or smaller.
#
# The formula for $|z|$ describes the end of a long run. Near its best settings momentum begins roughly: the two roots are nearly equal at both ends of the band, the error goes like $t \, |z|^t$, and the loss can rise before it falls. With Nesterov's method it does not rise in any of these runs:

# %%
print("highest loss / first   momentum   Nesterov")
for name in problems:
    kappa = "" if name in data else name
    peaks = f"{highest[name, 2]:11.1f} {highest[name, 3]:10.1f}"
    print(f"{kind(name, data):12} {kappa:>8} {peaks}")

# %% [markdown]
# For the toy, [scaling](scaling.py) does better still: it brings $\kappa$ near 1, and 2 steps are enough. Momentum is for what no scale can change: columns that resemble each other.
#
# ## What 0.9 buys
#
# Few people compute $\mu$, and most write `momentum=0.9`. Along a direction flatter than the band, $\eta\lambda < (1 - \sqrt\beta)^2$, the larger root is $z \approx 1 - \eta\lambda/(1 - \beta)$ for small $\eta\lambda$: descent with $1/(1 - \beta)$ times the rate. So 0.9 gains a factor of ten, and not the root of $\kappa$. It helps where $\kappa$ is large, and can slow the descent where $\kappa$ is small:

# %%
print("beta        toy in cm   ordinary")
habit = {}
for beta in (0.0, 0.5, 0.9, 0.99):
    habit[beta] = [
        linreg.predict_steps(*rows, lr=1 / linreg.curvature(rows[0]).L, beta=beta)
        for rows in data.values()
    ]
    print(f"{beta:<9} {habit[beta][0]:11,} {habit[beta][1]:10}")
print("tuned    ", f"{steps['toy in cm'][1]:11,} {steps['ordinary'][1]:10}")
for name, rows in data.items():
    print(f"the tuned beta, {name}: {ways_for(rows)[1]['beta']:.3f}")

# %% [markdown]
# On the ordinary data 0.9 saves <!--= habit[0.0][1] - habit[0.9][1] -->13<!--/--> steps of <!--= habit[0.0][1] -->78<!--/--> at this rate; the tuned 0.5, with its larger rate, saves three quarters, and 0.99 is slower than no momentum at all.
#
# ## Conjugate gradients: nothing to tune
#
# Momentum has to be told $\mu$ and $\lambda_{\max}$. *Conjugate gradients* choose a new rate and a new memory at each step, from two lengths that they have computed anyway. As before, the direction $p$ is the slope plus a multiple of the last direction; the rate leads to the lowest point along it:


# %%
def conjugate(H, g, steps):
    """Points (steps + 1, p) of conjugate gradients from zero; r is minus the slope."""
    points, r = [torch.zeros_like(g)], g
    p = r
    for _ in range(steps):
        q = H @ p
        rate = (r @ r) / (p @ q)
        points.append(points[-1] + rate * p)
        r, before = r - rate * q, r
        p = r + (r @ r) / (before @ before) * p
    return torch.stack(points)


def excess(points, H, g):
    """How far (t, p) points lie above the smallest loss."""
    gap = points - torch.linalg.solve(H, g)
    return ((gap @ H) * gap).sum(1) / 2


def arrival(losses, goal):
    return int((losses <= goal).nonzero()[0])


found = {}
for name, rows in problems.items():
    H, g = sums_of(*rows)
    losses = excess(conjugate(H, g, 40 if len(g) > 3 else 3), H, g)
    found[name] = arrival(losses, goal_of(rows) - linreg.solve(*rows).loss)
    for way in ways_for(rows):  # at every step no higher than the others
        others = run_to(rows, 15, **way) - linreg.solve(*rows).loss
        seen = min(16, len(losses))
        assert (losses[:seen] <= others[:seen] * (1 + 1e-6)).all()
print("                    plain   momentum   Nesterov   conjugate gradients")
for name, count in found.items():
    kappa = "" if name in data else name
    cells = [f"{count:10,}" for count in steps[name]]
    print(f"{kind(name, data):11} {kappa:>6}", *cells, f"{count:10}")

# %% [markdown]
# The rate and the multiple make any two directions *conjugate*, $p^\top H p' = 0$, so that no step undoes another. It follows that after $t$ steps **no method that moves along the slopes it has seen can have a smaller loss**; the assertion above checks it against the other three. Any such method multiplies the error along eigenvector $i$ by $P_t(\lambda_i)$, with a polynomial of degree $t$ that is 1 at zero; conjugate gradients have the best one for these data. A polynomial of degree $k$ can vanish at $k$ points. So **$k$ different eigenvalues take $k$ steps**, never more than there are parameters, in exact arithmetic. Where the eigenvalues are spread out, Chebyshev's polynomials give a bound that grows with $\sqrt\kappa$, as for momentum. The whole spectrum counts, not $\kappa$ alone:


# %%
def with_eigenvalues(values, n=300):
    """(n, d) centred columns whose Hessian has these eigenvalues, and a target."""
    generator, d = torch.Generator().manual_seed(0), len(values)
    Z = torch.randn(n, d, generator=generator)
    Q = torch.linalg.qr(Z - Z.mean(0)).Q
    V = torch.linalg.qr(torch.randn(d, d, generator=generator)).Q
    features = n**0.5 * (Q * values.sqrt()) @ V.T
    return features, features.sum(1) + torch.randn(n, generator=generator)


def spread(low, high):
    return torch.linspace(low, high, 7)


spectra = {
    "20 spread evenly in the log": torch.logspace(-4, 0, 20),
    "3 different": torch.tensor(7 * [1e-4] + 7 * [1e-2] + 6 * [1.0]),
    "3 clusters, 2 % wide": torch.cat(
        [c * spread(0.99, 1.01) for c in (1e-4, 0.01, 1)]
    ),
    "19 within 2, one far above": torch.cat(
        (torch.linspace(1, 2, 19), torch.tensor([1e4]))
    ),
}
print("eigenvalues                   kappa   momentum   conjugate gradients")
share, counts = 1e-8, {}  # of the excess at the start
for name, values in spectra.items():
    features, target = with_eigenvalues(values)
    H, g = features.T @ features / 300, features.T @ target / 300
    kappa = float(values.max() / values.min())
    way = tuned(float(values.min()), float(values.max()))
    fast = [
        excess(path, H, g)
        for path in (ball(H, g, steps=1500, **way), conjugate(H, g, 60))
    ]
    counts[name] = [arrival(losses, share * losses[0]) for losses in fast]
    exactly = counts[name][1] if counts[name][1] < 20 else "more than 20"
    print(f"{name:28} {kappa:7,.0f} {counts[name][0]:10} {exactly!s:>21}")

# %% [markdown]
# The first row breaks the theorem: twenty parameters, more than twenty steps. Rounding is the cause: new directions stay conjugate to recent ones, but not to the first. Rely on "at most $d$ steps" only where $\kappa$ is small.
#
# The spectrum can be improved before the start. The most common *preconditioner*, a change of coordinates that is cheap to apply and makes the valley rounder, is to divide each column by its length, as [`conjugate_gradients`][linreg.conjugate_gradients] does by itself. Here are the ordinary columns in units from a thousandth to a thousand times their own:

# %%
units = 10 ** torch.linspace(-3, 3, 20)
H_units, g_units = sums_of(X_ord * units, y_ord)
scale = H_units.diagonal().sqrt()
floor, goal = linreg.solve(X_ord, y_ord).loss, goal_of((X_ord, y_ord))
raw = conjugate(H_units, g_units, 20)
divided = conjugate(H_units / scale / scale[:, None], g_units / scale, 20) / scale
there = [
    bool((excess(points, H_units, g_units) <= goal - floor).any())
    for points in (raw, divided)
]
print("there within 20 steps, as they are:", there[0])
print("each column divided by its length: ", there[1])

ours = linreg.conjugate_gradients(X_ord * units, y_ord, record=True)
print(
    "linreg:", arrival(ours.path.loss, goal), "steps, in these units as in the others"
)
assert (
    arrival(linreg.conjugate_gradients(X_ord, y_ord, record=True).path.loss, goal) == 4
)

# %% [markdown]
# ## Newton's step, and L-BFGS in between
#
# The best preconditioner is $H^{-1}$: in its coordinates every valley is round. *Newton's method* steps by $-H^{-1} \nabla L$, to the bottom of the parabola with the slope and the curvature that the loss has at the current point. The squared loss *is* that parabola, so one step arrives, from any start and in any units:

# %%
for name, rows in {**data, "other units": (X_ord * units, y_ord)}.items():
    far = torch.full_like(rows[0][0], 100.0)
    one = linreg.newton(*rows, w=far, steps=1, tol=0)
    torch.testing.assert_close(
        one.predict(rows[0]), linreg.solve(*rows).predict(rows[0])
    )
    print(f"{name:12} one step")

# %% [markdown]
# This is the normal equation, $\theta - H^{-1}(H\theta - g) = H^{-1} g$, with its price, $n d^2$ operations for $H$ and $d^3$ for the solution, and with [its loss of digits](../part1/exact-run.py). Newton's method is more than that on losses that are no parabolas.
#
# *L-BFGS* approximates $H^{-1}$ from the steps it has taken. Over a step $s$ the slope changes by $Hs$: each pair of the two tells the curvature along one direction, and the last ten pairs, say, stand for the matrix. [`lbfgs`][linreg.lbfgs] goes to the lowest point along each direction, and then its points are familiar:

# %%
for name, rows in data.items():
    H, g = sums_of(*rows)
    k = 3 if len(g) == 3 else 5
    pairs = linreg.lbfgs(*rows, steps=k, tol=0).path
    theirs = conjugate(H, g, k)
    gap = (torch.column_stack((pairs.b, pairs.w)) - theirs).abs().max()
    assert gap < 1e-6 * theirs.abs().max()
    print(f"{name}: the first {k} points are those of conjugate gradients")

# %% [markdown]
# So why remember pairs instead of one direction? One reason is the first row of the table of spectra, where rounding broke the promise of $d$ steps. Pairs for all twenty directions keep it, ten do not:

# %%
features, target = with_eigenvalues(spectra["20 spread evenly in the log"])
sums = features.T @ features / 300, features.T @ target / 300
settings = {"intercept": False, "steps": 60, "tol": 0}
for pairs in (1, 10, 20):
    path = linreg.lbfgs(features, target, memory=pairs, **settings).path.w
    losses = excess(path, *sums)
    count = arrival(losses, share * losses[0])
    print(f"{pairs:2} pairs: {count if count <= 20 else 'more than 20'} steps")

# %% [markdown]
# The other reason is losses that are no parabolas, where the lowest point along a direction has to be searched for. `torch.optim.LBFGS`, which comes below, is made for them.
#
# ## Adam: a rate for each parameter
#
# *Adam* keeps two running means for each parameter, $\hat m$ of its slopes and $\hat v$ of their squares (with the hat it is not the velocity), and moves by
#
# $$
# \theta_{t+1} = \theta_t - \eta \, \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon} .
# $$
#
# As long as a slope keeps its sign, the quotient is near 1, whatever the unit of the column. So $\eta$ is not a rate but a *length*, in units of the parameter. Dividing by $\sqrt{\hat v}$ is a diagonal preconditioner, learned on the way: it cures different units. It cannot cure columns that resemble each other, since their valley does not run along an axis:

# %%
adam_steps = {}
print("lr = 0.1                  kappa   Adam")
for name, rows in {"toy": (X, y), **data, **problems}.items():
    losses = linreg.adam(*rows, lr=0.1, steps=500, tol=0, sums=True).path.loss
    adam_steps[name] = arrival(losses, goal_of(rows))
    kappa = linreg.curvature(rows[0]).kappa
    label = kind(name, data) if name in problems else name
    print(f"{label:20} {kappa:10,.0f} {adam_steps[name]:6}")

# %% [markdown]
# A factor of ten thousand in $\kappa$ costs Adam nearly nothing where it comes from a unit, and several times the steps where columns are alike. And since a step is about $\eta$ long, even the smallest $\kappa$ does not make it fast: on the toy in its own unit, where plain descent takes <!--= linreg.predict_steps(X, y, lr=linreg.curvature(X).best_rate) -->2<!--/--> steps, Adam first has to walk a distance of 2 in steps of 0.1, and then to stop.
#
# ### It arrives, and leaves again {#adam-leaves}
#
# [`adam`][linreg.adam] stops on arrival. Your own loop may not. Here are ten thousand full-batch steps at a fixed rate, the same as those of `torch.optim.Adam`, written out:


# %%
def long_run(X, y, lr=0.1, eps=1e-8, largest=False, fade=0.0, steps=10_000):
    """Excess loss at each step of Adam; every 25 steps the scaled curvature."""
    A = linreg.fold_bias(X)
    H, g = sums_of(X, y)
    best, At = torch.linalg.solve(H, g), A.T.contiguous() / len(y)
    theta, mean, square, top = (torch.zeros_like(g) for _ in range(4))
    points, seen = [], []
    for t in range(1, steps + 1):
        slope = At @ (A @ theta - y)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope * slope
        top = torch.maximum(top, square) if largest else square
        rate = lr * (1 - fade * t / steps) / ((top / (1 - 0.999**t)).sqrt() + eps)
        theta = theta - rate * mean / (1 - 0.9**t)
        points.append(theta)
        if t % 25 == 0:
            root = rate.sqrt()
            seen.append(root[:, None] * H * root)
    gap = torch.stack(points) - best
    steepest = torch.linalg.eigvalsh(torch.stack(seen))[:, -1]
    return ((gap @ H) * gap).sum(1) / 2, steepest


def leaving(losses):
    """First step within 1e-12 of the smallest loss; first above 1e-6 after it."""
    come = arrival(losses, 1e-12)
    gone = (losses[come:] > 1e-6).nonzero()
    return come, come + int(gone[0]) if len(gone) else None


by_adam, (H_20, g_20) = torch.zeros(21, requires_grad=True), sums_of(X_ord, y_ord)
adam = torch.optim.Adam([by_adam], lr=0.1)
for _ in range(100):
    by_adam.grad = H_20 @ by_adam.detach() - g_20
    adam.step()
theirs = excess(by_adam.detach()[None], H_20, g_20)[0]
torch.testing.assert_close(long_run(X_ord, y_ord, steps=100)[0][-1], theirs)

long_toy, steep_toy = long_run(X, y)
long_ord, steep_ord = long_run(X_ord, y_ord)
for name, losses in (("toy", long_toy), ("ordinary", long_ord)):
    come, gone = leaving(losses)
    assert come < 400
    assert 1500 < gone < 10_000
    print(
        f"{name:9} there before step 400, gone again after step {gone // 1000 * 1000:,}"
    )

# %% [markdown]
# Only $\hat v$ has changed. At the minimum the slopes are zero except for rounding, so the mean of their squares decays, by a thousandth at each step, and the rate of each parameter, $\eta/(\sqrt{\hat v} + \epsilon)$, grows towards $\eta/\epsilon$: ten million. Adam is momentum with $\beta = 0.9$ in coordinates that are scaled by these rates, and momentum has a largest stable rate. With $m$ a mean instead of a sum, its limit is
#
# $$
# \lambda_{\max} \bigl( D^{1/2} H D^{1/2} \bigr) < \frac{2 (1 + \beta)}{1 - \beta} = 38,
# \qquad D = \operatorname{diag} \frac{\eta}{\sqrt{\hat v} + \epsilon} .
# $$
#
# The figure shows the curvature on the ordinary data, and what happens when it reaches the limit:

# %% alt="Two panels over ten thousand steps of Adam on the ordinary data. Above, the excess loss on a log scale falls to the rounding level within a few hundred steps, stays there, and then jumps up by more than ten orders of magnitude again and again. Below, the steepest scaled curvature climbs on a log scale to the line at 38 and then stays close to it, falling back at each jump; the first jump comes right after it first crosses the line."
every = range(25, 10_001, 25)
top_of = long_ord.reshape(-1, 25).amax(
    1
)  # of 25 steps, or the jumps fall between the dots
crossing = int((steep_ord > 38).nonzero()[0])
come, gone = leaving(long_ord)
assert 25 * crossing < gone < 25 * crossing + 400
assert top_of.max() > 1e-3
assert steep_ord.max() < 50
assert top_of[:crossing].min() < 1e-25

fig, (above, below) = plt.subplots(
    2, 1, figsize=(5.5, 4.8), sharex=True, layout="constrained"
)
above.semilogy(every, top_of.clamp(min=1e-30), color=BLUE, linewidth=1)
above.set(ylabel="excess loss", ylim=(1e-31, 1e4))
below.semilogy(every, steep_ord, color=ORANGE, linewidth=1)
below.axhline(38, color=GREY, linewidth=1)
below.text(10_000, 44, "limit 38", ha="right", va="bottom")
below.set(xlabel="step", ylabel="scaled curvature", ylim=(1, 120))
for ax in (above, below):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The cure follows from the cause. Since $D$ is never more than $\eta/\epsilon$, an $\epsilon$ above $\eta \lambda_{\max}/38$ keeps the curvature below the limit for ever; half of that does not. *AMSGrad* (`amsgrad=True`), which divides by the largest $\hat v$ so far, keeps it there too. With a rate that falls to zero a run may leave, and is back at the end:

# %%
print("                                  toy     ordinary")
for name, change in (
    ("eps = lr lambda_max / 38", lambda L: {"eps": 0.1 * L / 38}),
    ("half of that", lambda L: {"eps": 0.1 * L / 76}),
    ("AMSGrad", lambda L: {"largest": True}),
    ("rate to zero", lambda L: {"fade": 1.0}),
):
    fates = []
    for rows in ((X, y), (X_ord, y_ord)):
        losses, _ = long_run(*rows, **change(linreg.curvature(rows[0]).L))
        fate = "leaves" if (losses[1000:] > 1e-6).any() else "stays"
        back = fate == "leaves" and "fade" in change(1.0) and losses[-1] < 1e-12
        fates.append("comes back" if back else fate)
    print(f"{name:26} {fates[0]:>10} {fates[1]:>12}")
    fixed = ("leaves", "leaves") if name == "half of that" else ("stays", "stays")
    assert tuple(fates) == fixed or name == "rate to zero"

# %% [markdown]
# All this is about full batches. The [noise of small batches](../part1/batches.py) does not die away, and keeps $\hat v$ up.
#
# ## "It stopped" is not "it arrived"
#
# Many loops stop when the loss hardly falls, say by less than a thousandth of itself in a step. On a plateau that happens soon:

# %%
print("          stops at step   loss there / smallest")
for name, rows in data.items():
    rate = 1 / linreg.curvature(rows[0]).L
    losses = linreg.predict_loss(*rows, lr=rate, steps=5000)
    t = arrival((losses[:-1] - losses[1:]) / losses[:-1], 1e-3)
    print(f"{name:10} {t:12} {losses[t] / linreg.solve(*rows).loss:23.3f}")

# %% [markdown]
# `torch.optim.LBFGS` stops at a slope below `tolerance_grad=1e-7`, or where a step or the loss changes by less than `tolerance_change=1e-9`. These thresholds have units, those of the loss and of the parameters. Write $y$ in a unit a thousand or a million times as large, so that its numbers are as many times smaller, and the problem is the same, but these rules stop elsewhere:


# %%
def by_lbfgs(X, y, times=1.0, calls=10, **settings):
    """Parameters and iterations of torch.optim.LBFGS on the mean of the squares."""
    A = linreg.fold_bias(X)
    theta = torch.zeros(A.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([theta], line_search_fn="strong_wolfe", **settings)

    def closure():
        optimiser.zero_grad()
        loss = times * (A @ theta - y).square().mean()
        loss.backward()
        return loss

    for _ in range(calls):
        optimiser.step(closure)
    return theta.detach(), optimiser.state[theta]["n_iter"]


def against_smallest(rows, theta):
    y_hat = linreg.fold_bias(rows[0]) @ theta
    return float(linreg.squared_loss(y_hat, rows[1]) / linreg.solve(*rows).loss)


defaults = torch.optim.LBFGS([torch.zeros(1)]).defaults
assert (defaults["tolerance_grad"], defaults["tolerance_change"]) == (1e-7, 1e-9)
print("loss / smallest, y divided by     1    1000   1,000,000")
for name, rows in {"toy": (X, y), "ordinary": (X_ord, y_ord)}.items():
    ratios = []
    for unit in (1.0, 1e3, 1e6):
        rows_in = rows[0], rows[1] / unit
        ratios.append(against_smallest(rows_in, by_lbfgs(*rows_in)[0]))
    print(f"{name:28} {ratios[0]:8.3f} {ratios[1]:7.3f} {ratios[2]:10.1f}")

# %% [markdown]
# In the last column each call stopped after its first step, since the loss had changed by less than $10^{-9}$; nothing warns of it. The same happens where one direction is flat. Here are ten columns, $\kappa(X) = 1000$, and so little noise that the data determine the weights to one per cent:

# %%
generator = torch.Generator().manual_seed(0)
flat = linreg.simulate(300, [1.0] * 10, 2.0, 0.001, condition=1e3, generator=generator)
exact = linreg.certified(*flat)


def off(theta, w):
    return float((theta[1:] - w).norm() / w.norm())


known = float(exact.w_se.norm() / exact.w.norm())
once, again = by_lbfgs(*flat, calls=1), by_lbfgs(*flat)
scaled_up, no_tolerance = (
    by_lbfgs(*flat, times=1e6),
    by_lbfgs(*flat, tolerance_grad=0, tolerance_change=0),
)
assert again[1] < 100
assert known < 0.03
print(f"standard error          {known:.1%} of the weights")
print(f"one call, 20 iterations {off(once[0], exact.w):.0%} off")
for name, theta in (
    ("ten calls, stopped", again[0]),
    ("loss times a million", scaled_up[0]),
    ("both tolerances at 0", no_tolerance[0]),
):
    wrong = off(theta, exact.w)
    assert wrong > 0.1 or wrong < 1e-6
    print(f"{name:23} {'more than 10% off' if wrong > 0.1 else 'right to six digits'}")

# %% [markdown]
# The single `step` of the tutorials is 20 iterations, and leaves the weights off by half. Scale the loss to be near 1, or set both tolerances yourself. The methods of `linreg` know the smallest loss beforehand and stop at a share of the possible gain, which has no units; for a loss without a known minimum look at each slope relative to the lengths of its column and of the residual, $|x_j^\top r| / (\lVert x_j \rVert \lVert r \rVert)$, not at whether the loss still moves.
#
# ## Weight decay, and ridge
#
# *Ridge* adds $\frac\alpha2 \lVert w \rVert^2$ to the half-mean loss: short weights are preferred, and with centred columns the minimum is $(H + \alpha I)^{-1} g$. The penalty adds $\alpha w$ to the slope, as `weight_decay` does in `torch.optim.SGD` and `Adam` (here centring leaves $b$ out of it). `AdamW` subtracts $\eta \alpha w$ from the weights instead, past the two running means. Since their quotient is about 1 at most, the decay wins beyond $|w_j| = 1/\alpha$: it keeps the weights in a box. Here is a weak decay, whose box holds the weights, and a strong one:


# %%
def decayed(H, g, method, lr, steps, alpha):
    """Weights after these steps, at a rate that falls to zero."""
    w = torch.zeros_like(g, requires_grad=True)
    optimiser = method([w], lr=lr, weight_decay=alpha)
    for t in range(steps):
        optimiser.param_groups[0]["lr"] = lr * (1 - t / steps)
        w.grad = H @ w.detach() - g
        optimiser.step()
    return w.detach()


def in_box(H, g, alpha):
    """Least squares with no weight beyond 1 / alpha; the walls cut off each step."""
    w = torch.zeros_like(g)
    for _ in range(1000):
        w = (w - 0.1 * (H @ w - g)).clamp(-1 / alpha, 1 / alpha)
    return w


methods = {"SGD": (0.1, 3000), "Adam": (0.01, 4000), "AdamW": (0.002, 15_000)}
print("          alpha   off by, from ridge    box")
for name, (features, target) in {"toy": (X, y), "ordinary": (X_ord, y_ord)}.items():
    X_c, y_c = features - features.mean(0), target - target.mean()
    H, g = X_c.T @ X_c / len(y_c), X_c.T @ y_c / len(y_c)
    for alpha in (0.1, 2.0):
        ridge = torch.linalg.solve(H + alpha * torch.eye(len(g)), g)
        box = in_box(H, g, alpha)
        for kind, (lr, count) in methods.items():
            w = decayed(H, g, getattr(torch.optim, kind), lr, count, alpha)
            gaps = [float((w - other).abs().max()) for other in (ridge, box)]
            print(f"{name:9} {alpha:5} {kind:6} {gaps[0]:15.2f} {gaps[1]:6.2f}")
            assert (gaps[0] < 1e-8) == (kind != "AdamW")
            assert (gaps[1] < 0.05) == (kind == "AdamW")

# %% [markdown]
# `SGD` and `Adam` end at the ridge solution with $\alpha$ equal to `weight_decay` (for `MSELoss`, twice the half-mean, with half of it). AdamW ends near least squares within its box, which for a weak decay is least squares itself: the decay shrinks nothing that lies inside. That is not ridge regression.
#
# ## All of them
#
# One table for both data sets, every count from a run on this page, with $n$ rows and $p = d + 1$ parameters; "from sums" is what a step costs with `sums=True`. `predict_steps` gave the first three counts in advance, to the step; Newton's is always 1, and the others depend on the start.

# %%
memory = {
    "gradient descent": ("nothing", "4 n p", "2 p^2"),
    "momentum, tuned": ("a velocity", "4 n p", "2 p^2"),
    "Nesterov": ("a velocity", "4 n p", "2 p^2"),
    "Adam, lr 0.1": ("2 means", "4 n p", "2 p^2"),
    "conjugate gradients": ("a direction", "4 n p", "2 p^2"),
    "linreg's, scaled": ("a direction", "4 n p", "-"),
    "L-BFGS": ("10 pairs", "6 n p", "4 p^2"),
    "Newton": ("H, or its sums", "n p^2, once", "p^3"),
}
taken = {}
for name, rows in data.items():
    goal = goal_of(rows)
    runs = (
        linreg.conjugate_gradients(*rows, record=True),
        linreg.lbfgs(*rows, steps=20, tol=0),
        linreg.newton(*rows, steps=1, tol=0),
    )
    counts = [arrival(run.path.loss, goal) for run in runs]
    taken[name] = [*steps[name], adam_steps[name], found[name], *counts]

print(
    "method               remembers       a step       from sums  toy in cm  ordinary"
)
for (name, cells), *counts in zip(memory.items(), *taken.values(), strict=True):
    what, cost, summed = cells
    print(f"{name:20} {what:15} {cost:12} {summed:9} {counts[0]:10,} {counts[1]:9}")

# %% alt="Steps to within one per cent against the condition number, both on log scales, for twenty columns. Plain descent rises with slope one to more than ten thousand. Momentum and Nesterov rise about half as steeply, Nesterov lower, Adam starts above all of them and rises least of these four. Conjugate gradients stay below twenty throughout, and Newton is a level line at one."
names = [f"{kappa:,}" for kappa in kappas]
curves = [[steps[name][k] for name in names] for k in range(3)]
curves += [[adam_steps[name] for name in names], [found[name] for name in names]]
assert max(curves[4]) < 20 < curves[3][0]
assert all(a > b for a, b in zip(curves[0][1:], curves[1][1:], strict=True))
assert all(a > b for a, b in zip(curves[1], curves[2], strict=True))
assert curves[3][0] == max(curve[0] for curve in curves)
rises = [curve[-1] / curve[0] for curve in curves]
assert rises[0] > 900
assert 1 / 3 < rises[1] / rises[0] ** 0.5 < 3
assert 1 / 3 < rises[2] / rises[0] ** 0.5 < 3
assert rises[3] < min(rises[:3])
assert curves[0][-1] > 10_000

fig, ax = plt.subplots(figsize=(5.5, 4), layout="constrained")
labels = ("plain", "momentum", "Nesterov", "Adam, 0.1", "conjugate\ngradients")
lifts = (1, 1.3, 1, 0.75, 1)  # two names that would lie on each other
colours = (ORANGE, BLUE, GREEN, PURPLE, GREY)
looks = zip(curves, labels, colours, lifts, "os^Dv", strict=True)
for values, label, colour, lift, marker in looks:
    ax.loglog(kappas, values, color=colour, marker=marker, markersize=5)
    ax.text(13_000, lift * values[-1], label, color=colour, va="center")
ax.loglog(kappas, [1] * 4, color="black")
ax.text(13_000, 1, "Newton", va="center")
ax.set(xlim=(8, 90_000), xticks=kappas, ylim=(0.7, 30_000))
ax.set(xlabel="condition number κ of the Hessian", ylabel="steps to within 1 %")
ax.minorticks_off()
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# And the exact answer? By QR it costs $2 n p^2$ operations, as much as $p/2$ steps from the rows: one or two for the toy, ten for the ordinary data. There conjugate gradients come within one per cent in fewer than ten steps, and Newton's single step costs half as much as QR. Steps are for what has no closed form, and for so many columns that $p^2$ numbers are too many: then [conjugate gradients](../reference/choose.md#very-many-columns). For a network, where no $\lambda$ is known and the slopes are noisy, momentum and Adam remain.
#
# ## What was shown
#
# - Momentum turns $\kappa$ into $\sqrt\kappa$, if $\eta$ and $\beta$ are tuned to $\mu$ and $\lambda_{\max}$: <!--= steps["toy in cm"][1] -->581<!--/--> steps instead of <!--= f'{steps["toy in cm"][0]:,}' -->27,372<!--/--> on the toy in centimetres, <!--= steps["ordinary"][1] -->20<!--/--> instead of <!--= steps["ordinary"][0] -->56<!--/--> on the ordinary data, all predicted to the step.
# - `momentum=0.9` gains a factor of about ten where $\kappa$ is large, and less where it is small: at the rate $1/\lambda_{\max}$ the toy takes <!--= f"{habit[0.9][0]:,}" -->5,345<!--/--> steps instead of <!--= f"{habit[0.0][0]:,}" -->53,868<!--/-->, the ordinary data <!--= habit[0.9][1] -->65<!--/--> instead of <!--= habit[0.0][1] -->78<!--/-->.
# - Conjugate gradients need no rate, and of all methods that combine past gradients they have the smallest loss at each step: <!--= found["toy in cm"] -->3<!--/--> and <!--= found["ordinary"] -->4<!--/--> steps on the two. $k$ different eigenvalues take $k$ steps. L-BFGS with exact steps follows the same path, and with a pair for each direction does not lose it to rounding. Newton's single step is the normal equation.
# - Adam cures different units, but not columns that resemble each other. At a fixed rate it leaves the minimum again, on both data sets, once the curvature scaled by its rates crosses 38; $\epsilon \ge \eta\lambda_{\max}/38$ keeps it there.
# - A loss that hardly moves is no sign of arrival: `torch.optim.LBFGS` stopped at once when $y$ was written in units a million times as large, on both.
# - `weight_decay` of SGD and Adam is ridge. That of AdamW keeps the weights in a box with walls at $1/\alpha$, on the toy and on the ordinary data.
#
# ## Exercises
#
# **1. By pencil.** The Hessian of four samples has the eigenvalues 1 and 9. Which $\eta$ and $\beta$ are best for momentum, and what is $|z|$ then? Check yours with `linreg.check([lr, beta, z], right_answer)`:

# %%
four = tuned(1.0, 9.0)
right_answer = [four["lr"], four["beta"], float(sizes(torch.tensor([2.0]), **four))]

# %% [markdown] answer="Hint"
# $\sqrt{\mu}$ and $\sqrt{\lambda_{\max}}$ are 1 and 3.

# %% [markdown] answer="Answer"
# $\eta = 4/(3 + 1)^2 = \frac14$, $\sqrt\beta = \frac{3 - 1}{3 + 1} = \frac12$, so $\beta = \frac14$, and $|z| = \sqrt\beta = \frac12$. Plain descent has $\frac{9 - 1}{9 + 1} = 0.8$ at its best, and needs three steps for one of these.

# %% answer="Answer"
linreg.check([1 / 4, 1 / 4, 1 / 2], right_answer)

# %% [markdown]
# **2. Predict the picture.** On the ordinary data, momentum with $\beta = 0.99$ at $\eta = 1/\lambda_{\max}$. Sketch the loss over 400 steps on a log scale, before you draw it. Does it fall at every step? And by about which factor in 100 steps?

# %% [markdown] answer="Hint"
# Where does $(1 - \sqrt{0.99})^2$ lie beside the smallest $\eta\lambda$, which is $1/\kappa$? So of which kind are the roots, in each direction?

# %% [markdown] answer="Answer"
# $(1 - \sqrt{0.99})^2$ is about $0.01^2/4$, far below $1/35$: all roots are complex, of size $\sqrt{0.99}$. All directions oscillate, none is damped faster than another, and the excess loss, a sum of such oscillations, falls by about $0.99^{100}$ in a hundred steps, whatever $\kappa$ is, as long as $1/\kappa$ lies above that number.

# %% answer="Answer" alt="Excess loss of momentum 0.99 on the ordinary data over 400 steps, on a log scale. It goes up and down many times, below a straight line that falls by the factor 0.37 in a hundred steps."
bell = linreg.predict_loss(
    X_ord, y_ord, lr=1 / linreg.curvature(X_ord).L, beta=0.99, steps=400
)
above_floor = bell - linreg.solve(X_ord, y_ord).loss
assert (above_floor[1:] > above_floor[:-1]).sum() > 50
assert bool((above_floor[1:] < above_floor[0] * 0.99 ** torch.arange(1, 401)).all())
fig, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
ax.semilogy(above_floor, color=BLUE, linewidth=1)
ax.semilogy(above_floor[0] * 0.99 ** torch.arange(401), color=GREY, linestyle="--")
ax.text(205, 1.2 * above_floor[0] * 0.99**205, "$0.99^t$", va="bottom")
ax.set(xlabel="step", ylabel="excess loss")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# **3. What is wrong with this sentence?** "Our loss has been at its minimum for a thousand steps, so it can do no harm to let Adam run over the weekend."

# %% [markdown] answer="Hint"
# What has happened to $\hat v$ in these thousand steps?

# %% [markdown] answer="Answer"
# It has shrunk to about $0.999^{1000} \approx e^{-1}$ of what it was, and goes on shrinking. Full batches have no noise to keep it up. When the scaled curvature reaches 38, the run leaves, on the ordinary data after another thousand or two. Let the rate fall to zero, use AMSGrad, or keep the best point.

# %% answer="Answer"
quiet = (long_ord[400:1400] < 1e-12).all()
print("within 1e-12 from step 400 to 1400:", bool(quiet))
print("above 1e-6 later:", bool((long_ord[1400:] > 1e-6).any()))

# %% [markdown]
# **4. Code.** Write `nesterov(H, g, lr, beta, steps)`, which returns the last point: change one line of `ball`. Check yours with `linreg.check(nesterov(H_ord, g_ord, 0.05, 0.7, 30), right_point)`:

# %%
H_ord, g_ord = sums_of(X_ord, y_ord)
right = linreg.momentum(X_ord, y_ord, lr=0.05, beta=0.7, nesterov=True, steps=30, tol=0)
right_point = torch.cat((right.b.reshape(1), right.w))

# %% [markdown] answer="Hint"
# The move is $\eta (\nabla L_t + \beta v_{t+1})$, with the new velocity.


# %% answer="Answer"
def nesterov(H, g, lr, beta, steps):
    theta, v = torch.zeros_like(g), torch.zeros_like(g)
    for _ in range(steps):
        slope = H @ theta - g
        v = beta * v + slope
        theta = theta - lr * (slope + beta * v)
    return theta


linreg.check(nesterov(H_ord, g_ord, 0.05, 0.7, 30), right_point)

# %% [markdown]
# ## References
#
# - Polyak, *Introduction to Optimization*, section 3.2: momentum and conjugate gradients as methods of two steps.
# - Nesterov, *Lectures on Convex Optimization*, section 2.2: the method that looks ahead, and why no method of slopes does better than $\sqrt\kappa$.
# - Nocedal and Wright, *Numerical Optimization*, chapters 5 and 7: conjugate gradients and clusters, L-BFGS.
# - Kingma and Ba (2015), *Adam: A Method for Stochastic Optimization*.
# - Loshchilov and Hutter (2019), *Decoupled Weight Decay Regularization*.
# - Cohen and others (2022), *Adaptive Gradient Methods at the Edge of Stability*: the limit 38.
# - Xie and Li (2024), *Implicit Bias of AdamW*: the box.
#
# <!-- given 3.2, 2.2, 2015, 2019, 2022, 2024: sections of the books cited, and years -->
#
# ## Where next
#
# [How sure are we?](sure.py) asks how far the answer itself can be trusted, whatever method found it. [How to choose a solver](../reference/choose.md) is for those who only want the answer. Small batches make every slope noisy: [Epochs, batches, steps](../part1/batches.py).
