"""Finds the line and column of a value in config.yaml, for problems that only a run can know."""

from collections.abc import Sequence

import yaml

from .. import safe_files
from .nodes import compose, text_of

MAX_BYTES = 1_048_576
"""The largest config.yaml that is read."""


def locate(path: str, keys: Sequence[str | int]) -> tuple[int, int]:
    """Returns line and column of the value at a path of keys and indexes, or of the nearest section that exists.

    One section alone is a list of one. A file that cannot be read any more has its problems at line 1, column 1.
    """
    try:
        node = compose(safe_files.read_text(path, MAX_BYTES))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return 1, 1
    for key in keys:
        inner = _child(node, key)
        if inner is None:
            break
        node = inner
    return (node.start_mark.line + 1, node.start_mark.column + 1) if node is not None else (1, 1)


def _child(node: yaml.Node | None, key: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        if key == 0:
            return node
        return next((value for name, value in node.value if text_of(name) == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        item: yaml.Node = node.value[key]
        return item
    return None
