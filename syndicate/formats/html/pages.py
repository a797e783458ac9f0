"""HTML pages: one beside each feed, and lists of feeds: of all, and of each dimension.

docs/pages.md lists the variables of the templates.

The fragment of an entry is a card, and that of a feed a row of the index. Both are rendered once and inserted as bytes
into a rendered page. A page loads no script or style: its content security policy contains the hashes of exactly those
that its template contains, including those of the site.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import BytecodeCache
from markupsafe import Markup

from ...model import Entry, Feed, Image, Site, encode_path
from ...values.languages import is_right_to_left
from ...values.text import shorten
from ...words import Words, words_in
from .. import HTML_PAGE, get
from ..content import Prepared
from .chart import chart, row_bars, scale
from .environment import (
    ENTRIES,
    POLICY,
    ROW_ROOT,
    ROW_SCALE,
    fill_in_rows,
    get_template,
    insert,
    language_attribute,
    make_environment,
    render,
)
from .page_data import FeedGroup, FeedPageData, ListedEntries, dimension_heading

_PAGE_MONTHS = 36
_EXCERPT_LENGTH = 280
_THUMBNAIL = (640, 360)  # assumed for images without a size: browsers reserve their space in either case
_READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed/"),
    ("Inoreader", "https://www.inoreader.com/?add_feed="),
    ("NewsBlur", "https://www.newsblur.com/?url="),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
)


class Address(NamedTuple):
    """The address of a feed in one format. `name` is the label of the format."""

    name: str
    media_type: str
    url: str


class Year(NamedTuple):
    """The archives of one year: name, label and address of each. A year with a single archive has a `url` instead."""

    name: str
    url: str | None
    periods: tuple[tuple[str, str, str], ...]


class Pages:
    """Renders the pages of one site.

    `formats` names the formats of the feeds. `overrides` maps the file names of the site's templates to their text.
    `are_topics` means that hubs are notified of the pages themselves. `bytecode_cache` keeps compiled templates between
    runs. Raises ConfigError for an error in a template of the site.
    """

    def __init__(
        self,
        site: Site,
        formats: Sequence[str],
        overrides: Mapping[str, str] = {},
        *,
        are_topics: bool = False,
        has_opml: bool = True,
        bytecode_cache: BytecodeCache | None = None,
    ) -> None:
        self._site = site
        self._words = words_in(site.language)
        self._has_opml = has_opml
        self._formats = [get(name) for name in formats]
        self._are_topics = are_topics
        environment = make_environment(site, overrides, has_opml=has_opml, bytecode_cache=bytecode_cache)
        self._page, self._card, self._index, self._row = (
            get_template(environment, name) for name in ("page.html", "card.html", "index.html", "row.html")
        )
        for name in overrides:
            if name.endswith(".html"):
                get_template(environment, name)

    def render_entry(self, prepared: Prepared) -> bytes:
        """Returns the card of an entry. It is the same on every page, since all its addresses are absolute."""
        entry = prepared.entry
        authors = prepared.authors
        language = entry.language or self._site.language
        words = words_in(language, self._site.language)
        return render(
            self._card,
            words=words,
            ours=_own_language(words, language),
            entry=entry,
            heading=prepared.heading,
            link=prepared.link,
            excerpt=shorten(prepared.summary, _EXCERPT_LENGTH),
            source=entry.provider.name if entry.provider else authors[0].name if authors else "",
            picture=entry.image and _with_size(entry.image),
            picture_says=_caption(entry),
            language=language,
            right_to_left=is_right_to_left(language),
        ).encode()

    def render_feed_page(self, feed: Feed, data: FeedPageData, cards: Sequence[bytes]) -> bytes:
        """Returns the page of a feed with these cards."""
        root = "../" * (feed.path.count("/") + 1)
        url = self._site.address(f"{feed.path}/")
        addresses = self._addresses(feed.path)
        words = words_in(feed.language, self._site.language)
        is_all = feed.dimension == "all"
        heading = words.gettext("Everything") if is_all else feed.title.removesuffix(f" – {self._site.title}")
        page = render(
            self._page,
            words=words,
            spoken=language_attribute(feed.language or self._site.language, words),
            root=root,
            url=url,
            self_url=url if self._are_topics else addresses[0].url,
            title=f"{heading} – {feed.title}" if is_all else feed.title,
            feed_title=feed.title,
            heading=heading,
            description=feed.description,
            feed=feed,
            landing=data,
            addresses=addresses,
            readers=_readers(addresses),
            whole_list=False,
            shown=len(cards),
            chart=chart(data.months, _PAGE_MONTHS, words),
            years=_years(data.periods, root, words),
            group=None if is_all else self._group(feed, root, words),
            parent=data.parent and (data.parent[0], f"{root}{encode_path(data.parent[1])}/{HTML_PAGE.file_name}"),
            policy=POLICY,
            entries=ENTRIES,
        )
        return insert(page, b"\n".join(cards))

    def render_row(self, feed: Feed, data: FeedPageData, newest_title: str) -> bytes:
        """Returns the row of a feed in the lists, with placeholders for what differs between these."""
        return render(
            self._row,
            feed=feed,
            url=ROW_ROOT + f"{encode_path(feed.path)}/{HTML_PAGE.file_name}",
            newest_title=newest_title,
            bars=row_bars(data.months),
            scale=ROW_SCALE,
        ).encode()

    def render_index(self, groups: Sequence[FeedGroup], entries: ListedEntries) -> bytes:
        """Returns the index of all feeds. It links to the feed of all entries, if there is one, as its own feed."""
        has_feed_of_all = bool(groups and groups[0].rows and not groups[0].title)
        addresses = self._addresses("all") if has_feed_of_all else ()
        return self._render_list(
            groups,
            entries,
            root="",
            url=self._site.url,
            self_url=self._site.url if self._are_topics else addresses[0].url if addresses else None,
            title=self._site.title,
            feed_title=self._site.title,
            heading=self._site.title,
            description=self._site.description,
            addresses=addresses,
            readers=_readers(addresses) if addresses else [],
            whole_list=self._has_opml,
            newest=entries.newest,
        )

    def render_dimension(self, dimension: str, groups: Sequence[FeedGroup], entries: ListedEntries) -> bytes:
        """Returns the list of the feeds of a dimension, from the groups of the index."""
        heading = dimension_heading(dimension, self._words)
        url = f"{self._site.url}{dimension}/"
        return self._render_list(
            [group for group in groups if group.dimension == dimension],
            entries,
            root="../",
            url=url,
            self_url=url if self._are_topics else None,
            title=f"{heading} – {self._site.title}",
            feed_title="",
            heading=heading,
            description="",
            addresses=(),
            newest=None,
        )

    def _render_list(
        self, groups: Sequence[FeedGroup], entries: ListedEntries, *, root: str, **variables: object
    ) -> bytes:
        groups = [group for group in groups if group.rows]
        shared = scale(f"{entries.newest:%Y-%m}", entries.most_in_a_month, self._words) if entries.newest else None
        page = render(
            self._index,
            root=root,
            groups=[(group.title, len(group.rows)) for group in groups],
            feeds=sum(len(group.rows) for group in groups),
            total=entries.total,
            scale=shared,
            policy=POLICY,
            rows=ENTRIES,
            **variables,
        )
        view_box = shared.view_box if shared else ""
        return insert(page, *(fill_in_rows(group.rows, root, view_box) for group in groups))

    def _group(self, feed: Feed, root: str, words: Words) -> tuple[str, str]:
        """Returns the heading and the address of the list of the feeds of a feed's dimension."""
        folder = feed.path.partition("/")[0]
        return dimension_heading(feed.dimension, words), f"{root}{encode_path(folder)}/{HTML_PAGE.file_name}"

    def _addresses(self, path: str) -> tuple[Address, ...]:
        return tuple(Address(each.label, each.media_type, each.url(self._site, path)) for each in self._formats)


def _with_size(image: Image) -> Image:
    if image.width and image.height:
        return image
    return image._replace(width=_THUMBNAIL[0], height=_THUMBNAIL[1])


def _own_language(words: Words, language: str) -> Markup:
    """Returns the attributes of words that stand in a text of another language, because it has no words here."""
    if words.includes(language):
        return Markup()
    direction = "rtl" if words.is_right_to_left else "ltr"
    return Markup(' lang="{}" dir="{}"').format(words.language, direction)


def _caption(entry: Entry) -> str:
    """Returns the title of the image, unless it repeats the title of the entry."""
    return entry.image.title if entry.image and entry.image.title != entry.title else ""


def _readers(addresses: Sequence[Address]) -> list[tuple[str, str]]:
    """Returns the names of web readers and their subscription addresses: for an XML format, if there is one.

    Every web reader supports RSS and Atom.
    """
    best = next((address for address in addresses if address.media_type.endswith("xml")), addresses[0])
    return [(name, before + quote(best.url, safe="")) for name, before in _READERS]


def _years(periods: Sequence[tuple[str, str]], root: str, words: Words) -> list[Year]:
    years: dict[str, list[tuple[str, str, str]]] = {}
    whole: dict[str, str] = {}
    for name, path in periods:
        within = years.setdefault(name[:4], [])
        if len(name) == 4:
            whole[name] = root + path
        else:
            within.append((name, words.period(name), root + path))
    return [Year(name, whole.get(name), tuple(within)) for name, within in years.items()]
