"""Liquid (Jekyll, Eleventy) and Nunjucks: `{% tag %}`, `{{ value | filter }}`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from html import escape

from .arguments import is_quoted, parse_arguments, unquoted
from .closing import ClosingTags
from .code_blocks import fenced
from .media import media_html
from .tag import Result, TagContext, find_end

_LOSS = "Liquid tag"
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|[\w.-]+")
_PIPE_OR_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"|\||[^|'\"]+|['\"]")
_BRACES = re.compile(r"[{}]")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*=\s*('[^']*'|\"[^\"]*\")")
_RAW_WORD = r"\{%-?\s*(?:end)?(?:raw|verbatim)\s*-?%\}"
_RAW_WORDS = re.compile(rf"^[ \t]*{_RAW_WORD}[ \t]*\n|{_RAW_WORD}", re.MULTILINE)
_MAX_INDENT = 100
_RAW = frozenset({"raw", "verbatim"})
_INCLUDES = frozenset({"include", "render", "include_relative", "include_cached"})
_MAX_VALUE = 500  # characters of a value, which a body may show any number of times
# Tags that show nothing by themselves: what is between them stays.
_SILENT = re.compile(r"end\w*|else|elsif|elif|elseif|when|break|continue|increment|decrement|set|assign|block|extends")


class Liquid:
    """The tags of Liquid and Nunjucks; `is_in_line` requires that `{{ }}` ends in its line."""

    def __init__(self, context: TagContext, *, is_in_line: bool = False) -> None:
        self._context = context
        self._is_in_line = is_in_line
        self._assigned: dict[str, str] = {}
        self._ends = ClosingTags(lambda name: rf"\{{%-?\s{{0,9}}end{name}\s{{0,9}}-?%\}}")

    openings = r"\{%|\{\{(?![<%])"
    comments = r"\{\#(?![\w-]+\})|\{%-?\s*comment\b"

    def read(self, text: str, start: int) -> Result | None:
        """Read the tag that may begin at a position; None if there is none."""
        if text.startswith("{{", start):
            return self._read_output(text, start)
        end = find_end(text, start + 2, "%}")
        inner = text[start + 2 : end - 2].strip("-").strip() if end > 0 else ""
        head = _NAME.match(inner)
        if head is None:
            return None
        name, arguments = head[0], inner[head.end() :].strip()
        if name in _RAW and (closing := self._ends.find(name, text, end)):
            return Result(text[end : closing.start()], closing.end())
        if name == "highlight" and (block := self._highlight(arguments, text, start, end)):
            return block
        if name == "assign" and (assigned := _ASSIGNED.match(arguments)):
            self._assigned[assigned[1]] = unquoted(assigned[2])
        if _SILENT.fullmatch(name):
            return Result(None, end)
        return Result(self._evaluate(name, arguments), end, _LOSS)

    def read_code(self, code: str) -> str:
        """Return code without `{% raw %}`, by which authors keep tags in code from evaluation."""
        return _RAW_WORDS.sub("", code) if "{%" in code else code

    def _evaluate(self, name: str, arguments: str) -> str | None:
        match name:
            case "post_url":
                return self._context.post(arguments.strip("\"'"))
            case "link":
                return self._context.file(arguments.strip("\"'"))
        parsed = parse_arguments(arguments)
        if name in _INCLUDES:
            name = posixpath.splitext(posixpath.basename(parsed.at(0)))[0]
            parsed = parsed._replace(positional=parsed.positional[1:])
        named = {key: known for key, value in parsed.named.items() if (known := self._value_of_argument(value))}
        return media_html(name, parsed._replace(named=named))

    def _value_of_argument(self, value: str) -> str | None:
        if is_quoted(value) or "." not in value:
            return value
        return self._variable(value)

    def _highlight(self, arguments: str, text: str, start: int, end: int) -> Result | None:
        """Return the code of a `{% highlight %}`; without an end it takes the rest of the text, if it has its line."""
        closing = self._ends.find("highlight", text, end)
        before = text[max(0, start - _MAX_INDENT) : start].rpartition("\n")[2]
        if closing is None and (before.strip() or text[end : end + 1] not in {"\n", ""}):
            return None
        code = text[end : closing.start() if closing else len(text)]
        language = arguments.split(None, 1)[0] if arguments else ""
        return Result(fenced(self.read_code(code), language, before), closing.end() if closing else len(text))

    # ---------------------------------------------------------------------------------------------------------- output

    def _read_output(self, text: str, start: int) -> Result | None:
        end = find_end(text, start + 2, "}}", in_line=self._is_in_line)
        expression = text[start + 2 : end - 2].strip("-").strip() if end > 0 else ""
        if not expression or _BRACES.search(expression):
            return None
        value = self._value(expression)
        return Result(value if value is None or len(value) <= _MAX_VALUE else None, end, _LOSS)

    def _value(self, expression: str) -> str | None:
        parts = _split_at_pipes(expression)
        value = self._operand(parts[0])
        for part in parts[1:]:
            name, _, rest = part.partition(":")
            filter_ = _FILTERS.get(name.strip())
            operands = [self._operand(word) for word in _VALUE.findall(rest)]
            if name.strip() == "default" and not value:
                value = operands[0] if operands else None
            elif value is None or filter_ is None or None in operands:
                return None
            else:
                value = filter_(self._context, value, *[word or "" for word in operands][:2])
        return value

    def _operand(self, word: str) -> str | None:
        word = word.strip()
        if is_quoted(word):
            return unquoted(word)
        return self._variable(word)

    def _variable(self, name: str) -> str | None:
        return self._assigned.get(name) or self._context.variable(name)


def _split_at_pipes(expression: str) -> list[str]:
    parts = [""]
    for piece in _PIPE_OR_TEXT.findall(expression):
        if piece == "|":
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _filter(function: Callable[[str], str]) -> Callable[..., str]:
    """Return a filter that has neither context nor arguments."""
    return lambda _context, value, *_: function(value)


_FILTERS: dict[str, Callable[..., str]] = {
    "relative_url": lambda context, value, *_: context.relative_url(value),
    "url": lambda context, value, *_: context.relative_url(value) if value.startswith("/") else value,
    "absolute_url": lambda context, value, *_: context.absolute_url(value),
    "prepend": lambda _, value, start="", *__: start + value,
    "append": lambda _, value, end="", *__: value + end,
    "replace": lambda _, value, old="", new="": value.replace(old, new) if old else value,
    "remove": lambda _, value, old="", *__: value.replace(old, "") if old else value,
    "default": _filter(str),
    "safe": _filter(str),
    "strip": _filter(str.strip),
    "trim": _filter(str.strip),
    "upcase": _filter(str.upper),
    "upper": _filter(str.upper),
    "downcase": _filter(str.lower),
    "lower": _filter(str.lower),
    "escape": _filter(escape),
    "xml_escape": _filter(escape),
}
