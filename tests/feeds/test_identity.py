"""Tests of identities, which are permanent `tag:` URIs, and of digests, which cover exactly what documents contain."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fields import record_of

from syndicate.corpus.context import SourceContext
from syndicate.feeds.identity import authority_date, digest, feed_id, path_id, stated_id
from syndicate.model import ContentWords, Enclosure, Entry, Image, Person, Presentation, Related

AUTHORITY = "feeds.test,2026"
DAY = datetime(2026, 1, 31, tzinfo=UTC)
PLAIN = Presentation()
bounded = settings(max_examples=200, deadline=None, derandomize=True, database=None)

IMAGE = Image(url="https://i.test/", width=1, height=2, title="t")
PERSON = Person(name="p", url="https://p.test/")
RELATED = Related(
    title="r", url="https://r.test/", published=DAY, provider="p", amp_url="https://a.test/", cdn_url="https://c.test/"
)
ENTRY = Entry(
    id="tag:feeds.test,2026:x.md", path="x.md", title="T", url="https://www.test/x/", published=DAY, updated=DAY,
    authors=(PERSON,), provider=PERSON, image=IMAGE, related=(RELATED,), quality=1, heat=1, terms=(("series", ("s",)),),
)  # fmt: skip

# Every field of an entry is in one of the two, so a new field fails the test until it is classified.
PUBLISHED: dict[str, Any] = {
    "id": "tag:feeds.test,2026:y.md",
    "title": "U",
    "url": "https://www.test/y/",
    "published": DAY.replace(hour=1),
    "updated": DAY.replace(hour=1),
    "summary": "s",
    "body": "b",
    "authors": (),
    "provider": None,
    "topics": ("t",),
    "category": "c",
    "type": "t",
    "language": "de",
    "image": None,
    "enclosure": Enclosure("https://www.test/a.mp3", "audio/mpeg", 1),
    "video_url": "https://v.test/",
    "amp_url": "https://a.test/",
    "cdn_url": "https://c.test/",
    "related": (),
}
NOT_PUBLISHED: dict[str, Any] = {"path": "moved/x.md", "quality": 2, "heat": None, "terms": ()}


def test_every_field_of_an_entry_is_classified() -> None:
    assert PUBLISHED.keys() | NOT_PUBLISHED.keys() == set(Entry._fields)
    assert not PUBLISHED.keys() & NOT_PUBLISHED.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_digest_changes_with_every_published_field(name: str) -> None:
    changed = ENTRY._replace(**{name: PUBLISHED[name]})
    assert changed != ENTRY
    assert digest(changed, PLAIN) != digest(ENTRY, PLAIN)


@pytest.mark.parametrize("name", NOT_PUBLISHED)
def test_digest_does_not_change_with_fields_that_only_select_entries(name: str) -> None:
    changed = ENTRY._replace(**{name: NOT_PUBLISHED[name]})
    assert changed != ENTRY
    assert digest(changed, PLAIN) == digest(ENTRY, PLAIN)


OTHER: dict[str, Any] = {
    "title": "x", "url": "https://x.test/", "published": None, "provider": "x", "amp_url": None, "cdn_url": None,
    "name": "x", "width": None, "height": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("held", "part", "name"),
    [
        (held, part, name)
        for held, part in (("image", IMAGE), ("provider", PERSON), ("authors", PERSON), ("related", RELATED))
        for name in part._fields
    ],
    ids=str,
)
def test_digest_changes_with_every_field_of_nested_values(held: str, part: Any, name: str) -> None:
    changed = part._replace(**{name: OTHER[name]})
    value = (changed,) if held in {"authors", "related"} else changed
    assert digest(ENTRY._replace(**{held: value}), PLAIN) != digest(ENTRY, PLAIN)


STORY: dict[str, Any] = {
    "title": "T",
    "date": DAY,
    "webUrl": "https://www.test/x/",
    "ampWebUrl": "https://www.test/x/amp",
    "related": [{"title": f"R{number}", "webUrl": f"https://r.test/{number}"} for number in range(5)],
}


@pytest.mark.parametrize(
    "presentation",
    [
        Presentation(link="amp"),
        Presentation(related_limit=4),
        Presentation(amp_cache="x.test"),
        Presentation(amp_links=False),
        Presentation(content=("image",)),
        Presentation(language="de"),
        Presentation(words=(ContentWords("de", related="Mehr"),)),
    ],
)
def test_digest_changes_with_the_presentation(presentation: Presentation) -> None:
    """The digest covers how the content is composed; parsing applies the other settings to the entry."""

    def of(shown: Presentation) -> str:
        context = SourceContext(authority=AUTHORITY, home="https://www.test/", presentation=shown)
        entry = record_of(STORY, "", "x.md", context).entry
        assert entry is not None
        return digest(entry, shown)

    assert of(presentation) != of(PLAIN)


def test_digest_changes_with_the_choice_of_the_link() -> None:
    assert digest(ENTRY, Presentation(link="amp")) != digest(ENTRY, PLAIN)


def test_every_setting_of_the_presentation_is_tested_above() -> None:
    assert set(Presentation._fields) == {
        "link", "related_limit", "amp_cache", "amp_links", "content", "language", "words",
    }  # fmt: skip


def test_digest_does_not_depend_on_the_process_or_the_time_zone() -> None:
    """Otherwise every run would change every document and ping every hub."""
    import os
    import subprocess
    import sys

    code = "import test_identity as t; from syndicate.feeds.identity import digest; print(digest(t.ENTRY, t.PLAIN))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": ":".join([os.path.dirname(__file__), *sys.path]), "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "UTC"))
    }
    assert printed == {digest(ENTRY, PLAIN)}
    assert re.fullmatch(r"[0-9a-f]{32}", digest(ENTRY, PLAIN))


@bounded
@given(st.text(), st.text())
def test_moving_text_between_fields_changes_the_digest(first: str, second: str) -> None:
    one = ENTRY._replace(title=first, summary=second)
    other = ENTRY._replace(title=first + second, summary="")
    assert (digest(one, PLAIN) == digest(other, PLAIN)) == (one == other)


# ----------------------------------------------------------------------------------------------------------- identities

URI = re.compile(r"tag:feeds\.test,2026:[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*")
paths = st.text(st.characters(exclude_categories=["Cs"])) | st.binary(max_size=8).map(
    lambda name: name.decode("utf-8", "surrogateescape")
)


@bounded
@given(paths, paths)
def test_path_ids_are_distinct_uris(first: str, second: str) -> None:
    same = normalize("NFC", first) == normalize("NFC", second)
    assert (path_id(AUTHORITY, first) == path_id(AUTHORITY, second)) == same
    assert URI.fullmatch(path_id(AUTHORITY, first))


texts = st.text(st.characters(exclude_categories=["Cs"]))


@bounded
@given(texts, texts, st.sampled_from(["topics", "provider", "all"]), st.sampled_from(["topics", "custom"]))
def test_feed_ids_and_stated_ids_are_distinct_uris(first: str, second: str, one: str, other: str) -> None:
    same = (one, first) == (other, second)
    assert (feed_id(AUTHORITY, one, first) == feed_id(AUTHORITY, other, second)) is same
    assert (stated_id(AUTHORITY, first) == stated_id(AUTHORITY, second)) == (first == second)
    assert URI.fullmatch(feed_id(AUTHORITY, one, first))
    assert URI.fullmatch(stated_id(AUTHORITY, first))


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        ("feeds.test,2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("feeds.test,2026-03", datetime(2026, 3, 1, tzinfo=UTC)),
        ("jane@feeds.test,2026-03-09", datetime(2026, 3, 9, tzinfo=UTC)),
    ],
)
def test_authority_contains_a_date(authority: str, expected: datetime) -> None:
    assert authority_date(authority) == expected


@pytest.mark.parametrize(
    "authority", ["feeds.test", "", "feeds.test,", "feeds.test,soon", "feeds.test,2026-02-31", "x,0000"]
)
def test_authority_without_a_date_is_an_error(authority: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        authority_date(authority)
