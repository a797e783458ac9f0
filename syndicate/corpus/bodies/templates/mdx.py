"""MDX: Markdown with imports, exports, components and expressions of JavaScript, none of which is run.

Imports and exports are left out (`strip_modules`). A component becomes the text of its children, an element of HTML its
own without attributes that hold expressions. Expressions that are a literal text become this text.
"""

from __future__ import annotations

import re
from html import escape
from typing import NamedTuple

from ..admonitions import is_admonition
from .arguments import Arguments
from .media import media_html
from .tag import Result

_EXPRESSION, _COMPONENT = "MDX expression", "component"
_MODULE = re.compile(
    r"import\s+(?:[\w$*{][^\n]*(?:\bfrom\s*['\"]|\{[ \t]*$)|['\"][^'\"\n]+['\"];?[ \t]*$)"
    r"|export\s+(?:(?:default|const|let|var|function|async|class|type|interface)\b|[*{])"
)
_IMPORTED = re.compile(r"import\s+(\w+)\s+from\s+['\"]([^'\"]+\.(?:avif|gif|jpe?g|png|svg|webp|mp4))['\"]")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_HEADING_ID = re.compile(r"\{#[\w-]+\}(?=[ \t]*(?:\n|\Z))")
_TEXT = re.compile(r"(['\"`])([^'\"`$\\]*)\1")
_ADDRESS = re.compile(r"(?:useBaseUrl|withBaseUrl|require)\(\s*(['\"])([^'\"]*)\1\s*\)(?:\.default)?")
_TAG_NAME = re.compile(r"<(/?)([A-Za-z][\w.:-]*)?")
_UNTIL_ATTRIBUTE = re.compile(r"[\s/]*")
_ATTRIBUTE = re.compile(r"([A-Za-z_$][\w.:$-]*)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|(?=\{)))?|(?=\{)")
_VOID = frozenset("area br col embed hr img input link meta source track wbr".split())
_CONTAINERS = frozenset(
    "article aside blockquote center dd details div figure footer header li main section td th".split()
)
_MAX_TAG_LENGTH = 2000


class Module(NamedTuple):
    """MDX without its imports and exports, of the same length, and the files that it imports as pictures, by name."""

    text: str
    files: dict[str, str]


_STYLE = re.compile(r"\b(display|visibility)\s*:\s*[\"']([a-z-]{1,30})[\"']")


class _JsxTag(NamedTuple):
    """A tag. Values of attributes are text, or None for an expression that is not known."""

    name: str
    attributes: dict[str, str | None]
    is_closing: bool
    is_self_closing: bool
    has_expressions: bool
    end: int


def strip_modules(text: str) -> Module:
    """Replace imports and exports by spaces, outside code. They begin a paragraph and end with it (MDX 3)."""
    if "import" not in text and "export" not in text:
        return Module(text, {})
    lines = text.split("\n")
    files: dict[str, str] = {}
    fence = ""
    may_begin = may_extend = True
    number = 0
    while number < len(lines):
        line = lines[number]
        mark = _FENCE.match(line)
        if mark and (not fence or (mark[1].startswith(fence) and not line.strip(" \t`~"))):
            fence = "" if fence else mark[1]
        if not fence and may_begin and _MODULE.match(line):
            end, may_extend = _end_of_module(lines, number, may_extend=may_extend)
            files.update(_IMPORTED.findall("\n".join(lines[number:end])))
            lines[number:end] = [" " * len(line) for line in lines[number:end]]
            number = end
        else:
            may_begin = not line.strip()
            number += 1
    return Module("\n".join(lines), files)


def _end_of_module(lines: list[str], start: int, *, may_extend: bool) -> tuple[int, bool]:
    """Return the line after an import or export, and whether its brackets are closed: others need no search then."""
    depth = 0
    paragraph_end = 0
    for number in range(start, len(lines)):
        line = lines[number]
        if not line.strip():
            if depth <= 0 or not may_extend:
                return number, may_extend
            paragraph_end = paragraph_end or number
        depth += sum(map(line.count, "({[")) - sum(map(line.count, ")}]"))
    return (len(lines), may_extend) if depth <= 0 or not paragraph_end else (paragraph_end, False)


class Mdx:
    """The expressions and tags of one text of MDX. `files` are the pictures that it imports, by name."""

    def __init__(self, text: str, files: dict[str, str]) -> None:
        self._files = files
        self._closing_braces = _match_braces(text)
        self._admonitions: list[bool] = []

    openings = r"(?<!\\)\{|</?[A-Za-z]|</?>"
    comments = r"\{/\*"

    def read(self, text: str, start: int) -> Result | None:
        """Read the expression or tag that may begin at a position; None if it stays as it is."""
        if text[start] == "<":
            return self._read_tag(text, start)
        if heading := _HEADING_ID.match(text, start):
            return Result("", heading.end())
        end = self._closing_braces.get(start)
        if end is None:
            return None
        return Result(self._value(text[start + 1 : end]), end + 1, _EXPRESSION if text[start + 1 : end].strip() else "")

    def read_code(self, code: str) -> str:
        """Return code as it is written."""
        return code

    # ------------------------------------------------------------------------------------------------------------ tags

    def _read_tag(self, text: str, start: int) -> Result | None:
        tag = self._parse_tag(text, start)
        if tag is None:
            return None
        if tag.name[:1].islower():
            return self._read_element(tag, text, start)
        known = {name: value for name, value in tag.attributes.items() if value is not None}
        if tag.name == "Admonition":
            return Result(self._admonition(tag, known), tag.end)
        if tag.name in {"TabItem", "Tab"} and (label := known.get("label")):
            return Result(f"\n\n**{label}**\n\n", tag.end)
        html = None if tag.is_closing else media_html(tag.name, _arguments(known))
        is_left_out = html is None and tag.is_self_closing and bool(tag.name)
        return Result(html if html or is_left_out else "", tag.end, _COMPONENT)

    def _admonition(self, tag: _JsxTag, attributes: dict[str, str]) -> str:
        """Return the line of `:::` for a tag of Docusaurus' component."""
        if tag.is_closing:
            return "\n\n:::\n\n" if self._admonitions and self._admonitions.pop() else ""
        kind = attributes.get("type", "note")
        self._admonitions.append(is_admonition(kind))
        return f"\n\n:::{kind} {attributes.get('title', '')}\n\n" if is_admonition(kind) else ""

    def _read_element(self, tag: _JsxTag, text: str, start: int) -> Result | None:
        """Return an element of HTML as HTML writes it: without expressions, and with an end unless it is void.

        What stands on lines between the tags of a container is Markdown; CommonMark needs blank lines around it.
        """
        if tag.is_closing:
            is_alone = tag.name in _CONTAINERS and text[max(0, start - 100) : start].rstrip(" \t").endswith("\n")
            return Result(f"\n{text[start : tag.end]}", tag.end) if is_alone else None
        has_lines = tag.name in _CONTAINERS and text.startswith("\n", tag.end)
        if not (tag.has_expressions or tag.is_self_closing or has_lines):
            return None
        attributes = "".join(
            f' {name}="{escape(value)}"' for name, value in tag.attributes.items() if value is not None
        )
        end = f"</{tag.name}>" if tag.is_self_closing and tag.name not in _VOID else ""
        return Result(f"<{tag.name}{attributes}>{end}" + ("\n" if has_lines else ""), tag.end)

    def _parse_tag(self, text: str, start: int) -> _JsxTag | None:
        head = _TAG_NAME.match(text, start)
        if head is None:
            return None
        attributes: dict[str, str | None] = {}
        has_expressions = False
        position = head.end()
        while position < start + _MAX_TAG_LENGTH:
            gap = _UNTIL_ATTRIBUTE.match(text, position)
            position = gap.end() if gap else position
            if text.startswith(">", position):
                is_self_closing = text[position - 1] == "/" and not head[1]
                return _JsxTag(
                    head[2] or "", attributes, bool(head[1]), is_self_closing, has_expressions, position + 1
                )  # fmt: skip
            attribute = _ATTRIBUTE.match(text, position)
            if attribute is None:
                return None
            position = attribute.end()
            value: str | None = (attribute[2] or "")[1:-1] if attribute[2] else ""
            if attribute[2] == "" or not attribute[1]:
                closing = self._closing_braces.get(position)
                if closing is None:
                    return None
                expression = text[position + 1 : closing].strip()
                value = _visibility(attribute[1] or "", expression) or self._value(expression)
                position = closing + 1
                has_expressions = True
            if attribute[1]:
                attributes[attribute[1]] = value
        return None

    def _value(self, expression: str) -> str | None:
        """Return the text that an expression is by itself; None for one that had to be run."""
        if text := _TEXT.fullmatch(expression):
            return text[2]
        if address := _ADDRESS.fullmatch(expression):
            return address[2]
        return self._files.get(expression)


def _visibility(name: str, expression: str) -> str | None:
    """Return the HTML for an expression that hides an element: `hidden={true}`, `style={{display: 'none'}}`."""
    if name == "style":
        return ";".join(f"{match[1]}:{match[2]}" for match in _STYLE.finditer(expression))
    return "true" if name in {"hidden", "open"} and expression == "true" else None


def _arguments(attributes: dict[str, str]) -> Arguments:
    return Arguments((), {name.lower(): f'"{value}"' for name, value in attributes.items()})


def _match_braces(text: str) -> dict[int, int]:
    """Return the position of the closing brace for each opening one that has one."""
    opened: list[int] = []
    pairs: dict[int, int] = {}
    for match in re.finditer(r"[{}]", text):
        if match[0] == "{":
            opened.append(match.start())
        elif opened:
            pairs[opened.pop()] = match.start()
    return pairs
