"""Names in the configuration that match nothing."""

from __future__ import annotations

import pytest
from support.sites import CONFIG, SiteFolder, record

NAMED = [
    (  # no entry passes the filter, so no name is known
        "feeds: {where: {topics: [Opne Science]}}",
        ["7:26: feeds.where.topics: no entry has the topic 'Opne Science'"],
    ),
    (
        "feeds: {where: {topics: [Robots, Opne Science]}}",
        ["7:34: feeds.where.topics: no entry has the topic 'Opne Science'; did you mean 'open science'?"],
    ),
    (
        "feeds: {custom: {x: {title: X, where: {topics: [Robotz]}}}}",
        ["7:49: feeds.custom.x.where.topics: no entry has the topic 'Robotz'; did you mean 'robots'?"],
    ),
    (
        "feeds: {custom: {x: {title: X, where: {topics: [Elsewhere]}}}}",
        ["7:49: feeds.custom.x.where.topics: no entry has the topic 'Elsewhere'"],
    ),
    (
        "topics: {Robotz: {title: R}}",
        ["7:18: topics.Robotz: no entry has the topic 'Robotz'; did you mean 'robots'? (warning)"],
    ),
    (
        "feeds: {by: [topics, sereis]}",
        ["7:22: feeds.by: no record has the key 'sereis'; did you mean 'series'? (warning)"],
    ),
    # names that are known, or may be there before the first entry
    ("feeds: {where: {topics: [robots, OPEN  science]}}", []),
    ("feeds: {where: {topics: [Robots, AI, Machines]}}\ntopics: {AI: {}, Robots: {parent: Machines}}", []),
    ("feeds: {custom: {x: {title: X, where: {topics: [Robotz]}}}}\ntopics: {Robots: {aliases: [Robotz]}}", []),
    ("topics: {Quantum: {title: Q}, Robots: {title: R}}", []),
    ("feeds: {by: [provider], custom: {x: {title: X, where: {topics: [Robotz]}}}}", []),  # topics are not collected
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), NAMED)
def test_name_that_matches_nothing_is_reported_with_a_similar_one(
    text: str, expected: list[str], site_folder: SiteFolder
) -> None:
    site_folder.put("a.md", record("A", "topics: [Robots, Open Science]", "series: s"))
    site_folder.configure(f"{CONFIG}{text}\n")
    for _ in range(2):  # a later run knows the same
        problems = [str(problem).partition("config.yaml:")[2] for problem in site_folder.build().problems]
        assert problems == expected


def test_site_without_entries_has_no_unmatched_names(site_folder: SiteFolder) -> None:
    site_folder.configure(f"{CONFIG}feeds: {{by: [topics, sereis]}}\n")
    assert [problem.field for problem in site_folder.build().problems] == ["corpus[0].include"]
