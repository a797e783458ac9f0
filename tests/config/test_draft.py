"""The configuration that `syndicate init` writes for a site that exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicate import config
from syndicate.config.draft import draft

POST = "---\ntitle: A\ndate: 2026-01-31\n---\nText\n"

SITES = {
    "jekyll": (
        {
            "_config.yml": "title: 'My: site'\nurl: https://www.a.example\nbaseurl: /b\nlang: de\ntimezone: Asia/Tokyo",
            "_posts/2026-01-31-a.md": POST,
        },
        "My: site", "https://www.a.example/b/feeds/", "a.example,2026", "https://www.a.example/b/", "de", ".",
    ),
    "hugo": (
        {"hugo.toml": 'title = "Ü"\nbaseURL = "https://a.example/"\nlanguageCode = "fr-CA"\n', "content/a.md": POST},
        "Ü", "https://a.example/feeds/", "a.example,2026", "https://a.example/", "fr-CA", "content",
    ),
    "zola": (
        {"config.toml": 'title = "Z"\nbase_url = "https://a.example"\n', "content/a.md": POST},
        "Z", "https://a.example/feeds/", "a.example,2026", "https://a.example/", "en", "content",
    ),
    "pelican": (
        {"pelicanconf.py": "SITENAME = 'P'\nSITEURL = 'https://a.example'\nPATH = 'content'\n", "content/a.md": POST},
        "P", "https://a.example/feeds/", "a.example,2026", "https://a.example/", "en", "content",
    ),
    "hexo": (
        {
            "_config.yml": "title: H\nurl: https://a.example\npermalink: ':title/'\nnew_post_name: ':title.md'\n",
            "source/_posts/a.md": POST,
        },
        "H", "https://a.example/feeds/", "a.example,2026", "https://a.example/", "en", ".",
    ),
    "docusaurus": (
        {
            "docusaurus.config.js": "export default {title: 'D', url: 'https://a.example', baseUrl: '/',\n"
            " presets: [['classic', {blog: {}}]]};\n",
            "blog/2026-01-31-a.md": POST,
        },
        "D", "https://a.example/feeds/", "a.example,2026", "https://a.example/", "en", ".",
    ),
    "eleventy": (
        {"eleventy.config.js": "export default function () {}\n", "posts/a.md": POST},
        "site", "https://www.example.org/feeds/", "example.org,2026", "https://www.example.org/", "en", ".",
    ),
    "plain": (
        {"notes/a.md": POST, "node_modules/x/readme.txt": ""},
        "site", "https://www.example.org/feeds/", "example.org,2026", "https://www.example.org/", "en", ".",
    ),
}  # fmt: skip


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", SITES)
def test_site_is_configured_with_what_its_own_configuration_says(kind: str, tmp_path: Path) -> None:
    files, *expected = SITES[kind]
    folder = write(tmp_path / "site", files)
    found = draft(str(folder), 2026)
    assert found
    read = config.parse(found.text, str(folder / "config.yaml"))
    site, source = read.site, read.sources[0]
    assert [site.title, site.url, site.authority, site.home, site.language, source.path] == expected
    assert source.kind == kind


def test_notes_say_what_was_found_and_what_was_assumed(tmp_path: Path) -> None:
    found = draft(str(write(tmp_path / "site", SITES["jekyll"][0])), 2026)
    assert found
    stated = "title My: site, address https://www.a.example/b/, language de, time zone Asia/Tokyo"
    assert found.notes == (
        f"Jekyll, recognised by _config.yml: {stated}",
        "assumed: the feeds will be served at https://www.a.example/b/feeds/ (site.url)",
    )
    found = draft(str(write(tmp_path / "other", SITES["plain"][0])), 2026)
    assert found
    assert found.notes == (
        "no known generator: every Markdown file with front matter is a record",
        "no file states the address of the site: replace www.example.org in site.url, site.id and site.home",
        "assumed: the language is English (site.language)",
    )


def test_output_folder_is_one_that_does_not_exist(tmp_path: Path) -> None:
    folder = write(tmp_path / "site", {**SITES["hugo"][0], "feeds/mine.xml": "x", "syndicated": "x"})
    found = draft(str(folder), 2026)
    assert found
    read = config.parse(found.text, str(folder / "config.yaml"))
    assert (read.output, read.site.url) == (str(folder / "syndicate-output"), "https://a.example/syndicate-output/")


def test_host_of_another_script_becomes_ascii_in_the_id(tmp_path: Path) -> None:
    found = draft(str(write(tmp_path / "site", {"_config.yml": "url: https://www.bücher.example\n"})), 2026)
    assert found
    assert config.parse(found.text, str(tmp_path / "site/config.yaml")).site.authority == "xn--bcher-kva.example,2026"


@pytest.mark.parametrize("name", ["notes.txt", ".git/a.md", "node_modules/a/readme.md"])
def test_folder_without_a_site_has_no_draft(name: str, tmp_path: Path) -> None:
    assert draft(str(write(tmp_path / "site", {name: POST})), 2026) is None
