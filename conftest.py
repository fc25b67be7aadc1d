"""Pages, README and docstrings are tests too, whichever of them pytest is asked for."""

pytest_plugins = ["page_checks"]
