"""The metadata of any ecosystem -> Entry: which key says what, who may see it, when.

Only what is named here leaves the corpus. Keys are compared without regard to case; a dotted key names a nested one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import quote

from ..feeds.identity import path_id, stated_id
from ..model import Entry, Image, Person, Presentation, Related
from ..values import addresses, dates
from ..values.keys import ALIASES, DIMENSIONS, PRIVATE
from ..values.languages import language_of_path, language_tag
from ..values.text import plain_text, strip_forbidden
from .keys import KeyTable
from .scalars import (
    MAX_NUMBER,
    TRUE,
    cache_url_of,
    date_fault,
    date_or_none,
    described,
    is_date,
    is_flag,
    name_of,
    person_of,
    pixels,
    site_of,
    words_of,
)

_HIDDEN_STATUS = frozenset({"draft", "hidden", "private", "pending", "trash", "skip"})
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FRAME = re.compile(r"<iframe\b[^<>]*?\ssrc\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)
_JEKYLL_POST = re.compile(r"(?:^|.*/)_posts/(?:.*/)?(\d{4})-(\d{2})-(\d{2})-([^/]+)\.[^./]+")

# A private value in the text: the front matter's fence is lost, or stands in the middle of it.
_SPILLED = re.compile(
    rf"^[ \t]*[\"']?(?:{'|'.join(sorted(PRIVATE))})[\"']?\s*[:=]\s*[|>+-]*\s*[\"']?[a-z0-9+/=_-]{{16}}",
    re.IGNORECASE | re.MULTILINE,
)
# Where `date` is stated, too, these say from when on an entry may be seen (Hugo).
_NOT_BEFORE = ("publishDate", "pubDate", "published")

Keys = tuple[str | int, ...]


class Profile:
    """How one corpus folder is read.

    `home` is the address that relative ones are resolved against; `prefix` tells this folder's paths from another's.
    `aliases` are tried before the known keys; `dimensions` are the fields that feeds are cut by.
    """

    def __init__(
        self,
        *,
        authority: str,
        home: str,
        prefix: str = "",
        aliases: Mapping[str, tuple[str, ...]] | None = None,
        dimensions: tuple[str, ...] = (),
        presentation: Presentation | None = None,
    ) -> None:
        self.authority = authority
        self.home = home
        self.prefix = prefix
        self.dimensions = dimensions
        self.presentation = presentation or Presentation()
        self.lexicon = KeyTable(aliases or {}, dimensions)


class Fault(NamedTuple):
    """Something wrong in the metadata, at a path of keys."""

    keys: Keys
    message: str
    severity: str = "warning"


class Reading(NamedTuple):
    """What one record says: an entry to show (from its date, until `expires`), or that it is hidden, or its faults."""

    entry: Entry | None = None
    hidden: bool = False
    expires: datetime | None = None
    faults: tuple[Fault, ...] = ()


def read(metadata: Mapping[Any, Any], body: str, path: str, profile: Profile) -> Reading:
    """Turn a record's metadata into an entry. `path` is relative to the corpus folder, with slashes."""
    return _Record(metadata, body, path, profile).reading()


class _Record:
    """One record while it is read; collects faults on the way."""

    def __init__(self, metadata: Mapping[Any, Any], body: str, path: str, profile: Profile) -> None:
        self.found = profile.lexicon.sort(metadata)
        self.body = body
        self.path = path
        self.profile = profile
        self.faults: list[Fault] = []

    def reading(self) -> Reading:
        if self._is_hidden():
            return Reading(hidden=True, faults=tuple(self.faults))
        entry = self._entry()
        expires = self._date("expires")
        if self._blind("expires", expires):
            return Reading(hidden=True, faults=tuple(self.faults))
        return Reading(entry=entry, expires=expires, faults=tuple(self.faults))

    def _entry(self) -> Entry | None:
        title = self._text("title")
        published = self._published()
        if not title:
            self._error(("title",), "no title")
        if not title or published is None:
            return None
        url = self._url()
        provider = self._provider()
        amp_url = self._address("amp")
        return Entry(
            id=self._id(),
            path=self.profile.prefix + self.path,
            title=title,
            url=url,
            published=published,
            updated=max(published, self._date("updated") or published),
            summary=self._text("summary"),
            body=self.body,
            authors=self._authors(),
            provider=provider,
            topics=self._topics(),
            category=self._text("category"),
            type=self._text("type"),
            language=self._language(),
            image=self._image(url),
            video_url=self._video(),
            amp_url=amp_url,
            cdn_url=self._cdn(amp_url),
            related=self._related(),
            quality=self._number("quality"),
            heat=self._number("heat"),
            terms=tuple(self._terms()),
        )

    # ------------------------------------------------------------------------------------------------ finding values

    def _values(self, name: str) -> Sequence[tuple[str, Any]]:
        """The keys of a field that hold something, in order of preference."""
        return self.found.get(name, ())

    def _value(self, name: str) -> Any:
        values = self.found.get(name)
        return values[0][1] if values else None

    def _warn(self, keys: Keys, message: str) -> None:
        self.faults.append(Fault(keys, message))

    def _error(self, keys: Keys, message: str) -> None:
        self.faults.append(Fault(keys, message, "error"))

    # ---------------------------------------------------------------------------------------------------- visibility

    def _is_hidden(self) -> bool:
        """Whether the record asks to be hidden. What cannot be understood hides it, too: nothing private is shown.

        All spellings of a key are looked at: `draft: false` must not hide that `Draft: true` stands there, too.
        """
        return (
            any(self._hides("published", value, shown_when=True) for _, value in self._values("?published"))
            or any(self._hides("removed", value, shown_when=False) for _, value in self._values("?removed"))
            or any(self._hides("draft", value, shown_when=False) for _, value in self._values("?draft"))
            or any(self._is_hidden_status(value) for _, value in self._values("?status"))
            or self.path.startswith("_drafts/")
            or "/_drafts/" in self.path
            or self._spills()
        )

    def _spills(self) -> bool:
        if not _SPILLED.search(self.body):
            return False
        self._error((), "the text holds a private key: the front matter ends too early, or does not begin")
        return True

    def _hides(self, key: str, value: object, *, shown_when: bool) -> bool:
        if value is None or value == "":
            return False
        if is_flag(value):
            return (value is True or words_of(value).lower() in TRUE) is not shown_when
        if key == "published" and is_date(value):
            return False  # a date under this key says when, not whether
        self._error((key,), f"expected true or false, got {described(value)}: the entry is hidden")
        return True

    def _is_hidden_status(self, value: object) -> bool:
        if isinstance(value, list | dict):
            self._error(("status",), f"expected a word, got {described(value)}: the entry is hidden")
            return True
        return words_of(value).lower() in _HIDDEN_STATUS

    def _blind(self, name: str, date: datetime | None) -> bool:
        """An expiry that cannot be read hides the entry: it may lie in the past."""
        if date is not None or not any(self._values(name)):
            return False
        keys = next(key for key, _ in self._values(name))
        self._error((keys,), "the entry is hidden, as its last day is not known")
        return True

    # --------------------------------------------------------------------------------------------------------- dates

    def _published(self) -> datetime | None:
        faults: list[Fault] = []
        for key, value in self._values("published"):
            if is_flag(value):
                continue
            try:
                return self._not_before(dates.parse(value))
            except ValueError as error:
                faults.append(Fault((key,), date_fault(value, error)))
        name = self.path.rpartition("/")[2]
        found = dates.from_file_name(name) or dates.from_path(self._segment("path")) or dates.from_path(self.path)
        if found is None:
            faults = [Fault(f.keys, f.message, "error") for f in faults]
            faults = faults or [Fault((ALIASES["published"][0],), "no date, neither here nor in the path", "error")]
        self.faults += faults
        return found

    def _not_before(self, date: datetime) -> datetime | None:
        """A date, or the later one until which the record is withheld; nothing when that one cannot be read."""
        for key in _NOT_BEFORE:
            value = self._value(f"?{key.lower()}")
            if value is None or value == "" or is_flag(value):
                continue
            try:
                date = max(date, dates.parse(value))
            except ValueError as error:
                self._error((key,), f"{date_fault(value, error)}: the entry is hidden")
                return None
        return date

    def _date(self, name: str) -> datetime | None:
        for key, value in self._values(name):
            try:
                return dates.parse(value)
            except ValueError as error:
                self._warn((key,), date_fault(value, error))
        return None

    # ----------------------------------------------------------------------------------------------- text and numbers

    def _text(self, name: str) -> str:
        for key, value in self._values(name):
            if text := plain_text(words_of(value)):
                return text
            if not isinstance(value, str) and name not in {"category", "type"}:
                self._warn((key,), f"expected text, got {described(value)}")
        return ""

    def _number(self, name: str) -> int | None:
        for key, value in self._values(name):
            if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER:
                return int(value)
            self._warn((key,), f"expected a number, got {described(value)}")
        return None

    def _language(self) -> str:
        for key, value in self._values("language"):
            if isinstance(value, str) and (tag := language_tag(value)):
                return tag
            self._warn((key,), f"expected a language tag, got {described(value)}")
        return language_of_path(self.path)

    # ------------------------------------------------------------------------------------------------------ identity

    def _id(self) -> str:
        authority = self.profile.authority
        for key, value in self._values("id"):
            text = strip_forbidden(words_of(value)).strip()
            if not text:
                self._warn((key,), f"expected text, got {described(value)}")
                continue
            if _UUID.fullmatch(text):
                return f"urn:uuid:{text.lower()}"
            if _URI.fullmatch(text):
                return text
            return stated_id(authority, text)
        return path_id(authority, self.profile.prefix + self.path)

    def _url(self) -> str:
        for key, value in self._values("url"):
            if not isinstance(value, str):
                continue  # Eleventy's `permalink: false`
            if key in {"permalink", "url"} and re.search(r"[:{]\w|\{\{", value) and not addresses.has_scheme(value):
                continue  # a pattern such as /:year/:title/
            url = self._cleaned((key,), value)
            if url:
                return url
        return self._url_of_path()

    def _url_of_path(self) -> str:
        """Where the record's page lives by the custom of its ecosystem: `_news/x.md` at `/news/x/`."""
        home = self.profile.home
        stated = self._segment("path")
        if stated and (url := self._cleaned(("path",), f"{stated}/")):
            return url
        if found := _JEKYLL_POST.fullmatch(self.path):
            *day, title = found.groups()
            return addresses.clean("/".join((*day, f"{quote(title, errors='surrogateescape')}.html")), home)
        folder, _, name = self.path.rpartition("/")
        stem = name.rpartition(".")[0] or name
        stem = self._segment("slug") or stem
        parts = [part.removeprefix("_") for part in folder.split("/") if part]
        parts += [] if stem == "index" else [stem]
        try:
            return addresses.clean("".join(f"{quote(part, errors='surrogateescape')}/" for part in parts), home)
        except ValueError:
            return home

    def _segment(self, name: str) -> str:
        """A part of an address that the record states, without slashes around it."""
        return next(
            (text for _, value in self._values(name) if (text := strip_forbidden(words_of(value)).strip("/ "))), ""
        )

    def _address(self, name: str) -> str | None:
        for key, value in self._values(name):
            if url := self._cleaned((key,), value):
                return url
        return None

    def _cleaned(self, keys: Keys, value: object, base: str = "") -> str | None:
        if not isinstance(value, str):
            self._warn(keys, f"expected an address, got {described(value)}")
            return None
        try:
            return addresses.clean(value, base or self.profile.home)
        except ValueError as error:
            self._warn(keys, f"dropped: {error}")
            return None

    def _cdn(self, amp_url: str | None) -> str | None:
        """The given cache address, else the computed one."""
        given = self._address("cdn")
        if not self.profile.presentation.amp_links:
            return None
        if amp_url is None:
            return given
        computed = cache_url_of(amp_url, self.profile.presentation)
        if given and computed and given != computed:
            key = next(key for key, _ in self._values("cdn"))
            self._warn((key,), f"differs from the computed {computed}")
        return given or computed

    # -------------------------------------------------------------------------------------------------------- people

    def _provider(self) -> Person | None:
        for key, value in self._values("provider"):
            stated = value if isinstance(value, dict) else {"name": value}
            domain = stated.get("domain") or stated.get("url")
            if name := name_of(stated.get("name")) or name_of(domain):
                return Person(name=name, url=site_of(domain))
            self._warn((key,), f"expected a name, got {described(value)}")
        return None

    def _authors(self) -> tuple[Person, ...]:
        for key, value in self._values("author"):
            people = value if isinstance(value, list) else [value]
            if key == "authors" and isinstance(value, str):
                people = re.split(r"[;,]", value)
            found = [person for person in map(person_of, people) if person]
            if found:
                return tuple(dict.fromkeys(found))
            self._warn((key,), f"expected names, got {described(value)}")
        return ()

    # -------------------------------------------------------------------------------------------------------- topics

    def _topics(self) -> tuple[str, ...]:
        for key, value in self._values("topics"):
            names = self._names(key, value)
            if names or value == [None]:
                return names
        return ()

    def _names(self, key: str, value: object) -> tuple[str, ...]:
        match value:
            case list():
                items: list[object] = value
            case str() if key.lower() == "category":
                items = [value]
            case str():
                items = list(value.split(",") if "," in value else re.split(r"[;\s]+", value))
            case int() | float():
                items = [value]
            case _:
                self._warn((key,), f"expected a list of names, got {described(value)}")
                return ()
        names: dict[str, str] = {}
        for index, item in enumerate(items):
            if name := plain_text(words_of(item)):
                names.setdefault(name.casefold(), name)
            elif item is None or not isinstance(item, str):
                self._warn((key, index), f"expected a name, got {described(item)}")
        return tuple(names.values())

    def _terms(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The values of the fields that feeds are cut by, beyond those that every entry has."""
        for name in self.profile.dimensions:
            if name not in DIMENSIONS:
                value = self._value(f"by {name}")
                yield name, () if value is None or value == "" else self._names_of_field(name, value)

    def _names_of_field(self, key: str, value: object) -> tuple[str, ...]:
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            value = value["name"]
        return self._names(key, [value] if isinstance(value, str) else value)

    # ------------------------------------------------------------------------------------------------ what it is with

    def _image(self, base: str) -> Image | None:
        for key, value in self._values("image"):
            images = value if isinstance(value, list) else [value]
            for index, image in enumerate(images):
                keys: Keys = (key, index) if isinstance(value, list) else (key,)
                if found := self._one_image(keys, image, base):
                    return found
        return None

    def _one_image(self, keys: Keys, image: object, base: str) -> Image | None:
        if isinstance(image, str):
            url = self._cleaned(keys, image, base)
            return Image(url=url) if url else None
        if not isinstance(image, dict):
            self._warn(keys, f"expected an image, got {described(image)}")
            return None
        name = next((name for name in ("url", "src", "image", "path") if image.get(name)), "url")
        url = self._cleaned((*keys, name), image.get(name), base)
        if not url:
            return None
        title = image.get("title") or image.get("alt") or ""
        width, height = pixels(image.get("width")), pixels(image.get("height"))
        return Image(url=url, width=width, height=height, title=plain_text(title) if isinstance(title, str) else "")

    def _video(self) -> str | None:
        for key, value in self._values("video"):
            frame = _FRAME.search(value) if isinstance(value, str) else None
            if frame and (url := self._cleaned((key,), unescape(frame[1]))):
                return url
        return None

    def _related(self) -> tuple[Related, ...]:
        """As many related stories as are shown; each needs a title and an address."""
        limit = self.profile.presentation.related_limit
        found: list[Related] = []
        for key, value in self._values("related"):
            if limit and not isinstance(value, list):
                self._warn((key,), f"expected a list of stories, got {described(value)}")
                continue
            for index, item in enumerate(value if limit else ()):
                if len(found) >= limit:
                    break
                if story := self._one_related((key, index), item):
                    found.append(story)
            if found:
                break
        return tuple(found)

    def _one_related(self, keys: Keys, item: object) -> Related | None:
        if not isinstance(item, dict):
            self._warn(keys, f"expected a story, got {described(item)}")
            return None
        title = plain_text(words_of(item.get("title") or item.get("name")))
        name = "webUrl" if item.get("webUrl") else "originalUrl" if item.get("originalUrl") else "url"
        address = item.get(name)
        if not title or not address:
            self._warn(keys, "a related story needs a title and an address")
            return None
        url = self._cleaned((*keys, name), address)
        if url is None:
            return None
        amp_url, cdn_url = item.get("ampWebUrl"), item.get("cdnAmpWebUrl")
        if amp_url is not None:
            amp_url = self._optional((*keys, "ampWebUrl"), amp_url)
        if cdn_url is not None:
            cdn_url = self._optional((*keys, "cdnAmpWebUrl"), cdn_url)
        provider = item.get("provider")
        provider = provider.get("name") if isinstance(provider, dict) else provider
        published = date_or_none(item.get("publishedDateTime"))
        return Related(title, url, published, name_of(provider), amp_url, self._cdn_of(amp_url, cdn_url))

    def _cdn_of(self, amp_url: str | None, given: str | None) -> str | None:
        if not self.profile.presentation.amp_links:
            return None
        return given or (cache_url_of(amp_url, self.profile.presentation) if amp_url else None)

    def _optional(self, keys: Keys, value: object) -> str | None:
        return None if value == "" else self._cleaned(keys, value)
