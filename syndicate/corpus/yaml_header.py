"""Load a YAML header with PyYAML's C loader, safely, and locate its values and errors.

A hostile header can exhaust the stack, as deep nesting ends the process, or time and memory, as aliases multiply. Both
are refused before loading (`_check_limits`). Lines and columns count from 0, in the header.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import yaml

from ..values.nesting import MAX_DEPTH, may_nest_deeply
from ..values.text import shorten, strip_forbidden
from . import fast_yaml

Key = str | int
Position = tuple[int, int]

_MAX_VALUES = 100_000
_MAX_UNCHECKED_LENGTH = 1_000_000  # characters; the longest known header has 243 KB
_MAY_ALIAS = re.compile(r"(?:^|[\s\[{,:?])\*\S")
# The exceptions of PyYAML's constructors for `2020-13-45`, a number of 5,000 digits, `!!bool x`, `!!int ''` and
# `!!timestamp x`.
_CONSTRUCTOR_ERRORS = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)


def load(text: str) -> tuple[Any, bool]:
    """Return the data of a header, and whether control characters had to be removed to load it.

    Raises yaml.YAMLError.
    """
    try:
        return _load(text), False
    except yaml.reader.ReaderError:
        return _load(_without_control_characters(text)), True


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


def _load(text: str) -> Any:
    data = fast_yaml.load(text)
    if data is not None:
        return data
    _check_limits(text)
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except _CONSTRUCTOR_ERRORS as error:
        raise _invalid_scalar(text, str(error) if isinstance(error, ValueError) else "not of this type") from None


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
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        match event:
            case yaml.CollectionStartEvent():
                stack.append((event.anchor, 1))
            case yaml.CollectionEndEvent():
                anchor, size = stack.pop()
                _add_size(stack, sizes, anchor, size)
            case yaml.ScalarEvent():
                _add_size(stack, sizes, event.anchor, 1)
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
    loader = yaml.SafeLoader("")
    for node in _scalars(yaml.compose(text, Loader=yaml.CSafeLoader)):
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


@lru_cache(maxsize=1)
def _compose(text: str) -> yaml.Node | None:
    """Return the nodes of a valid header; cached for further problems of the same file, which may have thousands."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.reader.ReaderError:
        node = yaml.compose(_without_control_characters(text), Loader=yaml.CSafeLoader)
    return node


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
