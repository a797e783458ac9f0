"""The records of metadata given as Python values, without a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syndicate.corpus.context import SourceContext
from syndicate.corpus.fields import FieldReader, Keys, parse_fields
from syndicate.corpus.record import ParsedRecord
from syndicate.errors import Problem


def record_of(metadata: Mapping[Any, Any], body: str, path: str, context: SourceContext) -> ParsedRecord:
    """Parse metadata into a record. The field of each problem is its path of keys, joined by dots."""
    return parse_fields(FieldReader(metadata, body, path, context, _problem))


def _problem(keys: Keys, message: str, severity: str) -> Problem:
    return Problem("record.md", 1, 1, ".".join(map(str, keys)), message, severity)
