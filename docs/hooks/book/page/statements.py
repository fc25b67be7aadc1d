"""What a page says that can be checked: claims in prose, examples with their output."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from book.page.model import BLANK, Line, PageError, Statement

# A claim is looked for outside code spans only, so that a page can show how a claim is written.
CLAIM = re.compile(
    r"(?<!`)(?P<code>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=code)(?!`)"
    r"|<!--=(?P<claim>(?:(?!-->)[^\n])*)-->(?P<shown>(?:(?!<!--)[^\n])*)<!--/-->"
    r"|(?P<stray><!--=|<!--/-->)",
    re.DOTALL,
)


def claims(path: Path, lines: Sequence[Line]) -> Iterator[Statement]:
    """The claims in these lines of prose."""
    text = "\n".join(line.text for line in lines)
    for match in CLAIM.finditer(text):
        if match["code"]:
            continue
        line = lines[text.count("\n", 0, match.start())]
        if match["stray"]:
            raise PageError(
                path,
                line.number,
                "a claim is `<!--= expression:format -->value<!--/-->`, on one line",
            )
        offset = line.start - (text.rfind("\n", 0, match.start()) + 1)
        expression, spec = _formatted(path, line.number, match["claim"].strip())
        start, end = match.span("shown")
        yield Statement("claim", expression, line.number, match["shown"], spec, start + offset, end + offset)


def _formatted(path: Path, line: int, text: str) -> tuple[str, str]:
    """Splits `expression:format` at the first colon that has a whole expression before it."""
    colons = [i for i, letter in enumerate(text) if letter == ":"]
    for i in (*colons, len(text)):
        try:
            ast.parse(text[:i].strip(), mode="eval")
        except SyntaxError:
            continue
        return text[:i].strip(), text[i + 1 :].strip()
    raise PageError(path, line, f"{text!r} is no expression with a format")


def examples(path: Path, lines: Sequence[Line], *, fenced: bool) -> Iterator[Statement]:
    """Examples with `>>>`, as doctest reads them: a blank line ends an output. A fence holds nothing else."""
    i = 0
    while i < len(lines):
        head = lines[i]
        margin = len(head.text) - len(head.text.lstrip())
        if not head.text[margin:].startswith(">>>"):
            if fenced and head.text.strip():
                raise PageError(path, head.number, f"no example; an empty line of output is written {BLANK}")
            i += 1
            continue
        source: list[str] = []
        while i < len(lines) and lines[i].text[margin:].startswith("..." if source else ">>>"):
            code = lines[i].text[margin + 3 :]
            if code and not code.startswith(" "):
                raise PageError(path, lines[i].number, "no space after the prompt")
            if "# doctest:" in code:
                raise PageError(path, lines[i].number, "no option may soften a check")
            source.append(code[1:])
            i += 1
        begin = i
        while i < len(lines) and not lines[i].text.lstrip().startswith(">>>"):
            if not lines[i].text.strip():
                break
            i += 1
        output = lines[begin:i]
        for line in output:
            if line.text[:margin].strip():
                raise PageError(path, line.number, "output less indented than its prompt")
        prompt, close = lines[begin - 1], output[-1] if output else lines[begin - 1]
        yield Statement(
            "example",
            "\n".join(source),
            head.number,
            "\n".join(line.text[margin:].replace(BLANK, "") for line in output),
            start=prompt.start + len(prompt.text),
            end=close.start + len(close.text),
            indent=head.prefix + head.text[:margin],
        )
