"""Code blocks that template tags enclose, as fenced code of Markdown."""

from __future__ import annotations

import re

_TILDES = re.compile(r"~{4,}")


def fenced(code: str, language: str, before: str = "") -> str:
    """Return code between fences. `before` is the text of the line on which the block begins."""
    fence = "~" * (1 + max((len(run) for run in _TILDES.findall(code)), default=3))
    start = "" if not before.strip() else "\n\n"
    code = code.strip("\n")
    return f"{start}{fence}{_word(language)}\n{code}\n{fence}\n"


def _word(language: str) -> str:
    return re.sub(r"[^\w+#.-]", "", language.strip("\"'"))
