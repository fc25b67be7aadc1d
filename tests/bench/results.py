"""The file of results: one entry a part, each with when it was measured and how busy the machine was."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.machine import ROOT, commit, machine, versions

PAGE = ROOT / "docs" / "en" / "about" / "benchmarks.json"
QUICK = ROOT / ".cache" / "benchmarks-quick.json"


def load(path: Path) -> dict[str, Any]:
    """What is there, if it is of this machine: the results of two machines do not belong into one table."""
    fresh = {"machine": machine(), "parts": {}}
    if not path.exists():
        return fresh
    known = json.loads(path.read_text())
    if known["machine"] != fresh["machine"]:
        print(f"{path.name} is of another machine; its results are left out.")
        return fresh
    return known


def stamp(part: Mapping[str, Any], seconds: float, before: tuple[float, ...]) -> dict[str, Any]:
    """A part with the circumstances of its measurement."""
    return {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load": [round(before[0], 2), round(os.getloadavg()[0], 2)],  # before and after, over a minute
        "took_seconds": round(seconds),
        "linreg": commit(),
        "versions": versions(),
        **part,
    }


def save(path: Path, results: Mapping[str, Any]) -> None:
    """Written whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
    draft.replace(path)
