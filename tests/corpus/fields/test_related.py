"""Related stories and AMP cache addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from support.fields import context_with, dated_entry, dated_record, problem_fields

from syndicate.model import Presentation


def story(number: int, **more: Any) -> dict[str, Any]:
    return {"title": f"S{number}", "webUrl": f"https://s.test/{number}", **more}


@pytest.mark.parametrize(
    ("limit", "shown"), [(0, []), (1, ["S0"]), (3, ["S0", "S1", "S2"]), (9, ["S0", "S1", "S2", "S3"])]
)
def test_related_stories_are_limited_to_those_that_feeds_show(limit: int, shown: list[str]) -> None:
    context = context_with(presentation=Presentation(related_limit=limit))
    related = [None, story(0), {"title": "x"}, story(1), {"webUrl": "https://x.test"}, story(2), story(3)]
    assert [found.title for found in dated_entry(related=related, context=context).related] == shown


def test_related_story_holds_only_known_fields() -> None:
    full = story(
        1, excerpt="s3cret", secured="s3cret", quality=57, publishedDateTime="2020-06-09",
        provider={"name": "SCMP <news@x.test>", "domain": "x"}, ampWebUrl="https://amp.s.test/1",
    )  # fmt: skip
    (found,) = dated_entry(related=[full]).related
    assert found.provider == "SCMP"
    assert found.published == datetime(2020, 6, 9, tzinfo=UTC)
    assert found.cdn_url == "https://amp-s-test.cdn.ampproject.org/c/s/amp.s.test/1"
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ("x", "related.0"),
        ({"title": "x"}, "related.0"),
        ({"webUrl": "https://x.test/"}, "related.0"),
        ({"title": " <b></b>", "webUrl": "https://x.test/"}, "related.0"),
        ({"title": ["x"], "webUrl": "https://x.test/"}, "related.0"),
        ({"title": "x", "url": "ftp://x.test/"}, "related.0.url"),
        ({"title": "x", "webUrl": ["https://x.test/"]}, "related.0.webUrl"),
    ],
    ids=str,
)
def test_related_story_without_title_or_address_is_dropped_with_a_warning(item: object, field: str) -> None:
    result = dated_record({"related": [item]})
    assert result.entry is not None
    assert result.entry.related == ()
    assert problem_fields(result) == [field]


@pytest.mark.parametrize("related", ["x", {"title": "x", "webUrl": "https://x.test/"}, 7])
def test_related_value_that_is_not_a_list_is_reported(related: object) -> None:
    assert problem_fields(dated_record({"related": related})) == ["related"]


AMP = "https://a.test/x/amp"
COMPUTED = "https://a-test.cdn.ampproject.org/c/s/a.test/x/amp"
CACHED = [
    ("computed", {"ampWebUrl": AMP}, {}, COMPUTED, 0),
    ("stated, the same", {"ampWebUrl": AMP, "cdnAmpWebUrl": COMPUTED}, {}, COMPUTED, 0),
    ("stated, different", {"ampWebUrl": AMP, "cdnAmpWebUrl": "https://c.test/x"}, {}, "https://c.test/x", 1),
    ("stated alone", {"cdnAmpWebUrl": "https://c.test/x"}, {}, "https://c.test/x", 0),
    ("stated, invalid", {"ampWebUrl": AMP, "cdnAmpWebUrl": "ftp://c.test/x"}, {}, COMPUTED, 1),
    ("another cache", {"ampWebUrl": AMP}, {"amp_cache": "amp.x.com"}, "https://a-test.amp.x.com/c/s/a.test/x/amp", 0),
    ("a port", {"ampWebUrl": "https://a.test:8443/x"}, {}, None, 0),
    ("none", {}, {}, None, 0),
    ("switched off", {"ampWebUrl": AMP, "cdnAmpWebUrl": COMPUTED}, {"amp_links": False}, None, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "presentation", "cdn_url", "warnings"), [row[1:] for row in CACHED], ids=[row[0] for row in CACHED]
)
def test_amp_cache_url_is_stated_or_computed(
    metadata: dict[str, Any], presentation: dict[str, Any], cdn_url: str | None, warnings: int
) -> None:
    result = dated_record(metadata, context=context_with(presentation=Presentation(**presentation)))
    assert result.entry is not None
    assert result.entry.cdn_url == cdn_url
    assert result.entry.amp_url == metadata.get("ampWebUrl")
    assert len(result.problems) == warnings
