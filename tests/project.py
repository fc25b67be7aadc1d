"""Where the project lies that the tests prove."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
WHOLE = os.environ.get("WHOLE") == "1"  # `make sweep` runs all of what `make test` samples
