"""Load a YAML header with PyYAML's C loader, safely, and locate its values and errors.

A plain scalar is loaded as the text that stands in the header, whatever type YAML 1.1 gives it: `1.10`, `010`, `No` and
`2024-01-01` may be titles, tags or names. Who wants a number, a flag or a date parses the text (`scalars.py`), so a
value that is none costs nothing where nobody reads it. Only null is None; explicit tags (`!!int 1`) are honoured.

A hostile header can exhaust the stack, as deep nesting ends the process, or time and memory, as aliases multiply. Both
are refused before loading (`_check_limits`). Lines and columns count from 0, in the header.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import yaml

from ..values.keys import StatedOnce, canonical_key
from ..values.nesting import MAX_DEPTH, may_nest_deeply
from ..values.text import shorten, strip_forbidden
from . import fast_yaml

Key = str | int
Position = tuple[int, int]

_MAX_VALUES = 100_000
_TEXT_OF_A_VALUE = 100  # characters; a longer text counts as several values, since each alias to it repeats its cost
_MAX_UNCHECKED_LENGTH = 1_000_000  # characters; the longest known header has 243 KB
_MAY_ALIAS = re.compile(r"(?:^|[\s\[{,:?])\*\S")
# The exceptions of PyYAML's constructors for `!!timestamp 2020-13-45`, `!!int` with 5,000 digits, `!!bool x`,
# `!!int ''` and `!!timestamp x`.
_CONSTRUCTOR_ERRORS = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
_MAX_NUMBER_LENGTH = 40
_NULL, _MERGE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class TextLoader(yaml.CSafeLoader):
    """Loads plain scalars as their source texts, and null as None."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it so
        first: [(tag, pattern) for tag, pattern in resolvers if tag in {_NULL, _MERGE}]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


TextLoader.add_constructor(_MERGE, lambda _, node: node.value)  # `<<` as a value


class LoadedHeader(NamedTuple):
    """The data of a header.

    `repeated` is the first key that is stated twice, in any two spellings, with the line of its last statement, among
    the keys that must not be. `is_repaired` is true if control characters had to be removed to load it.
    """

    data: Any
    repeated: tuple[str, int] | None
    is_repaired: bool = False


def load_fast(text: str, stated_once: StatedOnce) -> LoadedHeader | None:
    """Return the data of a header that the fast parser accepts; None for any other.

    None, too, if keys that must not be repeated may be nested: the fast parser cannot say whether they were.
    """
    data = fast_yaml.load(text)
    if data is None:
        return None
    keys, sections, respelled = _keys_stated_once(tuple(data), stated_once)
    if sections and any(data[key] for key in sections):
        return None
    return LoadedHeader(data, _repeated_line(text, keys, respelled))


@lru_cache(maxsize=256)  # records of one origin have the same keys
def _keys_stated_once(keys: tuple[str, ...], stated_once: StatedOnce) -> tuple[list[str], list[str], str]:
    """Return which keys must be stated once, which hold such keys, and the first that respells another one."""
    single = [key for key in keys if stated_once.holds(key)]
    canonical = [canonical_key(key) for key in single]
    respelled = next((key for at, key in enumerate(single) if canonical[at] in canonical[:at]), "")
    return single, [key for key in keys if stated_once.is_section(key)], respelled


def load(text: str, stated_once: StatedOnce) -> LoadedHeader:
    """Return the data of a header. YAML takes the last of repeated keys. Raises yaml.YAMLError."""
    try:
        data, repeated = _load(text, stated_once)
    except yaml.reader.ReaderError:
        data, repeated = _load(_without_control_characters(text), stated_once)
        return LoadedHeader(data, repeated, is_repaired=True)
    return LoadedHeader(data, repeated)


def number_of(text: str) -> int | float | None:
    """Return the number that YAML 1.1 takes a plain scalar for (`74`, `1_000`, `0x1F`); None if it is no number."""
    if len(text) > _MAX_NUMBER_LENGTH:
        return None
    loader = _number_loader()
    tag = loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # so in its stubs
    if tag not in _NUMBERS:
        return None
    try:
        number: int | float = loader.yaml_constructors[tag](loader, yaml.ScalarNode(tag, text))
    except (ValueError, OverflowError):  # `0x_`, `1:59:59:…`
        return None
    return number


def describe_error(error: yaml.YAMLError) -> tuple[str, int, int]:
    """Return a message, and the line and column that it is about; 0 and 0 if PyYAML does not know them."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error).splitlines()[0], 0, 0
    mark = error.problem_mark or error.context_mark
    message = error.problem or error.context or "not YAML"
    if "mapping values are not allowed" in message:
        message += " (a value that holds ': ' needs quotes)"
    return (message, mark.line, mark.column) if mark else (message, 0, 0)


def locate(text: str, keys: Sequence[Key]) -> Position:
    """Return line and column of the value at a path of keys and indexes, or of the nearest value that exists."""
    node = _compose(text)
    line, column = 0, 0
    for key in keys:
        child = _child(node, key)
        if child is None:
            break
        node = child
        line, column = node.start_mark.line, node.start_mark.column
    return line, column


def is_quoted(text: str, keys: Sequence[Key]) -> bool:
    """Return whether the value at a path of keys is a scalar in quotes."""
    node = _compose(text)
    for key in keys:
        node = _child(node, key)
    return isinstance(node, yaml.ScalarNode) and bool(node.style)


def _load(text: str, stated_once: StatedOnce) -> tuple[Any, tuple[str, int] | None]:
    if fast := load_fast(text, stated_once):
        return fast.data, fast.repeated
    _check_limits(text)
    loader = TextLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, None
        if isinstance(node, yaml.MappingNode) and any(key.tag == _MERGE for key, _ in node.value):
            loader.flatten_mapping(node)  # `<<` states the keys of another mapping
        repeated = _repeated_node(node, stated_once)
        return loader.construct_document(node), repeated
    except _CONSTRUCTOR_ERRORS as error:
        raise _invalid_scalar(text, str(error) if isinstance(error, ValueError) else "not of this type") from None
    finally:
        loader.dispose()


def _repeated_line(text: str, keys: Sequence[str], respelled: str) -> tuple[str, int] | None:
    """Return the first repeated key of a header that the fast parser accepts: no value of it has several lines."""
    if not text.startswith("\n"):
        text, offset = f"\n{text}", -1
    else:
        offset = 0
    for key in keys:
        statement = f"\n{key}:"
        if key == respelled or text.count(statement) > 1:
            return key, text.count("\n", 0, text.rindex(statement) + 1) + offset
    return None


def _repeated_node(node: yaml.Node, stated_once: StatedOnce) -> tuple[str, int] | None:
    """Return the first key that is stated twice, in any two spellings, with the line of its last statement."""
    seen: set[str] = set()
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if not isinstance(key, yaml.ScalarNode):
            continue
        if stated_once.holds(key.value):
            canonical = canonical_key(key.value)
            if canonical in seen:
                return key.value, key.start_mark.line
            seen.add(canonical)
        if stated_once.is_section(key.value) and (found := _repeated_below(value)):
            return found
    return None


def _repeated_below(node: yaml.Node) -> tuple[str, int] | None:
    """Return the first key that is stated twice in a mapping, or in one nested in it."""
    seen: set[str] = set()
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode):
            canonical = canonical_key(key.value)
            if canonical in seen:
                return key.value, key.start_mark.line
            seen.add(canonical)
        if found := _repeated_below(value):
            return found
    return None


def _without_control_characters(text: str) -> str:
    return strip_forbidden(text).replace("\ufeff", "")


def _check_limits(text: str) -> None:
    """Reject a header that nests too deep or holds too many values, with those that its aliases repeat.

    Nearly no header needs the walk over its events: cheap signs exclude the others.
    """
    if not (len(text) > _MAX_UNCHECKED_LENGTH or may_nest_deeply(text)) and (
        "*" not in text or not _MAY_ALIAS.search(text)
    ):
        return
    aliased = False
    sizes: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, Loader=TextLoader):
        match event:
            case yaml.CollectionStartEvent():
                stack.append((event.anchor, 1))
            case yaml.CollectionEndEvent():
                anchor, size = stack.pop()
                _add_size(stack, sizes, anchor, size)
            case yaml.ScalarEvent():
                _add_size(stack, sizes, event.anchor, 1 + len(event.value) // _TEXT_OF_A_VALUE)
            case yaml.AliasEvent():
                aliased = True
                # An alias to a collection that is still open refers to itself, and is infinite.
                name = str(event.anchor)
                infinite = any(anchor == name for anchor, _ in stack)
                _add_size(stack, sizes, None, _MAX_VALUES + 1 if infinite else sizes.get(name, 1))
            case _:
                continue
        if len(stack) > MAX_DEPTH or stack[-1][1] > _MAX_VALUES:
            too_many = (
                f"aliases expand to more than {_MAX_VALUES:,} values"
                if aliased
                else f"more than {_MAX_VALUES:,} values"
            )
            problem = f"nesting deeper than {MAX_DEPTH}" if len(stack) > MAX_DEPTH else too_many
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type] # C's mark


def _add_size(stack: list[tuple[str | None, int]], sizes: dict[str, int], anchor: str | None, size: int) -> None:
    if anchor is not None:
        sizes[anchor] = size
    owner, total = stack[-1]
    stack[-1] = owner, total + size


def _invalid_scalar(text: str, reason: str) -> yaml.MarkedYAMLError:
    """Return an error at the scalar that no constructor accepts; its search is worth it only after a failure."""
    reason = shorten(reason, 100)
    loader = TextLoader("")
    for node in _scalars(yaml.compose(text, Loader=TextLoader)):
        try:
            loader.construct_object(node)
        except _CONSTRUCTOR_ERRORS:
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


@cache
def _number_loader() -> yaml.SafeLoader:
    return yaml.SafeLoader("")


@lru_cache(maxsize=1)
def _compose(text: str) -> yaml.Node | None:
    """Return the nodes of a valid header; cached for further problems of the same file, which may have thousands."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=TextLoader)
    except yaml.reader.ReaderError:
        node = yaml.compose(_without_control_characters(text), Loader=TextLoader)
    return node


def _child(node: yaml.Node | None, key: Key) -> yaml.Node | None:
    match node, key:
        case yaml.SequenceNode(), int() if key < len(node.value):
            item: yaml.Node = node.value[key]
            return item
        case yaml.MappingNode(), str():
            wanted = canonical_key(key)
            for name, value in node.value:
                if isinstance(name, yaml.ScalarNode) and canonical_key(name.value) == wanted:
                    found: yaml.Node = value
                    return found
    return None
