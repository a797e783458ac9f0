"""A mould filled with an entry's words gives the bytes that feedgen gives for the entry itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.feeds import xml
from syndicate.feeds.moulds import EntryParts, Extra
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
