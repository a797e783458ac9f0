"""The addresses, dates and languages of Hugo's pages."""

from __future__ import annotations

import re
from typing import Any

from . import patterns
from .base import Page, SiteSettings, day, encode, mapping
from .patterns import Values, date_part
from .slugs import hugo_path, hugo_title

_PLACEHOLDER = re.compile(r":(\w+(?:\[[^\]]*\])?)")
_SLICE = re.compile(r"sections\[(\d+|first|last)?(:)?(\d+|last)?\]")
_DATED_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:-\d{2}-\d{2}-\d{2})?[-_]?(.*)", re.DOTALL)
_HAS_ENDING = re.compile(r"\.\w+$")
# Go's reference time, 2006-01-02 in January, as a layout.
_GO_LAYOUTS = {"2006": "%Y", "06": "%y", "01": "%m", "02": "%d", "Jan": "%b", "January": "%B", "Monday": "%A"}


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `url`, which may hold placeholders; it has a slash at its end unless it has an extension."""
    url = page.text("url")
    if not url or "://" in url:
        return url
    if ":" in url:
        url = _expand(url, page, site)
    return _closed(url)


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the address by the pattern of the page's section, else by its path."""
    path, code = _location(page.path, site)
    section = path.partition("/")[0] if "/" in path else ""
    own = mapping(mapping(site.options.get("permalinks")).get(code))
    pattern = own.get(section) or site.patterns.get(section, "")
    address = _expand(pattern, page, site).strip("/") if pattern else _address_of_path(path, page, site)
    ugly = site.options.get("ugly")
    is_ugly = mapping(ugly).get(section) is True if isinstance(ugly, dict) else ugly is True
    return encode(f"{_prefix(code, site)}{address}{'.html' if is_ugly else '/'}")


def date(path: str, site: SiteSettings) -> str:
    """Returns the day that the name of the file or the bundle begins with."""
    match = _DATED_NAME.fullmatch(_name(_location(path, site)[0]))
    return day(match[1], match[2], match[3]) if match else ""


def language(path: str, site: SiteSettings) -> str:
    """Returns the language of a page by its file's name or by its content folder."""
    code = _location(path, site)[1]
    return next((one.tag for one in site.languages if one.code == code), code) if site.languages else ""


def _location(path: str, site: SiteSettings) -> tuple[str, str]:
    """Returns a path within its content folder without its language, and the code of its language."""
    code = str(site.options.get("default", ""))
    for one in site.languages:
        if one.folder and path.startswith(f"{one.folder}/"):
            path, code = path.removeprefix(f"{one.folder}/"), one.code
            break
    else:
        path = path.removeprefix(f"{site.options.get('content', 'content')}/")
    folder, slash, name = path.rpartition("/")
    base, _, extension = name.rpartition(".")
    head, dot, suffix = base.rpartition(".")
    for one in site.languages:
        if dot and one.code.lower() == suffix.lower():
            return f"{folder}{slash}{head}.{extension}", one.code
    return path, code


def _prefix(code: str, site: SiteSettings) -> str:
    return next((one.prefix for one in site.languages if one.code == code), "")


def _name(path: str) -> str:
    """Returns the name of the file without its extension, or that of the folder of a bundle."""
    folder, _, name = path.rpartition("/")
    name = name.rpartition(".")[0] or name
    return folder.rpartition("/")[2] if name == "index" and folder else name


def _folder(path: str) -> str:
    """Returns the folder of a page; that of a bundle is above the bundle."""
    folder, _, name = path.rpartition("/")
    return folder.rpartition("/")[0] if name.startswith("index.") else folder


def _slug_of_name(path: str, site: SiteSettings) -> str:
    """Returns the slug that the name of the file says, if the site is configured so; else the name."""
    name = _name(path)
    match = _DATED_NAME.fullmatch(name) if site.options.get("dated_names") else None
    return match[4] if match and match[4] else name


def _sanitize(name: str, site: SiteSettings) -> str:
    options = site.options
    return hugo_path(name, lower=bool(options.get("lower", True)), accents=bool(options.get("accents", True)))


def _address_of_path(path: str, page: Page, site: SiteSettings) -> str:
    parts = (*_folder(path).split("/"), page.slug or _slug_of_name(path, site))
    return "/".join(_sanitize(part, site) for part in parts if part)


def _closed(address: str) -> str:
    return address if address.endswith("/") or _HAS_ENDING.search(address) else f"{address}/"


def _expand(pattern: str, page: Page, site: SiteSettings) -> str:
    path, _ = _location(page.path, site)
    folders = [part for part in _folder(path).split("/") if part]
    sections = _sections(page.path, path, folders, site)

    def clean(text: str) -> str:
        return _sanitize(text, site)

    def title() -> str:
        return clean(hugo_title(page.title))

    name = _name(path)
    values: dict[str, Any] = {
        **_DATES,
        "section": lambda _: clean(folders[0]) if folders else "",
        "sections": lambda _: "/".join(map(clean, sections)),
        "title": lambda _: title(),
        "slug": lambda _: clean(page.slug) or title(),
        "filename": lambda _: clean(name),
        "contentbasename": lambda _: clean(name),
        "slugorfilename": lambda _: clean(page.slug or name),
        "slugorcontentbasename": lambda _: clean(page.slug or name),
    }
    for part in _PLACEHOLDER.findall(pattern):
        if match := _SLICE.fullmatch(part):
            values[part] = _constant("/".join(map(clean, _slice(sections, match))))
    filled = patterns.fill(pattern, _PLACEHOLDER, values, page)
    return filled.lower() if site.options.get("lower", True) else filled


def _constant(text: str) -> Any:
    return lambda _: text


def _sections(page_path: str, path: str, folders: list[str], site: SiteSettings) -> list[str]:
    """Returns the folders that are sections: the first one, and those with an `_index.md`."""
    root = page_path.removesuffix(path) if page_path.endswith(path) else f"{site.options.get('content', 'content')}/"
    known = site.options.get("sections", frozenset())
    inner = ["/".join(folders[: number + 1]) for number in range(len(folders))]
    return [name for number, name in enumerate(folders) if number == 0 or f"{root}{inner[number]}" in known]


def _slice(sections: list[str], match: re.Match[str]) -> list[str]:
    first, colon, last = match.groups()
    size = len(sections)
    start = size - 1 if first == "last" else 0 if first == "first" else int(first or 0)
    if not colon:
        return sections[max(start, 0) : start + 1]
    stop = size - 1 if last == "last" else size if last is None else int(last)
    return sections[start:stop]


_DATES: Values = {
    **{name: date_part(format_) for name, format_ in patterns.DATE_PARTS.items()},
    **{name: date_part(format_) for name, format_ in _GO_LAYOUTS.items()},
    "monthname": date_part("%B"),
    "weekday": date_part("%w"),
    "weekdayname": date_part("%A"),
    "yearday": lambda page: str(page.published.timetuple().tm_yday) if page.published else "",
}
