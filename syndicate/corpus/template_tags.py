"""A body as its site's template engine leaves it, as far as can be told: without tags, and without comments.

Liquid (Jekyll, Eleventy), shortcodes (Hugo, Zola), Nunjucks, kramdown's attributes and MDX have tags that make no sense
elsewhere, and comments that were never meant to be read. Code keeps its tags, they are its subject. The time is linear
in the length of the text: what is not closed is looked for once.
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
_LONGEST_TAG = 2000


class _Comment(NamedTuple):
    """How a comment ends, and whether one that never does takes the rest of the text with it, as its engine would."""

    end: re.Pattern[str]
    takes_rest: bool = True


# By the characters that open it, without spaces and hyphens.
_COMMENTS = {
    "<!--": _Comment(re.compile(r"-->"), takes_rest=False),
    "{#": _Comment(re.compile(r"#\}"), takes_rest=False),
    "{/*": _Comment(re.compile(r"\*/\}"), takes_rest=False),
    "{{/*": _Comment(re.compile(r"\*/\}\}")),
    "{::comment}": _Comment(re.compile(r"\{:/(?:comment)?\}"), takes_rest=False),
    "{%comment": _Comment(re.compile(r"\{%-?\s*endcomment\s*-?%\}")),
    "{{<comment": _Comment(re.compile(r"\{\{<\s*/\s*comment\s*>\}\}")),
    "{{%comment": _Comment(re.compile(r"\{\{%\s*/\s*comment\s*%\}\}")),
}
_TAG_ENDS = {"{%": "%}", "{{": "}}", "{{<": ">}}", "{{%": "%}}"}


def without_templates(text: str) -> str:
    """The text without tags, attributes and comments; `{% highlight %}` becomes a fence."""
    if "{" not in text and "<!--" not in text:
        return text
    return _Scanner(text).scanned()


class _Scanner:
    """One pass over a text; `_kept` is what stays of it so far."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._kept: list[str] = []
        self._indented_to = 0
        self._endless: set[str] = set()
        self._ticks: dict[int, list[int]] | None = None

    def scanned(self) -> str:
        position = 0
        while found := _SPECIAL.search(self._text, position):
            self._kept.append(self._text[position : found.start()])
            position = self._after(found)
        return "".join(self._kept) + self._text[position:]

    def _after(self, found: re.Match[str]) -> int:
        """Keep or drop what was found; where to go on."""
        kept_to = dropped_to = 0
        match found.lastgroup:
            case "fence":
                kept_to = self._end_of_fence(found)
            case "indent":
                self._indented_to = self._line_end(found.end())
            case "ticks":
                kept_to = self._end_of_code(found)
            case "comment":
                dropped_to = self._end_of_comment(found)
            case "language":
                dropped_to = self._highlighted(found)
            case "tag" if found.start() >= self._indented_to:
                dropped_to = self._end_of_tag(found)
            case None if found.start() >= self._indented_to:
                dropped_to = found.end()
        if dropped_to:
            return dropped_to
        kept_to = kept_to or found.end()
        self._kept.append(self._text[found.start() : kept_to])
        return kept_to

    def _line_end(self, start: int) -> int:
        end = self._text.find("\n", start)
        return len(self._text) if end < 0 else end

    def _end_of_fence(self, found: re.Match[str]) -> int:
        mark = found["fence"]
        closing = re.compile(rf"^ {{0,3}}{mark[0]}{{{min(len(mark), 1000)},}}[ \t]*$", re.MULTILINE)
        end = closing.search(self._text, found.end())
        return end.end() if end else len(self._text)

    def _end_of_code(self, found: re.Match[str]) -> int:
        """A code span ends at the next run of as many backticks, within its paragraph."""
        if self._ticks is None:
            self._ticks = {}
            for run in re.finditer("`+", self._text):
                self._ticks.setdefault(len(run[0]), []).append(run.start())
        start, length = found.end(), len(found["ticks"])
        runs = self._ticks.get(length, [])
        index = bisect_right(runs, start)
        if index == len(runs) or self._text.find("\n\n", start, runs[index]) >= 0:
            return start
        return runs[index] + length

    def _end_of_comment(self, found: re.Match[str]) -> int:
        """0 when it does not end, and so is none."""
        kind = re.sub(r"[\s-]", "", found["comment"]) if found["comment"] != "<!--" else "<!--"
        comment = _COMMENTS[kind]
        end = None if kind in self._endless else comment.end.search(self._text, found.end())
        if end:
            return end.end()
        self._endless.add(kind)
        return len(self._text) if comment.takes_rest else 0

    def _end_of_tag(self, found: re.Match[str]) -> int:
        """A tag ends on its line; one with arguments in its paragraph. 0 when it does not end, and so is none."""
        closing = _TAG_ENDS[found["tag"]]
        last = found.end() + _LONGEST_TAG
        if closing == "}}":
            last = min(last, self._line_end(found.end()))
        end = self._text.find(closing, found.end(), last)
        return 0 if end < 0 or self._text.find("\n\n", found.end(), end) >= 0 else end + len(closing)

    def _highlighted(self, found: re.Match[str]) -> int:
        end = _END_HIGHLIGHT.search(self._text, found.end())
        code = self._text[found.end() : end.start() if end else len(self._text)]
        self._kept.append(f"~~~~{found['language']}{code}~~~~")
        return end.end() if end else len(self._text)
