"""Do the tests notice a slip of the hand? `make mutate-code` changes `linreg` at random and counts.

Each mutant is written into a copy of the project, and the tests that belong to its module run there until
the first one fails. One that survives is either a gap in the tests or changes nothing that anybody could
see; those of the second kind are listed in `equivalent.txt` with the reason, and are not counted. Each run
is forked from one process that has imported torch and all else that takes long, but not `linreg`.

With `--remember` the test that failed is written to `noticed.txt`: the next run asks it first, and the others
where it passes. So the list saves time, and has no part in what counts as noticed.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from mutants import Mutant, mutants

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
NOTICED = Path(__file__).with_name("noticed.txt")
LEAST = 0.95  # of the mutants of each module must be noticed
# Modules whose tests are not all in the file of the same name, in reading order; the quick ones first.
TESTS = {
    "errors": ("arguments", "faults"),
    "checks": ("arguments", "faults", "weights"),
    "settings": ("arguments", "faults"),
    "weights": ("weights", "weighted"),
    "result": ("result", "accuracy"),
    "keep": ("statistics", "result", "faults"),
    "ring": ("ranks",),
    "basics.products": ("products", "statistics", "workers", "solve", "loss", "weights"),
    "basics.loss": ("loss", "descent", "weights"),
    "basics.held": ("statistics", "accuracy", "weights"),
    "basics.merging": ("ranks", "class_ranks"),
    "basics.told": ("statistics", "objective", "accuracy"),
    "basics.statistics": ("statistics", "objective", "accuracy", "weights"),
    "closed_form.columns": ("columns", "textbook", "accuracy", "certified", "weights"),
    "closed_form.triangle": ("triangle", "textbook"),
    "closed_form.textbook": ("textbook", "accuracy"),
    "closed_form.doubled.residual": ("residual", "certified", "weights"),
    "closed_form.doubled.refinement": ("certified", "solve", "weights"),
    "closed_form.doubled.deviation": ("certified", "nist", "weights"),
    "closed_form.certified": ("certified", "nist", "weights"),
    "closed_form.from_sums": ("statistics", "accuracy", "shortest", "solve"),
    "closed_form.rows": ("solve", "brief", "shortest", "weights"),
    "closed_form.ordinary": ("ordinary", "solve", "weights"),
    "closed_form.brief": ("brief",),
    "closed_form.solve": ("solve", "shortest", "accuracy", "properties", "weights"),
    "basics.objective": ("objective", "descent"),
    "descent.krylov": ("krylov", "wide"),
    "descent.wide": ("wide", "noise"),
    "descent.bowl": ("bowl", "forecast", "noise"),
    "descent.curvature": ("forecast", "descent"),
    "descent.modes": ("modes", "forecast", "accelerated"),
    "descent.forecast": ("forecast", "modes", "descent"),
    "descent.steps": ("descent", "modes"),
    "descent.loop": ("descent", "wide", "adam"),
    "descent.full_batch": ("descent", "adam", "wide", "second_order"),
    "descent.verdict": ("descent", "accelerated", "wide"),
    "descent.gradient": ("descent", "wide"),
    "descent.noise": ("noise", "wide"),
    "descent.batches": ("descent", "wide"),
    "inference.distributions": ("inference", "record", "assumptions"),
    "inference.design": ("inference", "facts", "influence"),
    "inference.passes": ("inference", "influence", "facts"),
    "inference.fitted": ("inference", "facts", "influence", "bootstrap"),
    "inference.robust_errors": ("inference", "facts"),
    "inference.facts": ("facts", "inference"),
    "inference.table": ("table", "record", "bootstrap"),
    "inference.record": ("record", "inference", "facts"),
    "inference.inference": ("inference", "facts", "record"),
    "inference.from_sums": ("inference", "blocks"),
    "inference.one_out": ("influence", "blocks"),
    "inference.influence": ("influence", "blocks"),
    "inference.folds": ("validation", "path_validation"),
    "generalised.robust.m_estimates": ("robust",),
    "generalised.robust.scale": ("scale", "robust"),
    "generalised.robust.sample": ("robust", "subsample", "absolute"),
    "generalised.robust.robust_fit": ("robust", "absolute", "subsample"),
    "generalised.robust.reweighting": ("robust",),
    "generalised.robust.subsample": ("subsample",),
    "generalised.penalised.path": ("ridge", "lasso"),
    "generalised.penalised.problem": ("ridge", "lasso"),
    "generalised.penalised.penalised_rows": ("ridge", "lasso"),
    "generalised.penalised.free": ("ridge", "lasso"),
    "generalised.penalised.homotopy": ("lasso",),
    "generalised.penalised.homotopy_rows": ("lasso",),
    "generalised.penalised.quadratic": ("lasso",),
    "generalised.penalised.lasso_solver": ("lasso",),
    "generalised.penalised.lasso_along": ("lasso",),
    "generalised.penalised.ridge_solver": ("ridge",),
    "generalised.penalised.ridge_wide": ("ridge",),
    "generalised.penalised.ridge_left_out": ("ridge",),
    "generalised.penalised.ridge_along": ("ridge",),
    "generalised.classes.log_loss": ("log_loss", "softmax"),
    "generalised.classes.likelihood": ("likelihood", "logistic", "softmax"),
    "generalised.classes.separation": ("separation", "logistic", "softmax"),
    "generalised.classes.newton": ("logistic", "separation", "softmax"),
    "generalised.classes.targets": ("targets", "logistic", "softmax"),
    "generalised.classes.frame": ("frame", "logistic", "softmax"),
    "generalised.classes.class_passes": ("class_passes", "class_sample"),
    "generalised.classes.class_problem": ("logistic", "softmax", "separation", "class_sample"),
    "generalised.classes.class_fit": ("logistic", "softmax"),
    "generalised.classes.class_inference": ("class_inference", "class_sample"),
    "generalised.classes.logistic": ("logistic", "targets", "separation"),
    "generalised.classes.softmax": ("softmax", "targets", "separation"),
    "generalised.classes.class_stream": ("class_stream", "class_ranks"),
    "generalised.classes.class_record": ("class_inference",),
    "streaming.kinds": ("cures", "files"),
    "streaming.cures": ("cures", "files"),
    "streaming.chosen": ("cures", "files", "stream", "weighted"),
    "streaming.npy": ("stream", "files"),
    "streaming.tables": ("stream", "files"),
    "streaming.delimited": ("files", "cures", "stream"),
    "streaming.folders": ("files", "stream"),
    "streaming.ahead": ("stream", "files"),
    "streaming.files": ("files", "stream", "weighted", "cures"),
    "streaming.stream": ("stream", "weighted", "files", "faults"),
    "plot.axes": ("plot",),
    "plot.data": ("plot",),
    "plot.descent": ("plot",),
    "plot.generalised": ("plot",),
    "plot.inference": ("plot",),
}
THREADED = {"workers"}  # whose tests are of several threads: no number that was set is passed on to them
# Tests of all modules in which this is written.
SHARED = {
    "@plain": "test_ambient.py::test_no_public_function_is_forgotten",
    "@alone": "test_workers.py::test_the_number_of_threads_changes_no_bit",
    "check_": "test_arguments.py",
    "intercept: bool = True": "test_borders.py::test_an_argument_has_one_default",
    "@dataclass(": "test_result.py::test_so_is_every_other",
}
SLOW_TO_IMPORT = (
    "torch", "numpy", "hypothesis", "pytest", "pandas", "pyarrow.csv", "pyarrow.parquet", "matplotlib.pyplot",
    "sklearn.linear_model", "statsmodels.api", "filelock",
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One run of the tests of a module: with a mutant, or without one to see that they pass."""

    module: str
    mutant: Mutant | None
    limit: float  # seconds after which a run counts as hanging, which is noticed too


@dataclass(frozen=True)
class Outcome:
    task: Task
    noticed: bool
    seconds: float
    by: str = ""  # the test that failed first


def path_of(module: str) -> str:
    """The file of a module that is named as in `linreg.MODULE`."""
    return f"linreg/{module.replace('.', '/')}.py"


def all_modules(root: Path = ROOT) -> list[str]:
    """Those that hold code; the `__init__` files only bring names together."""
    found = [path.relative_to(root / "linreg") for path in (root / "linreg").rglob("*.py")]
    return sorted(".".join(path.with_suffix("").parts) for path in found if path.stem != "__init__")


def files_of(module: str, root: Path = ROOT) -> list[str]:
    """The files whose tests belong to a module, the examples in its docstrings first."""
    source = (root / path_of(module)).read_text()
    names = [f"test_{name}.py" for name in TESTS.get(module, (module.rpartition(".")[2],))]
    names += [test for written, test in SHARED.items() if written in source]
    return [path_of(module), *(place(name, root) for name in dict.fromkeys(names))]


def place(name: str, root: Path = ROOT) -> str:
    """Where a file of tests of the package lies, of which a test may be named too: `FILE` or `FILE::TEST`."""
    file, colons, test = name.partition("::")
    (path,) = (root / "tests" / "package").rglob(file)
    return f"{path.relative_to(root).as_posix()}{colons}{test}"


def choose(root: Path, modules: Sequence[str], n: int, seed: int, each: bool) -> list[tuple[str, Mutant]]:
    """`n` mutants of all the modules together, or of each, none of them known to be equivalent.

    Each has a number of its own, from its text, and the smallest are taken: a change of one module leaves the
    choice from the others as it was.
    """
    known = equivalents()
    pools = [
        [(module, m) for m in mutants((root / path_of(module)).read_text())
         if (module, m.before, m.after) not in known]
        for module in modules
    ]  # fmt: skip
    if not each:
        pools = [[pair for pool in pools for pair in pool]]

    def number(pair: tuple[str, Mutant]) -> bytes:
        module, m = pair
        return sha256(f"{seed} {module} {m.before} {m.after}".encode()).digest()

    return [pair for pool in pools for pair in sorted(pool, key=number)[:n]]


def equivalents(text: str | None = None) -> dict[tuple[str, str, str], str]:
    """What `equivalent.txt` lists: module, line and changed line, with the reason."""
    found: dict[tuple[str, str, str], str] = {}
    text = EQUIVALENT.read_text() if text is None else text
    for entry in text.split("\n\n"):
        lines = [line for line in entry.strip().splitlines() if not line.startswith("#")]
        if not lines:
            continue
        module, before, after, reason = lines
        found[module, before.removeprefix("- "), after.removeprefix("+ ")] = reason
    return found


def noticed_by() -> dict[tuple[str, str, str], str]:
    """What `noticed.txt` lists: module, line and changed line, with the test that failed last time."""
    entries = [entry.splitlines() for entry in NOTICED.read_text().split("\n\n") if entry.strip()]
    return {(module, before, after): test for module, before, after, test in entries}


def remember(outcomes: Sequence[Outcome]) -> None:
    """Write that list anew."""
    entries = [
        "\n".join((o.task.module, o.task.mutant.before, o.task.mutant.after, o.by))
        for o in outcomes if o.task.mutant and o.by
    ]  # fmt: skip
    NOTICED.write_text("\n\n".join(sorted(entries)) + "\n")


def stale(root: Path = ROOT) -> list[str]:
    """Entries of the list that fit no mutant any more."""
    known = equivalents()
    made = {
        (module, m.before, m.after)
        for module in {module for module, _, _ in known}
        for m in mutants((root / path_of(module)).read_text())
    }
    return [f"{module}: {before}" for module, before, after in known if (module, before, after) not in made]


def run(tasks: Sequence[Task], jobs: int) -> Iterator[Outcome]:
    """The outcome of each task, as they end; `jobs` at a time, each in a copy of the project."""
    for name in SLOW_TO_IMPORT:
        __import__(name)
    with TemporaryDirectory() as folder:
        whole = {module: (ROOT / path_of(module)).read_text() for module in all_modules()}
        free = [_copy(Path(folder) / str(i)) for i in range(jobs)]
        if (ROOT.parent / "shared").exists():  # certified data, where a checkout has them beside it
            (Path(folder) / "shared").symlink_to(ROOT.parent / "shared")
        known = noticed_by()
        running: dict[int, tuple[Task, Path, float]] = {}
        waiting = list(tasks)[::-1]
        while waiting or running:
            while waiting and free:
                task, tree = waiting.pop(), free.pop()
                m = task.mutant
                first = known.get((task.module, m.before, m.after), "") if m else ""
                running[_start(task, tree, first)] = task, tree, time.monotonic()
            for pid, (task, tree, begun) in list(running.items()):
                seconds = time.monotonic() - begun
                ended, status = os.waitpid(pid, os.WNOHANG)
                if not ended and seconds > task.limit:
                    os.killpg(pid, signal.SIGKILL)
                    ended, status = os.waitpid(pid, 0)
                if ended:
                    del running[pid]
                    (tree / path_of(task.module)).write_text(whole[task.module])
                    free.append(tree)
                    failed = re.search(r"^FAILED (.+?)(?: - .*)?$", Path(f"{tree}.log").read_text(), re.M)
                    by = failed[1] if failed else ""
                    yield Outcome(task, os.waitstatus_to_exitcode(status) != 0, seconds, by)
            time.sleep(0.02)


def _copy(tree: Path) -> Path:
    """The files that git would commit, in a folder of their own."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    return tree


def _start(task: Task, tree: Path, first: str) -> int:
    """Run the tests in a child of this process, in the tree, its output in a file beside it.

    `first` is a test to ask before them; whatever else than a failure comes of it, they are asked.
    """
    if task.mutant:
        (tree / path_of(task.module)).write_text(task.mutant.source)
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setpgid(0, 0)
        os.chdir(tree)
        log = os.open(f"{tree}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.dont_write_bytecode = (
            True  # or a mutant of the same second and size would be read as the last one
        )
        os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
        if task.module in THREADED:
            del os.environ["OMP_NUM_THREADS"]
            sys.modules["torch"].set_num_threads(max(os.cpu_count() or 1, 2))
        sys.path[:] = [str(tree), *(p for p in sys.path if Path(p).resolve() not in (ROOT, ROOT / "tests"))]
        for name in [n for n in sys.modules if n.partition(".")[0] in ("linreg", "tests")]:
            del sys.modules[name]
        import pytest

        quiet = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0"]
        quiet.append(f"--rootdir={tree}")
        if first and pytest.main([*quiet, first]) == pytest.ExitCode.TESTS_FAILED:
            os._exit(1)
        os._exit(int(pytest.main([*quiet, *files_of(task.module)])))
    finally:
        os._exit(99)


def table(outcomes: Sequence[Outcome]) -> str:
    """How many of each module were made and noticed."""
    lines = [f"{'module':<32}{'made':>8}{'noticed':>10}{'share':>8}"]
    for module in [*sorted({o.task.module for o in outcomes}), "all"]:
        some = [o for o in outcomes if module in (o.task.module, "all")]
        noticed = sum(o.noticed for o in some)
        lines.append(f"{module:<32}{len(some):>8}{noticed:>10}{noticed / len(some):>8.1%}")
    return "\n".join(lines)


def main() -> int:
    """Reports the survivors and the shares; fails where a module's tests notice too little."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=40, help="how many mutants of each module")
    parser.add_argument("--total", type=int, help="how many of all modules together, instead, and no more")
    parser.add_argument("--limit", type=float, default=120, help="seconds of a run of --total, then it hangs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--remember", action="store_true", help="write which test noticed each of these")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("modules", nargs="*", help="such as loss or basics.loss; default: all")
    options = parser.parse_args()
    modules = [
        module for module in all_modules()
        if not options.modules or {module, module.rpartition(".")[2]} & {*options.modules}
    ]  # fmt: skip
    for unknown in {*options.modules} - {*all_modules()} - {m.rpartition(".")[2] for m in all_modules()}:
        parser.error(f"there is no module {unknown} in linreg; name it as in linreg.MODULE, or its last part")
    for entry in stale():
        print(f"STALE in {EQUIVALENT.name}: {entry}")
    n, each = (options.n, True) if options.total is None else (options.total, False)
    chosen = choose(ROOT, modules, n, options.seed, each)
    modules = sorted({module for module, _ in chosen})
    limits = dict.fromkeys(modules, options.limit)
    unchanged = [] if options.total else [Task(module, None, 900) for module in modules]
    for whole in run(unchanged, options.jobs):
        if whole.noticed:
            which = whole.by or f"{' '.join(files_of(whole.task.module))}, after {whole.seconds:.0f} seconds"
            print(f"The tests of {whole.task.module} fail as it stands: {which}")
            return 1
        limits[whole.task.module] = 20 + 4 * whole.seconds
    outcomes = []
    for outcome in run([Task(module, m, limits[module]) for module, m in chosen], options.jobs):
        outcomes.append(outcome)
        if not outcome.noticed:
            print(f"SURVIVED {path_of(outcome.task.module)}, {outcome.task.mutant}", flush=True)
    if options.remember:
        remember(outcomes)
    print(table(outcomes))
    shares = [[o.noticed for o in outcomes if o.task.module == module] for module in modules]
    return int(any(sum(some) < LEAST * len(some) for some in shares))


if __name__ == "__main__":
    sys.exit(main())
