"""The figures show what they should: read back from the axes, not from pixels."""

import sys

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.stats
import torch
from problems import dependent, gen

import linreg
from linreg import plot


@pytest.fixture(autouse=True)
def _close():
    plt.close("all")  # what tests of other files left open
    yield
    plt.close("all")


def s8(n: int = 100, d: int = 2):
    return linreg.simulate(n, (-1.0, 1.0, 0.5)[:d], generator=gen())


def calls():
    X, y = s8()
    fit = linreg.gradient_descent(X, y, lr=0.5, steps=20)
    return {
        "data_and_fit": lambda **ax: plot.data_and_fit(X, y, fit, **ax),
        "added_variable": lambda **ax: plot.added_variable(X, y, 0, **ax),
        "loss_curve": lambda **ax: plot.loss_curve(fit, floor=0.005, **ax),
        "contours": lambda **ax: plot.contours(X, y, fit, **ax),
        "residuals": lambda **ax: plot.residuals(X, y, fit, **ax),
        "path": lambda **ax: plot.path(linreg.ridge_path(X, y, alphas=5), **ax),
        "qq": lambda **ax: plot.qq(linreg.influence(X, y), **ax),
        "scale_location": lambda **ax: plot.scale_location(X, linreg.influence(X, y), **ax),
    }


@pytest.mark.parametrize("name", plot.__all__)
def test_axes_and_labels(name):
    ax = calls()[name]()
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    ax.figure.canvas.draw()
    _, given = plt.subplots()
    assert calls()[name](ax=given) is given
    assert len(plt.get_fignums()) == 2


@pytest.mark.parametrize("name", plot.__all__)
def test_without_matplotlib(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(linreg.MissingError, match=r"needs matplotlib. Install it: pip install matplotlib"):
        calls()[name]()


def test_the_line_is_the_fit():
    X, y = s8()
    fit = linreg.solve(X, y)
    ax = plot.data_and_fit(X, y, fit, feature=1)
    points, line = ax.lines
    np.testing.assert_allclose(points.get_xdata(), X[:, 1])
    np.testing.assert_allclose(points.get_ydata(), y)
    x0, x1 = line.get_xdata()
    y0, y1 = line.get_ydata()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(float(fit.w[1]))
    assert (x0, x1) == (float(X[:, 1].min()), float(X[:, 1].max()))
    assert ax.get_legend_handles_labels()[1] == [f"slope {float(fit.w[1]):.3g}"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("X[:, 1]", "target y")


def test_the_line_is_drawn_where_the_other_features_are_at_their_mean():
    """A least-squares fit takes the mean of the features to that of the targets."""
    X, y = s8()
    X += torch.tensor([5.0, -3.0], dtype=X.dtype)
    x, height = plot.data_and_fit(X, y, linreg.solve(X, y), feature=1).lines[1].get_data()
    assert np.interp(float(X[:, 1].mean()), x, height) == pytest.approx(float(y.mean()))


def test_the_first_feature_without_a_fit_unless_told():
    X, y = s8()
    ax = plot.data_and_fit(X, y)
    assert len(ax.lines) == 1
    np.testing.assert_allclose(ax.lines[0].get_xdata(), X[:, 0])
    assert ax.get_xlabel() == "X[:, 0]"


@pytest.mark.parametrize(
    ("n", "drawn", "note"),
    [
        (300, 300, []),
        (301, 151, ["1 point in 2 drawn"]),
        (1000, 250, ["1 point in 4 drawn"]),
    ],
)
def test_at_most_three_hundred_markers(n, drawn, note):
    ax = plot.data_and_fit(*s8(n))
    assert len(ax.lines[0].get_xdata()) == drawn
    assert [t.get_text() for t in ax.texts] == note


def test_added_variable_has_the_weight_as_slope():
    X, y = s8()
    ax = plot.added_variable(X, y, 1)
    assert ax.get_legend_handles_labels()[1] == [f"slope {float(linreg.solve(X, y).w[1]):.3g}"]
    share = linreg.r2(linreg.solve(X, y).predict(X), y)
    without = linreg.r2(linreg.solve(X[:, :1], y).predict(X[:, :1]), y)
    assert ax.get_title() == f"R² = {1 - (1 - share) / (1 - without):.3f}"
    assert ax.get_xlabel() == "X[:, 1], the other columns taken out"


def test_loss_curve():
    X, y = s8()
    fit = linreg.gradient_descent(X, y, lr=0.5, steps=20, tol=0)
    predicted = linreg.predict_loss(X, y, lr=0.5, steps=20)
    ax = plot.loss_curve(fit, predicted=predicted, floor=float(linreg.solve(X, y).loss))
    measured, dashed, floor = ax.lines
    np.testing.assert_allclose(measured.get_ydata(), fit.path.loss)
    np.testing.assert_allclose(dashed.get_ydata(), predicted)
    assert floor.get_label() == "smallest loss"
    assert (ax.get_yscale(), ax.get_xlabel()) == ("log", "step")
    assert plot.loss_curve(fit).get_legend() is None
    slow = linreg.sgd(X, y, lr=0.1, epochs=2, batch_size=10, generator=gen())
    assert plot.loss_curve(slow).get_xlabel() == "epoch"


@pytest.mark.parametrize("intercept", [True, False])
def test_contours_are_the_loss(intercept):
    """Each contour of a cut through the minimum of three weights: the loss on it is its level."""
    X, y = s8(d=3)
    X = X + 1  # the intercept stays where it is, so the cut is not that of centred columns
    best = linreg.solve(X, y, intercept=intercept)
    ax = plot.contours(X, y, features=(2, 0), intercept=intercept)
    drawn = ax.collections[0]
    checked = 0
    for level, path in zip(drawn.levels, drawn.get_paths(), strict=True):
        for u, v in path.vertices[::10]:
            w = best.w.clone()
            w[2], w[0] = u, v
            loss = linreg.squared_loss(linreg.predict(X, w, best.b), y)
            assert float(loss) == pytest.approx(level, rel=0.03)  # straight between the points of a grid
            checked += 1
    assert checked > 50
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("w[2]", "w[0]")
    assert tuple(float(v) for v in ax.lines[0].get_xydata()[0]) == (float(best.w[2]), float(best.w[0]))
    assert ax.get_aspect() == 1  # or a round valley would look like a long one


def test_contours_hold_the_path():
    X, y = s8()
    fit = linreg.gradient_descent(X, y, lr=0.1, steps=50, w=torch.tensor([30.0, -40.0], dtype=torch.float64))
    ax = plot.contours(X, y, fit)
    np.testing.assert_allclose(ax.lines[0].get_xydata(), fit.path.w)
    (start,) = ax.texts
    assert (start.get_text(), start.xy) == ("start", (30, -40))
    assert (start.xyann, start.anncoords) == ((6, 6), "offset points")  # above, and not on, the first marker
    x, y_limits = ax.get_xlim(), ax.get_ylim()
    assert x[0] < float(fit.path.w[:, 0].min()) < float(fit.path.w[:, 0].max()) < x[1]
    assert y_limits[0] < float(fit.path.w[:, 1].min()) < float(fit.path.w[:, 1].max()) < y_limits[1]


def test_contours_at_the_scale_of_the_weights():
    X, y = s8()
    width = [np.ptp(plot.contours(X * scale, y).get_xlim()) for scale in (1.0, 1000.0)]
    assert width[0] / width[1] == pytest.approx(1000, rel=1e-6)


def test_contours_without_a_path():
    X, y = s8()
    for fit in (None, linreg.solve(X, y)):
        ax = plot.contours(X, y, fit)
        assert len(ax.lines) == 1  # the star
        assert not ax.texts


def test_contours_of_dependent_columns_and_of_nothing():
    p = dependent(60, 2, 1)
    plot.contours(p.X, p.y)
    X, y = s8()
    ax = plot.contours(X, torch.zeros_like(y))
    assert (
        ax.get_xlim() == ax.get_ylim() == pytest.approx((-1, 1))
    )  # where there is no distance to measure by
    X = 1e-3 * X  # as flat as that is not flat
    assert ax.collections[0].levels[-1] > plot.contours(X, torch.zeros_like(y)).collections[0].levels[-1] > 0
    with pytest.raises(linreg.DataError, match="an entry other than 0 in the two columns"):
        plot.contours(X * 0, y)


def test_residuals_about_zero():
    X, y = s8()
    fit = linreg.solve(X, y)
    zero, points = plot.residuals(X, y, fit).lines
    assert set(zero.get_ydata()) == {0}
    np.testing.assert_allclose(points.get_xdata(), fit.predict(X))
    np.testing.assert_allclose(points.get_ydata(), linreg.residuals(X, y, fit))


@pytest.mark.parametrize("name", plot.__all__)
def test_colours_of_the_palette(name):
    """A page recolours these for the dark theme; another colour could not follow it."""
    palette = {plot.BLUE, plot.ORANGE, plot.GREEN, plot.PURPLE, plot.GREY}
    ax = calls()[name]()
    assert {mpl.colors.to_hex(line.get_color()) for line in ax.lines} <= palette


LINE, DASHED, DOTTED = (2, "-", "None"), (1.5, "--", "None"), (1, ":", "None")
DOTS, STAR, STEPS = (None, "None", "o", 3, 0.5), (None, "None", "*", 12, None), (1.2, "-", "o", 3, None)


@pytest.mark.parametrize(
    ("name", "drawn"),
    {
        "data_and_fit": [(plot.BLUE, DOTS), (plot.ORANGE, LINE)],
        "added_variable": [(plot.BLUE, DOTS), (plot.ORANGE, LINE)],
        "loss_curve": [(plot.BLUE, LINE), (plot.ORANGE, DASHED), (plot.GREY, DOTTED)],
        "contours": [(plot.BLUE, STEPS), (plot.ORANGE, STAR)],
        "residuals": [(plot.GREY, (1, "-", "None")), (plot.BLUE, DOTS)],
        "qq": [(plot.GREY, (1, "-", "None")), (plot.BLUE, DOTS)],
        "scale_location": [(plot.BLUE, DOTS)],
    }.items(),
)
def test_marks_that_read_on_a_phone_and_on_paper(name, drawn):
    """A fit is a full line of two points, what is predicted is dashed, data are pale dots: on every page."""
    X, y = s8()
    fit = linreg.gradient_descent(X, y, lr=0.5, steps=20)
    predicted = linreg.predict_loss(X, y, lr=0.5, steps=20)
    ax = plot.loss_curve(fit, predicted=predicted, floor=0.005) if name == "loss_curve" else calls()[name]()
    assert len(ax.lines) == len(drawn)
    for line, (colour, (width, style, marker, *rest)) in zip(ax.lines, drawn, strict=True):
        assert mpl.colors.to_hex(line.get_color()) == colour
        assert (line.get_linestyle(), line.get_marker()) == (style, marker)
        assert width in (None, line.get_linewidth())
        if rest:
            assert (line.get_markersize(), line.get_alpha()) == tuple(rest)
            assert (line.get_markeredgewidth() == 0) == (rest[1] is not None)  # an edge would not be pale
    if name == "contours":
        assert set(ax.collections[0].get_linewidths()) == {0.8}
        behind = ax.texts[0].get_bbox_patch()
        assert behind.get_boxstyle().pad == pytest.approx(1 / ax.texts[0].get_fontsize())
        assert behind.get_facecolor() == (1, 1, 1, 0.8)
    assert tuple(ax.figure.get_size_inches()) == (5.5, 3.6)
    assert not ax.spines["top"].get_visible()
    assert ax.get_legend() is None or not ax.get_legend().get_frame_on()


@pytest.mark.parametrize("given", ["predicted", "floor"])
def test_a_second_line_brings_a_legend(given):
    X, y = s8()
    fit = linreg.gradient_descent(X, y, lr=0.5, steps=20)
    value = {"predicted": linreg.predict_loss(X, y, lr=0.5, steps=20), "floor": 0.005}[given]
    labels = {"predicted": "predicted", "floor": "smallest loss"}[given]
    assert [t.get_text() for t in plot.loss_curve(fit, **{given: value}).get_legend().get_texts()] == [
        "measured", labels,
    ]  # fmt: skip


@pytest.mark.parametrize(("slope", "place"), [(1, (1, 0.03)), (-1, (0.02, 0.03)), (0, (1, 0.03))])
def test_the_note_stands_where_the_cloud_is_not(slope, place):
    x = torch.arange(1000, dtype=torch.float64) + 5000
    ax = plot.data_and_fit(x.unsqueeze(1), slope * x + 7)
    assert ax.texts[0].get_position() == place
    assert ax.texts[0].get_horizontalalignment() == ("left" if slope < 0 else "right")


@pytest.mark.parametrize(("slope", "side"), [(1, "right"), (-1, "left")])
def test_the_note_goes_by_the_cloud_however_far_from_zero_it_lies(slope, side):
    """Beside numbers of ten million, products in float32 would tell nothing of a slope."""
    i = torch.arange(1000, dtype=torch.float32)
    ax = plot.data_and_fit((i + 1e7).unsqueeze(1), slope * i + 3e6)
    assert ax.texts[0].get_horizontalalignment() == side


def test_eight_contours_at_equal_steps_of_the_distance():
    """The loss grows with the square of it; the last contour is the loss at the farthest corner."""
    X, y = s8()
    best = linreg.solve(X, y)
    levels = torch.as_tensor(plot.contours(X, y).collections[0].levels)
    steps = (levels - best.loss).sqrt()
    torch.testing.assert_close(steps, steps[0] * torch.arange(1, 9, dtype=torch.float64))
    reach = 1.3 * best.w.abs().max()
    corners = [best.w + reach * torch.tensor([i, j]) for i in (-1.0, 1.0) for j in (-1.0, 1.0)]
    highest = max(float(linreg.squared_loss(linreg.predict(X, w, best.b), y)) for w in corners)
    assert float(levels[-1]) == pytest.approx(highest)


def test_a_fitted_line_reaches_from_end_to_end_and_its_slope_is_told():
    X, y = s8()
    for ax in (plot.added_variable(X, y, 1), plot.data_and_fit(X, y, linreg.solve(X, y))):
        points, line = ax.lines
        assert tuple(line.get_xdata()) == (min(points.get_xdata()), max(points.get_xdata()))
        assert ax.get_legend().get_texts()[0].get_text().startswith("slope ")


def test_the_quantiles_are_those_of_scipy_in_the_order_of_the_residuals():
    X, y = s8()
    found = linreg.influence(X, y)
    line, points = plot.qq(found).lines
    expected = scipy.stats.norm.ppf((np.arange(100) + 0.5) / 100)
    assert points.get_xdata() == pytest.approx(expected, abs=1e-12)
    assert list(points.get_ydata()) == sorted(found.internal.tolist())
    assert line.get_slope() == 1
    assert line.get_xy1() == (0, 0)


def test_scale_location_is_the_root_of_what_is_left_at_each_prediction():
    X, y = s8()
    found = linreg.influence(X, y)
    ax = plot.scale_location(X, found)
    (points,) = ax.lines
    assert points.get_xdata() == pytest.approx(linreg.solve(X, y).predict(X).tolist())
    assert points.get_ydata() == pytest.approx(found.internal.abs().sqrt().tolist())
    assert ax.get_ylim()[0] == 0


def test_a_row_of_leverage_one_is_not_drawn():
    X, y = s8(20)
    X = torch.column_stack((X, torch.eye(20, dtype=X.dtype)[0]))
    found = linreg.influence(X, y)
    assert found.internal.isnan().tolist() == [True] + [False] * 19
    for ax in (plot.qq(found), plot.scale_location(X, found)):
        assert len(ax.lines[-1].get_xdata()) == 19
    assert plot.scale_location(X, found).lines[0].get_xdata()[0] == pytest.approx(
        float(found.fit.predict(X)[1])
    )


def test_without_noise_there_is_nothing_to_compare():
    X = s8(20)[0]
    found = linreg.influence(X, X.sum(1))
    for draw in (lambda: plot.qq(found), lambda: plot.scale_location(X, found)):
        with pytest.raises(linreg.DataError, match="nothing to draw"):
            draw()


def test_other_rows_than_those_of_the_influence():
    X, y = s8(20)
    with pytest.raises(
        linreg.ShapeError, match="must have the rows of which `found` is the influence, 20, but has 19"
    ):
        plot.scale_location(X[1:], linreg.influence(X, y))


def test_a_path_shows_every_weight():
    X, y = s8(100, 3)
    path = linreg.ridge_path(X, y, alphas=[10.0, 1.0, 0.1, 0.0])
    ax = plot.path(path, mark=1.0)
    lines = [line for line in ax.lines if len(line.get_xdata()) == 3]
    drawn = sorted(tuple(line.get_ydata()) for line in lines)
    assert drawn == sorted(map(tuple, path.w[:3].T.tolist()))  # no place for a penalty of 0
    assert all(tuple(line.get_xdata()) == (10.0, 1.0, 0.1) for line in lines)
    assert ax.get_xlim() == (10.0, 0.1)
    assert any(list(line.get_xdata()) == [1.0, 1.0] for line in ax.lines)
    farthest = max(range(3), key=lambda j: abs(float(path.w[2, j])))
    (first,) = [line for line in lines if tuple(line.get_ydata()) == tuple(path.w[:3, farthest].tolist())]
    assert first.get_color() == plot.BLUE
    assert len(plot.path(linreg.ridge_path(X, y, alphas=[1.0, 0.5])).lines) >= 3  # two will do
    with pytest.raises(linreg.DataError, match="`path` must have two penalties above 0 or more; got 1"):
        plot.path(linreg.ridge_path(X, y, alphas=[1.0, 0.0]))


def test_a_path_of_more_weights_than_colours():
    """Those that end farthest from zero are coloured, and lie above the others; knots are small ticks."""
    X, y, _, _ = linreg.ordinary(dtype=torch.float64)
    path = linreg.lasso_path(X, y, alphas=[0.8, 0.4, 0.2])
    ax = plot.path(path, mark=0.3)
    *weights, zero, ticks, mark = ax.lines
    assert [line.get_ydata()[-1] for line in weights] == sorted(path.w[-1].tolist(), key=abs)
    colours = [plot.PURPLE, plot.GREEN, plot.ORANGE, plot.BLUE]
    assert [line.get_color() for line in weights] == [plot.GREY] * 16 + colours
    assert [line.get_linewidth() for line in weights] == [0.8] * 16 + [1.6] * 4
    assert (set(zero.get_ydata()), zero.get_linewidth()) == ({0}, 0.6)
    inside = [knot for knot in path.knots.tolist() if knot <= 0.8]
    assert float(path.knots.min()) >= 0.2
    assert 1 < len(inside) < len(path.knots)
    assert list(ticks.get_xdata()) == inside
    assert set(ticks.get_ydata()) == {0.02}
    assert (ticks.get_marker(), ticks.get_markersize(), ticks.get_linestyle()) == ("|", 6, "None")
    assert ticks.get_transform() == ax.get_xaxis_transform()
    assert (mark.get_linewidth(), mark.get_linestyle()) == (1, "--")
    assert len(plot.path(linreg.ridge_path(X, y, alphas=[0.8, 0.2])).lines) == 21
    from_one = linreg.lasso_path(X, y, alphas=[float(path.knots[1]), 0.2])
    assert list(plot.path(from_one).lines[-1].get_xdata()) == path.knots[1:].tolist()
