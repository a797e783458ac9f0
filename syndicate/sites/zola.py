"""Zola: pages below `content`, addresses by path (https://www.getzola.org/documentation/content/page/)."""

from __future__ import annotations

import re

from .base import Page, SiteFolder, SiteLanguage, SiteSettings, base_address, encode, mapping, patterns_of, text
from .slugs import ascii_slug

_CONTENT = "content"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2}))?(?:_|-| )?", re.ASCII)
_UNSAFE = re.compile(r"[<>:/|?*#()\[\]{}\"\\\x00-\x1f\x7f]|\n")


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`. Hugo's `config.toml` has no `base_url`."""
    values = next((found for name in ("zola.toml", "config.toml") if (found := site.values(name)) is not None), None)
    if values is not None and "base_url" not in values:
        return None
    values = values or {}
    slugify = mapping(values.get("slugify"))
    default = text(values.get("default_language")) or "en"
    codes = [str(code) for code in mapping(values.get("languages")) if str(code) != default]
    return SiteSettings(
        kind="zola",
        folder=f"{source}/" if source else "",
        title=text(values.get("title")),
        base=base_address(text(values.get("base_url"))),
        language=text(values.get("default_language")),
        languages=tuple(SiteLanguage(code, "", f"{code}/") for code in codes),
        include=patterns_of(source, (".md",), _CONTENT),
        exclude=("**/_index.md", "**/_index.*.md"),
        options={"slugify": text(slugify.get("paths")) or "on", "dates": slugify.get("paths_keep_dates") is True},
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `path`, which is the whole address."""
    path = page.text("path").strip("/")
    return f"{path}/" if path else ""


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the address by path: slugs of the folders, and of the file's name without its date."""
    path, code = _location(page.path, site)
    folder, _, name = path.rpartition("/")
    name = name.rpartition(".")[0] or name
    if name == "index":
        folder, _, name = folder.rpartition("/")
    if not site.options.get("dates"):
        match = _DATE.match(name)
        name = name[match.end() :] or name if match else name
    parts = [*folder.split("/"), page.slug or name]
    prefix = f"{code}/" if code else ""
    return encode(prefix + "".join(f"{_slug(part, site)}/" for part in parts if part))


def date(path: str, site: SiteSettings) -> str:
    """Returns the day that the name of the file or the folder of an `index.md` begins with."""
    name = path.rpartition("/")[2]
    if name.startswith("index."):
        name = path.rpartition("/")[0].rpartition("/")[2]
    match = _DATE.match(name)
    return match[0][:10] if match else ""


def language(path: str, site: SiteSettings) -> str:
    """Returns the language that the name of a file says: `page.fr.md`."""
    return _location(path, site)[1] or site.language


def _slug(part: str, site: SiteSettings) -> str:
    match site.options.get("slugify"):
        case "off":
            return part
        case "safe":
            return re.sub(r"\s", "_", _UNSAFE.sub("", part)).strip(".")
        case _:
            return ascii_slug(part)


def _location(path: str, site: SiteSettings) -> tuple[str, str]:
    """Returns a path within `content` without its language, and the code of its language if the name has one."""
    path = path.removeprefix(f"{_CONTENT}/")
    base, _, extension = path.rpartition(".")
    head, dot, code = base.rpartition(".")
    if dot and "/" not in code and code in {one.code for one in site.languages}:
        return f"{head}.{extension}", code
    return path, ""
