"""What every module of a site generator has in common: its interface, what it reads, and what it returns.

The modules are pure: they get the files of the site through `SiteFolder`, and the fields of a record as a `Page`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from ..values.dialects import UNKNOWN, Dialect

MARKDOWN = (".md", ".markdown", ".mkd", ".mkdn", ".mdown")
DATED_NAME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[-_ ]?(.*)", re.DOTALL)


class Default(NamedTuple):
    """Front matter that a site's configuration gives to records: those at or below this path within the site, in which
    `*` stands for any name, and one of whose folders has this name. An empty text matches every record."""

    path: str
    folder: str
    values: Mapping[str, Any]

    def applies_to(self, path: str) -> bool:
        """Returns whether it gives its values to the record at a path within the site."""
        if self.folder and f"/{self.folder}/" not in f"/{path}":
            return False
        if "*" in self.path:
            return bool(_glob(self.path).match(path))
        return not self.path or path == self.path or path.startswith(f"{self.path}/")


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/?|\*)", pattern)
    regex = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(regex.get(part) or re.escape(part) for part in parts) + "(?:/|$)")


class SiteLanguage(NamedTuple):
    """A language of a site: its code, the folder of its content within the site, what its addresses begin with, and its
    tag (BCP 47)."""

    code: str
    folder: str = ""
    prefix: str = ""
    tag: str = ""


_NOTHING: Mapping[str, Any] = {}


class SiteSettings(NamedTuple):
    """What a site's own configuration says, in the same terms for every generator.

    `kind`       the generator's name
    `evidence`   the file that told which generator it is, for messages; empty if the configuration names it
    `folder`     the folder of the source within the site, with a slash at its end; empty if it is the site's own
    `title`      the name of the site; empty if the configuration states none
    `base`       the address of the site, with a slash at its end; empty if the configuration states none
    `url`        the pattern that the configuration states for the addresses of records; empty for the generator's rule
    `timezone`   the IANA name of the zone of times without one; empty if none is stated
    `zoneless_times_are_utc`
                 an unquoted time without a zone is UTC, whatever the zone of the site
    `language`   the language of records that state none
    `languages`  the languages of a site with several
    `include`, `exclude`, `names`
                 the patterns of the site's posts, relative to the source, and a regular expression that the names of
                 their files match
    `has_bundles`
                 the other files in and below a folder with an `index` file belong to that page
    `patterns`   address patterns by section, collection or name of the setting
    `defaults`   front matter of records that do not state it, the most specific last
    `dialect`    what the bodies hold; that of a site of no known generator takes all that looks like a template tag
    `variables`  what template tags may show, such as `site.title`
    `options`    what only the generator's own module understands
    `authors`    authors by the key that records use
    `notes`      settings that could not be read, for `check`
    """

    kind: str = "plain"
    evidence: str = ""
    folder: str = ""
    title: str = ""
    base: str = ""
    url: str = ""
    timezone: str = ""
    zoneless_times_are_utc: bool = False
    language: str = ""
    languages: tuple[SiteLanguage, ...] = ()
    include: tuple[str, ...] = ("**/*.md",)
    exclude: tuple[str, ...] = ()
    names: str = ""
    has_bundles: bool = False
    patterns: Mapping[str, str] = _NOTHING
    defaults: tuple[Default, ...] = ()
    dialect: Dialect = UNKNOWN
    variables: Mapping[str, str] = _NOTHING
    options: Mapping[str, Any] = _NOTHING
    authors: Mapping[str, Any] = _NOTHING
    notes: tuple[str, ...] = ()

    def defaults_of(self, path: str) -> dict[str, Any]:
        """Returns the front matter that the site gives to the record at a path within the source."""
        path = self.folder + path
        found: dict[str, Any] = {}
        for default in self.defaults:
            if default.applies_to(path):
                found |= default.values
        return found


class SiteFolder(Protocol):
    """The files of a site. Paths are relative to the folder that the configuration file of the site is in."""

    def values(self, path: str) -> Mapping[str, Any] | None:
        """Returns the values of a YAML, TOML or JSON file; None if there is none, or its content is no mapping."""
        ...

    def front_matter(self, path: str) -> Mapping[str, Any] | None:
        """Returns the values at the beginning of a Markdown file; None as for `values`."""
        ...

    def text(self, path: str) -> str | None:
        """Returns the text of a file; None if there is none."""
        ...

    def names(self, path: str) -> list[str]:
        """Returns the names in a folder, ordered; nothing if there is none."""
        ...

    def find(self, *endings: str) -> Iterator[str]:
        """Yields the paths of all files whose name ends so, ordered."""
        ...


class Page(NamedTuple):
    """What an address may be made of.

    `path` is within the site, with slashes. The keys of `metadata` are in lower case. `published` is in the zone of
    the site. `slug` is what the record states; `language` what it states, or its path says.
    """

    path: str
    metadata: Mapping[str, Any]
    title: str = ""
    slug: str = ""
    published: datetime | None = None
    language: str = ""
    id: str = ""

    @property
    def folder(self) -> str:
        """The folders of the path, without a slash at its end."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The name of the file without its extension."""
        return stem(self.path.rpartition("/")[2])

    def text(self, *keys: str) -> str:
        """Returns the first of these keys whose value is a text that is not empty."""
        return next((value for key in keys if isinstance(value := self.metadata.get(key), str) and value.strip()), "")


class Generator(Protocol):
    """The module of a generator. Every function is pure."""

    def read(self, site: SiteFolder, source: str) -> SiteSettings | None:
        """Returns the settings of a site, of which the source is the folder `source`; None if the configuration file
        is another generator's that uses the same name."""
        ...

    def stated_address(self, page: Page, site: SiteSettings) -> str:
        """Returns the address that a record states for its page, with the generator's placeholders filled in; empty
        if it states none. It is absolute or relative to the base of the site."""
        ...

    def derived_address(self, page: Page, site: SiteSettings) -> str:
        """Returns the address that the generator gives to a page that states none, relative to the base and encoded."""
        ...

    def date(self, path: str, site: SiteSettings) -> str:
        """Returns the day that a path within the site says, as `2026-01-31`; empty if it says none in the terms of the
        generator. A day that does not exist counts as none."""
        ...

    def language(self, path: str, site: SiteSettings) -> str:
        """Returns the language that a path within the site says; empty if it says none."""
        ...


def encode(path: str, safe: str = "/-._~!$&'()*+,;=:@") -> str:
    """Returns a path of names as an address, in which no name can stand for another folder (RFC 3986 §3.3)."""
    names = "/".join(name for name in path.split("/") if name not in {".", ".."})
    return quote(names, safe=safe, errors="surrogateescape")


def day(year: str, month: str, day_: str) -> str:
    """Returns a day as `2026-01-31`, of numbers that may have fewer digits."""
    return f"{'20' if len(year) == 2 else ''}{year}-{month:0>2}-{day_:0>2}"


def stem(name: str) -> str:
    """Returns the name of a file without its extension."""
    return name.rpartition(".")[0] or name


def without_date(name: str) -> str:
    """Returns a name without the date that it begins with; a name that is only a date stays."""
    match = DATED_NAME.fullmatch(name)
    return match[4] if match and match[4] else name


def texts(value: object) -> tuple[str, ...]:
    """Returns the texts and numbers of a list, or the one that stands for a list."""
    items: Iterable[object] = value if isinstance(value, list | tuple) else () if value is None else (value,)
    return tuple(
        str(item) for item in items if isinstance(item, str | int | float) and not isinstance(item, bool) and item != ""
    )


def mapping(value: object) -> Mapping[str, Any]:
    """Returns a value that is a mapping; an empty mapping in the place of any other."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Returns a value that is a text, without white space around it; empty for any other."""
    return value.strip() if isinstance(value, str) else ""


def base_address(url: str, path: str = "") -> str:
    """Returns the address of a site, with a slash at its end; empty for one that is no public address."""
    url = url.strip()
    if not re.match(r"https?://[^/]", url) or re.match(r"https?://(localhost|127\.|0\.0\.0\.0|\[::1\])", url):
        return ""
    return "/".join(filter(None, (url.rstrip("/"), path.strip("/")))) + "/"


def patterns_of(source: str, endings: Iterable[str], folder: str = "") -> tuple[str, ...]:
    """Returns patterns of all files with these endings below a folder of the site, relative to the source.

    A source within the folder takes all of its own files.
    """
    inside = not folder or f"{source}/".startswith(f"{folder}/")
    below = "" if inside else f"{folder}/".removeprefix(f"{source}/" if source else "")
    return tuple(f"{below}**/*{ending}" for ending in endings)
