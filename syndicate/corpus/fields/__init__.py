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
    identity      its id and its address
    people        provider and authors; mail addresses never leave a record
    topics        topics, and the values of other dimensions
    media         image and video
    related       related stories, AMP and AMP cache addresses
    body          the body as HTML

Each field is parsed by the same rule: try its keys in order, take the first value that is valid, report every invalid
value before it as a problem. An invalid value never raises, it only costs its own field. Exceptions to the rule:

- Visibility looks at *every* spelling of a key (`draft: false` does not cancel `Draft: true`), and a value that cannot
  be understood hides the record: nothing that its owner meant to hide is published.
- Without a title or a date of publication there is no entry; the problem is an error, not a warning.

Only the fields named here leave the corpus. Private keys (`values.keys.PRIVATE`) are absent from the table, and so no
configuration can publish them. Keys are compared without regard to case; a dotted key names a nested one.
"""

from ...feeds.identity import digest, path_id
from ...feeds.rules import traits_of
from ...model import Entry
from ...values.dates import epoch_seconds
from ..files import UNKNOWN_STATUS, FileStatus
from ..record import ParsedRecord
from .body import body_of
from .identity import entry_id, entry_url, language
from .media import image_of, video_url_of
from .people import authors_of, provider_of
from .publication import published_of
from .reader import FieldReader, Keys
from .related import cdn_url_of, related_of
from .topics import terms_of, topics_of
from .visibility import expiry_is_unknown, is_hidden

__all__ = ["FieldReader", "Keys", "parse_entry", "parse_fields"]


def parse_fields(
    reader: FieldReader, content_hash: bytes = b"", file_status: FileStatus = UNKNOWN_STATUS
) -> ParsedRecord:
    """Return the record of a file with this hash and status, whose metadata the reader holds."""
    problems = reader.problems
    if is_hidden(reader):
        return ParsedRecord(content_hash, file_status, hidden=True, problems=tuple(problems))
    entry = parse_entry(reader)
    expires = reader.date("expires")
    if expires is None and expiry_is_unknown(reader):
        return ParsedRecord(content_hash, file_status, hidden=True, problems=tuple(problems))
    if entry is None:
        return ParsedRecord(content_hash, file_status, problems=tuple(problems))
    context = reader.context
    return ParsedRecord(
        content_hash=content_hash,
        file_status=file_status,
        hidden=False,
        id=entry.id,
        stated_id=entry.id if entry.id != path_id(context.authority, entry.path) else None,
        url=entry.url,
        published=epoch_seconds(entry.published),
        updated=epoch_seconds(entry.updated),
        expires=epoch_seconds(expires) if expires else None,
        traits=traits_of(entry),
        digest=bytes.fromhex(digest(entry, context.presentation)),
        problems=tuple(problems),
        entry=entry,
    )


def parse_entry(reader: FieldReader) -> Entry | None:
    """Return the entry of a record, hidden or not; None if it has no title or no date of publication."""
    title = reader.text("title")
    published = published_of(reader)
    if not title:
        reader.error(("title",), "no title")
    if not title or published is None:
        return None
    url = entry_url(reader)
    summary = reader.text("summary")
    provider = provider_of(reader)
    amp_url = reader.address("amp")
    return Entry(
        id=entry_id(reader),
        path=reader.context.prefix + reader.path,
        title=title,
        url=url,
        published=published,
        updated=max(published, reader.date("updated") or published),
        summary=summary,
        body=body_of(reader, url=url, title=title, summary=summary) if reader.body else "",
        authors=authors_of(reader),
        provider=provider,
        topics=topics_of(reader),
        category=reader.text("category"),
        type=reader.text("type"),
        language=language(reader),
        image=image_of(reader, url),
        video_url=video_url_of(reader),
        amp_url=amp_url,
        cdn_url=cdn_url_of(reader, amp_url),
        related=related_of(reader),
        quality=reader.number("quality"),
        heat=reader.number("heat"),
        terms=tuple(terms_of(reader)),
    )
