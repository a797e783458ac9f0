"""Hexo: posts below `source/_posts`, addresses by `permalink` (https://hexo.io/docs/permalinks)."""

from __future__ import annotations

import re

from . import patterns
from .base import MARKDOWN, Page, SiteFolder, SiteSettings, base_address, encode, patterns_of, text, texts, without_date
from .patterns import Values, date_part
from .slugs import jekyll_pretty

_FILES = ("_config.yml", "_config.yaml")
_PLACEHOLDER = re.compile(r":(\w+)")
_POSTS = "_posts/"


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`. Jekyll's `_config.yml` has none of Hexo's keys."""
    values = next((found for name in _FILES if (found := site.values(name)) is not None), {})
    folder = text(values.get("source_dir")) or "source"
    languages = texts(values.get("language"))
    return SiteSettings(
        kind="hexo",
        folder=f"{source}/" if source else "",
        title=text(values.get("title")),
        base=base_address(text(values.get("url"))),
        timezone=text(values.get("timezone")),
        language=languages[0] if languages else "",
        include=patterns_of(source, MARKDOWN, f"{folder}/_posts"),
        exclude=("**/_drafts/**", "**/node_modules/**"),
        patterns={"posts": text(values.get("permalink")) or ":year/:month/:day/:title/"},
        options={"dated": text(values.get("new_post_name")).startswith(":year-:month-:day-")},
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `permalink`."""
    return page.text("permalink")


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the address by the pattern of the configuration."""
    dated = bool(site.options.get("dated"))
    values: Values = {**_VALUES, "title": lambda page: _title(page, dated=dated), "name": lambda page: page.name}
    return encode(patterns.fill(site.patterns["posts"], _PLACEHOLDER, values, page))


def date(path: str, site: SiteSettings) -> str:
    """Returns nothing: a day in the path counts for every generator."""
    return ""


def language(path: str, site: SiteSettings) -> str:
    """Returns nothing: posts state `lang`."""
    return ""


def _title(page: Page, *, dated: bool) -> str:
    """Returns the path of a post below `_posts`, without its extension."""
    if page.slug:
        return page.slug
    path = page.path.rpartition(_POSTS)[2].rpartition(".")[0]
    folder, slash, name = path.rpartition("/")
    return folder + slash + (without_date(name) if dated else name)


def _categories(page: Page) -> str:
    names = (*texts(page.metadata.get("categories")), *texts(page.metadata.get("category")))
    return "/".join(map(jekyll_pretty, names)) or "uncategorized"


_VALUES: Values = {
    **{name: date_part(format_) for name, format_ in patterns.DATE_PARTS.items()},
    "i_month": lambda page: str(page.published.month) if page.published else "",
    "i_day": lambda page: str(page.published.day) if page.published else "",
    "post_title": lambda page: jekyll_pretty(page.title),
    "id": lambda page: page.id,
    "category": _categories,
}
