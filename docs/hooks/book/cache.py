"""Write a file of a cache whole or not at all: another build may be reading it."""

import os
from pathlib import Path


def write(path: Path, content: str | bytes) -> None:
    """What stands at `path` is the old content until it is the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(path)
