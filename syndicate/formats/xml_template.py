"""Fills XML templates: entries with the same elements differ in text alone, so feedgen renders each structure once.

Whoever casts (feeds/xml.py, with feedgen) is given an entry or a feed whose words are marks, and whose times are two
that none has; the mould is what stands between the marks. Filled with words, escaped as libxml2 does, it gives the
bytes that casting the entry or feed itself would give.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from ..model import Person

Shape = tuple[Any, ...]
"""All but the words; the last item says which words are not empty."""

Kind = tuple[str, tuple[str, ...]]
"""A tag, and the names of its attributes. In Atom's own namespace the tag is bare in Atom, qualified in RSS."""


class Extra(NamedTuple):
    """An element that feedgen cannot write; its words are its text, then its attributes' values."""

    kind: Kind
    words: tuple[str, ...]


class EntryParts(NamedTuple):
    """What an entry's element holds, in either format."""

    id: str
    title: str
    link: str
    published: datetime
    updated: datetime
    summary: str
    html: str
    authors: tuple[Person, ...]
    categories: tuple[str, ...]
    language: str
    is_permalink: bool
    extras: tuple[Extra, ...]

    def words(self) -> list[str]:
        """Every text, in a fixed order."""
        words = [self.id, self.title, self.link, self.summary, self.html, self.language, *self.categories]
        for who in self.authors:
            words += who.name, who.url or ""
        for extra in self.extras:
            words += extra.words
        return words

    def shape(self, words: list[str]) -> Shape:
        """All but the words: entries of one shape have the same elements and attributes."""
        kinds = tuple([extra.kind for extra in self.extras])
        return self.is_permalink, len(self.categories), len(self.authors), kinds, tuple(map(bool, words))

    @staticmethod
    def marked(shape: Shape, marks: Iterator[str], published: datetime, updated: datetime) -> "EntryParts":
        """An entry of a shape, with these words and times."""
        is_permalink, categories, authors, kinds, _ = shape
        identity, title, link, summary, html, language = (next(marks) for _ in range(6))
        return EntryParts(
            id=identity,
            title=title,
            link=link,
            summary=summary,
            html=html,
            language=language,
            published=published,
            updated=updated,
            is_permalink=is_permalink,
            categories=tuple(next(marks) for _ in range(categories)),
            authors=tuple(Person(name=next(marks), url=next(marks) or None) for _ in range(authors)),
            extras=marked_extras(kinds, marks),
        )


class FeedParts(NamedTuple):
    """What a feed's element holds, in either format. `newest` is when its newest entry was published."""

    id: str
    title: str
    description: str
    home: str
    self_url: str
    media_type: str
    updated: datetime
    newest: datetime | None
    author: str
    language: str
    rights: str
    icon: str | None
    logo: str | None
    extras: tuple[Extra, ...]
    stylesheet: str = ""

    @property
    def published(self) -> datetime:
        """Stands in no document without a newest entry."""
        return self.newest or self.updated

    @property
    def html(self) -> str:
        """Feeds have no content, which has a place of its own among the words."""
        return ""

    def words(self) -> list[str]:
        """Every text, in a fixed order."""
        words = [
            self.id, self.title, self.description, self.home, self.html, self.self_url, self.media_type, self.author,
            self.language, self.rights, self.icon or "", self.logo or "",
        ]  # fmt: skip
        for extra in self.extras:
            words += extra.words
        return words

    def shape(self, words: list[str]) -> Shape:
        """All but the words: feeds of one shape have the same elements and attributes."""
        return self.newest is not None, tuple([extra.kind for extra in self.extras]), tuple(map(bool, words))

    @staticmethod
    def marked(shape: Shape, marks: Iterator[str], published: datetime, updated: datetime) -> "FeedParts":
        """A feed of a shape, with these words and times."""
        has_newest, kinds, _ = shape
        identity, title, description, home, _, self_url, media_type, author, language, rights, icon, logo = (
            next(marks) for _ in range(12)
        )
        return FeedParts(
            id=identity,
            title=title,
            description=description,
            home=home,
            self_url=self_url,
            media_type=media_type,
            updated=updated,
            newest=published if has_newest else None,
            author=author,
            language=language,
            rights=rights,
            icon=icon or None,
            logo=logo or None,
            extras=marked_extras(kinds, marks),
        )


def marked_extras(kinds: Iterable[Kind], marks: Iterator[str]) -> tuple[Extra, ...]:
    """Elements of these kinds, with these words."""
    return tuple(Extra(kind, tuple(next(marks) for _ in range(1 + len(kind[1])))) for kind in kinds)


Parts = TypeVar("Parts", EntryParts, FeedParts)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc822(moment: datetime) -> str:
    """A UTC time as RSS writes it (RFC 822, with four digits for the year)."""
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return (
        f"{day}, {moment.day:02} {month} {moment.year:04} {moment.hour:02}:{moment.minute:02}:{moment.second:02} +0000"
    )


def _escaped(text: str) -> str:
    """Text as libxml2 writes it."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;") if "\r" in text else text


@lru_cache(maxsize=2)
def _escaped_content(html: str) -> str:
    return _escaped(html)


_PUBLISHED = datetime(1999, 12, 31, 23, 59, 58, tzinfo=UTC)
_UPDATED = datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
_BREAK = "\0"  # stands in no word: XML has no such character
_OPEN, _CLOSE = "\ue000", "\ue001"  # of private use: they stand in no mould but as marks
_HTML = 4  # the number of the content among the words
# Filled in apart from the other words: both times, and the content, which is long and the same in both formats.
_APART: dict[str, Callable[[EntryParts | FeedParts], str]] = {
    rfc822(_PUBLISHED): lambda parts: rfc822(parts.published),
    rfc822(_UPDATED): lambda parts: rfc822(parts.updated),
    _PUBLISHED.isoformat(): lambda parts: parts.published.isoformat(),
    _UPDATED.isoformat(): lambda parts: parts.updated.isoformat(),
    f"{_OPEN}{_HTML}{_CLOSE}": lambda parts: _escaped_content(parts.html),
}
_MARK = re.compile(f"{_OPEN}([0-9]+){_CLOSE}|" + "|".join(map(re.escape, _APART)))


class XmlTemplate:
    """The bytes of an entry or a feed with gaps for its texts. A gap after `="` is an attribute value, any other text.

    Words are escaped together, joined by a character that stands in none, and the gaps are filled by one formatting:
    an entry has dozens of them.
    """

    def __init__(self, mould: str) -> None:
        marks = list(_MARK.finditer(mould))
        quoted = [mould[mark.start() - 1] == '"' for mark in marks]
        texts = [int(m[1]) for m, inside in zip(marks, quoted, strict=True) if m[0] not in _APART and not inside]
        values = [int(m[1]) for m, inside in zip(marks, quoted, strict=True) if m[0] not in _APART and inside]
        self._apart = [_APART[mark[0]] for mark in marks if mark[0] in _APART]
        self._texts, self._values = _picker(texts), _picker(values)
        of_text, of_value = iter(range(len(texts))), iter(range(len(texts), len(texts) + len(values)))
        of_apart = iter(range(len(texts) + len(values), len(marks)))
        self._in_order = _picker(
            [
                next(of_apart if m[0] in _APART else of_value if inside else of_text)
                for m, inside in zip(marks, quoted, strict=True)
            ]
        )
        self._template = "%s".join(part.replace("%", "%%") for part in _pieces(mould, marks))

    def filled(self, parts: EntryParts | FeedParts, words: list[str]) -> bytes:
        """The bytes of an entry or feed of this shape, with these words of its."""
        texts = _escaped(_BREAK.join(self._texts(words)))
        found = texts.split(_BREAK)
        if values := self._values(words):
            quoted = _escaped(_BREAK.join(values)).replace('"', "&quot;")
            if "\n" in quoted or "\t" in quoted:
                quoted = quoted.replace("\n", "&#10;").replace("\t", "&#9;")
            found += quoted.split(_BREAK)
        found += [written(parts) for written in self._apart]
        return (self._template % self._in_order(found)).encode()


def _picker(numbers: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """Picks the items of a list at these numbers."""
    if len(numbers) < 2:
        return lambda items: tuple([items[number] for number in numbers])
    return itemgetter(*numbers)


def _pieces(text: str, marks: list[re.Match[str]]) -> list[str]:
    """What stands between the marks."""
    edges = [0, *(edge for mark in marks for edge in mark.span()), len(text)]
    return [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


def fill(cast: Callable[[Parts], bytes], parts: Parts) -> bytes:
    """What casting an entry or a feed would give."""
    words = parts.words()
    return _mould(cast, parts.marked, parts.shape(words)).filled(parts, words)


@lru_cache(maxsize=4096)
def _mould(cast: Callable[[Any], bytes], marked: Callable[..., Any], shape: Shape) -> XmlTemplate:
    marks = iter(f"{_OPEN}{number}{_CLOSE}" if there else "" for number, there in enumerate(shape[-1]))
    return XmlTemplate(cast(marked(shape, marks, _PUBLISHED, _UPDATED)).decode())
