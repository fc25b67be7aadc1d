"""The engine at the command line: `python docs/hooks update`, or another of `COMMANDS`, and paths."""

import sys
from importlib import import_module

COMMANDS = {
    "update": "prove.update",
    "mutate": "prove.mutate",
    "census": "prove.census",
    "translate": "translate.command",
    "editions": "translate.together",
}

if __name__ == "__main__":
    command, *arguments = sys.argv[1:] or [""]
    if command not in COMMANDS:
        sys.exit(f"python docs/hooks {'|'.join(COMMANDS)} [paths]")
    sys.exit(import_module(f"book.{COMMANDS[command]}").main(arguments))
