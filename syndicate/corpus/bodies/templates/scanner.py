"""Find the template tags, comments and attributes of a Markdown body, outside code.

Theory of operation
-------------------
A body may hold tags of a template language (liquid.py, hugo.py, tera.py, mdx.py), attributes of kramdown, and comments.
They are read before Markdown, as the site generators do. Code keeps them, because an article about templates shows them
in code; comments are not meant for readers at all.

`_Scanner` makes one pass over the text. Its pattern finds the next construct of one of six kinds, and `_after` decides
what becomes of it and where the scan continues:

    fence       copied up to its closing fence, or the end of the text (CommonMark §4.5)
    element     `<pre>` and `<code>`: copied up to the closing tag
    ticks       a code span, copied up to the next run of as many backticks in the same paragraph (CommonMark §6.1)
    comment     removed; an unclosed one takes the rest of the text if its language does so, else it stays as text
    tag         given to the language, which evaluates it, leaves it out, or says that it is text
    attributes  `{: .class}` and `{#id}`: removed

A construct in an indented or quoted line may be in a code block; only the Markdown parser can tell. It is asked for the
lines of all code blocks when the first such construct is found.

The time is linear in the length of the text. The end of a construct is searched once: kinds without an end are
remembered (`_unclosed`), the backtick runs are indexed by length on first use, and a tag has a greatest length.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ....values.dialects import Attributes
from ..losses import LossCounter
from .tag import LEFT_OUT, Language

_CONSTRUCTS = r"""
      ^\ {{0,3}}(?P<fence>`{{3,}}(?=[^`\n]*$)|~{{3,}})
    | (?<!\\)(?P<ticks>`+)
    | (?P<comment><!--(?!-?>)|\{{::comment\}}{comments})
    | <(?P<element>pre|code)(?=[\s>])
    | (?P<tag>{openings})
    {attributes}
"""
_HEADING_ID = r"(?<=[ ])\{\#[\w-]+(?:[ ][.#\w=\"-]+)*\}(?=[ \t]*$)"
_ATTRIBUTES: dict[Attributes, str] = {
    "none": "",
    "heading": f"| {_HEADING_ID}",
    "kramdown": rf"| ^(?:[*+-]|\d{{1,9}}\.)[ ][^\n]*\n\{{:[ ]?toc\b[^}}\n]*\}} | {_HEADING_ID}"
    r"| (?<!\\)\{:(?:\s?(?:[.\#][^{}\n]*|[\w-]+=[^{}\n]*|toc)|[\w-]+:[ ][^{}\n]*|:[\w-]+[^{}\n]*|/\w*)\}",
}


class _Comment(NamedTuple):
    """The end of a kind of comment, and whether an unclosed one extends to the end of the text, as in its engine."""

    end: re.Pattern[str]
    extends_to_end: bool = True


# Keys are the opening characters, without spaces and hyphens.
_COMMENTS = {
    "<!--": _Comment(re.compile(r"-->"), extends_to_end=False),
    "{#": _Comment(re.compile(r"#\}"), extends_to_end=False),
    "{/*": _Comment(re.compile(r"\*/\}"), extends_to_end=False),
    "{{/*": _Comment(re.compile(r"\*/\}\}")),
    "{::comment}": _Comment(re.compile(r"\{:/(?:comment)?\}"), extends_to_end=False),
    "{%comment": _Comment(re.compile(r"\{%-?\s*endcomment\s*-?%\}")),
    "{{<comment": _Comment(re.compile(r"\{\{<\s*/\s*comment\s*>\}\}")),
    "{{%comment": _Comment(re.compile(r"\{\{%\s*/\s*comment\s*%\}\}")),
}
_INDENT = re.compile(r" {4}| {0,3}[\t>]")  # of lines that may be in a code block without a fence of their own


def scan(
    text: str, language: Language, attributes: Attributes, losses: LossCounter, *, has_indented_code: bool = True
) -> str:
    """Return the text with its tags evaluated or left out, without comments and attributes."""
    scanner = _Scanner(text, language, attributes, losses)
    scanner.has_indented_code = has_indented_code
    return scanner.scan()


@lru_cache(maxsize=32)
def _pattern(openings: str, comments: str, attributes: Attributes) -> re.Pattern[str]:
    return re.compile(
        _CONSTRUCTS.format(
            openings=openings or r"(?!)",
            comments=f"|{comments}" if comments else "",
            attributes=_ATTRIBUTES[attributes],
        ),
        re.MULTILINE | re.VERBOSE,
    )


class _Scanner:
    """One pass over a text; `_kept` holds the parts of the result."""

    def __init__(self, text: str, language: Language, attributes: Attributes, losses: LossCounter) -> None:
        self._text = text
        self._language = language
        self._pattern = _pattern(language.openings, language.comments, attributes)
        self._losses = losses
        self._kept: list[str] = []
        self._unclosed: set[str] = set()
        self._ticks: dict[int, list[int]] | None = None
        self._code_lines: set[int] | None = None
        self._line_starts: list[int] = []
        self._line_end = 0
        self._line_is_code = False
        self.has_indented_code = True
        self._after_by_kind: dict[str | None, Callable[[re.Match[str]], int]] = {
            "fence": self._copy_fence,
            "ticks": self._copy_code_span,
            "element": self._copy_element,
            "comment": self._remove_comment,
            "tag": self._read_tag,
            None: re.Match[str].end,
        }

    def scan(self) -> str:
        position = 0
        while match := self._pattern.search(self._text, position):
            self._kept.append(self._text[position : match.start()])
            position = self._after(match)
        return "".join(self._kept) + self._text[position:]

    def _after(self, match: re.Match[str]) -> int:
        """Keep, replace or remove the construct that begins here; return the position at which the scan continues."""
        if match.lastgroup != "fence" and (end := self._end_of_code_line(match.start())):
            return self._copy_code(match.start(), end)
        return self._after_by_kind[match.lastgroup](match)

    def _copy(self, start: int, end: int) -> int:
        self._kept.append(self._text[start:end])
        return end

    def _copy_code(self, start: int, end: int) -> int:
        self._kept.append(self._language.read_code(self._text[start:end]))
        return end

    # ------------------------------------------------------------------------------------------------------------ code

    def _copy_fence(self, match: re.Match[str]) -> int:
        mark = match["fence"]
        closing = re.compile(rf"^ {{0,3}}{mark[0]}{{{min(len(mark), 1000)},}}[ \t]*$", re.MULTILINE)
        end = closing.search(self._text, match.end())
        return self._copy_code(match.start(), end.end() if end else len(self._text))

    def _copy_code_span(self, match: re.Match[str]) -> int:
        """Copy a code span, or only its opening backticks if its paragraph has no closing ones."""
        if self._ticks is None:
            self._ticks = {}
            for run in re.finditer("`+", self._text):
                self._ticks.setdefault(len(run[0]), []).append(run.start())
        start, length = match.end(), len(match["ticks"])
        runs = self._ticks.get(length, [])
        index = bisect_right(runs, start)
        if index == len(runs) or self._text.find("\n\n", start, runs[index]) >= 0:
            return self._copy(match.start(), start)
        return self._copy_code(match.start(), runs[index] + length)

    def _copy_element(self, match: re.Match[str]) -> int:
        closing = f"</{match['element']}>"
        end = -1 if closing in self._unclosed else self._text.find(closing, match.end())
        if end < 0:
            self._unclosed.add(closing)
            return self._copy(match.start(), match.end())
        return self._copy_code(match.start(), end)

    def _end_of_code_line(self, position: int) -> int:
        """Return the end of the line if it is part of a code block that is indented or quoted, else 0."""
        if position >= self._line_end:
            line_start = self._text.rfind("\n", 0, position) + 1
            end = self._text.find("\n", position)
            self._line_end = len(self._text) if end < 0 else end
            self._line_is_code = self._is_code_line(line_start)
        return self._line_end if self._line_is_code else 0

    def _is_code_line(self, line_start: int) -> bool:
        indent = _INDENT.match(self._text, line_start)
        if indent is None:
            return False
        if self._code_lines is None:
            from ..parser import code_lines

            self._code_lines = code_lines(self._text, has_indented_code=self.has_indented_code)
            self._line_starts = [0, *(match.end() for match in re.finditer("\n", self._text))]
        return bisect_right(self._line_starts, line_start) - 1 in self._code_lines

    # -------------------------------------------------------------------------------------------------- what is removed

    def _remove_comment(self, match: re.Match[str]) -> int:
        kind = re.sub(r"[\s-]", "", match["comment"]) if match["comment"] != "<!--" else "<!--"
        comment = _COMMENTS[kind]
        end = None if kind in self._unclosed else comment.end.search(self._text, match.end())
        if end:
            return end.end()
        self._unclosed.add(kind)
        return len(self._text) if comment.extends_to_end else self._copy(match.start(), match.end())

    def _read_tag(self, match: re.Match[str]) -> int:
        start = match.start()
        result = self._language.read(self._text, start)
        if result is None:
            return self._copy(start, match.end())
        if result.text is not None:
            self._kept.append(result.text)
            return result.end
        if result.loss:
            self._losses.add(result.loss, self._text[start : result.end], start)
        if self._is_within_word(start, result.end):
            self._kept.append(LEFT_OUT)
        return result.end

    def _is_within_word(self, start: int, end: int) -> bool:
        """Return whether a tag may be part of an address: something stands directly before it, or a slash after it."""
        before = self._text[start - 1 : start]
        return bool(before and not before.isspace()) or self._text[end : end + 1] == "/"
