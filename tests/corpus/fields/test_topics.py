"""Topics and the values of other dimensions."""

from __future__ import annotations

from typing import Any

import pytest
from support.fields import HUGE, context_with, dated_entry, dated_record, label, problem_fields

from syndicate.config import Limits

TOPICS = [
    ({"topics": ["IBM AI", "AI"]}, ("IBM AI", "AI")),
    ({"topics": "IBM AI, AI"}, ("IBM AI", "AI")),
    ({"tags": "linux kernel"}, ("linux", "kernel")),
    ({"tags": "linux; kernel"}, ("linux", "kernel")),
    ({"tags": "free software; Doe, Jane; "}, ("free software", "Doe, Jane")),
    ({"keywords": "a,, b,"}, ("a", "b")),
    ({"category": "Open Data"}, ("Open Data",)),
    ({"categories": ["Open Data"]}, ("Open Data",)),
    ({"taxonomies": {"tags": ["a"], "categories": ["b"]}}, ("a",)),
    ({"taxonomies": {"Categories": ["b"]}}, ("b",)),
    ({"topics": [None], "tags": ["a"]}, ()),  # the seed's notation for no topics
    ({"topics": [], "tags": ["a"]}, ("a",)),
    ({"topics": None, "tags": ["a"]}, ("a",)),
    ({"topics": "", "tags": ["a"]}, ("a",)),
    ({"topics": {"a": 1}, "tags": ["a"]}, ("a",)),
    ({"topics": [2020, 3.5]}, ("2020", "3.5")),
    ({"topics": 2020}, ("2020",)),
    ({"topics": ["a", None, True, ["b"], {"c": 1}, "d"]}, ("a", "d")),
    ({"topics": ["AI", "ai", " Ai "]}, ("AI",)),
    ({"topics": ["R&amp;D", "<b>x</b>", "C++", "日本"]}, ("R&D", "x", "C++", "日本")),
    ({"topics": ["", " ", "\x00"]}, ()),
    ({"topics": [HUGE, "a"]}, ("a",)),
    ({}, ()),
]


@pytest.mark.parametrize(("metadata", "topics"), TOPICS, ids=[label(row[0]) for row in TOPICS])
def test_topics_are_a_list_or_one_text_with_separators(metadata: dict[str, Any], topics: tuple[str, ...]) -> None:
    assert dated_entry(metadata).topics == topics


def test_invalid_topic_is_reported_with_its_index() -> None:
    assert problem_fields(dated_record({"topics": ["a", None, True]})) == ["topics.1", "topics.2"]


TERMS = [
    ("series", {"series": "One Two"}, ("One Two",)),
    ("series", {"Series": ["a", "b", "A"]}, ("a", "b")),
    ("extra.kind", {"extra": {"Kind": "x"}}, ("x",)),
    ("game", {"game": {"name": "Diablo", "secret": "s"}}, ("Diablo",)),
    ("game", {"game": {"secret": "s"}}, ()),
    ("year", {"year": 2020}, ("2020",)),
    ("series", {}, ()),
    ("series", {"series": ""}, ()),
    ("series", {"series": True}, ()),
]


@pytest.mark.parametrize(("name", "metadata", "expected"), TERMS, ids=[str(row[1]) for row in TERMS])
def test_any_other_key_can_be_a_dimension(name: str, metadata: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert dated_entry(metadata, context=context_with(dimensions=("topics", name))).terms == ((name, expected),)


def test_record_has_no_more_topics_authors_and_values_than_the_limit() -> None:
    names = [f"n{number}" for number in range(5000)]
    context = context_with(dimensions=("topics", "author", "series"), limits=Limits(topics=3))
    result = dated_record({"tags": names, "authors": names, "series": names}, context=context)
    assert result.entry is not None
    assert result.entry.topics == ("n0", "n1", "n2")
    assert [person.name for person in result.entry.authors] == ["n0", "n1", "n2"]
    assert result.entry.terms == (("series", ("n0", "n1", "n2")),)
    assert [problem.message for problem in result.problems] == [
        "5,000 authors, of which at most 3 are kept",
        "5,000 topics, of which at most 3 are kept",
        "5,000 values, of which at most 3 are kept",
    ]
