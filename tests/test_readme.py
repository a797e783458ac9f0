"""Checks every statement of the README that a program can check."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syndicate import cli, config
from syndicate.feeds.slugs import slug
from syndicate.pipeline import build
from syndicate.sites import KINDS
from syndicate.values.keys import ALIASES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOW = datetime(2026, 6, 1, tzinfo=UTC)

# The configuration of each generator, and a post with the topic One.
POSTS = {
    "Jekyll": ("title: T\n", "_posts/2026-01-31-x.md", "---\ntitle: Hello\ncategory: news\ntags: [One]\n---\nBody"),
    "Hugo": (
        'baseURL = "https://w.example/"\n',
        "content/post/X.md",
        "---\ntitle: Hello\ndate: 2026-01-31\ntags: [One]\n---\n",
    ),
    "Zola": (
        'base_url = "https://w.example"\n',
        "content/blog/2026-01-31-x.md",
        '+++\ntitle = "Hello"\n[taxonomies]\ntags = ["One"]\n+++\nBody',
    ),
    "Eleventy": (
        "module.exports = () => {};\n",
        "posts/x.md",
        "---\ntitle: Hello\ndate: 2026-01-31\ntags: One\n---\n{# x #}Body",
    ),
    "Pelican": (
        "PATH = 'content'\n",
        "content/hello.md",
        "Title: My Great Title!\nDate: 2026-01-31 10:00\nTags: One\n\nBody",
    ),
    "Docusaurus": ("export default {};\n", "blog/2026-01-31-x.mdx", "---\ntitle: Hello\ntags: [One]\n---\nBody"),
    "Astro": (
        "export default {};\n",
        "src/content/blog/x.md",
        "---\ntitle: Hello\npubDate: 2026-01-31\ntags: [One]\n---\nBody",
    ),
    "Hexo": (
        "new_post_name: :title.md\n",
        "source/_posts/x.md",
        "---\ntitle: Hello\ndate: 2026-01-31 10:00:00\ntags: [One]\n---\nBody",
    ),
}


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_configuration_in_readme_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "corpus" / "_data" / "topics").mkdir(parents=True)
    (block,) = _blocks("yaml")
    read = config.parse(block, str(tmp_path / "config.yaml"))
    assert read.selection.custom[0].where.min_quality == 60
    assert read.sources[0].aliases["topics"] == ("rubric", "extra.tags")


def test_configuration_in_readme_shows_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "corpus" / "_data" / "topics").mkdir(parents=True)
    (block,) = _blocks("yaml")
    shown = config.parse(block, str(tmp_path / "config.yaml"))
    minimal = 'site: {title: T, url: "https://x.org/", id: "x.org,2026"}\ncorpus: [{path: corpus}]'
    default = config.parse(minimal, str(tmp_path / "config.yaml"))
    assert shown.selection.limit == default.selection.limit
    assert shown.selection.formats == default.selection.formats
    assert shown.selection.opml == default.selection.opml
    assert shown.selection.include_children == default.selection.include_children
    assert shown.presentation._replace(language="") == default.presentation
    assert (shown.output, shown.state) == (default.output, default.state)
    assert shown.sources[0].max_bytes == default.sources[0].max_bytes


@pytest.mark.parametrize(
    "line", [line for block in _blocks("sh") for line in block.splitlines() if line.startswith("syndicate")]
)
def test_commands_in_readme_are_accepted(line: str) -> None:
    arguments = shlex.split(line, comments=True)[1:]
    assert cli.parser().parse_args(arguments).run


def test_makefile_has_the_targets_that_readme_names() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make (\w+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_slugs_in_readme_are_correct() -> None:
    assert slug("IBM AI") == "ibm-ai"
    assert slug("open-source") == "open--source"
    assert slug("C++") == "c_z3nrxld67tl5w"


@pytest.mark.parametrize("generator", POSTS)
def test_folders_of_other_generators_are_read_unchanged(generator: str, tmp_path: Path) -> None:
    settings, name, text = POSTS[generator]
    row = re.search(rf"^\| {generator} \| `(.*?)` \| `(.*?)` \| `(.*?)`", README, re.MULTILINE)
    assert row
    corpus, settings_name, url = row.groups()
    (tmp_path / settings_name).write_text(settings, encoding="utf-8")
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(
        'site: {title: T, url: "https://f.example/", home: "https://w.example/", id: "f.example,2026"}\n'
        f"corpus: {corpus}\n",
        encoding="utf-8",
    )
    loaded = config.load(str(tmp_path / "config.yaml"))
    assert [source.kind for source in loaded.sources] == [generator.lower()]
    summary = build(loaded, NOW)
    assert [problem for problem in summary.problems if problem.field != "body"] == []
    feed = json.loads((tmp_path / "feeds/topics/one/feed.json").read_bytes())
    assert [item["url"] for item in feed["items"]] == [f"https://w.example{url}"]
    assert feed["items"][0]["date_published"].startswith("2026-01-31")
    assert "{%" not in feed["items"][0]["content_html"]


def test_every_generator_is_documented() -> None:
    page = (ROOT / "docs" / "sites.md").read_text(encoding="utf-8")
    for kind in KINDS:
        assert f"`{kind.name}`" in page
        if kind.files:
            assert any(f"`{name}`" in page for name in (*kind.files, f"{kind.name}.config.*")), kind.name


def test_documented_keys_are_the_keys_that_are_read() -> None:
    page = (ROOT / "docs" / "corpus.md").read_text(encoding="utf-8")
    for name, keys in ALIASES.items():
        if name in {"slug", "path"}:
            continue
        assert name in page
        for key in keys:
            assert f"`{key}`" in page or key == name, f"{name}: {key}"


def test_ci_runs_what_make_test_runs_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "make" in line and not line.startswith("#")] == ["make test"]
