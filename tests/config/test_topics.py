"""Topic files: their settings complete those of the configuration; an invalid file affects only its own topic."""

# ruff: noqa: E501 - one line for each row of a table

from __future__ import annotations

import json
import os
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sites import CONFIG, CORPORA, SiteFolder, record

from syndicate import config
from syndicate.config import Config
from syndicate.errors import ConfigError
from syndicate.model import TopicSettings


def load_with_files(
    site_folder: SiteFolder, files: dict[str, str | bytes], own: str = "", folder: str = "topics"
) -> Config:
    """Write a folder of topic files. Returns the configuration that names it."""
    (site_folder.folder / folder).mkdir(exist_ok=True)
    for name, text in files.items():
        (site_folder.folder / folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    site_folder.configure(f"{CONFIG}topics: {{from: {folder}{own and ', '}{own}}}\n")
    return site_folder.load()


def messages(loaded: Config) -> list[str]:
    return [str(problem) for problem in loaded.problems]


GOOD: list[tuple[str, str, TopicSettings]] = [
    ("name", "name: A", TopicSettings("A")),
    ("all keys", "name: A\nshortname: S\nparent: B\nkeywords: [x, y]\ndescription: D\ntitle: T", TopicSettings("A", title="T", description="D", shortname="S", parent="B", keywords=("x", "y"))),
    ("title alone", "title: A", TopicSettings("A")),
    ("keys of others", "_id: a\ntaxonomy: topic\nname: A\nimages: [{a: b}]\nservices: {x: y}\nhashtags: ['#a']", TopicSettings("A")),
    ("keywords as a text", "name: A\nkeywords: x, y  z, ,x", TopicSettings("A", keywords=("x", "y z"))),
    ("one keyword", "name: A\nkeywords: x", TopicSettings("A", keywords=("x",))),
    ("a text of lines", "name: >\n  A\n  B\ndescription: |\n  C\n  D\n", TopicSettings("A B", description="C D")),
    ("a number", "name: 2020", TopicSettings("2020")),
    ("entities, as in records", "name: R&amp;D\nparent: A &amp; B", TopicSettings("R&D", parent="A & B")),
    ("control characters", 'name: "A\\x01\\u2028 B"', TopicSettings("A B")),
    ("empty values", "name: A\nshortname:\nparent: ~\nkeywords:\ndescription: ''", TopicSettings("A")),
    ("byte order mark, CRLF", "\ufeffname: A\r\nparent: B\r\n", TopicSettings("A", parent="B")),
    ("document markers", "---\nname: A\n...\n", TopicSettings("A")),
    ("an alias", "name: &a A\ntitle: *a", TopicSettings("A", title="A")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in GOOD], ids=[row[0] for row in GOOD])
def test_file_describes_a_topic(text: str, expected: TopicSettings, site_folder: SiteFolder) -> None:
    loaded = load_with_files(site_folder, {"a.yaml": text})
    assert (loaded.selection.topics, loaded.problems) == ((expected,), ())


BAD: list[tuple[str, str | bytes, str]] = [
    ("empty", "", "1:1: topic.name: is required"),
    ("a list", "- name: A", "1:1: topic: expected keys and values"),
    ("a word", "A", "1:1: topic: expected keys and values"),
    ("no name", "shortname: A", "1:1: topic.name: is required"),
    ("empty name", "x: y\nname: ''", "2:7: topic.name: must not be empty"),
    ("name of mark-up alone", "name: '<b></b>'", "1:7: topic.name: must not be empty"),
    ("name is a list", "name: [A]", "1:7: topic.name: expected text"),
    ("duplicate name", "name: A\nname: B", "2:1: topic.name: duplicate key"),
    ("parent is a mapping", "name: A\nparent: {b: c}", "2:9: topic.parent: expected text"),
    ("keyword is nothing", "name: A\nkeywords: [x, ~]", "2:15: topic.keywords: expected text, got '~'"),
    ("keywords are a mapping", "name: A\nkeywords: {x: y}", "2:11: topic.keywords: expected text, got keys and values"),
    ("several faults", "name: A\nparent: []\nkeywords: {}\ntitle: []", "2:9: topic.parent: expected text"),
    ("not YAML", "name: A\n\tparent: x", "2:1: topic: found a tab character that violates indentation"),
    ("not YAML, a colon", "name: a: b", "1:8: topic: mapping values are not allowed in this context"),
    ("a control character", "name: \x00", "1:1: topic: not YAML"),
    ("two documents", "name: A\n---\nname: B", "2:1: topic: but found another document"),
    ("deep", "name: A\nx: " + "[" * 30_000, "2:103: topic: nesting deeper than 100"),
    ("deep, in mappings", "name: A\nx: " + "{a: " * 10_000, "2:400: topic: nesting deeper than 100"),
    ("deep, in lines", "name: A\nx:\n" + "- " * 9_000, "3:199: topic: nesting deeper than 100"),
    ("a key that is not text", "? [a]\n: b\nname: A", "1:3: topic: a key must be text"),
    ("an anchor in itself", "name: &a [*a]", "1:7: topic.name: expected text"),
    ("an alias to nothing", "name: *a", "1:7: topic: found undefined alias"),
    ("not UTF-8", b"name: caf\xe9", "1:1: file: not UTF-8"),
    ("too large", "name: A\nx: " + "y" * 65_536, "1:1: file: larger than 65,536 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_invalid_file_affects_only_its_own_topic(text: str | bytes, expected: str, site_folder: SiteFolder) -> None:
    loaded = load_with_files(site_folder, {"a.yaml": "name: First", "b.yaml": text, "c.yml": "name: Last"})
    assert messages(loaded) == [f"topics/b.yaml:{expected}"]
    assert loaded.selection.topics == (TopicSettings("First"), TopicSettings("Last"))


def test_nested_aliases_cost_nothing(site_folder: SiteFolder) -> None:
    lines = ["name: A", "a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    assert load_with_files(site_folder, {"a.yaml": "\n".join(lines)}).selection.topics == (TopicSettings("A"),)


def test_only_yaml_files_are_read_in_the_order_of_their_names(site_folder: SiteFolder) -> None:
    files: dict[str, str | bytes] = {f"{name}.yaml": f"name: {name}" for name in ("b", "a", "C")}
    loaded = load_with_files(
        site_folder, {**files, "d.yml": "name: d", "e.json": "{}", ".f.yaml": "x", "README.md": "x"}
    )
    assert [topic.name for topic in loaded.selection.topics] == ["C", "a", "b", "d"]
    assert loaded.problems == ()


def test_only_regular_files_within_the_folder_are_read(site_folder: SiteFolder) -> None:
    loaded = load_with_files(site_folder, {"ok.yaml": "name: Ok"})
    topics = site_folder.folder / "topics"
    (topics / "folder.yaml").mkdir()
    (topics / "below").mkdir()
    (topics / "below" / "x.yaml").write_text("name: Below")
    os.mkfifo(topics / "pipe.yaml")
    (site_folder.folder / "secret.yaml").write_text("name: Secret")
    (topics / "out.yaml").symlink_to("../secret.yaml")
    (topics / "gone.yaml").symlink_to("nothing")
    (topics / "zero.yaml").symlink_to("/dev/zero")
    (topics / "in.yml").symlink_to("below/x.yaml")
    loaded = site_folder.load()
    assert [topic.name for topic in loaded.selection.topics] == ["Below", "Ok"]
    assert messages(loaded) == [
        "topics/folder.yaml:1:1: file: not a regular file",
        "topics/gone.yaml:1:1: file: cannot be read: No such file or directory",
        "topics/out.yaml:1:1: file: a symbolic link that leaves the folder",
        "topics/pipe.yaml:1:1: file: not a regular file",
        "topics/zero.yaml:1:1: file: a symbolic link that leaves the folder",
    ]


def test_file_name_that_is_not_utf8_is_reported(site_folder: SiteFolder) -> None:
    load_with_files(site_folder, {})
    with open(os.fsencode(site_folder.folder / "topics") + b"/\xff.yaml", "wb") as file:
        file.write(b"name: []")
    assert messages(site_folder.load()) == ["topics/\\udcff.yaml:1:7: topic.name: expected text"]
    site_folder.put("a.md", record("A"))
    assert len(site_folder.build().problems) == 1


def test_folders_are_read_in_order(site_folder: SiteFolder) -> None:
    load_with_files(site_folder, {"a.yaml": "name: A"})
    load_with_files(site_folder, {"0.yaml": "name: '0'", "b.yaml": "name: a"}, folder="more")
    site_folder.configure(f"{CONFIG}topics: {{from: [topics, more/, topics]}}\n")
    loaded = site_folder.load()
    assert [topic.name for topic in loaded.selection.topics] == ["A", "0"]
    assert messages(loaded) == ["more/b.yaml:1:7: topic.name: 'a' is described by topics/a.yaml already"]
    assert [os.path.relpath(folder, site_folder.folder) for folder in loaded.topic_folders] == ["topics", "more"]


def test_missing_folder_is_a_fault_of_the_configuration(site_folder: SiteFolder) -> None:
    site_folder.configure(f"{CONFIG}topics:\n  from: nowhere\n")
    with pytest.raises(ConfigError, match=r"config\.yaml:8:9: topics\.from: cannot be read: 'nowhere': No such file"):
        site_folder.load()


def test_topic_may_be_called_from(site_folder: SiteFolder) -> None:
    site_folder.configure(f"{CONFIG}topics: {{from: {{slug: origin}}}}\n")
    assert site_folder.load().selection.topics == (TopicSettings("from", slug="origin"),)
    site_folder.configure(f"{CONFIG}topics:\n  from:\n")
    assert site_folder.load().selection.topics == ()


def test_configuration_takes_precedence_key_by_key(site_folder: SiteFolder) -> None:
    files: dict[str, str | bytes] = {
        "a.yaml": "name: open  DATA\ntitle: T\ndescription: D\nshortname: S\nkeywords: [k]\nparent: P",
        "b.yaml": "name: Old Name\ndescription: D\nshortname: S",
    }
    own = "Open Data: {title: Mine, parent: Q}, New Name: {aliases: Old Name, slug: n, shortname: N}"
    loaded = load_with_files(site_folder, files, own)
    assert loaded.selection.topics == (
        TopicSettings("Open Data", title="Mine", description="D", shortname="S", parent="Q", keywords=("k",)),
        TopicSettings("New Name", slug="n", aliases=("Old Name",), description="D", shortname="N"),
    )
    assert loaded.problems == ()


def test_second_file_about_a_topic_is_ignored(site_folder: SiteFolder) -> None:
    loaded = load_with_files(site_folder, {"a.yaml": "name: A", "b.yaml": "x: 1\nname: B"}, "A: {aliases: B}")
    assert messages(loaded) == ["topics/b.yaml:2:7: topic.name: 'B' is described by topics/a.yaml already"]


CYCLES: list[tuple[str, dict[str, str], str, dict[str, str], list[str]]] = [
    ("of one", {"a": "name: A\nparent: a"}, "", {"A": ""}, ["topics/a.yaml:2:9: topic.parent: 'a' is part of 'A' itself: it is left out (warning)"]),
    ("of two", {"a": "name: A\nparent: B", "b": "name: B\nparent: A"}, "", {"A": "B", "B": ""}, ["topics/b.yaml:2:9: topic.parent: 'A' is part of 'B' itself"]),
    ("of three", {"a": "name: A\nparent: B", "b": "name: B\nparent: c", "c": "name: C\nparent: A"}, "", {"A": "B", "B": "c", "C": ""}, ["topics/c.yaml:2:9: topic.parent: 'A' is part of 'C' itself"]),
    ("with the configuration's", {"b": "name: B\nparent: Ay"}, "A: {parent: B, aliases: Ay}", {"A": "B", "B": ""}, ["topics/b.yaml:2:9: topic.parent: 'Ay' is part of 'B' itself"]),
    ("only without the configuration", {"a": "name: A\nparent: B", "b": "name: B\nparent: A"}, "A: {parent: C}", {"A": "C", "B": "A"}, []),
    ("none, two children of one parent", {"a": "name: A\nparent: C", "b": "name: B\nparent: C"}, "", {"A": "C", "B": "C"}, []),
    ("none, a parent without settings", {"a": "name: A\nparent: Nobody"}, "", {"A": "Nobody"}, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "own", "parents", "expected"), [row[1:] for row in CYCLES], ids=[row[0] for row in CYCLES]
)
def test_parent_that_closes_a_cycle_is_dropped(
    files: dict[str, str], own: str, parents: dict[str, str], expected: list[str], site_folder: SiteFolder
) -> None:
    loaded = load_with_files(site_folder, {f"{name}.yaml": text for name, text in files.items()}, own)
    assert {topic.name: topic.parent for topic in loaded.selection.topics} == parents
    assert [line[: len(start)] for line, start in zip(messages(loaded), expected, strict=True)] == expected


ANY: Any = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["A", "B", "C"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
TOPIC = st.dictionaries(st.sampled_from(["name", "title", "parent", "keywords", "shortname", "x"]), ANY, max_size=6)


@settings(
    max_examples=150, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(st.lists(TOPIC, max_size=4))
def test_any_file_is_read_or_reported(site_folder: SiteFolder, topics: list[dict[str, Any]]) -> None:
    for old in site_folder.folder.glob("topics/*"):
        old.unlink()
    loaded = load_with_files(
        site_folder, {f"{number}.yaml": yaml.safe_dump(topic) for number, topic in enumerate(topics)}
    )
    left_out = {problem.path for problem in loaded.problems if problem.severity == "error"}
    assert len(loaded.selection.topics) + len(left_out) == len(topics)
    assert len(loaded.problems) <= len(topics)
    assert all(topic.name for topic in loaded.selection.topics)


# ---------------------------------------------------------------------------------------------------------- in a build


def feeds(site_folder: SiteFolder) -> dict[str, dict[str, Any]]:
    return {feed["slug"]: feed for feed in json.loads((site_folder.output / "catalog.json").read_bytes())}


def test_settings_of_files_are_in_the_catalogue(site_folder: SiteFolder) -> None:
    load_with_files(site_folder, {"a.yaml": "name: Machine Learning\nshortname: ML\nparent: R&D\nkeywords: [x]\ntitle: T\ndescription: D"}, "R&D: {slug: rd}")  # fmt: skip
    site_folder.put("a.md", record("A", "topics: [machine learning, Other]"))
    assert site_folder.build().problems == ()
    found = feeds(site_folder)
    learning = found["machine-learning"]
    assert {key: learning[key] for key in ("name", "title", "description", "shortname", "parent", "keywords")} == {
        "name": "Machine Learning", "title": "T", "description": "D", "shortname": "ML", "parent": "rd", "keywords": ["x"],
    }  # fmt: skip
    assert not {"shortname", "parent", "keywords"} & {*found["other"], *found["all"]}
    assert (found["all"]["title"], "description" in found["all"]) == ("Test Site", False)


def test_problems_of_files_are_reported_and_the_build_continues(site_folder: SiteFolder) -> None:
    load_with_files(site_folder, {"bad.yaml": "name: []"})
    site_folder.put("a.md", record("A"))
    summary = site_folder.build()
    assert [str(problem) for problem in summary.new_problems] == ["topics/bad.yaml:1:7: topic.name: expected text"]
    assert summary.entries == 1
    again = site_folder.build()
    assert (again.problems, again.new_problems, again.written) == (summary.problems, (), 0)
    (site_folder.folder / "topics" / "bad.yaml").write_text("name: Good")
    assert site_folder.build().problems == ()
    assert "topics/bad.yaml:1:1: topic: expected keys" in _check_after(site_folder, "bad")


def _check_after(site_folder: SiteFolder, text: str) -> str:
    (site_folder.folder / "topics" / "bad.yaml").write_text(text)
    return site_folder.run("check").stdout


def test_changed_file_changes_the_feeds(site_folder: SiteFolder) -> None:
    load_with_files(site_folder, {"a.yaml": "name: A"})
    site_folder.configure((site_folder.folder / "config.yaml").read_text() + "feeds: {include_children: yes}\n")
    site_folder.put("a.md", record("Story", "topics: [A]"))
    site_folder.build()
    assert set(feeds(site_folder)) == {"all", "a"}
    (site_folder.folder / "topics" / "a.yaml").write_text("name: A\nparent: B")
    site_folder.build()
    assert set(feeds(site_folder)) == {"all", "a", "b"}
    assert (site_folder.output / "topics" / "b" / "feed.json").exists()
    (site_folder.folder / "topics" / "a.yaml").unlink()
    site_folder.build()
    assert set(feeds(site_folder)) == {"all", "a"}
    assert json.loads((site_folder.output / "topics" / "b" / "feed.json").read_bytes())["items"] == []


@pytest.mark.parametrize(("name", "topics", "root"), [("diablo4", 4, "Diablo 4"), ("google-cloud", 10, "Google Cloud")])
def test_topic_files_of_real_sites_are_read(name: str, topics: int, root: str, site_folder: SiteFolder) -> None:
    folder = CORPORA / name / "_data" / "topics"
    if not folder.is_dir():
        pytest.skip(f"no corpus at {folder}: it is not part of the repository")
    site_folder.configure(f"{CONFIG}topics: {{from: {json.dumps(str(folder))}}}\n")
    loaded = config.load(str(site_folder.folder / "config.yaml"))
    assert loaded.problems == ()
    assert len(loaded.selection.topics) == topics
    assert {topic.parent for topic in loaded.selection.topics[1:]} == {root}
    assert loaded.selection.topics[0].name == root
    assert all(topic.keywords for topic in loaded.selection.topics)
