"""Where a line of a page may break, and where the lines of a label stand in a figure."""

import re
import subprocess
import sys

import pytest
from project import ROOT

from book.render import lines
from book.translate import headings, search

SETTINGS = ROOT / "docs/hooks/book/execute/kernel/ipython_kernel_config.py"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>95 % of them</p>", "<p>95~% of them</p>"),
        ('<p>有 <span class="claim" title="a % b">95</span> %。</p>', None),
        ("<p><b>1.5</b> %, 2 %)</p>", "<p><b>1.5</b>~%, 2~%)</p>"),
        ("<td>n % 3</td>", "<td>n % 3</td>"),
        ("<p>7 %s</p>", "<p>7 %s</p>"),
        ("<code>95  % 2  and more</code><pre>f <b>95</b> %</pre>",) * 2,
        ('<img alt="95 % of">', '<img alt="95 % of">'),
        ("<svg><text>95 %</text></svg><p>5 %</p>", "<svg><text>95 %</text></svg><p>5~%</p>"),
        ("<p>from (n, 1) and (n,) to (n,\nd + 1)</p>", "<p>from (n,~1) and (n,) to (n,~d~+~1)</p>"),
        ("<p>形状为 (1000, 2)（见 (b, w, x)）</p>", "<p>形状为 (1000,~2)（见 (b,~w,~x)）</p>"),
        ("<p>a case (a pair, 2) f(x), 1</p>", "<p>a case (a pair, 2) f(x), 1</p>"),
        ('<code>(n, 1)</code><a title="(n, 1)">', '<code class="tight">(n, 1)</code><a title="(n, 1)">'),
        (
            "<h2>L-BFGS, a-B, T-shirt, 1.5e-10</h2><pre><code>1e-3</code></pre>",
            '<h2><span class="tight">L-BFGS</span>, a-B, T-shirt, <span class="tight">1.5e-10</span></h2>'
            "<pre><code>1e-3</code></pre>",
        ),
        ("<p>(d + 2)^2 numbers, (d + 2) of them</p>", "<p>(d~+~2)^2 numbers, (d + 2) of them</p>"),
        (
            "<p><code>tol=1e-12</code>、<code><a>f</a>(x=1)</code>、<code>name</code></p>",
            '<p><code class="tight">tol=1e-12</code>、<wbr><code class="tight"><a>f</a>(x=1)</code>、'
            "<wbr><code>name</code></p>",
        ),
        ("<code>total += losses</code>, <code>aaaaaaaaaa-bbbbbbbbbb</code>",) * 2,
    ],
)
def test_no_line_begins_with_a_sign_of_percent_or_ends_in_a_tuple(before: str, after: str | None) -> None:
    after = before.replace("</span> %", "</span>~%") if after is None else after
    assert lines.held(before) == after.replace("~", "\u00a0")


def test_a_path_breaks_between_its_parts() -> None:
    source = (
        '<details class="mkdocstrings-source">\n<summary>In <code>a/b_c.py</code></summary><code>d/e</code>'
    )
    assert lines.parted(source) == source.replace("a/b_c.py", "a/<wbr>b_<wbr>c.py")
    assert lines.parted("<summary><code>a/b_c</code></summary>") == "<summary><code>a/b_c</code></summary>"


def test_a_chinese_heading_breaks_between_words() -> None:
    words = search.parted(["学习率", "梯度下降"])
    html = (
        '<title>学习率</title><h2 id="学习率">梯度下降的 <code>学习率</code>，x</h2><p>梯度下降的学习率</p>'
    )
    made = headings.parted(html, words)
    assert made.startswith('<title>学习率</title><h2 id="学习率">')
    assert made.endswith("，x</h2><p>梯度下降的学习率</p>"), "a mark stays with what it ends"
    heading = re.search("<h2.*</h2>", made)
    assert heading
    assert "梯度下降的".startswith(heading[0].partition(">")[2].partition("<wbr>")[0])
    assert "<wbr>的 <code>" in heading[0]
    assert made.replace("<wbr>", "") == html


FIGURE = """
import io, matplotlib.pyplot as plt
from runpy import run_path
from types import SimpleNamespace
parts = ("InlineBackend", "InteractiveShellApp", "IPKernelApp")
run_path(%r, {"get_config": lambda: SimpleNamespace(**{part: SimpleNamespace() for part in parts})})
plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "x"})
fig = plt.figure(figsize=(4, 4))
middle = {"ha": "center"}
for y, given in enumerate([{"ha": "right"}, middle, {}, middle | {"multialignment": "left"}]):
    fig.text(0.5, 0.2 + 0.2 * y, f"{y}\\n{y} longer", **given)
fig.savefig(drawn := io.StringIO(), format="svg")
print(drawn.getvalue())
"""


def test_each_line_of_a_label_stands_at_its_anchor() -> None:
    """So that a line of other letters, or in other words, ends or has its middle where the others do."""
    done = subprocess.run(
        [sys.executable, "-c", FIGURE % str(SETTINGS)], capture_output=True, text=True, check=True
    )
    texts = re.findall(r"<text (.*?)>(\d).*?</text>", done.stdout)
    assert [label for _, label in texts] == list("00112233")
    places = [
        (
            re.search("text-anchor: (\\w+)|$", text)[1],
            re.search('(?: x="|translate\\()([\\d.]+)', text)[1],
        )
        for text, _ in texts
    ]
    assert places[0:2] == [("end", "144")] * 2
    assert places[2:4] == [("middle", "144")] * 2
    assert places[4:6] == [("start", "144")] * 2
    assert places[6] == places[7]
    assert places[6][0] is None, "lines of a block that stands in the middle, and begin together"
