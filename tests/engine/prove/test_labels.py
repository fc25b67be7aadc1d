"""Labels of figures: what lies on what."""

import matplotlib.pyplot as plt
import pytest

from book.prove.labels import hidden


@pytest.fixture
def axes():
    figure, axes = plt.subplots(figsize=(5, 3))
    axes.set(xlim=(0, 10), ylim=(0, 10))
    yield axes
    plt.close(figure)


def test_labels_apart_hide_nothing(axes):
    axes.plot([1, 9], [1, 9], "o-")
    axes.text(1, 8, "far from both")
    axes.text(5, 1, "and so is this")
    axes.set(title="a title", xlabel="x", ylabel="y")
    assert hidden(axes.figure) == []


@pytest.mark.parametrize("kind", ["text", "annotate", "legend"])
def test_a_label_on_another(axes, kind):
    axes.text(4, 5, "under it")
    if kind == "text":
        axes.text(4.2, 5.1, "above")
    elif kind == "annotate":
        axes.annotate("above", (1, 1), xytext=(4.2, 5.1))
    else:
        axes.plot([], [], label="above this")
        axes.legend(loc="center")
    assert ["under it" in fault and "above" in fault for fault in hidden(axes.figure)] == [True]


@pytest.mark.parametrize("dots", ["plot", "scatter"])
def test_a_label_on_dots(axes, dots):
    if dots == "plot":
        axes.plot([5, 5.2, 9], [5.1, 5.2, 9], "o")
    else:
        axes.scatter([5, 5.2, 9], [5.1, 5.2, 9])
    axes.text(4.8, 5, "over two")
    assert hidden(axes.figure) == ["the label 'over two' lies on 2 marker(s)"]


def test_what_cannot_be_seen_is_not_hidden(axes):
    axes.plot([5], [5.1], "o", visible=False)
    axes.plot([5, 6], [5.1, 5.1], visible=False)
    axes.plot([5, 6], [5.1, 5.1], linestyle="None")
    axes.text(4.8, 5, "alone")
    axes.text(4.8, 5, "not drawn", visible=False)
    assert hidden(axes.figure) == []


ON_A_LINE = ["the label 'on it' lies on 1 line(s) of another colour"]


@pytest.mark.parametrize("kind", ["curve", "level", "steps", "grid of lines", "contour"])
def test_a_label_on_a_curve(axes, kind):
    if kind == "curve":
        axes.plot([0, 10], [0, 10])
    elif kind == "level":
        axes.axhline(5.1)
    elif kind == "steps":
        axes.step([0, 5.1, 10], [0, 10, 10], where="post")
    elif kind == "grid of lines":
        axes.vlines([5.1, 9], 0, 10)
    else:
        axes.contour([[0, 1], [0, 1]], levels=[0.5], extent=(0, 10.2, 0, 10))
    axes.text(4.8, 5, "on it")
    assert hidden(axes.figure) == ON_A_LINE


def test_a_curve_between_its_points_and_within_its_axes(axes):
    axes.plot([0, 10], [5.1, 5.1])  # no point of it is near
    axes.text(4.8, 5, "on it")
    axes.plot([0, 10], [5, 45], clip_on=True)  # ends above the axes
    axes.text(5, 12, "outside")
    axes.plot([0, 4, 7, 10], [5, float("nan"), 9, 9])  # nothing between 0 and 7
    axes.contour([[0, 1, 0, 1], [0, 1, 0, 1]], levels=[0.5], extent=(0, 9, 6.5, 9.5), colors="C3")
    axes.text(1.9, 7.3, "between")  # the lines of the level are at 1.5, 4.5, 7.5
    assert hidden(axes.figure) == ON_A_LINE


@pytest.mark.parametrize("colour", ["C0", "#1f77b4"])
def test_a_label_may_touch_the_curve_that_it_names(axes, colour):
    axes.plot([0, 10], [0, 10], color="C0")
    axes.text(4.8, 5, "its name", color=colour)
    assert hidden(axes.figure) == []


def test_a_box_of_its_own_hides_the_curve_on_purpose(axes):
    axes.plot([0, 10], [0, 10])
    axes.text(4.8, 5, "in a box", bbox={"color": "white", "pad": 0.5})
    assert hidden(axes.figure) == []
