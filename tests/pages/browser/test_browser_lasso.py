"""The figure of the lasso's diamond: every number and every shape in it is what `linreg` computes."""

import json
import math
import re
from collections.abc import Callable

import pytest
import torch
from handle import LOOKS, beside, drag, figure, mark, press, rounded, scale, shown, slider
from playwright.sync_api import Page
from visit import WIDTHS, Visit

from linreg import lasso, lasso_path, ridge

LASSO = "part3/lasso/"
pytestmark = pytest.mark.usefixtures("float64")


class Pair:
    """What the widget should show, by `linreg.lasso` and `linreg.ridge` of two such columns."""

    def __init__(self, page: Page) -> None:
        self.page = page
        values = json.loads(figure(page).get_attribute("data-values") or "")
        self.rho, self.z, self.alpha = values["rho"], values["least"], values["penalty"]
        self.ridge = False

    def data(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Four rows whose columns have the mean square 1 and the correlation rho, and whose weights are z."""
        u, v = torch.tensor([[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0]])
        X = torch.stack((u, self.rho * u + math.sqrt(1 - self.rho**2) * v), dim=1)
        return X, X @ torch.tensor(self.z) + 7 + 0.3 * u * v

    def check(self) -> None:
        """Every number, and where the picture has the answer, its path, the region and the contour."""
        X, y = self.data()
        knots = lasso_path(X, y).knots if any(self.z) else torch.zeros(1)
        alpha = min(self.alpha, float(knots[0]))
        fit = (ridge if self.ridge else lasso)(X, y, alpha=alpha)
        w = fit.w.where(fit.w.abs() > 1e-12, 0)  # without a penalty, zeros of least squares are rounding
        c = X.T @ (y - fit.predict(X)) / 4
        where = (self.rho, self.z, alpha, self.ridge)
        assert rounded(beside(self.page, "penalty alpha"), alpha), where
        assert rounded(beside(self.page, "correlation rho"), self.rho)
        for j in (0, 1):
            assert beside(self.page, f"least squares, w{j + 1}") == f"{self.z[j]:.2f}"
            assert rounded(shown(self.page, f"w{j}"), float(w[j])), where
            number, relation = re.split(",? ", shown(self.page, f"c{j}"), maxsplit=1)
            assert rounded(number, float(c[j])), where
            self.check_relation(j, relation, alpha, float(w[j]), float(c[j]))
        if self.ridge:
            assert shown(self.page, "knot") == "none"
        else:  # where the second weight, and not the first, is at zero
            assert rounded(shown(self.page, "knot"), float(knots[1]) if len(knots) > 1 else 0), where
        self.check_words(alpha, w)
        self.check_picture(w)

    def check_relation(self, j: int, relation: str, alpha: float, w: float, c: float) -> None:
        if self.ridge:
            assert relation == f"= α {'w₁w₂'[2 * j : 2 * j + 2]}"
            assert c == pytest.approx(alpha * w, abs=1e-12)
        elif w == 0:
            assert shown(self.page, f"w{j}") == "0"
            assert relation == "within ±α"
            assert abs(c) <= alpha + 1e-12
        else:
            assert shown(self.page, f"w{j}") != "0"
            assert relation == ("= α" if w > 0 else "= -α")
            assert c == pytest.approx(math.copysign(alpha, w), abs=1e-12)

    def check_words(self, alpha: float, w: torch.Tensor) -> None:
        verdict = figure(self.page).locator(".widget-verdict strong").inner_text()
        zeros = [name for name, value in zip(("w₁", "w₂"), w.tolist(), strict=True) if value == 0]
        by_zeros = {0: "No zero", 1: f"{''.join(zeros)} is zero", 2: "Both weights are zero"}[len(zeros)]
        assert verdict == ("No penalty" if alpha == 0 else "No corner" if self.ridge else by_zeros)
        kind, size = ("ridge", w.square().sum()) if self.ridge else ("lasso", w.abs().sum())
        words = figure(self.page).locator(".widget-stage text").all_text_contents()
        assert kind in words
        assert any(
            word.startswith("Circle" if self.ridge else "Diamond") and rounded(word.split()[-1], float(size))
            for word in words
        )
        pressed = figure(self.page).locator("[aria-pressed=true]").all_inner_texts()
        assert [name.lower() for name in pressed] == [kind]

    def check_picture(self, w: torch.Tensor) -> None:
        X, y = self.data()
        where = (self.rho, self.z, self.alpha, self.ridge)
        (answer,) = self.along("widget-answer", 0)
        assert answer == pytest.approx(w.tolist(), abs=0.01), where
        region = torch.tensor(self.along("widget-region", 40))
        order = 2 if self.ridge else 1
        sizes = region.norm(p=order, dim=1)
        torch.testing.assert_close(sizes, w.norm(p=order).expand(40), rtol=0, atol=0.01)

        def losses(weights: torch.Tensor) -> torch.Tensor:
            return (y - 7 - weights @ X.T).square().mean(1) / 2

        least = float(losses(w[None]))
        contour = losses(torch.tensor(self.along("widget-touching", 40)))
        assert float((contour - least).abs().max()) < 0.02 * (1 + least), where
        assert float(losses(region).min()) > least - 0.02, "the contour touches the region from outside"
        # No answer on the way from zero to least squares is off the path that is drawn.
        path = torch.tensor(self.along("widget-trace", 400))
        most = float((X.T @ (y - y.mean()) / 4).abs().max())
        for share in (0.9, 0.5, 0.2, 0.03):
            then = (ridge if self.ridge else lasso)(X, y, alpha=share * most).w
            assert float((path - then).norm(dim=1).min()) < 0.02, where

    def along(self, name: str, points: int) -> list[list[float]]:
        """Points evenly along a shape, or the middle of a circle, in the units of the weights."""
        places = figure(self.page).evaluate(
            """(f, [name, points]) => {
                const shape = f.querySelector("." + name);
                const turned = shape.transform.baseVal.consolidate()?.matrix ?? new DOMMatrix();
                const map = DOMMatrix.fromMatrix(turned);
                const whole = shape.getTotalLength();
                if (shape.cx && !(points && whole)) return [[shape.cx.baseVal.value, shape.cy.baseVal.value]];
                return Array.from({ length: points }, (_, i) => {
                    const at = shape.getPointAtLength((i / (points - 1)) * whole);
                    const { x, y } = new DOMPoint(at.x, at.y).matrixTransform(map);
                    return [x, y];
                });
            }""",
            [name, points],
        )
        ticks = " ".join(
            tick.get_attribute("d") or "" for tick in figure(self.page).locator(".widget-axis").all()
        )
        left, *_, right = (float(place) for place in re.findall(r"M([\d.]+) [\d.]+v4", ticks))  # -2 and 2
        low, *_, high = (float(place) for place in re.findall(r"M[\d.]+ ([\d.]+)h-4", ticks))  # -1 and 1
        return [[4 * (x - left) / (right - left) - 2, 2 * (y - low) / (high - low) - 1] for x, y in places]


def test_the_lasso_as_the_page_has_it(visits: Callable[..., Visit]) -> None:
    pair = Pair(visits().go(LASSO).page)
    page = pair.page
    pair.check()
    assert shown(page, "w1") == "0"
    output = figure(page).locator("xpath=following::code").all_text_contents()
    assert any(f"one weight is zero from {float(shown(page, 'knot'))}" in text for text in output)
    press(page, "Ridge")
    pair.ridge = True
    pair.check()


@pytest.mark.parametrize("rho", [-0.9, 0, 0.8])
def test_the_lasso_by_sliders(visit: Callable[..., Visit], rho: float) -> None:
    """From a penalty at which all is zero to none; least squares in every quarter and on an axis."""
    pair = Pair(visit().go(LASSO).page)
    page = pair.page
    slider(page, "correlation rho").fill(f"{rho:g}")
    pair.rho = rho
    for z in ([-1.2, 1.5], [2.0, -0.5], [-0.4, -0.9], [1.0, 0.0], [0.7, 0.7]):
        press(page, "Lasso")
        pair.ridge = False
        for j in (0, 1):
            slider(page, f"least squares, w{j + 1}").fill(f"{z[j]:g}")
        pair.z = z
        slider(page, "penalty alpha").focus()
        page.keyboard.press("End")
        pair.alpha = math.inf  # the slider ends where all is zero
        pair.check()
        for alpha in (0.55, 0.15, 0.0):
            if alpha < float(slider(page, "penalty alpha").get_attribute("max") or ""):
                slider(page, "penalty alpha").fill(f"{alpha:g}")
                pair.alpha = alpha
                pair.check()
        press(page, "knot")
        pair.alpha = float(beside(page, "penalty alpha"))
        assert beside(page, "penalty alpha") == shown(page, "knot")
        assert "0" in {shown(page, "w0"), shown(page, "w1")}, "at the knot exactly"
        press(page, "Ridge")
        slider(page, "penalty alpha").fill("0.05")
        pair.ridge, pair.alpha = True, 0.05
        pair.check()


def test_the_lasso_from_the_keyboard(visit: Callable[..., Visit]) -> None:
    pair = Pair(visit().go(LASSO).page)
    page = pair.page
    mark(page, "least").focus()
    for key, right, up in [("ArrowDown", 0, -1), ("ArrowLeft", -1, 0), ("Shift+ArrowLeft", -10, 0)]:
        page.keyboard.press(key)
        pair.z = [round(pair.z[0] + right / 10, 2), round(pair.z[1] + up / 10, 2)]
        pair.check()
    slider(page, "penalty alpha").focus()
    page.keyboard.press("End")
    pair.alpha = math.inf
    pair.check()
    assert (shown(page, "w0"), shown(page, "w1")) == ("0", "0"), "the end of the slider is where all are zero"
    mark(page, "least").focus()
    for _ in range(7):
        page.keyboard.press("Shift+ArrowRight")
    pair.z[0] = 2.0
    pair.alpha = float(beside(page, "penalty alpha"))
    pair.check()
    press(page, "Reset")
    Pair(page).check()
    slider(page, "least squares, w1").fill("0")
    slider(page, "least squares, w2").fill("0")
    assert [shown(page, key) for key in ("w0", "w1", "knot")] == ["0", "0", "0.000"]
    assert beside(page, "penalty alpha") == "0.000"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_lasso_by_drag(visit: Callable[..., Visit], width: int) -> None:
    pair = Pair(visit(width=width).go(LASSO).page)
    page = pair.page
    figure(page).scroll_into_view_if_needed()
    unit = 70 * scale(page)
    drag(page, "least", -unit, 1.5 * unit)
    pair.z = [float(beside(page, f"least squares, w{j}")) for j in (1, 2)]
    assert pair.z == pytest.approx([0.6, -0.9], abs=0.02), "it follows the pointer"
    pair.check()
    drag(page, "least", 0, -9 * unit)
    pair.z[1] = 1.5
    pair.check()


@LOOKS
def test_the_words_of_the_lasso_can_be_read(visit: Callable[..., Visit], theme: str, width: int) -> None:
    seen = visit(theme, width).go(LASSO)
    for kind in ("Lasso", "Ridge"):
        press(seen.page, kind)
        for z in ((1.6, 0.6), (-2, 1.5), (2, -1.5), (0.3, -0.2), (2, 0), (0, 1.5), (0, 0)):
            for j in (0, 1):
                slider(seen.page, f"least squares, w{j + 1}").fill(f"{z[j]:g}")
            most = float(slider(seen.page, "penalty alpha").get_attribute("max") or "")
            for share in (1, 0.4, 0):
                slider(seen.page, "penalty alpha").fill(f"{math.floor(100 * share * most) / 100:g}")
                found = [*seen.look("figures"), *seen.look("overflow"), *seen.look("overlap")]
                assert not found, (kind, z, share)
