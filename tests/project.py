"""Where the project lies that the tests prove."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
