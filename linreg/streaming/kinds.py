"""What kind of file a name promises, and what kind its first bytes are."""

import codecs
import os
import re

__all__ = ["BINARY", "COMPRESSED", "encoding_of", "is_utf8", "kind_of", "suffix_of"]

COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4", ".br": "brotli"}
BEGINNINGS = {
    b"PAR1": ".parquet",
    b"ARROW1": ".arrow",
    b"\xff\xff\xff\xff": ".arrow",  # a stream
    b"FEA1": "feather 1",
    b"\x93NUMPY": ".npy",
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": ".gz",
    b"BZh": ".bz2",
    b"\x28\xb5\x2f\xfd": ".zst",
    b"\x04\x22\x4d\x18": ".lz4",
    b"\xfd7zXZ\0": ".xz",
    b"<": "",  # a page of the web
}
BEGINNING = 1 << 12  # bytes
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # bytes that text has none of
LINES = re.compile(rb"\}\r?\n\{")
ENCODINGS = {b"\xff\xfe\0\0": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}  # marks of byte order


def suffix_of(path: str) -> str:
    """The end of a name that says what a file is, in small letters: of compressed ones the last two."""
    stem, suffix = os.path.splitext(path.lower())
    return os.path.splitext(stem)[1] + suffix if suffix in COMPRESSED else suffix


def kind_of(path: str) -> str:
    """The suffix that the first bytes of a file ask for, or a word; nothing where they do not tell."""
    with open(path, "rb") as file:
        start = file.read(BEGINNING)
    for mark, kind in BEGINNINGS.items():
        if start.startswith(mark):
            return kind
    if encoding_of(start, "utf-8").startswith("utf") or (start and not BINARY.search(start)):
        if start.lstrip()[:1] in (b"[", b"{"):
            return "json lines" if LINES.search(start) or path.endswith((".jsonl", ".ndjson")) else "json"
        return ".csv"
    return ""


def encoding_of(start: bytes, given: str) -> str:
    """The encoding of a text that is not in the one given, as far as its beginning tells."""
    for mark, name in ENCODINGS.items():
        if start.startswith(mark):
            return name
    if 0 in start[:2] and any(start[:2]):
        return "utf-16-be" if start[0] == 0 else "utf-16-le"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return "cp1252"
    return "cp1252" if is_utf8(given) else "utf-8"


def is_utf8(encoding: str) -> bool:
    """Whether that is a name of UTF-8."""
    return encoding.lower().replace("-", "").replace("_", "") == "utf8"
