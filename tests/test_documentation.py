"""Checks every statement of the README and of docs/ that a program can check."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.sites import run

from syndicate import cli, config
from syndicate.feeds.slugs import slug
from syndicate.pipeline import build
from syndicate.sites import KINDS
from syndicate.values.keys import ALIASES

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(str(page.relative_to(ROOT)) for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
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


def _page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", _page(name), re.DOTALL)


def _commands() -> list[tuple[str, str]]:
    """Returns every command of syndicate on any page, with the page."""
    lines = [(name, line) for name in PAGES for block in _blocks(name, "sh") for line in block.splitlines()]
    return [(name, line) for name, line in lines if line.startswith("syndicate ")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns a folder with what the configurations in the documentation name."""
    (tmp_path / "corpus" / "_data" / "topics").mkdir(parents=True)
    (tmp_path / "content").mkdir()
    (tmp_path / "hub-ca.pem").touch()
    return tmp_path


def test_five_lines_of_configuration_are_enough(folder: Path) -> None:
    (block,) = _blocks("README.md", "yaml")
    read = config.parse(block, str(folder / "config.yaml"))
    assert (read.site.title, read.sources[0].path) == ("Field Notes", "content")
    assert len([line for line in block.splitlines() if not line.endswith("site:")]) == 4


def test_example_configuration_is_accepted_and_shows_the_defaults(folder: Path) -> None:
    (block,) = _blocks("docs/configuring.md", "yaml")
    shown = config.parse(block, str(folder / "config.yaml"))
    assert shown.selection.custom[0].where.min_quality == 60
    assert shown.sources[0].aliases["topics"] == ("rubric", "extra.tags")
    minimal = 'site: {title: T, url: "https://x.org/", id: "x.org,2026"}\ncorpus: [{path: corpus}]'
    default = config.parse(minimal, str(folder / "config.yaml"))
    assert shown.selection.limit == default.selection.limit
    assert shown.selection.formats == default.selection.formats
    assert shown.selection.opml == default.selection.opml
    assert shown.selection.include_children == default.selection.include_children
    assert shown.selection.min_entries == default.selection.min_entries
    assert shown.presentation._replace(language="") == default.presentation
    assert (shown.output, shown.state) == (default.output, default.state)
    assert shown.sources[0].max_bytes == default.sources[0].max_bytes


SECTIONS = [
    (name, block)
    for name in PAGES
    for block in _blocks(name, "yaml")
    if re.match(r"(?:[a-z_]+:)", block) and name not in {"README.md", "docs/configuring.md"}
]


@pytest.mark.parametrize(("name", "block"), SECTIONS, ids=[name for name, _ in SECTIONS])
def test_every_section_of_a_configuration_is_accepted(name: str, block: str, folder: Path) -> None:
    minimal = 'site: {title: T, url: "https://x.org/", id: "x.org,2026"}\ncorpus: corpus\n'
    assert config.parse(minimal + block, str(folder / "config.yaml")), name


@pytest.mark.parametrize(("name", "line"), _commands())
def test_every_command_is_accepted(name: str, line: str) -> None:
    for command in re.split(r" && | &(?: |$)|\s+>\s+\S+", line):
        arguments = shlex.split(command, comments=True)
        if arguments[:1] == ["syndicate"]:
            assert cli.parser().parse_args(arguments[1:]).run, name


@pytest.mark.parametrize("name", PAGES)
def test_every_link_to_a_file_leads_to_one(name: str) -> None:
    links = re.findall(r'\]\(([^)#:]+)(?:#[^)]*)?\)|src="([^"]+)"', _page(name))
    for link in filter(None, (one or other for one, other in links)):
        assert ((ROOT / name).parent / link).exists(), link


def test_first_steps_run_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text(
        "title: My site\nurl: https://www.example.org\ntimezone: Europe/Berlin\n", encoding="utf-8"
    )
    (tmp_path / "_posts").mkdir()
    (tmp_path / "_posts/2026-01-31-x.md").write_text("---\ntitle: X\n---\nText\n", encoding="utf-8")
    (told,) = _blocks("docs/start.md", "text")
    assert run("init", ".", cwd=tmp_path).stderr == told
    assert run("check", "--strict", cwd=tmp_path).returncode == 0
    assert run("build", cwd=tmp_path).returncode == 0
    assert (tmp_path / "feeds" / "index.html").exists()


def test_makefile_has_the_targets_that_the_pages_name() -> None:
    makefile = _page("Makefile")
    text = "\n".join(map(_page, PAGES))
    for target in {*re.findall(r"`make ([a-z-]+)`", text), *re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_slugs_in_the_documentation_are_correct() -> None:
    assert slug("IBM AI") == "ibm-ai"
    assert slug("Überblick") == "überblick"
    assert slug("open-source") == "open--source"
    assert slug("C++") == "c_z3nrxld67tl5w"


@pytest.mark.parametrize("generator", POSTS)
def test_folders_of_other_generators_are_read_unchanged(generator: str, tmp_path: Path) -> None:
    settings, name, text = POSTS[generator]
    row = re.search(rf"^\| {generator} \| `(.*?)` \| `(.*?)` \| `(.*?)`", _page("docs/sites.md"), re.MULTILINE)
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
    page = _page("docs/sites.md")
    for kind in KINDS:
        assert f"`{kind.name}`" in page
        if kind.files:
            assert any(f"`{name}`" in page for name in (*kind.files, f"{kind.name}.config.*")), kind.name


def test_documented_keys_are_the_keys_that_are_read() -> None:
    page = _page("docs/corpus.md")
    for name, keys in ALIASES.items():
        if name in {"slug", "path"}:
            continue
        assert name in page
        for key in keys:
            assert f"`{key}`" in page or key == name, f"{name}: {key}"


def test_ci_runs_what_make_test_runs_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "make" in line and not line.startswith("#")] == ["make test"]


def test_extras_are_named_with_the_distribution_and_exist() -> None:
    """`pip install 'syndicate[…]'` would install a package of somebody else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "syndicate").rglob("*.py")]
    named = {name for path in files for name in re.findall(r"([\w-]*syndicate[\w-]*)\[", path.read_text("utf-8"))}
    assert named == {project["name"]}
    extras = {
        extra.strip()
        for path in files
        for found in re.findall(rf"{project['name']}\[([\w, ]+)\]", path.read_text("utf-8"))
        for extra in found.split(",")
    }
    assert extras == set(project["optional-dependencies"])
