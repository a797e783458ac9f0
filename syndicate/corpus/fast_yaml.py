r"""A parser for a plain subset of YAML, many times faster than PyYAML.

Theory of operation
-------------------
Why it exists: PyYAML took 80 % of a build from nothing, and nearly all front matter is plain: block mappings and
sequences of scalars of one line. All 2,978 valid records of three publishers are inside the subset. The seed's record
(4.4 KB, 80 lines) takes 56 µs, and 491 µs with PyYAML's C loader; with empty caches 140 µs; the mean of 1,992 different
records is 58 µs (minima on one machine, Python 3.11).

The contract is equality: `load(text)` returns what PyYAML returns with the loader of `yaml_header`, whose scalars are
their source texts or null, with the same types, nesting and order of keys, or it returns None. None does not mean that
the text is invalid, only that the caller has to use PyYAML. Any doubt about a text is a reason to return None. The
tests compare both parsers over every small edit of a record, generated documents, and whole corpora.

The subset: keys like `webUrl`; scalars that are plain, "double-quoted" with the escapes \" \\ \/ \n \t, or
'single-quoted'; empty values; `{}`, and sequences like `[a, b c, "d"]`; mappings and sequences nested up to column 60;
comments on lines of their own. Outside it are, among others: tabs, other flow collections, block scalars, scalars of
several lines, comments after values, sequences directly in sequences, anchors, tags, directives, document markers.

How it works: `_parse_document` partitions each line at its first `: `. The part before it (the head), and any short
scalar after it, is parsed once and cached by its text: records repeat a few dozen keys and some thousand short scalars.
Long quoted text, which is most of a record, is only sliced. A stack of open collections with their columns gives the
collection that a key or dash belongs to (`_open_mapping`, `_open_sequence`).
"""

from __future__ import annotations

import re
from itertools import repeat
from typing import Any, TypeVar

Mapping = dict[str, object]
Sequence = list[object]
# The open collections, outermost first, each with its column. A sequence may have the column of its parent.
Stack = list[tuple[int, Mapping | Sequence]]
# The beginning of a line: the columns of its dash and of its key, or the constants below, and its key. For a sequence
# item that is a scalar, the value takes the place of the key (hence Any).
Head = tuple[int, int, Any]
_NO_DASH = _NO_KEY = -1
_NO_CONTENT = -2

_Value = TypeVar("_Value")

_MAX_CACHED = 8192
_MAX_CACHED_LENGTH = 48

# The complement of YAML 1.1's c-printable as libyaml checks it, plus its line breaks CR, NEL, LS and PS, the tab, which
# is a separator in some places only, and the byte order mark.
_FORBIDDEN = re.compile("[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

_PLAIN_ASCII = bytes(range(0x20, 0x7F)) + b"\n"

# The lengths are limited: libyaml rejects keys of 1,024 characters, PyYAML nesting of some hundred levels.
_KEY = re.compile(r"( {0,60})(?:-( {1,20}))?([A-Za-z_][A-Za-z0-9_-]{0,99})")
_ITEM = re.compile(r"( {0,60})-(?: +([^ ].*))? *")
_BLANK_OR_COMMENT = re.compile(r" *(?:#.*)?")

_DOUBLE_QUOTED = re.compile(r'"([^"\\]*(?:\\["\\/nt][^"\\]*)*)"')
_SINGLE_QUOTED = re.compile(r"'([^']*(?:''[^']*)*)'")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "n": "\n", "t": "\t"}

# A plain scalar does not begin with these, except `?` and `:` before a non-space, which is rare enough for PyYAML.
_INDICATORS = frozenset("?:,[]{}#&*!|>'\"%@`")
_NULLS = frozenset({"~", "null", "Null", "NULL"})
_EMPTY_MAPPING = re.compile(r"\{ *\} *")
# Items of flow sequences: plain words, and quoted texts without escapes.
_FLOW_ITEM = r"""[A-Za-z0-9_](?:[A-Za-z0-9_.+/ -]*[A-Za-z0-9_.+/-])?|"[^"\\]*"|'[^']*'"""
_FLOW_ITEMS = re.compile(_FLOW_ITEM)
_FLOW_SEQUENCE = re.compile(rf"\[ *(?:(?:{_FLOW_ITEM}) *(?:, *(?:{_FLOW_ITEM}) *)*)?\] *")
_MAX_FLOW_LENGTH = 1000


class _OutsideError(Exception):
    """The text is outside the subset."""


def load(text: str) -> dict[str, object] | None:
    """Return the mapping of a header without its fences, equal to PyYAML's; None if the text is outside the subset.

    Scalars are text as it is written, or None for null. Calls share no mutable values.
    """
    try:
        return _parse_document(_split_lines(text)) or None
    except _OutsideError:
        return None


def _split_lines(text: str) -> list[str]:
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    # Characters that Python considers printable are so in YAML, too. Most of a text is plain ASCII, and removing it in
    # C code first is four times faster than the pattern.
    others = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN_ASCII)
    if others and not others.decode("utf-8", "surrogatepass").isprintable() and _FORBIDDEN.search(text):
        raise _OutsideError
    return text.split("\n")


def _parse_document(lines: list[str]) -> Mapping:
    # The hot loop: 0.5 µs a line, and therefore inline where one function for each case would be clearer. The state is
    # the innermost mapping; its column, or _NO_KEY inside a sequence of scalars; and the key of the previous line if it
    # had no value, since only such a key may open a collection.
    root: Mapping = {}
    stack: Stack = [(0, root)]
    mapping, column = root, 0
    open_key: str | None = None
    for head, colon, tail in map(str.partition, lines, repeat(": ")):
        parsed = _KEYS[head] if colon else _LINES[head]
        if parsed is None:  # the colon is part of a comment or of a quoted scalar of a sequence
            parsed = _LINES[f"{head}: {tail}"]
        dash, at, key = parsed
        if dash >= 0:
            sequence = _open_sequence(stack, dash, open_key)
            if at < 0:
                sequence.append(key)
                column, open_key = _NO_KEY, None
                continue
            mapping, column = {}, at
            sequence.append(mapping)
            stack.append((at, mapping))
        elif at != column:
            if at == _NO_CONTENT:
                continue
            mapping, column = _open_mapping(stack, at, open_key), at
        if not tail:
            mapping[key] = None
            open_key = key
            continue
        open_key = None
        if tail[0] == '"' and tail.find('"', 1) == len(tail) - 1 and "\\" not in tail:
            mapping[key] = tail[1:-1]
        else:
            mapping[key] = _SCALARS[tail]
    return root


def _open_mapping(stack: Stack, at: int, open_key: str | None) -> Mapping:
    """Return the mapping that a key at this column belongs to: a new one, or an outer one after closing others."""
    column, top = stack[-1]
    if at > column:
        if open_key is None or isinstance(top, list):
            raise _OutsideError
        child: Mapping = {}
        top[open_key] = child
        stack.append((at, child))
        return child
    while column != at or isinstance(top, list):
        if column < at:
            raise _OutsideError
        stack.pop()
        column, top = stack[-1]
    return top


def _open_sequence(stack: Stack, dash: int, open_key: str | None) -> Sequence:
    """Return the sequence that a dash at this column belongs to: a new one, or an outer one after closing others."""
    column, top = stack[-1]
    if open_key is not None and dash >= column and isinstance(top, dict):
        child: Sequence = []
        top[open_key] = child
        stack.append((dash, child))
        return child
    while column != dash or isinstance(top, dict):
        if column <= dash:
            raise _OutsideError
        stack.pop()
        column, top = stack[-1]
    return top


class _Cache(dict[str, _Value]):
    """Immutable values by text. Only short texts are cached; a full cache is cleared."""

    __slots__ = ()

    def store(self, text: str, value: _Value) -> _Value:
        if len(text) <= _MAX_CACHED_LENGTH:
            if len(self) >= _MAX_CACHED:
                self.clear()
            self[text] = value
        return value


class _Keys(_Cache[Head | None]):
    """Heads by the text before the first `: ` of a line; None for a text that is no key."""

    __slots__ = ()

    def __missing__(self, head: str) -> Head | None:
        key = _KEY.fullmatch(head)
        return self.store(head, _key_head(key)) if key else None


class _Lines(_Cache[Head]):
    """Heads by whole lines without a key and a value."""

    __slots__ = ()

    def __missing__(self, line: str) -> Head:
        if _BLANK_OR_COMMENT.fullmatch(line):
            return self.store(line, (_NO_DASH, _NO_CONTENT, None))
        if line[-1] == ":" and (key := _KEY.fullmatch(line, 0, len(line) - 1)):
            return self.store(line, _key_head(key))
        if item := _ITEM.fullmatch(line):
            text = item[2]
            if text and text[0] in "[{":
                return item.end(1), _NO_KEY, _parse_flow(text)
            return self.store(line, (item.end(1), _NO_KEY, text and _parse_scalar(text)))
        raise _OutsideError


class _Scalars(_Cache[object]):
    """Values by their text on the line of a key."""

    __slots__ = ()

    def __missing__(self, text: str) -> object:
        if text[-1] == "Z" and text[4:5] == "-" and text[:4].isdigit() and ": " not in text and " #" not in text:
            return text  # a time is hardly ever repeated, unlike other short scalars
        if text[0] in "[{":
            return _parse_flow(text)
        return self.store(text, _parse_scalar(text))


_KEYS, _LINES, _SCALARS = _Keys(), _Lines(), _Scalars()


def _key_head(match: re.Match[str]) -> Head:
    key = match[3]
    if key in _NULLS:  # `null: 1` is {None: 1}
        raise _OutsideError
    return (_NO_DASH if match[2] is None else match.end(1)), match.start(3), key


def _parse_flow(text: str) -> Mapping | Sequence:
    """Return a new collection, since callers may change it: caches must not hold it."""
    if len(text) > _MAX_FLOW_LENGTH:
        raise _OutsideError
    if _FLOW_SEQUENCE.fullmatch(text):
        return [_parse_scalar(item) for item in _FLOW_ITEMS.findall(text)]
    if _EMPTY_MAPPING.fullmatch(text):
        return {}
    raise _OutsideError


def _parse_scalar(text: str) -> str | None:
    text = text.strip(" ")
    match text[:1]:
        case '"':
            return _parse_double_quoted(text)
        case "'":
            return _parse_single_quoted(text)
        case _:
            return _parse_plain(text)


def _parse_double_quoted(text: str) -> str:
    quoted = _DOUBLE_QUOTED.fullmatch(text)
    if not quoted:
        raise _OutsideError
    return _ESCAPE.sub(lambda escape: _ESCAPED[escape[1]], quoted[1])


def _parse_single_quoted(text: str) -> str:
    quoted = _SINGLE_QUOTED.fullmatch(text)
    if not quoted:
        raise _OutsideError
    return quoted[1].replace("''", "'")


def _parse_plain(text: str) -> str | None:
    # Rejects an empty text, too: a value of spaces only is too rare for a special case.
    if not text or text[0] in _INDICATORS or text[:2] in ("-", "- ", "<<"):
        raise _OutsideError
    if ": " in text or " #" in text or text[-1] == ":":
        raise _OutsideError
    return None if text in _NULLS else text
