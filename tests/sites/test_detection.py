"""Which generator's rules a source gets, and what its configuration says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syndicate import config
from syndicate.config import Source
from syndicate.errors import ConfigError

SITE = 'site: {title: T, url: "https://f.example/", id: "f.example,2026"}\n'


def load(folder: Path, corpus: str, files: dict[str, str]) -> config.Config:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "config.yaml").write_text(f"{SITE}corpus: {corpus}\n", encoding="utf-8")
    return config.load(str(folder / "config.yaml"))


def source(folder: Path, corpus: str, files: dict[str, str]) -> Source:
    return load(folder, corpus, files).sources[0]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("_config.yml", "title: T\n", "jekyll"),
        ("_config.yml", "new_post_name: :title.md\n", "hexo"),
        ("hugo.toml", "", "hugo"),
        ("config.toml", 'baseURL = "https://w.example/"\n', "hugo"),
        ("config/_default/hugo.toml", 'title = "T"\n', "hugo"),
        ("config.toml", 'base_url = "https://w.example"\n', "zola"),
        ("config.toml", "[tool]\nx = 1\n", "plain"),
        (".eleventy.js", "", "eleventy"),
        ("pelicanconf.py", "not python(", "pelican"),
        ("docusaurus.config.ts", "", "docusaurus"),
        ("astro.config.mjs", "", "astro"),
        ("package.json", "{}", "plain"),
    ],
)
def test_kind_is_found_by_the_configuration_of_the_generator(tmp_path: Path, name: str, text: str, kind: str) -> None:
    found = source(tmp_path, "[{path: content}]", {name: text, "content/a.md": ""})
    assert (found.kind, found.site.evidence) == (kind, f"{Path(name)}" if kind != "plain" else "")


def test_nearest_configuration_wins(tmp_path: Path) -> None:
    files = {"hugo.toml": "", "blog/_config.yml": "title: T\n", "blog/_posts/a.md": ""}
    assert source(tmp_path, "[{path: blog/_posts}]", files).kind == "jekyll"


def test_files_above_the_folder_of_the_configuration_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text("title: T\n", encoding="utf-8")
    assert source(tmp_path, "[{path: c}]", {"c/a.md": ""}).kind == "jekyll"
    inner = tmp_path / "inner"
    inner.mkdir()
    assert source(inner, "[{path: c}]", {"c/a.md": ""}).kind == "plain"


def test_configured_kind_wins(tmp_path: Path) -> None:
    files = {"_config.yml": "timezone: Europe/Berlin\n", "c/a.md": ""}
    assert source(tmp_path, "[{path: c, kind: plain}]", files).kind == "plain"
    jekyll = source(tmp_path, "[{path: c, kind: jekyll}]", files)
    assert (jekyll.kind, jekyll.site.timezone, jekyll.site.folder) == ("jekyll", "Europe/Berlin", "c/")


def test_generator_chooses_the_files_unless_they_are_configured(tmp_path: Path) -> None:
    files = {"_config.yml": "title: T\n", "a.md": ""}
    jekyll = source(tmp_path, "[{path: .}]", files)
    assert jekyll.include == ("**/_posts/**/*",)
    assert re.fullmatch(jekyll.site.names, "2026-01-05-a.markdown")
    assert not re.fullmatch(jekyll.site.names, "a.markdown")
    assert source(tmp_path, '[{path: ., include: "*.md"}]', files).include == ("*.md",)
    assert source(tmp_path, '[{path: ., include: "*.md"}]', files).exclude == ()


def test_home_is_what_the_generator_states(tmp_path: Path) -> None:
    files = {"_config.yml": "url: https://w.example\nbaseurl: /p\nlang: de-AT\n", "a.md": ""}
    site = load(tmp_path, "[{path: .}]", files).site
    assert (site.home, site.language) == ("https://w.example/p/", "de-AT")


def test_local_address_is_no_home(tmp_path: Path) -> None:
    files = {"_config.yml": "url: http://localhost:4000\n", "a.md": ""}
    assert load(tmp_path, "[{path: .}]", files).site.home == "https://f.example/"


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ("[{path: ., kind: wordpres}]", "corpus[0].kind: expected docusaurus"),
        ('[{path: ., url: "/{yaer}/"}]', "unknown placeholder {yaer}: did you mean {year}?"),
        ('[{path: ., url: "{year}/"}]', "expected a pattern that begins with '/'"),
    ],
)
def test_wrong_settings_are_reported(tmp_path: Path, corpus: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, corpus, {"a.md": ""})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("settings", "posts", "expected"),
    [
        ("defaults: [{scope: {path: ''}, values: {lang: fr}}]", "_posts", {"lang": "fr"}),
        ("defaults: [{scope: {path: '', type: drafts}, values: {lang: fr}}]", "_posts", {}),
        (
            "defaults: [{scope: {path: _posts/x}, values: {lang: de}}, {scope: {path: ''}, values: {lang: fr, a: 1}}]",
            "_posts/x",
            {"lang": "de", "a": 1},
        ),
    ],
)
def test_defaults_of_jekyll_apply_by_scope(
    tmp_path: Path, settings: str, posts: str, expected: dict[str, object]
) -> None:
    site = source(tmp_path, "[{path: .}]", {"_config.yml": settings, f"{posts}/a.md": ""}).site
    assert site.defaults_of(f"{posts}/2026-01-01-a.md") == expected


def test_cascade_of_hugo_applies_below_its_section(tmp_path: Path) -> None:
    files = {"hugo.toml": "", "content/a/_index.md": "---\ncascade: {draft: true}\n---\n", "content/a/x.md": ""}
    site = source(tmp_path, "[{path: content}]", files).site
    assert (site.folder, site.defaults_of("a/x.md"), site.defaults_of("b/x.md")) == ("content/", {"draft": True}, {})


def test_directory_data_of_eleventy_applies_to_its_folder(tmp_path: Path) -> None:
    files = {".eleventy.js": "", "posts/posts.json": '{"permalink": false}', "posts/x.md": ""}
    site = source(tmp_path, "[{path: .}]", files).site
    assert (site.defaults_of("posts/x.md"), site.defaults_of("x.md")) == ({"permalink": False}, {})


def test_configuration_that_is_no_file_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").mkdir()
    assert source(tmp_path, "[{path: .}]", {"a.md": ""}).kind == "jekyll"
