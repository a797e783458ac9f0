"""Docusaurus: the blog, with addresses by date and name (https://docusaurus.io/docs/api/plugins/@docusaurus/plugin-content-blog).

The configuration is a program, which is never run. Its literal settings are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .base import Page, SiteFolder, SiteSettings, base_address, encode, patterns_of

FILES = tuple(f"docusaurus.config.{ending}" for ending in ("js", "ts", "mjs", "cjs", "mts", "cts"))
_EXTENSIONS = (".md", ".mdx")
_DATED = re.compile(r"(?P<folder>.*?)(?P<date>\d{4}[-/]\d{1,2}[-/]\d{1,2})[-/]?(?P<text>.*?)(?:/index)?", re.DOTALL)


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`."""
    program = _without_comments(next((found for name in FILES if (found := site.text(name)) is not None), ""))
    blog = _blog_options(program)
    folder = (_literal(blog, "path") or "blog").removeprefix("./").strip("/")
    route = re.search(r"\brouteBasePath\s*:\s*([\"'`])([^\"'`]*)\1", blog)
    return SiteSettings(
        kind="docusaurus",
        folder=f"{source}/" if source else "",
        base=base_address(_literal(program, "url"), _literal(program, "baseUrl")),
        language=_literal(program, "defaultLocale"),
        include=patterns_of(source, _EXTENSIONS, folder),
        exclude=("**/_*", "**/_*/**", "**/node_modules/**"),
        options={
            "folder": folder,
            "route": route[2].strip("/") if route else "blog",
            "slash": bool(re.search(r"\btrailingSlash\s*:\s*true\b", program)),
        },
        authors=_authors(site, folder),
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `slug`: from the blog's address on, unless that is empty."""
    return _below_route(page.slug, site) if page.slug else ""


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the date and the name of the file or folder, as `parseBlogFileName` does."""
    path = page.path.removeprefix(f"{site.options.get('folder', 'blog')}/").rpartition(".")[0]
    if match := _DATED.fullmatch(path):
        date = match["date"].replace("-", "/")
        return encode(_below_route(f"{date}/{match['folder']}{match['text']}", site))
    return encode(_below_route(path.removesuffix("/index"), site))


def language(path: str, site: SiteSettings) -> str:
    """Returns the language of the folder below `i18n`, which holds translations."""
    match = re.match(r"i18n/([^/]+)/", path)
    return match[1] if match else ""


def _below_route(slug: str, site: SiteSettings) -> str:
    route = str(site.options.get("route", "blog"))
    address = "/".join(part for part in (*route.split("/"), *slug.split("/")) if part)
    return f"{address}/" if site.options.get("slash") else address


def _blog_options(program: str) -> str:
    """Returns the text of the options of the blog plug-in: from `blog: {` on, as far as braces go."""
    match = re.search(r"\bblog\s*:\s*\{|plugin-content-blog[\"']\s*,\s*\{", program)
    if match is None:
        return ""
    depth = 1
    for index in range(match.end(), len(program)):
        depth += {"{": 1, "}": -1}.get(program[index], 0)
        if depth == 0:
            return program[match.end() : index]
    return ""


def _literal(program: str, name: str) -> str:
    """Returns the literal text of a setting; empty if there is none."""
    match = re.search(rf"(?<![\w.]){name}\s*:\s*([\"'`])([^\"'`]*)\1", program)
    return match[2] if match and "${" not in match[2] else ""


def _without_comments(program: str) -> str:
    return re.sub(r"/\*.*?\*/|(?<![:\"'`\w])//[^\n]*", "", program, flags=re.DOTALL)


def _authors(site: SiteFolder, folder: str) -> Mapping[str, Any]:
    return next((found for name in ("authors.yml", "authors.yaml") if (found := site.values(f"{folder}/{name}"))), {})
