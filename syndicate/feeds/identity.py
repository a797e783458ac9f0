"""Assigns permanent identities to entries and feeds: `tag:` URIs (RFC 4151).

Theory of operation
-------------------

Feed readers recognize an entry by its id. A changed id shows every subscriber an old entry as new; a reused id hides a
new entry. An id must therefore depend on nothing that editors change: not on the title, slug, address, domain, scheme
or the feed in which an entry appears.

An entry is identified by the id that its record states, else by the path of its file within the corpus. A stated id
that is an absolute URI is used as it is; any other text becomes `tag:AUTHORITY:id:TEXT`, and a path becomes
`tag:AUTHORITY:PATH`. A feed is identified by its dimension and key, `tag:AUTHORITY:feed:DIMENSION/KEY`, so a configured
slug or title leaves its id alone. Percent-encoding is reversible: paths that differ in more than their Unicode
normalization have different ids. AUTHORITY is
configured once and contains a date at which the publisher owned the name (RFC 4151 §2.1).

When several records share one canonical address they become one entry with the identity of the earliest record
(`merge.py`). When several entries state the same id, or one states the path id of another, one keeps it and the others
fall back to their paths; the pipeline resolves such conflicts, because they involve more than one record.

`digest` is the counterpart of the identity: it changes whenever the rendered entry changes, and only then. Fragments
are stored under it, and an unchanged digest means that no document changes and no hub is notified.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from unicodedata import normalize
from urllib.parse import quote

from ..model import RENDERER, Entry, Presentation

_SAFE = "/-._~!$&'()*+,;=:@"  # the characters of RFC 4151 §2.1 that RFC 3986 allows in paths


@lru_cache(maxsize=16)  # called several times for each record
def path_id(authority: str, path: str) -> str:
    """Returns the id of an entry whose record states none, from the path of its file within the corpus.

    File systems differ in the Unicode normalization of names; ids do not.
    """
    path = path if path.isascii() else normalize("NFC", path)
    return f"tag:{authority}:{quote(path, safe=_SAFE, errors='surrogateescape')}"


def stated_id(authority: str, text: str) -> str:
    """Returns the id of an entry whose record states one that is not a URI."""
    return f"tag:{authority}:id:{quote(text, safe=_SAFE, errors='ignore')}"


def feed_id(authority: str, dimension: str, key: str) -> str:
    """Returns the id of a feed. It depends on dimension and key, not on slug, title or address."""
    return f"tag:{authority}:feed:{quote(f'{dimension}/{key}', safe=_SAFE, errors='ignore')}"


def authority_date(authority: str) -> datetime:
    """Returns the date in a `tag:` authority (`example.org,2026-03`): the update time of a feed without entries.

    Raises ValueError if the authority has no valid date.
    """
    year, month, day, *_ = [*authority.rpartition(",")[2].split("-"), "1", "1"]
    return datetime(int(year), int(month), int(day), tzinfo=UTC)


def digest(entry: Entry, presentation: Presentation) -> str:
    """Returns a digest of everything that documents show of an entry: 128 bits in hexadecimal.

    It excludes the path, `quality`, `heat` and `terms`, which only select entries. Entries with equal digests have
    equal fragments in every format.
    """
    import orjson

    image = entry.image
    shown = (
        RENDERER, presentation.link, entry.id, entry.title, entry.url, entry.published, entry.updated,
        entry.summary, entry.body, [(person.name, person.url) for person in entry.authors],
        entry.provider and (entry.provider.name, entry.provider.url), entry.topics, entry.category, entry.type,
        entry.language, image and (image.url, image.width, image.height, image.title), entry.video_url,
        entry.amp_url, entry.cdn_url, [tuple(story) for story in entry.related],
        entry.enclosure and tuple(entry.enclosure), presentation.content, presentation.language,
        [tuple(words) for words in presentation.words],
    )  # fmt: skip
    return sha256(orjson.dumps(shown)).hexdigest()[:32]
