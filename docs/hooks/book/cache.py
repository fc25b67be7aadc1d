"""Write a file of a cache whole or not at all: another build may be reading it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write(path: Path, content: str | bytes) -> None:
    """What stands at `path` is the old content until it is the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(path)


def kept(path: Path, maker: str) -> dict[str, Any]:
    """The entries that other builds have kept there; none if another maker made them."""
    stored = json.loads(path.read_text()) if path.exists() else {}
    return dict(stored["entries"]) if stored.get("maker") == maker else {}


def keep(path: Path, maker: str, entries: Mapping[str, Any]) -> None:
    """Keep entries for the next build, with those of a build that ended meanwhile."""
    whole = {**kept(path, maker), **entries}
    write(path, json.dumps({"maker": maker, "entries": whole}, ensure_ascii=False))
