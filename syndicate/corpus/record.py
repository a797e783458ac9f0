"""`ParsedRecord`: the content of one file of the corpus, passed from the parser to the store."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import Problem
from ..feeds.rules import Traits
from ..model import Entry
from .files import UNKNOWN_STATUS, FileStatus

PackedRecord = tuple[Any, ...]
"""A record in plain tuples, without its entry."""


class ParsedRecord(NamedTuple):
    """The content of one file.

    A record has an entry, or it is hidden, or at least one of its problems is an error. Without an entry only
    `content_hash`, `file_status`, `hidden` and `problems` have values.

    `content_hash`    the first 16 bytes of the SHA-256 of the file's bytes; empty if the bytes cannot be read
    `hidden`          the owner hides the record, or a key of visibility cannot be understood
    `id`, `stated_id` the entry's id; and the same, if it is not derived from the path of the file
    `states_url`      the record states its address; else the address is derived from its path, title or date
    `language`        the tag of the language that the record or its path states; empty if neither does
    `published`, `updated`, `expires`
                      whole seconds since 1970 UTC; the entry is visible from `published` until before `expires`
    `digest`          16 bytes over everything that feeds show of the entry (`feeds.identity.digest`)
    `links`           the references of the body to other records (`sites.references`), each once, and whether the text
                      gives an address for a record that is not known
    `entry`           absent after the record was sent from one process to another
    """

    content_hash: bytes = b""
    file_status: FileStatus = UNKNOWN_STATUS
    hidden: bool = False
    id: str = ""
    stated_id: str | None = None
    url: str | None = None
    states_url: bool = False
    language: str = ""
    published: int | None = None
    updated: int | None = None
    expires: int | None = None
    traits: Traits | None = None
    digest: bytes | None = None
    links: tuple[tuple[str, bool], ...] = ()
    problems: tuple[Problem, ...] = ()
    entry: Entry | None = None

    def pack(self) -> PackedRecord:
        """Return the record as plain tuples, without its entry: pickling them costs a third of named tuples."""
        traits = self.traits
        return (*self[:11], traits and tuple(traits), self.digest, self.links, tuple(map(tuple, self.problems)))


def unpack_record(packed: PackedRecord) -> ParsedRecord:
    """Return the record that `ParsedRecord.pack` was called on, without its entry."""
    *head, traits, digest, links, problems = packed
    problems = tuple(map(Problem._make, problems))
    return ParsedRecord._make((*head, traits and Traits._make(traits), digest, links, problems, None))
