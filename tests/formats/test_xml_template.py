"""Tests that filled templates equal what feedgen builds for the same entry or feed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.formats import feedgen_builder, xml
from syndicate.formats import xml_elements as elements
from syndicate.formats.xml_template import EntryFields, Extension, FeedFields
from syndicate.model import Person
from syndicate.values.text import strip_forbidden

TEXT = st.text(max_size=30).map(strip_forbidden)
SIGNS = st.text(alphabet="<>&\"'%s\r\n\t {}\ue000\ue0010123", max_size=12)
ANY_TEXT = TEXT | SIGNS
NON_EMPTY = ANY_TEXT.filter(bool)
TIMES = st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - made aware
    lambda time: time.replace(microsecond=0)
)


def _extension(tag: str, text: str, attributes: list[tuple[str, str]]) -> Extension:
    return Extension((tag, tuple(name for name, _ in attributes)), (text, *(value for _, value in attributes)))


EXTENSIONS = st.builds(
    _extension,
    tag=st.sampled_from(["link", "updated", f"{{{elements.DC}}}creator", f"{{{elements.MEDIA}}}content"]),
    text=ANY_TEXT,
    attributes=st.lists(
        st.tuples(st.sampled_from(["href", "rel", "title"]), ANY_TEXT), max_size=3, unique_by=lambda a: a[0]
    ).map(tuple),
)
ENTRIES = st.builds(
    EntryFields,
    id=NON_EMPTY,
    title=ANY_TEXT,
    link=NON_EMPTY,
    published=TIMES,
    updated=TIMES,
    summary=ANY_TEXT,
    html=NON_EMPTY,
    authors=st.lists(st.builds(Person, name=NON_EMPTY, url=st.none() | NON_EMPTY), max_size=2).map(tuple),
    categories=st.lists(NON_EMPTY, max_size=3).map(tuple),
    language=st.sampled_from(["", "en", "ar"]),
    is_permalink=st.booleans(),
    enclosure=st.none() | st.tuples(NON_EMPTY, NON_EMPTY, NON_EMPTY),
    extensions=st.lists(EXTENSIONS, max_size=3).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(ENTRIES)
def test_filled_template_of_an_entry_equals_the_output_of_feedgen(fields: EntryFields) -> None:
    assert xml.rss_item(fields) == feedgen_builder.build_rss_item(fields)
    titled = fields._replace(title=fields.title or "T")  # Atom requires one
    assert xml.atom_entry(titled) == feedgen_builder.build_atom_entry(titled)


FEEDS = st.builds(
    FeedFields,
    id=NON_EMPTY,
    title=NON_EMPTY,
    description=NON_EMPTY,
    home=NON_EMPTY,
    self_url=NON_EMPTY,
    media_type=NON_EMPTY,
    updated=TIMES,
    newest=st.none() | TIMES,
    author=NON_EMPTY,
    language=st.sampled_from(["", "en", "ar"]),
    rights=ANY_TEXT,
    icon=st.none() | NON_EMPTY,
    logo=st.none() | NON_EMPTY,
    extensions=st.lists(EXTENSIONS | st.just(Extension((f"{{{elements.HISTORY}}}archive", ()), ("",))), max_size=3).map(
        tuple
    ),
    stylesheet=st.just(""),
)


@settings(max_examples=300, deadline=None)
@given(FEEDS)
def test_filled_template_of_a_feed_equals_the_output_of_feedgen(fields: FeedFields) -> None:
    assert xml.rss_frame(fields).head == feedgen_builder.build_rss_head(fields)
    assert xml.atom_frame(fields).head == feedgen_builder.build_atom_head(fields)


@pytest.mark.parametrize(
    "text", ["100 %s", "%", "%(x)s", "\ue0003\ue001", "Fri, 31 Dec 1999 23:59:58 +0000", '"', "&amp;"]
)
def test_texts_that_resemble_placeholders_are_unchanged(text: str) -> None:
    time = datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
    fields = EntryFields(
        id=text, title=text, link=text, published=time, updated=time, summary=text, html=text,
        authors=(Person(name=text),), categories=(text,), language="", is_permalink=False,
        enclosure=(text, text, text),
        extensions=(elements.link("self", text, text, text),),
    )  # fmt: skip
    assert xml.rss_item(fields) == feedgen_builder.build_rss_item(fields)
    assert xml.atom_entry(fields) == feedgen_builder.build_atom_entry(fields)
