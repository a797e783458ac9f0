"""Immutable values that the pipeline passes from stage to stage.

They are named tuples, built and read by field name: importing as many frozen dataclasses takes longer than a run that
finds no changes.

Every time is an aware UTC datetime. Every address is an absolute, valid http(s) URL (RFC 3986): the corpus stage
normalizes or drops addresses. Every text is plain text without characters that XML forbids, unless its field is named
HTML.
"""

from datetime import datetime
from typing import Literal, NamedTuple
from urllib.parse import quote

ArchivePeriod = Literal["auto", "year", "month", "day", "none"]
ARCHIVE_PERIODS: tuple[ArchivePeriod, ...] = ("auto", "year", "month", "day", "none")
LinkChoice = Literal["canonical", "amp", "cdn"]
SlugStyle = Literal["unicode", "ascii"]
ContentPart = Literal["image", "video", "source", "related"]
CONTENT_PARTS: tuple[ContentPart, ...] = ("image", "video", "source", "related")

# The namespace of the elements that no standard defines (docs/extensions.md). The host never resolves (RFC 2606).
EXTENSIONS = "https://syndicate.example/extensions"
# The version of the rendered fragments. Raise it when a renderer changes: every entry digest changes with it.
RENDERER = 4
CDN_RELATION = f"{EXTENSIONS}#cdn"


def encode_path(path: str) -> str:
    """Returns a path as a relative address, percent-encoded where it is not ASCII (RFC 3986 §2.1)."""
    return path if path.isascii() else quote(path, safe="/-._~")


class Person(NamedTuple):
    """An author, or the provider of an entry."""

    name: str
    url: str | None = None


class Image(NamedTuple):
    """An image. `width` and `height` are in pixels, None when unknown."""

    url: str
    width: int | None = None
    height: int | None = None
    title: str = ""


class Enclosure(NamedTuple):
    """A file that belongs to an entry, such as the recording of a podcast. `length` is in bytes, None when unknown."""

    url: str
    media_type: str
    length: int | None = None


class Related(NamedTuple):
    """A story related to an entry."""

    title: str
    url: str
    published: datetime | None = None
    provider: str = ""
    amp_url: str | None = None
    cdn_url: str | None = None


class Entry(NamedTuple):
    """One story that feeds may show.

    `id` is a `tag:` URI (RFC 4151) or the absolute URI that the record states. `title` is empty if the record has
    neither a title nor a heading. `body` is sanitized HTML in which links to other records are placeholders
    (`corpus.bodies.references`). `terms` holds the values of the configured dimensions (`topics` is one of them).
    `quality` and `heat` only select entries; no document contains them.
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
    enclosure: Enclosure | None = None
    video_url: str | None = None
    amp_url: str | None = None
    cdn_url: str | None = None
    related: tuple[Related, ...] = ()
    quality: int | None = None
    heat: int | None = None
    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Where(NamedTuple):
    """A filter of entries. Every stated condition must hold; an entry without a value fails a minimum."""

    min_quality: int | None = None
    min_heat: int | None = None
    types: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


class TopicSettings(NamedTuple):
    """The settings of one topic, from the configuration or a topic file.

    `parent` is the name or an alias of another topic. `moved_from` lists former slugs: the server redirects them to the
    current one.
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
    """A feed that the configuration defines by a title and a filter."""

    slug: str
    title: str
    description: str | None = None
    where: Where = Where()


class Site(NamedTuple):
    """The publishing site.

    `url` is the address under which OUTPUT is served and ends in a slash. `authority` is the authority of `tag:` URIs
    (RFC 4151). `pages` enables the HTML pages beside the feeds.
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

    def address(self, path: str) -> str:
        """Returns the address of a document or a folder, whose path is relative to OUTPUT."""
        return self.url + encode_path(path)


class Selection(NamedTuple):
    """Which feeds exist, which entries they contain, and in which formats they are published.

    `formats` holds names of `syndicate.formats`, in the order of the registry; `opml` is the format that `feeds.opml`
    lists, None for no list. `by` names the dimensions, `all` enables the feed of every entry. `slugs` and `archive` are
    None until it is known which style of slugs (`outputs.slug_style`) and which archives (`pipeline.archive_period`)
    the site has published.
    """

    limit: int = 50
    by: tuple[str, ...] = ("topics",)
    all: bool = True
    formats: tuple[str, ...] = ()
    where: Where = Where()
    custom: tuple[CustomFeed, ...] = ()
    topics: tuple[TopicSettings, ...] = ()
    archive: ArchivePeriod | None = None
    deleted_days: int = 90
    include_children: bool = False
    opml: str | None = None
    slugs: SlugStyle | None = None
    min_entries: int = 1


class ContentWords(NamedTuple):
    """The words of a site in one language that stand in the content of entries, each empty where the usual ones do.

    `source` contains `{name}` in the place of the provider's name.
    """

    language: str
    source: str = ""
    related: str = ""
    video: str = ""


class Presentation(NamedTuple):
    """How entries are rendered, the same in every feed. `related_limit` is the number of related stories.

    `content` lists the parts of an entry's content beside its text. `language` is that of entries that state none, and
    `words` are the site's own words in any language.
    """

    link: LinkChoice = "canonical"
    related_limit: int = 5
    content: tuple[ContentPart, ...] = CONTENT_PARTS
    language: str = ""
    words: tuple["ContentWords", ...] = ()
    amp_cache: str = "cdn.ampproject.org"
    amp_links: bool = True


class Feed(NamedTuple):
    """One feed: its path, its metadata, and its newest entries, newest first.

    `path` is relative to OUTPUT, without a trailing slash (`topics/ibm-ai`). `language` is that of a feed by language,
    else that of the site. `updated` is the latest change among the
    listed entries, never the time of a build. `newest` is when the newest entry was published. `total` also counts the
    entries beyond the limit.
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
    language: str = ""


class Tombstone(NamedTuple):
    """The deletion of a published entry (RFC 6721). `when` is the time of the first build that no longer found it."""

    id: str
    when: datetime


class ArchiveLinks(NamedTuple):
    """The position of a document in the history of its feed (RFC 5005 §4).

    Archive documents are named by period (`feeds/archive.py`); an empty name stands for none. The subscription
    document, which contains the newest entries, has no `period`; it alone lists `tombstones`.
    """

    period: str = ""
    prev_archive: str = ""
    next_archive: str = ""
    tombstones: tuple[Tombstone, ...] = ()


NO_ARCHIVES = ArchiveLinks()
"""The links of a subscription document without archives and tombstones."""


class Document(NamedTuple):
    """One file of the output tree. `path` is relative to OUTPUT, with slashes."""

    path: str
    content: bytes
