"""Everything that is known of one file: what `syndicate explain` prints."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from ..config import Source
from ..config.bucket import is_bucket
from ..errors import Problem
from ..model import Entry
from .context import SourceContext
from .fields import FieldReader, Keys, parse_fields
from .fields.visibility import expired_by
from .files import FileContent, read_file
from .parse import open_record
from .scan import display_path, matcher

# The fields of an entry, and the field of `values.keys.ALIASES` that each comes from.
_FIELDS = {
    "id": "id", "title": "title", "published": "published", "updated": "updated", "summary": "summary",
    "authors": "author", "provider": "provider", "topics": "topics", "category": "category", "type": "type",
    "language": "language", "image": "image", "enclosure": "enclosure", "video_url": "video", "amp_url": "amp",
    "cdn_url": "cdn", "quality": "quality", "heat": "heat",
}  # fmt: skip


class Value(NamedTuple):
    """A field of an entry as text, and where it came from: a key with its line, or a rule."""

    field: str
    text: str
    origin: str


class Explanation(NamedTuple):
    """What is known of a file. `visibility` says whether feeds may show it at the time, and if not, why."""

    path: str
    kind: str
    evidence: str
    is_included: bool
    visibility: str
    values: tuple[Value, ...]
    entry: Entry | None
    problems: tuple[Problem, ...]


def explain(source: Source, path: bytes, context: SourceContext, now: int) -> Explanation | Problem:
    """Return what is known of a file, at a time in seconds since 1970 UTC; a problem if it cannot be read or parsed."""
    name = display_path(source, path)
    content = read_file(source, path)
    if not isinstance(content, FileContent):
        return Problem(name, 1, 1, "file", getattr(content, "message", "no such file"))
    reader = open_record(content, source, path, context)
    if isinstance(reader, Problem):
        return reader
    record = parse_fields(reader)
    return Explanation(
        path=name,
        kind=context.site.kind,
        evidence=context.site.evidence,
        is_included=bool(matcher(source)(path)),
        visibility=_visibility(reader, record.published, record.expires, now),
        values=tuple(_values(reader, record.entry)),
        entry=record.entry,
        problems=record.problems,
    )


def _visibility(reader: FieldReader, published: int | None, expires: int | None, now: int) -> str:
    if reader.hidden_by:
        return f"hidden: {_origin(reader, reader.hidden_by.keys)}{reader.hidden_by.message}"
    if published is None:
        return "left out: see the problems"
    if published > now:
        return f"hidden until {_time(published)}: {_origin(reader, reader.dated_by)}".rstrip(": ")
    if expires is not None and expires <= now:
        since = f"hidden since {_time(expires)}, when it expired"
        return f"{since}: {_origin(reader, expired_by(reader, expires))}".rstrip(": ")
    return "shown"


def _values(reader: FieldReader, entry: Entry | None) -> Iterator[Value]:
    if entry is None:
        return
    yield Value("url", entry.url, _origin_of_url(reader, entry))
    for field, name in _FIELDS.items():
        value = getattr(entry, field)
        if value:
            key = next((key for key, _ in reader.values(name)), "")
            if field == "published":
                key = str(reader.dated_by[0]) if reader.dated_by else ""
            origin = _origin(reader, (key,)).rstrip(": ") if key else _rule_of(field, reader)
            yield Value(field, _text_of(value), origin)
    for name, values in entry.terms:
        if values:
            yield Value(name, ", ".join(values), _origin(reader, (name,)).rstrip(": "))


def _origin_of_url(reader: FieldReader, entry: Entry) -> str:
    """Return the key that states the address, or the rule that made it."""
    for key, _ in reader.values("url"):
        return _origin(reader, (key,)).rstrip(": ")
    site = reader.context.site
    lower = {key.lower(): key for key in reader.metadata if isinstance(key, str)}
    stated = next((lower[key] for key in ("permalink", "url", "path", "slug") if key in lower), "")
    rule = f"pattern {site.url}" if site.url else f"rule of {site.kind}"
    at = f", with {_origin(reader, (stated,))}".rstrip(": ") if stated else ""
    return f"{rule}{at}" if entry.url else ""


def _origin(reader: FieldReader, keys: Keys) -> str:
    """Return a key and the line of its value, for the beginning of a text; empty for no key."""
    if not keys:
        return ""
    problem = reader.problem_at(keys, "", "warning", 0)
    name = next((key for key in reader.metadata if str(key).lower() == str(keys[0]).lower()), None)
    if name is None and "." not in str(keys[0]):
        return f"{keys[0]} (of the site's configuration): "
    return f"{'.'.join(map(str, keys))} (line {problem.line}): "


def _rule_of(field: str, reader: FieldReader) -> str:
    match field:
        case "id":
            return "the path"
        case "title":
            return "the first heading"
        case "published" | "updated":
            return "the path" if field == "published" else "the date of publication"
        case "language":
            return f"the path, as {reader.context.site.kind} reads it"
        case _:
            return "computed"


def _text_of(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case tuple() if not hasattr(value, "_fields"):
            return ", ".join(map(_text_of, value))
        case tuple():
            return str(getattr(value, "name", None) or getattr(value, "url", value))
        case _:
            text = str(value)
            return text if len(text) <= 100 else f"{text[:99]}…"


def _time(seconds: int) -> str:
    return _text_of(datetime.fromtimestamp(seconds, UTC))


def find_source(sources: tuple[Source, ...], path: str) -> tuple[int, bytes] | None:
    """Return the number of the source that a path of the file system lies in, and the path within it.

    An object in a bucket has its address as its path.
    """
    for number, source in enumerate(sources):
        if is_bucket(source.root) and path.startswith(source.root):
            return number, os.fsencode(path.removeprefix(source.root))
    real = os.path.abspath(path)
    for number, source in enumerate(sources):
        root = os.path.join(os.path.abspath(source.root), "")
        if real.startswith(root):
            return number, os.fsencode(os.path.relpath(real, root))
    return None
