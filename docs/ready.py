"""Whether `make` can do what it was asked to, told in one line where it cannot; any Python runs this.

ready.py serve PORT  the folder can be written and the port is free
ready.py log FILE    why pip could not install, from what it said
"""

import errno
import os
import socket
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OFFLINE = ("after connection broken", "NewConnectionError", "Could not fetch URL", "Network is unreachable")


def folder(root):
    """What is wrong with the folder, or nothing."""
    if os.access(root, os.W_OK):
        return None
    return f"The folder {root} cannot be written. Copy the book to one of yours, and call make there."


def port(text):
    """What is wrong with the port, or nothing."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        return f"PORT must be a number from 1 to 65535; got {text!r}. For example: make serve PORT=8001"
    number = bound(int(text))
    if number is None:
        return None
    free = next(other for other in range(8001, 65536) if bound(other) is None)
    why = "another program has it" if number == errno.EADDRINUSE else os.strerror(number).lower()
    return f"Port {text} of this machine cannot be used: {why}. Take another: make serve PORT={free}"


def bound(number):
    """The error of a server that would listen at a port, as MkDocs does, or nothing."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", number))
            server.listen()
        except OSError as error:
            return error.errno
    return None


def log(path):
    """Why pip failed."""
    with open(path, errors="replace") as file:
        said = file.read()
    if any(words in said for words in OFFLINE):
        return f"The packages are not installed: no package index answers. Connect, and repeat (see {path})."
    last = ["pip said nothing", *filter(None, map(str.strip, said.splitlines()))][-1]
    return f"The packages are not installed: {last} (see {path})"


if __name__ == "__main__":
    wrong = log(sys.argv[2]) if sys.argv[1] == "log" else folder(ROOT) or port(sys.argv[2])
    if wrong:
        sys.exit(wrong)
