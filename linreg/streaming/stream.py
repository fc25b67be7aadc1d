"""Exact fits of more rows than memory holds: block after block goes into the running sum, and is gone."""

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.statistics import Statistics
from linreg.checks import check_Xy
from linreg.closed_form.from_sums import solve_statistics
from linreg.errors import DataError, DtypeError, LinregError, MissingError, StreamError
from linreg.result import Fit
from linreg.settings import check_choice
from linreg.streaming.files import Blocks
from linreg.weights import check_weights_fit, rule_of_weights, unusable

__all__ = ["accumulate", "fit_stream"]

T = TypeVar("T")
Source = Iterable[tuple[Tensor, ...] | list[Tensor]]  # X (m, d) and y (m,), with weights (m,) or without


@plain
def fit_stream(
    source: Source,
    *,
    intercept: bool = True,
    frequency: bool = False,
    missing: str = "error",
    start: Statistics | None = None,
    progress: bool = False,
) -> Fit:
    r"""Minimise the squared loss over all rows of a source, in one pass and in the memory of a few blocks.

    The answer is that of `solve_statistics`: the Cholesky factorisation of the sums. Rows that fit in memory
    are better left to `solve`, which takes another look at them when the columns are nearly dependent.

    Cost: n d^2 operations; one block and (d + 2)^2 numbers of memory.

    Args:
        source: pairs of `X` (m, d) and `y` (m,), of any m, or triples with weights (m,) as for `solve`: from
            `blocks`, a `DataLoader`, a generator.
        intercept: fit `b` as well; otherwise it is 0.
        frequency: weights are whole numbers and count rows, as for `Statistics.update`.
        missing: what to do with rows that have NaN, or nothing, as an entry or weight: stop with an "error",
            or "drop" them; the fit counts them in `dropped` and its message says so.
        start: sums of rows that came before, of a pass that stopped.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, float64; status `RANK_DEFICIENT`, and the shortest answer, when the columns are dependent.

    Raises:
        StreamError: rows that cannot be summed, with what has been.
        DataError: no rows, or none with a weight above 0.
        DtypeError: `source` cannot be iterated, or `start` is not `Statistics`.
        RangeError: `missing` is neither of the two.
        MissingError: `progress` without tqdm.

    An interruption carries what has been summed, as in `accumulate`.

    Examples:
        >>> import torch
        >>> from linreg import simulate
        >>> generator = torch.Generator().manual_seed(0)
        >>> fit_stream(simulate(100, noise=0, generator=generator) for _ in range(1000))
        Fit(w=[-1, 1], b=2, status='ok', method='cholesky')
    """
    run = _run(source, frequency, missing, start)
    return _summed(run, progress, lambda sums: solve_statistics(sums, intercept=intercept))


@plain
def accumulate(
    source: Source,
    *,
    frequency: bool = False,
    missing: str = "error",
    start: Statistics | None = None,
    progress: bool = False,
) -> Statistics:
    r"""Sum up all rows of a source in one pass.

    A block that cannot be summed stops the pass with a `StreamError`, never with wrong sums. Its `statistics`
    are those of all rows before its `row`. Once the cause is removed, go on from there:
    `accumulate(blocks(path, target=..., start=error.row), start=error.statistics)` gives what one pass would
    have given. To skip the row instead, start at `error.row + 1`.

    Ctrl-C loses nothing either. The `KeyboardInterrupt` gets the same two attributes, and so does any other
    exception that ends the pass from outside, such as the `SystemExit` of a signal's handler: after
    `except KeyboardInterrupt as stop`, go on from `stop.row` with `start=stop.statistics`. In a notebook,
    which catches it, it is `sys.last_value`.

    Cost: n d^2 operations; one block and (d + 2)^2 numbers of memory.

    Args:
        source: pairs of `X` (m, d) and `y` (m,), all of one d, or triples with weights (m,).
        frequency: weights are whole numbers and count rows, as for `Statistics.update`.
        missing: what to do with rows that have NaN, or nothing, as an entry or weight: stop with an "error",
            or "drop" them; the sums count them in `dropped`.
        start: sums to add to; left as they are.
        progress: show a progress bar (needs tqdm).

    Returns:
        The sums, those of `start` included.

    Raises:
        StreamError: missing or infinite entries, weights that are not valid, blocks that do not fit together,
            damaged files, or an error of the source itself.
        DataError: no rows, or none with a weight above 0.
        DtypeError: `source` cannot be iterated, or `start` is not `Statistics`.
        RangeError: `missing` is neither of the two.
        MissingError: `progress` without tqdm.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., torch.nan])
        >>> try:
        ...     accumulate([(X[:2], y[:2]), (X[2:], y[2:])])
        ... except StreamError as error:
        ...     print(error)
        ...     sums = error.statistics
        `source` must be finite; the target is missing in row 2. Correct it, or go on without: missing="drop".
        >>> accumulate([(torch.tensor([[2.]]), torch.tensor([5.]))], start=sums)
        Statistics(n=3, d=1)
        >>> accumulate([(X, y)], missing="drop")
        Statistics(n=2, d=1, dropped=1)
    """
    return _summed(_run(source, frequency, missing, start), progress, lambda sums: sums)


def _run(source: Source, frequency: bool, missing: str, start: Statistics | None) -> "_Run":
    """A pass that has not begun."""
    if start is not None and not isinstance(start, Statistics):
        raise DtypeError(
            f"`start` must be `Statistics`; got {type(start).__name__}. Pass `error.statistics`."
        )
    if not isinstance(source, Iterable):
        raise DtypeError(
            f"`source` must be an iterable of pairs (X, y); got {type(source).__name__}. "
            "For files use `blocks`, for tensors `solve`."
        )
    check_choice(missing, "missing", ("error", "drop"))
    return _Run(source, frequency, missing == "drop", start)


def _summed(run: "_Run", progress: bool, answer: Callable[[Statistics], T]) -> T:
    """What `answer` makes of the sums of all rows; an interruption on the way hands them back."""
    try:
        rows = run.source.rows if progress and isinstance(run.source, Blocks) else None
        with _bar(progress, rows and rows - run.row) as bar, closing(run.blocks()) as found:
            for block in found:
                run.add(*block)
                if bar is not None:
                    bar.update(len(block[1]))
        if run.sums is None or not run.sums.n:
            raise DataError(run.nothing())
        return answer(run.sums)
    except LinregError:
        raise
    except BaseException as stop:  # from outside: Ctrl-C, a signal, memory that ran out
        run.hand_back(stop)
        raise


class _Run:
    """A pass over a source: where it is, and the sums so far."""

    def __init__(self, source: Source, frequency: bool, drop: bool, start: Statistics | None) -> None:
        self.source, self.frequency, self.drop = source, frequency, drop
        first = source.start if isinstance(source, Blocks) else 0
        # The sums, and the next row: one value, so that no interruption comes between the two.
        self.done: tuple[Statistics | None, int] = None if start is None else start.copy(), first
        self.size = 3 if frequency else 0  # of a block, as soon as it is known

    @property
    def sums(self) -> Statistics | None:
        return self.done[0]

    @property
    def row(self) -> int:
        return self.done[1]

    def blocks(self) -> Generator[Sequence[Tensor], None, None]:
        try:
            for block in self.source:
                if not isinstance(block, (tuple, list)) or len(block) not in (2, 3):
                    raise self.stopped(
                        f"`source` must give pairs (X, y), or (X, y, weights); got {type(block).__name__}. "
                        "For files use `blocks`, for tensors [(X, y)]."
                    )
                self._check_size(len(block))
                yield block
        except StreamError as error:
            error.statistics = self.sums
            raise
        except Exception as error:
            raise self.stopped(
                f"`source` must not fail; it raised {type(error).__name__}: {error}."
            ) from error

    def _check_size(self, size: int) -> None:
        """Require weights of all blocks or of none."""
        self.size = self.size or size
        if size != self.size:
            rule = "where `frequency=True`" if self.frequency else "as at first"
            cure = "Weights that count all rows alike are torch.ones_like(y)."
            if isinstance(self.source, Blocks):
                cure = "Name their column: blocks(..., weights=...)."
            raise self.stopped(
                f"`source` must give {('(X, y)', '(X, y, weights)')[self.size - 2]} each time, {rule}; "
                f"got {size} in a block. {cure}"
            )

    def add(self, X: Tensor, y: Tensor, weights: Tensor | None = None) -> None:
        try:
            X, y = check_Xy(X, y, finite=False)
            c = check_weights_fit(y, weights) if self.size == 3 else None
            old, row = self.done
            sums = Statistics(X.shape[1], device=X.device) if old is None else old
            # Others than the old, but the same numbers until `update` replaces them.
            there = ~_missing(X, y, c) if self.drop else None
            if there is None or bool(there.all()):
                sums = sums.holding(sums.held)
                sums.update(X, y, weights=weights, frequency=self.frequency)
            else:
                kept = int(there.sum())
                sums = sums.holding(sums.held._replace(dropped=sums.dropped + len(y) - kept))
                if kept:
                    some = None if weights is None else weights[there]
                    sums.update(X[there], y[there], weights=some, frequency=self.frequency)
        except LinregError as error:
            if isinstance(error, DataError) and len(X):
                self._add_before_fault(X, y, weights)
            raise self.stopped(f"{error}") from error
        self.done = sums, row + len(y)

    def _add_before_fault(self, X: Tensor, y: Tensor, weights: Tensor | None) -> None:
        """Add the rows before the first that cannot be summed, and stop there, if there is one."""
        entries = torch.column_stack((X, y) if weights is None else (X, y, weights))
        bad = ~entries.isfinite().all(1)
        if weights is not None:
            bad |= unusable(weights.double(), frequency=self.frequency)
        if self.drop:
            bad &= ~entries.isnan().any(1)
        if not bool(bad.any()):
            return
        row = int(bad.nonzero()[0])
        if row:
            self.add(X[:row], y[:row], None if weights is None else weights[:row])
        raise self.stopped(self._fault(entries[row].tolist(), X.shape[1]))

    def _fault(self, entries: list[float], d: int) -> str:
        """What is wrong with the row at hand."""
        j = next((j for j, entry in enumerate(entries) if not math.isfinite(entry)), d + 1)
        rule, cure = "`source` must be finite", "Correct or skip that row, then go on from there."
        what = f"{entries[j]}"
        if math.isnan(entries[j]):
            what, cure = "missing", 'Correct it, or go on without: missing="drop".'
        elif math.isfinite(entries[j]):
            rule, cure = rule_of_weights(entries[j])
            rule, what = f"`weights` must be {rule}", f"{entries[j]:.4g}"
        return f"{rule}; {self._column(j, d)} is {what} in {self._place()}. {cure}"

    def _column(self, j: int, d: int) -> str:
        if isinstance(self.source, Blocks):
            return f"column {self.source.columns[j]!r}"
        return f"feature {j}" if j < d else ("the target", "the weight")[j - d]

    def _place(self) -> str:
        if not isinstance(self.source, Blocks):
            return f"row {self.row}"
        path, row = self.source.place(self.row)
        return f"row {row} of {path!r}"

    def nothing(self) -> str:
        """What to say where there is nothing to answer with."""
        which = ""
        if self.sums and self.size == 3:
            which = " with a weight above 0" + " and nothing missing" * bool(self.sums.dropped)
        elif self.sums:
            which = f" without missing entries among {self.sums.dropped}"
        return f"`source` must have at least one row{which}; it has none. Check the filter or the files."

    def hand_back(self, stop: BaseException) -> None:
        """Let an exception that is not ours carry what a `StreamError` does."""
        stop.statistics, stop.row = self.done  # type: ignore[attr-defined]
        if self.sums is not None:
            stop.add_note(
                f"`accumulate` stopped before row {self.row}; the rows before it are summed. Catch this "
                "exception as `stop`, and go on from `stop.row` with `start=stop.statistics`."
            )

    def stopped(self, message: str) -> StreamError:
        path = self.source.place(self.row)[0] if isinstance(self.source, Blocks) else None
        error = StreamError(message, self.row, path)
        error.statistics = self.sums
        return error


def _missing(X: Tensor, y: Tensor, c: Tensor | None) -> Tensor:
    """(m,) whether an entry of the row, or its weight, is not there."""
    missing = X.isnan().any(1) | y.isnan()
    return missing if c is None else missing | c.isnan()


def _bar(show: bool, rows: int | None) -> AbstractContextManager[Any]:
    if not show:
        return nullcontext()
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise MissingError("`progress=True` needs tqdm. Install it: pip install tqdm") from error
    bar: AbstractContextManager[Any] = tqdm(total=rows, unit="row", unit_scale=True)
    return bar
