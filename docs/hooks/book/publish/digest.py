"""Which sources and which wheel a site was made from, in numbers that a reader can compute again."""

from hashlib import sha256
from pathlib import Path

from book.words import say

DIGEST = "<!-- digest -->"  # alone on a line, where a page tells both
SOURCES = ("LICENSE", "README*.md", "docs", "linreg", "mkdocs*.yml", "pyproject.toml", "requirements.lock")


def sources(root: Path) -> str:
    """The digest of what `sha256sum` says of all sources, sorted by name."""
    tops = [top for pattern in SOURCES for top in root.glob(pattern)]
    names = {file.relative_to(root) for top in tops for file in (top, *top.rglob("*")) if file.is_file()}
    kept = sorted(name.as_posix() for name in names if not any("cache" in part for part in name.parent.parts))
    lines = "".join(f"{sha256((root / name).read_bytes()).hexdigest()}  {name}\n" for name in kept)
    return sha256(lines.encode()).hexdigest()


def as_markdown(root: Path, wheel: Path) -> str:
    """Both, as a page in a folder of the book shows them."""
    return f"""- {say("sources:")} `{sources(root)}`
- [{wheel.name}](../{wheel.name}) `{sha256(wheel.read_bytes()).hexdigest()}`"""
