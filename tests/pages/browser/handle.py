"""What a test does to a figure that moves, and what it reads off it."""

import pytest
from playwright.sync_api import Locator, Page
from visit import THEMES, WIDTHS

LOOKS = pytest.mark.parametrize(("theme", "width"), list(zip(THEMES, WIDTHS, strict=True)))


def figure(page: Page) -> Locator:
    return page.locator("figure.widget")


def mark(page: Page, name: str | int) -> Locator:
    return figure(page).locator(f"[data-mark='{name}']")


def slider(page: Page, label: str) -> Locator:
    return figure(page).get_by_role("slider", name=label, exact=True)


def press(page: Page, name: str) -> None:
    figure(page).get_by_role("button", name=name, exact=True).click()


def shown(page: Page, key: str) -> str:
    return figure(page).locator(f"[data-value='{key}']").inner_text().replace("−", "-")


def beside(page: Page, label: str) -> str:
    """The value beside a slider."""
    return slider(page, label).locator("~ .widget-value").first.inner_text().replace("−", "-")


def rounded(text: str, exact: float) -> bool:
    """Whether `text` is `exact`, correctly rounded to the digits that it has."""
    decimals = len(text.partition(".")[2])
    return abs(float(text) - exact) <= (0.5 + 1e-6) * 10**-decimals


def drag(page: Page, name: str | int, right: float, down: float) -> None:
    """Takes the mark a little beside its middle, and moves it by so many pixels."""
    box = mark(page, name).locator(".widget-dot").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2 + 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2, steps=3)
    page.mouse.move(x + right, y + down, steps=3)
    page.mouse.up()


def scale(page: Page) -> float:
    """Pixels of the screen for a unit of the picture."""
    return figure(page).evaluate("f => f.querySelector('svg').getScreenCTM().a")
