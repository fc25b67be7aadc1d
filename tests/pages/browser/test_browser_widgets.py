"""The figures that move: every number they show, however it was set, is the one that `linreg` computes."""

import gzip
import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import visit as reader
from handle import LOOKS, beside, drag, figure, mark, press, rounded, scale, shown, slider
from playwright.sync_api import Browser, Page
from served import BASE
from visit import WIDTHS, Visit

from linreg import (
    Status,
    curvature,
    gradient_descent,
    influence,
    predict,
    predict_loss,
    predict_steps,
    r2,
    simulate,
    solve,
    squared_loss,
)

HOME, LOSS, DESCENT, DIAGNOSTICS = "", "part1/loss/", "part1/descent/", "part2/diagnostics/"
LASSO = "part3/lasso/"
NAMES = {HOME: "rates", LOSS: "loss", DESCENT: "descent", DIAGNOSTICS: "influence", LASSO: "lasso"}
LIMIT = 15_000  # bytes of one widget over the wire
TARGET = 24  # pixels that WCAG 2.2 asks of what is to be hit
ALL = pytest.mark.parametrize("address", list(NAMES), ids=list(NAMES.values()))
pytestmark = pytest.mark.usefixtures("float64")


# The loss


class Line:
    """What the first widget should show: points and a line, and what `linreg` says about them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        values = json.loads(figure(page).get_attribute("data-values") or "")
        self.x, self.y = values["x"], values["y"]
        self.best()

    def best(self) -> None:
        fit = solve(torch.tensor(self.x).unsqueeze(1), torch.tensor(self.y))
        self.w, self.b = float(fit.w), float(fit.b)

    def check(self) -> None:
        """Every number in the widget."""
        X, y = torch.tensor(self.x).unsqueeze(1), torch.tensor(self.y)
        y_hat = predict(X, torch.tensor([self.w]), self.b)
        r = y - y_hat
        assert rounded(shown(self.page, "area"), float(r.square().sum()))
        assert rounded(shown(self.page, "loss"), float(squared_loss(y_hat, y)))
        assert rounded(shown(self.page, "least"), float(solve(X, y).loss))
        assert rounded(shown(self.page, "r2"), r2(y_hat, y))
        assert rounded(beside(self.page, "slope w"), self.w)
        assert rounded(beside(self.page, "intercept b"), self.b)
        words = figure(self.page).locator("text").all_text_contents()
        labels = [word.replace("−", "-") for word in words if re.fullmatch(r"[+−]?\d+\.\d\d", word)]
        assert len(labels) == len(y)
        assert all(rounded(text, value) for text, value in zip(labels, r.tolist(), strict=True))
        for i, point in enumerate(zip(self.x, self.y, r.tolist(), strict=True)):
            assert all(map(rounded, self.told(i), point)), (i, self.told(i), point)
        for name, value in (("w", self.w), ("b", self.b)):
            assert rounded(
                (mark(self.page, name).get_attribute("aria-valuetext") or "").replace("−", "-"), value
            )

    def told(self, i: int) -> list[str]:
        """x, y and the residual of a point, as a screen reader hears them."""
        text = mark(self.page, i).get_attribute("aria-valuetext") or ""
        return re.findall(r"-?\d+\.\d\d", text.replace("−", "-"))


def test_the_loss_as_the_page_has_it(visits: Callable[..., Visit]) -> None:
    line = Line(visits().go(LOSS).page)
    line.check()
    output = figure(line.page).locator("xpath=following::code").all_text_contents()
    assert any(f"loss {shown(line.page, 'loss')}" in text for text in output), "it begins as the page goes on"


def test_the_loss_from_the_keyboard(visits: Callable[..., Visit]) -> None:
    line = Line(visits().go(LOSS).page)
    press_key = line.page.keyboard.press

    mark(line.page, 2).focus()
    for key, right, up in [
        ("ArrowDown", 0, -1), ("ArrowLeft", -1, 0), ("ArrowRight", 1, 0), ("Shift+ArrowRight", 10, 0),
        ("ArrowUp", 0, 1), ("PageUp", 0, 10),
    ]:  # fmt: skip
        press_key(key)
        line.x[2], line.y[2] = line.x[2] + right / 10, line.y[2] + up / 10
        line.check()

    mark(line.page, "w").focus()
    press_key("ArrowDown")
    line.w = round(line.w - 0.05, 2)
    line.check()
    mark(line.page, "b").focus()
    press_key("Shift+ArrowUp")
    line.b = round(line.b + 0.5, 2)
    line.check()
    slider(line.page, "slope w").focus()
    press_key("ArrowLeft")
    line.w = float(beside(line.page, "slope w"))
    assert line.w * 20 == pytest.approx(round(line.w * 20)), "the slider stops at its marks"
    line.check()


def test_the_loss_by_sliders_and_buttons(visits: Callable[..., Visit]) -> None:
    line = Line(visits().go(LOSS).page)
    page = line.page
    slider(page, "slope w").fill("-1.35")
    slider(page, "intercept b").fill("4.2")
    line.w, line.b = -1.35, 4.2
    line.check()
    assert float(shown(page, "r2")) < 0, "a line may be worse than none"

    mark(page, 4).focus()  # chooses the point
    slider(page, "x of the chosen point").fill("2.5")
    slider(page, "y of the chosen point").fill("6.05")
    line.x[4], line.y[4] = 2.5, 6.05
    line.check()
    assert [beside(page, f"{axis} of the chosen point") for axis in "xy"] == ["2.50", "6.05"]

    press(page, "Best line")
    line.best()
    line.check()
    assert shown(page, "loss") == shown(page, "least")
    press(page, "Flat line")
    line.w, line.b = 0.0, sum(line.y) / len(line.y)
    line.check()
    assert shown(page, "r2") == "0.000"
    press(page, "Reset")
    Line(page).check()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_loss_by_drag(visit: Callable[..., Visit], width: int) -> None:
    line = Line(visit(width=width).go(LOSS).page)
    page = line.page
    figure(page).scroll_into_view_if_needed()
    unit = 50 * scale(page)

    drag(page, 1, 1.5 * unit, -2 * unit)
    line.x[1], line.y[1] = (float(text) for text in line.told(1)[:2])
    assert (line.x[1], line.y[1]) == pytest.approx((2.5, 4.6), abs=0.02), "it follows the pointer"
    line.check()
    b = line.b
    drag(page, "b", 0, -unit)
    line.b = float(beside(page, "intercept b"))
    assert line.b == pytest.approx(b + 1, abs=0.02)
    line.check()
    w = line.w
    drag(page, "w", 0, 2 * unit)
    line.w = float(beside(page, "slope w"))
    end = (6.8 - line.b) / w  # where the line leaves the picture
    assert line.w == pytest.approx((6.8 - 2 - line.b) / end, abs=0.02)
    line.check()
    drag(page, 1, 50 * unit, 50 * unit)
    line.x[1], line.y[1] = (float(text) for text in line.told(1)[:2])
    assert (line.x[1], line.y[1]) == (6.5, 0.0), "and does not leave the picture"
    line.check()


def test_a_finger_moves_a_mark_and_not_the_page(visit: Callable[..., Visit]) -> None:
    seen = visit(width=390).go(LOSS)
    page = seen.page
    seen.wire.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    mark(page, 3).scroll_into_view_if_needed()
    before, scrolled = Line(page).told(3), page.evaluate("scrollY")
    box = mark(page, 3).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for kind, points in (
        ("touchStart", [(x, y)]),
        ("touchMove", [(x + 5, y + 30)]),
        ("touchMove", [(x + 9, y + 70)]),
        ("touchEnd", []),
    ):
        at = [{"x": x, "y": y} for x, y in points]
        seen.wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
        page.evaluate("new Promise(requestAnimationFrame)")  # the browser hands on one move a frame
    assert float(Line(page).told(3)[1]) < float(before[1]) - 1
    assert page.evaluate("scrollY") == scrolled
    actions = "f => ['.widget-mark', 'svg'].map(s => getComputedStyle(f.querySelector(s)).touchAction)"
    assert figure(page).evaluate(actions) == ["none", "auto"], "beside the marks a finger scrolls"


# Descent


def valley(kappa: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The four samples of the page, the second feature in the unit that makes the condition number kappa."""
    side = kappa**0.5
    X = torch.tensor([[1.0, side], [1.0, -side], [-1.0, side], [-1.0, -side]])
    return X, X @ torch.ones(2) + 2 + torch.tensor([0.1, -0.1, -0.1, 0.1])


def check_descent(page: Page, kappa: float, ratio: float, start: list[float]) -> None:
    """Every number in the second widget, and the path that it draws."""
    X, y = valley(kappa)
    bowl, smallest = curvature(X), float(solve(X, y).loss)
    lr, at = ratio / bowl.L, {"w": torch.tensor(start), "b": 2.0}
    where = (kappa, ratio, start)

    assert rounded(beside(page, "condition number kappa"), bowl.kappa)
    assert rounded(beside(page, "learning rate, in units of 1 over lambda max"), lr), where
    assert rounded(shown(page, "ratio"), lr * bowl.L), where
    assert rounded(shown(page, "flat"), 1 - lr * bowl.mu), where
    assert rounded(shown(page, "steep"), 1 - lr * bowl.L), where
    for name, value in zip(("start, w1", "start, w2"), start, strict=True):
        assert rounded(beside(page, name), value)

    verdict = figure(page).locator(".widget-verdict strong").inner_text()
    steps = int(slider(page, "step shown").get_attribute("max") or "")
    if ratio == 2:  # the last bit decides what `predict_steps` makes of it
        fit = gradient_descent(X, y, lr=lr, steps=steps, tol=0, **at)
        assert min(predict_loss(X, y, lr=lr, steps=1000, **at)) > 2 * smallest
        assert (verdict, shown(page, "predicted"), shown(page, "taken")) == (
            "Oscillates for ever",
            "never",
            "never",
        )
    else:
        predicted = predict_steps(X, y, lr=lr, tolerance=0.01, **at)
        most = 1000 if predicted == math.inf else predicted + 2
        fit = gradient_descent(X, y, lr=lr, steps=most, tol=0, **at)
        reached = (fit.path.loss <= 1.01 * smallest).nonzero().flatten().tolist()
        if reached:
            expected = "Converges" if ratio <= 1 else "Oscillates and converges"
            assert (verdict, shown(page, "predicted")) == (expected, str(predicted)), where
            assert shown(page, "taken") == str(reached[0]) == str(steps), where
        else:
            assert fit.status is Status.DIVERGED
            assert (verdict, shown(page, "predicted")) == ("Diverges", "never"), where
            assert shown(page, "taken") == f"stopped at {fit.steps}", where
            assert steps == fit.steps
    for t in (steps, steps // 2):
        slider(page, "step shown").fill(str(t))
        assert beside(page, "step shown") == str(t)
        loss = float(fit.path.loss[t])  # halfway between two numbers of four digits, its last bit decides
        assert float(shown(page, "loss")) in {float(f"{loss * (1 + e):.4g}") for e in (-1e-12, 1e-12)}, (
            where,
            t,
        )
        follow(page, fit.path.w[: t + 1], start)


def follow(page: Page, path: torch.Tensor, start: list[float]) -> None:
    """The points of the path lie where the steps of `linreg` lead; start and minimum give the scale."""
    places = "f => ['.widget-mark', '.widget-star'].map(s => f.querySelector(s).getAttribute('transform'))"
    here, there = (
        torch.tensor([float(part) for part in re.findall(r"[-\d.]+", text)])
        for text in figure(page).evaluate(places)
    )
    unit = (here - there) / (torch.tensor(start) - 1)
    drawn = re.findall(
        r"M([-\d.]+) ([-\d.]+)h0", figure(page).locator(".widget-steps").get_attribute("d") or ""
    )
    wanted = there + (path - 1) * unit
    for point in torch.tensor([[float(x), float(y)] for x, y in drawn]):
        assert (wanted - point).norm(dim=1).min() < 0.08
    assert len(drawn) >= min(len(path), 3)


def test_descent_as_the_page_has_it(visits: Callable[..., Visit]) -> None:
    page = visits().go(DESCENT).page
    values = json.loads(figure(page).get_attribute("data-values") or "")
    X, y = valley(values["kappa"])
    bowl, best = curvature(X), solve(X, y)
    assert (bowl.mu, bowl.kappa, float(best.loss)) == pytest.approx((values["mu"], 9, values["floor"]))
    assert (best.w.tolist(), float(best.b)) == (pytest.approx(values["centre"]), pytest.approx(2))
    check_descent(page, 9, 1, values["start"])


@pytest.mark.parametrize("kappa", [1, 9, 100])
def test_descent_by_sliders(visit: Callable[..., Visit], kappa: float) -> None:
    """From below 1 / lambda_max across 2 / lambda_max."""
    page = visit().go(DESCENT).page
    slider(page, "condition number kappa").fill(str(round(22 * math.log10(kappa))))
    start = [-1.5, 2.6]
    for ratio in (0.3, 0.99, 1, 1.01, 1.7, 1.99, 2, 2.01, 2.3):
        slider(page, "learning rate, in units of 1 over lambda max").fill(str(ratio))
        check_descent(page, kappa, ratio, start)
    for name, ratio in (
        ("rate 1 over lambda max", 1), ("best rate", 2 * kappa / (kappa + 1)), ("rate 2 over lambda max", 2),
    ):  # fmt: skip
        press(page, name)
        check_descent(page, kappa, ratio, start)
    press(page, "best rate")
    slider(page, "start, w1").fill("3.75")
    slider(page, "start, w2").fill("0.3")
    check_descent(page, kappa, 2 * kappa / (kappa + 1), [3.75, 0.3])
    press(page, "Reset")
    check_descent(page, 9, 1, start)


def test_descent_from_the_keyboard(visit: Callable[..., Visit]) -> None:
    page = visit().go(DESCENT).page
    mark(page, "start").focus()
    for key in ("ArrowRight", "Shift+ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    start = [-1.4, 1.7]
    check_descent(page, 9, 1, start)
    slider(page, "learning rate, in units of 1 over lambda max").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    check_descent(page, 9, 1.03, start)
    slider(page, "condition number kappa").focus()
    page.keyboard.press("ArrowRight")
    check_descent(page, 10, 1.03, start)


@pytest.mark.parametrize("width", WIDTHS)
def test_descent_by_drag(visit: Callable[..., Visit], width: int) -> None:
    page = visit(width=width).go(DESCENT).page
    figure(page).scroll_into_view_if_needed()
    unit = 57 * scale(page)
    drag(page, "start", 4 * unit, 2 * unit)
    start = [float(beside(page, name)) for name in ("start, w1", "start, w2")]
    assert start == pytest.approx([2.5, 0.6], abs=0.02), "it follows the pointer"
    check_descent(page, 9, 1, start)


def test_a_start_in_the_valley_has_no_error_to_grow(visit: Callable[..., Visit]) -> None:
    """`predict_steps` asks the rate alone; the run arrives all the same, and the widget says why."""
    page = visit().go(DESCENT).page
    slider(page, "start, w2").fill("1")
    slider(page, "learning rate, in units of 1 over lambda max").fill("2.2")
    verdict = figure(page).locator(".widget-verdict").inner_text()
    assert verdict == "Converges. The start has no error along w₂, so only w₁ moves."
    assert shown(page, "predicted") == "never"
    fit = gradient_descent(*valley(9), lr=2.2 / 9, steps=100, tol=0, w=torch.tensor([-1.5, 1.0]), b=2.0)
    reached = int((fit.path.loss <= 1.01 * fit.path.loss.min()).nonzero()[0])
    assert shown(page, "taken") == str(reached)


def test_the_film_shows_one_step_after_the_other(visits: Callable[..., Visit]) -> None:
    page = visits().go(DESCENT).page
    steps = slider(page, "step shown")
    press(page, "Play")
    page.wait_for_function("() => document.querySelector('.widget-slider [max=\"47\"]').value < 20")
    press(page, "Stop")
    assert int(steps.input_value()) < 47
    steps.fill("0")
    assert float(shown(page, "loss")) > 1
    slider(page, "condition number kappa").fill("0")  # a round bowl takes one step
    press(page, "Play")
    page.wait_for_function("() => document.querySelector('.widget-slider [max=\"1\"]').value == 1")
    figure(page).get_by_role("button", name="Play", exact=True).wait_for()


def test_nothing_plays_for_who_asks_for_stillness(visit: Callable[..., Visit]) -> None:
    seen = visit()
    seen.page.emulate_media(reduced_motion="reduce")
    for address in (LOSS, DESCENT):
        seen.go(address)
        assert figure(seen.page).get_by_role("button", name="Reset").count() == 1
        assert figure(seen.page).get_by_role("button", name="Play").count() == 0
        moving = "f => f.getAnimations({ subtree: true }).length"
        assert figure(seen.page).evaluate(moving) == 0
    check_descent(seen.page, 9, 1, [-1.5, 2.6])  # step by step, with the slider


# The rates of the home page


def check_rates(page: Page, lr: float) -> None:
    """Every number in the third widget, every point of its line, and every dot."""
    X, y = simulate(generator=torch.Generator().manual_seed(0))
    floor, limit = float(solve(X, y).loss), curvature(X).largest_stable_rate
    line = predict_loss(X, y, lr=lr, steps=1000)
    fit = gradient_descent(X, y, lr=lr, steps=2000, tol=0)
    assert fit.path
    told = tuple(shown(page, key) for key in ("predicted", "taken", "fate"))
    if lr < limit:
        reached = int((fit.path.loss <= 1.01 * floor).nonzero()[0])
        assert told == (str(predict_steps(X, y, lr=lr)), str(reached), "converges"), lr
        assert told[0] == told[1]
    elif lr > limit:
        assert predict_steps(X, y, lr=lr) == math.inf
        assert fit.status is Status.DIVERGED
        assert told == ("never", str(fit.steps), "diverges"), lr
    else:  # the last bit decides what `predict_steps` makes of it
        assert min(line.min(), fit.path.loss.min()) > 2 * floor
        assert told == ("never", "never", "oscillates")
    text = f"{lr:.4g}"
    assert beside(page, "learning rate") == text
    assert f"Learning rate {text}:" in figure(page).locator(".widget-title").text_content()
    assert bool(figure(page).locator(".widget-stage > svg > g.widget-lost").count()) is (lr >= limit)

    drawn = [
        [(float(x), float(y)) for x, y in re.findall(r"([-\d.]+) ([-\d.]+)", path.get_attribute("d") or "")]
        for path in figure(page).locator(".widget-stage > svg > .widget-curve > path").all()
    ]
    dots = json.loads(figure(page).get_attribute("data-values") or "")["dots"]
    steps = [sorted({round(1000 ** (i / 150)) for i in range(151)}), [t for t in dots if t <= fit.steps]]
    read = axes(page)
    for points, at, loss in zip(drawn, steps, (line, fit.path.loss), strict=True):
        for (x, y), t in zip(points, at, strict=True):
            there, height = read(x, y)
            assert there == pytest.approx(t, rel=0.002), "a tenth of a unit is a thousandth of a step"
            exact = float(loss[t])
            assert height < exact if y == -99 else height == pytest.approx(exact, rel=0.005), (lr, t)
    arrival = figure(page).locator(".widget-floor").last.get_attribute("d") or ""
    assert bool(arrival) is (lr < limit and int(told[0]) <= 1000)
    if arrival:
        there, _ = read(*map(float, arrival[1:].split("V")[0].split()))
        assert there == pytest.approx(int(told[0]), rel=0.002)


def axes(page: Page) -> Callable[[float, float], tuple[float, float]]:
    """Reads the step and the loss at a place of the picture off its axes."""
    ticks = " ".join(
        tick.get_attribute("d") or "" for tick in figure(page).locator(".widget-stage .widget-axis").all()
    )
    steps = [float(place) for place in re.findall(r"M([\d.]+) [\d.]+v4", ticks)]  # 1, 10, 100, 1000
    losses = [float(place) for place in re.findall(r"M[\d.]+ ([\d.]+)h-4", ticks)]  # 0.01, 0.1, 1, 10

    def read(x: float, y: float) -> tuple[float, float]:
        t = 3 * (x - steps[0]) / (steps[-1] - steps[0])
        loss = 3 * (y - losses[0]) / (losses[-1] - losses[0]) - 2
        return 10**t, 10**loss

    return read


def test_the_rates_as_the_page_has_them(visits: Callable[..., Visit]) -> None:
    page = visits().go(HOME).page
    check_rates(page, 0.3)
    outputs = page.locator(".highlight code").all_text_contents()
    assert any(
        "lr=0.3) # to" in " ".join(t.split()) and f"\n{shown(page, 'predicted')}\n" in t for t in outputs
    )
    words = figure(page).locator("text.widget-curve").all_text_contents()
    assert words == ["0.01", "0.03", "0.1", "0.3", "1", "2.1"]
    assert figure(page).locator(".widget-behind > g").count() == len(words)


def test_the_rates_by_slider(visit: Callable[..., Visit]) -> None:
    page = visit().go(HOME).page
    for place in (-2.3, -1.7, -1, -0.4, 0, 0.2, 0.28, 0.3, 0.32, 0.41):  # below the limit, then above
        slider(page, "learning rate").fill(str(place))
        lr = float(beside(page, "learning rate"))
        assert math.log10(lr) == pytest.approx(place, abs=0.006)
        check_rates(page, lr)


def test_the_rates_that_matter_are_met_exactly(visits: Callable[..., Visit]) -> None:
    page = visits().go(HOME).page
    bowl = curvature(simulate(generator=torch.Generator().manual_seed(0))[0])
    press(page, "largest stable rate")
    check_rates(page, bowl.largest_stable_rate)
    press(page, "best rate")
    check_rates(page, bowl.best_rate)
    slider(page, "learning rate").focus()
    for key, lr in (("Home", 0.00501), ("End", 2.57)):
        page.keyboard.press(key)
        check_rates(page, lr)
    seen = set()
    while "oscillates" not in seen and len(seen) < 20:
        page.keyboard.press("ArrowLeft")
        seen |= {shown(page, "fate"), beside(page, "learning rate")}
    check_rates(page, bowl.largest_stable_rate)
    assert "2.1" in seen


@pytest.mark.parametrize("width", [*WIDTHS, reader.ENLARGED])
def test_the_rates_take_the_room_of_the_figure(chromium: Browser, width: int) -> None:
    """The picture is where and as large as it was, and the place of the rest is kept."""
    boxes = []
    for late in (True, False):
        context = chromium.new_context(viewport={"width": width, "height": 900})
        page = context.new_page()
        if late:
            page.route("**/rates.js", lambda route: route.abort())
        page.goto(BASE, wait_until="networkidle")
        boxes.append([one.bounding_box() for one in (figure(page), figure(page).locator("svg").first)])
        assert figure(page).locator("input").count() == (not late)
        context.close()
    for before, after in zip(*boxes, strict=True):
        assert before == pytest.approx(after, abs=1)


@LOOKS
def test_the_words_of_the_rates_can_be_read(visit: Callable[..., Visit], theme: str, width: int) -> None:
    seen = visit(theme, width).go(HOME)
    for place in (-2.3, -1, 0.2, 0.3, 0.41):
        slider(seen.page, "learning rate").fill(str(place))
        assert not [*seen.look("figures"), *seen.look("overflow"), *seen.look("overlap")]


# Influence


class Row:
    """What the widget of Anscombe's sets should show: its points, and what `linreg` says of one of them."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        values = json.loads(figure(page).get_attribute("data-values") or "")
        self.x, self.y = map(list, values["anscombe"][name])
        self.i = values["movable"][name]
        self.check()

    def check(self) -> None:
        """Every number in the widget, and where the dots and both lines stand."""
        X, y, i = torch.tensor(self.x).unsqueeze(1), torch.tensor(self.y), self.i
        found, kept = influence(X, y), torch.arange(len(y)) != i
        told = {key: shown(self.page, key) for key in ("external", "cook", "without")}
        assert rounded(shown(self.page, "leverage"), found.leverage[i])
        assert rounded(shown(self.page, "residual"), found.residuals[i])
        assert rounded(shown(self.page, "slope"), found.fit.w[0])
        for axis, value in (("x", self.x[i]), ("y", self.y[i])):
            assert beside(self.page, f"{axis} of the point") == f"{value:.2f}"
        if math.isnan(found.external[i]):
            assert told == {"external": "0/0", "cook": "0/0", "without": "none"}
        else:
            alone = solve(X[kept], y[kept])
            assert rounded(told["external"], found.external[i])
            assert rounded(told["cook"], found.cook[i])
            assert rounded(told["without"], alone.w[0])
            self.check_line("widget-without", alone.predict)
        self.check_line("widget-line", found.fit.predict)
        wanted = sorted(zip(self.x, self.y, strict=True))
        torch.testing.assert_close(torch.tensor(self.drawn()), torch.tensor(wanted), rtol=0, atol=0.01)

    def check_line(self, name: str, predict: Callable[[torch.Tensor], torch.Tensor]) -> None:
        path = figure(self.page).locator(f"path.{name}").get_attribute("d") or ""
        ends = [float(part) for part in re.findall(r"-?[\d.]+", path)]
        for x, y in (self.place(*ends[:2]), self.place(*ends[2:])):
            assert float(predict(torch.tensor([[x]]))) == pytest.approx(y, abs=0.02)

    def drawn(self) -> list[tuple[float, float]]:
        """The places of the dots, of which the one to move is hidden under its mark."""
        dots = figure(self.page).locator("circle.widget-point")
        centres = "all => all.map(one => ['cx', 'cy'].map(name => Number(one.getAttribute(name))))"
        return sorted(self.place(*centre) for centre in dots.evaluate_all(centres))

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A place of the picture in the units of the data, by the ticks of its axes."""
        ticks = " ".join(
            tick.get_attribute("d") or "" for tick in figure(self.page).locator(".widget-axis").all()
        )
        at5, *_, at20 = (float(place) for place in re.findall(r"M([\d.]+) [\d.]+v4", ticks))
        at2, *_, at14 = (float(place) for place in re.findall(r"M[\d.]+ ([\d.]+)h-4", ticks))
        return 5 + 15 * (x - at5) / (at20 - at5), 2 + 12 * (y - at2) / (at14 - at2)


def test_the_influence_as_the_page_has_it(visits: Callable[..., Visit]) -> None:
    page = visits().go(DIAGNOSTICS).page
    Row(page, "III")
    for name in ("I", "II", "IV", "III"):
        press(page, f"Set {name}")
        Row(page, name)


def test_the_influence_from_the_keyboard_and_by_sliders(visit: Callable[..., Visit]) -> None:
    page = visit().go(DIAGNOSTICS).page
    row = Row(page, "III")
    mark(page, "point").focus()
    for key, right, up in [("ArrowDown", 0, -1), ("ArrowLeft", -1, 0), ("Shift+ArrowLeft", -10, 0)]:
        page.keyboard.press(key)
        row.x[2], row.y[2] = round(row.x[2] + right / 10, 2), round(row.y[2] + up / 10, 2)
        row.check()
    for x, y in ((9, 12.5), (19, 10.6), (4, 2)):
        slider(page, "x of the point").fill(str(x))
        slider(page, "y of the point").fill(str(y))
        row.x[2], row.y[2] = x, y
        row.check()

    press(page, "Set IV")
    row = Row(page, "IV")
    slider(page, "x of the point").fill("8")  # where all others are
    row.x[7] = float(beside(page, "x of the point"))
    assert row.x[7] == 8.1, "a line needs two places"
    row.check()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_influence_by_drag(visit: Callable[..., Visit], width: int) -> None:
    page = visit(width=width).go(DIAGNOSTICS).page
    row = Row(page, "III")
    figure(page).scroll_into_view_if_needed()
    one = scale(page) * 360 / 17.4  # the frame is 360 wide, for x from 3 to 20.4
    drag(page, "point", 2 * one, 0)
    row.x[2] = float(beside(page, "x of the point"))
    assert (row.x[2], float(beside(page, "y of the point"))) == pytest.approx((15, row.y[2]), abs=0.03)
    row.y[2] = float(beside(page, "y of the point"))
    row.check()
    drag(page, "point", 0, 900)
    row.y[2] = 2.0
    row.check()


# All


@ALL
@LOOKS
def test_tab_walks_through_a_widget(
    visit: Callable[..., Visit], address: str, theme: str, width: int
) -> None:
    """Past all that a mouse could use, in order, each large enough and marked when it has the focus."""
    page = visit(theme, width).go(address).page
    names = (
        figure(page)
        .locator("[tabindex], input, button")
        .evaluate_all("all => all.map(one => one.getAttribute('aria-label') ?? one.textContent)")
    )
    assert len(names) == {HOME: 3, LOSS: 15, DESCENT: 11, DIAGNOSTICS: 7, LASSO: 9}[address]
    figure(page).locator("[tabindex], input").first.focus()
    page.keyboard.press("Shift+Tab")
    walked, small, dim = [], [], []
    for _ in names:
        page.keyboard.press("Tab")
        name = page.evaluate(
            "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
        )
        walked.append(name)
        box = page.evaluate(
            "(({ width, height }) => [width, height])(document.activeElement.getBoundingClientRect())"
        )
        small += [name] if min(box) < TARGET else []
        dim += [name] if not page.evaluate("look.focus().marked") else []
    assert (sorted(walked), small, dim) == (sorted(names), [], [])
    page.keyboard.press("Tab")
    assert not page.evaluate("!!document.activeElement.closest('.widget')"), "the keyboard is not trapped"


@ALL
def test_a_screen_reader_hears_what_came_of_a_change(visit: Callable[..., Visit], address: str) -> None:
    page = visit().go(address).page
    told = figure(page).get_by_role("status")
    if address == LOSS:
        mark(page, 0).focus()
        page.keyboard.press("Shift+ArrowUp")
        wanted = f"Loss {shown(page, 'loss')}, R squared {shown(page, 'r2')}."
    elif address == HOME:
        press(page, "largest stable rate")
        wanted = "At rate 1.929 the loss oscillates. Steps predicted: never. Steps taken: never."
    elif address == DIAGNOSTICS:
        press(page, "Set I")
        wanted = f"Leverage {shown(page, 'leverage')}, Cook’s distance {shown(page, 'cook')}."
    elif address == LASSO:
        press(page, "Ridge")
        wanted = f"ridge, alpha 1.000: w1 {shown(page, 'w0')}, w2 {shown(page, 'w1')}. No corner."
    else:
        press(page, "best rate")
        wanted = f"Oscillates and converges. Steps predicted: {shown(page, 'predicted')}. Steps taken: 29."
    page.wait_for_function("([e, text]) => e.textContent === text", arg=[told.element_handle(), wanted])
    for one in figure(page).get_by_role("slider").all():
        assert one.get_attribute("aria-label")
        assert one.get_attribute("aria-valuetext")


@ALL
@LOOKS
def test_a_widget_in_use_is_as_good_as_a_page(
    visit: Callable[..., Visit], address: str, theme: str, width: int
) -> None:
    seen = visit(theme, width).go(address)
    shifted = reader.shifts(seen)
    if address == LOSS:
        slider(seen.page, "slope w").fill("-1")
    elif address == HOME:
        slider(seen.page, "learning rate").fill("0.41")
    elif address == DIAGNOSTICS:
        slider(seen.page, "x of the point").fill("19")
    elif address == LASSO:
        press(seen.page, "Ridge")
        slider(seen.page, "penalty alpha").fill("0.2")
    else:
        slider(seen.page, "learning rate, in units of 1 over lambda max").fill("2.2")
    seen.look("open")
    found = [fault for look in ("overflow", "clipping", "overlap", "anchors") for fault in seen.look(look)]
    assert not [*found, *shifted, *reader.axe(seen), *seen.faults]


@ALL
def test_a_widget_follows_the_theme(visit: Callable[..., Visit], address: str) -> None:
    """And keeps its state."""
    page = visit("light").go(address).page
    colours = (
        "f => ['[tabindex], svg > g.widget-curve', 'svg', 'button'].map(s => {"
        "const style = getComputedStyle(f.querySelector(s)); return [style.color, style.fill]; })"
    )
    figure(page).locator("[tabindex], input").first.focus()
    page.keyboard.press("ArrowUp")
    page.evaluate("document.activeElement.blur()")
    numbers = figure(page).locator("[data-value]")
    light, told = figure(page).evaluate(colours), numbers.all_inner_texts()
    for _ in range(2):  # light by hand, then dark
        page.locator("label[for^=__palette]:visible").click()
    dark = figure(page).evaluate(colours)
    assert not {tuple(pair) for pair in light} & {tuple(pair) for pair in dark}
    assert numbers.all_inner_texts() == told


def arrive(page: Page, address: str) -> None:
    """Wait for the widget of this page, which the address comes before, and see that it stands there once."""
    page.locator(f"figure[data-widget={NAMES[address]}] .widget-panel").wait_for()
    assert page.locator(".widget-panel, .widget-stage").count() == 2


def test_instant_navigation_brings_a_widget_once(visits: Callable[..., Visit]) -> None:
    seen = visits().go(LOSS)
    page = seen.page
    page.evaluate("window.same = true")
    slider(page, "slope w").fill("0")
    for address in (DESCENT, HOME, LOSS):
        links = page.locator(".md-nav--primary a.md-nav__link")
        hrefs = links.evaluate_all("links => links.map(link => link.href.split('#')[0])")
        links.nth(hrefs.index(BASE + address)).click()
        page.wait_for_url(BASE + address)
        arrive(page, address)
        if address == DESCENT:
            press(page, "best rate")
            check_descent(page, 9, 1.8, [-1.5, 2.6])
        elif address == HOME:
            check_rates(page, 0.3)
            press(page, "largest stable rate")
        else:
            Line(page).check()
    for address in (HOME, DESCENT):
        page.go_back()
        page.wait_for_url(BASE + address)
        arrive(page, address)
    check_descent(page, 9, 1, [-1.5, 2.6])
    assert page.evaluate("window.same === true")
    assert not seen.faults


@ALL
def test_without_scripts_the_figure_stays(chromium: Browser, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(BASE + address)
    picture = figure(page).locator("> svg")
    assert picture.get_attribute("role") == "img"
    assert len(picture.get_attribute("aria-label") or "") > 50
    around, box = figure(page).bounding_box(), picture.bounding_box()
    assert around
    assert box
    assert 0 < around["height"] - box["height"] < 50, "no place is kept for what will not come"
    assert figure(page).locator("input, button").count() == 0
    context.close()


@ALL
def test_a_widget_works_from_the_disk(chromium: Browser, site: Path, address: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto((site / address / "index.html").as_uri())
    press(page, {HOME: "largest stable rate", DIAGNOSTICS: "Set IV"}.get(address, "Reset"))
    assert figure(page).locator(".widget-panel").count() == 1
    context.close()


def test_a_widget_is_light_and_comes_where_it_is_used(site: Path) -> None:
    for address, name in NAMES.items():
        script = (site / f"assets/widgets/{name}.js").read_bytes()
        assert 1000 < len(gzip.compress(script)) < LIMIT
        users = {
            page.parent.relative_to(site).as_posix()
            for page in site.rglob("*.html")
            if f'assets/widgets/{name}.js" defer' in page.read_text()
        }
        assert users == {address.rstrip("/") or ".", f"zh/{address}".rstrip("/")}
    for edition in (site, site / "zh"):
        assert len(list(edition.glob("assets/widgets/*"))) == len(NAMES)
