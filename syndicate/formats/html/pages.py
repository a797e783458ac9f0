"""Pages for people: one beside each feed, and the index of all (docs/pages.md says what templates are given).

Cards and rows are rendered once and spliced as bytes into the shell of a page. A page runs no script and loads no style
but its own: its policy holds the hashes of exactly those that stand in its shell, the site's own included.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from re import DOTALL, IGNORECASE, MULTILINE
from re import compile as pattern
from traceback import walk_tb
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import (
    BytecodeCache,
    Environment,
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
)
from markupsafe import Markup

from ...errors import ConfigError, Problem
from ...model import Entry, Feed, Format, Image, Site
from ...values.text import shorten
from ..content import RIGHT_TO_LEFT, Prepared
from ..jsonfeed import rfc3339
from .chart import MONTHS, chart, month_label
from .landing import Group, Landing

NAME = "index.html"
MEDIA_TYPE = "text/html"
STYLESHEET = "feeds.css"
OWN = "syndicate/"  # a site's template extends ours by this name: {% extends "syndicate/page.html" %}

_FOLDER = "templates/"  # the site's, as it is told of in messages
_TEMPLATES = ("layout.html", "page.html", "card.html", "index.html", "row.html")
_PAGE_MONTHS = 36
_ROW_MONTHS = 24
_EXCERPT_LENGTH = 280
_THUMBNAIL = (640, 360)  # for pictures that do not say their size: their place is kept either way
# Text is escaped, so that no title can hold a mark.
_ENTRIES, _POLICY = "<!--entries-->", "<!--policy-->"
_INLINE = pattern(r"<(style|script)\b[^>]*>(.*?)</\1\s*>", DOTALL | IGNORECASE)
_COMMENT = pattern(r"^[ \t]*/\*.*?\*/[ \t]*$", DOTALL | MULTILINE)
_INDENT = pattern(r"\s*\n\s*")
# The names are written here, too, so that a page does not wait for the import of feedgen.
_FORMATS: Mapping[Format, tuple[str, str]] = {
    "rss": ("RSS", "application/rss+xml"),
    "atom": ("Atom", "application/atom+xml"),
    "json": ("JSON Feed", "application/feed+json"),
}
_READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed/"),
    ("Inoreader", "https://www.inoreader.com/?add_feed="),
    ("NewsBlur", "https://www.newsblur.com/?url="),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
)


class Address(NamedTuple):
    """One format of a feed: what it is called, where it is."""

    name: str
    media_type: str
    url: str


class Year(NamedTuple):
    """The archive's periods of one year: name, words and address of each. A year kept whole has none within."""

    name: str
    url: str | None
    periods: tuple[tuple[str, str, str], ...]


class Pages:
    """The pages of one site. `overrides` holds the text of its own templates, by file name.

    `topics` says that pages are told of to hubs themselves; `compiled` keeps compiled templates between
    runs. Raises ConfigError when a template cannot be used.
    """

    def __init__(
        self,
        site: Site,
        formats: tuple[Format, ...],
        overrides: Mapping[str, str] = {},
        *,
        topics: bool = False,
        opml: bool = True,
        compiled: BytecodeCache | None = None,
    ) -> None:
        self._site = site
        self._formats = formats
        self._topics = topics
        environment = Environment(
            loader=FunctionLoader(_loader(overrides)),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            bytecode_cache=compiled,
        )
        del environment.filters["random"], environment.globals["lipsum"]  # the same bytes each time
        environment.filters |= {"rfc3339": rfc3339, "moment": moment, "day": day, "number": number}
        environment.globals |= {
            "site": site,
            "spoken": _spoken(site.language),
            "opml": opml,
            "style": _style(overrides),
            "script": _script(overrides),
        }
        self._page, self._card, self._index, self._row = (
            _template(environment, name) for name in ("page.html", "card.html", "index.html", "row.html")
        )
        for name in overrides:
            if name.endswith(".html"):
                _template(environment, name)

    def card(self, prepared: Prepared) -> bytes:
        """One entry, the same on every page: all its addresses are absolute."""
        entry = prepared.entry
        authors = prepared.authors
        language = entry.language or self._site.language
        return _rendered(
            self._card,
            entry=entry,
            link=prepared.link,
            excerpt=shorten(prepared.summary, _EXCERPT_LENGTH),
            source=entry.provider.name if entry.provider else authors[0].name if authors else "",
            picture=entry.image and _sized(entry.image),
            picture_says=_says(entry),
            language=language,
            right_to_left=language.partition("-")[0] in RIGHT_TO_LEFT,
        ).encode()

    def feed_page(self, feed: Feed, landing: Landing, cards: Sequence[bytes]) -> bytes:
        """The page beside a feed's documents."""
        root = "../" * (feed.path.count("/") + 1)
        url = f"{self._site.url}{feed.path}/"
        addresses = self._addresses(feed.path)
        shell = _rendered(
            self._page,
            root=root,
            url=url,
            self_url=url if self._topics else addresses[0].url,
            title=feed.title,
            heading=feed.title.removesuffix(f" – {self._site.title}"),
            description=feed.description,
            feed=feed,
            landing=landing,
            addresses=addresses,
            readers=_readers(addresses),
            shown=len(cards),
            chart=chart(landing.months, _PAGE_MONTHS),
            years=_years(landing.periods, root),
            parent=landing.parent and (landing.parent[0], f"{root}{landing.parent[1]}/{NAME}"),
            policy=Markup(_POLICY),  # noqa: S704 - a mark of ours
            entries=Markup(_ENTRIES),  # noqa: S704 - a mark of ours
        )
        return _finished(shell, b"\n".join(cards))

    def row(self, feed: Feed, landing: Landing, newest_title: str) -> bytes:
        """One feed in the index."""
        return _rendered(
            self._row,
            feed=feed,
            url=f"{feed.path}/{NAME}",
            newest_title=newest_title,
            chart=chart(landing.months, _ROW_MONTHS),
        ).encode()

    def index(self, groups: Sequence[Group], entries: int, newest: datetime | None) -> bytes:
        """The page of all feeds. That of everything, if there is one, is what the page is subscribed to by."""
        everything = bool(groups and groups[0].rows and not groups[0].title)
        addresses = self._addresses("all") if everything else ()
        groups = [group for group in groups if group.rows]
        shell = _rendered(
            self._index,
            root="",
            url=self._site.url,
            self_url=self._site.url if self._topics else addresses[0].url if addresses else None,
            title=self._site.title,
            description=self._site.description,
            addresses=addresses,
            groups=[(group.title, len(group.rows)) for group in groups],
            feeds=sum(len(group.rows) for group in groups),
            total=entries,
            newest=newest,
            policy=Markup(_POLICY),  # noqa: S704 - a mark of ours
            rows=Markup(_ENTRIES),  # noqa: S704 - a mark of ours
        )
        return _finished(shell, *(b"\n".join(group.rows) for group in groups))

    def _addresses(self, path: str) -> tuple[Address, ...]:
        return tuple(Address(*_FORMATS[name], f"{self._site.url}{path}/feed.{name}") for name in self._formats)


def stylesheet(site: Site, overrides: Mapping[str, str] = {}) -> bytes:
    """Returns the stylesheet for feeds that a browser shows as XML; its comment holds its own address."""
    address = f"{site.url}{STYLESHEET}".replace("*/", "*%2F")
    return f"/* {address} */\n{_text(STYLESHEET, overrides)}".encode()


def moment(when: datetime) -> str:
    """A time as people write it: 4 March 2026, 10:00 UTC."""
    return f"{day(when)}, {when.hour:02}:{when.minute:02} UTC"


def day(when: datetime) -> str:
    """A date as people write it: 4 March 2026."""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def number(count: int) -> str:
    """A count with its thousands set apart."""
    return f"{count:,}"


# -------------------------------------------------------------------------------------------------------- templates


def _loader(overrides: Mapping[str, str]) -> Callable[[str], tuple[str, str, None] | None]:
    def load(name: str) -> tuple[str, str, None] | None:
        own = name.removeprefix(OWN)
        if own == name and name in overrides:
            return overrides[name], f"{_FOLDER}{name}", None
        return (_packaged(own), own, None) if own in _TEMPLATES else None

    return load


@lru_cache
def _packaged(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _text(name: str, overrides: Mapping[str, str]) -> str:
    return overrides[name] if name in overrides else _packaged(name)


def _style(overrides: Mapping[str, str]) -> Markup:
    """Ours or the site's `style.css`, then its `site.css`: without comments and indents, as thousands carry it."""
    text = f"{_text('style.css', overrides)}\n{overrides.get('site.css', '')}"
    return _markup(_INDENT.sub("\n", _COMMENT.sub("", _unix(text))).strip())


def _script(overrides: Mapping[str, str]) -> Callable[[str], Markup]:
    def script(name: str) -> Markup:
        return _markup(_unix(_text(name, overrides)).strip())

    return script


def _unix(text: str) -> str:
    """Browsers hash a script with such line ends, whatever its own are."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - the project's or the site's own style and scripts


def _template(environment: Environment, name: str) -> Template:
    try:
        return environment.get_template(name)
    except TemplateError as error:
        raise _placed(error) from None


def _rendered(template: Template, **given: object) -> str:
    try:
        return template.render(given)
    except TemplateError as error:
        raise _placed(error) from None


def _placed(error: TemplateError) -> ConfigError | TemplateError:
    """What is wrong with a template of the site, at the innermost line of its own; a fault of ours stays what it is."""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    if isinstance(error, TemplateSyntaxError):
        places.append((error.filename or "", error.lineno))
    own = [place for place in places if place[0].startswith(_FOLDER)]
    return ConfigError([Problem(*own[-1], 1, "template", error.message or str(error))]) if own else error


def _finished(shell: str, *spliced: bytes) -> bytes:
    """The page, with what is spliced in, and a policy that allows what its shell holds."""
    allowed: dict[str, list[str]] = {"style": [], "script": []}
    for tag, text in _INLINE.findall(shell):
        allowed[tag.lower()].append(f"'sha256-{_hash(text)}'")
    sources = " ".join(f"{tag}-src {' '.join(dict.fromkeys(hashes))};" for tag, hashes in allowed.items() if hashes)
    policy = f"default-src 'none'; {sources} img-src https: http: data:; base-uri 'none'; form-action 'none'"
    pieces = shell.replace(_POLICY, policy).encode().split(_ENTRIES.encode())
    page = [pieces[0]]
    for given, piece in zip([*spliced, *[b""] * len(pieces)], pieces[1:], strict=False):
        page += [given, piece]
    return b"".join(page)


@lru_cache
def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


# ------------------------------------------------------------------------------------------------- what pages show


def _spoken(language: str) -> Markup:
    """The attribute of the site's own words, on a page whose other words are English."""
    return Markup(' lang="{}"').format(language) if language not in ("", "en") else Markup()


def _sized(image: Image) -> Image:
    if image.width and image.height:
        return image
    return image._replace(width=_THUMBNAIL[0], height=_THUMBNAIL[1])


def _says(entry: Entry) -> str:
    """What a picture says beside its entry's title."""
    return entry.image.title if entry.image and entry.image.title != entry.title else ""


def _readers(addresses: Sequence[Address]) -> list[tuple[str, str]]:
    """Web readers, and where each takes the feed: as XML, which all of them read, if there is any."""
    best = next((address for address in addresses if address.name != "JSON Feed"), addresses[0])
    return [(name, before + quote(best.url, safe="")) for name, before in _READERS]


def _years(periods: Sequence[tuple[str, str]], root: str) -> list[Year]:
    years: dict[str, list[tuple[str, str, str]]] = {}
    whole: dict[str, str] = {}
    for name, path in periods:
        within = years.setdefault(name[:4], [])
        if len(name) == 4:
            whole[name] = root + path
        else:
            within.append((name, _period(name), root + path))
    return [Year(name, whole.get(name), tuple(within)) for name, within in years.items()]


def _period(name: str) -> str:
    """`2026-03` is March, `2026-03-04` is 4 March: the year stands before them."""
    month = month_label(name).partition(" ")[0]
    return f"{int(name[8:])} {month}" if len(name) > 7 else month
