"""The sample site: it builds to the committed tree, contains every case, and publishes nothing private."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from support.sites import NOW, ROOT, tree

from syndicate import config
from syndicate.pipeline import BuildSummary, build
from syndicate.values.keys import ALIASES

CORPUS = ROOT / "syndicate" / "sample" / "corpus"
COMMITTED = ROOT / "feeds"
# Keys that decide whether a record is published, and are not published themselves.
VISIBILITY_KEYS = {"published", "removed", "draft", "status"}


class File(NamedTuple):
    """A file of the sample, read independently of the package."""

    path: str
    raw: bytes
    data: dict[str, Any]
    body: str


@cache
def files() -> tuple[File, ...]:
    return tuple(_read(path) for path in sorted(CORPUS.rglob("*.md")))


def _read(path: Path) -> File:
    raw = path.read_bytes()
    text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    data: dict[str, Any]
    if text.startswith("+++"):
        _, header, body = text.split("+++", 2)
        data = tomllib.loads(header)
    elif text.startswith("---"):
        _, header, body = re.split(r"^---$", text, maxsplit=2, flags=re.MULTILINE)
        data = yaml.safe_load(header)
    else:
        header, body = text.split("\n\n", 1)
        data = {key.lower(): value for key, value in re.findall(r"^(\w+): (.*)$", header, re.MULTILINE)}
    return File(str(path.relative_to(CORPUS)), raw, data, body.strip())


def is_hidden(file: File) -> bool:
    data = file.data
    published = data.get("publishedDateTime")
    expires = data.get("expirydate")
    return (
        data.get("published") is False
        or data.get("removed") is True
        or data.get("draft") is True
        or data.get("status") == "draft"
        or (isinstance(published, datetime) and published > NOW)
        or (isinstance(expires, datetime) and expires <= NOW)
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuildSummary, dict[str, bytes]]:
    """Builds the root configuration into another folder. Returns the summary and the tree."""
    folder = tmp_path_factory.mktemp("sample")
    loaded = config.load(str(ROOT / "config.yaml"))
    summary = build(loaded._replace(output=str(folder / "feeds"), state=str(folder / "state")), NOW)
    return summary, tree(folder / "feeds")


# -------------------------------------------------------------------------------------------------- the same bytes


def test_root_configuration_builds_the_committed_tree(built: tuple[BuildSummary, dict[str, bytes]]) -> None:
    _, made = built
    committed = tree(COMMITTED)
    assert sorted(made) == sorted(committed)
    assert [path for path in made if made[path] != committed[path]] == []


def test_later_build_of_the_sample_changes_nothing(
    built: tuple[BuildSummary, dict[str, bytes]], tmp_path: Path
) -> None:
    loaded = config.load(str(ROOT / "config.yaml"))._replace(output=str(tmp_path / "f"), state=str(tmp_path / "s"))
    build(loaded, datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert tree(tmp_path / "f") == built[1]


def test_configurations_of_sample_and_repository_differ_in_two_paths_only() -> None:
    shipped = (ROOT / "syndicate" / "sample" / "config.yaml").read_text(encoding="utf-8")
    root = (ROOT / "config.yaml").read_text(encoding="utf-8")
    assert shipped == root.replace("syndicate/sample/corpus", "corpus").replace(
        "./docs/config.schema.json", "./config.schema.json"
    )


def test_sample_has_no_problem_and_every_file_is_counted(built: tuple[BuildSummary, dict[str, bytes]]) -> None:
    summary, _ = built
    assert summary.problems == ()
    assert summary.hidden == sum(map(is_hidden, files()))
    assert summary.entries + summary.merged + summary.hidden == len(files())


# --------------------------------------------------------------------------------------------- the cases of a corpus


def _image(file: File) -> dict[str, Any]:
    return (file.data.get("images") or [{}])[0]


CASES: dict[str, tuple[int, Callable[[File], object]]] = {
    "news records": (40, lambda f: f.path.startswith("_news/")),
    "an archive of older news": (2, lambda f: f.path.startswith("_archive/_news/")),
    "events, without category, with name and startDateTime": (
        3, lambda f: f.path.startswith("_events/") and f.data.get("startDateTime") and f.data.get("name")
    ),
    "CRLF line endings": (2, lambda f: b"\r\n" in f.raw),
    "a byte order mark": (1, lambda f: f.raw.startswith(b"\xef\xbb\xbf")),
    "no newline after the last fence": (1, lambda f: f.raw.endswith(b"\n---")),
    "empty bodies": (45, lambda f: not f.body),
    "Markdown bodies": (4, lambda f: f.body),
    "TOML front matter": (2, lambda f: f.raw.startswith(b"+++")),
    "Pelican's header lines": (2, lambda f: f.raw.startswith(b"Title: ")),
    "a Jekyll post": (1, lambda f: f.path.startswith("_posts/") and f.data.get("layout")),
    "no excerpt, or an empty one": (1, lambda f: f.path.startswith("_news/") and not f.data.get("excerpt")),
    "an excerpt of several lines": (1, lambda f: "\n" in f.data.get("excerpt", "")),
    "HTML entities": (3, lambda f: re.search(r"&#?\w+;", f"{f.data.get('title')}{f.data.get('excerpt')}")),
    "entities escaped twice": (1, lambda f: re.search(r"&amp;#?\w+;", f"{f.data.get('title')}{f.data.get('excerpt')}")),
    "midnight dates": (2, lambda f: str(f.data.get("publishedDateTime")).endswith("00:00:00+00:00")),
    "webUrl": (40, lambda f: f.data.get("webUrl")),
    "originalUrl alone": (1, lambda f: f.data.get("originalUrl") and not f.data.get("webUrl")),
    "news without any address": (
        1, lambda f: f.path.startswith("_news/") and not f.data.get("webUrl") and not f.data.get("originalUrl")
    ),
    "AMP and cache addresses": (15, lambda f: f.data.get("ampWebUrl") and f.data.get("cdnAmpWebUrl")),
    "an AMP address without a cache address": (2, lambda f: f.data.get("ampWebUrl") and not f.data.get("cdnAmpWebUrl")),
    "an AMP address with http:": (1, lambda f: str(f.data.get("ampWebUrl")).startswith("http:")),
    "an AMP address equal to webUrl": (1, lambda f: f.data.get("ampWebUrl") == f.data.get("webUrl", "-")),
    "videos with an iframe": (2, lambda f: f.data.get("type") == "video" and "<iframe" in f.data["featuredContent"]),
    "a quality of 0": (1, lambda f: f.data.get("quality") == 0),
    "no quality": (1, lambda f: "quality" not in f.data),
    "a quality above 100": (1, lambda f: (f.data.get("quality") or 0) > 100),
    "a heat of -1": (3, lambda f: f.data.get("heat") == -1),
    "published: true": (30, lambda f: f.data.get("published") is True),
    "published: false": (3, lambda f: f.data.get("published") is False),
    "published absent": (5, lambda f: "published" not in f.data),
    "removed": (1, lambda f: f.data.get("removed") is True),
    "a draft in TOML": (1, lambda f: f.data.get("draft") is True),
    "a draft as Pelican marks it": (1, lambda f: f.data.get("status") == "draft"),
    "an expired record": (1, lambda f: "expirydate" in f.data),
    "a record with a future date": (1, lambda f: f.path.startswith("_news/2199")),
    "a provider's domain with a path": (2, lambda f: "/" in (f.data.get("provider") or {}).get("domain", "")),
    "1 to 5 topics": (50, lambda f: 1 <= len(f.data.get("topics") or []) <= 5),
    "tags beside topics": (4, lambda f: f.data.get("tags") and f.data.get("topics")),
    "an image with & in its address": (2, lambda f: "&" in _image(f).get("url", "")),
    "an image with http:": (2, lambda f: _image(f).get("url", "").startswith("http:")),
    "an image without a file extension": (1, lambda f: _image(f) and "." not in _image(f)["url"].rpartition("/")[2]),
    "an image with a title": (30, lambda f: _image(f).get("title")),
    "a cached image": (1, lambda f: _image(f).get("isCached")),
    "related stories": (30, lambda f: f.data.get("related")),
    "more related stories than are shown": (1, lambda f: len(f.data.get("related") or []) > 5),
    "secured": (45, lambda f: re.fullmatch(r"[\w+/=]+;[\w+/=]+", f.data.get("secured", ""))),
    "another language, stated": (4, lambda f: f.data.get("lang") or f.data.get("locale")),
    "text from right to left": (1, lambda f: f.data.get("lang") == "ar"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_sample_contains(case: str) -> None:
    at_least, matches = CASES[case]
    assert sum(bool(matches(file)) for file in files()) >= at_least


def test_sample_contains_one_address_in_several_files(built: tuple[BuildSummary, dict[str, bytes]]) -> None:
    urls = [file.data["webUrl"] for file in files() if not is_hidden(file) and file.data.get("webUrl")]
    assert len(urls) - len(set(urls)) == built[0].merged == 2


def test_sample_contains_topics_whose_ids_are_not_slugs_of_their_names() -> None:
    topics = [yaml.safe_load(path.read_bytes()) for path in (CORPUS / "_data" / "topics").glob("*.yaml")]
    assert len(topics) >= 5
    assert sum(topic["_id"] != topic["name"].lower().replace(" ", "-") for topic in topics) >= 2


def test_names_with_punctuation_and_other_scripts_have_their_own_feeds(
    built: tuple[BuildSummary, dict[str, bytes]],
) -> None:
    catalog = json.loads(built[1]["catalog.json"])
    topics = {feed["name"]: feed for feed in catalog if feed["dimension"] == "topics"}
    wanted = {name for file in files() if not is_hidden(file) for name in file.data.get("topics") or []}
    assert {"C", "C++", "C#", "R&D", "Café Culture"} <= wanted
    assert any(not name.isascii() and not name.startswith("Café") for name in topics)
    folded = {" ".join(name.casefold().split()) for name in wanted}
    assert len(folded) < len(wanted)
    assert folded <= {name.casefold() for name in topics}
    assert len({feed["slug"] for feed in topics.values()}) == len(topics)


# ------------------------------------------------------------------------------------------- what is never published


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for item in value.values():
                yield from _leaves(item)
        case list():
            for item in value:
                yield from _leaves(item)
        case str():
            yield value


def test_secured_values_are_nowhere_in_the_output(built: tuple[BuildSummary, dict[str, bytes]]) -> None:
    everything = b"\n".join(built[1].values())
    secrets = [file.data["secured"] for file in files() if "secured" in file.data]
    assert len(secrets) > 40
    for secret in secrets:
        text, _, vector = secret.partition(";")
        half = len(text) // 2
        for piece in (secret, text, vector, text[:half], text[half:], text[:24], text[-24:]):
            assert piece.encode() not in everything
    assert b"secured" not in everything


def test_values_of_unknown_keys_are_nowhere_in_the_output(built: tuple[BuildSummary, dict[str, bytes]]) -> None:
    known = {key.partition(".")[0].lower() for keys in ALIASES.values() for key in keys} | VISIBILITY_KEYS
    everything = b"\n".join(built[1].values()).decode()
    private = {
        leaf
        for file in files()
        for key, value in file.data.items()
        if key.lower() not in known
        for leaf in _leaves(value)
    }
    private |= {leaf for file in files() for leaf in _leaves((file.data.get("provider") or {}).get("images"))}
    private = {leaf for leaf in private if len(leaf) > 7}
    assert {"Old Net Loft, Kelmouth", "PT12M08S"} <= private
    assert [leaf for leaf in private if leaf in everything] == []


@pytest.mark.parametrize(
    "key",
    [
        "isCached",
        "endDateTime",
        "reading_minutes",
        "expirydate",
        "featuredContent",
        "min_quality",
        '"heat"',
        '"quality"',
    ],
)
def test_names_of_keys_that_are_not_published_are_nowhere_in_the_output(
    key: str, built: tuple[BuildSummary, dict[str, bytes]]
) -> None:
    assert key.encode() not in b"\n".join(built[1].values())


def test_hidden_records_are_nowhere_in_the_output(built: tuple[BuildSummary, dict[str, bytes]]) -> None:
    everything = b"\n".join(built[1].values()).decode()
    hidden = [file for file in files() if is_hidden(file)]
    assert len(hidden) == 8
    for file in hidden:
        title, stem = file.data["title"], Path(file.path).stem
        for spelling in (title, title.replace("&", "&amp;"), stem, file.data.get("webUrl", title)):
            assert spelling not in everything, file.path


def test_every_visible_record_is_in_the_feed_of_all_within_the_limit(
    built: tuple[BuildSummary, dict[str, bytes]],
) -> None:
    ids = {item["id"] for item in json.loads(built[1]["all/feed.json"])["items"]}
    assert len(ids) == min(50, built[0].entries)
    paths = {f"tag:feeds.example.org,2026:{file.path}" for file in files() if not is_hidden(file)}
    assert len(ids & paths) >= len(ids) - sum("id" in file.data for file in files())
