"""Parse one file of the corpus into a `ParsedRecord`. No content of a file raises an exception."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from ..config import Source
from ..errors import Problem
from . import frontmatter
from .context import SourceContext
from .fields import FieldReader, Keys, parse_fields
from .files import FileContent, FileStatus, UnreadableFile, VanishedFile, decode, file_status, read_file
from .record import ParsedRecord
from .scan import display_path

_HASH_BYTES = 16
_WRITING_NS = 2_000_000_000  # an incomplete file that is older stays as it is


class UnchangedFile(NamedTuple):
    """A file whose bytes have the known hash, and its current status."""

    content_hash: bytes
    file_status: FileStatus


class HidingProblem(Problem):
    """A problem of metadata that were read, and hide the record since they contradict each other."""

    __slots__ = ()


class UnfinishedFile(NamedTuple):
    """A file that is still being written: it is empty, or its front matter is not closed, and it was just modified."""

    path: bytes


def parse_record(
    source: Source,
    path: bytes,
    context: SourceContext,
    known_hash: bytes | None = None,
    *,
    awaits_end: bool = False,
) -> ParsedRecord | UnchangedFile | UnfinishedFile | VanishedFile:
    """Read and parse one file; `path` is relative to the folder of the source.

    With `awaits_end`, returns `UnfinishedFile` if the file is still being written.
    Returns `VanishedFile` if the file does not exist, `UnchangedFile` if the hash of its bytes is `known_hash`, and a
    `ParsedRecord` otherwise. The record of a file that cannot be read has an empty `content_hash` and one problem.
    """
    content = read_file(source, path)
    if isinstance(content, VanishedFile):
        return content
    if isinstance(content, UnreadableFile):
        problem = _file_problem(source, path, content)
        return ParsedRecord(b"", file_status(source, path), problems=(problem,))
    content_hash = sha256(content.data).digest()[:_HASH_BYTES]
    if content_hash == known_hash:
        return UnchangedFile(content_hash, content.status)
    if awaits_end and _is_unfinished(content):
        return UnfinishedFile(path)
    return _parse_content(content, content_hash, source, path, context)


def _is_unfinished(content: FileContent) -> bool:
    """Return whether a file is incomplete, and was modified so recently that somebody may still be writing it."""
    _, mtime_ns, _ = content.status
    if abs(time.time_ns() - mtime_ns) > _WRITING_NS:
        return False
    text = decode(content.data)
    return isinstance(text, str) and frontmatter.is_incomplete(text)


def stopped_record(source: Source, path: bytes, reason: str) -> ParsedRecord | VanishedFile:
    """Return the record of a file that exceeds the limits when it is parsed, with one problem: the reason."""
    content = read_file(source, path)
    if isinstance(content, VanishedFile):
        return content
    problem = Problem(display_path(source, path), 1, 1, "record", reason)
    if isinstance(content, UnreadableFile):
        return ParsedRecord(b"", file_status(source, path), problems=(problem,))
    content_hash = sha256(content.data).digest()[:_HASH_BYTES]
    return ParsedRecord(content_hash, content.status, problems=(problem,))


def locate_value(source: Source, path: bytes, keys: Sequence[str | int]) -> tuple[int, int]:
    """Return line and column of a value in a file; `(1, 1)` if the file cannot be parsed any more.

    For problems that only a comparison of several records can show.
    """
    content = read_file(source, path)
    text = decode(content.data) if isinstance(content, FileContent) else None
    if not isinstance(text, str):
        return 1, 1
    try:
        return frontmatter.parse(text).locate(keys)
    except frontmatter.FrontMatterError:
        return 1, 1


def open_record(content: FileContent, source: Source, path: bytes, context: SourceContext) -> FieldReader | Problem:
    """Return the reader of the fields in a file's bytes, or the problem why its metadata cannot be parsed."""
    text = decode(content.data)
    if isinstance(text, UnreadableFile):
        return _file_problem(source, path, text)
    try:
        parsed = frontmatter.parse(text, context.keys.stated_once)
    except frontmatter.FrontMatterError as error:
        kind = HidingProblem if isinstance(error, frontmatter.RepeatedKeyError) else Problem
        return kind(display_path(source, path), error.line, error.column, "front matter", error.message)

    def problem_at(keys: Keys, message: str, severity: str, body_line: int) -> Problem:
        if body_line:
            line, column = _first_line_of_body(text, parsed.body) + body_line - 1, 1
        else:
            line, column = parsed.locate([part for key in keys for part in _split(key)])
        field = ".".join(map(str, keys))
        return Problem(display_path(source, path), line, column, field, message, severity)

    metadata: Mapping[Any, Any] = parsed.metadata
    if context.site.defaults:
        metadata = _with_defaults(
            metadata, context.site.defaults_of(os.fsdecode(path)), context.site.options.get("joined", ())
        )
    reader = FieldReader(metadata, parsed.body, os.fsdecode(path), context, problem_at, parsed.is_quoted)
    if parsed.repaired:
        reader.warn_of_header(parsed.first_line, "control characters were removed")
    return reader


def _parse_content(
    content: FileContent, content_hash: bytes, source: Source, path: bytes, context: SourceContext
) -> ParsedRecord:
    reader = open_record(content, source, path, context)
    if isinstance(reader, Problem):
        return ParsedRecord(content_hash, content.status, problems=(reader,))
    return parse_fields(reader, content_hash, content.status)


def _with_defaults(
    metadata: Mapping[Any, Any], defaults: Mapping[str, Any], joined: Sequence[str]
) -> Mapping[Any, Any]:
    """Return metadata with those of the site's defaults that the record does not state, in any case of letters.

    Lists of the keys `joined` come from both.
    """
    stated = {key.lower(): key for key in metadata if isinstance(key, str)}
    merged = {**{key: value for key, value in defaults.items() if str(key).lower() not in stated}, **metadata}
    for name in joined:
        key, added = stated.get(name), defaults.get(name)
        if key is not None and isinstance(added, list) and isinstance(metadata[key], list):
            merged[key] = [*added, *metadata[key]]
    return merged


def _first_line_of_body(text: str, body: str) -> int:
    """Return the line of the file on which its body begins: it ends where the file does, but for empty lines."""
    return frontmatter.normalized(text).rstrip("\n").count("\n") - body.count("\n") + 1


def _split(key: str | int) -> Sequence[str | int]:
    """Return the parts of a dotted key; an index is one part."""
    return key.split(".") if isinstance(key, str) else (key,)


def _file_problem(source: Source, path: bytes, unreadable: UnreadableFile) -> Problem:
    message, line, column = unreadable
    return Problem(display_path(source, path), line, column, "file", message)
