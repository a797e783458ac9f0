"""What flows through the house: immutable values without behaviour of their own, made and read by name.

They are named tuples: to import as many frozen dataclasses takes longer than a run that finds nothing changed.

All times are aware and UTC. All addresses are absolute, valid http(s) addresses (RFC 3986): the corpus stage made or
dropped them. All text is plain, free of characters that XML refuses, unless a name says HTML.
"""

from datetime import datetime
from typing import Literal, NamedTuple

Format = Literal["rss", "atom", "json"]
FORMATS: tuple[Format, ...] = ("rss", "atom", "json")
Cut = Literal["month", "year", "day", "none"]
CUTS: tuple[Cut, ...] = ("month", "year", "day", "none")
LinkChoice = Literal["canonical", "amp", "cdn"]

# The namespace of what no standard names. It never resolves (RFC 2606); docs/extensions.md says what it means.
EXTENSIONS = "https://syndicate.example/extensions"
# Raise it when a renderer changes what a fragment looks like: every digest changes with it.
RENDERER = 1
CDN_RELATION = f"{EXTENSIONS}#cdn"


class Person(NamedTuple):
    """An author, or the provider that an entry comes from."""

    name: str
    url: str | None = None


class Image(NamedTuple):
    """A picture; width and height in pixels, absent when unknown."""

    url: str
    width: int | None = None
    height: int | None = None
    title: str = ""


class Related(NamedTuple):
    """A story that goes with an entry."""

    title: str
    url: str
    published: datetime | None = None
    provider: str = ""
    amp_url: str | None = None
    cdn_url: str | None = None


class Entry(NamedTuple):
    """One story, as the feeds show it.

    `id` is a `tag:` URI (RFC 4151) or the author's own absolute URI. `terms` holds the values of the dimensions that
    feeds are cut by (`topics` is one of them); `quality` and `heat` only choose, they are never shown. `body` is
    Markdown.
    """

    id: str
    path: str
    title: str
    url: str
    published: datetime
    updated: datetime
    summary: str = ""
    body: str = ""
    authors: tuple[Person, ...] = ()
    provider: Person | None = None
    topics: tuple[str, ...] = ()
    category: str = ""
    type: str = ""
    language: str = ""
    image: Image | None = None
    video_url: str | None = None
    amp_url: str | None = None
    cdn_url: str | None = None
    related: tuple[Related, ...] = ()
    quality: int | None = None
    heat: int | None = None
    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Where(NamedTuple):
    """Which entries a feed may show: every given condition must hold; an entry without the figure fails a minimum."""

    min_quality: int | None = None
    min_heat: int | None = None
    types: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


class TopicSettings(NamedTuple):
    """What the configuration, or a file that it points to, says of one topic. `parent` is a name, or an alias.

    `moved_from` are slugs that the topic had before: who asks for them is led to the one that it has.
    """

    name: str
    slug: str | None = None
    title: str | None = None
    description: str | None = None
    aliases: tuple[str, ...] = ()
    shortname: str = ""
    parent: str = ""
    keywords: tuple[str, ...] = ()
    moved_from: tuple[str, ...] = ()


class CustomFeed(NamedTuple):
    """A feed of the user's own: a title and a filter."""

    slug: str
    title: str
    description: str | None = None
    where: Where = Where()


class Site(NamedTuple):
    """Who publishes. `url` is where OUTPUT is served and ends in a slash; `authority` is the `tag:` authority.

    `pages` says that each feed has a page for people beside it.
    """

    title: str
    url: str
    authority: str
    home: str
    description: str = ""
    language: str = ""
    rights: str = ""
    icon: str | None = None
    logo: str | None = None
    hubs: tuple[str, ...] = ()
    pages: bool = False


class Selection(NamedTuple):
    """How feeds are cut from entries, and which of their formats the list for feed readers names."""

    limit: int = 50
    by: tuple[str, ...] = ("topics",)
    all: bool = True
    formats: tuple[Format, ...] = FORMATS
    where: Where = Where()
    custom: tuple[CustomFeed, ...] = ()
    topics: tuple[TopicSettings, ...] = ()
    archive: Cut = "month"
    deleted_days: int = 90
    include_children: bool = False
    opml: Format | None = "rss"


class Presentation(NamedTuple):
    """How one entry is shown, in whatever feed."""

    link: LinkChoice = "canonical"
    related: int = 5
    amp_cache: str = "cdn.ampproject.org"
    amp_links: bool = True


class Feed(NamedTuple):
    """One feed: its place in the tree, its words, and the entries that it shows, newest first.

    `path` is relative to OUTPUT, without a slash at the end (`topics/ibm-ai`). `updated` is the last change of what
    the feed shows, never the time of a build. `total` counts the entries of the selection beyond the limit, too.
    """

    dimension: str
    name: str
    slug: str
    path: str
    id: str
    title: str
    description: str
    updated: datetime
    newest: datetime | None
    total: int
    entry_ids: tuple[str, ...]


class Deleted(NamedTuple):
    """An entry that was published once and is not any more (RFC 6721)."""

    id: str
    when: datetime


class History(NamedTuple):
    """A document's place in the history of its feed (RFC 5005 §4), by the names of periods; an empty one is none.

    The document of the newest entries has no `period` of its own.
    """

    period: str = ""
    prev_archive: str = ""
    next_archive: str = ""
    deleted: tuple[Deleted, ...] = ()


NEWEST = History()
"""The place of a feed that has no archives, and lost no entry."""


class Document(NamedTuple):
    """One file of the output tree; `path` is relative to OUTPUT, with slashes."""

    path: str
    content: bytes
