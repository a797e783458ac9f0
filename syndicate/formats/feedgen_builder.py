"""Builds RSS and Atom elements with feedgen. No other module depends on feedgen.

A feed without entries gives the head of a document. The element of an entry is cut out of a feed with that one entry,
so it repeats no namespace declaration of the head. Whatever feedgen cannot write goes through one feedgen extension:
entry links with `rel` and `type`, hub links (feedgen would write the last link as the `<link>` of the channel), link
relations that feedgen rejects, Media RSS and Dublin Core.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from .xml_elements import ARCHIVE, ATOM, ATOM_END, DC, HISTORY, MEDIA, RSS_END
from .xml_template import EntryFields, Extension, FeedFields

GENERATOR = "syndicate"  # without a version: an upgrade alone changes no bytes
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def build_rss_item(fields: EntryFields) -> bytes:
    """Returns one `<item>`."""
    entry = _entry(fields, _RssItem)
    entry.guid(fields.id, permalink=fields.is_permalink)
    if fields.enclosure:
        url, length, media_type = fields.enclosure
        entry.enclosure(url, length, media_type)
    feed = _carrier(_RssChannel)
    feed.entry([entry], replace=True)
    return _cut(feed.rss_str(), b"<item>", RSS_END)


def build_atom_entry(fields: EntryFields) -> bytes:
    """Returns one `<entry>`."""
    entry = _entry(fields, _AtomEntry)
    entry.updated(fields.updated)
    entry.author([{"name": person.name, "uri": person.url} for person in fields.authors])
    entry.syndicate.language = fields.language
    feed = _carrier(_AtomFeed)
    feed.entry([entry], replace=True)
    return _cut(feed.atom_str(), b"<entry", ATOM_END)


def build_rss_head(fields: FeedFields) -> bytes:
    """Returns an RSS document up to its first item."""
    return _without_end(_feed(fields, _RssChannel, _RssItem).rss_str(), RSS_END)


def build_atom_head(fields: FeedFields) -> bytes:
    """Returns an Atom document up to its first entry."""
    return _without_end(_feed(fields, _AtomFeed, _AtomEntry).atom_str(), ATOM_END)


def _cut(document: bytes, start: bytes, end: bytes) -> bytes:
    """Returns a document from one tag to another. Text is escaped, so only tags contain these bytes."""
    return document[document.index(start) : document.rindex(end)]


def _without_end(document: bytes, end: bytes) -> bytes:
    return document[: document.rindex(end)]


class _Extension(BaseExtension):  # type: ignore[misc] # feedgen ships no types
    """Writes the extension elements. feedgen declares only the namespaces of the extension of the feed."""

    extensions: tuple[Extension, ...] = ()
    language: str = ""


class _RssChannel(_Extension):
    def extend_ns(self) -> dict[str, str]:
        return {"dc": DC, "media": MEDIA, **_history_namespace(self.extensions)}

    def extend_rss(self, feed: Any) -> Any:
        _append(feed[0], self.extensions, qualified=True)
        return feed


class _RssItem(_Extension):
    def extend_rss(self, feed: Any) -> Any:
        _append(feed, self.extensions, qualified=True)
        return feed


class _AtomFeed(_Extension):
    def extend_ns(self) -> dict[str, str]:
        return {"media": MEDIA, **_history_namespace(self.extensions)}

    def extend_atom(self, feed: Any) -> Any:
        _append(feed, self.extensions, qualified=False)
        return feed


class _AtomEntry(_Extension):
    def extend_atom(self, feed: Any) -> Any:
        if self.language:
            feed.set(_XML_LANG, self.language)
        for link in feed.findall("link"):
            feed.remove(link)
        _append(feed, self.extensions, qualified=False)
        return feed


def _history_namespace(extensions: Sequence[Extension]) -> dict[str, str]:
    """Returns the namespace that only archive documents declare."""
    return {"fh": HISTORY} if any(extension.type == ARCHIVE for extension in extensions) else {}


def _append(parent: Any, extensions: Sequence[Extension], *, qualified: bool) -> None:
    for (tag, names), (text, *values) in extensions:
        # feedgen's Atom tree has no namespace: its root has xmlns as an ordinary attribute.
        element = etree.SubElement(parent, f"{{{ATOM}}}{tag}" if qualified and not tag.startswith("{") else tag)
        for name, value in zip(names, values, strict=True):
            element.set(name, value)
        if text:
            element.text = text


def _entry(fields: EntryFields, extension: type[_Extension]) -> Any:
    entry = FeedEntry()
    entry.id(fields.id)
    entry.title(fields.title)
    entry.link(href=fields.link, rel="alternate")
    entry.published(fields.published)
    entry.content(fields.html, type="html")
    if fields.summary:
        entry.summary(fields.summary)
    if fields.categories:
        entry.category([{"term": name} for name in fields.categories])
    entry.register_extension("syndicate", extension)
    entry.syndicate.extensions = fields.extensions
    return entry


def _feed(fields: FeedFields, extension: type[_Extension], entry_extension: type[_Extension]) -> Any:
    feed = FeedGenerator()
    feed.id(fields.id)
    feed.title(fields.title)
    feed.description(fields.description)
    feed.subtitle(fields.description)
    feed.author(name=fields.author)
    feed.generator(GENERATOR)
    # feedgen writes the last link as the <link> of the channel: the home page must come after the feed itself.
    feed.link(href=fields.self_url, rel="self", type=fields.media_type)
    feed.link(href=fields.home, rel="alternate", type="text/html")
    feed.updated(fields.updated)
    feed.lastBuildDate(fields.updated)
    if fields.newest:
        feed.pubDate(fields.newest)
    if fields.language:
        feed.language(fields.language)
    if fields.rights:
        feed.rights(fields.rights)
    if fields.logo:
        feed.image(url=fields.logo, title=fields.title, link=fields.home)
    if fields.icon:
        feed.icon(fields.icon)
    feed.register_extension("syndicate", extension, entry_extension)
    feed.syndicate.extensions = fields.extensions
    return feed


@cache
def _carrier(extension: type[_Extension]) -> Any:
    """Returns the feed from which entries are cut. It declares the same namespaces as the documents."""
    fields = FeedFields(
        id="-", title="-", description="-", home="-", self_url="-", media_type="-", author="-",
        updated=datetime.fromtimestamp(0, UTC), newest=None, language="", rights="", icon=None, logo=None,
        extensions=(),
    )  # fmt: skip
    return _feed(fields, extension, _RssItem if extension is _RssChannel else _AtomEntry)
