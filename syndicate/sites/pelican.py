"""Pelican: articles below `PATH`, addresses by `ARTICLE_URL` (https://docs.getpelican.com/en/latest/settings.html).

`pelicanconf.py` is a program, which is never run. Its assignments of literals are read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .base import Default, Page, SiteFolder, SiteSettings, base_address, encode, patterns_of, stem, text, texts
from .slugs import pelican as slugify

FILES = ("pelicanconf.py", "publishconf.py")
_PLACEHOLDER = re.compile(r"\{(\w+)(?:\.(\w+))?(?::([^{}]*))?\}")
_ARTICLE_NAMES = r"[^.].*\.(?:md|markdown|mkd|mdown)"
_DEFAULT_FILENAME_METADATA = r"(?P<date>\d{4}-\d{2}-\d{2}).*"
_NAMES = frozenset(
    "PATH SITENAME SITEURL TIMEZONE DEFAULT_LANG ARTICLE_URL ARTICLE_LANG_URL ARTICLE_SAVE_AS ARTICLE_PATHS "
    "ARTICLE_EXCLUDES PAGE_PATHS SLUGIFY_SOURCE SLUGIFY_PRESERVE_CASE DEFAULT_CATEGORY "
    "USE_FOLDER_AS_CATEGORY FILENAME_METADATA IGNORE_FILES PATH_METADATA SLUGIFY_USE_UNICODE DEFAULT_METADATA".split()
)


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`."""
    values: dict[str, Any] = {}
    computed: list[str] = []
    for name in FILES:
        _read_program(site.text(name) or "", values, computed)
    content = _folder(text(values.get("PATH")))
    root = f"{content}/" if content else ""
    defaults = values.get("DEFAULT_METADATA")
    return SiteSettings(
        kind="pelican",
        folder=f"{source}/" if source else "",
        title=text(values.get("SITENAME")),
        base=base_address(text(values.get("SITEURL"))),
        timezone=text(values.get("TIMEZONE")),
        language=text(values.get("DEFAULT_LANG")) or "en",
        include=_include(source, root, values),
        exclude=tuple(_exclude(source, root, values)),
        names=_ARTICLE_NAMES,
        defaults=(Default("", "", defaults),) if isinstance(defaults, dict) and defaults else (),
        options={
            "root": root,
            "url": text(values.get("ARTICLE_URL")) or "{slug}.html",
            "lang_url": text(values.get("ARTICLE_LANG_URL")) or "{slug}-{lang}.html",
            "source": text(values.get("SLUGIFY_SOURCE")) or "title",
            "keep_case": values.get("SLUGIFY_PRESERVE_CASE") is True,
            "keep_unicode": values.get("SLUGIFY_USE_UNICODE") is True,
            "category": text(values.get("DEFAULT_CATEGORY")) or "misc",
            "folders": values.get("USE_FOLDER_AS_CATEGORY") is not False,
            "file_name": text(values.get("FILENAME_METADATA")) or _DEFAULT_FILENAME_METADATA,
            "path": text(values.get("PATH_METADATA")),
            "own_offset": True,
        },
        notes=tuple(
            f"{name} is computed in {FILES[0]}, which is not run: set corpus[].url or corpus[].timezone if it matters"
            for name in dict.fromkeys(computed)
            if name in {"ARTICLE_URL", "TIMEZONE", "SITEURL", "PATH"}
        ),
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `url`, which is relative to the site."""
    return page.text("url")


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the address by ARTICLE_URL, by ARTICLE_LANG_URL for an article in another than the default language."""
    is_foreign = bool(page.language) and page.language.lower() != site.language.lower()
    pattern = str(site.options.get("lang_url" if is_foreign else "url", "{slug}.html"))
    return encode(_PLACEHOLDER.sub(lambda match: _value(match[1], match[3] or "", page, site), pattern))


def date(path: str, site: SiteSettings) -> str:
    """Returns the day that FILENAME_METADATA finds in the name of a file, as it stands there."""
    return _file_name_metadata(stem(path.rpartition("/")[2]), site).get("date", "")


def language(path: str, site: SiteSettings) -> str:
    """Returns the default language: articles in another one state `Lang`."""
    return site.language


def _value(name: str, format_: str, page: Page, site: SiteSettings) -> str:
    match name:
        case "slug":
            return page.slug or _slug(page, site)
        case "date":
            return page.published.strftime(format_ or "%Y-%m-%d") if page.published else ""
        case "lang":
            return page.language or site.language
        case "category":
            return _slugified(_category(page, site), site)
        case "author":
            names = texts(page.metadata.get("author")) or texts(page.metadata.get("authors"))
            return _slugified(names[0], site) if names else ""
        case _:
            return page.text(name) or _path_metadata(page.path, site).get(name, "")


def _slug(page: Page, site: SiteSettings) -> str:
    if found := _file_name_metadata(page.name, site).get("slug"):
        return found
    by_name = site.options.get("source") == "basename" or not page.title
    return _slugified(page.name if by_name else page.title, site)


def _slugified(text: str, site: SiteSettings) -> str:
    options = site.options
    return slugify(text, keep_case=bool(options.get("keep_case")), keep_unicode=bool(options.get("keep_unicode")))


def _file_name_metadata(name: str, site: SiteSettings) -> dict[str, str]:
    """Returns the named groups that FILENAME_METADATA finds in the name of a file."""
    return _groups(str(site.options.get("file_name", _DEFAULT_FILENAME_METADATA)), name)


def _path_metadata(path: str, site: SiteSettings) -> dict[str, str]:
    """Returns the named groups that PATH_METADATA finds in a path within the content."""
    return _groups(str(site.options.get("path", "")), path.removeprefix(str(site.options.get("root", ""))))


@lru_cache(maxsize=1024)
def _groups(pattern: str, value: str) -> dict[str, str]:
    try:
        match = re.match(pattern, value) if pattern else None
    except re.error:
        return {}
    return {key: found for key, found in match.groupdict().items() if found} if match else {}


def _category(page: Page, site: SiteSettings) -> str:
    if stated := page.text("category"):
        return stated
    folder = f"{page.folder}/".removeprefix(str(site.options.get("root", ""))).strip("/")
    if folder and site.options.get("folders"):
        return folder.rpartition("/")[2]
    return str(site.options.get("category", "misc"))


def _read_program(program: str, values: dict[str, Any], computed: list[str]) -> None:
    """Adds the assignments of literals to `values`, the names of others to `computed`."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name) and target.id in _NAMES:
                try:
                    values[target.id] = ast.literal_eval(statement.value)
                except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                    computed.append(target.id)


def _folder(path: str) -> str:
    return path.removeprefix("./").strip("/").removeprefix(".")


def _include(source: str, root: str, values: dict[str, Any]) -> tuple[str, ...]:
    """Returns the patterns of the articles, relative to the source."""
    articles = [_folder(path) for path in texts(values.get("ARTICLE_PATHS"))] or [""]
    return tuple(pattern for path in articles for pattern in patterns_of(source, ("",), f"{root}{path}".strip("/")))


def _exclude(source: str, root: str, values: dict[str, Any]) -> Iterator[str]:
    """Yields the patterns of pages and of ignored files, relative to the source."""
    for path in (*texts(values.get("PAGE_PATHS", ["pages"])), *texts(values.get("ARTICLE_EXCLUDES"))):
        yield f"{root}{_folder(path)}/**".removeprefix(f"{source}/" if source else "")
    for name in texts(values.get("IGNORE_FILES")):
        yield f"**/{name}"
