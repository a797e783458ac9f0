"""Hugo's shortcodes: `{{< name >}}`, `{{% name %}}`; `{{</* name */>}}` shows one."""

from __future__ import annotations

import re
from html import escape

from ..admonitions import is_admonition
from .arguments import Arguments, parse_arguments
from .closing import ClosingTags
from .code_blocks import fenced
from .media import media_html
from .tag import Result, TagContext, find_end

_LOSS = "Hugo shortcode"
_NAME = re.compile(r"[\w/.-]+")
_ESCAPED = re.compile(r"\{\{([<%])/\*([^*{}]*)\*/([>%])\}\}")
_BOXES = frozenset({"admonition", "alert", "callout", "notice"})  # their first argument says which admonition


class Hugo:
    """The shortcodes of Hugo; all other braces are text."""

    def __init__(self, context: TagContext) -> None:
        self._context = context
        self._ends = ClosingTags(lambda name: rf"\{{\{{[<%]\s{{0,9}}/\s{{0,9}}{re.escape(name)}\s{{0,9}}[>%]\}}\}}")

    openings = r"\{\{[<%]"
    comments = r"\{\{/\*|\{\{[<%]\s*comment\b"

    def read(self, text: str, start: int) -> Result | None:
        """Read the shortcode that may begin at a position; None if there is none."""
        if escaped := _ESCAPED.match(text, start):
            return Result(_shown(escaped).replace("<", "&lt;"), escaped.end())
        closing = ">}}" if text[start + 2] == "<" else "%}}"
        end = find_end(text, start + 3, closing)
        inner = text[start + 3 : end - 3].strip().removesuffix("/").rstrip() if end > 0 else ""
        if inner.startswith("/"):
            return self._read_closing(inner[1:].strip(), end)
        head = _NAME.match(inner)
        if head is None:
            return None
        return self._read_opening(head[0], parse_arguments(inner[head.end() :]), text, start, end)

    def read_code(self, code: str) -> str:
        """Return code in which escaped shortcodes are shown as shortcodes."""
        return _ESCAPED.sub(_shown, code) if "/*" in code else code

    def _read_opening(self, name: str, arguments: Arguments, text: str, start: int, end: int) -> Result:
        if name == "highlight" and (closing := self._ends.find(name, text, end)):
            before = text[max(0, start - 100) : start].rpartition("\n")[2]
            return Result(fenced(self.read_code(text[end : closing.start()]), arguments.at(0), before), closing.end())
        kind = arguments.first("type") or arguments.at(0) or "note" if name in _BOXES else name
        if is_admonition(kind) and self._ends.find(name, text, end):
            title = arguments.first("title")
            return Result(f"\n\n:::{kind.lower()} {' '.join(title.split())}\n\n", end)
        if name == "details" and self._ends.find(name, text, end):
            summary = escape(arguments.first("summary", "title") or arguments.at(0) or "Details")
            return Result(f"\n\n<details>\n<summary>{summary}</summary>\n\n", end)
        return Result(self._evaluate(name, arguments), end, _LOSS)

    def _read_closing(self, name: str, end: int) -> Result:
        if name == "details" and name in self._ends:
            return Result("\n\n</details>\n\n", end)
        is_open = name in self._ends and (name in _BOXES or is_admonition(name))
        return Result("\n\n:::\n\n" if is_open else None, end)

    def _evaluate(self, name: str, arguments: Arguments) -> str | None:
        match name:
            case "ref" | "relref":
                written = arguments.first("path") or arguments.at(0)
                return self._context.ref(written) if written else None
            case "param":
                return self._context.variable(f"page.{arguments.at(0)}")
        return media_html(name, arguments)


def _shown(escaped: re.Match[str]) -> str:
    """Return an escaped shortcode as readers see it."""
    return f"{{{{{escaped[1]}{escaped[2]}{escaped[3]}}}}}"
