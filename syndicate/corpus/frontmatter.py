"""Split the text of a file into metadata and body.

Theory of operation
-------------------
Site generators write metadata in one of four forms: YAML between lines of `---` (or up to one of `...`), TOML between
lines of `+++` (Zola, Hugo), a JSON object at the beginning or after `---json`, or Pelican's `Key: value` lines before
the first blank line. A text in none of these forms is all body.

`parse` first splits the text. Nearly all files begin with `---` and a line break, and two string searches find their
fences (`_split_plain_fences`); python-frontmatter's patterns find all others. CRLF and a byte order mark are removed
before that, so that positions do not depend on them.

The header is then parsed by its form. YAML goes to `yaml_header`, which tries the fast parser (`fast_yaml`) before
PyYAML's C loader, and checks beforehand that a hostile header cannot exhaust stack or time. If YAML rejects control
characters, the header is parsed again without them, and `FrontMatter.repaired` is true. TOML goes to `tomllib`; all
values of Pelican's lines are text.

No header is parsed in part: an invalid one raises FrontMatterError with line and column in the file. Two kinds of
valid headers are rejected as well: one that is not a mapping, and one that states a key of visibility or a date twice,
in any two spellings, since YAML keeps the last of the values, and `Draft: false` would cancel an earlier `draft: true`.

Positions are not recorded while parsing, as few records have problems. `FrontMatter.locate` composes the header again
into YAML nodes, which carry positions, when a problem needs one.
"""

import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from json import JSONDecodeError, JSONDecoder, loads
from typing import Any, ClassVar, NamedTuple

import yaml
from frontmatter.default_handlers import BaseHandler, YAMLHandler

from ..values.keys import PRIVATE, STATED_ONCE, StatedOnce, canonical_key
from ..values.nesting import MAX_DEPTH
from ..values.text import shorten
from . import yaml_header
from .yaml_header import Key, Position

_HEADER_LINE = re.compile(r"([A-Za-z][\w -]*?):(?:[ \t]+(.*))?$")
_DOTS = re.compile(r"^\.{3}[ \t]*$\n?", re.MULTILINE)
_KEYED_LINE = re.compile(r"[ \t]*([^\s:=]+)[ \t]*[:=][ \t]*")
_JSON_FENCE = re.compile(r"---[ \t]*json[ \t]*\n")
_JSON_OBJECT = re.compile(r"\{\s*\"")
_KEYED_JSON = re.compile(r"[ \t{]*\"([^\"]*)\"[ \t]*:[ \t]*")
_DEEP_TOML_KEY = re.compile(
    rf"""(?<![\w-])(?:(?:[\w-]+|"[^"\n\\]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{MAX_DEPTH}}}""", re.ASCII
)
_QUOTED = re.compile(r"'[^']{3,}'|\"[^\"]{3,}\"")
_TOML_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


class FrontMatterError(Exception):
    """The metadata cannot be parsed; line and column count from 1, in the file."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


class RepeatedKeyError(FrontMatterError):
    """A key of visibility or a date is stated twice: the entry is hidden, whatever its values are."""

    def __init__(self, key: str, line: int) -> None:
        super().__init__(f"repeated key {shorten(key, 40)!r}: the entry is hidden", line, 1)


class FrontMatter(NamedTuple):
    """The metadata and the body of one file. `kind` is `yaml`, `toml`, `pelican`, or `none` without metadata.

    `first_line` is the line of the file on which the header begins; `repaired` is true if control characters, which
    no feed may hold, had to be removed from the header.
    """

    metadata: dict[str, Any]
    body: str
    kind: str
    header: str = ""
    first_line: int = 1
    repaired: bool = False

    def locate(self, keys: Sequence[Key]) -> Position:
        """Return line and column of the value at a path of keys and indexes, or of the nearest value that exists.

        Without such a value, the position of the header. Keys are compared without regard to case.
        """
        if self.kind == "yaml":
            line, column = yaml_header.locate(self.header, keys)
        else:
            line, column = _locate_line(self.header, str(keys[0])) if keys else (0, 0)
        return self.first_line + line, column + 1

    def is_quoted(self, keys: Sequence[Key], text: str) -> bool:
        """Return whether the value at a path of keys, which is this text, is quoted in YAML, or not YAML at all."""
        if self.kind != "yaml":
            return True
        if f'"{text}' not in self.header and f"'{text}" not in self.header:
            return False  # nearly always
        return yaml_header.is_quoted(self.header, keys)


class _Header(NamedTuple):
    """Metadata that is not parsed yet."""

    kind: str
    text: str
    body: str
    first_line: int


class _Toml(BaseHandler):
    """Fences only: the TOML handler of python-frontmatter needs a package that supports TOML 0.5 at most."""

    kind: ClassVar[str] = "toml"
    FM_BOUNDARY = re.compile(r"^\+{3,}[ \t]*$", re.MULTILINE)


class _Yaml(YAMLHandler):
    """Fences only. A line of dots ends the header, too, as in Jekyll and Pandoc."""

    kind: ClassVar[str] = "yaml"
    FM_BOUNDARY = re.compile(r"^(?:-{3,}|\.{3})[ \t]*$", re.MULTILINE)

    def detect(self, text: str) -> bool:
        return text.startswith("-") and bool(super().detect(text))


_FENCED = (_Yaml(), _Toml())


def parse(text: str, stated_once: StatedOnce = STATED_ONCE) -> FrontMatter:
    """Split and parse the text of a file. Raises FrontMatterError with the position of the problem.

    Its subclass RepeatedKeyError is about a key of `stated_once` that is stated twice, in any two spellings.
    """
    header = _split(normalized(text))
    repaired = False
    match header.kind:
        case "yaml":
            header, metadata, repaired = _parse_yaml(header, stated_once)
        case "toml":
            metadata = _parse_toml(header)
            _refuse_repeated(header, metadata, stated_once)
        case "json":
            metadata = _parse_json(header)
            _refuse_repeated(header, metadata, stated_once)
        case _:
            metadata = _parse_lines(header, stated_once)
    return FrontMatter(metadata, header.body.strip("\n"), header.kind, header.text, header.first_line, repaired)


def is_incomplete(text: str) -> bool:
    """Return whether a text is empty, or begins metadata that do not end: as of a file that is still being written."""
    try:
        header = _split(normalized(text))
    except FrontMatterError:
        return True
    return not header.text and not header.body.strip()


def normalized(text: str) -> str:
    """Return a text without byte order mark, with a line feed at the end of each line: a lone CR is a line end, too."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    return text.replace("\r", "\n") if "\r" in text else text


def _split(text: str) -> _Header:
    if (plain := _split_plain_fences(text)) is not None:
        return plain
    start = len(text) - len(text.lstrip())
    first_line = text.count("\n", 0, start) + 1
    text = text[start:]
    for handler in _FENCED:
        if handler.detect(text):
            try:
                header, body = handler.split(text)
            except ValueError:
                raise FrontMatterError("the front matter is not closed", first_line, 1) from None
            return _Header(handler.kind, header, body, first_line)
    if (json := _split_json(text, first_line)) is not None:
        return json
    header, _, body = text.partition("\n\n")
    if _is_pelican_header(header):
        return _Header("pelican", header, body, first_line)
    return _Header("none", "", text, first_line)


def _split_plain_fences(text: str) -> _Header | None:
    """Split the most common form with two searches instead of a pattern that is matched at every line."""
    if not text.startswith("---\n"):
        return None
    end = text.find("\n---", 3)
    if end < 0 or text[end + 4 : end + 5] not in {"", "\n"}:
        return None
    return _Header("yaml", text[3 : end + 1], text[end + 4 :], 1)


def _split_json(text: str, first_line: int) -> _Header | None:
    """Split JSON front matter: an object at the beginning (Hugo), or between `---json` and `---` (gray-matter)."""
    if match := _JSON_FENCE.match(text):
        header, found, body = text[match.end() :].partition("\n---")
        if not found:
            raise FrontMatterError("the front matter is not closed", first_line, 1)
        return _Header("json", header, body.partition("\n")[2], first_line + 1)
    if not _JSON_OBJECT.match(text):
        return None
    try:
        _, end = JSONDecoder().raw_decode(text)
    except JSONDecodeError as error:
        raise FrontMatterError(f"not JSON: {error.msg}", first_line + error.lineno - 1, error.colno) from None
    except (ValueError, RecursionError):
        raise FrontMatterError("not JSON", first_line, 1) from None
    return _Header("json", text[:end], text[end:], first_line)


class _JsonObject(dict[str, Any]):
    """An object of JSON, which may state a key twice: `stated` holds the key of each statement."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.stated = [key for key, _ in pairs] if len(pairs) != len(self) else list(self)


def _refuse_repeated(header: _Header, metadata: dict[str, Any], stated_once: StatedOnce) -> None:
    """Raise RepeatedKeyError for a key that must be stated once; YAML has positions, and its own way."""
    key = _repeated([key for key in _stated(metadata) if stated_once.holds(key)])
    if not key:
        for section, value in metadata.items():
            if isinstance(value, dict) and stated_once.is_section(section) and (key := _repeated_below(value)):
                break
    if key:
        raise RepeatedKeyError(key, header.first_line + _last_line(header.text, key))


def _repeated_below(mapping: dict[str, Any]) -> str:
    """Return the first key that is stated twice in a mapping, or in one nested in it."""
    mappings = [mapping]
    for each in mappings:
        if key := _repeated(_stated(each)):
            return key
        mappings += [value for value in each.values() if isinstance(value, dict)]
    return ""


def _stated(mapping: dict[str, Any]) -> list[str]:
    return mapping.stated if isinstance(mapping, _JsonObject) else list(mapping)


def _repeated(keys: list[str]) -> str:
    """Return the first key that another one before it spells as well; empty if there is none."""
    seen: set[str] = set()
    for key in keys:
        canonical = canonical_key(key)
        if canonical in seen:
            return key
        seen.add(canonical)
    return ""


def _parse_json(header: _Header) -> dict[str, Any]:
    try:
        data = loads(header.text, object_pairs_hook=_JsonObject)
    except JSONDecodeError as error:
        raise FrontMatterError(f"not JSON: {error.msg}", header.first_line + error.lineno - 1, error.colno) from None
    except (ValueError, RecursionError):  # a number of 5,000 digits
        raise FrontMatterError("not JSON", header.first_line, 1) from None
    if not isinstance(data, dict):
        raise FrontMatterError(f"expected keys and values, got {type(data).__name__}", header.first_line, 1)
    return data


def _is_pelican_header(block: str) -> bool:
    """Return whether all lines are `Key: value` or indented continuations, and one key is `title`."""
    lines = block.split("\n")
    keyed = [bool(_HEADER_LINE.match(line)) for line in lines]
    titled = any(line[:6].lower() == "title:" for line in lines)
    return titled and all(ok or line[:1].isspace() for ok, line in zip(keyed, lines, strict=True)) and keyed[0]


def _ended_by_dots(header: _Header) -> _Header:
    """Return a header up to its first line of dots, which ends it, too; the fast parser accepts no such line."""
    end = _DOTS.search(header.text)
    if not end:
        return header
    # The fence and line break that followed the header belong to the body now.
    body = f"{header.text[end.end() :]}---{header.body}"
    return header._replace(text=header.text[: end.start()], body=body)


def _parse_yaml(header: _Header, stated_once: StatedOnce) -> tuple[_Header, dict[str, Any], bool]:
    """Parse a header; return the header as well, since only now its end is certain."""
    try:
        loaded = yaml_header.load_fast(header.text, stated_once)
        if loaded is None:
            header = _ended_by_dots(header)
            loaded = yaml_header.load(header.text, stated_once)
        data, repeated, repaired = loaded
    except yaml.YAMLError as error:
        message, line, column = yaml_header.describe_error(error)
        raise FrontMatterError(_without_values(message, header), header.first_line + line, column + 1) from None
    if data is None:
        return header, {}, repaired
    if not isinstance(data, dict):
        raise FrontMatterError(f"expected keys and values, got {type(data).__name__}", header.first_line + 1, 1)
    if repeated is not None:
        key, line = repeated
        raise RepeatedKeyError(key, header.first_line + line)
    return header, data, repaired


def _without_values(message: str, header: _Header) -> str:
    """Return the message of a parser, without what it quotes if the header has a private key, which it may be of."""
    text = header.text.lower()
    return _QUOTED.sub("…", message) if any(name in text for name in PRIVATE) else message


def _parse_toml(header: _Header) -> dict[str, Any]:
    if deep := _DEEP_TOML_KEY.search(header.text):  # tomllib takes time and memory quadratic in the depth
        line = header.text.count("\n", 0, deep.start())
        column = deep.start() - header.text.rfind("\n", 0, deep.start())
        raise FrontMatterError(f"nesting deeper than {MAX_DEPTH}", header.first_line + line, column)
    try:
        return tomllib.loads(header.text)
    except tomllib.TOMLDecodeError as error:
        text = str(error)
        position = _TOML_POSITION.search(text)
        line = int(position[1]) if position and position[1] else header.text.count("\n") + 1
        column = int(position[2]) if position and position[2] else 1
        raise FrontMatterError(
            _without_values(_TOML_POSITION.sub("", text), header), header.first_line + line - 1, column
        ) from None
    except (RecursionError, ValueError) as error:
        raise FrontMatterError(_without_values(f"not TOML: {error}", header), header.first_line, 1) from None


def _parse_lines(header: _Header, stated_once: StatedOnce) -> dict[str, Any]:
    metadata: dict[str, list[str]] = {}
    seen: set[str] = set()
    key = ""
    for number, line in enumerate(header.text.split("\n")):
        if match := _HEADER_LINE.match(line):
            key = match[1].lower()
            canonical = canonical_key(key)
            if canonical in seen and stated_once.holds(key):
                raise RepeatedKeyError(key, header.first_line + number)
            seen.add(canonical)
            metadata.setdefault(key, [(match[2] or "").strip()])
        elif key:
            metadata[key].append(line.strip())
    return {key: " ".join(filter(None, lines)) for key, lines in metadata.items()}


def _last_line(header: str, key: str) -> int:
    """Return the last line, from 0, that begins with a key in just this spelling."""
    last = 0
    for number, line in enumerate(header.split("\n")):
        match = _KEYED_JSON.match(line) or _KEYED_LINE.match(line)
        if match and match[1] == key:
            last = number
    return last


@lru_cache(maxsize=16)
def _locate_line(header: str, key: str) -> Position:
    """Return line and column, from 0, of the value on a line `key: value` or `key = value`."""
    wanted = canonical_key(key)
    for number, line in enumerate(header.split("\n")):
        match = _KEYED_JSON.match(line) or _KEYED_LINE.match(line)
        if match and canonical_key(match[1]) == wanted:
            return number, match.end()
    return 0, 0
