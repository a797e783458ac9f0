"""Each field is read from its known keys, in their order of preference."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from support.fields import AUTHORITY, CONTEXT, PATH, context_with, dated_entry, record_of

from syndicate.model import Enclosure, Entry, Image, Person
from syndicate.values.keys import ALIASES


def nested(key: str, value: object) -> dict[str, Any]:
    """Return the metadata in which a dotted key has a value."""
    first, _, rest = key.partition(".")
    return {first: nested(rest, value) if rest else value}


# For each field: a function that makes the value of its n-th key, one that takes the field from the entry, and one that
# makes the expected value. Later dates come first, since a record is withheld until the latest of some keys.
CASES: dict[str, Any] = {
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
    "enclosure": (
        lambda n: f"/a{n}.mp3",
        lambda e: e.enclosure,
        lambda n: Enclosure(f"https://www.test/a{n}.mp3", "audio/mpeg"),
    ),
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
    "expires": (lambda n: date(2027, 1, 1 + n), None, lambda n: int(datetime(2027, 1, 1 + n, tzinfo=UTC).timestamp())),
}


def test_every_known_field_has_a_case() -> None:
    assert CASES.keys() == ALIASES.keys()


@pytest.mark.parametrize(
    ("name", "index", "letter_case"),
    [
        (name, index, letter_case)
        for name, keys in ALIASES.items()
        for index in range(len(keys))
        for letter_case in (str, str.upper, str.capitalize)
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_field_is_read_from_its_first_key_in_any_letter_case(name: str, index: int, letter_case: Any) -> None:
    value, actual, expected = CASES[name]
    metadata: dict[str, Any] = {"title": "T", "publishedDateTime": date(2025, 1, 1), "summary": "S"}
    if name in {"title", "published", "summary"}:
        metadata.pop({"title": "title", "published": "publishedDateTime", "summary": "summary"}[name])
    for number, key in reversed(list(enumerate(ALIASES[name]))):
        if number >= index:
            for first, held in nested(key, value(number)).items():
                target = metadata.get(letter_case(first))
                if isinstance(held, dict):
                    nested_values = {letter_case(inner): item for inner, item in held.items()}
                    metadata[letter_case(first)] = nested_values | (target if isinstance(target, dict) else {})
                else:
                    metadata[letter_case(first)] = held
    result = record_of(metadata, "", PATH, CONTEXT)
    assert result.entry is not None, result
    assert (actual(result.entry) if actual else result.expires) == expected(index)


@pytest.mark.parametrize("name", ALIASES)
def test_configured_key_takes_precedence_over_known_keys(name: str) -> None:
    value, actual, expected = CASES[name]
    known = {} if name == "published" else nested(ALIASES[name][0], value(1))
    metadata = {"title": "T", "date": date(2025, 1, 1)} | known | {"Extra": {"Mine": value(0)}}
    result = record_of(metadata, "", PATH, context_with(aliases={name: ("extra.mine",)}))
    assert result.entry is not None, result
    assert (actual(result.entry) if actual else result.expires) == expected(0)


def test_seed_record_is_parsed_completely() -> None:
    found = dated_entry(
        {
            "category": "news",
            "title": "IBM Ditches",
            "excerpt": "A letter &amp;#39;to&#39; Congress",
            "publishedDateTime": datetime(2020, 6, 9, 11, tzinfo=UTC),
            "date": None,
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
