"""Which key says what, who may see it, when; and that nothing else leaves a record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.corpus.fields import Profile, Reading, read
from syndicate.model import Entry, Image, Person, Presentation
from syndicate.values.keys import ALIASES

HOME = "https://www.test/"
AUTHORITY = "feeds.test,2026"
PATH = "notes/a-story.md"
PROFILE = Profile(authority=AUTHORITY, home=HOME)
DAY = datetime(2026, 1, 31, tzinfo=UTC)
HUGE = 16**5000  # Python refuses to write it out

bounded = settings(
    max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def label(value: object) -> str:
    """A row's name."""
    try:
        return ascii(value)[:50]
    except ValueError:
        return "a huge number"


def reading(
    metadata: Mapping[Any, Any], body: str = "", path: str = PATH, profile: Profile = PROFILE, **more: Any
) -> Reading:
    """What a record with a title and a date says, when these are not given."""
    return read({"title": "T", "date": DAY, **metadata, **more}, body, path, profile)


def entry(
    metadata: Mapping[Any, Any] = {}, body: str = "", path: str = PATH, profile: Profile = PROFILE, **more: Any
) -> Entry:
    found = reading(metadata, body, path, profile, **more).entry
    assert found is not None
    return found


def with_profile(**changes: Any) -> Profile:
    return Profile(**{"authority": AUTHORITY, "home": HOME} | changes)


def nested(key: str, value: object) -> dict[str, Any]:
    """A dotted key as the metadata that it names."""
    first, _, rest = key.partition(".")
    return {first: nested(rest, value) if rest else value}


# ------------------------------------------------------------------------------------------------ which key says what

# For each field: a value for the n-th of its keys, and what is then to be read where. Later dates come first, since a
# record is withheld until the last of some.
HELD: dict[str, Any] = {
    "id": (lambda n: f"i{n}", lambda e: e.id, lambda n: f"tag:{AUTHORITY}:id:i{n}"),
    "title": (lambda n: f"t{n}", lambda e: e.title, lambda n: f"t{n}"),
    "url": (lambda n: f"https://u.test/{n}", lambda e: e.url, lambda n: f"https://u.test/{n}"),
    "published": (
        lambda n: date(2026, 1, 20 - n),
        lambda e: e.published,
        lambda n: datetime(2026, 1, 20 - n, tzinfo=UTC),
    ),
    "updated": (lambda n: date(2026, 3, 1 + n), lambda e: e.updated, lambda n: datetime(2026, 3, 1 + n, tzinfo=UTC)),
    "summary": (lambda n: f"s{n}", lambda e: e.summary, lambda n: f"s{n}"),
    "topics": (lambda n: [f"t{n}", "x"], lambda e: e.topics, lambda n: (f"t{n}", "x")),
    "author": (lambda n: f"a{n}", lambda e: e.authors, lambda n: (Person(name=f"a{n}"),)),
    "provider": (lambda n: f"p{n}", lambda e: e.provider, lambda n: Person(name=f"p{n}")),
    "image": (lambda n: f"/i{n}", lambda e: e.image, lambda n: Image(url=f"https://www.test/i{n}")),
    "language": (lambda n: ["de", "fr", "it", "es"][n], lambda e: e.language, lambda n: ["de", "fr", "it", "es"][n]),
    "category": (lambda n: f"c{n}", lambda e: e.category, lambda n: f"c{n}"),
    "type": (lambda n: f"k{n}", lambda e: e.type, lambda n: f"k{n}"),
    "amp": (lambda n: f"https://a.test/{n}", lambda e: e.amp_url, lambda n: f"https://a.test/{n}"),
    "cdn": (lambda n: f"https://c.test/{n}", lambda e: e.cdn_url, lambda n: f"https://c.test/{n}"),
    "video": (
        lambda n: f'<iframe src="https://v.test/{n}">',
        lambda e: e.video_url,
        lambda n: f"https://v.test/{n}",
    ),
    "related": (
        lambda n: [{"title": f"r{n}", "webUrl": "https://r.test/"}],
        lambda e: [story.title for story in e.related],
        lambda n: [f"r{n}"],
    ),
    "quality": (lambda n: 10 + n, lambda e: e.quality, lambda n: 10 + n),
    "heat": (lambda n: 20 + n, lambda e: e.heat, lambda n: 20 + n),
    "slug": (lambda n: f"g{n}", lambda e: e.url, lambda n: f"https://www.test/notes/g{n}/"),
    "path": (lambda n: f"/h{n}", lambda e: e.url, lambda n: f"https://www.test/h{n}/"),
    "expires": (lambda n: date(2027, 1, 1 + n), None, lambda n: datetime(2027, 1, 1 + n, tzinfo=UTC)),
}


def test_every_field_of_the_vocabulary_is_in_the_table() -> None:
    assert HELD.keys() == ALIASES.keys()


@pytest.mark.parametrize(
    ("name", "index", "spell"),
    [
        (name, index, spell)
        for name, keys in ALIASES.items()
        for index in range(len(keys))
        for spell in (str, str.upper, str.capitalize)
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_field_is_read_from_its_first_key_that_is_there_in_any_case(name: str, index: int, spell: Any) -> None:
    value, shown, expected = HELD[name]
    metadata: dict[str, Any] = {"title": "T", "publishedDateTime": date(2025, 1, 1)}
    if name in {"title", "published"}:
        metadata.pop({"title": "title", "published": "publishedDateTime"}[name])
    for number, key in reversed(list(enumerate(ALIASES[name]))):
        if number >= index:
            for first, held in nested(key, value(number)).items():
                target = metadata.setdefault(spell(first), {})
                if isinstance(held, dict):
                    target |= {spell(inner): item for inner, item in held.items()}
                else:
                    metadata[spell(first)] = held
    result = read(metadata, "", PATH, PROFILE)
    assert result.entry is not None, result
    assert (shown(result.entry) if shown else result.expires) == expected(index)


@pytest.mark.parametrize("name", ALIASES)
def test_configured_key_comes_before_the_known_ones(name: str) -> None:
    value, shown, expected = HELD[name]
    known = {} if name == "published" else nested(ALIASES[name][0], value(1))
    metadata = {"title": "T", "date": date(2025, 1, 1)} | known | {"Extra": {"Mine": value(0)}}
    result = read(metadata, "", PATH, with_profile(aliases={name: ("extra.mine",)}))
    assert result.entry is not None, result
    assert (shown(result.entry) if shown else result.expires) == expected(0)


def test_seed_record_is_read_whole() -> None:
    found = entry(
        {
            "category": "news",
            "title": "IBM Ditches",
            "excerpt": "A letter &amp;#39;to&#39; Congress",
            "publishedDateTime": datetime(2020, 6, 9, 11, tzinfo=UTC),
            "webUrl": "https://uk.pcmag.com/1",
            "ampWebUrl": "https://uk.pcmag.com/1?amp=1",
            "type": "article",
            "quality": 74,
            "heat": 104,
            "published": True,
            "provider": {"name": "PC Magazine", "domain": "pcmag.com", "images": [{"url": "https://x.test/"}]},
            "topics": ["IBM AI", "AI"],
            "images": [{"url": "http://sm.pcmag.com/x?a=1&b=2", "width": 620, "height": 349, "isCached": True}],
            "secured": "c2VjcmV0;aXY=",
        },
        path="_news/2020-06-09-ibm.md",
    )
    assert found == Entry(
        id=f"tag:{AUTHORITY}:_news/2020-06-09-ibm.md",
        path="_news/2020-06-09-ibm.md",
        title="IBM Ditches",
        url="https://uk.pcmag.com/1",
        published=datetime(2020, 6, 9, 11, tzinfo=UTC),
        updated=datetime(2020, 6, 9, 11, tzinfo=UTC),
        summary="A letter 'to' Congress",
        provider=Person(name="PC Magazine", url="https://pcmag.com"),
        topics=("IBM AI", "AI"),
        category="news",
        type="article",
        image=Image(url="http://sm.pcmag.com/x?a=1&b=2", width=620, height=349),
        amp_url="https://uk.pcmag.com/1?amp=1",
        cdn_url="https://uk-pcmag-com.cdn.ampproject.org/c/s/uk.pcmag.com/1?amp=1",
        quality=74,
        heat=104,
    )


# --------------------------------------------------------------------------------------------------------- visibility

VISIBLE: list[dict[str, Any]] = [
    {},
    {"published": True},
    {"published": "true"},
    {"published": "Yes"},
    {"published": 1},
    {"published": None},
    {"published": ""},
    {"published": date(2020, 1, 1)},
    {"published": "2020-01-01"},
    {"removed": False},
    {"removed": "no"},
    {"draft": False},
    {"draft": 0},
    {"draft": "off"},
    {"status": "published"},
    {"Status": "final"},
    {"status": 3},
    {"status": None},
    {"published": True, "draft": False, "removed": False, "status": "published"},
]

HIDDEN: list[dict[str, Any]] = [
    {"published": False},
    {"published": "false"},
    {"Published": " No "},
    {"published": 0},
    {"removed": True},
    {"removed": "yes"},
    {"draft": True},
    {"Draft": "TRUE"},
    {"draft": 1},
    {"status": "draft"},
    {"Status": " Draft "},
    {"status": "private"},
    {"status": "hidden"},
    {"status": "pending"},
    {"status": "trash"},
    # two spellings of one key: the stricter holds, in any order
    {"draft": False, "Draft": True},
    {"Draft": True, "draft": False},
    {"published": True, "PUBLISHED": False},
    {"status": "published", "Status": "draft"},
    # each says no by itself
    {"published": True, "draft": True},
    {"published": True, "removed": True},
    {"draft": False, "status": "draft"},
]

UNCLEAR: list[dict[str, Any]] = [
    {"published": "maybe"},
    {"published": 2},
    {"published": [True]},
    {"published": {"de": True}},
    {"published": 1.5},
    {"draft": "almost"},
    {"draft": []},
    {"draft": ["false"]},
    {"draft": date(2020, 1, 1)},
    {"draft": HUGE},
    {"removed": {}},
    {"removed": "perhaps"},
    {"status": ["draft"]},
    {"status": {"name": "draft"}},
    {"expiryDate": "soon"},
    {"expiryDate": True},
    {"expiryDate": "2026-13-01"},
    {"publishDate": "soon"},
    {"pubDate": "2099-99-99"},
    {"pubDate": ["2099-01-01"]},
]


@pytest.mark.parametrize("metadata", VISIBLE, ids=str)
def test_record_that_does_not_ask_to_be_hidden_is_shown(metadata: dict[str, Any]) -> None:
    result = reading(metadata)
    assert result.entry is not None
    assert not result.hidden
    assert not [fault for fault in result.faults if fault.severity == "error"]


@pytest.mark.parametrize("metadata", HIDDEN, ids=str)
def test_record_that_asks_to_be_hidden_is_hidden_without_a_word(metadata: dict[str, Any]) -> None:
    assert reading(metadata) == Reading(hidden=True)


@pytest.mark.parametrize("metadata", UNCLEAR, ids=label)
def test_record_whose_wish_is_not_understood_is_hidden_with_an_error(metadata: dict[str, Any]) -> None:
    result = reading(metadata)
    assert result.entry is None
    errors = [fault for fault in result.faults if fault.severity == "error"]
    assert [fault.keys for fault in errors] == [tuple(metadata)]
    assert "hidden" in errors[0].message


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("_drafts/x.md", True),
        ("blog/_drafts/x.md", True),
        ("blog/_drafts/2020/x.md", True),
        ("drafts/x.md", False),
        ("my_drafts/x.md", False),
        ("_drafts.md", False),
    ],
)
def test_drafts_folder_hides_what_it_holds(path: str, hidden: bool) -> None:  # noqa: FBT001 - a column
    assert reading({}, path=path).hidden is hidden


def test_expiry_is_told_not_judged() -> None:
    result = reading({"expiryDate": date(2020, 1, 1)})
    assert result.expires == datetime(2020, 1, 1, tzinfo=UTC)
    assert result.entry is not None


def test_hugos_other_name_of_the_expiry_is_known() -> None:
    assert reading({"unpublishdate": date(2020, 1, 1)}).expires == datetime(2020, 1, 1, tzinfo=UTC)


# -------------------------------------------------------------------------------------------------------------- dates


@pytest.mark.parametrize("key", ["publishDate", "pubDate", "publishdate", "published"])
def test_record_is_withheld_until_the_later_of_its_dates(key: str) -> None:
    later = {"date": date(2020, 1, 1), key: "2099-01-01T12:00:00Z"}
    assert entry(later).published == datetime(2099, 1, 1, 12, tzinfo=UTC)
    earlier = {"date": date(2020, 1, 1), key: "2019-01-01"}
    assert entry(earlier).published == datetime(2020, 1, 1, tzinfo=UTC)


DATED = [
    ({"date": "2020-06-09"}, "2019-01-01-x.md", datetime(2020, 6, 9, tzinfo=UTC), []),
    ({}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "a/2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "2018/05/06/2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "blog/2018/05/06/x.md", datetime(2018, 5, 6, tzinfo=UTC), []),
    ({"path": "2017/12/21/title"}, "x.md", datetime(2017, 12, 21, tzinfo=UTC), []),
    ({"path": "2017/12/21/title"}, "2018/05/06/x.md", datetime(2017, 12, 21, tzinfo=UTC), []),
    ({"path": ["2017/12/21"]}, "2018/05/06/x.md", datetime(2018, 5, 6, tzinfo=UTC), []),
    ({"date": "soon"}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), ["warning"]),
    ({"date": "soon", "startDateTime": "2020-06-09"}, "x.md", datetime(2020, 6, 9, tzinfo=UTC), []),
    ({"published": True}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({"published": "yes"}, "2019-01-02-x.md", datetime(2019, 1, 2, tzinfo=UTC), []),
    ({}, "2019-01-00-x.md", None, ["error"]),
    ({}, "x.md", None, ["error"]),
    ({"date": "soon"}, "x.md", None, ["error"]),
    ({"date": "03/04/2020"}, "x.md", None, ["error"]),
    ({"date": "soon", "publishedDateTime": "later"}, "x.md", None, ["error", "error"]),
]


@pytest.mark.parametrize(("metadata", "path", "published", "faults"), DATED, ids=[label(row[:2]) for row in DATED])
def test_date_is_stated_or_in_the_file_name_or_in_the_path(
    metadata: dict[str, Any], path: str, published: datetime | None, faults: list[str]
) -> None:
    result = read({"title": "T", **metadata}, "", path, PROFILE)
    assert (result.entry.published if result.entry else None) == published
    assert [fault.severity for fault in result.faults] == faults


@pytest.mark.parametrize(
    ("updated", "expected"),
    [
        ("2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2025-02-01", DAY),  # before it was published: a slip
        ("soon", DAY),
        (None, DAY),
    ],
)
def test_update_is_never_before_the_publication(updated: str | None, expected: datetime) -> None:
    assert entry(updated=updated).updated == expected


# --------------------------------------------------------------------------------------------------- text and numbers

TITLES = [
    ("A title", "A title"),
    (1984, "1984"),
    (3.5, "3.5"),
    ("  two\n lines ", "two lines"),
    ("AT&amp;amp;T", "AT&T"),
    ("<b>x</b>", "x"),
    ("The <title> tag", "The <title> tag"),
    ("a\x00b", "ab"),
]


@pytest.mark.parametrize(("stated", "title"), TITLES)
def test_title_is_one_plain_line(stated: object, title: str) -> None:
    assert entry(title=stated).title == title


@pytest.mark.parametrize(
    "stated", [None, "", " ", "<b></b>", "\x00", True, [], ["T"], {}, {"de": "T"}, HUGE, b"T"], ids=label
)
def test_record_without_a_title_is_an_error(stated: object) -> None:
    result = reading(title=stated, metadata={})
    assert result.entry is None
    assert ("title",) in [fault.keys for fault in result.faults if fault.severity == "error"]


def test_every_reason_against_a_record_is_told() -> None:
    result = read({}, "", "x.md", PROFILE)
    assert {fault.keys for fault in result.faults} == {("title",), ("publishedDateTime",)}


@pytest.mark.parametrize(
    ("stated", "figure", "warnings"),
    [
        (74, 74, 0), (-1, -1, 0), (3.9, 3, 0), (None, None, 0), ("", None, 0), ("74", None, 1), (True, None, 1),
        ([1], None, 1), (float("nan"), None, 1), (float("inf"), None, 1), (HUGE, None, 1), (-(2**70), None, 1),
    ],
    ids=label,
)  # fmt: skip
def test_figure_is_a_number_or_dropped(stated: object, figure: int | None, warnings: int) -> None:
    result = reading(quality=stated, metadata={})
    assert result.entry is not None
    assert result.entry.quality == figure
    assert len(result.faults) == warnings


@pytest.mark.parametrize(
    ("metadata", "path", "language"),
    [
        ({"lang": "pt_BR"}, "fr/x.md", "pt-BR"),
        ({"lang": "klingon!"}, "fr/x.md", "fr"),
        ({"lang": ["de"], "locale": "es"}, "x.md", "es"),
        ({}, "fr/x.md", "fr"),
        ({}, "go/x.md", ""),
        ({}, "x.md", ""),
    ],
)
def test_language_is_stated_or_a_folders_or_not_known(metadata: dict[str, Any], path: str, language: str) -> None:
    assert entry(metadata, path=path).language == language


# -------------------------------------------------------------------------------------------------------------- topics

TOPICS = [
    ({"topics": ["IBM AI", "AI"]}, ("IBM AI", "AI")),
    ({"topics": "IBM AI, AI"}, ("IBM AI", "AI")),
    ({"tags": "linux kernel"}, ("linux", "kernel")),
    ({"tags": "linux; kernel"}, ("linux", "kernel")),
    ({"keywords": "a,, b,"}, ("a", "b")),
    ({"category": "Open Data"}, ("Open Data",)),
    ({"categories": ["Open Data"]}, ("Open Data",)),
    ({"taxonomies": {"tags": ["a"], "categories": ["b"]}}, ("a",)),
    ({"taxonomies": {"Categories": ["b"]}}, ("b",)),
    ({"topics": [None], "tags": ["a"]}, ()),  # the seed's way to say: none
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
def test_topics_are_a_list_or_one_text(metadata: dict[str, Any], topics: tuple[str, ...]) -> None:
    assert entry(metadata).topics == topics


def test_name_that_is_none_is_told_with_its_place() -> None:
    faults = reading({"topics": ["a", None, True]}).faults
    assert [fault.keys for fault in faults] == [("topics", 1), ("topics", 2)]


# ------------------------------------------------------------------------------------------------------------ identity

IDS = [
    ({}, f"tag:{AUTHORITY}:notes/a-story.md"),
    ({"id": "one"}, f"tag:{AUTHORITY}:id:one"),
    ({"id": 7}, f"tag:{AUTHORITY}:id:7"),
    ({"id": 1234567890123456789}, f"tag:{AUTHORITY}:id:1234567890123456789"),
    ({"id": "two words"}, f"tag:{AUTHORITY}:id:two%20words"),
    ({"id": "日本"}, f"tag:{AUTHORITY}:id:%E6%97%A5%E6%9C%AC"),
    ({"guid": "https://a.test/?p=1"}, "https://a.test/?p=1"),
    ({"id": "tag:other.test,2020:x"}, "tag:other.test,2020:x"),
    ({"id": "urn:isbn:123"}, "urn:isbn:123"),
    ({"id": "note: this"}, f"tag:{AUTHORITY}:id:note:%20this"),
    ({"uuid": "1225C695-CFB8-4EBB-AAAA-80DA344EFA6A"}, "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a"),
    ({"id": "", "guid": "g"}, f"tag:{AUTHORITY}:id:g"),
    ({"id": " ", "guid": "g"}, f"tag:{AUTHORITY}:id:g"),
    ({"id": True, "guid": "g"}, f"tag:{AUTHORITY}:id:g"),
    ({"id": ["x"], "guid": "g"}, f"tag:{AUTHORITY}:id:g"),
    ({"id": "a\x00b"}, f"tag:{AUTHORITY}:id:ab"),
    ({"id": HUGE}, f"tag:{AUTHORITY}:notes/a-story.md"),
]


@pytest.mark.parametrize(("metadata", "expected"), IDS, ids=[label(row[0]) for row in IDS])
def test_identity_is_stated_or_the_path(metadata: dict[str, Any], expected: str) -> None:
    assert entry(metadata).id == expected


def test_identity_by_path_tells_corpus_folders_apart_and_survives_title_date_and_address() -> None:
    first = entry(title="A", date=date(2020, 1, 1), webUrl="https://a.test/", profile=with_profile(prefix="blog/"))
    later = entry(title="B", date=date(2021, 1, 1), webUrl="https://b.test/", profile=with_profile(prefix="blog/"))
    assert first.id == later.id == f"tag:{AUTHORITY}:blog/notes/a-story.md"
    assert first.path == "blog/notes/a-story.md"


# ----------------------------------------------------------------------------------------------------------- addresses

URLS = [
    ({"webUrl": "https://a.test/x", "originalUrl": "https://b.test/"}, PATH, "https://a.test/x"),
    ({"webUrl": "", "originalUrl": "https://b.test/x"}, PATH, "https://b.test/x"),
    ({"webUrl": "ftp://a.test/x", "originalUrl": "https://b.test/x"}, PATH, "https://b.test/x"),
    ({"webUrl": "https://", "originalUrl": "https://b.test/x"}, PATH, "https://b.test/x"),
    ({"webUrl": "https://me:pw@a.test/"}, PATH, "https://www.test/notes/a-story/"),
    ({"webUrl": "javascript:alert(1)"}, PATH, "https://www.test/notes/a-story/"),
    ({"webUrl": ["https://a.test/"]}, PATH, "https://www.test/notes/a-story/"),
    ({"url": "/x/"}, PATH, "https://www.test/x/"),
    ({"permalink": "/x/index.html"}, PATH, "https://www.test/x/index.html"),
    ({"permalink": "/:year/:title/"}, PATH, "https://www.test/notes/a-story/"),
    ({"permalink": "/{{ page.fileSlug }}/"}, PATH, "https://www.test/notes/a-story/"),
    ({"permalink": "/{slug}/"}, PATH, "https://www.test/notes/a-story/"),
    ({"permalink": False}, PATH, "https://www.test/notes/a-story/"),
    ({"permalink": "https://a.test:8080/x"}, PATH, "https://a.test:8080/x"),
    # built from the path
    ({}, "_news/2020-06-09-ibm.md", "https://www.test/news/2020-06-09-ibm/"),
    ({}, "_posts/2020-06-09-a-title.md", "https://www.test/2020/06/09/a-title.html"),
    ({}, "blog/_posts/sub/2020-06-09-a-title.markdown", "https://www.test/2020/06/09/a-title.html"),
    ({}, "_posts/2020-06-09-who? [me] #1%.md", "https://www.test/2020/06/09/who%3F%20%5Bme%5D%20%231%25.html"),
    ({}, "content/post/title/index.md", "https://www.test/content/post/title/"),
    ({}, "post/title.md", "https://www.test/post/title/"),
    ({}, "index.md", "https://www.test/"),
    ({}, "title", "https://www.test/title/"),
    ({"slug": "better"}, "post/title.md", "https://www.test/post/better/"),
    ({"slug": "/better/"}, "post/title/index.md", "https://www.test/post/title/better/"),
    ({"slug": 2020}, "post/title.md", "https://www.test/post/2020/"),
    ({"slug": "ü b"}, "post/title.md", "https://www.test/post/%C3%BC%20b/"),
    ({"slug": ""}, "post/title.md", "https://www.test/post/title/"),
    ({"path": "2017/12/21/title"}, "x.md", "https://www.test/2017/12/21/title/"),
    ({"path": "/blog/x/"}, "y.md", "https://www.test/blog/x/"),
    ({"path": "javascript:x"}, "y.md", "https://www.test/y/"),
    ({}, "a b/c#d?e%f.md", "https://www.test/a%20b/c%23d%3Fe%25f/"),
    ({}, "a:b/x.md", "https://www.test/a%3Ab/x/"),
    ({}, "日本/é.md", "https://www.test/%E6%97%A5%E6%9C%AC/%C3%A9/"),
    ({}, "a\nb.md", "https://www.test/a%0Ab/"),
    ({}, "\udcff.md", "https://www.test/%FF/"),
    ({}, "_posts/2020-06-09-\udcff.md", "https://www.test/2020/06/09/%FF.html"),
]


@pytest.mark.parametrize(("metadata", "path", "url"), URLS, ids=[label(row[:2]) for row in URLS])
def test_address_is_stated_or_built_from_the_path(metadata: dict[str, Any], path: str, url: str) -> None:
    assert entry(metadata, path=path).url == url


names = st.text(st.characters(exclude_characters="/\x00"), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."} and not re.search("[\ud800-\udc7f\udd00-\udfff]", name)
)


@bounded
@given(st.lists(names, min_size=1, max_size=3, unique=True))
def test_files_of_one_folder_have_addresses_of_their_own(stems: list[str]) -> None:
    urls = {entry(path=f"notes/{stem}.md").url for stem in stems if stem != "index"}
    assert len(urls) == len([stem for stem in stems if stem != "index"])


# -------------------------------------------------------------------------------------------------------------- people

PROVIDERS = [
    ("PC Magazine", Person(name="PC Magazine")),
    ({"name": "PC Magazine", "domain": "pcmag.com"}, Person(name="PC Magazine", url="https://pcmag.com")),
    ({"name": "X", "domain": "x.test/news"}, Person(name="X", url="https://x.test/news")),
    ({"name": "X", "domain": "http://x.test/"}, Person(name="X", url="http://x.test/")),
    ({"name": "X", "domain": "not a host"}, Person(name="X")),
    ({"name": "X", "domain": ["x.test"]}, Person(name="X")),
    ({"name": "X", "url": "https://x.test/"}, Person(name="X", url="https://x.test/")),
    ({"domain": "x.test"}, Person(name="x.test", url="https://x.test")),
    ({"name": 20, "domain": "x.test"}, Person(name="20", url="https://x.test")),
    ({"name": {"secured": "s3cret"}}, None),
    ({"name": ["s3cret"]}, None),
    ({}, None),
    ([], None),
    (["X"], None),
    (True, None),
    # never a mail address, never a password
    ("Jane <jane@x.test>", Person(name="Jane")),
    ("jane@x.test", None),
    ({"name": "jane@x.test", "domain": "x.test"}, Person(name="x.test", url="https://x.test")),
    ({"domain": "jane:s3cret@x.test"}, None),
    ({"name": "X", "domain": "jane:s3cret@x.test"}, Person(name="X")),
    ({"name": "X", "email": "jane@x.test"}, Person(name="X")),
]


@pytest.mark.parametrize(("stated", "person"), PROVIDERS, ids=[label(row[0]) for row in PROVIDERS])
def test_provider_is_a_name_with_an_address(stated: object, person: Person | None) -> None:
    assert entry(provider=stated).provider == person


AUTHORS = [
    ({"author": "Jane Doe"}, ["Jane Doe"]),
    ({"author": {"name": "Jane", "url": "https://j.test/"}}, ["Jane https://j.test/"]),
    ({"author": {"name": "Jane", "url": "mailto:jane@x.test"}}, ["Jane"]),
    ({"author": {"name": "Jane", "email": "jane@x.test"}}, ["Jane"]),
    ({"author": {"name": "Jane", "url": "https://jane:pw@x.test"}}, ["Jane"]),
    ({"author": ["Jane", {"name": "Joe"}]}, ["Jane", "Joe"]),
    ({"author": ["Jane", "Jane"]}, ["Jane"]),
    ({"author": "Doe, Jane"}, ["Doe, Jane"]),
    ({"authors": "Jane Doe, Joe"}, ["Jane Doe", "Joe"]),
    ({"authors": "Doe; Joe"}, ["Doe", "Joe"]),
    ({"authors": ["Jane", None, 7, [], {}]}, ["Jane"]),
    ({"author": None, "authors": ["Jane"]}, ["Jane"]),
    ({"author": 7, "authors": ["Jane"]}, ["Jane"]),
    ({"author": "@jane"}, ["@jane"]),
    ({"author": "Jane (ACME) Doe"}, ["Jane (ACME) Doe"]),
    ({}, []),
    # never a mail address
    ({"author": "jane@x.test"}, []),
    ({"author": "Jane Doe <jane@x.test>"}, ["Jane Doe"]),
    ({"author": "jane@x.test (Jane Doe)"}, ["Jane Doe"]),
    ({"author": "Jane jane&#64;x.test"}, ["Jane"]),
    ({"author": "Jane &lt;jane@x.test&gt;"}, ["Jane"]),
    ({"author": "Jane&lt;jane@x.test&gt;"}, ["Jane"]),
    ({"author": "<b>Jane</b> mailto:jane@x.test"}, ["Jane"]),
    ({"author": "Jane (jane@x.test)"}, ["Jane"]),
    ({"author": "<a href='mailto:jane@x.test'>Jane</a>"}, ["Jane"]),
    ({"authors": "Jane; jane@x.test; Joe joe@x.test"}, ["Jane", "Joe"]),
    ({"author": ["jane@x.test", "Joe"]}, ["Joe"]),
    ({"author": "Jane [jane@x.test]"}, ["Jane"]),
    ({"author": {"name": "jane@x.test", "url": "https://j.test/"}}, []),
]


@pytest.mark.parametrize(("metadata", "expected"), AUTHORS, ids=[label(row[0]) for row in AUTHORS])
def test_authors_are_names_and_never_mail_addresses(metadata: dict[str, Any], expected: list[str]) -> None:
    assert [f"{person.name} {person.url or ''}".strip() for person in entry(metadata).authors] == expected


mails = st.from_regex(r"[a-z.+_%-]{1,12}@[a-z-]{1,8}(\.[a-z]{2,5}){1,2}", fullmatch=True)
around = st.text("ab ,;:<>()[]\"'&é\n", max_size=8)


@bounded
@given(around, mails, around, st.sampled_from(["author", "authors", "provider"]), st.booleans())
def test_no_mail_address_leaves_in_a_name(before: str, mail: str, after: str, key: str, escaped: bool) -> None:  # noqa: FBT001
    stated = before + (mail.replace("@", "&#x40;") if escaped else mail) + after
    found = entry({key: stated})
    shown = [person.name for person in (*found.authors, *filter(None, [found.provider]))]
    assert not [name for name in shown if re.search(r"[^\s@]@[^\s@]", name)]


# ------------------------------------------------------------------------------------------------- pictures and films

IMAGES = [
    ({"image": "/i.png"}, Image(url="https://a.test/i.png")),
    ({"image": "i.png"}, Image(url="https://a.test/story/i.png")),
    ({"images": [{"url": "https://i.test/x"}]}, Image(url="https://i.test/x")),
    ({"images": {"src": "https://i.test/x"}}, Image(url="https://i.test/x")),
    ({"image": {"path": "/x", "alt": "A"}}, Image(url="https://a.test/x", title="A")),
    ({"images": ["ftp://x", "https://i.test/2"]}, Image(url="https://i.test/2")),
    ({"images": [], "heroImage": "/h"}, Image(url="https://a.test/h")),
    ({"images": [None], "cover_image": "/c"}, Image(url="https://a.test/c")),
    ({"image": "data:image/png;base64,AAAA"}, None),
    ({"image": True}, None),
    ({"image": {}}, None),
    ({"image": {"url": ["x"]}}, None),
    ({"image": {"url": "/x", "title": "<b>T</b> &amp; U"}}, Image(url="https://a.test/x", title="T & U")),
    ({"image": {"url": "/x", "title": ["T"]}}, Image(url="https://a.test/x")),
    ({"image": {"url": "/x y|z"}}, Image(url="https://a.test/x%20y%7Cz")),
    ({"image": {"url": "/x", "width": 620, "height": 349}}, Image(url="https://a.test/x", width=620, height=349)),
    ({"image": {"url": "/x", "width": "620", "height": "x"}}, Image(url="https://a.test/x", width=620)),
    ({"image": {"url": "/x", "width": 0, "height": -1}}, Image(url="https://a.test/x")),
    ({"image": {"url": "/x", "width": True, "height": 5.5}}, Image(url="https://a.test/x")),
    ({"image": {"url": "/x", "width": 10**9, "height": "9" * 5000}}, Image(url="https://a.test/x")),
    ({}, None),
]


@pytest.mark.parametrize(("metadata", "image"), IMAGES, ids=[label(row[0]) for row in IMAGES])
def test_image_is_the_first_that_has_an_address(metadata: dict[str, Any], image: Image | None) -> None:
    assert entry(metadata, webUrl="https://a.test/story/").image == image


@pytest.mark.parametrize(
    ("stated", "url"),
    [
        ('<iframe src="https://v.test/x"></iframe>', "https://v.test/x"),
        ("<IFRAME width=1\n SRC = 'https://v.test/x?a=1&amp;b=2'>", "https://v.test/x?a=1&b=2"),
        ("<iframe src=//v.test/x>", "https://v.test/x"),
        ("<p>before</p><iframe src=https://v.test/x allowfullscreen></iframe>", "https://v.test/x"),
        ('<iframe data-src="https://v.test/x">', None),
        ('<iframe src="javascript:alert(1)">', None),
        ("<iframe " * 100_000, None),
        ("no frame", None),
        (["<iframe src='https://v.test/x'>"], None),
        (None, None),
    ],
    ids=label,
)
def test_video_is_the_frame_of_the_featured_content(stated: object, url: str | None) -> None:
    assert entry(featuredContent=stated).video_url == url


# ---------------------------------------------------------------------------------------------------- related stories


def story(number: int, **more: Any) -> dict[str, Any]:
    return {"title": f"S{number}", "webUrl": f"https://s.test/{number}", **more}


@pytest.mark.parametrize(
    ("limit", "shown"), [(0, []), (1, ["S0"]), (3, ["S0", "S1", "S2"]), (9, ["S0", "S1", "S2", "S3"])]
)
def test_related_stories_are_as_many_as_are_shown(limit: int, shown: list[str]) -> None:
    profile = with_profile(presentation=Presentation(related=limit))
    related = [None, story(0), {"title": "x"}, story(1), {"webUrl": "https://x.test"}, story(2), story(3)]
    assert [found.title for found in entry(related=related, profile=profile).related] == shown


def test_related_story_has_its_own_words_and_nothing_else() -> None:
    full = story(
        1, excerpt="s3cret", secured="s3cret", quality=57, publishedDateTime="2020-06-09",
        provider={"name": "SCMP <news@x.test>", "domain": "x"}, ampWebUrl="https://amp.s.test/1",
    )  # fmt: skip
    (found,) = entry(related=[full]).related
    assert found.provider == "SCMP"
    assert found.published == datetime(2020, 6, 9, tzinfo=UTC)
    assert found.cdn_url == "https://amp-s-test.cdn.ampproject.org/c/s/amp.s.test/1"
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("item", "keys"),
    [
        ("x", ("related", 0)),
        ({"title": "x"}, ("related", 0)),
        ({"webUrl": "https://x.test/"}, ("related", 0)),
        ({"title": " <b></b>", "webUrl": "https://x.test/"}, ("related", 0)),
        ({"title": ["x"], "webUrl": "https://x.test/"}, ("related", 0)),
        ({"title": "x", "url": "ftp://x.test/"}, ("related", 0, "url")),
        ({"title": "x", "webUrl": ["https://x.test/"]}, ("related", 0, "webUrl")),
    ],
    ids=str,
)
def test_related_story_without_title_or_address_is_told_and_left_out(item: object, keys: tuple[Any, ...]) -> None:
    result = reading({"related": [item]})
    assert result.entry is not None
    assert result.entry.related == ()
    assert [fault.keys for fault in result.faults] == [keys]


@pytest.mark.parametrize("related", ["x", {"title": "x", "webUrl": "https://x.test/"}, 7])
def test_related_that_is_no_list_is_told(related: object) -> None:
    assert [fault.keys for fault in reading({"related": related}).faults] == [("related",)]


# ----------------------------------------------------------------------------------------------------------------- AMP

AMP = "https://a.test/x/amp"
COMPUTED = "https://a-test.cdn.ampproject.org/c/s/a.test/x/amp"
CACHED = [
    ("computed", {"ampWebUrl": AMP}, {}, COMPUTED, 0),
    ("given, the same", {"ampWebUrl": AMP, "cdnAmpWebUrl": COMPUTED}, {}, COMPUTED, 0),
    ("given, differing", {"ampWebUrl": AMP, "cdnAmpWebUrl": "https://c.test/x"}, {}, "https://c.test/x", 1),
    ("given alone", {"cdnAmpWebUrl": "https://c.test/x"}, {}, "https://c.test/x", 0),
    ("given badly", {"ampWebUrl": AMP, "cdnAmpWebUrl": "ftp://c.test/x"}, {}, COMPUTED, 1),
    ("another cache", {"ampWebUrl": AMP}, {"amp_cache": "amp.x.com"}, "https://a-test.amp.x.com/c/s/a.test/x/amp", 0),
    ("a port", {"ampWebUrl": "https://a.test:8443/x"}, {}, None, 0),
    ("none", {}, {}, None, 0),
    ("switched off", {"ampWebUrl": AMP, "cdnAmpWebUrl": COMPUTED}, {"amp_links": False}, None, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "presentation", "cdn_url", "warnings"), [row[1:] for row in CACHED], ids=[row[0] for row in CACHED]
)
def test_cache_address_is_given_or_computed(
    metadata: dict[str, Any], presentation: dict[str, Any], cdn_url: str | None, warnings: int
) -> None:
    result = reading(metadata, profile=with_profile(presentation=Presentation(**presentation)))
    assert result.entry is not None
    assert result.entry.cdn_url == cdn_url
    assert result.entry.amp_url == metadata.get("ampWebUrl")
    assert len(result.faults) == warnings


# ------------------------------------------------------------------------------------- nothing but what is named leaves

SECRET = "s3cret"


def unshown(result: Reading) -> bool:
    return SECRET not in repr(result)


@pytest.mark.parametrize("name", ALIASES)
@pytest.mark.parametrize("key", ["secured", "Secured", "secured.inner", "extra.secured", "extra.SECURED.inner"])
def test_private_key_is_never_read_whatever_the_configuration_says(name: str, key: str) -> None:
    held = {"secured": SECRET, "inner": SECRET}
    metadata = {"secured": held if "inner" in key else SECRET, "extra": {"secured": held if "inner" in key else SECRET}}
    assert unshown(reading(metadata, profile=with_profile(aliases={name: (key,)})))


@pytest.mark.parametrize("key", ["secured", "Secured", "secured.inner", "extra.secured", "extra.Secured.inner"])
def test_feeds_cannot_be_cut_by_a_private_key(key: str) -> None:
    metadata = {"secured": {"inner": SECRET, "name": SECRET}, "extra": {"secured": {"inner": SECRET, "name": SECRET}}}
    assert unshown(reading(metadata, profile=with_profile(dimensions=("topics", key))))


OWN = {key.partition(".")[0].lower() for keys in ALIASES.values() for key in keys} | {
    "removed", "draft", "status", "taxonomies",
}  # fmt: skip


@bounded
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=9).filter(lambda key: key.lower() not in OWN),
        st.one_of(
            st.just(SECRET),
            st.just([SECRET]),
            st.just({"name": SECRET, "title": SECRET, "url": f"https://{SECRET}.test/"}),
        ),
        max_size=4,
    )
)
def test_unknown_keys_never_leave(metadata: dict[str, Any]) -> None:
    assert unshown(reading(metadata))


def test_mapping_that_stands_for_a_field_shows_its_name_at_most() -> None:
    hidden = {"secured": SECRET, "email": f"{SECRET}@x.test", "note": [SECRET]}
    metadata = {name: hidden for keys in ALIASES.values() for name in keys if "." not in name}
    result = reading(metadata | {"title": "T", "date": DAY, "expiryDate": None, "published": None})
    assert unshown(result)


def test_fault_never_tells_more_than_the_beginning_of_a_value() -> None:
    long = "x" * 60 + SECRET
    metadata = dict.fromkeys(("quality", "lang", "image", "updated", "draft"), long)
    assert unshown(reading(metadata))


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
def test_feeds_are_cut_by_any_other_key(name: str, metadata: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert entry(metadata, profile=with_profile(dimensions=("topics", name))).terms == ((name, expected),)


# ------------------------------------------------------------------------------------------------------- any metadata

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
def test_any_metadata_is_an_entry_of_clean_values_or_is_hidden_or_has_an_error(
    metadata: dict[Any, Any], path: str
) -> None:
    profile = with_profile(dimensions=("topics", "series", "taxonomies.tags", "provider"))
    result = read({"title": "T", **metadata}, "", path, profile)
    if result.entry is None:
        assert result.hidden or any(fault.severity == "error" for fault in result.faults)
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
