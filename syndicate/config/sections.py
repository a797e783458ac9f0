"""A YAML document read key by key, with the place of every fault."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import yaml

from ..errors import Problem
from ..values import addresses
from ..values.nesting import MAX_DEPTH, may_nest_deeply
from ..values.text import strip_forbidden


class Section:
    """A mapping of the document; what is asked for is known, and `close` refuses the rest.

    Values of the wrong type are told as faults, and the default is answered, so that all faults are found at once.
    """

    def __init__(self, node: yaml.Node | None, name: str, path: str, faults: list[Problem]) -> None:
        self._node = node
        self._name = name
        self.path = path
        self._faults = faults
        self._asked: set[str] = set()
        self._children: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._add(key, value)
        elif node is not None and not _is_null(node):
            self._fault_at(node, name, "expected keys and values")

    def fault(self, key: str, message: str, item: str | None = None) -> None:
        """Tell a fault of a key's value, or of one `item` in it; of the section when the key is empty."""
        node = self._children[key][1] if key in self._children else self._node
        if item is not None and isinstance(node, yaml.SequenceNode):
            node = next((child for child in node.value if _one_line(child) == item), node)
        self._fault_at(node, self._full(key) if key else self._name, message)

    def close(self) -> None:
        """Refuse every key that was not asked for."""
        for key, (key_node, _) in self._children.items():
            if key not in self._asked:
                from difflib import get_close_matches

                near = get_close_matches(key, self._asked, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(self._asked))}"
                self._fault_at(key_node, self._full(key), f"unknown key{hint}")

    def is_mapping(self, key: str) -> bool:
        """Whether keys and values stand under a key."""
        _, node = self._children.get(key, (None, None))
        return isinstance(node, yaml.MappingNode)

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        """A scalar, as one line of text."""
        node = self._take(key, required=required)
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode):
            self.fault(key, "expected text")
            return default
        text = _one_line(node)
        if required and not text:
            self.fault(key, "must not be empty")
        return text

    def address(self, key: str, *, required: bool = False) -> str:
        """A valid http(s) address, or nothing."""
        text = self.text(key, required=required)
        if not text:
            return ""
        try:
            return addresses.normalize(text)
        except ValueError as error:
            self.fault(key, str(error))
            return ""

    def integer(self, key: str, default: int, *, minimum: int) -> int:
        """A whole number, at least `minimum`."""
        value = self.optional_integer(key)
        if value is None:
            return default
        if value < minimum:
            self.fault(key, f"expected at least {minimum}, got {value}")
        return value

    def optional_integer(self, key: str) -> int | None:
        """A whole number, if one is given."""
        node = self._take(key)
        if node is None:
            return None
        value = _construct(node)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(key, f"expected a whole number, got {_shown(node)}")
            return None
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        node = self._take(key)
        if node is None:
            return default
        value = _construct(node)
        if not isinstance(value, bool):
            self.fault(key, f"expected true or false, got {_shown(node)}")
            return default
        return value

    def names(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts; one text alone is a list of one."""
        node = self._take(key)
        if node is None:
            return default
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        names: list[str] = []
        for item in items:
            if (name := _one_line(item)) and not _is_null(item):
                names.append(name)
            else:
                self._fault_at(item, self._full(key), f"expected text, got {_shown(item)}")
        return tuple(names)

    def section(self, key: str, *, required: bool = False) -> Section:
        """The mapping under a key; an empty one when there is none."""
        return Section(self._take(key, required=required) or self._empty(), self._full(key), self.path, self._faults)

    def number(self, key: str, default: float, *, above: float = -math.inf, minimum: float = -math.inf) -> float:
        """A number, greater than `above`, and at least `minimum`."""
        node = self._take(key)
        if node is None:
            return default
        value = _construct(node)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.fault(key, f"expected a number, got {_shown(node)}")
        elif value <= above:
            self.fault(key, f"expected more than {above:g}, got {value:g}")
        elif value < minimum:
            self.fault(key, f"expected at least {minimum:g}, got {value:g}")
        else:
            return float(value)
        return default

    def sections(self, key: str, *, required: bool = False, short: str = "") -> list[Section]:
        """A list of mappings; one alone is a list of one. A text stands for a mapping whose key `short` has it."""
        node = self._take(key, required=required)
        if node is None:
            return []
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if required and not items:
            self.fault(key, "must not be empty")
        if short:
            items = [_spelt_out(item, short) if isinstance(item, yaml.ScalarNode) else item for item in items]
        return [
            Section(item, f"{self._full(key)}[{index}]", self.path, self._faults) for index, item in enumerate(items)
        ]

    def mapping(self, key: str = "") -> Iterator[tuple[str, Section]]:
        """The named mappings under a key, or right here; but for what was asked for before."""
        section = self.section(key) if key else self
        for name, (_, node) in section._children.items():  # noqa: SLF001 - a section of our own
            if name in section._asked:  # noqa: SLF001
                continue
            section._asked.add(name)  # noqa: SLF001
            yield name, Section(node, section._full(name), self.path, self._faults)  # noqa: SLF001

    def _add(self, key: yaml.Node, value: yaml.Node) -> None:
        if not isinstance(key, yaml.ScalarNode):
            self._fault_at(key, self._name, "a key must be text")
            return
        name = _one_line(key)
        if name in self._children:
            self._fault_at(key, self._full(name), "stands here twice")
        self._children[name] = (key, value)

    def _take(self, key: str, *, required: bool = False) -> yaml.Node | None:
        self._asked.add(key)
        _, node = self._children.get(key, (None, None))
        if node is not None and not _is_null(node):
            return node
        if required:
            self._fault_at(node or self._node, self._full(key), "is required")
        return None

    def _empty(self) -> yaml.Node | None:
        """No mapping, yet a place for its faults."""
        if self._node is None:
            return None
        return yaml.ScalarNode("tag:yaml.org,2002:null", "", self._node.start_mark, self._node.end_mark)

    def _full(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def _fault_at(self, node: yaml.Node | None, field: str, message: str) -> None:
        line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node is not None else (1, 1)
        self._faults.append(Problem(self.path, line, column, field or "config", message))


def read_root(text: str, path: str, faults: list[Problem], name: str = "") -> Section | None:
    """The document's top mapping, called `name` in faults; none, with its fault, when it is not YAML."""
    try:
        _refuse_depth(text)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = getattr(error, "problem", None) or "not YAML"
        faults.append(Problem(path, line, column, name or "config", what))
        return None
    return Section(node, name, path, faults)


def _refuse_depth(text: str) -> None:
    """Aliases do no harm here: nodes are shared, and nobody walks them all."""
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


def _spelt_out(item: yaml.ScalarNode, key: str) -> yaml.MappingNode:
    name = yaml.ScalarNode("tag:yaml.org,2002:str", key, item.start_mark, item.end_mark)
    return yaml.MappingNode("tag:yaml.org,2002:map", [(name, item)], item.start_mark, item.end_mark)


def _construct(node: yaml.Node) -> Any:
    try:
        return yaml.SafeLoader("").construct_object(node, deep=True)
    except (ValueError, LookupError, AttributeError, ArithmeticError, yaml.YAMLError):  # !!bool x, !!int ''
        return None


def _one_line(node: yaml.Node) -> str:
    """A scalar's text; nothing for what is no scalar."""
    return " ".join(strip_forbidden(node.value).split()) if isinstance(node, yaml.ScalarNode) else ""


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return repr(node.value[:40]) if node.value else "nothing"
    return "a list" if isinstance(node, yaml.SequenceNode) else "keys and values"
