"""A YAML document as sections: values read by a model, with the line and column of every fault."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, TypeVar

import yaml

from ..errors import Problem
from ..values import addresses
from .nodes import NULL_TAG, compose, construct, describe, expanded, is_null, text_of
from .options import ANY_NAME, Key, Option, keys_of

Model = TypeVar("Model")


class ConfigSection:
    """A mapping of the document, with the positions of its keys and values.

    `read` returns its values as a NamedTuple. Faults are appended to the list that all sections of a document share,
    and reading continues with the default, so that one run finds all faults. The caller reports those that `read`
    cannot know, such as a value that contradicts another, with `report`.
    """

    def __init__(self, node: yaml.Node | None, name: str, path: str, problems: list[Problem]) -> None:
        self._node = node
        self._name = name
        self.path = path
        self._problems = problems
        self._children: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        self._sections: dict[str, tuple[ConfigSection, ...]] = {}
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._add_child(key, value)
        elif node is not None and not is_null(node):
            self._report_at(node, name, "expected keys and values")

    def read(self, model: type[Model], *, allow_unknown_keys: bool = False) -> Model:
        """Returns the section's values as `model`, a NamedTuple whose fields `options` describes."""
        keys = keys_of(model)  # type: ignore[arg-type] # mypy takes no class of a type variable for hashable
        wildcard = next((key for key in keys if key.name == ANY_NAME), None)
        named = [key for key in keys if key is not wildcard]
        if wildcard is not None:
            # A mapping under the name of a key that takes none belongs to the wildcard: a topic may be called "from".
            named = [key for key in named if key.is_section or not self.is_mapping(key.name)]
        known = [key.name for key in named]
        values = {key.field: self._read_value(key) for key in named}
        if wildcard is not None:
            unnamed = [name for name in self._children if name not in known]
            values[wildcard.field] = {name: self.section(name).read(wildcard.type) for name in unnamed}
        elif not allow_unknown_keys:
            self.reject_unknown_keys(known)
        return model(**values)

    def report(self, key: str, message: str, item: str | None = None) -> None:
        """Report a fault of a key's value, or of one `item` in it; of the section when the key is empty."""
        node = self._children[key][1] if key in self._children else self._node
        if item is not None and isinstance(node, yaml.SequenceNode):
            node = next((child for child in node.value if text_of(child) == item), node)
        self._report_at(node, self._qualified(key) if key else self._name, message)

    def report_missing(self, key: str) -> None:
        """Report a required key that is missing, null or empty."""
        self.report(key, "is required" if self._value_node(key) is None else "must not be empty")

    def reject_unknown_keys(self, known: Sequence[str]) -> None:
        """Report every key that is not known, with the known key that it resembles most."""
        for key, (key_node, _) in self._children.items():
            if key not in known:
                from difflib import get_close_matches

                similar = get_close_matches(key, sorted(known), n=1)
                hint = f"; did you mean {similar[0]!r}?" if similar else f"; known are {', '.join(sorted(known))}"
                self._report_at(key_node, self._qualified(key), f"unknown key{hint}")

    def is_mapping(self, key: str) -> bool:
        """Whether the value of a key is a mapping."""
        _, node = self._children.get(key, (None, None))
        return isinstance(node, yaml.MappingNode)

    def section(self, key: str, shorthand: str = "") -> ConfigSection:
        """Returns the section under a key; an empty one, at the position of this section, when there is none.

        A text in its place stands for a section whose key `shorthand` has that value.
        """
        if key not in self._sections:
            _, node = self._children.get(key, (None, None))
            if shorthand and isinstance(node, yaml.ScalarNode) and not is_null(node):
                node = expanded(node, shorthand)
            self._sections[key] = (self._child(node or self._placeholder(), self._qualified(key)),)
        return self._sections[key][0]

    def named_sections(self) -> dict[str, ConfigSection]:
        """Returns the sections under all keys, by name."""
        return {name: self.section(name) for name in self._children}

    def sections(self, key: str, shorthand: str = "") -> tuple[ConfigSection, ...]:
        """Returns the sections in a list; one section alone is a list of one.

        A text in the place of a section stands for a section whose key `shorthand` has that value.
        """
        if key not in self._sections:
            node = self._value_node(key)
            items = node.value if isinstance(node, yaml.SequenceNode) else [] if node is None else [node]
            if shorthand:
                items = [expanded(item, shorthand) if isinstance(item, yaml.ScalarNode) else item for item in items]
            name = self._qualified(key)
            self._sections[key] = tuple(self._child(item, f"{name}[{index}]") for index, item in enumerate(items))
        return self._sections[key]

    # ------------------------------------------------------------------------------------------------------ values

    def _read_value(self, key: Key) -> Any:
        """Returns the value of a key, checked; its default when it is missing or wrong."""
        node = self._value_node(key.name)
        if node is None and key.is_required:
            self.report_missing(key.name)
        if key.shape == "list":
            return self._read_list(key, node)
        if key.shape == "mapping":
            return self._read_mapping(key)
        if key.is_section:
            section = self.section(key.name, key.option.shorthand)
            return None if key.is_optional and not self.is_mapping(key.name) else section.read(key.type)
        if node is None:
            return "" if key.is_required else key.default
        read = {bool: self._read_flag, str: self._read_text}.get(key.type, self._read_number)
        return read(key, node)

    def _read_list(self, key: Key, node: yaml.Node | None) -> tuple[Any, ...]:
        if key.option.non_empty and isinstance(node, yaml.SequenceNode) and not node.value:
            self.report_missing(key.name)
        if key.is_section:
            return tuple(section.read(key.type) for section in self.sections(key.name, key.option.shorthand))
        if node is None:
            default: tuple[Any, ...] = key.default
            return default
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        texts: list[str] = []
        for item in items:
            text = "" if is_null(item) else text_of(item)
            if not text:
                self._report_at(item, self._qualified(key.name), f"expected text, got {describe(item)}")
            elif not key.choices or text in key.choices:
                texts.append(text)
            else:
                self.report(key.name, f"expected {_alternatives(key.choices)}, got {text!r}", text)
        return tuple(texts)

    def _read_mapping(self, key: Key) -> dict[str, Any]:
        section = self.section(key.name)
        if key.is_section:
            return {name: item.read(key.type) for name, item in section.named_sections().items()}
        section.reject_unknown_keys(key.option.names)
        values: dict[str, Any] = {}
        for name in key.option.names:
            item = key._replace(name=name, shape="list", default=(), option=Option())
            if texts := section._read_list(item, section._value_node(name)):  # noqa: SLF001
                values[name] = texts
        return values

    def _read_text(self, key: Key, node: yaml.Node) -> str:
        """Returns a scalar as one line of text. Checks that it is one of the choices, or a URL, where it must be."""
        default: str = "" if key.is_required else key.default
        if not isinstance(node, yaml.ScalarNode):
            self.report(key.name, "expected text")
            return default
        text = text_of(node)
        if not text and key.is_required:
            self.report_missing(key.name)
        elif key.choices and text not in key.choices:
            self.report(key.name, f"expected {_alternatives(key.choices)}, got {text!r}")
            return default
        if text and key.option.is_url:
            try:
                return addresses.normalize(text)
            except ValueError as error:
                self.report(key.name, str(error))
                return default
        return text

    def _read_flag(self, key: Key, node: yaml.Node) -> Any:
        value = construct(node)
        if isinstance(value, bool):
            return value
        self.report(key.name, f"expected true or false, got {describe(node)}")
        return key.default

    def _read_number(self, key: Key, node: yaml.Node) -> Any:
        """Returns a number within the key's bounds; a whole one where the key's type is int."""
        value = construct(node)
        option = key.option
        if not _is_number(value, key.type):
            self.report(key.name, f"expected a {'whole ' * (key.type is int)}number, got {describe(node)}")
        elif option.above is not None and value <= option.above:
            self.report(key.name, f"expected more than {option.above}, got {value}")
        elif option.minimum is not None and value < option.minimum:
            self.report(key.name, f"expected at least {option.minimum}, got {value}")
        elif option.maximum is not None and value > option.maximum:
            self.report(key.name, f"expected at most {option.maximum}, got {value}")
        else:
            return key.type(value)
        return key.default

    # ------------------------------------------------------------------------------------------------------- nodes

    def _add_child(self, key: yaml.Node, value: yaml.Node) -> None:
        if not isinstance(key, yaml.ScalarNode):
            self._report_at(key, self._name, "a key must be text")
            return
        name = text_of(key)
        if name in self._children:
            self._report_at(key, self._qualified(name), "duplicate key")
        self._children[name] = (key, value)

    def _child(self, node: yaml.Node | None, name: str) -> ConfigSection:
        return ConfigSection(node, name, self.path, self._problems)

    def _value_node(self, key: str) -> yaml.Node | None:
        """Returns the node of a key's value; none when the key is missing or its value is null."""
        _, node = self._children.get(key, (None, None))
        return None if node is None or is_null(node) else node

    def _placeholder(self) -> yaml.Node | None:
        """Returns a null node at this section's position, for the faults of a missing section."""
        if self._node is None:
            return None
        return yaml.ScalarNode(NULL_TAG, "", self._node.start_mark, self._node.end_mark)

    def _qualified(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def _report_at(self, node: yaml.Node | None, field: str, message: str) -> None:
        line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node is not None else (1, 1)
        self._problems.append(Problem(self.path, line, column, field or "config", message))


def read_root(text: str, path: str, problems: list[Problem], name: str = "") -> ConfigSection | None:
    """Returns the top section of a document, called `name` in problems; none, with a problem, when it is not YAML."""
    try:
        node = compose(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = getattr(error, "problem", None) or "not YAML"
        problems.append(Problem(path, line, column, name or "config", message))
        return None
    return ConfigSection(node, name, path, problems)


def _is_number(value: object, type_: type) -> bool:
    """Whether a value is a finite number that `type_`, int or float, can hold."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return type_ is int or abs(value) <= sys.float_info.max
    return type_ is float and isinstance(value, float) and math.isfinite(value)


def _alternatives(choices: Sequence[str]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
