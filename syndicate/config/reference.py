"""docs/configuration.md: a table of keys for each section, written from the models (`make configuration`)."""

import json
from collections.abc import Iterator

from .models import ConfigFile, TopicFileOptions
from .options import ANY_NAME, Key, keys_of, summary_of

_HEADER = """\
# Configuration

This page is generated from `syndicate/config/models.py` by `make configuration`.

`syndicate` reads `config.yaml` in the working folder, or the file that `-c` names. It refuses unknown keys and reports
all faults at once, each with its line and column. Relative paths are relative to the file.

A key that is missing or null has its default. A list of one item may be written as the item alone.

`syndicate schema` prints the same as a JSON Schema (draft 2020-12). `syndicate init` writes the schema beside the
configuration, where editors that run a YAML language server find it by the first line of the file:

```yaml
# yaml-language-server: $schema=./config.schema.json
```
"""
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "text"}


def markdown() -> str:
    """Returns the page."""
    sections = [("Top level", ConfigFile), *_sections("", ConfigFile, set()), ("Topic files", TopicFileOptions)]
    return "\n".join([_HEADER, *(line for heading, model in sections for line in _table(heading, model))])


def _sections(name: str, model: type, seen: set[type]) -> Iterator[tuple[str, type]]:
    """Yields the heading and the model of each section within a section, each model once."""
    for key in keys_of(model):
        if key.is_section and key.type not in seen:
            seen.add(key.type)
            path = _path(name, key)
            yield f"`{path}`", key.type
            yield from _sections(path, key.type, seen)


def _path(name: str, key: Key) -> str:
    """Returns the name of a section as problems write it, with `NAME` and `[]` for what varies."""
    if key.name == ANY_NAME:
        return f"{name}.NAME"
    suffix = {"value": "", "list": "[]", "mapping": ".NAME"}[key.shape]
    return f"{name}.{key.name}{suffix}" if name else f"{key.name}{suffix}"


def _table(heading: str, model: type) -> Iterator[str]:
    yield f"## {heading}\n\n{summary_of(model)}\n"
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    for key in keys_of(model):
        name = "NAME" if key.name == ANY_NAME else key.name
        yield f"| `{name}` | {_type(key)} | {_default(key)} | {key.description} |"
    yield ""


def _type(key: Key) -> str:
    """Returns a key's type in words."""
    if key.option.names:
        return "section of lists of text"
    one = "section" if key.is_section else "URL" if key.option.is_url else _TYPES.get(key.type, "")
    if key.choices:
        one = ", ".join(f"`{choice}`" for choice in key.choices)
    option = key.option
    if key.name == ANY_NAME:
        return one
    bounds = [
        f"{sign} {bound}"
        for sign, bound in (("≥", option.minimum), (">", option.above), ("≤", option.maximum))
        if bound is not None
    ]
    one = f"{one} {', '.join(bounds)}" if bounds else one
    return {"value": one, "list": f"list of {one}", "mapping": f"{one} by name"}[key.shape]


def _default(key: Key) -> str:
    if key.option.default:
        return key.option.default
    if key.is_required:
        return "required"
    if key.is_section or not (key.default or key.type is bool):
        return ""
    if isinstance(key.default, float):
        return f"`{key.default:g}`"
    return f"`{key.default if isinstance(key.default, str) else json.dumps(key.default)}`"


if __name__ == "__main__":
    print(markdown(), end="")
