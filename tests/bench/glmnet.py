"""glmnet of R, where both are installed: in a process that has the data and fits when it is told to."""

import subprocess
from functools import cache
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import numpy as np

SCRIPT = Path(__file__).with_suffix(".R")


@cache
def version() -> str:
    """Such as `4.1.6`; empty where there is none."""
    if which("Rscript") is None:
        return ""
    asked = ["Rscript", "-e", 'cat(as.character(packageVersion("glmnet")))']
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


class Glmnet:
    """A process of R with its data.

    Args:
        task: `lasso`, `folds` or `logistic`.
        X: (n, d) features.
        y: (n,) targets.
        alphas: (k,) penalties, falling.
    """

    def __init__(self, task: str, X: np.ndarray, y: np.ndarray, alphas: np.ndarray) -> None:
        self.folder = TemporaryDirectory()
        self.shape = X.shape[1] + 1, len(alphas)
        for name, array in (("X", X.ravel(order="F")), ("y", y), ("alphas", alphas)):
            array.tofile(self._path(name))
        command = ["Rscript", str(SCRIPT), self.folder.name, task, *map(str, X.shape)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._wait()

    def fit(self) -> "Glmnet":
        """Fit once."""
        self._order("fit")
        return self

    def coefficients(self) -> np.ndarray:
        """(d + 1, k) of the last fit, the intercept first."""
        self._order("write")
        return np.fromfile(self._path("coefficients")).reshape(self.shape, order="F")

    def _order(self, word: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        self._wait()

    def _wait(self) -> None:
        assert self.process.stdout
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError("R has ended; what it said stands above")

    def _path(self, name: str) -> Path:
        return Path(self.folder.name) / name

    def __del__(self) -> None:
        self.process.communicate()  # closes its input: it ends
