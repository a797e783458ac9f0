"""Literal settings in configurations that are JavaScript programs. Nothing is run."""

from __future__ import annotations

import re

_STRING_OR_COMMENT = re.compile(
    r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|/\*.*?\*/|//[^\n]*""", re.DOTALL
)


def without_comments(program: str) -> str:
    """Returns a program without its comments; what looks like one in a text stays."""
    return _STRING_OR_COMMENT.sub(lambda match: match[1] or "", program)


def literal(program: str, name: str) -> str | None:
    """Returns the text that a setting is assigned as a literal, the first one; None if there is none."""
    match = re.search(rf"(?<![\w.]){name}\s*:\s*([\"'`])([^\"'`$]*)\1", program)
    return match[2] if match else None
