"""The address of a page by each generator's rules, for settings and names of all sorts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.site_folders import MemorySite

from syndicate.sites import Page, get, names
from syndicate.sites.patterns import PLACEHOLDERS, address, unknown_placeholders
from syndicate.values.addresses import normalize

DAY = datetime(2026, 1, 5, 7, 8, 9, tzinfo=UTC)
FILES = {
    "jekyll": "_config.yml",
    "hexo": "_config.yml",
    "hugo": "hugo.yaml",
    "zola": "config.toml",
    "eleventy": "eleventy.config.js",
    "pelican": "pelicanconf.py",
    "docusaurus": "docusaurus.config.js",
    "astro": "astro.config.mjs",
}


def address_of(kind: str, settings: str, path: str, metadata: dict[str, Any]) -> str:
    """Returns the address of a page, whose title is `title` and whose slug is `slug` of its metadata."""
    generator = get(kind).load()
    site = generator.read(MemorySite({FILES[kind]: settings} if settings else {}), "")
    assert site is not None
    page = Page(path, metadata, metadata.get("title", ""), metadata.get("slug", ""), DAY, metadata.get("lang", ""))
    return generator.stated_address(page, site) or generator.derived_address(page, site)


@pytest.mark.parametrize(
    ("settings", "path", "metadata", "expected"),
    [
        ("{}", "_posts/2026-01-05-hello.md", {}, "/2026/01/05/hello.html"),
        ("{}", "a/b/_posts/2026-01-05-hello.md", {"category": "C d"}, "/a/b/c%20d/2026/01/05/hello.html"),
        ("{}", "_posts/2026-1-5-One Two.md", {"categories": "x y"}, "/x/y/2026/01/05/One-Two.html"),
        ("permalink: pretty", "_posts/2026-01-05-a.md", {}, "/2026/01/05/a/"),
        ("permalink: none", "_posts/2026-01-05-a.md", {}, "/a.html"),
        ("permalink: ordinal", "_posts/2026-01-05-a.md", {}, "/2026/005/a.html"),
        ("permalink: /:short_year/:i_month/:i_day/:slug", "_posts/2026-01-05-A_b.md", {}, "/26/1/5/a-b"),
        ("collections: {posts: {permalink: '/news/:title/'}}", "_posts/2026-01-05-a.md", {}, "/news/a/"),
        ("collections: {docs: {permalink: '/:collection/:path/'}}", "_docs/x/y.md", {}, "/docs/x/y/"),
        ("{}", "_posts/2026-01-05-a.md", {"permalink": "/p/:year/:title/"}, "/p/2026/a/"),
        ("{}", "_posts/2026-01-05-a.md", {"permalink": "pretty"}, "/pretty"),
    ],
)
def test_jekyll(settings: str, path: str, metadata: dict[str, Any], expected: str) -> None:
    assert address_of("jekyll", settings, path, metadata) == expected


@pytest.mark.parametrize(
    ("settings", "path", "metadata", "expected"),
    [
        ("{}", "content/posts/My Post.md", {}, "posts/my-post/"),
        ("{}", "content/about.md", {}, "about/"),
        ("{}", "content/a/b/index.md", {"slug": "c"}, "a/c/"),
        ("{}", "content/a/b.md", {"url": "/x/y/"}, "/x/y/"),
        ("disablePathToLower: true", "content/posts/Ab.md", {}, "posts/Ab/"),
        ("uglyURLs: true", "content/posts/a.md", {}, "posts/a.html"),
        ("permalinks: {posts: '/:monthname/:slug/'}", "content/posts/a.md", {"title": "B C"}, "january/b-c/"),
        ("permalinks: {posts: '/:sections[1:]/:filename/'}", "content/posts/x/y/a.md", {}, "a/"),
        ("permalinks: {page: {posts: '/p/:slugorfilename/'}}", "content/posts/a.md", {"title": "T"}, "p/a/"),
        ("languages: {en: {}, de: {}}", "content/posts/a.de.md", {}, "de/posts/a/"),
        ("languages: {en: {contentDir: content/en}, de: {contentDir: content/de}}", "content/de/a.md", {}, "de/a/"),
        ("languages: {en: {}}\ndefaultContentLanguageInSubdir: true", "content/a.md", {}, "en/a/"),
    ],
)  # fmt: skip
def test_hugo(settings: str, path: str, metadata: dict[str, Any], expected: str) -> None:
    assert address_of("hugo", settings, path, metadata) == expected


@pytest.mark.parametrize(
    ("settings", "path", "metadata", "expected"),
    [
        ("", "content/Blog Posts/2026-01-05-Größe.md", {}, "blog-posts/grosse/"),
        ("", "content/blog/a/index.md", {"slug": "b"}, "blog/b/"),
        ("", "content/blog/a.md", {"path": "/x/y"}, "x/y/"),
        ('[slugify]\npaths = "off"', "content/Blog/A b.md", {}, "Blog/A%20b/"),
        ("[slugify]\npaths_keep_dates = true", "content/blog/2026-01-05-a.md", {}, "blog/2026-01-05-a/"),
        ("[languages.fr]", "content/blog/2026-01-05-a.fr.md", {}, "fr/blog/a/"),
    ],
)
def test_zola(settings: str, path: str, metadata: dict[str, Any], expected: str) -> None:
    assert address_of("zola", f'base_url = "https://w.example"\n{settings}', path, metadata) == expected


@pytest.mark.parametrize(
    ("settings", "path", "metadata", "expected"),
    [
        ("", "posts/hi.md", {}, "posts/hi/"),
        ("", "posts/hi/hi.md", {}, "posts/hi/"),
        ("", "posts/index.md", {}, "posts/"),
        ("return { dir: { input: 'src' } }", "src/posts/hi.md", {}, "posts/hi/"),
        ("return { pathPrefix: '/p/' }", "hi.md", {}, "p/hi/"),
        ("", "hi.md", {"permalink": "/x/{{ page.fileSlug }}/index.html"}, "/x/hi/"),
        ("", "hi.md", {"permalink": "/{{ title | slugify }}/", "title": "Ö T"}, "/oe-t/"),
        ("", "hi.md", {"permalink": "/{{ unknown | filter }}/"}, "hi/"),
    ],
)
def test_eleventy(settings: str, path: str, metadata: dict[str, Any], expected: str) -> None:
    assert address_of("eleventy", settings, path, metadata) == expected


@pytest.mark.parametrize(
    ("settings", "path", "metadata", "expected"),
    [
        ("PATH = 'content'", "content/a.md", {"title": "Größe: 1 & 2"}, "grosse-1-2.html"),
        ("ARTICLE_URL = '{date:%Y}/{category}/{slug}/'", "notes/a.md", {"title": "T"}, "2026/notes/t/"),
        ("SLUGIFY_SOURCE = 'basename'", "My_File.md", {"title": "T"}, "my_file.html"),
        ("ARTICLE_URL = posts_url()", "a.md", {"title": "T"}, "t.html"),
    ],
)
def test_pelican(settings: str, path: str, metadata: dict[str, Any], expected: str) -> None:
    assert address_of("pelican", settings, path, metadata) == expected


@pytest.mark.parametrize(
    ("kind", "settings", "path", "metadata", "expected"),
    [
        ("docusaurus", "", "blog/2026-01-05-a.md", {}, "blog/2026/01/05/a"),
        ("docusaurus", "trailingSlash: true", "blog/2026/01/05/a/index.mdx", {}, "blog/2026/01/05/a/"),
        ("docusaurus", "presets: [['c', {blog: {routeBasePath: '/'}}]]", "blog/a.md", {"slug": "/x"}, "x"),
        ("astro", "", "src/content/blog/My Post.md", {}, "blog/my-post/"),
        ("astro", "", "src/content/blog/a/index.mdx", {}, "blog/a/"),
        ("hexo", "new_post_name: :title.md", "source/_posts/a/b.md", {}, "2026/01/05/a/b/"),
        ("hexo", "permalink: :post_title.html", "source/_posts/b.md", {"title": "A b"}, "A-b.html"),
        ("plain", "", "_news/a b.md", {}, "news/a%20b/"),
        ("plain", "", "a/index.md", {"slug": "s"}, "a/s/"),
        ("smartable", "", "_news/2026-01-05-a.md", {}, "news/2026-01-05-a/"),
    ],
)
def test_others(kind: str, settings: str, path: str, metadata: dict[str, Any], expected: str) -> None:
    assert address_of(kind, settings, path, metadata) == expected


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12)


@given(
    kind=st.sampled_from(sorted(names())),
    folders=st.lists(NAMES, max_size=3),
    name=NAMES,
    metadata=st.dictionaries(st.sampled_from(["slug", "title", "permalink", "url", "category", "lang"]), NAMES),
)
def test_every_address_is_valid(kind: str, folders: list[str], name: str, metadata: dict[str, str]) -> None:
    path = "/".join((*folders, f"{name}.md"))
    generator = get(kind).load()
    site = generator.read(MemorySite({}), "")
    assert site is not None
    page = Page(path, metadata, metadata.get("title", ""), metadata.get("slug", ""), DAY)
    derived = generator.derived_address(page, site)
    assert derived.isascii()
    assert not re.search(r"(^|/)\.\.?(/|$)", derived)
    assert normalize(f"https://w.example/{derived.lstrip('/')}").startswith("https://w.example/")
    address_of(kind, "", path, metadata)


def test_pattern_of_the_configuration_has_every_placeholder() -> None:
    page = Page("a/b/c.md", {"categories": ["X y"]}, "My Title", "", DAY, "de", "id-1")
    pattern = "/".join(f"{{{name}}}" for name in PLACEHOLDERS)
    assert address(pattern, page) == "2026/01/05/07/08/09/c/my-title/c/a/b/a/de/x-y/id-1"
    assert unknown_placeholders("/{yaer}/{slug}/") == ["yaer"]
