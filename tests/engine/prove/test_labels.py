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
    axes.plot([5, 6], [5.1, 5.1])  # a line without markers
    axes.text(4.8, 5, "alone")
    axes.text(4.8, 5, "not drawn", visible=False)
    assert hidden(axes.figure) == []
