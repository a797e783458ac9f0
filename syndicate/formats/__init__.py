"""The registry of document formats.

A feed format is one module with two functions, `render_entry` and `render_document` (see `Renderer`), and one line in
FEED_FORMATS with its name, label, file name, media type and module. Everything else that handles formats
(configuration, pipeline, store, outputs, servers, catalogue, OPML, HTML pages) takes them from here.

The registry imports no renderer: a run that finds no changes needs names and media types alone, and importing feedgen
and lxml takes longer than such a run.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from ..feeds.archive import document_folder
from ..model import NO_ARCHIVES, ArchiveLinks, Feed, Site

if TYPE_CHECKING:
    from .content import Prepared

STEM = "feed"
"""The file name of every feed document, without its extension."""


class Renderer(Protocol):
    """The module of a feed format.

    Fragments depend on their entry alone, so a fragment is rendered once and inserted into every document that lists
    the entry. Both functions are pure: equal arguments give equal bytes.
    """

    def render_entry(self, prepared: "Prepared") -> bytes:
        """Returns the fragment of an entry."""
        ...

    def render_document(
        self, feed: Feed, site: Site, fragments: Sequence[bytes], links: ArchiveLinks = NO_ARCHIVES
    ) -> bytes:
        """Returns a document of a feed that contains these fragments: the subscription document or an archive."""
        ...


class Format(NamedTuple):
    """A document format: its name in the configuration, its label on pages, its documents, and its module."""

    name: str
    label: str
    file_name: str
    media_type: str
    module: str

    @property
    def extension(self) -> str:
        """The extension of the documents, without a dot."""
        return self.file_name.rpartition(".")[2]

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header of the documents."""
        return content_type(self.media_type)

    def path(self, feed_path: str, period: str = "") -> str:
        """Returns the path of a document of a feed, relative to OUTPUT: of an archive, if a period is given."""
        return f"{document_folder(feed_path, period)}/{self.file_name}"

    def url(self, site: Site, feed_path: str, period: str = "") -> str:
        """Returns the address of a document of a feed: of an archive, if a period is given."""
        return site.address(f"{document_folder(feed_path, period)}/{self.file_name}")

    def load(self) -> Renderer:
        """Imports and returns the renderer."""
        return cast("Renderer", import_module(self.module))


class SiteFile(NamedTuple):
    """A document that exists once per site, in the root of OUTPUT."""

    file_name: str
    media_type: str

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header of the document."""
        return content_type(self.media_type)


FEED_FORMATS: tuple[Format, ...] = (
    Format("rss", "RSS", "feed.rss", "application/rss+xml", "syndicate.formats.rss"),
    Format("atom", "Atom", "feed.atom", "application/atom+xml", "syndicate.formats.atom"),
    Format("json", "JSON Feed", "feed.json", "application/feed+json", "syndicate.formats.jsonfeed"),
)
"""The formats that `feeds.formats` selects from, in the order in which they are listed and rendered."""

# The HTML page of a feed, and of the site. It needs more than the entries, so `html.pages` has an interface of its own.
HTML_PAGE = Format("html", "HTML", "index.html", "text/html", "syndicate.formats.html.pages")

CATALOG_FILE = SiteFile("catalog.json", "application/json")
OPML_FILE = SiteFile("feeds.opml", "text/x-opml")
STYLESHEET_FILE = SiteFile("feeds.css", "text/css")
SITE_FILES = (CATALOG_FILE, OPML_FILE, STYLESHEET_FILE, SiteFile(HTML_PAGE.file_name, HTML_PAGE.media_type))


def names() -> tuple[str, ...]:
    """Returns the names of all feed formats."""
    return tuple([format_.name for format_ in FEED_FORMATS])


def get(name: str) -> Format:
    """Returns a format, also the HTML page. Raises KeyError for an unknown name."""
    for format_ in (*FEED_FORMATS, HTML_PAGE):
        if format_.name == name:
            return format_
    raise KeyError(name)


def file_names() -> tuple[str, ...]:
    """Returns the file names of the documents of a feed, without its HTML page."""
    return tuple([format_.file_name for format_ in FEED_FORMATS])


def file_name_pattern() -> str:
    """Returns a regular expression for `file_names`, without groups: for Python, nginx, Caddy and Apache alike."""
    return rf"{STEM}\.(?:{'|'.join(format_.extension for format_ in FEED_FORMATS)})"


def is_feed_document(path: str) -> bool:
    """Returns whether a path names a document of a feed in one of the feed formats."""
    return path.rpartition("/")[2] in file_names()


def media_types() -> dict[str, str]:
    """Returns the media types of all documents by file name."""
    types = {format_.file_name: format_.media_type for format_ in FEED_FORMATS}
    return types | {file.file_name: file.media_type for file in SITE_FILES}


def content_type(media_type: str) -> str:
    """Returns the Content-Type of a media type. JSON defines no `charset` parameter (RFC 8259 §11)."""
    return media_type if media_type.endswith("json") else f"{media_type}; charset=utf-8"
