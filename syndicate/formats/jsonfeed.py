"""JSON Feed 1.1. Values without a standard name are in the extensions `_amp`, `_related` and `_syndicate`.

docs/extensions.md describes the extensions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson

from ..feeds.archive import home_page_url
from ..model import EXTENSIONS, NO_ARCHIVES, ArchiveLinks, Enclosure, Entry, Feed, Person, Related, Site, Tombstone
from . import get
from .content import Prepared

FORMAT = get("json")
VERSION = "https://jsonfeed.org/version/1.1"

Object = dict[str, Any]


def render_entry(prepared: Prepared) -> bytes:
    """Returns one item, on one line."""
    entry = prepared.entry
    return orjson.dumps(
        _without_empty(
            id=entry.id,
            url=prepared.link,
            title=entry.title,
            content_html=prepared.html,
            summary=prepared.summary,
            image=entry.image and entry.image.url,
            date_published=rfc3339(entry.published),
            date_modified=rfc3339(entry.updated),
            authors=[_author(person) for person in prepared.authors],
            tags=list(entry.topics),
            language=entry.language,
            attachments=[_attachment(entry.enclosure)] if entry.enclosure else [],
            _amp=_amp(entry),
            _related=_related(entry.related),
            _syndicate=_item_extension(entry),
        )
    )


def render_document(feed: Feed, site: Site, fragments: Sequence[bytes], links: ArchiveLinks = NO_ARCHIVES) -> bytes:
    """Returns a feed with these items, each on a line of its own. Tombstones follow on one line."""

    def address(period: str) -> str:
        return FORMAT.url(site, feed.path, period)

    head = _without_empty(
        version=VERSION,
        title=feed.title,
        home_page_url=home_page_url(feed.path, site),
        feed_url=address(links.period),
        next_url=links.prev_archive and address(links.prev_archive),
        description=feed.description,
        icon=site.logo,
        favicon=site.icon,
        authors=[{"name": site.title, "url": site.home}],
        language=feed.language,
        hubs=[{"type": "WebSub", "url": hub} for hub in site.hubs if not links.period],
        _syndicate=_archive_extension(links, address) if links.period else {},
    )
    items = b",\n".join(fragments)
    deleted = b',"_syndicate":' + orjson.dumps(_deleted(links.tombstones)) + b"\n" if links.tombstones else b""
    return (
        orjson.dumps(head)[:-1]
        + b',"items":[\n'
        + items
        + (b"\n" if items else b"")
        + (b"]\n" + deleted if deleted else b"]")
        + b"}\n"
    )


def rfc3339(time: datetime) -> str:
    """Returns a UTC time as JSON Feed writes it (RFC 3339), with whole seconds."""
    return f"{time.isoformat()[:19]}Z"


def _archive_extension(links: ArchiveLinks, address: Callable[[str], str]) -> Object:
    """Returns the links of RFC 5005 that JSON Feed does not define. `next_url` is its `prev-archive`."""
    next_archive = links.next_archive and address(links.next_archive)
    return {
        "about": f"{EXTENSIONS}#syndicate",
        **_without_empty(period=links.period, current=address(""), next_archive=next_archive),
    }


def _deleted(tombstones: Sequence[Tombstone]) -> Object:
    deleted = [{"id": tombstone.id, "date_deleted": rfc3339(tombstone.when)} for tombstone in tombstones]
    return {"about": f"{EXTENSIONS}#syndicate", "deleted": deleted}


def _amp(entry: Entry) -> Object:
    if not entry.amp_url and not entry.cdn_url:
        return {}
    return _without_empty(about=f"{EXTENSIONS}#amp", url=entry.amp_url, cdn_url=entry.cdn_url)


def _related(stories: tuple[Related, ...]) -> Object:
    return {"about": f"{EXTENSIONS}#related", "items": [_story(story) for story in stories]} if stories else {}


def _story(story: Related) -> Object:
    return _without_empty(
        url=story.url,
        title=story.title,
        date_published=story.published and rfc3339(story.published),
        provider=story.provider,
        amp_url=story.amp_url,
        cdn_url=story.cdn_url,
    )


def _item_extension(entry: Entry) -> Object:
    """Returns the properties of an entry that JSON Feed does not define."""
    properties = _without_empty(
        provider=entry.provider and _author(entry.provider), type=entry.type, category=entry.category
    )
    return {"about": f"{EXTENSIONS}#syndicate", **properties} if properties else {}


def _author(person: Person) -> Object:
    return _without_empty(name=person.name, url=person.url)


def _attachment(enclosure: Enclosure) -> Object:
    return _without_empty(url=enclosure.url, mime_type=enclosure.media_type, size_in_bytes=enclosure.length)


def _without_empty(**values: Any) -> Object:
    return {name: value for name, value in values.items() if value}
