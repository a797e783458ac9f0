"""Docusaurus: the blog, with addresses by date and name (https://docusaurus.io/docs/api/plugins/@docusaurus/plugin-content-blog).

The configuration is a program, which is never run. Its literal settings are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .base import Page, SiteFolder, SiteSettings, base_address, day, encode, patterns_of
from .programs import literal, without_comments

FILES = tuple(f"docusaurus.config.{ending}" for ending in ("js", "ts", "mjs", "cjs", "mts", "cts"))
_NAMES = r"(?i)(?!_)(?!.*\.test\.)[^/]*\.mdx?"
_DATED = re.compile(
    r"(?P<folder>.*)(?P<date>(\d{4})[-/](\d{1,2})[-/](\d{1,2}))[-/]?(?P<text>.*?)(?:/index)?", re.DOTALL
)
_I18N = re.compile(r"i18n/([^/]+)/docusaurus-plugin-content-blog(?:-([^/]+))?/(.*)", re.DOTALL)


class _Blog(NamedTuple):
    """A blog of a site: its folder, what its addresses begin with, and its plug-in's id; empty for the first."""

    folder: str
    route: str
    id: str


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`."""
    program = without_comments(next((found for name in FILES if (found := site.text(name)) is not None), ""))
    options = _blog_options(program)
    blogs = [_blog(text) for text in options] or [_Blog("blog", "blog", "")]
    default = literal(program, "defaultLocale") or ""
    include = [pattern for blog in blogs for pattern in patterns_of(source, (".md", ".mdx"), blog.folder)]
    if source.startswith("i18n/"):
        include = ["**/*"]
    elif not source:
        include.append("i18n/*/docusaurus-plugin-content-blog*/**/*")
    slash = re.search(r"\btrailingSlash\s*:\s*(true|false)\b", program)
    return SiteSettings(
        kind="docusaurus",
        folder=f"{source}/" if source else "",
        title=literal(program, "title") or "",
        base=base_address((literal(program, "url") or ""), (literal(program, "baseUrl") or "")),
        language=default,
        include=tuple(include),
        exclude=("**/_*/**", "**/__tests__/**", "**/node_modules/**", *_exclude(blogs, options, source)),
        names=_NAMES,
        options={
            "blogs": tuple(map(tuple, blogs)),
            "slash": slash[1] == "true" if slash else None,
        },
        authors=_authors(site, blogs[0].folder),
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `slug`: from the blog's address on."""
    if not page.text("slug"):
        return ""
    _, route = _location(page.path, site)
    return _below_route(route, page.text("slug"), site)


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the date and the name of the file or folder, as `parseBlogFileName` does."""
    path, route = _location(page.path, site)
    path = path.rpartition(".")[0]
    if match := _DATED.fullmatch(path):
        return encode(_below_route(route, f"{match['date'].replace('-', '/')}/{match['folder']}{match['text']}", site))
    return encode(_below_route(route, path.removesuffix("/index"), site))


def date(path: str, site: SiteSettings) -> str:
    """Returns the last day in a path."""
    inner, _ = _location(path, site)
    match = _DATED.fullmatch(inner.rpartition(".")[0])
    return day(match[3], match[4], match[5]) if match else ""


def language(path: str, site: SiteSettings) -> str:
    """Returns the language of the folder below `i18n`, which holds translations."""
    match = _I18N.match(path)
    return match[1] if match else ""


def _location(path: str, site: SiteSettings) -> tuple[str, str]:
    """Returns a path within its blog, and what the addresses of that blog begin with."""
    blogs = [_Blog(*blog) for blog in site.options.get("blogs", (("blog", "blog", ""),))]
    if match := _I18N.fullmatch(path):
        blog = next((blog for blog in blogs if blog.id == (match[2] or "")), blogs[0])
        return match[3], f"{match[1]}/{blog.route}"
    for blog in blogs:
        if path.startswith(f"{blog.folder}/"):
            return path.removeprefix(f"{blog.folder}/"), blog.route
    return path, blogs[0].route


def _below_route(route: str, slug: str, site: SiteSettings) -> str:
    address = "/".join(part for part in (*route.split("/"), *slug.split("/")) if part)
    slash = site.options.get("slash")
    return f"{address}/" if slash or (slash is None and slug.endswith("/")) else address


def _blog(options: str) -> _Blog:
    route = literal(options, "routeBasePath")
    folder = (literal(options, "path") or "blog").removeprefix("./").strip("/")
    return _Blog(folder, "blog" if route is None else route.strip("/"), (literal(options, "id") or ""))


def _blog_options(program: str) -> list[str]:
    """Returns the text of the options of each blog: from `blog: {` on, as far as braces go."""
    found: list[str] = []
    for match in re.finditer(r"\bblog\s*:\s*\{|plugin-content-blog[\"']\s*,\s*\{", program):
        depth = 1
        for index in range(match.end(), len(program)):
            depth += {"{": 1, "}": -1}.get(program[index], 0)
            if depth == 0:
                found.append(program[match.end() : index])
                break
    return found


def _exclude(blogs: list[_Blog], options: list[str], source: str) -> Iterator[str]:
    """Yields the patterns of the option `exclude`, relative to the source."""
    for blog, text in zip(blogs, options, strict=False):
        listed = re.search(r"\bexclude\s*:\s*\[([^\]]*)\]", text)
        for pattern in re.findall(r"[\"'`]([^\"'`]+)[\"'`]", listed[1] if listed else ""):
            yield f"{blog.folder}/{pattern}".removeprefix(f"{source}/" if source else "")


def _authors(site: SiteFolder, folder: str) -> Mapping[str, Any]:
    return next((found for name in ("authors.yml", "authors.yaml") if (found := site.values(f"{folder}/{name}"))), {})
