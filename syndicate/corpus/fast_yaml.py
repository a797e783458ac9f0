r"""Front matter in a plain subset of YAML 1.1's block style, read many times faster than PyYAML reads it.

YAML was 80 % of a build from nothing, and nearly all front matter is plain: block mappings and
sequences of one-line scalars. All 2,978 valid records of three publishers are inside the subset. The
seed's record (4.4 KB, 80 lines) takes 56 µs where PyYAML's C loader takes 491 µs; with nothing remembered
yet, 140 µs; the mean of 1,992 different records is 58 µs (minima on one machine, Python 3.11).

The contract is equality: `read(text)` is what `yaml.load(text, yaml.CSafeLoader)` returns, with the same
types, nesting and order of keys, or it is None. None does not mean that the text is wrong, only that
PyYAML must be asked. So the text is refused when in doubt.

The subset: keys like `webUrl`; values plain, "double-quoted" with the escapes \" \\ \/ \n \t, or
'single-quoted'; empty values; mappings and sequences nested up to column 60; comments on lines of their
own. Outside it, among others: tabs, flow collections, block scalars, scalars of several lines, comments
behind values, sequences directly in sequences, anchors, tags, directives, document markers.

Why it is fast: C code cuts each line at its first `: `. What stands before the cut, and any short scalar
behind it, is understood once and remembered by its text: records repeat a few dozen keys and some thousand
short scalars. Long quoted text, which is most of a record, is only sliced.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import yaml

Mapping = dict[str, object]
Sequence = list[object]
# The open collections, outermost first, each with its column. A sequence may share its parent's column.
Open = list[tuple[int, Mapping | Sequence]]
# What a line begins with: the columns of its dash and its key, or the values below, and its key. A scalar
# entry has its value in the key's place (hence Any).
Place = tuple[int, int, Any]
_NO_DASH = _NO_KEY = -1
_NO_CONTENT = -2

_Answer = TypeVar("_Answer")

_MEMO_ENTRIES = 8192
_MEMO_CHARACTERS = 48

# YAML 1.1's c-printable as libyaml checks it, without what is a line break to it (CR, NEL, LS, PS), the
# tab, which separates in some places and not in others, and the byte order mark.
_FORBIDDEN = re.compile("[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

_PLAIN_ASCII = bytes(range(0x20, 0x7F)) + b"\n"

# The lengths are bounds: libyaml gives up keys of 1,024 characters, PyYAML nesting of some hundred levels.
_KEY = re.compile(r"( {0,60})(?:-( {1,20}))?([A-Za-z_][A-Za-z0-9_-]{0,99})")
_ENTRY = re.compile(r"( {0,60})-(?: +([^ ].*))? *")
_BLANK_OR_COMMENT = re.compile(r" *(?:#.*)?")

_DOUBLE_QUOTED = re.compile(r'"([^"\\]*(?:\\["\\/nt][^"\\]*)*)"')
_SINGLE_QUOTED = re.compile(r"'([^']*(?:''[^']*)*)'")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "n": "\n", "t": "\t"}

# A plain scalar may not begin so; `?`, `:` and `-` may before a non-space, which is common for `-` only.
_INDICATORS = frozenset("?:,[]{}#&*!|>'\"%@`")
_WORDS: dict[str, bool | None] = {
    spelling: value
    for words, value in (("yes true on", True), ("no false off", False), ("null", None))
    for word in words.split()
    for spelling in (word, word.capitalize(), word.upper())
} | {"~": None}
_CANONICAL_INT = re.compile(r"0|[1-9][0-9]{0,17}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# The hour is checked here because fromisoformat reads 24:00 from Python 3.13 on.
_UTC_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")


class _OutsideError(Exception):
    """The text holds something outside the subset."""


def read(text: str) -> dict[str, object] | None:
    """The front matter's mapping, equal to PyYAML's; None if `text` is outside the plain subset.

    `text` comes without its fences. Nothing mutable is shared between calls.
    """
    try:
        return _document(_lines(text)) or None
    except _OutsideError:
        return None


def _lines(text: str) -> list[str]:
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    # What Python calls printable is so to YAML, too. Most of a text is plain ASCII, which C code drops first: four
    # times faster than the pattern.
    odd = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN_ASCII)
    if odd and not odd.decode("utf-8", "surrogatepass").isprintable() and _FORBIDDEN.search(text):
        raise _OutsideError
    return text.split("\n")


def _document(lines: list[str]) -> Mapping:
    # The hot loop: 0.5 µs a line, hence inline where a function a case would read better. Three facts
    # describe the position: the innermost mapping and its column, or _NO_KEY inside a sequence of scalars;
    # the key just read if it had no value, as only then may a collection open.
    root: Mapping = {}
    nest: Open = [(0, root)]
    mapping, column = root, 0
    open_key: str | None = None
    for head, colon, tail in map(str.partition, lines, repeat(": ")):
        place = _KEYS[head] if colon else _LINES[head]
        if place is None:  # the colon stood in a comment or in an entry's quoted scalar
            place = _LINES[f"{head}: {tail}"]
        dash, at, key = place
        if dash >= 0:
            sequence = _sequence(nest, dash, open_key)
            if at < 0:
                sequence.append(key)
                column, open_key = _NO_KEY, None
                continue
            mapping, column = {}, at
            sequence.append(mapping)
            nest.append((at, mapping))
        elif at != column:
            if at == _NO_CONTENT:
                continue
            mapping, column = _mapping(nest, at, open_key), at
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


def _mapping(nest: Open, at: int, open_key: str | None) -> Mapping:
    """The mapping that a key at this column belongs to: a new one, or an outer one returned to."""
    column, top = nest[-1]
    if at > column:
        if open_key is None or isinstance(top, list):
            raise _OutsideError
        child: Mapping = {}
        top[open_key] = child
        nest.append((at, child))
        return child
    while column != at or isinstance(top, list):
        if column < at:
            raise _OutsideError
        nest.pop()
        column, top = nest[-1]
    return top


def _sequence(nest: Open, dash: int, open_key: str | None) -> Sequence:
    """The sequence that a dash at this column belongs to: a new one, or an outer one returned to."""
    column, top = nest[-1]
    if open_key is not None and dash >= column and isinstance(top, dict):
        child: Sequence = []
        top[open_key] = child
        nest.append((dash, child))
        return child
    while column != dash or isinstance(top, dict):
        if column <= dash:
            raise _OutsideError
        nest.pop()
        column, top = nest[-1]
    return top


class _Memo(dict[str, _Answer]):
    """Answers by text, immutable ones only; short texts are kept, and all dropped when they are many."""

    __slots__ = ()

    def keep(self, text: str, answer: _Answer) -> _Answer:
        if len(text) <= _MEMO_CHARACTERS:
            if len(self) >= _MEMO_ENTRIES:
                self.clear()
            self[text] = answer
        return answer


class _Keys(_Memo[Place | None]):
    """What stands before a line's first `: `; None if that is no key."""

    __slots__ = ()

    def __missing__(self, head: str) -> Place | None:
        key = _KEY.fullmatch(head)
        return self.keep(head, _key_place(key)) if key else None


class _Lines(_Memo[Place]):
    """Whole lines without a `: ` that separates."""

    __slots__ = ()

    def __missing__(self, line: str) -> Place:
        if _BLANK_OR_COMMENT.fullmatch(line):
            return self.keep(line, (_NO_DASH, _NO_CONTENT, None))
        if line[-1] == ":" and (key := _KEY.fullmatch(line, 0, len(line) - 1)):
            return self.keep(line, _key_place(key))
        if entry := _ENTRY.fullmatch(line):
            return self.keep(line, (entry.end(1), _NO_KEY, entry[2] and _scalar(entry[2])))
        raise _OutsideError


class _Scalars(_Memo[object]):
    """Values on their key's line."""

    __slots__ = ()

    def __missing__(self, text: str) -> object:
        if _UTC_SECOND.fullmatch(text):
            return _utc_second(text)  # not kept: rarely met twice
        return self.keep(text, _scalar(text))


_KEYS, _LINES, _SCALARS = _Keys(), _Lines(), _Scalars()


def _key_place(match: re.Match[str]) -> Place:
    key = match[3]
    if not isinstance(_plain(key), str):  # `no: 1` is {False: 1}
        raise _OutsideError
    return (_NO_DASH if match[2] is None else match.end(1)), match.start(3), key


def _utc_second(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # month 13
        raise _OutsideError from None


def _scalar(text: str) -> object:
    text = text.strip(" ")
    match text[:1]:
        case '"':
            return _double_quoted(text)
        case "'":
            return _single_quoted(text)
        case _:
            return _plain(text)


def _double_quoted(text: str) -> str:
    quoted = _DOUBLE_QUOTED.fullmatch(text)
    if not quoted:
        raise _OutsideError
    return _ESCAPE.sub(lambda escape: _ESCAPED[escape[1]], quoted[1])


def _single_quoted(text: str) -> str:
    quoted = _SINGLE_QUOTED.fullmatch(text)
    if not quoted:
        raise _OutsideError
    return quoted[1].replace("''", "'")


def _plain(text: str) -> object:
    # An empty text is refused with the others: only spaces after the colon are not worth a case.
    if not text or text[0] in _INDICATORS or text[:2] in ("-", "- ", "=", "<<"):
        raise _OutsideError
    if ": " in text or " #" in text or text[-1] == ":":
        raise _OutsideError
    if text[0] in "+-.0123456789":
        return _number(text)
    return _WORDS.get(text, text)


def _number(text: str) -> object:
    """A scalar that may be a number or a date, by PyYAML's own rules unless its form is a plain one."""
    try:
        if _CANONICAL_INT.fullmatch(text):
            return int(text)
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        return _constructed(text)
    except (ValueError, OverflowError):  # month 13, 5,000 digits: PyYAML raises as well
        raise _OutsideError from None


def _constructed(text: str) -> object:
    from yaml import ScalarNode

    loader = _loader()
    tag = loader.resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # so in its stubs
    return loader.yaml_constructors[tag](loader, ScalarNode(tag, text))


@cache
def _loader() -> yaml.SafeLoader:
    from yaml import SafeLoader  # here, as most front matter needs no PyYAML, and it is slow to import

    return SafeLoader("")
