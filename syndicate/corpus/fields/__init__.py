"""Metadata of any ecosystem -> the fields of an entry.

Theory of operation
-------------------
Site generators use different keys for the same field: `date`, `pubDate` and `publishedDateTime` all hold the date of
publication. `values/keys.py` lists the keys of each field in order of preference, and the configuration may add keys
that come before them. `corpus/keys.py` compiles this list, once for each source, into a table from key to field.

`FieldReader` groups the metadata of one record by field with that table. A field without a known key that has a value
costs nothing; one with several keys is sorted by preference. The modules of this package then each derive one part
of the entry from the reader:

    visibility    whether the owner hides the record, and until when it is visible
    publication   from when on the entry is visible
    identity      its id and its language
    address       the address of its page
    people        provider and authors; mail addresses never leave a record
    topics        topics, and the values of other dimensions
    media         image, video and enclosure
    related       related stories, AMP and AMP cache addresses
    body          the body as HTML

Each field is parsed by the same rule: try its keys in order, take the first value that is valid, report every invalid
value before it as a problem. An invalid value never raises, it only costs its own field. Exceptions to the rule:

- Visibility looks at *every* key that may hide the record, and a value that cannot be understood hides it: nothing that
  its owner meant to hide is published. So does a key that is stated twice, in two spellings, and a date of publication
  or expiry that cannot be understood. Of several beginnings the latest counts, of several expiries the earliest.
- Without a date of publication there is no entry; the problem is an error, not a warning. A record without a title has
  its first heading as title, or none at all.

YAML values are text, as it stands in the file (`yaml_header`); TOML values have types. `scalars.py` reads numbers,
flags and dates from either.

Only the fields named here leave the corpus. Private keys (`values.keys.PRIVATE`) are absent from the table, and so no
configuration can publish them. Keys are compared without regard to case, hyphens and underscores; a dotted key names a
nested one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...feeds.identity import digest, path_id
from ...feeds.rules import traits_of
from ...model import Entry
from ...values.dates import epoch_seconds
from ...values.text import summary_text
from ..files import UNKNOWN_STATUS, FileStatus
from ..record import ParsedRecord
from .address import entry_address
from .body import body_of
from .identity import entry_id, language
from .media import enclosure_of, image_of, video_url_of
from .people import authors_of, provider_of
from .publication import published_of
from .reader import FieldReader, IsQuoted, Keys, Reason
from .related import cdn_url_of, related_of
from .topics import terms_of, topics_of
from .visibility import expires_of, hidden_by

if TYPE_CHECKING:
    from ..bodies import RecordReference

__all__ = ["FieldReader", "IsQuoted", "Keys", "Reason", "parse_entry", "parse_fields"]


def parse_fields(
    reader: FieldReader, content_hash: bytes = b"", file_status: FileStatus = UNKNOWN_STATUS
) -> ParsedRecord:
    """Return the record of a file with this hash and status, whose metadata the reader holds."""
    reader.hidden_by = hidden_by(reader)
    if reader.hidden_by:
        return ParsedRecord(content_hash, file_status, hidden=True, problems=reader.problems)
    entry, states_url, links = _parse(reader)
    expires = expires_of(reader)
    if isinstance(expires, Reason):
        reader.hidden_by = expires
        return ParsedRecord(content_hash, file_status, hidden=True, problems=reader.problems)
    if entry is None:
        return ParsedRecord(content_hash, file_status, problems=reader.problems)
    context = reader.context
    return ParsedRecord(
        content_hash=content_hash,
        file_status=file_status,
        hidden=False,
        id=entry.id,
        stated_id=entry.id if entry.id != path_id(context.authority, entry.path) else None,
        url=entry.url,
        states_url=states_url,
        language=entry.language,
        published=epoch_seconds(entry.published),
        updated=epoch_seconds(entry.updated),
        expires=epoch_seconds(expires) if expires else None,
        traits=traits_of(entry),
        digest=bytes.fromhex(digest(entry, context.presentation)),
        links=tuple([(f"{link.kind}/{link.reference}", bool(link.fallback)) for link in links]),
        problems=reader.problems,
        entry=entry,
    )


def parse_entry(reader: FieldReader) -> Entry | None:
    """Return the entry of a record, hidden or not; None if it has no date of publication, or nothing to show."""
    return _parse(reader)[0]


def _parse(reader: FieldReader) -> tuple[Entry | None, bool, tuple[RecordReference, ...]]:
    """Return the entry of a record, if it makes one, whether the record states its address, and its body's links."""
    title = reader.text("title") or _heading_of(reader)
    published = published_of(reader)
    if published is None:
        return None, False, ()
    tag = language(reader)
    url, states_url = entry_address(reader, title, published, tag)
    summary = reader.text("summary", summary_text)
    body = body_of(reader, url=url, title=title, summary=summary) if reader.body else None
    provider = provider_of(reader)
    amp_url = reader.address("amp")
    entry = Entry(
        id=entry_id(reader),
        path=reader.context.prefix + reader.path,
        title=title,
        url=url,
        published=published,
        updated=max(published, reader.date("updated") or published),
        summary=summary,
        body=body.html if body else "",
        authors=authors_of(reader),
        provider=provider,
        topics=topics_of(reader),
        category=reader.text("category"),
        type=reader.text("type"),
        language=tag,
        image=image_of(reader, url),
        enclosure=enclosure_of(reader, url),
        video_url=video_url_of(reader),
        amp_url=amp_url,
        cdn_url=cdn_url_of(reader, amp_url),
        related=related_of(reader),
        quality=reader.number("quality"),
        heat=reader.number("heat"),
        terms=tuple(terms_of(reader)),
    )
    links = body.links if body else ()
    if not any((title, entry.summary, entry.body, entry.image, entry.enclosure, entry.video_url)):
        reader.error(("title",), "neither a title nor a text")
        return None, False, ()
    return entry, states_url, links


def _heading_of(reader: FieldReader) -> str:
    """Return the first heading of the body; empty if there is none."""
    if not reader.body:
        return ""
    from ..bodies.headings import first_heading  # nearly all records have a title, and Markdown is slow to import

    return first_heading(reader.body, reader.context.dialect, reader.path)
