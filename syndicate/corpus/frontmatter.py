"""A file's text -> (metadata, body): YAML between `---`, TOML between `+++`, Pelican's header lines.

python-frontmatter finds and splits the fences; PyYAML's C loader reads the YAML behind a guard, since a hostile file
can otherwise exhaust the stack (deep nesting ends the process) or the time (aliases that multiply).
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import yaml
from frontmatter.default_handlers import BaseHandler, YAMLHandler

from ..values.keys import VISIBILITY
from ..values.nesting import MAX_DEPTH, may_nest_deeply
from ..values.text import shorten, strip_forbidden
from . import fast_yaml as plain_yaml

_MAX_VALUES = 100_000
_MAY_HOLD_MANY = 1_000_000  # characters; the largest header seen has 243 KB
_MAY_ALIAS = re.compile(r"(?:^|[\s\[{,:?])\*\S")
# What PyYAML's constructors raise for `2020-13-45`, a number of 5,000 digits, `!!bool x`, `!!int ''`, `!!timestamp x`.
_MISFITS = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
_HEADER_LINE = re.compile(r"([A-Za-z][\w -]*?):(?:[ \t]+(.*))?$")
_TOML_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")

Key = str | int
Position = tuple[int, int]


class FrontMatterError(Exception):
    """The metadata cannot be read; line and column count from 1, in the file."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


class Parsed(NamedTuple):
    """What one file says. `kind` is `yaml`, `toml`, `pelican`, or `none` for a file without metadata.

    `first_line` is the line of the file on which the header begins; `mended` tells that characters which no feed may
    hold were taken out of the header to read it.
    """

    metadata: dict[str, Any]
    body: str
    kind: str
    header: str = ""
    first_line: int = 1
    mended: bool = False

    def locate(self, keys: Sequence[Key]) -> Position:
        """Line and column of the value at a path of keys and indexes; of the nearest that exists, else of the header.

        Keys are compared without regard to case.
        """
        if self.kind == "yaml":
            line, column = _locate_yaml(self.header, keys)
        else:
            line, column = _locate_line(self.header, str(keys[0])) if keys else (0, 0)
        return self.first_line + line, column + 1


class _Header(NamedTuple):
    """Metadata in the text, before it is read."""

    kind: str
    text: str
    body: str
    first_line: int


class _Toml(BaseHandler):
    """python-frontmatter's own TOML handler needs a package that reads TOML 0.5 only."""

    kind: ClassVar[str] = "toml"
    FM_BOUNDARY = re.compile(r"^\+{3,}[ \t]*$", re.MULTILINE)


class _Yaml(YAMLHandler):
    kind: ClassVar[str] = "yaml"
    FM_BOUNDARY = re.compile(r"^-{3,}[ \t]*$", re.MULTILINE)


_FENCED = (_Yaml(), _Toml())


def parse(text: str) -> Parsed:
    """Split and read a file's text. Raises FrontMatterError with the place of the fault."""
    header = _split(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    match header.kind:
        case "yaml":
            metadata, mended = _read_yaml(header)
            _refuse_second_thoughts(header, metadata)
        case "toml":
            metadata, mended = _read_toml(header), False
        case _:
            metadata, mended = _read_lines(header.text), False
    return Parsed(metadata, header.body.strip("\n"), header.kind, header.text, header.first_line, mended)


def _split(text: str) -> _Header:
    if (plain := _plain_fences(text)) is not None:
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
    header, _, body = text.partition("\n\n")
    if _is_header_block(header):
        return _Header("pelican", header, body, first_line)
    return _Header("none", "", text, first_line)


def _plain_fences(text: str) -> _Header | None:
    """The commonest case, found by searching for two fences instead of matching every line against a pattern."""
    if not text.startswith("---\n"):
        return None
    end = text.find("\n---", 3)
    if end < 0 or text[end + 4 : end + 5] not in {"", "\n"}:
        return None
    return _Header("yaml", text[3 : end + 1], text[end + 4 :], 1)


def _is_header_block(block: str) -> bool:
    """Pelican's lines: `Key: value`, a title among them, continued by indented lines."""
    lines = block.split("\n")
    keyed = [bool(_HEADER_LINE.match(line)) for line in lines]
    titled = any(line[:6].lower() == "title:" for line in lines)
    return titled and all(ok or line[:1].isspace() for ok, line in zip(keyed, lines, strict=True)) and keyed[0]


# ------------------------------------------------------------------------------------------------------------- YAML


def _read_yaml(header: _Header) -> tuple[dict[str, Any], bool]:
    try:
        return _as_mapping(_load_yaml(header.text), header), False
    except yaml.reader.ReaderError:
        mended = _mended(header.text)
    except yaml.YAMLError as error:
        raise _placed(error, header) from None
    try:
        return _as_mapping(_load_yaml(mended), header), True
    except yaml.YAMLError as error:
        raise _placed(error, header) from None


def _mended(text: str) -> str:
    return strip_forbidden(text).replace("\ufeff", "")


def _load_yaml(text: str) -> Any:
    plain = plain_yaml.read(text)
    if plain is not None:
        return plain
    _guard(text)
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except _MISFITS as error:
        raise _misfit(text, str(error) if isinstance(error, ValueError) else "not of this type") from None


def _guard(text: str) -> None:
    """Refuse what would exhaust stack or time. Cheap signs first: nearly no file needs the walk over its events."""
    if not (len(text) > _MAY_HOLD_MANY or may_nest_deeply(text)) and ("*" not in text or not _MAY_ALIAS.search(text)):
        return
    aliased = False
    sizes: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        match event:
            case yaml.CollectionStartEvent():
                stack.append((event.anchor, 1))
            case yaml.CollectionEndEvent():
                anchor, size = stack.pop()
                _grow(stack, sizes, anchor, size)
            case yaml.ScalarEvent():
                _grow(stack, sizes, event.anchor, 1)
            case yaml.AliasEvent():
                aliased = True
                # An alias to a collection that is still open refers to itself: it has no end.
                name = str(event.anchor)
                endless = any(anchor == name for anchor, _ in stack)
                _grow(stack, sizes, None, _MAX_VALUES + 1 if endless else sizes.get(name, 1))
            case _:
                continue
        if len(stack) > MAX_DEPTH or stack[-1][1] > _MAX_VALUES:
            many = "aliases without end" if aliased else f"more than {_MAX_VALUES:,} values"
            problem = f"nesting deeper than {MAX_DEPTH}" if len(stack) > MAX_DEPTH else many
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type] # C's mark


def _grow(stack: list[tuple[str | None, int]], sizes: dict[str, int], anchor: str | None, size: int) -> None:
    if anchor is not None:
        sizes[anchor] = size
    owner, total = stack[-1]
    stack[-1] = owner, total + size


def _misfit(text: str, reason: str) -> yaml.MarkedYAMLError:
    """The scalar whose value has no meaning, found only when one is known to be there."""
    reason = shorten(reason, 100)
    loader = yaml.SafeLoader("")
    for node in _scalars(yaml.compose(text, Loader=yaml.CSafeLoader)):
        try:
            loader.construct_object(node)
        except _MISFITS:
            mark = node.start_mark
            return yaml.MarkedYAMLError(problem=f"{node.value[:40]!r}: {reason}", problem_mark=mark)
    return yaml.MarkedYAMLError(problem=reason)


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    match node:
        case yaml.ScalarNode():
            yield node
        case yaml.SequenceNode():
            for item in node.value:
                yield from _scalars(item)
        case yaml.MappingNode():
            for key, value in node.value:
                yield from _scalars(key)
                yield from _scalars(value)


def _placed(error: yaml.YAMLError, header: _Header) -> FrontMatterError:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "not YAML"
        if "mapping values are not allowed" in what:
            what += " (a value that holds ': ' needs quotes)"
        if mark:
            return FrontMatterError(what, header.first_line + mark.line, mark.column + 1)
        return FrontMatterError(what, header.first_line, 1)
    return FrontMatterError(str(error).splitlines()[0], header.first_line, 1)


def _refuse_second_thoughts(header: _Header, metadata: dict[str, Any]) -> None:
    """Of a key that stands twice PyYAML keeps the last: `draft: false` must not undo a `draft: true` before it."""
    text = header.text if header.text.startswith("\n") else f"\n{header.text}"
    for key in VISIBILITY:
        if key in metadata and text.count(f"\n{key}:") > 1:
            line = header.text.count("\n", 0, header.text.rindex(f"\n{key}:") + 1)
            raise FrontMatterError(f"{key!r} stands here twice", header.first_line + line, 1)


def _as_mapping(data: object, header: _Header) -> dict[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise FrontMatterError(f"expected keys and values, got {type(data).__name__}", header.first_line + 1, 1)
    return data


@lru_cache(maxsize=1)
def _composed(header: str) -> yaml.Node | None:
    """The nodes of a header that was read; kept for the next fault of the same file, which may have thousands."""
    try:
        node: yaml.Node | None = yaml.compose(header, Loader=yaml.CSafeLoader)
    except yaml.reader.ReaderError:
        node = yaml.compose(_mended(header), Loader=yaml.CSafeLoader)
    return node


def _locate_yaml(header: str, keys: Sequence[Key]) -> Position:
    node = _composed(header)
    line, column = 0, 0
    for key in keys:
        found = _child(node, key)
        if found is None:
            break
        node = found
        line, column = node.start_mark.line, node.start_mark.column
    return line, column


def _child(node: yaml.Node | None, key: Key) -> yaml.Node | None:
    match node, key:
        case yaml.SequenceNode(), int() if key < len(node.value):
            item: yaml.Node = node.value[key]
            return item
        case yaml.MappingNode(), str():
            for name, value in node.value:
                if isinstance(name, yaml.ScalarNode) and name.value.lower() == key.lower():
                    found: yaml.Node = value
                    return found
    return None


# -------------------------------------------------------------------------------------------------- TOML and Pelican


def _read_toml(header: _Header) -> dict[str, Any]:
    try:
        return tomllib.loads(header.text)
    except tomllib.TOMLDecodeError as error:
        text = str(error)
        place = _TOML_PLACE.search(text)
        line = int(place[1]) if place and place[1] else header.text.count("\n") + 1
        column = int(place[2]) if place and place[2] else 1
        raise FrontMatterError(_TOML_PLACE.sub("", text), header.first_line + line - 1, column) from None
    except (RecursionError, ValueError) as error:
        raise FrontMatterError(f"not TOML: {error}", header.first_line, 1) from None


def _read_lines(header: str) -> dict[str, Any]:
    metadata: dict[str, list[str]] = {}
    key = ""
    for line in header.split("\n"):
        if found := _HEADER_LINE.match(line):
            key = found[1].lower()
            metadata.setdefault(key, [(found[2] or "").strip()])
        elif key:
            metadata[key].append(line.strip())
    return {key: " ".join(filter(None, lines)) for key, lines in metadata.items()}


@lru_cache(maxsize=16)
def _locate_line(header: str, key: str) -> Position:
    wanted = re.compile(rf"^[ \t]*{re.escape(key)}[ \t]*[:=][ \t]*", re.IGNORECASE | re.MULTILINE)
    if found := wanted.search(header):
        return header.count("\n", 0, found.end()), found.end() - (header.rfind("\n", 0, found.end()) + 1)
    return 0, 0
