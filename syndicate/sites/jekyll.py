"""Jekyll: posts in `_posts` folders, addresses by `permalink` (https://jekyllrb.com/docs/permalinks/)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import patterns
from .base import (
    DATED_NAME,
    MARKDOWN,
    Default,
    Page,
    SiteFolder,
    SiteSettings,
    base_address,
    encode,
    mapping,
    stem,
    text,
    texts,
    without_date,
)
from .patterns import Values, date_part
from .slugs import jekyll_default, jekyll_pretty

EXTENSIONS = (*MARKDOWN, ".html")
_FILES = ("_config.yml", "_config.yaml", "_config.toml")
_PLACEHOLDER = re.compile(r":(\w+)")
_STYLES = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
_COLLECTION = "/:collection/:path:output_ext"
_HEXO_KEYS = frozenset({"new_post_name", "post_asset_folder", "source_dir", "public_dir"})


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`."""
    values = next((found for name in _FILES if (found := site.values(name)) is not None), {})
    if not _HEXO_KEYS.isdisjoint(values):
        return None
    collections_dir = text(values.get("collections_dir")).strip("/")
    collections = mapping(values.get("collections"))
    permalink = text(values.get("permalink")) or "date"
    found = {"posts": permalink}
    for name, options in collections.items():
        found[str(name)] = text(mapping(options).get("permalink")) or (permalink if name == "posts" else "")
    return SiteSettings(
        kind="jekyll",
        folder=f"{source}/" if source else "",
        base=base_address(text(values.get("url")), text(values.get("baseurl"))),
        timezone=text(values.get("timezone")),
        zoneless_times_are_utc=True,
        language=text(values.get("lang")) or text(values.get("locale")),
        include=_include(source, collections_dir),
        exclude=tuple(f"**/{name}/**" for name in ("_site", "vendor", ".jekyll-cache", "node_modules")),
        patterns=found,
        defaults=tuple(_defaults(values.get("defaults"))),
        options={"collections_dir": collections_dir, "baseurl": text(values.get("baseurl"))},
        authors=_authors(site, text(values.get("data_dir")) or "_data"),
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `permalink`, which may be a template or the name of a style."""
    permalink = page.text("permalink")
    return _expand(permalink, page, site) if permalink else ""


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the address by the pattern of the page's collection."""
    return encode(_expand(site.patterns.get(_collection(page, site), ""), page, site))


def language(path: str, site: SiteSettings) -> str:
    """Returns nothing: Jekyll has no languages of its own, plugins use folders."""
    return ""


def _expand(pattern: str, page: Page, site: SiteSettings) -> str:
    collection = _collection(page, site)
    if pattern in _STYLES:
        pattern = _STYLES[pattern] if collection == "posts" else _collection_style(pattern)
    values: Values = {**_VALUES, "collection": lambda _: collection, "path": lambda page: _path(page, site)}
    return patterns.fill(pattern or _COLLECTION, _PLACEHOLDER, values, page)


def _collection_style(style: str) -> str:
    return "/:collection/:path/" if style == "pretty" else _COLLECTION


def _include(source: str, collections_dir: str) -> tuple[str, ...]:
    """Returns the patterns of posts: a source that is or is within a collection holds nothing else."""
    inside = any(part.startswith("_") for part in source.split("/"))
    folder = "" if inside else "**/_posts/"
    if not inside and collections_dir and not source:
        folder = f"{collections_dir}/**/_posts/"
    return tuple(f"{folder}**/*{ending}" for ending in EXTENSIONS)


def _defaults(value: object) -> list[Default]:
    """Returns the `defaults` of a configuration, those of longer paths last."""
    found: list[Default] = []
    for item in value if isinstance(value, list) else ():
        scope, values = mapping(mapping(item).get("scope")), mapping(mapping(item).get("values"))
        path, type_ = text(scope.get("path")).strip("/").partition("*")[0], text(scope.get("type"))
        folder = "" if not type_ else f"_{type_}"
        if values:
            found.append(Default(path, folder, values))
    return sorted(found, key=lambda default: (len(default.prefix), bool(default.folder)))


def _authors(site: SiteFolder, folder: str) -> Mapping[str, Any]:
    for name in ("authors.yml", "authors.yaml", "authors.json"):
        if found := site.values(f"{folder}/{name}"):
            return found
    return {}


def _collection(page: Page, site: SiteSettings) -> str:
    """Returns the collection of a page: the folder in the path whose name begins with an underscore."""
    names = page.path.split("/")[:-1]
    if "_posts" in names or "_drafts" in names:
        return "posts"
    return next((name[1:] for name in names if name.startswith("_") and name[1:] in site.patterns), "posts")


def _path(page: Page, site: SiteSettings) -> str:
    """Returns the path of a document within its collection, without its extension."""
    _, _, path = page.path.rpartition(f"_{_collection(page, site)}/")
    return stem(path)


def _slug(page: Page) -> str:
    return page.slug or without_date(page.name)


def _categories(page: Page, *, slug: bool = False) -> str:
    """Returns the folders above `_posts`, `categories` and `category`, each once, in lower case."""
    names: list[str] = []
    above, found, _ = f"/{page.path}".rpartition("/_posts/")
    if found:
        names += [name for name in above.split("/") if name]
    stated = page.metadata.get("categories")
    names += stated.split() if isinstance(stated, str) else texts(stated)
    names += texts(page.metadata.get("category"))
    lower = dict.fromkeys(name.lower() for name in names)
    return "/".join(jekyll_default(name) if slug else name for name in lower)


_VALUES: Values = {
    **{name: date_part(format_) for name, format_ in patterns.DATE_PARTS.items()},
    "short_year": date_part("%y"),
    "short_month": date_part("%B"),
    "long_month": date_part("%B"),
    "i_month": lambda page: str(page.published.month) if page.published else "",
    "i_day": lambda page: str(page.published.day) if page.published else "",
    "y_day": date_part("%j"),
    "w_year": date_part("%G"),
    "week": date_part("%V"),
    "w_day": date_part("%u"),
    "short_day": date_part("%a"),
    "long_day": date_part("%A"),
    "title": lambda page: jekyll_pretty(_slug(page)),
    "slug": lambda page: jekyll_default(_slug(page)),
    "name": lambda page: jekyll_default(page.name),
    "basename": lambda page: page.name,
    "categories": _categories,
    "slugified_categories": lambda page: _categories(page, slug=True),
    "output_ext": lambda _: ".html",
} | {"short_month": date_part("%b")}


def post_key(path: str) -> str:
    """Returns the name by which `{% post_url %}` knows a post: its file's name without the extension."""
    name = stem(path.rpartition("/")[2])
    return name if DATED_NAME.fullmatch(name) else ""
