"""Feeds that begin when they have enough entries."""

from __future__ import annotations

import json
import shutil

import pytest
from support.sites import CONFIG, SiteFolder, record, tree


@pytest.fixture
def news(site_folder: SiteFolder) -> SiteFolder:
    site_folder.configure(f"{CONFIG}feeds: {{min_entries: 3, by: [topics, provider]}}\napi: {{public: true}}\n")
    for number in range(3):
        site_folder.put(f"a{number}.md", record(f"A{number}", "topics: [Many]"))
    for number in range(2):
        site_folder.put(f"b{number}.md", record(f"B{number}", "topics: [Few]"))
    return site_folder


def feeds(news: SiteFolder) -> list[str]:
    catalog = json.loads((news.output / "catalog.json").read_bytes())
    folders = {path.parent.relative_to(news.output).as_posix() for path in news.output.rglob("feed.rss")}
    assert folders == {item["rss"].removeprefix("https://feeds.test/").removesuffix("/feed.rss") for item in catalog}
    return sorted(folders)


def test_feed_begins_with_enough_entries_and_goes_on_with_fewer(news: SiteFolder) -> None:
    assert news.build().feeds == 2
    assert feeds(news) == ["all", "topics/many"]
    news.put("b2.md", record("B2", "topics: [Few]"))
    news.build()
    assert feeds(news) == ["all", "topics/few", "topics/many"]
    assert len(json.loads((news.output / "topics/few/feed.json").read_bytes())["items"]) == 3
    for number in range(2):
        (news.corpus / f"b{number}.md").unlink()
    news.build()
    assert feeds(news) == ["all", "topics/few", "topics/many"]


def test_entries_of_a_small_topic_are_in_the_feed_of_all_with_their_topic(news: SiteFolder) -> None:
    news.build()
    items = json.loads((news.output / "all/feed.json").read_bytes())["items"]
    assert sum(item["tags"] == ["Few"] for item in items) == 2


def test_change_of_the_number_applies_to_feeds_that_were_not_published(news: SiteFolder) -> None:
    news.build()
    configuration = (news.folder / "config.yaml").read_text(encoding="utf-8")
    news.configure(configuration.replace("min_entries: 3", "min_entries: 2"))
    news.build()
    assert feeds(news) == ["all", "topics/few", "topics/many"]
    news.configure(configuration.replace("min_entries: 3", "min_entries: 9"))
    assert news.build().removed == 0
    assert feeds(news) == ["all", "topics/few", "topics/many"]


def test_incremental_build_equals_one_from_nothing(news: SiteFolder) -> None:
    news.build()
    news.put("c.md", record("C", "topics: [Few, Other]", "provider: {name: P}"))
    news.build()
    incremental = tree(news.output)
    shutil.rmtree(news.output)
    shutil.rmtree(news.folder / ".syndicate")
    news.build()
    assert tree(news.output) == incremental
    assert feeds(news) == ["all", "topics/few", "topics/many"]
