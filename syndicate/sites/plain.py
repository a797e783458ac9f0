"""Sites of no known generator, and those of the sample's kind: the address is the path.

`_news/x.md` is at `/news/x/`; a post of an unknown site below `_posts` has the address that Jekyll gives by default.
"""

from __future__ import annotations

import re

from .base import Page, SiteFolder, SiteSettings, encode

_JEKYLL_POST = re.compile(r"(?:^|.*/)_posts/(?:.*/)?(\d{4})-(\d{2})-(\d{2})-([^/]+)\.[^./]+")
_PATTERN = re.compile(r"[:{]\w|\{\{")  # `/:year/:title/`, `/{{ slug }}/`


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns settings that depend on nothing but the path."""
    return SiteSettings(kind="plain")


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `permalink` or `url`, unless it is a template, else `path`."""
    for key in ("permalink", "url", "website"):
        value = page.text(key)
        if value and ("://" in value or not _PATTERN.search(value)):
            return value
    path = page.text("path").strip("/ ")
    return f"{path}/" if path else ""


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the folders and the name of the file, without the underscores that folders begin with."""
    if match := _JEKYLL_POST.fullmatch(page.path):
        *day, title = match.groups()
        return encode("/".join((*day, f"{title}.html")), safe="/")
    parts = [part.removeprefix("_") for part in page.folder.split("/") if part]
    name = page.slug or page.name
    parts += [] if name == "index" else [name]
    return encode("".join(f"{part}/" for part in parts), safe="/")


def date(path: str, site: SiteSettings) -> str:
    """Returns nothing: a day in the path counts for every generator."""
    return ""


def language(path: str, site: SiteSettings) -> str:
    """Returns nothing: folders named by a language count for every generator."""
    return ""
