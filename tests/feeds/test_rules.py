"""Tests of feed rules: the feeds, their entries and their order are a function of the entries and the configuration."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.feeds.rules import FeedItem, FeedKey, FeedRules, TopicNames, most_frequent_spelling, traits_of
from syndicate.feeds.slugs import marked_slug, slug, topic_key
from syndicate.model import CustomFeed, Entry, Feed, Person, Selection, Site, TopicSettings, Where

SITE = Site(title="Test Site", url="https://feeds.test/", authority="feeds.test,2026-03", home="https://www.test/")
START = datetime(2026, 1, 1, tzinfo=UTC)
bounded = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def entry(number: int, *topics: str, day: int | None = None, **more: Any) -> Entry:
    published = START + timedelta(days=number if day is None else day)
    base = {
        "id": f"urn:{number}", "path": f"{number}.md", "title": f"T{number}", "url": f"https://www.test/{number}",
        "published": published, "updated": published, "topics": topics,
    }  # fmt: skip
    return Entry(**base | more)


def newest_first(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda each: (each.published, each.id), reverse=True)


def plan(entries: Sequence[Entry], selection: Selection, site: Site) -> tuple[Feed, ...]:
    """Returns all feeds in the order of listings, as a build with a store computes them."""
    rules = FeedRules(selection, site)
    members: dict[tuple[str, str], list[Entry]] = {
        (feed_key.dimension, feed_key.key): [] for feed_key in rules.permanent_feeds()
    }
    spellings: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for each in entries:
        for feed_key in rules.feed_keys(traits_of(each)):
            members.setdefault((feed_key.dimension, feed_key.key), []).append(each)
            spellings[feed_key.dimension, feed_key.key][feed_key.name] += 1
    made = []
    for identity, grouped in members.items():
        feed_key = FeedKey(*identity, most_frequent_spelling((spellings[identity] or Counter([""])).items()))
        shown = [FeedItem(each.published, each.id, each.updated) for each in newest_first(grouped)[: selection.limit]]
        made.append(rules.feed(feed_key, len(grouped), shown))
    return tuple(sorted(made, key=lambda feed: rules.sort_key(feed.dimension, feed.slug)))


def matches(entry_: Entry, where: Where, topics: Sequence[TopicSettings] = ()) -> bool:
    return bool(FeedRules(Selection(where=where, topics=tuple(topics)), SITE).feed_keys(traits_of(entry_)))


def feeds(entries: Sequence[Entry], **selection: Any) -> dict[str, Feed]:
    made = plan(entries, Selection(**selection), SITE)
    assert len({feed.path for feed in made}) == len(made), "two feeds for one address"
    assert len({feed.id for feed in made}) == len(made), "two feeds of one identity"
    return {feed.path: feed for feed in made}


def numbers(feed: Feed) -> list[int]:
    return [int(entry_id.removeprefix("urn:")) for entry_id in feed.entry_ids]


# ---------------------------------------------------------------------------------------------------- order and limits


def test_newest_entry_is_first_and_equal_times_are_decided_by_the_id() -> None:
    entries = [entry(2, day=1), entry(10, day=1), entry(1, day=1), entry(3, day=2), entry(4, day=0)]
    assert numbers(feeds(entries)["all"]) == [3, 2, 10, 1, 4]


@pytest.mark.parametrize(
    ("limit", "shown"), [(1, [4]), (3, [4, 3, 2]), (5, [4, 3, 2, 1, 0]), (10**30, [4, 3, 2, 1, 0])]
)
def test_feed_lists_the_newest_entries_up_to_the_limit(limit: int, shown: list[int]) -> None:
    made = feeds([entry(number, "A") for number in range(5)], limit=limit)
    for feed in made.values():
        assert numbers(feed) == shown
        assert feed.total == 5
        assert feed.newest == START + timedelta(days=4)


def test_update_time_of_a_feed_is_the_latest_among_its_listed_entries() -> None:
    later = START + timedelta(days=99)
    entries = [entry(0, updated=later), entry(1), entry(2)]
    assert feeds(entries)["all"].updated == later
    assert feeds(entries, limit=2)["all"].updated == START + timedelta(days=2)


def test_empty_corpus_has_one_empty_feed_with_the_date_of_the_authority() -> None:
    (feed,) = plan([], Selection(), SITE)
    assert (feed.path, feed.entry_ids, feed.total, feed.newest) == ("all", (), 0, None)
    assert feed.updated == datetime(2026, 3, 1, tzinfo=UTC)
    assert plan([], Selection(all=False), SITE) == ()


# -------------------------------------------------------------------------------------------------------------- topics


def test_each_topic_has_a_feed() -> None:
    made = feeds([entry(1, "IBM AI", "C++"), entry(2, "IBM AI"), entry(3)])
    assert list(made) == ["all", f"topics/{slug('C++')}", "topics/ibm-ai"]
    assert numbers(made["topics/ibm-ai"]) == [2, 1]
    assert numbers(made["all"]) == [3, 2, 1]
    feed = made["topics/ibm-ai"]
    assert (feed.name, feed.slug, feed.dimension) == ("IBM AI", "ibm-ai", "topics")
    assert (feed.title, feed.id) == ("IBM AI – Test Site", "tag:feeds.test,2026-03:feed:topics/ibm%20ai")


@pytest.mark.parametrize(
    ("spellings", "frequent"),
    [
        (["AI", "ai", "AI"], "AI"),
        (["ai", "AI"], "AI"),  # equally frequent: the first by code points
        (["Ai", "ai", "ai"], "ai"),
        (["IBM  AI", "IBM AI", "IBM AI"], "IBM AI"),
    ],
)
def test_most_frequent_spelling_is_the_name(spellings: list[str], frequent: str) -> None:
    for order in (spellings, spellings[::-1]):
        (feed,) = plan([entry(number, name) for number, name in enumerate(order)], Selection(all=False), SITE)
        assert feed.name == frequent
        assert feed.total == len(spellings)


def test_entry_that_spells_a_topic_twice_is_listed_once() -> None:
    made = feeds([entry(1, "AI", "ai", "Café", "Cafe\u0301")])
    assert [feed.total for feed in made.values()] == [1, 1, 1]


def test_configured_topic_has_its_metadata_and_slug_but_the_id_of_its_name() -> None:
    topic = TopicSettings(name="C++", slug="cpp", title="The C++ Feed", description="All of it.")
    made = feeds([entry(1, "c++")], topics=(topic,))
    feed = made["topics/cpp"]
    assert (feed.name, feed.title, feed.description) == ("C++", "The C++ Feed", "All of it.")
    assert feed.id == feeds([entry(1, "c++")])[f"topics/{slug('c++')}"].id


def test_aliases_resolve_to_one_topic() -> None:
    topic = TopicSettings(name="Open Data", aliases=("Open Datasets", "OD"))
    made = feeds([entry(1, "open datasets"), entry(2, "od", "Open  Data"), entry(3, "Other")], topics=(topic,))
    assert numbers(made["topics/open-data"]) == [2, 1]
    assert made["topics/open-data"].name == "Open Data"
    assert list(made) == ["all", "topics/open-data", "topics/other"]


def test_configured_topic_without_entries_has_no_feed() -> None:
    assert list(feeds([entry(1, "A")], topics=(TopicSettings(name="B", slug="b"),))) == ["all", "topics/a"]


def test_configured_slug_does_not_replace_the_feed_of_another_topic() -> None:
    made = feeds([entry(1, "C++"), entry(2, "cpp"), entry(3, "CPP")], topics=(TopicSettings(name="C++", slug="cpp"),))
    assert numbers(made["topics/cpp"]) == [1]
    assert numbers(made[f"topics/{marked_slug('cpp')}"]) == [3, 2]


def test_slug_of_a_former_name_does_not_replace_the_feed_of_that_name() -> None:
    """`C#` was renamed with its slug kept; one old file still contains `C#`."""
    topics = (TopicSettings(name="C Sharp", slug=slug("C#")), TopicSettings(name="X", slug=marked_slug("C#", 26)[:-1]))
    made = feeds([entry(1, "C#"), entry(2, "C Sharp"), entry(3, "X")], topics=topics)
    assert numbers(made[f"topics/{slug('C#')}"]) == [2]
    assert numbers(made[f"topics/{marked_slug('C#', 26)}"]) == [1]


def test_feed_by_language_has_its_own_language() -> None:
    shown = [entry(1, language="pt-BR"), entry(2, "A", language="fr"), entry(3)]
    made = {
        feed.path: feed.language
        for feed in plan(shown, Selection(by=("language", "topics")), SITE._replace(language="en"))
    }
    assert made == {"all": "en", "language/fr": "fr", "language/pt--br": "pt-BR", "topics/a": "en"}


# ------------------------------------------------------------------------------------------------------------- parents

FAMILY = (
    TopicSettings(name="Cloud", aliases=("The Cloud",), parent="tech"),
    TopicSettings(name="Compute", parent="the cloud", keywords=("vm",), shortname="CPU"),
    TopicSettings(name="GPU", slug="gpus", parent="COMPUTE"),
    TopicSettings(name="Storage", parent="Cloud"),
)


def test_feed_of_a_parent_includes_the_entries_of_its_children() -> None:
    entries = [entry(1, "Gpu"), entry(2, "compute", "Storage"), entry(3, "the cloud", "GPU"), entry(4, "Other")]
    made = feeds(entries, topics=FAMILY, include_children=True)
    assert {path: numbers(feed) for path, feed in made.items() if path != "all"} == {
        "topics/tech": [3, 2, 1], "topics/cloud": [3, 2, 1], "topics/compute": [3, 2, 1], "topics/gpus": [3, 1],
        "topics/storage": [2], "topics/other": [4],
    }  # fmt: skip
    assert [made[f"topics/{name}"].name for name in ("tech", "cloud", "compute")] == ["tech", "Cloud", "Compute"]
    assert all(feed.total == len(numbers(feed)) for feed in made.values())


def test_entries_of_children_are_not_in_the_parent_feed_by_default() -> None:
    assert list(feeds([entry(1, "GPU")], topics=FAMILY)) == ["all", "topics/gpus"]


def test_parents_apply_to_topics_only() -> None:
    gpu = entry(1, category="GPU")
    made = feeds([gpu], by=("category",), topics=FAMILY, include_children=True)
    assert list(made) == ["all", "category/gpu"]
    below = CustomFeed(slug="c", title="C", where=Where(topics=("Cloud",)))
    assert feeds([entry(1, "GPU")], topics=FAMILY, include_children=True, custom=(below,))["custom/c"].total == 0


def test_entry_keeps_its_own_spelling_of_a_parent() -> None:
    rules = FeedRules(Selection(topics=FAMILY, include_children=True, all=False), SITE)
    feed_keys = rules.feed_keys(traits_of(entry(1, "GPU", "THE cloud")))
    assert sorted(feed_keys) == [
        FeedKey("topics", "cloud", "THE cloud"), FeedKey("topics", "compute", "Compute"),
        FeedKey("topics", "gpu", "GPU"), FeedKey("topics", "tech", "tech"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("feed_key", "parent", "shortname", "keywords"),
    [
        (FeedKey("topics", "gpu", ""), ("Compute", "topics/compute"), "", ()),
        (FeedKey("topics", "compute", ""), ("Cloud", "topics/cloud"), "CPU", ("vm",)),
        (FeedKey("topics", "cloud", ""), ("tech", "topics/tech"), "", ()),
        (FeedKey("topics", "tech", ""), None, "", ()),
        (FeedKey("topics", "unknown", ""), None, "", ()),
        (FeedKey("category", "compute", ""), None, "", ()),
        (FeedKey("custom", "compute", ""), None, "", ()),
        (FeedKey("all", "all", ""), None, "", ()),
    ],
)
def test_properties_of_a_topic(
    feed_key: FeedKey, parent: tuple[str, str] | None, shortname: str, keywords: tuple[str, ...]
) -> None:
    rules = FeedRules(Selection(topics=FAMILY), SITE)
    assert (rules.parent(feed_key), rules.shortname(feed_key), rules.keywords(feed_key)) == (
        parent,
        shortname,
        keywords,
    )


# ---------------------------------------------------------------------------------------------------- other dimensions


def test_any_dimension_can_have_feeds() -> None:
    shown = entry(
        1, "A", provider=Person(name="PC Magazine"), authors=(Person(name="Jane"), Person(name="Joe")), category="news",
        type="article", language="pt-BR", terms=(("series", ("One",)), ("extra.kind", ())),
    )  # fmt: skip
    by = ("topics", "provider", "author", "category", "type", "language", "series", "extra.kind", "absent")
    assert list(feeds([shown, entry(2)], by=by)) == [
        "all", "topics/a", "provider/pc-magazine", "author/jane", "author/joe", "category/news", "type/article",
        "language/pt--br", "series/one",
    ]  # fmt: skip


def test_settings_of_topics_apply_to_topics_only() -> None:
    topic = TopicSettings(name="News", slug="n", aliases=("Article",))
    made = feeds(
        [entry(1, "news", category="news", type="article")], by=("topics", "category", "type"), topics=(topic,)
    )
    assert list(made) == ["all", "topics/n", "category/news", "type/article"]


# ------------------------------------------------------------------------------------------------------------- filters

RICH = entry(1, "IBM AI", "C++", quality=60, heat=100, type="Article")
POOR = entry(2)
NAMES = (TopicSettings(name="IBM AI", aliases=("Watson",)),)

CONDITIONS = [
    (Where(), True, True),
    (Where(min_quality=60), True, False),
    (Where(min_quality=61), False, False),
    (Where(min_quality=-1), True, False),  # an entry without a value fails a minimum
    (Where(min_heat=100), True, False),
    (Where(min_heat=101), False, False),
    (Where(types=("article", "video")), True, False),
    (Where(types=("video",)), False, False),
    (Where(topics=("ibm  ai",)), True, False),
    (Where(topics=("watson",)), True, False),
    (Where(topics=("x", "c++")), True, False),
    (Where(topics=("x",)), False, False),
    (Where(min_quality=60, types=("video",)), False, False),
    (Where(min_quality=60, min_heat=100, types=("article",), topics=("C++",)), True, False),
]


@pytest.mark.parametrize(("where", "rich", "poor"), CONDITIONS, ids=[str(row[0])[5:] for row in CONDITIONS])
def test_every_condition_must_hold(where: Where, rich: bool, poor: bool) -> None:  # noqa: FBT001 - columns
    assert (matches(RICH, where, NAMES), matches(POOR, where, NAMES)) == (rich, poor)


def test_common_filter_applies_in_addition_to_the_filter_of_a_custom_feed() -> None:
    entries = [entry(number, "A", quality=number) for number in range(1, 6)]
    custom = (
        CustomFeed(slug="best", title="Best", where=Where(min_quality=4)),
        CustomFeed(slug="any", title="Any", description="D"),
        CustomFeed(slug="none", title="None", where=Where(min_quality=9)),
    )
    made = feeds(entries, where=Where(min_quality=2), custom=custom)
    assert {path: numbers(feed) for path, feed in made.items()} == {
        "all": [5, 4, 3, 2], "topics/a": [5, 4, 3, 2], "custom/best": [5, 4], "custom/any": [5, 4, 3, 2],
        "custom/none": [],
    }  # fmt: skip
    assert (made["custom/any"].title, made["custom/any"].description) == ("Any", "D")
    assert made["custom/none"].updated == datetime(2026, 3, 1, tzinfo=UTC)


# ---------------------------------------------------------------------------------------------------------- properties

NAMED = st.sampled_from(
    ["AI", "ai", "C++", "cpp", "C#", "a b", "a-b", "a--b", "con", "日本", slug("C#"), "A  B", "Café"]
)


@st.composite
def corpora(draw: st.DrawFn) -> list[Entry]:
    return [
        entry(
            number,
            *draw(st.lists(NAMED, max_size=3)),
            day=draw(st.integers(0, 3)),
            quality=draw(st.none() | st.integers(0, 5)),
            type=draw(st.sampled_from(["", "article", "video"])),
        )
        for number in range(draw(st.integers(0, 8)))
    ]


selections = st.builds(
    Selection,
    limit=st.integers(1, 5),
    by=st.sampled_from([(), ("topics",), ("topics", "type")]),
    all=st.booleans(),
    where=st.builds(Where, min_quality=st.none() | st.integers(0, 4), types=st.sampled_from([(), ("video",)])),
    custom=st.sampled_from([(), (CustomFeed(slug="ai", title="AI", where=Where(topics=("ai",))),)]),
    topics=st.sampled_from(
        [(), (TopicSettings(name="C++", slug="cpp"), TopicSettings(name="X", slug=slug("C#"), aliases=("a-b",)))]
    ),
)


@bounded
@given(corpora(), selections, st.randoms(use_true_random=False))
def test_feeds_are_a_function_of_the_set_of_entries(
    entries: list[Entry], selection: Selection, shuffler: random.Random
) -> None:
    shuffled = list(entries)
    shuffler.shuffle(shuffled)
    assert plan(shuffled, selection, SITE) == plan(entries, selection, SITE)


@bounded
@given(corpora(), selections)
def test_feeds_match_their_metadata_and_share_no_path_or_id(entries: list[Entry], selection: Selection) -> None:
    by_id = {each.id: each for each in entries}
    names = TopicNames(selection.topics)
    made = plan(entries, selection, SITE)
    assert len({feed.path for feed in made}) == len({feed.id for feed in made}) == len(made)
    for feed in made:
        shown = [by_id[entry_id] for entry_id in feed.entry_ids]
        assert shown == newest_first(shown)
        assert len(shown) == min(feed.total, selection.limit)
        assert all(matches(each, selection.where, selection.topics) for each in shown)
        assert feed.updated == max((each.updated for each in shown), default=datetime(2026, 3, 1, tzinfo=UTC))
        if feed.dimension == "topics":
            assert all(names.key(feed.name) in map(names.key, each.topics) for each in shown)


@bounded
@given(corpora())
def test_every_topic_of_every_entry_has_a_feed_that_contains_it(entries: list[Entry]) -> None:
    made = {
        topic_key(feed.name): feed for feed in plan(entries, Selection(limit=99), SITE) if feed.dimension == "topics"
    }
    for each in entries:
        for name in each.topics:
            assert each.id in made[topic_key(name)].entry_ids
