"""Hypothesis strategies for records, and their conversion to entries and feed documents as in a build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from support import fields

from syndicate import formats
from syndicate.corpus.bodies import first_paragraph, resolve_links
from syndicate.corpus.context import SourceContext
from syndicate.formats import content
from syndicate.model import NO_ARCHIVES, ArchiveLinks, Entry, Feed, Presentation, Site, Tombstone

RENDERERS = {format_.name: format_.load() for format_ in formats.FEED_FORMATS}
SITE = Site(
    title="Test Site",
    url="https://feeds.test/",
    authority="feeds.test,2026",
    home="https://www.test/",
    description="What is tested.",
    language="en",
    rights="CC0",
    icon="https://www.test/icon.png",
    logo="https://www.test/logo.png",
    hubs=("https://hub.test/", "https://other.hub.test/ping?a=1&b=2"),
)
PLAIN = Presentation()
PATH = "_news/2026-01-31-a-story.md"
CONTEXT = SourceContext(authority=SITE.authority, home=SITE.home)

bounded = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def entry_of(metadata: Mapping[str, Any], body: str = "", path: str = PATH) -> Entry:
    """Returns the entry of a record, as the corpus stage creates it."""
    entry = fields.entry_of(metadata, body, path, CONTEXT)
    assert entry is not None, metadata
    return entry


def prepared(entry: Entry, presentation: Presentation = PLAIN) -> content.Prepared:
    """Returns an entry ready for rendering, with its body as HTML."""
    body = resolve_links(entry.body, lambda _: None).html
    summary = "" if entry.summary else first_paragraph(body)
    return content.prepare(entry, presentation, body, summary)


def documents(
    entries: Sequence[Entry],
    site: Site = SITE,
    presentation: Presentation = PLAIN,
    links: ArchiveLinks = NO_ARCHIVES,
) -> dict[str, bytes]:
    """Returns a document with all of the entries in each format."""
    shown = [prepared(entry, presentation) for entry in entries]
    return {
        name: renderer.render_document(
            feed_of(entries, site), site, [renderer.render_entry(each) for each in shown], links
        )
        for name, renderer in RENDERERS.items()
    }


def feed_of(entries: Sequence[Entry], site: Site = SITE) -> Feed:
    """Returns the feed that lists all of the entries."""
    return Feed(
        dimension="all",
        name=site.title,
        slug="all",
        path="all",
        id=f"tag:{site.authority}:feed:all/all",
        title=site.title,
        description=site.description or site.title,
        updated=max((entry.updated for entry in entries), default=datetime(2026, 1, 1, tzinfo=UTC)),
        newest=entries[0].published if entries else None,
        total=len(entries),
        entry_ids=tuple(entry.id for entry in entries),
        language=site.language,
    )


# ------------------------------------------------------------------------------------------------------- strategies

ARCHIVE_LINKS = [
    ArchiveLinks(prev_archive="2026-01"),
    ArchiveLinks("2026-01"),
    ArchiveLinks("2025-12", "2025-11", "2026-01"),
    ArchiveLinks("2025-12-31T23-0a", next_archive="2026-01"),
    ArchiveLinks(
        prev_archive="2026-01",
        tombstones=(
            Tombstone("tag:f.test,2026:a&<b>'\"", datetime(2026, 2, 1, 12, tzinfo=UTC)),
            Tombstone("https://x.test/é", datetime(2026, 1, 1, tzinfo=UTC)),
        ),
    ),
]

HOSTILE = [
    "]]>", "<![CDATA[", "<b>", "</title>", "<script>alert(1)</script>", "&amp;amp;#39;", "&#0;", "&#x1;", "&#xD800;",
    "\x00", "\x01\x1f\x7f\x9f", "\x85", "\u2028\u2029", "\ufffe\uffff", "\U0001ffff", "\ud800", "\udfff\ud800",
    "\ufeff", "\u202eevil\u202c", "e\u0301", "👩\u200d🔬", "{{ x }}", "<!--", "-->", '"\'`', "\\u0000", "\r\n\t", "%00",
    "a" * 5000,
]  # fmt: skip

texts = st.one_of(
    st.text(st.characters(), max_size=60),
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=8)), max_size=6).map("".join),
)
hosts = st.sampled_from(
    [
        "a.test",
        "www.example.com",
        "EXAMPLE.org",
        "münchen.example",
        "例え.テスト",
        "xn--bcher-kva.example",
        "a-b.c-d.test:8080",
        "☕.example",
    ]
)
addresses = st.builds(
    "{}://{}/{}".format,
    st.sampled_from(["https", "http", "HTTPS"]),
    hosts,
    st.one_of(texts, st.from_regex(r"[a-z0-9/.-]{1,20}(\?[a-z]=[%|&+ é]{0,4})?(#[a-z é]{0,6})?", fullmatch=True)),
)
whens = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
stories = st.fixed_dictionaries(
    {"title": texts, "webUrl": addresses},
    optional={
        "publishedDateTime": whens,
        "ampWebUrl": addresses,
        "provider": st.fixed_dictionaries({"name": texts}, optional={"domain": hosts}),
    },
)
metadata = st.fixed_dictionaries(
    {"title": texts.map("T{}".format), "publishedDateTime": whens},
    optional={
        "id": st.one_of(texts, addresses, st.uuids().map(str)),
        "excerpt": texts,
        "webUrl": addresses,
        "ampWebUrl": addresses,
        "cdnAmpWebUrl": addresses,
        "updatedDateTime": whens,
        "topics": st.lists(texts, max_size=5),
        "author": st.lists(st.one_of(texts, st.fixed_dictionaries({"name": texts, "url": addresses})), max_size=3),
        "provider": st.fixed_dictionaries({"name": texts}, optional={"domain": hosts}),
        "images": st.lists(
            st.fixed_dictionaries(
                {"url": addresses},
                optional={"width": st.integers(-5, 2_000_000), "height": st.integers(0, 3000), "title": texts},
            ),
            max_size=2,
        ),
        "enclosure": st.one_of(
            addresses,
            st.fixed_dictionaries(
                {"url": addresses},
                optional={"length": st.integers(-1, 2**40), "type": st.sampled_from(["audio/x", "?"])},
            ),
        ),
        "featuredContent": st.builds('<iframe src="{}"></iframe>'.format, addresses),
        "related": st.lists(stories, max_size=7),
        "lang": st.sampled_from(["de", "pt_BR", "ar", "zh-Hant-TW", "he", "klingon!", ""]),
        "type": texts,
        "category": texts,
    },
)
bodies = st.one_of(st.just(""), texts, st.lists(texts, max_size=4).map("\n\n".join))
entries = st.builds(entry_of, metadata, bodies)
