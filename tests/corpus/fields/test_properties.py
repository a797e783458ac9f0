"""Any metadata results in an entry of valid values, a hidden record, or an error."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.fields import HUGE, PATH, bounded, context_with, problem_fields, record_of

from syndicate.values.keys import ALIASES

KEYS = st.one_of(
    st.sampled_from([key for keys in ALIASES.values() for key in keys] + ["published", "draft", "status", "removed"]),
    st.sampled_from([1, None, True, (1, 2)]),
    st.text(max_size=5),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.times(),
    st.datetimes(timezones=st.none() | st.timezones()), st.binary(max_size=4), st.text(max_size=12),
    st.sampled_from([1, -1]).map(lambda sign: sign * HUGE),
    st.sampled_from(["https://a.test/", "//x", "/x", "a, b", "a@b.c", "<iframe src='x'>", "javascript:x", "2020-1-1"]),
    st.sampled_from([{"a"}, ("a", 1), b"a"]),
)  # fmt: skip
INNER = st.sampled_from(
    ["url", "src", "title", "name", "webUrl", "ampWebUrl", "cdnAmpWebUrl", "provider", "domain", "width", "tags",
     "publishedDateTime", 1, None]
)  # fmt: skip
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(INNER, inner, max_size=3))
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def strings(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case tuple():
            return [text for item in value for text in strings(item)]
        case _:
            return []


@settings(bounded, max_examples=400)
@given(st.dictionaries(KEYS, VALUES, max_size=8), st.sampled_from([PATH, "\udcff.md", "2020-01-01-x.md", "x"]))
def test_any_metadata_results_in_a_valid_entry_or_a_hidden_record_or_an_error(
    metadata: dict[Any, Any], path: str
) -> None:
    context = context_with(dimensions=("topics", "series", "taxonomies.tags", "provider"))
    result = record_of({"title": "T", **metadata}, "", path, context)
    if result.entry is None:
        assert result.hidden or problem_fields(result, "error")
        return
    found = result.entry
    assert not any(FORBIDDEN.search(text) for text in strings(found._replace(path="")))
    assert found.published.utcoffset() == found.updated.utcoffset() == UTC.utcoffset(None)
    assert found.published <= found.updated
    for url in (found.url, found.amp_url, found.cdn_url, found.video_url, found.image and found.image.url):
        assert url is None or re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", url)
    assert found.title
    assert all(found.topics)
    assert all(story.title and story.url for story in found.related)
