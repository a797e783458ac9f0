"""The JSON Schema (draft 2020-12) of config.yaml, for editors and for validation elsewhere.

The schema accepts what the reader accepts as far as types, names and bounds go. Checks that need the file system, or
compare values, are the reader's alone. As in the reader, null stands for the default, a text may be written as a number
or a boolean, and one item may stand for a list.
"""

import json
from typing import Any

from .models import ConfigFile
from .options import ANY_NAME, Key, Option, keys_of, summary_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALARS = ["string", "number", "boolean"]


def json_schema() -> dict[str, Any]:
    """Returns the schema as JSON values."""
    definitions: dict[str, Any] = {}
    top = _section(ConfigFile, definitions)
    return {"$schema": DIALECT, "title": "Configuration of syndicate", **top, "$defs": definitions}


def schema_text() -> str:
    """Returns the schema as the text of a file."""
    return f"{json.dumps(json_schema(), indent=2, ensure_ascii=False)}\n"


def _section(model: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema of a section; those of sections within it are added to `definitions`."""
    keys = keys_of(model)
    properties = {key.name: _property(key, definitions) for key in keys if key.name != ANY_NAME}
    additional: bool | dict[str, Any] = False
    for key in keys:
        if key.name == ANY_NAME:
            additional = _item(key, definitions)
            # Where any name is allowed, a section may have the name of a key that takes none.
            properties = {name: {"anyOf": [schema, additional]} for name, schema in properties.items()}
    return {
        "description": summary_of(model),
        "type": ["object", "null"] if all(not key.is_required for key in keys) else "object",
        "properties": properties,
        "required": [key.name for key in keys if key.is_required],
        "additionalProperties": additional,
    }


def _property(key: Key, definitions: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema of a key's value, with its meaning and default."""
    schema = _value(key, definitions)
    if not key.is_required:
        schema = _or_null(schema)
    schema = {"description": key.description, **schema}
    if not (key.is_section or key.is_required or key.default is None or key.option.default):
        schema["default"] = list(key.default) if isinstance(key.default, tuple) else key.default
    return schema


def _value(key: Key, definitions: dict[str, Any]) -> dict[str, Any]:
    match key.shape:
        case "list":
            item = _item(key, definitions)
            many = {"type": "array", "items": item, **({"minItems": 1} if key.option.non_empty else {})}
            return {"anyOf": [*item.get("anyOf", [item]), many]}
        case "mapping" if key.option.names:
            texts = key._replace(shape="list", option=Option())
            names = {name: _or_null(_value(texts, definitions)) for name in key.option.names}
            return {"type": "object", "properties": names, "additionalProperties": False}
        case "mapping":
            return {"type": "object", "additionalProperties": _item(key, definitions)}
        case "value":
            return _item(key, definitions)


def _item(key: Key, definitions: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema of one value of a key's type."""
    option = key.option
    if key.is_section:
        name = key.type.__name__
        if name not in definitions:
            definitions[name] = {}  # keeps the place of a section before those within it
            definitions[name] = _section(key.type, definitions)
        reference = {"$ref": f"#/$defs/{name}"}
        return {"anyOf": [{"type": _SCALARS}, reference]} if option.shorthand else reference
    if key.choices:
        return {"enum": list(key.choices)}
    if key.type is bool:
        return {"type": "boolean"}
    if key.type is str:
        text = {"type": "string", "format": "uri"} if option.is_url else {"type": _SCALARS}
        return {**text, "minLength": 1} if key.is_required or key.shape == "list" else text
    bounds = {"minimum": option.minimum, "exclusiveMinimum": option.above, "maximum": option.maximum}
    stated = {name: bound for name, bound in bounds.items() if bound is not None}
    return {"type": "integer" if key.type is int else "number", **stated}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns a schema that accepts null, too."""
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return {**schema, "type": [*types, "null"]}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    return schema if "$ref" in schema else {"anyOf": [schema, {"type": "null"}]}
