"""Renders XML elements from templates: one template for each structure, filled with the texts of each entry.

Theory of operation
-------------------

Building an element tree takes most of the time of rendering an entry. Two entries with the same elements and attributes
differ only in their texts, and a corpus has a few dozen such structures. So the element tree is built once for each
structure, and every further entry fills the texts into the serialized result, in a third of the time.

An entry (`EntryFields`) or a feed (`FeedFields`) is divided into a `Shape`, which determines elements and attributes,
and a list of texts in a fixed order. A text that is empty omits its element, so the shape also records which texts are
empty. To create the template of a shape, the builder (`feedgen_builder.py`) serializes an object of the shape whose
texts are placeholders: the index of the text between two private-use characters. Its times are two fixed moments, which
are recognized in the output by their formatted values. An `XmlTemplate` is the serialized result, cut at the
placeholders.

Filling escapes all texts as libxml2 does: `&`, `<`, `>` and CR in text, and `"`, LF and TAB in attribute values as
well. The character before a placeholder tells the two apart: a quotation mark begins an attribute value. The texts of
an element are escaped together, joined by a NUL character, which no XML text contains, and inserted by one `%`
formatting: an entry has dozens of placeholders, and a call for each would dominate. The content is escaped separately
and cached, because it is long and the same in RSS and Atom.

A text that resembles a placeholder or a fixed moment is safe: placeholders are searched in the template only, before
any text is inserted.

The result is byte for byte what the builder returns for the object itself; `tests/formats/test_xml_template.py`
verifies that for generated objects.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from ..model import Person

Shape = tuple[Any, ...]
"""Determines elements and attributes. The last item states which texts are not empty."""

ElementType = tuple[str, tuple[str, ...]]
"""A tag and its attribute names. Tags of the Atom namespace are bare: the builder qualifies them in RSS."""


class Extension(NamedTuple):
    """An element that feedgen cannot write. `texts` are its text and the values of its attributes."""

    type: ElementType
    texts: tuple[str, ...]


class EntryFields(NamedTuple):
    """The contents of the element of an entry, in RSS or Atom.

    `enclosure` has the address, length and type of the `<enclosure>` of RSS; Atom has a link in `extensions`.
    """

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
    enclosure: tuple[str, str, str] | None
    extensions: tuple[Extension, ...]

    def texts(self) -> list[str]:
        """Returns all texts, in a fixed order."""
        texts = [self.id, self.title, self.link, self.summary, self.html, self.language, *self.categories]
        for person in self.authors:
            texts += person.name, person.url or ""
        texts += self.enclosure or ()
        for extension in self.extensions:
            texts += extension.texts
        return texts

    def shape(self, texts: list[str]) -> Shape:
        """Returns the shape of an entry with these texts."""
        types = tuple([extension.type for extension in self.extensions])
        counts = len(self.categories), len(self.authors)
        return self.is_permalink, counts, self.enclosure is not None, types, tuple(map(bool, texts))

    @staticmethod
    def from_shape(shape: Shape, texts: Iterator[str], published: datetime, updated: datetime) -> "EntryFields":
        """Returns an entry of a shape with these texts and times."""
        is_permalink, (categories, authors), has_enclosure, types, _ = shape
        identity, title, link, summary, html, language = (next(texts) for _ in range(6))
        return EntryFields(
            id=identity,
            title=title,
            link=link,
            summary=summary,
            html=html,
            language=language,
            published=published,
            updated=updated,
            is_permalink=is_permalink,
            categories=tuple(next(texts) for _ in range(categories)),
            authors=tuple(Person(name=next(texts), url=next(texts) or None) for _ in range(authors)),
            enclosure=(next(texts), next(texts), next(texts)) if has_enclosure else None,
            extensions=_extensions(types, texts),
        )


class FeedFields(NamedTuple):
    """The contents of the element of a feed, in RSS or Atom. `newest` is when its newest entry was published."""

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
    extensions: tuple[Extension, ...]
    stylesheet: str = ""

    @property
    def published(self) -> datetime:
        """The time of the newest entry. Documents of feeds without entries do not contain it."""
        return self.newest or self.updated

    @property
    def html(self) -> str:
        """Empty: a feed has no content, but the content has a fixed index among the texts."""
        return ""

    def texts(self) -> list[str]:
        """Returns all texts, in a fixed order."""
        texts = [
            self.id, self.title, self.description, self.home, self.html, self.self_url, self.media_type, self.author,
            self.language, self.rights, self.icon or "", self.logo or "",
        ]  # fmt: skip
        for extension in self.extensions:
            texts += extension.texts
        return texts

    def shape(self, texts: list[str]) -> Shape:
        """Returns the shape of a feed with these texts."""
        types = tuple([extension.type for extension in self.extensions])
        return self.newest is not None, types, tuple(map(bool, texts))

    @staticmethod
    def from_shape(shape: Shape, texts: Iterator[str], published: datetime, updated: datetime) -> "FeedFields":
        """Returns a feed of a shape with these texts and times."""
        has_newest, types, _ = shape
        identity, title, description, home, _, self_url, media_type, author, language, rights, icon, logo = (
            next(texts) for _ in range(12)
        )
        return FeedFields(
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
            extensions=_extensions(types, texts),
        )


def _extensions(types: Iterable[ElementType], texts: Iterator[str]) -> tuple[Extension, ...]:
    return tuple(Extension(type_, tuple(next(texts) for _ in range(1 + len(type_[1])))) for type_ in types)


Fields = TypeVar("Fields", EntryFields, FeedFields)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc822(time: datetime) -> str:
    """Returns a UTC time as RSS writes it (RFC 822, with a year of four digits)."""
    day, month = _DAYS[time.weekday()], _MONTHS[time.month - 1]
    return f"{day}, {time.day:02} {month} {time.year:04} {time.hour:02}:{time.minute:02}:{time.second:02} +0000"


def _escape(text: str) -> str:
    """Escapes text as libxml2 does."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;") if "\r" in text else text


@lru_cache(maxsize=2)
def _escape_content(html: str) -> str:
    return _escape(html)


_PUBLISHED = datetime(1999, 12, 31, 23, 59, 58, tzinfo=UTC)
_UPDATED = datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
_SEPARATOR = "\0"  # XML allows it in no text
_OPEN, _CLOSE = "\ue000", "\ue001"  # private-use characters: a template contains them in placeholders only
_CONTENT_INDEX = 4  # of the content among the texts
# Placeholders that are not filled from the texts: both times, and the content.
_SPECIAL: dict[str, Callable[[EntryFields | FeedFields], str]] = {
    rfc822(_PUBLISHED): lambda fields: rfc822(fields.published),
    rfc822(_UPDATED): lambda fields: rfc822(fields.updated),
    _PUBLISHED.isoformat(): lambda fields: fields.published.isoformat(),
    _UPDATED.isoformat(): lambda fields: fields.updated.isoformat(),
    f"{_OPEN}{_CONTENT_INDEX}{_CLOSE}": lambda fields: _escape_content(fields.html),
}
_PLACEHOLDER = re.compile(f"{_OPEN}([0-9]+){_CLOSE}|" + "|".join(map(re.escape, _SPECIAL)))


class XmlTemplate:
    """A serialized element with placeholders for its texts."""

    def __init__(self, serialized: str) -> None:
        marks = list(_PLACEHOLDER.finditer(serialized))
        quoted = [serialized[mark.start() - 1] == '"' for mark in marks]
        texts = [int(m[1]) for m, inside in zip(marks, quoted, strict=True) if m[0] not in _SPECIAL and not inside]
        values = [int(m[1]) for m, inside in zip(marks, quoted, strict=True) if m[0] not in _SPECIAL and inside]
        self._specials = [_SPECIAL[mark[0]] for mark in marks if mark[0] in _SPECIAL]
        self._texts, self._values = _picker(texts), _picker(values)
        # The filled texts come as texts, attribute values, specials: this restores the order of the document.
        of_text, of_value = iter(range(len(texts))), iter(range(len(texts), len(texts) + len(values)))
        of_special = iter(range(len(texts) + len(values), len(marks)))
        self._in_document_order = _picker(
            [
                next(of_special if m[0] in _SPECIAL else of_value if inside else of_text)
                for m, inside in zip(marks, quoted, strict=True)
            ]
        )
        self._format = "%s".join(part.replace("%", "%%") for part in _split(serialized, marks))

    def fill(self, fields: EntryFields | FeedFields, texts: list[str]) -> bytes:
        """Returns the bytes of an entry or feed of this shape, given its texts."""
        filled = _escape(_SEPARATOR.join(self._texts(texts))).split(_SEPARATOR)
        if values := self._values(texts):
            quoted = _escape(_SEPARATOR.join(values)).replace('"', "&quot;")
            if "\n" in quoted or "\t" in quoted:
                quoted = quoted.replace("\n", "&#10;").replace("\t", "&#9;")
            filled += quoted.split(_SEPARATOR)
        filled += [format_special(fields) for format_special in self._specials]
        return (self._format % self._in_document_order(filled)).encode()


def _picker(indexes: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """Returns a function that picks the items with these indexes. `itemgetter` returns no tuple for less than two."""
    if len(indexes) < 2:
        return lambda items: tuple([items[index] for index in indexes])
    return itemgetter(*indexes)


def _split(text: str, marks: list[re.Match[str]]) -> list[str]:
    """Returns the parts of a text between the marks."""
    edges = [0, *(edge for mark in marks for edge in mark.span()), len(text)]
    return [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


def render(build: Callable[[Fields], bytes], fields: Fields) -> bytes:
    """Returns what `build(fields)` returns, from the template of its shape."""
    texts = fields.texts()
    return _template(build, fields.from_shape, fields.shape(texts)).fill(fields, texts)


@lru_cache(maxsize=4096)
def _template(build: Callable[[Any], bytes], from_shape: Callable[..., Any], shape: Shape) -> XmlTemplate:
    placeholders = iter(f"{_OPEN}{index}{_CLOSE}" if filled else "" for index, filled in enumerate(shape[-1]))
    return XmlTemplate(build(from_shape(shape, placeholders, _PUBLISHED, _UPDATED)).decode())
