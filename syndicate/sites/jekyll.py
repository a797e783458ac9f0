"""Jekyll: posts in `_posts` folders, addresses by `permalink` (https://jekyllrb.com/docs/permalinks/)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import patterns
from .base import (
    Default,
    Page,
    SiteFolder,
    SiteSettings,
    base_address,
    day,
    encode,
    mapping,
    stem,
    text,
    texts,
)
from .patterns import Values, date_part
from .slugs import jekyll_default, jekyll_pretty

_FILES = ("_config.yml", "_config.yaml", "_config.toml")
_PLACEHOLDER = re.compile(r":(\w+)")
_MARKDOWN = "markdown,mkdown,mkdn,mkd,md"
_OTHERS = (*_MARKDOWN.split(","), "html", "htm", "txt")
_DATE = r"(\d{2}|\d{4})-(\d{1,2})-(\d{1,2})-"
_POST_NAME = re.compile(rf"{_DATE}(.+)", re.DOTALL)
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
    markdown = [ending.strip() for ending in (text(values.get("markdown_ext")) or _MARKDOWN).split(",")]
    is_collection = any(part.startswith("_") and part not in {"_posts", "_drafts"} for part in source.split("/"))
    endings = "|".join(re.escape(ending) for ending in {**dict.fromkeys(markdown), **dict.fromkeys(_OTHERS)})
    return SiteSettings(
        kind="jekyll",
        folder=f"{source}/" if source else "",
        title=text(values.get("title")),
        base=base_address(text(values.get("url")), text(values.get("baseurl"))),
        timezone=text(values.get("timezone")),
        zoneless_times_are_utc=True,
        language=text(values.get("lang")) or text(values.get("locale")),
        include=_include(source, collections_dir),
        exclude=tuple(_exclude(values, source)),
        names=rf"(?i){'' if is_collection else _DATE}.*\.(?:{endings})",
        patterns=found,
        variables={f"site.{key}": str(value) for key, value in values.items() if isinstance(value, str | int)},
        defaults=tuple(_defaults(values.get("defaults"))),
        options={
            "collections_dir": collections_dir,
            "baseurl": text(values.get("baseurl")),
            "markdown": tuple(markdown),
            "joined": ("categories",),
        },
        authors=_authors(site, text(values.get("data_dir")) or "_data"),
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `permalink`, which is a template."""
    permalink = page.text("permalink")
    if not permalink:
        return ""
    names = _expand(permalink, page, site).split("/")
    return "/" + "/".join(name for name in names if name not in {"", ".", ".."}) + ("/" if not names[-1] else "")


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the address by the pattern of the page's collection, or by one of the styles."""
    collection = _collection(page.path, site)
    pattern = site.patterns.get(collection, "")
    if pattern in _STYLES:
        pattern = _STYLES[pattern] if collection == "posts" else "/:collection/:path/" if pattern == "pretty" else ""
    return encode(_expand(pattern or _COLLECTION, page, site))


def date(path: str, site: SiteSettings) -> str:
    """Returns the day that the name of a file begins with."""
    match = _POST_NAME.fullmatch(stem(path.rpartition("/")[2]))
    return day(match[1], match[2], match[3]) if match else ""


def language(path: str, site: SiteSettings) -> str:
    """Returns nothing: Jekyll has no languages of its own, plugins use folders."""
    return ""


def _expand(pattern: str, page: Page, site: SiteSettings) -> str:
    path = _path(page.path, site)
    values: Values = {
        **_VALUES,
        "collection": lambda _: _collection(page.path, site),
        "path": lambda _: stem(path.rpartition(f"_{_collection(page.path, site)}/")[2]),
        "categories": lambda page: "/".join(_categories(page, path)),
        "slugified_categories": lambda page: "/".join(map(jekyll_default, _categories(page, path))),
        "output_ext": lambda _: _output_extension(path, site),
    }
    return patterns.fill(pattern, _PLACEHOLDER, values, page)


def _include(source: str, collections_dir: str) -> tuple[str, ...]:
    """Returns the patterns of posts: a source that is or is within a collection holds nothing else."""
    if any(part.startswith("_") for part in source.split("/")):
        return ("**/*",)
    inside = f"{collections_dir}/" if collections_dir and not f"{source}/".startswith(f"{collections_dir}/") else ""
    return (f"{inside}**/_posts/**/*",)


def _exclude(values: Mapping[str, Any], source: str) -> Iterator[str]:
    """Yields the patterns of what Jekyll does not read: of its defaults, of `exclude`, `_posts` in hidden folders."""
    yield from (f"{name}/**" for name in ("_site", ".jekyll-cache", "node_modules", "vendor/bundle"))
    if not texts(values.get("include")) and not source:
        yield "**/_*/**/_posts/**"
    for name in texts(values.get("exclude")):
        path = name.strip("/").replace("*/", "**/").removeprefix(f"{source}/" if source else "")
        yield path
        yield f"{path}/**"


def _defaults(value: object) -> list[Default]:
    """Returns the `defaults` of a configuration, those of longer paths last."""
    found: list[Default] = []
    for item in value if isinstance(value, list) else ():
        scope, values = mapping(mapping(item).get("scope")), mapping(mapping(item).get("values"))
        path, type_ = text(scope.get("path")).strip("/"), text(scope.get("type"))
        folder = "" if not type_ else f"_{type_}"
        if values:
            found.append(Default(path, folder, values))
    return sorted(found, key=lambda default: (len(default.path), bool(default.folder)))


def _authors(site: SiteFolder, folder: str) -> Mapping[str, Any]:
    for name in ("authors.yml", "authors.yaml", "authors.json"):
        if found := site.values(f"{folder}/{name}"):
            return found
    return {}


def _path(path: str, site: SiteSettings) -> str:
    """Returns a path without the folder that collections are in."""
    folder = site.options.get("collections_dir")
    return path.removeprefix(f"{folder}/") if folder else path


def _collection(path: str, site: SiteSettings) -> str:
    """Returns the collection of a page: the folder in the path whose name begins with an underscore."""
    names = path.split("/")[:-1]
    if "_posts" in names or "_drafts" in names:
        return "posts"
    return next((name[1:] for name in names if name.startswith("_") and name[1:] in site.patterns), "posts")


def _output_extension(path: str, site: SiteSettings) -> str:
    """Returns `.html` for Markdown, else the extension of the file."""
    ending = path.rpartition(".")[2]
    return ".html" if ending.lower() in (*site.options.get("markdown", ()), "html") else f".{ending}"


def _slug(page: Page) -> str:
    match = _POST_NAME.fullmatch(page.name)
    return page.slug or (match[4] if match else page.name)


def _categories(page: Page, path: str) -> list[str]:
    """Returns the folders above `_posts`, `categories` and `category`, each once, in lower case."""
    above, found, _ = f"/{path}".rpartition("/_posts/")
    names = [name for name in above.split("/") if name] if found else []
    stated = page.metadata.get("categories")
    names += stated.split() if isinstance(stated, str) else texts(stated)
    names += texts(page.metadata.get("category"))
    return list(dict.fromkeys(name.lower() for name in names))


_VALUES: Values = {
    **{name: date_part(format_) for name, format_ in patterns.DATE_PARTS.items()},
    "short_year": date_part("%y"),
    "short_month": date_part("%b"),
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
}
