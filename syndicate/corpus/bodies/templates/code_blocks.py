"""Code blocks that template tags enclose, as fenced code of Markdown."""

from __future__ import annotations

import re

_TILDES = re.compile(r"~{4,}")


def fenced(code: str, language: str, before: str = "") -> str:
    """Return code between fences. `before` is what stands on its first line before it: the indent of a list item."""
    fence = "~" * (1 + max((len(run) for run in _TILDES.findall(code)), default=3))
    start, indent = ("\n\n", "") if before.strip() else ("", before)
    code = code.rstrip().lstrip("\n")
    return f"{start}{fence}{_word(language)}\n{code}\n{indent}{fence}\n"


def _word(language: str) -> str:
    return re.sub(r"[^\w+#.-]", "", language.strip("\"'"))
