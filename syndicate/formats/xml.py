"""The only module that knows feedgen, and mends it.

feedgen makes shells (a feed without entries) and fragments (one entry, cut out of a one-entry feed, so that no
namespace is declared twice). What it cannot write goes through one extension: entry links with `rel` and `type`, hub
links without losing the channel's `<link>`, relations that it does not know, Media RSS and Dublin Core.

Making elements is what costs. Entries that have the same parts differ in words alone, and so do feeds: feedgen casts a
mould for each such shape, once (xml_template.py), and the words are filled in: the same bytes, in a third of the time.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from ..feeds import archive
from ..model import CDN_RELATION, Deleted, Entry, Feed, History, Image, Site
from .xml_template import EntryParts, Extra, FeedParts, Kind, fill

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
MEDIA = "http://search.yahoo.com/mrss/"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_RSS_END, _ATOM_END = b"</channel></rss>", b"</feed>"
_LINK: Kind = ("link", ("href", "rel"))
_TYPED_LINK: Kind = ("link", ("href", "rel", "type"))
_TITLED_LINK: Kind = ("link", ("href", "rel", "type", "title"))
_CREATOR: Kind = (f"{{{DC}}}creator", ())
_LANGUAGE: Kind = (f"{{{DC}}}language", ())
_ARCHIVE: Kind = (f"{{{HISTORY}}}archive", ())
GENERATOR = "syndicate"  # without a version: an upgrade alone changes no bytes


class Shell(NamedTuple):
    """A feed document around its fragments."""

    head: bytes
    tail: bytes

    def around(self, fragments: Sequence[bytes]) -> bytes:
        """The whole document, a fragment a line."""
        return b"\n".join((self.head, *fragments, self.tail)) + b"\n"


def feed_parts(feed: Feed, site: Site, history: History, name: str, media_type: str) -> FeedParts:
    """What a feed's document says of itself; `name` is its file's.

    An archive names no hubs: they are told of the newest entries' document, which it leads to (`current`).
    """

    def address(period: str) -> str:
        return f"{site.url}{archive.place(feed.path, period)}/{name}"

    extras = [Extra(_ARCHIVE, ("",)), link("current", address(""))] if history.period else []
    if history.prev_archive:
        extras.append(link("prev-archive", address(history.prev_archive)))
    if history.next_archive:
        extras.append(link("next-archive", address(history.next_archive)))
    if not history.period:
        extras += [link("hub", hub) for hub in site.hubs]
    return FeedParts(
        id=feed.id,
        title=feed.title,
        description=feed.description,
        home=archive.page_url(feed.path, site),
        self_url=address(history.period),
        media_type=media_type,
        updated=feed.updated,
        newest=feed.newest,
        author=site.title,
        language=site.language,
        rights=site.rights,
        icon=site.icon,
        logo=site.logo,
        extras=tuple(extras),
        stylesheet="../" * (archive.place(feed.path, history.period).count("/") + 1) + "feeds.css"
        if site.pages
        else "",
    )


def link(relation: str, url: str, media_type: str = "", title: str = "") -> Extra:
    """An Atom link, in either format."""
    if title:
        return Extra(_TITLED_LINK, ("", url, relation, media_type, title))
    return Extra(_TYPED_LINK, ("", url, relation, media_type)) if media_type else Extra(_LINK, ("", url, relation))


def amp_links(entry: Entry) -> list[Extra]:
    """The AMP page and its cache's address: never `alternate`, which clients would open as the article."""
    links = (("amphtml", entry.amp_url), (CDN_RELATION, entry.cdn_url))
    return [link(relation, url, "text/html") for relation, url in links if url]


def creator(name: str) -> Extra:
    """An author (Dublin Core): RSS's own element wants a mail address."""
    return Extra(_CREATOR, (name,))


def language(tag: str) -> Extra:
    """An RSS item's language (Dublin Core)."""
    return Extra(_LANGUAGE, (tag,))


def media_content(image: Image) -> Extra:
    """A lone picture (Media RSS): without `media:title`, which some clients take for the entry's."""
    sizes = [(name, str(n)) for name, n in (("width", image.width), ("height", image.height)) if n]
    kind = (f"{{{MEDIA}}}content", ("url", "medium", *[name for name, _ in sizes]))
    return Extra(kind, ("", image.url, "image", *[size for _, size in sizes]))


def rss_item(parts: EntryParts) -> bytes:
    """One `<item>`. `summary` is HTML, as readers take RSS descriptions."""
    return fill(cast_rss_item, parts)


def atom_entry(parts: EntryParts) -> bytes:
    """One `<entry>`. `summary` is plain text; all links are among the extras."""
    return fill(cast_atom_entry, parts)


def cast_rss_item(parts: EntryParts) -> bytes:
    """What `rss_item` answers, made by feedgen without a mould."""
    entry = _entry(parts, _RssEntry)
    entry.guid(parts.id, permalink=parts.is_permalink)
    feed = _one_entry_feed(_Rss)
    feed.entry([entry], replace=True)
    return _between(feed.rss_str(), b"<item>", _RSS_END)


def cast_atom_entry(parts: EntryParts) -> bytes:
    """What `atom_entry` answers, made by feedgen without a mould."""
    entry = _entry(parts, _AtomEntry)
    entry.updated(parts.updated)
    entry.author([{"name": who.name, "uri": who.url} for who in parts.authors])
    entry.syndicate.language = parts.language
    feed = _one_entry_feed(_Atom)
    feed.entry([entry], replace=True)
    return _between(feed.atom_str(), b"<entry", _ATOM_END)


def deleted_entry(deleted: Deleted) -> bytes:
    """One `<at:deleted-entry>` (RFC 6721 §3), on a line of its own, declaring its namespace itself."""
    element = etree.Element(f"{{{TOMBSTONES}}}deleted-entry", nsmap={"at": TOMBSTONES})
    element.set("ref", deleted.id)
    element.set("when", deleted.when.isoformat())
    return etree.tostring(element)


def rss_shell(parts: FeedParts) -> Shell:
    """A `<channel>` without items."""
    return Shell(_styled(fill(cast_rss_head, parts), parts.stylesheet), _RSS_END)


def atom_shell(parts: FeedParts) -> Shell:
    """A `<feed>` without entries."""
    return Shell(_styled(fill(cast_atom_head, parts), parts.stylesheet), _ATOM_END)


def cast_rss_head(parts: FeedParts) -> bytes:
    """What stands before the items of a channel, made by feedgen without a mould."""
    return _before(_generator(parts, _Rss, _RssEntry).rss_str(), _RSS_END)


def cast_atom_head(parts: FeedParts) -> bytes:
    """What stands before the entries of a feed, made by feedgen without a mould."""
    return _before(_generator(parts, _Atom, _AtomEntry).atom_str(), _ATOM_END)


def _between(document: bytes, start: bytes, end: bytes) -> bytes:
    """Text is escaped, so a tag's bytes stand only where the tag is."""
    return document[document.index(start) : document.rindex(end)]


def _before(document: bytes, end: bytes) -> bytes:
    return document[: document.rindex(end)]


def _styled(head: bytes, stylesheet: str) -> bytes:
    """With a style for browsers that show a document as it is."""
    if not stylesheet:
        return head
    declaration, line_end, rest = head.partition(b"\n")
    instruction = f'<?xml-stylesheet type="text/css" href="{stylesheet}"?>\n'.encode()
    return declaration + line_end + instruction + rest


# -------------------------------------------------------------------------------------------------- feedgen, mended


class _Extension(BaseExtension):  # type: ignore[misc] # feedgen ships no types
    """Writes what feedgen cannot. Only a feed's extension may declare namespaces."""

    extras: tuple[Extra, ...] = ()
    language: str = ""


class _Rss(_Extension):
    def extend_ns(self) -> dict[str, str]:
        return {"dc": DC, "media": MEDIA, **_history(self.extras)}

    def extend_rss(self, feed: Any) -> Any:
        _append(feed[0], self.extras, qualified=True)
        return feed


class _RssEntry(_Extension):
    def extend_rss(self, feed: Any) -> Any:
        _append(feed, self.extras, qualified=True)
        return feed


class _Atom(_Extension):
    def extend_ns(self) -> dict[str, str]:
        return {"media": MEDIA, **_history(self.extras)}

    def extend_atom(self, feed: Any) -> Any:
        _append(feed, self.extras, qualified=False)
        return feed


class _AtomEntry(_Extension):
    def extend_atom(self, feed: Any) -> Any:
        if self.language:
            feed.set(_XML_LANG, self.language)
        for link in feed.findall("link"):
            feed.remove(link)
        _append(feed, self.extras, qualified=False)
        return feed


def _history(extras: Sequence[Extra]) -> dict[str, str]:
    """The namespace that archives alone need."""
    return {"fh": HISTORY} if any(extra.kind == _ARCHIVE for extra in extras) else {}


def _append(parent: Any, extras: Sequence[Extra], *, qualified: bool) -> None:
    for (tag, names), (text, *values) in extras:
        # feedgen's Atom tree has no namespace: its root carries xmlns as if it were an attribute.
        element = etree.SubElement(parent, f"{{{ATOM}}}{tag}" if qualified and not tag.startswith("{") else tag)
        for name, value in zip(names, values, strict=True):
            element.set(name, value)
        if text:
            element.text = text


def _entry(parts: EntryParts, extension: type[_Extension]) -> Any:
    entry = FeedEntry()
    entry.id(parts.id)
    entry.title(parts.title)
    entry.link(href=parts.link, rel="alternate")
    entry.published(parts.published)
    entry.content(parts.html, type="html")
    if parts.summary:
        entry.summary(parts.summary)
    if parts.categories:
        entry.category([{"term": name} for name in parts.categories])
    entry.register_extension("syndicate", extension)
    entry.syndicate.extras = parts.extras
    return entry


def _generator(parts: FeedParts, extension: type[_Extension], for_entries: type[_Extension]) -> Any:
    feed = FeedGenerator()
    feed.id(parts.id)
    feed.title(parts.title)
    feed.description(parts.description)
    feed.subtitle(parts.description)
    feed.author(name=parts.author)
    feed.generator(GENERATOR)
    # The channel's <link> is the last link added: the page's must come after the feed's own.
    feed.link(href=parts.self_url, rel="self", type=parts.media_type)
    feed.link(href=parts.home, rel="alternate", type="text/html")
    feed.updated(parts.updated)
    feed.lastBuildDate(parts.updated)
    if parts.newest:
        feed.pubDate(parts.newest)
    if parts.language:
        feed.language(parts.language)
    if parts.rights:
        feed.rights(parts.rights)
    if parts.logo:
        feed.image(url=parts.logo, title=parts.title, link=parts.home)
    if parts.icon:
        feed.icon(parts.icon)
    feed.register_extension("syndicate", extension, for_entries)
    feed.syndicate.extras = parts.extras
    return feed


@cache
def _one_entry_feed(extension: type[_Extension]) -> Any:
    """A feed whose words do not matter: fragments are cut out of it. It declares what the shells declare."""
    parts = FeedParts(
        id="-", title="-", description="-", home="-", self_url="-", media_type="-", author="-",
        updated=datetime.fromtimestamp(0, UTC), newest=None, language="", rights="", icon=None, logo=None, extras=(),
    )  # fmt: skip
    return _generator(parts, extension, _RssEntry if extension is _Rss else _AtomEntry)
