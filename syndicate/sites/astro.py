"""Astro: collections below `src/content`, at addresses that its routes commonly give them (https://docs.astro.build).

Routes are programs, which are never run: `corpus[].url` states another address.
"""

from __future__ import annotations

import re

from .base import Page, SiteFolder, SiteSettings, base_address, encode, patterns_of
from .programs import literal, without_comments
from .slugs import github

FILES = tuple(f"astro.config.{ending}" for ending in ("mjs", "js", "ts", "mts", "cjs", "cts"))
_CONTENT = "src/content"
_PAGES = "src/pages"
_EXTENSIONS = (".md", ".mdx", ".markdown")
_NOTE = "routes are programs, which are not run: set corpus[].url where addresses differ from /COLLECTION/NAME/"


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`."""
    program = without_comments(next((found for name in FILES if (found := site.text(name)) is not None), ""))
    inside_pages = f"{source}/".startswith(f"{_PAGES}/")
    return SiteSettings(
        kind="astro",
        folder=f"{source}/" if source else "",
        base=base_address((literal(program, "site") or ""), (literal(program, "base") or "")),
        language=(literal(program, "defaultLocale") or ""),
        include=patterns_of(source, _EXTENSIONS, _PAGES if inside_pages else _CONTENT),
        exclude=("**/_*", "**/_*/**"),
        options={"slash": not re.search(r"\btrailingSlash\s*:\s*[\"']never[\"']", program)},
        notes=(_NOTE,),
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns the address with `slug`, which replaces the path within the collection."""
    if not page.slug:
        return ""
    collection = _content_path(page.path).partition("/")[0]
    return _address([collection, *page.slug.split("/")], site)


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the collection and the path within it."""
    parts = _content_path(page.path).rpartition(".")[0].split("/")
    if parts[-1] == "index" and len(parts) > 1:
        parts.pop()
    return encode(_address([github(part) for part in parts], site))


def date(path: str, site: SiteSettings) -> str:
    """Returns nothing: a day in the path counts for every generator."""
    return ""


def language(path: str, site: SiteSettings) -> str:
    """Returns nothing: languages are folders by convention."""
    return ""


def _content_path(path: str) -> str:
    return path.removeprefix(f"{_CONTENT}/").removeprefix(f"{_PAGES}/")


def _address(parts: list[str], site: SiteSettings) -> str:
    address = "/".join(part for part in parts if part)
    return f"{address}/" if site.options.get("slash", True) else address
