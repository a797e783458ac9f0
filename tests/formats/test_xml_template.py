"""A mould filled with the words of an entry or a feed gives the bytes that feedgen gives for itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.formats import xml
from syndicate.formats.xml_template import EntryParts, Extra, FeedParts
from syndicate.model import Person
from syndicate.values.text import strip_forbidden

TEXT = st.text(max_size=30).map(strip_forbidden)
SIGNS = st.text(alphabet="<>&\"'%s\r\n\t {}\ue000\ue0010123", max_size=12)
WORD = TEXT | SIGNS
SOME = WORD.filter(bool)
TIMES = st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - made aware
    lambda moment: moment.replace(microsecond=0)
)


def _extra(tag: str, text: str, attributes: list[tuple[str, str]]) -> Extra:
    return Extra((tag, tuple(name for name, _ in attributes)), (text, *(value for _, value in attributes)))


EXTRAS = st.builds(
    _extra,
    tag=st.sampled_from(["link", f"{{{xml.DC}}}creator", f"{{{xml.MEDIA}}}content"]),
    text=WORD,
    attributes=st.lists(
        st.tuples(st.sampled_from(["href", "rel", "title"]), WORD), max_size=3, unique_by=lambda a: a[0]
    ).map(tuple),
)
PARTS = st.builds(
    EntryParts,
    id=SOME,
    title=SOME,
    link=SOME,
    published=TIMES,
    updated=TIMES,
    summary=WORD,
    html=SOME,
    authors=st.lists(st.builds(Person, name=SOME, url=st.none() | SOME), max_size=2).map(tuple),
    categories=st.lists(SOME, max_size=3).map(tuple),
    language=st.sampled_from(["", "en", "ar"]),
    is_permalink=st.booleans(),
    extras=st.lists(EXTRAS, max_size=3).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(PARTS)
def test_filled_mould_is_what_feedgen_makes(parts: EntryParts) -> None:
    assert xml.rss_item(parts) == xml.cast_rss_item(parts)
    assert xml.atom_entry(parts) == xml.cast_atom_entry(parts)


FEEDS = st.builds(
    FeedParts,
    id=SOME,
    title=SOME,
    description=SOME,
    home=SOME,
    self_url=SOME,
    media_type=SOME,
    updated=TIMES,
    newest=st.none() | TIMES,
    author=SOME,
    language=st.sampled_from(["", "en", "ar"]),
    rights=WORD,
    icon=st.none() | SOME,
    logo=st.none() | SOME,
    extras=st.lists(EXTRAS | st.just(Extra((f"{{{xml.HISTORY}}}archive", ()), ("",))), max_size=3).map(tuple),
    stylesheet=st.just(""),
)


@settings(max_examples=300, deadline=None)
@given(FEEDS)
def test_filled_mould_of_a_feed_is_what_feedgen_makes(parts: FeedParts) -> None:
    assert xml.rss_shell(parts).head == xml.cast_rss_head(parts)
    assert xml.atom_shell(parts).head == xml.cast_atom_head(parts)


@pytest.mark.parametrize(
    "word", ["100 %s", "%", "%(x)s", "\ue0003\ue001", "Fri, 31 Dec 1999 23:59:58 +0000", '"', "&amp;"]
)
def test_words_that_look_like_marks_stay_words(word: str) -> None:
    moment = datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
    parts = EntryParts(
        id=word, title=word, link=word, published=moment, updated=moment, summary=word, html=word,
        authors=(Person(name=word),), categories=(word,), language="", is_permalink=False,
        extras=(xml.link("self", word, word, word),),
    )  # fmt: skip
    assert xml.rss_item(parts) == xml.cast_rss_item(parts)
    assert xml.atom_entry(parts) == xml.cast_atom_entry(parts)
