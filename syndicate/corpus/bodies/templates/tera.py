"""Zola's shortcodes: `{{ name(argument="x") }}`, `{% name() %}text{% end %}`; `{{/* name() */}}` shows one."""

from __future__ import annotations

import re

from .arguments import parse_arguments
from .media import media_html
from .tag import Result, TagContext, find_end

_LOSS = "Zola shortcode"
_CALL = re.compile(r"([A-Za-z_]\w*(?:::\w+)*)\s*\(")
_ESCAPED = re.compile(r"\{([{%])/\*([^*{}]*)\*/([}%])\}")


class Tera:
    """The shortcodes of Zola; all other braces are text."""

    def __init__(self, context: TagContext) -> None:
        self._context = context

    openings = r"\{%|\{\{"
    comments = ""

    def read(self, text: str, start: int) -> Result | None:
        """Read the shortcode that may begin at a position; None if there is none."""
        if escaped := _ESCAPED.match(text, start):
            return Result(_shown(escaped), escaped.end())
        closing = "}}" if text[start + 1] == "{" else "%}"
        end = find_end(text, start + 2, closing)
        inner = text[start + 2 : end - 2].strip("-").strip() if end > 0 else ""
        if inner == "end" and closing == "%}":
            return Result(None, end)
        call = _CALL.match(inner)
        if call is None or not inner.endswith(")"):
            return None
        return Result(media_html(call[1], parse_arguments(inner[call.end() : -1])), end, _LOSS)

    def read_code(self, code: str) -> str:
        """Return code in which escaped shortcodes are shown as shortcodes."""
        return _ESCAPED.sub(_shown, code) if "/*" in code else code


def _shown(escaped: re.Match[str]) -> str:
    """Return an escaped shortcode as readers see it."""
    return f"{{{escaped[1]}{escaped[2]}{escaped[3]}}}"
