"""Two processes that run one program of the tests together, as ranks, and what they have told."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from project import ROOT


def both_ranks(program: str, folder: Path) -> tuple[list[dict[str, Any]], list[int], str]:
    """What each printed, lines of JSON; how each ended; and what they said on standard error."""
    ranks = [
        subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / program), str(rank), str(folder)],
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    try:
        ends = [rank.communicate(timeout=300) for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    told = [{k: v for line in out.splitlines() for k, v in json.loads(line).items()} for out, _ in ends]
    return told, [rank.returncode for rank in ranks], ends[0][1] + ends[1][1]
