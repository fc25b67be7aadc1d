"""The results as tables on the terminal."""

from collections.abc import Mapping
from typing import Any


def tables(results: Mapping[str, Any]) -> str:
    """Every part that has been measured."""
    lines = [" ".join(f"{key} {value}" for key, value in results["machine"].items())]
    for name, part in results["parts"].items():
        when = f"{part['measured']}, load {part['load'][0]} to {part['load'][1]}, {part['took_seconds']} s"
        lines += ["", f"{name} ({when})"]
        if name in ("exact", "pair", "ill"):
            lines += times(part["cells"])
        elif name == "busy":
            lines += busy(part)
        elif name == "nist":
            lines += nist(part)
        elif name == "inference":
            lines += inference(part["tasks"])
        elif name in ("memory", "class_memory"):
            lines += memory(part["cells"])
        else:
            lines += facts(part)
    return "\n".join(lines)


def times(cells: list[Mapping[str, Any]]) -> list[str]:
    """Time over scikit-learn's, and digits."""
    names = list(dict.fromkeys(name for cell in cells for name in cell["solvers"]))
    rows = [f"{'':24}" + "".join(f"{name[:13]:>15}" for name in names)]
    for cell in cells:
        anchor = cell["solvers"]["scikit-learn"]["seconds"]
        row = f"{cell['name']:24.24}"
        for name in names:
            entry = cell["solvers"].get(name, {"error": "-"})
            row += f"{pair(entry, anchor):>15}"
        rows.append(row)
    return rows


def pair(entry: Mapping[str, Any], anchor: float) -> str:
    if "error" in entry:
        return "failed"
    digits = "" if entry["digits"] is None else f"{entry['digits']:4.1f}d"
    return f"{entry['seconds'] / anchor:.3f} {digits:5}"


def busy(part: Mapping[str, Any]) -> list[str]:
    """Two threads over one."""
    quiet = part["settings"]["quiet_before"]
    states = ("idle cores" if quiet else "others at work", "one busy core")
    rows = [f"{'two threads / one thread':24}" + "".join(f"{state:>48}" for state in states)]
    for cell in part["cells"]:
        found = [task for state in ("idle", "busy") for task in cell[state].items()]
        rows.append(f"{cell['name']:24}" + "".join(f"{name:>8}{task['ratio']:4.2f}" for name, task in found))
    return rows


def nist(part: Mapping[str, Any]) -> list[str]:
    rows = [f"{'':32}" + "".join(f"{name:>10}" for name in part["problems"])]
    for solver, digits in part["digits"].items():
        rows.append(f"{solver:32}" + "".join(f"{shown(digits[p]):>10}" for p in part["problems"]))
    return rows


def memory(cells: list[Mapping[str, Any]]) -> list[str]:
    rows = [f"{'MB beyond X':24}" + "".join(f"{name[:13]:>15}" for name in cells[0]["extra_mb"])]
    for cell in cells:
        extra = "".join(f"{value:15.1f}" for value in cell["extra_mb"].values())
        rows.append(f"{cell['name']:24}{extra}")
    return rows


def inference(tasks: list[Mapping[str, Any]]) -> list[str]:
    rows = []
    for task in tasks:
        rows.append(f"{task['name']:28}{task['cell']:22}{task['ratio']:8.3f} of {task['peer']}")
        rows += [f"    {way:24}{1e3 * seconds:10.1f} ms" for way, seconds in task["seconds"].items()]
    return rows


def facts(part: Any, indent: str = "  ") -> list[str]:
    """Whatever else there is, a line each."""
    rows = []
    for key, value in part.items():
        if key in ("measured", "load", "took_seconds", "linreg", "versions", "solvers"):
            continue
        items = value if isinstance(value, list) else [value]
        if all(isinstance(item, Mapping) for item in items):
            for item in items:
                rows += [f"{indent}{key}", *facts(item, indent + "  ")]
        else:
            rows.append(f"{indent}{key}: {value}")
    return rows


def shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
