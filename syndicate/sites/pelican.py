"""Pelican: articles below `PATH`, addresses by `ARTICLE_URL` (https://docs.getpelican.com/en/latest/settings.html).

`pelicanconf.py` is a program, which is never run. Its assignments of literals are read.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from .base import MARKDOWN, Page, SiteFolder, SiteSettings, base_address, encode, patterns_of, stem, text, texts
from .slugs import pelican as slugify

FILES = ("pelicanconf.py", "publishconf.py")
_PLACEHOLDER = re.compile(r"\{(\w+)(?:\.(\w+))?(?::([^{}]*))?\}")
_DEFAULT_FILENAME_METADATA = r"(?P<date>\d{4}-\d{2}-\d{2}).*"
_NAMES = frozenset(
    "PATH SITEURL TIMEZONE DEFAULT_LANG ARTICLE_URL ARTICLE_LANG_URL ARTICLE_SAVE_AS ARTICLE_PATHS ARTICLE_EXCLUDES "
    "PAGE_PATHS SLUGIFY_SOURCE SLUGIFY_PRESERVE_CASE DEFAULT_CATEGORY USE_FOLDER_AS_CATEGORY FILENAME_METADATA "
    "IGNORE_FILES".split()
)


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`."""
    values: dict[str, Any] = {}
    computed: list[str] = []
    for name in FILES:
        _read_program(site.text(name) or "", values, computed)
    content = text(values.get("PATH")).removeprefix("./").strip("/").removeprefix(".")
    folder = f"{content}/" if content else ""
    excluded = [*texts(values.get("PAGE_PATHS", ["pages"])), *texts(values.get("ARTICLE_EXCLUDES"))]
    relative = f"{source}/".removeprefix(folder).strip("/")
    inside = not folder or f"{source}/".startswith(folder)
    articles = [path.strip("/") for path in texts(values.get("ARTICLE_PATHS"))] or [""]
    return SiteSettings(
        kind="pelican",
        folder=f"{source}/" if source else "",
        base=base_address(text(values.get("SITEURL"))),
        timezone=text(values.get("TIMEZONE")),
        language=text(values.get("DEFAULT_LANG")),
        include=_include(source, content, articles),
        exclude=tuple(
            _below(path.strip("/"), relative if inside else "", "" if inside else folder) for path in excluded
        ),
        options={
            "content": content,
            "url": text(values.get("ARTICLE_URL")) or "{slug}.html",
            "lang_url": text(values.get("ARTICLE_LANG_URL")) or "{slug}-{lang}.html",
            "source": text(values.get("SLUGIFY_SOURCE")) or "title",
            "keep_case": values.get("SLUGIFY_PRESERVE_CASE") is True,
            "category": text(values.get("DEFAULT_CATEGORY")) or "misc",
            "folders": values.get("USE_FOLDER_AS_CATEGORY") is not False,
            "file_name": text(values.get("FILENAME_METADATA")) or _DEFAULT_FILENAME_METADATA,
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
    """Returns the address by ARTICLE_URL, whose slug is made of the title or of the file's name."""
    default = site.language
    is_translation = bool(page.text("translation")) or (
        bool(default) and bool(page.language) and page.language.lower() != default.lower() and _shares_slug(page)
    )
    pattern = str(site.options.get("lang_url" if is_translation else "url", "{slug}.html"))

    def replace(match: re.Match[str]) -> str:
        name, _, format_ = match.groups()
        return _value(name, format_ or "", page, site)

    return encode(_PLACEHOLDER.sub(replace, pattern))


def date(path: str, site: SiteSettings) -> str:
    """Returns the day that FILENAME_METADATA finds in the name of a file, as it stands there."""
    return _file_name_metadata(stem(path.rpartition("/")[2]), site).get("date", "")


def language(path: str, site: SiteSettings) -> str:
    """Returns nothing: articles state `Lang`."""
    return ""


def _shares_slug(page: Page) -> bool:
    """Returns whether an article states its slug, which it shares with the article that it translates."""
    return bool(page.slug)


def _value(name: str, format_: str, page: Page, site: SiteSettings) -> str:
    keep_case = bool(site.options.get("keep_case"))
    match name:
        case "slug":
            return page.slug or _slug(page, site)
        case "date":
            return page.published.strftime(format_ or "%Y-%m-%d") if page.published else ""
        case "lang":
            return page.language or site.language
        case "category":
            return slugify(_category(page, site), keep_case=keep_case)
        case "author":
            names = texts(page.metadata.get("author")) or texts(page.metadata.get("authors"))
            return slugify(names[0], keep_case=keep_case) if names else ""
        case _:
            return page.text(name)


def _slug(page: Page, site: SiteSettings) -> str:
    if found := _file_name_metadata(page.name, site).get("slug"):
        return found
    source = page.name if site.options.get("source") == "basename" or not page.title else page.title
    return slugify(source, keep_case=bool(site.options.get("keep_case")))


def _file_name_metadata(name: str, site: SiteSettings) -> dict[str, str]:
    """Returns the named groups that FILENAME_METADATA finds in the name of a file."""
    try:
        match = re.match(str(site.options.get("file_name", "")), name)
    except re.error:
        return {}
    return {key: value for key, value in match.groupdict().items() if value} if match else {}


def _category(page: Page, site: SiteSettings) -> str:
    stated = page.text("category")
    if stated:
        return stated
    content = str(site.options.get("content", ""))
    folder = page.folder.removeprefix(content).strip("/")
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


def _include(source: str, content: str, articles: list[str]) -> tuple[str, ...]:
    found: list[str] = []
    for path in articles:
        below = "/".join(filter(None, (content, path)))
        found += patterns_of(source, MARKDOWN, below)
    return tuple(found)


def _below(path: str, relative: str, folder: str) -> str:
    """Returns a pattern of all files below a folder of the content, relative to the source."""
    if relative and f"{path}/".startswith(f"{relative}/"):
        path = path.removeprefix(relative).strip("/")
    return f"{folder}{path}/**"
