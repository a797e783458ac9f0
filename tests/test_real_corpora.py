"""Builds corpora of real sites, and compares the feeds with a second reading of the corpus and with other parsers."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import feedparser
import pytest
import yaml
from reader import make_reader
from support.chains import ids, walk
from support.sites import tree

from syndicate import config
from syndicate.formats import names as format_names
from syndicate.pipeline import BuildSummary, build

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "corpora"
NOW = datetime(2026, 9, 1, tzinfo=UTC)
NEWS = ["google-cloud", "diablo4"]
LIMIT = 50


class Story(NamedTuple):
    """A file that feeds should show, as read without syndicate."""

    path: str
    title: str
    published: datetime
    url: str
    topics: tuple[str, ...]


class Built(NamedTuple):
    summary: BuildSummary
    files: dict[str, bytes]
    output: Path
    corpus: Path

    def catalog(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.files["catalog.json"])
        return found

    def items(self, feed: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.files[f"{feed}/feed.json"])["items"]
        return found


def built(name: str, folder: Path) -> Built:
    corpus = SHARED / name
    if not corpus.is_dir():
        pytest.skip(f"{corpus} does not exist: it is not part of the repository")
    (folder / "config.yaml").write_text(
        f'site: {{title: "The {name}", url: "https://feeds.test/{name}/", id: "feeds.test,2026", '
        f'home: "https://{name}.test/"}}\n'
        f"corpus: {{path: {json.dumps(str(corpus))}}}\n"
        f"feeds: {{by: [topics, type, language], limit: {LIMIT}}}\n"
        'hubs: ["https://hub.test/"]\n',
        encoding="utf-8",
    )
    summary = build(config.load(str(folder / "config.yaml")), NOW)
    return Built(summary, tree(folder / "feeds"), folder / "feeds", corpus)


@pytest.fixture(scope="module", params=NEWS)
def news(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(request.param, tmp_path_factory.mktemp(request.param))


@cache
def headers(corpus: Path) -> dict[str, dict[str, Any]]:
    """Returns the YAML front matter of every file that has some, by path."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(corpus.rglob("*.md")):
        header = re.split(r"^---\s*$", path.read_text(encoding="utf-8"), maxsplit=2, flags=re.MULTILINE)[1]
        try:
            found[str(path.relative_to(corpus))] = yaml.load(header, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            continue
    return found


def stories(corpus: Path) -> list[Story]:
    """Returns the files that feeds should show, by an independent statement of the rule."""
    found = []
    for path, data in headers(corpus).items():
        title = data.get("title") or data.get("name")
        named = re.match(r"\d{4}-\d\d-\d\d", path.rpartition("/")[2])
        when = data.get("publishedDateTime") or (named and date.fromisoformat(named[0])) or data.get("startDateTime")
        if data.get("published") is False or data.get("removed") is True or not title or not when:
            continue
        if not isinstance(when, datetime):
            when = datetime(when.year, when.month, when.day, tzinfo=UTC)
        url = data.get("webUrl") or data.get("originalUrl") or data.get("website") or path
        topics = data.get("topics") or data.get("tags") or data.get("category") or []
        names = topics if isinstance(topics, list) else [topics]
        found.append(Story(path, title, when.astimezone(UTC), url, tuple(key(name) for name in names if name)))
    return found


@cache
def groups(corpus: Path) -> list[list[Story]]:
    """Returns the files of each entry: those with the same address."""
    by_url: dict[str, list[Story]] = defaultdict(list)
    for story in stories(corpus):
        by_url[story.url].append(story)
    return list(by_url.values())


def key(name: str) -> str:
    return " ".join(str(name).casefold().split())


# ---------------------------------------------------------------------------------------------------- published entries


def test_every_visible_file_is_part_of_an_entry(news: Built) -> None:
    expected = groups(news.corpus)
    assert news.summary.entries == len(expected) > 300
    assert news.summary.merged == sum(len(group) - 1 for group in expected) > 0


def test_hidden_files_are_those_that_state_it(news: Built) -> None:
    hidden = [data for data in headers(news.corpus).values() if data.get("published") is False or data.get("removed")]
    assert news.summary.hidden == len(hidden) > 400


def test_every_topic_has_a_feed_that_counts_its_entries(news: Built) -> None:
    expected: dict[str, int] = defaultdict(int)
    for group in groups(news.corpus):
        for topic in {topic for story in group for topic in story.topics}:
            expected[topic] += 1
    found = {key(feed["name"]): feed["entries"] for feed in news.catalog() if feed["dimension"] == "topics"}
    assert found == dict(expected)
    assert len(found) >= 4


@pytest.mark.parametrize("kind", format_names())
def test_every_visible_entry_is_reachable_from_each_of_its_feeds(news: Built, kind: str) -> None:
    site = f"https://feeds.test/{news.corpus.name}/"
    expected: dict[str, set[str]] = defaultdict(set)
    for group in groups(news.corpus):
        first = min(group, key=lambda story: (story.published, story.path))
        for topic in {topic for story in group for topic in story.topics} | {"all"}:
            expected[topic].add(f"tag:feeds.test,2026:{quote(first.path)}")
    archived = 0
    for feed in news.catalog():
        if feed["dimension"] in {"all", "topics"}:
            pages = walk(news.output, feed[kind].removeprefix(site), site)
            archived += len(pages) - 1
            found = {unquote(one) for one in ids(pages)}
            assert found == {
                unquote(one) for one in expected["all" if feed["dimension"] == "all" else key(feed["name"])]
            }
    assert archived > 10


def test_every_feed_has_a_page_and_the_index_links_to_it(news: Built) -> None:
    index = news.files["index.html"].decode()
    for feed in news.catalog():
        path = feed["rss"].removeprefix(f"https://feeds.test/{news.corpus.name}/").replace("feed.rss", "index.html")
        assert path in news.files
        assert f'href="{path}"' in index


def test_feeds_show_the_newest_entries_in_order(news: Built) -> None:
    newest = sorted(groups(news.corpus), key=lambda group: min(story.published for story in group), reverse=True)
    dates = [min(story.published for story in group) for group in newest][:LIMIT]
    found = [datetime.fromisoformat(item["date_published"]) for item in news.items("all")]
    assert found == dates
    titles = {re.sub(r"&\w+;|\W", "", item["title"]) for item in news.items("all")}
    for group, published in zip(newest[:LIMIT], dates, strict=True):
        if published > dates[-1]:  # entries beyond the limit may have the date of the last one
            assert {re.sub(r"&\w+;|\W", "", story.title) for story in group} & titles, group


def test_feeds_of_topics_show_the_newest_entries_of_the_topic(news: Built) -> None:
    for feed in news.catalog():
        if feed["dimension"] != "topics":
            continue
        members = [g for g in groups(news.corpus) if any(key(feed["name"]) in story.topics for story in g)]
        dates = sorted((min(story.published for story in group) for group in members), reverse=True)[:LIMIT]
        shown = news.items(f"topics/{feed['slug']}")
        assert [datetime.fromisoformat(item["date_published"]) for item in shown] == dates
        assert datetime.fromisoformat(feed["newest"]) == dates[0]
        assert all(key(feed["name"]) in map(key, item["tags"]) for item in shown)


def test_an_entry_is_the_same_in_every_feed(news: Built) -> None:
    seen: dict[str, dict[str, Any]] = {}
    for feed in news.catalog():
        for item in news.items("all" if feed["dimension"] == "all" else f"{feed['dimension']}/{feed['slug']}"):
            assert seen.setdefault(item["id"], item) == item
    assert len(seen) >= LIMIT


def test_ids_are_the_paths_of_files_in_the_corpus(news: Built) -> None:
    paths = {f"tag:feeds.test,2026:{path}" for path in headers(news.corpus)}
    assert {item["id"] for item in news.items("all")} <= paths


def test_amp_cache_addresses_equal_those_of_the_records(news: Built) -> None:
    stated = {data["ampWebUrl"]: data["cdnAmpWebUrl"] for data in headers(news.corpus).values() if "ampWebUrl" in data}
    shown = [item["_amp"] for feed in news.catalog() if feed["dimension"] == "topics"
             for item in news.items(f"topics/{feed['slug']}") if "_amp" in item]  # fmt: skip
    assert shown
    assert [amp for amp in shown if stated.get(amp["url"], amp["cdn_url"]) != amp["cdn_url"]] == []


# -------------------------------------------------------------------------------------- values that are never published


def test_secured_values_appear_in_no_document(news: Built) -> None:
    # Each line once: feeds share most of theirs, and no piece has a line break.
    everything = b"\n".join({line for content in news.files.values() for line in content.split(b"\n")})
    secrets = [str(data["secured"]) for data in headers(news.corpus).values() if "secured" in data]
    assert len(secrets) > 700
    for secret in secrets:
        half = len(secret) // 2
        for piece in (secret[:20], secret[half : half + 20], secret.partition(";")[2][:20]):
            assert len(piece) == 20
            assert "\n" not in piece
            assert piece.encode() not in everything
    assert b"secured" not in everything


def test_problems_name_an_existing_file_and_position(news: Built) -> None:
    for problem in news.summary.problems:
        path = Path(problem.path)
        assert path.is_file()
        assert 1 <= problem.line <= len(path.read_bytes().splitlines())
        assert re.fullmatch(r"[^\n]+:\d+:\d+: [^\n]+: [^\n]+", str(problem))


# -------------------------------------------------------------------------------------------------------- other parsers


def assert_parsers_accept(made: Built, *, every: int = 1) -> None:
    """Asserts that feedparser and reader accept each (or each n-th) feed and find all of its entries."""
    feeds = [feed for feed in made.catalog() if feed["entries"]][::every]
    assert feeds
    with make_reader(":memory:", feed_root="") as reader:
        expected: dict[str, int] = {}
        for feed in feeds:
            folder = "all" if feed["dimension"] == "all" else f"{feed['dimension']}/{feed['slug']}"
            for name in ("rss", "atom", "json"):
                path = made.output / folder / f"feed.{name}"
                if name != "json":
                    found = feedparser.parse(path.read_bytes())
                    assert found.bozo == 0, (path, found.get("bozo_exception"))
                    assert len(found.entries) == min(feed["entries"], LIMIT)
                expected[str(path)] = min(feed["entries"], LIMIT)
                reader.add_feed(str(path))
        reader.update_feeds()
        kept = {feed.url: feed for feed in reader.get_feeds()}
        assert [feed for feed in kept.values() if feed.last_exception] == []
        assert {url: reader.get_entry_counts(feed=url).total for url in kept} == expected


def test_other_parsers_accept_every_feed(news: Built) -> None:
    assert_parsers_accept(news)


# ------------------------------------------------------------------------------------------ corpora of other generators


@pytest.mark.parametrize(
    ("name", "entries", "feeds", "problems", "losses"),
    [("letsencrypt", 70, 1, 0, 1), ("mawenbao", 150, 100, 0, 0), ("rust-blog", 700, 1, 4, 12)],
)
def test_corpora_of_other_generators_build(
    name: str, entries: int, feeds: int, problems: int, losses: int, tmp_path: Path
) -> None:
    made = built(name, tmp_path)
    files = len(list(made.corpus.rglob("*.md")))
    assert entries <= made.summary.entries <= files
    assert made.summary.entries + made.summary.hidden + made.summary.merged <= files
    assert made.summary.feeds >= feeds
    lost = [problem for problem in made.summary.problems if problem.field == "body"]
    assert len(made.summary.problems) - len(lost) <= problems
    assert len(lost) <= losses
    assert len(made.items("all")) == LIMIT
    assert all(item["content_html"].strip() and item["title"] for item in made.items("all"))
    assert_parsers_accept(made, every=max(1, made.summary.feeds // 5))


def test_bodies_of_other_generators_contain_no_template_tags_or_relative_addresses(tmp_path: Path) -> None:
    made = built("letsencrypt", tmp_path)
    for item in made.items("all"):
        assert not re.search(
            r"\{\{<|\{\{%|\{% ", re.sub(r"<(code|pre)>.*?</\1>", "", item["content_html"], flags=re.DOTALL)
        )
        assert not re.search(r'(?:href|src)="(?!https?://|mailto:)', item["content_html"])
