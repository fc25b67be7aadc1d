"""What outlives a process: files that are whole or absent, and pickles that carry their numbers."""

import hashlib
import io
import os
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import torch

from linreg.errors import FileError
from linreg.settings import check_path

__all__ = ["ByValue", "read", "unreadable", "write"]

TITLE = b"linreg statistics 2\n"  # first line; then the SHA-256 of all that follows it, a line as well
FORMER = "linreg statistics 1"  # a bare file of torch.save, which has the checksums of a zip archive


class ByValue:
    """Pickled with its numbers.

    `multiprocessing` sends a bare tensor as a handle to memory of the sender. If that process has ended when
    the handle is opened, as the workers of `Pool(maxtasksperchild=1)` have, the pool waits for ever.
    """

    def __getstate__(self) -> bytes:
        state = io.BytesIO()
        torch.save(vars(self), state)
        return state.getvalue()

    def __setstate__(self, state: bytes) -> None:
        vars(self).update(torch.load(io.BytesIO(state), weights_only=False))  # as trusted as any pickle


def write(path: object, held: Mapping[str, Any]) -> None:
    """Write numbers and tensors to a file: afterwards it holds them all, or is what it was.

    They go to a file of their own beside it, which takes its place only when it is on the disk: a full disk,
    an interruption or a second process that writes the same `path` harms nothing.
    """
    path = check_path(path)
    content = io.BytesIO()
    torch.save(dict(held), content)
    digest = hashlib.sha256(content.getbuffer()).hexdigest()
    try:
        where = os.path.realpath(path)  # a link stays, and what it leads to is replaced
        if os.path.exists(where) and not os.path.isfile(where):
            raise OSError("it is a folder or a device")
        part = os.path.join(os.path.dirname(where), f"linreg-{os.urandom(8).hex()}.part")
        try:
            with open(part, "xb") as file:
                file.write(TITLE + digest.encode() + b"\n")
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                shutil.copymode(where, part)
            os.replace(part, where)
        except BaseException:  # also an interruption
            with suppress(OSError):
                os.unlink(part)
            raise
    except (OSError, ValueError) as error:  # ValueError: a character that no path may have
        raise FileError(
            f"`path` must name a file that can be written; got {path!r} ({error}). "
            "Check that its folder exists, may be written and has space."
        ) from error


def read(path: object, device: torch.device) -> dict[str, Any]:
    """What `write` wrote. Numbers are read and nothing else, so that a forged file cannot run code."""
    path = check_path(path)
    if not os.path.isfile(path):
        raise unreadable(path, "there is no such file", "Check its name and folder")
    try:
        with open(path, "rb") as file:
            title = file.read(len(TITLE))
            if title == TITLE:
                digest = file.readline().rstrip(b"\n").decode()
                content = file.read()
                if hashlib.sha256(content).hexdigest() != digest:
                    raise unreadable(path, "its checksum does not fit, some of it was changed or cut off")
                return _numbers(io.BytesIO(content), device)
            if (damaged := zipfile.ZipFile(file).testzip()) is not None:
                raise unreadable(path, f"the checksum of its part {damaged!r} does not fit")
            file.seek(0)
            held = _numbers(file, device)
            if held.pop("format") != FORMER:
                raise unreadable(path, "it holds something else")
            return held
    except FileError:
        raise
    except Exception as error:  # what a damaged file makes its readers raise is not documented
        raise unreadable(path, f"reading it raised {type(error).__name__}") from error


def _numbers(file: Any, device: torch.device) -> dict[str, Any]:
    held: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
    return held


def unreadable(path: object, why: str, cure: str = "Take another copy, or sum the rows again") -> FileError:
    """The error of a file that is missing, damaged or of another kind."""
    path = check_path(path)
    return FileError(
        f"`path` must name a file written by `Statistics.save`; {path!r} cannot be read as one: "
        f"{why}. {cure}."
    )
