"""Measure: `python tests/bench/run.py`, or a part of it with `--only exact memory`.

Each part runs in a process of its own, whose environment sets the number of threads before anything is
imported. Its results replace those of the part in the file, and nothing else does: a run can be stopped and
taken up with the parts that are missing.
"""

import argparse
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path[0] = str(Path(__file__).parents[1])  # instead of this folder: the modules are those of `bench`

from bench import child, results, show  # noqa: E402
from bench.threads import cores  # noqa: E402

# Name of a part: its module, and the threads that it computes with.
PARTS = {
    "busy": ("busy", 2),  # first: the load that it finds is then nobody's who measured before
    "exact": ("exact", 1),
    "pair": ("exact", 2),
    "ill": ("ill", 1),
    "nist": ("nist", 1),
    "memory": ("memory", 1),
    "startup": ("startup", 1),
    "epochs": ("epochs", 1),
    "inference": ("inference", 1),
    "robust": ("robust", 1),
    "penalised": ("penalised", 1),
    "classes": ("classes", 1),
    "class_memory": ("class_memory", 1),
    "streaming": ("streaming", 2),
    "ranks": ("ranks", 2),
    "growth": ("growth", 2),
}


def main() -> None:
    """All parts that are asked for, the file after each, the tables at the end."""
    arguments = parsed()
    if arguments.order:
        child.obey(arguments.order)
        return
    path = arguments.results or (results.QUICK if arguments.quick else results.PAGE)
    for name in arguments.only or PARTS:
        print(name, flush=True)
        before, start = os.getloadavg(), perf_counter()
        part = measured(name, arguments)
        if part is None:
            print("  not measured; what the file says of it stays", flush=True)
            continue
        known = results.load(path)
        known["parts"][name] = results.stamp(part, perf_counter() - start, before)
        known["parts"] = {key: known["parts"][key] for key in PARTS if key in known["parts"]}
        results.save(path, known)
    print(f"\n{show.tables(results.load(path))}\n\nIn {path}.")


def measured(name: str, arguments: argparse.Namespace) -> dict[str, Any] | None:
    """The part, from a process with its threads."""
    module, threads = PARTS[name]
    options: dict[str, Any] = {"quick": arguments.quick}
    if name == "pair":
        options["pair"] = True
    if module in ("exact", "ill"):
        options["hasty"] = arguments.hasty
    if name == "streaming":
        options |= {"gigabytes": arguments.gigabytes, "folder": arguments.folder}
    # Two processes that share a core when others use the machine are no measurement: quick runs go anywhere.
    pinned = None if arguments.quick or name in ("streaming", "ranks") else cores(threads)
    try:
        found: dict[str, Any] | None = child.call(
            f"{module}.measure", threads=threads, cores=pinned, **options
        )
    except RuntimeError as error:
        print(f"  FAILED: {error}", flush=True)
        return None
    return found


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure linreg and its peers.")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="small cells, few rounds, another file")
    parser.add_argument("--hasty", action="store_true", help="all cells, hardly repeated")
    parser.add_argument("--gigabytes", type=float, default=6.0, help="size of the file that is streamed")
    parser.add_argument("--folder", help="where that file goes; a temporary folder by default")
    parser.add_argument("--results", type=Path, help="the file to write")
    parser.add_argument("--order", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
