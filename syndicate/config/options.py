"""Configuration keys as annotated fields of named tuples.

Theory of operation
-------------------

A section of config.yaml is a NamedTuple in `models`. A field annotated with an `Option` is a key of that section:

    class Serve(NamedTuple):
        port: Annotated[int, Option("Port to listen on.", minimum=0, maximum=65535)] = 8080

The field states everything once: name, type, default, constraints and meaning. `keys_of` turns the fields into `Key`
values, and everything else is derived from these: `sections` parses and reports, `schema` writes the JSON Schema,
`reference` writes docs/configuration.md. To add a key, add a field here and use its value.

A field without an `Option` is not a key: the loader computes it (the absolute path of a folder, for example). A field
without a default is required.

Supported types, where `X` is a section's NamedTuple:

    bool, int, float, str, Literal["a", "b"]     one value
    tuple[str, ...], tuple[Literal[...], ...]    a list, or one value alone
    X                                            a section
    tuple[X, ...]                                a list of sections, or one section alone
    Mapping[str, X]                              sections by name
    Mapping[str, tuple[str, ...]]                lists by name
    T | None                                     any of these, when a missing key has no default

Named tuples with `Annotated` are used instead of pydantic because every run imports this package: pydantic alone takes
as long to import as a run that finds nothing changed.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType
from typing import Annotated, Any, ForwardRef, Literal, NamedTuple, get_args, get_origin, get_type_hints

ANY_NAME = "*"
"""The name of a key that stands for every name that the section does not define."""

Shape = Literal["value", "list", "mapping"]


class Option(NamedTuple):
    """The meaning of a key, and the constraints that its type does not express.

    A section needs no `description`: it has the first paragraph of its docstring. `key` is the name in the file where
    it differs from the field's. `choices` are the allowed texts, or a function that returns
    them, where a registry lists them and no Literal can. `names` are the allowed names of a mapping. `shorthand` names
    the key of a section that one text may replace. `default` describes a default that is computed.
    """

    description: str = ""
    key: str = ""
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    is_url: bool = False
    non_empty: bool = False
    choices: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    names: tuple[str, ...] = ()
    shorthand: str = ""
    default: str = ""


class Key(NamedTuple):
    """One key of a section, as the reader, the schema and the reference need it.

    `type` is bool, int, float, str or a section's NamedTuple. It is the type of the value, or of the items of a list or
    mapping.
    """

    name: str
    field: str
    shape: Shape
    type: type
    choices: tuple[str, ...]
    is_optional: bool
    is_required: bool
    default: Any
    option: Option

    @property
    def is_section(self) -> bool:
        """Whether the value, or each item, is a section."""
        return issubclass(self.type, tuple)

    @property
    def description(self) -> str:
        """The meaning of the key. A section without a description of its own has its docstring's first paragraph."""
        return self.option.description or summary_of(self.type)


@cache
def keys_of(model: type) -> tuple[Key, ...]:
    """Returns the keys of a section's NamedTuple, in the order of its fields."""
    defaults: Mapping[str, Any] = model._field_defaults  # type: ignore[attr-defined] # every NamedTuple has it
    annotations: Mapping[str, Any] = model.__annotations__
    if any(isinstance(annotation, ForwardRef) for annotation in annotations.values()):
        # The model's module postpones the evaluation of annotations; get_type_hints is slow, so others do without.
        annotations = get_type_hints(model, include_extras=True)
    return tuple(
        _key(field, annotation, defaults)
        for field, annotation in annotations.items()
        if get_origin(annotation) is Annotated
    )


def _key(field: str, annotation: Any, defaults: Mapping[str, Any]) -> Key:
    option: Option = annotation.__metadata__[0]
    type_: Any = annotation.__origin__
    is_optional = NoneType in get_args(type_)
    if is_optional:
        type_ = get_args(type_)[0]
    shape: Shape = "value"
    if get_origin(type_) is tuple:
        shape, type_ = "list", get_args(type_)[0]
    elif get_origin(type_) is Mapping:
        shape, type_ = "mapping", get_args(type_)[1]
    if option.names:
        type_ = str
    stated = option.choices() if callable(option.choices) else option.choices
    choices = get_args(type_) if get_origin(type_) is Literal else stated
    return Key(
        name=option.key or field,
        field=field,
        shape=shape,
        type=str if choices else type_,
        choices=choices,
        is_optional=is_optional,
        is_required=field not in defaults,
        default=defaults.get(field),
        option=option,
    )


def summary_of(model: type) -> str:
    """Returns the first paragraph of a docstring, as one line."""
    return " ".join((model.__doc__ or "").partition("\n\n")[0].split())
