"""Settings of the kernels that execute the pages."""

from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.text import Text


def anchored() -> None:
    """Have a label of several lines drawn as one of a single line is: each at the anchor of the label.

    Matplotlib would place each line by the width that it has in its own letters and words, and lines in those
    of a reader's system, or in Chinese, would end in a ragged edge where they end in one, or have no middle.
    """
    draw, write = Text.draw, RendererSVG.draw_text
    label = None

    def drawn(self, renderer):  # type: ignore[no-untyped-def]
        nonlocal label
        before, label = label, self
        draw(self, renderer)
        label = before

    def written(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):  # type: ignore[no-untyped-def]
        if label and label._multialignment in (None, label.get_ha()):
            mtext = label
        write(self, gc, x, y, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]

    Text.draw = drawn  # type: ignore[method-assign]
    RendererSVG.draw_text = written  # type: ignore[method-assign]


anchored()

c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {
    "bbox_inches": "tight",
    "pad_inches": 0.02,
    "metadata": {"Date": None},  # equal figures, equal bytes
}
c.InteractiveShellApp.ignore_cwd = True  # import `linreg` from the wheel, not from the folder
c.IPKernelApp.log_level = 40  # no warning about the kernel's TCP port on the terminal
