"""Part `growth`: what the site costs when it has more pages: time of a build, weight of a page."""

import gzip
from pathlib import Path
from shutil import copyfile, copytree
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import building

from bench.machine import ROOT

SIZES = (10, 100, 500)
CHAPTER, DRAWN = 10, 5  # pages in a chapter; one page in five draws a figure
COPIED = ("linreg", "pyproject.toml", "README.md", "LICENSE", "docs/hooks", "docs/theme")

PAGE = """\
# Page {number}

After this page you can say what a line of slope {number} does to its data, and draw its residuals.

## The line

With $w = {number}$ and $b = \\tfrac{{1}}{{{number}}}$ the model predicts $\\hat y = {number}\\, x + b$. The
loss of $n$ rows is

$$
L(w, b) = \\frac{{1}}{{2n}} \\sum_{{i=1}}^{{n}} \\bigl({number}\\, x_i + b - y_i\\bigr)^2 .
$$

{prose}

```pycon
>>> import linreg, torch
>>> X, y = linreg.simulate(n={rows}, w=[{number}.0], b=1.0, generator=torch.Generator().manual_seed(0))
>>> X.shape
torch.Size([{rows}, 1])
```

## What is left

{prose}

| rows | slope | intercept |
| ---- | ----- | --------- |
| {rows} | {number} | 1 |

{figure}
"""
PROSE = (
    "A residual is what the model leaves unexplained. Its mean is zero when the model has an intercept, and"
    " it is orthogonal to every column. Plot it against each of them: a bend says that a feature is missing,"
    " a funnel that the noise grows. Number {number} of these pages says so as the others do."
)
FIGURE = """\
```python figure alt="The data of page {number} as dots, and a line of slope {number} through them."
import matplotlib.pyplot as plt
plt.plot(X[:, 0], y, ".")
plt.plot([-3, 3], [1 - 3 * {number}, 1 + 3 * {number}])
plt.show()
```
"""


def measure(quick: bool = False) -> dict[str, Any]:
    """Sites of several sizes by the engine of the book: cold, warm, and how heavy a page is."""
    return {
        "settings": {"chapter": CHAPTER, "drawn": DRAWN},
        "sites": [site(n) for n in (SIZES[:1] if quick else SIZES)],
    }


def site(pages: int) -> dict[str, Any]:
    """Build a site of so many pages twice, the first time with nothing in any cache."""
    print(f"  {pages} pages", flush=True)
    with TemporaryDirectory() as folder:
        home = Path(folder)
        write(home, pages)
        cold, warm = build(home), build(home)
        written = sorted((home / "site").rglob("index.html"))
        return {
            "pages": pages,
            "cold_seconds": round(cold, 1),
            "warm_seconds": round(warm, 1),
            "html_kb": round(median(packed(file) for file in written) / 1e3, 2),
            "search_kb": round(packed(home / "site/search/search_index.json") / 1e3, 1),
        }


def write(home: Path, pages: int) -> None:
    """The sources: chapters of ten pages, and everything else from the book."""
    for name in COPIED:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (copytree if (ROOT / name).is_dir() else copyfile)(ROOT / name, home / name)
    nav = []
    for number in range(1, pages + 1):
        name = "index" if number == 1 else f"chapter{(number - 1) // CHAPTER}/page{number}"
        source = home / "docs/en" / f"{name}.md"
        source.parent.mkdir(parents=True, exist_ok=True)
        fields = {"number": number, "rows": 50 + number}
        figure = FIGURE.format(**fields) if number % DRAWN == 0 else ""
        source.write_text(PAGE.format(**fields, prose=PROSE.format(**fields), figure=figure))
        if number == 1:
            nav.append("  - Home: index.md")
            continue
        if number % CHAPTER == 1 or number == 2:
            nav.append(f"      - Chapter {(number - 1) // CHAPTER + 1}:")
        nav.append(f"          - Page {number}: {name}.md")
    nav.insert(1, "  - The book:")
    (home / "mkdocs.yml").write_text(f"INHERIT: {ROOT / 'mkdocs.yml'}\nnav:\n" + "\n".join(nav) + "\n")


def build(home: Path) -> float:
    """Seconds of one build, the start of Python included."""
    python = str(ROOT / ".venv/bin/python")  # that of the peers has not all that notebooks need
    start = perf_counter()
    building.build(home / "mkdocs.yml", "--quiet", cwd=home, python=python, SITE_URL="http://127.0.0.1:8000/")
    return perf_counter() - start


def packed(file: Path) -> int:
    """Bytes over the wire."""
    return len(gzip.compress(file.read_bytes(), 6))
