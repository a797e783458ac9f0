"""JSON Feed 1.1. What it does not name is in extensions: `_amp`, `_related`, `_syndicate` (docs/extensions.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson

from ..feeds import archive
from ..model import EXTENSIONS, NEWEST, Deleted, Entry, Feed, History, Person, Related, Site
from .content import Prepared

NAME = "feed.json"
MEDIA_TYPE = "application/feed+json"
VERSION = "https://jsonfeed.org/version/1.1"

Object = dict[str, Any]


def render_entry(prepared: Prepared) -> bytes:
    """One item, on one line."""
    entry = prepared.entry
    return _dump(
        _given(
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
            _amp=_amp(entry),
            _related=_related(entry.related),
            _syndicate=_more(entry),
        )
    )


def render_feed(feed: Feed, site: Site, fragments: Sequence[bytes], history: History = NEWEST) -> bytes:
    """The whole document, an item a line; what was deleted comes after the items, on a line of its own."""

    def address(period: str) -> str:
        return f"{site.url}{archive.place(feed.path, period)}/{NAME}"

    head = _given(
        version=VERSION,
        title=feed.title,
        home_page_url=archive.page_url(feed.path, site),
        feed_url=address(history.period),
        next_url=history.prev_archive and address(history.prev_archive),
        description=feed.description,
        icon=site.logo,
        favicon=site.icon,
        authors=[{"name": site.title, "url": site.home}],
        language=site.language,
        hubs=[{"type": "WebSub", "url": hub} for hub in site.hubs if not history.period],
        _syndicate=_place(history, address) if history.period else {},
    )
    items = b",\n".join(fragments)
    more = b',"_syndicate":' + _dump(_gone(history.deleted)) + b"\n" if history.deleted else b""
    return (
        _dump(head)[:-1]
        + b',"items":[\n'
        + items
        + (b"\n" if items else b"")
        + (b"]\n" + more if more else b"]")
        + b"}\n"
    )


def _place(history: History, address: Callable[[str], str]) -> Object:
    """What RFC 5005 has links for, and JSON Feed no name."""
    later = history.next_archive and address(history.next_archive)
    return {
        "about": f"{EXTENSIONS}#syndicate",
        **_given(period=history.period, current=address(""), next_archive=later),
    }


def _gone(deleted: Sequence[Deleted]) -> Object:
    gone = [{"id": one.id, "date_deleted": rfc3339(one.when)} for one in deleted]
    return {"about": f"{EXTENSIONS}#syndicate", "deleted": gone}


def rfc3339(moment: datetime) -> str:
    """A UTC time as JSON Feed writes it (RFC 3339)."""
    return f"{moment.isoformat()[:19]}Z"


def _amp(entry: Entry) -> Object:
    if not entry.amp_url and not entry.cdn_url:
        return {}
    return _given(about=f"{EXTENSIONS}#amp", url=entry.amp_url, cdn_url=entry.cdn_url)


def _related(stories: tuple[Related, ...]) -> Object:
    return {"about": f"{EXTENSIONS}#related", "items": [_story(story) for story in stories]} if stories else {}


def _story(story: Related) -> Object:
    return _given(
        url=story.url,
        title=story.title,
        date_published=story.published and rfc3339(story.published),
        provider=story.provider,
        amp_url=story.amp_url,
        cdn_url=story.cdn_url,
    )


def _more(entry: Entry) -> Object:
    """What partners sort by, and JSON Feed has no name for."""
    more = _given(provider=entry.provider and _author(entry.provider), type=entry.type, category=entry.category)
    return {"about": f"{EXTENSIONS}#syndicate", **more} if more else {}


def _author(person: Person) -> Object:
    return _given(name=person.name, url=person.url)


def _given(**values: Any) -> Object:
    return {name: value for name, value in values.items() if value}


def _dump(value: Object) -> bytes:
    return orjson.dumps(value)
