"""Remove the tags and comments of template engines from a Markdown body.

Theory of operation
-------------------
A body may hold tags of Liquid (Jekyll, Eleventy), shortcodes of Hugo and Zola, Nunjucks tags, kramdown attributes and
MDX expressions. They have no meaning outside their site, and comments are not meant for readers at all. Both are
removed; nothing is evaluated. Code keeps its tags, because an article about templates shows them in code.

`_Scanner` makes one pass over the text. The pattern `_SPECIAL` finds the next construct of one of seven kinds, and
`_after` decides what happens to it and where the scan continues:

    fence       copied up to its closing fence, or the end of the text (CommonMark §4.5)
    indent      code: the scan goes on inside this line, but removes no tags and attributes there
    ticks       a code span, copied up to the next run of as many backticks in the same paragraph (CommonMark §6.1)
    comment     removed; an unclosed one takes the rest of the text if its engine does so, else it stays as text
    language    `{% highlight ruby %}`: the block becomes a fenced code block
    tag         removed up to its end; without an end on its line, or in its paragraph, it stays as text
    attributes  `{: .class}` and `{#id}` of kramdown: removed

Comments come before code in two respects: they are removed from indented lines, which are often nested list items, and
a fence inside a comment is not code.

The time is linear in the length of the text. The end of a construct is searched once: kinds of comments without an end
are remembered (`_unclosed`), the backtick runs are indexed by length on first use, and a tag has at most
`_MAX_TAG_LENGTH` characters.
"""

import re
from bisect import bisect_right
from typing import NamedTuple

_SPECIAL = re.compile(
    r"""
      ^\ {0,3}(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})
    | ^(?P<indent>\ {4}|\t)
    | (?<!\\)(?P<ticks>`+)
    | (?P<comment><!--(?!-?>)|\{\#(?![\w-]+\})|\{/\*|\{\{/\*|\{::comment\}|\{%-?\s*comment\b|\{\{[<%]\s*comment\b)
    | ^[ \t]*\{%-?\s*highlight\s+(?P<language>[\w+\#-]+)[^%\n]*%\}[ \t]*$
    | (?P<tag>\{%|\{\{[<%]?)
    | (?<!\\)\{:\s?[^{}\n]*\}|\{\#[\w-]+\}
    """,
    re.MULTILINE | re.VERBOSE,
)
_END_HIGHLIGHT = re.compile(r"^[ \t]*\{%-?\s*endhighlight\s*-?%\}[ \t]*$", re.MULTILINE)
_MAX_TAG_LENGTH = 2000


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
_TAG_ENDS = {"{%": "%}", "{{": "}}", "{{<": ">}}", "{{%": "%}}"}


def strip_template_tags(text: str) -> str:
    """Return the text without tags, attributes and comments; `{% highlight %}` becomes a fenced code block."""
    if "{" not in text and "<!--" not in text:
        return text
    return _Scanner(text).scan()


class _Scanner:
    """One pass over a text; `_kept` holds the parts of it that stay."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._kept: list[str] = []
        self._indented_to = 0
        self._unclosed: set[str] = set()
        self._ticks: dict[int, list[int]] | None = None

    def scan(self) -> str:
        position = 0
        while match := _SPECIAL.search(self._text, position):
            self._kept.append(self._text[position : match.start()])
            position = self._after(match)
        return "".join(self._kept) + self._text[position:]

    def _after(self, match: re.Match[str]) -> int:
        """Keep or remove the construct that begins here; return the position at which the scan continues."""
        kept_to = removed_to = 0
        match match.lastgroup:
            case "fence":
                kept_to = self._end_of_fence(match)
            case "indent":
                self._indented_to = self._line_end(match.end())
            case "ticks":
                kept_to = self._end_of_code(match)
            case "comment":
                removed_to = self._end_of_comment(match)
            case "language":
                removed_to = self._convert_highlight(match)
            case "tag" if match.start() >= self._indented_to:
                removed_to = self._end_of_tag(match)
            case None if match.start() >= self._indented_to:
                removed_to = match.end()
        if removed_to:
            return removed_to
        kept_to = kept_to or match.end()
        self._kept.append(self._text[match.start() : kept_to])
        return kept_to

    def _line_end(self, start: int) -> int:
        end = self._text.find("\n", start)
        return len(self._text) if end < 0 else end

    def _end_of_fence(self, match: re.Match[str]) -> int:
        mark = match["fence"]
        closing = re.compile(rf"^ {{0,3}}{mark[0]}{{{min(len(mark), 1000)},}}[ \t]*$", re.MULTILINE)
        end = closing.search(self._text, match.end())
        return end.end() if end else len(self._text)

    def _end_of_code(self, match: re.Match[str]) -> int:
        """Return the end of a code span, or of its opening backticks if its paragraph has no closing ones."""
        if self._ticks is None:
            self._ticks = {}
            for run in re.finditer("`+", self._text):
                self._ticks.setdefault(len(run[0]), []).append(run.start())
        start, length = match.end(), len(match["ticks"])
        runs = self._ticks.get(length, [])
        index = bisect_right(runs, start)
        if index == len(runs) or self._text.find("\n\n", start, runs[index]) >= 0:
            return start
        return runs[index] + length

    def _end_of_comment(self, match: re.Match[str]) -> int:
        """Return the end of a comment; 0 if it has none, and so is text."""
        kind = re.sub(r"[\s-]", "", match["comment"]) if match["comment"] != "<!--" else "<!--"
        comment = _COMMENTS[kind]
        end = None if kind in self._unclosed else comment.end.search(self._text, match.end())
        if end:
            return end.end()
        self._unclosed.add(kind)
        return len(self._text) if comment.extends_to_end else 0

    def _end_of_tag(self, match: re.Match[str]) -> int:
        """Return the end of a tag, on its line for `{{ }}`, else in its paragraph; 0 if it has none, and so is text."""
        closing = _TAG_ENDS[match["tag"]]
        last = match.end() + _MAX_TAG_LENGTH
        if closing == "}}":
            last = min(last, self._line_end(match.end()))
        end = self._text.find(closing, match.end(), last)
        return 0 if end < 0 or self._text.find("\n\n", match.end(), end) >= 0 else end + len(closing)

    def _convert_highlight(self, match: re.Match[str]) -> int:
        end = _END_HIGHLIGHT.search(self._text, match.end())
        code = self._text[match.end() : end.start() if end else len(self._text)]
        self._kept.append(f"~~~~{match['language']}{code}~~~~")
        return end.end() if end else len(self._text)
