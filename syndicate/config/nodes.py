"""Nodes of a YAML document: values that keep their positions."""

from typing import Any

import yaml

from ..values.nesting import MAX_DEPTH, may_nest_deeply
from ..values.text import strip_forbidden

NULL_TAG = "tag:yaml.org,2002:null"


def compose(text: str) -> yaml.Node | None:
    """Returns the top node of a document; none when it is empty. Raises yaml.YAMLError."""
    _reject_deep_nesting(text)
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    return node


def _reject_deep_nesting(text: str) -> None:
    """Raises MarkedYAMLError where collections are nested too deeply for yaml.compose, which recurses.

    Aliases cost nothing: their nodes are shared, and no code walks all of them.
    """
    if not may_nest_deeply(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            problem = f"nesting deeper than {MAX_DEPTH}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type] # C's mark


def expanded(item: yaml.ScalarNode, key: str) -> yaml.MappingNode:
    """Returns the mapping that a text stands for."""
    name = yaml.ScalarNode("tag:yaml.org,2002:str", key, item.start_mark, item.end_mark)
    return yaml.MappingNode("tag:yaml.org,2002:map", [(name, item)], item.start_mark, item.end_mark)


def construct(node: yaml.Node) -> Any:
    """Returns the Python value of a node; None when its tag does not fit its text (`!!bool x`, `!!int ''`)."""
    try:
        return yaml.SafeLoader("").construct_object(node, deep=True)
    except (ValueError, LookupError, AttributeError, ArithmeticError, yaml.YAMLError):
        return None


def text_of(node: yaml.Node) -> str:
    """Returns a scalar as one line without control characters; an empty text for other nodes."""
    return " ".join(strip_forbidden(node.value).split()) if isinstance(node, yaml.ScalarNode) else ""


def is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == NULL_TAG


def describe(node: yaml.Node) -> str:
    """Returns a node's value for a message, shortened."""
    if isinstance(node, yaml.ScalarNode):
        return repr(node.value[:40]) if node.value else "nothing"
    return "a list" if isinstance(node, yaml.SequenceNode) else "keys and values"
