"""Hugo: pages below `content`, addresses by path or by `permalinks` (https://gohugo.io/content-management/urls/)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import patterns
from .base import (
    Default,
    Page,
    SiteFolder,
    SiteLanguage,
    SiteSettings,
    base_address,
    encode,
    mapping,
    patterns_of,
    text,
)
from .patterns import Values, date_part
from .slugs import hugo as path_slug

_NAMES = ("hugo", "config")
_ENDINGS = ("toml", "yaml", "yml", "json")
_EXTENSIONS = (".md", ".markdown", ".html")
_PLACEHOLDER = re.compile(r":(\w+(?:\[[^\]]*\])?)")
_SLICE = re.compile(r"sections\[(\d+|last)?(:)?(\d+|last)?\]")


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`.

    Many programs have a `config.yaml`, and Zola has a `config.toml`: only one with `baseURL` is Hugo's.
    """
    values = _configuration(site)
    if values is None:
        return None
    content = text(values.get("contentdir")).strip("/") or "content"
    default = text(values.get("defaultcontentlanguage")) or "en"
    languages = tuple(_languages(values, content, default))
    base = text(values.get("baseurl"))
    options = {
        "lower": values.get("disablepathtolower") is not True,
        "ugly": values.get("uglyurls"),
        "content": content,
        "default": default,
    }
    return SiteSettings(
        kind="hugo",
        folder=f"{source}/" if source else "",
        base=base_address(base),
        timezone=text(values.get("timezone")),
        language=text(values.get("languagecode")) if not languages else default,
        languages=languages,
        include=_include(source, content, languages),
        exclude=("**/_index.*",),
        patterns=_permalinks(values.get("permalinks")),
        defaults=tuple(_cascades(site, values, content)),
        options=options,
        authors=_authors(site),
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `url`, which may hold placeholders; without a leading slash it is below the language's prefix."""
    url = page.text("url")
    if not url or "://" in url:
        return url
    _, code = _location(page.path, site)
    prefix = "" if url.startswith("/") else _prefix(code, site)
    return prefix + (_expand(url, page, site) if ":" in url else url)


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the address by the pattern of the page's section, else by its path."""
    path, code = _location(page.path, site)
    section = path.partition("/")[0] if "/" in path else ""
    pattern = site.patterns.get(section, "")
    address = _expand(pattern, page, site) if pattern else _address_of_path(path, page, site)
    ugly = site.options.get("ugly")
    if mapping(ugly).get(section) if isinstance(ugly, dict) else ugly is True:
        address = f"{address.rstrip('/')}.html"
    elif not pattern or not re.search(r"\.\w+$", address):
        address = f"{address.rstrip('/')}/"
    return encode(_prefix(code, site) + address)


def date(path: str, site: SiteSettings) -> str:
    """Returns nothing: a day in the path counts for every generator."""
    return ""


def language(path: str, site: SiteSettings) -> str:
    """Returns the language of a page by its file's name or by its content folder."""
    return _location(path, site)[1] if site.languages else ""


def _configuration(site: SiteFolder) -> dict[str, Any] | None:
    """Returns the settings of all configuration files, with keys in lower case (Hugo ignores the case).

    None if there is only a `config.*` that another program reads.
    """
    values: dict[str, Any] | None = None
    is_other = False
    for name in (f"{name}.{ending}" for name in _NAMES for ending in _ENDINGS):
        if values is None and (found := site.values(name)) is not None:
            lower = _lower(found)
            if name.startswith("hugo.") or "baseurl" in lower:
                values = lower
            else:
                is_other = True
    for folder in ("config/_default", "config/production"):
        for file in site.names(folder):
            name, _, ending = file.rpartition(".")
            if ending in _ENDINGS and (found := site.values(f"{folder}/{file}")) is not None:
                values = (values or {}) | (_lower(found) if name in _NAMES else {name.lower(): _lower(found)})
    return values if values is not None or is_other else {}


def _lower(values: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in values.items()}


def _languages(values: Mapping[str, Any], content: str, default: str) -> Iterator[SiteLanguage]:
    in_folder = values.get("defaultcontentlanguageinsubdir") is True
    for code, stated in mapping(values.get("languages")).items():
        options = _lower(mapping(stated))
        if options.get("disabled") is not True:
            folder = text(options.get("contentdir")).strip("/")
            prefix = "" if code.lower() == default.lower() and not in_folder else f"{code.lower()}/"
            yield SiteLanguage(str(code), folder if folder != content else "", prefix)


def _permalinks(value: object) -> dict[str, str]:
    """Returns the patterns by section. Newer versions nest those of pages in `page`."""
    values = mapping(value)
    found = {str(key): pattern for key, pattern in values.items() if isinstance(pattern, str)}
    return found | {str(key): pattern for key, pattern in mapping(values.get("page")).items() if text(pattern)}


def _include(source: str, content: str, languages: tuple[SiteLanguage, ...]) -> tuple[str, ...]:
    folders = {content, *(one.folder for one in languages if one.folder)}
    if any(f"{source}/".startswith(f"{folder}/") for folder in folders):
        return patterns_of(source, _EXTENSIONS)
    return tuple(pattern for folder in sorted(folders) for pattern in patterns_of(source, _EXTENSIONS, folder))


def _cascades(site: SiteFolder, values: Mapping[str, Any], content: str) -> Iterator[Default]:
    """Yields the front matter that sections give to their pages, the outermost first."""
    for target, given in _cascade(values.get("cascade")):
        yield Default(f"{content}/{target}" if target else "", "", given)
    for path in sorted(site.find("_index.md", "_index.html"), key=lambda path: path.count("/")):
        if "cascade" in (given := _lower(site.front_matter(path) or {})):
            folder = path.rpartition("/")[0]
            for target, front_matter in _cascade(given["cascade"]):
                yield Default((target.lstrip("/") and f"{content}/{target}") or f"{folder}/", "", front_matter)


def _cascade(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields the prefix of the paths that a cascade applies to, which may be empty, and its front matter."""
    for item in value if isinstance(value, list) else [value]:
        values = _lower(mapping(item))
        target = _lower(mapping(values.pop("_target", values.pop("target", None))))
        path = text(target.get("path")).strip("{}/").removesuffix("/**")
        params = mapping(values.pop("params", None))
        if given := {**params, **values}:
            yield path, given


def _authors(site: SiteFolder) -> Mapping[str, Any]:
    for ending in _ENDINGS:
        if found := site.values(f"data/authors.{ending}"):
            return found
    folder = "data/authors"
    files = [(file.rpartition("."), site.values(f"{folder}/{file}")) for file in site.names(folder)]
    return {name: values for (name, _, _), values in files if values}


def _location(path: str, site: SiteSettings) -> tuple[str, str]:
    """Returns a path within its content folder without its language, and the code of its language."""
    default = str(site.options.get("default", ""))
    for one in site.languages:
        if one.folder and path.startswith(f"{one.folder}/"):
            return path.removeprefix(f"{one.folder}/"), one.code
    path = path.removeprefix(f"{site.options.get('content', 'content')}/")
    folder, slash, name = path.rpartition("/")
    base, _, extension = name.rpartition(".")
    head, dot, code = base.rpartition(".")
    for one in site.languages:
        if dot and one.code.lower() == code.lower():
            return f"{folder}{slash}{head}.{extension}", one.code
    return path, default


def _prefix(code: str, site: SiteSettings) -> str:
    return next((one.prefix for one in site.languages if one.code == code), "")


def _address_of_path(path: str, page: Page, site: SiteSettings) -> str:
    lower = bool(site.options.get("lower", True))
    folder, _, name = path.rpartition("/")
    name = name.rpartition(".")[0] or name
    if name == "index":
        folder, _, name = folder.rpartition("/")
    if page.slug:
        name = page.slug
    return "/".join(path_slug(part, lower=lower) for part in (*folder.split("/"), name) if part)


def _expand(pattern: str, page: Page, site: SiteSettings) -> str:
    path, _ = _location(page.path, site)
    lower = bool(site.options.get("lower", True))
    folder, _, name = path.rpartition("/")
    name = name.rpartition(".")[0] or name
    if name == "index":
        folder, _, name = folder.rpartition("/")
    sections = [part for part in folder.split("/") if part]

    def slug(text: str) -> str:
        return path_slug(text, lower=lower)

    values: dict[str, Any] = {
        **_DATES,
        "section": lambda _: slug(sections[0]) if sections else "",
        "sections": lambda _: "/".join(map(slug, sections)),
        "title": lambda page: slug(page.title),
        "slug": lambda page: slug(page.slug or page.title or name),
        "filename": lambda _: slug(name),
        "contentbasename": lambda _: slug(name),
        "slugorfilename": lambda page: slug(page.slug or name),
        "slugorcontentbasename": lambda page: slug(page.slug or name),
    }
    for part in _PLACEHOLDER.findall(pattern):
        if match := _SLICE.fullmatch(part):
            chosen = "/".join(map(slug, _slice(sections, match)))
            values[part] = lambda _, chosen=chosen: chosen
    return patterns.fill(pattern, _PLACEHOLDER, values, page).lstrip("/")


def _slice(sections: list[str], match: re.Match[str]) -> list[str]:
    first, colon, last = match.groups()
    size = len(sections)
    start = size - 1 if first == "last" else int(first or 0)
    if not colon:
        return sections[start : start + 1]
    stop = size - 1 if last == "last" else size if last is None else int(last)
    return sections[start:stop]


_DATES: Values = {
    **{name: date_part(format_) for name, format_ in patterns.DATE_PARTS.items()},
    "monthname": date_part("%B"),
    "weekday": date_part("%w"),
    "weekdayname": date_part("%A"),
    "yearday": lambda page: str(page.published.timetuple().tm_yday) if page.published else "",
}
