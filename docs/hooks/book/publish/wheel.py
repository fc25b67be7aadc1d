"""The `linreg` that the pages run with and the site serves."""

import os
import tomllib
from contextlib import chdir
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

WHEELS = Path(".cache/wheels")
EPOCH = "315532800"  # 1980-01-01, the first date that a zip can hold


def build(root: Path) -> Path:
    """Build the wheel, once for each state of its sources and with equal bytes from equal sources."""
    parts = [root / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    parts += sorted((root / "linreg").rglob("*.py"))
    state = sha256(b"".join(str(path.relative_to(root)).encode() + path.read_bytes() for path in parts))
    home = WHEELS / state.hexdigest()[:16]
    if not home.exists():
        backend = tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["build-backend"]
        WHEELS.mkdir(parents=True, exist_ok=True)
        draft = mkdtemp(dir=WHEELS.resolve())
        with chdir(root), patch.dict(os.environ, SOURCE_DATE_EPOCH=EPOCH):
            import_module(backend).build_wheel(draft)
        os.replace(draft, home)  # at once: another build may be looking
    (built,) = home.glob("*.whl")
    return built


def install_line(site_url: str, wheel: Path) -> str:
    """`[book]` brings what the pages import: matplotlib, and the libraries that a page says it needs."""
    return f'```sh\npip install "linreg-book[book] @ {site_url.rstrip("/")}/{wheel.name}"\n```'
