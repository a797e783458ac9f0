"""Who an entry or a feed is, for ever: `tag:` URIs (RFC 4151) that no move, retitling or new address changes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

from ..model import RENDERER, Entry, Presentation

_SAFE = "/-._~!$&'()*+,;=:@"  # what RFC 4151 §2.1 takes from RFC 3986's pchar and query


@lru_cache(maxsize=16)  # asked for several times while one file is read
def path_id(authority: str, path: str) -> str:
    """The identity of an entry that states none: the path of its file within the corpus."""
    return f"tag:{authority}:{quote(path, safe=_SAFE, errors='surrogateescape')}"


def stated_id(authority: str, text: str) -> str:
    """The identity of an entry that states one which is no URI."""
    return f"tag:{authority}:id:{quote(text, safe=_SAFE, errors='ignore')}"


def feed_id(authority: str, dimension: str, key: str) -> str:
    """The identity of a feed: of its subject, not of its slug, title or address."""
    return f"tag:{authority}:feed:{quote(f'{dimension}/{key}', safe=_SAFE, errors='ignore')}"


def authority_date(authority: str) -> datetime:
    """The date in a `tag:` authority (`example.org,2026-03`): the time of a feed that never had an entry.

    Raises ValueError when there is none.
    """
    year, month, day, *_ = [*authority.rpartition(",")[2].split("-"), "1", "1"]
    return datetime(int(year), int(month), int(day), tzinfo=UTC)


def digest(entry: Entry, presentation: Presentation) -> str:
    """What the feeds show of an entry, as 128 bits in hex. Path, quality, heat and whatever else only chooses are out.

    Two entries with one digest have the same fragments in every format.
    """
    import orjson

    image = entry.image
    shown = (
        RENDERER, presentation.link, entry.id, entry.title, entry.url, entry.published, entry.updated,
        entry.summary, entry.body, [(person.name, person.url) for person in entry.authors],
        entry.provider and (entry.provider.name, entry.provider.url), entry.topics, entry.category, entry.type,
        entry.language, image and (image.url, image.width, image.height, image.title), entry.video_url,
        entry.amp_url, entry.cdn_url, [tuple(story) for story in entry.related],
    )  # fmt: skip
    return sha256(orjson.dumps(shown)).hexdigest()[:32]
